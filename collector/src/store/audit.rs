//! The audit trail: who put what on record and when, each entry chained to the one before by SHA-256.
//!
//! ```text
//! hash(n) = SHA-256( "pantau-audit-1" · hash(n-1) · n · at_ms · actor · action · subject · detail )
//! ```
//!
//! Numbers are eight bytes, big end first; texts are led by their length in eight bytes, a missing actor (the system) by
//! 2^64 - 1. `hash(0)` is 32 zeros. An entry is never changed nor deleted: triggers refuse it, and whoever does so with
//! another program breaks the chain, which [`verify`] names. Entries cut off at the end leave no trace in the chain itself;
//! the newest hash stands in every copy and can be noted elsewhere. Knows none of the subjects.

use super::columns::{column, hash, instant, parsed};
use super::{Reader, StoreError, Writer, limit_of};
use crate::domain::ticket::Actor;
use pantau_shared::timestamp::Timestamp;
use rusqlite::{Connection, Row};

/// Longest detail, in bytes.
const DETAIL_BYTES_MAX: usize = 64 * 1024;

/// What is put on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What was done, a code: `maintenance.approve`.
    pub action: &'static str,
    /// To what: `maintenance/7`.
    pub subject: String,
    /// More of it, as a JSON object.
    pub detail: serde_json::Value,
}

/// An entry as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its place, from 1 on without a gap.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// JSON.
    pub detail: String,
    /// The hash of the entry before.
    pub prev_hash: [u8; 32],
    /// Its own.
    pub hash: [u8; 32],
}

impl AuditRecord {
    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        let actor: Option<String> = column(row, 2)?;
        Ok(Self {
            seq: u64::try_from(column::<i64>(row, 0)?).map_err(|_| StoreError::Damaged { what: "audit entry" })?,
            at: instant(row, 1)?,
            actor: actor.map_or(Actor::System, Actor::Person),
            action: column(row, 3)?,
            subject: column(row, 4)?,
            detail: parsed(row, 5, "audit entry", |text| Some(text.to_owned()))?,
            prev_hash: hash(row, 6)?,
            hash: hash(row, 7)?,
        })
    }

    /// What its hash has to be.
    fn expected_hash(&self) -> [u8; 32] {
        let mut context = ring::digest::Context::new(&ring::digest::SHA256);
        let name = "pantau-audit-1";
        context.update(&length(name));
        context.update(name.as_bytes());
        context.update(&self.prev_hash);
        context.update(&self.seq.to_be_bytes());
        context.update(&self.at.as_ms().to_be_bytes());
        match &self.actor {
            Actor::System => context.update(&u64::MAX.to_be_bytes()),
            Actor::Person(name) => {
                context.update(&length(name));
                context.update(name.as_bytes());
            }
        }
        for part in [&self.action, &self.subject, &self.detail] {
            context.update(&length(part));
            context.update(part.as_bytes());
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        hash
    }
}

fn length(text: &str) -> [u8; 8] {
    u64::try_from(text.len()).unwrap_or(u64::MAX - 1).to_be_bytes()
}

const COLUMNS: &str = "seq, at_ms, actor, action, subject, detail, prev_hash, hash";

impl Reader {
    /// At most `limit` entries before `before` (none: from the newest), newest first.
    ///
    /// # Errors
    /// The database's.
    pub fn audit(&self, before: Option<u64>, limit: usize) -> Result<Vec<AuditRecord>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM audit WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2");
        let before = before.and_then(|seq| i64::try_from(seq).ok()).unwrap_or(i64::MAX);
        self.rows("read the audit trail", &sql, (before, limit_of(limit)), AuditRecord::read)
    }

    /// The newest `limit` entries of one subject, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub fn audit_of(&self, subject: &str, limit: usize) -> Result<Vec<AuditRecord>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM audit WHERE subject = ?1 ORDER BY seq DESC LIMIT ?2");
        let mut entries = self.rows("read the audit trail", &sql, (subject, limit_of(limit)), AuditRecord::read)?;
        entries.reverse();
        Ok(entries)
    }
}

impl Writer {
    /// Puts an entry on record; its number. Written in the same transaction as what it tells of.
    ///
    /// # Errors
    /// The database's; a detail that is larger than any honest one.
    pub fn append_audit(&mut self, entry: &AuditEntry) -> Result<u64, StoreError> {
        let detail = entry.detail.to_string();
        if detail.len() > DETAIL_BYTES_MAX {
            return Err(StoreError::Refused { what: "an audit entry whose detail is too large" });
        }
        let newest = self.reader.audit(None, 1)?;
        let (seq, prev_hash) = newest.first().map_or((1, [0; 32]), |newest| (newest.seq + 1, newest.hash));
        let mut record = AuditRecord {
            seq,
            at: entry.at,
            actor: entry.actor.clone(),
            action: entry.action.to_owned(),
            subject: entry.subject.clone(),
            detail,
            prev_hash,
            hash: [0; 32],
        };
        record.hash = record.expected_hash();
        let actor = match &record.actor {
            Actor::System => None,
            Actor::Person(name) => Some(name.as_str()),
        };
        let sql = format!("INSERT INTO audit ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
        let row = i64::try_from(seq).unwrap_or(i64::MAX);
        let params =
            (row, entry.at.as_ms(), actor, &record.action, &record.subject, &record.detail, prev_hash, record.hash);
        self.execute("append to the audit trail", &sql, params)?;
        Ok(seq)
    }
}

/// Walks the chain; the first entry at which it breaks, in words. A store of before the trail has none.
pub(super) fn verify(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let known = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'audit'";
    if connection.query_row(known, (), |row| row.get::<_, i64>(0))? == 0 {
        return Ok(None);
    }
    let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM audit ORDER BY seq"))?;
    let mut rows = statement.query(())?;
    let (mut seq, mut last) = (0, [0; 32]);
    while let Some(row) = rows.next()? {
        seq += 1;
        let Ok(record) = AuditRecord::read(row) else {
            return Ok(Some(format!("entry {seq} cannot be read")));
        };
        if record.seq != seq {
            return Ok(Some(format!("entry {seq} is missing")));
        }
        if record.prev_hash != last {
            return Ok(Some(format!("entry {seq} does not follow from the one before it")));
        }
        if record.expected_hash() != record.hash {
            let at = record.at.floor_second();
            return Ok(Some(format!("entry {seq} of {at} ({}, {}) was changed", record.action, record.subject)));
        }
        last = record.hash;
    }
    Ok(None)
}
