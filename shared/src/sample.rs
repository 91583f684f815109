//! One timestamped set of kernel readings, as the kernel gives them: **counters stay counters**, rates are derived by
//! the collector. Every field is optional: kernels differ, and a missing source is a missing field.
//! Names are the kernel's own.

use serde::Serialize;

/// A set of readings taken within one sampling period.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct Sample {
    /// `/proc/stat` `cpu` line.
    #[prost(message, optional, tag = "1")]
    pub cpu_total: Option<CpuTimes>,
    /// `/proc/stat` `cpuN` lines; index is N unless `cpu` says otherwise.
    #[prost(message, repeated, tag = "2")]
    pub cpus: Vec<CpuTimes>,
    /// `/proc/loadavg`.
    #[prost(message, optional, tag = "3")]
    pub load: Option<Load>,
    /// `/proc/meminfo`.
    #[prost(message, optional, tag = "4")]
    pub memory: Option<Memory>,
    /// Mounted local file systems.
    #[prost(message, repeated, tag = "5")]
    pub filesystems: Vec<Filesystem>,
    /// `/proc/diskstats`, whole devices.
    #[prost(message, repeated, tag = "6")]
    pub disks: Vec<Disk>,
    /// `/proc/net/dev`.
    #[prost(message, repeated, tag = "7")]
    pub interfaces: Vec<Interface>,
    /// Uptime and kernel-wide counters.
    #[prost(message, optional, tag = "8")]
    pub kernel: Option<Kernel>,
    /// Sources that could not be read in this cycle, by name (`diskstats`, `mounts`).
    #[prost(string, repeated, tag = "9")]
    pub failed_sources: Vec<String>,
    /// The agent's own health.
    #[prost(message, optional, tag = "10")]
    pub agent: Option<AgentHealth>,
    /// `/proc/pressure`.
    #[prost(message, optional, tag = "11")]
    pub pressure: Option<Pressure>,
    /// `/proc/net/sockstat`.
    #[prost(message, optional, tag = "12")]
    pub sockets: Option<Sockets>,
    /// What the kernel says of its clock.
    #[prost(message, optional, tag = "13")]
    pub timekeeping: Option<Timekeeping>,
    /// What the service manager says of its units.
    #[prost(message, optional, tag = "14")]
    pub units: Option<Units>,
    /// Names of systemd units that have failed; read once a minute and told with every sample.
    #[prost(string, repeated, tag = "15")]
    pub failed_units: Vec<String>,
}

/// Time spent by mode since boot, in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message, Serialize)]
pub struct CpuTimes {
    /// Number of the processor; unset on the total.
    #[prost(uint32, optional, tag = "1")]
    pub cpu: Option<u32>,
    /// User mode.
    #[prost(uint64, optional, tag = "2")]
    pub user_ms: Option<u64>,
    /// User mode at low priority.
    #[prost(uint64, optional, tag = "3")]
    pub nice_ms: Option<u64>,
    /// Kernel mode.
    #[prost(uint64, optional, tag = "4")]
    pub system_ms: Option<u64>,
    /// Idle.
    #[prost(uint64, optional, tag = "5")]
    pub idle_ms: Option<u64>,
    /// Idle with outstanding I/O.
    #[prost(uint64, optional, tag = "6")]
    pub iowait_ms: Option<u64>,
    /// Interrupts.
    #[prost(uint64, optional, tag = "7")]
    pub irq_ms: Option<u64>,
    /// Soft interrupts.
    #[prost(uint64, optional, tag = "8")]
    pub softirq_ms: Option<u64>,
    /// Taken by the hypervisor.
    #[prost(uint64, optional, tag = "9")]
    pub steal_ms: Option<u64>,
}

/// Load averages in hundredths.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message, Serialize)]
pub struct Load {
    /// Over one minute.
    #[prost(uint32, optional, tag = "1")]
    pub one_centi: Option<u32>,
    /// Over five minutes.
    #[prost(uint32, optional, tag = "2")]
    pub five_centi: Option<u32>,
    /// Over fifteen minutes.
    #[prost(uint32, optional, tag = "3")]
    pub fifteen_centi: Option<u32>,
}

