//! Enrolled hosts and the tokens they join with.

use super::columns::{column, instant, instant_if, message, parsed};
use super::records::{HostKey, HostRecord, JoinRefusal, JoinTokenRecord};
use super::{Reader, StoreError, Writer};
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;
use rusqlite::Row;

/// A host's own totals and those of its streams; it was last seen when its last used stream was.
pub(super) const HOSTS: &str = "SELECT id, public_key, machine_id_hash, joined_ms, revoked_ms,
    nullif(max(ifnull(last_seen_ms, 0), ifnull((SELECT max(used_ms) FROM stream WHERE host = num), 0)), 0),
    boot_id, started,
    accepted + ifnull((SELECT sum(stream.accepted) FROM stream WHERE host = num), 0),
    lost + ifnull((SELECT sum(stream.lost) FROM stream WHERE host = num), 0) FROM host";

fn host_of(row: &Row<'_>) -> Result<HostRecord, StoreError> {
    let has_started = column::<Option<Vec<u8>>>(row, 7)?.is_some();
    Ok(HostRecord {
        id: parsed(row, 0, "host", |text| HostId::parse(text).ok())?,
        public_key: column(row, 1)?,
        machine_id_hash: column(row, 2)?,
        joined_at: instant(row, 3)?,
        revoked_at: instant_if(row, 4)?,
        last_seen_at: instant_if(row, 5)?,
        boot_id: column(row, 6)?,
        started: if has_started { Some(message(row, 7, "start message")?) } else { None },
        observations_accepted: column::<i64>(row, 8)?.unsigned_abs(),
        observations_lost: column::<i64>(row, 9)?.unsigned_abs(),
    })
}

impl Reader {
    /// Every host that ever joined, by identifier; revoked ones too.
    ///
    /// # Errors
    /// The database's.
    pub fn hosts(&self) -> Result<Vec<HostRecord>, StoreError> {
        self.rows("read the hosts", &format!("{HOSTS} ORDER BY id"), (), host_of)
    }

    /// One host.
    ///
    /// # Errors
    /// The database's.
    pub fn host(&self, id: &HostId) -> Result<Option<HostRecord>, StoreError> {
        self.row("read a host", &format!("{HOSTS} WHERE id = ?1"), [id.as_str()], host_of)
    }
}

impl Writer {
    /// Keeps a new join token.
    ///
    /// # Errors
    /// The database's; a secret that is known already.
    pub fn create_join_token(&mut self, token: &JoinTokenRecord) -> Result<(), StoreError> {
        self.execute(
            "save a join token",
            "INSERT INTO join_token (secret_hash, host, may_replace, created_ms, expires_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
            (
                token.secret_hash,
                token.host.as_str(),
                token.replace,
                token.created_at.as_ms(),
                token.expires_at.as_ms(),
            ),
        )
        .map(drop)
    }

    /// Uses up the token and binds the key. A host of that name that exists gets the new key only if the token says
    /// replace. The same token with the same key again is answered as the first time: the reply may have been lost.
    ///
    /// # Errors
    /// The database's; a key that is not 32 bytes.
    pub fn redeem_join_token(
        &mut self,
        secret_hash: &[u8; 32],
        key: &HostKey,
        now: Timestamp,
    ) -> Result<Result<HostId, JoinRefusal>, StoreError> {
        let sql = "SELECT host, may_replace, expires_ms, used_ms, used_key FROM join_token WHERE secret_hash = ?1";
        let found = self.reader.row("read a join token", sql, [secret_hash], |row| {
            let host = parsed(row, 0, "join token", |text| HostId::parse(text).ok())?;
            let used = instant_if(row, 3)?.is_some();
            Ok((host, column::<bool>(row, 1)?, instant(row, 2)?, used, column::<Option<Vec<u8>>>(row, 4)?))
        })?;
        let Some((host, replace, expires_at, used, used_key)) = found else {
            return Ok(Err(JoinRefusal::Unknown));
        };
        let known = self.reader.host(&host)?;
        if used {
            let same = used_key.as_ref() == Some(&key.public_key)
                && known.is_some_and(|host| host.public_key == key.public_key && host.revoked_at.is_none());
            return Ok(if same { Ok(host) } else { Err(JoinRefusal::Used) });
        }
        if now >= expires_at {
            return Ok(Err(JoinRefusal::Expired));
        }
        if known.is_some() && !replace {
            return Ok(Err(JoinRefusal::Enrolled));
        }
        self.execute(
            "use up a join token",
            "UPDATE join_token SET used_ms = ?2, used_key = ?3 WHERE secret_hash = ?1",
            (secret_hash, now.as_ms(), &key.public_key),
        )?;
        self.bind_key(&host, key, now)?;
        Ok(Ok(host))
    }

    fn bind_key(&mut self, host: &HostId, key: &HostKey, now: Timestamp) -> Result<(), StoreError> {
        self.execute(
            "bind a host's key",
            "INSERT INTO host (id, public_key, machine_id_hash, joined_ms) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (id) DO UPDATE SET public_key = excluded.public_key,
             machine_id_hash = excluded.machine_id_hash, joined_ms = excluded.joined_ms, revoked_ms = NULL",
            (host.as_str(), &key.public_key, &key.machine_id_hash, now.as_ms()),
        )?;
        self.senders.remove(host);
        self.pending.anew(host.clone());
        Ok(())
    }

    /// From now on the host's batches are refused; whether it was enrolled and not revoked before.
    ///
    /// # Errors
    /// The database's.
    pub fn revoke_host(&mut self, id: &HostId, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE host SET revoked_ms = ?2 WHERE id = ?1 AND revoked_ms IS NULL";
        let revoked = self.execute("revoke a host", sql, (id.as_str(), now.as_ms()))? > 0;
        if revoked {
            self.senders.remove(id);
            self.pending.anew(id.clone());
        }
        Ok(revoked)
    }
}
