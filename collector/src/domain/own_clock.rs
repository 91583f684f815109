//! A host's clock by its own timekeeping: what the kernel says of it, beside the skew that is seen at receipt
//! ([`crate::domain::clock_skew`]).
//!
//! ```text
//! no reference keeps it in step ──► for `unsynchronized_seconds` ──► told
//! off by more than `offset_ms`  ──► for `offset_seconds`         ──► told
//! in step and near              ──► good since that reading
//! ```
//!
//! A skew is seen only beyond a minute (time of flight is in it); the kernel knows its offset to the microsecond, and it
//! knows a clock that runs free long before that is off. Readings arrive in order of time; an older one is ignored. A
//! pause longer than the gap bound restarts the hold of what was not yet told.

use pantau_shared::sample::Timekeeping;
use pantau_shared::timestamp::Timestamp;

/// When a host's own timekeeping is a disturbance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnClockPolicy {
    /// Off by more than this, in milliseconds.
    pub offset_ms: u64,
    /// For so long, in seconds.
    pub offset_seconds: u32,
    /// Without a reference for so long, in seconds.
    pub unsynchronized_seconds: u32,
}

impl Default for OwnClockPolicy {
    /// A second puts entries of logs in the wrong order; half an hour is time enough to find a server after a start.
    fn default() -> Self {
        Self { offset_ms: 1_000, offset_seconds: 600, unsynchronized_seconds: 1_800 }
    }
}

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockFault {
    /// Off, by so many milliseconds either way, floored.
    Offset(u64),
    /// Nothing keeps it in step.
    Unsynchronized,
}

/// What is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnClockView {
    /// Wrong for long enough, since then.
    Wrong(ClockFault, Timestamp),
    /// In step and near, without a break since then.
    Good(Timestamp),
    /// No reading lately, or one that is wrong and not yet for long enough.
    Unseen,
}

/// The carried state of one host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OwnClock {
    last: Option<Timestamp>,
    offset_ms: u64,
    off_since: Option<Timestamp>,
    unsynchronized_since: Option<Timestamp>,
    good_since: Option<Timestamp>,
}

/// See [`OwnClock::parts`].
pub type OwnClockParts = (Option<Timestamp>, u64, [Option<Timestamp>; 3]);

impl OwnClock {
    /// Takes a reading; one that does not say whether the clock is kept in step says nothing. Whether a judgement may
    /// follow.
    pub fn feed(&mut self, policy: OwnClockPolicy, gap_ms: i64, at: Timestamp, told: &Timekeeping) -> bool {
        let Some(synchronized) = told.synchronized.filter(|_| self.last.is_none_or(|last| at > last)) else {
            return false;
        };
        let before = *self;
        let offset_ms = told.offset_us.unwrap_or(0) / 1000;
        let since = |wrong: bool, before_since: Option<Timestamp>, hold: u32| {
            let kept = before_since.zip(before.last).filter(|(since, last)| {
                // What was told once stays told over a pause.
                at.ms_since(*last) <= gap_ms || held(*since, *last, hold)
            });
            wrong.then(|| kept.map_or(at, |(since, _)| since))
        };
        let off = told.offset_us.is_some_and(|us| us > policy.offset_ms.saturating_mul(1000));
        self.off_since = since(off, before.off_since, policy.offset_seconds);
        self.unsynchronized_since = since(!synchronized, before.unsynchronized_since, policy.unsynchronized_seconds);
        (self.last, self.offset_ms) = (Some(at), offset_ms);
        let good = !off && synchronized;
        self.good_since = good.then(|| before.good_since.unwrap_or(at));
        (good && before.good_since.is_none() && before.last.is_some()) || self.fault(policy, at).is_some()
    }

    fn fault(&self, policy: OwnClockPolicy, last: Timestamp) -> Option<(ClockFault, Timestamp)> {
        let off = self.off_since.filter(|since| held(*since, last, policy.offset_seconds));
        let free = self.unsynchronized_since.filter(|since| held(*since, last, policy.unsynchronized_seconds));
        // A number says more than that nothing keeps it in step.
        off.map(|since| (ClockFault::Offset(self.offset_ms), since))
            .or(free.map(|since| (ClockFault::Unsynchronized, since)))
    }

