//! Whose key verifies a batch: the enrolled hosts' keys, kept in memory until the store says that a host joined, got a
//! new key or was revoked. Unknown names are never kept: strangers cannot fill the memory.

use super::refusal::Refusal;
use crate::store::{Store, StoreError};
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is known of an enrolled host.
#[derive(Debug)]
pub(super) struct Key {
    /// Raw Ed25519 key.
    pub(super) public_key: Vec<u8>,
    /// When it was bound.
    pub(super) joined_at: Timestamp,
    /// Hash of the machine id it joined with.
    machine_id_hash: String,
    revoked: bool,
}

/// Keys by host.
#[derive(Debug)]
pub(super) struct Keys {
    store: Store,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// The store's, when the keys were read.
    revision: u64,
    keys: HashMap<HostId, Arc<Key>>,
}

impl Keys {
    pub(super) fn new(store: Store) -> Self {
        Self { store, kept: Mutex::default() }
    }

    /// The key of an enrolled host that is not revoked.
    pub(super) async fn of(&self, host: &HostId) -> Result<Arc<Key>, Refusal> {
        // Before the reading: what changes meanwhile makes the next look a new one.
        let revision = self.store.hosts_revision();
        let kept = self.kept(revision).keys.get(host).cloned();
        let key = match kept {
            Some(key) => key,
            None => self.read(host, revision).await?,
        };
        if key.revoked { Err(Refusal::host_revoked(host)) } else { Ok(key) }
    }

    async fn read(&self, host: &HostId, revision: u64) -> Result<Arc<Key>, Refusal> {
        let (store, id) = (self.store.clone(), host.clone());
        let read = tokio::task::spawn_blocking(move || store.read(|reader| reader.host(&id))).await;
        let record = read.unwrap_or(Err(StoreError::Closed)).map_err(Refusal::of_store)?;
        let Some(record) = record else {
            return Err(Refusal::unknown_host(host));
        };
        let key = Arc::new(Key {
            public_key: record.public_key,
            joined_at: record.joined_at,
            machine_id_hash: record.machine_id_hash,
            revoked: record.revoked_at.is_some(),
        });
        let mut kept = self.kept(revision);
        if kept.revision == revision {
            kept.keys.insert(host.clone(), Arc::clone(&key));
        }
        Ok(key)
    }

    /// Hash of the machine id the host joined with, where it is in memory.
    pub(super) fn machine_of(&self, host: &HostId) -> Option<String> {
        self.kept(0).keys.get(host).map(|key| key.machine_id_hash.clone())
    }

    /// The keys, without those read before `revision`.
    fn kept(&self, revision: u64) -> MutexGuard<'_, Kept> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.revision < revision {
            *kept = Kept { revision, keys: HashMap::new() };
        }
        kept
    }
}
