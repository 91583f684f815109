//! The terms of every service over time, from the revisions of the catalogue in the order in which they were applied.
//!
//! A revision is the whole truth from its onset on: its terms replace those of all earlier revisions from there, also
//! those that were to begin later. The first revision reaches back for ever. What changes nothing splits nothing.

use super::{BackupHistory, MakeupHistory, ServiceRules, Services};
use crate::domain::availability::rules::AgreedTerms;
use crate::domain::calendar::Calendar;
use crate::domain::calendar::period::PeriodKind;
use crate::domain::calendar::zone;
use crate::domain::catalogue::{Catalogue, Service, ServiceClass, ServiceId};
use crate::domain::interval::Interval;
use crate::domain::register::excuse::Makeup;
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;

/// What the catalogue says of a service from an instant on, as people read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    /// From when.
    pub valid_from: Timestamp,
    /// The first revision that says so.
    pub catalogue_revision: u32,
    /// The target in ppm.
    pub target_ppm: Option<u32>,
    /// Over which period the target is meant.
    pub target_period: PeriodKind,
    /// Its class.
    pub class: ServiceClass,
    /// The name of its service hours.
    pub service_hours: String,
    /// What the name means.
    pub calendar: Calendar,
}

impl Agreed {
    /// Whether `other` says the same, be it another revision.
    fn says_the_same(&self, other: &Self) -> bool {
        let moved = Self { valid_from: self.valid_from, catalogue_revision: self.catalogue_revision, ..other.clone() };
        *self == moved
    }
}

/// Gathers terms, revision by revision.
#[derive(Debug, Clone)]
pub struct History {
    zone: Tz,
    services: HashMap<ServiceId, (Vec<AgreedTerms>, Vec<Agreed>)>,
    backups: HashMap<ServiceId, BackupHistory>,
    makeups: HashMap<ServiceId, MakeupHistory>,
}

impl History {
    /// Of no revision yet; `zone` is that of local dates.
    pub fn new(zone: Tz) -> Self {
        Self { zone, services: HashMap::new(), backups: HashMap::new(), makeups: HashMap::new() }
    }

    /// The zone of local dates.
    pub(super) fn zone(&self) -> Tz {
        self.zone
    }

    /// Takes the revision that was applied next. A service that is not in it keeps the terms it had.
    pub fn take(&mut self, catalogue: &Catalogue, applied_at: Timestamp) {
        let dated = catalogue.effective_from.map(|date| zone::day_start(self.zone, date));
        let onset = dated.unwrap_or(applied_at).floor_second();
        for service in &catalogue.services {
            let (terms, agreed) = self.services.entry(service.id.clone()).or_default();
            terms.retain(|old| old.valid_from < onset);
            agreed.retain(|old| old.valid_from < onset);
            let said = Agreed {
                valid_from: if agreed.is_empty() { Interval::ALL.from } else { onset },
                catalogue_revision: catalogue.revision,
                target_ppm: service.target.map(|target| target.ppm),
                target_period: service.agreement.target_period,
                class: service.class,
                service_hours: service.service_hours.clone(),
                calendar: catalogue.service_time(service, self.zone),
            };
            if !agreed.last().is_some_and(|last| last.says_the_same(&said)) {
                agreed.push(said);
            }
            let new = AgreedTerms {
                valid_from: if terms.is_empty() { Interval::ALL.from } else { onset },
                calendar: catalogue.service_time(service, self.zone),
                target_ppm: service.target.map(|target| target.ppm),
                policy: service.agreement.policy,
            };
            if !terms.last().is_some_and(|last| same(last, &new)) {
                terms.push(new);
            }
            self.backups.entry(service.id.clone()).or_default().take(service, catalogue.revision, onset);
            self.take_makeup(service, applied_at);
        }
    }

    /// Takes what `service` is made of. Its ledger follows the file from the moment at which that is applied.
    fn take_makeup(&mut self, service: &Service, applied_at: Timestamp) {
        let makeup = Makeup::of(service);
        let known = self.makeups.get(&service.id).and_then(|all| all.last());
        if known.map_or(makeup.is_none(), |(_, last)| *last == makeup) {
            return;
        }
        let from = if known.is_none() { Interval::ALL.from } else { applied_at };
        self.makeups.entry(service.id.clone()).or_default().push((from, makeup));
    }

    /// The rules of every service, without maintenance or corrections; what its backups are held to; and what those with
    /// components are made of.
    pub(super) fn into_parts(self) -> (Services, HashMap<ServiceId, BackupHistory>, HashMap<ServiceId, MakeupHistory>) {
        let rules = |(terms, agreed)| ServiceRules {
            terms,
            agreed,
            maintenance: Vec::new(),
            component_maintenance: None,
            corrections: Vec::new(),
        };
        let services = self.services.into_iter().map(|(id, terms)| (id, Arc::new(rules(terms))));
        (services.collect(), self.backups, self.makeups)
    }
}

/// Whether they agree the same.
fn same(a: &AgreedTerms, b: &AgreedTerms) -> bool {
    a.calendar == b.calendar && a.target_ppm == b.target_ppm && a.policy == b.policy
}

#[cfg(test)]
mod tests;
