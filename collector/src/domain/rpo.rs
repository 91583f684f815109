//! Freshness of a backup set against its RPO (engines C.2).
//!
//! Exposure at `t` is `t` minus the newest data time among the backups usable at `t`. It falls only when a backup
//! ends, to the time that the backup took. A breach is decided on whole seconds: under `<` an exposure of exactly the RPO
//! is one, under `<=` it is not (G28).
//!
//! Knows nothing of where backups come from; sources, schedules and looks are elsewhere.

pub mod drill;
pub mod exposure;
pub mod heartbeat;
pub mod job;
pub mod late;
pub mod notice;
pub mod plausibility;
pub mod proof;
pub mod record;
pub mod run_signals;
pub mod schedule;
pub mod wal;

use crate::domain::calendar::zone;
use crate::domain::interval::Interval;
use crate::domain::profile::Operator;
use crate::snapshot::BackupState;
use chrono_tz::Tz;
use pantau_shared::backup::BackupStatus;
use pantau_shared::timestamp::Timestamp;

/// A data time may lie so far after its backup's end or after now, by clocks that differ.
const CLOCK_TOLERANCE_MS: i64 = 300_000;

const PPM: u128 = 1_000_000;

/// What a set is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// The bound on the exposure; none when no RPO is set.
    pub rpo_seconds: Option<u32>,
    /// How the exposure is compared with it.
    pub operator: Operator,
    /// Whether an RPO must be set: kritis services (G28).
    pub required: bool,
    /// From this share of the RPO on it is a warning, in ppm.
    pub warn_ppm: u32,
    /// Whether a partial backup counts.
    pub partial_counts: bool,
    /// A smaller backup does not count; an empty one never does.
    pub size_bytes_min: u64,
    /// Whether a backup counts only from its first successful verification on.
    pub verified_only: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            rpo_seconds: None,
            operator: Operator::Below,
            required: false,
            warn_ppm: 800_000,
            partial_counts: false,
            size_bytes_min: 1,
            verified_only: false,
        }
    }
}

/// A backup as far as freshness is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The moment to which it restores.
    pub data_time: Timestamp,
    /// When it was complete; when it was first seen, if that is not known.
    pub end: Timestamp,
    /// What became of it.
    pub status: BackupStatus,
    /// Its size, if known.
    pub size_bytes: Option<u64>,
    /// Whether the data time is only an estimate.
    pub estimated: bool,
    /// When it was first verified successfully.
    pub verified_at: Option<Timestamp>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// Places, in the same list, of what it builds upon: an increment is as good as all of them.
    pub references: Vec<usize>,
    /// Whether it is the archive of a log in which nothing was written after its end that its data time leaves out: it is
    /// usable from its end on, also where its data time was told later.
    pub gapless: bool,
}

impl Backup {
    /// A complete backup of unknown size.
    pub const fn complete(data_time: Timestamp, end: Timestamp) -> Self {
        Self {
            data_time,
            end,
            status: BackupStatus::Ok,
            size_bytes: None,
            estimated: false,
            verified_at: None,
            deleted_at: None,
            references: Vec::new(),
            gapless: false,
        }
    }

    /// When it can be restored from, whatever it builds upon. A size that is not known counts as large enough.
    fn usable_alone(&self, policy: &Policy) -> Interval {
        let never = Interval::new(self.end, self.end);
        let complete = match self.status {
            BackupStatus::Ok => true,
            BackupStatus::Partial => policy.partial_counts,
            BackupStatus::Unspecified | BackupStatus::Failed | BackupStatus::Running => false,
        };
        let large = self.size_bytes.is_none_or(|size| size > 0 && size >= policy.size_bytes_min);
        let plausible = self.gapless || self.data_time <= self.end.plus_ms(CLOCK_TOLERANCE_MS);
        if !complete || !large || !plausible {
            return never;
        }
        let mut from = if self.gapless { self.end } else { self.end.max(self.data_time.plus_ms(-CLOCK_TOLERANCE_MS)) };
        if policy.verified_only {
            let Some(verified_at) = self.verified_at else { return never };
            from = from.max(verified_at);
        }
        let to = self.deleted_at.unwrap_or(Interval::ALL.to);
        if from < to { Interval::new(from, to) } else { never }
    }
}

