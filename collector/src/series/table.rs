//! The table itself: each field of each message of a sample, once.
//!
//! A line gives tag, accessor, how the protobuf type becomes a `u64`, kind and unit. The tests compare it with what
//! protobuf writes, so that a field without a line fails. Does not know of instances.

use super::{Group, Kind, Unit};
use pantau_shared::sample::{
    AgentHealth, CpuTimes, Disk, Filesystem, Interface, Kernel, Load, Memory, Pressure, Sockets, Timekeeping, Units,
};

/// Largest tag of a field: the bits of the mask that says which fields an item has.
pub const TAG_MAX: u8 = 31;

/// One field of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its protobuf tag; in chunks and roll-ups for ever.
    pub tag: u8,
    /// The second part of a series' name.
    pub name: &'static str,
    /// How its values behave.
    pub kind: Kind,
    /// What they are counted in.
    pub unit: Unit,
}

impl Field {
    /// Stands where no field can be.
    pub(super) const UNKNOWN: Self = Self { tag: 0, name: "unknown", kind: Kind::Gauge, unit: Unit::Count };
}

/// The fields of one item by tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Values {
    /// Bit `tag` is set when the field is there.
    pub(crate) mask: u32,
    /// Values by tag; meaningless where the mask has no bit.
    pub(crate) values: [u64; TAG_MAX as usize + 1],
}

impl Values {
    pub(crate) const fn empty() -> Self {
        Self { mask: 0, values: [0; TAG_MAX as usize + 1] }
    }

    #[inline]
    fn put(&mut self, tag: u8, value: Option<u64>) {
        if let (Some(value), Some(place)) = (value, self.values.get_mut(usize::from(tag))) {
            *place = value;
            self.mask |= 1 << tag;
        }
    }

    /// Tags and values in rising order of the tag.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u8, u64)> + '_ {
        tags(self.mask).map(|tag| (tag, self.values.get(usize::from(tag)).copied().unwrap_or_default()))
    }
}

/// The tags in a mask, rising.
pub(crate) fn tags(mask: u32) -> impl Iterator<Item = u8> {
    let mut left = mask;
    std::iter::from_fn(move || {
        let tag = u8::try_from(left.trailing_zeros()).ok().filter(|_| left != 0)?;
        left &= left - 1;
        Some(tag)
    })
}

/// A message whose fields are series.
pub(crate) trait Fields {
    /// Reads all fields.
    fn read(&self, values: &mut Values);
    /// Sets one field; `None` when there is no such field or its type cannot hold the value.
    fn write(&mut self, tag: u8, value: u64) -> Option<()>;
}

/// Between a protobuf type and `u64`, without loss.
trait Word: Copy {
    fn to_word(self) -> u64;
    fn from_word(word: u64) -> Option<Self>;
}

impl Word for u64 {
    fn to_word(self) -> u64 {
        self
    }
    fn from_word(word: u64) -> Option<Self> {
        Some(word)
    }
}

impl Word for u32 {
    fn to_word(self) -> u64 {
        self.into()
    }
    fn from_word(word: u64) -> Option<Self> {
        Self::try_from(word).ok()
    }
}

impl Word for i64 {
    fn to_word(self) -> u64 {
        self.cast_unsigned()
    }
    fn from_word(word: u64) -> Option<Self> {
        Some(word.cast_signed())
    }
}

impl Word for bool {
    fn to_word(self) -> u64 {
        self.into()
    }
    fn from_word(word: u64) -> Option<Self> {
        [false, true].get(usize::try_from(word).ok()?).copied()
    }
}

macro_rules! fields {
    ($message:ty, $table:ident: $($tag:literal $field:ident $kind:ident $unit:ident;)+) => {
        const $table: &[Field] =
            &[$(Field { tag: $tag, name: stringify!($field), kind: Kind::$kind, unit: Unit::$unit }),+];

        impl Fields for $message {
            #[inline]
            fn read(&self, values: &mut Values) {
                $(values.put($tag, self.$field.map(Word::to_word));)+
            }

            fn write(&mut self, tag: u8, value: u64) -> Option<()> {
                match tag {
                    $($tag => self.$field = Some(Word::from_word(value)?),)+
                    _ => return None,
                }
                Some(())
            }
        }
    };
}

fields! { CpuTimes, CPU:
    1 cpu State Number;
    2 user_ms Counter Milliseconds;
    3 nice_ms Counter Milliseconds;
    4 system_ms Counter Milliseconds;
    5 idle_ms Counter Milliseconds;
    6 iowait_ms Counter Milliseconds;
    7 irq_ms Counter Milliseconds;
    8 softirq_ms Counter Milliseconds;
    9 steal_ms Counter Milliseconds;
}

fields! { Load, LOAD:
    1 one_centi Gauge Centi;
    2 five_centi Gauge Centi;
    3 fifteen_centi Gauge Centi;
}

fields! { Memory, MEMORY:
    1 total_bytes State Bytes;
    2 free_bytes Gauge Bytes;
    3 available_bytes Gauge Bytes;
    4 buffers_bytes Gauge Bytes;
    5 cached_bytes Gauge Bytes;
    6 swap_total_bytes State Bytes;
    7 swap_free_bytes Gauge Bytes;
    8 dirty_bytes Gauge Bytes;
    9 slab_reclaimable_bytes Gauge Bytes;
    10 slab_bytes Gauge Bytes;
    11 active_bytes Gauge Bytes;
    12 inactive_bytes Gauge Bytes;
    13 anonymous_bytes Gauge Bytes;
    14 mapped_bytes Gauge Bytes;
}

