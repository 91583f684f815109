//! Kernel figures that dashboards for node_exporter show and the collector has no use for. Read when `/metrics` is asked
//! and not otherwise, so that they cost an unscraped host nothing and never travel.
//!
//! Names, labels and types are node_exporter's. A file that this kernel does not have leaves its families out; a family
//! that the sample has is shown from there and passed over here. These files are all the kernel's own memory: none of
//! them can hang.

use super::exposition::Exposition;
use crate::sampler::{KernelClock, Roots, is_whole_device, parse_pairs, read_clock, read_source};
use std::collections::BTreeMap;
use std::path::Path;

/// Size of a page on every machine this runs on but those set up otherwise; the kernel counts socket memory in pages.
const PAGE_BYTES: u64 = 4096;

/// Everything that is only for dashboards.
pub(super) fn render_asked(out: &mut Exposition, roots: &Roots) {
    let mut files = Files { root: &roots.proc_root, buffer: Vec::new() };
    files.with("meminfo", |text| render_meminfo(out, text));
    files.with("vmstat", |text| render_vmstat(out, text));
    files.with("net/snmp", |text| render_netstat(out, text));
    files.with("net/netstat", |text| render_netstat(out, text));
    files.with("net/snmp6", |text| render_netstat6(out, text));
    files.with("net/sockstat", |text| render_sockstat(out, text));
    files.with("net/sockstat6", |text| render_sockstat(out, text));
    files.with("net/softnet_stat", |text| render_softnet(out, text));
    files.with("net/dev", |text| render_netdev(out, text));
    files.with("net/arp", |text| render_arp(out, text));
    files.with("diskstats", |text| render_disks(out, text));
    files.with("stat", |text| render_guests(out, text));
    render_numbers(out, &mut files);
    if let Ok(clock) = read_clock() {
        render_clock(out, &clock);
    }
}

struct Files<'a> {
    root: &'a Path,
    buffer: Vec<u8>,
}

impl Files<'_> {
    fn with<T>(&mut self, path: &str, render: impl FnOnce(&str) -> T) -> Option<T> {
        read_source(self.root, path, &mut self.buffer).ok().map(render)
    }
}

fn number(word: &str) -> Option<f64> {
    word.parse::<u64>().ok().map(|value| value as f64)
}

fn render_meminfo(out: &mut Exposition, text: &str) {
    for line in text.lines() {
        let Some((name, rest)) = line.split_once(':') else { continue };
        let mut words = rest.split_ascii_whitespace();
        let Some(value) = words.next().and_then(number) else { continue };
        // `Active(anon)` is `Active_anon` there.
        let name = name.replace('(', "_").replace(')', "");
        let (name, value) = match words.next() {
            Some("kB") => (format!("{name}_bytes"), value * 1024.0),
            _ => (name, value),
        };
        let help = format!("Memory information field {name}.");
        out.gauge_once(&format!("node_memory_{name}"), &help, Some(value));
    }
}

fn render_vmstat(out: &mut Exposition, text: &str) {
    for line in text.lines() {
        let Some((name, value)) = line.split_once(' ') else { continue };
        let fault = name.strip_prefix("pg").is_some_and(|rest| rest.contains("fault"));
        let wanted = ["oom_kill", "pgpg", "pswp"].iter().any(|begin| name.starts_with(begin));
        if wanted || fault {
            out.untyped(
                &format!("node_vmstat_{name}"),
                &format!("/proc/vmstat information field {name}."),
                number(value),
            );
        }
    }
}

/// What node_exporter shows of `/proc/net` without being asked for more.
fn is_shown(protocol: &str, name: &str) -> bool {
    match protocol {
        "Icmp" | "Icmp6" => matches!(name, "InMsgs" | "OutMsgs" | "InErrors"),
        "Ip" => name == "Forwarding",
        "Ip6" | "IpExt" => matches!(name, "InOctets" | "OutOctets"),
        "Tcp" => matches!(
            name,
            "ActiveOpens" | "CurrEstab" | "InErrs" | "InSegs" | "OutRsts" | "OutSegs" | "PassiveOpens" | "RetransSegs"
        ),
        "TcpExt" => {
            name.starts_with("Listen")
                || name.starts_with("Syncookies")
                || matches!(name, "TCPSynRetrans" | "TCPTimeouts")
        }
        "Udp" | "Udp6" => {
            matches!(name, "InDatagrams" | "InErrors" | "NoPorts" | "OutDatagrams" | "RcvbufErrors" | "SndbufErrors")
        }
        "UdpLite" | "UdpLite6" => name == "InErrors",
        _ => false,
    }
}

