//! Backup sets against their recovery point objective.

use super::parameters::Parameters;
use super::view::{List, instant};
use super::{ApiState, access};
use crate::http_error::HttpError;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use serde::Serialize;

/// A backup set now.
#[derive(Debug, Serialize)]
pub(super) struct BackupBody {
    id: String,
    service: String,
    state: &'static str,
    data_time: Option<String>,
    /// Whether the data time is only an estimate.
    estimated: bool,
    age_s: Option<i64>,
    rpo_s: Option<u32>,
    newest: Option<String>,
    newest_bytes: Option<u64>,
    looked_at: Option<String>,
    error: Option<String>,
}

pub(super) async fn list(
    State(state): State<ApiState>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<List<BackupBody>>, HttpError> {
    access::caller(&state.app, &headers)?;
    Parameters::read(&uri, &[])?;
    let (snapshot, now) = (state.app.engine.snapshot(), state.app.clock.now());
    let zone = snapshot.profile.time_zone;
    let items = snapshot.backups.iter().map(|view| BackupBody {
        id: view.id.to_string(),
        service: view.service.to_string(),
        state: view.state.code(),
        data_time: view.data_time.map(|at| instant(zone, at)),
        estimated: view.estimated,
        age_s: view.data_time.map(|at| now.ms_since(at).div_euclid(1000)),
        rpo_s: view.rpo_seconds,
        newest: view.newest.as_ref().map(|(name, _)| name.clone()),
        newest_bytes: view.newest.as_ref().and_then(|(_, bytes)| *bytes),
        looked_at: view.looked_at.map(|at| instant(zone, at)),
        error: view.error.clone(),
    });
    Ok(Json(List { items: items.collect() }))
}
