//! Replays over a real store: what the engine judged is judged the same again, and other values open other tickets.

use super::command::{Asked, part};
use super::*;
use crate::clock::Clock;
use crate::config::profile::bangka_2025;
use crate::engine::{Engine, EngineOptions, EngineTask};
use crate::store::Store;
use crate::store::records::{HostKey, JoinTokenRecord, ReceivedBatch};
use crate::texts::Language;
use pantau_shared::envelope::{Observation, ObservationBody};
use pantau_shared::probe::{ProbeOutcome, ProbeVerdict};
use pantau_shared::sample::{Filesystem, Memory, Sample, Timekeeping, Units};
use std::sync::Arc;

const START: i64 = 1_781_406_000;
const CATALOGUE: &str = r#"
[pemantauan]
periode_sampel = "60s"
host_senyap_setelah = "5m"
[tickets]
resolve_after_seconds = 120
reopen_window_seconds = 600
observe_seconds = 0
budget_per_hour = 3
[[ambang]]
metrik = "storage"
alarm_persen = 90
pulih_persen = 85
selama = "3m"
[[layanan]]
id = "simpeg"
nama = "SIMPEG"
deskripsi = "d"
penyedia = "p"
cara_akses = "a"
kontak_bantuan = "k"
waktu_bantuan = "w"
kelompok = "publik"
klasifikasi = "kritis"
host = ["a"]
[[layanan.pemeriksaan]]
id = "web"
jenis = "tcp"
alamat = "x"
port = 80
dari = ["a"]
selang = "60s"
"#;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(START + seconds)
}

/// A collector with hosts `a` and `b`, whose engine is driven by hand.
struct Site {
    store: Store,
    clock: Clock,
    task: EngineTask,
    _engine: Engine,
    seq: u64,
    _folder: tempfile::TempDir,
}

impl Site {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("pantau.db"), at(0)).expect("opens");
        for (number, name) in [(1_u8, "a"), (2, "b")] {
            let (token, key) = ([number; 32], HostKey { public_key: vec![number; 32], machine_id_hash: "m".into() });
            let host = HostId::parse(name).expect("valid");
            let record =
                JoinTokenRecord { secret_hash: token, host, replace: false, created_at: at(0), expires_at: at(100) };
            let joined = store.write(move |w| {
                w.create_join_token(&record)?;
                w.redeem_join_token(&token, &key, at(0))
            });
            joined.await.expect("commits").expect("joins");
        }
        store.write(|w| w.save_catalogue(CATALOGUE, at(0)).map(drop)).await.expect("commits");
        let (clock, profile) = (Clock::manual(at(0)), Arc::new(bangka_2025()));
        let catalogue = crate::config::catalogue::parse("k", CATALOGUE, 1, &profile).expect("valid");
        let (engine, task) = Engine::start(EngineOptions {
            store: store.clone(),
            clock: clock.clone(),
            profile,
            catalogue: Arc::new(catalogue),
            catalogue_applied_at: at(0),
            routing: Default::default(),
            render: Arc::new(|phrase| phrase.id.clone()),
            stats: Arc::default(),
            demo: false,
        })
        .expect("starts");
        Self { store, clock, task, _engine: engine, seq: 0, _folder: folder }
    }

    /// At `seconds` the host tells these; then the engine judges.
    async fn tell(&mut self, host: &str, seconds: i64, bodies: Vec<ObservationBody>) {
        self.clock.advance_ms(at(seconds).ms_since(self.clock.now()));
        let observations = bodies.into_iter().map(|body| {
            self.seq += 1;
            (at(seconds), Observation { seq: self.seq, at_ms: at(seconds).as_ms(), age_ms: None, body: Some(body) })
        });
        let observations = observations.collect();
        let batch = ReceivedBatch {
            host: HostId::parse(host).expect("valid"),
            stream: vec![host.as_bytes()[0]; 16],
            boot_id: "b".into(),
            received_at: at(seconds),
            observations,
        };
        self.store.accept(batch).await.expect("accepts");
        self.task.evaluate().await.expect("evaluates");
    }

    fn replay(&self, rule: &str, set: &[(&str, &str)]) -> Replay {
        self.asked(rule, set, None, 0)
    }

    fn asked(&self, rule: &str, set: &[(&str, &str)], host: Option<&str>, skip: usize) -> Replay {
        let set = set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let asked = Asked { rule: rule.into(), days: 1, host: host.map(str::to_owned), service: None, set };
        part(&self.store, &bangka_2025(), &asked, skip, self.clock.now()).expect("replays")
    }
}

