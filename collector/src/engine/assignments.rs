//! What a host is asked to watch: its part of the catalogue. A pure function.

use crate::domain::catalogue::{BackupSet, Catalogue, Check};
use pantau_shared::assignment::{Assignment, BackupWatch, CheckSpec};
use pantau_shared::ids::HostId;
use pantau_shared::limits::ASSIGNED_MAX;
use prost::Message;

/// The assignment of `host`. Its revision is a hash of the content, so equal content keeps its revision over restarts
/// and catalogue revisions that do not touch this host. At most [`ASSIGNED_MAX`] checks and sets; the first ones.
pub fn assignment_for(catalogue: &Catalogue, host: &HostId) -> Assignment {
    let checks = catalogue.services.iter().flat_map(|service| &service.checks);
    let backups = catalogue.services.iter().flat_map(|service| &service.backups);
    let mut assignment = Assignment {
        revision: 0,
        sample_period_ms: catalogue.sample_period_ms,
        checks: checks.filter(|check| check.vantages.contains(host)).take(ASSIGNED_MAX).map(check_spec).collect(),
        backups: backups.filter(|set| set.host == *host).take(ASSIGNED_MAX).map(backup_watch).collect(),
    };
    assignment.revision = fnv1a(&assignment.encode_to_vec()).max(1);
    assignment
}

fn check_spec(check: &Check) -> CheckSpec {
    CheckSpec {
        id: check.id.to_string(),
        interval_ms: check.interval_ms,
        timeout_ms: check.timeout_ms,
        retry_pause_ms: check.retry_pause_ms,
        degraded_after_ms: check.degraded_after_ms,
        certificate_warning_seconds: check.certificate_warning_seconds,
        kind: Some(check.kind.clone()),
    }
}

fn backup_watch(set: &BackupSet) -> BackupWatch {
    BackupWatch { id: set.id.to_string(), interval_ms: set.interval_ms, source: Some(set.source.clone()) }
}

/// FNV-1a, 64 bits: stable for ever, unlike the standard hasher; names content, protects nothing.
fn fnv1a(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_revision_names_the_content() {
        let host = HostId::parse("a").expect("valid");
        let mut catalogue = Catalogue::empty();
        let first = assignment_for(&catalogue, &host);
        assert_ne!(first.revision, 0);
        catalogue.revision += 1;
        assert_eq!(assignment_for(&catalogue, &host), first);
        catalogue.sample_period_ms += 1000;
        assert_ne!(assignment_for(&catalogue, &host).revision, first.revision);
    }
}
