//! Two spools side by side, so that after an outage what is seen now does not stand behind what waited.
//!
//! ```text
//!                                   written to   sent
//! all is well                       A            A
//! the collector is away             A            -
//! it answers, much of A waits       turn: from now on B; A is sealed and called the backlog
//! catching up                       B            B whenever it holds something, else A, oldest first
//! the backlog is sent               B            B          A is empty: ready for the next turn
//! ```
//!
//! Each lane is a spool and a stream of its own, numbered from 1: the collector keeps one number for each stream, so what
//! comes early in one hides nothing that comes late in the other. Both lanes are kept the same way, and neither is for
//! good or bad days only.
//!
//! - **Caps** hold for both together: room is made by dropping from the backlog first, which is the older.
//! - **A second outage while catching up** waits in the lane that is written to and is sent before the backlog. There is no
//!   third lane: when that lane holds much and the other is not empty, all that is late comes oldest lane last.
//! - **Start**: the lane whose newest segment changed last is written to. A wrong guess (a clock that was set back) costs
//!   the order in which things arrive, nothing else.
//! - **Loss at the end of the backlog** (cap, torn tail) has no record behind it to show it: the lane tells it as its last
//!   observation, see [`Spool::lost_tail`].
//!
//! Does not know when the collector is there: the transport asks for the turn.

use super::cursor::LossReason;
use super::segment::HEADER_BYTES;
use super::{Limits, Spool, SpoolError, SpoolStats, Stored, SyncJob};
use crate::clock::Moment;
use pantau_shared::envelope::ObservationBody;
use pantau_shared::timestamp::Timestamp;
use std::io;
use std::path::Path;

/// Folder of the second lane in that of the first, where a single spool was before there were two.
pub(crate) const SECOND: &str = "second";

/// Bytes around an observation's body in a segment, at most.
const AROUND_BYTES: u64 = 64;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// In the spool's own folder.
    First,
    /// In [`SECOND`].
    Second,
}

impl Lane {
    fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

/// What one lane has to send.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Waiting {
    pub(crate) lane: Lane,
    /// The lane's stream.
    pub(crate) stream: [u8; 16],
    /// Oldest first; empty when nothing waits in either lane.
    pub(crate) stored: Vec<Stored>,
}

/// Both lanes.
#[derive(Debug)]
pub(crate) struct Lanes {
    first: Spool,
    second: Spool,
    /// The lane that is written to.
    writing: Lane,
    limits: Limits,
    /// Wall time of the oldest observation of the backlog, since it was last looked at.
    backlog_from: Option<Timestamp>,
}

impl Lanes {
    /// Opens both lanes in `directory`. `new_streams` name them if they have no names yet.
    pub(crate) fn open(
        directory: &Path,
        limits: Limits,
        boot_id: &str,
        new_streams: [[u8; 16]; 2],
    ) -> Result<Self, SpoolError> {
        let first = Spool::open(directory, limits, boot_id, new_streams[0])?;
        let second = Spool::open(&directory.join(SECOND), limits, boot_id, new_streams[1])?;
        let later = second.changed_at_ms() > first.changed_at_ms();
        let writing = if later { Lane::Second } else { Lane::First };
        Ok(Self { first, second, writing, limits, backlog_from: None })
    }

    fn lane(&mut self, lane: Lane) -> &mut Spool {
        match lane {
            Lane::First => &mut self.first,
            Lane::Second => &mut self.second,
        }
    }

    /// The lane that is written to, and the other.
    fn both(&mut self) -> (&mut Spool, &mut Spool) {
        match self.writing {
            Lane::First => (&mut self.first, &mut self.second),
            Lane::Second => (&mut self.second, &mut self.first),
        }
    }

    /// The present figures of both together.
    pub(crate) fn stats(&self) -> SpoolStats {
        let (first, second) = (self.first.stats(), self.second.stats());
        SpoolStats {
            bytes: first.bytes + second.bytes,
            records: first.records + second.records,
            dropped: first.dropped + second.dropped,
            append_failures: first.append_failures + second.append_failures,
            io_failures: first.io_failures + second.io_failures,
        }
    }

