//! `GET /metrics` for Prometheus, without login: the snapshot and the collector's own counters as text.
//!
//! Pure but for the two reads at the start; a value that is not defined is absent, never 0. Cardinality is bounded by
//! the catalogue and the enrolled hosts; no text of a person is a label.

mod hosts;
mod own;
mod services;

use crate::app::App;
use crate::http_error::HttpError;
use crate::self_stats::SelfStats;
use crate::snapshot::Snapshot;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header;
use pantau_agent::exposition::Exposition;
use pantau_shared::timestamp::Timestamp;
use prometheus::{TEXT_FORMAT, TextEncoder};

pub(crate) fn router(app: App) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(app)
}

async fn metrics(State(app): State<App>) -> Result<Response, HttpError> {
    let text =
        render(&app.engine.snapshot(), &app.stats, app.clock.now()).map_err(|error| HttpError::internal(&error))?;
    Ok(([(header::CONTENT_TYPE, TEXT_FORMAT), (header::CACHE_CONTROL, "no-store")], text).into_response())
}

/// All families as text. Ages are those at `now`.
fn render(snapshot: &Snapshot, stats: &SelfStats, now: Timestamp) -> Result<String, prometheus::Error> {
    let mut out = Exposition::default();
    services::render(&mut out, snapshot);
    services::render_backups(&mut out, snapshot, now);
    services::render_tickets(&mut out, snapshot);
    hosts::render(&mut out, snapshot);
    own::render(&mut out, &snapshot.outbox, stats, now);
    TextEncoder::new().encode_to_string(&out.into_families())
}

/// Parts per million as a ratio.
fn of_ppm(ppm: u32) -> f64 {
    f64::from(ppm) / 1_000_000.0
}

/// Thousandths as a ratio.
fn of_permille(permille: u32) -> f64 {
    f64::from(permille) / 1000.0
}

/// Milliseconds as seconds.
fn of_ms(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

/// 1 or 0.
fn flag(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

#[cfg(test)]
mod tests;
