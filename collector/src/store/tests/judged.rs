//! Tickets, their log, the outbox and the cursor: committed together or not at all.

use super::*;
use crate::domain::ticket::group::Member;
use pantau_shared::ids::BackupSetId;

fn commit(fixture: &Fixture, decision: Decision) -> Result<(), StoreError> {
    fixture.write(move |w| w.commit_decision(&decision))
}

fn number(n: u32) -> TicketNumber {
    TicketNumber { year: 2026, number: n }
}

fn message(n: u32, target: &str, version: u32) -> OutboxMessage {
    OutboxMessage {
        ticket: number(n),
        target: target.into(),
        version,
        event: "opened".into(),
        payload: "{}".into(),
        not_before: None,
    }
}

/// A disturbance that belongs to a ticket.
pub(super) fn member(id: &str, restored_at: Option<Timestamp>) -> Member {
    Member {
        key: TicketKey { scope: TicketScope::Service(service(id)), class: TicketClass::Access },
        services: vec![service(id)],
        impact: Impact::Mayor,
        priority: Priority::new(1).expect("valid"),
        onset_at: at(2),
        detected_at: at(3),
        restored_at,
        resolution_target: Some(TimeTarget { seconds: 86_400, operator: Operator::Below }),
    }
}

/// A ticket with every field set.
fn full() -> Ticket {
    let when = |seconds| Some(at(seconds));
    Ticket {
        key: TicketKey {
            scope: TicketScope::Host(host("db-01"), "storage:/var|x".into()),
            class: TicketClass::Capacity,
        },
        state: TicketState::Pulih,
        state_before_restored: Some(TicketState::Dieskalasi),
        first_response_at: when(3),
        estimated_at: when(4),
        restored_at: when(5),
        confirmed_at: when(6),
        confirmed_by: Some("Sari".into()),
        closed_at: when(7),
        reporter: Some("Budi".into()),
        impact: Impact::Minor,
        impact_text: Some("lambat".into()),
        cause: Some("disk".into()),
        members: vec![member("web", None), member("kasda", when(9))],
        handlers: vec!["Andi".into(), "Tim \"Jaringan\"".into()],
        confirmation_method: Some("telepon".into()),
        resolution_target: Some(TimeTarget { seconds: 14_400, operator: Operator::AtMost }),
        recurrences: 2,
        life: TicketLife {
            escalation_level: 3,
            estimate_missed_at: when(8),
            recovery_prompted_at: when(9),
            flapping_since: when(10),
            occurrences: 4,
            episode_at: at(11),
            related: Some(number(5)),
            reminded_at: when(12),
        },
        false_alarm: true,
        holds_key: false,
        version: 9,
        ..ticket(77, "simpeg")
    }
}

#[test]
fn a_ticket_comes_back_with_every_field_and_is_replaced_only_by_a_newer_one() {
    let fixture = Fixture::new();
    commit(&fixture, decision(vec![change(full()), change(ticket(1, "simpeg"))])).expect("new");
    let fixture = fixture.reopen();
    assert_eq!(fixture.read(|r| r.ticket(number(77))), Some(full()));
    assert_eq!(fixture.read(|r| r.ticket(number(1))), Some(ticket(1, "simpeg")));
    assert_eq!(fixture.read(|r| r.ticket(number(2))), None);
    for version in [8, 9] {
        let stale = decision(vec![change(Ticket { version, ..full() })]);
        assert!(matches!(commit(&fixture, stale), Err(StoreError::Refused { .. })));
    }
    let newer = Ticket { version: 10, affected_services: vec![service("only")], reporter: None, ..full() };
    commit(&fixture, decision(vec![change(newer.clone())])).expect("newer");
    assert_eq!(fixture.read(|r| r.ticket(number(77))), Some(newer));
}

