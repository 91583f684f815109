//! A host's metric over time: mean, lowest and highest value per step.
//!
//! Steps begin at whole multiples of `step` since the Unix epoch, so that the same step has the same value whatever
//! window it is asked in. A step without a value is absent. Rates come from pairs of neighbouring samples and belong to
//! the step of the later one; over a reset, or a pair further apart than [`PAIR_MS_MAX`], there is none.

use super::hosts::known_host;
use super::parameters::{Parameters, bad_parameter};
use super::{ApiState, access, read};
use crate::domain::rate;
use crate::http_error::HttpError;
use crate::store::{Reader, StoreError};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use pantau_shared::ids::HostId;
use pantau_shared::sample::Sample;
use pantau_shared::timestamp::Timestamp;
use serde::Serialize;

/// Longest window: the raw samples of so many seconds are read for one answer.
const WINDOW_SECONDS_MAX: i64 = 8 * 86_400;

/// Most steps in a window.
const STEPS_MAX: i64 = 5000;

/// Steps when none is asked for, about.
const STEPS_DEFAULT: i64 = 300;

/// Shortest step in seconds when none is asked for.
const STEP_SECONDS_DEFAULT_MIN: i64 = 10;

/// Samples further apart say nothing about the time between them.
const PAIR_MS_MAX: i64 = 900_000;

/// Samples read at a time.
const CHUNK: usize = 1000;

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Metric {
    Cpu,
    Memory,
    Storage,
    NetworkIn,
    NetworkOut,
    Load,
}

impl Metric {
    const ALL: [Self; 6] = [Self::Cpu, Self::Memory, Self::Storage, Self::NetworkIn, Self::NetworkOut, Self::Load];

    const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Storage => "storage",
            Self::NetworkIn => "network_in",
            Self::NetworkOut => "network_out",
            Self::Load => "load",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.name() == name)
    }

    const fn unit(self) -> &'static str {
        match self {
            Self::Cpu | Self::Memory | Self::Storage => "permille",
            Self::NetworkIn | Self::NetworkOut => "bytes_per_second",
            Self::Load => "load_centi",
        }
    }

    /// The value at `after`; rates need the sample before it.
    fn value(self, before: Option<&(Timestamp, Sample)>, after: &(Timestamp, Sample)) -> Option<u64> {
        let (at, sample) = after;
        let before = before.filter(|(earlier, _)| (1..=PAIR_MS_MAX).contains(&at.ms_since(*earlier)));
        let network = || {
            let (earlier, before) = before?;
            rate::network_bytes_per_second(before, sample, at.ms_since(*earlier))
        };
        match self {
            Self::Cpu => {
                let (before, after) = (before?.1.cpu_total.as_ref()?, sample.cpu_total.as_ref()?);
                rate::cpu_busy_permille(before, after).map(u64::from)
            }
            Self::Memory => sample.memory.as_ref().and_then(rate::memory_permille).map(u64::from),
            Self::Storage => {
                // As the engine counts it: what cannot be written to is full for ever and says nothing.
                let writable = sample.filesystems.iter().filter(|filesystem| filesystem.read_only != Some(true));
                writable.filter_map(rate::storage_permille).max().map(u64::from)
            }
            Self::NetworkIn => network().map(|(received, _)| received),
            Self::NetworkOut => network().map(|(_, sent)| sent),
            Self::Load => sample.load.and_then(|load| load.one_centi).map(u64::from),
        }
    }
}

/// One step being filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    begins_at: i64,
    sum: u128,
    count: u32,
    min: u64,
    max: u64,
}

/// Folds values, in order of time, into steps.
#[derive(Debug)]
struct Steps {
    seconds: i64,
    steps: Vec<Step>,
}

impl Steps {
    fn add(&mut self, at: Timestamp, value: u64) {
        let begins_at = at.as_secs().div_euclid(self.seconds) * self.seconds;
        match self.steps.last_mut().filter(|step| step.begins_at == begins_at) {
            Some(step) => {
                step.sum += u128::from(value);
                step.count += 1;
                step.min = step.min.min(value);
                step.max = step.max.max(value);
            }
            None => self.steps.push(Step { begins_at, sum: value.into(), count: 1, min: value, max: value }),
        }
    }

