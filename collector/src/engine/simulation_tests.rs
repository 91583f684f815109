//! A simulated month, delivered in order and delivered badly: the same ledger, the same figures, the same tickets.
//!
//! Three services: one with a quorum of three vantages, one composed two out of three, one asked on its own host; two
//! vantages with two witnesses each; outages, cut-off vantages, stray failures, slow answers, faults of the probe, silences;
//! approved maintenance and a correction. Every check is asked once an hour, all at different minutes.
//!
//! - *Jostled*: within every hour the answers are shuffled, some twice, by clocks that are wrong by hours, and the engine is
//!   started anew now and then. What is known at the end of each hour is the same, so everything is equal.
//! - *Late*: answers come up to two days late as well. Ledger and figures are equal in the end. Tickets are not: an outage that
//!   is over before anything was heard of it opens none, and where only failures have arrived one is opened that orderly
//!   answers would not have; it may be recovered from by answers alone. So of those it is asked that none stays open for
//!   what is good, and that an outage longer than the longest delay has its ticket.
//!
//! The seeds are printed. `PANTAU_SIM_SEEDS` sets how many are run, `PANTAU_SIM_FIRST` the first of them.

use super::load;
use super::model::Model;
use super::service_model::ServiceModel;
use super::tests::{Answers, commit, host, record, replay_late, verdict};
use crate::config::profile::bangka_2025;
use crate::domain::availability::{Correction, CorrectionEffect, Figures, MaintenanceStatus};
use crate::domain::calendar::{Period, PeriodKind};
use crate::domain::catalogue::{Catalogue, ServiceId};
use crate::domain::clock_skew::{self, Stamps, TOLERANCE_MS};
use crate::domain::interval::Interval;
use crate::domain::register::maintenance::{Announcement, Decided};
use crate::domain::register::recurrence::Recurrence;
use crate::domain::register::{MaintenancePlan, Register, Signature};
use crate::domain::state::{State, Timeline};
use crate::domain::ticket::TicketState;
use crate::service_period;
use crate::store::records::{Fact, FactBody, LedgerRow};
use pantau_shared::probe::ProbeOutcome;
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// 1 June 2026, 00:00 WIB.
const BEGIN_S: i64 = 1_780_246_800;
const HOUR_S: i64 = 3600;
const HOURS: i64 = 30 * 24;
/// The longest delay of a late answer, in hours.
const DELAY_MAX: i64 = 48;
/// Seeds that are run unless told otherwise.
const SEEDS: u64 = 20;

fn hour(hours: i64) -> Timestamp {
    Timestamp::from_secs(BEGIN_S + hours * HOUR_S)
}

/// SplitMix64: small, and the same for ever.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: i64) -> i64 {
        i64::try_from(self.next() % u64::try_from(bound).expect("positive")).expect("small")
    }

    fn one_in(&mut self, count: i64) -> bool {
        self.below(count) == 0
    }
}

fn catalogue() -> Catalogue {
    let service = |id: &str, rest: &str| {
        format!(
            "[[layanan]]\nid = \"{id}\"\nnama = \"{id}\"\ndeskripsi = \"d\"\npenyedia = \"p\"\ncara_akses = \"a\"\n\
             kontak_bantuan = \"k\"\nwaktu_bantuan = \"w\"\nkelompok = \"publik\"\nklasifikasi = \"normal\"\n\
             {rest}\n"
        )
    };
    let check = |id: &str, from: &str| {
        format!(
            "[[layanan.pemeriksaan]]\nid = \"{id}\"\nselang = \"1h\"\njenis = \"tcp\"\nalamat = \"x\"\nport = 80\ndari = [{from}]\n"
        )
    };
    let portal = ["p1", "p2", "p3"].map(|id| check(id, "\"a\"")).concat();
    let text = [
        "[pemantauan]\nhost_senyap_setelah = \"24h\"\n[tickets]\nresolve_after_seconds = 7200\nreopen_window_seconds = 18000\n".to_owned(),
        service("simpeg", &check("web", "\"a\", \"b\", \"c\"")),
        service("portal", &format!("susunan = {{ k = 2, dari = [\"p1\", \"p2\", \"p3\"] }}\n{portal}")),
        service("cron", "[[layanan.pemeriksaan]]\nid = \"unit\"\nselang = \"1h\"\njenis = \"unit\"\nunit = \"cron.service\"\ndari = [\"b\"]"),
        "[[saksi]]\nid = \"gw\"\nselang = \"1h\"\njenis = \"icmp\"\nalamat = \"10.0.0.1\"\ndari = [\"a\", \"b\"]\n".to_owned(),
        "[[saksi]]\nid = \"dns\"\nselang = \"1h\"\njenis = \"dns\"\nnama_dns = \"go.id\"\nserver = \"10.0.0.2\"\ndari = [\"a\", \"b\"]\n".to_owned(),
    ];
    crate::config::catalogue::parse("test", &text.concat(), 1, &bangka_2025()).expect("valid")
}

