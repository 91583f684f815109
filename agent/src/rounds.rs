//! The loops that observe: sampling, checks, backup sets. Each asks the schedule, starts what is due, puts what was seen
//! into the spool. None waits for another, for the transport, or for something slow that it started itself.

use crate::backups::Looker;
use crate::clock::Clock;
use crate::local_checks::LocalProbes;
use crate::probes::{self, ProbeSite};
use crate::sampler::Sampler;
use crate::schedule::{Schedule, next_on_grid};
use crate::state::State;
use pantau_shared::assignment::{Assignment, BackupWatch, CheckSpec};
use pantau_shared::envelope::ObservationBody;
use pantau_shared::probe::{ProbeOutcome, ProbeVerdict};
use pantau_shared::sample::{AgentHealth, Sample};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// Most probes under way at once; the rest waits its turn.
const PROBES_MAX: usize = 32;

/// Most looks at backup sets under way at once: they read directories.
const LOOKS_MAX: usize = 2;

/// From one look at the folder of recorded runs to the next, in milliseconds: one `stat`.
const RUNS_PERIOD_MS: u64 = 10_000;

/// Longest pause before a failed probe is repeated, in milliseconds.
const RETRY_PAUSE_MAX_MS: u32 = 60_000;

/// The sampling periods an assignment may ask for, in milliseconds.
const PERIOD_MS: std::ops::RangeInclusive<u32> = 1_000..=300_000;

/// Takes one sample with the agent's own health in it.
pub(crate) async fn take_sample(state: &State, sampler: &mut Sampler) -> Sample {
    let from_us = state.clock.boot_us();
    let mut sample = sampler.sample(from_us / 1000).await;
    let spool = state.spool_stats();
    let backlog_from = state.spool().backlog_from();
    sample.agent = Some(AgentHealth {
        spool_bytes: Some(spool.bytes),
        spool_records: Some(spool.records),
        dropped: Some(spool.dropped + spool.append_failures),
        send_failures: Some(state.stats.send_failures.get()),
        caught_up_to: backlog_from.map(|from| from.as_ms().div_euclid(1000)),
    });
    state.stats.count_failed_sources(&sample.failed_sources);
    let took_us = state.clock.boot_us().saturating_sub(from_us);
    state.stats.samples.add(1);
    state.stats.sample_duration_us.add(took_us);
    state.stats.last_sample_us.set(took_us);
    sample
}

/// Samples once a period, on a grid, until shutdown.
pub(crate) async fn run_sampling(
    state: Arc<State>,
    mut sampler: Sampler,
    default_period_ms: u32,
    mut shutdown: watch::Receiver<bool>,
) {
    let mut assignments = state.subscribe();
    while !*shutdown.borrow() {
        let taken_ms = state.clock.boot_ms();
        state.liveness.beat_sampler(taken_ms);
        let sample = take_sample(&state, &mut sampler).await;
        state.newest().sample = Some(Arc::new(sample.clone()));
        state.record(ObservationBody::Sample(Box::new(sample)));
        let now = state.moment();
        state.spool().tend(now);
        state.wake.notify_one();
        let assigned_ms = assignments.borrow_and_update().sample_period_ms;
        let period_ms = if PERIOD_MS.contains(&assigned_ms) { assigned_ms } else { default_period_ms };
        let (next_ms, missed) = next_on_grid(taken_ms, u64::from(period_ms), state.clock.boot_ms());
        state.stats.missed_ticks.add(missed);
        tokio::select! {
            () = state.clock.sleep_until(next_ms) => {}
            // A shorter period must not wait for the end of a longer one.
            _ = assignments.changed() => {}
            _ = shutdown.changed() => {}
        }
    }
}

/// Asks every assigned check on its grid until shutdown.
pub(crate) async fn run_checks(state: Arc<State>, site: LocalProbes, mut shutdown: watch::Receiver<bool>) {
    let site = Arc::new(site);
    let mut assignments = state.subscribe();
    let permits = Arc::new(Semaphore::new(PROBES_MAX));
    let mut schedule = Schedule::default();
    let mut checks: BTreeMap<String, (CheckSpec, bool)> = BTreeMap::new();
    let mut running: JoinSet<String> = JoinSet::new();
    let mut assigned = true;
    while !*shutdown.borrow() {
        if std::mem::take(&mut assigned) {
            let assignment = assignments.borrow_and_update().clone();
            checks = site.merge(&assignment.checks);
            let wanted: Vec<_> =
                checks.values().map(|(check, _)| (check.id.clone(), period_ms(check.interval_ms))).collect();
            schedule.assign(&wanted, state.clock.boot_ms());
        }
        let due = schedule.take_due(state.clock.boot_ms());
        state.stats.missed_ticks.add(due.missed);
        for id in due.start {
            if let Some((check, local)) = checks.get(&id) {
                let asked = Asked { check: check.clone(), local: *local };
                running.spawn(ask(Arc::clone(&state), Arc::clone(&site), asked, Arc::clone(&permits)));
            }
        }
        tokio::select! {
            () = state.clock.sleep_until(schedule.next_due().unwrap_or(u64::MAX / 2000)) => {}
            Some(finished) = running.join_next() => finish(&mut schedule, finished),
            changed = assignments.changed() => assigned = changed.is_ok(),
            _ = shutdown.changed() => {}
        }
    }
}

