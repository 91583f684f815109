//! The agent of the one host, in this process, and what it counted.

use super::office::Office;
use crate::free_port;
use anyhow::{Context, Result, bail};
use pantau_agent::clock::Clock;
use pantau_agent::{BrokerSettings, Identity, RoadSettings, RunError, Settings, run};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// An agent that runs with a sample each second.
#[derive(Debug)]
pub struct Agent {
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), RunError>>,
    metrics: SocketAddr,
}

/// The road through a broker on loopback.
pub fn through(port: u16, topic: &str) -> RoadSettings {
    RoadSettings::Broker(BrokerSettings {
        topic: topic.to_owned(),
        ..BrokerSettings::new(format!("mqtt://127.0.0.1:{port}"))
    })
}

/// Settings of the office's agent, which has joined.
///
/// # Errors
/// It has not.
pub fn settings(office: &Office, road: RoadSettings) -> Result<Settings> {
    let folder = office.agent_folder();
    let identity = Identity::load(&folder)?.context("joined")?;
    Ok(Settings { road, sample_period: Duration::from_secs(1), ..Settings::new(folder, identity) })
}

impl Agent {
    /// Starts it.
    ///
    /// # Errors
    /// It has not joined.
    pub fn start(office: &Office, road: RoadSettings) -> Result<Self> {
        Self::start_with(settings(office, road)?, Clock::system())
    }

    /// Starts one with other settings, or another clock.
    ///
    /// # Errors
    /// No port is free.
    pub fn start_with(settings: Settings, clock: Clock) -> Result<Self> {
        let metrics = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let settings = Settings { metrics_listen: Some(metrics), ..settings };
        let (stop, shutdown) = watch::channel(false);
        let task = tokio::spawn(async move {
            let ended = run(settings, clock, shutdown).await;
            // Whoever waits for its figures would only hear that nobody answers.
            ended.inspect_err(|error| eprintln!("the agent ended: {error:?}"))
        });
        Ok(Self { stop, task, metrics })
    }

    /// A figure of its `/metrics`, as the line begins there.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn metric(&self, name: &str) -> Result<u64> {
        parse_metric(&format!("http://{}/metrics", self.metrics), name).await
    }

    /// Observations that the collector acknowledged.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn acknowledged(&self) -> Result<u64> {
        self.metric("pantau_agent_sent_observations_total").await
    }

    /// Waits until that many were acknowledged; how many then were.
    ///
    /// # Errors
    /// They were not in time.
    pub async fn until_acknowledged(&self, count: u64, seconds: u64) -> Result<u64> {
        for _ in 0..seconds * 20 {
            if let Ok(acknowledged) = self.acknowledged().await
                && acknowledged >= count
            {
                return Ok(acknowledged);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("{count} observations were not acknowledged within {seconds} s, but {:?}", self.acknowledged().await)
    }

    /// Waits until nothing waits in the spool, and gives what was acknowledged at that moment.
    ///
    /// # Errors
    /// Something always does.
    pub async fn until_empty(&self, seconds: u64) -> Result<u64> {
        for _ in 0..seconds * 50 {
            let before = self.acknowledged().await?;
            if self.metric("pantau_agent_spool_records").await? == 0 && self.acknowledged().await? == before {
                return Ok(before);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bail!("{} observations wait after {seconds} s", self.metric("pantau_agent_spool_records").await?)
    }

    /// Waits until something waits in the spool: what is seen while nobody takes it.
    ///
    /// # Errors
    /// Nothing ever does.
    pub async fn until_waiting(&self, seconds: u64) -> Result<()> {
        for _ in 0..seconds * 20 {
            if self.metric("pantau_agent_spool_records").await? > 0 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("nothing waited within {seconds} s")
    }

    /// Asks it to stop and waits until it has.
    ///
    /// # Errors
    /// It failed.
    pub async fn stop(self) -> Result<()> {
        self.stop.send_replace(true);
        Ok(self.task.await??)
    }
}

/// One figure of a `/metrics`, as the line begins there.
///
/// # Errors
/// It does not answer, or has no such line.
pub async fn parse_metric(url: &str, name: &str) -> Result<u64> {
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut answer = reqwest::Client::builder().no_proxy().build()?.get(url).send().await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        bytes.extend_from_slice(&chunk);
    }
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let value: f64 = line.with_context(|| format!("{name} in {url}"))?.parse()?;
    // Counts are whole.
    Ok(format!("{value:.0}").parse()?)
}
