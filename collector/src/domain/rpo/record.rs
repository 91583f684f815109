//! The records of a set: what was ever seen or claimed of its backups, from looks in any order.
//!
//! ```text
//! look    names up to 32 artefacts, the newest; "complete" when the source holds no more
//! record  first seen ── last seen ── deleted: the first complete look without it, or one that names only newer ones
//! ```
//!
//! - The same look twice changes nothing, and a look that only saw the same again changes no record.
//! - A late look adds what it saw and moves first sights back; it never deletes what a newer look saw.
//! - A name that holds other data than before is another backup: its next *generation*; the one before is gone from when
//!   the new one began. While it was still being written it is the same one.
//! - The archive of a log (PostgreSQL's WAL) only grows: what it reached is never unsaid, and a look that names no segment
//!   deletes none.
//! - What an increment builds upon is found by name; a name that is not held makes it worthless, unless older records had
//!   to be let go: the agent has looked at those.
//! - A start that a signal or the wrapper told, and in whose run a file ended, is the file's data time: the best there is.
//! - What comes back after it was gone (a mount that was away) was there all the time: late knowledge changes the past.
//! - At most [`RECORDS_MAX`] are held, the newest; the store keeps all.
//!
//! Whether a backup is good enough is not known here.

use super::Backup;
use super::heartbeat::{Run, RunBasis};
use super::wal::Log;
use pantau_shared::backup::{BackupArtefact, BackupObservation, BackupStatus, DataTimeBasis};
use pantau_shared::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Records of one set in memory.
pub const RECORDS_MAX: usize = 512;

/// A file may have been closed so long after its job said that it had ended.
const RUN_SLACK_MS: i64 = 60_000;
/// The kind of artefact that is the archive of a log.
const LOG_KIND: &str = "wal";

/// One backup as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupRecord {
    /// Name within its set: a path, a tool's identifier, a run of a job.
    pub artefact: String,
    /// How often the name had held other data before.
    pub generation: u32,
    /// When the run began.
    pub started_at: Option<Timestamp>,
    /// When it was complete, if that is told.
    pub ended_at: Option<Timestamp>,
    /// The moment to which it restores; nothing can be said of a record without.
    pub data_time: Option<Timestamp>,
    /// Where the data time comes from.
    pub basis: DataTimeBasis,
    /// What became of it.
    pub status: BackupStatus,
    /// Its size, if known.
    pub size_bytes: Option<u64>,
    /// Where it lies: the host that sees it; empty when only a job told of it.
    pub location: String,
    /// Whether only the job says so; nobody saw anything.
    pub claimed: bool,
    /// The first look that named it.
    pub first_seen_at: Timestamp,
    /// The last look that named it, as far as that was kept: exact once it is deleted.
    pub last_seen_at: Timestamp,
    /// From when on it is known to be gone.
    pub deleted_at: Option<Timestamp>,
    /// When it was first verified successfully.
    pub verified_at: Option<Timestamp>,
    /// Names in its set of what it builds upon.
    pub references: Vec<String>,
    /// Whether it is the archive of a log: from its end on, all data up to its data time are there at once.
    pub gapless: bool,
}

impl BackupRecord {
    fn seen(artefact: &BackupArtefact, generation: u32, location: &str, at: Timestamp) -> Self {
        let instant = |ms: Option<i64>| ms.map(Timestamp::from_ms);
        Self {
            artefact: artefact.name.clone(),
            generation,
            started_at: instant(artefact.started_at_ms),
            ended_at: instant(artefact.ended_at_ms),
            data_time: instant(artefact.data_time_ms.or(artefact.started_at_ms)),
            basis: artefact.basis(),
            status: artefact.status(),
            size_bytes: artefact.size_bytes,
            location: location.to_owned(),
            claimed: false,
            first_seen_at: at,
            last_seen_at: at,
            deleted_at: None,
            verified_at: instant(artefact.verified_at_ms),
            references: artefact.references.clone(),
            gapless: artefact.kind == LOG_KIND,
        }
    }

    /// What tells its age: the data time, or its end.
    pub fn time(&self) -> Timestamp {
        self.data_time.or(self.ended_at).unwrap_or(self.first_seen_at)
    }

