//! The collector's memory of sessions: which key a host and a session's name stand for (protocol: `wire::session`).
//!
//! In memory only: a restart forgets all, and agents open new ones. Per host the newest [`PER_HOST_MAX`] are known, so
//! that a lost reply or a clone does not end the one in use at once; hosts are bounded by the enrolled ones, since only
//! a verified batch opens a session. A session ends with its lifetime, and with the key it was opened under: when the
//! host is revoked or joins again.

use super::auth::Key;
use crate::self_stats::SelfStats;
use pantau_shared::envelope::SessionGrant;
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;
use pantau_shared::wire::session::{self, SESSION_LIFETIME_S, SessionKey};
use ring::rand::SystemRandom;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Sessions of one host.
const PER_HOST_MAX: usize = 2;

/// Sessions by host.
#[derive(Debug)]
pub(super) struct Sessions {
    known: Mutex<HashMap<HostId, Vec<Known>>>,
    random: SystemRandom,
}

#[derive(Debug)]
struct Known {
    id: Vec<u8>,
    key: Arc<SessionKey>,
    /// The host's key that opened it, and when that was bound.
    opened_by: Vec<u8>,
    joined_at: Timestamp,
    ends_at: Timestamp,
}

impl Known {
    fn stands(&self, key: &Key, now: Timestamp) -> bool {
        now < self.ends_at && self.opened_by == key.public_key && self.joined_at == key.joined_at
    }
}

impl Sessions {
    pub(super) fn new() -> Self {
        Self { known: Mutex::default(), random: SystemRandom::new() }
    }

    /// Answers an offer that came in a batch verified under `key`.
    pub(super) fn open(
        &self,
        host: &HostId,
        offer: &[u8],
        key: &Key,
        now: Timestamp,
        stats: &SelfStats,
    ) -> Option<SessionGrant> {
        let (grant, session) = session::grant(offer, host, &self.random)?;
        let known = Known {
            id: grant.id.clone(),
            key: Arc::new(session),
            opened_by: key.public_key.clone(),
            joined_at: key.joined_at,
            ends_at: now.plus_secs(i64::from(SESSION_LIFETIME_S)),
        };
        let mut all = self.known();
        let of_host = all.entry(host.clone()).or_default();
        of_host.retain(|known| known.stands(key, now));
        if of_host.len() >= PER_HOST_MAX {
            of_host.remove(0);
        }
        of_host.push(known);
        stats.sessions_opened.increment();
        Some(grant)
    }

    /// The key of a session that stands.
    pub(super) fn find(&self, host: &HostId, id: &[u8], key: &Key, now: Timestamp) -> Option<Arc<SessionKey>> {
        let all = self.known();
        let known = all.get(host)?.iter().find(|known| known.id == id)?;
        known.stands(key, now).then(|| Arc::clone(&known.key))
    }

    /// The host has no key any more.
    pub(super) fn forget(&self, host: &HostId) {
        self.known().remove(host);
    }

    fn known(&self) -> MutexGuard<'_, HashMap<HostId, Vec<Known>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
