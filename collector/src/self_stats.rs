//! The collector's own counters: what it received, refused, dropped, delivered. Monotonic since start.

use crate::clock_board::ClockBoard;
use crate::delivery_stats::DeliveryStats;
use crate::domain::rule::Rule;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts up; never down, but for the few that tell a state.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn increment(&self) {
        self.add(1);
    }

    /// `n` more.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// Replaces the value, for the few that are a state.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Value now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A counter for each rule.
#[derive(Debug, Default)]
pub struct RuleCounters([Counter; Rule::COUNT]);

impl RuleCounters {
    /// `n` more of a rule.
    pub fn add(&self, rule: Rule, n: u64) {
        if let Some(counter) = self.0.get(rule.place()) {
            counter.add(n);
        }
    }

    /// Value now.
    pub fn get(&self, rule: Rule) -> u64 {
        self.0.get(rule.place()).map_or(0, Counter::get)
    }
}

/// Everything the collector counts of itself.
#[derive(Debug, Default)]
pub struct SelfStats {
    /// Batches accepted.
    pub batches_accepted: Counter,
    /// Batches refused: too large.
    pub batches_too_large: Counter,
    /// Batches refused: not decodable, out of order, bad stream, too many.
    pub batches_malformed: Counter,
    /// Batches refused: a newer protocol.
    pub batches_newer_protocol: Counter,
    /// Batches refused: unknown or revoked host, or a signature or code that does not fit.
    pub batches_unauthenticated: Counter,
    /// Batches of a session that is not known here, as after a restart; their agents send them again, signed.
    pub batches_session_unknown: Counter,
    /// Sessions opened by signed batches.
    pub sessions_opened: Counter,
    /// Batches that the store could not take; the agent still has them.
    pub batches_not_stored: Counter,
    /// Batches that found no room to be received; the agent still has them.
    pub batches_busy: Counter,
    /// Batches that went back to an earlier boot id, or a start with another machine id: likely a cloned machine.
    pub hosts_cloned: Counter,
    /// Connections closed because there were too many.
    pub connections_refused: Counter,
    /// Connections to the broker of `[broker]`.
    pub broker_connections: Counter,
    /// Whether it is connected now: 1, else 0.
    pub broker_connected: Counter,
    /// Answers that found no room on their way to the broker; the agent sends again.
    pub broker_answers_dropped: Counter,
    /// Hosts that joined.
    pub hosts_joined: Counter,
    /// Requests to join that were refused.
    pub joins_refused: Counter,
    /// Observations stored.
    pub observations_stored: Counter,
    /// Observations seen before.
    pub observations_duplicate: Counter,
    /// Observations of a kind not known here.
    pub observations_unknown_kind: Counter,
    /// Engine activations.
    pub evaluations: Counter,
    /// Engine activations that failed.
    pub evaluation_failures: Counter,
    /// Services replayed from their stored answers because some came late.
    pub late_replays: Counter,
    /// Months of services whose closed days were counted and kept.
    pub months_filled: Counter,
    /// Months whose counted days could not be read back.
    pub months_damaged: Counter,
    /// Messages taken by a receiver.
    pub deliveries: Counter,
    /// Tries that a receiver did not take.
    pub delivery_failures: Counter,
    /// The same by receiver, for those of the configuration.
    pub delivery: DeliveryStats,
    /// Looks at a help desk that failed.
    pub follow_failures: Counter,
    /// Alerts of other programs that were taken.
    pub alerts_taken: Counter,
    /// Messages about alerts that were not such messages.
    pub alerts_malformed: Counter,
    /// Messages about alerts that could not be kept; their sender tries again.
    pub alerts_refused: Counter,
    /// How far the clocks of hosts are off.
    pub clocks: ClockBoard,
    /// Conditions that were folded into the ticket of their rule.
    pub tickets_folded: RuleCounters,
    /// Logins refused.
    pub logins_refused: Counter,
}