    /// As freshness sees it, whatever it builds upon; none without a data time.
    fn alone(&self) -> Option<Backup> {
        Some(Backup {
            status: self.status,
            size_bytes: self.size_bytes,
            estimated: matches!(self.basis, DataTimeBasis::Modified | DataTimeBasis::Unspecified),
            verified_at: self.verified_at,
            deleted_at: self.deleted_at,
            gapless: self.gapless,
            ..Backup::complete(self.data_time?, self.ended_at.unwrap_or(self.first_seen_at))
        })
    }

    /// How long the run took in whole seconds, where its start and end are known.
    pub fn duration_s(&self) -> Option<u64> {
        let (start, end) = (self.started_at?, self.ended_at?);
        u64::try_from(end.ms_since(start) / 1000).ok()
    }

    fn is_whole(&self) -> bool {
        match self.status {
            BackupStatus::Ok | BackupStatus::Partial => true,
            BackupStatus::Unspecified | BackupStatus::Failed | BackupStatus::Running => false,
        }
    }

    /// Whether the artefact holds the same data: it may have been completed or measured since.
    fn is_same(&self, artefact: &BackupArtefact) -> bool {
        let data_time = artefact.data_time_ms.or(artefact.started_at_ms).map(Timestamp::from_ms);
        let matched =
            self.is_matched(artefact.basis()) && self.ended_at == artefact.ended_at_ms.map(Timestamp::from_ms);
        !self.is_whole() || self.gapless || self.data_time == data_time || matched
    }

    /// Whether its data time is that of a start that was told, of which the agent that sees it with `basis` knows nothing.
    fn is_matched(&self, basis: DataTimeBasis) -> bool {
        self.basis == DataTimeBasis::Start && basis != DataTimeBasis::Start
    }

    /// The same as `artefact` shows it in the newest look, with what is known of it besides.
    fn renewed(&self, artefact: &BackupArtefact, location: &str, at: Timestamp) -> Self {
        let mut new = Self::seen(artefact, self.generation, location, at);
        new.first_seen_at = self.first_seen_at;
        new.verified_at = [self.verified_at, new.verified_at].into_iter().flatten().min();
        if self.gapless {
            new.data_time = self.data_time.max(new.data_time);
        } else if self.is_whole() && self.is_matched(artefact.basis()) {
            (new.started_at, new.data_time, new.basis) = (self.started_at, self.data_time, self.basis);
        }
        new
    }
}

/// The backups of records, for freshness; `whole` says that none of the set's is missing among them. Records without a
/// data time are left out; the others keep their order.
pub fn backups_of(records: &[BackupRecord], whole: bool) -> Vec<Backup> {
    let known: Vec<&BackupRecord> = records.iter().filter(|record| record.data_time.is_some()).collect();
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, record) in known.iter().enumerate() {
        places.entry(&record.artefact).or_default().push(place);
    }
    // Of several generations of a name, the newest that is not younger than what builds upon it.
    let place_of = |name: &String, before: Timestamp| {
        let named = places.get(name.as_str()).into_iter().flatten().copied();
        let older = named.filter_map(|place| known.get(place).map(|r| (r.time(), place))).filter(|(t, _)| *t <= before);
        older.max().map(|(_, place)| place)
    };
    let backup = |record: &&BackupRecord| {
        let references = record.references.iter().filter_map(|name| match place_of(name, record.time()) {
            None if whole => Some(usize::MAX),
            found => found,
        });
        Some(Backup { references: references.collect(), ..record.alone()? })
    };
    known.iter().filter_map(backup).collect()
}

/// The same as pieces of a log, in the same order: what they build upon is their base, and not told by name.
pub fn logs_of(records: &[BackupRecord]) -> Vec<Log> {
    let log = |record: &BackupRecord| {
        let backup = record.alone()?;
        Some(Log { backup, name: record.artefact.clone(), started_at: record.started_at })
    };
    records.iter().filter_map(log).collect()
}

