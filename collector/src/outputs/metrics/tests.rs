//! What Prometheus gets, over the constructed site.

use super::*;
use crate::outputs::web::tests::site::{NOW, snapshot};

#[test]
fn the_whole_exposition() {
    let stats = SelfStats::default();
    stats.batches_accepted.add(3);
    stats.batches_too_large.increment();
    let text = render(&snapshot(), &stats, NOW).expect("encodes");
    insta::assert_snapshot!(text);
}

#[test]
fn what_is_not_defined_is_absent() {
    let text = render(&snapshot(), &SelfStats::default(), NOW).expect("encodes");
    for absent in [
        "pantau_service_availability_target_ratio{service=\"jdih\"}",
        "pantau_service_error_budget_seconds{service=\"jdih\"}",
        "pantau_outbox_oldest_age_seconds",
    ] {
        assert!(!text.contains(absent), "{absent}");
    }
    assert!(text.contains("pantau_service_state{service=\"jdih\",state=\"unknown\"} 1\n"));
}
