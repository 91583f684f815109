//! A budget that burns: when it has a ticket of its own, and when the outage's ticket says it all.

use super::model::Model;
use super::tests::{at, catalogue, commit, probe, record, verdict};
use crate::config::profile::bangka_2025;
use crate::domain::catalogue::AvailabilityTarget;
use crate::domain::ticket::transition::act;
use crate::domain::ticket::{TicketAction, TicketClass, TicketState};
use pantau_shared::timestamp::Timestamp;
use std::sync::Arc;

fn new_model(target_ppm: u32) -> Model {
    let mut catalogue = catalogue(&["a"]);
    catalogue.services[0].target = Some(AvailabilityTarget { ppm: target_ppm });
    catalogue.services[0].backups.clear();
    Model::new(Arc::new(catalogue), Arc::new(bangka_2025()), at(0), at(0))
}

/// One answer, ten seconds after the one before, judged; when that was.
fn step(model: &mut Model, place: usize, sign: char, log: &mut Vec<String>) -> Timestamp {
    let now = at(10 * i64::try_from(place).expect("short"));
    model.refresh_hosts(vec![record("a", now)]);
    model.apply(&probe("a", now, verdict(sign).expect("a sign")));
    // Twice: a commit touches what it changed.
    for _ in 0..2 {
        let plan = model.decide(now);
        commit(model, plan, now, log);
    }
    now
}

/// What happened to tickets.
fn lived(target_ppm: u32, signs: &str) -> Vec<String> {
    let (mut model, mut log) = (new_model(target_ppm), Vec::new());
    for (place, sign) in signs.chars().enumerate() {
        step(&mut model, place, sign, &mut log);
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
fn the_outages_ticket_tells_of_it_also_once_restored() {
    let log = lived(999_000, &two_outages());
    assert!(!log.iter().any(|line| line.contains("|anggaran")), "no ticket of its own: {log:#?}");
    // Opened, restored, recurred or opened again, restored; and once, silently, the fact.
    assert_eq!(log.iter().filter(|line| line.contains(" silent ")).count(), 1, "{log:#?}");
}

#[test]
fn once_the_outage_is_confirmed_it_has_its_own_and_one_a_month() {
    let (mut model, mut log) = (new_model(999_000), Vec::new());
    for (place, sign) in two_outages().chars().enumerate() {
        let now = step(&mut model, place, sign, &mut log);
        // A person ends whatever can be ended.
        for ticket in model.tickets.values().cloned().collect::<Vec<_>>() {
            let end = match (ticket.state, ticket.key.class) {
                (TicketState::Pulih, _) => TicketAction::Confirm { method: "telepon".into() },
                (_, TicketClass::Budget) => TicketAction::Cancel { reason: "diketahui".into(), false_alarm: false },
                _ => continue,
            };
            let (after, _) = act(&ticket, &end, "Sari", now, &bangka_2025()).expect("may end");
            model.committed(after);
        }
    }
    let opened = log.iter().filter(|line| line.contains(" opened ") && line.contains("|anggaran")).count();
    assert_eq!(opened, 1, "it burns on for an hour after it was cancelled: {log:#?}");
}

#[test]
fn a_budget_that_lasts_has_none() {
    let log = lived(950_000, &two_outages());
    assert!(!log.iter().any(|line| line.contains("|anggaran")), "{log:#?}");
}
