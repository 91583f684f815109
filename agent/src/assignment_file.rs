//! The assignment kept on disk, so that an agent restarted without its collector goes on probing.
//! One file: CRC-32 of the rest, then the encoded [`Assignment`]. A damaged file counts as none.

use crate::identity::{IdentityError, save_private};
use pantau_shared::assignment::Assignment;
use pantau_shared::limits::{ASSIGNED_MAX, REPLY_BYTES_MAX};
use prost::Message;
use std::path::Path;

fn encode(assignment: &Assignment) -> Vec<u8> {
    let body = assignment.encode_to_vec();
    [crc32fast::hash(&body).to_le_bytes().as_slice(), &body].concat()
}

fn parse(bytes: &[u8]) -> Option<Assignment> {
    let (crc, body) = bytes.split_at_checked(4)?;
    if crc32fast::hash(body).to_le_bytes() != crc {
        return None;
    }
    Assignment::decode(body).ok()
}

/// Loads the assignment of before; none when there is none, or it is damaged.
pub(crate) fn load(data_dir: &Path) -> Option<Assignment> {
    use std::io::Read;
    let file = std::fs::File::open(data_dir.join("assignment")).ok()?;
    let mut bytes = Vec::new();
    file.take(REPLY_BYTES_MAX as u64 + 4).read_to_end(&mut bytes).ok()?;
    let assignment = parse(&bytes);
    if assignment.is_none() {
        tracing::warn!("kept assignment is damaged: waiting for the collector's");
    }
    assignment
}

/// Keeps the assignment.
pub(crate) fn save(data_dir: &Path, assignment: &Assignment) -> Result<(), IdentityError> {
    save_private(&data_dir.join("assignment"), &encode(assignment))
}

/// Cuts an assignment to the bounds both sides know; a collector that keeps them loses nothing.
pub(crate) fn keep_bounds(mut assignment: Assignment) -> Assignment {
    if assignment.checks.len() > ASSIGNED_MAX || assignment.backups.len() > ASSIGNED_MAX {
        tracing::error!(bound = ASSIGNED_MAX, "assignment holds too many entries: the rest is left out");
        assignment.checks.truncate(ASSIGNED_MAX);
        assignment.backups.truncate(ASSIGNED_MAX);
    }
    assignment
}

#[cfg(test)]
mod tests {
    use super::*;
    use pantau_shared::assignment::CheckSpec;

    fn assignment(checks: usize) -> Assignment {
        Assignment { revision: 5, checks: vec![CheckSpec::default(); checks], ..Assignment::default() }
    }

    #[test]
    fn survives_and_damage_counts_as_none() {
        let dir = tempfile::tempdir().expect("temporary directory");
        assert_eq!(load(dir.path()), None);
        save(dir.path(), &assignment(2)).expect("saves");
        assert_eq!(load(dir.path()), Some(assignment(2)));
        let bytes = encode(&assignment(2));
        for cut in 0..bytes.len() {
            assert_eq!(parse(&bytes[..cut]), None, "{cut}");
        }
        std::fs::write(dir.path().join("assignment"), b"12345678").expect("writes");
        assert_eq!(load(dir.path()), None);
    }

    #[test]
    fn bounds_are_kept() {
        assert_eq!(keep_bounds(assignment(ASSIGNED_MAX + 1)).checks.len(), ASSIGNED_MAX);
        assert_eq!(keep_bounds(assignment(3)), assignment(3));
    }
}