/// The newest look at a set, as far as later ones ask for it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LookState {
    /// When a look was made last, failed or not.
    pub observed_at: Option<Timestamp>,
    /// When one succeeded last.
    pub looked_at: Option<Timestamp>,
    /// When one succeeded first: the set is watched from then on.
    pub begins_at: Option<Timestamp>,
    /// What only older artefacts have is not told by it: the time of the oldest it named; none when it named all.
    pub listed_from: Option<Timestamp>,
    /// Why the last one failed, and since when they fail.
    pub error: Option<(String, Timestamp)>,
}

/// The records of one set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    /// The newest, by time.
    records: Vec<BackupRecord>,
    /// The newest look.
    look: LookState,
}

impl History {
    /// As it was kept.
    pub fn new(mut records: Vec<BackupRecord>, look: LookState) -> Self {
        records.sort_by_key(BackupRecord::time);
        let mut history = Self { records, look };
        history.bound();
        history
    }

    /// All records that are held, oldest first by [`BackupRecord::time`].
    pub fn records(&self) -> &[BackupRecord] {
        &self.records
    }

    /// The newest look.
    pub fn look(&self) -> &LookState {
        &self.look
    }

    /// Those of which freshness can be told.
    pub fn backups(&self) -> Vec<Backup> {
        backups_of(&self.records, self.records.len() < RECORDS_MAX)
    }

    /// A set is not watched in a time that was final before anybody looked: its begin stays behind `settled`, but for what
    /// it was before.
    pub fn begin_after(&mut self, before: Option<Timestamp>, settled: Timestamp) {
        let floor = before.map_or(settled, |before| before.min(settled));
        self.look.begins_at = self.look.begins_at.map(|begins| begins.max(floor));
    }

    /// Gives what ended within a run the run's start as its data time, where nothing better is known; the records changed.
    pub fn match_runs(&mut self, runs: &[Run]) -> Vec<BackupRecord> {
        let mut changed = Vec::new();
        for record in self.records.iter_mut().filter(|r| !r.claimed && !r.gapless && r.basis != DataTimeBasis::Start) {
            let Some(ended) = record.ended_at else { continue };
            let told = runs.iter().filter(|run| run.basis == RunBasis::Start);
            let within = told.filter(|run| run.data_time <= ended && ended <= run.end.plus_ms(RUN_SLACK_MS));
            let Some(start) = within.map(|run| run.data_time).max() else { continue };
            (record.started_at, record.data_time, record.basis) = (Some(start), Some(start), DataTimeBasis::Start);
            changed.push(record.clone());
        }
        if !changed.is_empty() {
            self.records.sort_by_key(BackupRecord::time);
        }
        changed
    }

    /// Takes a look of `at` at artefacts that lie at `location`; the records that it changed.
    pub fn take_look(&mut self, at: Timestamp, seen: &BackupObservation, location: &str) -> Vec<BackupRecord> {
        let newest = self.look.observed_at.is_none_or(|observed| at > observed);
        if !seen.error.is_empty() {
            if newest {
                let since = self.look.error.take().map_or(at, |(_, since)| since);
                self.look.error = Some((seen.error.clone(), since));
                self.look.observed_at = Some(at);
            }
            return Vec::new();
        }
        self.look.begins_at = Some(self.look.begins_at.map_or(at, |begins| begins.min(at)));
        let mut changed = BTreeSet::new();
        for artefact in &seen.artefacts {
            self.take_artefact(at, artefact, location, newest, &mut changed);
        }
        let times = seen.artefacts.iter().map(|a| BackupRecord::seen(a, 0, location, at).time());
        let complete = seen.artefacts_total <= seen.artefacts.len() as u64;
        let listed_from = if complete { None } else { times.min() };
        if seen.wal.is_none() {
            self.take_absence(at, seen, listed_from, newest, &mut changed);
        }
        if newest {
            self.look =
                LookState { observed_at: Some(at), looked_at: Some(at), listed_from, error: None, ..self.look.clone() };
        }
        self.told(&changed)
    }

