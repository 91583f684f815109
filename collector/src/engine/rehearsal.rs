//! The engine in rehearsal: the same model, rules and order of steps, fed with states of services instead of answers, and
//! without a store or a clock. It tells which tickets would follow; golden cases are played by it.
//!
//! Time passes from one instant at which something is due to the next, so a rehearsal of a month costs what happens in it.

use super::evaluate::Context;
use super::model::{Model, Plan};
use crate::domain::catalogue::{Catalogue, ServiceId};
use crate::domain::interval::Interval;
use crate::domain::phrase::Phrase;
use crate::domain::profile::Profile;
use crate::domain::register::{MaintenancePlan, Register};
use crate::domain::route::Routing;
use crate::domain::state::{State, StateInterval};
use crate::domain::ticket::condition::{Condition, View};
use crate::domain::ticket::{Ticket, TicketAction, TicketNumber, TicketRefusal, transition};
use crate::store::StoreError;
use crate::store::records::FactCursor;
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Evaluations of one instant: each may change what the next sees.
const SETTLE_MAX: usize = 32;

/// A model, and every ticket it ever opened.
#[derive(Debug)]
pub struct Rehearsal {
    model: Model,
    tickets: BTreeMap<TicketNumber, Ticket>,
}

impl Rehearsal {
    /// Nothing is known yet at `begin`.
    pub fn new(catalogue: Catalogue, profile: Profile, begin: Timestamp) -> Self {
        let model = Model::new(Arc::new(catalogue), Arc::new(profile), begin, begin);
        Self { model, tickets: BTreeMap::new() }
    }

    /// Puts maintenance on record.
    pub fn maintain(&mut self, plans: Vec<MaintenancePlan>) {
        self.model.take_register(Register::new(plans, Vec::new()));
    }

    /// The service stands so from `at` on; whether that is a change.
    ///
    /// # Errors
    /// See [`Self::advance`].
    pub fn state(&mut self, id: &ServiceId, state: State, at: Timestamp) -> Result<bool, StoreError> {
        self.advance(at)?;
        let Some(place) = self.model.index.service(id) else { return Ok(false) };
        let Some(service) = self.model.services.get_mut(place) else { return Ok(false) };
        if service.ledger.state_at(at) == state {
            return Ok(false);
        }
        let interval = Interval::new(at, Interval::ALL.to);
        let stretches = if state == State::Unknown { Vec::new() } else { vec![StateInterval { interval, state }] };
        service.ledger.replace_from(at, &stretches);
        self.model.touch_service(place);
        self.settle(at)?;
        Ok(true)
    }

    /// Something outside tells of a condition.
    ///
    /// # Errors
    /// See [`Self::advance`].
    pub fn signal(&mut self, condition: Condition, at: Timestamp) -> Result<(), StoreError> {
        self.advance(at)?;
        let plan = self.model.judge_alone(View::Holds(condition), at);
        self.commit(plan, at)?;
        self.settle(at)
    }

    /// A person acts.
    ///
    /// # Errors
    /// The rules' refusal.
    pub fn act(
        &mut self,
        number: TicketNumber,
        action: &TicketAction,
        actor: &str,
        at: Timestamp,
    ) -> Result<(), TicketRefusal> {
        if let Some(ticket) = self.tickets.get(&number) {
            let (after, _) = transition::act(ticket, action, actor, at, &self.model.profile)?;
            self.tickets.insert(number, after.clone());
            self.model.committed(after);
        }
        Ok(())
    }

    /// Lets time pass up to `to`.
    ///
    /// # Errors
    /// When the numbers of a year are used up.
    pub fn advance(&mut self, to: Timestamp) -> Result<(), StoreError> {
        while let Some(next) = self.model.deadlines.next().filter(|next| *next < to) {
            self.settle(next)?;
        }
        self.settle(to)
    }

    /// Every ticket, oldest first, as it is now.
    pub fn tickets(&self) -> impl Iterator<Item = &Ticket> {
        self.tickets.values()
    }

    fn settle(&mut self, now: Timestamp) -> Result<(), StoreError> {
        for _ in 0..SETTLE_MAX {
            let plan = self.model.decide(now);
            if plan.changes.is_empty() {
                break;
            }
            self.commit(plan, now)?;
        }
        Ok(())
    }

    fn commit(&mut self, plan: Plan, now: Timestamp) -> Result<(), StoreError> {
        let (routing, render) = (Arc::new(Routing::to_all(&[])), Arc::new(|phrase: &Phrase| phrase.id.clone()));
        let context = Context::new(&self.model, &routing, &(render as super::Render), now);
        let mut last = self.tickets.keys().last().map_or(0, |number| number.number);
        let decision = context.decision(plan, FactCursor::default(), |year| {
            last += 1;
            Ok(TicketNumber { year, number: last })
        })?;
        for change in decision.tickets {
            self.tickets.insert(change.ticket.number, change.ticket.clone());
            self.model.committed(change.ticket);
        }
        Ok(())
    }
}
