//! What the engine could not do, as the API's errors.

use super::no_such;
use crate::domain::ticket::TicketRefusal;
use crate::engine::CommandError;
use crate::http_error::HttpError;
use axum::http::StatusCode;
use serde_json::json;

/// The answer to a command that was not carried out.
pub(super) fn of_command(error: &CommandError) -> HttpError {
    match error {
        CommandError::NoSuchTicket(_) => no_such("ticket"),
        CommandError::NoSuchSet(_) => no_such("backup set"),
        CommandError::EntryRefused(refusal) => {
            HttpError::new(StatusCode::UNPROCESSABLE_ENTITY, "entry_refused", refusal.to_string())
        }
        CommandError::NoSuchService(_) => {
            HttpError::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown_service", error.to_string())
        }
        CommandError::AlreadyOpen(number) => HttpError::new(StatusCode::CONFLICT, "already_open", error.to_string())
            .with_detail(json!({ "nomor": number.to_string() })),
        CommandError::Refused(refusal) => of_refusal(refusal),
        CommandError::Stopped => {
            HttpError::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", error.to_string()).retry_after(5)
        }
        CommandError::Store(_) => HttpError::internal(error),
    }
}

fn of_refusal(refusal: &TicketRefusal) -> HttpError {
    let (status, code) = match refusal {
        TicketRefusal::IllegalTransition { .. } => (StatusCode::CONFLICT, "illegal_transition"),
        TicketRefusal::CauseMissing => (StatusCode::CONFLICT, "cause_missing"),
        TicketRefusal::BadText { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "bad_text"),
        TicketRefusal::EstimateInPast => (StatusCode::UNPROCESSABLE_ENTITY, "estimate_in_past"),
        TicketRefusal::UnknownCode { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "unknown_code"),
    };
    HttpError::new(status, code, refusal.to_string())
}
