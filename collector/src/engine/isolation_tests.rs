//! A vantage that is cut off makes *unknown*, not *down*, and one ticket of its own.
//!
//! A timeline has one line per host and check, `a/web: ….`, one sign per five seconds as in [`super::tests`]; `_` is not
//! asked. Tickets are judged after every sign.

use super::model::{Model, Plan};
use super::tests::{Answers, START, at, commit, host, ledger_text, record, replay_late, verdict};
use crate::config::profile::bangka_2025;
use crate::domain::catalogue::Catalogue;
use crate::explain::scene::{self, Moment};
use crate::store::records::{Fact, FactBody, HostHeard};
use pantau_shared::probe::ProbeOutcome;
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A service asked by two vantages over the network, one asked on the host itself, and two witnesses of vantage `a`.
pub(super) fn catalogue(web_from: &str) -> Catalogue {
    let service = |id: &str, check: &str| {
        format!(
            "[[layanan]]\nid = \"{id}\"\nnama = \"{id}\"\ndeskripsi = \"d\"\npenyedia = \"p\"\ncara_akses = \"a\"\n\
             kontak_bantuan = \"k\"\nwaktu_bantuan = \"w\"\nkelompok = \"publik\"\nklasifikasi = \"normal\"\n\
             [[layanan.pemeriksaan]]\nselang = \"10s\"\n{check}\n"
        )
    };
    let text = format!(
        "[tickets]\nresolve_after_seconds = 30\n{}{}{}",
        service("simpeg", &format!("id = \"web\"\njenis = \"tcp\"\nalamat = \"x\"\nport = 80\ndari = [{web_from}]")),
        service("cron", "id = \"unit\"\njenis = \"unit\"\nunit = \"cron.service\"\ndari = [\"a\"]"),
        "[[saksi]]\nid = \"gw\"\njenis = \"icmp\"\nalamat = \"10.0.0.1\"\ndari = [\"a\"]\n\
         [[saksi]]\nid = \"dns\"\njenis = \"dns\"\nnama_dns = \"go.id\"\nserver = \"10.0.0.2\"\ndari = [\"a\"]\n",
    );
    crate::config::catalogue::parse("test", &text, 1, &bangka_2025()).expect("valid")
}

pub(super) fn model(catalogue: &Catalogue) -> Model {
    let mut model = Model::new(Arc::new(catalogue.clone()), Arc::new(bangka_2025()), at(0), at(0));
    model.refresh_hosts(["a", "b"].map(|name| record(name, at(0))).to_vec());
    model
}

pub(super) fn answer(name: &str, check: &str, when: Timestamp, sign: char) -> Option<Fact> {
    let mut outcome = ProbeOutcome { check: check.into(), reason: "refused".into(), ..ProbeOutcome::default() };
    outcome.set_verdict(verdict(sign)?);
    Some(Fact { id: 0, host: host(name), at: when, received_at: when, body: FactBody::Probe(outcome) })
}

struct Run {
    model: Model,
    answers: Answers,
    log: Vec<String>,
    until: i64,
}

fn run(web_from: &str, timeline: &str) -> Run {
    let rows: Vec<(&str, &str, Vec<char>)> = timeline
        .split_whitespace()
        .map(|row| row.split_once(':').expect("host/check: signs"))
        .map(|(name, signs)| (name.split_once('/').expect("host/check"), signs))
        .map(|((name, check), signs)| (name, check, signs.chars().collect()))
        .collect();
    let (mut model, mut answers, mut log) = (model(&catalogue(web_from)), Answers::default(), Vec::new());
    let length = rows.iter().map(|(.., signs)| signs.len()).max().unwrap_or(0);
    let until = i64::try_from(length).expect("small") * 5;
    for second in (0..until).step_by(5) {
        let now = at(second);
        let news = HostHeard { last_seen_at: now, ..HostHeard::default() };
        model.take_news(BTreeMap::from(["a", "b"].map(|name| (host(name), news.clone()))));
        for (name, check, signs) in &rows {
            let sign = signs.get(usize::try_from(second / 5).expect("small")).copied().unwrap_or('_');
            if let Some(fact) = answer(name, check, now, sign) {
                assert!(answers.keep(&fact));
                model.apply(&fact);
            }
        }
        replay_late(&answers, &mut model, now);
        let plan = model.decide(now);
        commit(&mut model, plan, now, &mut log);
        assert_eq!(model.decide(now), Plan::default(), "a second evaluation changes nothing, {second}s");
    }
    Run { model, answers, log, until }
}

#[track_caller]
fn check(web_from: &str, timeline: &str, ledger: &str, tickets: &[&str]) -> Run {
    let run = run(web_from, timeline);
    let service = &run.model.services[0];
    assert_eq!(ledger_text(&service.ledger, run.until), ledger, "{timeline}");
    assert_eq!(run.log, tickets, "{timeline}");
    // The explanation follows from the same answers.
    for second in 0..run.until {
        let scene = scene::load(&run.answers, &service.service, Moment::Asked, at(second)).expect("reads");
        assert_eq!(scene.state, service.ledger.state_at(at(second)), "explained at {second}s: {scene:#?}");
    }
    run
}

#[test]
fn a_failure_before_the_witnesses_is_unknown_from_the_first_answer() {
    // Confirmed down at 25 s, before any witness has been asked; they fail from 35 s on.
    check(
        "\"a\"",
        "a/web:.._.xxxxxxxx.... a/gw:....___xxxxx.... a/dns:....____xxxx....",
        "up 0-20 unknown 20-60 up 60-80",
        &[],
    );
}

