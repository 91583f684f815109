//! A day without collector, then its replay: how long it takes, what it costs, and whether everything is there once.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use anyhow::{Result, ensure};
use clap::Parser;
use pantau_agent::RoadSettings;
use pantau_shared::topics::TOPIC_PREFIX;
use pantau_tests::roads::agent::{Agent, through};
use pantau_tests::roads::broker::{Broker, free_port};
use pantau_tests::roads::history::fill;
use pantau_tests::roads::office::{Office, serve_as_child};
use serde_json::json;
use std::time::{Duration, Instant};

/// Fills an agent's spool with a past and replays it to a collector while live samples go on, over HTTP on loopback and
/// through a mosquitto of Debian's. Prints a table and one line of JSON; fails when an observation is missing or twice.
#[derive(Parser)]
struct Arguments {
    /// Samples that wait, ten seconds apart; 8640 are a day
    #[arg(long, default_value_t = 8_640)]
    frames: u64,
    /// Live seconds after the replay
    #[arg(long, default_value_t = 5)]
    live: u64,
}

struct Figures {
    road: &'static str,
    waiting: u64,
    acknowledged: u64,
    stored: u64,
    lost: u64,
    duplicates: u64,
    seconds: f64,
    collector_cpu_ms: u64,
}

#[tokio::main]
async fn main() -> Result<()> {
    if serve_as_child().await? {
        return Ok(());
    }
    let arguments = Arguments::parse();
    println!("road   waiting  acknowledged  stored  lost  duplicates  replay s  collector CPU ms");
    let mut all = Vec::new();
    for through_broker in [false, true] {
        let Some(f) = measure(&arguments, through_broker).await? else { continue };
        println!(
            "{:<6} {:>7} {:>13} {:>7} {:>5} {:>11} {:>9.2} {:>17}",
            f.road, f.waiting, f.acknowledged, f.stored, f.lost, f.duplicates, f.seconds, f.collector_cpu_ms
        );
        all.push(json!({
            "road": f.road, "waiting": f.waiting, "acknowledged": f.acknowledged, "stored": f.stored, "lost": f.lost,
            "duplicates": f.duplicates, "replay_seconds": f.seconds, "collector_cpu_ms": f.collector_cpu_ms,
        }));
        ensure!(f.stored == f.acknowledged && f.lost == 0 && f.duplicates == 0, "something is missing or twice");
    }
    println!("{}", json!({ "bench": "backlog", "frames": arguments.frames, "roads": all }));
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "how long the replay takes is what is asked")]
async fn measure(arguments: &Arguments, through_broker: bool) -> Result<Option<Figures>> {
    let Some(broker) = Broker::start(free_port()?).await? else { return Ok(None) };
    let office = Office::new(Some((broker.port, TOPIC_PREFIX)), &[])?;
    let serving = office.serve().await?;
    office.join().await?;
    let waiting = fill(&office, arguments.frames).await?;
    let before_ms = cpu_ms(serving.pid()?)?;
    let road = if through_broker { through(broker.port, TOPIC_PREFIX) } else { RoadSettings::Https };
    let agent = Agent::start(&office, road)?;
    let started = Instant::now();
    agent.until_acknowledged(waiting, 600).await?;
    let (seconds, collector_cpu_ms) = (started.elapsed().as_secs_f64(), cpu_ms(serving.pid()?)? - before_ms);
    tokio::time::sleep(Duration::from_secs(arguments.live)).await;
    agent.until_empty(60).await?;
    let duplicates = serving.metric("pantau_ingest_observations_total{outcome=\"duplicate\"}").await?;
    let stored = serving.metric("pantau_ingest_observations_total{outcome=\"stored\"}").await?;
    let acknowledged = agent.acknowledged().await?;
    agent.stop().await?;
    serving.kill().await?;
    let lost = office.held()?.lost;
    let road = if through_broker { "mqtt" } else { "http" };
    Ok(Some(Figures { road, waiting, acknowledged, stored, lost, duplicates, seconds, collector_cpu_ms }))
}

/// Processor time of a process so far.
fn cpu_ms(pid: u32) -> Result<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    // utime and stime, in hundredths of a second on every Linux.
    Ok((ticks(11) + ticks(12)) * 10)
}
