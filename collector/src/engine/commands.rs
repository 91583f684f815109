//! What people do, by the same four steps: load the ticket, decide by the rules, commit, announce. Commands run in the
//! engine's task, one after the other, so that no two of them and no evaluation work on the same version.

use super::backup_commands::BackupCommand;
use super::evaluate::Context;
use super::task::EngineTask;
use super::{CommandError, HeardElsewhere, ManualTicket, RegisterChange, SeenElsewhere};
use crate::domain::alert::Notification;
use crate::domain::catalogue::Catalogue;
use crate::domain::phrase::Phrase;
use crate::domain::rule::Rule;
use crate::domain::ticket::condition::Condition;
use crate::domain::ticket::open::{self, Report};
use crate::domain::ticket::{
    Actor, Regrouping, Ticket, TicketAction, TicketClass, TicketKey, TicketNumber, TicketScope, manual, transition,
};
use crate::store::StoreError;
use crate::store::audit::AuditEntry;
use crate::store::records::{Decision, TicketChange};
use pantau_shared::timestamp::Timestamp;
use std::sync::Arc;
use tokio::sync::oneshot;

type Reply<T> = oneshot::Sender<Result<T, CommandError>>;

/// One command with the place for its answer.
#[derive(Debug)]
pub(super) enum Command {
    Act { number: TicketNumber, action: TicketAction, actor: String, reply: Reply<Ticket> },
    Regroup { number: TicketNumber, regrouping: Regrouping, actor: String, reply: Reply<Ticket> },
    Open { ticket: ManualTicket, actor: String, reply: Reply<Ticket> },
    Register { change: Box<RegisterChange>, actor: String, reply: Reply<u32> },
    Catalogue { catalogue: Arc<Catalogue>, applied_at: Timestamp, reply: Reply<()> },
    Backup { command: BackupCommand, reply: Reply<()> },
    Alerts { notification: Box<Notification>, reply: Reply<()> },
    Hear { target: String, seen: Vec<SeenElsewhere>, asked_at: Timestamp, reply: Reply<HeardElsewhere> },
    BeginRule { rule: Rule, actor: String, reply: Reply<()> },
}

impl EngineTask {
    /// Carries out a command and answers it; an asker who went away is no fault.
    pub(super) async fn command(&mut self, command: Command) {
        match command {
            Command::Act { number, action, actor, reply } => {
                let answer = self.act(number, action, &actor).await;
                drop(reply.send(answer));
            }
            Command::Regroup { number, regrouping, actor, reply } => {
                let answer = self.regroup(number, regrouping, &actor).await;
                drop(reply.send(answer));
            }
            Command::Open { ticket, actor, reply } => {
                let answer = self.open(ticket, &actor).await;
                drop(reply.send(answer));
            }
            Command::Register { change, actor, reply } => {
                let answer = self.change_register(*change, actor).await;
                drop(reply.send(answer));
            }
            Command::Backup { command, reply } => {
                let answer = self.backup_command(command).await;
                drop(reply.send(answer));
            }
            Command::Alerts { notification, reply } => {
                let answer = self.alerts(*notification).await;
                drop(reply.send(answer));
            }
            Command::Hear { target, seen, asked_at, reply } => {
                let answer = self.hear(target, seen, asked_at).await;
                drop(reply.send(answer));
            }
            Command::BeginRule { rule, actor, reply } => {
                let answer = self.begin_rule(rule, actor).await;
                drop(reply.send(answer));
            }
            Command::Catalogue { catalogue, applied_at, reply } => {
                self.model.catalogue = catalogue;
                self.model.applied_at = applied_at;
                self.stale = true;
                let answer = self.rebuild().await.map_err(CommandError::Store);
                drop(reply.send(answer));
            }
        }
    }

    /// A rule opens tickets from now on for all hosts there are; on record.
    async fn begin_rule(&mut self, rule: Rule, actor: String) -> Result<(), CommandError> {
        let now = self.clock.now();
        let audit = AuditEntry {
            at: now,
            actor: Actor::Person(actor),
            action: "rule.begin",
            subject: format!("rule/{}", rule.code()),
            detail: serde_json::json!({}),
        };
        let committed = self.store.write(move |writer| {
            writer.save_rule_begun(rule, now)?;
            writer.append_audit(&audit).map(drop)
        });
        committed.await.map_err(CommandError::Store)?;
        self.model.begin_rule(rule, now);
        Ok(())
    }

