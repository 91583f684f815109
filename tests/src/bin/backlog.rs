//! A day without collector, then its replay: how long it takes, what it costs, and whether everything is there once.
//!
//! `cargo build --release -p pantau-agent && cargo run --release -p pantau-tests --bin backlog`
//!
//! A past is sampled and asked into the spool by an agent in this process whose clock is driven by hand: samples ten
//! seconds apart and http checks every thirty. Then the program `pantau-agent` sends it while its own live samples and
//! checks go on, over HTTP on loopback and through a mosquitto of Debian's, to a collector in a process of its own.
//! Counted at both ends. Prints a table and one line of JSON; fails when an observation is missing or twice.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::routing::get;
use clap::Parser;
use pantau_agent::RoadSettings;
use pantau_shared::topics::TOPIC_PREFIX;
use pantau_tests::fleet::process::{read_cpu_ns, read_pss_bytes};
use pantau_tests::fleet::program::{Program, eventually};
use pantau_tests::free_port;
use pantau_tests::roads::agent::{Agent, parse_metric};
use pantau_tests::roads::broker::Broker;
use pantau_tests::roads::history::fill;
use pantau_tests::roads::office::{Office, Serving, serve_as_child};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Seconds in which the whole must have been sent.
const REPLAY_S_MAX: u64 = 900;

/// Fills an agent's spool with a past and replays it, with frames and answers of checks, while live ones go on.
#[derive(Parser)]
struct Arguments {
    /// Samples that wait, ten seconds apart; 8640 are a day
    #[arg(long, default_value_t = 8_640)]
    frames: u64,
    /// HTTP checks, each every 30 s
    #[arg(long, default_value_t = 10)]
    checks: usize,
    /// Live seconds after the replay, before memory is read
    #[arg(long, default_value_t = 30)]
    live: u64,
    /// Folder of pantau-agent; without it that of this program
    #[arg(long, value_name = "DIR")]
    programs: Option<PathBuf>,
}

#[derive(serde::Serialize)]
struct Figures {
    road: &'static str,
    /// Observations in the spool when the collector came back.
    waiting: u64,
    /// Observations that the agent was told are durable, live ones included.
    acknowledged: u64,
    /// Observations that the collector counted as stored.
    stored: u64,
    lost: u64,
    duplicates: u64,
    replay_seconds: f64,
    agent_cpu_ms: u64,
    collector_cpu_ms: u64,
    /// Memory of the agent after the replay and the live seconds behind it.
    agent_pss_kb: u64,
}

#[tokio::main]
async fn main() -> Result<()> {
    if serve_as_child().await? {
        return Ok(());
    }
    let arguments = Arguments::parse();
    println!(
        "{:<5} {:>8} {:>13} {:>8} {:>5} {:>11} {:>9} {:>13} {:>17} {:>13}",
        "road",
        "waiting",
        "acknowledged",
        "stored",
        "lost",
        "duplicates",
        "replay s",
        "agent CPU ms",
        "collector CPU ms",
        "agent Pss KB"
    );
    let mut all = Vec::new();
    for through_broker in [false, true] {
        let Some(f) = measure(&arguments, through_broker).await? else { continue };
        println!(
            "{:<5} {:>8} {:>13} {:>8} {:>5} {:>11} {:>9.2} {:>13} {:>17} {:>13}",
            f.road,
            f.waiting,
            f.acknowledged,
            f.stored,
            f.lost,
            f.duplicates,
            f.replay_seconds,
            f.agent_cpu_ms,
            f.collector_cpu_ms,
            f.agent_pss_kb
        );
        ensure!(f.waiting > 0 && f.lost == 0 && f.duplicates == 0, "something is missing or twice");
        // What was taken while the agent stopped was stored and not told any more.
        ensure!((f.acknowledged..=f.acknowledged + 20).contains(&f.stored), "both ends count differently");
        all.push(f);
    }
    println!("{}", serde_json::json!({ "bench": "backlog", "frames": arguments.frames, "roads": all }));
    Ok(())
}

/// What the collector counted so far.
async fn counted(serving: &Serving, outcome: &str) -> Result<u64> {
    serving.metric(&format!("pantau_ingest_observations_total{{outcome=\"{outcome}\"}}")).await
}

