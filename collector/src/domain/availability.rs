//! Availability of one service over one period: figures, outages, verdict.
//!
//! Every instant of the period falls into one class, first match wins (engines A.2):
//!
//! 1. outside the agreed time (period ∩ service calendar ∩ effective range, up to `as_of`): ignored;
//! 2. approved correction with the highest sequence: what it says;
//! 3. maintenance that counts: what the policy says;
//! 4. the state observed.
//!
//! `U` up (with degraded, unless the policy says otherwise), `D` down, `K` unknown, `E` excluded are whole seconds, and
//! `agreed = U + D + K + E`. `A = U/(U+D)`, `A_min = U/(U+D+K)`, `A_max = (U+K)/(U+D+K)`, coverage `(U+D)/(U+D+K)`, in
//! parts per million, floored; no value where the denominator is 0. Everything is compared by cross-multiplication.
//!
//! An **outage** is a run of *down* in the corrected timeline with at least one counted second. The seconds of all
//! outages sum to `D`. A closed or excluded stretch inside a run does not split it; *unknown* does. Time that a policy
//! counts as down (maintenance under `count_as_down`, or beyond the cap) is *down* in that timeline.
//!
//! A long period is the sum of its days ([`span`]): counted once, merged for ever after, equal to the second.
//!
//! A sweep over sorted lists: costs what changed in the period, not how long it is. Knows no percentages as text, no
//! tickets, and takes the facts as given: who approved what is checked where it is recorded.

pub mod correction;
pub mod figures;
pub mod instant;
pub mod maintenance;
pub mod rules;
pub mod span;
mod sweep;
pub mod tiles;

use super::calendar::Calendar;
use super::interval::{Interval, IntervalSet};
use super::state::{State, StateInterval, Timeline};
use pantau_shared::timestamp::Timestamp;

pub use correction::{Correction, CorrectionEffect};
pub use figures::{Counts, Figures, Verdict, ratio_ppm};
pub use instant::{CountedAs, InstantCount};
pub use maintenance::{MaintenanceStatus, MaintenanceWindow};
pub use rules::Rules;
pub use span::{Runs, Span};
pub use tiles::{Tile, TileClass, TileFault, TileReason};

/// What becomes of time in maintenance that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MaintenancePolicy {
    /// Leaves numerator and denominator.
    #[default]
    Exclude,
    /// Counts as up, whatever was observed.
    CountAsUp,
    /// Counts as down, whatever was observed.
    CountAsDown,
}

impl MaintenancePolicy {
    /// All, in declared order.
    pub const ALL: [Self; 3] = [Self::Exclude, Self::CountAsUp, Self::CountAsDown];

    /// The code in files, message files and the API.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Exclude => "keluarkan",
            Self::CountAsUp => "hitung_tersedia",
            Self::CountAsDown => "hitung_terhenti",
        }
    }
}

/// What degraded time counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DegradedPolicy {
    /// Available; reported apart.
    #[default]
    Up,
    /// Not available; reported apart.
    Down,
}

impl DegradedPolicy {
    /// All, in declared order.
    pub const ALL: [Self; 2] = [Self::Up, Self::Down];

    /// The code in files, message files and the API.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Up => "tersedia",
            Self::Down => "terhenti",
        }
    }
}

/// How time is counted and judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// What becomes of maintenance.
    pub maintenance: MaintenancePolicy,
    /// A window counts only if announced so many seconds before it begins.
    pub min_notice_s: u64,
    /// Under [`MaintenancePolicy::Exclude`]: at most so many seconds are excluded per local calendar month, in order of
    /// time; what is beyond counts as down.
    pub excluded_cap_s: Option<u64>,
    /// What degraded time counts as.
    pub degraded: DegradedPolicy,
    /// The coverage from which the known time may decide where the bounds do not, in ppm.
    pub min_coverage_ppm: u32,
}

impl Default for Policy {
    /// Exclude, 24 h of notice, no cap, degraded is up, 99 % coverage.
    fn default() -> Self {
        Self {
            maintenance: MaintenancePolicy::Exclude,
            min_notice_s: 86_400,
            excluded_cap_s: None,
            degraded: DegradedPolicy::Up,
            min_coverage_ppm: 990_000,
        }
    }
}

/// What was agreed from an instant on, until the next terms. Before the first terms nothing was.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// From when; [`Interval::ALL`]`.from` for "since ever".
    pub valid_from: Timestamp,
    /// Service time.
    pub calendar: &'a Calendar,
    /// Availability of at least so many ppm; `None`: not set, nothing is assumed.
    pub target_ppm: Option<u32>,
    /// How time under these terms is counted and judged.
    pub policy: &'a Policy,
}

