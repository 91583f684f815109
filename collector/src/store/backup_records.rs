//! What is known of the office's backups: records, the newest look at each set, and what of looks need not be kept.
//!
//! Records stay for ever. Of looks (table `backup`) those stay that changed a record, at most [`LOOKS_KEPT`] of a set; one
//! that only saw the same again goes as soon as there is a newer one. Knows nothing of what a backup is worth.

use super::columns::{column, instant, instant_if, ms, parsed};
use super::{Reader, StoreError, Writer, limit_of};
use crate::domain::interval::Interval;
use crate::domain::rpo::proof::Verification;
use crate::domain::rpo::record::{BackupRecord, LookState, RECORDS_MAX};
use pantau_shared::backup::{BackupStatus, DataTimeBasis};
use pantau_shared::ids::BackupSetId;
use pantau_shared::timestamp::Timestamp;
use rusqlite::Row;

/// Looks of one set that stay as they came.
const LOOKS_KEPT: i64 = 200;

const COLUMNS: &str = "SELECT artefact, generation, started_ms, ended_ms, data_ms, basis, status, size_bytes, location,
    claimed, first_ms, last_ms, deleted_ms, verified_ms, builds_on, gapless FROM backup_record";
/// The order of records: [`BackupRecord::time`].
const TIME: &str = "ifnull(data_ms, ifnull(ended_ms, first_ms))";

/// What one evaluation learnt of one set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupEdit {
    /// Which.
    pub set: BackupSetId,
    /// Records that are new or changed.
    pub records: Vec<BackupRecord>,
    /// The newest look, when there was one.
    pub look: Option<KeptLook>,
    /// Observations that changed nothing and are not the newest.
    pub needless: Vec<i64>,
    /// What agents told of verifications.
    pub verifications: Vec<Verification>,
}

/// The newest look with the observation behind it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeptLook {
    /// What it said of the set as a whole.
    pub state: LookState,
    /// The observation's number.
    pub fact: Option<i64>,
    /// Whether the observation changed something and is to stay.
    pub kept: bool,
}

/// A record from the first sixteen columns, in the order of [`COLUMNS`].
pub(super) fn record_of(row: &Row<'_>) -> Result<BackupRecord, StoreError> {
    let damaged = |_| StoreError::Damaged { what: "backup record" };
    Ok(BackupRecord {
        artefact: column(row, 0)?,
        generation: column(row, 1)?,
        started_at: instant_if(row, 2)?,
        ended_at: instant_if(row, 3)?,
        data_time: instant_if(row, 4)?,
        basis: DataTimeBasis::try_from(column::<i32>(row, 5)?).map_err(damaged)?,
        status: BackupStatus::try_from(column::<i32>(row, 6)?).map_err(damaged)?,
        size_bytes: column::<Option<i64>>(row, 7)?.map(i64::cast_unsigned),
        location: column(row, 8)?,
        claimed: column(row, 9)?,
        first_seen_at: instant(row, 10)?,
        last_seen_at: instant(row, 11)?,
        deleted_at: instant_if(row, 12)?,
        verified_at: instant_if(row, 13)?,
        references: parsed(row, 14, "backup record", |text| serde_json::from_str(text).ok())?,
        gapless: column(row, 15)?,
    })
}

impl Reader {
    /// The newest [`RECORDS_MAX`] records of a set, newest first.
    ///
    /// # Errors
    /// The database's.
    pub fn newest_backup_records(&self, set: &BackupSetId) -> Result<Vec<BackupRecord>, StoreError> {
        let sql = format!("{COLUMNS} WHERE backup_set = ?1 ORDER BY {TIME} DESC LIMIT ?2");
        self.rows("read backup records", &sql, (set.as_str(), limit_of(RECORDS_MAX)), record_of)
    }

    /// Records of a set that can matter to `window`, newest first, at most `limit`: not gone before it, and not of later
    /// data (a data time may lie a little after now, where clocks differ).
    ///
    /// # Errors
    /// The database's.
    pub fn backup_records(
        &self,
        set: &BackupSetId,
        window: Interval,
        limit: usize,
    ) -> Result<Vec<BackupRecord>, StoreError> {
        let sql = format!(
            "{COLUMNS} WHERE backup_set = ?1 AND {TIME} < ?2 + 600000 AND ifnull(deleted_ms, ?3 + 1) > ?3
             ORDER BY {TIME} DESC LIMIT ?4"
        );
        let params = (set.as_str(), window.to.as_ms(), window.from.as_ms(), limit_of(limit));
        self.rows("read backup records", &sql, params, record_of)
    }

