//! Who needs whom, and what waits: the bridge from the catalogue's dependencies to the rule of `domain/ticket/group.rs`.
//!
//! A service needs the services and components that it names (`bergantung_pada`), what those need in turn, and the hosts
//! that all of them run on. A host that was heard since the disturbance began is not to blame, and nobody waits for it.
//! Since when something waits is kept in the checkpoint: a start inside a wait goes on with it.
//!
//! A ticket that a dependant opened after its wait stays its own when what it needs goes down later: it was not down by
//! then (engines B.2, grouping), and to take it in would cancel it, which only a person does (B.2, states). A person
//! merges the two; the earliest report stays.

use super::deadlines::Subject;
use super::model::{Model, Plan, PlannedChange};
use crate::domain::catalogue::{Catalogue, Dependency, ServiceId, ThresholdMetric};
use crate::domain::interval::Interval;
use crate::domain::profile::Impact;
use crate::domain::state::{State, Timeline, Vantage};
use crate::domain::ticket::condition::{self, Condition, Outcome, View};
use crate::domain::ticket::group::{self, Member, Place, Upstream};
use crate::domain::ticket::{Ticket, TicketClass, TicketKey, TicketNumber, TicketScope, TicketState, open};
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Something that a service needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    Service(usize),
    Component(usize, ServiceId),
    Host(HostId),
}

/// A disturbance that may not open a ticket yet.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    detected_at: Timestamp,
    until: Timestamp,
}

/// Dependencies by place of the service, over any number of steps; and what waits.
#[derive(Debug, Clone, Default)]
pub(super) struct GroupModel {
    needs: Vec<BTreeSet<Need>>,
    dependants: Vec<Vec<usize>>,
    on_host: HashMap<HostId, Vec<usize>>,
    waiting: HashMap<TicketKey, Waiting>,
    /// A wait began or ended since they were saved.
    unsaved: bool,
}

/// What one evaluation has for tickets that have members; carried out at its end, one change per ticket.
#[derive(Debug, Default)]
pub(super) struct Round {
    joining: BTreeMap<TicketNumber, Vec<Member>>,
    seen: BTreeMap<TicketNumber, Vec<View>>,
}

impl GroupModel {
    /// Of a catalogue, whose dependencies are free of cycles.
    pub(super) fn new(catalogue: &Catalogue) -> Self {
        let places: HashMap<&ServiceId, usize> = catalogue.services.iter().map(|s| &s.id).zip(0..).collect();
        let mut model = Self { dependants: vec![Vec::new(); catalogue.services.len()], ..Self::default() };
        for (place, service) in catalogue.services.iter().enumerate() {
            let (mut needs, mut open, mut passed) = (BTreeSet::new(), vec![place], BTreeSet::new());
            while let Some(at) = open.pop() {
                let Some(needing) = catalogue.services.get(at).filter(|_| passed.insert(at)) else { continue };
                needs.extend(needing.hosts.iter().cloned().map(Need::Host));
                for dependency in &needing.composition.depends_on {
                    let Some(needed) = places.get(dependency.service()) else { continue };
                    needs.insert(match dependency {
                        Dependency::Component { component, .. } => Need::Component(*needed, component.clone()),
                        Dependency::Service(_) => Need::Service(*needed),
                    });
                    open.push(*needed);
                }
            }
            for needed in passed.into_iter().filter(|needed| *needed != place) {
                model.dependants[needed].push(place);
            }
            for need in &needs {
                if let Need::Host(host) = need {
                    model.on_host.entry(host.clone()).or_default().push(place);
                }
            }
            debug_assert_eq!(service.id, catalogue.services[place].id);
            model.needs.push(needs);
        }
        model
    }

    /// Services that may be concerned when the one at `place` changes.
    pub(super) fn dependants(&self, place: usize) -> &[usize] {
        self.dependants.get(place).map_or(&[], Vec::as_slice)
    }

    /// Services that may be concerned when a host falls silent or returns.
    pub(super) fn needing_host(&self, host: &HostId) -> &[usize] {
        self.on_host.get(host).map_or(&[], Vec::as_slice)
    }

    /// All that waits, and since when.
    pub(super) fn waits(&self) -> impl Iterator<Item = (&TicketKey, Timestamp)> {
        self.waiting.iter().map(|(key, waiting)| (key, waiting.detected_at))
    }

    /// Takes in what waited before a start. Until when is told by the next look at each.
    pub(super) fn restore_waits(&mut self, waits: impl Iterator<Item = (TicketKey, Timestamp)>) {
        self.waiting = waits.map(|(key, at)| (key, Waiting { detected_at: at, until: at })).collect();
    }

