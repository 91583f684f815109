//! A complete copy of a store, made while it is in use.
//!
//! ```text
//! read view on the store ──► pages, a step at a time ──► TO.PID.part ──► kept files, note ──► check ──► sync ──► rename to TO
//! (a connection of its own: WAL readers do not stop the writer)                                                └► TO.sha256
//! ```
//!
//! A copy is an SQLite file like the store itself (same `application_id`, same schema), in rollback mode: one file,
//! nothing beside it is needed. Two tables more than the store has: `kept_file` (what the machine needs besides: the
//! authority and its key, the configuration) and `copy_note` (when and by which version it was made); restoring takes
//! them out again. `TO.sha256` is in the form of `sha256sum`.
//!
//! - The view is held from the first page to the last, so the copy is of one moment, and the engine's steps need not
//!   begin again when the store is written to. The store's log cannot be cut back meanwhile: it grows by what is written.
//! - Written bytes are synced every [`SYNC_PAGES`], so that a commit of the writer never waits for a great pile.
//! - Mode 0600 from the first byte: it holds password hashes and keys.
//! - A kill leaves a `.part` file at most; the next copy to the same name removes it.
//!
//! Does not know where copies are kept or when they are due.

use super::copy_error::{CopyError, database_failed, file_failed};
use super::files::{beside, ensure_room, folder_of, remove_if_there, sha256, size_with_log, sync_folder};
use super::integrity;
use pantau_shared::timestamp::Timestamp;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Pages copied in one step: one MiB of the usual pages.
const STEP_PAGES: i32 = 256;
/// Pages between two syncs of the copy.
const SYNC_PAGES: u64 = 2_048;
/// How often a step that finds the file locked is tried again, each after [`LOCKED_PAUSE`].
const LOCKED_TRIES: u32 = 100;
const LOCKED_PAUSE: Duration = Duration::from_millis(100);
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Largest file kept inside a copy, in bytes.
pub const KEPT_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Bytes a copy may need besides the store's own.
const EXTRA_BYTES: u64 = 16 * 1024 * 1024;
/// Where an SQLite header says which journal the file uses; 1 is the rollback journal.
const JOURNAL_VERSION_AT: u64 = 18;
/// Makes no locks: nobody else knows the file yet, and network file systems lock badly.
const NO_LOCKS: &std::ffi::CStr = c"unix-none";
const WRITE_REMEDY: &str = "its folder must exist, be writable for this user and have room";

/// A file kept inside a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptFile {
    /// Its role, such as `ca.key`.
    pub name: String,
    /// Permission bits.
    pub mode: u32,
    /// Its content.
    pub body: Vec<u8>,
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Pages are copied.
    Copy,
    /// The result is checked.
    Check,
    /// Its hash is computed.
    Hash,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// Pages or bytes done.
    pub done: u64,
    /// Of how many; 0 when not known.
    pub total: u64,
}

/// Hears of the progress; `false` stops. May pause to leave the disk to others.
pub type Tell<'a> = &'a mut dyn FnMut(Progress) -> bool;

/// What to copy.
#[derive(Debug)]
pub struct Request<'a> {
    /// The store.
    pub store: &'a Path,
    /// The copy.
    pub to: &'a Path,
    /// What to keep besides.
    pub files: &'a [KeptFile],
    /// Now.
    pub made_at: Timestamp,
    /// Whether an existing file may be replaced.
    pub replace: bool,
    /// Pause after each step.
    pub pause: Duration,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its size.
    pub bytes: u64,
    /// Its hash in hex.
    pub sha256: String,
}

/// Makes a copy; blocks for as long as it takes.
///
/// # Errors
/// [`CopyError`]; nothing is left behind, and what was there before stands.
pub fn make(request: &Request<'_>, tell: Tell<'_>) -> Result<Made, CopyError> {
    let to = request.to;
    if !request.replace && to.exists() {
        return Err(CopyError::Exists { path: to.to_owned() });
    }
    let kept: u64 = request.files.iter().map(|file| file.body.len() as u64).sum();
    ensure_room(to, size_with_log(request.store) + kept + EXTRA_BYTES)?;
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    remove_left_behind(folder_of(to), |left| left == name);
    let part = Part::new(to)?;
    let source = open_live(request.store)?;
    copy_pages(&source, request.store, &part, request.pause, tell)?;
    drop(source);
    part.add_kept(request)?;
    part.check(tell)?;
    part.file.sync_all().map_err(file_failed("make durable", &part.path, WRITE_REMEDY))?;
    let bytes = part.file.metadata().map_or(0, |metadata| metadata.len());
    let sha256 = sha256(&part.path, &mut |done| tell(Progress { phase: Phase::Hash, done, total: bytes }))?;
    part.publish(to, request.replace, &sha256)?;
    Ok(Made { bytes, sha256 })
}

