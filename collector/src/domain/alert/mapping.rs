//! Whom an alert concerns: its own labels first, then the office's table.
//!
//! `pantau_service` names a service, `instance` (`app-01:9100`) a host that is known here by its identifier; every line of
//! the table whose label fits adds what it says.

use crate::domain::catalogue::{Catalogue, ServiceId};
use crate::domain::profile::Impact;
use crate::domain::ticket::TicketClass;
use pantau_shared::ids::HostId;
use std::collections::{BTreeMap, BTreeSet};

/// The label that names a service.
pub const SERVICE_LABEL: &str = "pantau_service";
/// The label that names a host.
pub const INSTANCE_LABEL: &str = "instance";

/// A line of `[[alertmanager]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertMapping {
    /// Which label is looked at.
    pub label: String,
    /// Its value; a `*` at the end stands for any rest.
    pub value: String,
    /// The service that is concerned.
    pub service: Option<ServiceId>,
    /// The host that is concerned.
    pub host: Option<HostId>,
    /// The class of the ticket.
    pub class: Option<TicketClass>,
    /// How bad.
    pub impact: Option<Impact>,
}

/// What an alert's labels say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapped {
    /// Services concerned.
    pub services: BTreeSet<ServiceId>,
    /// The host concerned.
    pub host: Option<HostId>,
    /// The class, where a line of the table says one.
    pub class: Option<TicketClass>,
    /// Minor, unless a line of the table says otherwise.
    pub impact: Impact,
}

impl AlertMapping {
    fn fits(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = labels.get(&self.label).map_or("", String::as_str);
        match self.value.strip_suffix('*') {
            Some(begin) => !value.is_empty() && value.starts_with(begin),
            None => value == self.value,
        }
    }
}

/// Whom an alert with these labels concerns.
pub fn map(catalogue: &Catalogue, labels: &BTreeMap<String, String>) -> Mapped {
    let mut mapped = Mapped { services: BTreeSet::new(), host: None, class: None, impact: Impact::Minor };
    let named = labels.get(SERVICE_LABEL).and_then(|text| ServiceId::parse(text).ok());
    mapped.services.extend(named.filter(|id| catalogue.service(id).is_some()));
    for line in catalogue.alerts.iter().filter(|line| line.fits(labels)) {
        mapped.services.extend(line.service.clone());
        mapped.host = mapped.host.or_else(|| line.host.clone());
        mapped.class = mapped.class.or(line.class);
        mapped.impact = line.impact.map_or(mapped.impact, |impact| impact.min(mapped.impact));
    }
    let instance = labels.get(INSTANCE_LABEL).map(|text| text.rsplit_once(':').map_or(text.as_str(), |(host, _)| host));
    let known = |id: &HostId| catalogue.host_names.contains_key(id) || catalogue.services_on(id).next().is_some();
    mapped.host = mapped.host.or_else(|| instance.and_then(|text| HostId::parse(text).ok()).filter(known));
    if let Some(host) = mapped.host.as_ref().filter(|_| mapped.services.is_empty()) {
        mapped.services.extend(catalogue.services_on(host).map(|service| service.id.clone()));
    }
    mapped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(list: &[(&str, &str)]) -> BTreeMap<String, String> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn own_labels_and_the_offices_table() {
        let id = |text: &str| ServiceId::parse(text).expect("valid");
        let host = |text: &str| HostId::parse(text).expect("valid");
        let line = |label: &str, value: &str| AlertMapping {
            label: label.into(),
            value: value.into(),
            service: None,
            host: None,
            class: None,
            impact: None,
        };
        let mut catalogue = Catalogue::empty();
        catalogue.host_names.insert(host("db-01"), "Basis data".into());
        catalogue.alerts = vec![
            AlertMapping { service: Some(id("simpeg")), ..line("job", "simpeg-*") },
            AlertMapping { impact: Some(Impact::Mayor), ..line("severity", "critical") },
            AlertMapping { class: Some(TicketClass::Security), ..line("alertname", "SshBruteForce") },
        ];
        let mapped = map(&catalogue, &labels(&[("job", "simpeg-web"), ("severity", "critical")]));
        assert_eq!((mapped.services, mapped.impact), ([id("simpeg")].into(), Impact::Mayor));
        let mapped = map(&catalogue, &labels(&[("instance", "db-01:9100"), ("alertname", "SshBruteForce")]));
        assert_eq!((mapped.host, mapped.class), (Some(host("db-01")), Some(TicketClass::Security)));
        let mapped = map(&catalogue, &labels(&[("instance", "elsewhere:9100"), (SERVICE_LABEL, "unknown")]));
        assert_eq!((mapped.host, mapped.services.len(), mapped.impact), (None, 0, Impact::Minor));
        assert!(!line("job", "*").fits(&labels(&[])), "a label that is not there fits nothing");
    }
}
