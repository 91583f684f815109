//! Handlers of the pages that only show.

use super::page::Section;
use super::tickets::{PAGE_MAX, TicketQuery};
use super::visit::{Failure, Known, Visit, read};
use super::{WebState, calendars, host, hosts, month, overview, report, service, system, ticket, tickets};
use crate::auth::Role;
use crate::domain::availability::Figures;
use crate::domain::catalogue::{Service, ServiceId};
use crate::domain::ticket::TicketNumber;
use crate::host_series::{self, Metric, NoAnswer, Question};
use crate::store::records::TicketFilter;
use crate::store::{Reader, StoreError};
use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::StatusCode;
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;

/// Most tickets on a service's page.
const SERVICE_TICKETS_MAX: usize = 10;
/// Which month.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct PeriodQuery {
    period: Option<String>,
}

/// Which stretch of time.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct RangeQuery {
    #[serde(default)]
    range: String,
}

/// Whether an action has just been saved.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct DoneQuery {
    done: Option<String>,
}

impl DoneQuery {
    pub(super) const fn done(&self) -> bool {
        self.done.is_some()
    }
}

pub(super) async fn overview(Known { visit, .. }: Known) -> Result<Response, Failure> {
    let page = visit.page(Section::Overview, visit.texts.get("overview-title"));
    visit.html(overview::render(page, &visit.snapshot))
}

pub(super) async fn service(
    Known { visit, .. }: Known,
    State(state): State<WebState>,
    Path(id): Path<String>,
    Query(query): Query<PeriodQuery>,
) -> Result<Response, Failure> {
    let snapshot = visit.snapshot.clone();
    let id = ServiceId::parse(&id).map_err(|_| visit.refuse(StatusCode::NOT_FOUND))?;
    let found = snapshot.catalogue.service(&id).zip(snapshot.services.iter().find(|view| view.id == id));
    let (subject, view) = found.ok_or_else(|| visit.refuse(StatusCode::NOT_FOUND))?;
    let period = month::asked(query.period.as_deref(), &snapshot, visit.now);
    let (store, site, now) = (state.app.store.clone(), snapshot.clone(), visit.now);
    let (availability, tickets) = read(&visit, move || {
        let service = site.catalogue.service(&id).ok_or(StoreError::Damaged { what: "catalogue" })?;
        let filter = TicketFilter { service: Some(id.clone()), ..TicketFilter::default() };
        let tickets = store.read(|reader| reader.tickets(&filter, None, SERVICE_TICKETS_MAX))?;
        Ok((month::load(&store, &site, &service.id, period, now)?, tickets))
    })
    .await?;
    let data = service::ServiceData { service: subject, view, period, availability: &availability, tickets: &tickets };
    let page = visit.page(Section::Overview, subject.name.clone());
    visit.html(service::render(page, &snapshot, &data))
}

pub(super) async fn hosts(Known { visit, .. }: Known) -> Result<Response, Failure> {
    let page = visit.page(Section::Hosts, visit.texts.get("hosts-title"));
    visit.html(hosts::render(page, &visit.snapshot))
}

pub(super) async fn host(
    Known { visit, .. }: Known,
    State(state): State<WebState>,
    Path(id): Path<String>,
    Query(query): Query<RangeQuery>,
) -> Result<Response, Failure> {
    let id = HostId::parse(&id).map_err(|_| visit.refuse(StatusCode::NOT_FOUND))?;
    let found = visit.snapshot.hosts.iter().find(|host| host.id == id).cloned();
    let view = found.ok_or_else(|| visit.refuse(StatusCode::NOT_FOUND))?;
    let range = host::Range::parse(&query.range);
    let (store, now) = (state.app.store.clone(), visit.now);
    let period_ms = visit.snapshot.catalogue.sample_period_ms;
    let figures = read(&visit, move || store.read(|reader| range_figures(reader, &id, range, now, period_ms))).await?;
    let page = visit.page(Section::Hosts, view.name.clone());
    visit.html(host::render(page, &visit.snapshot, &view, range, &figures))
}

/// What the table beneath the charts says, from the same steps as the charts.
fn range_figures(
    reader: &Reader,
    host: &HostId,
    range: host::Range,
    now: Timestamp,
    period_ms: u32,
) -> Result<host::RangeFigures, StoreError> {
    let (from, to) = host::window(range, now);
    let step_seconds = range.seconds_and_step().1;
    let mut figures = host::RangeFigures::default();
    for (place, (name, _)) in figures.iter_mut().zip(host::TABLE) {
        let Some(metric) = Metric::parse(name) else { continue };
        let question = Question { host: host.clone(), metric, from, to, step_seconds, period_ms };
        *place = match host_series::load(reader, &question) {
            Ok(answer) => answer.range(),
            Err(NoAnswer::Store(error)) => return Err(error),
            Err(NoAnswer::Unknown | NoAnswer::Several(_)) => None,
        };
    }
    Ok(figures)
}

