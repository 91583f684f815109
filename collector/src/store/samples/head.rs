//! The head: which frames are in no chunk yet, in memory.
//!
//! Table `frame` has no index, so that a live batch dirties one page. This is the index instead: per host and hour the
//! instants and numbers of the frames, 8 bytes each (an hour at 10 s of 1,000 hosts: 3 MB). It holds what was committed
//! and nothing else, and is built anew at every opening.
//!
//! ```text
//! writer ── add, after COMMIT ──► bucket (hour, host): frames ── retire, after a chunk's COMMIT ──► gone
//! reader ── view ──► reads buckets, skips what the chunk in its own view holds already ──► view ends
//! ```
//!
//! - **Views.** A reader sees the tables as of its beginning, the head as of now. So a retired frame stays in its bucket
//!   until every view that began before is over; whoever reads leaves out numbers up to the `upto` of the chunk it
//!   sees, and numbers that its view does not have yet.
//! - **Building.** A thread reads table `frame` up to the number the store opened with; what is committed meanwhile is
//!   added at once. Who needs the head waits for the thread.
//!
//! Does not know samples, nor how a chunk is made.

use super::key::{HOUR_MS, Key, hour_begins, hour_of};
use pantau_shared::timestamp::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Bits of a frame's number in an entry: 4.4 × 10¹² facts, 46 years at 3,000 a second.
const ID_BITS: u32 = 42;

/// A frame that was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Framed {
    /// Number of its host.
    pub(in crate::store) host: i64,
    /// Its time.
    pub(in crate::store) at: Timestamp,
    /// Its number.
    pub(in crate::store) id: i64,
    /// When it arrived.
    pub(in crate::store) received: Timestamp,
}

/// A frame that waits: its offset in the hour, then its number. Sorts by time, then number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry(u64);

impl Entry {
    fn new(at: Timestamp, id: i64) -> Self {
        let offset = at.as_ms().rem_euclid(HOUR_MS).cast_unsigned();
        Self((offset << ID_BITS) | id.cast_unsigned())
    }

    const fn offset_ms(self) -> i64 {
        (self.0 >> ID_BITS).cast_signed()
    }

    const fn id(self) -> i64 {
        (self.0 & ((1 << ID_BITS) - 1)).cast_signed()
    }
}

/// The frames of a host and hour.
#[derive(Debug)]
struct Bucket {
    entries: Vec<Entry>,
    /// Frames up to this number are in a chunk and stay only for views that are older.
    retired: i64,
    /// How many wait, and the lowest of their numbers; kept up so that nobody walks the entries to know it.
    waiting: u64,
    lowest: i64,
    /// Arrival of the first and of the last of those that wait.
    first_received: Timestamp,
    last_received: Timestamp,
}

impl Bucket {
    fn waiting(&self) -> impl Iterator<Item = Entry> {
        self.entries.iter().copied().filter(|entry| entry.id() > self.retired)
    }
}

/// A chunk that should be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Due {
    /// Of which host and hour.
    pub(in crate::store) key: Key,
    /// Numbers of the frames, by time.
    pub(in crate::store) frames: Vec<i64>,
}

/// When an hour is closed, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Patience {
    /// After its end, at least.
    pub(in crate::store) after_end_ms: i64,
    /// Hosts are spread over so long after that, so that not all are closed at once.
    pub(in crate::store) spread_ms: i64,
    /// No frame of it arrived for so long.
    pub(in crate::store) quiet_ms: i64,
    /// Closed also when frames keep arriving for so long.
    pub(in crate::store) at_most_ms: i64,
    /// Samples further apart than this say nothing about the time between: no rate.
    pub(in crate::store) pair_ms_max: i64,
}

impl Patience {
    /// Of a running collector.
    pub(in crate::store) const USUAL: Self = Self {
        after_end_ms: 5 * 60_000,
        spread_ms: 10 * 60_000,
        quiet_ms: 60_000,
        at_most_ms: HOUR_MS,
        pair_ms_max: crate::series::PAIR_MS_MAX,
    };
}