    /// Whether a wait began or ended since [`Self::saved`].
    pub(super) fn is_unsaved(&self) -> bool {
        self.unsaved
    }

    /// The waits were saved.
    pub(super) fn saved(&mut self) {
        self.unsaved = false;
    }

    fn end_wait(&mut self, key: &TicketKey) {
        self.unsaved |= self.waiting.remove(key).is_some();
    }

    /// Whether nothing waits.
    pub(super) fn is_calm(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Until when a key waits.
    pub(super) fn waits_until(&self, key: &TicketKey) -> Option<Timestamp> {
        self.waiting.get(key).map(|waiting| waiting.until)
    }
}

impl Plan {
    /// Whether it changes that ticket already: one change per ticket and evaluation, the rest is seen again after it.
    pub(super) fn changes_ticket(&self, number: TicketNumber) -> bool {
        self.changes.iter().any(|change| match change {
            PlannedChange::Change { ticket, .. } | PlannedChange::Release(ticket) => ticket.number == number,
            PlannedChange::Open(..) => false,
        })
    }
}

fn access(id: &ServiceId) -> TicketKey {
    TicketKey { scope: TicketScope::Service(id.clone()), class: TicketClass::Access }
}

impl Model {
    /// What is seen of a key that no ticket, or another key's ticket, holds.
    pub(super) fn judge_group(&mut self, view: View, now: Timestamp, plan: &mut Plan, round: &mut Round) {
        let View::Holds(condition) = view else {
            self.groups.end_wait(view.key());
            if let Some(ticket) = self.holder(view.key()) {
                round.seen.entry(ticket.number).or_default().push(view);
            }
            return;
        };
        match self.holder(&condition.key).map(Arc::clone) {
            None => self.place(condition, None, now, plan, round),
            Some(_) if condition.key.class == TicketClass::Budget => {}
            Some(ticket) if ticket.state == TicketState::Pulih => {
                match condition::recur_by_member(&ticket, &condition, self.catalogue.tickets, now) {
                    Outcome::Changed { ticket, activity, event } => {
                        plan.changes.push(PlannedChange::Change { ticket, activity, event });
                    }
                    Outcome::Superseded(after) => {
                        let related = Some(after.number);
                        plan.changes.push(PlannedChange::Release(after));
                        self.place(condition, related, now, plan, round);
                    }
                    Outcome::Nothing | Outcome::Open => {}
                }
            }
            Some(ticket) => round.seen.entry(ticket.number).or_default().push(View::Holds(condition)),
        }
    }

    /// Judges a view that came from outside, by itself.
    pub(super) fn judge_alone(&mut self, view: View, now: Timestamp) -> Plan {
        let (mut plan, mut round) = (Plan::default(), Round::default());
        self.judge(view, now, &mut plan, &mut round);
        self.close_round(round, now, &mut plan);
        plan
    }

    /// Opens a ticket, waits, or joins.
    pub(super) fn place(
        &mut self,
        condition: Condition,
        related: Option<TicketNumber>,
        now: Timestamp,
        plan: &mut Plan,
        round: &mut Round,
    ) {
        let known = self.groups.waiting.get(&condition.key).map(|waiting| waiting.detected_at);
        let detected_at = known.unwrap_or(now);
        let upstreams = self.upstreams(&condition, now);
        match group::place(detected_at, self.catalogue.tickets.group_wait_seconds, &upstreams, now) {
            Place::Wait(until) => {
                let before = self.groups.waiting.insert(condition.key, Waiting { detected_at, until });
                self.groups.unsaved |= before.is_none();
            }
            Place::Join(number) => {
                let member = self.member(condition, detected_at);
                round.joining.entry(number).or_default().push(member);
            }
            Place::Own => {
                self.groups.end_wait(&condition.key);
                if detected_at < now {
                    plan.detected.insert(condition.key.clone(), detected_at);
                }
                self.admit(condition, related, now, plan);
            }
        }
    }

    fn member(&self, condition: Condition, detected_at: Timestamp) -> Member {
        let (catalogue, profile) = (&self.catalogue, &self.profile);
        Member {
            priority: open::priority_of(catalogue, profile, &condition.affected, condition.impact),
            // A fact has no clock of its own.
            resolution_target: (condition.key.class != TicketClass::Budget)
                .then(|| open::resolution_target(catalogue, profile, &condition.affected))
                .flatten(),
            key: condition.key,
            services: condition.affected,
            impact: condition.impact,
            onset_at: condition.onset_at,
            detected_at,
            restored_at: None,
        }
    }

