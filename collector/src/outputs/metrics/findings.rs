//! What the regulation wants of services and their entries in the catalogue lack, one series each.

use super::{Family, gauge};
use crate::snapshot::Snapshot;
use std::collections::BTreeSet;

pub(super) fn findings(snapshot: &Snapshot) -> Vec<Family> {
    let mut findings = gauge(
        "pantau_catalogue_findings",
        "1 for each thing that the regulation wants and the catalogue lacks, such as a critical service without an RPO.",
    );
    // Several components may lack the same.
    let lacking = snapshot.catalogue.findings.iter().map(|finding| {
        let service = finding.service.as_ref().map_or("", |service| service.as_str());
        (service, finding.phrase.id.trim_start_matches("finding-"))
    });
    for (service, lacks) in lacking.collect::<BTreeSet<_>>() {
        findings.set(&[("service", service), ("finding", lacks)], Some(1.0));
    }
    vec![findings]
}
