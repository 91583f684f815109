//! Joining: the single-use token that a person carries from collector to host, and the two messages.
//!
//! Token: `pantau1.<secret>.<pin>`; both parts base64url without padding. The secret is 32 random bytes, of which
//! the collector keeps only a hash. The pin is the SHA-256 of a certificate (DER) in the chain the collector presents:
//! its own CA, or the given certificate. It is `-` for a collector on plain loopback HTTP.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use std::fmt;

const PREFIX: &str = "pantau1";

/// A parsed join token. `Debug` does not show the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct JoinToken {
    /// Proves the right to bind one key.
    pub secret: [u8; 32],
    /// SHA-256 of the certificate that the agent must find in the collector's chain.
    pub pin: Option<[u8; 32]>,
}

/// The text is not a join token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a join token: expected pantau1.SECRET.PIN as printed by `pantau-collector host join-token`")]
pub struct JoinTokenError;

fn decode(part: &str) -> Result<[u8; 32], JoinTokenError> {
    URL_SAFE_NO_PAD.decode(part).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(JoinTokenError)
}

impl JoinToken {
    /// Parses the printed form.
    ///
    /// # Errors
    /// [`JoinTokenError`], which does not repeat the text: it may hold most of a secret.
    pub fn parse(text: &str) -> Result<Self, JoinTokenError> {
        let parts: Vec<&str> = text.trim().split('.').collect();
        let [prefix, secret, pin] = parts.as_slice() else {
            return Err(JoinTokenError);
        };
        if *prefix != PREFIX {
            return Err(JoinTokenError);
        }
        let pin = if *pin == "-" { None } else { Some(decode(pin)?) };
        Ok(Self { secret: decode(secret)?, pin })
    }

    /// The printed form. Shown once; whoever reads it can enrol a host.
    pub fn render(&self) -> String {
        let pin = self.pin.map_or_else(|| "-".to_owned(), |pin| URL_SAFE_NO_PAD.encode(pin));
        format!("{PREFIX}.{}.{pin}", URL_SAFE_NO_PAD.encode(self.secret))
    }

    /// What the collector keeps instead of the secret: its SHA-256.
    pub fn secret_hash(&self) -> [u8; 32] {
        let digest = ring::digest::digest(&ring::digest::SHA256, &self.secret);
        let mut hash = [0; 32];
        hash.copy_from_slice(digest.as_ref());
        hash
    }
}

impl fmt::Debug for JoinToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinToken").field("secret", &"***").field("pin", &self.pin).finish()
    }
}

/// `POST /api/v1/join`, JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinRequest {
    /// The token as printed.
    pub token: String,
    /// Raw Ed25519 public key, base64url without padding.
    pub public_key: String,
    /// SHA-256 of the machine id with a fixed salt, hex.
    pub machine_id_hash: String,
    /// The host's name as the kernel has it.
    pub hostname: String,
}

/// The answer to [`JoinRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinReply {
    /// The identity that the token was made for.
    pub host: String,
}

/// Where an agent asks for [`CollectorKey`], over the connection that its join token pinned.
pub const COLLECTOR_KEY_PATH: &str = "/api/v1/ingest/key";

/// What a collector's answers are signed with where a broker is between (`wire::reply`). JSON; asked apart from joining,
/// so that programs of either age join with each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectorKey {
    /// Raw Ed25519 public key, base64url without padding.
    pub public_key: String,
}

impl CollectorKey {
    /// Of a raw key.
    pub fn of(public_key: &[u8]) -> Self {
        Self { public_key: URL_SAFE_NO_PAD.encode(public_key) }
    }

    /// The raw key; `None` when it is none.
    pub fn bytes(&self) -> Option<[u8; 32]> {
        URL_SAFE_NO_PAD.decode(&self.public_key).ok()?.try_into().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_printing() {
        for pin in [None, Some([9; 32])] {
            let token = JoinToken { secret: [3; 32], pin };
            assert_eq!(JoinToken::parse(&token.render()), Ok(token.clone()));
            assert!(!format!("{token:?}").contains(&token.render()[8..20]));
        }
    }

    #[test]
    fn a_collectors_key_survives_its_text() {
        assert_eq!(CollectorKey::of(&[7; 32]).bytes(), Some([7; 32]));
        assert_eq!(CollectorKey::of(&[7; 31]).bytes(), None);
        assert_eq!(CollectorKey { public_key: "?".into() }.bytes(), None);
    }

    #[test]
    fn refuses_other_text() {
        for text in ["", "pantau1", "pantau1..", "pantau2.AAAA.-", "pantau1.AAAA.-", "pantau1.A.B.C"] {
            assert_eq!(JoinToken::parse(text), Err(JoinTokenError), "{text}");
        }
    }
}