/// A sample with a disk `used` thousandths full.
fn disk(used: u64) -> ObservationBody {
    let disk = Filesystem {
        mount_point: "/var".into(),
        size_bytes: Some(1_000),
        free_bytes: Some(1_000 - used),
        ..Filesystem::default()
    };
    let memory = Memory { total_bytes: Some(1_000), available_bytes: Some(900), ..Memory::default() };
    let sample = Sample { filesystems: vec![disk], memory: Some(memory), ..Sample::default() };
    ObservationBody::Sample(Box::new(sample))
}

fn answer(verdict: ProbeVerdict) -> ObservationBody {
    let mut outcome = ProbeOutcome { check: "web".into(), reason: "refused".into(), ..ProbeOutcome::default() };
    outcome.set_verdict(verdict);
    ObservationBody::Probe(outcome)
}

/// Key, onset, restoration and recurrences.
fn told(lines: &[Line]) -> Vec<(String, i64, Option<i64>, u32)> {
    let seconds = |ms: i64| ms / 1000 - START;
    let line = |l: &Line| (l.key.clone(), seconds(l.onset_ms), l.restored_ms.map(seconds), l.recurrences);
    lines.iter().map(line).collect()
}

/// Ten hours: quiet ones, a peak that does not hold, alarms, one that comes back, one at the end.
#[tokio::test]
async fn what_the_engine_judged_is_judged_the_same_again() {
    let mut site = Site::new().await;
    for minute in 0..600_i64 {
        let used = match minute {
            70 | 71 => 990,
            130..=140 => 950,
            141..=150 => 870,
            155..=170 => 910,
            300..=310 => 999,
            313..=330 => 920,
            590.. => 940,
            _ => 300 + u64::try_from(minute % 7).expect("small"),
        };
        site.tell("a", minute * 60, vec![disk(used)]).await;
    }
    let replay = site.replay("storage", &[]);
    assert_eq!((replay.subjects, replay.done), (2, 2));
    assert!(!replay.opened.is_empty());
    assert_eq!(told(&replay.would_open), told(&replay.opened), "the same tickets");
    let key = "host:a:storage:/var|kapasitas".to_owned();
    assert_eq!(
        told(&replay.would_open),
        [
            (key.clone(), 130 * 60, Some(171 * 60), 1),
            (key.clone(), 300 * 60, Some(331 * 60), 0),
            (key.clone(), 590 * 60, None, 0)
        ]
    );
    // From 130 to 151, 155 to 171, 300 to 311, 313 to 331, and the last ten minutes.
    assert_eq!(replay.alarm_s, (21 + 16 + 11 + 18 + 9) * 60);

    let lower = site.replay("storage", &[("alarm_persen", "30.5"), ("selama", "0s")]);
    let comings: u32 = lower.would_open.iter().map(|line| line.recurrences).sum();
    assert!(comings > 30, "every seven minutes it would have come back: {comings}");
    let clear = lower.values.iter().find(|value| value.name == "pulih_persen");
    assert_eq!(clear.and_then(|value| value.tried), Some(305), "a lower alarm takes the clearing with it");
    let higher = site.replay("storage", &[("alarm_persen", "100")]);
    assert_eq!((higher.tickets(), higher.opened.len()), (0, 3));
    let longer = site.replay("storage", &[("selama", "15m")]);
    assert_eq!(told(&longer.would_open).len(), 2, "{longer:?}");
    assert_eq!(site.asked("storage", &[], Some("b"), 0).would_open, []);

    // Part by part it is the same.
    let mut parts = site.asked("storage", &[], None, 1);
    assert_eq!((parts.done, parts.opened.len(), parts.would_open.len()), (2, 0, 0), "only host b is left");
    parts.join(replay.clone());
    assert_eq!(told(&parts.would_open), told(&replay.would_open));
}

#[tokio::test]
async fn an_outage_is_replayed_from_the_ledger_and_from_the_answers() {
    let mut site = Site::new().await;
    for minute in 0..120_i64 {
        let bad = matches!(minute, 30 | 60..=62 | 90..=100);
        let verdict = if bad { ProbeVerdict::Failed } else { ProbeVerdict::Ok };
        site.tell("a", minute * 60, vec![disk(1), answer(verdict)]).await;
    }
    let replay = site.replay("terhenti", &[]);
    let key = "service:simpeg|akses".to_owned();
    let expected = [(key.clone(), 3_600, Some(63 * 60), 0), (key.clone(), 5_400, Some(101 * 60), 0)];
    assert_eq!(told(&replay.would_open), expected);
    assert_eq!(told(&replay.opened), expected, "as they were");
    assert_eq!(replay.alarm_s, (3 + 11) * 60);

    let quick = site.replay("terhenti", &[("gagal_berturut", "1")]);
    assert_eq!(told(&quick.would_open).first(), Some(&(key.clone(), 1_800, Some(31 * 60), 0)), "one failure is enough");
    assert_eq!(quick.would_open.len(), 3);
    assert!(quick.notes.contains("replay-note-answers"));
    let patient = site.replay("terhenti", &[("gagal_berturut", "5")]);
    assert_eq!(told(&patient.would_open), [(key, 5_400, Some(101 * 60), 0)]);
}

