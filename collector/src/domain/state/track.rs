//! From the raw results of one vantage to its timeline: confirmation, blips, staleness.
//!
//! Rules (engines A.2):
//! - a result holds from its instant to the next result, at most `stale_after`; then *unknown*;
//! - *down* needs `confirm_failures` failures in a row and is dated from the first of them to the first success;
//! - a shorter run that ends in a success is a blip: *up*, counted; one that ends in silence is *unknown*;
//! - a probe error is *unknown* while it holds, and neither makes nor breaks a run; silence ends a run;
//! - a run still too short at the end of what is known is *up*, provisional.
//!
//! State machine. Results are fed in order of time. Everything before [`VantageTrack::settled_until`] can not be
//! changed by any later result; `feed` hands out what became settled by this result, once. Behind it lies the tail:
//! the stretches of an unconfirmed run (at most one per failure of it and one per group of probe errors between two,
//! so `2 * confirm_failures`) and the hold of the last result. Settled + tail at `now` is the timeline at `now`.
//!
//! ```text
//!            ok / degraded            failed (1st of run)
//!   no run ───────────────► no run  ──────────────────────► run n=1, nothing settled from here
//!   run n<c ── failed ──► n+1; n+1 = c settles the run as down; ── ok ──► blip, settles as up
//!   run any ── silence ──► no run (n<c: settles as unknown)
//! ```
//!
//! A result older than the last one is refused: the caller finds a safe cut ([`safe_cut`]), rebuilds
//! ([`VantageTrack::replay`]) from there and replaces what followed it.

use super::State;
use super::timeline::StateInterval;
use crate::domain::interval::Interval;
use pantau_shared::probe::ProbeVerdict;
use pantau_shared::timestamp::Timestamp;

/// The most failures a policy may ask for; bounds what a track remembers.
pub const CONFIRM_FAILURES_MAX: u32 = 20;

/// What one asking showed, as far as the state is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckOutcome {
    /// As expected.
    Ok,
    /// As expected but too slow or about to expire: no failure.
    Degraded,
    /// Not as expected.
    Failed,
    /// The probe could not ask.
    ProbeError,
}

impl From<ProbeVerdict> for CheckOutcome {
    fn from(verdict: ProbeVerdict) -> Self {
        match verdict {
            ProbeVerdict::Ok => Self::Ok,
            ProbeVerdict::Degraded => Self::Degraded,
            ProbeVerdict::Failed => Self::Failed,
            ProbeVerdict::ProbeError | ProbeVerdict::Unspecified => Self::ProbeError,
        }
    }
}

/// One asking of one check from one vantage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckResult {
    /// When it was asked, by the collector's clock.
    pub at: Timestamp,
    /// What came of it.
    pub outcome: CheckOutcome,
}

/// How results become states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckPolicy {
    /// A result holds at most this long, in milliseconds.
    pub stale_after_ms: u64,
    /// Failures in a row that make a *down*; read as 1..=[`CONFIRM_FAILURES_MAX`].
    pub confirm_failures: u32,
}

impl CheckPolicy {
    /// The defaults for a check asked every `interval_ms`: stale after 2.5 intervals, two failures.
    pub const fn for_interval_ms(interval_ms: u64) -> Self {
        Self { stale_after_ms: interval_ms.saturating_mul(5) / 2, confirm_failures: 2 }
    }

    /// Failures in a row that make a *down*, within its bounds.
    pub fn needed(&self) -> u32 {
        self.confirm_failures.clamp(1, CONFIRM_FAILURES_MAX)
    }

    /// When a result of `at` no longer holds.
    pub fn stale_at(&self, at: Timestamp) -> Timestamp {
        at.plus_ms(i64::try_from(self.stale_after_ms).unwrap_or(i64::MAX))
    }
}

/// A result older than one already fed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("result of {at} is older than the last one, of {last}")]
pub struct OutOfOrder {
    /// The refused result's instant.
    pub at: Timestamp,
    /// The newest instant already fed.
    pub last: Timestamp,
}

/// What one result settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackChange {
    /// From here on the timeline may differ from what it was before: equals the former `settled_until`.
    pub replace_from: Timestamp,
    /// Now settled, in order of time, from `replace_from` to the new `settled_until`, without gap.
    pub settled: Vec<StateInterval>,
    /// This result confirmed an outage that began here.
    pub confirmed_down_since: Option<Timestamp>,
    /// This result ended a confirmed outage that began here.
    pub ended_down_since: Option<Timestamp>,
    /// This result ended a run of failures too short to count (a *kedipan*).
    pub blip: bool,
}

