//! Everything the engine knows, in memory. Pure: facts go in, a [`Plan`] comes out. Rebuilt from the store at start
//! (`load.rs`) and after a commit that failed.
//!
//! An evaluation costs what changed. A fact, a host that is heard or a ticket that is committed *touches* its subject; a
//! subject whose state changes by passing of time alone stands in the queue of [`Deadlines`]. [`Model::decide`] looks
//! at what was touched or is due and at nothing else. [`Model::touch_everything`] makes it look at all: after that it
//! decides the same (a test compares the two, step by step).

use super::admission_model::{AdmissionModel, Admitted};
use super::alert_model::AlertModel;
use super::backup_model::BackupModel;
use super::deadlines::{Deadlines, Subject};
use super::group_model::{GroupModel, Round};
use super::hosts::Hosts;
use super::index::CatalogueIndex;
use super::isolation_model::{Isolation, Testimony};
use super::maintenance_model::Windows;
use super::notices::PlannedNotice;
use super::service_model::ServiceModel;
use super::shown::Shown;
use super::storm_model::StormModel;
use crate::domain::calendar::period::Period;
use crate::domain::catalogue::{Catalogue, Finding, ServiceClass, ServiceId};
use crate::domain::interval::Interval;
use crate::domain::phrase::Phrase;
use crate::domain::profile::Profile;
use crate::domain::register::correction::{LateProposal, propose_late};
use crate::domain::register::late_backups::LateBackupProposal;
use crate::domain::register::{CorrectionEntry, Register, finality};
use crate::domain::rule::Rule;
use crate::domain::ticket::condition::{self, Condition, Outcome, View};
use crate::domain::ticket::{
    Activity, ActivityText, Ticket, TicketClass, TicketKey, TicketNumber, TicketScope, TicketState, open, stage,
};
use crate::rulebook::Rulebook;
use crate::store::alerts::AlertEdit;
use crate::store::backup_records::BackupEdit;
use crate::store::records::{Fact, FactBody, FactCursor, HostHeard, HostRecord, LedgerEdit};
use pantau_shared::ids::{BackupSetId, HostId};
use pantau_shared::probe::{ProbeOutcome, ProbeVerdict};
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

/// A service that is replayed from its stored answers, apart from the model.
#[derive(Debug)]
pub(crate) struct LateService {
    place: usize,
    /// The earliest late answer, or what else is to be made anew.
    pub(crate) at: Timestamp,
    pub(crate) service: ServiceModel,
    /// From when its ledger is to be made anew; see [`super::load::replay`].
    pub(crate) from: Option<Timestamp>,
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

    /// Takes hosts as they are in the store.
    pub(crate) fn refresh_hosts(&mut self, records: Vec<HostRecord>) {
        let silent_after = self.catalogue.host_silent_after_seconds;
        for record in records {
            let Some(place) = self.hosts.place(&record.id) else {
                let place = self.hosts.add(record);
                self.touched.extend([Subject::Host(place), Subject::Storm]);
                self.shown.hosts_changed();
                continue;
            };
            let revoked = record.revoked_at;
            let was = self.hosts[place].record.revoked_at;
            self.note_heard(place, |host| host.refresh(record, silent_after));
            if was != revoked {
                self.hosts.recount();
                self.touched.extend(self.tickets.keys().copied().map(Subject::Ticket));
                self.touched.extend([Subject::Host(place), Subject::Storm]);
                self.shown.hosts_changed();
            }
        }
    }

    /// Takes what is new of hosts; one that is not here yet is read anew by then.
    pub(crate) fn take_news(&mut self, news: BTreeMap<HostId, HostHeard>) {
        let silent_after = self.catalogue.host_silent_after_seconds;
        for (host, news) in news {
            if let Some(place) = self.hosts.place(&host) {
                self.note_heard(place, |host| host.take_news(news, silent_after));
            }
        }
    }

    /// Hears of a host by `hear`; touches it only where a judgement may follow.
    pub(super) fn note_heard(&mut self, place: usize, hear: impl FnOnce(&mut super::host_model::HostModel)) {
        let host = &mut self.hosts[place];
        let (seen, since) = (host.last_seen(), host.heard_since);
        hear(host);
        let listening = self.listening_since;
        let first = seen < listening && host.last_seen() >= listening;
        let again = host.heard_since != since;
        if host.held > 0 || first || again || self.storm.is_silent(place) {
            self.touched.insert(Subject::Host(place));
        }
        if !self.groups.is_calm() {
            let needing = self.groups.needing_host(&self.hosts[place].record.id);
            self.touched.extend(needing.iter().copied().map(Subject::Service));
        }
        if first || again {
            self.touched.insert(Subject::Storm);
        }
        self.shown.host(place);
    }

