//! Samples of hosts: frames until their hour is over, then one chunk per host and hour, with roll-ups beside it.
//!
//! ```text
//! batch ──COMMIT──► frame (append-only) ──► head (memory: frames in no chunk)
//!                     │ hour over and quiet                  │
//!                     ├── closing: chunk(hour, host) + rollup_hour ── one COMMIT ──► head lets go
//!                     │                          └─ day over: packed into rollup_day and rollup_month
//!                     └── deleted from the front, once in a chunk and judged
//! ```
//!
//! - **Durable on arrival.** A frame is acknowledged when its row is committed. A chunk replaces rows only after its own
//!   commit: at every instant a sample is in a row with a number above the chunk's `upto`, or in the chunk.
//! - **Late frames** merge into the chunk, and the hour's roll-up is made again. When the hour has been pruned they are
//!   dropped and counted.
//! - **Reading** merges chunk and head. The order is by time, then arrival; duplicates of one instant are kept.
//! - **Damage.** A chunk that cannot be decoded is an error that names it when it is read; it is never written over.
//!
//! Everything that keeps samples is reached by these functions, so that another store of time series can stand behind
//! them: the writer's `framed` list (in), [`super::Store::close_due`] and pruning (housekeeping), `Reader::samples`,
//! `newest_samples`, `newest_frame`, `series_*` (out), and the writer's `place_*` for what is packed already. Nothing else names the tables `frame`, `chunk` and `rollup_*`,
//! but the facts' cursor, which reads frames that are not judged yet.

mod bulk;
mod closing;
mod head;
mod key;
mod packing;
mod points;
mod reading;
mod rebuild;

use super::columns::{column, instant, message};
use super::{Reader, StoreError};
use head::HeadBroken;
use pantau_shared::ids::HostId;
use pantau_shared::sample::Sample;
use pantau_shared::timestamp::Timestamp;
use std::sync::Arc;
use std::thread::JoinHandle;

pub use bulk::PlacedRow;
pub use closing::Closed;
pub use head::SampleFigures;
pub(super) use head::{Framed, Head};
pub(super) use key::{Key, day_of, hour_begins, hour_near, month_begins, month_of};
pub use points::Point;
pub(crate) use points::growths;
pub use reading::{Resolution, WholeFrom};
#[cfg(test)]
pub(super) use {closing::Round, head::Patience};

/// A sample with its time.
pub(super) type Frame = (Timestamp, Sample);

/// Hours looked back for a host's newest samples, from when it was last heard: two days.
const NEWEST_HOURS: i64 = 48;

const FRAME: &str = "SELECT at_ms, body FROM frame WHERE id = ?1";

const CHUNK: &str = "SELECT upto, body FROM chunk WHERE key = ?1";

/// When it was heard is kept with its streams; of a time before that, with the host.
const HOST_NUMBER: &str = "
    SELECT num, max(ifnull(last_seen_ms, 0), (SELECT ifnull(max(used_ms), 0) FROM stream WHERE host = num))
    FROM host WHERE id = ?1";

const CHUNK_ENDS: &str = "SELECT (SELECT min(key) FROM chunk), (SELECT max(key) FROM chunk)";

/// The questions of samples with how many values they take, for the test of their plans.
#[cfg(test)]
pub(super) const QUESTIONS: [(&str, usize); 14] = [
    (FRAME, 1),
    (CHUNK, 1),
    (HOST_NUMBER, 1),
    (CHUNK_ENDS, 0),
    (closing::KEPT_FROM, 0),
    (packing::OLDEST_PIECES, 2),
    (packing::PIECE, 1),
    (packing::DAY, 1),
    (packing::MONTH, 1),
    (packing::PIECE_ENDS, 0),
    (packing::DAY_ENDS, 0),
    (packing::MONTH_ENDS, 0),
    (rebuild::CHUNK_UPTO, 1),
    (rebuild::FRAMES_UPTO, 1),
];

/// Starts the thread that builds the head.
pub(super) fn build_head(reader: Reader, head: Arc<Head>, last: i64) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new()
        .name("store-head".into())
        .spawn(move || rebuild::rebuild(&reader, &head, last))
        .map_err(|error| StoreError::Database { operation: "start reading samples", source: Box::new(error) })
}

impl From<HeadBroken> for StoreError {
    fn from(_: HeadBroken) -> Self {
        Self::Damaged { what: "table of waiting samples" }
    }
}

