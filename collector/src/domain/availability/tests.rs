//! Figures, outages and verdicts: scenarios as text, and against a second-by-second model.

use super::*;
use crate::domain::calendar::{DEFAULT_ZONE, MinuteOfDay, Period, WeeklyHours};
use crate::domain::state::State;
use chrono::Weekday;

mod model;
mod months;

/// The facts of one case, as text; see [`Facts::parse`].
struct Facts {
    period: Interval,
    as_of: Option<Timestamp>,
    effective: Interval,
    terms: Vec<(Timestamp, Calendar, Option<u32>)>,
    states: Vec<(Timestamp, State)>,
    maintenance: Vec<MaintenanceWindow>,
    corrections: Vec<Correction>,
    policy: Policy,
}

/// `06-14T03:30` or `06-14T03:30:15`, of 2026 in WIB.
fn instant(text: &str) -> Timestamp {
    let seconds = if text.len() == 11 { ":00" } else { "" };
    Timestamp::parse_rfc3339(&format!("2026-{text}{seconds}+07:00")).expect(text)
}

fn interval(text: &str) -> Interval {
    let (from, to) = text.split_once("..").expect("from..to");
    Interval::new(instant(from), instant(to))
}

/// `24x7`, or the same hours for Monday to Friday.
fn calendar(text: &str) -> Calendar {
    let Some((opens, closes)) = text.split_once('-') else { return Calendar::always(DEFAULT_ZONE) };
    let open = vec![(MinuteOfDay::parse(opens).expect(text), MinuteOfDay::parse(closes).expect(text))];
    let mut hours = WeeklyHours::default();
    for day in [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri] {
        hours.set(day, open.clone()).expect("valid");
    }
    Calendar::weekly(DEFAULT_ZONE, hours)
}

impl Facts {
    /// A fact per line: `period 2026-06`, `as_of T`, `effective T..T`, `terms T HOURS TARGET`, `maintenance T..T STATUS
    /// announced T [approved T] [ended T]`, `correct SEQ T..T STATE|excluded|proposed-STATE`, `withdraw SEQ WHICH`,
    /// `policy KEY VALUE`, or `T STATE`. June 2026, 24x7, 99.9 % unless said otherwise.
    fn parse(text: &str) -> Self {
        let mut facts = Self {
            period: Period::parse("2026-06").expect("valid").interval(DEFAULT_ZONE),
            as_of: None,
            effective: Interval::ALL,
            terms: Vec::new(),
            states: Vec::new(),
            maintenance: Vec::new(),
            corrections: Vec::new(),
            policy: Policy::default(),
        };
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            facts.take(&line.split_whitespace().collect::<Vec<_>>());
        }
        if facts.terms.is_empty() {
            facts.terms.push((Interval::ALL.from, Calendar::always(DEFAULT_ZONE), Some(999_000)));
        }
        facts
    }

    fn take(&mut self, words: &[&str]) {
        match words {
            ["period", period] => self.period = Period::parse(period).expect(period).interval(DEFAULT_ZONE),
            ["as_of", at] => self.as_of = Some(instant(at)),
            ["effective", span] => self.effective = interval(span),
            ["terms", at, hours, target] => self.terms.push((instant(at), calendar(hours), target.parse().ok())),
            ["maintenance", span, status, rest @ ..] => self.take_maintenance(interval(span), status, rest),
            ["correct", seq, span, to] => {
                let state = to.trim_start_matches("proposed-");
                let effect = State::parse(state).map_or(CorrectionEffect::Exclude(interval(span)), |state| {
                    CorrectionEffect::SetState(interval(span), state)
                });
                self.corrections.push(Correction { seq: seq.parse().expect(seq), effect, approved: state == *to });
            }
            ["withdraw", seq, which] => self.corrections.push(Correction {
                seq: seq.parse().expect(seq),
                effect: CorrectionEffect::Withdraw { seq: which.parse().expect(which) },
                approved: true,
            }),
            ["policy", "maintenance", "count_as_up"] => self.policy.maintenance = MaintenancePolicy::CountAsUp,
            ["policy", "maintenance", "count_as_down"] => self.policy.maintenance = MaintenancePolicy::CountAsDown,
            ["policy", "degraded", "down"] => self.policy.degraded = DegradedPolicy::Down,
            ["policy", "cap", seconds] => self.policy.excluded_cap_s = Some(seconds.parse().expect(seconds)),
            ["policy", "coverage", ppm] => self.policy.min_coverage_ppm = ppm.parse().expect(ppm),
            [at, state] => self.states.push((instant(at), State::parse(state).expect(state))),
            other => panic!("no fact: {other:?}"),
        }
    }

    fn take_maintenance(&mut self, interval: Interval, status: &str, rest: &[&str]) {
        let stamp = |name| rest.iter().position(|word| *word == name).map(|place| instant(rest[place + 1]));
        self.maintenance.push(MaintenanceWindow {
            interval,
            status: match status {
                "approved" => MaintenanceStatus::Approved,
                "cancelled" => MaintenanceStatus::Cancelled,
                "proposed" => MaintenanceStatus::Proposed,
                "rejected" => MaintenanceStatus::Rejected,
                other => panic!("no status: {other}"),
            },
            announced_at: stamp("announced"),
            approved_at: stamp("approved"),
            ended_early_at: stamp("ended"),
        });
    }

    fn evaluate(&self) -> Availability {
        let terms: Vec<Terms<'_>> = self
            .terms
            .iter()
            .map(|(valid_from, calendar, target_ppm)| Terms {
                valid_from: *valid_from,
                calendar,
                target_ppm: *target_ppm,
                policy: &self.policy,
            })
            .collect();
        evaluate(&Input {
            period: self.period,
            as_of: self.as_of,
            effective: self.effective,
            terms: &terms,
            states: &Timeline::from_changes(self.states.iter().copied()),
            maintenance: &self.maintenance,
            component_maintenance: None,
            corrections: &self.corrections,
        })
    }
}

