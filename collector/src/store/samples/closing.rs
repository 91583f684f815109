//! Closing: from the frames of a host and hour that is over to a chunk.
//!
//! ```text
//! due (head) ─► build, beside the writer: frames [+ the chunk that is there] ─► one COMMIT of a few chunks ─► retire (head)
//! ```
//!
//! What a kill leaves: before the commit nothing has happened; after it the chunk's `upto` tells which frames are in
//! it, and the head is built anew from that. A chunk is written only over the one it was built from. One round at a
//! time. Bounds: [`ROUND_BYTES`] of chunks a commit; the caller says how many hours a round.
//!
//! Given up, counted and told in the log: frames of an hour that has been pruned, frames whose row or whose chunk is
//! damaged. Knows nothing of the tasks that call it.

use super::head::{Due, Patience};
use super::key::{Key, hour_begins};
use super::{Frame, decode, points};
use crate::store::chunk;
use crate::store::columns::column;
use crate::store::{Reader, Store, StoreError, Writer};
use pantau_shared::timestamp::Timestamp;
use std::sync::atomic::Ordering;

/// Bytes of chunks in one commit, about: what a live batch may wait behind.
const ROUND_BYTES: usize = 256 * 1024;

pub(in crate::store) const KEPT_FROM: &str = "SELECT hour, day, month FROM kept_from";

/// The first hour, day and month of which nothing has been deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct KeptFrom {
    pub(in crate::store) hour: i64,
    pub(in crate::store) day: i64,
    pub(in crate::store) month: i64,
}

/// A chunk that is built and not committed.
#[derive(Debug)]
pub(in crate::store) struct Closing {
    key: Key,
    /// `upto` of the chunk it was built from.
    base: Option<i64>,
    upto: i64,
    body: Vec<u8>,
    /// Roll-ups of this hour, and of the next when its first pair has changed.
    pieces: Vec<(Key, Vec<u8>)>,
}

/// What became of the frames of an hour that is due.
#[derive(Debug)]
enum Built {
    Chunk(Box<Closing>),
    /// They are in a chunk already: only the head does not know.
    There,
    /// They are given up.
    Dropped,
}

/// A round of closing that is built: chunks to commit, and what the head can let go without one.
#[derive(Debug, Default)]
pub(in crate::store) struct Round {
    pub(in crate::store) chunks: Vec<Closing>,
    pub(in crate::store) settled: Vec<(Key, i64)>,
    /// Hours that could not be built now, and why the last of them.
    failed: Option<StoreError>,
}

/// What a round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Closed {
    /// Hours of a host that were closed, or given up.
    pub hours: usize,
    /// Days of a host whose roll-ups were packed.
    pub days: usize,
}

impl Store {
    /// Closes hours that are over as of `now`, at most `max` of them, oldest first, and packs a few days; how many.
    /// Samples further apart than `pair_ms_max` give no rate. Call it again while it does something.
    ///
    /// # Errors
    /// The database's. What was committed before stays.
    pub async fn close_due(&self, now: Timestamp, pair_ms_max: i64, max: usize) -> Result<Closed, StoreError> {
        self.close_with(now, Patience { pair_ms_max, ..Patience::USUAL }, max).await
    }

    pub(in crate::store) async fn close_with(
        &self,
        now: Timestamp,
        patience: Patience,
        max: usize,
    ) -> Result<Closed, StoreError> {
        let _one_at_a_time = self.0.head.closer.lock().await;
        let mut closed = Closed::default();
        while closed.hours < max {
            let (store, left) = (self.clone(), max - closed.hours);
            let built = tokio::task::spawn_blocking(move || store.build_round(now, patience, left));
            let round = built.await.map_err(|_| StoreError::Closed)??;
            let done = self.commit_round(round).await?;
            closed.hours += done;
            if done == 0 {
                break;
            }
        }
        let store = self.clone();
        let built = tokio::task::spawn_blocking(move || store.build_packings(now));
        let packings = built.await.map_err(|_| StoreError::Closed)??;
        closed.days = packings.len();
        if !packings.is_empty() {
            self.write(move |writer| writer.commit_packings(&packings)).await?;
        }
        Ok(closed)
    }