#[tokio::test]
async fn silence_is_replayed_from_the_times_of_samples() {
    let mut site = Site::new().await;
    for minute in (0..30).chain(40..60).chain(63..90_i64) {
        site.tell("a", minute * 60, vec![disk(1)]).await;
    }
    let key = "host:a|kehilangan_pemantauan".to_owned();
    let silent = site.asked("agen_senyap", &[], Some("a"), 0);
    assert_eq!(told(&silent.would_open), [(key, 29 * 60, Some(40 * 60), 0)]);
    assert_eq!(silent.alarm_s, 6 * 60, "from the fifth silent minute on");
    let quick = site.asked("agen_senyap", &[("host_senyap_setelah", "2m")], Some("a"), 0);
    assert_eq!(quick.would_open.len(), 2);
}

#[tokio::test]
async fn what_cannot_be_replayed_says_so_and_what_is_wrong_is_told() {
    let mut site = Site::new().await;
    site.tell("a", 0, vec![disk(1)]).await;
    let replay = site.replay("anggaran", &[]);
    assert!(replay.notes.contains("replay-note-not-replayed") && replay.subjects == 0);
    let refused = |rule: &str, days: u32, set: &[(&str, &str)]| {
        let set = set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let asked = Asked { rule: rule.into(), days, host: None, service: None, set };
        part(&site.store, &bangka_2025(), &asked, 0, at(0)).expect_err("refused").to_string()
    };
    assert!(refused("x", 1, &[]).starts_with("there is no rule `x`; known: terhenti, menurun, cpu"));
    assert_eq!(refused("cpu", 0, &[]), "a replay goes over 1 to 400 days");
    assert!(refused("cpu", 1, &[("alarm", "1")]).starts_with("`alarm` is not a value of rule `cpu`"));
    let texts = Texts::new(Language::Id, bangka_2025().time_zone);
    let told = text::render(texts, Rule::Budget, &replay);
    assert!(told.contains("akan membuka 0 tiket") && told.contains("tidak dapat diputar ulang"), "{told}");
}

/// Hours of a host whose units fail, restart by themselves and fail again, and whose clock runs free for a while.
#[tokio::test]
async fn units_and_clocks_are_judged_the_same_again() {
    let mut site = Site::new().await;
    for minute in 0..600_i64 {
        let names: &[&str] = match minute {
            70..=72 => &["a.service"],
            130..=150 => &["b.service"],
            155..=170 => &["b.service", "c.service"],
            400..=420 => &["a.service"],
            _ => &[],
        };
        let told = Timekeeping {
            synchronized: Some(!(200..260).contains(&minute)),
            offset_us: Some(if (300..315).contains(&minute) { 1_500_000 } else { 0 }),
            error_max_us: None,
        };
        let sample = Sample {
            units: Some(Units { failed: u64::try_from(names.len()).ok() }),
            failed_units: names.iter().map(|name| (*name).to_owned()).collect(),
            timekeeping: Some(told),
            ..Sample::default()
        };
        site.tell("a", minute * 60, vec![ObservationBody::Sample(Box::new(sample))]).await;
    }
    let units = site.replay("unit_gagal", &[]);
    assert_eq!(told(&units.would_open), told(&units.opened), "the same tickets");
    let key = "host:a:units|fungsi".to_owned();
    assert_eq!(
        told(&units.would_open),
        [(key.clone(), 130 * 60, Some(171 * 60), 1), (key.clone(), 400 * 60, Some(421 * 60), 0)]
    );
    let shorter = site.replay("unit_gagal", &[("unit_gagal_selama", "1m")]);
    assert_eq!(shorter.would_open.len(), 3, "{shorter:?}");
    assert_eq!(site.replay("unit_gagal", &[("unit_gagal_selama", "1h")]).would_open, []);
    let clock = site.replay("jam_meleset", &[]);
    assert_eq!(told(&clock.would_open), told(&clock.opened), "the same tickets");
    let key = "host:a:clock|fungsi".to_owned();
    assert_eq!(
        told(&clock.would_open),
        [(key.clone(), 200 * 60, Some(260 * 60), 0), (key.clone(), 300 * 60, Some(315 * 60), 0)]
    );
}
