//! Plays a recorded server to a collector as many real agents, and prints what that costs the collector.
//!
//! `cargo run --release -p pantau-tests --bin fleet -- --help`
//!
//! Here are only the arguments; the parts are in `pantau_tests::fleet`. Knows no budget: it prints figures and fails only
//! when something is wrong, such as a batch that is not acknowledged.

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use pantau_tests::fleet::agents::Proof;
use pantau_tests::fleet::compare::compare;
use pantau_tests::fleet::figures::Figures;
use pantau_tests::fleet::levers::levers;
use pantau_tests::fleet::measure::{Measurement, Subject, measure};
use pantau_tests::fleet::play::Pace;
use pantau_tests::fleet::process::raise_open_files;
use pantau_tests::trace::{Trace, Unknown};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Rows of the made-up server.
const SYNTHETIC_ROWS: usize = 1_500;

/// Plays a recorded server to a collector as N real agents, each with its own key, signed batches and a kept connection,
/// and prints what that costs the collector.
///
/// Without --collector it starts a collector of its own on loopback in a temporary folder, enrols the hosts, gives it
/// services to judge, and stops it at the end. Ctrl-C stops everything it started.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:\n  \
    fleet --accelerate                                   a made-up server as 10, 100 and 1,000 hosts\n  \
    fleet --trace server.csv --hosts 100 --steps 360 --accelerate --scale 1\n  \
    fleet --hosts 1000 --steps 30 --scale 1              five minutes at the real pace\n  \
    fleet --accelerate --frames-per-batch 50             as after an outage: 50 frames a batch\n  \
    fleet --accelerate --hosts 100 --scale 1 --peers     beside VictoriaMetrics and Prometheus\n\n\
    A trace is CSV: first column `ts`, then one column per series; a row counts as one interval, host i starts 7·i rows later.\n\
    Columns: µs/batch and ns/sample are the collector's processor time from the first batch to 5 s after the last; closing is\n\
    what it spends on a sample after that, until all frames are in closed chunks; B/sample is what its store grew by.")]
struct Options {
    /// Trace to play (CSV); a made-up server of 82 series when not given
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Leave columns of the trace out that have no place in a sample
    #[arg(long)]
    ignore_unknown: bool,
    /// Hosts at ×1
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    hosts: u32,
    /// Runs, as multiples of --hosts
    #[arg(long, value_delimiter = ',', default_value = "1,10,100", value_name = "N,…")]
    scale: Vec<u32>,
    /// Frames of each host
    #[arg(long, default_value_t = 360, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    steps: u32,
    /// Time between two frames of a host
    #[arg(long, default_value = "10s", value_parser = humantime::parse_duration)]
    interval: Duration,
    /// As fast as acknowledgements come, with time stamps of past hours, instead of the real pace
    #[arg(long)]
    accelerate: bool,
    /// Agents that send at the same time with --accelerate
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    concurrency: u32,
    /// Frames in one batch: 1 is live, 50 is a backlog
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=250))]
    frames_per_batch: u32,
    /// Beside ours, feed the same samples to Debian's victoria-metrics and prometheus, one host a request and fifty, and print
    /// the ratios
    #[arg(long, conflicts_with = "frames_per_batch")]
    peers: bool,
    /// Measure what each lever is worth: session or signature, frames a batch, TLS or plain
    #[arg(long, conflicts_with_all = ["peers", "frames_per_batch", "plain", "signatures", "collector"])]
    levers: bool,
    /// Services with one http check each for the own collector to judge; a tenth of the hosts when not given
    #[arg(long)]
    services: Option<u32>,
    /// Plain HTTP instead of TLS for the own collector
    #[arg(long)]
    plain: bool,
    /// Sign every batch instead of opening a session with the first
    #[arg(long)]
    signatures: bool,
    /// Longest wait until all frames are in closed chunks; a collector closes an hour when it has been quiet for a while
    #[arg(long, default_value = "5m", value_parser = humantime::parse_duration)]
    settle: Duration,
    /// Collector program; the one beside this program when not given, built anew under cargo
    #[arg(long, value_name = "FILE")]
    collector_program: Option<PathBuf>,
    /// A running collector instead of an own one: https://HOST:PORT or http://127.0.0.1:PORT
    #[arg(long, value_name = "URL", requires = "data_dir", conflicts_with_all = ["plain", "services", "collector_program"])]
    collector: Option<String>,
    /// Data folder of the running collector, for join tokens and the size of its store, which is read as it lies: without what is
    /// still in its log, so that a short run shows 0
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// Process id of the running collector, for its processor time and memory
    #[arg(long, requires = "collector")]
    pid: Option<u32>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    raise_open_files();
    match block_on(run(options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fleet: {error:#}");
            ExitCode::from(1)
        }
    }
}

