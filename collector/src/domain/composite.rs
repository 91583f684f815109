//! A service from its components: a tree of `all` and `k_of_n` in three-valued logic.
//!
//! Recomputed from the components' timelines, never from percentages: a changed formula can be shown beside the old one
//! over the same history. Knows components by their place in a list; who they are is the catalogue's.

use super::interval::{Interval, IntervalSet};
use super::state::State;
use super::state::timeline::{StateInterval, Timeline, walk_together};

/// The deepest formula accepted.
pub const DEPTH_MAX: usize = 8;

/// How a composite's state follows from those of its components.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Formula {
    /// Needs each of them. Down over unknown over degraded over up.
    All(Vec<Formula>),
    /// The component at this place of the list.
    Component(usize),
    /// Needs at least `k` of them.
    KOfN {
        /// How many suffice.
        k: usize,
        /// Of which.
        of: Vec<Formula>,
    },
}

/// Why a formula is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormulaError {
    /// A component that is not in the list.
    #[error("formula names component {index} of only {count}")]
    Component {
        /// The place named.
        index: usize,
        /// The length of the list.
        count: usize,
    },
    /// Nested too deeply.
    #[error("formula is nested deeper than {DEPTH_MAX}")]
    Depth,
    /// `all` or `k_of_n` of nothing.
    #[error("formula has an empty list")]
    Empty,
    /// `k` out of 1..=n.
    #[error("formula wants {k} of {n}")]
    K {
        /// How many suffice.
        k: usize,
        /// Of how many.
        n: usize,
    },
}

impl Formula {
    /// Checks the formula for a list of `count` components.
    ///
    /// # Errors
    /// [`FormulaError`] for the first fault found.
    pub fn check(&self, count: usize) -> Result<(), FormulaError> {
        self.check_at(count, 1)
    }

    fn check_at(&self, count: usize, depth: usize) -> Result<(), FormulaError> {
        let parts = match self {
            Self::Component(index) if *index < count => return Ok(()),
            Self::Component(index) => return Err(FormulaError::Component { index: *index, count }),
            Self::KOfN { k, of } if *k == 0 || *k > of.len() => {
                return Err(FormulaError::K { k: *k, n: of.len() });
            }
            Self::All(parts) if parts.is_empty() => return Err(FormulaError::Empty),
            Self::All(parts) | Self::KOfN { of: parts, .. } => parts,
        };
        if depth == DEPTH_MAX {
            return Err(FormulaError::Depth);
        }
        parts.iter().try_for_each(|part| part.check_at(count, depth + 1))
    }

    /// The composite's state where the components stand in `states`; a component that is not there is unknown.
    pub fn evaluate(&self, states: &[State]) -> State {
        match self {
            Self::All(parts) => parts.iter().map(|p| p.evaluate(states)).max_by_key(|s| all_rank(*s)),
            Self::Component(index) => states.get(*index).copied(),
            Self::KOfN { k, of } => Some(k_of_n(*k, of.iter().map(|p| p.evaluate(states)))),
        }
        .unwrap_or(State::Unknown)
    }
}

/// A formula with the state of every part: why the whole stands as it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// What it is.
    pub kind: JudgedKind,
    /// Its state.
    pub state: State,
    /// Its parts, in the formula's order.
    pub parts: Vec<Judged>,
}

/// What a judged part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JudgedKind {
    /// All are needed.
    All,
    /// The component at this place.
    Component(usize),
    /// So many are needed.
    KOfN(usize),
}

impl Judged {
    /// Every part of `formula` by [`Formula::evaluate`], where the components stand in `states`.
    pub fn of(formula: &Formula, states: &[State]) -> Self {
        let (kind, parts) = match formula {
            Formula::All(parts) => (JudgedKind::All, parts.as_slice()),
            Formula::Component(index) => (JudgedKind::Component(*index), [].as_slice()),
            Formula::KOfN { k, of } => (JudgedKind::KOfN(*k), of.as_slice()),
        };
        Self { kind, state: formula.evaluate(states), parts: parts.iter().map(|part| Self::of(part, states)).collect() }
    }
}

/// `all`: the highest of these wins.
const fn all_rank(state: State) -> u8 {
    match state {
        State::Up => 0,
        State::Degraded => 1,
        State::Unknown => 2,
        State::Down => 3,
    }
}

fn k_of_n(k: usize, states: impl Iterator<Item = State>) -> State {
    let (mut up, mut degraded, mut unknown) = (0, 0, 0);
    for state in states {
        match state {
            State::Up => up += 1,
            State::Degraded => degraded += 1,
            State::Down => {}
            State::Unknown => unknown += 1,
        }
    }
    if up >= k {
        State::Up
    } else if up + degraded >= k {
        State::Degraded
    } else if up + degraded + unknown < k {
        State::Down
    } else {
        State::Unknown
    }
}

/// One component: its timeline and its approved maintenance.
#[derive(Debug, Clone, Copy)]
pub struct Component<'a> {
    /// Its states.
    pub timeline: &'a Timeline,
    /// When it is in maintenance that counts.
    pub maintenance: &'a IntervalSet,
}

/// The composite over a window.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Composite {
    /// Its states: they tile the window, neighbours differ.
    pub states: Vec<StateInterval>,
    /// Where it is down only because of components in maintenance: these instants are excluded from its figures.
    pub excluded: IntervalSet,
}

/// The composite of `components` by `formula` over `window`.
pub fn evaluate(formula: &Formula, components: &[Component<'_>], window: Interval) -> Composite {
    // Maintenance walks along as a timeline of its own: down = in maintenance.
    let maintenance: Vec<Timeline> = components
        .iter()
        .map(|c| {
            let windows = c.maintenance.iter();
            Timeline::from_intervals(windows.map(|i| StateInterval { interval: *i, state: State::Down }))
        })
        .collect();
    let timelines: Vec<&Timeline> = components.iter().map(|c| c.timeline).chain(&maintenance).collect();
    let mut out = Composite::default();
    let mut lifted: Vec<State> = Vec::with_capacity(components.len());
    walk_together(&timelines, window, |interval, states| {
        let (own, in_maintenance) = states.split_at(components.len().min(states.len()));
        let state = formula.evaluate(own);
        match out.states.last_mut() {
            Some(last) if last.state == state => last.interval.to = interval.to,
            Some(_) | None => out.states.push(StateInterval { interval, state }),
        }
        if state == State::Down && in_maintenance.contains(&State::Down) {
            lifted.clear();
            lifted.extend(own.iter().zip(in_maintenance).map(|(s, m)| if *m == State::Down { State::Up } else { *s }));
            if formula.evaluate(&lifted) != State::Down {
                out.excluded.push_ordered(interval);
            }
        }
    });
    out
}

#[cfg(test)]
mod tests;
