//! What is held back of backup sets, beside the corrections that tell of it: records as they were known, and figures.

use super::backup_records::record_of;
use super::columns::{column, instant, ms};
use super::{Reader, StoreError, Writer};
use crate::domain::register::{LateBackups, RpoFigures, RpoMonth};
use crate::domain::rpo::late::HeldRecord;
use crate::domain::rpo::record::BackupRecord;
use chrono::NaiveDate;
use pantau_shared::backup::{BackupStatus, DataTimeBasis};
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;

/// One side of a month: `[counted, breach, no backup, breaches, peak, compliance]`; `null` where nothing was watched.
type Side = (u64, u64, u64, u64, Option<u64>, Option<u32>);
type MonthColumn = (NaiveDate, Option<Side>, Option<Side>);

const HELD: &str = "SELECT artefact, generation, started_ms, ended_ms, data_ms, basis, status, size_bytes, location,
    claimed, first_ms, last_ms, deleted_ms, verified_ms, builds_on, gapless, correction, until_ms, known FROM late_backup
    ORDER BY correction, position";

const DAMAGED: StoreError = StoreError::Damaged { what: "late backups" };

fn figures_of(side: Side) -> RpoFigures {
    let (counted_s, breach_s, no_backup_s, breaches, peak_exposure_s, compliance_ppm) = side;
    RpoFigures { counted_s, breach_s, no_backup_s, breaches, peak_exposure_s, compliance_ppm }
}

fn side(figures: Option<RpoFigures>) -> Option<Side> {
    figures.map(|f| (f.counted_s, f.breach_s, f.no_backup_s, f.breaches, f.peak_exposure_s, f.compliance_ppm))
}

/// Months of a correction from their column.
pub(super) fn parse_months(text: &str) -> Result<Vec<RpoMonth>, StoreError> {
    let months: Vec<MonthColumn> = serde_json::from_str(text).map_err(|_| DAMAGED)?;
    let month = |(month, before, after): MonthColumn| RpoMonth {
        month,
        before: before.map(figures_of),
        after: after.map(figures_of),
    };
    Ok(months.into_iter().map(month).collect())
}

/// The column of months.
pub(super) fn render_months(months: &[RpoMonth]) -> Result<String, StoreError> {
    let columns: Vec<MonthColumn> =
        months.iter().map(|month| (month.month, side(month.before), side(month.after))).collect();
    serde_json::to_string(&columns).map_err(|_| DAMAGED)
}

impl Reader {
    /// All that is held, by the number of its correction.
    pub(super) fn held_backups(&self) -> Result<BTreeMap<u32, Vec<HeldRecord>>, StoreError> {
        let rows = self.rows("read late backups", HELD, (), |row| {
            let record = record_of(row)?;
            let known: bool = column(row, 18)?;
            let held = HeldRecord {
                artefact: record.artefact.clone(),
                generation: record.generation,
                before: known.then_some(record),
                until: instant(row, 17)?,
            };
            Ok((column::<u32>(row, 16)?, held))
        })?;
        let mut by_number: BTreeMap<u32, Vec<HeldRecord>> = BTreeMap::new();
        for (number, held) in rows {
            by_number.entry(number).or_default().push(held);
        }
        Ok(by_number)
    }
}

impl Writer {
    /// Keeps what correction `number` holds back; what was kept stays as it was.
    pub(super) fn save_held_backups(&mut self, number: u32, late: &LateBackups) -> Result<(), StoreError> {
        let sql = "INSERT INTO late_backup (correction, position, until_ms, known, artefact, generation, started_ms, ended_ms,
                       data_ms, basis, status, size_bytes, location, claimed, first_ms, last_ms, deleted_ms, verified_ms,
                       builds_on, gapless)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)
                   ON CONFLICT DO NOTHING";
        for (position, held) in (0_u32..).zip(&late.held) {
            let record = held.before.clone().unwrap_or_else(|| unknown(held));
            let builds_on = serde_json::to_string(&record.references).map_err(|_| DAMAGED)?;
            let params = rusqlite::params![
                number,
                position,
                held.until.as_ms(),
                held.before.is_some(),
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
                builds_on,
                record.gapless,
            ];
            self.execute("save late backups", sql, params)?;
        }
        Ok(())
    }
}

/// What stands in the columns of a record that was not known.
fn unknown(held: &HeldRecord) -> BackupRecord {
    BackupRecord {
        artefact: held.artefact.clone(),
        generation: held.generation,
        started_at: None,
        ended_at: None,
        data_time: None,
        basis: DataTimeBasis::Unspecified,
        status: BackupStatus::Unspecified,
        size_bytes: None,
        location: String::new(),
        claimed: false,
        first_seen_at: Timestamp::default(),
        last_seen_at: Timestamp::default(),
        deleted_at: None,
        verified_at: None,
        references: Vec::new(),
        gapless: false,
    }
}