    /// The newest look at a set; none before the first one was judged.
    ///
    /// # Errors
    /// The database's.
    pub fn backup_look(&self, set: &BackupSetId) -> Result<Option<KeptLook>, StoreError> {
        let sql = "SELECT observed_ms, looked_ms, begins_ms, listed_ms, error, error_ms, fact, kept FROM backup_look
                   WHERE backup_set = ?1";
        self.row("read the newest look", sql, [set.as_str()], |row| {
            let (error, since) = (column::<Option<String>>(row, 4)?, instant_if(row, 5)?);
            let state = LookState {
                observed_at: instant_if(row, 0)?,
                looked_at: instant_if(row, 1)?,
                begins_at: instant_if(row, 2)?,
                listed_from: instant_if(row, 3)?,
                error: error.zip(since),
            };
            Ok(KeptLook { state, fact: column(row, 6)?, kept: column(row, 7)? })
        })
    }

    /// Since when a set is watched.
    ///
    /// # Errors
    /// The database's.
    pub fn backup_begins(&self, set: &BackupSetId) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.backup_look(set)?.and_then(|look| look.state.begins_at))
    }
}

impl Writer {
    /// Keeps what was learnt of a set.
    ///
    /// # Errors
    /// The database's.
    pub fn edit_backups(&mut self, edit: &BackupEdit) -> Result<(), StoreError> {
        for record in &edit.records {
            self.save_backup_record(&edit.set, record)?;
        }
        if let Some(look) = &edit.look {
            self.save_look(&edit.set, look)?;
            let sql = "DELETE FROM backup WHERE backup_set = ?1 AND id <= (SELECT id FROM backup WHERE backup_set = ?1
                       ORDER BY id DESC LIMIT 1 OFFSET ?2)";
            self.execute("drop old looks", sql, (edit.set.as_str(), LOOKS_KEPT))?;
        }
        for entry in &edit.verifications {
            self.append_verification_once(entry)?;
        }
        for fact in &edit.needless {
            self.execute("drop a look", "DELETE FROM backup WHERE id = ?1", [fact])?;
        }
        Ok(())
    }

    fn save_backup_record(&self, set: &BackupSetId, record: &BackupRecord) -> Result<(), StoreError> {
        let sql =
            "INSERT OR REPLACE INTO backup_record (backup_set, artefact, generation, started_ms, ended_ms, data_ms,
                   basis, status, size_bytes, location, claimed, first_ms, last_ms, deleted_ms, verified_ms,
                   builds_on, gapless)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
        let builds_on = serde_json::to_string(&record.references);
        let params = rusqlite::params![
            set.as_str(),
            record.artefact,
            record.generation,
            ms(record.started_at),
            ms(record.ended_at),
            ms(record.data_time),
            i32::from(record.basis),
            i32::from(record.status),
            record.size_bytes.map(u64::cast_signed),
            record.location,
            record.claimed,
            record.first_seen_at.as_ms(),
            record.last_seen_at.as_ms(),
            ms(record.deleted_at),
            ms(record.verified_at),
            builds_on.map_err(|_| StoreError::Damaged { what: "backup record" })?,
            record.gapless,
        ];
        self.execute("save a backup record", sql, params).map(drop)
    }

    fn save_look(&self, set: &BackupSetId, look: &KeptLook) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO backup_look (backup_set, observed_ms, looked_ms, begins_ms, listed_ms, error,
                   error_ms, fact, kept) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let state = &look.state;
        let (error, since) = state.error.as_ref().map(|(text, since)| (text.as_str(), since.as_ms())).unzip();
        let params = rusqlite::params![
            set.as_str(),
            ms(state.observed_at),
            ms(state.looked_at),
            ms(state.begins_at),
            ms(state.listed_from),
            error,
            since,
            look.fact,
            look.kept,
        ];
        self.execute("save the newest look", sql, params).map(drop)
    }
}
