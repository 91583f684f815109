//! The format of a file of golden cases, version 1, and the small types its inputs share.

use anyhow::{Context, bail, ensure};
use pantau_collector::domain::interval::Interval;
use pantau_collector::domain::state::{State, Timeline};
use pantau_shared::timestamp::Timestamp;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use std::path::Path;

/// One file.
#[derive(Deserialize)]
pub(crate) struct GoldenFile {
    /// Which engine the cases are for.
    pub(crate) engine: String,
    format: u32,
    /// What applies where a case says nothing else.
    #[serde(default)]
    pub(crate) defaults: Map<String, Value>,
    /// Named calendars.
    #[serde(default)]
    pub(crate) calendars: Map<String, Value>,
    /// The cases in order.
    pub(crate) cases: Vec<Case>,
}

/// One case.
#[derive(Deserialize)]
pub(crate) struct Case {
    /// Its name.
    pub(crate) id: String,
    /// Which runner it needs.
    pub(crate) kind: String,
    /// What it shows.
    pub(crate) title: String,
    given: Value,
    #[serde(default)]
    policy: Map<String, Value>,
    /// What to compare.
    pub(crate) expect: Value,
    /// The full result, where the file has it.
    pub(crate) expect_all: Option<Value>,
}

impl GoldenFile {
    /// Reads a file of format 1.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)?;
        let file: Self = serde_json::from_str(&text)?;
        ensure!(file.format == 1, "format {} is not 1, the one known", file.format);
        Ok(file)
    }

    /// The file's defaults with the case's policy over them.
    pub(crate) fn policy<T: DeserializeOwned>(&self, case: &Case) -> anyhow::Result<T> {
        let mut merged = self.defaults.clone();
        merged.extend(case.policy.clone());
        serde_json::from_value(Value::Object(merged)).context("policy")
    }
}

impl Case {
    /// The case's input.
    pub(crate) fn given<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        T::deserialize(&self.given).context("given")
    }
}

/// An instant, RFC 3339.
#[derive(Clone, Copy)]
pub(crate) struct Instant(pub(crate) Timestamp);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Timestamp::parse_rfc3339(&text).map(Self).map_err(D::Error::custom)
    }
}

/// `{"from": …, "to": …}`.
#[derive(Deserialize, Clone, Copy)]
#[serde(deny_unknown_fields)]
pub(crate) struct Span {
    from: Instant,
    to: Instant,
}

impl Span {
    /// As the rules have it.
    pub(crate) fn interval(self) -> Interval {
        Interval::new(self.from.0, self.to.0)
    }
}

/// `[[instant, "UP"], …]`: each holds until the next, unknown before the first.
pub(crate) fn timeline(changes: &[(Instant, String)]) -> anyhow::Result<Timeline> {
    let parsed: anyhow::Result<Vec<_>> = changes.iter().map(|(at, name)| Ok((at.0, state(name)?))).collect();
    Ok(Timeline::from_changes(parsed?))
}

/// A state by its name in the files.
pub(crate) fn state(name: &str) -> anyhow::Result<State> {
    let Some(state) = State::ALL.into_iter().find(|s| state_name(*s) == name) else { bail!("unknown state {name:?}") };
    Ok(state)
}

/// The name of a state in the files.
pub(crate) fn state_name(state: State) -> String {
    state.name().to_uppercase()
}
