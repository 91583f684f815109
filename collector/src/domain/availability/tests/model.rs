//! A second, naive implementation of the figures: one second after the other, by the words of the rules. It shares the
//! calendar table and the division with the first, nothing else.

use super::*;
use crate::domain::availability::rules::AgreedTerms;
use crate::domain::calendar::Hours;
use chrono::{Datelike, NaiveTime, TimeZone, Timelike};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// 30 June 23:00 WIB: the cases lie around the end of a month.
const START: i64 = 1_782_835_200;
/// The cases' length in seconds.
const LENGTH: i64 = 7_200;

fn at(second: i64) -> Timestamp {
    Timestamp::from_secs(START + second)
}

#[derive(Debug, Clone)]
struct Case {
    facts_terms: Vec<(i64, WeeklyHours, Option<u32>)>,
    period: (i64, i64),
    as_of: Option<i64>,
    effective: (i64, i64),
    states: Vec<(i64, State)>,
    windows: Vec<(i64, i64, bool)>,
    /// Maintenance of components: where it is down, it is excused.
    components: Vec<(i64, i64)>,
    corrections: Vec<(u64, i64, i64, Option<State>, bool)>,
    /// Of each of the terms.
    policies: [Policy; 2],
}

/// What one second is, before it is summed.
#[derive(Clone, Copy, PartialEq)]
enum Second {
    Ignored,
    Excluded,
    Counted(State),
}

impl Case {
    fn terms_at(&self, second: i64) -> Option<usize> {
        self.facts_terms.iter().rposition(|(from, ..)| *from <= second)
    }

    fn policy_at(&self, second: i64) -> &Policy {
        &self.policies[self.terms_at(second).unwrap_or(0)]
    }

    fn is_open(&self, second: i64) -> bool {
        let Some(terms) = self.terms_at(second) else { return false };
        let local = DEFAULT_ZONE.from_utc_datetime(&at(second).to_utc().naive_utc());
        let minute = |reading: MinuteOfDay| {
            let text = reading.to_string();
            if text == "24:00" {
                86_400
            } else {
                text.parse::<NaiveTime>().map_or(0, |t| t.num_seconds_from_midnight())
            }
        };
        let now = local.time().num_seconds_from_midnight();
        let open = self.facts_terms[terms].1.on(local.weekday());
        open.iter().any(|(opens, closes)| minute(*opens) <= now && now < minute(*closes))
    }

    fn in_force(&self, second: i64) -> bool {
        self.effective.0 <= second && second < self.effective.1
    }

    fn in_window(&self, second: i64) -> bool {
        self.windows.iter().any(|(from, to, approved)| *approved && *from <= second && second < *to)
    }

    fn of_components(&self, second: i64) -> bool {
        self.components.iter().any(|(from, to)| *from <= second && second < *to)
    }

    fn in_maintenance(&self, second: i64) -> bool {
        self.in_window(second) || self.of_components(second) && self.observed(second) == State::Down
    }

    /// The approved correction with the highest sequence.
    fn correction(&self, second: i64, only_states: bool) -> Option<Option<State>> {
        let covering = self.corrections.iter().filter(|(_, from, to, state, approved)| {
            *approved && *from <= second && second < *to && (state.is_some() || !only_states)
        });
        covering.max_by_key(|(seq, ..)| *seq).map(|(.., state, _)| *state)
    }

    fn observed(&self, second: i64) -> State {
        self.states.iter().rfind(|(from, _)| *from <= second).map_or(State::Unknown, |(_, state)| *state)
    }

    /// The seconds of maintenance beyond the cap, month by month.
    fn beyond_cap(&self) -> Vec<i64> {
        let mut used: BTreeMap<u32, u64> = BTreeMap::new();
        let mut beyond = Vec::new();
        for second in 0..LENGTH {
            // The cap counts planned time, whatever is seen in it.
            if !(self.in_window(second) || self.of_components(second))
                || !self.is_open(second)
                || !self.in_force(second)
                || self.correction(second, false).is_some()
            {
                continue;
            }
            let month = DEFAULT_ZONE.from_utc_datetime(&at(second).to_utc().naive_utc()).month();
            let used = used.entry(month).or_default();
            let policy = self.policy_at(second);
            if policy.maintenance != MaintenancePolicy::Exclude {
                continue;
            }
            if policy.excluded_cap_s.is_none_or(|cap| *used < cap) {
                *used += 1;
            } else {
                beyond.push(second);
            }
        }
        beyond
    }

