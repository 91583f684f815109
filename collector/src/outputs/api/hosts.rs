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
use pantau_shared::timestamp::Timestamp;
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
    /// Failed units of systemd that count, each with the first reading since which it has been failed.
    failed_units: Vec<SinceBody>,
    /// By its own timekeeping; `null` where it is not told.
    clock_synchronized: Option<bool>,
    /// Ahead of the collector's clock, negative behind, where that was ever off.
    clock_skew_ms: Option<i64>,
    /// File systems that will be full soon by their growth, each with when.
    filling: Vec<SinceBody>,
    observations_accepted: u64,
    observations_lost: u64,
}

/// A named part of a host with the moment that is told of it.
#[derive(Debug, Serialize)]
struct SinceBody {
    name: String,
    at: String,
}

fn body(zone: Tz, view: &HostView) -> HostBody {
    let (started, rates) = (view.started.as_ref(), &view.rates);
    let storage = rates.storage_permille.as_ref();
    let timekeeping = view.sample.as_ref().and_then(|(_, sample)| sample.timekeeping);
    let since = |zone, parts: &[(String, Timestamp)]| {
        let body = |(name, at): &(String, Timestamp)| SinceBody { name: name.clone(), at: instant(zone, *at) };
        parts.iter().map(body).collect()
    };
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
        failed_units: since(zone, &view.wellbeing.failed_units),
        clock_synchronized: timekeeping.and_then(|timekeeping| timekeeping.synchronized),
        clock_skew_ms: view.wellbeing.clock.map(|seen| seen.skew_ms),
        filling: since(zone, &view.wellbeing.full_at),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outputs::web::tests::site;

    #[test]
    fn what_is_wrong_with_a_host_is_told_and_of_others_nothing() {
        let (snapshot, zone) = (site::snapshot(), chrono_tz::Asia::Jakarta);
        let told = |id: &str| {
            let view = snapshot.hosts.iter().find(|view| view.id.as_str() == id).expect("a host");
            serde_json::to_value(body(zone, view)).expect("serializes")
        };
        let (ill, well) = (told("db-01"), told("app-01"));
        assert_eq!(ill["failed_units"][0]["name"], "certbot.service");
        assert!(ill["failed_units"][0]["at"].as_str().is_some_and(|at| at.ends_with("+07:00")), "{ill}");
        assert_eq!((&ill["clock_skew_ms"], &ill["filling"][0]["name"]), (&(-84_000).into(), &"/var".into()));
        assert_eq!((&well["failed_units"], &well["clock_skew_ms"]), (&serde_json::json!([]), &serde_json::Value::Null));
    }
}
