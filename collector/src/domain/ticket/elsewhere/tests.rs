//! Short histories of a ticket at a help desk: what is told as theirs, and what is not.

use super::*;

fn s(seconds: i64) -> Timestamp {
    Timestamp::from_secs(1_000_000 + seconds)
}

fn deed(by: &str, at: i64) -> Deed {
    Deed { by: (!by.is_empty()).then(|| by.to_owned()), at: s(at) }
}

fn ours(at: i64, stage: Stage) -> Ours {
    Ours { stage: (s(at), stage), priority: (s(0), Some("5".into())) }
}

fn seen(stage: Stage, by: &str, at: i64) -> Standing {
    Standing {
        stage,
        assignee: None,
        priority: Some("5".into()),
        changed: Some(deed(by, at)),
        by_us: by == "pantau",
        entry: None,
        solution: None,
    }
}

/// Hears one standing after the other, each a hundred seconds later; the identifiers of what is told each time.
fn history(steps: &[(Ours, Standing)]) -> (Vec<Vec<String>>, Known) {
    let mut known: Option<Known> = None;
    let mut told = Vec::new();
    for (round, (ours, seen)) in (1..).zip(steps) {
        let heard = evaluate(known.as_ref(), ours, seen, "meja", s(round * 100));
        told.push(heard.facts.iter().map(|fact| fact.id.replace("elsewhere-", "")).collect());
        known = Some(heard.known);
    }
    (told, known.expect("at least one"))
}

#[test]
fn our_own_changes_never_come_back_as_theirs() {
    let opened = ours(0, Stage::New);
    let restored = ours(250, Stage::Solved);
    let (told, known) = history(&[
        (opened.clone(), seen(Stage::New, "pantau", 1)),
        // Our follow-up moved it on.
        (opened, seen(Stage::InProgress, "pantau", 150)),
        (restored.clone(), seen(Stage::Solved, "pantau", 250)),
        (restored, seen(Stage::Solved, "pantau", 250)),
        (ours(450, Stage::InProgress), seen(Stage::InProgress, "pantau", 450)),
        (ours(550, Stage::Closed), seen(Stage::Closed, "pantau", 550)),
    ]);
    assert!(told.iter().all(Vec::is_empty), "{told:?}");
    assert_eq!(known.solved, None, "nobody there said so");
}

#[test]
fn what_they_change_is_told_once_with_who_and_when() {
    let opened = ours(0, Stage::New);
    let with = |assignee: &str, standing: Standing| Standing { assignee: Some(assignee.into()), ..standing };
    let (told, known) = history(&[
        (opened.clone(), with("Rina", seen(Stage::InProgress, "Rina", 50))),
        (opened.clone(), with("Rina", seen(Stage::InProgress, "Rina", 50))),
        (opened.clone(), with("Budi", seen(Stage::Pending, "Rina", 250))),
        (opened.clone(), with("Budi", seen(Stage::Solved, "Budi", 350))),
        (opened.clone(), with("Budi", seen(Stage::Closed, "", 420))),
        (opened, with("Budi", seen(Stage::InProgress, "Umum", 550))),
    ]);
    let expected: [&[&str]; 6] =
        [&["in-progress", "assigned"], &[], &["pending", "assigned"], &["solved"], &["closed"], &["reopened"]];
    assert_eq!(told, expected);
    assert_eq!(known.solved, None, "it was taken back");
}

#[test]
fn a_solution_of_theirs_is_seen_beside_ours() {
    let solution = Some(deed("Rina", 220));
    let both = Standing { solution, ..seen(Stage::Solved, "pantau", 260) };
    let (told, known) = history(&[
        (ours(0, Stage::New), seen(Stage::New, "pantau", 1)),
        (ours(260, Stage::Solved), both.clone()),
        (ours(260, Stage::Solved), both),
    ]);
    assert_eq!(told, [vec![], vec!["solved".to_owned()], vec![]]);
    assert_eq!(known.solved, Some(deed("Rina", 220)));
}

#[test]
fn urgency_and_entries_of_others_are_told() {
    let opened = ours(0, Stage::New);
    let urgent = Standing { priority: Some("3".into()), ..seen(Stage::New, "Rina", 150) };
    let entry = |at| Standing { entry: Some(deed("Rina", at)), ..urgent.clone() };
    let raised = Ours { priority: (s(450), Some("5".into())), ..opened.clone() };
    let (told, _) = history(&[
        (opened.clone(), seen(Stage::New, "pantau", 1)),
        (opened.clone(), urgent.clone()),
        (opened.clone(), entry(220)),
        (opened, entry(220)),
        (raised, Standing { entry: Some(deed("Rina", 430)), ..seen(Stage::New, "pantau", 450) }),
    ]);
    let expected: [&[&str]; 5] = [&[], &["priority"], &["entry"], &[], &["entry"]];
    assert_eq!(told, expected);
}

#[test]
fn codes_survive_printing() {
    for stage in Stage::ALL {
        assert_eq!(Stage::parse(stage.code()), Some(stage));
    }
    assert_eq!(Stage::parse("x"), None);
}
