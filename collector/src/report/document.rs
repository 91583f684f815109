//! A report as it is written down: the monthly monitoring form (regulation 3.6) with all that its figures rest on.
//!
//! One structure behind every form of output, and the one that is signed. Integers only for truth: seconds, parts per
//! million, Unix seconds; `null` is "no value". Field names stay; a changed meaning is a new [`FORMAT`]. Unknown fields
//! are refused when it is read, so that nothing can be signed that nobody looks at. Knows no words for people.

mod basis;
mod continuity;

pub use basis::*;
pub use continuity::*;

use crate::domain::availability::{Counts, DegradedPolicy, Figures, MaintenancePolicy, Policy};
use crate::domain::phrase::Phrase;
use serde::{Deserialize, Serialize};

/// The format's name and version.
pub const FORMAT: &str = "pantau-report/1";

/// A report of one period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// [`FORMAT`].
    pub format: String,
    /// What it is about and by which rules.
    pub head: Head,
    /// How many services stand where.
    pub summary: Summary,
    /// In catalogue order.
    pub services: Vec<ServiceReport>,
}

/// What a report is about and by which rules it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The legal ground as the office writes it (G01).
    pub legal_basis: String,
    /// The PD whose services are in it, in order of their names.
    pub providers: Vec<String>,
    /// Such as `2026-06` (G45).
    pub period: String,
    /// Begin of the period.
    pub from: i64,
    /// Its end, exclusive.
    pub to: i64,
    /// Zone of local dates.
    pub zone: String,
    /// `provisional` or `final`.
    pub status: String,
    /// What was known then was counted.
    pub made_at: i64,
    /// 0: provisional.
    pub revision: u32,
    /// By which rules.
    pub rules: RulesVersion,
    /// Gaps of the regulation that are filled by assumption: register number and note.
    pub assumptions: Vec<Assumption>,
    /// Who froze it; only of a final one.
    pub approval: Option<Approval>,
    /// The revision before this one.
    pub previous: Option<Previous>,
    /// What this revision changes, figure by figure.
    pub changes: Vec<Change>,
}

/// Versions of all rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulesVersion {
    /// [`crate::domain::availability::rules::COUNTING`].
    pub counting: u32,
    /// Profile of the regulation.
    pub profile: String,
    /// Revision of the catalogue.
    pub catalogue_revision: u32,
}

/// A gap of the regulation and how it is filled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assumption {
    /// Register number, such as `G26`.
    pub number: String,
    /// The note.
    pub note: String,
}

/// Who took responsibility.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The person.
    pub by: String,
    /// When.
    pub at: i64,
    /// Why; of a later revision always.
    pub reason: String,
}

/// The revision that this one follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Previous {
    /// Its number.
    pub revision: u32,
    /// Hash of its canonical bytes, hexadecimal.
    pub sha256: String,
}

/// One figure that differs between two judgements of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Which service.
    pub service: String,
    /// Which field, with the interval where it is one of a list.
    pub field: String,
    /// As it was.
    pub before: String,
    /// As it is.
    pub after: String,
}

/// How many services stand where. Those without a target are a column of their own and in no denominator (G47).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Target met.
    pub met: u32,
    /// Services with a target and time to judge: the denominator.
    pub judged: u32,
    /// Target missed.
    pub not_met: u32,
    /// Could go either way.
    pub insufficient_data: u32,
    /// A target, but no agreed time.
    pub no_service_time: u32,
    /// No target set (G22).
    pub without_target: u32,
    /// Whether each service counts by the verdict over its target's own period (G22, G47); reports of early versions counted
    /// the report's period.
    #[serde(default)]
    pub by_target_period: bool,
}