pub(super) async fn tickets(
    Known { visit, .. }: Known,
    State(state): State<WebState>,
    Query(query): Query<TicketQuery>,
) -> Result<Response, Failure> {
    let filter = TicketFilter { states: query.states(), priority: query.priority(), ..TicketFilter::default() };
    let store = state.app.store.clone();
    let found = read(&visit, move || store.read(|reader| reader.tickets(&filter, None, PAGE_MAX))).await?;
    let page = visit.page(Section::Tickets, visit.texts.get("tickets-title"));
    visit.html(tickets::render(page, &visit.snapshot, &query, &found))
}

pub(super) async fn ticket(
    Known { visit, .. }: Known,
    State(state): State<WebState>,
    Path(number): Path<String>,
    Query(query): Query<DoneQuery>,
) -> Result<Response, Failure> {
    let notice = query.done.map(|done| {
        let id = if done == "again" { "reported-again" } else { "action-done" };
        ticket::ActionNotice { refused: false, text: visit.texts.get(id) }
    });
    let number = TicketNumber::parse(&number).ok_or_else(|| visit.refuse(StatusCode::NOT_FOUND))?;
    ticket_page(&visit, &state, number, notice).await
}

/// A ticket's page with what became of an action.
pub(super) async fn ticket_page(
    visit: &Visit,
    state: &WebState,
    number: TicketNumber,
    notice: Option<ticket::ActionNotice>,
) -> Result<Response, Failure> {
    let store = state.app.store.clone();
    let found = read(visit, move || {
        store.read(|reader| {
            let Some(ticket) = reader.ticket(number)? else { return Ok(None) };
            let links = (reader.external_tickets(number)?, reader.elsewhere(number)?);
            Ok(Some((ticket, reader.activities(number)?, links, reader.evidence(number)?)))
        })
    });
    let (found, activities, (links, known), evidence) =
        found.await?.ok_or_else(|| visit.refuse(StatusCode::NOT_FOUND))?;
    let page = visit.page(Section::Tickets, number.to_string());
    let links = ticket::Around { links: &links, elsewhere: &known, evidence: evidence.as_ref() };
    visit.html(ticket::render(page, &visit.snapshot, &found, &activities, links, notice))
}

pub(super) async fn report(
    Known { visit, .. }: Known,
    State(state): State<WebState>,
    Query(query): Query<PeriodQuery>,
) -> Result<Response, Failure> {
    let snapshot = visit.snapshot.clone();
    let period = month::asked(query.period.as_deref(), &snapshot, visit.now);
    let (store, site, now) = (state.app.store.clone(), snapshot.clone(), visit.now);
    let (figures, beside) = read(&visit, move || {
        let figures = month::load_all(&store, &site, period, now)?;
        Ok((figures, store.read(|reader| report::Beside::load(reader, &site, period, now))?))
    })
    .await?;
    let rows: Vec<(&Service, Figures)> = snapshot.catalogue.services.iter().zip(figures).collect();
    let page = visit.page(Section::Reports, visit.texts.get("report-title"));
    visit.html(report::render(page, &snapshot, period, &rows, &beside))
}

pub(super) async fn system(
    Known { visit, reader }: Known,
    State(state): State<WebState>,
    Query(query): Query<system::NeedQuery>,
) -> Result<Response, Failure> {
    if reader.role != Role::Admin {
        return Err(visit.refuse(StatusCode::FORBIDDEN));
    }
    let (app, snapshot) = (state.app.clone(), visit.snapshot.clone());
    let own = read(&visit, move || crate::system::load(&app, &snapshot)).await?;
    let page = visit.page(Section::System, visit.texts.get("system-title"));
    visit.html(system::render(page, &own, &query))
}

pub(super) async fn calendars(Known { visit, .. }: Known) -> Result<Response, Failure> {
    let page = visit.page(Section::Overview, visit.texts.get("calendars-title"));
    visit.html(calendars::render(page, &visit.snapshot))
}

pub(super) async fn not_found(visit: Visit) -> Failure {
    visit.refuse(StatusCode::NOT_FOUND)
}
