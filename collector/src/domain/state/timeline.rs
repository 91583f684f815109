//! A state for every instant: change points, each holding until the next; before the first, *unknown*.
//!
//! Such a list tiles time by construction: there is no gap to forget and no overlap to resolve.

use super::State;
use crate::domain::interval::{Interval, IntervalSet};
use pantau_shared::timestamp::Timestamp;

/// One stretch of one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateInterval {
    /// When.
    pub interval: Interval,
    /// What.
    pub state: State,
}

/// State changes in order of time; neighbours differ, and the first is not *unknown*.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timeline {
    changes: Vec<(Timestamp, State)>,
}

impl Timeline {
    /// Unknown at every instant.
    pub const fn unknown() -> Self {
        Self { changes: Vec::new() }
    }

    /// From change points in any order; of several at one instant the last given counts.
    pub fn from_changes(changes: impl IntoIterator<Item = (Timestamp, State)>) -> Self {
        let mut sorted: Vec<_> = changes.into_iter().collect();
        sorted.sort_by_key(|(at, _)| *at);
        let mut out = Self::unknown();
        for (at, state) in sorted {
            out.change(at, state);
        }
        out
    }

    /// From stretches in order of time; what lies between and after them is *unknown*. Where two overlap, the later
    /// in the list counts from its start.
    pub fn from_intervals(intervals: impl IntoIterator<Item = StateInterval>) -> Self {
        let mut out = Self::unknown();
        for next in intervals {
            out.append(next);
        }
        out
    }

    /// The change points in order of time.
    pub fn changes(&self) -> &[(Timestamp, State)] {
        &self.changes
    }

    /// The state from `at` on becomes `state`; everything after `at` is forgotten.
    pub fn change(&mut self, at: Timestamp, state: State) {
        self.changes.truncate(self.changes.partition_point(|(t, _)| *t < at));
        if self.changes.last().map_or(State::Unknown, |(_, last)| *last) != state {
            self.changes.push((at, state));
        }
    }

    /// Writes one stretch at the end; after it the timeline is *unknown*.
    pub fn append(&mut self, next: StateInterval) {
        if !next.interval.is_empty() {
            self.change(next.interval.from, next.state);
            self.change(next.interval.to, State::Unknown);
        }
    }

    /// Forgets everything from `from` on and writes `intervals` (in order of time) in its place.
    pub fn replace_from(&mut self, from: Timestamp, intervals: &[StateInterval]) {
        self.change(from, State::Unknown);
        for next in intervals {
            self.append(*next);
        }
    }

    /// Writes one stretch over whatever was there; before and after it nothing changes.
    pub fn paint(&mut self, interval: Interval, state: State) {
        if interval.is_empty() {
            return;
        }
        let after = self.state_at(interval.to);
        let rest = self.changes.split_off(self.changes.partition_point(|(t, _)| *t <= interval.to));
        self.change(interval.from, state);
        self.change(interval.to, after);
        self.changes.extend(rest);
    }

    /// The same with every change at its whole second, floored; what lasted less than from one second to the next is
    /// gone. The ledger's rim: figures count whole seconds.
    #[must_use]
    pub fn floored(&self) -> Self {
        Self::from_changes(self.changes.iter().map(|(at, state)| (at.floor_second(), *state)))
    }

    /// Drops what only describes the time before `at`; the state at `at` is kept, the time before becomes shorter,
    /// not different, for every window that starts at or after `at`.
    pub fn forget_before(&mut self, at: Timestamp) {
        let keep = self.changes.partition_point(|(t, _)| *t <= at).saturating_sub(1);
        self.changes.drain(..keep);
        if self.changes.first().is_some_and(|(_, state)| *state == State::Unknown) {
            self.changes.remove(0);
        }
    }

    /// The state at one instant.
    pub fn state_at(&self, at: Timestamp) -> State {
        self.stretch_at(at).state
    }

    /// The whole stretch of one state that holds at `at`, with open ends at the rims of [`Interval::ALL`].
    pub fn stretch_at(&self, at: Timestamp) -> StateInterval {
        self.stretch(self.changes.partition_point(|(t, _)| *t <= at))
    }

    /// The stretch that ends at change `index` (and began with the one before it).
    fn stretch(&self, index: usize) -> StateInterval {
        let began = index.checked_sub(1).and_then(|i| self.changes.get(i));
        let (from, state) = began.copied().unwrap_or((Interval::ALL.from, State::Unknown));
        let to = self.changes.get(index).map_or(Interval::ALL.to, |(at, _)| *at);
        StateInterval { interval: Interval::new(from, to), state }
    }

    /// The stretches that overlap `window`, uncut, in order of time.
    pub fn stretches(&self, window: Interval) -> impl Iterator<Item = StateInterval> + '_ {
        let first = self.changes.partition_point(|(t, _)| *t <= window.from);
        let last = if window.is_empty() { first } else { self.changes.len() + 1 };
        (first..last).map(|index| self.stretch(index)).take_while(move |s| s.interval.from < window.to)
    }

    /// The stretches inside `window`: they tile it.
    pub fn segments(&self, window: Interval) -> impl Iterator<Item = StateInterval> + '_ {
        self.stretches(window).map(move |s| StateInterval { interval: s.interval.intersection(window), state: s.state })
    }

    /// The instants of `window` in `state`.
    pub fn time_in(&self, state: State, window: Interval) -> IntervalSet {
        self.segments(window).filter(|s| s.state == state).map(|s| s.interval).collect()
    }

    /// Whole seconds of `window` in `state`.
    pub fn seconds_in(&self, state: State, window: Interval) -> u64 {
        self.segments(window).filter(|s| s.state == state).map(|s| s.interval.length_s()).sum()
    }
}

/// Walks several timelines together over `window` and yields every stretch in which none of them changes, with the
/// state of each. Costs the number of changes inside the window times the number of timelines.
pub(crate) fn walk_together(timelines: &[&Timeline], window: Interval, mut visit: impl FnMut(Interval, &[State])) {
    let mut next: Vec<usize> =
        timelines.iter().map(|t| t.changes.partition_point(|(at, _)| *at <= window.from)).collect();
    let mut states: Vec<State> = timelines.iter().map(|t| t.state_at(window.from)).collect();
    let mut from = window.from;
    while from < window.to {
        let upcoming = timelines.iter().zip(&next).filter_map(|(t, i)| t.changes.get(*i)).map(|(at, _)| *at).min();
        let to = upcoming.unwrap_or(window.to).min(window.to);
        visit(Interval::new(from, to), &states);
        for ((timeline, index), state) in timelines.iter().zip(&mut next).zip(&mut states) {
            if let Some((_, changed)) = timeline.changes.get(*index).filter(|(at, _)| *at == to) {
                *state = *changed;
                *index += 1;
            }
        }
        from = to;
    }
}
