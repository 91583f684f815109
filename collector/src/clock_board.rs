//! How far the clocks of hosts are off, as their batches show it: noted at receipt, read by the engine.
//!
//! Holds one entry per host that was heard since the start. Knows what a skew is, and not what follows from it.

use crate::domain::clock_skew::WARN_MS;
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The clock of one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockSeen {
    /// How far it is ahead of the collector's, in milliseconds; negative when behind. Time of flight is part of it.
    pub skew_ms: i64,
    /// Since when it is off, or since when it is right.
    pub since: Timestamp,
    /// When it was seen last.
    pub last: Timestamp,
}

impl ClockSeen {
    /// Whether it is off by more than [`WARN_MS`].
    pub fn is_off(&self) -> bool {
        self.skew_ms.unsigned_abs() > WARN_MS
    }
}

/// The board.
#[derive(Debug, Default)]
pub struct ClockBoard(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    hosts: BTreeMap<HostId, ClockSeen>,
    changed: BTreeSet<HostId>,
}

impl ClockBoard {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        // Every note is whole when the lock is given back.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A batch of `host` was sent at `sent` by its clock and came at `received`.
    pub fn note(&self, host: &HostId, sent: Timestamp, received: Timestamp) {
        let mut entries = self.entries();
        let seen = ClockSeen { skew_ms: sent.ms_since(received), since: received, last: received };
        let before = entries.hosts.get(host).copied();
        let kept = before.filter(|before| before.is_off() == seen.is_off());
        let seen = ClockSeen { since: kept.map_or(received, |before| before.since), ..seen };
        if seen.is_off() || before.is_some_and(|before| before.is_off()) {
            entries.changed.insert(host.clone());
        }
        match entries.hosts.get_mut(host) {
            Some(slot) => *slot = seen,
            None => drop(entries.hosts.insert(host.clone(), seen)),
        }
    }

    /// The clocks that are off, or were, and of which something new came since this was asked last.
    pub fn take_changed(&self) -> Vec<(HostId, ClockSeen)> {
        let mut entries = self.entries();
        let changed = std::mem::take(&mut entries.changed);
        changed.into_iter().filter_map(|host| entries.hosts.get(&host).map(|seen| (host.clone(), *seen))).collect()
    }

    /// The clock of a host, where one of its batches came.
    pub fn of(&self, host: &HostId) -> Option<ClockSeen> {
        self.entries().hosts.get(host).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clock_that_is_off_or_was_is_news() {
        let (s, board) = (Timestamp::from_secs, ClockBoard::default());
        let host = HostId::parse("db-01").expect("valid");
        board.note(&host, s(100), s(102));
        assert_eq!(board.take_changed(), []);
        board.note(&host, s(500), s(110));
        board.note(&host, s(510), s(120));
        let off = ClockSeen { skew_ms: 390_000, since: s(110), last: s(120) };
        assert_eq!(board.take_changed(), [(host.clone(), off)]);
        assert_eq!(board.take_changed(), []);
        board.note(&host, s(130), s(130));
        assert_eq!(board.take_changed(), [(host.clone(), ClockSeen { skew_ms: 0, since: s(130), last: s(130) })]);
        assert_eq!(board.of(&host).map(|seen| seen.last), Some(s(130)));
    }
}
