//! Laporan bulanan: the list of months with their state, a month's form, its files.
//!
//! A frozen month shows what is frozen, with its seal, and says when the ledger would give something else today. A month
//! that is not frozen is made anew for every visit, and says SEMENTARA.

use super::WebState;
use super::markup::{Badge, Tone};
use super::page::{Page, Section};
use super::visit::{Failure, Known, Visit, read};
use crate::domain::calendar::period::{Period, PeriodKind};
use crate::report::document::{Change, Document, Summary};
use crate::report::form::{self, Detail, in_groups};
use crate::report::freeze;
use crate::report::recount;
use crate::report::seal::SealedReport;
use crate::report::{html, pdf, write_csv, write_sheet};
use crate::snapshot::Snapshot;
use crate::store::reports::FrozenReport;
use crate::store::{Reader, StoreError};
use crate::texts::Texts;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{StatusCode, header};
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;

/// Months in the list; older ones that are frozen are in it as well.
const MONTHS_MAX: usize = 24;
/// Frozen reports looked at for the list.
const FROZEN_MAX: usize = 500;

/// Forms of a month as a file.
const ENDINGS: [&str; 5] = ["html", "pdf", "json", "csv", "xlsx"];

/// What is asked of a month.
#[derive(Debug, Clone, Default, serde::Deserialize)]
pub(super) struct MonthQuery {
    /// Show this service.
    #[serde(default)]
    service: Option<String>,
    /// Show all services.
    #[serde(default)]
    all: Option<String>,
    /// This revision instead of the newest.
    #[serde(default)]
    revision: Option<u32>,
    /// What was just done.
    #[serde(default)]
    done: Option<String>,
}

/// A month of the list.
#[derive(Debug)]
struct MonthRow {
    href: String,
    month: String,
    state: Badge,
    met: String,
    without_target: String,
    frozen: String,
}

#[derive(Debug, Template)]
#[template(path = "reports.html")]
struct ReportsPage {
    page: Page,
    rows: Vec<MonthRow>,
}

pub(super) async fn list(Known { visit, .. }: Known, State(state): State<WebState>) -> Result<Response, Failure> {
    let (store, site, now) = (state.app.store.clone(), visit.snapshot.clone(), visit.now);
    let months = read(&visit, move || store.read(|reader| load_list(reader, &site, now))).await?;
    let page = visit.page(Section::Reports, visit.texts.get("reports-title"));
    visit.html(render_list(page, months))
}

/// The list as HTML.
pub(super) fn render_list(page: Page, months: Vec<ListedMonth>) -> Result<String, askama::Error> {
    let (texts, now) = (page.texts, page.now);
    let rows = months.into_iter().map(|(period, summary, frozen)| row(texts, period, summary, frozen, now));
    ReportsPage { rows: rows.collect(), page }.render()
}

pub(super) type ListedMonth = (Period, Option<Summary>, Option<FrozenReport>);

/// Months from the first that was watched to this one, newest first, and frozen ones of before.
fn load_list(reader: &Reader, site: &Snapshot, now: Timestamp) -> Result<Vec<ListedMonth>, StoreError> {
    let zone = site.rulebook.zone();
    let mut frozen: BTreeMap<String, FrozenReport> = BTreeMap::new();
    for report in reader.frozen_reports(FROZEN_MAX)? {
        frozen.entry(report.period.clone()).or_insert(report);
    }
    let first = site.services.iter().filter_map(|view| view.effective_from).min();
    let mut period = Period::containing_instant(PeriodKind::Month, zone, now);
    let mut months = Vec::new();
    while months.len() < MONTHS_MAX && first.is_some_and(|first| first < period.interval(zone).to) {
        let summary = summary_of(reader, site, period, now)?;
        months.push((period, Some(summary), frozen.remove(&period.to_string())));
        period = period.previous();
    }
    for (text, report) in frozen.into_iter().rev() {
        months.extend(Period::parse(&text).ok().map(|period| (period, None, Some(report))));
    }
    Ok(months)
}

fn summary_of(reader: &Reader, site: &Snapshot, period: Period, now: Timestamp) -> Result<Summary, StoreError> {
    let services = &site.catalogue.services;
    let ids: Vec<_> = services.iter().map(|service| &service.id).collect();
    let judged = crate::service_period::load_many(reader, &site.rulebook, &ids, period, now)?;
    // As the report's summary counts: by the target's own period.
    let asked = freeze::site(site, period, now);
    let verdict = |(service, judged): (_, &crate::domain::availability::AvailabilitySums)| {
        let longer = crate::report::target_period(reader, &asked, service)?;
        Ok(longer.map_or_else(|| judged.figures.verdict.code().to_owned(), |row| row.verdict))
    };
    let verdicts = services.iter().zip(&judged).map(verdict).collect::<Result<Vec<String>, StoreError>>()?;
    Ok(Summary::of_verdicts(verdicts.iter().map(String::as_str)))
}

