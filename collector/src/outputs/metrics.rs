//! `GET /metrics`: the snapshot and the collector's own counters as Prometheus text.
//!
//! A pure function of snapshot, counters and now; nothing is queried and nothing registered globally. A value that is
//! not defined is absent, never 0. The number of series is bounded by the catalogue and the enrolled hosts. Open for
//! peers on loopback; anybody else needs an API token.

use super::api::access;
use crate::app::App;
use crate::domain::state::State;
use crate::http_error::HttpError;
use crate::own_backup::view::{Integrity, OwnBackupView};
use crate::self_stats::{Counter, SelfStats};
use crate::snapshot::{BackupState, HostView, ServiceView, Snapshot};
use crate::store::{SampleFigures, SpaceView, StoreSize, TailFigures, WriterFigures};
use axum::Router;
use axum::extract::{self, ConnectInfo};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use pantau_shared::timestamp::Timestamp;
use prometheus::proto::{Counter as CounterValue, Gauge, LabelPair, Metric, MetricFamily, MetricType};
use prometheus::{Encoder, TextEncoder};
use std::net::SocketAddr;

pub(crate) fn router(app: App) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(app)
}

async fn metrics(
    extract::State(app): extract::State<App>,
    peer: Option<extract::Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let on_loopback = peer.is_some_and(|peer| peer.0.0.ip().to_canonical().is_loopback());
    if !on_loopback {
        access::caller(&app, &headers)?;
    }
    let own = app.own_backup.view(&app.store);
    let families = families(&app.engine.snapshot(), &app.stats, &of_store(&app), &own, app.clock.now());
    let mut text = Vec::new();
    let encoder = TextEncoder::new();
    encoder.encode(&families, &mut text).map_err(|error| HttpError::internal(&error))?;
    Ok(([(header::CONTENT_TYPE, encoder.format_type().to_owned())], text).into_response())
}

/// The store as it stands.
struct StoreView<'a> {
    space: SpaceView,
    queued: usize,
    writer: &'a WriterFigures,
    samples: SampleFigures,
    tail: TailFigures,
}

fn of_store(app: &App) -> StoreView<'_> {
    StoreView {
        space: app.store.space(),
        queued: app.store.queued(),
        writer: app.store.writer_figures(),
        samples: app.store.sample_figures(),
        tail: app.store.tail(),
    }
}

/// One family being filled.
struct Family {
    family: MetricFamily,
    metrics: Vec<Metric>,
}

fn family(kind: MetricType, name: &str, help: &str) -> Family {
    let mut family = MetricFamily::default();
    family.set_name(name.to_owned());
    family.set_help(help.to_owned());
    family.set_field_type(kind);
    Family { family, metrics: Vec::new() }
}

fn gauge(name: &str, help: &str) -> Family {
    family(MetricType::GAUGE, name, help)
}

fn counter(name: &str, help: &str) -> Family {
    family(MetricType::COUNTER, name, help)
}

impl Family {
    /// One series; nothing when it has no value.
    fn set(&mut self, labels: &[(&str, &str)], value: Option<f64>) {
        let Some(value) = value else { return };
        let pair = |(name, value): &(&str, &str)| {
            let mut pair = LabelPair::default();
            pair.set_name((*name).to_owned());
            pair.set_value((*value).to_owned());
            pair
        };
        let mut metric = Metric::from_label(labels.iter().map(pair).collect());
        if self.family.get_field_type() == MetricType::COUNTER {
            let mut number = CounterValue::default();
            number.set_value(value);
            metric.set_counter(number);
        } else {
            let mut number = Gauge::default();
            number.set_value(value);
            metric.set_gauge(number);
        }
        self.metrics.push(metric);
    }
}

/// The text format has no integers; above 2^53 the last digits are lost.
#[expect(clippy::cast_precision_loss, reason = "the exposition format has only doubles")]
fn whole(value: i64) -> f64 {
    value as f64
}

fn number(value: u64) -> f64 {
    whole(i64::try_from(value).unwrap_or(i64::MAX))
}

fn ratio(ppm: u32) -> f64 {
    f64::from(ppm) / 1e6
}

fn share(permille: u32) -> f64 {
    f64::from(permille) / 1e3
}

fn seconds(at: Timestamp) -> f64 {
    whole(at.as_ms()) / 1e3
}

fn yes(value: bool) -> f64 {
    f64::from(u8::from(value))
}