/// Renders the asked figures of `availability` in the order asked.
fn render(availability: &Availability, keys: &str) -> String {
    let figures = &availability.figures;
    let number = |value: Option<u64>| value.map_or("-".to_owned(), |v| v.to_string());
    let ppm = |value: Option<u32>| number(value.map(u64::from));
    let signed = |value: Option<i64>| value.map_or("-".to_owned(), |v| v.to_string());
    let pairs = keys.split_whitespace().step_by(2).map(|key| {
        let value = match key {
            "agreed" => figures.agreed_s.to_string(),
            "up" => figures.counts.up_s.to_string(),
            "degraded" => figures.counts.degraded_s.to_string(),
            "down" => figures.counts.down_s.to_string(),
            "unknown" => figures.counts.unknown_s.to_string(),
            "excluded" => figures.counts.excluded_s.to_string(),
            "plain_down" => availability.without_maintenance.down_s.to_string(),
            "ppm" => ppm(figures.availability_ppm),
            "min" => ppm(figures.availability_min_ppm),
            "max" => ppm(figures.availability_max_ppm),
            "coverage" => ppm(figures.coverage_ppm),
            "outages" => figures.outages.to_string(),
            "longest" => figures.longest_outage_s.to_string(),
            "mtrs" => number(figures.mtrs_s),
            "mtbf" => number(figures.mtbf_s),
            "budget" => signed(figures.budget_s),
            "left" => signed(figures.budget_left_s),
            "target" => ppm(figures.target_ppm),
            "changed" => figures.target_changed.to_string(),
            "verdict" => figures.verdict.code().to_owned(),
            other => panic!("no figure: {other}"),
        };
        format!("{key} {value}")
    });
    pairs.collect::<Vec<_>>().join(" ")
}

