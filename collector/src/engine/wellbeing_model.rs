//! What a host does that no service shows yet: it starts again and again, its clock is off, its units stay failed.
//! Conditions of the class `fungsi`.

use super::host_model::{HostModel, gap_ms};
use super::model::{Model, Plan, PlannedChange};
use super::wellbeing_view::{CLOCK, REBOOT, Wellbeing};
use crate::clock_board::{ClockBoard, ClockSeen};
use crate::domain::phrase::Phrase;
use crate::domain::reboot::BootView;
use crate::domain::ticket::condition::{Condition, View};
use crate::domain::ticket::{Ticket, TicketState, stage};
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;

/// A clock must be off for so long, in seconds.
const CLOCK_HOLD_S: i64 = 600;
/// A clock that was not seen for so long is unseen, in milliseconds.
const CLOCK_FRESH_MS: i64 = 600_000;

impl Model {
    /// What is seen of a host's starts, its clock and its units; nothing where none was ever odd.
    pub(super) fn wellbeing_views(&self, host: &HostModel, now: Timestamp) -> Vec<View> {
        let views = self.boot_view(host, now).into_iter().chain(self.clock_view(host, now));
        let views = views.chain(self.units_view(host, now));
        views.map(|view| self.going_on(view)).collect()
    }

    /// It goes on since the ticket says so: not anew with every look.
    fn going_on(&self, view: View) -> View {
        let View::Holds(condition) = view else { return view };
        let ticket = self.holder(&condition.key).filter(|ticket| ticket.state != TicketState::Pulih);
        let onset_at = ticket.map_or(condition.onset_at, |ticket| ticket.life.episode_at);
        View::Holds(Condition { onset_at, ..condition })
    }

    fn boot_view(&self, host: &HostModel, now: Timestamp) -> Option<View> {
        if host.boots.list().is_empty() {
            return None;
        }
        let windows = self.windows.of_host(&host.record.id);
        let name = self.host_name(&host.record.id);
        let of = Wellbeing { host: &host.record.id, name: &name };
        Some(match host.boots.view(self.catalogue.reboots, |at| windows.contains(at), now) {
            BootView::Often { count, since } => {
                let symptom = Phrase::new("symptom-host-reboots").with("count", count).with("since_at", since);
                View::Holds(of.condition(REBOOT, since, symptom, self.services_on(host)))
            }
            BootView::Quiet(since) => View::Clear { key: of.key(REBOOT), since: since? },
        })
    }

    /// One disturbance by two sources: the skew at receipt, and what the host's own timekeeping says. Either makes it;
    /// it is good when both are that tell anything.
    fn clock_view(&self, host: &HostModel, now: Timestamp) -> Option<View> {
        let odd = host.clock.is_some() || host.own_clock.is_wrong() || host.held > 0;
        if !odd || (host.clock.is_none() && !host.own_clock.is_told()) {
            return None;
        }
        let name = self.host_name(&host.record.id);
        let of = Wellbeing { host: &host.record.id, name: &name };
        let own = host.own_clock.view(self.catalogue.own_clocks, gap_ms(&self.catalogue), now);
        let own = host.own_clock.is_told().then(|| of.own_clock(own, || self.services_on(host)));
        let skew = host.clock.map(|seen| self.skew_view(&of, host, seen, now));
        Some(match (skew, own) {
            (Some(view @ View::Holds(_)), _) | (_, Some(view @ View::Holds(_))) => view,
            (Some(view @ View::Unseen { .. }), _) | (_, Some(view @ View::Unseen { .. })) => view,
            (Some(View::Clear { key, since }), Some(View::Clear { since: own, .. })) => {
                View::Clear { key, since: since.max(own) }
            }
            (Some(view), None) | (None, Some(view)) => view,
            (None, None) => View::Unseen { key: of.key(CLOCK) },
        })
    }

