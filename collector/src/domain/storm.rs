//! Many hosts silent together: one disturbance, one ticket (promise 2), not one per host.
//!
//! A switch that dies, or a collector that is cut off, makes thousands of hosts silent within one sampling period. So a
//! silent host waits a short *gather* before it may open a ticket of its own, and whoever is ripe first asks how many
//! stand beside it.
//!
//! ```text
//! counted     hosts that are silent and have no ticket of their own that is open and not Pulih
//! threshold   max(hosts_min, share_percent of the enrolled hosts, rounded up)
//! opens       a counted host has been silent for the gather, and at least `threshold` are counted
//! lasts       at least half of `threshold` are counted: the ticket stays, none of them opens one of its own
//! calm        fewer are counted, or not heard since this program listens: good since the instant the count fell
//! ```
//!
//! A calm storm is restored like every ticket, after `resolve_after`; whoever is still silent then opens its own. A host
//! that falls silent while a storm lasts is part of it: nobody can tell it apart. Tickets that were opened singly before
//! stay as they are. Whoever was judged before has a ticket, so what is counted became silent within the gather: no
//! window has to be remembered, and a restart changes nothing. Knows nothing of hosts but their instants.

use pantau_shared::timestamp::Timestamp;

/// Sampling periods of a gather: all hosts of one disturbance are silent by then.
const GATHER_PERIODS: i64 = 2;

/// When silent hosts are one disturbance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StormPolicy {
    /// Fewer hosts are never a storm; at least 2.
    pub hosts_min: u32,
    /// Share of the enrolled hosts that makes a storm, in percent; 1 to 100.
    pub share_percent: u32,
}

impl Default for StormPolicy {
    fn default() -> Self {
        Self { hosts_min: 5, share_percent: 5 }
    }
}

impl StormPolicy {
    /// So many hosts make a storm.
    pub fn threshold(&self, enrolled: usize) -> usize {
        let share = enrolled.saturating_mul(count(self.share_percent)).div_ceil(100);
        share.max(count(self.hosts_min)).max(2)
    }

    /// How long a silent host waits for others before it opens a ticket of its own, in milliseconds. Where the enrolled
    /// hosts cannot make a storm it need not wait.
    pub fn gather_ms(&self, enrolled: usize, sample_period_ms: u32) -> i64 {
        if enrolled < self.threshold(enrolled) { 0 } else { i64::from(sample_period_ms) * GATHER_PERIODS }
    }

    /// Whether `counted` hosts open a storm when the first of them fell silent at `first_silent_at`.
    pub fn opens(
        &self,
        enrolled: usize,
        counted: usize,
        first_silent_at: Timestamp,
        gather_ms: i64,
        now: Timestamp,
    ) -> bool {
        counted >= self.threshold(enrolled) && first_silent_at.plus_ms(gather_ms) <= now
    }

    /// With at least so many a storm lasts.
    pub fn rest(&self, enrolled: usize) -> usize {
        self.threshold(enrolled).div_ceil(2)
    }
}

fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Since when fewer than `rest` hosts were away, where `away` still are and `returned` are the instants at which others
/// came back, in any order; never before `onset`.
pub fn calm_since(rest: usize, away: usize, mut returned: Vec<Timestamp>, onset: Timestamp) -> Timestamp {
    let Some(place) = rest.checked_sub(away.saturating_add(1)) else { return onset };
    if place >= returned.len() {
        return onset;
    }
    let (_, since, _) = returned.select_nth_unstable_by(place, |a, b| b.cmp(a));
    onset.max(*since)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    #[test]
    fn the_threshold_is_the_larger_of_count_and_share() {
        let policy = StormPolicy::default();
        for (enrolled, threshold, gather) in
            [(1, 5, 0), (4, 5, 0), (5, 5, 20_000), (100, 5, 20_000), (101, 6, 20_000), (20_000, 1000, 20_000)]
        {
            assert_eq!(policy.threshold(enrolled), threshold, "{enrolled}");
            assert_eq!(policy.gather_ms(enrolled, 10_000), gather, "{enrolled}");
        }
        assert_eq!(StormPolicy { hosts_min: 0, share_percent: 1 }.threshold(3), 2, "one host is no storm");
    }

    #[test]
    fn it_opens_when_the_first_is_ripe_and_enough_stand_beside_it() {
        let policy = StormPolicy::default();
        for (counted, first, now, expected) in
            [(5, 100, 119, false), (5, 100, 120, true), (4, 100, 200, false), (100, 100, 119, false)]
        {
            assert_eq!(policy.opens(100, counted, s(first), 20_000, s(now)), expected, "{counted} {first} {now}");
        }
        assert_eq!((policy.rest(100), policy.rest(20_000)), (3, 500));
    }

    /// Rest 3: calm from the return after which only two were away.
    #[test]
    fn calm_begins_when_the_count_falls() {
        for (away, returned, expected) in [
            (0, vec![10, 20, 30, 40], 20),
            (1, vec![40, 10, 30, 20], 30),
            (2, vec![10, 20, 30, 40], 40),
            (2, vec![], 5),
            (0, vec![10, 20], 5),
            (0, vec![1, 2, 3], 5),
        ] {
            let returned: Vec<Timestamp> = returned.into_iter().map(s).collect();
            assert_eq!(calm_since(3, away, returned.clone(), s(5)), s(expected), "{away} {returned:?}");
        }
    }
}
