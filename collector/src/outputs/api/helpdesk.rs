//! `POST /api/v1/helpdesk/{receiver}`: a help desk calls because something changed there. Its body is not read: what changed
//! is asked there, so that a forged call can do no more than make a look come sooner.
//!
//! Needs a token of scope `alert` or `write`. Calls that come often make one look.

use super::{ApiState, access, no_such};
use crate::http_error::HttpError;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};

pub(super) async fn wake(
    State(state): State<ApiState>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, HttpError> {
    access::alerts(&state.app, &headers)?;
    if state.app.receivers.wake(&name) { Ok(StatusCode::ACCEPTED) } else { Err(no_such("help desk that is followed")) }
}
