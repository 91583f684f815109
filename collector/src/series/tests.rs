//! The table is complete, flattening loses nothing, names are written in one way. Knows protobuf's bytes, no store.

use super::table::{Fields, Values};
use super::*;
use pantau_shared::sample::{
    AgentHealth, CpuTimes, Disk, Filesystem, Interface, Kernel, Load, Memory, Pressure, Sample, Sockets, Timekeeping,
    Units,
};
use pantau_shared::timestamp::Timestamp;
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint};

/// A message of type `M` whose tags `1..=TAG_MAX` each hold an integer, written by hand: what `M` does not know is
/// dropped, what it calls a string is refused.
fn filled<M: Message + Default>(texts: &[u32]) -> M {
    let mut bytes = Vec::new();
    for tag in 1..=u32::from(TAG_MAX) {
        if texts.contains(&tag) {
            encode_key(tag, WireType::LengthDelimited, &mut bytes);
            encode_varint(1, &mut bytes);
            bytes.push(b'x');
        } else {
            encode_key(tag, WireType::Varint, &mut bytes);
            encode_varint(1, &mut bytes);
        }
    }
    M::decode(bytes.as_slice()).expect("decodes")
}

fn check_complete<M: Message + Default + Fields + PartialEq>(group: Group, texts: &[u32]) {
    let message: M = filled(texts);
    let mut values = Values::empty();
    message.read(&mut values);
    assert_eq!(values.mask, group.mask(), "{}: a field reads into no line of the table", group.name());
    let mut again: M = M::default();
    for (tag, value) in values.iter() {
        again.write(tag, value).expect("writes");
    }
    let again_len = again.encoded_len() + texts.len() * 3;
    assert_eq!(again_len, message.encoded_len(), "{}: a field of the message has no line in the table", group.name());
}

#[test]
fn every_field_of_a_sample_has_a_line() {
    check_complete::<CpuTimes>(Group::Cpu, &[]);
    check_complete::<Load>(Group::Load, &[]);
    check_complete::<Memory>(Group::Memory, &[]);
    check_complete::<Filesystem>(Group::Filesystem, &[1, 2, 3]);
    check_complete::<Disk>(Group::Disk, &[1]);
    check_complete::<Interface>(Group::Interface, &[1]);
    check_complete::<Kernel>(Group::Kernel, &[]);
    check_complete::<AgentHealth>(Group::Agent, &[]);
    check_complete::<Pressure>(Group::Pressure, &[]);
    check_complete::<Sockets>(Group::Sockets, &[]);
    check_complete::<Timekeeping>(Group::Timekeeping, &[]);
    check_complete::<Units>(Group::Units, &[]);
}

#[test]
fn every_message_of_a_sample_is_an_item() {
    // Each tag once, empty: messages, texts and lists all read as such.
    let mut bytes = Vec::new();
    for tag in 1..=40 {
        encode_key(tag, WireType::LengthDelimited, &mut bytes);
        encode_varint(0, &mut bytes);
    }
    let sample = Sample::decode(bytes.as_slice()).expect("decodes");
    let items = flatten(&sample);
    let known = Group::ALL.into_iter().filter(|group| !group.is_derived()).count();
    assert_eq!(items.len(), known);
    assert_eq!(sample.encoded_len(), known * 2, "a message of the sample has no group");
    assert_eq!(restore(&items), Some(sample));
}

#[test]
fn the_table_is_sound() {
    for group in Group::ALL {
        assert_eq!(Group::from_code(group.code()), Some(group));
        let fields = group.fields();
        assert!(fields.iter().all(|field| (1..=TAG_MAX).contains(&field.tag)), "{group:?}");
        assert!(fields.is_sorted_by(|a, b| a.tag < b.tag), "{group:?}");
        let names: std::collections::BTreeSet<_> = fields.iter().map(|field| field.name).collect();
        assert_eq!(names.len(), fields.len(), "{group:?}");
    }
    assert_eq!(tags(0b1010_0000).collect::<Vec<_>>(), [5, 7]);
    assert_eq!(Derive::ALL.map(Derive::tag).to_vec(), Group::Host.fields().iter().map(|f| f.tag).collect::<Vec<_>>());
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), Just("sda".to_owned()), Just("eth0".to_owned()), "[a|#\\\\{}/ é]{0,6}"]
}

/// A number as they come: small, round, huge.
pub(crate) fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0..4_u64, 0..100_000_u64, any::<u64>(), Just(u64::MAX), (0..1_000_000_u64).prop_map(|n| n * 4096)]
}

/// A message with some of its fields.
fn message<M: Fields + Default + std::fmt::Debug>(group: Group) -> impl Strategy<Value = M> {
    vec((proptest::sample::select(vec_or_one(group)), number()), 0..6).prop_map(|fields| {
        let mut message = M::default();
        for (tag, value) in fields {
            let narrow = [value, value % (1 << 32), value % 2];
            // The first that the type can hold.
            let held = narrow.into_iter().find_map(|value| message.write(tag, value));
            assert!(held.is_some());
        }
        message
    })
}

fn vec_or_one(group: Group) -> Vec<u8> {
    group.fields().iter().map(|field| field.tag).collect()
}

