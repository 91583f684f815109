//! Checks that a host refused or could not make, on its page and nowhere else.

use super::*;
use crate::outputs::web::unasked;
use pantau_shared::ids::HostId;
use pantau_shared::probe::{ProbeOutcome, ProbeVerdict};
use std::sync::Arc;

#[test]
fn a_refused_check_stands_with_its_reason_on_the_page_of_its_host() {
    let mut site = snapshot();
    let page = page(Language::En, Section::Hosts, "nav-hosts", "/hosts/pantau-01");
    let of = |id: &str| HostId::parse(id).expect("valid");
    let before = unasked::rows(&page, &site, &of("pantau-01"));
    assert!(before.iter().all(|row| row.reason != "needs a secret"), "{before:?}");
    let services = Arc::make_mut(&mut site.services);
    let service = Arc::make_mut(services.first_mut().expect("a service"));
    service.checks[0].outcome = Some(Arc::new(ProbeOutcome {
        verdict: ProbeVerdict::ProbeError as i32,
        refused: true,
        reason: "needs a secret".into(),
        ..ProbeOutcome::default()
    }));
    let after = unasked::rows(&page, &site, &of("pantau-01"));
    let row = after.iter().find(|row| row.reason == "needs a secret").expect("stands there");
    assert_eq!((after.len(), row.service.0.starts_with("/services/")), (before.len() + 1, true));
    assert!(format!("{:?}", row.badge).contains("Refused"), "{row:?}");
    assert!(unasked::rows(&page, &site, &of("db-01")).is_empty());
}
