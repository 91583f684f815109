//! Tiles: a judged period laid out so that anybody can count it again.
//!
//! Every second of the window lies in exactly one tile, which says what was observed, what it counts as and why, and to
//! which outage it belongs. All figures follow from tiles by adding up and dividing: with a pocket calculator, or by
//! [`recount`], which is deliberately not the sweep that made them. Rims are whole seconds. Knows nothing of how tiles
//! are written down.

use super::figures::{Counts, Figures, TermCounts, TermsInForce};
use super::sweep::{self, Overlay, Rule, available_state};
use super::{Availability, DegradedPolicy, Input, Interval, MaintenancePolicy, Policy, Runs, agreed_parts, evaluate};
use crate::domain::state::{State, Timeline};
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;

/// What a tile's seconds count as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TileClass {
    /// Within agreed time, as this state.
    Counted(State),
    /// Within agreed time, taken out of the figures.
    Excluded,
    /// Outside agreed time: ignored.
    Outside,
}

/// Why a tile counts as it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TileReason {
    /// Outside the agreed time.
    Closed,
    /// An approved correction says so.
    Correction,
    /// Maintenance that counts, by the policy.
    Maintenance,
    /// Maintenance beyond the monthly cap of excluded time: counts as down.
    MaintenanceBeyondCap,
    /// As observed.
    Observed,
}

impl TileClass {
    /// The code in reports.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Counted(state) => state.name(),
            Self::Excluded => "excluded",
            Self::Outside => "outside",
        }
    }

    /// Reads a code.
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "excluded" => Some(Self::Excluded),
            "outside" => Some(Self::Outside),
            _ => State::parse(code).map(Self::Counted),
        }
    }
}

impl TileReason {
    /// All, in declared order.
    pub const ALL: [Self; 5] =
        [Self::Closed, Self::Correction, Self::Maintenance, Self::MaintenanceBeyondCap, Self::Observed];

    /// The code in reports.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Correction => "correction",
            Self::Maintenance => "maintenance",
            Self::MaintenanceBeyondCap => "maintenance_beyond_cap",
            Self::Observed => "observed",
        }
    }

    /// Reads a code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

/// One stretch of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// When; whole seconds, never empty.
    pub interval: Interval,
    /// What was observed.
    pub observed: State,
    /// What it counts as.
    pub class: TileClass,
    /// What it would count as with no maintenance taken into account.
    pub plain: TileClass,
    /// Why.
    pub reason: TileReason,
    /// Place of the terms it was agreed under; `None` outside agreed time.
    pub terms: Option<usize>,
    /// Number of the outage it is part of, from 1 in order of time; also excluded and closed time within one.
    pub outage: Option<usize>,
}

impl Tile {
    /// Whether both say the same of their time.
    fn continues(&self, before: &Self) -> bool {
        Self { interval: before.interval, ..*self } == *before && before.interval.to == self.interval.from
    }
}

/// The judgement of a period with the tiles behind it; they tile [`Availability::window`].
pub fn work_out(input: &Input<'_>) -> (Availability, Vec<Tile>) {
    let availability = evaluate(input);
    let window = availability.window;
    let overlay = Overlay::build(input, window);
    let runs = sweep::down_runs(input, &overlay);
    let numbers = availability.outages.iter().zip(1..).map(|(outage, number)| (outage.from, number));
    let mut laying = Laying { input, overlay: &overlay, runs: &runs, numbers: numbers.collect(), tiles: Vec::new() };
    let mut at = window.from;
    for part in agreed_parts(input.terms, window) {
        laying.lay(Interval::new(at, part.interval.from), None);
        laying.lay(part.interval, Some(part.terms));
        at = part.interval.to;
    }
    laying.lay(Interval::new(at, window.to), None);
    let tiles = laying.tiles;
    (availability, tiles)
}

/// Tiles being laid from left to right.
struct Laying<'a> {
    input: &'a Input<'a>,
    overlay: &'a Overlay,
    runs: &'a Timeline,
    /// Number of each outage by the begin of its run.
    numbers: BTreeMap<Timestamp, usize>,
    tiles: Vec<Tile>,
}

