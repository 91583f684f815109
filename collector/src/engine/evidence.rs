//! Gathers what a new ticket is opened on: named by the model, read from the store before the commit.
//!
//! Bounded: of many tickets that open at once only the first [`TICKETS_MAX`] get an excerpt, each by a few reads of the
//! newest rows, so that telling of a disturbance does not wait for proof of it.

use super::host_model;
use super::model::{Model, Plan, PlannedChange};
use crate::domain::catalogue::ThresholdMetric;
use crate::domain::ticket::condition::Condition;
use crate::domain::ticket::evidence::{
    ANSWERS_MAX, AnswerSeen, Evidence, POINTS_MAX, READINGS_MAX, ReadingSeen, thinned,
};
use crate::domain::ticket::{TicketKey, TicketScope};
use crate::store::records::ProbeFact;
use crate::store::{Reader, StoreError};
use pantau_shared::ids::{CheckId, HostId};
use pantau_shared::limits::cut_text;
use pantau_shared::probe::ProbeVerdict;
use pantau_shared::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Tickets of one evaluation for which an excerpt is read.
const TICKETS_MAX: usize = 32;
/// Vantages of one ticket whose answers are read.
const VANTAGES_MAX: usize = 4;
/// Answers of a vantage that are read: those around the onset, and back to the last good one.
const ANSWERS_READ: usize = 40;
/// Hosts of one ticket whose last start is told.
const HOSTS_MAX: usize = 5;
/// How far before the onset is looked.
const BEFORE_S: i64 = 900;
/// A start or a change so long before the onset may have to do with it.
const CHANGES_S: i64 = 86_400;
/// Samples that are read of a host.
const SAMPLES_MAX: usize = 2_000;

/// Evidence by the key of the ticket that is to be opened.
pub(crate) type Gathered = BTreeMap<TicketKey, Evidence>;

/// What is to be read for one ticket.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    key: TicketKey,
    onset_at: Timestamp,
    /// Check, its name, who asks.
    vantages: Vec<(CheckId, String, HostId)>,
    reading: Option<(HostId, ThresholdMetric, String, u32)>,
    known: Evidence,
}

/// What is to be read for the tickets that a plan opens.
pub(super) fn wanted(model: &Model, plan: &Plan) -> Vec<Wanted> {
    let opened = plan.changes.iter().filter_map(|change| match change {
        PlannedChange::Open(condition, _) => Some(condition),
        PlannedChange::Change { .. } | PlannedChange::Release(_) => None,
    });
    opened.take(TICKETS_MAX).map(|condition| of_condition(model, condition)).collect()
}

fn of_condition(model: &Model, condition: &Condition) -> Wanted {
    let vantages = match &condition.key.scope {
        TicketScope::Service(id) => {
            model.index.service(id).map_or_else(Vec::new, |place| vantages_of(model, place, None))
        }
        TicketScope::Check(check) => {
            let place = model.catalogue.check(check).and_then(|(service, _)| model.index.service(&service.id));
            place.map_or_else(Vec::new, |place| vantages_of(model, place, Some(check)))
        }
        TicketScope::Host(..)
        | TicketScope::Backup(_)
        | TicketScope::Alert(_)
        | TicketScope::Site
        | TicketScope::Rule(_) => Vec::new(),
    };
    let reading = match &condition.key.scope {
        TicketScope::Host(host, part) => reading_of(model, host, part),
        TicketScope::Service(_)
        | TicketScope::Check(_)
        | TicketScope::Backup(_)
        | TicketScope::Alert(_)
        | TicketScope::Site
        | TicketScope::Rule(_) => None,
    };
    let recent = |at: Timestamp| at >= condition.onset_at.plus_secs(-CHANGES_S);
    let hosts: BTreeSet<&str> = condition.components.iter().map(String::as_str).collect();
    let places = hosts.into_iter().filter_map(|id| HostId::parse(id).ok()).filter_map(|id| model.hosts.place(&id));
    let booted = places.filter_map(|place| {
        let host = &model.hosts[place];
        let kernel = host.newest.as_ref().and_then(|newest| newest.sample.kernel.as_ref())?;
        let at = Timestamp::from_secs(kernel.booted_at?);
        recent(at).then(|| (model.host_name(&host.record.id), at))
    });
    let applied = (model.catalogue.revision, model.applied_at);
    let known = Evidence {
        booted: booted.take(HOSTS_MAX).collect(),
        catalogue: Some(applied).filter(|(revision, at)| *revision > 1 && recent(*at)),
        ..Evidence::default()
    };
    Wanted { key: condition.key.clone(), onset_at: condition.onset_at, vantages, reading, known }
}

