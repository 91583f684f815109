//! What judging costs the collector: CPU per frame and per idle tick, memory, a start, and a storm.
//!
//! `cargo run --release -p pantau-tests --bin engine_cost [-- --hosts 1000]`
//!
//! Without `--hosts` every size runs in a process of its own, one after the other. Hosts send a frame every ten seconds,
//! spread over two hundred activations; a twentieth of them ask a check of a service each, every round. The clock is
//! driven by hand: nothing waits. Engine CPU is that of the thread that runs the engine; commits are the store's writer
//! and stand apart. Prints a table and one line of JSON.

use anyhow::{Context, Result};
use clap::Parser;
use pantau_collector::clock::Clock;
use pantau_collector::config::profile::bangka_2025;
use pantau_collector::domain::catalogue::{
    Agreement, Catalogue, Check, CheckQuorum, Composition, Service, ServiceClass, ServiceGroup, ServiceId,
};
use pantau_collector::domain::phrase::Phrase;
use pantau_collector::engine::{Engine, EngineOptions, EngineTask};
use pantau_collector::store::Store;
use pantau_collector::store::records::{HostKey, JoinTokenRecord, ReceivedBatch};
use pantau_shared::assignment::{CheckKind, TcpCheck};
use pantau_shared::envelope::{Observation, ObservationBody};
use pantau_shared::ids::{CheckId, HostId};
use pantau_shared::probe::{ProbeOutcome, ProbeVerdict};
use pantau_shared::sample::{CpuTimes, Filesystem, Interface, Memory, Sample};
use pantau_shared::timestamp::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::process::Command;

const START: Timestamp = Timestamp::from_secs(1_780_000_000);
const SIZES: [usize; 4] = [100, 1_000, 10_000, 20_000];
/// Rounds of ten seconds: long enough for every slice of the checkpoint to be written.
const ROUNDS: i64 = 8;
/// Activations of a round, one each fifty milliseconds.
const ACTIVATIONS: i64 = 200;
/// Idle ticks that are measured; fewer seconds than make a host silent.
const TICKS: i64 = 40;
const SERVICES_MAX: usize = 1_000;
/// A run that takes longer is stuck.
const RUN_MAX: Duration = Duration::from_secs(900);

/// One line of the table.
#[derive(Serialize, Deserialize)]
struct Figures {
    hosts: usize,
    services: usize,
    engine_us_per_frame: f64,
    commit_us_per_frame: f64,
    idle_tick_us: f64,
    late_answer_us: f64,
    pss_mb: f64,
    start_ms: f64,
    start_cpu_ms: f64,
    storm_tickets: usize,
    storm_messages: u64,
    storm_seconds: i64,
    storm_worst_tick_ms: f64,
}

/// Measures what judging costs: a frame, an idle tick, a storm, a start, at three sizes, each in a process of its own.
#[derive(Debug, Parser)]
struct Options {
    /// Only this number of hosts, in this process
    #[arg(long)]
    hosts: Option<usize>,
}

#[expect(clippy::print_stdout, reason = "a bench prints")]
fn main() -> Result<()> {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if let Some(hosts) = options.hosts {
        println!("{}", serde_json::to_string(&runtime.block_on(measure(hosts))?)?);
        return Ok(());
    }
    println!(
        "{:>6} {:>8} {:>12} {:>12} {:>9} {:>9} {:>7} {:>8} {:>8} {:>7} {:>8} {:>7} {:>13}",
        "hosts",
        "services",
        "engine µs/fr",
        "commit µs/fr",
        "idle µs",
        "late µs",
        "Pss MB",
        "start ms",
        "CPU ms",
        "tickets",
        "messages",
        "after s",
        "worst tick ms"
    );
    let mut all = Vec::new();
    for hosts in SIZES {
        let f = runtime.block_on(apart(hosts))?;
        println!(
            "{:>6} {:>8} {:>12.2} {:>12.2} {:>9.1} {:>9.0} {:>7.1} {:>8.1} {:>8.1} {:>7} {:>8} {:>7} {:>13.1}",
            f.hosts,
            f.services,
            f.engine_us_per_frame,
            f.commit_us_per_frame,
            f.idle_tick_us,
            f.late_answer_us,
            f.pss_mb,
            f.start_ms,
            f.start_cpu_ms,
            f.storm_tickets,
            f.storm_messages,
            f.storm_seconds,
            f.storm_worst_tick_ms
        );
        all.push(f);
    }
    println!("{}", serde_json::to_string(&all)?);
    Ok(())
}

