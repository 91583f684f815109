//! Any numbers come back, and any bytes give numbers or an error. Knows no series.

use super::*;
use crate::series::tests::number;
use proptest::collection::vec;
use proptest::prelude::*;

/// Numbers as series have them: any, steady with noise, stepping, seldom different.
fn numbers() -> impl Strategy<Value = Vec<u64>> {
    let sum = |start: u64, steps: Vec<u64>, unit: u64| {
        let mut now = start;
        let next = |step: u64| {
            now = now.wrapping_add(step.wrapping_mul(unit));
            now
        };
        steps.into_iter().map(next).collect::<Vec<u64>>()
    };
    prop_oneof![
        vec(number(), 0..120),
        vec(any::<u64>(), 0..80),
        (number(), vec(0..2000_u64, 0..400), 1..5000_u64).prop_map(move |(start, steps, unit)| sum(start, steps, unit)),
        vec(prop_oneof![9 => Just(7_u64), 1 => number()], 0..400),
        (number(), number(), 0..400_u64).prop_map(|(start, step, count)| {
            (0..count).map(|i| start.wrapping_add(step.wrapping_mul(i)).wrapping_add(i / 97)).collect()
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_numbers_come_back(numbers in numbers()) {
        let bytes = encode(&numbers, &[]);
        prop_assert_eq!(related(&bytes), Ok(Vec::new()));
        prop_assert_eq!(decode(&bytes, numbers.len(), None), Ok(numbers));
    }

    #[test]
    fn related_numbers_come_back(mut sum in numbers(), rest in vec(0..9_u64, 400)) {
        let numbers: Vec<u64> = sum.iter().zip(rest).map(|(a, b)| a.wrapping_add(b)).collect();
        let known = vec![Related { column: 3, negated: false }, Related { column: 900, negated: true }];
        sum.truncate(numbers.len());
        let candidates = [Candidate { related: known.clone(), sum: sum.clone() }];
        let bytes = encode(&numbers, &candidates);
        let used = related(&bytes).expect("reads");
        prop_assert!(used.is_empty() || used == known);
        prop_assert_eq!(decode(&bytes, numbers.len(), Some(&sum)), Ok(numbers));
    }

    #[test]
    fn any_bytes_are_numbers_or_an_error(code: u8, rest in vec(any::<u8>(), 0..200), count in 0..500_usize) {
        let bytes = [vec![code], rest].concat();
        let sum = vec![1; count];
        if let Ok(numbers) = decode(&bytes, count, Some(&sum)) {
            prop_assert_eq!(numbers.len(), count);
        }
    }

    #[test]
    fn a_changed_byte_gives_numbers_or_an_error(numbers in numbers(), place: usize, value: u8) {
        let mut bytes = encode(&numbers, &[]);
        if !bytes.is_empty() {
            let place = place % bytes.len();
            bytes[place] = value;
            prop_assert!(decode(&bytes, numbers.len(), None).map_or(true, |read| read.len() == numbers.len()));
        }
    }
}

#[test]
fn steady_series_take_few_bytes() {
    let size = |numbers: Vec<u64>| encode(&numbers, &[]).len();
    assert_eq!(size(vec![0; 360]), 0);
    assert_eq!(size(vec![5; 360]), 2);
    assert_eq!(size((0..360).map(|i| i * 10_000).collect()), 5);
    let ticks: Vec<u64> = (0..360).map(|i| i * 10_000 + i * i % 3 * 4096).collect();
    assert!(size(ticks.clone()) < 100, "{}", size(ticks));
    let pages: Vec<u64> = (0..360).map(|i| (i * 7919 % 256) * 4096).collect();
    assert!(size(pages.clone()) < 400, "{}", size(pages));
}
