//! Corrections on record: what somebody says of the past, why, with which evidence, and who agreed.
//!
//! ```text
//! proposed ── approve ──► approved ── a withdrawal is approved ──► withdrawn
//!     ├────── reject ───► rejected
//!     └── a wider proposal of the system takes its place ──► withdrawn
//! ```
//!
//! Late records of backups come as proposals of the system too ([`super::late_backups`]).
//!
//! The order of approval decides which of two overrules the other, not the order of proposal. Late answers for a month that
//! is final come here too, as proposals of the system: their seconds stay as they are until people agree.

use super::Register;
use super::late_backups::LateBackups;
use super::maintenance::{Decided, Signature, TEXT_MAX};
use super::refusal::{RegisterRefusal, optional, written};
use crate::domain::availability::{Correction, CorrectionEffect, Counts};
use crate::domain::catalogue::ServiceId;
use crate::domain::interval::{Interval, IntervalSet};
use crate::domain::state::{Proposal, State};
use crate::domain::ticket::Actor;
use chrono::NaiveDate;
use pantau_shared::timestamp::Timestamp;

/// A correction spans at most so many days.
pub const CORRECTION_DAYS_MAX: u32 = 366;

/// What a correction says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// What was learnt late of a backup set counts; said by the system alone.
    Backups(Interval),
    /// The time leaves the figures.
    Exclude(Interval),
    /// The state was another one.
    State(Interval, State),
    /// The correction of that number no longer applies.
    Withdraw(u32),
}

impl Claim {
    /// What it is about; that of a withdrawal stands in what it withdraws.
    pub const fn interval(self) -> Option<Interval> {
        match self {
            Self::Backups(interval) | Self::Exclude(interval) | Self::State(interval, _) => Some(interval),
            Self::Withdraw(_) => None,
        }
    }

    /// The code in the API and the store: a state, `excluded`, `backups` or `withdraw`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Backups(_) => "backups",
            Self::Exclude(_) => "excluded",
            Self::State(_, state) => state.name(),
            Self::Withdraw(_) => "withdraw",
        }
    }

    /// The claim that `interval` was `code`, as people may say it; none for a withdrawal.
    pub fn parse(code: &str, interval: Interval) -> Option<Self> {
        if code == "excluded" {
            return Some(Self::Exclude(interval));
        }
        State::parse(code).map(|state| Self::State(interval, state))
    }
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CorrectionStatus {
    /// It applies.
    Approved,
    /// Waits for a second person.
    Proposed,
    /// Refused.
    Rejected,
    /// A later record took it back.
    Withdrawn,
}

impl CorrectionStatus {
    /// All, in declared order.
    pub const ALL: [Self; 4] = [Self::Approved, Self::Proposed, Self::Rejected, Self::Withdrawn];

    /// The code in the API and the store.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Proposed => "proposed",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Reads a code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }

    /// The state after `step`; `None`: not allowed.
    pub const fn after(self, step: Step) -> Option<Self> {
        match (self, step) {
            (Self::Proposed, Step::Approve) => Some(Self::Approved),
            (Self::Proposed, Step::Reject) => Some(Self::Rejected),
            (Self::Proposed | Self::Approved, Step::Withdraw) => Some(Self::Withdrawn),
            (Self::Approved, Step::Approve | Step::Reject)
            | (Self::Rejected | Self::Withdrawn, Step::Approve | Step::Reject | Step::Withdraw) => None,
        }
    }
}

/// What may happen to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A second person agrees.
    Approve,
    /// A person refuses.
    Reject,
    /// A later record takes it back.
    Withdraw,
}

impl Step {
    /// All.
    pub const ALL: [Self; 3] = [Self::Approve, Self::Reject, Self::Withdraw];

    /// The code in the API and the audit trail.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Withdraw => "withdraw",
        }
    }
}

/// The seconds of a month before and after a correction, as they were when it was approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthChange {
    /// First day of the month.
    pub month: NaiveDate,
    /// Without it.
    pub before: Counts,
    /// With it.
    pub after: Counts,
}

/// What is proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectionProposal {
    /// Of which service.
    pub service: ServiceId,
    /// What is said.
    pub claim: Claim,
    /// Why.
    pub reason: String,
    /// What shows it: a report, a letter, a log; may be empty only for a withdrawal.
    pub evidence: String,
}

