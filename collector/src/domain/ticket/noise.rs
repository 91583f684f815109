//! Which rules open most tickets, and how often a person did something about them: a rule that nobody acts on wants a
//! higher threshold, or no ticket at all.
//!
//! What opened a ticket is told by [`Rule::of`].

use super::Ticket;
use crate::domain::rule::Rule;
use std::collections::BTreeMap;

/// A rule and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noise {
    /// Which.
    pub rule: Rule,
    /// Tickets, false alarms included.
    pub tickets: u32,
    /// Those that a person answered.
    pub acted: u32,
    /// Those that were cancelled as false alarms.
    pub false_alarms: u32,
    /// How often one of them came back while restored.
    pub recurrences: u32,
}

impl Noise {
    /// The part that a person answered, in parts per million, floored.
    pub fn acted_ppm(&self) -> u32 {
        let ppm = (u64::from(self.acted) * 1_000_000).checked_div(u64::from(self.tickets)).unwrap_or(0);
        u32::try_from(ppm).unwrap_or(u32::MAX)
    }
}

/// The rules behind tickets that the monitoring opened, the one with most tickets first. What people reported is no rule.
pub fn noisiest<'a>(tickets: impl IntoIterator<Item = &'a Ticket>) -> Vec<Noise> {
    let mut rules: BTreeMap<Rule, Noise> = BTreeMap::new();
    for ticket in tickets.into_iter().filter(|ticket| ticket.reporter.is_none()) {
        let Some(rule) = Rule::of(&ticket.key.scope, ticket.key.class, ticket.impact) else { continue };
        let new = Noise { rule, tickets: 0, acted: 0, false_alarms: 0, recurrences: 0 };
        let noise = rules.entry(rule).or_insert(new);
        noise.tickets += 1;
        noise.acted += u32::from(ticket.first_response_at.is_some());
        noise.false_alarms += u32::from(ticket.false_alarm);
        noise.recurrences = noise.recurrences.saturating_add(ticket.recurrences);
    }
    let mut rules: Vec<Noise> = rules.into_values().collect();
    rules.sort_by_key(|noise| std::cmp::Reverse(noise.tickets));
    rules
}
