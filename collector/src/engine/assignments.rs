//! What a host is asked to watch: its part of the catalogue. A pure function, so the revision is the catalogue's.

use crate::domain::catalogue::Catalogue;
use pantau_shared::assignment::{Assignment, BackupWatch, CheckSpec};
use pantau_shared::ids::HostId;

/// The assignment of `host` under `catalogue`.
pub fn assignment_for(catalogue: &Catalogue, host: &HostId) -> Assignment {
    let mut assignment = Assignment {
        revision: u64::from(catalogue.revision),
        sample_period_ms: catalogue.sample_period_ms,
        checks: Vec::new(),
        backups: Vec::new(),
    };
    for service in &catalogue.services {
        for check in service.checks.iter().filter(|c| c.vantages.contains(host)) {
            assignment.checks.push(CheckSpec {
                id: check.id.to_string(),
                interval_ms: check.interval_ms,
                timeout_ms: check.timeout_ms,
                retry_pause_ms: check.retry_pause_ms,
                degraded_after_ms: check.degraded_after_ms,
                certificate_warning_seconds: check.certificate_warning_seconds,
                kind: Some(check.kind.clone()),
            });
        }
        for set in service.backups.iter().filter(|set| set.host == *host) {
            let (id, source) = (set.id.to_string(), Some(set.source.clone()));
            assignment.backups.push(BackupWatch { id, interval_ms: set.interval_ms, source });
        }
    }
    assignment
}
