//! Frames to points. Does not know how points are kept.

use super::{Point, Step};
use crate::series::{Derive, Group, Instance, Kind, PAIR_MS_MAX, SeriesKey, derived};
use crate::store::chunk::gather::{Gathered, gather};
use pantau_shared::sample::Sample;
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;

type Frame = (Timestamp, Sample);
type Points = BTreeMap<SeriesKey, Vec<(Timestamp, Point)>>;

/// See [`super::Rollup::of_frames`].
pub(super) fn of_frames(step: Step, before: Option<&Frame>, frames: &[Frame]) -> Points {
    let all: Vec<&Frame> = before.into_iter().chain(frames).collect();
    let begins: Vec<Timestamp> = all.iter().map(|(at, _)| step.begin(*at)).collect();
    let from = usize::from(before.is_some());
    let gathered = gather(&all);
    let mut series = Points::new();
    for (index, item) in gathered.items.iter().enumerate() {
        for (tag, values) in &item.columns {
            let Some(key) = SeriesKey::new(item.group, item.instance.clone(), *tag) else { continue };
            let rows = rows_with(&gathered, index, *tag);
            let reading = |(row, value): (usize, &u64)| {
                Some(Reading { new: row >= from, at: all.get(row)?.0, begin: *begins.get(row)?, value: *value })
            };
            let readings: Vec<Reading> = rows.zip(values).filter_map(reading).collect();
            let points = match key.field().kind {
                Kind::Counter => of_counter(&readings),
                Kind::Gauge | Kind::State => of_gauge(&readings),
            };
            if !points.is_empty() {
                series.insert(key, points);
            }
        }
    }
    add_derived(&begins, &gathered, &all, from, &mut series);
    series
}

/// One value of a series; `new` when it is not of the frame before.
#[derive(Debug, Clone, Copy)]
struct Reading {
    new: bool,
    at: Timestamp,
    /// When its step began.
    begin: Timestamp,
    value: u64,
}

/// The frames that have that field of that item.
fn rows_with(gathered: &Gathered, item: usize, tag: u8) -> impl Iterator<Item = usize> + '_ {
    let has = |shape: &Vec<crate::store::chunk::layout::Entry>| {
        shape.iter().any(|entry| entry.item == item && entry.mask & 1 << tag != 0)
    };
    let shapes: Vec<bool> = gathered.shapes.iter().map(has).collect();
    let rows = (0..).zip(&gathered.shape_of);
    let present = move |shape: u64| usize::try_from(shape).ok().and_then(|shape| shapes.get(shape).copied());
    rows.filter(move |(_, shape)| present(**shape).unwrap_or_default()).map(|(row, _)| row)
}

fn add(points: &mut Vec<(Timestamp, Point)>, begin: Timestamp, point: Point) {
    match points.last_mut().filter(|(last, _)| *last == begin) {
        Some((_, merged)) => *merged = merged.merge(point),
        None => points.push((begin, point)),
    }
}

fn of_gauge(readings: &[Reading]) -> Vec<(Timestamp, Point)> {
    let mut points = Vec::new();
    for reading in readings.iter().filter(|reading| reading.new) {
        add(&mut points, reading.begin, Point::of_value(reading.value));
    }
    points
}

fn of_counter(readings: &[Reading]) -> Vec<(Timestamp, Point)> {
    let mut points = Vec::new();
    for pair in readings.windows(2) {
        let [a, b] = pair else { continue };
        let elapsed = b.at.ms_since(a.at);
        let fits = b.new && (1..=PAIR_MS_MAX).contains(&elapsed);
        if let (true, Some(increase)) = (fits, b.value.checked_sub(a.value)) {
            add(&mut points, b.begin, Point::of_pair(increase, elapsed.unsigned_abs()));
        }
    }
    points
}

fn add_derived(begins: &[Timestamp], gathered: &Gathered, all: &[&Frame], from: usize, series: &mut Points) {
    let mut host: [Vec<(Timestamp, Point)>; 5] = Default::default();
    let mut storage: BTreeMap<usize, Vec<(Timestamp, Point)>> = BTreeMap::new();
    for ((row, after), begin) in all.iter().enumerate().zip(begins).skip(from) {
        let before = row.checked_sub(1).and_then(|row| all.get(row)).copied();
        let values = derived(before, after);
        for (points, value) in host.iter_mut().zip(values.host) {
            if let Some(value) = value {
                add(points, *begin, Point::of_value(value));
            }
        }
        // The shape has the file systems in the sample's order.
        let shape = gathered.shape_of.get(row).and_then(|shape| gathered.shapes.get(usize::try_from(*shape).ok()?));
        let items = shape.into_iter().flatten().map(|entry| entry.item);
        let is_filesystem = |item: &usize| gathered.items.get(*item).is_some_and(|i| i.group == Group::Filesystem);
        for (item, value) in items.filter(is_filesystem).zip(values.filesystems) {
            if let Some(value) = value {
                add(storage.entry(item).or_default(), *begin, Point::of_value(value));
            }
        }
    }
    let host = Derive::ALL
        .into_iter()
        .zip(host)
        .map(|(which, points)| (Group::Host, Instance::default(), which.tag(), points));
    let storage = storage
        .into_iter()
        .filter_map(|(item, points)| Some((Group::Storage, gathered.items.get(item)?.instance.clone(), 1, points)));
    for (group, instance, tag, points) in host.chain(storage).filter(|(_, _, _, points)| !points.is_empty()) {
        if let Some(key) = SeriesKey::new(group, instance, tag) {
            series.insert(key, points);
        }
    }
}