/// What a person does to a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CorrectionAction {
    /// Agreed.
    Approve,
    /// Refused.
    Reject {
        /// Why.
        reason: String,
    },
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectionEntry {
    /// Its number.
    pub number: u32,
    /// Of which service.
    pub service: ServiceId,
    /// What is said.
    pub claim: Claim,
    /// What the ledger says, where late answers differ from it.
    pub observed: Option<State>,
    /// Why; empty for the system's.
    pub reason: String,
    /// What shows it.
    pub evidence: String,
    /// By whom.
    pub proposed_by: Actor,
    /// When.
    pub proposed_at: Timestamp,
    /// How far it has come.
    pub status: CorrectionStatus,
    /// The approval or the refusal.
    pub decided: Option<Decided>,
    /// Which approval it was: the highest overrules.
    pub approval: Option<u64>,
    /// The later record that took it back.
    pub withdrawn_by: Option<u32>,
    /// The figures at the approval, per month.
    pub figures: Vec<MonthChange>,
    /// What was learnt late of a backup set, where it is about one.
    pub backups: Option<LateBackups>,
}

impl CorrectionProposal {
    /// The record under `number`, checked against `register`.
    ///
    /// # Errors
    /// Absurd intervals, the future, empty texts, a withdrawal of nothing.
    pub fn propose(
        self,
        number: u32,
        sign: Signature,
        register: &Register,
    ) -> Result<CorrectionEntry, RegisterRefusal> {
        let withdraws = match self.claim {
            Claim::Backups(_) => return Err(RegisterRefusal::UnknownScope(self.claim.code().to_owned())),
            Claim::Exclude(interval) | Claim::State(interval, _) => {
                check_interval(interval, sign.at)?;
                false
            }
            Claim::Withdraw(number) => {
                let target = register.correction(number).filter(|entry| entry.service == self.service);
                let stands = target.filter(|entry| entry.status == CorrectionStatus::Approved);
                let plain = stands.is_some_and(|entry| entry.claim.interval().is_some());
                if !plain {
                    return Err(RegisterRefusal::Unwithdrawable(number));
                }
                true
            }
        };
        let evidence = match withdraws {
            true => optional("evidence", &self.evidence, TEXT_MAX)?,
            false => written("evidence", &self.evidence, TEXT_MAX)?,
        };
        Ok(CorrectionEntry {
            number,
            service: self.service,
            claim: self.claim,
            observed: None,
            reason: written("reason", &self.reason, TEXT_MAX)?,
            evidence,
            proposed_by: Actor::Person(sign.by),
            proposed_at: sign.at,
            status: CorrectionStatus::Proposed,
            decided: None,
            approval: None,
            withdrawn_by: None,
            figures: Vec::new(),
            backups: None,
        })
    }
}

fn check_interval(interval: Interval, now: Timestamp) -> Result<(), RegisterRefusal> {
    if interval.is_empty() {
        Err(RegisterRefusal::EndsBeforeBegin)
    } else if interval.to > now {
        Err(RegisterRefusal::NotYetPast)
    } else if interval.length_s() > u64::from(CORRECTION_DAYS_MAX) * 86_400 {
        Err(RegisterRefusal::TooLong { max_days: CORRECTION_DAYS_MAX })
    } else {
        Ok(())
    }
}

impl CorrectionEntry {
    /// As it is counted, if it was ever approved; `approval_of` gives the approval of another record.
    pub(super) fn counted(&self, approval_of: impl Fn(u32) -> Option<u64>) -> Option<Correction> {
        let effect = match self.claim {
            Claim::Backups(_) => return None,
            Claim::Exclude(interval) => CorrectionEffect::Exclude(interval),
            Claim::State(interval, state) => CorrectionEffect::SetState(interval, state),
            Claim::Withdraw(number) => CorrectionEffect::Withdraw { seq: approval_of(number)? },
        };
        Some(Correction { seq: self.approval?, effect, approved: true })
    }

    /// As it would be counted if it were approved now.
    pub fn proposed_effect(&self, register: &Register) -> Option<Correction> {
        let approved = Self { approval: Some(register.next_approval()), ..self.clone() };
        approved.counted(|number| register.counted_approval(number))
    }

    /// What it is about; that of a withdrawal is that of the record it withdraws.
    pub fn about(&self, register: &Register) -> Option<Interval> {
        match self.claim {
            Claim::Backups(interval) | Claim::Exclude(interval) | Claim::State(interval, _) => Some(interval),
            Claim::Withdraw(number) => register.correction(number)?.claim.interval(),
        }
    }

    /// Carries out `action`: this record as it is then, and the one it takes back. `figures` are those that were shown.
    ///
    /// # Errors
    /// The state, or the second person, refuses.
    pub fn act(
        &self,
        action: &CorrectionAction,
        sign: Signature,
        register: &Register,
        two_persons: bool,
        figures: Vec<MonthChange>,
    ) -> Result<(Self, Option<Self>), RegisterRefusal> {
        match action {
            CorrectionAction::Approve => {
                let status = self.step(Step::Approve)?;
                if two_persons && self.proposed_by == Actor::Person(sign.by.clone()) {
                    return Err(RegisterRefusal::SamePerson);
                }
                let taken_back = match self.claim {
                    Claim::Backups(_) | Claim::Exclude(_) | Claim::State(..) => None,
                    Claim::Withdraw(number) => {
                        let target = register.correction(number).ok_or(RegisterRefusal::Unwithdrawable(number))?;
                        Some(target.taken_back(self.number)?)
                    }
                };
                let decided = Some(Decided { sign, reason: String::new() });
                let approval = Some(register.next_approval());
                Ok((Self { status, decided, approval, figures, ..self.clone() }, taken_back))
            }
            CorrectionAction::Reject { reason } => {
                let status = self.step(Step::Reject)?;
                let decided = Some(Decided { sign, reason: written("reason", reason, TEXT_MAX)? });
                Ok((Self { status, decided, ..self.clone() }, None))
            }
        }
    }

