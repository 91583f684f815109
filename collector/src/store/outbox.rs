//! The outbox: messages that were committed with the decision they tell of and wait for their receiver.
//!
//! Per ticket and target, versions leave in order: a later one is not due while an earlier one is pending. What a
//! receiver refused for good does not hold back what follows.

use super::columns::{column, instant, instant_if};
use super::records::{DeliveryResult, DueMessage, MessageAction, OutboxMessage, OutboxRow};
use super::tickets::{key_of, number_of};
use super::{Reader, StoreError, Writer, limit_of};
use crate::domain::ticket::TicketNumber;
use crate::snapshot::{OutboxView, TargetQueue};
use pantau_shared::limits::cut_text;
use pantau_shared::timestamp::Timestamp;
use rusqlite::Row;
use std::collections::BTreeSet;

macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, outbox.ticket, outbox.target, version, event, payload, created_ms, attempts, next_attempt_ms,
             state, last_error, checked_by",
            $rest
        )
    };
}

pub(super) const DUE: &str = columns!(
    ", reference FROM outbox LEFT JOIN external_ticket AS link USING (ticket, target)
    WHERE state = 'pending' AND outbox.target = ?3 AND next_attempt_ms <= ?1 AND NOT EXISTS (
        SELECT 1 FROM outbox AS earlier WHERE earlier.ticket = outbox.ticket AND earlier.target = outbox.target
            AND earlier.version < outbox.version AND earlier.state = 'pending')
    ORDER BY next_attempt_ms, id LIMIT ?2"
);

/// What waits, by receiver.
const BY_TARGET: &str = "
    SELECT target, count(*), min(created_ms), max(attempts) FROM (
        SELECT target, created_ms, attempts FROM outbox WHERE state = 'pending' UNION ALL
        SELECT target, created_ms, attempts FROM notice WHERE state = 'pending') GROUP BY target";

/// What nobody has looked at.
const REFUSED: &str = "
    SELECT target, count(*) FROM (
        SELECT target FROM outbox WHERE state = 'rejected' AND checked_ms IS NULL UNION ALL
        SELECT target FROM notice WHERE state = 'rejected' AND checked_ms IS NULL) GROUP BY target";

const NEWEST_TAKEN: &str = "
    SELECT max(settled_ms) FROM (
        SELECT settled_ms FROM outbox WHERE state = 'delivered' AND target = ?1 UNION ALL
        SELECT settled_ms FROM notice WHERE state = 'delivered' AND target = ?1)";

/// The newest word of a receiver that did not take something that still needs it.
const NEWEST_ERROR: &str = "
    SELECT last_error FROM (
        SELECT last_error, created_ms FROM outbox WHERE target = ?1 AND last_error IS NOT NULL
            AND (state = 'pending' OR (state = 'rejected' AND checked_ms IS NULL)) UNION ALL
        SELECT last_error, created_ms FROM notice WHERE target = ?1 AND last_error IS NOT NULL
            AND (state = 'pending' OR (state = 'rejected' AND checked_ms IS NULL))) ORDER BY created_ms DESC LIMIT 1";

const TOLD: &str = "SELECT DISTINCT target FROM outbox WHERE ticket = ?1";

fn outbox_row_of(row: &Row<'_>) -> Result<OutboxRow, StoreError> {
    Ok(OutboxRow {
        id: column(row, 0)?,
        message: OutboxMessage {
            ticket: number_of(column(row, 1)?)?,
            target: column(row, 2)?,
            version: column(row, 3)?,
            event: column(row, 4)?,
            payload: column(row, 5)?,
            not_before: None,
        },
        created_at: instant(row, 6)?,
        attempts: column(row, 7)?,
        next_attempt_at: instant(row, 8)?,
        state: column(row, 9)?,
        last_error: column(row, 10)?,
        checked_by: column(row, 11)?,
    })
}

impl Reader {
    /// What may be sent to `target` now, longest due first: the first waiting version of at most `limit` tickets.
    ///
    /// # Errors
    /// The database's.
    pub fn outbox_due(&self, target: &str, now: Timestamp, limit: usize) -> Result<Vec<DueMessage>, StoreError> {
        self.rows("read the outbox", DUE, (now.as_ms(), limit_of(limit), target), |row| {
            Ok(DueMessage { row: outbox_row_of(row)?, reference: column(row, 12)? })
        })
    }

    /// Who has heard of a ticket, or will.
    ///
    /// # Errors
    /// The database's.
    pub fn outbox_told(&self, ticket: TicketNumber) -> Result<BTreeSet<String>, StoreError> {
        let rows = self.rows("read who was told", TOLD, [key_of(ticket)], |row| column::<String>(row, 0))?;
        Ok(rows.into_iter().collect())
    }

    /// Messages that a person must look at, newest first: refused for good by their receiver.
    ///
    /// # Errors
    /// The database's.
    pub fn outbox_refused(&self, limit: usize) -> Result<Vec<OutboxRow>, StoreError> {
        let sql = columns!(" FROM outbox WHERE state = 'rejected' AND checked_ms IS NULL ORDER BY id DESC LIMIT ?1");
        self.rows("read refused messages", sql, [limit_of(limit)], outbox_row_of)
    }

