//! Runners of engine A: figures of a timeline, checks, composites, burn, clocks, late results.

mod observations;
mod timeline;

use crate::case::{Case, GoldenFile, Instant};
use pantau_collector::domain::{burn as burn_rule, clock_skew};
use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) use observations::{checks, composite, late};
pub(crate) use timeline::timeline;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BurnGiven {
    target_ppm: u32,
    pairs: Vec<PairGiven>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PairGiven {
    factor_milli: u64,
    long: WindowGiven,
    short: WindowGiven,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WindowGiven {
    down_s: u64,
    known_s: u64,
    #[serde(default)]
    unknown_s: u64,
}

impl WindowGiven {
    fn window(&self) -> burn_rule::Window {
        burn_rule::Window { down_s: self.down_s, known_s: self.known_s, unknown_s: self.unknown_s }
    }
}

/// Multi-window burn rates.
pub(crate) fn burn(_: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: BurnGiven = case.given()?;
    let judged = given.pairs.iter().map(|pair| {
        let burn = burn_rule::evaluate(given.target_ppm, pair.factor_milli, &pair.long.window(), &pair.short.window());
        json!({
            "long_burn_milli": burn.long_milli,
            "short_burn_milli": burn.short_milli,
            "fires": burn.fires,
            "unfireable": burn_rule::is_unfireable(given.target_ppm, pair.factor_milli),
        })
    });
    Ok(judged.collect())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockGiven {
    received_at: Instant,
    sent_at: Instant,
    observed_at: Instant,
    age_ms: Option<u64>,
    tolerance_s: u64,
    agent_started_at: Option<Instant>,
}

/// When an observation was made.
pub(crate) fn clock(_: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: ClockGiven = case.given()?;
    let stamps = clock_skew::Stamps {
        received: given.received_at.0,
        sent: given.sent_at.0,
        observed: given.observed_at.0,
        age_ms: given.age_ms,
        agent_started: given.agent_started_at.map(|at| at.0),
    };
    let told = clock_skew::evaluate(&stamps, given.tolerance_s.saturating_mul(1000));
    Ok(json!({ "observed_at": told.at.to_string(), "method": told.method_name() }))
}
