//! What the simulated agents see: answers of checks, kernel readings, looks at backups. Knows no store and no clock.

use super::scenario::{Scenario, Trouble};
use crate::domain::catalogue::Catalogue;
use pantau_shared::backup::{BackupArtefact, BackupObservation, BackupStatus, DataTimeBasis, WalArchive};
use pantau_shared::envelope::ObservationBody;
use pantau_shared::ids::HostId;
use pantau_shared::probe::{ProbeOutcome, ProbePhase, ProbeVerdict};
use pantau_shared::sample::{CpuTimes, Filesystem, Interface, Load, Memory, Sample};
use pantau_shared::timestamp::Timestamp;

const GIB: u64 = 1 << 30;
const HOUR_MS: i64 = 3_600_000;
const CORES: u64 = 4;

/// Set, hours from one backup to the next, hours from the newest one to the end of the past, whether they go on.
const BACKUPS: [(&str, i64, i64, bool); 4] = [
    ("simpeg-db", 24, 5, true),
    ("sipd-ekspor", 24, 22, true),
    ("e-office-arsip", 24, 39, false),
    ("perizinan-db", 4, 1, true),
];

/// The set that is the archive of a database's log.
const LOG: &str = "perizinan-wal";
/// The set whose newest backup is a third of those before it.
const SHRUNK: &str = "simpeg-db";

/// A simulated machine: its counters only grow.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    pub(super) host: HostId,
    index: u64,
    last: Option<Timestamp>,
    busy_ms: u64,
    idle_ms: u64,
    received: u64,
    sent: u64,
}

impl Machine {
    pub(super) fn new(index: u64, host: HostId) -> Self {
        Self { host, index, last: None, busy_ms: 0, idle_ms: 0, received: 0, sent: 0 }
    }

    /// Kernel readings at `at`: busier by day than by night.
    pub(super) fn sample(&mut self, scenario: &Scenario, at: Timestamp) -> ObservationBody {
        let elapsed = self.last.replace(at).map_or(0, |last| at.ms_since(last).max(0).unsigned_abs());
        let hour = (at.as_secs() + 7 * 3600).rem_euclid(86_400) / 3600;
        let rush = if (8..16).contains(&hour) { 280 } else { 60 };
        let slot = at.as_ms().unsigned_abs();
        let busy_permille = 40 + rush + self.index * 25 + scenario.noise(&[1, self.index, slot], 120);
        let busy = elapsed * CORES * busy_permille / 1000;
        self.busy_ms += busy;
        self.idle_ms += elapsed * CORES - busy;
        let bytes = elapsed * (busy_permille * 900 + scenario.noise(&[2, self.index, slot], 90_000)) / 1000;
        self.received += bytes;
        self.sent += bytes * 3;
        let total = 16 * GIB;
        let free = total * (600 - busy_permille / 2) / 1000;
        ObservationBody::Sample(Box::new(Sample {
            cpu_total: Some(CpuTimes {
                user_ms: Some(self.busy_ms * 3 / 4),
                system_ms: Some(self.busy_ms - self.busy_ms * 3 / 4),
                idle_ms: Some(self.idle_ms),
                ..CpuTimes::default()
            }),
            load: Some(Load { one_centi: u32::try_from(busy_permille * CORES / 10).ok(), ..Load::default() }),
            memory: Some(Memory { total_bytes: Some(total), available_bytes: Some(free), ..Memory::default() }),
            filesystems: vec![
                filesystem("/", 80 * GIB, 420 + self.index * 30),
                filesystem("/var", 200 * GIB, self.var_permille(scenario, at)),
            ],
            interfaces: vec![Interface {
                device: "eth0".to_owned(),
                receive_bytes: Some(self.received),
                transmit_bytes: Some(self.sent),
                speed_bits: Some(1_000_000_000),
                ..Interface::default()
            }],
            ..Sample::default()
        }))
    }

    /// The database's disk fills up by a thousandth every two hours; the others stand.
    fn var_permille(&self, scenario: &Scenario, at: Timestamp) -> u64 {
        if self.host.as_str() != "db-01" {
            return 380 + self.index * 40;
        }
        let hours = scenario.end.ms_since(at).max(0) / HOUR_MS;
        910_u64.saturating_sub(hours.unsigned_abs() / 2).max(550)
    }
}

fn filesystem(mount_point: &str, size: u64, used_permille: u64) -> Filesystem {
    let free = size / 1000 * 1000_u64.saturating_sub(used_permille);
    Filesystem {
        mount_point: mount_point.to_owned(),
        device: "/dev/vda1".to_owned(),
        kind: "ext4".to_owned(),
        size_bytes: Some(size / 1000 * 1000),
        free_bytes: Some(free),
        available_bytes: Some(free),
        ..Filesystem::default()
    }
}

/// The answers that `host` gets at `at` to the checks it asks.
pub(super) fn probes(scenario: &Scenario, catalogue: &Catalogue, host: &HostId, at: Timestamp) -> Vec<ObservationBody> {
    let mut out = Vec::new();
    for (index, service) in (0_u64..).zip(&catalogue.services) {
        for check in service.checks.iter().filter(|check| check.vantages.contains(host)) {
            let trouble = scenario.trouble(service.id.as_str(), at);
            let blip = scenario.is_blip(index, at).then_some(Trouble::Down);
            let mut outcome = answer(scenario, index, at, trouble.or(blip));
            outcome.check = check.id.to_string();
            out.push(ObservationBody::Probe(outcome));
        }
    }
    out
}

