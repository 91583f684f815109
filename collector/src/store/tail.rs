//! The newest committed facts in memory, so that the engine does not read back and decode what was just written.
//!
//! ```text
//! writer, in a request   Pending: facts and news of hosts, in order; cut back to a mark when the request fails
//! writer, after COMMIT   Pending ──moved──► Kept      nothing of a group that was not committed ever comes here
//! engine                 facts after a cursor: from Kept when it reaches back so far, else a miss: the tables
//! ```
//!
//! Kept holds every committed fact above `reaches_back_to`, rising in number: that is the whole invariant. Facts leave
//! at the front, when the engine has committed that it read them, or when there are more than [`FACTS_MAX`] or they
//! weigh more than [`BYTES_MAX`]; the latter is counted as forgotten and makes the next read behind it a miss.
//! News of hosts is merged per host until it is taken: bounded by the number of enrolled hosts.
//! Does not know what a fact means, and has no part in keeping it durable.

use super::records::{Fact, FactBody, FactCursor, Facts, Heard, HostHeard};
use pantau_shared::backup::BackupArtefact;
use pantau_shared::ids::HostId;
use pantau_shared::sample::{CpuTimes, Disk, Filesystem, Interface, Sample};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Facts kept: those of ten thousand hosts in ten seconds, far more than the engine ever lies behind.
pub(super) const FACTS_MAX: usize = 16_384;

/// Bytes kept, as weighed by [`weight`].
pub(super) const BYTES_MAX: usize = 32 * 1024 * 1024;

/// How the tail of facts does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TailFigures {
    /// Facts in memory now.
    pub facts: usize,
    /// What they weigh, in bytes.
    pub bytes: usize,
    /// Reads answered from memory.
    pub hits: u64,
    /// Reads that went to the tables because memory did not reach back so far.
    pub misses: u64,
    /// Facts pushed out by the bounds before the engine had read them.
    pub forgotten: u64,
}

/// What the open transaction will add, in the order of its requests.
#[derive(Debug, Default)]
pub(super) struct Pending {
    facts: Vec<Weighed>,
    heard: Vec<(HostId, HostHeard)>,
    anew: Vec<HostId>,
    read_up_to: Option<FactCursor>,
}

/// How far [`Pending`] was filled when a request began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    facts: usize,
    heard: usize,
    anew: usize,
    read_up_to: Option<FactCursor>,
}

#[derive(Debug)]
struct Weighed {
    fact: Arc<Fact>,
    bytes: usize,
}

impl Pending {
    /// A fact that the open transaction stored as `encoded` bytes.
    pub(super) fn fact(&mut self, fact: Fact, encoded: usize) {
        let bytes = weight(&fact, encoded);
        self.facts.push(Weighed { fact: Arc::new(fact), bytes });
    }

    /// A host was heard.
    pub(super) fn heard(&mut self, host: HostId, heard: HostHeard) {
        self.heard.push((host, heard));
    }

    /// A host joined or was revoked.
    pub(super) fn anew(&mut self, host: HostId) {
        self.anew.push(host);
    }

    /// The engine has read so far.
    pub(super) fn read_up_to(&mut self, cursor: FactCursor) {
        self.read_up_to = self.read_up_to.max(Some(cursor));
    }

    pub(super) fn mark(&self) -> Mark {
        let Self { facts, heard, anew, read_up_to } = self;
        Mark { facts: facts.len(), heard: heard.len(), anew: anew.len(), read_up_to: *read_up_to }
    }

    /// Forgets what a failed request left here.
    pub(super) fn roll_back(&mut self, mark: Mark) {
        self.facts.truncate(mark.facts);
        self.heard.truncate(mark.heard);
        self.anew.truncate(mark.anew);
        self.read_up_to = mark.read_up_to;
    }

    /// Forgets all: the transaction is rolled back.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// The tail, shared by the writer and whoever reads.
#[derive(Debug)]
pub(super) struct Tail {
    kept: Mutex<Kept>,
    hits: AtomicU64,
    misses: AtomicU64,
    hosts_revision: AtomicU64,
}

#[derive(Debug)]
struct Kept {
    facts: VecDeque<Weighed>,
    bytes: usize,
    reaches_back_to: i64,
    forgotten: u64,
    facts_max: usize,
    bytes_max: usize,
    heard: Heard,
}

impl Tail {
    /// Empty; facts up to `last` are in the tables only.
    pub(super) fn new(last: FactCursor) -> Self {
        let kept = Kept {
            facts: VecDeque::new(),
            bytes: 0,
            reaches_back_to: last.0,
            forgotten: 0,
            facts_max: FACTS_MAX,
            bytes_max: BYTES_MAX,
            heard: Heard::default(),
        };
        let zero = || AtomicU64::new(0);
        Self { kept: Mutex::new(kept), hits: zero(), misses: zero(), hosts_revision: zero() }
    }