/// One size in a process of its own, so that its memory is its own.
async fn apart(hosts: usize) -> Result<Figures> {
    let mut command = Command::new(std::env::current_exe()?);
    let run = command.args(["--hosts", &hosts.to_string()]).kill_on_drop(true).output();
    let child = tokio::time::timeout(RUN_MAX, run).await.context("a run takes too long")??;
    serde_json::from_slice(&child.stdout)
        .with_context(|| format!("the run of {hosts} hosts failed: {}", String::from_utf8_lossy(&child.stderr)))
}

struct Site {
    store: Store,
    clock: Clock,
    hosts: Vec<HostId>,
    services: usize,
    seq: u64,
}

impl Site {
    fn start(&self) -> Result<(Engine, EngineTask)> {
        let options = EngineOptions {
            store: self.store.clone(),
            clock: self.clock.clone(),
            profile: Arc::new(bangka_2025()),
            catalogue: Arc::new(catalogue(&self.hosts, self.services)?),
            catalogue_applied_at: START,
            routing: pantau_collector::domain::route::Routing::to_all(&["meja"]),
            render: Arc::new(|phrase: &Phrase| phrase.id.clone()),
            stats: Arc::default(),
            demo: false,
        };
        Ok(Engine::start(options)?)
    }

    /// The hosts of one activation send their frames; those that watch a service their answer.
    async fn send(&mut self, from: usize, to: usize, tick: u64) -> Result<()> {
        self.seq += 2;
        let (now, seq, services) = (self.clock.now(), self.seq, self.services);
        let hosts: Vec<(usize, HostId)> = (from..to).map(|n| (n, self.hosts[n].clone())).collect();
        let batches = move |(number, host): (usize, HostId)| {
            let mut bodies = vec![ObservationBody::Sample(Box::new(sample(tick)))];
            bodies.extend((number < services).then(|| answer(number)));
            batch(host, now, now, seq, bodies)
        };
        self.store
            .write(move |writer| {
                for host in hosts {
                    writer.accept_batch(batches(host))?;
                }
                Ok(())
            })
            .await?;
        Ok(())
    }
}

async fn measure(hosts: usize) -> Result<Figures> {
    let folder = tempfile::TempDir::new()?;
    let store = Store::open(&folder.path().join("pantau.db"), START)?;
    let ids = (0..hosts).map(|n| HostId::parse(&format!("host-{n:05}"))).collect::<Result<Vec<_>, _>>()?;
    enrol(&store, ids.clone()).await?;
    let services = (hosts / 20).min(SERVICES_MAX);
    let mut site = Site { store, clock: Clock::manual(START), hosts: ids, services, seq: 0 };
    let (_, mut task) = site.start()?;
    task.evaluate().await?;
    let (mut engine_ns, mut all_ns, mut frames) = (0, 0, 0);
    for round in 0..ROUNDS {
        for activation in 0..ACTIVATIONS {
            let place = |n: i64| n as usize * hosts / ACTIVATIONS as usize;
            let (from, to) = (place(activation), place(activation + 1));
            site.clock.advance_ms(10_000 / ACTIVATIONS);
            if from == to {
                continue;
            }
            site.send(from, to, round as u64).await?;
            let before = (cpu_ns(ClockId::ThreadCPUTime), cpu_ns(ClockId::ProcessCPUTime));
            task.activate(activation % 20 == 0).await?;
            if round > 0 {
                engine_ns += cpu_ns(ClockId::ThreadCPUTime) - before.0;
                all_ns += cpu_ns(ClockId::ProcessCPUTime) - before.1;
                frames += to - from;
            }
        }
    }
    let idle_tick_us = idle(&site, &mut task).await?;
    let late_answer_us = late(&mut site, &mut task).await?;
    let pss_mb = pss_bytes()? as f64 / 1e6;
    drop(task); // as killed
    let before = (cpu_ns(ClockId::Monotonic), cpu_ns(ClockId::ProcessCPUTime));
    let (engine, mut task) = site.start()?;
    task.evaluate().await?;
    let start_ms = (cpu_ns(ClockId::Monotonic) - before.0) as f64 / 1e6;
    let start_cpu_ms = (cpu_ns(ClockId::ProcessCPUTime) - before.1) as f64 / 1e6;
    let storm = storm(&site, &engine, &mut task).await?;
    Ok(Figures {
        hosts,
        services,
        engine_us_per_frame: engine_ns as f64 / 1e3 / frames as f64,
        commit_us_per_frame: (all_ns - engine_ns) as f64 / 1e3 / frames as f64,
        idle_tick_us,
        late_answer_us,
        pss_mb,
        start_ms,
        start_cpu_ms,
        storm_tickets: storm.tickets,
        storm_messages: storm.messages,
        storm_seconds: storm.seconds,
        storm_worst_tick_ms: storm.worst_ms,
    })
}

