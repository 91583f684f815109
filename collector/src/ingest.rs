//! Where agents come in: joining, and batches of observations.
//!
//! A batch is capped before it is read, verified before it is decoded, stored before it is acknowledged; then the engine
//! is nudged. Every refusal has a status, a code and a counter of its own, and touches nobody else's data:
//!
//! | what | status | code |
//! |---|---|---|
//! | larger than the cap | 413 | `batch_too_large` |
//! | not protobuf, out of order, too many, bad stream | 400 | `malformed` |
//! | a protocol newer than ours | 400 | `newer_protocol` |
//! | a host that never joined | 401 | `unknown_host` |
//! | a signature that does not fit | 401 | `bad_signature` |
//! | a revoked host | 403 | `host_revoked` |
//! | too much at once, or the store cannot take it | 503 | `busy`, `store_unavailable` |
//!
//! Knows nothing of what observations mean.

pub mod joining;

use crate::app::App;
use crate::domain::clock_skew::{self, Stamps};
use crate::engine::assignments::assignment_for;
use crate::http_error::{Chain, HttpError};
use crate::store::records::{AcceptedBatch, HostRecord, ReceivedBatch};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use pantau_shared::PROTOCOL_VERSION;
use pantau_shared::assignment::Assignment;
use pantau_shared::envelope::{Acknowledgement, Batch};
use pantau_shared::ids::HostId;
use pantau_shared::limits::BATCH_BYTES_MAX;
use pantau_shared::timestamp::Timestamp;
use pantau_shared::wire::{self, WireError};
use prost::Message;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Batches in work at the same time; each holds at most [`BATCH_BYTES_MAX`].
const BATCHES_MAX: usize = 64;
/// How long a batch waits for a place before the agent is asked to come again: it has a spool.
const PLACE_DEADLINE: Duration = Duration::from_secs(5);

/// What the handlers share.
#[derive(Clone, Debug)]
struct Ingest {
    app: App,
    places: Arc<Semaphore>,
    assignments: Arc<Mutex<Assignments>>,
    limiter: Arc<joining::Limiter>,
}

/// Assignments of one catalogue revision, made when a host first asks.
#[derive(Debug, Default)]
struct Assignments {
    catalogue_revision: u32,
    by_host: HashMap<HostId, Arc<Assignment>>,
}

/// `POST /api/v1/ingest` and `POST /api/v1/join`.
pub fn router(app: App) -> Router {
    let ingest = Ingest {
        app,
        places: Arc::new(Semaphore::new(BATCHES_MAX)),
        assignments: Arc::default(),
        limiter: Arc::default(),
    };
    Router::new().route("/api/v1/ingest", post(receive)).route("/api/v1/join", post(joining::join)).with_state(ingest)
}

async fn receive(State(ingest): State<Ingest>, request: Request) -> Result<Response, HttpError> {
    let busy = || HttpError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "too many batches at once").retry_after(5);
    let place = tokio::time::timeout(PLACE_DEADLINE, ingest.places.acquire()).await.map_err(|_| busy())?;
    let _place = place.map_err(|_| busy())?;
    let bytes = read_body(request.into_body()).await.inspect_err(|_| ingest.app.stats.batches_too_large.increment())?;
    let received_at = ingest.app.clock.now();
    let (host, batch) = verify(&ingest.app, &bytes).inspect_err(|error| count(&ingest.app, error))?;
    let revision = batch.assignment_revision;
    let received = received(host.id.clone(), batch, received_at);
    let accepted = commit(&ingest.app, received).await?;
    ingest.app.engine.nudge();
    let assignment = ingest.assignment_of(&host.id);
    let reply = Acknowledgement {
        acknowledged_seq: accepted.acknowledged_seq,
        received_at_ms: received_at.as_ms(),
        assignment: (assignment.revision != revision).then(|| Assignment::clone(&assignment)),
    };
    Ok(([(header::CONTENT_TYPE, "application/x-protobuf")], Bytes::from(reply.encode_to_vec())).into_response())
}

async fn read_body(body: Body) -> Result<Bytes, HttpError> {
    to_bytes(body, BATCH_BYTES_MAX).await.map_err(|_| {
        let message = format!("a batch has at most {BATCH_BYTES_MAX} bytes");
        HttpError::new(StatusCode::PAYLOAD_TOO_LARGE, "batch_too_large", message)
    })
}

