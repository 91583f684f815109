//! When a backup is to run: by a cron line in a zone, or so long after the last one.
//!
//! A cron line has five fields and is read in the office's zone unless it names another: zones are what people err in
//! most. A time that a change of clocks leaves out runs right after it; one that comes twice runs once.
//!
//! Slots and gaps are bounded: a line that fires every minute costs no more than one that fires nightly.

use chrono::{DateTime, TimeZone};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use pantau_shared::timestamp::Timestamp;

/// So many slots are looked through for the longest gap: thirteen months of an hourly line.
const GAP_SLOTS_MAX: usize = 10_000;
/// From where gaps are looked for: a leap year follows, so 29 February is in it. Thursday 1 June 2023, 00:00 UTC.
const GAP_FROM: Timestamp = Timestamp::from_secs(1_685_577_600);
/// Gaps are looked for over so many seconds: two years.
const GAP_SPAN_S: i64 = 2 * 366 * 86_400;

/// A plan of runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Schedule {
    /// By a cron line; its zone is the office's when none is named.
    Cron {
        /// As it was written.
        text: String,
        /// As it was read.
        cron: Box<Cron>,
        /// Of which zone its hours are.
        zone: Option<Tz>,
    },
    /// So many seconds after the begin of the last run.
    Every(u32),
}

impl Schedule {
    /// Reads a cron line of five fields.
    ///
    /// # Errors
    /// What is wrong with it, in English.
    pub fn cron(text: &str, zone: Option<Tz>) -> Result<Self, String> {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(text).map_err(|error| error.to_string())?;
        let schedule = Self::Cron { text: text.to_owned(), cron: Box::new(cron), zone };
        match schedule.next_after(GAP_FROM, zone.unwrap_or(Tz::UTC)) {
            Some(_) => Ok(schedule),
            None => Err("it never comes true".to_owned()),
        }
    }

    /// As it was written.
    pub fn text(&self) -> String {
        match self {
            Self::Cron { text, .. } => text.clone(),
            Self::Every(seconds) => format!("{seconds}s"),
        }
    }

    /// The first slot after `at`; none for a plan without fixed slots.
    pub fn next_after(&self, at: Timestamp, office: Tz) -> Option<Timestamp> {
        let Self::Cron { cron, zone, .. } = self else { return None };
        let local: DateTime<Tz> = zone.unwrap_or(office).from_utc_datetime(&at.to_utc().naive_utc());
        let next = cron.find_next_occurrence(&local, false).ok()?;
        Some(Timestamp::from_ms(next.timestamp_millis())).filter(|next| *next > at)
    }

    /// The slots in `[from, to)` in order, at most `max`: the newest ones. `last_run` is the begin of the newest run.
    pub fn slots(
        &self,
        office: Tz,
        from: Timestamp,
        to: Timestamp,
        last_run: Option<Timestamp>,
        max: usize,
    ) -> Vec<Timestamp> {
        match self {
            Self::Every(seconds) => {
                // Every run moves the next slot: only the one after the newest run can be missed.
                let slot = last_run.unwrap_or(from).max(from).plus_secs((*seconds).into());
                Some(slot).filter(|slot| *slot < to).into_iter().collect()
            }
            Self::Cron { cron, zone, .. } => {
                let local = |at: Timestamp| zone.unwrap_or(office).from_utc_datetime(&at.to_utc().naive_utc());
                let before = cron.iter_before(local(to));
                let mut slots: Vec<Timestamp> = before
                    .map(|slot| Timestamp::from_ms(slot.timestamp_millis()))
                    .take_while(|slot| *slot >= from)
                    .take(max)
                    .collect();
                slots.reverse();
                slots
            }
        }
    }

    /// The longest time between two slots in seconds: with the length of a run the exposure that it leads to at best.
    pub fn gap_s_max(&self, office: Tz) -> u64 {
        match self {
            Self::Every(seconds) => (*seconds).into(),
            Self::Cron { .. } => {
                let (end, length_s) = (GAP_FROM.plus_secs(GAP_SPAN_S), |ms: i64| u64::try_from(ms / 1000).unwrap_or(0));
                let Some(mut at) = self.next_after(GAP_FROM, office) else { return length_s(GAP_SPAN_S * 1000) };
                let mut longest = 0;
                for _ in 0..GAP_SLOTS_MAX {
                    let next = self.next_after(at, office).filter(|next| *next < end);
                    // What comes once in all that time has a gap of all that time.
                    let Some(next) = next else {
                        return if longest == 0 { length_s(GAP_SPAN_S * 1000) } else { longest };
                    };
                    longest = longest.max(length_s(next.ms_since(at)));
                    at = next;
                }
                longest
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Asia::{Jakarta, Jayapura};
    use chrono_tz::Europe::Berlin;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).expect("valid")
    }

    fn cron(text: &str, zone: Option<Tz>) -> Schedule {
        Schedule::cron(text, zone).expect("valid")
    }

    #[test]
    fn slots_are_of_the_zone_that_is_named_or_of_the_office() {
        let nightly = cron("30 1 * * *", None);
        assert_eq!(nightly.next_after(at("2026-06-01T00:00:00+07:00"), Jakarta), Some(at("2026-06-01T01:30:00+07:00")));
        assert_eq!(nightly.next_after(at("2026-06-01T01:30:00+07:00"), Jakarta), Some(at("2026-06-02T01:30:00+07:00")));
        let papua = cron("30 1 * * *", Some(Jayapura));
        assert_eq!(papua.next_after(at("2026-06-01T00:00:00+07:00"), Jakarta), Some(at("2026-06-02T01:30:00+09:00")));
    }

    #[test]
    fn the_newest_slots_of_a_window_come_in_order() {
        let hourly = cron("0 * * * *", None);
        let (from, to) = (at("2026-06-01T00:00:00+07:00"), at("2026-06-01T05:00:00+07:00"));
        let hour = |hour: i64| from.plus_secs(hour * 3600);
        assert_eq!(hourly.slots(Jakarta, from, to, None, 99), (0..5).map(hour).collect::<Vec<_>>());
        assert_eq!(hourly.slots(Jakarta, from, to, None, 2), [hour(3), hour(4)]);
        let every = Schedule::Every(3600);
        assert_eq!(every.slots(Jakarta, from, to, Some(hour(2)), 99), [hour(3)], "after the newest run");
        assert_eq!(every.slots(Jakarta, from, hour(3), Some(hour(2)), 99), [], "not due yet");
        assert_eq!(every.slots(Jakarta, from, to, None, 99), [hour(1)], "after it began to be watched");
    }

    #[test]
    fn the_longest_gap_is_found() {
        for (text, zone, seconds) in [
            ("0 1 * * *", Jakarta, 86_400),
            ("*/5 * * * *", Jakarta, 300),
            ("0 1 * * 1-5", Jakarta, 3 * 86_400),
            ("0 8-16 * * *", Jakarta, 16 * 3600),
            ("0 0 29 2 *", Jakarta, 2 * 366 * 86_400),
            // The night of the change to winter time is an hour longer.
            ("0 1 * * *", Berlin, 25 * 3600),
        ] {
            assert_eq!(cron(text, None).gap_s_max(zone), seconds, "{text}");
        }
        assert_eq!(Schedule::Every(90).gap_s_max(Jakarta), 90);
    }

    #[test]
    fn what_is_no_plan_is_refused() {
        for bad in ["", "x", "61 * * * *", "0 0 30 2 *", "* * * * * *", "0 1 * *"] {
            assert!(Schedule::cron(bad, None).is_err(), "{bad:?}");
        }
    }
}
