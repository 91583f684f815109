//! Whether files are whole: each is read once, in the background, and what was found is kept by the file's identity
//! (device, inode, size, modification), so that a dump of 50 GB is not read again every five minutes.
//!
//! One file at a time is read on this host, whatever the number of sets. A look waits a little for files that are read
//! quickly and otherwise tells what is known by then; the next look tells the rest. Memory is bounded: the files of the
//! newest [`KNOWN_MAX`] readings.

pub mod form;
pub mod stream;

use crate::clock::Clock;
use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use stream::{Content, Wholeness, read_content};

/// Most files whose reading is remembered: all that a host's sets list, several times over.
const KNOWN_MAX: usize = 4096;

/// How long a look waits for files to be read.
const PATIENCE: Duration = Duration::from_secs(15);

/// A larger file is not read where the assignment names no bound, in bytes.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024 * 1024;

/// Most files that one look has read.
const READINGS_MAX: usize = 8;

/// One state of one file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileKey {
    device: u64,
    inode: u64,
    size: u64,
    modified_ns: i128,
}

impl FileKey {
    /// Of a file as it is now.
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.len(),
            modified_ns: i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec()),
        }
    }
}

/// What is known of one state of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What reading it told.
    pub content: Content,
    /// When it was read, Unix ms.
    pub read_at_ms: i64,
}

/// How the files of one set are to be read.
#[derive(Debug, Clone)]
pub(crate) struct Demands {
    pub(crate) trailer: String,
    /// 0 is the own bound.
    pub(crate) bytes_max: u64,
}

#[derive(Debug, Default)]
struct Known {
    /// By file and trailer; the number says how new it is.
    readings: BTreeMap<(FileKey, String), (u64, Option<Reading>)>,
    newest: u64,
}

/// What was read on this host, and the reader.
#[derive(Debug, Clone, Default)]
pub(crate) struct Contents {
    known: Arc<Mutex<Known>>,
    /// Held while a file is read: one at a time.
    reading: Arc<Mutex<()>>,
}

impl Contents {
    /// What is known of these files after a little patience; has those read that are not known.
    pub(crate) async fn read(
        &self,
        files: Vec<(PathBuf, FileKey)>,
        demands: &Demands,
        clock: &Clock,
    ) -> BTreeMap<FileKey, Reading> {
        let unread: Vec<(PathBuf, FileKey)> = {
            let mut known = self.known();
            let unknown =
                files.iter().filter(|(_, key)| !known.readings.contains_key(&(*key, demands.trailer.clone())));
            let unread: Vec<_> = unknown.take(READINGS_MAX).cloned().collect();
            for (_, key) in &unread {
                known.put((*key, demands.trailer.clone()), None);
            }
            unread
        };
        if !unread.is_empty() {
            let (contents, demands, clock) = (self.clone(), demands.clone(), clock.clone());
            let reading = tokio::task::spawn_blocking(move || contents.read_each(unread, &demands, &clock));
            // Beyond the patience it goes on; the next look finds what it found.
            drop(tokio::time::timeout(PATIENCE, reading).await);
        }
        let known = self.known();
        let told = files.iter().filter_map(|(_, key)| {
            let (_, reading) = known.readings.get(&(*key, demands.trailer.clone()))?;
            Some((*key, reading.clone()?))
        });
        told.collect()
    }

    fn read_each(&self, files: Vec<(PathBuf, FileKey)>, demands: &Demands, clock: &Clock) {
        let _one_at_a_time = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        for (path, key) in files {
            let content = read_file(&path, key, demands, clock);
            let reading = content.map(|content| Reading { content, read_at_ms: clock.now().as_ms() });
            let mut known = self.known();
            match reading {
                Some(reading) => known.put((key, demands.trailer.clone()), Some(reading)),
                // Gone or changed meanwhile: its new state is another file.
                None => drop(known.readings.remove(&(key, demands.trailer.clone()))),
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn put(&mut self, key: (FileKey, String), reading: Option<Reading>) {
        self.newest += 1;
        self.readings.insert(key, (self.newest, reading));
        if self.readings.len() > KNOWN_MAX {
            let oldest = self.readings.iter().min_by_key(|(_, (age, _))| *age).map(|(key, _)| key.clone());
            oldest.and_then(|oldest| self.readings.remove(&oldest));
        }
    }
}

/// Reads one file; `None` when it is no longer the one that was listed.
fn read_file(path: &Path, key: FileKey, demands: &Demands, clock: &Clock) -> Option<Content> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => {
            let wholeness = Wholeness::NotRead(format!("cannot be opened: {error}"));
            return Some(Content { wholeness, header: None });
        }
    };
    let same = |file: &std::fs::File| file.metadata().is_ok_and(|metadata| FileKey::of(&metadata) == key);
    if !same(&file) {
        return None;
    }
    let again = file.try_clone().ok()?;
    let bytes_max = if demands.bytes_max == 0 { FILE_BYTES_MAX } else { demands.bytes_max };
    let content = read_content(file, key.size, &demands.trailer, bytes_max, clock);
    same(&again).then_some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_read_once_until_it_changes() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join("dump.sql");
        std::fs::write(&path, "-- MySQL dump 10.19\n").expect("writes");
        let contents = Contents::default();
        let demands = Demands { trailer: String::new(), bytes_max: 0 };
        let look = || async {
            let key = FileKey::of(&path.metadata().expect("metadata"));
            let files = vec![(path.clone(), key)];
            contents.read(files, &demands, &Clock::system()).await.remove(&key).expect("read").content.wholeness
        };
        assert!(matches!(look().await, Wholeness::Cut(_)));
        assert!(matches!(look().await, Wholeness::Cut(_)));
        assert_eq!(contents.known().newest, 2, "put once as awaited and once as read");
        std::fs::write(&path, "-- MySQL dump 10.19\nx\n-- Dump completed on x\n").expect("writes");
        assert_eq!(look().await, Wholeness::Whole { verified: false });
        assert_eq!(contents.known().newest, 4);
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut known = Known::default();
        for inode in 0..KNOWN_MAX as u64 + 5 {
            known.put((FileKey { device: 0, inode, size: 0, modified_ns: 0 }, String::new()), None);
        }
        assert_eq!(known.readings.len(), KNOWN_MAX);
        let first = known.readings.keys().next().map(|(key, _)| key.inode);
        assert_eq!(first, Some(5), "the oldest went");
    }
}
