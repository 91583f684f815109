//! Looks in any order, and what is known of backups after them.

use super::*;
use proptest::prelude::*;

const fn s(seconds: i64) -> Timestamp {
    Timestamp::from_secs(seconds)
}

fn artefact(name: &str, data: i64, status: BackupStatus) -> BackupArtefact {
    let mut artefact = BackupArtefact {
        name: name.into(),
        data_time_ms: Some(data * 1000),
        ended_at_ms: Some(data * 1000 + 60_000),
        size_bytes: Some(10),
        ..BackupArtefact::default()
    };
    artefact.set_basis(DataTimeBasis::Start);
    artefact.set_status(status);
    artefact
}

/// A complete look: names with their data times.
fn look(seen: &[(&str, i64)]) -> BackupObservation {
    BackupObservation {
        artefacts: seen.iter().map(|(name, data)| artefact(name, *data, BackupStatus::Ok)).collect(),
        artefacts_total: seen.len() as u64,
        ..BackupObservation::default()
    }
}

/// Name, generation, first seen, deleted.
fn known(history: &History) -> Vec<(String, u32, i64, Option<i64>)> {
    let of = |r: &BackupRecord| {
        (r.artefact.clone(), r.generation, r.first_seen_at.as_secs(), r.deleted_at.map(Timestamp::as_secs))
    };
    history.records().iter().map(of).collect()
}

#[test]
fn the_same_again_changes_nothing() {
    let mut history = History::default();
    assert_eq!(history.take_look(s(100), &look(&[("a", 10)]), "db").len(), 1);
    assert_eq!(history.take_look(s(200), &look(&[("a", 10)]), "db"), []);
    assert_eq!(history.take_look(s(200), &look(&[("a", 10)]), "db"), []);
    assert_eq!(known(&history), [("a".into(), 0, 100, None)]);
    assert_eq!(history.look().begins_at, Some(s(100)));
}

#[test]
fn what_a_complete_look_lacks_is_gone_and_what_comes_back_was_there() {
    let mut history = History::default();
    history.take_look(s(100), &look(&[("a", 10), ("b", 20)]), "db");
    let gone = history.take_look(s(200), &look(&[("b", 20)]), "db");
    assert_eq!((gone.len(), gone[0].deleted_at), (1, Some(s(200))));
    history.take_look(s(300), &look(&[]), "db");
    assert_eq!(known(&history), [("a".into(), 0, 100, Some(200)), ("b".into(), 0, 100, Some(300))]);
    history.take_look(s(400), &look(&[("b", 20)]), "db");
    assert_eq!(known(&history)[1], ("b".into(), 0, 100, None));
}

#[test]
fn a_look_that_names_only_the_newest_deletes_nothing_older() {
    let mut history = History::default();
    history.take_look(s(100), &look(&[("a", 10), ("b", 20), ("c", 30)]), "db");
    let part = BackupObservation { artefacts_total: 5, ..look(&[("d", 40), ("b", 20)]) };
    history.take_look(s(200), &part, "db");
    let gone: Vec<_> = known(&history).into_iter().map(|(name, .., gone)| (name, gone)).collect();
    assert_eq!(gone, [("a".into(), None), ("b".into(), None), ("c".into(), Some(200)), ("d".into(), None)]);
}

#[test]
fn a_name_with_other_data_is_another_backup_unless_it_was_being_written() {
    let mut history = History::default();
    let mut writing = look(&[]);
    writing.artefacts.push(artefact("x", 10, BackupStatus::Running));
    writing.artefacts_total = 1;
    history.take_look(s(20), &writing, "db");
    history.take_look(s(100), &look(&[("x", 12)]), "db");
    assert_eq!(known(&history), [("x".into(), 0, 20, None)], "it was completed");
    history.take_look(s(200), &look(&[("x", 150)]), "db");
    assert_eq!(known(&history), [("x".into(), 0, 20, Some(150)), ("x".into(), 1, 200, None)]);
}

