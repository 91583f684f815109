//! When something must be looked at although no fact touched it: passing of time itself changes states.
//!
//! Every subject has at most one instant in the queue, at or before the true one. A host that is heard moves its instant
//! of silence with every batch; the queue is not told: the old instant comes due, the host is looked at and the true one
//! is set. So a host costs one entry and one look per silence period, however often it is heard. Knows no rule.

use crate::domain::rule::Rule;
use crate::domain::ticket::TicketNumber;
use pantau_shared::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What is judged as one: its place in the model. In the order of judging.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    Service(usize),
    /// The hosts of the site together.
    Storm,
    Host(usize),
    Backup(usize),
    /// A group of alerts of another program.
    Alert(usize),
    /// What of a rule was folded, together.
    Rule(Rule),
    /// The clocks of an open ticket.
    Ticket(TicketNumber),
}

/// The queue.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deadlines {
    queue: BTreeSet<(Timestamp, Subject)>,
    set: BTreeMap<Subject, Timestamp>,
}

impl Deadlines {
    /// Looks at `subject` at `at` and not before; `None`: only when a fact touches it.
    pub(crate) fn set(&mut self, subject: Subject, at: Option<Timestamp>) {
        let before = match at {
            Some(at) => self.set.insert(subject, at),
            None => self.set.remove(&subject),
        };
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.queue.remove(&(before, subject));
        }
        if let Some(at) = at {
            self.queue.insert((at, subject));
        }
    }

    /// The earliest instant at which anything is due.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// Takes out everything that is due at `now`.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Vec<Subject> {
        let mut due = Vec::new();
        while let Some((at, subject)) = self.queue.first().copied()
            && at <= now
        {
            self.queue.pop_first();
            self.set.remove(&subject);
            due.push(subject);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_has_one_instant_and_comes_due_once() {
        let (s, mut deadlines) = (Timestamp::from_secs, Deadlines::default());
        for (subject, at) in [(1, Some(10)), (2, Some(5)), (1, Some(7)), (3, Some(6)), (3, None), (2, Some(5))] {
            deadlines.set(Subject::Host(subject), at.map(s));
        }
        assert_eq!(deadlines.queue.len(), 2);
        assert_eq!(deadlines.take_due(s(4)), []);
        assert_eq!(deadlines.take_due(s(7)), [Subject::Host(2), Subject::Host(1)]);
        assert_eq!(deadlines.take_due(s(100)), []);
        assert!(deadlines.set.is_empty());
    }
}
