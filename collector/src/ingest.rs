//! Batches in: `POST /api/v1/ingest` for agents' observations, `POST /api/v1/join` for their keys.
//!
//! ```text
//! room for its bytes? ─► body, capped ─► outer layer ─► host's key ─► signature, batch ─► times corrected
//!      503 busy            413, 408         400, 426     401, 403       401, 400              │
//!                          503 store_full                    acknowledgement ◄─ commit ◄──────┘ 503
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
mod clones;
pub mod join;
mod refusal;

use crate::clock::Clock;
use crate::domain::catalogue::Catalogue;
use crate::domain::clock_skew::{self, Stamps};
use crate::self_stats::SelfStats;
use crate::store::Store;
use crate::store::records::{AcceptedBatch, ReceivedBatch};
use assignments::Assignments;
use auth::Keys;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use clones::Clones;
use join::JoinLimit;
use pantau_shared::envelope::{Acknowledgement, Batch, ObservationBody};
use pantau_shared::ids::HostId;
use pantau_shared::limits::{BATCH_BYTES_MAX, cut_text};
use pantau_shared::timestamp::Timestamp;
use pantau_shared::wire::{self, WireError};
use prost::Message;
pub use refusal::Refusal;
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

/// Ingest with its memory: keys, assignments, boot ids.
pub struct Ingest {
    store: Store,
    clock: Clock,
    stats: Arc<SelfStats>,
    nudge: Box<dyn Fn() + Send + Sync>,
    assignments: Assignments,
    keys: Keys,
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
        let IngestOptions { store, clock, stats, catalogue, nudge } = options;
        Arc::new(Self {
            keys: Keys::new(store.clone()),
            store,
            clock,
            stats,
            nudge,
            assignments: Assignments::new(catalogue),
            clones: Clones::default(),
            joins: JoinLimit::default(),
            room: Semaphore::new(BYTES_IN_FLIGHT_MAX / PIECE_BYTES),
        })
    }

    /// Its two routes.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/api/v1/ingest", post(receive))
            .route("/api/v1/join", post(join::receive))
            .with_state(self.clone())
    }

    /// Forgets what it knows of a host's key: to be called after a revocation.
    pub fn forget_key(&self, host: &HostId) {
        self.keys.forget(host);
    }

    /// Takes one batch, from whatever road it came: verified, committed, then the reply.
    ///
    /// # Errors
    /// A [`Refusal`]; whoever sent it still has the batch.
    pub async fn take(&self, bytes: &[u8]) -> Result<Acknowledgement, Refusal> {
        self.store.admit_facts().map_err(Refusal::of_store)?;
        let received_at = self.clock.now();
        let (host, batch) = self.open(bytes, received_at).await?;
        self.clones.look(&host, &batch.boot_id, &self.stats);
        let revision = batch.assignment_revision;
        let received = received_batch(host.clone(), batch, received_at);
        let machine = machine_of(&received);
        let accepted = self.store.write(move |writer| writer.accept_batch(&received)).await;
        let accepted = accepted.map_err(|error| {
            // Revoked between the look at its key and the commit, or the store fails: look again either way.
            self.keys.forget(&host);
            Refusal::of_store(error)
        })?;
        self.count(&accepted);
        if let Some(machine) = machine {
            self.clones.look_at_machine(&host, &machine, self.keys.machine_of(&host).as_deref(), &self.stats);
        }
        if accepted.stored > 0 {
            (self.nudge)();
        }
        let assignment = self.assignments.of(&host);
        let changed = assignment.revision != revision;
        Ok(Acknowledgement {
            acknowledged_seq: accepted.acknowledged_seq,
            received_at_ms: received_at.as_ms(),
            assignment: changed.then(|| (*assignment).clone()),
        })
    }

    /// Verifies the signature under the host's key. A key that does not fit is read anew once: the host may have
    /// joined again a moment ago.
    async fn open(&self, bytes: &[u8], now: Timestamp) -> Result<(HostId, Batch), Refusal> {
        let (host, signed) = wire::parse_signed(bytes).map_err(Refusal::of_wire)?;
        let key = self.keys.of(&host, now).await?;
        match wire::open(&host, &signed, &key.public_key) {
            Ok(batch) => Ok((host, batch)),
            Err(error @ WireError::BadSignature { .. }) => {
                self.keys.forget(&host);
                let fresh = self.keys.of(&host, now).await?;
                if fresh.public_key == key.public_key {
                    return Err(Refusal::of_wire(error));
                }
                let batch = wire::open(&host, &signed, &fresh.public_key).map_err(Refusal::of_wire)?;
                Ok((host, batch))
            }
            Err(error) => Err(Refusal::of_wire(error)),
        }
    }

    fn count(&self, accepted: &AcceptedBatch) {
        self.stats.batches_accepted.increment();
        self.stats.observations_stored.add(accepted.stored as u64);
        self.stats.observations_duplicate.add(accepted.duplicates as u64);
        self.stats.observations_unknown_kind.add(accepted.unknown_kinds as u64);
    }

    /// Room for a body of the declared length; for the largest when none is declared.
    async fn room_for(&self, headers: &HeaderMap) -> Result<SemaphorePermit<'_>, Refusal> {
        let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        if let Some(size) = declared.filter(|size| *size > BATCH_BYTES_MAX) {
            return Err(Refusal::of_wire(WireError::TooLarge { size }));
        }
        let pieces = declared.unwrap_or(BATCH_BYTES_MAX).div_ceil(PIECE_BYTES).max(1);
        let pieces = u32::try_from(pieces).unwrap_or(u32::MAX);
        match tokio::time::timeout(ROOM_TIME_MAX, self.room.acquire_many(pieces)).await {
            Ok(Ok(room)) => Ok(room),
            Ok(Err(_)) | Err(_) => Err(Refusal::busy()),
        }
    }
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
async fn read_body(body: Body, max: usize) -> Result<Bytes, Refusal> {
    match tokio::time::timeout(BODY_TIME_MAX, axum::body::to_bytes(body, max)).await {
        Err(_) => Err(Refusal::slow_body()),
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => {
            let source = std::error::Error::source(&error);
            let too_large = source.is_some_and(|source| source.is::<http_body_util::LengthLimitError>());
            Err(if too_large { Refusal::too_large(max) } else { Refusal::broken_body() })
        }
    }
}

async fn receive(State(ingest): State<Arc<Ingest>>, headers: HeaderMap, body: Body) -> Response {
    let taken = async {
        let _room = ingest.room_for(&headers).await?;
        let bytes = read_body(body, BATCH_BYTES_MAX).await?;
        ingest.take(&bytes).await
    };
    match taken.await {
        Ok(acknowledgement) => {
            let kind = [(header::CONTENT_TYPE, "application/x-protobuf")];
            (kind, acknowledgement.encode_to_vec()).into_response()
        }
        Err(refusal) => {
            refusal.count(&ingest.stats);
            refusal.into_response()
        }
    }
}

#[cfg(test)]
mod tests;
