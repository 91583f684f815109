//! The ledger of services: disjoint intervals with a state; what none covers is unknown.
//!
//! It is written by edits that replace the tail from an instant on, so that late answers simply re-evaluate it. An edit
//! that would leave overlapping or empty rows is refused before anything changes.

use super::columns::{instant, parse_phrase, parsed, render_phrase};
use super::records::{LedgerEdit, LedgerRow};
use super::{Reader, StoreError, Writer};
use crate::domain::catalogue::ServiceId;
use crate::domain::state::State;
use pantau_shared::timestamp::Timestamp;
use rusqlite::Row;

/// Rows are disjoint, so the only row that begins before `from` and may reach into it is the last one before it.
pub(super) const LEDGER: &str = "
    SELECT from_ms, to_ms, state, reason FROM ledger WHERE service = ?1
        AND from_ms >= ifnull((SELECT max(from_ms) FROM ledger WHERE service = ?1 AND from_ms <= ?2), ?2)
        AND from_ms < ?3 AND to_ms > ?2 ORDER BY from_ms";

fn ledger_row_of(row: &Row<'_>) -> Result<LedgerRow, StoreError> {
    let reason: Option<String> = super::columns::column(row, 3)?;
    Ok(LedgerRow {
        from: instant(row, 0)?,
        to: instant(row, 1)?,
        state: parsed(row, 2, "state", State::parse)?,
        reason: reason.as_deref().map(parse_phrase).transpose()?,
    })
}

impl Reader {
    /// Rows that overlap `[from, to)`, by time, not clipped; what no row covers is unknown.
    ///
    /// # Errors
    /// The database's.
    pub fn ledger(&self, service: &ServiceId, from: Timestamp, to: Timestamp) -> Result<Vec<LedgerRow>, StoreError> {
        if from >= to {
            return Ok(Vec::new());
        }
        self.rows("read a ledger", LEDGER, (service.as_str(), from.as_ms(), to.as_ms()), ledger_row_of)
    }

    /// Start of the first row of a service.
    ///
    /// # Errors
    /// The database's.
    pub fn ledger_begins(&self, service: &ServiceId) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT from_ms FROM ledger WHERE service = ?1 ORDER BY from_ms LIMIT 1";
        self.row("read a ledger's begin", sql, [service.as_str()], |row| instant(row, 0))
    }
}

impl Writer {
    /// Carries out one edit.
    pub(super) fn edit_ledger(&mut self, edit: &LedgerEdit) -> Result<(), StoreError> {
        check(edit)?;
        let (service, from) = (edit.service.as_str(), edit.replace_from.as_ms());
        let operation = "edit a ledger";
        self.execute(operation, "DELETE FROM ledger WHERE service = ?1 AND from_ms >= ?2", (service, from))?;
        let cut = "UPDATE ledger SET to_ms = ?2 WHERE service = ?1 AND to_ms > ?2
                   AND from_ms = (SELECT max(from_ms) FROM ledger WHERE service = ?1)";
        self.execute(operation, cut, (service, from))?;
        for row in &edit.rows {
            let reason = row.reason.as_ref().map(render_phrase).transpose()?;
            let insert = "INSERT INTO ledger (service, from_ms, to_ms, state, reason) VALUES (?1, ?2, ?3, ?4, ?5)";
            let params = (service, row.from.as_ms(), row.to.as_ms(), row.state.name(), reason);
            self.execute(operation, insert, params)?;
        }
        Ok(())
    }
}

fn check(edit: &LedgerEdit) -> Result<(), StoreError> {
    let mut end = edit.replace_from;
    for row in &edit.rows {
        if row.from < end || row.to <= row.from {
            return Err(StoreError::Refused {
                what: "a ledger edit whose rows are not sorted, disjoint and in its range",
            });
        }
        end = row.to;
    }
    Ok(())
}
