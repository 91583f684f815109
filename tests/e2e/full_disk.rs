//! The collector's disk fills while an agent goes on: read-only and said so, nothing lost, resumed by itself.
//!
//! Two ways to a full disk: a small file system of its own where this user may mount one, and a limit on the size of the
//! collector's files, which always works. Both are what a write meets when there is no room.

use crate::eventually::eventually;
use crate::http_service::HttpService;
use crate::office::{Office, Plan};
use crate::programs::Running;
use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::process::Command;

fn catalogue(url: &str) -> String {
    format!(
        "[pemantauan]\nperiode_sampel = \"1s\"\n\n[[layanan]]\nid = \"uji\"\nnama = \"Uji\"\ndeskripsi = \"Uji\"\n\
         penyedia = \"Diskominfotik\"\nadministrator_layanan = [\"A\"]\nadministrator_infrastruktur = [\"B\"]\n\
         cara_akses = \"{url}\"\ntarget_ketersediaan = 99.0\nkontak_bantuan = \"x\"\nwaktu_bantuan = \"x\"\n\
         kelompok = \"publik\"\nklasifikasi = \"esensial\"\nhost = [\"web-01\"]\n\n\
         [[layanan.pemeriksaan]]\nid = \"uji-web\"\nnama = \"Depan\"\njenis = \"http\"\nurl = \"{url}\"\n\
         dari = [\"web-01\"]\nselang = \"1s\"\ntenggat = \"1s\"\n"
    )
}

/// How the disk is made small.
enum SmallDisk {
    /// A file system in memory, filled by a file; unmounted at the end.
    Mounted { folder: PathBuf },
    /// The largest size of the collector's files.
    Limited,
}

impl SmallDisk {
    /// Mounts 24 MiB at `folder` if this user may, else limits.
    async fn mount(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let path = folder.display().to_string();
        let mounting = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=24m,mode=700", "tmpfs", &path])
            .kill_on_drop(true)
            .output();
        let mounted = tokio::time::timeout(Duration::from_secs(10), mounting).await?;
        let mounted = mounted.is_ok_and(|output| output.status.success());
        Ok(if mounted { Self::Mounted { folder: folder.to_owned() } } else { Self::Limited })
    }

    fn fill(&self, office: &Office, collector: &Running) -> Result<()> {
        match self {
            Self::Mounted { folder } => {
                let mut filler = fs::File::create(folder.join("filler"))?;
                // Ends with "no space left", which is what is wanted.
                while filler.write_all(&[b'x'; 4096]).is_ok() {}
                Ok(())
            }
            Self::Limited => {
                let log = fs::metadata(office.path("collector/pantau.db-wal")).context("the store's log")?;
                limit(collector, Some(log.len()))
            }
        }
    }

    fn free(&self, collector: &Running) -> Result<()> {
        match self {
            Self::Mounted { folder } => Ok(fs::remove_file(folder.join("filler"))?),
            Self::Limited => limit(collector, None),
        }
    }
}

impl Drop for SmallDisk {
    #[expect(clippy::disallowed_methods, reason = "nothing waits in drop; a lazy unmount does not hang")]
    fn drop(&mut self) {
        if let Self::Mounted { folder } = self {
            std::process::Command::new("umount").arg("-l").arg(folder).status().ok();
        }
    }
}

fn limit(collector: &Running, bytes: Option<u64>) -> Result<()> {
    let pid = Pid::from_raw(i32::try_from(collector.pid()?)?).context("a process id is positive")?;
    prlimit(Some(pid), Resource::Fsize, Rlimit { current: bytes, maximum: None })?;
    Ok(())
}

/// The value of a metric without labels.
fn metric(text: &str, name: &str) -> Result<f64> {
    let line = text.lines().find(|line| line.starts_with(name) && line[name.len()..].starts_with([' ', '{']));
    let value = line.and_then(|line| line.rsplit(' ').next()).with_context(|| format!("`{name}` in {text}"))?;
    Ok(value.parse()?)
}

