//! A vantage that is cut off sees nothing: what it reports as failed is its own blindness.
//!
//! Witnesses are checks of things that have nothing to do with the services (the own gateway, a name server, a well known
//! host), asked by the same vantage. While all of them fail, confirmed as every check is, the vantage is *isolated*.
//!
//! ```text
//! witness 1   o . . . . f f f f f f f o          o success   f failure
//! witness 2   . . o . . . . f f f f f f . . o
//! isolated          ├──────────────────┤ from after the newest success of any of them to the first one that follows
//! service     . . o . f f . f . f . f . f f      the failures inside count as a probe's own fault: unknown
//! ```
//!
//! The begin reaches back to the last success because a service's failure may come seconds before a witness is asked: from
//! that success on nobody saw the network. Over a silence it does not reach back: there it begins with the first failure.
//! An asking that overlaps the isolation belongs to it: answers are dated to their end, and one that was begun in the dark
//! may end in the light. A witness that is silent or cannot ask does not testify, and then nothing is excused. Checks that
//! use no network are never excused. Knows neither services nor tickets.

use crate::domain::interval::{Interval, IntervalSet};
use crate::domain::state::{CheckOutcome, CheckPolicy, CheckResult, OutOfOrder, VantageTrack};
use pantau_shared::assignment::CheckKind;
use pantau_shared::assignment::kinds::Endpoint;
use pantau_shared::timestamp::Timestamp;

/// Witnesses of one vantage at most: bounds what an answer costs.
pub const WITNESSES_MAX: usize = 8;
/// Isolation that lasts so long is a loss of monitoring, in seconds (engines B.2: *unknown* for 15 minutes).
pub const LOSS_AFTER_S: i64 = 900;

/// A confirmed run of failures of one witness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    /// Just after the last success before it, where that still held at the first failure; else the first failure.
    reach: Timestamp,
    /// The first failure.
    since: Timestamp,
    /// The success that ended it, or until when its newest answer holds.
    to: Timestamp,
}

/// What one witness of one vantage has testified. Two that were fed the same are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessTrack {
    track: VantageTrack,
    policy: CheckPolicy,
    good_at: Option<Timestamp>,
    /// Where the present run of failures reaches back to.
    reach: Option<Timestamp>,
    runs: Vec<Run>,
}

impl WitnessTrack {
    /// One that has said nothing.
    pub const fn new(policy: CheckPolicy) -> Self {
        Self { track: VantageTrack::new(policy), policy, good_at: None, reach: None, runs: Vec::new() }
    }

    /// Takes the next answer.
    ///
    /// # Errors
    /// [`OutOfOrder`] when it is not newer than the last one: it is to be made anew from all answers.
    pub fn feed(&mut self, result: CheckResult) -> Result<(), OutOfOrder> {
        if let Some(last) = self.track.last().filter(|last| result.at <= last.at) {
            return Err(OutOfOrder { at: result.at, last: last.at });
        }
        let ended = self.track.feed(result)?.ended_down_since.is_some();
        match result.outcome {
            CheckOutcome::Ok | CheckOutcome::Degraded => {
                if let Some(run) = self.runs.last_mut().filter(|_| ended) {
                    run.to = result.at;
                }
                self.good_at = Some(result.at);
            }
            CheckOutcome::Failed if self.track.failures() == 1 => {
                let held = self.good_at.filter(|good| result.at <= self.policy.stale_at(*good));
                self.reach = Some(held.map_or(result.at, |good| good.plus_ms(1)));
            }
            CheckOutcome::Failed | CheckOutcome::ProbeError => {}
        }
        if let Some(since) = self.track.down_since() {
            let run = Run { reach: self.reach.unwrap_or(since), since, to: self.policy.stale_at(result.at) };
            match self.runs.last_mut().filter(|last| last.since == since) {
                Some(last) => *last = run,
                None => self.runs.push(run),
            }
        }
        Ok(())
    }

    /// Its newest success.
    pub const fn good_at(&self) -> Option<Timestamp> {
        self.good_at
    }

    /// Its newest answer.
    pub const fn last(&self) -> Option<CheckResult> {
        self.track.last()
    }

    /// Since when it has failed, confirmed, if its newest run of failures goes on.
    pub fn down_since(&self) -> Option<Timestamp> {
        self.track.down_since()
    }

    /// Drops the runs that ended before `at`.
    pub fn forget_before(&mut self, at: Timestamp) {
        self.runs.retain(|run| run.to > at);
    }

