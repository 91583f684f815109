//! A person merges tickets or splits one: two tickets change in one decision, so that help desks learn of both or of none.

use super::CommandError;
use super::evaluate::Context;
use super::task::EngineTask;
use crate::domain::ticket::regroup::{self, Act, Changed};
use crate::domain::ticket::{Actor, Regrouping, Ticket, TicketNumber};
use crate::store::audit::AuditEntry;
use crate::store::records::Decision;
use serde_json::json;
use std::sync::Arc;

impl EngineTask {
    /// Carries it out; the ticket that a person will want to see: the one merged into, or the new one.
    pub(crate) async fn regroup(
        &mut self,
        number: TicketNumber,
        regrouping: Regrouping,
        actor: &str,
    ) -> Result<Ticket, CommandError> {
        let ticket = self.ticket(number).await?;
        match regrouping {
            Regrouping::Merge { into, reason } => {
                let target = self.ticket(into).await?;
                let act = Act { actor, now: self.clock.now(), profile: &self.model.profile };
                let both = regroup::merge(&ticket, &target, &reason, act).map_err(CommandError::Refused)?;
                self.commit_both(both, ["cancelled", "updated"], "ticket.merge", actor).await
            }
            Regrouping::Split { parts, reason } => {
                let now = self.clock.now();
                let (catalogue, profile) = (Arc::clone(&self.model.catalogue), Arc::clone(&self.model.profile));
                let year = Context::new(&self.model, &self.routing, &self.render, now).year();
                let apart = |number| {
                    let act = Act { actor, now, profile: &profile };
                    regroup::split(&ticket, &parts, &reason, number, &catalogue, act)
                };
                // Tried first, so that a refusal uses up no number.
                apart(TicketNumber { year, number: u32::MAX }).map_err(CommandError::Refused)?;
                let number = self.store.write(move |writer| writer.next_ticket_number(year)).await;
                let both = apart(number.map_err(CommandError::Store)?).map_err(CommandError::Refused)?;
                self.commit_both(both, ["updated", "opened"], "ticket.split", actor).await
            }
        }
    }

    async fn commit_both(
        &mut self,
        both: [Changed; 2],
        events: [&'static str; 2],
        action: &'static str,
        actor: &str,
    ) -> Result<Ticket, CommandError> {
        let now = self.clock.now();
        let told = self.told_of(both.iter().map(|(ticket, _)| ticket.number).collect()).await;
        let context = Context::new(&self.model, &self.routing, &self.render, now);
        let context = context.told(told.map_err(CommandError::Store)?);
        let numbers = both.each_ref().map(|(ticket, _)| ticket.number.to_string());
        let audit = AuditEntry {
            at: now,
            actor: Actor::Person(actor.to_owned()),
            action,
            subject: format!("ticket/{}", numbers[0]),
            detail: json!({ "other": numbers[1] }),
        };
        let shown = both[1].0.clone();
        let tickets: Vec<Ticket> = both.iter().map(|(ticket, _)| ticket.clone()).collect();
        let changes = both.into_iter().zip(events);
        let changes = changes.map(|((ticket, activity), event)| context.change(ticket, Some(activity), Some(event)));
        let decision = Decision {
            cursor: self.durable_cursor(),
            tickets: changes.collect(),
            audit: vec![audit],
            evaluated_at: now,
            ..Decision::default()
        };
        self.store.write(move |writer| writer.commit_decision(&decision)).await.map_err(CommandError::Store)?;
        for ticket in tickets {
            self.model.committed(ticket);
        }
        self.outbox.notify_one();
        Ok(shown)
    }
}
