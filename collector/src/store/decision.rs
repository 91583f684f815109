//! Committing what one evaluation decided: ledgers, tickets, messages and the cursor, all or nothing.

use super::records::Decision;
use super::{StoreError, Writer};

impl Writer {
    /// Everything one evaluation decided, with the cursor it has read up to: all or nothing. The cursor and the time
    /// of evaluation never go back.
    ///
    /// # Errors
    /// The database's (a second open ticket for a key is one); an edit or a ticket that the store refuses.
    pub fn commit_decision(&mut self, decision: &Decision) -> Result<(), StoreError> {
        for edit in &decision.ledger {
            self.edit_ledger(edit)?;
            if let Some(parts) = &edit.parts {
                self.edit_ledger_parts(&edit.service, parts)?;
            }
        }
        for edit in &decision.backups {
            self.edit_backups(edit)?;
        }
        for edit in &decision.notices {
            self.save_notices(edit, decision.evaluated_at)?;
        }
        // Tickets that give up their key make room first: another may take it in the same decision.
        let (holders, others): (Vec<_>, Vec<_>) = decision.tickets.iter().partition(|change| change.ticket.holds_key);
        for change in others.into_iter().chain(holders) {
            self.save_ticket(&change.ticket)?;
            for activity in &change.activities {
                self.append_activity(change.ticket.number, activity)?;
            }
            for message in &change.messages {
                self.append_message(message, decision.evaluated_at)?;
            }
        }
        for (ticket, evidence) in &decision.evidence {
            self.save_evidence(*ticket, evidence)?;
        }
        for edit in &decision.elsewhere {
            self.save_elsewhere(edit)?;
        }
        for edit in &decision.alerts {
            self.edit_alerts(edit)?;
        }
        self.save_held_back(&decision.held)?;
        self.save_register(&[], &decision.corrections, &decision.audit)?;
        for slice in &decision.checkpoint {
            self.save_slice(slice)?;
        }
        self.execute(
            "save the cursor",
            "UPDATE evaluation SET cursor = max(cursor, ?1), evaluated_ms = max(ifnull(evaluated_ms, ?2), ?2)",
            (decision.cursor.0, decision.evaluated_at.as_ms()),
        )?;
        self.pending.read_up_to(decision.cursor);
        Ok(())
    }
}
