//! Roll-ups of an hour, and points as those who show them want them. The form of roll-ups is [`crate::store::rollup`]'s.
//!
//! A pair of samples further apart than the bound gives no rate: the hour is rolled up in stretches without such a gap.

use super::Frame;
use crate::series::{Derive, Group, Item, SeriesKey, derived, flatten};
use crate::store::StoreError;
use crate::store::rollup::{self, Rollup, Step};
use pantau_shared::timestamp::Timestamp;

/// What a series did in one step. Its mean is `sum / weight`; means of several are that of their sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// When the step begins.
    pub begins_at: Timestamp,
    /// Of a gauge the sum of values; of a counter the growth × 10⁶.
    pub sum: u128,
    /// Of a gauge the number of samples; of a counter milliseconds.
    pub weight: u128,
    /// Lowest value; of a counter in thousandths per second, at most 0.2 % too low.
    pub min: u64,
    /// Highest value, likewise, and not below the mean.
    pub max: u64,
}

impl From<(Timestamp, rollup::Point)> for Point {
    fn from((begins_at, point): (Timestamp, rollup::Point)) -> Self {
        match point {
            rollup::Point::Gauge(gauge) => {
                Self { begins_at, sum: gauge.sum.into(), weight: gauge.count.into(), min: gauge.min, max: gauge.max }
            }
            rollup::Point::Counter(counter) => {
                let (sum, weight) = (u128::from(counter.increase) * 1_000_000, u128::from(counter.covered_ms));
                let mean = u64::try_from(sum / weight.max(1)).unwrap_or(u64::MAX);
                let (min, max) = (counter.min_rate_milli, counter.max_rate_milli.max(mean));
                Self { begins_at, sum, weight, min, max }
            }
        }
    }
}

/// Visits growth between neighbouring values of a counter: instant of the later, growth × 10⁶, milliseconds, rate in
/// thousandths per second. Nothing over a reset or over more than `pair_ms_max`.
pub(crate) fn growths(
    values: &[(Timestamp, u64)],
    pair_ms_max: i64,
    mut visit: impl FnMut(Timestamp, u128, u128, u64),
) {
    for pair in values.windows(2) {
        let [(earlier, before), (at, after)] = pair else { continue };
        let elapsed = at.ms_since(*earlier);
        let Some(growth) = after.checked_sub(*before).filter(|_| (1..=pair_ms_max).contains(&elapsed)) else {
            continue;
        };
        let (scaled, elapsed) = (u128::from(growth) * 1_000_000, u128::from(elapsed.unsigned_abs()));
        visit(*at, scaled, elapsed, u64::try_from(scaled / elapsed).unwrap_or(u64::MAX));
    }
}

/// Five-minute points of an hour, from its frames and those shortly before, which pairs need.
pub(super) fn of_hour(before: &[Frame], frames: &[Frame], pair_ms_max: i64) -> Rollup {
    let mut whole = Rollup::empty(Step::FiveMinutes);
    let mut last = before.last();
    for stretch in frames.chunk_by(|earlier, later| later.0.ms_since(earlier.0) <= pair_ms_max) {
        let before = stretch.first().and_then(|first| neighbour(last, first, pair_ms_max));
        whole.absorb(Rollup::of_frames(Step::FiveMinutes, before, stretch));
        last = stretch.last();
    }
    whole
}

/// The frame before, when it is near enough to say something of the time between.
pub(super) fn neighbour<'a>(before: Option<&'a Frame>, after: &Frame, pair_ms_max: i64) -> Option<&'a Frame> {
    before.filter(|(at, _)| after.0.ms_since(*at) <= pair_ms_max)
}

/// The value of a series among a sample's items.
pub(super) fn value_of(items: &[Item], key: &SeriesKey) -> Option<u64> {
    let item = items.iter().find(|item| item.group == key.group() && item.instance == *key.instance())?;
    item.values.iter().find(|(tag, _)| *tag == key.tag()).map(|(_, value)| *value)
}

/// The value of a derived series at `after`.
pub(super) fn derived_value(key: &SeriesKey, before: Option<&Frame>, after: &Frame) -> Option<u64> {
    let values = derived(before, after);
    if key.group() == Group::Host {
        let place = Derive::ALL.iter().position(|derive| derive.tag() == key.tag())?;
        return values.host.get(place).copied().flatten();
    }
    let mut mounts = flatten(&after.1).into_iter().filter(|item| item.group == Group::Filesystem);
    let place = mounts.position(|item| item.instance == *key.instance())?;
    values.filesystems.get(place).copied().flatten()
}

/// One-hour points from the bytes of an hour's piece.
pub(super) fn hourly(piece: &[u8]) -> Result<Vec<u8>, StoreError> {
    Rollup::decode(piece).and_then(|rollup| rollup.coarser(Step::Hour).encode()).map_err(damaged)
}

/// Points of one series in the bytes of a roll-up.
pub(super) fn of_series(
    body: &[u8],
    key: &SeriesKey,
    span: std::ops::Range<Timestamp>,
) -> Result<Vec<(Timestamp, rollup::Point)>, StoreError> {
    rollup::Packed::open(body).and_then(|packed| packed.points(key, span)).map_err(damaged)
}

pub(super) fn damaged(_: crate::store::chunk::ChunkError) -> StoreError {
    StoreError::Damaged { what: "roll-up" }
}
