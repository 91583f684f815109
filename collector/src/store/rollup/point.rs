//! One point: what a series did in one step, and how two of them make one. Does not know which step.

/// Of a gauge, a state or a computed gauge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GaugePoint {
    /// Values in the step; at least 1.
    pub count: u64,
    /// The lowest.
    pub min: u64,
    /// The highest.
    pub max: u64,
    /// Their sum; stays at the largest number when it would be larger.
    pub sum: u64,
}

/// Of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CounterPoint {
    /// Pairs of neighbouring samples in the step; at least 1.
    pub count: u64,
    /// The time between the samples of all pairs, ms.
    pub covered_ms: u64,
    /// Growth over all pairs; stays at the largest number when it would be larger.
    pub increase: u64,
    /// The lowest rate of a pair, in thousandths per second, floored to ten binary digits.
    pub min_rate_milli: u64,
    /// The highest.
    pub max_rate_milli: u64,
}

/// What a series did in one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// Of a gauge, a state or a computed gauge.
    Gauge(GaugePoint),
    /// Of a counter.
    Counter(CounterPoint),
}

impl Point {
    /// Of one value of a gauge.
    pub const fn of_value(value: u64) -> Self {
        Self::Gauge(GaugePoint { count: 1, min: value, max: value, sum: value })
    }

    /// Of one pair of a counter's values, `elapsed_ms` apart, more than 0.
    pub fn of_pair(increase: u64, elapsed_ms: u64) -> Self {
        let elapsed = elapsed_ms.max(1);
        let rate = match increase.checked_mul(1_000_000) {
            Some(product) => product / elapsed,
            None => u64::try_from(u128::from(increase) * 1_000_000 / u128::from(elapsed)).unwrap_or(u64::MAX),
        };
        let rate = rate_of(code_of(rate));
        let (min_rate_milli, max_rate_milli) = (rate, rate);
        Self::Counter(CounterPoint { count: 1, covered_ms: elapsed_ms, increase, min_rate_milli, max_rate_milli })
    }

    /// Both together. Points of one series are of one kind; of two kinds the first stays.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        match (self, other) {
            (Self::Gauge(a), Self::Gauge(b)) => Self::Gauge(GaugePoint {
                count: a.count.saturating_add(b.count),
                min: a.min.min(b.min),
                max: a.max.max(b.max),
                sum: a.sum.saturating_add(b.sum),
            }),
            (Self::Counter(a), Self::Counter(b)) => Self::Counter(CounterPoint {
                count: a.count.saturating_add(b.count),
                covered_ms: a.covered_ms.saturating_add(b.covered_ms),
                increase: a.increase.saturating_add(b.increase),
                min_rate_milli: a.min_rate_milli.min(b.min_rate_milli),
                max_rate_milli: a.max_rate_milli.max(b.max_rate_milli),
            }),
            (first, _) => first,
        }
    }

    /// Lowest value of a gauge; lowest rate of a counter, per second, floored.
    pub const fn min(&self) -> u64 {
        match self {
            Self::Gauge(point) => point.min,
            Self::Counter(point) => point.min_rate_milli / 1000,
        }
    }

    /// Highest value of a gauge; highest rate of a counter, per second, floored, and never below the mean, which is
    /// exact.
    pub fn max(&self) -> u64 {
        match self {
            Self::Gauge(point) => point.max,
            Self::Counter(point) => (point.max_rate_milli / 1000).max(self.mean()),
        }
    }

    /// Mean value of a gauge; mean rate of a counter, per second; floored.
    pub fn mean(&self) -> u64 {
        match self {
            Self::Gauge(point) => point.sum / point.count.max(1),
            Self::Counter(point) => {
                let rate = u128::from(point.increase) * 1000 / u128::from(point.covered_ms.max(1));
                u64::try_from(rate).unwrap_or(u64::MAX)
            }
        }
    }
}

/// Binary digits of a rate that are kept.
const DIGITS: u32 = 10;

/// The code of a rate: rises with it, and stands for all rates with the same leading digits.
pub(super) const fn code_of(rate: u64) -> u64 {
    let shift = (64 - rate.leading_zeros()).saturating_sub(DIGITS) as u64;
    // Above the first digits the leading one is always set, and is part of the exponent.
    (shift << (DIGITS - 1)) + (rate >> shift)
}

/// The lowest rate with that code; codes past the last mean the last.
pub(super) const fn rate_of(code: u64) -> u64 {
    const HALF: u64 = 1 << (DIGITS - 1);
    const LAST: u64 = ((64 - DIGITS as u64) << (DIGITS - 1)) + 2 * HALF - 1;
    let code = if code > LAST { LAST } else { code };
    if code < 2 * HALF {
        return code;
    }
    let shift = (code >> (DIGITS - 1)) - 1;
    (code - (shift << (DIGITS - 1))) << shift
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_rate_is_floored_by_little(rate in prop_oneof![0..5000_u64, any::<u64>(), (0..64_u32).prop_map(|n| 1 << n)]) {
            let kept = rate_of(code_of(rate));
            prop_assert!(kept <= rate && rate - kept <= rate / 512, "{} became {}", rate, kept);
            prop_assert_eq!(code_of(kept), code_of(rate));
            prop_assert!(code_of(rate.saturating_add(1)) >= code_of(rate));
        }
    }

    #[test]
    fn means_are_exact_and_ends_hold() {
        assert_eq!(rate_of(code_of(u64::MAX)) >> 54, 1023);
        assert_eq!(rate_of(u64::MAX), rate_of(code_of(u64::MAX)));
        let pair = Point::of_pair(12_345, 10_000).merge(Point::of_pair(0, 9_999));
        assert_eq!((pair.min(), pair.max(), pair.mean()), (0, 1232, 617), "floored to ten binary digits");
        let steady = Point::of_pair(12_345, 10_000);
        assert_eq!((steady.min(), steady.max(), steady.mean()), (1232, 1234, 1234));
        let values = Point::of_value(7).merge(Point::of_value(10)).merge(Point::of_value(u64::MAX));
        assert_eq!((values.min(), values.max(), values.mean()), (7, u64::MAX, u64::MAX / 3));
    }
}
