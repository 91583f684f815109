//! A series of a host over a span, in steps: one computation for the API and the pages.
//!
//! Steps begin at whole multiples of their length since the Unix epoch, so that the same step has the same value
//! whatever window it is asked in. A step without a value is absent. Of counters the growth per second is told, from
//! pairs of neighbouring samples, in the step of the later one; over a reset, or a pair further apart than
//! [`GAP_PERIODS`] sampling periods, there is none. Means are weighted by time for counters, by samples for gauges.
//!
//! | steps | read from | when it has been pruned |
//! |---|---|---|
//! | below 5 minutes | samples as they came | 5-minute points, steps of 5 minutes |
//! | 5 minutes up to an hour | 5-minute points, whole multiples | 1-hour points, steps of an hour |
//! | an hour and more | 1-hour points, whole multiples | what there is |
//!
//! Does not know HTTP, nor how values are kept.

use crate::series::{Derive, Group, Instance, Kind, PAIR_MS_MAX, Selector, SeriesKey, Unit};
use crate::store::{Reader, Resolution, StoreError, growths};
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;

/// So many sampling periods without a sample are a gap.
pub(crate) const GAP_PERIODS: i64 = 3;

/// Most points of an answer.
pub(crate) const STEPS_MAX: i64 = 5_000;

/// What can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Metric {
    /// A series by its whole name.
    Key(SeriesKey),
    /// One that must be looked up among those the host has.
    Selector(Selector),
}

/// Short names of what pages show, and the names of their values' units.
pub(crate) const SHORT_NAMES: [(&str, &str); 6] = [
    ("cpu", "permille"),
    ("memory", "permille"),
    ("storage", "permille"),
    ("network_in", "bytes_per_second"),
    ("network_out", "bytes_per_second"),
    ("load", "load_centi"),
];

impl Metric {
    /// Reads a short name, a series' whole name, or a part of one that tells it from others.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let derive = |derive: Derive| derive.key().map(Self::Key);
        match text {
            "cpu" => derive(Derive::CpuBusy),
            "memory" => derive(Derive::MemoryUsed),
            "storage" => derive(Derive::StorageUsed),
            "network_in" => derive(Derive::NetworkIn),
            "network_out" => derive(Derive::NetworkOut),
            "load" => {
                let field = Group::Load.fields().iter().find(|field| field.name == "one_centi")?;
                SeriesKey::new(Group::Load, Instance::default(), field.tag).map(Self::Key)
            }
            _ => text.parse().map(Self::Key).or_else(|_| text.parse().map(Self::Selector)).ok(),
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) host: HostId,
    pub(crate) metric: Metric,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    /// Length of a step; at least a second.
    pub(crate) step_seconds: i64,
    /// How often the host is sampled.
    pub(crate) period_ms: u32,
}

/// The longest pair of samples that says something about the time between them.
pub(crate) fn pair_ms_max(period_ms: u32) -> i64 {
    (i64::from(period_ms) * GAP_PERIODS).clamp(1, PAIR_MS_MAX)
}

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    /// Unix seconds.
    pub(crate) begins_at: i64,
    /// Sum of values, each times its weight.
    sum: u128,
    weight: u128,
    pub(crate) min: u64,
    pub(crate) max: u64,
}

impl Step {
    /// Floored.
    pub(crate) fn mean(&self) -> u64 {
        u64::try_from(self.sum.checked_div(self.weight).unwrap_or(0)).unwrap_or(u64::MAX)
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) key: SeriesKey,
    pub(crate) resolution: Resolution,
    /// Length of a step; longer than asked when finer values are gone.
    pub(crate) step_seconds: i64,
    /// Steps further apart than this have a gap between them.
    pub(crate) gap_seconds: i64,
    /// Values are thousandths of the unit: rates of counters.
    pub(crate) is_milli: bool,
    pub(crate) steps: Vec<Step>,
}

impl Answer {
    /// Lowest, mean and highest value of all steps.
    pub(crate) fn range(&self) -> Option<(u64, u64, u64)> {
        let low = self.steps.iter().map(|step| step.min).min()?;
        let high = self.steps.iter().map(|step| step.max).max()?;
        let add = |sum: u128, part: u128| sum.saturating_add(part);
        let sum = self.steps.iter().map(|step| step.sum).fold(0, add);
        let weight = self.steps.iter().map(|step| step.weight).fold(0, add);
        Some((low, Step { begins_at: 0, sum, weight, min: low, max: high }.mean(), high))
    }

