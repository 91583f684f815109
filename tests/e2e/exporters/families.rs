//! The families shared with the exporters of the field, those left out and why. A name that ends in `*` stands for all
//! that begin so. The page is made from here.

/// Families of node_exporter that the agent shows, from what the sample holds and what is read when asked.
pub(super) const SHARED: &[&str] = &[
    "node_arp_entries",
    "node_boot_time_seconds",
    "node_context_switches_total",
    "node_cpu_guest_seconds_total",
    "node_cpu_seconds_total",
    "node_disk_discard_time_seconds_total",
    "node_disk_discarded_sectors_total",
    "node_disk_discards_completed_total",
    "node_disk_discards_merged_total",
    "node_disk_flush_requests_*",
    "node_disk_io_*",
    "node_disk_read*",
    "node_disk_writ*",
    "node_entropy_*",
    "node_filefd_*",
    "node_filesystem_*",
    "node_forks_total",
    "node_intr_total",
    "node_load1",
    "node_load15",
    "node_load5",
    "node_memory_*",
    "node_netstat_*",
    "node_network_receive_*",
    "node_network_speed_bytes",
    "node_network_transmit_*",
    "node_network_up",
    "node_nf_conntrack_entries",
    "node_nf_conntrack_entries_limit",
    "node_pressure_*",
    "node_processes_max_processes",
    "node_processes_max_threads",
    "node_processes_pids",
    "node_processes_threads",
    "node_procs_blocked",
    "node_procs_running",
    "node_sockstat_*",
    "node_softnet_*",
    "node_systemd_unit_state",
    "node_systemd_units",
    "node_time_seconds",
    "node_timex_*",
    "node_uname_info",
    "node_vmstat_*",
];

/// Families of node_exporter that are not here, by reason. The first that fits counts, before [`SHARED`].
pub(super) const LEFT_OUT: &[(&str, &[&str])] = &[
    (
        "They are of that program and its runtime; the agent's own figures begin with `pantau_agent_`.",
        &["go_*", "process_*", "promhttp_*", "node_exporter_build_info", "node_scrape_collector_*", "node_textfile_*"],
    ),
    (
        "A file in /sys for each figure of each interface, many of which wait for the network's own lock.",
        &[
            "node_network_address_assign_type",
            "node_network_carrier*",
            "node_network_device_id",
            "node_network_dormant",
            "node_network_flags",
            "node_network_iface_*",
            "node_network_info",
            "node_network_mtu_bytes",
            "node_network_name_assign_type",
            "node_network_net_dev_group",
            "node_network_protocol_type",
            "node_network_transmit_queue_length",
        ],
    ),
    (
        "Only told by netlink, for each processor or interface.",
        &["node_network_receive_nohandler_total", "node_nf_conntrack_stat_*"],
    ),
    (
        "Costs as much as there are sockets, processes, units or interrupts.",
        &[
            "node_interrupts_total",
            "node_processes_state",
            "node_processes_threads_state",
            "node_systemd_socket_*",
            "node_tcp_connection_states",
            "node_udp_queues",
        ],
    ),
    (
        "Never changes, and the collector's page of the host tells it.",
        &[
            "node_cpu_info",
            "node_disk_info",
            "node_dmi_*",
            "node_os_*",
            "node_selinux_*",
            "node_time_clocksource_*",
            "node_time_zone_*",
        ],
    ),
    ("Of hardware clocks that give a pulse each second.", &["node_timex_pps_*"]),
    (
        "Of hardware and of special file systems: a check through a plug-in of Nagios's kind sees more of them.",
        &[
            "node_bcache_*",
            "node_bonding_*",
            "node_btrfs_*",
            "node_cooling_*",
            "node_cpu_core_*",
            "node_cpu_frequency_*",
            "node_cpu_package_*",
            "node_cpu_scaling_*",
            "node_edac_*",
            "node_fibrechannel_*",
            "node_hwmon_*",
            "node_infiniband_*",
            "node_ipvs_*",
            "node_md_*",
            "node_nfs_*",
            "node_nfsd_*",
            "node_nvme_*",
            "node_power_supply_*",
            "node_rapl_*",
            "node_schedstat_*",
            "node_tape_*",
            "node_thermal_*",
            "node_xfs_*",
            "node_zfs_*",
            "node_zoneinfo_*",
        ],
    ),
];

