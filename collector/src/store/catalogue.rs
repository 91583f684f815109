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

impl Reader {
    /// The numbers of the newest revisions before `revision`, at most `limit`, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub fn catalogue_numbers(&self, revision: u32, limit: u32) -> Result<Vec<u32>, StoreError> {
        let sql = "SELECT revision FROM catalogue_revision WHERE revision < ?1 ORDER BY revision DESC LIMIT ?2";
        let mut numbers: Vec<u32> = self.rows("list revisions", sql, (revision, limit), |row| column(row, 0))?;
        numbers.reverse();
        Ok(numbers)
    }

    /// One revision.
    ///
    /// # Errors
    /// The database's.
    pub fn catalogue_at(&self, revision: u32) -> Result<Option<CatalogueRevision>, StoreError> {
        let sql = "SELECT revision, applied_ms, text FROM catalogue_revision WHERE revision = ?1";
        self.row("read a revision of the catalogue", sql, [revision], |row| {
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
