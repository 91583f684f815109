//! The registers' rules: every transition, recurrence over changes of the clocks, notice, two persons, late answers.

use super::correction::{CorrectionAction, CorrectionProposal, MonthChange, Step, propose_late};
use super::maintenance::*;
use super::notice::Notice;
use super::recurrence::{Recurrence, Weekdays};
use super::*;
use crate::domain::availability::{CorrectionEffect, MaintenanceStatus};
use crate::domain::calendar::{Period, PeriodKind};
use crate::domain::state::{Proposal, State};
use chrono::{NaiveDate, Weekday};
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;
use proptest::prelude::*;

const WIB: Tz = Tz::Asia__Jakarta;
const HOUR: i64 = 3600;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).expect("valid")
}

/// Noon of 1 June 2026 in WIB.
fn now() -> Timestamp {
    at("2026-06-01T12:00:00+07:00")
}

fn sign(by: &str, at: Timestamp) -> Signature {
    Signature { by: by.into(), at }
}

fn service(id: &str) -> ServiceId {
    ServiceId::parse(id).expect("valid")
}

fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

/// Two hours, 48 hours from now.
fn proposal() -> MaintenanceProposal {
    let begins = now().plus_secs(48 * HOUR);
    MaintenanceProposal {
        services: vec![service("simpeg")],
        hosts: Vec::new(),
        title: "Pembaruan basis data".into(),
        reason: "Tambalan keamanan".into(),
        evidence: String::new(),
        planned: Interval::new(begins, begins.plus_secs(2 * HOUR)),
        recurrence: Recurrence::Once,
        until: None,
    }
}

fn proposed() -> MaintenancePlan {
    proposal().propose(1, sign("rina", now()), WIB).expect("is sound")
}

fn act(
    plan: &MaintenancePlan,
    action: MaintenanceAction,
    by: &str,
    at: Timestamp,
) -> Result<MaintenancePlan, RegisterRefusal> {
    plan.act(&action, sign(by, at), WIB, true)
}

fn announce(at: Timestamp) -> MaintenanceAction {
    MaintenanceAction::Announce { at, channel: "Surat edaran".into() }
}

fn cancel() -> MaintenanceAction {
    MaintenanceAction::Cancel { reason: "Ditunda".into() }
}

fn approved() -> MaintenancePlan {
    let told = act(&proposed(), announce(now()), "rina", now()).expect("announces");
    act(&told, MaintenanceAction::Approve, "budi", now()).expect("approves")
}

#[test]
fn every_state_takes_its_own_steps_and_no_other() {
    use MaintenanceStatus as S;
    let reject = MaintenanceAction::Reject { reason: "Tidak".into() };
    let window = MaintenanceAction::CancelWindow { begins: now() };
    let told = announce(now());
    let all = [&told, &MaintenanceAction::Approve, &cancel(), &window, &MaintenanceAction::EndEarly, &reject];
    let table = [
        (S::Proposed, [Some(S::Proposed), Some(S::Approved), Some(S::Cancelled), None, None, Some(S::Rejected)]),
        (S::Approved, [Some(S::Approved), None, Some(S::Cancelled), Some(S::Approved), Some(S::Approved), None]),
        (S::Cancelled, [None, None, None, None, Some(S::Cancelled), None]),
        (S::Rejected, [None; 6]),
    ];
    assert_eq!(table.len(), S::ALL.len());
    for (from, expected) in table {
        for (action, expected) in all.iter().zip(expected) {
            assert_eq!(action.leads_to(from), expected, "{from:?} {}", action.code());
        }
    }
    use CorrectionStatus as C;
    for from in C::ALL {
        for step in Step::ALL {
            let expected = match (from, step) {
                (C::Proposed, Step::Approve) => Some(C::Approved),
                (C::Proposed, Step::Reject) => Some(C::Rejected),
                (C::Proposed | C::Approved, Step::Withdraw) => Some(C::Withdrawn),
                _ => None,
            };
            assert_eq!(from.after(step), expected, "{from:?} {step:?}");
        }
    }
}

