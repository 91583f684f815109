//! A run's record on its way from `pantau-agent backup-run` to the agent: one small file in a folder that both can reach.
//!
//! The wrapper runs as whoever makes the backup, the agent as its own user, and either may be away. So the folder itself
//! is the memory: `SET.RUN.json` is put there by renaming when the command starts and replaced the same way when it ends,
//! and stays until the agent prunes it. The wrapper holds a lock on the first file as long as it lives; a record without an
//! end whose lock is free belongs to a wrapper that died.
//!
//! The folder is like `/tmp`: anybody may add, nobody may list or take away (mode 1733), so that nothing needs privileges.
//! Whoever may run programs on this host can therefore claim a run; give the folder a group (mode 1730) to narrow that.
//! What is read is bounded and checked, and a claim never becomes more than a claim: an artefact is judged by itself.

use pantau_shared::ids::BackupSetId;
use pantau_shared::limits::cut_text;
use rustix::fs::{FlockOperation, Mode, OFlags, fchmod, flock, open};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Where the records are kept unless the configuration says otherwise.
pub const DEFAULT_FOLDER: &str = "/var/spool/pantau-agent";

/// Largest record, in bytes.
const RECORD_BYTES_MAX: u64 = 16 * 1024;

/// The form of the records this program writes.
const FORM: u32 = 1;

/// One run as the wrapper tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Form of the record; a newer one is not read.
    pub form: u32,
    /// Which set.
    pub set: String,
    /// Names the run: 16 hex digits.
    pub run: String,
    /// Base name of the program.
    pub program: String,
    /// Who runs it.
    pub user: String,
    /// Whether it verifies backups and makes none.
    pub verifies: bool,
    /// When the command was started, Unix ms.
    pub started_at_ms: i64,
    /// When it ended, Unix ms.
    #[serde(default)]
    pub ended_at_ms: Option<i64>,
    /// Duration by the clock that does not jump, in milliseconds.
    #[serde(default)]
    pub duration_ms: Option<u64>,
    /// Exit code; 128 + N when signal N ended it.
    #[serde(default)]
    pub exit_code: Option<i32>,
    /// The last of its error output.
    #[serde(default)]
    pub error_tail: String,
}

impl RunRecord {
    /// A run that begins.
    pub fn begin(set: &BackupSetId, run: &str, program: &str, user: &str, verifies: bool, started_at_ms: i64) -> Self {
        Self {
            form: FORM,
            set: set.as_str().to_owned(),
            run: run.to_owned(),
            program: cut_text(program),
            user: cut_text(user),
            verifies,
            started_at_ms,
            ended_at_ms: None,
            duration_ms: None,
            exit_code: None,
            error_tail: String::new(),
        }
    }

    /// The record's file name.
    pub fn file_name(&self) -> String {
        format!("{}.{}.json", self.set, self.run)
    }
}

/// Parses a record found under `name`.
///
/// # Errors
/// Why it is none, as a few words.
pub fn parse_record(name: &str, bytes: &[u8], now_ms: i64) -> Result<RunRecord, &'static str> {
    let mut record: RunRecord = serde_json::from_slice(bytes).map_err(|_| "is not of the expected form")?;
    if record.form != FORM {
        return Err("is of a newer form");
    }
    BackupSetId::parse(&record.set).map_err(|_| "names no valid set")?;
    if record.run.len() != 16 || !record.run.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err("names no valid run");
    }
    if record.file_name() != name {
        return Err("lies under another name than its own");
    }
    if record.started_at_ms <= 0 || record.started_at_ms > now_ms.saturating_add(300_000) {
        return Err("began at an impossible time");
    }
    if record.ended_at_ms.is_some_and(|end| end < record.started_at_ms || end > now_ms.saturating_add(300_000)) {
        return Err("ended at an impossible time");
    }
    for text in [&mut record.program, &mut record.user, &mut record.error_tail] {
        *text = cut_text(text);
    }
    Ok(record)
}

