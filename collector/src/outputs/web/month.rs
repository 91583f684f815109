//! A service's calendar month from its ledger: the same rules as everywhere (engines A.2), for any month asked for.

use crate::domain::availability::{Availability, Figures};
use crate::domain::calendar::period::{Period, PeriodKind};
use crate::domain::catalogue::ServiceId;
use crate::service_period;
use crate::snapshot::Snapshot;
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

/// The month of one service with its outages.
///
/// # Errors
/// The store failed.
pub(crate) fn load(
    store: &Store,
    snapshot: &Snapshot,
    service: &ServiceId,
    period: Period,
    now: Timestamp,
) -> Result<Availability, StoreError> {
    store.read(|reader| service_period::load_with_outages(reader, &snapshot.rulebook, service, period, now))
}

/// The month's figures of all services, in the order of the catalogue.
///
/// # Errors
/// The store failed.
pub(crate) fn load_all(
    store: &Store,
    snapshot: &Snapshot,
    period: Period,
    now: Timestamp,
) -> Result<Vec<Figures>, StoreError> {
    let services: Vec<&ServiceId> = snapshot.catalogue.services.iter().map(|service| &service.id).collect();
    let judged = store.read(|reader| service_period::load_many(reader, &snapshot.rulebook, &services, period, now))?;
    Ok(judged.into_iter().map(|judged| judged.figures).collect())
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
