//! From answers to states: scenarios as text, and the incremental track against its definition.

use super::track::{CONFIRM_FAILURES_MAX, safe_cut};
use super::*;
use crate::domain::interval::Interval;
use pantau_shared::timestamp::Timestamp;
use proptest::prelude::*;

/// Of the text cases: a result a minute, stale after 2.5 minutes.
const POLICY: CheckPolicy = CheckPolicy { stale_after_ms: 150_000, confirm_failures: 2 };

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(seconds)
}

/// A letter per minute: `o`k, `d`egraded, `f`ailed, probe `e`rror, `.` nothing. The end of the text is now.
fn results(text: &str) -> Vec<CheckResult> {
    let outcome = |letter| match letter {
        'o' => Some(CheckOutcome::Ok),
        'd' => Some(CheckOutcome::Degraded),
        'f' => Some(CheckOutcome::Failed),
        'e' => Some(CheckOutcome::ProbeError),
        _ => None,
    };
    let letters = text.chars().enumerate();
    letters.filter_map(|(i, c)| Some(CheckResult { at: at(60 * i as i64), outcome: outcome(c)? })).collect()
}

fn letter(state: State) -> char {
    match state {
        State::Up => 'U',
        State::Degraded => 'G',
        State::Down => 'D',
        State::Unknown => '?',
    }
}

/// A letter per half minute.
fn render(timeline: &Timeline, seconds: i64) -> String {
    (0..seconds / 30).map(|i| letter(timeline.state_at(at(30 * i)))).collect()
}

fn check(text: &str, expected: &str) {
    let seconds = 60 * text.len() as i64;
    let intervals = VantageTrack::evaluate(POLICY, &results(text), at(seconds)).expect("in order");
    assert_eq!(render(&Timeline::from_intervals(intervals), seconds), expected, "{text}");
}

#[test]
fn confirmation_dates_from_the_first_failure_to_the_first_success() {
    check("oofo", "UUUUUUUU"); // a blip
    check("offo", "UUDDDDUU");
    check("offfd", "UUDDDDDDGG"); // degraded is an answer
    check("ofofo", "UUUUUUUUUU"); // two blips are no run
    check("oof", "UUUUUU"); // pending: provisionally up
    check("ooff", "UUUUDDDD");
    check("f", "UU");
    check("do", "GGUU");
}

#[test]
fn silence_is_unknown_and_ends_a_run() {
    check("o....o", "UUUUU?????UU");
    check("of....", "UU??????????"); // a short run that ends in silence
    check("of...fo", "UU????????UUUU"); // the second failure begins anew: a blip
    check("off....", "UUDDDDDDD?????");
    check("off...f", "UUDDDDDDD???UU"); // after silence a confirmed run is over
    check("..o", "????UU");
}

#[test]
fn a_probe_error_is_unknown_and_neither_makes_nor_breaks_a_run() {
    check("oeo", "UU??UU");
    check("ofefo", "UUDD??DDUU");
    check("ofeo", "UUUU??UU"); // one failure stays one
    check("oee", "UU????");
    check("fe....", "????????????"); // the run ends in silence
    check("offeo", "UUDDDD??UU");
}

#[test]
fn changes_tell_what_happened() {
    let mut track = VantageTrack::new(POLICY);
    let mut told = Vec::new();
    for result in results("ofofffoof...") {
        let change = track.feed(result).expect("in order");
        let minute = |t: Timestamp| t.as_secs() / 60;
        if change.blip {
            told.push(format!("{} blip", minute(result.at)));
        }
        if let Some(since) = change.confirmed_down_since {
            told.push(format!("{} down since {}", minute(result.at), minute(since)));
        }
        if let Some(since) = change.ended_down_since {
            told.push(format!("{} no longer down since {}", minute(result.at), minute(since)));
        }
    }
    assert_eq!(told, ["2 blip", "4 down since 3", "6 no longer down since 3"]);
    assert_eq!((track.blips(), track.pending_since(), track.down_since()), (1, Some(at(480)), None));
    assert_eq!(track.settled_until(), Some(at(480)));
    let late = CheckResult { at: at(470), outcome: CheckOutcome::Ok };
    let before = track.clone();
    let refused = track.feed(late).expect_err("older than the last");
    assert_eq!(
        refused.to_string(),
        "result of 1970-01-01T00:07:50Z is older than the last one, of 1970-01-01T00:08:00Z"
    );
    assert_eq!(track, before);
}

