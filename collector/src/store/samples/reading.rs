//! Reading one series of a host: values as they came, from chunks and head together. Of a chunk only the columns that
//! are needed are decoded. Knows what is derived from a pair of samples, not what anybody shows.

use super::key::{Key, day_of, hour_begins, hour_near, month_begins, month_of};
use super::packing;
use super::points::Point;
use super::{Frame, points};
use crate::series::{Derive, Group, SeriesKey, flatten};
use crate::store::chunk::Chunk;
use crate::store::columns::column;
use crate::store::rollup::{self, Rollup, Step};
use crate::store::{Reader, StoreError};
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Points of one series by the hour they lie in.
type ByHour = BTreeMap<i64, Vec<(Timestamp, rollup::Point)>>;

/// What a series is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// Samples as they came.
    Raw,
    /// Five-minute points.
    FiveMinutes,
    /// One-hour points.
    OneHour,
}

impl Resolution {
    /// Its code in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::FiveMinutes => "five_minutes",
            Self::OneHour => "one_hour",
        }
    }
}

/// From where on samples and roll-ups are whole: nothing at or after was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WholeFrom {
    /// Samples.
    pub raw: Timestamp,
    /// Five-minute points.
    pub five_minutes: Timestamp,
    /// One-hour points.
    pub one_hour: Timestamp,
}

impl Reader {
    /// From where on samples and roll-ups are whole.
    ///
    /// # Errors
    /// The database's.
    pub fn whole_from(&self) -> Result<WholeFrom, StoreError> {
        let kept = self.kept_from()?;
        Ok(WholeFrom {
            raw: hour_begins(kept.hour),
            five_minutes: hour_begins(kept.day * 24),
            one_hour: month_begins(kept.month),
        })
    }

    /// Values of one series in `[from, to)`, by time: counters as they stand, not their rates. What is derived from a
    /// pair of samples belongs to the later one; over a reset or a gap there is none.
    ///
    /// # Errors
    /// The database's; a chunk that cannot be read.
    pub fn series_values(
        &self,
        host: &HostId,
        key: &SeriesKey,
        (from, to): (Timestamp, Timestamp),
        pair_ms_max: i64,
    ) -> Result<Vec<(Timestamp, u64)>, StoreError> {
        let mut values = Vec::new();
        let Some((number, _)) = self.sample_host(host)? else { return Ok(values) };
        let is_derived = key.group().is_derived();
        // The pair that ends in the first hour may begin before it.
        let first = hour_near(if is_derived { from.plus_ms(-pair_ms_max) } else { from });
        let mut before: Option<Frame> = None;
        for unit in self.hours_with_samples(number, first, hour_near(to.plus_ms(-1)))? {
            let place = Key { unit, host: number };
            if is_derived {
                for frame in self.hour_frames(place)? {
                    let neighbour = points::neighbour(before.as_ref(), &frame, pair_ms_max);
                    values.extend(points::derived_value(key, neighbour, &frame).map(|value| (frame.0, value)));
                    before = Some(frame);
                }
            } else {
                values.extend(self.hour_values(place, key)?);
            }
        }
        values.retain(|(at, _)| *at >= from && *at < to);
        Ok(values)
    }

    /// Values of a series that is read, of one hour.
    fn hour_values(&self, place: Key, key: &SeriesKey) -> Result<Vec<(Timestamp, u64)>, StoreError> {
        let (upto, mut values) = match self.chunk(place)? {
            None => (0, Vec::new()),
            Some((upto, body)) => {
                let damaged = |_| StoreError::Damaged { what: "chunk of samples" };
                (upto, Chunk::open(&body).and_then(|chunk| chunk.column(key)).map_err(damaged)?)
            }
        };
        let waiting = self.waiting_frames(place, upto)?;
        if !waiting.is_empty() {
            values.extend(
                waiting.iter().filter_map(|(at, sample)| Some((*at, points::value_of(&flatten(sample), key)?))),
            );
            // Stable: of one instant, what came first stays first.
            values.sort_by_key(|(at, _)| *at);
        }
        Ok(values)
    }

