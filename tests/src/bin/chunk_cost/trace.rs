//! A trace as many hosts: host `i` starts `7 · i` rows later, each row is a cycle of ten seconds, and where the trace
//! ends it begins anew with its counters going on. Does not know what is measured on it.

use anyhow::{Context, Result, bail};
use pantau_collector::series::{Group, Item, Kind, SeriesKey, restore};
use pantau_shared::sample::Sample;
use pantau_shared::timestamp::Timestamp;

/// One cycle.
pub(crate) const CYCLE_MS: i64 = 10_000;

/// Rows later that the next host starts.
const APART: usize = 7;

/// Where the instance of the one disk and the one file system is invented, for the trace names none.
const DISK: &str = "vda";
const ROOT: &str = "/|/dev/vda1|ext4";

/// Series and their values, row by row.
#[derive(Debug)]
pub(crate) struct Trace {
    /// What each column is.
    pub(crate) keys: Vec<SeriesKey>,
    /// Milliseconds by which each row was late.
    jitter: Vec<i64>,
    rows: Vec<Vec<u64>>,
}

impl Trace {
    /// Reads a trace: first column `ts` in ms, then one column per series; names it does not know are an error.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut lines = text.lines();
        let names = lines.next().context("the trace is empty")?.split(',').skip(1);
        let columns = names.map(|name| column(name).with_context(|| format!("no series for column `{name}`")));
        let columns: Vec<(SeriesKey, f64)> = columns.collect::<Result<_>>()?;
        let (mut stamps, mut rows) = (Vec::new(), Vec::new());
        for line in lines {
            let mut fields = line.split(',');
            stamps.push(fields.next().context("a row is empty")?.parse::<i64>()?);
            let values = fields.zip(&columns).map(|(field, (_, scale))| scaled(field, *scale));
            let values: Vec<u64> = values.collect::<Result<_>>()?;
            if values.len() != columns.len() {
                bail!("row {} has {} values, not {}", rows.len() + 1, values.len(), columns.len());
            }
            rows.push(values);
        }
        let first = stamps.first().copied().context("the trace has no rows")?;
        let last = stamps.last().copied().unwrap_or(first);
        let period = (last - first) / i64::try_from(rows.len().max(2) - 1)?;
        let jitter = (0..).zip(&stamps).map(|(row, at)| at - first - row * period).collect();
        Ok(Self { keys: columns.into_iter().map(|(key, _)| key).collect(), jitter, rows })
    }

    /// One that anybody can have: 82 series of a two-core server, busy in stretches.
    pub(crate) fn synthetic() -> Result<Self> {
        let columns = NAMES.split_whitespace().map(|name| column(name).with_context(|| format!("no series `{name}`")));
        let keys: Vec<SeriesKey> = columns.map(|column| column.map(|(key, _)| key)).collect::<Result<_>>()?;
        let mut seed = 0x2545_F491_4F6C_DD1D_u64;
        let mut random = move |below: u64| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed >> 16) % below
        };
        let mut now: Vec<u64> =
            keys.iter().map(|key| if key.field().kind == Kind::Counter { 0 } else { 1 << 28 }).collect();
        let mut rows = Vec::new();
        let mut busy = 1;
        for row in 0..1500 {
            if row % 60 == 0 {
                busy = 1 + random(1000);
            }
            for (place, (value, key)) in now.iter_mut().zip(&keys).enumerate() {
                let unit = [1, 10, 512, 4096].get(place % 4).copied().unwrap_or(1);
                *value = match (key.field().kind, place % 5) {
                    (_, 4) | (Kind::State, _) => *value,
                    (Kind::Counter, _) => *value + unit * random(busy * 2),
                    (Kind::Gauge, _) => (*value + unit * random(busy)).saturating_sub(unit * busy / 2),
                };
            }
            rows.push(now.clone());
        }
        let jitter = (0..rows.len()).map(|row| i64::try_from(row % 3).unwrap_or_default()).collect();
        Ok(Self { keys, jitter, rows })
    }

    /// Frames of host `host`: `count` of them from its row `from`.
    pub(crate) fn frames(&self, host: usize, from: usize, count: usize) -> Result<Vec<(Timestamp, Sample)>> {
        (from..from + count).map(|row| self.frame(host, row)).collect()
    }

    /// Values of one column over the same rows.
    pub(crate) fn values(&self, column: usize, host: usize, from: usize, count: usize) -> Vec<u64> {
        (from..from + count).map(|row| self.value(column, host * APART + row)).collect()
    }

    fn value(&self, column: usize, row: usize) -> u64 {
        let of = |row: usize| self.rows.get(row).and_then(|values| values.get(column)).copied().unwrap_or_default();
        let (turns, row) = (row / self.rows.len(), row % self.rows.len());
        let counts = self.keys.get(column).is_some_and(|key| key.field().kind == Kind::Counter || is_uptime(key));
        let turn = if counts { of(self.rows.len() - 1).saturating_sub(of(0)) } else { 0 };
        of(row) + turn * turns as u64
    }

    fn frame(&self, host: usize, row: usize) -> Result<(Timestamp, Sample)> {
        let mut items: Vec<Item> = Vec::new();
        let place = host * APART + row;
        for (column, key) in self.keys.iter().enumerate() {
            let same = |item: &&mut Item| item.group == key.group() && item.instance == *key.instance();
            let value = (key.tag(), self.value(column, place));
            match items.iter_mut().find(same) {
                Some(item) => item.values.push(value),
                None => {
                    items.push(Item { group: key.group(), instance: key.instance().clone(), values: vec![value] });
                }
            }
        }
        let jitter = self.jitter.get(place % self.jitter.len()).copied().unwrap_or_default();
        let at = Timestamp::from_secs(1_780_002_000).plus_ms(i64::try_from(row)? * CYCLE_MS + jitter);
        Ok((at, restore(&items).context("the trace holds a value that no sample can")?))
    }
}

