//! Why: a period down to its outages, an instant down to the raw answers. A click on a figure, an outage or a day of the
//! service's page leads here; breadcrumbs lead back up.

use super::WebState;
use super::markup::{Badge, Tone};
use super::page::{Page, Section, state_badge, ticket_state_badge, verdict_badge};
use super::service::phases;
use super::visit::{Failure, Known, read};
use crate::domain::availability::Outage;
use crate::domain::calendar::period::{Period, PeriodKind};
use crate::domain::catalogue::ServiceId;
use crate::domain::ticket::Ticket;
use crate::explain::scene::{AnswerLine, CheckAccount, Scene, VantageAccount};
use crate::explain::words::{self, Formula};
use crate::explain::{self, Asked, Explanation, InstantAccount, PeriodAccount};
use crate::store::StoreError;
use crate::texts::Texts;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::StatusCode;
use pantau_shared::probe::ProbeVerdict;
use pantau_shared::timestamp::Timestamp;

/// What is to be explained; without either, this very instant.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct ExplainQuery {
    at: Option<String>,
    period: Option<String>,
}

/// A link with its words.
#[derive(Debug)]
struct Link {
    href: String,
    label: String,
}

/// A letter of the formulas with its seconds.
#[derive(Debug)]
struct Seconds {
    letter: &'static str,
    label: String,
    value: String,
}

#[derive(Debug)]
struct OutageView {
    from: String,
    href: String,
    to: String,
    counted: String,
    reason: String,
    tickets: Vec<Link>,
}

#[derive(Debug)]
struct TicketView {
    link: Link,
    badge: Badge,
    symptom: String,
}

#[derive(Debug)]
struct AnswerView {
    time: String,
    datetime: String,
    badge: Badge,
    duration: String,
    phases: String,
    phase: String,
    reason: String,
    role: String,
    marks: Vec<String>,
    holds: bool,
}

#[derive(Debug)]
struct VantageView {
    host: String,
    badge: Badge,
    decisive: bool,
    note: String,
    witnesses: Vec<String>,
    answers: Vec<AnswerView>,
}

#[derive(Debug)]
struct CheckView {
    name: String,
    badge: Badge,
    decision: String,
    rule: String,
    vantages: Vec<VantageView>,
}

#[derive(Debug)]
struct SceneView {
    title: String,
    time: String,
    badge: Badge,
    formula: String,
    checks: Vec<CheckView>,
}

#[derive(Debug, Template)]
#[template(path = "explain_instant.html")]
struct InstantPage {
    page: Page,
    crumbs: Vec<Link>,
    asked: String,
    field: String,
    badge: Badge,
    stretch: String,
    rims: Vec<Link>,
    reason: String,
    counted: Vec<String>,
    answers_gone: bool,
    scenes: Vec<SceneView>,
    tickets: Vec<TicketView>,
}

#[derive(Debug, Template)]
#[template(path = "explain_period.html")]
struct PeriodPage {
    page: Page,
    crumbs: Vec<Link>,
    asked: String,
    badge: Badge,
    target: String,
    seconds: Vec<Seconds>,
    formulas: Vec<Formula>,
    outages: Vec<OutageView>,
    more: String,
}

/// The page for a query.
pub(super) async fn show(
    Known { visit, .. }: Known,
    State(state): State<WebState>,
    Path(id): Path<String>,
    Query(query): Query<ExplainQuery>,
) -> Result<Response, Failure> {
    let snapshot = visit.snapshot.clone();
    let id = ServiceId::parse(&id).map_err(|_| visit.refuse(StatusCode::NOT_FOUND))?;
    let subject = snapshot.catalogue.service(&id).ok_or_else(|| visit.refuse(StatusCode::NOT_FOUND))?;
    let asked = asked(&query, snapshot.profile.time_zone, visit.now);
    let asked = asked.ok_or_else(|| visit.refuse(StatusCode::BAD_REQUEST))?;
    let (store, site, now) = (state.app.store.clone(), snapshot.clone(), visit.now);
    let told = read(&visit, move || {
        let service = site.catalogue.service(&id).ok_or(StoreError::Damaged { what: "catalogue" })?;
        store.read(|reader| explain::load(reader, &site.rulebook, service, asked, now))
    })
    .await?;
    let page = visit.page(Section::Overview, format!("{} · {}", visit.texts.get("explain-title"), subject.name));
    visit.html(render(page, &told))
}

