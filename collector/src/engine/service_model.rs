//! One service in memory: its vantages' tracks and its ledger.
//!
//! A vantage keeps only what may still matter: everything before the earliest unsettled instant of the service is
//! forgotten, since only late data could change it, and late data rebuild the service from the stored answers.

use super::part_log::PartLog;
use crate::domain::catalogue::{Check, Service};
use crate::domain::certificate::SeenCertificate;
use crate::domain::composite::Formula;
use crate::domain::interval::{Interval, IntervalSet};
use crate::domain::isolation;
use crate::domain::phrase::Phrase;
use crate::domain::register::excuse::PartStretch;
use crate::domain::state::timeline::walk_together;
use crate::domain::state::{
    CheckOutcome, CheckPolicy, CheckResult, LateEffect, Proposal, Quorum, State, StateInterval, Timeline, Vantage,
    VantageTrack, late,
};
use crate::snapshot::DayView;
use crate::store::records::{LedgerEdit, LedgerRow};
use pantau_shared::ids::HostId;
use pantau_shared::probe::{ProbeOutcome, ProbeVerdict};
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// No asking takes longer, in milliseconds: the longest timeout.
const ASKED_MAX_MS: i64 = 60_000;
/// So many reasons of past stretches are remembered, for rewriting their rows.
const REASONS_MAX: usize = 256;

/// One host's view of one check.
#[derive(Debug, Clone)]
pub(crate) struct VantageModel {
    /// Place of the check in the service.
    pub(crate) check: usize,
    /// Who asks.
    pub(crate) host: HostId,
    pub(crate) policy: CheckPolicy,
    pub(crate) track: VantageTrack,
    timeline: Timeline,
    /// Newest answer.
    pub(crate) newest: Option<(Timestamp, Arc<ProbeOutcome>)>,
    /// The certificate that was shown last.
    pub(crate) certificate: Option<SeenCertificate>,
    /// Newest answer that was not good and counted, in words.
    last_bad: Option<(Timestamp, Phrase)>,
    /// Newest failure, whether it counted or not.
    last_failed: Option<Timestamp>,
    /// The answer that confirmed the outage that goes on.
    confirmed_at: Option<Timestamp>,
}

/// What making a ledger anew led to.
#[derive(Debug)]
pub(crate) struct Revised {
    /// What changes.
    pub(crate) edit: Option<LedgerEdit>,
    /// What would change if it were not final.
    pub(crate) late: Vec<Proposal>,
}

/// One service in memory.
#[derive(Debug, Clone)]
pub(crate) struct ServiceModel {
    pub(crate) service: Arc<Service>,
    pub(crate) vantages: Vec<VantageModel>,
    pub(crate) ledger: Timeline,
    reasons: BTreeMap<Timestamp, Phrase>,
    /// How its checks stood while it was down.
    pub(crate) parts: PartLog,
    /// What lies before is forgotten: an answer that changes it needs a replay.
    certain_from: Timestamp,
    /// When it was last replayed because of late answers.
    pub(crate) replayed_at: Option<Timestamp>,
    /// First moment it was watched.
    pub(crate) begins: Option<Timestamp>,
    /// Cells of past days; cut by an edit.
    pub(crate) days: Vec<DayView>,
}

/// How a check's results become states.
pub(crate) fn policy_of(check: &Check) -> CheckPolicy {
    let mut policy = CheckPolicy::for_interval_ms(u64::from(check.interval_ms));
    policy.confirm_failures = check.confirm_failures;
    policy
}

/// A stored answer as it came.
pub(crate) fn raw_result(at: Timestamp, outcome: &ProbeOutcome) -> CheckResult {
    CheckResult { at, outcome: outcome.verdict().into() }
}

/// A stored answer of `check` as it counts, where who asked was `isolated`.
pub(crate) fn result_of(check: &Check, isolated: &IntervalSet, at: Timestamp, outcome: &ProbeOutcome) -> CheckResult {
    let raw = raw_result(at, outcome);
    // Most vantages never were.
    let concerned = !isolated.is_empty() && isolation::needs_network(&check.kind);
    if concerned { isolation::apply(isolated, asked_ms(outcome), raw) } else { raw }
}

/// How long the asking took, in milliseconds, rounded up.
pub(crate) fn asked_ms(outcome: &ProbeOutcome) -> i64 {
    i64::try_from(outcome.duration_us.div_ceil(1000)).unwrap_or(i64::MAX).min(ASKED_MAX_MS)
}

