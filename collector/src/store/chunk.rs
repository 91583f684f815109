//! A chunk: the frames of one host over one hour as columns, one per series, each readable without the others.
//!
//! # Limits
//!
//! At most [`FRAMES_MAX`] frames and [`VALUES_MAX`] values; what is above is refused at encoding, so that a chunk never
//! asks a reader for more memory than that. Nothing depends on the sampling period, on the hour, or on order: frames
//! come back as they went in, duplicates of one instant too.
//!
//! # Layout
//!
//! `v` is an unsigned LEB128 number, `z` a zig-zag one.
//!
//! ```text
//! u8    version: 1
//! u32   CRC-32 of the header, little-endian
//! v     bytes of the header
//! header
//!   v     frames
//!   v     items;   each: u8 group, v bytes, text of the instance, v mask of tags that any frame has
//!   v     shapes;  each: v entries; each: z item (less the entry's position), v mask (XOR the item's)
//!   columns: times, shape of each frame, then each item's tags in rising order
//!         each: v (bytes × 2 + 1) and so many bytes here, or v (bytes × 2): they are in the bodies
//! bodies  in that order, each followed by its CRC-32
//! ```
//!
//! A *shape* is which items a frame has, in which order, with which fields. Most hours have one; series that come and
//! go, missing sources and changed order make more. A column holds the values of the frames whose shape has it, and
//! nothing for the others. How a column is written is told in [`column`].
//!
//! # Versions
//!
//! A reader refuses versions it does not know ([`ChunkError::Version`]). Groups, tags and column codes may be added
//! under a new version only; what they mean never changes.
//!
//! # Damage
//!
//! Any bytes give a chunk or an error. A damaged header loses the chunk, a damaged body one series and whole frames,
//! not the other series. [`Chunk::verify`] reads everything.
//!
//! Does not know hosts, hours or rows.

mod bytes;
mod column;
mod gather;
mod layout;

use crate::series::{Restored, SeriesKey, tags};
use layout::{Header, Place};
use pantau_shared::sample::Sample;
use pantau_shared::timestamp::Timestamp;

/// Most frames in a chunk: an hour at four a second.
pub const FRAMES_MAX: usize = 16_384;

/// Most values in a chunk, over all series and frames: 128 MiB when all are in memory.
pub const VALUES_MAX: usize = 1 << 24;

/// Why there is no chunk, or no value of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// The bytes are not what was written.
    #[error("chunk is damaged: its {what} cannot be read; restore the store from a backup")]
    Damaged {
        /// The part.
        what: &'static str,
    },
    /// Written by a newer program.
    #[error("chunk has version {found}, this program knows up to {known}; start the newer program")]
    Version {
        /// In the chunk.
        found: u8,
        /// The newest known.
        known: u8,
    },
    /// More than a chunk may hold.
    #[error("chunk of {count} {what} cannot be made, at most {most}; sample less often")]
    TooLarge {
        /// Frames or values.
        what: &'static str,
        /// How many.
        count: usize,
        /// The bound.
        most: usize,
    },
}

/// Encodes frames in the order given.
///
/// # Errors
/// [`ChunkError::TooLarge`].
pub fn encode(frames: &[(Timestamp, Sample)]) -> Result<Vec<u8>, ChunkError> {
    if frames.len() > FRAMES_MAX {
        return Err(ChunkError::TooLarge { what: "frames", count: frames.len(), most: FRAMES_MAX });
    }
    encode_within(VALUES_MAX, frames)
}

fn encode_within(most: usize, frames: &[(Timestamp, Sample)]) -> Result<Vec<u8>, ChunkError> {
    let gathered = gather::gather(frames);
    let count = gathered.values();
    if count > most {
        return Err(ChunkError::TooLarge { what: "values", count, most });
    }
    Ok(layout::write(&gathered))
}

/// The chunk with `late` frames added, by time; of one instant the chunk's come first.
///
/// # Errors
/// When the chunk cannot be read, or would be too large.
pub fn merge(chunk: &[u8], late: &[(Timestamp, Sample)]) -> Result<Vec<u8>, ChunkError> {
    let mut frames = Chunk::open(chunk)?.frames()?;
    frames.extend_from_slice(late);
    frames.sort_by_key(|(at, _)| *at);
    encode(&frames)
}

/// A chunk whose header, times and shapes were read.
#[derive(Debug)]
pub struct Chunk<'a> {
    header: Header,
    bytes: &'a [u8],
    times: Vec<Timestamp>,
    shape_of: Vec<u32>,
}

