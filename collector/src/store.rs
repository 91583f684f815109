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

mod catalogue;
mod columns;
mod decision;
mod facts;
mod hosts;
mod ledger;
pub mod ledger_days;
mod open;
mod outbox;
mod people;
pub mod records;
mod retention;
mod samples;
mod settings;
mod tickets;
mod writer;

use pantau_shared::timestamp::Timestamp;
use rusqlite::{Connection, Params, Row};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};
use writer::{Call, Request};

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
    /// The writer is gone: the program is stopping.
    #[error("the store is closed")]
    Closed,
}

/// Turns the database's error into ours, with what was tried.
fn failed(operation: &'static str) -> impl FnOnce(rusqlite::Error) -> StoreError {
    move |error| StoreError::Database { operation, source: Box::new(error) }
}

/// Handle on the store; cheap to clone. The last one to go stops the writer and waits for it.
#[derive(Clone, Debug)]
pub struct Store(Arc<Shared>);

struct Shared {
    path: PathBuf,
    /// Taken when the store is dropped.
    queue: Option<mpsc::Sender<Box<dyn Request>>>,
    writer: Option<JoinHandle<()>>,
    readers: Mutex<Vec<Reader>>,
    reader_back: Condvar,
    /// Held for as long as the store is open.
    _lock: File,
}

/// A consistent view for reading. Methods are grouped by aggregate.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
}

impl Store {
    /// Opens or creates the file, migrates it forward, starts the writer thread. Nobody else may have it open.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::NewerSchema`], [`StoreError::Foreign`], [`StoreError::Open`],
    /// [`StoreError::Database`].
    pub fn open(path: &Path, _now: Timestamp) -> Result<Self, StoreError> {
        let (lock, connection) = open::open_writer(path)?;
        let writer = Writer::new(connection)?;
        let readers = (0..READERS).map(|_| open::open_reader(path)).collect::<Result<Vec<_>, _>>()?;
        let (queue, requests) = mpsc::channel(writer::QUEUE_MAX);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || writer.run(requests))
            .map_err(|error| StoreError::Database { operation: "start the writer", source: Box::new(error) })?;
        Ok(Self(Arc::new(Shared {
            path: path.to_owned(),
            queue: Some(queue),
            writer: Some(thread),
            readers: Mutex::new(readers),
            reader_back: Condvar::new(),
            _lock: lock,
        })))
    }

    /// Reads; blocks the calling thread for as long as `f` runs (use a blocking task for long reads).
    ///
    /// # Errors
    /// What `f` returns, or that no connection can be had.
    pub fn read<T>(&self, f: impl FnOnce(&Reader) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let lent = self.0.lend();
        let reader = lent.reader();
        // One view for all of `f`: without this each statement would see its own moment.
        reader.execute_batch("BEGIN DEFERRED", "begin a view")?;
        let result = f(reader);
        reader.execute_batch("COMMIT", "end a view")?;
        result
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
        let queue = self.0.queue.as_ref().ok_or(StoreError::Closed)?;
        queue.send(Box::new(Call::new(f, reply))).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
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
        if let Some(writer) = self.writer.take()
            && writer.thread().id() != std::thread::current().id()
            && writer.join().is_err()
        {
            tracing::error!(path = %self.path.display(), "the store's writer panicked");
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
