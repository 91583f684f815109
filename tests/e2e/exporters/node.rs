//! Family by family against node_exporter: both scraped at the same moment.

use super::dashboard_names::shared;
use super::families::{LEFT_OUT, SHARED, is_among, is_left_out};
use super::text::{Family, Labels, Scrape};
use super::{Watched, start_exporter, text};
use crate::prometheus::plain_get;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;

/// How far values may lie apart, by the beginning of the name: a share of the larger, and an amount. The agent's sample is
/// up to a second older, on a machine that is busy with other tests.
const TOLERANCES: &[(&str, f64, f64)] = &[
    ("node_procs_", 0.0, 1e3),
    ("node_processes_", 0.2, 300.0),
    ("node_load", 0.3, 2.0),
    ("node_time_seconds", 0.0, 10.0),
    ("node_memory_", 0.1, 1e9),
    ("node_filefd_allocated", 0.3, 2e3),
    ("node_filesystem_", 0.05, 4e9),
    ("node_sockstat_", 0.3, 1e6),
    ("node_netstat_", 0.05, 1e5),
    ("node_vmstat_", 0.05, 2e6),
    ("node_network_", 0.05, 1e8),
    ("node_disk_", 0.05, 2e9),
    ("node_timex_", 0.01, 0.2),
    ("node_intr_total", 0.05, 1e6),
    ("node_context_switches_total", 0.05, 1e6),
    ("node_softnet_", 0.05, 1e6),
    ("node_", 0.02, 30.0),
];

fn near(name: &str, ours: f64, theirs: f64) -> bool {
    let (share, amount) = TOLERANCES
        .iter()
        .find(|(begin, _, _)| name.starts_with(begin))
        .map_or((0.0, 0.0), |(_, share, amount)| (*share, *amount));
    (ours - theirs).abs() <= amount.max(share * ours.abs().max(theirs.abs()))
}

fn names(labels: &Labels) -> BTreeSet<&str> {
    labels.keys().map(String::as_str).collect()
}

/// What differs between two families of one name; how many series both have.
fn compare(name: &str, ours: &Family, theirs: &Family, found: &mut Vec<String>) -> usize {
    if ours.kind != theirs.kind {
        found.push(format!("{name}: type {} here, {} there", ours.kind, theirs.kind));
    }
    if let (Some((ours, _)), Some((theirs, _))) = (ours.series.first_key_value(), theirs.series.first_key_value())
        && names(ours) != names(theirs)
    {
        found.push(format!("{name}: labels {:?} here, {:?} there", names(ours), names(theirs)));
    }
    let mut shared = 0;
    for (labels, value) in &ours.series {
        if let Some(other) = theirs.series.get(labels) {
            shared += 1;
            if !near(name, *value, *other) {
                found.push(format!("{name}{labels:?}: {value} here, {other} there"));
            }
        }
    }
    if shared == 0 {
        found.push(format!("{name}: no series in common"));
    }
    shared
}

fn is_host(name: &str) -> bool {
    name.starts_with("node_")
}

fn differences(ours: &Scrape, theirs: &Scrape) -> (usize, usize, Vec<String>) {
    let mut found = Vec::new();
    let (mut families, mut series) = (0, 0);
    for (name, family) in ours.families.iter().filter(|(name, _)| is_host(name)) {
        if !is_among(name, SHARED) || is_left_out(name, LEFT_OUT) {
            found.push(format!("{name} is shown but is in no table, or said to be left out"));
        }
        match theirs.families.get(name) {
            Some(other) => {
                families += 1;
                series += compare(name, family, other, &mut found);
            }
            // Their collector of systemd is off unless asked for, and needs its bus.
            None if name.starts_with("node_systemd_") => {}
            None => found.push(format!("{name} is not node_exporter's")),
        }
    }
    for (name, family) in theirs.families.iter().filter(|(_, family)| !family.series.is_empty()) {
        if !ours.families.contains_key(name) && !is_left_out(name, LEFT_OUT) {
            found.push(format!("{name} ({}) is missing here and in no table", family.kind));
        }
    }
    (families, series, found)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn host_metrics_are_those_of_node_exporter() -> Result<()> {
    let Some((mut exporter, port)) =
        start_exporter("prometheus-node-exporter", &["--collector.processes".to_owned()]).await?
    else {
        return Ok(());
    };
    let watched = Watched::start("").await?;
    watched.shows("node_cpu_seconds_total").await?;
    let url = format!("http://127.0.0.1:{port}/metrics");
    let (ours, theirs) = tokio::join!(watched.scrape(), plain_get(&url));
    let (ours, mut theirs) = (ours?, text::parse(&theirs?)?);
    // A speed that the driver does not know is -1 megabit there.
    if let Some(speeds) = theirs.families.get_mut("node_network_speed_bytes") {
        speeds.series.retain(|_, bytes| *bytes > 0.0);
    }
    let (families, series, found) = differences(&ours, &theirs);
    eprintln!("{families} families and {series} series shared with node_exporter");
    ensure!(found.is_empty(), "{} differences:\n{}", found.len(), found.join("\n"));
    let of_dashboard = shared();
    let absent: Vec<&String> = of_dashboard.iter().filter(|name| !ours.families.contains_key(*name)).collect();
    eprintln!(
        "{} of {} names of the dashboard are here; this kernel has none of {absent:?}",
        of_dashboard.len() - absent.len(),
        of_dashboard.len()
    );
    let missing: Vec<_> = absent
        .into_iter()
        .filter(|name| theirs.families.get(*name).is_some_and(|family| !family.series.is_empty()))
        .collect();
    ensure!(missing.is_empty(), "names of the dashboard that only node_exporter shows: {missing:?}");
    ensure!(families >= 150, "only {families} families are shared");
    exporter.kill().await.context("end the exporter")?;
    watched.stop().await
}