#[test]
fn two_persons_are_needed_and_the_second_comes_in_time() {
    let plan = proposed();
    assert_eq!(act(&plan, MaintenanceAction::Approve, "rina", now()), Err(RegisterRefusal::SamePerson));
    let alone = plan.act(&MaintenanceAction::Approve, sign("rina", now()), WIB, false);
    assert_eq!(alone.map(|plan| plan.state), Ok(MaintenanceStatus::Approved), "where the office asks for one only");
    let late = act(&plan, MaintenanceAction::Approve, "budi", plan.planned.from);
    assert_eq!(late, Err(RegisterRefusal::AlreadyStarted));
    let in_time = act(&plan, MaintenanceAction::Approve, "budi", plan.planned.from.plus_ms(-1)).expect("approves");
    assert_eq!(in_time.window(in_time.planned).approved_at, Some(plan.planned.from.plus_ms(-1)));
}

#[test]
fn absurd_windows_are_refused() {
    let refusal = |change: &dyn Fn(&mut MaintenanceProposal)| {
        let mut wrong = proposal();
        change(&mut wrong);
        wrong.propose(1, sign("rina", now()), WIB).expect_err("refused").code()
    };
    assert_eq!(refusal(&|p| p.planned.to = p.planned.from), "ends_before_begin");
    assert_eq!(refusal(&|p| p.planned.to = p.planned.from.plus_secs(31 * 86_400 + 1)), "too_long");
    assert_eq!(refusal(&|p| p.planned = Interval::new(now(), now().plus_secs(60))), "too_far");
    let far = now().plus_secs(4 * 366 * 86_400);
    assert_eq!(refusal(&|p| p.planned = Interval::new(far, far.plus_secs(60))), "too_far");
    assert_eq!(refusal(&|p| p.services.clear()), "empty_scope");
    assert_eq!(refusal(&|p| p.title = "  ".into()), "bad_text");
    assert_eq!(refusal(&|p| p.reason = "x".repeat(TEXT_MAX + 1)), "bad_text");
    assert_eq!(refusal(&|p| p.recurrence = Recurrence::MonthlyDay), "until_missing");
    assert_eq!(refusal(&|p| p.until = Some(date("2026-07-01"))), "until_missing");
    assert_eq!(
        refusal(&|p| {
            (p.recurrence, p.until) = (Recurrence::MonthlyDay, Some(date("2026-07-01")));
            p.planned.to = p.planned.from.plus_secs(25 * HOUR);
        }),
        "repeats_too_long"
    );
    assert_eq!(
        refusal(&|p| {
            // The first window is on a Wednesday.
            p.recurrence = Recurrence::Weekly(Weekdays::default().with(Weekday::Mon));
            p.until = Some(date("2026-07-01"));
        }),
        "no_such_occurrence"
    );
}

#[test]
fn a_window_counts_by_notice_and_ends_early_only_by_word() {
    let plan = approved();
    let notice = 24 * 3600;
    assert_eq!(plan.window(plan.planned).counted(notice), Some(plan.planned));
    assert_eq!(Notice::of(&plan, plan.planned, notice, now()), Notice::Told { ahead_s: 48 * 3600 });
    let during = plan.planned.from.plus_secs(HOUR);
    let ended = act(&plan, MaintenanceAction::EndEarly, "rina", during).expect("ends");
    assert_eq!(ended.window(plan.planned).counted(notice), Some(Interval::new(plan.planned.from, during)));
    assert_eq!(act(&ended, MaintenanceAction::EndEarly, "rina", during.plus_secs(1)), Err(RegisterRefusal::NotRunning));
    assert_eq!(act(&plan, MaintenanceAction::EndEarly, "rina", now()), Err(RegisterRefusal::NotRunning));
    assert_eq!(act(&plan, cancel(), "rina", during), Err(RegisterRefusal::AlreadyStarted));

    let late = plan.planned.from.plus_secs(-HOUR);
    let short = act(
        &act(&proposed(), announce(late), "rina", late).expect("is told"),
        MaintenanceAction::Approve,
        "budi",
        late,
    );
    let short = short.expect("allowed, and warned of");
    assert_eq!(short.window(short.planned).counted(notice), None);
    assert_eq!(Notice::of(&short, short.planned, notice, late), Notice::Short { ahead_s: 3600 });
    assert_eq!(act(&short, announce(late), "rina", late), Err(RegisterRefusal::AlreadyAnnounced));

    let by = plan.planned.from.plus_secs(-24 * HOUR);
    assert_eq!(Notice::of(&proposed(), plan.planned, notice, by), Notice::Open { by });
    assert_eq!(Notice::of(&proposed(), plan.planned, notice, by.plus_ms(1)), Notice::Missed);
}

