//! What happens in the office, from a seed alone: when which service fails, and what a host is answered.
//!
//! A disturbance is such that a collector that is late by [`LATE_MAX_S`] still sees all of it: it lasts at least
//! [`OUTAGE_MIN_S`], and what comes back does so at least [`PAUSE_MIN_S`] later, which is the five good minutes of a
//! restoration, the lateness and a step. One that comes back within the half hour is the same ticket, later another.

use pantau_shared::probe::{ProbeOutcome, ProbePhase, ProbeVerdict};

/// 22 Nov 2026 00.00 WIB, a Sunday.
pub(super) const START_S: i64 = 1_795_280_400;
/// The simulated span.
pub(super) const DAYS: i64 = 3;
/// A check is asked this often.
pub(super) const PERIOD_S: i64 = 120;
/// Most that a batch, and a collector that is down, are late by together.
pub(super) const LATE_MAX_S: i64 = 10 * 60;
const OUTAGE_MIN_S: i64 = 24 * 60;
const PAUSE_MIN_S: i64 = LATE_MAX_S + 5 * 60 + PERIOD_S * 2 + 60;
/// Beyond the half hour, with the same lateness.
const ANEW_MIN_S: i64 = 45 * 60;

/// Host and the service its checks ask; `kantor` is asked by both.
pub(super) const CHECKS: [(&str, &str, &str); 4] = [
    ("web-01", "simpeg", "simpeg-1"),
    ("web-01", "kantor", "kantor-1"),
    ("web-02", "kantor", "kantor-1"),
    ("web-02", "absensi", "absensi-1"),
];
pub(super) const HOSTS: [&str; 2] = ["web-01", "web-02"];
pub(super) const SERVICES: [&str; 3] = ["simpeg", "kantor", "absensi"];

/// Numbers from a seed.
#[derive(Debug, Clone)]
pub(super) struct Draw(u64);

impl Draw {
    pub(super) fn new(seed: u64, salt: u64) -> Self {
        Self((seed ^ salt.rotate_left(32)).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 1).cast_signed() % bound.max(1)
    }

    /// True once in `times`.
    pub(super) fn once_in(&mut self, times: i64) -> bool {
        self.below(times) == 0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Down,
    Slow,
}

/// A service fails, in seconds since [`START_S`].
#[derive(Debug, Clone, Copy)]
struct Outage {
    service: usize,
    from: i64,
    to: i64,
    kind: Kind,
}

#[derive(Debug)]
pub(super) struct Script {
    outages: Vec<Outage>,
    seed: u64,
}

impl Script {
    pub(super) fn new(seed: u64) -> Self {
        let mut draw = Draw::new(seed, 1);
        let mut outages = Vec::new();
        for service in 0..SERVICES.len() {
            // The last quarter of a day is left for people to end their tickets.
            let mut at = 3_600 + draw.below(10 * 3_600);
            while at < DAYS * 86_400 - 21_600 {
                let kind = if draw.once_in(4) { Kind::Slow } else { Kind::Down };
                let to = at + OUTAGE_MIN_S + draw.below(50 * 60);
                outages.push(Outage { service, from: at, to, kind });
                at = match draw.below(4) {
                    0 => to + PAUSE_MIN_S + draw.below(5 * 60),
                    1 => to + ANEW_MIN_S + draw.below(3_600),
                    _ => to + 16 * 3_600 + draw.below(24 * 3_600),
                };
            }
        }
        Self { outages, seed }
    }

    /// Whether time is to be walked in the steps of the checks.
    pub(super) fn is_busy(&self, second: i64) -> bool {
        self.outages.iter().any(|outage| (outage.from - 1_200..outage.to + 5_400).contains(&second))
    }

    /// What `host` is answered at `second`, a multiple of [`PERIOD_S`].
    pub(super) fn answers(&self, host: &str, second: i64) -> Vec<ProbeOutcome> {
        let asked = CHECKS.iter().filter(|(asker, ..)| *asker == host);
        asked.map(|(_, service, check)| self.answer(host, service, check, second)).collect()
    }

    fn answer(&self, host: &str, service: &str, check: &str, second: i64) -> ProbeOutcome {
        let kind = self
            .outages
            .iter()
            .find(|outage| SERVICES[outage.service] == service && (outage.from..outage.to).contains(&second));
        let mut draw = Draw::new(self.seed ^ second.unsigned_abs(), host.len() as u64 + check.len() as u64);
        // One failure alone is a blip.
        let blip = draw.once_in(400) && !self.is_busy(second);
        let (verdict, phase, reason) = match kind.map(|outage| outage.kind) {
            Some(Kind::Down) => (ProbeVerdict::Failed, ProbePhase::Connect, "connection refused"),
            Some(Kind::Slow) => (ProbeVerdict::Degraded, ProbePhase::FirstByte, "slower than 2 s"),
            None if blip => (ProbeVerdict::Failed, ProbePhase::Connect, "connection reset"),
            None => (ProbeVerdict::Ok, ProbePhase::Unspecified, ""),
        };
        let mut outcome = ProbeOutcome {
            check: check.to_owned(),
            reason: reason.to_owned(),
            duration_us: 50_000,
            ..ProbeOutcome::default()
        };
        outcome.set_verdict(verdict);
        outcome.set_phase(phase);
        outcome
    }
}

/// The office's catalogue.
pub(super) fn catalogue() -> String {
    let mut text = "[pemantauan]\nhost_senyap_setelah = \"1h\"\n".to_owned();
    for service in SERVICES {
        text.push_str(&format!(
            "[[layanan]]\nid = \"{service}\"\nnama = \"{service}\"\ndeskripsi = \"d\"\npenyedia = \"Diskominfo\"\ncara_akses = \"a\"\n\
             kontak_bantuan = \"k\"\nwaktu_bantuan = \"w\"\nkelompok = \"administrasi_pemerintahan\"\nklasifikasi = \"esensial\"\n"
        ));
        let asked = CHECKS.iter().filter(|(_, asked, _)| *asked == service);
        let hosts: Vec<String> = asked.clone().map(|(host, ..)| format!("\"{host}\"")).collect();
        for (_, _, check) in asked.take(1) {
            text.push_str(&format!(
                "[[layanan.pemeriksaan]]\nid = \"{check}\"\nnama = \"{check}\"\njenis = \"tcp\"\nalamat = \"10.0.0.1\"\nport = 443\n\
                 dari = [{}]\nselang = \"{PERIOD_S}s\"\n",
                hosts.join(", ")
            ));
        }
    }
    text
}
