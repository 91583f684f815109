//! What a batch costs the collector: CPU from the received bytes to the durable commit and the reply.
//!
//! `cargo run --release -p pantau-tests --bin ingest_cost [levers] [sizes] [paced]`
//!
//! Three tables, all of them when none is named, and one line of JSON:
//!
//! - **levers**: 100 hosts, one thing more or less per line: HTTP, the road past the router, the session, TLS, the pause
//!   that gathers a group;
//! - **sizes**: 10, 100 and 1,000 hosts, one frame and fifty frames a batch, all levers on; hosts send in rounds, all of
//!   a round at once, so that groups form as under load;
//! - **paced**: batches of one frame at a steady rate, as a fleet sends, with and without the pause, and what the reply
//!   took.
//!
//! The senders are a process of their own; what is counted is the CPU of the collector's side, all threads. It listens
//! on loopback with its own certificate; the disk is that of the temporary folder (`TMPDIR`). Judging is not in it.

mod client;
mod readings;

use anyhow::{Context, Result, anyhow, ensure};
use client::Seen;
use pantau_collector::clock::Clock;
use pantau_collector::domain::catalogue::Catalogue;
use pantau_collector::ingest::front::Front;
use pantau_collector::ingest::replies::ReplyKey;
use pantau_collector::ingest::{Ingest, IngestOptions};
use pantau_collector::server::{Listen, Server};
use pantau_collector::store::Store;
use pantau_collector::store::records::{HostKey, JoinTokenRecord};
use pantau_collector::tls::{Tls, TlsSource};
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;
use pantau_shared::wire::session::AgentSession;
use readings::{batch, series};
use ring::signature::{Ed25519KeyPair, KeyPair};
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

const START: Timestamp = Timestamp::from_secs(1_780_000_000);

/// How bytes come to ingest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
enum Road {
    /// Handed over in the process: no HTTP.
    Direct,
    /// HTTP through the router.
    Router,
    /// HTTP past the router.
    Front,
}

/// One measurement.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
struct Lane {
    road: Road,
    tls: bool,
    session: bool,
    gather: bool,
    hosts: usize,
    frames: u64,
    batches: u64,
    /// Batches a second; 0: in rounds, as fast as they are taken.
    rate: u32,
}

/// One line of the tables.
#[derive(Debug, serde::Serialize)]
struct Figures {
    lane: Lane,
    cpu_us_per_batch: f64,
    cpu_ns_per_sample: f64,
    disk_bytes_per_frame: f64,
    seen: Option<Seen>,
}

#[expect(clippy::print_stdout, reason = "a bench prints")]
fn main() -> Result<()> {
    drop(rustls::crypto::ring::default_provider().install_default());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, word, lane, address] = arguments.as_slice()
        && word == "client"
    {
        return runtime.block_on(client::run(serde_json::from_str(lane)?, address.parse()?));
    }
    let mut all = Vec::new();
    println!(
        "{:>6} {:>3} {:>9} {:>6} {:>6} {:>6} {:>6} {:>7} {:>13} {:>14} {:>12} {:>8} {:>8}",
        "road",
        "TLS",
        "code",
        "pause",
        "hosts",
        "frames",
        "rate/s",
        "batches",
        "CPU µs/batch",
        "CPU ns/sample",
        "disk B/frame",
        "p50 µs",
        "p99 µs"
    );
    let named = arguments.get(1..).unwrap_or_default();
    for (title, lanes) in tables().into_iter().filter(|(title, _)| named.is_empty() || named.iter().any(|n| n == title))
    {
        println!("{title}");
        for lane in lanes {
            let figures = runtime.block_on(measure(lane)).with_context(|| format!("{lane:?}"))?;
            println!("{}", line(&figures));
            all.push(figures);
        }
    }
    println!("{}", serde_json::to_string(&all)?);
    Ok(())
}

fn line(figures: &Figures) -> String {
    let lane = figures.lane;
    let yes = |is: bool, yes: &'static str, no: &'static str| if is { yes } else { no };
    format!(
        "{:>6} {:>3} {:>9} {:>6} {:>6} {:>6} {:>6} {:>7} {:>13.1} {:>14.1} {:>12.0} {:>8} {:>8}",
        format!("{:?}", lane.road).to_lowercase(),
        yes(lane.tls, "yes", "no"),
        yes(lane.session, "session", "signature"),
        yes(lane.gather, "yes", "no"),
        lane.hosts,
        lane.frames,
        lane.rate,
        lane.batches,
        figures.cpu_us_per_batch,
        figures.cpu_ns_per_sample,
        figures.disk_bytes_per_frame,
        figures.seen.as_ref().map_or(0, |seen| seen.p50_us),
        figures.seen.as_ref().map_or(0, |seen| seen.p99_us)
    )
}

