//! What one instant counts as, and which of the rules decided that.
//!
//! The class is that of the second in which the instant lies, judged by [`super::evaluate`] itself; beside it stands what
//! lay over the observed state. Knows no tickets and no texts.

use super::correction::correction_at;
use super::{Correction, MaintenanceWindow, Rules, evaluate, policy_at};
use crate::domain::interval::Interval;
use crate::domain::state::Timeline;
use pantau_shared::timestamp::Timestamp;

/// Windows told of one instant, at most.
const WINDOWS_MAX: usize = 20;

/// As what a second is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountedAs {
    /// As `D`.
    Down,
    /// As `E`: taken out of the figures.
    Excluded,
    /// Outside the agreed time, or not in force: ignored.
    Ignored,
    /// As `K`.
    Unknown,
    /// As `U`.
    Up,
}

impl CountedAs {
    /// The code in the API and in message identifiers.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Excluded => "excluded",
            Self::Ignored => "ignored",
            Self::Unknown => "unknown",
            Self::Up => "up",
        }
    }
}

/// The account of one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstantCount {
    /// The class of its second.
    pub counted_as: CountedAs,
    /// Whether the service was in force.
    pub in_force: bool,
    /// Whether it lies in the service hours of the terms in force.
    pub in_service_time: bool,
    /// Since when the terms apply; `None`: since ever, or there were none.
    pub terms_since: Option<Timestamp>,
    /// The target of those terms.
    pub target_ppm: Option<u32>,
    /// The correction that decides.
    pub correction: Option<Correction>,
    /// Windows announced over it, each with whether it counts as maintenance.
    pub windows: Vec<(MaintenanceWindow, bool)>,
    /// Whether maintenance of a component takes it out.
    pub component_maintenance: bool,
}

/// The account of `at` under `rules`, where the service was observed as `states` says.
pub fn count(rules: &Rules, states: &Timeline, at: Timestamp) -> InstantCount {
    let second = Interval::new(at.floor_second(), at.floor_second().plus_secs(1));
    let terms = rules.terms();
    let counts = evaluate(&rules.input(&terms, second, None, states)).figures.counts;
    let counted_as = if counts.up_s > 0 {
        CountedAs::Up
    } else if counts.down_s > 0 {
        CountedAs::Down
    } else if counts.unknown_s > 0 {
        CountedAs::Unknown
    } else if counts.excluded_s > 0 {
        CountedAs::Excluded
    } else {
        CountedAs::Ignored
    };
    let in_force = terms.iter().rfind(|terms| terms.valid_from <= second.from);
    let counted = |window: &MaintenanceWindow| {
        policy_at(&terms, window.interval.from).and_then(|policy| window.counted(policy.min_notice_s))
    };
    let over = rules.maintenance.iter().filter(|window| window.interval.contains(at)).take(WINDOWS_MAX);
    InstantCount {
        counted_as,
        in_force: rules.effective.contains(second.from),
        in_service_time: in_force.is_some_and(|terms| !terms.calendar.open_in(second).is_empty()),
        terms_since: in_force.map(|terms| terms.valid_from).filter(|since| *since > Interval::ALL.from),
        target_ppm: in_force.and_then(|terms| terms.target_ppm),
        correction: correction_at(&rules.corrections, at),
        windows: over.map(|w| (*w, counted(w).is_some_and(|counted| counted.contains(at)))).collect(),
        component_maintenance: rules.component_maintenance.as_ref().is_some_and(|set| set.contains(at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::availability::rules::AgreedTerms;
    use crate::domain::availability::{CorrectionEffect, MaintenanceStatus, Policy};
    use crate::domain::calendar::{Calendar, DEFAULT_ZONE};
    use crate::domain::state::{State, StateInterval};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    fn rules() -> Rules {
        let calendar = Calendar::always(DEFAULT_ZONE);
        let window = |from, to, announced| MaintenanceWindow {
            interval: Interval::new(at(from), at(to)),
            status: MaintenanceStatus::Approved,
            announced_at: Some(at(announced)),
            approved_at: None,
            ended_early_at: None,
        };
        let correction = |seq, effect| Correction { seq, effect, approved: true };
        Rules {
            effective: Interval::new(at(0), Interval::ALL.to),
            terms: vec![AgreedTerms {
                valid_from: Interval::ALL.from,
                calendar,
                target_ppm: Some(999_000),
                policy: Policy::default(),
            }],
            maintenance: vec![window(100_000, 101_000, 0), window(102_000, 103_000, 101_900)],
            component_maintenance: None,
            corrections: vec![
                correction(1, CorrectionEffect::SetState(Interval::new(at(104_000), at(105_000)), State::Up)),
                correction(2, CorrectionEffect::SetState(Interval::new(at(104_500), at(105_000)), State::Down)),
            ],
        }
    }

    #[test]
    fn the_first_matching_rule_is_told() {
        let down = Interval::new(at(99_000), at(110_000));
        let states = Timeline::from_intervals([StateInterval { interval: down, state: State::Down }]);
        let count = |seconds| count(&rules(), &states, at(seconds));
        assert_eq!(count(99_500).counted_as, CountedAs::Down);
        assert_eq!(count(50).counted_as, CountedAs::Unknown);
        assert_eq!(count(-50).counted_as, CountedAs::Ignored);
        let planned = count(100_500);
        assert_eq!((planned.counted_as, planned.windows[0].1), (CountedAs::Excluded, true));
        let unannounced = count(102_500);
        assert_eq!((unannounced.counted_as, unannounced.windows[0].1), (CountedAs::Down, false), "too short a notice");
        assert_eq!((count(104_100).counted_as, count(104_100).correction.map(|c| c.seq)), (CountedAs::Up, Some(1)));
        assert_eq!((count(104_600).counted_as, count(104_600).correction.map(|c| c.seq)), (CountedAs::Down, Some(2)));
        assert_eq!(count(106_000).correction, None);
    }
}