fn row(
    texts: Texts,
    period: Period,
    summary: Option<Summary>,
    frozen: Option<FrozenReport>,
    now: Timestamp,
) -> MonthRow {
    let state = state_badge(texts, period, frozen.as_ref(), now);
    let met = summary.map(|summary| {
        texts.text("form-of", &[("part", &summary.met.to_string()), ("whole", &summary.judged.to_string())])
    });
    MonthRow {
        href: format!("/reports/{period}"),
        month: texts.month(period.first_date()),
        state,
        met: met.unwrap_or_else(|| "–".to_owned()),
        without_target: summary.map_or_else(|| "–".to_owned(), |summary| summary.without_target.to_string()),
        frozen: frozen
            .map_or_else(String::new, |frozen| format!("{} · {}", frozen.approver, texts.instant(frozen.frozen_at))),
    }
}

fn state_badge(texts: Texts, period: Period, frozen: Option<&FrozenReport>, now: Timestamp) -> Badge {
    match frozen {
        Some(frozen) => {
            let label = texts.text("reports-state-frozen", &[("revision", &frozen.revision.to_string())]);
            Badge::new(Tone::Good, label)
        }
        None if period.interval(texts.zone()).to > now => Badge::new(Tone::Info, texts.get("reports-state-running")),
        None if freeze::settles_at(period, texts.zone()) > now => {
            Badge::new(Tone::Neutral, texts.get("reports-state-settling"))
        }
        None => Badge::new(Tone::Warn, texts.get("reports-state-ready")),
    }
}

/// A month that is over or running; any other address is none.
pub(super) fn asked(visit: &Visit, text: &str) -> Result<Period, Failure> {
    let begun = |period: &Period| period.interval(visit.texts.zone()).from <= visit.now;
    let period = Period::parse(text).ok().filter(|period| period.kind() == PeriodKind::Month).filter(begun);
    period.ok_or_else(|| visit.refuse(StatusCode::NOT_FOUND))
}

/// A month as it is shown.
struct LoadedMonth {
    document: Document,
    sealed: Option<SealedReport>,
    /// The very bytes that the seal covers.
    kept: Option<String>,
    revisions: Vec<FrozenReport>,
    differences: Vec<Change>,
}

fn load_month(
    reader: &Reader,
    site: &Snapshot,
    period: Period,
    query: &MonthQuery,
    now: Timestamp,
) -> Result<Option<LoadedMonth>, StoreError> {
    let revisions = reader.frozen_revisions(&period.to_string())?;
    let Some(body) = reader.frozen_body(&period.to_string(), query.revision)? else {
        let document = match query.all {
            Some(_) => freeze::provisional(reader, site, period, now.floor_second())?,
            None => freeze::summary(reader, site, period, query.service.as_deref(), now.floor_second())?,
        };
        let provisional = LoadedMonth { document, sealed: None, kept: None, revisions, differences: Vec::new() };
        return Ok(query.revision.is_none().then_some(provisional));
    };
    let sealed: SealedReport =
        serde_json::from_str(&body).map_err(|_| StoreError::Damaged { what: "frozen report" })?;
    let document = sealed.report.clone();
    let made_at = Timestamp::from_secs(document.head.made_at);
    let today = freeze::summary(reader, site, period, None, made_at)?;
    let differences = recount::all_differences(&document, &today);
    Ok(Some(LoadedMonth { document, sealed: Some(sealed), kept: Some(body), revisions, differences }))
}

/// A link to something of a month.
#[derive(Debug)]
struct Link {
    href: String,
    label: String,
    current: bool,
}

/// Who may freeze, and what stands against it.
#[derive(Debug)]
struct FreezeView {
    /// The form is shown.
    open: bool,
    needs_reason: bool,
    words: String,
}

#[derive(Debug, Template)]
#[template(path = "report_month.html")]
struct MonthPage {
    page: Page,
    period: String,
    month: String,
    state: Badge,
    services: Vec<Link>,
    files: Vec<Link>,
    revisions: Vec<Link>,
    fingerprint: Option<String>,
    differs: Option<String>,
    freeze: FreezeView,
    notice: Option<(bool, String)>,
    /// Service and text of the note that may be written.
    note: Option<(String, String)>,
    form: String,
}