    /// Builds chunks that are due: at most `max`, and about [`ROUND_BYTES`]. Blocks.
    pub(in crate::store) fn build_round(
        &self,
        now: Timestamp,
        patience: Patience,
        max: usize,
    ) -> Result<Round, StoreError> {
        let head = &self.0.head;
        let mut round = Round::default();
        let mut bytes = 0;
        let pair_ms_max = patience.pair_ms_max;
        for due in head.due(now, patience, max)? {
            let upto = due.frames.iter().copied().max().unwrap_or(0);
            // A view for each: none stands open for long.
            match self.read(|reader| reader.build_chunk(&due, pair_ms_max)) {
                Ok(Built::Chunk(closing)) => {
                    bytes += closing.body.len();
                    round.chunks.push(*closing);
                }
                Ok(Built::There) => round.settled.push((due.key, upto)),
                Ok(Built::Dropped) => {
                    let count = u64::try_from(due.frames.len()).unwrap_or(u64::MAX);
                    head.late_dropped.fetch_add(count, Ordering::Relaxed);
                    round.settled.push((due.key, upto));
                }
                Err(error) => round.failed = Some(error),
            }
            if bytes >= ROUND_BYTES || head.stop.load(Ordering::Relaxed) {
                break;
            }
        }
        Ok(round)
    }

    /// Commits what was built and tells the head; how many hours are done.
    async fn commit_round(&self, round: Round) -> Result<usize, StoreError> {
        let Round { chunks, settled, failed } = round;
        let head = &self.0.head;
        let mut done = settled.len();
        for (key, upto) in settled {
            head.retire(key, upto);
        }
        if !chunks.is_empty() {
            let (made, bytes) = self.write(move |writer| writer.commit_chunks(&chunks)).await?;
            done += made.len();
            head.chunks_made.fetch_add(u64::try_from(made.len()).unwrap_or(u64::MAX), Ordering::Relaxed);
            head.chunk_bytes.fetch_add(bytes.0, Ordering::Relaxed);
            head.rollup_bytes.fetch_add(bytes.1, Ordering::Relaxed);
            for (key, upto) in made {
                head.retire(key, upto);
            }
        }
        match failed {
            Some(error) if done == 0 => Err(error),
            Some(_) | None => Ok(done),
        }
    }
}

impl Reader {
    /// From where on samples and roll-ups are whole.
    pub(in crate::store) fn kept_from(&self) -> Result<KeptFrom, StoreError> {
        let found = self.row("read what is kept", KEPT_FROM, (), |row| {
            Ok(KeptFrom { hour: column(row, 0)?, day: column(row, 1)?, month: column(row, 2)? })
        })?;
        found.ok_or(StoreError::Damaged { what: "table of what is kept" })
    }

    fn build_chunk(&self, due: &Due, pair_ms_max: i64) -> Result<Built, StoreError> {
        let key = due.key;
        if key.unit < self.kept_from()?.hour {
            return Ok(Built::Dropped);
        }
        let (base, mut frames) = match self.chunk(key)? {
            None => (None, Vec::new()),
            Some((upto, body)) => match decode(&body) {
                Ok(frames) => (Some(upto), frames),
                Err(error) => {
                    tracing::error!(hour = key.unit, host = key.host, %error, "late samples of a damaged hour are dropped");
                    return Ok(Built::Dropped);
                }
            },
        };
        let new = self.frames_above(due, base.unwrap_or(0))?;
        let Some(upto) = new.upto else { return Ok(Built::There) };
        let tail = hour_begins(key.unit + 1).plus_ms(-pair_ms_max);
        let moves_the_end = new.frames.iter().any(|(at, _)| *at >= tail);
        frames.extend(new.frames);
        // Stable: of one instant, what came first stays first.
        frames.sort_by_key(|(at, _)| *at);
        match chunk::encode(&frames) {
            Ok(body) => {
                let pieces = self.pieces(key, &frames, moves_the_end, pair_ms_max)?;
                Ok(Built::Chunk(Box::new(Closing { key, base, upto, body, pieces })))
            }
            Err(error) => {
                tracing::error!(hour = key.unit, host = key.host, %error, "samples that no chunk can hold are dropped");
                Ok(Built::Dropped)
            }
        }
    }