    /// Wall time of the oldest observation that waits behind what is sent live; `None` when there is no such backlog.
    pub(crate) fn backlog_from(&self) -> Option<Timestamp> {
        let backlog = match self.writing {
            Lane::First => &self.second,
            Lane::Second => &self.first,
        };
        self.backlog_from.filter(|_| backlog.stats().records > 0)
    }

    /// Appends what was observed at `at` and gives its number in its lane. A failed append uses up its number all the same.
    pub(crate) fn append(&mut self, at: Moment, body: ObservationBody) -> Result<u64, SpoolError> {
        let bytes_max = self.limits.bytes_max;
        let needed = body.encoded_len() as u64 + AROUND_BYTES + HEADER_BYTES;
        let (writing, backlog) = self.both();
        while !backlog.segments.is_empty() && writing.bytes() + backlog.bytes() + needed > bytes_max {
            backlog.drop_oldest(LossReason::Full);
        }
        writing.limits.bytes_max = bytes_max.saturating_sub(backlog.bytes());
        writing.append_giving(at, body, &mut || {
            let gives = !backlog.segments.is_empty();
            backlog.drop_oldest(LossReason::NoSpace);
            gives
        })
    }

    /// Drops what is older than the age cap. Call it once a period.
    pub(crate) fn tend(&mut self, now: Moment) {
        self.first.tend(now);
        self.second.tend(now);
    }

    /// What has to be synced before everything appended so far may be sent; `None` when nothing has. The lane that is not
    /// written to was synced when it was sealed.
    pub(crate) fn begin_sync(&mut self) -> Option<(Lane, SyncJob)> {
        let lane = self.writing;
        let (writing, backlog) = self.both();
        debug_assert!(!backlog.active, "a backlog is sealed");
        backlog.begin_sync();
        writing.begin_sync().map(|job| (lane, job))
    }

    /// Takes note of a finished [`SyncJob`].
    pub(crate) fn finish_sync(&mut self, lane: Lane, done: (u64, io::Result<()>)) {
        self.lane(lane).finish_sync(done);
    }

    /// What is to be sent next, from one lane: that which is written to if it holds something, else the backlog. `only`
    /// asks one lane, for whoever has not come to an end with it.
    pub(crate) fn peek(&mut self, only: Option<Lane>, count_max: usize, bytes_max: usize) -> Waiting {
        let lane = only.unwrap_or(self.writing);
        let stored = self.peek_lane(lane, count_max, bytes_max);
        if !stored.is_empty() || only.is_some() {
            return Waiting { lane, stream: self.lane(lane).stream(), stored };
        }
        let lane = lane.other();
        let stored = self.peek_lane(lane, count_max, bytes_max);
        Waiting { lane, stream: self.lane(lane).stream(), stored }
    }

    fn peek_lane(&mut self, lane: Lane, count_max: usize, bytes_max: usize) -> Vec<Stored> {
        let mut stored = self.lane(lane).peek(count_max, bytes_max);
        if lane != self.writing {
            if stored.is_empty() {
                stored.extend(self.lane(lane).lost_tail());
            }
            self.backlog_from = stored.first().map(|stored| stored.wall);
        }
        stored
    }

    /// Forgets everything of a lane up to `seq`, which the collector has made durable.
    pub(crate) fn ack(&mut self, lane: Lane, seq: u64) {
        self.lane(lane).ack(seq);
    }

    /// Gives up the oldest observation of a lane, which the collector refuses: from now on it is read as a gap.
    pub(crate) fn reject(&mut self, lane: Lane, seq: u64, wall: Timestamp) {
        self.lane(lane).reject(seq, wall);
    }

    /// Begins to write to the other lane when more than `behind` observations wait and that lane is empty: the collector
    /// answers, and what comes now should not stand behind them. Tells whether it did.
    pub(crate) fn turn(&mut self, behind: u64) -> bool {
        let (writing, rest) = self.both();
        if writing.stats().records <= behind || rest.stats().records > 0 {
            return false;
        }
        writing.seal();
        // A number that was told as lost must not be given again after a power cut.
        rest.save_cursor(true);
        self.writing = self.writing.other();
        true
    }
}

#[cfg(test)]
mod tests;
