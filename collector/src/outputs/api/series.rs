//! A host's series over time: mean, lowest and highest value per step; and which series a host has.
//!
//! What a step holds, and from which resolution it is read, is told in [`crate::host_series`]. Knows parameters and
//! bodies only.

use super::hosts::known_host;
use super::parameters::{Parameters, bad_parameter};
use super::view::List;
use super::{ApiState, access, read};
use crate::host_series::{Answer, Metric, NoAnswer, Question, SHORT_NAMES, STEPS_MAX, load};
use crate::http_error::HttpError;
use crate::series::{Kind, SeriesKey};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use serde::{Serialize, Serializer};

/// Longest window: five years and a little more.
const WINDOW_SECONDS_MAX: i64 = 1_830 * 86_400;

/// Longest step: a month.
const STEP_SECONDS_MAX: i64 = 31 * 86_400;

/// Steps when none is asked for, about.
const STEPS_DEFAULT: i64 = 300;

/// Shortest step in seconds when none is asked for.
const STEP_SECONDS_DEFAULT_MIN: i64 = 10;

/// Names shown when several series fit.
const SEVERAL_SHOWN: usize = 8;

/// A whole number, or thousandths as a decimal number.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Value {
    Whole(u64),
    Milli(u64),
}

impl Serialize for Value {
    #[expect(clippy::cast_precision_loss, reason = "a rate in JSON; the store keeps integers")]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Whole(value) => serializer.serialize_u64(*value),
            Self::Milli(value) => serializer.serialize_f64(*value as f64 / 1_000.0),
        }
    }
}

/// Begin of a step, mean, minimum, maximum.
type Point = (i64, Value, Value, Value);

#[derive(Debug, Serialize)]
pub(super) struct SeriesBody {
    metric: String,
    series: String,
    unit: String,
    /// `raw`, `five_minutes` or `one_hour`: what the steps were made from.
    resolution: &'static str,
    step_seconds: i64,
    /// Between points further apart than this nothing is known.
    gap_seconds: i64,
    points: Vec<Point>,
}

fn body(metric: String, answer: &Answer) -> SeriesBody {
    let value = if answer.is_milli { Value::Milli } else { Value::Whole };
    let points = answer.steps.iter().map(|step| (step.begins_at, value(step.mean()), value(step.min), value(step.max)));
    SeriesBody {
        metric,
        series: answer.key.to_string(),
        unit: answer.unit(),
        resolution: answer.resolution.name(),
        step_seconds: answer.step_seconds,
        gap_seconds: answer.gap_seconds,
        points: points.collect(),
    }
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
    let names = SHORT_NAMES.map(|(name, _)| name).join(", ");
    let expected = format!("one of {names}, or a name of /api/v1/hosts/{id}/metrics");
    let metric = parameters.parsed("metric", &expected, Metric::parse)?;
    let metric = metric.ok_or_else(|| bad_parameter("metric", &format!("missing: {expected}")))?;
    let (from, to) = parameters.window(state.app.clock.now(), 3600, WINDOW_SECONDS_MAX)?;
    let seconds = (to.ms_since(from) / 1000).max(1);
    let step = parameters.parsed("step", &format!("1 to {STEP_SECONDS_MAX} seconds"), |text| {
        text.parse::<i64>().ok().filter(|step| (1..=STEP_SECONDS_MAX).contains(step))
    })?;
    let step_seconds = step.unwrap_or_else(|| (seconds / STEPS_DEFAULT).max(STEP_SECONDS_DEFAULT_MIN));
    if seconds / step_seconds > STEPS_MAX {
        return Err(bad_parameter("step", &format!("too short: the window would have more than {STEPS_MAX} steps")));
    }
    let period_ms = state.app.engine.snapshot().catalogue.sample_period_ms;
    let question = Question { host, metric, from, to, step_seconds, period_ms };
    let answer = read(&state.app, move |reader| match load(reader, &question) {
        Ok(answer) => Ok(Ok(answer)),
        Err(NoAnswer::Store(error)) => Err(error),
        Err(NoAnswer::Unknown) => Ok(Err(Vec::new())),
        Err(NoAnswer::Several(keys)) => Ok(Err(keys)),
    });
    let answer = answer.await?.map_err(|keys| not_one(&keys))?;
    let name = parameters.text("metric").unwrap_or_default().to_owned();
    Ok(Json(body(name, &answer)))
}

fn not_one(keys: &[SeriesKey]) -> HttpError {
    if keys.is_empty() {
        return bad_parameter("metric", "no series of this host's newest sample");
    }
    let names: Vec<String> = keys.iter().take(SEVERAL_SHOWN).map(ToString::to_string).collect();
    bad_parameter("metric", &format!("the name of {} series; one of {}", keys.len(), names.join(", ")))
}

/// A series that a host has.
#[derive(Debug, Serialize)]
pub(super) struct MetricBody {
    name: String,
    unit: &'static str,
    /// Of a `counter` the growth per second is told; `gauge` and `state` as they are.
    kind: &'static str,
}

pub(super) async fn metrics(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<List<MetricBody>>, HttpError> {
    access::caller(&state.app, &headers)?;
    Parameters::read(&uri, &[])?;
    let host = known_host(&state.app, &id)?;
    let keys = read(&state.app, move |reader| reader.series_keys(&host)).await?;
    let item = |key: SeriesKey| MetricBody {
        unit: key.field().unit.name(),
        kind: match key.field().kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::State => "state",
        },
        name: key.to_string(),
    };
    Ok(Json(List { items: keys.into_iter().map(item).collect() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_decimal_numbers_and_readings_whole_ones() {
        let text =
            serde_json::to_string(&[Value::Whole(u64::MAX), Value::Milli(20), Value::Milli(1_500)]).expect("text");
        assert_eq!(text, "[18446744073709551615,0.02,1.5]");
    }
}