    fn available(&self, second: i64, state: State) -> State {
        let degraded = self.policy_at(second).degraded;
        if state == State::Degraded && degraded == DegradedPolicy::Down { State::Down } else { state }
    }

    fn evaluate(&self) -> (Counts, Counts, Vec<(i64, u64)>) {
        let beyond = self.beyond_cap();
        let is_beyond = |second: i64| self.in_maintenance(second) && beyond.binary_search(&second).is_ok();
        let end = self.as_of.unwrap_or(i64::MAX).min(self.period.1);
        let judge = |second: i64, with_maintenance: bool| {
            if second < self.period.0 || second >= end || !self.in_force(second) || !self.is_open(second) {
                return Second::Ignored;
            }
            if let Some(correction) = self.correction(second, false) {
                return correction.map_or(Second::Excluded, Second::Counted);
            }
            if with_maintenance && self.in_maintenance(second) {
                return match self.policy_at(second).maintenance {
                    MaintenancePolicy::Exclude if is_beyond(second) => Second::Counted(State::Down),
                    MaintenancePolicy::Exclude => Second::Excluded,
                    MaintenancePolicy::CountAsUp => Second::Counted(State::Up),
                    MaintenancePolicy::CountAsDown => Second::Counted(State::Down),
                };
            }
            Second::Counted(self.observed(second))
        };
        let run_state = |second: i64| {
            let counts_as_down =
                self.policy_at(second).maintenance == MaintenancePolicy::CountAsDown && self.in_maintenance(second);
            let state = match self.correction(second, true) {
                Some(Some(state)) => state,
                Some(None) | None if counts_as_down || is_beyond(second) => State::Down,
                Some(None) | None => self.observed(second),
            };
            self.available(second, state)
        };
        let (mut counts, mut plain) = (Counts::default(), Counts::default());
        let mut runs: Vec<(i64, u64)> = Vec::new();
        let mut in_run = false;
        for second in 0..LENGTH {
            self.sum(second, judge(second, true), &mut counts);
            self.sum(second, judge(second, false), &mut plain);
            if run_state(second) != State::Down {
                in_run = false;
                continue;
            }
            if !in_run {
                runs.push((second, 0));
                in_run = true;
            }
            if let (Second::Counted(state), Some((_, counted))) = (judge(second, true), runs.last_mut()) {
                *counted += u64::from(self.available(second, state) == State::Down);
            }
        }
        runs.retain(|(_, counted)| *counted > 0);
        (counts, plain, runs)
    }

    fn sum(&self, at: i64, second: Second, counts: &mut Counts) {
        match second {
            Second::Ignored => {}
            Second::Excluded => counts.excluded_s += 1,
            Second::Counted(state) => {
                counts.degraded_s += u64::from(state == State::Degraded);
                match self.available(at, state) {
                    State::Up | State::Degraded => counts.up_s += 1,
                    State::Down => counts.down_s += 1,
                    State::Unknown => counts.unknown_s += 1,
                }
            }
        }
    }

    fn span(&self, from: i64, to: i64) -> Interval {
        Interval::new(at(from), at(to))
    }

    fn rules(&self) -> Rules {
        let terms = |((from, hours, target_ppm), policy): (&(i64, WeeklyHours, Option<u32>), &Policy)| AgreedTerms {
            valid_from: at(*from),
            calendar: Calendar::weekly(DEFAULT_ZONE, hours.clone()),
            target_ppm: *target_ppm,
            policy: *policy,
        };
        let window = |(from, to, approved): &(i64, i64, bool)| MaintenanceWindow {
            interval: self.span(*from, *to),
            status: if *approved { MaintenanceStatus::Approved } else { MaintenanceStatus::Proposed },
            announced_at: Some(at(-1_000_000)),
            approved_at: None,
            ended_early_at: None,
        };
        let correction = |(seq, from, to, state, approved): &(u64, i64, i64, Option<State>, bool)| {
            let interval = self.span(*from, *to);
            let set_state = |state| CorrectionEffect::SetState(interval, state);
            let effect = state.map_or(CorrectionEffect::Exclude(interval), set_state);
            Correction { seq: *seq, effect, approved: *approved }
        };
        Rules {
            effective: self.span(self.effective.0, self.effective.1),
            terms: self.facts_terms.iter().zip(&self.policies).map(terms).collect(),
            maintenance: self.windows.iter().map(window).collect(),
            component_maintenance: Some(self.components.iter().map(|(from, to)| self.span(*from, *to)).collect())
                .filter(|set: &IntervalSet| !set.is_empty()),
            corrections: self.corrections.iter().map(correction).collect(),
        }
    }

