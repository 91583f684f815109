//! The writer thread: group commit.
//!
//! ```text
//! wait for a request; pause a moment if that brings company (gather); take what is queued, at most GROUP_MAX
//! BEGIN IMMEDIATE
//!   per request: SAVEPOINT; run; RELEASE, or ROLLBACK TO when it fails or panics: its neighbours stand
//!   per batch:   run; one that is refused has changed nothing; a fault of the database after its first change ends
//!                the whole group, as a full disk does
//! COMMIT                     one sync of the disk for the whole group
//! give the facts to the tail
//! answer every request       never before the commit
//! ```
//!
//! Under load groups grow by themselves while the disk syncs; an idle store commits a single request at once, nearly
//! always. When the database gives up the whole transaction (disk full, I/O error), every request of the group is
//! answered with that. The queue holds [`QUEUE_MAX`] requests; who comes later waits.

use super::accept::Senders;
use super::gather::Gather;
use super::records::FactCursor;
use super::samples::Framed;
use super::tail::{Pending, Tail};
use super::{Reader, StoreError, WriterFigures, failed, gather};
use crate::clock::Stopwatch;
use pantau_shared::ids::CheckId;
use rusqlite::Connection;
use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
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
    pub(super) senders: Senders,
    pub(super) check_numbers: HashMap<CheckId, i64>,
    pub(super) vantages: HashSet<(i64, i64)>,
    /// Frames of this transaction: the head hears of them after the commit.
    pub(super) framed: Vec<Framed>,
    /// What this transaction will add to the tail.
    pub(super) pending: Pending,
    pub(super) tail: Arc<Tail>,
    /// Statements that may have changed something, in all.
    changes: Cell<u64>,
    gather: Gather,
    pub(super) pause_us: Arc<AtomicU64>,
    figures: Arc<WriterFigures>,
}

/// A queued request.
pub(super) trait Request: Send {
    /// Whether its changes may have to be rolled back alone.
    fn is_guarded(&self) -> bool;
    /// Runs it; whether its changes are to be kept.
    fn run(&mut self, writer: &mut Writer) -> bool;
    /// Answers it after the commit, or with why there was none.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

/// A closure with the way back to its caller.
pub(super) struct Call<T, F> {
    guarded: bool,
    call: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Call<T, F> {
    /// One whose changes are rolled back alone when it fails.
    pub(super) fn new(call: F, reply: oneshot::Sender<Result<T, StoreError>>) -> Self {
        Self { guarded: true, call: Some(call), outcome: None, reply }
    }

    /// One that fails before its first change, or takes its whole group with it.
    pub(super) fn unguarded(call: F, reply: oneshot::Sender<Result<T, StoreError>>) -> Self {
        Self { guarded: false, ..Self::new(call, reply) }
    }
}

impl<T, F> Request for Call<T, F>
where
    T: Send + 'static,
    F: FnOnce(&mut Writer) -> Result<T, StoreError> + Send + 'static,
{
    fn is_guarded(&self) -> bool {
        self.guarded
    }

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
        let sql = "SELECT max((SELECT cursor FROM evaluation), (SELECT ifnull(max(id), 0) FROM frame),
                   (SELECT ifnull(max(id), 0) FROM probe), (SELECT ifnull(max(id), 0) FROM backup),
                   (SELECT ifnull(max(id), 0) FROM agent_event))";
        let last_fact_id = connection.query_row(sql, (), |row| row.get(0)).map_err(failed("read the last fact"))?;
        Ok(Self {
            reader: Reader { connection, head: Arc::default() },
            last_fact_id,
            senders: Senders::new(),
            check_numbers: HashMap::new(),
            vantages: HashSet::new(),
            framed: Vec::new(),
            pending: Pending::default(),
            tail: Arc::new(Tail::new(FactCursor(last_fact_id))),
            changes: Cell::new(0),
            gather: Gather::default(),
            figures,
            pause_us: Arc::new(AtomicU64::new(u64::try_from(gather::PAUSE.as_micros()).unwrap_or(0))),
        })
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
            self.fill(&mut group, &mut queue);
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
            if [self.senders.len(), self.check_numbers.len(), self.vantages.len()].iter().any(|n| *n > CACHE_MAX) {
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
        if result.is_ok() {
            // Before the answers: who is told of the commit can read its frames.
            self.reader.head.add(self.framed.drain(..));
            // And who is told of the commit finds its facts.
            self.tail.committed(&mut self.pending);
        } else {
            self.framed.clear();
            self.pending.clear();
            self.forget();
            if !self.reader.connection.is_autocommit() {
                self.statement("ROLLBACK", "roll back")?;
            }
        }
        result
    }

    /// Takes what else is queued, after a pause when that is worth it.
    fn fill(&mut self, group: &mut Vec<Box<dyn Request>>, queue: &mut mpsc::Receiver<Box<dyn Request>>) {
        let pause = Duration::from_micros(self.pause_us.load(Ordering::Relaxed));
        let in_hand = group.len() + queue.len();
        let may_wait = !pause.is_zero() && !group.iter().any(|request| request.is_guarded());
        if may_wait && self.gather.pauses(in_hand) {
            std::thread::sleep(pause);
            self.gather.learn(group.len() + queue.len() - in_hand);
        }
        while group.len() < GROUP_MAX
            && let Ok(next) = queue.try_recv()
        {
            group.push(next);
        }
    }

    fn run_group(&mut self, group: &mut [Box<dyn Request>]) -> Result<(), StoreError> {
        for request in group {
            let guarded = request.is_guarded();
            if guarded {
                self.statement("SAVEPOINT request", "begin a request")?;
            }
            let (mark, changes) = (self.pending.mark(), self.changes.get());
            let framed = self.framed.len();
            let keep = request.run(self);
            if self.reader.connection.is_autocommit() {
                let source = "the database gave up the transaction".into();
                return Err(StoreError::Database { operation: "commit", source });
            }
            if !keep && !guarded && self.changes.get() != changes {
                let source = "it failed after its first change".into();
                return Err(StoreError::Database { operation: "save a batch", source });
            }
            if !keep && guarded {
                self.framed.truncate(framed);
                self.forget();
                self.pending.roll_back(mark);
                self.statement("ROLLBACK TO request", "roll back a request")?;
            }
            if guarded {
                self.statement("RELEASE request", "end a request")?;
            }
        }
        Ok(())
    }

    /// What was learnt in a request that is rolled back may not be so.
    fn forget(&mut self) {
        self.senders.clear();
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
        self.changes.set(self.changes.get() + 1);
        self.reader
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params))
            .map_err(failed(operation))
    }
}
