//! Placing samples that are packed already: for whoever rebuilds a store's samples, moves them here from another store
//! of series, or fills one for a bench. What agents send never comes this way.
//!
//! Nobody has received what is placed: it is no fact, the engine does not hear of it, and no host was heard by it. So
//! the door is narrow: known hosts only, only where nothing is, nothing of a time that was pruned, and no body whose
//! instants lie outside its place. The columns of a body are not read.

use super::key::{Key, day_of, hour_begins, hour_near, month_begins, month_of};
use super::reading::WholeFrom;
use crate::store::chunk::{Chunk, ChunkError};
use crate::store::columns::column;
use crate::store::rollup::{Packed, Step};
use crate::store::{StoreError, Writer};
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

const CHUNK: &str = "INSERT INTO chunk (key, upto, body) VALUES (?1, 0, ?2) ON CONFLICT DO NOTHING";
const DAY: &str = "INSERT INTO rollup_day (key, body) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
const MONTH: &str = "INSERT INTO rollup_month (key, body) VALUES (?1, ?2) ON CONFLICT DO NOTHING";

/// A packed hour, day or month of a host.
#[derive(Debug, Clone)]
pub struct PlacedRow {
    /// Whose; the body itself names nobody.
    pub host: HostId,
    /// When its hour, day or month begins, in UTC.
    pub begins_at: Timestamp,
    /// As [`crate::store::chunk::encode`] or [`crate::store::rollup::Rollup::encode`] made it.
    pub body: Arc<[u8]>,
}

/// One kind of place.
struct Place {
    insert: &'static str,
    /// The unit an instant lies in.
    unit_of: fn(Timestamp) -> i64,
    begins: fn(i64) -> Timestamp,
    /// The instants of a body.
    times: fn(&[u8]) -> Result<Vec<Timestamp>, ChunkError>,
}

impl Writer {
    /// Places chunks of hours. All or nothing, when it is the whole of a request.
    ///
    /// # Errors
    /// [`StoreError::Refused`]: an unknown host, a place that is taken or was pruned, an instant that begins no hour,
    /// a body with frames of another hour; [`StoreError::Damaged`]: a body that is none; the database's.
    pub fn place_chunks(&mut self, rows: &[PlacedRow]) -> Result<(), StoreError> {
        let times = |body: &[u8]| Ok(Chunk::open(body)?.times().to_vec());
        let from = self.reader.kept_from()?.hour;
        self.place(&Place { insert: CHUNK, unit_of: hour_near, begins: hour_begins, times }, from, rows)
    }

    /// Places five-minute points of days, likewise.
    ///
    /// # Errors
    /// As for chunks; points of other steps are damage.
    pub fn place_days(&mut self, rows: &[PlacedRow]) -> Result<(), StoreError> {
        let from = self.reader.kept_from()?.day;
        let (unit_of, begins) = (|at| day_of(hour_near(at)), |day| hour_begins(day * 24));
        let times = |body: &[u8]| begins_of(body, Step::FiveMinutes);
        self.place(&Place { insert: DAY, unit_of, begins, times }, from, rows)
    }

    /// Places one-hour points of months, likewise.
    ///
    /// # Errors
    /// As for chunks; points of other steps are damage.
    pub fn place_months(&mut self, rows: &[PlacedRow]) -> Result<(), StoreError> {
        let from = self.reader.kept_from()?.month;
        let times = |body: &[u8]| begins_of(body, Step::Hour);
        let unit_of = |at| month_of(hour_near(at));
        self.place(&Place { insert: MONTH, unit_of, begins: month_begins, times }, from, rows)
    }

    /// Notes that before the hour, day and month of these instants there is nothing: as if it had been pruned, so that
    /// late samples do not come back alone. Never moves back.
    ///
    /// # Errors
    /// The database's.
    pub fn whole_only_from(&mut self, from: WholeFrom) -> Result<(), StoreError> {
        let sql = "UPDATE kept_from SET hour = max(hour, ?1), day = max(day, ?2), month = max(month, ?3)";
        let (day, month) = (day_of(hour_near(from.five_minutes)), month_of(hour_near(from.one_hour)));
        self.execute("note what is kept", sql, (hour_near(from.raw), day, month)).map(drop)
    }

    fn place(&self, place: &Place, kept_from: i64, rows: &[PlacedRow]) -> Result<(), StoreError> {
        let operation = "place samples";
        let mut numbers: HashMap<&HostId, i64> = HashMap::new();
        for row in rows {
            let unit = (place.unit_of)(row.begins_at);
            if (place.begins)(unit) != row.begins_at {
                return Err(StoreError::Refused { what: "samples placed where no hour, day or month begins" });
            }
            if unit < kept_from {
                return Err(StoreError::Refused { what: "samples of a time that was pruned" });
            }
            check(
                &(place.times)(&row.body).map_err(|_| StoreError::Damaged { what: "body of placed samples" })?,
                row.begins_at..(place.begins)(unit + 1),
            )?;
            let host = match numbers.get(&row.host) {
                Some(number) => *number,
                None => {
                    let sql = "SELECT num FROM host WHERE id = ?1";
                    let found = self.reader.row(operation, sql, [row.host.as_str()], |row| column(row, 0))?;
                    let number = found.ok_or(StoreError::Refused { what: "samples of a host that is not known" })?;
                    numbers.insert(&row.host, number);
                    number
                }
            };
            if self.execute(operation, place.insert, (Key { unit, host }.number(), &*row.body))? == 0 {
                return Err(StoreError::Refused { what: "samples where there are some already" });
            }
        }
        Ok(())
    }
}

fn begins_of(body: &[u8], step: Step) -> Result<Vec<Timestamp>, ChunkError> {
    let packed = Packed::open(body)?;
    if packed.step() != step {
        return Err(ChunkError::Damaged { what: "length of a step" });
    }
    Ok(packed.begins().to_vec())
}

fn check(times: &[Timestamp], span: Range<Timestamp>) -> Result<(), StoreError> {
    if times.iter().all(|at| span.contains(at)) {
        return Ok(());
    }
    Err(StoreError::Refused { what: "samples with instants outside their hour, day or month" })
}
