//! One backup set in memory: what was last seen of it.

use crate::domain::catalogue::{BackupSet, ServiceClass};
use crate::domain::rpo::{self, Backup, Policy};
use crate::snapshot::BackupState;
use pantau_shared::backup::BackupObservation;
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;

/// One backup set in memory.
#[derive(Debug, Clone)]
pub(crate) struct BackupModel {
    pub(crate) set: BackupSet,
    pub(crate) rpo_seconds: Option<u32>,
    pub(crate) critical: bool,
    /// As of the last look that saw anything.
    backups: Vec<Backup>,
    first_seen: BTreeMap<String, Timestamp>,
    pub(crate) newest: Option<(String, Option<u64>)>,
    pub(crate) looked_at: Option<Timestamp>,
    observed_at: Option<Timestamp>,
    pub(crate) error: Option<String>,
    /// Since when the looks have found nothing usable.
    pub(crate) without_since: Option<Timestamp>,
}

impl BackupModel {
    /// A set that nobody has looked at.
    pub(crate) fn new(set: &BackupSet, service_rpo: Option<u32>, class: ServiceClass) -> Self {
        Self {
            set: set.clone(),
            rpo_seconds: set.rpo_seconds.or(service_rpo),
            critical: class == ServiceClass::Kritis,
            backups: Vec::new(),
            first_seen: BTreeMap::new(),
            newest: None,
            looked_at: None,
            observed_at: None,
            error: None,
            without_since: None,
        }
    }

    /// Takes a look; an older one than the last is ignored. A failed look leaves the last known record standing.
    pub(crate) fn feed(&mut self, at: Timestamp, observation: &BackupObservation) {
        if self.observed_at.is_some_and(|seen| at <= seen) {
            return;
        }
        self.observed_at = Some(at);
        if !observation.error.is_empty() {
            self.error = Some(observation.error.clone());
            return;
        }
        self.error = None;
        self.looked_at = Some(at);
        let mut first_seen = BTreeMap::new();
        let mut newest = None;
        self.backups.clear();
        for artefact in &observation.artefacts {
            let seen = self.first_seen.get(&artefact.name).copied().unwrap_or(at);
            first_seen.insert(artefact.name.clone(), seen);
            let time = artefact.data_time_ms.or(artefact.ended_at_ms);
            if newest.as_ref().is_none_or(|(t, _, _)| time > *t) {
                newest = Some((time, artefact.name.clone(), artefact.size_bytes));
            }
            self.backups.extend(Backup::from_artefact(artefact, seen));
        }
        self.first_seen = first_seen;
        self.newest = newest.map(|(_, name, size)| (name, size));
        if self.usable(at).is_some() {
            self.without_since = None;
        } else {
            self.without_since.get_or_insert(at);
        }
    }

    /// The usable backup with the newest data.
    pub(crate) fn usable(&self, now: Timestamp) -> Option<&Backup> {
        rpo::newest_usable(&self.backups, &self.policy(), now)
    }

    /// When, after `now`, passing of time alone next changes its state.
    pub(crate) fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let judged = self.usable(now).and_then(|b| rpo::next_change(b.data_time, self.rpo_seconds, now));
        self.backups.iter().filter_map(|b| b.next_usable(now)).chain(judged).min()
    }

    /// Its state.
    pub(crate) fn state(&self, now: Timestamp) -> BackupState {
        self.policy().state(self.usable(now).map(|b| b.data_time), now)
    }

    fn policy(&self) -> Policy {
        Policy {
            rpo_seconds: self.rpo_seconds,
            required: self.critical,
            size_bytes_min: self.set.size_bytes_min,
            ..Policy::default()
        }
    }
}
