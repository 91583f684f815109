//! Reviu berkala: the quarters with tickets and the problems that are open; a review with its files and the problem
//! records that it proposes.

use super::WebState;
use super::markup::{Badge, Tone};
use super::page::{Page, Section};
use super::visit::{Failure, Known, Visit, read};
use crate::domain::calendar::period::{Period, PeriodKind};
use crate::domain::calendar::zone::local_date;
use crate::domain::problem::{Problem, ProblemState};
use crate::report::{html, write_plain_sheet};
use crate::review::document::{RecurringRow, Review};
use crate::review::form::{self, period_name};
use crate::review::{build, write_csv};
use crate::snapshot::Snapshot;
use crate::store::{Reader, StoreError};
use crate::texts::Texts;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use pantau_shared::timestamp::Timestamp;

/// Quarters in the list.
const QUARTERS_MAX: usize = 20;
/// Closed records in the list.
const CLOSED_MAX: usize = 50;
/// Forms of a review as a file.
const ENDINGS: [&str; 4] = ["html", "json", "csv", "xlsx"];

/// A quarter of the list.
#[derive(Debug)]
pub(super) struct QuarterRow {
    href: String,
    name: String,
    state: Badge,
    tickets: String,
    recurring: String,
    response: String,
}

/// A record of a problem in the list.
#[derive(Debug)]
pub(super) struct ProblemLine {
    href: String,
    number: u32,
    service: String,
    cause: String,
    owner: String,
    due: String,
    badge: Badge,
}

#[derive(Debug, Template)]
#[template(path = "reviews.html")]
struct ReviewsPage {
    page: Page,
    quarters: Vec<QuarterRow>,
    open: Vec<ProblemLine>,
    closed: Vec<ProblemLine>,
}

/// How a record's state is shown.
pub(super) fn state_badge(texts: Texts, problem: &Problem, now: Timestamp) -> Badge {
    let tone = match problem.state {
        ProblemState::Proposed => Tone::Warn,
        ProblemState::Accepted | ProblemState::InWork => Tone::Info,
        ProblemState::Verified => Tone::Good,
        ProblemState::Closed => Tone::Neutral,
    };
    let label = texts.get(&format!("problem-state-{}", problem.state.code()));
    if problem.is_overdue(local_date(texts.zone(), now)) {
        return Badge::new(Tone::Bad, format!("{label} · {}", texts.get("problem-overdue")));
    }
    Badge::new(tone, label)
}

/// A service's name, or its identifier where it is none any more.
pub(super) fn service_name(site: &Snapshot, problem: &Problem) -> String {
    let service = site.catalogue.service(&problem.service);
    service.map_or_else(|| problem.service.to_string(), |service| service.name.clone())
}

fn problem_line(texts: Texts, site: &Snapshot, problem: &Problem, now: Timestamp) -> ProblemLine {
    ProblemLine {
        href: format!("/problems/{}", problem.number),
        number: problem.number,
        service: service_name(site, problem),
        cause: problem.cause.clone(),
        owner: if problem.owner.is_empty() { "–".to_owned() } else { problem.owner.clone() },
        due: problem.due.map_or_else(|| "–".to_owned(), |date| texts.date(date)),
        badge: state_badge(texts, problem, now),
    }
}

fn load_one(reader: &Reader, site: &Snapshot, period: Period, now: Timestamp) -> Result<Review, StoreError> {
    let of = build::Site { profile: &site.profile, catalogue: &site.catalogue, period, now: now.floor_second() };
    build::load(reader, &of)
}

/// A quarter with its review.
type Quarter = (Period, Review);

/// Quarters from the first ticket to this one, newest first.
fn load_list(reader: &Reader, site: &Snapshot, now: Timestamp) -> Result<(Vec<Quarter>, Vec<Problem>), StoreError> {
    let zone = site.profile.time_zone;
    let first = reader.tickets_begin()?;
    let mut period = Period::containing_instant(PeriodKind::Quarter, zone, now);
    let mut quarters = Vec::new();
    while quarters.len() < QUARTERS_MAX && first.is_some_and(|first| first < period.interval(zone).to) {
        quarters.push((period, load_one(reader, site, period, now)?));
        period = period.previous();
    }
    Ok((quarters, reader.problems(build::PROBLEMS_MAX)?))
}

pub(super) async fn list(Known { visit, .. }: Known, State(state): State<WebState>) -> Result<Response, Failure> {
    let (store, site, now) = (state.app.store.clone(), visit.snapshot.clone(), visit.now);
    let (quarters, problems) = read(&visit, move || store.read(|reader| load_list(reader, &site, now))).await?;
    let page = visit.page(Section::Reports, visit.texts.get("reviews-title"));
    visit.html(render_list(page, &visit.snapshot, &quarters, &problems))
}

/// The list as HTML.
pub(super) fn render_list(
    page: Page,
    site: &Snapshot,
    quarters: &[(Period, Review)],
    problems: &[Problem],
) -> Result<String, askama::Error> {
    let (texts, now) = (page.texts, page.now);
    let line = |problem: &Problem| problem_line(texts, site, problem, now);
    let (open, closed): (Vec<&Problem>, Vec<&Problem>) = problems.iter().partition(|problem| problem.state.is_open());
    ReviewsPage {
        quarters: quarters.iter().map(|(period, review)| quarter_row(texts, *period, review, now)).collect(),
        open: open.into_iter().map(line).collect(),
        closed: closed.into_iter().take(CLOSED_MAX).map(line).collect(),
        page,
    }
    .render()
}

