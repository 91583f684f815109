//! Reports: the table of figures on the command line, and the monthly monitoring form with its proof.
//!
//! | module | holds |
//! |---|---|
//! | [`document`] | the form as data: one structure behind all outputs, and what is signed |
//! | [`build`] | that structure from the store |
//! | [`form`] | the structure in words: sections and tables for page, text, XLSX |
//! | [`freeze`], [`seal`], [`canonical`] | a month that no longer changes, its signature, its bytes |
//! | [`recount`], [`verify`] | counting it again, and proving a file |
//! | [`pdf`] | a page printed by an installed browser |
//! | [`command`] | the command line's part |

mod basis;
pub mod build;
pub mod canonical;
pub mod command;
mod continuity;
pub mod document;
pub mod form;
pub mod freeze;
pub mod html;
pub mod pdf;
pub mod recount;
pub mod seal;
mod sheet;
#[cfg(test)]
mod tests;
mod utilisation;
pub mod verify;

pub(crate) use basis::target_period;

use crate::config::catalogue;
use crate::domain::availability::{AvailabilitySums, Verdict};
use crate::domain::calendar::period::Period;
use crate::domain::catalogue::{Catalogue, Finding, Service, ServiceId};
use crate::domain::profile::Profile;
use crate::domain::register::Register;
use crate::rulebook;
use crate::service_period::{self, FigureList};
use crate::store::{Reader, Store, StoreError};
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

/// Services in one part of a document.
pub const PART_SERVICES: usize = 25;

/// Part of a document, and of how many services the whole is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentPart {
    /// Of all parts together.
    pub services: usize,
    /// Head and some services.
    pub document: document::Document,
}

/// At most [`PART_SERVICES`] services of a period's document, for the catalogue in force.
///
/// # Errors
/// A period that is none, a service that is not in the catalogue, or the store.
pub fn document_part(
    store: &Store,
    profile: &Profile,
    period: &str,
    only: Option<&str>,
    skip: usize,
    now: Timestamp,
) -> Result<DocumentPart> {
    let period = Period::parse(period)?;
    let (catalogue, applied_at) = catalogue_in_force(store, profile)?;
    let chosen = chosen(&catalogue, only)?;
    let rulebook = store.read(|reader| rulebook::load_whole(reader, profile, &catalogue, applied_at))?;
    let site = build::Site { profile, catalogue: &catalogue, rulebook: &rulebook, period, now, judgement_only: false };
    let part: Vec<&Service> = chosen.iter().skip(skip).take(PART_SERVICES).copied().collect();
    let document = store.read(|reader| build::load(reader, &site, &part))?;
    Ok(DocumentPart { services: chosen.len(), document })
}

fn catalogue_in_force(store: &Store, profile: &Profile) -> Result<(Catalogue, Timestamp)> {
    let kept = store.read(|reader| reader.catalogue())?.context("no catalogue has been applied yet")?;
    Ok((catalogue::parse("catalogue in force", &kept.text, kept.revision, profile)?, kept.applied_at))
}

fn chosen<'a>(catalogue: &'a Catalogue, only: Option<&str>) -> Result<Vec<&'a Service>> {
    let is_asked = |service: &&Service| only.is_none_or(|only| service.id.as_str() == only);
    let chosen: Vec<&Service> = catalogue.services.iter().filter(is_asked).collect();
    if let Some(only) = only {
        ensure!(!chosen.is_empty(), "there is no service `{only}`; known: {}", known(catalogue));
    }
    Ok(chosen)
}

/// Everything that is proposed of a period's time and not decided, with the service's name.
///
/// # Errors
/// What the store says.
pub(crate) fn undecided(
    reader: &Reader,
    site: &build::Site<'_>,
    register: &Register,
) -> Result<Vec<(String, document::PendingRow)>, StoreError> {
    let mut found = Vec::new();
    for service in &site.catalogue.services {
        let rows = continuity::pending(reader, site, register, service)?;
        found.extend(rows.into_iter().map(|row| (service.name.clone(), row)));
    }
    Ok(found)
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
    let (catalogue, applied_at) = catalogue_in_force(store, profile)?;
    let chosen = chosen(&catalogue, only)?;
    let zone = profile.time_zone;
    let rulebook = store.read(|reader| rulebook::load_whole(reader, profile, &catalogue, applied_at))?;
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

/// All figures of a document, a line per service: the names of the JSON, without its lists.
pub(crate) fn write_csv(document: &document::Document) -> String {
    let mut lines: Vec<String> = Vec::new();
    for service in &document.services {
        let figures = serde_json::to_value(&service.figures).unwrap_or_default();
        let members = figures.as_object().into_iter().flatten();
        let (names, values): (Vec<&str>, Vec<String>) = members
            .map(|(name, value)| (name.as_str(), value.as_str().map_or_else(|| plain(value), str::to_owned)))
            .unzip();
        if lines.is_empty() {
            lines.push(format!("period,service,nama,{}", names.join(",")));
        }
        let (period, id) = (&document.head.period, &service.id);
        lines.push(format!("{period},{id},{},{}", quoted(&service.name), values.join(",")));
    }
    lines.join("\n") + "\n"
}

/// A form as a workbook.
///
/// # Errors
/// What the file format refuses.
pub(crate) fn write_sheet(document: &document::Document, form: &form::Form) -> Result<Vec<u8>> {
    sheet::render(&sheet_names(document), form)
}

/// A form without services as a workbook.
///
/// # Errors
/// What the file format refuses.
pub(crate) fn write_plain_sheet(form: &form::Form) -> Result<Vec<u8>> {
    sheet::render(&[], form)
}

/// The services of a document, each of which has a sheet of its own.
fn sheet_names(document: &document::Document) -> Vec<&str> {
    document.services.iter().map(|service| service.id.as_str()).collect()
}

fn plain(value: &serde_json::Value) -> String {
    if value.is_null() { String::new() } else { value.to_string() }
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
pub(crate) fn quoted(text: &str) -> String {
    let lead = if text.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    format!("\"{lead}{}\"", text.replace('"', "\"\""))
}

/// A finding of the catalogue in Bahasa Indonesia.
pub fn finding(finding: &Finding) -> String {
    let texts = Texts::new(Language::Id, chrono_tz::Asia::Jakarta);
    let text = texts.phrase(&finding.phrase);
    finding.service.as_ref().map_or_else(|| text.clone(), |service| format!("{service}: {text}"))
}
