//! The outbox's worker: takes what is due, sends it, records the answer. It never gives up on a receiver that is away,
//! and never tells a later event of a ticket to a receiver before the earlier ones were taken or refused for good.
//!
//! Each receiver has a loop of its own with its own page of due messages: one that is slow delays nobody else. A kill
//! between sending and recording sends once more; senders that create something look it up first.

use crate::clock::Clock;
use crate::delivery_stats::Outcome;
use crate::self_stats::SelfStats;
use crate::shutdown::stopped;
use crate::store::records::{DeliveryResult, DueMessage, ExternalReference, OutboxRow};
use crate::store::{Store, StoreError, Writer};
use futures_util::future::join_all;
use pantau_shared::timestamp::Timestamp;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// Messages of one receiver taken at once.
const PAGE: usize = 100;
/// How long a loop sleeps without a signal.
const IDLE: Duration = Duration::from_secs(1);
/// What is on its way when the program stops has so long to arrive.
const GRACE: Duration = Duration::from_secs(5);
/// First and longest pause between two tries.
const BACKOFF_MS: i64 = 2_000;
const BACKOFF_MAX_MS: i64 = 300_000;
/// A receiver that asks for more patience than this is asked again all the same.
const AFTER_MAX_MS: i64 = 3_600_000;

/// What a receiver said to one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// Taken; what it calls the ticket, where it says so.
    Delivered(Option<ExternalReference>),
    /// Not now.
    RetryLater {
        /// Why.
        reason: String,
        /// The pause it asked for, in milliseconds.
        after_ms: Option<i64>,
    },
    /// Never; a person must look.
    Rejected(String),
}

impl Sent {
    /// Not now, without a wish for when.
    pub fn later(reason: impl Into<String>) -> Self {
        Self::RetryLater { reason: reason.into(), after_ms: None }
    }
}

/// Sends one message to its receiver.
pub trait Sender: Send + Sync {
    /// Names of all receivers; each gets a loop.
    fn targets(&self) -> Vec<String>;

    /// Sends; bounded in time by the implementation.
    fn send(&self, due: &DueMessage, now: Timestamp) -> impl Future<Output = Sent> + Send;
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
        let (news, heard) = watch::channel(());
        let loops = join_all(self.sender.targets().into_iter().map(|target| {
            let (heard, stop) = (heard.clone(), stop.clone());
            let this = &self;
            async move { this.run_target(&target, heard, stop).await }
        }));
        let relay = async {
            loop {
                tokio::select! {
                    changed = stop.changed() => if changed.is_err() || *stop.borrow() { return },
                    () = self.signal.notified() => news.send_replace(()),
                }
            }
        };
        tokio::join!(loops, relay);
    }

    /// Begins to count a receiver; where the store does not tell when it last took something, that is not known.
    async fn begin(&self, target: &str) {
        self.stats.delivery.begin(target, None);
        let (store, name) = (self.store.clone(), target.to_owned());
        let read = move || store.read(|reader| reader.outbox_last_words(&name));
        if let Ok(Ok((taken_at, _))) = tokio::task::spawn_blocking(read).await {
            self.stats.delivery.begin(target, taken_at);
        }
    }

    async fn run_target(&self, target: &str, mut heard: watch::Receiver<()>, mut stop: watch::Receiver<bool>) {
        self.begin(target).await;
        loop {
            let mut told = stop.clone();
            // What is cut off here is as after a kill: sent again, and looked up first where something is created.
            let late = async {
                stopped(&mut told).await;
                tokio::time::sleep(GRACE).await;
            };
            let delivered = tokio::select! {
                delivered = self.deliver_to(target) => delivered,
                () = late => return,
            };
            match delivered {
                // What was taken may have held back a later message.
                Ok(taken) if taken > 0 && !*stop.borrow() => continue,
                Ok(_) => {}
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(target_name = target, error, "cannot work on the outbox");
                }
            }
            tokio::select! {
                changed = stop.changed() => if changed.is_err() || *stop.borrow() { return },
                changed = heard.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(IDLE) => {}
            }
        }
    }

    /// Tries everything of one receiver that is due once, in order; how many were taken. One that is away costs one
    /// time-out, not one per message.
    ///
    /// # Errors
    /// What the store says.
    pub async fn deliver_to(&self, target: &str) -> Result<usize, StoreError> {
        let (store, name, now) = (self.store.clone(), target.to_owned(), self.clock.now());
        let read = move || {
            store.read(|reader| Ok((reader.outbox_due(&name, now, PAGE)?, reader.notices_due(&name, now, PAGE)?)))
        };
        let (tickets, notices) = tokio::task::spawn_blocking(read).await.unwrap_or(Err(StoreError::Closed))?;
        let all = in_order(tickets).into_iter().map(|due| (due, false));
        let mut taken = 0;
        for (due, is_notice) in all.chain(notices.into_iter().map(|due| (due, true))) {
            let now = self.clock.now();
            let result = self.attempt(&due, now).await;
            let away = matches!(result, DeliveryResult::RetryLater { .. });
            taken += usize::from(matches!(result, DeliveryResult::Delivered { .. }));
            if let (DeliveryResult::Rejected { reason }, true) = (&result, is_notice) {
                tracing::warn!(receiver = target, reason, "a notice was refused");
            }
            let id = due.row.id;
            let save = move |writer: &mut Writer| match is_notice {
                true => writer.save_notice_result(id, &result, now),
                false => writer.save_outbox_result(id, &result, now),
            };
            self.store.write(save).await?;
            if away {
                break;
            }
        }
        Ok(taken)
    }

    /// Sends one message once, and counts it.
    async fn attempt(&self, due: &DueMessage, now: Timestamp) -> DeliveryResult {
        let result = match self.sender.send(due, now).await {
            Sent::Delivered(reference) => DeliveryResult::Delivered { reference },
            Sent::Rejected(reason) => DeliveryResult::Rejected { reason },
            Sent::RetryLater { reason, after_ms } => {
                let pause = pause_ms(&due.row).max(after_ms.unwrap_or(0).min(AFTER_MAX_MS));
                DeliveryResult::RetryLater { reason, at: now.plus_ms(pause) }
            }
        };
        let outcome = match &result {
            DeliveryResult::Delivered { .. } => Outcome::Sent,
            DeliveryResult::RetryLater { .. } => Outcome::Failed,
            DeliveryResult::Rejected { .. } => Outcome::Refused,
        };
        match outcome {
            Outcome::Sent => self.stats.deliveries.increment(),
            Outcome::Failed | Outcome::Refused => self.stats.delivery_failures.increment(),
        }
        self.stats.delivery.note(&due.row.message.target, outcome, due.row.attempts > 0, now);
        result
    }
}

fn in_order(mut due: Vec<DueMessage>) -> Vec<DueMessage> {
    due.sort_by_key(|due| due.row.id);
    due
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
    use crate::store::records::OutboxMessage;

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
                not_before: None,
            },
            created_at: Timestamp::from_ms(0),
            attempts,
            next_attempt_at: Timestamp::from_ms(0),
            state: "pending".into(),
            last_error: None,
            checked_by: None,
        };
        for (attempts, least) in [(0, 2_000), (1, 4_000), (7, 256_000), (8, 300_000), (u32::MAX, 300_000)] {
            let pause = pause_ms(&row(attempts));
            assert!((least..=least + least / 4).contains(&pause), "{attempts}: {pause}");
        }
    }
}
