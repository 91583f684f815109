//! What was agreed about a service's availability besides its target: how time counts, and over which period.

use crate::domain::availability::Policy;
use crate::domain::calendar::PeriodKind;
use crate::domain::calendar::period::Period;
use crate::domain::calendar::zone;
use chrono::NaiveDate;
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;

/// So long after its end a period may still change; after that it is closed (engines A.2).
pub const CLOSES_AFTER_S: i64 = 72 * 3600;

/// How a service's time is counted and judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreement {
    /// Maintenance, notice, cap, degraded time, coverage (G26).
    pub policy: Policy,
    /// Over which period the target is agreed (G22).
    pub target_period: PeriodKind,
}

impl Default for Agreement {
    /// The product's policy over the calendar month.
    fn default() -> Self {
        Self { policy: Policy::default(), target_period: PeriodKind::Month }
    }
}

/// What becomes of a revision whose terms are to begin at a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Onset {
    /// No date: from now on.
    Now,
    /// From an instant that is still to come.
    Later(Timestamp),
    /// From an instant within the open months: figures already shown change.
    Earlier(Timestamp),
    /// It lies in a month that is closed: what was reported there stays. The first date that is not.
    Closed(NaiveDate),
}

impl Onset {
    /// Of terms that are to begin with `date` in `zone`.
    pub fn of(date: Option<NaiveDate>, zone: Tz, now: Timestamp) -> Self {
        let Some(date) = date else { return Self::Now };
        let open = Period::containing_instant(PeriodKind::Month, zone, now.plus_secs(-CLOSES_AFTER_S));
        let from = zone::day_start(zone, date);
        if date < open.first_date() {
            Self::Closed(open.first_date())
        } else if from > now {
            Self::Later(from)
        } else {
            Self::Earlier(from)
        }
    }
}