fn show_netstat(out: &mut Exposition, protocol: &str, name: &str, value: u64) {
    if is_shown(protocol, name) {
        let family = format!("node_netstat_{protocol}_{name}");
        out.untyped(&family, &format!("Statistic {protocol}{name}."), Some(value as f64));
    }
}

fn render_netstat(out: &mut Exposition, text: &str) {
    let read = parse_pairs(text, |protocol, name, value| show_netstat(out, protocol, name, value));
    if let Err(error) = read {
        tracing::debug!(%error, "network counters end here");
    }
}

fn render_netstat6(out: &mut Exposition, text: &str) {
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        let (Some(name), Some(value)) = (words.next(), words.next()) else { continue };
        let split = name.split_once('6').and_then(|(protocol, name)| Some((protocol, name, value.parse().ok()?)));
        if let Some((protocol, name, value)) = split {
            show_netstat(out, &format!("{protocol}6"), name, value);
        }
    }
}

fn render_sockstat(out: &mut Exposition, text: &str) {
    for line in text.lines() {
        let Some((protocol, rest)) = line.split_once(':') else { continue };
        let mut words = rest.split_ascii_whitespace();
        while let (Some(name), Some(value)) = (words.next(), words.next()) {
            let help = format!("Number of {protocol} sockets in state {name}.");
            out.gauge_once(&format!("node_sockstat_{protocol}_{name}"), &help, number(value));
            if name == "mem" {
                let help = format!("Bytes of memory of {protocol} sockets.");
                let bytes = number(value).map(|pages| pages * PAGE_BYTES as f64);
                out.gauge_once(&format!("node_sockstat_{protocol}_mem_bytes"), &help, bytes);
            }
        }
    }
}

/// A line for each processor, of hexadecimal numbers; newer kernels say which in the 13th.
fn render_softnet(out: &mut Exposition, text: &str) {
    let rows: Vec<Vec<u32>> = text
        .lines()
        .map(|line| line.split_ascii_whitespace().map_while(|word| u32::from_str_radix(word, 16).ok()).collect())
        .collect();
    let families = [
        ("node_softnet_processed_total", "Number of processed packets.", 0),
        ("node_softnet_dropped_total", "Number of dropped packets.", 1),
        ("node_softnet_times_squeezed_total", "Number of times processing packets ran out of quota.", 2),
    ];
    for (name, help, column) in families {
        let mut family = out.counter(name, help);
        for (position, row) in (0_u32..).zip(&rows) {
            let cpu = row.get(12).copied().unwrap_or(position).to_string();
            family.add(&[("cpu", &cpu)], row.get(column).copied().map(f64::from));
        }
    }
}

/// Rows of names and numbers to one counter for each column.
fn render_columns(out: &mut Exposition, rows: &[(&str, Vec<&str>)], columns: &[(&str, &str, usize, f64)]) {
    for (name, help, column, unit) in columns {
        let mut family = out.counter(name, help);
        for (device, words) in rows {
            family
                .add(&[("device", device)], words.get(*column).and_then(|word| number(word)).map(|value| value * unit));
        }
    }
}

fn render_netdev(out: &mut Exposition, text: &str) {
    let rows: Vec<(&str, Vec<&str>)> = text
        .lines()
        .skip(2)
        .filter_map(|line| line.split_once(':'))
        .map(|(device, rest)| (device.trim(), rest.split_ascii_whitespace().collect()))
        .collect();
    let columns = [
        ("node_network_receive_fifo_total", "Network device statistic receive_fifo.", 4, 1.0),
        ("node_network_receive_frame_total", "Network device statistic receive_frame.", 5, 1.0),
        ("node_network_receive_compressed_total", "Network device statistic receive_compressed.", 6, 1.0),
        ("node_network_receive_multicast_total", "Network device statistic receive_multicast.", 7, 1.0),
        ("node_network_transmit_fifo_total", "Network device statistic transmit_fifo.", 12, 1.0),
        ("node_network_transmit_colls_total", "Network device statistic transmit_colls.", 13, 1.0),
        ("node_network_transmit_carrier_total", "Network device statistic transmit_carrier.", 14, 1.0),
        ("node_network_transmit_compressed_total", "Network device statistic transmit_compressed.", 15, 1.0),
    ];
    render_columns(out, &rows, &columns);
}

