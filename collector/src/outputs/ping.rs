//! Heartbeats of jobs, in Healthchecks' conventions: `GET`, `HEAD` or `POST` to
//!
//! ```text
//! /ping/KEY           it ended well          /ping/KEY/fail   it failed
//! /ping/KEY/start     it began               /ping/KEY/log    something to remember
//! /ping/KEY/0         its exit code, 0–255: 0 is well, anything else failed
//! ?rid=RUN            which run, so that runs that overlap are told apart
//! ```
//!
//! What is posted is kept as evidence, the first [`BODY_BYTES_MAX`] bytes; nothing reads it. The answer is `OK` once the
//! signal is durable; `404` for a key that is not known, `429` for more than [`SIGNALS_MAX`] a minute of one set. Whoever
//! knows the key may signal, from anywhere, without logging in. Times are those of arrival here.

use crate::app::App;
use crate::engine::CommandError;
use crate::store::StoreError;
use crate::store::heartbeats::{Signal, SignalKind};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::routing::get;
use futures_util::StreamExt;
use pantau_shared::ids::BackupSetId;
use pantau_shared::timestamp::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use tower_http::set_header::SetResponseHeaderLayer;

/// Of a body so much is kept.
const BODY_BYTES_MAX: usize = 10_000;
/// Signals of one set in one minute.
const SIGNALS_MAX: usize = 30;
const MINUTE_MS: i64 = 60_000;
/// A key has 32 bytes in hexadecimal; longer is not looked for.
const KEY_CHARS_MAX: usize = 64;
/// Longest name of a run.
const RUN_CHARS_MAX: usize = 64;

#[derive(Debug, Clone)]
struct PingState {
    app: App,
    /// When each set signalled of late; as many sets as have a key.
    recent: Arc<Mutex<BTreeMap<BackupSetId, VecDeque<Timestamp>>>>,
}

#[derive(Debug, Default, serde::Deserialize)]
struct RunQuery {
    rid: Option<String>,
}

type Answer = (StatusCode, &'static str);

pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/ping/{key}", get(success).post(success))
        .route("/ping/{key}/{action}", get(action).post(action))
        .layer(SetResponseHeaderLayer::overriding(header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .with_state(PingState { app, recent: Arc::default() })
}

async fn success(
    State(state): State<PingState>,
    Path(key): Path<String>,
    Query(query): Query<RunQuery>,
    body: Body,
) -> Answer {
    state.take(&key, (SignalKind::Success, None), query.rid, body).await
}

async fn action(
    State(state): State<PingState>,
    Path((key, action)): Path<(String, String)>,
    Query(query): Query<RunQuery>,
    body: Body,
) -> Answer {
    let kind = match action.as_str() {
        "start" => (SignalKind::Start, None),
        "fail" => (SignalKind::Fail, None),
        "log" => (SignalKind::Log, None),
        code => match code.parse::<u8>() {
            Ok(0) => (SignalKind::Success, Some(0)),
            Ok(code) => (SignalKind::Fail, Some(code)),
            Err(_) => return (StatusCode::NOT_FOUND, "not found"),
        },
    };
    state.take(&key, kind, query.rid, body).await
}

impl PingState {
    async fn take(
        &self,
        key: &str,
        (kind, exit_code): (SignalKind, Option<u8>),
        run: Option<String>,
        body: Body,
    ) -> Answer {
        let at = self.app.clock.now();
        let good = |run: &String| (1..=RUN_CHARS_MAX).contains(&run.len()) && run.bytes().all(|b| b.is_ascii_graphic());
        if run.as_ref().is_some_and(|run| !good(run)) {
            return (StatusCode::BAD_REQUEST, "invalid run id");
        }
        let set = match self.set_of(key).await {
            Ok(Some(set)) => set,
            Ok(None) => return (StatusCode::NOT_FOUND, "not found"),
            Err(error) => return unavailable(&error),
        };
        if !self.may_signal(&set, at) {
            return (StatusCode::TOO_MANY_REQUESTS, "rate limited");
        }
        let signal = Signal { at, kind, run, exit_code, body: first_bytes(body).await };
        match self.app.engine.signal(set, signal).await {
            Ok(()) => (StatusCode::OK, "OK"),
            // Its set left the catalogue; its key is still kept.
            Err(CommandError::NoSuchSet(_)) => (StatusCode::NOT_FOUND, "not found"),
            Err(error) => unavailable(&error),
        }
    }

    async fn set_of(&self, key: &str) -> Result<Option<BackupSetId>, StoreError> {
        if key.len() > KEY_CHARS_MAX {
            return Ok(None);
        }
        let (store, key) = (self.app.store.clone(), key.to_owned());
        let read = move || store.read(|reader| reader.heartbeat_by_key(&key));
        let found = tokio::task::spawn_blocking(read).await.unwrap_or(Err(StoreError::Closed))?;
        Ok(found.map(|heartbeat| heartbeat.set))
    }

    fn may_signal(&self, set: &BackupSetId, at: Timestamp) -> bool {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let of_set = recent.entry(set.clone()).or_default();
        while of_set.front().is_some_and(|first| at.ms_since(*first) >= MINUTE_MS) {
            of_set.pop_front();
        }
        let may = of_set.len() < SIGNALS_MAX;
        if may {
            of_set.push_back(at);
        }
        may
    }
}

/// A job tries again; what went wrong is ours.
fn unavailable(error: &(dyn std::error::Error + 'static)) -> Answer {
    tracing::error!(error, "a heartbeat could not be taken");
    (StatusCode::SERVICE_UNAVAILABLE, "try again later")
}

/// The first bytes of a body; one that breaks off is as good as it came.
async fn first_bytes(body: Body) -> Vec<u8> {
    let (mut kept, mut stream) = (Vec::new(), body.into_data_stream());
    while kept.len() < BODY_BYTES_MAX
        && let Some(Ok(piece)) = stream.next().await
    {
        let room = BODY_BYTES_MAX - kept.len();
        kept.extend(piece.iter().take(room));
    }
    kept
}

#[cfg(test)]
mod tests;
