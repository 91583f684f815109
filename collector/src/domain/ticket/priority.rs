//! A person gives a ticket another priority than Tabel 3 does: with a reason, and its response clock follows (engines B.2).
//!
//! ```text
//! raised, unanswered  │ a response is late at the old moment, or at change + the new target, whichever is first
//! lowered, unanswered │ at report + the new target
//! answered            │ the clock has stopped: nothing changes
//! ```
//!
//! The resolution target hangs on group and class (Tabel 2), not on the priority: it stays. The impact stays too: it says
//! what happened, not how urgent that is. A priority is no answer to anybody, so it is no response (G11). A later rise by
//! the monitoring goes on from what the person set and never lowers it.

use super::transition::written;
use super::{Ticket, TicketRefusal};
use crate::domain::phrase::Phrase;
use crate::domain::profile::{Priority, Profile};
use pantau_shared::timestamp::Timestamp;

impl Ticket {
    /// Sets it, and the response clock with it; the entry of the log.
    pub(super) fn prioritise(
        &mut self,
        priority: Priority,
        reason: &str,
        profile: &Profile,
        now: Timestamp,
    ) -> Result<Phrase, TicketRefusal> {
        written("reason", reason)?;
        let before = self.priority;
        if priority == before {
            return Err(TicketRefusal::SamePriority);
        }
        if priority < before {
            self.raise(priority, profile, now);
        } else {
            self.priority = priority;
            if self.first_response_at.is_none() {
                self.response_target = profile.response_target(priority);
            }
        }
        let phrase = Phrase::new("activity-priority").with("from", before.number()).with("to", priority.number());
        Ok(phrase.with("reason", reason.trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::clock::ClockVerdict;
    use super::super::condition::Condition;
    use super::super::open::{Report, open};
    use super::super::transition::act;
    use super::super::{TicketAction, TicketKey, TicketNumber, TicketState};
    use super::*;
    use crate::config::profile::bangka_2025;
    use crate::domain::catalogue::Catalogue;
    use crate::domain::profile::Impact;

    fn s(seconds: i64) -> Timestamp {
        Timestamp::from_secs(1_800_000_000 + seconds)
    }

    /// Reported at 0; nothing of the catalogue is affected, so it is P6, 150 minutes.
    fn ticket() -> Ticket {
        let condition = Condition {
            key: TicketKey::parse("host:db-01|kinerja").expect("valid"),
            impact: Impact::Minor,
            onset_at: s(0),
            symptom: Phrase::new("symptom-threshold-cpu"),
            category: "perangkat_keras".into(),
            components: vec![],
            affected: vec![],
            flapping_since: None,
        };
        let report = Report { reporter: None, condition: &condition, related: None };
        open(&report, TicketNumber { year: 2026, number: 1 }, &Catalogue::empty(), &bangka_2025(), s(0)).0
    }

    fn set(ticket: &Ticket, priority: u8, at: i64) -> Result<Ticket, TicketRefusal> {
        let priority = Priority::new(priority).expect("1 to 6");
        let action = TicketAction::Prioritise { priority, reason: "rapat paripurna".into() };
        act(ticket, &action, "Sari", s(at), &bangka_2025()).map(|(ticket, _)| ticket)
    }

    /// A line: changes as `priority@minute`, a first answer as `answer@minute`, then the minute at which a response is
    /// late.
    fn check(steps: &str, late_at_minute: i64) {
        let mut ticket = ticket();
        for step in steps.split_whitespace() {
            let (what, minute) = step.split_once('@').expect("what@minute");
            let at = minute.parse::<i64>().expect("minutes") * 60;
            ticket = match what.strip_prefix('P') {
                Some(priority) => set(&ticket, priority.parse().expect("a digit"), at).expect("possible"),
                None => act(&ticket, &TicketAction::Acknowledge, "Sari", s(at), &bangka_2025()).expect("possible").0,
            };
        }
        assert_eq!(ticket.response_due_at(), Some(s(late_at_minute * 60)), "{steps}");
    }

    #[test]
    fn the_response_clock_follows_until_somebody_answers() {
        check("", 150);
        // Raised: change + 15 minutes; never later than the old moment.
        check("P1@20", 35);
        check("P1@140", 150);
        // Lowered: report + the new target.
        check("P1@20 P4@30", 90);
        check("P5@10 P6@20", 150);
        // Answered: nothing moves.
        check("answer@10 P1@20", 150);
        check("P1@20 answer@30 P6@40", 35);
    }

    #[test]
    fn a_priority_is_no_response_and_at_the_edge_it_is_late() {
        let ticket = set(&ticket(), 1, 1_200).expect("possible");
        assert_eq!((ticket.state, ticket.first_response_at), (TicketState::Baru, None));
        assert_eq!(ticket.response_verdict(s(2_099)), ClockVerdict::Running);
        assert_eq!(ticket.response_verdict(s(2_100)), ClockVerdict::Breached, "Tabel 4 is strict");
        assert_eq!(ticket.resolution_target, self::ticket().resolution_target, "Tabel 2 does not hang on it");
        assert_eq!(ticket.impact, Impact::Minor);
    }

    #[test]
    fn it_needs_a_reason_another_value_and_a_disturbance_that_goes_on() {
        assert_eq!(set(&ticket(), 6, 60), Err(TicketRefusal::SamePriority));
        let action = TicketAction::Prioritise { priority: Priority::new(1).expect("valid"), reason: " ".into() };
        let refused = act(&ticket(), &action, "Sari", s(60), &bangka_2025());
        assert!(matches!(refused, Err(TicketRefusal::BadText { field: "reason", .. })), "{refused:?}");
        for state in TicketState::ALL {
            let possible = set(&Ticket { state, ..ticket() }, 1, 60).is_ok();
            let goes_on = state.is_open() && state != TicketState::Pulih;
            assert_eq!(possible, goes_on, "{}", state.code());
        }
    }
}
