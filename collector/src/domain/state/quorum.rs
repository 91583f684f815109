//! One timeline from several vantages: one failing location is no outage, a majority is.

use super::State;
use super::timeline::{StateInterval, Timeline, walk_together};
use crate::domain::interval::Interval;

/// What exactly half of the valid vantages being down means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tie {
    /// Somebody is served: degraded.
    #[default]
    Degraded,
    /// The careful reading: down.
    Down,
    /// The lenient reading: up.
    Up,
}

impl Tie {
    const fn state(self) -> State {
        match self {
            Self::Degraded => State::Degraded,
            Self::Down => State::Down,
            Self::Up => State::Up,
        }
    }
}

/// When vantages suffice, and what half of them means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quorum {
    /// With fewer valid vantages the state is unknown; at least 1.
    pub min_valid: usize,
    /// See [`Tie`].
    pub tie: Tie,
}

impl Quorum {
    /// The default for so many vantages: one valid suffices for one or two, else half, rounded up.
    pub fn for_vantages(count: usize) -> Self {
        Self { min_valid: if count <= 2 { 1 } else { count.div_ceil(2) }, tie: Tie::default() }
    }

    /// The state at one instant from the states (and whether each vantage is decisive) at that instant.
    pub fn evaluate(&self, vantages: impl IntoIterator<Item = (State, bool)>) -> State {
        let (mut up, mut degraded, mut down, mut decisive_down) = (0_usize, 0_usize, 0_usize, false);
        for (state, decisive) in vantages {
            match state {
                State::Up => up += 1,
                State::Degraded => degraded += 1,
                State::Down => {
                    down += 1;
                    decisive_down |= decisive;
                }
                State::Unknown => {}
            }
        }
        let valid = up + degraded + down;
        if valid < self.min_valid.max(1) {
            State::Unknown
        } else if decisive_down || down * 2 > valid {
            State::Down
        } else if down * 2 == valid {
            self.tie.state()
        } else if down + degraded > 0 {
            State::Degraded
        } else {
            State::Up
        }
    }

    /// The timeline of `window` from the vantages' timelines: stretches in order of time that tile it, neighbours
    /// may have the same state.
    pub fn merge(&self, vantages: &[Vantage<'_>], window: Interval) -> Vec<StateInterval> {
        let timelines: Vec<&Timeline> = vantages.iter().map(|v| v.timeline).collect();
        let mut out: Vec<StateInterval> = Vec::new();
        walk_together(&timelines, window, |interval, states| {
            let state = self.evaluate(states.iter().copied().zip(vantages.iter().map(|v| v.decisive)));
            match out.last_mut() {
                Some(last) if last.state == state => last.interval.to = interval.to,
                Some(_) | None => out.push(StateInterval { interval, state }),
            }
        });
        out
    }
}

/// One point of view: the timeline seen from there.
#[derive(Debug, Clone, Copy)]
pub struct Vantage<'a> {
    /// What it saw.
    pub timeline: &'a Timeline,
    /// Whether its *down* alone is a *down* (the outside view of a public service).
    pub decisive: bool,
}