/// One service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceReport {
    /// Identifier.
    pub id: String,
    /// Form field 1.
    pub name: String,
    /// The PD that owns it.
    pub provider: String,
    /// Code of its group.
    pub group: String,
    /// Code of its class.
    pub class: String,
    /// Name of its service hours.
    pub service_hours: String,
    /// First counted second.
    pub counted_from: i64,
    /// End of what is counted, exclusive.
    pub counted_to: i64,
    /// Hash of everything besides the ledger that the seconds depend on.
    pub rules_sha256: String,
    /// Targets and policies over time.
    pub terms: Vec<TermsRow>,
    /// Form field 4.
    pub figures: FigureRow,
    /// With no maintenance taken into account (G26).
    pub without_maintenance: CountsRow,
    /// With no correction taken into account, where there is one.
    pub without_corrections: Option<CountsRow>,
    /// Form field 3.
    pub utilisation: Vec<UtilisationRow>,
    /// Form field 5: the twelve periods before, oldest first.
    pub trend: Vec<TrendRow>,
    /// Form field 5: outages with their causes.
    pub outages: Vec<OutageRow>,
    /// Windows that touch the period.
    pub maintenance: Vec<MaintenanceRow>,
    /// Corrections that touch the period.
    pub corrections: Vec<CorrectionRow>,
    /// Backup sets against their RPO.
    pub recovery: Vec<RecoveryRow>,
    /// What is missing in the catalogue.
    pub findings: Vec<PhraseRow>,
    /// Form field 6: suggestions from facts.
    pub opportunities: Vec<PhraseRow>,
    /// Form field 6: what a person wrote.
    pub note: Option<NoteRow>,
    /// Every counted second, so that all of the above can be counted again.
    pub tiles: Vec<TileRow>,
    /// What was agreed at any moment of the period.
    #[serde(default)]
    pub agreements: Vec<AgreementRow>,
    /// The target over its own period, where that is longer.
    #[serde(default)]
    pub target_period: Option<TargetPeriodRow>,
    /// The same for every period of a target that is shorter than the report's.
    #[serde(default)]
    pub target_parts: Vec<TargetPeriodRow>,
    /// The budget, while the period runs.
    #[serde(default)]
    pub budget: Option<BudgetRow>,
    /// When RPO or RTO changed in the period (G28).
    #[serde(default)]
    pub continuity_changes: Vec<ContinuityChangeRow>,
    /// *Belum diputuskan*: proposals that change nothing yet.
    #[serde(default)]
    pub pending_corrections: Vec<PendingRow>,
}

impl ServiceReport {
    /// The verdict over the target's own period: the longer one that the report's is part of, or all the shorter ones in it,
    /// of which each must be met; else the report's period is the target's.
    pub fn binding_verdict(&self) -> &str {
        if let Some(longer) = &self.target_period {
            return &longer.verdict;
        }
        let first =
            |verdict: &str| self.target_parts.iter().map(|row| row.verdict.as_str()).find(|code| *code == verdict);
        let worst = ["tidak_tercapai", "data_tidak_cukup", "tercapai"].into_iter().find_map(first);
        worst.unwrap_or(&self.figures.verdict)
    }
}

/// [`Policy`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyRow {
    /// `exclude`, `count_as_up`, `count_as_down`.
    pub maintenance: String,
    /// Notice that a window needs.
    pub min_notice_s: u64,
    /// Excluded seconds per month at most.
    pub excluded_cap_s: Option<u64>,
    /// `up` or `down`.
    pub degraded: String,
    /// Coverage from which known time decides.
    pub min_coverage_ppm: u32,
}

impl PolicyRow {
    /// Writes a policy.
    pub fn new(policy: &Policy) -> Self {
        let maintenance = match policy.maintenance {
            MaintenancePolicy::Exclude => "exclude",
            MaintenancePolicy::CountAsUp => "count_as_up",
            MaintenancePolicy::CountAsDown => "count_as_down",
        };
        let degraded = match policy.degraded {
            DegradedPolicy::Up => "up",
            DegradedPolicy::Down => "down",
        };
        Self {
            maintenance: maintenance.to_owned(),
            min_notice_s: policy.min_notice_s,
            excluded_cap_s: policy.excluded_cap_s,
            degraded: degraded.to_owned(),
            min_coverage_ppm: policy.min_coverage_ppm,
        }
    }

    /// Reads it back; `None` for an unknown code.
    pub fn policy(&self) -> Option<Policy> {
        Some(Policy {
            maintenance: match self.maintenance.as_str() {
                "exclude" => MaintenancePolicy::Exclude,
                "count_as_up" => MaintenancePolicy::CountAsUp,
                "count_as_down" => MaintenancePolicy::CountAsDown,
                _ => return None,
            },
            min_notice_s: self.min_notice_s,
            excluded_cap_s: self.excluded_cap_s,
            degraded: match self.degraded.as_str() {
                "up" => DegradedPolicy::Up,
                "down" => DegradedPolicy::Down,
                _ => return None,
            },
            min_coverage_ppm: self.min_coverage_ppm,
        })
    }
}

/// What was agreed from an instant on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermsRow {
    /// `null`: since ever.
    pub valid_from: Option<i64>,
    /// `null`: none set.
    pub target_ppm: Option<u32>,
    /// How time is counted and judged.
    pub policy: PolicyRow,
}

