//! Samples from the batch to the chunk and back, against a plain list: late ones, duplicates, kills between any two
//! steps. The tables can be in any state the steps leave; what is read is always what was acknowledged, once.

use super::*;
use crate::series::{Derive, SeriesKey};
use crate::store::samples::{Patience, Round};
use pantau_shared::sample::{CpuTimes, Load};
use proptest::prelude::*;

/// Begins on the hour.
pub(super) const HOUR_ZERO: i64 = 1_779_998_400;

pub(super) const HOSTS: [&str; 3] = ["web-01", "web-02", "db-01"];

/// Samples at most so far apart are a pair.
pub(super) const PAIR: i64 = 600_000;

/// Hours are over, quiet and due at once.
pub(super) const IMPATIENT: Patience =
    Patience { after_end_ms: 0, spread_ms: 0, quiet_ms: 0, at_most_ms: 0, pair_ms_max: PAIR };

pub(super) fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_secs(HOUR_ZERO + seconds)
}

/// Long after everything.
pub(super) fn later() -> Timestamp {
    moment(40 * 3_600)
}

pub(super) fn sample_of(value: u32) -> Sample {
    let cpu = CpuTimes { user_ms: Some(u64::from(value) * 10), idle_ms: Some(77), ..CpuTimes::default() };
    Sample { cpu_total: Some(cpu), load: Some(Load { one_centi: Some(value), ..Load::default() }), ..Sample::default() }
}

/// A store with its hosts, and what it must hold: per host `(at, arrival, value)`.
pub(super) struct World {
    pub(super) fixture: Fixture,
    pub(super) model: [Vec<(Timestamp, u64, u32)>; 3],
    pub(super) seq: u64,
}

impl World {
    pub(super) fn new() -> Self {
        let fixture = Fixture::new();
        for id in HOSTS {
            fixture.enrol(id);
        }
        Self { fixture, model: Default::default(), seq: 0 }
    }

    /// One batch of samples `(seconds after hour zero, value)`, received at the latest of them.
    pub(super) fn accept(&mut self, index: usize, samples: &[(i64, u32)]) {
        let mut observations = Vec::new();
        for (seconds, value) in samples {
            self.seq += 1;
            let body = Some(ObservationBody::Sample(Box::new(sample_of(*value))));
            observations.push((moment(*seconds), Observation { seq: self.seq, at_ms: 0, age_ms: None, body }));
            self.model[index].push((moment(*seconds), self.seq, *value));
        }
        let received_at = observations.iter().map(|(at, _)| *at).max().unwrap_or(moment(0));
        self.fixture.accept(ReceivedBatch {
            host: host(HOSTS[index]),
            stream: vec![1; 16],
            boot_id: "boot".into(),
            received_at,
            observations,
        });
    }

    pub(super) fn reopen(mut self) -> Self {
        self.fixture = self.fixture.reopen();
        self
    }

    pub(super) fn build(&self, max: usize) -> Round {
        self.fixture.store.build_round(later(), IMPATIENT, max).expect("builds")
    }

    pub(super) fn close(&self, max: usize) -> Closed {
        wait(self.fixture.store.close_with(later(), IMPATIENT, max)).expect("closes")
    }

    /// The engine has read everything.
    pub(super) fn judge(&self) {
        let last = self.fixture.read(|r| r.facts_after(r.cursor()?, usize::MAX)).cursor;
        let seen = Decision { cursor: last, evaluated_at: at(3), ..Decision::default() };
        self.fixture.write(move |w| w.commit_decision(&seen)).expect("commits");
    }

    pub(super) fn prune_frames(&self) {
        while wait(self.fixture.store.prune_frames(later())).expect("prunes") {}
    }

    pub(super) fn count(&self, table: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        self.fixture.read(|r| r.row("count", &sql, (), |row| columns::column(row, 0))).unwrap_or(0)
    }

    /// Everything read is everything that was sent, in order, once; roll-ups are what computing them would give.
    pub(super) fn check(&self) {
        self.check_raw();
        for (index, id) in HOSTS.iter().enumerate() {
            let mut samples = self.model[index].clone();
            samples.sort_by_key(|(at, seq, _)| (*at, *seq));
            self.check_series(&host(id), &samples.iter().map(|(at, _, value)| (*at, *value)).collect::<Vec<_>>());
        }
    }

