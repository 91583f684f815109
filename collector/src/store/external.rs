//! What receivers call our tickets.

use super::columns::{column, instant};
use super::records::{ExternalReference, ExternalTicket};
use super::tickets::{key_of, number_of};
use super::{Reader, StoreError, Writer};
use crate::domain::ticket::TicketNumber;
use pantau_shared::limits::cut_text;
use pantau_shared::timestamp::Timestamp;

const LINKS: &str =
    "SELECT ticket, target, reference, url, linked_ms FROM external_ticket WHERE ticket = ?1 ORDER BY target";

impl Reader {
    /// How the receivers that number tickets themselves call this one, by receiver.
    ///
    /// # Errors
    /// The database's.
    pub fn external_tickets(&self, number: TicketNumber) -> Result<Vec<ExternalTicket>, StoreError> {
        self.rows("read a ticket's links", LINKS, [key_of(number)], |row| {
            Ok(ExternalTicket {
                ticket: number_of(column(row, 0)?)?,
                target: column(row, 1)?,
                at: ExternalReference { reference: column(row, 2)?, url: column(row, 3)? },
                linked_at: instant(row, 4)?,
            })
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