/// Memory in bytes.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message, Serialize)]
pub struct Memory {
    /// MemTotal.
    #[prost(uint64, optional, tag = "1")]
    pub total_bytes: Option<u64>,
    /// MemFree.
    #[prost(uint64, optional, tag = "2")]
    pub free_bytes: Option<u64>,
    /// MemAvailable: what programs can still get without swapping; cache does not count as used.
    #[prost(uint64, optional, tag = "3")]
    pub available_bytes: Option<u64>,
    /// Buffers.
    #[prost(uint64, optional, tag = "4")]
    pub buffers_bytes: Option<u64>,
    /// Cached.
    #[prost(uint64, optional, tag = "5")]
    pub cached_bytes: Option<u64>,
    /// SwapTotal.
    #[prost(uint64, optional, tag = "6")]
    pub swap_total_bytes: Option<u64>,
    /// SwapFree.
    #[prost(uint64, optional, tag = "7")]
    pub swap_free_bytes: Option<u64>,
    /// Dirty.
    #[prost(uint64, optional, tag = "8")]
    pub dirty_bytes: Option<u64>,
    /// SReclaimable.
    #[prost(uint64, optional, tag = "9")]
    pub slab_reclaimable_bytes: Option<u64>,
    /// Slab.
    #[prost(uint64, optional, tag = "10")]
    pub slab_bytes: Option<u64>,
    /// Active.
    #[prost(uint64, optional, tag = "11")]
    pub active_bytes: Option<u64>,
    /// Inactive.
    #[prost(uint64, optional, tag = "12")]
    pub inactive_bytes: Option<u64>,
    /// AnonPages.
    #[prost(uint64, optional, tag = "13")]
    pub anonymous_bytes: Option<u64>,
    /// Mapped.
    #[prost(uint64, optional, tag = "14")]
    pub mapped_bytes: Option<u64>,
}

/// One mounted file system.
#[derive(Clone, PartialEq, Eq, prost::Message, Serialize)]
pub struct Filesystem {
    /// Where it is mounted.
    #[prost(string, tag = "1")]
    pub mount_point: String,
    /// The device or source.
    #[prost(string, tag = "2")]
    pub device: String,
    /// Its type (`ext4`).
    #[prost(string, tag = "3")]
    pub kind: String,
    /// Size.
    #[prost(uint64, optional, tag = "4")]
    pub size_bytes: Option<u64>,
    /// Free for root.
    #[prost(uint64, optional, tag = "5")]
    pub free_bytes: Option<u64>,
    /// Free for others: what a service can still write.
    #[prost(uint64, optional, tag = "6")]
    pub available_bytes: Option<u64>,
    /// Inodes in all.
    #[prost(uint64, optional, tag = "7")]
    pub inodes: Option<u64>,
    /// Inodes free.
    #[prost(uint64, optional, tag = "8")]
    pub inodes_free: Option<u64>,
    /// Mounted read-only.
    #[prost(bool, optional, tag = "9")]
    pub read_only: Option<bool>,
}

/// One block device, counters since boot.
#[derive(Clone, PartialEq, Eq, prost::Message, Serialize)]
pub struct Disk {
    /// Device name (`sda`).
    #[prost(string, tag = "1")]
    pub device: String,
    /// Reads completed.
    #[prost(uint64, optional, tag = "2")]
    pub reads: Option<u64>,
    /// Bytes read.
    #[prost(uint64, optional, tag = "3")]
    pub read_bytes: Option<u64>,
    /// Time reading, ms.
    #[prost(uint64, optional, tag = "4")]
    pub read_ms: Option<u64>,
    /// Writes completed.
    #[prost(uint64, optional, tag = "5")]
    pub writes: Option<u64>,
    /// Bytes written.
    #[prost(uint64, optional, tag = "6")]
    pub written_bytes: Option<u64>,
    /// Time writing, ms.
    #[prost(uint64, optional, tag = "7")]
    pub write_ms: Option<u64>,
    /// Time with I/O in flight, ms: busy time.
    #[prost(uint64, optional, tag = "8")]
    pub io_ms: Option<u64>,
    /// I/O in flight now.
    #[prost(uint64, optional, tag = "9")]
    pub in_flight: Option<u64>,
    /// Reads merged.
    #[prost(uint64, optional, tag = "10")]
    pub reads_merged: Option<u64>,
    /// Writes merged.
    #[prost(uint64, optional, tag = "11")]
    pub writes_merged: Option<u64>,
    /// Time with I/O in flight times their number, ms.
    #[prost(uint64, optional, tag = "12")]
    pub io_weighted_ms: Option<u64>,
}