    /// Adds what a job says of a run of its own; a run that is known already changes nothing.
    pub fn claim(&mut self, record: BackupRecord) -> Vec<BackupRecord> {
        let known = |r: &BackupRecord| r.artefact == record.artefact && r.generation == record.generation;
        if self.records.iter().any(known) {
            return Vec::new();
        }
        self.look.begins_at = Some(self.look.begins_at.map_or(record.first_seen_at, |b| b.min(record.first_seen_at)));
        self.records.push(record.clone());
        self.records.sort_by_key(BackupRecord::time);
        self.bound();
        vec![record]
    }

    /// Notes that a backup was verified at `at`; the record, when that is its first time.
    pub fn verify(&mut self, artefact: &str, generation: u32, at: Timestamp) -> Option<BackupRecord> {
        let record = self.records.iter_mut().find(|r| r.artefact == artefact && r.generation == generation)?;
        if record.verified_at.is_some_and(|before| before <= at) {
            return None;
        }
        record.verified_at = Some(at);
        Some(record.clone())
    }

    fn take_artefact(
        &mut self,
        at: Timestamp,
        artefact: &BackupArtefact,
        location: &str,
        newest: bool,
        changed: &mut BTreeSet<(String, u32)>,
    ) {
        let of_name = self.records.iter_mut().filter(|record| record.artefact == artefact.name && !record.claimed);
        let mut of_name: Vec<&mut BackupRecord> = of_name.collect();
        of_name.sort_by_key(|record| std::cmp::Reverse(record.generation));
        let next = of_name.first().map_or(0, |record| record.generation.saturating_add(1));
        if let Some(record) = of_name.iter_mut().find(|record| record.is_same(artefact)) {
            let before = BackupRecord { last_seen_at: at, ..(**record).clone() };
            if newest {
                **record = record.renewed(artefact, location, at);
            } else {
                record.last_seen_at = record.last_seen_at.max(at);
                // It was there after it was taken as gone: the newest look is the first that is known to lack it.
                let gone = record.deleted_at.filter(|gone| *gone > record.last_seen_at);
                record.deleted_at = record.deleted_at.and_then(|_| gone.or(self.look.observed_at));
            }
            record.first_seen_at = record.first_seen_at.min(at);
            let after = BackupRecord { last_seen_at: at, ..(**record).clone() };
            if after != before {
                changed.insert((record.artefact.clone(), record.generation));
            }
            return;
        }
        let mut record = BackupRecord::seen(artefact, next, location, at);
        if newest {
            for old in of_name.iter_mut().filter(|old| old.deleted_at.is_none()) {
                let begun = record.started_at.or(record.data_time).unwrap_or(at);
                old.deleted_at = Some(begun.clamp(old.last_seen_at.min(at), at));
                changed.insert((old.artefact.clone(), old.generation));
            }
        } else if self.look.listed_from.is_none_or(|from| record.time() > from) {
            // The newest look would have named it.
            record.deleted_at = self.look.observed_at;
        }
        changed.insert((record.artefact.clone(), record.generation));
        self.records.push(record);
        self.records.sort_by_key(BackupRecord::time);
        self.bound();
    }

    fn take_absence(
        &mut self,
        at: Timestamp,
        seen: &BackupObservation,
        listed_from: Option<Timestamp>,
        newest: bool,
        changed: &mut BTreeSet<(String, u32)>,
    ) {
        let names: BTreeSet<&str> = seen.artefacts.iter().map(|artefact| artefact.name.as_str()).collect();
        for record in &mut self.records {
            let told = listed_from.is_none_or(|from| record.time() > from);
            if record.claimed || !told || names.contains(record.artefact.as_str()) {
                continue;
            }
            let gone = match record.deleted_at {
                None => newest,
                Some(deleted) => record.last_seen_at < at && at < deleted,
            };
            if gone {
                record.deleted_at = Some(at);
                changed.insert((record.artefact.clone(), record.generation));
            }
        }
    }

    fn told(&self, changed: &BTreeSet<(String, u32)>) -> Vec<BackupRecord> {
        let is_changed = |r: &&BackupRecord| changed.contains(&(r.artefact.clone(), r.generation));
        self.records.iter().filter(is_changed).cloned().collect()
    }

    fn bound(&mut self) {
        let over = self.records.len().saturating_sub(RECORDS_MAX);
        self.records.drain(..over);
    }
}

#[cfg(test)]
mod tests;
