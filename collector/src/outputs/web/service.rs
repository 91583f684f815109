//! A service: state, month, days, outages, checks, tickets, backups, and its eleven fields.

use super::backups::{self, BackupRow};
use super::budget::BudgetCard;
use super::day_bar::{self, DayBar};
use super::figures::{FigureView, figure_views};
use super::markup::{Badge, Tone};
use super::month;
use super::overview::{MonthSummary, month_summary};
use super::page::{Page, state_badge};
use super::tickets::{self, TicketRow};
use crate::domain::availability::{Availability, Outage};
use crate::domain::calendar::period::{Period, PeriodKind};
use crate::domain::catalogue::{Check, Service, ServiceId};
use crate::domain::check_target;
use crate::domain::ticket::Ticket;
use crate::snapshot::{CheckView, ServiceView, Snapshot};
use crate::texts::Texts;
use askama::Template;
use pantau_shared::probe::{ProbeOutcome, ProbeVerdict};

/// A field of the catalogue.
#[derive(Debug)]
pub(crate) struct Fact {
    pub(crate) number: String,
    pub(crate) label: String,
    pub(crate) value: String,
}

/// An outage of the month.
#[derive(Debug)]
pub(crate) struct OutageRow {
    pub(crate) from: String,
    /// Why: the account of its first second.
    pub(crate) why: String,
    pub(crate) to: String,
    pub(crate) counted: String,
    pub(crate) note: String,
}

/// A check with its newest answer.
#[derive(Debug)]
pub(crate) struct CheckRow {
    pub(crate) name: String,
    pub(crate) asks: String,
    pub(crate) host: String,
    /// Only a host that has joined has a page.
    pub(crate) joined: bool,
    pub(crate) badge: Badge,
    pub(crate) at: String,
    pub(crate) reason: String,
    pub(crate) said: String,
    pub(crate) duration: String,
    pub(crate) phases: String,
    pub(crate) certificate: String,
}

#[derive(Debug, Template)]
#[template(path = "service.html")]
struct ServicePage {
    page: Page,
    id: String,
    badge: Badge,
    since: String,
    reason: String,
    /// The window that runs, or else the next one, in words; with its number.
    maintenance: Option<(String, u32)>,
    group: String,
    class: String,
    bar: DayBar,
    first_day: String,
    month: String,
    period: String,
    previous: Option<String>,
    next: Option<String>,
    summary: MonthSummary,
    figures: Vec<FigureView>,
    budget: Option<BudgetCard>,
    outages: Vec<OutageRow>,
    checks: Vec<CheckRow>,
    tickets: Vec<TicketRow>,
    backups: Vec<BackupRow>,
    /// What a kritis service lacks (G28).
    findings: Vec<String>,
    facts: Vec<Fact>,
}

/// What the page is made of besides the snapshot.
#[derive(Debug)]
pub(crate) struct ServiceData<'a> {
    pub(crate) service: &'a Service,
    pub(crate) view: &'a ServiceView,
    pub(crate) period: Period,
    pub(crate) availability: &'a Availability,
    /// Newest tickets that affect it.
    pub(crate) tickets: &'a [Ticket],
}

/// The page as HTML.
pub(crate) fn render(page: Page, snapshot: &Snapshot, data: &ServiceData<'_>) -> Result<String, askama::Error> {
    let texts = page.texts;
    let now = page.now;
    let (service, view) = (data.service, data.view);
    let figures = &data.availability.figures;
    ServicePage {
        id: service.id.to_string(),
        badge: state_badge(texts, view.state),
        since: view
            .since
            .map_or_else(|| texts.get("never-seen"), |since| texts.text("since", &[("time", &texts.instant(since))])),
        reason: view.reason.as_ref().map(|reason| texts.phrase(reason)).unwrap_or_default(),
        maintenance: maintenance(texts, view),
        group: texts.get(&format!("group-{}", service.group.code().replace('_', "-"))),
        class: texts.get(&format!("class-{}", service.class.code())),
        bar: DayBar::new(texts, &service.name, &view.days).linked(&service.id, &view.days),
        first_day: day_bar::begins(&view.days).map(|date| texts.date_short(date)).unwrap_or_default(),
        month: texts.month(data.period.first_date()),
        period: data.period.to_string(),
        previous: month::previous(data.period, snapshot, &service.id).map(|period| period.to_string()),
        next: month::next(data.period, snapshot, now).map(|period| period.to_string()),
        summary: month_summary(texts, figures),
        figures: figure_views(texts, figures),
        budget: view.budget.as_ref().map(|budget| BudgetCard::new(texts, budget)),
        outages: data.availability.outages.iter().rev().map(|outage| outage_row(texts, service, outage)).collect(),
        checks: check_rows(&page, snapshot, service, view),
        tickets: data.tickets.iter().map(|ticket| tickets::row(texts, snapshot, ticket, now)).collect(),
        backups: snapshot
            .backups
            .iter()
            .filter(|backup| backup.service == service.id)
            .map(|backup| backups::row(texts, snapshot, backup, now))
            .collect(),
        findings: backups::findings(texts, snapshot, service),
        facts: facts(texts, snapshot, service, view),
        page,
    }
    .render()
}