fn quarter_row(texts: Texts, period: Period, review: &Review, now: Timestamp) -> QuarterRow {
    let running = period.interval(texts.zone()).to > now;
    let (tone, id) = if running { (Tone::Info, "reports-state-running") } else { (Tone::Neutral, "review-over") };
    let response = &review.figures.response;
    let (met, total) = (response.met.to_string(), response.total.to_string());
    QuarterRow {
        href: format!("/reviews/{period}"),
        name: period_name(texts, &period.to_string()),
        state: Badge::new(tone, texts.get(id)),
        tickets: review.figures.counted.to_string(),
        recurring: review.recurring.len().to_string(),
        response: texts.text("form-of", &[("part", &met), ("whole", &total)]),
    }
}

/// A period that has begun; weeks and days are no reviews.
fn asked(visit: &Visit, text: &str) -> Result<Period, Failure> {
    let begun = |period: &Period| period.interval(visit.texts.zone()).from <= visit.now;
    let of_kind = |period: &Period| match period.kind() {
        PeriodKind::Month | PeriodKind::Quarter | PeriodKind::Year => true,
        PeriodKind::Day | PeriodKind::Week => false,
    };
    Period::parse(text).ok().filter(of_kind).filter(begun).ok_or_else(|| visit.refuse(StatusCode::NOT_FOUND))
}

/// A recurrence with what may be done about it.
#[derive(Debug)]
pub(super) struct Proposal {
    service: String,
    service_name: String,
    cause: String,
    count: String,
    tickets: String,
    /// Tickets, each with its address.
    links: Vec<String>,
    problem: Option<u32>,
}

#[derive(Debug, Template)]
#[template(path = "review.html")]
struct ReviewPage {
    page: Page,
    name: String,
    previous: String,
    next: Option<String>,
    files: Vec<(String, String)>,
    proposals: Vec<Proposal>,
    form: String,
}

pub(super) async fn one(
    Known { visit, .. }: Known,
    State(state): State<WebState>,
    Path(period): Path<String>,
) -> Result<Response, Failure> {
    let period = asked(&visit, &period)?;
    let (store, site, now) = (state.app.store.clone(), visit.snapshot.clone(), visit.now);
    let review = read(&visit, move || store.read(|reader| load_one(reader, &site, period, now))).await?;
    let page = visit.page(Section::Reports, visit.texts.get("review-title"));
    visit.html(render(page, period, &review))
}

/// A review as HTML.
pub(super) fn render(page: Page, period: Period, review: &Review) -> Result<String, askama::Error> {
    let texts = page.texts;
    let file = |ending: &str| (format!("/reviews/{period}/reviu-{period}.{ending}"), ending.to_uppercase());
    let end = period.interval(texts.zone()).to;
    ReviewPage {
        name: period_name(texts, &review.period),
        previous: period.previous().to_string(),
        next: (end <= page.now).then(|| period.next().to_string()),
        files: ENDINGS.map(file).into_iter().collect(),
        proposals: review.recurring.iter().map(proposal).collect(),
        form: html::render_part(&form::render(texts, review))?,
        page,
    }
    .render()
}

fn proposal(row: &RecurringRow) -> Proposal {
    Proposal {
        service: row.service.clone(),
        service_name: row.service_name.clone(),
        cause: row.cause.clone(),
        count: row.count.to_string(),
        tickets: row.tickets.join(" "),
        links: row.tickets.clone(),
        problem: row.problem,
    }
}

/// A review as a file.
pub(super) async fn file(
    Known { visit, .. }: Known,
    State(state): State<WebState>,
    Path((period, name)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let period = asked(&visit, &period)?;
    let lead = format!("reviu-{period}.");
    let ending = name.strip_prefix(&lead).filter(|ending| ENDINGS.contains(ending));
    let ending = ending.ok_or_else(|| visit.refuse(StatusCode::NOT_FOUND))?;
    let (store, site, now) = (state.app.store.clone(), visit.snapshot.clone(), visit.now);
    let review = read(&visit, move || store.read(|reader| load_one(reader, &site, period, now))).await?;
    let (kind, bytes) = write(visit.texts, &review, ending).map_err(|error| visit.failed(&*error))?;
    let disposition = format!("attachment; filename=\"{name}\"");
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition.as_str())], bytes).into_response())
}

type Written = Result<(&'static str, Vec<u8>), Box<dyn std::error::Error + Send + Sync>>;

fn write(texts: Texts, review: &Review, ending: &str) -> Written {
    let form = form::render(texts, review);
    Ok(match ending {
        "html" => ("text/html; charset=utf-8", html::render_file(&form)?.into_bytes()),
        "csv" => ("text/csv; charset=utf-8", write_csv(review).into_bytes()),
        "xlsx" => ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", write_plain_sheet(&form)?),
        _ => ("application/json", serde_json::to_vec_pretty(review)?),
    })
}
