//! The API, version 1. Everything it answers is in [`router`], line by line.
//!
//! Reading needs a session or a token, writing a token of scope `write` or a session with its form token
//! ([`access`]). Views are types of their own; names of the regulation's fields are the product's Indonesian ones. Times
//! are RFC 3339 in the office's zone, durations seconds, ratios parts per million. What is not understood is refused by
//! name. Bounds: [`BODY_BYTES_MAX`], page sizes, ranges and points as each resource says.

mod access;
mod backups;
mod hosts;
mod idempotency;
mod ledger;
mod outbox;
mod query;
mod series;
mod services;
mod store_read;
mod ticket_actions;
mod tickets;
mod view;

#[cfg(test)]
mod tests;

use crate::app::App;
use crate::http_error::HttpError;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get, post};
use http::{HeaderValue, StatusCode, header};
use idempotency::Answers;
use std::sync::Arc;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;

/// Largest body taken, in bytes: the longest text of a ticket many times over.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// What handlers share.
#[derive(Debug, Clone)]
struct ApiState {
    app: App,
    answers: Arc<Answers>,
}

pub(crate) fn router(app: App) -> Router {
    let answers = Arc::new(Answers::new(Arc::clone(&app.stats)));
    Router::new()
        .route("/api/v1/services", get(services::list))
        .route("/api/v1/services/{id}", get(services::one))
        .route("/api/v1/services/{id}/availability", get(services::availability))
        .route("/api/v1/services/{id}/ledger", get(ledger::ledger))
        .route("/api/v1/hosts", get(hosts::list))
        .route("/api/v1/hosts/{id}", get(hosts::one))
        .route("/api/v1/hosts/{id}/series", get(series::series))
        .route("/api/v1/tickets", get(tickets::list).post(ticket_actions::open))
        .route("/api/v1/tickets/{number}", get(tickets::one))
        .route("/api/v1/tickets/{number}/actions", post(ticket_actions::act))
        .route("/api/v1/backups", get(backups::list))
        .route("/api/v1/outbox", get(outbox::list))
        .route("/api/{*rest}", any(async || nothing_here()))
        .method_not_allowed_fallback(async || {
            let message = "this address does not take that method";
            HttpError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
        })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(fixed(header::CACHE_CONTROL, "no-store"))
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(CompressionLayer::new())
        .with_state(ApiState { app, answers })
}

fn fixed(name: header::HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}

fn nothing_here() -> HttpError {
    HttpError::new(StatusCode::NOT_FOUND, "not_found", "the API has nothing at this address")
}
