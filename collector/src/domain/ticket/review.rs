//! Figures of the periodic review (*Reviu Berkala Gangguan Layanan*, Tabel 7, G42): what tickets of a period say together.
//!
//! A ticket belongs to the period in which it was recorded. False alarms are counted by themselves and are in no mean and
//! in no compliance. Means are of whole seconds, floored; a mean of nothing has no value. Every compliance stands beside
//! its denominator: a ticket without a target (G02) is in neither, and one whose clock still runs in time is not decided.
//!
//! Does not know services or reports.

use super::Ticket;
use super::clock::{ClockVerdict, EndBasis};
use crate::domain::interval::{Interval, IntervalSet};
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;

const PPM: u64 = 1_000_000;

/// A mean of durations in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mean {
    sum_s: i64,
    /// Of how many.
    pub count: u32,
}

impl Mean {
    fn add(&mut self, from: Timestamp, to: Option<Timestamp>) {
        if let Some(to) = to {
            self.sum_s = self.sum_s.saturating_add(to.ms_since(from).div_euclid(1000));
            self.count = self.count.saturating_add(1);
        }
    }

    /// Floored; none of nothing.
    pub fn seconds(self) -> Option<i64> {
        (self.count > 0).then(|| self.sum_s.div_euclid(i64::from(self.count)))
    }
}

/// How many met a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Compliance {
    /// In time.
    pub met: u32,
    /// Decided: in time or late.
    pub total: u32,
    /// Without a target.
    pub without_target: u32,
    /// In time so far.
    pub running: u32,
}

impl Compliance {
    fn add(&mut self, verdict: ClockVerdict) {
        let (met, total, without, running) = match verdict {
            ClockVerdict::Met => (1, 1, 0, 0),
            ClockVerdict::Breached => (0, 1, 0, 0),
            ClockVerdict::NotJudged => (0, 0, 1, 0),
            ClockVerdict::Running => (0, 0, 0, 1),
        };
        self.met += met;
        self.total += total;
        self.without_target += without;
        self.running += running;
    }

    /// Parts per million, floored; none of nothing.
    pub fn met_ppm(self) -> Option<u32> {
        let ppm = (u64::from(self.met) * PPM).checked_div(u64::from(self.total))?;
        u32::try_from(ppm).ok()
    }
}

/// What the tickets of a period say together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReviewFigures {
    /// Tickets that are no false alarm.
    pub counted: u32,
    /// Those that are.
    pub false_alarms: u32,
    /// MTTA: recorded to the first answer of a person.
    pub acknowledge: Mean,
    /// MTTR: onset to restored.
    pub restore: Mean,
    /// MTTC: recorded to confirmed by a person; what lapsed (G09) says nothing of people.
    pub confirm: Mean,
    /// MTBF in whole seconds: time of the period without a disturbance, by the number of tickets.
    pub mtbf_s: Option<i64>,
    /// Against Tabel 4.
    pub response: Compliance,
    /// Against Tabel 2.
    pub resolution: Compliance,
    /// Restored, and nobody has confirmed.
    pub unconfirmed: u32,
    /// Came back while restored, at least once.
    pub reopened: u32,
    /// By cause, most first; those without a cause as the empty text.
    pub by_cause: Vec<(String, u32)>,
    /// By component, most first.
    pub by_component: Vec<(String, u32)>,
}

/// The figures of `tickets` over `period`, as far as it has passed at `as_of`.
pub fn figures<'a>(tickets: impl IntoIterator<Item = &'a Ticket>, period: Interval, as_of: Timestamp) -> ReviewFigures {
    let passed = Interval::new(period.from, period.to.min(as_of.max(period.from)));
    let mut out = ReviewFigures::default();
    let (mut disturbed_s, mut causes, mut components) = (0, BTreeMap::new(), BTreeMap::new());
    for ticket in tickets.into_iter().filter(|ticket| period.contains(ticket.recorded_at)) {
        if ticket.false_alarm {
            out.false_alarms += 1;
            continue;
        }
        out.counted += 1;
        out.acknowledge.add(ticket.recorded_at, ticket.first_response_at);
        out.restore.add(ticket.onset_at, ticket.restored_at);
        out.confirm.add(ticket.recorded_at, ticket.confirmed_at.filter(|_| !ticket.has_lapsed()));
        out.response.add(ticket.response_verdict(as_of));
        out.resolution.add(ticket.resolution_verdict(as_of));
        out.unconfirmed += u32::from(ticket.restored_at.is_some() && ticket.confirmed_at.is_none());
        out.reopened += u32::from(ticket.recurrences > 0);
        let disturbed = Interval::new(ticket.onset_at, ticket.restored_at.unwrap_or(passed.to));
        disturbed_s += IntervalSet::from(disturbed.intersection(passed)).length_s().cast_signed();
        *causes.entry(ticket.cause.clone().unwrap_or_default()).or_insert(0) += 1;
        for component in &ticket.components {
            *components.entry(component.clone()).or_insert(0) += 1;
        }
    }
    let quiet_s = IntervalSet::from(passed).length_s().cast_signed().saturating_sub(disturbed_s);
    out.mtbf_s = (out.counted > 0).then(|| quiet_s.div_euclid(i64::from(out.counted)));
    (out.by_cause, out.by_component) = (most_first(causes), most_first(components));
    out
}

