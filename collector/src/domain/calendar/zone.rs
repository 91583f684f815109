//! Local dates in a zone and the instants that belong to them.
//!
//! A local date holds the instants whose wall clock shows it; it begins at the first of them. Where midnight is skipped
//! the day begins at the first reading after it; a date that a zone left out (Samoa, 30 December 2011) is empty. Offsets
//! are whole seconds and change at most once within one local day; all known zones keep to that.

use super::{DAY_MS, LAID_OUT};
use crate::domain::interval::Interval;
use chrono::{Datelike, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Timelike};
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;

/// The date that the wall clock in `zone` shows at `at`; of an instant before 1900 or after 2999, the nearest in between.
pub fn local_date(zone: Tz, at: Timestamp) -> NaiveDate {
    let utc = at.clamp(LAID_OUT.from, LAID_OUT.to).to_utc().naive_utc();
    let offset = zone.offset_from_utc_datetime(&utc).fix();
    utc.checked_add_offset(offset).unwrap_or(utc).date()
}

/// What the wall clock in `zone` shows at `at`; bounded as [`local_date`].
pub fn local_time(zone: Tz, at: Timestamp) -> NaiveDateTime {
    let utc = at.clamp(LAID_OUT.from, LAID_OUT.to).to_utc().naive_utc();
    utc.checked_add_offset(zone.offset_from_utc_datetime(&utc).fix()).unwrap_or(utc)
}

/// The first instant at which the wall clock in `zone` shows `local`, or, where a change of the clocks skips that reading,
/// the first instant after it.
pub fn instant_of(zone: Tz, local: NaiveDateTime) -> Timestamp {
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(at) | MappedLocalTime::Ambiguous(at, _) => Timestamp::from_ms(at.timestamp_millis()),
        MappedLocalTime::None => {
            let as_utc = Timestamp::from_ms(local.and_utc().timestamp_millis());
            let around = Interval::new(as_utc.plus_ms(-27 * 3_600_000), as_utc.plus_ms(27 * 3_600_000));
            first_second(around, |at| local_time(zone, at) >= local)
        }
    }
}

/// The year of [`local_date`].
pub fn local_year(zone: Tz, at: Timestamp) -> u16 {
    u16::try_from(local_date(zone, at).year()).unwrap_or(0)
}

/// Minutes that the wall clock in `zone` has counted since midnight, 0 to 1439; clamped as [`local_date`].
pub fn minute_of_day(zone: Tz, at: Timestamp) -> u16 {
    u16::try_from(local_time(zone, at).num_seconds_from_midnight() / 60).unwrap_or(0)
}

/// The first instant of a local date.
pub fn day_start(zone: Tz, date: NaiveDate) -> Timestamp {
    match zone.from_local_datetime(&date.and_time(NaiveTime::MIN)) {
        MappedLocalTime::Single(start) => Timestamp::from_ms(start.timestamp_millis()),
        MappedLocalTime::Ambiguous(..) | MappedLocalTime::None => {
            let midnight_utc = midnight_at_offset(date, 0);
            // No zone is 27 hours from UTC.
            let around = Interval::new(midnight_utc.plus_ms(-27 * 3_600_000), midnight_utc.plus_ms(27 * 3_600_000));
            first_second(around, |at| local_date(zone, at) >= date)
        }
    }
}

/// The instants of a local date.
pub fn day(zone: Tz, date: NaiveDate) -> Interval {
    let start = day_start(zone, date);
    Interval::new(start, date.succ_opt().map_or(start, |next| day_start(zone, next)))
}

/// The local dates of the `count` days that end with the one that holds `last`, oldest first, with their instants.
pub fn last_days(zone: Tz, last: Timestamp, count: u32) -> Vec<(NaiveDate, Interval)> {
    let last = local_date(zone, last);
    let dates = (0..count).rev().filter_map(|back| last.checked_sub_days(chrono::Days::new(u64::from(back))));
    dates.map(|date| (date, day(zone, date))).collect()
}

/// One local date.
pub(super) struct LocalDay {
    pub(super) date: NaiveDate,
    pub(super) interval: Interval,
    /// The offset, where it is the same all day.
    offset_ms: Option<i64>,
}

/// The local dates that share instants with `window`, which is not empty, in order of time. An ordinary day costs one
/// look-up of the zone: it begins at midnight and the same offset holds a day later.
pub(super) fn days(zone: Tz, window: Interval) -> impl Iterator<Item = LocalDay> {
    let mut date = local_date(zone, window.from);
    let mut start = day_start(zone, date);
    let mut offset = offset_ms(zone, start);
    std::iter::from_fn(move || {
        if start >= window.to {
            return None;
        }
        let next = date.succ_opt()?;
        let day_later = start.plus_ms(DAY_MS);
        let later_offset = offset_ms(zone, day_later);
        let ordinary = later_offset == offset && midnight_at_offset(date, offset) == start;
        let end = if ordinary { day_later } else { day_start(zone, next) };
        let day = LocalDay { date, interval: Interval::new(start, end), offset_ms: ordinary.then_some(offset) };
        offset = if ordinary { later_offset } else { offset_ms(zone, end) };
        (date, start) = (next, end);
        Some(day)
    })
}

impl LocalDay {
    /// Visits the parts that have one offset each, in order of time, with the offset in milliseconds.
    pub(super) fn for_each_offset(&self, zone: Tz, mut visit: impl FnMut(Interval, i64)) {
        let day = self.interval;
        if day.is_empty() {
            return;
        }
        if let Some(offset) = self.offset_ms {
            return visit(day, offset);
        }
        let (first, last) = (offset_ms(zone, day.from), offset_ms(zone, day.to.plus_ms(-1)));
        if first == last {
            return visit(day, first);
        }
        let change = first_second(day, |at| offset_ms(zone, at) != first);
        visit(Interval::new(day.from, change), first);
        visit(Interval::new(change, day.to), last);
    }
}

/// The instant at which a wall clock that is `offset_ms` ahead of UTC shows midnight of `date`.
pub(super) fn midnight_at_offset(date: NaiveDate, offset_ms: i64) -> Timestamp {
    Timestamp::from_ms(date.and_time(NaiveTime::MIN).and_utc().timestamp_millis()).plus_ms(-offset_ms)
}

fn offset_ms(zone: Tz, at: Timestamp) -> i64 {
    i64::from(zone.offset_from_utc_datetime(&at.to_utc().naive_utc()).fix().local_minus_utc()) * 1000
}

/// The first whole second in `within` for which `holds`, which must stay true once it is.
fn first_second(within: Interval, holds: impl Fn(Timestamp) -> bool) -> Timestamp {
    let (mut low, mut high) = (within.from.as_secs(), within.to.as_secs());
    while low < high {
        // Not `midpoint`: that rounds towards zero, which never ends before 1970.
        let middle = low + (high - low) / 2;
        if holds(Timestamp::from_secs(middle)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Timestamp::from_secs(low)
}
