//! Local dates in a zone and the instants that belong to them.
//!
//! A local date holds the instants whose wall clock shows it; it begins at the first of them. Where midnight is skipped
//! the day begins at the first reading after it; a date that a zone left out (Samoa, 30 December 2011) is empty. Offsets
//! are whole seconds and change at most once within one local day; all known zones keep to that.

use super::DAY_MS;
use crate::domain::interval::Interval;
use chrono::{MappedLocalTime, NaiveDate, NaiveTime, Offset, TimeZone, Timelike};
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;

/// The date that the wall clock in `zone` shows at `at`.
pub fn local_date(zone: Tz, at: Timestamp) -> NaiveDate {
    let utc = at.to_utc().naive_utc();
    let offset = zone.offset_from_utc_datetime(&utc).fix();
    utc.checked_add_offset(offset).unwrap_or(utc).date()
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
    Interval::new(start, date.succ_opt().map_or(start, |next| next_day_start(zone, start, next)))
}

/// The local dates of the `count` days that end with the one that holds `last`, oldest first, with their instants.
pub fn last_days(zone: Tz, last: Timestamp, count: u32) -> Vec<(NaiveDate, Interval)> {
    let last = local_date(zone, last);
    let dates = (0..count).rev().filter_map(|back| last.checked_sub_days(chrono::Days::new(u64::from(back))));
    dates.map(|date| (date, day(zone, date))).collect()
}

/// The start of the day after the one that starts at `start`. Saves the search where a day has 24 hours.
pub(super) fn next_day_start(zone: Tz, start: Timestamp, next: NaiveDate) -> Timestamp {
    let likely = start.plus_ms(DAY_MS);
    let local = zone.from_utc_datetime(&likely.to_utc().naive_utc()).naive_local();
    if local.date() == next && local.time().num_seconds_from_midnight() == 0 { likely } else { day_start(zone, next) }
}

/// Visits the parts of `day` that have one offset each, in order of time, with the offset in milliseconds.
pub(super) fn for_each_offset(zone: Tz, day: Interval, mut visit: impl FnMut(Interval, i64)) {
    if day.is_empty() {
        return;
    }
    let (first, last) = (offset_ms(zone, day.from), offset_ms(zone, day.to.plus_ms(-1)));
    if first == last {
        return visit(day, first);
    }
    let change = first_second(day, |at| offset_ms(zone, at) != first);
    visit(Interval::new(day.from, change), first);
    visit(Interval::new(change, day.to), last);
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
        let middle = low.midpoint(high);
        if holds(Timestamp::from_secs(middle)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Timestamp::from_secs(low)
}
