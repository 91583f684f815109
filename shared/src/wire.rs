//! Sealing and opening a batch: encoding, signature, caps. Pure: bytes in, bytes out. A batch under a session instead of
//! a signature: [`session`]. The collector's signed answer, where a broker is between: [`reply`].
//!
//! The signature covers a domain tag, the protocol version, the host and the body, each length-prefixed, so that no
//! part can be moved into another. It is verified over the very bytes that arrived, before they are decoded.

pub mod reply;
pub mod session;

use crate::PROTOCOL_VERSION;
use crate::envelope::{Batch, SignedBatch};
use crate::ids::{HostId, IdError};
use crate::limits::{BATCH_BYTES_MAX, BATCH_OBSERVATIONS_MAX, OBSERVATION_BYTES_MAX};
use prost::Message;
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};

const DOMAIN: &[u8] = b"pantau-batch";

/// Why received bytes are not an acceptable batch. Each variant has its own counter at the collector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// More bytes than [`BATCH_BYTES_MAX`].
    #[error("batch of {size} bytes is larger than {BATCH_BYTES_MAX}")]
    TooLarge {
        /// Size that arrived, or the declared one.
        size: usize,
    },
    /// Not protobuf of this shape.
    #[error("batch cannot be decoded")]
    Malformed,
    /// A newer protocol than this program knows.
    #[error("batch speaks protocol {got}, this program knows up to {PROTOCOL_VERSION}")]
    NewerProtocol {
        /// The version in the batch.
        got: u32,
    },
    /// The host's name is not an identifier.
    #[error("batch names no valid host")]
    BadHost(#[source] IdError),
    /// No signature, or one that does not fit the host's key.
    #[error("signature of the batch does not fit the key of host `{host}`")]
    BadSignature {
        /// Whom the batch claims to come from.
        host: HostId,
    },
    /// The batch is of a session that is not known, is over, or was opened under another key of the host.
    #[error("session of the batch is not known or over; sign the batch and open a new one")]
    SessionUnknown {
        /// Whom the batch claims to come from.
        host: HostId,
    },
    /// A code that does not fit the session's key.
    #[error("code of the batch does not fit its session with host `{host}`")]
    BadMac {
        /// Whom the batch claims to come from.
        host: HostId,
    },
    /// More than [`BATCH_OBSERVATIONS_MAX`] observations.
    #[error("batch holds {count} observations, more than {BATCH_OBSERVATIONS_MAX}")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// A single observation above [`OBSERVATION_BYTES_MAX`].
    #[error("observation {seq} is larger than {OBSERVATION_BYTES_MAX} bytes")]
    ObservationTooLarge {
        /// Which one.
        seq: u64,
    },
    /// Sequence numbers do not rise, or one is 0.
    #[error("observation {seq} does not follow the one before it")]
    OutOfOrder {
        /// Which one.
        seq: u64,
    },
    /// The stream's name has not 16 bytes.
    #[error("stream name of the batch is not 16 bytes")]
    BadStream,
}

/// The bytes that are signed.
pub fn signing_input(protocol: u32, host: &str, body: &[u8]) -> Vec<u8> {
    let mut input = Vec::with_capacity(DOMAIN.len() + 16 + host.len() + body.len());
    input.extend_from_slice(DOMAIN);
    input.extend_from_slice(&protocol.to_be_bytes());
    input.extend_from_slice(&(host.len() as u32).to_be_bytes());
    input.extend_from_slice(host.as_bytes());
    input.extend_from_slice(&(body.len() as u32).to_be_bytes());
    input.extend_from_slice(body);
    input
}

/// Encodes and signs `batch` for sending as `host`.
pub fn seal(batch: &Batch, host: &HostId, key: &Ed25519KeyPair) -> Vec<u8> {
    let body = batch.encode_to_vec();
    let signature = key.sign(&signing_input(PROTOCOL_VERSION, host.as_str(), &body)).as_ref().to_vec();
    let protocol = PROTOCOL_VERSION;
    SignedBatch { protocol, host: host.as_str().to_owned(), body, signature, ..SignedBatch::default() }.encode_to_vec()
}

/// Reads the outer layer of received bytes: enough to know who claims to have sent them.
///
/// # Errors
/// [`WireError::TooLarge`], [`WireError::Malformed`], [`WireError::NewerProtocol`], [`WireError::BadHost`].
pub fn parse_signed(bytes: &[u8]) -> Result<(HostId, SignedBatch), WireError> {
    if bytes.len() > BATCH_BYTES_MAX {
        return Err(WireError::TooLarge { size: bytes.len() });
    }
    let signed = SignedBatch::decode(bytes).map_err(|_| WireError::Malformed)?;
    if signed.protocol > PROTOCOL_VERSION {
        return Err(WireError::NewerProtocol { got: signed.protocol });
    }
    if signed.protocol == 0 {
        return Err(WireError::Malformed);
    }
    let host = HostId::parse(&signed.host).map_err(WireError::BadHost)?;
    Ok((host, signed))
}

/// Verifies `signed` under the host's raw 32-byte Ed25519 key and decodes the batch in it.
///
/// # Errors
/// [`WireError::BadSignature`] before anything of the body is looked at; then the caps and the order.
pub fn open(host: &HostId, signed: &SignedBatch, public_key: &[u8]) -> Result<Batch, WireError> {
    let input = signing_input(signed.protocol, host.as_str(), &signed.body);
    UnparsedPublicKey::new(&ED25519, public_key)
        .verify(&input, &signed.signature)
        .map_err(|_| WireError::BadSignature { host: host.clone() })?;
    decode(&signed.body)
}

