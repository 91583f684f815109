//! All hosts in memory: reached by place, found by identifier, listed in the order of identifiers. A host never leaves:
//! a revoked one stays known and is not shown.

use super::checkpoint::{SLICES, slice_of};
use super::host_model::HostModel;
use crate::store::records::HostRecord;
use pantau_shared::ids::HostId;
use std::collections::{BTreeSet, HashMap};
use std::ops::{Index, IndexMut};

/// All hosts in memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hosts {
    list: Vec<HostModel>,
    places: HashMap<HostId, usize>,
    /// Enrolled and not revoked.
    enrolled: usize,
    /// Places by slice of the checkpoint.
    slices: Vec<Vec<usize>>,
    /// Slices whose hosts sent something since they were saved last.
    unsaved: BTreeSet<u32>,
}

impl Hosts {
    /// Where a host is.
    pub(crate) fn place(&self, id: &HostId) -> Option<usize> {
        self.places.get(id).copied()
    }

    /// Takes a host in that is not here yet; its place.
    pub(crate) fn add(&mut self, record: HostRecord) -> usize {
        let place = self.list.len();
        self.places.insert(record.id.clone(), place);
        let slice = slice_of(&record.id);
        self.slices.resize(SLICES as usize, Vec::new());
        if let Some(places) = self.slices.get_mut(slice as usize) {
            places.push(place);
        }
        self.enrolled += usize::from(record.revoked_at.is_none());
        self.list.push(HostModel::new(record));
        place
    }

    /// The places of a slice.
    pub(crate) fn of_slice(&self, slice: u32) -> &[usize] {
        self.slices.get(slice as usize).map_or(&[], Vec::as_slice)
    }

    /// The host at a place sent something.
    pub(crate) fn sent(&mut self, place: usize) {
        self.unsaved.insert(self[place].slice);
    }

    /// The next slice after `slice` that is to be saved, round and round.
    pub(crate) fn next_unsaved(&self, slice: u32) -> Option<u32> {
        self.unsaved.range(slice.saturating_add(1)..).next().or_else(|| self.unsaved.first()).copied()
    }

    /// All slices that are to be saved.
    pub(crate) fn unsaved(&self) -> impl Iterator<Item = u32> {
        self.unsaved.iter().copied()
    }

    /// A slice was saved.
    pub(crate) fn saved(&mut self, slice: u32) {
        self.unsaved.remove(&slice);
    }

    /// Counts the enrolled hosts anew: one was revoked or came back.
    pub(crate) fn recount(&mut self) {
        self.enrolled = self.list.iter().filter(|host| host.record.revoked_at.is_none()).count();
    }

    /// Hosts that are enrolled and not revoked.
    pub(crate) fn enrolled(&self) -> usize {
        self.enrolled
    }

    /// How many there are, revoked ones included: the places are below.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// All, by place.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &HostModel> {
        self.list.iter()
    }

    /// The places of the hosts that are shown, by identifier.
    pub(crate) fn shown(&self) -> Vec<usize> {
        let mut shown: Vec<(&HostId, usize)> = (self.list.iter().zip(0..))
            .filter(|(host, _)| host.record.revoked_at.is_none())
            .map(|(host, place)| (&host.record.id, place))
            .collect();
        shown.sort_unstable();
        shown.into_iter().map(|(_, place)| place).collect()
    }
}

impl Index<usize> for Hosts {
    type Output = HostModel;

    /// The host at a place that [`Hosts::add`] gave out.
    fn index(&self, place: usize) -> &HostModel {
        &self.list[place]
    }
}

impl IndexMut<usize> for Hosts {
    fn index_mut(&mut self, place: usize) -> &mut HostModel {
        &mut self.list[place]
    }
}
