//! One column: numbers in, few bytes out.
//!
//! ```text
//! (no bytes)   all numbers are 0, or there are none
//! u8 code
//!   1  constant: v
//!   2  linear:   v first, z step
//!   3  pco of the numbers
//! ```
//!
//! Does not know what the numbers mean.

use super::ChunkError;
use super::bytes::{Input, put_number, unzigzag, zigzag};

const CONSTANT: u8 = 1;
const LINEAR: u8 = 2;
const PCO: u8 = 3;

/// Writes the numbers in the smallest way known.
pub(super) fn encode(numbers: &[u64]) -> Vec<u8> {
    let mut out = Vec::new();
    let Some((first, rest)) = numbers.split_first() else { return out };
    let step = rest.first().map_or(0, |second| second.wrapping_sub(*first));
    let linear = numbers.windows(2).all(|pair| matches!(pair, [a, b] if b.wrapping_sub(*a) == step));
    if linear && step == 0 {
        if *first != 0 {
            out.push(CONSTANT);
            put_number(&mut out, *first);
        }
    } else if linear {
        out.push(LINEAR);
        put_number(&mut out, *first);
        put_number(&mut out, zigzag(step.cast_signed()));
    } else {
        out.push(PCO);
        let config = pco::ChunkConfig::default();
        out.extend(pco::standalone::simple_compress(numbers, &config).unwrap_or_default());
    }
    out
}

/// Reads `count` numbers.
pub(super) fn decode(bytes: &[u8], count: usize) -> Result<Vec<u64>, ChunkError> {
    let damaged = ChunkError::Damaged { what: "column" };
    numbers(bytes, count).filter(|numbers| numbers.len() == count).ok_or(damaged)
}

fn numbers(bytes: &[u8], count: usize) -> Option<Vec<u64>> {
    let mut input = Input(bytes);
    let Some(code) = input.byte() else { return Some(vec![0; count]) };
    match code {
        CONSTANT => Some(vec![input.number()?; count]),
        LINEAR => {
            let (first, step) = (input.number()?, unzigzag(input.number()?).cast_unsigned());
            Some((0..count as u64).map(|index| first.wrapping_add(step.wrapping_mul(index))).collect())
        }
        PCO => {
            let mut numbers = vec![0; count];
            let progress = pco::standalone::simple_decompress_into(input.0, &mut numbers).ok()?;
            (progress.n_processed == count).then_some(numbers)
        }
        _ => None,
    }
}
