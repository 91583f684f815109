//! Opening the file: the lock, the settings of a connection. The climb from an older schema is next door.
//!
//! - **One owner.** `pantau.lock` beside the file is held (flock) for as long as the store is open; a second program on
//!   the same file is told so. A person's command reaches a running collector over its socket.
//! - **Durable.** WAL with `synchronous=FULL`: the log is synced at every commit, so what was committed survives a cut
//!   of power. `NORMAL` would sync only at checkpoints and lose acknowledged batches.
//! - **Ours.** `application_id` names the file; another program's database is refused, never altered.
//! - **Whole.** `pantau.lock` holds a word while the store is open; found there at the next start, the last stop was not
//!   a clean one, and the file is worth a check.

use super::backup::Tell;
use super::migrate::{self, APPLICATION_ID, SCHEMA};
use super::{Reader, StoreError, failed, restore};
use pantau_shared::timestamp::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long a statement waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Prepared statements kept per connection; there are fewer different ones.
const STATEMENTS_MAX: usize = 128;

/// The log is cut back to this many bytes after a checkpoint.
const WAL_BYTES_KEPT: i64 = 32 * 1024 * 1024;

/// Takes the lock, opens the file for writing and brings it to the newest schema. The lock lasts as long as the file
/// that is returned.
pub(super) fn open_writer(path: &Path, now: Timestamp, tell: Tell<'_>) -> Result<(Lock, Connection), StoreError> {
    let lock = Lock::take(path)?;
    restore::finish(path)
        .map_err(|source| StoreError::Open { path: path.display().to_string(), source: Box::new(source) })?;
    create_private(path)?;
    let mut connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE,
    )
    .map_err(|error| refused(path, error))?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed("set up the connection"))?;
    check_ours(path, &connection)?;
    migrate::prepare_new(&connection).and_then(|()| set_up(&connection)).map_err(|error| refused(path, error))?;
    migrate::climb(path, &mut connection, &SCHEMA, now, tell).map_err(|error| error.naming(path))?;
    sync_folder(path)?;
    lock.mark_open()?;
    Ok((lock, connection))
}

/// Opens a connection that can only read; the file must have been opened for writing before.
pub(super) fn open_reader(path: &Path) -> Result<Reader, StoreError> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE,
    )
    .map_err(|error| refused(path, error))?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed("set up the connection"))?;
    connection.pragma_update(None, "query_only", true).map_err(failed("set up the connection"))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    Ok(Reader { connection, head: Arc::default() })
}

/// The lock beside the file; it goes with this value. Its content is the mark of a store that is open.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    path: String,
    /// Whether the last one who had it did not close it.
    pub(super) found_open: bool,
}

/// What stands in the lock's file while the store is open.
const OPEN_MARK: &[u8] = b"open\n";

impl Lock {
    /// Takes it, or says who is in the way.
    pub(super) fn take(path: &Path) -> Result<Self, StoreError> {
        let shown = path.display().to_string();
        let open = |error| StoreError::Open { path: shown.clone(), source: Box::new(error) };
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(path.with_extension("lock"))
            .map_err(open)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse { path: shown }),
            Err(TryLockError::Error(error)) => return Err(open(error)),
        }
        let found_open = file.metadata().map_err(open)?.len() > 0;
        Ok(Self { file, path: shown, found_open })
    }

    fn mark_open(&self) -> Result<(), StoreError> {
        let marked = self.file.write_all_at(OPEN_MARK, 0).and_then(|()| self.file.sync_data());
        marked.map_err(|error| StoreError::Open { path: self.path.clone(), source: Box::new(error) })
    }

    /// The store was closed as it should be.
    pub(super) fn mark_closed(&self) {
        if let Err(error) = self.file.set_len(0).and_then(|()| self.file.sync_data()) {
            tracing::warn!(%error, path = %self.path, "the next start will not know that this stop was a clean one");
        }
    }
}

/// The file holds password hashes and sessions: nobody else may read it.
fn create_private(path: &Path) -> Result<(), StoreError> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
        .map(drop)
        .map_err(|error| StoreError::Open { path: path.display().to_string(), source: Box::new(error) })
}

/// A new file is durable only when its name is.
fn sync_folder(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| StoreError::Open { path: path.display().to_string(), source: Box::new(error) })
}

fn refused(path: &Path, error: rusqlite::Error) -> StoreError {
    let path = path.display().to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => StoreError::Foreign { path },
        Some(ErrorCode::DatabaseCorrupt) => {
            StoreError::Corrupt { path, operation: "open the file", source: Box::new(error) }
        }
        _ => StoreError::Open { path, source: Box::new(error) },
    }
}

fn check_ours(path: &Path, connection: &Connection) -> Result<(), StoreError> {
    let ask = |sql: &str| connection.query_row(sql, (), |row| row.get::<_, i64>(0));
    let id = ask("PRAGMA application_id").map_err(|error| refused(path, error))?;
    let objects = ask("SELECT count(*) FROM sqlite_schema").map_err(|error| refused(path, error))?;
    if id == i64::from(APPLICATION_ID) || (id == 0 && objects == 0) {
        return Ok(());
    }
    Err(StoreError::Foreign { path: path.display().to_string() })
}

fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    // Counts only while the file is empty: the store gives pages back to the file system as samples age.
    connection.pragma_update(None, "auto_vacuum", "incremental")?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "journal_size_limit", WAL_BYTES_KEPT)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    Ok(())
}
