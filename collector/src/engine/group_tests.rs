//! Dependencies, members, maintenance and what is no longer watched, through the whole model in rehearsal.

use super::model::{Model, PlannedChange};
use super::rehearsal::Rehearsal;
use crate::config::catalogue;
use crate::config::profile::bangka_2025;
use crate::domain::catalogue::{Catalogue, ServiceId};
use crate::domain::profile::Impact;
use crate::domain::state::State;
use crate::domain::ticket::clock::ClockVerdict;
use crate::domain::ticket::regroup::{Act, merge, split};
use crate::domain::ticket::{Ticket, TicketAction, TicketNumber, TicketRefusal, TicketState};
use pantau_shared::timestamp::Timestamp;
use std::sync::Arc;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(1_790_000_000 + seconds)
}

fn id(name: &str) -> ServiceId {
    ServiceId::parse(name).expect("valid")
}

/// Services `(id, klasifikasi, bergantung_pada)`.
fn office(services: &[(&str, &str, &str)]) -> Catalogue {
    let service = |(id, class, needs): &(&str, &str, &str)| {
        format!(
            "[[layanan]]\nid = \"{id}\"\nnama = \"{id}\"\ndeskripsi = \"d\"\npenyedia = \"p\"\ncara_akses = \"a\"\n\
             kontak_bantuan = \"k\"\nwaktu_bantuan = \"w\"\nkelompok = \"administrasi_pemerintahan\"\n\
             klasifikasi = \"{class}\"\nadministrator_layanan = [\"Admin {id}\"]\nbergantung_pada = [{needs}]\n\
             [[layanan.pemeriksaan]]\nid = \"{id}-tcp\"\njenis = \"tcp\"\nalamat = \"x\"\nport = 1\ndari = [\"h\"]\n"
        )
    };
    let text: String = services.iter().map(service).collect();
    catalogue::parse("uji", &text, 1, &bangka_2025()).expect("valid")
}

fn three() -> Rehearsal {
    let catalogue = office(&[("db", "normal", ""), ("app", "kritis", "\"db\""), ("web", "esensial", "\"app\"")]);
    Rehearsal::new(catalogue, bangka_2025(), at(0))
}

fn down(play: &mut Rehearsal, name: &str, second: i64) {
    play.state(&id(name), State::Down, at(second)).expect("plays");
}

fn up(play: &mut Rehearsal, name: &str, second: i64) {
    play.state(&id(name), State::Up, at(second)).expect("plays");
}

fn all(play: &Rehearsal) -> Vec<Ticket> {
    play.tickets().cloned().collect()
}

fn names(ticket: &Ticket) -> Vec<&str> {
    ticket.affected_services.iter().map(ServiceId::as_str).collect()
}

#[test]
fn one_root_is_one_ticket_for_all_that_depend_on_it_over_any_number_of_steps() {
    let mut play = three();
    down(&mut play, "web", 0);
    down(&mut play, "db", 20);
    down(&mut play, "app", 30);
    play.advance(at(600)).expect("plays");
    let tickets = all(&play);
    assert_eq!(tickets.len(), 1, "{tickets:#?}");
    let ticket = &tickets[0];
    assert_eq!((ticket.key.to_string().as_str(), names(ticket)), ("service:db|akses", vec!["db", "web", "app"]));
    assert_eq!((ticket.recorded_at, ticket.reported_at, ticket.onset_at), (at(20), at(0), at(0)));
    // The most urgent of all: app is kritis.
    let profile = bangka_2025();
    let app = office(&[("app", "kritis", "")]);
    let expected = crate::domain::ticket::open::priority_of(&app, &profile, &[id("app")], Impact::Mayor);
    assert_eq!(ticket.priority, expected);
    assert!(ticket.handlers.contains(&"Admin web".to_owned()), "{:?}", ticket.handlers);
}

