//! Certificates and alerts of other programs, as tickets: timelines go in, what happened to tickets comes out.

use super::model::Model;
use super::tests::{at, catalogue, commit, host, probe, record};
use crate::clock_board::ClockBoard;
use crate::config::profile::bangka_2025;
use crate::domain::alert::{Alert, Notification};
use crate::domain::profile::Impact;
use crate::domain::ticket::TicketClass;
use crate::store::records::{Fact, FactBody};
use pantau_shared::probe::ProbeVerdict;
use pantau_shared::sample::{Kernel, Sample};
use std::collections::BTreeSet;
use std::sync::Arc;

const DAY: i64 = 86_400;

fn model() -> Model {
    let mut catalogue = catalogue(&["a"]);
    catalogue.services.iter_mut().for_each(|service| service.backups.clear());
    catalogue.host_silent_after_seconds = 100_000_000;
    catalogue.tuning.observe_seconds = 0;
    let mut model = Model::new(Arc::new(catalogue), Arc::new(bangka_2025()), at(0), at(0));
    model.refresh_hosts(vec![record("a", at(0))]);
    model
}

/// The answer of a moment that shows a certificate which ends at `expires`.
fn shown(seconds: i64, verdict: ProbeVerdict, expires: i64) -> Fact {
    let mut fact = probe("a", at(seconds), verdict);
    if let FactBody::Probe(outcome) = &mut fact.body {
        outcome.certificate_expires_at = Some(at(expires).as_secs());
    }
    fact
}

fn step(model: &mut Model, fact: Option<&Fact>, seconds: i64, log: &mut Vec<String>) {
    if let Some(fact) = fact {
        model.apply(fact);
    }
    let plan = model.decide(at(seconds));
    commit(model, plan, at(seconds), log);
}

#[test]
fn a_certificate_is_one_ticket_from_the_first_warning_to_its_renewal() {
    let (mut model, mut log) = (model(), Vec::new());
    let expires = 40 * DAY;
    for day in 0..41 {
        for (second, end) in [(0, expires), (10, expires)] {
            let now = day * DAY + second;
            step(&mut model, Some(&shown(now, ProbeVerdict::Ok, end)), now, &mut log);
        }
    }
    log.retain(|line| !line.contains("escalated"));
    let key = "check:web|sertifikat";
    let told = |what: &str, day: i64| format!("{}s {what} 1 {key} P3 from {}s", day * DAY, 10 * DAY);
    assert_eq!(log, [told("opened", 10), told("updated", 26), told("updated", 33), told("updated", 40)]);
    let symptom = &model.tickets.values().next().expect("one").symptom;
    assert_eq!(symptom.id, "symptom-certificate-expired");
    // Renewed: restored after it was good for long enough.
    log.clear();
    let renewed = 40 * DAY + 100;
    for second in (0..60).step_by(10) {
        let now = renewed + second;
        step(&mut model, Some(&shown(now, ProbeVerdict::Ok, 130 * DAY)), now, &mut log);
    }
    assert_eq!(log, [format!("{}s restored 1 {key} P3 from {renewed}s", renewed + 30)]);
}

#[test]
fn a_certificate_that_breaks_the_service_is_told_in_its_access_ticket_alone() {
    let (mut model, mut log) = (model(), Vec::new());
    for (second, verdict) in [(0, ProbeVerdict::Failed), (10, ProbeVerdict::Failed), (20, ProbeVerdict::Failed)] {
        step(&mut model, Some(&shown(second, verdict, -5)), second, &mut log);
    }
    // Before the failure is confirmed nothing is lost yet, and the certificate is what is known.
    let keys: BTreeSet<&str> = log.iter().filter_map(|line| line.split(' ').nth(3)).collect();
    assert!(keys.contains("service:simpeg|akses"), "{log:?}");
    let mut again = self::model();
    log.clear();
    for (second, verdict) in [(0, ProbeVerdict::Failed), (10, ProbeVerdict::Failed)] {
        step(&mut again, Some(&probe("a", at(second), verdict)), second, &mut log);
    }
    for second in (20..100).step_by(10) {
        step(&mut again, Some(&shown(second, ProbeVerdict::Failed, -5)), second, &mut log);
    }
    assert_eq!(log, ["10s opened 1 service:simpeg|akses P1 from 0s"]);
    assert_eq!(model.hosts.place(&host("a")), Some(0));
}

