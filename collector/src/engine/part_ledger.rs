//! The ledger of a part of a service (a component, or a check as one vantage sees it), made anew from the stored answers.
//! Nothing of it is kept: a changed formula or quorum shows its history at once. Costs the answers of the window.

use super::load;
use super::service_model::{ServiceModel, policy_of, result_of};
use crate::domain::catalogue::Service;
use crate::domain::composite::Formula;
use crate::domain::interval::Interval;
use crate::domain::state::timeline::walk_together;
use crate::domain::state::{State, StateInterval, Timeline, Vantage, VantageTrack};
use crate::store::{Reader, StoreError};
use pantau_shared::ids::HostId;

/// A part of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// What `formula` makes of the checks, each by its quorum.
    Formula(Formula),
    /// One check, by its place, as one host sees it.
    Vantage {
        /// Place of the check.
        check: usize,
        /// Who asks.
        host: HostId,
    },
}

/// How many answers the ledger of `part` over `seconds` may have to look at.
pub fn answers_at_most(service: &Service, part: &Part, seconds: u64) -> u64 {
    let of_check = |place: usize, vantages: usize| {
        let interval_ms = service.checks.get(place).map_or(1000, |check| u64::from(check.interval_ms.max(1)));
        (seconds.saturating_mul(1000) / interval_ms).saturating_mul(u64::try_from(vantages).unwrap_or(u64::MAX))
    };
    match part {
        Part::Vantage { check, .. } => of_check(*check, 1),
        Part::Formula(formula) => places(formula)
            .into_iter()
            .map(|place| of_check(place, service.checks.get(place).map_or(0, |check| check.vantages.len())))
            .fold(0, u64::saturating_add),
    }
}

/// The states of `part` over `window`; what nobody saw is left out.
///
/// # Errors
/// What the store says.
pub fn states(
    reader: &Reader,
    service: &Service,
    part: &Part,
    window: Interval,
) -> Result<Vec<StateInterval>, StoreError> {
    let model = ServiceModel::new(service);
    let timeline = match part {
        Part::Vantage { check, host } => {
            let place = model.vantages.iter().position(|v| v.check == *check && v.host == *host);
            place.map_or_else(|| Ok(Timeline::unknown()), |place| vantage(reader, &model, place, window))?
        }
        Part::Formula(formula) => composed(reader, &model, formula, window)?,
    };
    Ok(timeline.segments(window).filter(|segment| segment.state != State::Unknown).collect())
}

fn composed(
    reader: &Reader,
    model: &ServiceModel,
    formula: &Formula,
    window: Interval,
) -> Result<Timeline, StoreError> {
    let mut checks = vec![Timeline::unknown(); model.service.checks.len()];
    for place in places(formula) {
        let Some(check) = model.service.checks.get(place) else { continue };
        let mut seen = Vec::new();
        for (index, v) in model.vantages.iter().enumerate().filter(|(_, v)| v.check == place) {
            seen.push((vantage(reader, model, index, window)?, check.quorum.is_decisive(&v.host)));
        }
        let views: Vec<Vantage<'_>> =
            seen.iter().map(|(timeline, decisive)| Vantage { timeline, decisive: *decisive }).collect();
        if let Some(slot) = checks.get_mut(place) {
            *slot = Timeline::from_intervals(check.quorum.rule(views.len()).merge(&views, window));
        }
    }
    let timelines: Vec<&Timeline> = checks.iter().collect();
    let mut out = Timeline::unknown();
    walk_together(&timelines, window, |interval, states| {
        out.append(StateInterval { interval, state: formula.evaluate(states) });
    });
    Ok(out)
}

/// What the vantage at `place` saw; after its last answer for as long as that holds.
fn vantage(reader: &Reader, model: &ServiceModel, place: usize, window: Interval) -> Result<Timeline, StoreError> {
    let Some(vantage) = model.vantages.get(place) else { return Ok(Timeline::unknown()) };
    let Some(check) = model.service.checks.get(vantage.check) else { return Ok(Timeline::unknown()) };
    let policy = policy_of(check);
    let stale_ms = i64::try_from(policy.stale_after_ms).unwrap_or(i64::MAX);
    // An answer after the window may still confirm a failure in it.
    let horizon = window.to.plus_ms(stale_ms);
    let answers = load::answers(reader, model, place, window.from, horizon)?;
    let isolations = load::isolations_over(reader, model, std::slice::from_ref(&answers), horizon)?;
    let isolated = isolations.of(&vantage.host);
    let results: Vec<_> = answers.iter().map(|(at, outcome)| result_of(check, &isolated, *at, outcome)).collect();
    let until = results.last().map_or(window.to, |last| last.at.plus_ms(stale_ms)).min(horizon);
    Ok(VantageTrack::evaluate(policy, &results, until).map(Timeline::from_intervals).unwrap_or_default())
}

/// The checks that a formula names, each once.
fn places(formula: &Formula) -> std::collections::BTreeSet<usize> {
    match formula {
        Formula::Component(place) => std::iter::once(*place).collect(),
        Formula::All(parts) | Formula::KOfN { of: parts, .. } => parts.iter().flat_map(places).collect(),
    }
}
