//! What receivers call our tickets.

use super::columns::{column, instant, parsed};
use super::records::{ExternalReference, ExternalTicket, LinkedTicket};
use super::tickets::{key_of, number_of};
use super::{Reader, StoreError, Writer, limit_of};
use crate::domain::ticket::{TicketNumber, TicketState};
use pantau_shared::limits::cut_text;
use pantau_shared::timestamp::Timestamp;
use rusqlite::Row;

const LINKS: &str =
    "SELECT ticket, target, reference, url, linked_ms FROM external_ticket WHERE ticket = ?1 ORDER BY target";

fn external_of(row: &Row<'_>) -> Result<ExternalTicket, StoreError> {
    Ok(ExternalTicket {
        ticket: number_of(column(row, 0)?)?,
        target: column(row, 1)?,
        at: ExternalReference { reference: column(row, 2)?, url: column(row, 3)? },
        linked_at: instant(row, 4)?,
    })
}

impl Reader {
    /// How the receivers that number tickets themselves call this one, by receiver.
    ///
    /// # Errors
    /// The database's.
    pub fn external_tickets(&self, number: TicketNumber) -> Result<Vec<ExternalTicket>, StoreError> {
        self.rows("read a ticket's links", LINKS, [key_of(number)], external_of)
    }
}

/// What waits in the outbox has yet to be told: such a ticket may stand otherwise there.
const LINKED: &str = "
    SELECT ticket, target, reference, url, linked_ms, ticket.state
    FROM external_ticket JOIN ticket ON ticket.number = external_ticket.ticket
    WHERE target = ?1 AND NOT EXISTS (
        SELECT 1 FROM outbox WHERE outbox.ticket = external_ticket.ticket AND outbox.target = external_ticket.target
            AND outbox.state = 'pending')
    ORDER BY ticket DESC LIMIT ?2";

impl Reader {
    /// The newest tickets that a receiver has, but those of which it has yet to be told something.
    ///
    /// # Errors
    /// The database's.
    pub fn linked_tickets(&self, target: &str, limit: usize) -> Result<Vec<LinkedTicket>, StoreError> {
        self.rows("read links of tickets", LINKED, (target, limit_of(limit)), |row| {
            let external = external_of(row)?;
            Ok(LinkedTicket { external, state: parsed(row, 5, "ticket state", TicketState::parse)? })
        })
    }
}

impl Writer {
    /// Keeps what a receiver calls a ticket; a later answer replaces an earlier one.
    pub(super) fn save_external(
        &mut self,
        ticket: i64,
        target: &str,
        at: &ExternalReference,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO external_ticket (ticket, target, reference, url, linked_ms) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (ticket, target) DO UPDATE SET reference = excluded.reference, url = excluded.url";
        let values = (ticket, target, cut_text(&at.reference), at.url.as_deref().map(cut_text), now.as_ms());
        self.execute("link a ticket", sql, values).map(drop)
    }
}
