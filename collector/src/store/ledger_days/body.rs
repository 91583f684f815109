//! Days of a month in bytes.
//!
//! Limits: 1 to 31 days; at most 63 bytes a span, so a body has less than 2.2 kB. Numbers are LEB128 of 64 bits.
//!
//! ```text
//! 0     format, 1
//! 1     days held, from the first of the month on
//! 2     CRC-32 (little endian) of service, month, revision and all that follows
//! 6     span of all days held, merged
//! …     the days, each one of
//!         0, n      as the day before, n times more
//!         span
//! span  mask, then the numbers it names, in the order of its bits
//!         bit 0     set
//!         bit 1–5   up, degraded, down, unknown, excluded seconds
//!         bit 6–9   head, tail, outages inside, longest of them
//!         bit 10    one run fills the span
//!         bit 11    five more numbers: the seconds without maintenance, which differ
//! ```
//!
//! A body that does not fit its checksum, or has another format, is not read; the days are counted again. A new format
//! gets the next number, and old rows are simply absent to it.

use crate::domain::availability::{Counts, Runs, Span};

/// A month has no more days.
pub const DAYS_MAX: usize = 31;

const FORMAT: u8 = 1;
const CHECKED_FROM: usize = 6;
const THROUGH: u64 = 1 << 10;
const WITHOUT_MAINTENANCE: u64 = 1 << 11;
const MASK_MAX: u64 = (1 << 12) - 1;

/// Days as they are kept; checked, not yet unpacked.
#[derive(Debug, Clone, Copy)]
pub struct KeptDays<'a> {
    held: usize,
    total: Span,
    packed: &'a [u8],
}

impl<'a> KeptDays<'a> {
    /// The days in `body`; `None` when it is damaged or has another format.
    pub(super) fn parse(body: &'a [u8], seed: crc32fast::Hasher) -> Option<Self> {
        let (&[format, held, a, b, c, d], mut rest) = body.split_first_chunk::<CHECKED_FROM>()?;
        let mut hasher = seed;
        hasher.update(&[held]);
        hasher.update(rest);
        let held = usize::from(held);
        let sound = format == FORMAT && (1..=DAYS_MAX).contains(&held);
        if !sound || hasher.finalize() != u32::from_le_bytes([a, b, c, d]) {
            return None;
        }
        let mask = take(&mut rest)?;
        let total = take_span(mask, &mut rest)?;
        Some(Self { held, total, packed: rest })
    }

    /// How many, from the first of the month on.
    pub const fn held(&self) -> usize {
        self.held
    }

    /// The days `from` to `to` (exclusive, by place in the month) merged; `None`: not all of them are held.
    pub fn merged(&self, from: usize, to: usize) -> Option<Span> {
        if from == 0 && to == self.held {
            return Some(self.total);
        }
        let mut merged = Span::NOTHING;
        let (mut packed, mut day, mut at) = (self.packed, Span::NOTHING, 0);
        while at < to {
            let mask = take(&mut packed)?;
            let times = if mask == 0 {
                usize::try_from(take(&mut packed)?).ok().filter(|times| at + times <= self.held)?
            } else {
                day = take_span(mask, &mut packed)?;
                1
            };
            let inside = (at.max(from)..(at + times).min(to)).len();
            merged = (0..inside).fold(merged, |merged, _| merged.followed_by(day));
            at += times;
        }
        Some(merged)
    }
}

/// The checksum begins with whose days they are: a row in the wrong place does not fit.
pub(super) fn checksum_seed(service: &str, month: i64, revision: i64) -> crc32fast::Hasher {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(service.as_bytes());
    hasher.update(&month.to_le_bytes());
    hasher.update(&revision.to_le_bytes());
    hasher
}

/// The bytes of `days`; `None` when there are none or too many.
pub(super) fn render(days: &[Span], seed: crc32fast::Hasher) -> Option<Vec<u8>> {
    let held = u8::try_from(days.len()).ok().filter(|held| (1..=DAYS_MAX).contains(&usize::from(*held)))?;
    let mut packed = Vec::with_capacity(128);
    put_span(days.iter().fold(Span::NOTHING, |sum, day| sum.followed_by(*day)), &mut packed);
    for run in days.chunk_by(|day, next| day == next) {
        if let Some(day) = run.first() {
            put_span(*day, &mut packed);
        }
        if run.len() > 1 {
            put(0, &mut packed);
            put(run.len() as u64 - 1, &mut packed);
        }
    }
    let mut hasher = seed;
    hasher.update(&[held]);
    hasher.update(&packed);
    let mut body = vec![FORMAT, held];
    body.extend(hasher.finalize().to_le_bytes());
    body.extend(packed);
    Some(body)
}

fn numbers(span: Span) -> [u64; 9] {
    let [up, degraded, down, unknown, excluded] = seconds(span.counts);
    let Runs { inner, longest_inner_s, head_s, tail_s, through: _ } = span.runs;
    [up, degraded, down, unknown, excluded, head_s, tail_s, inner, longest_inner_s]
}

fn seconds(counts: Counts) -> [u64; 5] {
    let Counts { up_s, degraded_s, down_s, unknown_s, excluded_s } = counts;
    [up_s, degraded_s, down_s, unknown_s, excluded_s]
}

