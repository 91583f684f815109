//! Gathering what one reading of the spool gives: observations, gaps, and a time for each gap.

use super::Stored;
use super::record::Record;
use pantau_shared::envelope::{Gap, Observation, ObservationBody};
use pantau_shared::timestamp::Timestamp;
use prost::Message;

/// What [`super::Spool::peek`] has gathered so far.
pub(super) struct Peek {
    pub(super) out: Vec<Stored>,
    pub(super) bytes: usize,
    pub(super) count_max: usize,
    pub(super) bytes_max: usize,
}

impl Peek {
    pub(super) fn is_full(&self) -> bool {
        self.out.len() >= self.count_max || self.bytes >= self.bytes_max
    }

    pub(super) fn push(&mut self, seq: u64, gap: Gap, bytes: usize) {
        self.bytes += bytes;
        let wall = Timestamp::from_ms(gap.to_at_ms.unwrap_or(i64::MIN));
        self.out.push(Stored { seq, wall, boot_ms: None, body: ObservationBody::Gap(gap) });
    }

    pub(super) fn push_record(&mut self, record: &Record<'_>, same_boot: bool) {
        let Some(body) = Observation::decode(record.body).ok().and_then(|observation| observation.body) else {
            return self.push(record.seq, damaged_gap(record.seq, record.seq, true), 64);
        };
        self.bytes += record.body.len();
        let boot_ms = same_boot.then_some(record.boot_ms);
        self.out.push(Stored { seq: record.seq, wall: record.wall, boot_ms, body });
    }

    /// A gap of unknown time takes the time of what follows it, or else of what comes before.
    pub(super) fn date_gaps(&mut self) {
        let mut after = None;
        for stored in self.out.iter_mut().rev() {
            match after {
                Some(wall) if stored.wall.as_ms() == i64::MIN => stored.wall = wall,
                Some(_) | None => {}
            }
            after = Some(stored.wall).filter(|wall| wall.as_ms() != i64::MIN);
        }
        let mut before = Timestamp::default();
        for stored in &mut self.out {
            if stored.wall.as_ms() == i64::MIN {
                stored.wall = before;
            }
            before = stored.wall;
        }
    }
}

/// The gap that a hole between records is.
pub(super) fn damaged_gap(from_seq: u64, to_seq: u64, damaged: bool) -> Gap {
    let reason = if damaged { "record damaged" } else { "spool could not be written" };
    Gap { from_seq, to_seq, reason: reason.to_owned(), from_at_ms: None, to_at_ms: None }
}
