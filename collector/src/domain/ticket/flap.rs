//! Coming and going: a disturbance that starts too often is flapping (engines B.2).
//!
//! The third start of *down* within an hour makes the ticket flap. From then on nobody is told of every turn, and it is
//! restored only after half an hour of uninterrupted good time, not after minutes. Availability knows nothing of this.

use crate::domain::interval::Interval;
use crate::domain::state::{State, Timeline};
use pantau_shared::timestamp::Timestamp;

/// When a disturbance flaps, and how long it must be quiet then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlapPolicy {
    /// So many starts within the window.
    pub count: u32,
    /// Length of the window, in seconds.
    pub window_seconds: u32,
    /// Uninterrupted good time that restores a flapping ticket, in seconds.
    pub stable_seconds: u32,
}

impl Default for FlapPolicy {
    fn default() -> Self {
        Self { count: 3, window_seconds: 3600, stable_seconds: 1800 }
    }
}

/// The start of the outage at `onset` if with it the disturbance flaps.
pub fn flapping_since(states: &Timeline, onset: Timestamp, policy: FlapPolicy) -> Option<Timestamp> {
    let window = Interval::new(onset.plus_secs(-i64::from(policy.window_seconds)), onset.plus_ms(1));
    // A start exactly one window ago is no longer in it.
    let starts = states.stretches(window).filter(|s| s.state == State::Down && s.interval.from > window.from);
    (starts.count() >= policy.count as usize).then_some(onset)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starting_at(minutes: &[i64]) -> Timeline {
        let minute = |m: i64| Timestamp::from_secs(1_000_000 + m * 60);
        let changes = minutes.iter().flat_map(|m| [(minute(*m), State::Down), (minute(m + 1), State::Up)]);
        Timeline::from_changes([(minute(-100), State::Up)].into_iter().chain(changes))
    }

    #[test]
    fn the_third_start_within_the_hour_flaps() {
        let at = |m: i64| Timestamp::from_secs(1_000_000 + m * 60);
        let flaps = |starts: &[i64], onset| flapping_since(&starting_at(starts), at(onset), FlapPolicy::default());
        assert_eq!(flaps(&[0, 10], 10), None);
        assert_eq!(flaps(&[0, 10, 20], 20), Some(at(20)));
        assert_eq!(flaps(&[0, 30, 59], 59), Some(at(59)));
        assert_eq!(flaps(&[0, 30, 60], 60), None, "the first is an hour ago");
        assert_eq!(flaps(&[0, 10, 20, 30], 10), None, "what comes later does not count");
    }
}
