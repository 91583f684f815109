//! A scene: how the state of a service at one instant follows from the answers around it.
//!
//! Every vantage's answers go through the track that judges them, its states through the check's quorum, the checks'
//! through the service's formula; each step leaves its account. Does not know the ledger: that both say the same is a test.

use crate::domain::catalogue::Service;
use crate::domain::composite::Judged;
use crate::domain::state::{AnswerAccount, CheckResult, Decision, State, TrackAccount};
use crate::engine::load::{StoredAnswers, answers_around};
use crate::engine::service_model::{ServiceModel, VantageModel, result_of};
use crate::store::StoreError;
use pantau_shared::ids::{CheckId, HostId};
use pantau_shared::probe::ProbeOutcome;
use pantau_shared::timestamp::Timestamp;

/// Answers shown before and after the instant.
const SHOWN_BEFORE: usize = 4;
const SHOWN_AFTER: usize = 6;

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
    let (facts, begin_seen) = answers_around(reader, check, &vantage.host, at)?;
    let results: Vec<CheckResult> = facts.iter().map(|fact| result_of(fact.at, &fact.outcome)).collect();
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
        outcome: fact.outcome,
        holds: place + 1 == next && silent_since.is_none(),
    });
    Ok(VantageAccount {
        host: vantage.host.clone(),
        state,
        provisional,
        decisive: model.is_decisive(vantage),
        begin_seen,
        answers: answers.collect(),
        silent_since,
    })
}
