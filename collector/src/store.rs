//! The store: one SQLite file, one writer thread with group commit, readers apart.
//!
//! ```text
//! any task ── write(|w| …) ──► bounded queue ──► writer thread: BEGIN; savepoint per request; COMMIT ──► answers
//! any task ── read(|r| …)  ──► one of N read connections (WAL: never blocked by the writer, never blocks it)
//! engine   ── facts_after  ──► the newest facts in memory, else a read connection
//! ```
//!
//! A request is answered after the commit that holds it, so an acknowledgement means durable. A request that fails is
//! rolled back alone; its neighbours in the group stand. SQL, rows and connections exist only below this module:
//! callers see domain types, reached by aggregate. Decides nothing.

mod accept;
pub mod alerts;
pub mod audit;
pub mod backup;
pub mod backup_records;
mod catalogue;
mod checkpoint;
pub mod chunk;
mod columns;
mod copy_error;
mod decision;
pub mod elsewhere;
mod evidence;
mod external;
mod facts;
mod figures;
mod files;
mod gather;
pub mod heartbeats;
pub mod held_back;
mod hosts;
pub mod integrity;
mod late_backups;
mod ledger;
pub mod ledger_days;
mod ledger_parts;
mod migrate;
pub mod notices;
mod open;
mod outbox;
mod people;
mod problems;
pub mod records;
mod recoveries;
mod registers;
pub mod reports;
pub mod restore;
mod retention;
pub mod rollup;
mod samples;
mod sessions;
mod settings;
mod space;
mod tail;
mod ticket_members;
mod tickets;
mod writer;

use pantau_shared::timestamp::Timestamp;
use records::{AcceptedBatch, FactCursor, Facts, Heard, ReceivedBatch};
use rusqlite::{Connection, Params, Row};
use samples::Head;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tail::Tail;
use tokio::sync::{mpsc, oneshot};
use writer::{Call, Request};

pub use copy_error::CopyError;
pub use figures::{Growth, StoreSize, WriterFigures};
pub use retention::{Keep, Pages};
pub(crate) use samples::growths;
pub use samples::{Closed, PlacedRow, Point, Resolution, SampleFigures, WholeFrom};
#[cfg(test)]
pub(crate) use space::tests::fill;
pub use space::{Disk, ReadOnly, ReadOnlyCause, SpaceChange, SpaceView};
pub use tail::TailFigures;
pub use writer::Writer;

/// Connections for reading; the next reader waits.
const READERS: usize = 4;

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
    /// A page of the file is not what it should be.
    #[error(
        "cannot {operation}: the store `{path}` is damaged; stop the collector, see what is lost with `pantau-collector verify`, then `pantau-collector restore` the newest copy"
    )]
    Corrupt {
        /// The file.
        path: String,
        /// What was tried.
        operation: &'static str,
        /// The database's own words.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The schema has to change and no copy could be made before.
    #[error("the schema of the store `{path}` has to change, and no copy can be made first; the store is as it was")]
    NoCopy {
        /// The file.
        path: String,
        /// Why not, with the remedy.
        #[source]
        source: Box<CopyError>,
    },
    /// A database, but not one of ours.
    #[error("`{path}` is not a store of Pantau; choose another file, or move this one away")]
    Foreign {
        /// The file.
        path: String,
    },
    /// Another program has the file.
    #[error("store `{path}` is in use by another collector; stop that one first, or choose another data folder")]
    InUse {
        /// The file.
        path: String,
    },
    /// A request that would break what the store promises.
    #[error("store refuses {what}")]
    Refused {
        /// What is wrong with the request.
        what: &'static str,
    },
    /// A stored value that cannot be read back.
    #[error("store holds a damaged {what}")]
    Damaged {
        /// Which kind of record.
        what: &'static str,
    },
    /// The disk is full, or refuses to write.
    #[error(
        "the store is read-only: its disk is full or refuses to write; make room there, the store resumes by itself"
    )]
    ReadOnly {
        /// The database's or the system's own words.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The writer is gone: the program is stopping.
    #[error("the store is closed")]
    Closed,
}