#[test]
fn the_database_refuses_a_second_ticket_for_a_key_and_takes_nothing_of_the_decision() {
    let fixture = Fixture::new();
    commit(&fixture, decision(vec![change(ticket(1, "simpeg"))])).expect("first");
    let second =
        Decision { cursor: FactCursor(9), ..decision(vec![change(ticket(3, "web")), change(ticket(2, "simpeg"))]) };
    assert!(matches!(commit(&fixture, second), Err(StoreError::Database { .. })));
    assert_eq!(fixture.read(Reader::open_tickets), [ticket(1, "simpeg")]);
    assert_eq!(fixture.read(Reader::cursor), FactCursor(0));
    assert_eq!(fixture.read(Reader::evaluated_at), Some(at(3)));
    // Given up and taken in one decision, whatever their order.
    let over = Ticket { state: TicketState::Ditutup, holds_key: false, version: 2, ..ticket(1, "simpeg") };
    let both = Decision { cursor: FactCursor(9), ..decision(vec![change(ticket(2, "simpeg")), change(over)]) };
    commit(&fixture, both).expect("room was made");
    assert_eq!(fixture.read(Reader::open_tickets), [ticket(2, "simpeg")]);
    assert_eq!(fixture.read(Reader::cursor), FactCursor(9));
    // The cursor never goes back.
    commit(&fixture, Decision { cursor: FactCursor(4), evaluated_at: at(1), ..Decision::default() }).expect("commits");
    assert_eq!(fixture.read(|r| Ok((r.cursor()?, r.evaluated_at()?))), (FactCursor(9), Some(at(3))));
}

#[test]
fn numbers_are_given_out_once_per_year_even_when_no_ticket_follows() {
    let fixture = Fixture::new();
    let next = |fixture: &Fixture, year| fixture.write(move |w| w.next_ticket_number(year)).expect("free").number;
    assert_eq!((next(&fixture, 2026), next(&fixture, 2026), next(&fixture, 2025)), (1, 2, 1));
    let fixture = fixture.reopen();
    assert_eq!(next(&fixture, 2026), 3);
    commit(&fixture, decision(vec![change(ticket(41, "simpeg"))])).expect("a number from elsewhere");
    assert_eq!((next(&fixture, 2026), next(&fixture, 2025), next(&fixture, 2027)), (42, 2, 1));
    let rolled_back: Result<(), _> = fixture.write(|w| {
        w.next_ticket_number(2026)?;
        Err(StoreError::Closed)
    });
    assert!(rolled_back.is_err());
    assert_eq!(next(&fixture, 2026), 43);
}

#[test]
fn the_log_keeps_its_order_and_both_kinds_of_text() {
    let fixture = Fixture::new();
    let log = |seconds, actor, text| Activity { at: at(seconds), actor, kind: "comment".into(), text };
    let written = log(5, Actor::Person("Sari".into()), ActivityText::Written("cek \"disk\"".into()));
    let said = log(4, Actor::System, ActivityText::Phrase(Phrase::new("opened").with("n", 1)));
    let changed = TicketChange { activities: vec![written.clone(), said.clone()], ..change(ticket(1, "simpeg")) };
    commit(&fixture, decision(vec![changed])).expect("commits");
    let newer = Ticket { version: 2, ..ticket(1, "simpeg") };
    commit(&fixture, decision(vec![TicketChange { activities: vec![said.clone()], ..change(newer) }]))
        .expect("commits");
    let fixture = fixture.reopen();
    assert_eq!(fixture.read(|r| r.activities(number(1))), [written, said.clone(), said]);
    assert_eq!(fixture.read(|r| r.activities(number(2))), []);
}

