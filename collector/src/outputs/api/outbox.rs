//! What left and what waits to leave, newest first. Payloads stay inside: the ticket says the same.

use super::parameters::Parameters;
use super::view::{Page, instant};
use super::{ApiState, access, read};
use crate::http_error::HttpError;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use serde::Serialize;

/// Largest page.
const PAGE_MAX: usize = 200;

/// One message to one receiver.
#[derive(Debug, Serialize)]
pub(super) struct MessageBody {
    id: i64,
    ticket: String,
    ticket_version: u32,
    target: String,
    event: String,
    /// `pending`, `delivered` or `rejected`.
    state: String,
    created_at: String,
    attempts: u32,
    next_attempt_at: Option<String>,
    last_error: Option<String>,
    /// Who let a rejected one go, or sent it again.
    checked_by: Option<String>,
}

pub(super) async fn list(
    State(state): State<ApiState>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<Page<MessageBody>>, HttpError> {
    access::caller(&state.app, &headers)?;
    let parameters = Parameters::read(&uri, &["limit", "cursor"])?;
    let limit = parameters.limit(PAGE_MAX)?;
    let before = parameters.parsed("cursor", "a `next_cursor` of an earlier page", |text| text.parse().ok())?;
    let rows = read(&state.app, move |reader| reader.outbox(before, limit + 1)).await?;
    let zone = state.app.profile.time_zone;
    let items = rows.into_iter().map(|row| MessageBody {
        id: row.id,
        ticket: row.message.ticket.to_string(),
        ticket_version: row.message.version,
        target: row.message.target,
        event: row.message.event,
        created_at: instant(zone, row.created_at),
        attempts: row.attempts,
        next_attempt_at: (row.state == "pending").then(|| instant(zone, row.next_attempt_at)),
        state: row.state,
        last_error: row.last_error,
        checked_by: row.checked_by,
    });
    Ok(Json(Page::new(items.collect(), limit, |message: &MessageBody| message.id.to_string())))
}