fn render_disks(out: &mut Exposition, text: &str) {
    let rows: Vec<(&str, Vec<&str>)> = text
        .lines()
        .filter_map(|line| {
            let mut words = line.split_ascii_whitespace().skip(2);
            let device = words.next().filter(|device| is_whole_device(device))?;
            Some((device, words.collect()))
        })
        .collect();
    let columns = [
        ("node_disk_discards_completed_total", "The total number of discards completed successfully.", 11, 1.0),
        ("node_disk_discards_merged_total", "The total number of discards merged.", 12, 1.0),
        ("node_disk_discarded_sectors_total", "The total number of sectors discarded successfully.", 13, 1.0),
        (
            "node_disk_discard_time_seconds_total",
            "This is the total number of seconds spent by all discards.",
            14,
            0.001,
        ),
        ("node_disk_flush_requests_total", "The total number of flush requests completed successfully", 15, 1.0),
        (
            "node_disk_flush_requests_time_seconds_total",
            "This is the total number of seconds spent by all flush requests.",
            16,
            0.001,
        ),
    ];
    render_columns(out, &rows, &columns);
}

fn render_arp(out: &mut Exposition, text: &str) {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for device in text.lines().skip(1).filter_map(|line| line.split_ascii_whitespace().nth(5)) {
        *counts.entry(device).or_default() += 1;
    }
    let mut family = out.gauge("node_arp_entries", "ARP entries by device");
    for (device, count) in counts {
        family.add(&[("device", device)], Some(count.into()));
    }
}

/// Time that virtual machines had, which the modes of `node_cpu_seconds_total` count once already.
fn render_guests(out: &mut Exposition, text: &str) {
    let mut family =
        out.counter("node_cpu_guest_seconds_total", "Seconds the CPUs spent in guests (VMs) for each mode.");
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        let Some(cpu) = words.next().and_then(|word| word.strip_prefix("cpu")).filter(|cpu| !cpu.is_empty()) else {
            continue;
        };
        let words: Vec<&str> = words.collect();
        for (mode, column) in [("nice", 9), ("user", 8)] {
            let ticks = words.get(column).and_then(|word| number(word));
            family.add(&[("cpu", cpu), ("mode", mode)], ticks.map(|ticks| ticks / 100.0));
        }
    }
}

/// Files of one number, or of some in a row.
fn render_numbers(out: &mut Exposition, files: &mut Files<'_>) {
    let families = [
        ("sys/fs/file-nr", 0, "node_filefd_allocated", "File descriptor statistics: allocated."),
        ("sys/fs/file-nr", 2, "node_filefd_maximum", "File descriptor statistics: maximum."),
        ("sys/kernel/random/entropy_avail", 0, "node_entropy_available_bits", "Bits of available entropy."),
        ("sys/kernel/random/poolsize", 0, "node_entropy_pool_size_bits", "Bits of entropy pool."),
        (
            "sys/net/netfilter/nf_conntrack_count",
            0,
            "node_nf_conntrack_entries",
            "Number of currently allocated flow entries for connection tracking.",
        ),
        (
            "sys/net/netfilter/nf_conntrack_max",
            0,
            "node_nf_conntrack_entries_limit",
            "Maximum size of connection tracking table.",
        ),
        ("sys/kernel/threads-max", 0, "node_processes_max_threads", "Limit of threads in the system"),
        ("sys/kernel/pid_max", 0, "node_processes_max_processes", "Number of max PIDs limit"),
    ];
    for (path, column, name, help) in families {
        let value = files.with(path, |text| text.split_ascii_whitespace().nth(column).and_then(number)).flatten();
        out.gauge_once(name, help, value);
    }
}