/// Who asks what, and whose outage it shares.
const STREAMS: [(&str, &str, usize); 11] = [
    ("a", "web", 0),
    ("b", "web", 0),
    ("c", "web", 0),
    ("a", "p1", 1),
    ("a", "p2", 2),
    ("a", "p3", 3),
    ("b", "unit", 4),
    ("a", "gw", 5),
    ("a", "dns", 6),
    ("b", "gw", 5),
    ("b", "dns", 6),
];

/// Stretches of hours, about `every` apart and at most `longest` long.
fn stretches(random: &mut Random, every: i64, longest: i64) -> Vec<Interval> {
    let (mut out, mut at) = (Vec::new(), random.below(every));
    while at < HOURS {
        let to = at + 1 + random.below(longest);
        out.push(Interval::new(hour(at), hour(to)));
        at = to + 1 + random.below(every * 2);
    }
    out
}

/// All answers of the month, in order of time; the last two days are good, so that all is over.
fn answers(random: &mut Random) -> Vec<Fact> {
    let outages: Vec<Vec<Interval>> = (0..7).map(|_| stretches(random, 120, 9)).collect();
    let cut_off = ["a", "b"].map(|_| stretches(random, 200, 8));
    let silent = ["a", "b", "c"].map(|_| stretches(random, 250, 5));
    let holds = |list: &[Interval], at: Timestamp| list.iter().any(|interval| interval.contains(at));
    let mut facts = Vec::new();
    for (name, check, subject) in STREAMS {
        let (minute, place) = (random.below(59), ["a", "b", "c"].iter().position(|host| *host == name).expect("known"));
        for hours in 0..HOURS {
            let at = hour(hours).plus_secs(minute * 60 + random.below(60));
            let calm = hours >= HOURS - 48;
            if !calm && holds(&silent[place], at) {
                continue;
            }
            let dark = check != "unit" && cut_off.get(place).is_some_and(|list| holds(list, at));
            let failed = dark || holds(&outages[subject], at) || random.one_in(60);
            let sign = match (failed, random.below(80)) {
                _ if calm => '.',
                (_, 0) => '?',
                (true, _) => 'x',
                (false, 1) => '~',
                (false, _) => '.',
            };
            let mut outcome = ProbeOutcome { check: check.into(), reason: "refused".into(), ..ProbeOutcome::default() };
            outcome.duration_us = u64::try_from(random.below(5_000_000)).expect("positive");
            outcome.set_verdict(verdict(sign).expect("a sign"));
            facts.push(Fact { id: 0, host: host(name), at, received_at: at, body: FactBody::Probe(outcome) });
        }
    }
    facts.sort_by_key(|fact| fact.at);
    facts
}

/// The instant that the collector gives an answer which an agent whose clock is wrong sends at `received`.
fn told(random: &mut Random, at: Timestamp, received: Timestamp) -> Timestamp {
    let wrong_ms = (random.below(7) - 3) * HOUR_S * 1000;
    let age_ms = u64::try_from(received.ms_since(at)).ok();
    let (sent, observed) = (received.plus_ms(wrong_ms), at.plus_ms(wrong_ms));
    clock_skew::evaluate(&Stamps { received, sent, observed, age_ms, agent_started: None }, TOLERANCE_MS).at
}