/// CPU of a tick at which nothing happens, in microseconds; a tenth of the services' figures grow old meanwhile.
async fn idle(site: &Site, task: &mut EngineTask) -> Result<f64> {
    let mut spent = 0;
    for _ in 0..TICKS {
        site.clock.advance_ms(1_000);
        let before = cpu_ns(ClockId::ProcessCPUTime);
        task.evaluate().await?;
        spent += cpu_ns(ClockId::ProcessCPUTime) - before;
    }
    Ok(spent as f64 / 1e3 / TICKS as f64)
}

/// CPU of an answer that is late by half a minute, in microseconds: its service is replayed.
async fn late(site: &mut Site, task: &mut EngineTask) -> Result<f64> {
    let (now, host) = (site.clock.now(), site.hosts[0].clone());
    let late = batch(host, now.plus_secs(-75), now, site.seq + 1, vec![answer(0)]);
    site.seq += 2;
    site.store.write(move |writer| writer.accept_batch(late)).await?;
    let before = cpu_ns(ClockId::ProcessCPUTime);
    task.activate(false).await?;
    Ok((cpu_ns(ClockId::ProcessCPUTime) - before) as f64 / 1e3)
}

struct Storm {
    tickets: usize,
    messages: u64,
    seconds: i64,
    worst_ms: f64,
}

/// Nobody is heard any more: what is opened within five minutes, when the first, and the dearest tick.
async fn storm(site: &Site, engine: &Engine, task: &mut EngineTask) -> Result<Storm> {
    let mut storm = Storm { tickets: 0, messages: 0, seconds: 0, worst_ms: 0.0 };
    for second in 1..=300 {
        site.clock.advance_ms(1_000);
        let before = cpu_ns(ClockId::ProcessCPUTime);
        task.evaluate().await?;
        storm.worst_ms = storm.worst_ms.max((cpu_ns(ClockId::ProcessCPUTime) - before) as f64 / 1e6);
        storm.tickets = engine.snapshot().tickets.len();
        if storm.tickets > 0 && storm.seconds == 0 {
            storm.seconds = second;
        }
    }
    storm.messages = site.store.read(|reader| reader.outbox_view())?.pending;
    Ok(storm)
}

async fn enrol(store: &Store, hosts: Vec<HostId>) -> Result<()> {
    let joined = store.write(move |writer| {
        for (number, host) in hosts.into_iter().enumerate() {
            let mut secret_hash = [0; 32];
            secret_hash[..8].copy_from_slice(&(number as u64).to_be_bytes());
            let (created_at, expires_at) = (START, START.plus_secs(9));
            let token = JoinTokenRecord { secret_hash, host, replace: false, created_at, expires_at };
            writer.create_join_token(&token)?;
            let key = HostKey { public_key: secret_hash.to_vec(), machine_id_hash: String::new() };
            if let Err(refusal) = writer.redeem_join_token(&secret_hash, &key, START)? {
                return Ok(Err(refusal));
            }
        }
        Ok(Ok(()))
    });
    joined.await?.context("a token opens nothing")
}

