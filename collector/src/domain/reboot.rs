//! A host that starts again and again.
//!
//! A start is seen by an uptime that is shorter than the one before: a clock that is set changes nothing. One start is
//! evidence, told where something suffers; only more than [`RebootPolicy::in_day`] unplanned ones within a day are a
//! disturbance of their own. Starts in approved maintenance are planned and count for nothing.

use pantau_shared::timestamp::Timestamp;

const DAY_S: i64 = 86_400;
/// Starts of a host that are remembered.
const REMEMBERED_MAX: usize = 16;

/// When starts are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RebootPolicy {
    /// So many unplanned starts within 24 hours are borne.
    pub in_day: u32,
}

impl Default for RebootPolicy {
    /// An update that asks for a second start, and one that went wrong.
    fn default() -> Self {
        Self { in_day: 3 }
    }
}

/// The newest starts of a host, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Boots(Vec<Timestamp>);

/// What its starts say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BootView {
    /// Not too many; since the instant from which that holds, where there were too many before.
    Quiet(Option<Timestamp>),
    /// Too many.
    Often {
        /// How many within the last 24 hours.
        count: u32,
        /// The first of them.
        since: Timestamp,
    },
}

impl Boots {
    /// As they were kept.
    pub fn of(list: Vec<Timestamp>) -> Self {
        Self(list)
    }

    /// All that are remembered.
    pub fn list(&self) -> &[Timestamp] {
        &self.0
    }

    /// Takes the uptimes of two samples, the later of `at`, in milliseconds; the instant of a start between them.
    pub fn feed(&mut self, before_ms: Option<u64>, after_ms: Option<u64>, at: Timestamp) -> Option<Timestamp> {
        let (before, after) = (before_ms?, after_ms?);
        if after >= before {
            return None;
        }
        let booted = at.plus_ms(i64::try_from(after).ok()?.checked_neg()?);
        if self.0.last().is_some_and(|last| booted <= *last) {
            return None;
        }
        self.0.push(booted);
        let over = self.0.len().saturating_sub(REMEMBERED_MAX);
        self.0.drain(..over);
        Some(booted)
    }

    /// What is seen at `now`; `planned` tells which starts were.
    pub fn view(&self, policy: RebootPolicy, planned: impl Fn(Timestamp) -> bool, now: Timestamp) -> BootView {
        let unplanned: Vec<Timestamp> = self.0.iter().copied().filter(|at| !planned(*at)).collect();
        let borne = usize::try_from(policy.in_day).unwrap_or(usize::MAX);
        let recent = || unplanned.iter().filter(|at| now < at.plus_secs(DAY_S));
        let count = recent().count();
        if let Some(since) = recent().next().filter(|_| count > borne) {
            return BootView::Often { count: u32::try_from(count).unwrap_or(u32::MAX), since: *since };
        }
        // The start that is one too many leaves the day, and from then on it is quiet.
        let too_many = unplanned.len().checked_sub(borne + 1).and_then(|place| unplanned.get(place));
        BootView::Quiet(too_many.map(|at| at.plus_secs(DAY_S)))
    }

    /// When the view may next change by passing of time.
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        self.0.iter().map(|at| at.plus_secs(DAY_S)).find(|at| *at > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shorter_uptime_is_a_start_whatever_the_clock_says() {
        let (s, mut boots) = (Timestamp::from_secs, Boots::default());
        assert_eq!(boots.feed(None, Some(5), s(10)), None);
        assert_eq!(boots.feed(Some(90_000), Some(100_000), s(5_000)), None, "the clock was set");
        assert_eq!(boots.feed(Some(100_000), Some(7_000), s(5_100)), Some(s(5_093)));
        assert_eq!(boots.feed(Some(100_000), Some(7_000), s(5_100)), None, "the same again");
        assert_eq!(boots.feed(Some(7_000), None, s(5_110)), None);
        for number in 0..40 {
            boots.feed(Some(100_000), Some(1_000), s(6_000 + number * 10));
        }
        assert_eq!(boots.list().len(), REMEMBERED_MAX);
    }

    #[test]
    fn more_than_three_unplanned_starts_in_a_day_are_too_many() {
        let h = |hours: i64| Timestamp::from_secs(hours * 3600);
        let boots = Boots::of(vec![h(0), h(2), h(4), h(6)]);
        let view = |planned: i64, now: i64| boots.view(RebootPolicy::default(), |at| at == h(planned), h(now));
        assert_eq!(view(99, 7), BootView::Often { count: 4, since: h(0) });
        assert_eq!(view(2, 7), BootView::Quiet(None));
        assert_eq!(view(99, 24), BootView::Quiet(Some(h(24))));
        assert_eq!(boots.next_change(h(7)), Some(h(24)));
        assert_eq!(boots.next_change(h(30)), None);
    }
}
