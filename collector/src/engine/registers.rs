//! What people put on record, by the same four steps: load, decide by the rules of the registers, commit record and audit
//! trail together, announce. And the records of what late answers say of final months.

use super::CommandError;
use super::task::EngineTask;
use crate::correction_preview::Effect;
use crate::domain::register::correction::{CorrectionAction, CorrectionProposal, LateProposal};
use crate::domain::register::late_backups::LateBackupProposal;
use crate::domain::register::maintenance::{MaintenanceAction, MaintenanceProposal};
use crate::domain::register::{Claim, CorrectionEntry, MaintenancePlan, Register, RegisterRefusal, Signature};
use crate::domain::rpo::late::HeldRecord;
use crate::domain::ticket::Actor;
use crate::store::audit::AuditEntry;
use pantau_shared::timestamp::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

/// What a person puts on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegisterChange {
    /// Maintenance is planned.
    ProposeMaintenance(MaintenanceProposal),
    /// Something is done with maintenance.
    Maintenance {
        /// Its number.
        number: u32,
        /// What.
        action: MaintenanceAction,
    },
    /// The past was otherwise.
    ProposeCorrection(CorrectionProposal),
    /// Something is done with a correction.
    Correction {
        /// Its number.
        number: u32,
        /// What.
        action: CorrectionAction,
    },
}

/// Records as they are after a change, with what is put on record of it.
#[derive(Debug, Default)]
struct Recorded {
    number: u32,
    plans: Vec<MaintenancePlan>,
    corrections: Vec<CorrectionEntry>,
    audit: Vec<AuditEntry>,
}

impl EngineTask {
    /// Carries out a change at the clock's moment; the number of the record.
    pub(super) async fn change_register(&mut self, change: RegisterChange, actor: String) -> Result<u32, CommandError> {
        if self.stale {
            self.rebuild().await.map_err(CommandError::Store)?;
        }
        let sign = Signature { by: actor, at: self.clock.now() };
        let recorded = match change {
            RegisterChange::ProposeMaintenance(proposal) => self.propose_maintenance(proposal, sign)?,
            RegisterChange::Maintenance { number, action } => self.act_on_maintenance(number, &action, sign)?,
            RegisterChange::ProposeCorrection(proposal) => self.propose_correction(proposal, sign)?,
            RegisterChange::Correction { number, action } => self.act_on_correction(number, &action, sign).await?,
        };
        let Recorded { number, plans, corrections, audit } = recorded;
        let committed = self.store.write(move |writer| {
            writer.save_register(&plans, &corrections, &audit)?;
            Ok((plans, corrections))
        });
        let (plans, corrections) = committed.await.map_err(CommandError::Store)?;
        let mut register = Register::clone(&self.model.register);
        plans.into_iter().for_each(|plan| register.put_plan(plan));
        corrections.into_iter().for_each(|entry| register.put_correction(entry));
        self.model.take_register(register);
        self.announce(false, self.clock.now()).await.map_err(CommandError::Store)?;
        Ok(number)
    }

    fn propose_maintenance(&self, proposal: MaintenanceProposal, sign: Signature) -> Result<Recorded, CommandError> {
        let (model, number) = (&self.model, self.model.register.next_plan());
        let unknown = |name: String| CommandError::NotRecorded(RegisterRefusal::UnknownScope(name));
        for service in &proposal.services {
            // Services and components share one space of names.
            model.catalogue.named(service).ok_or_else(|| unknown(service.to_string()))?;
        }
        for host in &proposal.hosts {
            model.hosts.place(host).ok_or_else(|| unknown(host.to_string()))?;
        }
        let zone = model.profile.time_zone;
        let plan = proposal.propose(number, sign.clone(), zone).map_err(CommandError::NotRecorded)?;
        let audit = vec![entry(&sign, "maintenance.propose", format!("maintenance/{number}"), plan_detail(&plan))];
        Ok(Recorded { number, plans: vec![plan], audit, ..Recorded::default() })
    }

