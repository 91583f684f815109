//! What the model sees of every ticket key: the bridge from states, readings and looks to conditions.

use super::deadlines::Subject;
use super::host_model::{HostModel, Track, gap_ms};
use super::maintenance_model::Maintained;
use super::model::Model;
use super::service_model::ServiceModel;
use super::threshold_view::Reading;
use crate::domain::catalogue::{Check, ServiceId};
use crate::domain::interval::Interval;
use crate::domain::phrase::Phrase;
use crate::domain::profile::Impact;
use crate::domain::silence;
use crate::domain::state::{State, Timeline};
use crate::domain::threshold::ThresholdView;
use crate::domain::ticket::condition::{Condition, View};
use crate::domain::ticket::flap::{FlapPolicy, flapping_since};
use crate::domain::ticket::{TicketClass, TicketKey, TicketScope};
use pantau_shared::timestamp::Timestamp;

/// Stretches of a disturbance that are looked back over at most.
const STRETCHES_MAX: usize = 64;

impl Model {
    /// The views of a subject's keys at `now`, in a fixed order. What began in maintenance is not seen before its end.
    pub(super) fn views_of(&self, subject: Subject, now: Timestamp) -> Vec<View> {
        let seen = self.seen_of(subject, now);
        let maintained = self.maintained(subject);
        let seen = seen.into_iter().map(|view| maintained.seen(view, now));
        match subject {
            Subject::Service(place) => match self.services.get(place) {
                Some(service) => seen.map(|view| retold(service, maintained, view)).collect(),
                None => Vec::new(),
            },
            Subject::Storm
            | Subject::Host(_)
            | Subject::Backup(_)
            | Subject::Alert(_)
            | Subject::Rule(_)
            | Subject::Ticket(_) => seen.collect(),
        }
    }

    /// When the subject is in approved maintenance.
    fn maintained(&self, subject: Subject) -> &Maintained {
        match subject {
            Subject::Service(place) => self.windows.of_service(place),
            Subject::Host(place) => self.windows.of_host(&self.hosts[place].record.id),
            Subject::Backup(place) => match self.backups.get(place) {
                Some((_, backup)) => {
                    backup.set.look().map_or(self.windows.of_nothing(), |look| self.windows.of_host(&look.host))
                }
                None => self.windows.of_nothing(),
            },
            Subject::Storm | Subject::Alert(_) | Subject::Rule(_) | Subject::Ticket(_) => self.windows.of_nothing(),
        }
    }

    /// The same before maintenance is thought of. Of a host's readings only those are looked at from which something may
    /// follow.
    fn seen_of(&self, subject: Subject, now: Timestamp) -> Vec<View> {
        match subject {
            Subject::Service(place) => {
                let Some(service) = self.services.get(place) else { return Vec::new() };
                let seen = service_view(service, self.catalogue.tickets.flap, now);
                let seen = self.beyond_doubt(service, seen, now);
                let seen = std::iter::once(seen).chain(self.budget_view(service, now));
                seen.chain(self.certificate_views(service, now)).collect()
            }
            Subject::Storm => vec![self.storm_view()],
            Subject::Host(place) => {
                let mut out = vec![self.silence_view(place, now)];
                let host = &self.hosts[place];
                out.extend(self.wellbeing_views(host, now));
                if host.held > 0 || host.in_alarm(gap_ms(&self.catalogue), now) || host.outlooks.warn() {
                    out.extend(self.with_outlooks(host, self.threshold_views(host, now), now));
                }
                out
            }
            Subject::Backup(place) => {
                let backup = self.backups.get(place);
                backup.map(|(service, backup)| self.backup_views(service, backup, now)).unwrap_or_default()
            }
            Subject::Alert(place) => self.alert_view(place).into_iter().collect(),
            // A rule's own ticket is judged last, when it is known what of it is folded.
            Subject::Rule(_) | Subject::Ticket(_) => Vec::new(),
        }
    }

    /// From when the host counts as silent if it is not heard again; a revoked one never does.
    pub(super) fn silent_at(&self, host: &HostModel) -> Option<Timestamp> {
        let after = self.catalogue.host_silent_after_seconds;
        let at = silence::silent_at(host.last_seen(), self.listening_since, after);
        host.record.revoked_at.is_none().then_some(at)
    }

