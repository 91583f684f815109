//! What nobody's answer does (G09), at the edge.

use super::super::condition::Condition;
use super::super::open::{Report, open};
use super::super::transition::act;
use super::super::{TicketAction, TicketKey, TicketNumber};
use super::*;
use crate::config::profile::bangka_2025;
use crate::domain::catalogue::Catalogue;

fn s(seconds: i64) -> Timestamp {
    Timestamp::from_secs(1_800_000_000 + seconds)
}

/// Opened at 0, answered at 60, restored at 1000.
fn restored() -> Ticket {
    let condition = Condition {
        key: TicketKey::parse("service:simpeg|akses").expect("valid"),
        impact: Impact::Minor,
        onset_at: s(0),
        symptom: Phrase::new("symptom-service-down"),
        category: "aplikasi".into(),
        components: vec![],
        affected: vec![],
        flapping_since: None,
    };
    let report = Report { reporter: None, condition: &condition, related: None };
    let number = TicketNumber { year: 2026, number: 1 };
    let (ticket, _) = open(&report, number, &Catalogue::empty(), &bangka_2025(), s(0));
    let (mut ticket, _) = act(&ticket, &TicketAction::Acknowledge, "Sari", s(60), &bangka_2025()).expect("possible");
    ticket.step(Step::Restore).expect("possible");
    ticket.restored_at = Some(s(1_000));
    ticket
}

fn policy(lapse_after_seconds: Option<u32>) -> EscalationPolicy {
    EscalationPolicy { lapse_after_seconds, ..EscalationPolicy::default() }
}

fn event(ticket: &Ticket, policy: EscalationPolicy, at: i64) -> Option<(Ticket, &'static str)> {
    let (after, activity, event) = ticket.after_time(policy, None, &bangka_2025(), s(at))?;
    assert_eq!(activity.actor, Actor::System);
    Some((after, event))
}

#[test]
fn without_the_setting_nobody_confirms_but_a_person() {
    let mut ticket = restored();
    for day in 1..=400 {
        let (after, said) = event(&ticket, policy(None), 1_000 + day * 86_400).expect("reminded daily");
        assert_eq!((after.state, said), (TicketState::Pulih, "unconfirmed"));
        ticket = after;
    }
}

#[test]
fn with_it_the_ticket_lapses_at_the_second_and_in_nobodys_name() {
    let (ticket, three_days) = (restored(), policy(Some(3 * 86_400)));
    let (reminded, said) = event(&ticket, three_days, 1_000 + 2 * 86_400).expect("a reminder");
    assert_eq!(said, "unconfirmed");
    // The reminder does not put it off; a second earlier nothing has lapsed.
    let due = 1_000 + 3 * 86_400;
    assert_eq!(reminded.next_timed_at(three_days, None), Some(s(due)));
    assert_eq!(event(&reminded, three_days, due - 1), None);
    let (lapsed, said) = event(&reminded, three_days, due).expect("lapsed");
    assert_eq!((lapsed.state, said), (TicketState::SelesaiTerkonfirmasi, "lapsed"));
    assert_eq!((lapsed.confirmed_at, lapsed.confirmed_by.as_deref()), (Some(s(due)), None));
    assert_eq!(lapsed.confirmation_method.as_deref(), Some(LAPSED_METHOD));
    assert!(lapsed.has_lapsed() && !reminded.has_lapsed());
    assert_eq!(lapsed.closed_at, None, "a person closes, with a cause");
    assert!(!bangka_2025().reporting_methods.iter().any(|method| method == LAPSED_METHOD));
    assert_eq!(event(&lapsed, three_days, due + 900_000), None, "once");
}

#[test]
fn switched_on_late_it_backdates_nothing() {
    let (late, hour) = (1_000 + 30 * 86_400, policy(Some(3_600)));
    let (lapsed, _) = event(&restored(), hour, late).expect("lapsed");
    assert_eq!(lapsed.confirmed_at, Some(s(late)));
}
