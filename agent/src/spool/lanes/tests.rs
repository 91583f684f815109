//! Both lanes against what a person would note down: nothing lost, nothing twice, the present first, caps together.

use super::*;
use pantau_shared::envelope::Gap;
use proptest::prelude::*;
use std::collections::BTreeSet;

const STREAMS: [[u8; 16]; 2] = [[1; 16], [2; 16]];

const ROOMY: Limits = Limits { bytes_max: 8 << 20, age_max_ms: u64::MAX };

fn open(directory: &Path, limits: Limits) -> Lanes {
    Lanes::open(directory, limits, "boot-a", STREAMS).expect("opens")
}

fn moment(ms: u64) -> Moment {
    Moment { wall: Timestamp::from_ms(1_000_000 + i64::try_from(ms).expect("small")), boot_ms: ms }
}

/// A fact that tells its number.
fn body(number: u64, size: usize) -> ObservationBody {
    let reason = format!("{number}:{}", "x".repeat(size));
    ObservationBody::Gap(Gap { from_seq: u64::MAX, reason, ..Gap::default() })
}

fn sync(lanes: &mut Lanes) {
    if let Some((lane, job)) = lanes.begin_sync() {
        let done = job.run();
        lanes.finish_sync(lane, done);
    }
}

/// The numbers of facts, and how many observations the gaps among them tell of.
fn told(stored: &[Stored]) -> (Vec<u64>, u64) {
    let (mut numbers, mut lost) = (Vec::new(), 0);
    for stored in stored {
        let ObservationBody::Gap(gap) = &stored.body else { panic!("unexpected {stored:?}") };
        match gap.from_seq {
            u64::MAX => numbers.push(gap.reason.split(':').next().expect("number").parse().expect("number")),
            from => lost += gap.to_seq - from + 1,
        }
    }
    (numbers, lost)
}

/// One batch there and back.
fn send(lanes: &mut Lanes, count: usize) -> (Vec<u64>, u64) {
    sync(lanes);
    let waiting = lanes.peek(None, count, usize::MAX / 4);
    if let Some(last) = waiting.stored.last() {
        lanes.ack(waiting.lane, last.seq);
    }
    told(&waiting.stored)
}

#[test]
fn after_an_outage_the_present_goes_before_the_past() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut lanes = open(directory.path(), ROOMY);
    for number in 1..=50 {
        lanes.append(moment(number), body(number, 10)).expect("appends");
    }
    assert!(!lanes.turn(60) && lanes.backlog_from().is_none(), "a little is no backlog");
    assert_eq!(send(&mut lanes, 10).0, (1..=10).collect::<Vec<_>>());
    assert!(lanes.turn(10) && !lanes.turn(10), "once");
    lanes.append(moment(51), body(51, 10)).expect("appends");
    assert_eq!(send(&mut lanes, 10).0, [51]);
    assert_eq!(send(&mut lanes, 10).0, (11..=20).collect::<Vec<_>>());
    sync(&mut lanes);
    lanes.peek(None, 1, usize::MAX / 4);
    assert_eq!(lanes.backlog_from(), Some(moment(21).wall), "up to there it is whole");
    // A restart in the middle changes nothing but, at worst, the order.
    drop(lanes);
    let mut lanes = open(directory.path(), ROOMY);
    lanes.append(moment(52), body(52, 10)).expect("appends");
    let mut seen = Vec::new();
    while lanes.stats().records > 0 {
        seen.extend(send(&mut lanes, 10).0);
    }
    seen.sort_unstable();
    assert_eq!(seen, (21..=50).chain([52]).collect::<Vec<_>>());
    assert_eq!(lanes.backlog_from(), None);
}