/// Who sent it, and what, once the signature fits.
fn verify(app: &App, bytes: &[u8]) -> Result<(HostRecord, Batch), HttpError> {
    let (id, signed) = wire::parse_signed(bytes).map_err(|error| refuse(&error))?;
    let known = app.store.read(|reader| reader.host(&id)).map_err(|error| unavailable(&error))?;
    let Some(host) = known else {
        let message = format!("host `{id}` has not joined; run `pantau-agent join` with a token");
        return Err(HttpError::new(StatusCode::UNAUTHORIZED, "unknown_host", message));
    };
    if host.revoked_at.is_some() {
        let message = format!("host `{id}` is revoked");
        return Err(HttpError::new(StatusCode::FORBIDDEN, "host_revoked", message));
    }
    let batch = wire::open(&id, &signed, &host.public_key).map_err(|error| refuse(&error))?;
    Ok((host, batch))
}

fn refuse(error: &WireError) -> HttpError {
    let (status, code) = match error {
        WireError::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "batch_too_large"),
        WireError::NewerProtocol { .. } => (StatusCode::BAD_REQUEST, "newer_protocol"),
        WireError::BadSignature { .. } => (StatusCode::UNAUTHORIZED, "bad_signature"),
        WireError::BadHost(_)
        | WireError::BadStream
        | WireError::Malformed
        | WireError::ObservationTooLarge { .. }
        | WireError::OutOfOrder { .. }
        | WireError::TooMany { .. } => (StatusCode::BAD_REQUEST, "malformed"),
    };
    HttpError::new(status, code, Chain(error).to_string())
        .with_detail(serde_json::json!({ "protocol_supported": PROTOCOL_VERSION }))
}

fn unavailable(error: &crate::store::StoreError) -> HttpError {
    tracing::error!(error = %Chain(error), "store cannot take a batch");
    let message = "the store cannot take it now; keep it and come again";
    HttpError::new(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable", message).retry_after(10)
}

fn count(app: &App, error: &HttpError) {
    let stats = &app.stats;
    match error.code() {
        "batch_too_large" => stats.batches_too_large.increment(),
        "newer_protocol" => stats.batches_newer_protocol.increment(),
        "bad_signature" | "unknown_host" | "host_revoked" => stats.batches_unauthenticated.increment(),
        "malformed" => stats.batches_malformed.increment(),
        _ => {}
    }
}

/// Gives every observation its time by the collector's clock (rules A.2, clocks and late data).
fn received(host: HostId, batch: Batch, received_at: Timestamp) -> ReceivedBatch {
    let sent = Timestamp::from_ms(batch.sent_at_ms);
    let timed = batch.observations.into_iter().map(|observation| {
        let stamps = Stamps {
            received: received_at,
            sent,
            observed: Timestamp::from_ms(observation.at_ms),
            age_ms: observation.age_ms,
            agent_started: None,
        };
        (clock_skew::evaluate(&stamps, clock_skew::TOLERANCE_MS).at, observation)
    });
    ReceivedBatch { host, stream: batch.stream, boot_id: batch.boot_id, received_at, observations: timed.collect() }
}

async fn commit(app: &App, batch: ReceivedBatch) -> Result<AcceptedBatch, HttpError> {
    let written = app.store.write(move |writer| writer.accept_batch(&batch)).await;
    let accepted = written.map_err(|error| unavailable(&error))?;
    let stats = &app.stats;
    stats.batches_accepted.increment();
    let counted = [
        (&stats.observations_stored, accepted.stored),
        (&stats.observations_duplicate, accepted.duplicates),
        (&stats.observations_unknown_kind, accepted.unknown_kinds),
    ];
    for (counter, n) in counted {
        counter.add(u64::try_from(n).unwrap_or(u64::MAX));
    }
    Ok(accepted)
}

impl Ingest {
    /// The assignment now in force for a host.
    fn assignment_of(&self, host: &HostId) -> Arc<Assignment> {
        let catalogue = self.app.engine.snapshot().catalogue.clone();
        let mut known = self.assignments.lock().unwrap_or_else(PoisonError::into_inner);
        if known.catalogue_revision != catalogue.revision {
            *known = Assignments { catalogue_revision: catalogue.revision, by_host: HashMap::new() };
        }
        let made = known.by_host.entry(host.clone()).or_insert_with(|| Arc::new(assignment_for(&catalogue, host)));
        Arc::clone(made)
    }
}
