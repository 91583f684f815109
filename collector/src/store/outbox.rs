//! The outbox: messages that were committed with the decision they tell of and wait for their receiver.
//!
//! Per ticket and target, versions leave in order: a later one is not due while an earlier one is pending. What a
//! receiver refused for good does not hold back what follows.

use super::columns::{column, instant, instant_if};
use super::records::{DeliveryResult, OutboxMessage, OutboxRow};
use super::tickets::{key_of, number_of};
use super::{Reader, StoreError, Writer, limit_of};
use crate::snapshot::OutboxView;
use pantau_shared::limits::cut_text;
use pantau_shared::timestamp::Timestamp;
use rusqlite::Row;

pub(super) const DUE: &str = "
    SELECT id, ticket, target, version, event, payload, created_ms, attempts, next_attempt_ms, state, last_error
    FROM outbox WHERE state = 'pending' AND target = ?3 AND next_attempt_ms <= ?1 AND NOT EXISTS (
        SELECT 1 FROM outbox AS earlier WHERE earlier.ticket = outbox.ticket AND earlier.target = outbox.target
            AND earlier.version < outbox.version AND earlier.state = 'pending')
    ORDER BY next_attempt_ms, id LIMIT ?2";

/// Who waits for something: one look into the index per target, however much waits.
pub(super) const TARGETS: &str = "
    WITH RECURSIVE waits (name) AS (
        SELECT min(target) FROM outbox WHERE state = 'pending'
        UNION ALL SELECT (SELECT min(target) FROM outbox WHERE state = 'pending' AND target > waits.name)
        FROM waits WHERE waits.name IS NOT NULL)
    SELECT name FROM waits WHERE name IS NOT NULL";

pub(super) const VIEW: &str = "
    SELECT (SELECT count(*) FROM outbox WHERE state = 'pending'),
        (SELECT min(created_ms) FROM outbox WHERE state = 'pending'),
        (SELECT count(*) FROM outbox WHERE state = 'rejected')";

fn outbox_row_of(row: &Row<'_>) -> Result<OutboxRow, StoreError> {
    Ok(OutboxRow {
        id: column(row, 0)?,
        message: OutboxMessage {
            ticket: number_of(column(row, 1)?)?,
            target: column(row, 2)?,
            version: column(row, 3)?,
            event: column(row, 4)?,
            payload: column(row, 5)?,
        },
        created_at: instant(row, 6)?,
        attempts: column(row, 7)?,
        next_attempt_at: instant(row, 8)?,
        state: column(row, 9)?,
        last_error: column(row, 10)?,
    })
}

impl Reader {
    /// What may be sent now: of every target at most `limit`, longest due first.
    ///
    /// # Errors
    /// The database's.
    pub fn outbox_due(&self, now: Timestamp, limit: usize) -> Result<Vec<OutboxRow>, StoreError> {
        let mut due = Vec::new();
        for target in self.rows("read the outbox", TARGETS, (), |row| column::<String>(row, 0))? {
            due.extend(self.rows("read the outbox", DUE, (now.as_ms(), limit_of(limit), target), outbox_row_of)?);
        }
        Ok(due)
    }

    /// Everything that was ever to leave, newest first; `before` pages.
    ///
    /// # Errors
    /// The database's.
    pub fn outbox(&self, before: Option<i64>, limit: usize) -> Result<Vec<OutboxRow>, StoreError> {
        let sql = "SELECT id, ticket, target, version, event, payload, created_ms, attempts, next_attempt_ms, state,
                   last_error FROM outbox WHERE id < ?1 ORDER BY id DESC LIMIT ?2";
        self.rows("read the outbox", sql, (before.unwrap_or(i64::MAX), limit_of(limit)), outbox_row_of)
    }

    /// Depth and age.
    ///
    /// # Errors
    /// The database's.
    pub fn outbox_view(&self) -> Result<OutboxView, StoreError> {
        let view = self.row("count the outbox", VIEW, (), |row| {
            Ok(OutboxView {
                pending: column::<i64>(row, 0)?.unsigned_abs(),
                oldest_at: instant_if(row, 1)?,
                rejected: column::<i64>(row, 2)?.unsigned_abs(),
            })
        })?;
        Ok(view.unwrap_or_default())
    }
}

impl Writer {
    pub(super) fn append_message(&mut self, message: &OutboxMessage, now: Timestamp) -> Result<(), StoreError> {
        self.execute(
            "append to the outbox",
            "INSERT INTO outbox (ticket, target, version, event, payload, created_ms, next_attempt_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
            (key_of(message.ticket), &message.target, message.version, &message.event, &message.payload, now.as_ms()),
        )
        .map(drop)
    }

    /// Records what a receiver answered to a pending message.
    ///
    /// # Errors
    /// The database's; a message that is not pending.
    pub fn save_outbox_result(&mut self, id: i64, result: &DeliveryResult, now: Timestamp) -> Result<(), StoreError> {
        let (state, error, next) = match result {
            DeliveryResult::Delivered => ("delivered", None, None),
            DeliveryResult::RetryLater { reason, at } => ("pending", Some(cut_text(reason)), Some(at.as_ms())),
            DeliveryResult::Rejected { reason } => ("rejected", Some(cut_text(reason)), None),
        };
        let settled = next.is_none().then(|| now.as_ms());
        let sql = "UPDATE outbox SET state = ?2, last_error = ?3, next_attempt_ms = ifnull(?4, next_attempt_ms),
                   settled_ms = ?5, attempts = attempts + 1 WHERE id = ?1 AND state = 'pending'";
        if self.execute("save a delivery's result", sql, (id, state, error, next, settled))? == 0 {
            return Err(StoreError::Refused { what: "the result of a message that is not pending" });
        }
        Ok(())
    }
}
