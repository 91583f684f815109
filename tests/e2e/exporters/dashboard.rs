//! The panels of the dashboard most used with node_exporter, Node Exporter Full (number 1860 at grafana.com): its
//! expressions, with the dashboard's variables filled in, asked of a Prometheus that scrapes our agent alone.

use super::Watched;
use crate::eventually::eventually;
use crate::prometheus::query;
use anyhow::{Context, Result, ensure};
use pantau_tests::free_port;
use std::fs;
use std::path::Path;
use tokio::process::Command;

/// Panels by what this machine must have for them.
const PANELS: &[(Needs, &[&str])] = &[
    (
        Needs::Nothing,
        &[
            "100 * (1 - avg(rate(node_cpu_seconds_total{mode=\"idle\"}[30s])))",
            "scalar(node_load1) * 100 / count(count(node_cpu_seconds_total) by (cpu))",
            "(1 - (node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)) * 100",
            "((node_memory_SwapTotal_bytes - node_memory_SwapFree_bytes) / node_memory_SwapTotal_bytes) * 100",
            "count(count(node_cpu_seconds_total) by (cpu))",
            "node_time_seconds - node_boot_time_seconds",
            "node_memory_MemTotal_bytes",
            "node_memory_SwapTotal_bytes",
            "sum(irate(node_cpu_seconds_total{mode=\"system\"}[30s])) / scalar(count(count(node_cpu_seconds_total) by (cpu)))",
            "sum(irate(node_cpu_seconds_total{mode=\"user\"}[30s])) / scalar(count(count(node_cpu_seconds_total) by (cpu)))",
            "sum(irate(node_cpu_seconds_total{mode=\"iowait\"}[30s])) / scalar(count(count(node_cpu_seconds_total) by (cpu)))",
            "sum(irate(node_cpu_seconds_total{mode=~\".*irq\"}[30s])) / scalar(count(count(node_cpu_seconds_total) by (cpu)))",
            "sum by(mode) (irate(node_cpu_guest_seconds_total[30s]))",
            "node_memory_MemTotal_bytes - node_memory_MemFree_bytes - (node_memory_Cached_bytes + node_memory_Buffers_bytes + node_memory_SReclaimable_bytes)",
            "node_memory_Slab_bytes + node_memory_PageTables_bytes + node_memory_SwapCached_bytes",
            "node_memory_Active_anon_bytes + node_memory_Inactive_file_bytes",
            "node_memory_Committed_AS_bytes / node_memory_CommitLimit_bytes",
            "node_memory_Writeback_bytes + node_memory_Dirty_bytes",
            "node_memory_Mapped_bytes + node_memory_Shmem_bytes",
            "node_memory_KernelStack_bytes + node_memory_Percpu_bytes",
            "node_memory_HugePages_Total * node_memory_Hugepagesize_bytes",
            "node_memory_DirectMap4k_bytes",
            "irate(node_vmstat_pgpgin[30s]) + irate(node_vmstat_pgpgout[30s])",
            "irate(node_vmstat_pswpin[30s]) + irate(node_vmstat_pswpout[30s])",
            "irate(node_vmstat_pgfault[30s]) - irate(node_vmstat_pgmajfault[30s])",
            "irate(node_vmstat_oom_kill[30s])",
            "node_timex_estimated_error_seconds + node_timex_offset_seconds + node_timex_maxerror_seconds",
            "node_timex_sync_status + node_timex_frequency_adjustment_ratio + node_timex_tick_seconds + node_timex_tai_offset_seconds",
            "node_procs_running + node_procs_blocked",
            "irate(node_forks_total[30s])",
            "node_processes_pids / node_processes_max_processes",
            "node_processes_threads / node_processes_max_threads",
            "irate(node_context_switches_total[30s]) + irate(node_intr_total[30s])",
            "node_load1 + node_load5 + node_load15",
            "node_entropy_available_bits",
            "node_filefd_allocated / node_filefd_maximum",
            "irate(node_network_receive_bytes_total[30s])*8",
            "irate(node_network_transmit_bytes_total[30s])*8",
            "irate(node_network_receive_packets_total[30s])",
            "irate(node_network_receive_errs_total[30s]) + irate(node_network_receive_drop_total[30s])",
            "irate(node_network_receive_fifo_total[30s]) + irate(node_network_receive_frame_total[30s]) + irate(node_network_receive_multicast_total[30s])",
            "irate(node_network_transmit_carrier_total[30s]) + irate(node_network_transmit_colls_total[30s])",
            "node_network_up{device!=\"lo\"} or node_network_up",
            "irate(node_softnet_processed_total[30s]) + irate(node_softnet_dropped_total[30s]) + irate(node_softnet_times_squeezed_total[30s])",
            "node_sockstat_TCP_alloc + node_sockstat_TCP_inuse + node_sockstat_TCP_mem + node_sockstat_TCP_orphan + node_sockstat_TCP_tw",
            "node_sockstat_UDP_inuse + node_sockstat_UDP_mem_bytes + node_sockstat_sockets_used",
            "irate(node_netstat_IpExt_InOctets[30s]) + irate(node_netstat_IpExt_OutOctets[30s])",
            "irate(node_netstat_Tcp_InSegs[30s]) + irate(node_netstat_Tcp_OutSegs[30s])",
            "irate(node_netstat_Tcp_RetransSegs[30s]) + irate(node_netstat_Tcp_InErrs[30s]) + irate(node_netstat_Tcp_OutRsts[30s])",
            "irate(node_netstat_TcpExt_ListenOverflows[30s]) + irate(node_netstat_TcpExt_ListenDrops[30s])",
            "irate(node_netstat_Tcp_ActiveOpens[30s]) + irate(node_netstat_Tcp_PassiveOpens[30s])",
            "node_netstat_Tcp_CurrEstab",
            "irate(node_netstat_Udp_InDatagrams[30s]) + irate(node_netstat_Udp_NoPorts[30s]) + irate(node_netstat_Udp_RcvbufErrors[30s])",
            "irate(node_netstat_Icmp_InMsgs[30s]) + irate(node_netstat_Icmp_InErrors[30s])",
        ],
    ),
    (
        Needs::Disk,
        &[
            "100 - ((node_filesystem_avail_bytes{mountpoint=\"/\",fstype!=\"rootfs\"} * 100) / node_filesystem_size_bytes{mountpoint=\"/\",fstype!=\"rootfs\"})",
            "node_filesystem_size_bytes{device!~'rootfs'} - node_filesystem_free_bytes{device!~'rootfs'}",
            "node_filesystem_files_free{device!~'rootfs'} / node_filesystem_files{device!~'rootfs'}",
            "node_filesystem_readonly{device!~'rootfs'} + node_filesystem_device_error{device!~'rootfs'}",
            "irate(node_disk_reads_completed_total{device=~\"[a-z]+|nvme[0-9]+n[0-9]+|mmcblk[0-9]+\"}[30s])",
            "irate(node_disk_read_bytes_total{device=~\"[a-z]+|nvme[0-9]+n[0-9]+\"}[30s]) + irate(node_disk_written_bytes_total[30s])",
            "irate(node_disk_read_time_seconds_total[30s]) / irate(node_disk_reads_completed_total[30s])",
            "irate(node_disk_io_time_seconds_total[30s])",
            "irate(node_disk_io_time_weighted_seconds_total[30s]) + node_disk_io_now",
            "irate(node_disk_reads_merged_total[30s]) + irate(node_disk_writes_merged_total[30s])",
        ],
    ),
    (
        Needs::File("/proc/pressure/io"),
        &[
            "irate(node_pressure_cpu_waiting_seconds_total[30s])",
            "irate(node_pressure_memory_waiting_seconds_total[30s]) + irate(node_pressure_memory_stalled_seconds_total[30s])",
            "irate(node_pressure_io_waiting_seconds_total[30s]) + irate(node_pressure_io_stalled_seconds_total[30s])",
        ],
    ),
    (Needs::File("/run/dbus/system_bus_socket"), &["node_systemd_units{state=\"failed\"}"]),
];