    /// How everything stands that a disturbed service needs.
    fn upstreams(&self, condition: &Condition, now: Timestamp) -> Vec<Upstream> {
        if condition.key.class == TicketClass::Budget {
            // The outage's ticket tells of it, for as long as that holds its key.
            let outage = condition.key.scope.service().and_then(|id| self.holder(&access(id)));
            return outage
                .map(|ticket| Upstream::Down { ticket: Some(ticket.number), root: true })
                .into_iter()
                .collect();
        }
        if condition.key.class != TicketClass::Access {
            return Vec::new();
        }
        let place = condition.key.scope.service().and_then(|id| self.index.service(id));
        let needs = place.and_then(|place| self.groups.needs.get(place));
        needs.into_iter().flatten().filter_map(|need| self.upstream(need, condition.onset_at, now)).collect()
    }

    /// One of them; `None`: a host that is well.
    fn upstream(&self, need: &Need, onset: Timestamp, now: Timestamp) -> Option<Upstream> {
        match need {
            Need::Service(place) => Some(self.service_upstream(*place, None, now)),
            Need::Component(place, component) => Some(self.service_upstream(*place, Some(component), now)),
            Need::Host(id) => {
                let host = &self.hosts[self.hosts.place(id)?];
                if self.is_silent(host, now) {
                    let storm = TicketKey { scope: TicketScope::Site, class: TicketClass::MonitoringLost };
                    let own = TicketKey {
                        scope: TicketScope::Host(id.clone(), String::new()),
                        class: TicketClass::MonitoringLost,
                    };
                    return Some(Upstream::Down { ticket: self.active(&own).or(self.active(&storm)), root: true });
                }
                let doubtful = host.last_seen() < onset && host.last_seen() >= self.listening_since;
                let decided = self.silent_at(host).filter(|_| doubtful)?;
                Some(Upstream::Doubtful(decided.plus_ms(self.storm.gather_ms)))
            }
        }
    }

    /// The ticket of a key, where others may join it.
    fn active(&self, key: &TicketKey) -> Option<TicketNumber> {
        let joinable =
            |ticket: &&Arc<Ticket>| ticket.state != TicketState::Pulih && ticket.members.len() < group::MEMBERS_MAX;
        self.holder(key).filter(joinable).map(|ticket| ticket.number)
    }

    fn service_upstream(&self, place: usize, component: Option<&ServiceId>, now: Timestamp) -> Upstream {
        let Some(service) = self.services.get(place) else { return Upstream::Good };
        let state = |place: usize| self.services.get(place).map(|s| s.ledger.stretch_at(now).state);
        let down = match component {
            None => state(place) == Some(State::Down),
            Some(id) => self.component_state(place, id, now) == State::Down,
        };
        if !down {
            return Upstream::Good;
        }
        let needs_down = self.groups.needs.get(place).into_iter().flatten().any(|need| match need {
            Need::Service(needed) | Need::Component(needed, _) => state(*needed) == Some(State::Down),
            Need::Host(id) => self.hosts.place(id).is_some_and(|place| self.is_silent(&self.hosts[place], now)),
        });
        Upstream::Down { ticket: self.active(&access(&service.service.id)), root: !needs_down }
    }

    /// How a component stands, by its checks.
    fn component_state(&self, place: usize, id: &ServiceId, now: Timestamp) -> State {
        let Some(model) = self.services.get(place) else { return State::Unknown };
        let Some(component) = model.service.component(id.as_str()) else { return State::Unknown };
        let instant = Interval::new(now, now.plus_ms(1));
        let states: Vec<State> = (0..model.service.checks.len())
            .map(|check| {
                let of_check = model.vantages.iter().filter(|v| v.check == check);
                let known: Vec<(Timeline, bool)> = of_check.map(|v| (v.known(), model.is_decisive(v))).collect();
                let views: Vec<Vantage<'_>> =
                    known.iter().map(|(timeline, decisive)| Vantage { timeline, decisive: *decisive }).collect();
                Timeline::from_intervals(model.quorum(check).merge(&views, instant)).state_at(now)
            })
            .collect();
        component.formula().evaluate(&states)
    }

