//! One segment file: its name, its header, creating and reading it. Layout in [`crate::spool`].

use super::SpoolError;
use super::record::{u32_at, u64_at};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const MAGIC: [u8; 8] = *b"PANTAUSG";
const VERSION: u32 = 1;
const SUFFIX: &str = ".segment";

/// Bytes of a segment's header; records follow.
pub(super) const HEADER_BYTES: u64 = 76;

/// What a segment's header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) stream: [u8; 16],
    pub(super) first_seq: u64,
    /// The kernel's boot id when the segment was made; empty when the header is destroyed.
    pub(super) boot_id: String,
}

/// A segment known to the spool.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) path: PathBuf,
    pub(super) header: Header,
    /// Bytes of the file that are in use, header included.
    pub(super) size: u64,
    /// Wall time of the newest record in Unix ms, or of the file's last change.
    pub(super) last_wall_ms: i64,
    /// Time since boot of the newest record, when this process wrote it.
    pub(super) last_boot_ms: Option<u64>,
    /// Kept open while the segment is read or written.
    pub(super) file: Option<Arc<File>>,
}

impl Header {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES as usize);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.stream);
        bytes.extend_from_slice(&self.first_seq.to_le_bytes());
        let mut boot = [0; 36];
        let length = self.boot_id.len().min(boot.len());
        boot[..length].copy_from_slice(&self.boot_id.as_bytes()[..length]);
        bytes.extend_from_slice(&boot);
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    /// Reads a header; `None` when it is destroyed.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..HEADER_BYTES as usize)?;
        let sound =
            bytes[..8] == MAGIC && u32_at(bytes, 8) == VERSION && u32_at(bytes, 72) == crc32fast::hash(&bytes[..72]);
        if !sound {
            return None;
        }
        let mut stream = [0; 16];
        stream.copy_from_slice(&bytes[12..28]);
        let boot_id = std::str::from_utf8(&bytes[36..72]).ok()?.trim_end_matches('\0').to_owned();
        Some(Self { stream, first_seq: u64_at(bytes, 28), boot_id })
    }
}

/// The first number of the segment with this file name.
pub(super) fn parse_file_name(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    (digits.len() == 20).then(|| digits.parse().ok()).flatten()
}

impl Segment {
    /// Makes a new, empty segment in `dir`.
    pub(super) fn create(dir: &Path, header: Header, wall_ms: i64, boot_ms: u64) -> Result<Self, SpoolError> {
        let path = dir.join(format!("{:020}{SUFFIX}", header.first_seq));
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path);
        let file = file.map_err(|source| SpoolError::CreateSegment { path: path.clone(), source })?;
        if let Err(source) = file.write_all_at(&header.encode(), 0) {
            // Half a header holds no record; without this the name would be taken for the next attempt.
            if let Err(error) = std::fs::remove_file(&path) {
                tracing::warn!(%error, path = %path.display(), "cannot remove half-made segment");
            }
            return Err(SpoolError::CreateSegment { path, source });
        }
        let (last_wall_ms, last_boot_ms) = (wall_ms, Some(boot_ms));
        Ok(Self { path, header, size: HEADER_BYTES, last_wall_ms, last_boot_ms, file: Some(Arc::new(file)) })
    }

    /// Opens the existing segment at `path`. A destroyed header is replaced by what the name tells.
    pub(super) fn open(path: PathBuf, first_seq: u64, stream: Option<[u8; 16]>) -> Result<(Self, bool), SpoolError> {
        let failed = |source| SpoolError::ReadSegment { path: path.clone(), source };
        let file = File::open(&path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        let mut bytes = vec![0; HEADER_BYTES.min(metadata.len()) as usize];
        file.read_exact_at(&mut bytes, 0).map_err(failed)?;
        let read = Header::parse(&bytes).filter(|header| header.first_seq == first_seq);
        let sound = read.is_some();
        let header = read.unwrap_or(Header { stream: stream.unwrap_or_default(), first_seq, boot_id: String::new() });
        let last_wall_ms = changed_at_ms(&metadata);
        let segment = Self { path, header, size: metadata.len(), last_wall_ms, last_boot_ms: None, file: None };
        Ok((segment, sound))
    }

    /// Reads at most `bytes_max` bytes from `offset`.
    pub(super) fn read(&mut self, offset: u64, bytes_max: u64) -> Result<Vec<u8>, SpoolError> {
        let failed = |source| SpoolError::ReadSegment { path: self.path.clone(), source };
        let file = match &self.file {
            Some(file) => Arc::clone(file),
            None => Arc::new(File::open(&self.path).map_err(failed)?),
        };
        let mut bytes = vec![0; self.size.saturating_sub(offset).min(bytes_max) as usize];
        file.read_exact_at(&mut bytes, offset).map_err(failed)?;
        self.file = Some(file);
        Ok(bytes)
    }
}

fn changed_at_ms(metadata: &std::fs::Metadata) -> i64 {
    use std::os::unix::fs::MetadataExt;
    metadata.mtime().saturating_mul(1000).saturating_add(metadata.mtime_nsec() / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_survives_and_damage_is_seen() {
        let header = Header { stream: [3; 16], first_seq: 9, boot_id: "db2dfb42-8c5b-44e7-a0d6-14c68c631b93".into() };
        let bytes = header.encode();
        assert_eq!(bytes.len() as u64, HEADER_BYTES);
        assert_eq!(Header::parse(&bytes), Some(header));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Header::parse(&flipped), None, "{bit}");
        }
    }

    #[test]
    fn only_own_names_are_segments() {
        assert_eq!(parse_file_name("00000000000000000042.segment"), Some(42));
        for name in ["42.segment", "0000000000000000004x.segment", "00000000000000000042.tmp", "cursor"] {
            assert_eq!(parse_file_name(name), None, "{name}");
        }
    }
}
