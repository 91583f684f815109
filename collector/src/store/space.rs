//! Whether the store takes what agents send: the room on its disk, and what happens when there is none.
//!
//! ```text
//!          free < reserve                    a write failed
//!   open ────────────────► low_space ───────────────────────► write_failed
//!    ▲   all is written       │  facts are refused,              │  nothing is written,
//!    │                        │  decisions use the reserve       │  pages read on
//!    │                        │                                  │ a probe write succeeds
//!    └── free ≥ reserve + 1/8 and a probe write succeeds ◄───────┘ (still little room: back to low_space)
//! ```
//!
//! - Facts are refused before they reach the writer ([`Store::admit_facts`]) and counted; nothing refused was
//!   acknowledged, so the agents still have it.
//! - A write that failed is any answer of the database that says the disk takes no more: full, quota, a file-size
//!   limit, a disk that turned read-only. Which one is told by the log; what helps is the same.
//! - The way back is a probe: [`PROBE_BYTES`] in a file beside the store, then as much through the writer, after
//!   [`PROBE_WAIT_MIN_S`] doubling to [`PROBE_WAIT_MAX_S`]. The waits begin anew only after [`CALM_S`] without a failure, so a
//!   disk at its edge is not written full again every second.
//!
//! The machine is pure and told the time; who looks at the disk is [`crate::space_watch`]. Does not know what to delete.

use super::{Store, StoreError, StoreSize};
use crate::domain::sizing::Keep;
use crate::self_stats::Counter;
use pantau_shared::timestamp::Timestamp;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Bytes of a probe, once as a file and once as rows.
const PROBE_BYTES: usize = 256 * 1024;
/// First wait before a probe, in seconds.
const PROBE_WAIT_MIN_S: i64 = 1;
/// Longest wait between two probes, in seconds.
const PROBE_WAIT_MAX_S: i64 = 60;
/// After so many seconds without a failure the waits begin anew.
const CALM_S: i64 = 300;
/// The row a probe writes and deletes.
const PROBE_SETTING: &str = "space_probe";

/// Why the store is read-only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadOnlyCause {
    /// Less is free than the reserve: facts are refused, decisions are still written.
    LowSpace,
    /// A write failed: nothing is written.
    WriteFailed,
}

impl ReadOnlyCause {
    /// The code in the API and the log.
    pub const fn code(self) -> &'static str {
        match self {
            Self::LowSpace => "low_space",
            Self::WriteFailed => "write_failed",
        }
    }
}

/// The store takes no facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadOnly {
    /// Why.
    pub cause: ReadOnlyCause,
    /// Since when, over all causes.
    pub since: Timestamp,
}

/// The disk that holds the data folder, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// What this user may still write.
    pub free_bytes: u64,
    /// Its size.
    pub size_bytes: u64,
}

/// How the store stands with its disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpaceView {
    /// Set while facts are refused.
    pub read_only: Option<ReadOnly>,
    /// The disk as last looked at; `None` before the first look, or when it cannot be told.
    pub disk: Option<Disk>,
    /// Free bytes below which facts are refused.
    pub reserve_bytes: u64,
    /// Batches refused since the start.
    pub refused: u64,
    /// The store's own size as last looked at.
    pub size: Option<StoreSize>,
    /// How long things are kept.
    pub keep: Keep,
}

/// What the machine remembers.
#[derive(Debug, Default)]
struct State {
    read_only: Option<ReadOnly>,
    disk: Option<Disk>,
    size: Option<StoreSize>,
    keep: Keep,
    reserve_bytes: u64,
    wait_s: i64,
    probe_at: Option<Timestamp>,
    failed_at: Option<Timestamp>,
}

/// A change of the store's mind, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpaceChange {
    /// It took facts and does not any more, or for another cause.
    Closed(ReadOnly),
    /// It takes facts again.
    Opened {
        /// Since when it had not.
        since: Timestamp,
    },
}

impl State {
    fn resume_bytes(&self) -> u64 {
        self.reserve_bytes.saturating_add(self.reserve_bytes / 8)
    }

    fn close(&mut self, cause: ReadOnlyCause, now: Timestamp) -> Option<SpaceChange> {
        let before = self.read_only;
        let closed = ReadOnly { cause, since: before.map_or(now, |before| before.since) };
        self.read_only = Some(closed);
        (before != Some(closed)).then_some(SpaceChange::Closed(closed))
    }

