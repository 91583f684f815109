//! Failed units and the hosts' own timekeeping, as tickets: samples go in, what happened to tickets comes out.

use super::model::Model;
use super::tests::{at, catalogue, commit, host, record};
use crate::clock_board::ClockBoard;
use crate::config::profile::bangka_2025;
use crate::domain::catalogue::Catalogue;
use crate::domain::rule::Rule;
use crate::domain::rule::tuning::{RuleSetting, Selector, Target};
use crate::store::records::{Fact, FactBody};
use pantau_shared::sample::{Sample, Timekeeping, Units};
use std::sync::Arc;

const UNITS: &str = "host:a:units|fungsi";
const CLOCK: &str = "host:a:clock|fungsi";

fn site(change: impl FnOnce(&mut Catalogue)) -> Model {
    let mut catalogue = catalogue(&["a"]);
    catalogue.services.iter_mut().for_each(|service| service.backups.clear());
    catalogue.host_silent_after_seconds = 100_000_000;
    catalogue.tuning.observe_seconds = 0;
    catalogue.failed_units.hold_seconds = 60;
    change(&mut catalogue);
    let mut model = Model::new(Arc::new(catalogue), Arc::new(bangka_2025()), at(0), at(0));
    model.refresh_hosts(vec![record("a", at(0))]);
    model
}

fn feed(model: &mut Model, seconds: i64, sample: Sample, log: &mut Vec<String>) {
    let body = FactBody::Sample(Arc::new(sample));
    model.apply(&Fact { id: 0, host: host("a"), at: at(seconds), received_at: at(seconds), body });
    let plan = model.decide(at(seconds));
    commit(model, plan, at(seconds), log);
}

/// A sample in which these units are failed.
fn failed(names: &[&str]) -> Sample {
    Sample {
        units: Some(Units { failed: u64::try_from(names.len()).ok() }),
        failed_units: names.iter().map(|name| (*name).to_owned()).collect(),
        ..Sample::default()
    }
}

/// Which units are failed at each ten seconds from 10 on; what happened to tickets.
fn units_over(model: &mut Model, to: i64, failed_at: impl Fn(i64) -> Vec<&'static str>) -> Vec<String> {
    let mut log = Vec::new();
    for second in (10..to).step_by(10) {
        feed(model, second, failed(&failed_at(second)), &mut log);
    }
    log.retain(|line| !line.contains("escalated"));
    log
}

#[test]
fn failed_units_of_a_host_are_one_ticket_that_names_them_all() {
    let mut model = site(|catalogue| catalogue.services.iter_mut().for_each(|s| s.hosts = vec![host("a")]));
    let log = units_over(&mut model, 400, |second| match second {
        100..150 => vec!["nginx.service"],
        150..250 => vec!["nginx.service", "php-fpm.service"],
        250..300 => vec!["php-fpm.service"],
        _ => vec![],
    });
    let told = |second: i64, what: &str| format!("{second}s {what} 1 {UNITS} P3 from 100s");
    // With its second unit from the beginning; restored thirty seconds after the last is well.
    assert_eq!(log, [told(160, "opened"), format!("330s restored 1 {UNITS} P3 from 300s")]);
    let ticket = model.tickets.values().next().expect("one");
    assert_eq!(ticket.components, ["a", "nginx.service", "php-fpm.service"]);
    assert_eq!(ticket.affected_services.len(), 1, "what runs on the host suffers");
    let argument = |name: &str| ticket.symptom.args.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
    assert_eq!(argument("units").as_deref(), Some("nginx.service, php-fpm.service"));
}

#[test]
fn one_more_unit_is_told_in_the_same_ticket_once() {
    let mut model = site(|_| {});
    let log = units_over(&mut model, 500, |second| match second {
        250..300 | 350..400 => vec!["a.service", "b.service"],
        _ => vec!["a.service"],
    });
    let told = |second: i64, what: &str| format!("{second}s {what} 1 {UNITS} P6 from 10s");
    assert_eq!(log, [told(70, "opened"), told(250, "updated")]);
}