fn is_uptime(key: &SeriesKey) -> bool {
    key.group() == Group::Kernel && key.field().name == "uptime_ms"
}

/// A number with decimals, times `scale`, rounded.
fn scaled(field: &str, scale: f64) -> Result<u64> {
    match field.parse::<u64>() {
        Ok(whole) if scale.fract() == 0.0 => Ok(whole * scale as u64),
        _ => Ok((field.parse::<f64>()? * scale).round() as u64),
    }
}

/// The series of a column, and what its values are multiplied by.
fn column(name: &str) -> Option<(SeriesKey, f64)> {
    let (text, scale) = text_of(name)?;
    Some((text.parse().ok()?, scale))
}

fn text_of(name: &str) -> Option<(String, f64)> {
    if let Some(rest) = name.strip_suffix("_seconds_total") {
        let (cpu, mode) = rest.split_once('_')?;
        let text = if cpu == "cpu" { format!("cpu.{mode}_ms") } else { format!("core.{mode}_ms{{{cpu}}}") };
        return Some((text, 1000.0));
    }
    if let Some(rest) = name.strip_prefix("net_") {
        let (device, field) = rest.split_once('_')?;
        let (direction, what) = field.split_once('_')?;
        let direction = if direction == "rx" { "receive" } else { "transmit" };
        let what = match what {
            "errs" => "errors",
            "drop" => "drops",
            other => other,
        };
        return Some((format!("interface.{direction}_{what}{{{device}}}"), 1.0));
    }
    if let Some(rest) = name.strip_prefix("psi_").and_then(|rest| rest.strip_suffix("_total")) {
        return Some((format!("pressure.{rest}_us"), 1.0));
    }
    let of = |table: &[(&str, &str, f64)], form: &dyn Fn(&str) -> String| {
        let (_, field, scale) = table.iter().find(|(known, ..)| *known == name)?;
        Some((form(field), *scale))
    };
    of(ONCE, &str::to_owned)
        .or_else(|| of(DISKS, &|field| format!("disk.{field}{{{DISK}}}")))
        .or_else(|| of(ROOTS, &|field| format!("filesystem.{field}{{{ROOT}}}")))
}

const ONCE: &[(&str, &str, f64)] = &[
    ("intr", "kernel.interrupts", 1.0),
    ("ctxt", "kernel.context_switches", 1.0),
    ("processes", "kernel.forks", 1.0),
    ("procs_running", "kernel.running", 1.0),
    ("procs_blocked", "kernel.blocked", 1.0),
    ("uptime", "kernel.uptime_ms", 1000.0),
    ("load1", "load.one_centi", 100.0),
    ("load5", "load.five_centi", 100.0),
    ("load15", "load.fifteen_centi", 100.0),
    ("mem_MemTotal_bytes", "memory.total_bytes", 1.0),
    ("mem_MemFree_bytes", "memory.free_bytes", 1.0),
    ("mem_MemAvailable_bytes", "memory.available_bytes", 1.0),
    ("mem_Buffers_bytes", "memory.buffers_bytes", 1.0),
    ("mem_Cached_bytes", "memory.cached_bytes", 1.0),
    ("mem_Active_bytes", "memory.active_bytes", 1.0),
    ("mem_Inactive_bytes", "memory.inactive_bytes", 1.0),
    ("mem_SwapTotal_bytes", "memory.swap_total_bytes", 1.0),
    ("mem_SwapFree_bytes", "memory.swap_free_bytes", 1.0),
    ("mem_Dirty_bytes", "memory.dirty_bytes", 1.0),
    ("mem_AnonPages_bytes", "memory.anonymous_bytes", 1.0),
    ("mem_Mapped_bytes", "memory.mapped_bytes", 1.0),
    ("mem_Slab_bytes", "memory.slab_bytes", 1.0),
    ("tcp_inuse", "sockets.tcp_in_use", 1.0),
    ("tcp_tw", "sockets.tcp_time_wait", 1.0),
];

