//! The collector itself: what it received and refused, decided, delivered.

use super::of_ms;
use crate::self_stats::{Counter, SelfStats};
use crate::snapshot::OutboxView;
use pantau_agent::exposition::Exposition;
use pantau_shared::timestamp::Timestamp;

/// The outbox and all counters.
pub(super) fn render(out: &mut Exposition, outbox: &OutboxView, stats: &SelfStats, now: Timestamp) {
    out.gauge("pantau_build_info", "The running program; always 1.")
        .add(&[("version", env!("CARGO_PKG_VERSION"))], Some(1.0));
    out.gauge("pantau_outbox_pending", "Messages that are neither delivered nor refused for good.")
        .add(&[], Some(outbox.pending as f64));
    out.gauge("pantau_outbox_rejected", "Messages that a receiver refused for good.")
        .add(&[], Some(outbox.rejected as f64));
    out.gauge("pantau_outbox_oldest_age_seconds", "Age of the oldest pending message; absent without any.")
        .add(&[], outbox.oldest_at.map(|at| of_ms(now.ms_since(at))));
    by_outcome(
        out,
        "pantau_ingest_batches_total",
        "Batches received from agents.",
        &[
            ("accepted", &stats.batches_accepted),
            ("busy", &stats.batches_busy),
            ("malformed", &stats.batches_malformed),
            ("newer_protocol", &stats.batches_newer_protocol),
            ("not_stored", &stats.batches_not_stored),
            ("too_large", &stats.batches_too_large),
            ("unauthenticated", &stats.batches_unauthenticated),
        ],
    );
    by_outcome(
        out,
        "pantau_ingest_observations_total",
        "Observations in accepted batches.",
        &[
            ("duplicate", &stats.observations_duplicate),
            ("stored", &stats.observations_stored),
            ("unknown_kind", &stats.observations_unknown_kind),
        ],
    );
    by_outcome(
        out,
        "pantau_outbox_deliveries_total",
        "Tries to deliver a message.",
        &[("delivered", &stats.deliveries), ("failed", &stats.delivery_failures)],
    );
    let counters = [
        ("pantau_engine_evaluations_total", "Evaluations of what is new.", &stats.evaluations),
        ("pantau_engine_evaluation_failures_total", "Evaluations that failed.", &stats.evaluation_failures),
        (
            "pantau_connections_refused_total",
            "Connections closed because there were too many.",
            &stats.connections_refused,
        ),
        ("pantau_host_clone_signs_total", "Signs that two machines use one host's key.", &stats.hosts_cloned),
        ("pantau_hosts_joined_total", "Hosts that joined.", &stats.hosts_joined),
        ("pantau_join_refusals_total", "Requests to join that were refused.", &stats.joins_refused),
        ("pantau_login_refusals_total", "Logins that were refused.", &stats.logins_refused),
        (
            "pantau_api_answers_dropped_total",
            "Remembered answers of API writes that were dropped for newer ones.",
            &stats.api_answers_dropped,
        ),
    ];
    for (name, help, counter) in counters {
        out.counter(name, help).add(&[], Some(counter.get() as f64));
    }
}

fn by_outcome(out: &mut Exposition, name: &str, help: &str, outcomes: &[(&str, &Counter)]) {
    let mut family = out.counter(name, help);
    for (outcome, counter) in outcomes {
        family.add(&[("outcome", outcome)], Some(counter.get() as f64));
    }
}
