//! Calendars against the wall clock: clock changes, holidays, periods, deadlines.

use super::zone::{day, day_start, last_days, local_date};
use super::*;
use chrono::{TimeZone, Timelike, Weekday};
use proptest::prelude::*;

fn instant(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).expect("RFC 3339")
}

fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn reading(text: &str) -> MinuteOfDay {
    MinuteOfDay::parse(text).expect("HH:MM")
}

/// `08:00-12:00 13:00-16:00` on each of `days`.
fn weekly(days: &[Weekday], open: &str) -> WeeklyHours {
    let intervals: Vec<_> = open
        .split_whitespace()
        .map(|part| part.split_once('-').map(|(a, b)| (reading(a), reading(b))).expect("from-to"))
        .collect();
    let mut hours = WeeklyHours::default();
    for day in days {
        hours.set(*day, intervals.clone()).expect("valid");
    }
    hours
}

const WEEKDAYS: [Weekday; 5] = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
const EVERY_DAY: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

fn office() -> Calendar {
    Calendar::weekly(DEFAULT_ZONE, weekly(&WEEKDAYS, "08:00-12:00 13:00-16:00"))
}

/// The open intervals between two local dates, in the zone's wall clock.
fn check(calendar: &Calendar, from: &str, to: &str, expected: &[&str]) {
    let window = Interval::new(day_start(calendar.zone, date(from)), day_start(calendar.zone, date(to)));
    let local =
        |t: Timestamp| calendar.zone.from_utc_datetime(&t.to_utc().naive_utc()).format("%d %H:%M%z").to_string();
    let got: Vec<String> =
        calendar.open_in(window).iter().map(|i| format!("{} .. {}", local(i.from), local(i.to))).collect();
    assert_eq!(got, expected);
}

#[test]
fn weekly_hours_overrides_and_holidays() {
    let mut calendar = office();
    check(
        &calendar,
        "2026-06-05",
        "2026-06-09",
        &[
            "05 08:00+0700 .. 05 12:00+0700",
            "05 13:00+0700 .. 05 16:00+0700",
            "08 08:00+0700 .. 08 12:00+0700",
            "08 13:00+0700 .. 08 16:00+0700",
        ],
    );
    let shorter = Hours::Weekly(weekly(&WEEKDAYS, "09:00-14:00"));
    calendar.overrides.push(CalendarOverride { first: date("2026-06-08"), last: date("2026-06-09"), hours: shorter });
    // Both rims of the range are in it.
    check(
        &calendar,
        "2026-06-05",
        "2026-06-10",
        &[
            "05 08:00+0700 .. 05 12:00+0700",
            "05 13:00+0700 .. 05 16:00+0700",
            "08 09:00+0700 .. 08 14:00+0700",
            "09 09:00+0700 .. 09 14:00+0700",
        ],
    );
    let always = CalendarOverride { first: date("2026-06-09"), last: date("2026-06-09"), hours: Hours::Always };
    calendar.overrides.push(always);
    check(&calendar, "2026-06-09", "2026-06-10", &["09 00:00+0700 .. 10 00:00+0700"]);
    calendar.holidays.insert(date("2026-06-09"));
    check(&calendar, "2026-06-09", "2026-06-10", &[]);
    calendar.holidays_open = true;
    check(&calendar, "2026-06-09", "2026-06-10", &["09 00:00+0700 .. 10 00:00+0700"]);
}

#[test]
fn whole_days_join_and_only_24x7_ignores_holidays() {
    let mut calendar = Calendar::weekly(DEFAULT_ZONE, weekly(&EVERY_DAY, "00:00-24:00"));
    check(&calendar, "2026-06-01", "2026-06-04", &["01 00:00+0700 .. 04 00:00+0700"]);
    calendar.holidays.insert(date("2026-06-02"));
    check(&calendar, "2026-06-01", "2026-06-04", &["01 00:00+0700 .. 02 00:00+0700", "03 00:00+0700 .. 04 00:00+0700"]);
    calendar.hours = Hours::Always;
    check(&calendar, "2026-06-01", "2026-06-04", &["01 00:00+0700 .. 04 00:00+0700"]);
}

