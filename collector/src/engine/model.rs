//! Everything the engine knows, in memory. Pure: facts go in, a [`Plan`] comes out. Rebuilt from the store at start
//! (`load.rs`) and after a commit that failed.
//!
//! An evaluation costs what changed. A fact, a host that is heard or a ticket that is committed *touches* its subject; a
//! subject whose state changes by passing of time alone stands in the queue of [`Deadlines`]. [`Model::decide`] looks
//! at what was touched or is due and at nothing else. [`Model::touch_everything`] makes it look at all: after that it
//! decides the same (a test compares the two, step by step).

mod intake;
mod late;
mod tickets;

use super::admission_model::{AdmissionModel, Admitted};
use super::alert_model::AlertModel;
use super::backup_model::BackupModel;
use super::deadlines::{Deadlines, Subject};
use super::group_model::{GroupModel, Round};
use super::hosts::Hosts;
use super::index::CatalogueIndex;
use super::isolation_model::Isolation;
use super::maintenance_model::Windows;
use super::notices::PlannedNotice;
use super::service_model::ServiceModel;
use super::shown::Shown;
use super::storm_model::StormModel;
use crate::domain::calendar::period::Period;
use crate::domain::catalogue::{Catalogue, Finding, ServiceClass, ServiceId};
use crate::domain::phrase::Phrase;
use crate::domain::profile::Profile;
use crate::domain::register::correction::{LateProposal, propose_late};
use crate::domain::register::late_backups::LateBackupProposal;
use crate::domain::register::{CorrectionEntry, Register, finality};
use crate::domain::rule::Rule;
use crate::domain::ticket::condition::Condition;
use crate::domain::ticket::{Activity, Ticket, TicketKey, TicketNumber};
use crate::rulebook::Rulebook;
use crate::store::alerts::AlertEdit;
use crate::store::backup_records::BackupEdit;
use crate::store::records::{FactCursor, LedgerEdit};
use pantau_shared::ids::{BackupSetId, HostId};
use pantau_shared::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// The finding of a revision that can't be read any more.
const UNREAD: &str = "finding-revision-unread";

/// The state of the engine.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) profile: Arc<Profile>,
    /// The rules by catalogue and profile alone.
    base: Rulebook,
    /// By which rules each service is counted and judged, registers included.
    pub(crate) rulebook: Arc<Rulebook>,
    /// Maintenance and corrections on record.
    pub(crate) register: Arc<Register>,
    /// When what is in approved maintenance.
    pub(super) windows: Windows,
    /// When the catalogue was applied.
    pub(crate) applied_at: Timestamp,
    /// Since when this program listens.
    pub(crate) listening_since: Timestamp,
    pub(crate) cursor: FactCursor,
    pub(crate) services: Vec<ServiceModel>,
    pub(crate) hosts: Hosts,
    pub(crate) backups: Vec<(ServiceId, BackupModel)>,
    pub(crate) index: CatalogueIndex,
    /// Which vantages are cut off.
    pub(crate) isolation: Isolation,
    /// Tickets that are open.
    pub(crate) tickets: BTreeMap<TicketNumber, Arc<Ticket>>,
    /// Of those, who holds a key.
    holders: HashMap<TicketKey, TicketNumber>,
    /// Services whose ledger may have changed, and from when.
    dirty: BTreeMap<usize, Timestamp>,
    /// Services that got late answers: the earliest of them. To be rebuilt from the store.
    pub(crate) late: BTreeMap<usize, Timestamp>,
    pub(super) touched: BTreeSet<Subject>,
    pub(super) deadlines: Deadlines,
    pub(crate) storm: StormModel,
    pub(crate) alerts: AlertModel,
    /// What got no ticket of its own.
    pub(super) admission: AdmissionModel,
    /// Who needs whom, and what waits for that.
    pub(super) groups: GroupModel,
    /// The newest month in which a service's budget had a ticket of its own.
    pub(super) budget_months: HashMap<ServiceId, Period>,
    /// What outputs see of it.
    pub(crate) shown: Shown,
}

/// What follows for one ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PlannedChange {
    /// Open one; its number is given at the commit. With an earlier ticket of the same key.
    Open(Condition, Option<TicketNumber>),
    /// It changed.
    Change { ticket: Box<Ticket>, activity: Activity, event: Option<&'static str> },
    /// It let its key go.
    Release(Box<Ticket>),
}

/// What one evaluation found to do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Plan {
    pub(crate) ledger: Vec<LedgerEdit>,
    pub(crate) changes: Vec<PlannedChange>,
    /// What late answers say of final months.
    pub(crate) late: Vec<LateProposal>,
    /// What late records say of backups in final months.
    pub(crate) late_backups: Vec<LateBackupProposal>,
    /// What was learnt of backup sets.
    pub(crate) backups: Vec<BackupEdit>,
    /// What other programs told.
    pub(crate) alerts: Vec<AlertEdit>,
    /// What was held back.
    pub(crate) admitted: Admitted,
    /// What is told of sets at risk.
    pub(crate) notices: Vec<PlannedNotice>,
    /// When what is opened was first seen, where it had to wait: the clocks start there.
    pub(crate) detected: BTreeMap<TicketKey, Timestamp>,
}

