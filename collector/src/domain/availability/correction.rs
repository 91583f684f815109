//! Corrections: approved statements of people about the past. Facts themselves are never edited.

use crate::domain::interval::Interval;
use crate::domain::state::State;
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeSet;

/// What a correction says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CorrectionEffect {
    /// The time leaves the figures.
    Exclude(Interval),
    /// The state was another one.
    SetState(Interval, State),
    /// An earlier correction no longer applies (nor does a withdrawal, which then brings back what it withdrew).
    Withdraw {
        /// The sequence number of that correction; it has to be lower than this one's.
        seq: u64,
    },
}

/// One correction. Reason, evidence and people are kept where it is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Correction {
    /// Order of approval: the highest wins.
    pub seq: u64,
    /// What it says.
    pub effect: CorrectionEffect,
    /// Only approved ones apply.
    pub approved: bool,
}

/// The correction that decides at `at`: of those in force that cover it, the one with the highest sequence.
pub fn correction_at(corrections: &[Correction], at: Timestamp) -> Option<Correction> {
    let covers = |effect: &CorrectionEffect| match effect {
        CorrectionEffect::Exclude(interval) | CorrectionEffect::SetState(interval, _) => interval.contains(at),
        CorrectionEffect::Withdraw { .. } => false,
    };
    let effect = in_force(corrections).into_iter().rfind(covers)?;
    let same = |c: &&Correction| c.approved && c.effect == effect;
    corrections.iter().filter(same).max_by_key(|c| c.seq).copied()
}

/// The corrections that apply, lowest sequence first: each overrules those before it.
pub(super) fn in_force(corrections: &[Correction]) -> Vec<CorrectionEffect> {
    let mut approved: Vec<&Correction> = corrections.iter().filter(|c| c.approved).collect();
    approved.sort_by_key(|c| c.seq);
    let mut withdrawn = BTreeSet::new();
    let mut effects = Vec::new();
    for correction in approved.into_iter().rev() {
        if withdrawn.contains(&correction.seq) {
            continue;
        }
        match correction.effect {
            CorrectionEffect::Withdraw { seq } => {
                withdrawn.insert(seq);
            }
            CorrectionEffect::Exclude(_) | CorrectionEffect::SetState(..) => effects.push(correction.effect),
        }
    }
    effects.reverse();
    effects
}
