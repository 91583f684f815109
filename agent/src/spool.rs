//! The durable queue between observing and sending. Every observation passes through it, every minute of every day, so
//! that the road for bad days is the road of good ones.
//!
//! # Limits
//!
//! | what | bound | when it is reached |
//! |---|---|---|
//! | all files | `bytes_max` | the oldest segment is dropped, counted, and becomes a gap |
//! | age of an observation | `age_max_ms` | the same |
//! | one record | [`pantau_shared::limits::OBSERVATION_BYTES_MAX`] less 64 bytes | refused, counted, becomes a gap |
//! | one segment | a sixteenth of `bytes_max`, 4 KiB to 4 MiB | the next segment begins |
//! | segments | [`SEGMENTS_MAX`] | the oldest is dropped |
//! | room on the disk | the file system | one oldest segment is given up for each append, then the append fails |
//!
//! # Layout
//!
//! ```text
//! spool/cursor                        stream name, acknowledged number, why and when something was dropped; 72 bytes
//! spool/00000000000000000042.segment  header, then records; the name is the number of its first record
//! spool/second/                       the same once more: see [`lanes`]
//!
//! header   "PANTAUSG" | version u32 | stream [16] | first seq u64 | boot id [36] | CRC-32 of the above
//! record   "PREC" | body bytes u32 | CRC-32 of all but these four and "PREC" | seq u64 | since boot ms u64 | wall ms i64 | body
//! body     an encoded `Observation` with nothing but its fact
//! ```
//!
//! All numbers are little-endian. A process never writes into a segment of another process: opening begins a new
//! segment with the first append. So only the youngest file can have a torn tail, and a segment has one boot id.
//!
//! # A gap is a hole in the numbers
//!
//! Numbers count from 1 for the life of the stream. No gap is ever written: whatever is missing between the
//! acknowledged number and the oldest record, between two records, or between two segments *is* the gap, and reading
//! makes the observation that says so, numbered like the last lost one. Reading twice gives the same. An append that fails
//! uses up its number, so it shows as a hole too. Only the reason and times of what was dropped at the old end are kept,
//! in the cursor.
//!
//! # Failure
//!
//! * *Process killed*: what [`lanes::Lanes::append`] returned from is in the kernel's hands and survives.
//! * *Machine lost power*: up to one period of records may be lost. **Nothing is sent before it is on stable
//!   storage** ([`Spool::begin_sync`], one `fdatasync` for each sending), so a lost number was never seen by anybody
//!   and may be given again. Before a segment is deleted the cursor is synced, so numbers never run backwards.
//! * *Torn tail*: counts as one lost record.
//! * *Damaged record*: reading goes on at the next marker whose record is sound.
//! * *Segment unreadable*: reading goes on with the next segment.
//! * *Cursor destroyed*: everything still here is sent again; the collector knows repeats by (stream, number).
//! * *Cursor and all segments gone*: a new stream begins.
//! * *`fdatasync` fails*: counted, and the records are sent nevertheless: being blind would be worse.

mod cursor;
mod error;
pub(crate) mod lanes;
mod peek;
mod record;
mod recovery;
mod segment;
#[cfg(test)]
mod tests;

use crate::clock::Moment;
use cursor::{Cursor, CursorFile, LossReason};
pub use error::SpoolError;
use pantau_shared::envelope::{Gap, Observation, ObservationBody};
use pantau_shared::timestamp::Timestamp;
use peek::{Peek, damaged_gap};
use prost::Message;
use record::{BODY_BYTES_MAX, Record};
use recovery::{Step, Walk};
use segment::{HEADER_BYTES, Header, Segment, parse_file_name};
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most segment files; a bound for an agent that is restarted again and again while the collector is away.
pub(crate) const SEGMENTS_MAX: usize = 4096;

/// Caps of a spool.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) bytes_max: u64,
    pub(crate) age_max_ms: u64,
}

/// Figures of a spool; the counters count from opening.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SpoolStats {
    /// Bytes of all segment files.
    pub(crate) bytes: u64,
    /// Numbers not yet acknowledged.
    pub(crate) records: u64,
    /// Observations dropped by a cap.
    pub(crate) dropped: u64,
    /// Observations that could not be written.
    pub(crate) append_failures: u64,
    /// Segments or syncs that failed.
    pub(crate) io_failures: u64,
}

