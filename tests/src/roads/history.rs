//! A spool with a past: an agent whose clock is driven by hand samples while nobody takes anything.

use super::agent::{Agent, settings};
use super::broker::free_port;
use super::office::Office;
use anyhow::{Result, ensure};
use pantau_agent::clock::Clock;
use pantau_agent::{RoadSettings, Roots, Settings};
use pantau_shared::timestamp::Timestamp;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// From one sample to the next.
const STEP_MS: u64 = 10_000;

/// A boot that is over: what was sampled in it has no monotonic age any more.
const OTHER_BOOT: &str = "00000000-0000-4000-8000-000000000001\n";

/// Fills the spool of the office's agent with `frames` samples, the newest of now, and gives how many observations wait.
///
/// # Errors
/// The agent's.
pub async fn fill(office: &Office, frames: u64) -> Result<u64> {
    let span_ms = i64::try_from(frames * STEP_MS)?;
    let began = Timestamp::from_ms(Clock::system().now().as_ms() - span_ms);
    let (clock, hand) = Clock::manual(began);
    let mut past = settings(office, RoadSettings::Https)?;
    past.identity.collector_url = format!("http://127.0.0.1:{}", free_port()?);
    let past = Settings {
        roots: Roots { proc_root: other_boot(office.path())?, ..Roots::default() },
        sample_period: Duration::from_millis(STEP_MS),
        ..past
    };
    let alive = std::sync::Arc::clone(&past.liveness);
    let agent = Agent::start_with(past, clock.clone())?;
    for _ in 0..frames {
        hand.advance(STEP_MS);
        for _ in 0..2_000 {
            if alive.is_alive(clock.boot_ms(), 0) {
                break;
            }
            tokio::time::sleep(Duration::from_micros(200)).await;
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
    agent.stop().await?;
    Ok(waiting)
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
