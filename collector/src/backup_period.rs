//! A backup set, or a service by its required sets, over a period against the RPO (engines C.2, period figures). Pages,
//! API and reports all come here, so they cannot disagree.
//!
//! Everything is computed from the records as they are known now, so a record that came late changes the past; but what was
//! learnt late of a final month counts there only once people agreed ([`crate::domain::rpo::late`]). A set of logs is
//! judged together with its base set ([`crate::domain::rpo::wal`]). A set
//! counts from the first look or signal on: before that nobody watched. Each instant is judged by what the revision of
//! the catalogue in force then asked: RPO, operator, what counts as a backup, which sets are required. What is printed
//! beside the figures is what was in force at the end of the period; [`Watched::changes`] tells that it changed. Knows
//! nothing of how it is shown.

use crate::domain::calendar::zone;
use crate::domain::catalogue::ServiceId;
use crate::domain::interval::{Interval, IntervalSet};
use crate::domain::rpo::exposure::{self, Held, PeriodFigures, Stretch};
use crate::domain::rpo::late::{self, HeldRecord};
use crate::domain::rpo::record::{BackupRecord, backups_of, logs_of};
use crate::domain::rpo::wal::{self, Base};
use crate::domain::rpo::{Backup, Policy, is_of_yesterday};
use crate::rulebook::Rulebook;
use crate::rulebook::backup_terms::SetTerms;
use crate::store::{Reader, StoreError};
use chrono::NaiveDate;
use chrono_tz::Tz;
use pantau_shared::ids::BackupSetId;
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeSet;

/// Records of one set that are read for one answer: an hourly backup for eleven years.
pub const RECORDS_MAX: usize = 100_000;

/// What is known of a set over a window.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The part of the window in which it was watched, in whole seconds; may be empty.
    pub window: Interval,
    /// What it was held to, in order, as far as a revision of the catalogue named it.
    pub terms: Vec<(Interval, SetTerms)>,
    pieces: Vec<Piece>,
}

/// A part of the window in which its terms, and what is known of its backups, stay the same.
#[derive(Debug, Clone)]
struct Piece {
    during: Interval,
    terms: SetTerms,
    backups: Vec<Backup>,
}

/// An instant at which what a set is held to changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// From when on.
    pub at: Timestamp,
    /// What held before.
    pub before: Policy,
    /// What holds from then on.
    pub after: Policy,
}

impl Watched {
    /// One whose backups are the same throughout.
    pub fn new(window: Interval, terms: Vec<(Interval, SetTerms)>, backups: &[Backup]) -> Self {
        let piece = |(during, terms): &(Interval, SetTerms)| Piece {
            during: *during,
            terms: terms.clone(),
            backups: backups.into(),
        };
        let pieces = terms.iter().map(piece).collect();
        Self { window, terms, pieces }
    }

    /// Figures over the part of `interval` in which it was watched; none when it was not.
    pub fn over(&self, interval: Interval) -> Option<PeriodFigures> {
        exposure::over_held(&self.held(|_| true), interval)
    }

    /// The time of `interval` that figures count: it was watched, and held to something.
    pub fn counted(&self, interval: Interval) -> IntervalSet {
        IntervalSet::from_iter(self.held(|_| true).iter().map(|held| held.during.intersection(interval)))
    }

    /// The stretches between two changes of its newest usable data, each by what counted as a backup then.
    pub fn stretches(&self) -> Vec<Stretch> {
        let pieces = self.held(|_| true).into_iter();
        pieces.flat_map(|held| exposure::stretches(held.backups, &held.policy, held.during)).collect()
    }

    /// What it was held to at the end: what a reader is told beside the figures. None when nothing asked for it.
    pub fn policy(&self) -> Option<Policy> {
        self.terms.last().map(|(_, terms)| terms.policy)
    }

    /// When that changed within the window.
    pub fn changes(&self) -> Vec<Change> {
        let pairs = self.terms.iter().zip(self.terms.iter().skip(1));
        let change = |((_, before), (from, after)): (&(Interval, SetTerms), &(Interval, SetTerms))| {
            let changed = before.policy != after.policy && self.window.contains(from.from);
            changed.then_some(Change { at: from.from, before: before.policy, after: after.policy })
        };
        pairs.filter_map(change).collect()
    }

