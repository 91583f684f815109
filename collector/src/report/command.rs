//! Reports on the command line: asks the collector for the document part by part, renders it here, proves files.

use super::document::{Document, Summary};
use super::verify::{self, FILE_BYTES_MAX, Proved};
use super::{DocumentPart, Format, form, html, pdf, seal, sheet};
use crate::admin::{self, Command};
use crate::clock::Clock;
use crate::config::settings::Settings;
use crate::review::document::Review;
use crate::texts::{Language, Texts};
use anyhow::{Context, Result, anyhow, ensure};
use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Form of a monitoring report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FormFormat {
    /// For people, on a terminal.
    Text,
    /// One file with everything in it, for any browser.
    Html,
    /// A4, printed by an installed browser.
    Pdf,
    /// All figures, a line per service.
    Csv,
    /// A workbook with a sheet per service.
    Xlsx,
    /// With every interval, so that it can be counted again.
    Json,
}

/// What a person asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportOptions {
    /// Such as `2026-06`.
    pub period: String,
    /// Only this service.
    pub service: Option<String>,
    /// Its form.
    pub format: FormFormat,
    /// Where to; needed by forms that are no text.
    pub output: Option<PathBuf>,
}

/// Makes a monitoring report; what to tell the person.
///
/// # Errors
/// In words that name the remedy.
pub async fn monitoring(settings: &Settings, options: &ReportOptions, clock: &Clock) -> Result<String> {
    let document = ask(settings, &options.period, options.service.as_deref(), None, clock).await?;
    let zone = document.head.zone.parse().map_err(|_| anyhow!("the time zone is unknown here"))?;
    let form = form::render(Texts::new(Language::Id, zone), &document, None, form::Detail::All);
    let made = Made {
        form: &form,
        csv: &|| super::write_csv(&document),
        json: &|| Ok(serde_json::to_string_pretty(&document)?),
        sheet: &|| sheet::render(&super::sheet_names(&document), &form),
    };
    write(&made, "pantau", options)
}

/// An availability report; what to tell the person. Text, CSV and JSON are the collector's table; the others are laid out
/// as the monitoring form is.
///
/// # Errors
/// In words that name the remedy.
pub async fn availability(settings: &Settings, options: &ReportOptions, clock: &Clock) -> Result<String> {
    let (period, service) = (options.period.clone(), options.service.clone());
    let table = match options.format {
        FormFormat::Text => Some(Format::Text),
        FormFormat::Csv => Some(Format::Csv),
        FormFormat::Json => Some(Format::Json),
        FormFormat::Html | FormFormat::Pdf | FormFormat::Xlsx => None,
    };
    if let Some(format) = table {
        let text = admin::request(settings, Command::ReportAvailability { period, service, format }, clock).await?;
        return put(options.output.as_deref(), text);
    }
    let document = ask(settings, &period, service.as_deref(), None, clock).await?;
    let zone = document.head.zone.parse().map_err(|_| anyhow!("the time zone is unknown here"))?;
    let form = form::render_availability(Texts::new(Language::Id, zone), &document);
    let made = Made {
        form: &form,
        csv: &|| super::write_csv(&document),
        json: &|| Ok(serde_json::to_string_pretty(&document)?),
        sheet: &|| sheet::render(&[], &form),
    };
    write(&made, "pantau-ketersediaan", options)
}

/// A review of disturbances; what to tell the person.
///
/// # Errors
/// In words that name the remedy.
pub async fn review(settings: &Settings, options: &ReportOptions, clock: &Clock) -> Result<String> {
    let text = admin::request(settings, Command::Review { period: options.period.clone() }, clock).await?;
    let review: Review =
        serde_json::from_str(&text).context("the collector's answer is no review; is it another version?")?;
    let zone = review.zone.parse().map_err(|_| anyhow!("the time zone is unknown here"))?;
    let form = crate::review::form::render(Texts::new(Language::Id, zone), &review);
    let made = Made {
        form: &form,
        csv: &|| crate::review::write_csv(&review),
        json: &|| Ok(serde_json::to_string_pretty(&review)?),
        sheet: &|| sheet::render(&[], &form),
    };
    write(&made, "pantau-reviu", options)
}

/// A report in each of its forms; those that are not asked for are not made.
struct Made<'a> {
    form: &'a form::Form,
    csv: &'a dyn Fn() -> String,
    json: &'a dyn Fn() -> Result<String>,
    sheet: &'a dyn Fn() -> Result<Vec<u8>>,
}