impl Laying<'_> {
    /// The policy of the terms at `place`.
    fn policy(&self, place: usize) -> Policy {
        self.input.terms.get(place).map_or_else(Policy::default, |terms| *terms.policy)
    }

    /// Lays `stretch`, which is agreed time under `terms`, or outside of it.
    fn lay(&mut self, stretch: Interval, terms: Option<usize>) {
        let (input, overlay, runs) = (self.input, self.overlay, self.runs);
        overlay.for_each(stretch, |interval, rule| {
            for segment in input.states.segments(interval) {
                for run in runs.stretches(segment.interval) {
                    let down = run.state == State::Down;
                    let outage = down.then(|| self.numbers.get(&run.interval.from).copied()).flatten();
                    let interval = run.interval.intersection(segment.interval);
                    let (class, plain, reason) = match terms {
                        Some(place) => classify(rule, segment.state, self.policy(place).maintenance),
                        None => (TileClass::Outside, TileClass::Outside, TileReason::Closed),
                    };
                    let interval = Interval::new(interval.from.floor_second(), interval.to.floor_second());
                    self.push(Tile { interval, observed: segment.state, class, plain, reason, terms, outage });
                }
            }
        });
    }

    fn push(&mut self, tile: Tile) {
        if tile.interval.is_empty() {
            return;
        }
        match self.tiles.last_mut().filter(|last| tile.continues(last)) {
            Some(last) => last.interval.to = tile.interval.to,
            None => self.tiles.push(tile),
        }
    }
}

/// What agreed time counts as, with and without maintenance, and why.
fn classify(rule: Option<Rule>, observed: State, policy: MaintenancePolicy) -> (TileClass, TileClass, TileReason) {
    let seen = TileClass::Counted(observed);
    match (rule, policy) {
        (None, _) => (seen, seen, TileReason::Observed),
        (Some(Rule::CorrectedToExcluded), _) => (TileClass::Excluded, TileClass::Excluded, TileReason::Correction),
        (Some(Rule::CorrectedTo(state)), _) => {
            (TileClass::Counted(state), TileClass::Counted(state), TileReason::Correction)
        }
        (Some(Rule::Maintenance(None)), _) => (TileClass::Excluded, seen, TileReason::Maintenance),
        (Some(Rule::Maintenance(Some(state))), MaintenancePolicy::Exclude) => {
            (TileClass::Counted(state), seen, TileReason::MaintenanceBeyondCap)
        }
        (Some(Rule::Maintenance(Some(state))), MaintenancePolicy::CountAsUp | MaintenancePolicy::CountAsDown) => {
            (TileClass::Counted(state), seen, TileReason::Maintenance)
        }
    }
}

/// What was counted again from tiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recount {
    /// All figures.
    pub figures: Figures,
    /// The same seconds with no maintenance taken into account.
    pub without_maintenance: Counts,
    /// Counted seconds of each outage, in order of time.
    pub outages: Vec<u64>,
}

/// What of agreed terms tiles are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TileTerms {
    /// From when.
    pub valid_from: Timestamp,
    /// The target in ppm.
    pub target_ppm: Option<u32>,
    /// How time is counted and judged.
    pub policy: Policy,
}

impl From<&super::Terms<'_>> for TileTerms {
    fn from(terms: &super::Terms<'_>) -> Self {
        Self { valid_from: terms.valid_from, target_ppm: terms.target_ppm, policy: *terms.policy }
    }
}

/// The policy a tile is counted by; outside agreed time none matters.
fn policy_of(tile: &Tile, terms: &[TileTerms]) -> Policy {
    tile.terms.and_then(|place| terms.get(place)).map_or_else(Policy::default, |terms| terms.policy)
}

/// Counts again. `terms` are in order of `valid_from`.
pub fn recount(tiles: &[Tile], window: Interval, terms: &[TileTerms]) -> Recount {
    let (mut counts, mut without_maintenance) = (Counts::ZERO, Counts::ZERO);
    let mut by_terms: Vec<TermCounts> =
        terms.iter().map(|terms| TermCounts { target_ppm: terms.target_ppm, counts: Counts::ZERO }).collect();
    let mut outages: BTreeMap<usize, u64> = BTreeMap::new();
    for tile in tiles {
        let (seconds, policy) = (tile.interval.length_s(), policy_of(tile, terms));
        let counted = counts_of(tile.class, seconds, policy.degraded);
        counts.add(counted);
        without_maintenance.add(counts_of(tile.plain, seconds, policy.degraded));
        if let Some(of_terms) = tile.terms.and_then(|place| by_terms.get_mut(place)) {
            of_terms.counts.add(counted);
        }
        if let Some(number) = tile.outage {
            *outages.entry(number).or_default() += counted.down_s;
        }
    }
    let outages: Vec<u64> = outages.into_values().collect();
    let inner = u64::try_from(outages.len()).unwrap_or(u64::MAX);
    let runs = Runs { inner, longest_inner_s: outages.iter().copied().max().unwrap_or(0), ..Runs::NOTHING };
    let in_force = terms_in_force(terms, window);
    let figures = Figures::evaluate(counts, &by_terms, runs, &in_force);
    Recount { figures, without_maintenance, outages }
}

