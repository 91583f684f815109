//! How hosts are watched and when tickets are restored: `[pemantauan]`, `[tickets]`, `[register]`.

use super::{DAY_MS, to_u32};
use crate::config::diagnostics::{Diagnostics, TableReader};
use crate::domain::catalogue::{Catalogue, TicketPolicy};
use crate::domain::storm::StormPolicy;
use crate::domain::ticket::escalation::EscalationPolicy;
use crate::domain::ticket::flap::FlapPolicy;

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
        if let Some(boots) = table.integer(d, "nyala_ulang_per_hari", 1..=14) {
            catalogue.reboots.in_day = to_u32(boots.value);
        }
        read_wellbeing(d, &table, catalogue);
        table.finish(d);
    }
    if let Some(table) = root.table(d, "tickets") {
        let defaults = TicketPolicy::default();
        let resolve = table.integer(d, "resolve_after_seconds", 0..=86_400);
        let reopen = table.integer(d, "reopen_window_seconds", 0..=604_800);
        let group = table.integer(d, "group_wait_seconds", 0..=3600);
        catalogue.tickets = TicketPolicy {
            resolve_after_seconds: resolve.map_or(defaults.resolve_after_seconds, |p| to_u32(p.value)),
            reopen_window_seconds: reopen.map_or(defaults.reopen_window_seconds, |p| to_u32(p.value)),
            group_wait_seconds: group.map_or(defaults.group_wait_seconds, |p| to_u32(p.value)),
            ..read_ticket_life(d, &table)
        };
        let (storm, hosts) = (StormPolicy::default(), table.integer(d, "storm_hosts_min", 2..=1_000_000));
        let share = table.integer(d, "storm_share_percent", 1..=100);
        catalogue.storm = StormPolicy {
            hosts_min: hosts.map_or(storm.hosts_min, |p| to_u32(p.value)),
            share_percent: share.map_or(storm.share_percent, |p| to_u32(p.value)),
        };
        let (tuning, observe) = (&mut catalogue.tuning, table.integer(d, "observe_seconds", 0..=2_592_000));
        let budget = table.integer(d, "budget_per_hour", 0..=10_000);
        tuning.observe_seconds = observe.map_or(tuning.observe_seconds, |p| to_u32(p.value));
        tuning.budget_per_hour = budget.map_or(tuning.budget_per_hour, |p| to_u32(p.value));
        table.finish(d);
    }
    if let Some(table) = root.table(d, "register") {
        catalogue.two_persons = table.boolean(d, "dua_orang").unwrap_or(catalogue.two_persons);
        table.finish(d);
    }
}

/// Failed units and the hosts' own timekeeping.
fn read_wellbeing(d: &mut Diagnostics<'_>, table: &TableReader<'_>, catalogue: &mut Catalogue) {
    if let Some(hold) = table.duration_ms(d, "unit_gagal_selama", 0..=DAY_MS) {
        catalogue.failed_units.hold_seconds = to_u32(hold.value / 1000);
    }
    if let Some(offset) = table.duration_ms(d, "jam_selisih_maks", 1000..=60_000) {
        catalogue.own_clocks.offset_ms = offset.value / 1000 * 1000;
    }
    if let Some(free) = table.duration_ms(d, "jam_tanpa_acuan_selama", 60_000..=7 * DAY_MS) {
        catalogue.own_clocks.unsynchronized_seconds = to_u32(free.value / 1000);
    }
}

/// Flapping and escalation.
fn read_ticket_life(d: &mut Diagnostics<'_>, table: &TableReader<'_>) -> TicketPolicy {
    let defaults = TicketPolicy::default();
    let mut number = |key, range, default: u32| table.integer(d, key, range).map_or(default, |p| to_u32(p.value));
    TicketPolicy {
        flap: FlapPolicy {
            count: number("flap_starts_min", 2..=100, defaults.flap.count),
            window_seconds: number("flap_window_seconds", 60..=86_400, defaults.flap.window_seconds),
            stable_seconds: number("flap_stable_seconds", 0..=86_400, defaults.flap.stable_seconds),
        },
        escalation: EscalationPolicy {
            resolution_share_percent: number(
                "escalation_resolution_percent",
                1..=100,
                defaults.escalation.resolution_share_percent,
            ),
            recovery_share_percent: number(
                "recovery_prompt_rto_percent",
                1..=100,
                defaults.escalation.recovery_share_percent,
            ),
            lapse_after_seconds: table
                .duration_ms(d, "konfirmasi_otomatis_setelah", 3_600_000..=90 * DAY_MS)
                .map(|after| to_u32(after.value / 1000)),
        },
        desk_confirms: table.boolean(d, "konfirmasi_dari_helpdesk").unwrap_or(defaults.desk_confirms),
        ..defaults
    }
}