    /// What is known at `now`.
    pub fn view(&self, policy: OwnClockPolicy, gap_ms: i64, now: Timestamp) -> OwnClockView {
        let Some(last) = self.last.filter(|last| now.ms_since(*last) <= gap_ms) else { return OwnClockView::Unseen };
        match (self.fault(policy, last), self.good_since) {
            (Some((fault, since)), _) => OwnClockView::Wrong(fault, since),
            (None, Some(since)) => OwnClockView::Good(since),
            (None, None) => OwnClockView::Unseen,
        }
    }

    /// Whether it ever told anything.
    pub fn is_told(&self) -> bool {
        self.last.is_some()
    }

    /// Whether it was wrong at the newest reading, for however long.
    pub fn is_wrong(&self) -> bool {
        self.last.is_some() && self.good_since.is_none()
    }

    /// Since when it is good.
    pub fn good_since(&self) -> Option<Timestamp> {
        self.good_since
    }

    /// The carried state as plain values, for a checkpoint: newest reading, its offset, and since when it is off, without
    /// a reference, good.
    pub fn parts(&self) -> OwnClockParts {
        (self.last, self.offset_ms, [self.off_since, self.unsynchronized_since, self.good_since])
    }

    /// The state that had these values; see [`Self::parts`].
    pub fn from_parts((last, offset_ms, [off_since, unsynchronized_since, good_since]): OwnClockParts) -> Self {
        Self { last, offset_ms, off_since, unsynchronized_since, good_since }
    }
}

fn held(since: Timestamp, last: Timestamp, hold: u32) -> bool {
    last.ms_since(since) >= i64::from(hold) * 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    /// Readings every 10 s: `.` in step, `f` free, a number the offset in milliseconds, `?` not told, `-` no reading; an
    /// offset counts after 20 s, a free clock after 40 s.
    #[track_caller]
    fn check(readings: &str, expected: OwnClockView) {
        let policy = OwnClockPolicy { offset_ms: 1_000, offset_seconds: 20, unsynchronized_seconds: 40 };
        let (mut clock, mut now) = (OwnClock::default(), s(0));
        for (index, reading) in (0_i64..).zip(readings.split_whitespace()) {
            now = s(index * 10);
            let synchronized = match reading {
                "?" => None,
                "f" => Some(false),
                _ => Some(true),
            };
            let offset_us = Some(reading.parse::<u64>().unwrap_or(0) * 1000);
            if reading != "-" {
                clock.feed(policy, 30_000, now, &Timekeeping { synchronized, offset_us, error_max_us: None });
                // A duplicate changes nothing.
                let other = synchronized.map(|_| true);
                clock.feed(policy, 30_000, now, &Timekeeping { synchronized: other, ..Timekeeping::default() });
            }
        }
        assert_eq!(clock.view(policy, 30_000, now), expected, "{readings}");
    }

    #[test]
    fn a_free_clock_and_one_that_is_off_are_told_each_after_its_time() {
        use ClockFault::{Offset, Unsynchronized};
        use OwnClockView::{Good, Unseen, Wrong};
        check(". . .", Good(s(0)));
        check("1000 1000 1000", Good(s(0)));
        check(". 1500 1700", Unseen);
        check(". 1500 1700 1600", Wrong(Offset(1600), s(10)));
        check("f f f f", Unseen);
        check("f f f f f", Wrong(Unsynchronized, s(0)));
        check("f f f f f .", Good(s(50)));
        check("f f . f f f", Unseen);
        // Not told, or silent: nobody knows, and the wait begins anew.
        check("f f f f f ? ? ? ?", Unseen);
        check("f f - - - - f f f", Unseen);
        check("f f f f f - - - - f", Wrong(Unsynchronized, s(0)));
    }
}
