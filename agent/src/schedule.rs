//! When the next asking is due. Pure: times since boot in milliseconds go in, times come out.
//!
//! Every entry stands on its own grid: first due a little after it appeared, spread by its name so that many checks do
//! not start together, then every period for ever. A tick whose moment passed while the entry was still busy or the
//! machine slept is counted as missed and never made up: the next one comes at its own place on the grid, so a slow
//! probe delays nobody, itself included. Knows nothing of what is due.

use std::collections::BTreeMap;

/// Longest delay of the first tick of a new entry, in milliseconds.
const FIRST_SPREAD_MS: u64 = 1000;

/// One entry's place on the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Slot {
    period_ms: u64,
    next_ms: u64,
    busy: bool,
    /// Hastened while busy: due again when the work ends.
    again: bool,
}

/// The grid of all entries, by name.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    slots: BTreeMap<String, Slot>,
}

/// What [`Schedule::take_due`] found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Due {
    /// Entries to start now; they are busy until [`Schedule::finish`].
    pub(crate) start: Vec<String>,
    /// Ticks that passed without a start.
    pub(crate) missed: u64,
}

impl Schedule {
    /// Makes the entries exactly `wanted` (name, period). Entries whose period stays keep their grid and business.
    pub(crate) fn assign(&mut self, wanted: &[(String, u64)], now_ms: u64) {
        let mut slots = BTreeMap::new();
        for (name, period_ms) in wanted {
            let period_ms = (*period_ms).max(1);
            let before = self.slots.get(name).copied();
            let slot = match before {
                Some(slot) if slot.period_ms == period_ms => slot,
                Some(slot) => Slot { period_ms, next_ms: first_due(name, period_ms, now_ms), ..slot },
                None => Slot { period_ms, next_ms: first_due(name, period_ms, now_ms), busy: false, again: false },
            };
            slots.insert(name.clone(), slot);
        }
        self.slots = slots;
    }

    /// When to look again; `None` with no entries.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.slots.values().map(|slot| slot.next_ms).min()
    }

    /// Takes everything whose tick has come and moves it to its next tick after `now_ms`.
    pub(crate) fn take_due(&mut self, now_ms: u64) -> Due {
        let mut due = Due::default();
        for (name, slot) in &mut self.slots {
            if slot.next_ms > now_ms {
                continue;
            }
            // Hastened: out of turn, so nothing was missed.
            let from_ms = if slot.next_ms == 0 { now_ms } else { slot.next_ms };
            let passed = (now_ms - from_ms) / slot.period_ms;
            slot.next_ms = from_ms + (passed + 1) * slot.period_ms;
            due.missed += passed;
            if slot.busy && !slot.again {
                due.missed += 1;
            } else if slot.busy {
            } else {
                slot.busy = true;
                due.start.push(name.clone());
            }
        }
        due
    }

    /// Makes an entry due now, out of turn; its grid goes on from there. An entry that is busy comes right after.
    pub(crate) fn hasten(&mut self, name: &str, now_ms: u64) {
        if let Some(slot) = self.slots.get_mut(name) {
            slot.next_ms = slot.next_ms.min(now_ms);
            slot.again = slot.busy;
        }
    }

    /// Says that an entry's work has ended. An entry that is gone by now is ignored.
    pub(crate) fn finish(&mut self, name: &str) {
        if let Some(slot) = self.slots.get_mut(name) {
            slot.busy = false;
            if std::mem::take(&mut slot.again) {
                slot.next_ms = 0;
            }
        }
    }
}

fn first_due(name: &str, period_ms: u64, now_ms: u64) -> u64 {
    now_ms + u64::from(crc32fast::hash(name.as_bytes())) % period_ms.min(FIRST_SPREAD_MS)
}

/// The first multiple of `period_ms` after `now_ms`, and how many multiples lie between `last_ms` and it.
pub(crate) fn next_on_grid(last_ms: u64, period_ms: u64, now_ms: u64) -> (u64, u64) {
    let period_ms = period_ms.max(1);
    let next = (now_ms / period_ms + 1) * period_ms;
    (next, (next.saturating_sub(last_ms) / period_ms).saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(period_ms: u64) -> (Schedule, u64) {
        let mut schedule = Schedule::default();
        schedule.assign(&[("web".into(), period_ms)], 0);
        let first = schedule.next_due().expect("one entry");
        (schedule, first)
    }

    fn started() -> Due {
        Due { start: vec!["web".into()], missed: 0 }
    }

    #[test]
    fn keeps_its_grid_when_a_probe_is_slow() {
        let (mut schedule, first) = schedule(5000);
        assert!(first < FIRST_SPREAD_MS);
        assert_eq!(schedule.take_due(first), started());
        assert_eq!(schedule.next_due(), Some(first + 5000));
        assert_eq!(schedule.take_due(first + 5001), Due { start: vec![], missed: 1 });
        schedule.finish("web");
        assert_eq!(schedule.take_due(first + 9999), Due::default());
        assert_eq!(schedule.take_due(first + 10_000), started());
    }

    #[test]
    fn counts_what_a_sleeping_machine_missed() {
        let (mut schedule, first) = schedule(5000);
        assert_eq!(schedule.take_due(first + 22_000), Due { start: vec!["web".into()], missed: 4 });
        assert_eq!(schedule.next_due(), Some(first + 25_000));
    }

    #[test]
    fn assigning_again_keeps_the_grid_and_a_new_period_moves_it() {
        let (mut schedule, first) = schedule(5000);
        schedule.take_due(first);
        schedule.assign(&[("web".into(), 5000), ("db".into(), 1000)], first + 10);
        let due = schedule.take_due(first + 1010);
        assert_eq!(due.start, vec!["db".to_owned()]);
        schedule.assign(&[("web".into(), 2000)], first + 1020);
        assert!(schedule.next_due().expect("web") < first + 1020 + FIRST_SPREAD_MS);
        schedule.assign(&[], 0);
        assert_eq!(schedule.next_due(), None);
        schedule.finish("web");
    }

    #[test]
    fn what_is_hastened_comes_at_once_or_right_after_its_work() {
        let (mut schedule, first) = schedule(5000);
        assert_eq!(schedule.take_due(first), started());
        schedule.hasten("web", first + 100);
        assert_eq!(schedule.take_due(first + 100), Due::default(), "busy, and nothing missed");
        schedule.finish("web");
        assert_eq!(schedule.take_due(first + 200), started());
        schedule.finish("web");
        schedule.hasten("web", first + 300);
        assert_eq!(schedule.take_due(first + 300), started());
        assert_eq!(schedule.next_due(), Some(first + 5300));
        schedule.hasten("gone", 0);
    }

    #[test]
    fn grid_of_the_sampler() {
        assert_eq!(next_on_grid(20_000, 10_000, 20_003), (30_000, 0));
        assert_eq!(next_on_grid(20_000, 10_000, 51_000), (60_000, 3));
        assert_eq!(next_on_grid(20_000, 10_000, 29_999), (30_000, 0));
    }
}
