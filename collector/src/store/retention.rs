//! Deleting by age, a bounded piece at a time, so that it never stands in the way of what measures and judges.
//!
//! Rows are numbered in the order of receipt, so the oldest are at the front of the table and no scan is needed. Age
//! counts from receipt: a backlog delivered late is kept as long as everything else. What the engine has not read yet
//! is never deleted. Ledger, tickets, backups and what agents told of themselves stay for ever.

use super::columns::column;
use super::{StoreError, Writer, limit_of};
use pantau_shared::timestamp::Timestamp;

impl Writer {
    /// Deletes at most `limit` samples and probe answers received before `before`, and sessions that ended then; how
    /// many samples and answers. Less than `limit` means nothing older is left.
    ///
    /// # Errors
    /// The database's.
    pub fn prune(&mut self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let operation = "delete old facts";
        self.execute("end old sessions", "DELETE FROM session WHERE expires_ms < ?1", [before.as_ms()])?;
        let cursor = self.reader.cursor()?.0;
        let mut deleted = 0;
        for (find, delete) in [
            (
                "SELECT id, received_ms FROM sample WHERE id <= ?1 ORDER BY id LIMIT ?2",
                "DELETE FROM sample WHERE id <= ?1",
            ),
            (
                "SELECT id, received_ms FROM probe WHERE id <= ?1 ORDER BY id LIMIT ?2",
                "DELETE FROM probe WHERE id <= ?1",
            ),
        ] {
            let oldest = self.reader.rows(operation, find, (cursor, limit_of(limit - deleted)), |row| {
                Ok((column::<i64>(row, 0)?, column::<i64>(row, 1)?))
            })?;
            if let Some((last, _)) = oldest.iter().take_while(|(_, received)| *received < before.as_ms()).last() {
                deleted += self.execute(operation, delete, [last])?;
            }
        }
        Ok(deleted)
    }
}
