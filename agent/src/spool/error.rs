//! Why the spool cannot do something.

use super::record::BODY_BYTES_MAX;
use std::io;
use std::path::PathBuf;

/// Why the spool cannot do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// The directory cannot be made or listed.
    #[error("cannot use spool directory {path}")]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process has it open.
    #[error("spool directory {path} is in use by another process")]
    InUse {
        /// Which.
        path: PathBuf,
    },
    /// The cursor file cannot be read or written.
    #[error("cannot use spool cursor {path}")]
    Cursor {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A new segment cannot be made.
    #[error("cannot create spool segment {path}")]
    CreateSegment {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A segment cannot be read.
    #[error("cannot read spool segment {path}")]
    ReadSegment {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A record cannot be written.
    #[error("cannot write to spool segment {path}")]
    Append {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An observation above the bound.
    #[error("observation of {size} bytes is larger than {BODY_BYTES_MAX}")]
    TooLarge {
        /// Its size.
        size: usize,
    },
}

impl SpoolError {
    /// Whether the file system had no room.
    pub(super) fn is_no_space(&self) -> bool {
        let (Self::Append { source, .. } | Self::CreateSegment { source, .. }) = self else {
            return false;
        };
        matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}
