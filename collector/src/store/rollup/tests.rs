//! Points say what the samples say, merging is exact, packing loses nothing. Knows no SQL.

use super::*;
use crate::series::tests::samples;
use pantau_shared::sample::{Disk, Filesystem, Load, Memory};
use proptest::collection::vec;
use proptest::prelude::*;

const HOUR: i64 = 3_600_000;
const START: Timestamp = Timestamp::from_secs(1_780_002_000);

fn key(text: &str) -> SeriesKey {
    text.parse().expect("a series")
}

fn disk(reads: u64) -> Sample {
    Sample { disks: vec![Disk { device: "sda".into(), reads: Some(reads), ..Disk::default() }], ..Sample::default() }
}

fn load(centi: u32) -> Sample {
    Sample { load: Some(Load { one_centi: Some(centi), ..Load::default() }), ..Sample::default() }
}

fn at(seconds: i64) -> Timestamp {
    START.plus_secs(seconds)
}

#[test]
fn a_gauge_gives_count_extremes_and_sum() {
    let frames = [(at(0), load(5)), (at(299), load(9)), (at(300), load(1))];
    let rollup = Rollup::of_frames(Step::FiveMinutes, Some(&(at(-10), load(999))), &frames);
    let gauge = |count, min, max, sum| Point::Gauge(GaugePoint { count, min, max, sum });
    let expected = [(at(0), gauge(2, 5, 9, 14)), (at(300), gauge(1, 1, 1, 1))];
    assert_eq!(rollup.points(&key("load.one_centi")), expected);
}

#[test]
fn a_counter_gives_growth_and_rates_but_never_over_a_reset_or_a_gap() {
    let frames = [
        (at(0), disk(1_000)),
        (at(10), disk(1_500)),
        (at(20), disk(7)),
        (at(20), disk(8)),
        (at(30), disk(18)),
        (at(2_000), disk(500_000)),
        (at(2_010), disk(500_001)),
    ];
    let rollup = Rollup::of_frames(Step::FiveMinutes, Some(&(at(-10), disk(900))), &frames);
    let counter = |count, covered_ms, increase, min_rate_milli, max_rate_milli| {
        Point::Counter(CounterPoint { count, covered_ms, increase, min_rate_milli, max_rate_milli })
    };
    let expected = [(at(0), counter(3, 30_000, 610, 1_000, 49_984)), (at(1_800), counter(1, 10_000, 1, 100, 100))];
    assert_eq!(rollup.points(&key("disk.reads{sda}")), expected);
    let alone = Rollup::of_frames(Step::FiveMinutes, None, &frames[..1]);
    assert_eq!(alone.points(&key("disk.reads{sda}")), []);
}

#[test]
fn computed_gauges_are_rolled_up() {
    let sample = |free| Sample {
        memory: Some(Memory { total_bytes: Some(1000), available_bytes: Some(free), ..Memory::default() }),
        filesystems: ["/", "/var"]
            .map(|point| Filesystem {
                mount_point: point.into(),
                size_bytes: Some(1000),
                free_bytes: Some(if point == "/" { free } else { 900 }),
                ..Filesystem::default()
            })
            .to_vec(),
        ..Sample::default()
    };
    let frames = [(at(0), sample(500)), (at(10), sample(250))];
    let rollup = Rollup::of_frames(Step::Hour, None, &frames);
    let of =
        |name: &str| rollup.points(&key(name)).iter().map(|(_, p)| (p.min(), p.max(), p.mean())).collect::<Vec<_>>();
    assert_eq!(of("host.memory_used_permille"), [(500, 750, 625)]);
    assert_eq!(of("host.storage_used_permille"), [(500, 750, 625)]);
    assert_eq!(of("storage.used_permille{/var||}"), [(100, 100, 100)]);
    assert_eq!(of("host.cpu_busy_permille"), []);
}