/// How samples do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SampleFigures {
    /// Frames that are in no chunk yet.
    pub frames_waiting: u64,
    /// End of the oldest hour of which frames wait.
    pub oldest_hour_ended_at: Option<Timestamp>,
    /// Chunks made since the opening.
    pub chunks_made: u64,
    /// Bytes of those.
    pub chunk_bytes: u64,
    /// Bytes of the roll-ups of an hour that were made with them.
    pub rollup_bytes: u64,
    /// Samples given up since the opening: their hour had been pruned, or they cannot be read.
    pub late_dropped: u64,
}

#[derive(Debug, Default)]
struct Buckets {
    /// False while the thread reads what was there at opening.
    complete: bool,
    /// Why it could not.
    broken: bool,
    buckets: BTreeMap<Key, Bucket>,
    /// Frames that wait, in all buckets.
    waiting: u64,
    /// Views that are open, by the retirement they began after.
    views: BTreeMap<u64, usize>,
    retirements: u64,
    /// The highest number of a frame that was committed.
    newest: i64,
    retired: VecDeque<(u64, Key, i64)>,
}

/// The head of a store; see the top of the file. Also counts what closing does.
#[derive(Debug)]
pub(in crate::store) struct Head {
    buckets: Mutex<Buckets>,
    built: Condvar,
    /// Held while chunks are made: one at a time.
    pub(super) closer: tokio::sync::Mutex<()>,
    /// The store is closing.
    pub(super) stop: AtomicBool,
    pub(super) chunks_made: AtomicU64,
    /// Bytes of those chunks, and of the roll-ups made with them.
    pub(in crate::store) chunk_bytes: AtomicU64,
    pub(in crate::store) rollup_bytes: AtomicU64,
    pub(super) late_dropped: AtomicU64,
}

impl Default for Head {
    /// For a connection beside a store: knows no frames.
    fn default() -> Self {
        let buckets = Buckets { complete: true, ..Buckets::default() };
        Self {
            buckets: Mutex::new(buckets),
            built: Condvar::new(),
            closer: tokio::sync::Mutex::default(),
            stop: AtomicBool::new(false),
            chunks_made: AtomicU64::new(0),
            chunk_bytes: AtomicU64::new(0),
            rollup_bytes: AtomicU64::new(0),
            late_dropped: AtomicU64::new(0),
        }
    }
}

/// Keeps what a view of the tables may need.
#[derive(Debug)]
pub(in crate::store) struct View<'a> {
    head: &'a Head,
    ticket: u64,
}

impl Drop for View<'_> {
    fn drop(&mut self) {
        self.head.end_view(self.ticket);
    }
}

/// The head cannot be built: the frames cannot be read.
#[derive(Debug)]
pub(in crate::store) struct HeadBroken;

impl Head {
    /// Of a store that is being opened, whose facts have numbers up to `last`: incomplete until [`Head::finish`].
    pub(in crate::store) fn opening(last: i64) -> Self {
        let head = Self::default();
        let mut buckets = head.lock();
        buckets.complete = false;
        buckets.newest = last;
        drop(buckets);
        head
    }