impl Reader {
    /// Samples of a host in `[from, to)`, by time; the first `limit` of them.
    ///
    /// # Errors
    /// The database's; a chunk that cannot be read.
    pub fn samples(
        &self,
        host: &HostId,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<Frame>, StoreError> {
        let mut found = Vec::new();
        let Some((number, _)) = self.sample_host(host)? else { return Ok(found) };
        let (first, last) = (hour_near(from), hour_near(to.plus_ms(-1)));
        for hour in self.hours_with_samples(number, first, last)? {
            let frames = self.hour_frames(Key { unit: hour, host: number })?;
            found.extend(frames.into_iter().filter(|(at, _)| *at >= from && *at < to).take(limit - found.len()));
            if found.len() == limit {
                break;
            }
        }
        Ok(found)
    }

    /// Newest samples of a host, newest first; looks back two days from when it was last heard.
    ///
    /// # Errors
    /// The database's; a chunk that cannot be read.
    pub fn newest_samples(&self, host: &HostId, limit: usize) -> Result<Vec<Frame>, StoreError> {
        let mut found: Vec<Frame> = Vec::new();
        let Some((number, heard)) = self.sample_host(host)? else { return Ok(found) };
        let mut hours = self.head.hours(number)?;
        let last = hour_near(heard);
        hours.extend((last - NEWEST_HOURS..=last).filter(|hour| *hour >= 0));
        hours.sort_unstable_by_key(|hour| std::cmp::Reverse(*hour));
        hours.dedup();
        for hour in hours {
            let frames = self.hour_frames(Key { unit: hour, host: number })?;
            found.extend(frames.into_iter().rev().take(limit - found.len()));
            if found.len() == limit {
                break;
            }
        }
        Ok(found)
    }

    /// The newest sample of a host.
    ///
    /// # Errors
    /// As [`Reader::newest_samples`].
    pub fn newest_frame(&self, host: &HostId) -> Result<Option<Frame>, StoreError> {
        Ok(self.newest_samples(host, 1)?.pop())
    }

    /// A host's number, and when it was last heard.
    fn sample_host(&self, host: &HostId) -> Result<Option<(i64, Timestamp)>, StoreError> {
        self.row("read a host", HOST_NUMBER, [host.as_str()], |row| Ok((column(row, 0)?, instant(row, 1)?)))
    }

    /// Hours in `[first, last]` that may hold samples of a host, rising: those of the head, and those of which there
    /// are chunks of any host.
    fn hours_with_samples(&self, host: i64, first: i64, last: i64) -> Result<Vec<i64>, StoreError> {
        let mut hours: Vec<i64> =
            self.head.hours(host)?.into_iter().filter(|hour| (first..=last).contains(hour)).collect();
        if let Some((oldest, newest)) = self.chunk_hours()? {
            hours.extend(first.max(oldest)..=last.min(newest));
        }
        hours.sort_unstable();
        hours.dedup();
        Ok(hours)
    }

    /// The first and the last hour that has a chunk.
    fn chunk_hours(&self) -> Result<Option<(i64, i64)>, StoreError> {
        self.ends(CHUNK_ENDS)
    }

    /// All samples of a host and hour: those of the chunk, and those of the head that are not in it.
    fn hour_frames(&self, key: Key) -> Result<Vec<Frame>, StoreError> {
        let (upto, mut frames) = match self.chunk(key)? {
            Some((upto, body)) => (upto, decode(&body)?),
            None => (0, Vec::new()),
        };
        let waiting = self.waiting_frames(key, upto)?;
        if !waiting.is_empty() {
            frames.extend(waiting);
            // Stable: of one instant, what came first stays first.
            frames.sort_by_key(|(at, _)| *at);
        }
        Ok(frames)
    }

    /// A chunk as it is kept, with the highest number of a frame in it.
    fn chunk(&self, key: Key) -> Result<Option<(i64, Vec<u8>)>, StoreError> {
        self.row("read a chunk", CHUNK, [key.number()], |row| Ok((column(row, 0)?, column(row, 1)?)))
    }

    /// Samples of a host and hour with a number above `upto`, by time.
    fn waiting_frames(&self, key: Key, upto: i64) -> Result<Vec<Frame>, StoreError> {
        let waiting = self.head.frames(key.host, key.unit..=key.unit)?;
        let numbers = waiting.into_iter().map(|(_, id)| id).filter(|id| *id > upto);
        // What was committed after this view began is not there yet.
        numbers.filter_map(|id| self.frame(id).transpose()).collect()
    }

    fn frame(&self, id: i64) -> Result<Option<Frame>, StoreError> {
        self.row("read a sample", FRAME, [id], |row| Ok((instant(row, 0)?, message(row, 1, "sample")?)))
    }
}

fn decode(body: &[u8]) -> Result<Vec<Frame>, StoreError> {
    let damaged = |_| StoreError::Damaged { what: "chunk of samples" };
    super::chunk::Chunk::open(body).and_then(|chunk| chunk.frames()).map_err(damaged)
}
