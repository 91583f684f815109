//! Laporan Ketersediaan: the month of every service, for the screen and for A4.

use super::figures::FigureView;
use super::markup::Badge;
use super::overview::percent_or_dash;
use super::page::{Page, verdict_badge};
use crate::domain::availability::{Figures, Verdict};
use crate::domain::burn::Budget;
use crate::domain::calendar::period::Period;
use crate::domain::catalogue::Service;
use crate::report::form;
use crate::snapshot::Snapshot;
use crate::texts::Texts;
use askama::Template;
use pantau_shared::timestamp::Timestamp;

/// A service's line.
#[derive(Debug)]
pub(crate) struct ReportRow {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) target: String,
    pub(crate) availability: String,
    /// Lowest and highest possible value; empty where nothing is unknown.
    pub(crate) bounds: String,
    pub(crate) coverage: String,
    pub(crate) down: String,
    pub(crate) outages: String,
    pub(crate) mtrs: String,
    /// Whole minutes of the budget that are left; of the whole month while it runs.
    pub(crate) left: String,
    /// What becomes of the running month at the present rate; empty for one that is over.
    pub(crate) forecast: String,
    pub(crate) verdict: Badge,
    pub(crate) target_changed: bool,
}

#[derive(Debug, Template)]
#[template(path = "report.html")]
struct ReportPage {
    page: Page,
    /// Such as `2026-06`: its form and files.
    period: String,
    month: String,
    running: bool,
    previous: String,
    next: Option<String>,
    legal_basis: String,
    profile: String,
    revision: u32,
    made: String,
    summary: Vec<FigureView>,
    rows: Vec<ReportRow>,
    assumptions: Vec<(String, String)>,
}

/// The page as HTML. `figures` is one per service, in catalogue order.
pub(crate) fn render(
    page: Page,
    snapshot: &Snapshot,
    period: Period,
    figures: &[(&Service, Figures)],
) -> Result<String, askama::Error> {
    let texts = page.texts;
    let end = period.interval(texts.zone()).to;
    let running = end > page.now;
    let budget_of = |service: &Service| {
        let view = snapshot.services.iter().find(|view| view.id == service.id).filter(|_| running)?;
        view.budget.as_ref()
    };
    ReportPage {
        period: period.to_string(),
        month: texts.month(period.first_date()),
        running,
        previous: period.previous().to_string(),
        next: next(period, end, page.now),
        legal_basis: snapshot.profile.legal_basis.clone(),
        profile: snapshot.profile.version.clone(),
        revision: snapshot.catalogue.revision,
        made: texts.instant(page.now),
        summary: summary(texts, figures),
        rows: figures
            .iter()
            .map(|(service, figures)| row(texts, period, (service, figures), budget_of(service)))
            .collect(),
        assumptions: snapshot.profile.assumptions.clone(),
        page,
    }
    .render()
}

fn next(period: Period, end: Timestamp, now: Timestamp) -> Option<String> {
    (end <= now).then(|| period.next().to_string())
}

/// How many services stand where; those without a target in their own column (G47).
fn summary(texts: Texts, figures: &[(&Service, Figures)]) -> Vec<FigureView> {
    [Verdict::Met, Verdict::NotMet, Verdict::InsufficientData, Verdict::NoTarget, Verdict::NoServiceTime]
        .into_iter()
        .filter_map(|verdict| {
            let count = figures.iter().filter(|(_, figures)| figures.verdict == verdict).count();
            let badge = verdict_badge(texts, verdict);
            (count > 0).then(|| FigureView {
                label: badge.label,
                value: count.to_string(),
                note: texts.count("report-services", count),
                tone: badge.tone,
            })
        })
        .collect()
}

fn row(texts: Texts, period: Period, (service, figures): (&Service, &Figures), budget: Option<&Budget>) -> ReportRow {
    let class = texts.get(&format!("class-{}", service.class.code()));
    let group = texts.get(&format!("group-{}", service.group.code().replace('_', "-")));
    ReportRow {
        href: format!("/services/{}?period={period}", service.id),
        name: service.name.clone(),
        kind: format!("{group} · {class}"),
        target: figures.target_ppm.map_or_else(|| "–".to_owned(), |ppm| texts.percent_exact(ppm)),
        availability: percent_or_dash(texts, figures.availability_ppm),
        bounds: match (figures.availability_min_ppm, figures.availability_max_ppm) {
            (Some(min), Some(max)) if min != max => format!("{} – {}", texts.percent(min), texts.percent(max)),
            _ => String::new(),
        },
        coverage: percent_or_dash(texts, figures.coverage_ppm),
        down: texts.duration(figures.counts.down_s),
        outages: texts.number(figures.outages),
        mtrs: figures.mtrs_s.map(|seconds| texts.duration(seconds)).unwrap_or_default(),
        left: budget
            .map(|budget| budget.month_left_s)
            .or(figures.budget_left_s)
            .map_or_else(|| "–".to_owned(), |left| form::minutes(texts, left)),
        forecast: budget.map(|budget| form::forecast(texts, &form::budget_row(budget))).unwrap_or_default(),
        verdict: verdict_badge(texts, figures.verdict),
        target_changed: figures.target_changed,
    }
}
