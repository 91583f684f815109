//! Who may come in: users, their sessions, and tokens of programs. Only hashes of secrets are kept.

use super::columns::{column, hash, instant, instant_if, ms};
use super::records::{ApiTokenRecord, SessionRecord, UserRecord};
use super::{Reader, StoreError, Writer};
use pantau_shared::timestamp::Timestamp;

impl Reader {
    /// One user, disabled or not.
    ///
    /// # Errors
    /// The database's.
    pub fn user(&self, name: &str) -> Result<Option<UserRecord>, StoreError> {
        let sql = "SELECT name, password_hash, role, disabled_ms FROM user WHERE name = ?1";
        self.row("read a user", sql, [name], |row| {
            Ok(UserRecord {
                name: column(row, 0)?,
                password_hash: column(row, 1)?,
                role: column(row, 2)?,
                disabled_at: instant_if(row, 3)?,
            })
        })
    }

    /// Whether anybody can log in at all.
    ///
    /// # Errors
    /// The database's.
    pub fn users_exist(&self) -> Result<bool, StoreError> {
        Ok(self.row("look for users", "SELECT 1 FROM user LIMIT 1", (), |row| column::<i64>(row, 0))?.is_some())
    }

    /// A session that is not over, of a user who is not disabled, with the role the user has now.
    ///
    /// # Errors
    /// The database's.
    pub fn session(&self, token_hash: &[u8; 32], now: Timestamp) -> Result<Option<SessionRecord>, StoreError> {
        let sql = "SELECT token_hash, user, role, csrf, expires_ms FROM session JOIN user ON user.name = session.user
                   WHERE token_hash = ?1 AND expires_ms > ?2 AND disabled_ms IS NULL";
        self.row("read a session", sql, (token_hash, now.as_ms()), |row| {
            Ok(SessionRecord {
                token_hash: hash(row, 0)?,
                user: column(row, 1)?,
                role: column(row, 2)?,
                csrf: column(row, 3)?,
                expires_at: instant(row, 4)?,
            })
        })
    }

    /// A program's token, revoked or not.
    ///
    /// # Errors
    /// The database's.
    pub fn api_token(&self, token_hash: &[u8; 32]) -> Result<Option<ApiTokenRecord>, StoreError> {
        let sql = "SELECT token_hash, name, scope, created_ms, revoked_ms FROM api_token WHERE token_hash = ?1";
        self.row("read an API token", sql, [token_hash], |row| {
            Ok(ApiTokenRecord {
                token_hash: hash(row, 0)?,
                name: column(row, 1)?,
                scope: column(row, 2)?,
                created_at: instant(row, 3)?,
                revoked_at: instant_if(row, 4)?,
            })
        })
    }
}

impl Writer {
    /// Adds or replaces a user. A new password or a disabled user ends the user's sessions.
    ///
    /// # Errors
    /// The database's.
    pub fn save_user(&mut self, user: &UserRecord) -> Result<(), StoreError> {
        let before = self.reader.user(&user.name)?;
        let sql = "INSERT INTO user (name, password_hash, role, disabled_ms) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (name) DO UPDATE SET password_hash = excluded.password_hash, role = excluded.role,
                   disabled_ms = excluded.disabled_ms";
        self.execute("save a user", sql, (&user.name, &user.password_hash, &user.role, ms(user.disabled_at)))?;
        if before.is_some_and(|before| before.password_hash != user.password_hash || user.disabled_at.is_some()) {
            self.execute("end a user's sessions", "DELETE FROM session WHERE user = ?1", [&user.name])?;
        }
        Ok(())
    }

    /// Keeps a login. The role is the user's own and is not kept with it.
    ///
    /// # Errors
    /// The database's; an unknown user.
    pub fn save_session(&mut self, session: &SessionRecord) -> Result<(), StoreError> {
        let sql = "INSERT INTO session (token_hash, user, csrf, expires_ms) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (token_hash) DO UPDATE SET expires_ms = excluded.expires_ms";
        let params = (session.token_hash, &session.user, &session.csrf, session.expires_at.as_ms());
        self.execute("save a session", sql, params).map(drop)
    }

    /// Logs out.
    ///
    /// # Errors
    /// The database's.
    pub fn delete_session(&mut self, token_hash: &[u8; 32]) -> Result<(), StoreError> {
        self.execute("end a session", "DELETE FROM session WHERE token_hash = ?1", [token_hash]).map(drop)
    }

    /// Adds a program's token, or replaces it by its hash (to revoke it).
    ///
    /// # Errors
    /// The database's.
    pub fn save_api_token(&mut self, token: &ApiTokenRecord) -> Result<(), StoreError> {
        let sql = "INSERT INTO api_token (token_hash, name, scope, created_ms, revoked_ms) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (token_hash) DO UPDATE SET name = excluded.name, scope = excluded.scope,
                   revoked_ms = excluded.revoked_ms";
        let params = (token.token_hash, &token.name, &token.scope, token.created_at.as_ms(), ms(token.revoked_at));
        self.execute("save an API token", sql, params).map(drop)
    }
}
