//! Spans: what a stretch of time adds to any period it is part of. The figures of a whole are those of its spans, merged.
//!
//! Seconds simply add up. Outages do not: a run of *down* may cross the rim between two spans and is one outage there,
//! not two. So a span tells the counted seconds of the run at its first rim, of the run at its last rim, and sums up
//! only the outages that touch neither:
//!
//! ```text
//!   ▆▆▆▁▁▁▁▆▆▁▁▁▆▁▁▁▁▆▆▆▆        head 3 s, inner 2 outages (longest 2 s), tail 4 s
//!   ▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆        through: head = tail = what is counted of the one run
//! ```
//!
//! A run without counted seconds (closed or excluded all along) is no outage, but it still joins its neighbours when it
//! fills a whole span; a head or tail of 0 s therefore needs no mark. Cut only at whole seconds. Knows nothing of days.

use super::figures::{Counts, TermCounts};
use super::{AvailabilitySums, Figures, Input, Interval, State, Terms, agreed_parts, sweep};

/// The runs of *down* in a span; see the module text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Runs {
    /// Outages that touch neither rim.
    pub inner: u64,
    /// The most counted seconds of one of them.
    pub longest_inner_s: u64,
    /// Counted seconds of the run at the first rim; 0: none.
    pub head_s: u64,
    /// Counted seconds of the run at the last rim; 0: none.
    pub tail_s: u64,
    /// One run fills the span: head and tail are the same one.
    pub through: bool,
}

impl Runs {
    /// No time at all: merging it changes nothing.
    pub const NOTHING: Self = Self { inner: 0, longest_inner_s: 0, head_s: 0, tail_s: 0, through: true };

    /// The runs of this span and the one right after it.
    #[must_use]
    pub fn followed_by(self, next: Self) -> Self {
        match (self.through, next.through) {
            (true, true) => {
                let counted_s = self.head_s + next.head_s;
                Self { head_s: counted_s, tail_s: counted_s, ..Self::NOTHING }
            }
            (true, false) => Self { head_s: self.head_s + next.head_s, ..next },
            (false, true) => Self { tail_s: self.tail_s + next.head_s, ..self },
            (false, false) => {
                let joined_s = self.tail_s + next.head_s;
                Self {
                    inner: self.inner + next.inner + u64::from(joined_s > 0),
                    longest_inner_s: self.longest_inner_s.max(next.longest_inner_s).max(joined_s),
                    head_s: self.head_s,
                    tail_s: next.tail_s,
                    through: false,
                }
            }
        }
    }

    /// How many outages, if nothing lies before and after.
    pub fn outages(self) -> u64 {
        let last = !self.through && self.tail_s > 0;
        self.inner + u64::from(self.head_s > 0) + u64::from(last)
    }

    /// The most counted seconds of one of them.
    pub fn longest_s(self) -> u64 {
        self.longest_inner_s.max(self.head_s).max(self.tail_s)
    }
}

/// What a stretch of time adds to a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its seconds.
    pub counts: Counts,
    /// The same with no maintenance taken into account.
    pub without_maintenance: Counts,
    /// Its runs of *down*.
    pub runs: Runs,
}

impl Span {
    /// No time at all.
    pub const NOTHING: Self = Self { counts: Counts::ZERO, without_maintenance: Counts::ZERO, runs: Runs::NOTHING };

    /// The span of `input`'s period up to `as_of`. `input.states` has to reach from rim to rim, not beyond.
    pub fn evaluate(input: &Input<'_>) -> Self {
        let whole = Interval::new(input.period.from, input.as_of.unwrap_or(input.period.to).min(input.period.to));
        if whole.is_empty() {
            return Self::NOTHING;
        }
        let window = whole.intersection(input.effective);
        let overlay = sweep::Overlay::build(input, window);
        let swept = sweep::sweep(input, &agreed_parts(input.terms, window), &overlay);
        let runs = runs(input, &overlay, &swept.down, whole);
        Self { counts: swept.counts, without_maintenance: swept.without_maintenance, runs }
    }

    /// This span and the one right after it.
    #[must_use]
    pub fn followed_by(mut self, next: Self) -> Self {
        self.counts.add(next.counts);
        self.without_maintenance.add(next.without_maintenance);
        Self { runs: self.runs.followed_by(next.runs), ..self }
    }
}

/// The runs of *down* in `whole`, with the counted stretches `down`, which are in order of time.
fn runs(input: &Input<'_>, overlay: &sweep::Overlay, down: &[Interval], whole: Interval) -> Runs {
    let timeline = sweep::down_runs(input, overlay);
    let first = timeline.stretch_at(whole.from);
    let through = first.state == State::Down && first.interval.to >= whole.to;
    let mut runs = Runs { through, ..Runs::NOTHING };
    if through {
        runs.head_s = down.iter().map(|piece| piece.length_s()).sum();
        runs.tail_s = runs.head_s;
        return runs;
    }
    let mut pieces = down.iter().peekable();
    while let Some(piece) = pieces.next() {
        let run = timeline.stretch_at(piece.from).interval;
        let mut counted_s = piece.length_s();
        while let Some(more) = pieces.next_if(|more| more.from < run.to) {
            counted_s += more.length_s();
        }
        if run.from <= whole.from {
            runs.head_s = counted_s;
        } else if run.to >= whole.to {
            runs.tail_s = counted_s;
        } else {
            runs.inner += 1;
            runs.longest_inner_s = runs.longest_inner_s.max(counted_s);
        }
    }
    runs
}

/// The stretches of `window` with the place of the terms that apply in each, in order of time; before the first terms
/// there are none. Rims of [`Interval::ALL`] are no cuts.
pub fn stretches_by_terms(terms: &[Terms<'_>], window: Interval) -> Vec<(Option<usize>, Interval)> {
    let first = terms.first().map_or(Interval::ALL.to, |terms| terms.valid_from);
    let mut stretches = vec![(None, Interval::new(Interval::ALL.from, first))];
    for (index, current) in terms.iter().enumerate() {
        let end = terms.get(index + 1).map_or(Interval::ALL.to, |next| next.valid_from);
        stretches.push((Some(index), Interval::new(current.valid_from, end)));
    }
    let cut = |(index, interval): (Option<usize>, Interval)| (index, interval.intersection(window));
    stretches.into_iter().map(cut).filter(|(_, interval)| !interval.is_empty()).collect()
}

/// The judgement of `window` (the period cut at `as_of` and by the effective range) from spans that tile it in order of
/// time, each with the place of its terms; spans may reach beyond the effective range.
pub fn judge(
    terms: &[Terms<'_>],
    window: Interval,
    spans: impl IntoIterator<Item = (Option<usize>, Span)>,
) -> AvailabilitySums {
    let new = |terms: &Terms<'_>| TermCounts { target_ppm: terms.target_ppm, counts: Counts::ZERO };
    let mut by_terms: Vec<TermCounts> = terms.iter().map(new).collect();
    let mut whole = Span::NOTHING;
    for (place, span) in spans {
        if let Some(of_terms) = place.and_then(|index| by_terms.get_mut(index)) {
            of_terms.counts.add(span.counts);
        }
        whole = whole.followed_by(span);
    }
    let in_force = sweep::terms_in_force(terms, window);
    AvailabilitySums {
        window,
        figures: Figures::evaluate(whole.counts, &by_terms, whole.runs, &in_force),
        without_maintenance: whole.without_maintenance,
    }
}
