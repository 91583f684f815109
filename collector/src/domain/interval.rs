//! Half-open intervals of time and sets of them.
//!
//! Instants keep their milliseconds; figures count whole seconds. A length in seconds is the difference of the two
//! *floored* ends, so the seconds of a whole always equal the sum over any partition of it, wherever it is cut.
//! Knows no zone and no calendar.

use pantau_shared::timestamp::Timestamp;

/// The instants `t` with `from <= t < to`. An interval whose end is not after its start is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    /// The first instant inside.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
}

impl Interval {
    /// All of time.
    pub const ALL: Self = Self { from: Timestamp::from_ms(i64::MIN), to: Timestamp::from_ms(i64::MAX) };

    /// `[from, to)`.
    pub const fn new(from: Timestamp, to: Timestamp) -> Self {
        Self { from, to }
    }

    /// Whether no instant lies inside.
    pub fn is_empty(self) -> bool {
        self.to <= self.from
    }

    /// Whether `at` lies inside.
    pub fn contains(self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }

    /// What both have in common; may be empty.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self::new(self.from.max(other.from), self.to.min(other.to))
    }

    /// Whether both share an instant.
    pub fn overlaps(self, other: Self) -> bool {
        !self.intersection(other).is_empty()
    }

    /// Length in whole seconds: the difference of the floored ends, 0 when empty.
    pub fn length_s(self) -> u64 {
        u64::try_from(self.to.as_secs().saturating_sub(self.from.as_secs())).unwrap_or(0)
    }

    /// Length in milliseconds, 0 when empty.
    pub fn length_ms(self) -> u64 {
        u64::try_from(self.to.ms_since(self.from)).unwrap_or(0)
    }
}

/// A set of instants as intervals in order of time, none empty, no two overlapping or touching.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IntervalSet(Vec<Interval>);

impl IntervalSet {
    /// The set without instants.
    pub const fn empty() -> Self {
        Self(Vec::new())
    }

    /// The intervals in order of time.
    pub fn as_slice(&self) -> &[Interval] {
        &self.0
    }

    /// The intervals in order of time.
    pub fn iter(&self) -> std::slice::Iter<'_, Interval> {
        self.0.iter()
    }

    /// Whether no instant lies inside.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `at` lies inside.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.0.get(self.0.partition_point(|i| i.to <= at)).is_some_and(|i| i.contains(at))
    }

    /// Whole seconds inside, by the rule of [`Interval::length_s`].
    pub fn length_s(&self) -> u64 {
        self.0.iter().map(|i| i.length_s()).sum()
    }

    /// Milliseconds inside.
    pub fn length_ms(&self) -> u64 {
        self.0.iter().map(|i| i.length_ms()).sum()
    }

    /// Adds an interval that starts at or after the start of the last one; joins what touches.
    pub(crate) fn push_ordered(&mut self, next: Interval) {
        if next.is_empty() {
            return;
        }
        match self.0.last_mut() {
            Some(last) if next.from <= last.to => last.to = last.to.max(next.to),
            Some(_) | None => self.0.push(next),
        }
    }

    /// The instants in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut out = Self(Vec::with_capacity(self.0.len() + other.0.len()));
        let (mut a, mut b) = (self.0.iter().peekable(), other.0.iter().peekable());
        loop {
            let next = match (a.peek(), b.peek()) {
                (Some(x), Some(y)) if y.from < x.from => b.next(),
                (Some(_), _) => a.next(),
                (None, _) => b.next(),
            };
            match next {
                Some(interval) => out.push_ordered(*interval),
                None => return out,
            }
        }
    }

    /// The instants in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let mut out = Self::empty();
        let (mut i, mut j) = (0, 0);
        while let (Some(a), Some(b)) = (self.0.get(i), other.0.get(j)) {
            out.push_ordered(a.intersection(*b));
            if a.to <= b.to {
                i += 1;
            } else {
                j += 1;
            }
        }
        out
    }

    /// The instants in this set that are not in `other`.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let mut out = Self::empty();
        let mut j = 0;
        for interval in &self.0 {
            let mut from = interval.from;
            while other.0.get(j).is_some_and(|cut| cut.to <= from) {
                j += 1;
            }
            let mut k = j;
            while let Some(cut) = other.0.get(k).filter(|cut| cut.from < interval.to) {
                out.push_ordered(Interval::new(from, cut.from));
                from = from.max(cut.to);
                k += 1;
            }
            out.push_ordered(Interval::new(from, interval.to));
        }
        out
    }

    /// The instants of this set inside `window`; costs what lies inside, not what lies outside.
    #[must_use]
    pub fn clip(&self, window: Interval) -> Self {
        let first = self.0.partition_point(|i| i.to <= window.from);
        let inside = self.0.get(first..).unwrap_or_default().iter().take_while(|i| i.from < window.to);
        inside.map(|i| i.intersection(window)).collect()
    }
}

