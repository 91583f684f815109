//! A service's calendar month from its ledger: the same rules as everywhere (engines A.2), for any month asked for.

use crate::domain::availability::{self, Availability, Input, Policy, Terms};
use crate::domain::calendar::Calendar;
use crate::domain::calendar::period::{Period, PeriodKind};
use crate::domain::catalogue::{Service, ServiceId};
use crate::domain::interval::Interval;
use crate::domain::state::{StateInterval, Timeline};
use crate::snapshot::Snapshot;
use crate::store::records::LedgerRow;
use crate::store::{Store, StoreError};
use pantau_shared::timestamp::Timestamp;

/// The month that a query names, the current one when it names none or nonsense, and never a future one.
pub(crate) fn asked(period: Option<&str>, snapshot: &Snapshot, now: Timestamp) -> Period {
    let current = Period::containing_instant(PeriodKind::Month, snapshot.profile.time_zone, now);
    period
        .and_then(|text| Period::parse(text).ok())
        .filter(|period| period.kind() == PeriodKind::Month && period.first_date() <= current.first_date())
        .unwrap_or(current)
}

/// Reads what the ledger says of the month and judges it.
///
/// # Errors
/// The store failed.
pub(crate) fn load(
    store: &Store,
    snapshot: &Snapshot,
    service: &Service,
    period: Period,
    now: Timestamp,
) -> Result<Availability, StoreError> {
    let window = period.interval(snapshot.profile.time_zone);
    store.read(|reader| {
        let begins = reader.ledger_begins(&service.id)?;
        // A day on either side: an outage's true start and end are told even where it crosses the month.
        let rows = reader.ledger(&service.id, window.from.plus_secs(-86_400), window.to.plus_secs(86_400))?;
        Ok(evaluate(snapshot, service, period, begins, &rows, now))
    })
}

/// The judgement. Before its first row the service was not in force; after now nothing is known.
pub(crate) fn evaluate(
    snapshot: &Snapshot,
    service: &Service,
    period: Period,
    begins: Option<Timestamp>,
    rows: &[LedgerRow],
    now: Timestamp,
) -> Availability {
    let calendar = Calendar::always(snapshot.profile.time_zone);
    let terms = [Terms {
        valid_from: Interval::ALL.from,
        calendar: &calendar,
        target_ppm: service.target.map(|target| target.ppm),
    }];
    let states = Timeline::from_intervals(
        rows.iter().map(|row| StateInterval { interval: Interval::new(row.from, row.to.min(now)), state: row.state }),
    );
    let effective = begins.map_or(Interval::new(now, now), |begins| Interval::new(begins, Interval::ALL.to));
    availability::evaluate(&Input {
        period: period.interval(snapshot.profile.time_zone),
        as_of: Some(now),
        effective,
        terms: &terms,
        states: &states,
        maintenance: &[],
        component_maintenance: None,
        corrections: &[],
        policy: &Policy::default(),
    })
}

/// A link to the month before, unless the service did not exist yet.
pub(crate) fn previous(period: Period, snapshot: &Snapshot, id: &ServiceId) -> Option<Period> {
    let view = snapshot.services.iter().find(|view| view.id == *id)?;
    let begin = period.interval(snapshot.profile.time_zone).from;
    view.effective_from.is_some_and(|from| from < begin).then(|| period.previous())
}

/// The month after, unless it has not begun.
pub(crate) fn next(period: Period, snapshot: &Snapshot, now: Timestamp) -> Option<Period> {
    (period.interval(snapshot.profile.time_zone).to <= now).then(|| period.next())
}
