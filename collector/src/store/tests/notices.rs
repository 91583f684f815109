//! Notices of sets at risk: one message each, in order, whatever is decided again.

use super::*;
use crate::store::notices::NoticeEdit;

fn set() -> BackupSetId {
    BackupSetId::parse("simpeg-db").expect("valid")
}

fn edit(episode: i64, event: &str, targets: &[&str]) -> NoticeEdit {
    let message = |target: &&str| OutboxMessage {
        ticket: TicketNumber { year: 2026, number: 0 },
        target: (*target).to_owned(),
        version: 7,
        event: event.to_owned(),
        payload: "{}".to_owned(),
        not_before: None,
    };
    NoticeEdit {
        set: set(),
        episode: at(episode),
        open: event == "at_risk",
        messages: targets.iter().map(message).collect(),
    }
}

fn commit(fixture: &Fixture, notices: Vec<NoticeEdit>, now: i64) {
    let decision = Decision { notices, evaluated_at: at(now), ..Decision::default() };
    fixture.write(move |w| w.commit_decision(&decision)).expect("commits");
}

#[test]
fn a_notice_is_kept_once_leaves_in_order_and_survives() {
    let fixture = Fixture::new();
    commit(&fixture, vec![edit(3, "at_risk", &["a", "b"])], 10);
    commit(&fixture, vec![edit(3, "at_risk", &["a", "b"])], 11);
    commit(&fixture, vec![edit(3, "risk_over", &["a", "b"])], 20);
    let fixture = fixture.reopen();
    let events = |target: &'static str| -> Vec<(i64, String)> {
        let due = fixture.read(move |r| r.notices_due(target, at(30), 9));
        due.into_iter().map(|due| (due.row.id, due.row.message.event)).collect()
    };
    let first = events("a");
    assert_eq!(first.iter().map(|(_, event)| event.as_str()).collect::<Vec<_>>(), ["at_risk"], "its end waits for it");
    assert_eq!(fixture.read(|r| r.outbox_view()).pending, 4);
    let id = first[0].0;
    let later = DeliveryResult::RetryLater { reason: "away".into(), at: at(40) };
    fixture.write(move |w| w.save_notice_result(id, &later, at(31))).expect("saves");
    assert_eq!(events("a"), []);
    let taken = DeliveryResult::Delivered { reference: None };
    fixture.write(move |w| w.save_notice_result(id, &taken, at(41))).expect("saves");
    assert_eq!(events("a").iter().map(|(_, event)| event.as_str()).collect::<Vec<_>>(), ["risk_over"]);
    assert_eq!(events("b").len(), 1, "another receiver waits for nobody");
    let again = DeliveryResult::Delivered { reference: None };
    assert!(fixture.write(move |w| w.save_notice_result(id, &again, at(42))).is_err());
}

#[test]
fn the_episode_a_set_is_in_is_known_until_it_ends() {
    let fixture = Fixture::new();
    let risk = |fixture: &Fixture| fixture.read(|r| r.backup_risk(&set()));
    assert_eq!(risk(&fixture), None);
    commit(&fixture, vec![edit(3, "at_risk", &[])], 10);
    let fixture = fixture.reopen();
    assert_eq!(risk(&fixture), Some(at(3)));
    commit(&fixture, vec![edit(3, "risk_over", &[])], 20);
    assert_eq!(risk(&fixture), None);
}

#[test]
fn a_refused_notice_waits_for_a_person_who_sends_it_again_or_lets_it_go() {
    let fixture = Fixture::new();
    commit(&fixture, vec![edit(3, "at_risk", &["a"])], 10);
    let refuse = |id| {
        let refused = DeliveryResult::Rejected { reason: "no such chat".into() };
        fixture.write(move |w| w.save_notice_result(id, &refused, at(11))).expect("saves");
    };
    refuse(1);
    let shown = fixture.read(|r| r.notices_refused(9));
    let told: Vec<_> = shown.iter().map(|row| (row.id, row.set.as_str(), row.last_error.as_deref())).collect();
    assert_eq!(told, [(1, "simpeg-db", Some("no such chat"))]);
    assert_eq!(fixture.read(|r| r.outbox_view()).rejected, 1, "counted with the others");
    assert_eq!(fixture.read(|r| r.outbox_last_words("a")).1.as_deref(), Some("no such chat"));
    fixture.write(|w| w.settle_notice(1, MessageAction::Retry, "rina", at(12))).expect("is sent again");
    assert_eq!(fixture.read(|r| r.notices_due("a", at(12), 9)).len(), 1);
    refuse(1);
    fixture.write(|w| w.settle_notice(1, MessageAction::Skip, "rina", at(13))).expect("is let go");
    assert_eq!(fixture.read(|r| r.notices_refused(9)), []);
    assert!(fixture.write(|w| w.settle_notice(1, MessageAction::Skip, "rina", at(14))).is_err());
    // What is older is never told after what is newer.
    commit(&fixture, vec![edit(3, "risk_over", &["a"])], 20);
    let taken = DeliveryResult::Delivered { reference: None };
    fixture.write(move |w| w.save_notice_result(2, &taken, at(21))).expect("saves");
    assert!(fixture.write(|w| w.settle_notice(1, MessageAction::Retry, "rina", at(22))).is_err());
}