impl VantageModel {
    fn new(check: usize, host: HostId, policy: CheckPolicy) -> Self {
        let (track, timeline) = (VantageTrack::new(policy), Timeline::unknown());
        Self {
            check,
            host,
            policy,
            track,
            timeline,
            newest: None,
            certificate: None,
            last_bad: None,
            last_failed: None,
            confirmed_at: None,
        }
    }

    /// Takes an answer in order of time; from when the timeline may differ. `None`: it is late.
    fn feed(&mut self, check: &Check, result: CheckResult, outcome: &ProbeOutcome) -> Option<Timestamp> {
        let change = self.track.feed(result).ok()?;
        let (at, counts) = (result.at, raw_result(result.at, outcome) == result);
        if outcome.verdict() == ProbeVerdict::Failed {
            self.last_failed = Some(at);
        }
        let confirmed = change.confirmed_down_since.map_or(self.confirmed_at, |_| Some(at));
        self.confirmed_at = confirmed.filter(|_| self.track.down_since().is_some());
        self.timeline.replace_from(change.replace_from, &change.settled);
        self.newest = Some((at, Arc::new(outcome.clone())));
        if let Some(expires_at) = outcome.certificate_expires_at {
            self.certificate = Some(SeenCertificate::after(self.certificate, Timestamp::from_secs(expires_at), at));
        }
        let bad = match outcome.verdict() {
            ProbeVerdict::Failed => Some("reason-check-failed"),
            ProbeVerdict::Degraded => Some("reason-check-degraded"),
            ProbeVerdict::Ok | ProbeVerdict::ProbeError | ProbeVerdict::Unspecified => None,
        };
        if let Some(id) = bad.filter(|_| counts) {
            let phrase = Phrase::new(id)
                .with("check", &check.name)
                .with("host", &self.host)
                .with("reason", &outcome.reason)
                .with("phase", outcome.phase().name());
            self.last_bad = Some((at, phrase));
        }
        Some(change.replace_from)
    }

    /// Until when the newest answer holds.
    fn horizon(&self) -> Option<Timestamp> {
        self.track.horizon()
    }

    /// The timeline up to the horizon.
    pub(super) fn known(&self) -> Timeline {
        let mut timeline = self.timeline.clone();
        if let (Some(from), Some(to)) = (self.track.settled_until(), self.horizon()) {
            timeline.replace_from(from, &self.track.tail(to));
        }
        timeline
    }
}

impl ServiceModel {
    /// A service of which nothing is known.
    pub(crate) fn new(service: &Service) -> Self {
        let mut vantages = Vec::new();
        for (index, check) in service.checks.iter().enumerate() {
            let new = |host: &HostId| VantageModel::new(index, host.clone(), policy_of(check));
            vantages.extend(check.vantages.iter().map(new));
        }
        Self {
            service: Arc::new(service.clone()),
            vantages,
            ledger: Timeline::unknown(),
            reasons: BTreeMap::new(),
            parts: PartLog::new(service),
            certain_from: Interval::ALL.from,
            replayed_at: None,
            begins: None,
            days: Vec::new(),
        }
    }

    /// Takes the stored ledger, and how the checks stood where it is down.
    pub(crate) fn load_ledger(&mut self, rows: Vec<LedgerRow>, begins: Option<Timestamp>, parts: Vec<PartStretch>) {
        self.begins = begins;
        self.parts.load(parts);
        for row in rows {
            if let Some(reason) = row.reason {
                self.reasons.insert(row.from, reason);
            }
            self.ledger.append(StateInterval { interval: Interval::new(row.from, row.to), state: row.state });
        }
    }

    /// Takes an answer of the vantage at `index`, which is its own blindness where `blinded`; from when the timeline may
    /// differ. `None`: it is late, or reaches back to what is forgotten.
    pub(crate) fn feed(
        &mut self,
        index: usize,
        at: Timestamp,
        outcome: &ProbeOutcome,
        blinded: bool,
    ) -> Option<Timestamp> {
        // Also one of the newest instant: after a restart the replay has seen facts that the cursor has not passed, and a
        // failure must not count twice.
        let known = self.vantages.get(index)?.track.last().is_some_and(|last| at <= last.at);
        let counted = if blinded { CheckOutcome::ProbeError } else { outcome.verdict().into() };
        let result = CheckResult { at, outcome: counted };
        if known { None } else { self.take(index, result, outcome).filter(|from| *from >= self.certain_from) }
    }

