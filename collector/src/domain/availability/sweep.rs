//! The sweep: agreed time × overlay (corrections over maintenance) × states → seconds per class, and the runs of *down*.

use super::correction::{CorrectionEffect, in_force};
use super::figures::{Counts, TermCounts, TermsInForce};
use super::maintenance::counted_windows;
use super::{AgreedPart, DegradedPolicy, Input, MaintenancePolicy, Outage, Policy, Terms, agreed_parts};
use crate::domain::calendar::{DEFAULT_ZONE, Period, PeriodKind};
use crate::domain::interval::{Interval, IntervalSet};
use crate::domain::state::{State, StateInterval, Timeline};
use std::borrow::Cow;

/// What lies over the observed state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// An approved correction: excluded.
    CorrectedToExcluded,
    /// An approved correction: this state.
    CorrectedTo(State),
    /// Maintenance; `None` is excluded, else it counts as this state.
    Maintenance(Option<State>),
}

/// What one instant counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Excluded,
    State(State),
}

/// Corrections and maintenance resolved against each other: in order of time, disjoint, not cut to the period.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    pieces: Vec<(Interval, Rule)>,
    /// The states it puts in the place of the observed ones, each overruling those before it.
    painted: Vec<(Interval, State)>,
}

impl Overlay {
    /// The overlay of `input`, whose figures are asked for `window`.
    pub(super) fn build(input: &Input<'_>, window: Interval) -> Self {
        let mut overlay = Self::default();
        let effects = in_force(input.corrections);
        let windows = counted_windows(input.maintenance, input.terms);
        // The cap counts planned time, so that it does not hang on how much of the ledger is at hand.
        let planned = input.component_maintenance.map_or_else(|| windows.clone(), |set| windows.union(set));
        let maintenance = match input.component_maintenance {
            Some(components) => windows.union(&down_within(input.states, components)),
            None => windows,
        };
        let beyond = beyond_cap(input, &planned, &effects, window);
        for (policy, stretch) in policies(input.terms) {
            overlay.plan(policy.maintenance, &maintenance.clip(stretch), &beyond);
        }
        overlay.pieces.sort_unstable_by_key(|(interval, _)| *interval);
        for effect in effects {
            match effect {
                CorrectionEffect::Exclude(interval) => overlay.cover(interval, Rule::CorrectedToExcluded),
                CorrectionEffect::SetState(interval, state) => {
                    overlay.cover(interval, Rule::CorrectedTo(state));
                    overlay.painted.push((interval, state));
                }
                CorrectionEffect::Withdraw { .. } => {}
            }
        }
        overlay
    }

    /// Adds the maintenance under one policy, of which what lies in `beyond` counts as down.
    fn plan(&mut self, policy: MaintenancePolicy, maintenance: &IntervalSet, beyond: &IntervalSet) {
        let (beyond, counts_as) = match policy {
            MaintenancePolicy::Exclude => (maintenance.intersection(beyond), None),
            MaintenancePolicy::CountAsUp => (IntervalSet::empty(), Some(State::Up)),
            MaintenancePolicy::CountAsDown => (maintenance.clone(), None),
        };
        let within = maintenance.difference(&beyond);
        self.pieces.extend(within.iter().map(|i| (*i, Rule::Maintenance(counts_as))));
        self.pieces.extend(beyond.iter().map(|i| (*i, Rule::Maintenance(Some(State::Down)))));
        self.painted.extend(beyond.iter().map(|i| (*i, State::Down)));
    }

    /// Puts `rule` over whatever was there.
    fn cover(&mut self, interval: Interval, rule: Rule) {
        if interval.is_empty() {
            return;
        }
        let mut pieces = Vec::with_capacity(self.pieces.len() + 2);
        for (old, old_rule) in self.pieces.drain(..) {
            let before = Interval::new(old.from, old.to.min(interval.from));
            let after = Interval::new(old.from.max(interval.to), old.to);
            pieces.extend([before, after].into_iter().filter(|i| !i.is_empty()).map(|i| (i, old_rule)));
        }
        let place = pieces.partition_point(|(i, _)| i.from < interval.from);
        pieces.insert(place, (interval, rule));
        self.pieces = pieces;
    }

    /// Visits `within` cut at the rims of the overlay, in order of time.
    pub(super) fn for_each(&self, within: Interval, mut visit: impl FnMut(Interval, Option<Rule>)) {
        let first = self.pieces.partition_point(|(i, _)| i.to <= within.from);
        let mut from = within.from;
        for (interval, rule) in self.pieces.iter().skip(first).take_while(|(i, _)| i.from < within.to) {
            visit(Interval::new(from, interval.from), None);
            let covered = interval.intersection(within);
            visit(covered, Some(*rule));
            from = covered.to;
        }
        visit(Interval::new(from, within.to), None);
    }
}

