//! Roll-ups: what a host's series did per step of five minutes or an hour, kept for years.
//!
//! # Points
//!
//! Steps begin at whole multiples of their length since the Unix epoch. A step without a value of a series has no
//! point of it.
//!
//! | of | a point says |
//! |---|---|
//! | gauges, states, computed gauges | how many values, lowest, highest, sum (saturating) |
//! | counters | over how many pairs of neighbouring samples and how many ms, growth over them, lowest and highest rate |
//!
//! A pair belongs to the step of its later sample. There is no rate over a reset (the counter went back), over no time,
//! or over more than [`PAIR_MS_MAX`]: such a pair counts for nothing, so that a reset is never a spike. A rate is in
//! thousandths per second, floored, and then floored to ten binary digits: at most 0.2 % too low. The mean rate of a
//! step, growth by time, is exact. Points of longer steps are the exact merge of shorter ones, in any grouping.
//!
//! # Limits
//!
//! At most [`super::chunk::FRAMES_MAX`] steps; a day of five minutes has 288, a month of hours 744.
//!
//! # Layout
//!
//! That of a chunk (see [`super::chunk`]), version byte 129 for five minutes and 130 for hours, with a row per step and
//! more columns per series:
//!
//! ```text
//! gauge     count, lowest, highest − lowest, sum − count × lowest
//! counter   pairs, ms, growth, code of the lowest rate, code of the highest − that
//! ```
//!
//! Counts and times are nearly always those of the series before, and are told by them. The code of a rate is its
//! binary exponent and its ten digits, as one number that rises with the rate.
//!
//! # Damage
//!
//! As for chunks: any bytes give a roll-up or an error, a damaged column loses one series.
//!
//! Does not know hosts or rows, nor when an hour is over.

mod form;
mod point;
mod steps;

use super::chunk::{ChunkError, opened::Opened};
use crate::series::{Group, Kind, SeriesKey};
use pantau_shared::sample::Sample;
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;
use std::ops::Range;

pub use crate::series::PAIR_MS_MAX;
pub use point::{CounterPoint, GaugePoint, Point};

/// The length of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Five minutes.
    FiveMinutes,
    /// An hour.
    Hour,
}

impl Step {
    /// In milliseconds.
    pub const fn ms(self) -> i64 {
        match self {
            Self::FiveMinutes => 300_000,
            Self::Hour => 3_600_000,
        }
    }

    /// When the step began in which `at` lies.
    pub const fn begin(self, at: Timestamp) -> Timestamp {
        at.plus_ms(-at.as_ms().rem_euclid(self.ms()))
    }
}

/// Points of all series of a host, each series by rising time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollup {
    step: Step,
    series: BTreeMap<SeriesKey, Vec<(Timestamp, Point)>>,
}

impl Rollup {
    /// Without points.
    pub const fn empty(step: Step) -> Self {
        Self { step, series: BTreeMap::new() }
    }

    /// Points of `frames`, rising in time; `before` is the last frame before them, for the first rates.
    pub fn of_frames(step: Step, before: Option<&(Timestamp, Sample)>, frames: &[(Timestamp, Sample)]) -> Self {
        Self { step, series: steps::of_frames(step, before, frames) }
    }

    /// The length of its steps.
    pub const fn step(&self) -> Step {
        self.step
    }

    /// All series with their points.
    pub fn series(&self) -> impl Iterator<Item = (&SeriesKey, &[(Timestamp, Point)])> {
        self.series.iter().map(|(key, points)| (key, points.as_slice()))
    }

    /// Points of one series.
    pub fn points(&self, key: &SeriesKey) -> &[(Timestamp, Point)] {
        self.series.get(key).map(Vec::as_slice).unwrap_or_default()
    }

    /// The same in longer steps.
    #[must_use]
    pub fn coarser(&self, step: Step) -> Self {
        let merged = |points: &[(Timestamp, Point)]| {
            let mut all: Vec<(Timestamp, Point)> = Vec::new();
            for (at, point) in points {
                let begin = step.begin(*at);
                match all.last_mut().filter(|(last, _)| *last == begin) {
                    Some((_, merged)) => *merged = merged.merge(*point),
                    None => all.push((begin, *point)),
                }
            }
            all
        };
        Self { step, series: self.series.iter().map(|(key, points)| (key.clone(), merged(points))).collect() }
    }

    /// Adds the points of another one with steps of the same length: those of one step become one.
    pub fn absorb(&mut self, other: Self) {
        for (key, points) in other.series {
            let own = self.series.entry(key).or_default();
            for (at, point) in points {
                match own.binary_search_by_key(&at, |(begin, _)| *begin) {
                    Ok(place) => own[place].1 = own[place].1.merge(point),
                    Err(place) => own.insert(place, (at, point)),
                }
            }
        }
    }