    /// `[begin, mean, min, max]`; the mean is floored.
    fn points(self) -> Vec<(i64, u64, u64, u64)> {
        let mean = |step: &Step| u64::try_from(step.sum / u128::from(step.count)).unwrap_or(u64::MAX);
        self.steps.iter().map(|step| (step.begins_at, mean(step), step.min, step.max)).collect()
    }
}

/// Reads in chunks, so that memory does not grow with the window.
fn load(
    reader: &Reader,
    host: &HostId,
    metric: Metric,
    (from, to): (Timestamp, Timestamp),
    step_seconds: i64,
) -> Result<Vec<(i64, u64, u64, u64)>, StoreError> {
    let mut steps = Steps { seconds: step_seconds, steps: Vec::new() };
    let mut before: Option<(Timestamp, Sample)> = None;
    // The pair that ends in the first step begins before it.
    let mut next = from.plus_ms(-PAIR_MS_MAX);
    loop {
        let chunk = reader.samples(host, next, to, CHUNK)?;
        let more = chunk.len() == CHUNK;
        for sample in chunk {
            next = sample.0.plus_ms(1);
            let value = metric.value(before.as_ref(), &sample).filter(|_| sample.0 >= from);
            if let Some(value) = value {
                steps.add(sample.0, value);
            }
            before = Some(sample);
        }
        if !more {
            return Ok(steps.points());
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct SeriesBody {
    metric: &'static str,
    unit: &'static str,
    step_seconds: i64,
    points: Vec<(i64, u64, u64, u64)>,
}

pub(super) async fn series(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<SeriesBody>, HttpError> {
    access::caller(&state.app, &headers)?;
    let parameters = Parameters::read(&uri, &["metric", "from", "to", "step"])?;
    let host = known_host(&state.app, &id)?;
    let expected = format!("one of {}", Metric::ALL.map(Metric::name).join(", "));
    let metric = parameters.parsed("metric", &expected, Metric::parse)?;
    let metric = metric.ok_or_else(|| bad_parameter("metric", &format!("missing: {expected}")))?;
    let window = parameters.window(state.app.clock.now(), 3600, WINDOW_SECONDS_MAX)?;
    let seconds = (window.1.ms_since(window.0) / 1000).max(1);
    let step = parameters.parsed("step", "1 to 86400 seconds", |text| {
        text.parse::<i64>().ok().filter(|step| (1..=86_400).contains(step))
    })?;
    let step = step.unwrap_or_else(|| (seconds / STEPS_DEFAULT).max(STEP_SECONDS_DEFAULT_MIN));
    if seconds / step > STEPS_MAX {
        return Err(bad_parameter("step", &format!("too short: the window would have more than {STEPS_MAX} steps")));
    }
    let points = read(&state.app, move |reader| load(reader, &host, metric, window, step)).await?;
    Ok(Json(SeriesBody { metric: metric.name(), unit: metric.unit(), step_seconds: step, points }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pantau_shared::sample::CpuTimes;

    fn busy(at_s: i64, user: u64, idle: u64) -> (Timestamp, Sample) {
        let times = CpuTimes { user_ms: Some(user), idle_ms: Some(idle), ..CpuTimes::default() };
        (Timestamp::from_secs(at_s), Sample { cpu_total: Some(times), ..Sample::default() })
    }

    #[test]
    fn steps_are_aligned_and_gaps_absent() {
        let mut steps = Steps { seconds: 60, steps: Vec::new() };
        for (at, value) in [(65, 10), (70, 21), (185, 7)] {
            steps.add(Timestamp::from_secs(at), value);
        }
        assert_eq!(steps.points(), [(60, 15, 10, 21), (180, 7, 7, 7)]);
    }

    #[test]
    fn a_rate_needs_a_neighbour_without_a_reset() {
        let (one, two) = (busy(0, 0, 0), busy(10, 2500, 7500));
        assert_eq!(Metric::Cpu.value(Some(&one), &two), Some(250));
        assert_eq!(Metric::Cpu.value(None, &two), None);
        assert_eq!(Metric::Cpu.value(Some(&two), &busy(20, 10, 10)), None, "the counters were reset");
        assert_eq!(Metric::Cpu.value(Some(&one), &busy(1000, 2500, 7500)), None, "nobody knows what lies between");
    }
}
