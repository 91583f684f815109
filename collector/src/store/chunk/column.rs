//! One column: numbers in, few bytes out.
//!
//! ```text
//! (no bytes)        all numbers are 0, or there are none
//! u8 1, v           constant
//! u8 2, v, z        linear: first, step
//! u8 128 | order | divided 4 | related 8 | width 16…48 | packed 64, then
//!   related:        v how many; each: v (column × 2 + 1 when it is added back negated)
//!   order 1:        z first number;  order 2: z first number, z first difference
//!   divided:        v divisor of all differences
//!   z               the smallest residual
//!   packed:         u8 bits, then the residuals above the smallest in so many bits each, from the lowest bit
//!   not packed:     pco of them in its wrapped form, 1 << width bytes a number: chunk metadata, then one page
//! ```
//!
//! Residuals are the numbers (order 0), their differences (1) or the differences of those (2), divided by what divides
//! all differences: ticks are 10 ms, pages 4 KiB. Where numbers are *related* to other columns, the sum of those is
//! taken off first: all processors together are the sum of each. Which of these is smallest is estimated from the bits
//! of the residuals, so that only one is coded. Arithmetic wraps, so any number comes back.
//!
//! pco's wrapped form has no header of its own, and its bins cost as many bytes as the width: of 360 numbers both
//! matter. Columns of at most [`PACKED_COUNT_MAX`] are packed.
//!
//! Does not know what the numbers mean, nor which columns are related.

use super::ChunkError;
use super::bytes::{Input, put_count, put_number, unzigzag, zigzag};
use pco::data_types::Number;

const CONSTANT: u8 = 1;
const LINEAR: u8 = 2;
const CODED: u8 = 128;
const DIVIDED: u8 = 4;
const RELATED: u8 = 8;
const WIDTH_SHIFT: u32 = 4;
const PACKED: u8 = 64;

/// Most columns that one is related to.
pub(in crate::store) const RELATED_MAX: usize = 8;

/// Columns up to so many numbers are packed: pco's tables would cost more than they save.
const PACKED_COUNT_MAX: usize = 32;

/// Numbers further apart are coded as they are: differences of differences must fit.
const SPREAD_MAX: u64 = 1 << 61;

/// Residuals that an estimate looks at.
const SAMPLED_MAX: usize = 192;

/// Residuals in a bin of an estimate, at least.
const BIN_COUNT_MIN: usize = 8;

/// What a bin's own description takes, about, and how many a coder would keep of so few numbers.
const BIN_BITS: u64 = 20;
const BINS_MAX: u64 = 8;

/// Another column whose numbers are taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Related {
    /// Its place in the directory.
    pub(in crate::store) column: usize,
    /// It is added, not taken off.
    pub(in crate::store) negated: bool,
}

/// What may be taken off: which columns, and their sum.
#[derive(Debug, Clone)]
pub(in crate::store) struct Candidate {
    pub(in crate::store) related: Vec<Related>,
    pub(in crate::store) sum: Vec<u64>,
}

/// How a column was written, for figures.
pub(in crate::store) fn name_of(bytes: &[u8]) -> &'static str {
    match bytes.first().copied().unwrap_or_default() {
        0 => "zero",
        CONSTANT => "constant",
        LINEAR => "linear",
        code if code & (PACKED | RELATED) == PACKED | RELATED => "packed, related",
        code if code & PACKED != 0 => "packed",
        code if code & RELATED != 0 => "pco, related",
        code => ["pco", "pco of differences", "pco of second differences", "unknown"]
            .get(usize::from(code & 3))
            .copied()
            .unwrap_or_default(),
    }
}

/// Writes the numbers in the smallest way known, given what they may be related to.
pub(in crate::store) fn encode(numbers: &[u64], candidates: &[Candidate]) -> Vec<u8> {
    let mut out = Vec::new();
    if put_simple(&mut out, numbers) {
        return out;
    }
    let mut best = Plan::of(numbers);
    let mut related: &[Related] = &[];
    for candidate in candidates.iter().filter(|candidate| candidate.sum.len() == numbers.len()) {
        let rest: Vec<u64> = numbers.iter().zip(&candidate.sum).map(|(a, b)| a.wrapping_sub(*b)).collect();
        let mut plan = Plan::of(&rest);
        plan.bits = plan.bits.saturating_add(8 + 16 * candidate.related.len() as u64);
        if plan.bits < best.bits {
            best = plan;
            related = &candidate.related;
        }
    }
    best.put(&mut out, related);
    out
}

