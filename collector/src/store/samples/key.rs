//! Keys of chunks and roll-ups: `unit << 24 | host number`. Knows the calendar of UTC only; nothing of bodies.

use pantau_shared::timestamp::Timestamp;

/// Milliseconds of an hour.
pub(in crate::store) const HOUR_MS: i64 = 3_600_000;

/// Bits of a host's number: 16.7 million hosts in a store's life.
const HOST_BITS: u32 = 24;

/// The instants that have a key: 1970 up to the year 10000.
const INSTANTS_MS: std::ops::Range<i64> = 0..253_402_300_800_000;

/// A host's number, and the number of an hour, day or month since 1970 in UTC. Sorts by time, then host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::store) struct Key {
    /// Hour, day or month.
    pub(in crate::store) unit: i64,
    /// The host.
    pub(in crate::store) host: i64,
}

impl Key {
    /// As kept in a table.
    pub(in crate::store) const fn number(self) -> i64 {
        (self.unit << HOST_BITS) | self.host
    }

    /// From a table.
    pub(in crate::store) const fn of(number: i64) -> Self {
        Self { unit: number >> HOST_BITS, host: number & ((1 << HOST_BITS) - 1) }
    }

    /// The lowest number of a unit: everything older is below it.
    pub(in crate::store) const fn floor(unit: i64) -> i64 {
        unit << HOST_BITS
    }
}

/// The number of the hour of `at`; none for an instant that no clock of ours shows.
pub(in crate::store) fn hour_of(at: Timestamp) -> Option<i64> {
    INSTANTS_MS.contains(&at.as_ms()).then(|| at.as_ms() / HOUR_MS)
}

/// The hour of `at`, the nearest one that has a key.
pub(in crate::store) fn hour_near(at: Timestamp) -> i64 {
    at.as_ms().clamp(INSTANTS_MS.start, INSTANTS_MS.end - 1) / HOUR_MS
}

/// When an hour begins.
pub(in crate::store) const fn hour_begins(hour: i64) -> Timestamp {
    Timestamp::from_ms(hour * HOUR_MS)
}

/// The day of an hour.
pub(in crate::store) const fn day_of(hour: i64) -> i64 {
    hour.div_euclid(24)
}

/// The month of an hour: months since January 1970. By the rule of the proleptic Gregorian calendar (days counted from
/// 1 March, in cycles of 400 years of 146,097 days).
pub(in crate::store) const fn month_of(hour: i64) -> i64 {
    let days = day_of(hour) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let march_year = era * 400 + year_of_era;
    (march_year - 1970) * 12 + from_march + 2
}

/// When a month begins.
pub(in crate::store) fn month_begins(month: i64) -> Timestamp {
    // Months are at most 31 days: from 31 × month days on, back to the first day of that month.
    let mut day = (month * 31).min(i64::MAX / 25);
    while day > 0 && month_of(day * 24) > month {
        day -= 1;
    }
    while day > 0 && month_of((day - 1) * 24) == month {
        day -= 1;
    }
    hour_begins(day * 24)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Datelike;

    #[test]
    fn months_are_those_of_the_calendar() {
        for day in (0..60_000).step_by(1) {
            let date = Timestamp::from_secs(day * 86_400).to_utc();
            let expected = i64::from(date.year() - 1970) * 12 + i64::from(date.month0());
            assert_eq!(month_of(day * 24 + 23), expected, "{date}");
        }
    }

    #[test]
    fn keys_sort_by_time_then_host_and_come_back() {
        let keys = [Key { unit: 5, host: 9 }, Key { unit: 6, host: 1 }, Key { unit: 6, host: 2 }];
        assert!(keys.is_sorted() && keys.map(Key::number).is_sorted());
        assert_eq!(keys.map(|key| Key::of(key.number())), keys);
        assert!(Key::floor(6) <= keys[1].number() && Key::floor(6) > keys[0].number());
        assert_eq!(hour_of(Timestamp::from_ms(-1)), None);
        assert_eq!(hour_of(Timestamp::from_ms(HOUR_MS)), Some(1));
        assert_eq!(hour_near(Timestamp::from_ms(i64::MIN)), 0);
    }
}