enum Needs {
    Nothing,
    Disk,
    File(&'static str),
}

impl Needs {
    /// What is missing here, if anything.
    fn missing(&self) -> Option<&'static str> {
        let has_disk = || fs::read_to_string("/proc/diskstats").is_ok_and(|text| text.contains("da "));
        match self {
            Self::Nothing => None,
            Self::Disk => (!has_disk()).then_some("a disk"),
            Self::File(path) => (!Path::new(path).exists()).then_some(*path),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_usual_dashboard_finds_its_panels_filled() -> Result<()> {
    let watched = Watched::start("").await?;
    watched.shows("node_cpu_seconds_total").await?;
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("prometheus.yml");
    let target = watched.office.agent_metrics("web-01")?;
    fs::write(
        &config,
        format!(
            "global:\n  scrape_interval: 1s\nscrape_configs:\n  - job_name: node\n    static_configs:\n      - targets: ['{target}']\n"
        ),
    )?;
    let port = free_port()?;
    let log = fs::File::create(folder.path().join("log"))?;
    let mut prometheus = Command::new("prometheus")
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.tsdb.path={}", folder.path().join("tsdb").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .context("prometheus, of Debian's package")?;
    eventually("Prometheus has scraped three times", 40, async || {
        Ok(query(port, "count_over_time(node_load1[1m])").await.is_ok_and(|count| count >= 3.0).then_some(()))
    })
    .await?;
    let (mut filled, mut empty) = (0, Vec::new());
    for (needs, panels) in PANELS {
        if let Some(missing) = needs.missing() {
            eprintln!("this machine does not have {missing}: {} panels are not asked", panels.len());
            continue;
        }
        for panel in *panels {
            match query(port, panel).await {
                Ok(_) => filled += 1,
                Err(error) => empty.push(format!("{panel}: {error:#}")),
            }
        }
    }
    eprintln!("{filled} panels of the dashboard are filled");
    ensure!(empty.is_empty(), "{} panels are empty:\n{}", empty.len(), empty.join("\n"));
    prometheus.kill().await?;
    watched.stop().await
}
