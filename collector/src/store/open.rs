//! Opening the file: the lock, the settings of a connection, and the climb from an older schema.
//!
//! - **One owner.** `pantau.lock` beside the file is held (flock) for as long as the store is open; a second program on
//!   the same file is told so. A person's command reaches a running collector over its socket.
//! - **Durable.** WAL with `synchronous=FULL`: the log is synced at every commit, so what was committed survives a cut
//!   of power. `NORMAL` would sync only at checkpoints and lose acknowledged batches.
//! - **Ours.** `application_id` names the file; another program's database is refused, never altered.
//! - **Forward only.** `user_version` counts the steps in `schema/`; each runs in its own transaction together with
//!   the new number. A higher number than known is refused.

use super::{Reader, StoreError, failed};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// `PANT`.
const APPLICATION_ID: i32 = 0x5041_4E54;

/// The steps, oldest first; a released step is never changed.
const SCHEMA: [&str; 2] = [include_str!("schema/001_first.sql"), include_str!("schema/002_ledger_days.sql")];

/// How long a statement waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Prepared statements kept per connection; there are fewer different ones.
const STATEMENTS_MAX: usize = 128;

/// The log is cut back to this many bytes after a checkpoint.
const WAL_BYTES_KEPT: i64 = 32 * 1024 * 1024;

/// Takes the lock, opens the file for writing and brings it to the newest schema. The lock lasts as long as the file
/// that is returned.
pub(super) fn open_writer(path: &Path) -> Result<(File, Connection), StoreError> {
    let lock = lock(path)?;
    create_private(path)?;
    let mut connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE,
    )
    .map_err(|error| refused(path, error))?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed("set up the connection"))?;
    check_ours(path, &connection)?;
    set_up(&connection).map_err(|error| refused(path, error))?;
    migrate(path, &mut connection)?;
    sync_folder(path)?;
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
    Ok(Reader { connection })
}

fn lock(path: &Path) -> Result<File, StoreError> {
    let open = |error| StoreError::Open { path: path.display().to_string(), source: Box::new(error) };
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path.with_extension("lock"))
        .map_err(open)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: path.display().to_string() }),
        Err(TryLockError::Error(error)) => Err(open(error)),
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
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "journal_size_limit", WAL_BYTES_KEPT)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    Ok(())
}

fn migrate(path: &Path, connection: &mut Connection) -> Result<(), StoreError> {
    let known = SCHEMA.len() as u32;
    loop {
        let step = connection
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .map_err(failed("migrate the schema"))?;
        let found: u32 =
            step.query_row("PRAGMA user_version", (), |row| row.get(0)).map_err(failed("migrate the schema"))?;
        if found > known {
            return Err(StoreError::NewerSchema { path: path.display().to_string(), found, known });
        }
        let Some(sql) = SCHEMA.get(found as usize) else {
            return Ok(());
        };
        step.execute_batch(sql).map_err(failed("migrate the schema"))?;
        step.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed("migrate the schema"))?;
        step.pragma_update(None, "user_version", found + 1).map_err(failed("migrate the schema"))?;
        step.commit().map_err(failed("migrate the schema"))?;
    }
}