    fn lock(&self) -> MutexGuard<'_, Buckets> {
        // Whole at every instant a panic could come.
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Frames that were committed. Those at instants without a key are left out; they are counted as dropped.
    pub(in crate::store) fn add(&self, frames: impl IntoIterator<Item = Framed>) {
        let mut buckets = self.lock();
        for frame in frames {
            buckets.newest = buckets.newest.max(frame.id);
            let Some(unit) = hour_of(frame.at) else {
                self.late_dropped.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            let bucket = buckets.buckets.entry(Key { unit, host: frame.host }).or_insert_with(|| Bucket {
                entries: Vec::new(),
                retired: 0,
                waiting: 0,
                lowest: i64::MAX,
                first_received: frame.received,
                last_received: frame.received,
            });
            if bucket.waiting == 0 {
                bucket.first_received = frame.received;
            }
            bucket.last_received = bucket.last_received.max(frame.received);
            let entry = Entry::new(frame.at, frame.id);
            // Frames mostly come in order.
            let place = bucket.entries.partition_point(|before| *before < entry);
            bucket.entries.insert(place, entry);
            if frame.id > bucket.retired {
                bucket.waiting += 1;
                bucket.lowest = bucket.lowest.min(frame.id);
                buckets.waiting += 1;
            }
        }
    }

    /// What was there at opening has been added.
    pub(in crate::store) fn finish(&self, broken: bool) {
        let mut buckets = self.lock();
        buckets.complete = true;
        buckets.broken = broken;
        self.built.notify_all();
    }

    fn complete(&self) -> Result<MutexGuard<'_, Buckets>, HeadBroken> {
        let mut buckets = self.lock();
        while !buckets.complete {
            buckets = self.built.wait(buckets).unwrap_or_else(PoisonError::into_inner);
        }
        if buckets.broken { Err(HeadBroken) } else { Ok(buckets) }
    }

    /// A view is about to begin; it lasts as long as what is returned.
    pub(in crate::store) fn view(&self) -> View<'_> {
        View { head: self, ticket: self.begin_view() }
    }

    /// The store is closing: whoever builds stops.
    pub(in crate::store) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    fn begin_view(&self) -> u64 {
        let mut buckets = self.lock();
        let ticket = buckets.retirements;
        *buckets.views.entry(ticket).or_default() += 1;
        ticket
    }

    fn end_view(&self, ticket: u64) {
        let mut buckets = self.lock();
        if let Some(count) = buckets.views.get_mut(&ticket) {
            *count -= 1;
            if *count == 0 {
                buckets.views.remove(&ticket);
            }
        }
        buckets.sweep();
    }

    /// Frames of a host in some hours as `(at, number)`, by time; perhaps some that a chunk holds already.
    pub(in crate::store) fn frames(
        &self,
        host: i64,
        hours: std::ops::RangeInclusive<i64>,
    ) -> Result<Vec<(Timestamp, i64)>, HeadBroken> {
        let buckets = self.complete()?;
        let mut found = Vec::new();
        for (key, bucket) in buckets.of(host, hours) {
            let begins = hour_begins(key.unit);
            found.extend(bucket.entries.iter().map(|entry| (begins.plus_ms(entry.offset_ms()), entry.id())));
        }
        Ok(found)
    }

    /// Hours of a host that have frames, the newest first.
    pub(in crate::store) fn hours(&self, host: i64) -> Result<Vec<i64>, HeadBroken> {
        let buckets = self.complete()?;
        let mut hours: Vec<i64> = buckets.hours().filter(|hour| buckets.has(*hour, host)).collect();
        hours.reverse();
        Ok(hours)
    }

    /// At most `max` chunks that should be made, the oldest hours first.
    pub(in crate::store) fn due(&self, now: Timestamp, patience: Patience, max: usize) -> Result<Vec<Due>, HeadBroken> {
        let buckets = self.complete()?;
        let last = Key { unit: super::key::hour_near(now), host: 0 };
        let due = buckets.buckets.range(..last).filter(|(key, bucket)| is_due(**key, bucket, now, patience));
        let frames = |bucket: &Bucket| bucket.waiting().map(Entry::id).collect();
        Ok(due.take(max).map(|(key, bucket)| Due { key: *key, frames: frames(bucket) }).collect())
    }

    /// The frames of `key` up to number `upto` are in a committed chunk, or given up.
    pub(in crate::store) fn retire(&self, key: Key, upto: i64) {
        let mut buckets = self.lock();
        buckets.retirements += 1;
        let ticket = buckets.retirements;
        if let Some(bucket) = buckets.buckets.get_mut(&key) {
            bucket.retired = bucket.retired.max(upto);
            let before = bucket.waiting;
            (bucket.waiting, bucket.lowest) =
                bucket.waiting().fold((0, i64::MAX), |(count, lowest), entry| (count + 1, lowest.min(entry.id())));
            let retired = before - bucket.waiting;
            buckets.waiting -= retired;
        }
        buckets.retired.push_back((ticket, key, upto));
        buckets.sweep();
    }

    /// The number up to which every frame is in a chunk; they can go once they have been judged. Waits for the building.
    pub(in crate::store) fn closed_upto(&self) -> Result<i64, HeadBroken> {
        let buckets = self.complete()?;
        let lowest = buckets.buckets.values().filter(|bucket| bucket.waiting > 0).map(|bucket| bucket.lowest).min();
        Ok(lowest.map_or(buckets.newest, |lowest| lowest - 1))
    }

    /// Begin of the oldest hour of which frames wait. Waits for the building.
    pub(in crate::store) fn oldest_hour(&self) -> Result<Option<Timestamp>, HeadBroken> {
        let buckets = self.complete()?;
        let oldest = buckets.buckets.iter().find(|(_, bucket)| bucket.waiting().next().is_some());
        Ok(oldest.map(|(key, _)| hour_begins(key.unit)))
    }

    /// What waits now.
    pub(in crate::store) fn figures(&self) -> SampleFigures {
        let buckets = self.lock();
        let oldest = buckets.buckets.iter().find(|(_, bucket)| bucket.waiting > 0);
        SampleFigures {
            frames_waiting: buckets.waiting,
            oldest_hour_ended_at: oldest.map(|(key, _)| hour_begins(key.unit + 1)),
            chunks_made: self.chunks_made.load(Ordering::Relaxed),
            chunk_bytes: self.chunk_bytes.load(Ordering::Relaxed),
            rollup_bytes: self.rollup_bytes.load(Ordering::Relaxed),
            late_dropped: self.late_dropped.load(Ordering::Relaxed),
        }
    }
}

