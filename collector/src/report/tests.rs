//! The table on the command line, and a frozen month from the ledger to its proof.

mod basis;
mod continuity;
mod frozen;

use super::*;
use crate::domain::availability::{Counts, Figures};

fn row_of_simpeg() -> Row<'static> {
    let counts = Counts { up_s: 2_591_999, down_s: 1, ..Counts::ZERO };
    let figures = Figures {
        counts,
        agreed_s: counts.agreed_s(),
        availability_ppm: counts.availability_ppm(),
        availability_min_ppm: counts.availability_min_ppm(),
        availability_max_ppm: counts.availability_max_ppm(),
        coverage_ppm: counts.coverage_ppm(),
        outages: 1,
        longest_outage_s: 1,
        mtrs_s: Some(1),
        mtbf_s: None,
        target_ppm: Some(995_000),
        target_changed: false,
        budget_s: Some(12_960),
        budget_left_s: Some(-1),
        verdict: Verdict::Met,
    };
    Row { service: "simpeg", nama: "SIMPEG", figures: FigureList(figures) }
}

#[test]
fn programs_read_every_figure_under_one_name_in_both_forms() {
    let row = row_of_simpeg();
    let json = serde_json::to_value(&row).expect("serialises");
    let expected = serde_json::json!({
        "service": "simpeg", "nama": "SIMPEG",
        "target": 0.995, "target_ppm": 995_000,
        "availability": 0.999_999, "availability_ppm": 999_999,
        "availability_min_ppm": 999_999, "availability_max_ppm": 999_999,
        "coverage": 1.0, "coverage_ppm": 1_000_000,
        "agreed_s": 2_592_000, "up_s": 2_591_999, "degraded_s": 0, "down_s": 1, "unknown_s": 0, "excluded_s": 0,
        "outages": 1, "longest_outage_s": 1, "mtrs_s": 1, "mtbf_s": null,
        "budget_s": 12_960, "budget_left_s": -1, "verdict": "tercapai", "target_changed": false,
    });
    assert_eq!(json, expected);
    let csv = csv(&[row]);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(
        lines,
        [
            "service,nama,target_ppm,availability_ppm,availability_min_ppm,availability_max_ppm,coverage_ppm,agreed_s,up_s,degraded_s,down_s,unknown_s,excluded_s,outages,longest_outage_s,mtrs_s,mtbf_s,budget_s,budget_left_s,verdict,target_changed",
            "simpeg,\"SIMPEG\",995000,999999,999999,999999,1000000,2592000,2591999,0,1,0,0,1,1,1,,12960,-1,tercapai,false",
        ]
    );
}

#[test]
fn a_person_reads_a_table_in_bahasa_indonesia() {
    let zone = chrono_tz::Asia::Jakarta;
    let row = row_of_simpeg();
    let profile = crate::config::profile::bangka_2025();
    let period = Period::parse("2026-06").expect("a month");
    let text = text(&[row], &profile, zone, period, Timestamp::from_secs(1_782_864_000));
    let lines: Vec<&str> = text.lines().skip(3).take(2).collect();
    let words =
        |line: &str| line.split("  ").map(str::trim).filter(|w| !w.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(lines[0]), ["Layanan", "Target", "Ketersediaan", "Cakupan pemantauan", "Waktu henti", "Putusan"]);
    assert_eq!(words(lines[1]), ["SIMPEG", "99,50 %", "99,99 %", "100,00 %", "1 detik", "Target tercapai"]);
}

#[test]
fn a_field_is_quoted_for_spreadsheets() {
    assert_eq!(quoted("a \"b\", c"), "\"a \"\"b\"\", c\"");
    assert_eq!(quoted("=1+1"), "\"'=1+1\"");
}