impl FromIterator<Interval> for IntervalSet {
    /// The union of any intervals, in any order; empty ones are left out.
    fn from_iter<I: IntoIterator<Item = Interval>>(intervals: I) -> Self {
        let mut all: Vec<Interval> = intervals.into_iter().filter(|i| !i.is_empty()).collect();
        all.sort_unstable();
        let mut out = Self::empty();
        for interval in all {
            out.push_ordered(interval);
        }
        out
    }
}

impl From<Interval> for IntervalSet {
    fn from(interval: Interval) -> Self {
        Self::from_iter([interval])
    }
}

impl<'a> IntoIterator for &'a IntervalSet {
    type Item = &'a Interval;
    type IntoIter = std::slice::Iter<'a, Interval>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every millisecond of this range is painted by the naive model.
    const PAINTED_MS: i64 = 40;

    fn interval(from: i64, to: i64) -> Interval {
        Interval::new(Timestamp::from_ms(from), Timestamp::from_ms(to))
    }

    fn paint(intervals: &[Interval]) -> Vec<bool> {
        (0..PAINTED_MS).map(|ms| intervals.iter().any(|i| i.contains(Timestamp::from_ms(ms)))).collect()
    }

    fn is_canonical(set: &IntervalSet) -> bool {
        set.iter().all(|i| !i.is_empty()) && set.as_slice().windows(2).all(|w| w[0].to < w[1].from)
    }

    fn any_intervals() -> impl Strategy<Value = Vec<Interval>> {
        prop::collection::vec((0..PAINTED_MS, 0..PAINTED_MS).prop_map(|(a, b)| interval(a, b)), 0..8)
    }

    proptest! {
        #[test]
        fn algebra_equals_painting(a in any_intervals(), b in any_intervals(), window in (0..PAINTED_MS, 0..PAINTED_MS)) {
            let (x, y): (IntervalSet, IntervalSet) = (a.iter().copied().collect(), b.iter().copied().collect());
            let (p, q) = (paint(&a), paint(&b));
            let w = interval(window.0, window.1);
            let cases = [
                (x.clone(), p.clone()),
                (x.union(&y), p.iter().zip(&q).map(|(a, b)| *a || *b).collect()),
                (x.intersection(&y), p.iter().zip(&q).map(|(a, b)| *a && *b).collect()),
                (x.difference(&y), p.iter().zip(&q).map(|(a, b)| *a && !*b).collect()),
                (x.clip(w), p.iter().zip(paint(&[w])).map(|(a, b)| *a && b).collect::<Vec<_>>()),
            ];
            for (set, painted) in cases {
                prop_assert!(is_canonical(&set), "{set:?}");
                prop_assert_eq!(paint(set.as_slice()), painted.clone());
                prop_assert_eq!(set.length_ms(), painted.iter().filter(|p| **p).count() as u64);
                for (ms, inside) in painted.iter().enumerate() {
                    prop_assert_eq!(set.contains(Timestamp::from_ms(ms as i64)), *inside);
                }
            }
        }

        #[test]
        fn seconds_are_additive_wherever_cut(from in -5000i64..5000, lengths in prop::collection::vec(0i64..3000, 1..6)) {
            let mut at = from;
            let mut sum = 0;
            for length in lengths {
                sum += interval(at, at + length).length_s();
                at += length;
            }
            prop_assert_eq!(interval(from, at).length_s(), sum);
        }
    }

    #[test]
    fn empty_and_backward_intervals_hold_nothing() {
        assert!(interval(5, 5).is_empty());
        assert_eq!((interval(9000, 5000).length_s(), interval(9, 5).length_ms()), (0, 0));
        assert!(IntervalSet::from_iter([interval(9, 5), interval(3, 3)]).is_empty());
        assert!(!interval(0, 5).overlaps(interval(5, 9)));
    }
}
