//! Load: facts after the cursor, and the whole model anew from the store.
//!
//! A track replayed from a safe cut (a success, or an answer after a silence) is the track that never stopped, so only
//! a bounded piece of history is read per vantage.

use super::backup_model::BackupModel;
use super::checkpoint;
use super::forecast_model;
use super::isolation_model::{self, IsolationsRead};
use super::model::Model;
use super::service_model::{ServiceModel, asked_ms, policy_of, raw_result, result_of};
use crate::domain::catalogue::{Check, Service, ServiceId};
use crate::domain::interval::{Interval, IntervalSet};
use crate::domain::isolation::needs_network;
use crate::domain::register::Register;
use crate::domain::register::excuse::PartStretch;
use crate::domain::rpo::job::PINGS_MAX;
use crate::domain::state::track::safe_cut;
use crate::domain::state::{CheckResult, VantageTrack};
use crate::domain::ticket::TicketClass;
use crate::rulebook;
use crate::store::records::{Fact, FactBody, FactCursor, ProbeFact, TicketFilter};
use crate::store::{Reader, StoreError};
use pantau_shared::ids::{CheckId, HostId};
use pantau_shared::probe::{ProbeOutcome, ProbeVerdict};
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Facts of one page.
pub(crate) const FACTS_PAGE: usize = 5000;
/// Answers looked through for a safe cut: first a few, where the newest is a success most often, then more.
const CUT_ANSWERS: [usize; 3] = [4, 32, 200];
/// Answers of one page when a tail is read again.
const ANSWERS_PAGE: usize = 10_000;
/// Samples with which thresholds are warmed up: five hours at ten seconds.
const SAMPLES: usize = 1800;
/// Looks from before there were records that are read to make them: five weeks at five minutes.
const LOOKS: usize = 10_000;
/// Entries of people that are looked through for the newest that counts.
const ENTRIES: usize = 50;
/// Newest tickets of budgets that are looked through for who had one this month.
const BUDGET_TICKETS: usize = 1000;
/// The ledger is kept in memory for so long: ninety local days and the month before.
const LEDGER_DAYS: i64 = 125;
/// How its checks stood is kept in memory for so long: until every month that late answers may still change is final.
const PART_DAYS: i64 = 40;
/// Of what lies ahead so many days are read: clocks differ.
const AHEAD_DAYS: i64 = 3;

/// Answers dated at most so far ahead are read, in seconds: clocks differ.
pub(super) const AHEAD_S: i64 = 86_400 * AHEAD_DAYS;

pub(super) type Answers = Vec<(Timestamp, ProbeOutcome)>;

/// Where stored answers are read from: the store, or a list in tests.
pub(crate) trait StoredAnswers {
    /// The newest answers at or before `at`, newest first.
    fn newest_before(
        &self,
        check: &CheckId,
        host: &HostId,
        at: Timestamp,
        limit: usize,
    ) -> Result<Vec<ProbeFact>, StoreError>;
    /// Answers of a host in `[from, to)` by time.
    fn between(
        &self,
        check: &CheckId,
        host: &HostId,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<ProbeFact>, StoreError>;
}

impl StoredAnswers for Reader {
    fn newest_before(
        &self,
        check: &CheckId,
        host: &HostId,
        at: Timestamp,
        limit: usize,
    ) -> Result<Vec<ProbeFact>, StoreError> {
        self.probes_before(check, host, at, limit)
    }

