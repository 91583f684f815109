//! Looks at a backup set and says what is there. Whether that is fresh enough, the collector judges.
//!
//! ```text
//! source (files | restic | borg | pgBackRest | WAL archiver | ZFS | runs) → artefacts ─┐
//! records of `pantau-agent backup-run` → runs ──────────────────────────────────────── ┴→ observation
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`files`], [`file_time`], [`content`] | files: which, of what moment, whether whole |
//! | [`restic`], [`borg`], [`pgbackrest`], [`wal`], [`zfs`] | a tool each: how it is asked, and a pure parser of its answer |
//! | [`runs`] | what the wrapper recorded, and what it tells of artefacts |
//! | `tool` | starting a tool with bounds |
//!
//! Another tool is one file here, one line in [`Looker::find`], its message in `pantau_shared::assignment`.

pub mod borg;
pub mod content;
mod error;
pub mod file_time;
pub mod files;
pub mod pgbackrest;
pub mod restic;
pub mod runs;
pub(crate) mod tool;
pub mod wal;
pub mod zfs;
pub mod zone;

pub use error::SourceError;

use crate::clock::Clock;
use content::Contents;
use pantau_shared::assignment::{BackupFiles, BackupSource, BackupWatch};
use pantau_shared::backup::{BackupArtefact, BackupObservation, BackupRun, BackupStatus, WalArchive};
use pantau_shared::limits::{ARTEFACTS_MAX, cut_text};
use runs::Runs;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tool::Tools;
pub(crate) use tool::find as find_tool;

/// Bound on listing files: a directory on a dead disk must not hold a set for ever.
const LIST_TIMEOUT: Duration = Duration::from_secs(30);

/// What this host lets the agent do to look at backups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Where `pantau-agent backup-run` puts its records; none reads none.
    pub runs_dir: Option<PathBuf>,
    /// Whether restic, borg, pgbackrest, psql and zfs may be started.
    pub tools: bool,
    /// Where these may keep what they read; none keeps nothing.
    pub cache_dir: Option<PathBuf>,
}

impl Access {
    /// Everything, with the records and the tools' caches below `data_dir`.
    pub fn below(data_dir: &Path) -> Self {
        let (runs, cache) = (data_dir.join("runs"), data_dir.join("tool-cache"));
        Self { runs_dir: Some(runs), tools: true, cache_dir: Some(cache) }
    }
}

/// Makes the folders that looking at backups needs, as far as this user may. What is missing shows in the looks.
pub(crate) fn prepare(access: &Access) {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    if let Some(cache) = &access.cache_dir {
        drop(std::fs::DirBuilder::new().recursive(true).mode(0o700).create(cache));
    }
    let Some(runs) = access.runs_dir.as_deref().filter(|folder| !folder.exists()) else { return };
    let made = std::fs::DirBuilder::new().create(runs);
    // Anybody may add, nobody may list or take away; whatever the umask.
    let made = made.and_then(|()| std::fs::set_permissions(runs, PermissionsExt::from_mode(0o1733)));
    if let Err(error) = made {
        tracing::warn!(folder = %runs.display(), %error, "no folder for the records of `pantau-agent backup-run`");
    }
}

/// What a source holds: its artefacts in any order, how many there are, and what else it tells.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Found {
    pub(crate) artefacts: Vec<BackupArtefact>,
    pub(crate) total: u64,
    pub(crate) location: String,
    pub(crate) wal: Option<WalArchive>,
}

impl Found {
    /// All that a source holds.
    pub(crate) fn of(artefacts: Vec<BackupArtefact>) -> Self {
        Self { total: artefacts.len() as u64, artefacts, ..Self::default() }
    }
}

/// Looks at sets, and remembers what is costly to find out. Cheap to clone; clones share what they remember.
#[derive(Debug, Clone)]
pub(crate) struct Looker {
    clock: Clock,
    tools: Tools,
    pub(crate) runs: Runs,
    contents: Contents,
}

impl Looker {
    /// Looks as far as `access` goes.
    pub(crate) fn new(access: &Access, clock: Clock) -> Self {
        let tools = Tools { allowed: access.tools, cache_dir: access.cache_dir.clone() };
        Self { clock, tools, runs: Runs::new(access.runs_dir.clone()), contents: Contents::default() }
    }

