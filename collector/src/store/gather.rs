//! Whether a commit is worth a short wait for company. Pure: counts in, yes or no out.
//!
//! A commit costs the same sync for one request as for many, and requests that come while the writer pauses wake nobody.
//! So the writer pauses before it commits a batch when that brought company the last time, and asks ever more rarely
//! when it did not: every second commit, every fourth, up to every [`RARELY`]th. An idle store's batch therefore commits
//! at once nearly always and [`PAUSE`] later at worst; with [`ENOUGH`] requests in hand nothing is waited for. Only
//! batches wait, whose agents have time: what a person or the engine writes begins no pause.
//! Does not know the time.

use std::time::Duration;

/// The pause: no longer than the engine's own, and more than the batches of a fleet of a thousand lie apart.
pub(super) const PAUSE: Duration = Duration::from_millis(16);

/// Requests in hand that make a group without waiting.
const ENOUGH: usize = 16;

/// Commits without a pause after pauses that brought nobody.
const RARELY: u32 = 64;

/// What the last pauses taught.
#[derive(Debug, Default)]
pub(super) struct Gather {
    /// Commits to go without a pause.
    skip: u32,
    /// How many were last skipped.
    skipped: u32,
}

impl Gather {
    /// Whether to pause before committing the `in_hand` requests.
    pub(super) fn pauses(&mut self, in_hand: usize) -> bool {
        if in_hand >= ENOUGH {
            return false;
        }
        let skip = self.skip;
        self.skip = skip.saturating_sub(1);
        skip == 0
    }

    /// A pause brought `came` more requests.
    pub(super) fn learn(&mut self, came: usize) {
        self.skipped = if came > 0 { 0 } else { (self.skipped * 2).clamp(1, RARELY) };
        self.skip = self.skipped;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of `commits` with one request each are paused, when pauses bring `came`.
    fn paused(gather: &mut Gather, commits: usize, came: usize) -> Vec<usize> {
        let mut paused = Vec::new();
        for commit in 0..commits {
            if gather.pauses(1) {
                paused.push(commit);
                gather.learn(came);
            }
        }
        paused
    }

    #[test]
    fn pauses_while_they_bring_company_and_ever_more_rarely_when_not() {
        let mut gather = Gather::default();
        assert_eq!(paused(&mut gather, 4, 1), [0, 1, 2, 3]);
        assert_eq!(paused(&mut gather, 300, 0), [0, 2, 5, 10, 19, 36, 69, 134, 199, 264]);
        let first = paused(&mut gather, 100, 1).first().copied();
        assert!(first.is_some_and(|first| first <= RARELY as usize), "{first:?}: it asks again");
    }

    #[test]
    fn never_pauses_with_enough_in_hand() {
        let mut gather = Gather::default();
        assert!(!gather.pauses(ENOUGH) && gather.pauses(ENOUGH - 1));
    }
}