fn check(facts: &str, expected: &str) {
    let availability = Facts::parse(facts).evaluate();
    assert_eq!(render(&availability, expected), expected, "{facts}");
    let counts = availability.figures.counts;
    assert_eq!(counts.agreed_s(), availability.without_maintenance.agreed_s(), "{facts}");
    assert_eq!(availability.outages.iter().map(|o| o.counted_s).sum::<u64>(), counts.down_s, "{facts}");
}

#[test]
fn the_period_is_cut_at_what_is_known() {
    check("as_of 06-11T00:00 \n 05-01T00:00 up", "agreed 864000 up 864000 verdict tercapai");
    check("as_of 07-20T00:00 \n 05-01T00:00 up", "agreed 2592000");
    check(
        "as_of 05-20T00:00 \n 05-01T00:00 up",
        "agreed 0 ppm - min - coverage - verdict tanpa_waktu_layanan budget 0",
    );
    check("effective 06-30T00:00..07-10T00:00 \n 05-01T00:00 up", "agreed 86400");
    check("effective 05-01T00:00..06-02T00:00 \n 05-01T00:00 up", "agreed 86400");
    check("effective 07-01T00:00..07-10T00:00 \n 05-01T00:00 up", "agreed 0 verdict tanpa_waktu_layanan");
    check(
        "terms 01-01T00:00 24x7 none \n period 2026-Q2 \n 01-01T00:00 up",
        "agreed 7862400 verdict target_belum_ditetapkan budget - left -",
    );
}

#[test]
fn maintenance_counts_only_when_approved_and_announced() {
    let june_14 =
        |window: &str| format!("05-01T00:00 up \n 06-14T00:30 down \n 06-14T03:30 up \n maintenance {window}");
    let whole = "06-14T00:00..06-14T04:00";
    let counted = "excluded 14400 down 0 plain_down 10800 outages 0";
    let ignored = "excluded 0 down 10800 plain_down 10800 outages 1";
    check(&june_14(&format!("{whole} approved announced 06-13T00:00")), counted);
    check(&june_14(&format!("{whole} approved announced 06-13T00:00:01")), ignored);
    check(&june_14(&format!("{whole} approved")), ignored);
    check(&june_14(&format!("{whole} approved announced 06-10T00:00 approved 06-14T00:00")), counted);
    check(&june_14(&format!("{whole} approved announced 06-10T00:00 approved 06-14T00:00:01")), ignored);
    for status in ["cancelled", "proposed", "rejected"] {
        check(&june_14(&format!("{whole} {status} announced 06-10T00:00")), ignored);
    }
    // Over-run counts; ended early only when said so.
    check(&june_14("06-14T00:00..06-14T03:00 approved announced 06-10T00:00"), "excluded 10800 down 1800 outages 1");
    check(
        &june_14(&format!("{whole} approved announced 06-10T00:00 ended 06-14T01:00")),
        "excluded 3600 down 9000 outages 1",
    );
    check(&june_14(&format!("{whole} approved announced 06-10T00:00 ended 06-13T23:00")), ignored);
    check(&june_14(&format!("{whole} approved announced 06-10T00:00 ended 06-14T05:00")), counted);
}

#[test]
fn maintenance_policies() {
    let facts = |policy: &str| {
        format!(
            "05-01T00:00 up \n 06-14T01:00 down \n 06-14T05:00 up \n policy {policy}
             maintenance 06-14T00:00..06-14T04:00 approved announced 06-10T00:00"
        )
    };
    // An outage that outlives its window: one run, counted where it counts.
    check(&facts("coverage 990000"), "excluded 14400 down 3600 outages 1 longest 3600");
    check(&facts("maintenance count_as_up"), "excluded 0 down 3600 outages 1 agreed 2592000");
    check(&facts("maintenance count_as_down"), "excluded 0 down 18000 outages 1 longest 18000 plain_down 14400");
}