    fn between(
        &self,
        check: &CheckId,
        host: &HostId,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<ProbeFact>, StoreError> {
        self.probes_of(check, host, from, to, limit)
    }
}

/// Fills a new model from the store, as of its cursor.
pub(crate) fn rebuild(reader: &Reader, model: &mut Model, now: Timestamp) -> Result<(), StoreError> {
    let rulebook = rulebook::load(reader, &model.profile, &model.catalogue, model.applied_at)?;
    model.take_rulebook(rulebook);
    model.cursor = reader.cursor()?;
    let records = reader.hosts()?;
    model.refresh_hosts(records.clone());
    model.alerts.load(reader.alert_groups()?);
    let budget = TicketFilter { class: Some(TicketClass::Budget), ..TicketFilter::default() };
    for ticket in reader.tickets(&budget, None, BUDGET_TICKETS)?.into_iter().rev() {
        model.note_budget_ticket(&ticket);
    }
    for ticket in reader.open_tickets()? {
        model.committed(ticket);
    }
    let register = reader.register()?;
    for index in 0..model.services.len() {
        let parts = load_parts(reader, model, &register, index, now)?;
        let Some(service) = model.services.get_mut(index) else { continue };
        let (from, to) = (now.plus_secs(-86_400 * LEDGER_DAYS), now.plus_secs(86_400 * AHEAD_DAYS));
        let rows = reader.ledger(&service.service.id, from, to)?;
        service.load_ledger(rows, reader.ledger_begins(&service.service.id)?, parts);
        if let Some(from) = replay(reader, service, None, now)? {
            model.mark_dirty(index, from);
        }
    }
    model.isolation.reload_all(reader, now)?;
    model.take_register(register);
    let restored = checkpoint::load(reader, model)?;
    for place in (0..model.hosts.len()).filter(|place| !restored.contains(place)) {
        let host = model.hosts[place].record.id.clone();
        for (at, sample) in reader.newest_samples(&host, SAMPLES)?.into_iter().rev() {
            let body = FactBody::Sample(Arc::new(sample));
            model.apply(&Fact { id: 0, host: host.clone(), at, received_at: at, body });
        }
    }
    model.load_admission(reader, now)?;
    forecast_model::rebuild(reader, model, now)?;
    // The records' instants stand above what the checkpoint knew.
    model.refresh_hosts(records);
    let cursor = model.cursor;
    for (service, backup) in &mut model.backups {
        load_backup(reader, service, backup, cursor, now)?;
    }
    model.tie_logs(None);
    model.touch_everything();
    Ok(())
}

/// How the checks of the service at `index` stood while it was down: in the newest days, which late answers may still
/// change, and wherever maintenance of a component was planned.
fn load_parts(
    reader: &Reader,
    model: &Model,
    register: &Register,
    index: usize,
    now: Timestamp,
) -> Result<Vec<PartStretch>, StoreError> {
    let Some(service) = model.services.get(index).filter(|service| service.parts.is_kept()) else {
        return Ok(Vec::new());
    };
    let id = &service.service.id;
    let (from, to) = (now.plus_secs(-86_400 * PART_DAYS), now.plus_secs(86_400 * AHEAD_DAYS));
    let newest = reader.ledger_parts(id, from, to)?;
    let first = newest.first().map_or(to, |stretch| stretch.interval.from);
    let mut parts = rulebook::parts_of(reader, model.base(), register, id)?;
    parts.retain(|stretch| stretch.interval.from < first);
    parts.extend(newest);
    Ok(parts)
}

/// A backup set from its records, the signals of its job, and what people entered. A set without records, from before
/// there were any, is read from its stored looks.
fn load_backup(
    reader: &Reader,
    service: &ServiceId,
    backup: &mut BackupModel,
    cursor: FactCursor,
    now: Timestamp,
) -> Result<(), StoreError> {
    let set = backup.set.id.clone();
    match reader.backup_look(&set)? {
        Some(look) => backup.load(reader.newest_backup_records(&set)?, look),
        None => {
            for look in reader.backup_observations(&set, LOOKS)?.into_iter().rev() {
                let expected = backup.set.look().is_some_and(|expected| look.host == expected.host);
                if expected && look.id <= cursor.0 {
                    backup.feed(look.at, look.at, look.id, &look.observation);
                }
            }
        }
    }
    if let Some(heartbeat) = reader.heartbeat(&set)? {
        let mut signals = reader.signals(&set, PINGS_MAX)?;
        signals.reverse();
        backup.load_signals(heartbeat.begins_at, &signals, now);
    }
    backup.risk = reader.backup_risk(&set)?;
    for look in reader.backup_observations(&set, 1)? {
        if backup.set.look().is_some_and(|expected| look.host == expected.host) && look.id <= cursor.0 {
            backup.load_runs(&look.observation.runs);
        }
    }
    for entry in reader.verifications(&set, ENTRIES)?.into_iter().rev() {
        backup.take_verification(&entry);
    }
    backup.recovery = reader.recoveries(service, ENTRIES)?.into_iter().find(|entry| entry.succeeded);
    Ok(())
}

/// Replays every vantage of a service from where it is certain for everything at or after `at` (without `at`: for what
/// is not settled yet). From when the ledger is to be made anew; `None`: there are no answers.
pub(crate) fn replay(
    reader: &impl StoredAnswers,
    service: &mut ServiceModel,
    at: Option<Timestamp>,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let horizon = now.plus_secs(AHEAD_S);
    // The cut is looked for before the late answer: it may end or begin the run that it falls into.
    let at = at.map(|at| at.plus_ms(-1)).map(|at| testified_from(reader, service, at)).transpose()?;
    // First pass: how far back an unsettled tail of any vantage reaches.
    replay_vantages(reader, service, at.unwrap_or(horizon), horizon)?;
    let Some(settled) = service.settled_until() else { return Ok(None) };
    let mut from = at.map_or(settled, |at| at.min(settled));
    if let Some(at) = at {
        // A late answer may change the run it falls into, which began at the cut at the earliest.
        for vantage in &service.vantages {
            let Some(check) = service.service.checks.get(vantage.check) else { continue };
            let (before, cut) = before(reader, check, &vantage.host, at, &CUT_ANSWERS)?;
            from = from.min(cut.or(before.first().map(|p| p.at)).unwrap_or(at));
        }
    }
    // Second pass: all of them from there.
    replay_vantages(reader, service, from, horizon)?;
    service.replayed_from(from);
    Ok(Some(from))
}

/// Starts every vantage anew from answers that make everything at or after `from` certain.
pub(crate) fn replay_vantages(
    reader: &impl StoredAnswers,
    service: &mut ServiceModel,
    from: Timestamp,
    horizon: Timestamp,
) -> Result<(), StoreError> {
    let of_place = |place| answers(reader, service, place, from, horizon);
    let all: Vec<Answers> = (0..service.vantages.len()).map(of_place).collect::<Result<_, _>>()?;
    let isolations = isolations_over(reader, service, &all, horizon)?;
    for (place, answers) in all.iter().enumerate() {
        let isolated = service.vantages.get(place).map(|vantage| isolations.of(&vantage.host)).unwrap_or_default();
        service.replay(place, answers, &isolated);
    }
    Ok(())
}

/// When the vantages were isolated, for all of `answers`.
pub(super) fn isolations_over(
    reader: &impl StoredAnswers,
    service: &ServiceModel,
    answers: &[Answers],
    horizon: Timestamp,
) -> Result<IsolationsRead, StoreError> {
    let begun = |(at, outcome): &(Timestamp, ProbeOutcome)| at.plus_ms(-asked_ms(outcome));
    let Some(first) = answers.iter().flatten().map(begun).min() else { return Ok(IsolationsRead::default()) };
    let hosts = service.vantages.iter().map(|vantage| &vantage.host);
    IsolationsRead::load(reader, &service.service.witnesses, hosts, first, horizon)
}

/// An answer of `at` may be one of a witness: what follows from it reaches back to the witness' success before it.
fn testified_from(reader: &impl StoredAnswers, service: &ServiceModel, at: Timestamp) -> Result<Timestamp, StoreError> {
    let mut from = at;
    let hosts: BTreeSet<&HostId> = service.vantages.iter().map(|vantage| &vantage.host).collect();
    for witness in service.service.witnesses.iter() {
        for host in witness.vantages.iter().filter(|host| hosts.contains(host)) {
            let (before, cut) = before(reader, witness, host, at, &CUT_ANSWERS)?;
            from = from.min(cut.or(before.first().map(|p| p.at)).unwrap_or(at));
        }
    }
    Ok(from)
}

/// The answers of a vantage at or before `at`, oldest first, as far back as a safe cut is looked for; and the cut.
fn before(
    reader: &impl StoredAnswers,
    check: &Check,
    host: &HostId,
    at: Timestamp,
    limits: &[usize],
) -> Result<(Vec<ProbeFact>, Option<Timestamp>), StoreError> {
    let mut found = Vec::new();
    for limit in limits.iter().copied() {
        found = reader.newest_before(&check.id, host, at, limit)?;
        let all = found.len() < limit;
        found.reverse();
        let results: Vec<CheckResult> = found.iter().map(|p| raw_result(p.at, &p.outcome)).collect();
        // The first of the list may follow a silence that is not in it: it is no cut unless it is a success, and then
        // the rule says so too.
        let cut = safe_cut(policy_of(check), &results, at);
        if cut.is_some() || all {
            return Ok((found, cut));
        }
    }
    Ok((found, None))
}

/// Answers before an instant that are shown with it, at least.
const CONTEXT_ANSWERS: usize = 6;
/// Answers looked through for a cut when a state is explained: an outage of half a day at ten seconds.
const EXPLAINED_CUT_ANSWERS: [usize; 3] = [16, 256, 5_000];
/// Answers of one page, and of all, that are read after an instant to make its state certain.
const CERTAIN_PAGE: usize = 32;
const CERTAIN_ANSWERS_MAX: usize = 2_048;

/// So far after an instant answers are read to make its state certain where isolations count, in seconds.
const CERTAIN_S: i64 = 6 * 3600;

/// The answers by which the state of a vantage at an instant can be told.
#[derive(Debug)]
pub(crate) struct AnswersAround {
    /// In order of time.
    pub(crate) answers: Vec<ProbeFact>,
    /// Whether the first is a safe cut.
    pub(crate) whole: bool,
    /// When the vantage was isolated; known only where a failure asks for it.
    pub(crate) isolated: IntervalSet,
}

/// The answers of `host` to `check` by which the state at `at` can be told: from a cut on, with some before `at` to be seen,
/// and after it until no later one can change the state at `at`.
pub(crate) fn answers_around(
    reader: &impl StoredAnswers,
    service: &Service,
    check: &Check,
    host: &HostId,
    at: Timestamp,
) -> Result<AnswersAround, StoreError> {
    let mut context = reader.newest_before(&check.id, host, at, CONTEXT_ANSWERS)?;
    context.reverse();
    let from = context.first().map_or(at, |p| p.at);
    let (before, cut) = before(reader, check, host, from, &EXPLAINED_CUT_ANSWERS)?;
    let whole = cut.is_some() || before.len() < EXPLAINED_CUT_ANSWERS.into_iter().max().unwrap_or(0);
    let cut = cut.or(before.first().map(|p| p.at)).unwrap_or(from);
    let mut answers: Vec<ProbeFact> = before.into_iter().filter(|p| p.at >= cut).collect();
    answers.extend(context.into_iter().filter(|p| p.at > from));
    let begun = answers.first().map_or(at, |first| first.at.plus_ms(-asked_ms(&first.outcome)));
    let testified = needs_network(&check.kind) && service.witnesses.iter().any(|w| w.vantages.contains(host));
    let horizon = if testified { at.plus_secs(CERTAIN_S) } else { Interval::ALL.to };
    let failed = |answers: &[ProbeFact]| answers.iter().any(|p| p.outcome.verdict() == ProbeVerdict::Failed);
    let load = || isolation_model::isolated(reader, &service.witnesses, host, begun, horizon);
    let mut isolated = if testified && failed(&answers) { Some(load()?) } else { None };
    let mut track = VantageTrack::new(policy_of(check));
    let mut feed = |page: &[ProbeFact], isolated: Option<&IntervalSet>| {
        let nowhere = IntervalSet::empty();
        for answer in page {
            let result = result_of(check, isolated.unwrap_or(&nowhere), answer.at, &answer.outcome);
            // In order of time, so none is refused.
            track.feed(result).ok();
        }
        track.settled_until().is_some_and(|settled| settled > at)
    };
    feed(&answers, isolated.as_ref());
    let mut next = at.plus_ms(1);
    for _ in 0..CERTAIN_ANSWERS_MAX / CERTAIN_PAGE {
        let page = reader.between(&check.id, host, next, horizon, CERTAIN_PAGE)?;
        let full = page.len() == CERTAIN_PAGE;
        if testified && isolated.is_none() && failed(&page) {
            isolated = Some(load()?);
        }
        let certain = feed(&page, isolated.as_ref());
        next = page.last().map_or(next, |last| last.at.plus_ms(1));
        answers.extend(page);
        if !full || certain {
            break;
        }
    }
    Ok(AnswersAround { answers, whole, isolated: isolated.unwrap_or_default() })
}

/// The answers of a vantage from a cut that makes everything at or after `from` certain, in order of time.
pub(crate) fn answers(
    reader: &impl StoredAnswers,
    service: &ServiceModel,
    place: usize,
    from: Timestamp,
    horizon: Timestamp,
) -> Result<Answers, StoreError> {
    let Some(vantage) = service.vantages.get(place) else { return Ok(Vec::new()) };
    let Some(check) = service.service.checks.get(vantage.check) else { return Ok(Vec::new()) };
    answers_of(reader, check, &vantage.host, from, horizon)
}

/// The answers of a host to `check` from a cut that makes everything at or after `from` certain, in order of time.
pub(super) fn answers_of(
    reader: &impl StoredAnswers,
    check: &Check,
    host: &HostId,
    from: Timestamp,
    horizon: Timestamp,
) -> Result<Answers, StoreError> {
    let (before, cut) = before(reader, check, host, from, &CUT_ANSWERS)?;
    let cut = cut.or(before.first().map(|p| p.at)).unwrap_or(from);
    let mut out: Answers = before.into_iter().filter(|p| p.at >= cut).map(|p| (p.at, p.outcome)).collect();
    let mut next = from.plus_ms(1);
    loop {
        let page = reader.between(&check.id, host, next, horizon, ANSWERS_PAGE)?;
        let full = page.len() == ANSWERS_PAGE;
        let last = page.last().map(|p| p.at);
        out.extend(page.into_iter().map(|p| (p.at, p.outcome)));
        match last {
            // Of one instant at most a page is read.
            Some(last) if full => next = last.plus_ms(1),
            Some(_) | None => return Ok(out),
        }
    }
}
