//! Which hosts are silent, and whether that is one disturbance: the bridge from hosts to the rule of `domain/storm.rs`.
//!
//! The set of silent hosts is kept as hosts are looked at; the storm is looked at when the set, the enrolled hosts or
//! one of the tickets concerned changed, or when it is due.

use super::deadlines::Subject;
use super::host_model::HostModel;
use super::model::Model;
use crate::domain::catalogue::Service;
use crate::domain::phrase::Phrase;
use crate::domain::profile::Impact;
use crate::domain::storm;
use crate::domain::ticket::condition::{Condition, View};
use crate::domain::ticket::{Ticket, TicketClass, TicketKey, TicketScope, TicketState};
use pantau_shared::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Hosts named in a storm's symptom.
const EXAMPLES_MAX: usize = 5;
/// Hosts listed as its components.
const COMPONENTS_MAX: usize = 20;
/// Services listed as affected, most urgent first; the symptom tells how many there are.
const AFFECTED_MAX: usize = 50;

/// Silence of all hosts.
#[derive(Debug, Clone, Default)]
pub(crate) struct StormModel {
    /// Silent hosts by place, and from when they count as silent.
    silent: BTreeMap<usize, Timestamp>,
    /// Whether silent hosts open no tickets of their own.
    pub(super) folding: bool,
    /// How long a silent host waits before it opens its own.
    pub(super) gather_ms: i64,
    /// What was seen of it last; none: it can not be told, or nothing follows.
    view: Option<View>,
    /// The next instant at which that changes by itself.
    pub(super) next: Option<Timestamp>,
}

impl StormModel {
    /// Whether the host at a place was silent when it was last looked at.
    pub(crate) fn is_silent(&self, place: usize) -> bool {
        self.silent.contains_key(&place)
    }
}

/// The key of a storm's ticket.
fn key() -> TicketKey {
    TicketKey { scope: TicketScope::Site, class: TicketClass::MonitoringLost }
}

impl Model {
    /// Brings the set of silent hosts up to date for the hosts that are `due`, and looks at the storm where it may have
    /// changed. Silent hosts become due when whether they may open tickets of their own changed.
    pub(super) fn look_at_silence(&mut self, due: &mut BTreeSet<Subject>, now: Timestamp) {
        for subject in due.range(Subject::Host(0)..Subject::Backup(0)) {
            let Subject::Host(place) = subject else { continue };
            let silent_at = self.silent_at(&self.hosts[*place]).filter(|at| now >= *at);
            let before = match silent_at {
                Some(at) => self.storm.silent.insert(*place, at),
                None => self.storm.silent.remove(place),
            };
            if before != silent_at {
                self.touch_storm();
            }
        }
        if self.take_storm_touch() {
            due.insert(Subject::Storm);
        }
        if !due.contains(&Subject::Storm) {
            return;
        }
        let before = (self.storm.folding, self.storm.gather_ms);
        self.look_at_storm(now);
        if before != (self.storm.folding, self.storm.gather_ms) {
            due.extend(self.storm.silent.keys().map(|place| Subject::Host(*place)));
        }
    }

    fn look_at_storm(&mut self, now: Timestamp) {
        let (policy, enrolled) = (self.catalogue.storm, self.hosts.enrolled());
        let gather_ms = policy.gather_ms(enrolled, self.catalogue.sample_period_ms);
        // A host that is maintained is away by intent: it makes no storm until its window and the grace are over.
        let excused: BTreeMap<usize, Timestamp> =
            self.storm.silent.keys().filter_map(|place| Some((*place, self.excused_until(*place, now)?))).collect();
        let counted = || {
            let alone = |place: &usize| !self.hosts[*place].silence_ticket && !excused.contains_key(place);
            self.storm.silent.iter().filter(move |(place, _)| alone(place))
        };
        let (count, first) = (counted().count(), counted().map(|(_, at)| *at).min());
        let active = self.holder(&key()).filter(|ticket| ticket.state != TicketState::Pulih).map(Arc::clone);
        let (view, next) = match (&active, first) {
            (Some(ticket), _) => self.calm(ticket, count, now),
            (None, Some(first)) if policy.opens(enrolled, count, first, gather_ms, now) => {
                let places: Vec<usize> = counted().map(|(place, _)| *place).collect();
                (Some(View::Holds(self.storm_condition(&places, enrolled))), None)
            }
            (None, Some(first)) if count >= policy.threshold(enrolled) => (None, Some(first.plus_ms(gather_ms))),
            (None, Some(_) | None) => (None, None),
        };
        let next = next.into_iter().chain(excused.values().copied()).min();
        self.storm.folding = active.is_some() || view.is_some();
        self.storm.gather_ms = gather_ms;
        (self.storm.view, self.storm.next) = (view, next);
    }