    /// When, after `now`, passing of time alone may next change what is seen of a subject or follows from it.
    pub(super) fn next_look(&self, subject: Subject, now: Timestamp) -> Option<Timestamp> {
        let mut next = Next { now, at: None };
        next.maybe(self.maintained(subject).next_rim(now));
        let resolve = i64::from(self.catalogue.tickets.resolve_after_seconds);
        match subject {
            Subject::Service(place) => {
                let service = self.services.get(place)?;
                let stretch = service.ledger.stretch_at(now);
                next.at(stretch.interval.to);
                next.at(stretch.interval.from.plus_ms(confirm_ms(service)));
                next.at(stretch.interval.from.plus_secs(resolve));
                next.at(stretch.interval.from.plus_secs(i64::from(self.catalogue.tickets.flap.stable_seconds)));
                next.maybe(self.doubted_until(service, now));
                next.maybe(self.next_budget_look(service, now));
                next.maybe(self.next_certificate_look(service, now));
                let id = service.service.id.clone();
                let key = TicketKey { scope: TicketScope::Service(id), class: TicketClass::Access };
                next.maybe(self.groups.waits_until(&key));
            }
            Subject::Storm => next.maybe(self.storm.next),
            Subject::Host(place) => {
                let host = &self.hosts[place];
                // A revoked one is never silent, but its readings' tickets still come to their end.
                let silent_at = self.silent_at(host);
                next.maybe(silent_at);
                next.maybe(self.next_wellbeing_look(host, now));
                next.maybe(silent_at.map(|at| at.plus_ms(self.storm.gather_ms)));
                self.next_isolation_looks(place, now).for_each(|at| next.at(at));
                if host.held > 0 {
                    next.maybe(host.outlooks.next_look(resolve, now));
                    next.at(host.heard_since.plus_secs(resolve));
                    next.maybe(self.observation_ends(place));
                    for track in &host.tracks {
                        if let ThresholdView::Quiet(since) = track.track.view(gap_ms(&self.catalogue), now) {
                            next.at(since.plus_secs(resolve));
                        }
                    }
                }
            }
            Subject::Backup(place) => {
                let (_, backup) = self.backups.get(place)?;
                next.maybe(self.first_look(backup));
                next.maybe(backup.next_change(now));
                next.maybe(backup.usable(now).map(|b| b.end.plus_secs(resolve)));
                next.maybe(backup.contact_since().map(|at| at.plus_secs(resolve)));
                let run = backup.job(now).and_then(|job| job.succeeded);
                next.maybe(run.map(|run| run.end.plus_secs(resolve)));
            }
            Subject::Alert(place) => next.maybe(self.next_alert_look(place)),
            Subject::Rule(rule) => next.maybe(self.next_fold_look(rule)),
            Subject::Ticket(number) => {
                let ticket = self.tickets.get(&number)?;
                next.maybe(ticket.next_timed_at(self.catalogue.tickets.escalation, self.rto_of(ticket)));
            }
        }
        next.at
    }

    pub(super) fn services_on(&self, host: &HostModel) -> Vec<ServiceId> {
        let places = self.index.running_on(&host.record.id).iter();
        places.filter_map(|place| self.services.get(*place)).map(|s| s.service.id.clone()).collect()
    }

    /// Whether the host is silent at `now`.
    pub(crate) fn is_silent(&self, host: &HostModel, now: Timestamp) -> bool {
        let after = self.catalogue.host_silent_after_seconds;
        host.record.revoked_at.is_none() && silence::is_silent(host.last_seen(), self.listening_since, after, now)
    }

    fn silence_view(&self, place: usize, now: Timestamp) -> View {
        let host = &self.hosts[place];
        let key = TicketKey {
            scope: TicketScope::Host(host.record.id.clone(), String::new()),
            class: TicketClass::MonitoringLost,
        };
        if host.record.revoked_at.is_some() {
            return View::Unseen { key };
        }
        if !self.is_silent(host, now) {
            let heard = host.last_seen() >= self.listening_since;
            let since = host.heard_since;
            return if heard { self.isolation_view(place, key, since, now) } else { View::Unseen { key } };
        }
        let ripe = self.silent_at(host).is_some_and(|at| at.plus_ms(self.storm.gather_ms) <= now);
        if !host.silence_ticket && (self.storm.folding || !ripe) {
            // Part of a storm, or not yet known to be alone.
            return View::Unseen { key };
        }
        View::Holds(Condition {
            key,
            impact: Impact::Minor,
            onset_at: host.last_seen(),
            symptom: Phrase::new("symptom-host-silent")
                .with("host", self.host_name(&host.record.id))
                .with("since_at", host.last_seen()),
            category: "pemantauan".to_owned(),
            components: vec![host.record.id.to_string()],
            affected: self.services_on(host),
            flapping_since: None,
        })
    }

