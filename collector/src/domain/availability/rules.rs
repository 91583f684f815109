//! Everything besides the ledger that the seconds of one service depend on, and its description in bytes.
//!
//! Spans of days are kept ([`super::Span`]). They hold for as long as what they were counted by: its description over
//! that stretch of time, byte for byte. A window approved for May describes May anew and leaves June as it was. What
//! only judges the seconds (targets, the coverage that decides) is not described. Keeps nothing itself.

use super::correction::in_force;
use super::maintenance::counted_windows;
use super::{Correction, CorrectionEffect, DegradedPolicy, Input, MaintenancePolicy, MaintenanceWindow, Policy, Terms};
use crate::domain::calendar::{Calendar, Hours, WeeklyHours, zone};
use crate::domain::interval::{Interval, IntervalSet};
use crate::domain::state::{State, Timeline};
use chrono::{Datelike, Days, NaiveDate, Weekday};
use pantau_shared::timestamp::Timestamp;

/// The way of counting. To be raised with every change of it that may change a second: nothing counted before is used
/// after that.
pub const COUNTING: u8 = 2;

/// Under a cap the rest of the month decides as well, in whichever zone its calendar has.
const CAP_REACH_DAYS: i64 = 33;

const WEEK: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

/// What was agreed from an instant on; see [`Terms`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreedTerms {
    /// From when.
    pub valid_from: Timestamp,
    /// Service time.
    pub calendar: Calendar,
    /// The target in ppm.
    pub target_ppm: Option<u32>,
    /// How time is counted and judged.
    pub policy: Policy,
}

/// The rules of one service; the fields are those of [`Input`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// When the service is in force.
    pub effective: Interval,
    /// In order of `valid_from`.
    pub terms: Vec<AgreedTerms>,
    /// All windows.
    pub maintenance: Vec<MaintenanceWindow>,
    /// When maintenance of all hosts, or of components, takes it out wherever it is down.
    pub component_maintenance: Option<IntervalSet>,
    /// All corrections.
    pub corrections: Vec<Correction>,
}

impl Rules {
    /// The terms as [`Input`] takes them.
    pub fn terms(&self) -> Vec<Terms<'_>> {
        self.terms
            .iter()
            .map(|t| Terms {
                valid_from: t.valid_from,
                calendar: &t.calendar,
                target_ppm: t.target_ppm,
                policy: &t.policy,
            })
            .collect()
    }

    /// The facts of one period under these rules, with `terms` from [`Rules::terms`].
    pub fn input<'a>(
        &'a self,
        terms: &'a [Terms<'a>],
        period: Interval,
        as_of: Option<Timestamp>,
        states: &'a Timeline,
    ) -> Input<'a> {
        Input {
            period,
            as_of,
            effective: self.effective,
            terms,
            states,
            maintenance: &self.maintenance,
            component_maintenance: self.component_maintenance.as_ref(),
            corrections: &self.corrections,
        }
    }

    /// What the seconds of `span` depend on, and nothing else. Equal bytes, equal seconds for the same ledger.
    pub fn describe(&self, span: Interval) -> Vec<u8> {
        let capped = self.terms.iter().any(|terms| terms.policy.excluded_cap_s.is_some());
        let reach_days = if capped { CAP_REACH_DAYS } else { 0 };
        let reach_s = reach_days * 86_400;
        let reach = Interval::new(span.from.plus_secs(-reach_s), span.to.plus_secs(reach_s));
        let mut out = Description(Vec::with_capacity(96));
        out.number(COUNTING);
        out.interval(self.effective.intersection(reach));
        for (index, terms) in self.terms.iter().enumerate() {
            let end = self.terms.get(index + 1).map_or(Interval::ALL.to, |next| next.valid_from);
            let valid = Interval::new(terms.valid_from, end).intersection(reach);
            if !valid.is_empty() {
                out.interval(valid);
                out.policy(&terms.policy);
                out.calendar(&terms.calendar, valid);
            }
        }
        out.number(b'm');
        let windows = counted_windows(&self.maintenance, &self.terms());
        out.intervals(&windows.clip(reach));
        out.intervals(&self.component_maintenance.as_ref().map_or_else(IntervalSet::empty, |set| set.clip(reach)));
        for effect in in_force(&self.corrections) {
            out.correction(effect, reach);
        }
        out.0
    }
}

