//! Runs against artefacts, and the folder.

use super::*;
use crate::run_file::save_record;
use pantau_shared::ids::BackupSetId;
use pantau_shared::timestamp::Timestamp;

fn run(start: i64, end: Option<i64>, code: Option<i32>, program: &str) -> BackupRun {
    let set = BackupSetId::parse("db").expect("valid");
    let begun = RunRecord::begin(&set, "0123456789abcdef", program, "root", false, start);
    evaluate_run(&RunRecord { ended_at_ms: end, exit_code: code, ..begun }, false)
}

fn artefact(start: i64, end: i64) -> BackupArtefact {
    let status = BackupStatus::Ok as i32;
    BackupArtefact {
        name: "a".into(),
        started_at_ms: Some(start),
        ended_at_ms: Some(end),
        status,
        ..BackupArtefact::default()
    }
}

#[test]
fn exit_codes_of_the_tools() {
    let cases = [
        ("restic", 0, BackupStatus::Ok),
        ("restic", 1, BackupStatus::Failed),
        ("restic", 3, BackupStatus::Partial),
        ("restic", 11, BackupStatus::Failed),
        ("borg", 1, BackupStatus::Partial),
        ("borg", 2, BackupStatus::Failed),
        ("borg", 99, BackupStatus::Failed),
        ("borg", 100, BackupStatus::Partial),
        ("borg", 127, BackupStatus::Partial),
        ("borg", 128, BackupStatus::Failed),
        ("tar", 1, BackupStatus::Partial),
        ("rsync", 24, BackupStatus::Partial),
        ("pg_dump", 1, BackupStatus::Failed),
        ("backup.sh", 0, BackupStatus::Ok),
    ];
    for (program, code, expected) in cases {
        assert_eq!(status_of_exit(program, code), expected, "{program} {code}");
    }
}

#[test]
fn a_partial_run_makes_its_snapshot_partial_and_no_other() {
    let runs = [run(100_000, Some(200_000), Some(3), "restic"), run(300_000, Some(400_000), Some(0), "restic")];
    let mut seen = [artefact(100_500, 199_000), artefact(300_100, 399_000), artefact(500_000, 600_000)];
    mark_snapshots(&mut seen, &runs, "restic");
    assert_eq!(seen.iter().map(|a| a.status() as i32).collect::<Vec<_>>(), [2, 1, 1]);
    assert_eq!(seen.iter().map(|a| a.exit_code).collect::<Vec<_>>(), [Some(3), Some(0), None]);
    assert_eq!(seen[0].reason, "restic ended with exit code 3");
    let script = [run(100_000, Some(200_000), Some(1), "cadangan.sh")];
    let mut seen = [artefact(100_500, 199_000)];
    mark_snapshots(&mut seen, &script, "restic");
    assert_eq!(seen[0].status(), BackupStatus::Ok, "what came after the snapshot does not spoil it");
}

#[test]
fn a_file_is_as_good_as_the_command_that_wrote_it() {
    let runs = [run(100_000, Some(200_000), Some(1), "pg_dump"), run(300_000, None, None, "pg_dump")];
    let told = |modified_ms: i64| {
        let mut artefact = BackupArtefact { started_at_ms: None, ..artefact(0, modified_ms) };
        if let Some(run) = writer_of(&runs, modified_ms) {
            mark_file(&mut artefact, run);
        }
        (artefact.status(), artefact.started_at_ms, artefact.ended_at_ms)
    };
    assert_eq!(told(150_000), (BackupStatus::Failed, Some(100_000), Some(150_000)));
    assert_eq!(told(301_000), (BackupStatus::Running, Some(300_000), None));
    assert_eq!(told(250_000), (BackupStatus::Ok, None, Some(250_000)));
}

#[test]
fn a_good_verification_covers_what_was_there_before_it() {
    let verify = |start, end, code| BackupRun { verifies: true, ..run(start, Some(end), Some(code), "restic") };
    let runs = [verify(500, 600, 0), verify(300, 400, 0), verify(100, 200, 1)];
    let mut seen = [artefact(0, 50), artefact(350, 450), artefact(550, 560)];
    let told = mark_verified(&mut seen, &runs);
    assert_eq!(seen.iter().map(|a| a.verified_at_ms).collect::<Vec<_>>(), [Some(400), Some(600), None]);
    assert_eq!(told.iter().map(|v| (v.at_ms, v.ok)).collect::<Vec<_>>(), [(600, true), (400, true), (200, false)]);
    assert!(render_artefacts(&runs).is_empty(), "a verification makes no backup");
}

#[test]
fn the_folder_gives_a_sets_runs_newest_first_and_is_pruned() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let now = Timestamp::parse_rfc3339("2026-06-10T00:00:00Z").expect("valid");
    let (clock, _hand) = Clock::manual(now);
    let runs = Runs::new(Some(dir.path().to_owned()));
    assert!(runs.changed_sets().is_empty());
    let save = |set: &str, n: i64, age_ms: i64| {
        let set = BackupSetId::parse(set).expect("valid");
        let start = now.as_ms() - age_ms;
        let begun = RunRecord::begin(&set, &format!("{n:016x}"), "tar", "root", false, start);
        drop(save_record(dir.path(), &RunRecord { ended_at_ms: Some(start + 5), exit_code: Some(0), ..begun }));
    };
    for n in 0..100 {
        save("db", n, n * 1000);
    }
    save("db-2", 1, 0);
    save("old", 1, AGE_MAX_MS + 1);
    std::fs::write(dir.path().join("db.junk.json"), "junk").expect("writes");
    assert_eq!(runs.changed_sets().into_iter().collect::<Vec<_>>(), ["db", "db-2", "old"]);
    assert!(runs.changed_sets().is_empty());
    let seen = runs.read("db", &clock).expect("reads");
    assert_eq!((seen.len(), seen[0].id.as_str()), (KEPT_PER_SET, "0000000000000000"));
    assert_eq!(runs.read("db-2", &clock).expect("reads").len(), 1);
    assert_eq!(runs.read("old", &clock).expect("reads").len(), 0);
    assert_eq!(std::fs::read_dir(dir.path()).expect("lists").count(), KEPT_PER_SET + 1);
    assert_eq!(Runs::new(None).read("db", &clock).expect("none").len(), 0);
}