#[test]
fn days_of_a_clock_change() {
    let berlin = |open| Calendar::weekly(Tz::Europe__Berlin, weekly(&EVERY_DAY, open));
    // 29 March 2026: 02:00 becomes 03:00. What is skipped opens nothing.
    check(&berlin("01:00-02:30"), "2026-03-29", "2026-03-30", &["29 01:00+0100 .. 29 03:00+0200"]);
    check(&berlin("02:15-02:45"), "2026-03-29", "2026-03-30", &[]);
    check(&berlin("02:30-04:00"), "2026-03-29", "2026-03-30", &["29 03:00+0200 .. 29 04:00+0200"]);
    // 25 October 2026: 03:00 becomes 02:00. What occurs twice is open twice.
    check(&berlin("01:00-03:00"), "2026-10-25", "2026-10-26", &["25 01:00+0200 .. 25 03:00+0100"]);
    check(
        &berlin("02:15-02:45"),
        "2026-10-25",
        "2026-10-26",
        &["25 02:15+0200 .. 25 02:45+0200", "25 02:15+0100 .. 25 02:45+0100"],
    );
    let hours = |zone, text| day(zone, date(text)).length_s() as f64 / 3600.0;
    assert_eq!(hours(Tz::Europe__Berlin, "2026-03-29"), 23.0);
    assert_eq!(hours(Tz::Europe__Berlin, "2026-10-25"), 25.0);
    assert_eq!(hours(Tz::Australia__Lord_Howe, "2026-04-05"), 24.5);
    assert_eq!(hours(DEFAULT_ZONE, "2026-03-29"), 24.0);
    assert_eq!(day_start(DEFAULT_ZONE, date("2026-06-01")), instant("2026-06-01T00:00:00+07:00"));
}

#[test]
fn clock_changes_at_midnight_and_a_date_left_out() {
    // Cairo skips 00:00-01:00: the day begins at 01:00.
    assert_eq!(day_start(Tz::Africa__Cairo, date("2026-04-24")), instant("2026-04-24T01:00:00+03:00"));
    // Havana goes from 01:00 back to 00:00: the day begins the first time.
    assert_eq!(day_start(Tz::America__Havana, date("2026-11-01")), instant("2026-11-01T00:00:00-04:00"));
    assert_eq!(day(Tz::America__Havana, date("2026-11-01")).length_s(), 25 * 3600);
    // Samoa left out 30 December 2011.
    assert!(day(Tz::Pacific__Apia, date("2011-12-30")).is_empty());
    let open = Calendar::weekly(Tz::Pacific__Apia, weekly(&EVERY_DAY, "08:00-16:00"));
    let window = Interval::new(day_start(open.zone, date("2011-12-29")), day_start(open.zone, date("2012-01-01")));
    assert_eq!(open.open_in(window).length_s(), 2 * 8 * 3600);
}

fn any_zone() -> impl Strategy<Value = (Tz, &'static str)> {
    prop::sample::select(vec![
        (Tz::Asia__Jakarta, "2026-06-01"),
        (Tz::Europe__Berlin, "2026-03-28"),
        (Tz::Europe__Berlin, "2026-10-24"),
        (Tz::Africa__Cairo, "2026-04-23"),
        (Tz::Africa__Cairo, "2026-10-29"),
        (Tz::America__Havana, "2026-03-07"),
        (Tz::America__Havana, "2026-10-31"),
        (Tz::Australia__Lord_Howe, "2026-04-04"),
        (Tz::Asia__Kathmandu, "1985-12-31"),
        (Tz::America__Sao_Paulo, "2018-02-17"),
        (Tz::Pacific__Apia, "2011-12-29"),
    ])
}

