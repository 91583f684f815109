//! What the regulation wants of a service and its entry lacks.

use crate::domain::catalogue::{Finding, Service, ServiceClass, ServiceGroup};
use crate::domain::phrase::Phrase;

/// What the regulation wants of a service and its entry lacks.
pub(super) fn findings(service: &Service) -> Vec<Finding> {
    let critical = service.class == ServiceClass::Kritis;
    let uncovered = service.group == ServiceGroup::Publik && service.class == ServiceClass::Normal;
    [
        (critical && service.rpo_seconds.is_none(), "finding-critical-without-rpo"),
        (critical && service.rto_seconds.is_none(), "finding-critical-without-rto"),
        (critical && service.recovery_plan.is_none(), "finding-critical-without-recovery-plan"),
        (uncovered, "finding-no-resolution-target"),
        (service.target.is_none(), "finding-no-availability-target"),
    ]
    .into_iter()
    .filter(|(applies, _)| *applies)
    .map(|(_, id)| Finding { service: service.id.clone(), phrase: Phrase::new(id).with("service", &service.name) })
    .collect()
}
