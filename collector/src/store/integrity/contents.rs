//! Row by row: what SQLite's own checks of pages do not see. A flipped bit in a record's head makes one row unreadable; one in
//! a chunk of samples is inside a value, which only the chunk's own sums tell.
//!
//! Does not know pages: a fault here is named by its table, and a chunk by its host and hour.

use super::{FINDINGS_MAX, Finding, MEANINGS};
use crate::store::audit;
use crate::store::chunk::Chunk;
use crate::store::migrate::SCHEMA;
use crate::store::rollup::Rollup;
use crate::store::samples::{Key, hour_begins, month_begins};
use rusqlite::{Connection, Row};

/// Rows between two words about the progress.
const ROWS_TOLD: usize = 256;

/// Reads every row of every table; `go_on` is asked now and then and ends it with what was found so far.
pub(super) fn read_through(
    connection: &Connection,
    tables: &[String],
    mut go_on: impl FnMut() -> bool,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in tables {
        let mut rows = 0_usize;
        let ended = each_row(connection, table, |row| {
            rows += 1;
            let found = wrong(connection, table, row);
            findings.extend(found);
            (!rows.is_multiple_of(ROWS_TOLD) || go_on()) && findings.len() < FINDINGS_MAX
        });
        if let Err(error) = ended {
            findings.push(finding(table, format!("{}, a row of it", meaning(table)), error.to_string()));
        }
        if findings.len() >= FINDINGS_MAX {
            break;
        }
    }
    findings
}

/// Whether the schema's text is that of its version, letter by letter: a changed one may still be read and mean something
/// else, and a reading connection overlooks faults that a writing one dies of.
pub(super) fn schema(connection: &Connection) -> Option<Finding> {
    let compare = || -> rusqlite::Result<Option<String>> {
        let version: u32 = connection.query_row("PRAGMA user_version", (), |row| row.get(0))?;
        // Of an earlier version only that it can be carried out: its steps may have been others.
        let steps = if version as usize == SCHEMA.len() { SCHEMA.as_slice() } else { &[] };
        let scratch = Connection::open_in_memory()?;
        steps.iter().try_for_each(|step| scratch.execute_batch(step))?;
        let (found, wanted) = (texts(connection)?, texts(&scratch)?);
        // What is there besides, such as a copy's note, only has to be sound.
        for (_, sql) in found.iter().filter(|(name, _)| wanted.iter().all(|(wanted, _)| wanted != name)) {
            scratch.execute_batch(sql)?;
        }
        let differing = wanted.iter().find(|object| !found.contains(object));
        Ok(differing.map(|(name, _)| format!("`{name}` is not as schema {version} has it")))
    };
    let words = match compare() {
        Ok(words) => words?,
        Err(error) => error.to_string(),
    };
    let meaning = "the whole store cannot be written".to_owned();
    Some(Finding { page: None, object: "the schema".to_owned(), meaning, words })
}

/// Names and texts of tables and indexes, in the order in which they were made.
fn texts(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let sql = "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid";
    let mut statement = connection.prepare(sql)?;
    statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// Calls `look` with every row, all of whose columns can be read, until it says no.
fn each_row(connection: &Connection, table: &str, mut look: impl FnMut(&Row<'_>) -> bool) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(&format!("SELECT * FROM {table} NOT INDEXED"))?;
    let columns = statement.column_count();
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            row.get_ref(column)?;
        }
        if !look(row) {
            break;
        }
    }
    Ok(())
}

/// What a row's own sums say.
fn wrong(connection: &Connection, table: &str, row: &Row<'_>) -> Option<Finding> {
    let verify: fn(&[u8]) -> Result<(), String> = match table {
        "chunk" => |body| Chunk::open(body).and_then(|chunk| chunk.verify()).map_err(|error| error.to_string()),
        "rollup_hour" | "rollup_day" | "rollup_month" => {
            |body| Rollup::decode(body).map(drop).map_err(|error| error.to_string())
        }
        _ => return None,
    };
    let body = row.get_ref("body").ok()?.as_blob().ok()?;
    let words = verify(body).err()?;
    let key = Key::of(row.get("key").ok()?);
    let host = connection
        .query_row("SELECT id FROM host WHERE num = ?1", [key.host], |row| row.get::<_, String>(0))
        .unwrap_or_else(|_| format!("number {}", key.host));
    let span = match table {
        "chunk" | "rollup_hour" => format!("the hour from {}", hour_begins(key.unit)),
        "rollup_day" => format!("the day from {}", hour_begins(key.unit * 24)),
        _ => format!("the month from {}", month_begins(key.unit)),
    };
    Some(finding(table, format!("{}: host {host}, {span}", meaning(table)), words))
}

/// Whether the audit trail is whole: its entries follow from each other.
pub(super) fn audit_chain(connection: &Connection) -> Option<Finding> {
    let words = match audit::verify(connection) {
        Ok(broken) => broken?,
        Err(error) => error.to_string(),
    };
    Some(finding("audit", format!("{}: what it says from there on proves nothing", meaning("audit")), words))
}

fn meaning(table: &str) -> &'static str {
    MEANINGS.iter().find(|(name, _, _)| *name == table).map_or("rows of it", |(_, words, _)| words)
}

fn finding(table: &str, meaning: String, words: String) -> Finding {
    Finding { page: None, object: format!("table `{table}`"), meaning, words }
}