    /// Points of one series whose steps begin in `[from, to)`, by time. Hours of which samples wait for their chunk are
    /// computed from the samples, so that the answer is the same before and after closing.
    ///
    /// # Errors
    /// The database's; a chunk or roll-up that cannot be read.
    pub fn series_points(
        &self,
        host: &HostId,
        key: &SeriesKey,
        (from, to): (Timestamp, Timestamp),
        resolution: Resolution,
        pair_ms_max: i64,
    ) -> Result<Vec<Point>, StoreError> {
        let mut found = ByHour::new();
        let Some((number, _)) = self.sample_host(host)? else { return Ok(Vec::new()) };
        let (first, last) = (hour_near(from), hour_near(to.plus_ms(-1)));
        self.packed(number, key, first..=last, resolution, &mut found)?;
        let step = match resolution {
            Resolution::OneHour => Step::Hour,
            Resolution::Raw | Resolution::FiveMinutes => Step::FiveMinutes,
        };
        // What is not packed yet stands in the place of what is.
        if let Some((oldest, newest)) = self.ends(packing::PIECE_ENDS)? {
            for unit in first.max(oldest)..=last.min(newest) {
                if let Some(body) = self.body(packing::PIECE, Key { unit, host: number })? {
                    let piece = Rollup::decode(&body).map_err(points::damaged)?;
                    found.insert(unit, piece.coarser(step).points(key).to_vec());
                }
            }
        }
        for unit in self.hours_to_compute(number, first, last, pair_ms_max)? {
            let place = Key { unit, host: number };
            let frames = self.hour_frames(place)?;
            let piece = points::of_hour(&self.frames_before(place, pair_ms_max)?, &frames, pair_ms_max);
            found.insert(unit, piece.coarser(step).points(key).to_vec());
        }
        let points = found.into_values().flatten();
        Ok(points.filter(|(at, _)| *at >= from && *at < to).map(Point::from).collect())
    }

    /// Hours in `[first, last]` that no roll-up tells yet, rising: those of the head; and those after one whose end has
    /// moved, since their first pairs begin there. Of an hour that was deleted a few frames may be there, late ones or
    /// not yet deleted: its roll-up stands.
    fn hours_to_compute(&self, host: i64, first: i64, last: i64, pair_ms_max: i64) -> Result<Vec<i64>, StoreError> {
        let kept = self.kept_from()?.hour;
        let mut units = Vec::new();
        for unit in self.head.hours(host)?.into_iter().filter(|unit| (first - 1..=last).contains(unit) && *unit >= kept)
        {
            units.push(unit);
            let (next, tail) = (Key { unit: unit + 1, host }, hour_begins(unit + 1).plus_ms(-pair_ms_max));
            let moves_the_end = self.head.frames(host, unit..=unit)?.iter().any(|(at, _)| *at >= tail);
            if moves_the_end && self.chunk(next)?.is_some() {
                units.push(next.unit);
            }
        }
        units.retain(|unit| (first..=last).contains(unit));
        units.sort_unstable();
        units.dedup();
        Ok(units)
    }

    /// Points of days or months, by hour.
    fn packed(
        &self,
        host: i64,
        key: &SeriesKey,
        hours: RangeInclusive<i64>,
        resolution: Resolution,
        found: &mut ByHour,
    ) -> Result<(), StoreError> {
        let (sql, ends, unit_of): (_, _, fn(i64) -> i64) = match resolution {
            Resolution::OneHour => (packing::MONTH, packing::MONTH_ENDS, month_of),
            Resolution::Raw | Resolution::FiveMinutes => (packing::DAY, packing::DAY_ENDS, day_of),
        };
        let Some((oldest, newest)) = self.ends(ends)? else { return Ok(()) };
        for unit in unit_of(*hours.start()).max(oldest)..=unit_of(*hours.end()).min(newest) {
            let Some(body) = self.body(sql, Key { unit, host })? else { continue };
            let span = hour_begins(*hours.start())..hour_begins(*hours.end() + 1);
            for (at, point) in points::of_series(&body, key, span)? {
                found.entry(hour_near(at)).or_default().push((at, point));
            }
        }
        Ok(())
    }

    /// The first and last unit of a table.
    pub(super) fn ends(&self, sql: &str) -> Result<Option<(i64, i64)>, StoreError> {
        let ends = self.row("read what is kept", sql, (), |row| {
            Ok((column::<Option<i64>>(row, 0)?, column::<Option<i64>>(row, 1)?))
        })?;
        Ok(ends.and_then(|(oldest, newest)| Some((Key::of(oldest?).unit, Key::of(newest?).unit))))
    }

    /// The series a host has: those of its newest sample, and what is derived of it.
    ///
    /// # Errors
    /// As [`Reader::newest_samples`].
    pub fn series_keys(&self, host: &HostId) -> Result<Vec<SeriesKey>, StoreError> {
        let Some((_, sample)) = self.newest_frame(host)? else { return Ok(Vec::new()) };
        let items = flatten(&sample);
        let read = items.iter().flat_map(|item| {
            item.values.iter().filter_map(|(tag, _)| SeriesKey::new(item.group, item.instance.clone(), *tag))
        });
        let mounts = items.iter().filter(|item| item.group == Group::Filesystem);
        let of_mounts = mounts.flat_map(|item| {
            let fields = Group::Storage.fields().iter();
            fields.filter_map(|field| SeriesKey::new(Group::Storage, item.instance.clone(), field.tag))
        });
        Ok(Derive::ALL.into_iter().filter_map(Derive::key).chain(read).chain(of_mounts).collect())
    }
}