#[test]
fn tickets_are_filtered_and_paged_newest_first() {
    let fixture = Fixture::new();
    let tickets = vec![
        Ticket { state: TicketState::Ditutup, holds_key: false, ..ticket(1, "simpeg") },
        Ticket { priority: Priority::new(5).expect("valid"), ..ticket(2, "web") },
        Ticket {
            key: TicketKey {
                scope: TicketScope::Backup(BackupSetId::parse("s").expect("valid")),
                class: TicketClass::Backup,
            },
            ..ticket(3, "simpeg")
        },
        Ticket { state: TicketState::Pulih, holds_key: false, ..ticket(4, "simpeg") },
    ];
    commit(&fixture, decision(tickets.into_iter().map(change).collect())).expect("commits");
    let found = |filter: TicketFilter, before: Option<u32>, limit| {
        let found = fixture.read(|r| r.tickets(&filter, before.map(number), limit));
        found.iter().map(|ticket| ticket.number.number).collect::<Vec<_>>()
    };
    let all = TicketFilter::default();
    assert_eq!(found(all.clone(), None, 9), [4, 3, 2, 1]);
    assert_eq!(found(all.clone(), None, 2), [4, 3]);
    assert_eq!(found(all.clone(), Some(3), 9), [2, 1]);
    let states = vec![TicketState::Ditutup, TicketState::Pulih];
    assert_eq!(found(TicketFilter { states, ..all.clone() }, None, 9), [4, 1]);
    assert_eq!(found(TicketFilter { priority: Some(5), ..all.clone() }, None, 9), [2]);
    assert_eq!(found(TicketFilter { class: Some(TicketClass::Backup), ..all.clone() }, None, 9), [3]);
    assert_eq!(found(TicketFilter { service: Some(service("simpeg")), ..all.clone() }, Some(4), 9), [3, 1]);
    let several = TicketFilter { service: Some(service("simpeg")), states: vec![TicketState::Baru], ..all };
    assert_eq!(found(several, None, 9), [3]);
    // `Pulih` waits for a person and is open, though its key is free.
    let open: Vec<_> = fixture.read(Reader::open_tickets).iter().map(|ticket| ticket.number.number).collect();
    assert_eq!(open, [2, 3, 4]);
}

#[test]
fn messages_leave_in_the_order_of_versions_per_ticket_and_target() {
    let fixture = Fixture::new();
    let messages = [message(1, "a", 2), message(1, "a", 1), message(1, "b", 1), message(2, "a", 1)];
    let first = TicketChange { messages: messages[..3].to_vec(), ..change(ticket(1, "simpeg")) };
    let second = TicketChange { messages: messages[3..].to_vec(), ..change(ticket(2, "web")) };
    commit(&fixture, decision(vec![first, second])).expect("commits");
    let due = |seconds| {
        let due =
            fixture.read(|r| Ok([r.outbox_due("a", at(seconds), 9)?, r.outbox_due("b", at(seconds), 9)?].concat()));
        due.into_iter().map(|due| (due.row.id, due.row.message)).collect::<Vec<_>>()
    };
    let messages_due = |seconds| due(seconds).into_iter().map(|(_, message)| message).collect::<Vec<_>>();
    assert_eq!(messages_due(2), [], "not before it was made");
    let of = |places: &[usize]| places.iter().map(|place| messages[*place].clone()).collect::<Vec<_>>();
    assert_eq!(messages_due(3), of(&[1, 3, 2]), "target by target");
    let one_each = fixture.read(|r| r.outbox_due("a", at(3), 1));
    assert_eq!(one_each.into_iter().map(|due| due.row.message).collect::<Vec<_>>(), of(&[1]));
    let id = |message: &OutboxMessage| due(99).into_iter().find(|(_, m)| m == message).expect("due").0;
    let settle = |id, result: DeliveryResult| fixture.write(move |w| w.save_outbox_result(id, &result, at(4)));
    let taken = |reference| DeliveryResult::Delivered { reference };
    let first = id(&messages[1]);
    let later = DeliveryResult::RetryLater { reason: "503".into(), at: at(50) };
    settle(first, later).expect("pending");
    assert_eq!(messages_due(49), of(&[3, 2]), "the later version waits too");
    assert_eq!(messages_due(50), of(&[3, 1, 2]));
    settle(first, DeliveryResult::Rejected { reason: "404".into() }).expect("pending");
    assert!(messages_due(50).contains(&messages[0]), "a refusal for good holds nothing back");
    assert!(settle(first, taken(None)).is_err(), "settled once");
    settle(id(&messages[2]), taken(None)).expect("pending");
    let view = fixture.read(Reader::outbox_view);
    assert_eq!((view.pending, view.oldest_at, view.rejected), (2, Some(at(3)), 1));
    let fixture = fixture.reopen();
    let rows = fixture.read(|r| r.outbox(None, 9));
    let states: Vec<_> = rows.iter().map(|row| (row.state.as_str(), row.attempts, row.last_error.as_deref())).collect();
    let expected = [("pending", 0, None), ("delivered", 1, None), ("rejected", 2, Some("404")), ("pending", 0, None)];
    assert_eq!(states, expected);
    let older = fixture.read(|r| r.outbox(Some(rows[1].id), 1));
    assert_eq!(older, rows[2..3]);
}

