//! Freshness of a backup set against its RPO (engines C.2).
//!
//! Exposure at `t` is `t` minus the newest data time among the backups usable at `t`. It falls only when a backup
//! ends. Strict `<`: an exposure of exactly the RPO is a breach (G28).

use crate::snapshot::BackupState;
use pantau_shared::backup::{BackupArtefact, BackupStatus, DataTimeBasis};
use pantau_shared::timestamp::Timestamp;

/// A data time may lie so far after its backup's end or after now, by clocks that differ.
const CLOCK_TOLERANCE_MS: i64 = 300_000;

/// A backup as far as freshness is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
}

impl Backup {
    /// Reads an artefact that was first seen at `seen_at`; `None` without a data time.
    pub fn from_artefact(artefact: &BackupArtefact, seen_at: Timestamp) -> Option<Self> {
        let data = artefact.data_time_ms.or(artefact.started_at_ms)?;
        Some(Self {
            data_time: Timestamp::from_ms(data),
            end: artefact.ended_at_ms.map_or(seen_at, Timestamp::from_ms),
            status: artefact.status(),
            size_bytes: artefact.size_bytes,
            estimated: matches!(artefact.basis(), DataTimeBasis::Modified | DataTimeBasis::Unspecified),
        })
    }

    /// Whether it could be restored from at `at`. A size that is not known counts as large enough.
    pub fn usable_at(&self, at: Timestamp, size_bytes_min: u64) -> bool {
        let complete = match self.status {
            BackupStatus::Ok => true,
            BackupStatus::Unspecified | BackupStatus::Partial | BackupStatus::Failed | BackupStatus::Running => false,
        };
        complete
            && self.end <= at
            && self.size_bytes.is_none_or(|size| size > 0 && size >= size_bytes_min)
            && self.data_time <= self.end.plus_ms(CLOCK_TOLERANCE_MS)
            && self.data_time <= at.plus_ms(CLOCK_TOLERANCE_MS)
    }
}

/// The usable backup with the newest data.
pub fn newest_usable(backups: &[Backup], at: Timestamp, size_bytes_min: u64) -> Option<Backup> {
    backups.iter().filter(|b| b.usable_at(at, size_bytes_min)).max_by_key(|b| b.data_time).copied()
}

/// The state of a set whose newest usable data are of `data_time`.
pub fn state(data_time: Option<Timestamp>, rpo_seconds: Option<u32>, critical: bool, at: Timestamp) -> BackupState {
    let Some(data_time) = data_time else { return BackupState::TanpaCadangan };
    let Some(rpo) = rpo_seconds else {
        return if critical { BackupState::BelumDitetapkan } else { BackupState::Informasi };
    };
    let (exposure_ms, rpo_ms) = (at.ms_since(data_time).max(0), i64::from(rpo) * 1000);
    if exposure_ms >= rpo_ms {
        BackupState::Langgar
    } else if exposure_ms.saturating_mul(10) >= rpo_ms.saturating_mul(8) {
        BackupState::Peringatan
    } else {
        BackupState::Segar
    }
}

/// When, after `now`, passing of time alone next changes the state of a set whose newest usable data are of `data_time`.
pub fn next_change(data_time: Timestamp, rpo_seconds: Option<u32>, now: Timestamp) -> Option<Timestamp> {
    let rpo = i64::from(rpo_seconds?);
    [data_time.plus_ms(rpo * 800), data_time.plus_secs(rpo)].into_iter().find(|at| *at > now)
}

impl Backup {
    /// When, after `now`, passing of time alone makes it usable: its end, or its data time where clocks differ.
    pub fn next_usable(&self, now: Timestamp) -> Option<Timestamp> {
        [self.end, self.data_time.plus_ms(-CLOCK_TOLERANCE_MS)].into_iter().filter(|at| *at > now).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rpo_is_strict_and_warns_at_four_fifths() {
        let s = Timestamp::from_secs;
        for (age, expected) in [
            (0, BackupState::Segar),
            (79, BackupState::Segar),
            (80, BackupState::Peringatan),
            (99, BackupState::Peringatan),
            (100, BackupState::Langgar),
        ] {
            assert_eq!(state(Some(s(0)), Some(100), true, s(age)), expected, "{age}");
        }
        assert_eq!(state(None, Some(100), true, s(0)), BackupState::TanpaCadangan);
        assert_eq!(state(Some(s(0)), None, true, s(0)), BackupState::BelumDitetapkan);
        assert_eq!(state(Some(s(0)), None, false, s(0)), BackupState::Informasi);
    }

    #[test]
    fn only_whole_backups_of_the_past_are_usable() {
        let s = Timestamp::from_secs;
        let good = Backup {
            data_time: s(1000),
            end: s(1100),
            status: BackupStatus::Ok,
            size_bytes: Some(10),
            estimated: false,
        };
        for (name, backup, at, usable) in [
            ("good", good, 1100, true),
            ("not ended", good, 1099, false),
            ("failed", Backup { status: BackupStatus::Failed, ..good }, 1100, false),
            ("empty", Backup { size_bytes: Some(0), ..good }, 1100, false),
            ("small", Backup { size_bytes: Some(9), ..good }, 1100, false),
            ("from the future", Backup { data_time: s(1401), ..good }, 2000, false),
        ] {
            assert_eq!(backup.usable_at(s(at), 10), usable, "{name}");
        }
        let older = Backup { data_time: s(500), end: s(1200), ..good };
        assert_eq!(newest_usable(&[good, older], s(1300), 1), Some(good));
    }
}