/// What arrives within each hour.
type Delivery = BTreeMap<i64, Vec<Fact>>;

fn hour_of(at: Timestamp) -> i64 {
    (at.as_secs() - BEGIN_S).div_euclid(HOUR_S)
}

fn orderly(facts: &[Fact]) -> Delivery {
    let mut out = Delivery::new();
    facts.iter().for_each(|fact| out.entry(hour_of(fact.at)).or_default().push(fact.clone()));
    out
}

/// Shuffled within each hour, some twice, by wrong clocks; one in `late` up to [`DELAY_MAX`] hours later (0: none).
fn jostled(random: &mut Random, facts: &[Fact], late: i64) -> Delivery {
    let mut out = Delivery::new();
    for fact in facts {
        let delay = if late > 0 && random.one_in(late) { 1 + random.below(DELAY_MAX) } else { 0 };
        let arrives = (hour_of(fact.at) + delay).min(HOURS - 1);
        for _ in 0..=i64::from(random.one_in(10)) {
            let received_at = hour(arrives + 1).plus_ms(-1).max(fact.at);
            let at = told(random, fact.at, received_at);
            assert_eq!(at, fact.at, "the age tells the time, whatever the clock says");
            out.entry(arrives).or_default().push(Fact { at, received_at, ..fact.clone() });
        }
    }
    for list in out.values_mut() {
        for place in (1..list.len()).rev() {
            let other = random.below(i64::try_from(place + 1).expect("small"));
            list.swap(place, usize::try_from(other).expect("small"));
        }
    }
    out
}

fn register() -> Register {
    let sign = Signature { by: "budi".into(), at: hour(0) };
    let plan = MaintenancePlan {
        number: 1,
        services: vec![ServiceId::parse("simpeg").expect("valid")],
        hosts: Vec::new(),
        title: "t".into(),
        reason: "r".into(),
        evidence: String::new(),
        planned: Interval::new(hour(240), hour(252)),
        recurrence: Recurrence::Once,
        until: None,
        state: MaintenanceStatus::Approved,
        proposed: sign.clone(),
        decided: Some(Decided { sign: sign.clone(), reason: String::new() }),
        announced: Some(Announcement { at: hour(1), channel: "surat".into(), sign }),
        cancelled: None,
        exceptions: BTreeMap::new(),
    };
    Register::new(vec![plan], Vec::new())
}

fn model(now: Timestamp) -> Model {
    let mut model = Model::new(Arc::new(catalogue()), Arc::new(bangka_2025()), hour(0), now);
    model.refresh_hosts(["a", "b", "c"].map(|name| record(name, now)).to_vec());
    model.take_register(register());
    model
}

/// The engine starts anew from what was committed: ledger, tickets, answers.
fn restarted(old: &Model, answers: &Answers, now: Timestamp) -> Model {
    let mut model = model(now);
    for ticket in old.tickets.values() {
        model.committed(ticket.as_ref().clone());
    }
    for (place, before) in old.services.iter().enumerate() {
        let service: &mut ServiceModel = &mut model.services[place];
        let rows = before.ledger.segments(Interval::new(hour(-1), hour(HOURS + 100)));
        let rows = rows.filter(|row| row.state != State::Unknown).map(|row| LedgerRow {
            from: row.interval.from,
            to: row.interval.to,
            state: row.state,
            reason: before.reason_at(row.interval.from),
        });
        service.load_ledger(rows.collect(), before.begins, before.parts.stretches().to_vec());
        if let Some(from) = load::replay(answers, service, None, now).expect("reads") {
            model.mark_dirty(place, from);
        }
    }
    model.isolation.reload_all(answers, now).expect("reads");
    // The checkpoint keeps it.
    for place in 0..model.hosts.len() {
        model.hosts[place].heard_since = old.hosts[place].heard_since;
    }
    model.touch_everything();
    model
}

struct Lived {
    ledgers: Vec<Timeline>,
    figures: Vec<Figures>,
    log: Vec<String>,
    model: Model,
}

