//! A spool with a past: an agent whose clock is driven by hand samples while nobody takes anything.

use super::agent::{Agent, settings};
use super::office::Office;
use crate::fleet::program::eventually;
use anyhow::{Result, ensure};
use pantau_agent::clock::Clock;
use pantau_agent::{RoadSettings, Roots, Settings};
use pantau_shared::timestamp::Timestamp;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::TcpListener;

/// From one sample to the next.
const STEP_MS: u64 = 10_000;

/// Frames from one look at how far the sampler is to the next.
const CHECKED: u64 = 10;

/// A boot that is over: what was sampled in it has no monotonic age any more.
const OTHER_BOOT: &str = "00000000-0000-4000-8000-000000000001\n";

/// Fills the spool of the office's agent with about `frames` samples (the ticks that were not missed), the newest of now,
/// and gives how many observations wait.
///
/// # Errors
/// The agent's.
pub async fn fill(office: &Office, frames: u64) -> Result<u64> {
    let span_ms = i64::try_from(frames * STEP_MS)?;
    let began = Timestamp::from_ms(Clock::system().now().as_ms() - span_ms);
    let (clock, hand) = Clock::manual(began);
    let mut past = settings(office, RoadSettings::Https)?;
    // Somebody who listens and never answers: the transport waits, and takes no time from sampling.
    let silent = TcpListener::bind("127.0.0.1:0").await?;
    past.identity.collector_url = format!("http://{}", silent.local_addr()?);
    let past = Settings {
        roots: Roots { proc_root: other_boot(office.path())?, ..Roots::default() },
        sample_period: Duration::from_millis(STEP_MS),
        ..past
    };
    let agent = Agent::start_with(past, clock)?;
    eventually("the agent samples", 60, async || {
        agent.metric("pantau_agent_samples_total").await.is_ok_and(|samples| samples > 0)
    })
    .await?;
    for frame in 1..=frames {
        hand.advance(STEP_MS);
        tokio::time::sleep(Duration::from_millis(1)).await;
        if frame.is_multiple_of(CHECKED) {
            keep_up(&agent, frame).await?;
        }
    }
    let mut waiting = 0;
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let before = waiting;
        waiting = agent.metric("pantau_agent_spool_records").await?;
        if waiting == before {
            break;
        }
    }
    ensure!(agent.acknowledged().await? == 0, "nobody took anything");
    drop(silent);
    agent.stop().await?;
    Ok(waiting)
}

/// Waits until the sampler has come as far as its clock, give or take what it missed.
async fn keep_up(agent: &Agent, frame: u64) -> Result<()> {
    for _ in 0..40 {
        let done = agent.metric("pantau_agent_samples_total").await?;
        if done + agent.metric("pantau_agent_missed_ticks_total").await? >= frame {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// A `/proc` that is this machine's but for the boot id.
fn other_boot(folder: &Path) -> Result<PathBuf> {
    let root = folder.join("proc");
    std::fs::create_dir_all(root.join("sys/kernel/random"))?;
    std::fs::write(root.join("sys/kernel/random/boot_id"), OTHER_BOOT)?;
    for entry in std::fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let counted = name.to_str().is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
        if !counted && name != "sys" {
            std::os::unix::fs::symlink(Path::new("/proc").join(&name), root.join(&name))?;
        }
    }
    Ok(root)
}
