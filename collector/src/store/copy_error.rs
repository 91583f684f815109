//! Why a copy could not be made, read, checked or put back. Each text names the file, what was tried and the remedy.

use rusqlite::ErrorCode;
use std::path::{Path, PathBuf};

/// See the module.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// A file cannot be used.
    #[error("cannot {operation} `{}`: {remedy}", path.display())]
    File {
        /// What was tried.
        operation: &'static str,
        /// Which file.
        path: PathBuf,
        /// What to do.
        remedy: &'static str,
        /// The system's words.
        #[source]
        source: std::io::Error,
    },
    /// The database refused.
    #[error("cannot {operation} `{}`; `pantau-collector verify` tells whether the store is damaged", path.display())]
    Database {
        /// What was tried.
        operation: &'static str,
        /// Which file.
        path: PathBuf,
        /// Its own words.
        #[source]
        source: Box<rusqlite::Error>,
    },
    /// The file system has too little room; nothing was written.
    #[error(
        "`{}` needs {needed} bytes and its file system can give {free}; free some space, or choose a folder elsewhere",
        path.display()
    )]
    NoSpace {
        /// What was to be written.
        path: PathBuf,
        /// Bytes it takes.
        needed: u64,
        /// Bytes free, less the reserve that is never used up.
        free: u64,
    },
    /// Something is there already.
    #[error("`{}` exists already; choose another name, or add --force to replace it", path.display())]
    Exists {
        /// What.
        path: PathBuf,
    },
    /// Neither a store nor a copy of one.
    #[error("`{}` is neither a store of Pantau nor a copy of one; name a file made by `pantau-collector backup`", path.display())]
    Foreign {
        /// What was named.
        path: PathBuf,
    },
    /// Made by a newer program.
    #[error("`{}` has schema {found}, this program knows up to {known}; use the newer program", path.display())]
    Newer {
        /// What was named.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// Its check found faults.
    #[error("`{}` is damaged and is not used: {finding}; take an older copy", path.display())]
    Damaged {
        /// What was checked.
        path: PathBuf,
        /// The first fault.
        finding: String,
    },
    /// The file is not the one whose hash was noted beside it.
    #[error("`{}` is not what its `.sha256` says: it has changed since it was made; take another copy", path.display())]
    HashDiffers {
        /// What was named.
        path: PathBuf,
    },
    /// A collector has the store open.
    #[error("the store `{}` is in use; stop the collector first (systemctl stop pantau-collector)", path.display())]
    InUse {
        /// The store.
        path: PathBuf,
    },
    /// Asked to stop; nothing was left behind.
    #[error("stopped before it was done; nothing was changed")]
    Stopped,
}

/// Turns an I/O error into ours.
pub(super) fn file_failed(
    operation: &'static str,
    path: &Path,
    remedy: &'static str,
) -> impl FnOnce(std::io::Error) -> CopyError {
    let path = path.to_owned();
    move |source| CopyError::File { operation, path, remedy, source }
}

/// Turns the database's error into ours.
pub(super) fn database_failed(operation: &'static str, path: &Path) -> impl FnOnce(rusqlite::Error) -> CopyError {
    let path = path.to_owned();
    move |source| match source.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            let remedy = "the disk that is written to is full; free some space, or choose another";
            CopyError::File { operation, path, remedy, source: std::io::Error::other(source) }
        }
        _ => CopyError::Database { operation, path, source: Box::new(source) },
    }
}