async fn agent_metric(office: &Office, name: &str) -> Result<f64> {
    metric(&crate::prometheus::plain_get(&format!("http://{}/metrics", office.agent_metrics("web-01")?)).await?, name)
}

async fn service_state(office: &Office) -> Result<String> {
    Ok(office.get("/api/v1/services/uji").await?["state"].as_str().unwrap_or_default().to_owned())
}

async fn fills_and_is_freed(limited: bool) -> Result<()> {
    let service = HttpService::start().await?;
    let mut office = Office::new(&Plan { catalogue: &catalogue(&service.url()), webhook: None })?;
    office.add_to_config("\n[store]\nreserve = \"2MiB\"\n")?;
    let folder = office.path("collector");
    let disk = if limited { SmallDisk::Limited } else { SmallDisk::mount(&folder).await? };
    let collector = office.start_collector().await?;
    office.join("web-01").await?;
    let agent = office.start_agent("web-01")?;
    eventually("the service is up", 30, async || Ok((service_state(&office).await? == "up").then_some(())))
        .await
        .with_context(|| collector.log_tail())?;
    ensure!(metric(&office.text("/metrics").await?, "pantau_store_read_only")? == 0.0);

    disk.fill(&office, &collector)?;
    eventually("the collector says that it is full, and refuses", 30, async || {
        let reason = office.text("/readyz").await?;
        let metrics = office.text("/metrics").await?;
        ensure!(reason.contains("store_full"), "{reason}");
        ensure!(metric(&metrics, "pantau_store_read_only")? == 1.0, "{metrics}");
        Ok((metric(&metrics, "pantau_store_refused_full_total")? >= 1.0).then_some(()))
    })
    .await
    .with_context(|| collector.log_tail())?;
    eventually("the agent keeps what it sees", 30, async || {
        Ok((agent_metric(&office, "pantau_agent_spool_records").await? >= 8.0).then_some(()))
    })
    .await?;
    // What is read goes on being read; what is not judged does not look up.
    let detail: Value = serde_json::from_str(&office.text("/readyz").await?)?;
    if detail["error"]["detail"]["cause"] == "write_failed" {
        ensure!(service_state(&office).await? == "unknown", "nobody judges it");
    } else {
        service_state(&office).await?;
    }

    disk.free(&collector)?;
    eventually("it resumes by itself", 90, async || {
        Ok(office.text("/readyz").await?.contains("\"ready\"").then_some(()))
    })
    .await
    .with_context(|| collector.log_tail())?;
    eventually("everything the agent kept has arrived", 60, async || {
        let (sent, waiting) = (
            agent_metric(&office, "pantau_agent_sent_observations_total").await?,
            agent_metric(&office, "pantau_agent_spool_records").await?,
        );
        let host = office.get("/api/v1/hosts/web-01").await?;
        let arrived = host["observations_accepted"].as_f64().unwrap_or(-1.0);
        ensure!(waiting <= 2.0 && sent == arrived, "sent {sent}, waiting {waiting}, arrived {arrived}");
        ensure!(host["observations_lost"] == 0, "{host}");
        ensure!(agent_metric(&office, "pantau_agent_spool_dropped_total").await? == 0.0);
        Ok((service_state(&office).await? == "up").then_some(()))
    })
    .await
    .with_context(|| format!("{}\n{}", agent.log_tail(), collector.log_tail()))?;
    let ledger = office.get("/api/v1/services/uji/ledger").await?;
    let rows = ledger["intervals"].as_array().context("a list of intervals")?;
    let first = rows.iter().position(|row| row["state"] == "up").context("it was seen")?;
    let last = rows.iter().rposition(|row| row["state"] == "up").context("it was seen")?;
    ensure!(first == last, "the answers kept by the agent fill the time in which nothing was written: {rows:#?}");
    agent.stop().await?;
    collector.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_disk_fills_and_is_freed() -> Result<()> {
    fills_and_is_freed(false).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_may_not_grow_are_a_full_disk() -> Result<()> {
    fills_and_is_freed(true).await
}
