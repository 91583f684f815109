//! Putting a copy in the place of the store, so that a kill at any moment leaves the one or the other, whole.
//!
//! ```text
//! pantau.db.restoring         the new store, complete, checked and synced         ─ killed here: the old one stands
//! pantau.db.restore-intent    one line: under which name the old one is set aside ─ from here on: the new one
//! pantau.db{,-wal}  ──► pantau.db.before-restore-TIME{,-wal};  pantau.db-shm goes
//! pantau.db.restoring ──► pantau.db;  the intent goes
//! ```
//!
//! Whoever opens the store next, under the lock, finishes what an intent says ([`finish`]); each step can be repeated.
//! What was set aside is a store as it was: restoring it undoes the restore. Asks nobody anything.

use super::backup::{self, KeptFile, Part, Tell, hash_file, open_live, open_resting};
use super::copy_error::{CopyError, database_failed, file_failed};
use super::files::{beside, ensure_room, folder_of, remove_if_there, sha256, size_with_log, sync_folder};
use super::migrate::{APPLICATION_ID, SCHEMA};
use super::open::Lock;
use super::{StoreError, integrity};
use pantau_shared::timestamp::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

const STAGED: &str = ".restoring";
const INTENT: &str = ".restore-intent";
const INTENT_PART: &str = ".restore-intent.part";
const ASIDE: &str = ".before-restore-";
/// Longest content of an intent, in bytes.
const INTENT_BYTES_MAX: u64 = 64;
const REMEDY: &str = "its folder must exist, be writable for this user and have room";

/// What a store or a copy holds, in a few numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// When the copy was made; none of a store that is no copy.
    pub made_at: Option<Timestamp>,
    /// Enrolled hosts.
    pub hosts: u64,
    /// Tickets.
    pub tickets: u64,
    /// When anything was last received.
    pub last_received_at: Option<Timestamp>,
    /// Its schema.
    pub schema: u32,
    /// Its size, the log included.
    pub bytes: u64,
}

/// Looks at a copy before it is used: ours, not newer, unchanged since it was made, whole.
///
/// # Errors
/// [`CopyError`] with what is wrong with it.
pub fn check_copy(copy: &Path, tell: Tell<'_>) -> Result<Look, CopyError> {
    let connection = open_resting(copy)?;
    let look = look(&connection, copy)?;
    let known = SCHEMA.len() as u32;
    if look.schema > known {
        return Err(CopyError::Newer { path: copy.to_owned(), found: look.schema, known });
    }
    if let Ok(noted) = std::fs::read_to_string(hash_file(copy)) {
        let phase = backup::Phase::Hash;
        let total = look.bytes;
        let found = sha256(copy, &mut |done| tell(backup::Progress { phase, done, total }))?;
        if noted.split_whitespace().next() != Some(found.as_str()) {
            return Err(CopyError::HashDiffers { path: copy.to_owned() });
        }
    }
    match integrity::check(connection, copy, integrity::Depth::Full, tell)?.first() {
        None => Ok(look),
        Some(finding) => Err(CopyError::Damaged { path: copy.to_owned(), finding: finding.to_string() }),
    }
}

/// The files kept inside a copy; none in a store that is no copy.
///
/// # Errors
/// The file cannot be read.
pub fn kept_files(copy: &Path) -> Result<Vec<KeptFile>, CopyError> {
    let failed = |error| database_failed("read the kept files of", copy)(error);
    let connection = open_resting(copy)?;
    if !has_table(&connection, "kept_file").map_err(failed)? {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare("SELECT name, mode, body FROM kept_file ORDER BY name").map_err(failed)?;
    let files = statement
        .query_map((), |row| Ok(KeptFile { name: row.get(0)?, mode: row.get(1)?, body: row.get(2)? }))
        .map_err(failed)?;
    files.collect::<rusqlite::Result<_>>().map_err(failed)
}

fn has_table(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    connection.query_row("SELECT count(*) > 0 FROM sqlite_schema WHERE name = ?1", [name], |row| row.get(0))
}

fn look(connection: &Connection, path: &Path) -> Result<Look, CopyError> {
    let failed = |error: rusqlite::Error| {
        if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) {
            return CopyError::Foreign { path: path.to_owned() };
        }
        database_failed("read", path)(error)
    };
    let ask = |sql: &str| connection.query_row(sql, (), |row| row.get::<_, i64>(0)).map_err(failed);
    if ask("PRAGMA application_id")? != i64::from(APPLICATION_ID) {
        return Err(CopyError::Foreign { path: path.to_owned() });
    }
    let time = |sql: &str| {
        let found = connection.query_row(sql, (), |row| row.get::<_, Option<i64>>(0)).optional();
        found.map(|found| found.flatten().map(Timestamp::from_ms)).map_err(failed)
    };
    let noted = has_table(connection, "copy_note").map_err(failed)?;
    Ok(Look {
        made_at: if noted { time("SELECT made_ms FROM copy_note")? } else { None },
        hosts: ask("SELECT count(*) FROM host WHERE revoked_ms IS NULL")?.unsigned_abs(),
        tickets: ask("SELECT count(*) FROM ticket")?.unsigned_abs(),
        last_received_at: time(
            "SELECT max(at) FROM (SELECT last_seen_ms AS at FROM host UNION ALL SELECT used_ms FROM stream)",
        )?,
        schema: u32::try_from(ask("PRAGMA user_version")?).unwrap_or(u32::MAX),
        bytes: size_with_log(path),
    })
}

/// A store that is held for being replaced: no collector can open it meanwhile.
#[derive(Debug)]
pub struct Restore {
    store: PathBuf,
    lock: Lock,
}

