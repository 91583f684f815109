//! Who may come in: passwords, sessions, form tokens, lock-out, API tokens.
//!
//! A password is kept as an Argon2id hash in PHC form. A session is a random 256-bit value in a cookie of which the store
//! keeps only the SHA-256; it ends [`SESSION_SECONDS`] after login, whatever happens. Each session has a form token
//! that every changing form must carry; it is compared in constant time. Secrets are made by the operating system's
//! generator. Does not know pages.

pub mod lockout;
pub mod password;

use crate::store::records::{ApiTokenRecord, SessionRecord, UserRecord};
use crate::store::{Store, StoreError};
use pantau_shared::timestamp::Timestamp;
use ring::rand::SecureRandom;

/// A session's life in seconds: one working day with its evening.
pub const SESSION_SECONDS: i64 = 12 * 60 * 60;

/// Longest login name and password taken, in bytes; longer is refused before any hashing.
pub const CREDENTIAL_BYTES_MAX: usize = 256;

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Admin,
    /// Handles tickets.
    Operator,
    /// Only looks.
    Viewer,
}

impl Role {
    /// All, from the most to the least.
    pub const ALL: [Self; 3] = [Self::Admin, Self::Operator, Self::Viewer];

    /// The code in the store and on the command line.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Viewer => "viewer",
        }
    }

    /// Reads a code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }

    /// Whether the role may act on tickets.
    pub const fn may_act(self) -> bool {
        match self {
            Self::Admin | Self::Operator => true,
            Self::Viewer => false,
        }
    }

    /// Whether the role may take responsibility (Tabel 1: Penanggung jawab): approve what others propose, freeze a report.
    pub const fn may_approve(self) -> bool {
        match self {
            Self::Admin => true,
            Self::Operator | Self::Viewer => false,
        }
    }

    /// The message that names the role.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Admin => "role-admin",
            Self::Operator => "role-operator",
            Self::Viewer => "role-viewer",
        }
    }
}

/// Why nobody came in.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The system's random generator failed.
    #[error("cannot draw a random secret from the system")]
    Random,
    /// A password could not be hashed.
    #[error("cannot hash a password")]
    Hash(#[source] argon2::password_hash::Error),
    /// The hashing task was cut off.
    #[error("the hashing of a password was interrupted")]
    Interrupted,
    /// The store failed.
    #[error("cannot read or write a login")]
    Store(#[source] StoreError),
}

/// A session that has just begun: the cookie's value and what is kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// For the cookie, and nowhere else.
    pub token: String,
    /// For the store.
    pub record: SessionRecord,
}

/// SHA-256 of a token as kept in the store.
pub fn token_hash(token: &str) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, token.as_bytes());
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.as_ref());
    hash
}

/// `bytes` random bytes in hexadecimal.
///
/// # Errors
/// [`AuthError::Random`].
pub fn random_token(bytes: usize) -> Result<String, AuthError> {
    let mut secret = vec![0; bytes];
    ring::rand::SystemRandom::new().fill(&mut secret).map_err(|_| AuthError::Random)?;
    Ok(hex::encode(secret))
}

/// A new session for `user`, not yet saved.
///
/// # Errors
/// [`AuthError::Random`].
pub fn begin_session(user: &UserRecord, now: Timestamp) -> Result<NewSession, AuthError> {
    let token = random_token(32)?;
    let record = SessionRecord {
        token_hash: token_hash(&token),
        user: user.name.clone(),
        role: user.role.clone(),
        csrf: random_token(16)?,
        expires_at: now.plus_secs(SESSION_SECONDS),
    };
    Ok(NewSession { token, record })
}

/// Whether two secrets are the same, in a time that tells nothing about where they differ.
pub fn same_secret(given: &str, expected: &str) -> bool {
    // Hashes have one length, so neither length nor content leaks.
    let (given, expected) = (token_hash(given), token_hash(expected));
    given.iter().zip(expected).fold(0_u8, |difference, (a, b)| difference | (a ^ b)) == 0
}

/// Checks name and password. `None`: unknown, disabled, or wrong; all take the same time. Hashes on a blocking thread.
///
/// # Errors
/// The store or the hashing failed.
pub async fn check_login(
    store: &Store,
    name: &str,
    password: &str,
    now: Timestamp,
) -> Result<Option<UserRecord>, AuthError> {
    if name.len() > CREDENTIAL_BYTES_MAX || password.len() > CREDENTIAL_BYTES_MAX {
        return Ok(None);
    }
    let user = store.read(|reader| reader.user(name)).map_err(AuthError::Store)?;
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let given = password.to_owned();
    let matches = tokio::task::spawn_blocking(move || password::verify(&given, hash.as_deref()))
        .await
        .map_err(|_| AuthError::Interrupted)?;
    Ok(user.filter(|user| matches && user.disabled_at.is_none_or(|from| now < from)))
}

/// The API token in an `Authorization` header, if it is one that is known and not revoked.
///
/// # Errors
/// The store failed.
pub fn check_api_token(
    store: &Store,
    authorization: &str,
    now: Timestamp,
) -> Result<Option<ApiTokenRecord>, StoreError> {
    let Some(token) = bearer(authorization) else { return Ok(None) };
    let record = store.read(|reader| reader.api_token(&token_hash(token)))?;
    Ok(record.filter(|record| record.revoked_at.is_none_or(|from| now < from)))
}

/// The scope of a token that hands in alerts and may do nothing else.
pub const ALERT_SCOPE: &str = "alert";

/// The token of `Bearer <token>`; the scheme in any case.
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.len() <= CREDENTIAL_BYTES_MAX).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user() -> UserRecord {
        UserRecord { name: "rina".into(), password_hash: String::new(), role: "operator".into(), disabled_at: None }
    }

    #[test]
    fn sessions_are_all_different_and_keep_no_token() {
        let now = Timestamp::from_secs(1_000);
        let one = begin_session(&user(), now).expect("random");
        let two = begin_session(&user(), now).expect("random");
        assert_ne!(one.token, two.token);
        assert_ne!(one.record.csrf, two.record.csrf);
        assert_eq!(one.token.len(), 64);
        assert_eq!(one.record.token_hash, token_hash(&one.token));
        assert_eq!(one.record.expires_at, now.plus_secs(SESSION_SECONDS));
    }

    #[test]
    fn secrets_compare_by_content() {
        assert!(same_secret("abc", "abc"));
        for wrong in ["", "ab", "abd", "abcd"] {
            assert!(!same_secret(wrong, "abc"), "{wrong}");
        }
    }

    #[test]
    fn bearer_tokens_are_read_leniently_and_bounded() {
        assert_eq!(bearer("Bearer x1"), Some("x1"));
        assert_eq!(bearer("bearer  x1 "), Some("x1"));
        for wrong in ["", "Bearer", "Bearer ", "Basic x1"] {
            assert_eq!(bearer(wrong), None, "{wrong}");
        }
        assert_eq!(bearer(&format!("Bearer {}", "x".repeat(CREDENTIAL_BYTES_MAX + 1))), None);
    }

    #[test]
    fn only_viewers_may_not_act() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.code()), Some(role));
            assert_eq!(role.may_act(), role != Role::Viewer);
        }
    }
}
