//! The transition table whole, and the order of the form's times under random lives.

use super::condition::{Condition, Outcome, View, judge};
use super::form_order::FormTimes;
use super::open::{Report, open};
use super::transition::{Next, Step, act, next};
use super::*;
use crate::config::profile::bangka_2025;
use crate::domain::catalogue::{Catalogue, TicketPolicy};
use crate::domain::profile::Priority;
use proptest::prelude::*;

/// One row per state; a column per step in the order of [`Step::ALL`]: `.` not possible, `=` stays, `<` back, or the
/// first letters of the next state.
const TABLE: &str = "
baru                  tgp tgp tgn esk tgp .    .   btl pul . =   esk =   =   btl btl tgp tgp =   =   .
ditanggapi            .   =   tgn esk =   .    .   btl pul . =   esk =   =   btl btl =   = =   =   .
ditangani             .   =   tgn esk =   .    .   btl pul . =   esk =   =   btl btl =   = =   =   .
dieskalasi            =   =   tgn .   =   .    .   btl pul . =   =   =   =   btl btl =   = =   =   .
pulih                 =   =   .   .   =   sls  .   btl .   < .   .   =   .   .   btl =   = .   =   sls
selesai_terkonfirmasi .   =   .   .   =   .    ttp .   .   . .   .   .   .   .   .   .   . .   =   .
ditutup               .   .   .   .   .   .    .   .   .   . .   .   .   .   .   .   .   . .   =   .
dibatalkan            .   .   .   .   .   .    .   .   .   . .   .   .   .   .   .   .   . .   =   .";

#[test]
fn the_table_is_closed() {
    let short = |next| match next {
        None => ".",
        Some(Next::Stay) => "=",
        Some(Next::Back) => "<",
        Some(Next::To(TicketState::Baru)) => "bru",
        Some(Next::To(TicketState::Ditanggapi)) => "tgp",
        Some(Next::To(TicketState::Ditangani)) => "tgn",
        Some(Next::To(TicketState::Dieskalasi)) => "esk",
        Some(Next::To(TicketState::Pulih)) => "pul",
        Some(Next::To(TicketState::SelesaiTerkonfirmasi)) => "sls",
        Some(Next::To(TicketState::Ditutup)) => "ttp",
        Some(Next::To(TicketState::Dibatalkan)) => "btl",
    };
    let rows = TABLE.trim().lines();
    assert_eq!(rows.clone().count(), TicketState::ALL.len());
    for (state, row) in TicketState::ALL.into_iter().zip(rows) {
        let got: Vec<&str> = Step::ALL.into_iter().map(|step| short(next(state, step))).collect();
        let mut expected = row.split_whitespace();
        assert_eq!(expected.next(), Some(state.code()));
        assert_eq!(got, expected.collect::<Vec<_>>(), "{}", state.code());
    }
}

fn condition(onset: Timestamp, impact: Impact) -> Condition {
    Condition {
        key: TicketKey::parse("service:simpeg|akses").expect("valid"),
        impact,
        onset_at: onset,
        symptom: Phrase::new("symptom-service-down"),
        category: "aplikasi".into(),
        components: vec![],
        affected: vec![ServiceId::parse("simpeg").expect("valid")],
        flapping_since: None,
    }
}

fn assert_form_order(ticket: &Ticket) {
    let t = ticket;
    assert_eq!(FormTimes::from(t).faults(), [], "{t:?}");
    if matches!(t.state, TicketState::Ditutup) {
        assert!(t.cause.is_some() && t.confirmed_at.is_some() && t.restored_at.is_some(), "{t:?}");
    }
    assert!(!t.holds_key || t.state.is_open(), "{t:?}");
}