/// An observation read from the spool.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stored {
    pub(crate) seq: u64,
    pub(crate) wall: Timestamp,
    /// Time since boot at observing, when that boot is still the present one.
    pub(crate) boot_ms: Option<u64>,
    pub(crate) body: ObservationBody,
}

/// Work for a thread that may block: puts appended records on stable storage.
#[derive(Debug)]
pub(crate) struct SyncJob {
    file: Arc<File>,
    directory: Option<PathBuf>,
    upto: u64,
}

impl SyncJob {
    /// Does it. Hand the result to [`Spool::finish_sync`].
    pub(crate) fn run(self) -> (u64, io::Result<()>) {
        let file = self.file.sync_data();
        let directory = self.directory.map_or(Ok(()), |path| File::open(path).and_then(|dir| dir.sync_all()));
        (self.upto, file.and(directory))
    }
}

/// The queue. Synchronous: the caller holds a lock on it for microseconds.
#[derive(Debug)]
pub(crate) struct Spool {
    directory: PathBuf,
    limits: Limits,
    boot_id: String,
    cursor_file: CursorFile,
    cursor: Cursor,
    /// Oldest first; the last one is written to when `active`.
    segments: VecDeque<Segment>,
    active: bool,
    active_since_ms: u64,
    directory_changed: bool,
    next_seq: u64,
    durable_seq: u64,
    /// Where reading begins in the oldest segment.
    read_offset: u64,
    /// (number, first number of its segment, offset behind it) of what was peeked last.
    peeked: Vec<(u64, u64, u64)>,
    stats: SpoolStats,
    scratch: Vec<u8>,
}

impl Spool {
    /// Opens the spool in `directory`, making it if need be. `new_stream` names it if it has no name yet.
    pub(crate) fn open(
        directory: &Path,
        limits: Limits,
        boot_id: &str,
        new_stream: [u8; 16],
    ) -> Result<Self, SpoolError> {
        let unusable = |source| SpoolError::Directory { path: directory.to_owned(), source };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(unusable)?;
        let (cursor_file, found) = CursorFile::open(directory)?;
        let mut segments = open_segments(directory, found.map(|cursor| cursor.stream))?;
        let newest_stream = segments.iter().rev().find(|(_, sound)| *sound).map(|(segment, _)| segment.header.stream);
        let fresh = Cursor {
            stream: newest_stream.unwrap_or(new_stream),
            acked_seq: segments.first().map_or(0, |(segment, _)| segment.header.first_seq.saturating_sub(1)),
            skip_seq: 0,
            reason: LossReason::Unknown,
            lost_from_ms: None,
            lost_to_ms: None,
        };
        let cursor = found.unwrap_or(fresh);
        segments.retain(|(segment, sound)| {
            let own = !sound || segment.header.stream == cursor.stream;
            if !own {
                tracing::error!(path = %segment.path.display(), "segment belongs to another stream: left aside");
            }
            own
        });
        let mut spool = Self {
            directory: directory.to_owned(),
            limits,
            boot_id: boot_id.to_owned(),
            cursor_file,
            cursor,
            segments: segments.into_iter().map(|(segment, _)| segment).collect(),
            active: false,
            active_since_ms: 0,
            directory_changed: true,
            next_seq: cursor.acked_seq.max(cursor.skip_seq) + 1,
            durable_seq: 0,
            read_offset: HEADER_BYTES,
            peeked: Vec::new(),
            stats: SpoolStats::default(),
            scratch: Vec::new(),
        };
        spool.recover()?;
        Ok(spool)
    }