/// All figures of a period; names as in [`crate::service_period::FigureList`], without its decimals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is the one of the same name in domain::availability::Figures")]
pub struct FigureRow {
    pub target_ppm: Option<u32>,
    pub availability_ppm: Option<u32>,
    pub availability_min_ppm: Option<u32>,
    pub availability_max_ppm: Option<u32>,
    pub coverage_ppm: Option<u32>,
    pub agreed_s: u64,
    pub up_s: u64,
    pub degraded_s: u64,
    pub down_s: u64,
    pub unknown_s: u64,
    pub excluded_s: u64,
    pub outages: u64,
    pub longest_outage_s: u64,
    pub mtrs_s: Option<u64>,
    pub mtbf_s: Option<u64>,
    pub budget_s: Option<i64>,
    pub budget_left_s: Option<i64>,
    pub verdict: String,
    pub target_changed: bool,
}

impl FigureRow {
    /// Writes figures.
    pub fn new(figures: &Figures) -> Self {
        let counts = &figures.counts;
        Self {
            target_ppm: figures.target_ppm,
            availability_ppm: figures.availability_ppm,
            availability_min_ppm: figures.availability_min_ppm,
            availability_max_ppm: figures.availability_max_ppm,
            coverage_ppm: figures.coverage_ppm,
            agreed_s: figures.agreed_s,
            up_s: counts.up_s,
            degraded_s: counts.degraded_s,
            down_s: counts.down_s,
            unknown_s: counts.unknown_s,
            excluded_s: counts.excluded_s,
            outages: figures.outages,
            longest_outage_s: figures.longest_outage_s,
            mtrs_s: figures.mtrs_s,
            mtbf_s: figures.mtbf_s,
            budget_s: figures.budget_s,
            budget_left_s: figures.budget_left_s,
            verdict: figures.verdict.code().to_owned(),
            target_changed: figures.target_changed,
        }
    }
}

/// Counted seconds and the ratios that follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is the one of the same name in domain::availability::Counts")]
pub struct CountsRow {
    pub up_s: u64,
    pub degraded_s: u64,
    pub down_s: u64,
    pub unknown_s: u64,
    pub excluded_s: u64,
    pub availability_ppm: Option<u32>,
    pub availability_min_ppm: Option<u32>,
    pub availability_max_ppm: Option<u32>,
}

impl CountsRow {
    /// Writes counts.
    pub fn new(counts: &Counts) -> Self {
        Self {
            up_s: counts.up_s,
            degraded_s: counts.degraded_s,
            down_s: counts.down_s,
            unknown_s: counts.unknown_s,
            excluded_s: counts.excluded_s,
            availability_ppm: counts.availability_ppm(),
            availability_min_ppm: counts.availability_min_ppm(),
            availability_max_ppm: counts.availability_max_ppm(),
        }
    }
}

/// How much of a component was used. Values in thousandths of the whole, or in bytes per second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UtilisationRow {
    /// The host.
    pub host: String,
    /// `cpu`, `memory`, `storage`, `network_in`, `network_out`.
    pub metric: String,
    /// `permille` or `bytes_per_second`.
    pub unit: String,
    /// Over all samples.
    pub mean: Option<u64>,
    /// 95 of 100 means of `step_s` are at most this.
    pub p95: Option<u64>,
    /// The highest sample.
    pub max: Option<u64>,
    /// Length of the steps behind `p95` and `coverage_ppm`, in seconds.
    pub step_s: u64,
    /// The part of the period's steps that have data.
    pub coverage_ppm: u32,
}

/// A period before this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is the one of the same name in domain::availability::Figures")]
pub struct TrendRow {
    pub period: String,
    pub target_ppm: Option<u32>,
    pub availability_ppm: Option<u32>,
    pub coverage_ppm: Option<u32>,
    pub down_s: u64,
    pub outages: u64,
    pub verdict: String,
}

/// An outage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutageRow {
    /// From 1 in order of time; tiles refer to it.
    pub number: u32,
    /// Its true begin, be it before the period.
    pub from: i64,
    /// Its true end; `null`: not known yet.
    pub to: Option<i64>,
    /// Seconds that count in this period.
    pub counted_s: u64,
    /// *Mulai di periode*.
    pub started_in_period: bool,
    /// Tickets about it, with what people found.
    pub tickets: Vec<TicketRow>,
}

/// A ticket of an outage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TicketRow {
    /// Its number.
    pub number: String,
    /// Code of its state.
    pub state: String,
    /// Code of its category.
    pub category: String,
    /// The main cause, where a person wrote one.
    pub cause: Option<String>,
}

