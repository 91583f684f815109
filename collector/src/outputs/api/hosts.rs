//! `/hosts`, `/hosts/{id}`.

use super::ApiState;
use super::access::Caller;
use super::query::Parameters;
use super::services::Items;
use super::view::{local_time, maybe_time, no_such};
use crate::domain::rate;
use crate::http_error::HttpError;
use crate::snapshot::{HostView, Snapshot};
use axum::Json;
use axum::extract::{Path, State};
use http::Uri;
use serde::Serialize;
use std::sync::Arc;

#[derive(Debug, Serialize)]
pub(super) struct HostJson {
    id: String,
    name: String,
    joined_at: String,
    last_seen_at: Option<String>,
    silent: bool,
    system: Option<SystemJson>,
    sample_at: Option<String>,
    cpu_permille: Option<u32>,
    memory_permille: Option<u32>,
    network_in_bytes_per_second: Option<u64>,
    network_out_bytes_per_second: Option<u64>,
    load_centi: Option<[Option<u32>; 3]>,
    filesystems: Vec<FilesystemJson>,
    services: Vec<String>,
    observations_accepted: u64,
    observations_lost: u64,
}

/// What the agent said of its machine at its last start.
#[derive(Debug, Serialize)]
struct SystemJson {
    agent_version: String,
    hostname: String,
    os: String,
    kernel: String,
    architecture: String,
    cpus: u32,
}

#[derive(Debug, Serialize)]
struct FilesystemJson {
    mount: String,
    device: String,
    kind: String,
    size_bytes: Option<u64>,
    available_bytes: Option<u64>,
    used_permille: Option<u32>,
    read_only: Option<bool>,
}

fn host_json(host: &HostView, snapshot: &Snapshot) -> HostJson {
    let zone = snapshot.profile.time_zone;
    let sample = host.sample.as_ref().map(|(_, sample)| sample.as_ref());
    let network = host.rates.network_bytes_per_second;
    let filesystem = |filesystem: &pantau_shared::sample::Filesystem| FilesystemJson {
        mount: filesystem.mount_point.clone(),
        device: filesystem.device.clone(),
        kind: filesystem.kind.clone(),
        size_bytes: filesystem.size_bytes,
        available_bytes: filesystem.available_bytes,
        used_permille: rate::storage_permille(filesystem),
        read_only: filesystem.read_only,
    };
    HostJson {
        id: host.id.to_string(),
        name: host.name.clone(),
        joined_at: local_time(zone, host.joined_at),
        last_seen_at: maybe_time(zone, host.last_seen_at),
        silent: host.silent,
        system: host.started.as_ref().map(|started| SystemJson {
            agent_version: started.agent_version.clone(),
            hostname: started.hostname.clone(),
            os: started.os.clone(),
            kernel: started.kernel.clone(),
            architecture: started.architecture.clone(),
            cpus: started.cpus,
        }),
        sample_at: maybe_time(zone, host.sample.as_ref().map(|(at, _)| *at)),
        cpu_permille: host.rates.cpu_permille,
        memory_permille: host.rates.memory_permille,
        network_in_bytes_per_second: network.map(|(received, _)| received),
        network_out_bytes_per_second: network.map(|(_, sent)| sent),
        load_centi: sample
            .and_then(|sample| sample.load)
            .map(|load| [load.one_centi, load.five_centi, load.fifteen_centi]),
        filesystems: sample.map(|sample| sample.filesystems.iter().map(filesystem).collect()).unwrap_or_default(),
        services: snapshot.catalogue.services_on(&host.id).map(|service| service.id.to_string()).collect(),
        observations_accepted: host.observations_accepted,
        observations_lost: host.lost_observations,
    }
}

/// The enrolled host of that name.
pub(super) fn find<'a>(snapshot: &'a Snapshot, id: &str) -> Result<&'a Arc<HostView>, HttpError> {
    snapshot.hosts.iter().find(|host| host.id.as_str() == id).ok_or_else(|| no_such("host", id))
}

pub(super) async fn list(
    _: Caller,
    State(state): State<ApiState>,
    uri: Uri,
) -> Result<Json<Items<HostJson>>, HttpError> {
    Parameters::read(&uri, &[])?;
    let snapshot = state.app.engine.snapshot();
    Ok(Json(Items { items: snapshot.hosts.iter().map(|host| host_json(host, &snapshot)).collect() }))
}

pub(super) async fn one(
    _: Caller,
    State(state): State<ApiState>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Json<HostJson>, HttpError> {
    Parameters::read(&uri, &[])?;
    let snapshot = state.app.engine.snapshot();
    Ok(Json(host_json(find(&snapshot, &id)?, &snapshot)))
}
