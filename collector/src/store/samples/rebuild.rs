//! Building the head at opening: which frames of the file are in no chunk. Runs on its own thread; does not hold up
//! the opening, and ends early when the store is closed.

use super::head::{Framed, Head};
use super::key::{Key, hour_of};
use crate::store::columns::{column, instant};
use crate::store::{Reader, StoreError, failed};
use std::collections::HashMap;
use std::sync::atomic::Ordering;

/// Frames handed over at a time.
const PAGE: usize = 5_000;

pub(in crate::store) const FRAMES_UPTO: &str =
    "SELECT id, host, at_ms, received_ms FROM frame WHERE id <= ?1 ORDER BY id";

pub(in crate::store) const CHUNK_UPTO: &str = "SELECT upto FROM chunk WHERE key = ?1";

/// Adds the frames up to number `last` that no chunk holds.
pub(in crate::store) fn rebuild(reader: &Reader, head: &Head, last: i64) {
    let result = read(reader, head, last);
    if let Err(error) = &result {
        tracing::error!(error = %std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string), "waiting samples cannot be read: check the store's disk and start again");
    }
    head.finish(result.is_err());
}

fn read(reader: &Reader, head: &Head, last: i64) -> Result<(), StoreError> {
    let operation = "read waiting samples";
    let mut statement = reader.connection.prepare(FRAMES_UPTO).map_err(failed(operation))?;
    let mut rows = statement.query([last]).map_err(failed(operation))?;
    let mut uptos: HashMap<Key, i64> = HashMap::new();
    let mut page = Vec::with_capacity(PAGE);
    while let Some(row) = rows.next().map_err(failed(operation))? {
        let frame =
            Framed { id: column(row, 0)?, host: column(row, 1)?, at: instant(row, 2)?, received: instant(row, 3)? };
        let upto = match hour_of(frame.at).map(|unit| Key { unit, host: frame.host }) {
            None => 0,
            Some(key) => match uptos.get(&key) {
                Some(upto) => *upto,
                None => {
                    let found = reader.row(operation, CHUNK_UPTO, [key.number()], |row| column(row, 0))?.unwrap_or(0);
                    uptos.insert(key, found);
                    found
                }
            },
        };
        if frame.id > upto {
            page.push(frame);
        }
        if page.len() == PAGE {
            head.add(page.drain(..));
            if head.stop.load(Ordering::Relaxed) {
                return Ok(());
            }
        }
    }
    head.add(page);
    Ok(())
}