#[test]
fn a_cap_of_excluded_time_per_month() {
    let facts = |cap: u32, period: &str| {
        format!(
            "period {period} \n 04-01T00:00 up \n policy cap {cap}
             maintenance 06-14T00:00..06-14T04:00 approved announced 06-10T00:00
             maintenance 06-21T00:00..06-21T04:00 approved announced 06-10T00:00
             maintenance 06-30T22:00..07-01T02:00 approved announced 06-10T00:00"
        )
    };
    check(&facts(36_000, "2026-06"), "excluded 36000 down 0 outages 0");
    check(&facts(18_000, "2026-06"), "excluded 18000 down 18000 outages 2 longest 10800");
    // A new month has its own cap.
    check(&facts(18_000, "2026-07"), "excluded 7200 down 0");
    // Days of the month sum to the month.
    check(&facts(18_000, "2026-06-14"), "excluded 14400 down 0");
    check(&facts(18_000, "2026-06-21"), "excluded 3600 down 10800");
    check(&facts(18_000, "2026-06-30"), "excluded 0 down 7200");
    check(&facts(18_000, "2026"), "excluded 25200 down 18000");
    check(&facts(0, "2026-06"), "excluded 0 down 36000 outages 3");
    // Time that a correction took away does not use the cap, nor does time out of force.
    let corrected = format!("{} \n correct 1 06-14T00:00..06-14T04:00 up", facts(18_000, "2026-06"));
    check(&corrected, "excluded 18000 down 3600 outages 1");
    let later = format!("{} \n effective 06-15T00:00..07-15T00:00", facts(18_000, "2026-06"));
    check(&later, "excluded 18000 down 3600");
    // A run of such time is one run over the rim of the month, seen from both sides.
    for (period, started_in_period) in [("2026-06-30", true), ("2026-07-01", false)] {
        let outages = Facts::parse(&facts(0, period)).evaluate().outages;
        let run = interval("06-30T22:00..07-01T02:00");
        assert_eq!(outages, [Outage { from: run.from, to: Some(run.to), counted_s: 7200, started_in_period }]);
    }
}

#[test]
fn corrections_overrule_maintenance_and_each_other() {
    let facts = |corrections: &str| {
        format!(
            "05-01T00:00 up \n 06-14T01:00 down \n 06-14T05:00 up \n {corrections}
             maintenance 06-14T00:00..06-14T04:00 approved announced 06-10T00:00"
        )
    };
    check(&facts(""), "excluded 14400 down 3600");
    check(&facts("correct 1 06-14T02:00..06-14T03:00 down"), "excluded 10800 down 7200 outages 1");
    check(&facts("correct 1 06-14T02:00..06-14T03:00 proposed-down"), "excluded 14400 down 3600");
    check(&facts("correct 1 06-14T04:00..06-14T05:00 unknown"), "excluded 14400 down 0 unknown 3600");
    // The sequence decides, not the order in the list.
    check(
        &facts("correct 2 06-14T04:00..06-14T05:00 up \n correct 1 06-14T03:00..06-14T06:00 excluded"),
        "excluded 18000 down 0 up 2574000",
    );
    check(
        &facts("correct 1 06-14T04:00..06-14T05:00 up \n correct 2 06-14T03:00..06-14T06:00 excluded"),
        "excluded 21600 down 0",
    );
    check(&facts("correct 1 06-14T04:00..06-14T05:00 up \n withdraw 2 1"), "excluded 14400 down 3600");
    check(&facts("correct 1 06-14T04:00..06-14T05:00 up \n withdraw 2 1 \n withdraw 3 2"), "excluded 14400 down 0");
}

