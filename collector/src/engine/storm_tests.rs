//! Many hosts silent at once are one ticket; a few are a ticket each (design, promise 2).

use super::model::Model;
use super::tests::{at, catalogue, commit, host, record};
use crate::config::profile::bangka_2025;
use crate::domain::catalogue::Catalogue;
use crate::domain::register::Register;
use crate::store::records::{HostHeard, HostRecord};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

const HOSTS: usize = 20_000;

fn name(number: usize) -> String {
    format!("h{number:05}")
}

/// Silent after 60 s, sampled every 10 s: ripe after 80 s. Restored after 30 s.
fn site(listening: i64, seen: i64) -> Model {
    let mut catalogue: Catalogue = catalogue(&["h00000"]);
    catalogue.services.iter_mut().for_each(|s| {
        s.backups.clear();
        s.hosts = vec![host("h00001"), host("h00002")];
    });
    let mut model = Model::new(Arc::new(catalogue), Arc::new(bangka_2025()), at(0), at(listening));
    model.refresh_hosts((0..HOSTS).map(|n| HostRecord { ..record(&name(n), at(seen)) }).collect());
    model
}

fn hear(model: &mut Model, hosts: Range<usize>, seconds: i64) {
    let news = |n| (host(&name(n)), HostHeard { last_seen_at: at(seconds), ..HostHeard::default() });
    model.take_news(hosts.map(news).collect::<BTreeMap<_, _>>());
}

/// Evaluates every second; what happened to tickets, in words.
fn run(model: &mut Model, seconds: Range<i64>) -> Vec<String> {
    let mut log = Vec::new();
    for second in seconds {
        let plan = model.decide(at(second));
        commit(model, plan, at(second), &mut log);
    }
    log
}

#[test]
fn twenty_thousand_silent_hosts_are_one_ticket_with_what_it_is_about() {
    let mut model = site(0, 0);
    let opened = ["80s opened 1 site:hosts|kehilangan_pemantauan P3 from 0s"];
    assert_eq!(run(&mut model, 0..400), opened);
    let ticket = model.tickets.values().next().expect("one").clone();
    let of = |name: &str| ticket.symptom.args.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
    assert_eq!((of("count").as_deref(), of("enrolled").as_deref()), (Some("20000"), Some("20000")));
    assert_eq!(of("examples").as_deref(), Some("h00000, h00001, h00002, h00003, h00004"));
    assert_eq!((ticket.components.len(), ticket.affected_services.len()), (20, 1));

    // Half of them return: it lasts. All but three hundred return: it is restored, and those get their own.
    hear(&mut model, 0..10_000, 400);
    assert_eq!(run(&mut model, 401..440), Vec::<String>::new());
    hear(&mut model, 0..10_000, 440);
    hear(&mut model, 10_000..19_700, 441);
    let log = run(&mut model, 441..490);
    assert_eq!(log.first().map(String::as_str), Some("471s restored 1 site:hosts|kehilangan_pemantauan P3 from 441s"));
    assert_eq!(log.len(), 12, "ten of those still silent get their own, the rest one together");
    assert_eq!(log[1], "472s opened 2 host:h19700|kehilangan_pemantauan P6 from 0s");
    assert_eq!(log[11], "472s opened 12 rule:agen_senyap|kehilangan_pemantauan P6 from 0s");
}

#[test]
fn five_of_twenty_thousand_are_five_tickets() {
    let mut model = site(0, 0);
    for seconds in (10..=90).step_by(10) {
        hear(&mut model, 5..HOSTS, seconds);
        assert_eq!(run(&mut model, seconds - 10..seconds.min(80)).len(), 0);
    }
    let log = run(&mut model, 80..120);
    assert_eq!(log.len(), 5, "{log:?}");
    assert_eq!(log[0], "80s opened 1 host:h00000|kehilangan_pemantauan P6 from 0s");
}

#[test]
fn a_restart_in_a_storm_opens_nothing_and_restores_nothing() {
    let mut before = site(0, 0);
    run(&mut before, 0..100);
    let mut model = site(100, 0);
    before.tickets.values().for_each(|ticket| model.committed(ticket.as_ref().clone()));
    // Nobody can tell at first; then they are silent by the new program's own watch: the same storm.
    assert_eq!(run(&mut model, 100..600), Vec::<String>::new());
    hear(&mut model, 0..HOSTS, 600);
    assert_eq!(run(&mut model, 600..640), ["630s restored 1 site:hosts|kehilangan_pemantauan P3 from 600s"]);
    // Cut off again within the reopening window: the same ticket, not another one.
    assert_eq!(run(&mut model, 640..720), ["680s recurred 1 site:hosts|kehilangan_pemantauan P3 from 0s"]);
}

#[test]
fn tickets_that_were_opened_singly_stay_as_they_are() {
    let mut model = site(0, 0);
    hear(&mut model, 3..HOSTS, 60);
    assert_eq!(run(&mut model, 60..100).len(), 3);
    // The two with a service have their own, so the service is not the storm's.
    let log = run(&mut model, 100..300);
    assert_eq!(log, ["140s opened 4 site:hosts|kehilangan_pemantauan P6 from 60s"]);
    hear(&mut model, 0..HOSTS, 300);
    let log = run(&mut model, 300..340);
    assert_eq!(log.len(), 4, "{log:?}");
    assert!(log.iter().all(|line| line.starts_with("330s restored")), "{log:?}");
}

#[test]
fn maintained_hosts_make_no_storm_until_their_window_and_the_grace_are_over() {
    const MAINTAINED: usize = 1200;
    let mut model = site(0, 0);
    let mut plan = super::world_tests::plan(1, 10, 300);
    plan.hosts = (0..MAINTAINED).map(|n| host(&name(n))).collect();
    model.take_register(Register::new(vec![plan], Vec::new()));
    hear(&mut model, 0..HOSTS, 20);
    for seconds in (50..600).step_by(50) {
        hear(&mut model, MAINTAINED..HOSTS, seconds);
        assert_eq!(run(&mut model, seconds..seconds + 50), Vec::<String>::new());
    }
    hear(&mut model, MAINTAINED..HOSTS, 600);
    // Still away: a storm that began when the window ended.
    assert_eq!(run(&mut model, 600..650), ["600s opened 1 site:hosts|kehilangan_pemantauan P3 from 300s"]);
}
