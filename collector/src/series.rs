//! The one table of everything a host measures: which series a [`Sample`](pantau_shared::sample::Sample) holds, what
//! each is called, its unit, and whether it counts up.
//!
//! ```text
//! sample ──flatten──► items: (group, instance, [(tag, value)])  ──► one series per (group, instance, tag)
//!        ◄─restore──
//! ```
//!
//! A sample is a list of *items*: one message each (the memory, one file system, one core). An item has a group, for
//! repeated ones an instance, and its fields by protobuf tag, each a `u64`. The list keeps order, duplicates and empty
//! messages, so that flattening is a bijection. Chunks and roll-ups are written with these tags and groups: neither is
//! ever reused for something else.
//!
//! Does not know where values are kept, nor what they say about a host.

mod derived;
mod instance;
mod items;
mod key;
mod table;

pub use derived::{Derive, Derived, PAIR_MS_MAX, derived};
pub use instance::{Instance, InstanceError};
pub use items::{Item, flatten, restore};
pub(crate) use items::{ItemRef, Name, Restored, walk};
pub use key::{Selector, SeriesKey, SeriesNameError};
pub(crate) use table::tags;
pub use table::{Field, TAG_MAX};

/// What a series measures: one message of the sample, or what is computed from a pair of samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// All processors together.
    Cpu,
    /// One processor.
    Core,
    /// Load averages.
    Load,
    /// Memory.
    Memory,
    /// One mounted file system.
    Filesystem,
    /// One block device.
    Disk,
    /// One network interface.
    Interface,
    /// Uptime and kernel-wide counters.
    Kernel,
    /// A source that could not be read: an item without fields.
    FailedSource,
    /// The agent's own health.
    Agent,
    /// Pressure stall totals.
    Pressure,
    /// Sockets.
    Sockets,
    /// The kernel's clock.
    Timekeeping,
    /// Units of systemd.
    Units,
    /// A failed unit: an item without fields.
    FailedUnit,
    /// Computed of the whole host; see [`derived()`].
    Host,
    /// Computed of one file system; see [`derived()`].
    Storage,
}

impl Group {
    /// In the order of their codes.
    pub const ALL: [Self; 17] = [
        Self::Cpu,
        Self::Core,
        Self::Load,
        Self::Memory,
        Self::Filesystem,
        Self::Disk,
        Self::Interface,
        Self::Kernel,
        Self::FailedSource,
        Self::Agent,
        Self::Pressure,
        Self::Sockets,
        Self::Timekeeping,
        Self::Units,
        Self::FailedUnit,
        Self::Host,
        Self::Storage,
    ];

    /// The code in chunks and roll-ups; for groups of a sample, the protobuf tag of its field there.
    pub const fn code(self) -> u8 {
        match self {
            Self::Cpu => 1,
            Self::Core => 2,
            Self::Load => 3,
            Self::Memory => 4,
            Self::Filesystem => 5,
            Self::Disk => 6,
            Self::Interface => 7,
            Self::Kernel => 8,
            Self::FailedSource => 9,
            Self::Agent => 10,
            Self::Pressure => 11,
            Self::Sockets => 12,
            Self::Timekeeping => 13,
            Self::Units => 14,
            Self::FailedUnit => 15,
            Self::Host => 120,
            Self::Storage => 121,
        }
    }

    /// The group with that code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.code() == code)
    }

    /// The first part of a series' name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Core => "core",
            Self::Load => "load",
            Self::Memory => "memory",
            Self::Filesystem => "filesystem",
            Self::Disk => "disk",
            Self::Interface => "interface",
            Self::Kernel => "kernel",
            Self::FailedSource => "failed_source",
            Self::Agent => "agent",
            Self::Pressure => "pressure",
            Self::Sockets => "sockets",
            Self::Timekeeping => "timekeeping",
            Self::Units => "units",
            Self::FailedUnit => "failed_unit",
            Self::Host => "host",
            Self::Storage => "storage",
        }
    }

    /// How many texts name an instance of it: none for what a host has once.
    pub const fn parts(self) -> usize {
        match self {
            Self::Filesystem | Self::Storage => 3,
            Self::Core | Self::Disk | Self::Interface | Self::FailedSource | Self::FailedUnit => 1,
            Self::Cpu
            | Self::Load
            | Self::Memory
            | Self::Kernel
            | Self::Agent
            | Self::Pressure
            | Self::Sockets
            | Self::Timekeeping
            | Self::Units
            | Self::Host => 0,
        }
    }

    /// Whether its values are computed, not read.
    pub const fn is_derived(self) -> bool {
        matches!(self, Self::Host | Self::Storage)
    }
}

/// How values of a series behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Counts up since some start; its value says nothing, its growth does. Going back is a reset.
    Counter,
    /// A reading that goes up and down.
    Gauge,
    /// A property that seldom changes; rolled up like a gauge.
    State,
}

/// What values of a series are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// Bits per second.
    BitsPerSecond,
    /// 0 or 1.
    Boolean,
    /// Bytes.
    Bytes,
    /// Bytes per second.
    BytesPerSecond,
    /// Hundredths.
    Centi,
    /// Things.
    Count,
    /// Microseconds.
    Microseconds,
    /// Milliseconds.
    Milliseconds,
    /// The number of a thing.
    Number,
    /// Thousandths.
    Permille,
    /// Seconds since the Unix epoch: the bits of an `i64`.
    UnixSeconds,
}

impl Unit {
    /// As the API names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BitsPerSecond => "bits_per_second",
            Self::Boolean => "boolean",
            Self::Bytes => "bytes",
            Self::BytesPerSecond => "bytes_per_second",
            Self::Centi => "centi",
            Self::Count => "count",
            Self::Microseconds => "microseconds",
            Self::Milliseconds => "milliseconds",
            Self::Number => "number",
            Self::Permille => "permille",
            Self::UnixSeconds => "unix_seconds",
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
