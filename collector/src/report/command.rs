//! Reports on the command line: asks the collector for the document part by part, renders it here, proves files.
//!
//! A PDF is printed by a browser that is installed: it lays out the same page that a person prints, and no second layout
//! has to be kept. Without one the command says so and what to do.

use super::document::{Document, Summary};
use super::verify::{self, FILE_BYTES_MAX, Proved};
use super::{DocumentPart, form, html, seal, sheet};
use crate::admin::{self, Command};
use crate::clock::Clock;
use crate::config::settings::Settings;
use crate::texts::{Language, Texts};
use anyhow::{Context, Result, anyhow, bail, ensure};
use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

/// Browsers that print, in order of preference.
const BROWSERS: [&str; 5] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge"];

/// A browser that prints longer has hung.
const PRINT_SECONDS_MAX: u32 = 180;

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
    let output = options.output.as_deref();
    let form = || -> Result<form::Form> {
        let zone = document.head.zone.parse().map_err(|_| anyhow!("the time zone is unknown here"))?;
        Ok(form::render(Texts::new(Language::Id, zone), &document, None, form::Detail::All))
    };
    match options.format {
        FormFormat::Text => put(output, form::render_text(&form()?)),
        FormFormat::Html => put(output, html::render_file(&form()?)?),
        FormFormat::Csv => put(output, super::write_csv(&document)),
        FormFormat::Json => put(output, serde_json::to_string_pretty(&document)?),
        FormFormat::Xlsx => {
            let output = named(output, &options.period, "xlsx");
            std::fs::write(&output, sheet::render(&document, &form()?)?).with_context(|| unwritable(&output))?;
            Ok(format!("`{}` is written", output.display()))
        }
        FormFormat::Pdf => {
            let output = named(output, &options.period, "pdf");
            print_pdf(&html::render_file(&form()?)?, &output)?;
            Ok(format!("`{}` is written", output.display()))
        }
    }
}

fn named(output: Option<&Path>, period: &str, ending: &str) -> PathBuf {
    output.map_or_else(|| PathBuf::from(format!("pantau-{period}.{ending}")), Path::to_owned)
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

/// Prints a page with an installed browser.
fn print_pdf(page: &str, output: &Path) -> Result<()> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = BROWSERS
        .iter()
        .find_map(|name| std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file()));
    let Some(browser) = found else {
        bail!(
            "a PDF needs a browser that prints, and none is installed (looked for {}); install one (apt install \
             chromium), or make --format html and print it from any browser",
            BROWSERS.join(", ")
        );
    };
    let source = std::path::absolute(output.with_added_extension("html")).context("cannot name the page's file")?;
    std::fs::write(&source, page).with_context(|| unwritable(&source))?;
    let mut command = std::process::Command::new(&browser);
    command.args(["--headless", "--disable-gpu", "--no-pdf-header-footer"]);
    if crate::opening::own_user()? == 0 {
        // Its sandbox does not work for root; the page holds no script and asks for nothing.
        command.arg("--no-sandbox");
    }
    let target = std::path::absolute(output).context("cannot name the output")?;
    command.arg(format!("--print-to-pdf={}", target.display())).arg(&source);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let printed = run_bounded(&mut command);
    std::fs::remove_file(&source).ok();
    let shown = browser.display();
    printed.with_context(|| format!("`{shown}` could not print"))?;
    ensure!(output.is_file(), "`{shown}` printed nothing; make --format html and print it by hand");
    Ok(())
}

fn run_bounded(command: &mut std::process::Command) -> Result<()> {
    let mut child = command.spawn()?;
    for _ in 0..PRINT_SECONDS_MAX * 10 {
        if let Some(status) = child.try_wait()? {
            ensure!(status.success(), "it ended with {status}");
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    child.kill()?;
    bail!("it took longer than {PRINT_SECONDS_MAX} s")
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
