//! Frames turned by ninety degrees: from samples to columns and shapes.
//!
//! Frames of one host look alike, so each item is first compared with the one at the same place in the frame before;
//! only what differs is looked up. Does not know how columns are written.

use super::layout::{Entry, Table, TableItem};
use crate::series::{Group, Instance, ItemRef, Name, tags, walk};
use pantau_shared::sample::Sample;
use pantau_shared::timestamp::Timestamp;
use std::collections::HashMap;

/// One item of any frame, and its columns.
#[derive(Debug)]
pub(in crate::store) struct GatheredItem {
    pub(in crate::store) group: Group,
    pub(in crate::store) instance: Instance,
    name: Name,
    /// The frame that had it last.
    seen_in: Option<usize>,
    /// By rising tag, what frames with that field have.
    pub(in crate::store) columns: Vec<(u8, Vec<u64>)>,
}

impl GatheredItem {
    pub(in crate::store) fn mask(&self) -> u32 {
        self.columns.iter().fold(0, |mask, (tag, _)| mask | 1 << tag)
    }
}

/// All frames as columns.
#[derive(Debug, Default)]
pub(in crate::store) struct Gathered {
    pub(in crate::store) times: Vec<u64>,
    pub(in crate::store) shape_of: Vec<u64>,
    pub(in crate::store) shapes: Vec<Vec<Entry>>,
    pub(in crate::store) items: Vec<GatheredItem>,
    known: HashMap<(Group, Name, u32), usize>,
    frames: usize,
}

impl Gathered {
    /// How many values there are.
    pub(in crate::store) fn values(&self) -> usize {
        self.items.iter().flat_map(|item| &item.columns).map(|(_, column)| column.len()).sum()
    }

    /// As a table whose series have one column each.
    pub(in crate::store) fn into_table(self) -> Table {
        let mut columns = Vec::new();
        let mut items = Vec::with_capacity(self.items.len());
        for item in self.items {
            items.push(TableItem { group: item.group, mask: item.mask(), instance: item.instance.clone() });
            columns.extend(item.columns.into_iter().map(|(_, column)| column));
        }
        Table { times: self.times, shape_of: self.shape_of, shapes: self.shapes, items, columns }
    }

    /// The item that is met, where the frame before had `expected`; whether it is that.
    fn item(&mut self, item: &ItemRef<'_>, expected: Option<Entry>) -> (usize, bool) {
        let frame = self.shape_of.len();
        if let Some(entry) = expected
            && let Some(known) = self.items.get_mut(entry.item)
            && known.group == item.group
            && known.name == item.name
        {
            known.seen_in = Some(frame);
            return (entry.item, true);
        }
        let next = self.items.len();
        let mut key = (item.group, item.name.to_owned(), 0);
        // Of a name met before in this frame, the next one is meant.
        let index = loop {
            let index = *self.known.entry(key.clone()).or_insert(next);
            if self.items.get(index).is_none_or(|known| known.seen_in != Some(frame)) {
                break index;
            }
            key.2 += 1;
        };
        match self.items.get_mut(index) {
            Some(known) => known.seen_in = Some(frame),
            None => self.items.push(GatheredItem {
                group: item.group,
                instance: item.name.instance(key.2),
                name: key.1,
                seen_in: Some(frame),
                columns: Vec::new(),
            }),
        }
        (index, false)
    }

    fn push(&mut self, index: usize, item: &ItemRef<'_>) {
        let frames = self.frames;
        let Some(gathered) = self.items.get_mut(index) else { return };
        let mut place = 0;
        for (tag, value) in item.values.iter() {
            while gathered.columns.get(place).is_some_and(|(known, _)| *known < tag) {
                place += 1;
            }
            if gathered.columns.get(place).is_none_or(|(known, _)| *known != tag) {
                gathered.columns.insert(place, (tag, Vec::with_capacity(frames)));
            }
            if let Some((_, column)) = gathered.columns.get_mut(place) {
                column.push(value);
            }
        }
    }
}

/// Gathers `frames`, in their order.
pub(in crate::store) fn gather(frames: &[&(Timestamp, Sample)]) -> Gathered {
    let mut all = Gathered { frames: frames.len(), ..Gathered::default() };
    let mut known_shapes: HashMap<Vec<Entry>, u64> = HashMap::new();
    let mut before: Vec<Entry> = Vec::new();
    let mut current: Vec<Entry> = Vec::new();
    let mut shape = 0;
    for (at, sample) in frames.iter().copied() {
        current.clear();
        // Names may repeat: a place means the same item only while all places before it do.
        let mut straight = true;
        walk(sample, |item| {
            let expected = before.get(current.len()).copied().filter(|_| straight);
            let (index, as_expected) = all.item(item, expected);
            straight &= as_expected;
            all.push(index, item);
            current.push(Entry { item: index, mask: item.values.mask });
        });
        if all.shape_of.is_empty() || current != before {
            let next = known_shapes.len() as u64;
            shape = *known_shapes.entry(current.clone()).or_insert(next);
            if shape == next {
                all.shapes.push(current.clone());
            }
            std::mem::swap(&mut before, &mut current);
        }
        all.times.push(at.as_ms().cast_unsigned());
        all.shape_of.push(shape);
    }
    debug_assert!(all.items.iter().all(|item| tags(item.mask()).count() == item.columns.len()));
    all
}
