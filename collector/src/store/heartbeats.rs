//! Heartbeats: the keys under which jobs tell of themselves, and what they told.
//!
//! Signals of a set stay up to [`SIGNALS_MAX`], the newest; what was sent with them ([`Signal::body`]) stays with the newest
//! [`BODIES_MAX`]. Runs that they prove are backup records and stay for ever.

use super::columns::{column, instant};
use super::{Reader, StoreError, Writer, limit_of};
use crate::domain::rpo::heartbeat;
use pantau_shared::ids::BackupSetId;
use pantau_shared::timestamp::Timestamp;
use rusqlite::Row;

/// Signals that stay, per set.
pub const SIGNALS_MAX: usize = 10_000;
/// Bodies that stay, per set.
pub const BODIES_MAX: usize = 100;

/// The key of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heartbeat {
    /// Which set.
    pub set: BackupSetId,
    /// The unguessable part of its address.
    pub key: String,
    /// Since when it is watched: a new key does not begin anew.
    pub begins_at: Timestamp,
    /// When this key was made.
    pub made_at: Timestamp,
    /// By whom.
    pub made_by: String,
}

/// What a signal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignalKind {
    /// It failed, or ended with a code that is not 0.
    Fail,
    /// Something to remember; says nothing of the run.
    Log,
    /// It began.
    Start,
    /// It ended well.
    Success,
}

impl SignalKind {
    const ALL: [Self; 4] = [Self::Fail, Self::Log, Self::Start, Self::Success];

    /// The code in the store and the API.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Log => "log",
            Self::Start => "start",
            Self::Success => "success",
        }
    }
}

/// One signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// When it came.
    pub at: Timestamp,
    /// What it says.
    pub kind: SignalKind,
    /// Which run, where the job tells.
    pub run: Option<String>,
    /// How the job ended, where it tells.
    pub exit_code: Option<u8>,
    /// What was sent with it: evidence, not read by anything here.
    pub body: Vec<u8>,
}

impl Signal {
    /// As the rules see it; a log entry says nothing to them.
    pub fn ping(&self) -> Option<heartbeat::Ping> {
        let signal = match self.kind {
            SignalKind::Fail => heartbeat::Signal::Fail,
            SignalKind::Start => heartbeat::Signal::Start,
            SignalKind::Success => heartbeat::Signal::Success,
            SignalKind::Log => return None,
        };
        Some(heartbeat::Ping { at: self.at, signal, run: self.run.clone() })
    }
}

fn heartbeat_of(row: &Row<'_>) -> Result<Heartbeat, StoreError> {
    let set = BackupSetId::parse(&column::<String>(row, 0)?);
    Ok(Heartbeat {
        set: set.map_err(|_| StoreError::Damaged { what: "heartbeat" })?,
        key: column(row, 1)?,
        begins_at: instant(row, 2)?,
        made_at: instant(row, 3)?,
        made_by: column(row, 4)?,
    })
}

fn signal_of(row: &Row<'_>) -> Result<Signal, StoreError> {
    let code = column::<String>(row, 1)?;
    let kind = SignalKind::ALL.into_iter().find(|kind| kind.code() == code);
    Ok(Signal {
        at: instant(row, 0)?,
        kind: kind.ok_or(StoreError::Damaged { what: "signal" })?,
        run: column(row, 2)?,
        exit_code: column(row, 3)?,
        body: column::<Option<Vec<u8>>>(row, 4)?.unwrap_or_default(),
    })
}

const KEYS: &str = "SELECT backup_set, key, begins_ms, made_ms, made_by FROM heartbeat";

impl Reader {
    /// The set that a key belongs to.
    ///
    /// # Errors
    /// The database's.
    pub fn heartbeat_by_key(&self, key: &str) -> Result<Option<Heartbeat>, StoreError> {
        self.row("look for a heartbeat's key", &format!("{KEYS} WHERE key = ?1"), [key], heartbeat_of)
    }

    /// The key of a set.
    ///
    /// # Errors
    /// The database's.
    pub fn heartbeat(&self, set: &BackupSetId) -> Result<Option<Heartbeat>, StoreError> {
        self.row("read a heartbeat's key", &format!("{KEYS} WHERE backup_set = ?1"), [set.as_str()], heartbeat_of)
    }

    /// The newest signals of a set, newest first.
    ///
    /// # Errors
    /// The database's.
    pub fn signals(&self, set: &BackupSetId, limit: usize) -> Result<Vec<Signal>, StoreError> {
        let sql = "SELECT at_ms, kind, run, exit_code, body FROM heartbeat_signal WHERE backup_set = ?1
                   ORDER BY id DESC LIMIT ?2";
        self.rows("read a heartbeat's signals", sql, (set.as_str(), limit_of(limit)), signal_of)
    }
}

impl Writer {
    /// Gives a set a key, in the place of the one it may have.
    ///
    /// # Errors
    /// The database's.
    pub fn save_heartbeat(&mut self, heartbeat: &Heartbeat) -> Result<(), StoreError> {
        let sql = "INSERT INTO heartbeat (backup_set, key, begins_ms, made_ms, made_by) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (backup_set) DO UPDATE SET key = excluded.key, made_ms = excluded.made_ms,
                   made_by = excluded.made_by";
        let Heartbeat { set, key, begins_at, made_at, made_by } = heartbeat;
        let params = (set.as_str(), key, begins_at.as_ms(), made_at.as_ms(), made_by);
        self.execute("save a heartbeat's key", sql, params).map(drop)
    }

    /// Takes a set its key. Its signals stay.
    ///
    /// # Errors
    /// The database's.
    pub fn drop_heartbeat(&mut self, set: &BackupSetId) -> Result<(), StoreError> {
        self.execute("drop a heartbeat's key", "DELETE FROM heartbeat WHERE backup_set = ?1", [set.as_str()]).map(drop)
    }

    /// Keeps a signal; what is beyond the bounds goes.
    ///
    /// # Errors
    /// The database's.
    pub fn save_signal(&mut self, set: &BackupSetId, signal: &Signal) -> Result<(), StoreError> {
        let sql = "INSERT INTO heartbeat_signal (backup_set, at_ms, kind, run, exit_code, body)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let body = Some(&signal.body).filter(|body| !body.is_empty());
        let (at, kind) = (signal.at.as_ms(), signal.kind.code());
        self.execute("save a signal", sql, (set.as_str(), at, kind, &signal.run, signal.exit_code, body))?;
        let old = "(SELECT id FROM heartbeat_signal WHERE backup_set = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)";
        let bare = format!(
            "UPDATE heartbeat_signal SET body = NULL WHERE backup_set = ?1 AND id <= {old} AND body IS NOT NULL"
        );
        self.execute("drop old bodies", &bare, (set.as_str(), limit_of(BODIES_MAX)))?;
        let gone = format!("DELETE FROM heartbeat_signal WHERE backup_set = ?1 AND id <= {old}");
        self.execute("drop old signals", &gone, (set.as_str(), limit_of(SIGNALS_MAX))).map(drop)
    }
}
