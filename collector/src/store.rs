//! The store: one SQLite file, one writer thread with group commit, readers apart.
//!
//! ```text
//! any task ── write(|w| …) ──► bounded queue ──► writer thread: BEGIN; savepoint per request; COMMIT ──► answers
//! any task ── read(|r| …)  ──► one of N read connections (WAL: never blocked by the writer, never blocks it)
//! ```
//!
//! A request is answered after the commit that holds it, so an acknowledgement means durable. A request that fails is
//! rolled back alone; its neighbours in the group stand. SQL, rows and connections exist only below this module:
//! callers see domain types, reached by aggregate. Decides nothing.

pub mod records;

use crate::domain::catalogue::ServiceId;
use crate::domain::ticket::{Activity, Ticket, TicketNumber};
use crate::snapshot::OutboxView;
use pantau_shared::ids::{CheckId, HostId};
use pantau_shared::sample::Sample;
use pantau_shared::timestamp::Timestamp;
use records::*;
use std::path::Path;

/// Why the store could not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused.
    #[error("cannot {operation} in the store")]
    Database {
        /// What was tried.
        operation: &'static str,
        /// Its own words.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file was written by a newer program.
    #[error(
        "store `{path}` has schema {found}, this program knows up to {known}; start the newer program, or restore a backup made before the upgrade"
    )]
    NewerSchema {
        /// The file.
        path: String,
        /// Its schema.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// The folder or file cannot be written.
    #[error("cannot open the store `{path}`: its folder must exist and be writable for this user")]
    Open {
        /// The file.
        path: String,
        /// The database's own words.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A stored value that cannot be read back.
    #[error("store holds a damaged {what}")]
    Damaged {
        /// Which kind of record.
        what: &'static str,
    },
    /// The writer is gone: the program is stopping.
    #[error("the store is closed")]
    Closed,
}

/// Handle on the store; cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {}

/// A consistent view for reading. Methods are grouped by aggregate.
#[derive(Debug)]
pub struct Reader {}

/// The single writer, inside a transaction. Can read what it has written.
#[derive(Debug)]
pub struct Writer {}

impl Store {
    /// Opens or creates the file, migrates it forward, starts the writer thread.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`], [`StoreError::Open`], [`StoreError::Database`].
    pub fn open(_path: &Path, _now: Timestamp) -> Result<Self, StoreError> {
        todo!()
    }

    /// Reads; blocks the calling thread for as long as `f` runs (use a blocking task for long reads).
    ///
    /// # Errors
    /// What `f` returns, or that no connection can be had.
    pub fn read<T>(&self, _f: impl FnOnce(&Reader) -> Result<T, StoreError>) -> Result<T, StoreError> {
        todo!()
    }

    /// Writes in the next group; returns after its commit. Waits when the queue is full (back-pressure).
    ///
    /// # Errors
    /// What `f` returns (its changes are rolled back), or the commit's failure.
    pub async fn write<T: Send + 'static>(
        &self,
        _f: impl FnOnce(&mut Writer) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        todo!()
    }
}