/// What needs no residuals; false when it is not of that sort.
fn put_simple(out: &mut Vec<u8>, numbers: &[u64]) -> bool {
    let Some((first, rest)) = numbers.split_first() else { return true };
    let step = rest.first().map_or(0, |second| second.wrapping_sub(*first));
    if !numbers.windows(2).all(|pair| matches!(pair, [a, b] if b.wrapping_sub(*a) == step)) {
        return false;
    }
    match (*first, step) {
        (0, 0) => {}
        (first, 0) => {
            out.push(CONSTANT);
            put_number(out, first);
        }
        (first, step) => {
            out.push(LINEAR);
            put_number(out, first);
            put_number(out, zigzag(step.cast_signed()));
        }
    }
    true
}

/// One way to write a column, before it is coded.
#[derive(Debug)]
struct Plan {
    order: u8,
    heads: [i64; 2],
    divisor: u64,
    residuals: Vec<i64>,
    /// What it will take, about.
    bits: u64,
}

impl Plan {
    /// The order that takes the fewest bits.
    fn of(numbers: &[u64]) -> Self {
        let signed: Vec<i64> = numbers.iter().map(|number| number.cast_signed()).collect();
        let first = signed.first().copied().unwrap_or_default();
        let (low, high) = signed.iter().fold((first, first), |(low, high), n| (low.min(*n), high.max(*n)));
        let wild = Self { order: 0, heads: [0; 2], divisor: 1, bits: u64::MAX / 2, residuals: Vec::new() };
        if high.abs_diff(low) > SPREAD_MAX {
            return Self { residuals: signed, ..wild };
        }
        let mut once: Vec<i64> = signed.windows(2).map(|pair| if let [a, b] = pair { b - a } else { 0 }).collect();
        let divisor = once.iter().fold(0, |divisor, n| greatest_divisor(divisor, n.unsigned_abs())).max(1);
        if let Ok(by) = i64::try_from(divisor).map(i64::abs)
            && by > 1
        {
            once.iter_mut().for_each(|n| *n /= by);
        }
        let twice: Vec<i64> = once.windows(2).map(|pair| if let [a, b] = pair { b - a } else { 0 }).collect();
        let mut none = Vec::with_capacity(signed.len());
        none.push(0_i64);
        let mut at = 0_i64;
        none.extend(once.iter().map(|step| {
            at += step;
            at
        }));
        let mut scratch = Vec::with_capacity(none.len());
        let mut costs = [&none, &once, &twice].map(|residuals| estimate(residuals, &mut scratch));
        // An estimate from a sample errs towards the rarer orders: they must win clearly.
        for (cost, (percent, head)) in costs.iter_mut().zip([(103, 16), (100, 16), (106, 32)]) {
            *cost = (*cost).saturating_mul(percent) / 100 + head;
        }
        let head = once.first().copied().unwrap_or_default();
        let [zero, one, two] = costs;
        let (order, heads, residuals, bits) = if zero <= one && zero <= two {
            (0, [first, 0], none, zero)
        } else if one <= two {
            (1, [first, 0], once, one)
        } else {
            (2, [first, head], twice, two)
        };
        Self { order, heads, divisor, residuals, bits }
    }

    fn put(&self, out: &mut Vec<u8>, related: &[Related]) {
        let low = self.residuals.iter().copied().min().unwrap_or_default();
        let above: Vec<u64> = self.residuals.iter().map(|n| n.wrapping_sub(low).cast_unsigned()).collect();
        let most = above.iter().copied().max().unwrap_or_default();
        let bits = 64 - most.leading_zeros();
        let width = [8, 16, 32].iter().position(|width| bits <= *width).unwrap_or(3) as u8;
        let packed = (bits as usize * above.len()).div_ceil(8) + 1;
        let mut coded = Vec::new();
        if above.len() > PACKED_COUNT_MAX {
            coded = compress(&above, width).unwrap_or_default();
        }
        let is_packed = coded.is_empty() || packed <= coded.len();
        let mut code = CODED | self.order | width << WIDTH_SHIFT;
        code |= if self.divisor > 1 { DIVIDED } else { 0 };
        code |= if related.is_empty() { 0 } else { RELATED };
        code |= if is_packed { PACKED } else { 0 };
        out.push(code);
        if !related.is_empty() {
            put_count(out, related.len());
            for other in related {
                put_count(out, other.column * 2 + usize::from(other.negated));
            }
        }
        // Of order 0 the first number is where the residuals begin.
        let [first, head] = self.heads;
        put_number(out, zigzag(first));
        if self.order == 2 {
            put_number(out, zigzag(head));
        }
        if self.divisor > 1 {
            put_number(out, self.divisor);
        }
        put_number(out, zigzag(low));
        if is_packed {
            out.push(bits as u8);
            pack(out, &above, bits);
        } else {
            out.extend_from_slice(&coded);
        }
    }
}

