//! The error budget of a service now: how fast it burns, and when the month breaks if it goes on like this.
//!
//! Windows count *counted* seconds, back from now: closed and excluded time is stepped over, so an office-hours service is
//! judged over office hours. Time in which the service was not yet in force is missing from a window and stands there as
//! unknown: two minutes of life raise no alarm. Knows no tickets and no texts.

use super::{Burn, Pair, STANDARD_30_DAYS, Window, evaluate, is_unfireable};
use crate::domain::availability::{Figures, Input, Rules, counted_stretches};
use crate::domain::interval::Interval;
use crate::domain::state::{State, StateInterval, Timeline};
use pantau_shared::timestamp::Timestamp;

/// Counted time is looked for so far back: three days of service time lie within it for any calendar in use.
pub const REACH_S: i64 = 30 * 86_400;
/// The present rate is that of so much counted time.
const RATE_S: u64 = 86_400;
const PPM: u128 = 1_000_000;

/// One pair of windows now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairNow {
    /// Which.
    pub pair: Pair,
    /// How it burns.
    pub burn: Burn,
    /// Not even a total outage could make it fire under this target: it is left out.
    pub unfireable: bool,
}

/// What becomes of the month at the present rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forecast {
    /// The budget of the whole month is used up.
    Broken,
    /// It will be at this instant.
    BreaksAt(Timestamp),
    /// It lasts.
    Holds,
    /// Nothing is known of the last day of service time.
    Unknown,
}

impl Forecast {
    /// The code in the API and in message identifiers.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::BreaksAt(_) => "breaks",
            Self::Holds => "holds",
            Self::Unknown => "unknown",
        }
    }
}

/// The budget of a service with a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// For which instant.
    pub as_of: Timestamp,
    /// The target in force.
    pub target_ppm: u32,
    /// Every standard pair, fastest first.
    pub pairs: Vec<PairNow>,
    /// Burn over the last day of counted time, in thousandths.
    pub rate_milli: Option<u64>,
    /// Downtime that the target allows in the whole month, in seconds.
    pub month_s: i64,
    /// Of that, what is left; negative when overspent.
    pub month_left_s: i64,
    /// When the month breaks at the present rate.
    pub forecast: Forecast,
}

impl Budget {
    /// The fastest pair that fires.
    pub fn firing(&self) -> Option<Pair> {
        self.pairs.iter().find(|now| now.burn.fires).map(|now| now.pair)
    }
}

/// The last `length_s` counted seconds; what is missing is unknown.
fn window(stretches: &[StateInterval], length_s: u64) -> Window {
    let (mut window, mut left_s) = (Window { down_s: 0, known_s: 0, unknown_s: 0 }, length_s);
    for stretch in stretches.iter().rev() {
        let part_s = stretch.interval.length_s().min(left_s);
        match stretch.state {
            State::Up | State::Degraded => window.known_s += part_s,
            State::Down => {
                window.known_s += part_s;
                window.down_s += part_s;
            }
            State::Unknown => window.unknown_s += part_s,
        }
        left_s -= part_s;
        if left_s == 0 {
            break;
        }
    }
    window.unknown_s += left_s;
    window
}

fn stretches(rules: &Rules, states: &Timeline, over: Interval) -> Vec<StateInterval> {
    let terms = rules.terms();
    let input: Input<'_> = rules.input(&terms, over, None, states);
    counted_stretches(&input)
}

fn target_at(rules: &Rules, at: Timestamp) -> Option<u32> {
    rules.terms.iter().rfind(|terms| terms.valid_from <= at)?.target_ppm
}

fn pairs_now(target_ppm: u32, recent: &[StateInterval]) -> Vec<PairNow> {
    let now = |pair: Pair| {
        let burn = evaluate(target_ppm, pair.factor_milli, &window(recent, pair.long_s), &window(recent, pair.short_s));
        let unfireable = is_unfireable(target_ppm, pair.factor_milli);
        PairNow { pair, burn: Burn { fires: burn.fires && !unfireable, ..burn }, unfireable }
    };
    STANDARD_30_DAYS.into_iter().map(now).collect()
}

/// The fastest pair that fires at `as_of`; `None` also without a target. `states` are floored to whole seconds.
pub fn firing(rules: &Rules, states: &Timeline, as_of: Timestamp) -> Option<Pair> {
    let target_ppm = target_at(rules, as_of)?;
    let recent = stretches(rules, states, Interval::new(as_of.plus_secs(-REACH_S), as_of));
    pairs_now(target_ppm, &recent).into_iter().find(|now| now.burn.fires).map(|now| now.pair)
}

/// The budget at `as_of`, where `figures` are those of `month` to date. `None` without a target. `states` are floored to
/// whole seconds.
pub fn now(rules: &Rules, states: &Timeline, figures: &Figures, month: Interval, as_of: Timestamp) -> Option<Budget> {
    let target_ppm = target_at(rules, as_of)?;
    let recent = stretches(rules, states, Interval::new(as_of.plus_secs(-REACH_S), as_of));
    // Planned maintenance to come is no counted time either.
    let to_come = stretches(rules, states, Interval::new(as_of, month.to));
    let to_come_s: u64 = to_come.iter().map(|stretch| stretch.interval.length_s()).sum();
    let (so_far_s, left_s) = (figures.budget_s.unwrap_or(0), figures.budget_left_s.unwrap_or(0));
    let allowed = (PPM - u128::from(target_ppm).min(PPM)) * u128::from(to_come_s) / PPM;
    let allowed = i64::try_from(allowed).unwrap_or(i64::MAX);
    let (month_s, month_left_s) = (so_far_s.saturating_add(allowed), left_s.saturating_add(allowed));
    let last_day = window(&recent, RATE_S);
    Some(Budget {
        as_of,
        target_ppm,
        pairs: pairs_now(target_ppm, &recent),
        rate_milli: last_day.burn_milli(target_ppm),
        month_s,
        month_left_s,
        forecast: forecast(month_left_s, last_day, &to_come),
    })
}

