//! A backup set as the catalogue describes it: where its backups are seen or claimed, and what it is held to.
//!
//! Knows nothing of what was seen.

use crate::domain::profile::Operator;
use crate::domain::rpo::Policy;
use crate::domain::rpo::heartbeat::Tolerances;
use crate::domain::rpo::schedule::Schedule;
use pantau_shared::assignment::BackupSource;
use pantau_shared::ids::{BackupSetId, HostId};

/// A set of data backed up together, or a job that only tells of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct BackupSet {
    /// Unique in the catalogue.
    pub id: BackupSetId,
    /// For people.
    pub name: String,
    /// How its backups become known.
    pub source: SetSource,
    /// RPO of this set; the service's when unset.
    pub rpo_seconds: Option<u32>,
    /// How the exposure is compared with it (G28); strict by default.
    pub operator: Operator,
    /// Whether the service needs it (the worst required set is the service's).
    pub required: bool,
    /// Whether a partial backup counts.
    pub partial_counts: bool,
    /// Smallest size that counts as a backup.
    pub size_bytes_min: u64,
    /// Whether a backup counts only once it was verified.
    pub verified_only: bool,
    /// How often it is to be verified; the catalogue's for kritis services when unset (G58).
    pub verify_every_seconds: Option<u32>,
    /// When it is to run, if that is told.
    pub schedule: Option<Schedule>,
    /// What its runs are held to.
    pub tolerances: Tolerances,
    /// Of a set of logs (WAL, binlogs): the set of the same service whose backups they carry on, and without which they
    /// restore nothing.
    pub base: Option<BackupSetId>,
}

/// How backups of a set become known.
#[derive(Debug, Clone, PartialEq)]
pub enum SetSource {
    /// The job says so, by its heartbeat: a claim.
    Heartbeat,
    /// A job that is no backup, watched by its heartbeat.
    Job,
    /// An agent looks where they are.
    Looked(Look),
}

/// Where an agent looks.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// The host that can see the backups.
    pub host: HostId,
    /// Where they are.
    pub source: BackupSource,
    /// From one look to the next, in milliseconds.
    pub interval_ms: u32,
}

/// Product defaults of runs: none of it is in the regulation (G58).
pub const TOLERANCES: Tolerances = Tolerances {
    early_s: 300,
    start_grace_s: 600,
    runtime_s_max: 6 * 3600,
    runtime_s_min: None,
    known_duration_s: None,
};

impl BackupSet {
    /// A set that is looked at, held to its service's RPO and to nothing else.
    pub fn looked(id: BackupSetId, look: Look) -> Self {
        Self {
            name: id.to_string(),
            id,
            source: SetSource::Looked(look),
            rpo_seconds: None,
            operator: Operator::Below,
            required: true,
            partial_counts: false,
            size_bytes_min: 1,
            verified_only: false,
            verify_every_seconds: None,
            schedule: None,
            tolerances: TOLERANCES,
            base: None,
        }
    }

    /// Where an agent looks, if one does.
    pub fn look(&self) -> Option<&Look> {
        match &self.source {
            SetSource::Looked(look) => Some(look),
            SetSource::Heartbeat | SetSource::Job => None,
        }
    }

    /// Whether its job claims backups that nobody sees. Of a set that is looked at signals only tell when runs began, how
    /// they ended, and that one is missing.
    pub fn claims(&self) -> bool {
        match &self.source {
            SetSource::Heartbeat => true,
            SetSource::Job | SetSource::Looked(_) => false,
        }
    }

    /// Whether it is of no use without a heartbeat; every other set may have one.
    pub fn needs_heartbeat(&self) -> bool {
        match &self.source {
            SetSource::Heartbeat | SetSource::Job => true,
            SetSource::Looked(_) => false,
        }
    }

    /// Whether there is anything to restore from: not of a plain job.
    pub fn is_backup(&self) -> bool {
        match &self.source {
            SetSource::Heartbeat | SetSource::Looked(_) => true,
            SetSource::Job => false,
        }
    }

    /// What it is held to, as a set of a service with this RPO; `critical` is kritis.
    pub fn policy(&self, service_rpo: Option<u32>, critical: bool) -> Policy {
        Policy {
            rpo_seconds: self.rpo_seconds.or(service_rpo),
            operator: self.operator,
            required: critical,
            partial_counts: self.partial_counts,
            size_bytes_min: self.size_bytes_min,
            verified_only: self.verified_only,
            ..Policy::default()
        }
    }
}

/// What holds for all backups of the office.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupRules {
    /// Whether the reading "per posisi kemarin" is shown beside the hours (G28).
    pub yesterday_reading: bool,
    /// How often sets of kritis services are to be verified, in seconds: a product default (G58).
    pub verify_every_seconds: u32,
    /// For so many days a restore drill counts: a product default (G58).
    pub drill_valid_days: u32,
}

impl Default for BackupRules {
    fn default() -> Self {
        Self { yesterday_reading: false, verify_every_seconds: 7 * 86_400, drill_valid_days: 180 }
    }
}
