//! Which part of a service a ledger is asked for: `component=ID`, or `check=ID&vantage=HOST`.

use super::parameters::{Parameters, bad_parameter};
use crate::domain::catalogue::Service;
use crate::domain::composite::Formula;
use crate::domain::interval::Interval;
use crate::engine::part_ledger::{Part, answers_at_most, states};
use crate::http_error::HttpError;
use crate::store::records::LedgerRow;
use crate::store::{Reader, StoreError};
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;

/// Longest stretch in one answer.
pub(super) const SECONDS_MAX: i64 = 31 * 86_400;
/// Most stored answers looked at for it.
const ANSWERS_MAX: u64 = 500_000;

/// The part asked for; `None`: the service as a whole.
///
/// # Errors
/// 400: a component, check or vantage that the service does not have.
pub(super) fn asked(parameters: &Parameters, service: &Service) -> Result<Option<Part>, HttpError> {
    let check = match parameters.text("check") {
        None => None,
        Some(id) => {
            let place = service.checks.iter().position(|check| check.id.as_str() == id);
            Some(place.ok_or_else(|| bad_parameter("check", "no check of this service"))?)
        }
    };
    match (parameters.text("component"), check, parameters.text("vantage")) {
        (None, None, None) => Ok(None),
        (Some(id), None, None) => {
            let component = service.component(id);
            let component = component.ok_or_else(|| bad_parameter("component", "no component of this service"))?;
            Ok(Some(Part::Formula(component.formula())))
        }
        (None, Some(place), None) => Ok(Some(Part::Formula(Formula::Component(place)))),
        (None, Some(place), Some(host)) => {
            let asks = |host: &HostId| service.checks.get(place).is_some_and(|check| check.vantages.contains(host));
            let host = HostId::parse(host).ok().filter(asks);
            let host = host.ok_or_else(|| bad_parameter("vantage", "no host that asks this check"))?;
            Ok(Some(Part::Vantage { check: place, host }))
        }
        (Some(_), _, _) => Err(bad_parameter("component", "given beside `check` or `vantage`")),
        (None, None, Some(_)) => Err(bad_parameter("vantage", "given without `check`")),
    }
}

/// Refuses a span whose answers are too many to look at.
///
/// # Errors
/// 400, naming what to do.
pub(super) fn bounded(service: &Service, part: &Part, from: Timestamp, to: Timestamp) -> Result<(), HttpError> {
    let seconds = Interval::new(from, to).length_s();
    if answers_at_most(service, part, seconds) > ANSWERS_MAX {
        return Err(bad_parameter("from", "too early: more than 500000 answers lie in the span; give a shorter one"));
    }
    Ok(())
}

/// The part's states as rows of a ledger, without reasons.
///
/// # Errors
/// What the store says.
pub(super) fn rows(
    reader: &Reader,
    service: &Service,
    part: &Part,
    window: Interval,
) -> Result<Vec<LedgerRow>, StoreError> {
    let states = states(reader, service, part, window)?;
    let row = |s: crate::domain::state::StateInterval| LedgerRow {
        from: s.interval.from,
        to: s.interval.to,
        state: s.state,
        reason: None,
    };
    Ok(states.into_iter().map(row).collect())
}