    /// Carries out what the evaluation has for tickets with members.
    pub(super) fn close_round(&mut self, round: Round, now: Timestamp, plan: &mut Plan) {
        for (number, members) in round.joining {
            let Some(ticket) = self.tickets.get(&number).filter(|_| !plan.changes_ticket(number)) else { continue };
            let services: Vec<ServiceId> = members.iter().flat_map(|member| member.services.clone()).collect();
            let handlers = open::handlers_of(&self.catalogue, &services);
            let keys: Vec<TicketKey> = members.iter().map(|member| member.key.clone()).collect();
            if let Some((ticket, activity, event)) = group::join(ticket, members, handlers, &self.profile, now) {
                keys.iter().for_each(|key| self.groups.end_wait(key));
                let ticket = Box::new(ticket);
                plan.changes.push(PlannedChange::Change { ticket, activity, event });
            }
        }
        for (number, seen) in round.seen {
            let Some(ticket) = self.tickets.get(&number).filter(|_| !plan.changes_ticket(number)) else { continue };
            if let Some((ticket, activity)) = group::note(ticket, &seen, self.catalogue.tickets, now) {
                plan.changes.push(PlannedChange::Change { ticket: Box::new(ticket), activity, event: Some("updated") });
            }
        }
    }

    /// What a ticket's subjects are looked at by.
    pub(super) fn subject_of(&self, key: &TicketKey) -> Option<Subject> {
        match &key.scope {
            TicketScope::Service(id) => self.index.service(id).map(Subject::Service),
            TicketScope::Backup(id) => self.index.set_of(id).map(Subject::Backup),
            TicketScope::Check(id) => {
                self.catalogue.check(id).and_then(|(service, _)| self.index.service(&service.id)).map(Subject::Service)
            }
            TicketScope::Alert(digest) => self.alerts.place(digest).map(Subject::Alert),
            TicketScope::Rule(rule) => Some(Subject::Rule(*rule)),
            TicketScope::Site => Some(Subject::Storm),
            TicketScope::Host(id, _) => self.hosts.place(id).map(Subject::Host),
        }
    }

    /// Why nobody watches a key any more; a message. `None`: it is watched.
    fn gone(&self, key: &TicketKey, impact: Impact) -> Option<&'static str> {
        if self.is_turned_off(key, impact) {
            return Some("activity-withdrawn-off");
        }
        match &key.scope {
            TicketScope::Service(id) => match self.catalogue.service(id) {
                None => Some("activity-withdrawn-service"),
                Some(service) if key.class == TicketClass::Access && service.checks.is_empty() => {
                    Some("activity-withdrawn-checks")
                }
                Some(service) if key.class == TicketClass::Budget && service.target.is_none() => {
                    Some("activity-withdrawn-target")
                }
                Some(_) => None,
            },
            TicketScope::Backup(id) => self.index.set_of(id).is_none().then_some("activity-withdrawn-set"),
            TicketScope::Host(id, part) => {
                let enrolled = self.hosts.place(id).is_some_and(|place| self.hosts[place].record.revoked_at.is_none());
                if !enrolled {
                    return Some("activity-withdrawn-host");
                }
                let metric = part.split(':').next().unwrap_or_default();
                let known = ThresholdMetric::ALL.into_iter().find(|known| known.code() == metric);
                let ruled = known.is_none_or(|known| self.catalogue.thresholds.iter().any(|t| t.metric == known));
                (!ruled).then_some("activity-withdrawn-rule")
            }
            TicketScope::Check(id) => self.catalogue.check(id).is_none().then_some("activity-withdrawn-checks"),
            TicketScope::Alert(_) | TicketScope::Rule(_) | TicketScope::Site => None,
        }
    }

    /// What follows for a ticket from subjects that nobody watches any more. What a person reported of a service that has
    /// no checks is watched by people.
    pub(super) fn withdrawn(&self, ticket: &Ticket, now: Timestamp) -> Option<PlannedChange> {
        if ticket.state == TicketState::Pulih {
            return None;
        }
        let by_people = |reason: &&str| ticket.reporter.is_some() && *reason == "activity-withdrawn-checks";
        if let Some(reason) = self.gone(&ticket.key, ticket.impact).filter(|reason| !by_people(reason)) {
            let (ticket, activity) = group::withdraw(ticket, reason, now)?;
            return Some(PlannedChange::Change { ticket: Box::new(ticket), activity, event: Some("cancelled") });
        }
        let gone = |member: &&Member| self.gone(&member.key, member.impact).is_some();
        let gone: Vec<TicketKey> = ticket.members.iter().filter(gone).map(|member| member.key.clone()).collect();
        let (ticket, activity) = group::leave(ticket, &gone, now)?;
        Some(PlannedChange::Change { ticket: Box::new(ticket), activity, event: Some("updated") })
    }
}
