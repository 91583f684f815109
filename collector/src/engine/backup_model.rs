//! One backup set in memory: what is known of its backups, what its job told, and what people did to prove it.
//!
//! What a look or a signal taught is pending until the next decision is committed; a commit that fails makes the model
//! anew from the store, where looks and signals still are.

use crate::domain::catalogue::{BackupRules, BackupSet, Service, ServiceClass};
use crate::domain::register::finality;
use crate::domain::rpo::heartbeat::{Ping, Run, RunBasis};
use crate::domain::rpo::job::{self, JobPlan, JobState, PINGS_MAX};
use crate::domain::rpo::late::{self, HeldRecord};
use crate::domain::rpo::plausibility::{
    RUN_TIME_RATIO_PPM, SIZE_RATIO_PPM, is_feasible, is_suspicious, worst_exposure_s,
};
use crate::domain::rpo::proof::{Proof, RecoveryEntry, Verification, VerificationMethod};
use crate::domain::rpo::record::{BackupRecord, History, logs_of};
use crate::domain::rpo::wal::{self, Base, Tied};
use crate::domain::rpo::{self, Backup, Policy, run_signals};
use crate::snapshot::{BackupState, Suspicion};
use crate::store::backup_records::{BackupEdit, KeptLook};
use crate::store::heartbeats::Signal;
use chrono_tz::Tz;
use pantau_shared::backup::{BackupObservation, BackupRun, BackupStatus, BackupVerification, DataTimeBasis};
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;

/// Without a look for so many of its intervals, and a little, a set is not confirmed any more.
const LOOKS_MISSED: i64 = 3;
const LOOK_GRACE_MS: i64 = 120_000;
/// So long without contact is a disturbance of its own (engines C.2).
const LOST_AFTER_MS: i64 = 24 * 3_600_000;

/// Who entered what an agent told of verifications, before the host's name.
const AGENT: &str = "agen/";

/// One backup set in memory.
#[derive(Debug, Clone)]
pub(crate) struct BackupModel {
    pub(crate) set: BackupSet,
    pub(crate) policy: Policy,
    pub(crate) rules: BackupRules,
    zone: Tz,
    history: History,
    /// The observation behind the newest look, and whether it stays.
    fact: Option<i64>,
    kept: bool,
    /// Since when looks succeed without a break that counts.
    contact_since: Option<Timestamp>,
    /// Since when its heartbeat is watched; none without a key.
    pub(crate) heartbeat_since: Option<Timestamp>,
    /// The newest signals, oldest first.
    pings: Vec<Ping>,
    /// The newest verification that passed.
    verified: Option<Verification>,
    /// When one failed last.
    refuted_at: Option<Timestamp>,
    /// The newest verification that agents told of.
    verdicts_to: Option<Timestamp>,
    /// Since when it is at risk, as far as that was told.
    pub(crate) risk: Option<Timestamp>,
    /// The newest drill or recovery of the service that succeeded.
    pub(crate) recovery: Option<RecoveryEntry>,
    /// What its base set holds, where it is a set of logs.
    pub(crate) bases: Vec<Base>,
    pending: Pending,
}

/// What is to be committed.
#[derive(Debug, Clone, Default)]
struct Pending {
    records: BTreeMap<(String, u32), BackupRecord>,
    look: bool,
    needless: Vec<i64>,
    verifications: Vec<Verification>,
    /// Of it, what may change a time that is final.
    late: Vec<HeldRecord>,
}

impl BackupModel {
    /// A set of which nothing is known.
    pub(crate) fn new(set: &BackupSet, service: &Service, rules: BackupRules, zone: Tz) -> Self {
        Self {
            policy: set.policy(service.rpo_seconds, service.class == ServiceClass::Kritis),
            set: set.clone(),
            rules,
            zone,
            history: History::default(),
            fact: None,
            kept: false,
            contact_since: None,
            heartbeat_since: None,
            pings: Vec::new(),
            verified: None,
            refuted_at: None,
            verdicts_to: None,
            risk: None,
            recovery: None,
            bases: Vec::new(),
            pending: Pending::default(),
        }
    }

    /// Takes what the store knows of its backups.
    pub(crate) fn load(&mut self, records: Vec<BackupRecord>, look: KeptLook) {
        self.contact_since = look.state.looked_at.filter(|_| look.state.error.is_none());
        self.history = History::new(records, look.state);
        (self.fact, self.kept) = (look.fact, look.kept);
    }