impl Plan {
    /// Whether there is nothing to commit.
    pub(crate) fn is_empty(&self) -> bool {
        let nothing = self.ledger.is_empty() && self.changes.is_empty() && self.late.is_empty();
        let nothing_told = self.alerts.is_empty() && self.admitted.held.is_empty() && self.notices.is_empty();
        nothing && nothing_told && self.backups.is_empty()
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
        let services: Vec<ServiceModel> = catalogue.services.iter().map(ServiceModel::new).collect();
        let (rules, zone) = (catalogue.backups, profile.time_zone);
        let backups = catalogue
            .services
            .iter()
            .flat_map(|s| s.backups.iter().map(move |set| (s.id.clone(), BackupModel::new(set, s, rules, zone))));
        let base = Rulebook::of_catalogue(profile.time_zone, &catalogue);
        let mut model = Self {
            backups: backups.collect(),
            index: CatalogueIndex::new(&catalogue, &services),
            isolation: Isolation::new(&catalogue),
            groups: GroupModel::new(&catalogue),
            services,
            rulebook: Arc::new(base.clone()),
            base,
            register: Arc::default(),
            windows: Windows::default(),
            catalogue,
            profile,
            applied_at,
            listening_since,
            cursor: FactCursor::default(),
            hosts: Hosts::default(),
            tickets: BTreeMap::new(),
            holders: HashMap::new(),
            dirty: BTreeMap::new(),
            late: BTreeMap::new(),
            touched: BTreeSet::new(),
            deadlines: Deadlines::default(),
            storm: StormModel::default(),
            alerts: AlertModel::default(),
            admission: AdmissionModel::default(),
            budget_months: HashMap::new(),
            shown: Shown::default(),
        };
        model.touch_everything();
        model
    }

    /// Takes the registers as they are now: the rules follow, and everything is looked at by them.
    pub(crate) fn take_register(&mut self, register: Register) {
        let parts = |id: &ServiceId| {
            let service = self.index.service(id).and_then(|place| self.services.get(place));
            service.map(|service| service.parts.stretches()).unwrap_or_default()
        };
        self.rulebook = Arc::new(self.base.with_register(&register, &self.catalogue, &parts));
        self.windows = Windows::new(&register, &self.catalogue, &self.rulebook, &parts);
        self.register = Arc::new(register);
        self.services.iter_mut().for_each(|service| service.days.clear());
        self.shown.figures_changed(self.services.len());
        self.touch_everything();
    }

    /// The rules by catalogue and profile alone.
    pub(super) const fn base(&self) -> &Rulebook {
        &self.base
    }

    /// Takes into account how the checks of the service at `index` stand: maintenance of a component may explain it.
    fn take_parts(&mut self, index: usize) {
        let Some(service) = self.services.get(index).filter(|_| self.windows.of_components(index)) else { return };
        let stretches = service.parts.stretches();
        if let Some(book) = self.rulebook.with_parts(&self.register, &service.service, stretches) {
            self.rulebook = Arc::new(book);
        }
        self.windows.take_parts(index, &self.register, &service.service, &self.rulebook, stretches);
    }

    /// Takes corrections that were proposed by the system: no rule follows from them, but that late records of backups are
    /// held back.
    pub(crate) fn note_proposed(&mut self, entries: Vec<CorrectionEntry>) {
        let holds = entries.iter().any(|entry| entry.backups.is_some());
        let register = Arc::make_mut(&mut self.register);
        entries.into_iter().for_each(|entry| register.put_correction(entry));
        if holds {
            let register = Register::clone(register);
            self.take_register(register);
        }
    }

    /// Takes the rules by all revisions; what of them can't be read any more becomes a finding.
    pub(crate) fn take_rulebook(&mut self, rulebook: Rulebook) {
        let catalogue = Arc::make_mut(&mut self.catalogue);
        catalogue.findings.retain(|finding| finding.phrase.id != UNREAD);
        catalogue.findings.extend(
            rulebook
                .unread()
                .iter()
                .map(|revision| Finding { service: None, phrase: Phrase::new(UNREAD).with("revision", revision) }),
        );
        self.base = rulebook;
    }

    /// A host's name for people.
    pub(crate) fn host_name(&self, id: &HostId) -> String {
        self.catalogue.host_names.get(id).cloned().unwrap_or_else(|| id.to_string())
    }

    /// A service's name for people.
    pub(crate) fn service_name(&self, id: &ServiceId) -> String {
        let service = self.index.service(id).and_then(|place| self.services.get(place));
        service.map_or_else(|| id.to_string(), |s| s.service.name.clone())
    }

    /// The backup set with this identifier, to be changed: it is looked at in the next evaluation.
    pub(crate) fn touch_set(&mut self, id: &BackupSetId) -> Option<&mut BackupModel> {
        let place = self.index.set_of(id)?;
        self.touched.insert(Subject::Backup(place));
        self.backups.get_mut(place).map(|(_, backup)| backup)
    }