/// Any sample: lists with repeated names, missing and empty messages.
pub(crate) fn samples() -> impl Strategy<Value = Sample> {
    let some = |group| proptest::option::of(message::<CpuTimes>(group));
    let once = (
        some(Group::Cpu),
        proptest::option::of(message::<Load>(Group::Load)),
        proptest::option::of(message::<Memory>(Group::Memory)),
        proptest::option::of(message::<Kernel>(Group::Kernel)),
        proptest::option::of(message::<AgentHealth>(Group::Agent)),
        proptest::option::of(message::<Pressure>(Group::Pressure)),
        proptest::option::of(message::<Sockets>(Group::Sockets)),
        proptest::option::of(message::<Timekeeping>(Group::Timekeeping)),
        proptest::option::of(message::<Units>(Group::Units)),
    );
    let filesystem = (text(), text(), text(), message::<Filesystem>(Group::Filesystem))
        .prop_map(|(mount_point, device, kind, rest)| Filesystem { mount_point, device, kind, ..rest });
    let disk = (text(), message::<Disk>(Group::Disk)).prop_map(|(device, rest)| Disk { device, ..rest });
    let interface =
        (text(), message::<Interface>(Group::Interface)).prop_map(|(device, rest)| Interface { device, ..rest });
    let lists = (
        vec(message::<CpuTimes>(Group::Core), 0..4),
        vec(filesystem, 0..4),
        vec(disk, 0..4),
        vec(interface, 0..4),
        vec(text(), 0..3),
        vec(text(), 0..3),
    );
    (once, lists).prop_map(|(once, lists)| {
        let (cpu_total, load, memory, kernel, agent, pressure, sockets, timekeeping, units) = once;
        let (cpus, filesystems, disks, interfaces, failed_sources, failed_units) = lists;
        Sample {
            cpu_total,
            cpus,
            load,
            memory,
            filesystems,
            disks,
            interfaces,
            kernel,
            failed_sources,
            agent,
            pressure,
            sockets,
            timekeeping,
            units,
            failed_units,
        }
    })
}

proptest! {
    #[test]
    fn flattening_loses_nothing(sample in samples()) {
        let items = flatten(&sample);
        prop_assert_eq!(restore(&items), Some(sample));
        let keys: std::collections::BTreeSet<_> =
            items.iter().map(|item| (item.group, item.instance.clone())).collect();
        prop_assert_eq!(keys.len(), items.len(), "an item is known by group and instance");
    }

    #[test]
    fn names_are_read_back(sample in samples()) {
        for item in flatten(&sample) {
            for (tag, _) in item.values {
                let key = SeriesKey::new(item.group, item.instance.clone(), tag).expect("a line");
                prop_assert_eq!(key.to_string().parse::<SeriesKey>(), Ok(key.clone()));
                prop_assert!(Selector::of(&key).matches(&key));
            }
        }
    }

    #[test]
    fn any_text_is_refused_or_written_the_same_way(name in "[a-z_.]{0,30}", instance in "[a|#\\\\{}0-9]{0,8}") {
        for text in [name.clone(), format!("disk.reads{{{instance}}}"), format!("filesystem.inodes{{{instance}}}")] {
            if let Ok(key) = text.parse::<SeriesKey>() {
                prop_assert_eq!(key.to_string(), text);
            }
        }
    }
}

#[test]
fn a_selector_may_name_the_mount_point_alone() {
    let key: SeriesKey = "filesystem.available_bytes{/var|/dev/vda1|ext4}".parse().expect("parses");
    let asks = |text: &str| text.parse::<Selector>().expect("parses").matches(&key);
    assert!(asks("filesystem.available_bytes{/var}") && asks("filesystem.available_bytes"));
    assert!(asks("filesystem.available_bytes{/var|/dev/vda1|ext4}"));
    assert!(!asks("filesystem.available_bytes{/}") && !asks("filesystem.free_bytes{/var}"));
    let refused = |text: &str| text.parse::<Selector>().expect_err("refused").to_string();
    assert_eq!(refused("disk.speed{sda}"), "series group `disk` has no field `speed`");
    assert_eq!(refused("dsk.reads{sda}"), "series has no group `dsk`");
    assert_eq!(refused("memory.free_bytes{x}"), "series group `memory` is not followed by such an instance");
    assert_eq!(refused("memory"), "series is not written as `group.field` or `group.field{instance}`");
}

#[test]
fn shares_and_rates_are_derived_as_the_engine_counts_them() {
    let at = |seconds: i64, busy: u64, received: u64| {
        let cpu = CpuTimes { user_ms: Some(busy), idle_ms: Some(10_000 * 1000 - busy), ..CpuTimes::default() };
        let eth0 = Interface {
            device: "eth0".into(),
            receive_bytes: Some(received),
            transmit_bytes: Some(5),
            ..Interface::default()
        };
        let full = |read_only| Filesystem {
            size_bytes: Some(100),
            free_bytes: Some(if read_only { 0 } else { 40 }),
            read_only: Some(read_only),
            ..Filesystem::default()
        };
        let sample = Sample {
            cpu_total: Some(cpu),
            memory: Some(Memory { total_bytes: Some(100), available_bytes: Some(25), ..Memory::default() }),
            interfaces: vec![eth0],
            filesystems: vec![full(true), full(false)],
            ..Sample::default()
        };
        (Timestamp::from_secs(seconds), sample)
    };
    let (one, two) = (at(0, 0, 0), at(10, 0, 100));
    let all = derived(Some(&one), &two);
    assert_eq!(all.host, [None, Some(750), Some(600), Some(10), Some(0)]);
    assert_eq!(all.filesystems, [Some(1000), Some(600)]);
    assert_eq!(derived(None, &two).host, [None, Some(750), Some(600), None, None]);
    assert_eq!(derived(Some(&one), &at(901, 0, 100)).host[3], None, "nobody knows what lies between");
    assert_eq!(derived(Some(&two), &at(20, 0, 50)).host[3], None, "the counter was reset");
}
