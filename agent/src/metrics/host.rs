//! A sample under node_exporter's names, labels and units. Pure, but for the kernel's own name.

use super::exposition::Exposition;
use pantau_shared::envelope::AgentStarted;
use pantau_shared::sample::{CpuTimes, Disk, Filesystem, Interface, Memory, Pressure, Sample};
use pantau_shared::timestamp::Timestamp;

/// Milliseconds as seconds.
fn seconds(ms: Option<u64>) -> Option<f64> {
    ms.map(|ms| ms as f64 / 1000.0)
}

fn plain(value: Option<u64>) -> Option<f64> {
    value.map(|value| value as f64)
}

/// Everything about the host.
pub(super) fn render_host(out: &mut Exposition, facts: &AgentStarted, sample: &Sample, now: Timestamp) {
    render_cpus(out, &sample.cpus);
    if let Some(load) = &sample.load {
        let centi = |value: Option<u32>| value.map(|value| f64::from(value) / 100.0);
        out.gauge("node_load1", "1m load average.").add(&[], centi(load.one_centi));
        out.gauge("node_load5", "5m load average.").add(&[], centi(load.five_centi));
        out.gauge("node_load15", "15m load average.").add(&[], centi(load.fifteen_centi));
    }
    if let Some(memory) = &sample.memory {
        render_memory(out, memory);
    }
    render_filesystems(out, &sample.filesystems);
    render_units(out, sample);
    render_disks(out, &sample.disks);
    render_interfaces(out, &sample.interfaces);
    if let Some(pressure) = &sample.pressure {
        render_pressure(out, pressure);
    }
    if let Some(sockets) = &sample.sockets {
        out.gauge("node_sockstat_TCP_inuse", "TCP sockets in use.").add(&[], plain(sockets.tcp_in_use));
        out.gauge("node_sockstat_TCP_tw", "TCP sockets in TIME-WAIT.").add(&[], plain(sockets.tcp_time_wait));
    }
    if let Some(kernel) = &sample.kernel {
        let booted_at = kernel.booted_at.map(|at| at as f64);
        out.gauge("node_boot_time_seconds", "Node boot time, in unixtime.").add(&[], booted_at);
        out.counter("node_context_switches_total", "Total number of context switches.")
            .add(&[], plain(kernel.context_switches));
        out.counter("node_intr_total", "Total number of interrupts serviced.").add(&[], plain(kernel.interrupts));
        out.counter("node_forks_total", "Total number of forks.").add(&[], plain(kernel.forks));
        out.gauge("node_procs_running", "Number of processes in runnable state.").add(&[], plain(kernel.running));
        out.gauge("node_procs_blocked", "Number of processes blocked waiting for I/O to complete.")
            .add(&[], plain(kernel.blocked));
        out.gauge("node_processes_threads", "Allocated threads in system").add(&[], plain(kernel.threads));
        out.gauge("node_processes_pids", "Number of PIDs").add(&[], plain(kernel.processes));
    }
    out.gauge("node_time_seconds", "System time in seconds since epoch (1970).")
        .add(&[], Some(now.as_ms() as f64 / 1000.0));
    let uname = rustix::system::uname();
    let (domain, version) = (uname.domainname().to_string_lossy(), uname.version().to_string_lossy());
    let uname = [
        ("domainname", &*domain),
        ("machine", facts.architecture.as_str()),
        ("nodename", facts.hostname.as_str()),
        ("release", facts.kernel.as_str()),
        ("sysname", "Linux"),
        ("version", &*version),
    ];
    out.gauge("node_uname_info", "Labeled system information as provided by the uname system call.")
        .add(&uname, Some(1.0));
}

