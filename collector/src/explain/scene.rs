//! A scene: how the state of a service at one instant follows from the answers around it.
//!
//! Every vantage's answers go through the track that judges them, its states through the check's quorum, the checks'
//! through the service's formula; each step leaves its account. Does not know the ledger: that both say the same is a test.

use crate::domain::catalogue::Service;
use crate::domain::composite::Judged;
use crate::domain::interval::{Interval, IntervalSet};
use crate::domain::state::{AnswerAccount, CheckOutcome, CheckResult, Decision, State, TrackAccount};
use crate::engine::load::{AnswersAround, StoredAnswers, answers_around};
use crate::engine::service_model::{ServiceModel, VantageModel, result_of};
use crate::store::StoreError;
use crate::store::records::ProbeFact;
use pantau_shared::ids::{CheckId, HostId};
use pantau_shared::probe::{ProbeOutcome, ProbeVerdict};
use pantau_shared::timestamp::Timestamp;

/// Answers shown before and after the instant.
const SHOWN_BEFORE: usize = 4;
const SHOWN_AFTER: usize = 6;
/// Answers of a witness shown within an isolation: those that confirmed it.
const SHOWN_OF_WITNESS: usize = 2;

/// Why an instant is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// It was asked for.
    Asked,
    /// The stretch that holds the asked instant begins there.
    Begin,
    /// The stretch ends there.
    End,
}

impl Moment {
    /// The code in the API and in message identifiers.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Begin => "begin",
            Self::End => "end",
        }
    }
}

/// One instant, judged with its reasons.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// Why it is looked at.
    pub moment: Moment,
    /// The instant.
    pub at: Timestamp,
    /// The state that follows.
    pub state: State,
    /// Whether answers to come may still change it.
    pub provisional: bool,
    /// The formula with the state of every part; components are places in `checks`.
    pub judged: Judged,
    /// The checks, in catalogue order.
    pub checks: Vec<CheckAccount>,
}

impl Scene {
    /// Whether the answer of that very instant is among those shown.
    pub fn shows(&self, at: Timestamp) -> bool {
        let vantages = self.checks.iter().flat_map(|check| &check.vantages);
        vantages.flat_map(|vantage| &vantage.answers).any(|line| line.account.result.at == at)
    }
}

/// One check at the instant.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckAccount {
    /// Which.
    pub id: CheckId,
    /// Its name for people.
    pub name: String,
    /// Failures in a row that make a *down*.
    pub confirm_failures: u32,
    /// An answer holds so long.
    pub stale_after_ms: u64,
    /// What its vantages together say.
    pub decision: Decision,
    /// Who asks.
    pub vantages: Vec<VantageAccount>,
}

/// One vantage at the instant.
#[derive(Debug, Clone, PartialEq)]
pub struct VantageAccount {
    /// Which host asks.
    pub host: HostId,
    /// What it says.
    pub state: State,
    /// Whether its next answer may still change that.
    pub provisional: bool,
    /// Whether its *down* alone is a *down*.
    pub decisive: bool,
    /// False where the run of failures began before the answers that were looked through.
    pub begin_seen: bool,
    /// The answers around the instant, in order of time.
    pub answers: Vec<AnswerLine>,
    /// The newest answer at or before the instant no longer held: nobody had answered since.
    pub silent_since: Option<Timestamp>,
    /// The vantage was cut off at the instant, or when it gave the answer that held there.
    pub isolated: Option<IsolationAccount>,
}

/// A vantage that was cut off, by its witnesses.
#[derive(Debug, Clone, PartialEq)]
pub struct IsolationAccount {
    /// From after the last success of any witness to the first one that followed.
    pub interval: Interval,
    /// What each witness answered.
    pub witnesses: Vec<WitnessAccount>,
}

/// One witness around an isolation.
#[derive(Debug, Clone, PartialEq)]
pub struct WitnessAccount {
    /// Which.
    pub id: CheckId,
    /// Its name for people.
    pub name: String,
    /// Its last answer before, its first ones within, and the first one after, in order of time.
    pub answers: Vec<(Timestamp, ProbeOutcome)>,
}

/// One stored answer with its part in the judgement.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerLine {
    /// What it did.
    pub account: AnswerAccount,
    /// As the agent sent it.
    pub outcome: ProbeOutcome,
    /// When it arrived.
    pub received_at: Timestamp,
    /// It arrived only after it had ceased to hold: the ledger was made anew from there.
    pub late: bool,
    /// It is the one that held at the instant.
    pub holds: bool,
    /// It failed while the vantage was cut off: it counts as a fault of the probe.
    pub blinded: bool,
}

