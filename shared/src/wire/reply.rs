//! The collector's answer to one batch on a road that it does not own: a broker passes it on, so the collector signs it.
//!
//! ```text
//! SignedReply { protocol, host, request, status, body, signature }
//!   request    SHA-256 of the batch as it was sent: an answer fits one sending of one batch and no other
//!   status     as over HTTP; the table of the agent's transport reads it
//!   body       an encoded `Acknowledgement`, or the JSON of an error
//!   signature  Ed25519 under the collector's key over the domain tag and all of the above
//! ```
//!
//! Without the collector's key nobody makes an acknowledgement: what an agent forgets is durable. Who replays an old
//! answer names a batch that nobody waits for. Over HTTPS none of this is needed: the connection is the proof.

use crate::PROTOCOL_VERSION;
use crate::ids::HostId;
use crate::limits::REPLY_BYTES_MAX;
use prost::Message;
use ring::digest::{SHA256, digest};
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};

/// Told apart from a batch and from a report under the same kind of key.
const DOMAIN: &[u8] = b"pantau-reply";

/// Bytes of a collector's public key.
pub const COLLECTOR_KEY_BYTES: usize = 32;

/// Largest encoded reply, in bytes: its body and what is around it.
pub const SIGNED_REPLY_BYTES_MAX: usize = REPLY_BYTES_MAX + 1024;

/// What travels.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SignedReply {
    /// [`crate::PROTOCOL_VERSION`] of the collector.
    #[prost(uint32, tag = "1")]
    pub protocol: u32,
    /// Whom it answers.
    #[prost(string, tag = "2")]
    pub host: String,
    /// SHA-256 of the batch's bytes.
    #[prost(bytes = "vec", tag = "3")]
    pub request: Vec<u8>,
    /// What became of it, as an HTTP status.
    #[prost(uint32, tag = "4")]
    pub status: u32,
    /// An encoded [`crate::envelope::Acknowledgement`], or the JSON of an error.
    #[prost(bytes = "vec", tag = "5")]
    pub body: Vec<u8>,
    /// Ed25519 over all of it.
    #[prost(bytes = "vec", tag = "6")]
    pub signature: Vec<u8>,
}

/// Why received bytes are not an answer of the collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// Not of this shape, too large, or of a protocol that is not known.
    #[error("reply cannot be decoded")]
    Malformed,
    /// For another host, or another batch than the one waited for.
    #[error("reply answers another batch")]
    OtherRequest,
    /// Not signed by the collector.
    #[error("signature of the reply does not fit the collector's key")]
    BadSignature,
}

/// What an answer is bound to: the batch as it was sent.
pub fn request_digest(request: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, request).as_ref());
    bytes
}

fn input(protocol: u32, host: &str, request: &[u8], status: u32, body: &[u8]) -> Vec<u8> {
    let mut input = Vec::with_capacity(DOMAIN.len() + 64 + host.len() + body.len());
    input.extend_from_slice(DOMAIN);
    input.extend_from_slice(&protocol.to_be_bytes());
    for part in [host.as_bytes(), request] {
        input.extend_from_slice(&(part.len() as u64).to_be_bytes());
        input.extend_from_slice(part);
    }
    input.extend_from_slice(&status.to_be_bytes());
    input.extend_from_slice(body);
    input
}

/// Answers the batch that arrived from `host` as the bytes `request`.
pub fn seal_reply(host: &HostId, request: &[u8], status: u16, body: Vec<u8>, key: &Ed25519KeyPair) -> Vec<u8> {
    let (request, status, host) = (request_digest(request).to_vec(), u32::from(status), host.as_str().to_owned());
    let signature = key.sign(&input(PROTOCOL_VERSION, &host, &request, status, &body)).as_ref().to_vec();
    SignedReply { protocol: PROTOCOL_VERSION, host, request, status, body, signature }.encode_to_vec()
}

/// Status and body of an answer to the batch with this digest.
///
/// # Errors
/// [`ReplyError`]; the bytes mean nothing then.
pub fn open_reply(
    bytes: &[u8],
    host: &HostId,
    request: &[u8; 32],
    collector_key: &[u8; COLLECTOR_KEY_BYTES],
) -> Result<(u16, Vec<u8>), ReplyError> {
    if bytes.len() > SIGNED_REPLY_BYTES_MAX {
        return Err(ReplyError::Malformed);
    }
    let reply = SignedReply::decode(bytes).map_err(|_| ReplyError::Malformed)?;
    let status = u16::try_from(reply.status).map_err(|_| ReplyError::Malformed)?;
    if reply.protocol == 0 || reply.protocol > PROTOCOL_VERSION {
        return Err(ReplyError::Malformed);
    }
    // Before the signature: a broker that repeats costs no more than a comparison.
    if reply.request != request || reply.host != host.as_str() {
        return Err(ReplyError::OtherRequest);
    }
    let signed = input(reply.protocol, &reply.host, &reply.request, reply.status, &reply.body);
    UnparsedPublicKey::new(&ED25519, collector_key)
        .verify(&signed, &reply.signature)
        .map_err(|_| ReplyError::BadSignature)?;
    Ok((status, reply.body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ring::signature::KeyPair;

    fn key(seed: u8) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("32 bytes")
    }

    fn public(seed: u8) -> [u8; 32] {
        key(seed).public_key().as_ref().try_into().expect("32 bytes")
    }

    fn host(id: &str) -> HostId {
        HostId::parse(id).expect("valid")
    }

    #[test]
    fn an_answer_fits_one_sending_to_one_host_by_one_collector() {
        let bytes = seal_reply(&host("web"), b"batch", 200, b"ack".to_vec(), &key(1));
        let digest = request_digest(b"batch");
        assert_eq!(open_reply(&bytes, &host("web"), &digest, &public(1)), Ok((200, b"ack".to_vec())));
        let other = request_digest(b"batch, sealed again");
        assert_eq!(open_reply(&bytes, &host("web"), &other, &public(1)), Err(ReplyError::OtherRequest));
        assert_eq!(open_reply(&bytes, &host("db"), &digest, &public(1)), Err(ReplyError::OtherRequest));
        assert_eq!(open_reply(&bytes, &host("web"), &digest, &public(2)), Err(ReplyError::BadSignature));
    }

    #[test]
    fn a_signed_batch_is_no_answer() {
        let signature = key(1).sign(&crate::wire::signing_input(PROTOCOL_VERSION, "web", b"ack")).as_ref().to_vec();
        let request = request_digest(b"batch");
        let forged = SignedReply {
            protocol: PROTOCOL_VERSION,
            host: "web".into(),
            request: request.to_vec(),
            status: 200,
            body: b"ack".to_vec(),
            signature,
        };
        let opened = open_reply(&forged.encode_to_vec(), &host("web"), &request, &public(1));
        assert_eq!(opened, Err(ReplyError::BadSignature));
    }

    proptest! {
        #[test]
        fn any_flipped_bit_is_refused(position in 0usize..4096, bit in 0u8..8) {
            let mut bytes = seal_reply(&host("web"), b"batch", 503, b"{}".to_vec(), &key(1));
            let position = position % bytes.len();
            bytes[position] ^= 1 << bit;
            prop_assert!(open_reply(&bytes, &host("web"), &request_digest(b"batch"), &public(1)).is_err());
        }

        #[test]
        fn any_bytes_are_an_error_not_a_crash(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
            prop_assert!(open_reply(&bytes, &host("web"), &[0; 32], &public(1)).is_err());
        }
    }
}