pub(super) async fn month(
    known: Known,
    State(state): State<WebState>,
    Path(period): Path<String>,
    Query(query): Query<MonthQuery>,
) -> Result<Response, Failure> {
    let notice = match query.done.as_deref() {
        Some("frozen") => Some((false, known.visit.texts.get("reports-frozen-now"))),
        Some("no-browser") => Some((true, known.visit.texts.get("reports-no-browser"))),
        Some("note") => Some((false, known.visit.texts.get("reports-note-saved"))),
        Some(_) | None => None,
    };
    let period = asked(&known.visit, &period)?;
    month_page(&known, &state, period, query, notice).await
}

/// A month's page with what became of an action: whether it was refused, and words.
pub(super) async fn month_page(
    known: &Known,
    state: &WebState,
    period: Period,
    query: MonthQuery,
    notice: Option<(bool, String)>,
) -> Result<Response, Failure> {
    let visit = &known.visit;
    let (store, site, now, asked) = (state.app.store.clone(), visit.snapshot.clone(), visit.now, query.clone());
    let loaded = read(visit, move || store.read(|reader| load_month(reader, &site, period, &asked, now))).await?;
    let loaded = loaded.ok_or_else(|| visit.refuse(StatusCode::NOT_FOUND))?;
    visit.html(render(known, period, &query, &loaded, notice))
}

fn render(
    known: &Known,
    period: Period,
    query: &MonthQuery,
    loaded: &LoadedMonth,
    notice: Option<(bool, String)>,
) -> Result<String, askama::Error> {
    let (visit, texts) = (&known.visit, known.visit.texts);
    let shown = query.service.as_deref().filter(|id| loaded.document.services.iter().any(|s| s.id == *id));
    let detail = match (&query.all, shown) {
        (Some(_), _) => Detail::All,
        (None, Some(id)) => Detail::Service(id),
        (None, None) => Detail::Summary,
    };
    let seal = loaded.sealed.as_ref().map(|sealed| &sealed.seal);
    let form = form::render(texts, &loaded.document, seal, detail);
    let link = |href: String, label: String, current| Link { href, label, current };
    let mut services: Vec<Link> = loaded
        .document
        .services
        .iter()
        .map(|s| link(format!("/reports/{period}?service={}", s.id), s.name.clone(), shown == Some(s.id.as_str())))
        .collect();
    services.push(link(format!("/reports/{period}?all=1"), texts.get("reports-all"), query.all.is_some()));
    let file = |ending: &str| link(format!("/reports/{period}/pantau-{period}.{ending}"), ending.to_uppercase(), false);
    let revision = |frozen: &FrozenReport| {
        let current = seal.is_some_and(|seal| seal.sha256 == frozen.sha256);
        link(format!("/reports/{period}?revision={}", frozen.revision), frozen.revision.to_string(), current)
    };
    let note = |id: &str| {
        let service = loaded.document.services.iter().find(|service| service.id == id)?;
        Some((service.id.clone(), service.note.as_ref().map(|note| note.text.clone()).unwrap_or_default()))
    };
    let note = shown.and_then(note).filter(|_| known.reader.role.may_act() && loaded.sealed.is_none());
    MonthPage {
        page: visit.page(Section::Reports, texts.get("form-monitoring-title")),
        period: period.to_string(),
        month: texts.month(period.first_date()),
        state: state_badge(texts, period, loaded.revisions.first(), visit.now),
        services,
        files: ENDINGS.map(file).into_iter().collect(),
        revisions: loaded.revisions.iter().map(revision).collect(),
        fingerprint: seal.map(|seal| in_groups(&seal.key_id)),
        differs: loaded.differences.first().map(|first| differs(texts, first, loaded.differences.len())),
        freeze: freeze_view(known, period, loaded),
        notice,
        note,
        form: html::render_part(&form)?,
    }
    .render()
}

fn differs(texts: Texts, first: &Change, count: usize) -> String {
    let count = count.to_string();
    texts.text("reports-differs-text", &[("count", &count), ("service", &first.service), ("field", &first.field)])
}

fn freeze_view(known: &Known, period: Period, loaded: &LoadedMonth) -> FreezeView {
    let (texts, now) = (known.visit.texts, known.visit.now);
    let settles = freeze::settles_at(period, texts.zone());
    let is_frozen = loaded.sealed.is_some();
    let closed = |words| FreezeView { open: false, needs_reason: false, words };
    if now < settles {
        return closed(texts.text("reports-freeze-from", &[("time", &texts.instant(settles))]));
    }
    if is_frozen && loaded.differences.is_empty() {
        return closed(String::new());
    }
    if !known.reader.role.may_approve() {
        return closed(texts.get("reports-freeze-who"));
    }
    let words = texts.text("reports-freeze-text", &[("name", &known.reader.name)]);
    FreezeView { open: true, needs_reason: is_frozen, words }
}