#[test]
fn what_splits_a_run() {
    let office = "terms 01-01T00:00 08:00-16:00 999000 \n";
    // Closed time inside a run does not, nor does an excluded stretch.
    check(
        &format!("{office} 05-01T00:00 up \n 06-03T15:00 down \n 06-04T09:00 up"),
        "outages 1 down 7200 longest 7200",
    );
    check(
        "05-01T00:00 up \n 06-03T10:00 down \n 06-03T14:00 up \n correct 1 06-03T11:00..06-03T12:00 excluded",
        "outages 1 down 10800",
    );
    // Recovered while closed: two runs. Unknown while closed: two.
    check(
        &format!("{office} 05-01T00:00 up \n 06-03T15:00 down \n 06-03T20:00 up \n 06-04T07:00 down \n 06-04T09:00 up"),
        "outages 2 down 7200 longest 3600",
    );
    check(
        "05-01T00:00 up \n 06-03T10:00 down \n 06-03T11:00 unknown \n 06-03T12:00 down \n 06-03T13:00 up",
        "outages 2 down 7200 unknown 3600",
    );
    check(
        "05-01T00:00 up \n 06-03T10:00 down \n 06-03T13:00 up \n correct 1 06-03T11:00..06-03T12:00 up",
        "outages 2 down 7200",
    );
    check(
        "05-01T00:00 up \n 06-03T10:00 down \n 06-03T11:00 degraded \n 06-03T12:00 down \n 06-03T13:00 up",
        "outages 2 down 7200 degraded 3600",
    );
    check(
        "policy degraded down \n 05-01T00:00 up \n 06-03T10:00 down \n 06-03T11:00 degraded \n 06-03T12:00 down \n 06-03T13:00 up",
        "outages 1 down 10800 degraded 3600",
    );
    // Wholly outside service time: no outage.
    check(&format!("{office} 05-01T00:00 up \n 06-03T17:00 down \n 06-04T07:00 up"), "outages 0 down 0 mtrs - mtbf -");
}

#[test]
fn outages_know_where_they_began_and_whether_they_ended() {
    let told = |facts: &str| -> Vec<String> {
        let availability = Facts::parse(facts).evaluate();
        let text = |o: &Outage| {
            let to = o.to.map_or("open".to_owned(), |t| t.to_string());
            format!("{} .. {to} {} s {}", o.from, o.counted_s, if o.started_in_period { "here" } else { "before" })
        };
        availability.outages.iter().map(text).collect()
    };
    let crossing = "05-01T00:00 up \n 05-31T23:00 down \n 06-01T01:00 up \n 06-30T23:00 down \n 07-01T02:00 up";
    assert_eq!(
        told(crossing),
        [
            "2026-05-31T16:00:00Z .. 2026-05-31T18:00:00Z 3600 s before",
            "2026-06-30T16:00:00Z .. 2026-06-30T19:00:00Z 3600 s here"
        ]
    );
    assert_eq!(told(&format!("as_of 06-30T23:30 \n {crossing}"))[1], "2026-06-30T16:00:00Z .. open 1800 s here");
    assert_eq!(told("06-30T23:00 down"), ["2026-06-30T16:00:00Z .. open 3600 s here"]);
    // A correction of May moves the beginning of what reaches into June.
    let corrected = format!("{crossing} \n correct 1 05-31T20:00..06-01T00:00 up");
    assert_eq!(told(&corrected)[0], "2026-05-31T17:00:00Z .. 2026-05-31T18:00:00Z 3600 s here");
}

