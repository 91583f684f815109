//! Hosts: whether they are heard, how busy and how full they are.

use super::{flag, of_ms, of_permille};
use crate::snapshot::{HostView, Snapshot};
use pantau_agent::exposition::Exposition;

/// All enrolled hosts.
pub(super) fn render(out: &mut Exposition, snapshot: &Snapshot) {
    type Reading = (&'static str, &'static str, fn(&HostView) -> Option<f64>);
    let gauges: [Reading; 4] = [
        ("pantau_host_up", "Whether the host is heard; 0 when it has been quiet for too long.", |h| {
            h.last_seen_at.map(|_| flag(!h.silent))
        }),
        ("pantau_host_last_seen_timestamp_seconds", "Receipt of the newest authenticated batch.", |h| {
            h.last_seen_at.map(|at| of_ms(at.as_ms()))
        }),
        ("pantau_host_cpu_busy_ratio", "Busy share of all processors between the newest two samples.", |h| {
            h.rates.cpu_permille.map(of_permille)
        }),
        ("pantau_host_memory_used_ratio", "Share of memory that is not available.", |h| {
            h.rates.memory_permille.map(of_permille)
        }),
    ];
    for (name, help, read) in gauges {
        let mut family = out.gauge(name, help);
        for host in &snapshot.hosts {
            family.add(&[("host", host.id.as_str())], read(host));
        }
    }
    let mut family = out.gauge("pantau_host_storage_used_ratio", "Used share of the host's fullest file system.");
    for host in &snapshot.hosts {
        let used = host.rates.storage_permille.as_ref();
        family.add(&[("host", host.id.as_str())], used.map(|(_, permille)| of_permille(*permille)));
    }
    drop(family);
    let mut family = out.gauge(
        "pantau_host_network_bytes_per_second",
        "Sum over the physical interfaces between the newest two samples.",
    );
    for host in &snapshot.hosts {
        let rates = host.rates.network_bytes_per_second;
        let host = host.id.as_str();
        family.add(&[("host", host), ("direction", "in")], rates.map(|(received, _)| received as f64));
        family.add(&[("host", host), ("direction", "out")], rates.map(|(_, sent)| sent as f64));
    }
    drop(family);
    let counters: [Reading; 2] = [
        ("pantau_host_lost_observations_total", "Observations that the host's agent lost, as it told itself.", |h| {
            Some(h.lost_observations as f64)
        }),
        ("pantau_host_accepted_observations_total", "Observations of the host that were stored.", |h| {
            Some(h.observations_accepted as f64)
        }),
    ];
    for (name, help, read) in counters {
        let mut family = out.counter(name, help);
        for host in &snapshot.hosts {
            family.add(&[("host", host.id.as_str())], read(host));
        }
    }
}
