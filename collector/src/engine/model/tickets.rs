//! Tickets in memory: who holds which key, what is judged of a key, what passing of time does.

use super::super::deadlines::Subject;
use super::super::group_model::Round;
use super::{Model, Plan, PlannedChange};
use crate::domain::phrase::Phrase;
use crate::domain::rule::Rule;
use crate::domain::ticket::condition::{self, Outcome, View};
use crate::domain::ticket::{
    ActivityText, Ticket, TicketClass, TicketKey, TicketNumber, TicketScope, TicketState, open, stage,
};
use pantau_shared::timestamp::Timestamp;
use std::sync::Arc;

impl Model {
    /// Judges one key; also what comes from outside as a view of its own.
    pub(in crate::engine) fn judge(&mut self, view: View, now: Timestamp, plan: &mut Plan, round: &mut Round) {
        self.release_held(&view, plan);
        let ticket = self.holder(view.key()).map(Arc::clone);
        let Some(ticket) = ticket.filter(|ticket| ticket.key == *view.key()) else {
            let held = self.holder(view.key()).map(|ticket| ticket.number);
            if held.is_none_or(|number| !plan.changes_ticket(number)) {
                self.judge_group(view, now, plan, round);
            }
            return;
        };
        if plan.changes_ticket(ticket.number) {
            return;
        }
        let priority = |impact| match &view {
            View::Holds(c) => open::priority_of(&self.catalogue, &self.profile, &c.affected, impact),
            View::Clear { .. } | View::Unseen { .. } => open::priority_of(&self.catalogue, &self.profile, &[], impact),
        };
        let outcome = condition::judge(Some(&ticket), &view, self.catalogue.tickets, &self.profile, now, priority);
        match (outcome, view) {
            (Outcome::Superseded(ticket), View::Holds(condition)) => {
                let related = Some(ticket.number);
                plan.changes.push(PlannedChange::Release(ticket));
                self.place(condition, related, now, plan, round);
            }
            (Outcome::Changed { ticket, mut activity, event }, view) => {
                if event == Some("restored") && explains(&ticket, &view) {
                    activity.text = ActivityText::Phrase(
                        Phrase::new("activity-backup-explained").with("onset_at", ticket.onset_at),
                    );
                }
                plan.changes.push(PlannedChange::Change { ticket, activity, event });
            }
            (Outcome::Nothing, View::Holds(condition)) => {
                let risen = stage::rise(&ticket, &condition, now);
                plan.changes.extend(risen.map(|(ticket, activity)| PlannedChange::Change {
                    ticket: Box::new(ticket),
                    activity,
                    event: Some("updated"),
                }));
            }
            (Outcome::Nothing | Outcome::Open | Outcome::Superseded(_), _) => {}
        }
    }

    /// What passing of time does to a ticket. One that changes in this plan is looked at again once that is committed.
    pub(super) fn let_time_pass(&self, number: TicketNumber, now: Timestamp, plan: &mut Plan) {
        let Some(ticket) = self.tickets.get(&number).filter(|_| !plan.changes_ticket(number)) else { return };
        if let Some(change) = self.withdrawn(ticket, now) {
            plan.changes.push(change);
            return;
        }
        let policy = self.catalogue.tickets.escalation;
        if let Some((ticket, activity, event)) = ticket.after_time(policy, self.rto_of(ticket), &self.profile, now) {
            plan.changes.push(PlannedChange::Change { ticket: Box::new(ticket), activity, event: Some(event) });
        }
    }

    /// The open ticket that holds a key.
    pub(crate) fn holder(&self, key: &TicketKey) -> Option<&Arc<Ticket>> {
        self.tickets.get(self.holders.get(key)?)
    }

    /// Takes tickets as they were committed. Of two that exchange a key, first the one that gives it up.
    pub(crate) fn committed(&mut self, ticket: Ticket) {
        let before = self.tickets.get(&ticket.number).map(Arc::clone);
        let holds = ticket.state.is_open() && ticket.holds_key;
        if ticket.version == 1 && ticket.reporter.is_none() && !self.tickets.contains_key(&ticket.number) {
            let rule = Rule::of(&ticket.key.scope, ticket.key.class, ticket.impact);
            self.note_opened(&ticket.key.scope, rule, ticket.recorded_at);
        }
        let former = before.iter().flat_map(|before| before.keys()).filter(|key| ticket.keys().all(|k| k != *key));
        let former: Vec<TicketKey> = former.cloned().collect();
        for key in former {
            self.move_key(&key, &ticket, false);
        }
        for key in ticket.keys() {
            self.move_key(key, &ticket, holds);
        }
        self.note_budget_ticket(&ticket);
        self.touched.insert(Subject::Ticket(ticket.number));
        self.shown.tickets_changed();
        if ticket.state.is_open() {
            self.tickets.insert(ticket.number, Arc::new(ticket));
        } else {
            self.tickets.remove(&ticket.number);
        }
    }

    /// Notes whether `ticket` holds `key`, and touches what that concerns.
    fn move_key(&mut self, key: &TicketKey, ticket: &Ticket, holds: bool) {
        let held = self.holders.get(key) == Some(&ticket.number);
        if holds {
            self.holders.insert(key.clone(), ticket.number);
        } else if held {
            self.holders.remove(key);
        }
        if let TicketScope::Host(id, part) = &key.scope
            && let Some(place) = self.hosts.place(id)
        {
            let host = &mut self.hosts[place];
            host.held = host.held.saturating_add(u32::from(holds)).saturating_sub(u32::from(held));
            if part.is_empty() {
                let active = holds && ticket.state != TicketState::Pulih;
                host.silence_ticket = if holds || held { active } else { host.silence_ticket };
                self.touched.insert(Subject::Storm);
                self.touched.extend(self.groups.needing_host(id).iter().copied().map(Subject::Service));
            }
        }
        let subject = self.subject_of(key);
        self.touched.extend(subject);
        if let Some(Subject::Service(place)) = subject {
            self.touched.extend(self.groups.dependants(place).iter().copied().map(Subject::Service));
        }
    }
}

/// Whether a backup ticket ends by something that was there before it began: a record that came late closes the breach
/// retroactively and explains the alarm, which stays in the log (engines C.2).
fn explains(ticket: &Ticket, view: &View) -> bool {
    let backup = matches!(ticket.key.scope, TicketScope::Backup(_)) && ticket.key.class == TicketClass::Backup;
    backup && matches!(view, View::Clear { since, .. } if *since <= ticket.onset_at)
}
