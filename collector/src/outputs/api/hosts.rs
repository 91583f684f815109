//! Hosts: the list and one of them.

use super::parameters::Parameters;
use super::view::{List, instant};
use super::{ApiState, access, no_such};
use crate::app::App;
use crate::http_error::HttpError;
use crate::snapshot::HostView;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use chrono_tz::Tz;
use pantau_shared::ids::HostId;
use serde::Serialize;

/// An enrolled host now. Shares in permille, rates per second.
#[derive(Debug, Serialize)]
pub(super) struct HostBody {
    id: String,
    name: String,
    joined_at: String,
    last_seen_at: Option<String>,
    silent: bool,
    agent_version: Option<String>,
    os: Option<String>,
    kernel: Option<String>,
    cpus: Option<u32>,
    sampled_at: Option<String>,
    cpu_permille: Option<u32>,
    memory_permille: Option<u32>,
    storage_permille: Option<u32>,
    storage_mount_point: Option<String>,
    network_in_bytes_per_second: Option<u64>,
    network_out_bytes_per_second: Option<u64>,
    observations_accepted: u64,
    observations_lost: u64,
}

fn body(zone: Tz, view: &HostView) -> HostBody {
    let (started, rates) = (view.started.as_ref(), &view.rates);
    let storage = rates.storage_permille.as_ref();
    HostBody {
        id: view.id.to_string(),
        name: view.name.clone(),
        joined_at: instant(zone, view.joined_at),
        last_seen_at: view.last_seen_at.map(|at| instant(zone, at)),
        silent: view.silent,
        agent_version: started.map(|started| started.agent_version.clone()),
        os: started.map(|started| started.os.clone()),
        kernel: started.map(|started| started.kernel.clone()),
        cpus: started.map(|started| started.cpus),
        sampled_at: view.sample.as_ref().map(|(at, _)| instant(zone, *at)),
        cpu_permille: rates.cpu_permille,
        memory_permille: rates.memory_permille,
        storage_permille: storage.map(|(_, permille)| *permille),
        storage_mount_point: storage.map(|(mount, _)| mount.to_string()),
        network_in_bytes_per_second: rates.network_bytes_per_second.map(|(received, _)| received),
        network_out_bytes_per_second: rates.network_bytes_per_second.map(|(_, sent)| sent),
        observations_accepted: view.observations_accepted,
        observations_lost: view.lost_observations,
    }
}

/// The enrolled host of a path.
///
/// # Errors
/// 404.
pub(super) fn known_host(app: &App, id: &str) -> Result<HostId, HttpError> {
    let snapshot = app.engine.snapshot();
    let found = snapshot.hosts.iter().find(|view| view.id.as_str() == id);
    found.map(|view| view.id.clone()).ok_or_else(|| no_such("host"))
}

pub(super) async fn list(
    State(state): State<ApiState>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<List<HostBody>>, HttpError> {
    access::caller(&state.app, &headers)?;
    Parameters::read(&uri, &[])?;
    let snapshot = state.app.engine.snapshot();
    let zone = snapshot.profile.time_zone;
    Ok(Json(List { items: snapshot.hosts.iter().map(|view| body(zone, view)).collect() }))
}

pub(super) async fn one(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<HostBody>, HttpError> {
    access::caller(&state.app, &headers)?;
    Parameters::read(&uri, &[])?;
    let snapshot = state.app.engine.snapshot();
    let view = snapshot.hosts.iter().find(|view| view.id.as_str() == id).ok_or_else(|| no_such("host"))?;
    Ok(Json(body(snapshot.profile.time_zone, view)))
}