/// A maintenance window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaintenanceRow {
    /// Announced begin.
    pub from: i64,
    /// Announced end.
    pub to: i64,
    /// `approved`, `cancelled`, `proposed`, `rejected`.
    pub status: String,
    /// When users were told.
    pub announced_at: Option<i64>,
    /// When it was approved.
    pub approved_at: Option<i64>,
    /// *Selesai lebih awal*.
    pub ended_early_at: Option<i64>,
    /// Whether it counts as maintenance.
    pub counts: bool,
    /// What of the service it was planned for: names of components, or identifiers of all its hosts. It takes out only
    /// time in which that explains why the service is down. Empty: the service itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
    /// Its record.
    #[serde(default)]
    pub record: Option<MaintenanceRecord>,
}

/// A correction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrectionRow {
    /// Order of approval.
    pub seq: u64,
    /// `exclude`, `set_state`, `withdraw`.
    pub effect: String,
    /// Begin, but for a withdrawal.
    pub from: Option<i64>,
    /// End.
    pub to: Option<i64>,
    /// The state it sets.
    pub state: Option<String>,
    /// The correction it withdraws.
    pub withdraws: Option<u64>,
    /// Only approved ones apply.
    pub approved: bool,
    /// Its record.
    #[serde(default)]
    pub record: Option<CorrectionRecord>,
}

/// A backup set in the period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecoveryRow {
    /// Identifier of the set.
    pub set: String,
    /// For people.
    pub name: String,
    /// Whether the service needs it.
    pub required: bool,
    /// RPO in force; `null`: none set (G28).
    pub rpo_s: Option<u64>,
    /// The longest exposure to data loss in the period.
    pub worst_exposure_s: Option<u64>,
    /// The part of the period within the RPO.
    pub compliant_ppm: Option<u32>,
    /// Seconds that were counted: the denominator.
    #[serde(default)]
    pub counted_s: Option<u64>,
    /// Of those, in breach.
    #[serde(default)]
    pub breach_s: Option<u64>,
}

/// A sentence that is not yet in a language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhraseRow {
    /// Message.
    pub id: String,
    /// Arguments by name.
    pub args: Vec<(String, String)>,
}

impl From<&Phrase> for PhraseRow {
    fn from(phrase: &Phrase) -> Self {
        Self { id: phrase.id.clone(), args: phrase.args.clone() }
    }
}

impl From<&PhraseRow> for Phrase {
    fn from(row: &PhraseRow) -> Self {
        Self { id: row.id.clone(), args: row.args.clone() }
    }
}

/// What a person wrote on a service's opportunities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoteRow {
    /// The text.
    pub text: String,
    /// Who.
    pub author: String,
    /// When.
    pub at: i64,
}

/// A stretch of the counted time; see [`crate::domain::availability::Tile`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TileRow {
    /// Begin.
    pub from: i64,
    /// End, exclusive.
    pub to: i64,
    /// `to - from`.
    pub seconds: u64,
    /// What was observed.
    pub observed: String,
    /// What it counts as.
    pub counts_as: String,
    /// The same with no maintenance taken into account.
    pub without_maintenance: String,
    /// Why.
    pub reason: String,
    /// Place in `terms`, from 0.
    pub terms: Option<u32>,
    /// Number of the outage it is part of.
    pub outage: Option<u32>,
}

impl Summary {
    /// Of services, each by the verdict over its target's own period.
    pub fn of(services: &[ServiceReport]) -> Self {
        let counted = Self::of_verdicts(services.iter().map(ServiceReport::binding_verdict));
        Self { by_target_period: true, ..counted }
    }

    /// Of services by the report's period, as reports of early versions counted.
    pub fn of_period(services: &[ServiceReport]) -> Self {
        Self::of_verdicts(services.iter().map(|service| service.figures.verdict.as_str()))
    }

    /// Counts codes of verdicts.
    pub fn of_verdicts<'a>(verdicts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut summary = Self::default();
        for verdict in verdicts {
            let place = match verdict {
                "tercapai" => &mut summary.met,
                "tidak_tercapai" => &mut summary.not_met,
                "data_tidak_cukup" => &mut summary.insufficient_data,
                "tanpa_waktu_layanan" => &mut summary.no_service_time,
                _ => &mut summary.without_target,
            };
            *place += 1;
        }
        summary.judged = summary.met + summary.not_met + summary.insufficient_data;
        summary
    }
}
