//! Roll-ups: what a series did in five minutes, in an hour. Exact in minimum, maximum and mean.
//!
//! # Points
//!
//! A point has `sum`, `weight`, `min`, `max`; its mean is `sum / weight`. Of gauges and states each sample weighs 1. Of
//! counters a pair of neighbouring samples weighs its length in ms, its value is the growth in thousandths per second,
//! and `sum` is the growth × 10⁶; it belongs to the step of the later sample. A counter that went back, or a pair
//! longer than the bound, adds nothing. Points add up: an hour is the sum of its five-minute points.
//!
//! # Layout
//!
//! ```text
//! u8    version: 1
//! u32   CRC-32 of the rest, little-endian
//! u32   series;  each: u32 points, u16 bytes, name
//! u32   bytes; pco of: begin of each point in units of 5 minutes since 1970     all points of a series, then the next
//! u32   bytes; pco of: weights          likewise: sums (low 64 bits), sums (high), min, max - min
//! ```
//!
//! The same for an hour's piece, a day and a month: rows are told apart by their table. At most [`POINTS_MAX`] points;
//! any bytes give points or an error. Does not know hosts, nor rows.

use super::Frame;
use crate::series::{Derive, Group, Item, Kind, SeriesKey, derived, flatten};
use crate::store::StoreError;
use crate::store::chunk::Chunk;
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;

const VERSION: u8 = 1;

/// Milliseconds of the finest step.
const STEP_MS: i64 = 300_000;

/// Steps of an hour.
const STEPS_OF_HOUR: i64 = 12;

/// Most points of a roll-up: a month of a host with 4,000 series.
const POINTS_MAX: usize = 4_000_000;

/// Most series of a roll-up.
const SERIES_MAX: usize = 65_536;

/// What a series did in one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// When the step begins.
    pub begins_at: Timestamp,
    /// Sum of values, each times its weight.
    pub sum: u128,
    /// Number of samples of a gauge, milliseconds of a counter.
    pub weight: u128,
    /// Lowest value.
    pub min: u64,
    /// Highest value.
    pub max: u64,
}

/// Points of many series, by time.
pub(super) type Points = BTreeMap<SeriesKey, Vec<Point>>;

/// Adds a value to points that are filled in order of time.
fn add(points: &mut Vec<Point>, at: Timestamp, (sum, weight): (u128, u128), value: u64) {
    let begins_at = Timestamp::from_ms(at.as_ms().div_euclid(STEP_MS) * STEP_MS);
    match points.last_mut().filter(|point| point.begins_at == begins_at) {
        Some(point) => merge(point, &Point { begins_at, sum, weight, min: value, max: value }),
        None => points.push(Point { begins_at, sum, weight, min: value, max: value }),
    }
}

fn merge(into: &mut Point, other: &Point) {
    into.sum = into.sum.saturating_add(other.sum);
    into.weight = into.weight.saturating_add(other.weight);
    into.min = into.min.min(other.min);
    into.max = into.max.max(other.max);
}

/// Visits growth between neighbouring values of a counter: instant of the later, growth × 10⁶, milliseconds, rate in
/// thousandths per second.
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

/// Five-minute points of an hour: from its chunk, its frames, and the frames shortly before it, which pairs need.
pub(super) fn of_hour(
    before: &[Frame],
    frames: &[Frame],
    chunk: &Chunk<'_>,
    pair_ms_max: i64,
) -> Result<Points, StoreError> {
    let mut points = Points::new();
    let earlier = items(before);
    for key in chunk.keys() {
        let column = chunk.column(&key).map_err(|_| StoreError::Damaged { what: "chunk of samples" })?;
        let of_series = fold(&key, values_of(&earlier, &key), column, pair_ms_max);
        points.insert(key, of_series);
    }
    let mut last = before.last();
    for frame in frames {
        each_derived(neighbour(last, frame, pair_ms_max), frame, |key, value| {
            add(points.entry(key).or_default(), frame.0, (value.into(), 1), value);
        });
        last = Some(frame);
    }
    points.retain(|_, points| !points.is_empty());
    Ok(points)
}

/// Five-minute points of one series in an hour, from its frames and those shortly before.
pub(super) fn of_series(before: &[Frame], frames: &[Frame], key: &SeriesKey, pair_ms_max: i64) -> Vec<Point> {
    if !key.group().is_derived() {
        return fold(key, values_of(&items(before), key), values_of(&items(frames), key), pair_ms_max);
    }
    let mut points = Vec::new();
    let mut last = before.last();
    for frame in frames {
        each_derived(neighbour(last, frame, pair_ms_max), frame, |of, value| {
            if of == *key {
                add(&mut points, frame.0, (value.into(), 1), value);
            }
        });
        last = Some(frame);
    }
    points
}