/// Where the hash of a copy is noted.
pub fn hash_file(copy: &Path) -> PathBuf {
    beside(copy, ".sha256")
}

/// A copy being written; removed when it is dropped before it was published.
pub(super) struct Part {
    pub(super) path: PathBuf,
    pub(super) file: File,
    /// Whether it stays when it is dropped.
    pub(super) keep: bool,
}

impl Part {
    fn new(to: &Path) -> Result<Self, CopyError> {
        Self::at(beside(to, &format!(".{}.part", std::process::id())))
    }

    /// At exactly this path, in place of what is there.
    pub(super) fn at(path: PathBuf) -> Result<Self, CopyError> {
        remove_if_there(&path)?;
        // One left by a kill would be rolled back into the new file.
        remove_if_there(&beside(&path, "-journal"))?;
        let options = OpenOptions::new().create_new(true).read(true).write(true).mode(0o600).open(&path);
        let file = options.map_err(file_failed("make", &path, WRITE_REMEDY))?;
        Ok(Self { path, file, keep: false })
    }

    /// Opens it as a database; nobody else does.
    pub(super) fn open(&self) -> Result<Connection, CopyError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags_and_vfs(&self.path, flags, NO_LOCKS);
        opened.map_err(database_failed("open the copy", &self.path))
    }

    fn add_kept(&self, request: &Request<'_>) -> Result<(), CopyError> {
        let failed = |error| database_failed("write the kept files into", &self.path)(error);
        let mut connection = self.open()?;
        let step = connection.transaction().map_err(failed)?;
        step.execute_batch(
            "DROP TABLE IF EXISTS kept_file; DROP TABLE IF EXISTS copy_note;
             CREATE TABLE kept_file (name TEXT PRIMARY KEY, mode INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
             CREATE TABLE copy_note (only INTEGER PRIMARY KEY CHECK (only = 1), made_ms INTEGER NOT NULL,
                                     program TEXT NOT NULL) STRICT;",
        )
        .map_err(failed)?;
        for file in request.files {
            let sql = "INSERT INTO kept_file (name, mode, body) VALUES (?1, ?2, ?3)";
            step.execute(sql, (&file.name, file.mode, &file.body)).map_err(failed)?;
        }
        let sql = "INSERT INTO copy_note (only, made_ms, program) VALUES (1, ?1, ?2)";
        step.execute(sql, (request.made_at.as_ms(), env!("CARGO_PKG_VERSION"))).map_err(failed)?;
        step.commit().map_err(failed)
    }

    /// The quick check: every page is reached and whole.
    pub(super) fn check(&self, tell: Tell<'_>) -> Result<(), CopyError> {
        let findings = integrity::check(self.open()?, &self.path, integrity::Depth::Quick, tell)?;
        match findings.first() {
            None => Ok(()),
            Some(finding) => Err(CopyError::Damaged { path: self.path.clone(), finding: finding.to_string() }),
        }
    }

    fn publish(self, to: &Path, replace: bool, sha256: &str) -> Result<(), CopyError> {
        let hash = hash_file(to);
        // A hash must never stand beside a file it is not of.
        remove_if_there(&hash)?;
        self.rename(to, replace)?;
        let name = to.file_name().unwrap_or_default().to_string_lossy();
        let part = beside(&hash, ".part");
        remove_if_there(&part)?;
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&part).map_err(file_failed(
            "make",
            &part,
            WRITE_REMEDY,
        ))?;
        let written = writeln!(file, "{sha256}  {name}").and_then(|()| file.sync_all());
        written.and_then(|()| std::fs::rename(&part, &hash)).map_err(file_failed("write", &hash, WRITE_REMEDY))?;
        sync_folder(to)
    }

    /// Gives it its name; without `replace` never over another file.
    fn rename(&self, to: &Path, replace: bool) -> Result<(), CopyError> {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        let failed = file_failed("name the finished copy", to, WRITE_REMEDY);
        if replace {
            return std::fs::rename(&self.path, to).map_err(failed);
        }
        match renameat_with(CWD, &self.path, CWD, to, RenameFlags::NOREPLACE) {
            Ok(()) => Ok(()),
            Err(rustix::io::Errno::EXIST) => Err(CopyError::Exists { path: to.to_owned() }),
            // Not every file system can; the look is then a moment before the deed.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) if !to.exists() => {
                std::fs::rename(&self.path, to).map_err(failed)
            }
            Err(error) => Err(failed(error.into())),
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.keep {
            return;
        }
        // Gone already when it was published under its name.
        for path in [self.path.clone(), beside(&self.path, "-journal")] {
            remove_if_there(&path).ok();
        }
    }
}

