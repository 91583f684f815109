//! The disturbances that a ticket stands for beside its own, each with its own clock; and with which tickets it may be
//! merged.

use super::page::ticket_state_badge;
use super::tickets::{Choice, about};
use crate::domain::ticket::clock::{ClockVerdict, EndBasis};
use crate::domain::ticket::{Ticket, TicketState};
use crate::snapshot::Snapshot;
use crate::texts::Texts;
use pantau_shared::timestamp::Timestamp;

/// Tickets offered to be merged into, most urgent first.
const OFFERED_MAX: usize = 100;

/// A part of a ticket.
#[derive(Debug)]
pub(crate) struct PartRow {
    /// Its key, by which it is split off.
    pub(crate) key: String,
    pub(crate) about: String,
    pub(crate) since: String,
    /// Restored, or that it is not.
    pub(crate) state: String,
    pub(crate) restored: bool,
    /// When its solution becomes late; empty: never judged.
    pub(crate) due: String,
    pub(crate) late: bool,
}

/// The parts in the order in which they joined.
pub(crate) fn parts(texts: Texts, snapshot: &Snapshot, ticket: &Ticket, now: Timestamp) -> Vec<PartRow> {
    let at = |id: &str, at| texts.text(id, &[("at", &texts.instant_short(at))]);
    let part = |member: &crate::domain::ticket::group::Member| {
        let due = member.resolution_target.map(|t| member.detected_at.plus_secs(i64::from(t.seconds)));
        let verdict = ticket.member_verdict_by(member, EndBasis::Confirmed, now);
        PartRow {
            key: member.key.to_string(),
            about: about(texts, snapshot, &member.key.scope),
            since: at("part-since", member.onset_at),
            state: member.restored_at.map_or_else(|| texts.get("part-disturbed"), |since| at("part-restored", since)),
            restored: member.restored_at.is_some(),
            due: due.map_or_else(String::new, |due| at("part-due", due)),
            late: verdict == ClockVerdict::Breached,
        }
    };
    ticket.members.iter().map(part).collect()
}

/// Tickets into which this one may be merged.
pub(crate) fn merge_choices(texts: Texts, snapshot: &Snapshot, ticket: &Ticket) -> Vec<Choice> {
    let open = snapshot.tickets.iter().filter(|other| {
        other.number != ticket.number && (other.state != TicketState::Pulih || ticket.state == TicketState::Pulih)
    });
    let choice = |other: &std::sync::Arc<Ticket>| Choice {
        value: other.number.to_string(),
        label: format!(
            "{} · {} · {}",
            other.number,
            about(texts, snapshot, &other.key.scope),
            ticket_state_badge(texts, other.state).label
        ),
        selected: false,
    };
    open.take(OFFERED_MAX).map(choice).collect()
}
