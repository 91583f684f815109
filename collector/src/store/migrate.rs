//! The climb from an older schema to the newest, with a copy first.
//!
//! ```text
//! found < known, data there ──► copy to pantau.db.before-schema-N (N = the schema climbed to) ──► step; step; … ──► older such copies go
//! ```
//!
//! - **Forward only.** `user_version` counts the steps; each runs in its own transaction together with the new number, so
//!   a kill leaves the schema before a step or after it, whole. A higher number than known is refused.
//! - **A copy first.** A store that holds data is not changed without one; without room for it the program does not
//!   start and says so. The copy stays until the next climb has succeeded.
//! - **Shrinks by itself.** New files are made with `auto_vacuum = INCREMENTAL`. An older file is rewritten so at a climb
//!   when it has at most [`REWRITE_BYTES_MAX`], or when it is asked for: that needs its size once more.
//!
//! Does not know what a step does.

use super::backup::{self, Tell};
use super::copy_error::CopyError;
use super::files::{beside, ensure_room, folder_of, remove_if_there};
use super::{StoreError, failed};
use pantau_shared::timestamp::Timestamp;
use rusqlite::{Connection, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `PANT`.
pub(super) const APPLICATION_ID: i32 = 0x5041_4E54;

/// The steps, oldest first; a released step is never changed.
pub(super) const SCHEMA: [&str; 19] = [
    include_str!("schema/001_first.sql"),
    include_str!("schema/002_columns.sql"),
    include_str!("schema/003_checkpoint.sql"),
    include_str!("schema/004_ledger_days.sql"),
    include_str!("schema/005_stream.sql"),
    include_str!("schema/006_ticket_life.sql"),
    include_str!("schema/007_registers.sql"),
    include_str!("schema/008_backups.sql"),
    include_str!("schema/009_reports.sql"),
    include_str!("schema/010_delivery.sql"),
    include_str!("schema/011_causes.sql"),
    include_str!("schema/012_held_back.sql"),
    include_str!("schema/013_backup_terms.sql"),
    include_str!("schema/014_notices.sql"),
    include_str!("schema/015_problems.sql"),
    include_str!("schema/016_ticket_group.sql"),
    include_str!("schema/017_ledger_part.sql"),
    include_str!("schema/018_late_backups.sql"),
    include_str!("schema/019_elsewhere.sql"),
];

/// Up to this size a file without `auto_vacuum` is rewritten at a climb.
const REWRITE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// What `PRAGMA auto_vacuum` says of INCREMENTAL.
const INCREMENTAL: i64 = 2;
const OPERATION: &str = "migrate the schema";

/// Before the first table: a new file gives back the space of deleted rows.
pub(super) fn prepare_new(connection: &Connection) -> rusqlite::Result<()> {
    let objects: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
    if objects == 0 {
        connection.pragma_update(None, "auto_vacuum", INCREMENTAL)?;
    }
    Ok(())
}

/// Brings the file to the newest of `steps`; nobody else has it open.
pub(super) fn climb(
    path: &Path,
    connection: &mut Connection,
    steps: &[&str],
    now: Timestamp,
    tell: Tell<'_>,
) -> Result<(), StoreError> {
    let known = steps.len() as u32;
    let found = version(connection)?;
    if found > known {
        return Err(StoreError::NewerSchema { path: path.display().to_string(), found, known });
    }
    let holds_data = found > 0 && found < known;
    if holds_data {
        let copy = copy_first(path, known, now, tell)?;
        tracing::info!(found, known, copy = %copy.display(), "the schema is brought forward; a copy of before is kept");
    }
    while let Some(sql) = steps.get(version(connection)? as usize) {
        take_step(connection, sql)?;
    }
    if holds_data {
        rewrite_small(path, connection);
        remove_older_copies(path, known);
    }
    Ok(())
}

fn version(connection: &Connection) -> Result<u32, StoreError> {
    connection.query_row("PRAGMA user_version", (), |row| row.get(0)).map_err(failed(OPERATION))
}

fn take_step(connection: &mut Connection, sql: &str) -> Result<(), StoreError> {
    let step = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(OPERATION))?;
    let found = version(&step)?;
    step.execute_batch(sql).map_err(failed(OPERATION))?;
    step.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed(OPERATION))?;
    step.pragma_update(None, "user_version", found + 1).map_err(failed(OPERATION))?;
    step.commit().map_err(failed(OPERATION))
}

/// The copy of before a climb to schema `to`.
fn copy_of_before(path: &Path, to: u32) -> PathBuf {
    beside(path, &format!(".before-schema-{to}"))
}

fn copy_first(path: &Path, to: u32, now: Timestamp, tell: Tell<'_>) -> Result<PathBuf, StoreError> {
    let copy = copy_of_before(path, to);
    let request =
        backup::Request { store: path, to: &copy, files: &[], made_at: now, replace: true, pause: Duration::ZERO };
    backup::make(&request, tell)
        .map_err(|source| StoreError::NoCopy { path: path.display().to_string(), source: Box::new(source) })?;
    Ok(copy)
}

/// Only the newest copy is kept; that one is as good as the store was.
fn remove_older_copies(path: &Path, kept: u32) {
    let prefix = format!("{}.before-schema-", path.file_name().unwrap_or_default().to_string_lossy());
    for entry in std::fs::read_dir(folder_of(path)).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let number = name.strip_prefix(&prefix).and_then(|rest| rest.split('.').next()?.parse::<u32>().ok());
        if number.is_some_and(|number| number != kept)
            && let Err(error) = remove_if_there(&entry.path())
        {
            tracing::warn!(%error, "an old copy of before a schema change stays");
        }
    }
}

/// Rewrites a small file of before `auto_vacuum`; one that stays as it is works as well.
fn rewrite_small(path: &Path, connection: &Connection) {
    let bytes = path.metadata().map_or(u64::MAX, |metadata| metadata.len());
    if bytes <= REWRITE_BYTES_MAX
        && let Err(error) = rewrite(path, connection)
    {
        tracing::warn!(%error, "the store's file keeps its old form and does not shrink by itself");
    }
}

/// Gives the file `auto_vacuum = INCREMENTAL`; whether it had to be rewritten. One transaction: a kill leaves it whole.
pub(super) fn rewrite(path: &Path, connection: &Connection) -> Result<bool, StoreError> {
    let operation = "rewrite the file";
    let mode: i64 = connection.query_row("PRAGMA auto_vacuum", (), |row| row.get(0)).map_err(failed(operation))?;
    if mode == INCREMENTAL {
        return Ok(false);
    }
    // Once as a temporary file, once in the log.
    let bytes = path.metadata().map_or(0, |metadata| metadata.len());
    ensure_room(path, bytes.saturating_mul(2))
        .map_err(|source: CopyError| StoreError::Database { operation, source: Box::new(source) })?;
    connection.pragma_update(None, "auto_vacuum", INCREMENTAL).map_err(failed(operation))?;
    connection.execute_batch("VACUUM").map_err(failed(operation))?;
    Ok(true)
}