    /// Finds the next number, removes what is acknowledged, and makes all of it durable.
    fn recover(&mut self) -> Result<(), SpoolError> {
        if let Some(last) = self.segments.back_mut() {
            let first_seq = last.header.first_seq;
            let bytes = last.read(HEADER_BYTES, u64::MAX)?;
            let mut walk = Walk::new(&bytes, first_seq);
            let clean = loop {
                if let Step::End { clean } = walk.step() {
                    break clean;
                }
            };
            // A torn tail is one lost record; its number stays unused and shows as a hole.
            let next = walk.expected() + u64::from(!clean);
            self.next_seq = self.next_seq.max(next);
            if let Some(file) = &last.file
                && let Err(error) = file.sync_data()
            {
                self.stats.io_failures += 1;
                tracing::error!(%error, path = %last.path.display(), "cannot sync spool segment");
            }
        }
        self.durable_seq = self.next_seq - 1;
        self.cursor_file.write(&self.cursor, true)?;
        self.remove_acknowledged();
        while self.segments.len() > SEGMENTS_MAX {
            self.drop_oldest(LossReason::Full);
        }
        Ok(())
    }

    /// The stream's name.
    pub(crate) fn stream(&self) -> [u8; 16] {
        self.cursor.stream
    }

    /// The present figures.
    pub(crate) fn stats(&self) -> SpoolStats {
        SpoolStats { bytes: self.bytes(), records: self.next_seq - 1 - self.cursor.acked_seq, ..self.stats }
    }

    fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.size).sum()
    }

    /// When the newest segment changed, in Unix ms; `None` without one.
    fn changed_at_ms(&self) -> Option<i64> {
        self.segments.back().map(|segment| segment.last_wall_ms)
    }

    /// Appends what was observed at `at` and gives its number. A failed append uses up its number all the same. `give`
    /// gives up something older elsewhere when the disk is full, and tells whether it could.
    fn append_giving(
        &mut self,
        at: Moment,
        body: ObservationBody,
        give: &mut dyn FnMut() -> bool,
    ) -> Result<u64, SpoolError> {
        let appended = self.try_append(self.next_seq, at, body, give);
        self.next_seq += 1;
        appended.inspect_err(|_| self.stats.append_failures += 1)
    }

    fn try_append(
        &mut self,
        seq: u64,
        at: Moment,
        body: ObservationBody,
        give: &mut dyn FnMut() -> bool,
    ) -> Result<u64, SpoolError> {
        let observation = Observation { body: Some(body), ..Observation::default() };
        let size = observation.encoded_len();
        if size > BODY_BYTES_MAX {
            return Err(SpoolError::TooLarge { size });
        }
        let body = observation.encode_to_vec();
        let mut bytes = std::mem::take(&mut self.scratch);
        bytes.clear();
        record::encode(&Record { seq, boot_ms: at.boot_ms, wall: at.wall, body: &body }, &mut bytes);
        let mut written = self.write(seq, at, &bytes);
        if written.as_ref().is_err_and(SpoolError::is_no_space) {
            if !give() {
                self.seal();
                self.drop_oldest(LossReason::NoSpace);
            }
            written = self.write(seq, at, &bytes);
        }
        self.scratch = bytes;
        written.map(|()| seq)
    }

    fn write(&mut self, seq: u64, at: Moment, bytes: &[u8]) -> Result<(), SpoolError> {
        self.make_room(at, bytes.len() as u64);
        if !self.active {
            let header = Header { stream: self.cursor.stream, first_seq: seq, boot_id: self.boot_id.clone() };
            let segment = Segment::create(&self.directory, header, at.wall.as_ms(), at.boot_ms)?;
            if self.segments.is_empty() {
                self.read_offset = HEADER_BYTES;
            }
            self.segments.push_back(segment);
            self.active = true;
            self.active_since_ms = at.boot_ms;
            self.directory_changed = true;
        }
        let Some(segment) = self.segments.back_mut() else {
            return Ok(());
        };
        let Some(file) = segment.file.clone() else {
            return Ok(());
        };
        if let Err(source) = file.write_all_at(bytes, segment.size) {
            // What was written of it is behind the end; the next record goes over it.
            if let Err(error) = file.set_len(segment.size) {
                tracing::warn!(%error, path = %segment.path.display(), "cannot cut a half-written record");
            }
            return Err(SpoolError::Append { path: segment.path.clone(), source });
        }
        segment.size += bytes.len() as u64;
        segment.last_wall_ms = at.wall.as_ms();
        segment.last_boot_ms = Some(at.boot_ms);
        Ok(())
    }

    /// Begins a new segment when the present one is full or spans too long, and keeps to the byte cap.
    fn make_room(&mut self, at: Moment, record_bytes: u64) {
        let segment_bytes = (self.limits.bytes_max / 16).clamp(4096, 4 * 1024 * 1024);
        if self.active {
            let size = self.segments.back().map_or(0, |segment| segment.size);
            let spans_long = at.boot_ms.saturating_sub(self.active_since_ms) > self.limits.age_max_ms / 16;
            if size > HEADER_BYTES && (size + record_bytes > segment_bytes || spans_long) {
                self.seal();
                self.remove_acknowledged();
            }
        }
        while !self.segments.is_empty() && self.bytes() + HEADER_BYTES + record_bytes > self.limits.bytes_max {
            self.drop_oldest(LossReason::Full);
        }
        while self.segments.len() >= SEGMENTS_MAX {
            self.drop_oldest(LossReason::Full);
        }
    }

    /// Ends the segment that is written to.
    fn seal(&mut self) {
        if !std::mem::take(&mut self.active) {
            return;
        }
        if let Some(segment) = self.segments.back_mut()
            && let Some(file) = segment.file.take()
            && let Err(error) = file.sync_data()
        {
            self.stats.io_failures += 1;
            tracing::error!(%error, path = %segment.path.display(), "cannot sync spool segment");
        }
    }

    /// Drops what is older than the age cap. Call it once a period.
    pub(crate) fn tend(&mut self, now: Moment) {
        let limit = self.limits.age_max_ms;
        while let Some(oldest) = self.segments.front() {
            let wall_age = now.wall.as_ms().saturating_sub(oldest.last_wall_ms);
            let wall_age = u64::try_from(wall_age).unwrap_or(0);
            // The wall clock may jump; for what this process wrote there is a clock that does not.
            let age = oldest.last_boot_ms.map_or(wall_age, |boot_ms| now.boot_ms.saturating_sub(boot_ms));
            if age <= limit {
                return;
            }
            self.drop_oldest(LossReason::Old);
        }
    }

    /// Gives up the oldest segment, and remembers why in the cursor.
    fn drop_oldest(&mut self, reason: LossReason) {
        if self.segments.len() == 1 {
            self.seal();
        }
        let Some(mut segment) = self.segments.pop_front() else {
            return;
        };
        let next = self.segments.front().map_or(self.next_seq, |segment| segment.header.first_seq);
        let first_lost = segment.header.first_seq.max(self.cursor.acked_seq + 1);
        if next > first_lost {
            let (from_ms, to_ms) = times_of(&mut segment, self.cursor.acked_seq + 1);
            self.cursor.lost_from_ms = self.cursor.lost_from_ms.or(from_ms);
            self.cursor.lost_to_ms = to_ms.or(self.cursor.lost_to_ms);
            self.cursor.reason = reason;
            self.stats.dropped += next - first_lost;
            tracing::warn!(from_seq = first_lost, to_seq = next - 1, reason = reason.text(), "observations dropped");
        }
        if self.segments.is_empty() {
            // No record is left to show by its number how far was counted.
            self.cursor.skip_seq = self.next_seq - 1;
        }
        self.save_cursor(true);
        self.read_offset = HEADER_BYTES;
        self.remove_file(&segment);
    }

    fn remove_file(&mut self, segment: &Segment) {
        self.directory_changed = true;
        if let Err(error) = fs::remove_file(&segment.path) {
            self.stats.io_failures += 1;
            tracing::error!(%error, path = %segment.path.display(), "cannot remove spool segment");
        }
    }

    fn save_cursor(&mut self, sync: bool) {
        if let Err(error) = self.cursor_file.write(&self.cursor, sync) {
            self.stats.io_failures += 1;
            tracing::error!(error = &error as &dyn std::error::Error, "cannot save spool cursor");
        }
    }

    /// What has to be synced before everything appended so far may be sent; `None` when nothing has.
    pub(crate) fn begin_sync(&mut self) -> Option<SyncJob> {
        let upto = self.next_seq - 1;
        if self.durable_seq >= upto {
            return None;
        }
        let file = self.active.then(|| self.segments.back().and_then(|segment| segment.file.clone())).flatten();
        let Some(file) = file else {
            // Everything unsynced was dropped, failed, or sealed, which syncs.
            self.durable_seq = upto;
            return None;
        };
        let directory = std::mem::take(&mut self.directory_changed).then(|| self.directory.clone());
        Some(SyncJob { file, directory, upto })
    }

    /// Takes note of a finished [`SyncJob`].
    pub(crate) fn finish_sync(&mut self, (upto, result): (u64, io::Result<()>)) {
        if let Err(error) = result {
            self.stats.io_failures += 1;
            tracing::error!(%error, path = %self.directory.display(), "cannot sync spool");
        }
        self.durable_seq = self.durable_seq.max(upto);
    }

    /// The oldest observations not yet acknowledged, gaps included: at most `count_max`, and no more once they have
    /// passed `bytes_max`. Only what is on stable storage.
    pub(crate) fn peek(&mut self, count_max: usize, bytes_max: usize) -> Vec<Stored> {
        let mut peek = Peek { out: Vec::new(), bytes: 0, count_max, bytes_max };
        let mut expected = self.cursor.acked_seq + 1;
        self.peeked.clear();
        for index in 0..self.segments.len() {
            let first_seq = self.segments[index].header.first_seq;
            if peek.is_full() || first_seq > self.durable_seq {
                break;
            }
            let lost_to = if index == 0 { self.cursor.skip_seq.max(first_seq - 1) } else { first_seq - 1 };
            if lost_to >= expected {
                let gap = if index == 0 { self.lost_gap(lost_to) } else { damaged_gap(expected, lost_to, true) };
                peek.push(lost_to, gap, 64);
                expected = lost_to + 1;
            }
            expected = self.peek_segment(index, expected, &mut peek);
        }
        peek.date_gaps();
        peek.out
    }

    /// Reads on in one segment; gives the number expected after it.
    fn peek_segment(&mut self, index: usize, mut expected: u64, peek: &mut Peek) -> u64 {
        let mut offset = if index == 0 { self.read_offset } else { HEADER_BYTES };
        let mut chunk_max = peek.bytes_max.saturating_sub(peek.bytes) as u64 + 2 * BODY_BYTES_MAX as u64;
        let segment = &mut self.segments[index];
        loop {
            let bytes = match segment.read(offset, chunk_max) {
                Ok(bytes) => bytes,
                Err(error) => {
                    self.stats.io_failures += 1;
                    tracing::error!(error = &error as &dyn std::error::Error, "spool segment left out");
                    return expected;
                }
            };
            let last_chunk = offset + bytes.len() as u64 >= segment.size;
            let mut walk = Walk::new(&bytes, expected);
            loop {
                if peek.is_full() {
                    return expected;
                }
                match walk.step() {
                    Step::Record { record, end, .. } => {
                        if record.seq > self.durable_seq {
                            return expected;
                        }
                        let same_boot = segment.header.boot_id == self.boot_id;
                        peek.push_record(&record, same_boot);
                        self.peeked.push((record.seq, segment.header.first_seq, offset + end as u64));
                    }
                    Step::Hole { from, to, damaged } if to < self.durable_seq => {
                        peek.push(to, damaged_gap(from, to, damaged), 64);
                    }
                    Step::Hole { .. } => return expected,
                    Step::End { .. } => break,
                }
                expected = walk.expected();
            }
            if last_chunk {
                return expected;
            }
            if walk.offset() == 0 {
                // More damage than a chunk holds: take the segment whole.
                chunk_max = u64::MAX;
            }
            offset += walk.offset() as u64;
        }
    }

    /// What is gone behind the last record, as an observation. Only of a spool that nobody writes to any more: in another
    /// one the next record shows it.
    fn lost_tail(&self) -> Option<Stored> {
        let seq = self.next_seq - 1;
        if self.cursor.acked_seq >= seq {
            return None;
        }
        let gap = self.lost_gap(seq);
        let wall = Timestamp::from_ms(gap.to_at_ms.or(gap.from_at_ms).unwrap_or_default());
        Some(Stored { seq, wall, boot_ms: None, body: ObservationBody::Gap(gap) })
    }

    fn lost_gap(&self, to_seq: u64) -> Gap {
        Gap {
            from_seq: self.cursor.acked_seq + 1,
            to_seq,
            reason: self.cursor.reason.text().to_owned(),
            from_at_ms: self.cursor.lost_from_ms,
            to_at_ms: self.cursor.lost_to_ms,
        }
    }

    /// Gives up the oldest observation, number `seq`, which the collector refuses: from now on it is read as a gap.
    pub(crate) fn reject(&mut self, seq: u64, wall: Timestamp) {
        self.cursor.skip_seq = seq;
        self.cursor.reason = LossReason::Rejected;
        self.cursor.lost_from_ms = self.cursor.lost_from_ms.or(Some(wall.as_ms()));
        self.cursor.lost_to_ms = Some(wall.as_ms());
        self.stats.dropped += 1;
        self.save_cursor(false);
    }

    /// Forgets everything up to `seq`, which the collector has made durable. Never forgets what was not yet sent.
    pub(crate) fn ack(&mut self, seq: u64) {
        let seq = seq.min(self.durable_seq);
        if seq <= self.cursor.acked_seq {
            return;
        }
        self.cursor.acked_seq = seq;
        let oldest = self.segments.front().map(|segment| segment.header.first_seq);
        if oldest.is_none_or(|first_seq| seq + 1 >= first_seq) && seq >= self.cursor.skip_seq {
            // Whatever was dropped behind the oldest record is known to the collector now.
            self.cursor.reason = LossReason::Unknown;
            self.cursor.lost_from_ms = None;
            self.cursor.lost_to_ms = None;
        }
        let reached = self.peeked.iter().rev().find(|(peeked, ..)| *peeked <= seq).copied();
        if let Some((_, first_seq, offset)) = reached
            && oldest == Some(first_seq)
        {
            self.read_offset = offset;
        }
        self.save_cursor(false);
        self.remove_acknowledged();
        if let Some((_, first_seq, offset)) = reached
            && self.segments.front().is_some_and(|segment| segment.header.first_seq == first_seq)
        {
            self.read_offset = offset;
        }
    }

    /// Deletes segments of which nothing is needed any more.
    fn remove_acknowledged(&mut self) {
        let mut synced = false;
        while let Some(oldest) = self.segments.front() {
            if self.segments.len() == 1 && self.active {
                return;
            }
            let next = self.segments.get(1).map_or(self.next_seq, |segment| segment.header.first_seq);
            if next > self.cursor.acked_seq + 1 && next > oldest.header.first_seq {
                return;
            }
            if !std::mem::replace(&mut synced, true) {
                self.save_cursor(true);
            }
            if let Some(segment) = self.segments.pop_front() {
                self.remove_file(&segment);
            }
            self.read_offset = HEADER_BYTES;
        }
    }
}

