//! Frozen reports, what people write for them, and the keys that sign them.
//!
//! A frozen report is written once; the database itself refuses to change or delete it. Of the keys exactly one signs.

use super::columns::{column, instant, instant_if};
use super::{Reader, StoreError, Writer};
use crate::domain::catalogue::ServiceId;
use pantau_shared::timestamp::Timestamp;
use rusqlite::Row;

/// Longest text that a person may write on a service, in bytes.
pub const NOTE_BYTES_MAX: usize = 4_000;

/// A frozen report without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrozenReport {
    /// Such as `2026-06`.
    pub period: String,
    /// Counts from 1.
    pub revision: u32,
    /// When.
    pub frozen_at: Timestamp,
    /// By whom.
    pub approver: String,
    /// Why.
    pub reason: String,
    /// Hash of its canonical bytes, hexadecimal.
    pub sha256: String,
    /// Key that signed it.
    pub key_id: String,
}

/// What a person wrote on a service in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportNote {
    /// Which service.
    pub service: String,
    /// When.
    pub written_at: Timestamp,
    /// Who.
    pub author: String,
    /// What.
    pub text: String,
}

/// A signing key.
#[derive(Clone, PartialEq, Eq)]
pub struct ReportKey {
    /// Its identifier.
    pub key_id: String,
    /// Its public half.
    pub public_key: [u8; 32],
    /// PKCS #8; `None`: retired.
    pub secret: Option<Vec<u8>>,
    /// When it was made.
    pub made_at: Timestamp,
    /// Since when it signs no more.
    pub retired_at: Option<Timestamp>,
}

impl std::fmt::Debug for ReportKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the secret.
        f.debug_struct("ReportKey").field("key_id", &self.key_id).field("retired_at", &self.retired_at).finish()
    }
}

const FROZEN: &str = "SELECT period, revision, frozen_ms, approver, reason, sha256, key_id FROM frozen_report";

fn frozen_of(row: &Row<'_>) -> Result<FrozenReport, StoreError> {
    Ok(FrozenReport {
        period: column(row, 0)?,
        revision: column(row, 1)?,
        frozen_at: instant(row, 2)?,
        approver: column(row, 3)?,
        reason: column(row, 4)?,
        sha256: column(row, 5)?,
        key_id: column(row, 6)?,
    })
}

impl Reader {
    /// The newest `limit` frozen reports, newest period first, newest revision first.
    ///
    /// # Errors
    /// The database's.
    pub fn frozen_reports(&self, limit: usize) -> Result<Vec<FrozenReport>, StoreError> {
        let sql = format!("{FROZEN} ORDER BY period DESC, revision DESC LIMIT ?1");
        self.rows("read frozen reports", &sql, [super::limit_of(limit)], frozen_of)
    }

    /// All revisions of a period, newest first.
    ///
    /// # Errors
    /// The database's.
    pub fn frozen_revisions(&self, period: &str) -> Result<Vec<FrozenReport>, StoreError> {
        let sql = format!("{FROZEN} WHERE period = ?1 ORDER BY revision DESC");
        self.rows("read frozen reports", &sql, [period], frozen_of)
    }

    /// The canonical JSON of a frozen report and its seal; `None` for the revision: the newest.
    ///
    /// # Errors
    /// The database's.
    pub fn frozen_body(&self, period: &str, revision: Option<u32>) -> Result<Option<String>, StoreError> {
        let sql = "SELECT body FROM frozen_report WHERE period = ?1 AND revision = ifnull(?2, revision)
                   ORDER BY revision DESC LIMIT 1";
        self.row("read a frozen report", sql, (period, revision), |row| column(row, 0))
    }

    /// The newest note on each service of a period.
    ///
    /// # Errors
    /// The database's.
    pub fn report_notes(&self, period: &str) -> Result<Vec<ReportNote>, StoreError> {
        let sql = "SELECT service, max(written_ms), author, text FROM report_note WHERE period = ?1 GROUP BY service";
        self.rows("read notes of a report", sql, [period], |row| {
            Ok(ReportNote {
                service: column(row, 0)?,
                written_at: instant(row, 1)?,
                author: column(row, 2)?,
                text: column(row, 3)?,
            })
        })
    }

    /// All keys that ever signed, the one in force first.
    ///
    /// # Errors
    /// The database's.
    pub fn report_keys(&self) -> Result<Vec<ReportKey>, StoreError> {
        let sql = "SELECT key_id, public_key, secret, made_ms, retired_ms FROM report_key
                   ORDER BY retired_ms IS NOT NULL, made_ms DESC";
        self.rows("read the keys of reports", sql, (), |row| {
            Ok(ReportKey {
                key_id: column(row, 0)?,
                public_key: column(row, 1)?,
                secret: column(row, 2)?,
                made_at: instant(row, 3)?,
                retired_at: instant_if(row, 4)?,
            })
        })
    }
}

impl Writer {
    /// Keeps a frozen report for ever. It has to be the revision after the newest one.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for another revision; the database's.
    pub fn save_frozen_report(&mut self, report: &FrozenReport, body: &str) -> Result<(), StoreError> {
        let newest = self.reader.frozen_revisions(&report.period)?.first().map_or(0, |newest| newest.revision);
        if report.revision != newest + 1 {
            return Err(StoreError::Refused { what: "a frozen report that does not follow the newest revision" });
        }
        let sql = "INSERT INTO frozen_report (period, revision, frozen_ms, approver, reason, sha256, key_id, body)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let params = (
            &report.period,
            report.revision,
            report.frozen_at.as_ms(),
            &report.approver,
            &report.reason,
            &report.sha256,
            &report.key_id,
            body,
        );
        self.execute("freeze a report", sql, params).map(drop)
    }

    /// Adds what a person wrote on a service.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for a text that is too long; the database's.
    pub fn save_report_note(
        &mut self,
        period: &str,
        service: &ServiceId,
        note: (&str, &str),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (author, text) = note;
        if text.len() > NOTE_BYTES_MAX {
            return Err(StoreError::Refused { what: "a note that is too long" });
        }
        let sql = "INSERT INTO report_note (period, service, written_ms, author, text) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (period, service, written_ms) DO UPDATE SET author = excluded.author, text = excluded.text";
        self.execute("save a note of a report", sql, (period, service.as_str(), now.as_ms(), author, text)).map(drop)
    }

    /// The key in force; `new` becomes it where there is none, or in the place of another one with `replace`.
    ///
    /// # Errors
    /// The database's.
    pub fn report_key_or(&mut self, new: ReportKey, replace: bool) -> Result<ReportKey, StoreError> {
        let found = self.reader.report_keys()?.into_iter().find(|key| key.retired_at.is_none());
        if let Some(found) = found {
            if !replace {
                return Ok(found);
            }
            let retire = "UPDATE report_key SET secret = NULL, retired_ms = ?2 WHERE key_id = ?1";
            self.execute("retire the key of reports", retire, (&found.key_id, new.made_at.as_ms()))?;
        }
        let sql = "INSERT INTO report_key (key_id, public_key, secret, made_ms) VALUES (?1, ?2, ?3, ?4)";
        self.execute("save the key of reports", sql, (&new.key_id, new.public_key, &new.secret, new.made_at.as_ms()))?;
        Ok(new)
    }
}
