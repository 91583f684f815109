//! `/backups`.

use super::ApiState;
use super::access::Caller;
use super::query::Parameters;
use super::services::Items;
use super::view::maybe_time;
use crate::http_error::HttpError;
use crate::snapshot::BackupView;
use axum::Json;
use axum::extract::State;
use chrono_tz::Tz;
use http::Uri;
use pantau_shared::timestamp::Timestamp;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct BackupJson {
    id: String,
    service: String,
    state: &'static str,
    data_time: Option<String>,
    /// Whole seconds, floored.
    age_seconds: Option<i64>,
    estimated: bool,
    newest_name: Option<String>,
    newest_size_bytes: Option<u64>,
    rpo_seconds: Option<u32>,
    looked_at: Option<String>,
    error: Option<String>,
}

fn backup_json(backup: &BackupView, zone: Tz, now: Timestamp) -> BackupJson {
    BackupJson {
        id: backup.id.to_string(),
        service: backup.service.to_string(),
        state: backup.state.code(),
        data_time: maybe_time(zone, backup.data_time),
        age_seconds: backup.data_time.map(|at| now.ms_since(at).div_euclid(1000)),
        estimated: backup.estimated,
        newest_name: backup.newest.as_ref().map(|(name, _)| name.clone()),
        newest_size_bytes: backup.newest.as_ref().and_then(|(_, size)| *size),
        rpo_seconds: backup.rpo_seconds,
        looked_at: maybe_time(zone, backup.looked_at),
        error: backup.error.clone(),
    }
}

pub(super) async fn list(
    _: Caller,
    State(state): State<ApiState>,
    uri: Uri,
) -> Result<Json<Items<BackupJson>>, HttpError> {
    Parameters::read(&uri, &[])?;
    let snapshot = state.app.engine.snapshot();
    let (zone, now) = (snapshot.profile.time_zone, state.app.clock.now());
    Ok(Json(Items { items: snapshot.backups.iter().map(|backup| backup_json(backup, zone, now)).collect() }))
}
