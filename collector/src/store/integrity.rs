//! Whether the file is whole, and what a damaged page means for those who use it.
//!
//! SQLite's own check is asked; its findings name a tree or an index, which are told as the table and what is in it. For
//! a damaged table the rows are walked from both ends until they cannot be read: what lies between is what is lost.
//!
//! Findings are bounded ([`FINDINGS_MAX`]). The check can be told to pause and to stop. It cannot know that a value
//! which is still a value was another one before: SQLite keeps no sums of its pages. A copy has such a sum beside it.

mod contents;

use super::backup::{Phase, Progress, Tell, open_live};
use super::copy_error::{CopyError, database_failed};
use pantau_shared::timestamp::Timestamp;
use rusqlite::{Connection, ErrorCode};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;

/// Most findings that are told.
const FINDINGS_MAX: usize = 100;
/// Pages, or steps of the database's machine, between two words about the progress.
const STEPS: i32 = 64;

/// What each table holds, and, where its rows are of a time, that time in milliseconds.
pub(super) const MEANINGS: [(&str, &str, Option<&str>); 53] = [
    ("host", "enrolled hosts and their keys", None),
    ("join_token", "join tokens", None),
    ("stream", "how far each agent's queue was received", None),
    ("frame", "newest samples of hosts", Some("at_ms")),
    ("chunk", "samples of hosts, an hour each", Some("(key >> 24) * 3600000")),
    ("rollup_hour", "roll-ups of samples of the newest days", Some("(key >> 24) * 3600000")),
    ("rollup_day", "five-minute roll-ups of samples", Some("(key >> 24) * 86400000")),
    ("rollup_month", "one-hour roll-ups of samples", None),
    ("kept_from", "from when on samples are kept", None),
    ("checkpoint", "what the engine remembers over a restart", None),
    ("ledger_days", "roll-ups of the ledger of service states", None),
    ("check_name", "names of checks", None),
    ("check_vantage", "which host runs which check", None),
    ("probe", "answers of checks", Some("at_ms")),
    ("backup", "observations of the office's backups", Some("at_ms")),
    ("backup_record", "what is known of the office's backups", Some("first_ms")),
    ("backup_look", "the newest look at each backup set", None),
    ("heartbeat", "addresses at which jobs tell of themselves", None),
    ("heartbeat_signal", "what jobs told of themselves", Some("at_ms")),
    ("backup_verification", "verifications of backups", Some("recorded_ms")),
    ("recovery", "restore drills and recoveries", Some("recorded_ms")),
    ("agent_event", "what agents told of themselves", Some("at_ms")),
    ("ledger", "the ledger of service states", Some("from_ms")),
    ("ledger_part", "how checks stood while their service was down", Some("from_ms")),
    ("ticket", "tickets", Some("recorded_ms")),
    ("ticket_service", "services of tickets", None),
    ("ticket_member", "disturbances that belong to tickets", Some("detected_ms")),
    ("ticket_number", "the last ticket number of each year", None),
    ("activity", "the log of tickets", Some("at_ms")),
    ("outbox", "messages to receivers", Some("created_ms")),
    ("held_back", "conditions that got no ticket of their own", Some("noted_ms")),
    ("rule_begun", "which rules were let begin before their time", None),
    ("notice", "messages about backup sets at risk", Some("created_ms")),
    ("backup_risk", "backup sets that are at risk", None),
    ("external_ticket", "how receivers call tickets", Some("linked_ms")),
    ("external_standing", "how tickets stand at help desks", Some("asked_ms")),
    ("ticket_evidence", "what tickets were opened on", None),
    ("alert_group", "alerts of other programs", Some("heard_ms")),
    ("catalogue_revision", "revisions of the catalogue", Some("applied_ms")),
    ("user", "people who may log in", None),
    ("session", "sessions", None),
    ("api_token", "access of other programs", None),
    ("evaluation", "how far the engine has judged", None),
    ("maintenance", "the register of maintenance", Some("proposed_ms")),
    ("maintenance_window", "windows of maintenance that were cancelled or ended early", Some("at_ms")),
    ("correction", "the register of corrections", Some("proposed_ms")),
    ("late_backup", "what is held back of backup sets until people agree", None),
    ("audit", "the audit trail", Some("at_ms")),
    ("frozen_report", "frozen reports, for ever", Some("frozen_ms")),
    ("report_note", "what people wrote for reports", None),
    ("report_key", "keys that sign reports", None),
    ("problem", "records of problems behind disturbances", Some("opened_ms")),
    ("setting", "small values of the program itself", None),
];

/// How thorough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Every page, one table after the other, each with a view of its own: the store's log can be cut back between two.
    Pieces,
    /// Every page, those in no table included; linear in the size.
    Quick,
    /// Also every row against every index, and what chunks of samples say of themselves.
    Full,
}