/// Service n is asked about by host n and runs there.
fn catalogue(hosts: &[HostId], services: usize) -> Result<Catalogue> {
    let mut catalogue = Catalogue { host_silent_after_seconds: 90, ..Catalogue::empty() };
    for (number, host) in hosts.iter().take(services).enumerate() {
        let text = |name: &str| format!("{name} {number}");
        let check = Check {
            id: CheckId::parse(&format!("check-{number}"))?,
            name: text("check"),
            vantages: vec![host.clone()],
            interval_ms: 10_000,
            timeout_ms: 5_000,
            retry_pause_ms: 1_000,
            degraded_after_ms: 0,
            certificate_warning_seconds: 0,
            confirm_failures: 2,
            quorum: CheckQuorum::default(),
            kind: CheckKind::Tcp(TcpCheck { host: "localhost".into(), port: 80, ..TcpCheck::default() }),
        };
        catalogue.services.push(Service {
            id: ServiceId::parse(&format!("service-{number}"))?,
            name: text("service"),
            description: text("description"),
            provider: text("provider"),
            service_administrators: Vec::new(),
            infrastructure_administrators: Vec::new(),
            access: text("access"),
            target: None,
            support_contact: text("contact"),
            support_hours: text("hours"),
            group: ServiceGroup::Publik,
            class: ServiceClass::Normal,
            service_hours: "24x7".into(),
            rpo_seconds: None,
            rto_seconds: None,
            recovery_plan: None,
            hosts: vec![host.clone()],
            checks: vec![check],
            backups: Vec::new(),
            agreement: Agreement::default(),
            composition: Composition::default(),
            witnesses: Arc::default(),
        });
    }
    Ok(catalogue)
}

fn batch(host: HostId, at: Timestamp, now: Timestamp, seq: u64, bodies: Vec<ObservationBody>) -> ReceivedBatch {
    let observation = |(seq, body)| (at, Observation { seq, at_ms: at.as_ms(), age_ms: None, body: Some(body) });
    ReceivedBatch {
        host,
        stream: vec![7; 16],
        boot_id: "0b6ff8ab-5d8c-4a0e-9a27-3a5b7a6f5f0d".into(),
        received_at: now,
        observations: (seq..).zip(bodies).map(observation).collect(),
    }
}

fn answer(service: usize) -> ObservationBody {
    let mut outcome = ProbeOutcome { check: format!("check-{service}"), ..ProbeOutcome::default() };
    outcome.set_verdict(ProbeVerdict::Ok);
    ObservationBody::Probe(outcome)
}

/// What of a server's readings is judged: six readings with a threshold, and what fills the rest of a page.
fn sample(tick: u64) -> Sample {
    let filesystem = |mount: &str, used: u64| Filesystem {
        mount_point: mount.into(),
        device: "/dev/vda1".into(),
        kind: "ext4".into(),
        size_bytes: Some(100_000_000_000),
        free_bytes: Some(100_000_000_000 - used * 1_000_000_000),
        available_bytes: Some(95_000_000_000 - used * 950_000_000),
        inodes: Some(6_553_600),
        inodes_free: Some(6_012_345 - tick),
        read_only: None,
    };
    let interface = |device: &str, bytes: u64| Interface {
        device: device.into(),
        receive_bytes: Some(tick * bytes),
        transmit_bytes: Some(tick * bytes / 3),
        receive_packets: Some(tick * bytes / 900),
        transmit_packets: Some(tick * bytes / 2_000),
        speed_bits: Some(1_000_000_000),
        up: Some(true),
        ..Interface::default()
    };
    let cpu = |cpu| CpuTimes {
        cpu,
        user_ms: Some(81_234_567 + tick * 3_100),
        system_ms: Some(21_345_678 + tick * 900),
        idle_ms: Some(912_345_678 + tick * 5_800),
        iowait_ms: Some(1_234_567 + tick * 90),
        ..CpuTimes::default()
    };
    Sample {
        cpu_total: Some(cpu(None)),
        cpus: vec![cpu(Some(0)), cpu(Some(1))],
        memory: Some(Memory {
            total_bytes: Some(8_323_022_848),
            available_bytes: Some(5_123_456_000 - tick * 8_192),
            ..Memory::default()
        }),
        filesystems: vec![filesystem("/", 40), filesystem("/var", 55)],
        interfaces: vec![interface("ens3", 1_250_000), interface("ens4", 90_000)],
        ..Sample::default()
    }
}

fn cpu_ns(clock: ClockId) -> i64 {
    let spent = clock_gettime(clock);
    spent.tv_sec * 1_000_000_000 + spent.tv_nsec
}

/// Proportional memory of this process.
fn pss_bytes() -> Result<u64> {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").context("cannot read /proc/self/smaps_rollup")?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).context("the kernel tells no Pss")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1024)
}