/// The vantages of a service, or of one of its checks, those with a newest answer that is not good first.
fn vantages_of(model: &Model, place: usize, only: Option<&CheckId>) -> Vec<(CheckId, String, HostId)> {
    let Some(service) = model.services.get(place) else { return Vec::new() };
    let mut vantages: Vec<_> = service
        .vantages
        .iter()
        .filter_map(|vantage| Some((vantage, service.service.checks.get(vantage.check)?)))
        .filter(|(_, check)| only.is_none_or(|id| check.id == *id))
        .collect();
    let good = |at: &Option<(Timestamp, std::sync::Arc<pantau_shared::probe::ProbeOutcome>)>| {
        at.as_ref().is_none_or(|(_, outcome)| outcome.verdict() == ProbeVerdict::Ok)
    };
    vantages.sort_by_key(|(vantage, _)| good(&vantage.newest));
    let named =
        vantages.into_iter().map(|(vantage, check)| (check.id.clone(), check.name.clone(), vantage.host.clone()));
    named.take(VANTAGES_MAX).collect()
}

/// The reading behind a host's ticket, by the part of its key: `cpu`, `storage:/var`.
fn reading_of(model: &Model, host: &HostId, part: &str) -> Option<(HostId, ThresholdMetric, String, u32)> {
    let (code, part) = part.split_once(':').unwrap_or((part, ""));
    let metric = ThresholdMetric::ALL.into_iter().find(|metric| metric.code() == code)?;
    let threshold = model.catalogue.thresholds.iter().find(|threshold| threshold.metric == metric)?;
    Some((host.clone(), metric, part.to_owned(), threshold.alarm_permille))
}

/// Reads it.
///
/// # Errors
/// The database's.
pub(super) fn gather(reader: &Reader, wanted: Vec<Wanted>, now: Timestamp) -> Result<Gathered, StoreError> {
    let mut gathered = Gathered::new();
    for wanted in wanted {
        let mut evidence = wanted.known;
        let from = wanted.onset_at.plus_secs(-BEFORE_S);
        for (check, name, host) in &wanted.vantages {
            let facts = reader.probes_before(check, host, now, ANSWERS_READ)?;
            take_answers(&mut evidence, &facts, name, wanted.onset_at);
        }
        evidence.answers.sort_by_key(|answer| answer.at);
        let over = evidence.answers.len().saturating_sub(ANSWERS_MAX);
        evidence.answers.drain(..over);
        if let Some((host, metric, part, limit)) = &wanted.reading {
            let samples = reader.samples(host, from, now.plus_ms(1), SAMPLES_MAX)?;
            let points = host_model::readings(&samples, *metric, part);
            let points = thinned(&points, POINTS_MAX);
            if !points.is_empty() && evidence.readings.len() < READINGS_MAX {
                evidence.readings.push(ReadingSeen {
                    metric: metric.code().to_owned(),
                    part: part.clone(),
                    limit_permille: *limit,
                    points,
                });
            }
        }
        if !evidence.is_empty() {
            gathered.insert(wanted.key, evidence);
        }
    }
    Ok(gathered)
}

/// Takes a vantage's answers, newest first: those from its last good one before the onset on.
fn take_answers(evidence: &mut Evidence, facts: &[ProbeFact], name: &str, onset_at: Timestamp) {
    for fact in facts {
        let answer = seen(fact, name);
        let good = fact.outcome.verdict() == ProbeVerdict::Ok && fact.at <= onset_at;
        evidence.answers.push(answer.clone());
        if good {
            let later = evidence.last_good.as_ref().is_none_or(|known| known.at < answer.at);
            evidence.last_good = if later { Some(answer) } else { evidence.last_good.take() };
            return;
        }
    }
}

fn seen(fact: &ProbeFact, name: &str) -> AnswerSeen {
    let outcome = &fact.outcome;
    let bad = matches!(outcome.verdict(), ProbeVerdict::Failed | ProbeVerdict::Degraded);
    AnswerSeen {
        at: fact.at,
        check: name.to_owned(),
        host: fact.host.to_string(),
        verdict: outcome.verdict().name().to_owned(),
        phase: if bad { outcome.phase().name().to_owned() } else { String::new() },
        reason: cut_text(&outcome.reason).to_owned(),
        duration_ms: outcome.duration_us / 1000,
    }
}
