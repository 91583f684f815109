//! A log that is made anew from any instant on is the log that is made at once, and its edits lead the same way.

use super::*;
use crate::domain::state::State;
use pantau_shared::timestamp::Timestamp;
use proptest::prelude::*;

const LENGTH: i64 = 40;

fn at(second: i64) -> Timestamp {
    Timestamp::from_secs(1_790_000_000 + second)
}

fn service() -> Service {
    let check = |id: &str| {
        format!("[[layanan.pemeriksaan]]\nid = \"{id}\"\njenis = \"tcp\"\nalamat = \"x\"\nport = 1\ndari = [\"h\"]\n")
    };
    let text = format!(
        "[[host]]\nid = \"h\"\n[[layanan]]\nid = \"s\"\nnama = \"S\"\ndeskripsi = \"d\"\npenyedia = \"p\"\n\
         cara_akses = \"c\"\nkontak_bantuan = \"k\"\nwaktu_bantuan = \"w\"\nkelompok = \"publik\"\n\
         klasifikasi = \"esensial\"\n{}{}[[layanan.komponen]]\nid = \"db\"\npemeriksaan = [\"b\"]\n",
        check("a"),
        check("b")
    );
    let parsed = crate::config::catalogue::parse("k.toml", &text, 1, &crate::config::profile::bangka_2025());
    parsed.expect("valid").services[0].clone()
}

/// The states of both checks, second by second.
type Seconds = Vec<(State, State)>;

fn revise(log: &mut PartLog, service: &Service, seconds: &Seconds, from: i64) -> Option<PartsEdit> {
    let window = Interval::new(at(from), at(i64::try_from(seconds.len()).expect("few")));
    let of = |pick: fn(&(State, State)) -> State| {
        let changes = (0..).zip(seconds).map(|(second, both)| (at(second), pick(both)));
        Timeline::from_changes(changes.chain([(window.to, State::Unknown)]))
    };
    let checks = [of(|(a, _)| *a), of(|(_, b)| *b)];
    let merged = of(|(a, b)| {
        crate::domain::composite::Formula::evaluate(
            &crate::domain::composite::Formula::All(vec![
                crate::domain::composite::Formula::Component(0),
                crate::domain::composite::Formula::Component(1),
            ]),
            &[*a, *b],
        )
    });
    let stretches: Vec<StateInterval> = merged.segments(window).collect();
    log.replace(service, window, &stretches, &checks)
}

fn apply(stored: &mut Vec<PartStretch>, edit: &PartsEdit) {
    stored.retain(|kept| kept.interval.from < edit.replace_from);
    if let Some(last) = stored.last_mut() {
        last.interval.to = last.interval.to.min(edit.replace_from);
    }
    stored.extend(edit.rows.iter().cloned());
}

fn any_seconds() -> impl Strategy<Value = Seconds> {
    let state = || prop::sample::select(vec![State::Up, State::Up, State::Down, State::Down, State::Unknown]);
    prop::collection::vec((state(), state()), 1..usize::try_from(LENGTH).expect("few"))
}

proptest! {
    #[test]
    fn from_any_instant_on_anew_is_the_same_as_at_once(
        steps in prop::collection::vec((any_seconds(), 0..LENGTH), 1..6),
    ) {
        let service = service();
        let (mut log, mut stored, mut known) = (PartLog::new(&service), Vec::new(), Seconds::new());
        for (next, from) in steps {
            // What lies before is as it was; from there on all is new.
            let from = from.min(i64::try_from(known.len()).expect("few")).min(i64::try_from(next.len()).expect("few"));
            let begun = usize::try_from(from).expect("few");
            known.truncate(begun);
            known.extend_from_slice(&next[begun..]);
            let before = log.stretches().to_vec();
            match revise(&mut log, &service, &known, from) {
                Some(edit) => apply(&mut stored, &edit),
                None => prop_assert_eq!(log.stretches(), before.as_slice()),
            }
            let mut whole = PartLog::new(&service);
            revise(&mut whole, &service, &known, 0);
            prop_assert_eq!(log.stretches(), whole.stretches());
            prop_assert_eq!(stored.as_slice(), whole.stretches());
        }
    }
}

#[test]
fn nothing_is_kept_of_a_service_without_components() {
    let mut plain = service();
    plain.composition.components.clear();
    let mut log = PartLog::new(&plain);
    assert_eq!(revise(&mut log, &plain, &vec![(State::Down, State::Down); 5], 0), None);
    assert!(log.stretches().is_empty() && !log.is_kept());
}