fn render_cpus(out: &mut Exposition, cpus: &[CpuTimes]) {
    let mut family = out.counter("node_cpu_seconds_total", "Seconds the CPUs spent in each mode.");
    for cpu in cpus {
        let number = cpu.cpu.unwrap_or(0).to_string();
        let modes = [
            ("idle", cpu.idle_ms),
            ("iowait", cpu.iowait_ms),
            ("irq", cpu.irq_ms),
            ("nice", cpu.nice_ms),
            ("softirq", cpu.softirq_ms),
            ("steal", cpu.steal_ms),
            ("system", cpu.system_ms),
            ("user", cpu.user_ms),
        ];
        for (mode, ms) in modes {
            family.add(&[("cpu", &number), ("mode", mode)], seconds(ms));
        }
    }
}

fn render_pressure(out: &mut Exposition, pressure: &Pressure) {
    let micros = |us: Option<u64>| us.map(|us| us as f64 / 1e6);
    // node_exporter has no stalled time for cpu.
    let families = [
        ("cpu_waiting", "Seconds in which a task waited for a processor.", pressure.cpu_some_us),
        ("memory_waiting", "Seconds in which a task waited for memory.", pressure.memory_some_us),
        ("memory_stalled", "Seconds in which nothing could run for want of memory.", pressure.memory_full_us),
        ("io_waiting", "Seconds in which a task waited for I/O.", pressure.io_some_us),
        ("io_stalled", "Seconds in which nothing could run for waiting for I/O.", pressure.io_full_us),
    ];
    for (name, help, us) in families {
        out.counter(&format!("node_pressure_{name}_seconds_total"), help).add(&[], micros(us));
    }
}

fn render_memory(out: &mut Exposition, memory: &Memory) {
    let fields = [
        ("MemTotal", memory.total_bytes),
        ("MemFree", memory.free_bytes),
        ("MemAvailable", memory.available_bytes),
        ("Buffers", memory.buffers_bytes),
        ("Cached", memory.cached_bytes),
        ("SwapTotal", memory.swap_total_bytes),
        ("SwapFree", memory.swap_free_bytes),
        ("Dirty", memory.dirty_bytes),
        ("SReclaimable", memory.slab_reclaimable_bytes),
        ("Slab", memory.slab_bytes),
        ("Active", memory.active_bytes),
        ("Inactive", memory.inactive_bytes),
        ("AnonPages", memory.anonymous_bytes),
        ("Mapped", memory.mapped_bytes),
    ];
    for (name, bytes) in fields {
        let help = format!("Memory information field {name}_bytes.");
        out.gauge(&format!("node_memory_{name}_bytes"), &help).add(&[], plain(bytes));
    }
}

type Reading<T> = (&'static str, &'static str, fn(&T) -> Option<f64>);

fn render_filesystems(out: &mut Exposition, filesystems: &[Filesystem]) {
    let families: [Reading<Filesystem>; 7] = [
        ("node_filesystem_size_bytes", "Filesystem size in bytes.", |f| plain(f.size_bytes)),
        ("node_filesystem_free_bytes", "Filesystem free space in bytes.", |f| plain(f.free_bytes)),
        ("node_filesystem_avail_bytes", "Filesystem space available to non-root users in bytes.", |f| {
            plain(f.available_bytes)
        }),
        ("node_filesystem_files", "Filesystem total file nodes.", |f| plain(f.inodes)),
        ("node_filesystem_files_free", "Filesystem total free file nodes.", |f| plain(f.inodes_free)),
        ("node_filesystem_readonly", "Filesystem read-only status.", |f| {
            f.read_only.map(|yes| f64::from(u8::from(yes)))
        }),
        (
            "node_filesystem_device_error",
            "Whether an error occurred while getting statistics for the given device.",
            |f| Some(f64::from(u8::from(f.size_bytes.is_none()))),
        ),
    ];
    for (name, help, read) in families {
        let mut family = out.gauge(name, help);
        for f in filesystems {
            let labels = [("device", f.device.as_str()), ("fstype", &f.kind), ("mountpoint", &f.mount_point)];
            family.add(&labels, read(f));
        }
    }
}

