//! The rulebook from what the store keeps. The one way to it, for the engine, the pages and the commands.

use super::{History, Rulebook};
use crate::config::catalogue;
use crate::domain::catalogue::Catalogue;
use crate::domain::profile::Profile;
use crate::store::{Reader, StoreError};
use pantau_shared::timestamp::Timestamp;

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
    Ok(load(reader, profile, catalogue, applied_at)?.with_register(&reader.register()?, catalogue))
}