fn tables() -> [(&'static str, Vec<Lane>); 3] {
    let best = Lane {
        road: Road::Front,
        tls: true,
        session: true,
        gather: true,
        hosts: 100,
        frames: 1,
        batches: 10_000,
        rate: 0,
    };
    let plain = Lane { tls: false, ..best };
    let signed = Lane { session: false, ..plain };
    let levers = vec![
        Lane { road: Road::Direct, ..signed },
        Lane { road: Road::Direct, ..plain },
        Lane { road: Road::Direct, gather: false, ..plain },
        Lane { road: Road::Router, ..signed },
        signed,
        plain,
        Lane { session: false, ..best },
        best,
    ];
    let sizes = [(1, 10_000), (50, 2_000)].into_iter().flat_map(|(frames, batches)| {
        [10, 100, 1_000].into_iter().map(move |hosts| Lane { hosts, frames, batches, ..best })
    });
    let paced = [(100, 1_000), (500, 5_000), (2_000, 10_000)].into_iter().flat_map(|(rate, batches)| {
        [false, true].into_iter().map(move |gather| Lane { gather, hosts: 1_000, rate, batches, ..best })
    });
    [("levers", levers), ("sizes", sizes.collect()), ("paced", paced.collect())]
}

async fn measure(lane: Lane) -> Result<Figures> {
    let folder = tempfile::TempDir::new()?;
    let path = folder.path().join("pantau.db");
    let store = Store::open(&path, START)?;
    if !lane.gather {
        store.set_pause(Duration::ZERO);
    }
    let ingest = Ingest::new(IngestOptions {
        store: store.clone(),
        clock: Clock::manual(START),
        stats: Arc::default(),
        reply_key: ReplyKey::generate()?,
        catalogue: {
            let empty = Arc::new(Catalogue::empty());
            Box::new(move || empty.clone())
        },
        nudge: Box::new(|| {}),
    });
    for number in 0..lane.hosts {
        let (id, key) = host_key(number)?;
        enrol(&store, &id, &key).await?;
    }
    let before = size_of(&path)?;
    let (spent_ns, seen) = match lane.road {
        Road::Direct => (directly(lane, &ingest).await?, None),
        Road::Router | Road::Front => {
            let (spent_ns, seen) = over_http(lane, folder.path(), &ingest).await?;
            (spent_ns, Some(seen))
        }
    };
    drop((ingest, store));
    let per_batch_ns = spent_ns as f64 / lane.batches as f64;
    Ok(Figures {
        lane,
        cpu_us_per_batch: per_batch_ns / 1_000.0,
        cpu_ns_per_sample: per_batch_ns / (lane.frames * series()) as f64,
        disk_bytes_per_frame: size_of(&path)?.saturating_sub(before) as f64 / (lane.batches * lane.frames) as f64,
        seen,
    })
}

/// CPU of taking the batches as bytes; making them is not counted.
async fn directly(lane: Lane, ingest: &Arc<Ingest>) -> Result<i64> {
    let keys = (0..lane.hosts).map(host_key).collect::<Result<Vec<_>>>()?;
    let mut sessions: Vec<_> = keys.iter().map(|(id, _)| AgentSession::new(id.clone())).collect();
    let mut spent_ns = 0;
    for round in 0..=lane.batches.div_ceil(lane.hosts as u64) {
        let sealed: Vec<_> = keys
            .iter()
            .zip(&mut sessions)
            .map(|((id, key), session)| match lane.session {
                true => session.seal(batch(round * lane.frames, lane.frames), key, 0).bytes,
                false => pantau_shared::wire::seal(&batch(round * lane.frames, lane.frames), id, key),
            })
            .collect();
        let before = cpu_ns();
        let mut waiting = JoinSet::new();
        for (number, bytes) in sealed.into_iter().enumerate() {
            let ingest = ingest.clone();
            waiting.spawn(async move {
                let taken = ingest.take(&bytes).await.map_err(|refusal| anyhow!("{refusal:?}"));
                taken.map(|taken| (number, taken))
            });
        }
        while let Some(taken) = waiting.join_next().await {
            let (number, acknowledgement) = taken??;
            if let (Some(session), Some(grant)) = (sessions.get_mut(number), acknowledgement.session) {
                session.acknowledged(false, Some(&grant), 0);
            }
        }
        // The first round opens the sessions.
        spent_ns += if round == 0 { 0 } else { cpu_ns() - before };
    }
    Ok(spent_ns)
}

/// CPU of this process while the other one sends.
async fn over_http(lane: Lane, folder: &Path, ingest: &Arc<Ingest>) -> Result<(i64, Seen)> {
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let names = vec!["127.0.0.1".to_owned()];
    let listen = match lane.tls {
        true => Listen::Tls(address, Tls::open(TlsSource::Own { folder: folder.to_owned(), names }, START)?.config()),
        false => Listen::Plain(address),
    };
    let server = Server::bind(&[listen])?;
    let address = *server.addresses().first().context("an address")?;
    let (end, shutdown) = watch::channel(false);
    let serving = match lane.road {
        Road::Router => tokio::spawn(server.run(ingest.router(), Arc::default(), shutdown)),
        _ => tokio::spawn(server.run(Front::new(ingest.clone(), ingest.router()), Arc::default(), shutdown)),
    };
    let measured = tokio::task::spawn_blocking(move || drive(lane, address)).await?;
    end.send_replace(true);
    serving.await??;
    measured
}

/// Starts the sender, lets it warm up, gives the word, counts until it is done.
fn drive(lane: Lane, address: SocketAddr) -> Result<(i64, Seen)> {
    let mut sender = Command::new(std::env::current_exe()?)
        .args(["client", &serde_json::to_string(&lane)?, &address.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the sender")?;
    let mut lines = BufReader::new(sender.stdout.take().context("piped")?).lines();
    let ready = lines.next().context("the sender says nothing")??;
    ensure!(ready == "ready", "{ready}");
    let before = cpu_ns();
    writeln!(sender.stdin.take().context("piped")?, "go")?;
    let seen = lines.next().context("the sender has failed")??;
    let spent_ns = cpu_ns() - before;
    sender.wait()?;
    Ok((spent_ns, serde_json::from_str(&seen)?))
}

/// Name and key of a host, the same in both processes.
fn host_key(number: usize) -> Result<(HostId, Ed25519KeyPair)> {
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

fn size_of(path: &Path) -> Result<u64> {
    Ok(std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.len())
}

/// CPU time of this process, all threads, in nanoseconds.
fn cpu_ns() -> i64 {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    spent.tv_sec * 1_000_000_000 + spent.tv_nsec
}
