//! How far it is proved that a set can be restored: somebody says so, somebody saw it, somebody did it.
//!
//! A backup that was never restored is a hope. Due dates are product defaults (G58): the regulation asks for neither
//! verification nor drills by name.

use super::drill::{Achieved, Recovery, valid_until};
use crate::domain::calendar::zone;
use crate::domain::catalogue::ServiceId;
use chrono_tz::Tz;
use pantau_shared::ids::BackupSetId;
use pantau_shared::timestamp::Timestamp;

/// The three grades, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// Only a job says that there is a backup.
    Claimed,
    /// An agent saw it.
    Seen,
    /// It was restored, in a drill that still counts or in earnest.
    Restored,
}

impl Proof {
    /// The code in the API.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Claimed => "diklaim",
            Self::Seen => "terlihat",
            Self::Restored => "terpulihkan",
        }
    }
}

/// How a backup was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerificationMethod {
    /// The tool's own check (`restic check`, `pgbackrest verify`).
    ToolCheck,
    /// A checksum of its content.
    Checksum,
    /// It was read back in part or whole.
    TrialRead,
}

impl VerificationMethod {
    /// All, in order.
    pub const ALL: [Self; 3] = [Self::ToolCheck, Self::Checksum, Self::TrialRead];

    /// The code in the store and the API.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ToolCheck => "pemeriksaan_alat",
            Self::Checksum => "checksum",
            Self::TrialRead => "uji_baca",
        }
    }

    /// Reads a code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.code() == code)
    }
}

/// One verification of a set; an entry is never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Of which set.
    pub set: BackupSetId,
    /// Which backup, by its name in the set.
    pub artefact: String,
    /// Its generation.
    pub generation: u32,
    /// The moment to which it restores.
    pub data_time: Option<Timestamp>,
    /// When it was verified.
    pub at: Timestamp,
    /// How.
    pub method: VerificationMethod,
    /// Whether it was found good.
    pub passed: bool,
    /// What a person has to say of it.
    pub note: String,
    /// Who says so.
    pub actor: String,
    /// When it was entered.
    pub recorded_at: Timestamp,
}

/// The seven steps of Tabel 9, in its order.
pub const STEPS: [&str; 7] =
    ["asesmen", "analisa", "definisi_bencana", "aktivasi_drp", "normalisasi", "evaluasi_drp", "penetapan_drp"];

/// A restore drill or a real recovery of a service; an entry is never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryEntry {
    /// Its number.
    pub id: i64,
    /// Of which service.
    pub service: ServiceId,
    /// Whether it was a drill; else the disaster was real.
    pub drill: bool,
    /// What was assumed or what happened.
    pub scenario: String,
    /// When the disaster struck, or was assumed to.
    pub disaster_at: Timestamp,
    /// When the recovery plan was activated (G29: kept, counts for nothing).
    pub decided_at: Option<Timestamp>,
    /// When restoring began.
    pub started_at: Option<Timestamp>,
    /// When the service answered again, degraded or not.
    pub up_at: Option<Timestamp>,
    /// When a person confirmed that it works normally: the end of the RTO.
    pub confirmed_at: Option<Timestamp>,
    /// The moment of the data that came back.
    pub recovered_data_time: Option<Timestamp>,
    /// Whether it succeeded.
    pub succeeded: bool,
    /// When each of [`STEPS`] was done.
    pub steps: [Option<Timestamp>; 7],
    /// What was learnt.
    pub note: String,
    /// The bounds in force when it was entered, in seconds.
    pub rto_seconds: Option<u32>,
    /// As `rto_seconds`.
    pub rpo_seconds: Option<u32>,
    /// Who entered it.
    pub actor: String,
    /// When.
    pub recorded_at: Timestamp,
}

