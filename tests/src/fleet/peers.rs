//! The same samples to the peers: Debian's VictoriaMetrics and Prometheus, each started on loopback in a temporary folder
//! and fed by remote write, one host a request and many.
//!
//! ```text
//! start ─► │ remote write │ 5 s │ Pss ─► merge or snapshot, bytes ─► kill
//!          └── live CPU ────────┘
//! ```
//!
//! The peers verify no signature, have no TLS here and judge nothing: their figures are of taking samples in. Values,
//! times and the order are those of the agents. Knows nothing of our collector.

mod remote_write;
mod servers;

use super::clock::{Stopwatch, wall_ms};
use super::figures::{Figures, Latencies, figure};
use super::measure::{AFTER, progress};
use super::play::{Plan, host_start, start_of};
use super::process;
use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use indicatif::ProgressBar;
use remote_write::Writer;
use serde::Serialize;
pub use servers::Peer;
use servers::Server;
use tokio::task::JoinSet;

/// The figures of one run of a peer.
#[derive(Debug, Clone, Serialize)]
pub struct PeerFigures {
    /// Which.
    pub peer: Peer,
    /// Hosts.
    pub hosts: usize,
    /// Hosts in a request.
    pub hosts_per_request: usize,
    /// Requests.
    pub requests: u64,
    /// Samples.
    pub samples: u64,
    /// First request to last answer.
    pub seconds: f64,
    /// Processor time for a request.
    pub cpu_us_per_request: f64,
    /// Processor time for a sample.
    pub cpu_ns_per_sample: f64,
    /// Request to answer.
    pub answer: Latencies,
    /// Data on disk for a sample, merged or in a block, without the index.
    pub bytes_per_sample: f64,
    /// Proportional memory before merging.
    pub pss_bytes: u64,
}

/// One run: `hosts` hosts by `plan`, some hosts in a request.
///
/// # Errors
/// A peer that is not installed, does not start, or refuses a sample.
pub async fn measure_peer(peer: Peer, plan: &Plan, hosts: usize, hosts_per_request: usize) -> Result<PeerFigures> {
    let mut server = Server::start(peer).await?;
    let pid = server.pid()?;
    let before = process::read_cpu_ns(pid)?;
    let bar = progress("peer", (hosts * plan.steps) as u64);
    let (latencies, took) = write_all(&server, plan, hosts, hosts_per_request, &bar).await?;
    bar.finish_and_clear();
    tokio::time::sleep(AFTER).await;
    let spent = process::read_cpu_ns(pid)? - before;
    let pss_bytes = process::read_pss_bytes(pid)?;
    let samples = (hosts * plan.steps * plan.trace.series()) as u64;
    let stored = server.samples_stored().await?;
    ensure!(stored == samples, "{} was given {samples} samples and says it has {stored}", peer.name());
    let bytes = server.settled_bytes().await.with_context(|| format!("bytes of {}", peer.name()))?;
    let requests = latencies.len() as u64;
    Ok(PeerFigures {
        peer,
        hosts,
        hosts_per_request,
        requests,
        samples,
        seconds: took.as_secs_f64(),
        cpu_us_per_request: ratio(spent, requests) / 1000.0,
        cpu_ns_per_sample: ratio(spent, samples),
        answer: Latencies::of(latencies),
        bytes_per_sample: ratio(bytes, samples),
        pss_bytes,
    })
}

#[expect(clippy::cast_precision_loss, reason = "figures for people: six digits are enough")]
fn ratio(total: u64, count: u64) -> f64 {
    total as f64 / count.max(1) as f64
}

/// Groups of hosts write in parallel, as many as agents would; each group in the order of its steps.
async fn write_all(
    server: &Server,
    plan: &Plan,
    hosts: usize,
    hosts_per_request: usize,
    bar: &ProgressBar,
) -> Result<(Vec<u32>, std::time::Duration)> {
    let (start_ms, _) = start_of(plan, wall_ms());
    let numbers: Vec<usize> = (0..hosts).collect();
    let groups: Vec<Vec<usize>> = numbers.chunks(hosts_per_request).map(<[usize]>::to_vec).collect();
    let lanes = plan.concurrency.clamp(1, groups.len().max(1));
    let watch = Stopwatch::start();
    let mut working = JoinSet::new();
    for lane in 0..lanes {
        let mine: Vec<Vec<usize>> = groups.iter().skip(lane).step_by(lanes).cloned().collect();
        let (plan, bar, mut connection, path) = (plan.clone(), bar.clone(), server.connection(), server.write_path());
        working.spawn(async move {
            let mut latencies = Vec::new();
            let mut writers: Vec<Writer> = mine.iter().map(|hosts| Writer::new(&plan.trace, hosts)).collect();
            for step in 0..plan.steps {
                for (writer, numbers) in writers.iter_mut().zip(&mine) {
                    let at = |host: usize| {
                        let start = host_start(&plan, start_ms, host, hosts);
                        start + plan.interval_ms * i64::try_from(step).unwrap_or(i64::MAX)
                    };
                    let body = Bytes::from(writer.request(&plan.trace, numbers, step, at)?);
                    let watch = Stopwatch::start();
                    let reply = connection.post(path, &remote_write::HEADERS, body).await?;
                    latencies.push(u32::try_from(watch.elapsed().as_micros()).unwrap_or(u32::MAX));
                    ensure!(reply.status / 100 == 2, "remote write is answered {}: {}", reply.status, reply.text());
                    bar.inc(numbers.len() as u64);
                }
            }
            anyhow::Ok(latencies)
        });
    }
    let mut all = Vec::new();
    while let Some(done) = working.join_next().await {
        all.extend(done??);
    }
    Ok((all, watch.elapsed()))
}

