//! Reports: what is frozen, a month's newest report, a revision, and the freezing.
//!
//! A frozen report is answered as the very bytes that are kept: they are what its seal covers.

use super::idempotency::Answer;
use super::parameters::bad_parameter;
use super::view::{List, instant};
use super::write::Write;
use super::{ApiState, access, no_such, read};
use crate::domain::calendar::period::Period;
use crate::http_error::HttpError;
use crate::report::freeze::{self, FreezeError};
use crate::report::seal;
use crate::store::reports::FrozenReport;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Most frozen reports in one answer: twenty years of months with some revisions.
const REPORTS_MAX: usize = 500;

#[derive(Debug, Serialize)]
struct FrozenBody {
    period: String,
    revision: u32,
    frozen_at: String,
    approver: String,
    reason: String,
    sha256: String,
    key_id: String,
}

#[derive(Debug, Serialize)]
struct KeyBody {
    key_id: String,
    public_key_pem: String,
    made_at: String,
    retired_at: Option<String>,
}

/// Frozen reports, newest first, and every key that signed one.
#[derive(Debug, Serialize)]
pub(super) struct ReportsBody {
    #[serde(flatten)]
    reports: List<FrozenBody>,
    keys: Vec<KeyBody>,
}

fn frozen_body(zone: Tz, frozen: FrozenReport) -> FrozenBody {
    FrozenBody {
        period: frozen.period,
        revision: frozen.revision,
        frozen_at: instant(zone, frozen.frozen_at),
        approver: frozen.approver,
        reason: frozen.reason,
        sha256: frozen.sha256,
        key_id: frozen.key_id,
    }
}

pub(super) async fn list(
    State(state): State<ApiState>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<ReportsBody>, HttpError> {
    access::caller(&state.app, &headers)?;
    super::parameters::Parameters::read(&uri, &[])?;
    let zone = state.app.profile.time_zone;
    let (frozen, keys) =
        read(&state.app, |reader| Ok((reader.frozen_reports(REPORTS_MAX)?, reader.report_keys()?))).await?;
    let key = |key: crate::store::reports::ReportKey| KeyBody {
        public_key_pem: seal::render_pem(&key.public_key),
        key_id: key.key_id,
        made_at: instant(zone, key.made_at),
        retired_at: key.retired_at.map(|at| instant(zone, at)),
    };
    let items = frozen.into_iter().map(|frozen| frozen_body(zone, frozen)).collect();
    Ok(Json(ReportsBody { reports: List { items }, keys: keys.into_iter().map(key).collect() }))
}

fn period_of(text: &str) -> Result<Period, HttpError> {
    Period::parse(text).map_err(|error| bad_parameter("period", &format!("bad: {error}")))
}

fn as_json(body: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// The newest frozen report of a period, sealed; else the provisional document.
pub(super) async fn newest(
    State(state): State<ApiState>,
    Path(period): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, HttpError> {
    access::caller(&state.app, &headers)?;
    super::parameters::Parameters::read(&uri, &[])?;
    let parsed = period_of(&period)?;
    let (snapshot, now) = (state.app.engine.snapshot(), state.app.clock.now().floor_second());
    if parsed.interval(snapshot.rulebook.zone()).from >= now {
        return Err(no_such("report"));
    }
    let (frozen, document) = read(&state.app, move |reader| {
        let frozen = reader.frozen_body(&period, None)?;
        let made = frozen.is_none().then(|| freeze::provisional(reader, &snapshot, parsed, now));
        Ok((frozen, made.transpose()?))
    })
    .await?;
    match (frozen, document) {
        (Some(body), _) => Ok(as_json(body)),
        (None, Some(document)) => Ok(Json(document).into_response()),
        (None, None) => Err(no_such("report")),
    }
}

pub(super) async fn revision(
    State(state): State<ApiState>,
    Path((period, revision)): Path<(String, String)>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, HttpError> {
    access::caller(&state.app, &headers)?;
    super::parameters::Parameters::read(&uri, &[])?;
    period_of(&period)?;
    let number: u32 = revision.parse().map_err(|_| no_such("revision"))?;
    let body = read(&state.app, move |reader| reader.frozen_body(&period, Some(number))).await?;
    body.map(as_json).ok_or_else(|| no_such("revision"))
}

/// What a person says when freezing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FreezeBody {
    /// Needed from the second revision on.
    #[serde(default)]
    alasan: String,
}

pub(super) async fn freeze(Path(period): Path<String>, write: Write) -> Result<Response, HttpError> {
    access::approves(&write.caller)?;
    let body: FreezeBody = write.parsed()?;
    let period = period_of(&period)?;
    let (store, snapshot, now) =
        (write.state.app.store.clone(), write.state.app.engine.snapshot(), write.state.app.clock.now());
    let approval = (write.actor(), body.alasan);
    let work = async move { answer(freeze::freeze(&store, snapshot, period, approval, now).await) };
    write.once(work).await
}

fn answer(frozen: Result<seal::SealedReport, FreezeError>) -> Answer {
    let sealed = frozen.map_err(|error| refusal(&error))?;
    let head = &sealed.report.head;
    let body = json!({
        "period": head.period,
        "revision": head.revision,
        "sha256": sealed.seal.sha256,
        "key_id": sealed.seal.key_id,
    });
    Ok((StatusCode::CREATED, body))
}

fn refusal(error: &FreezeError) -> HttpError {
    let (status, code) = match error {
        FreezeError::NoMonth => (StatusCode::UNPROCESSABLE_ENTITY, "no_month"),
        FreezeError::TooEarly(_) => (StatusCode::CONFLICT, "provisional"),
        FreezeError::ReasonMissing => (StatusCode::UNPROCESSABLE_ENTITY, "reason_missing"),
        FreezeError::ReasonTooLong => (StatusCode::UNPROCESSABLE_ENTITY, "bad_text"),
        FreezeError::Unchanged => (StatusCode::CONFLICT, "unchanged"),
        FreezeError::Seal(_) | FreezeError::Store(_) | FreezeError::Damaged(_) | FreezeError::Interrupted => {
            return HttpError::internal(error);
        }
    };
    HttpError::new(status, code, error.to_string())
}