/// The window that runs now, else the next one.
fn maintenance(texts: Texts, view: &ServiceView) -> Option<(String, u32)> {
    let (id, window) = match (&view.maintenance.now, &view.maintenance.next) {
        (Some(window), _) if window.counted && window.of_parts => ("service-maintenance-now-part", window),
        (Some(window), _) if window.counted => ("service-maintenance-now", window),
        (Some(window), _) => ("service-maintenance-now-not-counted", window),
        (None, Some(window)) => ("service-maintenance-next", window),
        (None, None) => return None,
    };
    let (from, to) = (texts.instant(window.interval.from), texts.instant(window.interval.to));
    Some((texts.text(id, &[("title", &window.title), ("from", &from), ("to", &to)]), window.number))
}

fn outage_row(texts: Texts, service: &Service, outage: &Outage) -> OutageRow {
    OutageRow {
        from: texts.instant(outage.from),
        why: super::explain::outage_href(&service.id, outage),
        to: outage.to.map_or_else(|| texts.get("outage-running"), |to| texts.instant(to)),
        counted: texts.duration(outage.counted_s),
        note: if outage.started_in_period { String::new() } else { texts.get("outage-began-before") },
    }
}

fn check_rows(page: &Page, snapshot: &Snapshot, service: &Service, view: &ServiceView) -> Vec<CheckRow> {
    let joined = |answer: &CheckView| snapshot.hosts.iter().any(|host| host.id == answer.host);
    let known = |answer: &&CheckView| service.checks.iter().find(|check| check.id == answer.id);
    view.checks
        .iter()
        .filter_map(|answer| known(&answer).map(|check| check_row(page, check, answer, joined(answer))))
        .collect()
}

fn check_row(page: &Page, check: &Check, answer: &CheckView, joined: bool) -> CheckRow {
    let texts = page.texts;
    let outcome = answer.outcome.as_deref();
    let verdict = outcome.map_or(ProbeVerdict::Unspecified, ProbeOutcome::verdict);
    let tone = match verdict {
        ProbeVerdict::Ok => Tone::Good,
        ProbeVerdict::Degraded => Tone::Warn,
        ProbeVerdict::Failed => Tone::Bad,
        ProbeVerdict::ProbeError => Tone::Unknown,
        ProbeVerdict::Unspecified => Tone::Neutral,
    };
    CheckRow {
        name: check.name.clone(),
        asks: check_target::render_target(&check.kind),
        host: answer.host.to_string(),
        joined,
        badge: Badge::new(tone, texts.get(&format!("probe-{}", verdict.name().replace('_', "-")))),
        at: answer.at.map_or_else(|| "–".to_owned(), |at| texts.text("ago", &[("span", &texts.between(at, page.now))])),
        reason: outcome.map(|outcome| outcome.reason.clone()).unwrap_or_default(),
        // A plug-in's own line, where the reason does not say it already.
        said: outcome
            .map(|outcome| outcome.answer.clone())
            .filter(|said| outcome.is_some_and(|outcome| outcome.reason != *said))
            .unwrap_or_default(),
        duration: outcome.map_or_else(|| "–".to_owned(), |outcome| texts.milliseconds(outcome.duration_us)),
        phases: outcome.map(|outcome| phases(texts, outcome)).unwrap_or_default(),
        certificate: outcome.and_then(|outcome| outcome.certificate_expires_at).map_or_else(String::new, |at| {
            let at = pantau_shared::timestamp::Timestamp::from_secs(at);
            texts.text(
                "certificate-until",
                &[("time", &texts.instant_short(at)), ("span", &texts.between(page.now, at))],
            )
        }),
    }
}