fn any_hours() -> impl Strategy<Value = WeeklyHours> {
    prop::collection::vec(prop::collection::btree_set(0u16..=96, 0..7), 7).prop_map(|days| {
        let mut hours = WeeklyHours::default();
        for (day, quarters) in EVERY_DAY.into_iter().zip(days) {
            let readings: Vec<_> =
                quarters.iter().map(|q| reading(&format!("{:02}:{:02}", q * 15 / 60, q * 15 % 60))).collect();
            hours.set(day, readings.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()).expect("valid");
        }
        hours
    })
}

proptest! {
    /// Minute by minute by the one sentence of the design: open when the wall clock reading is in an open interval.
    #[test]
    fn open_time_equals_reading_the_wall_clock(
        (zone, first) in any_zone(), hours in any_hours(), holiday in 0u64..4, offset in 0i64..1440,
    ) {
        let mut calendar = Calendar::weekly(zone, hours.clone());
        let holiday = date(first) + chrono::Days::new(holiday);
        calendar.holidays.insert(holiday);
        let from = day_start(zone, date(first)).plus_secs(60 * offset);
        let window = Interval::new(from, from.plus_secs(3 * 86_400));
        let open = calendar.open_in(window);
        for minute in 0..3 * 1440 {
            let at = from.plus_secs(60 * minute);
            let local = zone.from_utc_datetime(&at.to_utc().naive_utc()).naive_local();
            let since_midnight = i64::from(local.time().num_seconds_from_midnight()) * 1000;
            let expected = local.date() != holiday
                && hours.on(local.date().weekday()).iter().any(|(a, b)| a.as_ms() <= since_midnight && since_midnight < b.as_ms());
            prop_assert_eq!(open.contains(at), expected, "{} {}", local, zone);
        }
    }

    #[test]
    fn adding_open_time_and_measuring_it_are_inverse(
        (zone, first) in any_zone(), hours in any_hours(), offset in 0i64..86_400, duration_s in 1u64..2_000_000,
    ) {
        let calendar = Calendar::weekly(zone, hours);
        let start = day_start(zone, date(first)).plus_secs(offset);
        match calendar.add_open(start, duration_s) {
            Ok(end) => {
                prop_assert_eq!(calendar.open_between(start, end), duration_s);
                // The earliest such instant: the second before it was open.
                prop_assert!(calendar.open_between(start, end.plus_secs(-1)) == duration_s - 1);
            }
            Err(AddOpenError::NoOpenTime { .. }) => {
                prop_assert_eq!(calendar.open_between(start, start.plus_ms(CLOSED_DAYS_MAX * DAY_MS)), 0);
            }
            Err(AddOpenError::TooFar { .. }) => {
                prop_assert!(calendar.open_between(start, start.plus_ms(ADD_OPEN_DAYS_MAX * DAY_MS)) < duration_s);
            }
        }
    }

    #[test]
    fn the_parts_of_a_period_tile_it((zone, first) in any_zone(), days in 0u64..800) {
        let date = date(first) + chrono::Days::new(days);
        for (kind, parts) in [
            (PeriodKind::Week, PeriodKind::Day),
            (PeriodKind::Month, PeriodKind::Day),
            (PeriodKind::Quarter, PeriodKind::Month),
            (PeriodKind::Year, PeriodKind::Quarter),
        ] {
            let whole = Period::containing(kind, date);
            prop_assert!(whole.first_date() <= date && date < whole.end_date());
            prop_assert_eq!(Period::parse(&whole.to_string()), Ok(whole));
            prop_assert_eq!(whole.next().previous(), whole);
            let mut part = Period::containing(parts, whole.first_date());
            let mut at = whole.interval(zone).from;
            while part.first_date() < whole.end_date() {
                prop_assert_eq!(part.interval(zone).from, at);
                at = part.interval(zone).to;
                part = part.next();
            }
            prop_assert_eq!(at, whole.interval(zone).to);
        }
    }
}

