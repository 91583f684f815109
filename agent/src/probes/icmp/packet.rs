//! Echo requests and replies as bytes (RFC 792, RFC 4443). Pure.

/// What a request carries besides its numbers.
const PAYLOAD: &[u8] = b"pantau echo request";

/// A reply's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) ident: u16,
    pub(super) sequence: u16,
    /// Where the socket shows the IP header.
    pub(super) hop_limit: Option<u8>,
}

/// An echo request. The kernel fills in version 6's checksum itself.
pub(super) fn render_request(is_v6: bool, ident: u16, sequence: u16) -> Vec<u8> {
    let mut packet = vec![if is_v6 { 128 } else { 8 }, 0, 0, 0];
    packet.extend_from_slice(&ident.to_be_bytes());
    packet.extend_from_slice(&sequence.to_be_bytes());
    packet.extend_from_slice(PAYLOAD);
    if !is_v6 {
        let sum = checksum(&packet);
        packet[2..4].copy_from_slice(&sum.to_be_bytes());
    }
    packet
}

/// The internet checksum (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |&low| u32::from(low)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(u16::MAX)
}

/// Reads a reply; anything else is none. A raw socket of version 4 shows the IP header in front.
pub(super) fn parse_reply(bytes: &[u8], is_v6: bool, is_raw: bool) -> Option<Reply> {
    let (hop_limit, bytes) = if is_raw && !is_v6 {
        let header_bytes = usize::from(bytes.first()? & 0x0f) * 4;
        (Some(*bytes.get(8)?), bytes.get(header_bytes..)?)
    } else {
        (None, bytes)
    };
    let reply = if is_v6 { 129 } else { 0 };
    if *bytes.first()? != reply || *bytes.get(1)? != 0 {
        return None;
    }
    let word = |at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    Some(Reply { ident: word(4)?, sequence: word(6)?, hop_limit })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_sums_to_zero_and_its_reply_is_known() {
        let mut packet = render_request(false, 0x1234, 7);
        assert_eq!(checksum(&packet), 0);
        assert_eq!(parse_reply(&packet, false, false), None, "our own request");
        packet[0] = 0;
        let reply = Reply { ident: 0x1234, sequence: 7, hop_limit: None };
        assert_eq!(parse_reply(&packet, false, false), Some(reply));
        let mut raw = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 61, 1, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1];
        raw.extend_from_slice(&packet);
        assert_eq!(parse_reply(&raw, false, true), Some(Reply { hop_limit: Some(61), ..reply }));
        let mut v6 = render_request(true, 1, 2);
        v6[0] = 129;
        assert_eq!(parse_reply(&v6, true, true), Some(Reply { ident: 1, sequence: 2, hop_limit: None }));
        for cut in 0..8 {
            assert_eq!(parse_reply(&packet[..cut], false, false), None, "{cut}");
            assert_eq!(parse_reply(&raw[..cut], false, true), None, "{cut}");
        }
    }
}
