//! Every metric that the panels of Node Exporter Full (number 1860 at grafana.com) ask for, by name: each is shown by the
//! agent or left out for a reason that stands in `families`. That those which are shown hold something is asked by
//! `dashboard`.

use super::families::{LEFT_OUT, SHARED, is_among, is_left_out};
use anyhow::{Result, ensure};

/// The names, alphabetical; of memory, vmstat and netstat the endings behind `node_memory_` and so on.
const NAMES: &[&str] = &[
    "node_arp_entries",
    "node_boot_time_seconds",
    "node_context_switches_total",
    "node_cooling_device_cur_state",
    "node_cooling_device_max_state",
    "node_cpu_guest_seconds_total",
    "node_cpu_scaling_frequency_hertz",
    "node_cpu_scaling_frequency_max_hertz",
    "node_cpu_scaling_frequency_min_hertz",
    "node_cpu_seconds_total",
    "node_disk_discard_time_seconds_total",
    "node_disk_discards_completed_total",
    "node_disk_discards_merged_total",
    "node_disk_io_now",
    "node_disk_io_time_seconds_total",
    "node_disk_io_time_weighted_seconds_total",
    "node_disk_read_bytes_total",
    "node_disk_read_time_seconds_total",
    "node_disk_reads_completed_total",
    "node_disk_reads_merged_total",
    "node_disk_write_time_seconds_total",
    "node_disk_writes_completed_total",
    "node_disk_writes_merged_total",
    "node_disk_written_bytes_total",
    "node_entropy_available_bits",
    "node_filefd_allocated",
    "node_filefd_maximum",
    "node_filesystem_avail_bytes",
    "node_filesystem_device_error",
    "node_filesystem_files",
    "node_filesystem_files_free",
    "node_filesystem_free_bytes",
    "node_filesystem_readonly",
    "node_filesystem_size_bytes",
    "node_forks_total",
    "node_hwmon_chip_names",
    "node_hwmon_temp_celsius",
    "node_hwmon_temp_crit_alarm_celsius",
    "node_hwmon_temp_crit_celsius",
    "node_hwmon_temp_crit_hyst_celsius",
    "node_hwmon_temp_max_celsius",
    "node_interrupts_total",
    "node_intr_total",
    "node_load1",
    "node_load15",
    "node_load5",
    "node_network_carrier",
    "node_network_mtu_bytes",
    "node_network_receive_bytes_total",
    "node_network_receive_compressed_total",
    "node_network_receive_drop_total",
    "node_network_receive_errs_total",
    "node_network_receive_fifo_total",
    "node_network_receive_frame_total",
    "node_network_receive_multicast_total",
    "node_network_receive_packets_total",
    "node_network_speed_bytes",
    "node_network_transmit_bytes_total",
    "node_network_transmit_carrier_total",
    "node_network_transmit_colls_total",
    "node_network_transmit_compressed_total",
    "node_network_transmit_drop_total",
    "node_network_transmit_errs_total",
    "node_network_transmit_fifo_total",
    "node_network_transmit_packets_total",
    "node_network_transmit_queue_length",
    "node_network_up",
    "node_nf_conntrack_entries",
    "node_nf_conntrack_entries_limit",
    "node_power_supply_online",
    "node_pressure_cpu_waiting_seconds_total",
    "node_pressure_io_stalled_seconds_total",
    "node_pressure_io_waiting_seconds_total",
    "node_pressure_memory_stalled_seconds_total",
    "node_pressure_memory_waiting_seconds_total",
    "node_processes_max_processes",
    "node_processes_max_threads",
    "node_processes_pids",
    "node_processes_state",
    "node_processes_threads",
    "node_procs_blocked",
    "node_procs_running",
    "node_schedstat_running_seconds_total",
    "node_schedstat_timeslices_total",
    "node_schedstat_waiting_seconds_total",
    "node_scrape_collector_duration_seconds",
    "node_scrape_collector_success",
    "node_sockstat_FRAG_inuse",
    "node_sockstat_FRAG_memory",
    "node_sockstat_RAW_inuse",
    "node_sockstat_TCP_alloc",
    "node_sockstat_TCP_inuse",
    "node_sockstat_TCP_mem",
    "node_sockstat_TCP_mem_bytes",
    "node_sockstat_TCP_orphan",
    "node_sockstat_TCP_tw",
    "node_sockstat_UDPLITE_inuse",
    "node_sockstat_UDP_inuse",
    "node_sockstat_UDP_mem",
    "node_sockstat_UDP_mem_bytes",
    "node_sockstat_sockets_used",
    "node_softnet_dropped_total",
    "node_softnet_flow_limit_count_total",
    "node_softnet_processed_total",
    "node_softnet_received_rps_total",
    "node_softnet_times_squeezed_total",
    "node_systemd_socket_accepted_connections_total",
    "node_systemd_units",
    "node_textfile_scrape_error",
    "node_time_seconds",
    "node_timex_estimated_error_seconds",
    "node_timex_frequency_adjustment_ratio",
    "node_timex_loop_time_constant",
    "node_timex_maxerror_seconds",
    "node_timex_offset_seconds",
    "node_timex_sync_status",
    "node_timex_tai_offset_seconds",
    "node_timex_tick_seconds",
    "node_uname_info",
];

