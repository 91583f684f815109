//! Edits of ledgers, against a ledger kept as one state per second.

use super::*;
use crate::domain::interval::Interval;
use crate::domain::register::excuse::PartStretch;
use proptest::prelude::*;

fn row(from: i64, to: i64, state: State) -> LedgerRow {
    LedgerRow { from: at(from), to: at(to), state, reason: None }
}

fn edit(replace_from: i64, rows: Vec<LedgerRow>) -> Decision {
    let edit = LedgerEdit { service: service("simpeg"), replace_from: at(replace_from), rows, parts: None };
    Decision { ledger: vec![edit], evaluated_at: at(0), ..Decision::default() }
}

fn commit(fixture: &Fixture, decision: Decision) -> Result<(), StoreError> {
    fixture.write(move |w| w.commit_decision(&decision))
}

fn shown(fixture: &Fixture, from: i64, to: i64) -> Vec<(i64, i64, State)> {
    let rows = fixture.read(|r| r.ledger(&service("simpeg"), at(from), at(to)));
    let second = |t: Timestamp| t.ms_since(at(0)) / 1000;
    rows.iter().map(|row| (second(row.from), second(row.to), row.state)).collect()
}

#[test]
fn an_edit_replaces_the_tail_and_cuts_what_spans_it() {
    let fixture = Fixture::new();
    commit(&fixture, edit(0, vec![row(0, 10, State::Up), row(10, 30, State::Down), row(35, 40, State::Up)]))
        .expect("fits");
    commit(&fixture, edit(20, vec![row(20, 25, State::Degraded)])).expect("fits");
    let fixture = fixture.reopen();
    let expected = [(0, 10, State::Up), (10, 20, State::Down), (20, 25, State::Degraded)];
    assert_eq!(shown(&fixture, 0, 100), expected);
    assert_eq!(shown(&fixture, 10, 20), expected[1..2], "half-open at both ends");
    assert_eq!(shown(&fixture, 12, 13), expected[1..2]);
    assert_eq!(shown(&fixture, 19, 21), expected[1..]);
    assert_eq!(shown(&fixture, 25, 100), []);
    assert_eq!(shown(&fixture, 12, 12), []);
    assert_eq!(fixture.read(|r| r.ledger_begins(&service("simpeg"))), Some(at(0)));
    assert_eq!(fixture.read(|r| r.ledger_begins(&service("other"))), None);
}

#[test]
fn reasons_come_back_with_their_arguments_in_order() {
    let fixture = Fixture::new();
    let reason = Phrase::new("reason-down").with("z", "ü\"\\").with("a", 3);
    let with_reason = LedgerRow { reason: Some(reason.clone()), ..row(0, 5, State::Down) };
    commit(&fixture, edit(0, vec![with_reason])).expect("fits");
    let rows = fixture.read(|r| r.ledger(&service("simpeg"), at(0), at(9)));
    assert_eq!(rows[0].reason, Some(reason));
}

#[test]
fn an_edit_that_only_tells_another_reason_is_kept_and_changes_no_other_row() {
    let fixture = Fixture::new();
    let because = |text: &str| LedgerRow { reason: Some(Phrase::new(text)), ..row(10, 20, State::Down) };
    commit(&fixture, edit(0, vec![row(0, 10, State::Up), because("a"), row(20, 30, State::Up)])).expect("fits");
    commit(&fixture, edit(0, vec![row(0, 10, State::Up), because("b"), row(20, 30, State::Up)])).expect("fits");
    let rows = fixture.read(|r| r.ledger(&service("simpeg"), at(0), at(99)));
    assert_eq!(rows, [row(0, 10, State::Up), because("b"), row(20, 30, State::Up)]);
}

#[test]
fn an_edit_with_overlap_disorder_or_emptiness_changes_nothing() {
    let fixture = Fixture::new();
    commit(&fixture, edit(0, vec![row(0, 10, State::Up)])).expect("fits");
    for rows in [
        vec![row(5, 8, State::Up), row(7, 9, State::Up)],
        vec![row(8, 9, State::Up), row(5, 6, State::Up)],
        vec![row(5, 5, State::Up)],
        vec![row(4, 6, State::Up)],
    ] {
        assert!(matches!(commit(&fixture, edit(5, rows)), Err(StoreError::Refused { .. })));
        assert_eq!(shown(&fixture, 0, 100), [(0, 10, State::Up)]);
    }
}

