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
//! nothing for the others. How a column is written is told in [`mod@column`]; which others it may be told by, in [`kin`].
//!
//! # Versions
//!
//! A reader refuses versions it does not know ([`ChunkError::Version`]). Groups, tags and column codes may be added
//! under a new version only; what they mean never changes.
//!
//! # Damage
//!
//! Any bytes give a chunk or an error. A damaged header loses the chunk, a damaged body one series and whole frames,
//! and those told by it, not the others. [`Chunk::verify`] reads everything.
//!
//! Does not know hosts, hours or rows.

pub(in crate::store) mod bytes;
pub(in crate::store) mod column;
pub(in crate::store) mod gather;
mod kin;
pub(in crate::store) mod layout;
pub(in crate::store) mod opened;

use crate::series::{Group, Restored, SeriesKey, tags};
use layout::Form;
use opened::Opened;
use pantau_shared::sample::Sample;
use pantau_shared::timestamp::Timestamp;

/// Most frames in a chunk: an hour at four a second.
pub const FRAMES_MAX: usize = 16_384;

/// Most values in a chunk, over all series and frames: 128 MiB when all are in memory.
pub const VALUES_MAX: usize = 1 << 24;

const FORM: Form = Form { version: 1, lanes: |_, _| 1, derived: false };

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
    let gathered = gather::gather(&frames.iter().collect::<Vec<_>>());
    let count = gathered.values();
    if count > most {
        return Err(ChunkError::TooLarge { what: "values", count, most });
    }
    let table = gathered.into_table();
    Ok(layout::write(&FORM, &table, &kin::related(&table)))
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
    opened: Opened<'a>,
}

impl<'a> Chunk<'a> {
    /// Reads the header, the times and the shapes.
    ///
    /// # Errors
    /// [`ChunkError::Damaged`], [`ChunkError::Version`].
    pub fn open(bytes: &'a [u8]) -> Result<Self, ChunkError> {
        Ok(Self { opened: Opened::open(FORM, bytes)? })
    }

    /// When each frame was taken.
    pub fn times(&self) -> &[Timestamp] {
        &self.opened.times
    }

    /// All series, in the chunk's order.
    pub fn keys(&self) -> impl Iterator<Item = SeriesKey> + '_ {
        self.opened.keys()
    }

    /// How many values it holds.
    pub fn values(&self) -> usize {
        self.opened.values()
    }

    /// One series: instants and values of the frames that have it. Empty when the chunk has no such series.
    ///
    /// # Errors
    /// [`ChunkError::Damaged`] when its bytes, or those of series it is told by, are.
    pub fn column(&self, key: &SeriesKey) -> Result<Vec<(Timestamp, u64)>, ChunkError> {
        let Some(found) = self.opened.find(key) else { return Ok(Vec::new()) };
        let [values] = self.opened.columns([found.column])?;
        Ok(self.opened.times_of(found).zip(values).collect())
    }

    /// All frames, as they were encoded.
    ///
    /// # Errors
    /// [`ChunkError::Damaged`] when any series is.
    pub fn frames(&self) -> Result<Vec<(Timestamp, Sample)>, ChunkError> {
        self.frames_with(&Group::ALL)
    }

    /// All frames with the items of these groups only; nothing else is read. For what is computed from frames.
    ///
    /// # Errors
    /// [`ChunkError::Damaged`] when any series of these groups is.
    pub fn frames_with(&self, groups: &[Group]) -> Result<Vec<(Timestamp, Sample)>, ChunkError> {
        let columns = self.opened.groups(groups)?;
        let mut rest: Vec<std::slice::Iter<'_, u64>> = columns.iter().map(|column| column.iter()).collect();
        let damaged = ChunkError::Damaged { what: "list of values" };
        let frame = |(at, shape): (&Timestamp, &u32)| {
            let sample = self.frame(groups, *shape, &mut rest).ok_or(damaged)?;
            Ok((*at, sample))
        };
        self.opened.times.iter().zip(&self.opened.shape_of).map(frame).collect()
    }

    /// Reads everything and keeps nothing.
    ///
    /// # Errors
    /// The first damage found.
    pub fn verify(&self) -> Result<(), ChunkError> {
        self.frames().map(drop)
    }

    /// By column: how it was written, and in how many bytes.
    pub fn encodings(&self) -> Vec<(&'static str, usize)> {
        self.opened.encodings()
    }

    fn frame(&self, groups: &[Group], shape: u32, rest: &mut [std::slice::Iter<'_, u64>]) -> Option<Sample> {
        let mut restored = Restored::default();
        for entry in self.opened.shape(shape)? {
            let item = self.opened.items().get(entry.item)?;
            if !groups.contains(&item.group) {
                continue;
            }
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
