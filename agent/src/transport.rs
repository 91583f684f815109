//! Carries what is in the spool to the collector: the only way out, and it reads from nowhere else.
//!
//! One batch is under way at a time. The reply acknowledges (the spool forgets) and may bring a new assignment. What
//! went wrong decides what comes next; the table is [`evaluate_reply`]:
//!
//! | reply | then |
//! |---|---|
//! | 2xx with an acknowledgement | forget, send on until the spool is empty |
//! | 401 to a batch in a session | the same batch at once, signed (`wire::session`) |
//! | 401, 403, 404, 409, 426 and other 4xx | wait long; nothing is lost; a person has to act |
//! | 413, 400, 422 on several observations | halve the batch |
//! | 413, 400, 422 on one observation | ask with an empty batch whether the collector takes anything of us; if it does, give the observation up as a gap, else wait long |
//! | 5xx, 408, 429, no reply | wait a little, doubling |
//!
//! Whether it goes over HTTPS or through a broker is the road's affair ([`road`]); all of the above is the same.
//!
//! Live data goes out after every sample, and at once when a check's verdict changes. A backlog goes in full batches,
//! oldest first, with a short pause after each, so that a fleet coming back does not crowd out live data of others. As soon
//! as the collector answers and more than [`BEHIND`] observations wait, what is observed from then on goes into the
//! spool's other lane, which is sent first: the present is shown within a period, while the past fills in behind it.

pub(crate) mod backoff;
pub(crate) mod broker;
pub(crate) mod client;
pub(crate) mod road;

use crate::identity::{Identity, render_refusal};
use crate::spool::Stored;
use crate::spool::lanes::{Lane, Waiting};
use crate::state::State;
use backoff::{Failure, delay_ms};
use bytes::Bytes;
use client::Reply;
use http::StatusCode;
use pantau_shared::envelope::{Acknowledgement, Batch, Observation, ObservationBody};
use pantau_shared::limits::{BATCH_FILL_BYTES_MAX, BATCH_OBSERVATIONS_MAX};
use pantau_shared::wire::session::AgentSession;
use prost::Message;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::Ed25519KeyPair;
use road::Road;
use std::sync::Arc;
use tokio::sync::watch;

/// Pause between two batches of a backlog, in milliseconds.
const BACKLOG_PAUSE_MS: u64 = 20;

/// Observations that may wait after a batch was acknowledged before they are called a backlog: a batch of them.
const BEHIND: u64 = BATCH_OBSERVATIONS_MAX as u64;

/// Longest wait without a sign of life to the watchdog, in milliseconds.
const BEAT_MS: u64 = 5_000;

/// What a reply means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// The collector took the batch.
    Taken,
    /// Something in the batch, or its size, is not acceptable.
    Unacceptable,
    /// The collector does not want this host or program.
    Refused,
    /// It may work later.
    Later,
}

/// The table of the module's head. Pure.
fn evaluate_reply(status: StatusCode) -> Meaning {
    match status.as_u16() {
        200..=299 => Meaning::Taken,
        400 | 413 | 422 => Meaning::Unacceptable,
        408 | 429 => Meaning::Later,
        401..=499 => Meaning::Refused,
        _ => Meaning::Later,
    }
}

/// What the loop does next.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// Wait until there is something to send.
    Idle,
    /// Go on after a pause of this many milliseconds.
    After(u64),
}

/// Runs until `shutdown` turns true.
pub(crate) async fn run(
    state: Arc<State>,
    identity: Identity,
    key: Ed25519KeyPair,
    road: Road,
    mut shutdown: watch::Receiver<bool>,
) {
    let session = AgentSession::new(identity.host.clone());
    let count_max = BATCH_OBSERVATIONS_MAX;
    let (failures, suspicious, held) = (0, false, None);
    let mut sender = Sender { state, identity, key, session, road, count_max, failures, suspicious, held };
    loop {
        let pause_ms = match sender.send_batch().await {
            Next::Idle => None,
            Next::After(ms) => Some(ms),
        };
        let until_ms = pause_ms.map(|ms| sender.state.clock.boot_ms() + ms);
        if sender.wait(until_ms, &mut shutdown).await {
            return;
        }
    }
}

struct Sender {
    state: Arc<State>,
    identity: Identity,
    key: Ed25519KeyPair,
    session: AgentSession,
    road: Road,
    /// Most observations in the next batch; halved when the collector finds a batch unacceptable.
    count_max: usize,
    failures: u32,
    /// A single observation was unacceptable: an empty batch will tell whether it is its own fault.
    suspicious: bool,
    /// The lane whose batch was unacceptable: it is asked until that is settled, so that nothing else is given up.
    held: Option<Lane>,
}

