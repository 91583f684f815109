//! Periods of the local calendar: day, week (from Monday), month, quarter, year.
//!
//! Written `2026-06-14`, `2026-W24` (ISO 8601), `2026-06`, `2026-Q2`, `2026`; parsing and printing are inverse.

use super::zone;
use crate::domain::interval::Interval;
use chrono::{Datelike, Days, Months, NaiveDate, Weekday};
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;
use std::fmt;

/// The years in which periods may begin.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2999;

/// How long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeriodKind {
    /// A local date.
    Day,
    /// Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
    /// Three months from January, April, July or October.
    Quarter,
    /// A calendar year.
    Year,
}

/// One period of the local calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    kind: PeriodKind,
    first: NaiveDate,
}

/// Text that is no period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("period {text:?} is none of 2026, 2026-Q2, 2026-06, 2026-W24, 2026-06-14 (years 1970 to 2999)")]
pub struct PeriodError {
    /// What was given, shortened.
    pub text: String,
}

impl Period {
    /// The period of that kind that holds `date`.
    pub fn containing(kind: PeriodKind, date: NaiveDate) -> Self {
        let month_of = |month| NaiveDate::from_ymd_opt(date.year(), month, 1);
        let first = match kind {
            PeriodKind::Day => Some(date),
            PeriodKind::Week => date.checked_sub_days(Days::new(u64::from(date.weekday().num_days_from_monday()))),
            PeriodKind::Month => month_of(date.month()),
            PeriodKind::Quarter => month_of(date.month0() / 3 * 3 + 1),
            PeriodKind::Year => month_of(1),
        };
        Self { kind, first: first.unwrap_or(date) }
    }

    /// The period of that kind in `zone` that holds the instant `at`.
    pub fn containing_instant(kind: PeriodKind, zone: Tz, at: Timestamp) -> Self {
        Self::containing(kind, zone::local_date(zone, at))
    }

    /// Parses the forms of the module text.
    ///
    /// # Errors
    /// [`PeriodError`] for any other text.
    pub fn parse(text: &str) -> Result<Self, PeriodError> {
        Self::parse_parts(text)
            .filter(|period| YEARS.contains(&period.first.year()) && period.to_string() == text)
            .ok_or_else(|| PeriodError { text: text.chars().take(32).collect() })
    }

    /// Reads leniently; [`Period::parse`] accepts only what prints as it was written.
    fn parse_parts(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let year: i32 = parts.next()?.parse().ok()?;
        let (kind, first) = match (parts.next(), parts.next()) {
            (None, _) => (PeriodKind::Year, NaiveDate::from_ymd_opt(year, 1, 1)?),
            (Some(month), Some(day)) => {
                (PeriodKind::Day, NaiveDate::from_ymd_opt(year, month.parse().ok()?, day.parse().ok()?)?)
            }
            (Some(part), None) => {
                if let Some(quarter) = part.strip_prefix('Q') {
                    let quarter = quarter.parse::<u32>().ok().filter(|q| (1..=4).contains(q))?;
                    (PeriodKind::Quarter, NaiveDate::from_ymd_opt(year, quarter * 3 - 2, 1)?)
                } else if let Some(week) = part.strip_prefix('W') {
                    (PeriodKind::Week, NaiveDate::from_isoywd_opt(year, week.parse().ok()?, Weekday::Mon)?)
                } else {
                    (PeriodKind::Month, NaiveDate::from_ymd_opt(year, part.parse().ok()?, 1)?)
                }
            }
        };
        Some(Self { kind, first })
    }

    /// How long it is.
    pub const fn kind(self) -> PeriodKind {
        self.kind
    }

    /// Its first local date.
    pub const fn first_date(self) -> NaiveDate {
        self.first
    }

    /// The first local date after it.
    pub fn end_date(self) -> NaiveDate {
        let end = match self.kind {
            PeriodKind::Day => self.first.succ_opt(),
            PeriodKind::Week => self.first.checked_add_days(Days::new(7)),
            PeriodKind::Month => self.first.checked_add_months(Months::new(1)),
            PeriodKind::Quarter => self.first.checked_add_months(Months::new(3)),
            PeriodKind::Year => self.first.checked_add_months(Months::new(12)),
        };
        end.unwrap_or(NaiveDate::MAX)
    }

    /// The period of the same kind that follows.
    #[must_use]
    pub fn next(self) -> Self {
        Self::containing(self.kind, self.end_date())
    }

    /// The period of the same kind before it.
    #[must_use]
    pub fn previous(self) -> Self {
        self.first.pred_opt().map_or(self, |date| Self::containing(self.kind, date))
    }

    /// Its instants in `zone`.
    pub fn interval(self, zone: Tz) -> Interval {
        Interval::new(zone::day_start(zone, self.first), zone::day_start(zone, self.end_date()))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month) = (self.first.year(), self.first.month());
        match self.kind {
            PeriodKind::Day => write!(f, "{}", self.first.format("%Y-%m-%d")),
            PeriodKind::Week => write!(f, "{}", self.first.format("%G-W%V")),
            PeriodKind::Month => write!(f, "{year:04}-{month:02}"),
            PeriodKind::Quarter => write!(f, "{year:04}-Q{}", month.div_ceil(3)),
            PeriodKind::Year => write!(f, "{year:04}"),
        }
    }
}
