//! Notices: messages that a backup set is at risk, and that it is no more. They tell of no ticket; one set, one episode,
//! one event and one receiver make one message, however often it is decided.
//!
//! Per set and receiver they leave in order. Those that were settled go after [`KEPT_MS`].

use super::columns::{column, instant, instant_if, parsed};
use super::records::{DeliveryResult, DueMessage, MessageAction, OutboxMessage, OutboxRow};
use super::{Reader, StoreError, Writer, limit_of};
use crate::domain::ticket::TicketNumber;
use pantau_shared::ids::BackupSetId;
use pantau_shared::limits::cut_text;
use pantau_shared::timestamp::Timestamp;
use rusqlite::Row;

/// Settled messages stay so long: a quarter.
const KEPT_MS: i64 = 92 * 86_400_000;
/// What a receiver that threads messages finds as their first: nothing.
const NO_THREAD: &str = "cadangan";

const DUE: &str = "SELECT id, target, version, event, payload, created_ms, attempts, next_attempt_ms, last_error
    FROM notice WHERE state = 'pending' AND target = ?3 AND next_attempt_ms <= ?1 AND NOT EXISTS (
        SELECT 1 FROM notice AS earlier WHERE earlier.backup_set = notice.backup_set AND earlier.target = notice.target
            AND earlier.id < notice.id AND earlier.state = 'pending')
    ORDER BY next_attempt_ms, id LIMIT ?2";

/// A notice that needs a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRow {
    /// Its number; messages of tickets count apart.
    pub id: i64,
    /// The set.
    pub set: BackupSetId,
    /// `at_risk`, `risk_over`.
    pub event: String,
    /// The receiver.
    pub target: String,
    /// When it was decided.
    pub created_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// Why the receiver refused it.
    pub last_error: Option<String>,
}

/// What changes for one set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeEdit {
    /// Which.
    pub set: BackupSetId,
    /// The episode that the messages tell of, by when it began.
    pub episode: Timestamp,
    /// Whether it goes on.
    pub open: bool,
    /// What is told to whom; their ticket is none.
    pub messages: Vec<OutboxMessage>,
}

fn due_of(row: &Row<'_>) -> Result<DueMessage, StoreError> {
    let row = OutboxRow {
        id: column(row, 0)?,
        message: OutboxMessage {
            // Tickets count from 1: this is never one.
            ticket: TicketNumber { year: 0, number: 0 },
            target: column(row, 1)?,
            version: column(row, 2)?,
            event: column(row, 3)?,
            payload: column(row, 4)?,
            not_before: None,
        },
        created_at: instant(row, 5)?,
        attempts: column(row, 6)?,
        next_attempt_at: instant(row, 7)?,
        state: "pending".to_owned(),
        last_error: column(row, 8)?,
        checked_by: None,
    };
    Ok(DueMessage { row, reference: Some(NO_THREAD.to_owned()) })
}

impl Reader {
    /// Notices that may be sent to `target` now, longest due first.
    ///
    /// # Errors
    /// The database's.
    pub fn notices_due(&self, target: &str, now: Timestamp, limit: usize) -> Result<Vec<DueMessage>, StoreError> {
        self.rows("read notices", DUE, (now.as_ms(), limit_of(limit), target), due_of)
    }

    /// Notices that a person must look at, newest first: refused for good by their receiver.
    ///
    /// # Errors
    /// The database's.
    pub fn notices_refused(&self, limit: usize) -> Result<Vec<NoticeRow>, StoreError> {
        let sql = "SELECT id, backup_set, event, target, created_ms, attempts, last_error FROM notice
                   WHERE state = 'rejected' AND checked_ms IS NULL ORDER BY id DESC LIMIT ?1";
        self.rows("read refused notices", sql, [limit_of(limit)], |row| {
            Ok(NoticeRow {
                id: column(row, 0)?,
                set: parsed(row, 1, "notice", |text| BackupSetId::parse(text).ok())?,
                event: column(row, 2)?,
                target: column(row, 3)?,
                created_at: instant(row, 4)?,
                attempts: column(row, 5)?,
                last_error: column(row, 6)?,
            })
        })
    }