/// Points of the values of an hour; `earlier` are those shortly before it.
fn fold(
    key: &SeriesKey,
    mut earlier: Vec<(Timestamp, u64)>,
    values: Vec<(Timestamp, u64)>,
    pair_ms_max: i64,
) -> Vec<Point> {
    let mut points = Vec::new();
    if key.field().kind != Kind::Counter {
        for (at, value) in values {
            add(&mut points, at, (value.into(), 1), value);
        }
        return points;
    }
    let Some((begins, _)) = values.first().copied() else { return points };
    // Only the last one is a neighbour.
    let mut pairs = earlier.split_off(earlier.len().saturating_sub(1));
    pairs.extend(values);
    growths(&pairs, pair_ms_max, |at, sum, weight, rate| {
        if at >= begins {
            add(&mut points, at, (sum, weight), rate);
        }
    });
    points
}

fn items(frames: &[Frame]) -> Vec<(Timestamp, Vec<Item>)> {
    frames.iter().map(|(at, sample)| (*at, flatten(sample))).collect()
}

fn values_of(items: &[(Timestamp, Vec<Item>)], key: &SeriesKey) -> Vec<(Timestamp, u64)> {
    items.iter().filter_map(|(at, items)| Some((*at, value_of(items, key)?))).collect()
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

/// Visits the values of derived series at `after`.
pub(super) fn each_derived(before: Option<&Frame>, after: &Frame, mut visit: impl FnMut(SeriesKey, u64)) {
    let values = derived(before, after);
    for (derive, value) in Derive::ALL.into_iter().zip(values.host) {
        if let (Some(key), Some(value)) = (derive.key(), value) {
            visit(key, value);
        }
    }
    if after.1.filesystems.is_empty() {
        return;
    }
    let mounts = flatten(&after.1).into_iter().filter(|item| item.group == Group::Filesystem);
    for (item, value) in mounts.zip(values.filesystems) {
        let key = Group::Storage.fields().first().and_then(|f| SeriesKey::new(Group::Storage, item.instance, f.tag));
        if let (Some(key), Some(value)) = (key, value) {
            visit(key, value);
        }
    }
}

/// One-hour points from five-minute points.
pub(super) fn hourly(points: &[Point]) -> Vec<Point> {
    let mut hours: Vec<Point> = Vec::new();
    for point in points {
        let hour_ms = STEP_MS * STEPS_OF_HOUR;
        let begins_at = Timestamp::from_ms(point.begins_at.as_ms().div_euclid(hour_ms) * hour_ms);
        match hours.last_mut().filter(|hour| hour.begins_at == begins_at) {
            Some(hour) => merge(hour, point),
            None => hours.push(Point { begins_at, ..*point }),
        }
    }
    hours
}

/// Puts the points of the hour that begins at `begins` into a whole, in the place of those that are there.
fn replace_hour(whole: &mut Points, begins: Timestamp, piece: Points) {
    let ends = begins.plus_ms(STEP_MS * STEPS_OF_HOUR);
    for points in whole.values_mut() {
        points.retain(|point| point.begins_at < begins || point.begins_at >= ends);
    }
    for (key, new) in piece {
        let points = whole.entry(key).or_default();
        let place = points.partition_point(|point| point.begins_at < begins);
        points.splice(place..place, new);
    }
    whole.retain(|_, points| !points.is_empty());
}

/// A day with an hour's piece in it.
pub(super) fn merge_day(day: Option<&[u8]>, begins: Timestamp, piece: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut whole = day.map_or_else(|| Ok(Points::new()), decode)?;
    replace_hour(&mut whole, begins, decode(piece)?);
    encode(&whole)
}

/// A month of one-hour points with an hour's piece in it.
pub(super) fn merge_month(month: Option<&[u8]>, begins: Timestamp, piece: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut whole = month.map_or_else(|| Ok(Points::new()), decode)?;
    let hour = decode(piece)?.into_iter().map(|(key, points)| (key, hourly(&points))).collect();
    replace_hour(&mut whole, begins, hour);
    encode(&whole)
}

const DAMAGED: StoreError = StoreError::Damaged { what: "roll-up" };

/// Writes points; see the top of the file.
pub(super) fn encode(points: &Points) -> Result<Vec<u8>, StoreError> {
    let too_large = |_| StoreError::Refused { what: "a roll-up of so many series" };
    let all = || points.values().flatten();
    if all().count() > POINTS_MAX || points.len() > SERIES_MAX {
        return Err(StoreError::Refused { what: "a roll-up of so many points" });
    }
    let mut rest = u32::try_from(points.len()).map_err(too_large)?.to_le_bytes().to_vec();
    for (key, of_series) in points {
        let name = key.to_string();
        rest.extend(u32::try_from(of_series.len()).map_err(too_large)?.to_le_bytes());
        rest.extend(u16::try_from(name.len()).map_err(too_large)?.to_le_bytes());
        rest.extend(name.as_bytes());
    }
    let low = |value: u128| u64::try_from(value & u128::from(u64::MAX)).unwrap_or(u64::MAX);
    let columns: [Vec<u64>; 6] = [
        all().map(|point| point.begins_at.as_ms().div_euclid(STEP_MS).cast_unsigned()).collect(),
        all().map(|point| low(point.weight)).collect(),
        all().map(|point| low(point.sum)).collect(),
        all().map(|point| low(point.sum >> 64)).collect(),
        all().map(|point| point.min).collect(),
        all().map(|point| point.max - point.min).collect(),
    ];
    for column in columns {
        let level = pco::ChunkConfig::default();
        let bytes = pco::standalone::simple_compress(&column, &level)
            .map_err(|_| StoreError::Refused { what: "a roll-up that cannot be compressed" })?;
        rest.extend(u32::try_from(bytes.len()).map_err(too_large)?.to_le_bytes());
        rest.extend(bytes);
    }
    let mut out = vec![VERSION];
    out.extend(crc32fast::hash(&rest).to_le_bytes());
    out.extend(rest);
    Ok(out)
}

/// Reads all points.
pub(super) fn decode(bytes: &[u8]) -> Result<Points, StoreError> {
    let mut rest = Rest(bytes);
    if rest.take(1)? != [VERSION] || rest.number()? != crc32fast::hash(rest.0) {
        return Err(DAMAGED);
    }
    let count = usize::try_from(rest.number()?).map_err(|_| DAMAGED)?;
    if count > SERIES_MAX {
        return Err(DAMAGED);
    }
    let mut series = Vec::new();
    let mut total = 0_usize;
    for _ in 0..count {
        let points = usize::try_from(rest.number()?).map_err(|_| DAMAGED)?;
        let length = rest.take(2)?.try_into().map(u16::from_le_bytes).map_err(|_| DAMAGED)?;
        let name = std::str::from_utf8(rest.take(length.into())?).map_err(|_| DAMAGED)?;
        series.push((name.parse::<SeriesKey>().map_err(|_| DAMAGED)?, points));
        total = total.saturating_add(points);
    }
    if total > POINTS_MAX {
        return Err(DAMAGED);
    }
    let mut columns: Vec<std::vec::IntoIter<u64>> = Vec::new();
    for _ in 0..6 {
        let length = usize::try_from(rest.number()?).map_err(|_| DAMAGED)?;
        let column = pco::standalone::simple_decompress::<u64>(rest.take(length)?).map_err(|_| DAMAGED)?;
        if column.len() != total {
            return Err(DAMAGED);
        }
        columns.push(column.into_iter());
    }
    let mut next = |index: usize| columns.get_mut(index).and_then(Iterator::next).ok_or(DAMAGED);
    let mut point = || {
        let begins = i64::try_from(next(0)?).ok().and_then(|steps| steps.checked_mul(STEP_MS)).ok_or(DAMAGED)?;
        let (weight, low, high, min, above) = (next(1)?, next(2)?, next(3)?, next(4)?, next(5)?);
        Ok(Point {
            begins_at: Timestamp::from_ms(begins),
            sum: u128::from(high) << 64 | u128::from(low),
            weight: weight.into(),
            min,
            max: min.checked_add(above).ok_or(DAMAGED)?,
        })
    };
    let mut of_series = |(key, count): (SeriesKey, usize)| {
        let points = (0..count).map(|_| point()).collect::<Result<Vec<_>, StoreError>>()?;
        Ok((key, points))
    };
    series.into_iter().map(&mut of_series).collect()
}

/// Bytes that are left to read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], StoreError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(DAMAGED)?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, StoreError> {
        self.take(4)?.try_into().map(u32::from_le_bytes).map_err(|_| DAMAGED)
    }
}

#[cfg(test)]
mod tests;