/// One network interface, counters since its creation.
#[derive(Clone, PartialEq, Eq, prost::Message, Serialize)]
pub struct Interface {
    /// Device name (`eth0`).
    #[prost(string, tag = "1")]
    pub device: String,
    /// Bytes received.
    #[prost(uint64, optional, tag = "2")]
    pub receive_bytes: Option<u64>,
    /// Packets received.
    #[prost(uint64, optional, tag = "3")]
    pub receive_packets: Option<u64>,
    /// Receive errors.
    #[prost(uint64, optional, tag = "4")]
    pub receive_errors: Option<u64>,
    /// Receive drops.
    #[prost(uint64, optional, tag = "5")]
    pub receive_drops: Option<u64>,
    /// Bytes sent.
    #[prost(uint64, optional, tag = "6")]
    pub transmit_bytes: Option<u64>,
    /// Packets sent.
    #[prost(uint64, optional, tag = "7")]
    pub transmit_packets: Option<u64>,
    /// Transmit errors.
    #[prost(uint64, optional, tag = "8")]
    pub transmit_errors: Option<u64>,
    /// Transmit drops.
    #[prost(uint64, optional, tag = "9")]
    pub transmit_drops: Option<u64>,
    /// Link speed in bits per second, where the driver tells it.
    #[prost(uint64, optional, tag = "10")]
    pub speed_bits: Option<u64>,
    /// Whether the link is up.
    #[prost(bool, optional, tag = "11")]
    pub up: Option<bool>,
}

/// Uptime and kernel-wide counters.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message, Serialize)]
pub struct Kernel {
    /// Since boot, ms.
    #[prost(uint64, optional, tag = "1")]
    pub uptime_ms: Option<u64>,
    /// Boot time, Unix seconds.
    #[prost(int64, optional, tag = "2")]
    pub booted_at: Option<i64>,
    /// Context switches.
    #[prost(uint64, optional, tag = "3")]
    pub context_switches: Option<u64>,
    /// Interrupts.
    #[prost(uint64, optional, tag = "4")]
    pub interrupts: Option<u64>,
    /// Forks.
    #[prost(uint64, optional, tag = "5")]
    pub forks: Option<u64>,
    /// Runnable processes.
    #[prost(uint64, optional, tag = "6")]
    pub running: Option<u64>,
    /// Processes blocked on I/O.
    #[prost(uint64, optional, tag = "7")]
    pub blocked: Option<u64>,
    /// Threads of all processes, the kernel's own among them.
    #[prost(uint64, optional, tag = "8")]
    pub threads: Option<u64>,
    /// Processes; counted once a minute.
    #[prost(uint64, optional, tag = "9")]
    pub processes: Option<u64>,
}

/// Pressure stall totals since boot, in microseconds. `some`: at least one task waited; `full`: all of them.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message, Serialize)]
pub struct Pressure {
    /// Waiting for a processor.
    #[prost(uint64, optional, tag = "1")]
    pub cpu_some_us: Option<u64>,
    /// Nothing could run for want of a processor.
    #[prost(uint64, optional, tag = "2")]
    pub cpu_full_us: Option<u64>,
    /// Waiting for memory.
    #[prost(uint64, optional, tag = "3")]
    pub memory_some_us: Option<u64>,
    /// Nothing could run for want of memory.
    #[prost(uint64, optional, tag = "4")]
    pub memory_full_us: Option<u64>,
    /// Waiting for I/O.
    #[prost(uint64, optional, tag = "5")]
    pub io_some_us: Option<u64>,
    /// Nothing could run for waiting for I/O.
    #[prost(uint64, optional, tag = "6")]
    pub io_full_us: Option<u64>,
}

