//! The engine's checkpoint: a few opaque slices, each with the fact up to which it is true. Written with a decision, so
//! that a slice never knows of what was not committed; one that cannot be read is only a slower start.

use super::columns::column;
use super::records::{CheckpointSlice, FactCursor};
use super::{Reader, StoreError, Writer};

impl Reader {
    /// All slices, by number.
    ///
    /// # Errors
    /// The database's.
    pub fn checkpoint(&self) -> Result<Vec<CheckpointSlice>, StoreError> {
        let sql = "SELECT slice, cursor, version, body FROM checkpoint ORDER BY slice";
        self.rows("read the checkpoint", sql, (), |row| {
            let cursor = FactCursor(column(row, 1)?);
            Ok(CheckpointSlice { slice: column(row, 0)?, cursor, version: column(row, 2)?, body: column(row, 3)? })
        })
    }
}

impl Writer {
    /// Puts a slice in the place of the one before it.
    pub(super) fn save_slice(&mut self, slice: &CheckpointSlice) -> Result<(), StoreError> {
        let sql = "INSERT INTO checkpoint (slice, cursor, version, body) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (slice) DO UPDATE SET cursor = excluded.cursor, version = excluded.version,
                   body = excluded.body";
        let params = (slice.slice, slice.cursor.0, slice.version, &slice.body);
        self.execute("save a slice of the checkpoint", sql, params).map(drop)
    }
}