fn answer(scenario: &Scenario, service: u64, at: Timestamp, trouble: Option<Trouble>) -> ProbeOutcome {
    let usual = 60_000 + service * 25_000 + scenario.noise(&[3, service, at.as_ms().unsigned_abs()], 70_000);
    let (verdict, phase, reason, us, status) = match trouble {
        None | Some(Trouble::Away) => (ProbeVerdict::Ok, ProbePhase::Unspecified, "", usual, Some(200)),
        Some(Trouble::Slow) => {
            (ProbeVerdict::Degraded, ProbePhase::FirstByte, "slower than 2 s", 2_200_000 + usual * 6, Some(200))
        }
        Some(Trouble::Down) if service.is_multiple_of(2) => {
            (ProbeVerdict::Failed, ProbePhase::FirstByte, "HTTP status 502", usual, Some(502))
        }
        Some(Trouble::Down) => (ProbeVerdict::Failed, ProbePhase::Connect, "connection refused", 900, None),
    };
    let mut outcome = ProbeOutcome { reason: reason.to_owned(), duration_us: us, ..ProbeOutcome::default() };
    outcome.set_verdict(verdict);
    outcome.set_phase(phase);
    outcome.http_status = status;
    outcome
}

/// What `host` sees at `at` where its backups are.
pub(super) fn looks(scenario: &Scenario, catalogue: &Catalogue, host: &HostId, at: Timestamp) -> Vec<ObservationBody> {
    let sets = catalogue.services.iter().flat_map(|s| &s.backups);
    let sets = sets.filter(|set| set.look().is_some_and(|look| look.host == *host));
    let seen = sets.filter_map(|set| match set.id.as_str() {
        LOG => Some(archive(at)),
        id => BACKUPS.iter().find(|(known, ..)| *known == id).map(|plan| look(scenario, plan, at)),
    });
    seen.map(ObservationBody::Backup).collect()
}

/// The archive of a log: a segment every ten minutes.
fn archive(at: Timestamp) -> BackupObservation {
    const SEGMENT_MS: i64 = 600_000;
    let number = at.as_ms().div_euclid(SEGMENT_MS);
    let archived_ms = number * SEGMENT_MS;
    let name = format!("0000000100000000{number:08X}");
    let mut artefact = BackupArtefact {
        name: name.clone(),
        data_time_ms: Some(archived_ms),
        ended_at_ms: Some(archived_ms),
        kind: "wal".to_owned(),
        ..BackupArtefact::default()
    };
    artefact.set_basis(DataTimeBasis::Start);
    artefact.set_status(BackupStatus::Ok);
    let wal = WalArchive {
        last_archived_at_ms: Some(archived_ms),
        last_archived: name,
        unarchived_changes: Some(true),
        chain_ok: true,
        archive_timeout_seconds: 600,
        ..WalArchive::default()
    };
    let (artefacts, location) = (vec![artefact], "/run/postgresql:5432".to_owned());
    BackupObservation {
        set: LOG.to_owned(),
        artefacts,
        artefacts_total: 1,
        location,
        wal: Some(wal),
        ..BackupObservation::default()
    }
}

fn look(scenario: &Scenario, plan: &(&str, i64, i64, bool), at: Timestamp) -> BackupObservation {
    const KEPT: i64 = 7;
    let (set, every, age, goes_on) = *plan;
    let anchor = scenario.end.plus_ms(-age * HOUR_MS);
    let newest = at.ms_since(anchor).div_euclid(every * HOUR_MS);
    let newest = if goes_on { newest } else { newest.min(0) };
    // The newest dump of one set is suspiciously small.
    let shrunk = |number: i64| if set == SHRUNK && number == 0 { 3 } else { 1 };
    let artefact = |number: i64| {
        let begun = anchor.plus_ms(number * every * HOUR_MS);
        let mut artefact = BackupArtefact {
            name: format!("/var/backups/{set}/{}.zst", begun.as_secs()),
            data_time_ms: Some(begun.as_ms()),
            ended_at_ms: Some(begun.as_ms()),
            size_bytes: Some((3 * GIB + scenario.noise(&[4, begun.as_ms().unsigned_abs()], GIB / 8)) / shrunk(number)),
            verified_at_ms: (number % 6 == 0).then(|| begun.plus_ms(HOUR_MS).as_ms()).filter(|ms| *ms <= at.as_ms()),
            ..BackupArtefact::default()
        };
        artefact.set_basis(DataTimeBasis::Modified);
        artefact.set_status(BackupStatus::Ok);
        artefact
    };
    let artefacts: Vec<BackupArtefact> = (0..KEPT).map(|back| artefact(newest - back)).collect();
    let artefacts_total = artefacts.len() as u64;
    BackupObservation { set: set.to_owned(), artefacts, artefacts_total, ..BackupObservation::default() }
}

/// The services of the scenario are those of the catalogue.
#[cfg(test)]
pub(super) fn names_match(catalogue: &Catalogue) -> bool {
    catalogue.services.iter().map(|s| s.id.as_str()).eq(super::scenario::SERVICES)
}
