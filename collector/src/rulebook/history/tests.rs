//! June judged by June's terms, whatever July says.

use super::*;
use crate::config::catalogue;
use crate::config::profile::bangka_2025;
use crate::domain::availability::{Availability, MaintenanceStatus, MaintenanceWindow, Verdict};
use crate::domain::calendar::period::Period;
use crate::domain::state::{State, Timeline};
use crate::rulebook::Rulebook;
use crate::service_period::judge;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(&format!("{text}:00+07:00")).expect(text)
}

/// A catalogue with one service, `simpeg`; `top` stands before its table, `lines` in it.
fn revision(number: u32, top: &str, lines: &str) -> Catalogue {
    let text = format!(
        "{top}\n[[layanan]]\nid = \"simpeg\"\nnama = \"SIMPEG\"\ndeskripsi = \"d\"\npenyedia = \"p\"\n\
         administrator_layanan = [\"a\"]\nadministrator_infrastruktur = [\"a\"]\ncara_akses = \"c\"\n\
         kontak_bantuan = \"k\"\nwaktu_bantuan = \"w\"\nkelompok = \"publik\"\nklasifikasi = \"esensial\"\n{lines}\n"
    );
    catalogue::parse("k.toml", &text, number, &bangka_2025()).expect("valid")
}

fn simpeg() -> ServiceId {
    ServiceId::parse("simpeg").expect("valid")
}

fn rulebook(revisions: &[(Catalogue, &str)], maintenance: &[MaintenanceWindow]) -> Rulebook {
    let mut history = History::new(bangka_2025().time_zone);
    for (catalogue, applied_at) in revisions {
        history.take(catalogue, at(applied_at));
    }
    let mut book = Rulebook::of_history(history);
    Arc::make_mut(book.services.get_mut(&simpeg()).expect("known")).maintenance.extend(maintenance);
    book
}

fn judged(rulebook: &Rulebook, period: &str, states: &[(&str, State)]) -> Availability {
    let states = Timeline::from_changes(states.iter().map(|(text, state)| (at(text), *state)));
    let period = Period::parse(period).expect("a period");
    judge(rulebook, &simpeg(), period, Some(at("2026-01-01T00:00")), &states, at("2026-12-01T00:00"))
}

/// Up from January on, down for ten hours from noon of 10 June and of 10 July on.
const STATES: [(&str, State); 5] = [
    ("2026-01-01T00:00", State::Up),
    ("2026-06-10T12:00", State::Down),
    ("2026-06-10T22:00", State::Up),
    ("2026-07-10T12:00", State::Down),
    ("2026-07-10T22:00", State::Up),
];

#[test]
fn june_keeps_its_target_when_july_gets_another() {
    let revisions = [
        (revision(1, "", "target_ketersediaan = 98.5"), "2026-01-05T08:00"),
        (revision(2, "berlaku_sejak = 2026-07-01", "target_ketersediaan = 99.5"), "2026-06-20T09:00"),
        // A revision that changes nothing splits nothing.
        (revision(3, "", "target_ketersediaan = 99.5"), "2026-07-15T10:00"),
    ];
    let rulebook = rulebook(&revisions, &[]);
    let verdict = |period| {
        let figures = judged(&rulebook, period, &STATES).figures;
        (figures.target_ppm, figures.verdict, figures.target_changed)
    };
    assert_eq!(verdict("2026-06"), (Some(985_000), Verdict::Met, false));
    assert_eq!(verdict("2026-07"), (Some(995_000), Verdict::NotMet, false));
    assert_eq!(verdict("2026-Q3"), (Some(995_000), Verdict::Met, false));
    assert_eq!(verdict("2026"), (Some(995_000), Verdict::Met, true), "changed within, and said so");
    assert_eq!(rulebook.of(&simpeg()).expect("known").terms.len(), 2);
}

#[test]
fn a_later_revision_is_the_whole_truth_from_its_onset_on() {
    let revisions = [
        (revision(1, "", "target_ketersediaan = 98.5"), "2026-01-05T08:00"),
        (revision(2, "berlaku_sejak = 2026-09-01", "target_ketersediaan = 99.9"), "2026-06-20T09:00"),
        (revision(3, "", "target_ketersediaan = 99.0"), "2026-08-01T00:00"),
    ];
    let rulebook = rulebook(&revisions, &[]);
    let terms: Vec<_> = rulebook.of(&simpeg()).expect("known").terms.iter().map(|t| t.target_ppm).collect();
    assert_eq!(terms, [Some(985_000), Some(990_000)], "what was to begin in September was withdrawn before");
}