    fn step(&self, step: Step) -> Result<CorrectionStatus, RegisterRefusal> {
        self.status.after(step).ok_or(RegisterRefusal::CorrectionState { from: self.status, step: step.code() })
    }

    /// As it is once the record `by` has taken it back.
    ///
    /// # Errors
    /// It was refused or taken back before.
    pub fn taken_back(&self, by: u32) -> Result<Self, RegisterRefusal> {
        let status = self.step(Step::Withdraw)?;
        Ok(Self { status, withdrawn_by: Some(by), ..self.clone() })
    }
}

/// What the system proposes because of late answers; its number is given when it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateProposal {
    /// Of which service.
    pub service: ServiceId,
    /// When the late answers say otherwise.
    pub interval: Interval,
    /// What they say.
    pub state: State,
    /// What the ledger says, where that is one state.
    pub observed: Option<State>,
    /// Pending proposals of the system that it takes the place of.
    pub replaces: Vec<u32>,
}

impl LateProposal {
    /// The record under `number`.
    pub fn entry(&self, number: u32, now: Timestamp) -> CorrectionEntry {
        CorrectionEntry {
            number,
            service: self.service.clone(),
            claim: Claim::State(self.interval, self.state),
            observed: self.observed,
            reason: String::new(),
            evidence: String::new(),
            proposed_by: Actor::System,
            proposed_at: now,
            status: CorrectionStatus::Proposed,
            decided: None,
            approval: None,
            withdrawn_by: None,
            figures: Vec::new(),
            backups: None,
        }
    }
}

/// What is to be proposed of `differing`, stretches of final months that late answers see otherwise. What was proposed
/// before, and is pending or decided, is not proposed again; what touches a pending one becomes one with it.
pub fn propose_late(register: &Register, service: &ServiceId, differing: &[Proposal]) -> Vec<LateProposal> {
    let mut out: Vec<LateProposal> = Vec::new();
    for new in differing {
        let alike = |entry: &&CorrectionEntry| {
            let same_state = matches!(entry.claim, Claim::State(_, state) if state == new.to_state);
            entry.service == *service && entry.proposed_by == Actor::System && same_state
        };
        let entries = || register.corrections().iter().map(|entry| &**entry).filter(alike);
        let told = |status| entries().filter(move |entry| entry.status == status);
        let covered = entries().filter(|entry| entry.status != CorrectionStatus::Withdrawn);
        let covered: IntervalSet = covered.filter_map(|entry| entry.claim.interval()).collect();
        let fresh: IntervalSet = std::iter::once(new.interval).collect();
        for interval in fresh.difference(&covered).iter() {
            let mut proposal = LateProposal {
                service: service.clone(),
                interval: *interval,
                state: new.to_state,
                observed: Some(new.from_state),
                replaces: Vec::new(),
            };
            for entry in told(CorrectionStatus::Proposed) {
                let Some(pending) = entry.claim.interval() else { continue };
                if pending.from <= proposal.interval.to && proposal.interval.from <= pending.to {
                    let (from, to) = (pending.from.min(interval.from), pending.to.max(interval.to));
                    proposal.interval = Interval::new(from.min(proposal.interval.from), to.max(proposal.interval.to));
                    proposal.observed = proposal.observed.filter(|state| entry.observed == Some(*state));
                    proposal.replaces.push(entry.number);
                }
            }
            merge_into(&mut out, proposal);
        }
    }
    out
}

/// One of the same round that took the place of the same record becomes one with it.
fn merge_into(out: &mut Vec<LateProposal>, proposal: LateProposal) {
    let shared = |known: &&mut LateProposal| {
        known.state == proposal.state && known.replaces.iter().any(|number| proposal.replaces.contains(number))
    };
    match out.iter_mut().find(shared) {
        Some(known) => {
            known.interval = Interval::new(
                known.interval.from.min(proposal.interval.from),
                known.interval.to.max(proposal.interval.to),
            );
            known.observed = known.observed.filter(|state| proposal.observed == Some(*state));
            known.replaces.extend(proposal.replaces);
            known.replaces.sort_unstable();
            known.replaces.dedup();
        }
        None => out.push(proposal),
    }
}