/// The part of `set` in which the service is down: what its components' maintenance may excuse.
fn down_within(states: &Timeline, set: &IntervalSet) -> IntervalSet {
    set.iter().fold(IntervalSet::empty(), |all, part| all.union(&states.time_in(State::Down, *part)))
}

/// The maintenance beyond the cap: per local calendar month, in order of time, from the second on at which the excluded
/// agreed time of the month has used it up. Looks at whole months, so that the parts of a month sum to the month.
fn beyond_cap(
    input: &Input<'_>,
    maintenance: &IntervalSet,
    effects: &[CorrectionEffect],
    window: Interval,
) -> IntervalSet {
    if input.terms.iter().all(|terms| terms.policy.excluded_cap_s.is_none()) {
        return IntervalSet::empty();
    }
    let zone = input.terms.last().map_or(DEFAULT_ZONE, |terms| terms.calendar.zone);
    let corrected: IntervalSet = effects
        .iter()
        .filter_map(|effect| match effect {
            CorrectionEffect::Exclude(interval) | CorrectionEffect::SetState(interval, _) => Some(*interval),
            CorrectionEffect::Withdraw { .. } => None,
        })
        .collect();
    let mut beyond = Vec::new();
    if window.is_empty() {
        return IntervalSet::empty();
    }
    // One month more at both ends: a run of down may reach over the rim.
    let mut month = Period::containing_instant(PeriodKind::Month, zone, window.from).previous();
    while month.previous().interval(zone).from < window.to {
        let span = month.interval(zone).intersection(input.effective);
        let mut used_s = 0;
        for (policy, stretch) in policies(input.terms) {
            if policy.maintenance != MaintenancePolicy::Exclude {
                continue;
            }
            let parts = agreed_parts(input.terms, span.intersection(stretch));
            let agreed: IntervalSet = parts.iter().map(|part| part.interval).collect();
            for interval in maintenance.intersection(&agreed).difference(&corrected).iter() {
                let left_s = policy.excluded_cap_s.map_or(u64::MAX, |cap_s| cap_s.saturating_sub(used_s));
                let excluded_s = left_s.min(interval.length_s());
                let cut = interval.from.floor_second().plus_secs(i64::try_from(excluded_s).unwrap_or(i64::MAX));
                if excluded_s < interval.length_s() {
                    beyond.push(Interval::new(cut.max(interval.from), interval.to));
                }
                used_s += excluded_s;
            }
        }
        month = month.next();
    }
    beyond.into_iter().collect()
}

/// What the sweep counted.
#[derive(Debug, Default)]
pub(super) struct Swept {
    pub(super) counts: Counts,
    pub(super) without_maintenance: Counts,
    pub(super) by_terms: Vec<TermCounts>,
    /// The stretches that count as down, in order of time.
    pub(super) down: Vec<Interval>,
}

/// Counts every stretch of agreed time once.
pub(super) fn sweep(input: &Input<'_>, parts: &[AgreedPart], overlay: &Overlay) -> Swept {
    let by_terms = input.terms.iter().map(|t| TermCounts { target_ppm: t.target_ppm, counts: Counts::default() });
    let mut swept = Swept { by_terms: by_terms.collect(), ..Swept::default() };
    for part in parts {
        let mut here = Counts::default();
        let degraded = input.terms.get(part.terms).map_or(DegradedPolicy::Up, |terms| terms.policy.degraded);
        overlay.for_each(part.interval, |interval, rule| {
            for segment in input.states.segments(interval) {
                let length_s = segment.interval.length_s();
                let class = classify(rule, segment.state);
                here.add(class_counts(class, length_s, degraded));
                let plain = match rule {
                    Some(Rule::Maintenance(_)) => Class::State(segment.state),
                    Some(Rule::CorrectedTo(_) | Rule::CorrectedToExcluded) | None => class,
                };
                swept.without_maintenance.add(class_counts(plain, length_s, degraded));
                if length_s > 0 && counts_as_down(class, degraded) {
                    swept.down.push(segment.interval);
                }
            }
        });
        swept.counts.add(here);
        if let Some(terms) = swept.by_terms.get_mut(part.terms) {
            terms.counts.add(here);
        }
    }
    swept
}

/// What of the agreed `parts` counts, and as what; degraded as the policy says.
pub(super) fn counted(input: &Input<'_>, parts: &[AgreedPart], overlay: &Overlay) -> Vec<StateInterval> {
    let mut out: Vec<StateInterval> = Vec::new();
    for part in parts {
        let degraded = input.terms.get(part.terms).map_or(DegradedPolicy::Up, |terms| terms.policy.degraded);
        overlay.for_each(part.interval, |interval, rule| {
            for segment in input.states.segments(interval) {
                let Class::State(state) = classify(rule, segment.state) else { continue };
                let state = match available_state(state, degraded) {
                    State::Up | State::Degraded => State::Up,
                    State::Down => State::Down,
                    State::Unknown => State::Unknown,
                };
                if !segment.interval.is_empty() {
                    out.push(StateInterval { interval: segment.interval, state });
                }
            }
        });
    }
    out
}