fn most_first(counts: BTreeMap<String, u32>) -> Vec<(String, u32)> {
    let mut counts: Vec<(String, u32)> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts
}

/// When the same thing counts as recurring (G42).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecurrencePolicy {
    /// Length of the sliding window.
    pub window_days: u32,
    /// So many tickets in a window.
    pub count_min: usize,
}

impl Default for RecurrencePolicy {
    fn default() -> Self {
        Self { window_days: 90, count_min: 3 }
    }
}

/// A service that is disturbed by the same cause again and again: a problem record is proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recurring {
    /// Which service.
    pub service: String,
    /// Which cause.
    pub cause: String,
    /// Most tickets in any window.
    pub count: usize,
}

/// One ticket's service and cause, and when it was recorded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
    /// The service.
    pub service: String,
    /// The cause.
    pub cause: String,
    /// Field 1.
    pub recorded_at: Timestamp,
}

/// The occurrences of tickets with a cause, one per affected service; false alarms are none.
pub fn occurrences<'a>(tickets: impl IntoIterator<Item = &'a Ticket>) -> Vec<Occurrence> {
    let mut out = Vec::new();
    for ticket in tickets.into_iter().filter(|ticket| !ticket.false_alarm) {
        let Some(cause) = &ticket.cause else { continue };
        out.extend(ticket.affected_services.iter().map(|service| Occurrence {
            service: service.to_string(),
            cause: cause.clone(),
            recorded_at: ticket.recorded_at,
        }));
    }
    out
}

/// What recurs, by service and cause. Two moments a whole window apart are in no common window.
pub fn recurring(occurrences: Vec<Occurrence>, policy: RecurrencePolicy) -> Vec<Recurring> {
    recurring_in(occurrences, Interval::ALL, policy)
}

/// What recurs in windows that hold something of `period`: what came back last year alone is another review's.
pub fn recurring_in(mut occurrences: Vec<Occurrence>, period: Interval, policy: RecurrencePolicy) -> Vec<Recurring> {
    occurrences.sort();
    let window_ms = i64::from(policy.window_days) * 86_400_000;
    let same = |a: &Occurrence, b: &Occurrence| a.service == b.service && a.cause == b.cause;
    let mut out = Vec::new();
    for group in occurrences.chunk_by(same) {
        let in_window = |(place, first): (usize, &Occurrence)| {
            let later = group.iter().skip(place);
            let window = later.take_while(|o| o.recorded_at.ms_since(first.recorded_at) < window_ms);
            let (count, touches) = window.fold((0, false), |(count, touches), occurrence| {
                (count + 1, touches || period.contains(occurrence.recorded_at))
            });
            if touches { count } else { 0 }
        };
        let count = group.iter().enumerate().map(in_window).max().unwrap_or(0);
        if let Some(first) = group.first().filter(|_| count >= policy.count_min) {
            out.push(Recurring { service: first.service.clone(), cause: first.cause.clone(), count });
        }
    }
    out
}

/// Compliance with Tabel 2 where `basis` ends the clock: reports print both readings (G08).
pub fn resolution_by<'a>(
    tickets: impl IntoIterator<Item = &'a Ticket>,
    basis: EndBasis,
    as_of: Timestamp,
) -> Compliance {
    let mut compliance = Compliance::default();
    for ticket in tickets.into_iter().filter(|ticket| !ticket.false_alarm) {
        compliance.add(ticket.resolution_verdict_by(basis, as_of));
    }
    compliance
}
