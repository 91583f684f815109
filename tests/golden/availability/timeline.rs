//! Runner of the kind `timeline`: states in, all figures out.

use crate::calendars::{self, OverrideGiven};
use crate::case::{self, Case, GoldenFile, Instant, Span};
use anyhow::bail;
use chrono::NaiveDate;
use pantau_collector::domain::availability::{
    Correction, CorrectionEffect, DegradedPolicy, Figures, Input, MaintenancePolicy, MaintenanceStatus,
    MaintenanceWindow, Policy, Terms, evaluate,
};
use pantau_collector::domain::interval::Interval;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyGiven {
    tz: String,
    maintenance: String,
    min_notice_s: u64,
    excluded_cap_s: Option<u64>,
    degraded_counts_as: String,
    min_coverage_ppm: u32,
    target_ppm: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    period: Span,
    as_of: Option<Instant>,
    effective_from: Option<Instant>,
    effective_to: Option<Instant>,
    states: Vec<(Instant, String)>,
    #[serde(default)]
    maintenance: Vec<WindowGiven>,
    #[serde(default)]
    corrections: Vec<CorrectionGiven>,
    calendar: Option<String>,
    #[serde(default)]
    holidays: Vec<NaiveDate>,
    #[serde(default)]
    holidays_open: bool,
    #[serde(default)]
    calendar_overrides: Vec<OverrideGiven>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WindowGiven {
    from: Instant,
    to: Instant,
    status: String,
    announced_at: Option<Instant>,
    approved_at: Option<Instant>,
    ended_early_at: Option<Instant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CorrectionGiven {
    seq: u64,
    from: Instant,
    to: Instant,
    to_state: String,
    approved: bool,
}

impl PolicyGiven {
    fn policy(&self) -> anyhow::Result<Policy> {
        Ok(Policy {
            maintenance: match self.maintenance.as_str() {
                "exclude" => MaintenancePolicy::Exclude,
                "count_as_up" => MaintenancePolicy::CountAsUp,
                "count_as_down" => MaintenancePolicy::CountAsDown,
                other => bail!("unknown maintenance policy {other:?}"),
            },
            min_notice_s: self.min_notice_s,
            excluded_cap_s: self.excluded_cap_s,
            degraded: match self.degraded_counts_as.as_str() {
                "up" => DegradedPolicy::Up,
                "down" => DegradedPolicy::Down,
                other => bail!("degraded can not count as {other:?}"),
            },
            min_coverage_ppm: self.min_coverage_ppm,
        })
    }
}

impl WindowGiven {
    fn window(&self) -> anyhow::Result<MaintenanceWindow> {
        Ok(MaintenanceWindow {
            interval: Interval::new(self.from.0, self.to.0),
            status: match self.status.as_str() {
                "approved" => MaintenanceStatus::Approved,
                "cancelled" => MaintenanceStatus::Cancelled,
                "proposed" => MaintenanceStatus::Proposed,
                "rejected" => MaintenanceStatus::Rejected,
                other => bail!("unknown maintenance status {other:?}"),
            },
            announced_at: self.announced_at.map(|at| at.0),
            approved_at: self.approved_at.map(|at| at.0),
            ended_early_at: self.ended_early_at.map(|at| at.0),
        })
    }
}

impl CorrectionGiven {
    fn correction(&self) -> anyhow::Result<Correction> {
        let interval = Interval::new(self.from.0, self.to.0);
        let effect = match self.to_state.as_str() {
            "EXCLUDED" => CorrectionEffect::Exclude(interval),
            name => CorrectionEffect::SetState(interval, case::state(name)?),
        };
        Ok(Correction { seq: self.seq, effect, approved: self.approved })
    }
}

/// All figures of a period.
pub(crate) fn timeline(file: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: Given = case.given()?;
    let asked: PolicyGiven = file.policy(case)?;
    let calendar = calendars::resolve(
        &file.calendars,
        given.calendar.as_deref(),
        Some(&asked.tz),
        &given.calendar_overrides,
        &given.holidays,
        given.holidays_open,
    )?;
    let states = case::timeline(&given.states)?;
    let maintenance: Vec<_> = given.maintenance.iter().map(WindowGiven::window).collect::<anyhow::Result<_>>()?;
    let corrections: Vec<_> =
        given.corrections.iter().map(CorrectionGiven::correction).collect::<anyhow::Result<_>>()?;
    let policy = asked.policy()?;
    let availability = evaluate(&Input {
        period: given.period.interval(),
        as_of: given.as_of.map(|at| at.0),
        effective: Interval::new(
            given.effective_from.map_or(Interval::ALL.from, |at| at.0),
            given.effective_to.map_or(Interval::ALL.to, |at| at.0),
        ),
        terms: &[Terms {
            valid_from: Interval::ALL.from,
            calendar: &calendar,
            target_ppm: asked.target_ppm,
            policy: &policy,
        }],
        states: &states,
        maintenance: &maintenance,
        component_maintenance: None,
        corrections: &corrections,
    });
    Ok(figures_json(&availability.figures))
}

fn figures_json(figures: &Figures) -> Value {
    json!({
        "agreed_s": figures.agreed_s,
        "excluded_s": figures.counts.excluded_s,
        "up_s": figures.counts.up_s,
        "degraded_s": figures.counts.degraded_s,
        "down_s": figures.counts.down_s,
        "unknown_s": figures.counts.unknown_s,
        "availability_ppm": figures.availability_ppm,
        "availability_min_ppm": figures.availability_min_ppm,
        "availability_max_ppm": figures.availability_max_ppm,
        "coverage_ppm": figures.coverage_ppm,
        "outages": figures.outages,
        "longest_outage_s": figures.longest_outage_s,
        "mtrs_s": figures.mtrs_s,
        "mtbf_s": figures.mtbf_s,
        "budget_s": figures.budget_s,
        "budget_left_s": figures.budget_left_s,
        "verdict": figures.verdict.code(),
    })
}