/// Lives through the month, judging at the end of every hour; with `restarts` starts anew now and then.
fn live(delivery: &Delivery, restarts: Option<&mut Random>) -> Lived {
    let (mut model, mut answers, mut log) = (model(hour(0)), Answers::default(), Vec::new());
    let mut restarts = restarts;
    for hours in 0..HOURS {
        let now = hour(hours + 1);
        model.refresh_hosts(["a", "b", "c"].map(|name| record(name, now)).to_vec());
        for fact in delivery.get(&hours).into_iter().flatten() {
            answers.keep(fact);
            model.apply(fact);
        }
        if restarts.as_mut().is_some_and(|random| random.one_in(60)) {
            model = restarted(&model, &answers, now);
            // The cursor has not passed them: they are read again.
            delivery.get(&hours).into_iter().flatten().for_each(|fact| model.apply(fact));
        }
        replay_late(&answers, &mut model, now);
        let plan = model.decide(now);
        commit(&mut model, plan, now, &mut log);
    }
    let correction = Correction {
        seq: 1,
        effect: CorrectionEffect::SetState(Interval::new(hour(100), hour(103)), State::Up),
        approved: true,
    };
    let month = Period::containing_instant(PeriodKind::Month, model.rulebook.zone(), hour(0));
    let figures = model.services.iter().map(|service| {
        let id = &service.service.id;
        let rules = model.rulebook.corrected(id, correction);
        service_period::judge(&rules, id, month, service.begins, &service.ledger, hour(HOURS)).figures
    });
    let (figures, ledgers) = (figures.collect(), model.services.iter().map(|service| service.ledger.clone()).collect());
    log.retain(|line| !line.contains("escalated"));
    Lived { ledgers, figures, log, model }
}

/// Outages of the ledger that last longer than the longest delay have a ticket, and nothing stays open for what is good.
fn assert_tickets_follow(lived: &Lived, seed: u64) {
    for (service, ledger) in lived.model.services.iter().zip(&lived.ledgers) {
        let key = format!("service:{}|akses", service.service.id);
        let window = Interval::new(hour(0), hour(HOURS));
        let long = ledger.segments(window).filter(|s| s.state == State::Down);
        for outage in long.filter(|s| s.interval.length_s() > (DELAY_MAX.unsigned_abs() + 3) * 3600) {
            assert!(lived.log.iter().any(|line| line.contains(&key)), "seed {seed}: no ticket for {outage:?}");
        }
    }
    let hanging = lived.model.tickets.values().filter(|ticket| ticket.state != TicketState::Pulih);
    let hanging: Vec<String> =
        hanging.map(|ticket| ticket.key.to_string()).filter(|key| !key.contains("backup")).collect();
    assert_eq!(hanging, Vec::<String>::new(), "seed {seed}: {:#?}", lived.log);
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn a_month_delivered_badly_is_the_same_month() {
    let first = number("PANTAU_SIM_FIRST", 1);
    for seed in first..first + number("PANTAU_SIM_SEEDS", SEEDS) {
        println!("seed {seed}");
        let mut random = Random(seed);
        let facts = answers(&mut random);
        let good = live(&orderly(&facts), None);
        let down: u64 = good.figures.iter().map(|figures| figures.counts.down_s).sum();
        let unknown: u64 = good.figures.iter().map(|figures| figures.counts.unknown_s).sum();
        assert!(down > 0 && unknown > 0 && !good.log.is_empty(), "seed {seed}: nothing happened");
        let delivery = jostled(&mut random, &facts, 0);
        let shaken = live(&delivery, Some(&mut random));
        assert_eq!(shaken.ledgers, good.ledgers, "seed {seed}: ledger of jostled answers");
        assert_eq!(shaken.figures, good.figures, "seed {seed}: figures of jostled answers");
        assert_eq!(shaken.log, good.log, "seed {seed}: tickets of jostled answers");
        let delivery = jostled(&mut random, &facts, 6);
        let late = live(&delivery, Some(&mut random));
        assert_eq!(late.ledgers, good.ledgers, "seed {seed}: ledger of late answers");
        assert_eq!(late.figures, good.figures, "seed {seed}: figures of late answers");
        assert_tickets_follow(&late, seed);
        assert_tickets_follow(&good, seed);
    }
}