impl Restore {
    /// Takes the store's lock.
    ///
    /// # Errors
    /// A collector has it; the folder cannot be written.
    pub fn begin(store: &Path) -> Result<Self, CopyError> {
        let lock = Lock::take(store).map_err(|error| match error {
            StoreError::InUse { .. } => CopyError::InUse { path: store.to_owned() },
            StoreError::Open { source, .. } => {
                let source = std::io::Error::other(source);
                file_failed("open", &store.with_extension("lock"), REMEDY)(source)
            }
            other => file_failed("lock", store, REMEDY)(std::io::Error::other(other)),
        })?;
        own_as_folder(&store.with_extension("lock"))?;
        finish(store)?;
        Ok(Self { store: store.to_owned(), lock })
    }

    /// The present store; `None` when there is none.
    ///
    /// # Errors
    /// It is there but cannot be read.
    pub fn present(&self) -> Result<Option<Look>, CopyError> {
        if !self.store.exists() {
            return Ok(None);
        }
        look(&open_live(&self.store)?, &self.store).map(Some)
    }

    /// Puts the copy in the store's place; where the store of before is now, if there was one.
    ///
    /// # Errors
    /// [`CopyError`]; the store is as it was.
    pub fn put(self, copy: &Path, now: Timestamp, tell: Tell<'_>) -> Result<Option<PathBuf>, CopyError> {
        let mut part = self.stage(copy, tell)?;
        let suffix = self.free_suffix(now);
        let had = self.store.exists();
        // From the intent on the staged file is the store, whatever happens to this process.
        part.keep = true;
        if let Err(error) = write_intent(&self.store, &suffix) {
            part.keep = intent_of(&self.store).exists();
            return Err(error);
        }
        finish(&self.store)?;
        self.lock.mark_closed();
        Ok(had.then(|| beside(&self.store, &suffix)))
    }

    /// The new store, complete and durable under another name, without what only a copy has.
    fn stage(&self, copy: &Path, tell: Tell<'_>) -> Result<Part, CopyError> {
        let path = beside(&self.store, STAGED);
        ensure_room(&path, size_with_log(copy))?;
        let part = Part::at(path)?;
        own_as_folder(&part.path)?;
        backup::copy_pages(&open_resting(copy)?, copy, &part, Duration::ZERO, tell)?;
        let connection = part.open()?;
        connection
            .execute_batch("BEGIN; DROP TABLE IF EXISTS kept_file; DROP TABLE IF EXISTS copy_note; COMMIT")
            .map_err(database_failed("prepare", &part.path))?;
        drop(connection);
        part.check(tell)?;
        part.file.sync_all().map_err(file_failed("make durable", &part.path, REMEDY))?;
        sync_folder(&part.path)?;
        Ok(part)
    }

    /// A name that nothing has yet: two restores in one second keep both stores.
    fn free_suffix(&self, now: Timestamp) -> String {
        let time = file_time(now);
        let names = (0..u32::MAX).map(|n| if n == 0 { format!("{ASIDE}{time}") } else { format!("{ASIDE}{time}-{n}") });
        let mut free = names.filter(|suffix| !beside(&self.store, suffix).exists());
        free.next().unwrap_or_else(|| format!("{ASIDE}{time}"))
    }
}

/// An instant as part of a file's name, such as `20260304T101500Z`.
pub fn file_time(at: Timestamp) -> String {
    at.floor_second().to_string().chars().filter(|c| !matches!(c, '-' | ':')).collect()
}

fn intent_of(store: &Path) -> PathBuf {
    beside(store, INTENT)
}

fn write_intent(store: &Path, suffix: &str) -> Result<(), CopyError> {
    let (intent, part) = (intent_of(store), beside(store, INTENT_PART));
    let failed = |error| file_failed("write", &intent, REMEDY)(error);
    remove_if_there(&part)?;
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&part).map_err(failed)?;
    file.write_all(suffix.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    std::fs::rename(&part, &intent).map_err(failed)?;
    sync_folder(&intent)
}

/// Finishes a restore that was cut off, or clears away one that had not come to its intent. The lock must be held.
pub(super) fn finish(store: &Path) -> Result<(), CopyError> {
    let (intent, staged) = (intent_of(store), beside(store, STAGED));
    remove_if_there(&beside(store, INTENT_PART))?;
    if intent.metadata().map_or(true, |metadata| metadata.len() > INTENT_BYTES_MAX) {
        remove_if_there(&beside(&staged, "-journal"))?;
        return remove_if_there(&staged);
    }
    let read = std::fs::read_to_string(&intent);
    let suffix = read.map_err(file_failed("read", &intent, "it must be readable for this user"))?;
    if staged.exists() {
        for ending in ["-wal", ""] {
            let (from, to) = (beside(store, ending), beside(store, &format!("{suffix}{ending}")));
            if from.exists() {
                std::fs::rename(&from, &to).map_err(file_failed("set aside", &from, REMEDY))?;
            }
        }
        remove_if_there(&beside(store, "-shm"))?;
        std::fs::rename(&staged, store).map_err(file_failed("name the restored store", store, REMEDY))?;
        sync_folder(store)?;
    }
    remove_if_there(&intent)?;
    sync_folder(store)
}

/// A file made by root in the folder of another user becomes that user's: the service must be able to open it.
pub fn own_as_folder(file: &Path) -> Result<(), CopyError> {
    let remedy = "run this as root, or as the user whose folder it is";
    let failed = |error| file_failed("give to the folder's owner", file, remedy)(error);
    let (folder, own) = (folder_of(file).metadata().map_err(failed)?, file.metadata().map_err(failed)?);
    if (folder.uid(), folder.gid()) == (own.uid(), own.gid()) || own.uid() == folder.uid() {
        return Ok(());
    }
    std::os::unix::fs::chown(file, Some(folder.uid()), Some(folder.gid())).map_err(failed)
}
