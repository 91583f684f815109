//! Secrets of receivers: read from files when the collector starts, never from the configuration itself.

use std::path::{Path, PathBuf};

/// Why a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("cannot read the secret `{}`", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: std::io::Error,
    },
    /// Too short, or not text.
    #[error("secret `{}` must be text of at least {min} bytes", path.display())]
    Bad {
        /// Which file.
        path: PathBuf,
        /// How many.
        min: usize,
    },
}

/// The text in a file without white space around it, of at least `min` bytes.
pub(crate) fn read(path: &Path, min: usize) -> Result<String, SecretError> {
    let bytes = std::fs::read(path).map_err(|source| SecretError::Read { path: path.to_owned(), source })?;
    let bad = || SecretError::Bad { path: path.to_owned(), min };
    let text = std::str::from_utf8(bytes.trim_ascii()).map_err(|_| bad())?;
    if text.len() < min { Err(bad()) } else { Ok(text.to_owned()) }
}
