//! Why a service stood as it did at an instant (`at`), or why its figures of a period are what they are (`period`).

use super::parameters::{Parameters, bad_parameter};
use super::services::found;
use super::{ApiState, access, read};
use crate::domain::calendar::period::Period;
use crate::explain::body::ExplanationBody;
use crate::explain::{self, Asked};
use crate::http_error::HttpError;
use crate::texts::{Language, Texts};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use std::sync::Arc;

pub(super) async fn one(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<ExplanationBody>, HttpError> {
    access::caller(&state.app, &headers)?;
    let parameters = Parameters::read(&uri, &["at", "period"])?;
    let (snapshot, now) = (state.app.engine.snapshot(), state.app.clock.now());
    let service = found(&snapshot, &id)?.0.clone();
    let asked = match (parameters.instant("at")?, parameters.text("period")) {
        (Some(_), Some(_)) => return Err(bad_parameter("period", "given together with `at`; give one of them")),
        (Some(at), None) => Asked::Instant(at),
        (None, Some(text)) => {
            Asked::Period(Period::parse(text).map_err(|error| bad_parameter("period", &format!("bad: {error}")))?)
        }
        (None, None) => Asked::Instant(now),
    };
    let rulebook = Arc::clone(&snapshot.rulebook);
    let told = read(&state.app, move |reader| explain::load(reader, &rulebook, &service, asked, now)).await?;
    Ok(Json(ExplanationBody::new(Texts::new(Language::Id, snapshot.profile.time_zone), &told)))
}