/// Why an entry is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryRefusal {
    /// Instants that contradict each other.
    #[error("`{0}` does not lie in its order of time")]
    OutOfOrder(&'static str),
    /// Something of the future.
    #[error("`{0}` lies in the future")]
    Future(&'static str),
    /// A text that says nothing or too much.
    #[error("`{0}` must have 1 to 2000 characters")]
    BadText(&'static str),
    /// A success needs the instants that its figures are made of.
    #[error("a recovery that succeeded needs `{0}`")]
    Missing(&'static str),
    /// The set has no such backup.
    #[error("the set has no such backup that can be restored from")]
    NoSuchBackup,
}

/// Longest text of an entry, in characters.
pub const TEXT_MAX: usize = 2000;

impl RecoveryEntry {
    /// Time and data lost, where both ends are known.
    pub fn achieved(&self) -> Option<Achieved> {
        let (restored_at, recovered_data_time) = (self.confirmed_at?, self.recovered_data_time?);
        let recovery = Recovery { disaster_at: self.disaster_at, restored_at, recovered_data_time };
        Some(recovery.evaluate(self.rto_seconds, self.rpo_seconds))
    }

    /// Checks it at `now`.
    ///
    /// # Errors
    /// See [`EntryRefusal`].
    pub fn check(&self, now: Timestamp) -> Result<(), EntryRefusal> {
        written("scenario", &self.scenario, 1)?;
        written("note", &self.note, 0)?;
        let ends = [
            ("decided_at", self.decided_at),
            ("started_at", self.started_at),
            ("up_at", self.up_at),
            ("confirmed_at", self.confirmed_at),
        ];
        let mut last = self.disaster_at;
        for (name, at) in ends {
            let Some(at) = at else { continue };
            if at < last {
                return Err(EntryRefusal::OutOfOrder(name));
            }
            last = at;
        }
        let steps = STEPS.into_iter().zip(self.steps).filter_map(|(name, at)| Some((name, at?)));
        for (name, at) in [("disaster_at", self.disaster_at), ("confirmed_at", last)].into_iter().chain(steps) {
            if at > now {
                return Err(EntryRefusal::Future(name));
            }
        }
        if self.recovered_data_time.is_some_and(|data| data > self.disaster_at) {
            return Err(EntryRefusal::OutOfOrder("recovered_data_time"));
        }
        if self.succeeded && self.confirmed_at.is_none() {
            return Err(EntryRefusal::Missing("confirmed_at"));
        }
        if self.succeeded && self.recovered_data_time.is_none() {
            return Err(EntryRefusal::Missing("recovered_data_time"));
        }
        Ok(())
    }

    /// Whether it still counts at `now`: it succeeded, and not longer than `valid_days` ago by the local date.
    pub fn counts(&self, zone: Tz, valid_days: u32, now: Timestamp) -> bool {
        let done = self.confirmed_at.filter(|_| self.succeeded);
        done.is_some_and(|at| zone::local_date(zone, now) <= valid_until(zone::local_date(zone, at), valid_days))
    }
}

/// Checks a text of a person.
///
/// # Errors
/// [`EntryRefusal::BadText`].
pub fn written(name: &'static str, text: &str, least: usize) -> Result<(), EntryRefusal> {
    let length = text.trim().chars().count();
    if (least..=TEXT_MAX).contains(&length) { Ok(()) } else { Err(EntryRefusal::BadText(name)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(i64) -> Timestamp = Timestamp::from_secs;

    fn entry() -> RecoveryEntry {
        RecoveryEntry {
            id: 0,
            service: ServiceId::parse("simpeg").expect("valid"),
            drill: true,
            scenario: "server basis data mati".into(),
            disaster_at: S(1000),
            decided_at: Some(S(1100)),
            started_at: Some(S(1200)),
            up_at: Some(S(2000)),
            confirmed_at: Some(S(2500)),
            recovered_data_time: Some(S(400)),
            succeeded: true,
            steps: [None; 7],
            note: String::new(),
            rto_seconds: Some(1500),
            rpo_seconds: Some(601),
            actor: "sari".into(),
            recorded_at: S(3000),
        }
    }

    #[test]
    fn time_and_data_lost_are_strictly_below_their_bounds() {
        let achieved = entry().achieved().expect("both ends");
        assert_eq!((achieved.rta_s, achieved.rpa_s), (1500, 600));
        assert_eq!((achieved.rto_met, achieved.rpo_met), (Some(false), Some(true)));
        assert_eq!(RecoveryEntry { confirmed_at: None, ..entry() }.achieved(), None);
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        assert_eq!(entry().check(S(3000)), Ok(()));
        let mut step = entry();
        step.steps[2] = Some(S(3001));
        for (entry, refusal) in [
            (RecoveryEntry { scenario: " ".into(), ..entry() }, EntryRefusal::BadText("scenario")),
            (RecoveryEntry { decided_at: Some(S(900)), ..entry() }, EntryRefusal::OutOfOrder("decided_at")),
            (RecoveryEntry { up_at: Some(S(2600)), ..entry() }, EntryRefusal::OutOfOrder("confirmed_at")),
            (
                RecoveryEntry { recovered_data_time: Some(S(1001)), ..entry() },
                EntryRefusal::OutOfOrder("recovered_data_time"),
            ),
            (RecoveryEntry { confirmed_at: Some(S(3001)), ..entry() }, EntryRefusal::Future("confirmed_at")),
            (RecoveryEntry { confirmed_at: None, ..entry() }, EntryRefusal::Missing("confirmed_at")),
            (RecoveryEntry { recovered_data_time: None, ..entry() }, EntryRefusal::Missing("recovered_data_time")),
            (step, EntryRefusal::Future("definisi_bencana")),
        ] {
            assert_eq!(entry.check(S(3000)), Err(refusal));
        }
    }

    #[test]
    fn a_drill_counts_for_so_many_local_days_and_a_failed_one_never() {
        let zone = chrono_tz::Asia::Jakarta;
        assert!(entry().counts(zone, 180, S(2500 + 180 * 86_400)));
        assert!(!entry().counts(zone, 180, S(2500 + 181 * 86_400)));
        assert!(!RecoveryEntry { succeeded: false, ..entry() }.counts(zone, 180, S(2600)));
    }
}