    /// A write failed.
    fn failed(&mut self, now: Timestamp) -> Option<SpaceChange> {
        let calm = self.failed_at.is_none_or(|at| now.ms_since(at) >= CALM_S * 1000);
        if calm || self.wait_s == 0 {
            self.wait_s = PROBE_WAIT_MIN_S;
        }
        self.failed_at = Some(now);
        self.probe_at = Some(now.plus_secs(self.wait_s));
        self.close(ReadOnlyCause::WriteFailed, now)
    }

    /// The disk was looked at.
    fn measured(&mut self, disk: Option<Disk>, now: Timestamp) -> Option<SpaceChange> {
        self.disk = disk;
        let low = disk.is_some_and(|disk| disk.free_bytes < self.reserve_bytes);
        if low && self.read_only.is_none() { self.close(ReadOnlyCause::LowSpace, now) } else { None }
    }

    /// Whether it is time to try a write.
    fn probe_due(&self, now: Timestamp) -> bool {
        match self.read_only.map(|read_only| read_only.cause) {
            None => false,
            Some(ReadOnlyCause::LowSpace) => self.roomy(),
            Some(ReadOnlyCause::WriteFailed) => self.probe_at.is_none_or(|at| now >= at),
        }
    }

    fn roomy(&self) -> bool {
        self.disk.is_none_or(|disk| disk.free_bytes >= self.resume_bytes())
    }

    /// The try ended.
    fn probed(&mut self, written: bool, now: Timestamp) -> Option<SpaceChange> {
        let read_only = self.read_only?;
        if !written {
            self.wait_s = (self.wait_s.max(PROBE_WAIT_MIN_S) * 2).min(PROBE_WAIT_MAX_S);
            self.failed_at = Some(now);
            self.probe_at = Some(now.plus_secs(self.wait_s));
            return self.close(ReadOnlyCause::WriteFailed, now);
        }
        self.wait_s = (self.wait_s * 2).min(PROBE_WAIT_MAX_S);
        if !self.roomy() {
            return self.close(ReadOnlyCause::LowSpace, now);
        }
        self.read_only = None;
        Some(SpaceChange::Opened { since: read_only.since })
    }
}

/// The store's part that knows of room; shared by all handles.
#[derive(Debug, Default)]
pub(super) struct Space {
    state: Mutex<State>,
    /// Facts are refused: what [`Store::admit_facts`] looks at.
    closed: AtomicBool,
    /// A write has failed since the last look.
    write_failed: AtomicBool,
    refused: Counter,
    wake: Notify,
}

impl Space {
    fn state(&self) -> MutexGuard<'_, State> {
        // Whole at every instant: poison says nothing about it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every answer of the writer passes here: one that says the disk takes no more closes the store at once.
    pub(super) fn noticed(&self, error: StoreError) -> StoreError {
        if !says_no_room(&error) {
            return error;
        }
        self.write_failed.store(true, Ordering::SeqCst);
        self.closed.store(true, Ordering::SeqCst);
        self.wake.notify_one();
        StoreError::ReadOnly { source: Some(Box::new(error)) }
    }
}

/// Whether the database's own code, anywhere in the chain, says that the disk does not take a write.
fn says_no_room(error: &StoreError) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(code) = error.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error) {
            use rusqlite::ffi;
            return matches!(code.extended_code & 0xff, ffi::SQLITE_FULL | ffi::SQLITE_READONLY)
                || matches!(
                    code.extended_code,
                    ffi::SQLITE_IOERR_WRITE
                        | ffi::SQLITE_IOERR_FSYNC
                        | ffi::SQLITE_IOERR_DIR_FSYNC
                        | ffi::SQLITE_IOERR_TRUNCATE
                        | ffi::SQLITE_IOERR_SHMSIZE
                );
        }
        cause = error.source();
    }
    false
}

impl StoreError {
    /// Whether an error, or one it was caused by, is that the store is read-only.
    pub fn is_read_only(error: &(dyn std::error::Error + 'static)) -> bool {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if matches!(error.downcast_ref(), Some(Self::ReadOnly { .. })) {
                return true;
            }
            cause = error.source();
        }
        false
    }
}