/// The policy in force at `at`; that of the first terms before them. `None`: there are no terms.
pub fn policy_at<'a>(terms: &[Terms<'a>], at: Timestamp) -> Option<&'a Policy> {
    let started = terms.partition_point(|t| t.valid_from <= at);
    terms.get(started.saturating_sub(1)).map(|t| t.policy)
}

/// The facts of one service and period.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The period, laid out in local time by [`super::calendar::Period::interval`].
    pub period: Interval,
    /// Up to when is known: the period is cut here (month to date).
    pub as_of: Option<Timestamp>,
    /// When the service is in force; [`Interval::ALL`] if without limits.
    pub effective: Interval,
    /// In order of `valid_from`. Their changes split the period.
    pub terms: &'a [Terms<'a>],
    /// What was observed. May reach beyond the period; then an outage's true start and end are known.
    pub states: &'a Timeline,
    /// All windows; which of them count is decided here.
    pub maintenance: &'a [MaintenanceWindow],
    /// Of a composite: [`super::composite::Composite::excluded`], or when all its components are maintained. Treated as
    /// maintenance that counts wherever the service is down.
    pub component_maintenance: Option<&'a IntervalSet>,
    /// All corrections, approved or not.
    pub corrections: &'a [Correction],
}

/// One contiguous run of *down* that has counted seconds in the period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// When the run began, be it before the period.
    pub from: Timestamp,
    /// When it ended, be it after the period; `None`: not within what is known at `as_of`.
    pub to: Option<Timestamp>,
    /// Seconds of it that count in this period.
    pub counted_s: u64,
    /// Whether it began in this period (*mulai di periode*).
    pub started_in_period: bool,
}

/// The judgement of one service over one period in sums; its outages are numbered, not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AvailabilitySums {
    /// What was judged: the period cut at `as_of` and by the effective range; may be empty.
    pub window: Interval,
    /// All figures.
    pub figures: Figures,
    /// The same seconds with no maintenance taken into account; corrections are.
    pub without_maintenance: Counts,
}

/// The judgement of one service over one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Availability {
    /// What was judged: the period cut at `as_of` and by the effective range; may be empty.
    pub window: Interval,
    /// All figures.
    pub figures: Figures,
    /// The same seconds with no maintenance taken into account; corrections are.
    pub without_maintenance: Counts,
    /// In order of time.
    pub outages: Vec<Outage>,
}

/// Judges one service over one period. Pure: the same input gives the same figures at any time.
pub fn evaluate(input: &Input<'_>) -> Availability {
    let until = input.as_of.map_or(input.period.to, |as_of| as_of.min(input.period.to));
    let window = Interval::new(input.period.from, until).intersection(input.effective);
    let parts = agreed_parts(input.terms, window);
    let overlay = sweep::Overlay::build(input, window);
    let swept = sweep::sweep(input, &parts, &overlay);
    let outages = sweep::outages(input, &overlay, &swept.down);
    let terms = sweep::terms_in_force(input.terms, window);
    // Listed one by one, all outages are inner ones.
    let longest_inner_s = outages.iter().map(|outage| outage.counted_s).max().unwrap_or(0);
    let inner = u64::try_from(outages.len()).unwrap_or(u64::MAX);
    let runs = Runs { inner, longest_inner_s, ..Runs::NOTHING };
    Availability {
        window,
        figures: Figures::evaluate(swept.counts, &swept.by_terms, runs, &terms),
        without_maintenance: swept.without_maintenance,
        outages,
    }
}

/// The stretches that count, in order of time, each as up (with degraded, by policy), down or unknown.
pub fn counted_stretches(input: &Input<'_>) -> Vec<StateInterval> {
    let until = input.as_of.map_or(input.period.to, |as_of| as_of.min(input.period.to));
    let window = Interval::new(input.period.from, until).intersection(input.effective);
    if window.is_empty() {
        return Vec::new();
    }
    let overlay = sweep::Overlay::build(input, window);
    sweep::counted(input, &agreed_parts(input.terms, window), &overlay)
}

/// A stretch of agreed time and the place of the terms it was agreed under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct AgreedPart {
    interval: Interval,
    terms: usize,
}

/// The agreed time of `window`, in order of time.
fn agreed_parts(terms: &[Terms<'_>], window: Interval) -> Vec<AgreedPart> {
    let mut parts = Vec::new();
    for (index, current) in terms.iter().enumerate() {
        let end = terms.get(index + 1).map_or(Interval::ALL.to, |next| next.valid_from);
        let valid = Interval::new(current.valid_from, end).intersection(window);
        let open = current.calendar.open_in(valid);
        parts.extend(open.iter().map(|interval| AgreedPart { interval: *interval, terms: index }));
    }
    parts
}

#[cfg(test)]
mod tests;