#[test]
fn an_announcement_that_is_recorded_after_the_begin_changes_nothing() {
    let mut repeating = proposal();
    (repeating.recurrence, repeating.until) = (Recurrence::MonthlyDay, Some(date("2026-09-30")));
    let plan = repeating.propose(1, sign("rina", now()), WIB).expect("is sound");
    let plan = act(&plan, MaintenanceAction::Approve, "budi", now()).expect("approves");
    let windows = plan.occurrences(WIB);
    let told = act(&plan, announce(now()), "rina", windows[0].to).expect("is told");
    assert_eq!(told.window(windows[0]).counted(0), None, "it had begun when this was recorded");
    assert_eq!(told.window(windows[1]).counted(24 * 3600), Some(windows[1]));
    assert_eq!(act(&plan, announce(now().plus_secs(1)), "rina", now()), Err(RegisterRefusal::AnnouncedInFuture));
}

fn begins(recurrence: Recurrence, first: (&str, &str), until: &str, zone: Tz) -> Vec<String> {
    let first = Interval::new(at(first.0), at(first.1));
    let windows = recurrence.occurrences(first, Some(date(until)), zone);
    let shown = |at: Timestamp| at.to_utc().with_timezone(&zone).format("%m-%d %H:%M%z").to_string();
    windows.iter().map(|window| format!("{} .. {}", shown(window.from), shown(window.to))).collect()
}

#[test]
fn windows_repeat_by_the_wall_clock() {
    let days = Weekdays::default().with(Weekday::Tue).with(Weekday::Thu);
    let first = ("2026-06-02T22:00:00+07:00", "2026-06-03T01:00:00+07:00");
    assert_eq!(
        begins(Recurrence::Weekly(days), first, "2026-06-09", WIB),
        [
            "06-02 22:00+0700 .. 06-03 01:00+0700",
            "06-04 22:00+0700 .. 06-05 01:00+0700",
            "06-09 22:00+0700 .. 06-10 01:00+0700"
        ]
    );
    let first = ("2026-01-31T22:00:00+07:00", "2026-01-31T23:00:00+07:00");
    let on_31 = begins(Recurrence::MonthlyDay, first, "2026-05-31", WIB);
    assert_eq!(on_31.len(), 3, "February and April have no 31st: {on_31:?}");
    let last = begins(Recurrence::MonthlyLastWeekday, first, "2026-03-31", WIB);
    assert_eq!(last[1..], ["02-28 22:00+0700 .. 02-28 23:00+0700", "03-28 22:00+0700 .. 03-28 23:00+0700"]);
    let first = ("2026-06-09T22:00:00+07:00", "2026-06-09T23:00:00+07:00");
    let second_tuesday = begins(Recurrence::MonthlyWeekday, first, "2026-08-31", WIB);
    assert_eq!(second_tuesday[1..], ["07-14 22:00+0700 .. 07-14 23:00+0700", "08-11 22:00+0700 .. 08-11 23:00+0700"]);
}