    /// Until when approved maintenance excuses the silence of the host at `place`.
    fn excused_until(&self, place: usize, now: Timestamp) -> Option<Timestamp> {
        let host = &self.hosts[place];
        self.windows.of_host(&host.record.id).excused_until(host.last_seen(), now)
    }

    /// Whether a storm that lasts is over: its view, and when to look again.
    fn calm(&self, ticket: &Ticket, count: usize, now: Timestamp) -> (Option<View>, Option<Timestamp>) {
        let rest = self.catalogue.storm.rest(self.hosts.enrolled());
        if count >= rest {
            return (None, None);
        }
        let (mut away, mut returned) = (count, Vec::new());
        for (place, host) in self.hosts.iter().enumerate() {
            if host.record.revoked_at.is_some() || host.silence_ticket || self.storm.is_silent(place) {
                continue;
            }
            if host.last_seen() < self.listening_since {
                away += 1;
            } else if host.heard_since > ticket.onset_at {
                returned.push(host.heard_since);
            }
        }
        if away >= rest {
            return (None, None);
        }
        let since = storm::calm_since(rest, away, returned, ticket.onset_at);
        let resolved = since.plus_secs(i64::from(self.catalogue.tickets.resolve_after_seconds));
        (Some(View::Clear { key: key(), since }), Some(resolved).filter(|at| *at > now))
    }

    fn storm_condition(&self, places: &[usize], enrolled: usize) -> Condition {
        let mut hosts: Vec<_> = places.iter().map(|place| &self.hosts[*place]).collect();
        hosts.sort_by_key(|host| &host.record.id);
        let began = |host: &HostModel| self.windows.of_host(&host.record.id).counted_onset(host.last_seen());
        let onset_at = hosts.iter().map(|host| began(host)).min().unwrap_or(self.listening_since);
        let running: BTreeSet<usize> =
            hosts.iter().flat_map(|host| self.index.running_on(&host.record.id)).copied().collect();
        let services = running.iter().filter_map(|place| self.services.get(*place));
        let mut affected: Vec<&Service> = services.map(|s| s.service.as_ref()).collect();
        affected.sort_by_key(|s| self.profile.priority(Impact::Minor, s.group, s.class));
        let examples: Vec<String> = hosts.iter().take(EXAMPLES_MAX).map(|h| self.host_name(&h.record.id)).collect();
        Condition {
            key: key(),
            impact: Impact::Minor,
            onset_at,
            symptom: Phrase::new("symptom-hosts-silent")
                .with("count", hosts.len())
                .with("enrolled", enrolled)
                .with("since_at", onset_at)
                .with("examples", examples.join(", "))
                .with("services", affected.len()),
            category: "pemantauan".to_owned(),
            components: hosts.iter().take(COMPONENTS_MAX).map(|host| host.record.id.to_string()).collect(),
            affected: affected.iter().take(AFFECTED_MAX).map(|s| s.id.clone()).collect(),
            flapping_since: None,
        }
    }

    /// What is seen of the storm.
    pub(super) fn storm_view(&self) -> View {
        self.storm.view.clone().unwrap_or_else(|| View::Unseen { key: key() })
    }
}
