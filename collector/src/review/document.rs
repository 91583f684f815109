//! A review as it is written down. Integers only for truth: whole seconds, parts per million, Unix seconds; `null` is "no
//! value". Field names stay; new ones come at the end. Knows no words for people.

use crate::domain::ticket::review::{Compliance, Mean, ReviewFigures};
use serde::{Deserialize, Serialize};

/// The format's name and version.
pub const FORMAT: &str = "pantau-review/1";

/// A review of one period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// [`FORMAT`].
    pub format: String,
    /// The legal ground as the office writes it (G01).
    pub legal_basis: String,
    /// Profile of the regulation.
    pub profile: String,
    /// Such as `2026-Q2`.
    pub period: String,
    /// Begin of the period.
    pub from: i64,
    /// Its end, exclusive.
    pub to: i64,
    /// Zone of local dates.
    pub zone: String,
    /// What was known then is counted.
    pub made_at: i64,
    /// Length of the sliding window in which things recur (G42).
    pub window_days: u32,
    /// So many tickets in a window recur.
    pub count_min: u32,
    /// There were more tickets than are read: the oldest are counted.
    pub truncated: bool,
    /// Means and counts.
    pub figures: Figures,
    /// What came back again and again.
    pub recurring: Vec<RecurringRow>,
    /// Rules by number of tickets.
    pub rules: Vec<RuleRow>,
    /// Restored, and nobody has confirmed.
    pub unconfirmed: Vec<ListedTicket>,
    /// Confirmed automatically, by nobody (G09); counted by themselves and in no mean of confirmations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lapsed: Vec<ListedTicket>,
    /// Came back while restored.
    pub reopened: Vec<ListedTicket>,
    /// Without a target for the solution (G02).
    pub without_target: Vec<ListedTicket>,
    /// Cancelled as false alarms: in no mean.
    pub false_alarms: Vec<ListedTicket>,
    /// Tickets whose times break the order of the form.
    pub order_faults: Vec<OrderRow>,
    /// Open records of problems, and those that were closed within the period.
    pub problems: Vec<ProblemRow>,
}

/// Means and counts over the period's tickets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Tickets that are no false alarm.
    pub counted: u32,
    /// Those that are.
    pub false_alarms: u32,
    /// Recorded to the first answer of a person.
    pub mtta: MeanRow,
    /// Onset to restored.
    pub mttr: MeanRow,
    /// Recorded to confirmed.
    pub mttc: MeanRow,
    /// Time without a disturbance by the number of tickets.
    pub mtbf_s: Option<i64>,
    /// Against Tabel 4.
    pub response: ComplianceRow,
    /// Against Tabel 2, to a person's confirmation: the literal reading (G08).
    pub resolution: ComplianceRow,
    /// Against Tabel 2, to the first good moment.
    pub resolution_restored: ComplianceRow,
    /// By cause, most first; the empty text is "none written".
    pub by_cause: Vec<(String, u32)>,
    /// By component, most first.
    pub by_component: Vec<(String, u32)>,
}

/// A mean of durations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeanRow {
    /// Floored; `null` of nothing.
    pub seconds: Option<i64>,
    /// Of how many tickets.
    pub count: u32,
}

impl From<Mean> for MeanRow {
    fn from(mean: Mean) -> Self {
        Self { seconds: mean.seconds(), count: mean.count }
    }
}

/// How many met a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComplianceRow {
    /// In time.
    pub met: u32,
    /// Decided: the denominator.
    pub total: u32,
    /// In parts per million.
    pub met_ppm: Option<u32>,
    /// Without a target: in no denominator.
    pub without_target: u32,
    /// In time so far.
    pub running: u32,
}

impl From<Compliance> for ComplianceRow {
    fn from(compliance: Compliance) -> Self {
        Self {
            met: compliance.met,
            total: compliance.total,
            met_ppm: compliance.met_ppm(),
            without_target: compliance.without_target,
            running: compliance.running,
        }
    }
}

impl Figures {
    /// Writes figures; `restored` is the second reading of the resolution.
    pub fn new(figures: ReviewFigures, restored: Compliance) -> Self {
        Self {
            counted: figures.counted,
            false_alarms: figures.false_alarms,
            mtta: figures.acknowledge.into(),
            mttr: figures.restore.into(),
            mttc: figures.confirm.into(),
            mtbf_s: figures.mtbf_s,
            response: figures.response.into(),
            resolution: figures.resolution.into(),
            resolution_restored: restored.into(),
            by_cause: figures.by_cause,
            by_component: figures.by_component,
        }
    }
}

