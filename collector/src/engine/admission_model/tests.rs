//! New hosts are only watched at first; what is too much of one rule is one ticket.

use crate::config::profile::bangka_2025;
use crate::domain::catalogue::{Catalogue, ThresholdMetric};
use crate::domain::rule::Rule;
use crate::domain::rule::admission::HeldCause;
use crate::domain::ticket::{TicketClass, TicketKey, TicketScope, TicketState};
use crate::engine::model::Model;
use crate::engine::tests::{at, catalogue, commit, host, record};
use crate::store::records::{Fact, FactBody};
use pantau_shared::sample::{Filesystem, Sample};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

const STORAGE: Rule = Rule::Threshold(ThresholdMetric::Storage);

fn name(number: usize) -> String {
    format!("h{number:05}")
}

/// Silent after 60 s, restored after 30 s, back within 120 s; a full disk alarms after 20 s.
fn site(hosts: usize, set: impl FnOnce(&mut Catalogue)) -> Model {
    let mut catalogue = catalogue(&["h00000"]);
    catalogue.services.iter_mut().for_each(|s| {
        s.backups.clear();
        s.hosts = vec![host("h00000")];
    });
    catalogue.host_silent_after_seconds = 100_000;
    catalogue.thresholds.iter_mut().for_each(|t| t.hold_seconds = 20);
    set(&mut catalogue);
    let mut model = Model::new(Arc::new(catalogue), Arc::new(bangka_2025()), at(0), at(0));
    model.refresh_hosts((0..hosts).map(|n| record(&name(n), at(0))).collect());
    model
}

/// Every ten seconds a sample of each host, with a disk `used` per mille full; what happened to tickets, in words.
fn run(model: &mut Model, hosts: Range<usize>, used: u64, seconds: Range<i64>) -> Vec<String> {
    let mut log = Vec::new();
    let disk = Filesystem {
        mount_point: "/".into(),
        size_bytes: Some(1000),
        free_bytes: Some(1000 - used),
        ..Filesystem::default()
    };
    let sample = Arc::new(Sample { filesystems: vec![disk], ..Sample::default() });
    for second in seconds.step_by(10) {
        for number in hosts.clone() {
            let (id, body) = (host(&name(number)), FactBody::Sample(Arc::clone(&sample)));
            let at = at(second);
            model.apply(&Fact { id: 1, host: id, at, received_at: at, body });
        }
        let plan = model.decide(at(second));
        commit(model, plan, at(second), &mut log);
        // Decided again, nothing more comes of it.
        let plan = model.decide(at(second));
        commit(model, plan, at(second), &mut log);
    }
    log
}

fn folded(model: &Model) -> TicketKey {
    assert!(model.admission.held.values().all(|held| held.rule == STORAGE));
    TicketKey { scope: TicketScope::Rule(STORAGE), class: TicketClass::Capacity }
}

#[test]
fn five_thousand_full_disks_are_ten_tickets_and_one() {
    let mut model = site(5_000, |c| c.tuning.observe_seconds = 0);
    let log = run(&mut model, 0..5_000, 950, 0..40);
    assert_eq!(log.len(), 11, "one message each is all that is told: {log:?}");
    assert_eq!(log[0], "20s opened 1 host:h00000:storage:/|kapasitas P3 from 0s");
    assert_eq!(log[10], "20s opened 11 rule:storage|kapasitas P6 from 0s");
    let ticket = model.holder(&folded(&model)).expect("open").clone();
    let of = |name: &str| ticket.symptom.args.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    assert_eq!((of("count"), of("budget"), of("rule")), (Some("4990"), Some("10"), Some("storage")));
    assert_eq!(of("examples"), Some("h00010, h00011, h00012, h00013, h00014"));
    assert_eq!((ticket.components.len(), ticket.priority.number()), (20, 6));
    assert_eq!(run(&mut model, 0..5_000, 950, 40..100), Vec::<String>::new(), "told once");
    // All but one of the folded are good: it goes on; then that one too.
    assert_eq!(run(&mut model, 0..4_999, 100, 100..140).len(), 10, "those with a ticket are restored");
    let log = run(&mut model, 0..5_000, 100, 140..190);
    assert_eq!(log, ["170s restored 11 rule:storage|kapasitas P6 from 140s"]);
}

