//! What is held back comes back as it was, in bounds; which rules began; what rules opened.

use super::*;
use crate::domain::catalogue::ThresholdMetric;
use crate::domain::rule::Rule;
use crate::domain::rule::admission::{HeldBack, HeldCause};

const STORAGE: Rule = Rule::Threshold(ThresholdMetric::Storage);

fn held(name: &str, noted: i64, ended: Option<i64>) -> HeldBack {
    let scope = TicketScope::Host(host(name), "storage:/var".into());
    HeldBack {
        key: TicketKey { scope, class: TicketClass::Capacity },
        rule: STORAGE,
        cause: HeldCause::Folded,
        onset_at: at(noted - 1),
        noted_at: at(noted),
        ended_at: ended.map(at),
        occurrences: 1,
        symptom: Phrase::new("symptom-threshold-storage").with("part", "/var"),
    }
}

fn save(fixture: &Fixture, held: Vec<HeldBack>) {
    let decision = Decision { held, evaluated_at: at(3), ..Decision::default() };
    fixture.write(move |w| w.commit_decision(&decision)).expect("commits");
}

#[test]
fn what_is_held_back_goes_on_until_it_ends() {
    let fixture = Fixture::new();
    let (first, second) = (held("web-01", 10, None), held("db-01", 20, Some(30)));
    save(&fixture, vec![first.clone(), second.clone()]);
    assert_eq!(fixture.read(|r| r.held_back_lately(at(30))), [first.clone(), second.clone()]);
    assert_eq!(fixture.read(|r| r.held_back_lately(at(31))), std::slice::from_ref(&first), "it goes on, however old");
    assert_eq!(fixture.read(|r| r.held_back_of(STORAGE, at(15), 9)), [second]);
    assert_eq!(fixture.read(|r| r.held_back_of(Rule::Down, at(0), 9)), []);
    let ended = first.ended(at(40));
    save(&fixture, vec![ended.clone()]);
    assert_eq!(fixture.read(|r| r.held_back_lately(at(35))), [ended]);
    let counts = fixture.read(|r| r.held_back_counts(at(0)));
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), [((STORAGE, HeldCause::Folded), 2)]);
}

#[test]
fn what_ended_long_ago_makes_room_and_what_goes_on_stays() {
    let fixture = Fixture::new();
    save(&fixture, vec![held("web-01", 1, None)]);
    for round in 0..5 {
        save(&fixture, (0..5_000).map(|n| held("db-01", 10 + round * 5_000 + n, Some(900_000))).collect());
    }
    let kept = fixture.read(|r| r.held_back_lately(at(0)));
    assert_eq!(kept.len(), 20_002, "the newest, the one at the rim, and the one that goes on");
    assert_eq!(kept.first(), Some(&held("web-01", 1, None)));
}

#[test]
fn rules_begin_and_what_they_opened_is_counted_of_the_system_alone() {
    let fixture = Fixture::new();
    fixture.write(|w| w.save_rule_begun(STORAGE, at(5))).expect("saves");
    fixture.write(|w| w.save_rule_begun(STORAGE, at(7))).expect("saves");
    assert_eq!(fixture.read(|r| r.rules_begun()).into_iter().collect::<Vec<_>>(), [(STORAGE, at(7))]);
    let of = |ticket: Ticket| TicketChange { ticket, activities: vec![], messages: vec![] };
    let (by_system, mut by_person) = (ticket(1, "simpeg"), ticket(2, "e-office"));
    by_person.reporter = Some("Budi".into());
    let by_system = Ticket { reporter: None, ..by_system };
    let recorded = by_system.recorded_at;
    let changes = vec![of(by_system.clone()), of(by_person)];
    fixture.write(move |w| w.commit_decision(&decision(changes))).expect("commits");
    let opened = fixture.read(|r| r.opened_since(recorded));
    assert_eq!(opened, [(by_system.key.scope.clone(), by_system.key.class, by_system.impact, recorded)]);
    assert_eq!(fixture.read(|r| r.opened_since(recorded.plus_ms(1))), []);
    let tickets = fixture.read(|r| r.rule_tickets(recorded, recorded.plus_ms(1)));
    assert_eq!(tickets.len(), 1);
    assert_eq!(tickets[0].acted, by_system.first_response_at.is_some());
}
