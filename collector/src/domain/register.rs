//! What people put on record beside the observations: planned maintenance and corrections.
//!
//! ```text
//! maintenance  proposed ─► approved ─► (an occurrence: cancelled | ended early) ; ─► cancelled
//!              proposed ─► rejected | cancelled
//! correction   proposed ─► approved ─► withdrawn, by a new record
//!              proposed ─► rejected | withdrawn, by a wider record of the system
//! ```
//!
//! Records are never edited: what happens to one is told by an entry of the audit trail, and the record shows the outcome.
//! Two persons are needed (engines A.2): who proposed does not approve. The register holds all records and answers which
//! windows and corrections apply; how they are counted is said in [`super::availability`]. Knows no roles: who may
//! approve at all is decided where a person comes in.

pub mod correction;
pub mod excuse;
pub mod finality;
pub mod late_backups;
pub mod maintenance;
pub mod notice;
pub mod recurrence;
pub mod refusal;

use super::availability::{Correction, MaintenanceStatus, MaintenanceWindow};
use super::catalogue::{Service, ServiceId};
use super::interval::{Interval, IntervalSet};
use chrono_tz::Tz;
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;
use std::sync::Arc;

pub use correction::{Claim, CorrectionEntry, CorrectionStatus};
pub use late_backups::{LateBackups, RpoFigures, RpoMonth};
pub use maintenance::{MaintenancePlan, Signature};
pub use refusal::RegisterRefusal;

/// All records, each in order of its number. Small by nature: what people decide.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Register {
    plans: Vec<Arc<MaintenancePlan>>,
    corrections: Vec<Arc<CorrectionEntry>>,
}

impl Register {
    /// From records in any order.
    pub fn new(plans: Vec<MaintenancePlan>, corrections: Vec<CorrectionEntry>) -> Self {
        let mut register = Self::default();
        plans.into_iter().for_each(|plan| register.put_plan(plan));
        corrections.into_iter().for_each(|entry| register.put_correction(entry));
        register
    }

    /// All maintenance, by number.
    pub fn plans(&self) -> &[Arc<MaintenancePlan>] {
        &self.plans
    }

    /// All corrections, by number.
    pub fn corrections(&self) -> &[Arc<CorrectionEntry>] {
        &self.corrections
    }

    /// One maintenance.
    pub fn plan(&self, number: u32) -> Option<&Arc<MaintenancePlan>> {
        self.plans.binary_search_by_key(&number, |plan| plan.number).ok().and_then(|place| self.plans.get(place))
    }

    /// One correction.
    pub fn correction(&self, number: u32) -> Option<&Arc<CorrectionEntry>> {
        let place = self.corrections.binary_search_by_key(&number, |entry| entry.number).ok()?;
        self.corrections.get(place)
    }

    /// Takes a record as it is now.
    pub fn put_plan(&mut self, plan: MaintenancePlan) {
        match self.plans.binary_search_by_key(&plan.number, |known| known.number) {
            Ok(place) => self.plans[place] = Arc::new(plan),
            Err(place) => self.plans.insert(place, Arc::new(plan)),
        }
    }

    /// Takes a record as it is now.
    pub fn put_correction(&mut self, entry: CorrectionEntry) {
        match self.corrections.binary_search_by_key(&entry.number, |known| known.number) {
            Ok(place) => self.corrections[place] = Arc::new(entry),
            Err(place) => self.corrections.insert(place, Arc::new(entry)),
        }
    }

    /// The windows of maintenance that names `service`, each with its record.
    pub fn windows_of<'a>(
        &'a self,
        service: &'a ServiceId,
        zone: Tz,
    ) -> impl Iterator<Item = (&'a MaintenancePlan, MaintenanceWindow)> + 'a {
        let named = self.plans.iter().filter(move |plan| plan.services.contains(service));
        named.flat_map(move |plan| plan.windows(zone).into_iter().map(move |window| (&**plan, window)))
    }

    /// When `host` is in maintenance that was approved and announced as `wanted`.
    pub fn host_maintenance(&self, host: &HostId, zone: Tz, wanted: Wanted<'_>) -> IntervalSet {
        let named = self.plans.iter().filter(|plan| plan.hosts.contains(host));
        named.flat_map(|plan| plan.windows(zone)).filter_map(|window| approved(&window, wanted)).collect()
    }

    /// When every host that `service` runs on is in maintenance: only then can it be told that an outage is theirs. A
    /// service of which one host of several is maintained has to be named itself.
    pub fn component_maintenance(&self, service: &Service, zone: Tz, wanted: Wanted<'_>) -> IntervalSet {
        let sets = service.hosts.iter().map(|host| self.host_maintenance(host, zone, wanted));
        sets.reduce(|all, next| all.intersection(&next)).unwrap_or_else(IntervalSet::empty)
    }

    /// When `service` is in approved maintenance, by its own name or by all its hosts, in whatever way it counts.
    pub fn maintenance_of(&self, service: &Service, zone: Tz) -> IntervalSet {
        let own: IntervalSet =
            self.windows_of(&service.id, zone).filter_map(|(_, window)| approved(&window, Wanted::Any)).collect();
        own.union(&self.component_maintenance(service, zone, Wanted::Any))
    }

    /// The corrections of `service` that were ever approved, as they are counted.
    pub fn corrections_of(&self, service: &ServiceId) -> Vec<Correction> {
        let of_service = self.corrections.iter().filter(|entry| entry.service == *service);
        of_service.filter_map(|entry| entry.counted(|number| self.counted_approval(number))).collect()
    }

    /// The approval of a record that counts seconds; late records of backups do not.
    fn counted_approval(&self, number: u32) -> Option<u64> {
        let entry = self.correction(number)?;
        entry.approval.filter(|_| entry.backups.is_none())
    }

    /// How much maintenance and how many corrections wait for a second person.
    pub fn proposed(&self) -> (usize, usize) {
        let plans = self.plans.iter().filter(|plan| plan.state == MaintenanceStatus::Proposed);
        let corrections = self.corrections.iter().filter(|entry| entry.status == CorrectionStatus::Proposed);
        (plans.count(), corrections.count())
    }

    /// The number of the next maintenance.
    pub fn next_plan(&self) -> u32 {
        self.plans.last().map_or(1, |plan| plan.number.saturating_add(1))
    }

    /// The number of the next correction.
    pub fn next_correction(&self) -> u32 {
        self.corrections.last().map_or(1, |entry| entry.number.saturating_add(1))
    }

    /// The number that the next approval of a correction gets: later ones overrule earlier ones.
    pub fn next_approval(&self) -> u64 {
        self.corrections.iter().filter_map(|entry| entry.approval).max().unwrap_or(0) + 1
    }
}

/// Which maintenance is asked for.
#[derive(Clone, Copy)]
pub enum Wanted<'a> {
    /// With whatever notice.
    Any,
    /// With at least so many seconds of notice, told for the begin of a window.
    NoticeAt(&'a dyn Fn(Timestamp) -> u64),
}

/// The time of a window that was approved before it began.
pub fn approved(window: &MaintenanceWindow, wanted: Wanted<'_>) -> Option<Interval> {
    match wanted {
        Wanted::NoticeAt(notice_s) => window.counted(notice_s(window.interval.from)),
        Wanted::Any => MaintenanceWindow { announced_at: Some(Interval::ALL.from), ..*window }.counted(0),
    }
}

#[cfg(test)]
mod tests;
