//! Raw samples of hosts, one row per frame, kept as the protobuf they arrived as.

use super::columns::{instant, message};
use super::{Reader, StoreError, limit_of};
use pantau_shared::ids::HostId;
use pantau_shared::sample::Sample;
use pantau_shared::timestamp::Timestamp;
use rusqlite::Row;

pub(super) const SAMPLES: &str = "
    SELECT at_ms, body FROM sample WHERE host = (SELECT num FROM host WHERE id = ?1) AND at_ms >= ?2 AND at_ms < ?3
    ORDER BY at_ms, id LIMIT ?4";

pub(super) const NEWEST_SAMPLES: &str = "
    SELECT at_ms, body FROM sample WHERE host = (SELECT num FROM host WHERE id = ?1)
    ORDER BY at_ms DESC, id DESC LIMIT ?2";

fn sample_of(row: &Row<'_>) -> Result<(Timestamp, Sample), StoreError> {
    Ok((instant(row, 0)?, message(row, 1, "sample")?))
}

impl Reader {
    /// Samples of a host in `[from, to)`, by time.
    ///
    /// # Errors
    /// The database's.
    pub fn samples(
        &self,
        host: &HostId,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<(Timestamp, Sample)>, StoreError> {
        let params = (host.as_str(), from.as_ms(), to.as_ms(), limit_of(limit));
        self.rows("read samples", SAMPLES, params, sample_of)
    }

    /// Newest samples of a host, newest first.
    ///
    /// # Errors
    /// The database's.
    pub fn newest_samples(&self, host: &HostId, limit: usize) -> Result<Vec<(Timestamp, Sample)>, StoreError> {
        self.rows("read samples", NEWEST_SAMPLES, (host.as_str(), limit_of(limit)), sample_of)
    }
}