const fn counts([up_s, degraded_s, down_s, unknown_s, excluded_s]: [u64; 5]) -> Counts {
    Counts { up_s, degraded_s, down_s, unknown_s, excluded_s }
}

fn put_span(span: Span, out: &mut Vec<u8>) {
    let numbers = numbers(span);
    let differs = span.without_maintenance != span.counts;
    let mut mask = 1;
    mask |= if span.runs.through { THROUGH } else { 0 };
    mask |= if differs { WITHOUT_MAINTENANCE } else { 0 };
    for (bit, number) in (1..).zip(numbers) {
        mask |= u64::from(number > 0) << bit;
    }
    put(mask, out);
    numbers.into_iter().filter(|number| *number > 0).for_each(|number| put(number, out));
    if differs {
        seconds(span.without_maintenance).into_iter().for_each(|number| put(number, out));
    }
}

fn take_span(mask: u64, packed: &mut &[u8]) -> Option<Span> {
    if mask & 1 == 0 || mask > MASK_MAX {
        return None;
    }
    let mut numbers = [0; 9];
    for (bit, number) in (1..).zip(&mut numbers) {
        if mask >> bit & 1 == 1 {
            *number = take(packed)?;
        }
    }
    let [up_s, degraded_s, down_s, unknown_s, excluded_s, head_s, tail_s, inner, longest_inner_s] = numbers;
    let own = counts([up_s, degraded_s, down_s, unknown_s, excluded_s]);
    let mut plain = own;
    if mask & WITHOUT_MAINTENANCE != 0 {
        let mut numbers = [0; 5];
        for number in &mut numbers {
            *number = take(packed)?;
        }
        plain = counts(numbers);
    }
    let through = mask & THROUGH != 0;
    let runs = Runs { inner, longest_inner_s, head_s, tail_s, through };
    Some(Span { counts: own, without_maintenance: plain, runs })
}

fn put(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number & 0x7F) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// The number at the front; `None` when it does not end, or is longer than 64 bits.
fn take(packed: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = packed.split_first()?;
        *packed = rest;
        let bits = u64::from(byte & 0x7F);
        if shift == 63 && bits > 1 {
            return None;
        }
        number |= bits << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_counts() -> impl Strategy<Value = Counts> {
        prop::array::uniform5(prop_oneof![Just(0), 0u64..200, 0u64..90_000, any::<u64>()])
            .prop_map(|numbers| counts(numbers.map(|number| number >> 6)))
    }

    fn any_span() -> impl Strategy<Value = Span> {
        let rims = (0u64..3, 0u64..90_000, 0u64..90_000, 0u64..3, any::<bool>());
        (any_counts(), prop::option::of(any_counts()), rims).prop_map(
            |(own, plain, (inner, longest, head, tail, through))| {
                let runs = Runs { inner, longest_inner_s: longest, head_s: head, tail_s: tail, through };
                Span { counts: own, without_maintenance: plain.unwrap_or(own), runs }
            },
        )
    }

    fn any_days() -> impl Strategy<Value = Vec<Span>> {
        prop::collection::vec((any_span(), 1usize..5), 1..12)
            .prop_map(|runs| runs.into_iter().flat_map(|(day, times)| vec![day; times]).take(DAYS_MAX).collect())
    }

    fn seed() -> crc32fast::Hasher {
        checksum_seed("simpeg", 24_317, -5)
    }

    proptest! {
        #[test]
        fn days_come_back_merged_over_any_part(days in any_days(), from in 0usize..31, length in 0usize..32) {
            let body = render(&days, seed()).expect("fits");
            let kept = KeptDays::parse(&body, seed()).expect("sound");
            prop_assert_eq!(kept.held(), days.len());
            let (from, to) = (from.min(days.len()), (from + length).min(days.len()));
            let merged = days[from..to].iter().fold(Span::NOTHING, |sum, day| sum.followed_by(*day));
            prop_assert_eq!(kept.merged(from, to), Some(merged));
            prop_assert_eq!(kept.merged(0, days.len() + 1), None);
        }

        #[test]
        fn a_changed_or_cut_body_is_not_read(days in any_days(), place in any::<prop::sample::Index>(), bit in 0u8..8) {
            let body = render(&days, seed()).expect("fits");
            let mut changed = body.clone();
            changed[place.index(body.len())] ^= 1 << bit;
            prop_assert!(KeptDays::parse(&changed, seed()).is_none());
            prop_assert!(KeptDays::parse(&body[..place.index(body.len())], seed()).is_none());
            prop_assert!(KeptDays::parse(&body, checksum_seed("other", 24_317, -5)).is_none());
        }
    }

    #[test]
    fn an_ordinary_month_is_small_and_absurd_lengths_are_refused() {
        let up = Span {
            counts: counts([86_400, 0, 0, 0, 0]),
            without_maintenance: counts([86_400, 0, 0, 0, 0]),
            runs: Runs { through: false, ..Runs::NOTHING },
        };
        assert_eq!(render(&[up; 31], seed()).expect("fits").len(), 17);
        assert!(render(&[up; 32], seed()).is_none() && render(&[], seed()).is_none());
    }
}
