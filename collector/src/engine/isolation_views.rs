//! What the model sees of isolated vantages: failures that are doubted, and the ticket of a vantage that is cut off.
//!
//! The ticket is the one of the host's silence (key `host:ID|kehilangan_pemantauan`): that nothing is heard of a host and
//! that a host sees nothing is the same loss, and while a storm lasts it is part of the storm. So a collector that is cut
//! off together with the vantage beside it makes one ticket.

use super::model::Model;
use super::service_model::ServiceModel;
use crate::domain::catalogue::ServiceId;
use crate::domain::isolation::LOSS_AFTER_S;
use crate::domain::phrase::Phrase;
use crate::domain::profile::Impact;
use crate::domain::state::State;
use crate::domain::ticket::TicketKey;
use crate::domain::ticket::condition::{Condition, View};
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeSet;

/// Services listed as affected; the symptom tells how many there are.
const AFFECTED_MAX: usize = 50;

impl Model {
    /// Until when the state of the service at `now` is doubted: it would be another one if the failures that no witness has
    /// been asked about were a vantage's blindness.
    pub(super) fn doubted_until(&self, service: &ServiceModel, now: Timestamp) -> Option<Timestamp> {
        let state = service.ledger.state_at(now);
        match state {
            State::Down | State::Degraded => {}
            State::Up | State::Unknown => return None,
        }
        let doubts = |(place, host, at)| Some((place, self.isolation.of(host)?.doubts(at, now)?));
        let doubted: Vec<(usize, Timestamp)> = service.failing().filter_map(doubts).collect();
        let until = doubted.iter().map(|(_, until)| *until).min()?;
        let blind = |place| doubted.iter().any(|(doubted, _)| *doubted == place);
        (service.state_without(now, blind) != state).then_some(until)
    }

    /// What is seen of a service, where doubt leaves nothing to be seen.
    pub(super) fn beyond_doubt(&self, service: &ServiceModel, view: View, now: Timestamp) -> View {
        match view {
            View::Holds(condition) if self.doubted_until(service, now).is_some() => View::Unseen { key: condition.key },
            View::Holds(_) | View::Clear { .. } | View::Unseen { .. } => view,
        }
    }

    /// Why nothing is known of the service at `place`, where that is because a vantage of it is cut off.
    pub(super) fn blindness(&self, place: usize, now: Timestamp) -> Option<Phrase> {
        let service = self.services.get(place)?;
        let isolated = |host| Some((host, self.isolation.of(host)?.isolated_at(now)?));
        let (host, isolated) = service.vantages.iter().find_map(|vantage| isolated(&vantage.host))?;
        let name = self.host_name(host);
        Some(Phrase::new("reason-vantage-isolated").with("host", name).with("since_at", isolated.from))
    }

    /// When, after `now`, passing of time alone changes what is seen of the host at `place` as a vantage.
    pub(super) fn next_isolation_looks(&self, place: usize, now: Timestamp) -> impl Iterator<Item = Timestamp> {
        let isolation = self.isolation.of(&self.hosts[place].record.id);
        let isolated = isolation.and_then(|isolation| isolation.isolated_at(now));
        let resolve = i64::from(self.catalogue.tickets.resolve_after_seconds);
        let ended = isolation.and_then(|isolation| isolation.ended_at()).map(|(end, _)| end.plus_secs(resolve));
        isolated.into_iter().flat_map(|i| [i.from.plus_secs(LOSS_AFTER_S), i.to]).chain(ended)
    }

    /// What is seen of the loss of monitoring by a host that is heard, and has been since `heard_since`.
    pub(super) fn isolation_view(&self, place: usize, key: TicketKey, heard_since: Timestamp, now: Timestamp) -> View {
        let host = &self.hosts[place];
        let Some(isolation) = self.isolation.of(&host.record.id) else {
            return View::Clear { key, since: heard_since };
        };
        let Some(isolated) = isolation.isolated_at(now) else {
            return match isolation.ended_at() {
                Some((_, false)) => View::Unseen { key },
                Some((end, true)) => View::Clear { key, since: heard_since.max(end) },
                None => View::Clear { key, since: heard_since },
            };
        };
        let ripe = now >= isolated.from.plus_secs(LOSS_AFTER_S);
        if !ripe || (self.storm.folding && !host.silence_ticket) {
            return View::Unseen { key };
        }
        let services = isolation.asked.iter().filter_map(|place| self.services.get(*place));
        let affected: BTreeSet<&ServiceId> = services.map(|service| &service.service.id).collect();
        View::Holds(Condition {
            key,
            impact: Impact::Minor,
            onset_at: isolated.from,
            symptom: Phrase::new("symptom-vantage-isolated")
                .with("host", self.host_name(&host.record.id))
                .with("count", isolation.count())
                .with("services", affected.len())
                .with("since_at", isolated.from),
            category: "pemantauan".to_owned(),
            components: vec![host.record.id.to_string()],
            affected: affected.into_iter().take(AFFECTED_MAX).cloned().collect(),
            flapping_since: None,
        })
    }
}
