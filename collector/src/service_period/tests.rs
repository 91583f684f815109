//! Figures through roll-ups equal the raw computation, in every field: in random worlds, after any edit, change of the
//! rules, interruption and restart.

use super::fill::{self, Filled};
use super::*;
use crate::domain::availability::rules::AgreedTerms;
use crate::domain::availability::{
    Correction, CorrectionEffect, DegradedPolicy, MaintenancePolicy, MaintenanceStatus, MaintenanceWindow, Policy,
};
use crate::domain::calendar::period::PeriodKind;
use crate::domain::calendar::{Calendar, CalendarOverride, Hours, MinuteOfDay, WeeklyHours, zone};
use crate::domain::state::State;
use crate::store::Store;
use crate::store::records::{Decision, LedgerEdit};
use chrono::{Days, NaiveDate, Weekday};
use chrono_tz::Tz;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use std::time::Duration;
use tempfile::TempDir;

mod kept;

/// Services of one case: one store holds as many worlds.
const WORLDS: usize = 16;

/// Cases; together at least 2,000 worlds.
const CASES: u32 = 128;

/// Days that a ledger spans at most.
const DAYS: i64 = 130;

/// Zones with the first day of their worlds: clocks change in most, one of them by half an hour, one skips a date.
const PLACES: [(Tz, &str); 5] = [
    (chrono_tz::Asia::Jakarta, "2026-04-20"),
    (chrono_tz::Europe::Berlin, "2026-02-20"),
    (chrono_tz::America::Santiago, "2026-02-20"),
    (chrono_tz::Australia::Lord_Howe, "2026-02-20"),
    (chrono_tz::Pacific::Apia, "2011-11-20"),
];

/// A service, its ledger and its rules, all in milliseconds from the first day on.
#[derive(Debug, Clone)]
struct World {
    ledger: Vec<(i64, i64, State)>,
    terms: Vec<(i64, Option<WeeklyHours>, Option<u32>)>,
    holidays: Vec<u64>,
    overriding: Option<(u64, u64)>,
    windows: Vec<(i64, i64)>,
    corrections: Vec<(i64, i64, Option<State>)>,
    policy: Policy,
    /// Seconds after the ledger's begin.
    effective_after_s: Option<i64>,
}

/// What happens next.
#[derive(Debug, Clone)]
enum Step {
    /// Closed days are rolled up.
    Fill,
    /// A ledger is made anew from an instant on.
    Edit(usize, Vec<(i64, i64, State)>, i64),
    /// The newest row becomes longer, told from its begin: what nearly every answer does.
    Lengthen(usize, i64),
    /// A correction is approved.
    Correct(usize, (i64, i64, Option<State>)),
    /// The program starts again.
    Restart,
}

fn any_instant() -> impl Strategy<Value = i64> {
    let day = 86_400_000;
    // Instants near midnight are of interest, to the millisecond.
    prop_oneof![0..DAYS * day, (0..DAYS, -1_500_i64..1_500).prop_map(move |(date, ms)| (date * day + ms).max(0))]
}

fn any_span() -> impl Strategy<Value = (i64, i64)> {
    let length = prop_oneof![1_i64..3_000, 1_i64..40_000_000, 1_i64..900_000_000];
    (any_instant(), length).prop_map(|(from, length)| (from, from + length))
}

fn any_state() -> impl Strategy<Value = State> {
    prop::sample::select(vec![State::Up, State::Up, State::Degraded, State::Down, State::Down, State::Unknown])
}

fn any_ledger() -> impl Strategy<Value = Vec<(i64, i64, State)>> {
    let gap = prop_oneof![3 => Just(0_i64), 1 => 1_i64..2_000, 1 => 1_i64..90_000_000];
    let length = prop_oneof![1_i64..2_500, 1_i64..8_000_000, 1_i64..200_000_000, 1_i64..2_600_000_000];
    let start = any_instant().prop_map(|at| at / 4);
    (start, prop::collection::vec((gap, length, any_state()), 1..60)).prop_map(|(mut at, parts)| {
        let mut rows = Vec::new();
        for (gap, length, state) in parts {
            rows.push((at + gap, at + gap + length, state));
            at += gap + length;
        }
        rows
    })
}

