//! What is held back of backup sets: how their records count in final months until people agree ([`crate::domain::rpo::late`]).

use crate::domain::register::Register;
use crate::domain::rpo::late::HeldRecord;
use pantau_shared::ids::BackupSetId;
use std::collections::HashMap;

/// Holds by set, in the order in which they were learnt.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct LateBook(HashMap<BackupSetId, Vec<HeldRecord>>);

impl LateBook {
    /// What `register` holds back; with the record `flipped` decided the other way.
    pub(super) fn new(register: &Register, flipped: Option<u32>) -> Self {
        let held = register.late_sets().map(|set| (set.clone(), register.held_of(set, flipped).cloned().collect()));
        Self(held.filter(|(_, held): &(_, Vec<_>)| !held.is_empty()).collect())
    }

    /// Those of a set.
    pub(super) fn of(&self, set: &BackupSetId) -> &[HeldRecord] {
        self.0.get(set).map(Vec::as_slice).unwrap_or_default()
    }
}