fn render_clock(out: &mut Exposition, clock: &KernelClock) {
    let families: [(&str, &str, f64); 9] = [
        ("offset_seconds", "Time offset in between local system and reference clock.", clock.offset_ns as f64 / 1e9),
        ("frequency_adjustment_ratio", "Local clock frequency adjustment.", clock.frequency_ratio()),
        ("maxerror_seconds", "Maximum error in seconds.", clock.error_max_us as f64 / 1e6),
        ("estimated_error_seconds", "Estimated error in seconds.", clock.error_estimated_us as f64 / 1e6),
        ("status", "Value of the status array bits.", clock.status.into()),
        ("loop_time_constant", "Phase-locked loop time constant.", clock.loop_constant as f64),
        ("tick_seconds", "Seconds between clock ticks.", clock.tick_us as f64 / 1e6),
        ("tai_offset_seconds", "International Atomic Time (TAI) offset.", clock.tai_seconds.into()),
        (
            "sync_status",
            "Is clock synchronized to a reliable server (1 = yes, 0 = no).",
            f64::from(u8::from(clock.synchronized)),
        ),
    ];
    for (name, help, value) in families {
        out.gauge_once(&format!("node_timex_{name}"), help, Some(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(render: impl FnOnce(&mut Exposition)) -> String {
        let mut out = Exposition::default();
        render(&mut out);
        out.render().expect("renders")
    }

    #[test]
    fn what_the_sample_shows_is_not_shown_twice() {
        let text = text_of(|out| {
            out.gauge("node_memory_MemTotal_bytes", "Of the sample.").add(&[], Some(5.0));
            render_meminfo(out, "MemTotal: 7 kB\nActive(anon): 3 kB\nHugePages_Total: 2\nBad: x kB\n");
        });
        assert!(text.contains("node_memory_MemTotal_bytes 5\n") && !text.contains("7168"), "{text}");
        assert!(text.contains("node_memory_Active_anon_bytes 3072\n"), "{text}");
        assert!(text.contains("# TYPE node_memory_HugePages_Total gauge\nnode_memory_HugePages_Total 2\n"), "{text}");
    }

    #[test]
    fn network_counters_are_untyped_and_only_the_usual_ones() {
        let text = text_of(|out| {
            render_netstat(out, "Tcp: RtoMin CurrEstab\nTcp: 200 3\nUdpLite: InErrors\nUdpLite: 0\nrest");
            render_netstat6(out, "Ip6InOctets   9\nUdpLite6InErrors 4\nIp6InDelivers 5\nnonsense\n");
            render_vmstat(out, "pgpgin 1\npgmajfault 2\nnr_free_pages 3\noom_kill 4\n");
        });
        let values: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let expected = [
            "node_netstat_Tcp_CurrEstab 3",
            "node_netstat_UdpLite_InErrors 0",
            "node_netstat_Ip6_InOctets 9",
            "node_netstat_UdpLite6_InErrors 4",
            "node_vmstat_pgpgin 1",
            "node_vmstat_pgmajfault 2",
            "node_vmstat_oom_kill 4",
        ];
        assert_eq!(values, expected);
        assert!(text.contains("# TYPE node_netstat_Tcp_CurrEstab untyped\n"), "{text}");
    }

    #[test]
    fn rows_become_labels() {
        let text = text_of(|out| {
            render_softnet(out, "0000000a 00000001 00000000\nff 0 2 0 0 0 0 0 0 0 0 0 7\n");
            render_netdev(out, "a\nb\n eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n");
            render_disks(
                out,
                " 8 0 sda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 1500\n 8 1 sda1 1\n 8 16 sdb 1 2 3 4 5 6 7 8 9 10 11\n",
            );
            render_arp(out, "IP address HW type Flags HW address Mask Device\n1 2 3 4 5 eth0\n1 2 3 4 5 eth0\n");
            render_guests(out, "cpu 1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3 4 5 6 7 8 100 10\n");
            render_sockstat(out, "TCP: inuse 3 mem 2\n");
        });
        for line in [
            "node_softnet_processed_total{cpu=\"0\"} 10",
            "node_softnet_times_squeezed_total{cpu=\"7\"} 2",
            "node_network_receive_multicast_total{device=\"eth0\"} 8",
            "node_network_transmit_compressed_total{device=\"eth0\"} 16",
            "node_disk_discard_time_seconds_total{device=\"sda\"} 1.5",
            "node_arp_entries{device=\"eth0\"} 2",
            "node_cpu_guest_seconds_total{cpu=\"0\",mode=\"user\"} 1",
            "node_sockstat_TCP_mem_bytes 8192",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
        }
        assert!(!text.contains("sdb") && !text.contains("sda1"), "an old kernel has no discards:\n{text}");
    }

    #[test]
    fn a_machine_without_files_shows_its_clock_only() {
        let root = tempfile::tempdir().expect("temporary directory");
        let roots = Roots { proc_root: root.path().into(), ..Roots::default() };
        let text = text_of(|out| render_asked(out, &roots));
        assert!(text.lines().all(|line| line.contains("node_timex_")), "{text}");
    }
}