/// Turns the database's error into ours, with what was tried.
fn failed(operation: &'static str) -> impl FnOnce(rusqlite::Error) -> StoreError {
    move |error| StoreError::Database { operation, source: Box::new(error) }
}

impl StoreError {
    /// A database's error that means damage, with the file it is about and the remedy; others stay as they are.
    fn naming(self, path: &Path) -> Self {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&self);
        while let Some(error) = cause {
            if error.downcast_ref::<rusqlite::Error>().is_some_and(integrity::is_damage) {
                break;
            }
            cause = error.source();
        }
        match (cause.is_some(), self) {
            (true, Self::Database { operation, source }) => {
                Self::Corrupt { path: path.display().to_string(), operation, source }
            }
            (_, other) => other,
        }
    }
}

/// Handle on the store; cheap to clone. The last one to go stops the writer and waits for it.
#[derive(Clone, Debug)]
pub struct Store(Arc<Shared>);

struct Shared {
    path: PathBuf,
    opened_at: Timestamp,
    /// Taken when the store is dropped.
    queue: Option<mpsc::Sender<Box<dyn Request>>>,
    writer: Option<JoinHandle<()>>,
    readers: Mutex<Vec<Reader>>,
    reader_back: Condvar,
    head: Arc<Head>,
    /// Builds the head after the opening.
    builder: Option<JoinHandle<()>>,
    tail: Arc<Tail>,
    pause_us: Arc<AtomicU64>,
    /// The first damage that was met, as told then.
    damage: OnceLock<String>,
    /// Whether the file was found whole after an unclean end.
    checked: AtomicBool,
    space: space::Space,
    figures: Arc<WriterFigures>,
    sessions: sessions::Kept,
    /// Held for as long as the store is open.
    lock: open::Lock,
}

/// A consistent view for reading. Methods are grouped by aggregate.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    /// Frames that are in no chunk yet.
    head: Arc<Head>,
}

impl Store {
    /// Opens or creates the file, migrates it forward, starts the writer thread. Nobody else may have it open.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::NewerSchema`], [`StoreError::Foreign`], [`StoreError::Open`],
    /// [`StoreError::Database`].
    pub fn open(path: &Path, now: Timestamp) -> Result<Self, StoreError> {
        Self::open_telling(path, now, &mut |_| true)
    }