    /// Smaller bounds, to see them at work.
    #[cfg(test)]
    pub(super) fn bound(&self, facts_max: usize, bytes_max: usize) {
        let mut kept = self.kept();
        (kept.facts_max, kept.bytes_max) = (facts_max, bytes_max);
    }

    /// Takes what was committed; `pending` is empty afterwards.
    pub(super) fn committed(&self, pending: &mut Pending) {
        let mut kept = self.kept();
        for weighed in pending.facts.drain(..) {
            kept.bytes += weighed.bytes;
            kept.facts.push_back(weighed);
        }
        if let Some(cursor) = pending.read_up_to.take() {
            kept.drop_front(|kept| kept.facts.front().is_some_and(|front| front.fact.id <= cursor.0));
        }
        kept.forgotten += kept.drop_front(|kept| kept.facts.len() > kept.facts_max || kept.bytes > kept.bytes_max);
        for (host, heard) in pending.heard.drain(..) {
            match kept.heard.hosts.get_mut(&host) {
                Some(known) => known.merge(heard),
                None => drop(kept.heard.hosts.insert(host, heard)),
            }
        }
        if !pending.anew.is_empty() {
            self.hosts_revision.fetch_add(1, Ordering::Release);
        }
        kept.heard.anew.extend(pending.anew.drain(..));
    }

    /// Rises with every commit in which a host joined, got a new key or was revoked.
    pub(super) fn hosts_revision(&self) -> u64 {
        self.hosts_revision.load(Ordering::Acquire)
    }

    /// At most `limit` facts after `cursor`; none when memory does not reach back so far.
    pub(super) fn facts_after(&self, cursor: FactCursor, limit: usize) -> Option<Facts> {
        let kept = self.kept();
        if cursor.0 < kept.reaches_back_to {
            drop(kept);
            self.misses.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        let from = kept.facts.partition_point(|weighed| weighed.fact.id <= cursor.0);
        let facts: Vec<_> = kept.facts.range(from..).take(limit).map(|weighed| Arc::clone(&weighed.fact)).collect();
        let more = kept.facts.len() - from > facts.len();
        drop(kept);
        self.hits.fetch_add(1, Ordering::Relaxed);
        let cursor = facts.last().map_or(cursor, |fact| FactCursor(fact.id));
        Some(Facts { facts, cursor, more })
    }

    pub(super) fn take_heard(&self) -> Heard {
        std::mem::take(&mut self.kept().heard)
    }

    pub(super) fn figures(&self) -> TailFigures {
        let kept = self.kept();
        TailFigures {
            facts: kept.facts.len(),
            bytes: kept.bytes,
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            forgotten: kept.forgotten,
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing here panics halfway: poison says nothing about the content.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Drops facts at the front while `wanted`; how many.
    fn drop_front(&mut self, wanted: impl Fn(&Self) -> bool) -> u64 {
        let mut dropped = 0;
        while wanted(self)
            && let Some(front) = self.facts.pop_front()
        {
            self.bytes -= front.bytes;
            self.reaches_back_to = front.fact.id;
            dropped += 1;
        }
        dropped
    }
}

/// What a fact takes in memory, in bytes: its own size, its parts, and its texts, which are no longer than its
/// encoding.
fn weight(fact: &Fact, encoded: usize) -> usize {
    let parts = match &fact.body {
        FactBody::Sample(sample) => size_of::<Sample>() + sample_parts(sample),
        FactBody::Backup(observation) => observation.artefacts.len() * size_of::<BackupArtefact>(),
        FactBody::Probe(_) | FactBody::Gap(_) | FactBody::Started(_) => 0,
    };
    size_of::<Weighed>() + size_of::<Fact>() + fact.host.as_str().len() + parts + encoded
}

fn sample_parts(sample: &Sample) -> usize {
    sample.cpus.len() * size_of::<CpuTimes>()
        + sample.filesystems.len() * size_of::<Filesystem>()
        + sample.disks.len() * size_of::<Disk>()
        + sample.interfaces.len() * size_of::<Interface>()
        + (sample.failed_sources.len() + sample.failed_units.len()) * size_of::<String>()
}