    /// Looks once, within bounds.
    pub(crate) async fn inspect(&self, set: &BackupWatch) -> BackupObservation {
        let (runs, id, clock) = (self.runs.clone(), set.id.clone(), self.clock.clone());
        let runs = blocking(move || runs.read(&id, &clock).map_err(SourceError::Runs)).await;
        let (runs, trouble) = match runs {
            Ok(runs) => (runs, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let found = match self.find(set, &runs).await {
            // Runs are the whole of such a set: that they cannot be read is the news.
            Ok(_) if trouble.is_some() && matches!(set.source, Some(BackupSource::Runs(_))) => {
                Err(trouble.unwrap_or_default())
            }
            found => found,
        };
        render_observation(&set.id, found, runs)
    }

    async fn find(&self, set: &BackupWatch, runs: &[BackupRun]) -> Result<Found, String> {
        let told = |error: SourceError| render_chain(&error);
        let (mut found, tool) = match &set.source {
            Some(BackupSource::Files(source)) => return self.find_files(source, runs).await,
            Some(BackupSource::Restic(source)) => {
                (restic::read_restic(source, &self.tools).await.map_err(told)?, "restic")
            }
            Some(BackupSource::Borg(source)) => (borg::read_borg(source, &self.tools).await.map_err(told)?, "borg"),
            Some(BackupSource::PgBackRest(source)) => {
                (pgbackrest::read_pgbackrest(source, &self.tools).await.map_err(told)?, "pgbackrest")
            }
            Some(BackupSource::Wal(source)) => return wal::read_wal(source, &self.tools).await.map_err(told),
            Some(BackupSource::Zfs(source)) => (zfs::read_zfs(source, &self.tools).await.map_err(told)?, "zfs"),
            Some(BackupSource::Runs(_)) => return Ok(Found::of(runs::render_artefacts(runs))),
            None => return Err("assignment: kind of backup source is not known to this agent".to_owned()),
        };
        runs::mark_snapshots(&mut found.artefacts, runs, tool);
        Ok(found)
    }

    /// Lists, reads what is new among the newest, and tells each with all that is known of it.
    async fn find_files(&self, source: &BackupFiles, runs: &[BackupRun]) -> Result<Found, String> {
        let rules = files::FileRules::resolve(source).map_err(|error| render_chain(&error))?;
        let listed = {
            let rules = rules.clone();
            let listing = blocking(move || files::list_files(&rules).map_err(SourceError::Files));
            match tokio::time::timeout(LIST_TIMEOUT, listing).await {
                Ok(listed) => listed?,
                Err(_) => return Err(format!("no answer within {} s", LIST_TIMEOUT.as_secs())),
            }
        };
        let now_ms = self.clock.now().as_ms();
        let total = listed.len() as u64;
        let mut newest: Vec<_> =
            listed.into_iter().map(|file| (files::evaluate(&file, &rules, runs, None, now_ms), file)).collect();
        newest.sort_by(|(a, _), (b, _)| (b.data_time_ms, &b.name).cmp(&(a.data_time_ms, &a.name)));
        newest.truncate(ARTEFACTS_MAX);
        let readings = if rules.read_content {
            let settled = newest.iter().filter(|(artefact, _)| artefact.status() != BackupStatus::Running);
            let wanted = settled.map(|(_, file)| (file.path.clone(), file.key)).collect();
            self.contents.read(wanted, &rules.demands, &self.clock).await
        } else {
            BTreeMap::new()
        };
        let told = newest.iter().map(|(_, file)| files::evaluate(file, &rules, runs, readings.get(&file.key), now_ms));
        Ok(Found { artefacts: told.collect(), total, ..Found::default() })
    }
}

/// Does what may hang on a thread of its own.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SourceError> + Send + 'static,
) -> Result<T, String> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| render_chain(&error)),
        Err(error) => Err(format!("look broke off: {error}")),
    }
}

fn render_chain(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        said.push_str(&format!(": {deeper}"));
        cause = deeper.source();
    }
    said
}

/// The newest artefacts first, a running one before all, within the bound. Pure.
fn render_observation(set: &str, found: Result<Found, String>, told_runs: Vec<BackupRun>) -> BackupObservation {
    let (mut found, error) = match found {
        Ok(found) => (found, String::new()),
        Err(error) => (Found::default(), error),
    };
    let running = |artefact: &BackupArtefact| artefact.status() == BackupStatus::Running;
    found.artefacts.sort_by(|a, b| (running(b), b.data_time_ms, &b.name).cmp(&(running(a), a.data_time_ms, &a.name)));
    keep_newest(&mut found.artefacts);
    let verifications = runs::mark_verified(&mut found.artefacts, &told_runs);
    BackupObservation {
        set: cut_text(set),
        artefacts: found.artefacts,
        error: cut_text(&error),
        artefacts_total: found.total,
        location: found.location,
        runs: runs::told(told_runs),
        wal: found.wal,
        verifications,
    }
}

/// Cuts the list to its bound. A reference that falls out of it is looked at here instead: an artefact is as good as what
/// it builds upon.
fn keep_newest(artefacts: &mut Vec<BackupArtefact>) {
    let left_out = artefacts.split_off(artefacts.len().min(ARTEFACTS_MAX));
    let older: BTreeMap<&str, BackupStatus> = left_out.iter().map(|a| (a.name.as_str(), a.status())).collect();
    for artefact in artefacts {
        for reference in std::mem::take(&mut artefact.references) {
            match older.get(reference.as_str()) {
                None => artefact.references.push(reference),
                Some(BackupStatus::Ok | BackupStatus::Unspecified) => {}
                Some(status @ (BackupStatus::Partial | BackupStatus::Failed | BackupStatus::Running)) => {
                    if artefact.status() == BackupStatus::Ok {
                        artefact.set_status(*status);
                        artefact.reason = cut_text(&format!("builds upon {reference}, which is not whole"));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
