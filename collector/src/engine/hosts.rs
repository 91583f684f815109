//! All hosts in memory: reached by place, found by identifier, listed in the order of identifiers. A host never leaves:
//! a revoked one stays known and is not shown.

use super::host_model::HostModel;
use crate::store::records::HostRecord;
use pantau_shared::ids::HostId;
use std::collections::HashMap;
use std::ops::{Index, IndexMut};

/// All hosts in memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hosts {
    list: Vec<HostModel>,
    places: HashMap<HostId, usize>,
    /// Enrolled and not revoked.
    enrolled: usize,
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
        self.enrolled += usize::from(record.revoked_at.is_none());
        self.list.push(HostModel::new(record));
        place
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
