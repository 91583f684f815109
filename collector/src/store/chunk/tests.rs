//! Chunks lose nothing, and any bytes give a chunk or an error. Knows no SQL.

use super::*;
use crate::series::tests::samples;
use pantau_shared::sample::{CpuTimes, Disk, Interface, Load};
use proptest::collection::vec;
use proptest::prelude::*;

/// Frames as hosts send them: a rising counter, a gauge, a disk that comes and goes.
fn frames(count: i64) -> Vec<(Timestamp, Sample)> {
    let sample = |i: i64| {
        let n = i.cast_unsigned();
        let noise = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 50;
        let cpu = CpuTimes { user_ms: Some(n * 10_000 + noise), idle_ms: Some(n * 10_000), ..CpuTimes::default() };
        let disk = Disk { device: "sda".into(), reads: Some(noise), read_bytes: Some(n * 512), ..Disk::default() };
        Sample {
            cpu_total: Some(cpu),
            load: Some(Load { one_centi: Some(17), ..Load::default() }),
            disks: if i % 5 == 3 { Vec::new() } else { vec![disk] },
            interfaces: vec![Interface { device: "eth0".into(), receive_bytes: Some(noise * n), ..Default::default() }],
            ..Sample::default()
        }
    };
    (0..count).map(|i| (Timestamp::from_ms(1_780_000_000_000 + i * 10_000), sample(i))).collect()
}

fn key(text: &str) -> SeriesKey {
    text.parse().expect("a series")
}

#[test]
fn an_hour_of_frames_comes_back() {
    for count in [0, 1, 2, 3, 59, 360, 3600] {
        let frames = frames(count);
        let bytes = encode(&frames).expect("encodes");
        let chunk = Chunk::open(&bytes).expect("opens");
        assert_eq!(chunk.frames().expect("reads"), frames);
        assert_eq!(chunk.times().len(), frames.len());
    }
}

#[test]
fn one_series_is_read_alone() {
    let frames = frames(100);
    let bytes = encode(&frames).expect("encodes");
    let chunk = Chunk::open(&bytes).expect("opens");
    let read = chunk.column(&key("disk.read_bytes{sda}")).expect("reads");
    let expected: Vec<_> =
        frames.iter().filter_map(|(at, sample)| Some((*at, sample.disks.first()?.read_bytes?))).collect();
    assert_eq!(read, expected);
    assert_eq!(read.len(), 80);
    assert_eq!(chunk.column(&key("disk.read_bytes{sdb}")), Ok(Vec::new()));
    let keys: Vec<String> = chunk.keys().map(|key| key.to_string()).collect();
    let all = ["cpu.user_ms", "cpu.idle_ms", "load.one_centi", "disk.reads{sda}", "disk.read_bytes{sda}"];
    assert_eq!(keys, [&all[..], &["interface.receive_bytes{eth0}"]].concat().map_sorted(&keys));
}

/// The chunk's order is the order of appearance, which is not part of the promise.
trait MapSorted {
    fn map_sorted(self, like: &[String]) -> Vec<String>;
}

impl MapSorted for Vec<&str> {
    fn map_sorted(self, like: &[String]) -> Vec<String> {
        let mut own: Vec<String> = self.into_iter().map(str::to_owned).collect();
        own.sort_by_key(|name| like.iter().position(|other| other == name));
        own
    }
}

#[test]
fn some_groups_are_read_alone() {
    let frames = frames(30);
    let bytes = encode(&frames).expect("encodes");
    let read = Chunk::open(&bytes).expect("opens").frames_with(&[Group::Disk, Group::Load]).expect("reads");
    let of = |(at, sample): &(Timestamp, Sample)| {
        (*at, Sample { load: sample.load, disks: sample.disks.clone(), ..Sample::default() })
    };
    assert_eq!(read, frames.iter().map(of).collect::<Vec<_>>());
}

#[test]
fn relations_between_series_are_used_and_undone() {
    let mut frames = frames(360);
    for (i, (_, sample)) in (1_u64..).zip(&mut frames) {
        let noise = (i * i * 7919) % 9973;
        let core = |number: u64| CpuTimes {
            user_ms: Some(i * 7_000 + noise * number),
            nice_ms: Some(noise * 3),
            system_ms: Some(noise * 5),
            idle_ms: Some(i * 9_000 - noise),
            iowait_ms: Some(0),
            ..CpuTimes::default()
        };
        let total = CpuTimes {
            user_ms: Some(i * 14_000 + noise * 3 + i % 2),
            idle_ms: Some((i * 9_000 - noise) * 2),
            ..CpuTimes::default()
        };
        sample.cpus = vec![core(1), core(2)];
        sample.cpu_total = Some(total);
    }
    let bytes = encode(&frames).expect("encodes");
    let chunk = Chunk::open(&bytes).expect("opens");
    assert!(chunk.encodings().iter().any(|(name, _)| name.contains("related")), "{:?}", chunk.encodings());
    assert_eq!(chunk.frames().as_ref(), Ok(&frames));
    let user = chunk.column(&key("cpu.user_ms")).expect("reads");
    assert!(user.iter().map(|(_, value)| Some(*value)).eq(frames.iter().map(|(_, s)| s.cpu_total.unwrap().user_ms)));
}

