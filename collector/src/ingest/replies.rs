//! The collector's own key, with which it signs answers that pass a broker (`wire::reply`), and where agents ask for its
//! public half. Made at the first start and kept in the store, so that a copy of the store holds it: agents that know it
//! go on after a restore. It signs nothing else; reports have a key of their own.

use super::Ingest;
use super::refusal::Refusal;
use crate::store::{Store, StoreError};
use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use pantau_shared::envelope::Acknowledgement;
use pantau_shared::ids::HostId;
use pantau_shared::join::CollectorKey;
use pantau_shared::wire::reply::seal_reply;
use prost::Message;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use std::sync::Arc;

/// Name of the setting that holds the key, PKCS #8 in base64.
const SETTING: &str = "reply_key";

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum ReplyKeyError {
    /// The store does not give or take it.
    #[error("cannot keep the key that signs answers to agents")]
    Store(#[from] StoreError),
    /// The system gives no random numbers.
    #[error("cannot make the key that signs answers to agents: the system gives no random numbers")]
    Random,
    /// What the store holds is no key.
    #[error("the key that signs answers to agents is damaged in the store: restore a copy")]
    Damaged,
}

/// A new key as the store keeps it.
fn new_key() -> Result<String, ReplyKeyError> {
    let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| ReplyKeyError::Random)?;
    Ok(STANDARD_NO_PAD.encode(made.as_ref()))
}

/// The key that signs answers.
#[derive(Debug)]
pub struct ReplyKey(Ed25519KeyPair);

impl ReplyKey {
    /// The store's key, made when there is none.
    ///
    /// # Errors
    /// [`ReplyKeyError`].
    pub async fn of(store: &Store) -> Result<Self, ReplyKeyError> {
        if let Some(kept) = store.read(|reader| reader.setting(SETTING))? {
            return Self::parse(&kept);
        }
        let text = new_key()?;
        let kept = text.clone();
        store.write(move |writer| writer.save_setting(SETTING, &kept)).await?;
        Self::parse(&text)
    }

    /// A key that is kept nowhere, for an ingest that lives no longer than its process.
    ///
    /// # Errors
    /// [`ReplyKeyError::Random`].
    pub fn generate() -> Result<Self, ReplyKeyError> {
        Self::parse(&new_key()?)
    }

    fn parse(text: &str) -> Result<Self, ReplyKeyError> {
        let bytes = STANDARD_NO_PAD.decode(text).map_err(|_| ReplyKeyError::Damaged)?;
        Ed25519KeyPair::from_pkcs8(&bytes).map(Self).map_err(|_| ReplyKeyError::Damaged)
    }

    /// Its public half, as agents are told it.
    pub fn public(&self) -> CollectorKey {
        CollectorKey::of(self.0.public_key().as_ref())
    }

    /// The signed answer to the batch `request` of `host`.
    pub(super) fn seal(&self, host: &HostId, request: &[u8], taken: &Result<Acknowledgement, Refusal>) -> Vec<u8> {
        let (status, body) = match taken {
            Ok(acknowledgement) => (200, acknowledgement.encode_to_vec()),
            Err(refusal) => (refusal.status(), refusal.body().to_string().into_bytes()),
        };
        seal_reply(host, request, status, body, &self.0)
    }
}

pub(super) async fn tell_key(State(ingest): State<Arc<Ingest>>) -> Json<CollectorKey> {
    Json(ingest.reply_key.public())
}