fn counts_of(class: TileClass, seconds: u64, degraded: DegradedPolicy) -> Counts {
    match class {
        TileClass::Outside => Counts::ZERO,
        TileClass::Excluded => Counts { excluded_s: seconds, ..Counts::ZERO },
        TileClass::Counted(state) => {
            let degraded_s = if state == State::Degraded { seconds } else { 0 };
            let counts = Counts { degraded_s, ..Counts::ZERO };
            match available_state(state, degraded) {
                State::Up | State::Degraded => Counts { up_s: seconds, ..counts },
                State::Down => Counts { down_s: seconds, ..counts },
                State::Unknown => Counts { unknown_s: seconds, ..counts },
            }
        }
    }
}

/// The terms at the end of the window, and whether another target applied within it.
fn terms_in_force(terms: &[TileTerms], window: Interval) -> TermsInForce {
    let begun: Vec<&TileTerms> = terms.iter().filter(|terms| terms.valid_from < window.to).collect();
    let target_ppm = begun.last().and_then(|terms| terms.target_ppm);
    let ended_inside = begun.windows(2).filter_map(|pair| match pair {
        [before, after] if after.valid_from > window.from => Some(before.target_ppm),
        _ => None,
    });
    TermsInForce {
        target_ppm,
        target_changed: ended_inside.into_iter().any(|target| target != target_ppm),
        min_coverage_ppm: begun
            .last()
            .map_or(Policy::default().min_coverage_ppm, |terms| terms.policy.min_coverage_ppm),
    }
}

/// Why a list of tiles can't be what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TileFault {
    /// A second lies in no tile, in two, or outside the window.
    #[error("seconds are missing or told twice at {0}")]
    Gap(Timestamp),
    /// What it counts as does not follow from what was observed, the reason and the policy.
    #[error("the interval from {0} does not count as its reason says")]
    Class(Timestamp),
    /// Down without an outage, or outages that are not numbered in order of time.
    #[error("the interval from {0} is given to the wrong outage")]
    Outage(Timestamp),
}

/// Whether `tiles` tile `window` and each follows from what it says of itself.
///
/// # Errors
/// The first fault.
pub fn check(tiles: &[Tile], window: Interval, terms: &[TileTerms]) -> Result<(), TileFault> {
    let (mut at, mut last_outage) = (window.from.floor_second(), 0);
    let mut running: Option<usize> = None;
    for tile in tiles {
        let from = tile.interval.from;
        if from != at || tile.interval.is_empty() {
            return Err(TileFault::Gap(at.min(from)));
        }
        at = tile.interval.to;
        let policy = policy_of(tile, terms);
        let known = tile.terms.is_none_or(|place| place < terms.len());
        if !known || !is_sound(tile, &policy) {
            return Err(TileFault::Class(from));
        }
        let down = counts_of(tile.class, 1, policy.degraded).down_s > 0;
        match tile.outage {
            None if down => return Err(TileFault::Outage(from)),
            Some(number) if running != Some(number) && number != last_outage + 1 => {
                return Err(TileFault::Outage(from));
            }
            Some(number) => last_outage = number,
            None => {}
        }
        running = tile.outage;
    }
    let end = window.to.floor_second();
    if at == end || (tiles.is_empty() && end <= at) { Ok(()) } else { Err(TileFault::Gap(at.min(end))) }
}

fn is_sound(tile: &Tile, policy: &Policy) -> bool {
    let seen = TileClass::Counted(tile.observed);
    let (class, plain) = match tile.reason {
        TileReason::Closed => (TileClass::Outside, TileClass::Outside),
        TileReason::Observed => (seen, seen),
        // Whatever a person said of agreed time.
        TileReason::Correction => (tile.class, tile.class),
        TileReason::MaintenanceBeyondCap => (TileClass::Counted(State::Down), seen),
        TileReason::Maintenance => match policy.maintenance {
            MaintenancePolicy::Exclude => (TileClass::Excluded, seen),
            MaintenancePolicy::CountAsUp => (TileClass::Counted(State::Up), seen),
            MaintenancePolicy::CountAsDown => (TileClass::Counted(State::Down), seen),
        },
    };
    let agreed = tile.class != TileClass::Outside;
    (tile.class, tile.plain) == (class, plain) && agreed == tile.terms.is_some()
}
