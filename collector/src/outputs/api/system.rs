//! The collector itself: disk, store, writer, growth and the room the site needs. What the system page shows.

use super::parameters::Parameters;
use super::view::instant;
use super::{ApiState, access};
use crate::domain::sizing::Kind;
use crate::http_error::HttpError;
use crate::system::{self, Fit, System};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use chrono_tz::Tz;
use serde::Serialize;
use std::collections::BTreeMap;

/// The collector's own state. Sizes in bytes.
#[derive(Debug, Serialize)]
pub(super) struct SystemBody {
    version: &'static str,
    started_at: String,
    store_file: String,
    read_only: Option<ReadOnlyBody>,
    batches_refused_full: u64,
    store_size_bytes: Option<u64>,
    store_free_bytes: Option<u64>,
    store_log_bytes: Option<u64>,
    disk_size_bytes: Option<u64>,
    disk_free_bytes: Option<u64>,
    reserve_bytes: u64,
    growth_day_bytes: Option<i64>,
    growth_week_bytes: Option<i64>,
    full_at: Option<String>,
    writer_queue: usize,
    commits: u64,
    commit_requests: u64,
    commit_microseconds: u64,
    need: NeedBody,
}

#[derive(Debug, Serialize)]
struct ReadOnlyBody {
    /// `low_space` or `write_failed`.
    cause: &'static str,
    since: String,
}

/// What the site will need by its catalogue and hosts.
#[derive(Debug, Serialize)]
struct NeedBody {
    hosts: u32,
    series_per_host: u32,
    sample_period_ms: u32,
    probe_answers_per_day: u64,
    raw_days: u32,
    five_minute_days: u32,
    one_hour_days: u32,
    size_max_bytes: Option<u64>,
    /// Days after which the disk is full; `null` when it fits, or is not known.
    full_after_days: Option<u32>,
    estimates: Vec<EstimateBody>,
}

#[derive(Debug, Serialize)]
struct EstimateBody {
    days: u32,
    total_bytes: u64,
    bytes: BTreeMap<&'static str, u64>,
}

fn body(zone: Tz, system: &System) -> SystemBody {
    let (space, size) = (&system.space, system.space.size);
    let (commits, commit_requests, commit_microseconds) = system.writer;
    SystemBody {
        version: env!("CARGO_PKG_VERSION"),
        started_at: instant(zone, system.started_at),
        store_file: system.file.display().to_string(),
        read_only: space
            .read_only
            .map(|closed| ReadOnlyBody { cause: closed.cause.code(), since: instant(zone, closed.since) }),
        batches_refused_full: space.refused,
        store_size_bytes: size.map(|size| size.file_bytes),
        store_free_bytes: size.map(|size| size.free_bytes),
        store_log_bytes: size.map(|size| size.log_bytes),
        disk_size_bytes: space.disk.map(|disk| disk.size_bytes),
        disk_free_bytes: space.disk.map(|disk| disk.free_bytes),
        reserve_bytes: space.reserve_bytes,
        growth_day_bytes: system.grown(24).map(|(bytes, _)| bytes),
        growth_week_bytes: system.grown(168).map(|(bytes, _)| bytes),
        full_at: system.full_at().map(|at| instant(zone, at)),
        writer_queue: system.queued,
        commits,
        commit_requests,
        commit_microseconds,
        need: need(system),
    }
}

fn need(system: &System) -> NeedBody {
    let (load, keep) = (&system.load, &system.space.keep);
    let estimates = system::estimates(load, keep);
    NeedBody {
        hosts: load.hosts,
        series_per_host: load.series,
        sample_period_ms: load.period_ms,
        probe_answers_per_day: load.answers_per_day,
        raw_days: keep.raw_days,
        five_minute_days: keep.five_minute_days,
        one_hour_days: keep.one_hour_days,
        size_max_bytes: keep.bytes_max,
        full_after_days: match system.fit(load, keep) {
            Fit::FullAfter(days) => Some(days),
            Fit::Fits | Fit::Unknown => None,
        },
        estimates: estimates
            .iter()
            .map(|estimate| EstimateBody {
                days: estimate.days,
                total_bytes: estimate.total(),
                bytes: Kind::ALL.into_iter().map(|kind| (kind.code(), estimate.of(kind))).collect(),
            })
            .collect(),
    }
}

pub(super) async fn one(
    State(state): State<ApiState>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<SystemBody>, HttpError> {
    access::administrator(&state.app, &headers)?;
    Parameters::read(&uri, &[])?;
    let (app, snapshot) = (state.app.clone(), state.app.engine.snapshot());
    let loaded = tokio::task::spawn_blocking(move || system::load(&app, &snapshot)).await;
    let system = loaded.map_err(|error| HttpError::internal(&error))?.map_err(|error| HttpError::internal(&error))?;
    Ok(Json(body(state.app.profile.time_zone, &system)))
}
