//! Reviews of disturbances, and records of problems: read, opened, carried on.

use super::idempotency::Answer;
use super::maintenance::number;
use super::parameters::{Parameters, bad_parameter};
use super::ticket_writes::unprocessable;
use super::view::{List, instant};
use super::write::Write;
use super::{ApiState, access, no_such, read};
use crate::domain::calendar::period::Period;
use crate::domain::catalogue::ServiceId;
use crate::domain::problem::{Problem, ProblemEdit, ProblemRefusal, ProblemState};
use crate::domain::register::Signature;
use crate::domain::ticket::TicketNumber;
use crate::http_error::HttpError;
use crate::review::build::{self, PROBLEMS_MAX, Site};
use crate::review::document::Review;
use crate::review::problems::{self, NewProblem, ProblemError};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

pub(super) async fn review(
    State(state): State<ApiState>,
    Path(period): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<Review>, HttpError> {
    access::caller(&state.app, &headers)?;
    Parameters::read(&uri, &[])?;
    let period = Period::parse(&period).map_err(|error| bad_parameter("period", &format!("bad: {error}")))?;
    let (site, now) = (state.app.engine.snapshot(), state.app.clock.now().floor_second());
    if period.interval(site.profile.time_zone).from > now {
        return Err(no_such("review"));
    }
    let load = move |reader: &crate::store::Reader| {
        build::load(reader, &Site { profile: &site.profile, catalogue: &site.catalogue, period, now })
    };
    Ok(Json(read(&state.app, load).await?))
}

/// A record as it is told.
#[derive(Debug, Serialize)]
pub(super) struct ProblemBody {
    number: u32,
    version: u32,
    state: &'static str,
    service: String,
    cause: String,
    evidence: Vec<String>,
    action: String,
    owner: String,
    due: Option<String>,
    verification: String,
    opened_by: String,
    opened_at: String,
    changed_by: String,
    changed_at: String,
}

fn body(zone: Tz, problem: &Problem) -> ProblemBody {
    ProblemBody {
        number: problem.number,
        version: problem.version,
        state: problem.state.code(),
        service: problem.service.to_string(),
        cause: problem.cause.clone(),
        evidence: problem.evidence.iter().map(ToString::to_string).collect(),
        action: problem.action.clone(),
        owner: problem.owner.clone(),
        due: problem.due.map(|date| date.to_string()),
        verification: problem.verification.clone(),
        opened_by: problem.opened.by.clone(),
        opened_at: instant(zone, problem.opened.at),
        changed_by: problem.changed.by.clone(),
        changed_at: instant(zone, problem.changed.at),
    }
}

pub(super) async fn list(
    State(state): State<ApiState>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<List<ProblemBody>>, HttpError> {
    access::caller(&state.app, &headers)?;
    let parameters = Parameters::read(&uri, &["state"])?;
    let known = ProblemState::ALL.map(ProblemState::code).join(", ");
    let wanted = parameters.parsed("state", &format!("one of {known}"), ProblemState::parse)?;
    let zone = state.app.profile.time_zone;
    let problems = read(&state.app, |reader| reader.problems(PROBLEMS_MAX)).await?;
    let items = problems.iter().filter(|problem| wanted.is_none_or(|state| problem.state == state));
    Ok(Json(List { items: items.map(|problem| body(zone, problem)).collect() }))
}

pub(super) async fn one(
    State(state): State<ApiState>,
    Path(asked): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<ProblemBody>, HttpError> {
    access::caller(&state.app, &headers)?;
    Parameters::read(&uri, &[])?;
    let number = number(&asked).ok_or_else(|| no_such("problem"))?;
    let problem = read(&state.app, move |reader| reader.problem(number)).await?;
    let zone = state.app.profile.time_zone;
    problem.map(|problem| Json(body(zone, &problem))).ok_or_else(|| no_such("problem"))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenBody {
    service: String,
    cause: String,
    /// Numbers of tickets that show it.
    evidence: Vec<String>,
}

/// The record as it is to be: what is left out becomes empty.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EditBody {
    /// Refused where the record is not at this version any more.
    version: Option<u32>,
    state: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    owner: String,
    /// `YYYY-MM-DD`.
    due: Option<String>,
    #[serde(default)]
    verification: String,
}

fn refusal(error: &ProblemError) -> HttpError {
    let refusal = match error {
        ProblemError::Refused(refusal) => refusal,
        ProblemError::Store(_) => return HttpError::internal(error),
    };
    let status = match refusal {
        ProblemRefusal::NoSuchProblem => return no_such("problem"),
        ProblemRefusal::AlreadyOpen(_) | ProblemRefusal::Outdated | ProblemRefusal::IllegalStep { .. } => {
            StatusCode::CONFLICT
        }
        ProblemRefusal::BadText { .. } | ProblemRefusal::NoEvidence => StatusCode::UNPROCESSABLE_ENTITY,
    };
    HttpError::new(status, refusal.code(), refusal.to_string())
}

fn answer(zone: Tz, status: StatusCode, kept: Result<Problem, ProblemError>) -> Answer {
    let problem = kept.map_err(|error| refusal(&error))?;
    let body = serde_json::to_value(body(zone, &problem)).map_err(|error| HttpError::internal(&error))?;
    Ok((status, body))
}

fn sign(write: &Write) -> Signature {
    Signature { by: write.actor(), at: write.state.app.clock.now().floor_second() }
}

pub(super) async fn open(write: Write) -> Result<Response, HttpError> {
    let given = write.parsed::<OpenBody>()?;
    let service = ServiceId::parse(&given.service);
    let service =
        service.map_err(|error| unprocessable("unknown_scope", format!("a service is no identifier: {error}")))?;
    let evidence: Option<Vec<TicketNumber>> = given.evidence.iter().map(|text| TicketNumber::parse(text)).collect();
    let evidence = evidence.ok_or_else(|| unprocessable("bad_number", "`evidence` lists ticket numbers".to_owned()))?;
    let new = NewProblem { service, cause: given.cause, evidence };
    let (app, sign) = (write.state.app.clone(), sign(&write));
    let work = async move {
        let opened = problems::open(&app.store, new, sign).await;
        answer(app.profile.time_zone, StatusCode::CREATED, opened)
    };
    write.once(work).await
}

pub(super) async fn edit(Path(asked): Path<String>, write: Write) -> Result<Response, HttpError> {
    let number = number(&asked).ok_or_else(|| no_such("problem"))?;
    let given = write.parsed::<EditBody>()?;
    let state = ProblemState::parse(&given.state).ok_or_else(|| {
        let known = ProblemState::ALL.map(ProblemState::code).join(", ");
        unprocessable("unknown_code", format!("`state` is none of {known}"))
    })?;
    let due = given.due.map(|text| text.parse::<NaiveDate>()).transpose();
    let due = due.map_err(|_| unprocessable("bad_date", "`due` is not YYYY-MM-DD".to_owned()))?;
    let edit = ProblemEdit { state, action: given.action, owner: given.owner, due, verification: given.verification };
    let (app, sign, version) = (write.state.app.clone(), sign(&write), given.version);
    let work = async move {
        let kept = problems::edit(&app.store, number, version, edit, sign).await;
        answer(app.profile.time_zone, StatusCode::OK, kept)
    };
    write.once(work).await
}
