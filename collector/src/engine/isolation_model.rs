//! Which vantages are isolated: the bridge from witnesses' answers to the rule of `domain/isolation.rs`.
//!
//! The rule reaches back to before the answer that proves it, and an isolation's end is known only once a witness has
//! answered again. So whatever a vantage's answers change, the services it asks are made anew from the stored answers where
//! a failure of theirs is concerned, as for late answers. Until the witnesses have been asked, a failure is *doubted*: it
//! makes the ledger, and no ticket. To ask them at once when a check fails would not do instead: their failure takes as long
//! as a service's to be certain, and it would be a second thing that an agent judges. The doubt is bounded by the witnesses'
//! own intervals, and one success of any of them ends it.
//!
//! Only the newest isolations are kept; an answer from before them goes the way of late ones, which read the store.

use super::load::{self, StoredAnswers};
use super::service_model::{asked_ms, policy_of, raw_result};
use crate::domain::catalogue::{Catalogue, Check};
use crate::domain::interval::{Interval, IntervalSet};
use crate::domain::isolation::{self, WitnessTrack, needs_network};
use crate::snapshot::{VantageView, WitnessView};
use crate::store::StoreError;
use pantau_shared::ids::HostId;
use pantau_shared::probe::ProbeOutcome;
use pantau_shared::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// So much more than the good time that restores a ticket is read of the witnesses' answers at a start, in seconds.
const TAIL_S: i64 = 3_600;
/// So many isolations of a vantage are kept.
const KEPT_MAX: usize = 64;

/// One witness, as one vantage asks it.
#[derive(Debug, Clone)]
struct WitnessModel {
    /// Place in the catalogue's list.
    check: usize,
    track: WitnessTrack,
    newest: Option<(Timestamp, Arc<ProbeOutcome>)>,
}

/// One vantage that asks witnesses.
#[derive(Debug, Clone)]
pub(crate) struct VantageIsolation {
    pub(crate) host: HostId,
    witnesses: Vec<WitnessModel>,
    isolated: IntervalSet,
    /// What lies before is not known here.
    known_from: Timestamp,
    /// Services that it asks over the network.
    pub(crate) asked: Vec<usize>,
    /// Of those, which failed since a witness last succeeded.
    failing: BTreeSet<usize>,
    /// How long a failure is doubted at most, in milliseconds.
    doubt_ms: i64,
}

/// What an answer of a witness changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Testimony {
    /// It is older than the newest: the account is to be read anew.
    Late,
    /// From when the account of the vantage differs, if it does; services whose failures are no longer doubted.
    Taken(Option<Timestamp>, BTreeSet<usize>),
}

/// All vantages that ask witnesses.
#[derive(Debug, Clone, Default)]
pub(crate) struct Isolation {
    catalogue: Arc<[Check]>,
    list: Vec<VantageIsolation>,
    places: HashMap<HostId, usize>,
    /// So much is read anew at least, in seconds: an isolation that ended so lately may have a ticket that is not restored.
    tail_s: i64,
    /// Vantages that are to be read anew from the store.
    pub(crate) late: BTreeSet<usize>,
}

impl Isolation {
    /// Of `catalogue`; nothing is known yet.
    pub(crate) fn new(catalogue: &Catalogue) -> Self {
        let witnesses = Arc::clone(&catalogue.witnesses);
        let hosts: BTreeSet<&HostId> = witnesses.iter().flat_map(|witness| &witness.vantages).collect();
        let period_ms = i64::from(catalogue.sample_period_ms);
        let mut list = Vec::with_capacity(hosts.len());
        for host in hosts {
            let own = witnesses.iter().enumerate().filter(|(_, witness)| witness.vantages.contains(host));
            let own: Vec<WitnessModel> = own.map(|(check, witness)| WitnessModel::new(check, witness)).collect();
            let asks = |check: &Check| check.vantages.contains(host) && needs_network(&check.kind);
            let services = catalogue.services.iter().enumerate();
            let asked = services.filter(|(_, service)| service.checks.iter().any(asks)).map(|(place, _)| place);
            let patience = own.iter().filter_map(|w| witnesses.get(w.check)).map(patience_ms).max().unwrap_or(0);
            list.push(VantageIsolation {
                host: host.clone(),
                witnesses: own,
                isolated: IntervalSet::empty(),
                known_from: Interval::ALL.from,
                asked: asked.collect(),
                failing: BTreeSet::new(),
                // An answer travels with the next sample.
                doubt_ms: patience + 2 * period_ms,
            });
        }
        let places = list.iter().enumerate().map(|(place, vantage)| (vantage.host.clone(), place)).collect();
        let tail_s = i64::from(catalogue.tickets.resolve_after_seconds) + TAIL_S;
        Self { catalogue: witnesses, list, places, tail_s, late: BTreeSet::new() }
    }

