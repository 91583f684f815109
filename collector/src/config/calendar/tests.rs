//! Calendars of a catalogue as they are read and refused.

use crate::config::catalogue;
use crate::config::profile::bangka_2025;
use crate::domain::calendar::period::Period;
use crate::domain::catalogue::{Catalogue, NamedCalendar};

fn parse(text: &str) -> Catalogue {
    catalogue::parse("k.toml", text, 1, &bangka_2025()).expect("valid")
}

fn hours(named: &NamedCalendar, period: &str) -> u64 {
    let period = Period::parse(period).expect("a period").interval(named.calendar.zone);
    named.calendar.open_in(period).length_s() / 60
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let faults = catalogue::parse("k.toml", text, 1, &bangka_2025()).expect_err("faulty");
    assert_eq!(faults.to_string().lines().collect::<Vec<_>>(), expected);
}

#[test]
fn the_templates_hold_the_sums_of_the_national_frame_and_are_not_confirmed() {
    let catalogue = parse("");
    let template = |id| catalogue.calendar(id).expect("shipped");
    // Perpres 21/2023: 37 h 30 min a week, in Ramadan 32 h 30 min.
    assert_eq!(hours(template("jam-kerja-asn"), "2026-W24"), 37 * 60 + 30);
    assert_eq!(hours(template("jam-kerja-asn-ramadan"), "2026-W24"), 32 * 60 + 30);
    assert!(catalogue.calendars.iter().all(|calendar| !calendar.confirmed));
}

#[test]
fn an_office_completes_a_template_with_holidays_and_the_dates_of_ramadan() {
    let catalogue = parse(
        "[[kalender]]\nid = \"jam-kerja-asn\"\ntemplat = \"jam-kerja-asn\"\nlibur = [\"2026-06-01\"]\n\
         cuti_bersama = [2026-06-02]\ndikonfirmasi = true\n\
         [[kalender.rentang]]\ndari = \"2026-02-18\"\nsampai = \"2026-03-19\"\ntemplat = \"jam-kerja-asn-ramadan\"\n",
    );
    let office = catalogue.calendar("jam-kerja-asn").expect("there");
    assert!(office.confirmed && office.name == "Jam kerja ASN");
    assert_eq!(hours(office, "2026-W23"), 37 * 60 + 30 - 2 * 450, "two days off");
    assert_eq!(hours(office, "2026-W09"), 32 * 60 + 30, "a week of Ramadan");
    assert_eq!(catalogue.calendars.len(), 2, "the completed template stands in its own place");
}

#[test]
fn faults_of_calendars_are_named_with_their_place() {
    check(
        "[[kalender]]\nid = \"kantor\"\nzona = \"Mars/Base\"\nsenin = [\"08:00-12:00\", \"11:00-16:00\"]\n\
         selasa = [\"8-16\"]\nlibur = [\"2026-02-30\"]\n",
        &[
            "k.toml:3:8: kalender[1].zona = \"Mars/Base\": is no IANA time zone; such as \"Asia/Makassar\"",
            "k.toml:4:25: kalender[1].senin[1] = \"11:00-16:00\": open interval 11:00-16:00 overlaps the one before it; give intervals that begin before they end and do not overlap",
            "k.toml:5:11: kalender[1].selasa[0] = \"8-16\": are no hours; give HH:MM-HH:MM, such as \"07:30-12:00\"",
            "k.toml:6:10: kalender[1].libur[0] = \"2026-02-30\": is no date; give YYYY-MM-DD between 2000 and 2100, such as \"2026-08-17\"",
        ],
    );
    check(
        "[[kalender]]\nid = \"kantor\"\n",
        &[
            "k.toml:1:1: kalender[1]: has no open time; give hours by weekday, such as senin = [\"07:30-16:00\"]; `24x7` is built in",
        ],
    );
    check(
        "[[kalender]]\nid = \"kantor\"\nsenin = [\"08:00-16:00\"]\n[[kalender.rentang]]\ndari = \"2026-06-01\"\n\
         sampai = \"2026-08-31\"\n",
        &[
            "k.toml:1:1: kalender[1]: has no open time in 60 days from 2026-05-25 (Mon); give hours by weekday, such as senin = [\"07:30-16:00\"]; `24x7` is built in",
        ],
    );
}