const SECONDS: usize = 40;

/// One state per second; none is unknown.
type Painted = [Option<State>; SECONDS];

/// Where an edit begins, and its rows as (gap before, length, state).
type Parts = (usize, Vec<(usize, usize, usize)>);

fn edits() -> impl Strategy<Value = Vec<Parts>> {
    let rows = proptest::collection::vec((0usize..4, 1usize..8, 0usize..4), 0..5);
    proptest::collection::vec((0usize..SECONDS, rows), 1..8)
}

/// Lays rows of (gap before, length, state) from `start` on, inside the painted range.
fn lay(start: usize, parts: &[(usize, usize, usize)]) -> Vec<(usize, usize, State)> {
    let mut begin = start;
    let mut rows = Vec::new();
    for (gap, length, state) in parts {
        begin += gap;
        if begin + length > SECONDS {
            break;
        }
        rows.push((begin, begin + length, State::ALL[*state]));
        begin += length;
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn edits_equal_painting_second_by_second(edits in edits(), window in (0usize..SECONDS, 0usize..SECONDS)) {
        let fixture = Fixture::new();
        let mut painted: Painted = [None; SECONDS];
        for (start, parts) in &edits {
            let rows = lay(*start, parts);
            painted[*start..].fill(None);
            for (from, to, state) in &rows {
                painted[*from..*to].fill(Some(*state));
            }
            let rows = rows.iter().map(|(from, to, state)| row(*from as i64, *to as i64, *state)).collect();
            commit(&fixture, edit(*start as i64, rows)).expect("fits");
        }
        let (from, to) = (window.0.min(window.1), window.0.max(window.1));
        let mut read: Painted = [None; SECONDS];
        for (begin, end, state) in shown(&fixture, from as i64, to as i64) {
            let (begin, end) = (begin.max(from as i64) as usize, end.min(to as i64) as usize);
            prop_assert!(begin < end, "a row outside the window");
            prop_assert!(read[begin..end].iter().all(Option::is_none), "rows overlap");
            read[begin..end].fill(Some(state));
        }
        prop_assert_eq!(&read[from..to], &painted[from..to]);
    }
}

fn part(from: i64, to: i64, check: &str) -> PartStretch {
    let states = vec![(CheckId::parse(check).expect("valid"), State::Down)];
    PartStretch { interval: Interval::new(at(from), at(to)), states }
}

fn edit_parts(fixture: &Fixture, replace_from: i64, rows: Vec<PartStretch>) -> Result<(), StoreError> {
    let decision = edit(0, vec![row(0, 100, State::Down)]);
    let mut ledger = decision.ledger;
    ledger[0].parts = Some(PartsEdit { replace_from: at(replace_from), rows });
    commit(fixture, Decision { ledger, ..Decision::default() })
}

fn parts(fixture: &Fixture, from: i64, to: i64) -> Vec<PartStretch> {
    fixture.read(|r| r.ledger_parts(&service("simpeg"), at(from), at(to)))
}

#[test]
fn parts_are_replaced_from_an_instant_on() {
    let fixture = Fixture::new();
    edit_parts(&fixture, 0, vec![part(0, 10, "a"), part(10, 30, "b"), part(40, 50, "a")]).expect("fits");
    edit_parts(&fixture, 20, vec![part(20, 25, "c"), part(40, 60, "a")]).expect("fits");
    let fixture = fixture.reopen();
    let expected = [part(0, 10, "a"), part(10, 20, "b"), part(20, 25, "c"), part(40, 60, "a")];
    assert_eq!(parts(&fixture, 0, 100), expected);
    assert_eq!(parts(&fixture, 12, 13), expected[1..2]);
    assert_eq!(parts(&fixture, 25, 40), [], "half-open at both ends");
    for refused in [vec![part(5, 9, "a")], vec![part(30, 30, "a")], vec![part(40, 50, "a"), part(45, 60, "b")]] {
        edit_parts(&fixture, 20, refused).expect_err("not sorted, disjoint and in range");
    }
    assert_eq!(parts(&fixture, 0, 100), expected, "a refused edit changes nothing");
    edit_parts(&fixture, 15, Vec::new()).expect("fits");
    assert_eq!(parts(&fixture, 0, 100), [part(0, 10, "a"), part(10, 15, "b")]);
}
