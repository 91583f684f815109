//! Deleting by age and by size, a bounded piece at a time, so that it never stands in the way of what measures and
//! judges.
//!
//! ```text
//! frames        from the front, once in a chunk and judged       probe answers   by age of receipt, from the front
//! chunks        oldest hours first, by age                       5-min, 1-hour   oldest days and months first, by age
//! above size_max: oldest chunks, then oldest probe answers, then oldest 5-minute points, whatever their age
//! ```
//!
//! All these tables are numbered by time, so the oldest are at the front and no scan is needed. Ledger, tickets,
//! backups, reports and what agents told of themselves stay for ever: above `size_max` with nothing else left, the
//! store grows. The file gives pages back by `incremental_vacuum`, a few at a time ([`Writer::shrink`]); a store made
//! before it was made so only reuses them. Does not know why something is kept so long.

use super::columns::column;
use super::samples::Key;
use super::{Reader, Store, StoreError, Writer, limit_of};
use pantau_shared::timestamp::Timestamp;

/// A frame stays at least so long after its receipt: whoever starts again from a note a minute old still finds it.
const FRAME_AGE_MS_MIN: i64 = 15 * 60_000;

/// Rows of a bite that are small: frames, probe answers.
const SMALL_ROWS: usize = 1_000;

/// Rows of a bite that take several pages each: chunks, roll-ups.
const LARGE_ROWS: usize = 32;

pub(super) const OLDEST_FRAMES: &str = "SELECT id, received_ms FROM frame WHERE id <= ?1 ORDER BY id LIMIT ?2";

pub(super) const OLDEST_PROBES: &str = "SELECT id, received_ms FROM probe WHERE id <= ?1 ORDER BY id LIMIT ?2";

/// A table whose rows are keyed by time and host.
#[derive(Debug, Clone, Copy)]
struct Keyed {
    oldest: &'static str,
    delete: &'static str,
    /// Notes that everything before a unit is gone.
    note: &'static str,
}

const CHUNKS: Keyed = Keyed {
    oldest: "SELECT key FROM chunk WHERE key < ?1 ORDER BY key LIMIT ?2",
    delete: "DELETE FROM chunk WHERE key <= ?1",
    note: "UPDATE kept_from SET hour = max(hour, ?1)",
};

const DAYS: Keyed = Keyed {
    oldest: "SELECT key FROM rollup_day WHERE key < ?1 ORDER BY key LIMIT ?2",
    delete: "DELETE FROM rollup_day WHERE key <= ?1",
    note: "UPDATE kept_from SET day = max(day, ?1)",
};

const MONTHS: Keyed = Keyed {
    oldest: "SELECT key FROM rollup_month WHERE key < ?1 ORDER BY key LIMIT ?2",
    delete: "DELETE FROM rollup_month WHERE key <= ?1",
    note: "UPDATE kept_from SET month = max(month, ?1)",
};

/// The questions of this file, for the test of their plans.
#[cfg(test)]
pub(super) const QUESTIONS: [(&str, usize); 8] = [
    (OLDEST_FRAMES, 2),
    (OLDEST_PROBES, 2),
    (CHUNKS.oldest, 2),
    (CHUNKS.delete, 1),
    (DAYS.oldest, 2),
    (DAYS.delete, 1),
    (MONTHS.oldest, 2),
    (MONTHS.delete, 1),
];

/// What is kept: from which instants on, and how large the store may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Samples and single probe answers.
    pub raw_from: Timestamp,
    /// Five-minute points.
    pub five_minutes_from: Timestamp,
    /// One-hour points.
    pub one_hour_from: Timestamp,
    /// Bytes of used pages.
    pub size_max: Option<u64>,
}

/// Pages of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pages {
    /// Bytes of one.
    pub bytes: u64,
    /// All.
    pub count: u64,
    /// Those that hold nothing.
    pub free: u64,
    /// Whether the file can give free ones back.
    pub shrinks: bool,
}

impl Pages {
    /// Bytes that hold something.
    pub const fn used_bytes(self) -> u64 {
        self.count.saturating_sub(self.free).saturating_mul(self.bytes)
    }
}

impl Store {
    /// `keep`, but sparing what waits for its chunk: however old, it gets its roll-ups first. After a downtime of months
    /// that is all there is of the last hours before it.
    ///
    /// # Errors
    /// Waiting frames could not be read at the opening.
    pub async fn sparing_waiting(&self, keep: Keep) -> Result<Keep, StoreError> {
        let head = self.head();
        let oldest =
            tokio::task::spawn_blocking(move || head.oldest_hour()).await.map_err(|_| StoreError::Closed)??;
        Ok(Keep { raw_from: oldest.map_or(keep.raw_from, |oldest| keep.raw_from.min(oldest)), ..keep })
    }

    /// Deletes one bite of frames that are in chunks and judged; whether more can go at once. Nothing is deleted that
    /// the engine has not read.
    ///
    /// # Errors
    /// The database's.
    pub async fn prune_frames(&self, now: Timestamp) -> Result<bool, StoreError> {
        let head = self.head();
        let upto = tokio::task::spawn_blocking(move || head.closed_upto()).await.map_err(|_| StoreError::Closed)??;
        let before = now.plus_ms(-FRAME_AGE_MS_MIN);
        self.write(move |writer| writer.prune_frames(upto, before)).await
    }
}

