//! `/tickets?state=&priority=&limit=&cursor=` and `/tickets/{number}`.

use super::ApiState;
use super::access::Caller;
use super::query::{Parameters, bad};
use super::store_read::read;
use super::view::{local_time, no_such};
use crate::domain::profile::Profile;
use crate::domain::ticket::{Activity, ActivityText, Actor, Ticket, TicketNumber, TicketState};
use crate::http_error::HttpError;
use crate::store::records::TicketFilter;
use crate::texts::{Language, Texts};
use crate::ticket_form::TicketForm;
use axum::Json;
use axum::extract::{Path, State};
use http::Uri;
use serde::Serialize;

/// Items of a page when nothing is asked for.
pub(super) const PAGE_DEFAULT: i64 = 50;
/// Most items of a page.
pub(super) const PAGE_MAX: i64 = 200;

#[derive(Debug, Serialize)]
pub(super) struct TicketPage {
    items: Vec<TicketForm>,
    /// The cursor of the next page, if there may be one.
    next: Option<String>,
}

/// The whole form, field 11 included.
#[derive(Debug, Serialize)]
pub(super) struct WholeTicket {
    #[serde(flatten)]
    form: TicketForm,
    aktivitas: Vec<ActivityJson>,
}

/// An entry of the log. `oleh` is `null` for the system.
#[derive(Debug, Serialize)]
struct ActivityJson {
    pada: String,
    oleh: Option<String>,
    jenis: String,
    isi: String,
}

/// A ticket as its form, in Bahasa Indonesia.
pub(super) fn form(ticket: &Ticket, profile: &Profile) -> TicketForm {
    let texts = Texts::new(Language::Id, profile.time_zone);
    TicketForm::new(ticket, profile.time_zone, &|phrase| texts.phrase(phrase))
}

fn activity_json(activity: &Activity, profile: &Profile) -> ActivityJson {
    ActivityJson {
        pada: local_time(profile.time_zone, activity.at),
        oleh: match &activity.actor {
            Actor::System => None,
            Actor::Person(name) => Some(name.clone()),
        },
        jenis: activity.kind.clone(),
        isi: match &activity.text {
            ActivityText::Phrase(phrase) => Texts::new(Language::Id, profile.time_zone).phrase(phrase),
            ActivityText::Written(text) => text.clone(),
        },
    }
}

/// `open`, or codes apart by commas.
fn states(text: &str) -> Result<Vec<TicketState>, HttpError> {
    if text == "open" {
        return Ok(TicketState::ALL.into_iter().filter(|state| state.is_open()).collect());
    }
    let codes: Vec<&str> = TicketState::ALL.into_iter().map(TicketState::code).collect();
    let wanted = || bad("state", &format!("`open`, or some of {}", codes.join(",")));
    text.split(',').map(|code| TicketState::parse(code).ok_or_else(wanted)).collect()
}

pub(super) async fn list(_: Caller, State(state): State<ApiState>, uri: Uri) -> Result<Json<TicketPage>, HttpError> {
    let parameters = Parameters::read(&uri, &["state", "priority", "limit", "cursor"])?;
    let filter = TicketFilter {
        states: parameters.text("state").map(states).transpose()?.unwrap_or_default(),
        priority: parameters.number("priority", 1..=6)?.and_then(|priority| u8::try_from(priority).ok()),
        ..TicketFilter::default()
    };
    let limit = parameters.number("limit", 1..=PAGE_MAX)?.unwrap_or(PAGE_DEFAULT);
    let limit = usize::try_from(limit).unwrap_or_default();
    let cursor = parameters
        .text("cursor")
        .map(|text| TicketNumber::parse(text).ok_or_else(|| bad("cursor", "what `next` of the page before said")));
    let cursor = cursor.transpose()?;
    let tickets = read(&state.app, move |reader| reader.tickets(&filter, cursor, limit)).await?;
    let next = (tickets.len() == limit).then(|| tickets.last().map(|ticket| ticket.number.to_string())).flatten();
    Ok(Json(TicketPage { items: tickets.iter().map(|ticket| form(ticket, &state.app.profile)).collect(), next }))
}

pub(super) async fn one(
    _: Caller,
    State(state): State<ApiState>,
    Path(number): Path<String>,
    uri: Uri,
) -> Result<Json<WholeTicket>, HttpError> {
    Parameters::read(&uri, &[])?;
    let parsed = TicketNumber::parse(&number).ok_or_else(|| no_such("ticket", &number))?;
    let found = read(&state.app, move |reader| Ok((reader.ticket(parsed)?, reader.activities(parsed)?))).await?;
    let (Some(ticket), activities) = found else { return Err(no_such("ticket", &number)) };
    let profile = &state.app.profile;
    let aktivitas = activities.iter().map(|activity| activity_json(activity, profile)).collect();
    Ok(Json(WholeTicket { form: form(&ticket, profile), aktivitas }))
}
