//! Certificates that run out, as conditions of the class `sertifikat`: one ticket per endpoint.
//!
//! While the access ticket of the service is active, a certificate opens none of its own: the asking that fails because of
//! it is told there. One that is open stays.

use super::model::Model;
use super::service_model::ServiceModel;
use crate::domain::catalogue::Check;
use crate::domain::certificate::{CertificateView, days_left};
use crate::domain::phrase::Phrase;
use crate::domain::profile::Impact;
use crate::domain::ticket::condition::{Condition, View};
use crate::domain::ticket::stage::ARGUMENT;
use crate::domain::ticket::{TicketClass, TicketKey, TicketScope, TicketState};
use pantau_shared::timestamp::Timestamp;

/// How the certificate of the check at `place` stands; `None`: none was ever shown.
pub(super) fn certificate_of(
    model: &Model,
    service: &ServiceModel,
    place: usize,
    check: &Check,
    now: Timestamp,
) -> Option<CertificateView> {
    let seen = || service.vantages.iter().filter(|v| v.check == place).filter_map(|v| v.certificate);
    seen().next()?;
    Some(model.catalogue.certificates.view(seen(), check.interval_ms, now))
}

impl Model {
    /// What is seen of the certificates of a service; of those that are sound only where a ticket waits for it.
    pub(super) fn certificate_views(&self, service: &ServiceModel, now: Timestamp) -> Vec<View> {
        let checks = service.service.checks.iter().enumerate();
        checks.filter_map(|(place, check)| self.certificate_view(service, place, check, now)).collect()
    }

    fn certificate_view(&self, service: &ServiceModel, place: usize, check: &Check, now: Timestamp) -> Option<View> {
        let seen = certificate_of(self, service, place, check, now)?;
        let key = TicketKey { scope: TicketScope::Check(check.id.clone()), class: TicketClass::Certificate };
        let held = self.holder(&key).is_some();
        match seen {
            CertificateView::Unseen => None,
            CertificateView::Sound(since) => held.then_some(View::Clear { key, since }),
            CertificateView::Expiring { .. } if !held && self.access_is_lost(service) => None,
            CertificateView::Expiring { stage, limit_days, onset_at, expires_at } => {
                let id = if limit_days == 0 { "symptom-certificate-expired" } else { "symptom-certificate-expiring" };
                let symptom = Phrase::new(id)
                    .with("service", &service.service.name)
                    .with("check", &check.name)
                    .with("days", days_left(expires_at, now))
                    .with("limit", limit_days)
                    .with("expires_at", expires_at)
                    .with("since_at", onset_at)
                    .with(ARGUMENT, stage);
                Some(View::Holds(Condition {
                    key,
                    impact: Impact::Minor,
                    onset_at,
                    symptom,
                    category: "sertifikat".to_owned(),
                    components: service.service.hosts.iter().map(ToString::to_string).collect(),
                    affected: vec![service.service.id.clone()],
                    flapping_since: None,
                }))
            }
        }
    }

    fn access_is_lost(&self, service: &ServiceModel) -> bool {
        let scope = TicketScope::Service(service.service.id.clone());
        let access = self.holder(&TicketKey { scope, class: TicketClass::Access });
        access.is_some_and(|ticket| ticket.state != TicketState::Pulih)
    }

    /// When the next stage of a certificate of a service is reached, or a renewed one has been good for long enough.
    pub(super) fn next_certificate_look(&self, service: &ServiceModel, now: Timestamp) -> Option<Timestamp> {
        let seen = service.vantages.iter().filter_map(|v| v.certificate);
        let resolve = i64::from(self.catalogue.tickets.resolve_after_seconds);
        let looks = seen.flat_map(|seen| {
            let good = Some(seen.since.plus_secs(resolve)).filter(|at| *at > now);
            [self.catalogue.certificates.next_stage(seen.expires_at, now), good]
        });
        looks.flatten().min()
    }
}