    /// Takes the stored signals, oldest first, at `now`. What they taught is stored, but for the last before a kill.
    pub(crate) fn load_signals(&mut self, since: Timestamp, signals: &[Signal], now: Timestamp) {
        self.heartbeat_since = Some(since);
        let pings = signals.iter().filter_map(Signal::ping).collect();
        self.learning(finality::final_until(self.zone, now), |model| model.take_pings(pings));
    }

    /// Its heartbeat was revoked: what was told stays in the records, and nothing more is expected.
    pub(crate) fn forget_heartbeat(&mut self) {
        self.heartbeat_since = None;
        self.pings.clear();
    }

    /// Takes the runs of a stored look.
    pub(crate) fn load_runs(&mut self, runs: &[BackupRun]) {
        self.take_pings(run_signals::pings_of(runs));
    }

    /// Takes what a job told, over its heartbeat or by the wrapper. Of a job that nobody looks after a run that ended is a
    /// record; of a set that is looked at its start is the data time of what it wrote.
    fn take_pings(&mut self, pings: Vec<Ping>) {
        if !run_signals::merge(&mut self.pings, pings, PINGS_MAX) {
            return;
        }
        let Some(last) = self.pings.last().map(|ping| ping.at) else { return };
        let (runs, _) = job::judge(&self.plan(last), &self.pings, last);
        if self.set.claims() {
            for run in &runs {
                let learnt = self.history.claim(claimed(run));
                self.learn(learnt);
            }
        } else if self.set.is_backup() {
            let learnt = self.history.match_runs(&runs);
            self.learn(learnt);
        }
    }

    /// Takes a look, observation number `fact`, which became known at `known_at`. What was taken before does nothing.
    pub(crate) fn feed(&mut self, at: Timestamp, known_at: Timestamp, fact: i64, seen: &BackupObservation) {
        let (settled, begins) = (finality::final_until(self.zone, known_at), self.history.look().begins_at);
        self.learning(settled, |model| {
            model.take_look(at, fact, seen);
            model.history.begin_after(begins, settled);
        });
    }

    /// Learns, and notes what of it may change the time before `settled`, which is final.
    fn learning(&mut self, settled: Timestamp, learn: impl FnOnce(&mut Self)) {
        let before = self.history.records().to_vec();
        learn(self);
        let key = |record: &BackupRecord| (record.artefact.clone(), record.generation);
        let changed = self.history.records().iter().filter(|record| self.pending.records.contains_key(&key(record)));
        let held = changed.filter_map(|record| {
            let before = before.iter().find(|old| key(old) == key(record));
            late::may_matter(before, record, settled).then(|| HeldRecord {
                artefact: record.artefact.clone(),
                generation: record.generation,
                before: before.cloned(),
                until: settled,
            })
        });
        let held: Vec<HeldRecord> = held.collect();
        self.pending.late.extend(held);
    }

    fn take_look(&mut self, at: Timestamp, fact: i64, seen: &BackupObservation) {
        let Some(look) = self.set.look() else { return };
        let observed = self.history.look().observed_at;
        if self.fact == Some(fact) && observed == Some(at) {
            return;
        }
        let newest = observed.is_none_or(|observed| at > observed);
        let unconfirmed = self.unconfirmed_since(at).is_some();
        let location = look.host.to_string();
        let error = |history: &History| history.look().error.as_ref().map(|(text, _)| text.clone());
        let before = error(&self.history);
        let changed = self.history.take_look(at, seen, &location);
        let keep = !changed.is_empty() || error(&self.history) != before;
        if newest {
            let old = self.fact.replace(fact).filter(|old| !self.kept && *old != fact);
            self.pending.needless.extend(old);
            self.kept = keep;
            if seen.error.is_empty() && (unconfirmed || self.contact_since.is_none()) {
                self.contact_since = Some(at);
            }
        } else if !keep && self.fact.is_some_and(|newest| fact > newest) {
            self.pending.needless.push(fact);
        }
        self.pending.look = true;
        self.learn(changed);
        // What is new may have been written by a run that was told before it.
        if !self.pings.is_empty() && self.set.is_backup() {
            let (runs, _) = job::judge(&self.plan(at), &self.pings, at);
            let matched = self.history.match_runs(&runs);
            self.learn(matched);
        }
        self.take_pings(run_signals::pings_of(&seen.runs));
        self.take_verdicts(seen, &location);
    }