/// A run of failures in progress.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    since: Timestamp,
    failures: u32,
    /// Of an unconfirmed run: its stretches up to the last result. A failure's stands as [`State::Down`].
    stretches: Vec<StateInterval>,
}

/// The carried state of one vantage; see the module text. Two tracks fed the same results are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VantageTrack {
    policy: CheckPolicy,
    last: Option<CheckResult>,
    run: Option<Run>,
    blips: u64,
}

impl VantageTrack {
    /// A track that has seen nothing.
    pub const fn new(policy: CheckPolicy) -> Self {
        Self { policy, last: None, run: None, blips: 0 }
    }

    /// Feeds `results`, which must be in order of time, to a new track; returns it with all it settled.
    ///
    /// # Errors
    /// [`OutOfOrder`] at the first result older than its predecessor.
    pub fn replay(policy: CheckPolicy, results: &[CheckResult]) -> Result<(Self, Vec<StateInterval>), OutOfOrder> {
        let mut track = Self::new(policy);
        let mut settled = Vec::new();
        for result in results {
            for next in track.feed(*result)?.settled {
                push_joined(&mut settled, next);
            }
        }
        Ok((track, settled))
    }

    /// The timeline of `results` (in order of time) as known at `now`: from the first result to `now`, without gap.
    ///
    /// # Errors
    /// [`OutOfOrder`] at the first result older than its predecessor.
    pub fn evaluate(
        policy: CheckPolicy,
        results: &[CheckResult],
        now: Timestamp,
    ) -> Result<Vec<StateInterval>, OutOfOrder> {
        let (track, mut all) = Self::replay(policy, results)?;
        for next in track.tail(now) {
            push_joined(&mut all, next);
        }
        Ok(all)
    }

    /// The newest result fed.
    pub const fn last(&self) -> Option<CheckResult> {
        self.last
    }

    /// Runs that were too short to count, so far.
    pub const fn blips(&self) -> u64 {
        self.blips
    }

    /// Everything before this instant is fixed; `None` before the first result.
    pub fn settled_until(&self) -> Option<Timestamp> {
        let last = self.last?;
        Some(self.pending_since().unwrap_or(last.at))
    }

    /// Since when failures are seen that are not yet confirmed.
    pub fn pending_since(&self) -> Option<Timestamp> {
        self.run.as_ref().filter(|run| run.failures < self.policy.needed()).map(|run| run.since)
    }

    /// Since when it has been confirmed down, if the newest run of failures goes on.
    pub fn down_since(&self) -> Option<Timestamp> {
        self.run.as_ref().filter(|run| run.failures >= self.policy.needed()).map(|run| run.since)
    }

    /// Failures in the run that goes on, confirmed or not; 0 without one.
    pub fn failures(&self) -> u32 {
        self.run.as_ref().map_or(0, |run| run.failures)
    }

    /// Until when the newest result holds.
    pub fn horizon(&self) -> Option<Timestamp> {
        Some(self.policy.stale_at(self.last?.at))
    }

    /// Takes the next result.
    ///
    /// # Errors
    /// [`OutOfOrder`] when it is older than the last one; the track is unchanged.
    pub fn feed(&mut self, result: CheckResult) -> Result<TrackChange, OutOfOrder> {
        let mut change = TrackChange {
            replace_from: self.settled_until().unwrap_or(result.at),
            settled: Vec::new(),
            confirmed_down_since: None,
            ended_down_since: None,
            blip: false,
        };
        if let Some(last) = self.last {
            if result.at < last.at {
                return Err(OutOfOrder { at: result.at, last: last.at });
            }
            self.close_hold(last, result.at, &mut change);
        }
        match result.outcome {
            CheckOutcome::Ok | CheckOutcome::Degraded => self.end_run_in_success(&mut change),
            CheckOutcome::Failed => self.count_failure(result.at, &mut change),
            CheckOutcome::ProbeError => {}
        }
        self.last = Some(result);
        Ok(change)
    }