fn is_due(key: Key, bucket: &Bucket, now: Timestamp, patience: Patience) -> bool {
    if bucket.waiting == 0 {
        return false;
    }
    // Knuth's multiplicative hash: neighbours lie far apart.
    let spread = (key.host.wrapping_mul(2_654_435_761).rem_euclid(1 << 32) * patience.spread_ms) >> 32;
    let ended = hour_begins(key.unit + 1);
    let over = now.ms_since(ended) >= patience.after_end_ms + spread;
    let waited = now.ms_since(ended.max(bucket.first_received));
    let quiet = now.ms_since(bucket.last_received) >= patience.quiet_ms;
    over && (quiet || waited >= patience.at_most_ms)
}

impl Buckets {
    /// The hours that have a bucket, rising.
    fn hours(&self) -> impl Iterator<Item = i64> {
        let mut next = self.buckets.keys().next().map(|key| key.unit);
        std::iter::from_fn(move || {
            let hour = next?;
            next = self.buckets.range(Key { unit: hour + 1, host: 0 }..).next().map(|(key, _)| key.unit);
            Some(hour)
        })
    }

    fn has(&self, unit: i64, host: i64) -> bool {
        self.buckets.contains_key(&Key { unit, host })
    }

    fn of(&self, host: i64, hours: std::ops::RangeInclusive<i64>) -> impl Iterator<Item = (Key, &Bucket)> {
        // Jumps from hour to hour that is there: the asked range may be years.
        self.hours().filter(move |hour| hours.contains(hour)).filter_map(move |unit| {
            let key = Key { unit, host };
            Some((key, self.buckets.get(&key)?))
        })
    }

    /// Lets go of retired frames that no view can miss.
    fn sweep(&mut self) {
        let oldest = self.views.keys().next().copied().unwrap_or(u64::MAX);
        while let Some((_, key, upto)) = self.retired.pop_front_if(|(ticket, ..)| *ticket <= oldest) {
            if let Some(bucket) = self.buckets.get_mut(&key) {
                bucket.entries.retain(|entry| entry.id() > upto);
                if bucket.entries.is_empty() {
                    self.buckets.remove(&key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