impl Depth {
    fn pragma(self) -> &'static str {
        match self {
            Self::Pieces | Self::Quick => "quick_check",
            Self::Full => "integrity_check",
        }
    }
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which page, where it is known.
    pub page: Option<u32>,
    /// The table or index.
    pub object: String,
    /// What that means for those who use the store.
    pub meaning: String,
    /// SQLite's words.
    pub words: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(page) = self.page {
            write!(f, "page {page}: ")?;
        }
        write!(f, "{}: {} ({})", self.object, self.meaning, self.words)
    }
}

/// Checks a store, also while it is in use; blocks for as long as it takes.
///
/// # Errors
/// The file cannot be opened at all, or [`CopyError::Stopped`].
pub fn check_store(path: &Path, depth: Depth, tell: Tell<'_>) -> Result<Vec<Finding>, CopyError> {
    check(open_live(path)?, path, depth, tell)
}

/// Checks a whole database.
pub(super) fn check(
    mut connection: Connection,
    path: &Path,
    depth: Depth,
    tell: Tell<'_>,
) -> Result<Vec<Finding>, CopyError> {
    let pages = connection.query_row("PRAGMA page_count", (), |row| row.get::<_, i64>(0)).unwrap_or(0);
    let mut progress = Progress { phase: Phase::Check, done: 0, total: pages.unsigned_abs() };
    let at_once = vec![(format!("PRAGMA {}({FINDINGS_MAX})", depth.pragma()), None)];
    let statements = match (depth, tables(&connection)) {
        (Depth::Pieces, Ok(tables)) => {
            tables.into_iter().map(|table| (format!("PRAGMA quick_check({table})"), Some(table))).collect()
        }
        (_, Err(error)) if !is_damage(&error) => return Err(database_failed("check", path)(error)),
        _ => at_once,
    };
    let mut lines = Vec::new();
    let whole = run(&mut connection, statements, path, &mut progress, &mut lines, tell)?;
    if !whole && depth != Depth::Pieces {
        // It gave up at a page; the other tables have not been looked at.
        let pieces = tables(&connection).unwrap_or_default();
        let statements = pieces.into_iter().map(|table| (format!("PRAGMA {}({table})", depth.pragma()), Some(table)));
        run(&mut connection, statements.collect(), path, &mut progress, &mut lines, tell)?;
    }
    let objects = Objects::read(&connection);
    let contents = match depth {
        Depth::Full => {
            let tables = tables(&connection).unwrap_or_default();
            let mut stopped = false;
            let found = contents::read_through(&connection, &tables, || {
                stopped = !tell(progress);
                !stopped
            });
            if stopped {
                return Err(CopyError::Stopped);
            }
            found.into_iter().chain(contents::audit_chain(&connection)).collect()
        }
        Depth::Pieces | Depth::Quick => Vec::new(),
    };
    lines.retain(|line| line != "ok" && !line.starts_with("*** in"));
    let mut seen = BTreeSet::new();
    lines.retain(|line| seen.insert(line.clone()));
    let pages: Vec<Finding> = lines.iter().map(|line| objects.finding(line)).collect();
    let schema = if pages.is_empty() { contents::schema(&connection) } else { None };
    Ok(pages.into_iter().chain(schema).chain(contents).take(FINDINGS_MAX).collect())
}

/// Runs the statements, each with the table it is about; whether all came to their end.
fn run(
    connection: &mut Connection,
    statements: Vec<(String, Option<String>)>,
    path: &Path,
    progress: &mut Progress,
    lines: &mut Vec<String>,
    tell: Tell<'_>,
) -> Result<bool, CopyError> {
    let mut whole = true;
    for (sql, table) in statements {
        let (found, ended) = ask(connection, &sql, progress, &mut *tell);
        lines.extend(found.iter().flat_map(|text| text.lines()).map(str::to_owned));
        match ended {
            Ok(()) => {}
            Err(error) if is_damage(&error) => {
                whole = false;
                match table {
                    Some(table) => lines.push(format!("{table}: {error}")),
                    None if lines.is_empty() => lines.push(format!("check given up: {error}")),
                    None => {}
                }
            }
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
                return Err(CopyError::Stopped);
            }
            Err(error) => return Err(database_failed("check", path)(error)),
        }
    }
    Ok(whole)
}

/// Whether the database says that the file is damaged.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    rows(connection, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
}

