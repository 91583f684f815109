//! Batches in: `POST /api/v1/ingest` for agents' observations, or through a broker ([`broker`]); `POST /api/v1/join` for
//! their keys.
//!
//! ```text
//! room for its bytes? ─► body, capped ─► outer layer ─► host's key ─► signature or code ─► times corrected
//!      503 busy            413, 408         400, 426     401, 403       401, 400                │
//!                          503 store_full      acknowledgement ◄─ session, if offered ◄─ commit ◄───┘ 503
//! ```
//!
//! The acknowledgement leaves after the commit, never before. A batch is one request to the store: one that fails
//! takes nothing of a neighbour with it. Every refusal has a counter, a code and a text that names the remedy.
//!
//! | bound | value | beyond it |
//! |---|---|---|
//! | bytes of one batch | `BATCH_BYTES_MAX` | 413 |
//! | bytes of all batches being received or waiting for the store | [`BYTES_IN_FLIGHT_MAX`] | wait [`ROOM_TIME_MAX`], then 503 |
//! | time for a body | [`BODY_TIME_MAX`] | 408 |
//! | bytes of a join request | [`JOIN_BYTES_MAX`] | 413 |
//! | join requests | see [`join`] | 429 |
//!
//! Does not know what an observation means.

mod assignments;
mod auth;
pub mod broker;
mod clones;
pub mod front;
pub mod join;
mod refusal;
pub mod replies;
mod sessions;

use crate::clock::Clock;
use crate::domain::catalogue::Catalogue;
use crate::domain::clock_skew::{self, Stamps};
use crate::self_stats::SelfStats;
use crate::store::Store;
use crate::store::records::{AcceptedBatch, ReceivedBatch};
use assignments::Assignments;
use auth::{Key, Keys};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use clones::Clones;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use join::JoinLimit;
use pantau_shared::envelope::{Acknowledgement, Batch, ObservationBody};
use pantau_shared::ids::HostId;
use pantau_shared::join::COLLECTOR_KEY_PATH;
use pantau_shared::limits::{BATCH_BYTES_MAX, cut_text};
use pantau_shared::timestamp::Timestamp;
use pantau_shared::wire::{self, WireError, session};
use prost::Message;
pub use refusal::Refusal;
use replies::ReplyKey;
use sessions::Sessions;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Bytes of all batches being received or waiting for the store: 64 full ones, tens of thousands of live ones.
pub const BYTES_IN_FLIGHT_MAX: usize = 64 * BATCH_BYTES_MAX;

/// How long a batch waits for room.
pub const ROOM_TIME_MAX: Duration = Duration::from_secs(5);

/// How long a body may take.
pub const BODY_TIME_MAX: Duration = Duration::from_secs(30);

/// Largest join request, in bytes.
pub const JOIN_BYTES_MAX: usize = 4 * 1024;

/// Where batches are posted.
pub const INGEST_PATH: &str = "/api/v1/ingest";

/// Room is given out in pieces of this many bytes.
const PIECE_BYTES: usize = 1024;

/// What ingest is made of.
pub struct IngestOptions {
    /// Keeps the observations.
    pub store: Store,
    /// Tells the receipt.
    pub clock: Clock,
    /// Counts.
    pub stats: Arc<SelfStats>,
    /// Signs answers that pass a broker.
    pub reply_key: ReplyKey,
    /// The catalogue in force, from which assignments are made. Called per batch: cheap.
    pub catalogue: Box<dyn Fn() -> Arc<Catalogue> + Send + Sync>,
    /// New facts are committed. Never waits.
    pub nudge: Box<dyn Fn() + Send + Sync>,
}

impl std::fmt::Debug for IngestOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IngestOptions").field("store", &self.store).finish_non_exhaustive()
    }
}

/// Ingest with its memory: keys, sessions, assignments, boot ids.
pub struct Ingest {
    store: Store,
    clock: Clock,
    stats: Arc<SelfStats>,
    reply_key: ReplyKey,
    nudge: Box<dyn Fn() + Send + Sync>,
    assignments: Assignments,
    keys: Keys,
    sessions: Sessions,
    clones: Clones,
    joins: JoinLimit,
    room: Semaphore,
}

