//! What pruning costs whoever writes meanwhile: latency of a small write while the store is idle, while samples are
//! pruned, and while the file shrinks.
//!
//! `cargo run --release -p pantau-tests --bin retention_cost -- [HOST_HOURS]`
//!
//! Fills a store with closed hours of samples (a host and hour is 360 frames of 82 values, 29,520 samples), at ×1, ×10
//! and ×100 of `HOST_HOURS` (default 30, so that ×100 is 89 million samples), then deletes half of them by age in the
//! bites that the collector uses. Prints a table and one line of JSON. The disk is that of the temporary folder
//! (`TMPDIR`). Knows the store by its functions only.

use anyhow::{Context, Result};
use clap::Parser;
use pantau_collector::store::records::{Decision, FactCursor, HostKey, JoinTokenRecord, ReceivedBatch};
use pantau_collector::store::{Keep, Store};
use pantau_shared::envelope::{Observation, ObservationBody};
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;
use pantau_tests::trace::Trace;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// Begins on the hour.
const START: Timestamp = Timestamp::from_secs(1_779_998_400);

/// Frames of a host and hour.
const FRAMES: i64 = 360;

static TRACE: LazyLock<Trace> = LazyLock::new(|| Trace::synthetic(1_500));

/// Hosts that share the hours.
const HOSTS: i64 = 10;

/// Small writes measured in each state.
const WRITES: usize = 400;

/// One line of the table.
#[derive(serde::Serialize)]
struct Figures {
    samples: u64,
    bytes_per_sample: f64,
    fill_s: f64,
    idle_p50_us: u64,
    idle_p99_us: u64,
    pruning_p50_us: u64,
    pruning_p99_us: u64,
    bites: u64,
    shrinking_p99_us: u64,
    bytes_before: u64,
    bytes_after: u64,
}

/// Measures what pruning costs whoever writes meanwhile, at three sizes of the store.
#[derive(Debug, Parser)]
struct Options {
    /// Closed hours of samples in the smallest store; ×100 of the default is 89 million samples
    #[arg(default_value_t = 30, value_parser = clap::value_parser!(i64).range(1..=10_000))]
    host_hours: i64,
}

#[expect(clippy::print_stdout, reason = "a bench prints")]
fn main() -> Result<()> {
    let first = Options::parse().host_hours;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut all = Vec::new();
    println!(
        "{:>11} {:>8} {:>8} {:>9} {:>9} {:>12} {:>12} {:>6} {:>13} {:>9} {:>9}",
        "samples",
        "B/sample",
        "fill s",
        "idle p50",
        "idle p99",
        "pruning p50",
        "pruning p99",
        "bites",
        "shrinking p99",
        "MB before",
        "MB after"
    );
    for times in [1, 10, 100] {
        let f = runtime.block_on(measure(first * times))?;
        println!(
            "{:>11} {:>8.3} {:>8.1} {:>9} {:>9} {:>12} {:>12} {:>6} {:>13} {:>9} {:>9}",
            f.samples,
            f.bytes_per_sample,
            f.fill_s,
            f.idle_p50_us,
            f.idle_p99_us,
            f.pruning_p50_us,
            f.pruning_p99_us,
            f.bites,
            f.shrinking_p99_us,
            f.bytes_before / 1_000_000,
            f.bytes_after / 1_000_000
        );
        all.push(f);
    }
    println!("{}", serde_json::to_string(&all)?);
    Ok(())
}

async fn measure(host_hours: i64) -> Result<Figures> {
    let folder = tempfile::TempDir::new()?;
    let path = folder.path().join("pantau.db");
    let store = Store::open(&path, START)?;
    for host in 0..HOSTS {
        enrol(&store, &name(host)?).await?;
    }
    let begun = now_us();
    let hours = host_hours.div_euclid(HOSTS).max(2);
    for hour in 0..hours {
        fill(&store, hour).await?;
    }
    let fill_s = (now_us() - begun) as f64 / 1e6;
    let used = store.read(|reader| reader.pages())?.used_bytes();
    let samples = u64::try_from(hours * HOSTS * FRAMES)? * TRACE.series() as u64;
    let idle = small_writes(&store, WRITES).await?;
    let bytes_before = std::fs::metadata(&path)?.len();
    let half = START.plus_secs(hours / 2 * 3600);
    let keep = Keep { raw_from: half, five_minutes_from: START, one_hour_from: START, size_max: None };
    let (pruning, bites) = beside(&store, move |writer| writer.prune(&keep)).await?;
    let (shrinking, _) = beside(&store, |writer| Ok(writer.shrink(64)? > 0)).await?;
    drop(store);
    Ok(Figures {
        samples,
        bytes_per_sample: used as f64 / samples as f64,
        fill_s,
        idle_p50_us: quantile(&idle, 50),
        idle_p99_us: quantile(&idle, 99),
        pruning_p50_us: quantile(&pruning, 50),
        pruning_p99_us: quantile(&pruning, 99),
        bites,
        shrinking_p99_us: quantile(&shrinking, 99),
        bytes_before,
        bytes_after: std::fs::metadata(&path)?.len(),
    })
}

