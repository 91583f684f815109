//! `/outbox?limit=&cursor=`: what waits to leave, and what left, newest first.

use super::ApiState;
use super::access::Caller;
use super::query::Parameters;
use super::store_read::read;
use super::tickets::{PAGE_DEFAULT, PAGE_MAX};
use super::view::{local_time, maybe_time};
use crate::http_error::HttpError;
use crate::store::records::OutboxRow;
use axum::Json;
use axum::extract::State;
use chrono_tz::Tz;
use http::Uri;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct OutboxJson {
    pending: u64,
    rejected: u64,
    oldest_at: Option<String>,
    items: Vec<MessageJson>,
    /// The cursor of the next page, if there may be one.
    next: Option<String>,
}

#[derive(Debug, Serialize)]
struct MessageJson {
    id: i64,
    ticket: String,
    target: String,
    version: u32,
    event: String,
    state: String,
    created_at: String,
    attempts: u32,
    next_attempt_at: Option<String>,
    last_error: Option<String>,
}

fn message_json(row: OutboxRow, zone: Tz) -> MessageJson {
    MessageJson {
        id: row.id,
        ticket: row.message.ticket.to_string(),
        target: row.message.target,
        version: row.message.version,
        event: row.message.event,
        created_at: local_time(zone, row.created_at),
        attempts: row.attempts,
        next_attempt_at: (row.state == "pending").then(|| local_time(zone, row.next_attempt_at)),
        state: row.state,
        last_error: row.last_error,
    }
}

pub(super) async fn list(_: Caller, State(state): State<ApiState>, uri: Uri) -> Result<Json<OutboxJson>, HttpError> {
    let parameters = Parameters::read(&uri, &["limit", "cursor"])?;
    let limit = parameters.number("limit", 1..=PAGE_MAX)?.unwrap_or(PAGE_DEFAULT);
    let limit = usize::try_from(limit).unwrap_or_default();
    let before = parameters.number("cursor", 1..=i64::MAX)?;
    let (view, rows) =
        read(&state.app, move |reader| Ok((reader.outbox_view()?, reader.outbox(before, limit)?))).await?;
    let zone = state.app.profile.time_zone;
    let next = (rows.len() == limit).then(|| rows.last().map(|row| row.id.to_string())).flatten();
    Ok(Json(OutboxJson {
        pending: view.pending,
        rejected: view.rejected,
        oldest_at: maybe_time(zone, view.oldest_at),
        items: rows.into_iter().map(|row| message_json(row, zone)).collect(),
        next,
    }))
}
