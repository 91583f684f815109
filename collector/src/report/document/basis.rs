//! What a service was judged by: agreements over time with their calendars, records of maintenance and corrections, the
//! target over its own period, the budget of a period that still runs. Not there in reports of early versions.

use super::{CountsRow, RpoMonthRow};
use serde::{Deserialize, Serialize};

/// What was agreed from an instant on, and by which revision of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgreementRow {
    /// `null`: since ever.
    pub valid_from: Option<i64>,
    /// The revision that agreed it.
    pub catalogue_revision: u32,
    /// `null`: none set (G22).
    pub target_ppm: Option<u32>,
    /// Over which period the target is meant: `bulan`, `triwulan`, `tahun`.
    pub target_period: String,
    /// Code of the class.
    pub class: String,
    /// Name of the service hours.
    pub service_hours: String,
    /// What that name meant.
    pub calendar: CalendarRow,
}

/// A calendar, as far as it decides the period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarRow {
    /// Whose wall clock counts.
    pub zone: String,
    /// Hours by weekday, such as `Mon 07:30-12:00 13:00-16:00`; empty: every instant.
    pub week: Vec<String>,
    /// Other hours for ranges of dates that touch the period: `2026-02-18/2026-03-19`, then as in `week`.
    pub other_hours: Vec<Vec<String>>,
    /// Holidays in the period, on which it is closed.
    pub holidays: Vec<String>,
}

/// The judgement over the period that the target is meant for, to the end of this report's period (G22).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the figures are those of the same name in domain::availability::Figures")]
pub struct TargetPeriodRow {
    /// Such as `2026` or `2026-Q2`.
    pub period: String,
    /// Begin of what was counted.
    pub from: i64,
    /// Its end, exclusive.
    pub to: i64,
    pub target_ppm: Option<u32>,
    pub availability_ppm: Option<u32>,
    pub availability_min_ppm: Option<u32>,
    pub availability_max_ppm: Option<u32>,
    pub coverage_ppm: Option<u32>,
    pub down_s: u64,
    pub budget_s: Option<i64>,
    pub budget_left_s: Option<i64>,
    pub verdict: String,
}

/// The budget of a period that still runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetRow {
    /// Downtime that the target allows in the whole period.
    pub whole_s: i64,
    /// Of that, what is left; negative when overspent.
    pub left_s: i64,
    /// Burn over the last day of counted time, in thousandths; at 1000 the budget lasts exactly the period.
    pub rate_milli: Option<u64>,
    /// `holds`, `breaks`, `broken`, `unknown`.
    pub forecast: String,
    /// When the present rate breaks the period.
    pub breaks_at: Option<i64>,
}

/// The record behind a window of maintenance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaintenanceRecord {
    /// Number in the register.
    pub number: u32,
    /// For people.
    pub title: String,
    /// Why.
    pub reason: String,
    /// Notice that was needed.
    pub min_notice_s: u64,
    /// Notice that was given; negative: told after it began. `null`: never told.
    pub notice_s: Option<i64>,
    /// How users were told.
    pub channel: Option<String>,
    /// By whom.
    pub proposed_by: String,
    /// The second person.
    pub decided_by: Option<String>,
}

/// The record behind a correction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrectionRecord {
    /// Number in the register.
    pub number: u32,
    /// Code of its status.
    pub status: String,
    /// Why.
    pub reason: String,
    /// What shows it.
    pub evidence: String,
    /// By whom; `null`: the system, from late answers.
    pub proposed_by: Option<String>,
    /// When.
    pub proposed_at: i64,
    /// The second person.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<i64>,
    /// What it changed, month by month, as it was shown to who approved.
    pub months: Vec<CorrectionMonthRow>,
    /// The backup set that late records are of.
    #[serde(default)]
    pub set: Option<String>,
    /// What those changed of the set, month by month.
    #[serde(default)]
    pub rpo_months: Vec<RpoMonthRow>,
}

/// A month before and after a correction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrectionMonthRow {
    /// Such as `2026-06`.
    pub month: String,
    /// Without it.
    pub before: CountsRow,
    /// With it.
    pub after: CountsRow,
}
