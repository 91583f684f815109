//! What is compared at the end, in words that tell what differs.

use crate::desk::Desk;
use anyhow::{Context, Result, ensure};
use pantau_collector::config::catalogue as catalogue_file;
use pantau_collector::domain::calendar::period::{Period, PeriodKind};
use pantau_collector::domain::profile::Profile;
use pantau_collector::domain::ticket::{Ticket, TicketState};
use pantau_collector::rulebook;
use pantau_collector::service_period;
use pantau_collector::store::records::TicketFilter;
use pantau_collector::store::{Store, StoreError};
use pantau_shared::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// More tickets than a run can open.
const TICKETS_MAX: usize = 500;

/// What a help desk's entry says happened, and how it is named here. A ticket that grew worse is told of only by a
/// collector that saw it grow.
const EVENTS: [(&str, &str); 4] = [
    ("layanan pulih", "restored"),
    ("gangguan kambuh", "recurred"),
    ("dikonfirmasi", "confirmed"),
    ("ditutup", "closed"),
];

/// The end of a run.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Outcome {
    /// Rows of each service's ledger, neighbours of one state as one.
    ledger: BTreeMap<String, Vec<String>>,
    /// The month of each service.
    figures: BTreeMap<String, String>,
    /// By key and onset.
    pub(super) tickets: BTreeMap<String, String>,
    /// What the help desk has, by the same.
    desk: BTreeMap<String, String>,
    /// Key and onset of a ticket's number.
    #[serde(default)]
    pub(super) numbers: BTreeMap<String, String>,
    /// Messages that wait, and that were refused.
    left: (u64, usize),
}

/// Tickets that are confirmed and still to be closed.
pub(super) fn confirmed(store: &Store) -> Result<Vec<Ticket>, StoreError> {
    let filter = TicketFilter { states: vec![TicketState::SelesaiTerkonfirmasi], ..TicketFilter::default() };
    store.read(move |reader| reader.tickets(&filter, None, TICKETS_MAX))
}

fn name_of(ticket: &Ticket) -> String {
    format!("{} {}", ticket.key, ticket.onset_at)
}

fn facts_of(ticket: &Ticket) -> String {
    let Ticket { state, restored_at, impact, recurrences, category, affected_services, cause, .. } = ticket;
    let (level, answered) = (ticket.life.escalation_level, ticket.first_response_at.is_some());
    let services: Vec<String> = affected_services.iter().map(ToString::to_string).collect();
    format!(
        "{} restored {restored_at:?} {impact:?} recurred {recurrences} level {level} {category} {services:?} {cause:?} \
         answered {answered} confirmed {} closed {} false {}",
        state.code(),
        ticket.confirmed_at.is_some(),
        ticket.closed_at.is_some(),
        ticket.false_alarm
    )
}

/// Everything but the help desk's part.
pub(super) fn read(store: &Store, profile: &Profile, now: Timestamp) -> Result<Outcome> {
    store.read(|reader| Ok(read_all(reader, profile, now)))?
}

fn read_all(reader: &pantau_collector::store::Reader, profile: &Profile, now: Timestamp) -> Result<Outcome> {
    let kept = reader.catalogue()?.context("no catalogue")?;
    let catalogue = catalogue_file::parse("uji", &kept.text, kept.revision, profile)?;
    let rulebook = rulebook::load_whole(reader, profile, &catalogue, kept.applied_at)?;
    let month = Period::containing_instant(PeriodKind::Month, profile.time_zone, now);
    let mut outcome = Outcome::default();
    for service in &catalogue.services {
        let mut rows: Vec<(Timestamp, Timestamp, &'static str)> = Vec::new();
        for row in reader.ledger(&service.id, Timestamp::from_ms(0), now)? {
            match rows.last_mut() {
                Some((_, to, state)) if *to == row.from && *state == row.state.name() => *to = row.to,
                _ => rows.push((row.from, row.to, row.state.name())),
            }
        }
        let rows = rows.iter().map(|(from, to, state)| format!("{from} {to} {state}")).collect();
        outcome.ledger.insert(service.id.to_string(), rows);
        let sums = service_period::load(reader, &rulebook, &service.id, month, now)?;
        outcome.figures.insert(service.id.to_string(), format!("{sums:?}"));
    }
    for ticket in reader.tickets(&TicketFilter::default(), None, TICKETS_MAX)? {
        outcome.numbers.insert(ticket.number.to_string(), name_of(&ticket));
        let double = outcome.tickets.insert(name_of(&ticket), facts_of(&ticket));
        ensure!(double.is_none(), "two tickets of one disturbance: {}", name_of(&ticket));
    }
    outcome.left = (reader.outbox_view()?.pending, reader.outbox_refused(99)?.len());
    Ok(outcome)
}

impl Outcome {
    /// Adds what the help desk has: each of our tickets once, its end, and every event once and in order.
    pub(super) fn with_desk(mut self, desk: &Desk) -> Result<Self> {
        for theirs in desk.tickets() {
            let number = theirs.title.strip_prefix('[').and_then(|rest| rest.split(']').next());
            let name = number.and_then(|number| self.numbers.get(number));
            let name = name.with_context(|| format!("the help desk has a ticket that we do not: {theirs:#?}"))?;
            let told =
                theirs.entries.iter().skip(1).filter_map(|entry| {
                    EVENTS.iter().find(|(words, _)| entry.contains(words)).map(|(_, event)| *event)
                });
            let told: Vec<&str> = told.collect();
            let before = self.desk.insert(name.clone(), format!("state {} told {told:?}", theirs.state));
            ensure!(before.is_none(), "the help desk has {name} twice: {:#?}", desk.tickets());
        }
        Ok(self)
    }

    /// Whether both ends are one; what differs otherwise.
    pub(super) fn same(calm: &Self, stormy: &Self) -> Result<()> {
        differ("the ledger", &calm.ledger, &stormy.ledger)?;
        differ("the month", &calm.figures, &stormy.figures)?;
        differ("the tickets", &calm.tickets, &stormy.tickets)?;
        differ("the help desk", &calm.desk, &stormy.desk)?;
        ensure!(calm.left == (0, 0) && stormy.left == (0, 0), "left: {:?} and {:?}", calm.left, stormy.left);
        Ok(())
    }
}

fn differ<T: PartialEq + std::fmt::Debug>(
    what: &str,
    calm: &BTreeMap<String, T>,
    stormy: &BTreeMap<String, T>,
) -> Result<()> {
    for name in calm.keys().chain(stormy.keys()) {
        let (undisturbed, disturbed) = (calm.get(name), stormy.get(name));
        ensure!(undisturbed == disturbed, "{what} of {name}\nundisturbed {undisturbed:#?}\ndisturbed   {disturbed:#?}");
    }
    Ok(())
}