/// The outages behind the stretches `down`, which are in order of time.
pub(super) fn outages(input: &Input<'_>, overlay: &Overlay, down: &[Interval]) -> Vec<Outage> {
    let runs = down_runs(input, overlay);
    let mut outages: Vec<Outage> = Vec::new();
    for piece in down {
        let run = runs.stretch_at(piece.from).interval;
        match outages.last_mut() {
            Some(last) if last.from == run.from => last.counted_s += piece.length_s(),
            Some(_) | None => outages.push(Outage {
                from: run.from,
                to: (run.to <= input.as_of.unwrap_or(Interval::ALL.to) && run.to < Interval::ALL.to).then_some(run.to),
                counted_s: piece.length_s(),
                started_in_period: input.period.from <= run.from,
            }),
        }
    }
    outages
}

/// The corrected timeline in which runs of *down* are sought. Excluded time keeps the state observed in it.
pub(super) fn down_runs<'a>(input: &Input<'a>, overlay: &Overlay) -> Cow<'a, Timeline> {
    let mut runs = Cow::Borrowed(input.states);
    for (interval, state) in &overlay.painted {
        runs.to_mut().paint(*interval, *state);
    }
    for (policy, stretch) in policies(input.terms) {
        match policy.degraded {
            DegradedPolicy::Up => {}
            DegradedPolicy::Down => {
                for interval in runs.time_in(State::Degraded, stretch).iter() {
                    runs.to_mut().paint(*interval, State::Down);
                }
            }
        }
    }
    runs
}

/// The policies with the stretches they hold in, together all of time: the first one reaches back for ever, so that a run
/// of down that began before the first terms is told whole.
fn policies<'a>(terms: &[Terms<'a>]) -> impl Iterator<Item = (&'a Policy, Interval)> {
    terms.iter().enumerate().map(|(index, current)| {
        let from = if index == 0 { Interval::ALL.from } else { current.valid_from };
        let to = terms.get(index + 1).map_or(Interval::ALL.to, |next| next.valid_from);
        (current.policy, Interval::new(from, to))
    })
}

/// The terms in force at the end of `window`, and whether others applied within it.
pub(super) fn terms_in_force(terms: &[Terms<'_>], window: Interval) -> TermsInForce {
    let started = terms.partition_point(|t| t.valid_from < window.to);
    let in_force = terms.get(..started).unwrap_or_default();
    let target_ppm = in_force.last().and_then(|t| t.target_ppm);
    let min_coverage_ppm = in_force.last().map_or(Policy::default().min_coverage_ppm, |t| t.policy.min_coverage_ppm);
    // All but the last end where the next begins.
    let within = in_force.iter().zip(in_force.iter().skip(1)).filter(|(_, next)| next.valid_from > window.from);
    let target_changed = within.into_iter().any(|(t, _)| t.target_ppm != target_ppm);
    TermsInForce { target_ppm, target_changed, min_coverage_ppm }
}

const fn classify(rule: Option<Rule>, observed: State) -> Class {
    match rule {
        None => Class::State(observed),
        Some(Rule::CorrectedToExcluded | Rule::Maintenance(None)) => Class::Excluded,
        Some(Rule::CorrectedTo(state) | Rule::Maintenance(Some(state))) => Class::State(state),
    }
}

pub(super) const fn available_state(state: State, degraded: DegradedPolicy) -> State {
    match (state, degraded) {
        (State::Degraded, DegradedPolicy::Down) => State::Down,
        (State::Degraded, DegradedPolicy::Up) => State::Degraded,
        (State::Up | State::Down | State::Unknown, _) => state,
    }
}

fn counts_as_down(class: Class, degraded: DegradedPolicy) -> bool {
    match class {
        Class::Excluded => false,
        Class::State(state) => available_state(state, degraded) == State::Down,
    }
}

fn class_counts(class: Class, seconds: u64, degraded: DegradedPolicy) -> Counts {
    let mut counts = Counts::default();
    match class {
        Class::Excluded => counts.excluded_s = seconds,
        Class::State(state) => {
            match available_state(state, degraded) {
                State::Up | State::Degraded => counts.up_s = seconds,
                State::Down => counts.down_s = seconds,
                State::Unknown => counts.unknown_s = seconds,
            }
            if state == State::Degraded {
                counts.degraded_s = seconds;
            }
        }
    }
    counts
}