/// A service that is disturbed by the same cause again and again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecurringRow {
    /// Identifier of the service.
    pub service: String,
    /// Its name.
    pub service_name: String,
    /// The cause as people wrote it.
    pub cause: String,
    /// Most tickets in one window.
    pub count: u32,
    /// Those of the period and of the window before it, oldest first.
    pub tickets: Vec<String>,
    /// The open record of a problem; `null`: one is proposed.
    pub problem: Option<u32>,
}

/// A rule and what came of it; see [`crate::domain::ticket::noise`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each field is the one of the same name in domain::ticket::noise::Noise")]
pub struct RuleRow {
    /// Its code.
    pub rule: String,
    pub tickets: u32,
    pub acted: u32,
    pub acted_ppm: u32,
    pub false_alarms: u32,
    pub recurrences: u32,
}

/// A ticket in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedTicket {
    /// Its number.
    pub number: String,
    /// Code of its state.
    pub state: String,
    /// Names of the services that suffered.
    pub services: Vec<String>,
    /// When it was recorded.
    pub recorded_at: i64,
}

/// A ticket whose times break the order of the form (regulation 3.5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRow {
    /// Its number.
    pub ticket: String,
    /// Codes of the rules that are broken.
    pub faults: Vec<String>,
}

/// A record of a problem as it stands; see [`crate::domain::problem::Problem`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemRow {
    /// Its number.
    pub number: u32,
    /// Identifier of the service.
    pub service: String,
    /// Its name.
    pub service_name: String,
    /// The cause.
    pub cause: String,
    /// Numbers of tickets that show it.
    pub evidence: Vec<String>,
    /// What is done about it.
    pub action: String,
    /// Who answers for it.
    pub owner: String,
    /// Until when, `YYYY-MM-DD`.
    pub due: Option<String>,
    /// Code of its state.
    pub state: String,
    /// How it was seen that it helped.
    pub verification: String,
    /// Its date has passed and it is not verified.
    pub overdue: bool,
    /// It was recorded before this period: carried over.
    pub carried: bool,
    /// Tickets of the same service and cause that were recorded in this period.
    pub tickets_in_period: u32,
    /// When it was recorded.
    pub opened_at: i64,
    /// By whom.
    pub opened_by: String,
    /// Its last change.
    pub changed_at: i64,
    /// By whom.
    pub changed_by: String,
}

/// A line of the CSV.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// Which part of the review.
    pub part: &'static str,
    /// What.
    pub name: String,
    /// Seconds or a count.
    pub value: Option<i64>,
    /// Of how many.
    pub of: Option<u32>,
}

impl Review {
    /// Everything countable of the review, one by one.
    pub fn measures(&self) -> Vec<Measure> {
        let figures = &self.figures;
        let count = |part, name: &str, value: u32, of| Measure {
            part,
            name: name.to_owned(),
            value: Some(i64::from(value)),
            of,
        };
        let mean = |name: &str, mean: &MeanRow| Measure {
            part: "mean_seconds",
            name: name.to_owned(),
            value: mean.seconds,
            of: Some(mean.count),
        };
        let mut all = vec![
            count("tickets", "counted", figures.counted, None),
            count("tickets", "false_alarms", figures.false_alarms, None),
            mean("mtta", &figures.mtta),
            mean("mttr", &figures.mttr),
            mean("mttc", &figures.mttc),
            Measure { part: "mean_seconds", name: "mtbf".into(), value: figures.mtbf_s, of: Some(figures.counted) },
            count("met", "response", figures.response.met, Some(figures.response.total)),
            count("met", "resolution_confirmed", figures.resolution.met, Some(figures.resolution.total)),
            count(
                "met",
                "resolution_restored",
                figures.resolution_restored.met,
                Some(figures.resolution_restored.total),
            ),
        ];
        all.extend(figures.by_cause.iter().map(|(cause, n)| count("cause", cause, *n, Some(figures.counted))));
        all.extend(figures.by_component.iter().map(|(name, n)| count("component", name, *n, Some(figures.counted))));
        let rule = |row: &RuleRow| count("rule_acted", &row.rule, row.acted, Some(row.tickets));
        all.extend(self.rules.iter().map(rule));
        all.extend(
            self.recurring.iter().map(|r| count("recurring", &format!("{}: {}", r.service, r.cause), r.count, None)),
        );
        all
    }
}