impl Reader {
    /// Pages of the file, as of this view.
    ///
    /// # Errors
    /// The database's.
    pub fn pages(&self) -> Result<Pages, StoreError> {
        let ask = |sql: &str| {
            let found = self.row("count the pages", sql, (), |row| column::<i64>(row, 0))?;
            Ok::<_, StoreError>(u64::try_from(found.unwrap_or(0)).unwrap_or(0))
        };
        Ok(Pages {
            bytes: ask("PRAGMA page_size")?,
            count: ask("PRAGMA page_count")?,
            free: ask("PRAGMA freelist_count")?,
            shrinks: ask("PRAGMA auto_vacuum")? != 0,
        })
    }
}

impl Writer {
    /// Deletes one bite of everything that is older than it is kept, or that is too much; whether more can go at once.
    ///
    /// # Errors
    /// The database's.
    pub fn prune(&mut self, keep: &Keep) -> Result<bool, StoreError> {
        let sql = "DELETE FROM session WHERE expires_ms < ?1";
        self.execute("end old sessions", sql, [keep.raw_from.as_ms()])?;
        let hour = super::samples::hour_near(keep.raw_from);
        let day = super::samples::day_of(super::samples::hour_near(keep.five_minutes_from));
        let month = super::samples::month_of(super::samples::hour_near(keep.one_hour_from));
        let mut more = self.prune_keyed(CHUNKS, hour)?;
        more |= self.prune_keyed(DAYS, day)?;
        more |= self.prune_keyed(MONTHS, month)?;
        more |= self.prune_probes(keep.raw_from)? == SMALL_ROWS;
        if let Some(size_max) = keep.size_max
            && self.reader.pages()?.used_bytes() > size_max
        {
            more |= self.prune_for_size()?;
        }
        Ok(more)
    }

    /// One bite of the oldest that may go, whatever its age; whether there was any.
    fn prune_for_size(&mut self) -> Result<bool, StoreError> {
        Ok(self.prune_oldest(CHUNKS, i64::MAX)? > 0
            || self.prune_probes(Timestamp::from_ms(i64::MAX))? > 0
            || self.prune_oldest(DAYS, i64::MAX)? > 0)
    }

    /// Whether there may be more of units before `unit`.
    fn prune_keyed(&mut self, table: Keyed, unit: i64) -> Result<bool, StoreError> {
        Ok(self.prune_oldest(table, Key::floor(unit))? == LARGE_ROWS)
    }

    /// Deletes the oldest rows with keys below `below`; how many.
    fn prune_oldest(&mut self, table: Keyed, below: i64) -> Result<usize, StoreError> {
        let operation = "delete old samples";
        let keys =
            self.reader.rows(operation, table.oldest, (below, limit_of(LARGE_ROWS)), |row| column::<i64>(row, 0))?;
        let Some(last) = keys.last() else { return Ok(0) };
        // From now on nothing comes back to these hours: what arrives late would be taken for all there was.
        self.execute(operation, table.note, [Key::of(*last).unit + 1])?;
        self.execute(operation, table.delete, [last])
    }

    fn prune_probes(&mut self, before: Timestamp) -> Result<usize, StoreError> {
        let cursor = self.reader.cursor()?.0;
        self.prune_received(OLDEST_PROBES, "DELETE FROM probe WHERE id <= ?1", cursor, before)
    }

    /// Deletes frames up to number `upto` that were received before `before` and that the engine has read; whether
    /// there may be more.
    pub(super) fn prune_frames(&mut self, upto: i64, before: Timestamp) -> Result<bool, StoreError> {
        let upto = upto.min(self.reader.cursor()?.0);
        Ok(self.prune_received(OLDEST_FRAMES, "DELETE FROM frame WHERE id <= ?1", upto, before)? == SMALL_ROWS)
    }

    /// Rows are numbered in the order of receipt: the oldest are at the front.
    fn prune_received(
        &mut self,
        oldest: &str,
        delete: &str,
        upto: i64,
        before: Timestamp,
    ) -> Result<usize, StoreError> {
        let operation = "delete old facts";
        let found = self.reader.rows(operation, oldest, (upto, limit_of(SMALL_ROWS)), |row| {
            Ok((column::<i64>(row, 0)?, column::<i64>(row, 1)?))
        })?;
        match found.iter().take_while(|(_, received)| *received < before.as_ms()).last() {
            Some((last, _)) => self.execute(operation, delete, [last]),
            None => Ok(0),
        }
    }

    /// Gives at most `pages` free pages back to the file system; how many were given.
    ///
    /// # Errors
    /// The database's.
    pub fn shrink(&mut self, pages: u64) -> Result<u64, StoreError> {
        let before = self.reader.pages()?.count;
        // Each step of the statement gives one page back.
        let sql = format!("PRAGMA incremental_vacuum({pages})");
        self.reader.rows("give pages back", &sql, (), |_| Ok(()))?;
        Ok(before.saturating_sub(self.reader.pages()?.count))
    }
}