/// Every family that has a value, in a fixed order.
fn families(
    snapshot: &Snapshot,
    stats: &SelfStats,
    store: &StoreView<'_>,
    own: &OwnBackupView,
    now: Timestamp,
) -> Vec<MetricFamily> {
    let mut all = services(&snapshot.services);
    all.extend(backups(snapshot, now));
    all.extend(tickets(snapshot));
    all.extend(hosts(&snapshot.hosts));
    all.extend(own_gauges(snapshot, now));
    all.extend(storage(store));
    all.extend(samples(store.samples, now));
    all.extend(own_backup(own, now));
    all.extend(own_counters(stats));
    all.extend(tail_of_facts(store.tail));
    // The encoder refuses a family without a series.
    let filled = all.into_iter().filter(|family| !family.metrics.is_empty());
    filled
        .map(|Family { mut family, metrics }| {
            family.set_metric(metrics);
            family
        })
        .collect()
}

fn services(services: &[std::sync::Arc<ServiceView>]) -> Vec<Family> {
    let mut state = gauge("pantau_service_state", "1 for the state the service is in now, 0 for the others.");
    let mut availability =
        gauge("pantau_service_availability_ratio", "Availability over the known time of the period to date.");
    let mut target = gauge("pantau_service_availability_target_ratio", "Availability target in force.");
    let mut budget = gauge("pantau_service_error_budget_seconds", "Downtime the target allows in the period to date.");
    let mut left = gauge(
        "pantau_service_error_budget_remaining_seconds",
        "Allowed downtime less downtime in the period to date; negative when overspent.",
    );
    let mut coverage =
        gauge("pantau_service_coverage_ratio", "Share of the period to date in which the state is known.");
    for view in services {
        let id = view.id.as_str();
        for each in State::ALL {
            state.set(&[("service", id), ("state", each.name())], Some(yes(each == view.state)));
        }
        let month = [("service", id), ("period", "month")];
        availability.set(&month, view.month.availability_ppm.map(ratio));
        target.set(&[("service", id)], view.month.target_ppm.map(ratio));
        budget.set(&month, view.month.budget_s.map(whole));
        left.set(&month, view.month.budget_left_s.map(whole));
        coverage.set(&month, view.month.coverage_ppm.map(ratio));
    }
    vec![state, availability, target, budget, left, coverage]
}

fn backups(snapshot: &Snapshot, now: Timestamp) -> Vec<Family> {
    let mut age = gauge("pantau_backup_age_seconds", "Age of the data in the newest usable backup.");
    let mut rpo = gauge("pantau_backup_rpo_seconds", "Recovery point objective in force.");
    let mut state = gauge("pantau_backup_state", "1 for the state the backup set is in now, 0 for the others.");
    for view in snapshot.backups.iter() {
        let labels = [("service", view.service.as_str()), ("backup", view.id.as_str())];
        age.set(&labels, view.data_time.map(|at| whole(now.ms_since(at)) / 1e3));
        rpo.set(&labels, view.rpo_seconds.map(f64::from));
        for each in BackupState::ALL {
            let [service, backup] = labels;
            state.set(&[service, backup, ("state", each.code())], Some(yes(each == view.state)));
        }
    }
    vec![age, rpo, state]
}

fn tickets(snapshot: &Snapshot) -> Vec<Family> {
    let mut open = gauge("pantau_tickets_open", "Open tickets by priority, 1 the most urgent.");
    for priority in 1..=6_u8 {
        let count = snapshot.tickets.iter().filter(|ticket| ticket.priority.number() == priority).count();
        open.set(&[("priority", &priority.to_string())], u32::try_from(count).ok().map(f64::from));
    }
    vec![open]
}

fn hosts(hosts: &[std::sync::Arc<HostView>]) -> Vec<Family> {
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
        accepted.set(&labels, Some(number(view.observations_accepted)));
        lost.set(&labels, Some(number(view.lost_observations)));
    }
    vec![up, seen, cpu, memory, storage, received, sent, accepted, lost]
}