    /// Carries out a person's action at the clock's moment; for a task that is driven by hand.
    ///
    /// # Errors
    /// As [`super::Engine::act_on_ticket`].
    pub async fn act(
        &mut self,
        number: TicketNumber,
        action: TicketAction,
        actor: &str,
    ) -> Result<Ticket, CommandError> {
        let ticket = self.ticket(number).await?;
        let now = self.clock.now();
        let (after, activity) =
            transition::act(&ticket, &action, actor, now, &self.model.profile).map_err(CommandError::Refused)?;
        let event = match &action {
            TicketAction::Confirm { .. } => Some("confirmed"),
            TicketAction::Close => Some("closed"),
            TicketAction::Cancel { .. } => Some("cancelled"),
            TicketAction::Prioritise { .. } => Some("priority"),
            TicketAction::Acknowledge
            | TicketAction::Comment(_)
            | TicketAction::Estimate(_)
            | TicketAction::Escalate(_)
            | TicketAction::Cause { .. } => None,
        };
        let told = self.told_of(vec![number]).await.map_err(CommandError::Store)?;
        let context = Context::new(&self.model, &self.routing, &self.render, now).told(told);
        let change = context.change(after, Some(activity), event);
        self.commit(context, move |_| Ok(change)).await
    }

    /// A ticket as it is now.
    pub(super) async fn ticket(&self, number: TicketNumber) -> Result<Ticket, CommandError> {
        let ticket = match self.model.tickets.get(&number) {
            Some(ticket) => Some(Ticket::clone(ticket)),
            None => self.read(move |reader| reader.ticket(number)).await.map_err(CommandError::Store)?,
        };
        ticket.ok_or(CommandError::NoSuchTicket(number))
    }

    async fn open(&mut self, told: ManualTicket, actor: &str) -> Result<Ticket, CommandError> {
        let profile = Arc::clone(&self.model.profile);
        transition::written("symptom", &told.symptom).map_err(CommandError::Refused)?;
        transition::written("reporter", &told.reporter).map_err(CommandError::Refused)?;
        transition::known("category", &told.category, &profile.categories).map_err(CommandError::Refused)?;
        transition::known("reporting method", &told.reporting_method, &profile.reporting_methods)
            .map_err(CommandError::Refused)?;
        let service = self.model.catalogue.service(&told.service).cloned();
        let service = service.ok_or_else(|| CommandError::NoSuchService(told.service.clone()))?;
        let key = TicketKey { scope: TicketScope::Service(told.service.clone()), class: TicketClass::Access };
        let now = self.clock.now();
        let details = &told.details;
        let (onset_at, reported_at) =
            manual::times(details.onset_at, details.reported_at, now).map_err(CommandError::Refused)?;
        let reporter = manual::identity(&told.reporter, &details.contact).map_err(CommandError::Refused)?;
        transition::optional("impact", &details.impact_text).map_err(CommandError::Refused)?;
        let impact_text = Some(details.impact_text.trim().to_owned()).filter(|text| !text.is_empty());
        if let Some(holder) = self.model.holder(&key) {
            let from = (reporter.as_str(), told.reporting_method.as_str());
            let (after, activity) =
                open::report_again(holder, from, &told.symptom, actor, now).map_err(CommandError::Refused)?;
            let context = Context::new(&self.model, &self.routing, &self.render, now);
            // Also when another ticket holds the key for it.
            let change = context.change(after, Some(activity), None);
            return self.commit(context, move |_| Ok(change)).await;
        }
        let condition = Condition {
            key,
            impact: told.impact,
            onset_at,
            symptom: Phrase::new("symptom-reported").with("text", told.symptom.trim()),
            category: told.category,
            components: service.hosts.iter().map(ToString::to_string).collect(),
            affected: vec![told.service],
            flapping_since: None,
        };
        let context = Context::new(&self.model, &self.routing, &self.render, now);
        let (year, actor) = (context.year(), actor.to_owned());
        let inner = context.clone();
        self.commit(context, move |number| {
            let report = Report {
                reporter: Some((reporter.as_str(), &told.reporting_method)),
                condition: &condition,
                related: None,
            };
            let (mut ticket, mut activity) = open::open(&report, number(year)?, &inner.catalogue, &inner.profile, now);
            (ticket.reported_at, ticket.impact_text) = (reported_at, impact_text);
            activity.actor = Actor::Person(actor);
            Ok(inner.change(ticket, Some(activity), Some("opened")))
        })
        .await
    }

    async fn commit(
        &mut self,
        context: Context,
        make: impl FnOnce(&mut dyn FnMut(u16) -> Result<TicketNumber, StoreError>) -> Result<TicketChange, StoreError>
        + Send
        + 'static,
    ) -> Result<Ticket, CommandError> {
        let cursor = self.durable_cursor();
        let committed = self.store.write(move |writer| {
            let change = make(&mut |year| writer.next_ticket_number(year))?;
            let ticket = change.ticket.clone();
            let tickets = vec![change];
            writer.commit_decision(&Decision { cursor, tickets, evaluated_at: context.now, ..Decision::default() })?;
            Ok(ticket)
        });
        let ticket = committed.await.map_err(CommandError::Store)?;
        self.model.committed(ticket.clone());
        self.outbox.notify_one();
        Ok(ticket)
    }
}