#[test]
fn deadlines() {
    let due = |start: &str, duration_s| office().add_open(instant(start), duration_s).map(|t| t.to_string());
    let wib = |text: &str| Ok(instant(text).to_string());
    // Exactly closing time is that closing time; a second more is the next day.
    assert_eq!(due("2026-06-08T15:00:00+07:00", 3600), wib("2026-06-08T16:00:00+07:00"));
    assert_eq!(due("2026-06-08T15:00:00+07:00", 3601), wib("2026-06-09T08:00:01+07:00"));
    assert_eq!(due("2026-06-08T11:00:00+07:00", 3600), wib("2026-06-08T12:00:00+07:00"));
    // Nothing to add ends when it opens, milliseconds are kept.
    assert_eq!(due("2026-06-06T11:00:00+07:00", 0), wib("2026-06-08T08:00:00+07:00"));
    assert_eq!(due("2026-06-08T09:00:00.250+07:00", 60), wib("2026-06-08T09:01:00.250+07:00"));
    // 24x7 is plain addition.
    let always = Calendar::always(DEFAULT_ZONE).add_open(instant("2026-06-08T23:59:59+07:00"), 2);
    assert_eq!(always, Ok(instant("2026-06-09T00:00:01+07:00")));
}

#[test]
fn a_calendar_without_open_time_is_refused() {
    let start = instant("2026-06-08T00:00:00+07:00");
    let closed = Calendar::weekly(DEFAULT_ZONE, WeeklyHours::default());
    assert_eq!(closed.add_open(start, 1), Err(AddOpenError::NoOpenTime { from: start }));
    let mut shut = office();
    let none = Hours::Weekly(WeeklyHours::default());
    shut.overrides.push(CalendarOverride { first: date("2026-06-09"), last: date("2026-12-31"), hours: none });
    assert!(shut.add_open(start, 7 * 3600).is_ok());
    assert!(matches!(shut.add_open(start, 7 * 3600 + 1), Err(AddOpenError::NoOpenTime { .. })));
    let far = Calendar::always(DEFAULT_ZONE).add_open(start, u64::MAX);
    assert_eq!(far, Err(AddOpenError::TooFar { start, duration_s: u64::MAX }));
    assert_eq!(office().open_between(start, start), 0);
    assert_eq!(office().open_between(start, start.plus_secs(-86_400 * 7)), 0);
}

#[test]
fn periods_parse_and_print() {
    let check = |text: &str, from: &str, to: &str| {
        let period = Period::parse(text).expect(text);
        assert_eq!(period.to_string(), text);
        assert_eq!(period.interval(DEFAULT_ZONE), Interval::new(instant(from), instant(to)), "{text}");
    };
    check("2026", "2026-01-01T00:00:00+07:00", "2027-01-01T00:00:00+07:00");
    check("2026-Q2", "2026-04-01T00:00:00+07:00", "2026-07-01T00:00:00+07:00");
    check("2028-02", "2028-02-01T00:00:00+07:00", "2028-03-01T00:00:00+07:00");
    check("2026-12", "2026-12-01T00:00:00+07:00", "2027-01-01T00:00:00+07:00");
    check("2026-06-14", "2026-06-14T00:00:00+07:00", "2026-06-15T00:00:00+07:00");
    check("2026-W24", "2026-06-08T00:00:00+07:00", "2026-06-15T00:00:00+07:00");
    // Weeks belong to the year of their Thursday.
    check("2026-W01", "2025-12-29T00:00:00+07:00", "2026-01-05T00:00:00+07:00");
    check("2026-W53", "2026-12-28T00:00:00+07:00", "2027-01-04T00:00:00+07:00");
    for text in [
        "",
        "26",
        "2026-",
        "2026-0",
        "2026-13",
        "2026-6",
        "2026-00",
        "2026-Q0",
        "2026-Q5",
        "2026-Q",
        "2026-W00",
        "2026-W54",
        "2025-W53",
        "2026-W1",
        "2026-02-29",
        "2026-06-14-1",
        "2026-06-14T00",
        "+2026",
        "1969",
        "3000",
        "99999",
        " 2026",
        "２０２６",
    ] {
        assert!(Period::parse(text).is_err(), "{text:?}");
    }
    let error = Period::parse(&"x".repeat(1000)).expect_err("no period");
    assert!(error.text.len() == 32 && error.to_string().starts_with("period \"xxx"));
}

