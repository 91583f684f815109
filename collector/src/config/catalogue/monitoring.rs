//! How hosts are watched and when tickets are restored: `[pemantauan]` and `[tickets]`.

use super::{DAY_MS, to_u32};
use crate::config::diagnostics::{Diagnostics, TableReader};
use crate::domain::catalogue::{Catalogue, TicketPolicy};
use crate::domain::storm::StormPolicy;

pub(super) fn read_monitoring(d: &mut Diagnostics<'_>, root: &TableReader<'_>, catalogue: &mut Catalogue) {
    if let Some(table) = root.table(d, "pemantauan") {
        if let Some(period) = table.duration_ms(d, "periode_sampel", 1000..=3_600_000) {
            catalogue.sample_period_ms = to_u32(period.value);
        }
        if let Some(silent) = table.duration_ms(d, "host_senyap_setelah", 1000..=DAY_MS) {
            catalogue.host_silent_after_seconds = to_u32(silent.value / 1000);
            if silent.value < u64::from(catalogue.sample_period_ms) * 2 {
                let remedy = "give at least twice `periode_sampel`";
                d.add(silent.span, &silent.key, true, "is too short for the sampling period", remedy);
            }
        }
        table.finish(d);
    }
    if let Some(table) = root.table(d, "tickets") {
        let defaults = TicketPolicy::default();
        let resolve = table.integer(d, "resolve_after_seconds", 0..=86_400);
        let reopen = table.integer(d, "reopen_window_seconds", 0..=604_800);
        catalogue.tickets = TicketPolicy {
            resolve_after_seconds: resolve.map_or(defaults.resolve_after_seconds, |p| to_u32(p.value)),
            reopen_window_seconds: reopen.map_or(defaults.reopen_window_seconds, |p| to_u32(p.value)),
        };
        let (storm, hosts) = (StormPolicy::default(), table.integer(d, "storm_hosts_min", 2..=1_000_000));
        let share = table.integer(d, "storm_share_percent", 1..=100);
        catalogue.storm = StormPolicy {
            hosts_min: hosts.map_or(storm.hosts_min, |p| to_u32(p.value)),
            share_percent: share.map_or(storm.share_percent, |p| to_u32(p.value)),
        };
        table.finish(d);
    }
}