/// Small writes while `bite` is asked for again and again; their latencies, and how many bites there were.
async fn beside(
    store: &Store,
    bite: impl Fn(&mut pantau_collector::store::Writer) -> Result<bool, pantau_collector::store::StoreError>
    + Send
    + Copy
    + 'static,
) -> Result<(Vec<u64>, u64)> {
    let done = Arc::new(AtomicBool::new(false));
    let (other, over) = (store.clone(), Arc::clone(&done));
    let task = tokio::spawn(async move {
        let mut bites = 0_u64;
        loop {
            bites += 1;
            let more = other.write(bite).await;
            if !matches!(more, Ok(true)) {
                over.store(true, Ordering::Relaxed);
                return more.map(|_| bites);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    let mut all = Vec::new();
    while !done.load(Ordering::Relaxed) {
        all.extend(small_writes(store, 1).await?);
    }
    Ok((all, task.await??))
}

async fn small_writes(store: &Store, count: usize) -> Result<Vec<u64>> {
    let mut latencies = Vec::with_capacity(count);
    for _ in 0..count {
        let begun = now_us();
        // Another value each time: the same again would not be written.
        store.write(move |writer| writer.save_setting("bench", &begun.to_string())).await?;
        latencies.push(u64::try_from(now_us() - begun)?);
    }
    Ok(latencies)
}

/// One hour of all hosts: written, closed, its frames gone.
async fn fill(store: &Store, hour: i64) -> Result<()> {
    for host in 0..HOSTS {
        let first = hour * FRAMES;
        let observations = (first..first + FRAMES).map(|tick| {
            let position = Trace::position(host as usize, tick as usize);
            let body = Some(ObservationBody::Sample(Box::new(TRACE.sample(position))));
            let seq = tick.unsigned_abs() + 1;
            (START.plus_secs(tick * 10), Observation { seq, at_ms: 0, age_ms: None, body })
        });
        let batch = ReceivedBatch {
            host: name(host)?,
            stream: vec![7; 16],
            boot_id: String::new(),
            received_at: START.plus_secs((first + FRAMES) * 10),
            observations: observations.collect(),
        };
        store.accept(batch).await?;
    }
    let later = START.plus_secs((hour + 2) * 3600);
    while store.close_due(later, 30_000, 64).await?.hours > 0 {}
    // Nobody judges here: as if all had been read.
    let cursor = FactCursor((hour + 1) * HOSTS * FRAMES);
    let read = Decision { cursor, evaluated_at: later, ..Decision::default() };
    store.write(move |writer| writer.commit_decision(&read)).await?;
    while store.prune_frames(later).await? {}
    Ok(())
}

fn name(host: i64) -> Result<HostId> {
    Ok(HostId::parse(&format!("host-{host}"))?)
}

async fn enrol(store: &Store, id: &HostId) -> Result<()> {
    let mut secret_hash = [0; 32];
    for (place, byte) in secret_hash.iter_mut().zip(id.as_str().bytes()) {
        *place = byte;
    }
    let expires_at = START.plus_secs(9);
    let token = JoinTokenRecord { secret_hash, host: id.clone(), replace: false, created_at: START, expires_at };
    let key = HostKey { public_key: secret_hash.to_vec(), machine_id_hash: String::new() };
    let joined = store.write(move |writer| {
        writer.create_join_token(&token)?;
        writer.redeem_join_token(&secret_hash, &key, START)
    });
    joined.await?.context("the token opens nothing")?;
    Ok(())
}

fn quantile(values: &[u64], percent: usize) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(place).copied().unwrap_or(0)
}

fn now_us() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec * 1_000_000 + now.tv_nsec / 1_000
}
