//! Grouping: one root, one ticket, many affected services (engines B.2).
//!
//! ```text
//! a dependant is disturbed │ something it needs is down and has a ticket → joins that ticket
//!                          │ else it waits `group_wait` (twice that at most, while what it needs is down or in doubt) → its own
//! a member                 │ good for `resolve_after` → restored, noted;  bad again → noted, the ticket goes on
//! the ticket               │ is restored once its own condition and every member are; its clocks are judged part by part
//! ```
//!
//! The root may recover before a dependant does. The ticket stays until all are good: it is one disturbance, the help
//! desk sees one number until the last user is served again, and a dependant that hangs for a reason of its own is taken
//! out by a person (split). The ledger of availability knows nothing of all this: what is down is down.

use super::transition::Step;
use super::{Activity, ActivityText, Actor, Ticket, TicketClass, TicketKey, TicketNumber};
use crate::domain::catalogue::{ServiceId, TicketPolicy};
use crate::domain::phrase::Phrase;
use crate::domain::profile::{Impact, Priority, Profile, TimeTarget};
use crate::domain::ticket::condition::View;
use pantau_shared::timestamp::Timestamp;

/// Members of a ticket; what is above opens tickets of its own.
pub const MEMBERS_MAX: usize = 1000;
/// Names in an entry of the log.
const NAMED_MAX: usize = 10;

/// A disturbance that belongs to a ticket beside the one for which it was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Held for as long as the ticket holds its own.
    pub key: TicketKey,
    /// Services that suffer by it.
    pub services: Vec<ServiceId>,
    /// Dampak, by itself.
    pub impact: Impact,
    /// Tabel 3, by itself.
    pub priority: Priority,
    /// When it began.
    pub onset_at: Timestamp,
    /// When it was first seen as confirmed; its resolution clock starts here.
    pub detected_at: Timestamp,
    /// First good moment, once it has lasted.
    pub restored_at: Option<Timestamp>,
    /// Tabel 2 as copied when it joined.
    pub resolution_target: Option<TimeTarget>,
}

impl Member {
    /// Whether the ticket waits for its recovery. A budget that burns is a fact of the outage: it is good only days later.
    pub fn must_recover(&self) -> bool {
        self.key.class != TicketClass::Budget
    }
}

/// Something that a disturbed service needs, as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upstream {
    /// Not known to be down.
    Good,
    /// Not heard since the disturbance began, but not yet silent for long enough: decided by then.
    Doubtful(Timestamp),
    /// Down.
    Down {
        /// The ticket of that.
        ticket: Option<TicketNumber>,
        /// Whether nothing that it needs is down in turn.
        root: bool,
    },
}

/// Where a disturbance goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A ticket of its own.
    Own,
    /// Nowhere before then.
    Wait(Timestamp),
    /// Into that ticket.
    Join(TicketNumber),
}

/// Where a disturbance goes that was detected at `detected_at` and needs `upstreams`, at `now`.
pub fn place(detected_at: Timestamp, wait_s: u32, upstreams: &[Upstream], now: Timestamp) -> Place {
    let wait_s = i64::from(wait_s);
    let (ripe, last) = (detected_at.plus_secs(wait_s), detected_at.plus_secs(wait_s * 2));
    let (mut joinable, mut until) = (None, detected_at);
    for upstream in upstreams {
        match *upstream {
            Upstream::Good => until = until.max(ripe),
            Upstream::Doubtful(decided) => until = until.max(ripe).max(decided.min(last)),
            Upstream::Down { ticket: None, .. } => until = last,
            Upstream::Down { ticket: Some(ticket), root } => {
                let candidate = (!root, ticket);
                joinable = Some(joinable.map_or(candidate, |known: (bool, TicketNumber)| known.min(candidate)));
            }
        }
    }
    match joinable {
        Some((_, ticket)) => Place::Join(ticket),
        None if now < until => Place::Wait(until),
        None => Place::Own,
    }
}

