//! Copies while the collector runs, and the check of the file after an unclean end.
//!
//! ```text
//! start ──► look into the folder ──► wait until the newest copy is `every` old (at least SETTLE after the start)
//!     ▲                                  │
//!     └── prune to `keep`, newest last ◄─┴─► copy ──► failed: told, counted, tried again after RETRY
//! ```
//!
//! A copy's time is in its name (`pantau-20260304T101500Z.db`); a restart does not make one early. Only complete, checked
//! copies have such a name, so pruning to `keep` (at least one) never takes the last good one, and it never takes the one
//! just made. Both pieces of work run on a blocking thread, pause, and stop when the collector does.

use super::view::{CopyFailure, CopyView, Integrity};
use crate::app::App;
use crate::clock::Clock;
use crate::config::settings::{OwnBackupSettings, Settings};
use crate::shutdown::stopped;
use crate::store::backup::{self, Progress, Request, hash_file};
use crate::store::integrity::{Depth, check_store};
use crate::store::restore::file_time;
use anyhow::{Context, Result};
use pantau_shared::timestamp::Timestamp;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// After a start agents deliver what they kept; no copy and no check before this many seconds.
const SETTLE_S: i64 = 60;
/// After a failure the next try comes this many seconds later, or after the period where that is shorter.
const RETRY_S: i64 = 3_600;
/// The clock may be set; it is looked at this often.
const LOOK: Duration = Duration::from_secs(15);
/// Pause after each step of a copy (one MiB).
const COPY_PAUSE: Duration = Duration::from_millis(5);
/// The check works this long, then pauses.
const CHECK_WORK_MS: i64 = 20;
const CHECK_PAUSE: Duration = Duration::from_millis(40);
/// Most findings shown on a page and in the log.
const FINDINGS_SHOWN: usize = 10;

/// Makes copies until told to stop.
pub(crate) async fn run(app: App, settings: Settings, mut stop: watch::Receiver<bool>) {
    let (folder, schedule) = (settings.copies_folder(), settings.own_backup.clone());
    app.own_backup.update(|view| {
        view.enabled = schedule.enabled;
        view.folder.clone_from(&folder);
    });
    show_copies(&app, &folder);
    if !schedule.enabled {
        return stopped(&mut stop).await;
    }
    let asked = Arc::new(AtomicBool::new(false));
    let mut earliest = app.clock.now().plus_secs(SETTLE_S);
    loop {
        let next_at = due(&copies_in(&folder), &schedule, app.clock.now(), earliest);
        app.own_backup.update(|view| view.next_at = Some(next_at));
        tokio::select! {
            () = until(&app.clock, next_at) => {}
            () = stopped(&mut stop) => return,
        }
        let copying = copy(&app, settings.clone(), Arc::clone(&asked));
        tokio::pin!(copying);
        let done = tokio::select! {
            done = &mut copying => done,
            () = stopped(&mut stop) => {
                asked.store(true, Ordering::Relaxed);
                // It ends at its next step; its result does not matter any more.
                copying.await.ok();
                return;
            }
        };
        match done {
            Ok(made) => succeeded(&app, &folder, &made, schedule.keep),
            Err(error) => failed(&app, &error),
        }
        earliest = app.clock.now().plus_secs(RETRY_S.min(i64::from(schedule.every_s)));
    }
}

async fn until(clock: &Clock, at: Timestamp) {
    while let left @ 1.. = at.ms_since(clock.now()) {
        tokio::time::sleep(LOOK.min(Duration::from_millis(left.unsigned_abs()))).await;
    }
}

/// When the next copy is due. A copy from the future (the clock was wrong) holds nothing back.
fn due(copies: &[CopyView], schedule: &OwnBackupSettings, now: Timestamp, earliest: Timestamp) -> Timestamp {
    let newest = copies.iter().map(|copy| copy.made_at).filter(|made_at| *made_at <= now).max();
    newest.map_or(earliest, |newest| newest.plus_secs(i64::from(schedule.every_s)).max(earliest))
}

async fn copy(app: &App, settings: Settings, asked: Arc<AtomicBool>) -> Result<PathBuf> {
    let (store, now) = (app.store.path().to_owned(), app.clock.now());
    let work = move || {
        let folder = settings.copies_folder();
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .with_context(|| format!("cannot make the folder `{}`; change [backup] folder", folder.display()))?;
        backup::remove_left_behind(&folder, |name| time_of_name(name).is_some());
        let to = folder.join(format!("pantau-{}.db", file_time(now)));
        let files = super::kept_files(&settings)?;
        let request = Request { store: &store, to: &to, files: &files, made_at: now, replace: true, pause: COPY_PAUSE };
        backup::make(&request, &mut |_| !asked.load(Ordering::Relaxed))?;
        Ok(to)
    };
    tokio::task::spawn_blocking(work).await?
}