fn message(model: &mut Model, seconds: i64, resolved: bool, alerts: &[(&str, i64, Option<i64>)]) -> bool {
    let alert = |(print, starts, ends): &(&str, i64, Option<i64>)| {
        let alert = Alert {
            starts_at: at(*starts),
            ends_at: ends.map(at),
            name: "DiskFull".into(),
            summary: "penuh".into(),
            instance: "a:9100".into(),
            services: model.services.iter().map(|service| service.service.id.clone()).collect(),
            host: Some(host("a")),
            impact: Impact::Minor,
        };
        ((*print).to_owned(), alert)
    };
    let notification = Notification {
        digest: "0123456789abcdef".into(),
        title: "alertname=DiskFull".into(),
        class: TicketClass::Function,
        resolved,
        alerts: alerts.iter().map(alert).collect(),
        truncated: 0,
        received_at: at(seconds),
    };
    model.take_alerts(&notification)
}

#[test]
fn a_group_of_alerts_is_one_ticket_and_only_a_resolved_ends_it() {
    let (mut model, mut log) = (model(), Vec::new());
    let key = "alert:0123456789abcdef|fungsi";
    assert!(message(&mut model, 10, false, &[("x", 5, None)]));
    step(&mut model, None, 10, &mut log);
    for seconds in [20, 30, 5000] {
        message(&mut model, seconds, false, &[("x", 5, None), ("y", 15, None)]);
        step(&mut model, None, seconds, &mut log);
    }
    // Days of silence change nothing but what nobody's answer changes.
    step(&mut model, None, 3 * DAY, &mut log);
    log.retain(|line| !line.contains("escalated"));
    assert_eq!(log, [format!("10s opened 1 {key} P3 from 5s")]);
    log.clear();
    let end = 3 * DAY + 100;
    message(&mut model, end + 3, true, &[("x", 5, Some(end)), ("y", 15, Some(end))]);
    step(&mut model, None, end + 3, &mut log);
    // A late message of the episode that ended opens nothing.
    message(&mut model, end + 4, false, &[("x", 5, None)]);
    step(&mut model, None, end + 4, &mut log);
    step(&mut model, None, end + 30, &mut log);
    assert_eq!(log, [format!("{}s restored 1 {key} P3 from {end}s", end + 30)]);
    log.clear();
    message(&mut model, end + 50, false, &[("x", end + 45, None)]);
    step(&mut model, None, end + 50, &mut log);
    assert_eq!(log.len(), 1, "{log:?}");
    assert!(log[0].contains("recurred 1"), "{log:?}");
    let ticket = model.tickets.values().next().expect("one");
    assert_eq!((ticket.components.as_slice(), ticket.affected_services.len()), (&["a".to_owned()][..], 1));
}

#[test]
fn the_number_of_groups_is_bounded_and_good_ones_make_room() {
    let mut model = model();
    for number in 0..crate::domain::alert::GROUPS_MAX {
        assert!(group(&mut model, number, 10));
    }
    assert!(!group(&mut model, 9_999_999, 10), "no room");
    let edits = model.decide(at(10)).alerts;
    assert_eq!(edits.len(), crate::domain::alert::GROUPS_MAX);
}

/// A group that fires since second 5.
fn group(model: &mut Model, number: usize, seconds: i64) -> bool {
    let alert = Alert {
        starts_at: at(5),
        ends_at: None,
        name: "X".into(),
        summary: String::new(),
        instance: String::new(),
        services: BTreeSet::new(),
        host: None,
        impact: Impact::Minor,
    };
    let notification = Notification {
        digest: format!("{number:016x}"),
        title: String::new(),
        class: TicketClass::Function,
        resolved: false,
        alerts: vec![("x".into(), alert)],
        truncated: 0,
        received_at: at(seconds),
    };
    model.take_alerts(&notification)
}

