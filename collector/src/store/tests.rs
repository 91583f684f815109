//! The store against its promises. One harness: a folder of its own per test, a runtime of one thread.

use super::*;
use crate::domain::catalogue::ServiceId;
use crate::domain::phrase::Phrase;
use crate::domain::profile::{Impact, Operator, Priority, TimeTarget};
use crate::domain::state::State;
use crate::domain::ticket::{
    Activity, ActivityText, Actor, Ticket, TicketClass, TicketKey, TicketLife, TicketNumber, TicketScope, TicketState,
};
use pantau_shared::backup::BackupObservation;
use pantau_shared::envelope::{AgentStarted, Gap, Observation, ObservationBody};
use pantau_shared::ids::{BackupSetId, CheckId, HostId};
use pantau_shared::probe::ProbeOutcome;
use pantau_shared::sample::Sample;
use records::*;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use tempfile::TempDir;

mod bulk;
mod climbing;
mod copies;
mod damage;
mod durability;
mod facts;
mod filled;
mod group;
mod held_back;
mod judged;
mod killed;
mod ledger;
mod notices;
mod opening;
mod people;
mod plans;
mod registers;
mod reports_kept;
mod restoring;
mod retention;
mod samples;
mod sizes;
mod tail;

/// A store in a folder that goes with it.
struct Fixture {
    folder: TempDir,
    store: Store,
}

impl Fixture {
    fn new() -> Self {
        let folder = TempDir::new().expect("temporary folder");
        let store = Store::open(&folder.path().join("pantau.db"), at(0)).expect("opens");
        Self { folder, store }
    }

    /// Closes and opens again: what is seen now came from the disk.
    fn reopen(self) -> Self {
        let Self { folder, store } = self;
        drop(store);
        let store = Store::open(&folder.path().join("pantau.db"), at(0)).expect("opens again");
        Self { folder, store }
    }

    fn write<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Writer) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        wait(self.store.write(f))
    }

    fn read<T>(&self, f: impl FnOnce(&Reader) -> Result<T, StoreError>) -> T {
        self.store.read(f).expect("reads")
    }

    fn enrol(&self, id: &'static str) -> HostId {
        let secret_hash =
            *ring::digest::digest(&ring::digest::SHA256, id.as_bytes()).as_ref().first_chunk().expect("32");
        let token =
            JoinTokenRecord { secret_hash, host: host(id), replace: false, created_at: at(0), expires_at: at(9) };
        let key = HostKey { public_key: vec![7; 32], machine_id_hash: "m".into() };
        self.write(move |w| {
            w.create_join_token(&token)?;
            w.redeem_join_token(&secret_hash, &key, at(1))
        })
        .expect("writes")
        .expect("joins")
    }

    fn accept(&self, batch: ReceivedBatch) -> AcceptedBatch {
        self.write(move |w| w.accept_batch(batch)).expect("accepted")
    }
}

/// Another program's hand in the file of a store that is closed.
pub(crate) fn tamper(path: &Path, sql: &str) {
    Connection::open(path).expect("opens").execute_batch(sql).expect("runs");
}

/// Runs a future to its end on this thread.
fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("runtime").block_on(future)
}

/// Polls once: the request is in the queue afterwards.
fn start<T>(future: &mut Pin<Box<impl Future<Output = T> + ?Sized>>) -> bool {
    matches!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending)
}

/// Seconds after an arbitrary instant.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(1_780_000_000 + seconds)
}

fn host(id: &str) -> HostId {
    HostId::parse(id).expect("valid")
}

fn service(id: &str) -> ServiceId {
    ServiceId::parse(id).expect("valid")
}

fn probe(check: &str) -> ObservationBody {
    ObservationBody::Probe(ProbeOutcome { check: check.into(), verdict: 1, ..ProbeOutcome::default() })
}

/// A batch of `(seq, seconds, body)`, received a second after its newest observation.
fn batch(id: &HostId, stream: u8, observations: Vec<(u64, i64, Option<ObservationBody>)>) -> ReceivedBatch {
    let received_at = at(observations.iter().map(|(_, seconds, _)| *seconds).max().unwrap_or(0) + 1);
    let observations = observations
        .into_iter()
        .map(|(seq, seconds, body)| (at(seconds), Observation { seq, at_ms: 0, age_ms: None, body }))
        .collect();
    ReceivedBatch { host: id.clone(), stream: vec![stream; 16], boot_id: "boot".into(), received_at, observations }
}

fn ticket(number: u32, key: &str) -> Ticket {
    Ticket {
        number: TicketNumber { year: 2026, number },
        key: TicketKey { scope: TicketScope::Service(service(key)), class: TicketClass::Access },
        state: TicketState::Baru,
        state_before_restored: None,
        onset_at: at(1),
        reported_at: at(2),
        recorded_at: at(2),
        first_response_at: None,
        estimated_at: None,
        restored_at: None,
        confirmed_at: None,
        confirmed_by: None,
        closed_at: None,
        reporter: None,
        reporting_method: "sistem_pemantauan".into(),
        category: "aplikasi".into(),
        symptom: Phrase::new("symptom-service-down").with("service", key),
        impact: Impact::Mayor,
        impact_text: None,
        priority: Priority::new(2).expect("valid"),
        cause: None,
        components: vec!["web-01".into()],
        affected_services: vec![service(key), service("a-second")],
        members: Vec::new(),
        handlers: Vec::new(),
        confirmation_method: None,
        response_target: Some(TimeTarget { seconds: 900, operator: Operator::Below }),
        resolution_target: None,
        sla_version: "bangka-2025.1".into(),
        recurrences: 0,
        life: TicketLife::new(at(1)),
        false_alarm: false,
        holds_key: true,
        version: 1,
    }
}

fn change(ticket: Ticket) -> TicketChange {
    TicketChange { ticket, activities: Vec::new(), messages: Vec::new() }
}

fn decision(tickets: Vec<TicketChange>) -> Decision {
    Decision { tickets, evaluated_at: at(3), ..Decision::default() }
}
