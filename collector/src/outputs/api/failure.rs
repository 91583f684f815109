//! What the engine could not do, as the API's errors.

use super::no_such;
use crate::domain::register::RegisterRefusal;
use crate::domain::ticket::TicketRefusal;
use crate::engine::CommandError;
use crate::http_error::HttpError;
use axum::http::StatusCode;

/// The answer to a command that was not carried out.
pub(super) fn of_command(error: &CommandError) -> HttpError {
    match error {
        CommandError::NoSuchTicket(_) => no_such("ticket"),
        CommandError::NoSuchMaintenance(_) => no_such("maintenance"),
        CommandError::NoSuchCorrection(_) => no_such("correction"),
        CommandError::NotRecorded(refusal) => of_register(refusal),
        CommandError::NoSuchSet(_) => no_such("backup set"),
        CommandError::EntryRefused(refusal) => {
            HttpError::new(StatusCode::UNPROCESSABLE_ENTITY, "entry_refused", refusal.to_string())
        }
        CommandError::NoSuchService(_) => {
            HttpError::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown_service", error.to_string())
        }
        CommandError::Refused(refusal) => of_refusal(refusal),
        CommandError::TooManyAlerts => {
            HttpError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_groups", error.to_string()).retry_after(60)
        }
        CommandError::NotNow => {
            HttpError::new(StatusCode::SERVICE_UNAVAILABLE, "not_now", error.to_string()).retry_after(10)
        }
        CommandError::Stopped => {
            HttpError::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", error.to_string()).retry_after(5)
        }
        CommandError::Store(_) => HttpError::internal(error),
    }
}

fn of_register(refusal: &RegisterRefusal) -> HttpError {
    let status = match refusal {
        RegisterRefusal::AlreadyAnnounced
        | RegisterRefusal::AlreadyStarted
        | RegisterRefusal::CorrectionState { .. }
        | RegisterRefusal::MaintenanceState { .. }
        | RegisterRefusal::NotRunning
        | RegisterRefusal::SamePerson => StatusCode::CONFLICT,
        RegisterRefusal::AnnouncedInFuture
        | RegisterRefusal::BadText { .. }
        | RegisterRefusal::EmptyScope
        | RegisterRefusal::EndsBeforeBegin
        | RegisterRefusal::NoSuchOccurrence
        | RegisterRefusal::NotYetPast
        | RegisterRefusal::RepeatsTooLong
        | RegisterRefusal::TooFar
        | RegisterRefusal::TooLong { .. }
        | RegisterRefusal::UnknownScope(_)
        | RegisterRefusal::UntilMissing
        | RegisterRefusal::Unwithdrawable(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    HttpError::new(status, refusal.code(), refusal.to_string())
}

fn of_refusal(refusal: &TicketRefusal) -> HttpError {
    let (status, code) = match refusal {
        TicketRefusal::IllegalTransition { .. } => (StatusCode::CONFLICT, "illegal_transition"),
        TicketRefusal::SamePriority => (StatusCode::CONFLICT, "same_priority"),
        TicketRefusal::BadMerge => (StatusCode::CONFLICT, "bad_merge"),
        TicketRefusal::BadSplit => (StatusCode::UNPROCESSABLE_ENTITY, "bad_split"),
        TicketRefusal::CauseMissing => (StatusCode::CONFLICT, "cause_missing"),
        TicketRefusal::BadText { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "bad_text"),
        TicketRefusal::BadTimes => (StatusCode::UNPROCESSABLE_ENTITY, "bad_times"),
        TicketRefusal::EstimateInPast => (StatusCode::UNPROCESSABLE_ENTITY, "estimate_in_past"),
        TicketRefusal::UnknownCode { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "unknown_code"),
    };
    HttpError::new(status, code, refusal.to_string())
}
