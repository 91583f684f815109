//! Small named values of the program itself.

use super::columns::column;
use super::{Reader, StoreError, Writer};

impl Reader {
    /// A small named value of the program itself (`demo`, `signing_key`, …).
    ///
    /// # Errors
    /// The database's.
    pub fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.row("read a setting", "SELECT value FROM setting WHERE name = ?1", [name], |row| column(row, 0))
    }
}

impl Writer {
    /// Sets it.
    ///
    /// # Errors
    /// The database's.
    pub fn save_setting(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO setting (name, value) VALUES (?1, ?2)
                   ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.execute("save a setting", sql, (name, value)).map(drop)
    }
}
