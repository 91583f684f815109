//! The read model of the whole site, made by the engine after each commit and rendered by every output.
//!
//! One immutable value behind an `Arc` in a watch channel. Pages, API and `/metrics` read it and never query while
//! rendering; history pages are the one exception and use named store queries. Holds no decision: everything in
//! it was decided and committed before. Parts that did not change are shared with the snapshot before.

use crate::clock_board::ClockSeen;
use crate::domain::availability::Figures;
use crate::domain::burn::Budget;
use crate::domain::catalogue::{Catalogue, ServiceId};
use crate::domain::interval::Interval;
use crate::domain::phrase::Phrase;
use crate::domain::profile::{Operator, Profile};
use crate::domain::register::Register;
use crate::domain::rpo::job::JobState;
use crate::domain::rpo::proof::Proof;
use crate::domain::state::State;
use crate::domain::ticket::Ticket;
use crate::rulebook::Rulebook;
use pantau_shared::envelope::AgentStarted;
use pantau_shared::ids::{BackupSetId, CheckId, HostId};
use pantau_shared::probe::ProbeOutcome;
use pantau_shared::sample::Sample;
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The site at one moment.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// When it was made.
    pub at: Timestamp,
    /// The catalogue in force.
    pub catalogue: Arc<Catalogue>,
    /// The regulation in force.
    pub profile: Arc<Profile>,
    /// By which rules each service is counted and judged.
    pub rulebook: Arc<Rulebook>,
    /// Maintenance and corrections on record.
    pub register: Arc<Register>,
    /// One per service, in catalogue order.
    pub services: Arc<Vec<Arc<ServiceView>>>,
    /// One per enrolled host, by identifier.
    pub hosts: Arc<Vec<Arc<HostView>>>,
    /// Open tickets, most urgent first: by priority, then by age.
    pub tickets: Arc<Vec<Arc<Ticket>>>,
    /// One per host that asks witnesses, by identifier.
    pub vantages: Arc<Vec<VantageView>>,
    /// One per backup set, in catalogue order.
    pub backups: Arc<Vec<Arc<BackupView>>>,
    /// What waits to leave.
    pub outbox: OutboxView,
    /// Whether this site holds simulated data (`--demo`): every page says so.
    pub demo: bool,
}

/// A host that asks witnesses whether it is cut off.
#[derive(Debug, Clone, PartialEq)]
pub struct VantageView {
    /// Which.
    pub host: HostId,
    /// Its newest isolation; one that lasts ends where the newest answers no longer hold.
    pub isolated: Option<Interval>,
    /// In catalogue order; at most [`crate::domain::isolation::WITNESSES_MAX`].
    pub witnesses: Vec<WitnessView>,
}

impl VantageView {
    /// Since when it is isolated, if it is at `now`.
    pub fn isolated_since(&self, now: Timestamp) -> Option<Timestamp> {
        self.isolated.filter(|interval| interval.contains(now)).map(|interval| interval.from)
    }
}

/// One witness, as one host asks it.
#[derive(Debug, Clone, PartialEq)]
pub struct WitnessView {
    /// Which.
    pub id: CheckId,
    /// For people.
    pub name: String,
    /// When it was last asked.
    pub at: Option<Timestamp>,
    /// What came of it.
    pub outcome: Option<Arc<ProbeOutcome>>,
    /// Since when it has failed, confirmed.
    pub down_since: Option<Timestamp>,
}

/// A service now, its month, and its last 90 days.
#[derive(Debug, Clone)]
pub struct ServiceView {
    /// Which.
    pub id: ServiceId,
    /// For which instant its figures were counted: at most some seconds before the snapshot's.
    pub at: Timestamp,
    /// State now; `Unknown` when nobody watches.
    pub state: State,
    /// Since when; `None` when it was never known.
    pub since: Option<Timestamp>,
    /// Why, as data.
    pub reason: Option<Phrase>,
    /// Calendar month to date, against the target.
    pub month: Figures,
    /// Its error budget now; `None` without a target.
    pub budget: Option<Budget>,
    /// Local days, oldest first, the last one today; at most 90.
    pub days: Vec<DayView>,
    /// First moment it was watched.
    pub effective_from: Option<Timestamp>,
    /// Its checks with their newest answers.
    pub checks: Vec<CheckView>,
    /// Its approved maintenance.
    pub maintenance: MaintenanceView,
}