    /// Takes a signal of its job, which became known at `known_at`.
    pub(crate) fn take_signal(&mut self, signal: &Signal, known_at: Timestamp) {
        let settled = finality::final_until(self.zone, known_at);
        self.learning(settled, |model| model.take_pings(signal.ping().into_iter().collect()));
    }

    /// Takes a verification that a person entered.
    pub(crate) fn take_entry(&mut self, entry: &Verification) {
        let settled = finality::final_until(self.zone, entry.recorded_at);
        self.learning(settled, |model| model.take_verification(entry));
    }

    /// Takes what an agent tells of verifications; a look repeats the newest. One that names no artefact is of the newest
    /// that had ended by then.
    fn take_verdicts(&mut self, seen: &BackupObservation, host: &str) {
        let known = self.verdicts_to;
        let fresh = |v: &&BackupVerification| known.is_none_or(|known| Timestamp::from_ms(v.at_ms) > known);
        let mut told: Vec<&BackupVerification> = seen.verifications.iter().filter(fresh).collect();
        told.sort_by_key(|verdict| verdict.at_ms);
        for verdict in told {
            let at = Timestamp::from_ms(verdict.at_ms);
            let newest = self.history.records().iter().rev();
            let record = newest
                .filter(|r| r.ended_at.is_some_and(|end| end <= at))
                .find(|record| verdict.artefact.is_empty() || record.artefact == verdict.artefact);
            let entry = Verification {
                set: self.set.id.clone(),
                artefact: record.map_or_else(|| verdict.artefact.clone(), |record| record.artefact.clone()),
                generation: record.map_or(0, |record| record.generation),
                data_time: record.and_then(|record| record.data_time),
                at,
                method: method_of(&verdict.means),
                passed: verdict.ok,
                note: [verdict.means.as_str(), verdict.detail.as_str()].join(": ").trim_end_matches(": ").to_owned(),
                actor: format!("{AGENT}{host}"),
                recorded_at: at,
            };
            self.take_verification(&entry);
            self.pending.verifications.push(entry);
        }
    }

    /// Notes a verification; one that passed marks its backup.
    pub(crate) fn take_verification(&mut self, entry: &Verification) {
        if entry.actor.starts_with(AGENT) {
            self.verdicts_to = self.verdicts_to.max(Some(entry.at));
        }
        if !entry.passed {
            self.refuted_at = self.refuted_at.max(Some(entry.at));
            return;
        }
        if self.verified.as_ref().is_none_or(|newest| newest.at <= entry.at) {
            self.verified = Some(entry.clone());
        }
        let learnt = self.history.verify(&entry.artefact, entry.generation, entry.at);
        self.learn(learnt.into_iter().collect());
    }

    fn learn(&mut self, records: Vec<BackupRecord>) {
        self.pending.look |= !records.is_empty();
        let keyed = records.into_iter().map(|record| ((record.artefact.clone(), record.generation), record));
        self.pending.records.extend(keyed);
    }

    /// What was learnt that may change a time that is final, once.
    pub(crate) fn take_late(&mut self) -> Vec<HeldRecord> {
        std::mem::take(&mut self.pending.late)
    }

    /// What is to be committed, once.
    pub(crate) fn take_pending(&mut self) -> Option<BackupEdit> {
        let Pending { records, look, needless, verifications, late: _ } = std::mem::take(&mut self.pending);
        let state = self.history.look().clone();
        let look = look.then_some(KeptLook { state, fact: self.fact, kept: self.kept });
        let (set, records) = (self.set.id.clone(), records.into_values().collect());
        let edit = BackupEdit { set, records, look, needless, verifications };
        let anything = edit.look.is_some() || !edit.needless.is_empty() || !edit.verifications.is_empty();
        anything.then_some(edit)
    }

    /// What is known of its backups.
    pub(crate) fn history(&self) -> &History {
        &self.history
    }

    /// The usable backup with the newest data.
    pub(crate) fn usable(&self, now: Timestamp) -> Option<Backup> {
        rpo::newest_usable(&self.backups(), &self.policy, now).cloned()
    }

    /// What can be restored from, with its place among the records that have a data time; a set of logs with its base.
    fn restorable(&self) -> Vec<Tied> {
        if self.set.base.is_some() {
            return wal::tied(&logs_of(self.history.records()), &self.policy, &self.bases);
        }
        let own = self.history.backups().into_iter().enumerate();
        own.map(|(place, backup)| Tied { backup, log: Some(place) }).collect()
    }

