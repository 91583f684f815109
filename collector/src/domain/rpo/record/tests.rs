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