fn any_hours() -> impl Strategy<Value = Option<WeeklyHours>> {
    let open = (0_u32..12, 13_u32..=24);
    prop::option::of(prop::collection::vec((0_usize..7, open), 1..7).prop_map(|days| {
        const WEEK: [Weekday; 3] = [Weekday::Mon, Weekday::Sat, Weekday::Sun];
        let mut hours = WeeklyHours::default();
        for (day, (opens, closes)) in days {
            let reading = |hour: u32| MinuteOfDay::parse(&format!("{hour:02}:00")).expect("valid");
            let day = WEEK.get(day).copied().unwrap_or(Weekday::Wed);
            hours.set(day, vec![(reading(opens), reading(closes))]).expect("valid");
        }
        hours
    }))
}

fn any_policy() -> impl Strategy<Value = Policy> {
    let maintenance = prop::sample::select(vec![
        MaintenancePolicy::Exclude,
        MaintenancePolicy::Exclude,
        MaintenancePolicy::CountAsUp,
        MaintenancePolicy::CountAsDown,
    ]);
    let degraded = prop::sample::select(vec![DegradedPolicy::Up, DegradedPolicy::Up, DegradedPolicy::Down]);
    let cap = prop::option::weighted(0.3, 0_u64..200_000);
    (maintenance, degraded, cap).prop_map(|(maintenance, degraded, excluded_cap_s)| Policy {
        maintenance,
        degraded,
        excluded_cap_s,
        ..Policy::default()
    })
}

fn any_world() -> impl Strategy<Value = World> {
    let target = prop::option::of(prop::sample::select(vec![990_000_u32, 999_000]));
    // Terms begin at whole seconds.
    let begins = any_instant().prop_map(|at| at / 1000 * 1000);
    let first = (Just(-400 * 86_400_000_i64), any_hours(), target.clone());
    let more = prop::collection::vec((begins, any_hours(), target), 0..3);
    let correction = (any_span(), prop::option::of(any_state())).prop_map(|((from, to), state)| (from, to, state));
    (
        any_ledger(),
        (first, more),
        (prop::collection::vec(0..DAYS as u64, 0..3), prop::option::of((0..DAYS as u64, 1_u64..20))),
        prop::collection::vec(any_span(), 0..4),
        prop::collection::vec(correction, 0..3),
        any_policy(),
        prop::option::weighted(0.2, 0_i64..3_000_000),
    )
        .prop_map(|(ledger, (first, mut terms), (holidays, overriding), windows, corrections, policy, after)| {
            terms.push(first);
            terms.sort_by_key(|(from, ..)| *from);
            terms.dedup_by_key(|(from, ..)| *from);
            World { ledger, terms, holidays, overriding, windows, corrections, policy, effective_after_s: after }
        })
}

fn any_step() -> impl Strategy<Value = Step> {
    let correction = (any_span(), prop::option::of(any_state())).prop_map(|((from, to), state)| (from, to, state));
    prop_oneof![
        2 => Just(Step::Fill),
        2 => (0..WORLDS, any_ledger(), any_instant()).prop_map(|(world, rows, from)| Step::Edit(world, rows, from)),
        2 => (0..WORLDS, 1_i64..200_000_000).prop_map(|(world, more)| Step::Lengthen(world, more)),
        1 => (0..WORLDS, correction).prop_map(|(world, correction)| Step::Correct(world, correction)),
        1 => Just(Step::Restart),
    ]
}

/// The worlds with the store they are in.
struct Site {
    folder: TempDir,
    store: Store,
    zone: Tz,
    start: Timestamp,
    ids: Vec<ServiceId>,
    worlds: Vec<World>,
}

impl Site {
    fn new(zone: Tz, date: &str, worlds: Vec<World>) -> Self {
        let folder = TempDir::new().expect("temporary folder");
        let date = date.parse::<NaiveDate>().expect("a date");
        let start = zone::day_start(zone, date);
        let store = open(&folder);
        let ids = (0..worlds.len()).map(|n| ServiceId::parse(&format!("world-{n}")).expect("valid")).collect();
        let site = Self { folder, store, zone, start, ids, worlds };
        let edits = (0..site.worlds.len()).map(|place| site.edit(place, 0)).collect();
        site.commit(edits);
        site
    }

    fn at(&self, ms: i64) -> Timestamp {
        self.start.plus_ms(ms)
    }

    fn interval(&self, from: i64, to: i64) -> Interval {
        Interval::new(self.at(from), self.at(to))
    }

