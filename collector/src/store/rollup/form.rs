//! Points as columns of a table, and back. The layout is told in [`super`]. Does not know what is in a step.

use super::point::{code_of, rate_of};
use super::{CounterPoint, GaugePoint, Point, Step};
use crate::series::{Group, Kind, SeriesKey};
use crate::store::chunk::column::Related;
use crate::store::chunk::layout::{self, Entry, Form, Table, TableItem};
use crate::store::chunk::{ChunkError, FRAMES_MAX, VALUES_MAX};
use pantau_shared::timestamp::Timestamp;
use std::collections::{BTreeMap, HashMap};

const FIVE_MINUTES: Form = Form { version: 129, lanes: lanes_of, derived: true };
const HOUR: Form = Form { version: 130, lanes: lanes_of, derived: true };

/// Columns that a series of that kind has.
pub(super) const fn lanes(kind: Kind) -> usize {
    match kind {
        Kind::Counter => 5,
        Kind::Gauge | Kind::State => 4,
    }
}

fn lanes_of(group: Group, tag: u8) -> usize {
    group.field(tag).map_or(0, |field| lanes(field.kind))
}

/// The step and the form of packed points.
pub(super) fn of(bytes: &[u8]) -> Result<(Step, Form), ChunkError> {
    match bytes.first() {
        Some(&129) => Ok((Step::FiveMinutes, FIVE_MINUTES)),
        Some(&130) => Ok((Step::Hour, HOUR)),
        Some(&found) if found > 130 => Err(ChunkError::Version { found, known: 130 }),
        _ => Err(ChunkError::Damaged { what: "header" }),
    }
}

fn put_lanes(point: &Point, lanes: &mut [Vec<u64>]) {
    let numbers = match point {
        Point::Gauge(p) => {
            let above = p.sum.wrapping_sub(p.count.wrapping_mul(p.min));
            [p.count, p.min, p.max.wrapping_sub(p.min), above, 0]
        }
        Point::Counter(p) => {
            let (low, high) = (code_of(p.min_rate_milli), code_of(p.max_rate_milli));
            [p.count, p.covered_ms, p.increase, low, high.wrapping_sub(low)]
        }
    };
    for (lane, number) in lanes.iter_mut().zip(numbers) {
        lane.push(number);
    }
}

/// Points from the columns of one series; `None` when they are not as many as its kind has, or not as long.
pub(super) fn points(kind: Kind, lanes: &[Vec<u64>]) -> Option<Vec<Point>> {
    let of = |row: usize| {
        let lane = |index: usize| lanes.get(index).and_then(|lane| lane.get(row)).copied();
        let (count, third) = (lane(0)?, lane(3)?);
        Some(match kind {
            Kind::Counter => Point::Counter(CounterPoint {
                count,
                covered_ms: lane(1)?,
                increase: lane(2)?,
                min_rate_milli: rate_of(third),
                max_rate_milli: rate_of(third.wrapping_add(lane(4)?)),
            }),
            Kind::Gauge | Kind::State => {
                let min = lane(1)?;
                let sum = third.wrapping_add(count.wrapping_mul(min));
                Point::Gauge(GaugePoint { count, min, max: min.wrapping_add(lane(2)?), sum })
            }
        })
    };
    (0..lanes.first()?.len()).map(of).collect()
}

type Series = BTreeMap<SeriesKey, Vec<(Timestamp, Point)>>;

/// Packs points, each series by rising time.
pub(super) fn encode(step: Step, series: &Series) -> Result<Vec<u8>, ChunkError> {
    let mut times: Vec<Timestamp> = series.values().flatten().map(|(at, _)| *at).collect();
    times.sort_unstable();
    times.dedup();
    if times.len() > FRAMES_MAX {
        return Err(ChunkError::TooLarge { what: "steps", count: times.len(), most: FRAMES_MAX });
    }
    let table = table(series, &times);
    let count: usize = table.columns.iter().map(Vec::len).sum();
    if count > VALUES_MAX {
        return Err(ChunkError::TooLarge { what: "values", count, most: VALUES_MAX });
    }
    let form = match step {
        Step::FiveMinutes => FIVE_MINUTES,
        Step::Hour => HOUR,
    };
    Ok(layout::write(&form, &table, &related(series, &table)))
}

fn table(series: &Series, times: &[Timestamp]) -> Table {
    let mut table = Table { times: times.iter().map(|at| at.as_ms().cast_unsigned()).collect(), ..Table::default() };
    let mut rows: Vec<Vec<Entry>> = vec![Vec::new(); times.len()];
    // Keys are in order of group, instance, tag: series of one item are neighbours.
    for (key, points) in series {
        let last = table.items.last_mut().filter(|i| i.group == key.group() && i.instance == *key.instance());
        match last {
            Some(item) => item.mask |= 1 << key.tag(),
            None => {
                let (group, instance) = (key.group(), key.instance().clone());
                table.items.push(TableItem { group, instance, mask: 1 << key.tag() });
            }
        }
        let item = table.items.len() - 1;
        let mut columns = vec![Vec::with_capacity(points.len()); lanes(key.field().kind)];
        let mut row = 0;
        for (at, point) in points {
            while times.get(row).is_some_and(|time| time < at) {
                row += 1;
            }
            let Some(entries) = rows.get_mut(row) else { continue };
            match entries.last_mut().filter(|entry| entry.item == item) {
                Some(entry) => entry.mask |= 1 << key.tag(),
                None => entries.push(Entry { item, mask: 1 << key.tag() }),
            }
            put_lanes(point, &mut columns);
        }
        table.columns.extend(columns);
    }
    let mut known: HashMap<Vec<Entry>, u64> = HashMap::new();
    for entries in rows {
        let next = known.len() as u64;
        let shape = *known.entry(entries.clone()).or_insert(next);
        if shape == next {
            table.shapes.push(entries);
        }
        table.shape_of.push(shape);
    }
    table
}

/// Counts and times are told by those of the first series of their kind that has as many points.
fn related(series: &Series, table: &Table) -> Vec<Vec<Vec<Related>>> {
    let mut all = vec![Vec::new(); table.columns.len()];
    let mut firsts: HashMap<(bool, usize), usize> = HashMap::new();
    let mut column = 0;
    for (key, points) in series {
        let kind = key.field().kind;
        let is_counter = kind == Kind::Counter;
        let first = *firsts.entry((is_counter, points.len())).or_insert(column);
        let shared = if is_counter { 2 } else { 1 };
        for lane in 0..if first == column { 0 } else { shared } {
            if let Some(place) = all.get_mut(column + lane) {
                place.push(vec![Related { column: first + lane, negated: false }]);
            }
        }
        column += lanes(kind);
    }
    all
}
