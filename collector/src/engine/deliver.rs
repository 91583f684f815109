//! The outbox's worker: takes what is due, sends it, records the answer. It never gives up on a receiver that is away,
//! and never tells a later event of a ticket to a target before the earlier ones were taken or refused for good.

use crate::clock::Clock;
use crate::self_stats::SelfStats;
use crate::store::records::{DeliveryResult, OutboxMessage, OutboxRow};
use crate::store::{Store, StoreError};
use futures_util::future::join_all;
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// Messages of one target taken at once.
const PAGE: usize = 100;
/// How long the worker sleeps without a signal.
const IDLE: Duration = Duration::from_secs(1);
/// First and longest pause between two tries.
const BACKOFF_MS: i64 = 2_000;
const BACKOFF_MAX_MS: i64 = 300_000;

/// What a receiver said to one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// Taken.
    Taken,
    /// Not now.
    Later(String),
    /// Never.
    Refused(String),
}

/// Sends one message to its target.
pub trait Sender: Send + Sync {
    /// Sends; bounded in time by the implementation.
    fn send(&self, message: &OutboxMessage, now: Timestamp) -> impl Future<Output = Sent> + Send;
}

/// The worker; see [`Deliverer::run`].
#[derive(Debug)]
pub struct Deliverer<S> {
    /// Holds the outbox.
    pub store: Store,
    /// Tells the time.
    pub clock: Clock,
    /// Counts tries.
    pub stats: Arc<SelfStats>,
    /// Woken by new messages: [`super::Engine::outbox_signal`].
    pub signal: Arc<Notify>,
    /// Where they go.
    pub sender: S,
}

impl<S: Sender> Deliverer<S> {
    /// Runs until `stop` is true or its sender is gone.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        loop {
            match self.deliver_due().await {
                // What was taken may have held back a later message.
                Ok(taken) if taken > 0 && !*stop.borrow() => continue,
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "cannot work on the outbox");
                }
            }
            tokio::select! {
                changed = stop.changed() => if changed.is_err() || *stop.borrow() { return },
                () = self.signal.notified() => {}
                () = tokio::time::sleep(IDLE) => {}
            }
        }
    }

    /// Tries everything that is due once, all targets at the same time; how many were taken.
    ///
    /// # Errors
    /// What the store says.
    pub async fn deliver_due(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let store = self.store.clone();
        let due = tokio::task::spawn_blocking(move || store.read(|reader| reader.outbox_due(now, PAGE))).await;
        let mut targets: BTreeMap<String, Vec<OutboxRow>> = BTreeMap::new();
        for row in due.unwrap_or(Err(StoreError::Closed))? {
            targets.entry(row.message.target.clone()).or_default().push(row);
        }
        let taken = join_all(targets.into_values().map(|rows| self.deliver_to(rows))).await;
        taken.into_iter().sum()
    }

    /// Tries what is due of one target, in order. One that is away costs one time-out, not one per message.
    async fn deliver_to(&self, mut rows: Vec<OutboxRow>) -> Result<usize, StoreError> {
        rows.sort_by_key(|row| row.id);
        let mut taken = 0;
        for row in rows {
            let now = self.clock.now();
            let result = match self.sender.send(&row.message, now).await {
                Sent::Taken => DeliveryResult::Delivered,
                Sent::Refused(reason) => DeliveryResult::Rejected { reason },
                Sent::Later(reason) => DeliveryResult::RetryLater { reason, at: now.plus_ms(pause_ms(&row)) },
            };
            let away = matches!(result, DeliveryResult::RetryLater { .. });
            if result == DeliveryResult::Delivered {
                self.stats.deliveries.increment();
                taken += 1;
            } else {
                self.stats.delivery_failures.increment();
            }
            self.store.write(move |writer| writer.save_outbox_result(row.id, &result, now)).await?;
            if away {
                break;
            }
        }
        Ok(taken)
    }
}

/// Doubles with each try up to the longest; up to a quarter more, spread by the message's number so that receivers that
/// come back are not met by everything at once.
fn pause_ms(row: &OutboxRow) -> i64 {
    let doubled = BACKOFF_MS.saturating_mul(1_i64 << row.attempts.min(20));
    let pause = doubled.min(BACKOFF_MAX_MS);
    pause + pause / 4 * row.id.wrapping_mul(2_654_435_761).rem_euclid(1000) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ticket::TicketNumber;

    #[test]
    fn the_pause_doubles_up_to_its_bound() {
        let row = |attempts| OutboxRow {
            id: 7,
            message: OutboxMessage {
                ticket: TicketNumber { year: 2026, number: 1 },
                target: "t".into(),
                version: 1,
                event: "opened".into(),
                payload: String::new(),
            },
            created_at: Timestamp::from_ms(0),
            attempts,
            next_attempt_at: Timestamp::from_ms(0),
            state: "pending".into(),
            last_error: None,
        };
        for (attempts, least) in [(0, 2_000), (1, 4_000), (7, 256_000), (8, 300_000), (u32::MAX, 300_000)] {
            let pause = pause_ms(&row(attempts));
            assert!((least..=least + least / 4).contains(&pause), "{attempts}: {pause}");
        }
    }
}