fn own_gauges(snapshot: &Snapshot, now: Timestamp) -> Vec<Family> {
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

/// The way of samples from frames into chunks.
fn samples(samples: SampleFigures, now: Timestamp) -> Vec<Family> {
    let one = |mut family: Family, value: f64| {
        family.set(&[], Some(value));
        family
    };
    let lag = samples.oldest_hour_ended_at.map_or(0, |ended| now.ms_since(ended).max(0));
    vec![
        one(
            gauge("pantau_store_frames_waiting", "Samples that are not in a compressed chunk yet."),
            number(samples.frames_waiting),
        ),
        one(
            gauge(
                "pantau_store_closing_lag_seconds",
                "How long ago the oldest hour ended whose samples wait for their chunk.",
            ),
            whole(lag) / 1e3,
        ),
        one(
            counter("pantau_store_chunks_total", "Chunks of an hour of a host's samples made."),
            number(samples.chunks_made),
        ),
        one(counter("pantau_store_chunk_bytes_total", "Bytes of those chunks."), number(samples.chunk_bytes)),
        one(
            counter("pantau_store_rollup_bytes_total", "Bytes of the roll-ups of an hour made with them."),
            number(samples.rollup_bytes),
        ),
        one(
            counter(
                "pantau_store_late_frames_dropped_total",
                "Samples given up: they came after their hour had been pruned, or cannot be read.",
            ),
            number(samples.late_dropped),
        ),
    ]
}

fn own_backup(own: &OwnBackupView, now: Timestamp) -> Vec<Family> {
    let mut age = gauge("pantau_store_backup_age_seconds", "Age of the newest scheduled copy of the own store.");
    age.set(&[], own.last_success_at.map(|at| whole(now.ms_since(at)) / 1e3));
    let mut success = gauge(
        "pantau_store_backup_last_success_timestamp_seconds",
        "When that copy was made; absent before the first.",
    );
    success.set(&[], own.last_success_at.map(seconds));
    let mut failures =
        counter("pantau_store_backup_failures_total", "Scheduled copies of the own store that could not be made.");
    failures.set(&[], Some(number(own.failures)));
    let mut integrity = gauge("pantau_store_integrity", "1 for what is known of the store's file, 0 for the others.");
    for code in Integrity::CODES {
        integrity.set(&[("state", code)], Some(yes(code == own.integrity.code())));
    }
    vec![age, success, failures, integrity]
}

/// Disk, file and writer of the store.
fn storage(store: &StoreView<'_>) -> Vec<Family> {
    let one = |mut family: Family, value: Option<f64>| {
        family.set(&[], value);
        family
    };
    let (space, writer) = (&store.space, store.writer);
    let size = |pick: fn(&StoreSize) -> u64| space.size.as_ref().map(pick).map(number);
    let disk = space.disk.map(|disk| number(disk.free_bytes));
    let busy = whole(i64::try_from(writer.busy_us.get()).unwrap_or(i64::MAX)) / 1e6;
    vec![
        one(
            gauge("pantau_store_read_only", "1 while the store takes nothing from agents; /readyz says why."),
            Some(yes(space.read_only.is_some())),
        ),
        one(
            counter("pantau_store_refused_full_total", "Batches refused because the store was read-only."),
            Some(number(space.refused)),
        ),
        one(gauge("pantau_store_size_bytes", "Size of the store's file."), size(|size| size.file_bytes)),
        one(gauge("pantau_store_free_bytes", "Free pages inside the store's file."), size(|size| size.free_bytes)),
        one(gauge("pantau_store_log_bytes", "Size of the write-ahead log."), size(|size| size.log_bytes)),
        one(gauge("pantau_store_disk_free_bytes", "Free on the disk of the data folder, for this user."), disk),
        one(
            gauge("pantau_store_reserve_bytes", "Free bytes below which nothing is taken from agents."),
            Some(number(space.reserve_bytes)),
        ),
        one(
            gauge("pantau_store_writer_queue", "Requests that wait for the store's writer."),
            u32::try_from(store.queued).ok().map(f64::from),
        ),
        one(
            counter("pantau_store_commits_total", "Transactions committed, each one sync of the disk."),
            Some(number(writer.commits.get())),
        ),
        one(
            counter("pantau_store_commit_failures_total", "Transactions given up."),
            Some(number(writer.failures.get())),
        ),
        one(
            counter(
                "pantau_store_commit_requests_total",
                "Requests in transactions: over commits, the size of a group.",
            ),
            Some(number(writer.requests.get())),
        ),
        one(counter("pantau_store_commit_seconds_total", "Time the writer spent in transactions."), Some(busy)),
    ]
}

fn own_counters(stats: &SelfStats) -> Vec<Family> {
    let one = |name: &str, help: &str, value: &Counter| {
        let mut family = counter(name, help);
        family.set(&[], Some(number(value.get())));
        family
    };
    let by = |name: &str, help: &str, label: &str, values: &[(&str, &Counter)]| {
        let mut family = counter(name, help);
        for (value, count) in values {
            family.set(&[(label, value)], Some(number(count.get())));
        }
        family
    };
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
        one("pantau_engine_evaluations_total", "Activations of the engine.", &stats.evaluations),
        one("pantau_engine_evaluation_failures_total", "Activations that failed.", &stats.evaluation_failures),
        one("pantau_engine_late_replays_total", "Services replayed because answers came late.", &stats.late_replays),
        one("pantau_outbox_deliveries_total", "Messages taken by a receiver.", &stats.deliveries),
        one("pantau_outbox_delivery_failures_total", "Tries that a receiver did not take.", &stats.delivery_failures),
        one("pantau_logins_refused_total", "Logins refused.", &stats.logins_refused),
    ]
}