/// A service's approved maintenance as seen from now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MaintenanceView {
    /// The window that runs now.
    pub now: Option<WindowView>,
    /// The next one.
    pub next: Option<WindowView>,
}

/// One approved window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowView {
    /// Number of its record.
    pub number: u32,
    /// What is done.
    pub title: Arc<str>,
    /// From when to when; an explicit end is taken into account.
    pub interval: Interval,
    /// Whether it counts as maintenance: announced and approved in time.
    pub counted: bool,
    /// Whether it is one of components or of all hosts: only what is down because of it is taken out.
    pub of_parts: bool,
}

/// One local day of a service, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayView {
    /// Local date.
    pub date: chrono::NaiveDate,
    /// Up, degraded included.
    pub up_s: i64,
    /// Of which degraded.
    pub degraded_s: i64,
    /// Down.
    pub down_s: i64,
    /// Nobody watched.
    pub unknown_s: i64,
    /// Planned maintenance.
    pub excluded_s: i64,
}

/// A check's newest answer, per vantage.
#[derive(Debug, Clone)]
pub struct CheckView {
    /// Which.
    pub id: CheckId,
    /// Who asked.
    pub host: HostId,
    /// When, if ever.
    pub at: Option<Timestamp>,
    /// What came back.
    pub outcome: Option<Arc<ProbeOutcome>>,
}

/// A host now.
#[derive(Debug, Clone)]
pub struct HostView {
    /// Which.
    pub id: HostId,
    /// Its name for people.
    pub name: String,
    /// When it joined.
    pub joined_at: Timestamp,
    /// Newest authenticated batch.
    pub last_seen_at: Option<Timestamp>,
    /// Whether it has been quiet for too long.
    pub silent: bool,
    /// What it said of itself at its last start.
    pub started: Option<Arc<AgentStarted>>,
    /// Newest sample and its time.
    pub sample: Option<(Timestamp, Arc<Sample>)>,
    /// Derived from the newest two samples.
    pub rates: HostRates,
    /// Its units, its clock and what fills up.
    pub wellbeing: HostWellbeing,
    /// Observations its agent lost, as told by gap records.
    pub lost_observations: u64,
    /// Highest sequence acknowledged over all its streams; total accepted.
    pub observations_accepted: u64,
}

/// How a host is beside its rates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostWellbeing {
    /// Failed units that count, by name, with the first of their unbroken readings.
    pub failed_units: Vec<(String, Timestamp)>,
    /// Its clock by receipt, where it was ever off.
    pub clock: Option<ClockSeen>,
    /// By mount point, when a file system will be full by its growth, where that is near.
    pub full_at: Vec<(String, Timestamp)>,
}

/// What is derived from two samples; thousandths, or bytes per second. `None` where it can't be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostRates {
    /// Busy share of all processors, permille.
    pub cpu_permille: Option<u32>,
    /// Share of memory not available, permille.
    pub memory_permille: Option<u32>,
    /// Fullest file system: mount point and used share, permille.
    pub storage_permille: Option<(Arc<str>, u32)>,
    /// Sum over physical interfaces, bytes per second in and out.
    pub network_bytes_per_second: Option<(u64, u64)>,
}

/// State of a backup set (rules C.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BackupState {
    /// Fresh.
    Segar,
    /// 80 % of the RPO is used up.
    Peringatan,
    /// RPO passed.
    Langgar,
    /// No usable backup at all.
    TanpaCadangan,
    /// No RPO on a kritis service: a finding.
    BelumDitetapkan,
    /// No RPO, and none needed.
    Informasi,
}

impl BackupState {
    /// All, in declared order.
    pub const ALL: [Self; 6] =
        [Self::Segar, Self::Peringatan, Self::Langgar, Self::TanpaCadangan, Self::BelumDitetapkan, Self::Informasi];