/// Puts a record into `folder`, replacing the run's earlier one. Keep the file to hold the lock that says "still running".
///
/// # Errors
/// When the folder is not there or cannot be written to.
pub fn save_record(folder: &Path, record: &RunRecord) -> io::Result<File> {
    let name = record.file_name();
    let aside = folder.join(format!(".{name}.{}", std::process::id()));
    let mut file = File::options().write(true).create_new(true).open(&aside)?;
    let written = (|| {
        // Whatever the umask of a backup's script: the agent is another user.
        fchmod(&file, Mode::from_raw_mode(0o644))?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        file.write_all(&serde_json::to_vec(record)?)?;
        file.sync_all()?;
        std::fs::rename(&aside, folder.join(&name))
    })();
    if written.is_err() {
        drop(std::fs::remove_file(&aside));
    }
    written.map(|()| file)
}

/// A record as it lies in the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) record: RunRecord,
    /// It tells no end and its wrapper no longer lives.
    pub(crate) abandoned: bool,
}

/// Reads one record: a plain file, within the bound, never followed by a link.
pub(crate) fn read_record(folder: &Path, name: &str, now_ms: i64) -> Result<Found, String> {
    let path: PathBuf = folder.join(name);
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(open(&path, flags, Mode::empty()).map_err(|error| format!("cannot be opened: {error}"))?);
    if !file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() <= RECORD_BYTES_MAX) {
        return Err("is no plain file of a bearable size".to_owned());
    }
    let mut bytes = Vec::new();
    (&file).take(RECORD_BYTES_MAX).read_to_end(&mut bytes).map_err(|error| format!("cannot be read: {error}"))?;
    let record = parse_record(name, &bytes, now_ms)?;
    let free = || flock(&file, FlockOperation::NonBlockingLockShared).is_ok();
    let abandoned = record.ended_at_ms.is_none() && free();
    Ok(Found { record, abandoned })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_781_028_000_000;

    fn record() -> RunRecord {
        let set = BackupSetId::parse("simpeg-db").expect("valid");
        RunRecord::begin(&set, "0123456789abcdef", "pg_dump", "postgres", false, NOW)
    }

    #[test]
    fn a_record_without_an_end_is_abandoned_when_its_wrapper_is_gone() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let held = save_record(dir.path(), &record()).expect("saves");
        let name = record().file_name();
        assert_eq!(read_record(dir.path(), &name, NOW), Ok(Found { record: record(), abandoned: false }));
        drop(held);
        assert_eq!(read_record(dir.path(), &name, NOW), Ok(Found { record: record(), abandoned: true }));
        let ended = RunRecord { ended_at_ms: Some(NOW + 5), exit_code: Some(0), ..record() };
        drop(save_record(dir.path(), &ended).expect("saves"));
        assert_eq!(read_record(dir.path(), &name, NOW + 10), Ok(Found { record: ended, abandoned: false }));
        assert_eq!(std::fs::read_dir(dir.path()).expect("lists").count(), 1, "nothing is left aside");
    }

    #[test]
    fn what_is_no_record_is_refused() {
        let name = record().file_name();
        let parse = |record: &RunRecord| parse_record(&name, &serde_json::to_vec(record).expect("json"), NOW);
        assert_eq!(parse(&record()), Ok(record()));
        let wrong = [
            RunRecord { form: 2, ..record() },
            RunRecord { set: "../x".into(), ..record() },
            RunRecord { set: "other".into(), ..record() },
            RunRecord { run: "x".into(), ..record() },
            RunRecord { started_at_ms: NOW + 300_001, ..record() },
            RunRecord { started_at_ms: 0, ..record() },
            RunRecord { ended_at_ms: Some(NOW - 1), ..record() },
            RunRecord { ended_at_ms: Some(NOW + 300_001), ..record() },
        ];
        for record in wrong {
            assert!(parse(&record).is_err(), "{record:?}");
        }
        assert!(parse_record(&name, b"{", NOW).is_err());
        let long = RunRecord { error_tail: "x".repeat(10_000), ..record() };
        assert_eq!(parse(&long).expect("cut").error_tail.len(), pantau_shared::limits::TEXT_BYTES_MAX);
    }

    #[test]
    fn links_and_pipes_are_not_read() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let name = record().file_name();
        drop(save_record(dir.path(), &record()).expect("saves"));
        let elsewhere = tempfile::tempdir().expect("temporary directory");
        std::os::unix::fs::symlink(dir.path().join(&name), elsewhere.path().join(&name)).expect("links");
        assert!(read_record(elsewhere.path(), &name, NOW).is_err());
        std::fs::create_dir(elsewhere.path().join("d")).expect("creates");
        assert!(read_record(elsewhere.path(), "d", NOW).is_err());
    }
}
