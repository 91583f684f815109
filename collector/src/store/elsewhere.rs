//! How tickets of ours stand at help desks, and what of that we set ourselves.

use super::columns::{column, instant, instant_if, parsed};
use super::records::{Followed, LastTold};
use super::tickets::{key_of, number_of};
use super::{Reader, StoreError, Writer, limit_of};
use crate::domain::ticket::elsewhere::{Deed, Known, Stage};
use crate::domain::ticket::{TicketNumber, TicketState};
use pantau_shared::limits::cut_text;
use pantau_shared::timestamp::Timestamp;
use rusqlite::Row;

/// What changes of one ticket at one help desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElsewhereEdit {
    /// Ours.
    pub ticket: TicketNumber,
    /// The receiver.
    pub target: String,
    /// What is known from now on.
    pub known: Known,
}

macro_rules! known {
    ($rest:literal) => {
        concat!(
            "SELECT stage, assignee, standing.priority, changed_by, changed_ms, entry_by, entry_ms, solved_by, solved_ms,
             asked_ms, standing.ticket, standing.target FROM external_standing AS standing ",
            $rest
        )
    };
}

const ONE: &str = known!("WHERE ticket = ?1 AND target = ?2");
const OF_TICKET: &str = known!("WHERE ticket = ?1 ORDER BY target");
const SOLVED: &str = known!(
    "JOIN ticket ON ticket.number = standing.ticket
     WHERE standing.target = ?1 AND solved_ms IS NOT NULL AND ticket.state = ?2 ORDER BY standing.ticket LIMIT ?3"
);

/// Tickets that go on, or that ended here no longer ago than that.
const FOLLOWED: &str = "
    SELECT link.ticket, reference FROM external_ticket AS link JOIN ticket ON ticket.number = link.ticket
    WHERE target = ?1 AND max(ifnull(closed_ms, recorded_ms), ifnull(confirmed_ms, recorded_ms)) >=
        CASE WHEN state IN ('ditutup', 'dibatalkan') THEN ?2 ELSE 0 END
    ORDER BY link.ticket DESC LIMIT ?3";

/// By the unique index on ticket, target and version.
const LAST_TOLD: &str = "
    SELECT settled_ms, event, payload FROM outbox
    WHERE ticket = ?1 AND target = ?2 AND state = 'delivered' AND event IN (SELECT value FROM json_each(?3))
    ORDER BY version DESC LIMIT 1";

/// Something waits, or was taken since.
const BUSY: &str = "
    SELECT 1 FROM outbox WHERE ticket = ?1 AND target = ?2 AND (state = 'pending' OR settled_ms >= ?3) LIMIT 1";

fn deed(row: &Row<'_>, index: usize) -> Result<Option<Deed>, StoreError> {
    let by: Option<String> = column(row, index)?;
    Ok(instant_if(row, index + 1)?.map(|at| Deed { by, at }))
}

fn known_of(row: &Row<'_>) -> Result<Known, StoreError> {
    Ok(Known {
        stage: parsed(row, 0, "stage of a ticket elsewhere", Stage::parse)?,
        assignee: column(row, 1)?,
        priority: column(row, 2)?,
        changed: deed(row, 3)?,
        entry: deed(row, 5)?,
        solved: deed(row, 7)?,
        asked_at: instant(row, 9)?,
    })
}

impl Reader {
    /// What is known of a ticket at one help desk.
    ///
    /// # Errors
    /// The database's.
    pub fn known_elsewhere(&self, ticket: TicketNumber, target: &str) -> Result<Option<Known>, StoreError> {
        self.row("read a ticket's standing elsewhere", ONE, (key_of(ticket), target), known_of)
    }

    /// What is known of a ticket at all help desks, by receiver.
    ///
    /// # Errors
    /// The database's.
    pub fn elsewhere(&self, ticket: TicketNumber) -> Result<Vec<(String, Known)>, StoreError> {
        self.rows("read a ticket's standings elsewhere", OF_TICKET, [key_of(ticket)], |row| {
            Ok((column(row, 11)?, known_of(row)?))
        })
    }

    /// Tickets that are restored here and that somebody solved at `target`, at most `limit`, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub fn solved_elsewhere(&self, target: &str, limit: usize) -> Result<Vec<(TicketNumber, Known)>, StoreError> {
        let values = (target, TicketState::Pulih.code(), limit_of(limit));
        self.rows("read tickets that are solved elsewhere", SOLVED, values, |row| {
            Ok((number_of(column(row, 10)?)?, known_of(row)?))
        })
    }

    /// Tickets that are followed at `target`: those that go on, and those that ended at `ended_since` or later; newest
    /// first, at most `limit`.
    ///
    /// # Errors
    /// The database's.
    pub fn followed(&self, target: &str, ended_since: Timestamp, limit: usize) -> Result<Vec<Followed>, StoreError> {
        let values = (target, ended_since.as_ms(), limit_of(limit));
        self.rows("read tickets that are followed", FOLLOWED, values, |row| {
            Ok(Followed { ticket: number_of(column(row, 0)?)?, reference: column(row, 1)? })
        })
    }

    /// The last message of one of these events that `target` took for a ticket.
    ///
    /// # Errors
    /// The database's.
    pub fn last_told(
        &self,
        ticket: TicketNumber,
        target: &str,
        events: &[&str],
    ) -> Result<Option<LastTold>, StoreError> {
        let events = serde_json::json!(events).to_string();
        self.row("read what a receiver was told last", LAST_TOLD, (key_of(ticket), target, events), |row| {
            Ok(LastTold { at: instant(row, 0)?, event: column(row, 1)?, payload: column(row, 2)? })
        })
    }

    /// Whether nothing of a ticket waits for `target` or was taken by it at `since` or later: what was heard of it since is
    /// not mixed with what we say.
    ///
    /// # Errors
    /// The database's.
    pub fn is_quiet(&self, ticket: TicketNumber, target: &str, since: Timestamp) -> Result<bool, StoreError> {
        let busy =
            self.row("look for messages", BUSY, (key_of(ticket), target, since.as_ms()), |row| column::<i64>(row, 0))?;
        Ok(busy.is_none())
    }
}

impl Writer {
    /// Keeps what is known of a ticket at a help desk.
    pub(super) fn save_elsewhere(&mut self, edit: &ElsewhereEdit) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO external_standing (ticket, target, stage, assignee, priority, changed_by,
                   changed_ms, entry_by, entry_ms, solved_by, solved_ms, asked_ms)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
        let by = |deed: &Option<Deed>| deed.as_ref().and_then(|deed| deed.by.as_deref()).map(cut_text);
        let at = |deed: &Option<Deed>| deed.as_ref().map(|deed| deed.at.as_ms());
        let known = &edit.known;
        let values = (
            key_of(edit.ticket),
            &edit.target,
            known.stage.code(),
            known.assignee.as_deref().map(cut_text),
            known.priority.as_deref().map(cut_text),
            by(&known.changed),
            at(&known.changed),
            by(&known.entry),
            at(&known.entry),
            by(&known.solved),
            at(&known.solved),
            known.asked_at.as_ms(),
        );
        self.execute("save a ticket's standing elsewhere", sql, values).map(drop)
    }
}