#[test]
fn three_confirmations_and_one() {
    let state = |text, confirm_failures| {
        let policy = CheckPolicy { confirm_failures, ..POLICY };
        let seconds = 60 * i64::try_from(str::len(text)).expect("short");
        let intervals = VantageTrack::evaluate(policy, &results(text), at(seconds)).expect("in order");
        render(&Timeline::from_intervals(intervals), seconds)
    };
    assert_eq!(state("offo", 3), "UUUUUUUU");
    assert_eq!(state("offefo", 3), "UUDDDD??DDUU");
    assert_eq!(state("ofo", 1), "UUDDUU");
    assert_eq!(state("ofo", 0), "UUDDUU");
}

/// By definition, one instant at a time; a second way to the same states.
fn naive_state(policy: CheckPolicy, results: &[CheckResult], now: Timestamp, at: Timestamp) -> State {
    let Some(index) = results.iter().rposition(|r| r.at <= at) else { return State::Unknown };
    let stale = |i: usize| results[i].at.plus_ms(policy.stale_after_ms as i64);
    let is_failure = |i: usize| results[i].outcome == CheckOutcome::Failed;
    let goes_on = |i: usize| matches!(results[i].outcome, CheckOutcome::Failed | CheckOutcome::ProbeError);
    if at >= stale(index) {
        return State::Unknown;
    }
    match results[index].outcome {
        CheckOutcome::Ok => return State::Up,
        CheckOutcome::Degraded => return State::Degraded,
        CheckOutcome::ProbeError => return State::Unknown,
        CheckOutcome::Failed => {}
    }
    let mut first = index;
    while first > 0 && goes_on(first - 1) && results[first].at <= stale(first - 1) {
        first -= 1;
    }
    let mut last = index;
    while last + 1 < results.len() && goes_on(last + 1) && results[last + 1].at <= stale(last) {
        last += 1;
    }
    let failures = (first..=last).filter(|i| is_failure(*i)).count();
    let ends_in_silence = results.get(last + 1).map_or(now, |r| r.at) > stale(last);
    if failures >= policy.confirm_failures as usize {
        State::Down
    } else if ends_in_silence {
        State::Unknown
    } else {
        State::Up
    }
}

fn any_results() -> impl Strategy<Value = Vec<CheckResult>> {
    let outcome = prop_oneof![
        3 => Just(CheckOutcome::Ok),
        1 => Just(CheckOutcome::Degraded),
        5 => Just(CheckOutcome::Failed),
        2 => Just(CheckOutcome::ProbeError),
    ];
    // Ticks of half a second; gaps from nothing to well past staleness.
    let gap = prop_oneof![6 => 1i64..=4, 1 => Just(0i64), 2 => 5i64..=12];
    prop::collection::vec((gap, outcome), 0..24).prop_map(|steps| {
        let mut time = 0;
        let place = |(gap, outcome)| {
            time += gap;
            CheckResult { at: Timestamp::from_ms(500 * time), outcome }
        };
        steps.into_iter().map(place).collect()
    })
}

fn any_policy() -> impl Strategy<Value = CheckPolicy> {
    (2u64..=4, 1u32..=4)
        .prop_map(|(ticks, confirm_failures)| CheckPolicy { stale_after_ms: 1000 * ticks, confirm_failures })
}