/// When `left_s` more seconds of downtime are exceeded, at the rate of `window`, in the counted time `to_come`.
fn forecast(left_s: i64, window: Window, to_come: &[StateInterval]) -> Forecast {
    let Ok(left_s) = u64::try_from(left_s) else { return Forecast::Broken };
    if window.known_s == 0 {
        return Forecast::Unknown;
    }
    // The first whole second of counted time at which more than `left_s` would be down.
    let needed = (u128::from(left_s) * u128::from(window.known_s)).checked_div(u128::from(window.down_s));
    let Some(needed) = needed.and_then(|needed| u64::try_from(needed + 1).ok()) else { return Forecast::Holds };
    let mut left = needed;
    for stretch in to_come {
        let length_s = stretch.interval.length_s();
        if left <= length_s {
            return Forecast::BreaksAt(stretch.interval.from.plus_secs(i64::try_from(left).unwrap_or(i64::MAX)));
        }
        left -= length_s;
    }
    Forecast::Holds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::availability::rules::AgreedTerms;
    use crate::domain::availability::{self, Policy};
    use crate::domain::calendar::Calendar;

    const DAY: i64 = 86_400;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    fn rules(target_ppm: Option<u32>, calendar: Calendar) -> Rules {
        Rules {
            effective: Interval::new(at(0), Interval::ALL.to),
            terms: vec![AgreedTerms {
                valid_from: Interval::ALL.from,
                calendar,
                target_ppm,
                policy: Policy::default(),
            }],
            maintenance: Vec::new(),
            component_maintenance: None,
            corrections: Vec::new(),
        }
    }

    /// Up from 0 on, down in the given stretches.
    fn states(down: &[(i64, i64)]) -> Timeline {
        let mut states = Timeline::from_changes([(at(0), State::Up)]);
        for (from, to) in down {
            states.paint(Interval::new(at(*from), at(*to)), State::Down);
        }
        states
    }

    fn budget(target: u32, down: &[(i64, i64)], as_of: i64) -> Budget {
        let rules = rules(Some(target), Calendar::always(chrono_tz::UTC));
        let (states, month) = (states(down), Interval::new(at(0), at(30 * DAY)));
        let terms = rules.terms();
        let judged = availability::evaluate(&rules.input(&terms, month, Some(at(as_of)), &states));
        now(&rules, &states, &judged.figures, month, at(as_of)).expect("has a target")
    }

    #[test]
    fn the_month_breaks_where_the_present_rate_uses_it_up() {
        // 99 %: 25,920 s a month. A hundredth of the last day was down: 864 s a day.
        let quiet = budget(990_000, &[(9 * DAY, 9 * DAY + 864)], 10 * DAY);
        assert_eq!((quiet.month_s, quiet.month_left_s, quiet.rate_milli), (25_920, 25_056, Some(1000)));
        assert_eq!(quiet.forecast, Forecast::Holds, "20 days × 864 s are 17,280 s");
        // Twice as fast: 1,728 s a day, 24,192 s left are gone after 14 days.
        let fast = budget(990_000, &[(9 * DAY, 9 * DAY + 1728)], 10 * DAY);
        assert_eq!(fast.month_left_s, 24_192);
        assert_eq!(fast.forecast, Forecast::BreaksAt(at(24 * DAY + 1)));
        let broken = budget(990_000, &[(8 * DAY, 9 * DAY)], 10 * DAY);
        assert_eq!((broken.forecast, broken.month_left_s), (Forecast::Broken, 25_920 - DAY));
        assert_eq!(budget(990_000, &[], 10 * DAY).forecast, Forecast::Holds);
    }

    #[test]
    fn pairs_fire_on_both_windows_and_not_in_the_first_minutes_of_life() {
        let now = 10 * DAY;
        let slow: Vec<u64> = vec![86_400, 259_200];
        let firing = |down: &[(i64, i64)]| {
            let pairs = budget(999_000, down, now).pairs.into_iter().filter(|now| now.burn.fires);
            pairs.map(|now| now.pair.long_s).collect::<Vec<_>>()
        };
        assert_eq!(firing(&[(now - 120, now)]), [3600], "two minutes: 33 times the pace in an hour, 5.5 in six");
        assert_eq!(firing(&[(now - 3000, now - 2500), (now - 100, now)]), [3600, 21_600, slow[0], slow[1]]);
        assert_eq!(firing(&[(now - 30_000, now - 29_000)]), Vec::<u64>::new(), "long over");
        let young = budget(999_000, &[(60, 120)], 180);
        assert_eq!(young.firing(), None, "most of every window is unknown yet");
    }

    #[test]
    fn a_pair_that_could_never_fire_is_left_out() {
        let low = budget(900_000, &[(5 * DAY, 10 * DAY)], 10 * DAY);
        let told: Vec<(bool, bool)> = low.pairs.iter().map(|now| (now.unfireable, now.burn.fires)).collect();
        assert_eq!(told, [(true, false), (false, true), (false, true), (false, true)]);
    }

    #[test]
    fn without_a_target_there_is_no_budget() {
        let rules = rules(None, Calendar::always(chrono_tz::UTC));
        assert_eq!(firing(&rules, &states(&[(0, DAY)]), at(DAY)), None);
    }
}