    fn runs(&self, from: impl Fn(&Run) -> Timestamp) -> IntervalSet {
        self.runs.iter().map(|run| Interval::new(from(run), run.to)).collect()
    }
}

/// When the vantage of `witnesses` was isolated, as far as they tell; without witnesses never. The end of an isolation that
/// goes on is the instant at which the first of the newest answers no longer holds.
pub fn isolated<'a>(witnesses: impl IntoIterator<Item = &'a WitnessTrack>) -> IntervalSet {
    let mut both: Option<(IntervalSet, IntervalSet)> = None;
    for witness in witnesses {
        let (core, reach) = (witness.runs(|run| run.since), witness.runs(|run| run.reach));
        both = Some(match both {
            Some((cores, reaches)) => (cores.intersection(&core), reaches.intersection(&reach)),
            None => (core, reach),
        });
    }
    // Only where all failed at one instant: runs that merely reach into each other prove nothing.
    let (cores, reaches) = both.unwrap_or_default();
    reaches.iter().filter(|reach| cores.iter().any(|core| core.overlaps(**reach))).copied().collect()
}

/// An answer of a network check as it counts: a failure whose asking, `asked_ms` long and ended at `result.at`, overlaps
/// `isolated` is a fault of the probe.
pub fn apply(isolated: &IntervalSet, asked_ms: i64, result: CheckResult) -> CheckResult {
    match result.outcome {
        CheckOutcome::Failed if overlaps(isolated, asked_ms, result.at) => {
            CheckResult { outcome: CheckOutcome::ProbeError, ..result }
        }
        CheckOutcome::Failed | CheckOutcome::Ok | CheckOutcome::Degraded | CheckOutcome::ProbeError => result,
    }
}

/// Whether an asking of `asked_ms` that ended at `at` overlaps `isolated`.
pub fn overlaps(isolated: &IntervalSet, asked_ms: i64, at: Timestamp) -> bool {
    let asked = Interval::new(at.plus_ms(-asked_ms.max(0)), at.plus_ms(1));
    let next = isolated.as_slice().get(isolated.as_slice().partition_point(|interval| interval.to <= asked.from));
    next.is_some_and(|interval| interval.overlaps(asked))
}

/// The first instant at which two accounts of a vantage differ.
pub fn differ_from(before: &IntervalSet, after: &IntervalSet) -> Option<Timestamp> {
    let first = |set: IntervalSet| set.iter().next().map(|interval| interval.from);
    first(before.difference(after)).into_iter().chain(first(after.difference(before))).min()
}

/// Whether a check needs the network of who asks it: not what looks at the asking host itself.
pub fn needs_network(kind: &CheckKind) -> bool {
    let place = match kind {
        CheckKind::Exec(_) | CheckKind::Process(_) | CheckKind::Unit(_) => return false,
        CheckKind::Http(check) => authority(&check.url),
        CheckKind::Tcp(check) => &check.host,
        CheckKind::Icmp(check) => &check.host,
        CheckKind::Dns(check) => check.server.split(':').next().unwrap_or_default(),
        CheckKind::Ntp(check) => &check.host,
        CheckKind::Tls(check) => host(check.endpoint.as_ref()),
        CheckKind::Smtp(check) | CheckKind::Imap(check) => host(check.endpoint.as_ref()),
        CheckKind::Ssh(check) => host(check.endpoint.as_ref()),
        CheckKind::Postgres(check) | CheckKind::Mysql(check) | CheckKind::Redis(check) => host(check.endpoint.as_ref()),
        CheckKind::Mqtt(check) => host(check.endpoint.as_ref()),
    };
    !is_loopback(place)
}

fn host(endpoint: Option<&Endpoint>) -> &str {
    endpoint.map_or("", |endpoint| endpoint.host.as_str())
}

/// The host of an address, without port, user and brackets.
fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let whole = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let place = whole.rsplit('@').next().unwrap_or_default();
    match place.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or_default(),
        None => place.split(':').next().unwrap_or_default(),
    }
}

/// What never leaves the asking host: a socket's path, `localhost`, the loopback networks.
fn is_loopback(place: &str) -> bool {
    let address = place.trim_start_matches('[').trim_end_matches(']');
    place.starts_with('/') || address == "localhost" || address == "::1" || address.starts_with("127.")
}

#[cfg(test)]
mod tests;
