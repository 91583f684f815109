//! What views share: instants in the office's zone, figures, 404.

use crate::domain::availability::{Counts, Figures};
use crate::http_error::HttpError;
use chrono_tz::Tz;
use http::StatusCode;
use serde::Serialize;

pub(super) use crate::ticket_form::local_time;

/// Whole seconds of agreed time by what they count as.
#[derive(Debug, Serialize)]
pub(super) struct CountsView {
    up_seconds: u64,
    degraded_seconds: u64,
    down_seconds: u64,
    unknown_seconds: u64,
    excluded_seconds: u64,
    availability_ppm: Option<u32>,
}

impl From<&Counts> for CountsView {
    fn from(counts: &Counts) -> Self {
        Self {
            up_seconds: counts.up_s,
            degraded_seconds: counts.degraded_s,
            down_seconds: counts.down_s,
            unknown_seconds: counts.unknown_s,
            excluded_seconds: counts.excluded_s,
            availability_ppm: counts.availability_ppm(),
        }
    }
}

/// All figures; `null` is "no value".
#[derive(Debug, Serialize)]
pub(super) struct FiguresView {
    agreed_seconds: u64,
    #[serde(flatten)]
    counts: CountsView,
    availability_min_ppm: Option<u32>,
    availability_max_ppm: Option<u32>,
    coverage_ppm: Option<u32>,
    outage_count: u64,
    longest_outage_seconds: u64,
    mtrs_seconds: Option<u64>,
    mtbf_seconds: Option<u64>,
    target_ppm: Option<u32>,
    target_changed: bool,
    budget_seconds: Option<i64>,
    budget_left_seconds: Option<i64>,
    verdict: &'static str,
}

impl From<&Figures> for FiguresView {
    fn from(figures: &Figures) -> Self {
        Self {
            agreed_seconds: figures.agreed_s,
            counts: (&figures.counts).into(),
            availability_min_ppm: figures.availability_min_ppm,
            availability_max_ppm: figures.availability_max_ppm,
            coverage_ppm: figures.coverage_ppm,
            outage_count: figures.outages,
            longest_outage_seconds: figures.longest_outage_s,
            mtrs_seconds: figures.mtrs_s,
            mtbf_seconds: figures.mtbf_s,
            target_ppm: figures.target_ppm,
            target_changed: figures.target_changed,
            budget_seconds: figures.budget_s,
            budget_left_seconds: figures.budget_left_s,
            verdict: figures.verdict.code(),
        }
    }
}

/// An instant that may be missing.
pub(super) fn maybe_time(zone: Tz, at: Option<pantau_shared::timestamp::Timestamp>) -> Option<String> {
    at.map(|at| local_time(zone, at))
}

/// 404 for a thing of that kind.
pub(super) fn no_such(kind: &str, id: &str) -> HttpError {
    let id: String = id.chars().take(80).collect();
    HttpError::new(StatusCode::NOT_FOUND, "not_found", format!("there is no {kind} `{id}`"))
}
