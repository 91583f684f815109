//! `POST /tickets` and `POST /tickets/{number}/actions`. What is legal the engine decides; its refusal is told by name.

use super::ApiState;
use super::access::Author;
use super::idempotency::{Answer, WriteRequest};
use super::query::Parameters;
use super::tickets::form;
use super::view::no_such;
use crate::domain::catalogue::ServiceId;
use crate::domain::profile::Impact;
use crate::domain::ticket::{Ticket, TicketAction, TicketNumber, TicketRefusal};
use crate::engine::{CommandError, ManualTicket};
use crate::http_error::HttpError;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode, Uri};
use pantau_shared::timestamp::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

/// A disturbance that somebody reports.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TicketRequest {
    pelapor: String,
    metode_pelaporan: String,
    kategori: String,
    gejala: String,
    dampak: String,
    layanan: String,
}

/// What is to be done to a ticket.
#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
enum ActionRequest {
    // Braces, so that unknown fields are refused here too.
    Acknowledge {},
    Comment {
        text: String,
    },
    Estimate {
        /// RFC 3339.
        at: String,
    },
    Escalate {
        reason: String,
    },
    Cause {
        text: String,
        category: Option<String>,
    },
    Confirm {
        method: String,
    },
    Close {},
    Cancel {
        reason: String,
        #[serde(default)]
        false_alarm: bool,
    },
}

impl ActionRequest {
    fn parse(self) -> Result<TicketAction, HttpError> {
        Ok(match self {
            Self::Acknowledge {} => TicketAction::Acknowledge,
            Self::Comment { text } => TicketAction::Comment(text),
            Self::Estimate { at } => {
                let parsed = Timestamp::parse_rfc3339(&at);
                TicketAction::Estimate(parsed.map_err(|_| invalid("`at` must be RFC 3339 with an offset"))?)
            }
            Self::Escalate { reason } => TicketAction::Escalate(reason),
            Self::Cause { text, category } => TicketAction::Cause { text, category },
            Self::Confirm { method } => TicketAction::Confirm { method },
            Self::Close {} => TicketAction::Close,
            Self::Cancel { reason, false_alarm } => TicketAction::Cancel { reason, false_alarm },
        })
    }
}

impl TicketRequest {
    fn parse(self) -> Result<ManualTicket, HttpError> {
        let impact = Impact::ALL.into_iter().find(|impact| impact.code() == self.dampak);
        Ok(ManualTicket {
            reporter: self.pelapor,
            reporting_method: self.metode_pelaporan,
            symptom: self.gejala,
            impact: impact.ok_or_else(|| invalid("`dampak` must be `mayor` or `minor`"))?,
            service: ServiceId::parse(&self.layanan).map_err(|error| invalid(format!("`layanan`: {error}")))?,
            category: self.kategori,
        })
    }
}

/// 422: well-formed, but not a value we take.
fn invalid(message: impl Into<String>) -> HttpError {
    HttpError::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message)
}

/// The bytes of a body within its bound.
fn body(bytes: Result<Bytes, BytesRejection>) -> Result<Bytes, HttpError> {
    bytes.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let message = format!("a body has at most {} bytes", super::BODY_BYTES_MAX);
            HttpError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
        }
        _ => HttpError::new(StatusCode::BAD_REQUEST, "malformed", "the body broke off"),
    })
}

fn json_of<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, HttpError> {
    serde_json::from_slice(bytes)
        .map_err(|error| HttpError::new(StatusCode::BAD_REQUEST, "malformed", format!("the body: {error}")))
}

fn refused(refusal: &TicketRefusal) -> HttpError {
    let (status, code) = match refusal {
        TicketRefusal::IllegalTransition { .. } => (StatusCode::CONFLICT, "illegal_transition"),
        TicketRefusal::CauseMissing => (StatusCode::CONFLICT, "cause_missing"),
        TicketRefusal::BadText { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "bad_text"),
        TicketRefusal::EstimateInPast => (StatusCode::UNPROCESSABLE_ENTITY, "estimate_in_past"),
        TicketRefusal::UnknownCode { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "unknown_code"),
    };
    HttpError::new(status, code, refusal.to_string())
}

fn command_failed(error: &CommandError) -> HttpError {
    match error {
        CommandError::NoSuchTicket(number) => no_such("ticket", &number.to_string()),
        CommandError::NoSuchService(_) => {
            HttpError::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown_service", error.to_string())
        }
        CommandError::AlreadyOpen(number) => HttpError::new(StatusCode::CONFLICT, "already_open", error.to_string())
            .with_detail(json!({ "nomor": number.to_string() })),
        CommandError::Refused(refusal) => refused(refusal),
        CommandError::Stopped => {
            HttpError::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", error.to_string()).retry_after(5)
        }
        CommandError::Store(_) => HttpError::internal(error),
    }
}

fn answer(state: &ApiState, status: StatusCode, done: Result<Ticket, CommandError>) -> Answer {
    let ticket = done.map_err(|error| command_failed(&error))?;
    let body = serde_json::to_value(form(&ticket, &state.app.profile)).map_err(|error| HttpError::internal(&error))?;
    Ok((status, body))
}

pub(super) async fn open(
    author: Author,
    State(state): State<ApiState>,
    uri: Uri,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, HttpError> {
    Parameters::read(&uri, &[])?;
    let bytes = body(bytes)?;
    let ticket = json_of::<TicketRequest>(&bytes)?.parse()?;
    let now = state.app.clock.now();
    let request = WriteRequest { caller: &author.name, headers: &headers, path: uri.path(), body: &bytes, now };
    let (inner, actor) = (state.clone(), author.name.clone());
    let work = async move { answer(&inner, StatusCode::CREATED, inner.app.engine.open_ticket(ticket, actor).await) };
    state.answers.once(request, work).await
}

pub(super) async fn act(
    author: Author,
    State(state): State<ApiState>,
    Path(number): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, HttpError> {
    Parameters::read(&uri, &[])?;
    let bytes = body(bytes)?;
    let number = TicketNumber::parse(&number).ok_or_else(|| no_such("ticket", &number))?;
    let action = json_of::<ActionRequest>(&bytes)?.parse()?;
    let now = state.app.clock.now();
    let request = WriteRequest { caller: &author.name, headers: &headers, path: uri.path(), body: &bytes, now };
    let (inner, actor) = (state.clone(), author.name.clone());
    let work =
        async move { answer(&inner, StatusCode::OK, inner.app.engine.act_on_ticket(number, action, actor).await) };
    state.answers.once(request, work).await
}
