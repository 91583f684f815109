//! `/healthz`: the process lives. `/readyz`: store and engine answer in time and the store takes facts, else 503 with the
//! reason as JSON.
//!
//! A full disk is *not ready* (code `store_full`) but *alive*: pages answer, agents keep what they have, it resumes by
//! itself. So the watchdog asks only whether the collector lives; a restart would not make room.

use crate::app::App;
use crate::http_error::HttpError;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

/// The engine evaluates every second; so old a snapshot means that it hangs.
const SNAPSHOT_AGE_MAX_MS: i64 = 30_000;

pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/healthz", get(async || Json(json!({ "status": "ok" }))))
        .route("/readyz", get(readyz))
        .with_state(app)
}

/// Whether store and engine answer; the reason if not.
///
/// # Errors
/// What does not answer.
pub(crate) async fn alive(app: &App) -> Result<(), String> {
    let store = app.store.clone();
    let read = tokio::task::spawn_blocking(move || store.read(|reader| reader.cursor())).await;
    match read {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => return Err(format!("the store does not answer: {error}")),
        Err(_) => return Err("the store's reader panicked".to_owned()),
    }
    if let Some(damage) = app.store.damage() {
        return Err(damage.to_owned());
    }
    let age_ms = app.clock.now().ms_since(app.engine.snapshot().at);
    if age_ms > SNAPSHOT_AGE_MAX_MS {
        return Err(format!("the engine has not evaluated for {} s", age_ms / 1000));
    }
    Ok(())
}

async fn readyz(State(app): State<App>) -> Result<Json<Value>, HttpError> {
    let refuse = |code, reason: String| HttpError::new(StatusCode::SERVICE_UNAVAILABLE, code, reason).retry_after(5);
    alive(&app).await.map_err(|reason| refuse("not_ready", reason))?;
    let space = app.store.space();
    let Some(read_only) = space.read_only else { return Ok(Json(json!({ "status": "ready" }))) };
    let detail = json!({
        "cause": read_only.cause.code(),
        "since": read_only.since.to_utc().to_rfc3339(),
        "disk_free_bytes": space.disk.map(|disk| disk.free_bytes),
        "reserve_bytes": space.reserve_bytes,
    });
    let reason = "the store is read-only: make room on the disk of the data folder; agents keep what they have";
    Err(refuse("store_full", reason.to_owned()).with_detail(detail))
}