    /// The vantage of `host`, if it asks witnesses.
    pub(crate) fn of(&self, host: &HostId) -> Option<&VantageIsolation> {
        self.list.get(*self.places.get(host)?)
    }

    /// Whether any vantage is isolated at `now`.
    pub(crate) fn is_any(&self, now: Timestamp) -> bool {
        self.list.iter().any(|vantage| vantage.isolated_at(now).is_some())
    }

    /// The vantage at a place.
    pub(crate) fn at(&self, place: usize) -> Option<&VantageIsolation> {
        self.list.get(place)
    }

    /// The vantage and the witness that an answer is of.
    pub(crate) fn find(&self, host: &HostId, check: &str) -> Option<(usize, usize)> {
        let place = *self.places.get(host)?;
        let own = self.list.get(place)?.witnesses.iter();
        let named = |w: &WitnessModel| self.catalogue.get(w.check).is_some_and(|witness| witness.id.as_str() == check);
        Some((place, own.into_iter().position(named)?))
    }

    /// Takes an answer of a witness.
    pub(crate) fn take(
        &mut self,
        (place, witness): (usize, usize),
        at: Timestamp,
        outcome: &ProbeOutcome,
    ) -> Testimony {
        let nothing = Testimony::Taken(None, BTreeSet::new());
        let Some(vantage) = self.list.get_mut(place) else { return nothing };
        let Some(model) = vantage.witnesses.get_mut(witness) else { return nothing };
        let good = model.track.good_at();
        if model.track.feed(raw_result(at, outcome)).is_err() {
            self.late.insert(place);
            return Testimony::Late;
        }
        model.newest = Some((at, Arc::new(outcome.clone())));
        let cleared =
            if model.track.good_at() == good { BTreeSet::new() } else { std::mem::take(&mut vantage.failing) };
        Testimony::Taken(vantage.refresh(), cleared)
    }

    /// A network check of the service at `service` failed, as `host` asks it.
    pub(crate) fn note_failure(&mut self, host: &HostId, service: usize) {
        let vantage = self.places.get(host).and_then(|place| self.list.get_mut(*place));
        if let Some(vantage) = vantage {
            vantage.failing.insert(service);
        }
    }

    /// Reads the vantage at `place` anew.
    pub(crate) fn reload(
        &mut self,
        reader: &impl StoredAnswers,
        place: usize,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(vantage) = self.list.get_mut(place) else { return Ok(()) };
        let (from, horizon) = (now.plus_secs(-self.tail_s), now.plus_secs(load::AHEAD_S));
        vantage.known_from = Interval::ALL.from;
        for model in &mut vantage.witnesses {
            let Some(check) = self.catalogue.get(model.check) else { continue };
            let answers = load::answers_of(reader, check, &vantage.host, from, horizon)?;
            *model = WitnessModel::new(model.check, check);
            if let Some((first, _)) = answers.first() {
                vantage.known_from = vantage.known_from.max(*first);
            }
            for (at, outcome) in answers {
                // In order of time; of two of one instant the first counts.
                if model.track.feed(raw_result(at, &outcome)).is_ok() {
                    model.newest = Some((at, Arc::new(outcome)));
                }
            }
        }
        vantage.refresh();
        vantage.failing.extend(vantage.asked.iter().copied());
        Ok(())
    }

    /// Reads all anew: at a start.
    pub(crate) fn reload_all(&mut self, reader: &impl StoredAnswers, now: Timestamp) -> Result<(), StoreError> {
        (0..self.list.len()).try_for_each(|place| self.reload(reader, place, now))
    }

    /// What outputs see.
    pub(crate) fn views(&self) -> Vec<VantageView> {
        let witness = |model: &WitnessModel| {
            let check = self.catalogue.get(model.check)?;
            let (at, outcome) = model.newest.clone().unzip();
            Some(WitnessView {
                id: check.id.clone(),
                name: check.name.clone(),
                at,
                outcome,
                down_since: model.track.down_since(),
            })
        };
        let vantage = |vantage: &VantageIsolation| VantageView {
            host: vantage.host.clone(),
            isolated: vantage.isolated.as_slice().last().copied(),
            witnesses: vantage.witnesses.iter().filter_map(witness).collect(),
        };
        self.list.iter().map(vantage).collect()
    }
}

impl WitnessModel {
    fn new(check: usize, witness: &Check) -> Self {
        Self { check, track: WitnessTrack::new(policy_of(witness)), newest: None }
    }
}