    fn take(&mut self, index: usize, result: CheckResult, outcome: &ProbeOutcome) -> Option<Timestamp> {
        let vantage = self.vantages.get_mut(index)?;
        let check = self.service.checks.get(vantage.check)?;
        vantage.feed(check, result, outcome)
    }

    /// Whether the vantage at `index` asks over the network: its failures may be its own blindness.
    pub(crate) fn needs_network(&self, index: usize) -> bool {
        let check = self.vantages.get(index).and_then(|vantage| self.service.checks.get(vantage.check));
        check.is_some_and(|check| isolation::needs_network(&check.kind))
    }

    /// The newest failure that `host` saw over the network, whether it counted or not.
    pub(crate) fn last_failed(&self, host: &HostId) -> Option<Timestamp> {
        let own = self.vantages.iter().enumerate().filter(|(index, v)| v.host == *host && self.needs_network(*index));
        own.filter_map(|(_, vantage)| vantage.last_failed).max()
    }

    /// Vantages that see an outage over the network: who asks, the failure that confirmed it, and the place.
    pub(crate) fn failing(&self) -> impl Iterator<Item = (usize, &HostId, Timestamp)> {
        let all = self.vantages.iter().enumerate();
        let failing = all.filter_map(|(index, vantage)| Some((index, &vantage.host, vantage.confirmed_at?)));
        failing.filter(|(index, ..)| self.needs_network(*index))
    }

    /// Its state at `at` if the vantages of which `blind` is true saw nothing.
    pub(crate) fn state_without(&self, at: Timestamp, blind: impl Fn(usize) -> bool) -> State {
        let state = |place: usize, vantage: &VantageModel| {
            if blind(place) { State::Unknown } else { vantage.known().state_at(at) }
        };
        let checks: Vec<State> = (0..self.service.checks.len())
            .map(|index| {
                let of_check = self.vantages.iter().enumerate().filter(|(_, vantage)| vantage.check == index);
                self.quorum(index).evaluate(of_check.map(|(place, v)| (state(place, v), self.is_decisive(v))))
            })
            .collect();
        self.formula().evaluate(&checks)
    }

    /// The vantages are certain from here on: they were replayed.
    pub(crate) fn replayed_from(&mut self, from: Timestamp) {
        self.certain_from = from;
    }

    /// Starts the vantage at `index` anew from stored answers in order of time; when who asked was `isolated`.
    pub(crate) fn replay(&mut self, index: usize, answers: &[(Timestamp, ProbeOutcome)], isolated: &IntervalSet) {
        let Some(old) = self.vantages.get(index) else { return };
        let fresh = VantageModel::new(old.check, old.host.clone(), old.policy);
        let (failed, first) = (old.last_failed, old.newest.is_none());
        if let Some(place) = self.vantages.get_mut(index) {
            *place = fresh;
        }
        let Some(check) = self.vantages.get(index).and_then(|vantage| self.service.checks.get(vantage.check)) else {
            return;
        };
        let results: Vec<CheckResult> =
            answers.iter().map(|(at, outcome)| result_of(check, isolated, *at, outcome)).collect();
        for ((_, outcome), result) in answers.iter().zip(results) {
            self.take(index, result, outcome);
        }
        if let Some(vantage) = self.vantages.get_mut(index) {
            // The answers may begin after a failure. At a start nothing is known of any: there may have been one.
            let unseen = vantage.newest.as_ref().filter(|_| first).map(|(at, _)| *at);
            vantage.last_failed = [vantage.last_failed, failed, unseen].into_iter().flatten().max();
        }
    }

    /// The earliest instant that a next answer in order of time may still change.
    pub(crate) fn settled_until(&self) -> Option<Timestamp> {
        self.vantages.iter().filter_map(|v| v.track.settled_until()).min()
    }

    /// Whether failures are seen that are not yet confirmed.
    pub(crate) fn is_pending(&self) -> bool {
        self.vantages.iter().any(|v| v.track.pending_since().is_some())
    }

    /// Why it stands as it does at `at`.
    pub(crate) fn reason_at(&self, at: Timestamp) -> Option<Phrase> {
        self.reasons.get(&self.ledger.stretch_at(at).interval.from).cloned()
    }