#[test]
fn the_cap_holds_for_both_and_takes_from_the_past() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let limits = Limits { bytes_max: 64 * 1024, age_max_ms: u64::MAX };
    let mut lanes = open(directory.path(), limits);
    for number in 1..=40 {
        lanes.append(moment(number), body(number, 1_000)).expect("appends");
    }
    sync(&mut lanes);
    assert!(lanes.turn(0));
    for number in 41..=90 {
        lanes.append(moment(number), body(number, 1_000)).expect("appends");
        assert!(lanes.stats().bytes <= limits.bytes_max);
    }
    let (mut seen, mut lost) = (BTreeSet::new(), 0);
    while lanes.stats().records > 0 {
        let (numbers, gone) = send(&mut lanes, 7);
        lost += gone;
        assert!(numbers.into_iter().all(|number| seen.insert(number)), "twice");
    }
    assert!((41..=90).all(|number| seen.contains(&number)), "the present is kept: {seen:?}");
    assert_eq!(seen.len() as u64 + lost, 90, "what was dropped is told");
    assert!(lost > 0);
}

#[test]
fn a_backlog_that_is_dropped_whole_is_told_as_lost() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let limits = Limits { bytes_max: 16 * 1024, age_max_ms: u64::MAX };
    let mut lanes = open(directory.path(), limits);
    for number in 1..=5 {
        lanes.append(moment(number), body(number, 1_000)).expect("appends");
    }
    sync(&mut lanes);
    assert!(lanes.turn(0));
    for number in 6..=20 {
        lanes.append(moment(number), body(number, 1_000)).expect("appends");
    }
    let (mut facts, mut lost) = (0, 0);
    while lanes.stats().records > 0 {
        let (numbers, gone) = send(&mut lanes, 100);
        (facts, lost) = (facts + numbers.len() as u64, lost + gone);
    }
    assert_eq!((facts + lost, lost >= 5), (20, true), "{facts} facts, {lost} lost");
}

#[derive(Debug, Clone)]
enum Action {
    Append(usize),
    Send(usize),
    Turn(u64),
    Reopen,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        8 => (0usize..1_500).prop_map(Action::Append),
        3 => (1usize..20).prop_map(Action::Send),
        1 => (0u64..20).prop_map(Action::Turn),
        1 => Just(Action::Reopen),
    ]
}

/// Lives of two lanes: at the end every number came once, or was told as lost.
fn live(actions: &[Action], limits: Limits) -> (u64, u64) {
    let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("temporary directory");
    let mut lanes = open(directory.path(), limits);
    let (mut appended, mut seen, mut lost) = (0, BTreeSet::new(), 0);
    let mut take = |(numbers, gone): (Vec<u64>, u64)| {
        for number in numbers {
            assert!(seen.insert(number), "{number} came twice");
        }
        lost += gone;
        (seen.len() as u64, lost)
    };
    for action in actions {
        match action {
            Action::Append(size) => {
                appended += 1;
                lanes.append(moment(appended), body(appended, *size)).expect("appends");
            }
            Action::Send(count) => drop(take(send(&mut lanes, *count))),
            Action::Turn(behind) => drop(lanes.turn(*behind)),
            Action::Reopen => {
                drop(lanes);
                lanes = open(directory.path(), limits);
            }
        }
        assert!(lanes.stats().bytes <= limits.bytes_max);
    }
    // One more, so that a loss at the end shows.
    appended += 1;
    lanes.append(moment(appended), body(appended, 0)).expect("appends");
    let mut both = (0, 0);
    while lanes.stats().records > 0 {
        both = take(send(&mut lanes, 50));
    }
    assert_eq!(both.0 + both.1, appended);
    both
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn everything_comes_once(actions in proptest::collection::vec(action(), 1..300)) {
        prop_assert_eq!(live(&actions, ROOMY).1, 0, "nothing is lost without need");
    }

    #[test]
    fn everything_comes_once_or_is_told_as_lost_under_a_cap(actions in proptest::collection::vec(action(), 1..300)) {
        live(&actions, Limits { bytes_max: 24 * 1024, age_max_ms: u64::MAX });
    }
}
