//! The account of a period: its figures, and every outage with its reason and its tickets.

use super::instant::{load_tickets, tickets_over};
use crate::domain::availability::{Availability, Outage};
use crate::domain::calendar::period::Period;
use crate::domain::catalogue::{Service, ServiceId};
use crate::domain::interval::Interval;
use crate::domain::phrase::Phrase;
use crate::domain::ticket::Ticket;
use crate::rulebook::Rulebook;
use crate::service_period;
use crate::store::{Reader, StoreError};
use pantau_shared::timestamp::Timestamp;

/// Outages listed, the newest.
pub const OUTAGES_MAX: usize = 500;

/// Why the figures of a period are what they are.
#[derive(Debug, Clone, PartialEq)]
pub struct PeriodAccount {
    /// Which service.
    pub service: ServiceId,
    /// Its name for people.
    pub name: String,
    /// The period asked for.
    pub period: Period,
    /// Its rims.
    pub interval: Interval,
    /// When the question was put: a period that is not over is counted up to here.
    pub now: Timestamp,
    /// Figures and outages, judged by the rules in force.
    pub availability: Availability,
    /// The outages, newest first, at most [`OUTAGES_MAX`].
    pub outages: Vec<OutageAccount>,
}

/// One outage of the period.
#[derive(Debug, Clone, PartialEq)]
pub struct OutageAccount {
    /// When, and how much of it counts.
    pub outage: Outage,
    /// Why, as the ledger says.
    pub reason: Option<Phrase>,
    /// Tickets about it, newest first.
    pub tickets: Vec<Ticket>,
}

/// The account of `period`.
///
/// # Errors
/// What the store says.
pub(super) fn load(
    reader: &Reader,
    rulebook: &Rulebook,
    service: &Service,
    period: Period,
    now: Timestamp,
) -> Result<PeriodAccount, StoreError> {
    let availability = service_period::load_with_outages(reader, rulebook, &service.id, period, now)?;
    let tickets = load_tickets(reader, &service.id)?;
    let mut outages = Vec::new();
    for outage in availability.outages.iter().rev().take(OUTAGES_MAX) {
        // A second's rim may lie before the row's begin: the ledger keeps milliseconds.
        let rows = reader.ledger(&service.id, outage.from, outage.from.plus_secs(1))?;
        let over = Interval::new(outage.from, outage.to.unwrap_or(Interval::ALL.to));
        outages.push(OutageAccount {
            outage: *outage,
            reason: rows.into_iter().rev().find_map(|row| row.reason),
            tickets: tickets_over(&tickets, over),
        });
    }
    Ok(PeriodAccount {
        service: service.id.clone(),
        name: service.name.clone(),
        period,
        interval: period.interval(rulebook.zone()),
        now,
        availability,
        outages,
    })
}
