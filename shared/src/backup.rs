//! What an agent saw of a backup set. It looks; whether that is fresh enough, the collector judges.
//!
//! One look gives what the source holds (artefacts), what the wrapper `pantau-agent backup-run` told of the set's runs,
//! what was verified, and for PostgreSQL how far the log is archived. Every text is at most
//! [`crate::limits::TEXT_BYTES_MAX`]; a time is Unix ms.

use serde::Serialize;

/// Where a data time comes from, best first (rules C.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum DataTimeBasis {
    /// Not told.
    Unspecified = 0,
    /// The start that the tool or a start signal reported.
    Start = 1,
    /// A time in the file's name.
    FileName = 2,
    /// A header inside the artefact.
    Header = 3,
    /// The file's birth on the original host.
    Birth = 4,
    /// Modification time less the known duration.
    ModifiedLessDuration = 5,
    /// Modification time alone: an estimate ("perkiraan"), the end of writing.
    Modified = 6,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum BackupStatus {
    /// Not told.
    Unspecified = 0,
    /// Complete.
    Ok = 1,
    /// Exists, with parts missing.
    Partial = 2,
    /// Failed; nothing usable.
    Failed = 3,
    /// Still being written.
    Running = 4,
}

/// One backup artefact as seen: a file, a snapshot, an archive.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct BackupArtefact {
    /// Name within its set: a path or a tool's id. At most [`crate::limits::TEXT_BYTES_MAX`].
    #[prost(string, tag = "1")]
    pub name: String,
    /// When the run began, Unix ms.
    #[prost(int64, optional, tag = "2")]
    pub started_at_ms: Option<i64>,
    /// When the run ended, Unix ms.
    #[prost(int64, optional, tag = "3")]
    pub ended_at_ms: Option<i64>,
    /// The moment whose data it holds, Unix ms.
    #[prost(int64, optional, tag = "4")]
    pub data_time_ms: Option<i64>,
    /// A [`DataTimeBasis`].
    #[prost(enumeration = "DataTimeBasis", tag = "5")]
    pub basis: i32,
    /// A [`BackupStatus`].
    #[prost(enumeration = "BackupStatus", tag = "6")]
    pub status: i32,
    /// Size in bytes.
    #[prost(uint64, optional, tag = "7")]
    pub size_bytes: Option<u64>,
    /// How many files or rows it holds, as the tool counts.
    #[prost(uint64, optional, tag = "8")]
    pub items: Option<u64>,
    /// How many of them could not be read, or are damaged.
    #[prost(uint64, optional, tag = "9")]
    pub errors: Option<u64>,
    /// The tool's kind of backup: `full`, `diff`, `incr`; empty where there is one kind only.
    #[prost(string, tag = "10")]
    pub kind: String,
    /// What belongs together within a source, such as restic's host and paths (`app1|/etc,/srv/app`); else empty.
    #[prost(string, tag = "11")]
    pub group: String,
    /// Names, in the same look, of what it builds upon. Those that are older than the look's last artefact are left out:
    /// the agent has looked at them, and what is wrong with them is in `status`.
    #[prost(string, repeated, tag = "12")]
    pub references: Vec<String>,
    /// When it was last read whole, or the tool's check of it last succeeded.
    #[prost(int64, optional, tag = "13")]
    pub verified_at_ms: Option<i64>,
    /// Exit code of the run that made it, where the wrapper saw that run.
    #[prost(int32, optional, tag = "14")]
    pub exit_code: Option<i32>,
    /// Why it is partial or failed, or why that cannot be told, in English; else empty.
    #[prost(string, tag = "15")]
    pub reason: String,
}

/// One run of a command under `pantau-agent backup-run`.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct BackupRun {
    /// Names the run; the same from its start to its end.
    #[prost(string, tag = "1")]
    pub id: String,
    /// When the command was started.
    #[prost(int64, tag = "2")]
    pub started_at_ms: i64,
    /// When it ended; none while it runs, and when the wrapper died before it.
    #[prost(int64, optional, tag = "3")]
    pub ended_at_ms: Option<i64>,
    /// Duration by a clock that does not jump, in milliseconds.
    #[prost(uint64, optional, tag = "4")]
    pub duration_ms: Option<u64>,
    /// Its exit code; 128 + N when signal N ended it; none when it could not be started.
    #[prost(int32, optional, tag = "5")]
    pub exit_code: Option<i32>,
    /// A [`BackupStatus`], by what the exit code means to the program.
    #[prost(enumeration = "BackupStatus", tag = "6")]
    pub status: i32,
    /// Base name of the program.
    #[prost(string, tag = "7")]
    pub program: String,
    /// The last of its error output, or why it could not be started.
    #[prost(string, tag = "8")]
    pub error_tail: String,
    /// Who ran it, as the wrapper tells.
    #[prost(string, tag = "9")]
    pub user: String,
    /// Whether it verified backups (`--verify`) and made none.
    #[prost(bool, tag = "10")]
    pub verifies: bool,
}

