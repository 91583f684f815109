//! A budget that burns: when it has a ticket of its own, and when the outage's ticket says it all.

use super::model::Model;
use super::tests::{at, catalogue, commit, probe, record, verdict};
use crate::config::profile::bangka_2025;
use crate::domain::catalogue::AvailabilityTarget;
use std::sync::Arc;

/// One answer per ten seconds, each judged; what happened to tickets.
fn lived(target_ppm: u32, signs: &str) -> Vec<String> {
    let mut catalogue = catalogue(&["a"]);
    catalogue.services[0].target = Some(AvailabilityTarget { ppm: target_ppm });
    catalogue.services[0].backups.clear();
    let mut model = Model::new(Arc::new(catalogue), Arc::new(bangka_2025()), at(0), at(0));
    let mut log = Vec::new();
    for (place, sign) in signs.chars().enumerate() {
        let now = at(10 * i64::try_from(place).expect("short"));
        model.refresh_hosts(vec![record("a", now)]);
        model.apply(&probe("a", now, verdict(sign).expect("a sign")));
        // Twice: a commit touches what it changed.
        for _ in 0..2 {
            let plan = model.decide(now);
            commit(&mut model, plan, now, &mut log);
        }
    }
    log.retain(|line| line.contains("service:") && !line.contains(" escalated "));
    log
}

/// Fifty good minutes, two outages of 40 s five minutes apart, ten good minutes.
fn two_outages() -> String {
    let (good, outage) = (".".repeat(300), "xxxx");
    format!("{good}{outage}{}{outage}{}", ".".repeat(26), ".".repeat(60))
}

#[test]
fn it_has_its_own_ticket_once_the_outage_is_over_and_while_it_burns() {
    let log = lived(999_000, &two_outages());
    let of = |class: &str| log.iter().filter(|line| line.contains(class)).cloned().collect::<Vec<_>>();
    let words = |lines: &[String]| -> Vec<String> {
        lines.iter().map(|line| line.split(' ').nth(1).unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(words(&of("|anggaran")), ["opened", "restored"], "{log:#?}");
    // The second outage ended at 3340 s; its ticket is Pulih 30 s later, and only then the budget asks for one.
    let opened: i64 = of("|anggaran")[0].split('s').next().and_then(|s| s.parse().ok()).expect("seconds");
    assert!((3370..3440).contains(&opened), "{log:#?}");
    let access = of("|akses");
    assert!(access[0].contains("opened") && !access.iter().any(|line| line.starts_with(&format!("{opened}s opened"))));
}

#[test]
fn a_budget_that_lasts_has_none() {
    let log = lived(950_000, &two_outages());
    assert!(!log.iter().any(|line| line.contains("|anggaran")), "{log:#?}");
}