/// Wall times of the first record from `from_seq` on, and of the last one.
fn times_of(segment: &mut Segment, from_seq: u64) -> (Option<i64>, Option<i64>) {
    let first_seq = segment.header.first_seq;
    let Ok(bytes) = segment.read(HEADER_BYTES, u64::MAX) else {
        return (None, None);
    };
    let mut walk = Walk::new(&bytes, first_seq);
    let mut times = (None, None);
    loop {
        match walk.step() {
            Step::Record { record, .. } if record.seq >= from_seq => {
                let wall = Some(record.wall.as_ms());
                times = (times.0.or(wall), wall);
            }
            Step::Record { .. } | Step::Hole { .. } => {}
            Step::End { .. } => return times,
        }
    }
}

/// Opens every segment file in `directory`, oldest first, with whether its header is sound.
fn open_segments(directory: &Path, stream: Option<[u8; 16]>) -> Result<Vec<(Segment, bool)>, SpoolError> {
    let unusable = |source| SpoolError::Directory { path: directory.to_owned(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(unusable)? {
        let entry = entry.map_err(unusable)?;
        if let Some(first_seq) = entry.file_name().to_str().and_then(parse_file_name) {
            found.push((first_seq, entry.path()));
        }
    }
    found.sort();
    found.into_iter().map(|(first_seq, path)| Segment::open(path, first_seq, stream)).collect()
}
