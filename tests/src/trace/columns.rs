//! Where each column of a trace stands in a sample, in which unit, and whether it only rises. Knows no values.
//!
//! Columns with a part of their own: `cpuN_MODE_seconds_total` is core N, `net_DEVICE_…` an interface. The one disk of a
//! trace plays as `vda`, its one file system as `/`.

use pantau_shared::sample::{CpuTimes, Disk, Filesystem, Interface, Kernel, Load, Memory, Pressure, Sample, Sockets};

/// Whether a series only rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Rises since boot.
    Counter,
    /// Goes up and down.
    Gauge,
}

/// From thousandths in the trace to what a sample holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// Hundredths.
    Hundredths,
    /// Seconds to milliseconds.
    Seconds,
    /// Sectors of 512 bytes to bytes.
    Sectors,
    /// As it is.
    Whole,
}

type Slot<T, V = u64> = fn(&mut T) -> &mut Option<V>;

#[derive(Debug, Clone)]
enum Target {
    Cpu(Option<u32>, Slot<CpuTimes>),
    Disk(Slot<Disk>),
    Filesystem(Slot<Filesystem>),
    Interface(String, Slot<Interface>),
    Kernel(Slot<Kernel>),
    Load(Slot<Load, u32>),
    Memory(Slot<Memory>),
    Pressure(Slot<Pressure>),
    Sockets(Slot<Sockets>),
}

/// A column and its place.
#[derive(Debug, Clone)]
pub struct Place {
    name: String,
    kind: Kind,
    unit: Unit,
    target: Target,
}

impl PartialEq for Place {
    /// The name says everything else.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Place {
    /// The place of the column `name`; `None` when a sample has none for it.
    pub fn of(name: &str) -> Option<Self> {
        let (kind, unit, target) = cpu(name)
            .or_else(|| interface(name))
            .or_else(|| disk(name))
            .or_else(|| memory(name))
            .or_else(|| pressure(name))
            .or_else(|| kernel(name))
            .or_else(|| single(name))?;
        Some(Self { name: name.to_owned(), kind, unit, target })
    }

    /// The column's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it only rises.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Puts a value, given in thousandths, into a sample.
    pub(super) fn put(&self, sample: &mut Sample, thousandths: u64) {
        let value = match self.unit {
            Unit::Hundredths => thousandths / 10,
            Unit::Seconds => thousandths,
            Unit::Sectors => (thousandths / 1000).saturating_mul(512),
            Unit::Whole => thousandths / 1000,
        };
        match &self.target {
            Target::Cpu(None, slot) => *slot(sample.cpu_total.get_or_insert_default()) = Some(value),
            Target::Cpu(cpu @ Some(_), slot) => {
                let new = || CpuTimes { cpu: *cpu, ..CpuTimes::default() };
                *slot(named(&mut sample.cpus, |core| core.cpu == *cpu, new)) = Some(value);
            }
            Target::Disk(slot) => {
                let new = || Disk { device: "vda".into(), ..Disk::default() };
                *slot(named(&mut sample.disks, |_| true, new)) = Some(value);
            }
            Target::Filesystem(slot) => {
                *slot(named(&mut sample.filesystems, |_| true, root_filesystem)) = Some(value);
            }
            Target::Interface(device, slot) => {
                let new = || Interface { device: device.clone(), ..Interface::default() };
                *slot(named(&mut sample.interfaces, |known| known.device == *device, new)) = Some(value);
            }
            Target::Kernel(slot) => *slot(sample.kernel.get_or_insert_default()) = Some(value),
            Target::Load(slot) => {
                *slot(sample.load.get_or_insert_default()) = Some(u32::try_from(value).unwrap_or(u32::MAX));
            }
            Target::Memory(slot) => *slot(sample.memory.get_or_insert_default()) = Some(value),
            Target::Pressure(slot) => *slot(sample.pressure.get_or_insert_default()) = Some(value),
            Target::Sockets(slot) => *slot(sample.sockets.get_or_insert_default()) = Some(value),
        }
    }
}

