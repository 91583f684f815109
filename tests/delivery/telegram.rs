//! Telegram's Bot API: `sendMessage` with its answers (core.telegram.org/bots/api).

use crate::desk::Desk;
use crate::faults::{Fault, under};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};

pub(crate) const TOKEN: &str = "123:abc";

pub(crate) fn router(desk: Desk) -> Router {
    Router::new().route("/{bot}/sendMessage", post(send)).with_state(desk)
}

/// A message is kept as a ticket: its text as title, what it replies to as state.
async fn send(State(desk): State<Desk>, Path(bot): Path<String>, bytes: Bytes) -> Response<Body> {
    let fault = desk.fault();
    if fault == Fault::TooMany {
        // It has its own way of asking for patience.
        let body = json!({ "ok": false, "error_code": 429, "description": "Too Many Requests: retry after 7",
                           "parameters": { "retry_after": 7 } });
        return under(Fault::None, move || (StatusCode::TOO_MANY_REQUESTS, body.to_string())).await;
    }
    let answer = move || {
        if bot != format!("bot{TOKEN}") {
            return (StatusCode::UNAUTHORIZED, json!({ "ok": false, "description": "Unauthorized" }).to_string());
        }
        let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let text = body["text"].as_str().unwrap_or_default();
        let reply = body["reply_parameters"]["message_id"].as_u64().map_or_else(String::new, |id| id.to_string());
        let id = desk.create(text, &reply, "");
        (StatusCode::OK, json!({ "ok": true, "result": { "message_id": id } }).to_string())
    };
    under(fault, answer).await
}
