//! The sending side, in a process of its own so that its CPU is not counted: real posts over kept connections, one
//! session per host, every reply checked. Warms up, says so, waits for the word, sends, prints its latencies.

use crate::readings::batch;
use crate::{Lane, host_key};
use anyhow::{Context, Result, ensure};
use pantau_shared::envelope::Acknowledgement;
use pantau_shared::ids::HostId;
use pantau_shared::wire;
use pantau_shared::wire::session::AgentSession;
use prost::Message;
use ring::signature::Ed25519KeyPair;
use std::io::BufRead;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

/// What the sender saw.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Seen {
    pub(crate) batch_bytes: usize,
    /// From the post to the acknowledgement, in microseconds.
    pub(crate) p50_us: u64,
    pub(crate) p99_us: u64,
}

struct Sender {
    id: HostId,
    key: Ed25519KeyPair,
    session: AgentSession,
    sent: u64,
}

struct Link {
    client: reqwest::Client,
    url: String,
    lane: Lane,
}

/// Runs to the end as the process that `main` started.
#[expect(clippy::print_stdout, reason = "the parent reads it")]
pub(crate) async fn run(lane: Lane, address: SocketAddr) -> Result<()> {
    let scheme = if lane.tls { "https" } else { "http" };
    let client = reqwest::Client::builder()
        .no_proxy()
        .http1_only()
        .tcp_nodelay(true)
        .danger_accept_invalid_certs(true)
        .pool_max_idle_per_host(lane.hosts)
        .build()?;
    let link = Arc::new(Link { client, url: format!("{scheme}://{address}/api/v1/ingest"), lane });
    let mut senders = Vec::new();
    for number in 0..link.lane.hosts {
        let (id, key) = host_key(number)?;
        senders.push(Arc::new(Mutex::new(Sender { session: AgentSession::new(id.clone()), id, key, sent: 0 })));
    }
    // Connections are made and sessions opened, as they are for an agent that has been running for a while.
    for _ in 0..2 {
        round(&link, &senders).await?;
    }
    println!("ready");
    let mut word = String::new();
    std::io::stdin().lock().read_line(&mut word).context("no word from the bench")?;
    let mut latencies = Vec::new();
    let mut batch_bytes = 0;
    if link.lane.rate == 0 {
        for _ in 0..link.lane.batches.div_ceil(link.lane.hosts as u64) {
            for (bytes, latency) in round(&link, &senders).await? {
                batch_bytes = bytes;
                latencies.push(latency);
            }
        }
    } else {
        latencies = paced(&link, &senders).await?;
    }
    latencies.sort_unstable();
    let at = |percent: usize| latencies.get(latencies.len() * percent / 100).copied().unwrap_or_default();
    let us = |latency: Duration| u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
    let seen = Seen { batch_bytes, p50_us: us(at(50)), p99_us: us(at(99)) };
    println!("{}", serde_json::to_string(&seen)?);
    Ok(())
}

/// Every host once, all at the same time.
async fn round(link: &Arc<Link>, senders: &[Arc<Mutex<Sender>>]) -> Result<Vec<(usize, Duration)>> {
    let mut waiting = JoinSet::new();
    for sender in senders {
        waiting.spawn(post(Arc::clone(link), Arc::clone(sender)));
    }
    let mut all = Vec::new();
    while let Some(taken) = waiting.join_next().await {
        all.push(taken??);
    }
    Ok(all)
}

/// Hosts in turn, so many a second in all, whatever the collector does.
async fn paced(link: &Arc<Link>, senders: &[Arc<Mutex<Sender>>]) -> Result<Vec<Duration>> {
    let mut tick = tokio::time::interval(Duration::from_secs(1) / link.lane.rate);
    let mut waiting = JoinSet::new();
    for sender in senders.iter().cycle().take(usize::try_from(link.lane.batches)?) {
        tick.tick().await;
        waiting.spawn(post(Arc::clone(link), Arc::clone(sender)));
    }
    let mut all = Vec::new();
    while let Some(taken) = waiting.join_next().await {
        all.push(taken??.1);
    }
    Ok(all)
}

/// One batch of one host; its size and how long the acknowledgement took.
#[expect(clippy::disallowed_methods, reason = "a bench measures; what it measures is not asserted")]
async fn post(link: Arc<Link>, sender: Arc<Mutex<Sender>>) -> Result<(usize, Duration)> {
    let mut sender = sender.lock().await;
    let Sender { id, key, session, sent } = &mut *sender;
    let sealed = batch(*sent, link.lane.frames);
    let (bytes, in_session) = if link.lane.session {
        let sealed = session.seal(sealed, key, 0);
        (sealed.bytes, sealed.in_session)
    } else {
        (wire::seal(&sealed, id, key), false)
    };
    let size = bytes.len();
    let begun = Instant::now();
    let mut answer = link.client.post(&link.url).body(bytes).send().await?;
    let mut reply = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        reply.extend_from_slice(&chunk);
    }
    let latency = begun.elapsed();
    ensure!(answer.status().is_success(), "{}: {}", answer.status(), String::from_utf8_lossy(&reply));
    let acknowledgement = Acknowledgement::decode(reply.as_slice())?;
    *sent += link.lane.frames;
    ensure!(acknowledgement.acknowledged_seq == *sent, "acknowledged {}", acknowledgement.acknowledged_seq);
    session.acknowledged(in_session, acknowledgement.session.as_ref(), 0);
    Ok((size, latency))
}
