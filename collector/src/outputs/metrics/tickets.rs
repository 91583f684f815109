//! Tickets that are open.

use super::{Family, counter, gauge, number};
use crate::domain::rule::Rule;
use crate::domain::ticket::{TicketClass, TicketState};
use crate::self_stats::SelfStats;
use crate::snapshot::Snapshot;

pub(super) fn tickets(snapshot: &Snapshot, stats: &SelfStats) -> Vec<Family> {
    let mut open = gauge("pantau_tickets_open", "Open tickets by priority, 1 the most urgent.");
    for priority in 1..=6_u8 {
        let count = snapshot.tickets.iter().filter(|ticket| ticket.priority.number() == priority).count();
        open.set(&[("priority", &priority.to_string())], u32::try_from(count).ok().map(f64::from));
    }
    let mut by_class = gauge("pantau_tickets_open_by_class", "Open tickets by class of disturbance.");
    for class in TicketClass::ALL {
        let count = snapshot.tickets.iter().filter(|ticket| ticket.key.class == class).count();
        by_class.set(&[("class", class.code())], u32::try_from(count).ok().map(f64::from));
    }
    let mut unconfirmed =
        gauge("pantau_tickets_unconfirmed", "Restored tickets that wait for a person's confirmation.");
    let waiting = snapshot.tickets.iter().filter(|ticket| ticket.state == TicketState::Pulih).count();
    unconfirmed.set(&[], u32::try_from(waiting).ok().map(f64::from));
    let mut folded = counter(
        "pantau_tickets_folded_total",
        "Disturbances folded into the ticket of their rule because its ticket budget was spent.",
    );
    for rule in Rule::ALL {
        folded.set(&[("rule", rule.code())], Some(number(stats.tickets_folded.get(rule))));
    }
    vec![open, by_class, unconfirmed, folded]
}