/// How long after something failed the witness has certainly been asked, and failed as often as it must.
fn patience_ms(witness: &Check) -> i64 {
    let once = i64::from(witness.timeout_ms) + i64::from(witness.retry_pause_ms);
    i64::from(witness.interval_ms) + once * i64::from(witness.confirm_failures)
}

impl VantageIsolation {
    /// Makes the account anew from the witnesses; from when it differs.
    fn refresh(&mut self) -> Option<Timestamp> {
        let isolated = isolation::isolated(self.witnesses.iter().map(|model| &model.track));
        let from = isolation::differ_from(&self.isolated, &isolated);
        self.isolated = isolated;
        let surplus = self.isolated.as_slice().len().saturating_sub(KEPT_MAX);
        if let Some(last) = surplus.checked_sub(1).and_then(|place| self.isolated.as_slice().get(place)).copied() {
            self.known_from = self.known_from.max(last.to);
            self.witnesses.iter_mut().for_each(|model| model.track.forget_before(last.to));
            self.isolated =
                self.isolated.difference(&[Interval::new(Interval::ALL.from, last.to)].into_iter().collect());
        }
        from
    }

    /// Whether the failure that arrived is the vantage's own blindness; `None`: that far back it is not known here.
    pub(crate) fn blinds(&self, at: Timestamp, outcome: &ProbeOutcome) -> Option<bool> {
        let asked_ms = asked_ms(outcome);
        (at.plus_ms(-asked_ms) >= self.known_from).then(|| isolation::overlaps(&self.isolated, asked_ms, at))
    }

    /// Until when the failure that was confirmed at `confirmed_at` is doubted, at `now`.
    pub(crate) fn doubts(&self, confirmed_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let isolated = self.isolated.iter().find(|interval| interval.contains(confirmed_at));
        if let Some(isolated) = isolated {
            // It is about to be made anew.
            return Some(isolated.to.max(now.plus_ms(1)));
        }
        let seen = self.witnesses.iter().filter_map(|model| model.track.good_at()).any(|good| good >= confirmed_at);
        let until = confirmed_at.plus_ms(self.doubt_ms);
        (!seen && now < until).then_some(until)
    }

    /// The isolation that lasts at `now`.
    pub(crate) fn isolated_at(&self, now: Timestamp) -> Option<Interval> {
        self.isolated.as_slice().last().copied().filter(|interval| interval.contains(now))
    }

    /// The end of the newest isolation, and whether a witness has succeeded since: silence ends none. Where none is known,
    /// that from which on there was none, if anything lies before.
    pub(crate) fn ended_at(&self) -> Option<(Timestamp, bool)> {
        let Some(last) = self.isolated.as_slice().last() else {
            return Some((self.known_from, true)).filter(|(from, _)| *from > Interval::ALL.from);
        };
        let seen = self.witnesses.iter().filter_map(|model| model.track.good_at()).any(|good| good >= last.to);
        Some((last.to, seen))
    }

    /// How many witnesses it asks.
    pub(crate) fn count(&self) -> usize {
        self.witnesses.len()
    }
}

/// When `host` was isolated by the stored answers of `witnesses`, certain from `from` on.
pub(crate) fn isolated(
    reader: &impl StoredAnswers,
    witnesses: &[Check],
    host: &HostId,
    from: Timestamp,
    horizon: Timestamp,
) -> Result<IntervalSet, StoreError> {
    let mut tracks = Vec::new();
    for witness in witnesses.iter().filter(|witness| witness.vantages.contains(host)) {
        let mut track = WitnessTrack::new(policy_of(witness));
        for (at, outcome) in load::answers_of(reader, witness, host, from, horizon)? {
            // In order of time; of two of one instant the first counts.
            track.feed(raw_result(at, &outcome)).ok();
        }
        tracks.push(track);
    }
    Ok(isolation::isolated(&tracks))
}

/// The isolations of several hosts, each read once.
#[derive(Debug, Default)]
pub(crate) struct IsolationsRead(BTreeMap<HostId, IntervalSet>);

impl IsolationsRead {
    /// Of all `hosts` that ask witnesses.
    pub(crate) fn load<'a>(
        reader: &impl StoredAnswers,
        witnesses: &[Check],
        hosts: impl Iterator<Item = &'a HostId>,
        from: Timestamp,
        horizon: Timestamp,
    ) -> Result<Self, StoreError> {
        let mut read = BTreeMap::new();
        for host in hosts {
            if !read.contains_key(host) && witnesses.iter().any(|witness| witness.vantages.contains(host)) {
                read.insert(host.clone(), isolated(reader, witnesses, host, from, horizon)?);
            }
        }
        Ok(Self(read))
    }

    /// That of one host; empty where it asks none.
    pub(crate) fn of(&self, host: &HostId) -> IntervalSet {
        self.0.get(host).cloned().unwrap_or_default()
    }
}
