//! Who is asked for a service at an instant, by level of Tabel 14.

use super::parameters::Parameters;
use super::view::instant;
use super::{ApiState, access};
use crate::domain::catalogue::{Service, ServiceId};
use crate::domain::duty::{Because, Reached};
use crate::http_error::HttpError;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use serde::Serialize;

/// Who is asked.
#[derive(Debug, Serialize)]
pub(super) struct DutyBody {
    at: String,
    levels: Vec<LevelBody>,
}

#[derive(Debug, Serialize)]
struct LevelBody {
    level: u8,
    title: String,
    /// The level whose people are asked: a higher one where this has nobody; `null`: nobody at all.
    asked_level: Option<u8>,
    people: Vec<PersonBody>,
}

#[derive(Debug, Serialize)]
struct PersonBody {
    id: String,
    name: String,
    role: String,
    /// `on_duty`, `nobody_on_duty`, `stands_in`.
    because: &'static str,
    stands_in_for: Option<String>,
    receivers: Vec<String>,
}

impl PersonBody {
    fn new(reached: &Reached<'_>) -> Self {
        let (because, stands_in_for) = match &reached.because {
            Because::OnDuty => ("on_duty", None),
            Because::NobodyOnDuty => ("nobody_on_duty", None),
            Because::StandsInFor(name) => ("stands_in", Some(name.clone())),
        };
        Self {
            id: reached.officer.id.clone(),
            name: reached.officer.name.clone(),
            role: reached.role.clone(),
            because,
            stands_in_for,
            receivers: reached.officer.receivers.iter().cloned().collect(),
        }
    }
}

/// `GET /api/v1/duty?service=&at=`: now, and whoever cares for all services, where they are not given.
pub(super) async fn show(
    State(state): State<ApiState>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<DutyBody>, HttpError> {
    access::caller(&state.app, &headers)?;
    let parameters = Parameters::read(&uri, &["service", "at"])?;
    let snapshot = state.app.engine.snapshot();
    let catalogue = &snapshot.catalogue;
    let find = |text: &str| ServiceId::parse(text).ok().and_then(|id| catalogue.service(&id));
    let service: Option<&Service> = parameters.parsed("service", "the id of a service", find)?;
    let at = parameters.instant("at")?.unwrap_or_else(|| state.app.clock.now());
    let (profile, affected) = (&state.app.profile, service.into_iter().collect::<Vec<_>>());
    let levels = (1_u8..).zip(&profile.escalation).map(|(level, title)| {
        let asked = catalogue.roster.of_level(level, &profile.escalation_roles, &affected, profile.time_zone, at);
        let people = asked.as_ref().map(|(_, people)| people.iter().map(PersonBody::new).collect());
        LevelBody {
            level,
            title: title.clone(),
            asked_level: asked.as_ref().map(|(asked, _)| *asked),
            people: people.unwrap_or_default(),
        }
    });
    Ok(Json(DutyBody { at: instant(profile.time_zone, at), levels: levels.collect() }))
}
