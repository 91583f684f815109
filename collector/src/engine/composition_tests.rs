//! A service from its parts: one of two, a decisive vantage, a tie; the reason names who decides.

use super::service_model::ServiceModel;
use crate::config::catalogue;
use crate::config::profile::bangka_2025;
use crate::domain::catalogue::Service;
use crate::domain::composite::{Component, evaluate};
use crate::domain::interval::{Interval, IntervalSet};
use crate::domain::state::{State, Timeline};
use pantau_shared::probe::{ProbeOutcome, ProbeVerdict};
use pantau_shared::timestamp::Timestamp;

const PERIOD_S: i64 = 30;

fn at(second: i64) -> Timestamp {
    Timestamp::from_secs(1_790_000_000 + second)
}

/// Layanan Publik with the checks `a` and `b` of the hosts in `from`; `lines` stand in its table, `rest` after it.
fn service(lines: &str, check: &str, rest: &str) -> Service {
    let checks = ["a", "b"].map(|id| {
        format!(
            "[[layanan.pemeriksaan]]\nid = \"{id}\"\nnama = \"Pemeriksaan {id}\"\njenis = \"tcp\"\nalamat = \"x\"\n\
             port = 1\nselang = \"30s\"\n{check}\n"
        )
    });
    let text = format!(
        "[[host]]\nid = \"dalam\"\n[[host]]\nid = \"luar\"\nluar = true\n[[layanan]]\nid = \"s\"\nnama = \"S\"\n\
         deskripsi = \"d\"\npenyedia = \"p\"\ncara_akses = \"c\"\nkontak_bantuan = \"k\"\nwaktu_bantuan = \"w\"\n\
         kelompok = \"publik\"\nklasifikasi = \"esensial\"\n{lines}\n{}{rest}",
        checks.concat()
    );
    let catalogue = catalogue::parse("k.toml", &text, 1, &bangka_2025()).expect("valid");
    catalogue.services[0].clone()
}

/// Ten minutes of answers: up, but for those (check, host) in `down` from the fifth minute on.
fn run(service: &Service, down: &[(&str, &str)]) -> (State, Option<String>) {
    let mut model = ServiceModel::new(service);
    let mut changed: Option<Timestamp> = None;
    for step in 0..20 {
        for index in 0..model.vantages.len() {
            let vantage = &model.vantages[index];
            let (check, host) = (service.checks[vantage.check].id.to_string(), vantage.host.to_string());
            let failed = step >= 10 && down.contains(&(check.as_str(), host.as_str()));
            let mut outcome = ProbeOutcome { check, reason: "refused".into(), ..ProbeOutcome::default() };
            outcome.set_verdict(if failed { ProbeVerdict::Failed } else { ProbeVerdict::Ok });
            let from = model.feed(index, at(step * PERIOD_S), &outcome, false);
            changed = changed.into_iter().chain(from).min();
        }
    }
    let edit = model.revise(changed.expect("fed"), Interval::ALL.from).edit.expect("something to write");
    let last = edit.rows.last().expect("a row").clone();
    (last.state, last.reason.map(|reason| reason.id))
}

const BOTH: &str = "dari = [\"dalam\", \"luar\"]";
const INSIDE: &str = "dari = [\"dalam\"]";

#[test]
fn one_of_two_parts_suffices_where_the_file_says_so() {
    let redundant = service("susunan = { k = 1, dari = [\"a\", \"b\"] }", INSIDE, "");
    assert_eq!(run(&redundant, &[("a", "dalam")]), (State::Up, None));
    assert_eq!(run(&redundant, &[("a", "dalam"), ("b", "dalam")]).0, State::Down);
    let all = service("", INSIDE, "");
    assert_eq!(run(&all, &[("a", "dalam")]), (State::Down, Some("reason-check-failed".into())));
}

#[test]
fn the_outside_view_of_a_public_service_decides_alone_and_is_named() {
    let public = service("", BOTH, "");
    let decided = (State::Down, Some("reason-check-failed-decisive".into()));
    assert_eq!(run(&public, &[("a", "luar")]), decided);
    assert_eq!(run(&public, &[("a", "dalam")]).0, State::Degraded, "half of them, and the other half decides");
}

#[test]
fn what_half_of_the_vantages_means_is_a_setting() {
    for (tie, expected) in [("degraded", State::Degraded), ("down", State::Down), ("up", State::Up)] {
        let check = format!("{BOTH}\npenentu = []\nseri = \"{tie}\"");
        assert_eq!(run(&service("", &check, ""), &[("a", "luar")]).0, expected, "{tie}");
    }
}

#[test]
fn the_reason_names_the_component() {
    let component = "[[layanan.komponen]]\nid = \"db\"\nnama = \"Basis data\"\npemeriksaan = [\"b\"]\n";
    let parts = service("susunan = { semua = [\"a\", \"db\"] }", INSIDE, component);
    assert_eq!(run(&parts, &[("b", "dalam")]), (State::Down, Some("reason-check-failed-of".into())));
    assert_eq!(run(&parts, &[("a", "dalam")]), (State::Down, Some("reason-check-failed".into())));
}

#[test]
fn maintenance_of_a_component_takes_out_what_is_down_by_it_alone() {
    let component = "[[layanan.komponen]]\nid = \"db\"\npemeriksaan = [\"b\"]\n";
    let parts = service("", INSIDE, component);
    let timeline = |changes: &[(i64, State)]| Timeline::from_changes(changes.iter().map(|(s, state)| (at(*s), *state)));
    let a = timeline(&[(0, State::Up), (300, State::Down)]);
    let b = timeline(&[(0, State::Up), (100, State::Down)]);
    let (none, planned) = (IntervalSet::empty(), IntervalSet::from(Interval::new(at(100), at(500))));
    let of = |place| if parts.component_of(place).is_some() { &planned } else { &none };
    let parts_of: Vec<Component<'_>> = [&a, &b]
        .into_iter()
        .enumerate()
        .map(|(place, timeline)| Component { timeline, maintenance: of(place) })
        .collect();
    let composite = evaluate(&parts.formula(), &parts_of, Interval::new(at(0), at(600)));
    // From 300 on `a` is down by itself.
    assert_eq!(composite.excluded, IntervalSet::from(Interval::new(at(100), at(300))));
}