async fn measure(arguments: &Arguments, through_broker: bool) -> Result<Option<Figures>> {
    let Some(broker) = Broker::start(free_port()?).await? else { return Ok(None) };
    let office = Office::new(Some((broker.port, TOPIC_PREFIX)), &[])?;
    office.ask(arguments.checks, &serve_pages().await?)?;
    let serving = office.serve().await?;
    office.join().await?;
    learn_checks(&office, arguments.checks).await?;
    let stored_before = counted(&serving, "stored").await?;
    let waiting = fill(&office, arguments.frames).await?;
    let collector_ns = read_cpu_ns(serving.pid()?)?;
    let (agent, metrics) = start(&office, arguments, through_broker.then_some(broker.port))?;
    let replay_seconds = replay(&agent, &metrics, waiting).await?;
    let (agent_ns, pid) = (read_cpu_ns(agent.pid()?)?, agent.pid()?);
    let collector_ns = read_cpu_ns(serving.pid()?)? - collector_ns;
    tokio::time::sleep(Duration::from_secs(arguments.live)).await;
    let agent_pss_kb = read_pss_bytes(pid)? / 1024;
    let acknowledged = parse_metric(&metrics, "pantau_agent_sent_observations_total").await?;
    agent.stop().await?;
    let (duplicates, stored) = (counted(&serving, "duplicate").await?, counted(&serving, "stored").await?);
    serving.kill().await?;
    Ok(Some(Figures {
        road: if through_broker { "mqtt" } else { "http" },
        waiting,
        acknowledged,
        stored: stored - stored_before,
        lost: office.held()?.lost,
        duplicates,
        replay_seconds,
        agent_cpu_ms: agent_ns / 1_000_000,
        collector_cpu_ms: collector_ns / 1_000_000,
        agent_pss_kb,
    }))
}

/// A page for the checks; its address.
async fn serve_pages() -> Result<String> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}/", listener.local_addr()?);
    let pages = Router::new().route("/", get(|| async { "halo\n" }));
    tokio::spawn(async move { drop(axum::serve(listener, pages).await) });
    Ok(url)
}

/// A short life in which the agent learns what it is to ask.
async fn learn_checks(office: &Office, checks: usize) -> Result<()> {
    let agent = Agent::start(office, RoadSettings::Https)?;
    eventually("the agent asks its checks", 60, async || {
        checks == 0 || agent.metric("pantau_agent_probes_total").await.is_ok_and(|asked| asked > 0)
    })
    .await?;
    agent.until_empty(30).await?;
    agent.stop().await
}

/// The program, on its road, and where its `/metrics` are.
fn start(office: &Office, arguments: &Arguments, broker: Option<u16>) -> Result<(Program, String)> {
    let own = std::env::current_exe().context("find this program's own path")?;
    let folder = arguments.programs.clone().or_else(|| own.parent().map(Path::to_owned)).context("a folder")?;
    let port = free_port()?;
    let road = broker.map_or_else(String::new, |port| format!("[transport]\nurl = \"mqtt://127.0.0.1:{port}\"\n"));
    let text = format!(
        "data_dir = \"{}\"\nsample_period = \"10s\"\n[metrics]\nlisten = \"127.0.0.1:{port}\"\n{road}",
        office.agent_folder().display()
    );
    let config = office.path().join("agent.toml");
    std::fs::write(&config, text)?;
    let options = ["run".to_owned(), "--config".to_owned(), config.display().to_string()];
    let agent = Program::start(&folder.join("pantau-agent"), &options, &office.path().join("agent.log"))?;
    Ok((agent, format!("http://127.0.0.1:{port}/metrics")))
}

/// Waits until the past is sent and nothing waits; seconds from the start of the program.
#[expect(clippy::disallowed_methods, reason = "how long the replay takes is what is asked")]
async fn replay(agent: &Program, metrics: &str, waiting: u64) -> Result<f64> {
    let started = Instant::now();
    eventually("the past is sent", REPLAY_S_MAX, async || {
        let sent = parse_metric(metrics, "pantau_agent_sent_observations_total").await;
        let left = parse_metric(metrics, "pantau_agent_spool_records").await;
        sent.is_ok_and(|sent| sent >= waiting) && left.is_ok_and(|left| left == 0)
    })
    .await
    .with_context(|| agent.log_tail())?;
    Ok(started.elapsed().as_secs_f64())
}
