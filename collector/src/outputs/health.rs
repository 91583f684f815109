//! `/healthz`: the process lives. `/readyz`: store and engine answer in time, else 503 with the reason as JSON.

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

/// Whether the collector can do its work; the reason if not.
///
/// # Errors
/// What does not answer.
pub(crate) async fn ready(app: &App) -> Result<(), String> {
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
    match ready(&app).await {
        Ok(()) => Ok(Json(json!({ "status": "ready" }))),
        Err(reason) => Err(HttpError::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", reason).retry_after(5)),
    }
}
