//! Everything the engine knows, in memory. Pure: facts go in, a [`Plan`] comes out. Rebuilt from the store at start
//! (`load.rs`) and after a commit that failed.

use super::backup_model::BackupModel;
use super::host_model::HostModel;
use super::service_model::ServiceModel;
use crate::domain::catalogue::{Catalogue, ServiceId};
use crate::domain::profile::Profile;
use crate::domain::ticket::condition::{self, Condition, Outcome, View};
use crate::domain::ticket::{Activity, Ticket, TicketKey, TicketNumber, open};
use crate::store::records::{Fact, FactBody, FactCursor, HostRecord, LedgerEdit};
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The state of the engine.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) profile: Arc<Profile>,
    /// When the catalogue was applied.
    pub(crate) applied_at: Timestamp,
    /// Since when this program listens.
    pub(crate) listening_since: Timestamp,
    pub(crate) cursor: FactCursor,
    pub(crate) services: Vec<ServiceModel>,
    pub(crate) hosts: BTreeMap<HostId, HostModel>,
    pub(crate) backups: Vec<(ServiceId, BackupModel)>,
    /// Tickets that are open.
    pub(crate) tickets: BTreeMap<TicketNumber, Ticket>,
    /// Services whose ledger may have changed, and from when.
    dirty: BTreeMap<usize, Timestamp>,
    /// Services that got late answers: the earliest of them. To be rebuilt from the store.
    pub(crate) late: BTreeMap<usize, Timestamp>,
}

/// What follows for one ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PlannedChange {
    /// Open one; its number is given at the commit.
    Open(Condition),
    /// It changed.
    Change { ticket: Box<Ticket>, activity: Activity, event: &'static str },
    /// It let its key go.
    Release(Box<Ticket>),
}

/// What one evaluation found to do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Plan {
    pub(crate) ledger: Vec<LedgerEdit>,
    pub(crate) changes: Vec<PlannedChange>,
}

impl Plan {
    /// Whether there is nothing to commit.
    pub(crate) fn is_empty(&self) -> bool {
        self.ledger.is_empty() && self.changes.is_empty()
    }
}

impl Model {
    /// Knows the catalogue and nothing else.
    pub(crate) fn new(
        catalogue: Arc<Catalogue>,
        profile: Arc<Profile>,
        applied_at: Timestamp,
        listening_since: Timestamp,
    ) -> Self {
        let services = catalogue.services.iter().map(ServiceModel::new).collect();
        let backups = catalogue
            .services
            .iter()
            .flat_map(|s| s.backups.iter().map(|set| (s.id.clone(), BackupModel::new(set, s.rpo_seconds, s.class))));
        Self {
            backups: backups.collect(),
            services,
            catalogue,
            profile,
            applied_at,
            listening_since,
            cursor: FactCursor::default(),
            hosts: BTreeMap::new(),
            tickets: BTreeMap::new(),
            dirty: BTreeMap::new(),
            late: BTreeMap::new(),
        }
    }

    /// A host's name for people.
    pub(crate) fn host_name(&self, id: &HostId) -> String {
        self.catalogue.host_names.get(id).cloned().unwrap_or_else(|| id.to_string())
    }

    /// A service's name for people.
    pub(crate) fn service_name(&self, id: &ServiceId) -> String {
        self.catalogue.service(id).map_or_else(|| id.to_string(), |s| s.name.clone())
    }

    /// Takes the hosts as they are in the store.
    pub(crate) fn refresh_hosts(&mut self, records: Vec<HostRecord>) {
        let silent_after = self.catalogue.host_silent_after_seconds;
        for record in records {
            match self.hosts.get_mut(&record.id) {
                Some(host) => host.refresh(record, silent_after),
                None => {
                    self.hosts.insert(record.id.clone(), HostModel::new(record));
                }
            }
        }
    }

    /// Takes a fact. What is not of the catalogue, or of a host that does not ask that check, is history.
    pub(crate) fn apply(&mut self, fact: &Fact) {
        match &fact.body {
            FactBody::Sample(sample) => {
                let catalogue = Arc::clone(&self.catalogue);
                if let Some(host) = self.hosts.get_mut(&fact.host) {
                    host.feed(&catalogue, fact.at, sample);
                }
            }
            FactBody::Probe(outcome) => {
                for (index, service) in self.services.iter_mut().enumerate() {
                    let asked = |v: &super::service_model::VantageModel| {
                        v.host == fact.host
                            && service.service.checks.get(v.check).is_some_and(|c| c.id.as_str() == outcome.check)
                    };
                    let Some(vantage) = service.vantages.iter().position(asked) else { continue };
                    match service.feed(vantage, fact.at, outcome) {
                        Some(from) => note(&mut self.dirty, index, from),
                        None => note(&mut self.late, index, fact.at),
                    }
                }
            }
            FactBody::Backup(observation) => {
                for (_, backup) in &mut self.backups {
                    if backup.set.id.as_str() == observation.set && backup.set.host == fact.host {
                        backup.feed(fact.at, observation);
                    }
                }
            }
            FactBody::Gap(_) | FactBody::Started(_) => {}
        }
    }

    /// The ledger of the service at `index` is to be made anew from `from` on.
    pub(crate) fn mark_dirty(&mut self, index: usize, from: Timestamp) {
        note(&mut self.dirty, index, from);
    }

    /// Decides on everything that changed, and on what passing of time changed. The ledger in memory is moved on;
    /// tickets are moved on by [`Model::committed`].
    pub(crate) fn decide(&mut self, now: Timestamp) -> Plan {
        let mut plan = Plan::default();
        let zone = self.profile.time_zone;
        for (index, from) in std::mem::take(&mut self.dirty) {
            let Some(service) = self.services.get_mut(index) else { continue };
            if let Some(edit) = service.revise(from) {
                super::snapshot_builder::forget_days(service, zone, edit.replace_from.min(from));
                plan.ledger.push(edit);
            }
        }
        let holders: BTreeMap<&TicketKey, &Ticket> =
            self.tickets.values().filter(|t| t.holds_key).map(|t| (&t.key, t)).collect();
        for view in self.views(now) {
            let ticket = holders.get(view.key()).copied();
            let priority = |impact| match &view {
                View::Holds(c) => open::priority_of(&self.catalogue, &self.profile, &c.affected, impact),
                View::Clear { .. } | View::Unseen { .. } => {
                    open::priority_of(&self.catalogue, &self.profile, &[], impact)
                }
            };
            let outcome = condition::judge(ticket, &view, self.catalogue.tickets, &self.profile, now, priority);
            match (outcome, view) {
                (Outcome::Open, View::Holds(condition)) => plan.changes.push(PlannedChange::Open(condition)),
                (Outcome::Superseded(ticket), View::Holds(condition)) => {
                    plan.changes.push(PlannedChange::Release(ticket));
                    plan.changes.push(PlannedChange::Open(condition));
                }
                (Outcome::Changed { ticket, activity, event }, _) => {
                    plan.changes.push(PlannedChange::Change { ticket, activity, event });
                }
                (Outcome::Nothing | Outcome::Open | Outcome::Superseded(_), _) => {}
            }
        }
        plan
    }

    /// Takes tickets as they were committed.
    pub(crate) fn committed(&mut self, ticket: Ticket) {
        if ticket.state.is_open() {
            self.tickets.insert(ticket.number, ticket);
        } else {
            self.tickets.remove(&ticket.number);
        }
    }
}

fn note(map: &mut BTreeMap<usize, Timestamp>, index: usize, at: Timestamp) {
    map.entry(index).and_modify(|from| *from = at.min(*from)).or_insert(at);
}
