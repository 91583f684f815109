//! Late knowledge of backups on record: the set, what was learnt of which records, and what it changes, month by month.
//!
//! Its proposals come from the system alone; people approve or reject them. Rejected, the records stay held for ever;
//! approved, they count; an approval that is withdrawn holds them again.

use super::Register;
use super::correction::{Claim, CorrectionEntry, CorrectionStatus};
use crate::domain::catalogue::ServiceId;
use crate::domain::interval::Interval;
use crate::domain::rpo::exposure::PeriodFigures;
use crate::domain::rpo::late::HeldRecord;
use crate::domain::ticket::Actor;
use chrono::NaiveDate;
use pantau_shared::ids::BackupSetId;
use pantau_shared::timestamp::Timestamp;

/// What a record of late knowledge of a backup set holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateBackups {
    /// The set.
    pub set: BackupSetId,
    /// How its records count until people agree, in the order in which it was learnt.
    pub held: Vec<HeldRecord>,
    /// The set's figures at the approval, per month.
    pub figures: Vec<RpoMonth>,
}

/// A set's month before and after late knowledge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RpoMonth {
    /// First day of the month.
    pub month: NaiveDate,
    /// Without it; none when nothing was watched.
    pub before: Option<RpoFigures>,
    /// With it.
    pub after: Option<RpoFigures>,
}

/// The figures of a set over a month, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RpoFigures {
    /// What was counted.
    pub counted_s: u64,
    /// Of that, in breach.
    pub breach_s: u64,
    /// Of that, without any usable backup.
    pub no_backup_s: u64,
    /// Unbroken stretches of breach.
    pub breaches: u64,
    /// The highest exposure; none where there never was a usable backup.
    pub peak_exposure_s: Option<u64>,
    /// Share of the counted time within the RPO, in ppm, floored.
    pub compliance_ppm: Option<u32>,
}

impl RpoFigures {
    /// From those of `counted_s` seconds.
    pub fn new(figures: &PeriodFigures, counted_s: u64) -> Self {
        Self {
            counted_s,
            breach_s: figures.breach_s,
            no_backup_s: figures.no_backup_s,
            breaches: u64::try_from(figures.breaches.len()).unwrap_or(u64::MAX),
            peak_exposure_s: figures.peak_exposure_s,
            compliance_ppm: figures.compliance_ppm,
        }
    }

    /// Whether the RPO held for every counted second.
    pub fn holds(&self) -> bool {
        self.breach_s == 0
    }
}

impl CorrectionEntry {
    /// Whether it holds back what was learnt of a backup set.
    pub fn holds_back(&self) -> Option<&LateBackups> {
        let late = self.backups.as_ref()?;
        let held = match self.status {
            CorrectionStatus::Proposed | CorrectionStatus::Rejected => true,
            CorrectionStatus::Approved => false,
            // One that was never approved gave way to a wider one, which holds the same.
            CorrectionStatus::Withdrawn => self.approval.is_some(),
        };
        held.then_some(late)
    }
}

impl Register {
    /// What is held back of `set`, in the order in which it was learnt; `flipped` counts as decided the other way.
    pub fn held_of<'a>(&'a self, set: &'a BackupSetId, flipped: Option<u32>) -> impl Iterator<Item = &'a HeldRecord> {
        let entries = self.corrections().iter().filter(move |entry| {
            let of_set = entry.backups.as_ref().is_some_and(|late| late.set == *set);
            of_set && entry.holds_back().is_some() != (flipped == Some(entry.number))
        });
        entries.filter_map(|entry| entry.backups.as_ref()).flat_map(|late| &late.held)
    }

    /// Every set of which anything was ever learnt late.
    pub fn late_sets(&self) -> impl Iterator<Item = &BackupSetId> {
        self.corrections().iter().filter_map(|entry| entry.backups.as_ref()).map(|late| &late.set)
    }
}

/// What the system proposes because of late records; its number is given when it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateBackupProposal {
    /// Of which service.
    pub service: ServiceId,
    /// From the first to the last instant that it changes.
    pub interval: Interval,
    /// What was learnt.
    pub late: LateBackups,
    /// Pending proposals of the same set that it takes the place of.
    pub replaces: Vec<u32>,
}