    /// The same for samples alone: roll-ups outlive them.
    pub(super) fn check_raw(&self) {
        for (index, id) in HOSTS.iter().enumerate() {
            let mut expected = self.model[index].clone();
            expected.sort_by_key(|(at, seq, _)| (*at, *seq));
            let shown = |found: Vec<(Timestamp, Sample)>| -> Vec<(Timestamp, Option<u32>)> {
                found.into_iter().map(|(at, sample)| (at, sample.load.and_then(|load| load.one_centi))).collect()
            };
            let expected: Vec<_> = expected.into_iter().map(|(at, _, value)| (at, Some(value))).collect();
            let all = self.fixture.read(|r| r.samples(&host(id), moment(-9_999_999), later(), usize::MAX));
            assert_eq!(shown(all), expected, "{id}");
            let (from, to) = (moment(1_800), moment(9_000));
            let part = self.fixture.read(|r| r.samples(&host(id), from, to, 5));
            let within = expected.iter().filter(|(at, _)| (from..to).contains(at)).take(5).copied();
            assert_eq!(shown(part), within.collect::<Vec<_>>(), "{id}: a part");
            let newest = self.fixture.read(|r| r.newest_samples(&host(id), 3));
            assert_eq!(shown(newest), expected.iter().rev().take(3).copied().collect::<Vec<_>>(), "{id}: the newest");
        }
    }

    /// A gauge, a counter and a derived series, raw and rolled up, against the samples themselves.
    fn check_series(&self, host: &HostId, samples: &[(Timestamp, u32)]) {
        let key = |name: &str| name.parse::<SeriesKey>().expect("a series");
        let span = (moment(-9_999_999), later());
        let wide = |value: u32, times: u64| u64::from(value) * times;
        let (gauge, counter) = (key("load.one_centi"), key("cpu.user_ms"));
        let gauges: Vec<_> = samples.iter().map(|(at, value)| (*at, wide(*value, 1))).collect();
        let counters: Vec<_> = samples.iter().map(|(at, value)| (*at, wide(*value, 10))).collect();
        for (key, expected) in [(&gauge, &gauges), (&counter, &counters)] {
            let read = self.fixture.read(|r| r.series_values(host, key, span, PAIR));
            assert_eq!(&read, expected, "{key}");
        }
        let derived = Derive::CpuBusy.key().expect("a series");
        let busy: Vec<_> = samples.windows(2).filter_map(|pair| busy(pair[0], pair[1])).collect();
        assert_eq!(self.fixture.read(|r| r.series_values(host, &derived, span, PAIR)), busy, "{derived}");
        let rates: Vec<_> = counters.windows(2).filter_map(|pair| rate(pair[0], pair[1])).collect();
        let plain = |values: &[(Timestamp, u64)]| -> Vec<_> {
            values.iter().map(|(at, value)| (*at, rollup::Point::of_value(*value))).collect()
        };
        for (resolution, ms) in [(Resolution::FiveMinutes, 300_000), (Resolution::OneHour, 3_600_000)] {
            for (key, values) in [(&gauge, plain(&gauges)), (&derived, plain(&busy)), (&counter, rates.clone())] {
                let read = self.fixture.read(|r| r.series_points(host, key, span, resolution, PAIR));
                assert_eq!(read, points_of(&values, ms), "{key} {resolution:?}");
            }
        }
    }
}

/// What a pair of a counter says.
pub(super) fn rate(
    (earlier, before): (Timestamp, u64),
    (at, after): (Timestamp, u64),
) -> Option<(Timestamp, rollup::Point)> {
    let elapsed = u64::try_from(at.ms_since(earlier)).ok().filter(|ms| (1..=PAIR as u64).contains(ms))?;
    Some((at, rollup::Point::of_pair(after.checked_sub(before)?, elapsed)))
}

/// The idle time of [`sample_of`] stands still: what grows is busy.
pub(super) fn busy((earlier, before): (Timestamp, u32), (at, after): (Timestamp, u32)) -> Option<(Timestamp, u64)> {
    let near = (1..=PAIR).contains(&at.ms_since(earlier));
    (near && after > before).then_some((at, 1_000))
}

