//! The rulebook from what the store keeps. The one way to it, for the engine, the pages and the commands.

use super::{History, Rulebook};
use crate::config::catalogue;
use crate::domain::catalogue::{Catalogue, ServiceId};
use crate::domain::profile::Profile;
use crate::domain::register::Register;
use crate::domain::register::excuse::PartStretch;
use crate::store::{Reader, StoreError};
use pantau_shared::timestamp::Timestamp;
use std::collections::HashMap;

/// The most revisions before the one in force that are read; the terms of the oldest of them reach back for ever.
const REVISIONS_MAX: u32 = 500;

/// The rules by all revisions up to `catalogue`, which was applied at `applied_at`. A revision that can't be read any
/// more leaves the terms of its neighbours, and is told in the log and by [`Rulebook::unread`].
///
/// # Errors
/// What the store says.
pub fn load(
    reader: &Reader,
    profile: &Profile,
    catalogue: &Catalogue,
    applied_at: Timestamp,
) -> Result<Rulebook, StoreError> {
    let mut history = History::new(profile.time_zone);
    let mut unread = Vec::new();
    for number in reader.catalogue_numbers(catalogue.revision, REVISIONS_MAX)? {
        let Some(kept) = reader.catalogue_at(number)? else { continue };
        match catalogue::parse("catalogue", &kept.text, number, profile) {
            Ok(old) => history.take(&old, kept.applied_at),
            Err(faults) => {
                let error = faults.to_string();
                tracing::warn!(revision = number, error, "an old revision can't be read; its neighbours' terms hold");
                unread.push(number);
            }
        }
    }
    history.take(catalogue, applied_at);
    Ok(Rulebook { unread, ..Rulebook::of_history(history) })
}

/// [`load`] with what the registers hold of maintenance and corrections: what a running collector judges by.
///
/// # Errors
/// What the store says.
pub fn load_whole(
    reader: &Reader,
    profile: &Profile,
    catalogue: &Catalogue,
    applied_at: Timestamp,
) -> Result<Rulebook, StoreError> {
    let (book, register) = (load(reader, profile, catalogue, applied_at)?, reader.register()?);
    let parts = parts_of_all(reader, &book, &register, catalogue)?;
    let of = |service: &ServiceId| parts.get(service).map(Vec::as_slice).unwrap_or_default();
    Ok(book.with_register(&register, catalogue, &of))
}

/// [`parts_of`] each service of `catalogue` that has any.
///
/// # Errors
/// What the store says.
pub fn parts_of_all(
    reader: &Reader,
    book: &Rulebook,
    register: &Register,
    catalogue: &Catalogue,
) -> Result<HashMap<ServiceId, Vec<PartStretch>>, StoreError> {
    let mut all = HashMap::new();
    for service in &catalogue.services {
        let parts = parts_of(reader, book, register, &service.id)?;
        if !parts.is_empty() {
            all.insert(service.id.clone(), parts);
        }
    }
    Ok(all)
}

/// How the checks of `service` stood while it was down, wherever maintenance of one of its components was planned.
///
/// # Errors
/// What the store says.
pub fn parts_of(
    reader: &Reader,
    book: &Rulebook,
    register: &Register,
    service: &ServiceId,
) -> Result<Vec<PartStretch>, StoreError> {
    let mut parts: Vec<PartStretch> = Vec::new();
    for window in book.planned_of_components(register, service).iter() {
        let of_window = reader.ledger_parts(service, window.from, window.to)?;
        // One stretch may reach over two windows.
        let known = parts.last().map(|last| last.interval.from);
        parts.extend(of_window.into_iter().filter(|stretch| Some(stretch.interval.from) > known));
    }
    Ok(parts)
}
