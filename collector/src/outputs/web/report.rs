//! Laporan Ketersediaan: the month of every service, for the screen and for A4.

use super::figures::FigureView;
use super::markup::Badge;
use super::overview::percent_or_dash;
use super::page::{Page, verdict_badge};
use super::reports::draft_files;
use crate::domain::availability::{Figures, Verdict};
use crate::domain::burn::Budget;
use crate::domain::calendar::period::Period;
use crate::domain::catalogue::Service;
use crate::report::document::{PendingRow, TargetPeriodRow};
use crate::report::{self, form, freeze};
use crate::snapshot::Snapshot;
use crate::store::{Reader, StoreError};
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
    /// Its numerator and denominator in seconds.
    pub(crate) quotient: String,
    /// The same of the coverage.
    pub(crate) coverage_quotient: String,
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
    /// The verdict over the month, where the target is meant for a longer period and judged otherwise.
    pub(crate) month_verdict: String,
    pub(crate) target_changed: bool,
}

/// What is told beside the figures of a month.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    /// Per service, where its target is meant for a longer period: that period's judgement.
    target_periods: Vec<Option<TargetPeriodRow>>,
    /// Corrections that nobody has decided, with the service's name.
    pending: Vec<(String, PendingRow)>,
}

impl Beside {
    /// # Errors
    /// What the store says.
    pub(crate) fn load(
        reader: &Reader,
        snapshot: &Snapshot,
        period: Period,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let site = freeze::site(snapshot, period, now);
        let services = snapshot.catalogue.services.iter();
        let target_periods = services.map(|service| report::target_period(reader, &site, service));
        Ok(Self {
            target_periods: target_periods.collect::<Result<_, _>>()?,
            pending: report::undecided(reader, &site, &snapshot.register)?,
        })
    }

    /// The verdict of the service at `place` over its target's own period.
    fn verdict(&self, place: usize, month: Verdict) -> Verdict {
        let row = self.target_periods.get(place).and_then(Option::as_ref);
        let all = [Verdict::Met, Verdict::NotMet, Verdict::InsufficientData, Verdict::NoTarget, Verdict::NoServiceTime];
        row.and_then(|row| all.into_iter().find(|verdict| verdict.code() == row.verdict)).unwrap_or(month)
    }
}

/// A correction that waits.
#[derive(Debug)]
struct PendingView {
    href: String,
    title: String,
    effect: String,
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
    pending_title: String,
    pending: Vec<PendingView>,
    /// Address and label of each draft.
    files: Vec<(String, String)>,
    assumptions: Vec<(String, String)>,
}

/// The page as HTML. `figures` is one per service, in catalogue order.
pub(crate) fn render(
    page: Page,
    snapshot: &Snapshot,
    period: Period,
    figures: &[(&Service, Figures)],
    beside: &Beside,
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
        summary: summary(texts, figures, beside),
        rows: figures
            .iter()
            .enumerate()
            .map(|(place, (service, figures))| {
                let verdict = beside.verdict(place, figures.verdict);
                row(texts, period, (service, figures, verdict), budget_of(service))
            })
            .collect(),
        pending_title: texts.text("form-pending", &[("count", &beside.pending.len().to_string())]),
        pending: beside.pending.iter().map(|(service, row)| pending_view(texts, service, row)).collect(),
        files: draft_files(period).collect(),
        assumptions: snapshot.profile.assumptions.clone(),
        page,
    }
    .render()
}

/// A ratio as the division that it is; empty where there is nothing to divide by.
fn quotient(texts: Texts, part: u64, whole: u64) -> String {
    if whole == 0 {
        return String::new();
    }
    texts.text("report-quotient", &[("part", &texts.number(part)), ("whole", &texts.number(whole))])
}

fn pending_view(texts: Texts, service: &str, row: &PendingRow) -> PendingView {
    PendingView {
        href: format!("/corrections/{}", row.number),
        title: format!("{} · {service} · {}", row.number, form::pending_claim(texts, row)),
        effect: form::pending_effect(texts, row),
    }
}

fn next(period: Period, end: Timestamp, now: Timestamp) -> Option<String> {
    (end <= now).then(|| period.next().to_string())
}

/// How many services stand where; those without a target in their own column (G47).
fn summary(texts: Texts, figures: &[(&Service, Figures)], beside: &Beside) -> Vec<FigureView> {
    let verdicts: Vec<Verdict> =
        figures.iter().enumerate().map(|(place, (_, figures))| beside.verdict(place, figures.verdict)).collect();
    [Verdict::Met, Verdict::NotMet, Verdict::InsufficientData, Verdict::NoTarget, Verdict::NoServiceTime]
        .into_iter()
        .filter_map(|verdict| {
            let count = verdicts.iter().filter(|counted| **counted == verdict).count();
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

fn row(
    texts: Texts,
    period: Period,
    (service, figures, verdict): (&Service, &Figures, Verdict),
    budget: Option<&Budget>,
) -> ReportRow {
    let own = verdict_badge(texts, figures.verdict);
    let counts = &figures.counts;
    let known = counts.up_s.saturating_add(counts.down_s);
    let class = texts.get(&format!("class-{}", service.class.code()));
    let group = texts.get(&format!("group-{}", service.group.code().replace('_', "-")));
    ReportRow {
        href: format!("/services/{}?period={period}", service.id),
        name: service.name.clone(),
        kind: format!("{group} · {class}"),
        target: figures.target_ppm.map_or_else(|| "–".to_owned(), |ppm| texts.percent_exact(ppm)),
        availability: percent_or_dash(texts, figures.availability_ppm),
        quotient: quotient(texts, counts.up_s, known),
        coverage_quotient: quotient(texts, known, known.saturating_add(counts.unknown_s)),
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
        verdict: verdict_badge(texts, verdict),
        month_verdict: if verdict == figures.verdict {
            String::new()
        } else {
            texts.text("report-month-verdict", &[("verdict", &own.label)])
        },
        target_changed: figures.target_changed,
    }
}
