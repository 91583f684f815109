//! How the checks of one service stood while it was down, in memory: the newest stretches, and those that any maintenance
//! of its components covers. Kept only of a service that has components.

use crate::domain::catalogue::Service;
use crate::domain::interval::Interval;
use crate::domain::register::excuse::{self, PartStretch};
use crate::domain::state::{State, StateInterval, Timeline};
use crate::store::records::PartsEdit;
use pantau_shared::ids::CheckId;
use pantau_shared::timestamp::Timestamp;

/// The stretches, in order of time.
#[derive(Debug, Clone, Default)]
pub(crate) struct PartLog {
    kept: bool,
    stretches: Vec<PartStretch>,
}

impl PartLog {
    /// Of `service`, of which nothing is known.
    pub(crate) fn new(service: &Service) -> Self {
        Self { kept: !service.composition.components.is_empty(), stretches: Vec::new() }
    }

    /// Whether they are kept of this service.
    pub(crate) const fn is_kept(&self) -> bool {
        self.kept
    }

    /// Takes what is stored.
    pub(super) fn load(&mut self, stretches: Vec<PartStretch>) {
        self.stretches = stretches;
    }

    /// All of them.
    pub(crate) fn stretches(&self) -> &[PartStretch] {
        &self.stretches
    }

    /// The checks that went down at `at`, while the service was.
    pub(super) fn failing_since(&self, at: Timestamp) -> Vec<&CheckId> {
        let place = self.stretches.partition_point(|kept| kept.interval.to <= at);
        let Some(since) = self.stretches.get(place).filter(|kept| kept.interval.contains(at)) else {
            return Vec::new();
        };
        let before = place.checked_sub(1).and_then(|before| self.stretches.get(before));
        let was_down = |id: &CheckId| before.is_some_and(|before| before.states.contains(&(id.clone(), State::Down)));
        let down = since.states.iter().filter(|(_, state)| *state == State::Down).map(|(id, _)| id);
        down.filter(|id| !was_down(id)).collect()
    }

    /// Makes them anew from the begin of `window` on, where the service stood as `merged` says; the edit, if any differs.
    pub(super) fn replace(
        &mut self,
        service: &Service,
        window: Interval,
        merged: &[StateInterval],
        checks: &[Timeline],
    ) -> Option<PartsEdit> {
        if !self.kept {
            return None;
        }
        let merged = Timeline::from_intervals(merged.iter().copied());
        let new = excuse::stretches(service, checks, &merged, window);
        let reach = Interval::new(window.from, Interval::ALL.to);
        let first = self.stretches.partition_point(|kept| kept.interval.to <= window.from);
        let cut = |kept: &PartStretch| PartStretch { interval: kept.interval.intersection(reach), ..kept.clone() };
        let before: Vec<PartStretch> = self.stretches.iter().skip(first).map(cut).collect();
        if before == new {
            return None;
        }
        let begun = self.stretches.partition_point(|kept| kept.interval.from < window.from);
        self.stretches.truncate(begun);
        if let Some(last) = self.stretches.last_mut() {
            last.interval.to = last.interval.to.min(window.from);
        }
        // One row per stretch: what goes on makes the row longer.
        let changed = begun.saturating_sub(1);
        new.into_iter().for_each(|next| excuse::push_joined(&mut self.stretches, next));
        let rows: Vec<PartStretch> = self.stretches.iter().skip(changed).cloned().collect();
        let replace_from = rows.first().map_or(window.from, |row| row.interval.from.min(window.from));
        Some(PartsEdit { replace_from, rows })
    }
}

#[cfg(test)]
mod tests;
