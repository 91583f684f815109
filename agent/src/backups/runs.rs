//! The runs that `pantau-agent backup-run` recorded on this host: read from their folder, pruned there, and matched with
//! what a source holds.
//!
//! A matched run tells what no listing does: when the data were taken, and that a run ended incomplete (restic's exit code
//! 3, Borg's warnings). Knows nothing of how a record is written; that is [`crate::run_file`].

use crate::clock::Clock;
use crate::run_file::{self, RunRecord};
use pantau_shared::backup::{BackupArtefact, BackupRun, BackupStatus, BackupVerification, DataTimeBasis};
use pantau_shared::limits::{ARTEFACTS_MAX, RUNS_MAX, VERIFICATIONS_MAX, cut_text};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// Most records of one set that are kept: those of all artefacts that a look tells, and some.
const KEPT_PER_SET: usize = 2 * ARTEFACTS_MAX;

/// Most records in the folder that are looked at; further ones wait until these are pruned.
const RECORDS_MAX: usize = 4096;

/// Older records are pruned, in milliseconds: 400 days.
const AGE_MAX_MS: i64 = 400 * 86_400_000;

/// What the wrapper and a tool may differ about one instant, in milliseconds.
const SLACK_MS: i64 = 2000;

/// How much older than its folder's change a record may be that made it.
const FRESH: std::time::Duration = std::time::Duration::from_secs(5);

/// Why the runs cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RunsError {
    /// The folder cannot be listed.
    #[error("cannot list {folder}, where `pantau-agent backup-run` puts its records")]
    List {
        /// Which.
        folder: String,
        /// Why.
        source: std::io::Error,
    },
}

/// The folder of records.
#[derive(Debug, Clone)]
pub(crate) struct Runs {
    folder: Option<PathBuf>,
    /// When the folder last changed as far as was read; for [`Runs::changed_sets`].
    seen: Arc<Mutex<Option<SystemTime>>>,
}

impl Runs {
    /// The records in `folder`; none has none.
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, seen: Arc::default() }
    }

    /// The sets of which something was recorded since this was last asked. The first asking names none.
    pub(crate) fn changed_sets(&self) -> BTreeSet<String> {
        let Some(folder) = &self.folder else { return BTreeSet::new() };
        let modified = folder.metadata().and_then(|metadata| metadata.modified()).ok();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let before = seen.replace(modified.unwrap_or(SystemTime::UNIX_EPOCH));
        let Some(before) = before.filter(|before| modified.is_some_and(|modified| modified != *before)) else {
            return BTreeSet::new();
        };
        let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).take(RECORDS_MAX);
        let names = entries.filter_map(|entry| {
            // Renaming changes the folder a little after the file was written.
            let fresh = entry.metadata().and_then(|metadata| metadata.modified()).ok()? + FRESH >= before;
            let name = entry.file_name().into_string().ok()?;
            let (set, _run) = name.strip_suffix(".json")?.rsplit_once('.')?;
            fresh.then(|| set.to_owned())
        });
        names.collect()
    }

    /// The runs of a set, newest first. Prunes what is too old or too much. No folder is no runs.
    pub(crate) fn read(&self, set: &str, clock: &Clock) -> Result<Vec<BackupRun>, RunsError> {
        let Some(folder) = &self.folder else { return Ok(Vec::new()) };
        let now_ms = clock.now().as_ms();
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(RunsError::List { folder: folder.display().to_string(), source }),
        };
        let prefix = format!("{set}.");
        let names = entries.filter_map(Result::ok).filter_map(|entry| entry.file_name().into_string().ok());
        let mut found = Vec::new();
        for name in names.filter(|name| name.starts_with(&prefix) && name.ends_with(".json")).take(RECORDS_MAX) {
            match run_file::read_record(folder, &name, now_ms) {
                // A set's name may begin with another's and a dot.
                Ok(read) if read.record.set != set => {}
                Ok(read) => found.push(read),
                Err(error) => {
                    tracing::warn!(name = cut_text(&name), error, "record of a run is refused and removed");
                    drop(std::fs::remove_file(folder.join(&name)));
                }
            }
        }
        found.sort_by(|a, b| (b.record.started_at_ms, &b.record.run).cmp(&(a.record.started_at_ms, &a.record.run)));
        let old = |record: &RunRecord| now_ms.saturating_sub(record.started_at_ms) > AGE_MAX_MS;
        for (place, read) in found.iter().enumerate() {
            if place >= KEPT_PER_SET || old(&read.record) {
                // Where the folder is not ours its owner has to prune; the bounds above hold all the same.
                drop(std::fs::remove_file(folder.join(read.record.file_name())));
            }
        }
        found.retain(|read| !old(&read.record));
        found.truncate(KEPT_PER_SET);
        Ok(found.iter().map(|read| evaluate_run(&read.record, read.abandoned)).collect())
    }
}

/// What an exit code of `program` means. What is not known by name follows the shell: 0 is good.
pub fn status_of_exit(program: &str, code: i32) -> BackupStatus {
    match (program, code) {
        (_, 0) => BackupStatus::Ok,
        // A snapshot exists, some files could not be read.
        ("restic", 3) => BackupStatus::Partial,
        // Warnings: a file changed or vanished; the archive exists.
        ("borg", 1 | 100..=127) => BackupStatus::Partial,
        // Some files changed while they were read.
        ("tar", 1) => BackupStatus::Partial,
        // Files not transferred, or vanished.
        ("rsync", 23 | 24) => BackupStatus::Partial,
        _ => BackupStatus::Failed,
    }
}

