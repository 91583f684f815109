//! Load: facts after the cursor, and the whole model anew from the store.
//!
//! A track replayed from a safe cut (a success, or an answer after a silence) is the track that never stopped, so only
//! a bounded piece of history is read per vantage.

use super::model::Model;
use super::service_model::{policy_of, result_of};
use crate::domain::state::track::safe_cut;
use crate::store::records::{Fact, FactBody, ProbeFact};
use crate::store::{Reader, StoreError};
use pantau_shared::ids::{CheckId, HostId};
use pantau_shared::probe::ProbeOutcome;
use pantau_shared::timestamp::Timestamp;

/// Facts of one page.
pub(crate) const FACTS_PAGE: usize = 5000;
/// Answers looked through for a safe cut.
const CUT_ANSWERS: usize = 200;
/// Answers of one page when a tail is read again.
const ANSWERS_PAGE: usize = 10_000;
/// Samples with which thresholds are warmed up: five hours at ten seconds.
const SAMPLES: usize = 1800;
/// Looks with which a backup set is warmed up.
const LOOKS: usize = 50;
/// The ledger is kept in memory for so long: ninety local days and the month before.
const LEDGER_DAYS: i64 = 125;

type Answers = Vec<(Timestamp, ProbeOutcome)>;

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
    /// Answers of all hosts in `[from, to)` by time.
    fn between(
        &self,
        check: &CheckId,
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
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<ProbeFact>, StoreError> {
        self.probes(check, from, to, limit)
    }
}

/// Fills a new model from the store, as of its cursor.
pub(crate) fn rebuild(reader: &Reader, model: &mut Model, now: Timestamp) -> Result<(), StoreError> {
    model.cursor = reader.cursor()?;
    model.refresh_hosts(reader.hosts()?);
    for ticket in reader.open_tickets()? {
        model.committed(ticket);
    }
    for index in 0..model.services.len() {
        if let Some(service) = model.services.get_mut(index) {
            let (from, to) = (now.plus_secs(-86_400 * LEDGER_DAYS), now.plus_secs(86_400 * 3));
            let rows = reader.ledger(&service.service.id, from, to)?;
            service.load_ledger(rows, reader.ledger_begins(&service.service.id)?);
        }
        replay(reader, model, index, None, now)?;
    }
    let hosts: Vec<_> = model.hosts.iter().map(|host| host.record.id.clone()).collect();
    for host in hosts {
        for (at, sample) in reader.newest_samples(&host, SAMPLES)?.into_iter().rev() {
            model.apply(&Fact {
                id: 0,
                host: host.clone(),
                at,
                received_at: at,
                body: FactBody::Sample(std::sync::Arc::new(sample)),
            });
        }
    }
    for (_, backup) in &mut model.backups {
        for look in reader.backup_observations(&backup.set.id, LOOKS)?.into_iter().rev() {
            if look.host == backup.set.host {
                backup.feed(look.at, &look.observation);
            }
        }
    }
    Ok(())
}

/// Replays services that got late answers; their ledgers are made anew from there.
pub(crate) fn replay_late(reader: &impl StoredAnswers, model: &mut Model, now: Timestamp) -> Result<(), StoreError> {
    for (index, at) in std::mem::take(&mut model.late) {
        replay(reader, model, index, Some(at), now)?;
    }
    Ok(())
}

/// Replays every vantage of the service at `index` from where it is certain for everything at or after `at` (without
/// `at`: for what is not settled yet).
fn replay(
    reader: &impl StoredAnswers,
    model: &mut Model,
    index: usize,
    at: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let horizon = now.plus_secs(86_400 * 3);
    // The cut is looked for before the late answer: it may end or begin the run that it falls into.
    let at = at.map(|at| at.plus_ms(-1));
    let Some(service) = model.services.get_mut(index) else { return Ok(()) };
    let count = service.vantages.len();
    // First pass: how far back an unsettled tail of any vantage reaches.
    for place in 0..count {
        let answers = answers(reader, service, place, at.unwrap_or(horizon), horizon)?;
        service.replay(place, &answers);
    }
    let Some(settled) = service.settled_until() else { return Ok(()) };
    let mut from = at.map_or(settled, |at| at.min(settled));
    if let Some(at) = at {
        // A late answer may change the run it falls into, which began at the cut at the earliest.
        for place in 0..count {
            let Some(vantage) = service.vantages.get(place) else { continue };
            let Some(check) = service.service.checks.get(vantage.check) else { continue };
            let mut before = reader.newest_before(&check.id, &vantage.host, at, CUT_ANSWERS)?;
            before.reverse();
            let results: Vec<_> = before.iter().map(|p| result_of(p.at, &p.outcome)).collect();
            let cut = safe_cut(policy_of(check), &results, at);
            from = from.min(cut.or(results.first().map(|r| r.at)).unwrap_or(at));
        }
    }
    // Second pass: all of them from there.
    for place in 0..count {
        let answers = answers(reader, service, place, from, horizon)?;
        service.replay(place, &answers);
    }
    service.replayed_from(from);
    model.mark_dirty(index, from);
    Ok(())
}

/// The answers of a vantage from a cut that makes everything at or after `from` certain, in order of time.
fn answers(
    reader: &impl StoredAnswers,
    service: &super::service_model::ServiceModel,
    place: usize,
    from: Timestamp,
    horizon: Timestamp,
) -> Result<Answers, StoreError> {
    let Some(vantage) = service.vantages.get(place) else { return Ok(Vec::new()) };
    let Some(check) = service.service.checks.get(vantage.check) else { return Ok(Vec::new()) };
    let mut before = reader.newest_before(&check.id, &vantage.host, from, CUT_ANSWERS)?;
    before.reverse();
    let results: Vec<_> = before.iter().map(|p| result_of(p.at, &p.outcome)).collect();
    let cut = safe_cut(policy_of(check), &results, from).or(results.first().map(|r| r.at)).unwrap_or(from);
    let mut out: Answers = before.into_iter().filter(|p| p.at >= cut).map(|p| (p.at, p.outcome)).collect();
    let mut next = from.plus_ms(1);
    loop {
        let page = reader.between(&check.id, next, horizon, ANSWERS_PAGE)?;
        let full = page.len() == ANSWERS_PAGE;
        let last = page.last().map(|p| p.at);
        out.extend(page.into_iter().filter(|p| p.host == vantage.host).map(|p| (p.at, p.outcome)));
        match last {
            // Of one instant at most a page is read: hosts times answers per millisecond.
            Some(last) if full => next = last.plus_ms(1),
            Some(_) | None => return Ok(out),
        }
    }
}
