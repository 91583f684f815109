//! What is deleted, what is never deleted, and that the file gives room back.

use super::samples::{World, later, moment, sample_of};
use super::*;

/// Keeps what is younger than `from`, without a bound of size.
pub(super) fn keep_from(from: Timestamp) -> Keep {
    Keep {
        raw_from: from,
        five_minutes_from: moment(-999_999_999),
        one_hour_from: moment(-999_999_999),
        size_max: None,
    }
}

fn prune(world: &World, keep: Keep) -> usize {
    (1..).find(|_| !world.fixture.write(move |w| w.prune(&keep)).expect("prunes")).expect("ends")
}

#[test]
fn chunks_go_by_age_oldest_first_and_roll_ups_stay() {
    let mut world = World::new();
    for hour in 0..60 {
        world.accept(0, &[(hour * 3_600 - 30 * 3_600, 1)]);
        world.accept(1, &[(hour * 3_600 - 30 * 3_600, 1)]);
    }
    while world.close(50).hours > 0 {}
    assert_eq!(world.count("chunk"), 120);
    let bites = prune(&world, keep_from(moment(0)));
    assert!(bites > 1, "in small bites");
    assert_eq!(world.count("chunk"), 60);
    world.model.iter_mut().for_each(|host| host.retain(|(at, ..)| *at >= moment(0)));
    world.check_raw();
    let rolled_up = world.count("rollup_day") + world.count("rollup_hour");
    assert!(rolled_up > 0);
    prune(&world, Keep { five_minutes_from: later().plus_secs(99 * 86_400), ..keep_from(moment(0)) });
    assert_eq!(world.count("rollup_day"), 0);
    assert!(world.count("rollup_month") > 0);
    prune(&world, Keep { one_hour_from: later().plus_secs(99 * 86_400), ..keep_from(moment(0)) });
    assert_eq!(world.count("rollup_month"), 0);
    world.check_raw();
}

#[test]
fn samples_that_wait_for_their_chunk_are_spared_also_right_after_an_opening() {
    let mut world = World::new();
    world.accept(0, &[(10, 1), (400, 2)]);
    let world = world.reopen();
    let keep = keep_from(moment(40 * 86_400));
    let spared = |world: &World| wait(world.fixture.store.sparing_waiting(keep)).expect("built").raw_from;
    assert_eq!(spared(&world), moment(0));
    world.close(9);
    assert_eq!(spared(&world), keep.raw_from, "rolled up: age decides");
}

#[test]
fn a_late_frame_of_a_deleted_hour_never_stands_in_the_place_of_its_roll_up() {
    let mut world = World::new();
    world.accept(0, &[(10, 1), (400, 2), (7_200, 3)]);
    world.close(9);
    prune(&world, keep_from(moment(7_200)));
    let (web, key, span) = (host("web-01"), "load.one_centi".parse().expect("a series"), (moment(0), later()));
    let points = |world: &World, resolution| {
        world.fixture.read(|r| r.series_points(&web, &key, span, resolution, samples::PAIR))
    };
    let both = |world: &World| [Resolution::FiveMinutes, Resolution::OneHour].map(|step| points(world, step));
    let before = both(&world);
    assert_eq!((before[0].len(), before[1].len()), (3, 2));
    world.accept(0, &[(20, 9)]);
    assert_eq!(both(&world), before, "while it waits");
    world.close(9);
    assert_eq!(both(&world), before, "when it is dropped");
}

#[test]
fn probe_answers_go_by_age_of_receipt_once_judged_and_little_by_little() {
    let fixture = Fixture::new();
    let web = fixture.enrol("web-01");
    for seq in 1..=6 {
        fixture.accept(batch(&web, 1, vec![(seq, seq as i64 * 10, Some(probe("c")))]));
    }
    let prune = |before| {
        fixture.write(move |w| w.prune(&keep_from(before))).expect("prunes");
        fixture.read(|r| r.facts_after(FactCursor(0), 9)).facts.len()
    };
    assert_eq!(prune(at(1000)), 6, "nothing is evaluated yet");
    let facts = fixture.read(|r| r.facts_after(FactCursor(0), 9)).facts;
    let seen = Decision { cursor: FactCursor(facts[4].id), evaluated_at: at(3), ..Decision::default() };
    fixture.write(move |w| w.commit_decision(&seen)).expect("commits");
    assert_eq!((prune(at(32)), prune(at(1000))), (3, 1));
}