    /// The second reading "per posisi kemarin" (G28), judged at the end of each local day of `interval` that it was watched
    /// to: whether the newest usable data were of that day or the day before it.
    pub fn yesterday(&self, zone: Tz, interval: Interval) -> Vec<(NaiveDate, bool)> {
        let window = self.window.intersection(interval);
        let stretches = self.stretches();
        let mut date = zone::local_date(zone, window.from);
        let mut out = Vec::new();
        while !window.is_empty() {
            let Some(next) = date.succ_opt() else { break };
            let end = zone::day_start(zone, next);
            if end > window.to {
                break;
            }
            // The last second of the day: its date is that day's.
            let last = end.plus_secs(-1);
            let data = stretches.iter().find(|s| s.interval.contains(last)).and_then(|stretch| stretch.data_time);
            out.push((date, is_of_yesterday(zone, data, last)));
            date = next;
        }
        out
    }

    /// The pieces in which it was watched and held to something that `counts`.
    fn held(&self, counts: impl Fn(&SetTerms) -> bool) -> Vec<Held<'_>> {
        let counted = self.pieces.iter().filter(|piece| counts(&piece.terms));
        let held = counted.map(|piece| {
            let during = piece.during.intersection(self.window);
            Held { backups: &piece.backups, policy: piece.terms.policy, during }
        });
        held.filter(|held| !held.during.is_empty()).collect()
    }
}

/// Figures of a service or set with the window that they count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// What was counted: the period up to now, from when it was first watched.
    pub window: Interval,
    /// Whether the period was not over.
    pub provisional: bool,
    /// Its figures; none when nothing was watched in it.
    pub figures: Option<PeriodFigures>,
    /// When what it is held to changed in it, and of which set.
    pub changes: Vec<(BackupSetId, Change)>,
}

/// What is known of `set` over `interval` up to `now`.
///
/// # Errors
/// What the store says.
pub fn load(
    reader: &Reader,
    rulebook: &Rulebook,
    (service, set): (&ServiceId, &BackupSetId),
    interval: Interval,
    now: Timestamp,
) -> Result<Watched, StoreError> {
    let end = Interval::new(interval.from.floor_second(), interval.to.min(now).floor_second());
    let begins = reader.backup_begins(set)?;
    let window = begins.map_or(Interval::new(end.from, end.from), |begins| {
        Interval::new(end.from.max(begins.floor_second()), end.to.max(end.from))
    });
    let terms = rulebook.backups(service).of_set(set, interval);
    let own = Known::load(reader, rulebook, set, interval)?;
    let mut pieces = Vec::new();
    for (during, terms) in &terms {
        let base =
            terms.base.as_ref().map(|base| BaseSet::load(reader, rulebook, (service, base), interval)).transpose()?;
        let mut rims = own.rims();
        rims.extend(base.iter().flat_map(BaseSet::rims));
        for during in split(during.intersection(window), &rims) {
            let backups = match &base {
                None => own.backups(during.from),
                Some(base) => own.tied(&terms.policy, &base.usable(during.from), during.from),
            };
            pieces.push(Piece { during, terms: terms.clone(), backups });
        }
    }
    Ok(Watched { window, terms, pieces })
}

/// Records of a set with what is held back of them.
struct Known<'a> {
    records: Vec<BackupRecord>,
    held: Vec<&'a HeldRecord>,
}

impl<'a> Known<'a> {
    fn load(
        reader: &Reader,
        rulebook: &'a Rulebook,
        set: &BackupSetId,
        interval: Interval,
    ) -> Result<Self, StoreError> {
        let records = reader.backup_records(set, interval, RECORDS_MAX)?;
        Ok(Self { records, held: rulebook.held_back(set).iter().collect() })
    }

    fn rims(&self) -> BTreeSet<Timestamp> {
        late::rims(&self.held)
    }