    /// In what values are counted.
    pub(crate) fn unit(&self) -> String {
        let unit = self.key.field().unit;
        match (self.is_milli, unit) {
            (true, _) => format!("{}_per_second", unit.name()),
            (false, Unit::Centi) if self.key.group() == Group::Load => "load_centi".to_owned(),
            (false, _) => unit.name().to_owned(),
        }
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// The host has no such series.
    Unknown,
    /// It has several; some of them.
    Several(Vec<SeriesKey>),
    Store(StoreError),
}

impl From<StoreError> for NoAnswer {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Folds values, in order of time, into steps.
#[derive(Debug)]
struct Steps {
    seconds: i64,
    steps: Vec<Step>,
}

impl Steps {
    /// A stretch whose values times their weights sum up to `sum`.
    fn add(&mut self, at: Timestamp, sum: u128, weight: u128, (min, max): (u64, u64)) {
        let begins_at = at.as_secs().div_euclid(self.seconds) * self.seconds;
        match self.steps.last_mut().filter(|step| step.begins_at == begins_at) {
            Some(step) => {
                step.sum = step.sum.saturating_add(sum);
                step.weight = step.weight.saturating_add(weight);
                step.min = step.min.min(min);
                step.max = step.max.max(max);
            }
            None => self.steps.push(Step { begins_at, sum, weight, min, max }),
        }
    }
}

/// From where values are read, and how long a step is then.
fn choose(reader: &Reader, question: &Question) -> Result<(Resolution, i64), StoreError> {
    let whole = reader.whole_from()?;
    let (from, step) = (question.from, question.step_seconds.max(1));
    let whole_multiple = |unit: i64| (step + unit - 1) / unit * unit;
    let finest = match step {
        ..300 => 0,
        300..3_600 => 1,
        _ => 2,
    };
    let reaches = [whole.raw, whole.five_minutes, whole.one_hour].map(|begins| begins <= from);
    // The finest that is wanted or, when it does not reach back, the first coarser one that does; else what reaches most.
    let level = (finest..3).find(|level| reaches.get(*level) == Some(&true)).unwrap_or(2);
    Ok(match level {
        0 => (Resolution::Raw, step),
        1 => (Resolution::FiveMinutes, whole_multiple(300)),
        _ => (Resolution::OneHour, whole_multiple(3_600)),
    })
}

/// Answers a question. Reads one series of one host; a year of one-hour points is some ten rows.
///
/// # Errors
/// [`NoAnswer`].
pub(crate) fn load(reader: &Reader, question: &Question) -> Result<Answer, NoAnswer> {
    let key = resolve(reader, question)?;
    let is_counter = key.field().kind == Kind::Counter;
    let (resolution, step_seconds) = choose(reader, question)?;
    let pair_ms_max = pair_ms_max(question.period_ms);
    let mut steps = Steps { seconds: step_seconds, steps: Vec::new() };
    match resolution {
        Resolution::Raw if is_counter => rates(reader, question, &key, pair_ms_max, &mut steps)?,
        Resolution::Raw => {
            for (at, value) in reader.series_values(&question.host, &key, (question.from, question.to), pair_ms_max)? {
                steps.add(at, value.into(), 1, (value, value));
            }
        }
        Resolution::FiveMinutes | Resolution::OneHour => {
            for point in
                reader.series_points(&question.host, &key, (question.from, question.to), resolution, pair_ms_max)?
            {
                steps.add(point.begins_at, point.sum, point.weight, (point.min, point.max));
            }
        }
    }
    let gap_seconds = (step_seconds * 5 / 2).max(i64::from(question.period_ms) * GAP_PERIODS / 1_000);
    Ok(Answer { key, resolution, step_seconds, gap_seconds, is_milli: is_counter, steps: steps.steps })
}

fn resolve(reader: &Reader, question: &Question) -> Result<SeriesKey, NoAnswer> {
    let selector = match &question.metric {
        Metric::Key(key) => return Ok(key.clone()),
        Metric::Selector(selector) => selector,
    };
    let mut found = reader.series_keys(&question.host)?;
    found.retain(|key| selector.matches(key));
    match found.pop() {
        None => Err(NoAnswer::Unknown),
        Some(only) if found.is_empty() => Ok(only),
        Some(last) => {
            found.push(last);
            Err(NoAnswer::Several(found))
        }
    }
}

/// Rates of a counter, in thousandths per second.
fn rates(
    reader: &Reader,
    question: &Question,
    key: &SeriesKey,
    pair_ms_max: i64,
    steps: &mut Steps,
) -> Result<(), StoreError> {
    // The pair that ends in the first step begins before it.
    let span = (question.from.plus_ms(-pair_ms_max), question.to);
    let values = reader.series_values(&question.host, key, span, pair_ms_max)?;
    growths(&values, pair_ms_max, |at, sum, weight, rate| {
        if at >= question.from {
            steps.add(at, sum, weight, (rate, rate));
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests;