    fn frames_above(&self, due: &Due, base: i64) -> Result<NewFrames, StoreError> {
        let mut new = NewFrames { upto: None, frames: Vec::new() };
        for id in due.frames.iter().copied().filter(|id| *id > base) {
            new.upto = new.upto.max(Some(id));
            match self.frame(id) {
                Ok(frame) => new.frames.extend(frame),
                Err(error @ StoreError::Damaged { .. }) => {
                    self.head.late_dropped.fetch_add(1, Ordering::Relaxed);
                    tracing::error!(id, host = due.key.host, %error, "a sample that cannot be read is dropped");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(new)
    }

    /// Roll-ups of an hour; and of the next one, when it is closed already and its first pairs may have changed.
    fn pieces(
        &self,
        key: Key,
        frames: &[Frame],
        moves_the_end: bool,
        pair_ms_max: i64,
    ) -> Result<Vec<(Key, Vec<u8>)>, StoreError> {
        let before = self.frames_before(key, pair_ms_max)?;
        let mut pieces = vec![(key, piece(&before, frames, pair_ms_max)?)];
        let next = Key { unit: key.unit + 1, ..key };
        if moves_the_end && let Some((_, body)) = self.chunk(next)? {
            let begins = hour_begins(next.unit).plus_ms(-pair_ms_max);
            let before = frames.get(frames.partition_point(|(at, _)| *at < begins)..).unwrap_or_default();
            pieces.push((next, piece(before, &decode(&body)?, pair_ms_max)?));
        }
        Ok(pieces)
    }

    /// Frames of the hour before that may be one of a pair with this hour's.
    pub(super) fn frames_before(&self, key: Key, pair_ms_max: i64) -> Result<Vec<Frame>, StoreError> {
        let begins = hour_begins(key.unit).plus_ms(-pair_ms_max);
        let mut frames = self.hour_frames(Key { unit: key.unit - 1, ..key })?;
        frames.retain(|(at, _)| *at >= begins);
        Ok(frames)
    }
}

/// The roll-up of an hour, as it is kept.
fn piece(before: &[Frame], frames: &[Frame], pair_ms_max: i64) -> Result<Vec<u8>, StoreError> {
    points::of_hour(before, frames, pair_ms_max).encode().map_err(points::damaged)
}

struct NewFrames {
    /// The highest number, also of one that cannot be read.
    upto: Option<i64>,
    frames: Vec<Frame>,
}

/// Chunks that were written, each with the number up to which frames are in it; bytes of them, and of their roll-ups.
type Made = (Vec<(Key, i64)>, (u64, u64));

impl Writer {
    /// Writes chunks with their roll-ups; which ones, and the bytes of both. One whose base has changed is left out: it is
    /// due again.
    pub(in crate::store) fn commit_chunks(&mut self, chunks: &[Closing]) -> Result<Made, StoreError> {
        let operation = "save a chunk";
        let (mut made, mut bytes) = (Vec::new(), (0, 0));
        for closing in chunks {
            let number = closing.key.number();
            let base = self.reader.row(operation, super::rebuild::CHUNK_UPTO, [number], |row| column::<i64>(row, 0))?;
            if base != closing.base || closing.key.unit < self.reader.kept_from()?.hour {
                continue;
            }
            let sql = "INSERT INTO chunk (key, upto, body) VALUES (?1, ?2, ?3)
                       ON CONFLICT (key) DO UPDATE SET upto = excluded.upto, body = excluded.body";
            self.execute(operation, sql, (number, closing.upto, &closing.body))?;
            for (key, body) in &closing.pieces {
                let sql = "INSERT INTO rollup_hour (key, body) VALUES (?1, ?2)
                           ON CONFLICT (key) DO UPDATE SET body = excluded.body";
                self.execute(operation, sql, (key.number(), body))?;
            }
            made.push((closing.key, closing.upto));
            bytes.0 += closing.body.len() as u64;
            bytes.1 += closing.pieces.iter().map(|(_, body)| body.len() as u64).sum::<u64>();
        }
        Ok((made, bytes))
    }
}
