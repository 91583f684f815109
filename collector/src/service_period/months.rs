//! Calendar months as they are rolled up: their days, and the rules they were counted by as one number. Knows no ledger.

use crate::domain::availability::Rules;
use crate::domain::calendar::period::{Period, PeriodKind};
use crate::domain::calendar::zone;
use crate::domain::interval::Interval;
use crate::store::ledger_days::month_number;
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;
use ring::digest::{Context, SHA256};
use std::collections::HashMap;
use std::ops::Range;

/// A calendar month of the office's zone.
#[derive(Debug)]
pub(crate) struct Month {
    /// As the store numbers it.
    pub(crate) number: i64,
    /// Its local dates as instants, in order; they tile it.
    pub(crate) days: Vec<Interval>,
    /// Rules described alike have one number; most services share theirs.
    revisions: HashMap<Vec<u8>, i64>,
}

/// The months that share instants with `window`, in order.
pub(crate) fn months(zone: Tz, window: Interval) -> Vec<Month> {
    let mut months = Vec::new();
    if window.is_empty() {
        return months;
    }
    let mut period = Period::containing_instant(PeriodKind::Month, zone, window.from);
    loop {
        let month = Month::new(zone, period);
        if month.interval().from >= window.to {
            return months;
        }
        months.push(month);
        period = period.next();
    }
}

impl Month {
    fn new(zone: Tz, period: Period) -> Self {
        let dates = period.first_date().iter_days().take_while(|date| *date < period.end_date());
        let days = dates.map(|date| zone::day(zone, date)).collect();
        Self { number: month_number(period.first_date()), days, revisions: HashMap::new() }
    }

    /// From its first day to the end of its last.
    pub(crate) fn interval(&self) -> Interval {
        let from = self.days.first().map_or(Interval::ALL.to, |day| day.from);
        Interval::new(from, self.days.last().map_or(from, |day| day.to))
    }

    /// The days that lie wholly in `part`, by place; a day that the zone skips lies anywhere.
    pub(crate) fn days_in(&self, part: Interval) -> Range<usize> {
        let first = self.days.partition_point(|day| day.from < part.from);
        first..self.days.partition_point(|day| day.to <= part.to).max(first)
    }

    /// How many days from the first on have ended at `now`.
    pub(crate) fn closed(&self, now: Timestamp) -> usize {
        self.days.partition_point(|day| day.to <= now)
    }

    /// The number of the rules by which its days are counted: a hash of everything besides the ledger that the seconds
    /// depend on, the instants of the days included.
    pub(crate) fn revision(&mut self, rules: &Rules) -> i64 {
        let description = rules.describe(self.interval());
        if let Some(revision) = self.revisions.get(&description) {
            return *revision;
        }
        let mut context = Context::new(&SHA256);
        for day in &self.days {
            context.update(&day.from.as_ms().to_le_bytes());
            context.update(&day.to.as_ms().to_le_bytes());
        }
        context.update(&description);
        let digest = context.finish();
        let revision = digest.as_ref().first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes));
        self.revisions.insert(description, revision);
        revision
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_tile_a_month_also_where_the_clock_changes_and_a_date_is_skipped() {
        for (zone, text, days, hours) in [
            (chrono_tz::Asia::Jakarta, "2026-02", 28, 28 * 24),
            (chrono_tz::Europe::Berlin, "2026-03", 31, 31 * 24 - 1),
            (chrono_tz::America::Santiago, "2026-04", 30, 30 * 24 + 1),
            // Samoa had no 30 December in 2011.
            (chrono_tz::Pacific::Apia, "2011-12", 31, 30 * 24),
        ] {
            let window = Period::parse(text).expect("a month").interval(zone);
            let found = months(zone, window);
            assert_eq!(found.len(), 1, "{text}");
            let month = &found[0];
            assert_eq!((month.interval(), month.days.len()), (window, days));
            assert_eq!(month.interval().length_s(), hours * 3600, "{text}");
            assert!(month.days.windows(2).all(|pair| pair[0].to == pair[1].from));
            assert_eq!(month.days_in(window), 0..days);
            assert_eq!(month.days_in(Interval::new(window.from.plus_secs(1), window.to.plus_secs(-1))), 1..days - 1);
            assert_eq!((month.closed(window.to), month.closed(window.to.plus_ms(-1))), (days, days - 1));
        }
    }

    #[test]
    fn a_window_touches_the_months_it_shares_instants_with() {
        let zone = chrono_tz::Asia::Jakarta;
        let year = Period::parse("2026").expect("a year").interval(zone);
        assert_eq!(months(zone, year).len(), 12);
        assert_eq!(months(zone, Interval::new(year.from, year.to.plus_ms(1))).len(), 13);
        assert!(months(zone, Interval::new(year.to, year.from)).is_empty());
    }
}
