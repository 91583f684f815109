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

use crate::domain::availability::rules::AgreedTerms;
use crate::domain::availability::{self, Availability, AvailabilitySums, Policy, Rules};
use crate::domain::calendar::Calendar;
use crate::domain::calendar::period::Period;
use crate::domain::catalogue::{AvailabilityTarget, Service, ServiceId};
use crate::domain::interval::Interval;
use crate::domain::state::{StateInterval, Timeline};
use crate::store::records::LedgerRow;
use crate::store::{Reader, StoreError};
use chrono_tz::Tz;
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
    zone: Tz,
    service: &Service,
    period: Period,
    now: Timestamp,
) -> Result<AvailabilitySums, StoreError> {
    let mut judged = load_many(reader, zone, &[service], period, now)?;
    judged.pop().ok_or(StoreError::Damaged { what: "list" })
}

/// The judgement of each of `services`, in their order; the same few questions to the store for any number of them.
///
/// # Errors
/// What the store says.
pub fn load_many(
    reader: &Reader,
    zone: Tz,
    services: &[&Service],
    period: Period,
    now: Timestamp,
) -> Result<Vec<AvailabilitySums>, StoreError> {
    let ids: Vec<&ServiceId> = services.iter().map(|service| &service.id).collect();
    let rules_of = |place: usize, begins| rules(zone, services.get(place).and_then(|s| s.target), begins, now);
    sums::load(reader, zone, &ids, &rules_of, period.interval(zone), now)
}

/// The same figures with the list of outages, all from the ledger: costs the rows of the period.
///
/// # Errors
/// What the store says.
pub fn load_with_outages(
    reader: &Reader,
    zone: Tz,
    service: &Service,
    period: Period,
    now: Timestamp,
) -> Result<Availability, StoreError> {
    let window = period.interval(zone);
    let begins = reader.ledger_begins(&service.id)?;
    let rows = reader.ledger(&service.id, window.from.plus_secs(-BEYOND_S), window.to.plus_secs(BEYOND_S))?;
    Ok(evaluate(zone, service, period, begins, &rows, now))
}

/// The judgement from ledger rows; see [`judge`].
pub fn evaluate(
    zone: Tz,
    service: &Service,
    period: Period,
    begins: Option<Timestamp>,
    rows: &[LedgerRow],
    now: Timestamp,
) -> Availability {
    let known = |row: &LedgerRow| StateInterval { interval: Interval::new(row.from, row.to), state: row.state };
    judge(zone, service, period, begins, &Timeline::from_intervals(rows.iter().map(known)), now)
}

/// The judgement. Before `begins`, its first answer, the service was not in force; after `now` nothing is counted. Every
/// instant is floored to whole seconds, so that figures of one moment are the same wherever they are asked for.
pub fn judge(
    zone: Tz,
    service: &Service,
    period: Period,
    begins: Option<Timestamp>,
    states: &Timeline,
    now: Timestamp,
) -> Availability {
    let rules = rules(zone, service.target, begins, now);
    let as_of = Some(now.floor_second());
    availability::evaluate(&rules.input(&rules.terms(), period.interval(zone), as_of, &states.floored()))
}

/// The rules of the service at a place in a list, given when its ledger begins.
type RulesOf<'a> = dyn Fn(usize, Option<Timestamp>) -> Rules + Send + Sync + 'a;

/// The rules by which a service is counted and judged.
fn rules(zone: Tz, target: Option<AvailabilityTarget>, begins: Option<Timestamp>, now: Timestamp) -> Rules {
    let target_ppm = target.map(|target| target.ppm);
    Rules {
        effective: Interval::new(begins.unwrap_or(now).floor_second(), Interval::ALL.to),
        terms: vec![AgreedTerms { valid_from: Interval::ALL.from, calendar: Calendar::always(zone), target_ppm }],
        maintenance: Vec::new(),
        component_maintenance: None,
        corrections: Vec::new(),
        policy: Policy::default(),
    }
}
