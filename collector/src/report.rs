//! The availability report on the command line: for people in Bahasa Indonesia, for spreadsheets, for programs. The
//! printable page is the web's.

use crate::config::catalogue;
use crate::domain::availability::{AvailabilitySums, Verdict};
use crate::domain::calendar::period::Period;
use crate::domain::catalogue::{Catalogue, Finding, Service, ServiceId};
use crate::domain::profile::Profile;
use crate::rulebook;
use crate::service_period::{self, FigureList};
use crate::store::Store;
use crate::texts::{Language, Texts};
use anyhow::{Context, Result, ensure};
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// How the report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// A table for people.
    Text,
    /// Comma-separated, with a header; seconds and ppm.
    Csv,
    /// One JSON document; seconds and ppm.
    Json,
}

/// One service in the JSON form.
#[derive(Debug, Serialize)]
struct Row<'a> {
    service: &'a str,
    nama: &'a str,
    #[serde(flatten)]
    figures: FigureList,
}

/// The report of one period for the catalogue in force.
///
/// # Errors
/// A period that is none, a service that is not in the catalogue, or the store.
pub fn availability(
    store: &Store,
    profile: &Profile,
    period: &str,
    only: Option<&str>,
    format: Format,
    now: Timestamp,
) -> Result<String> {
    let period = Period::parse(period)?;
    let kept = store.read(|reader| reader.catalogue())?.context("no catalogue has been applied yet")?;
    let catalogue = catalogue::parse("catalogue in force", &kept.text, kept.revision, profile)?;
    let chosen: Vec<&Service> =
        catalogue.services.iter().filter(|service| only.is_none_or(|only| service.id.as_str() == only)).collect();
    if let Some(only) = only {
        ensure!(!chosen.is_empty(), "there is no service `{only}`; known: {}", known(&catalogue));
    }
    let zone = profile.time_zone;
    let rulebook = store.read(|reader| rulebook::load(reader, profile, &catalogue, kept.applied_at))?;
    let ids: Vec<&ServiceId> = chosen.iter().map(|service| &service.id).collect();
    let judged = store.read(|reader| service_period::load_many(reader, &rulebook, &ids, period, now))?;
    let rows: Vec<Row<'_>> = chosen.iter().zip(&judged).map(|(service, judged)| row(service, judged)).collect();
    match format {
        Format::Text => Ok(text(&rows, profile, zone, period, now)),
        Format::Csv => Ok(csv(&rows)),
        Format::Json => Ok(serde_json::to_string_pretty(&serde_json::json!({
            "period": period.to_string(),
            "as_of": Texts::new(Language::En, zone).instant(now),
            "catalogue_revision": catalogue.revision,
            "profile": profile.version,
            "services": rows,
        }))?),
    }
}

fn known(catalogue: &Catalogue) -> String {
    let ids: Vec<&str> = catalogue.services.iter().map(|service| service.id.as_str()).take(20).collect();
    ids.join(", ")
}

fn row<'a>(service: &'a Service, judged: &AvailabilitySums) -> Row<'a> {
    Row { service: service.id.as_str(), nama: &service.name, figures: FigureList(judged.figures) }
}

fn text(rows: &[Row<'_>], profile: &Profile, zone: Tz, period: Period, now: Timestamp) -> String {
    let texts = Texts::new(Language::Id, zone);
    let percent = |ppm: Option<u32>| ppm.map_or_else(|| "–".to_owned(), |ppm| texts.percent(ppm));
    let mut out = format!("{} · {period}\n{}\n\n", texts.get("report-title"), profile.legal_basis);
    let width = rows.iter().map(|row| row.nama.chars().count()).max().unwrap_or(0).clamp(7, 40);
    let (service, target) = (texts.get("column-service"), texts.get("column-target"));
    let (availability, coverage) = (texts.get("availability"), texts.get("figure-coverage"));
    let down = texts.get("figure-down");
    let verdict = texts.get("column-verdict");
    let _written =
        writeln!(out, "{service:<width$}  {target:>10}  {availability:>14}  {coverage:>18}  {down:>20}  {verdict}");
    for row in rows {
        let figures = &row.figures.0;
        let name: String = row.nama.chars().take(width).collect();
        let _written = writeln!(
            out,
            "{name:<width$}  {:>10}  {:>14}  {:>18}  {:>20}  {}",
            percent(figures.target_ppm),
            percent(figures.availability_ppm),
            percent(figures.coverage_ppm),
            texts.duration(figures.counts.down_s),
            texts.get(&format!("verdict-{}", figures.verdict.code().replace('_', "-"))),
        );
    }
    let met = rows.iter().filter(|row| row.figures.0.verdict == Verdict::Met).count();
    let judged = rows.iter().filter(|row| row.figures.0.target_ppm.is_some()).count();
    let _written = writeln!(out, "\n{}: {met}/{judged}", texts.get("verdict-tercapai"));
    for (number, note) in &profile.assumptions {
        let _written = writeln!(out, "{number}: {note}");
    }
    let _written = writeln!(out, "{}: {}", texts.get("report-made"), texts.instant(now));
    out
}

fn csv(rows: &[Row<'_>]) -> String {
    let mut out = String::from("service,nama");
    for (name, _) in
        rows.first().map(|row| row.figures.fields()).into_iter().flatten().filter(|(_, f)| f.csv().is_some())
    {
        out += ",";
        out += name;
    }
    for row in rows {
        out += &format!("\n{},{}", row.service, quoted(row.nama));
        for field in row.figures.fields().into_iter().filter_map(|(_, figure)| figure.csv()) {
            out += ",";
            out += &field;
        }
    }
    out.push('\n');
    out
}

/// A text field of CSV (RFC 4180); one that a spreadsheet would take for a formula is led by an apostrophe.
fn quoted(text: &str) -> String {
    let lead = if text.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    format!("\"{lead}{}\"", text.replace('"', "\"\""))
}

/// A finding of the catalogue in Bahasa Indonesia.
pub fn finding(finding: &Finding) -> String {
    let texts = Texts::new(Language::Id, chrono_tz::Asia::Jakarta);
    let text = texts.phrase(&finding.phrase);
    finding.service.as_ref().map_or_else(|| text.clone(), |service| format!("{service}: {text}"))
}

#[cfg(test)]
mod tests {
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
        let words = |line: &str| {
            line.split("  ").map(str::trim).filter(|w| !w.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(
            words(lines[0]),
            ["Layanan", "Target", "Ketersediaan", "Cakupan pemantauan", "Waktu henti", "Putusan"]
        );
        assert_eq!(words(lines[1]), ["SIMPEG", "99,50 %", "99,99 %", "100,00 %", "1 detik", "Target tercapai"]);
    }

    #[test]
    fn a_field_is_quoted_for_spreadsheets() {
        assert_eq!(quoted("a \"b\", c"), "\"a \"\"b\"\", c\"");
        assert_eq!(quoted("=1+1"), "\"'=1+1\"");
    }
}