fn succeeded(app: &App, folder: &Path, made: &Path, keep: u32) {
    let copies = copies_in(folder);
    let others = copies.iter().filter(|copy| copy.path != made);
    for copy in others.skip(keep.saturating_sub(1) as usize) {
        let removed = std::fs::remove_file(hash_file(&copy.path)).or_else(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        });
        if let Err(error) = removed.and_then(|()| std::fs::remove_file(&copy.path)) {
            tracing::warn!(%error, path = %copy.path.display(), "an old copy stays");
        }
    }
    tracing::info!(path = %made.display(), "own copy made");
    app.own_backup.update(|view| view.last_error = None);
    show_copies(app, folder);
}

fn failed(app: &App, error: &anyhow::Error) {
    let reason = format!("{error:#}");
    tracing::error!(error = reason, "own copy failed");
    let at = app.clock.now();
    app.own_backup.update(|view| {
        view.failures += 1;
        view.last_error = Some(CopyFailure { at, reason });
    });
}

fn show_copies(app: &App, folder: &Path) {
    let copies = copies_in(folder);
    app.own_backup.update(|view| {
        view.last_success_at = copies.first().map(|copy| copy.made_at);
        view.copies = copies;
    });
}

/// The copies in the folder, newest first; none when there is no folder.
pub(super) fn copies_in(folder: &Path) -> Vec<CopyView> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut copies: Vec<CopyView> = entries
        .filter_map(|entry| {
            let made_at = time_of_name(entry.file_name().to_str()?)?;
            Some(CopyView { path: entry.path(), made_at, bytes: entry.metadata().ok()?.len() })
        })
        .collect();
    copies.sort_by_key(|copy| std::cmp::Reverse(copy.made_at));
    copies
}

/// The instant in `pantau-20260304T101500Z.db`.
fn time_of_name(name: &str) -> Option<Timestamp> {
    let digits = name.strip_prefix("pantau-")?.strip_suffix("Z.db")?;
    let (date, time) = digits.split_once('T')?;
    if date.len() != 8 || time.len() != 6 || !(date.is_ascii() && time.is_ascii()) {
        return None;
    }
    let (year, month, day) = (&date[..4], &date[4..6], &date[6..]);
    let (hour, minute, second) = (&time[..2], &time[2..4], &time[4..]);
    Timestamp::parse_rfc3339(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z")).ok()
}

/// Checks the file in the background when the last stop was not a clean one.
pub(crate) async fn check_after_unclean_end(app: App, mut stop: watch::Receiver<bool>) {
    if app.store.wants_check() {
        tracing::warn!("the last stop was not a clean one; the store is checked in the background");
        let total = 0;
        app.own_backup.update(|view| view.integrity = Integrity::Checking { done: 0, total });
        let begin = app.clock.now().plus_secs(SETTLE_S);
        tokio::select! {
            () = until(&app.clock, begin) => check(&app, &mut stop).await,
            () = stopped(&mut stop) => return,
        }
    }
    stopped(&mut stop).await;
}

async fn check(app: &App, stop: &mut watch::Receiver<bool>) {
    let asked = Arc::new(AtomicBool::new(false));
    let (own, hears) = (app.clone(), Arc::clone(&asked));
    let work = move || {
        let mut began = own.clock.now();
        let tell = &mut |Progress { done, total, .. }: Progress| {
            if own.clock.now().ms_since(began) >= CHECK_WORK_MS {
                own.own_backup.update(|view| view.integrity = Integrity::Checking { done, total });
                std::thread::sleep(CHECK_PAUSE);
                began = own.clock.now();
            }
            !hears.load(Ordering::Relaxed)
        };
        check_store(own.store.path(), Depth::Pieces, tell)
    };
    let mut checking = tokio::task::spawn_blocking(work);
    let checked = tokio::select! {
        checked = &mut checking => checked,
        () = stopped(stop) => {
            asked.store(true, Ordering::Relaxed);
            checking.await.ok();
            return;
        }
    };
    let integrity = match checked.map_err(anyhow::Error::from).and_then(|checked| Ok(checked?)) {
        Ok(findings) if findings.is_empty() => {
            tracing::info!("the store is whole after an unclean end");
            app.store.found_whole();
            Integrity::Whole { at: app.clock.now() }
        }
        Ok(findings) => {
            let findings: Vec<String> = findings.iter().take(FINDINGS_SHOWN).map(ToString::to_string).collect();
            let path = app.store.path().display();
            tracing::error!(%path, ?findings, "the store is damaged: {}", super::command::REMEDY);
            Integrity::Damaged { findings }
        }
        Err(error) => {
            let reason = format!("{error:#}");
            tracing::error!(error = reason, "the store could not be checked");
            Integrity::Unknown { reason }
        }
    };
    app.own_backup.update(|view| view.integrity = integrity);
}

#[cfg(test)]
mod tests;
