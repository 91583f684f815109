//! Numbers and texts in bytes: unsigned LEB128, zig-zag, CRC-32. Reading never goes past the end and never panics.
//! Does not know what they mean.

/// Appends an unsigned LEB128 number.
pub(in crate::store) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push((number & 0x7f) as u8);
}

/// Appends a length or a count.
pub(in crate::store) fn put_count(out: &mut Vec<u8>, count: usize) {
    put_number(out, count as u64);
}

/// Signed to unsigned, small to small.
#[inline]
pub(in crate::store) const fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

/// Undoes [`zigzag`].
#[inline]
pub(in crate::store) const fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

/// CRC-32 of these bytes, as it is written.
pub(in crate::store) fn crc(bytes: &[u8]) -> [u8; 4] {
    crc32fast::hash(bytes).to_le_bytes()
}

/// Bytes yet to be read.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Input<'a>(pub(in crate::store) &'a [u8]);

impl<'a> Input<'a> {
    pub(in crate::store) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(in crate::store) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// An unsigned LEB128 number of at most 64 bits.
    pub(in crate::store) fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return None;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    pub(in crate::store) fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    /// A count of things that each take at least one byte of what is left.
    pub(in crate::store) fn count_here(&mut self) -> Option<usize> {
        self.count().filter(|count| *count <= self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_come_back(number: u64, signed: i64) {
            let mut bytes = Vec::new();
            put_number(&mut bytes, number);
            prop_assert_eq!(Input(&bytes).number(), Some(number));
            prop_assert_eq!(Input(&bytes[1..]).number().is_some(), bytes.len() > 1);
            prop_assert_eq!(unzigzag(zigzag(signed)), signed);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let mut input = Input(&bytes);
            while input.number().is_some() {}
            prop_assert!(input.0.len() <= bytes.len());
        }
    }
}