/// The scene of `service` at `at`.
///
/// # Errors
/// What the store says.
pub(crate) fn load(
    reader: &impl StoredAnswers,
    service: &Service,
    moment: Moment,
    at: Timestamp,
) -> Result<Scene, StoreError> {
    let model = ServiceModel::new(service);
    let mut checks = Vec::with_capacity(service.checks.len());
    for (index, check) in service.checks.iter().enumerate() {
        let mut vantages = Vec::new();
        for vantage in model.vantages.iter().filter(|v| v.check == index) {
            vantages.push(load_vantage(reader, &model, vantage, at)?);
        }
        let decision = model.quorum(index).decide(vantages.iter().map(|v| (v.state, v.decisive)));
        let policy = crate::engine::service_model::policy_of(check);
        checks.push(CheckAccount {
            id: check.id.clone(),
            name: check.name.clone(),
            confirm_failures: policy.needed(),
            stale_after_ms: policy.stale_after_ms,
            decision,
            vantages,
        });
    }
    let states: Vec<State> = checks.iter().map(|check| check.decision.state).collect();
    let judged = Judged::of(&model.formula(), &states);
    let provisional = checks.iter().flat_map(|check| &check.vantages).any(|vantage| vantage.provisional);
    Ok(Scene { moment, at, state: judged.state, provisional, judged, checks })
}

fn load_vantage(
    reader: &impl StoredAnswers,
    model: &ServiceModel,
    vantage: &VantageModel,
    at: Timestamp,
) -> Result<VantageAccount, StoreError> {
    let check = model.service.checks.get(vantage.check).ok_or(StoreError::Damaged { what: "catalogue" })?;
    let AnswersAround { answers: facts, whole: begin_seen, isolated } =
        answers_around(reader, &model.service, check, &vantage.host, at)?;
    let count = |fact: &ProbeFact| result_of(check, &isolated, fact.at, &fact.outcome);
    let results: Vec<CheckResult> = facts.iter().map(count).collect();
    let track =
        TrackAccount::of(vantage.policy, &results).map_err(|_| StoreError::Damaged { what: "probe answers" })?;
    let (state, provisional) = track.state_at(at);
    let next = track.answers.partition_point(|answer| answer.result.at <= at);
    let shown = next.saturating_sub(SHOWN_BEFORE)..(next + SHOWN_AFTER).min(facts.len());
    let stale_ms = i64::try_from(vantage.policy.stale_after_ms).unwrap_or(i64::MAX);
    let newest = next.checked_sub(1).and_then(|place| track.answers.get(place));
    let silent_since = newest.map(|answer| answer.held_until).filter(|until| *until <= at);
    let all = track.answers.iter().zip(facts).enumerate();
    let answers = all.filter(|(place, _)| shown.contains(place)).map(|(place, (account, fact))| AnswerLine {
        account: *account,
        late: fact.received_at.ms_since(fact.at) > stale_ms,
        received_at: fact.received_at,
        holds: place + 1 == next && silent_since.is_none(),
        blinded: account.result.outcome == CheckOutcome::ProbeError && fact.outcome.verdict() == ProbeVerdict::Failed,
        outcome: fact.outcome,
    });
    let answers: Vec<AnswerLine> = answers.collect();
    let held = answers.iter().find(|line| line.holds && line.blinded).map(|line| line.account.result.at);
    let interval = cut_off(&isolated, at, held);
    let isolated = interval.map(|interval| load_isolation(reader, model, &vantage.host, interval)).transpose()?;
    Ok(VantageAccount {
        host: vantage.host.clone(),
        state,
        provisional,
        decisive: model.is_decisive(vantage),
        begin_seen,
        answers,
        silent_since,
        isolated,
    })
}

/// The isolation that held at `at`, or in which the answer of `held` was given.
fn cut_off(isolated: &IntervalSet, at: Timestamp, held: Option<Timestamp>) -> Option<Interval> {
    let holding = |at: Timestamp| isolated.iter().find(|interval| interval.contains(at));
    let before = || held.and_then(|held| isolated.iter().rev().find(|interval| interval.from <= held));
    holding(at).or_else(before).copied()
}

fn load_isolation(
    reader: &impl StoredAnswers,
    model: &ServiceModel,
    host: &HostId,
    interval: Interval,
) -> Result<IsolationAccount, StoreError> {
    let mut witnesses = Vec::new();
    for witness in model.service.witnesses.iter().filter(|witness| witness.vantages.contains(host)) {
        let mut facts = reader.newest_before(&witness.id, host, interval.from.plus_ms(-1), 1)?;
        facts.extend(reader.between(&witness.id, host, interval.from, interval.to, SHOWN_OF_WITNESS)?);
        facts.extend(reader.between(&witness.id, host, interval.to, Interval::ALL.to, 1)?);
        let answers = facts.into_iter().map(|fact| (fact.at, fact.outcome)).collect();
        witnesses.push(WitnessAccount { id: witness.id.clone(), name: witness.name.clone(), answers });
    }
    Ok(IsolationAccount { interval, witnesses })
}