    fn backups(&self) -> Vec<Backup> {
        self.restorable().into_iter().map(|tied| tied.backup).collect()
    }

    /// Its record; of a set of logs none while the base alone is usable.
    pub(crate) fn usable_record(&self, now: Timestamp) -> Option<&BackupRecord> {
        let restorable = self.restorable();
        let backups: Vec<Backup> = restorable.iter().map(|tied| tied.backup.clone()).collect();
        let times = rpo::usable_times(&backups, &self.policy);
        let usable = restorable.iter().zip(times).filter(|(_, times)| times.contains(now));
        let newest = usable.map(|(tied, _)| tied).max_by_key(|tied| tied.backup.data_time)?;
        self.history.records().iter().filter(|r| r.data_time.is_some()).nth(newest.log?)
    }

    /// Its state.
    pub(crate) fn state(&self, now: Timestamp) -> BackupState {
        if !self.set.is_backup() {
            return BackupState::Informasi;
        }
        self.policy.state(self.usable(now).map(|b| b.data_time), now)
    }

    /// Since when nothing usable is there, asked when that is so; none when nobody has looked yet.
    pub(crate) fn without_since(&self, now: Timestamp) -> Option<Timestamp> {
        let begins = self.history.look().begins_at?;
        let ends = rpo::usable_times(&self.backups(), &self.policy).into_iter().filter(|times| !times.is_empty());
        Some(ends.map(|times| times.to).filter(|to| *to <= now).max().map_or(begins, |to| to.max(begins)))
    }

    /// What its job is held to. A run that only the wrapper saw is told with the next look, too late to miss one by: without
    /// a heartbeat no start is expected.
    fn plan(&self, now: Timestamp) -> JobPlan {
        let since = self.heartbeat_since.or_else(|| self.pings.first().map(|ping| ping.at)).unwrap_or(now);
        let schedule = self.set.schedule.clone().filter(|_| self.heartbeat_since.is_some());
        JobPlan { schedule, tolerances: self.set.tolerances, zone: self.zone, since }
    }

    /// How its job stands; none where neither a heartbeat nor the wrapper tells of one. A backup that an agent saw and that
    /// ended after something went wrong shows that it is well again, whoever made it.
    pub(crate) fn job(&self, now: Timestamp) -> Option<JobState> {
        let watched = self.heartbeat_since.is_some() || !self.pings.is_empty();
        let mut job = watched.then(|| job::judge(&self.plan(now), &self.pings, now).1)?;
        let seen = self.usable(now).filter(|_| self.set.look().is_some()).map(|backup| backup.end);
        job.alarm = job.alarm.filter(|(since, _)| seen.is_none_or(|end| end <= *since));
        Some(job)
    }

    /// Since when nobody has confirmed what is known: looks fail, or do not come.
    pub(crate) fn unconfirmed_since(&self, now: Timestamp) -> Option<Timestamp> {
        let state = self.history.look();
        let (observed, overdue) = (state.observed_at?, self.look_overdue_at()?);
        let failing = state.error.as_ref().map(|(_, since)| state.looked_at.unwrap_or(*since));
        failing.or_else(|| (now >= overdue).then_some(state.looked_at.unwrap_or(observed)))
    }

    fn look_overdue_at(&self) -> Option<Timestamp> {
        let period = i64::from(self.set.look()?.interval_ms).saturating_mul(LOOKS_MISSED);
        Some(self.history.look().observed_at?.plus_ms(period.saturating_add(LOOK_GRACE_MS)))
    }

    /// Since when contact is lost for so long that it is a disturbance.
    pub(crate) fn lost_since(&self, now: Timestamp) -> Option<Timestamp> {
        self.unconfirmed_since(now).filter(|since| now.ms_since(*since) >= LOST_AFTER_MS)
    }

    /// Since when there is contact again.
    pub(crate) fn contact_since(&self) -> Option<Timestamp> {
        self.contact_since
    }

