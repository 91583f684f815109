//! Samples that come packed: read like those that were sent, refused wherever they could stand in for something else.

use super::samples::{HOUR_ZERO, PAIR, World, moment, sample_of};
use super::*;
use crate::series::SeriesKey;
use crate::store::chunk;
use crate::store::rollup::{Rollup, Step};

const LOAD: &str = "load.one_centi";

fn frames() -> Vec<(Timestamp, Sample)> {
    (0..60).map(|n| (moment(i64::from(n) * 60), sample_of(n))).collect()
}

fn placed(id: &str, begins_at: Timestamp, body: Vec<u8>) -> PlacedRow {
    PlacedRow { host: host(id), begins_at, body: body.into() }
}

fn hour() -> PlacedRow {
    placed("web-01", moment(0), chunk::encode(&frames()).expect("encodes"))
}

/// Begins of the day and of the month of hour zero, and the points of its frames.
fn day_and_month() -> (PlacedRow, PlacedRow) {
    let rollup = Rollup::of_frames(Step::FiveMinutes, None, &frames());
    let day = Timestamp::from_secs(HOUR_ZERO - HOUR_ZERO % 86_400);
    let month = Timestamp::from_secs(1_777_593_600);
    let of_month = rollup.coarser(Step::Hour).encode().expect("encodes");
    (placed("web-01", day, rollup.encode().expect("encodes")), placed("web-01", month, of_month))
}

fn refused(result: Result<(), StoreError>) -> &'static str {
    match result {
        Err(StoreError::Refused { what } | StoreError::Damaged { what }) => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn placed_samples_are_read_like_those_that_were_sent() {
    let (placed_world, mut sent) = (World::new(), World::new());
    let (day, month) = day_and_month();
    let writes = move |w: &mut Writer| {
        w.place_chunks(&[hour()])?;
        w.place_days(&[day])?;
        w.place_months(&[month])
    };
    placed_world.fixture.write(writes).expect("places");
    let all: Vec<(i64, u32)> = (0..60).map(|n| (i64::from(n) * 60, n)).collect();
    sent.accept(0, &all);
    sent.close(9);
    let mut placed_world = placed_world.reopen();
    let told = |world: &World| {
        let (id, key, span) =
            (host("web-01"), LOAD.parse::<SeriesKey>().expect("a series"), (moment(0), moment(7_200)));
        world.fixture.read(|r| {
            let points = |resolution| r.series_points(&id, &key, span, resolution, PAIR);
            let resolutions = (points(Resolution::FiveMinutes)?, points(Resolution::OneHour)?);
            Ok((r.series_values(&id, &key, span, PAIR)?, resolutions))
        })
    };
    assert_eq!(told(&placed_world).0.len(), 60);
    assert_eq!(told(&placed_world), told(&sent));
    // A late sample comes into the placed chunk as into one of ours.
    for world in [&mut placed_world, &mut sent] {
        world.accept(0, &[(90, 7)]);
        world.close(9);
    }
    assert_eq!(told(&placed_world).0.len(), 61);
    assert_eq!(told(&placed_world), told(&sent));
}

#[test]
fn what_could_stand_in_for_something_else_is_refused_and_nothing_of_the_request_stays() {
    let world = World::new();
    let write = |rows: Vec<PlacedRow>| world.fixture.write(move |w| w.place_chunks(&rows));
    let with = |change: fn(&mut PlacedRow)| {
        let mut row = hour();
        change(&mut row);
        row
    };
    let cases: [(PlacedRow, &str); 5] = [
        (with(|row| row.host = host("nobody")), "samples of a host that is not known"),
        (with(|row| row.begins_at = moment(1)), "samples placed where no hour, day or month begins"),
        (with(|row| row.begins_at = moment(3_600)), "samples with instants outside their hour, day or month"),
        (with(|row| row.body = Arc::from([1, 2, 3])), "body of placed samples"),
        (hour(), "samples where there are some already"),
    ];
    for (row, why) in cases {
        assert_eq!(refused(write(vec![hour(), row])), why);
        assert_eq!(world.count("chunk"), 0);
    }
    let (day, month) = day_and_month();
    let swapped = PlacedRow { body: month.body.clone(), ..day };
    assert_eq!(refused(world.fixture.write(move |w| w.place_days(&[swapped]))), "body of placed samples");
    let from = WholeFrom { raw: moment(3_600), five_minutes: moment(86_400), one_hour: moment(40 * 86_400) };
    world.fixture.write(move |w| w.whole_only_from(from)).expect("notes");
    assert_eq!(world.fixture.read(Reader::whole_from).raw, moment(3_600));
    assert_eq!(refused(write(vec![hour()])), "samples of a time that was pruned");
    assert_eq!(refused(world.fixture.write(move |w| w.place_months(&[month]))), "samples of a time that was pruned");
}
