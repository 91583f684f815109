//! The two peers as processes: how each is started, asked whether it is ready, and how its data on disk are counted.
//!
//! | | VictoriaMetrics | Prometheus |
//! |---|---|---|
//! | samples taken | `vm_rows_inserted_total` | `prometheus_tsdb_head_samples_appended_total` |
//! | before bytes are counted | forced flush, forced merge, until none is active | snapshot to a block |
//! | bytes | `vm_data_size_bytes` of `storage/…`: data parts | files in `chunks` of the snapshot |

use crate::fleet::connection::{Connection, Target};
use crate::fleet::process::read_folder_bytes;
use crate::fleet::program::{Program, eventually};
use crate::free_port;
use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest forced merge, in seconds.
const MERGE_SECONDS_MAX: u32 = 300;

/// Which peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Peer {
    /// Debian's `prometheus`.
    Prometheus,
    /// Debian's `victoria-metrics`.
    VictoriaMetrics,
}

impl Peer {
    /// Both.
    pub const ALL: [Self; 2] = [Self::VictoriaMetrics, Self::Prometheus];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prometheus => "prometheus",
            Self::VictoriaMetrics => "victoria-metrics",
        }
    }

    /// Where it is installed.
    ///
    /// # Errors
    /// When it is not, with the command that installs both.
    pub fn program(self) -> Result<PathBuf> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&path).map(|folder| folder.join(self.name())).find(|path| path.is_file());
        found.with_context(|| format!("{} is not installed: apt-get install victoria-metrics prometheus", self.name()))
    }

    fn arguments(self, folder: &Path, address: SocketAddr) -> Result<Vec<String>> {
        let data = folder.join("data").display().to_string();
        match self {
            Self::Prometheus => {
                let config = folder.join("prometheus.yml");
                std::fs::write(&config, "global: {}\n")?;
                Ok(vec![
                    format!("--config.file={}", config.display()),
                    format!("--storage.tsdb.path={data}"),
                    format!("--web.listen-address={address}"),
                    "--web.enable-remote-write-receiver".into(),
                    "--web.enable-admin-api".into(),
                    "--log.level=warn".into(),
                ])
            }
            Self::VictoriaMetrics => Ok(vec![
                format!("-storageDataPath={data}"),
                format!("-httpListenAddr={address}"),
                "-retentionPeriod=100y".into(),
                "-loggerLevel=WARN".into(),
            ]),
        }
    }

    fn ready_path(self) -> &'static str {
        match self {
            Self::Prometheus => "/-/ready",
            Self::VictoriaMetrics => "/health",
        }
    }
}

/// A peer that is ready; dropped, it is killed and its folder removed.
#[derive(Debug)]
pub(super) struct Server {
    peer: Peer,
    program: Program,
    target: Target,
    folder: tempfile::TempDir,
}

impl Server {
    /// Starts it with nothing in it.
    pub(super) async fn start(peer: Peer) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("pantau-peer-").tempdir()?;
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let arguments = peer.arguments(folder.path(), address)?;
        let program = Program::start(&peer.program()?, &arguments, &folder.path().join("log"))?;
        let server = Self { peer, program, target: Target::plain(address), folder };
        let ready = eventually("it is ready", 60, async || {
            let reply = server.connection().get(peer.ready_path()).await;
            reply.is_ok_and(|reply| reply.status == 200)
        });
        ready.await.with_context(|| format!("{}: {}", peer.name(), server.program.log_tail()))?;
        Ok(server)
    }

    pub(super) fn pid(&self) -> Result<u32> {
        self.program.pid()
    }

    pub(super) fn connection(&self) -> Connection {
        Connection::new(self.target.clone(), None)
    }

    /// Where remote write is taken.
    pub(super) fn write_path(&self) -> &'static str {
        match self.peer {
            Peer::Prometheus | Peer::VictoriaMetrics => "/api/v1/write",
        }
    }

    /// How many samples it says it has taken.
    pub(super) async fn samples_stored(&mut self) -> Result<u64> {
        let text = self.metrics().await?;
        Ok(match self.peer {
            Peer::Prometheus => sum(&text, "prometheus_tsdb_head_samples_appended_total", |_| true),
            Peer::VictoriaMetrics => {
                sum(&text, "vm_rows_inserted_total", |labels| labels.contains("\"promremotewrite\""))
            }
        })
    }

    /// Bytes of its data when it has packed them.
    pub(super) async fn settled_bytes(&mut self) -> Result<u64> {
        match self.peer {
            Peer::Prometheus => self.snapshot_bytes().await,
            Peer::VictoriaMetrics => self.merged_bytes().await,
        }
    }

    async fn metrics(&self) -> Result<String> {
        let reply = self.connection().get("/metrics").await?;
        ensure!(reply.status == 200, "/metrics answers {}", reply.status);
        Ok(String::from_utf8_lossy(&reply.body).into_owned())
    }

    async fn merged_bytes(&self) -> Result<u64> {
        for path in ["/internal/force_flush", "/internal/force_merge"] {
            let reply = self.connection().get(path).await?;
            ensure!(reply.status == 200, "{path} answers {}: {}", reply.status, reply.text());
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        for _ in 0..MERGE_SECONDS_MAX {
            let text = self.metrics().await?;
            if sum(&text, "vm_active_force_merges", |_| true) == 0 {
                return Ok(sum(&text, "vm_data_size_bytes", |labels| labels.contains("\"storage/")));
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        bail!("the forced merge took longer than {MERGE_SECONDS_MAX} s")
    }

    async fn snapshot_bytes(&self) -> Result<u64> {
        let path = "/api/v1/admin/tsdb/snapshot";
        let reply = self.connection().post(path, &[], bytes::Bytes::new()).await?;
        ensure!(reply.status == 200, "{path} answers {}: {}", reply.status, reply.text());
        let answer: serde_json::Value = serde_json::from_slice(&reply.body)?;
        let name = answer["data"]["name"].as_str().context("the name of the snapshot")?;
        let mut bytes = 0;
        for block in std::fs::read_dir(self.folder.path().join("data/snapshots").join(name))?.flatten() {
            bytes += read_folder_bytes(&block.path().join("chunks"));
        }
        ensure!(bytes > 0, "the snapshot holds no chunks");
        Ok(bytes)
    }
}

/// Sum of the series `name` whose labels (with their braces) are wanted.
fn sum(text: &str, name: &str, wanted: impl Fn(&str) -> bool) -> u64 {
    let values = text.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        let (labels, value) = rest.rsplit_once(' ')?;
        let series = labels.is_empty() || labels.starts_with('{');
        let value: f64 = value.parse().ok()?;
        (series && wanted(labels)).then_some(value)
    });
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts that the text holds as doubles"
    )]
    let total = values.sum::<f64>() as u64;
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_of_a_name_are_summed_by_their_labels() {
        let text = "# TYPE a counter\na{type=\"storage/big\"} 7\na{type=\"storage/small\"} 1e2\na{type=\"indexdb\"} 9\na_b 5\nc 4\n";
        assert_eq!(sum(text, "a", |labels| labels.contains("\"storage/")), 107);
        assert_eq!((sum(text, "c", |_| true), sum(text, "d", |_| true)), (4, 0));
    }
}