    fn act_on_maintenance(
        &self,
        number: u32,
        action: &MaintenanceAction,
        sign: Signature,
    ) -> Result<Recorded, CommandError> {
        let plan = self.model.register.plan(number).ok_or(CommandError::NoSuchMaintenance(number))?;
        let (zone, two_persons) = (self.model.profile.time_zone, self.model.catalogue.two_persons);
        let after = plan.act(action, sign.clone(), zone, two_persons).map_err(CommandError::NotRecorded)?;
        let (code, detail) = match action {
            MaintenanceAction::Announce { at, channel } => {
                ("maintenance.announce", json!({ "at": at.to_string(), "channel": channel }))
            }
            MaintenanceAction::Approve => ("maintenance.approve", json!({})),
            MaintenanceAction::Cancel { reason } => ("maintenance.cancel", json!({ "reason": reason })),
            MaintenanceAction::CancelWindow { begins } => {
                ("maintenance.cancel_window", json!({ "begins": begins.to_string() }))
            }
            MaintenanceAction::EndEarly => ("maintenance.end_early", json!({})),
            MaintenanceAction::Reject { reason } => ("maintenance.reject", json!({ "reason": reason })),
        };
        let audit = vec![entry(&sign, code, format!("maintenance/{number}"), detail)];
        Ok(Recorded { number, plans: vec![after], audit, ..Recorded::default() })
    }

    fn propose_correction(&self, proposal: CorrectionProposal, sign: Signature) -> Result<Recorded, CommandError> {
        let (register, number) = (&self.model.register, self.model.register.next_correction());
        if self.model.catalogue.service(&proposal.service).is_none() {
            let unknown = RegisterRefusal::UnknownScope(proposal.service.to_string());
            return Err(CommandError::NotRecorded(unknown));
        }
        let proposed = proposal.propose(number, sign.clone(), register).map_err(CommandError::NotRecorded)?;
        let detail = correction_detail(&proposed);
        let audit = vec![entry(&sign, "correction.propose", format!("correction/{number}"), detail)];
        Ok(Recorded { number, corrections: vec![proposed], audit, ..Recorded::default() })
    }

    async fn act_on_correction(
        &self,
        number: u32,
        action: &CorrectionAction,
        sign: Signature,
    ) -> Result<Recorded, CommandError> {
        let (register, rulebook) = (Arc::clone(&self.model.register), Arc::clone(&self.model.rulebook));
        let asked = register.correction(number).ok_or(CommandError::NoSuchCorrection(number))?;
        let effect = match action {
            CorrectionAction::Approve => {
                let (asked, register, now) = (Arc::clone(asked), Arc::clone(&register), sign.at);
                let load = self.read(move |reader| Effect::load(reader, &rulebook, &register, &asked, now));
                load.await.map_err(CommandError::Store)?
            }
            CorrectionAction::Reject { .. } => Effect::default(),
        };
        let two_persons = self.model.catalogue.two_persons;
        let (mut after, taken_back) = asked
            .act(action, sign.clone(), &register, two_persons, effect.seconds)
            .map_err(CommandError::NotRecorded)?;
        if let Some(late) = &mut after.backups {
            late.figures = effect.backups;
        }
        let (code, detail) = match action {
            CorrectionAction::Approve => ("correction.approve", figures_detail(&after)),
            CorrectionAction::Reject { reason } => ("correction.reject", json!({ "reason": reason })),
        };
        let mut audit = vec![entry(&sign, code, format!("correction/{number}"), detail)];
        let mut corrections = vec![after];
        if let Some(taken) = taken_back {
            let subject = format!("correction/{}", taken.number);
            audit.push(entry(&sign, "correction.withdrawn", subject, json!({ "by": number })));
            corrections.push(taken);
        }
        Ok(Recorded { number, corrections, audit, ..Recorded::default() })
    }
}