/// Takes `members` in; those above [`MEMBERS_MAX`] stay outside. `handlers` answer for them. With the event that is told.
pub fn join(
    ticket: &Ticket,
    members: Vec<Member>,
    handlers: Vec<String>,
    profile: &Profile,
    now: Timestamp,
) -> Option<(Ticket, Activity, Option<&'static str>)> {
    let mut after = ticket.clone();
    let room = MEMBERS_MAX.saturating_sub(after.members.len());
    let members: Vec<Member> = members.into_iter().take(room).collect();
    if members.is_empty() {
        return None;
    }
    // What only burns a budget is noted also while the ticket waits for its confirmation; nobody is called again.
    let fact = !members.iter().any(Member::must_recover);
    let id = if fact { "activity-budget-noted" } else { "activity-joined" };
    let text = Phrase::new(id).with("services", names(members.iter()));
    members.into_iter().for_each(|member| after.take_in(member, profile, now));
    for name in handlers {
        if !after.handlers.contains(&name) {
            after.handlers.push(name);
        }
    }
    after.step(if fact { Step::Note } else { Step::Join }).ok()?;
    let event = (!fact).then_some("updated");
    Some((after, by_system("joined", text, ticket, now), event))
}

/// Notes what is seen of members; what is told of it.
pub fn note(ticket: &Ticket, seen: &[View], policy: TicketPolicy, now: Timestamp) -> Option<(Ticket, Activity)> {
    let mut after = ticket.clone();
    let patience = i64::from(policy.resolve_after_seconds);
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for view in seen {
        let member = after.members.iter_mut().find(|member| member.key == *view.key() && member.must_recover());
        let Some(member) = member else { continue };
        match view {
            View::Clear { since, .. } if member.restored_at.is_none() && since.plus_secs(patience) <= now => {
                member.restored_at = Some((*since).max(member.onset_at));
                good.push(member.clone());
            }
            View::Holds(_) if member.restored_at.take().is_some() => bad.push(member.clone()),
            View::Holds(condition) if condition.impact < member.impact => {
                member.impact = condition.impact;
                after.impact = after.impact.min(condition.impact);
                bad.push(member.clone());
            }
            View::Holds(_) | View::Clear { .. } | View::Unseen { .. } => {}
        }
    }
    let (kind, text) = match (bad.is_empty(), good.is_empty()) {
        (true, true) => return None,
        (true, false) => ("part_restored", Phrase::new("activity-part-restored").with("services", names(good.iter()))),
        (false, _) => ("part_recurred", Phrase::new("activity-part-disturbed").with("services", names(bad.iter()))),
    };
    after.step(Step::Note).ok()?;
    Some((after, by_system(kind, text, ticket, now)))
}

/// Members that nobody watches any more leave.
pub fn leave(ticket: &Ticket, gone: &[TicketKey], now: Timestamp) -> Option<(Ticket, Activity)> {
    let mut after = ticket.clone();
    let (left, stay): (Vec<Member>, Vec<Member>) =
        std::mem::take(&mut after.members).into_iter().partition(|member| gone.contains(&member.key));
    if left.is_empty() {
        return None;
    }
    after.members = stay;
    after.step(Step::Note).ok()?;
    let text = Phrase::new("activity-part-withdrawn").with("services", names(left.iter()));
    Some((after, by_system("part_withdrawn", text, ticket, now)))
}

/// Nobody watches what the ticket is about any more: it ends, and says why. One that is Pulih has ended already and waits
/// for a person as before.
pub fn withdraw(ticket: &Ticket, reason: &str, now: Timestamp) -> Option<(Ticket, Activity)> {
    let mut after = ticket.clone();
    after.step(Step::Withdraw).ok()?;
    let text = Phrase::new(reason).with("subject", &ticket.key.scope);
    Some((after, by_system("cancelled", text, ticket, now)))
}

/// What members are called in the log.
pub(super) fn names<'a>(members: impl Iterator<Item = &'a Member> + Clone) -> String {
    let count = members.clone().count();
    let named: Vec<String> = members.take(NAMED_MAX).map(name).collect();
    let more = if count > NAMED_MAX { format!(", … ({count})") } else { String::new() };
    named.join(", ") + &more
}

/// A service by its identifier, anything else by its key's scope.
fn name(member: &Member) -> String {
    let scope = &member.key.scope;
    scope.service().map_or_else(|| scope.to_string(), ToString::to_string)
}