    /// Puts the points of `piece` in the place of all points in `span`, half-open.
    pub fn replace(&mut self, span: Range<Timestamp>, piece: &Self) {
        for points in self.series.values_mut() {
            points.retain(|(at, _)| !span.contains(at));
        }
        for (key, points) in &piece.series {
            let own = self.series.entry(key.clone()).or_default();
            own.extend(points.iter().filter(|(at, _)| span.contains(at)));
            own.sort_by_key(|(at, _)| *at);
        }
        self.series.retain(|_, points| !points.is_empty());
    }

    /// Packs the points.
    ///
    /// # Errors
    /// [`ChunkError::TooLarge`].
    pub fn encode(&self) -> Result<Vec<u8>, ChunkError> {
        form::encode(self.step, &self.series)
    }

    /// Reads all points.
    ///
    /// # Errors
    /// [`ChunkError::Damaged`], [`ChunkError::Version`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ChunkError> {
        let packed = Packed::open(bytes)?;
        let mut series = BTreeMap::new();
        let columns = packed.opened.groups(&Group::ALL)?;
        for key in packed.opened.keys() {
            let points = packed.points_from(&key, |column| columns.get(column).cloned())?;
            series.insert(key, points);
        }
        Ok(Self { step: packed.step, series })
    }
}

/// `packed` with the hour that begins at `hour` replaced by the points of `piece`; without `packed`, those alone.
/// For a day of five minutes and a month of hours alike; late frames give the same hour anew.
///
/// # Errors
/// When either cannot be read, their steps differ, or the result would be too large.
pub fn merge_hour(packed: Option<&[u8]>, hour: Timestamp, piece: &[u8]) -> Result<Vec<u8>, ChunkError> {
    merge_hours(packed, &[(hour, piece)])
}

/// [`merge_hour`] of several hours at once: packing a day's pieces costs one reading and one writing.
///
/// # Errors
/// As for one.
pub fn merge_hours(packed: Option<&[u8]>, pieces: &[(Timestamp, &[u8])]) -> Result<Vec<u8>, ChunkError> {
    let mut whole = packed.map(Rollup::decode).transpose()?;
    for (hour, piece) in pieces {
        let piece = Rollup::decode(piece)?;
        let whole = whole.get_or_insert_with(|| Rollup::empty(piece.step));
        if whole.step != piece.step {
            return Err(ChunkError::Damaged { what: "length of a step" });
        }
        whole.replace(*hour..hour.plus_ms(Step::Hour.ms()), &piece);
    }
    whole.unwrap_or(Rollup::empty(Step::FiveMinutes)).encode()
}

/// A packed roll-up whose header and times were read.
#[derive(Debug)]
pub struct Packed<'a> {
    step: Step,
    opened: Opened<'a>,
}

impl<'a> Packed<'a> {
    /// Reads the header and the times.
    ///
    /// # Errors
    /// [`ChunkError::Damaged`], [`ChunkError::Version`].
    pub fn open(bytes: &'a [u8]) -> Result<Self, ChunkError> {
        let (step, form) = form::of(bytes)?;
        Ok(Self { step, opened: Opened::open(form, bytes)? })
    }

    /// The length of its steps.
    pub const fn step(&self) -> Step {
        self.step
    }

    /// When each of its steps begins.
    pub fn begins(&self) -> &[Timestamp] {
        &self.opened.times
    }

    /// All series.
    pub fn keys(&self) -> impl Iterator<Item = SeriesKey> + '_ {
        self.opened.keys()
    }

    /// Points of one series whose steps begin in `span`, half-open; without the others being read.
    ///
    /// # Errors
    /// [`ChunkError::Damaged`] when its bytes are.
    pub fn points(&self, key: &SeriesKey, span: Range<Timestamp>) -> Result<Vec<(Timestamp, Point)>, ChunkError> {
        let Some(found) = self.opened.find(key) else { return Ok(Vec::new()) };
        let lanes = match key.field().kind {
            Kind::Counter => self.opened.columns([0, 1, 2, 3, 4].map(|lane| found.column + lane))?.to_vec(),
            Kind::Gauge | Kind::State => self.opened.columns([0, 1, 2, 3].map(|lane| found.column + lane))?.to_vec(),
        };
        let mut points = self.points_from(key, |column| lanes.get(column.checked_sub(found.column)?).cloned())?;
        points.retain(|(at, _)| span.contains(at));
        Ok(points)
    }

    /// By column: how it was written, and in how many bytes.
    pub fn encodings(&self) -> Vec<(&'static str, usize)> {
        self.opened.encodings()
    }

    fn points_from(
        &self,
        key: &SeriesKey,
        column: impl Fn(usize) -> Option<Vec<u64>>,
    ) -> Result<Vec<(Timestamp, Point)>, ChunkError> {
        let damaged = ChunkError::Damaged { what: "list of points" };
        let found = self.opened.find(key).ok_or(damaged)?;
        let kind = key.field().kind;
        let lanes: Option<Vec<Vec<u64>>> = (0..form::lanes(kind)).map(|lane| column(found.column + lane)).collect();
        let points = form::points(kind, &lanes.ok_or(damaged)?).ok_or(damaged)?;
        let times = self.opened.times_of(found);
        Ok(times.zip(points).collect())
    }
}

#[cfg(test)]
mod tests;