fn asked(query: &ExplainQuery, zone: chrono_tz::Tz, now: Timestamp) -> Option<Asked> {
    match (query.at.as_deref().filter(|text| !text.is_empty()), query.period.as_deref()) {
        (None, Some(period)) => Period::parse(period).ok().map(Asked::Period),
        (Some(at), _) => {
            let seconds = at.parse::<i64>().ok().filter(|seconds| (0..=253_402_300_799).contains(seconds));
            let at = seconds.map(Timestamp::from_secs).or_else(|| explain::parse_instant(at, zone));
            at.map(Asked::Instant)
        }
        (None, None) => Some(Asked::Instant(now)),
    }
}

/// The page as HTML.
pub(crate) fn render(page: Page, told: &Explanation) -> Result<String, askama::Error> {
    match told {
        Explanation::Instant(account) => render_instant(page, account),
        Explanation::Period(account) => render_period(page, account),
    }
}

/// To the millisecond: a rim of the ledger is met exactly.
fn instant_href(service: &ServiceId, at: Timestamp) -> String {
    format!("/services/{service}/explain?at={at}")
}

/// To the last millisecond of its first second: an outage's begin is told in whole seconds, floored.
pub(super) fn outage_href(service: &ServiceId, outage: &Outage) -> String {
    instant_href(service, outage.from.plus_ms(999))
}

fn period_href(service: &ServiceId, period: Period) -> String {
    format!("/services/{service}/explain?period={period}")
}

/// From the overview to the service; a day or an instant goes on over its month.
fn crumbs(texts: Texts, service: &ServiceId, name: &str, above: &[Period]) -> Vec<Link> {
    let mut out = vec![
        Link { href: "/".to_owned(), label: texts.get("nav-overview") },
        Link { href: format!("/services/{service}"), label: name.to_owned() },
    ];
    out.extend(
        above.iter().map(|period| Link { href: period_href(service, *period), label: period_label(texts, *period) }),
    );
    out
}

fn period_label(texts: Texts, period: Period) -> String {
    match period.kind() {
        PeriodKind::Day => texts.date(period.first_date()),
        PeriodKind::Month => texts.month(period.first_date()),
        PeriodKind::Week | PeriodKind::Quarter | PeriodKind::Year => period.to_string(),
    }
}

fn render_period(page: Page, account: &PeriodAccount) -> Result<String, askama::Error> {
    let texts = page.texts;
    let (figures, service) = (&account.availability.figures, &account.service);
    let counts = &figures.counts;
    let letter = |letter, label: &str, value: u64| Seconds {
        letter,
        label: texts.get(label),
        value: words::seconds(texts, i64::try_from(value).unwrap_or(i64::MAX)),
    };
    let month = Period::containing(PeriodKind::Month, account.period.first_date());
    let above: &[Period] = if account.period.kind() == PeriodKind::Day { &[month] } else { &[] };
    let more = account.availability.outages.len().saturating_sub(account.outages.len());
    PeriodPage {
        crumbs: crumbs(texts, service, &account.name, above),
        asked: period_label(texts, account.period),
        badge: verdict_badge(texts, figures.verdict),
        target: figures.target_ppm.map_or_else(
            || texts.get("target-none"),
            |ppm| texts.text("target-value", &[("value", &texts.percent_exact(ppm))]),
        ),
        seconds: vec![
            letter("U", "figure-up", counts.up_s),
            letter("D", "figure-down", counts.down_s),
            letter("K", "figure-unknown", counts.unknown_s),
            letter("E", "figure-excluded", counts.excluded_s),
        ],
        formulas: words::formulas(texts, figures),
        outages: account.outages.iter().map(|listed| outage_view(texts, service, listed)).collect(),
        more: if more > 0 { texts.count("explain-outages-more", more) } else { String::new() },
        page,
    }
    .render()
}

fn outage_view(texts: Texts, service: &ServiceId, listed: &explain::period::OutageAccount) -> OutageView {
    let outage = &listed.outage;
    OutageView {
        from: texts.instant_seconds(outage.from),
        href: outage_href(service, outage),
        to: outage.to.map_or_else(|| texts.get("outage-running"), |to| texts.instant_seconds(to)),
        counted: words::seconds(texts, i64::try_from(outage.counted_s).unwrap_or(i64::MAX)),
        reason: listed.reason.as_ref().map(|reason| texts.phrase(reason)).unwrap_or_default(),
        tickets: listed.tickets.iter().map(ticket_link).collect(),
    }
}

fn ticket_link(ticket: &Ticket) -> Link {
    Link { href: format!("/tickets/{}", ticket.number), label: ticket.number.to_string() }
}