#[test]
fn with_a_witness_that_answers_it_is_down_and_the_ticket_waits_for_it() {
    // The witness answers at 40 s, after the failure that confirmed.
    check(
        "\"a\"",
        "a/web:....xxxxxxxxx a/gw:....____.x.x. a/dns:....___xxxxxx",
        "up 0-20 down 20-65",
        &["40s opened 1 service:simpeg|akses P3 from 20s"],
    );
    // No witness answers at all: the doubt ends after 42 s.
    let signs = "x".repeat(16);
    check(
        "\"a\"",
        &format!("a/web:....{signs} a/gw:.... a/dns:...."),
        "up 0-20 down 20-100",
        &["70s opened 1 service:simpeg|akses P3 from 20s"],
    );
}

#[test]
fn another_vantage_that_sees_judges_alone() {
    check(
        "\"a\", \"b\"",
        "a/web:....xxxxxxx.. b/web:............. a/gw:....xxxxxxx.. a/dns:....xxxxxxx..",
        "up 0-65",
        &[],
    );
    check(
        "\"a\", \"b\"",
        "a/web:....xxxxxxx.. b/web:.....xxxxxx.. a/gw:....xxxxxxx.. a/dns:....xxxxxxx..",
        "up 0-25 down 25-55 up 55-65",
        &["30s opened 1 service:simpeg|akses P3 from 25s"],
    );
}

#[test]
fn what_asks_its_own_host_is_never_excused() {
    let run = run("\"a\"", "a/unit:....xxxxxxx.. a/gw:....xxxxxxx.. a/dns:....xxxxxxx..");
    assert_eq!(ledger_text(&run.model.services[1].ledger, 65), "up 0-20 down 20-55 up 55-65");
    assert_eq!(run.log, ["25s opened 1 service:cron|akses P3 from 20s"]);
}

#[test]
fn a_vantage_that_is_cut_off_for_a_quarter_of_an_hour_is_one_ticket() {
    let dark = "x".repeat(200);
    let signs = format!("....{dark}........");
    let run = check(
        "\"a\"",
        &format!("a/web:{signs} a/gw:{signs} a/dns:{signs}"),
        "up 0-20 unknown 20-1020 up 1020-1060",
        &[
            "920s opened 1 host:a|kehilangan_pemantauan P5 from 15s",
            "1050s restored 1 host:a|kehilangan_pemantauan P5 from 1020s",
        ],
    );
    assert!(
        run.model.isolation.views()[0].isolated.is_some_and(|i| i.to == at(1020) && i.from.as_secs() == START + 15)
    );
}

#[test]
fn isolation_and_a_storm_are_one_ticket() {
    let catalogue = catalogue("\"a\"");
    let mut model = model(&catalogue);
    let names: Vec<String> = (0..9).map(|n| format!("h{n}")).collect();
    model.refresh_hosts(names.iter().map(|name| record(name, at(0))).collect());
    let (mut answers, mut log) = (Answers::default(), Vec::new());
    for second in (0..1500).step_by(5) {
        let (now, dark) = (at(second), (30..1300).contains(&second));
        let mut heard = vec!["a"];
        if !dark {
            heard.push("b");
            heard.extend(names.iter().map(String::as_str));
        }
        let news = HostHeard { last_seen_at: now, ..HostHeard::default() };
        model.take_news(heard.iter().map(|name| (host(name), news.clone())).collect());
        for check in ["web", "gw", "dns"] {
            let fact = answer("a", check, now, if dark { 'x' } else { '.' }).expect("a sign");
            answers.keep(&fact);
            model.apply(&fact);
        }
        replay_late(&answers, &mut model, now);
        let plan = model.decide(now);
        commit(&mut model, plan, now, &mut log);
    }
    assert_eq!(
        log,
        [
            "135s opened 1 site:hosts|kehilangan_pemantauan P6 from 25s",
            "1330s restored 1 site:hosts|kehilangan_pemantauan P6 from 1300s",
        ]
    );
}

/// By what answers are put in order.
type Order = fn(&Fact) -> (bool, i64);

/// Late and shuffled testimony leads to the same as testimony in order.
#[test]
fn late_witnesses_make_it_unknown_all_the_same() {
    let signs = "....xxxxxxxxx.....";
    let mut facts: Vec<Fact> = Vec::new();
    for (place, sign) in signs.chars().enumerate() {
        let when = at(i64::try_from(place).expect("small") * 5);
        facts.extend(["web", "gw", "dns"].iter().filter_map(|check| answer("a", check, when, sign)));
    }
    let orders: [Order; 3] = [
        |fact| (false, fact.at.as_ms()),
        // All witnesses after all of the service, and everything from its end.
        |fact| (!matches!(&fact.body, FactBody::Probe(o) if o.check == "web"), fact.at.as_ms()),
        |fact| (false, -fact.at.as_ms()),
    ];
    for order in orders {
        let (mut model, mut answers) = (model(&catalogue("\"a\"")), Answers::default());
        let mut facts = facts.clone();
        facts.sort_by_key(order);
        for fact in &facts {
            answers.keep(fact);
            model.apply(fact);
            replay_late(&answers, &mut model, at(100));
            model.decide(at(100));
        }
        assert_eq!(ledger_text(&model.services[0].ledger, 90), "up 0-20 unknown 20-65 up 65-90");
    }
}
