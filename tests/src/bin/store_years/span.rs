//! The time a store covers: whole hours of UTC, up to the hour that is open. Reads no clock.

use pantau_shared::timestamp::Timestamp;
use std::ops::Range;

/// Milliseconds of an hour.
pub(crate) const HOUR_MS: i64 = 3_600_000;

/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;

/// Days up to today, which ends with the last whole hour.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    /// Midnight.
    pub(crate) from: Timestamp,
    /// On the hour.
    pub(crate) to: Timestamp,
    /// Samples and answers are kept from here on; on the hour.
    pub(crate) raw_from: Timestamp,
}

impl Span {
    /// The last `days` days (today is one of them), raw for the last `raw_days` of them.
    pub(crate) fn up_to(now: Timestamp, days: u32, raw_days: u32) -> Self {
        let to = floor(now, HOUR_MS);
        let from = floor(now, DAY_MS).plus_ms(-DAY_MS * (i64::from(days) - 1));
        Self { from, to, raw_from: to.plus_ms(-DAY_MS * i64::from(raw_days)).max(from) }
    }

    /// Its days; the last ends early.
    pub(crate) fn days(self) -> Vec<Range<Timestamp>> {
        pieces(self.from..self.to, DAY_MS)
    }
}

/// The hours of a day.
pub(crate) fn hours(day: &Range<Timestamp>) -> Vec<Range<Timestamp>> {
    pieces(day.clone(), HOUR_MS)
}

fn pieces(span: Range<Timestamp>, ms: i64) -> Vec<Range<Timestamp>> {
    let begins = std::iter::successors(Some(span.start), |at| Some(at.plus_ms(ms)));
    begins.take_while(|at| *at < span.end).map(|at| at..at.plus_ms(ms).min(span.end)).collect()
}

fn floor(at: Timestamp, ms: i64) -> Timestamp {
    at.plus_ms(-at.as_ms().rem_euclid(ms))
}
