//! The engine: facts in, decisions committed, a snapshot out.
//!
//! Every activation, timed or nudged, has four visible steps: **load** the facts after the cursor, **decide** with the
//! pure rules of `domain`, **commit** ledger, tickets and outbox in one transaction with the new cursor, **announce**
//! the new snapshot and wake the sender. A crash between any two loses nothing: what was not committed is decided
//! again from the same facts. State lives in memory and is rebuilt from the store at start. Evaluating costs what
//! changed. People's actions take the same four steps.

use crate::domain::catalogue::ServiceId;
use crate::domain::profile::Impact;
use crate::domain::ticket::{Ticket, TicketAction, TicketNumber, TicketRefusal};
use crate::snapshot::Snapshot;
use crate::store::StoreError;
use std::sync::Arc;
use tokio::sync::watch;

/// Handle on the engine; cheap to clone.
#[derive(Clone, Debug)]
pub struct Engine {}

/// Why a person's action was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// No such ticket.
    #[error("there is no ticket {0}")]
    NoSuchTicket(TicketNumber),
    /// The rules refuse.
    #[error("the action is refused")]
    Refused(#[source] TicketRefusal),
    /// The store failed.
    #[error("the action could not be committed")]
    Store(#[source] StoreError),
    /// The engine is stopping.
    #[error("the engine has stopped")]
    Stopped,
}

/// A ticket that a person reports (telepon, surat, email, …).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManualTicket {
    /// Field 2.
    pub reporter: String,
    /// Field 3, a code.
    pub reporting_method: String,
    /// Field 5.
    pub symptom: String,
    /// Field 6.
    pub impact: Impact,
    /// Which service suffers.
    pub service: ServiceId,
    /// Field 4, a code.
    pub category: String,
}

#[expect(unused_variables, reason = "signatures only")]
impl Engine {
    /// The newest snapshot.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        todo!()
    }

    /// Follows the snapshots.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Snapshot>> {
        todo!()
    }

    /// New facts are committed: evaluate soon. Never waits.
    pub fn nudge(&self) {
        todo!()
    }

    /// Carries out a person's action on a ticket.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn act_on_ticket(
        &self,
        number: TicketNumber,
        action: TicketAction,
        actor: String,
    ) -> Result<Ticket, CommandError> {
        todo!()
    }

    /// Opens a ticket that a person reports.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn open_ticket(&self, ticket: ManualTicket, actor: String) -> Result<Ticket, CommandError> {
        todo!()
    }
}