impl PeerFigures {
    /// The line above the table of peers and of ours beside them.
    pub fn render_header() -> String {
        format!(
            "{:<18} {:>6} {:>12} {:>9} {:>11} {:>11} {:>9} {:>8} {:>8} {:>8} {:>8}",
            "",
            "hosts",
            "per request",
            "requests",
            "µs/request",
            "ns/sample",
            "closing",
            "p50 ms",
            "p99 ms",
            "B/sample",
            "Pss MB"
        )
    }

    /// One line of the table.
    pub fn render_line(&self) -> String {
        line(&Line {
            name: self.peer.name(),
            hosts: self.hosts,
            per_request: format!("{} hosts", self.hosts_per_request),
            requests: self.requests,
            cpu_us: Some(self.cpu_us_per_request),
            cpu_ns: Some(self.cpu_ns_per_sample),
            closing_ns: None,
            answer: self.answer,
            bytes: format!("{:.2}", self.bytes_per_sample),
            pss: Some(self.pss_bytes),
        })
    }
}

struct Line<'a> {
    name: &'a str,
    hosts: usize,
    per_request: String,
    requests: u64,
    cpu_us: Option<f64>,
    cpu_ns: Option<f64>,
    closing_ns: Option<f64>,
    answer: Latencies,
    bytes: String,
    pss: Option<u64>,
}

fn line(line: &Line<'_>) -> String {
    let ms = |us: u32| f64::from(us) / 1000.0;
    format!(
        "{:<18} {:>6} {:>12} {:>9} {:>11} {:>11} {:>9} {:>8.2} {:>8.2} {:>8} {:>8}",
        line.name,
        line.hosts,
        line.per_request,
        line.requests,
        figure(line.cpu_us, 1),
        figure(line.cpu_ns, 0),
        figure(line.closing_ns, 0),
        ms(line.answer.p50_us),
        ms(line.answer.p99_us),
        line.bytes,
        figure(line.pss.map(|bytes| ratio(bytes, 1 << 20)), 1)
    )
}

/// Our run as a line among the peers.
pub fn render_ours(ours: &Figures) -> String {
    line(&Line {
        name: "pantau",
        hosts: ours.hosts,
        per_request: format!("{} frames", ours.frames_per_batch),
        requests: ours.batches,
        cpu_us: ours.cpu_us_per_batch,
        cpu_ns: ours.cpu_ns_per_sample,
        closing_ns: ours.closing_cpu_ns_per_sample,
        answer: ours.acknowledge,
        bytes: format!("{:.2}{}", ours.store_bytes_per_sample, ours.mark()),
        pss: ours.pss_bytes,
    })
}

/// Ours as a share of theirs, for one pair of runs.
#[derive(Debug, Clone, Serialize)]
pub struct Ratios {
    /// Against which.
    pub peer: Peer,
    /// `live`: one host a request. `bulk`: many.
    pub kind: &'static str,
    /// Processor time of a request, ours : theirs.
    pub cpu_per_request: Option<f64>,
    /// Processor time of a sample, ours : theirs.
    pub cpu_per_sample: Option<f64>,
    /// The same with what closing the chunks cost us.
    pub cpu_per_sample_with_closing: Option<f64>,
    /// Bytes of a sample, ours : theirs.
    pub bytes_per_sample: f64,
    /// Memory, ours : theirs.
    pub pss: Option<f64>,
}

impl Ratios {
    /// Of one run of ours and one of theirs.
    pub fn of(kind: &'static str, ours: &Figures, theirs: &PeerFigures) -> Self {
        let cpu = ours.cpu_ns_per_sample;
        let with_closing = cpu.zip(ours.closing_cpu_ns_per_sample).map(|(live, closing)| live + closing);
        Self {
            peer: theirs.peer,
            kind,
            cpu_per_request: ours.cpu_us_per_batch.map(|us| us / theirs.cpu_us_per_request),
            cpu_per_sample: cpu.map(|ns| ns / theirs.cpu_ns_per_sample),
            cpu_per_sample_with_closing: with_closing.map(|ns| ns / theirs.cpu_ns_per_sample),
            bytes_per_sample: ours.store_bytes_per_sample / theirs.bytes_per_sample,
            pss: ours.pss_bytes.map(|bytes| ratio(bytes, theirs.pss_bytes)),
        }
    }

    /// One line for people.
    pub fn render(&self) -> String {
        format!(
            "pantau : {:<18} {}  CPU/request {}  CPU/sample {}  with closing {}  bytes {:.2}  Pss {}",
            self.peer.name(),
            self.kind,
            figure(self.cpu_per_request, 2),
            figure(self.cpu_per_sample, 2),
            figure(self.cpu_per_sample_with_closing, 2),
            self.bytes_per_sample,
            figure(self.pss, 2)
        )
    }
}