fields! { Filesystem, FILESYSTEM:
    4 size_bytes State Bytes;
    5 free_bytes Gauge Bytes;
    6 available_bytes Gauge Bytes;
    7 inodes State Count;
    8 inodes_free Gauge Count;
    9 read_only State Boolean;
}

fields! { Disk, DISK:
    2 reads Counter Count;
    3 read_bytes Counter Bytes;
    4 read_ms Counter Milliseconds;
    5 writes Counter Count;
    6 written_bytes Counter Bytes;
    7 write_ms Counter Milliseconds;
    8 io_ms Counter Milliseconds;
    9 in_flight Gauge Count;
    10 reads_merged Counter Count;
    11 writes_merged Counter Count;
    12 io_weighted_ms Counter Milliseconds;
}

fields! { Interface, INTERFACE:
    2 receive_bytes Counter Bytes;
    3 receive_packets Counter Count;
    4 receive_errors Counter Count;
    5 receive_drops Counter Count;
    6 transmit_bytes Counter Bytes;
    7 transmit_packets Counter Count;
    8 transmit_errors Counter Count;
    9 transmit_drops Counter Count;
    10 speed_bits State BitsPerSecond;
    11 up State Boolean;
}

fields! { Kernel, KERNEL:
    1 uptime_ms Gauge Milliseconds;
    2 booted_at State UnixSeconds;
    3 context_switches Counter Count;
    4 interrupts Counter Count;
    5 forks Counter Count;
    6 running Gauge Count;
    7 blocked Gauge Count;
    8 threads Gauge Count;
    9 processes Gauge Count;
}

fields! { AgentHealth, AGENT:
    1 spool_bytes Gauge Bytes;
    2 spool_records Gauge Count;
    3 dropped Counter Count;
    4 send_failures Counter Count;
    5 caught_up_to State UnixSeconds;
}

fields! { Pressure, PRESSURE:
    1 cpu_some_us Counter Microseconds;
    2 cpu_full_us Counter Microseconds;
    3 memory_some_us Counter Microseconds;
    4 memory_full_us Counter Microseconds;
    5 io_some_us Counter Microseconds;
    6 io_full_us Counter Microseconds;
}

fields! { Sockets, SOCKETS:
    1 tcp_in_use Gauge Count;
    2 tcp_time_wait Gauge Count;
    3 tcp_orphaned Gauge Count;
    4 tcp_allocated Gauge Count;
    5 tcp_established Gauge Count;
    6 tcp_active_opens Counter Count;
    7 tcp_passive_opens Counter Count;
    8 tcp_failed_opens Counter Count;
    9 tcp_resets Counter Count;
    10 tcp_received_segments Counter Count;
    11 tcp_sent_segments Counter Count;
    12 tcp_retransmitted_segments Counter Count;
    13 tcp_receive_errors Counter Count;
}

fields! { Timekeeping, TIMEKEEPING:
    1 synchronized State Boolean;
    2 offset_us Gauge Microseconds;
    3 error_max_us Gauge Microseconds;
}

fields! { Units, UNITS:
    1 failed Gauge Count;
}

const HOST: &[Field] = &[
    Field { tag: 1, name: "cpu_busy_permille", kind: Kind::Gauge, unit: Unit::Permille },
    Field { tag: 2, name: "memory_used_permille", kind: Kind::Gauge, unit: Unit::Permille },
    Field { tag: 3, name: "storage_used_permille", kind: Kind::Gauge, unit: Unit::Permille },
    Field { tag: 4, name: "network_in_bytes_per_second", kind: Kind::Gauge, unit: Unit::BytesPerSecond },
    Field { tag: 5, name: "network_out_bytes_per_second", kind: Kind::Gauge, unit: Unit::BytesPerSecond },
];

const STORAGE: &[Field] = &[Field { tag: 1, name: "used_permille", kind: Kind::Gauge, unit: Unit::Permille }];

impl Group {
    /// Its fields, by rising tag.
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::Cpu | Self::Core => CPU,
            Self::Load => LOAD,
            Self::Memory => MEMORY,
            Self::Filesystem => FILESYSTEM,
            Self::Disk => DISK,
            Self::Interface => INTERFACE,
            Self::Kernel => KERNEL,
            Self::FailedSource | Self::FailedUnit => &[],
            Self::Agent => AGENT,
            Self::Pressure => PRESSURE,
            Self::Sockets => SOCKETS,
            Self::Timekeeping => TIMEKEEPING,
            Self::Units => UNITS,
            Self::Host => HOST,
            Self::Storage => STORAGE,
        }
    }

    /// The field with that tag.
    pub fn field(self, tag: u8) -> Option<&'static Field> {
        self.fields().iter().find(|field| field.tag == tag)
    }

    /// The mask with all of its tags.
    pub(crate) fn mask(self) -> u32 {
        self.fields().iter().fold(0, |mask, field| mask | 1 << field.tag)
    }
}
