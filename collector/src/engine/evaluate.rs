//! From a plan to the decision that is committed: numbers are given, messages written.

use super::Render;
use super::message;
use super::model::{Model, Plan, PlannedChange};
use crate::domain::calendar::zone;
use crate::domain::catalogue::Catalogue;
use crate::domain::profile::Profile;
use crate::domain::register::Register;
use crate::domain::route::Routing;
use crate::domain::ticket::open::{self, Report};
use crate::domain::ticket::{Activity, Ticket, TicketNumber};
use crate::store::StoreError;
use crate::store::records::{Decision, FactCursor, OutboxMessage, TicketChange};
use pantau_shared::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Who has heard of which ticket.
pub(crate) type Told = BTreeMap<TicketNumber, BTreeSet<String>>;

/// What turning a plan into a decision needs; cheap to clone into the writer.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) profile: Arc<Profile>,
    routing: Arc<Routing>,
    told: Told,
    pub(crate) render: Render,
    pub(crate) register: Arc<Register>,
    pub(crate) now: Timestamp,
}

impl Context {
    pub(crate) fn new(model: &Model, routing: &Arc<Routing>, render: &Render, now: Timestamp) -> Self {
        Self {
            catalogue: Arc::clone(&model.catalogue),
            profile: Arc::clone(&model.profile),
            routing: Arc::clone(routing),
            told: Told::new(),
            render: Arc::clone(render),
            register: Arc::clone(&model.register),
            now,
        }
    }

    /// The same, knowing who has heard of the tickets that change.
    #[must_use]
    pub(crate) fn told(self, told: Told) -> Self {
        Self { told, ..self }
    }

    /// The local year of `now`: that of a new ticket's number.
    pub(crate) fn year(&self) -> u16 {
        zone::local_year(self.profile.time_zone, self.now)
    }

    /// One ticket's change with the messages that tell of it.
    pub(crate) fn change(&self, ticket: Ticket, activity: Option<Activity>, event: Option<&str>) -> TicketChange {
        let nobody = BTreeSet::new();
        let told = self.told.get(&ticket.number).unwrap_or(&nobody);
        let plan = event.map(|_| self.routing.plan(&ticket, told, &self.catalogue, self.profile.time_zone, self.now));
        let message = |(target, not_before), event: &str| OutboxMessage {
            ticket: ticket.number,
            target,
            version: ticket.version,
            event: event.to_owned(),
            payload: message::payload(&ticket, event, &self.profile, &self.render),
            not_before,
        };
        let messages =
            event.zip(plan).into_iter().flat_map(|(event, plan)| plan.into_iter().map(move |to| (to, event)));
        let messages = messages.map(|(to, event)| message(to, event)).collect();
        TicketChange { ticket, activities: activity.into_iter().collect(), messages }
    }

    /// The whole decision; `number` gives the next free one of a year.
    pub(crate) fn decision(
        &self,
        plan: Plan,
        cursor: FactCursor,
        mut number: impl FnMut(u16) -> Result<TicketNumber, StoreError>,
    ) -> Result<Decision, StoreError> {
        let mut tickets = Vec::new();
        for change in plan.changes {
            tickets.push(match change {
                PlannedChange::Open(condition, related) => {
                    let report = Report { reporter: None, condition: &condition, related };
                    let (mut ticket, activity) =
                        open::open(&report, number(self.year())?, &self.catalogue, &self.profile, self.now);
                    if let Some(detected_at) = plan.detected.get(&ticket.key) {
                        ticket.reported_at = *detected_at;
                    }
                    self.change(ticket, Some(activity), Some("opened"))
                }
                PlannedChange::Change { ticket, activity, event } => self.change(*ticket, Some(activity), event),
                PlannedChange::Release(ticket) => self.change(*ticket, None, None),
            });
        }
        let (corrections, audit) = super::registers::late_records(&self.register, &plan.late, self.now);
        let checkpoint = Vec::new();
        let (ledger, backups) = (plan.ledger, plan.backups);
        Ok(Decision { cursor, ledger, tickets, corrections, audit, backups, evaluated_at: self.now, checkpoint })
    }
}
