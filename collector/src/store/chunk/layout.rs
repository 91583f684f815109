//! The header of a table of columns and the places of its bodies. Chunks and roll-ups are such tables.
//!
//! Does not know how a column is written, nor what its numbers mean.

use super::bytes::{Input, crc, put_count, put_number, unzigzag, zigzag};
use super::column::{Candidate, Related};
use super::{ChunkError, FRAMES_MAX, column};
use crate::series::{Group, Instance, tags};
use std::ops::Range;

/// Bytes before the header's length.
const FRONT: usize = 5;

/// Bodies up to so many bytes stand in the header: a CRC of their own would cost more than it guards.
const INLINE_MAX: usize = 24;

/// What sort of table it is: its first byte, and how many columns a series has.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Form {
    pub(in crate::store) version: u8,
    pub(in crate::store) lanes: fn(Group, u8) -> usize,
    /// Whether series may be computed ones.
    pub(in crate::store) derived: bool,
}

impl Form {
    fn columns(&self, group: Group, mask: u32) -> usize {
        tags(mask).map(|tag| (self.lanes)(group, tag)).sum()
    }
}

/// One item of a shape: which, and the mask of its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::store) struct Entry {
    pub(in crate::store) item: usize,
    pub(in crate::store) mask: u32,
}

/// One item of a table.
#[derive(Debug)]
pub(in crate::store) struct TableItem {
    pub(in crate::store) group: Group,
    pub(in crate::store) instance: Instance,
    /// Of all tags that any row has.
    pub(in crate::store) mask: u32,
}

/// Rows turned into columns.
#[derive(Debug, Default)]
pub(in crate::store) struct Table {
    pub(in crate::store) times: Vec<u64>,
    pub(in crate::store) shape_of: Vec<u64>,
    pub(in crate::store) shapes: Vec<Vec<Entry>>,
    pub(in crate::store) items: Vec<TableItem>,
    /// By item, rising tag, lane: numbers of the rows that have that field.
    pub(in crate::store) columns: Vec<Vec<u64>>,
}

impl Table {
    /// What column `related` says may be taken off, summed.
    fn candidates(&self, related: &[Vec<Related>]) -> Vec<Candidate> {
        let sum = |related: &Vec<Related>| {
            let mut sum: Vec<u64> = Vec::new();
            for other in related {
                add(&mut sum, self.columns.get(other.column)?, other.negated)?;
            }
            Some(Candidate { related: related.clone(), sum })
        };
        related.iter().filter_map(sum).collect()
    }
}

/// Adds a related column to a sum; `None` when their lengths differ.
pub(super) fn add(sum: &mut Vec<u64>, column: &[u64], negated: bool) -> Option<()> {
    if sum.is_empty() {
        sum.resize(column.len(), 0);
    }
    let same = sum.len() == column.len();
    for (sum, number) in sum.iter_mut().zip(column) {
        *sum = if negated { sum.wrapping_sub(*number) } else { sum.wrapping_add(*number) };
    }
    same.then_some(())
}

/// Where a column is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    bytes: Range<usize>,
    /// In the bodies, with a CRC after it.
    guarded: bool,
}

/// One item as the header has it.
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
}

/// Writes a table; `related` gives, by column, what it may be related to.
pub(in crate::store) fn write(form: &Form, table: &Table, related: &[Vec<Vec<Related>>]) -> Vec<u8> {
    let mut header = Vec::with_capacity(1024);
    let mut bodies = Vec::with_capacity(16 * 1024);
    put_count(&mut header, table.times.len());
    put_count(&mut header, table.items.len());
    for item in &table.items {
        header.push(item.group.code());
        put_count(&mut header, item.instance.as_str().len());
        header.extend_from_slice(item.instance.as_str().as_bytes());
        put_number(&mut header, item.mask.into());
    }
    put_count(&mut header, table.shapes.len());
    for shape in &table.shapes {
        put_count(&mut header, shape.len());
        for (position, entry) in (0_i64..).zip(shape) {
            let union = table.items.get(entry.item).map_or(0, |item| item.mask);
            put_number(&mut header, zigzag(i64::try_from(entry.item).unwrap_or(i64::MAX) - position));
            put_number(&mut header, (entry.mask ^ union).into());
        }
    }
    let mut column = |numbers: &[u64], candidates: &[Candidate]| {
        let body = column::encode(numbers, candidates);
        if body.len() <= INLINE_MAX {
            put_count(&mut header, body.len() * 2 + 1);
            header.extend_from_slice(&body);
        } else {
            put_count(&mut header, body.len() * 2);
            bodies.extend_from_slice(&body);
            bodies.extend_from_slice(&crc(&body));
        }
    };
    column(&table.times, &[]);
    column(&table.shape_of, &[]);
    for (index, numbers) in table.columns.iter().enumerate() {
        let related = related.get(index).map(Vec::as_slice).unwrap_or_default();
        column(numbers, &table.candidates(related));
    }
    let mut bytes = Vec::with_capacity(FRONT + 5 + header.len() + bodies.len());
    bytes.push(form.version);
    bytes.extend_from_slice(&crc(&header));
    put_count(&mut bytes, header.len());
    bytes.extend_from_slice(&header);
    bytes.extend_from_slice(&bodies);
    bytes
}

/// Reads the header of a table.
pub(super) fn read(form: &Form, bytes: &[u8]) -> Result<Header, ChunkError> {
    let damaged = ChunkError::Damaged { what: "header" };
    let mut input = Input(bytes);
    let version = input.byte().ok_or(damaged)?;
    if version != form.version {
        let newer = version > form.version;
        return Err(if newer { ChunkError::Version { found: version, known: form.version } } else { damaged });
    }
    let guard = input.take(4).ok_or(damaged)?;
    let header = input.count().and_then(|length| input.take(length)).ok_or(damaged)?;
    if guard != crc(header) {
        return Err(damaged);
    }
    let begins = bytes.len() - input.0.len() - header.len();
    parse(form, header, begins, bytes.len()).ok_or(damaged)
}

/// `begins`: where the header begins in a chunk of `whole` bytes.
fn parse(form: &Form, header: &[u8], begins: usize, whole: usize) -> Option<Header> {
    let mut input = Input(header);
    let frames = input.count().filter(|frames| *frames <= FRAMES_MAX)?;
    let mut columns = 0;
    let count = input.count_here()?;
    let mut items = Vec::with_capacity(count);
    for _ in 0..count {
        let item = parse_item(form, &mut input, columns)?;
        columns += form.columns(item.group, item.mask);
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

fn parse_item(form: &Form, input: &mut Input<'_>, first: usize) -> Option<HeaderItem> {
    let group = Group::from_code(input.byte()?).filter(|group| form.derived || !group.is_derived())?;
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