#[test]
fn maintenance_counts_by_the_policy_of_its_own_month() {
    let window = |from, to| MaintenanceWindow {
        interval: Interval::new(at(from), at(to)),
        status: MaintenanceStatus::Approved,
        announced_at: Some(at("2026-05-01T00:00")),
        approved_at: None,
        ended_early_at: None,
    };
    let windows = [window("2026-06-10T12:00", "2026-06-10T22:00"), window("2026-07-10T12:00", "2026-07-10T22:00")];
    let revisions = [
        (revision(1, "", "target_ketersediaan = 99.5"), "2026-01-05T08:00"),
        (
            revision(2, "berlaku_sejak = 2026-07-01", "target_ketersediaan = 99.5\npemeliharaan = \"hitung_terhenti\""),
            "2026-06-20T09:00",
        ),
    ];
    let rulebook = rulebook(&revisions, &windows);
    let seconds = |period| {
        let counts = judged(&rulebook, period, &STATES).figures.counts;
        (counts.excluded_s, counts.down_s)
    };
    assert_eq!(seconds("2026-06"), (36_000, 0));
    assert_eq!(seconds("2026-07"), (0, 36_000));
    assert_eq!(seconds("2026-Q2"), (36_000, 0));
    assert_eq!(seconds("2026"), (36_000, 36_000));
}

#[test]
fn a_working_calendar_counts_open_time_only_also_in_ramadan_and_not_on_holidays() {
    let top = "[[kalender]]\nid = \"jam-kerja-asn\"\ntemplat = \"jam-kerja-asn\"\nlibur = [\"2026-06-10\"]\n\
               [[kalender.rentang]]\ndari = \"2026-07-06\"\nsampai = \"2026-07-12\"\ntemplat = \"jam-kerja-asn-ramadan\"\n";
    let catalogue = revision(1, top, "target_ketersediaan = 99.5\njam_layanan = \"jam-kerja-asn\"");
    let rulebook = rulebook(&[(catalogue, "2026-01-05T08:00")], &[]);
    let june = judged(&rulebook, "2026-06", &STATES).figures;
    // 22 weekdays of June 2026 with 7 h 30 min each, less the holiday on which it was down: no outage.
    assert_eq!((june.agreed_s, june.counts.down_s, june.outages), (21 * 27_000, 0, 0));
    let july = judged(&rulebook, "2026-07", &STATES).figures;
    // Friday 10 July in Ramadan: down from 12:00 on, open from 12:30 to 15:30.
    assert_eq!((july.counts.down_s, july.outages, july.verdict), (3 * 3600, 1, Verdict::NotMet));
}

#[test]
fn what_was_agreed_keeps_its_revision_and_a_class_that_changed_splits_no_seconds() {
    let other_class = |text: Catalogue| {
        let mut changed = text;
        changed.services[0].class = ServiceClass::Kritis;
        changed
    };
    let revisions = [
        (revision(1, "", "target_ketersediaan = 98.5"), "2026-01-05T08:00"),
        (revision(2, "", "target_ketersediaan = 98.5"), "2026-06-10T08:00"),
        (other_class(revision(3, "", "target_ketersediaan = 98.5")), "2026-06-20T09:00"),
        (other_class(revision(4, "", "target_ketersediaan = 99.5\nperiode_target = \"tahun\"")), "2026-07-01T00:00"),
    ];
    let rulebook = rulebook(&revisions, &[]);
    let rules = rulebook.of(&simpeg()).expect("known");
    let told: Vec<_> = rules.agreed.iter().map(|a| (a.catalogue_revision, a.target_ppm, a.class.code())).collect();
    assert_eq!(
        told,
        [(1, Some(985_000), "esensial"), (3, Some(985_000), "kritis"), (4, Some(995_000), "kritis")],
        "a revision that says the same is not told again"
    );
    assert_eq!(rules.agreed[1].valid_from, at("2026-06-20T09:00"));
    assert_eq!(rules.terms.len(), 2, "a class judges no second");
}
