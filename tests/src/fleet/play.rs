//! Playing: each agent sends its batches in order, the next one only after the acknowledgement of the one before.
//!
//! | pace | who sends when | time stamps |
//! |---|---|---|
//! | real | agent *i* of *N* sends at step · interval + *i*/*N* · interval | the time of sending, with the monotonic age |
//! | accelerated | [`Plan::concurrency`] agents at a time, as fast as they are acknowledged | the last step is at the end of an hour that is over, by the wall clock alone |
//!
//! What the collector has no room for (429, 503) is sent again after a pause, as an agent does, and counted; a session that it
//! does not know any more is replaced at once; a batch that is refused otherwise ends the run. Does not know what anything costs.

use super::agents::{Agent, Span, Told};
use super::clock::{Stopwatch, wall_ms};
use super::connection::Connection;
use crate::trace::Trace;
use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use indicatif::ProgressBar;
use pantau_shared::envelope::{Acknowledgement, Batch};
use prost::Message;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Tries of one batch that the collector has no room for; the pause doubles from 50 ms to 2 s.
const TRIES_MAX: u32 = 40;
const PAUSE_MAX_MS: u64 = 2_000;

const HOUR_MS: i64 = 3_600_000;
/// The hour that accelerated samples end with is over for this long.
const CLOSED_FOR_MS: i64 = 20 * 60_000;

/// How fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// As fast as acknowledged.
    Accelerated,
    /// One step an interval.
    Real,
}

/// What is played.
#[derive(Debug, Clone)]
pub struct Plan {
    /// By which all play.
    pub trace: Arc<Trace>,
    /// Steps of each host.
    pub steps: usize,
    /// Between two steps, in ms.
    pub interval_ms: i64,
    /// Steps in one batch.
    pub frames_per_batch: usize,
    /// How fast.
    pub pace: Pace,
    /// Agents that send at the same time when accelerated.
    pub concurrency: usize,
}

/// What the agents saw.
#[derive(Debug, Default, Clone)]
pub struct Played {
    /// Batches acknowledged.
    pub batches: u64,
    /// Samples (frames) acknowledged.
    pub frames: u64,
    /// Observations acknowledged: frames and outcomes of checks.
    pub observations: u64,
    /// Bytes of all batches.
    pub bytes: u64,
    /// Sent again because the collector had no room.
    pub repeated: u64,
    /// From sending to acknowledgement, in µs, one for each batch.
    pub latencies_us: Vec<u32>,
}

impl Played {
    fn add(&mut self, other: Self) {
        self.batches += other.batches;
        self.frames += other.frames;
        self.observations += other.observations;
        self.bytes += other.bytes;
        self.repeated += other.repeated;
        self.latencies_us.extend(other.latencies_us);
    }
}

/// An agent with its connection.
pub type Connected = (Agent, Connection);

/// Wall time of step 0 and how the time of a sample is told.
pub fn start_of(plan: &Plan, now_ms: i64) -> (i64, Told) {
    match plan.pace {
        Pace::Real => (now_ms, Told::ByAge),
        Pace::Accelerated => {
            let end = (now_ms - CLOSED_FOR_MS).div_euclid(HOUR_MS) * HOUR_MS;
            (end - plan.interval_ms * i64::try_from(plan.steps).unwrap_or(i64::MAX), Told::ByWallClock)
        }
    }
}

/// Wall time of step 0 of host number `host` of `hosts`: spread over the first interval.
pub fn host_start(plan: &Plan, start_ms: i64, host: usize, hosts: usize) -> i64 {
    let share = i64::try_from(host).unwrap_or(0) * plan.interval_ms / i64::try_from(hosts.max(1)).unwrap_or(1);
    start_ms + share
}

/// Sends the start message of each agent, or a heartbeat where that was sent before; connects those that are not.
///
/// # Errors
/// The first refusal.
pub async fn warm(fleet: Vec<Connected>, concurrency: usize, first: bool) -> Result<Vec<Connected>> {
    let groups = split(fleet, concurrency);
    let mut working = JoinSet::new();
    for (number, group) in groups.into_iter().enumerate() {
        working.spawn(async move {
            let mut done = Vec::with_capacity(group.len());
            for (mut agent, mut connection) in group {
                let now = wall_ms();
                let batch = if first { agent.started(now) } else { agent.heartbeat(now) };
                let mut seen = Played::default();
                send(&mut agent, &mut connection, &batch, &mut seen).await?;
                done.push((agent, connection));
            }
            anyhow::Ok((number, done))
        });
    }
    let mut groups = Vec::new();
    while let Some(done) = working.join_next().await {
        groups.push(done??);
    }
    groups.sort_by_key(|(number, _)| *number);
    Ok(groups.into_iter().flat_map(|(_, group)| group).collect())
}

