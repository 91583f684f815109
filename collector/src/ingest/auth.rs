//! Whose key verifies a batch: the enrolled hosts' keys, kept in memory for a short while.
//!
//! Kept for [`KEPT_MS`], because another process (a person's command) may revoke a host or let it join again; the
//! commit itself refuses a revoked host at once. Unknown names are never kept: strangers cannot fill the memory.

use super::refusal::Refusal;
use crate::store::{Store, StoreError};
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How long a key is believed, in milliseconds.
const KEPT_MS: i64 = 5_000;

/// What is known of an enrolled host.
#[derive(Debug)]
pub(super) struct Key {
    /// Raw Ed25519 key.
    pub(super) public_key: Vec<u8>,
    /// Hash of the machine id it joined with.
    machine_id_hash: String,
    revoked: bool,
    read_at: Timestamp,
}

/// Keys by host.
#[derive(Debug)]
pub(super) struct Keys {
    store: Store,
    kept: Mutex<HashMap<HostId, Arc<Key>>>,
}

impl Keys {
    pub(super) fn new(store: Store) -> Self {
        Self { store, kept: Mutex::default() }
    }

    /// The key of an enrolled host that is not revoked.
    pub(super) async fn of(&self, host: &HostId, now: Timestamp) -> Result<Arc<Key>, Refusal> {
        let kept = self.kept().get(host).cloned();
        let fresh = |key: &Arc<Key>| (0..KEPT_MS).contains(&now.ms_since(key.read_at));
        let key = match kept.filter(fresh) {
            Some(key) => key,
            None => self.read(host, now).await?,
        };
        if key.revoked { Err(Refusal::host_revoked(host)) } else { Ok(key) }
    }

    async fn read(&self, host: &HostId, now: Timestamp) -> Result<Arc<Key>, Refusal> {
        let (store, id) = (self.store.clone(), host.clone());
        let read = tokio::task::spawn_blocking(move || store.read(|reader| reader.host(&id))).await;
        let record = read.unwrap_or(Err(StoreError::Closed)).map_err(Refusal::of_store)?;
        let Some(record) = record else {
            return Err(Refusal::unknown_host(host));
        };
        let key = Arc::new(Key {
            public_key: record.public_key,
            machine_id_hash: record.machine_id_hash,
            revoked: record.revoked_at.is_some(),
            read_at: now,
        });
        self.kept().insert(host.clone(), key.clone());
        Ok(key)
    }

    /// Reads it anew next time.
    pub(super) fn forget(&self, host: &HostId) {
        self.kept().remove(host);
    }

    /// Hash of the machine id the host joined with, where it is in memory.
    pub(super) fn machine_of(&self, host: &HostId) -> Option<String> {
        self.kept().get(host).map(|key| key.machine_id_hash.clone())
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<HostId, Arc<Key>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
