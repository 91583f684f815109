//! The REST API, `/api/v1`. Everything a program can ask is in [`router`], line by line.
//!
//! A handler takes the snapshot, or asks the store where history is wanted, and lays the answer out in view structs of
//! its own: neither the domain nor the store's records are serialised, so they may change without breaking a caller.
//! Times are RFC 3339 with the offset of the profile's zone, durations seconds, ratios stand beside their ppm integers;
//! what has no value is `null`. Errors have one shape, see [`crate::http_error`].

pub(crate) mod access;
mod alertmanager;
mod audit;
mod backups;
mod budget;
mod corrections;
mod delivery;
mod duty;
mod explain;
mod failure;
mod helpdesk;
mod hosts;
mod idempotency;
mod maintenance;
mod outbox;
mod parameters;
mod part_ledger;
mod register_writes;
mod reports;
mod reviews;
mod rpo;
mod rules;
mod series;
mod services;
mod system;
mod ticket_writes;
mod tickets;
mod view;
mod write;

#[cfg(test)]
mod tests;

use crate::app::App;
use crate::http_error::HttpError;
use crate::store::{Reader, StoreError};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, StatusCode, header};
use axum::routing::{any, get, post};
use idempotency::Answers;
use tower_http::set_header::SetResponseHeaderLayer;

/// Largest body of a write, in bytes: the longest text of a ticket many times over.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// What handlers share.
#[derive(Debug, Clone)]
struct ApiState {
    app: App,
    answers: Answers,
}

pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/api/v1/services", get(services::list))
        .route("/api/v1/services/{id}", get(services::one))
        .route("/api/v1/services/{id}/availability", get(services::availability))
        .route("/api/v1/services/{id}/ledger", get(services::ledger))
        .route("/api/v1/services/{id}/explain", get(explain::one))
        .route("/api/v1/hosts", get(hosts::list))
        .route("/api/v1/hosts/{id}", get(hosts::one))
        .route("/api/v1/hosts/{id}/metrics", get(series::metrics))
        .route("/api/v1/hosts/{id}/series", get(series::series))
        .route("/api/v1/tickets", get(tickets::list).post(ticket_writes::open))
        .route("/api/v1/tickets/{number}", get(tickets::one))
        .route("/api/v1/tickets/{number}/actions", post(ticket_writes::act))
        .route("/api/v1/maintenance", get(maintenance::list).post(register_writes::propose_maintenance))
        .route("/api/v1/maintenance/{number}", get(maintenance::one))
        .route("/api/v1/maintenance/{number}/actions", post(register_writes::act_on_maintenance))
        .route("/api/v1/corrections", get(corrections::list).post(register_writes::propose_correction))
        .route("/api/v1/corrections/{number}", get(corrections::one))
        .route("/api/v1/corrections/{number}/actions", post(register_writes::act_on_correction))
        .route("/api/v1/audit", get(audit::list))
        .route("/api/v1/backups", get(backups::list))
        .route("/api/v1/backups/{set}", get(backups::one))
        .route("/api/v1/backups/{set}/rpo", get(rpo::of_set))
        .route("/api/v1/backups/{set}/verifications", post(backups::verify))
        .route("/api/v1/backups/{set}/heartbeat", post(backups::new_key))
        .route("/api/v1/services/{id}/rpo", get(rpo::of_service))
        .route("/api/v1/services/{id}/recoveries", get(rpo::recoveries).post(rpo::enter_recovery))
        .route("/api/v1/reports", get(reports::list))
        .route("/api/v1/reports/{period}", get(reports::newest))
        .route("/api/v1/reports/{period}/freeze", post(reports::freeze))
        .route("/api/v1/reports/{period}/{revision}", get(reports::revision))
        .route("/api/v1/duty", get(duty::show))
        .route("/api/v1/reviews/{period}", get(reviews::review))
        .route("/api/v1/problems", get(reviews::list).post(reviews::open))
        .route("/api/v1/problems/{number}", get(reviews::one))
        .route("/api/v1/problems/{number}/actions", post(reviews::edit))
        .route("/api/v1/outbox", get(outbox::list))
        .route("/api/v1/outbox/{id}/actions", post(delivery::settle))
        .route("/api/v1/receivers", get(delivery::receivers))
        .route("/api/v1/receivers/{name}/test", post(delivery::test))
        .route("/api/v1/alertmanager", post(alertmanager::take).layer(DefaultBodyLimit::max(alertmanager::BYTES_MAX)))
        .route("/api/v1/helpdesk/{receiver}", post(helpdesk::wake))
        .route("/api/v1/rules", get(rules::list))
        .route("/api/v1/rules/{rule}", get(rules::one))
        .route("/api/v1/rules/{rule}/replay", get(rules::replay))
        .route("/api/v1/rules/{rule}/actions", post(rules::act))
        .route("/api/v1/system", get(system::one))
        .route("/api/v1/{*path}", any(async || no_such("resource")))
        .method_not_allowed_fallback(async || {
            let message = "this address does not take that method";
            HttpError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
        })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(fixed(header::CACHE_CONTROL, "no-store"))
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .with_state(ApiState { app, answers: Answers::default() })
}

fn fixed(name: header::HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}

/// 404.
fn no_such(what: &str) -> HttpError {
    HttpError::new(StatusCode::NOT_FOUND, "not_found", format!("there is no such {what}"))
}

/// Reads from the store on a blocking thread: history may be long.
async fn read<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, HttpError> {
    let store = app.store.clone();
    let read = tokio::task::spawn_blocking(move || store.read(work)).await;
    read.map_err(|error| HttpError::internal(&error))?.map_err(|error| HttpError::internal(&error))
}