#[test]
fn a_failed_look_leaves_what_is_known_and_tells_since_when() {
    let mut history = History::default();
    history.take_look(s(100), &look(&[("a", 10)]), "db");
    let failed = BackupObservation { error: "permission denied".into(), ..look(&[]) };
    history.take_look(s(200), &failed, "db");
    history.take_look(s(300), &failed, "db");
    assert_eq!(known(&history), [("a".into(), 0, 100, None)]);
    assert_eq!(history.look().error, Some(("permission denied".into(), s(200))));
    assert_eq!((history.look().looked_at, history.look().observed_at), (Some(s(100)), Some(s(300))));
    history.take_look(s(400), &look(&[("a", 10)]), "db");
    assert_eq!(history.look().error, None);
}

#[test]
fn a_late_look_adds_what_was_and_deletes_nothing_that_is() {
    let mut history = History::default();
    history.take_look(s(300), &look(&[("b", 20)]), "db");
    let added = history.take_look(s(100), &look(&[("a", 10)]), "db");
    assert_eq!(added.len(), 1);
    assert_eq!(known(&history), [("a".into(), 0, 100, Some(300)), ("b".into(), 0, 300, None)]);
    history.take_look(s(200), &look(&[("b", 20)]), "db");
    assert_eq!(known(&history), [("a".into(), 0, 100, Some(200)), ("b".into(), 0, 200, None)]);
}

#[test]
fn memory_is_bounded() {
    let mut history = History::default();
    for place in 0..i64::try_from(RECORDS_MAX).expect("small") + 9 {
        history.take_look(s(1000 + place), &look(&[(&format!("f{place}"), place)]), "db");
    }
    assert_eq!(history.records().len(), RECORDS_MAX);
    assert_eq!(history.records()[0].artefact, "f9");
}

proptest! {
    /// A failure prints its seed.
    #[test]
    fn looks_in_any_order_know_the_same_backups(
        lives in prop::collection::vec((0_i64..40, 1_i64..40), 1..8),
        times in prop::collection::btree_set(0_i64..80, 2..10),
        order in any::<prop::sample::Index>(),
    ) {
        // Each file appears once, lives for a while, and is gone for ever.
        let look_at = |t: i64| {
            let alive = lives.iter().enumerate().filter(|(_, (from, length))| (*from..from + length).contains(&t));
            let names: Vec<(String, i64)> = alive.map(|(place, (from, _))| (format!("f{place}"), *from)).collect();
            look(&names.iter().map(|(name, data)| (name.as_str(), *data)).collect::<Vec<_>>())
        };
        let times: Vec<i64> = times.into_iter().collect();
        let (mut orderly, mut mixed) = (History::default(), History::default());
        for t in &times {
            orderly.take_look(s(*t), &look_at(*t), "db");
        }
        let first = order.index(times.len());
        for t in times[first..].iter().chain(&times[..first]) {
            mixed.take_look(s(*t), &look_at(*t), "db");
        }
        let (mut one, mut other) = (known(&orderly), known(&mixed));
        one.sort();
        other.sort();
        // When a file went is told by the first look that is known to lack it: out of order that may be a later one.
        for (in_order, late) in one.iter_mut().zip(&mut other) {
            prop_assert!(late.3 >= in_order.3, "{:?} {:?}", in_order, late);
            (in_order.3, late.3) = (in_order.3.map(|_| 0), late.3.map(|_| 0));
        }
        prop_assert_eq!(one, other);
    }
}

/// A look at a log's archive: segment, archived at, reaches to.
fn archive(segment: &str, archived: i64, data: i64) -> BackupObservation {
    let mut seen = artefact(segment, data, BackupStatus::Ok);
    (seen.ended_at_ms, seen.kind, seen.size_bytes) = (Some(archived * 1000), "wal".into(), None);
    let wal = Some(pantau_shared::backup::WalArchive::default());
    BackupObservation { artefacts: vec![seen], artefacts_total: 1, wal, ..BackupObservation::default() }
}

