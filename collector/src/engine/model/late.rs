//! Services with late answers: taken out, replayed from what is stored apart from the model, and put back.

use super::super::service_model::ServiceModel;
use super::{Model, note};
use pantau_shared::timestamp::Timestamp;

/// A service that is replayed from its stored answers, apart from the model.
#[derive(Debug)]
pub(crate) struct LateService {
    place: usize,
    /// The earliest late answer, or what else is to be made anew.
    pub(crate) at: Timestamp,
    pub(crate) service: ServiceModel,
    /// From when its ledger is to be made anew; see [`replay`](crate::engine::load::replay).
    pub(crate) from: Option<Timestamp>,
}

impl Model {
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
}