/// Steps of `ms`, computed directly.
pub(super) fn points_of(values: &[(Timestamp, rollup::Point)], ms: i64) -> Vec<Point> {
    let mut points = std::collections::BTreeMap::new();
    for (at, value) in values {
        let begins = Timestamp::from_ms(at.as_ms().div_euclid(ms) * ms);
        points.entry(begins).and_modify(|point: &mut rollup::Point| *point = point.merge(*value)).or_insert(*value);
    }
    points.into_iter().map(Point::from).collect()
}

#[test]
fn an_hour_becomes_a_chunk_and_its_frames_go_once_they_are_judged() {
    let mut world = World::new();
    world.accept(0, &[(10, 1), (3_590, 2), (3_600, 3)]);
    world.accept(1, &[(20, 4)]);
    assert_eq!(world.close(9), Closed { hours: 3, days: 2 });
    assert_eq!((world.count("chunk"), world.count("frame")), (3, 4));
    world.check();
    world.prune_frames();
    assert_eq!(world.count("frame"), 4, "nothing is judged yet");
    world.judge();
    world.prune_frames();
    assert_eq!(world.count("frame"), 0);
    world.check();
    let world = world.reopen();
    world.check();
    assert_eq!(world.fixture.store.sample_figures(), SampleFigures::default());
    assert_eq!(world.close(9), Closed::default(), "nothing is done twice");
}

#[test]
fn the_running_hour_and_a_frame_just_come_are_left_alone() {
    let mut world = World::new();
    world.accept(0, &[(10, 1), (3_700, 2)]);
    let close = |seconds| wait(world.fixture.store.close_due(moment(seconds), PAIR, 9)).expect("closes").hours;
    assert_eq!((close(3_710), close(3_600 + 16 * 60)), (0, 1));
    assert_eq!(world.count("chunk"), 1);
    world.judge();
    wait(world.fixture.store.prune_frames(moment(3_900))).expect("prunes");
    assert_eq!(world.count("frame"), 2, "received a few minutes ago");
    wait(world.fixture.store.prune_frames(later())).expect("prunes");
    assert_eq!(world.count("frame"), 1, "the one of the running hour");
    world.check();
}

#[test]
fn a_late_frame_merges_and_one_of_a_pruned_hour_is_dropped_and_counted() {
    let mut world = World::new();
    world.accept(0, &[(10, 1), (30, 2), (7_200, 3)]);
    world.close(9);
    world.accept(0, &[(20, 4), (30, 5)]);
    assert_eq!(world.close(9).hours, 1);
    world.check();
    assert_eq!(world.count("chunk"), 2);
    let keep = Keep { raw_from: moment(7_200), ..retention::keep_from(moment(0)) };
    while world.fixture.write(move |w| w.prune(&keep)).expect("prunes") {}
    world.model[0].retain(|(at, ..)| *at >= moment(7_200));
    world.check_raw();
    world.accept(0, &[(40, 6), (7_300, 7)]);
    world.model[0].retain(|(at, ..)| *at >= moment(7_200));
    assert_eq!(world.close(9).hours, 2);
    assert_eq!(world.fixture.store.sample_figures().late_dropped, 1);
    world.judge();
    world.prune_frames();
    let world = world.reopen();
    world.check_raw();
}

#[test]
fn a_late_frame_at_the_end_of_an_hour_counts_in_the_first_pair_of_the_next_at_once() {
    let mut world = World::new();
    world.accept(0, &[(3_500, 1), (3_650, 900), (7_300, 901)]);
    world.close(9);
    world.accept(0, &[(3_590, 400)]);
    world.check();
    world.close(9);
    world.check();
}

#[test]
fn a_view_that_began_before_the_chunk_still_reads_everything() {
    let mut world = World::new();
    world.accept(0, &[(10, 1), (20, 2)]);
    world.judge();
    let store = &world.fixture.store;
    let seen = store.read(|r| {
        // The view begins with the first question.
        r.cursor()?;
        assert_eq!(world.close(9).hours, 1);
        world.prune_frames();
        r.samples(&host(HOSTS[0]), moment(0), later(), 9)
    });
    assert_eq!(seen.expect("reads").len(), 2);
    world.check();
}