    fn timeline(&self) -> Timeline {
        Timeline::from_changes(self.states.iter().map(|(from, state)| (at(*from), *state)))
    }

    /// The implementation under test, over the part `period` of the case.
    fn availability(&self, period: (i64, i64)) -> Availability {
        let (rules, states) = (self.rules(), self.timeline());
        let terms = rules.terms();
        evaluate(&rules.input(&terms, self.span(period.0, period.1), self.as_of.map(at), &states))
    }

    /// The same from spans, cut at `cuts` and where the terms change; each span knows the ledger inside it only.
    fn merged(&self, cuts: &[i64]) -> AvailabilitySums {
        let (rules, states) = (self.rules(), self.timeline());
        let terms = rules.terms();
        let period = self.span(self.period.0, self.period.1);
        let until = self.as_of.map_or(period.to, |as_of| at(as_of).min(period.to));
        let mut spans = Vec::new();
        for (place, stretch) in span::stretches_by_terms(&terms, Interval::new(period.from, until)) {
            let inside = cuts.iter().map(|cut| at(*cut)).filter(|cut| stretch.contains(*cut));
            let mut rims: Vec<Timestamp> = [stretch.from, stretch.to].into_iter().chain(inside).collect();
            rims.sort_unstable();
            for pair in rims.windows(2) {
                let part = Interval::new(pair[0], pair[1]);
                let mut known = Timeline::unknown();
                states.segments(part).for_each(|segment| known.append(segment));
                spans.push((place, Span::evaluate(&rules.input(&terms, part, self.as_of.map(at), &known))));
            }
        }
        let window = Interval::new(period.from, until).intersection(rules.effective);
        span::judge(&terms, window, spans)
    }
}

fn any_state() -> impl Strategy<Value = State> {
    prop::sample::select(State::ALL.to_vec())
}

fn any_span() -> impl Strategy<Value = (i64, i64)> {
    (0..LENGTH, 0..LENGTH / 2).prop_map(|(from, length)| (from, (from + length).min(LENGTH)))
}

fn any_hours() -> impl Strategy<Value = WeeklyHours> {
    // Quarters of an hour from 23:00 on Tuesday and to 01:00 on Wednesday.
    let quarters = || prop_oneof![prop::collection::btree_set(0u32..=4, 0..5), Just([0, 4].into())];
    (quarters(), quarters()).prop_map(|(before, after)| {
        let mut hours = WeeklyHours::default();
        for (day, first_hour, quarters) in [(Weekday::Tue, 23, before), (Weekday::Wed, 0, after)] {
            let reading =
                |q: &u32| MinuteOfDay::parse(&format!("{:02}:{:02}", first_hour + q / 4, q % 4 * 15)).expect("valid");
            let readings: Vec<_> = quarters.iter().map(reading).collect();
            hours.set(day, readings.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()).expect("valid");
        }
        hours
    })
}

fn any_policy() -> impl Strategy<Value = Policy> {
    let maintenance = prop::sample::select(vec![
        MaintenancePolicy::Exclude,
        MaintenancePolicy::Exclude,
        MaintenancePolicy::CountAsUp,
        MaintenancePolicy::CountAsDown,
    ]);
    let degraded = prop::sample::select(vec![DegradedPolicy::Up, DegradedPolicy::Down]);
    (maintenance, degraded, prop::option::of(0u64..3_000)).prop_map(|(maintenance, degraded, excluded_cap_s)| Policy {
        maintenance,
        degraded,
        excluded_cap_s,
        ..Policy::default()
    })
}