/// Runs to the end, or until Ctrl-C or SIGTERM: what was started is dropped then, and killed by that.
fn block_on(work: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        tokio::select! {
            done = work => done,
            _ = interrupt.recv() => bail!("interrupted; everything it started is stopped"),
            _ = terminate.recv() => bail!("asked to stop; everything it started is stopped"),
        }
    })
}

async fn run(options: Options) -> Result<()> {
    let trace = Arc::new(read_trace(&options)?);
    let subject = subject(&options).await?;
    let base = |multiple| measurement(&options, &subject, &trace, multiple);
    let json = if options.peers {
        let mut all = Vec::new();
        for multiple in &options.scale {
            all.push(compare(&base(*multiple)?, &say).await?);
        }
        serde_json::to_string(&all)?
    } else if options.levers {
        let mut all = Vec::new();
        for multiple in &options.scale {
            all.push(levers(&base(*multiple)?, &say).await?);
        }
        serde_json::to_string(&all)?
    } else {
        serde_json::to_string(&scales(&options.scale, base).await?)?
    };
    say(&json);
    Ok(())
}

fn read_trace(options: &Options) -> Result<Trace> {
    let unknown = if options.ignore_unknown { Unknown::Ignore } else { Unknown::Refuse };
    match &options.trace {
        Some(path) => Ok(Trace::read(path, unknown)?),
        None => Ok(Trace::synthetic(SYNTHETIC_ROWS)),
    }
}

/// A run for each multiple, a line for each run.
async fn scales(multiples: &[u32], base: impl Fn(u32) -> Result<Measurement>) -> Result<Vec<Figures>> {
    let mut all = Vec::new();
    say(&Figures::render_header());
    for multiple in multiples {
        let figures = measure(&base(*multiple)?).await?;
        say(&figures.render_line());
        all.push(figures);
    }
    let mut notes: Vec<String> = all.iter().map(Figures::render_note).filter(|note| !note.is_empty()).collect();
    notes.dedup();
    notes.iter().for_each(|note| say(note));
    Ok(all)
}

fn measurement(options: &Options, subject: &Subject, trace: &Arc<Trace>, multiple: u32) -> Result<Measurement> {
    let hosts = usize::try_from(options.hosts.saturating_mul(multiple))?;
    ensure!(hosts > 0, "--scale holds a 0: give multiples from 1");
    let services = options.services.map_or(hosts.div_ceil(10), |services| services as usize);
    let interval_ms = i64::try_from(options.interval.as_millis())?;
    ensure!((1000..=3_600_000).contains(&interval_ms), "--interval must be between 1s and 1h");
    Ok(Measurement {
        subject: subject.clone(),
        trace: Arc::clone(trace),
        hosts,
        services,
        steps: options.steps as usize,
        interval_ms,
        frames_per_batch: options.frames_per_batch as usize,
        pace: if options.accelerate { Pace::Accelerated } else { Pace::Real },
        proof: if options.signatures { Proof::Signature } else { Proof::Session },
        concurrency: options.concurrency as usize,
        settle: options.settle,
    })
}

async fn subject(options: &Options) -> Result<Subject> {
    if let (Some(url), Some(data_dir)) = (&options.collector, &options.data_dir) {
        return Ok(Subject::Running { url: url.clone(), data_dir: data_dir.clone(), pid: options.pid });
    }
    let binary = match &options.collector_program {
        Some(path) => path.clone(),
        None => own_collector().await?,
    };
    ensure!(binary.is_file(), "there is no {}; build it: cargo build --release -p pantau-collector", binary.display());
    Ok(Subject::Own { binary, tls: !options.plain })
}

/// The collector beside this program. Under cargo it is built first, so that what is measured is what is in the checkout.
async fn own_collector() -> Result<PathBuf> {
    let own = std::env::current_exe().context("find this program's own path")?;
    let folder = own.parent().context("a program lies in a folder")?;
    let release = folder.ends_with("release");
    if let Some(cargo) = std::env::var_os("CARGO") {
        let mut build = tokio::process::Command::new(cargo);
        // Together with this package, so that the crates both use are built once; without what cargo told this program about
        // itself, which build scripts would take for a change.
        build.args(["build", "--quiet", "-p", "pantau-tests", "-p", "pantau-collector", "--bin", "pantau-collector"]);
        build.args(release.then_some("--release"));
        for (name, _) in std::env::vars_os() {
            if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|own| name.to_string_lossy().starts_with(own)) {
                build.env_remove(name);
            }
        }
        build.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).kill_on_drop(true);
        ensure!(build.status().await.context("run cargo")?.success(), "cannot build pantau-collector");
    }
    if !release {
        eprintln!("fleet: a debug build is measured; add --release for figures that mean something");
    }
    Ok(folder.join("pantau-collector"))
}

/// Prints a line; a closed pipe is no failure.
fn say(line: &str) {
    use std::io::Write as _;
    drop(writeln!(std::io::stdout().lock(), "{line}"));
}
