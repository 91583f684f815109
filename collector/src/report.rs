//! The availability report on the command line: for people in Bahasa Indonesia, for spreadsheets, for programs. The
//! printable page is the web's.

use crate::config::catalogue;
use crate::domain::availability::{Availability, Verdict};
use crate::domain::calendar::period::Period;
use crate::domain::catalogue::{Catalogue, Finding, Service};
use crate::domain::profile::Profile;
use crate::service_period;
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
    target_ppm: Option<u32>,
    availability_ppm: Option<u32>,
    availability_min_ppm: Option<u32>,
    availability_max_ppm: Option<u32>,
    coverage_ppm: Option<u32>,
    agreed_s: u64,
    up_s: u64,
    degraded_s: u64,
    down_s: u64,
    unknown_s: u64,
    excluded_s: u64,
    outages: u64,
    longest_outage_s: u64,
    mtrs_s: Option<u64>,
    mtbf_s: Option<u64>,
    budget_s: Option<i64>,
    budget_left_s: Option<i64>,
    verdict: &'static str,
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
    let catalogue = catalogue::parse("catalogue in force", &kept.text, kept.revision)?;
    let chosen: Vec<&Service> =
        catalogue.services.iter().filter(|service| only.is_none_or(|only| service.id.as_str() == only)).collect();
    if let Some(only) = only {
        ensure!(!chosen.is_empty(), "there is no service `{only}`; known: {}", known(&catalogue));
    }
    let zone = profile.time_zone;
    let judged: Vec<(&Service, Availability)> = store.read(|reader| {
        chosen.iter().map(|service| Ok((*service, service_period::load(reader, zone, service, period, now)?))).collect()
    })?;
    let rows: Vec<Row<'_>> = judged.iter().map(|(service, judged)| row(service, judged)).collect();
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

fn row<'a>(service: &'a Service, judged: &Availability) -> Row<'a> {
    let (figures, counts) = (&judged.figures, &judged.figures.counts);
    Row {
        service: service.id.as_str(),
        nama: &service.name,
        target_ppm: figures.target_ppm,
        availability_ppm: figures.availability_ppm,
        availability_min_ppm: figures.availability_min_ppm,
        availability_max_ppm: figures.availability_max_ppm,
        coverage_ppm: figures.coverage_ppm,
        agreed_s: figures.agreed_s,
        up_s: counts.up_s,
        degraded_s: counts.degraded_s,
        down_s: counts.down_s,
        unknown_s: counts.unknown_s,
        excluded_s: counts.excluded_s,
        outages: figures.outages,
        longest_outage_s: figures.longest_outage_s,
        mtrs_s: figures.mtrs_s,
        mtbf_s: figures.mtbf_s,
        budget_s: figures.budget_s,
        budget_left_s: figures.budget_left_s,
        verdict: figures.verdict.code(),
    }
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
        let name: String = row.nama.chars().take(width).collect();
        let _written = writeln!(
            out,
            "{name:<width$}  {:>10}  {:>14}  {:>18}  {:>20}  {}",
            percent(row.target_ppm),
            percent(row.availability_ppm),
            percent(row.coverage_ppm),
            texts.duration(row.down_s),
            texts.get(&format!("verdict-{}", row.verdict.replace('_', "-"))),
        );
    }
    let met = rows.iter().filter(|row| row.verdict == Verdict::Met.code()).count();
    let judged = rows.iter().filter(|row| row.target_ppm.is_some()).count();
    let _written = writeln!(out, "\n{}: {met}/{judged}", texts.get("verdict-tercapai"));
    for (number, note) in &profile.assumptions {
        let _written = writeln!(out, "{number}: {note}");
    }
    let _written = writeln!(out, "{}: {}", texts.get("report-made"), texts.instant(now));
    out
}

fn csv(rows: &[Row<'_>]) -> String {
    let number = |value: Option<i64>| value.map(|value| value.to_string()).unwrap_or_default();
    let mut out = String::from(
        "service,nama,target_ppm,availability_ppm,availability_min_ppm,availability_max_ppm,coverage_ppm,agreed_s,up_s,degraded_s,down_s,unknown_s,excluded_s,outages,longest_outage_s,mtrs_s,mtbf_s,budget_s,budget_left_s,verdict\n",
    );
    for row in rows {
        let ppm = |value: Option<u32>| number(value.map(i64::from));
        let seconds = |value: Option<u64>| number(value.and_then(|value| i64::try_from(value).ok()));
        let fields = [
            row.service.to_owned(),
            quoted(row.nama),
            ppm(row.target_ppm),
            ppm(row.availability_ppm),
            ppm(row.availability_min_ppm),
            ppm(row.availability_max_ppm),
            ppm(row.coverage_ppm),
            row.agreed_s.to_string(),
            row.up_s.to_string(),
            row.degraded_s.to_string(),
            row.down_s.to_string(),
            row.unknown_s.to_string(),
            row.excluded_s.to_string(),
            row.outages.to_string(),
            row.longest_outage_s.to_string(),
            seconds(row.mtrs_s),
            seconds(row.mtbf_s),
            number(row.budget_s),
            number(row.budget_left_s),
            row.verdict.to_owned(),
        ];
        out += &fields.join(",");
        out.push('\n');
    }
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
    format!("{}: {}", finding.service, texts.phrase(&finding.phrase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_reads_a_table_in_bahasa_indonesia() {
        let zone = chrono_tz::Asia::Jakarta;
        let row = Row {
            service: "simpeg",
            nama: "SIMPEG",
            target_ppm: Some(995_000),
            availability_ppm: Some(999_999),
            availability_min_ppm: Some(999_999),
            availability_max_ppm: Some(999_999),
            coverage_ppm: Some(1_000_000),
            agreed_s: 2_592_000,
            up_s: 2_591_999,
            degraded_s: 0,
            down_s: 1,
            unknown_s: 0,
            excluded_s: 0,
            outages: 1,
            longest_outage_s: 1,
            mtrs_s: Some(1),
            mtbf_s: Some(2_591_999),
            budget_s: Some(12_960),
            budget_left_s: Some(12_959),
            verdict: Verdict::Met.code(),
        };
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