/// Of `node_memory_…_bytes`.
const MEMORY: &str = "Active Active_anon Active_file AnonHugePages AnonPages Bounce Buffers Cached CommitLimit \
    Committed_AS DirectMap1G DirectMap2M DirectMap4k Dirty HardwareCorrupted Hugepagesize Inactive Inactive_anon \
    Inactive_file KernelStack Mapped MemAvailable MemFree MemTotal Mlocked NFS_Unstable PageTables Percpu \
    SReclaimable SUnreclaim Shmem ShmemHugePages ShmemPmdMapped Slab SwapCached SwapFree SwapTotal Unevictable \
    VmallocChunk VmallocTotal VmallocUsed Writeback WritebackTmp";

/// Of `node_netstat_…`.
const NETSTAT: &str = "IpExt_InOctets IpExt_OutOctets Ip_Forwarding Icmp_InErrors Icmp_InMsgs Icmp_OutMsgs \
    TcpExt_ListenDrops TcpExt_ListenOverflows TcpExt_SyncookiesFailed TcpExt_SyncookiesRecv TcpExt_SyncookiesSent \
    TcpExt_TCPOFOQueue TcpExt_TCPRcvQDrop TcpExt_TCPSynRetrans Tcp_ActiveOpens Tcp_CurrEstab Tcp_InErrs Tcp_InSegs \
    Tcp_MaxConn Tcp_OutRsts Tcp_OutSegs Tcp_PassiveOpens Tcp_RetransSegs UdpLite_InErrors Udp_InDatagrams \
    Udp_InErrors Udp_NoPorts Udp_OutDatagrams Udp_RcvbufErrors Udp_SndbufErrors";

/// Of `node_vmstat_…`.
const VMSTAT: &str = "oom_kill pgfault pgmajfault pgpgin pgpgout pswpin pswpout";

/// All names, spelled out.
fn names() -> Vec<String> {
    let spelled = |begin: &str, ends: &str, end: &str| -> Vec<String> {
        ends.split_whitespace().map(|name| format!("{begin}{name}{end}")).collect()
    };
    let mut names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    names.extend(spelled("node_memory_", MEMORY, "_bytes"));
    names.extend(spelled("node_memory_HugePages_", "Free Rsvd Surp Total", ""));
    names.extend(spelled("node_netstat_", NETSTAT, ""));
    names.extend(spelled("node_vmstat_", VMSTAT, ""));
    names
}

/// The names of the dashboard that are left out on purpose: its panels for them stay empty.
pub(super) fn left_out() -> Vec<String> {
    names().into_iter().filter(|name| is_left_out(name, LEFT_OUT)).collect()
}

/// The names of the dashboard that the agent shows where the kernel knows the figure.
pub(super) fn shared() -> Vec<String> {
    names().into_iter().filter(|name| !is_left_out(name, LEFT_OUT)).collect()
}

#[test]
fn every_name_of_the_dashboard_is_shown_or_left_out_for_a_reason() -> Result<()> {
    let (known, all) = (|name: &String| is_among(name, SHARED) || is_left_out(name, LEFT_OUT), names());
    let unknown: Vec<&String> = all.iter().filter(|name| !known(name)).collect();
    ensure!(unknown.is_empty(), "neither shown nor left out: {unknown:?}");
    ensure!(all.len() > 180 && left_out().len() < 30, "{} names, {} left out", all.len(), left_out().len());
    Ok(())
}