impl<'a> Chunk<'a> {
    /// Reads the header, the times and the shapes.
    ///
    /// # Errors
    /// [`ChunkError::Damaged`], [`ChunkError::Version`].
    pub fn open(bytes: &'a [u8]) -> Result<Self, ChunkError> {
        let header = layout::read(bytes)?;
        let times = column::decode(header.body(bytes, &header.times)?, header.frames)?;
        let times = times.into_iter().map(|ms| Timestamp::from_ms(ms.cast_signed())).collect();
        let shapes = column::decode(header.body(bytes, &header.shape_of)?, header.frames)?;
        let known = |shape: u64| u32::try_from(shape).ok().filter(|shape| header.shapes.len() > *shape as usize);
        let shape_of: Option<Vec<u32>> = shapes.into_iter().map(known).collect();
        let shape_of = shape_of.ok_or(ChunkError::Damaged { what: "list of shapes" })?;
        let chunk = Self { header, bytes, times, shape_of };
        let values = chunk.values();
        if values > VALUES_MAX {
            return Err(ChunkError::Damaged { what: "number of values" });
        }
        Ok(chunk)
    }

    /// When each frame was taken.
    pub fn times(&self) -> &[Timestamp] {
        &self.times
    }

    /// All series, in the chunk's order.
    pub fn keys(&self) -> impl Iterator<Item = SeriesKey> + '_ {
        self.header
            .items
            .iter()
            .flat_map(|item| tags(item.mask).filter_map(|tag| SeriesKey::new(item.group, item.instance.clone(), tag)))
    }

    /// How many values it holds.
    pub fn values(&self) -> usize {
        let mut per_shape = vec![0_usize; self.header.shapes.len()];
        for (place, shape) in per_shape.iter_mut().zip(&self.header.shapes) {
            *place = shape.iter().map(|entry| entry.mask.count_ones() as usize).sum();
        }
        let of = |shape: &u32| per_shape.get(*shape as usize).copied().unwrap_or_default();
        self.shape_of.iter().map(of).fold(0, usize::saturating_add)
    }

    /// One series: instants and values of the frames that have it. Empty when the chunk has no such series.
    ///
    /// # Errors
    /// [`ChunkError::Damaged`] when its bytes are.
    pub fn column(&self, key: &SeriesKey) -> Result<Vec<(Timestamp, u64)>, ChunkError> {
        let found = self.header.items.iter().enumerate().find(|(_, item)| {
            item.group == key.group() && item.instance == *key.instance() && item.mask & 1 << key.tag() != 0
        });
        let Some((index, item)) = found else { return Ok(Vec::new()) };
        let has = self.header.shapes_with(index, key.tag());
        let present = |shape: &u32| has.get(*shape as usize).copied().unwrap_or_default();
        let frames = self.times.iter().zip(&self.shape_of).filter(|(_, shape)| present(shape));
        let count = self.shape_of.iter().filter(|shape| present(shape)).count();
        let before = tags(item.mask).take_while(|tag| *tag < key.tag()).count();
        let place = self.header.columns.get(item.first + before).ok_or(ChunkError::Damaged { what: "directory" })?;
        let values = self.decode(place, count)?;
        Ok(frames.map(|(at, _)| *at).zip(values).collect())
    }

    /// All frames, as they were encoded.
    ///
    /// # Errors
    /// [`ChunkError::Damaged`] when any series is.
    pub fn frames(&self) -> Result<Vec<(Timestamp, Sample)>, ChunkError> {
        let columns = self.decode_all()?;
        let mut rest: Vec<std::slice::Iter<'_, u64>> = columns.iter().map(|column| column.iter()).collect();
        let damaged = ChunkError::Damaged { what: "list of values" };
        let frame = |(at, shape): (&Timestamp, &u32)| {
            let sample = self.frame(*shape, &mut rest).ok_or(damaged)?;
            Ok((*at, sample))
        };
        self.times.iter().zip(&self.shape_of).map(frame).collect()
    }

    /// Reads everything and keeps nothing.
    ///
    /// # Errors
    /// The first damage found.
    pub fn verify(&self) -> Result<(), ChunkError> {
        self.frames().map(drop)
    }

    fn decode(&self, place: &Place, count: usize) -> Result<Vec<u64>, ChunkError> {
        column::decode(self.header.body(self.bytes, place)?, count)
    }

    fn decode_all(&self) -> Result<Vec<Vec<u64>>, ChunkError> {
        let counts = self.header.counts(&self.shape_of);
        self.header.columns.iter().zip(counts).map(|(place, count)| self.decode(place, count)).collect()
    }

    fn frame(&self, shape: u32, rest: &mut [std::slice::Iter<'_, u64>]) -> Option<Sample> {
        let mut restored = Restored::default();
        for entry in self.header.shapes.get(shape as usize)? {
            let item = self.header.items.get(entry.item)?;
            restored.item(item.group, &item.parts)?;
            let mut columns = rest.get_mut(item.first..)?.iter_mut();
            for tag in tags(item.mask) {
                let column = columns.next()?;
                if entry.mask & 1 << tag != 0 {
                    restored.value(tag, *column.next()?)?;
                }
            }
        }
        Some(restored.sample)
    }
}

#[cfg(test)]
mod tests;
