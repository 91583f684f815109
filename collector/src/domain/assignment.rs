//! What a host is asked to watch: its part of the catalogue.
//!
//! The revision is a hash of the content, so equal revisions mean equal content for ever, whatever happened to the
//! catalogue in between, and a change elsewhere in the catalogue sends nothing to a host that it does not concern.

use crate::domain::catalogue::Catalogue;
use pantau_shared::assignment::{Assignment, BackupWatch, CheckSpec};
use pantau_shared::ids::HostId;
use pantau_shared::limits::ASSIGNED_MAX;
use prost::Message;

/// The assignment of `host` under `catalogue`; at most [`ASSIGNED_MAX`] checks and as many backup sets, the first.
pub fn assignment_for(catalogue: &Catalogue, host: &HostId) -> Assignment {
    let services = &catalogue.services;
    // Witnesses first: they are few, and no service must lack them.
    let all = catalogue.witnesses.iter().chain(services.iter().flat_map(|service| &service.checks));
    let checks = all.filter(|check| check.vantages.contains(host)).take(ASSIGNED_MAX).map(|check| CheckSpec {
        id: check.id.to_string(),
        interval_ms: check.interval_ms,
        timeout_ms: check.timeout_ms,
        retry_pause_ms: check.retry_pause_ms,
        degraded_after_ms: check.degraded_after_ms,
        certificate_warning_seconds: check.certificate_warning_seconds,
        kind: Some(check.kind.clone()),
    });
    let sets = services.iter().flat_map(|service| &service.backups);
    let looks = sets.filter_map(|set| set.look().map(|look| (&set.id, look))).filter(|(_, look)| look.host == *host);
    let backups = looks.take(ASSIGNED_MAX).map(|(id, look)| BackupWatch {
        id: id.to_string(),
        interval_ms: look.interval_ms,
        source: Some(look.source.clone()),
    });
    let mut assignment = Assignment {
        revision: 0,
        sample_period_ms: catalogue.sample_period_ms,
        checks: checks.collect(),
        backups: backups.collect(),
    };
    assignment.revision = revision_of(&assignment.encode_to_vec());
    assignment
}

/// The first eight bytes of the content's SHA-256; never 0, which means "none yet".
fn revision_of(content: &[u8]) -> u64 {
    let digest = ring::digest::digest(&ring::digest::SHA256, content);
    digest.as_ref().first_chunk().map_or(0, |head| u64::from_be_bytes(*head)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalogue::{
        Agreement, Check, CheckQuorum, Composition, Service, ServiceClass, ServiceGroup, ServiceId,
    };
    use pantau_shared::assignment::{CheckKind, TcpCheck};
    use pantau_shared::ids::CheckId;

    fn host(id: &str) -> HostId {
        HostId::parse(id).expect("valid")
    }

    fn catalogue(revision: u32, checks: &[(&str, &str)]) -> Catalogue {
        let check = |&(id, vantage): &(&str, &str)| Check {
            id: CheckId::parse(id).expect("valid"),
            name: id.into(),
            vantages: vec![host(vantage)],
            interval_ms: 5000,
            timeout_ms: 1000,
            retry_pause_ms: 500,
            degraded_after_ms: 0,
            certificate_warning_seconds: 0,
            confirm_failures: 2,
            quorum: CheckQuorum::default(),
            kind: CheckKind::Tcp(TcpCheck { host: "db".into(), port: 5432, ..TcpCheck::default() }),
        };
        let service = Service {
            id: ServiceId::parse("simpeg").expect("valid"),
            name: String::new(),
            description: String::new(),
            provider: String::new(),
            service_administrators: Vec::new(),
            infrastructure_administrators: Vec::new(),
            access: String::new(),
            target: None,
            support_contact: String::new(),
            support_hours: String::new(),
            group: ServiceGroup::Publik,
            class: ServiceClass::Normal,
            service_hours: "24x7".into(),
            rpo_seconds: None,
            rto_seconds: None,
            recovery_plan: None,
            hosts: Vec::new(),
            checks: checks.iter().map(check).collect(),
            backups: Vec::new(),
            agreement: Agreement::default(),
            composition: Composition::default(),
            witnesses: std::sync::Arc::default(),
        };
        Catalogue { revision, services: vec![service], ..Catalogue::empty() }
    }

    #[test]
    fn a_revision_names_the_content_and_nothing_else() {
        let (web, db) = (host("web"), host("db"));
        let before = assignment_for(&catalogue(1, &[("a", "web")]), &web);
        assert_eq!(before.checks.iter().map(|check| check.id.as_str()).collect::<Vec<_>>(), ["a"]);
        assert_ne!(before.revision, 0);
        let elsewhere = assignment_for(&catalogue(2, &[("a", "web"), ("b", "db")]), &web);
        assert_eq!(before, elsewhere, "a change that does not concern the host");
        let more = assignment_for(&catalogue(2, &[("a", "web"), ("b", "web")]), &web);
        assert_ne!(before.revision, more.revision);
        let nothing = assignment_for(&catalogue(2, &[("a", "web")]), &db);
        assert!(nothing.checks.is_empty() && nothing.revision != 0);
    }

    #[test]
    fn no_more_is_assigned_than_an_agent_takes() {
        let ids: Vec<String> = (0..=ASSIGNED_MAX).map(|n| format!("c{n}")).collect();
        let checks: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), "web")).collect();
        assert_eq!(assignment_for(&catalogue(1, &checks), &host("web")).checks.len(), ASSIGNED_MAX);
    }
}
