//! The writer thread: group commit.
//!
//! ```text
//! wait for a request; take what else is queued, at most GROUP_MAX
//! BEGIN IMMEDIATE
//!   per request: SAVEPOINT; run; RELEASE, or ROLLBACK TO when it fails or panics: its neighbours stand
//! COMMIT                     one sync of the disk for the whole group
//! answer every request       never before the commit
//! ```
//!
//! Under load groups grow by themselves while the disk syncs; an idle store commits a single request at once. When the
//! database gives up the whole transaction (disk full, I/O error), every request of the group is answered with that.
//! The queue holds [`QUEUE_MAX`] requests; who comes later waits.

use super::{Reader, StoreError, WriterFigures, failed};
use crate::clock::Stopwatch;
use pantau_shared::ids::CheckId;
use rusqlite::Connection;
use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Requests that may wait for the writer.
pub(super) const QUEUE_MAX: usize = 256;

/// Requests in one transaction.
const GROUP_MAX: usize = 256;

/// Entries of the number caches; beyond it they are dropped and read again.
const CACHE_MAX: usize = 100_000;

/// The single writer, inside a transaction. Can read what it has written.
#[derive(Debug)]
pub struct Writer {
    pub(super) reader: Reader,
    /// The last number given to a fact. Numbers of a rolled back request are not used again.
    pub(super) last_fact_id: i64,
    pub(super) check_numbers: HashMap<CheckId, i64>,
    pub(super) vantages: HashSet<(i64, i64)>,
    figures: Arc<WriterFigures>,
}

/// A queued request.
pub(super) trait Request: Send {
    /// Runs it; whether its changes are to be kept.
    fn run(&mut self, writer: &mut Writer) -> bool;
    /// Answers it after the commit, or with why there was none.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

/// A closure with the way back to its caller.
pub(super) struct Call<T, F> {
    call: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Call<T, F> {
    pub(super) fn new(call: F, reply: oneshot::Sender<Result<T, StoreError>>) -> Self {
        Self { call: Some(call), outcome: None, reply }
    }
}

impl<T, F> Request for Call<T, F>
where
    T: Send + 'static,
    F: FnOnce(&mut Writer) -> Result<T, StoreError> + Send + 'static,
{
    fn run(&mut self, writer: &mut Writer) -> bool {
        let Some(call) = self.call.take() else {
            return false;
        };
        // A panic's payload says nothing that the panic hook has not printed.
        let outcome = catch_unwind(AssertUnwindSafe(|| call(writer)))
            .unwrap_or_else(|_| Err(StoreError::Database { operation: "run a request", source: "it panicked".into() }));
        let keep = outcome.is_ok();
        self.outcome = Some(outcome);
        keep
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let outcome = match (self.outcome, committed) {
            (Some(Err(error)), _) | (_, Err(error)) => Err(error),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(StoreError::Closed),
        };
        // A caller that went away does not want to know.
        drop(self.reply.send(outcome));
    }
}

impl Writer {
    /// Takes the connection; finds out where the numbers of facts stand.
    pub(super) fn new(connection: Connection, figures: Arc<WriterFigures>) -> Result<Self, StoreError> {
        let sql = "SELECT max((SELECT cursor FROM evaluation), (SELECT ifnull(max(id), 0) FROM sample),
                   (SELECT ifnull(max(id), 0) FROM probe), (SELECT ifnull(max(id), 0) FROM backup),
                   (SELECT ifnull(max(id), 0) FROM agent_event))";
        let last_fact_id = connection.query_row(sql, (), |row| row.get(0)).map_err(failed("read the last fact"))?;
        let reader = Reader { connection };
        Ok(Self { reader, last_fact_id, check_numbers: HashMap::new(), vantages: HashSet::new(), figures })
    }

    /// Reads within the transaction, its own changes included.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Serves requests until every sender is gone.
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Box<dyn Request>>) {
        let mut group = Vec::new();
        while let Some(first) = queue.blocking_recv() {
            group.push(first);
            while group.len() < GROUP_MAX
                && let Ok(next) = queue.try_recv()
            {
                group.push(next);
            }
            let stopwatch = Stopwatch::start();
            let committed = self.commit_group(&mut group).map_err(Arc::new);
            self.figures.ended(group.len(), stopwatch.elapsed_us(), committed.is_ok());
            for request in group.drain(..) {
                let shared = committed.clone().map_err(|error| match &*error {
                    StoreError::Database { operation, .. } => {
                        StoreError::Database { operation, source: Box::new(error) }
                    }
                    _ => StoreError::Database { operation: "commit", source: Box::new(error) },
                });
                request.answer(shared);
            }
            if self.check_numbers.len() > CACHE_MAX || self.vantages.len() > CACHE_MAX {
                self.forget();
            }
        }
        // Leaves one file behind where it can; the log serves as well.
        if let Err(error) = self.reader.connection.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)") {
            tracing::debug!(%error, "no last checkpoint");
        }
    }

    fn commit_group(&mut self, group: &mut [Box<dyn Request>]) -> Result<(), StoreError> {
        self.statement("BEGIN IMMEDIATE", "begin a transaction")?;
        let result = self.run_group(group).and_then(|()| self.statement("COMMIT", "commit"));
        if result.is_err() {
            self.forget();
            if !self.reader.connection.is_autocommit() {
                self.statement("ROLLBACK", "roll back")?;
            }
        }
        result
    }

    fn run_group(&mut self, group: &mut [Box<dyn Request>]) -> Result<(), StoreError> {
        for request in group {
            self.statement("SAVEPOINT request", "begin a request")?;
            let keep = request.run(self);
            if self.reader.connection.is_autocommit() {
                let source = "the database gave up the transaction".into();
                return Err(StoreError::Database { operation: "commit", source });
            }
            if !keep {
                self.forget();
                self.statement("ROLLBACK TO request", "roll back a request")?;
            }
            self.statement("RELEASE request", "end a request")?;
        }
        Ok(())
    }

    /// What was learnt in a request that is rolled back may not be so.
    fn forget(&mut self) {
        self.check_numbers.clear();
        self.vantages.clear();
    }

    fn statement(&self, sql: &str, operation: &'static str) -> Result<(), StoreError> {
        self.execute(operation, sql, ()).map(drop)
    }

    /// Runs one statement; how many rows it changed.
    pub(super) fn execute(
        &self,
        operation: &'static str,
        sql: &str,
        params: impl rusqlite::Params,
    ) -> Result<usize, StoreError> {
        self.reader
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params))
            .map_err(failed(operation))
    }
}
