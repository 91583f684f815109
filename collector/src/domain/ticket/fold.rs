//! The ticket budget: so many tickets of one rule in an hour; what is more is folded into one ticket of the rule.
//!
//! ```text
//! a condition asks for a ticket │ fewer than `per_hour` opened in the hour before → its own ticket
//!                               │ else → folded: one more occurrence of the rule's ticket
//! a folded condition            │ stays folded for as long as it holds, though there is room again: it is told already
//! all folded are good           │ the rule's ticket is restored, like any other
//! ```
//!
//! Only the newest `per_hour` openings are kept. The rule's ticket keeps the priority it opened with: what a person raises
//! stays raised. Knows no key.

use super::condition::Condition;
use super::transition::Step;
use super::{Activity, ActivityText, Actor, Ticket};
use crate::domain::phrase::Phrase;
use pantau_shared::timestamp::Timestamp;
use std::collections::VecDeque;

/// Length of the budget's window, in seconds.
pub const WINDOW_SECONDS: i64 = 3_600;

/// When tickets of one rule were opened, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Openings(VecDeque<Timestamp>);

impl Openings {
    /// One more; instants rise.
    pub fn note(&mut self, at: Timestamp, per_hour: u32) {
        self.0.push_back(at);
        while self.0.len() > usize::try_from(per_hour).unwrap_or(usize::MAX).max(1) {
            self.0.pop_front();
        }
    }

    /// Whether a further ticket at `now`, after `more` that are about to open, is too much; without a bound nothing is.
    pub fn is_spent(&self, per_hour: Option<u32>, more: u32, now: Timestamp) -> bool {
        let Some(per_hour) = per_hour else { return false };
        let since = now.plus_secs(-WINDOW_SECONDS);
        let recent = self.0.iter().filter(|at| **at > since).count();
        u32::try_from(recent).unwrap_or(u32::MAX).saturating_add(more) >= per_hour
    }
}

/// `more` conditions join the ticket of their rule, which `condition` now describes: each is an occurrence. Nobody is
/// told anew. `None` in a state that takes nothing any more.
pub fn join(ticket: &Ticket, condition: &Condition, more: u32, now: Timestamp) -> Option<(Ticket, Activity)> {
    let mut after = ticket.clone();
    after.step(Step::Note).ok()?;
    after.life.occurrences = after.life.occurrences.saturating_add(more);
    after.symptom = condition.symptom.clone();
    after.components.clone_from(&condition.components);
    // Who suffered once stays listed.
    let new = condition.affected.iter().filter(|id| !ticket.affected_services.contains(id));
    after.affected_services.extend(new.cloned());
    let text = ActivityText::Phrase(Phrase::new("activity-folded").with("count", more));
    let at = now.max(after.recorded_at);
    Some((after, Activity { at, actor: Actor::System, kind: "updated".to_owned(), text }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_holds_so_many() {
        let s = Timestamp::from_secs;
        let mut openings = Openings::default();
        for (at, spent) in [(0, false), (10, false), (20, false), (30, true), (3_599, true), (3_600, false)] {
            assert_eq!(openings.is_spent(Some(3), 0, s(at)), spent, "{at}");
            if !spent {
                openings.note(s(at), 3);
            }
        }
        assert!(!openings.is_spent(None, 1_000, s(3_600)), "no bound");
        assert!(Openings::default().is_spent(Some(3), 3, s(0)), "what the same look opens counts");
        assert_eq!(openings.0.len(), 3, "no more is kept than the budget");
    }
}
