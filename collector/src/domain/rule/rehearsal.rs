//! A rehearsal: what the views of one ticket key, told one after the other, would have done. The very rules that judge now
//! ([`condition::judge`], [`open::open`]) judge the past; what they would have written is kept instead.
//!
//! No person acts in a rehearsal: nobody answers, confirms or cancels. Instants rise. Knows no store and no series.

use super::Rule;
use crate::domain::catalogue::Catalogue;
use crate::domain::phrase::Phrase;
use crate::domain::profile::{Impact, Priority, Profile};
use crate::domain::ticket::condition::{self, Outcome, View};
use crate::domain::ticket::fold::Openings;
use crate::domain::ticket::open::{self, Report};
use crate::domain::ticket::{Ticket, TicketKey, TicketNumber, TicketState};
use pantau_shared::timestamp::Timestamp;

/// A ticket that would have been opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WouldBe {
    /// Its key.
    pub key: TicketKey,
    /// Its rule.
    pub rule: Rule,
    /// When the disturbance began.
    pub onset_at: Timestamp,
    /// When the ticket would have opened.
    pub opened_at: Timestamp,
    /// First good moment; `None`: it would still be open.
    pub restored_at: Option<Timestamp>,
    /// How often it would have come back while it waited for confirmation.
    pub recurrences: u32,
    /// Tabel 3.
    pub priority: Priority,
    /// What was wrong.
    pub symptom: Phrase,
}

/// One key's rehearsal.
#[derive(Debug)]
pub struct Rehearsal<'a> {
    catalogue: &'a Catalogue,
    profile: &'a Profile,
    ticket: Option<Ticket>,
    number: u32,
    done: Vec<WouldBe>,
}

impl<'a> Rehearsal<'a> {
    /// By the policies of `catalogue`, in which the values to be tried stand.
    pub const fn new(catalogue: &'a Catalogue, profile: &'a Profile) -> Self {
        Self { catalogue, profile, ticket: None, number: 0, done: Vec::new() }
    }

    /// Whether a ticket would be open and not yet restored.
    pub fn is_open(&self) -> bool {
        self.ticket.as_ref().is_some_and(|ticket| ticket.state != TicketState::Pulih)
    }

    /// Tells what was seen at `now`.
    pub fn see(&mut self, view: &View, now: Timestamp) {
        let priority = |impact: Impact| {
            let affected = match view {
                View::Holds(condition) => condition.affected.as_slice(),
                View::Clear { .. } | View::Unseen { .. } => &[],
            };
            open::priority_of(self.catalogue, self.profile, affected, impact)
        };
        let policy = self.catalogue.tickets;
        match condition::judge(self.ticket.as_ref(), view, policy, self.profile, now, priority) {
            Outcome::Nothing => {}
            Outcome::Open => self.open(view, now),
            Outcome::Changed { ticket, .. } => self.ticket = Some(*ticket),
            Outcome::Superseded(ticket) => {
                self.done.extend(would_be(*ticket));
                self.ticket = None;
                self.open(view, now);
            }
        }
    }

    fn open(&mut self, view: &View, now: Timestamp) {
        let View::Holds(condition) = view else { return };
        self.number = self.number.saturating_add(1);
        let report = Report { reporter: None, condition, related: None };
        let number = TicketNumber { year: 0, number: self.number };
        self.ticket = Some(open::open(&report, number, self.catalogue, self.profile, now).0);
    }

    /// All it would have opened, in order.
    pub fn finish(mut self) -> Vec<WouldBe> {
        let last = self.ticket.take();
        self.done.extend(last.and_then(would_be));
        self.done
    }
}

fn would_be(ticket: Ticket) -> Option<WouldBe> {
    Some(WouldBe {
        rule: Rule::of(&ticket.key.scope, ticket.key.class, ticket.impact)?,
        key: ticket.key,
        onset_at: ticket.onset_at,
        opened_at: ticket.reported_at,
        restored_at: ticket.restored_at,
        recurrences: ticket.recurrences,
        priority: ticket.priority,
        symptom: ticket.symptom,
    })
}

/// Which of the openings of one rule, in order of time, its ticket budget would have folded.
pub fn folded(opened: &[Timestamp], per_hour: Option<u32>) -> Vec<bool> {
    let mut openings = Openings::default();
    let each = opened.iter().map(|at| {
        let spent = openings.is_spent(per_hour, 0, *at);
        if !spent {
            openings.note(*at, per_hour.unwrap_or(1));
        }
        spent
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::profile::bangka_2025;
    use crate::domain::ticket::condition::Condition;
    use crate::domain::ticket::{TicketClass, TicketScope};
    use pantau_shared::ids::HostId;

    fn s(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    fn key() -> TicketKey {
        let scope = TicketScope::Host(HostId::parse("a").expect("valid"), "cpu".into());
        TicketKey { scope, class: TicketClass::Performance }
    }

    fn holds(onset: i64) -> View {
        View::Holds(Condition {
            key: key(),
            impact: Impact::Minor,
            onset_at: s(onset),
            symptom: Phrase::new("x"),
            category: "sistem_operasi".into(),
            components: vec![],
            affected: vec![],
            flapping_since: None,
        })
    }

    /// Restored after five minutes, the same ticket within half an hour, another one later: as tickets are.
    #[test]
    fn the_past_is_judged_as_the_present() {
        let (catalogue, profile) = (Catalogue::empty(), bangka_2025());
        let mut rehearsal = Rehearsal::new(&catalogue, &profile);
        let clear = |since| View::Clear { key: key(), since: s(since) };
        for (at, view) in [
            (900, holds(0)),
            (1_000, clear(1_000)),
            (1_299, clear(1_000)),
            (1_300, clear(1_000)),
            (2_000, holds(1_900)),
            (3_000, clear(2_500)),
            (9_000, View::Unseen { key: key() }),
            (9_100, holds(9_000)),
        ] {
            rehearsal.see(&view, s(at));
        }
        assert!(rehearsal.is_open());
        let told: Vec<_> = rehearsal
            .finish()
            .into_iter()
            .map(|t| {
                (t.onset_at.as_secs(), t.opened_at.as_secs(), t.restored_at.map(Timestamp::as_secs), t.recurrences)
            })
            .collect();
        assert_eq!(told, [(0, 900, Some(2_500), 1), (9_000, 9_100, None, 0)]);
    }

    #[test]
    fn the_budget_folds_the_excess_of_an_hour() {
        let opened = [0, 1, 2, 3, 4_000].map(s);
        assert_eq!(folded(&opened, Some(2)), [false, false, true, true, false]);
        assert_eq!(folded(&opened, None), [false; 5]);
    }
}