    /// Why it is down by checks that failed at `at`, where others were down before.
    pub(crate) fn reason_since(&self, at: Timestamp) -> Option<Phrase> {
        let failing = self.parts.failing_since(at);
        let of = |vantage: &&VantageModel| {
            self.service.checks.get(vantage.check).is_some_and(|check| failing.contains(&&check.id))
        };
        let bad = self.vantages.iter().filter(of).filter_map(|v| v.last_bad.as_ref().map(|(at, why)| (at, why, v)));
        let (_, phrase, vantage) = bad.max_by_key(|(at, ..)| **at)?;
        Some(self.placed(phrase, vantage, false))
    }

    /// How the vantages of the check at `index` are joined.
    pub(crate) fn quorum(&self, index: usize) -> Quorum {
        let count = self.vantages.iter().filter(|v| v.check == index).count();
        let check = self.service.checks.get(index);
        check.map_or_else(|| Quorum::for_vantages(count), |check| check.quorum.rule(count))
    }

    /// Whether the vantage's *down* alone is a *down*.
    pub(crate) fn is_decisive(&self, vantage: &VantageModel) -> bool {
        self.service.checks.get(vantage.check).is_some_and(|check| check.quorum.is_decisive(&vantage.host))
    }

    /// How the checks make the service.
    pub(crate) fn formula(&self) -> Formula {
        self.service.formula()
    }

    /// The timeline of the service over `window` from its vantages, and those of its checks.
    fn evaluate(&self, window: Interval) -> (Vec<StateInterval>, Vec<Timeline>) {
        let known: Vec<Timeline> = self.vantages.iter().map(VantageModel::known).collect();
        let mut checks = Vec::new();
        for index in 0..self.service.checks.len() {
            let of_check = self.vantages.iter().zip(&known).filter(|(v, _)| v.check == index);
            let views: Vec<Vantage<'_>> =
                of_check.map(|(v, timeline)| Vantage { timeline, decisive: self.is_decisive(v) }).collect();
            checks.push(Timeline::from_intervals(self.quorum(index).merge(&views, window)));
        }
        let formula = self.formula();
        let timelines: Vec<&Timeline> = checks.iter().collect();
        let mut merged = Timeline::unknown();
        walk_together(&timelines, window, |interval, states| {
            merged.append(StateInterval { interval, state: formula.evaluate(states) });
        });
        (merged.segments(window).filter(|s| s.state != State::Unknown).collect(), checks)
    }

    /// Makes the ledger from `from` on anew. What lies before `open_from` is of final months: it stays, and where the
    /// answers say otherwise, that is told.
    pub(crate) fn revise(&mut self, from: Timestamp, open_from: Timestamp) -> Revised {
        let horizon = self.vantages.iter().filter_map(VantageModel::horizon).max();
        let window = Interval::new(from, horizon.unwrap_or(from).max(from));
        let (stretches, checks) = self.evaluate(window);
        let late = self.late_in_final(&stretches, Interval::new(from, open_from.min(window.to)));
        let from = from.max(open_from);
        let open = Interval::new(from, window.to.max(from));
        let cut = |s: StateInterval| StateInterval { interval: s.interval.intersection(open), state: s.state };
        let stretches = stretches.into_iter().map(cut).filter(|s| !s.interval.is_empty()).collect();
        Revised { edit: self.replace(open, stretches, &checks), late }
    }

    /// How `stretches` differ from the ledger within `window`, which is final; before it was first watched a service has
    /// no figures to correct.
    fn late_in_final(&self, stretches: &[StateInterval], window: Interval) -> Vec<Proposal> {
        let window = Interval::new(window.from.max(self.begins.unwrap_or(window.to)), window.to);
        if window.is_empty() {
            return Vec::new();
        }
        match late::evaluate(&self.ledger, &Timeline::from_intervals(stretches.iter().copied()), window, true) {
            LateEffect::Propose(differing) => differing,
            LateEffect::Nothing | LateEffect::ReplaceFrom(_) => Vec::new(),
        }
    }

