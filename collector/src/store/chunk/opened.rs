//! A table of columns whose header, times and shapes were read: finds and reads columns, the related ones first.
//!
//! Does not know what a row is.

use super::layout::{self, Entry, Form, Header, HeaderItem};
use super::{ChunkError, VALUES_MAX, column};
use crate::series::{Group, SeriesKey, tags};
use pantau_shared::timestamp::Timestamp;

/// Columns that are related to columns that are related …: at most so often.
const DEPTH_MAX: u8 = 4;

const LIST: ChunkError = ChunkError::Damaged { what: "list of values" };

/// See the top of the file.
#[derive(Debug)]
pub(in crate::store) struct Opened<'a> {
    header: Header,
    form: Form,
    bytes: &'a [u8],
    pub(in crate::store) times: Vec<Timestamp>,
    pub(in crate::store) shape_of: Vec<u32>,
    /// By column, how many numbers it has.
    counts: Vec<usize>,
}

/// Where a series is.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Found {
    item: usize,
    tag: u8,
    /// Its first column.
    pub(in crate::store) column: usize,
}

impl<'a> Opened<'a> {
    pub(in crate::store) fn open(form: Form, bytes: &'a [u8]) -> Result<Self, ChunkError> {
        let header = layout::read(&form, bytes)?;
        let times = column::decode(header.body(bytes, &header.times)?, header.frames, None)?;
        let times = times.into_iter().map(|ms| Timestamp::from_ms(ms.cast_signed())).collect();
        let shapes = column::decode(header.body(bytes, &header.shape_of)?, header.frames, None)?;
        let known = |shape: u64| u32::try_from(shape).ok().filter(|shape| header.shapes.len() > *shape as usize);
        let shape_of: Option<Vec<u32>> = shapes.into_iter().map(known).collect();
        let shape_of = shape_of.ok_or(ChunkError::Damaged { what: "list of shapes" })?;
        let mut opened = Self { header, form, bytes, times, shape_of, counts: Vec::new() };
        opened.counts = opened.count();
        if opened.values() > VALUES_MAX {
            return Err(ChunkError::Damaged { what: "number of values" });
        }
        Ok(opened)
    }

    pub(in crate::store) fn values(&self) -> usize {
        self.counts.iter().copied().fold(0, usize::saturating_add)
    }

    pub(super) fn items(&self) -> &[HeaderItem] {
        &self.header.items
    }

    pub(super) fn shape(&self, shape: u32) -> Option<&[Entry]> {
        self.header.shapes.get(shape as usize).map(Vec::as_slice)
    }

    pub(in crate::store) fn keys(&self) -> impl Iterator<Item = SeriesKey> + '_ {
        self.header
            .items
            .iter()
            .flat_map(|item| tags(item.mask).filter_map(|tag| SeriesKey::new(item.group, item.instance.clone(), tag)))
    }

    pub(in crate::store) fn find(&self, key: &SeriesKey) -> Option<Found> {
        let (index, item) = self.header.items.iter().enumerate().find(|(_, item)| {
            item.group == key.group() && item.instance == *key.instance() && item.mask & 1 << key.tag() != 0
        })?;
        let before = tags(item.mask).take_while(|tag| *tag < key.tag());
        let column = item.first + before.map(|tag| (self.form.lanes)(item.group, tag)).sum::<usize>();
        Some(Found { item: index, tag: key.tag(), column })
    }

    /// When the rows were that have this series.
    pub(in crate::store) fn times_of(&self, found: Found) -> impl Iterator<Item = Timestamp> + '_ {
        let has = |entry: &Entry| entry.item == found.item && entry.mask & 1 << found.tag != 0;
        let shapes: Vec<bool> = self.header.shapes.iter().map(|shape| shape.iter().any(has)).collect();
        let rows = self.times.iter().zip(&self.shape_of);
        rows.filter(move |(_, shape)| shapes.get(**shape as usize).copied().unwrap_or_default()).map(|(at, _)| *at)
    }

    /// The numbers of these columns.
    pub(in crate::store) fn columns<const N: usize>(&self, wanted: [usize; N]) -> Result<[Vec<u64>; N], ChunkError> {
        let mut read = vec![None; self.header.columns.len()];
        for column in wanted {
            self.read(column, &mut read, DEPTH_MAX)?;
        }
        // A column may be wanted and needed: it is moved out last.
        Ok(wanted.map(|column| read.get_mut(column).and_then(Option::take).unwrap_or_default()))
    }

    /// The numbers of all columns of these groups; of others, nothing or what was needed.
    pub(in crate::store) fn groups(&self, groups: &[Group]) -> Result<Vec<Vec<u64>>, ChunkError> {
        let mut read = vec![None; self.header.columns.len()];
        for item in self.header.items.iter().filter(|item| groups.contains(&item.group)) {
            let count: usize = tags(item.mask).map(|tag| (self.form.lanes)(item.group, tag)).sum();
            for column in item.first..item.first + count {
                self.read(column, &mut read, DEPTH_MAX)?;
            }
        }
        Ok(read.into_iter().map(Option::unwrap_or_default).collect())
    }

    fn read(&self, column: usize, read: &mut [Option<Vec<u64>>], depth: u8) -> Result<(), ChunkError> {
        if read.get(column).ok_or(LIST)?.is_some() {
            return Ok(());
        }
        let place = self.header.columns.get(column).ok_or(LIST)?;
        let count = self.counts.get(column).copied().ok_or(LIST)?;
        let body = self.header.body(self.bytes, place)?;
        let related = column::related(body)?;
        let depth = if related.is_empty() { depth } else { depth.checked_sub(1).ok_or(LIST)? };
        let mut sum: Vec<u64> = Vec::new();
        for other in &related {
            self.read(other.column, read, depth)?;
            let numbers = read.get(other.column).and_then(Option::as_ref).ok_or(LIST)?;
            layout::add(&mut sum, numbers, other.negated).ok_or(LIST)?;
        }
        let numbers = column::decode(body, count, (!related.is_empty()).then_some(sum.as_slice()))?;
        if let Some(place) = read.get_mut(column) {
            *place = Some(numbers);
        }
        Ok(())
    }

    fn count(&self) -> Vec<usize> {
        let mut rows = vec![0_usize; self.header.shapes.len()];
        for shape in &self.shape_of {
            if let Some(count) = rows.get_mut(*shape as usize) {
                *count += 1;
            }
        }
        let mut counts = vec![0_usize; self.header.columns.len()];
        for (shape, rows) in self.header.shapes.iter().zip(rows) {
            for entry in shape {
                let Some(item) = self.header.items.get(entry.item) else { continue };
                let mut column = item.first;
                for tag in tags(item.mask) {
                    let lanes = (self.form.lanes)(item.group, tag);
                    if entry.mask & 1 << tag != 0 {
                        let own = counts.get_mut(column..column + lanes).unwrap_or_default();
                        own.iter_mut().for_each(|count| *count += rows);
                    }
                    column += lanes;
                }
            }
        }
        counts
    }

    /// How each column was written, and in how many bytes.
    pub(in crate::store) fn encodings(&self) -> Vec<(&'static str, usize)> {
        let body = |place| self.header.body(self.bytes, place).unwrap_or_default();
        self.header.columns.iter().map(body).map(|body| (column::name_of(body), body.len())).collect()
    }
}
