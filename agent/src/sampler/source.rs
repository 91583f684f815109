//! Reading one kernel file whole, with a bound, under a root that tests can move.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Largest kernel file read, in bytes; `/proc/stat` of a machine with hundreds of cores is about 100 KiB.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Why a source gives nothing in this cycle.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// The file cannot be opened or read.
    #[error("cannot read {path}")]
    Read { path: PathBuf, source: io::Error },
    /// The file is larger than any kernel writes it.
    #[error("{path} is larger than {FILE_BYTES_MAX} bytes")]
    TooLarge { path: PathBuf },
    /// The text is not what the kernel documents.
    #[error("cannot understand `{text}`")]
    Malformed { text: String },
}

impl SourceError {
    /// For text that cannot be understood; keeps the beginning of it.
    pub(crate) fn malformed(text: &str) -> Self {
        Self::Malformed { text: text.chars().take(60).collect() }
    }

    /// Whether the kernel does not have the source: no such file, or one that it was started without.
    pub(crate) fn is_absence(&self) -> bool {
        let switched_off = Some(rustix::io::Errno::OPNOTSUPP.raw_os_error());
        matches!(self, Self::Read { source, .. }
            if source.kind() == io::ErrorKind::NotFound || source.raw_os_error() == switched_off)
    }
}

/// Reads `path` under `root` into `buffer`, which is emptied first, and gives its text.
pub(crate) fn read_source<'a>(root: &Path, path: &str, buffer: &'a mut Vec<u8>) -> Result<&'a str, SourceError> {
    let path = root.join(path);
    buffer.clear();
    let read = File::open(&path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(buffer));
    match read {
        Err(source) => return Err(SourceError::Read { path, source }),
        Ok(size) if size as u64 > FILE_BYTES_MAX => return Err(SourceError::TooLarge { path }),
        Ok(_) => {}
    }
    std::str::from_utf8(buffer).map_err(|_| SourceError::Malformed { text: format!("{} as UTF-8", path.display()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_without_a_source_is_told_from_one_that_cannot_be_read() {
        let read = |source: io::Error| SourceError::Read { path: "x".into(), source };
        assert!(read(io::ErrorKind::NotFound.into()).is_absence());
        assert!(read(rustix::io::Errno::OPNOTSUPP.into()).is_absence());
        assert!(!read(io::ErrorKind::PermissionDenied.into()).is_absence());
        assert!(!SourceError::malformed("x").is_absence());
    }

    #[test]
    fn bounds_and_missing_files_are_errors() {
        let root = tempfile::tempdir().expect("temporary directory");
        let mut buffer = b"before".to_vec();
        std::fs::write(root.path().join("small"), "text").expect("writes");
        assert_eq!(read_source(root.path(), "small", &mut buffer).expect("reads"), "text");
        std::fs::write(root.path().join("large"), vec![b'x'; FILE_BYTES_MAX as usize + 1]).expect("writes");
        assert!(matches!(read_source(root.path(), "large", &mut buffer), Err(SourceError::TooLarge { .. })));
        assert!(matches!(read_source(root.path(), "none", &mut buffer), Err(SourceError::Read { .. })));
        std::fs::write(root.path().join("binary"), [0xff]).expect("writes");
        assert!(matches!(read_source(root.path(), "binary", &mut buffer), Err(SourceError::Malformed { .. })));
    }
}
