//! A service over a period: what its ledger says, judged by the one set of rules (engines A.2). Pages, API and reports
//! all come here, so they cannot disagree.

use crate::domain::availability::{self, Availability, Input, Policy, Terms};
use crate::domain::calendar::Calendar;
use crate::domain::calendar::period::Period;
use crate::domain::catalogue::Service;
use crate::domain::interval::Interval;
use crate::domain::state::{StateInterval, Timeline};
use crate::store::records::LedgerRow;
use crate::store::{Reader, StoreError};
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;

/// So far beyond the period the ledger is read: an outage's true start and end are told even where it crosses the rim.
const BEYOND_S: i64 = 86_400;

/// Reads the ledger and judges the period as far as it is known at `now`.
///
/// # Errors
/// What the store says.
pub fn load(
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
    let known =
        |row: &LedgerRow| StateInterval { interval: Interval::new(row.from, row.to.min(now)), state: row.state };
    judge(zone, service, period, begins, &Timeline::from_intervals(rows.iter().map(known)), now)
}

/// The judgement. Before `begins`, its first answer, the service was not in force; after `now` nothing is known. Every
/// instant is floored to whole seconds, so that figures of one moment are the same wherever they are asked for.
pub fn judge(
    zone: Tz,
    service: &Service,
    period: Period,
    begins: Option<Timestamp>,
    states: &Timeline,
    now: Timestamp,
) -> Availability {
    let now = now.floor_second();
    let calendar = Calendar::always(zone);
    let target_ppm = service.target.map(|target| target.ppm);
    let terms = [Terms { valid_from: Interval::ALL.from, calendar: &calendar, target_ppm }];
    availability::evaluate(&Input {
        period: period.interval(zone),
        as_of: Some(now),
        effective: Interval::new(begins.unwrap_or(now).floor_second(), Interval::ALL.to),
        terms: &terms,
        states: &states.floored(),
        maintenance: &[],
        component_maintenance: None,
        corrections: &[],
        policy: &Policy::default(),
    })
}
