//! The terms of every service over time, from the revisions of the catalogue in the order in which they were applied.
//!
//! A revision is the whole truth from its onset on: its terms replace those of all earlier revisions from there, also
//! those that were to begin later. The first revision reaches back for ever. What changes nothing splits nothing.

use super::{BackupHistory, ServiceRules};
use crate::domain::availability::rules::AgreedTerms;
use crate::domain::calendar::zone;
use crate::domain::catalogue::{Catalogue, ServiceId};
use crate::domain::interval::Interval;
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;
use std::collections::HashMap;

/// Gathers terms, revision by revision.
#[derive(Debug, Clone)]
pub struct History {
    zone: Tz,
    services: HashMap<ServiceId, Vec<AgreedTerms>>,
    backups: HashMap<ServiceId, BackupHistory>,
}

impl History {
    /// Of no revision yet; `zone` is that of local dates.
    pub fn new(zone: Tz) -> Self {
        Self { zone, services: HashMap::new(), backups: HashMap::new() }
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
            let terms = self.services.entry(service.id.clone()).or_default();
            terms.retain(|old| old.valid_from < onset);
            let new = AgreedTerms {
                valid_from: if terms.is_empty() { Interval::ALL.from } else { onset },
                calendar: catalogue.service_time(service, self.zone),
                target_ppm: service.target.map(|target| target.ppm),
                policy: service.agreement.policy,
            };
            if !terms.last().is_some_and(|last| same(last, &new)) {
                terms.push(new);
            }
            self.backups.entry(service.id.clone()).or_default().take(service, onset);
        }
    }

    /// The rules of every service, without maintenance or corrections, and what its backups are held to.
    pub fn into_rules(self) -> (HashMap<ServiceId, ServiceRules>, HashMap<ServiceId, BackupHistory>) {
        let rules = |terms| ServiceRules {
            terms,
            maintenance: Vec::new(),
            component_maintenance: None,
            corrections: Vec::new(),
        };
        (self.services.into_iter().map(|(id, terms)| (id, rules(terms))).collect(), self.backups)
    }
}

/// Whether they agree the same.
fn same(a: &AgreedTerms, b: &AgreedTerms) -> bool {
    a.calendar == b.calendar && a.target_ppm == b.target_ppm && a.policy == b.policy
}

#[cfg(test)]
mod tests;
