//! The seal of a frozen report: SHA-256 over its canonical bytes and an Ed25519 signature (RFC 8032) over the same bytes.
//!
//! The key is the collector's own, made when the first report is frozen and kept in the store, so that every copy of the
//! store holds it. Its public half goes out as PEM (RFC 8410), which any tool can check the signature with; its
//! identifier is the SHA-256 of the 32 public bytes. A key that is replaced stays known by its public half: reports that
//! it signed stay provable. Does not know what is sealed.

use super::canonical::{self, CanonicalError};
use super::document::Document;
use base64::Engine as _;
use ring::digest::{SHA256, digest};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Name of the algorithms in a seal.
pub const ALGORITHM: &str = "Ed25519 over RFC 8785";

/// A public key of 32 bytes as SubjectPublicKeyInfo begins with these (RFC 8410).
const SPKI_LEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// A report with its seal: what is stored, and what `verify` reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedReport {
    /// The report.
    pub report: Document,
    /// Its seal.
    pub seal: Seal,
}

/// The seal. Bytes in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// [`ALGORITHM`].
    pub algorithm: String,
    /// Hash of the canonical bytes of `report`.
    pub sha256: String,
    /// Signature over the same bytes.
    pub signature: String,
    /// Key that signed.
    pub public_key: String,
    /// Its identifier.
    pub key_id: String,
}

/// Why there is no seal, or it does not hold.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// No canonical bytes.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
    /// The system gave no random bytes.
    #[error("cannot draw a signing key from the system")]
    Random,
    /// The stored key cannot be used.
    #[error("the stored signing key is damaged")]
    Key,
    /// Made in another way.
    #[error("the seal is made by `{0}`; this program knows `{ALGORITHM}`")]
    Algorithm(String),
    /// Something in the report was changed.
    #[error("the report was changed: its hash is {found}, the seal says {sealed}")]
    Hash {
        /// Of the report as it is.
        found: String,
        /// By the seal.
        sealed: String,
    },
    /// The hash fits, but nobody with the key said so.
    #[error("the signature is not by the key {0}")]
    Signature(String),
    /// The identifier is not the key's.
    #[error("the seal names a key that is not the one it holds")]
    KeyId,
    /// Not the key that was given.
    #[error("the report is signed by the key {found}, not by {wanted}")]
    OtherKey {
        /// By the seal.
        found: String,
        /// The one that was given.
        wanted: String,
    },
    /// No public key.
    #[error("this is no Ed25519 public key: give PEM, or 64 hexadecimal digits")]
    PublicKey,
}

/// A new key as PKCS #8.
///
/// # Errors
/// [`SealError::Random`].
pub fn new_key() -> Result<Vec<u8>, SealError> {
    let random = ring::rand::SystemRandom::new();
    Ed25519KeyPair::generate_pkcs8(&random).map(|key| key.as_ref().to_vec()).map_err(|_| SealError::Random)
}

/// The public half of a key.
///
/// # Errors
/// [`SealError::Key`].
pub fn public_key(secret: &[u8]) -> Result<[u8; 32], SealError> {
    let pair = Ed25519KeyPair::from_pkcs8(secret).map_err(|_| SealError::Key)?;
    pair.public_key().as_ref().try_into().map_err(|_| SealError::Key)
}

/// The identifier of a public key.
pub fn key_id(public_key: &[u8]) -> String {
    hex::encode(digest(&SHA256, public_key))
}

/// The canonical bytes of a report.
///
/// # Errors
/// [`CanonicalError`].
pub fn bytes_of(report: &Document) -> Result<Vec<u8>, CanonicalError> {
    canonical::render(&serde_json::to_value(report)?)
}

/// Seals a report.
///
/// # Errors
/// [`SealError`].
pub fn seal(report: Document, secret: &[u8]) -> Result<SealedReport, SealError> {
    let bytes = bytes_of(&report)?;
    let pair = Ed25519KeyPair::from_pkcs8(secret).map_err(|_| SealError::Key)?;
    let public = pair.public_key().as_ref();
    let seal = Seal {
        algorithm: ALGORITHM.to_owned(),
        sha256: hex::encode(digest(&SHA256, &bytes)),
        signature: hex::encode(pair.sign(&bytes)),
        public_key: hex::encode(public),
        key_id: key_id(public),
    };
    Ok(SealedReport { report, seal })
}

/// Whether a seal holds for the JSON value of a report, as it was read.
///
/// # Errors
/// Why not.
pub fn check(report: &Value, seal: &Seal) -> Result<(), SealError> {
    if seal.algorithm != ALGORITHM {
        return Err(SealError::Algorithm(seal.algorithm.clone()));
    }
    let bytes = canonical::render(report)?;
    let found = hex::encode(digest(&SHA256, &bytes));
    if found != seal.sha256 {
        return Err(SealError::Hash { found, sealed: seal.sha256.clone() });
    }
    let refused = || SealError::Signature(seal.key_id.clone());
    let public = hex::decode(&seal.public_key).map_err(|_| refused())?;
    if key_id(&public) != seal.key_id {
        return Err(SealError::KeyId);
    }
    let signature = hex::decode(&seal.signature).map_err(|_| refused())?;
    UnparsedPublicKey::new(&ED25519, public).verify(&bytes, &signature).map_err(|_| refused())
}

/// A public key as PEM.
pub fn render_pem(public_key: &[u8]) -> String {
    let mut der = SPKI_LEAD.to_vec();
    der.extend(public_key);
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
}

/// Reads a public key: PEM, or 64 hexadecimal digits.
///
/// # Errors
/// [`SealError::PublicKey`].
pub fn parse_public_key(text: &str) -> Result<[u8; 32], SealError> {
    let text = text.trim();
    let body: String = text.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    let bytes = if text.starts_with("-----BEGIN PUBLIC KEY-----") {
        let der = base64::engine::general_purpose::STANDARD.decode(body).map_err(|_| SealError::PublicKey)?;
        der.strip_prefix(&SPKI_LEAD).ok_or(SealError::PublicKey)?.to_vec()
    } else {
        hex::decode(body).map_err(|_| SealError::PublicKey)?
    };
    bytes.try_into().map_err(|_| SealError::PublicKey)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_key_reads_back_in_both_forms() {
        let public = public_key(&new_key().expect("random")).expect("a key");
        assert_eq!(parse_public_key(&render_pem(&public)).expect("PEM"), public);
        assert_eq!(parse_public_key(&hex::encode(public)).expect("digits"), public);
        for bad in ["", "00", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"] {
            assert!(parse_public_key(bad).is_err(), "{bad}");
        }
    }
}
