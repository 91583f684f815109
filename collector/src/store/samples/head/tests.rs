//! The head against a plain list of frames.

use super::*;
use proptest::prelude::*;

const HOUR: i64 = 500_000;

fn at(seconds: i64) -> Timestamp {
    hour_begins(HOUR).plus_secs(seconds)
}

fn framed(host: i64, seconds: i64, id: i64, received: i64) -> Framed {
    Framed { host, at: at(seconds), id, received: at(received) }
}

fn ids(head: &Head, host: i64) -> Vec<i64> {
    head.frames(host, HOUR..=HOUR).expect("built").into_iter().map(|(_, id)| id).collect()
}

#[test]
fn frames_are_found_by_host_and_time() {
    let head = Head::default();
    head.add([framed(1, 20, 1, 20), framed(1, 10, 2, 21), framed(2, 10, 3, 22), framed(1, 10, 4, 23)]);
    assert_eq!(ids(&head, 1), [2, 4, 1]);
    assert_eq!(head.frames(1, 0..=HOUR).expect("built"), [(at(10), 2), (at(10), 4), (at(20), 1)]);
    assert_eq!(head.hours(2).expect("built"), [HOUR]);
    assert_eq!(head.closed_upto().expect("built"), 0);
}

#[test]
fn a_retired_frame_stays_for_older_views_only() {
    let head = Head::default();
    head.add([framed(1, 10, 1, 10), framed(1, 20, 2, 20)]);
    let key = Key { unit: HOUR, host: 1 };
    let older = head.begin_view();
    head.retire(key, 1);
    assert_eq!(head.figures().frames_waiting, 1);
    assert_eq!(head.closed_upto().expect("built"), 1);
    let newer = head.begin_view();
    assert_eq!(ids(&head, 1), [1, 2], "the older view may need it");
    head.end_view(older);
    assert_eq!(ids(&head, 1), [2]);
    head.retire(key, 2);
    assert_eq!(ids(&head, 1), [2], "the view that is open began before");
    head.end_view(newer);
    assert_eq!(head.figures(), SampleFigures::default());
    assert_eq!(head.closed_upto().expect("built"), 2, "what comes next is not in a chunk");
}

#[test]
fn an_hour_is_due_when_it_is_over_and_quiet_or_has_waited_long() {
    let head = Head::default();
    let patience = Patience { spread_ms: 0, ..Patience::USUAL };
    let due = |now: i64| head.due(at(now), patience, 9).expect("built").len();
    head.add([framed(1, 3_590, 1, 3_590)]);
    assert_eq!((due(3_595), due(3_600 + 299), due(3_600 + 300)), (0, 0, 1));
    head.add([framed(1, 3_595, 2, 3_600 + 290)]);
    assert_eq!((due(3_600 + 349), due(3_600 + 350)), (0, 1), "one more came");
    for late in 300..4_000 {
        head.add([framed(1, 3_595, 10 + late, 3_600 + late)]);
    }
    assert_eq!(due(3_600 + 4_000), 1, "it never rests, but has waited for an hour");
}

#[test]
fn late_frames_are_left_alone_while_more_arrive() {
    let head = Head::default();
    let patience = Patience { spread_ms: 0, ..Patience::USUAL };
    head.add([framed(1, 5, 1, 9_000)]);
    let due = |now: i64| head.due(at(now), patience, 9).expect("built").len();
    assert_eq!((due(9_059), due(9_060)), (0, 1));
}

#[test]
fn hosts_are_spread() {
    let head = Head::default();
    head.add((1..=600).map(|host| framed(host, 5, host, 5)));
    let due = |minute: i64| head.due(at(3_600 + minute * 60), Patience::USUAL, 1_000).expect("built").len();
    let mut before = 0;
    for minute in 6..=15 {
        let now = due(minute);
        assert!((20..=120).contains(&(now - before)), "minute {minute}: {}", now - before);
        before = now;
    }
    assert_eq!(before, 600);
}

#[test]
fn an_instant_that_no_clock_shows_is_counted_not_kept() {
    let head = Head::default();
    let at = Timestamp::from_ms(i64::MIN);
    head.add([Framed { host: 1, at, id: 1, received: at }]);
    assert_eq!(head.late_dropped.load(Ordering::Relaxed), 1);
    assert_eq!(head.figures().frames_waiting, 0);
}

proptest! {
    #[test]
    fn entries_keep_offset_and_number(ms in 0..HOUR_MS, id in 0..(1_i64 << ID_BITS)) {
        let entry = Entry::new(hour_begins(HOUR).plus_ms(ms), id);
        prop_assert_eq!((entry.offset_ms(), entry.id()), (ms, id));
    }

    /// What is kept up as frames come and go is what walking them would count.
    #[test]
    fn figures_equal_a_walk_over_what_waits(steps in prop::collection::vec((1_i64..4, 0_i64..4, 0_u8..4), 1..60)) {
        let (head, mut waiting, mut next) = (Head::default(), Vec::<(Key, i64)>::new(), 1);
        for (host, hour, act) in steps {
            let key = Key { unit: HOUR + hour, host };
            if act > 0 {
                let at = hour_begins(key.unit).plus_secs(next % 3600);
                head.add([Framed { host, at, id: next, received: at }]);
                waiting.push((key, next));
                next += 1;
            } else if let Some((_, upto)) = waiting.iter().rev().find(|(of, _)| *of == key).copied() {
                head.retire(key, upto);
                waiting.retain(|(of, id)| *of != key || *id > upto);
            }
            let figures = head.figures();
            prop_assert_eq!(figures.frames_waiting, waiting.len() as u64);
            let oldest = waiting.iter().map(|(key, _)| hour_begins(key.unit + 1)).min();
            prop_assert_eq!(figures.oldest_hour_ended_at, oldest);
            let lowest = waiting.iter().map(|(_, id)| *id).min();
            prop_assert_eq!(head.closed_upto().expect("built"), lowest.unwrap_or(next) - 1);
        }
    }
}
