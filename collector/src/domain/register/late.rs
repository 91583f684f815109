//! What late answers say of months that are final: proposed by the system, each stretch once, growing as answers come.

use super::Register;
use super::correction::{Claim, CorrectionEntry, CorrectionStatus};
use crate::domain::catalogue::ServiceId;
use crate::domain::interval::{Interval, IntervalSet};
use crate::domain::state::{Proposal, State};
use crate::domain::ticket::Actor;
use pantau_shared::timestamp::Timestamp;

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