/// The records of what late answers and late records of backups propose, and of the pending ones they take the place of.
pub(super) fn late_records(
    register: &Register,
    (answers, backups): (&[LateProposal], &[LateBackupProposal]),
    now: Timestamp,
) -> (Vec<CorrectionEntry>, Vec<AuditEntry>) {
    let (mut corrections, mut audit) = (Vec::new(), Vec::new());
    let mut put = |proposed: CorrectionEntry, replaces: &[u32]| {
        let number = proposed.number;
        let told = |action, subject: u32, detail| AuditEntry {
            at: now,
            actor: Actor::System,
            action,
            subject: format!("correction/{subject}"),
            detail,
        };
        audit.push(told("correction.propose", number, correction_detail(&proposed)));
        corrections.push(proposed);
        let replaced = replaces.iter().filter_map(|number| register.correction(*number));
        for taken in replaced.filter_map(|entry| entry.taken_back(number).ok()) {
            audit.push(told("correction.withdrawn", taken.number, json!({ "by": number })));
            corrections.push(taken);
        }
    };
    let mut numbers = register.next_correction()..;
    for (late, number) in answers.iter().zip(numbers.by_ref()) {
        put(late.entry(number, now), &late.replaces);
    }
    for (late, number) in backups.iter().zip(numbers) {
        put(late.entry(number, now), &late.replaces);
    }
    (corrections, audit)
}

fn entry(sign: &Signature, action: &'static str, subject: String, detail: Value) -> AuditEntry {
    AuditEntry { at: sign.at, actor: Actor::Person(sign.by.clone()), action, subject, detail }
}

fn plan_detail(plan: &MaintenancePlan) -> Value {
    let texts = |ids: &mut dyn Iterator<Item = String>| ids.collect::<Vec<_>>();
    json!({
        "services": texts(&mut plan.services.iter().map(ToString::to_string)),
        "hosts": texts(&mut plan.hosts.iter().map(ToString::to_string)),
        "title": plan.title,
        "reason": plan.reason,
        "evidence": plan.evidence,
        "from": plan.planned.from.to_string(),
        "to": plan.planned.to.to_string(),
        "recurrence": plan.recurrence.render(),
        "until": plan.until.map(|date| date.to_string()),
    })
}

fn correction_detail(entry: &CorrectionEntry) -> Value {
    let interval = entry.claim.interval();
    json!({
        "service": entry.service.as_str(),
        "claim": entry.claim.code(),
        "from": interval.map(|interval| interval.from.to_string()),
        "to": interval.map(|interval| interval.to.to_string()),
        "withdraws": match entry.claim {
            Claim::Withdraw(number) => Some(number),
            Claim::Backups(_) | Claim::Exclude(_) | Claim::State(..) => None,
        },
        "set": entry.backups.as_ref().map(|late| late.set.to_string()),
        "records": entry.backups.as_ref().map(|late| records_detail(&late.held)),
        "observed": entry.observed.map(crate::domain::state::State::name),
        "reason": entry.reason,
        "evidence": entry.evidence,
    })
}

/// What was learnt of which records of a set, and what was known before.
fn records_detail(held: &[HeldRecord]) -> Vec<Value> {
    let record = |hold: &HeldRecord| {
        json!({
            "artefact": hold.artefact,
            "generation": hold.generation,
            "known_before": hold.before.is_some(),
            "until": hold.until.to_string(),
        })
    };
    held.iter().map(record).collect()
}

fn figures_detail(entry: &CorrectionEntry) -> Value {
    let months = entry.figures.iter().map(|change| {
        json!({
            "month": change.month.format("%Y-%m").to_string(),
            "before_ppm": change.before.availability_ppm(),
            "after_ppm": change.after.availability_ppm(),
        })
    });
    let of_set = entry.backups.iter().flat_map(|late| &late.figures).map(|change| {
        json!({
            "month": change.month.format("%Y-%m").to_string(),
            "before_breach_s": change.before.map(|figures| figures.breach_s),
            "after_breach_s": change.after.map(|figures| figures.breach_s),
        })
    });
    json!({
        "approval": entry.approval,
        "months": months.collect::<Vec<_>>(),
        "backup_months": of_set.collect::<Vec<_>>(),
    })
}