impl Store {
    /// Sets how many free bytes are kept for decisions; 0 (as it begins) keeps none.
    pub fn keep_free(&self, reserve_bytes: u64) {
        self.0.space.state().reserve_bytes = reserve_bytes;
    }

    /// Tells how long things are kept: shown, and what the size is estimated by.
    pub fn keep_for(&self, keep: Keep) {
        self.0.space.state().keep = keep;
    }

    /// Whether facts may go to the writer now. A refusal is counted.
    ///
    /// # Errors
    /// [`StoreError::ReadOnly`]; whoever has the facts keeps them.
    pub fn admit_facts(&self) -> Result<(), StoreError> {
        if !self.refuses_facts() {
            return Ok(());
        }
        self.0.space.refused.increment();
        Err(StoreError::ReadOnly { source: None })
    }

    /// Whether facts are refused now.
    pub fn refuses_facts(&self) -> bool {
        self.0.space.closed.load(Ordering::SeqCst)
    }

    /// Since when nothing at all can be written; `None` while decisions can.
    pub fn blind_since(&self) -> Option<Timestamp> {
        let read_only = self.0.space.state().read_only?;
        (read_only.cause == ReadOnlyCause::WriteFailed).then_some(read_only.since)
    }

    /// How the store stands with its disk.
    pub fn space(&self) -> SpaceView {
        let space = &self.0.space;
        let state = space.state();
        SpaceView {
            read_only: state.read_only,
            disk: state.disk,
            reserve_bytes: state.reserve_bytes,
            refused: space.refused.get(),
            size: state.size,
            keep: state.keep,
        }
    }

    /// Takes in how large the store was just now.
    pub fn sized(&self, size: StoreSize) {
        self.0.space.state().size = Some(size);
    }

    /// Wakes when a write has failed.
    pub async fn write_failure(&self) {
        self.0.space.wake.notified().await;
    }

    /// Takes in what was seen of the disk, and writes that failed since; what changed by it.
    pub fn look_at_space(&self, disk: Option<Disk>, now: Timestamp) -> Option<SpaceChange> {
        let space = &self.0.space;
        let mut state = space.state();
        let seen = state.measured(disk, now);
        let failed = if space.write_failed.swap(false, Ordering::SeqCst) { state.failed(now) } else { None };
        space.closed.store(state.read_only.is_some(), Ordering::SeqCst);
        failed.or(seen)
    }

    /// Tries a write when one is due; what changed by it.
    pub async fn probe_space(&self, now: Timestamp) -> Option<SpaceChange> {
        if !self.0.space.state().probe_due(now) {
            return None;
        }
        let written = self.probe_write().await.inspect_err(|error| {
            tracing::debug!(error = error as &dyn std::error::Error, "the disk still does not take a probe");
        });
        let space = &self.0.space;
        let mut state = space.state();
        // The probe's own failure needs no second report.
        space.write_failed.store(false, Ordering::SeqCst);
        let change = state.probed(written.is_ok(), now);
        space.closed.store(state.read_only.is_some(), Ordering::SeqCst);
        change
    }

    async fn probe_write(&self) -> Result<(), StoreError> {
        let path = self.0.path.with_extension("probe");
        let filed = tokio::task::spawn_blocking(move || write_probe_file(&path)).await;
        filed
            .map_err(|_| StoreError::Closed)?
            .map_err(|source| StoreError::ReadOnly { source: Some(Box::new(source)) })?;
        self.write(|writer| writer.save_setting(PROBE_SETTING, &"0".repeat(PROBE_BYTES))).await?;
        self.write(|writer| {
            writer.execute("delete the probe", "DELETE FROM setting WHERE name = ?1", [PROBE_SETTING]).map(drop)
        })
        .await
    }
}

/// Real bytes, synced: a quota or a delayed allocation answers here.
fn write_probe_file(path: &Path) -> std::io::Result<()> {
    let written = std::fs::File::create(path).and_then(|mut file| {
        file.write_all(&[b'0'; PROBE_BYTES])?;
        file.sync_all()
    });
    let removed = std::fs::remove_file(path);
    written.and(removed)
}

#[cfg(test)]
pub(crate) mod tests;