#[test]
fn a_late_frame_replaces_its_hour_only() {
    let piece = |hour: i64, values: &[u32]| {
        let begin = Step::Hour.begin(START).plus_ms(hour * HOUR);
        let frame = |(i, value): (i64, &u32)| (begin.plus_ms(i * 400_000), load(*value));
        let frames: Vec<_> = (0..).zip(values).map(frame).collect();
        (begin, Rollup::of_frames(Step::FiveMinutes, None, &frames).encode().expect("encodes"))
    };
    let pieces = [piece(0, &[1, 2]), piece(1, &[3, 4, 5]), piece(2, &[6])];
    let mut day = None;
    for (hour, bytes) in &pieces {
        day = Some(merge_hour(day.as_deref(), *hour, bytes).expect("merges"));
    }
    let at_once: Vec<_> = pieces.iter().map(|(hour, bytes)| (*hour, bytes.as_slice())).collect();
    assert_eq!(merge_hours(None, &at_once).expect("merges"), day.clone().expect("a day"));
    let (hour, late) = piece(1, &[3, 4, 5, 90]);
    let merged = merge_hour(day.as_deref(), hour, &late).expect("merges");
    let rollup = Rollup::decode(&merged).expect("reads");
    let values: Vec<u64> = rollup.points(&key("load.one_centi")).iter().map(|(_, point)| point.max()).collect();
    assert_eq!(values, [1, 2, 3, 4, 5, 90, 6]);
    let packed = Packed::open(&merged).expect("opens");
    let one_hour = packed.points(&key("load.one_centi"), hour..hour.plus_ms(HOUR)).expect("reads");
    assert_eq!(one_hour.iter().map(|(_, point)| point.max()).collect::<Vec<_>>(), [3, 4, 5, 90]);
    assert_eq!(packed.points(&key("memory.free_bytes"), hour..hour), Ok(Vec::new()));
    let hours = rollup.coarser(Step::Hour).encode().expect("encodes");
    assert_eq!(merge_hour(Some(&merged), hour, &hours), Err(ChunkError::Damaged { what: "length of a step" }));
}

#[test]
fn a_packed_day_cut_anywhere_is_refused_and_a_flipped_bit_noticed() {
    let frames: Vec<_> = (0..60).map(|i| (at(i * 100), disk((i * i).unsigned_abs()))).collect();
    let rollup = Rollup::of_frames(Step::FiveMinutes, None, &frames);
    let bytes = rollup.encode().expect("encodes");
    for end in 0..bytes.len() {
        assert!(Rollup::decode(&bytes[..end]).is_err(), "{end} bytes of {}", bytes.len());
    }
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(Rollup::decode(&flipped).is_err(), "bit {bit} changed nothing");
    }
}

/// Frames whose instants rise, with gaps and equal instants.
fn frames() -> impl Strategy<Value = Vec<(Timestamp, Sample)>> {
    let gap = prop_oneof![Just(0_i64), Just(10_000), Just(10_001), 0..1_000_000_i64];
    vec((gap, samples()), 1..14).prop_map(|all| {
        let mut now = START;
        let step = |(gap, sample)| {
            now = now.plus_ms(gap);
            (now, sample)
        };
        all.into_iter().map(step).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn hours_merged_from_five_minutes_equal_hours_made_at_once(frames in frames()) {
        let (before, frames) = frames.split_first().expect("not empty");
        let fine = Rollup::of_frames(Step::FiveMinutes, Some(before), frames);
        let direct = Rollup::of_frames(Step::Hour, Some(before), frames);
        prop_assert_eq!(fine.coarser(Step::Hour), direct);
    }

    #[test]
    fn packing_loses_nothing(frames in frames()) {
        let rollup = Rollup::of_frames(Step::FiveMinutes, None, &frames);
        let bytes = rollup.encode().expect("encodes");
        prop_assert_eq!(&Rollup::decode(&bytes).expect("reads"), &rollup);
        let packed = Packed::open(&bytes).expect("opens");
        let always = Timestamp::from_ms(i64::MIN)..Timestamp::from_ms(i64::MAX);
        for (key, points) in rollup.series() {
            prop_assert_eq!(packed.points(key, always.clone()).expect("reads"), points);
        }
        prop_assert_eq!(packed.keys().count(), rollup.series().count());
    }

    #[test]
    fn any_bytes_are_points_or_an_error(bytes in vec(any::<u8>(), 0..200), version in 128..132_u8) {
        let mut bytes = bytes;
        if let Some(first) = bytes.first_mut() {
            *first = version;
        }
        prop_assert!(Rollup::decode(&bytes).is_ok() || Packed::open(&bytes).is_err() || Rollup::decode(&bytes).is_err());
    }
}
