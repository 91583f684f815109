//! Three-valued composites and their excluded time.

use super::*;
use pantau_shared::timestamp::Timestamp;

fn c(index: usize) -> Formula {
    Formula::Component(index)
}

fn states(letters: &str) -> Vec<State> {
    let state = |letter| match letter {
        'U' => State::Up,
        'G' => State::Degraded,
        'D' => State::Down,
        _ => State::Unknown,
    };
    letters.chars().map(state).collect()
}

fn check(formula: &Formula, given: &str, expected: &str) {
    assert_eq!(vec![formula.evaluate(&states(given))], states(expected), "{given}");
}

#[test]
fn all_takes_the_worst_and_unknown_hides_nothing_but_down() {
    let all = Formula::All(vec![c(0), c(1), c(2)]);
    for (given, expected) in [("UUU", "U"), ("UGU", "G"), ("UG?", "?"), ("?GD", "D"), ("UU", "?")] {
        check(&all, given, expected);
    }
}

#[test]
fn k_of_n_is_three_valued() {
    let two_of_three = Formula::KOfN { k: 2, of: vec![c(0), c(1), c(2)] };
    let cases = [
        ("UUD", "U"),
        ("UU?", "U"),
        ("UGD", "G"),
        ("UG?", "G"),
        ("U?D", "?"),
        ("?DD", "D"),
        ("UDD", "D"),
        ("???", "?"),
    ];
    for (given, expected) in cases {
        check(&two_of_three, given, expected);
    }
    let nested = Formula::All(vec![c(0), Formula::KOfN { k: 1, of: vec![c(1), c(2)] }]);
    for (given, expected) in [("UDU", "U"), ("UDD", "D"), ("DUU", "D"), ("U?D", "?"), ("GDU", "G")] {
        check(&nested, given, expected);
    }
}

#[test]
fn all_is_n_of_n() {
    let parts = vec![c(0), c(1), c(2)];
    let (all, n_of_n) = (Formula::All(parts.clone()), Formula::KOfN { k: 3, of: parts });
    for a in State::ALL {
        for b in State::ALL {
            for c in State::ALL {
                assert_eq!(all.evaluate(&[a, b, c]), n_of_n.evaluate(&[a, b, c]), "{a:?} {b:?} {c:?}");
            }
        }
    }
}

#[test]
fn bad_formulas_are_refused() {
    assert_eq!(Formula::All(vec![]).check(1), Err(FormulaError::Empty));
    assert_eq!(c(1).check(1), Err(FormulaError::Component { index: 1, count: 1 }));
    assert_eq!(Formula::KOfN { k: 0, of: vec![c(0)] }.check(1), Err(FormulaError::K { k: 0, n: 1 }));
    assert_eq!(Formula::KOfN { k: 2, of: vec![c(0)] }.check(1), Err(FormulaError::K { k: 2, n: 1 }));
    let nested = |depth| (1..depth).fold(c(0), |inner, _| Formula::All(vec![inner]));
    assert_eq!(nested(DEPTH_MAX).check(1), Ok(()));
    assert_eq!(nested(DEPTH_MAX + 1).check(1), Err(FormulaError::Depth));
}

/// Windows in seconds; a letter per second.
fn maintained(formula: &Formula, parts: &[(&str, &[(i64, i64)])]) -> (String, String) {
    let at = Timestamp::from_secs;
    let built: Vec<(Timeline, IntervalSet)> = parts
        .iter()
        .map(|(letters, windows)| {
            let changes = states(letters).into_iter().enumerate().map(|(i, state)| (at(i as i64), state));
            let windows = windows.iter().map(|(from, to)| Interval::new(at(*from), at(*to)));
            (Timeline::from_changes(changes), windows.collect())
        })
        .collect();
    let components: Vec<_> = built.iter().map(|(timeline, maintenance)| Component { timeline, maintenance }).collect();
    let window = Interval::new(at(0), at(parts[0].0.len() as i64));
    let composite = evaluate(formula, &components, window);
    let timeline = Timeline::from_intervals(composite.states);
    let seconds = (0..window.to.as_secs()).map(at);
    seconds
        .map(|t| {
            let letter = match timeline.state_at(t) {
                State::Up => 'U',
                State::Degraded => 'G',
                State::Down => 'D',
                State::Unknown => '?',
            };
            (letter, if composite.excluded.contains(t) { 'x' } else { '-' })
        })
        .unzip()
}

#[test]
fn component_maintenance_excludes_only_the_down_it_causes() {
    let all = Formula::All(vec![c(0), c(1)]);
    let one = Formula::KOfN { k: 1, of: vec![c(0), c(1)] };
    // Alone it takes the service down: excluded, exactly inside its window.
    let got = maintained(&all, &[("UDDDDU", &[(2, 4)]), ("UUUUUU", &[])]);
    assert_eq!(got, ("UDDDDU".into(), "--xx--".into()));
    // Another component is down as well: it would be down anyway.
    let got = maintained(&all, &[("UDDDDU", &[(1, 5)]), ("UUDDUU", &[])]);
    assert_eq!(got, ("UDDDDU".into(), "-x--x-".into()));
    // Both in maintenance.
    let got = maintained(&all, &[("UDDDDU", &[(1, 5)]), ("UUDDUU", &[(0, 6)])]);
    assert_eq!(got, ("UDDDDU".into(), "-xxxx-".into()));
    // Behind redundancy nothing is down, so nothing is excluded.
    let got = maintained(&one, &[("UDDDDU", &[(1, 5)]), ("UUDDUU", &[])]);
    assert_eq!(got, ("UUDDUU".into(), "--xx--".into()));
    // Unknown beside it: it might be up without the maintenance, so it is not held against the service.
    let got = maintained(&all, &[("UDDDDU", &[(1, 5)]), ("UU??UU", &[])]);
    assert_eq!(got, ("UDDDDU".into(), "-xxxx-".into()));
    // In maintenance but up: nothing to exclude.
    let got = maintained(&all, &[("UUUU", &[(0, 4)]), ("UUUU", &[])]);
    assert_eq!(got, ("UUUU".into(), "----".into()));
}