/// The outcome of one verification.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct BackupVerification {
    /// When it ended.
    #[prost(int64, tag = "1")]
    pub at_ms: i64,
    /// Whether all was good.
    #[prost(bool, tag = "2")]
    pub ok: bool,
    /// Name of the artefact; empty is all that the source held then.
    #[prost(string, tag = "3")]
    pub artefact: String,
    /// By what: `content` when the agent read it whole, else the base name of the program that verified.
    #[prost(string, tag = "4")]
    pub means: String,
    /// What was found, in English; empty when all was good.
    #[prost(string, tag = "5")]
    pub detail: String,
}

/// How far PostgreSQL's log is archived (`pg_stat_archiver`).
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct WalArchive {
    /// When the last segment was archived; none if never since the statistics were reset.
    #[prost(int64, optional, tag = "1")]
    pub last_archived_at_ms: Option<i64>,
    /// Its name; empty if none.
    #[prost(string, tag = "2")]
    pub last_archived: String,
    /// When archiving last failed.
    #[prost(int64, optional, tag = "3")]
    pub last_failed_at_ms: Option<i64>,
    /// Which segment that was; empty if none.
    #[prost(string, tag = "4")]
    pub last_failed: String,
    /// Failed attempts since the statistics were reset.
    #[prost(uint64, tag = "5")]
    pub failures: u64,
    /// Log written beyond the last archived segment, in bytes; none if it cannot be told.
    #[prost(uint64, optional, tag = "6")]
    pub unarchived_bytes: Option<u64>,
    /// Whether anything that matters was written beyond it; none if it cannot be told.
    #[prost(bool, optional, tag = "7")]
    pub unarchived_changes: Option<bool>,
    /// Whether nothing tells of a gap: archiving is on, and the last attempt did not fail.
    #[prost(bool, tag = "8")]
    pub chain_ok: bool,
    /// `archive_timeout` in seconds; 0 is off.
    #[prost(uint64, tag = "9")]
    pub archive_timeout_seconds: u64,
}

/// One look at one backup set.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct BackupObservation {
    /// Which set; a [`crate::ids::BackupSetId`] as text.
    #[prost(string, tag = "1")]
    pub set: String,
    /// The newest artefacts, newest first; at most [`crate::limits::ARTEFACTS_MAX`].
    #[prost(message, repeated, tag = "2")]
    pub artefacts: Vec<BackupArtefact>,
    /// Why the source could not be looked at, in English; empty when it could. Nothing found is not an error.
    #[prost(string, tag = "3")]
    pub error: String,
    /// How many artefacts the source holds in all.
    #[prost(uint64, tag = "4")]
    pub artefacts_total: u64,
    /// Where the source is: repository, dataset, server; empty for files, whose names are paths.
    #[prost(string, tag = "5")]
    pub location: String,
    /// The newest runs of the set under the wrapper, newest first; at most [`crate::limits::RUNS_MAX`].
    #[prost(message, repeated, tag = "6")]
    pub runs: Vec<BackupRun>,
    /// PostgreSQL's archiver, when the source tells of it.
    #[prost(message, optional, tag = "7")]
    pub wal: Option<WalArchive>,
    /// The newest verifications, newest first; at most [`crate::limits::VERIFICATIONS_MAX`].
    #[prost(message, repeated, tag = "8")]
    pub verifications: Vec<BackupVerification>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message;

    /// The first protocol's artefact: what programs of that version read and write.
    #[derive(Clone, PartialEq, Message)]
    struct FirstArtefact {
        #[prost(string, tag = "1")]
        name: String,
        #[prost(int64, optional, tag = "3")]
        ended_at_ms: Option<i64>,
        #[prost(enumeration = "BackupStatus", tag = "6")]
        status: i32,
        #[prost(uint64, optional, tag = "7")]
        size_bytes: Option<u64>,
    }

    #[test]
    fn earlier_versions_read_and_are_read() {
        let new = BackupArtefact {
            name: "a".into(),
            ended_at_ms: Some(5),
            status: BackupStatus::Partial as i32,
            size_bytes: Some(7),
            references: vec!["b".into()],
            exit_code: Some(3),
            ..BackupArtefact::default()
        };
        let old = FirstArtefact::decode(new.encode_to_vec().as_slice()).expect("an older program reads it");
        assert_eq!((old.name.as_str(), old.ended_at_ms, old.status, old.size_bytes), ("a", Some(5), 2, Some(7)));
        let read = BackupArtefact::decode(old.encode_to_vec().as_slice()).expect("a newer program reads it");
        assert_eq!(read, BackupArtefact { references: Vec::new(), exit_code: None, ..new });
    }
}
