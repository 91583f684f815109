//! Figures of many services over a period: closed days from the roll-ups, everything else from the ledger itself.
//!
//! ```text
//! period  ├───────── January ─────────┼───── … ─────┼──────── today's month ───────┤ now
//! parts    kept (the month's total)                  kept days          counted
//! ```
//!
//! One question to the store for all begins, one for all roll-ups, one for each stretch that has to be counted (mostly
//! one: today). What is kept counts only as far as it is valid and made by today's rules; the rest of a month is
//! counted anew. Writes nothing.

use super::RulesOf;
use super::months::{Month, months};
use crate::domain::availability::{AvailabilitySums, Rules, Span, span};
use crate::domain::catalogue::ServiceId;
use crate::domain::interval::Interval;
use crate::store::ledger_days::{KeptMonth, usable_days};
use crate::store::{Reader, StoreError};
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;

/// Services whose ledgers are held in memory at a time.
const COUNTED_AT_A_TIME: usize = 128;

/// The part of a month that lies in the period and under one set of terms.
struct Part {
    terms: Option<usize>,
    /// Place of the month.
    month: usize,
    interval: Interval,
    /// Whole days of it that are kept, merged.
    kept: Option<(Interval, Span)>,
}

/// A service that is asked for.
struct Asked {
    rules: Rules,
    /// In order of time; together the period up to now, without months before the service was in force.
    parts: Vec<Part>,
}

/// The judgement of each of `ids` over `period`, as far as it is known at `now`.
///
/// # Errors
/// What the store says.
pub(super) fn load(
    reader: &Reader,
    zone: Tz,
    ids: &[&ServiceId],
    rules_of: &RulesOf<'_>,
    period: Interval,
    now: Timestamp,
) -> Result<Vec<AvailabilitySums>, StoreError> {
    let now = now.floor_second();
    let until = period.to.min(now);
    let begins = reader.ledgers_begin(ids)?;
    let first = begins.iter().flatten().min().copied().unwrap_or(now).floor_second();
    let mut months = months(zone, Interval::new(period.from.max(first), until));
    let whole = months
        .first()
        .map_or(Interval::new(until, until), |month| Interval::new(month.interval().from.max(period.from), until));
    let new = |(service, begins)| Asked::new(rules_of(service, begins), whole, &months);
    let mut asked: Vec<Asked> = ids.iter().copied().zip(begins).map(new).collect();
    if let (Some(first), Some(last)) = (months.first().map(|m| m.number), months.last().map(|m| m.number)) {
        reader.ledger_days(ids, first, last, |place, kept| {
            let month = usize::try_from(kept.month - first).ok();
            if let Some(((index, month), asked)) =
                month.and_then(|i| Some((i, months.get_mut(i)?))).zip(asked.get_mut(place))
            {
                asked.take(index, month, &kept);
            }
        })?;
    }
    let counted = count(reader, ids, &asked)?;
    let window = Interval::new(period.from, until);
    Ok(asked.iter().zip(counted).map(|(asked, counted)| asked.judge(window, &counted)).collect())
}

impl Asked {
    fn new(rules: Rules, whole: Interval, months: &[Month]) -> Self {
        let mut parts = Vec::with_capacity(months.len());
        for (terms, stretch) in span::stretches_by_terms(&rules.terms(), whole) {
            for (month, laid_out) in months.iter().enumerate() {
                let interval = laid_out.interval().intersection(stretch);
                let in_force = laid_out.interval().overlaps(rules.effective);
                if !interval.is_empty() && in_force {
                    parts.push(Part { terms, month, interval, kept: None });
                }
            }
        }
        Self { rules, parts }
    }

    /// Takes what is kept of a month, as far as it may be used.
    fn take(&mut self, index: usize, month: &mut Month, kept: &KeptMonth<'_>) {
        let Some(days) = kept.days else { return };
        if !self.parts.iter().any(|part| part.month == index) || month.revision(&self.rules) != kept.revision {
            return;
        }
        let usable = usable_days(&month.days, days.held(), kept.valid_until);
        for part in self.parts.iter_mut().filter(|part| part.month == index) {
            let inside = month.days_in(part.interval);
            let (from, to) = (inside.start, inside.end.min(usable));
            let ends = month.days.get(from).zip(to.checked_sub(1).and_then(|last| month.days.get(last)));
            if let Some((first, last)) = ends.filter(|_| from < to) {
                let whole_days = Interval::new(first.from, last.to);
                part.kept = days.merged(from, to).map(|span| (whole_days, span)).filter(|_| !whole_days.is_empty());
            }
        }
    }

    /// The stretches that no roll-up tells, those that touch joined, each with its terms.
    fn missing(&self) -> Vec<(Option<usize>, Interval)> {
        let mut missing: Vec<(Option<usize>, Interval)> = Vec::new();
        for part in &self.parts {
            let rims = match part.kept {
                None => [part.interval, Interval::new(part.interval.to, part.interval.to)],
                Some((kept, _)) => {
                    [Interval::new(part.interval.from, kept.from), Interval::new(kept.to, part.interval.to)]
                }
            };
            for rim in rims.into_iter().filter(|rim| !rim.is_empty()) {
                match missing.last_mut() {
                    Some((terms, last)) if *terms == part.terms && last.to == rim.from => last.to = rim.to,
                    _ => missing.push((part.terms, rim)),
                }
            }
        }
        missing
    }

    /// All spans in order of time.
    fn judge(&self, window: Interval, counted: &BTreeMap<Timestamp, Span>) -> AvailabilitySums {
        let kept = self.parts.iter().filter_map(|part| part.kept.map(|(at, span)| (at.from, (part.terms, span))));
        let missing = self.missing().into_iter();
        let missing = missing.filter_map(|(terms, at)| counted.get(&at.from).map(|span| (at.from, (terms, *span))));
        let spans: BTreeMap<Timestamp, (Option<usize>, Span)> = kept.chain(missing).collect();
        let window = window.intersection(self.rules.effective);
        span::judge(&self.rules.terms(), window, spans.into_values())
    }
}

/// Counts what is missing, for each service by the begin of the stretch.
fn count(reader: &Reader, ids: &[&ServiceId], asked: &[Asked]) -> Result<Vec<BTreeMap<Timestamp, Span>>, StoreError> {
    let mut by_stretch: BTreeMap<Interval, Vec<usize>> = BTreeMap::new();
    for (place, service) in asked.iter().enumerate() {
        for (_, stretch) in service.missing() {
            by_stretch.entry(stretch).or_default().push(place);
        }
    }
    let mut counted = vec![BTreeMap::new(); asked.len()];
    for (stretch, places) in by_stretch {
        for places in places.chunks(COUNTED_AT_A_TIME) {
            let of_chunk: Vec<&ServiceId> = places.iter().filter_map(|place| ids.get(*place).copied()).collect();
            let ledgers = reader.ledger_states(&of_chunk, stretch.from, stretch.to)?;
            for (place, ledger) in places.iter().zip(ledgers) {
                if let Some((service, counted)) = asked.get(*place).zip(counted.get_mut(*place)) {
                    let (terms, states) = (service.rules.terms(), ledger.floored());
                    let span = Span::evaluate(&service.rules.input(&terms, stretch, None, &states));
                    counted.insert(stretch.from, span);
                }
            }
        }
    }
    Ok(counted)
}