    /// Puts `stretches` in the place of what the ledger says from the begin of `window` on; the edit, if anything differs.
    fn replace(
        &mut self,
        window: Interval,
        mut stretches: Vec<StateInterval>,
        checks: &[Timeline],
    ) -> Option<LedgerEdit> {
        let from = window.from;
        let parts = self.parts.replace(&self.service, window, &stretches, checks);
        let old_end = self.ledger.changes().last().map_or(from, |(at, _)| *at);
        let before: Vec<StateInterval> = self
            .ledger
            .segments(Interval::new(from, old_end.max(window.to)))
            .filter(|s| s.state != State::Unknown)
            .collect();
        if let Some(settled) = self.settled_until() {
            self.vantages.iter_mut().for_each(|v| v.timeline.forget_before(settled));
            self.certain_from = self.certain_from.max(settled);
        }
        if before == stretches && parts.is_none() {
            return None;
        }
        let mut replace_from = from;
        let left = self.ledger.stretch_at(from.plus_ms(-1));
        if let Some(first) = stretches.first_mut().filter(|s| s.interval.from == from && s.state == left.state) {
            // One row per stretch: an answer that says the same again makes the row longer.
            first.interval.from = left.interval.from;
            replace_from = left.interval.from;
        }
        self.ledger.replace_from(replace_from, &stretches);
        // What began at or after the edit is made anew with it: a provisional first state may turn out to be unknown.
        let first = stretches.first().map(|s| s.interval.from);
        self.begins = self.begins.filter(|begins| *begins < replace_from).or(first);
        Some(LedgerEdit {
            service: self.service.id.clone(),
            replace_from,
            rows: self.rows(replace_from, from, &stretches, checks),
            parts,
        })
    }

    /// The rows of `stretches`, which follow from the timelines of the checks from `known_from` on.
    fn rows(
        &mut self,
        replace_from: Timestamp,
        known_from: Timestamp,
        stretches: &[StateInterval],
        checks: &[Timeline],
    ) -> Vec<LedgerRow> {
        let mut old = self.reasons.split_off(&replace_from);
        let row = |s: &StateInterval| {
            let reason = match s.state {
                State::Down | State::Degraded => {
                    let at = s.interval.from.max(known_from);
                    old.remove(&s.interval.from).or_else(|| self.newest_reason(s, &responsible(s.state, checks, at)))
                }
                State::Up | State::Unknown => None,
            };
            LedgerRow { from: s.interval.from, to: s.interval.to, state: s.state, reason }
        };
        let rows: Vec<LedgerRow> = stretches.iter().map(row).collect();
        self.reasons.extend(rows.iter().filter_map(|r| Some((r.from, r.reason.clone()?))));
        while self.reasons.len() > REASONS_MAX {
            self.reasons.pop_first();
        }
        rows
    }

    /// The newest bad answer within the stretch: of a decisive vantage of a check that makes the state, else of any
    /// vantage of such a check, else of any.
    fn newest_reason(&self, stretch: &StateInterval, responsible: &[usize]) -> Option<Phrase> {
        let rank = |v: &VantageModel| {
            let decisive = self.service.checks.get(v.check).is_some_and(|check| check.quorum.is_decisive(&v.host));
            (responsible.contains(&v.check), decisive)
        };
        let bad = self.vantages.iter().filter_map(|v| v.last_bad.as_ref().map(|(at, phrase)| (rank(v), at, phrase, v)));
        let inside = bad.filter(|(_, at, ..)| stretch.interval.contains(**at));
        let ((_, decisive), _, phrase, vantage) = inside.max_by_key(|(rank, at, ..)| (*rank, **at))?;
        Some(self.placed(phrase, vantage, decisive && stretch.state == State::Down))
    }

    /// The reason with the component it concerns, and whether the vantage decided alone.
    fn placed(&self, phrase: &Phrase, vantage: &VantageModel, decisive: bool) -> Phrase {
        let mut phrase = phrase.clone();
        if let Some(component) = self.service.component_of(vantage.check) {
            phrase.id = format!("{}-of", phrase.id);
            phrase = phrase.with("component", &component.name);
        }
        if decisive {
            phrase.id = format!("{}-decisive", phrase.id);
        }
        phrase
    }
}

/// The checks whose own state makes the service's at `at`: those that stand as badly, else those that are worse than up.
fn responsible(state: State, checks: &[Timeline], at: Timestamp) -> Vec<usize> {
    let states = || checks.iter().enumerate().map(|(place, timeline)| (place, timeline.state_at(at)));
    let equal: Vec<usize> = states().filter(|(_, s)| *s == state).map(|(place, _)| place).collect();
    if equal.is_empty() {
        states().filter(|(_, s)| matches!(s, State::Down | State::Degraded)).map(|(place, _)| place).collect()
    } else {
        equal
    }
}