/// Exposure at an instant, without bounds.
fn exposure(history: &History, at: i64) -> Option<u64> {
    let backups = history.backups();
    let newest = crate::domain::rpo::newest_usable(&backups, &crate::domain::rpo::Policy::default(), s(at));
    newest.map(|backup| crate::domain::rpo::exposure_s(backup.data_time, s(at)))
}

#[test]
fn the_archive_of_an_idle_log_stays_fresh_and_nothing_unsays_what_it_reached() {
    let mut history = History::default();
    history.take_look(s(1000), &archive("01", 900, 900), "db");
    assert_eq!(exposure(&history, 1000), Some(100));
    // Nothing was written since: everything is archived, then and all the time.
    history.take_look(s(9000), &archive("01", 900, 9000), "db");
    assert_eq!((history.records().len(), exposure(&history, 9000), exposure(&history, 5000)), (1, Some(0), Some(0)));
    // Something was written now; what was archived before is still all there was at 9000.
    history.take_look(s(9300), &archive("01", 900, 900), "db");
    assert_eq!(exposure(&history, 9300), Some(300));
    history.take_look(s(9600), &archive("02", 9500, 9500), "db");
    assert_eq!((history.records().len(), exposure(&history, 9600)), (2, Some(100)));
    // Statistics that were reset name no segment: nothing is gone.
    let nothing = BackupObservation { artefacts: vec![], artefacts_total: 0, ..archive("", 0, 0) };
    history.take_look(s(9700), &nothing, "db");
    assert_eq!(exposure(&history, 9700), Some(200));
}

#[test]
fn increments_are_lost_with_what_they_build_upon() {
    let mut history = History::default();
    let mut seen = look(&[("incr", 200), ("full", 100)]);
    seen.artefacts[0].references = vec!["full".into()];
    history.take_look(s(1000), &seen, "db");
    assert_eq!(exposure(&history, 1000), Some(800));
    seen.artefacts.pop();
    seen.artefacts_total = 1;
    history.take_look(s(2000), &seen, "db");
    assert_eq!(history.records().iter().filter(|r| r.deleted_at.is_some()).count(), 1);
    assert_eq!((exposure(&history, 1999), exposure(&history, 2000)), (Some(1799), None));
    // A name that is used again for other data is not what the old increment was built upon.
    seen.artefacts.push(artefact("full", 1900, BackupStatus::Ok));
    seen.artefacts_total = 2;
    history.take_look(s(2100), &seen, "db");
    assert_eq!(exposure(&history, 2100), Some(200));
}

#[test]
fn the_start_of_the_run_that_wrote_a_file_is_its_data_time() {
    let mut history = History::default();
    let mut seen = look(&[("dump", 1000)]);
    seen.artefacts[0].set_basis(DataTimeBasis::Modified);
    history.take_look(s(1100), &seen, "db");
    let run = |start: i64, end: i64| Run {
        data_time: s(start),
        end: s(end),
        duration_s: None,
        status: BackupStatus::Ok,
        basis: RunBasis::Start,
    };
    assert_eq!(history.match_runs(&[run(100, 900), run(2000, 2100)]), [], "it ended in none of them");
    let matched = history.match_runs(&[run(100, 900), run(400, 1059)]);
    let told: Vec<_> = matched.iter().map(|r| (r.data_time, r.started_at, r.basis)).collect();
    assert_eq!(told, [(Some(s(400)), Some(s(400)), DataTimeBasis::Start)]);
    assert_eq!(history.take_look(s(1200), &seen, "db"), [], "the same file again");
    assert_eq!(history.match_runs(&[run(400, 1059)]), []);
    // Written anew: another backup.
    let mut again = look(&[("dump", 3000)]);
    again.artefacts[0].set_basis(DataTimeBasis::Modified);
    history.take_look(s(3100), &again, "db");
    assert_eq!(known(&history), [("dump".into(), 0, 1100, Some(3000)), ("dump".into(), 1, 3100, None)]);
}
