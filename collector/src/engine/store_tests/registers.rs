//! Registers through the engine: windows leave tickets closed and lie over the ledger, late answers are only proposed.

use super::*;
use crate::domain::calendar::{Period, PeriodKind};
use crate::domain::interval::Interval;
use crate::domain::register::correction::{CorrectionAction, CorrectionProposal};
use crate::domain::register::maintenance::{MaintenanceAction, MaintenanceProposal};
use crate::domain::register::recurrence::Recurrence;
use crate::domain::register::{Claim, CorrectionStatus, RegisterRefusal};
use crate::domain::ticket::Actor;
use crate::engine::RegisterChange;
use crate::service_period;
use ProbeVerdict::{Failed, Ok as Good};

const DAY: i64 = 86_400;

fn simpeg() -> ServiceId {
    ServiceId::parse("simpeg").expect("valid")
}

fn plan(from: i64, to: i64) -> RegisterChange {
    RegisterChange::ProposeMaintenance(MaintenanceProposal {
        services: vec![simpeg()],
        hosts: Vec::new(),
        title: "Tambalan".into(),
        reason: "Keamanan".into(),
        evidence: String::new(),
        planned: Interval::new(at(from), at(to)),
        recurrence: Recurrence::Once,
        until: None,
    })
}

fn act(number: u32, action: MaintenanceAction) -> RegisterChange {
    RegisterChange::Maintenance { number, action }
}

/// Proposed by rina, announced, approved by budi, all now.
async fn maintain(site: &Site, task: &mut EngineTask, from: i64, to: i64) -> u32 {
    let number = task.change_register(plan(from, to), "rina".into()).await.expect("proposes");
    let told = MaintenanceAction::Announce { at: site.clock.now(), channel: "Surat".into() };
    task.change_register(act(number, told), "rina".into()).await.expect("announces");
    task.change_register(act(number, MaintenanceAction::Approve), "budi".into()).await.expect("approves")
}

async fn answers(site: &mut Site, task: &mut EngineTask, from: i64, to: i64, verdict: ProbeVerdict) {
    for seconds in (from..to).step_by(10) {
        site.answer(seconds, verdict).await;
        task.evaluate().await.expect("evaluates");
    }
}

#[tokio::test]
async fn what_begins_in_a_window_opens_a_ticket_only_if_it_outlives_it() {
    let mut site = Site::new().await;
    let (engine, mut task) = site.engine();
    let (from, to) = (DAY + 1000, DAY + 1060);
    maintain(&site, &mut task, from, to).await;
    answers(&mut site, &mut task, from - 50, from + 10, Good).await;
    let shown = engine.snapshot().services[0].maintenance.clone();
    assert_eq!(shown.now.map(|w| (w.number, w.counted, w.interval)), Some((1, true, Interval::new(at(from), at(to)))));
    answers(&mut site, &mut task, from + 10, to + 290, Failed).await;
    let view = engine.snapshot().services[0].clone();
    assert_eq!(view.state, State::Down, "probing goes on and the ledger says what was seen");
    assert_eq!((view.maintenance.now.clone(), engine.snapshot().tickets.len()), (None, 0), "five minutes are given");
    assert_eq!((view.month.counts.excluded_s, view.month.counts.down_s), (60, 280));
    let today = view.days.last().expect("today");
    assert_eq!((today.excluded_s, today.down_s), (60, 280), "the bar of days agrees");
    answers(&mut site, &mut task, to + 290, to + 320, Failed).await;
    let tickets = engine.snapshot().tickets.clone();
    assert_eq!(tickets.iter().map(|t| t.onset_at).collect::<Vec<_>>(), [at(to)], "from the end of the window on");
    drop((engine, task));
    let (engine, _task) = site.engine();
    assert_eq!(engine.snapshot().register.plans().len(), 1, "found again after a restart");
    assert_eq!(engine.snapshot().services[0].month.counts.excluded_s, 60);
}

#[tokio::test]
async fn windows_that_end_early_or_do_not_count_are_judged_as_they_are() {
    let mut site = Site::new().await;
    let (engine, mut task) = site.engine();
    maintain(&site, &mut task, 100, 400).await;
    answers(&mut site, &mut task, 0, 120, Good).await;
    answers(&mut site, &mut task, 120, 150, Failed).await;
    assert_eq!(engine.snapshot().tickets.len(), 0, "told too late to count, but nobody is called");
    task.change_register(act(1, MaintenanceAction::EndEarly), "rina".into()).await.expect("ends");
    let ended = engine.snapshot().services[0].maintenance.clone();
    assert_eq!(ended.now, None);
    answers(&mut site, &mut task, 150, 460, Failed).await;
    let view = engine.snapshot().services[0].clone();
    assert_eq!(view.month.counts.excluded_s, 0, "announced less than a day before");
    assert_eq!(engine.snapshot().tickets[0].onset_at, at(140), "when it was ended");
}