/// Units that have failed. The others are many, change nothing on a dashboard, and are not asked for.
fn render_units(out: &mut Exposition, sample: &Sample) {
    let failed = sample.units.and_then(|units| units.failed);
    out.gauge("node_systemd_units", "Summary of systemd unit states").add(&[("state", "failed")], plain(failed));
    let mut family = out.gauge("node_systemd_unit_state", "Systemd unit");
    for name in &sample.failed_units {
        family.add(&[("name", name), ("state", "failed")], Some(1.0));
    }
}

fn render_disks(out: &mut Exposition, disks: &[Disk]) {
    let counters: [Reading<Disk>; 10] = [
        ("node_disk_reads_completed_total", "The total number of reads completed successfully.", |d| plain(d.reads)),
        ("node_disk_read_bytes_total", "The total number of bytes read successfully.", |d| plain(d.read_bytes)),
        ("node_disk_read_time_seconds_total", "The total number of seconds spent by all reads.", |d| {
            seconds(d.read_ms)
        }),
        ("node_disk_writes_completed_total", "The total number of writes completed successfully.", |d| plain(d.writes)),
        ("node_disk_written_bytes_total", "The total number of bytes written successfully.", |d| {
            plain(d.written_bytes)
        }),
        ("node_disk_write_time_seconds_total", "This is the total number of seconds spent by all writes.", |d| {
            seconds(d.write_ms)
        }),
        ("node_disk_io_time_seconds_total", "Total seconds spent doing I/Os.", |d| seconds(d.io_ms)),
        ("node_disk_reads_merged_total", "The total number of reads merged.", |d| plain(d.reads_merged)),
        ("node_disk_writes_merged_total", "The number of writes merged.", |d| plain(d.writes_merged)),
        ("node_disk_io_time_weighted_seconds_total", "Seconds spent doing I/Os times their number.", |d| {
            seconds(d.io_weighted_ms)
        }),
    ];
    for (name, help, read) in counters {
        let mut family = out.counter(name, help);
        for disk in disks {
            family.add(&[("device", &disk.device)], read(disk));
        }
    }
    let mut family = out.gauge("node_disk_io_now", "The number of I/Os currently in progress.");
    for disk in disks {
        family.add(&[("device", &disk.device)], plain(disk.in_flight));
    }
}

fn render_interfaces(out: &mut Exposition, interfaces: &[Interface]) {
    let counters: [Reading<Interface>; 8] = [
        ("node_network_receive_bytes_total", "Network device statistic receive_bytes.", |i| plain(i.receive_bytes)),
        ("node_network_receive_packets_total", "Network device statistic receive_packets.", |i| {
            plain(i.receive_packets)
        }),
        ("node_network_receive_errs_total", "Network device statistic receive_errs.", |i| plain(i.receive_errors)),
        ("node_network_receive_drop_total", "Network device statistic receive_drop.", |i| plain(i.receive_drops)),
        ("node_network_transmit_bytes_total", "Network device statistic transmit_bytes.", |i| plain(i.transmit_bytes)),
        ("node_network_transmit_packets_total", "Network device statistic transmit_packets.", |i| {
            plain(i.transmit_packets)
        }),
        ("node_network_transmit_errs_total", "Network device statistic transmit_errs.", |i| plain(i.transmit_errors)),
        ("node_network_transmit_drop_total", "Network device statistic transmit_drop.", |i| plain(i.transmit_drops)),
    ];
    for (name, help, read) in counters {
        let mut family = out.counter(name, help);
        for interface in interfaces {
            family.add(&[("device", &interface.device)], read(interface));
        }
    }
    let gauges: [Reading<Interface>; 2] = [
        ("node_network_speed_bytes", "Network device property: speed_bytes.", |i| {
            plain(i.speed_bits.map(|bits| bits / 8))
        }),
        ("node_network_up", "Value is 1 if operstate is 'up', 0 otherwise.", |i| {
            i.up.map(|up| f64::from(u8::from(up)))
        }),
    ];
    for (name, help, read) in gauges {
        let mut family = out.gauge(name, help);
        for interface in interfaces {
            family.add(&[("device", &interface.device)], read(interface));
        }
    }
}