/// The batch in a body that was verified.
fn decode(body: &[u8]) -> Result<Batch, WireError> {
    let batch = Batch::decode(body).map_err(|_| WireError::Malformed)?;
    check_batch(&batch, body.len())?;
    Ok(batch)
}

fn check_batch(batch: &Batch, body_bytes: usize) -> Result<(), WireError> {
    if batch.stream.len() != 16 {
        return Err(WireError::BadStream);
    }
    if batch.observations.len() > BATCH_OBSERVATIONS_MAX {
        return Err(WireError::TooMany { count: batch.observations.len() });
    }
    let mut before = 0;
    for observation in &batch.observations {
        if observation.seq <= before {
            return Err(WireError::OutOfOrder { seq: observation.seq });
        }
        // Measuring costs: not in a body that holds no observation of that size.
        if body_bytes > OBSERVATION_BYTES_MAX && observation.encoded_len() > OBSERVATION_BYTES_MAX {
            return Err(WireError::ObservationTooLarge { seq: observation.seq });
        }
        before = observation.seq;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::{Gap, Observation, ObservationBody};
    use proptest::prelude::*;
    use ring::signature::KeyPair;

    fn key(seed: u8) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("32 bytes")
    }

    fn batch(seqs: &[u64]) -> Batch {
        let observation =
            |&seq| Observation { seq, at_ms: 5, age_ms: Some(1), body: Some(ObservationBody::Gap(Gap::default())) };
        Batch { stream: vec![7; 16], observations: seqs.iter().map(observation).collect(), ..Batch::default() }
    }

    fn host() -> HostId {
        HostId::parse("web-01").expect("valid")
    }

    fn reopen(bytes: &[u8], key: &Ed25519KeyPair) -> Result<Batch, WireError> {
        let (host, signed) = parse_signed(bytes)?;
        open(&host, &signed, key.public_key().as_ref())
    }

    #[test]
    fn opens_what_was_sealed() {
        let sent = batch(&[1, 2, 9]);
        assert_eq!(reopen(&seal(&sent, &host(), &key(1)), &key(1)), Ok(sent));
    }

    #[test]
    fn refuses_another_key_a_moved_host_and_a_missing_signature() {
        let bytes = seal(&batch(&[1]), &host(), &key(1));
        assert_eq!(reopen(&bytes, &key(2)), Err(WireError::BadSignature { host: host() }));
        let mut signed = SignedBatch::decode(bytes.as_slice()).expect("own bytes");
        signed.host = "web-02".into();
        let moved = reopen(&signed.encode_to_vec(), &key(1));
        assert!(matches!(moved, Err(WireError::BadSignature { .. })));
        signed.host = "web-01".into();
        signed.signature.clear();
        assert!(matches!(reopen(&signed.encode_to_vec(), &key(1)), Err(WireError::BadSignature { .. })));
    }

    #[test]
    fn refuses_a_newer_protocol_by_name() {
        let mut signed = SignedBatch::decode(seal(&batch(&[1]), &host(), &key(1)).as_slice()).expect("own bytes");
        signed.protocol = PROTOCOL_VERSION + 1;
        let error = parse_signed(&signed.encode_to_vec()).expect_err("newer");
        assert_eq!(error, WireError::NewerProtocol { got: PROTOCOL_VERSION + 1 });
    }

    #[test]
    fn refuses_disorder_and_bounds() {
        let disorder = seal(&batch(&[2, 2]), &host(), &key(1));
        assert_eq!(reopen(&disorder, &key(1)), Err(WireError::OutOfOrder { seq: 2 }));
        let zero = seal(&batch(&[0]), &host(), &key(1));
        assert_eq!(reopen(&zero, &key(1)), Err(WireError::OutOfOrder { seq: 0 }));
        let many: Vec<u64> = (1..=BATCH_OBSERVATIONS_MAX as u64 + 1).collect();
        let error = reopen(&seal(&batch(&many), &host(), &key(1)), &key(1));
        assert_eq!(error, Err(WireError::TooMany { count: BATCH_OBSERVATIONS_MAX + 1 }));
        let mut large = batch(&[1]);
        let gap = Gap { reason: "x".repeat(OBSERVATION_BYTES_MAX), ..Gap::default() };
        large.observations[0].body = Some(ObservationBody::Gap(gap));
        assert_eq!(reopen(&seal(&large, &host(), &key(1)), &key(1)), Err(WireError::ObservationTooLarge { seq: 1 }));
        assert_eq!(parse_signed(&vec![0; BATCH_BYTES_MAX + 1]), Err(WireError::TooLarge { size: BATCH_BYTES_MAX + 1 }));
        let mut stream = batch(&[1]);
        stream.stream.pop();
        assert_eq!(reopen(&seal(&stream, &host(), &key(1)), &key(1)), Err(WireError::BadStream));
    }

    proptest! {
        #[test]
        fn any_flipped_bit_is_refused(position in 0usize..4096, bit in 0u8..8) {
            let mut bytes = seal(&batch(&[1, 2, 3]), &host(), &key(1));
            let position = position % bytes.len();
            bytes[position] ^= 1 << bit;
            prop_assert!(reopen(&bytes, &key(1)).is_err());
        }

        #[test]
        fn any_bytes_are_an_error_not_a_crash(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
            prop_assert!(reopen(&bytes, &key(1)).is_err());
        }
    }
}