#[test]
fn there_is_room_again_after_an_hour_and_what_is_folded_stays_so() {
    let mut model = site(4, |c| (c.tuning.observe_seconds, c.tuning.budget_per_hour) = (0, 2));
    assert_eq!(run(&mut model, 0..3, 950, 0..30).len(), 3, "two, and one for the third");
    let log = run(&mut model, 0..3, 950, 30..3_700);
    assert_eq!(log, ["3620s escalated 1 host:h00000:storage:/|kapasitas P3 from 0s"], "nobody answered");
    let log = run(&mut model, 0..4, 950, 3_700..3_730);
    assert_eq!(log, ["3720s opened 4 host:h00003:storage:/|kapasitas P6 from 3700s"]);
}

#[test]
fn one_that_joins_later_is_an_occurrence_and_nobody_is_told_anew() {
    let mut model = site(4, |c| (c.tuning.observe_seconds, c.tuning.budget_per_hour) = (0, 1));
    assert_eq!(run(&mut model, 0..2, 950, 0..30).len(), 2);
    let log = run(&mut model, 0..4, 950, 30..60);
    assert_eq!(log, ["50s silent 2 rule:storage|kapasitas P6 from 0s"]);
    let ticket = model.holder(&folded(&model)).expect("open");
    // The helper opens with one; two joined.
    assert_eq!((ticket.life.occurrences, ticket.state), (3, TicketState::Baru));
    let count = ticket.symptom.args.iter().find(|(name, _)| name == "count");
    assert_eq!(count.map(|(_, value)| value.as_str()), Some("3"));
}

#[test]
fn a_new_host_is_only_watched_and_then_told_by_itself() {
    let mut model = site(2, |c| c.tuning.observe_seconds = 200);
    assert_eq!(run(&mut model, 0..2, 950, 0..200), Vec::<String>::new());
    let held: Vec<_> = model.admission.held.values().map(|h| (h.cause, h.onset_at, h.noted_at, h.ended_at)).collect();
    assert_eq!(held, [(HeldCause::Observed, at(0), at(20), None); 2]);
    let log = run(&mut model, 0..2, 950, 200..300);
    assert_eq!(log.len(), 2, "{log:?}");
    assert_eq!(log[0], "200s opened 1 host:h00000:storage:/|kapasitas P3 from 0s");
    assert!(model.admission.held.values().all(|held| held.ended_at == Some(at(200))));
}

#[test]
fn a_person_lets_a_rule_begin_now_for_the_hosts_there_are() {
    let mut model = site(1, |_| {});
    assert_eq!(run(&mut model, 0..1, 950, 0..60), Vec::<String>::new());
    model.begin_rule(STORAGE, at(60));
    assert_eq!(run(&mut model, 0..1, 950, 60..90).len(), 1);
    // One that joins after that is watched all the same.
    let mut new = record("h00001", at(90));
    new.joined_at = at(90);
    model.refresh_hosts(vec![new]);
    assert_eq!(run(&mut model, 1..2, 950, 90..200), Vec::<String>::new());
}

#[test]
fn what_is_good_again_while_watched_ends_and_may_come_back() {
    let mut model = site(1, |_| {});
    run(&mut model, 0..1, 950, 0..40);
    run(&mut model, 0..1, 100, 40..60);
    let held = |model: &Model| model.admission.held.values().map(|h| (h.ended_at, h.occurrences)).collect::<Vec<_>>();
    assert_eq!(held(&model), [(Some(at(40)), 1)]);
    run(&mut model, 0..1, 950, 60..100);
    assert_eq!(held(&model), [(None, 2)], "within the time in which a ticket would have come back");
}

/// Ten of forty silent hosts are no storm of sixty percent: two get a ticket, eight are told together and are no part
/// of a later storm.
#[test]
fn folded_silence_is_told_once() {
    let mut model = site(40, |c| {
        (c.host_silent_after_seconds, c.tuning.budget_per_hour) = (60, 2);
        c.storm.share_percent = 60;
    });
    let hear = |model: &mut Model, hosts: Range<usize>, second: i64| {
        let news = |n| {
            let heard = crate::store::records::HostHeard { last_seen_at: at(second), ..Default::default() };
            (host(&name(n)), heard)
        };
        model.take_news(hosts.map(news).collect::<BTreeMap<_, _>>());
    };
    let mut log = Vec::new();
    for second in (0..400).step_by(10) {
        // Twenty more fall silent at 200 s: thirty in all, of which ten are told already.
        hear(&mut model, if second < 200 { 10..40 } else { 30..40 }, second);
        let plan = model.decide(at(second));
        commit(&mut model, plan, at(second), &mut log);
    }
    assert_eq!(log.len(), 4, "{log:?}");
    assert_eq!(log[2], "80s opened 3 rule:agen_senyap|kehilangan_pemantauan P6 from 0s");
    assert!(log[3].contains("rule:agen_senyap") && log[3].contains("silent"), "twenty joined it: {}", log[3]);
}