    /// The edit that brings the stored ledger from `from` on to what the world says.
    fn edit(&self, place: usize, from: i64) -> LedgerEdit {
        let rows = self.worlds[place].ledger.iter().filter(|(begin, ..)| *begin >= from);
        let rows = rows.map(|(begin, end, state)| LedgerRow {
            from: self.at(*begin),
            to: self.at(*end),
            state: *state,
            reason: None,
        });
        LedgerEdit { service: self.ids[place].clone(), replace_from: self.at(from), rows: rows.collect(), parts: None }
    }

    fn commit(&self, ledger: Vec<LedgerEdit>) {
        let decision = Decision { ledger, evaluated_at: self.start, ..Decision::default() };
        block_on(self.store.write(move |writer| writer.commit_decision(&decision))).expect("commits");
    }

    fn rules(&self, place: usize, begins: Option<Timestamp>) -> Rules {
        rules_of_world(self.zone, self.start, &self.worlds[place], begins)
    }

    fn fill(&self, now: Timestamp) -> Filled {
        let (zone, start, worlds) = (self.zone, self.start, self.worlds.clone());
        let (ids, places) = (self.ids.clone(), self.ids.clone());
        let rules_of = Box::new(move |service: &ServiceId, begins| {
            rules_of_world(zone, start, &worlds[place_of(&places, service)], begins)
        });
        block_on(fill::fill_by(&self.store, self.zone, ids, rules_of, now, Duration::ZERO)).expect("fills")
    }

    fn take(mut self, step: &Step, now: Timestamp) -> Self {
        match step {
            Step::Fill => drop(self.fill(now)),
            Step::Restart => {
                drop(self.store);
                self.store = open(&self.folder);
            }
            Step::Edit(place, rows, from) => {
                let ledger = &mut self.worlds[*place].ledger;
                ledger.retain(|(begin, ..)| begin < from);
                ledger.iter_mut().for_each(|(_, end, _)| *end = (*end).min(*from));
                let shift = *from;
                ledger.extend(rows.iter().map(|(begin, end, state)| (begin + shift, end + shift, *state)));
                self.commit(vec![self.edit(*place, *from)]);
            }
            Step::Lengthen(place, more) => {
                if let Some((begin, end, _)) = self.worlds[*place].ledger.last_mut() {
                    *end += more;
                    let begin = *begin;
                    self.commit(vec![self.edit(*place, begin)]);
                }
            }
            Step::Correct(place, correction) => self.worlds[*place].corrections.push(*correction),
        }
        self
    }

    /// Compares every figure of every world over `period`, known at `now`.
    fn check(&self, period: Interval, now: Timestamp) -> Result<(), TestCaseError> {
        let ids: Vec<&ServiceId> = self.ids.iter().collect();
        let rules_of = |service: &ServiceId, begins| self.rules(place_of(&self.ids, service), begins);
        let load = |reader: &Reader| sums::load(reader, self.zone, &ids, &rules_of, period, now);
        let summed = self.store.read(load).expect("reads");
        prop_assert_eq!(summed.len(), self.worlds.len());
        for (place, summed) in summed.into_iter().enumerate() {
            let world = &self.worlds[place];
            let known = |(from, to, state): &(i64, i64, State)| StateInterval {
                interval: self.interval(*from, *to),
                state: *state,
            };
            let states = Timeline::from_intervals(world.ledger.iter().map(known)).floored();
            let rules = self.rules(place, world.ledger.first().map(|(from, ..)| self.at(*from)));
            let terms = rules.terms();
            let raw = availability::evaluate(&rules.input(&terms, period, Some(now.floor_second()), &states));
            let raw = AvailabilitySums {
                window: raw.window,
                figures: raw.figures,
                without_maintenance: raw.without_maintenance,
            };
            prop_assert_eq!(summed, raw, "world {} over {:?} at {:?}: {:?}", place, period, now, world);
        }
        Ok(())
    }
}

fn place_of(ids: &[ServiceId], service: &ServiceId) -> usize {
    ids.iter().position(|id| id == service).expect("a service of the site")
}