impl std::fmt::Debug for Ingest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ingest").field("store", &self.store).finish_non_exhaustive()
    }
}

impl Ingest {
    /// Ready to receive.
    pub fn new(options: IngestOptions) -> Arc<Self> {
        let IngestOptions { store, clock, stats, reply_key, catalogue, nudge } = options;
        Arc::new(Self {
            keys: Keys::new(store.clone()),
            sessions: Sessions::new(),
            store,
            clock,
            stats,
            reply_key,
            nudge,
            assignments: Assignments::new(catalogue),
            clones: Clones::default(),
            joins: JoinLimit::default(),
            room: Semaphore::new(BYTES_IN_FLIGHT_MAX / PIECE_BYTES),
        })
    }

    /// Its routes.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route(INGEST_PATH, post(receive))
            .route("/api/v1/join", post(join::receive))
            .route(COLLECTOR_KEY_PATH, get(replies::tell_key))
            .with_state(self.clone())
    }

    /// Takes one batch, from whatever road it came: verified, committed, then the reply.
    ///
    /// # Errors
    /// A [`Refusal`]; whoever sent it still has the batch.
    pub async fn take(&self, bytes: &[u8]) -> Result<Acknowledgement, Refusal> {
        self.store.admit_facts().map_err(Refusal::of_store)?;
        let received_at = self.clock.now();
        let Opened { host, key, mut batch, signed } = self.open(bytes, received_at).await?;
        self.clones.look(&host, &batch.boot_id, &self.stats);
        let revision = batch.assignment_revision;
        let offer = std::mem::take(&mut batch.session_offer);
        self.stats.clocks.note(&host, Timestamp::from_ms(batch.sent_at_ms), received_at);
        let received = received_batch(host.clone(), batch, received_at);
        let machine = machine_of(&received);
        // It may be revoked between the look at its key and the commit: then the store refuses it.
        let accepted = self.store.accept(received).await.map_err(Refusal::of_store)?;
        self.count(&accepted);
        if let Some(machine) = machine {
            self.clones.look_at_machine(&host, &machine, self.keys.machine_of(&host).as_deref(), &self.stats);
        }
        if accepted.stored > 0 {
            (self.nudge)();
        }
        let assignment = self.assignments.of(&host);
        let changed = assignment.revision != revision;
        let wants_session = signed && !offer.is_empty();
        Ok(Acknowledgement {
            acknowledged_seq: accepted.acknowledged_seq,
            received_at_ms: received_at.as_ms(),
            assignment: changed.then(|| (*assignment).clone()),
            session: wants_session.then(|| self.sessions.open(&host, &offer, &key, received_at, &self.stats)).flatten(),
        })
    }

    /// Verifies the signature under the host's key, or the code under a session that a signature opened.
    async fn open(&self, bytes: &[u8], now: Timestamp) -> Result<Opened, Refusal> {
        let (host, outer) = wire::parse_signed(bytes).map_err(Refusal::of_wire)?;
        let key = match self.keys.of(&host).await {
            Ok(key) => key,
            Err(refusal) => {
                self.sessions.forget(&host);
                return Err(refusal);
            }
        };
        let signed = outer.session.is_empty();
        let batch = if signed {
            wire::open(&host, &outer, &key.public_key)
        } else {
            match self.sessions.find(&host, &outer.session, &key, now) {
                Some(session) => session::open_in_session(&host, &outer, &session),
                None => Err(WireError::SessionUnknown { host: host.clone() }),
            }
        };
        Ok(Opened { batch: batch.map_err(Refusal::of_wire)?, host, key, signed })
    }

    /// Receives a posted batch: room, body, [`Ingest::take`], and what is answered.
    pub(crate) async fn respond<B>(&self, headers: &HeaderMap, body: B) -> Response
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let taken = async {
            let _room = self.room_for(declared(headers)?).await?;
            let bytes = read_body(body, BATCH_BYTES_MAX).await?;
            self.take(&bytes).await
        };
        match taken.await {
            Ok(acknowledgement) => {
                let mut response = Response::new(Body::from(acknowledgement.encode_to_vec()));
                let kind = HeaderValue::from_static("application/x-protobuf");
                response.headers_mut().insert(header::CONTENT_TYPE, kind);
                response
            }
            Err(refusal) => {
                refusal.count(&self.stats);
                refusal.into_response()
            }
        }
    }

    fn count(&self, accepted: &AcceptedBatch) {
        self.stats.batches_accepted.increment();
        self.stats.observations_stored.add(accepted.stored as u64);
        self.stats.observations_duplicate.add(accepted.duplicates as u64);
        self.stats.observations_unknown_kind.add(accepted.unknown_kinds as u64);
    }

    /// Takes a batch that is here already: the same room, then [`Ingest::take`].
    async fn take_delivered(&self, bytes: &[u8]) -> Result<Acknowledgement, Refusal> {
        let _room = self.room_for(bytes.len().min(BATCH_BYTES_MAX)).await?;
        self.take(bytes).await
    }

    /// Room for a batch of that size, at most [`BATCH_BYTES_MAX`].
    async fn room_for(&self, size: usize) -> Result<SemaphorePermit<'_>, Refusal> {
        let pieces = size.div_ceil(PIECE_BYTES).max(1);
        let pieces = u32::try_from(pieces).unwrap_or(u32::MAX);
        match tokio::time::timeout(ROOM_TIME_MAX, self.room.acquire_many(pieces)).await {
            Ok(Ok(room)) => Ok(room),
            Ok(Err(_)) | Err(_) => Err(Refusal::busy()),
        }
    }
}