/// Families of blackbox_exporter that the agent shows, with `check` and `kind` beside its labels.
pub(super) const PROBE_SHARED: &[&str] = &[
    "probe_dns_additional_rrs",
    "probe_dns_answer_rrs",
    "probe_dns_authority_rrs",
    "probe_dns_duration_seconds",
    "probe_dns_lookup_time_seconds",
    "probe_dns_query_succeeded",
    "probe_duration_seconds",
    "probe_failed_due_to_regex",
    "probe_http_content_length",
    "probe_http_duration_seconds",
    "probe_http_redirects",
    "probe_http_ssl",
    "probe_http_status_code",
    "probe_http_uncompressed_body_length",
    "probe_http_version",
    "probe_icmp_duration_seconds",
    "probe_icmp_reply_hop_limit",
    "probe_ip_protocol",
    "probe_ssl_earliest_cert_expiry",
    "probe_ssl_last_chain_expiry_timestamp_seconds",
    "probe_ssl_last_chain_info",
    "probe_success",
    "probe_tls_cipher_info",
    "probe_tls_version_info",
];

/// Families of blackbox_exporter that are not here, by reason.
pub(super) const PROBE_LEFT_OUT: &[(&str, &[&str])] = &[
    (
        "A number made of the address, to see whether it changes; the collector is told the address's answer itself.",
        &["probe_ip_addr_hash"],
    ),
    ("Seldom told by servers, and nothing here is judged by it.", &["probe_http_last_modified_timestamp_seconds"]),
    ("Of zones; a check of kind `dns` may demand the record instead.", &["probe_dns_serial"]),
    ("A second regular expression over TCP's answers; a check has one for each exchange.", &["probe_expect_info"]),
];

/// Whether a name is one of these or begins like one that ends in `*`.
pub(super) fn is_among(name: &str, patterns: &[&str]) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(begin) => name.starts_with(begin),
        None => name == *pattern,
    })
}

/// Whether a family is left out on purpose.
pub(super) fn is_left_out(name: &str, table: &[(&str, &[&str])]) -> bool {
    table.iter().any(|(_, patterns)| is_among(name, patterns))
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("- `{name}`\n")).collect()
}

fn reasons(table: &[(&str, &[&str])]) -> String {
    let of = |(reason, names): &(&str, &[&str])| {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        format!("- {reason}\n  {}\n", names.join(", "))
    };
    table.iter().map(of).collect()
}

/// `agent/COMPATIBILITY.md`.
pub(super) fn render_page() -> String {
    format!(
        "# /metrics beside node_exporter and blackbox_exporter\n\n\
         The agent shows this host under the names, labels, units and types of Prometheus's node_exporter, and its checks\n\
         under those of blackbox_exporter, so that dashboards and alerts for both go on working: put the agent's address\n\
         (`127.0.0.1:9420`, or the collector's service discovery) in the place of theirs. A name that ends in `*` stands for\n\
         all that begin so. Generated from `tests/e2e/exporters/families.rs`; tests compare the agent with Debian's packages\n\
         of both on one machine, and ask a real Prometheus for the panels of the dashboard Node Exporter Full (1860).\n\n\
         ## Of node_exporter\n\n{}\n\
         Differences that are meant:\n\n\
         - Memory and network file systems are no disks of this host and are not shown; of bind mounts, the first only.\n\
         - `node_filesystem_readonly` is what the file system says, not the mount: a sandboxed agent sees every mount read-only.\n\
         - What the kernel does not know is left out: a speed is not -125000, an unknown link not down.\n\
         - Compressed memory (`zram0`) is no disk.\n\
         - Of `node_systemd_units` and `node_systemd_unit_state` there is the state `failed` only, without the label `type`.\n\
         - Speeds, link states, failed units and the number of processes are read once a minute, the rest with every sample\n\
         \x20 or scrape.\n\n\
         Left out:\n\n{}\n\
         Of the dashboard Node Exporter Full these names are among them, and its panels for them stay empty (most are empty\n\
         with node_exporter's defaults as well, or on a virtual machine):\n\n{}\n\
         ## Of blackbox_exporter\n\n\
         One scrape shows the newest answer of every check, under the labels `check` and `kind`, instead of asking one target\n\
         while it is scraped. A check whose asking failed by itself has no `probe_success` at all.\n\n{}\n\
         Left out:\n\n{}",
        list(SHARED),
        reasons(LEFT_OUT),
        super::dashboard_names::left_out().iter().map(|name| format!("- `{name}`\n")).collect::<String>(),
        list(PROBE_SHARED),
        reasons(PROBE_LEFT_OUT),
    )
}
