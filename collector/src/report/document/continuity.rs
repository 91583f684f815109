//! What the period says of continuity beside each set's figures: changes of RPO and RTO, late records of backups, and
//! corrections that nobody has decided. Not there in reports of early versions.

use super::CountsRow;
use crate::domain::availability::Counts;
use crate::domain::register::{RpoFigures, RpoMonth};
use serde::{Deserialize, Serialize};

/// A change of what a service or one of its backup sets is held to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContinuityChangeRow {
    /// From when on.
    pub at: i64,
    /// The revision of the catalogue that says so.
    pub catalogue_revision: u32,
    /// The backup set; `null`: the whole service.
    pub set: Option<String>,
    /// `rpo`, `rto`, or `policy`: what counts as a backup.
    pub what: String,
    /// The bound before, in seconds; `null`: none was set.
    pub before_s: Option<u64>,
    /// How it was compared.
    pub before_operator: String,
    /// The bound from then on.
    pub after_s: Option<u64>,
    /// How it is compared.
    pub after_operator: String,
}

/// A set's figures over a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is the one of the same name in domain::register::RpoFigures")]
pub struct RpoRow {
    pub counted_s: u64,
    pub breach_s: u64,
    pub no_backup_s: u64,
    pub breaches: u64,
    pub peak_exposure_s: Option<u64>,
    pub compliance_ppm: Option<u32>,
}

impl RpoRow {
    fn new(figures: &RpoFigures) -> Self {
        Self {
            counted_s: figures.counted_s,
            breach_s: figures.breach_s,
            no_backup_s: figures.no_backup_s,
            breaches: figures.breaches,
            peak_exposure_s: figures.peak_exposure_s,
            compliance_ppm: figures.compliance_ppm,
        }
    }
}

/// A set's month before and after late records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RpoMonthRow {
    /// Such as `2026-06`.
    pub month: String,
    /// Without them; `null`: nothing was watched.
    pub before: Option<RpoRow>,
    /// With them.
    pub after: Option<RpoRow>,
}

impl From<&RpoMonth> for RpoMonthRow {
    fn from(month: &RpoMonth) -> Self {
        Self {
            month: month.month.format("%Y-%m").to_string(),
            before: month.before.as_ref().map(RpoRow::new),
            after: month.after.as_ref().map(RpoRow::new),
        }
    }
}

/// A correction that is proposed and not decided (*belum diputuskan*): it changes nothing yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PendingRow {
    /// Number in the register.
    pub number: u32,
    /// What is said: a state, `excluded`, `backups`, `withdraw`.
    pub claim: String,
    /// The backup set that it is about.
    pub set: Option<String>,
    /// Begin of what it is about.
    pub from: Option<i64>,
    /// Its end, exclusive.
    pub to: Option<i64>,
    /// By whom; `null`: the system.
    pub proposed_by: Option<String>,
    /// When.
    pub proposed_at: i64,
    /// The period's seconds without it and with it, were it approved now.
    pub seconds: Option<PendingSeconds>,
    /// The same of the set's figures.
    pub rpo: Option<RpoMonthRow>,
}

/// Seconds without and with a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PendingSeconds {
    /// As they stand.
    pub before: CountsRow,
    /// As they would be.
    pub after: CountsRow,
}

impl PendingSeconds {
    /// Writes both.
    pub fn new(before: &Counts, after: &Counts) -> Self {
        Self { before: CountsRow::new(before), after: CountsRow::new(after) }
    }
}
