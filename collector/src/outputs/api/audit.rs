//! The audit trail by pages, newest first: for programs and administrators.

use super::maintenance::PAGE_MAX;
use super::parameters::Parameters;
use super::view::{Page, instant};
use super::{ApiState, access, read};
use crate::domain::ticket::Actor;
use crate::http_error::HttpError;
use crate::store::audit::AuditRecord;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use chrono_tz::Tz;
use serde::Serialize;
use serde_json::Value;

/// An entry.
#[derive(Debug, Serialize)]
pub(super) struct AuditBody {
    seq: u64,
    at: String,
    /// `null` is the monitoring system.
    actor: Option<String>,
    action: String,
    subject: String,
    detail: Value,
    prev_hash: String,
    hash: String,
}

fn body(zone: Tz, record: &AuditRecord) -> AuditBody {
    AuditBody {
        seq: record.seq,
        at: instant(zone, record.at),
        actor: match &record.actor {
            Actor::System => None,
            Actor::Person(name) => Some(name.clone()),
        },
        action: record.action.clone(),
        subject: record.subject.clone(),
        detail: serde_json::from_str(&record.detail).unwrap_or(Value::Null),
        prev_hash: hex::encode(record.prev_hash),
        hash: hex::encode(record.hash),
    }
}

pub(super) async fn list(
    State(state): State<ApiState>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<Page<AuditBody>>, HttpError> {
    access::administrator(&state.app, &headers)?;
    let parameters = Parameters::read(&uri, &["limit", "cursor"])?;
    let limit = parameters.limit(PAGE_MAX)?;
    let before = parameters.parsed("cursor", "a `next_cursor` of an earlier page", |text| text.parse::<u64>().ok())?;
    let entries = read(&state.app, move |reader| reader.audit(before, limit + 1)).await?;
    let items = entries.iter().map(|record| body(state.app.profile.time_zone, record)).collect();
    Ok(Json(Page::new(items, limit, |entry: &AuditBody| entry.seq.to_string())))
}
