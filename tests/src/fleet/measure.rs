//! One measured run: enrol, warm up, play, wait until the collector has done its part, read what it cost.
//!
//! ```text
//! start ─► enrol ─► start messages ─► restart ─► heartbeats ─► │ play │ 5 s │ closing │ ─► stop
//!                                     base bytes               └─ live CPU ─┘─ closing ┘    bytes
//! ```
//!
//! Restarting before playing keeps enrolling out of the figures; a collector that is not ours is not restarted. The
//! seconds after the last batch count as live: judging may lag, and the peers are measured the same way.

use super::agents::{Agent, Proof};
use super::clock::wall_ms;
use super::collector::{Collector, Counted, Office};
use super::figures::{Closing, Figures, Measured, Run, Spent};
use super::play::{self, Pace, Plan};
use super::process;
use crate::trace::Trace;
use anyhow::{Context, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How long after the last batch the collector's time still counts as live.
pub const AFTER: Duration = Duration::from_secs(5);

/// Seconds over which an idle collector is watched.
const IDLE_S: u64 = 10;

/// Which collector.
#[derive(Debug, Clone)]
pub enum Subject {
    /// One of the bench's own, made of this program.
    Own {
        /// The program.
        binary: PathBuf,
        /// TLS or plain.
        tls: bool,
    },
    /// One that runs.
    Running {
        /// Its address.
        url: String,
        /// Its data folder.
        data_dir: PathBuf,
        /// Its process, where it is to be measured.
        pid: Option<u32>,
    },
}

/// What is run.
#[derive(Debug, Clone)]
pub struct Measurement {
    /// Against which collector.
    pub subject: Subject,
    /// By which all play.
    pub trace: Arc<Trace>,
    /// Agents.
    pub hosts: usize,
    /// Services of an own collector; each has one check.
    pub services: usize,
    /// Frames of each host.
    pub steps: usize,
    /// Between two frames, in ms.
    pub interval_ms: i64,
    /// Frames in a batch.
    pub frames_per_batch: usize,
    /// How fast.
    pub pace: Pace,
    /// How batches are made attributable.
    pub proof: Proof,
    /// Agents at a time when accelerated.
    pub concurrency: usize,
    /// How long to wait for chunks to close.
    pub settle: Duration,
}

impl Measurement {
    /// What the agents play.
    pub fn plan(&self) -> Plan {
        Plan {
            trace: Arc::clone(&self.trace),
            steps: self.steps,
            interval_ms: self.interval_ms,
            frames_per_batch: self.frames_per_batch,
            pace: self.pace,
            concurrency: self.concurrency,
        }
    }

    async fn collector(&self) -> Result<Collector> {
        match &self.subject {
            Subject::Own { binary, tls } => {
                let (hosts, services, interval_ms) = (self.hosts, self.services, self.interval_ms);
                Collector::start(Office { binary, tls: *tls, hosts, services, interval_ms, asks: None }).await
            }
            Subject::Running { url, data_dir, pid } => Collector::attach(url, data_dir, *pid).await,
        }
    }

    fn run(&self) -> Run {
        let tls = match &self.subject {
            Subject::Own { tls, .. } => *tls,
            Subject::Running { url, .. } => url.starts_with("https:"),
        };
        Run {
            hosts: self.hosts,
            steps: self.steps,
            frames_per_batch: self.frames_per_batch,
            series: self.trace.series(),
            tls,
            proof: self.proof,
            pace: self.pace,
        }
    }
}

/// Runs it.
///
/// # Errors
/// What failed; counts of both ends that differ.
pub async fn measure(measurement: &Measurement) -> Result<Figures> {
    let mut collector = Arc::new(measurement.collector().await?);
    let run_number = u64::try_from(wall_ms()).unwrap_or(0);
    let agent = |number| Agent::new(number, run_number, measurement.proof);
    let agents = (0..measurement.hosts).map(agent).collect::<Result<Vec<_>>>()?;
    let joining = progress("joining", measurement.hosts as u64);
    let fleet = collector.enrol_all(agents, || joining.inc(1)).await.context("enrol the fleet")?;
    joining.finish_and_clear();
    let fleet = play::warm(fleet, measurement.concurrency, true).await.context("send the start messages")?;
    let own = Arc::get_mut(&mut collector).context("nobody else has the collector")?;
    let base_bytes = own.restart().await?;
    let fleet = play::warm(fleet, measurement.concurrency, false).await.context("send the first heartbeats")?;

    let before = collector.counted().await?;
    let cpu_before = cpu_ns(&collector)?;
    let playing = progress("playing", (measurement.hosts * measurement.steps) as u64);
    let (played, took) = play::play(&measurement.plan(), fleet, &playing).await?;
    playing.finish_and_clear();
    tokio::time::sleep(AFTER).await;
    let cpu_live = cpu_ns(&collector)?;
    let pss_bytes = collector.pid().map(process::read_pss_bytes).transpose()?;
    let stored = collector.counted().await?.observations - before.observations;
    ensure!(
        stored == played.observations,
        "the agents had {} observations acknowledged, the collector says it stored {stored}",
        played.observations
    );
    let (closing, waited_s) = settle(&collector, measurement.settle).await?;
    let cpu_closed = cpu_ns(&collector)?;
    // Waiting costs the collector what an idle one costs: that is no closing.
    tokio::time::sleep(Duration::from_secs(IDLE_S)).await;
    let cpu_idle = cpu_ns(&collector)?;
    let spent = match (cpu_before, cpu_live, cpu_closed, cpu_idle) {
        (Some(before), Some(live), Some(closed), Some(idle)) => {
            let waiting_ns = (idle - closed) / IDLE_S * waited_s;
            Some(Spent { live_ns: live - before, closing_ns: (closed - live).saturating_sub(waiting_ns) })
        }
        _ => None,
    };
    let counted = collector.counted().await?;
    let collector = Arc::into_inner(collector).context("nobody else has the collector")?;
    let grown = collector.finish().await?.saturating_sub(base_bytes);
    // Frames stay for a while after their chunk is made: of closed ones the chunks are what is kept.
    let made = |after: Option<u64>, earlier: Option<u64>| {
        after.filter(|_| closing == Closing::Closed).map(|after| after.saturating_sub(earlier.unwrap_or(0)))
    };
    let store_bytes = made(counted.chunk_bytes, before.chunk_bytes).unwrap_or(grown);
    let rollup_bytes = made(counted.rollup_bytes, before.rollup_bytes);
    let measured = Measured { spent, store_bytes, rollup_bytes, closing, pss_bytes, observations_stored: stored };
    Ok(Figures::of(measurement.run(), played, took, measured))
}

fn cpu_ns(collector: &Collector) -> Result<Option<u64>> {
    collector.pid().map(process::read_cpu_ns).transpose()
}

/// Waits until every frame is in a closed chunk, as long as the collector tells and the time allows; how it ended and
/// after how many seconds.
async fn settle(collector: &Collector, bound: Duration) -> Result<(Closing, u64)> {
    let bar = progress("closing", 0);
    for second in 0..=bound.as_secs() {
        match collector.counted().await? {
            Counted { frames_waiting: None, .. } => return Ok((Closing::NotTold, second)),
            Counted { frames_waiting: Some(0), .. } => return Ok((Closing::Closed, second)),
            Counted { frames_waiting: Some(waiting), .. } => bar.set_message(format!("closing: {waiting} frames")),
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    bar.finish_and_clear();
    Ok((Closing::NotInTime, bound.as_secs()))
}

/// A bar on a terminal; nothing elsewhere.
pub fn progress(what: &'static str, length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template("  {msg} [{bar:30}] {pos}/{len} {elapsed} (then {eta})") {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar
}