    /// As [`Store::open`]; `tell` hears of the copy that is made before an older schema is changed.
    ///
    /// # Errors
    /// As [`Store::open`], and [`StoreError::NoCopy`], [`StoreError::Corrupt`].
    pub fn open_telling(path: &Path, now: Timestamp, tell: backup::Tell<'_>) -> Result<Self, StoreError> {
        let (lock, connection) = open::open_writer(path, now, tell)?;
        let figures = Arc::new(WriterFigures::default());
        let mut writer = Writer::new(connection, Arc::clone(&figures)).map_err(|error| error.naming(path))?;
        let head = Arc::new(Head::opening(writer.last_fact_id));
        writer.reader.head = Arc::clone(&head);
        let open_reader = || Ok(Reader { head: Arc::clone(&head), ..open::open_reader(path)? });
        let readers = (0..READERS).map(|_| open_reader()).collect::<Result<Vec<_>, StoreError>>()?;
        let builder = samples::build_head(open_reader()?, Arc::clone(&head), writer.last_fact_id)?;
        let (tail, pause_us) = (Arc::clone(&writer.tail), Arc::clone(&writer.pause_us));
        let (queue, requests) = mpsc::channel(writer::QUEUE_MAX);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || writer.run(requests))
            .map_err(|error| StoreError::Database { operation: "start the writer", source: Box::new(error) })?;
        Ok(Self(Arc::new(Shared {
            path: path.to_owned(),
            opened_at: now,
            queue: Some(queue),
            writer: Some(thread),
            readers: Mutex::new(readers),
            reader_back: Condvar::new(),
            head,
            builder: Some(builder),
            tail,
            pause_us,
            damage: OnceLock::new(),
            checked: AtomicBool::new(false),
            space: space::Space::default(),
            figures,
            sessions: sessions::Kept::default(),
            lock,
        })))
    }

    /// Rewrites a file of before `auto_vacuum`, so that it shrinks by itself from then on; whether it had to be. Needs the
    /// store for itself, and its size twice more for as long as it takes.
    ///
    /// # Errors
    /// As [`Store::open`]; too little room.
    pub fn compact(path: &Path, now: Timestamp) -> Result<bool, StoreError> {
        let (lock, connection) = open::open_writer(path, now, &mut |_| true)?;
        let rewritten = migrate::rewrite(path, &connection).map_err(|error| error.naming(path))?;
        drop(connection);
        if !lock.found_open {
            lock.mark_closed();
        }
        Ok(rewritten)
    }

    /// Reads; blocks the calling thread for as long as `f` runs (use a blocking task for long reads).
    ///
    /// # Errors
    /// What `f` returns, or that no connection can be had.
    pub fn read<T>(&self, f: impl FnOnce(&Reader) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.0.read(f).map_err(|error| self.0.noticing(error))
    }

    /// The store's file.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Whether the last one who had the store open did not close it, and it has not been found whole since.
    pub fn wants_check(&self) -> bool {
        self.0.lock.found_open && !self.0.checked.load(Ordering::Relaxed)
    }

    /// The file was checked after an unclean end and found whole.
    pub fn found_whole(&self) {
        self.0.checked.store(true, Ordering::Relaxed);
    }

    /// The first damage that any reading or writing has met since the start; a new start would not mend it.
    pub fn damage(&self) -> Option<&str> {
        self.0.damage.get().map(String::as_str)
    }

    /// Writes in the next group; returns after its commit. Waits when the queue is full (back-pressure).
    ///
    /// # Errors
    /// What `f` returns (its changes are rolled back), or the commit's failure.
    pub async fn write<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Writer) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Box::new(Call::new(f, reply)), answer).await
    }

    /// Accepts a batch in the next group, as [`Writer::accept_batch`] does, without the cost of a rollback of its own:
    /// what refuses a batch refuses it before its first change.
    ///
    /// # Errors
    /// [`StoreError::Refused`]; the database's, then for the whole group.
    pub async fn accept(&self, batch: ReceivedBatch) -> Result<AcceptedBatch, StoreError> {
        let (reply, answer) = oneshot::channel();
        let call = Call::unguarded(|writer: &mut Writer| writer.accept_batch(batch), reply);
        self.send(Box::new(call), answer).await
    }

    async fn send<T>(
        &self,
        request: Box<dyn Request>,
        answer: oneshot::Receiver<Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let queue = self.0.queue.as_ref().ok_or(StoreError::Closed)?;
        queue.send(request).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?.map_err(|error| self.0.noticing(self.0.space.noticed(error)))
    }

    /// How samples do: what waits for its chunk, what was made and dropped since the opening.
    pub fn sample_figures(&self) -> SampleFigures {
        self.0.head.figures()
    }

    fn head(&self) -> Arc<Head> {
        Arc::clone(&self.0.head)
    }

    /// How long the writer pauses for company where that is worth it; zero is never. For measuring: the default is
    /// right.
    pub fn set_pause(&self, pause: Duration) {
        self.0.pause_us.store(u64::try_from(pause.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// At most `limit` facts after `cursor`, in the order of their commit: from memory when it reaches back so far,
    /// else from the tables, which blocks the calling thread. What a write was acknowledged for is there.
    ///
    /// # Errors
    /// The database's, when the tables are read.
    pub fn facts_after(&self, cursor: FactCursor, limit: usize) -> Result<Facts, StoreError> {
        match self.facts_in_memory(cursor, limit) {
            Some(facts) => Ok(facts),
            None => self.read(|reader| reader.facts_after(cursor, limit)),
        }
    }

    /// The same from memory alone: never blocks, none when memory does not reach back to `cursor` (counted as a miss).
    pub fn facts_in_memory(&self, cursor: FactCursor, limit: usize) -> Option<Facts> {
        self.0.tail.facts_after(cursor, limit)
    }

    /// Takes what changed of hosts since the last call; the first call tells what changed since the opening.
    pub fn take_heard(&self) -> Heard {
        self.0.tail.take_heard()
    }

    /// Rises with every commit in which a host joined, got a new key or was revoked: what was read of hosts' keys before
    /// may not be so any more.
    pub fn hosts_revision(&self) -> u64 {
        self.0.tail.hosts_revision()
    }

    /// How the tail of facts does.
    pub fn tail(&self) -> TailFigures {
        self.0.tail.figures()
    }

    /// The file, and when it was opened.
    pub fn whereabouts(&self) -> (&Path, Timestamp) {
        (&self.0.path, self.0.opened_at)
    }

    /// Requests that wait for the writer now.
    pub fn queued(&self) -> usize {
        self.0.queue.as_ref().map_or(0, |queue| queue.max_capacity() - queue.capacity())
    }
}

/// A reading connection that finds its way back, also when the reader panics.
struct Lent<'a> {
    shared: &'a Shared,
    reader: Option<Reader>,
}

impl Lent<'_> {
    fn reader(&self) -> &Reader {
        self.reader.as_ref().expect("taken only in drop")
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let Some(reader) = self.reader.take() else {
            return;
        };
        // After a panic or a failed COMMIT the view is still open.
        if !reader.connection.is_autocommit()
            && let Err(error) = reader.execute_batch("ROLLBACK", "end a view")
        {
            tracing::warn!(%error, "a reading connection does not end its view");
        }
        self.shared.readers().push(reader);
        self.shared.reader_back.notify_one();
    }
}