/// The element of its name, made when it is not there yet.
fn named<T>(all: &mut Vec<T>, is: impl Fn(&T) -> bool, new: impl FnOnce() -> T) -> &mut T {
    let at = all.iter().position(is).unwrap_or_else(|| {
        all.push(new());
        all.len() - 1
    });
    &mut all[at]
}

fn root_filesystem() -> Filesystem {
    Filesystem { mount_point: "/".into(), device: "/dev/vda1".into(), kind: "ext4".into(), ..Filesystem::default() }
}

type Found = Option<(Kind, Unit, Target)>;

/// `cpu_MODE_seconds_total` and `cpuN_MODE_seconds_total`.
fn cpu(name: &str) -> Found {
    let (number, mode) = name.strip_prefix("cpu")?.strip_suffix("_seconds_total")?.split_once('_')?;
    let number = if number.is_empty() { None } else { Some(number.parse().ok()?) };
    let slot: Slot<CpuTimes> = match mode {
        "user" => |cpu| &mut cpu.user_ms,
        "nice" => |cpu| &mut cpu.nice_ms,
        "system" => |cpu| &mut cpu.system_ms,
        "idle" => |cpu| &mut cpu.idle_ms,
        "iowait" => |cpu| &mut cpu.iowait_ms,
        "irq" => |cpu| &mut cpu.irq_ms,
        "softirq" => |cpu| &mut cpu.softirq_ms,
        "steal" => |cpu| &mut cpu.steal_ms,
        _ => return None,
    };
    Some((Kind::Counter, Unit::Seconds, Target::Cpu(number, slot)))
}

/// `net_DEVICE_{rx,tx}_{bytes,packets,errs,drop}`.
fn interface(name: &str) -> Found {
    const SLOTS: [(&str, Slot<Interface>); 8] = [
        ("_rx_bytes", |i| &mut i.receive_bytes),
        ("_rx_packets", |i| &mut i.receive_packets),
        ("_rx_errs", |i| &mut i.receive_errors),
        ("_rx_drop", |i| &mut i.receive_drops),
        ("_tx_bytes", |i| &mut i.transmit_bytes),
        ("_tx_packets", |i| &mut i.transmit_packets),
        ("_tx_errs", |i| &mut i.transmit_errors),
        ("_tx_drop", |i| &mut i.transmit_drops),
    ];
    let rest = name.strip_prefix("net_")?;
    let (device, slot) = SLOTS.iter().find_map(|(ending, slot)| Some((rest.strip_suffix(ending)?, *slot)))?;
    (!device.is_empty()).then(|| (Kind::Counter, Unit::Whole, Target::Interface(device.to_owned(), slot)))
}

fn disk(name: &str) -> Found {
    let (kind, unit, slot): (Kind, Unit, Slot<Disk>) = match name.strip_prefix("disk_")? {
        "reads" => (Kind::Counter, Unit::Whole, |disk| &mut disk.reads),
        "rmerge" => (Kind::Counter, Unit::Whole, |disk| &mut disk.reads_merged),
        "rsect" => (Kind::Counter, Unit::Sectors, |disk| &mut disk.read_bytes),
        "rms" => (Kind::Counter, Unit::Whole, |disk| &mut disk.read_ms),
        "writes" => (Kind::Counter, Unit::Whole, |disk| &mut disk.writes),
        "wmerge" => (Kind::Counter, Unit::Whole, |disk| &mut disk.writes_merged),
        "wsect" => (Kind::Counter, Unit::Sectors, |disk| &mut disk.written_bytes),
        "wms" => (Kind::Counter, Unit::Whole, |disk| &mut disk.write_ms),
        "inflight" => (Kind::Gauge, Unit::Whole, |disk| &mut disk.in_flight),
        "io_ms" => (Kind::Counter, Unit::Whole, |disk| &mut disk.io_ms),
        "wio_ms" => (Kind::Counter, Unit::Whole, |disk| &mut disk.io_weighted_ms),
        _ => return None,
    };
    Some((kind, unit, Target::Disk(slot)))
}