proptest! {
    #[test]
    fn evaluation_equals_the_definition(list in any_results(), policy in any_policy(), after in 0i64..20) {
        let now = list.last().map_or(at(0), |r| r.at).plus_ms(500 * after);
        let intervals = VantageTrack::evaluate(policy, &list, now).expect("in order");
        if let (Some(first), false) = (list.first(), intervals.is_empty()) {
            prop_assert_eq!((intervals[0].interval.from, intervals[intervals.len() - 1].interval.to), (first.at, now));
            prop_assert!(intervals.windows(2).all(|w| w[0].interval.to == w[1].interval.from && w[0].state != w[1].state));
        }
        let timeline = Timeline::from_intervals(intervals);
        for tick in 0..(now.as_ms() / 250) {
            let instant = Timestamp::from_ms(250 * tick);
            prop_assert_eq!(timeline.state_at(instant), naive_state(policy, &list, now, instant), "{}", instant);
        }
    }

    #[test]
    fn feeding_one_by_one_equals_evaluating_at_once(list in any_results(), policy in any_policy(), after in 0i64..20) {
        let mut track = VantageTrack::new(policy);
        let mut settled = Timeline::unknown();
        for (index, result) in list.iter().enumerate() {
            let change = track.feed(*result).expect("in order");
            // What was settled before stays; the new part begins where it ended and is replaced nowhere else.
            let before = settled.clone();
            settled.replace_from(change.replace_from, &change.settled);
            let old = Interval::new(Interval::ALL.from, change.replace_from);
            prop_assert!(before.segments(old).eq(settled.segments(old)));
            prop_assert_eq!(change.settled.last().map_or(change.replace_from, |s| s.interval.to), track.settled_until().expect("fed"));
            let now = result.at.plus_ms(500 * after).min(list.get(index + 1).map_or(Interval::ALL.to, |next| next.at));
            let mut shown = settled.clone();
            let tail = track.tail(now);
            prop_assert!(tail.len() <= 2 * CONFIRM_FAILURES_MAX as usize + 2);
            shown.replace_from(track.settled_until().expect("fed"), &tail);
            let at_once = VantageTrack::evaluate(policy, &list[..=index], now).expect("in order");
            prop_assert_eq!(shown, Timeline::from_intervals(at_once));
        }
    }

    #[test]
    fn a_late_result_only_needs_a_replay_from_the_safe_cut(
        list in any_results(), policy in any_policy(), late_at in 0i64..80, failed in any::<bool>(),
    ) {
        let outcome = if failed { CheckOutcome::Failed } else { CheckOutcome::Ok };
        let late = CheckResult { at: Timestamp::from_ms(500 * late_at), outcome };
        let now = list.last().map_or(late.at, |r| r.at.max(late.at)).plus_ms(300);
        let cut = safe_cut(policy, &list, late.at).unwrap_or(Interval::ALL.from);
        prop_assert!(cut <= late.at);
        let mut all = list;
        all.insert(all.partition_point(|r| r.at <= late.at), late);
        let whole = Timeline::from_intervals(VantageTrack::evaluate(policy, &all, now).expect("in order"));
        let recent: Vec<_> = all.into_iter().filter(|r| r.at >= cut).collect();
        let replayed = Timeline::from_intervals(VantageTrack::evaluate(policy, &recent, now).expect("in order"));
        let window = Interval::new(cut, now);
        prop_assert!(whole.segments(window).eq(replayed.segments(window)), "{:?} {:?}", whole, replayed);
    }
}

#[test]
fn safe_cut_is_the_newest_success_or_end_of_silence() {
    let cut = |text, second| safe_cut(POLICY, &results(text), at(second)).map(|t| t.as_secs() / 60);
    assert_eq!(cut("ooff", 200), Some(1));
    assert_eq!(cut("ooff", 60), Some(1));
    assert_eq!(cut("ooff", 59), Some(0));
    assert_eq!(cut("off...ff", 500), Some(6));
    assert_eq!(cut("ffff", 500), None);
    assert_eq!(cut("", 500), None);
}

#[test]
fn late_results_replace_or_propose() {
    let window = Interval::new(at(0), at(600));
    let timeline =
        |text| Timeline::from_intervals(VantageTrack::evaluate(POLICY, &results(text), at(600)).expect("in order"));
    let (before, after) = (timeline("oo......oo"), timeline("oooffooooo"));
    assert_eq!(late::evaluate(&before, &before, window, true), LateEffect::Nothing);
    // Unknown from 3:30; the failure at 3:00 is what differs first.
    let LateEffect::ReplaceFrom(changed) = late::evaluate(&before, &after, window, false) else { panic!("open") };
    assert_eq!(changed, Interval::new(at(180), at(600)));
    let LateEffect::Propose(proposals) = late::evaluate(&before, &after, window, true) else { panic!("final") };
    let told: Vec<String> = proposals
        .iter()
        .map(|p| {
            let (from, to) = (p.interval.from.as_secs(), p.interval.to.as_secs());
            format!("{from}-{to} {}{}", letter(p.from_state), letter(p.to_state))
        })
        .collect();
    assert_eq!(told, ["180-210 UD", "210-300 ?D", "300-480 ?U"]);
}