impl Shared {
    fn read<T>(&self, f: impl FnOnce(&Reader) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let lent = self.lend();
        let reader = lent.reader();
        // Before the view begins: what leaves the head from now on stays readable for it.
        let _view = self.head.view();
        // One view for all of `f`: without this each statement would see its own moment.
        reader.execute_batch("BEGIN DEFERRED", "begin a view")?;
        let result = f(reader);
        reader.execute_batch("COMMIT", "end a view")?;
        result
    }

    /// Names the file of an error that means damage; the first one is logged and kept.
    fn noticing(&self, error: StoreError) -> StoreError {
        let error = error.naming(&self.path);
        if let StoreError::Corrupt { source, .. } = &error
            && self.damage.set(format!("{error} ({source})")).is_ok()
        {
            tracing::error!(%error, words = %source, "the store is damaged");
        }
        error
    }

    fn readers(&self) -> MutexGuard<'_, Vec<Reader>> {
        // The list is whole at every instant: poison says nothing about it.
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lend(&self) -> Lent<'_> {
        let mut readers = self.readers();
        loop {
            if let Some(reader) = readers.pop() {
                return Lent { shared: self, reader: Some(reader) };
            }
            readers = self.reader_back.wait(readers).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.queue = None;
        self.head.stop();
        if let Some(builder) = self.builder.take()
            && builder.join().is_err()
        {
            tracing::error!(path = %self.path.display(), "the reader of waiting samples panicked");
        }
        let Some(writer) = self.writer.take().filter(|writer| writer.thread().id() != std::thread::current().id())
        else {
            return;
        };
        if writer.join().is_err() {
            tracing::error!(path = %self.path.display(), "the store's writer panicked");
            return;
        }
        // What was not clean before is not made so by closing it: only a check does that.
        if self.damage.get().is_none() && (!self.lock.found_open || *self.checked.get_mut()) {
            self.lock.mark_closed();
        }
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Reader {
    fn execute_batch(&self, sql: &str, operation: &'static str) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(()))
            .map(drop)
            .map_err(failed(operation))
    }

    /// All rows of a query.
    fn rows<T>(
        &self,
        operation: &'static str,
        sql: &str,
        params: impl Params,
        mut convert: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(failed(operation))?;
        let mut rows = statement.query(params).map_err(failed(operation))?;
        let mut converted = Vec::new();
        while let Some(row) = rows.next().map_err(failed(operation))? {
            converted.push(convert(row)?);
        }
        Ok(converted)
    }

    /// The first row of a query.
    fn row<T>(
        &self,
        operation: &'static str,
        sql: &str,
        params: impl Params,
        convert: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(failed(operation))?;
        let mut rows = statement.query(params).map_err(failed(operation))?;
        rows.next().map_err(failed(operation))?.map(convert).transpose()
    }
}

/// A bound for SQL's LIMIT.
fn limit_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

#[cfg(test)]
pub(crate) mod tests;
