//! A service over a period: what its ledger says, judged by the one set of rules (engines A.2). Pages, API and reports
//! all come here, so they cannot disagree.
//!
//! Three ways lead to the same figures, and tests hold them together: in memory ([`judge`], the engine's current month),
//! from the ledger with every outage listed ([`load_with_outages`]), and from the roll-ups of closed days ([`load`],
//! [`load_many`]), which cost the days asked for instead of the rows behind them. Knows nothing of how it is shown.

pub mod figure_list;
mod fill;
mod months;
mod sums;
#[cfg(test)]
mod tests;

use crate::domain::availability::{self, Availability, AvailabilitySums, Rules, Tile, tiles};
use crate::domain::burn::Budget;
use crate::domain::burn::budget;
use crate::domain::calendar::period::Period;
use crate::domain::catalogue::ServiceId;
use crate::domain::interval::Interval;
use crate::domain::state::{StateInterval, Timeline};
use crate::rulebook::Rulebook;
use crate::store::records::LedgerRow;
use crate::store::{Reader, StoreError};
use pantau_shared::timestamp::Timestamp;

pub use figure_list::FigureList;
pub(crate) use fill::run;
pub use fill::{Filled, fill};

/// So far beyond the period the ledger is read: an outage's true start and end are told even where it crosses the rim.
const BEYOND_S: i64 = 86_400;

/// The judgement of the period as far as it is known at `now`, from roll-ups where there are any.
///
/// # Errors
/// What the store says.
pub fn load(
    reader: &Reader,
    rulebook: &Rulebook,
    service: &ServiceId,
    period: Period,
    now: Timestamp,
) -> Result<AvailabilitySums, StoreError> {
    let mut judged = load_many(reader, rulebook, &[service], period, now)?;
    judged.pop().ok_or(StoreError::Damaged { what: "list" })
}

/// The judgement of each of `services`, in their order; the same few questions to the store for any number of them.
///
/// # Errors
/// What the store says.
pub fn load_many(
    reader: &Reader,
    rulebook: &Rulebook,
    services: &[&ServiceId],
    period: Period,
    now: Timestamp,
) -> Result<Vec<AvailabilitySums>, StoreError> {
    let zone = rulebook.zone();
    let rules_of = |service: &ServiceId, begins| rulebook.rules(service, begins, now);
    sums::load(reader, zone, services, &rules_of, period.interval(zone), now)
}

/// The same figures with the list of outages, all from the ledger: costs the rows of the period.
///
/// # Errors
/// What the store says.
pub fn load_with_outages(
    reader: &Reader,
    rulebook: &Rulebook,
    service: &ServiceId,
    period: Period,
    now: Timestamp,
) -> Result<Availability, StoreError> {
    let window = period.interval(rulebook.zone());
    let begins = reader.ledger_begins(service)?;
    let rows = reader.ledger(service, window.from.plus_secs(-BEYOND_S), window.to.plus_secs(BEYOND_S))?;
    Ok(evaluate(rulebook, service, period, begins, &rows, now))
}

/// A judged period with all that its figures rest on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worked {
    /// Figures and outages.
    pub judged: Availability,
    /// Every second of the window.
    pub tiles: Vec<Tile>,
    /// The rules it was judged by.
    pub rules: Rules,
    /// The same with no correction taken into account, where there is an approved one.
    pub without_corrections: Option<Availability>,
    /// The budget of a period that still runs; `None` also without a target.
    pub budget: Option<Budget>,
}

/// The figures of [`load_with_outages`] with the tiles behind them.
///
/// # Errors
/// What the store says.
pub fn load_worked(
    reader: &Reader,
    rulebook: &Rulebook,
    service: &ServiceId,
    period: Period,
    now: Timestamp,
) -> Result<Worked, StoreError> {
    let window = period.interval(rulebook.zone());
    let rules = rulebook.rules(service, reader.ledger_begins(service)?, now);
    let as_of = now.floor_second();
    let runs = window.contains(as_of);
    // The present rate is that of the last day of service time, which may lie before the period.
    let reach = as_of.plus_secs(-budget::REACH_S);
    let beyond = window.from.plus_secs(-BEYOND_S);
    let rows = reader.ledger(service, if runs { beyond.min(reach) } else { beyond }, window.to.plus_secs(BEYOND_S))?;
    let known = |row: &LedgerRow| StateInterval { interval: Interval::new(row.from, row.to), state: row.state };
    let states = Timeline::from_intervals(rows.iter().map(known)).floored();
    let terms = rules.terms();
    let input = rules.input(&terms, window, Some(as_of), &states);
    let (judged, tiles) = tiles::work_out(&input);
    let corrected = rules.corrections.iter().any(|correction| correction.approved);
    let uncorrected = availability::Input { corrections: &[], ..input };
    let without_corrections = corrected.then(|| availability::evaluate(&uncorrected));
    drop(terms);
    let left = |figures| budget::now(&rules, &states, figures, window, as_of);
    let budget = if runs { left(&judged.figures) } else { None };
    Ok(Worked { judged, tiles, rules, without_corrections, budget })
}

/// The judgement from ledger rows; see [`judge`].
pub fn evaluate(
    rulebook: &Rulebook,
    service: &ServiceId,
    period: Period,
    begins: Option<Timestamp>,
    rows: &[LedgerRow],
    now: Timestamp,
) -> Availability {
    let known = |row: &LedgerRow| StateInterval { interval: Interval::new(row.from, row.to), state: row.state };
    judge(rulebook, service, period, begins, &Timeline::from_intervals(rows.iter().map(known)), now)
}

/// The judgement. Before `begins`, its first answer, the service was not in force; after `now` nothing is counted. Every
/// instant is floored to whole seconds, so that figures of one moment are the same wherever they are asked for.
pub fn judge(
    rulebook: &Rulebook,
    service: &ServiceId,
    period: Period,
    begins: Option<Timestamp>,
    states: &Timeline,
    now: Timestamp,
) -> Availability {
    let rules = rulebook.rules(service, begins, now);
    let as_of = Some(now.floor_second());
    availability::evaluate(&rules.input(&rules.terms(), period.interval(rulebook.zone()), as_of, &states.floored()))
}

/// The rules of a service, given when its ledger begins.
type RulesOf<'a> = dyn Fn(&ServiceId, Option<Timestamp>) -> Rules + Send + Sync + 'a;
