//! One record of a segment file: framing and checksum. Pure; layout in [`crate::spool`].

use pantau_shared::limits::OBSERVATION_BYTES_MAX;
use pantau_shared::timestamp::Timestamp;

/// Begins every record, so that reading can find its way again behind damage.
pub(super) const MARKER: [u8; 4] = *b"PREC";

/// Bytes before the body.
pub(super) const HEADER_BYTES: usize = 36;

/// Largest body: an observation with room left for the fields that sending adds.
pub(super) const BODY_BYTES_MAX: usize = OBSERVATION_BYTES_MAX - 64;

/// A record as it lies in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub(super) seq: u64,
    pub(super) boot_ms: u64,
    pub(super) wall: Timestamp,
    pub(super) body: &'a [u8],
}

/// What stands at the beginning of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parsed<'a> {
    /// A record, `size` bytes in all.
    Record { record: Record<'a>, size: usize },
    /// The beginning of what may be a record; the rest is missing.
    Incomplete,
    /// No record.
    Damaged,
}

/// Appends the encoded record to `out`.
pub(super) fn encode(record: &Record<'_>, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&MARKER);
    out.extend_from_slice(&(record.body.len() as u32).to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&record.seq.to_le_bytes());
    out.extend_from_slice(&record.boot_ms.to_le_bytes());
    out.extend_from_slice(&record.wall.as_ms().to_le_bytes());
    out.extend_from_slice(record.body);
    let crc = checksum(&out[start..]);
    out[start + 8..start + 12].copy_from_slice(&crc.to_le_bytes());
}

/// Over everything but the marker and the checksum itself.
fn checksum(record: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&record[4..8]);
    hasher.update(&record[12..]);
    hasher.finalize()
}

/// Reads the record at the beginning of `bytes`.
pub(super) fn parse(bytes: &[u8]) -> Parsed<'_> {
    let marked = bytes.len().min(MARKER.len());
    if bytes[..marked] != MARKER[..marked] {
        return Parsed::Damaged;
    }
    if bytes.len() < HEADER_BYTES {
        return Parsed::Incomplete;
    }
    let body_bytes = u32_at(bytes, 4) as usize;
    if body_bytes > BODY_BYTES_MAX {
        return Parsed::Damaged;
    }
    let size = HEADER_BYTES + body_bytes;
    let Some(whole) = bytes.get(..size) else {
        return Parsed::Incomplete;
    };
    if checksum(whole) != u32_at(whole, 8) {
        return Parsed::Damaged;
    }
    let record = Record {
        seq: u64_at(whole, 12),
        boot_ms: u64_at(whole, 20),
        wall: Timestamp::from_ms(u64_at(whole, 28).cast_signed()),
        body: &whole[HEADER_BYTES..],
    };
    Parsed::Record { record, size }
}

/// The four bytes at `at`, which the caller has checked to exist.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut four = [0; 4];
    four.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(four)
}

/// The eight bytes at `at`, which the caller has checked to exist.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut eight = [0; 8];
    eight.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(eight)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded() -> (Record<'static>, Vec<u8>) {
        let record = Record { seq: 7, boot_ms: 9, wall: Timestamp::from_ms(-3), body: b"body" };
        let mut bytes = Vec::new();
        encode(&record, &mut bytes);
        (record, bytes)
    }

    #[test]
    fn reads_what_it_wrote() {
        let (record, mut bytes) = encoded();
        let size = bytes.len();
        bytes.extend_from_slice(b"more");
        assert_eq!(parse(&bytes), Parsed::Record { record, size });
    }

    #[test]
    fn every_cut_is_incomplete_and_every_flip_is_no_record() {
        let (_, bytes) = encoded();
        for cut in 0..bytes.len() {
            assert_eq!(parse(&bytes[..cut]), Parsed::Incomplete, "{cut}");
        }
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!matches!(parse(&flipped), Parsed::Record { .. }), "{bit}");
        }
    }
}
