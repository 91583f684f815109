//! Runners of the kinds `checks`, `composite` and `late`: from observations to states.

use crate::case::{self, Case, GoldenFile, Instant, Span};
use anyhow::{Context, bail, ensure};
use pantau_collector::domain::composite::{self, Component, Formula};
use pantau_collector::domain::interval::{Interval, IntervalSet};
use pantau_collector::domain::state::{
    CheckOutcome, CheckPolicy, CheckResult, LateEffect, Quorum, State, Tie, Timeline, Vantage, VantageTrack,
    late as late_rule,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

type Results = Vec<(Instant, String)>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuorumGiven {
    rule: String,
    min_valid: usize,
    tie: String,
    decisive: Vec<String>,
}

impl QuorumGiven {
    fn quorum(&self) -> anyhow::Result<Quorum> {
        ensure!(self.rule == "majority", "unknown quorum rule {:?}", self.rule);
        let tie = match self.tie.as_str() {
            "degraded" => Tie::Degraded,
            "down" => Tie::Down,
            "up" => Tie::Up,
            other => bail!("unknown tie {other:?}"),
        };
        Ok(Quorum { min_valid: self.min_valid, tie })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChecksGiven {
    window: Span,
    stale_after_s: u64,
    confirm_failures: u32,
    vantages: BTreeMap<String, Results>,
    quorum: QuorumGiven,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LateGiven {
    window: Span,
    stale_after_s: u64,
    confirm_failures: u32,
    quorum: QuorumGiven,
    on_time: Results,
    late: Results,
}

/// The timeline that one vantage saw, as known at the end of the window.
fn vantage_timeline(results: &Results, policy: CheckPolicy, window: Interval) -> anyhow::Result<Timeline> {
    let mut parsed = Vec::new();
    for (at, outcome) in results {
        let outcome = match outcome.as_str() {
            "ok" => CheckOutcome::Ok,
            "degraded" => CheckOutcome::Degraded,
            "fail" => CheckOutcome::Failed,
            "probe_error" => CheckOutcome::ProbeError,
            other => bail!("unknown result {other:?}"),
        };
        parsed.push(CheckResult { at: at.0, outcome });
    }
    parsed.sort_by_key(|result| result.at);
    Ok(Timeline::from_intervals(VantageTrack::evaluate(policy, &parsed, window.to)?))
}

/// Raw results of several vantages → the service's timeline.
pub(crate) fn checks(_: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: ChecksGiven = case.given()?;
    let window = given.window.interval();
    let policy = CheckPolicy { stale_after_ms: given.stale_after_s * 1000, confirm_failures: given.confirm_failures };
    let seen: Vec<(bool, Timeline)> = given
        .vantages
        .iter()
        .map(|(name, results)| Ok((given.quorum.decisive.contains(name), vantage_timeline(results, policy, window)?)))
        .collect::<anyhow::Result<_>>()?;
    let vantages: Vec<_> = seen.iter().map(|(decisive, timeline)| Vantage { timeline, decisive: *decisive }).collect();
    let merged = given.quorum.quorum()?.merge(&vantages, window);
    let segments: Vec<Value> = merged
        .iter()
        .map(|s| json!([s.interval.from.to_string(), s.interval.to.to_string(), case::state_name(s.state)]))
        .collect();
    Ok(json!({ "totals": totals(&Timeline::from_intervals(merged), window), "segments": segments }))
}

fn totals(timeline: &Timeline, window: Interval) -> Map<String, Value> {
    State::ALL.into_iter().map(|s| (case::state_name(s), timeline.seconds_in(s, window).into())).collect()
}

/// Results that came late, in an open and in a final period.
pub(crate) fn late(_: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: LateGiven = case.given()?;
    let window = given.window.interval();
    let policy = CheckPolicy { stale_after_ms: given.stale_after_s * 1000, confirm_failures: given.confirm_failures };
    let quorum = given.quorum.quorum()?;
    let service = |results: &Results| {
        let timeline = vantage_timeline(results, policy, window)?;
        let vantage = Vantage { timeline: &timeline, decisive: false };
        anyhow::Ok(Timeline::from_intervals(quorum.merge(&[vantage], window)))
    };
    let before = service(&given.on_time)?;
    let after = service(&given.on_time.iter().chain(&given.late).cloned().collect())?;
    let kept = |period_final| match late_rule::evaluate(&before, &after, window, period_final) {
        LateEffect::ReplaceFrom(changed) => {
            let mut ledger = before.clone();
            ledger.replace_from(changed.from, &after.segments(changed).collect::<Vec<_>>());
            (ledger, false)
        }
        LateEffect::Nothing => (before.clone(), false),
        LateEffect::Propose(_) => (before.clone(), true),
    };
    let ((open, _), (closed, proposed)) = (kept(false), kept(true));
    Ok(json!({
        "before": totals(&before, window),
        "after_if_open": totals(&open, window),
        "after_if_closed": totals(&closed, window),
        "proposal_created_if_closed": proposed,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CompositeGiven {
    window: Span,
    components: BTreeMap<String, Vec<(Instant, String)>>,
    formula: FormulaGiven,
    #[serde(default)]
    component_maintenance: Vec<ComponentWindowGiven>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ComponentWindowGiven {
    component: String,
    from: Instant,
    to: Instant,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum FormulaGiven {
    All(Vec<FormulaGiven>),
    C(String),
    KOfN { k: usize, of: Vec<FormulaGiven> },
}

impl FormulaGiven {
    fn formula(&self, names: &[&String]) -> anyhow::Result<Formula> {
        let parts = |given: &[Self]| given.iter().map(|part| part.formula(names)).collect::<anyhow::Result<Vec<_>>>();
        Ok(match self {
            Self::All(of) => Formula::All(parts(of)?),
            Self::C(name) => {
                let place = names.iter().position(|n| *n == name);
                Formula::Component(place.with_context(|| format!("no component {name:?}"))?)
            }
            Self::KOfN { k, of } => Formula::KOfN { k: *k, of: parts(of)? },
        })
    }
}

/// Component timelines → seconds of the service per state; excluded time is in no other state.
pub(crate) fn composite(_: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: CompositeGiven = case.given()?;
    let window = given.window.interval();
    let names: Vec<&String> = given.components.keys().collect();
    let formula = given.formula.formula(&names)?;
    formula.check(names.len())?;
    for planned in &given.component_maintenance {
        ensure!(names.contains(&&planned.component), "maintenance of unknown component {:?}", planned.component);
    }
    let parts: Vec<(Timeline, IntervalSet)> = given
        .components
        .iter()
        .map(|(name, states)| {
            let planned = given.component_maintenance.iter().filter(|m| m.component == *name);
            let windows = planned.map(|m| Interval::new(m.from.0, m.to.0)).collect();
            Ok((case::timeline(states)?, windows))
        })
        .collect::<anyhow::Result<_>>()?;
    let components: Vec<_> = parts.iter().map(|(timeline, maintenance)| Component { timeline, maintenance }).collect();
    let judged = composite::evaluate(&formula, &components, window);
    let timeline = Timeline::from_intervals(judged.states.iter().copied());
    let mut counted: Map<String, Value> = State::ALL
        .into_iter()
        .map(|state| {
            let time = timeline.time_in(state, window).difference(&judged.excluded);
            (case::state_name(state), time.length_s().into())
        })
        .collect();
    counted.insert("EXCLUDED".to_owned(), judged.excluded.length_s().into());
    Ok(Value::Object(counted))
}
