//! Hysteresis and hold over one reading of one host.
//!
//! ```text
//! quiet ── ≥ alarm ──► rising(since) ── held `hold` ──► alarm(since) ── < clear ──► quiet(since)
//!   ▲                     │ < alarm                        │ ≥ clear: stays
//!   └─────────────────────┘                                └─ silence: nobody knows; alarm stays what it was
//! ```
//!
//! Readings arrive in order of time; an older one is ignored. A pause longer than the gap bound restarts the hold.

use crate::domain::catalogue::Threshold;
use pantau_shared::timestamp::Timestamp;

/// So many sampling periods without a reading are a gap.
pub const GAP_PERIODS: i64 = 3;

/// What is known at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThresholdView {
    /// Too high, long enough; since the first reading at or above the alarm.
    Alarm(Timestamp),
    /// Not in alarm, without a break since then.
    Quiet(Timestamp),
    /// No reading lately.
    Unseen,
}

/// See [`ThresholdTrack::parts`].
pub type TrackParts = (Option<(Timestamp, u32)>, Option<Timestamp>, bool, Option<Timestamp>);

/// The carried state of one reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ThresholdTrack {
    last: Option<(Timestamp, u32)>,
    /// Of readings at or above the alarm, or above clearing once in alarm.
    high_since: Option<Timestamp>,
    alarm: bool,
    quiet_since: Option<Timestamp>,
}

impl ThresholdTrack {
    /// Takes the next reading, in thousandths; whether it began or ended an alarm.
    pub fn feed(&mut self, threshold: &Threshold, gap_ms: i64, at: Timestamp, permille: u32) -> bool {
        if self.last.is_some_and(|(last, _)| at <= last) {
            return false;
        }
        if self.last.is_some_and(|(last, _)| at.ms_since(last) > gap_ms) && !self.alarm {
            (self.high_since, self.quiet_since) = (None, None);
        }
        self.last = Some((at, permille));
        let high = permille >= threshold.alarm_permille || (self.alarm && permille >= threshold.clear_permille);
        if !high {
            let was_alarm = std::mem::take(&mut self.alarm);
            self.high_since = None;
            if was_alarm || self.quiet_since.is_none() {
                self.quiet_since = Some(at);
            }
            return was_alarm;
        }
        let since = *self.high_since.get_or_insert(at);
        let was_alarm = self.alarm;
        if at.ms_since(since) >= i64::from(threshold.hold_seconds) * 1000 {
            self.alarm = true;
            self.quiet_since = None;
        }
        self.alarm != was_alarm
    }

    /// The carried state as plain values, for a checkpoint: newest reading, high since, in alarm, quiet since.
    pub fn parts(&self) -> TrackParts {
        (self.last, self.high_since, self.alarm, self.quiet_since)
    }

    /// The track that had these values; see [`Self::parts`].
    pub fn from_parts((last, high_since, alarm, quiet_since): TrackParts) -> Self {
        Self { last, high_since, alarm, quiet_since }
    }

    /// What is known at `now`.
    pub fn view(&self, gap_ms: i64, now: Timestamp) -> ThresholdView {
        match (self.last, self.high_since, self.quiet_since) {
            (Some((last, _)), _, _) if now.ms_since(last) > gap_ms => ThresholdView::Unseen,
            (Some(_), Some(since), _) if self.alarm => ThresholdView::Alarm(since),
            // A reading that is high again, though not for long enough, is not yet good.
            (Some(_), Some(_), _) | (Some(_), None, None) | (None, _, _) => ThresholdView::Unseen,
            (Some(_), None, Some(since)) => ThresholdView::Quiet(since),
        }
    }

    /// The newest reading.
    pub fn newest(&self) -> Option<u32> {
        self.last.map(|(_, permille)| permille)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalogue::ThresholdMetric;

    /// Readings every 10 s, `-` is a missing one; hold 30 s, alarm 900, clear 800, gap 30 s.
    #[track_caller]
    fn check(readings: &str, expected: ThresholdView) {
        let threshold =
            Threshold { metric: ThresholdMetric::Cpu, alarm_permille: 900, clear_permille: 800, hold_seconds: 30 };
        let mut track = ThresholdTrack::default();
        let mut now = Timestamp::from_secs(0);
        for (index, reading) in (0_i64..).zip(readings.split_whitespace()) {
            now = Timestamp::from_secs(index * 10);
            if let Ok(permille) = reading.parse() {
                track.feed(&threshold, 30_000, now, permille);
                track.feed(&threshold, 30_000, now, 0); // a duplicate changes nothing
            }
        }
        assert_eq!(track.view(30_000, now), expected, "{readings}");
    }

    #[test]
    fn hysteresis_hold_and_gaps() {
        let s = Timestamp::from_secs;
        check("100", ThresholdView::Quiet(s(0)));
        check("900 900 900", ThresholdView::Unseen);
        check("100 900 900 900 900", ThresholdView::Alarm(s(10)));
        check("900 900 850 900 900 900", ThresholdView::Unseen);
        check("900 900 850 900 900 900 900", ThresholdView::Alarm(s(30)));
        check("900 900 900 900 850 800", ThresholdView::Alarm(s(0)));
        check("900 900 900 900 850 799", ThresholdView::Quiet(s(50)));
        check("900 900 - - - - 900 900", ThresholdView::Unseen);
        check("900 900 - - 900", ThresholdView::Alarm(s(0)));
        check("900 900 900 900 - - - -", ThresholdView::Unseen);
        check("900 900 900 900 - - - - - 850", ThresholdView::Alarm(s(0)));
    }
}
