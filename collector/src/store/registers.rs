//! The registers of maintenance and corrections: each record as it is now. What led to it stands in the audit trail, which
//! is written in the same transaction.

use super::audit::AuditEntry;
use super::columns::{column, instant, instant_if, ms, parse_texts, parsed, render_texts};
use super::late_backups::{parse_months, render_months};
use super::{Reader, StoreError, Writer};
use crate::domain::availability::{Counts, MaintenanceStatus};
use crate::domain::catalogue::ServiceId;
use crate::domain::interval::Interval;
use crate::domain::register::correction::MonthChange;
use crate::domain::register::maintenance::{Announcement, Decided, Exception};
use crate::domain::register::recurrence::Recurrence;
use crate::domain::register::{
    Claim, CorrectionEntry, CorrectionStatus, LateBackups, MaintenancePlan, Register, Signature,
};
use crate::domain::state::State;
use crate::domain::ticket::Actor;
use chrono::NaiveDate;
use pantau_shared::ids::{BackupSetId, HostId};
use rusqlite::Row;
use std::collections::BTreeMap;

const PLANS: &str = "
    SELECT number, state, services, hosts, title, reason, evidence, from_ms, to_ms, recurrence, until, proposed_by,
        proposed_ms, decided_by, decided_ms, decided_reason, cancelled_by, cancelled_ms, cancelled_reason,
        told_by, told_ms, announced_ms, channel FROM maintenance ORDER BY number";

const CORRECTIONS: &str = "
    SELECT number, service, claim, from_ms, to_ms, withdraws, observed, reason, evidence, proposed_by, proposed_ms, state,
        decided_by, decided_ms, decided_reason, approval, withdrawn_by, figures, backup_set, rpo_figures FROM correction
    ORDER BY number";

/// [`Claim::code`] of late records of backups.
const BACKUPS: &str = "backups";

/// A month of a correction's figures: `[first day, before, after]`, each side as `[up, degraded, down, unknown, excluded]`.
type FigureColumn = (NaiveDate, [u64; 5], [u64; 5]);

const fn counts_column(counts: &Counts) -> [u64; 5] {
    [counts.up_s, counts.degraded_s, counts.down_s, counts.unknown_s, counts.excluded_s]
}

const fn counts_of([up_s, degraded_s, down_s, unknown_s, excluded_s]: [u64; 5]) -> Counts {
    Counts { up_s, degraded_s, down_s, unknown_s, excluded_s }
}

fn service_of(text: &str) -> Option<ServiceId> {
    ServiceId::parse(text).ok()
}

/// Who and when, from two columns.
fn sign_of(row: &Row<'_>, index: usize) -> Result<Option<Signature>, StoreError> {
    let by: Option<String> = column(row, index)?;
    Ok(by.zip(instant_if(row, index + 1)?).map(|(by, at)| Signature { by, at }))
}

/// The same with a reason.
fn decided_of(row: &Row<'_>, index: usize) -> Result<Option<Decided>, StoreError> {
    let reason: Option<String> = column(row, index + 2)?;
    Ok(sign_of(row, index)?.map(|sign| Decided { sign, reason: reason.unwrap_or_default() }))
}

fn ids<T>(row: &Row<'_>, index: usize, parse: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, StoreError> {
    let texts = parse_texts(&column::<String>(row, index)?)?;
    let read = |text: &String| parse(text).ok_or(StoreError::Damaged { what: "scope" });
    texts.iter().map(read).collect()
}

fn plan_of(row: &Row<'_>) -> Result<MaintenancePlan, StoreError> {
    let damaged = StoreError::Damaged { what: "maintenance" };
    let until: Option<String> = column(row, 10)?;
    let until = until.map(|text| text.parse::<NaiveDate>()).transpose();
    let announced = match (sign_of(row, 19)?, instant_if(row, 21)?) {
        (Some(sign), Some(at)) => Some(Announcement { at, channel: column(row, 22)?, sign }),
        (None, _) | (_, None) => None,
    };
    Ok(MaintenancePlan {
        number: column(row, 0)?,
        state: parsed(row, 1, "maintenance", MaintenanceStatus::parse)?,
        services: ids(row, 2, service_of)?,
        hosts: ids(row, 3, |text| HostId::parse(text).ok())?,
        title: column(row, 4)?,
        reason: column(row, 5)?,
        evidence: column(row, 6)?,
        planned: Interval::new(instant(row, 7)?, instant(row, 8)?),
        recurrence: parsed(row, 9, "recurrence", Recurrence::parse)?,
        until: until.map_err(|_| StoreError::Damaged { what: "date" })?,
        proposed: sign_of(row, 11)?.ok_or(damaged)?,
        decided: decided_of(row, 13)?,
        cancelled: decided_of(row, 16)?,
        announced,
        exceptions: BTreeMap::new(),
    })
}