#[expect(unused_variables, reason = "signatures only")]
#[expect(missing_docs, reason = "signatures only")]
#[expect(clippy::missing_errors_doc, reason = "signatures only")]
impl Reader {
    // hosts
    pub fn hosts(&self) -> Result<Vec<HostRecord>, StoreError> {
        todo!()
    }
    pub fn host(&self, id: &HostId) -> Result<Option<HostRecord>, StoreError> {
        todo!()
    }
    // facts, in the order of their commit
    pub fn facts_after(&self, cursor: FactCursor, limit: usize) -> Result<Facts, StoreError> {
        todo!()
    }
    pub fn cursor(&self) -> Result<FactCursor, StoreError> {
        todo!()
    }
    /// Answers of one check in `[from, to)`, by time, then host.
    pub fn probes(
        &self,
        check: &CheckId,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<ProbeFact>, StoreError> {
        todo!()
    }
    /// The newest answer of one check by one host at or before `at`, and what lies before it: newest first.
    pub fn probes_before(
        &self,
        check: &CheckId,
        host: &HostId,
        at: Timestamp,
        limit: usize,
    ) -> Result<Vec<ProbeFact>, StoreError> {
        todo!()
    }
    /// Samples of a host in `[from, to)`, by time.
    pub fn samples(
        &self,
        host: &HostId,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<(Timestamp, Sample)>, StoreError> {
        todo!()
    }
    /// Newest samples of a host, newest first.
    pub fn newest_samples(&self, host: &HostId, limit: usize) -> Result<Vec<(Timestamp, Sample)>, StoreError> {
        todo!()
    }
    /// Newest observations of a backup set, newest first.
    pub fn backup_observations(
        &self,
        set: &pantau_shared::ids::BackupSetId,
        limit: usize,
    ) -> Result<Vec<BackupFact>, StoreError> {
        todo!()
    }
    // ledger: rows that overlap `[from, to)`, by time; what no row covers is unknown
    pub fn ledger(&self, service: &ServiceId, from: Timestamp, to: Timestamp) -> Result<Vec<LedgerRow>, StoreError> {
        todo!()
    }
    /// Start of the first row of a service.
    pub fn ledger_begins(&self, service: &ServiceId) -> Result<Option<Timestamp>, StoreError> {
        todo!()
    }
    // tickets
    pub fn ticket(&self, number: TicketNumber) -> Result<Option<Ticket>, StoreError> {
        todo!()
    }
    pub fn open_tickets(&self) -> Result<Vec<Ticket>, StoreError> {
        todo!()
    }
    /// Newest first; `before` pages.
    pub fn tickets(
        &self,
        filter: &TicketFilter,
        before: Option<TicketNumber>,
        limit: usize,
    ) -> Result<Vec<Ticket>, StoreError> {
        todo!()
    }
    pub fn activities(&self, number: TicketNumber) -> Result<Vec<Activity>, StoreError> {
        todo!()
    }
    // outbox
    pub fn outbox_due(&self, now: Timestamp, limit: usize) -> Result<Vec<OutboxRow>, StoreError> {
        todo!()
    }
    pub fn outbox(&self, before: Option<i64>, limit: usize) -> Result<Vec<OutboxRow>, StoreError> {
        todo!()
    }
    pub fn outbox_view(&self) -> Result<OutboxView, StoreError> {
        todo!()
    }
    // catalogue: newest revision and the text of its file
    pub fn catalogue(&self) -> Result<Option<CatalogueRevision>, StoreError> {
        todo!()
    }
    // people
    pub fn user(&self, name: &str) -> Result<Option<UserRecord>, StoreError> {
        todo!()
    }
    pub fn users_exist(&self) -> Result<bool, StoreError> {
        todo!()
    }
    pub fn session(&self, token_hash: &[u8; 32], now: Timestamp) -> Result<Option<SessionRecord>, StoreError> {
        todo!()
    }
    pub fn api_token(&self, token_hash: &[u8; 32]) -> Result<Option<ApiTokenRecord>, StoreError> {
        todo!()
    }
    /// A small named value of the program itself (`demo`, `signing_key`, …).
    pub fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        todo!()
    }
}

#[expect(unused_variables, reason = "signatures only")]
#[expect(missing_docs, reason = "signatures only")]
#[expect(clippy::missing_errors_doc, reason = "signatures only")]
impl Writer {
    pub fn reader(&self) -> &Reader {
        todo!()
    }
    /// Stores what is new of a verified batch and moves the stream's acknowledged sequence.
    pub fn accept_batch(&mut self, batch: &ReceivedBatch) -> Result<AcceptedBatch, StoreError> {
        todo!()
    }
    pub fn create_join_token(&mut self, token: &JoinTokenRecord) -> Result<(), StoreError> {
        todo!()
    }
    /// Uses up the token and binds the key. A host of that name that exists gets the new key only if the token says replace.
    pub fn redeem_join_token(
        &mut self,
        secret_hash: &[u8; 32],
        key: &HostKey,
        now: Timestamp,
    ) -> Result<Result<HostId, JoinRefusal>, StoreError> {
        todo!()
    }
    pub fn revoke_host(&mut self, id: &HostId, now: Timestamp) -> Result<bool, StoreError> {
        todo!()
    }
    /// Everything one evaluation decided, with the cursor it has read up to: all or nothing.
    pub fn commit_decision(&mut self, decision: &Decision) -> Result<(), StoreError> {
        todo!()
    }
    /// The next free number of a local year.
    pub fn next_ticket_number(&mut self, year: u16) -> Result<TicketNumber, StoreError> {
        todo!()
    }
    pub fn save_outbox_result(&mut self, id: i64, result: &DeliveryResult, now: Timestamp) -> Result<(), StoreError> {
        todo!()
    }
    /// A new revision when the text differs from the newest.
    pub fn save_catalogue(&mut self, text: &str, now: Timestamp) -> Result<u32, StoreError> {
        todo!()
    }
    pub fn save_user(&mut self, user: &UserRecord) -> Result<(), StoreError> {
        todo!()
    }
    pub fn save_session(&mut self, session: &SessionRecord) -> Result<(), StoreError> {
        todo!()
    }
    pub fn delete_session(&mut self, token_hash: &[u8; 32]) -> Result<(), StoreError> {
        todo!()
    }
    pub fn save_api_token(&mut self, token: &ApiTokenRecord) -> Result<(), StoreError> {
        todo!()
    }
    pub fn save_setting(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        todo!()
    }
    /// Deletes at most `limit` samples and probe answers older than `before`; how many. Ledger and tickets stay for ever.
    pub fn prune(&mut self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        todo!()
    }
}