/// Per backup of the list: when it can be restored from, with all that it builds upon. A reference to a place that does
/// not exist, and a circle, make it worthless.
pub fn usable_times(backups: &[Backup], policy: &Policy) -> Vec<Interval> {
    let alone: Vec<Interval> = backups.iter().map(|backup| backup.usable_alone(policy)).collect();
    let whole = |place: usize| {
        let mut times = alone.get(place).copied()?;
        let mut open: Vec<usize> = backups.get(place)?.references.clone();
        let mut seen = std::collections::BTreeSet::new();
        while let Some(next) = open.pop() {
            if next == place {
                return None;
            }
            if seen.insert(next) {
                times = times.intersection(*alone.get(next)?);
                open.extend(&backups.get(next)?.references);
            }
        }
        Some(times)
    };
    let never = Interval::new(Interval::ALL.from, Interval::ALL.from);
    (0..backups.len()).map(|place| whole(place).unwrap_or(never)).collect()
}

/// The usable backup with the newest data.
pub fn newest_usable<'a>(backups: &'a [Backup], policy: &Policy, at: Timestamp) -> Option<&'a Backup> {
    let usable = backups.iter().zip(usable_times(backups, policy)).filter(|(_, times)| times.contains(at));
    usable.map(|(backup, _)| backup).max_by_key(|backup| backup.data_time)
}

/// Age at `at` of data of `data_time` in whole seconds; data of the future, within the tolerance, are of now.
pub fn exposure_s(data_time: Timestamp, at: Timestamp) -> u64 {
    u64::try_from(at.ms_since(data_time).div_euclid(1000)).unwrap_or(0)
}

impl Policy {
    /// The least exposure in whole seconds that is a breach; none without an RPO.
    pub fn breach_from_s(&self) -> Option<u64> {
        let rpo = u64::from(self.rpo_seconds?);
        Some(match self.operator {
            Operator::Below => rpo,
            Operator::AtMost => rpo + 1,
        })
    }

    /// The state of a set whose newest usable data are of `data_time`.
    pub fn state(&self, data_time: Option<Timestamp>, at: Timestamp) -> BackupState {
        let Some(data_time) = data_time else { return BackupState::TanpaCadangan };
        let (Some(rpo), Some(breach_from_s)) = (self.rpo_seconds, self.breach_from_s()) else {
            return if self.required { BackupState::BelumDitetapkan } else { BackupState::Informasi };
        };
        let exposure = exposure_s(data_time, at);
        if exposure >= breach_from_s {
            BackupState::Langgar
        } else if u128::from(exposure) * PPM >= u128::from(rpo) * u128::from(self.warn_ppm) {
            BackupState::Peringatan
        } else {
            BackupState::Segar
        }
    }

    /// When data of `data_time` use up so much of the RPO that it is a warning.
    pub fn at_risk_at(&self, data_time: Timestamp) -> Option<Timestamp> {
        let used = (u128::from(self.rpo_seconds?) * u128::from(self.warn_ppm)).div_ceil(PPM);
        Some(data_time.plus_secs(i64::try_from(used).unwrap_or(i64::MAX)))
    }

    /// When, after `now`, passing of time alone next changes the state of a set with data of `data_time`.
    pub fn next_change(&self, data_time: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let changes = [self.at_risk_at(data_time), self.breach_at(data_time)];
        changes.into_iter().flatten().find(|at| *at > now)
    }

    /// When data of `data_time` breach the RPO unless something newer comes.
    pub fn breach_at(&self, data_time: Timestamp) -> Option<Timestamp> {
        Some(data_time.plus_secs(i64::try_from(self.breach_from_s()?).unwrap_or(i64::MAX)))
    }
}

/// The second reading of the regulation's example, "per posisi kemarin" (G28): the newest usable data are of yesterday's
/// local date or later, however many hours that is.
pub fn is_of_yesterday(zone: Tz, data_time: Option<Timestamp>, at: Timestamp) -> bool {
    let yesterday = zone::local_date(zone, at).pred_opt();
    data_time.zip(yesterday).is_some_and(|(data, yesterday)| zone::local_date(zone, data) >= yesterday)
}

/// The set that is furthest from its data, by exposure: a service is as fresh as the stalest of its required sets. A set
/// without any usable backup is the worst of all; of equal ones the first.
pub fn stalest(data_times: &[Option<Timestamp>]) -> Option<usize> {
    (0..data_times.len()).min_by_key(|place| data_times.get(*place).copied().flatten())
}

impl Backup {
    /// When, after `now`, passing of time alone makes it usable: its end, or its data time where clocks differ.
    pub fn next_usable(&self, now: Timestamp) -> Option<Timestamp> {
        [self.end, self.data_time.plus_ms(-CLOCK_TOLERANCE_MS)].into_iter().filter(|at| *at > now).min()
    }
}

#[cfg(test)]
mod tests;