/// Intervals below a second are refused by the probe; they must not make the loop spin before that.
fn period_ms(interval_ms: u32) -> u64 {
    u64::from(interval_ms.max(1000))
}

fn finish(schedule: &mut Schedule, finished: Result<String, tokio::task::JoinError>) {
    match finished {
        Ok(id) => schedule.finish(&id),
        Err(error) => tracing::error!(%error, "an observing task broke off"),
    }
}

struct Asked {
    check: CheckSpec,
    local: bool,
}

/// Asks one check, and once more when it failed.
async fn ask(state: Arc<State>, site: Arc<LocalProbes>, asked: Asked, permits: Arc<Semaphore>) -> String {
    let outcome = ask_once(&state, &site.site, &asked, &permits, false).await;
    let pause_ms = asked.check.retry_pause_ms.min(RETRY_PAUSE_MAX_MS);
    if outcome.verdict() == ProbeVerdict::Failed && pause_ms > 0 {
        state.clock.sleep_until(state.clock.boot_ms() + u64::from(pause_ms)).await;
        ask_once(&state, &site.site, &asked, &permits, true).await;
    }
    asked.check.id
}

async fn ask_once(state: &State, site: &ProbeSite, asked: &Asked, permits: &Semaphore, repeated: bool) -> ProbeOutcome {
    let answered = {
        // The semaphore is never closed; without a permit the asking would merely not be bounded.
        let _permit = permits.acquire().await;
        probes::probe(&asked.check, site, &state.clock, repeated, asked.local).await
    };
    let outcome = answered.outcome.clone();
    state.stats.probes.add(1);
    if outcome.verdict() == ProbeVerdict::ProbeError {
        state.stats.probe_errors.add(1);
    }
    let before = state.newest().probes.insert(asked.check.id.clone(), answered);
    if asked.local {
        // The collector knows nothing of it and would keep it for nobody; it is for /metrics.
        return outcome;
    }
    state.record(ObservationBody::Probe(outcome.clone()));
    let changed = before.is_none_or(|before| before.outcome.verdict != outcome.verdict);
    if changed && outcome.refused {
        tracing::warn!(check = outcome.check, reason = outcome.reason, "assigned check is refused");
    }
    // A repetition decides whether a failure is confirmed: it must not wait for the next sample.
    if changed || repeated {
        state.wake.notify_one();
    }
    outcome
}

/// Looks at every assigned backup set on its grid until shutdown.
pub(crate) async fn run_backups(state: Arc<State>, looker: Looker, mut shutdown: watch::Receiver<bool>) {
    let mut assignments = state.subscribe();
    let permits = Arc::new(Semaphore::new(LOOKS_MAX));
    let mut schedule = Schedule::default();
    let mut sets: BTreeMap<String, BackupWatch> = BTreeMap::new();
    let mut running: JoinSet<String> = JoinSet::new();
    let mut assigned = true;
    while !*shutdown.borrow() {
        if std::mem::take(&mut assigned) {
            let assignment = assignments.borrow_and_update().clone();
            sets = assignment.backups.iter().map(|set| (set.id.clone(), set.clone())).collect();
            let wanted: Vec<_> = sets.values().map(|set| (set.id.clone(), period_ms(set.interval_ms))).collect();
            schedule.assign(&wanted, state.clock.boot_ms());
        }
        // A recorded start or end is told at once, not at the set's next tick.
        looker.runs.changed_sets().iter().for_each(|set| schedule.hasten(set, state.clock.boot_ms()));
        let due = schedule.take_due(state.clock.boot_ms());
        state.stats.missed_ticks.add(due.missed);
        for id in due.start {
            if let Some(set) = sets.get(&id) {
                running.spawn(look(Arc::clone(&state), looker.clone(), set.clone(), Arc::clone(&permits)));
            }
        }
        let runs_due = state.clock.boot_ms() + if sets.is_empty() { u64::MAX / 4000 } else { RUNS_PERIOD_MS };
        tokio::select! {
            () = state.clock.sleep_until(schedule.next_due().unwrap_or(u64::MAX / 2000).min(runs_due)) => {}
            Some(finished) = running.join_next() => finish(&mut schedule, finished),
            changed = assignments.changed() => assigned = changed.is_ok(),
            _ = shutdown.changed() => {}
        }
    }
}

async fn look(state: Arc<State>, looker: Looker, set: BackupWatch, permits: Arc<Semaphore>) -> String {
    let observation = {
        let _permit = permits.acquire().await;
        looker.inspect(&set).await
    };
    state.stats.backup_looks.add(1);
    state.record(ObservationBody::Backup(observation));
    set.id
}

/// Asks every check of `assignment` and of this host's own file once, in order of their names.
pub(crate) async fn probe_all(clock: &Clock, local: &LocalProbes, assignment: &Assignment) -> Vec<ProbeOutcome> {
    let checks = local.merge(&assignment.checks);
    let mut outcomes = Vec::with_capacity(checks.len());
    for (check, is_local) in checks.values() {
        outcomes.push(probes::probe(check, &local.site, clock, false, *is_local).await.outcome);
    }
    outcomes
}
