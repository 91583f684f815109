//! A backup set, or a service by its required sets, over a period against the RPO (engines C.2, period figures). Pages,
//! API and reports all come here, so they cannot disagree.
//!
//! Everything is computed from the records as they are known now, so a record that came late changes the past. A set
//! counts from the first look or signal on: before that nobody watched. It is judged by the settings in force now: the
//! RPO of a set is not dated yet. Knows nothing of how it is shown.

use crate::domain::catalogue::{BackupSet, Service, ServiceClass};
use crate::domain::interval::Interval;
use crate::domain::rpo::exposure::{self, PeriodFigures, Stretch};
use crate::domain::rpo::record::BackupRecord;
use crate::domain::rpo::{Backup, Policy};
use crate::store::{Reader, StoreError};
use pantau_shared::timestamp::Timestamp;

/// Records of one set that are read for one answer: an hourly backup for eleven years.
pub const RECORDS_MAX: usize = 100_000;

/// What is known of a set over a window.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The part of the window in which it was watched, in whole seconds; may be empty.
    pub window: Interval,
    /// What it is held to.
    pub policy: Policy,
    /// Its backups.
    pub backups: Vec<Backup>,
}

impl Watched {
    /// Figures over the part of `interval` in which it was watched; none when it was not.
    pub fn over(&self, interval: Interval) -> Option<PeriodFigures> {
        let window = self.window.intersection(interval);
        (!window.is_empty()).then(|| exposure::over(&self.backups, &self.policy, window))
    }

    /// The stretches between two changes of its newest usable data.
    pub fn stretches(&self) -> Vec<Stretch> {
        if self.window.is_empty() { Vec::new() } else { exposure::stretches(&self.backups, &self.policy, self.window) }
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
}

/// What is known of `set` over `interval` up to `now`.
///
/// # Errors
/// What the store says.
pub fn load(
    reader: &Reader,
    service: &Service,
    set: &BackupSet,
    interval: Interval,
    now: Timestamp,
) -> Result<Watched, StoreError> {
    let policy = set.policy(service.rpo_seconds, service.class == ServiceClass::Kritis);
    let end = Interval::new(interval.from.floor_second(), interval.to.min(now).floor_second());
    let begins = reader.backup_begins(&set.id)?;
    let window = begins.map_or(Interval::new(end.from, end.from), |begins| {
        Interval::new(end.from.max(begins.floor_second()), end.to.max(end.from))
    });
    let records = reader.backup_records(&set.id, interval, RECORDS_MAX)?;
    Ok(Watched { window, policy, backups: records.iter().filter_map(BackupRecord::backup).collect() })
}

/// A set over a period.
///
/// # Errors
/// What the store says.
pub fn of_set(
    reader: &Reader,
    service: &Service,
    set: &BackupSet,
    interval: Interval,
    now: Timestamp,
) -> Result<Figures, StoreError> {
    let watched = load(reader, service, set, interval, now)?;
    let figures = watched.over(interval);
    Ok(Figures { window: watched.window, provisional: interval.to > now, figures })
}

/// A service over a period: in breach while any of its required sets is. Its window begins with the first of them. None in
/// `figures` when it has no required set, or none was watched.
///
/// # Errors
/// What the store says.
pub fn of_service(
    reader: &Reader,
    service: &Service,
    interval: Interval,
    now: Timestamp,
) -> Result<Figures, StoreError> {
    let sets = service.backups.iter().filter(|set| set.required && set.is_backup());
    let watched = sets.map(|set| load(reader, service, set, interval, now)).collect::<Result<Vec<_>, _>>()?;
    let watched: Vec<Watched> = watched.into_iter().filter(|set| !set.window.is_empty()).collect();
    let from = watched.iter().map(|set| set.window.from).min();
    let to = interval.to.min(now).floor_second();
    let window = from.map_or(Interval::new(to, to), |from| Interval::new(from, to));
    let sets: Vec<_> = watched.into_iter().map(|set| (set.backups, set.policy, set.window)).collect();
    Ok(Figures { window, provisional: interval.to > now, figures: exposure::over_sets(&sets, window) })
}
