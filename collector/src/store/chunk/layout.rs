//! The header of a chunk and the places of its columns. Does not know how a column is written.

use super::bytes::{Input, crc, put_count, put_number, unzigzag, zigzag};
use super::gather::{Entry, Gathered};
use super::{ChunkError, FRAMES_MAX, column};
use crate::series::{Group, Instance, tags};
use std::ops::Range;

const VERSION: u8 = 1;

/// Bytes before the header's length.
const FRONT: usize = 5;

/// Bodies up to so many bytes stand in the header: a CRC of their own would cost more than it guards.
const INLINE_MAX: usize = 24;

/// Where a column is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    bytes: Range<usize>,
    /// In the bodies, with a CRC after it.
    guarded: bool,
}

/// One item of the chunk.
#[derive(Debug)]
pub(super) struct HeaderItem {
    pub(super) group: Group,
    pub(super) instance: Instance,
    pub(super) parts: Vec<String>,
    pub(super) mask: u32,
    /// Its first column.
    pub(super) first: usize,
}

/// What the header says.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) frames: usize,
    pub(super) items: Vec<HeaderItem>,
    pub(super) shapes: Vec<Vec<Entry>>,
    pub(super) times: Place,
    pub(super) shape_of: Place,
    pub(super) columns: Vec<Place>,
}

impl Header {
    /// The bytes of a column, checked.
    pub(super) fn body<'a>(&self, bytes: &'a [u8], place: &Place) -> Result<&'a [u8], ChunkError> {
        let damaged = ChunkError::Damaged { what: "column" };
        let body = bytes.get(place.bytes.clone()).ok_or(damaged)?;
        let guard = bytes.get(place.bytes.end..).and_then(|rest| rest.get(..4));
        if place.guarded && guard != Some(&crc(body)) {
            return Err(damaged);
        }
        Ok(body)
    }

    /// By shape: whether it has that field of that item.
    pub(super) fn shapes_with(&self, item: usize, tag: u8) -> Vec<bool> {
        let has = |shape: &Vec<Entry>| shape.iter().any(|entry| entry.item == item && entry.mask & 1 << tag != 0);
        self.shapes.iter().map(has).collect()
    }

    /// How many values each column has.
    pub(super) fn counts(&self, shape_of: &[u32]) -> Vec<usize> {
        let mut frames = vec![0_usize; self.shapes.len()];
        for shape in shape_of {
            if let Some(count) = frames.get_mut(*shape as usize) {
                *count += 1;
            }
        }
        let mut counts = vec![0_usize; self.columns.len()];
        for (shape, frames) in self.shapes.iter().zip(frames) {
            for entry in shape {
                let Some(item) = self.items.get(entry.item) else { continue };
                for (column, tag) in (item.first..).zip(tags(item.mask)) {
                    if let Some(count) = counts.get_mut(column).filter(|_| entry.mask & 1 << tag != 0) {
                        *count += frames;
                    }
                }
            }
        }
        counts
    }
}

/// Writes a chunk.
pub(super) fn write(gathered: &Gathered) -> Vec<u8> {
    let mut header = Vec::with_capacity(1024);
    let mut bodies = Vec::with_capacity(8 * 1024);
    put_count(&mut header, gathered.times.len());
    put_count(&mut header, gathered.items.len());
    for item in &gathered.items {
        header.push(item.group.code());
        put_count(&mut header, item.instance.as_str().len());
        header.extend_from_slice(item.instance.as_str().as_bytes());
        put_number(&mut header, item.mask().into());
    }
    put_count(&mut header, gathered.shapes.len());
    for shape in &gathered.shapes {
        put_count(&mut header, shape.len());
        for (position, entry) in (0_i64..).zip(shape) {
            let union = gathered.items.get(entry.item).map_or(0, |item| item.mask());
            put_number(&mut header, zigzag(i64::try_from(entry.item).unwrap_or(i64::MAX) - position));
            put_number(&mut header, (entry.mask ^ union).into());
        }
    }
    let mut column = |values: &[u64]| {
        let body = column::encode(values);
        if body.len() <= INLINE_MAX {
            put_count(&mut header, body.len() * 2 + 1);
            header.extend_from_slice(&body);
        } else {
            put_count(&mut header, body.len() * 2);
            bodies.extend_from_slice(&body);
            bodies.extend_from_slice(&crc(&body));
        }
    };
    column(&gathered.times);
    column(&gathered.shape_of);
    for (_, values) in gathered.items.iter().flat_map(|item| &item.columns) {
        column(values);
    }
    let mut chunk = Vec::with_capacity(FRONT + 5 + header.len() + bodies.len());
    chunk.push(VERSION);
    chunk.extend_from_slice(&crc(&header));
    put_count(&mut chunk, header.len());
    chunk.extend_from_slice(&header);
    chunk.extend_from_slice(&bodies);
    chunk
}

