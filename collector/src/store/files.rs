//! Files beside the store: their names, their room, and how they become durable. Knows nothing of what is in them.

use super::copy_error::{CopyError, file_failed};
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Share of a file system that a copy leaves free, as its reciprocal; at most [`RESERVE_BYTES_MAX`].
const RESERVE_PART: u64 = 20;
/// The most that a copy leaves free, in bytes.
const RESERVE_BYTES_MAX: u64 = 512 * 1024 * 1024;
const IO_REMEDY: &str = "the disk may be full or failing; see the system's words";

/// `path` with `suffix` added to its name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// The folder a file is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A new or renamed file is durable only when its name is.
pub(super) fn sync_folder(path: &Path) -> Result<(), CopyError> {
    let folder = folder_of(path);
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(file_failed("make durable", folder, IO_REMEDY))
}

/// Bytes that may still be written where `path` is to be, without the reserve.
pub(super) fn room_for(path: &Path) -> Result<u64, CopyError> {
    let folder = folder_of(path);
    let remedy = "the folder must exist and be readable for this user";
    let stat = rustix::fs::statvfs(folder)
        .map_err(|error| file_failed("ask for the free space of", folder, remedy)(error.into()))?;
    let reserve = (stat.f_blocks.saturating_mul(stat.f_frsize) / RESERVE_PART).min(RESERVE_BYTES_MAX);
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize).saturating_sub(reserve))
}

/// Refuses what does not fit.
pub(super) fn ensure_room(path: &Path, needed: u64) -> Result<(), CopyError> {
    let free = room_for(path)?;
    if needed > free {
        return Err(CopyError::NoSpace { path: path.to_owned(), needed, free });
    }
    Ok(())
}

/// Bytes of the store's file and its log.
pub(super) fn size_with_log(path: &Path) -> u64 {
    [path.to_owned(), beside(path, "-wal")].iter().filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum()
}

/// Removes a file; one that is not there is as good.
pub(super) fn remove_if_there(path: &Path) -> Result<(), CopyError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(file_failed("remove", path, "it must belong to this user")(error))
        }
        _ => Ok(()),
    }
}

/// SHA-256 of a file in hex; `tell` hears of the bytes read and says whether to go on.
pub(super) fn sha256(path: &Path, tell: &mut dyn FnMut(u64) -> bool) -> Result<String, CopyError> {
    let remedy = "the file must be readable for this user, and its disk sound";
    let mut file = File::open(path).map_err(file_failed("read", path, remedy))?;
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    let (mut piece, mut done) = (vec![0; 1024 * 1024], 0);
    loop {
        let read = file.read(&mut piece).map_err(file_failed("read", path, remedy))?;
        if read == 0 {
            return Ok(hex::encode(context.finish()));
        }
        context.update(&piece[..read]);
        done += read as u64;
        if !tell(done) {
            return Err(CopyError::Stopped);
        }
    }
}