#[test]
fn above_its_size_the_oldest_samples_go_first_and_what_must_stay_stays() {
    let mut world = World::new();
    let web = host("web-01");
    world.fixture.accept(batch(&web, 9, vec![(1, 5, Some(probe("c")))]));
    let observation = BackupObservation { set: "s".into(), ..BackupObservation::default() };
    world.fixture.accept(batch(&web, 8, vec![(1, 10, Some(ObservationBody::Backup(observation)))]));
    for hour in 0..39 {
        // Values that do not compress: a chunk is some pages large.
        let value = |slot: i64| (hour * 360 + slot).unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
        let samples: Vec<(i64, u32)> = (0..360).map(|slot| (hour * 3_600 + slot * 10, value(slot) as u32)).collect();
        world.accept(0, &samples);
    }
    world.judge();
    while world.close(50).hours > 0 {}
    world.prune_frames();
    let used = world.fixture.read(Reader::pages).used_bytes();
    let tight = Keep { size_max: Some(used - 1), ..keep_from(moment(-999_999)) };
    prune(&world, tight);
    let left = world.count("chunk");
    assert!((1..39).contains(&left), "{left} chunks left");
    let first = world.fixture.read(|r| r.samples(&web, moment(-99), later(), 1));
    assert_eq!(first.first().map(|(at, _)| *at), Some(moment((39 - left) * 3_600)), "the oldest went");
    prune(&world, Keep { size_max: Some(1), ..tight });
    let counts = ["chunk", "probe", "rollup_day"].map(|table| world.count(table));
    assert_eq!(counts, [0; 3]);
    assert!(world.count("backup") == 1 && world.count("rollup_month") > 0 && world.count("host") == 3);
    world.model = Default::default();
    world.check_raw();
}

#[test]
fn the_file_gives_free_pages_back_a_few_at_a_time() {
    let world = World::new();
    let pages = || world.fixture.read(Reader::pages);
    assert!(pages().shrinks, "a new store can");
    world
        .fixture
        .write(|w| {
            w.execute("fill", "INSERT INTO setting VALUES ('large', hex(randomblob(400000)))", ())?;
            w.execute("fill", "DELETE FROM setting WHERE name = 'large'", ())
        })
        .expect("fills");
    let before = pages();
    assert!(before.free > 150, "{before:?}");
    assert_eq!(world.fixture.write(|w| w.shrink(40)).expect("shrinks"), 40);
    let after = pages();
    assert_eq!((before.count - after.count, before.free - after.free), (40, 40));
}

/// A store as the first release left it: its samples are found after the climb, and come into chunks.
#[test]
fn samples_of_the_first_schema_are_found_after_the_climb() {
    use prost::Message;
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("pantau.db");
    let connection = Connection::open(&path).expect("opens");
    connection.execute_batch(include_str!("../schema/001_first.sql")).expect("makes");
    connection.pragma_update(None, "application_id", 0x5041_4E54).expect("ours");
    connection.pragma_update(None, "user_version", 1).expect("first");
    let insert = "INSERT INTO host (num, id, public_key, machine_id_hash, joined_ms, last_seen_ms)
                  VALUES (?1, ?2, randomblob(32), 'm', 0, ?3)";
    for (number, id) in samples::HOSTS.iter().enumerate() {
        let number = i64::try_from(number).expect("few") + 1;
        connection.execute(insert, (number, id, moment(7_300).as_ms())).expect("a host");
    }
    let mut model: [Vec<(Timestamp, u64, u32)>; 3] = Default::default();
    for (seq, seconds) in (0_u32..).zip((0..7_200).step_by(600)) {
        let at = moment(seconds);
        let insert = "INSERT INTO sample (id, host, at_ms, received_ms, body) VALUES (?1, 1, ?2, ?2, ?3)";
        connection.execute(insert, (seq + 1, at.as_ms(), sample_of(seq).encode_to_vec())).expect("a sample");
        model[0].push((at, u64::from(seq), seq));
    }
    drop(connection);
    let store = Store::open(&path, at(0)).expect("climbs");
    let mut world = World { fixture: Fixture { folder, store }, model, seq: 100 };
    world.check();
    assert!(world.fixture.read(Reader::pages).shrinks, "rewritten at the climb, since it is small");
    world.accept(0, &[(7_200, 5)]);
    while world.close(9).hours > 0 {}
    world.judge();
    world.prune_frames();
    assert_eq!((world.count("chunk"), world.count("frame")), (3, 0));
    world.check();
    world.reopen().check();
}
