//! Forms that act on a month: freezing it, and what people write on a service's opportunities.

use super::WebState;
use super::actions::admit;
use super::reports::{MonthQuery, asked, month_page};
use super::visit::{Failure, Known};
use crate::domain::catalogue::ServiceId;
use crate::report::freeze::{self, FreezeError};
use crate::store::reports::NOTE_BYTES_MAX;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;

/// What the form of freezing holds.
#[derive(Debug, Clone, Default, serde::Deserialize)]
pub(super) struct FreezeForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    reason: String,
    /// `yes` when the statement was ticked.
    #[serde(default)]
    confirm: String,
}

pub(super) async fn freeze(
    known: Known,
    State(state): State<WebState>,
    Path(period): Path<String>,
    Form(form): Form<FreezeForm>,
) -> Result<Response, Failure> {
    admit(&known, &form.csrf)?;
    let visit = &known.visit;
    if !known.reader.role.may_approve() {
        return Err(visit.refuse(StatusCode::FORBIDDEN));
    }
    let period = asked(visit, &period)?;
    let refused = if form.confirm == "yes" {
        let approval = (known.reader.name.clone(), form.reason);
        match freeze::freeze(&state.app.store, visit.snapshot.clone(), period, approval, visit.now).await {
            Ok(_) => return Ok(Redirect::to(&format!("/reports/{period}?done=frozen")).into_response()),
            Err(error) => match refusal(&error) {
                Some(id) => id,
                None => return Err(visit.failed(&error)),
            },
        }
    } else {
        "reports-refused-confirm"
    };
    let notice = Some((true, visit.texts.get(refused)));
    let page = month_page(&known, &state, period, MonthQuery::default(), notice).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// The message of a refusal; `None`: a failure of our own.
fn refusal(error: &FreezeError) -> Option<&'static str> {
    match error {
        FreezeError::NoMonth | FreezeError::TooEarly(_) => Some("reports-refused-early"),
        FreezeError::ReasonMissing | FreezeError::ReasonTooLong => Some("reports-refused-reason"),
        FreezeError::Unchanged => Some("reports-refused-unchanged"),
        FreezeError::Seal(_) | FreezeError::Store(_) | FreezeError::Damaged(_) | FreezeError::Interrupted => None,
    }
}

/// What the form of a note holds.
#[derive(Debug, Clone, Default, serde::Deserialize)]
pub(super) struct NoteForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    service: String,
    #[serde(default)]
    text: String,
}

pub(super) async fn note(
    known: Known,
    State(state): State<WebState>,
    Path(period): Path<String>,
    Form(form): Form<NoteForm>,
) -> Result<Response, Failure> {
    admit(&known, &form.csrf)?;
    let visit = &known.visit;
    let period = asked(visit, &period)?;
    let service = ServiceId::parse(&form.service).ok().filter(|id| visit.snapshot.catalogue.service(id).is_some());
    let service = service.ok_or_else(|| visit.refuse(StatusCode::NOT_FOUND))?;
    let text = form.text.trim().to_owned();
    if text.len() > NOTE_BYTES_MAX {
        let notice = Some((true, visit.texts.get("reports-refused-note")));
        let page = month_page(&known, &state, period, MonthQuery::default(), notice).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let (author, now, to) = (known.reader.name.clone(), visit.now, service.clone());
    let written = state
        .app
        .store
        .write(move |writer| writer.save_report_note(&period.to_string(), &service, (&author, &text), now));
    written.await.map_err(|error| visit.failed(&error))?;
    Ok(Redirect::to(&format!("/reports/{period}?service={to}&done=note")).into_response())
}
