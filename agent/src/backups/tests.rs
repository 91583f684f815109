//! A look as a whole: what is told of each kind of set.

use super::*;
use crate::run_file::{RunRecord, save_record};
use pantau_shared::assignment::BackupRuns;
use pantau_shared::backup::DataTimeBasis;
use pantau_shared::ids::BackupSetId;

fn looker(folder: &Path) -> Looker {
    Looker::new(&Access { tools: false, ..Access::below(folder) }, Clock::system())
}

fn set(source: Option<BackupSource>) -> BackupWatch {
    BackupWatch { id: "db".into(), interval_ms: 1000, source }
}

/// Puts a run into the folder that began `age_ms` ago and took `took_ms`.
fn record(folder: &Path, age_ms: i64, took_ms: i64, code: i32) {
    std::fs::create_dir_all(folder.join("runs")).expect("creates");
    let id = BackupSetId::parse("db").expect("valid");
    let start = Clock::system().now().as_ms() - age_ms;
    let begun = RunRecord::begin(&id, &format!("{age_ms:016x}"), "pg_dump", "postgres", false, start);
    let ended = RunRecord { ended_at_ms: Some(start + took_ms), exit_code: Some(code), ..begun };
    drop(save_record(&folder.join("runs"), &ended).expect("saves"));
}

#[tokio::test]
async fn an_unknown_source_is_told() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let seen = looker(dir.path()).inspect(&set(None)).await;
    assert_eq!((seen.set.as_str(), seen.artefacts.len()), ("db", 0));
    assert!(seen.error.contains("not known"), "{}", seen.error);
}

#[tokio::test]
async fn runs_alone_are_a_source() {
    let dir = tempfile::tempdir().expect("temporary directory");
    record(dir.path(), 60_000, 5000, 0);
    record(dir.path(), 20_000, 5000, 1);
    let seen = looker(dir.path()).inspect(&set(Some(BackupSource::Runs(BackupRuns {})))).await;
    let told: Vec<_> = seen.artefacts.iter().map(|a| (a.status(), a.exit_code)).collect();
    assert_eq!(told, [(BackupStatus::Failed, Some(1)), (BackupStatus::Ok, Some(0))]);
    assert_eq!((seen.runs.len(), seen.error.as_str()), (2, ""));
}

#[tokio::test]
async fn a_matched_run_tells_when_a_files_data_were_taken() {
    let dir = tempfile::tempdir().expect("temporary directory");
    // The file is written now, by a run that began half a minute ago.
    record(dir.path(), 30_000, 31_000, 0);
    std::fs::write(dir.path().join("db.sql"), "-- MySQL dump\n-- Dump completed on x\n").expect("writes");
    let pattern = format!("{}/*.sql", dir.path().display());
    let files = BackupFiles { pattern, read_content: true, ..BackupFiles::default() };
    let seen = looker(dir.path()).inspect(&set(Some(BackupSource::Files(files)))).await;
    let [file] = seen.artefacts.as_slice() else { panic!("one file: {seen:?}") };
    assert_eq!((file.basis(), file.status()), (DataTimeBasis::Start, BackupStatus::Ok));
    assert_eq!(file.data_time_ms, Some(seen.runs[0].started_at_ms));
    assert_eq!(file.started_at_ms, file.data_time_ms);
}

#[tokio::test]
async fn a_truncated_dump_is_partial_and_says_why() {
    let dir = tempfile::tempdir().expect("temporary directory");
    std::fs::write(dir.path().join("db.sql"), "-- MySQL dump\ninsert").expect("writes");
    let pattern = format!("{}/*.sql", dir.path().display());
    let files = BackupFiles { pattern, read_content: true, ..BackupFiles::default() };
    let seen = looker(dir.path()).inspect(&set(Some(BackupSource::Files(files)))).await;
    assert_eq!(seen.artefacts[0].status(), BackupStatus::Partial);
    assert!(seen.artefacts[0].reason.contains("-- Dump completed"), "{}", seen.artefacts[0].reason);
}

#[test]
fn newest_first_within_the_bound_and_a_running_one_before_all() {
    let artefact = |n: i64| BackupArtefact { name: n.to_string(), data_time_ms: Some(n), ..BackupArtefact::default() };
    let mut artefacts: Vec<_> = (0..100).map(artefact).collect();
    artefacts.push(BackupArtefact { status: BackupStatus::Running as i32, ..BackupArtefact::default() });
    let seen = render_observation("db", Ok(Found::of(artefacts)), Vec::new());
    assert_eq!((seen.artefacts.len(), seen.artefacts_total), (ARTEFACTS_MAX, 101));
    assert_eq!(seen.artefacts[0].status(), BackupStatus::Running);
    assert_eq!(seen.artefacts[1].data_time_ms, Some(99));
}

#[test]
fn what_falls_out_of_the_list_still_counts_as_a_reference() {
    let artefact = |n: i64, status: BackupStatus, references: &[&str]| BackupArtefact {
        name: n.to_string(),
        data_time_ms: Some(n),
        status: status as i32,
        references: references.iter().map(|name| (*name).to_owned()).collect(),
        ..BackupArtefact::default()
    };
    let mut artefacts: Vec<_> = (10..8 + ARTEFACTS_MAX as i64).map(|n| artefact(n, BackupStatus::Ok, &[])).collect();
    artefacts.push(artefact(1, BackupStatus::Partial, &[]));
    artefacts.push(artefact(2, BackupStatus::Ok, &[]));
    artefacts.push(artefact(100, BackupStatus::Ok, &["1"]));
    artefacts.push(artefact(101, BackupStatus::Ok, &["2", "10", "gone"]));
    let seen = render_observation("db", Ok(Found::of(artefacts)), Vec::new()).artefacts;
    assert_eq!(seen.len(), ARTEFACTS_MAX);
    assert_eq!((seen[0].status(), seen[0].references.join(" ").as_str()), (BackupStatus::Ok, "10 gone"));
    assert_eq!((seen[1].status(), seen[1].references.len()), (BackupStatus::Partial, 0));
}
