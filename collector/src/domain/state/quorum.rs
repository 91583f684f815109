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
        self.decide(vantages).state
    }

    /// The same with the numbers behind it and the rule that decided.
    pub fn decide(&self, vantages: impl IntoIterator<Item = (State, bool)>) -> Decision {
        let (mut up, mut degraded, mut down, mut unknown, mut decisive_down) =
            (0_usize, 0_usize, 0_usize, 0_usize, false);
        for (state, decisive) in vantages {
            match state {
                State::Up => up += 1,
                State::Degraded => degraded += 1,
                State::Down => {
                    down += 1;
                    decisive_down |= decisive;
                }
                State::Unknown => unknown += 1,
            }
        }
        let (valid, min_valid) = (up + degraded + down, self.min_valid.max(1));
        let (rule, state) = if valid < min_valid {
            (QuorumRule::TooFewValid, State::Unknown)
        } else if decisive_down {
            (QuorumRule::DecisiveDown, State::Down)
        } else if down * 2 > valid {
            (QuorumRule::MajorityDown, State::Down)
        } else if down * 2 == valid {
            (QuorumRule::Tie, self.tie.state())
        } else if down + degraded > 0 {
            (QuorumRule::SomeWorse, State::Degraded)
        } else {
            (QuorumRule::AllUp, State::Up)
        };
        Decision { state, rule, up, degraded, down, unknown, min_valid }
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

/// Which rule of the quorum decided; the first that applies, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuorumRule {
    /// Fewer valid vantages than are needed: unknown.
    TooFewValid,
    /// A decisive vantage says down.
    DecisiveDown,
    /// More than half of the valid vantages say down.
    MajorityDown,
    /// Exactly half of the valid vantages say down; see [`Tie`].
    Tie,
    /// A minority is down, or some are degraded.
    SomeWorse,
    /// All valid vantages say up.
    AllUp,
}

impl QuorumRule {
    /// The code in the API and in message identifiers.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooFewValid => "too_few_valid",
            Self::DecisiveDown => "decisive_down",
            Self::MajorityDown => "majority_down",
            Self::Tie => "tie",
            Self::SomeWorse => "some_worse",
            Self::AllUp => "all_up",
        }
    }
}

/// What a quorum decided, from how many of each, and by which rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// The state that follows.
    pub state: State,
    /// Why.
    pub rule: QuorumRule,
    /// Vantages that say up.
    pub up: usize,
    /// Vantages that say degraded.
    pub degraded: usize,
    /// Vantages that say down.
    pub down: usize,
    /// Vantages that cannot tell.
    pub unknown: usize,
    /// Valid vantages that were needed.
    pub min_valid: usize,
}

/// One point of view: the timeline seen from there.
#[derive(Debug, Clone, Copy)]
pub struct Vantage<'a> {
    /// What it saw.
    pub timeline: &'a Timeline,
    /// Whether its *down* alone is a *down* (the outside view of a public service).
    pub decisive: bool,
}
