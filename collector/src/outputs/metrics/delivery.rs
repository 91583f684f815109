//! Delivery by receiver: what was sent, what was not, what waits and for how long. One label, with the names of the
//! configuration as its values.

use super::{Family, counter, gauge, number, seconds, whole};
use crate::self_stats::SelfStats;
use crate::snapshot::{Snapshot, TargetQueue};
use pantau_shared::timestamp::Timestamp;

pub(super) fn delivery(snapshot: &Snapshot, stats: &SelfStats, now: Timestamp) -> Vec<Family> {
    let mut sent = counter("pantau_delivery_sent_total", "Messages that a receiver took.");
    let mut failed =
        counter("pantau_delivery_failures_total", "Tries that a receiver did not take; they are made again.");
    let mut retried = counter("pantau_delivery_retries_total", "Tries that were not the first of their message.");
    let mut refused = counter("pantau_delivery_refused_total", "Messages that a receiver refused for good.");
    let mut pending = gauge("pantau_delivery_pending", "Messages that wait for a receiver.");
    let mut oldest =
        gauge("pantau_delivery_oldest_pending_age_seconds", "Age of the oldest message that waits for a receiver.");
    let mut last = gauge("pantau_delivery_last_success_timestamp_seconds", "When a receiver last took a message.");
    for (receiver, counts) in stats.delivery.all() {
        let label = [("receiver", receiver.as_str())];
        let queue = snapshot.outbox.targets.get(&receiver).cloned().unwrap_or_else(TargetQueue::default);
        sent.set(&label, Some(number(counts.sent)));
        failed.set(&label, Some(number(counts.failed)));
        retried.set(&label, Some(number(counts.retried)));
        refused.set(&label, Some(number(counts.refused)));
        pending.set(&label, Some(number(queue.pending)));
        oldest.set(&label, queue.oldest_at.map(|at| whole(now.ms_since(at).max(0)) / 1e3));
        last.set(&label, counts.last_success_at.map(seconds));
    }
    vec![sent, failed, retried, refused, pending, oldest, last]
}