prop_compose! {
    fn any_case()(
        first in any_hours(),
        second in prop::option::of((0..LENGTH, any_hours())),
        period in prop_oneof![Just((0, LENGTH)), any_span()],
        as_of in prop::option::weighted(0.3, 0..LENGTH),
        effective in prop_oneof![Just((0, LENGTH)), any_span()],
        mut states in prop::collection::vec((0..LENGTH, any_state()), 0..12),
        windows in prop::collection::vec((any_span(), any::<bool>()), 0..4),
        components in prop::collection::vec(any_span(), 0..3),
        mut corrections in prop::collection::vec((any_span(), prop::option::of(any_state()), any::<bool>()), 0..4),
        reversed in any::<bool>(),
        policies in [any_policy(), any_policy()],
    ) -> Case {
        states.sort_by_key(|(from, _)| *from);
        states.dedup_by_key(|(from, _)| *from);
        let mut facts_terms = vec![(-1_000_000, first, Some(999_000))];
        facts_terms.extend(second.map(|(from, hours)| (from, hours, Some(990_000))));
        let numbered = corrections.drain(..).enumerate();
        let mut corrections: Vec<_> =
            numbered.map(|(seq, ((from, to), state, approved))| (seq as u64, from, to, state, approved)).collect();
        if reversed {
            corrections.reverse();
        }
        let windows = windows.into_iter().map(|((from, to), approved)| (from, to, approved)).collect();
        Case { facts_terms, period, as_of, effective, states, windows, components, corrections, policies }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn figures_equal_painting_second_by_second(case in any_case()) {
        let (counts, plain, runs) = case.evaluate();
        let got = case.availability(case.period);
        prop_assert_eq!(got.figures.counts, counts);
        prop_assert_eq!(got.without_maintenance, plain);
        let outages: Vec<(i64, u64)> = got.outages.iter().map(|o| (o.from.as_secs() - START, o.counted_s)).collect();
        prop_assert_eq!(outages, runs);
        prop_assert_eq!(got.figures.longest_outage_s, got.outages.iter().map(|o| o.counted_s).max().unwrap_or(0));
        for outage in &got.outages {
            prop_assert_eq!(outage.started_in_period, outage.from >= at(case.period.0));
        }
    }

    /// The seconds of a whole are the sum over its parts, wherever it is cut.
    #[test]
    fn counts_are_additive(case in any_case(), cut in 0..LENGTH) {
        let cut = cut.clamp(case.period.0, case.period.1);
        let whole = case.availability(case.period);
        let mut sum = Counts::default();
        let mut plain = Counts::default();
        for part in [(case.period.0, cut), (cut, case.period.1)] {
            let part = case.availability(part);
            sum.add(part.figures.counts);
            plain.add(part.without_maintenance);
        }
        prop_assert_eq!(whole.figures.counts, sum);
        prop_assert_eq!(whole.without_maintenance, plain);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    /// Every figure of a whole follows from its spans, wherever it is cut; outages too.
    #[test]
    fn figures_follow_from_spans(case in any_case(), cuts in prop::collection::vec(0..LENGTH, 0..12)) {
        let whole = case.availability(case.period);
        let merged = case.merged(&cuts);
        prop_assert_eq!(merged.window, whole.window);
        prop_assert_eq!(merged.figures, whole.figures);
        prop_assert_eq!(merged.without_maintenance, whole.without_maintenance);
    }

    /// The figures can be counted again from the tiles, and nothing but a whole set of sound tiles is taken.
    #[test]
    fn figures_follow_from_tiles(case in any_case(), spoilt in any::<prop::sample::Index>()) {
        let (rules, states) = (case.rules(), case.timeline());
        let terms = rules.terms();
        let input = rules.input(&terms, case.span(case.period.0, case.period.1), case.as_of.map(at), &states);
        let whole = evaluate(&input);
        let (same, mut tiles) = tiles::work_out(&input);
        prop_assert_eq!(&same, &whole);
        let counted_by: Vec<tiles::TileTerms> = terms.iter().map(tiles::TileTerms::from).collect();
        prop_assert_eq!(tiles::check(&tiles, whole.window, &counted_by), Ok(()));
        let counted = tiles::recount(&tiles, whole.window, &counted_by);
        prop_assert_eq!(counted.figures, whole.figures);
        prop_assert_eq!(counted.without_maintenance, whole.without_maintenance);
        let outages: Vec<u64> = whole.outages.iter().map(|outage| outage.counted_s).collect();
        prop_assert_eq!(counted.outages, outages);
        if !tiles.is_empty() {
            tiles.remove(spoilt.index(tiles.len()));
            prop_assert!(tiles::check(&tiles, whole.window, &counted_by).is_err());
        }
    }

    /// What is not described changes no second.
    #[test]
    fn equal_descriptions_mean_equal_seconds(case in any_case(), other in any_case(), cut in (0..LENGTH, 0..LENGTH)) {
        let part = case.span(cut.0.min(cut.1), cut.0.max(cut.1));
        let (rules, foreign, states) = (case.rules(), other.rules(), case.timeline());
        // Windows and corrections elsewhere, other targets: the same here.
        let elsewhere = |interval: Interval| !interval.overlaps(part);
        let mut changed = rules.clone();
        changed.terms.iter_mut().for_each(|terms| terms.target_ppm = Some(1));
        changed.maintenance.extend(foreign.maintenance.into_iter().filter(|window| elsewhere(window.interval)));
        let mut seq = 100;
        for correction in foreign.corrections {
            let (CorrectionEffect::Exclude(interval) | CorrectionEffect::SetState(interval, _)) = correction.effect else {
                continue;
            };
            if elsewhere(interval) {
                changed.corrections.push(Correction { seq, ..correction });
                seq += 1;
            }
        }
        let span = |rules: &Rules| Span::evaluate(&rules.input(&rules.terms(), part, None, &states));
        if changed.describe(part) == rules.describe(part) {
            prop_assert_eq!(span(&changed), span(&rules));
        } else {
            prop_assert!(rules.terms.iter().any(|terms| terms.policy.excluded_cap_s.is_some()), "only a cap looks at the rest of the month");
        }
    }
}

#[test]
fn every_rule_that_decides_a_second_is_described() {
    let june = Interval::new(at(-3600), at(3600));
    let base = Rules {
        effective: Interval::ALL,
        terms: vec![AgreedTerms {
            valid_from: Interval::ALL.from,
            calendar: Calendar::always(DEFAULT_ZONE),
            target_ppm: None,
            policy: Policy::default(),
        }],
        maintenance: Vec::new(),
        component_maintenance: None,
        corrections: Vec::new(),
    };
    let inside = Interval::new(at(0), at(60));
    let window = MaintenanceWindow {
        interval: inside,
        status: MaintenanceStatus::Approved,
        announced_at: Some(at(-1_000_000)),
        approved_at: None,
        ended_early_at: None,
    };
    let correction = |effect| Correction { seq: 1, effect, approved: true };
    let changes: [&dyn Fn(&mut Rules); 10] = [
        &|rules| rules.effective.from = at(0),
        &|rules| rules.terms[0].calendar.zone = chrono_tz::Asia::Jayapura,
        &|rules| rules.terms[0].calendar.hours = Hours::Weekly(WeeklyHours::default()),
        &|rules| rules.terms[0].valid_from = at(0),
        &|rules| rules.terms[0].policy.degraded = DegradedPolicy::Down,
        &|rules| rules.terms[0].policy.maintenance = MaintenancePolicy::CountAsUp,
        &|rules| rules.terms[0].policy.excluded_cap_s = Some(60),
        &|rules| rules.maintenance.push(window),
        &|rules| rules.corrections.push(correction(CorrectionEffect::Exclude(inside))),
        &|rules| rules.corrections.push(correction(CorrectionEffect::SetState(inside, State::Down))),
    ];
    let mut seen = vec![base.describe(june)];
    for change in changes {
        let mut changed = base.clone();
        change(&mut changed);
        let described = changed.describe(june);
        assert!(!seen.contains(&described), "{changed:?}");
        seen.push(described);
    }
    let mut holiday = base.clone();
    holiday.terms[0].calendar.hours = Hours::Weekly(WeeklyHours::default());
    holiday.terms[0].calendar.holidays.insert(chrono::NaiveDate::from_ymd_opt(2026, 7, 1).expect("a date"));
    assert!(!seen.contains(&holiday.describe(june)));
}

#[test]
fn the_cases_lie_around_the_end_of_a_month() {
    assert_eq!(at(0), Timestamp::parse_rfc3339("2026-06-30T23:00:00+07:00").expect("valid"));
    let local = DEFAULT_ZONE.from_utc_datetime(&at(0).to_utc().naive_utc());
    assert_eq!(local.weekday(), Weekday::Tue);
}
