//! PostgreSQL with WAL archiving: what can be restored to is the last archived segment, not the base backup.
//!
//! An old archiving time on an idle server is not staleness: where nothing waits to be archived, everything is. A broken
//! chain leaves the base backup alone. Without a usable base backup segments restore nothing.

use super::{Backup, Policy, newest_usable};
use pantau_shared::timestamp::Timestamp;

/// What the archiver says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Archive {
    /// When the last segment was archived.
    pub last_archived_at: Option<Timestamp>,
    /// Whether the server has written anything since.
    pub unarchived_changes: bool,
    /// Whether every segment from the base backup on is there.
    pub chain_ok: bool,
}

/// The moment to which data can be restored at `at`; none without a usable base backup.
pub fn recovery_point(bases: &[Backup], archive: &Archive, policy: &Policy, at: Timestamp) -> Option<Timestamp> {
    let base = newest_usable(bases, policy, at)?.data_time;
    if !archive.chain_ok {
        return Some(base);
    }
    let archived = if archive.unarchived_changes { archive.last_archived_at } else { Some(at) };
    Some(archived.filter(|archived| *archived <= at).map_or(base, |archived| archived.max(base)))
}