impl LateBackupProposal {
    /// What follows from `fresh` holds of a set that change `interval`: one proposal, which takes the place of one that
    /// still waits.
    pub fn new(
        register: &Register,
        service: &ServiceId,
        set: &BackupSetId,
        fresh: Vec<HeldRecord>,
        interval: Interval,
    ) -> Self {
        let pending = register.corrections().iter().filter(|entry| {
            let of_set = entry.backups.as_ref().is_some_and(|late| late.set == *set);
            of_set && entry.status == CorrectionStatus::Proposed
        });
        let (mut held, mut replaces, mut span) = (Vec::new(), Vec::new(), interval);
        for entry in pending {
            held.extend(entry.backups.iter().flat_map(|late| late.held.clone()));
            replaces.push(entry.number);
            if let Some(old) = entry.claim.interval() {
                span = Interval::new(span.from.min(old.from), span.to.max(old.to));
            }
        }
        held.extend(fresh);
        let late = LateBackups { set: set.clone(), held, figures: Vec::new() };
        Self { service: service.clone(), interval: span, late, replaces }
    }

    /// The record under `number`.
    pub fn entry(&self, number: u32, now: Timestamp) -> CorrectionEntry {
        CorrectionEntry {
            number,
            service: self.service.clone(),
            claim: Claim::Backups(self.interval),
            observed: None,
            reason: String::new(),
            evidence: String::new(),
            proposed_by: Actor::System,
            proposed_at: now,
            status: CorrectionStatus::Proposed,
            decided: None,
            approval: None,
            withdrawn_by: None,
            figures: Vec::new(),
            backups: Some(self.late.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::register::Signature;
    use crate::domain::register::correction::CorrectionAction;

    fn proposal(register: &Register, artefact: &str, from: i64) -> LateBackupProposal {
        let s = Timestamp::from_secs;
        let held = HeldRecord { artefact: artefact.into(), generation: 0, before: None, until: s(1000) };
        let (service, set) = (ServiceId::parse("s").expect("valid"), BackupSetId::parse("db").expect("valid"));
        LateBackupProposal::new(register, &service, &set, vec![held], Interval::new(s(from), s(900)))
    }

    fn held(register: &Register, flipped: Option<u32>) -> Vec<String> {
        let set = BackupSetId::parse("db").expect("valid");
        register.held_of(&set, flipped).map(|hold| hold.artefact.clone()).collect()
    }

    #[test]
    fn a_set_has_one_pending_proposal_which_grows() {
        let now = Timestamp::from_secs(2000);
        let mut register = Register::default();
        register.put_correction(proposal(&register, "a", 500).entry(1, now));
        let wider = proposal(&register, "b", 400);
        assert_eq!(wider.replaces, [1]);
        assert_eq!(wider.interval, Interval::new(Timestamp::from_secs(400), Timestamp::from_secs(900)));
        register.put_correction(wider.entry(2, now));
        let taken = register.correction(1).expect("kept").taken_back(2).expect("pending");
        register.put_correction(taken);
        assert_eq!(held(&register, None), ["a", "b"], "each once");
    }

    #[test]
    fn records_are_held_until_people_agree_and_again_when_they_change_their_mind() {
        let now = Timestamp::from_secs(2000);
        let mut register = Register::default();
        register.put_correction(proposal(&register, "a", 500).entry(1, now));
        let sign = Signature { by: "rina".into(), at: now };
        let act = |action: CorrectionAction| {
            let entry = register.correction(1).expect("kept");
            let (after, _) = entry.act(&action, sign.clone(), &register, true, Vec::new()).expect("is legal");
            Register::new(Vec::new(), vec![after])
        };
        let rejected = act(CorrectionAction::Reject { reason: "salah".into() });
        assert_eq!(held(&rejected, None), ["a"], "for ever");
        let approved = act(CorrectionAction::Approve);
        assert_eq!(held(&approved, None), Vec::<String>::new());
        assert_eq!(held(&approved, Some(1)), ["a"], "as it was without it");
        let withdrawn = approved.correction(1).expect("kept").taken_back(2).expect("is approved");
        assert_eq!(held(&Register::new(Vec::new(), vec![withdrawn]), None), ["a"]);
    }
}