#[test]
fn verdicts_at_their_edges() {
    let counts = |up_s, down_s, unknown_s| Counts { up_s, down_s, unknown_s, ..Counts::default() };
    let verdict = |c: Counts, target| Verdict::evaluate(&c, target, 990_000).code();
    assert_eq!(verdict(counts(999, 1, 0), Some(999_000)), "tercapai");
    assert_eq!(verdict(counts(998, 2, 0), Some(999_000)), "tidak_tercapai");
    assert_eq!(verdict(counts(0, 0, 0), Some(999_000)), "tanpa_waktu_layanan");
    assert_eq!(verdict(counts(0, 0, 0), None), "target_belum_ditetapkan");
    assert_eq!(verdict(counts(0, 0, 10), Some(0)), "tercapai");
    // Certain whatever the unknown was, even with little coverage.
    assert_eq!(verdict(counts(900, 0, 100), Some(900_000)), "tercapai");
    assert_eq!(verdict(counts(800, 101, 99), Some(900_000)), "tidak_tercapai");
    // It could go either way: coverage of 99 % suffices to compare what is known, just below does not.
    assert_eq!(verdict(counts(9_890, 10, 100), Some(998_000)), "tercapai");
    assert_eq!(verdict(counts(9_889, 10, 101), Some(998_000)), "data_tidak_cukup");
    assert_eq!(verdict(counts(9_870, 30, 100), Some(998_000)), "tidak_tercapai");
    // Nothing known is never compared, whatever coverage is asked for.
    assert_eq!(Verdict::evaluate(&counts(0, 0, 10), Some(999_000), 0).code(), "data_tidak_cukup");
    // Products beyond 64 bits.
    let huge = u64::MAX / 4;
    assert_eq!(verdict(counts(huge, 0, 0), Some(1_000_000)), "tercapai");
    assert_eq!(verdict(counts(huge - 1, 1, 0), Some(1_000_000)), "tidak_tercapai");
    assert_eq!(ratio_ppm(huge - 1, huge), Some(999_999));
    assert_eq!(ratio_ppm(0, 0), None);
}

#[test]
fn terms_that_change_split_the_period() {
    let facts = "05-01T00:00 up \n 06-10T10:00 down \n 06-10T11:00 up \n 06-20T10:00 down \n 06-20T11:00 up
        terms 01-01T00:00 24x7 990000 \n terms 06-16T00:00 24x7 999000";
    // 15 days at 1 % and 15 days at 0.1 %: 12960 + 1296.
    check(facts, "agreed 2592000 target 999000 changed true budget 14256 left 7056 ppm 997222 verdict tidak_tercapai");
    // Before the change only the old target is in force.
    check(&format!("as_of 06-16T00:00 \n {facts}"), "target 990000 changed false budget 12960 left 9360");
    check(&format!("period 2026-07 \n {facts}"), "target 999000 changed false");
    // Changed exactly at its beginning: one target only.
    check(&format!("period 2026-06-16 \n {facts}"), "target 999000 changed false budget 86");
    // Other hours from the 16th (a Tuesday): 11 working days of 8 h.
    check(
        "05-01T00:00 up \n terms 01-01T00:00 24x7 999000 \n terms 06-16T00:00 08:00-16:00 999000",
        "agreed 1612800 changed false",
    );
    // A stretch without target neither allows nor spends.
    check(
        "06-01T00:00 up \n 06-10T10:00 down \n 06-10T11:00 up \n terms 01-01T00:00 24x7 none \n terms 06-16T00:00 24x7 999000",
        "budget 1296 left 1296 changed true",
    );
    // Nothing was agreed before the first terms.
    check("06-01T00:00 up \n terms 06-16T00:00 24x7 999000", "agreed 1296000");
}

#[test]
fn component_maintenance_is_maintenance() {
    let facts = Facts::parse("05-01T00:00 up \n 06-14T00:00 down \n 06-14T04:00 up");
    let states = Timeline::from_changes(facts.states.iter().copied());
    let components = IntervalSet::from(interval("06-14T01:00..06-14T03:00"));
    let calendar = Calendar::always(DEFAULT_ZONE);
    let availability = evaluate(&Input {
        period: facts.period,
        as_of: None,
        effective: Interval::ALL,
        terms: &[Terms {
            valid_from: Interval::ALL.from,
            calendar: &calendar,
            target_ppm: None,
            policy: &facts.policy,
        }],
        states: &states,
        maintenance: &facts.maintenance,
        component_maintenance: Some(&components),
        corrections: &facts.corrections,
    });
    let expected = "excluded 7200 down 7200 plain_down 14400 outages 1";
    assert_eq!(render(&availability, expected), expected);
}