#[test]
fn quorum_rules_in_their_order() {
    // Letters of the vantages; a capital D! is decisive.
    let check = |vantages: &str, min_valid, tie, expected: char| {
        let states = vantages.split(' ').map(|v| {
            let state = State::ALL.into_iter().find(|s| v.starts_with(letter(*s))).expect("a state's letter");
            (state, v.ends_with('!'))
        });
        assert_eq!(letter(Quorum { min_valid, tie }.evaluate(states)), expected, "{vantages} {min_valid} {tie:?}");
    };
    check("U U U", 2, Tie::Degraded, 'U');
    check("U U D", 2, Tie::Degraded, 'G');
    check("U D D", 2, Tie::Degraded, 'D');
    check("U U G", 2, Tie::Degraded, 'G');
    check("U D", 1, Tie::Degraded, 'G');
    check("U D", 1, Tie::Down, 'D');
    check("U D", 1, Tie::Up, 'U');
    check("U ? D", 2, Tie::Down, 'D'); // half of the valid ones
    check("U ? ?", 2, Tie::Degraded, '?');
    check("D! ? ?", 2, Tie::Degraded, '?'); // too few come first
    check("U U D!", 2, Tie::Degraded, 'D');
    check("U! U D", 2, Tie::Degraded, 'G');
    check("? ?", 0, Tie::Up, '?'); // nothing valid is never up
    let defaults: Vec<usize> = (1..=6).map(|n| Quorum::for_vantages(n).min_valid).collect();
    assert_eq!(defaults, [1, 1, 2, 2, 3, 3]);
}

#[test]
fn merging_vantages_tiles_the_window() {
    let timeline =
        |text| Timeline::from_intervals(VantageTrack::evaluate(POLICY, &results(text), at(600)).expect("in order"));
    let (a, b, c) = (timeline("ffffffffoo"), timeline("ooofffoooo"), timeline("oo........"));
    let vantages = [&a, &b, &c].map(|timeline| Vantage { timeline, decisive: false });
    let window = Interval::new(at(30), at(600));
    let merged = Quorum { min_valid: 2, tie: Tie::Degraded }.merge(&vantages, window);
    assert_eq!((merged[0].interval.from, merged[merged.len() - 1].interval.to), (at(30), at(600)));
    assert!(merged.windows(2).all(|w| w[0].interval.to == w[1].interval.from && w[0].state != w[1].state));
    assert_eq!(render(&Timeline::from_intervals(merged), 600), "?GGGGGDDDDDDGGGGUUUU");
}

#[test]
fn timeline_edits() {
    let span = |from, to, state| StateInterval { interval: Interval::new(at(from), at(to)), state };
    let mut timeline =
        Timeline::from_intervals([span(0, 60, State::Up), span(60, 90, State::Down), span(120, 180, State::Up)]);
    assert_eq!(render(&timeline, 210), "UUD?UU?");
    timeline.paint(Interval::new(at(30), at(150)), State::Degraded);
    assert_eq!(render(&timeline, 210), "UGGGGU?");
    timeline.paint(Interval::new(at(0), at(30)), State::Degraded);
    assert_eq!(timeline.changes(), [(at(0), State::Degraded), (at(150), State::Up), (at(180), State::Unknown)]);
    timeline.replace_from(at(90), &[span(120, 150, State::Down)]);
    assert_eq!(render(&timeline, 210), "GGG?D??");
    timeline.forget_before(at(100));
    assert_eq!(timeline.changes(), [(at(120), State::Down), (at(150), State::Unknown)]);
    timeline.forget_before(at(130));
    assert_eq!(timeline.state_at(at(130)), State::Down);
    let fine = Timeline::from_changes([
        (Timestamp::from_ms(1_200), State::Up),
        (Timestamp::from_ms(2_100), State::Down),
        (Timestamp::from_ms(2_900), State::Up),
    ]);
    assert_eq!(fine.floored().changes(), [(at(1), State::Up)]);
    assert_eq!(Timeline::unknown().segments(Interval::new(at(5), at(5))).count(), 0);
    assert_eq!(Timeline::unknown().seconds_in(State::Unknown, Interval::new(at(5), at(65))), 60);
}

#[test]
fn names_are_inverse() {
    for state in State::ALL {
        assert_eq!(State::parse(state.name()), Some(state));
    }
    assert_eq!(State::parse("UP"), None);
}