impl Sender {
    /// Waits until a time since boot, or until there is something to send; true at shutdown.
    async fn wait(&self, until_ms: Option<u64>, shutdown: &mut watch::Receiver<bool>) -> bool {
        loop {
            let now_ms = self.state.clock.boot_ms();
            self.state.liveness.beat_transport(now_ms);
            if *shutdown.borrow() {
                return true;
            }
            if until_ms.is_some_and(|until_ms| now_ms >= until_ms) {
                return false;
            }
            let wake_ms = until_ms.unwrap_or(u64::MAX).min(now_ms + BEAT_MS);
            tokio::select! {
                () = self.state.clock.sleep_until(wake_ms) => {}
                () = self.state.wake.notified(), if until_ms.is_none() => return false,
                changed = shutdown.changed() => {
                    // The other end is gone: nobody can ever ask for an end more clearly.
                    if changed.is_err() {
                        return true;
                    }
                }
            }
        }
    }

    /// Sends one batch and says what comes next.
    async fn send_batch(&mut self) -> Next {
        let count_max = if self.suspicious { 0 } else { self.count_max };
        let waiting = self.state.peek(self.held, count_max.max(1), BATCH_FILL_BYTES_MAX).await;
        if waiting.stored.is_empty() {
            self.suspicious = false;
            // What was held to may have been dropped meanwhile; the other lane may still hold something.
            return self.held.take().map_or(Next::Idle, |_| Next::After(0));
        }
        let sent = if self.suspicious { 0 } else { waiting.stored.len() };
        let sealed = self.session.seal(self.batch(&waiting, sent), &self.key, self.state.clock.boot_ms());
        match self.road.exchange(Bytes::from(sealed.bytes)).await {
            Ok(reply) if sealed.in_session && reply.status == StatusCode::UNAUTHORIZED => {
                tracing::debug!(message = render_refusal(&reply.body), "session ended by the collector: signing again");
                self.session.refused(self.state.clock.boot_ms());
                Next::After(0)
            }
            Ok(reply) => self.take_reply(&reply, &waiting, sent, sealed.in_session),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                if self.failures == 0 {
                    tracing::warn!(error, "cannot send to the collector: observations wait in the spool");
                } else {
                    tracing::debug!(error, failures = self.failures, "still cannot send to the collector");
                }
                self.wait_after(Failure::Ordinary)
            }
        }
    }

    /// The first `sent` of what waits.
    fn batch(&self, waiting: &Waiting, sent: usize) -> Batch {
        let now = self.state.moment();
        let observation = |stored: &Stored| Observation {
            seq: stored.seq,
            at_ms: stored.wall.as_ms(),
            age_ms: stored.boot_ms.map(|boot_ms| now.boot_ms.saturating_sub(boot_ms)),
            body: Some(stored.body.clone()),
        };
        Batch {
            boot_id: self.state.boot_id.clone(),
            stream: waiting.stream.to_vec(),
            sent_at_ms: now.wall.as_ms(),
            assignment_revision: self.state.assignment().revision,
            observations: waiting.stored.iter().take(sent).map(observation).collect(),
            session_offer: Vec::new(),
        }
    }

    fn take_reply(&mut self, reply: &Reply, waiting: &Waiting, sent: usize, in_session: bool) -> Next {
        match evaluate_reply(reply.status) {
            Meaning::Taken => match Acknowledgement::decode(reply.body.clone()) {
                Ok(acknowledgement) => {
                    let now_ms = self.state.clock.boot_ms();
                    self.session.acknowledged(in_session, acknowledgement.session.as_ref(), now_ms);
                    self.take_acknowledgement(acknowledgement, waiting, sent)
                }
                Err(error) => {
                    tracing::warn!(%error, "the collector's acknowledgement cannot be understood");
                    self.wait_after(Failure::Ordinary)
                }
            },
            Meaning::Unacceptable if self.suspicious => self.refused(reply),
            Meaning::Unacceptable if sent > 1 => {
                self.state.stats.send_failures.add(1);
                self.count_max = (sent / 2).max(1);
                self.held = Some(waiting.lane);
                Next::After(0)
            }
            Meaning::Unacceptable => {
                self.state.stats.send_failures.add(1);
                tracing::warn!(status = %reply.status, message = render_refusal(&reply.body), "observation refused");
                (self.suspicious, self.held) = (true, Some(waiting.lane));
                Next::After(0)
            }
            Meaning::Refused => self.refused(reply),
            Meaning::Later => {
                let message = render_refusal(&reply.body);
                if self.failures == 0 {
                    tracing::warn!(status = %reply.status, message, "the collector is not ready");
                } else {
                    tracing::debug!(status = %reply.status, message, self.failures, "the collector is still not ready");
                }
                self.wait_after(Failure::Ordinary)
            }
        }
    }

    fn refused(&mut self, reply: &Reply) -> Next {
        tracing::error!(
            status = %reply.status,
            message = render_refusal(&reply.body),
            host = %self.identity.host,
            collector = self.identity.collector_url,
            "the collector refuses this host; if it was revoked or replaced, join again with a new token"
        );
        self.suspicious = false;
        self.wait_after(Failure::Refused)
    }

    fn wait_after(&mut self, failure: Failure) -> Next {
        self.state.stats.send_failures.add(1);
        self.failures = self.failures.saturating_add(1);
        Next::After(delay_ms(failure, self.failures, random()))
    }

    fn take_acknowledgement(&mut self, acknowledgement: Acknowledgement, waiting: &Waiting, sent: usize) -> Next {
        let stats = &self.state.stats;
        stats.sends.add(1);
        stats.sent_observations.add(sent as u64);
        stats.last_ack_ms.set(u64::try_from(self.state.clock.now().as_ms()).unwrap_or(0));
        if std::mem::take(&mut self.failures) > 0 {
            tracing::info!(waiting = self.state.spool_stats().records, "the collector is back");
        }
        if let Some(assignment) = acknowledgement.assignment {
            self.state.assign(assignment);
        }
        if std::mem::take(&mut self.suspicious) {
            self.give_up(waiting);
            self.held = None;
            return Next::After(0);
        }
        self.held = None;
        let stored = &waiting.stored;
        let first_seq = stored.first().map_or(0, |stored| stored.seq);
        // Never beyond what was sent: a confused collector must not make us forget what it has not seen.
        let last_seq = stored.last().map_or(0, |stored| stored.seq);
        self.state.spool().ack(waiting.lane, acknowledgement.acknowledged_seq.min(last_seq));
        if acknowledgement.acknowledged_seq < first_seq {
            tracing::warn!(first_seq, acknowledged_seq = acknowledgement.acknowledged_seq, "nothing was acknowledged");
            return self.wait_after(Failure::Ordinary);
        }
        self.count_max = (self.count_max * 2).min(BATCH_OBSERVATIONS_MAX);
        if self.state.spool().turn(BEHIND) {
            tracing::info!(waiting = self.state.spool_stats().records, "catching up: what is new goes first");
        }
        // A backlog gives way to others for a moment after each batch.
        if self.state.spool_stats().records > 0 { Next::After(BACKLOG_PAUSE_MS) } else { Next::Idle }
    }

    /// The collector takes batches of ours but not this observation.
    fn give_up(&mut self, waiting: &Waiting) {
        let Some(first) = waiting.stored.first() else {
            return;
        };
        self.state.stats.rejected_observations.add(1);
        tracing::error!(seq = first.seq, "observation given up: the collector does not take it");
        match first.body {
            // Not even the gap is taken: there is nothing smaller to offer.
            ObservationBody::Gap(_) => self.state.spool().ack(waiting.lane, first.seq),
            ObservationBody::Backup(_)
            | ObservationBody::Probe(_)
            | ObservationBody::Sample(_)
            | ObservationBody::Started(_) => self.state.spool().reject(waiting.lane, first.seq, first.wall),
        }
    }
}

fn random() -> u64 {
    let mut bytes = [0; 8];
    // Without randomness the delay is merely not spread.
    if SystemRandom::new().fill(&mut bytes).is_err() {
        return 0;
    }
    u64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_mean_what_the_table_says() {
        let meaning = |status| evaluate_reply(StatusCode::from_u16(status).expect("status"));
        for status in [200, 202] {
            assert_eq!(meaning(status), Meaning::Taken);
        }
        for status in [400, 413, 422] {
            assert_eq!(meaning(status), Meaning::Unacceptable);
        }
        for status in [401, 403, 404, 409, 426] {
            assert_eq!(meaning(status), Meaning::Refused);
        }
        for status in [302, 408, 429, 500, 503] {
            assert_eq!(meaning(status), Meaning::Later);
        }
    }
}