fn rules_of_world(zone: Tz, start: Timestamp, world: &World, begins: Option<Timestamp>) -> Rules {
    let at = |ms: i64| start.plus_ms(ms);
    let date = |day: u64| zone::local_date(zone, start).checked_add_days(Days::new(day)).expect("a date");
    let terms = |(from, hours, target_ppm): &(i64, Option<WeeklyHours>, Option<u32>)| AgreedTerms {
        valid_from: at(*from),
        calendar: Calendar {
            hours: hours.clone().map_or(Hours::Always, Hours::Weekly),
            holidays: world.holidays.iter().map(|day| date(*day)).collect(),
            overrides: world
                .overriding
                .iter()
                .map(|(first, days)| CalendarOverride {
                    first: date(*first),
                    last: date(first + days),
                    hours: Hours::Always,
                })
                .collect(),
            ..Calendar::always(zone)
        },
        target_ppm: *target_ppm,
        policy: world.policy,
    };
    let window = |(from, to): &(i64, i64)| MaintenanceWindow {
        interval: Interval::new(at(*from), at(*to)),
        status: MaintenanceStatus::Approved,
        announced_at: Some(Interval::ALL.from),
        approved_at: None,
        ended_early_at: None,
    };
    let correction = |(seq, (from, to, state)): (usize, &(i64, i64, Option<State>))| {
        let interval = Interval::new(at(*from), at(*to));
        let set_state = |state| CorrectionEffect::SetState(interval, state);
        let effect = state.map_or(CorrectionEffect::Exclude(interval), set_state);
        Correction { seq: seq as u64, effect, approved: true }
    };
    let begins = begins.unwrap_or(at(DAYS * 86_400_000)).floor_second();
    Rules {
        effective: Interval::new(begins.plus_secs(world.effective_after_s.unwrap_or(0)), Interval::ALL.to),
        terms: world.terms.iter().map(terms).collect(),
        maintenance: world.windows.iter().map(window).collect(),
        component_maintenance: None,
        corrections: world.corrections.iter().enumerate().map(correction).collect(),
    }
}

fn open(folder: &TempDir) -> Store {
    Store::open(&folder.path().join("pantau.db"), Timestamp::from_ms(0)).expect("opens")
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("runtime").block_on(future)
}

/// What is asked after each step: kind of period, an instant in it, and when; or a part of time as it comes.
type Question = (usize, i64, (i64, i64), i64);

fn period_of(site: &Site, (kind, inside, (from, to), _): &Question) -> Interval {
    let kinds = [PeriodKind::Day, PeriodKind::Week, PeriodKind::Month, PeriodKind::Quarter, PeriodKind::Year];
    match kinds.get(*kind) {
        Some(kind) => Period::containing_instant(*kind, site.zone, site.at(*inside)).interval(site.zone),
        // Cut at whole seconds, as every period is.
        None => Interval::new(site.at(from / 1000 * 1000), site.at(to / 1000 * 1000)),
    }
}

/// A case: a place, worlds, and steps with a question after each and the moment at which days are rolled up.
fn any_case() -> impl Strategy<Value = (usize, Vec<World>, Vec<(Step, Question, i64)>)> {
    let question = || (0_usize..7, any_instant(), any_span(), any_instant());
    let worlds = prop::collection::vec(any_world(), WORLDS..=WORLDS);
    let first = (Just(Step::Fill), question(), any_instant());
    let more = prop::collection::vec((any_step(), question(), any_instant()), 3..8);
    (0..PLACES.len(), worlds, first, more).prop_map(|(place, worlds, first, mut more)| {
        more.insert(0, first);
        (place, worlds, more)
    })
}

#[test]
fn figures_through_roll_ups_equal_the_raw_ones_in_random_worlds() {
    let mut seed = [0; 32];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut seed).expect("random bytes");
    let seed = std::env::var("PANTAU_SEED")
        .map_or(seed, |text| hex::decode(text).expect("hexadecimal").try_into().expect("64 digits"));
    println!("PANTAU_SEED={}", hex::encode(seed));
    let config =
        ProptestConfig { cases: CASES, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let result = runner.run(&any_case(), |(place, worlds, steps)| {
        let (zone, date) = PLACES[place];
        let mut site = Site::new(zone, date, worlds);
        for (step, question, rolled_at) in &steps {
            let rolled_at = site.at(*rolled_at);
            site = site.take(step, rolled_at);
            let (period, now) = (period_of(&site, question), site.at(question.3));
            site.check(period, now)?;
        }
        // Whatever happened, all of it as it is told later on.
        let end = site.at(DAYS * 86_400_000);
        site.check(Interval::new(site.at(-DAYS * 86_400_000), end), end)?;
        Ok(())
    });
    if let Err(error) = result {
        panic!("PANTAU_SEED={}: {error}", hex::encode(seed));
    }
}