fn greatest_divisor(mut a: u64, mut b: u64) -> u64 {
    if a == 1 {
        return 1;
    }
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Bits that residuals take, about: those of bins of neighbouring residuals, as a coder would make them, from a sample.
fn estimate(residuals: &[i64], scratch: &mut Vec<i64>) -> u64 {
    let every = residuals.len().div_ceil(SAMPLED_MAX).max(1);
    scratch.clear();
    scratch.extend(residuals.iter().step_by(every));
    scratch.sort_unstable();
    let all = scratch.len() as f64;
    let (mut bits, mut bins) = (0.0, 0_u64);
    let mut close = |bin: &[i64]| {
        if let [first, .., last] | [first @ last] = bin {
            let (count, wide) = (bin.len() as f64, last.abs_diff(*first) as f64 + 1.0);
            bits += count * (all / count * wide).log2();
            bins += 1;
        }
    };
    // Many of the same are a bin of their own, whatever lies beside them.
    let (mut begin, mut end) = (0, 0);
    for same in scratch.chunk_by(|a, b| a == b) {
        if same.len() >= BIN_COUNT_MIN || end - begin >= BIN_COUNT_MIN {
            close(scratch.get(begin..end).unwrap_or_default());
            begin = end;
        }
        end += same.len();
        if same.len() >= BIN_COUNT_MIN {
            close(same);
            begin = end;
        }
    }
    close(scratch.get(begin..end).unwrap_or_default());
    ((bits * every as f64) as u64).saturating_add(bins.min(BINS_MAX) * BIN_BITS)
}

fn pack(out: &mut Vec<u8>, numbers: &[u64], bits: u32) {
    let (mut buffer, mut filled) = (0_u128, 0);
    for number in numbers {
        buffer |= u128::from(*number) << filled;
        filled += bits;
        while filled >= 8 {
            out.push((buffer & 0xff) as u8);
            buffer >>= 8;
            filled -= 8;
        }
    }
    if filled > 0 {
        out.push((buffer & 0xff) as u8);
    }
}

fn unpack(bytes: &[u8], bits: u32, count: usize) -> Option<Vec<u64>> {
    if bits > 64 || bytes.len() != (bits as usize).checked_mul(count)?.div_ceil(8) {
        return None;
    }
    let mask = if bits == 64 { u64::MAX } else { (1 << bits) - 1 };
    let mut rest = bytes.iter();
    let (mut buffer, mut filled) = (0_u128, 0);
    let next = |_| {
        while filled < bits {
            buffer |= u128::from(*rest.next()?) << filled;
            filled += 8;
        }
        let number = buffer as u64 & mask;
        buffer >>= bits;
        filled -= bits;
        Some(number)
    };
    (0..count).map(next).collect()
}

/// pco's wrapped form of numbers that all fit into `1 << width` bytes.
fn compress(numbers: &[u64], width: u8) -> Option<Vec<u8>> {
    fn of<T: Number>(numbers: impl Iterator<Item = T>) -> Option<Vec<u8>> {
        let config = pco::ChunkConfig::default()
            .with_mode_spec(pco::ModeSpec::Classic)
            .with_delta_spec(pco::DeltaSpec::NoOp)
            .with_enable_8_bit(true);
        let numbers: Vec<T> = numbers.collect();
        let file = pco::wrapped::FileCompressor::default();
        let mut chunk = file.chunk_compressor(&numbers, &config).ok()?;
        let out = Vec::with_capacity(chunk.meta_size_hint() + chunk.page_size_hint(0));
        let out = chunk.write_meta(out).ok()?;
        chunk.write_page(0, out).ok()
    }
    match width {
        0 => of(numbers.iter().map(|n| *n as u8)),
        1 => of(numbers.iter().map(|n| *n as u16)),
        2 => of(numbers.iter().map(|n| *n as u32)),
        _ => of(numbers.iter().copied()),
    }
}

fn decompress(bytes: &[u8], width: u8, count: usize) -> Option<Vec<u64>> {
    fn of<T: Number + Default + Into<u64>>(bytes: &[u8], count: usize) -> Option<Vec<u64>> {
        // The version that `FileCompressor` writes; it stands in no chunk because ours stands for it.
        let mut header = Vec::new();
        pco::wrapped::FileCompressor::default().write_header(&mut header).ok()?;
        let (file, _) = pco::wrapped::FileDecompressor::new(header.as_slice()).ok()?;
        let (mut chunk, rest) = file.chunk_decompressor::<T, _>(bytes).ok()?;
        let mut numbers = vec![T::default(); count];
        let mut page = chunk.page_decompressor(rest, count).ok()?;
        let progress = page.read(&mut numbers).ok()?;
        (progress.n_processed == count).then(|| numbers.into_iter().map(Into::into).collect())
    }
    match width {
        0 => of::<u8>(bytes, count),
        1 => of::<u16>(bytes, count),
        2 => of::<u32>(bytes, count),
        _ => of::<u64>(bytes, count),
    }
}

/// The columns that must be read before this one.
pub(in crate::store) fn related(bytes: &[u8]) -> Result<Vec<Related>, ChunkError> {
    let mut input = Input(bytes);
    match input.byte() {
        Some(code) if code & CODED != 0 && code & RELATED != 0 => {}
        _ => return Ok(Vec::new()),
    }
    related_of(&mut input).ok_or(ChunkError::Damaged { what: "column" })
}

fn related_of(input: &mut Input<'_>) -> Option<Vec<Related>> {
    let count = input.count().filter(|count| (1..=RELATED_MAX).contains(count))?;
    let one = |_| input.count().map(|code| Related { column: code / 2, negated: code % 2 == 1 });
    (0..count).map(one).collect()
}

/// Reads `count` numbers; `sum` is that of the related columns, where there are any.
pub(in crate::store) fn decode(bytes: &[u8], count: usize, sum: Option<&[u64]>) -> Result<Vec<u64>, ChunkError> {
    let damaged = ChunkError::Damaged { what: "column" };
    numbers(bytes, count, sum).filter(|numbers| numbers.len() == count).ok_or(damaged)
}

fn numbers(bytes: &[u8], count: usize, sum: Option<&[u64]>) -> Option<Vec<u64>> {
    let mut input = Input(bytes);
    let Some(code) = input.byte() else { return Some(vec![0; count]) };
    match code {
        CONSTANT => Some(vec![input.number()?; count]),
        LINEAR => {
            let (first, step) = (input.number()?, unzigzag(input.number()?).cast_unsigned());
            Some((0..count as u64).map(|index| first.wrapping_add(step.wrapping_mul(index))).collect())
        }
        code if code & CODED != 0 => coded(input, code, count, sum),
        _ => None,
    }
}

fn coded(mut input: Input<'_>, code: u8, count: usize, sum: Option<&[u64]>) -> Option<Vec<u64>> {
    let order = code & 3;
    if code & RELATED != 0 {
        related_of(&mut input)?;
    }
    let first = unzigzag(input.number()?);
    let mut step = if order == 2 { unzigzag(input.number()?) } else { 0 };
    let divisor = if code & DIVIDED == 0 { 1 } else { input.number()? }.cast_signed();
    let low = unzigzag(input.number()?);
    let residuals = count.checked_sub(order.into())?;
    let above = if code & PACKED == 0 {
        decompress(input.0, code >> WIDTH_SHIFT & 3, residuals)?
    } else {
        let bits = input.byte()?.into();
        unpack(input.0, bits, residuals)?
    };
    let residuals = above.into_iter().map(|n| n.cast_signed().wrapping_add(low));
    let mut numbers = Vec::with_capacity(count);
    let mut at = first;
    match order {
        0 => numbers.extend(residuals.map(|n| first.wrapping_add(n.wrapping_mul(divisor)).cast_unsigned())),
        1 => {
            numbers.push(at.cast_unsigned());
            numbers.extend(residuals.map(|n| {
                at = at.wrapping_add(n.wrapping_mul(divisor));
                at.cast_unsigned()
            }));
        }
        2 => {
            numbers.push(at.cast_unsigned());
            at = at.wrapping_add(step.wrapping_mul(divisor));
            numbers.push(at.cast_unsigned());
            numbers.extend(residuals.map(|n| {
                step = step.wrapping_add(n);
                at = at.wrapping_add(step.wrapping_mul(divisor));
                at.cast_unsigned()
            }));
        }
        _ => return None,
    }
    if code & RELATED != 0 {
        let sum = sum.filter(|sum| sum.len() == count)?;
        numbers.iter_mut().zip(sum).for_each(|(number, other)| *number = number.wrapping_add(*other));
    }
    Some(numbers)
}

#[cfg(test)]
mod tests;