#[test]
fn windows_keep_their_reading_over_changes_of_the_clocks() {
    let sunday = Recurrence::Weekly(Weekdays::default().with(Weekday::Sun));
    let new_york = Tz::America__New_York;
    // On 8 March 2026 clocks jump from 02:00 to 03:00, on 1 November they fall from 02:00 to 01:00.
    let first = ("2026-03-01T02:30:00-05:00", "2026-03-01T04:00:00-05:00");
    assert_eq!(
        begins(sunday, first, "2026-03-15", new_york),
        [
            "03-01 02:30-0500 .. 03-01 04:00-0500",
            "03-08 03:00-0400 .. 03-08 04:00-0400",
            "03-15 02:30-0400 .. 03-15 04:00-0400"
        ]
    );
    let within_the_gap = ("2026-03-01T02:10:00-05:00", "2026-03-01T02:50:00-05:00");
    assert_eq!(begins(sunday, within_the_gap, "2026-03-15", new_york).len(), 2, "nothing is left of it on 8 March");
    let first = ("2026-10-25T01:30:00-04:00", "2026-10-25T03:00:00-04:00");
    assert_eq!(begins(sunday, first, "2026-11-01", new_york)[1], "11-01 01:30-0400 .. 11-01 03:00-0500");
    // Half an hour, on Lord Howe Island.
    let first = ("2026-09-27T02:15:00+10:30", "2026-09-27T03:00:00+10:30");
    let howe = begins(sunday, first, "2026-10-04", Tz::Australia__Lord_Howe);
    assert_eq!(howe[1], "10-04 02:30+1100 .. 10-04 03:00+1100");
}

proptest! {
    /// In any zone, over any three years: in order, never overlapping, at the reading of the first one or after a gap.
    #[test]
    fn repeated_windows_are_ordered_and_disjoint(zone in 0..chrono_tz::TZ_VARIANTS.len(), start in 1_700_000_000_i64..1_900_000_000,
            length in 1_i64..86_400, kind in 0..4_u8) {
        let zone = chrono_tz::TZ_VARIANTS[zone];
        let first = Interval::new(Timestamp::from_secs(start), Timestamp::from_secs(start + length));
        let day = crate::domain::calendar::zone::local_date(zone, first.from);
        let recurrence = match kind {
            0 => Recurrence::Weekly(Weekdays::default().with(chrono::Datelike::weekday(&day))),
            1 => Recurrence::MonthlyDay,
            2 => Recurrence::MonthlyWeekday,
            _ => Recurrence::MonthlyLastWeekday,
        };
        let until = day.checked_add_days(chrono::Days::new(1_000));
        let windows = recurrence.occurrences(first, until, zone);
        prop_assert!(!windows.is_empty());
        for pair in windows.windows(2) {
            prop_assert!(!pair[0].is_empty() && pair[0].to <= pair[1].from, "{} {pair:?}", zone.name());
        }
        prop_assert_eq!(Recurrence::parse(&recurrence.render()), Some(recurrence));
    }
}

#[test]
fn a_cancelled_series_keeps_what_had_begun() {
    let mut repeating = proposal();
    (repeating.recurrence, repeating.until) = (Recurrence::MonthlyDay, Some(date("2026-09-30")));
    let plan = repeating.propose(1, sign("rina", now()), WIB).expect("is sound");
    let plan = act(&plan, announce(now()), "rina", now()).expect("announces");
    let plan = act(&plan, MaintenanceAction::Approve, "budi", now()).expect("approves");
    let windows = plan.occurrences(WIB);
    let one = MaintenanceAction::CancelWindow { begins: windows[1].from };
    let plan = act(&plan, one.clone(), "rina", now()).expect("cancels one");
    assert_eq!(act(&plan, one, "rina", now()), Err(RegisterRefusal::NoSuchOccurrence));
    let during = windows[0].from.plus_secs(60);
    let plan = act(&plan, cancel(), "rina", during).expect("cancels the rest");
    let counted: Vec<_> = plan.windows(WIB).iter().map(|window| window.counted(24 * 3600)).collect();
    assert_eq!(counted, [Some(windows[0]), None, None, None]);
    let ended = act(&plan, MaintenanceAction::EndEarly, "rina", during.plus_secs(60)).expect("the running one ends");
    assert_eq!(ended.window(windows[0]).ended_early_at, Some(during.plus_secs(60)));
}

