//! What a batch costs the collector: CPU from received bytes to the durable commit, without HTTP and TLS.
//!
//! `cargo run --release -p pantau-tests --bin ingest_cost`
//!
//! Hosts send in rounds, all of a round at once, so that groups form as they do under load. Prints a table and one
//! line of JSON. CPU is the process's, all threads; the disk is that of the temporary folder (`TMPDIR`).

use anyhow::{Context, Result, anyhow};
use pantau_collector::clock::Clock;
use pantau_collector::domain::catalogue::Catalogue;
use pantau_collector::ingest::{Ingest, IngestOptions};
use pantau_collector::store::Store;
use pantau_collector::store::records::{HostKey, JoinTokenRecord};
use pantau_shared::envelope::{Batch, Observation, ObservationBody};
use pantau_shared::ids::HostId;
use pantau_shared::sample::{AgentHealth, CpuTimes, Disk, Filesystem, Interface, Kernel, Load, Memory, Sample};
use pantau_shared::timestamp::Timestamp;
use pantau_shared::wire;
use ring::signature::{Ed25519KeyPair, KeyPair};
use std::path::Path;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Values in one sample, as in the budget.
const VALUES: u64 = 82;

const START: Timestamp = Timestamp::from_secs(1_780_000_000);

/// One line of the table.
#[derive(serde::Serialize)]
struct Figures {
    hosts: usize,
    frames_per_batch: u64,
    batches: u64,
    batch_bytes: usize,
    cpu_us_per_batch: f64,
    cpu_ns_per_sample: f64,
    disk_bytes_per_frame: f64,
}

#[expect(clippy::print_stdout, reason = "a bench prints")]
fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let mut all = Vec::new();
    println!(
        "{:>6} {:>7} {:>8} {:>11} {:>13} {:>14} {:>12}",
        "hosts", "frames", "batches", "batch bytes", "CPU µs/batch", "CPU ns/sample", "disk B/frame"
    );
    for (frames, batches) in [(1, 20_000), (50, 1_000)] {
        for hosts in [10, 100, 1_000] {
            let figures = runtime.block_on(measure(hosts, frames, batches))?;
            println!(
                "{:>6} {:>7} {:>8} {:>11} {:>13.1} {:>14.1} {:>12.0}",
                figures.hosts,
                figures.frames_per_batch,
                figures.batches,
                figures.batch_bytes,
                figures.cpu_us_per_batch,
                figures.cpu_ns_per_sample,
                figures.disk_bytes_per_frame
            );
            all.push(figures);
        }
    }
    println!("{}", serde_json::to_string(&all)?);
    Ok(())
}

async fn measure(hosts: usize, frames: u64, batches: u64) -> Result<Figures> {
    let folder = tempfile::TempDir::new()?;
    let path = folder.path().join("pantau.db");
    let store = Store::open(&path, START)?;
    let ingest = Ingest::new(IngestOptions {
        store: store.clone(),
        clock: Clock::manual(START),
        stats: Arc::default(),
        catalogue: {
            let empty = Arc::new(Catalogue::empty());
            Box::new(move || empty.clone())
        },
        nudge: Box::new(|| {}),
    });
    let senders = (0..hosts).map(enrolled).collect::<Result<Vec<_>>>()?;
    for (id, key) in &senders {
        enrol(&store, id, key).await?;
    }
    let rounds = batches.div_ceil(hosts as u64);
    let (mut spent_ns, mut batch_bytes) = (0, 0);
    for round in 0..rounds {
        let sealed: Vec<Vec<u8>> =
            senders.iter().map(|(id, key)| wire::seal(&batch(round * frames, frames), id, key)).collect();
        batch_bytes = sealed.first().map_or(0, Vec::len);
        let before = cpu_ns();
        let mut waiting = JoinSet::new();
        for bytes in sealed {
            let ingest = ingest.clone();
            waiting.spawn(async move { ingest.take(&bytes).await.map_err(|refusal| anyhow!("{refusal:?}")) });
        }
        while let Some(taken) = waiting.join_next().await {
            taken??;
        }
        spent_ns += cpu_ns() - before;
    }
    drop((ingest, store));
    let batches = rounds * hosts as u64;
    let per_batch_ns = spent_ns as f64 / batches as f64;
    Ok(Figures {
        hosts,
        frames_per_batch: frames,
        batches,
        batch_bytes,
        cpu_us_per_batch: per_batch_ns / 1_000.0,
        cpu_ns_per_sample: per_batch_ns / (frames * VALUES) as f64,
        disk_bytes_per_frame: size_of(&path)? as f64 / (batches * frames) as f64,
    })
}

fn enrolled(number: usize) -> Result<(HostId, Ed25519KeyPair)> {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&(number as u64).to_be_bytes());
    let key = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| anyhow!("no key of the seed"))?;
    Ok((HostId::parse(&format!("host-{number}"))?, key))
}

async fn enrol(store: &Store, id: &HostId, key: &Ed25519KeyPair) -> Result<()> {
    let mut secret_hash = [0; 32];
    secret_hash.copy_from_slice(key.public_key().as_ref());
    let token = JoinTokenRecord {
        secret_hash,
        host: id.clone(),
        replace: false,
        created_at: START,
        expires_at: START.plus_secs(9),
    };
    let key = HostKey { public_key: secret_hash.to_vec(), machine_id_hash: String::new() };
    store
        .write(move |writer| {
            writer.create_join_token(&token)?;
            writer.redeem_join_token(&secret_hash, &key, START)
        })
        .await?
        .context("the token opens nothing")?;
    Ok(())
}

