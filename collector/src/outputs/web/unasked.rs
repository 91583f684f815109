//! The checks that a host was told to make and could not: refused by its agent, or for want of something there.

use super::markup::{Badge, Tone};
use super::page::Page;
use crate::domain::check_target::render_target;
use crate::snapshot::Snapshot;
use pantau_shared::ids::HostId;
use pantau_shared::probe::ProbeVerdict;

/// One such check.
#[derive(Debug)]
pub(crate) struct UnaskedRow {
    pub(crate) name: String,
    pub(crate) asks: String,
    pub(crate) service: (String, String),
    pub(crate) badge: Badge,
    /// The agent's own words, in English.
    pub(crate) reason: String,
    pub(crate) at: String,
}

/// The checks whose newest answer from `host` is a probe error, in the catalogue's order.
pub(crate) fn rows(page: &Page, snapshot: &Snapshot, host: &HostId) -> Vec<UnaskedRow> {
    let texts = page.texts;
    let mut out = Vec::new();
    for view in snapshot.services.iter() {
        let Some(service) = snapshot.catalogue.services.iter().find(|service| service.id == view.id) else { continue };
        for answer in view.checks.iter().filter(|answer| answer.host == *host) {
            let unasked = answer.outcome.as_deref().filter(|outcome| outcome.verdict() == ProbeVerdict::ProbeError);
            let check = service.checks.iter().find(|check| check.id == answer.id);
            let (Some(outcome), Some(check)) = (unasked, check) else { continue };
            let (tone, word) =
                if outcome.refused { (Tone::Warn, "unasked-refused") } else { (Tone::Unknown, "unasked-trouble") };
            out.push(UnaskedRow {
                name: check.name.clone(),
                asks: render_target(&check.kind),
                service: (format!("/services/{}", service.id), service.name.clone()),
                badge: Badge::new(tone, texts.get(word)),
                reason: outcome.reason.clone(),
                at: answer
                    .at
                    .map_or_else(String::new, |at| texts.text("ago", &[("span", &texts.between(at, page.now))])),
            });
        }
    }
    out
}
