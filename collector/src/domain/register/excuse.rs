//! Maintenance of components: where a service is down only because of what is being maintained (engines A.2, *Composite*).
//!
//! ```text
//! kept while the service is down: how each of its checks stood   ─┐
//! what the service was made of at that time                       ├─► the instants that are excused
//! approved windows of its components                             ─┘
//! ```
//!
//! An instant is excused when the service is down and would not be, were the components in maintenance up. The facts are
//! kept apart from the judgement, so a window that is ended early, or answers that come late, change what is excused and
//! never what was seen. Of the time in which the service is not down nothing has to be kept: nothing can be excused there.

use super::Wanted;
use crate::domain::catalogue::{Service, ServiceId};
use crate::domain::composite::{Component, Formula, evaluate};
use crate::domain::interval::{Interval, IntervalSet};
use crate::domain::state::timeline::walk_together;
use crate::domain::state::{State, StateInterval, Timeline};
use chrono_tz::Tz;
use pantau_shared::ids::CheckId;
use pantau_shared::timestamp::Timestamp;

/// A stretch in which a service was down and its checks stood the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartStretch {
    /// From when to when.
    pub interval: Interval,
    /// The checks that were not up, in the order of the service's list; the others were.
    pub states: Vec<(CheckId, State)>,
}

/// What a service with components was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Makeup {
    checks: Vec<CheckId>,
    /// Each with the places of its checks.
    components: Vec<(ServiceId, Vec<usize>)>,
    formula: Formula,
}

impl Makeup {
    /// That of `service`; `None`: it has no components that could be maintained apart.
    pub fn of(service: &Service) -> Option<Self> {
        let components = &service.composition.components;
        (!components.is_empty()).then(|| Self {
            checks: service.checks.iter().map(|check| check.id.clone()).collect(),
            components: components.iter().map(|c| (c.id.clone(), c.checks.clone())).collect(),
            formula: service.formula(),
        })
    }

    /// Its components.
    pub fn components(&self) -> impl Iterator<Item = &ServiceId> {
        self.components.iter().map(|(id, _)| id)
    }

    /// Where within `span` the service is excused, of which `stretches` are kept in order of time; `windows` are those of
    /// a component. A check of several components is maintained with each of them.
    fn excused(
        &self,
        span: Interval,
        stretches: &[PartStretch],
        windows: &dyn Fn(&ServiceId) -> IntervalSet,
    ) -> IntervalSet {
        let mut maintenance = vec![IntervalSet::empty(); self.checks.len()];
        for (component, places) in &self.components {
            let planned = windows(component);
            for place in places {
                if let Some(set) = maintenance.get_mut(*place) {
                    *set = set.union(&planned);
                }
            }
        }
        let planned = maintenance.iter().fold(IntervalSet::empty(), |all, set| all.union(set)).clip(span);
        let first = stretches.partition_point(|stretch| stretch.interval.to <= span.from);
        let kept = stretches.iter().skip(first).take_while(|stretch| stretch.interval.from < span.to);
        let mut excused = Vec::new();
        for stretch in kept.filter(|stretch| !planned.clip(stretch.interval).is_empty()) {
            let timelines: Vec<Timeline> = self.checks.iter().map(|check| stretch.timeline_of(check)).collect();
            let both = timelines.iter().zip(&maintenance);
            let parts: Vec<Component<'_>> =
                both.map(|(timeline, maintenance)| Component { timeline, maintenance }).collect();
            excused.push(evaluate(&self.formula, &parts, stretch.interval.intersection(span)).excluded);
        }
        excused.iter().flat_map(IntervalSet::iter).copied().collect()
    }
}

impl PartStretch {
    fn timeline_of(&self, check: &CheckId) -> Timeline {
        let found = self.states.iter().find(|(id, _)| id == check);
        let state = found.map_or(State::Up, |(_, state)| *state);
        Timeline::from_intervals([StateInterval { interval: self.interval, state }])
    }
}

/// What a service was made of over time: since when, in order of time; `None`: of nothing that has a name.
pub type Makeups = [(Timestamp, Option<Makeup>)];

/// Where a service is excused by maintenance of its components.
pub fn excused(
    makeups: &Makeups,
    stretches: &[PartStretch],
    windows: &dyn Fn(&ServiceId) -> IntervalSet,
) -> IntervalSet {
    let mut all = IntervalSet::empty();
    for (place, (from, makeup)) in makeups.iter().enumerate() {
        let to = makeups.get(place + 1).map_or(Interval::ALL.to, |(next, _)| *next);
        let made = makeup.as_ref().map(|makeup| makeup.excused(Interval::new(*from, to), stretches, windows));
        all = made.map_or(all.clone(), |made| all.union(&made));
    }
    all
}

/// How the checks stood wherever `merged`, which is what they make, is down within `window`.
pub fn stretches(service: &Service, checks: &[Timeline], merged: &Timeline, window: Interval) -> Vec<PartStretch> {
    let timelines: Vec<&Timeline> = std::iter::once(merged).chain(checks).collect();
    let mut out: Vec<PartStretch> = Vec::new();
    walk_together(&timelines, window, |interval, states| {
        let Some((State::Down, of_checks)) = states.split_first() else { return };
        let known = service.checks.iter().zip(of_checks).filter(|(_, state)| **state != State::Up);
        let states: Vec<(CheckId, State)> = known.map(|(check, state)| (check.id.clone(), *state)).collect();
        push_joined(&mut out, PartStretch { interval, states });
    });
    out
}

/// Puts `next` at the end; one that says the same as the last and touches it makes that longer.
pub fn push_joined(stretches: &mut Vec<PartStretch>, next: PartStretch) {
    match stretches.last_mut() {
        Some(last) if last.interval.to == next.interval.from && last.states == next.states => {
            last.interval.to = next.interval.to;
        }
        Some(_) | None => stretches.push(next),
    }
}

impl super::Register {
    /// When the component `id` is in approved maintenance of its own that was announced as `wanted`.
    pub fn windows_of_component(&self, id: &ServiceId, zone: Tz, wanted: Wanted<'_>) -> IntervalSet {
        self.windows_of(id, zone).filter_map(|(_, window)| super::approved(&window, wanted)).collect()
    }
}

#[cfg(test)]
mod tests;
