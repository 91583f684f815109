//! What a correction changes: the seconds of every month it touches, before and after. Shown before it is approved, and kept
//! with the approval. Counted by the one set of rules ([`crate::service_period`]); knows nothing of how it is shown.

use crate::domain::calendar::{Period, PeriodKind};
use crate::domain::register::correction::MonthChange;
use crate::domain::register::{CorrectionEntry, Register};
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
    let mut period = Period::containing_instant(PeriodKind::Month, rulebook.zone(), about.from);
    let mut changes = Vec::new();
    while period.interval(rulebook.zone()).from < about.to && changes.len() < MONTHS_MAX {
        let counts = |rules: &Rulebook| {
            service_period::load(reader, rules, &entry.service, period, now).map(|judged| judged.figures.counts)
        };
        changes.push(MonthChange { month: period.first_date(), before: counts(rulebook)?, after: counts(&corrected)? });
        period = period.next();
    }
    Ok(changes)
}
