//! Gauges that no sample holds, computed from one sample and its neighbour before by [`crate::domain::rate`].
//!
//! They are what pages show; roll-ups keep them, so that a year's chart has exact lowest and highest values. A value
//! belongs to the instant of the later sample. Over a reset, a reboot, or a pair further apart than [`PAIR_MS_MAX`], there is no
//! rate. Does not know where neighbours come from.

use super::{Group, Instance, SeriesKey};
use crate::domain::rate;
use pantau_shared::sample::{Filesystem, Sample};
use pantau_shared::timestamp::Timestamp;

/// Samples further apart say nothing about the time between them; ms.
pub const PAIR_MS_MAX: i64 = 900_000;

/// Most file systems of one sample that get a series of their own: as many as a sample may hold.
const FILESYSTEMS_MAX: usize = pantau_shared::limits::DEVICES_MAX;

/// A gauge of the whole host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Derive {
    /// Share of processor time neither idle nor waiting for I/O.
    CpuBusy,
    /// Share of memory that is not available.
    MemoryUsed,
    /// Used share of the fullest file system that can be written to.
    StorageUsed,
    /// Bytes received per second by interfaces that carry the host's traffic.
    NetworkIn,
    /// Bytes sent per second.
    NetworkOut,
}

impl Derive {
    /// All, by tag.
    pub const ALL: [Self; 5] = [Self::CpuBusy, Self::MemoryUsed, Self::StorageUsed, Self::NetworkIn, Self::NetworkOut];

    /// Its tag in group [`Group::Host`].
    pub const fn tag(self) -> u8 {
        match self {
            Self::CpuBusy => 1,
            Self::MemoryUsed => 2,
            Self::StorageUsed => 3,
            Self::NetworkIn => 4,
            Self::NetworkOut => 5,
        }
    }

    /// The group of a sample that it is computed from.
    pub const fn group(self) -> Group {
        match self {
            Self::CpuBusy => Group::Cpu,
            Self::MemoryUsed => Group::Memory,
            Self::StorageUsed => Group::Filesystem,
            Self::NetworkIn | Self::NetworkOut => Group::Interface,
        }
    }

    /// Its series.
    pub fn key(self) -> Option<SeriesKey> {
        SeriesKey::new(Group::Host, Instance::default(), self.tag())
    }
}

/// The values at `after`: of the host by [`Derive`], and of each file system by its place in the sample.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Derived {
    /// By [`Derive::ALL`].
    pub host: [Option<u64>; 5],
    /// Used permille of each file system of the sample, in its order; at most `FILESYSTEMS_MAX`.
    pub filesystems: Vec<Option<u64>>,
}

/// Computes what the sample `after` and the one before it say.
pub fn derived(before: Option<&(Timestamp, Sample)>, after: &(Timestamp, Sample)) -> Derived {
    let (at, sample) = after;
    let before = before.filter(|(earlier, before)| {
        let elapsed_ms = at.ms_since(*earlier);
        (1..=PAIR_MS_MAX).contains(&elapsed_ms) && !rate::rebooted(before, sample, elapsed_ms)
    });
    let cpu = || {
        let (before, after) = (before?.1.cpu_total.as_ref()?, sample.cpu_total.as_ref()?);
        rate::cpu_busy_permille(before, after).map(u64::from)
    };
    let network =
        before.and_then(|(earlier, before)| rate::network_bytes_per_second(before, sample, at.ms_since(*earlier)));
    let memory = sample.memory.as_ref().and_then(rate::memory_permille).map(u64::from);
    let share = |filesystem: &Filesystem| rate::storage_permille(filesystem).map(u64::from);
    // What cannot be written to is full for ever and says nothing.
    let writable = sample.filesystems.iter().filter(|filesystem| filesystem.read_only != Some(true));
    let fullest = writable.filter_map(share).max();
    let host = [cpu(), memory, fullest, network.map(|(received, _)| received), network.map(|(_, sent)| sent)];
    Derived { host, filesystems: sample.filesystems.iter().take(FILESYSTEMS_MAX).map(share).collect() }
}
