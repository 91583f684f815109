//! `GET /metrics`: the snapshot and the collector's own counters as Prometheus text.
//!
//! A pure function of snapshot, counters and now; nothing is queried and nothing registered globally. A value that is
//! not defined is absent, never 0. The number of series is bounded by the catalogue and the enrolled hosts. Open for
//! peers on loopback; anybody else needs an API token.

mod backups;
mod delivery;
mod findings;
mod hosts;
mod own;
mod services;
mod store;
mod tickets;
mod vantages;

use super::api::access;
use crate::app::App;
use crate::http_error::HttpError;
use crate::own_backup::view::OwnBackupView;
use crate::self_stats::SelfStats;
use crate::snapshot::Snapshot;
use crate::store::{SampleFigures, SpaceView, TailFigures, WriterFigures};
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
    let mut all = services::services(snapshot, now);
    all.extend(services::budgets(&snapshot.services));
    all.extend(backups::backups(snapshot, now));
    all.extend(tickets::tickets(snapshot, stats));
    all.extend(findings::findings(snapshot));
    all.extend(hosts::hosts(&snapshot.hosts));
    all.extend(vantages::vantages(&snapshot.vantages, snapshot.at));
    all.extend(own::own_gauges(snapshot, now));
    all.extend(store::storage(store));
    all.extend(store::samples(store.samples, now));
    all.extend(store::own_backup(own, now));
    all.extend(own::received(stats));
    all.extend(own::done(stats));
    all.extend(delivery::delivery(snapshot, stats, now));
    all.extend(store::tail_of_facts(store.tail));
    // The encoder refuses a family without a series.
    let filled = all.into_iter().filter(|family| !family.metrics.is_empty());
    filled
        .map(|Family { mut family, metrics }| {
            family.set_metric(metrics);
            family
        })
        .collect()
}

#[cfg(test)]
mod tests;
