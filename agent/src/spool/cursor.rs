//! The cursor file: the stream's name, what the collector has acknowledged, and what was dropped behind that.
//! Written in place, 72 bytes with a checksum. Layout in [`crate::spool`].

use super::SpoolError;
use super::record::{u32_at, u64_at};
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const MAGIC: [u8; 8] = *b"PANTAUCU";
const VERSION: u32 = 1;
const BYTES: usize = 72;
const UNKNOWN: i64 = i64::MIN;

/// Why numbers between the acknowledged one and the oldest record are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LossReason {
    /// Nothing is gone, or nobody knows why.
    Unknown,
    /// The byte cap.
    Full,
    /// The age cap.
    Old,
    /// The file system had no room.
    NoSpace,
    /// The collector does not take it.
    Rejected,
}

impl LossReason {
    /// The words of the gap record.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Unknown => "record damaged",
            Self::Full => "spool full",
            Self::Old => "spool too old",
            Self::NoSpace => "no space on disk",
            Self::Rejected => "refused by the collector",
        }
    }
}

/// What the cursor file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) stream: [u8; 16],
    pub(super) acked_seq: u64,
    /// Numbers behind `acked_seq` up to this one are not to be sent, though they may still be here.
    pub(super) skip_seq: u64,
    pub(super) reason: LossReason,
    /// Wall time of the oldest observation lost behind `acked_seq`.
    pub(super) lost_from_ms: Option<i64>,
    /// Wall time of the newest one.
    pub(super) lost_to_ms: Option<i64>,
}

impl Cursor {
    fn encode(&self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[12..28].copy_from_slice(&self.stream);
        bytes[28..36].copy_from_slice(&self.acked_seq.to_le_bytes());
        bytes[36..44].copy_from_slice(&self.lost_from_ms.unwrap_or(UNKNOWN).to_le_bytes());
        bytes[44..52].copy_from_slice(&self.lost_to_ms.unwrap_or(UNKNOWN).to_le_bytes());
        bytes[52] = match self.reason {
            LossReason::Unknown => 0,
            LossReason::Full => 1,
            LossReason::Old => 2,
            LossReason::NoSpace => 3,
            LossReason::Rejected => 4,
        };
        bytes[53..61].copy_from_slice(&self.skip_seq.to_le_bytes());
        let crc = crc32fast::hash(&bytes[..68]);
        bytes[68..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..BYTES)?;
        let sound =
            bytes[..8] == MAGIC && u32_at(bytes, 8) == VERSION && u32_at(bytes, 68) == crc32fast::hash(&bytes[..68]);
        if !sound {
            return None;
        }
        let time = |at| Some(u64_at(bytes, at).cast_signed()).filter(|&ms| ms != UNKNOWN);
        let mut stream = [0; 16];
        stream.copy_from_slice(&bytes[12..28]);
        let reason = match bytes[52] {
            1 => LossReason::Full,
            2 => LossReason::Old,
            3 => LossReason::NoSpace,
            4 => LossReason::Rejected,
            _ => LossReason::Unknown,
        };
        let (acked_seq, skip_seq) = (u64_at(bytes, 28), u64_at(bytes, 53));
        Some(Self { stream, acked_seq, skip_seq, reason, lost_from_ms: time(36), lost_to_ms: time(44) })
    }
}

/// The open cursor file.
#[derive(Debug)]
pub(super) struct CursorFile {
    path: PathBuf,
    file: File,
}

impl CursorFile {
    /// Opens or makes the file in `dir`; the content is `None` when there is none or it is destroyed.
    pub(super) fn open(dir: &Path) -> Result<(Self, Option<Cursor>), SpoolError> {
        let path = dir.join("cursor");
        let failed = |source| SpoolError::Cursor { path: path.clone(), source };
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SpoolError::InUse { path: dir.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(SpoolError::Cursor { path, source }),
        }
        let mut bytes = [0; BYTES];
        let found = file.read_exact_at(&mut bytes, 0).is_ok();
        let cursor = found.then(|| Cursor::parse(&bytes)).flatten();
        Ok((Self { path, file }, cursor))
    }

    /// Writes the content; with `sync` it is on stable storage on return.
    pub(super) fn write(&self, cursor: &Cursor, sync: bool) -> Result<(), SpoolError> {
        let written = self.file.write_all_at(&cursor.encode(), 0);
        let done = if sync { written.and_then(|()| self.file.sync_data()) } else { written };
        done.map_err(|source| SpoolError::Cursor { path: self.path.clone(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_and_damage_is_seen() {
        for reason in
            [LossReason::Unknown, LossReason::Full, LossReason::Old, LossReason::NoSpace, LossReason::Rejected]
        {
            let cursor = Cursor {
                stream: [5; 16],
                acked_seq: 77,
                skip_seq: 78,
                reason,
                lost_from_ms: Some(-1),
                lost_to_ms: None,
            };
            let bytes = cursor.encode();
            assert_eq!(Cursor::parse(&bytes), Some(cursor));
            for bit in 0..BYTES * 8 {
                let mut flipped = bytes;
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(Cursor::parse(&flipped), None, "{bit}");
            }
        }
    }
}