pub(super) fn phases(texts: Texts, outcome: &ProbeOutcome) -> String {
    let parts = [
        ("phase-resolve", outcome.resolve_us),
        ("phase-connect", outcome.connect_us),
        ("phase-tls", outcome.tls_us),
        ("phase-first-byte", outcome.first_byte_us),
        ("phase-transfer", outcome.transfer_us),
    ];
    let told = parts.iter().filter_map(|(id, time)| time.map(|us| (id, us)));
    told.map(|(id, us)| format!("{} {}", texts.get(id), texts.milliseconds(us))).collect::<Vec<_>>().join(" · ")
}

/// The message of a target over its period (G22).
fn target_period(kind: PeriodKind) -> &'static str {
    match kind {
        PeriodKind::Quarter => "target-quarterly",
        PeriodKind::Year => "target-yearly",
        PeriodKind::Day | PeriodKind::Week | PeriodKind::Month => "target-monthly",
    }
}

/// The eleven fields of the regulation (2.1.1.2), then the attributes of 2.1.2.4.
fn facts(texts: Texts, snapshot: &Snapshot, service: &Service, view: &ServiceView) -> Vec<Fact> {
    let or_dash = |text: &str| if text.is_empty() { "–".to_owned() } else { text.to_owned() };
    let unset = || texts.get("not-set");
    let hours = |seconds: Option<u32>| {
        seconds.map_or_else(unset, |seconds| texts.text("less-than", &[("span", &texts.duration(seconds.into()))]))
    };
    let target = service.target.map_or_else(unset, |target| {
        texts.text(target_period(service.agreement.target_period), &[("value", &texts.percent_exact(target.ppm))])
    });
    let resolution = snapshot.profile.resolution_target(service.group, service.class);
    let measured = super::overview::percent_or_dash(texts, view.month.availability_ppm);
    let values = [
        ("field-name", service.name.clone()),
        ("field-description", or_dash(&service.description)),
        ("field-provider", or_dash(&service.provider)),
        ("field-administrators", or_dash(&service.service_administrators.join(", "))),
        ("field-infrastructure", or_dash(&service.infrastructure_administrators.join(", "))),
        ("field-access", or_dash(&service.access)),
        ("field-target", target),
        ("field-contact", or_dash(&service.support_contact)),
        ("field-support-hours", or_dash(&service.support_hours)),
        ("field-user-target", resolution.map_or_else(unset, |target| hours(Some(target.seconds)))),
        (
            "field-availability",
            texts.text("field-availability-value", &[("hours", &service.service_hours), ("value", &measured)]),
        ),
    ];
    let mut facts: Vec<Fact> = values
        .into_iter()
        .enumerate()
        .map(|(index, (id, value))| Fact { number: (index + 1).to_string(), label: texts.get(id), value })
        .collect();
    let plan = service.recovery_plan.clone().unwrap_or_else(unset);
    for (id, value) in
        [("field-rpo", hours(service.rpo_seconds)), ("field-rto", hours(service.rto_seconds)), ("field-plan", plan)]
    {
        facts.push(Fact { number: String::new(), label: texts.get(id), value });
    }
    facts.extend(rule_facts(texts, snapshot, service));
    facts
}

/// By which rules its time counts, what it is made of, and what it needs.
fn rule_facts(texts: Texts, snapshot: &Snapshot, service: &Service) -> Vec<Fact> {
    let fact = |id: &str, value: String| Fact { number: String::new(), label: texts.get(id), value };
    let policy = &service.agreement.policy;
    let maintenance = texts.text(
        &format!("maintenance-{}", policy.maintenance.code().replace('_', "-")),
        &[("notice", &texts.duration(policy.min_notice_s))],
    );
    let mut facts = vec![fact("field-maintenance", maintenance)];
    if let Some(cap_s) = policy.excluded_cap_s {
        facts.push(fact("field-maintenance-cap", texts.duration(cap_s)));
    }
    let components = service.composition.components.iter().map(|component| {
        let checks = component.checks.iter().filter_map(|place| service.checks.get(*place));
        let checks: Vec<&str> = checks.map(|check| check.name.as_str()).collect();
        let target = component.target.map(|target| format!(", {}", texts.percent_exact(target.ppm)));
        format!("{} ({}{})", component.name, checks.join(", "), target.unwrap_or_default())
    });
    let components: Vec<String> = components.collect();
    if !components.is_empty() {
        facts.push(fact("field-components", components.join(" · ")));
    }
    let name = |id: &ServiceId| snapshot.catalogue.service(id).map_or_else(|| id.to_string(), |s| s.name.clone());
    let needs: Vec<String> = service.composition.depends_on.iter().map(|needed| name(needed.service())).collect();
    if !needs.is_empty() {
        facts.push(fact("field-depends", needs.join(", ")));
    }
    facts
}
