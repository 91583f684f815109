//! What was told to each receiver since the start: counted by the sender, shown on `/metrics`.
//!
//! One entry for each receiver of the configuration and no other: the number of series is known when the program starts.
//! What waits is not counted here: that the store knows.

use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Receivers that are counted apart; a configuration has no more.
const RECEIVERS_MAX: usize = 256;

/// What became of one try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver took it.
    Sent,
    /// It did not, and it is tried again.
    Failed,
    /// It refused it for good.
    Refused,
}

/// One receiver's counts, and when it last took something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReceiverCounts {
    /// Messages taken.
    pub sent: u64,
    /// Tries that were not taken and are made again.
    pub failed: u64,
    /// Tries that were not the first of their message.
    pub retried: u64,
    /// Messages refused for good.
    pub refused: u64,
    /// When it last took something; also before the start, where the store knows.
    pub last_success_at: Option<Timestamp>,
}

/// The counts of every receiver.
#[derive(Debug, Default)]
pub struct DeliveryStats(Mutex<BTreeMap<String, ReceiverCounts>>);

impl DeliveryStats {
    /// Begins to count a receiver, with when it last took something.
    pub fn begin(&self, receiver: &str, last_success_at: Option<Timestamp>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < RECEIVERS_MAX || all.contains_key(receiver) {
            let counts = all.entry(receiver.to_owned()).or_default();
            counts.last_success_at = counts.last_success_at.max(last_success_at);
        }
    }

    /// Counts one try; `again`: not the first of its message. A receiver that was not begun is not counted.
    pub fn note(&self, receiver: &str, outcome: Outcome, again: bool, now: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(counts) = all.get_mut(receiver) else { return };
        counts.retried += u64::from(again);
        match outcome {
            Outcome::Sent => {
                counts.sent += 1;
                counts.last_success_at = Some(now);
            }
            Outcome::Failed => counts.failed += 1,
            Outcome::Refused => counts.refused += 1,
        }
    }

    /// All receivers by name.
    pub fn all(&self) -> BTreeMap<String, ReceiverCounts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_receivers_that_were_begun_are_counted() {
        let (stats, s) = (DeliveryStats::default(), Timestamp::from_secs);
        stats.begin("meja", Some(s(5)));
        for (outcome, again) in [(Outcome::Failed, false), (Outcome::Sent, true), (Outcome::Refused, false)] {
            stats.note("meja", outcome, again, s(9));
            stats.note("lain", outcome, again, s(9));
        }
        let counts = ReceiverCounts { sent: 1, failed: 1, retried: 1, refused: 1, last_success_at: Some(s(9)) };
        assert_eq!(stats.all(), BTreeMap::from([("meja".to_owned(), counts)]));
        (0..2 * RECEIVERS_MAX).for_each(|number| stats.begin(&number.to_string(), None));
        assert_eq!(stats.all().len(), RECEIVERS_MAX);
    }
}