#[test]
fn the_ticket_stays_until_every_part_is_good_and_is_dated_by_the_last() {
    let mut play = three();
    down(&mut play, "db", 0);
    down(&mut play, "app", 10);
    down(&mut play, "web", 10);
    up(&mut play, "db", 1000);
    up(&mut play, "web", 1000);
    play.advance(at(3000)).expect("plays");
    let ticket = all(&play).remove(0);
    assert_eq!(
        (ticket.state, ticket.restored_at),
        (TicketState::Dieskalasi, None),
        "app is still down, and nobody answered"
    );
    let restored: Vec<_> = ticket.members.iter().map(|m| (m.services[0].as_str(), m.restored_at)).collect();
    assert_eq!(restored, [("app", None), ("web", Some(at(1000)))]);
    up(&mut play, "app", 4000);
    play.advance(at(4299)).expect("plays");
    assert_eq!(all(&play)[0].state, TicketState::Dieskalasi);
    play.advance(at(4300)).expect("plays");
    let tickets = all(&play);
    assert_eq!((tickets.len(), tickets[0].state, tickets[0].restored_at), (1, TicketState::Pulih, Some(at(4000))));
    // A part that falls again within the window brings the same ticket back.
    down(&mut play, "web", 4500);
    let tickets = all(&play);
    assert_eq!((tickets.len(), tickets[0].state, tickets[0].recurrences), (1, TicketState::Dieskalasi, 1));
}

#[test]
fn a_dependant_after_the_roots_recovery_is_a_disturbance_of_its_own() {
    let mut play = three();
    down(&mut play, "db", 0);
    up(&mut play, "db", 100);
    play.advance(at(500)).expect("plays");
    down(&mut play, "app", 600);
    play.advance(at(660)).expect("plays");
    let tickets = all(&play);
    assert_eq!(tickets.len(), 2, "{tickets:#?}");
    assert_eq!((tickets[1].recorded_at, tickets[1].reported_at), (at(660), at(600)));
}

#[test]
fn every_part_is_judged_by_its_own_clock() {
    let mut play = three();
    down(&mut play, "db", 0);
    down(&mut play, "app", 3600);
    let ticket = all(&play).remove(0);
    // Of app, kritis: the strictest target, from its own detection on.
    let target = bangka_2025().resolution_target(
        crate::domain::catalogue::ServiceGroup::AdministrasiPemerintahan,
        crate::domain::catalogue::ServiceClass::Kritis,
    );
    let due = at(3600).plus_secs(i64::from(target.expect("has one").seconds));
    assert_eq!(ticket.resolution_due_at(), Some(due));
    assert_eq!(ticket.resolution_verdict(due.plus_secs(-1)), ClockVerdict::Running);
    assert_eq!(ticket.resolution_verdict(due), ClockVerdict::Breached, "one part is late: the ticket is");
}

#[test]
fn merging_keeps_the_earliest_report_and_splitting_undoes_it() {
    let mut play = Rehearsal::new(office(&[("a", "normal", ""), ("b", "kritis", "")]), bangka_2025(), at(0));
    down(&mut play, "a", 0);
    down(&mut play, "b", 500);
    let tickets = all(&play);
    let (first, second) = (&tickets[0], &tickets[1]);
    let (profile, catalogue) = (bangka_2025(), office(&[("a", "normal", ""), ("b", "kritis", "")]));
    let act = Act { actor: "Sari", now: at(900), profile: &profile };
    assert_eq!(merge(first, first, "x", act), Err(TicketRefusal::BadMerge));
    assert!(matches!(merge(first, second, "  ", act), Err(TicketRefusal::BadText { .. })));
    let [(gone, _), (into, entry)] = merge(first, second, "satu akar", act).expect("merges");
    assert_eq!((gone.state, gone.holds_key, gone.life.related), (TicketState::Dibatalkan, false, Some(second.number)));
    assert_eq!((into.reported_at, into.onset_at, into.state), (at(0), at(0), TicketState::Ditanggapi));
    assert_eq!((names(&into), into.members.len()), (vec!["b", "a"], 1));
    assert_eq!((entry.kind.as_str(), into.first_response_at), ("merged", Some(at(900))));
    let keys: Vec<String> = into.keys().map(ToString::to_string).collect();
    assert_eq!(keys, ["service:b|akses", "service:a|akses"]);

    let number = TicketNumber { year: 2026, number: 9 };
    let apart = |parts: &[&str]| {
        let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
        split(&into, &parts, "bukan satu akar", number, &catalogue, act)
    };
    assert_eq!(apart(&["b"]), Err(TicketRefusal::BadSplit), "the root stays");
    assert_eq!(apart(&[]), Err(TicketRefusal::BadSplit));
    let [(after, _), (new, _)] = apart(&["a"]).expect("splits");
    assert_eq!((names(&after), after.members.len()), (vec!["b"], 0));
    assert_eq!((new.key.to_string().as_str(), new.reported_at, new.onset_at), ("service:a|akses", at(0), at(0)));
    assert_eq!((new.state, new.life.related), (TicketState::Ditanggapi, Some(into.number)));
}

