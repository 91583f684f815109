//! Budgets that burn too fast, as conditions of the class `anggaran`.
//!
//! Judged at whole minutes, so that a decision depends on the minute and not on who happened to look: a service is looked
//! at again each minute while any outage lies within reach of the windows. One disturbance, one ticket: while the access
//! ticket of a service holds its key, also restored and unconfirmed, its burning budget is noted in that one as a fact.
//! What remains are outages that a person has confirmed already and that still eat the month: those have a ticket of
//! their own, at most one per service and local month, whatever became of it.

use super::model::Model;
use super::service_model::ServiceModel;
use crate::domain::burn::budget::{self, REACH_S};
use crate::domain::calendar::period::{Period, PeriodKind};
use crate::domain::interval::Interval;
use crate::domain::phrase::Phrase;
use crate::domain::profile::Impact;
use crate::domain::state::State;
use crate::domain::ticket::condition::{Condition, View};
use crate::domain::ticket::{Ticket, TicketClass, TicketKey, TicketScope, TicketState};
use pantau_shared::timestamp::Timestamp;
use std::sync::Arc;

const MINUTE_S: i64 = 60;

fn minute(at: Timestamp) -> Timestamp {
    Timestamp::from_secs(at.as_secs().div_euclid(MINUTE_S) * MINUTE_S)
}

/// Whether the ledger knows an outage that a window may still hold.
fn was_down(service: &ServiceModel, now: Timestamp) -> bool {
    let reach = Interval::new(now.plus_secs(-REACH_S), now);
    service.ledger.segments(reach).any(|stretch| stretch.state == State::Down)
}

impl Model {
    fn key_of(service: &ServiceModel, class: TicketClass) -> TicketKey {
        TicketKey { scope: TicketScope::Service(service.service.id.clone()), class }
    }

    /// When the budget of a service has to be looked at again.
    pub(super) fn next_budget_look(&self, service: &ServiceModel, now: Timestamp) -> Option<Timestamp> {
        (was_down(service, now) || self.own_budget_ticket(service).is_some()).then(|| minute(now).plus_secs(MINUTE_S))
    }

    /// The ticket that was opened for its budget alone.
    fn own_budget_ticket(&self, service: &ServiceModel) -> Option<&Arc<Ticket>> {
        let key = Self::key_of(service, TicketClass::Budget);
        self.holder(&key).filter(|ticket| ticket.key == key)
    }

    /// Notes that a service has had its budget's ticket of a month.
    pub(crate) fn note_budget_ticket(&mut self, ticket: &Ticket) {
        if let (TicketClass::Budget, Some(id)) = (ticket.key.class, ticket.key.scope.service()) {
            let month = self.month_of(ticket.recorded_at);
            self.budget_months.insert(id.clone(), month);
        }
    }

    fn month_of(&self, at: Timestamp) -> Period {
        Period::containing_instant(PeriodKind::Month, self.profile.time_zone, at)
    }

    /// What is seen of the budget of a service; `None` where nothing can follow.
    pub(super) fn budget_view(&self, service: &ServiceModel, now: Timestamp) -> Option<View> {
        let key = Self::key_of(service, TicketClass::Budget);
        let held = self.own_budget_ticket(service).is_some();
        let noted = !held && self.holder(&key).is_some();
        if noted || (!held && !was_down(service, now)) {
            return None;
        }
        let outage = self.holder(&Self::key_of(service, TicketClass::Access)).is_some();
        let had = self.budget_months.get(&service.service.id).is_some_and(|month| *month == self.month_of(now));
        if !held && !outage && had {
            return None;
        }
        let id = &service.service.id;
        let rules = self.rulebook.rules(id, service.begins, now);
        let (states, as_of) = (service.ledger.floored(), minute(now));
        let firing = |at: Timestamp| budget::firing(&rules, &states, at);
        let Some(pair) = firing(as_of) else {
            if !held {
                return None;
            }
            // Quiet since the first minute after the last one at which it burned, as far as restoring asks.
            let patience = i64::from(self.catalogue.tickets.resolve_after_seconds) / MINUTE_S + 1;
            let burned = (1..=patience).find(|back| firing(as_of.plus_secs(-back * MINUTE_S)).is_some());
            let since = as_of.plus_secs(-burned.map_or(patience, |back| back - 1) * MINUTE_S);
            return Some(View::Clear { key, since });
        };
        // It burns on since it began to: not anew with every minute.
        let burning = self.holder(&key).filter(|ticket| ticket.state != TicketState::Pulih);
        let onset_at = burning.map_or(as_of, |ticket| ticket.life.episode_at);
        Some(View::Holds(Condition {
            key,
            impact: Impact::Minor,
            onset_at,
            symptom: Phrase::new("symptom-budget-burning")
                .with("service", &service.service.name)
                .with("times", pair.factor_milli / 1000)
                .with("hours", pair.long_s / 3600)
                .with("since_at", as_of),
            category: "aplikasi".to_owned(),
            components: service.service.hosts.iter().map(ToString::to_string).collect(),
            affected: vec![id.clone()],
            flapping_since: None,
        }))
    }
}