/// Reads the header of a chunk.
pub(super) fn read(bytes: &[u8]) -> Result<Header, ChunkError> {
    let damaged = ChunkError::Damaged { what: "header" };
    let mut input = Input(bytes);
    let version = input.byte().ok_or(damaged)?;
    if version != VERSION {
        return Err(if version == 0 { damaged } else { ChunkError::Version { found: version, known: VERSION } });
    }
    let guard = input.take(4).ok_or(damaged)?;
    let header = input.count().and_then(|length| input.take(length)).ok_or(damaged)?;
    if guard != crc(header) {
        return Err(damaged);
    }
    let begins = bytes.len() - input.0.len() - header.len();
    parse(header, begins, bytes.len()).ok_or(damaged)
}

/// `begins`: where the header begins in a chunk of `whole` bytes.
fn parse(header: &[u8], begins: usize, whole: usize) -> Option<Header> {
    let mut input = Input(header);
    let frames = input.count().filter(|frames| *frames <= FRAMES_MAX)?;
    let mut columns = 0;
    let count = input.count_here()?;
    let mut items = Vec::with_capacity(count);
    for _ in 0..count {
        let item = parse_item(&mut input, columns)?;
        columns += item.mask.count_ones() as usize;
        items.push(item);
    }
    let count = input.count_here()?;
    let mut shapes = Vec::with_capacity(count);
    let mut seen = vec![0; items.len()];
    for number in 1..=count {
        shapes.push(parse_shape(&mut input, &items, &mut seen, number)?);
    }
    if columns > input.0.len() {
        return None;
    }
    let mut next_body = begins + header.len();
    let mut place = || {
        let code = input.count()?;
        let length = code / 2;
        if code % 2 == 1 {
            let start = begins + header.len() - input.0.len();
            input.take(length)?;
            return Some(Place { bytes: start..start + length, guarded: false });
        }
        let start = next_body;
        next_body = start.checked_add(length)?.checked_add(4).filter(|end| *end <= whole)?;
        Some(Place { bytes: start..start + length, guarded: true })
    };
    let (times, shape_of) = (place()?, place()?);
    let columns = (0..columns).map(|_| place()).collect::<Option<Vec<Place>>>()?;
    (input.0.is_empty() && next_body == whole).then_some(Header { frames, items, shapes, times, shape_of, columns })
}

fn parse_item(input: &mut Input<'_>, first: usize) -> Option<HeaderItem> {
    let group = Group::from_code(input.byte()?).filter(|group| !group.is_derived())?;
    let length = input.count()?;
    let text = std::str::from_utf8(input.take(length)?).ok()?;
    let instance = Instance::parse(text, group.parts()).ok()?;
    let parts = instance.split(group.parts())?.0;
    let mask = u32::try_from(input.number()?).ok().filter(|mask| mask & !group.mask() == 0)?;
    Some(HeaderItem { group, instance, parts, mask, first })
}

/// `seen`: by item, the number of the last shape that had it; each shape has an item once.
fn parse_shape(input: &mut Input<'_>, items: &[HeaderItem], seen: &mut [usize], number: usize) -> Option<Vec<Entry>> {
    let count = input.count_here()?;
    let mut shape = Vec::with_capacity(count);
    for position in 0..count {
        let distance = unzigzag(input.number()?);
        let item = usize::try_from(i64::try_from(position).ok()?.checked_add(distance)?).ok()?;
        let union = items.get(item)?.mask;
        let mask = u32::try_from(input.number()?).ok()? ^ union;
        let last = seen.get_mut(item).filter(|last| **last != number)?;
        *last = number;
        if mask & !union != 0 {
            return None;
        }
        shape.push(Entry { item, mask });
    }
    Some(shape)
}
