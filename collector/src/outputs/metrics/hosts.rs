//! Hosts: heard or silent, and how busy.

use super::{Family, counter, gauge, number, seconds, share, yes};
use crate::snapshot::HostView;

pub(super) fn hosts(hosts: &[std::sync::Arc<HostView>]) -> Vec<Family> {
    let mut up = gauge("pantau_host_up", "1 while the agent is heard, 0 when it has been silent for too long.");
    let mut seen = gauge("pantau_host_last_seen_timestamp_seconds", "Receipt of the newest batch of the host.");
    let mut cpu = gauge("pantau_host_cpu_busy_ratio", "Busy share of all processors.");
    let mut memory = gauge("pantau_host_memory_used_ratio", "Share of memory that is not available.");
    let mut storage = gauge("pantau_host_storage_used_ratio", "Used share of the fullest file system.");
    let mut received =
        gauge("pantau_host_network_receive_bytes_per_second", "Bytes received per second, all interfaces.");
    let mut sent = gauge("pantau_host_network_transmit_bytes_per_second", "Bytes sent per second, all interfaces.");
    let mut accepted = counter("pantau_host_observations_total", "Observations accepted from the host.");
    let mut lost = counter("pantau_host_observations_lost_total", "Observations the agent of the host had to drop.");
    let mut failed = gauge("pantau_host_failed_units", "Units of systemd that have failed, ignored ones included.");
    let mut full = gauge(
        "pantau_host_filesystem_full_timestamp_seconds",
        "When the file system will be full by its growth, where that is within the span in which a warning stands.",
    );
    for view in hosts {
        let labels = [("host", view.id.as_str())];
        // Never heard is neither up nor down by what is known.
        up.set(&labels, view.last_seen_at.map(|_| yes(!view.silent)));
        seen.set(&labels, view.last_seen_at.map(seconds));
        cpu.set(&labels, view.rates.cpu_permille.map(share));
        memory.set(&labels, view.rates.memory_permille.map(share));
        if let Some((mount, permille)) = &view.rates.storage_permille {
            storage.set(&[labels[0], ("mountpoint", mount)], Some(share(*permille)));
        }
        received.set(&labels, view.rates.network_bytes_per_second.map(|(received, _)| number(received)));
        sent.set(&labels, view.rates.network_bytes_per_second.map(|(_, sent)| number(sent)));
        let units = view.sample.as_ref().and_then(|(_, sample)| sample.units.as_ref()?.failed);
        failed.set(&labels, units.map(number));
        for (mount, at) in &view.wellbeing.full_at {
            full.set(&[labels[0], ("mountpoint", mount)], Some(seconds(*at)));
        }
        accepted.set(&labels, Some(number(view.observations_accepted)));
        lost.set(&labels, Some(number(view.lost_observations)));
    }
    vec![up, seen, cpu, memory, storage, received, sent, failed, full, accepted, lost]
}