fn render_instant(page: Page, account: &InstantAccount) -> Result<String, askama::Error> {
    let texts = page.texts;
    let (stretch, service) = (&account.stretch, &account.service);
    let zone = texts.zone();
    let above = [PeriodKind::Month, PeriodKind::Day].map(|kind| Period::containing_instant(kind, zone, account.at));
    let (from, to) = (words::rim(texts, stretch.interval.from), words::rim(texts, stretch.interval.to));
    let to = if account.ended { to } else { texts.get("explain-goes-on") };
    let mut rims = Vec::new();
    if from != "–" && stretch.interval.from != account.at {
        let label = texts.text("explain-began-at", &[("time", &from)]);
        rims.push(Link { href: instant_href(service, stretch.interval.from), label });
    }
    if account.ended {
        let label = texts.text("explain-ended-at", &[("time", &to)]);
        rims.push(Link { href: instant_href(service, stretch.interval.to), label });
    }
    InstantPage {
        crumbs: crumbs(texts, service, &account.name, &above),
        asked: texts.instant_seconds(account.at),
        field: account.at.to_utc().with_timezone(&zone).format("%Y-%m-%dT%H:%M:%S").to_string(),
        badge: state_badge(texts, stretch.state),
        stretch: texts.text("explain-stretch", &[("from", &from), ("to", &to)]),
        rims,
        reason: account.reason.as_ref().map(|reason| texts.phrase(reason)).unwrap_or_default(),
        counted: words::counted(texts, &account.service_hours, &account.count),
        answers_gone: account.answers_gone,
        scenes: account.scenes.iter().map(|scene| scene_view(texts, scene)).collect(),
        tickets: account.tickets.iter().map(|ticket| ticket_view(texts, ticket)).collect(),
        page,
    }
    .render()
}

fn ticket_view(texts: Texts, ticket: &Ticket) -> TicketView {
    TicketView {
        link: ticket_link(ticket),
        badge: ticket_state_badge(texts, ticket.state),
        symptom: texts.phrase(&ticket.symptom),
    }
}

fn scene_view(texts: Texts, scene: &Scene) -> SceneView {
    SceneView {
        title: texts.get(&format!("explain-moment-{}", scene.moment.code())),
        time: texts.instant_seconds(scene.at),
        badge: state_badge(texts, scene.state),
        formula: if scene.checks.len() > 1 { words::formula(texts, scene) } else { String::new() },
        checks: scene.checks.iter().map(|check| check_view(texts, check)).collect(),
    }
}

fn check_view(texts: Texts, check: &CheckAccount) -> CheckView {
    let hold = texts.duration(check.stale_after_ms / 1000);
    let needed = check.confirm_failures.to_string();
    let says_more = words::decision_says_more(check);
    CheckView {
        name: check.name.clone(),
        badge: state_badge(texts, check.decision.state),
        decision: if says_more { words::decision(texts, &check.decision) } else { String::new() },
        rule: texts.text("explain-confirm-rule", &[("needed", &needed), ("hold", &hold)]),
        vantages: check.vantages.iter().map(|vantage| vantage_view(texts, check, vantage)).collect(),
    }
}

fn vantage_view(texts: Texts, check: &CheckAccount, vantage: &VantageAccount) -> VantageView {
    VantageView {
        host: vantage.host.to_string(),
        badge: state_badge(texts, vantage.state),
        decisive: vantage.decisive,
        note: words::vantage_note(texts, vantage).unwrap_or_default(),
        witnesses: words::witnesses(texts, vantage),
        answers: vantage.answers.iter().map(|line| answer_view(texts, check, line)).collect(),
    }
}

fn answer_view(texts: Texts, check: &CheckAccount, line: &AnswerLine) -> AnswerView {
    let (outcome, at) = (&line.outcome, line.account.result.at);
    let tone = match outcome.verdict() {
        ProbeVerdict::Ok => Tone::Good,
        ProbeVerdict::Degraded => Tone::Warn,
        ProbeVerdict::Failed => Tone::Bad,
        ProbeVerdict::ProbeError | ProbeVerdict::Unspecified => Tone::Unknown,
    };
    AnswerView {
        time: texts.clock_seconds(at),
        datetime: at.to_string(),
        badge: Badge::new(tone, texts.get(&format!("probe-{}", outcome.verdict().name().replace('_', "-")))),
        duration: texts.milliseconds(outcome.duration_us),
        phases: phases(texts, outcome),
        phase: words::phase(texts, outcome),
        reason: outcome.reason.clone(),
        role: words::role(texts, line, check),
        marks: words::marks(texts, line),
        holds: line.holds,
    }
}