fn write(made: &Made<'_>, name: &str, options: &ReportOptions) -> Result<String> {
    let output = options.output.as_deref();
    let file = |ending: &str| {
        let own = || PathBuf::from(format!("{name}-{}.{ending}", options.period));
        output.map_or_else(own, Path::to_owned)
    };
    match options.format {
        FormFormat::Text => put(output, form::render_text(made.form)),
        FormFormat::Html => put(output, html::render_file(made.form)?),
        FormFormat::Csv => put(output, (made.csv)()),
        FormFormat::Json => put(output, (made.json)()?),
        FormFormat::Xlsx => {
            let output = file("xlsx");
            std::fs::write(&output, (made.sheet)()?).with_context(|| unwritable(&output))?;
            Ok(format!("`{}` is written", output.display()))
        }
        FormFormat::Pdf => {
            let output = file("pdf");
            pdf::print(&html::render_file(made.form)?, &output)?;
            Ok(format!("`{}` is written", output.display()))
        }
    }
}

fn unwritable(path: &Path) -> String {
    format!("cannot write `{}`; its folder must exist and be writable", path.display())
}

fn put(output: Option<&Path>, text: String) -> Result<String> {
    let Some(output) = output else { return Ok(text) };
    std::fs::write(output, text).with_context(|| unwritable(output))?;
    Ok(format!("`{}` is written", output.display()))
}

/// The document, part by part; shows how far it is on a terminal.
async fn ask(
    settings: &Settings,
    period: &str,
    service: Option<&str>,
    at: Option<i64>,
    clock: &Clock,
) -> Result<Document> {
    let command =
        |skip, at| Command::ReportDocument { period: period.to_owned(), service: service.map(str::to_owned), skip, at };
    let part = async |command| -> Result<DocumentPart> {
        let text = admin::request(settings, command, clock).await?;
        serde_json::from_str(&text).context("the collector's answer is no report; is it another version?")
    };
    let DocumentPart { services, mut document } = part(command(0, at)).await?;
    let bar = indicatif::ProgressBar::new(services.try_into().unwrap_or(u64::MAX));
    if let Ok(style) = indicatif::ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed}") {
        bar.set_style(style);
    }
    while document.services.len() < services {
        bar.set_position(document.services.len().try_into().unwrap_or(u64::MAX));
        let more = part(command(document.services.len(), Some(document.head.made_at))).await?.document;
        ensure!(
            more.head == document.head && !more.services.is_empty(),
            "the catalogue or the rules changed while the report was made; make it again"
        );
        document.services.extend(more.services);
    }
    bar.finish_and_clear();
    document.summary = Summary::of(&document.services);
    Ok(document)
}

/// What a proof found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// 0: proved; 1: refused.
    pub code: u8,
    /// What to tell the person.
    pub text: String,
}

/// A report's file and, where one was named, the key that must have signed it.
///
/// # Errors
/// A file that cannot be read, a key that is none: bad usage.
pub fn read(file: &Path, key: Option<&Path>) -> Result<(String, Option<[u8; 32]>)> {
    let read = |path: &Path| -> Result<String> {
        let failed = || format!("cannot read `{}`", path.display());
        let mut bytes = Vec::new();
        std::fs::File::open(path)
            .with_context(failed)?
            .take(FILE_BYTES_MAX)
            .read_to_end(&mut bytes)
            .with_context(failed)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let key = key.map(|path| {
        // A file, or the digits themselves.
        let text = if path.exists() { read(path)? } else { path.display().to_string() };
        Ok::<_, anyhow::Error>(seal::parse_public_key(&text)?)
    });
    Ok((read(file)?, key.transpose()?))
}

/// Proves a report by itself and, where there is a store, against the ledger.
pub async fn verify(text: &str, key: Option<[u8; 32]>, settings: Option<&Settings>, clock: &Clock) -> Verdict {
    let refused = |text: String| Verdict { code: 1, text };
    let proved = match verify::check_file(text, key.as_ref()) {
        Ok(proved) => proved,
        Err(refusal) => return refused(format!("REFUSED: {refusal}")),
    };
    let Proved { report, seal } = &proved;
    let head = &report.head;
    let mut text = format!("seal: whole, {} revision {}, SHA-256 {}\n", head.period, head.revision, seal.sha256);
    let by = if key.is_some() { "the key that was given" } else { "the key inside it" };
    let _written = writeln!(text, "signature: by {by}, {}", form::in_groups(&seal.key_id));
    let _written = writeln!(text, "figures: {} services follow from their intervals", report.services.len());
    let Some(settings) = settings else {
        let remedy = if key.is_some() { "" } else { "; compare the key with the one the office published" };
        let _written = write!(text, "ledger: not compared, there is no store here{remedy}");
        return Verdict { code: 0, text };
    };
    match compare(report, settings, clock).await {
        Ok(None) => {
            let _written = write!(text, "ledger: gives the same figures and intervals today");
            Verdict { code: 0, text }
        }
        Ok(Some(difference)) => refused(format!("{text}REFUSED: {difference}")),
        Err(error) => refused(format!("{text}ledger: could not be compared: {error:#}")),
    }
}

async fn compare(report: &Document, settings: &Settings, clock: &Clock) -> Result<Option<String>> {
    let today = ask(settings, &report.head.period, None, Some(report.head.made_at), clock).await?;
    Ok(verify::first_difference(report, &today))
}