    /// Takes a fact. What is not of the catalogue, or of a host that does not ask that check, is history.
    pub(crate) fn apply(&mut self, fact: &Fact) {
        match &fact.body {
            FactBody::Sample(sample) => {
                let Some(place) = self.hosts.place(&fact.host) else { return };
                let host = &mut self.hosts[place];
                if host.feed(&self.catalogue, fact.at, fact.id, sample) {
                    self.touched.insert(Subject::Host(place));
                }
                self.hosts.sent(place);
                self.shown.host(place);
            }
            FactBody::Probe(outcome) => match self.isolation.find(&fact.host, &outcome.check) {
                Some(witness) => self.take_testimony(witness, fact.at, outcome),
                None => self.take_answer(&fact.host, fact.at, outcome),
            },
            FactBody::Backup(observation) => {
                let Some(place) = self.index.set(&observation.set) else { return };
                let Some((_, backup)) = self.backups.get_mut(place) else { return };
                if backup.set.look().is_some_and(|look| look.host == fact.host) {
                    backup.feed(fact.at, fact.received_at, fact.id, observation);
                    self.touched.insert(Subject::Backup(place));
                }
            }
            FactBody::Gap(_) | FactBody::Started(_) => {}
        }
    }

    /// Takes an answer to a check of a service.
    fn take_answer(&mut self, host: &HostId, at: Timestamp, outcome: &ProbeOutcome) {
        let Some((place, vantage)) = self.index.vantage(host, &outcome.check) else { return };
        let Some(service) = self.services.get_mut(place) else { return };
        let failed = outcome.verdict() == ProbeVerdict::Failed && service.needs_network(vantage);
        let blinded = match self.isolation.of(host).filter(|_| failed) {
            Some(isolation) => isolation.blinds(at, outcome),
            None => Some(false),
        };
        if failed {
            self.isolation.note_failure(host, place);
        }
        match blinded.and_then(|blinded| service.feed(vantage, at, outcome, blinded)) {
            Some(from) => note(&mut self.dirty, place, from),
            None => note(&mut self.late, place, at),
        }
    }

    /// Takes an answer of a witness: what the vantage saw may count otherwise now, and its failures be beyond doubt.
    fn take_testimony(&mut self, witness: (usize, usize), at: Timestamp, outcome: &ProbeOutcome) {
        let testimony = self.isolation.take(witness, at, outcome);
        let Some(vantage) = self.isolation.at(witness.0) else { return };
        let (from, noted) = match &testimony {
            // How far it reaches back the replay finds out: no failure is known to be unconcerned.
            Testimony::Late => (Some(Interval::ALL.from), at),
            Testimony::Taken(from, cleared) => {
                self.touched.extend(cleared.iter().copied().map(Subject::Service));
                (*from, from.unwrap_or(at))
            }
        };
        if from.is_some() || vantage.ended_at().is_some() {
            self.touched.extend(self.hosts.place(&vantage.host).map(Subject::Host));
        }
        self.shown.vantages_changed();
        let Some(from) = from else { return };
        for place in vantage.asked.iter().copied() {
            let failed = self.services.get(place).and_then(|service| service.last_failed(&vantage.host));
            if testimony == Testimony::Late || failed.is_some_and(|failed| failed >= from) {
                note(&mut self.late, place, noted);
                self.touched.insert(Subject::Service(place));
            }
        }
    }

    /// Takes the isolations in, of which those at `places` were read anew.
    pub(crate) fn take_isolation(&mut self, isolation: Isolation, places: &BTreeSet<usize>) {
        for vantage in places.iter().filter_map(|place| isolation.at(*place)) {
            self.touched.extend(self.hosts.place(&vantage.host).map(Subject::Host));
            self.touched.extend(vantage.asked.iter().copied().map(Subject::Service));
        }
        self.shown.vantages_changed();
        self.isolation = isolation;
    }