    /// Everything that was ever to leave, newest first; `before` pages.
    ///
    /// # Errors
    /// The database's.
    pub fn outbox(&self, before: Option<i64>, limit: usize) -> Result<Vec<OutboxRow>, StoreError> {
        let sql = columns!(" FROM outbox WHERE id < ?1 ORDER BY id DESC LIMIT ?2");
        self.rows("read the outbox", sql, (before.unwrap_or(i64::MAX), limit_of(limit)), outbox_row_of)
    }

    /// Depth and age.
    ///
    /// # Errors
    /// The database's.
    pub fn outbox_view(&self) -> Result<OutboxView, StoreError> {
        let mut view = OutboxView::default();
        let waiting = self.rows("count the outbox", BY_TARGET, (), |row| {
            Ok((
                column::<String>(row, 0)?,
                u64::from(column::<u32>(row, 1)?),
                instant_if(row, 2)?,
                column::<u32>(row, 3)?,
            ))
        })?;
        for (target, pending, oldest_at, attempts) in waiting {
            view.pending += pending;
            view.oldest_at = [view.oldest_at, oldest_at].into_iter().flatten().min();
            let queue = TargetQueue { pending, oldest_at, attempts, ..TargetQueue::default() };
            view.targets.insert(target, queue);
        }
        let refused = self.rows("count refused messages", REFUSED, (), |row| {
            Ok((column::<String>(row, 0)?, u64::from(column::<u32>(row, 1)?)))
        })?;
        for (target, rejected) in refused {
            view.rejected += rejected;
            view.targets.entry(target).or_default().rejected = rejected;
        }
        Ok(view)
    }

    /// When a receiver last took something, and what it said last of something that still needs it.
    ///
    /// # Errors
    /// The database's.
    pub fn outbox_last_words(&self, target: &str) -> Result<(Option<Timestamp>, Option<String>), StoreError> {
        let taken = self.row("read a receiver's last answer", NEWEST_TAKEN, [target], |row| instant_if(row, 0))?;
        let error =
            self.row("read a receiver's last answer", NEWEST_ERROR, [target], |row| column::<Option<String>>(row, 0))?;
        Ok((taken.flatten(), error.flatten()))
    }
}

impl Writer {
    pub(super) fn append_message(&mut self, message: &OutboxMessage, now: Timestamp) -> Result<(), StoreError> {
        self.execute(
            "append to the outbox",
            "INSERT INTO outbox (ticket, target, version, event, payload, created_ms, next_attempt_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, max(?6, ifnull(?7, ?6)))",
            (
                key_of(message.ticket),
                &message.target,
                message.version,
                &message.event,
                &message.payload,
                now.as_ms(),
                message.not_before.map(Timestamp::as_ms),
            ),
        )
        .map(drop)
    }

    /// Records what a receiver answered to a pending message.
    ///
    /// # Errors
    /// The database's; a message that is not pending.
    pub fn save_outbox_result(&mut self, id: i64, result: &DeliveryResult, now: Timestamp) -> Result<(), StoreError> {
        let (state, error, next) = match result {
            DeliveryResult::Delivered { .. } => ("delivered", None, None),
            DeliveryResult::RetryLater { reason, at } => ("pending", Some(cut_text(reason)), Some(at.as_ms())),
            DeliveryResult::Rejected { reason } => ("rejected", Some(cut_text(reason)), None),
        };
        let settled = next.is_none().then(|| now.as_ms());
        let sql = "UPDATE outbox SET state = ?2, last_error = ?3, next_attempt_ms = ifnull(?4, next_attempt_ms),
                   settled_ms = ?5, attempts = attempts + 1 WHERE id = ?1 AND state = 'pending'";
        if self.execute("save a delivery's result", sql, (id, state, error, next, settled))? == 0 {
            return Err(StoreError::Refused { what: "the result of a message that is not pending" });
        }
        if let DeliveryResult::Delivered { reference: Some(at) } = result {
            let sql = "SELECT ticket, target FROM outbox WHERE id = ?1";
            let of = self.reader.row("read a delivery", sql, [id], |row| Ok((column(row, 0)?, column(row, 1)?)))?;
            let (ticket, target): (i64, String) = of.ok_or(StoreError::Refused { what: "a message that is gone" })?;
            self.save_external(ticket, &target, at, now)?;
        }
        Ok(())
    }

    /// A person sends a message once more or lets it go. A retry is refused once a later message of the same ticket was
    /// taken by the same receiver: what is older is never told after what is newer.
    ///
    /// # Errors
    /// The database's; a message that is delivered, let go before, or older than what was taken.
    pub fn settle_by_hand(
        &mut self,
        id: i64,
        action: MessageAction,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = match action {
            MessageAction::Retry => {
                "UPDATE outbox SET state = 'pending', next_attempt_ms = ?2, settled_ms = NULL, checked_ms = NULL,
                 checked_by = ?3 WHERE id = ?1 AND state <> 'delivered' AND NOT EXISTS (
                    SELECT 1 FROM outbox AS later WHERE later.ticket = outbox.ticket AND later.target = outbox.target
                    AND later.version > outbox.version AND later.state = 'delivered')"
            }
            MessageAction::Skip => {
                "UPDATE outbox SET state = 'rejected', settled_ms = ?2, checked_ms = ?2, checked_by = ?3
                 WHERE id = ?1 AND state <> 'delivered' AND checked_ms IS NULL"
            }
        };
        if self.execute("settle a message by hand", sql, (id, now.as_ms(), actor))? == 0 {
            return Err(StoreError::Refused { what: "a message that is settled already" });
        }
        Ok(())
    }
}
