//! From a plan to the decision that is committed: numbers are given, messages written.

use super::Render;
use super::message;
use super::model::{Model, Plan, PlannedChange};
use crate::domain::calendar::zone;
use crate::domain::catalogue::Catalogue;
use crate::domain::profile::Profile;
use crate::domain::ticket::open::{self, Report};
use crate::domain::ticket::{Activity, Ticket, TicketNumber};
use crate::store::StoreError;
use crate::store::records::{Decision, FactCursor, OutboxMessage, TicketChange};
use chrono::Datelike;
use pantau_shared::timestamp::Timestamp;
use std::sync::Arc;

/// What turning a plan into a decision needs; cheap to clone into the writer.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) profile: Arc<Profile>,
    pub(crate) targets: Arc<Vec<String>>,
    pub(crate) render: Render,
    pub(crate) now: Timestamp,
}

impl Context {
    pub(crate) fn new(model: &Model, targets: &Arc<Vec<String>>, render: &Render, now: Timestamp) -> Self {
        Self {
            catalogue: Arc::clone(&model.catalogue),
            profile: Arc::clone(&model.profile),
            targets: Arc::clone(targets),
            render: Arc::clone(render),
            now,
        }
    }

    /// The local year of `now`: that of a new ticket's number.
    pub(crate) fn year(&self) -> u16 {
        u16::try_from(zone::local_date(self.profile.time_zone, self.now).year()).unwrap_or(0)
    }

    /// One ticket's change with the messages that tell of it.
    pub(crate) fn change(&self, ticket: Ticket, activity: Option<Activity>, event: Option<&str>) -> TicketChange {
        let message = |target: &String, event: &str| OutboxMessage {
            ticket: ticket.number,
            target: target.clone(),
            version: ticket.version,
            event: event.to_owned(),
            payload: message::payload(&ticket, event, &self.profile, &self.render),
        };
        let messages = event.map(|event| self.targets.iter().map(|t| message(t, event)).collect()).unwrap_or_default();
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
                PlannedChange::Open(condition) => {
                    let report = Report { reporter: None, condition: &condition };
                    let (ticket, activity) =
                        open::open(&report, number(self.year())?, &self.catalogue, &self.profile, self.now);
                    self.change(ticket, Some(activity), Some("opened"))
                }
                PlannedChange::Change { ticket, activity, event } => self.change(*ticket, Some(activity), Some(event)),
                PlannedChange::Release(ticket) => self.change(*ticket, None, None),
            });
        }
        let checkpoint = Vec::new();
        let (ledger, backups) = (plan.ledger, plan.backups);
        Ok(Decision { cursor, ledger, tickets, backups, evaluated_at: self.now, checkpoint })
    }
}