    /// The backup set with this identifier, to be changed: it is looked at in the next evaluation.
    pub(crate) fn touch_set(&mut self, id: &BackupSetId) -> Option<&mut BackupModel> {
        let place = self.index.set_of(id)?;
        self.touched.insert(Subject::Backup(place));
        self.backups.get_mut(place).map(|(_, backup)| backup)
    }

    /// The ledger of the service at `index` is to be made anew from `from` on.
    pub(crate) fn mark_dirty(&mut self, index: usize, from: Timestamp) {
        note(&mut self.dirty, index, from);
    }

    /// Takes out at most `round` services with late answers to be replayed, none that was within `pause_ms`.
    pub(crate) fn take_late(&mut self, now: Timestamp, pause_ms: i64, round: usize) -> Vec<LateService> {
        let ready: Vec<usize> =
            self.late.keys().copied().filter(|place| self.may_replay(*place, now, pause_ms)).take(round).collect();
        let take = |place: usize| {
            let (late, service) = (self.late.remove(&place)?, self.services.get(place)?.clone());
            // A replay forgets what it does not need. What answers in order changed is made anew with it: it must be certain from there on as well.
            let at = self.dirty.get(&place).map_or(late, |from| late.min(*from));
            Some(LateService { place, at, service, from: None })
        };
        ready.into_iter().filter_map(take).collect()
    }

    /// Whether a service with late answers could be replayed at once.
    pub(crate) fn late_waits(&self, now: Timestamp, pause_ms: i64) -> bool {
        self.late.keys().any(|place| self.may_replay(*place, now, pause_ms))
    }

    fn may_replay(&self, place: usize, now: Timestamp, pause_ms: i64) -> bool {
        let last = self.services.get(place).and_then(|service| service.replayed_at);
        // Also when the clock was set back.
        last.is_none_or(|last| !(0..pause_ms).contains(&now.ms_since(last)))
    }