#[test]
fn a_message_is_unique_by_ticket_target_and_version() {
    let fixture = Fixture::new();
    let twice = vec![message(1, "a", 1), message(1, "a", 1)];
    let changed = TicketChange { messages: twice, ..change(ticket(1, "simpeg")) };
    assert!(matches!(commit(&fixture, decision(vec![changed])), Err(StoreError::Database { .. })));
    assert!(fixture.read(Reader::open_tickets).is_empty() && fixture.read(Reader::outbox_view).pending == 0);
}

#[test]
fn a_person_retries_or_lets_go_and_never_tells_the_older_after_the_newer() {
    let fixture = Fixture::new();
    let held = OutboxMessage { not_before: Some(at(20)), ..message(1, "b", 1) };
    let messages = vec![message(1, "a", 1), message(1, "a", 2), held];
    commit(&fixture, decision(vec![TicketChange { messages, ..change(ticket(1, "simpeg")) }])).expect("commits");
    let due = |target: &'static str, seconds| fixture.read(move |r| r.outbox_due(target, at(seconds), 9));
    assert!(due("b", 19).is_empty(), "quiet hours hold it back");
    assert_eq!(due("b", 20).len(), 1);
    let settle = |id, result: DeliveryResult| fixture.write(move |w| w.save_outbox_result(id, &result, at(4)));
    let by_hand = |id, action| fixture.write(move |w| w.settle_by_hand(id, action, "Sari", at(5)));
    let first = due("a", 9)[0].row.id;
    settle(first, DeliveryResult::Rejected { reason: "404".into() }).expect("pending");
    assert_eq!(fixture.read(|r| r.outbox_refused(9)).len(), 1);
    by_hand(first, MessageAction::Retry).expect("nothing newer was taken");
    assert_eq!(due("a", 9)[0].row.id, first, "in its order again");
    settle(first, DeliveryResult::Rejected { reason: "404".into() }).expect("pending");
    let second = due("a", 9)[0].row.id;
    let theirs = ExternalReference { reference: "4711".into(), url: Some("http://meja/4711".into()) };
    settle(second, DeliveryResult::Delivered { reference: Some(theirs.clone()) }).expect("pending");
    assert!(by_hand(first, MessageAction::Retry).is_err(), "the newer was taken");
    by_hand(first, MessageAction::Skip).expect("let go");
    assert!(by_hand(first, MessageAction::Skip).is_err() && by_hand(second, MessageAction::Skip).is_err());
    let view = fixture.read(Reader::outbox_view);
    assert_eq!((view.rejected, view.targets.len(), view.targets["b"].pending), (0, 1, 1));
    let links = fixture.read(|r| r.external_tickets(number(1)));
    assert_eq!(links.iter().map(|link| (&link.target, &link.at)).collect::<Vec<_>>(), [(&"a".to_owned(), &theirs)]);
    assert_eq!(fixture.read(|r| r.outbox_last_words("a")), (Some(at(4)), None));
    assert_eq!(fixture.read(|r| r.outbox_told(number(1))).into_iter().collect::<Vec<_>>(), ["a", "b"]);
}