/// TCP: sockets now, and what has happened since boot. `/proc/net/sockstat` and the `Tcp` lines of `/proc/net/snmp`;
/// listening and half-open sockets are in no file that costs the same however many there are.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message, Serialize)]
pub struct Sockets {
    /// TCP sockets in use.
    #[prost(uint64, optional, tag = "1")]
    pub tcp_in_use: Option<u64>,
    /// TCP sockets in TIME-WAIT.
    #[prost(uint64, optional, tag = "2")]
    pub tcp_time_wait: Option<u64>,
    /// TCP sockets without a process.
    #[prost(uint64, optional, tag = "3")]
    pub tcp_orphaned: Option<u64>,
    /// TCP sockets allocated, in any state.
    #[prost(uint64, optional, tag = "4")]
    pub tcp_allocated: Option<u64>,
    /// Connections established or waiting to be closed by their process.
    #[prost(uint64, optional, tag = "5")]
    pub tcp_established: Option<u64>,
    /// Connections begun by this host.
    #[prost(uint64, optional, tag = "6")]
    pub tcp_active_opens: Option<u64>,
    /// Connections begun by others.
    #[prost(uint64, optional, tag = "7")]
    pub tcp_passive_opens: Option<u64>,
    /// Attempts that failed.
    #[prost(uint64, optional, tag = "8")]
    pub tcp_failed_opens: Option<u64>,
    /// Connections reset while established.
    #[prost(uint64, optional, tag = "9")]
    pub tcp_resets: Option<u64>,
    /// Segments received.
    #[prost(uint64, optional, tag = "10")]
    pub tcp_received_segments: Option<u64>,
    /// Segments sent.
    #[prost(uint64, optional, tag = "11")]
    pub tcp_sent_segments: Option<u64>,
    /// Segments sent again.
    #[prost(uint64, optional, tag = "12")]
    pub tcp_retransmitted_segments: Option<u64>,
    /// Segments received damaged.
    #[prost(uint64, optional, tag = "13")]
    pub tcp_receive_errors: Option<u64>,
}

/// The kernel's clock as `adjtimex` tells it.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message, Serialize)]
pub struct Timekeeping {
    /// Whether something keeps it in step with a reference.
    #[prost(bool, optional, tag = "1")]
    pub synchronized: Option<bool>,
    /// How far the kernel knows the clock to be off, either way, in microseconds. Daemons that steer by frequency alone
    /// (chrony) leave it at zero.
    #[prost(uint64, optional, tag = "2")]
    pub offset_us: Option<u64>,
    /// Largest error that the synchronising daemon admits, in microseconds.
    #[prost(uint64, optional, tag = "3")]
    pub error_max_us: Option<u64>,
}

/// The units of systemd.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message, Serialize)]
pub struct Units {
    /// How many have failed.
    #[prost(uint64, optional, tag = "1")]
    pub failed: Option<u64>,
}

/// The agent's own sample.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message, Serialize)]
pub struct AgentHealth {
    /// Bytes in the spool.
    #[prost(uint64, optional, tag = "1")]
    pub spool_bytes: Option<u64>,
    /// Observations in the spool.
    #[prost(uint64, optional, tag = "2")]
    pub spool_records: Option<u64>,
    /// Observations dropped since the agent started.
    #[prost(uint64, optional, tag = "3")]
    pub dropped: Option<u64>,
    /// Failed sends since the agent started.
    #[prost(uint64, optional, tag = "4")]
    pub send_failures: Option<u64>,
    /// While a backlog is sent behind the live data: when its oldest waiting observation was made, in Unix seconds. Before
    /// it all is there.
    #[prost(int64, optional, tag = "5")]
    pub caught_up_to: Option<i64>,
}