/// Plays the whole plan; what the agents saw, and how long it took.
///
/// # Errors
/// The first batch that is refused or not acknowledged whole.
pub async fn play(plan: &Plan, fleet: Vec<Connected>, bar: &ProgressBar) -> Result<(Played, Duration)> {
    let hosts = fleet.len();
    let (start_ms, told) = start_of(plan, wall_ms());
    let numbered: Vec<(usize, Connected)> = fleet.into_iter().enumerate().collect();
    // At the real pace everybody waits for a time of their own.
    let at_once = if plan.pace == Pace::Real { hosts } else { plan.concurrency };
    let watch = Stopwatch::start();
    let mut working = JoinSet::new();
    for group in split(numbered, at_once) {
        let (plan, bar) = (plan.clone(), bar.clone());
        working.spawn(async move { play_group(&plan, group, hosts, start_ms, told, &bar).await });
    }
    let mut all = Played::default();
    while let Some(done) = working.join_next().await {
        all.add(done??);
    }
    Ok((all, watch.elapsed()))
}

async fn play_group(
    plan: &Plan,
    mut group: Vec<(usize, Connected)>,
    hosts: usize,
    start_ms: i64,
    told: Told,
    bar: &ProgressBar,
) -> Result<Played> {
    let mut seen = Played::default();
    for first in (0..plan.steps).step_by(plan.frames_per_batch) {
        let steps = plan.frames_per_batch.min(plan.steps - first);
        for (number, (agent, connection)) in &mut group {
            let start_ms = host_start(plan, start_ms, *number, hosts);
            let span = Span { first, steps, start_ms, interval_ms: plan.interval_ms };
            if plan.pace == Pace::Real {
                let due = span.start_ms + plan.interval_ms * i64::try_from(first + steps - 1)?;
                let wait = u64::try_from(due - wall_ms()).unwrap_or(0);
                tokio::time::sleep(Duration::from_millis(wait)).await;
            }
            let batch = agent.play(&plan.trace, span, wall_ms(), told);
            send(agent, connection, &batch, &mut seen).await?;
            seen.frames += steps as u64;
            bar.inc(steps as u64);
        }
    }
    Ok(seen)
}

/// Sends one batch until it is acknowledged.
async fn send(agent: &mut Agent, connection: &mut Connection, batch: &Batch, seen: &mut Played) -> Result<()> {
    let mut sealed = agent.seal(batch);
    let mut pause_ms = 50;
    for _ in 0..TRIES_MAX {
        let body = Bytes::from(std::mem::take(&mut sealed.bytes));
        let watch = Stopwatch::start();
        let reply =
            connection.post("/api/v1/ingest", &[("content-type", "application/x-protobuf")], body.clone()).await;
        let reply = reply.with_context(|| format!("send a batch of {}", agent.host))?;
        let took = watch.elapsed();
        if sealed.in_session && reply.status == 401 {
            agent.session_refused(batch.sent_at_ms);
            sealed = agent.seal(batch);
            continue;
        }
        if matches!(reply.status, 429 | 503) {
            seen.repeated += 1;
            tokio::time::sleep(Duration::from_millis(pause_ms)).await;
            pause_ms = (pause_ms * 2).min(PAUSE_MAX_MS);
            sealed.bytes = body.into();
            continue;
        }
        ensure!(reply.status == 200, "a batch of {} is refused: {} {}", agent.host, reply.status, reply.text());
        let acknowledgement = Acknowledgement::decode(reply.body).context("understand an acknowledgement")?;
        agent.acknowledged(acknowledgement, sealed.in_session, batch.sent_at_ms)?;
        seen.latencies_us.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        seen.batches += 1;
        seen.observations += batch.observations.len() as u64;
        seen.bytes += body.len() as u64;
        return Ok(());
    }
    bail!("the collector has had no room for a batch of {} in {TRIES_MAX} tries", agent.host)
}

/// As many groups of neighbours as asked for, each at least one long.
fn split<T>(all: Vec<T>, groups: usize) -> Vec<Vec<T>> {
    let size = all.len().div_ceil(groups.max(1)).max(1);
    let mut all = all.into_iter();
    let mut out = Vec::new();
    loop {
        let group: Vec<T> = all.by_ref().take(size).collect();
        if group.is_empty() {
            return out;
        }
        out.push(group);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(pace: Pace) -> Plan {
        Plan {
            trace: Arc::new(Trace::synthetic(10)),
            steps: 360,
            interval_ms: 10_000,
            frames_per_batch: 1,
            pace,
            concurrency: 4,
        }
    }

    #[test]
    fn accelerated_samples_end_with_an_hour_that_is_over() {
        let now = 1_780_000_000_000;
        let (start, told) = start_of(&plan(Pace::Accelerated), now);
        let end = start + 360 * 10_000;
        assert_eq!((end % HOUR_MS, told), (0, Told::ByWallClock));
        assert!(now - end >= CLOSED_FOR_MS && now - end < CLOSED_FOR_MS + HOUR_MS);
        assert_eq!(start_of(&plan(Pace::Real), now), (now, Told::ByAge));
        assert_eq!(host_start(&plan(Pace::Real), now, 5, 10), now + 5_000);
    }

    #[test]
    fn groups_hold_everybody_once_and_in_order() {
        for (count, groups) in [(10, 3), (3, 10), (64, 64), (1, 1), (0, 5)] {
            let split = split((0..count).collect(), groups);
            assert!(split.len() <= groups, "{count} {groups}");
            assert_eq!(split.concat(), (0..count).collect::<Vec<_>>());
        }
    }
}