    /// The code in the API and metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Segar => "segar",
            Self::Peringatan => "peringatan",
            Self::Langgar => "langgar",
            Self::TanpaCadangan => "tanpa_cadangan",
            Self::BelumDitetapkan => "belum_ditetapkan",
            Self::Informasi => "informasi",
        }
    }
}

/// What is odd about a backup although it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Suspicion {
    /// The last verification found it bad, or could not be done.
    Refuted,
    /// Less than half as large as those before it.
    Shrunk,
    /// Done in less than a fifth of the usual time.
    ShortRun,
}

impl Suspicion {
    /// The code in the API.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Refuted => "verifikasi_gagal",
            Self::Shrunk => "mengecil",
            Self::ShortRun => "terlalu_cepat",
        }
    }
}

/// A backup set now.
#[derive(Debug, Clone, PartialEq)]
pub struct BackupView {
    /// Which.
    pub id: BackupSetId,
    /// Of which service.
    pub service: ServiceId,
    /// Its state.
    pub state: BackupState,
    /// Of a set of logs its base set, and whether a base is usable now: without one its logs restore nothing.
    pub base: Option<(BackupSetId, bool)>,
    /// Data time of the newest usable backup.
    pub data_time: Option<Timestamp>,
    /// Whether the data time is only an estimate (from a file's modification time).
    pub estimated: bool,
    /// Newest artefact's name and size.
    pub newest: Option<(String, Option<u64>)>,
    /// RPO in force.
    pub rpo_seconds: Option<u32>,
    /// How the exposure is compared with it.
    pub operator: Operator,
    /// When 80 % of the RPO are used up unless something newer comes; may lie in the past.
    pub at_risk_at: Option<Timestamp>,
    /// When the RPO breaks unless something newer comes; may lie in the past.
    pub breach_at: Option<Timestamp>,
    /// Whether the service needs it.
    pub required: bool,
    /// When the set was last looked at successfully.
    pub looked_at: Option<Timestamp>,
    /// Why the last look failed.
    pub error: Option<String>,
    /// Since when nobody confirms what is known ("belum terkonfirmasi"); the exposure grows on.
    pub unconfirmed_since: Option<Timestamp>,
    /// How far it is proved that it can be restored.
    pub proof: Option<Proof>,
    /// What is odd about the newest usable backup.
    pub suspicions: Vec<Suspicion>,
    /// The exposure its schedule leads to by the longest run that was observed, in seconds, when that cannot hold the RPO.
    pub impossible_s: Option<u64>,
    /// How its job stands; none for a set without a watched heartbeat.
    pub job: Option<JobState>,
    /// When it was verified last, and the data time of what was verified.
    pub verified: Option<(Timestamp, Option<Timestamp>)>,
    /// When it is to be verified next; none where nothing asks for it. In the past when it never was and is due.
    pub verification_due: Option<Timestamp>,
    /// Until which local date the service's last successful restore drill or recovery counts; none without one.
    pub drill_until: Option<chrono::NaiveDate>,
    /// The reading "per posisi kemarin", where the office shows it (G28).
    pub yesterday: Option<bool>,
    /// Whether it is a backup at all; else a job that is only watched.
    pub is_backup: bool,
}

/// What waits in the outbox.
#[derive(Debug, Clone, Default)]
pub struct OutboxView {
    /// Messages not yet delivered or given up.
    pub pending: u64,
    /// When the oldest of them was made.
    pub oldest_at: Option<Timestamp>,
    /// Messages that a receiver refused for good and nobody has looked at.
    pub rejected: u64,
    /// The same by receiver; only those for which something waits or was refused.
    pub targets: BTreeMap<String, TargetQueue>,
}

/// What waits for one receiver.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetQueue {
    /// Messages not yet delivered or given up.
    pub pending: u64,
    /// When the oldest of them was made.
    pub oldest_at: Option<Timestamp>,
    /// How often the most tried of them was tried.
    pub attempts: u32,
    /// Messages that it refused for good and nobody has looked at.
    pub rejected: u64,
}
