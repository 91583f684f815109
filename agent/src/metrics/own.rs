//! The agent's own figures. Pure.

use super::exposition::Exposition;
use crate::self_stats::SelfStats;
use crate::spool::SpoolStats;

pub(super) fn seconds(us: u64) -> f64 {
    us as f64 / 1_000_000.0
}

/// The agent's own figures.
pub(super) fn render_self(out: &mut Exposition, stats: &SelfStats, spool: SpoolStats) {
    let counters = [
        ("pantau_agent_samples_total", "Samples taken.", stats.samples.get()),
        ("pantau_agent_probes_total", "Checks asked.", stats.probes.get()),
        ("pantau_agent_probe_errors_total", "Checks that could not be asked.", stats.probe_errors.get()),
        ("pantau_agent_backup_looks_total", "Looks at backup sets.", stats.backup_looks.get()),
        (
            "pantau_agent_missed_ticks_total",
            "Ticks of the schedule that passed without a start.",
            stats.missed_ticks.get(),
        ),
        ("pantau_agent_sends_total", "Batches that the collector acknowledged.", stats.sends.get()),
        ("pantau_agent_send_failures_total", "Batches that did not arrive or were refused.", stats.send_failures.get()),
        (
            "pantau_agent_sent_observations_total",
            "Observations in acknowledged batches.",
            stats.sent_observations.get(),
        ),
        (
            "pantau_agent_rejected_observations_total",
            "Observations given up because the collector refuses them.",
            stats.rejected_observations.get(),
        ),
        (
            "pantau_agent_refused_scrapes_total",
            "Connections to /metrics beyond the bound.",
            stats.refused_scrapes.get(),
        ),
        ("pantau_agent_spool_dropped_total", "Observations dropped by a cap of the spool.", spool.dropped),
        (
            "pantau_agent_spool_append_failures_total",
            "Observations that could not be written to the spool.",
            spool.append_failures,
        ),
        ("pantau_agent_spool_io_failures_total", "Failed file operations of the spool.", spool.io_failures),
    ];
    for (name, help, value) in counters {
        out.counter(name, help).add(&[], Some(value as f64));
    }
    out.counter("pantau_agent_sample_duration_seconds_total", "Time spent sampling.")
        .add(&[], Some(seconds(stats.sample_duration_us.get())));
    out.gauge("pantau_agent_last_sample_duration_seconds", "Time the newest sample took.")
        .add(&[], Some(seconds(stats.last_sample_us.get())));
    let acknowledged = Some(stats.last_ack_ms.get()).filter(|&ms| ms > 0).map(|ms| ms as f64 / 1000.0);
    out.gauge("pantau_agent_last_acknowledgement_timestamp_seconds", "When the collector last acknowledged a batch.")
        .add(&[], acknowledged);
    out.gauge("pantau_agent_spool_bytes", "Bytes of the spool's files.").add(&[], Some(spool.bytes as f64));
    out.gauge("pantau_agent_spool_records", "Observations not yet acknowledged.").add(&[], Some(spool.records as f64));
    let mut family =
        out.counter("pantau_agent_failed_sources_total", "Kernel sources that could not be read, by source.");
    for (source, count) in stats.failed_sources() {
        family.add(&[("source", &source)], Some(count as f64));
    }
    drop(family);
    out.gauge("pantau_agent_build_info", "The agent's version.")
        .add(&[("version", env!("CARGO_PKG_VERSION"))], Some(1.0));
}