#[test]
fn local_dates_of_the_last_days() {
    // 18:00 UTC is the next day in Jakarta.
    assert_eq!(local_date(DEFAULT_ZONE, instant("2026-06-14T18:00:00Z")), date("2026-06-15"));
    let days = last_days(DEFAULT_ZONE, instant("2026-06-14T18:00:00Z"), 90);
    assert_eq!((days.len(), days[0].0, days[89].0), (90, date("2026-03-18"), date("2026-06-15")));
    assert!(days.windows(2).all(|w| w[0].1.to == w[1].1.from));
    assert_eq!(days[89].1.from, instant("2026-06-15T00:00:00+07:00"));
}

#[test]
fn absurd_instants_cost_no_crash_and_no_eternity() {
    let end = instant("3000-01-01T00:00:00Z");
    let open = office().open_in(Interval::ALL);
    assert!(open.as_slice().last().is_some_and(|last| last.to <= end && last.to > end.plus_ms(-7 * DAY_MS)));
    assert_eq!(Calendar::always(DEFAULT_ZONE).open_in(Interval::ALL), Interval::ALL.into());
    for ms in [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX - 1, i64::MAX] {
        let at = Timestamp::from_ms(ms);
        for zone in [DEFAULT_ZONE, Tz::Europe__Berlin, Tz::America__Havana] {
            for kind in [PeriodKind::Day, PeriodKind::Week, PeriodKind::Month, PeriodKind::Quarter, PeriodKind::Year] {
                let period = Period::containing_instant(kind, zone, at);
                assert!(period.interval(zone).length_ms() <= 366 * DAY_MS.unsigned_abs());
                assert!(period.previous() <= period && period <= period.next());
            }
            assert!(last_days(zone, at, 90).len() <= 90);
        }
        let calendar = Calendar { zone: Tz::Europe__Berlin, ..office() };
        assert!(calendar.open_in(Interval::new(at, at.plus_ms(DAY_MS))).length_ms() <= DAY_MS.unsigned_abs());
        assert!(ms.abs_diff(0) < 2 || matches!(calendar.add_open(at, 60), Err(AddOpenError::NoOpenTime { .. })));
    }
}

#[test]
fn readings_and_hours_are_checked() {
    for text in ["00:00", "07:30", "23:59", "24:00"] {
        assert_eq!(reading(text).to_string(), text);
    }
    for text in ["24:01", "7:30", "07:60", "07.30", "", ":", "25:00", "-1:00", "07:3O", "99:99", "07:300"] {
        assert!(MinuteOfDay::parse(text).is_err(), "{text:?}");
    }
    let mut hours = WeeklyHours::default();
    let open = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| (reading(a), reading(b))).collect::<Vec<_>>();
    assert_eq!(hours.set(Weekday::Mon, open(&[("13:00", "16:00"), ("08:00", "13:00")])), Ok(()));
    assert_eq!(hours.on(Weekday::Mon)[0].0, reading("08:00"));
    let refused = hours.set(Weekday::Mon, open(&[("08:00", "12:00"), ("11:59", "16:00")])).expect_err("overlap");
    assert_eq!(refused.to_string(), "open interval 11:59-16:00 overlaps the one before it");
    let refused = hours.set(Weekday::Mon, open(&[("22:00", "06:00")])).expect_err("backward");
    assert!(refused.to_string().contains("over midnight is written as two"), "{refused}");
    assert!(hours.set(Weekday::Mon, open(&[("08:00", "08:00")])).is_err());
}