#[test]
fn what_a_person_confirmed_lets_every_key_go() {
    let mut play = three();
    down(&mut play, "db", 0);
    down(&mut play, "app", 10);
    for name in ["db", "app"] {
        up(&mut play, name, 100);
    }
    play.advance(at(500)).expect("plays");
    let number = all(&play)[0].number;
    let confirm = TicketAction::Confirm { method: "telepon".into() };
    play.act(number, &confirm, "Sari", at(600)).expect("confirms");
    down(&mut play, "app", 700);
    play.advance(at(760)).expect("plays");
    assert_eq!(all(&play).len(), 2);
}

/// What follows for a ticket of `db` with `app` in it under another catalogue.
fn after_another_catalogue(services: &[(&str, &str, &str)], state: TicketState) -> Vec<(Ticket, String)> {
    let mut play = three();
    down(&mut play, "db", 0);
    down(&mut play, "app", 10);
    let ticket = all(&play).remove(0);
    let mut model = Model::new(Arc::new(office(services)), Arc::new(bangka_2025()), at(100), at(100));
    model.committed(Ticket { state, restored_at: (state == TicketState::Pulih).then(|| at(50)), ..ticket });
    let changes = model.decide(at(101)).changes.into_iter();
    let change = |change| match change {
        PlannedChange::Change { ticket, activity, .. } => (*ticket, activity.kind),
        PlannedChange::Open(..) | PlannedChange::Release(_) => panic!("neither opens nor releases"),
    };
    changes.map(change).collect()
}

#[test]
fn what_is_no_longer_watched_ends_with_a_reason_and_what_has_ended_waits_for_a_person() {
    let gone = after_another_catalogue(&[("app", "kritis", "")], TicketState::Baru);
    assert_eq!(gone.len(), 1);
    assert_eq!((gone[0].0.state, gone[0].1.as_str()), (TicketState::Dibatalkan, "cancelled"));
    let part = after_another_catalogue(&[("db", "normal", "")], TicketState::Baru);
    assert_eq!((part[0].0.state, part[0].0.members.len()), (TicketState::Baru, 0));
    assert_eq!(after_another_catalogue(&[("app", "kritis", "")], TicketState::Pulih), []);
    assert_eq!(after_another_catalogue(&[("db", "normal", ""), ("app", "kritis", "")], TicketState::Baru), []);
}

/// What it needs goes down only after its wait: it was not down by then, so the ticket stays its own. To take it into the
/// root's would cancel it, and only a person does that; merged, the earliest report stays.
#[test]
fn a_dependants_ticket_that_stood_before_its_roots_is_joined_by_a_person() {
    let mut play = three();
    down(&mut play, "web", 0);
    play.advance(at(61)).expect("plays");
    let early = all(&play);
    assert_eq!((early.len(), early[0].key.to_string().as_str()), (1, "service:web|akses"));
    down(&mut play, "db", 300);
    play.advance(at(600)).expect("plays");
    let tickets = all(&play);
    let keys: Vec<String> = tickets.iter().map(|ticket| ticket.key.to_string()).collect();
    assert_eq!(keys, ["service:web|akses", "service:db|akses"]);
    let profile = bangka_2025();
    let act = Act { actor: "Rina", now: at(700), profile: &profile };
    let [(gone, _), (root, _)] = merge(&tickets[0], &tickets[1], "satu gangguan", act).expect("may be merged");
    assert_eq!((gone.state, root.reported_at, root.onset_at), (TicketState::Dibatalkan, at(0), at(0)));
    assert!(names(&root).contains(&"web"));
}