    /// Its backups as they count at `at`.
    fn backups(&self, at: Timestamp) -> Vec<Backup> {
        backups_of(&late::as_held(&self.records, &self.held, at), self.records.len() < RECORDS_MAX)
    }

    /// The same of logs on top of `bases`.
    fn tied(&self, policy: &Policy, bases: &[Base], at: Timestamp) -> Vec<Backup> {
        let logs = logs_of(&late::as_held(&self.records, &self.held, at));
        wal::tied(&logs, policy, bases).into_iter().map(|tied| tied.backup).collect()
    }
}

/// The base of a set of logs, with what it was held to over time.
struct BaseSet<'a> {
    known: Known<'a>,
    terms: Vec<(Interval, SetTerms)>,
}

impl<'a> BaseSet<'a> {
    fn load(
        reader: &Reader,
        rulebook: &'a Rulebook,
        (service, set): (&ServiceId, &BackupSetId),
        interval: Interval,
    ) -> Result<Self, StoreError> {
        let terms = rulebook.backups(service).of_set(set, interval);
        Ok(Self { known: Known::load(reader, rulebook, set, interval)?, terms })
    }

    fn rims(&self) -> BTreeSet<Timestamp> {
        let changes = self.terms.iter().flat_map(|(during, _)| [during.from, during.to]);
        self.known.rims().into_iter().chain(changes).collect()
    }

    /// When each can be restored from, by the terms in force at `at`; none while nothing named the set.
    fn usable(&self, at: Timestamp) -> Vec<Base> {
        let held = self.terms.iter().find(|(during, _)| during.contains(at));
        held.map(|(_, terms)| wal::bases(&self.known.backups(at), &terms.policy)).unwrap_or_default()
    }
}

/// The parts of `whole` between `rims`.
fn split(whole: Interval, rims: &BTreeSet<Timestamp>) -> Vec<Interval> {
    let inside = rims.iter().copied().filter(|rim| whole.from < *rim && *rim < whole.to);
    let ends = inside.chain([whole.to]);
    let parts = ends.scan(whole.from, |from, to| Some(Interval::new(std::mem::replace(from, to), to)));
    parts.filter(|part| !part.is_empty()).collect()
}

/// A set over a period.
///
/// # Errors
/// What the store says.
pub fn of_set(
    reader: &Reader,
    rulebook: &Rulebook,
    (service, set): (&ServiceId, &BackupSetId),
    interval: Interval,
    now: Timestamp,
) -> Result<(Figures, Watched), StoreError> {
    let watched = load(reader, rulebook, (service, set), interval, now)?;
    let figures = watched.over(interval);
    let changes = watched.changes().into_iter().map(|change| (set.clone(), change)).collect();
    Ok((Figures { window: watched.window, provisional: interval.to > now, figures, changes }, watched))
}

/// A service over a period: in breach while any of the sets that it required at that time is. Its window begins with the
/// first of them. None in `figures` when it had no required set, or none was watched.
///
/// # Errors
/// What the store says.
pub fn of_service(
    reader: &Reader,
    rulebook: &Rulebook,
    service: &ServiceId,
    interval: Interval,
    now: Timestamp,
) -> Result<Figures, StoreError> {
    let required = rulebook.backups(service).required(interval);
    let load_set = |set: BackupSetId| {
        let watched = load(reader, rulebook, (service, &set), interval, now)?;
        Ok((set, watched))
    };
    let watched = required.into_iter().map(load_set).collect::<Result<Vec<_>, StoreError>>()?;
    let held: Vec<Held<'_>> = watched.iter().flat_map(|(_, set)| set.held(|terms| terms.required)).collect();
    let counted = IntervalSet::from_iter(held.iter().map(|held| held.during));
    let to = interval.to.min(now).floor_second();
    let from = counted.iter().next().map_or(to, |first| first.from);
    let window = Interval::new(from, to.max(from));
    let told = |(id, set): &(BackupSetId, Watched)| {
        let id = id.clone();
        set.changes().into_iter().map(move |change| (id.clone(), change))
    };
    let changes = watched.iter().flat_map(told).collect();
    Ok(Figures { window, provisional: interval.to > now, figures: exposure::over_held(&held, window), changes })
}