/// Removes unfinished copies that killed processes left in a folder; `is_copy` knows the names that count. Copies that
/// this very process is making there have to be over.
pub fn remove_left_behind(folder: &Path, is_copy: impl Fn(&str) -> bool) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let file = entry.file_name().to_string_lossy().into_owned();
        let of_copy =
            file.strip_suffix("-journal").unwrap_or(&file).strip_suffix(".part").and_then(|rest| rest.rsplit_once('.'));
        let Some((name, Ok(pid))) = of_copy.map(|(name, pid)| (name, pid.parse::<u32>())) else { continue };
        let over = pid == std::process::id() || !Path::new("/proc").join(pid.to_string()).exists();
        if over && is_copy(name) {
            tracing::info!(path = %entry.path().display(), "an unfinished copy of a killed process is removed");
            remove_if_there(&entry.path()).ok();
        }
    }
}

/// Opens the store for reading, also while it is in use. Never opens the file by other means: closing such a handle
/// would take away the locks that this very process holds on it.
pub(super) fn open_live(store: &Path) -> Result<Connection, CopyError> {
    open_for_reading(store, |path, flags| Connection::open_with_flags(path, flags))
}

/// Opens a file that nobody writes to: a copy, perhaps on a disk that is read-only, or a store that was set aside.
pub(super) fn open_resting(path: &Path) -> Result<Connection, CopyError> {
    let mut version = [0];
    let remedy = "the file must exist and be readable for this user";
    let file = File::open(path).map_err(file_failed("open", path, remedy))?;
    let in_wal_mode = file.read_exact_at(&mut version, JOURNAL_VERSION_AT).is_ok() && version[0] == 2;
    drop(file);
    if in_wal_mode {
        return open_live(path);
    }
    open_for_reading(path, |path, flags| Connection::open_with_flags_and_vfs(path, flags, NO_LOCKS))
}

fn open_for_reading(
    path: &Path,
    open: impl FnOnce(&Path, OpenFlags) -> rusqlite::Result<Connection>,
) -> Result<Connection, CopyError> {
    let remedy = "the file must exist and be readable for this user";
    let metadata = path.metadata().map_err(file_failed("open", path, remedy))?;
    if !metadata.is_file() {
        return Err(CopyError::Foreign { path: path.to_owned() });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let connection = open(path, flags).map_err(database_failed("open", path))?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(database_failed("open", path))?;
    Ok(connection)
}

/// Copies every page as of one moment.
pub(super) fn copy_pages(
    source: &Connection,
    named: &Path,
    part: &Part,
    pause: Duration,
    tell: Tell<'_>,
) -> Result<(), CopyError> {
    let failed = |error| database_failed("copy the pages of", named)(error);
    let mut target = part.open()?;
    target.execute_batch("PRAGMA journal_mode = off; PRAGMA synchronous = off").map_err(failed)?;
    // The first read takes the view; it lasts until the end, so no step finds the store changed and begins again.
    source.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema").map_err(failed)?;
    let copied = step_through(source, &mut target, named, part, pause, tell);
    source.execute_batch("COMMIT").map_err(failed)?;
    copied?;
    drop(target);
    part.file.write_all_at(&[1, 1], JOURNAL_VERSION_AT).map_err(file_failed("write", &part.path, WRITE_REMEDY))
}

fn step_through(
    source: &Connection,
    target: &mut Connection,
    named: &Path,
    part: &Part,
    pause: Duration,
    tell: Tell<'_>,
) -> Result<(), CopyError> {
    let failed = |error| database_failed("copy the pages of", named)(error);
    let backup = Backup::new(source, target).map_err(failed)?;
    let (mut tries, mut synced) = (0, 0);
    loop {
        let step = backup.step(STEP_PAGES).map_err(failed)?;
        let now = backup.progress();
        let total = u64::try_from(now.pagecount).unwrap_or(0);
        let done = total - u64::try_from(now.remaining).unwrap_or(0);
        if !tell(Progress { phase: Phase::Copy, done, total }) {
            return Err(CopyError::Stopped);
        }
        match step {
            StepResult::Done => return Ok(()),
            StepResult::Busy | StepResult::Locked if tries < LOCKED_TRIES => {
                tries += 1;
                std::thread::sleep(LOCKED_PAUSE);
            }
            StepResult::Busy | StepResult::Locked => return Err(CopyError::InUse { path: named.to_owned() }),
            _ => {}
        }
        if done >= synced + SYNC_PAGES {
            synced = done;
            part.file.sync_data().map_err(file_failed("make durable", &part.path, WRITE_REMEDY))?;
        }
        if !pause.is_zero() {
            std::thread::sleep(pause);
        }
    }
}
