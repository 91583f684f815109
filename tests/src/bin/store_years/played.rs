//! A trace as the packed hours, days and months of one host, made a day ahead of whoever writes them.

use crate::span::{HOUR_MS, Span, hours};
use anyhow::{Context, Result};
use chrono::Datelike;
use pantau_collector::store::chunk;
use pantau_collector::store::rollup::{Rollup, Step};
use pantau_shared::sample::Sample;
use pantau_shared::timestamp::Timestamp;
use pantau_tests::trace::Trace;
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

/// One row of the trace.
pub(crate) const ROW_MS: i64 = 10_000;

/// Days that wait for the writer.
const DAYS_AHEAD: usize = 2;

/// A body with the begin of its hour, day or month.
pub(crate) type Body = (Timestamp, Arc<[u8]>);

/// A day of a host.
#[derive(Debug)]
pub(crate) struct Day {
    /// Five-minute points.
    pub(crate) five_minutes: Body,
    /// Frames by hour, where they are kept.
    pub(crate) chunks: Vec<Body>,
    /// One-hour points of the month that ends with this day.
    pub(crate) month: Option<Body>,
}

/// Plays host number `host` on a thread of its own, day by day.
pub(crate) fn play(trace: Arc<Trace>, host: usize, span: Span) -> Result<Receiver<Result<Day>>> {
    let (days, receiver) = sync_channel(DAYS_AHEAD);
    std::thread::Builder::new().name(format!("host-{host}")).spawn(move || {
        let mut played = Played { trace, host, span, month: Rollup::empty(Step::Hour), before: None };
        for day in span.days() {
            // Nobody listens any more: the writer has failed.
            if days.send(played.day(&day)).is_err() {
                break;
            }
        }
    })?;
    Ok(receiver)
}

/// The frame of host number `host` at an instant of the span.
pub(crate) fn frame(trace: &Trace, host: usize, span: Span, at: Timestamp) -> Result<(Timestamp, Sample)> {
    let step = usize::try_from(at.ms_since(span.from) / ROW_MS)?;
    Ok((at, trace.sample(Trace::position(host, step))))
}

struct Played {
    trace: Arc<Trace>,
    host: usize,
    span: Span,
    /// Points of the month so far.
    month: Rollup,
    /// The last frame so far: the first rates of an hour need it.
    before: Option<(Timestamp, Sample)>,
}

impl Played {
    fn day(&mut self, day: &Range<Timestamp>) -> Result<Day> {
        let (mut whole, mut chunks) = (Rollup::empty(Step::FiveMinutes), Vec::new());
        for hour in hours(day) {
            let at = (0..HOUR_MS / ROW_MS).map(|row| hour.start.plus_ms(row * ROW_MS));
            let frames = at.map(|at| frame(&self.trace, self.host, self.span, at)).collect::<Result<Vec<_>>>()?;
            let piece = Rollup::of_frames(Step::FiveMinutes, self.before.as_ref(), &frames);
            self.month.absorb(piece.coarser(Step::Hour));
            whole.absorb(piece);
            if hour.start >= self.span.raw_from {
                chunks.push((hour.start, chunk::encode(&frames).context("encode an hour")?.into()));
            }
            self.before = frames.into_iter().last();
        }
        let last = month_of(day.end) != month_of(day.start) || day.end == self.span.to;
        let month = if last {
            let body = std::mem::replace(&mut self.month, Rollup::empty(Step::Hour)).encode()?;
            Some((month_of(day.start), body.into()))
        } else {
            None
        };
        Ok(Day { five_minutes: (day.start, whole.encode().context("pack a day")?.into()), chunks, month })
    }
}

/// When the month of an instant begins.
pub(crate) fn month_of(at: Timestamp) -> Timestamp {
    let day = i64::from(at.to_utc().day0());
    at.plus_ms(-at.as_ms().rem_euclid(crate::span::DAY_MS) - day * crate::span::DAY_MS)
}
