//! Walking over the bytes of a segment, whatever has happened to them. Pure; the rules stand in [`crate::spool`].

use super::record::{MARKER, Parsed, Record, parse};

/// What the walk comes upon next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step<'a> {
    /// The next record in order; it begins at `start` and ends before `end`.
    Record { record: Record<'a>, start: usize, end: usize },
    /// Numbers `from..=to` are missing before the record that follows. `damaged` tells destroyed bytes from numbers
    /// that were never written.
    Hole { from: u64, to: u64, damaged: bool },
    /// No further record. `clean` is whether the bytes end with a whole record.
    End { clean: bool },
}

/// A walk over records, in order, from a place in a segment.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    bytes: &'a [u8],
    offset: usize,
    /// The number that the next record should have.
    expected: u64,
    damaged: bool,
}

impl<'a> Walk<'a> {
    /// Walks over `bytes`, where the next record should be number `expected`.
    pub(super) fn new(bytes: &'a [u8], expected: u64) -> Self {
        Self { bytes, offset: 0, expected, damaged: false }
    }

    /// The number that the next record should have: one after the last good one.
    pub(super) fn expected(&self) -> u64 {
        self.expected
    }

    /// Behind the last good record.
    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    /// The next step; [`Step::End`] for ever once it was given.
    pub(super) fn step(&mut self) -> Step<'a> {
        let mut start = self.offset;
        loop {
            match parse(&self.bytes[start..]) {
                // An older number again is a leftover of a write that failed half-way and was repeated.
                Parsed::Record { record, size } if record.seq < self.expected => start += size,
                Parsed::Record { record, size } => {
                    if record.seq > self.expected {
                        let damaged = std::mem::take(&mut self.damaged) || start > self.offset;
                        let hole = Step::Hole { from: self.expected, to: record.seq - 1, damaged };
                        self.expected = record.seq;
                        self.offset = start;
                        return hole;
                    }
                    self.expected = record.seq + 1;
                    self.offset = start + size;
                    self.damaged = false;
                    return Step::Record { record, start, end: self.offset };
                }
                Parsed::Incomplete | Parsed::Damaged => match find_marker(self.bytes, start + 1) {
                    Some(next) => start = next,
                    None => return Step::End { clean: self.offset == self.bytes.len() },
                },
            }
        }
    }
}

/// Where the next whole marker begins, at or after `from`.
fn find_marker(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    rest.windows(MARKER.len()).position(|window| window == MARKER).map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::super::record::encode;
    use super::*;
    use pantau_shared::timestamp::Timestamp;

    fn segment(seqs: &[u64]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for &seq in seqs {
            encode(&Record { seq, boot_ms: 1, wall: Timestamp::from_ms(2), body: b"PREC hello" }, &mut bytes);
        }
        bytes
    }

    fn walk(bytes: &[u8]) -> String {
        let mut walk = Walk::new(bytes, 1);
        let mut text = String::new();
        loop {
            match walk.step() {
                Step::Record { record, .. } => text.push_str(&format!("{} ", record.seq)),
                Step::Hole { from, to, damaged } => text.push_str(&format!("[{from}-{to} {damaged}] ")),
                Step::End { clean } => return format!("{text}{}", if clean { "clean" } else { "torn" }),
            }
        }
    }

    #[test]
    fn walks_over_good_bytes_and_numbers_never_written() {
        assert_eq!(walk(&segment(&[1, 2, 3])), "1 2 3 clean");
        assert_eq!(walk(&segment(&[1, 4])), "1 [2-3 false] 4 clean");
        assert_eq!(walk(&segment(&[])), "clean");
    }

    #[test]
    fn finds_its_way_behind_damage() {
        let one = segment(&[1]).len();
        let mut bytes = segment(&[1, 2, 3]);
        bytes[one + 20] ^= 1;
        assert_eq!(walk(&bytes), "1 [2-2 true] 3 clean");
        let mut length = segment(&[1, 2, 3]);
        length[one + 6] = 0xff;
        assert_eq!(walk(&length), "1 [2-2 true] 3 clean");
    }

    #[test]
    fn a_repeated_number_is_passed_over() {
        let mut bytes = segment(&[1, 2]);
        bytes.extend_from_slice(&segment(&[2, 3]));
        assert_eq!(walk(&bytes), "1 2 3 clean");
    }

    #[test]
    fn a_torn_tail_is_told() {
        let bytes = segment(&[1, 2]);
        assert_eq!(walk(&bytes[..bytes.len() - 1]), "1 torn");
        assert_eq!(walk(&[bytes.as_slice(), &[0; 64]].concat()), "1 2 torn");
    }
}