#[test]
fn both_languages_hold_every_symptom_and_step() {
    use crate::texts::{Language, Texts};
    let symptoms = [
        "symptom-certificate-expiring",
        "symptom-certificate-expired",
        "symptom-storage-fills",
        "symptom-inodes-fill",
        "symptom-alert",
        "symptom-host-reboots",
        "symptom-clock-off",
        "symptom-clock-free",
        "symptom-clock-offset",
        "symptom-units-failed",
        "activity-host-booted",
    ];
    let ids = symptoms.into_iter().map(str::to_owned).chain(crate::domain::ticket::runbook::message_ids());
    for id in ids {
        for language in [Language::Id, Language::En] {
            let text = Texts::new(language, chrono_tz::Asia::Jakarta).get(&id);
            assert_ne!(text, id, "{language:?}");
        }
    }
}

/// A sample of host `a` that is up for `uptime` seconds.
fn up_for(seconds: i64, uptime: u64) -> Fact {
    let kernel = Kernel { uptime_ms: Some(uptime * 1000), ..Kernel::default() };
    let sample = Sample { kernel: Some(kernel), ..Sample::default() };
    let body = FactBody::Sample(Arc::new(sample));
    Fact { id: 0, host: host("a"), at: at(seconds), received_at: at(seconds), body }
}

#[test]
fn a_fourth_start_in_a_day_is_a_ticket_and_a_single_one_a_note_where_something_suffers() {
    let (mut model, mut log) = (model(), Vec::new());
    // The group of alerts names the host: its ticket gets the note.
    message(&mut model, 5, false, &[("x", 5, None)]);
    step(&mut model, None, 5, &mut log);
    step(&mut model, Some(&up_for(10, 100_000)), 10, &mut log);
    for start in 1..=4_i64 {
        let now = start * 3600;
        step(&mut model, Some(&up_for(now, 30)), now, &mut log);
        step(&mut model, Some(&up_for(now + 10, 40)), now + 10, &mut log);
    }
    log.retain(|line| !line.contains("escalated"));
    let (alert, host) = ("alert:0123456789abcdef|fungsi", "host:a:reboot|fungsi");
    let mut expected = vec![format!("5s opened 1 {alert} P3 from 5s")];
    expected.extend((1..=3).map(|start| format!("{}s silent 1 {alert} P3 from 5s", start * 3600)));
    // Its own first start began it.
    expected.push(format!("14400s opened 2 {host} P6 from 3570s"));
    expected.push(format!("14400s silent 1 {alert} P3 from 5s"));
    assert_eq!(log, expected);
    // A day without the first of them.
    log.clear();
    for seconds in [3600 + DAY, 3600 + DAY + 60] {
        step(&mut model, None, seconds, &mut log);
    }
    log.retain(|line| !line.contains("escalated"));
    assert_eq!(log, [format!("{}s restored 2 {host} P6 from {}s", 3600 + DAY, 3570 + DAY)]);
}

#[test]
fn a_clock_that_is_off_for_ten_minutes_is_a_ticket_until_it_is_right() {
    let (mut model, mut log, board) = (model(), Vec::new(), ClockBoard::default());
    for second in (0..1400).step_by(10) {
        // A minute and a half ahead from second 100 to 900; a short slip at 1200 opens nothing.
        let ahead = if (100..900).contains(&second) || second == 1200 { 90 } else { 0 };
        board.note(&host("a"), at(second + ahead), at(second));
        model.take_clocks(&board);
        step(&mut model, None, second, &mut log);
    }
    let key = "host:a:clock|fungsi";
    assert_eq!(
        log,
        [format!("700s opened 1 {key} P6 from 100s"), format!("930s restored 1 {key} P6 from 900s")],
        "{log:#?}"
    );
}
