//! What an agent saw of a backup set. It looks; whether that is fresh enough, the collector judges.

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
}