#[tokio::test]
async fn what_began_before_a_window_has_its_ticket() {
    let mut site = Site::new().await;
    let (engine, mut task) = site.engine();
    maintain(&site, &mut task, 60, 300).await;
    answers(&mut site, &mut task, 0, 40, Good).await;
    answers(&mut site, &mut task, 40, 100, Failed).await;
    assert_eq!(engine.snapshot().tickets.iter().map(|t| t.onset_at).collect::<Vec<_>>(), [at(40)]);
}

#[tokio::test]
async fn refusals_change_nothing_and_what_happened_is_on_record() {
    let site = Site::new().await;
    let (engine, mut task) = site.engine();
    let refused = |answer: Result<u32, CommandError>| match answer {
        Err(CommandError::NotRecorded(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    };
    task.change_register(plan(100, 200), "rina".into()).await.expect("proposes");
    let alone = task.change_register(act(1, MaintenanceAction::Approve), "rina".into()).await;
    assert_eq!(refused(alone), RegisterRefusal::SamePerson);
    site.clock.advance_ms(100_000);
    let late = task.change_register(act(1, MaintenanceAction::Approve), "budi".into()).await;
    assert_eq!(refused(late), RegisterRefusal::AlreadyStarted);
    let other = ServiceId::parse("lain").expect("valid");
    let proposal = CorrectionProposal {
        service: other,
        claim: Claim::Exclude(Interval::new(at(0), at(1))),
        reason: "x".into(),
        evidence: "y".into(),
    };
    let unknown = task.change_register(RegisterChange::ProposeCorrection(proposal), "rina".into()).await;
    assert_eq!(refused(unknown), RegisterRefusal::UnknownScope("lain".into()));
    assert!(matches!(
        task.change_register(act(9, MaintenanceAction::Approve), "budi".into()).await,
        Err(CommandError::NoSuchMaintenance(9))
    ));
    let trail = site.store.read(|r| r.audit(None, 9)).expect("reads");
    let told: Vec<_> = trail.iter().map(|e| (e.action.as_str(), e.subject.as_str(), e.actor.clone())).collect();
    assert_eq!(told, [("maintenance.propose", "maintenance/1", Actor::Person("rina".into()))]);
    assert_eq!(engine.snapshot().register.plans().len(), 1);
}

fn may(site: &Site, engine: &Engine) -> crate::domain::availability::Counts {
    let rulebook = engine.snapshot().rulebook.clone();
    let period = Period::containing_instant(PeriodKind::Month, rulebook.zone(), at(0));
    let now = site.clock.now();
    let judged = site.store.read(|reader| service_period::load(reader, &rulebook, &simpeg(), period, now));
    judged.expect("reads").figures.counts
}

#[tokio::test]
async fn late_answers_of_a_final_month_are_proposed_and_change_nothing_by_themselves() {
    let mut site = Site::new().await;
    let (engine, mut task) = site.engine();
    answers(&mut site, &mut task, 0, 50, Good).await;
    // June began three days after the start; from the 4th of June on May is final.
    answers(&mut site, &mut task, 8 * DAY, 8 * DAY + 30, Good).await;
    let before = may(&site, &engine);
    let rows = |site: &Site| site.store.read(|r| r.ledger(&simpeg(), at(0), at(4 * DAY))).expect("reads");
    let ledger = rows(&site);
    for seconds in [1000, 1010, 1020] {
        site.late_answer(seconds, Good).await;
    }
    task.evaluate().await.expect("evaluates");
    let known = |engine: &Engine| {
        let all = engine.snapshot().register.clone();
        let of = |number: u32| all.correction(number).map(|e| (e.claim, e.status, e.proposed_by.clone()));
        (of(1), of(2), all.corrections().len())
    };
    let up = |from, to| Claim::State(Interval::new(at(from), at(to)), State::Up);
    assert_eq!(known(&engine).0, Some((up(1000, 1045), CorrectionStatus::Proposed, Actor::System)));
    assert_eq!((may(&site, &engine), rows(&site)), (before, ledger.clone()), "final is final");

    for seconds in [1030, 1040] {
        site.late_answer(seconds, Good).await;
    }
    site.clock.advance_ms(11_000);
    task.evaluate().await.expect("evaluates");
    let (first, second, count) = known(&engine);
    assert_eq!(first.map(|f| f.1), Some(CorrectionStatus::Withdrawn));
    assert_eq!((second, count), (Some((up(1000, 1065), CorrectionStatus::Proposed, Actor::System)), 2));

    let (engine, mut task) = {
        drop((engine, task));
        site.engine()
    };
    task.evaluate().await.expect("evaluates");
    assert_eq!(known(&engine).2, 2, "a restart proposes nothing anew");
    let approve = RegisterChange::Correction { number: 2, action: CorrectionAction::Approve };
    task.change_register(approve, "budi".into()).await.expect("approves");
    let after = may(&site, &engine);
    assert_eq!((after.up_s, after.unknown_s), (before.up_s + 65, before.unknown_s - 65));
    let printed = engine.snapshot().register.correction(2).expect("there").figures.clone();
    assert_eq!(printed.iter().map(|m| (m.before, m.after)).collect::<Vec<_>>(), [(before, after)]);
    assert_eq!(rows(&site), ledger, "the facts stay");
}