    /// Since when a set is at risk, as far as that was told.
    ///
    /// # Errors
    /// The database's.
    pub fn backup_risk(&self, set: &BackupSetId) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT episode_ms FROM backup_risk WHERE backup_set = ?1";
        Ok(self.row("read a set's risk", sql, [set.as_str()], |row| instant_if(row, 0))?.flatten())
    }
}

impl Writer {
    /// Keeps what was decided of one set.
    pub(super) fn save_notices(&mut self, edit: &NoticeEdit, now: Timestamp) -> Result<(), StoreError> {
        let (set, episode) = (edit.set.as_str(), edit.episode.as_ms());
        if edit.open {
            let sql = "INSERT OR REPLACE INTO backup_risk (backup_set, episode_ms) VALUES (?1, ?2)";
            self.execute("save a set's risk", sql, (set, episode))?;
        } else {
            self.execute("end a set's risk", "DELETE FROM backup_risk WHERE backup_set = ?1", [set])?;
        }
        for message in &edit.messages {
            let sql =
                "INSERT OR IGNORE INTO notice (backup_set, episode_ms, event, target, version, payload, created_ms,
                       next_attempt_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, max(?7, ifnull(?8, ?7)))";
            let held = message.not_before.map(Timestamp::as_ms);
            let OutboxMessage { target, version, event, payload, .. } = message;
            let params = (set, episode, event, target, version, payload, now.as_ms(), held);
            self.execute("append a notice", sql, params)?;
        }
        let sql = "DELETE FROM notice WHERE state <> 'pending' AND settled_ms < ?1";
        self.execute("drop old notices", sql, [now.plus_ms(-KEPT_MS).as_ms()]).map(drop)
    }

    /// A person sends a notice once more or lets it go. A retry is refused once the receiver took a later notice of the set:
    /// that a set is at risk is never told after that it is no more.
    ///
    /// # Errors
    /// The database's; a notice that is delivered, let go before, or older than what was taken.
    pub fn settle_notice(
        &mut self,
        id: i64,
        action: MessageAction,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = match action {
            MessageAction::Retry => {
                "UPDATE notice SET state = 'pending', next_attempt_ms = ?2, settled_ms = NULL, checked_ms = NULL,
                 checked_by = ?3 WHERE id = ?1 AND state <> 'delivered' AND NOT EXISTS (
                    SELECT 1 FROM notice AS later WHERE later.backup_set = notice.backup_set
                    AND later.target = notice.target AND later.id > notice.id AND later.state = 'delivered')"
            }
            MessageAction::Skip => {
                "UPDATE notice SET state = 'rejected', settled_ms = ?2, checked_ms = ?2, checked_by = ?3
                 WHERE id = ?1 AND state <> 'delivered' AND checked_ms IS NULL"
            }
        };
        if self.execute("settle a notice by hand", sql, (id, now.as_ms(), actor))? == 0 {
            return Err(StoreError::Refused { what: "a notice that is settled already" });
        }
        Ok(())
    }

    /// Records what a receiver answered to a pending notice.
    ///
    /// # Errors
    /// The database's; one that is not pending.
    pub fn save_notice_result(&mut self, id: i64, result: &DeliveryResult, now: Timestamp) -> Result<(), StoreError> {
        let (state, error, next) = match result {
            DeliveryResult::Delivered { .. } => ("delivered", None, None),
            DeliveryResult::RetryLater { reason, at } => ("pending", Some(cut_text(reason)), Some(at.as_ms())),
            DeliveryResult::Rejected { reason } => ("rejected", Some(cut_text(reason)), None),
        };
        let settled = next.is_none().then(|| now.as_ms());
        let sql = "UPDATE notice SET state = ?2, last_error = ?3, next_attempt_ms = ifnull(?4, next_attempt_ms),
                   settled_ms = ?5, attempts = attempts + 1 WHERE id = ?1 AND state = 'pending'";
        if self.execute("save a notice's result", sql, (id, state, error, next, settled))? == 0 {
            return Err(StoreError::Refused { what: "the result of a notice that is not pending" });
        }
        Ok(())
    }
}