    /// When, after `now`, passing of time alone next changes what is said of it.
    pub(crate) fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let backups = self.backups();
        let ripening = backups.iter().filter_map(|b| b.next_usable(now)).min();
        let judged = self.usable(now).and_then(|b| self.policy.next_change(b.data_time, now));
        let job = self.job(now).and_then(|job| job.next_look);
        let overdue = self.look_overdue_at();
        let last = self.history.look().looked_at.or(self.history.look().observed_at);
        let lost = last.map(|at| at.plus_ms(LOST_AFTER_MS));
        [ripening, judged, job, overdue, lost].into_iter().flatten().filter(|at| *at > now).min()
    }

    /// How far it is proved that it can be restored; none without a usable backup.
    pub(crate) fn proof(&self, now: Timestamp) -> Option<Proof> {
        let usable = self.usable_record(now)?;
        let recovered = self.recovery.as_ref().is_some_and(|r| r.counts(self.zone, self.rules.drill_valid_days, now));
        Some(match (recovered, usable.claimed) {
            (true, _) => Proof::Restored,
            (false, true) => Proof::Claimed,
            (false, false) => Proof::Seen,
        })
    }

    /// How often it is to be verified: its own setting, or the office's for kritis services.
    pub(crate) fn verify_every_s(&self) -> Option<u32> {
        let default = Some(self.rules.verify_every_seconds).filter(|_| self.policy.required && self.set.is_backup());
        self.set.verify_every_seconds.or(default)
    }

    /// What is odd about the newest usable backup against those before it.
    pub(crate) fn suspicions(&self, now: Timestamp) -> Vec<Suspicion> {
        let Some(newest) = self.usable_record(now) else { return Vec::new() };
        let earlier = |value: fn(&BackupRecord) -> Option<u64>| -> Vec<u64> {
            let before = self.history.records().iter().filter(|r| r.time() < newest.time());
            before.filter(|r| r.status == BackupStatus::Ok).filter_map(value).collect()
        };
        let odd = |value: fn(&BackupRecord) -> Option<u64>, ratio| {
            value(newest).is_some_and(|value_now| is_suspicious(&earlier(value), value_now, ratio))
        };
        let shrunk = odd(|record| record.size_bytes, SIZE_RATIO_PPM).then_some(Suspicion::Shrunk);
        let short = odd(BackupRecord::duration_s, RUN_TIME_RATIO_PPM).then_some(Suspicion::ShortRun);
        let verified = self.verified_point().map(|(at, _)| at);
        let refuted = self.refuted_at.filter(|refuted| verified.is_none_or(|at| at < *refuted));
        shrunk.into_iter().chain(short).chain(refuted.map(|_| Suspicion::Refuted)).collect()
    }

    /// When it was verified last, by an entry or by what an agent read whole, and the moment to which that restores.
    pub(crate) fn verified_point(&self) -> Option<(Timestamp, Option<Timestamp>)> {
        let entered = self.verified.as_ref().map(|entry| (entry.at, entry.data_time));
        let seen = self.history.records().iter().filter_map(|record| Some((record.verified_at?, record.data_time)));
        seen.chain(entered).max()
    }

    /// The exposure that its schedule leads to with runs as long as the longest that was observed, when that cannot hold
    /// the RPO: the lint that only time can prove.
    pub(crate) fn impossible_s(&self) -> Option<u64> {
        let (schedule, rpo) = (self.set.schedule.as_ref()?, self.policy.rpo_seconds?);
        let whole = self.history.records().iter().filter(|r| r.status == BackupStatus::Ok);
        let longest = whole.filter_map(BackupRecord::duration_s).max()?;
        let worst = worst_exposure_s(schedule.gap_s_max(self.zone), longest);
        (!is_feasible(worst, rpo, self.policy.operator)).then_some(worst)
    }
}

/// By which means an agent or a program verified.
fn method_of(means: &str) -> VerificationMethod {
    if means == "content" { VerificationMethod::TrialRead } else { VerificationMethod::ToolCheck }
}

/// A run as a record that only its job vouches for.
fn claimed(run: &Run) -> BackupRecord {
    BackupRecord {
        artefact: run.end.to_string(),
        generation: 0,
        started_at: run.duration_s.map(|_| run.data_time),
        ended_at: Some(run.end),
        data_time: Some(run.data_time),
        basis: match run.basis {
            RunBasis::Start => DataTimeBasis::Start,
            RunBasis::KnownDuration => DataTimeBasis::ModifiedLessDuration,
            RunBasis::End => DataTimeBasis::Modified,
        },
        status: run.status,
        size_bytes: None,
        location: String::new(),
        claimed: true,
        first_seen_at: run.end,
        last_seen_at: run.end,
        deleted_at: None,
        verified_at: None,
        references: Vec::new(),
        gapless: false,
    }
}