const DISKS: &[(&str, &str, f64)] = &[
    ("disk_reads", "reads", 1.0),
    ("disk_rmerge", "reads_merged", 1.0),
    ("disk_rsect", "read_bytes", 512.0),
    ("disk_rms", "read_ms", 1.0),
    ("disk_writes", "writes", 1.0),
    ("disk_wmerge", "writes_merged", 1.0),
    ("disk_wsect", "written_bytes", 512.0),
    ("disk_wms", "write_ms", 1.0),
    ("disk_inflight", "in_flight", 1.0),
    ("disk_io_ms", "io_ms", 1.0),
    ("disk_wio_ms", "io_weighted_ms", 1.0),
];

const ROOTS: &[(&str, &str, f64)] = &[
    ("fs_avail_bytes", "available_bytes", 1.0),
    ("fs_files_free", "inodes_free", 1.0),
    ("fs_size", "size_bytes", 1.0),
];

/// The columns of a recorded server.
const NAMES: &str = "cpu_user_seconds_total cpu_nice_seconds_total cpu_system_seconds_total cpu_idle_seconds_total
    cpu_iowait_seconds_total cpu_irq_seconds_total cpu_softirq_seconds_total cpu_steal_seconds_total
    cpu0_user_seconds_total cpu0_nice_seconds_total cpu0_system_seconds_total cpu0_idle_seconds_total
    cpu0_iowait_seconds_total cpu0_irq_seconds_total cpu0_softirq_seconds_total cpu0_steal_seconds_total
    cpu1_user_seconds_total cpu1_nice_seconds_total cpu1_system_seconds_total cpu1_idle_seconds_total
    cpu1_iowait_seconds_total cpu1_irq_seconds_total cpu1_softirq_seconds_total cpu1_steal_seconds_total
    intr ctxt processes procs_running procs_blocked load1 load5 load15 mem_MemFree_bytes mem_MemAvailable_bytes
    mem_Buffers_bytes mem_Cached_bytes mem_Active_bytes mem_Inactive_bytes mem_SwapFree_bytes mem_Dirty_bytes
    mem_AnonPages_bytes mem_Mapped_bytes mem_Slab_bytes disk_reads disk_rmerge disk_rsect disk_rms disk_writes
    disk_wmerge disk_wsect disk_wms disk_inflight disk_io_ms disk_wio_ms net_lo_rx_bytes net_lo_rx_packets
    net_lo_rx_errs net_lo_rx_drop net_lo_tx_bytes net_lo_tx_packets net_lo_tx_errs net_lo_tx_drop net_eth0_rx_bytes
    net_eth0_rx_packets net_eth0_rx_errs net_eth0_rx_drop net_eth0_tx_bytes net_eth0_tx_packets net_eth0_tx_errs
    net_eth0_tx_drop fs_avail_bytes fs_files_free fs_size psi_cpu_some_total psi_cpu_full_total psi_memory_some_total
    psi_memory_full_total psi_io_some_total psi_io_full_total tcp_inuse tcp_tw uptime";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_becomes_frames_whose_counters_go_on() {
        let text = "ts,cpu_user_seconds_total,disk_rsect,load1\n1000,46.27,10,3.86\n2001,47.00,12,0.5\n";
        let trace = Trace::parse(text).expect("parses");
        let frames = trace.frames(0, 0, 3).expect("frames");
        let read: Vec<_> = frames
            .iter()
            .map(|(_, s)| (s.cpu_total.unwrap().user_ms, s.disks[0].read_bytes, s.load.unwrap().one_centi))
            .collect();
        let expected = [
            (Some(46_270), Some(5_120), Some(386)),
            (Some(47_000), Some(6_144), Some(50)),
            (Some(47_000), Some(6_144), Some(386)),
        ];
        assert_eq!(read, expected);
        assert_eq!(trace.values(0, 1, 0, 1), trace.values(0, 0, 7, 1), "host 1 starts seven rows later");
        assert!(Trace::parse("ts,nobody_knows\n1,2\n").is_err());
        assert_eq!(Trace::synthetic().expect("a trace").keys.len(), 82);
    }
}
