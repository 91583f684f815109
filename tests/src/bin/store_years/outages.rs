//! What became of a service over the whole span: up, with stretches that were not. The same every time.

use crate::span::{DAY_MS, Span};
use pantau_collector::domain::state::State;
use pantau_collector::store::records::LedgerRow;
use pantau_shared::timestamp::Timestamp;

/// A stretch begins in each of these.
const EVERY_MS: i64 = 15 * DAY_MS;

const MINUTE_MS: i64 = 60_000;

/// The ledger of service number `number`: about two stretches a month of 2 to 61 minutes; every fifth is *degraded*, every
/// seventh *unknown*, the others *down*.
pub(crate) fn ledger(number: usize, span: Span) -> Vec<LedgerRow> {
    let mut random = (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = |below: i64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        i64::try_from(random >> 1).unwrap_or(0) % below
    };
    let row = |from, to, state| LedgerRow { from, to, state, reason: None };
    let (mut rows, mut up_from, mut place) = (Vec::new(), span.from, 0);
    let mut window = span.from;
    while window < span.to {
        let from = window.plus_ms(2 * MINUTE_MS + next(EVERY_MS - 90 * MINUTE_MS));
        let to = from.plus_ms((2 + next(60)) * MINUTE_MS);
        if to < span.to {
            rows.push(row(up_from, from, State::Up));
            match place % 35 {
                place if place % 7 == 6 => {}
                place if place % 5 == 4 => rows.push(row(from, to, State::Degraded)),
                _ => rows.push(row(from, to, State::Down)),
            }
            (up_from, place) = (to, place + 1);
        }
        window = window.plus_ms(EVERY_MS);
    }
    rows.push(row(up_from, span.to, State::Up));
    rows
}

/// The state at an instant; none where no row covers it.
pub(crate) fn state_at(ledger: &[LedgerRow], at: Timestamp) -> Option<State> {
    let row = ledger.get(ledger.partition_point(|row| row.from <= at).checked_sub(1)?)?;
    (at < row.to).then_some(row.state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_lies_in_its_span_and_answers_follow_it() {
        let span = Span::up_to(Timestamp::from_secs(1_795_535_999), 396, 35);
        assert_eq!((span.days().len(), span.to.ms_since(span.raw_from)), (396, 35 * DAY_MS));
        for number in 0..40 {
            let rows = ledger(number, span);
            assert!(rows.windows(2).all(|pair| pair[0].to <= pair[1].from) && rows.iter().all(|row| row.from < row.to));
            assert_eq!((rows[0].from, rows.last().map(|row| row.to)), (span.from, Some(span.to)));
            for state in [State::Down, State::Degraded] {
                assert!(rows.iter().any(|row| row.state == state), "service {number} is never {}", state.name());
            }
            for pair in rows.windows(2) {
                assert_eq!(state_at(&rows, pair[0].from), Some(pair[0].state));
                let next = (pair[0].to == pair[1].from).then_some(pair[1].state);
                assert_eq!(state_at(&rows, pair[0].to), next);
            }
            assert_eq!(state_at(&rows, span.to), None);
        }
    }
}
