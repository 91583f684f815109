//! Entries of people about restoring: verifications of backups, restore drills, real recoveries. Append-only.

use super::columns::{column, instant, instant_if, ms, parsed};
use super::{Reader, StoreError, Writer, limit_of};
use crate::domain::catalogue::ServiceId;
use crate::domain::rpo::proof::{RecoveryEntry, Verification, VerificationMethod};
use pantau_shared::ids::BackupSetId;
use pantau_shared::timestamp::Timestamp;
use rusqlite::Row;

const VERIFICATIONS: &str = "SELECT backup_set, artefact, generation, data_ms, at_ms, method, passed, note, actor,
    recorded_ms FROM backup_verification WHERE backup_set = ?1 ORDER BY id DESC LIMIT ?2";

const RECOVERIES: &str =
    "SELECT id, service, drill, scenario, disaster_ms, decided_ms, started_ms, up_ms, confirmed_ms,
    data_ms, succeeded, steps, note, rto_s, rpo_s, actor, recorded_ms FROM recovery WHERE service = ?1
    ORDER BY id DESC LIMIT ?2";

fn verification_of(row: &Row<'_>) -> Result<Verification, StoreError> {
    Ok(Verification {
        set: parsed(row, 0, "verification", |text| BackupSetId::parse(text).ok())?,
        artefact: column(row, 1)?,
        generation: column(row, 2)?,
        data_time: instant_if(row, 3)?,
        at: instant(row, 4)?,
        method: parsed(row, 5, "verification", VerificationMethod::parse)?,
        passed: column(row, 6)?,
        note: column(row, 7)?,
        actor: column(row, 8)?,
        recorded_at: instant(row, 9)?,
    })
}

fn recovery_of(row: &Row<'_>) -> Result<RecoveryEntry, StoreError> {
    let damaged = StoreError::Damaged { what: "recovery" };
    let steps: [Option<i64>; 7] = serde_json::from_str(&column::<String>(row, 11)?).map_err(|_| damaged)?;
    Ok(RecoveryEntry {
        id: column(row, 0)?,
        service: parsed(row, 1, "recovery", |text| ServiceId::parse(text).ok())?,
        drill: column(row, 2)?,
        scenario: column(row, 3)?,
        disaster_at: instant(row, 4)?,
        decided_at: instant_if(row, 5)?,
        started_at: instant_if(row, 6)?,
        up_at: instant_if(row, 7)?,
        confirmed_at: instant_if(row, 8)?,
        recovered_data_time: instant_if(row, 9)?,
        succeeded: column(row, 10)?,
        steps: steps.map(|at| at.map(Timestamp::from_ms)),
        note: column(row, 12)?,
        rto_seconds: column(row, 13)?,
        rpo_seconds: column(row, 14)?,
        actor: column(row, 15)?,
        recorded_at: instant(row, 16)?,
    })
}

impl Reader {
    /// The newest verifications of a set, newest first.
    ///
    /// # Errors
    /// The database's.
    pub fn verifications(&self, set: &BackupSetId, limit: usize) -> Result<Vec<Verification>, StoreError> {
        self.rows("read verifications", VERIFICATIONS, (set.as_str(), limit_of(limit)), verification_of)
    }

    /// The newest drills and recoveries of a service, newest first.
    ///
    /// # Errors
    /// The database's.
    pub fn recoveries(&self, service: &ServiceId, limit: usize) -> Result<Vec<RecoveryEntry>, StoreError> {
        self.rows("read recoveries", RECOVERIES, (service.as_str(), limit_of(limit)), recovery_of)
    }
}

impl Writer {
    /// Adds a verification.
    ///
    /// # Errors
    /// The database's.
    pub fn append_verification(&mut self, entry: &Verification) -> Result<(), StoreError> {
        let sql = "INSERT INTO backup_verification (backup_set, artefact, generation, data_ms, at_ms, method, passed,
                   note, actor, recorded_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        let params = rusqlite::params![
            entry.set.as_str(),
            entry.artefact,
            entry.generation,
            ms(entry.data_time),
            entry.at.as_ms(),
            entry.method.code(),
            entry.passed,
            entry.note,
            entry.actor,
            entry.recorded_at.as_ms(),
        ];
        self.execute("save a verification", sql, params).map(drop)
    }

    /// Adds what an agent told of a verification, unless that was added before: looks repeat it.
    pub(super) fn append_verification_once(&mut self, entry: &Verification) -> Result<(), StoreError> {
        let sql = "SELECT 1 FROM backup_verification WHERE backup_set = ?1 AND at_ms = ?2 AND actor = ?3 LIMIT 1";
        let params = (entry.set.as_str(), entry.at.as_ms(), &entry.actor);
        let known = self.reader().row("look for a verification", sql, params, |row| column::<i64>(row, 0))?;
        if known.is_some() { Ok(()) } else { self.append_verification(entry) }
    }

    /// Adds a drill or recovery; its number.
    ///
    /// # Errors
    /// The database's.
    pub fn append_recovery(&mut self, entry: &RecoveryEntry) -> Result<i64, StoreError> {
        let sql = "INSERT INTO recovery (service, drill, scenario, disaster_ms, decided_ms, started_ms, up_ms,
                   confirmed_ms, data_ms, succeeded, steps, note, rto_s, rpo_s, actor, recorded_ms)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
        let steps = serde_json::to_string(&entry.steps.map(ms));
        let params = rusqlite::params![
            entry.service.as_str(),
            entry.drill,
            entry.scenario,
            entry.disaster_at.as_ms(),
            ms(entry.decided_at),
            ms(entry.started_at),
            ms(entry.up_at),
            ms(entry.confirmed_at),
            ms(entry.recovered_data_time),
            entry.succeeded,
            steps.map_err(|_| StoreError::Damaged { what: "recovery" })?,
            entry.note,
            entry.rto_seconds,
            entry.rpo_seconds,
            entry.actor,
            entry.recorded_at.as_ms(),
        ];
        self.execute("save a recovery", sql, params)?;
        let last =
            self.reader().row("read a recovery's number", "SELECT last_insert_rowid()", (), |row| column(row, 0))?;
        last.ok_or(StoreError::Damaged { what: "recovery" })
    }
}
