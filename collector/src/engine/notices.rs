//! Sets at risk: what the model decides to tell, and the messages that tell it.
//!
//! A notice has the form of a ticket's message, so that every receiver that tells people can send it, but no ticket stands
//! behind it: its number names the set, and help desks do not get it. Routes and quiet hours hold as for the ticket that
//! would follow.

use super::evaluate::Context;
use super::message;
use super::model::Model;
use crate::domain::phrase::Phrase;
use crate::domain::profile::Impact;
use crate::domain::rpo::notice::{RiskChange, evaluate};
use crate::domain::ticket::condition::Condition;
use crate::domain::ticket::open::{self, Report};
use crate::domain::ticket::{TicketClass, TicketKey, TicketNumber, TicketScope};
use crate::store::notices::NoticeEdit;
use crate::store::records::OutboxMessage;
use pantau_shared::ids::BackupSetId;
use pantau_shared::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Events of notices.
pub(crate) const AT_RISK: &str = "at_risk";
pub(crate) const RISK_OVER: &str = "risk_over";

/// What is to be told of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlannedNotice {
    pub(crate) set: BackupSetId,
    pub(crate) episode: Timestamp,
    pub(crate) open: bool,
    /// Event and what is said; none where a ticket speaks.
    pub(crate) told: Option<(&'static str, Condition)>,
}

impl Model {
    /// Whether the set at `place` came into risk or out of it.
    pub(super) fn judge_risk(&mut self, place: usize, now: Timestamp) -> Option<PlannedNotice> {
        let (service, backup) = self.backups.get(place)?;
        let key = TicketKey { scope: TicketScope::Backup(backup.set.id.clone()), class: TicketClass::Backup };
        let ticket = self.holder(&key).is_some_and(|ticket| ticket.restored_at.is_none());
        let newest = backup.usable(now).map(|usable| usable.data_time);
        let at_risk_at = newest.and_then(|data| backup.policy.at_risk_at(data));
        let change = evaluate(backup.risk, backup.state(now), at_risk_at, ticket)?;
        let (id, episode, event) = match change {
            RiskChange::Began(at) => ("symptom-backup-at-risk", at, Some(AT_RISK)),
            RiskChange::Over(at) => ("symptom-backup-risk-over", at, Some(RISK_OVER)),
            RiskChange::TakenOver(at) => ("", at, None),
        };
        let mut symptom = Phrase::new(id).with("set", &backup.set.name).with("service", self.service_name(service));
        symptom = symptom.with("since_at", episode);
        for (name, at) in [("data_at", newest), ("breach_at", newest.and_then(|data| backup.policy.breach_at(data)))] {
            symptom = at.map_or(symptom.clone(), |at| symptom.with(name, at));
        }
        let condition = Condition {
            key,
            impact: Impact::Minor,
            onset_at: episode.min(now),
            symptom,
            category: "cadangan_data".to_owned(),
            components: vec![backup.set.id.to_string()],
            affected: vec![service.clone()],
            flapping_since: None,
        };
        let (set, open) = (backup.set.id.clone(), event == Some(AT_RISK));
        let (_, backup) = self.backups.get_mut(place)?;
        backup.risk = open.then_some(episode);
        Some(PlannedNotice { set, episode, open, told: event.map(|event| (event, condition)) })
    }
}

impl Context {
    /// The messages of one notice, to every receiver that a route would tell and that takes notices.
    pub(super) fn notice(&self, notice: PlannedNotice) -> NoticeEdit {
        let PlannedNotice { set, episode, open, told } = notice;
        let messages = told.map(|(event, condition)| self.messages_of(&set, episode, event, &condition));
        NoticeEdit { set, episode, open, messages: messages.unwrap_or_default() }
    }

    fn messages_of(
        &self,
        set: &BackupSetId,
        episode: Timestamp,
        event: &str,
        condition: &Condition,
    ) -> Vec<OutboxMessage> {
        let number = TicketNumber { year: self.year(), number: 0 };
        let report = Report { reporter: None, condition, related: None };
        let (mut ticket, _) = open::open(&report, number, &self.catalogue, &self.profile, self.now);
        ticket.version = version(set, episode, event);
        let mut payload = message::payload(&ticket, event, &self.profile, &self.render, None);
        if let Ok(serde_json::Value::Object(mut fields)) = serde_json::from_str(&payload) {
            let name = format!("CADANGAN-{set}");
            fields.insert("nomor".to_owned(), name.clone().into());
            fields.insert("correlation_id".to_owned(), name.into());
            payload = serde_json::Value::Object(fields).to_string();
        }
        let zone = self.profile.time_zone;
        let targets = self.routing.plan(&ticket, &BTreeSet::new(), &BTreeMap::new(), &self.catalogue, zone, self.now);
        let taking = targets.into_iter().filter(|(target, _)| self.routing.notices.contains(target));
        let message = |(target, not_before)| OutboxMessage {
            ticket: number,
            target,
            version: ticket.version,
            event: event.to_owned(),
            payload: payload.clone(),
            not_before,
        };
        taking.map(message).collect()
    }
}

/// Names set, episode and event: the same message has the same version however often it is sent, another has another.
fn version(set: &BackupSetId, episode: Timestamp, event: &str) -> u32 {
    let text = format!("{set} {} {event}", episode.as_ms());
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let first = digest.as_ref().first_chunk::<4>().copied().unwrap_or_default();
    u32::from_be_bytes(first)
}