fn memory(name: &str) -> Found {
    let slot: Slot<Memory> = match name.strip_prefix("mem_")?.strip_suffix("_bytes")? {
        "MemTotal" => |memory| &mut memory.total_bytes,
        "MemFree" => |memory| &mut memory.free_bytes,
        "MemAvailable" => |memory| &mut memory.available_bytes,
        "Buffers" => |memory| &mut memory.buffers_bytes,
        "Cached" => |memory| &mut memory.cached_bytes,
        "SwapTotal" => |memory| &mut memory.swap_total_bytes,
        "SwapFree" => |memory| &mut memory.swap_free_bytes,
        "Dirty" => |memory| &mut memory.dirty_bytes,
        "SReclaimable" => |memory| &mut memory.slab_reclaimable_bytes,
        "Slab" => |memory| &mut memory.slab_bytes,
        "Active" => |memory| &mut memory.active_bytes,
        "Inactive" => |memory| &mut memory.inactive_bytes,
        "AnonPages" => |memory| &mut memory.anonymous_bytes,
        "Mapped" => |memory| &mut memory.mapped_bytes,
        _ => return None,
    };
    Some((Kind::Gauge, Unit::Whole, Target::Memory(slot)))
}

/// `psi_RESOURCE_{some,full}_total`, in microseconds.
fn pressure(name: &str) -> Found {
    let slot: Slot<Pressure> = match name.strip_prefix("psi_")?.strip_suffix("_total")? {
        "cpu_some" => |pressure| &mut pressure.cpu_some_us,
        "cpu_full" => |pressure| &mut pressure.cpu_full_us,
        "memory_some" => |pressure| &mut pressure.memory_some_us,
        "memory_full" => |pressure| &mut pressure.memory_full_us,
        "io_some" => |pressure| &mut pressure.io_some_us,
        "io_full" => |pressure| &mut pressure.io_full_us,
        _ => return None,
    };
    Some((Kind::Counter, Unit::Whole, Target::Pressure(slot)))
}

fn kernel(name: &str) -> Found {
    let (kind, unit, slot): (Kind, Unit, Slot<Kernel>) = match name {
        "intr" => (Kind::Counter, Unit::Whole, |kernel| &mut kernel.interrupts),
        "ctxt" => (Kind::Counter, Unit::Whole, |kernel| &mut kernel.context_switches),
        "processes" => (Kind::Counter, Unit::Whole, |kernel| &mut kernel.forks),
        "procs_running" => (Kind::Gauge, Unit::Whole, |kernel| &mut kernel.running),
        "procs_blocked" => (Kind::Gauge, Unit::Whole, |kernel| &mut kernel.blocked),
        "uptime" => (Kind::Counter, Unit::Seconds, |kernel| &mut kernel.uptime_ms),
        _ => return None,
    };
    Some((kind, unit, Target::Kernel(slot)))
}

fn single(name: &str) -> Found {
    let (unit, target) = match name {
        "load1" => (Unit::Hundredths, Target::Load(|load| &mut load.one_centi)),
        "load5" => (Unit::Hundredths, Target::Load(|load| &mut load.five_centi)),
        "load15" => (Unit::Hundredths, Target::Load(|load| &mut load.fifteen_centi)),
        "fs_avail_bytes" => (Unit::Whole, Target::Filesystem(|fs| &mut fs.available_bytes)),
        "fs_files_free" => (Unit::Whole, Target::Filesystem(|fs| &mut fs.inodes_free)),
        "fs_size" => (Unit::Whole, Target::Filesystem(|fs| &mut fs.size_bytes)),
        "tcp_inuse" => (Unit::Whole, Target::Sockets(|sockets| &mut sockets.tcp_in_use)),
        "tcp_tw" => (Unit::Whole, Target::Sockets(|sockets| &mut sockets.tcp_time_wait)),
        _ => return None,
    };
    Some((Kind::Gauge, unit, target))
}
