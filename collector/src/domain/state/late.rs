//! Results that arrive after the fact: they replace *unknown* while a period is open; once it is final they only make
//! a proposal, which people decide.

use super::State;
use super::timeline::{Timeline, walk_together};
use crate::domain::interval::Interval;

/// A stretch that would be another state, had the results been there in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proposal {
    /// When.
    pub interval: Interval,
    /// What the final period says.
    pub from_state: State,
    /// What the results say now.
    pub to_state: State,
}

/// What late results lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LateEffect {
    /// The same states as before.
    Nothing,
    /// The period is final: its figures stay, these corrections are proposed.
    Propose(Vec<Proposal>),
    /// The period is open: from here on the ledger takes the new timeline.
    ReplaceFrom(Interval),
}

/// What to do about `after`, the timeline of `window` with late results, where `before` was the one without.
/// `period_final`: the period that holds the window has been signed.
pub fn evaluate(before: &Timeline, after: &Timeline, window: Interval, period_final: bool) -> LateEffect {
    let mut differing: Vec<Proposal> = Vec::new();
    walk_together(&[before, after], window, |interval, states| {
        let [from_state, to_state] = *states else { return };
        if from_state == to_state {
            return;
        }
        match differing.last_mut() {
            Some(last)
                if last.interval.to == interval.from && (last.from_state, last.to_state) == (from_state, to_state) =>
            {
                last.interval.to = interval.to;
            }
            Some(_) | None => differing.push(Proposal { interval, from_state, to_state }),
        }
    });
    match differing.first() {
        None => LateEffect::Nothing,
        Some(first) if !period_final => LateEffect::ReplaceFrom(Interval::new(first.interval.from, window.to)),
        Some(_) => LateEffect::Propose(differing),
    }
}