/// Bytes that can be read in one way only: lists are led by their length, parts of different kind by a mark.
struct Description(Vec<u8>);

impl Description {
    fn number(&mut self, value: u8) {
        self.0.push(value);
    }

    fn long(&mut self, value: i64) {
        self.0.extend(value.to_le_bytes());
    }

    fn length(&mut self, value: usize) {
        self.long(i64::try_from(value).unwrap_or(i64::MAX));
    }

    fn interval(&mut self, interval: Interval) {
        self.long(interval.from.as_ms());
        self.long(interval.to.as_ms());
    }

    fn intervals(&mut self, set: &IntervalSet) {
        self.length(set.as_slice().len());
        set.iter().for_each(|interval| self.interval(*interval));
    }

    fn policy(&mut self, policy: &Policy) {
        self.number(match policy.maintenance {
            MaintenancePolicy::Exclude => 0,
            MaintenancePolicy::CountAsUp => 1,
            MaintenancePolicy::CountAsDown => 2,
        });
        self.number(match policy.degraded {
            DegradedPolicy::Up => 0,
            DegradedPolicy::Down => 1,
        });
        self.long(policy.excluded_cap_s.map_or(-1, |cap_s| i64::try_from(cap_s).unwrap_or(i64::MAX)));
    }

    /// The calendar as far as it decides `valid`.
    fn calendar(&mut self, calendar: &Calendar, valid: Interval) {
        let name = calendar.zone.name();
        self.length(name.len());
        self.0.extend(name.as_bytes());
        self.hours(&calendar.hours);
        if calendar.hours == Hours::Always {
            return;
        }
        let first = zone::local_date(calendar.zone, valid.from);
        let last = zone::local_date(calendar.zone, valid.to).checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX);
        let overrides: Vec<_> = calendar.overrides.iter().filter(|o| o.first <= last && first <= o.last).collect();
        self.length(overrides.len());
        for overriding in overrides {
            self.long(overriding.first.num_days_from_ce().into());
            self.long(overriding.last.num_days_from_ce().into());
            self.hours(&overriding.hours);
        }
        let holidays: Vec<&NaiveDate> = match calendar.holidays_open {
            true => Vec::new(),
            false => calendar.holidays.range(first..=last).collect(),
        };
        self.length(holidays.len());
        holidays.into_iter().for_each(|date| self.long(date.num_days_from_ce().into()));
    }

    fn hours(&mut self, hours: &Hours) {
        match hours {
            Hours::Always => self.number(0),
            Hours::Weekly(weekly) => {
                self.number(1);
                self.weekly(weekly);
            }
        }
    }

    fn weekly(&mut self, weekly: &WeeklyHours) {
        for day in WEEK {
            let open = weekly.on(day);
            self.length(open.len());
            for (opens, closes) in open {
                self.long(opens.as_ms());
                self.long(closes.as_ms());
            }
        }
    }

    fn correction(&mut self, effect: CorrectionEffect, reach: Interval) {
        let (interval, code) = match effect {
            CorrectionEffect::Exclude(interval) => (interval, 0),
            CorrectionEffect::SetState(interval, State::Up) => (interval, 1),
            CorrectionEffect::SetState(interval, State::Degraded) => (interval, 2),
            CorrectionEffect::SetState(interval, State::Down) => (interval, 3),
            CorrectionEffect::SetState(interval, State::Unknown) => (interval, 4),
            CorrectionEffect::Withdraw { .. } => return,
        };
        if interval.overlaps(reach) {
            self.number(code);
            self.interval(interval.intersection(reach));
        }
    }
}