    /// Takes replayed services back in; their ledgers are made anew from there.
    pub(crate) fn put_back(&mut self, replayed: Vec<LateService>, now: Timestamp) {
        for LateService { place, mut service, from, .. } in replayed {
            service.replayed_at = Some(now);
            if let Some(slot) = self.services.get_mut(place) {
                *slot = service;
            }
            if let Some(from) = from {
                self.mark_dirty(place, from);
            }
        }
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

    /// Judges one key; also what comes from outside as a view of its own.
    pub(super) fn judge(&mut self, view: View, now: Timestamp, plan: &mut Plan, round: &mut Round) {
        self.release_held(&view, plan);
        let ticket = self.holder(view.key()).map(Arc::clone);
        let Some(ticket) = ticket.filter(|ticket| ticket.key == *view.key()) else {
            let held = self.holder(view.key()).map(|ticket| ticket.number);
            if held.is_none_or(|number| !plan.changes_ticket(number)) {
                self.judge_group(view, now, plan, round);
            }
            return;
        };
        if plan.changes_ticket(ticket.number) {
            return;
        }
        let priority = |impact| match &view {
            View::Holds(c) => open::priority_of(&self.catalogue, &self.profile, &c.affected, impact),
            View::Clear { .. } | View::Unseen { .. } => open::priority_of(&self.catalogue, &self.profile, &[], impact),
        };
        let outcome = condition::judge(Some(&ticket), &view, self.catalogue.tickets, &self.profile, now, priority);
        match (outcome, view) {
            (Outcome::Superseded(ticket), View::Holds(condition)) => {
                let related = Some(ticket.number);
                plan.changes.push(PlannedChange::Release(ticket));
                self.place(condition, related, now, plan, round);
            }
            (Outcome::Changed { ticket, mut activity, event }, view) => {
                if event == Some("restored") && explains(&ticket, &view) {
                    activity.text = ActivityText::Phrase(
                        Phrase::new("activity-backup-explained").with("onset_at", ticket.onset_at),
                    );
                }
                plan.changes.push(PlannedChange::Change { ticket, activity, event });
            }
            (Outcome::Nothing, View::Holds(condition)) => {
                let risen = stage::rise(&ticket, &condition, now);
                plan.changes.extend(risen.map(|(ticket, activity)| PlannedChange::Change {
                    ticket: Box::new(ticket),
                    activity,
                    event: Some("updated"),
                }));
            }
            (Outcome::Nothing | Outcome::Open | Outcome::Superseded(_), _) => {}
        }
    }

    /// What passing of time does to a ticket. One that changes in this plan is looked at again once that is committed.
    fn let_time_pass(&self, number: TicketNumber, now: Timestamp, plan: &mut Plan) {
        let Some(ticket) = self.tickets.get(&number).filter(|_| !plan.changes_ticket(number)) else { return };
        if let Some(change) = self.withdrawn(ticket, now) {
            plan.changes.push(change);
            return;
        }
        let policy = self.catalogue.tickets.escalation;
        if let Some((ticket, activity, event)) = ticket.after_time(policy, self.rto_of(ticket), &self.profile, now) {
            plan.changes.push(PlannedChange::Change { ticket: Box::new(ticket), activity, event: Some(event) });
        }
    }

    /// The shortest RTO of the kritis services that suffer.
    pub(super) fn rto_of(&self, ticket: &Ticket) -> Option<u32> {
        let services = ticket.affected_services.iter().filter_map(|id| self.catalogue.service(id));
        services.filter(|service| service.class == ServiceClass::Kritis).filter_map(|service| service.rto_seconds).min()
    }

    /// The open ticket that holds a key.
    pub(crate) fn holder(&self, key: &TicketKey) -> Option<&Arc<Ticket>> {
        self.tickets.get(self.holders.get(key)?)
    }

    /// Takes tickets as they were committed. Of two that exchange a key, first the one that gives it up.
    pub(crate) fn committed(&mut self, ticket: Ticket) {
        let before = self.tickets.get(&ticket.number).map(Arc::clone);
        let holds = ticket.state.is_open() && ticket.holds_key;
        if ticket.version == 1 && ticket.reporter.is_none() && !self.tickets.contains_key(&ticket.number) {
            let rule = Rule::of(&ticket.key.scope, ticket.key.class, ticket.impact);
            self.note_opened(&ticket.key.scope, rule, ticket.recorded_at);
        }
        let former = before.iter().flat_map(|before| before.keys()).filter(|key| ticket.keys().all(|k| k != *key));
        let former: Vec<TicketKey> = former.cloned().collect();
        for key in former {
            self.move_key(&key, &ticket, false);
        }
        for key in ticket.keys() {
            self.move_key(key, &ticket, holds);
        }
        self.note_budget_ticket(&ticket);
        self.touched.insert(Subject::Ticket(ticket.number));
        self.shown.tickets_changed();
        if ticket.state.is_open() {
            self.tickets.insert(ticket.number, Arc::new(ticket));
        } else {
            self.tickets.remove(&ticket.number);
        }
    }

    /// Notes whether `ticket` holds `key`, and touches what that concerns.
    fn move_key(&mut self, key: &TicketKey, ticket: &Ticket, holds: bool) {
        let held = self.holders.get(key) == Some(&ticket.number);
        if holds {
            self.holders.insert(key.clone(), ticket.number);
        } else if held {
            self.holders.remove(key);
        }
        if let TicketScope::Host(id, part) = &key.scope
            && let Some(place) = self.hosts.place(id)
        {
            let host = &mut self.hosts[place];
            host.held = host.held.saturating_add(u32::from(holds)).saturating_sub(u32::from(held));
            if part.is_empty() {
                let active = holds && ticket.state != TicketState::Pulih;
                host.silence_ticket = if holds || held { active } else { host.silence_ticket };
                self.touched.insert(Subject::Storm);
                self.touched.extend(self.groups.needing_host(id).iter().copied().map(Subject::Service));
            }
        }
        let subject = self.subject_of(key);
        self.touched.extend(subject);
        if let Some(Subject::Service(place)) = subject {
            self.touched.extend(self.groups.dependants(place).iter().copied().map(Subject::Service));
        }
    }
}

/// Whether a backup ticket ends by something that was there before it began: a record that came late closes the breach
/// retroactively and explains the alarm, which stays in the log (engines C.2).
fn explains(ticket: &Ticket, view: &View) -> bool {
    let backup = matches!(ticket.key.scope, TicketScope::Backup(_)) && ticket.key.class == TicketClass::Backup;
    backup && matches!(view, View::Clear { since, .. } if *since <= ticket.onset_at)
}

fn note(map: &mut BTreeMap<usize, Timestamp>, index: usize, at: Timestamp) {
    map.entry(index).and_modify(|from| *from = at.min(*from)).or_insert(at);
}
