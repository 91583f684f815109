//! *Down* and *degraded* over the ledger of one service or, with other values, over its stored answers.
//!
//! The view is the engine's ([`service_view`]), asked at the instants at which it may change: when a stretch is confirmed,
//! when it has been good for long enough, and at the ends of maintenance. Of the answers that are tried with other
//! values a timeline is made as the engine makes it: tracks, quorum, formula.

use super::{Found, Request, Site};
use crate::domain::catalogue::Service;
use crate::domain::interval::Interval;
use crate::domain::rule::rehearsal::Rehearsal;
use crate::domain::state::State;
use crate::engine::load;
use crate::engine::maintenance_model::Maintained;
use crate::engine::service_model::ServiceModel;
use crate::engine::views::{confirm_ms, service_view};
use crate::store::{Reader, StoreError};
use pantau_shared::timestamp::Timestamp;

/// The ledger is read from so long before the window: what flaps at its begin is known.
const LEAD_S: i64 = 86_400;

/// Judges one service.
pub(super) fn of_service(
    reader: &Reader,
    site: &Site<'_>,
    request: &Request,
    (place, state): (usize, State),
) -> Result<Found, StoreError> {
    let mut found = Found::default();
    let Some(service) = site.catalogue.services.get(place) else { return Ok(found) };
    let model = match request.tried.confirm_failures {
        None => by_ledger(reader, service, request.window)?,
        Some(failures) => {
            let mut service = service.clone();
            service.checks.iter_mut().for_each(|check| check.confirm_failures = failures);
            found.notes.insert("replay-note-answers");
            if reader.whole_from()?.raw > request.window.from {
                found.notes.insert("replay-note-answers-gone");
            }
            by_answers(reader, &service, request.window)?
        }
    };
    found.alarm_s = model.ledger.seconds_in(state, request.window);
    let (maintained, flap) = (site.windows.of_service(place), site.catalogue.tickets.flap);
    let mut rehearsal = Rehearsal::new(site.catalogue, site.profile);
    for at in instants(&model, site, maintained, request.window) {
        rehearsal.see(&maintained.seen(service_view(&model, flap, at), at), at);
    }
    found.tickets = rehearsal.finish();
    Ok(found)
}

fn by_ledger(reader: &Reader, service: &Service, window: Interval) -> Result<ServiceModel, StoreError> {
    let mut model = ServiceModel::new(service);
    let rows = reader.ledger(&service.id, window.from.plus_secs(-LEAD_S), window.to)?;
    model.load_ledger(rows, reader.ledger_begins(&service.id)?, Vec::new());
    Ok(model)
}

fn by_answers(reader: &Reader, service: &Service, window: Interval) -> Result<ServiceModel, StoreError> {
    let mut judged = ServiceModel::new(service);
    let from = window.from.plus_secs(-LEAD_S);
    // A host that was cut off is no witness in a rehearsal either.
    load::replay_vantages(reader, &mut judged, from, window.to)?;
    // Nothing is final in a rehearsal.
    let edit = judged.revise(from, Interval::ALL.from).edit;
    let mut model = ServiceModel::new(service);
    if let Some(edit) = edit {
        let begins = edit.rows.first().map(|row| row.from);
        model.load_ledger(edit.rows, begins, Vec::new());
    }
    Ok(model)
}

/// When what is seen of the service may change, within the window, rising.
fn instants(model: &ServiceModel, site: &Site<'_>, maintained: &Maintained, window: Interval) -> Vec<Timestamp> {
    let policy = site.catalogue.tickets;
    let confirm = confirm_ms(model).max(0);
    let good = [policy.resolve_after_seconds, policy.flap.stable_seconds.max(policy.resolve_after_seconds)];
    let mut out = Vec::new();
    for stretch in model.ledger.stretches(window) {
        let Interval { from, to } = stretch.interval;
        let last = to.min(window.to).plus_ms(-1);
        match stretch.state {
            State::Up => {
                out.push(from);
                out.extend(good.map(|seconds| from.plus_secs(i64::from(seconds))).into_iter().filter(|at| *at <= last));
            }
            State::Down | State::Degraded => {
                // Confirmed after so many answers, or with the last of a shorter one.
                out.push(from.plus_ms(confirm).min(last));
                let mut at = from;
                while let Some(rim) = maintained.next_rim(at).filter(|rim| *rim <= last) {
                    out.push(rim);
                    at = rim;
                }
            }
            State::Unknown => {}
        }
    }
    out.retain(|at| window.contains(*at));
    out.sort_unstable();
    out.dedup();
    out
}