#[test]
fn a_unit_that_restarts_by_itself_opens_nothing() {
    let mut model = site(|_| {});
    let log = units_over(&mut model, 2000, |second| if second % 60 < 50 { vec!["worker.service"] } else { vec![] });
    assert_eq!(log, [""; 0]);
}

#[test]
fn ignored_units_do_not_count_and_lists_add_up() {
    let setting = |target, pattern: &str| RuleSetting {
        rule: Rule::FailedUnits,
        selector: Selector { target, part: None },
        enabled: None,
        reason: None,
        observe_seconds: None,
        budget_per_hour: None,
        ignored_units: vec![glob::Pattern::new(pattern).expect("valid")],
    };
    let mut model = site(|catalogue| {
        let settings = &mut catalogue.tuning.settings;
        settings.push(setting(Target::Everything, "snapd.*"));
        settings.push(setting(Target::Host(host("a")), "apt-*.service"));
        settings.push(setting(Target::Host(host("b")), "*"));
    });
    let log = units_over(&mut model, 200, |_| vec!["snapd.service", "apt-daily.service"]);
    assert_eq!(log, [""; 0]);
    let mut log = Vec::new();
    for second in (200..400).step_by(10) {
        feed(&mut model, second, failed(&["snapd.service", "cron.service"]), &mut log);
    }
    assert_eq!(log, [format!("260s opened 1 {UNITS} P6 from 200s")]);
    let ticket = model.tickets.values().next().expect("one");
    assert_eq!(ticket.components, ["a", "cron.service"]);
}

#[test]
fn a_new_host_is_only_observed_and_its_ticket_opens_when_that_is_over() {
    let mut model = site(|catalogue| catalogue.tuning.observe_seconds = 600);
    let log = units_over(&mut model, 700, |_| vec!["a.service"]);
    assert_eq!(log, [format!("600s opened 1 {UNITS} P6 from 10s")]);
}

fn clock(synchronized: bool, offset_ms: u64) -> Sample {
    let told = Timekeeping { synchronized: Some(synchronized), offset_us: Some(offset_ms * 1000), error_max_us: None };
    Sample { timekeeping: Some(told), ..Sample::default() }
}

#[test]
fn a_clock_is_one_ticket_whichever_source_says_so() {
    let (mut model, mut log, board) = (site(|_| {}), Vec::new(), ClockBoard::default());
    for second in (0..6000).step_by(10) {
        // Free from 1000 to 4000; from 3500 to 5000 it is also seen at receipt that it is off.
        let ahead = if (3500..5000).contains(&second) { 90 } else { 0 };
        board.note(&host("a"), at(second + ahead), at(second));
        model.take_clocks(&board);
        feed(&mut model, second, clock(!(1000..4000).contains(&second), 0), &mut log);
    }
    log.retain(|line| !line.contains("escalated"));
    let told = |second: i64, what: &str, from: i64| format!("{second}s {what} 1 {CLOCK} P6 from {from}s");
    assert_eq!(log, [told(2800, "opened", 1000), told(5030, "restored", 5000)]);
}

#[test]
fn an_offset_over_the_limit_counts_after_ten_minutes_and_silence_resolves_nothing() {
    let (mut model, mut log) = (site(|_| {}), Vec::new());
    for second in (0..2000).step_by(10) {
        feed(&mut model, second, clock(true, if second >= 100 { 1_001 } else { 1_000 }), &mut log);
    }
    for second in [2500, 9000] {
        let plan = model.decide(at(second));
        commit(&mut model, plan, at(second), &mut log);
    }
    log.retain(|line| !line.contains("escalated"));
    assert_eq!(log, [format!("700s opened 1 {CLOCK} P6 from 100s")]);
    let ticket = model.tickets.values().next().expect("one");
    assert_eq!(ticket.symptom.id, "symptom-clock-offset");
    // What a sample does not tell is not good either.
    for second in (9010..9400).step_by(10) {
        feed(&mut model, second, Sample::default(), &mut log);
    }
    for second in (9400..9440).step_by(10) {
        feed(&mut model, second, clock(true, 3), &mut log);
    }
    log.retain(|line| !line.contains("escalated"));
    assert_eq!(log[1..], [format!("9430s restored 1 {CLOCK} P6 from 9400s")]);
}
