//! Makes the store file that months of use leave behind, in minutes: for looking at pages and API over long times.
//!
//! `cargo run --release -p pantau-tests --bin store_years -- --folder D`
//!
//! Everything has the form the collector gives it: chunks of the raw days, five-minute points of every day, one-hour points
//! of every month, enrolled hosts, probe answers of the raw days, ledgers over the whole span, and beside the file a
//! catalogue and a configuration that fit. Only `--distinct` hosts are computed; the others have copies of their rows, so
//! that the file is as large as a real one but no more varied. Time ends with the last whole hour before now. There are
//! no tickets, and what an engine keeps of its hosts is missing: it is made when a collector starts.
//!
//! | module | holds |
//! |---|---|
//! | [`fill`] | what goes into the store, in order |
//! | [`office`] | hosts, services, files; batches |
//! | [`outages`] | what became of a service |
//! | [`played`] | a trace as packed samples of a host |
//! | [`span`] | the days and hours that are covered |

mod fill;
mod office;
mod outages;
mod played;
mod span;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use fill::{Filled, Filler};
use office::Office;
use pantau_collector::store::{Reader, Store};
use pantau_shared::timestamp::Timestamp;
use pantau_tests::fleet::clock::{Stopwatch, wall_ms};
use pantau_tests::fleet::measure::progress;
use pantau_tests::trace::{Trace, Unknown};
use span::Span;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Rows of the made-up server.
const SYNTHETIC_ROWS: usize = 1_500;

/// Makes a store file as months of use would leave it, with a catalogue and a configuration to serve it.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:\n  \
    store_years --folder years                           200 hosts, 100 services, 13 months\n  \
    store_years --folder small --hosts 4 --days 3        a quick look\n\n\
    Serve it on http://127.0.0.1:8420: pantau-collector serve --config FOLDER/collector.toml\n\
    Its hosts are silent from the first minute on, for nobody plays them.")]
struct Options {
    /// Folder for pantau.db, catalogue.toml and collector.toml; made when missing, refused when it has a store
    #[arg(long, value_name = "FOLDER")]
    folder: PathBuf,
    /// Hosts
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=9_999))]
    hosts: u32,
    /// Services with one http check each, spread over the hosts
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=9_999))]
    services: u32,
    /// Days of five-minute and one-hour points and of ledgers, today included
    #[arg(long, default_value_t = 396, value_parser = clap::value_parser!(u32).range(1..=3_660))]
    days: u32,
    /// Days of samples and probe answers, at most --days
    #[arg(long, default_value_t = 35, value_parser = clap::value_parser!(u32).range(0..=3_660))]
    raw_days: u32,
    /// Hosts that are computed; the others copy them in turn
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    distinct: u32,
    /// Trace to play (CSV); a made-up server of 82 series when not given
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
}

/// What was made.
#[derive(serde::Serialize)]
struct Figures {
    hosts: u32,
    services: u32,
    days: u32,
    raw_days: u32,
    distinct: u32,
    #[serde(flatten)]
    filled: Filled,
    seconds: f64,
    file_bytes: u64,
    tables: Vec<(String, u64)>,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("store_years: {error:#}");
            ExitCode::from(1)
        }
    }
}

fn run(options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (folder, figures) = runtime.block_on(make(options))?;
    say(&render(&folder, &figures));
    say(&serde_json::to_string(&figures)?);
    Ok(())
}

async fn make(options: &Options) -> Result<(PathBuf, Figures)> {
    let Options { hosts, services, days, raw_days, distinct, .. } = *options;
    std::fs::create_dir_all(&options.folder).with_context(|| format!("make {}", options.folder.display()))?;
    let folder = options.folder.canonicalize()?;
    let path = folder.join("pantau.db");
    ensure!(!path.exists(), "{} is there already: give another folder", path.display());
    let trace = Arc::new(match &options.trace {
        Some(path) => Trace::read(path, Unknown::Ignore)?,
        None => Trace::synthetic(SYNTHETIC_ROWS),
    });
    let stopwatch = Stopwatch::start();
    let span = Span::up_to(Timestamp::from_ms(wall_ms()), days, raw_days);
    let office = Office { hosts: hosts as usize, services: services as usize };
    office.write_files(&folder, days, raw_days)?;
    let store = Store::open(&path, span.from)?;
    let filler = Filler { store: store.clone(), trace, office, span, distinct: distinct.min(hosts) as usize };
    let bar = progress("days", span.days().len() as u64);
    let filled = filler.fill(&bar).await.context("fill the store; delete the folder before the next run")?;
    bar.finish_and_clear();
    let seconds = stopwatch.elapsed().as_secs_f64();
    let tables = store.read(Reader::bytes_by_table)?;
    // Closing brings the log into the file.
    drop((filler, store));
    let file_bytes = std::fs::metadata(&path)?.len();
    Ok((folder, Figures { hosts, services, days, raw_days, distinct, filled, seconds, file_bytes, tables }))
}

fn render(folder: &Path, figures: &Figures) -> String {
    let mb = |bytes: u64| bytes as f64 / 1e6;
    let Figures { filled, .. } = figures;
    let mut text = format!("{:<28} {:>10}\n", "table or index", "MB");
    for (name, bytes) in figures.tables.iter().filter(|(_, bytes)| *bytes >= 100_000) {
        text += &format!("{name:<28} {:>10.1}\n", mb(*bytes));
    }
    text += &format!("{:<28} {:>10.1}\n\n", "file", mb(figures.file_bytes));
    text += &format!(
        "{} chunks, {} days, {} months, {} facts, {} rows of ledgers in {:.1} s\n",
        filled.chunks, filled.days, filled.months, filled.facts, filled.ledger_rows, figures.seconds
    );
    text + &format!(
        "Serve it on http://127.0.0.1:8420: pantau-collector serve --config {}",
        folder.join("collector.toml").display()
    )
}

/// Prints; a closed pipe is no failure.
fn say(text: &str) {
    use std::io::Write as _;
    drop(writeln!(std::io::stdout().lock(), "{text}"));
}
