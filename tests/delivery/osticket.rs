//! osTicket's API: creates tickets, and nothing else (its documentation, `tickets.md`).

use crate::desk::Desk;
use crate::faults::under;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::post;
use serde_json::Value;

pub(crate) const KEY: &str = "kunci-osticket";

pub(crate) fn router(desk: Desk) -> Router {
    Router::new().route("/api/tickets.json", post(create)).with_state(desk)
}

async fn create(State(desk): State<Desk>, headers: HeaderMap, bytes: Bytes) -> Response<Body> {
    let known = headers.get("x-api-key").is_some_and(|value| value == KEY);
    let fault = desk.fault();
    let answer = move || {
        let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let filled = ["name", "email", "subject", "message"].iter().all(|field| body[*field].is_string());
        match (known, filled) {
            (false, _) => (StatusCode::UNAUTHORIZED, "Valid API key required".to_owned()),
            (true, false) => (StatusCode::BAD_REQUEST, "Unable to create new ticket: validation errors".to_owned()),
            (true, true) => {
                let id = desk.create(body["subject"].as_str().unwrap_or_default(), "open", "");
                (StatusCode::CREATED, id.to_string())
            }
        }
    };
    under(fault, answer).await
}