#[test]
fn an_outage_is_a_hosts_only_when_all_hosts_are_maintained() {
    let catalogue = crate::outputs::web::tests::site::snapshot().catalogue;
    let mut subject = catalogue.services[0].clone();
    let host = |name: &str| HostId::parse(name).expect("valid");
    let plan = |number: u32, name: &str| {
        let mut plan = approved();
        (plan.number, plan.services, plan.hosts) = (number, Vec::new(), vec![host(name)]);
        plan
    };
    subject.hosts = vec![host("a"), host("b")];
    let one = Register::new(vec![plan(1, "a")], Vec::new());
    assert!(one.component_maintenance(&subject, WIB, Wanted::Any).is_empty());
    let both = Register::new(vec![plan(2, "b"), plan(1, "a")], Vec::new());
    assert!(!both.component_maintenance(&subject, WIB, Wanted::NoticeAt(&|_| 24 * 3600)).is_empty());
    assert!(
        both.component_maintenance(&subject, WIB, Wanted::NoticeAt(&|_| 72 * 3600)).is_empty(),
        "notice decides here too"
    );
    subject.hosts.clear();
    assert!(both.component_maintenance(&subject, WIB, Wanted::Any).is_empty());
}

fn correction(claim: Claim) -> CorrectionProposal {
    CorrectionProposal { service: service("simpeg"), claim, reason: "Salah ukur".into(), evidence: "Log router".into() }
}

fn hour_ago() -> Interval {
    Interval::new(now().plus_secs(-HOUR), now())
}

#[test]
fn corrections_need_the_past_evidence_and_two_persons() {
    let register = Register::default();
    let propose = |proposal: CorrectionProposal| proposal.propose(1, sign("rina", now()), &register);
    let code = |proposal| propose(proposal).expect_err("refused").code();
    let ahead = Interval::new(now(), now().plus_secs(1));
    assert_eq!(code(correction(Claim::Exclude(ahead))), "not_yet_past");
    assert_eq!(code(correction(Claim::Exclude(Interval::new(now(), now())))), "ends_before_begin");
    let long = Interval::new(now().plus_secs(-367 * 86_400), now());
    assert_eq!(code(correction(Claim::Exclude(long))), "too_long");
    assert_eq!(code(CorrectionProposal { evidence: " ".into(), ..correction(Claim::Exclude(hour_ago())) }), "bad_text");
    assert_eq!(code(correction(Claim::Withdraw(7))), "unwithdrawable");
    let entry = propose(correction(Claim::State(hour_ago(), State::Up))).expect("is sound");
    let approve = |by: &str| entry.act(&CorrectionAction::Approve, sign(by, now()), &register, true, Vec::new());
    assert_eq!(approve("rina"), Err(RegisterRefusal::SamePerson));
    let (agreed, _) = approve("budi").expect("approves");
    assert_eq!((agreed.status, agreed.approval), (CorrectionStatus::Approved, Some(1)));
    let again = agreed.act(&CorrectionAction::Approve, sign("budi", now()), &register, true, Vec::<MonthChange>::new());
    assert_eq!(again.expect_err("refused").code(), "illegal_transition");
}

