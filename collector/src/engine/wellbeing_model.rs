//! What a host does that no service shows yet: it starts again and again, its clock is off. Conditions of the class
//! `fungsi`.

use super::host_model::HostModel;
use super::model::{Model, Plan, PlannedChange};
use crate::clock_board::{ClockBoard, ClockSeen};
use crate::domain::interval::IntervalSet;
use crate::domain::phrase::Phrase;
use crate::domain::profile::Impact;
use crate::domain::reboot::BootView;
use crate::domain::ticket::condition::{Condition, View};
use crate::domain::ticket::{Ticket, TicketClass, TicketKey, TicketScope, TicketState, stage};
use pantau_shared::timestamp::Timestamp;

/// A clock must be off for so long, in seconds.
const CLOCK_HOLD_S: i64 = 600;
/// A clock that was not seen for so long is unseen, in milliseconds.
const CLOCK_FRESH_MS: i64 = 600_000;

/// Parts of a host's keys.
const REBOOT: &str = "reboot";
const CLOCK: &str = "clock";

fn key_of(host: &HostModel, part: &str) -> TicketKey {
    TicketKey { scope: TicketScope::Host(host.record.id.clone(), part.to_owned()), class: TicketClass::Function }
}

fn holds(set: &IntervalSet, at: Timestamp) -> bool {
    set.as_slice().iter().any(|interval| interval.contains(at))
}

impl Model {
    /// What is seen of a host's starts and its clock; nothing where neither was ever odd.
    pub(super) fn wellbeing_views(&self, host: &HostModel, now: Timestamp) -> Vec<View> {
        self.boot_view(host, now).into_iter().chain(self.clock_view(host, now)).collect()
    }

    fn wellbeing(&self, host: &HostModel, key: TicketKey, onset_at: Timestamp, symptom: Phrase) -> View {
        // It goes on since the ticket says so: not anew with every look.
        let ticket = self.holder(&key).filter(|ticket| ticket.state != TicketState::Pulih);
        let onset_at = ticket.map_or(onset_at, |ticket| ticket.life.episode_at);
        View::Holds(Condition {
            key,
            impact: Impact::Minor,
            onset_at,
            symptom: symptom.with("host", self.host_name(&host.record.id)),
            category: "sistem_operasi".to_owned(),
            components: vec![host.record.id.to_string()],
            affected: self.services_on(host),
            flapping_since: None,
        })
    }

    fn boot_view(&self, host: &HostModel, now: Timestamp) -> Option<View> {
        if host.boots.list().is_empty() {
            return None;
        }
        let windows = self.windows.of_host(&host.record.id);
        let key = key_of(host, REBOOT);
        Some(match host.boots.view(self.catalogue.reboots, |at| holds(windows, at), now) {
            BootView::Often { count, since } => {
                let symptom = Phrase::new("symptom-host-reboots").with("count", count).with("since_at", since);
                self.wellbeing(host, key, since, symptom)
            }
            BootView::Quiet(since) => View::Clear { key, since: since? },
        })
    }

    fn clock_view(&self, host: &HostModel, now: Timestamp) -> Option<View> {
        let seen = host.clock?;
        let key = key_of(host, CLOCK);
        Some(match seen.is_off() {
            _ if now.ms_since(seen.last) > CLOCK_FRESH_MS => View::Unseen { key },
            true if now >= seen.since.plus_secs(CLOCK_HOLD_S) => {
                let symptom = Phrase::new("symptom-clock-off")
                    .with("offset_s", seen.skew_ms.unsigned_abs() / 1000)
                    .with("direction", if seen.skew_ms > 0 { "ahead" } else { "behind" })
                    .with("since_at", seen.since);
                self.wellbeing(host, key, seen.since, symptom)
            }
            true => View::Unseen { key },
            false => View::Clear { key, since: seen.since },
        })
    }

    /// When passing of time may next change what is seen of them.
    pub(super) fn next_wellbeing_look(&self, host: &HostModel, now: Timestamp) -> Option<Timestamp> {
        let resolve = i64::from(self.catalogue.tickets.resolve_after_seconds);
        let boots = host.boots.next_change(now);
        let resolved = host.boots.list().iter().map(|at| at.plus_secs(86_400 + resolve)).find(|at| *at > now);
        let clock = host.clock.map(|seen| seen.since.plus_secs(if seen.is_off() { CLOCK_HOLD_S } else { resolve }));
        [boots, resolved, clock].into_iter().flatten().filter(|at| *at > now).min()
    }

    /// Takes what the board says: news, and the clocks of which a ticket is open and nothing was heard here yet.
    pub(super) fn take_clocks(&mut self, board: &ClockBoard) {
        for (id, seen) in board.take_changed() {
            self.take_clock(&id, seen);
        }
        let waiting = self.tickets.values().filter_map(|ticket| match &ticket.key.scope {
            TicketScope::Host(id, part) if part == CLOCK => Some(id.clone()),
            TicketScope::Host(..)
            | TicketScope::Service(_)
            | TicketScope::Backup(_)
            | TicketScope::Check(_)
            | TicketScope::Alert(_)
            | TicketScope::Site
            | TicketScope::Rule(_) => None,
        });
        for id in waiting.collect::<Vec<_>>() {
            let unknown = self.hosts.place(&id).is_some_and(|place| self.hosts[place].clock.is_none());
            if let Some(seen) = board.of(&id).filter(|_| unknown) {
                self.take_clock(&id, seen);
            }
        }
    }

    fn take_clock(&mut self, id: &pantau_shared::ids::HostId, seen: ClockSeen) {
        if let Some(place) = self.hosts.place(id) {
            self.hosts[place].clock = Some(seen);
            self.touch(super::deadlines::Subject::Host(place));
        }
    }

    /// An unplanned start of a host is noted in the tickets that name it, once.
    pub(super) fn note_boot(&mut self, place: usize, now: Timestamp, plan: &mut Plan) {
        let host = &mut self.hosts[place];
        let fresh = host.booted.take().filter(|at| *at >= self.listening_since);
        let host = &self.hosts[place];
        let Some(at) = fresh.filter(|at| !holds(self.windows.of_host(&host.record.id), *at)) else { return };
        let (id, name) = (host.record.id.to_string(), self.host_name(&host.record.id));
        let text = Phrase::new("activity-host-booted").with("host", name).with("booted_at", at.floor_second());
        let changing = |plan: &Plan, ticket: &Ticket| {
            plan.changes.iter().any(|change| match change {
                PlannedChange::Change { ticket: other, .. } | PlannedChange::Release(other) => {
                    other.number == ticket.number
                }
                PlannedChange::Open(..) => false,
            })
        };
        let named = self.tickets.values().filter(|ticket| ticket.components.contains(&id));
        for ticket in named.filter(|ticket| ticket.state != TicketState::Pulih) {
            if changing(plan, ticket) {
                continue;
            }
            let Some((noted, activity)) = stage::note(ticket, text.clone(), now) else { continue };
            plan.changes.push(PlannedChange::Change { ticket: Box::new(noted), activity, event: None });
        }
    }
}
