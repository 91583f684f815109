//! `/hosts/{id}/series?metric=&from=&to=&step=`: one reading of a host in time, as mean, lowest and highest per step.
//!
//! Steps are aligned to the Unix epoch. A step without a value is absent. Rates come from pairs of neighbouring
//! samples; a pair that lies too far apart, or whose counters went back, gives none, so a gap or a reset stays a gap.
//! Bounds: [`POINTS_MAX`], [`SAMPLES_MAX`] read in pages of [`PAGE`].

use super::ApiState;
use super::access::Caller;
use super::hosts::find;
use super::query::{Parameters, bad};
use super::store_read::read;
use crate::domain::rate;
use crate::http_error::HttpError;
use crate::store::{Reader, StoreError};
use axum::Json;
use axum::extract::{Path, State};
use http::{StatusCode, Uri};
use pantau_shared::ids::HostId;
use pantau_shared::sample::Sample;
use pantau_shared::timestamp::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// Most points of an answer.
const POINTS_MAX: i64 = 2_000;
/// Most samples that one answer reads: a week at one sample in five seconds.
const SAMPLES_MAX: usize = 120_000;
/// Samples held at once.
const PAGE: usize = 1_000;
/// A pair further apart than so many sampling periods is no pair.
const PERIODS_APART_MAX: i64 = 3;

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Metric {
    Cpu,
    Memory,
    /// The fullest file system that can be written to.
    Storage,
    NetworkIn,
    NetworkOut,
    /// One-minute load.
    Load,
}

impl Metric {
    const ALL: [Self; 6] = [Self::Cpu, Self::Memory, Self::Storage, Self::NetworkIn, Self::NetworkOut, Self::Load];

    fn code(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Storage => "storage",
            Self::NetworkIn => "network_in",
            Self::NetworkOut => "network_out",
            Self::Load => "load",
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::Cpu | Self::Memory | Self::Storage => "permille",
            Self::NetworkIn | Self::NetworkOut => "bytes_per_second",
            Self::Load => "hundredths",
        }
    }

    /// The value at a sample, given the one before it if they are a pair.
    fn value(self, before: Option<(i64, &Sample)>, sample: &Sample) -> Option<u64> {
        let network = || before.and_then(|(elapsed, before)| rate::network_bytes_per_second(before, sample, elapsed));
        match self {
            Self::Cpu => {
                let (before, after) = before.and_then(|(_, b)| b.cpu_total.as_ref()).zip(sample.cpu_total.as_ref())?;
                rate::cpu_busy_permille(before, after).map(u64::from)
            }
            Self::Memory => sample.memory.as_ref().and_then(rate::memory_permille).map(u64::from),
            Self::Storage => {
                let writable = sample.filesystems.iter().filter(|f| f.read_only != Some(true));
                writable.filter_map(rate::storage_permille).max().map(u64::from)
            }
            Self::NetworkIn => network().map(|(received, _)| received),
            Self::NetworkOut => network().map(|(_, sent)| sent),
            Self::Load => sample.load.and_then(|load| load.one_centi).map(u64::from),
        }
    }
}

/// What a step has seen.
#[derive(Debug, Clone, Copy)]
struct Step {
    sum: u128,
    count: u32,
    low: u64,
    high: u64,
}

/// A series in the making: samples go in by time.
#[derive(Debug)]
struct Series {
    metric: Metric,
    step_s: i64,
    apart_max_ms: i64,
    before: Option<(Timestamp, Sample)>,
    steps: BTreeMap<i64, Step>,
}

/// Begin of a step in Unix seconds, mean (floored), lowest, highest.
type Point = (i64, u64, u64, u64);

impl Series {
    fn feed(&mut self, at: Timestamp, sample: Sample) {
        let pair = self.before.as_ref().map(|(time, before)| (at.ms_since(*time), before));
        let pair = pair.filter(|(elapsed, _)| (1..=self.apart_max_ms).contains(elapsed));
        if let Some(value) = self.metric.value(pair, &sample) {
            let begin = at.as_secs().div_euclid(self.step_s) * self.step_s;
            let step = self.steps.entry(begin).or_insert(Step { sum: 0, count: 0, low: value, high: value });
            step.sum += u128::from(value);
            step.count += 1;
            step.low = step.low.min(value);
            step.high = step.high.max(value);
        }
        self.before = Some((at, sample));
    }

