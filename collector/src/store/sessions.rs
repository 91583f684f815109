//! Sessions, also while nothing can be written: one begun then lives in memory, so that whoever has to make room can log
//! in and look.
//!
//! | bound | value | beyond it |
//! |---|---|---|
//! | sessions in memory | [`KEPT_MAX`] | the one that ends first is forgotten: log in again |
//!
//! A session in memory ends with the program. Does not know passwords.

use super::records::{SessionRecord, UserRecord};
use super::{Store, StoreError};
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Sessions kept in memory.
const KEPT_MAX: usize = 64;

/// A session in memory, with the password that began it: a new password ends it.
#[derive(Debug, Clone)]
struct KeptSession {
    session: SessionRecord,
    password_hash: String,
}

/// Sessions begun while the store was read-only, by the hash of their token.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<BTreeMap<[u8; 32], KeptSession>>);

impl Kept {
    fn sessions(&self) -> MutexGuard<'_, BTreeMap<[u8; 32], KeptSession>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, session: SessionRecord, password_hash: String) {
        let mut sessions = self.sessions();
        if sessions.len() >= KEPT_MAX
            && let Some(first) = sessions.values().min_by_key(|kept| kept.session.expires_at)
        {
            let first = first.session.token_hash;
            sessions.remove(&first);
        }
        sessions.insert(session.token_hash, KeptSession { session, password_hash });
    }
}

impl Store {
    /// Keeps a login: on disk, or in memory while the disk takes nothing.
    ///
    /// # Errors
    /// The database's; an unknown user.
    pub async fn save_session(&self, session: SessionRecord) -> Result<(), StoreError> {
        let record = session.clone();
        match self.write(move |writer| writer.save_session(&record)).await {
            Err(StoreError::ReadOnly { .. }) => {
                let user = self.read(|reader| reader.user(&session.user))?;
                let user = user.ok_or(StoreError::Refused { what: "a session of an unknown user" })?;
                self.0.sessions.keep(session, user.password_hash);
                Ok(())
            }
            saved => saved,
        }
    }

    /// A session that has not ended, wherever it is kept.
    ///
    /// # Errors
    /// The database's.
    pub fn session(&self, token_hash: &[u8; 32], now: Timestamp) -> Result<Option<SessionRecord>, StoreError> {
        let kept = self.0.sessions.sessions().get(token_hash).filter(|kept| now < kept.session.expires_at).cloned();
        let Some(KeptSession { session, password_hash }) = kept else {
            return self.read(|reader| reader.session(token_hash, now));
        };
        let user = self.read(|reader| reader.user(&session.user))?;
        let stands = |user: &UserRecord| user.password_hash == password_hash && user.disabled_at.is_none();
        Ok(user.filter(stands).map(|user| SessionRecord { role: user.role, ..session }))
    }

    /// Logs out.
    ///
    /// # Errors
    /// The database's; [`StoreError::ReadOnly`] for a session that is on disk while the disk takes nothing.
    pub async fn delete_session(&self, token_hash: [u8; 32]) -> Result<(), StoreError> {
        if self.0.sessions.sessions().remove(&token_hash).is_some() {
            return Ok(());
        }
        self.write(move |writer| writer.delete_session(&token_hash)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(n: u8, ends_s: i64) -> SessionRecord {
        SessionRecord {
            token_hash: [n; 32],
            user: "rina".into(),
            role: "admin".into(),
            csrf: "form".into(),
            expires_at: Timestamp::from_secs(ends_s),
        }
    }

    #[test]
    fn memory_is_bounded_and_forgets_what_ends_first() {
        let kept = Kept::default();
        kept.keep(session(200, 1), String::new());
        for n in 0..KEPT_MAX {
            kept.keep(session(n as u8, 100), String::new());
        }
        assert_eq!(kept.sessions().len(), KEPT_MAX);
        assert!(!kept.sessions().contains_key(&[200; 32]));
    }
}
