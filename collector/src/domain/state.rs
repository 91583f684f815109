//! States of a service in time: from raw results to one timeline.
//!
//! ```text
//! results of one vantage ──track──► its timeline ─┐
//!          (confirmation, staleness)              ├─quorum──► timeline of the check ──composite──► service
//! results of another     ──track──► its timeline ─┘
//! ```
//!
//! Maintenance is no [`State`]: it lies *over* the timeline and is applied when figures are made
//! ([`super::availability`]), so a window approved, moved or withdrawn later never touches what was observed.
//! Knows nothing of service time, targets or tickets.

pub mod account;
pub mod late;
pub mod quorum;
pub mod timeline;
pub mod track;

pub use account::{AnswerAccount, AnswerRole, TrackAccount};
pub use late::{LateEffect, Proposal};
pub use quorum::{Decision, Quorum, QuorumRule, Tie, Vantage};
pub use timeline::{StateInterval, Timeline};
pub use track::{CheckOutcome, CheckPolicy, CheckResult, OutOfOrder, TrackChange, VantageTrack};

/// What can be said of a check, a component or a service at one instant. In the order of how well it stands, with
/// [`State::Unknown`] apart at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Answers as expected.
    Up,
    /// Answers, but worse than agreed or not for everybody.
    Degraded,
    /// Does not answer, confirmed.
    Down,
    /// Nobody looked, or who looked could not see. Never turned into another state by passing of time.
    Unknown,
}

impl State {
    /// All states, in declared order.
    pub const ALL: [Self; 4] = [Self::Up, Self::Degraded, Self::Down, Self::Unknown];

    /// The name in the API, metrics and the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Unknown => "unknown",
        }
    }

    /// The state of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

#[cfg(test)]
mod tests;
