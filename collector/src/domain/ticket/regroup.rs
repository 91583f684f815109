//! A person joins tickets that are one disturbance, or takes apart what was joined wrongly.
//!
//! Merging keeps the earliest report. The merged ticket is cancelled with the reason "digabung"; its key goes with it to
//! the other one, so that the same disturbance does not open again. Splitting is its undoing: members that are named
//! leave into a new ticket, with their own onset and report. Both count as a person's entry (G11), with a reason.

use super::condition::Condition;
use super::group::{self, MEMBERS_MAX, Member};
use super::open::{self, Report};
use super::transition::{Step, written};
use super::{Activity, ActivityText, Actor, Ticket, TicketNumber, TicketRefusal, TicketState};
use crate::domain::catalogue::Catalogue;
use crate::domain::phrase::Phrase;
use crate::domain::profile::Profile;
use pantau_shared::timestamp::Timestamp;

/// A ticket as it became, with its entry.
pub type Changed = (Ticket, Activity);

/// By whom and when, under which regulation.
#[derive(Debug, Clone, Copy)]
pub struct Act<'a> {
    /// Who.
    pub actor: &'a str,
    /// When.
    pub now: Timestamp,
    /// The regulation.
    pub profile: &'a Profile,
}

impl Act<'_> {
    fn entry(&self, ticket: &Ticket, kind: &str, id: &str, other: TicketNumber, reason: &str) -> Activity {
        let text = Phrase::new(id).with("ticket", other).with("reason", reason.trim());
        let at = self.now.max(ticket.recorded_at).max(ticket.restored_at.unwrap_or(ticket.recorded_at));
        let actor = Actor::Person(self.actor.to_owned());
        Activity { at, actor, kind: kind.to_owned(), text: ActivityText::Phrase(text) }
    }
}

/// Joins `merged` into `into`: the two after it, in the order in which they are to be committed.
///
/// # Errors
/// [`TicketRefusal`]: no reason; the two are one; one of them is over; `into` is Pulih and `merged` is not.
pub fn merge(merged: &Ticket, into: &Ticket, reason: &str, act: Act<'_>) -> Result<[Changed; 2], TicketRefusal> {
    written("reason", reason)?;
    if merged.number == into.number || into.members.len() + merged.members.len() >= MEMBERS_MAX {
        return Err(TicketRefusal::BadMerge);
    }
    let stays_restored = merged.restored_at.is_some() && merged.state == TicketState::Pulih;
    if into.state == TicketState::Pulih && !stays_restored {
        return Err(TicketRefusal::BadMerge);
    }
    let mut gone = merged.clone();
    gone.step(Step::Merge)?;
    gone.life.related = Some(into.number);
    let mut after = into.clone();
    after.step(Step::Absorb)?;
    let members = std::mem::take(&mut gone.members);
    if merged.holds_key {
        let own = Member {
            key: merged.key.clone(),
            services: merged.affected_services.clone(),
            impact: merged.impact,
            priority: merged.priority,
            onset_at: merged.onset_at,
            detected_at: merged.reported_at,
            restored_at: merged.restored_at,
            resolution_target: merged.resolution_target,
        };
        [own].into_iter().chain(members).for_each(|member| after.take_in(member, act.profile, act.now));
    } else {
        // Its key is another ticket's already; what it says of time and services stays.
        after.reported_at = after.reported_at.min(merged.reported_at);
        after.onset_at = after.onset_at.min(merged.onset_at);
    }
    for name in &merged.handlers {
        if !after.handlers.contains(name) {
            after.handlers.push(name.clone());
        }
    }
    let (left, entered) = (
        act.entry(merged, "merged", "activity-merged-into", into.number, reason),
        act.entry(into, "merged", "activity-merged-from", merged.number, reason),
    );
    for (ticket, at) in [(&mut gone, left.at), (&mut after, entered.at)] {
        ticket.first_response_at.get_or_insert(at);
    }
    Ok([(gone, left), (after, entered)])
}

/// Takes the members out of `ticket` whose key or one of whose services is in `parts`, into a new ticket `number`: the
/// two after it, in the order in which they are to be committed.
///
/// # Errors
/// [`TicketRefusal`]: no reason; a part that is no member; the ticket is over.
pub fn split(
    ticket: &Ticket,
    parts: &[String],
    reason: &str,
    number: TicketNumber,
    catalogue: &Catalogue,
    act: Act<'_>,
) -> Result<[Changed; 2], TicketRefusal> {
    written("reason", reason)?;
    let named = |member: &Member, part: &String| {
        member.key.to_string() == *part || member.services.iter().any(|service| service.as_str() == part)
    };
    let is_member = |part: &String| ticket.members.iter().any(|member| named(member, part));
    if parts.is_empty() || !ticket.holds_key || !parts.iter().all(is_member) {
        return Err(TicketRefusal::BadSplit);
    }
    let mut after = ticket.clone();
    let (mut leaving, staying): (Vec<Member>, Vec<Member>) =
        std::mem::take(&mut after.members).into_iter().partition(|member| parts.iter().any(|part| named(member, part)));
    after.members = staying;
    after.step(Step::Split)?;
    let still = |service: &_| after.members.iter().any(|member| member.services.contains(service));
    let left = |service: &_| leaving.iter().any(|member| member.services.contains(service));
    let root = ticket.key.scope.service();
    after.affected_services = ticket
        .affected_services
        .iter()
        .filter(|service| !left(*service) || still(*service) || root == Some(*service))
        .cloned()
        .collect();
    let names = group::names(leaving.iter());
    // The most urgent of what leaves is what the new ticket is about.
    leaving.sort_by_key(|member| (member.priority, member.onset_at));
    let first = leaving.remove(0);
    let condition = Condition {
        key: first.key,
        impact: first.impact,
        onset_at: first.onset_at,
        symptom: Phrase::new("symptom-split").with("services", names).with("ticket", ticket.number),
        category: ticket.category.clone(),
        components: Vec::new(),
        affected: first.services,
        flapping_since: None,
    };
    let report = Report { reporter: None, condition: &condition, related: Some(ticket.number) };
    let (mut new, _) = open::open(&report, number, catalogue, act.profile, act.now);
    new.reported_at = first.detected_at.min(act.now);
    leaving.into_iter().for_each(|member| new.take_in(member, act.profile, act.now));
    // A person made it, so a person has answered.
    new.state = TicketState::Ditanggapi;
    let (stays, leaves) = (
        act.entry(ticket, "split", "activity-split-off", number, reason),
        act.entry(&new, "split", "activity-split-from", ticket.number, reason),
    );
    after.first_response_at.get_or_insert(stays.at);
    new.first_response_at = Some(leaves.at);
    Ok([(after, stays), (new, leaves)])
}
