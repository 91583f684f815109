//! Sessions: a batch under a code that costs nothing to verify, opened by a batch under the host's signature.
//!
//! ```text
//! agent                                                        collector
//!   a, A = X25519 pair
//!   signed Batch { …, session_offer: A } ──────────────────────► verified under the host's key, committed
//!                                                                c, C = X25519 pair; id = 16 random bytes
//!   ◄─────────────── Acknowledgement { …, session: {id, C, lifetime} }
//!   key = HKDF(X25519(a, C))                                     key = HKDF(X25519(c, A))
//!   SignedBatch { protocol, host, body, session: id, mac } ────► known, not over, of this host and its present key?
//!                                                                mac = HMAC-SHA256(key, signing input) ?
//!   ◄─────────────── Acknowledgement, or 401 `session_unknown`: the same batch again at once, signed
//! ```
//!
//! - **Key**: HKDF-SHA256, salt [`SALT`], input the shared secret, info A ‖ C ‖ id ‖ host. Another host, session or
//!   half gives another key. The input of the code is that of the signature ([`super::signing_input`]).
//! - **In between** (a proxy, a broker) nobody learns the key. Who changes the grant on the way makes two ends that
//!   disagree: the collector refuses the code, the agent signs. Who replays a batch delivers a duplicate.
//! - **Ends**: the collector knows a session for its lifetime and the newest few of a host; a host that is revoked or
//!   gets a new key has none; a restart forgets all. The agent stops using one after [`USED_PERCENT`] of its lifetime.
//! - **Old programs**: an agent without an offer gets no grant; a collector that does not know offers gives none, and
//!   the agent goes on signing with the same offer.
//! - **No see-saw**: when [`WASTED_MAX`] sessions in a row were refused before they carried a single batch (two collectors
//!   behind one address, say), the agent offers none for [`QUIET_MS`].
//!
//! Pure but for randomness: time is an argument. Does not know how batches travel.

use super::{WireError, decode, seal, signing_input};
use crate::PROTOCOL_VERSION;
use crate::envelope::{Batch, SessionGrant, SignedBatch};
use crate::ids::HostId;
use prost::Message;
use ring::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::Ed25519KeyPair;
use ring::{hkdf, hmac};

/// How long a collector knows a session, in seconds.
pub const SESSION_LIFETIME_S: u32 = 3_600;

/// Bytes of a session's name.
pub const SESSION_ID_BYTES: usize = 16;

/// Salt of the key's derivation.
const SALT: &[u8] = b"pantau-session";

/// Bytes of an X25519 public key.
const PUBLIC_KEY_BYTES: usize = 32;

/// The agent uses a session for this share of its lifetime: the collector's began a little earlier.
const USED_PERCENT: u64 = 90;

/// Sessions in a row that may be refused before their first use succeeded.
const WASTED_MAX: u32 = 3;

/// Without offers after that, in milliseconds.
const QUIET_MS: u64 = 3_600_000;

/// A session's key. Does not show itself.
#[derive(Clone)]
pub struct SessionKey(hmac::Key);

impl std::fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionKey(***)")
    }
}

impl SessionKey {
    fn derive(secret: &[u8], halves: [&[u8]; 2], id: &[u8], host: &HostId) -> Option<Self> {
        let info = [halves[0], halves[1], id, host.as_str().as_bytes()];
        let mut key = [0; 32];
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, SALT).extract(secret);
        prk.expand(&info, hkdf::HKDF_SHA256).and_then(|okm| okm.fill(&mut key)).ok()?;
        Some(Self(hmac::Key::new(hmac::HMAC_SHA256, &key)))
    }

    fn sign(&self, protocol: u32, host: &str, body: &[u8]) -> Vec<u8> {
        hmac::sign(&self.0, &signing_input(protocol, host, body)).as_ref().to_vec()
    }
}

/// The collector's half: answers an offer with a grant, and the key that both ends then have. Nothing when the offer is
/// no key, or there is no randomness.
pub fn grant(offer: &[u8], host: &HostId, random: &SystemRandom) -> Option<(SessionGrant, SessionKey)> {
    if offer.len() != PUBLIC_KEY_BYTES {
        return None;
    }
    let private = EphemeralPrivateKey::generate(&X25519, random).ok()?;
    let public_key = private.compute_public_key().ok()?.as_ref().to_vec();
    let mut id = vec![0; SESSION_ID_BYTES];
    random.fill(&mut id).ok()?;
    let derive = |secret: &[u8]| SessionKey::derive(secret, [offer, &public_key], &id, host);
    let key = agree_ephemeral(private, &UnparsedPublicKey::new(&X25519, offer), derive).ok()??;
    Some((SessionGrant { id, public_key, lifetime_s: SESSION_LIFETIME_S }, key))
}

