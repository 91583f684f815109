//! Service time and working time: which instants are open.
//!
//! **Open** is a property of one instant: it is open when its wall clock reading in the calendar's zone lies in an open
//! interval of its local date. That one sentence settles the days of a clock change: a reading that is skipped opens
//! nothing, a reading that occurs twice is open twice, and a day has 23 or 25 hours of `24x7`. Which hours a date has,
//! first match wins: holiday → closed (unless `holidays_open`); the last given override whose dates include it; the
//! weekly hours.
//!
//! `24x7` ([`Hours::Always`]) as the base is every instant: neither holidays nor overrides close it. A calendar that is
//! open all day but closed on holidays says `00:00-24:00` for each weekday.
//!
//! Dates of overrides are inclusive at both ends, as an office writes them (8 February to 9 March). Everything with
//! instants is half-open. Knows nothing of targets or tickets; the zone never leaves this module and the rim.

pub mod hours;
pub mod period;
pub mod zone;

use super::interval::{Interval, IntervalSet};
use chrono::{Datelike, NaiveDate};
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeSet;

pub use hours::{HoursError, MinuteOfDay, WeeklyHours};
pub use period::{Period, PeriodError, PeriodKind};

/// The zone of the regulation's office: WIB, UTC+7, no daylight saving time.
pub const DEFAULT_ZONE: Tz = Tz::Asia__Jakarta;

/// A calendar without open time for so many days is refused where working time is added.
pub const CLOSED_DAYS_MAX: i64 = 60;

/// [`Calendar::add_open`] looks at most this far ahead.
pub const ADD_OPEN_DAYS_MAX: i64 = 3660;

const DAY_MS: i64 = 86_400_000;

/// Open hours of any date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hours {
    /// Every instant.
    Always,
    /// By weekday.
    Weekly(WeeklyHours),
}

/// Other hours for a range of dates (Ramadan).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarOverride {
    /// The first date.
    pub first: NaiveDate,
    /// The last date, included.
    pub last: NaiveDate,
    /// The hours in that range.
    pub hours: Hours,
}

/// Which instants are open; see the module text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// Whose wall clock counts.
    pub zone: Tz,
    /// The hours of an ordinary week.
    pub hours: Hours,
    /// Other hours for ranges of dates; of several that include a date the last counts.
    pub overrides: Vec<CalendarOverride>,
    /// Public holidays and *cuti bersama*.
    pub holidays: BTreeSet<NaiveDate>,
    /// Whether holidays have the hours of any other date.
    pub holidays_open: bool,
}

/// Why an instant in open time could not be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddOpenError {
    /// The calendar is closed for too long.
    #[error("the calendar has no open time in {CLOSED_DAYS_MAX} days from {from}")]
    NoOpenTime {
        /// From when on.
        from: Timestamp,
    },
    /// The duration is not used up within [`ADD_OPEN_DAYS_MAX`].
    #[error("{duration_s} s of open time from {start} are not used up in {ADD_OPEN_DAYS_MAX} days")]
    TooFar {
        /// From when on.
        start: Timestamp,
        /// The open time wanted, in seconds.
        duration_s: u64,
    },
}

impl Calendar {
    /// Every instant, in `zone`.
    pub const fn always(zone: Tz) -> Self {
        Self { zone, hours: Hours::Always, overrides: Vec::new(), holidays: BTreeSet::new(), holidays_open: false }
    }

    /// Weekly hours in `zone`, without overrides or holidays.
    pub fn weekly(zone: Tz, hours: WeeklyHours) -> Self {
        Self { hours: Hours::Weekly(hours), ..Self::always(zone) }
    }

    /// The open instants of `window`. Costs the number of days in it, nothing for `24x7`.
    pub fn open_in(&self, window: Interval) -> IntervalSet {
        let mut open = IntervalSet::empty();
        if window.is_empty() {
            return open;
        }
        if self.hours == Hours::Always {
            return window.into();
        }
        for day in zone::days(self.zone, window) {
            self.open_on(&day, |interval| open.push_ordered(interval.intersection(window)));
        }
        open
    }

    /// The instant at which `duration_s` of open time from `start` on is used up (*tambah*). A duration that ends
    /// exactly at closing time ends at that closing time; a duration of 0 ends at the first open instant.
    ///
    /// # Errors
    /// [`AddOpenError`] when the calendar stays closed for [`CLOSED_DAYS_MAX`] days, or the end lies too far ahead.
    pub fn add_open(&self, start: Timestamp, duration_s: u64) -> Result<Timestamp, AddOpenError> {
        let mut left_ms = duration_s.saturating_mul(1000);
        let mut from = start;
        for _ in 0..ADD_OPEN_DAYS_MAX / CLOSED_DAYS_MAX {
            let to = from.plus_ms(CLOSED_DAYS_MAX * DAY_MS);
            let open = self.open_in(Interval::new(from, to));
            if open.is_empty() {
                return Err(AddOpenError::NoOpenTime { from });
            }
            for interval in &open {
                if left_ms <= interval.length_ms() {
                    return Ok(interval.from.plus_ms(i64::try_from(left_ms).unwrap_or(i64::MAX)));
                }
                left_ms -= interval.length_ms();
            }
            from = to;
        }
        Err(AddOpenError::TooFar { start, duration_s })
    }

    /// Open time between two instants in whole seconds (*selisih*); 0 when `to` is not after `from`.
    pub fn open_between(&self, from: Timestamp, to: Timestamp) -> u64 {
        self.open_in(Interval::new(from, to)).length_s()
    }

    /// The hours that `date` has; `None`: closed all day.
    fn hours_on(&self, date: NaiveDate) -> Option<&Hours> {
        if !self.holidays_open && self.holidays.contains(&date) {
            return None;
        }
        let overriding = self.overrides.iter().rev().find(|o| o.first <= date && date <= o.last);
        Some(overriding.map_or(&self.hours, |o| &o.hours))
    }

    /// Visits the open intervals of one local day in order of time.
    fn open_on(&self, day: &zone::LocalDay, mut visit: impl FnMut(Interval)) {
        let weekly = match self.hours_on(day.date) {
            None => return,
            Some(Hours::Always) => return visit(day.interval),
            Some(Hours::Weekly(weekly)) => weekly,
        };
        let open = weekly.on(day.date.weekday());
        day.for_each_offset(self.zone, |part, offset_ms| {
            let midnight = zone::midnight_at_offset(day.date, offset_ms);
            for (opens, closes) in open {
                let hours = Interval::new(midnight.plus_ms(opens.as_ms()), midnight.plus_ms(closes.as_ms()));
                visit(hours.intersection(part));
            }
        });
    }
}

#[cfg(test)]
mod tests;