    /// The part that is not settled, as known at `now`: from `settled_until` to `now`, without gap. Failures of an
    /// unconfirmed run show as *up* (provisional) while they hold.
    pub fn tail(&self, now: Timestamp) -> Vec<StateInterval> {
        let Some(last) = self.last else { return Vec::new() };
        let mut probe = self.clone();
        let mut change = TrackChange {
            replace_from: last.at,
            settled: Vec::new(),
            confirmed_down_since: None,
            ended_down_since: None,
            blip: false,
        };
        probe.close_hold(last, now.max(last.at), &mut change);
        if let Some(run) = probe.run.filter(|run| run.failures < self.policy.needed()) {
            settle(&mut change.settled, &run.stretches, State::Up);
        }
        change.settled
    }

    /// The hold of `last` ends at `until`: by the next result, or by silence.
    fn close_hold(&mut self, last: CheckResult, until: Timestamp, change: &mut TrackChange) {
        let stale_at = self.policy.stale_at(last.at);
        let held = Interval::new(last.at, until.min(stale_at));
        let confirmed = self.down_since().is_some();
        match &mut self.run {
            Some(run) if !confirmed => {
                push_joined(&mut run.stretches, StateInterval { interval: held, state: state_of_hold(last.outcome) });
            }
            Some(_) | None => {
                push_joined(&mut change.settled, StateInterval { interval: held, state: state_of_hold(last.outcome) });
            }
        }
        if until > stale_at {
            if let Some(run) = self.run.take() {
                settle(&mut change.settled, &run.stretches, State::Unknown);
            }
            let silence = Interval::new(stale_at, until);
            push_joined(&mut change.settled, StateInterval { interval: silence, state: State::Unknown });
        }
    }

    fn end_run_in_success(&mut self, change: &mut TrackChange) {
        let confirmed = self.down_since();
        if let Some(run) = self.run.take() {
            settle(&mut change.settled, &run.stretches, State::Up);
            change.ended_down_since = confirmed;
            change.blip = confirmed.is_none();
            self.blips += u64::from(change.blip);
        }
    }

    fn count_failure(&mut self, at: Timestamp, change: &mut TrackChange) {
        let needed = self.policy.needed();
        let run = self.run.get_or_insert_with(|| Run { since: at, failures: 0, stretches: Vec::new() });
        run.failures = run.failures.saturating_add(1);
        if run.failures == needed {
            settle(&mut change.settled, &run.stretches, State::Down);
            run.stretches.clear();
            change.confirmed_down_since = Some(run.since);
        }
    }
}

/// The latest instant from which a replay gives the same timeline after it as a replay of everything, for any result
/// inserted at or after `at`: that of the newest result not after `at` that is a success, or that follows a silence.
/// `None`: replay everything. `results` are in order of time.
///
/// The replay takes every result of that instant.
pub fn safe_cut(policy: CheckPolicy, results: &[CheckResult], at: Timestamp) -> Option<Timestamp> {
    let known = results.get(..results.partition_point(|r| r.at <= at)).unwrap_or_default();
    let place = (0..known.len()).rev().find(|index| {
        let (Some(result), before) = (known.get(*index), index.checked_sub(1).and_then(|i| known.get(i))) else {
            return false;
        };
        match result.outcome {
            CheckOutcome::Ok | CheckOutcome::Degraded => true,
            CheckOutcome::Failed | CheckOutcome::ProbeError => {
                before.is_some_and(|b| policy.stale_at(b.at) < result.at)
            }
        }
    });
    place.and_then(|i| known.get(i)).map(|r| r.at)
}

/// The state in which an outcome's hold stands; a failure's is decided by its run.
const fn state_of_hold(outcome: CheckOutcome) -> State {
    match outcome {
        CheckOutcome::Ok => State::Up,
        CheckOutcome::Degraded => State::Degraded,
        CheckOutcome::Failed => State::Down,
        CheckOutcome::ProbeError => State::Unknown,
    }
}

/// Settles the stretches of a run: its failures take `verdict`, the probe errors between them stay unknown.
fn settle(settled: &mut Vec<StateInterval>, stretches: &[StateInterval], verdict: State) {
    for stretch in stretches {
        let state = if stretch.state == State::Down { verdict } else { stretch.state };
        push_joined(settled, StateInterval { interval: stretch.interval, state });
    }
}

/// Adds a stretch at the end; joins it to the last one when both have the same state.
fn push_joined(list: &mut Vec<StateInterval>, next: StateInterval) {
    if next.interval.is_empty() {
        return;
    }
    match list.last_mut() {
        Some(last) if last.state == next.state && last.interval.to == next.interval.from => {
            last.interval.to = next.interval.to;
        }
        Some(_) | None => list.push(next),
    }
}