    /// The next evaluation looks at everything.
    pub(crate) fn touch_everything(&mut self) {
        self.touched.extend((0..self.services.len()).map(Subject::Service));
        self.touched.insert(Subject::Storm);
        self.touched.extend((0..self.hosts.len()).map(Subject::Host));
        self.touched.extend((0..self.backups.len()).map(Subject::Backup));
        self.touched.extend(self.alerts.subjects());
        self.touched.extend(Rule::ALL.map(Subject::Rule));
        self.touched.extend(self.tickets.keys().copied().map(Subject::Ticket));
    }

    /// Decides on everything that changed, and on what passing of time changed. The ledger in memory is moved on;
    /// tickets are moved on by [`Model::committed`].
    pub(crate) fn decide(&mut self, now: Timestamp) -> Plan {
        let mut plan = Plan::default();
        let zone = self.profile.time_zone;
        let open_from = finality::final_until(zone, now);
        for (index, from) in std::mem::take(&mut self.dirty) {
            let Some(service) = self.services.get_mut(index) else { continue };
            let revised = service.revise(from, open_from);
            plan.late.extend(propose_late(&self.register, &service.service.id, &revised.late));
            if let Some(edit) = revised.edit {
                super::shown::forget_days(service, zone, edit.replace_from.min(from));
                if edit.parts.is_some() {
                    self.take_parts(index);
                }
                plan.ledger.push(edit);
            }
            self.touched.insert(Subject::Service(index));
            if !self.groups.is_calm() {
                self.touched.extend(self.groups.dependants(index).iter().copied().map(Subject::Service));
            }
        }
        let mut round = Round::default();
        let mut due = std::mem::take(&mut self.touched);
        due.extend(self.deadlines.take_due(now));
        self.look_at_silence(&mut due, now);
        self.tie_logs(Some(&mut due));
        for subject in self.in_order(&due) {
            if let Subject::Backup(place) = subject {
                plan.late_backups.extend(self.propose_late_backups(place));
                let edit = self.backups.get_mut(place).and_then(|(_, backup)| backup.take_pending());
                plan.backups.extend(edit);
                let notice = self.judge_risk(place, now);
                plan.notices.extend(notice);
            }
            for view in self.views_of(subject, now) {
                self.judge(view, now, &mut plan, &mut round);
            }
            if let Subject::Host(place) = subject {
                self.note_boot(place, now, &mut plan);
            }
            if let Subject::Ticket(number) = subject {
                self.let_time_pass(number, now, &mut plan);
            }
            self.shown.subject(subject);
            let next = self.next_look(subject, now);
            self.deadlines.set(subject, next);
        }
        self.judge_folds(&due, now, &mut plan, &mut round);
        self.close_round(round, now, &mut plan);
        plan.alerts = self.alerts.take_edits();
        plan
    }

    /// The service at `place` and what depends on it are looked at in the next evaluation.
    pub(super) fn touch_service(&mut self, place: usize) {
        self.touched.insert(Subject::Service(place));
        self.touched.extend(self.groups.dependants(place).iter().copied().map(Subject::Service));
    }

    /// As a full evaluation would take them: services, the storm, hosts by identifier, backup sets, tickets.
    fn in_order(&self, due: &BTreeSet<Subject>) -> Vec<Subject> {
        let mut subjects: Vec<Subject> = due.iter().copied().collect();
        let begin = subjects.partition_point(|s| *s < Subject::Host(0));
        let end = subjects.partition_point(|s| *s < Subject::Backup(0));
        let id = |subject: &Subject| match subject {
            Subject::Host(place) => Some(&self.hosts[*place].record.id),
            Subject::Service(_)
            | Subject::Storm
            | Subject::Backup(_)
            | Subject::Alert(_)
            | Subject::Rule(_)
            | Subject::Ticket(_) => None,
        };
        if let Some(hosts) = subjects.get_mut(begin..end) {
            hosts.sort_by(|a, b| id(a).cmp(&id(b)));
        }
        subjects
    }

    /// The next evaluation looks at a subject.
    pub(super) fn touch(&mut self, subject: Subject) {
        self.touched.insert(subject);
    }

    pub(super) fn touch_storm(&mut self) {
        self.touched.insert(Subject::Storm);
    }

    /// Whether the storm was touched since the last look.
    pub(super) fn take_storm_touch(&mut self) -> bool {
        self.touched.remove(&Subject::Storm)
    }

    /// The shortest RTO of the kritis services that suffer.
    pub(super) fn rto_of(&self, ticket: &Ticket) -> Option<u32> {
        let services = ticket.affected_services.iter().filter_map(|id| self.catalogue.service(id));
        services.filter(|service| service.class == ServiceClass::Kritis).filter_map(|service| service.rto_seconds).min()
    }
}

fn note(map: &mut BTreeMap<usize, Timestamp>, index: usize, at: Timestamp) {
    map.entry(index).and_modify(|from| *from = at.min(*from)).or_insert(at);
}