/// The month as a file: what is frozen, else what is known now.
pub(super) async fn file(
    Known { visit, .. }: Known,
    State(state): State<WebState>,
    Path((period, name)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let period = asked(&visit, &period)?;
    let ending = name.strip_prefix(&format!("pantau-{period}.")).map(str::to_owned);
    let query = MonthQuery { all: Some("1".to_owned()), ..MonthQuery::default() };
    let load = move |reader: &Reader, site: &Snapshot, now| load_month(reader, site, period, &query, now);
    send_file(visit, &state, (period, ending), name, load).await
}

/// Files of the page of figures: what is known now, a draft that nobody signed, whatever is frozen of the month.
pub(super) fn draft_files(period: Period) -> impl Iterator<Item = (String, String)> {
    let link =
        move |ending: &str| (format!("/reports/availability/{}{ending}", draft_lead(period)), ending.to_uppercase());
    ENDINGS.into_iter().map(link)
}

fn draft_lead(period: Period) -> String {
    format!("pantau-{period}-sementara.")
}

/// Such a draft.
pub(super) async fn draft(
    Known { visit, .. }: Known,
    State(state): State<WebState>,
    Path(name): Path<String>,
) -> Result<Response, Failure> {
    let text = name.strip_prefix("pantau-").and_then(|rest| rest.split_once("-sementara.")).map(|(text, _)| text);
    let period = asked(&visit, text.unwrap_or_default())?;
    let ending = name.strip_prefix(&draft_lead(period)).map(str::to_owned);
    let load = move |reader: &Reader, site: &Snapshot, now: Timestamp| {
        let document = freeze::provisional(reader, site, period, now.floor_second())?;
        Ok(Some(LoadedMonth { document, sealed: None, kept: None, revisions: Vec::new(), differences: Vec::new() }))
    };
    send_file(visit, &state, (period, ending), name, load).await
}

async fn send_file(
    visit: Visit,
    state: &WebState,
    (period, ending): (Period, Option<String>),
    name: String,
    load: impl FnOnce(&Reader, &Snapshot, Timestamp) -> Result<Option<LoadedMonth>, StoreError> + Send + 'static,
) -> Result<Response, Failure> {
    let no_file = || visit.refuse(StatusCode::NOT_FOUND);
    let ending = ending.filter(|ending| ENDINGS.contains(&ending.as_str())).ok_or_else(no_file)?;
    let (store, site, now, texts) = (state.app.store.clone(), visit.snapshot.clone(), visit.now, visit.texts);
    let made = read(&visit, move || {
        let loaded = store.read(|reader| load(reader, &site, now))?;
        Ok(loaded.map(|loaded| write(texts, &loaded, &ending)))
    });
    let (kind, bytes) = match made.await?.ok_or_else(no_file)? {
        Ok(written) => written,
        Err(Unwritten::NoBrowser(error)) => {
            tracing::warn!(error = format!("{error:#}"), "a PDF could not be printed");
            return Ok(Redirect::to(&format!("/reports/{period}?done=no-browser")).into_response());
        }
        Err(Unwritten::Failed(error)) => return Err(visit.failed(&*error)),
    };
    let disposition = format!("attachment; filename=\"{name}\"");
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition.as_str())], bytes).into_response())
}

/// Why there is no file.
#[derive(Debug)]
enum Unwritten {
    /// Nothing here prints, or it did not.
    NoBrowser(anyhow::Error),
    /// A failure of our own.
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> From<E> for Unwritten {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

type Written = Result<(&'static str, Vec<u8>), Unwritten>;

fn write(texts: Texts, loaded: &LoadedMonth, ending: &str) -> Written {
    let seal = loaded.sealed.as_ref().map(|sealed| &sealed.seal);
    Ok(match ending {
        "xlsx" => {
            let form = form::render(texts, &loaded.document, seal, Detail::All);
            let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
            (kind, write_sheet(&loaded.document, &form)?)
        }
        "html" | "pdf" => {
            let page = html::render_file(&form::render(texts, &loaded.document, seal, Detail::All))?;
            if ending == "pdf" {
                ("application/pdf", pdf::bytes(&page).map_err(Unwritten::NoBrowser)?)
            } else {
                ("text/html; charset=utf-8", page.into_bytes())
            }
        }
        "csv" => ("text/csv; charset=utf-8", write_csv(&loaded.document).into_bytes()),
        _ => match &loaded.kept {
            Some(kept) => ("application/json", kept.clone().into_bytes()),
            None => ("application/json", serde_json::to_vec_pretty(&loaded.document)?),
        },
    })
}