fn batch(first: u64, frames: u64) -> Batch {
    let observation = |number: u64| Observation {
        seq: first + number + 1,
        at_ms: START.as_ms() + ((first + number) * 10_000) as i64,
        age_ms: Some((frames - 1 - number) * 10_000),
        body: Some(ObservationBody::Sample(Box::new(sample(first + number)))),
    };
    Batch {
        boot_id: "0b6ff8ab-5d8c-4a0e-9a27-3a5b7a6f5f0d".into(),
        stream: vec![7; 16],
        sent_at_ms: START.as_ms(),
        assignment_revision: 0,
        observations: (0..frames).map(observation).collect(),
    }
}

/// A counter at `base` after `tick` ticks of about `step`.
fn moved(tick: u64, base: u64, step: u64) -> Option<u64> {
    Some(base + tick * step + (tick * 7_919) % (step + 1))
}

/// A sample of [`VALUES`] values that move as a busy server's do.
fn sample(tick: u64) -> Sample {
    Sample {
        cpu_total: Some(cpu(tick, None)),
        cpus: vec![cpu(tick, Some(0)), cpu(tick, Some(1))],
        load: Some(Load { one_centi: Some(123), five_centi: Some(98), fifteen_centi: Some(87) }),
        memory: Some(memory(tick)),
        filesystems: vec![filesystem(tick, "/"), filesystem(tick, "/var")],
        disks: vec![disk(tick, "vda"), disk(tick, "vdb")],
        interfaces: vec![interface(tick)],
        kernel: Some(Kernel {
            uptime_ms: moved(tick, 8_640_000_000, 10_000),
            booted_at: Some(1_771_360_000),
            context_switches: moved(tick, 9_876_543_210, 24_000),
            interrupts: moved(tick, 5_432_109_876, 12_000),
            forks: moved(tick, 12_345_678, 20),
            running: moved(tick, 1, 1),
            blocked: Some(0),
        }),
        failed_sources: Vec::new(),
        agent: Some(AgentHealth {
            spool_bytes: moved(tick, 1_024, 600),
            spool_records: moved(tick, 1, 1),
            dropped: Some(0),
            send_failures: Some(3),
        }),
        ..Sample::default()
    }
}

fn cpu(tick: u64, number: Option<u32>) -> CpuTimes {
    CpuTimes {
        cpu: number,
        user_ms: moved(tick, 81_234_567, 3_100),
        nice_ms: moved(tick, 12_345, 1),
        system_ms: moved(tick, 21_345_678, 900),
        idle_ms: moved(tick, 912_345_678, 5_800),
        iowait_ms: moved(tick, 1_234_567, 90),
        irq_ms: Some(0),
        softirq_ms: moved(tick, 345_678, 40),
        steal_ms: moved(tick, 4_567, 2),
    }
}

fn memory(tick: u64) -> Memory {
    Memory {
        total_bytes: Some(8_323_022_848),
        free_bytes: moved(tick, 412_345_344, 8_192),
        available_bytes: moved(tick, 5_123_456_000, 8_192),
        buffers_bytes: moved(tick, 234_567_680, 4_096),
        cached_bytes: moved(tick, 4_567_891_968, 12_288),
        swap_total_bytes: Some(2_147_479_552),
        swap_free_bytes: Some(2_147_479_552),
        dirty_bytes: moved(tick, 1_234_944, 4_096),
        slab_reclaimable_bytes: moved(tick, 345_678_848, 4_096),
        ..Memory::default()
    }
}

fn filesystem(tick: u64, mount: &str) -> Filesystem {
    Filesystem {
        mount_point: mount.into(),
        device: "/dev/vda1".into(),
        kind: "ext4".into(),
        size_bytes: Some(105_089_261_568),
        free_bytes: moved(tick, 61_234_567_168, 4_096),
        available_bytes: moved(tick, 56_234_567_168, 4_096),
        inodes: Some(6_553_600),
        inodes_free: moved(tick, 6_012_345, 1),
        read_only: None,
    }
}

fn disk(tick: u64, name: &str) -> Disk {
    Disk {
        device: name.into(),
        reads: moved(tick, 4_567_890, 12),
        read_bytes: moved(tick, 123_456_789_504, 196_608),
        read_ms: moved(tick, 2_345_678, 9),
        writes: moved(tick, 34_567_890, 140),
        written_bytes: moved(tick, 876_543_210_496, 2_293_760),
        write_ms: moved(tick, 45_678_901, 210),
        io_ms: moved(tick, 23_456_789, 160),
        in_flight: moved(tick, 0, 2),
        ..Disk::default()
    }
}

fn interface(tick: u64) -> Interface {
    Interface {
        device: "ens3".into(),
        receive_bytes: moved(tick, 987_654_321_098, 1_250_000),
        receive_packets: moved(tick, 876_543_210, 1_100),
        receive_errors: Some(0),
        receive_drops: Some(1_234),
        transmit_bytes: moved(tick, 765_432_109_876, 980_000),
        transmit_packets: moved(tick, 654_321_098, 900),
        transmit_errors: Some(0),
        transmit_drops: Some(0),
        speed_bits: Some(1_000_000_000),
        up: None,
    }
}

fn size_of(path: &Path) -> Result<u64> {
    Ok(std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.len())
}

/// CPU time of this process, all threads, in nanoseconds.
fn cpu_ns() -> i64 {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    spent.tv_sec * 1_000_000_000 + spent.tv_nsec
}
