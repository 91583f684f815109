//! What components' maintenance excuses, against looking at every second by itself.

use super::*;
use crate::config::catalogue;
use crate::config::profile::bangka_2025;
use proptest::prelude::*;

const LENGTH: i64 = 60;
const COMPOSITIONS: [&str; 4] = [
    "",
    "susunan = { semua = [\"aplikasi\", { k = 1, dari = [\"db\", \"c\"] }] }",
    "susunan = { k = 2, dari = [\"a\", \"b\", \"c\"] }",
    "susunan = { k = 1, dari = [{ semua = [\"a\", \"b\"] }, \"simpanan\"] }",
];

fn at(second: i64) -> Timestamp {
    Timestamp::from_secs(1_790_000_000 + second)
}

fn span(from: i64, to: i64) -> Interval {
    Interval::new(at(from), at(to))
}

/// Checks `a`, `b`, `c`; the component `simpanan` shares a check with `db`.
fn service(composition: &str) -> Service {
    let check = |id: &str| {
        format!("[[layanan.pemeriksaan]]\nid = \"{id}\"\njenis = \"tcp\"\nalamat = \"x\"\nport = 1\ndari = [\"h\"]\n")
    };
    let component = |(id, checks): (&str, &str)| {
        format!("[[layanan.komponen]]\nid = \"{id}\"\nnama = \"{id}\"\npemeriksaan = {checks}\n")
    };
    let components = [("aplikasi", "[\"a\"]"), ("db", "[\"b\"]"), ("simpanan", "[\"b\", \"c\"]")].map(component);
    let text = format!(
        "[[host]]\nid = \"h\"\n[[layanan]]\nid = \"s\"\nnama = \"S\"\ndeskripsi = \"d\"\npenyedia = \"p\"\n\
         cara_akses = \"c\"\nkontak_bantuan = \"k\"\nwaktu_bantuan = \"w\"\nkelompok = \"publik\"\n\
         klasifikasi = \"esensial\"\n{composition}\n{}{}",
        ["a", "b", "c"].map(check).concat(),
        components.concat()
    );
    catalogue::parse("k.toml", &text, 1, &bangka_2025()).expect("valid").services[0].clone()
}

fn any_changes() -> impl Strategy<Value = Vec<(i64, State)>> {
    let state = prop::sample::select(vec![State::Up, State::Down, State::Down, State::Degraded, State::Unknown]);
    prop::collection::vec((0..LENGTH, state), 0..6).prop_map(|mut changes| {
        changes.sort_by_key(|(second, _)| *second);
        changes
    })
}

fn any_windows() -> impl Strategy<Value = Vec<(i64, i64)>> {
    prop::collection::vec((0..LENGTH, 1..LENGTH).prop_map(|(from, length)| (from, (from + length).min(LENGTH))), 0..3)
}

fn timeline(changes: &[(i64, State)]) -> Timeline {
    let first = std::iter::once((at(0), State::Up));
    Timeline::from_changes(first.chain(changes.iter().map(|(second, state)| (at(*second), *state))))
}

fn set(windows: &[(i64, i64)]) -> IntervalSet {
    windows.iter().map(|(from, to)| span(*from, *to)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_second_is_excused_when_it_would_not_be_down_with_what_is_maintained_up(
        compositions in (0..COMPOSITIONS.len(), 0..COMPOSITIONS.len()),
        changed in 0..LENGTH,
        checks in [any_changes(), any_changes(), any_changes()],
        windows in [any_windows(), any_windows(), any_windows()],
    ) {
        let services = [service(COMPOSITIONS[compositions.0]), service(COMPOSITIONS[compositions.1])];
        let made = |second: i64| &services[usize::from(second >= changed)];
        let checks = checks.map(|changes| timeline(&changes));
        let planned: Vec<(&str, IntervalSet)> =
            ["aplikasi", "db", "simpanan"].into_iter().zip(windows.iter().map(|windows| set(windows))).collect();
        let stands = |second: i64| checks.iter().map(|check| check.state_at(at(second))).collect::<Vec<State>>();

        let mut kept = Vec::new();
        for (service, window) in services.iter().zip([span(0, changed), span(changed, LENGTH)]) {
            let states = (0..LENGTH).map(|second| (at(second), service.formula().evaluate(&stands(second))));
            let merged = Timeline::from_changes(states);
            stretches(service, &checks, &merged, window).into_iter().for_each(|next| push_joined(&mut kept, next));
        }
        let makeups = [(Interval::ALL.from, Makeup::of(&services[0])), (at(changed), Makeup::of(&services[1]))];
        let windows_of = |id: &ServiceId| {
            planned.iter().find(|(name, _)| *name == id.as_str()).map(|(_, set)| set.clone()).expect("known")
        };
        let got = excused(&makeups, &kept, &windows_of);

        for second in 0..LENGTH {
            let (service, states) = (made(second), stands(second));
            let mut lifted = states.clone();
            for component in &service.composition.components {
                if windows_of(&component.id).contains(at(second)) {
                    component.checks.iter().for_each(|place| lifted[*place] = State::Up);
                }
            }
            let formula = service.formula();
            let expected = formula.evaluate(&states) == State::Down && formula.evaluate(&lifted) != State::Down;
            prop_assert_eq!(got.contains(at(second)), expected, "second {}: {:?}", second, states);
        }
    }
}

#[test]
fn what_has_no_components_is_never_excused() {
    let mut plain = service("");
    plain.composition.components.clear();
    assert_eq!(Makeup::of(&plain), None);
    let down = PartStretch { interval: span(0, 10), states: vec![(plain.checks[0].id.clone(), State::Down)] };
    let always = |_: &ServiceId| IntervalSet::from(Interval::ALL);
    assert!(excused(&[(Interval::ALL.from, None)], &[down], &always).is_empty());
}
