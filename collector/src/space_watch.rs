//! Looks at the disk of the data folder every few seconds and after every write that failed, tries a write when one is
//! due, and tells the log what changed. What a look means is decided in [`crate::store`]; the growth of the file is
//! noted once an hour. Nothing here waits for the writer but the probe.

use crate::app::App;
use crate::clock::Clock;
use crate::config::settings::Settings;
use crate::http_error::Chain;
use crate::shutdown::stopped;
use crate::store::{Disk, ReadOnlyCause, SpaceChange, Store, StoreError};
use crate::system;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::watch;

/// How often the disk is looked at. A disk that fills at 50 MB/s loses as much as the default reserve in that time.
const PERIOD: Duration = Duration::from_secs(5);
/// The same while the store is read-only: the probes' shortest wait.
const PERIOD_READ_ONLY: Duration = Duration::from_secs(1);

/// Runs until told to stop.
pub(crate) async fn run(app: App, settings: Settings, mut stop: watch::Receiver<bool>) {
    app.store.keep_free(settings.reserve_bytes);
    app.store.keep_for(system::keep_of(&settings));
    loop {
        look(&app.store, &settings.data_dir, &app.clock).await;
        let read_only = app.store.space().read_only.is_some();
        tokio::select! {
            () = tokio::time::sleep(if read_only { PERIOD_READ_ONLY } else { PERIOD }) => {}
            () = app.store.write_failure() => {}
            () = stopped(&mut stop) => return,
        }
    }
}

/// One look and, when it is due, one probe.
async fn look(store: &Store, folder: &Path, clock: &Clock) {
    let disk = measure(folder.to_owned()).await;
    let looked = store.look_at_space(disk, clock.now());
    let probed = store.probe_space(clock.now()).await;
    if let Err(error) = weigh(store, clock).await {
        // A full disk is told by its own change.
        tracing::debug!(error = %Chain(&error), "the store's growth is not noted");
    }
    for change in [looked, probed].into_iter().flatten() {
        tell(change, store, clock);
    }
}

/// The store's own size, and once an hour its growth.
async fn weigh(store: &Store, clock: &Clock) -> Result<(), StoreError> {
    let own = store.clone();
    let size = tokio::task::spawn_blocking(move || own.size()).await.map_err(|_| StoreError::Closed)??;
    store.sized(size);
    if store.blind_since().is_some() { Ok(()) } else { store.note_growth(size, clock.now()).await }
}

/// What the system says of the disk; `None` when it says nothing, which closes nothing.
async fn measure(folder: PathBuf) -> Option<Disk> {
    // A network disk may hang: not on a thread that others need.
    let asked = tokio::task::spawn_blocking(move || disk_of(&folder)).await;
    match asked {
        Ok(Ok(disk)) => Some(disk),
        Ok(Err(error)) => {
            tracing::warn!(error = %Chain(&error), "cannot tell how much of the data folder's disk is free");
            None
        }
        Err(_) => None,
    }
}

/// The disk that holds `folder`, as this user may use it.
///
/// # Errors
/// The system's.
pub fn disk_of(folder: &Path) -> std::io::Result<Disk> {
    let stat = rustix::fs::statvfs(folder)?;
    let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
    Ok(Disk { free_bytes: bytes(stat.f_bavail), size_bytes: bytes(stat.f_blocks) })
}

fn tell(change: SpaceChange, store: &Store, clock: &Clock) {
    let space = store.space();
    let free_bytes = space.disk.map_or(0, |disk| disk.free_bytes);
    match change {
        SpaceChange::Closed(closed) => {
            let (cause, reserve_bytes) = (closed.cause.code(), space.reserve_bytes);
            let consequence = match closed.cause {
                ReadOnlyCause::LowSpace => "agents keep what they have, decisions use the reserve",
                ReadOnlyCause::WriteFailed => "agents keep what they have, nothing is judged",
            };
            tracing::error!(
                cause,
                free_bytes,
                reserve_bytes,
                consequence,
                "the store is read-only: make room on the disk of the data folder, it resumes by itself"
            );
        }
        SpaceChange::Opened { since } => {
            let seconds = clock.now().ms_since(since) / 1000;
            tracing::info!(seconds, free_bytes, refused = space.refused, "the store takes writes again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pantau_shared::timestamp::Timestamp;

    #[tokio::test]
    async fn a_look_closes_and_opens_by_what_the_disk_says() {
        let folder = tempfile::tempdir().expect("folder");
        let clock = Clock::manual(Timestamp::from_secs(1_790_000_000));
        let store = Store::open(&folder.path().join("pantau.db"), clock.now()).expect("opens");
        let disk = disk_of(folder.path()).expect("a disk");
        assert!(disk.free_bytes > 0 && disk.size_bytes >= disk.free_bytes, "{disk:?}");
        store.keep_free(u64::MAX);
        look(&store, folder.path(), &clock).await;
        let closed = store.space().read_only.expect("no disk is that large");
        assert_eq!((closed.cause, closed.since), (ReadOnlyCause::LowSpace, clock.now()));
        assert!(store.admit_facts().is_err());
        store.write(|writer| writer.save_setting("decision", "kept")).await.expect("decisions use the reserve");
        store.keep_free(0);
        clock.advance_ms(1_000);
        look(&store, folder.path(), &clock).await;
        assert_eq!(store.space().read_only, None);
        assert!(store.admit_facts().is_ok());
        let left: Vec<_> = std::fs::read_dir(folder.path()).expect("reads").flatten().map(|e| e.file_name()).collect();
        assert!(left.iter().all(|name| !name.to_string_lossy().contains("probe")), "{left:?}");
    }

    #[tokio::test]
    async fn what_the_system_does_not_tell_closes_nothing() {
        assert_eq!(measure(PathBuf::from("/nowhere/at/all")).await, None);
    }
}
