//! Points come back from their bytes, hours replace hours, and no bytes are trusted.

use super::*;
use proptest::prelude::*;

fn key(name: &str) -> SeriesKey {
    name.parse().expect("a series")
}

fn point(step: i64, sum: u128, weight: u128, min: u64, above: u64) -> Point {
    Point { begins_at: Timestamp::from_ms(step * STEP_MS), sum, weight, min, max: min.saturating_add(above) }
}

fn sorted(steps: Vec<(i64, u64, u64, u64, u64)>) -> Vec<Point> {
    let mut points: Vec<Point> = steps
        .into_iter()
        .map(|(step, sum, weight, min, above)| point(step, u128::from(sum) * 1_000_000, weight.into(), min, above))
        .collect();
    points.sort_by_key(|point| point.begins_at);
    points.dedup_by_key(|point| point.begins_at);
    points
}

fn points() -> impl Strategy<Value = Points> {
    let step = (0_i64..99_999, any::<u64>(), 1_u64..1_000_000, any::<u64>(), any::<u64>());
    let of_series = prop::collection::vec(step, 1..40).prop_map(sorted);
    let names =
        prop::sample::select(vec!["load.one_centi", "cpu.user_ms", "disk.reads{sda}", "interface.speed_bits{e|1#2}"]);
    prop::collection::btree_map(names.prop_filter_map("no series", |name| name.parse().ok()), of_series, 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn points_come_back(points in points()) {
        prop_assert_eq!(decode(&encode(&points).expect("encodes")).expect("decodes"), points);
    }

    #[test]
    fn any_change_is_an_error(points in points(), place in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let mut bytes = encode(&points).expect("encodes");
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        prop_assert!(decode(&bytes).is_err());
        prop_assert!(decode(&bytes[..place]).is_err());
    }

    #[test]
    fn any_bytes_are_points_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(decode(&bytes));
    }
}

#[test]
fn an_hour_takes_the_place_of_the_one_that_was_there() {
    let hour = |value: u64, steps: &[i64]| {
        let points = steps.iter().map(|step| point(*step, u128::from(value), 1, value, 0)).collect();
        encode(&Points::from([(key("load.one_centi"), points)])).expect("encodes")
    };
    let begins = |hour: i64| Timestamp::from_ms(hour * STEP_MS * STEPS_OF_HOUR);
    let mut day = None;
    for (at, value, steps) in [(2, 7, [24, 35]), (0, 5, [0, 3]), (1, 6, [12, 23]), (0, 9, [1, 2])] {
        day = Some(merge_day(day.as_deref(), begins(at), &hour(value, &steps)).expect("merges"));
    }
    let whole = decode(&day.expect("made")).expect("decodes");
    let of_load = &whole[&key("load.one_centi")];
    let shown: Vec<_> = of_load.iter().map(|point| (point.begins_at.as_ms() / STEP_MS, point.min)).collect();
    assert_eq!(shown, [(1, 9), (2, 9), (12, 6), (23, 6), (24, 7), (35, 7)]);
    let month = merge_month(None, begins(0), &hour(9, &[1, 2])).expect("merges");
    let hours = decode(&month).expect("decodes").remove(&key("load.one_centi")).expect("there");
    assert_eq!(hours, [point(0, 18, 2, 9, 0)]);
}
