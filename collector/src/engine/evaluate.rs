//! From a plan to the decision that is committed: numbers are given, messages written.

use super::Render;
use super::duty;
use super::evidence::Gathered;
use super::message;
use super::model::{Model, Plan, PlannedChange};
use crate::domain::calendar::zone;
use crate::domain::catalogue::Catalogue;
use crate::domain::duty::receivers_of;
use crate::domain::profile::Profile;
use crate::domain::register::Register;
use crate::domain::route::Routing;
use crate::domain::ticket::open::{self, Report};
use crate::domain::ticket::{Activity, Ticket, TicketNumber, TicketScope};
use crate::store::StoreError;
use crate::store::records::{Decision, FactCursor, OutboxMessage, TicketChange};
use crate::ticket_evidence::EvidenceBody;
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
    pub(super) routing: Arc<Routing>,
    told: Told,
    /// What tickets that are opened are opened on.
    evidence: Arc<Gathered>,
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
            evidence: Arc::default(),
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

    /// The same, with what the tickets that are to be opened are opened on.
    #[must_use]
    pub(crate) fn with_evidence(self, evidence: Gathered) -> Self {
        Self { evidence: Arc::new(evidence), ..self }
    }

    /// The local year of `now`: that of a new ticket's number.
    pub(crate) fn year(&self) -> u16 {
        zone::local_year(self.profile.time_zone, self.now)
    }

    /// One ticket's change with the messages that tell of it.
    pub(crate) fn change(&self, ticket: Ticket, activity: Option<Activity>, event: Option<&str>) -> TicketChange {
        let nobody = BTreeSet::new();
        let told = self.told.get(&ticket.number).unwrap_or(&nobody);
        let zone = self.profile.time_zone;
        let asked = duty::asked(&self.catalogue, &self.profile, &ticket, activity.as_ref(), event, self.now);
        let receivers = asked.as_ref().map(|(_, reached)| receivers_of(reached)).unwrap_or_default();
        let plan = event.map(|_| self.routing.plan(&ticket, told, &receivers, &self.catalogue, zone, self.now));
        let entry = asked.map(|(level, reached)| duty::entry(&self.profile, level, &reached, self.now));
        let brief = event.filter(|event| *event == "opened").map(|_| self.brief(&ticket));
        let message = |(target, not_before), event: &str| OutboxMessage {
            ticket: ticket.number,
            target,
            version: ticket.version,
            event: event.to_owned(),
            payload: message::payload(&ticket, event, &self.profile, &self.render, brief.as_ref()),
            not_before,
        };
        let messages =
            event.zip(plan).into_iter().flat_map(|(event, plan)| plan.into_iter().map(move |to| (to, event)));
        let messages = messages.map(|(to, event)| message(to, event)).collect();
        TicketChange { ticket, activities: activity.into_iter().chain(entry).collect(), messages }
    }

    /// What a message about a new ticket tells of its evidence.
    fn brief(&self, ticket: &Ticket) -> EvidenceBody {
        let evidence = self.evidence.get(&ticket.key);
        EvidenceBody::brief(evidence, ticket, &self.catalogue, self.profile.time_zone, self.render.as_ref())
    }

    /// The whole decision; `number` gives the next free one of a year.
    pub(crate) fn decision(
        &self,
        plan: Plan,
        cursor: FactCursor,
        mut number: impl FnMut(u16) -> Result<TicketNumber, StoreError>,
    ) -> Result<Decision, StoreError> {
        let (mut tickets, mut evidence) = (Vec::new(), Vec::new());
        for change in plan.changes {
            tickets.push(match change {
                PlannedChange::Open(condition, related) => {
                    let report = Report { reporter: None, condition: &condition, related };
                    let (mut ticket, activity) =
                        open::open(&report, number(self.year())?, &self.catalogue, &self.profile, self.now);
                    evidence.extend(self.evidence.get(&ticket.key).map(|seen| (ticket.number, seen.clone())));
                    if let TicketScope::Rule(rule) = ticket.key.scope {
                        // Each that was folded is an occurrence of it.
                        ticket.life.occurrences = plan.admitted.folded.get(&rule).copied().unwrap_or(1);
                    }
                    if let Some(detected_at) = plan.detected.get(&ticket.key) {
                        ticket.reported_at = *detected_at;
                    }
                    self.change(ticket, Some(activity), Some("opened"))
                }
                PlannedChange::Change { ticket, activity, event } => self.change(*ticket, Some(activity), event),
                PlannedChange::Release(ticket) => self.change(*ticket, None, None),
            });
        }
        let (corrections, audit) =
            super::registers::late_records(&self.register, (&plan.late, &plan.late_backups), self.now);
        let checkpoint = Vec::new();
        let (ledger, backups, alerts) = (plan.ledger, plan.backups, plan.alerts);
        let notices = plan.notices.into_iter().map(|notice| self.notice(notice)).collect();
        Ok(Decision {
            cursor,
            ledger,
            tickets,
            corrections,
            audit,
            backups,
            evaluated_at: self.now,
            checkpoint,
            alerts,
            evidence,
            elsewhere: Vec::new(),
            held: plan.admitted.held,
            notices,
        })
    }
}