fn by_system(kind: &str, text: Phrase, ticket: &Ticket, now: Timestamp) -> Activity {
    let at = now.max(ticket.recorded_at);
    Activity { at, actor: Actor::System, kind: kind.to_owned(), text: ActivityText::Phrase(text) }
}

impl Ticket {
    /// The keys it stands for, its own first.
    pub fn keys(&self) -> impl Iterator<Item = &TicketKey> {
        std::iter::once(&self.key).chain(self.members.iter().map(|member| &member.key))
    }

    /// Whether every member has recovered.
    pub fn members_restored(&self) -> bool {
        self.members.iter().all(|member| member.restored_at.is_some() || !member.must_recover())
    }

    /// Takes a member in: the ticket is as old, as wide and as urgent as anything in it.
    pub(super) fn take_in(&mut self, member: Member, profile: &Profile, now: Timestamp) {
        self.reported_at = self.reported_at.min(member.detected_at);
        self.onset_at = self.onset_at.min(member.onset_at);
        for service in &member.services {
            if !self.affected_services.contains(service) {
                self.affected_services.push(service.clone());
            }
        }
        self.impact = self.impact.min(member.impact);
        self.raise(member.priority, profile, now);
        self.members.push(member);
    }

    /// More urgent only: a person may have raised it above the table. Before a response, the due moment is the earlier of
    /// the old one and change + new target (engines B.2).
    pub(super) fn raise(&mut self, priority: Priority, profile: &Profile, now: Timestamp) {
        if priority >= self.priority {
            return;
        }
        self.priority = priority;
        if self.first_response_at.is_none()
            && let (Some(old), Some(new)) = (self.response_target, profile.response_target(priority))
        {
            let since_report = now.ms_since(self.reported_at).max(0).div_euclid(1000);
            let from_change = u32::try_from(since_report).unwrap_or(u32::MAX).saturating_add(new.seconds);
            self.response_target = Some(TimeTarget { seconds: from_change.min(old.seconds), ..new });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: i64) -> Timestamp {
        Timestamp::from_secs(1_000_000 + seconds)
    }

    const fn number(number: u32) -> TicketNumber {
        TicketNumber { year: 2026, number }
    }

    #[test]
    fn what_needs_nothing_does_not_wait_and_what_is_alone_waits_once() {
        assert_eq!(place(s(0), 60, &[], s(0)), Place::Own);
        let good = [Upstream::Good];
        assert_eq!(place(s(0), 60, &good, s(0)), Place::Wait(s(60)));
        assert_eq!(place(s(0), 60, &good, s(59)), Place::Wait(s(60)));
        assert_eq!(place(s(0), 60, &good, s(60)), Place::Own);
    }

    #[test]
    fn it_joins_the_root_before_what_is_down_in_turn() {
        let down = |n, root| Upstream::Down { ticket: Some(number(n)), root };
        assert_eq!(place(s(0), 60, &[Upstream::Good, down(3, false)], s(0)), Place::Join(number(3)));
        assert_eq!(place(s(0), 60, &[down(1, false), down(7, true)], s(0)), Place::Join(number(7)));
        assert_eq!(place(s(0), 60, &[down(9, true), down(7, true)], s(900)), Place::Join(number(7)));
    }

    #[test]
    fn doubt_and_a_ticket_to_come_extend_the_wait_but_not_for_ever() {
        let untold = [Upstream::Down { ticket: None, root: true }];
        assert_eq!(place(s(0), 60, &untold, s(61)), Place::Wait(s(120)));
        assert_eq!(place(s(0), 60, &untold, s(120)), Place::Own);
        let doubtful = |until| [Upstream::Doubtful(s(until))];
        assert_eq!(place(s(0), 60, &doubtful(30), s(30)), Place::Wait(s(60)));
        assert_eq!(place(s(0), 60, &doubtful(90), s(60)), Place::Wait(s(90)));
        assert_eq!(place(s(0), 60, &doubtful(900), s(60)), Place::Wait(s(120)));
        assert_eq!(place(s(0), 60, &doubtful(900), s(120)), Place::Own);
    }
}
