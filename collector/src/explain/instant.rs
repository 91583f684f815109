//! The account of one instant: the ledger's stretch, what it counts as, the scenes behind it, the tickets about it.

use super::scene::{self, Moment, Scene};
use crate::domain::availability::{InstantCount, instant};
use crate::domain::catalogue::{Service, ServiceId};
use crate::domain::interval::Interval;
use crate::domain::phrase::Phrase;
use crate::domain::state::{State, StateInterval, Timeline};
use crate::domain::ticket::Ticket;
use crate::rulebook::Rulebook;
use crate::store::records::{LedgerRow, TicketFilter};
use crate::store::{Reader, StoreError};
use pantau_shared::timestamp::Timestamp;

/// The newest so many tickets of the service are looked through.
pub(super) const TICKETS_MAX: usize = 500;

/// Why a service stood as it did at one instant.
#[derive(Debug, Clone, PartialEq)]
pub struct InstantAccount {
    /// Which service.
    pub service: ServiceId,
    /// Its name for people.
    pub name: String,
    /// The instant asked for.
    pub at: Timestamp,
    /// When the question was put.
    pub now: Timestamp,
    /// The ledger's stretch that holds it; open ends at the rims of [`Interval::ALL`].
    pub stretch: StateInterval,
    /// The stretch was over at `now`.
    pub ended: bool,
    /// Why, as the ledger says.
    pub reason: Option<Phrase>,
    /// The service hours by their name.
    pub service_hours: String,
    /// What its second counts as.
    pub count: InstantCount,
    /// The asked instant first, then begin and end of a stretch that is not *up*.
    pub scenes: Vec<Scene>,
    /// The ledger knows a state, but no single answer is kept any more.
    pub answers_gone: bool,
    /// Tickets that were open over the stretch, or over the instant of one that is *up*; newest first.
    pub tickets: Vec<Ticket>,
}

/// The account of `service` at `at`.
///
/// # Errors
/// What the store says.
pub(super) fn load(
    reader: &Reader,
    rulebook: &Rulebook,
    service: &Service,
    at: Timestamp,
    now: Timestamp,
) -> Result<InstantAccount, StoreError> {
    let (before, next) = reader.ledger_around(&service.id, at)?;
    let (stretch, reason) = stretch(before, next.as_ref(), at);
    let begins = reader.ledger_begins(&service.id)?;
    let states = Timeline::from_intervals([stretch]).floored();
    let mut count = instant::count(&rulebook.rules(&service.id, begins, now), &states, at);
    // A service without any answer is not in force yet, not even now.
    count.in_force &= begins.is_some();
    let ended = stretch.interval.to <= now;
    let scenes = load_scenes(reader, service, stretch, at, now)?;
    let told = match stretch.state {
        State::Up => Interval::new(at, at.plus_ms(1)),
        State::Degraded | State::Down | State::Unknown => stretch.interval,
    };
    let seen = |scene: &Scene| scene.checks.iter().flat_map(|check| &check.vantages).any(|v| !v.answers.is_empty());
    Ok(InstantAccount {
        service: service.id.clone(),
        name: service.name.clone(),
        at,
        now,
        stretch,
        ended,
        reason,
        service_hours: service.service_hours.clone(),
        count,
        answers_gone: stretch.state != State::Unknown && !scenes.iter().any(seen),
        scenes,
        tickets: tickets_over(&load_tickets(reader, &service.id)?, told),
    })
}

/// The asked instant, and the rims of a stretch that is not *up* where the asked one does not show them anyway.
fn load_scenes(
    reader: &Reader,
    service: &Service,
    stretch: StateInterval,
    at: Timestamp,
    now: Timestamp,
) -> Result<Vec<Scene>, StoreError> {
    let mut scenes = vec![scene::load(reader, service, Moment::Asked, at)?];
    let Interval { from, to } = stretch.interval;
    let rims = [(Moment::Begin, from, Interval::ALL.from < from && from < at), (Moment::End, to, to <= now)];
    for (moment, rim, exists) in rims {
        if exists && stretch.state != State::Up && !scenes.iter().any(|scene| scene.shows(rim)) {
            scenes.push(scene::load(reader, service, moment, rim)?);
        }
    }
    Ok(scenes)
}

/// The stretch that holds `at`: a row of the ledger, or the gap between two.
fn stretch(before: Option<LedgerRow>, next: Option<&LedgerRow>, at: Timestamp) -> (StateInterval, Option<Phrase>) {
    match before {
        Some(row) if row.to > at => {
            (StateInterval { interval: Interval::new(row.from, row.to), state: row.state }, row.reason)
        }
        before => {
            let from = before.map_or(Interval::ALL.from, |row| row.to);
            let to = next.map_or(Interval::ALL.to, |row| row.from);
            (StateInterval { interval: Interval::new(from, to), state: State::Unknown }, None)
        }
    }
}

/// The newest tickets of a service.
pub(super) fn load_tickets(reader: &Reader, service: &ServiceId) -> Result<Vec<Ticket>, StoreError> {
    let filter = TicketFilter { service: Some(service.clone()), ..TicketFilter::default() };
    reader.tickets(&filter, None, TICKETS_MAX)
}

/// Those whose disturbance overlaps `interval`.
pub(super) fn tickets_over(tickets: &[Ticket], interval: Interval) -> Vec<Ticket> {
    let life = |ticket: &Ticket| {
        let end = ticket.restored_at.or(ticket.confirmed_at).or(ticket.closed_at);
        Interval::new(ticket.onset_at, end.unwrap_or(Interval::ALL.to).max(ticket.onset_at.plus_ms(1)))
    };
    tickets.iter().filter(|ticket| life(ticket).overlaps(interval)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_reaches_from_row_to_row() {
        let at = Timestamp::from_secs;
        let row = |from, to, state| LedgerRow { from: at(from), to: at(to), state, reason: None };
        let told = |before, next: Option<LedgerRow>, t| {
            let (stretch, _) = stretch(before, next.as_ref(), at(t));
            (stretch.state, stretch.interval)
        };
        let (up, down) = (row(0, 10, State::Up), row(20, 30, State::Down));
        assert_eq!(told(Some(up.clone()), None, 9), (State::Up, Interval::new(at(0), at(10))));
        assert_eq!(told(Some(up), Some(down), 10), (State::Unknown, Interval::new(at(10), at(20))));
        assert_eq!(told(None, None, 5), (State::Unknown, Interval::ALL));
    }
}