proptest! {
    #[test]
    fn form_order_holds_in_every_life(steps in prop::collection::vec((0_u8..13, -50_i64..500), 1..60)) {
        let (profile, catalogue) = (bangka_2025(), Catalogue::empty());
        let policy = TicketPolicy { resolve_after_seconds: 60, reopen_window_seconds: 300, ..TicketPolicy::default() };
        let mut now = Timestamp::from_secs(1_000_000);
        let number = TicketNumber { year: 2026, number: 1 };
        let first = condition(now.plus_secs(-30), Impact::Minor);
        let (mut ticket, _) = open(&Report { reporter: None, condition: &first, related: None }, number, &catalogue, &profile, now);
        for (what, seconds) in steps {
            now = now.plus_secs(seconds); // the clock may also go back
            let action = match what {
                0 => Some(TicketAction::Acknowledge),
                1 => Some(TicketAction::Comment("x".into())),
                2 => Some(TicketAction::Estimate(now.plus_secs(100_000))),
                3 => Some(TicketAction::Escalate("x".into())),
                4 => Some(TicketAction::Cause { text: "x".into(), category: None }),
                5 => Some(TicketAction::Confirm { method: "telepon".into() }),
                6 => Some(TicketAction::Close),
                12 => Some(TicketAction::Prioritise {
                    priority: Priority::new(u8::try_from(seconds.rem_euclid(6)).unwrap_or(0) + 1).expect("1 to 6"),
                    reason: "x".into(),
                }),
                7 if seconds > 450 => Some(TicketAction::Cancel { reason: "x".into(), false_alarm: true }),
                _ => None,
            };
            let before = ticket.clone();
            match action {
                Some(action) => match act(&ticket, &action, "Sari", now, &profile) {
                    Ok((after, activity)) => {
                        prop_assert_eq!(activity.actor, Actor::Person("Sari".into()));
                        ticket = after;
                    }
                    Err(_) => prop_assert_eq!(&ticket, &before),
                },
                None => {
                    let key = ticket.key.clone();
                    let view = match what {
                        8 => View::Holds(condition(now.plus_secs(-5), Impact::Mayor)),
                        9 => View::Holds(condition(now.plus_secs(-5), Impact::Minor)),
                        10 => View::Clear { key, since: now.plus_secs(-seconds.abs()) },
                        _ => View::Unseen { key },
                    };
                    let urgent = |_| Priority::new(1).expect("valid");
                    match judge(Some(&ticket), &view, policy, &profile, now, urgent) {
                        Outcome::Changed { ticket: after, .. } | Outcome::Superseded(after) => ticket = *after,
                        Outcome::Nothing | Outcome::Open => {}
                    }
                }
            }
            prop_assert!(ticket.version >= before.version);
            prop_assert_eq!(ticket != before, ticket.version > before.version);
            assert_form_order(&ticket);
        }
    }
}

#[test]
fn recurrence_before_and_after_the_window() {
    let profile = bangka_2025();
    let policy = TicketPolicy::default();
    let s = Timestamp::from_secs;
    let number = TicketNumber { year: 2026, number: 1 };
    let first = condition(s(1000), Impact::Mayor);
    let (ticket, _) = open(
        &Report { reporter: None, condition: &first, related: None },
        number,
        &Catalogue::empty(),
        &profile,
        s(1010),
    );
    let same = |_| Priority::new(2).expect("valid");
    let key = ticket.key.clone();
    let clear = View::Clear { key: key.clone(), since: s(2000) };
    assert_eq!(judge(Some(&ticket), &clear, policy, &profile, s(2299), same), Outcome::Nothing);
    let Outcome::Changed { ticket, event: Some("restored"), .. } =
        judge(Some(&ticket), &clear, policy, &profile, s(2300), same)
    else {
        panic!("restored")
    };
    assert_eq!((ticket.state, ticket.restored_at), (TicketState::Pulih, Some(s(2000))));
    let unseen = View::Unseen { key };
    assert_eq!(judge(Some(&ticket), &unseen, policy, &profile, s(9000), same), Outcome::Nothing);
    let soon = View::Holds(condition(s(3799), Impact::Mayor));
    let Outcome::Changed { ticket: again, event: Some("recurred"), .. } =
        judge(Some(&ticket), &soon, policy, &profile, s(3810), same)
    else {
        panic!("recurred")
    };
    assert_eq!((again.state, again.restored_at, again.recurrences), (TicketState::Baru, None, 1));
    let late = View::Holds(condition(s(3800), Impact::Mayor));
    let Outcome::Superseded(old) = judge(Some(&ticket), &late, policy, &profile, s(3810), same) else {
        panic!("superseded")
    };
    assert_eq!((old.state, old.holds_key), (TicketState::Pulih, false));
    assert_eq!(judge(Some(&old), &late, policy, &profile, s(3811), same), Outcome::Open);
}
