//! What a correction changes: the seconds of every month it touches, before and after; of late records of backups the set's
//! figures against its RPO. Shown before it is approved, and kept
//! with the approval. Counted by the one set of rules ([`crate::service_period`]); knows nothing of how it is shown.

use crate::backup_period;
use crate::domain::calendar::{Period, PeriodKind};
use crate::domain::interval::Interval;
use crate::domain::register::correction::MonthChange;
use crate::domain::register::{Claim, CorrectionEntry, CorrectionStatus, LateBackups, Register, RpoFigures, RpoMonth};
use crate::rulebook::Rulebook;
use crate::service_period;
use crate::store::{Reader, StoreError};
use pantau_shared::timestamp::Timestamp;

/// Months that are shown at most; a correction spans at most a year.
const MONTHS_MAX: usize = 14;

/// The months of `entry`, which is not approved yet, oldest first; of a withdrawal those of what it withdraws.
///
/// # Errors
/// What the store says.
pub fn load(
    reader: &Reader,
    rulebook: &Rulebook,
    register: &Register,
    entry: &CorrectionEntry,
    now: Timestamp,
) -> Result<Vec<MonthChange>, StoreError> {
    let (Some(about), Some(correction)) = (entry.about(register), entry.proposed_effect(register)) else {
        return Ok(Vec::new());
    };
    let corrected = rulebook.corrected(&entry.service, correction);
    let mut changes = Vec::new();
    for period in months(rulebook, about) {
        let counts = |rules: &Rulebook| {
            service_period::load(reader, rules, &entry.service, period, now).map(|judged| judged.figures.counts)
        };
        changes.push(MonthChange { month: period.first_date(), before: counts(rulebook)?, after: counts(&corrected)? });
    }
    Ok(changes)
}

/// The months that an interval touches, oldest first.
fn months(rulebook: &Rulebook, about: Interval) -> impl Iterator<Item = Period> {
    let zone = rulebook.zone();
    let first = Period::containing_instant(PeriodKind::Month, zone, about.from);
    let all = std::iter::successors(Some(first), |period| Some(period.next()));
    all.take_while(move |period| period.interval(zone).from < about.to).take(MONTHS_MAX)
}

/// What a correction changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Effect {
    /// Seconds of the service.
    pub seconds: Vec<MonthChange>,
    /// Figures of a backup set.
    pub backups: Vec<RpoMonth>,
}

impl Effect {
    /// Of a decided entry, as it was kept.
    pub fn kept(entry: &CorrectionEntry) -> Self {
        let backups = entry.backups.as_ref().map(|late| late.figures.clone()).unwrap_or_default();
        Self { seconds: entry.figures.clone(), backups }
    }

    /// Of an entry that waits, as it would be approved now; of one that is decided, as it was kept.
    ///
    /// # Errors
    /// What the store says.
    pub fn load(
        reader: &Reader,
        rulebook: &Rulebook,
        register: &Register,
        entry: &CorrectionEntry,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        match entry.status {
            CorrectionStatus::Proposed => Ok(Self {
                seconds: load(reader, rulebook, register, entry, now)?,
                backups: load_backups(reader, rulebook, register, entry, now)?,
            }),
            CorrectionStatus::Approved | CorrectionStatus::Rejected | CorrectionStatus::Withdrawn => {
                Ok(Self::kept(entry))
            }
        }
    }
}

/// The late records that `entry` is about: its own, or those of the record that it withdraws, with that record's number.
pub fn late_of<'a>(register: &'a Register, entry: &'a CorrectionEntry) -> Option<(u32, &'a LateBackups)> {
    match entry.claim {
        Claim::Backups(_) => entry.backups.as_ref().map(|late| (entry.number, late)),
        Claim::Withdraw(number) => register.correction(number)?.backups.as_ref().map(|late| (number, late)),
        Claim::Exclude(_) | Claim::State(..) => None,
    }
}

/// The months of a set whose late records `entry` is about, which is not decided yet; empty for any other.
///
/// # Errors
/// What the store says.
pub fn load_backups(
    reader: &Reader,
    rulebook: &Rulebook,
    register: &Register,
    entry: &CorrectionEntry,
    now: Timestamp,
) -> Result<Vec<RpoMonth>, StoreError> {
    let (Some(about), Some((number, late))) = (entry.about(register), late_of(register, entry)) else {
        return Ok(Vec::new());
    };
    let decided = rulebook.with_flipped(register, number);
    let of = (&entry.service, &late.set);
    let side = |rules: &Rulebook, period: Period| -> Result<Option<RpoFigures>, StoreError> {
        let interval = period.interval(rules.zone());
        let (told, watched) = backup_period::of_set(reader, rules, of, interval, now)?;
        let counted_s = watched.counted(interval).length_s();
        Ok(told.figures.map(|figures| RpoFigures::new(&figures, counted_s)))
    };
    let month = |period: Period| -> Result<RpoMonth, StoreError> {
        let (before, after) = (side(rulebook, period)?, side(&decided, period)?);
        Ok(RpoMonth { month: period.first_date(), before, after })
    };
    months(rulebook, about).map(month).collect()
}
