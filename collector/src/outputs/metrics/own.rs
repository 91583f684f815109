//! The collector itself: build, outbox, engine, ingest.

use super::{Family, counter, gauge, number, seconds, whole, yes};
use crate::self_stats::{Counter, SelfStats};
use crate::snapshot::Snapshot;
use pantau_shared::timestamp::Timestamp;

pub(super) fn own_gauges(snapshot: &Snapshot, now: Timestamp) -> Vec<Family> {
    let one = |mut family: Family, value: Option<f64>| {
        family.set(&[], value);
        family
    };
    let mut build = gauge("pantau_build_info", "Always 1; the version of the collector is a label.");
    build.set(&[("version", env!("CARGO_PKG_VERSION"))], Some(1.0));
    let outbox = &snapshot.outbox;
    let age = outbox.oldest_at.map(|at| whole(now.ms_since(at).max(0)) / 1e3);
    vec![
        build,
        one(gauge("pantau_outbox_pending", "Messages that wait to leave."), Some(number(outbox.pending))),
        one(gauge("pantau_outbox_oldest_age_seconds", "Age of the oldest message that waits."), age),
        one(
            gauge("pantau_outbox_rejected", "Messages that a receiver refused for good and nobody has looked at."),
            Some(number(outbox.rejected)),
        ),
        one(
            gauge("pantau_engine_snapshot_timestamp_seconds", "When the newest snapshot was made."),
            Some(seconds(snapshot.at)),
        ),
        one(gauge("pantau_demo", "1 when this site holds simulated data."), Some(yes(snapshot.demo))),
    ]
}

fn one(name: &str, help: &str, value: &Counter) -> Family {
    let mut family = counter(name, help);
    family.set(&[], Some(number(value.get())));
    family
}

fn by(name: &str, help: &str, label: &str, values: &[(&str, &Counter)]) -> Family {
    let mut family = counter(name, help);
    for (value, count) in values {
        family.set(&[(label, value)], Some(number(count.get())));
    }
    family
}

/// What was received, and what became of it.
pub(super) fn received(stats: &SelfStats) -> Vec<Family> {
    vec![
        by(
            "pantau_ingest_batches_total",
            "Batches received, by what became of them.",
            "outcome",
            &[
                ("accepted", &stats.batches_accepted),
                ("too_large", &stats.batches_too_large),
                ("malformed", &stats.batches_malformed),
                ("newer_protocol", &stats.batches_newer_protocol),
                ("unauthenticated", &stats.batches_unauthenticated),
                ("session_unknown", &stats.batches_session_unknown),
                ("not_stored", &stats.batches_not_stored),
                ("busy", &stats.batches_busy),
            ],
        ),
        one(
            "pantau_ingest_broker_connections_total",
            "Connections made to the broker through which agents send.",
            &stats.broker_connections,
        ),
        one(
            "pantau_ingest_broker_answers_dropped_total",
            "Answers that found no room on their way to the broker.",
            &stats.broker_answers_dropped,
        ),
        one("pantau_ingest_sessions_total", "Sessions opened by signed batches.", &stats.sessions_opened),
        by(
            "pantau_ingest_observations_total",
            "Observations received in accepted batches, by what became of them.",
            "outcome",
            &[
                ("stored", &stats.observations_stored),
                ("duplicate", &stats.observations_duplicate),
                ("unknown_kind", &stats.observations_unknown_kind),
            ],
        ),
    ]
}

/// What the collector did with it.
pub(super) fn done(stats: &SelfStats) -> Vec<Family> {
    vec![
        one("pantau_engine_evaluations_total", "Activations of the engine.", &stats.evaluations),
        one("pantau_engine_evaluation_failures_total", "Activations that failed.", &stats.evaluation_failures),
        one("pantau_engine_late_replays_total", "Services replayed because answers came late.", &stats.late_replays),
        one(
            "pantau_rollup_months_filled_total",
            "Months of services whose closed days were counted.",
            &stats.months_filled,
        ),
        one(
            "pantau_rollup_months_damaged_total",
            "Months whose counted days could not be read back.",
            &stats.months_damaged,
        ),
        one("pantau_outbox_deliveries_total", "Messages taken by a receiver.", &stats.deliveries),
        one("pantau_helpdesk_look_failures_total", "Looks at a help desk that failed.", &stats.follow_failures),
        one("pantau_outbox_delivery_failures_total", "Tries that a receiver did not take.", &stats.delivery_failures),
        by(
            "pantau_alerts_total",
            "Alerts of other programs that were taken, and messages about alerts that were not.",
            "outcome",
            &[
                ("taken", &stats.alerts_taken),
                ("malformed", &stats.alerts_malformed),
                ("refused", &stats.alerts_refused),
            ],
        ),
        one("pantau_logins_refused_total", "Logins refused.", &stats.logins_refused),
    ]
}