    /// Points that begin at `from` or later.
    fn points(&self, from_s: i64) -> Vec<Point> {
        let mean = |step: &Step| u64::try_from(step.sum / u128::from(step.count.max(1))).unwrap_or(u64::MAX);
        self.steps.range(from_s..).map(|(begin, step)| (*begin, mean(step), step.low, step.high)).collect()
    }
}

/// Feeds all samples of `[from, to)`; `false` when there are too many.
fn feed_all(
    reader: &Reader,
    host: &HostId,
    from: Timestamp,
    to: Timestamp,
    series: &mut Series,
) -> Result<bool, StoreError> {
    let (mut from, mut seen) = (from, 0);
    loop {
        let page = reader.samples(host, from, to, PAGE)?;
        let whole = page.len() == PAGE;
        seen += page.len();
        if seen > SAMPLES_MAX {
            return Ok(false);
        }
        for (at, sample) in page {
            from = at.plus_ms(1);
            series.feed(at, sample);
        }
        if !whole {
            return Ok(true);
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct SeriesJson {
    metric: &'static str,
    unit: &'static str,
    step_seconds: i64,
    points: Vec<Point>,
}

pub(super) async fn series(
    _: Caller,
    State(state): State<ApiState>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Json<SeriesJson>, HttpError> {
    let parameters = Parameters::read(&uri, &["metric", "from", "to", "step"])?;
    let codes = Metric::ALL.map(Metric::code);
    let asked = parameters.required("metric")?;
    let metric = Metric::ALL.into_iter().find(|metric| metric.code() == asked);
    let metric = metric.ok_or_else(|| bad("metric", &format!("one of {}", codes.join(", "))))?;
    let (from, to) = (parameters.instant("from")?, parameters.instant("to")?);
    let step_s = parameters.number("step", 1..=86_400)?.unwrap_or(60);
    if from >= to || to.ms_since(from) / 1000 / step_s > POINTS_MAX {
        return Err(bad("to", &format!("after `from`, by at most {POINTS_MAX} steps")));
    }
    let snapshot = state.app.engine.snapshot();
    let host = find(&snapshot, &id)?.id.clone();
    let apart_max_ms = i64::from(snapshot.catalogue.sample_period_ms) * PERIODS_APART_MAX;
    let from_s = from.as_secs().div_euclid(step_s) * step_s;
    let mut series = Series { metric, step_s, apart_max_ms, before: None, steps: BTreeMap::new() };
    // The sample before the first step makes the first pair.
    let begin = Timestamp::from_secs(from_s).plus_ms(-apart_max_ms);
    let read = read(&state.app, move |reader| {
        Ok(feed_all(reader, &host, begin, to, &mut series)?.then(|| series.points(from_s)))
    });
    let points = read.await?.ok_or_else(|| {
        let message = format!("more than {SAMPLES_MAX} samples lie in this range; ask for a shorter one");
        HttpError::new(StatusCode::UNPROCESSABLE_ENTITY, "range_too_large", message)
    })?;
    Ok(Json(SeriesJson { metric: metric.code(), unit: metric.unit(), step_seconds: step_s, points }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pantau_shared::sample::{Interface, Load};

    fn fed(metric: Metric, samples: Vec<(i64, Sample)>) -> Vec<Point> {
        let mut series = Series { metric, step_s: 10, apart_max_ms: 6_000, before: None, steps: BTreeMap::new() };
        for (seconds, sample) in samples {
            series.feed(Timestamp::from_secs(seconds), sample);
        }
        series.points(100)
    }

    fn received(bytes: u64) -> Sample {
        let interface = Interface {
            device: "eth0".into(),
            receive_bytes: Some(bytes),
            transmit_bytes: Some(0),
            ..Interface::default()
        };
        Sample { interfaces: vec![interface], ..Sample::default() }
    }

    #[test]
    fn steps_are_aligned_and_hold_mean_lowest_and_highest() {
        let load =
            |centi| Sample { load: Some(Load { one_centi: Some(centi), ..Load::default() }), ..Sample::default() };
        let points = fed(Metric::Load, vec![(99, load(9)), (100, load(1)), (109, load(4)), (125, load(7))]);
        assert_eq!(points, [(100, 2, 1, 4), (120, 7, 7, 7)]);
    }

    #[test]
    fn resets_and_gaps_give_no_rate() {
        let samples = vec![
            (98, received(0)),
            (100, received(200)),
            (105, received(50)),
            (111, received(650)),
            (120, received(9_000_000)),
            (122, received(9_000_010)),
        ];
        assert_eq!(fed(Metric::NetworkIn, samples), [(100, 100, 100, 100), (110, 100, 100, 100), (120, 5, 5, 5)]);
    }
}