    fn threshold_views(&self, host: &HostModel, now: Timestamp) -> Vec<View> {
        let (gap, id) = (gap_ms(&self.catalogue), &host.record.id);
        let name = self.host_name(id);
        let seen = host.tracks.iter().map(|Track { metric, part, track, .. }| {
            let reading = Reading { host: id, name: &name, metric: *metric, part };
            reading.view(track.view(gap, now), track.newest(), || self.services_on(host))
        });
        seen.collect()
    }
}

/// The earliest of several instants after `now`.
struct Next {
    now: Timestamp,
    at: Option<Timestamp>,
}

impl Next {
    fn at(&mut self, at: Timestamp) {
        if at > self.now && at < Interval::ALL.to {
            self.at = Some(self.at.map_or(at, |known| known.min(at)));
        }
    }

    fn maybe(&mut self, at: Option<Timestamp>) {
        if let Some(at) = at {
            self.at(at);
        }
    }
}

/// One slow answer is no disturbance: degraded is confirmed by lasting as long as the failures that confirm down.
pub(crate) fn confirm_ms(model: &ServiceModel) -> i64 {
    let patience = |c: &Check| i64::from(c.interval_ms) * i64::from(c.confirm_failures);
    model.service.checks.iter().map(patience).max().unwrap_or(0)
}

/// Since when it has not been good, given a disturbed stretch that begins at `since`: better and worse in between are the
/// same disturbance.
fn disturbed_since(states: &Timeline, mut since: Timestamp) -> Timestamp {
    for _ in 0..STRETCHES_MAX {
        let before = states.stretch_at(since.plus_ms(-1));
        match before.state {
            State::Down | State::Degraded => since = before.interval.from,
            State::Up | State::Unknown => break,
        }
    }
    since
}

pub(crate) fn service_view(model: &ServiceModel, flap: FlapPolicy, now: Timestamp) -> View {
    let key = TicketKey { scope: TicketScope::Service(model.service.id.clone()), class: TicketClass::Access };
    let stretch = model.ledger.stretch_at(now);
    let since = stretch.interval.from;
    let (impact, id) = match stretch.state {
        State::Up if model.is_pending() => return View::Unseen { key },
        State::Up => return View::Clear { key, since },
        State::Unknown => return View::Unseen { key },
        State::Down => (Impact::Mayor, "symptom-service-down"),
        State::Degraded => (Impact::Minor, "symptom-service-degraded"),
    };
    if stretch.state == State::Degraded && now.ms_since(since) < confirm_ms(model) {
        return View::Unseen { key };
    }
    let symptom = symptom(model, id, since, model.reason_at(now).as_ref());
    View::Holds(Condition {
        key,
        impact,
        onset_at: disturbed_since(&model.ledger, since),
        symptom,
        category: "aplikasi".to_owned(),
        components: model.service.hosts.iter().map(ToString::to_string).collect(),
        affected: vec![model.service.id.clone()],
        flapping_since: match stretch.state {
            State::Down => flapping_since(&model.ledger, since, flap),
            State::Up | State::Degraded | State::Unknown => None,
        },
    })
}

/// What is told of a service in trouble since `since`.
fn symptom(model: &ServiceModel, id: &str, since: Timestamp, reason: Option<&Phrase>) -> Phrase {
    let of = |name: &str| {
        let args = reason.map(|r| r.args.as_slice()).unwrap_or_default();
        args.iter().find(|(n, _)| n == name).map_or_else(String::new, |(_, value)| value.clone())
    };
    Phrase::new(id)
        .with("service", &model.service.name)
        .with("check", of("check"))
        .with("reason", of("reason"))
        .with("phase", of("phase"))
        .with("since_at", since)
}

/// A service that was down by what is maintained until something else failed is in trouble by that, and since then.
pub(crate) fn retold(model: &ServiceModel, maintained: &Maintained, view: View) -> View {
    let View::Holds(condition) = view else { return view };
    let since = condition.onset_at;
    let own = condition.key.class == TicketClass::Access && maintained.is_cut_short(since);
    match model.reason_since(since).filter(|_| own) {
        Some(reason) => {
            let symptom = symptom(model, &condition.symptom.id, since, Some(&reason));
            View::Holds(Condition { symptom, ..condition })
        }
        None => View::Holds(condition),
    }
}