fn correction_of(row: &Row<'_>) -> Result<CorrectionEntry, StoreError> {
    let damaged = || StoreError::Damaged { what: "correction" };
    let code: String = column(row, 2)?;
    let withdraws: Option<u32> = column(row, 5)?;
    let claim = match (withdraws, instant_if(row, 3)?, instant_if(row, 4)?) {
        (Some(number), None, None) => Claim::Withdraw(number),
        (None, Some(from), Some(to)) if code == BACKUPS => Claim::Backups(Interval::new(from, to)),
        (None, Some(from), Some(to)) => Claim::parse(&code, Interval::new(from, to)).ok_or_else(damaged)?,
        (Some(_) | None, _, _) => return Err(damaged()),
    };
    let observed: Option<String> = column(row, 6)?;
    let observed = observed.map(|name| State::parse(&name).ok_or_else(damaged)).transpose()?;
    let proposed_by: Option<String> = column(row, 9)?;
    let figures: Vec<FigureColumn> = serde_json::from_str(&column::<String>(row, 17)?).map_err(|_| damaged())?;
    let change = |(month, before, after): FigureColumn| MonthChange {
        month,
        before: counts_of(before),
        after: counts_of(after),
    };
    let approval: Option<i64> = column(row, 15)?;
    let set: Option<String> = column(row, 18)?;
    let set = set.map(|text| BackupSetId::parse(&text).map_err(|_| damaged())).transpose()?;
    let months = parse_months(&column::<String>(row, 19)?)?;
    Ok(CorrectionEntry {
        number: column(row, 0)?,
        service: parsed(row, 1, "service", service_of)?,
        claim,
        observed,
        reason: column(row, 7)?,
        evidence: column(row, 8)?,
        proposed_by: proposed_by.map_or(Actor::System, Actor::Person),
        proposed_at: instant(row, 10)?,
        status: parsed(row, 11, "correction", CorrectionStatus::parse)?,
        decided: decided_of(row, 12)?,
        approval: approval.map(|number| u64::try_from(number).map_err(|_| damaged())).transpose()?,
        withdrawn_by: column(row, 16)?,
        figures: figures.into_iter().map(change).collect(),
        backups: set.map(|set| LateBackups { set, held: Vec::new(), figures: months }),
    })
}

impl Reader {
    /// Both registers, whole.
    ///
    /// # Errors
    /// The database's.
    pub fn register(&self) -> Result<Register, StoreError> {
        let mut plans = self.rows("read the register of maintenance", PLANS, (), plan_of)?;
        let sql = "SELECT maintenance, begins_ms, kind, actor, at_ms FROM maintenance_window";
        let exceptions = self.rows("read windows of maintenance", sql, (), |row| {
            let sign = sign_of(row, 3)?.ok_or(StoreError::Damaged { what: "window of maintenance" })?;
            let kind: String = column(row, 2)?;
            let exception = match kind.as_str() {
                "cancelled" => Exception::Cancelled(sign),
                "ended_early" => Exception::EndedEarly(sign),
                _ => return Err(StoreError::Damaged { what: "window of maintenance" }),
            };
            Ok((column::<u32>(row, 0)?, instant(row, 1)?, exception))
        })?;
        for (number, begins, exception) in exceptions {
            if let Some(plan) = plans.iter_mut().find(|plan| plan.number == number) {
                plan.exceptions.insert(begins, exception);
            }
        }
        let mut corrections = self.rows("read the register of corrections", CORRECTIONS, (), correction_of)?;
        let mut held = self.held_backups()?;
        for entry in &mut corrections {
            if let (Some(late), Some(held)) = (&mut entry.backups, held.remove(&entry.number)) {
                late.held = held;
            }
        }
        Ok(Register::new(plans, corrections))
    }
}

impl Writer {
    /// Records as they are now, with what is put on record of them: all or nothing.
    ///
    /// # Errors
    /// The database's.
    pub fn save_register(
        &mut self,
        plans: &[MaintenancePlan],
        corrections: &[CorrectionEntry],
        audit: &[AuditEntry],
    ) -> Result<(), StoreError> {
        plans.iter().try_for_each(|plan| self.save_maintenance(plan))?;
        corrections.iter().try_for_each(|entry| self.save_correction(entry))?;
        audit.iter().try_for_each(|entry| self.append_audit(entry).map(drop))
    }