/// Verifies a batch of a session and decodes it; the caller has found the key by host and session.
///
/// # Errors
/// [`WireError::BadMac`] before anything of the body is looked at; then as [`super::open`].
pub fn open_in_session(host: &HostId, signed: &SignedBatch, key: &SessionKey) -> Result<Batch, WireError> {
    let input = signing_input(signed.protocol, host.as_str(), &signed.body);
    hmac::verify(&key.0, &input, &signed.mac).map_err(|_| WireError::BadMac { host: host.clone() })?;
    decode(&signed.body)
}

/// The agent's half: which of signature and session the next batch goes under.
pub struct AgentSession {
    host: HostId,
    random: SystemRandom,
    offered: Option<Offered>,
    open: Option<Open>,
    /// Sessions in a row refused before their first success.
    wasted: u32,
    quiet_until_ms: u64,
}

struct Offered {
    private: EphemeralPrivateKey,
    public_key: Vec<u8>,
}

struct Open {
    id: Vec<u8>,
    key: SessionKey,
    until_ms: u64,
    carried: bool,
}

/// Bytes to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// An encoded [`SignedBatch`].
    pub bytes: Vec<u8>,
    /// Under a session: when it is refused as unauthenticated, [`AgentSession::refused`] and the same batch again.
    pub in_session: bool,
}

impl std::fmt::Debug for AgentSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AgentSession").field("host", &self.host).field("is_open", &self.open.is_some()).finish()
    }
}

impl AgentSession {
    /// No session yet.
    pub fn new(host: HostId) -> Self {
        Self { host, random: SystemRandom::new(), offered: None, open: None, wasted: 0, quiet_until_ms: 0 }
    }

    /// Encodes `batch` for sending: under the session if there is one, else signed and with an offer. `now_ms` counts
    /// from anywhere and never goes back.
    pub fn seal(&mut self, mut batch: Batch, key: &Ed25519KeyPair, now_ms: u64) -> Sealed {
        if let Some(open) = self.open.take_if(|open| now_ms < open.until_ms) {
            let body = batch.encode_to_vec();
            let mac = open.key.sign(PROTOCOL_VERSION, self.host.as_str(), &body);
            let (session, signature) = (open.id.clone(), Vec::new());
            self.open = Some(open);
            let host = self.host.as_str().to_owned();
            let signed = SignedBatch { protocol: PROTOCOL_VERSION, host, body, signature, session, mac };
            return Sealed { bytes: signed.encode_to_vec(), in_session: true };
        }
        self.open = None;
        if now_ms >= self.quiet_until_ms {
            batch.session_offer = self.offer();
        }
        Sealed { bytes: seal(&batch, &self.host, key), in_session: false }
    }

    /// The same offer until it is taken: a reply may be lost, and an old collector never takes it.
    fn offer(&mut self) -> Vec<u8> {
        if self.offered.is_none() {
            let made = EphemeralPrivateKey::generate(&X25519, &self.random).and_then(|private| {
                let public_key = private.compute_public_key()?.as_ref().to_vec();
                Ok(Offered { private, public_key })
            });
            // Without randomness there is no session, and signing goes on.
            self.offered = made.ok();
        }
        self.offered.as_ref().map(|offered| offered.public_key.clone()).unwrap_or_default()
    }

    /// A batch was acknowledged; `grant` is what came with it.
    pub fn acknowledged(&mut self, in_session: bool, grant: Option<&SessionGrant>, now_ms: u64) {
        if in_session {
            self.wasted = 0;
            if let Some(open) = &mut self.open {
                open.carried = true;
            }
        }
        let Some(grant) = grant.filter(|grant| grant.id.len() == SESSION_ID_BYTES) else {
            return;
        };
        let Some(Offered { private, public_key }) = self.offered.take() else {
            return;
        };
        let halves = [public_key.as_slice(), &grant.public_key];
        let derive = |secret: &[u8]| SessionKey::derive(secret, halves, &grant.id, &self.host);
        let agreed = agree_ephemeral(private, &UnparsedPublicKey::new(&X25519, &grant.public_key), derive);
        let used_ms = u64::from(grant.lifetime_s.min(SESSION_LIFETIME_S)) * 10 * USED_PERCENT;
        self.open = agreed.ok().flatten().map(|key| Open {
            id: grant.id.clone(),
            key,
            until_ms: now_ms.saturating_add(used_ms),
            carried: false,
        });
    }

    /// The collector does not take the session: the next batch is signed.
    pub fn refused(&mut self, now_ms: u64) {
        if self.open.take().is_some_and(|open| !open.carried) {
            self.wasted += 1;
            if self.wasted >= WASTED_MAX {
                (self.wasted, self.quiet_until_ms) = (0, now_ms.saturating_add(QUIET_MS));
            }
        }
    }
}

#[cfg(test)]
mod tests;
