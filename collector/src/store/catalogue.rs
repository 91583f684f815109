//! Revisions of the catalogue's file, all kept: what applied in June is judged by June's for ever.

use super::columns::{column, instant};
use super::records::CatalogueRevision;
use super::{Reader, StoreError, Writer};
use pantau_shared::timestamp::Timestamp;

impl Reader {
    /// The newest revision.
    ///
    /// # Errors
    /// The database's.
    pub fn catalogue(&self) -> Result<Option<CatalogueRevision>, StoreError> {
        let sql = "SELECT revision, applied_ms, text FROM catalogue_revision ORDER BY revision DESC LIMIT 1";
        self.row("read the catalogue", sql, (), |row| {
            Ok(CatalogueRevision { revision: column(row, 0)?, applied_at: instant(row, 1)?, text: column(row, 2)? })
        })
    }
}

impl Writer {
    /// A new revision when the text differs from the newest; the revision that holds the text.
    ///
    /// # Errors
    /// The database's.
    pub fn save_catalogue(&mut self, text: &str, now: Timestamp) -> Result<u32, StoreError> {
        let newest = self.reader.catalogue()?;
        if let Some(newest) = &newest
            && newest.text == text
        {
            return Ok(newest.revision);
        }
        let revision = newest.map_or(0, |newest| newest.revision) + 1;
        let sql = "INSERT INTO catalogue_revision (revision, applied_ms, text) VALUES (?1, ?2, ?3)";
        self.execute("save the catalogue", sql, (revision, now.as_ms(), text))?;
        Ok(revision)
    }
}