#[test]
fn late_frames_are_merged_by_time() {
    let all = frames(50);
    let (late, early): (Vec<_>, Vec<_>) = all.iter().cloned().enumerate().partition(|(index, _)| index % 7 == 2);
    let strip = |frames: Vec<(usize, (Timestamp, Sample))>| frames.into_iter().map(|(_, f)| f).collect::<Vec<_>>();
    let bytes = encode(&strip(early)).expect("encodes");
    let merged = merge(&bytes, &strip(late)).expect("merges");
    assert_eq!(Chunk::open(&merged).expect("opens").frames(), Ok(all));
}

#[test]
fn a_chunk_cut_anywhere_is_refused() {
    let bytes = encode(&frames(40)).expect("encodes");
    for end in 0..bytes.len() {
        let opened = Chunk::open(&bytes[..end]);
        assert!(opened.is_err(), "{end} bytes of {} were taken for a chunk", bytes.len());
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(Chunk::open(&longer).is_err());
}

#[test]
fn a_flipped_bit_is_noticed() {
    let original = frames(40);
    let bytes = encode(&original).expect("encodes");
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let read = Chunk::open(&flipped).and_then(|chunk| chunk.frames());
        assert!(read.is_err(), "bit {bit} changed nothing");
    }
}

#[test]
fn damage_of_one_series_leaves_the_others() {
    let original = frames(360);
    let mut bytes = encode(&original).expect("encodes");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let chunk = Chunk::open(&bytes).expect("opens");
    assert_eq!(chunk.frames(), Err(ChunkError::Damaged { what: "column" }));
    assert_eq!(chunk.verify(), Err(ChunkError::Damaged { what: "column" }));
    let broken = chunk.keys().filter(|key| chunk.column(key).is_err()).count();
    assert_eq!(broken, 1);
}

#[test]
fn bounds_and_versions_are_told() {
    let many = vec![(Timestamp::default(), Sample::default()); FRAMES_MAX + 1];
    let refused = ChunkError::TooLarge { what: "frames", count: FRAMES_MAX + 1, most: FRAMES_MAX };
    assert_eq!(encode(&many), Err(refused));
    assert!(encode(&many[1..]).is_ok());
    let mut newer = encode(&[]).expect("encodes");
    newer[0] = 9;
    assert_eq!(Chunk::open(&newer).map(drop), Err(ChunkError::Version { found: 9, known: 1 }));
}

#[test]
fn more_values_than_a_chunk_may_hold_are_refused() {
    let frames = frames(100);
    let count = Chunk::open(&encode(&frames).expect("encodes")).expect("opens").values();
    assert!(encode_within(count, &frames).is_ok());
    let refused = ChunkError::TooLarge { what: "values", count, most: count - 1 };
    assert_eq!(encode_within(count - 1, &frames), Err(refused));
}

/// Writes the CRC anew, so that what lies behind it is tried.
fn with_valid_header(mut bytes: Vec<u8>) -> Vec<u8> {
    let mut input = bytes::Input(bytes.get(5..).unwrap_or_default());
    if let Some(crc) = input.count().and_then(|length| input.take(length)).map(bytes::crc) {
        bytes[0] = 1;
        bytes[1..5].copy_from_slice(&crc);
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_frames_come_back(frames in vec((any::<i64>().prop_map(Timestamp::from_ms), samples()), 0..12)) {
        let bytes = encode(&frames).expect("encodes");
        let chunk = Chunk::open(&bytes).expect("opens");
        prop_assert_eq!(chunk.frames().expect("reads"), frames);
    }

    #[test]
    fn columns_say_what_the_frames_say(samples in vec(samples(), 0..12)) {
        let frames: Vec<_> = samples.into_iter().map(|sample| (Timestamp::default(), sample)).collect();
        let bytes = encode(&frames).expect("encodes");
        let chunk = Chunk::open(&bytes).expect("opens");
        let mut total = 0;
        for key in chunk.keys() {
            let values = |sample: &Sample| {
                let items = crate::series::flatten(sample);
                let item = items.into_iter().find(|i| i.group == key.group() && i.instance == *key.instance())?;
                item.values.into_iter().find(|(tag, _)| *tag == key.tag()).map(|(_, value)| value)
            };
            let expected: Vec<_> = frames.iter().filter_map(|(at, sample)| Some((*at, values(sample)?))).collect();
            total += expected.len();
            prop_assert_eq!(chunk.column(&key).expect("reads"), expected);
        }
        prop_assert_eq!(chunk.values(), total);
    }

    #[test]
    fn any_bytes_are_a_chunk_or_an_error(bytes in vec(any::<u8>(), 0..400)) {
        let repaired = with_valid_header(bytes.clone());
        for bytes in [bytes, repaired] {
            if let Ok(chunk) = Chunk::open(&bytes) {
                prop_assert!(chunk.verify().is_ok() || chunk.verify().is_err());
            }
        }
    }

    #[test]
    fn a_changed_header_is_a_chunk_or_an_error(place in 6..400_usize, value: u8) {
        let mut bytes = encode(&frames(60)).expect("encodes");
        let place = place % bytes.len();
        bytes[place] = value;
        let bytes = with_valid_header(bytes);
        if let Ok(chunk) = Chunk::open(&bytes) {
            prop_assert!(chunk.verify().is_ok() || chunk.verify().is_err());
        }
    }
}