    /// Keeps a maintenance as it is now. What was proposed stays as it was; only what became of it is written again.
    ///
    /// # Errors
    /// The database's.
    pub(super) fn save_maintenance(&mut self, plan: &MaintenancePlan) -> Result<(), StoreError> {
        let operation = "save maintenance";
        let services: Vec<String> = plan.services.iter().map(ToString::to_string).collect();
        let hosts: Vec<String> = plan.hosts.iter().map(ToString::to_string).collect();
        let sql = "INSERT INTO maintenance (number, state, services, hosts, title, reason, evidence, from_ms, to_ms,
                       recurrence, until, proposed_by, proposed_ms)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT (number) DO NOTHING";
        let params = (
            plan.number,
            plan.state.code(),
            render_texts(&services)?,
            render_texts(&hosts)?,
            &plan.title,
            &plan.reason,
            &plan.evidence,
            plan.planned.from.as_ms(),
            plan.planned.to.as_ms(),
            plan.recurrence.render(),
            plan.until.map(|date| date.to_string()),
            &plan.proposed.by,
            plan.proposed.at.as_ms(),
        );
        self.execute(operation, sql, params)?;
        let (told, decided, cancelled) = (&plan.announced, &plan.decided, &plan.cancelled);
        let sql = "UPDATE maintenance SET state = ?2, decided_by = ?3, decided_ms = ?4, decided_reason = ?5,
                       cancelled_by = ?6, cancelled_ms = ?7, cancelled_reason = ?8, told_by = ?9, told_ms = ?10,
                       announced_ms = ?11, channel = ?12 WHERE number = ?1";
        let params = (
            plan.number,
            plan.state.code(),
            decided.as_ref().map(|d| d.sign.by.as_str()),
            ms(decided.as_ref().map(|d| d.sign.at)),
            decided.as_ref().map(|d| d.reason.as_str()),
            cancelled.as_ref().map(|d| d.sign.by.as_str()),
            ms(cancelled.as_ref().map(|d| d.sign.at)),
            cancelled.as_ref().map(|d| d.reason.as_str()),
            told.as_ref().map(|t| t.sign.by.as_str()),
            ms(told.as_ref().map(|t| t.sign.at)),
            ms(told.as_ref().map(|t| t.at)),
            told.as_ref().map(|t| t.channel.as_str()),
        );
        self.execute(operation, sql, params)?;
        for (begins, exception) in &plan.exceptions {
            let (kind, sign) = match exception {
                Exception::Cancelled(sign) => ("cancelled", sign),
                Exception::EndedEarly(sign) => ("ended_early", sign),
            };
            let sql = "INSERT INTO maintenance_window (maintenance, begins_ms, kind, actor, at_ms)
                       VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
            self.execute(operation, sql, (plan.number, begins.as_ms(), kind, &sign.by, sign.at.as_ms()))?;
        }
        Ok(())
    }

    /// Keeps a correction as it is now. What was proposed stays as it was.
    ///
    /// # Errors
    /// The database's.
    pub(super) fn save_correction(&mut self, entry: &CorrectionEntry) -> Result<(), StoreError> {
        let operation = "save a correction";
        let (interval, withdraws) = match entry.claim {
            Claim::Backups(interval) | Claim::Exclude(interval) | Claim::State(interval, _) => (Some(interval), None),
            Claim::Withdraw(number) => (None, Some(number)),
        };
        let proposed_by = match &entry.proposed_by {
            Actor::System => None,
            Actor::Person(name) => Some(name.as_str()),
        };
        let sql =
            "INSERT INTO correction (number, service, claim, from_ms, to_ms, withdraws, observed, reason, evidence,
                       proposed_by, proposed_ms, state, backup_set, figures)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, '[]') ON CONFLICT (number) DO NOTHING";
        let params = (
            entry.number,
            entry.service.as_str(),
            entry.claim.code(),
            ms(interval.map(|interval| interval.from)),
            ms(interval.map(|interval| interval.to)),
            withdraws,
            entry.observed.map(State::name),
            &entry.reason,
            &entry.evidence,
            proposed_by,
            entry.proposed_at.as_ms(),
            entry.status.code(),
            entry.backups.as_ref().map(|late| late.set.as_str()),
        );
        self.execute(operation, sql, params)?;
        if let Some(late) = &entry.backups {
            self.save_held_backups(entry.number, late)?;
        }
        let months = render_months(entry.backups.as_ref().map(|late| late.figures.as_slice()).unwrap_or_default())?;
        let figures: Vec<FigureColumn> = entry
            .figures
            .iter()
            .map(|change| (change.month, counts_column(&change.before), counts_column(&change.after)))
            .collect();
        let figures = serde_json::to_string(&figures).map_err(|_| StoreError::Damaged { what: "figures" })?;
        let sql = "UPDATE correction SET state = ?2, decided_by = ?3, decided_ms = ?4, decided_reason = ?5,
                       approval = ?6, withdrawn_by = ?7, figures = ?8, rpo_figures = ?9 WHERE number = ?1";
        let decided = &entry.decided;
        let params = (
            entry.number,
            entry.status.code(),
            decided.as_ref().map(|d| d.sign.by.as_str()),
            ms(decided.as_ref().map(|d| d.sign.at)),
            decided.as_ref().map(|d| d.reason.as_str()),
            entry.approval.map(|number| i64::try_from(number).unwrap_or(i64::MAX)),
            entry.withdrawn_by,
            figures,
            months,
        );
        self.execute(operation, sql, params).map(drop)
    }
}