#[test]
fn a_chunk_built_from_another_than_is_there_is_not_written() {
    let mut world = World::new();
    world.accept(0, &[(10, 1)]);
    let (first, second) = (world.build(9), world.build(9));
    let commit = |round: Round| world.fixture.write(move |w| w.commit_chunks(&round.chunks)).expect("commits").0.len();
    assert_eq!((commit(first), commit(second)), (1, 0));
    world.check();
    assert_eq!(world.close(9).hours, 1, "the head did not know");
    world.check();
}

#[test]
fn samples_of_a_failed_request_are_nowhere() {
    let mut world = World::new();
    world.accept(0, &[(10, 1)]);
    let body = Some(ObservationBody::Sample(Box::new(sample_of(9))));
    let sent = batch(&host(HOSTS[0]), 7, vec![(1, 5, body)]);
    let failed = world.fixture.write(move |w| {
        w.accept_batch(sent)?;
        Err::<(), _>(StoreError::Refused { what: "it" })
    });
    assert!(failed.is_err());
    world.check();
    assert_eq!(world.fixture.store.sample_figures().frames_waiting, 1);
}

#[test]
fn damage_is_told_and_given_up_without_holding_up_the_rest() {
    let mut world = World::new();
    world.accept(0, &[(10, 1)]);
    world.close(9);
    world.fixture.write(|w| w.execute("spoil", "UPDATE chunk SET body = x'ff00ff'", ())).expect("spoils");
    world.accept(0, &[(20, 2)]);
    world.accept(1, &[(20, 3), (30, 4)]);
    let sql = "UPDATE frame SET body = x'ff' WHERE id = (SELECT max(id) FROM frame)";
    world.fixture.write(move |w| w.execute("spoil", sql, ())).expect("spoils");
    assert_eq!(world.close(9).hours, 2);
    assert_eq!(world.fixture.store.sample_figures().late_dropped, 2);
    let read = |index: usize| world.fixture.store.read(|r| r.samples(&host(HOSTS[index]), moment(0), later(), 9));
    let error = read(0).expect_err("damaged");
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert_eq!(read(1).expect("reads").len(), 1);
}

/// One thing that happens to a store.
#[derive(Debug, Clone)]
enum Event {
    Batch(usize, Vec<(i64, u32)>),
    Close(usize),
    /// Killed after so many steps of closing: built; committed and the head not told.
    Killed(usize, usize),
    Judge,
    PruneFrames,
    Reopen,
}

fn event() -> impl Strategy<Value = Event> {
    // Few instants, so that they repeat; five hours.
    let sample = (0_i64..5, 0_i64..12, 0_u32..1_000).prop_map(|(hour, slot, value)| (hour * 3_600 + slot * 300, value));
    prop_oneof![
        5 => (0_usize..3, prop::collection::vec(sample, 1..12)).prop_map(|(host, samples)| Event::Batch(host, samples)),
        3 => (1_usize..6).prop_map(Event::Close),
        2 => (0_usize..2, 1_usize..6).prop_map(|(steps, max)| Event::Killed(steps, max)),
        2 => Just(Event::Judge),
        2 => Just(Event::PruneFrames),
        1 => Just(Event::Reopen),
    ]
}

fn happen(mut world: World, event: &Event) -> World {
    match event {
        Event::Batch(index, samples) => world.accept(*index, samples),
        Event::Close(max) => drop(world.close(*max)),
        Event::Killed(steps, max) => {
            let round = world.build(*max);
            if *steps > 0 {
                world.fixture.write(move |w| w.commit_chunks(&round.chunks)).expect("commits");
            }
            return world.reopen();
        }
        Event::Judge => world.judge(),
        Event::PruneFrames => world.prune_frames(),
        Event::Reopen => return world.reopen(),
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_every_sample_is_there_once(events in prop::collection::vec(event(), 1..16)) {
        let mut world = World::new();
        for event in &events {
            world = happen(world, event);
            world.check();
        }
        world.judge();
        while world.close(9) != Closed::default() {}
        world.prune_frames();
        prop_assert_eq!(world.count("frame"), 0);
        prop_assert_eq!(world.count("rollup_hour"), 0);
        world.check();
        let world = world.reopen();
        world.check();
    }
}