/// Runs one check; what it found and how it ended. Its steps wait until `tell` has heard of them: what pauses there
/// pauses the check.
fn ask(
    connection: &mut Connection,
    sql: &str,
    progress: &mut Progress,
    tell: Tell<'_>,
) -> (Vec<String>, rusqlite::Result<()>) {
    let (told, heard) = sync_channel::<()>(0);
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    let handler = move || told.send(()).is_err() || asked.load(Ordering::Relaxed);
    if let Err(error) = connection.progress_handler(STEPS, Some(handler)) {
        return (Vec::new(), Err(error));
    }
    std::thread::scope(|scope| {
        let running = scope.spawn(|| {
            let mut found = Vec::new();
            let ended = rows_into(connection, sql, &mut found);
            // Lets go of the sender: the loop below ends.
            let freed = connection.progress_handler(0, None::<fn() -> bool>);
            (found, ended.and(freed))
        });
        while heard.recv().is_ok() {
            progress.done = progress.total.min(progress.done + u64::from(STEPS.unsigned_abs()));
            if !stop.load(Ordering::Relaxed) && !tell(*progress) {
                stop.store(true, Ordering::Relaxed);
            }
        }
        running.join().unwrap_or_else(|_| (Vec::new(), Err(rusqlite::Error::InvalidQuery)))
    })
}

fn rows(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut read = Vec::new();
    rows_into(connection, sql, &mut read).map(|()| read)
}

/// What was read before an error stays.
fn rows_into(connection: &Connection, sql: &str, into: &mut Vec<String>) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        into.push(row.get(0)?);
    }
    Ok(())
}

/// A table or an index.
#[derive(Debug)]
struct Object {
    name: String,
    table: String,
}

/// What is in the file, as far as it can still be read.
struct Objects<'c> {
    connection: &'c Connection,
    by_root: BTreeMap<u32, Object>,
    lost: RefCell<BTreeMap<String, String>>,
}

impl<'c> Objects<'c> {
    fn read(connection: &'c Connection) -> Self {
        let read = || {
            let sql = "SELECT rootpage, name, tbl_name FROM sqlite_schema WHERE rootpage > 0";
            let mut statement = connection.prepare(sql)?;
            let rows =
                statement.query_map((), |row| Ok((row.get(0)?, Object { name: row.get(1)?, table: row.get(2)? })))?;
            rows.collect::<rusqlite::Result<_>>()
        };
        Self { connection, by_root: read().unwrap_or_default(), lost: RefCell::default() }
    }

    fn finding(&self, line: &str) -> Finding {
        let words: Vec<&str> = line.split([' ', ':', '.']).collect();
        let after = |name: &str| {
            let at = words.iter().position(|word| word.eq_ignore_ascii_case(name))?;
            words.get(at + 1)?.parse::<u32>().ok()
        };
        let by_root = after("tree").and_then(|root| self.by_root.get(&root));
        let object = by_root.or_else(|| self.by_root.values().find(|object| words.contains(&object.name.as_str())));
        let page = after("page");
        let (object, meaning) = match object {
            Some(object) if object.name == object.table => {
                (format!("table `{}`", object.name), self.table_meaning(&object.name))
            }
            Some(object) => (
                format!("index `{}`", object.name),
                format!("finds rows of `{}`; no data are lost, but searches may miss some", object.table),
            ),
            None if after("tree") == Some(1) || self.by_root.is_empty() || line.starts_with("check given up") => {
                ("the schema".to_owned(), "the whole store cannot be read".to_owned())
            }
            None => ("free space".to_owned(), "in no table; no data are lost".to_owned()),
        };
        Finding { page, object, meaning, words: line.to_owned() }
    }

    fn table_meaning(&self, table: &str) -> String {
        let mut lost = self.lost.borrow_mut();
        let known = MEANINGS.iter().find(|(name, _, _)| *name == table);
        let entry = lost.entry(table.to_owned()).or_insert_with(|| match known {
            Some((_, words, Some(time))) => format!("{words}; {}", lost_between(self.connection, table, time)),
            Some((_, words, None)) => (*words).to_owned(),
            None => "rows of it".to_owned(),
        });
        entry.clone()
    }
}

/// Walks the rows from both ends until they cannot be read.
fn lost_between(connection: &Connection, table: &str, time: &str) -> String {
    let (before, broken) = walk(connection, &format!("SELECT {time} FROM {table} NOT INDEXED"));
    if !broken {
        return "every row can still be read".to_owned();
    }
    let (after, _) = walk(connection, &format!("SELECT {time} FROM {table} NOT INDEXED ORDER BY rowid DESC"));
    let shown = |ms: i64| Timestamp::from_ms(ms).floor_second().to_string();
    match (before, after) {
        (Some(before), Some(after)) => format!("rows between {} and {} cannot be read", shown(before), shown(after)),
        (Some(before), None) => format!("rows after {} cannot be read", shown(before)),
        (None, Some(after)) => format!("rows before {} cannot be read", shown(after)),
        (None, None) => "none of its rows can be read in order".to_owned(),
    }
}

/// The time of the last row that can be read, and whether an error ended it.
fn walk(connection: &Connection, sql: &str) -> (Option<i64>, bool) {
    let mut last = None;
    let mut read = || -> rusqlite::Result<()> {
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            last = Some(row.get(0)?);
        }
        Ok(())
    };
    let broken = read().is_err();
    (last, broken)
}
