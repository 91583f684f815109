//! What of a catalogue a fact or a ticket belongs to, found without walking the catalogue. Made once per catalogue.

use super::service_model::ServiceModel;
use crate::domain::catalogue::{BackupSet, Catalogue, ServiceId};
use pantau_shared::ids::{BackupSetId, HostId};
use std::collections::HashMap;

/// Places in the model by identifier.
#[derive(Debug, Clone, Default)]
pub(crate) struct CatalogueIndex {
    /// By host and check: the service and the vantage.
    vantages: HashMap<HostId, HashMap<String, (usize, usize)>>,
    services: HashMap<ServiceId, usize>,
    sets: HashMap<String, usize>,
    /// Sets of logs, each with its base.
    pub(crate) ties: Vec<(usize, usize)>,
    /// The services that run on a host, in catalogue order.
    running: HashMap<HostId, Vec<usize>>,
}

impl CatalogueIndex {
    /// Of `catalogue`, whose services are at the places of `services`.
    pub(crate) fn new(catalogue: &Catalogue, services: &[ServiceModel]) -> Self {
        let mut index = Self::default();
        for (place, service) in services.iter().enumerate() {
            index.services.insert(service.service.id.clone(), place);
            for (vantage, seen) in service.vantages.iter().enumerate() {
                let Some(check) = service.service.checks.get(seen.check) else { continue };
                let of_host = index.vantages.entry(seen.host.clone()).or_default();
                of_host.entry(check.id.to_string()).or_insert((place, vantage));
            }
            for host in &service.service.hosts {
                index.running.entry(host.clone()).or_default().push(place);
            }
        }
        let sets = catalogue.services.iter().flat_map(|service| &service.backups);
        let places = || catalogue.services.iter().flat_map(|service| &service.backups).enumerate();
        let place_of = |id: &BackupSetId| places().find(|(_, set)| set.id == *id).map(|(place, _)| place);
        let tie = |(place, set): (usize, &BackupSet)| Some((place, place_of(set.base.as_ref()?)?));
        index.ties = places().filter_map(tie).collect();
        index.sets.extend(sets.enumerate().map(|(place, set)| (set.id.to_string(), place)));
        index
    }

    /// Which vantage of which service asked.
    pub(crate) fn vantage(&self, host: &HostId, check: &str) -> Option<(usize, usize)> {
        self.vantages.get(host)?.get(check).copied()
    }

    /// Where a service is.
    pub(crate) fn service(&self, id: &ServiceId) -> Option<usize> {
        self.services.get(id).copied()
    }

    /// Where a backup set is.
    pub(crate) fn set(&self, id: &str) -> Option<usize> {
        self.sets.get(id).copied()
    }

    /// Where a ticket's backup set is.
    pub(crate) fn set_of(&self, id: &BackupSetId) -> Option<usize> {
        self.set(id.as_str())
    }

    /// The places of the services that run on a host.
    pub(crate) fn running_on(&self, host: &HostId) -> &[usize] {
        self.running.get(host).map_or(&[], Vec::as_slice)
    }
}