fn tail_of_facts(tail: TailFigures) -> Vec<Family> {
    let mut reads = counter("pantau_store_tail_reads_total", "Readings of the newest facts, by where they came from.");
    reads.set(&[("from", "memory")], Some(number(tail.hits)));
    reads.set(&[("from", "tables")], Some(number(tail.misses)));
    let mut forgotten = counter(
        "pantau_store_tail_forgotten_facts_total",
        "Facts that memory had no room for before the engine read them; it reads them from the tables.",
    );
    forgotten.set(&[], Some(number(tail.forgotten)));
    vec![reads, forgotten]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outputs::web::tests::site::{NOW, snapshot};
    use crate::store::{Disk, ReadOnly, ReadOnlyCause};

    fn text(snapshot: &Snapshot, stats: &SelfStats) -> String {
        let writer = WriterFigures::default();
        writer.commits.add(2);
        writer.busy_us.add(1_500_000);
        let size = Some(StoreSize { file_bytes: 8_192, free_bytes: 4_096, log_bytes: 512 });
        let space = SpaceView { size, reserve_bytes: 1024, ..SpaceView::default() };
        let samples = SampleFigures {
            frames_waiting: 4_711,
            oldest_hour_ended_at: Some(NOW.plus_secs(-421)),
            chunks_made: 96,
            chunk_bytes: 1_411_000,
            rollup_bytes: 540_000,
            late_dropped: 2,
        };
        let store = StoreView { space, queued: 3, writer: &writer, samples, tail: TailFigures::default() };
        let own = OwnBackupView { last_success_at: Some(NOW.plus_secs(-90)), failures: 2, ..OwnBackupView::default() };
        TextEncoder::new().encode_to_string(&families(snapshot, stats, &store, &own, NOW)).expect("encodes")
    }

    #[test]
    fn a_full_disk_is_one() {
        let read_only = ReadOnly { cause: ReadOnlyCause::LowSpace, since: NOW };
        let disk = Some(Disk { free_bytes: 5, size_bytes: 9 });
        let space = SpaceView { read_only: Some(read_only), disk, refused: 7, ..SpaceView::default() };
        let writer = WriterFigures::default();
        let mut all = storage(&StoreView {
            space,
            queued: 0,
            writer: &writer,
            samples: SampleFigures::default(),
            tail: TailFigures::default(),
        });
        let mut value = |name: &str| {
            let family = all.iter_mut().find(|family| family.family.name() == name).expect("there");
            family.metrics.clone()
        };
        assert_eq!(value("pantau_store_read_only")[0].get_gauge().get_value(), 1.0);
        assert_eq!(value("pantau_store_refused_full_total")[0].get_counter().get_value(), 7.0);
        assert_eq!(value("pantau_store_disk_free_bytes")[0].get_gauge().get_value(), 5.0);
    }

    #[test]
    fn the_whole_site_as_text() {
        let stats = SelfStats::default();
        stats.batches_malformed.add(2);
        insta::assert_snapshot!(text(&snapshot(), &stats));
    }

    #[test]
    fn what_has_no_value_is_absent() {
        let mut site = snapshot();
        site.hosts = std::sync::Arc::default();
        for view in std::sync::Arc::make_mut(&mut site.services) {
            std::sync::Arc::make_mut(view).month.availability_ppm = None;
        }
        let text = text(&site, &SelfStats::default());
        assert!(!text.contains("pantau_service_availability_ratio"), "{text}");
        assert!(!text.contains("pantau_host_"), "{text}");
        assert!(!text.contains("pantau_outbox_oldest_age_seconds"), "{text}");
        assert!(text.contains("pantau_outbox_pending 0"), "{text}");
    }
}
