//! Packing: roll-ups of the hours of a day that is over move into the day's and the month's row.
//!
//! A piece is kept as it was made until its day is over, so that an hour's closing does not write a whole day again. A
//! piece of a late frame comes back beside the packed day and is packed again, in the place of its hour. One commit
//! moves all pieces of a host and day: a kill leaves either the pieces or the day.

use super::key::{HOUR_MS, Key, day_of, hour_begins, month_of};
use super::points;
use crate::store::columns::column;
use crate::store::{Reader, Store, StoreError, Writer, limit_of, rollup};
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;

/// Days of a host in one commit: some ten to a hundred kilobytes each.
const DAYS_MAX: usize = 8;

/// A day is packed so long after its end: its last hour must have been closed.
const AFTER_DAY_MS: i64 = 90 * 60_000;

pub(in crate::store) const OLDEST_PIECES: &str = "SELECT key FROM rollup_hour WHERE key < ?1 ORDER BY key LIMIT ?2";

pub(in crate::store) const PIECE: &str = "SELECT body FROM rollup_hour WHERE key = ?1";

pub(in crate::store) const DAY: &str = "SELECT body FROM rollup_day WHERE key = ?1";

pub(in crate::store) const MONTH: &str = "SELECT body FROM rollup_month WHERE key = ?1";

pub(in crate::store) const PIECE_ENDS: &str =
    "SELECT (SELECT min(key) FROM rollup_hour), (SELECT max(key) FROM rollup_hour)";

pub(in crate::store) const DAY_ENDS: &str =
    "SELECT (SELECT min(key) FROM rollup_day), (SELECT max(key) FROM rollup_day)";

pub(in crate::store) const MONTH_ENDS: &str =
    "SELECT (SELECT min(key) FROM rollup_month), (SELECT max(key) FROM rollup_month)";

/// A host's day that is built and not committed.
#[derive(Debug)]
pub(in crate::store) struct Packing {
    /// None when nothing could be read.
    day: (Key, Option<Vec<u8>>),
    month: (Key, Option<Vec<u8>>),
    pieces: Vec<Key>,
}

impl Store {
    /// Builds a few days that are over, oldest first. Blocks.
    pub(in crate::store) fn build_packings(&self, now: Timestamp) -> Result<Vec<Packing>, StoreError> {
        let over = now.as_ms() - AFTER_DAY_MS;
        let days_over = day_of(over.div_euclid(HOUR_MS));
        let before = Key::floor(days_over * 24);
        let oldest = self.read(|reader| {
            reader
                .rows("read roll-ups", OLDEST_PIECES, (before, limit_of(DAYS_MAX)), |row| Ok(Key::of(column(row, 0)?)))
        })?;
        // One day of a host at a time: two of one month would not see each other's points.
        let mut host_days = BTreeMap::new();
        for key in oldest {
            host_days.entry(key.host).or_insert(day_of(key.unit));
        }
        host_days.into_iter().map(|(host, day)| self.read(|reader| reader.build_packing(day, host))).collect()
    }
}

impl Reader {
    fn build_packing(&self, day: i64, host: i64) -> Result<Packing, StoreError> {
        let first = day * 24;
        let (day_key, month_key) = (Key { unit: day, host }, Key { unit: month_of(first), host });
        let (mut pieces, mut five_minutes, mut hours) = (Vec::new(), Vec::new(), Vec::new());
        for unit in first..first + 24 {
            let key = Key { unit, host };
            let Some(piece) = self.body(PIECE, key)? else { continue };
            pieces.push(key);
            match points::hourly(&piece) {
                Ok(hour) => {
                    hours.push((hour_begins(unit), hour));
                    five_minutes.push((hour_begins(unit), piece));
                }
                Err(error) => tracing::error!(hour = unit, host, %error, "a damaged roll-up is left out"),
            }
        }
        let day_body = merged(day_key, self.body(DAY, day_key)?, &five_minutes)?;
        let month_body = merged(month_key, self.body(MONTH, month_key)?, &hours)?;
        Ok(Packing { day: (day_key, day_body), month: (month_key, month_body), pieces })
    }

    /// A roll-up as it is kept.
    pub(super) fn body(&self, sql: &str, key: Key) -> Result<Option<Vec<u8>>, StoreError> {
        self.row("read roll-ups", sql, [key.number()], |row| column(row, 0))
    }
}

/// The packed roll-up with the pieces of hours in it. A damaged one begins anew, so that it does not hold up what comes
/// after.
fn merged(key: Key, packed: Option<Vec<u8>>, pieces: &[(Timestamp, Vec<u8>)]) -> Result<Option<Vec<u8>>, StoreError> {
    if pieces.is_empty() {
        return Ok(packed);
    }
    let pieces: Vec<(Timestamp, &[u8])> = pieces.iter().map(|(at, piece)| (*at, piece.as_slice())).collect();
    let whole = rollup::merge_hours(packed.as_deref(), &pieces).or_else(|error| {
        tracing::error!(unit = key.unit, host = key.host, %error, "a damaged roll-up begins anew");
        rollup::merge_hours(None, &pieces)
    });
    whole.map(Some).map_err(points::damaged)
}

impl Writer {
    /// Writes packed days and months and deletes the pieces that are in them.
    pub(in crate::store) fn commit_packings(&mut self, packings: &[Packing]) -> Result<(), StoreError> {
        let operation = "pack roll-ups";
        for packing in packings {
            let day = "INSERT INTO rollup_day (key, body) VALUES (?1, ?2)
                       ON CONFLICT (key) DO UPDATE SET body = excluded.body";
            let month = "INSERT INTO rollup_month (key, body) VALUES (?1, ?2)
                         ON CONFLICT (key) DO UPDATE SET body = excluded.body";
            for (sql, (key, body)) in [(day, &packing.day), (month, &packing.month)] {
                if let Some(body) = body {
                    self.execute(operation, sql, (key.number(), body))?;
                }
            }
            for key in &packing.pieces {
                self.execute(operation, "DELETE FROM rollup_hour WHERE key = ?1", [key.number()])?;
            }
        }
        Ok(())
    }
}