#[test]
fn the_later_approval_overrules_and_a_withdrawal_is_a_new_record() {
    let mut register = Register::default();
    for (number, state) in [(1, State::Up), (2, State::Down)] {
        let proposal = correction(Claim::State(hour_ago(), state));
        register.put_correction(proposal.propose(number, sign("rina", now()), &register).expect("is sound"));
    }
    for number in [2, 1] {
        let entry = register.correction(number).expect("is there").clone();
        let (agreed, _) =
            entry.act(&CorrectionAction::Approve, sign("budi", now()), &register, true, Vec::new()).expect("approves");
        register.put_correction(agreed);
    }
    let applied = |register: &Register| register.corrections_of(&service("simpeg"));
    let first = applied(&register).into_iter().max_by_key(|correction| correction.seq).expect("two");
    assert_eq!(first.effect, CorrectionEffect::SetState(hour_ago(), State::Up), "number 1 was approved last");
    let back = correction(Claim::Withdraw(1)).propose(3, sign("rina", now()), &register).expect("is sound");
    assert_eq!(back.about(&register), Some(hour_ago()));
    let (agreed, taken) =
        back.act(&CorrectionAction::Approve, sign("budi", now()), &register, true, Vec::new()).expect("approves");
    register.put_correction(agreed);
    register.put_correction(taken.expect("the first"));
    assert_eq!(
        register.correction(1).map(|entry| (entry.status, entry.withdrawn_by)),
        Some((CorrectionStatus::Withdrawn, Some(3)))
    );
    assert!(applied(&register).iter().any(|c| c.effect == CorrectionEffect::Withdraw { seq: 2 }));
    let twice = correction(Claim::Withdraw(1)).propose(4, sign("rina", now()), &register);
    assert_eq!(twice, Err(RegisterRefusal::Unwithdrawable(1)));
}

fn late(from: i64, to: i64) -> Proposal {
    let interval = Interval::new(Timestamp::from_secs(from), Timestamp::from_secs(to));
    Proposal { interval, from_state: State::Unknown, to_state: State::Up }
}

#[test]
fn late_answers_are_proposed_once_and_grow_one_proposal() {
    let mut register = Register::default();
    let mut number = 0;
    let mut take = |register: &mut Register, differing: &[Proposal]| {
        let proposals = propose_late(register, &service("simpeg"), differing);
        for proposal in &proposals {
            number += 1;
            register.put_correction(proposal.entry(number, now()));
            for replaced in &proposal.replaces {
                let taken = register.correction(*replaced).expect("there").taken_back(number).expect("was pending");
                register.put_correction(taken);
            }
        }
        proposals
            .iter()
            .map(|p| (p.interval.from.as_secs(), p.interval.to.as_secs(), p.replaces.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(take(&mut register, &[late(0, 10)]), [(0, 10, vec![])]);
    assert_eq!(take(&mut register, &[late(0, 10)]), [], "the same again");
    assert_eq!(take(&mut register, &[late(5, 20)]), [(0, 20, vec![1])]);
    assert_eq!(take(&mut register, &[late(30, 40)]), [(30, 40, vec![])]);
    assert_eq!(take(&mut register, &[late(0, 50)]), [(0, 50, vec![2, 3])], "what lies between joins both");
    let refused = register.correction(4).expect("there").act(
        &CorrectionAction::Reject { reason: "Tidak".into() },
        sign("budi", now()),
        &register,
        true,
        Vec::new(),
    );
    register.put_correction(refused.expect("rejects").0);
    assert_eq!(take(&mut register, &[late(0, 50)]), [], "what people refused is not asked again");
    assert_eq!(take(&mut register, &[late(0, 60)]), [(50, 60, vec![])]);
}

#[test]
fn a_month_is_final_three_days_after_its_end() {
    let may = Period::containing(PeriodKind::Month, date("2026-05-15"));
    let end = at("2026-06-04T00:00:00+07:00");
    assert!(!finality::is_final(may, WIB, end.plus_ms(-1)) && finality::is_final(may, WIB, end));
    assert_eq!(finality::final_until(WIB, end), at("2026-06-01T00:00:00+07:00"));
    assert_eq!(finality::final_until(WIB, end.plus_ms(-1)), at("2026-05-01T00:00:00+07:00"));
}

#[test]
fn every_refusal_has_its_code_in_the_list() {
    for refusal in
        [RegisterRefusal::SamePerson, RegisterRefusal::TooLong { max_days: 1 }, RegisterRefusal::UntilMissing]
    {
        assert!(RegisterRefusal::CODES.contains(&refusal.code()));
    }
}