    /// What the skew at receipt says. One that is right is not told again while it is: it stays good as long as the host
    /// is heard.
    fn skew_view(&self, of: &Wellbeing<'_>, host: &HostModel, seen: ClockSeen, now: Timestamp) -> View {
        let key = of.key(CLOCK);
        match seen.is_off() {
            true if now.ms_since(seen.last) > CLOCK_FRESH_MS => View::Unseen { key },
            true if now >= seen.since.plus_secs(CLOCK_HOLD_S) => {
                let symptom = Phrase::new("symptom-clock-off")
                    .with("offset_s", seen.skew_ms.unsigned_abs() / 1000)
                    .with("direction", if seen.skew_ms > 0 { "ahead" } else { "behind" })
                    .with("since_at", seen.since);
                View::Holds(of.condition(CLOCK, seen.since, symptom, self.services_on(host)))
            }
            true => View::Unseen { key },
            false if now.ms_since(host.last_seen().max(seen.last)) > CLOCK_FRESH_MS => View::Unseen { key },
            false if self.is_silent(host, now) => View::Unseen { key },
            false => View::Clear { key, since: seen.since },
        }
    }

    fn units_view(&self, host: &HostModel, now: Timestamp) -> Option<View> {
        if !host.units.any() && host.held == 0 {
            return None;
        }
        let name = self.host_name(&host.record.id);
        let of = Wellbeing { host: &host.record.id, name: &name };
        let seen = host.units.view(self.catalogue.failed_units, gap_ms(&self.catalogue), now);
        Some(of.units(seen, || self.services_on(host)))
    }

    /// When passing of time may next change what is seen of them.
    pub(super) fn next_wellbeing_look(&self, host: &HostModel, now: Timestamp) -> Option<Timestamp> {
        let resolve = i64::from(self.catalogue.tickets.resolve_after_seconds);
        let boots = host.boots.next_change(now);
        let resolved = host.boots.list().iter().map(|at| at.plus_secs(86_400 + resolve)).find(|at| *at > now);
        let clock = host.clock.map(|seen| seen.since.plus_secs(if seen.is_off() { CLOCK_HOLD_S } else { resolve }));
        let good = [host.own_clock.good_since(), host.units.good_since()];
        let good = good.into_iter().flatten().filter(|_| host.held > 0).map(|since| since.plus_secs(resolve));
        [boots, resolved, clock].into_iter().flatten().chain(good).filter(|at| *at > now).min()
    }

    /// Takes what the board says: news, and what was seen last before this program listened.
    pub(super) fn take_clocks(&mut self, board: &ClockBoard) {
        for (id, seen) in board.take_changed() {
            self.take_clock(&id, seen);
        }
        let known = self.hosts.iter().filter(|host| {
            let before = host.clock.is_some_and(|seen| seen.last < self.listening_since);
            before || (host.clock.is_none() && host.held > 0)
        });
        let known: Vec<HostId> = known.map(|host| host.record.id.clone()).collect();
        for id in known {
            if let Some(seen) = board.of(&id) {
                self.take_clock(&id, seen);
            }
        }
    }

    fn take_clock(&mut self, id: &HostId, seen: ClockSeen) {
        if let Some(place) = self.hosts.place(id) {
            let host = &mut self.hosts[place];
            // A board begins anew with the program: what was seen before goes on where no more than a moment lies between.
            let before = host.clock.filter(|before| {
                before.is_off() == seen.is_off() && seen.since.ms_since(before.last) <= CLOCK_FRESH_MS
            });
            let since = before.map_or(seen.since, |before| before.since.min(seen.since));
            host.clock = Some(ClockSeen { since, ..seen });
            self.touch(super::deadlines::Subject::Host(place));
        }
    }

    /// An unplanned start of a host is noted in the tickets that name it, once.
    pub(super) fn note_boot(&mut self, place: usize, now: Timestamp, plan: &mut Plan) {
        let host = &mut self.hosts[place];
        let fresh = host.booted.take().filter(|at| *at >= self.listening_since);
        let host = &self.hosts[place];
        let Some(at) = fresh.filter(|at| !self.windows.of_host(&host.record.id).contains(*at)) else { return };
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
