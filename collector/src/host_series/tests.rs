//! Which resolution answers, and that all of them say the same.

use super::*;

#[test]
fn short_names_and_series_are_read() {
    for (name, unit) in SHORT_NAMES {
        let Some(Metric::Key(key)) = Metric::parse(name) else { panic!("{name}") };
        let answer = Answer {
            key,
            resolution: Resolution::Raw,
            step_seconds: 60,
            gap_seconds: 150,
            is_milli: false,
            steps: Vec::new(),
        };
        assert_eq!(answer.unit(), unit, "{name}");
    }
    assert!(matches!(Metric::parse("disk.reads{sda}"), Some(Metric::Key(_))));
    assert!(matches!(Metric::parse("disk.reads"), Some(Metric::Selector(_))));
    assert!(matches!(Metric::parse("filesystem.free_bytes{/}"), Some(Metric::Selector(_))));
    assert_eq!(Metric::parse("disk.flavour{sda}"), None);
}

#[test]
fn steps_are_aligned_and_gaps_absent() {
    let mut steps = Steps { seconds: 60, steps: Vec::new() };
    for (at, value) in [(65, 10_u64), (70, 21), (185, 7)] {
        steps.add(Timestamp::from_secs(at), value.into(), 1, (value, value));
    }
    let shown: Vec<_> = steps.steps.iter().map(|step| (step.begins_at, step.mean(), step.min, step.max)).collect();
    assert_eq!(shown, [(60, 15, 10, 21), (180, 7, 7, 7)]);
}

#[test]
fn a_pair_is_three_periods_long_at_most() {
    assert_eq!(pair_ms_max(10_000), 30_000);
    assert_eq!(pair_ms_max(300_000), PAIR_MS_MAX);
    assert_eq!((pair_ms_max(0), pair_ms_max(u32::MAX)), (1, PAIR_MS_MAX));
}