/// The declared length of a body; the largest when none is declared.
fn declared(headers: &HeaderMap) -> Result<usize, Refusal> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    match declared {
        Some(size) if size > BATCH_BYTES_MAX => Err(Refusal::of_wire(WireError::TooLarge { size })),
        Some(size) => Ok(size),
        None => Ok(BATCH_BYTES_MAX),
    }
}

/// A batch that is verified.
struct Opened {
    host: HostId,
    key: Arc<Key>,
    batch: Batch,
    /// By its own signature, not in a session.
    signed: bool,
}

/// Times by the collector's clock; texts cut.
fn received_batch(host: HostId, batch: Batch, received_at: Timestamp) -> ReceivedBatch {
    let sent = Timestamp::from_ms(batch.sent_at_ms);
    let corrected = batch.observations.into_iter().map(|observation| {
        let stamps = Stamps {
            received: received_at,
            sent,
            observed: Timestamp::from_ms(observation.at_ms),
            age_ms: observation.age_ms,
            agent_started: None,
        };
        (clock_skew::evaluate(&stamps, clock_skew::TOLERANCE_MS).at, observation)
    });
    let observations = corrected.collect();
    ReceivedBatch { host, stream: batch.stream, boot_id: cut_text(&batch.boot_id), received_at, observations }
}

fn machine_of(batch: &ReceivedBatch) -> Option<String> {
    batch.observations.iter().rev().find_map(|(_, observation)| match &observation.body {
        Some(ObservationBody::Started(started)) => Some(started.machine_id_hash.clone()),
        _ => None,
    })
}

/// Reads a body of at most `max` bytes within [`BODY_TIME_MAX`].
async fn read_body<B>(body: B, max: usize) -> Result<Bytes, Refusal>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    match tokio::time::timeout(BODY_TIME_MAX, Limited::new(body, max).collect()).await {
        Err(_) => Err(Refusal::slow_body()),
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::too_large(max)),
        Ok(Err(_)) => Err(Refusal::broken_body()),
    }
}

async fn receive(State(ingest): State<Arc<Ingest>>, headers: HeaderMap, body: Body) -> Response {
    ingest.respond(&headers, body).await
}

#[cfg(test)]
mod tests;
