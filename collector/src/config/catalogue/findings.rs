//! What the regulation wants of a service and its entry lacks.

use crate::domain::burn::{STANDARD_30_DAYS, is_unfireable};
use crate::domain::catalogue::{Catalogue, Finding, Service, ServiceClass, ServiceGroup};
use crate::domain::phrase::Phrase;

/// Whether the fastest burn alert could not fire under the service's target, not even in a total outage.
fn budget_never_burns(service: &Service) -> bool {
    let fastest = STANDARD_30_DAYS.iter().map(|pair| pair.factor_milli).max().unwrap_or(0);
    service.target.is_some_and(|target| is_unfireable(target.ppm, fastest))
}

/// What the regulation wants of a service and its entry lacks, and what in it is not settled.
pub(super) fn findings(service: &Service, catalogue: &Catalogue) -> Vec<Finding> {
    let critical = service.class == ServiceClass::Kritis;
    let uncovered = service.group == ServiceGroup::Publik && service.class == ServiceClass::Normal;
    let unsaved = !service.backups.iter().any(|set| set.required && set.is_backup());
    let mut phrases: Vec<Phrase> = [
        (critical && unsaved, "finding-critical-without-backup"),
        (critical && service.rpo_seconds.is_none(), "finding-critical-without-rpo"),
        (critical && service.rto_seconds.is_none(), "finding-critical-without-rto"),
        (critical && service.recovery_plan.is_none(), "finding-critical-without-recovery-plan"),
        (uncovered, "finding-no-resolution-target"),
        (service.target.is_none(), "finding-no-availability-target"),
        (budget_never_burns(service), "finding-target-too-low-for-burn"),
    ]
    .into_iter()
    .filter(|(applies, _)| *applies)
    .map(|(_, id)| Phrase::new(id).with("service", &service.name))
    .collect();
    if let Some(calendar) = catalogue.calendar(&service.service_hours).filter(|calendar| !calendar.confirmed) {
        let phrase = Phrase::new("finding-calendar-unconfirmed").with("service", &service.name);
        phrases.push(phrase.with("calendar", &calendar.name));
    }
    // G57: a part that may be down for longer than the whole.
    let looser = |target: u32| service.target.is_some_and(|whole| target < whole.ppm);
    for component in &service.composition.components {
        if component.target.is_some_and(|target| looser(target.ppm)) {
            let phrase = Phrase::new("finding-component-target-looser").with("service", &service.name);
            phrases.push(phrase.with("component", &component.name));
        }
    }
    phrases.into_iter().map(|phrase| Finding { service: Some(service.id.clone()), phrase }).collect()
}