/// A record as it travels.
pub(crate) fn evaluate_run(record: &RunRecord, abandoned: bool) -> BackupRun {
    let (status, error_tail) = match (record.ended_at_ms, record.exit_code) {
        (None, _) if abandoned => (
            BackupStatus::Failed,
            "the wrapper ended without telling of an end: killed, or the machine went down".into(),
        ),
        (None, _) => (BackupStatus::Running, String::new()),
        (Some(_), Some(code)) => (status_of_exit(&record.program, code), record.error_tail.clone()),
        (Some(_), None) => (BackupStatus::Failed, record.error_tail.clone()),
    };
    BackupRun {
        id: record.run.clone(),
        started_at_ms: record.started_at_ms,
        ended_at_ms: record.ended_at_ms,
        duration_ms: record.duration_ms,
        exit_code: record.exit_code,
        status: status as i32,
        program: record.program.clone(),
        error_tail,
        user: record.user.clone(),
        verifies: record.verifies,
    }
}

/// Each run that makes a backup as an artefact, for a set that has no other source.
pub(crate) fn render_artefacts(runs: &[BackupRun]) -> Vec<BackupArtefact> {
    let made = runs.iter().filter(|run| !run.verifies);
    made.map(|run| BackupArtefact {
        name: run.id.clone(),
        started_at_ms: Some(run.started_at_ms),
        ended_at_ms: run.ended_at_ms,
        data_time_ms: Some(run.started_at_ms),
        basis: DataTimeBasis::Start as i32,
        status: run.status,
        exit_code: run.exit_code,
        group: run.program.clone(),
        reason: if run.status() == BackupStatus::Ok { String::new() } else { reason(run) },
        ..BackupArtefact::default()
    })
    .collect()
}

fn reason(run: &BackupRun) -> String {
    let ended = match (run.exit_code, run.status()) {
        (_, BackupStatus::Running) => return String::new(),
        (Some(code), _) => format!("{} ended with exit code {code}", run.program),
        (None, _) => format!("{} did not end by itself", run.program),
    };
    cut_text(&if run.error_tail.is_empty() { ended } else { format!("{ended}: {}", run.error_tail) })
}

/// The run in which `at_ms` lies; of several the one that began last. Only where none does, one that nearly does.
fn run_at(runs: &[BackupRun], at_ms: i64) -> Option<&BackupRun> {
    let within = |slack_ms: i64| {
        let holds = move |run: &&BackupRun| {
            let ended = run.ended_at_ms.is_none_or(|end| at_ms <= end + slack_ms);
            let dead = run.ended_at_ms.is_none() && run.status() == BackupStatus::Failed;
            !run.verifies && !dead && run.started_at_ms - slack_ms <= at_ms && ended
        };
        runs.iter().filter(holds).max_by_key(|run| run.started_at_ms)
    };
    within(0).or_else(|| within(SLACK_MS))
}

/// The run that wrote a file last changed at `modified_ms`.
pub(crate) fn writer_of(runs: &[BackupRun], modified_ms: i64) -> Option<&BackupRun> {
    run_at(runs, modified_ms)
}

/// Tells a file what became of the run that wrote it. A file that a failed command wrote is not to be trusted.
pub(crate) fn mark_file(artefact: &mut BackupArtefact, run: &BackupRun) {
    artefact.started_at_ms = Some(run.started_at_ms);
    artefact.exit_code = run.exit_code;
    worsen(artefact, run.status(), run);
}

/// Tells a tool's snapshots what became of the runs that made them. `tool` is the name under which its exit codes are
/// known: a script around it passes them on. A failed script does not spoil the snapshot that was made within it.
pub(crate) fn mark_snapshots(artefacts: &mut [BackupArtefact], runs: &[BackupRun], tool: &str) {
    for artefact in artefacts {
        let Some(run) = artefact.started_at_ms.and_then(|at| run_at(runs, at)) else { continue };
        artefact.exit_code = run.exit_code;
        if run.exit_code.is_some_and(|code| status_of_exit(tool, code) == BackupStatus::Partial) {
            worsen(artefact, BackupStatus::Partial, run);
        }
    }
}

fn worsen(artefact: &mut BackupArtefact, status: BackupStatus, run: &BackupRun) {
    let rank = |status: BackupStatus| match status {
        BackupStatus::Unspecified | BackupStatus::Ok => 0,
        BackupStatus::Partial => 1,
        BackupStatus::Failed => 2,
        BackupStatus::Running => 3,
    };
    if rank(status) > rank(artefact.status()) {
        artefact.set_status(status);
        artefact.reason = reason(run);
        if status == BackupStatus::Running {
            artefact.ended_at_ms = None;
        }
    }
}

/// The verifying runs that ended, and what they verified: all that had ended before they began, at the first that was good.
pub(crate) fn mark_verified(artefacts: &mut [BackupArtefact], runs: &[BackupRun]) -> Vec<BackupVerification> {
    let ended = runs.iter().filter(|run| run.verifies).filter_map(|run| Some((run, run.ended_at_ms?)));
    let mut told = Vec::new();
    for (run, at_ms) in ended {
        let ok = run.status() == BackupStatus::Ok;
        let detail = if ok { String::new() } else { reason(run) };
        told.push(BackupVerification { at_ms, ok, artefact: String::new(), means: run.program.clone(), detail });
        let covered = artefacts.iter_mut().filter(|a| a.ended_at_ms.is_some_and(|end| end <= run.started_at_ms));
        for artefact in covered.filter(|_| ok) {
            artefact.verified_at_ms = Some(artefact.verified_at_ms.map_or(at_ms, |before| before.min(at_ms)));
        }
    }
    told.truncate(VERIFICATIONS_MAX);
    told
}

/// The newest runs as they are told with a look.
pub(crate) fn told(mut runs: Vec<BackupRun>) -> Vec<BackupRun> {
    runs.truncate(RUNS_MAX);
    runs
}

#[cfg(test)]
mod tests;
