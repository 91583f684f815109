//! The collector of one host: its folder and configuration, its process, what it counted and what it holds.

use super::agent::parse_metric;
use super::broker::listens;
use crate::free_port;
use anyhow::{Context, Result, ensure};
use pantau_collector::admin;
use pantau_collector::clock::Clock;
use pantau_collector::config::settings::Settings;
use pantau_collector::run::Collector;
use pantau_collector::store::Store;
use pantau_shared::ids::HostId;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::sync::watch;

/// Names the folder to a child that is to be a collector.
const CHILD: &str = "PANTAU_ROADS_COLLECTOR";

/// The only host.
pub const HOST: &str = "web-01";

/// Its folder, and the arguments with which this executable becomes a collector.
#[derive(Debug)]
pub struct Office {
    folder: tempfile::TempDir,
    port: u16,
    child_arguments: Vec<String>,
}

/// What the store holds of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Observations stored.
    pub accepted: u64,
    /// Observations that gap records told of.
    pub lost: u64,
}

/// A collector that runs.
#[derive(Debug)]
pub struct Serving {
    child: Child,
    port: u16,
}

/// Serves when this process was started to be a collector; tells whether it was.
///
/// # Errors
/// The collector's.
pub async fn serve_as_child() -> Result<bool> {
    let Some(folder) = std::env::var_os(CHILD).map(PathBuf::from) else { return Ok(false) };
    drop(rustls::crypto::ring::default_provider().install_default());
    let clock = Clock::system();
    let settings = Settings::read(Some(&folder.join("collector.toml")))?;
    let collector = Collector::start(settings, clock.clone(), false).await?;
    let token = folder.join("token");
    if !token.exists() {
        let made = admin::join_token(&collector.app.store, None, HOST, true, 600, clock.now()).await?;
        std::fs::write(folder.join("token.new"), made)?;
        std::fs::rename(folder.join("token.new"), token)?;
    }
    let (_never, shutdown) = watch::channel(false);
    collector.run(shutdown).await?;
    Ok(true)
}

impl Office {
    /// A fresh folder; `broker` is the port of a broker and the topics' beginning there.
    ///
    /// # Errors
    /// The folder's.
    pub fn new(broker: Option<(u16, &str)>, child_arguments: &[&str]) -> Result<Self> {
        let (folder, port) = (tempfile::tempdir()?, free_port()?);
        let at = folder.path().display();
        let mut config = format!(
            "listen = [\"127.0.0.1:{port}\"]\ndata_dir = \"{at}/data\"\ncatalogue = \"{at}/none.toml\"\n\n\
             [backup]\nenabled = false\n\n[store]\nreserve = \"0B\"\n"
        );
        if let Some((broker, topic)) = broker {
            config +=
                &format!("\n[broker]\nserver = \"127.0.0.1\"\nport = {broker}\ntls = false\ntopic = \"{topic}\"\n");
        }
        std::fs::write(folder.path().join("collector.toml"), config)?;
        let child_arguments = child_arguments.iter().map(|argument| (*argument).to_owned()).collect();
        Ok(Self { folder, port, child_arguments })
    }

    /// Where the agent keeps its things.
    pub fn agent_folder(&self) -> PathBuf {
        self.folder.path().join("agent")
    }

    /// Gives the collector a catalogue, before it is started: one service of each of these checks, asked by the host every
    /// 30 s.
    ///
    /// # Errors
    /// The file's.
    pub fn ask(&self, checks: usize, url: &str) -> Result<()> {
        let service = |n: usize| {
            format!(
                "[[layanan]]\nid = \"layanan-{n}\"\nnama = \"Layanan {n}\"\ndeskripsi = \"x\"\npenyedia = \"x\"\n\
                 administrator_layanan = [\"A\"]\nadministrator_infrastruktur = [\"B\"]\ncara_akses = \"{url}\"\n\
                 target_ketersediaan = 99.0\nkontak_bantuan = \"x\"\nwaktu_bantuan = \"x\"\nkelompok = \"publik\"\n\
                 klasifikasi = \"esensial\"\nrpo = \"26h\"\nhost = [\"{HOST}\"]\n\n[[layanan.pemeriksaan]]\nid = \"layanan-{n}-web\"\n\
                 nama = \"Depan\"\njenis = \"http\"\nurl = \"{url}\"\ndari = [\"{HOST}\"]\nselang = \"30s\"\ntenggat = \"5s\"\n\n"
            )
        };
        let text: String = (0..checks).map(service).collect();
        Ok(std::fs::write(self.folder.path().join("none.toml"), text)?)
    }

    /// A path in the folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Starts the collector and waits until it answers.
    ///
    /// # Errors
    /// It does not.
    pub async fn serve(&self) -> Result<Serving> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.folder.path().join("log"))?;
        let child = Command::new(std::env::current_exe()?)
            .args(&self.child_arguments)
            .env(CHILD, self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        listens(self.port).await.with_context(|| self.log())?;
        Ok(Serving { child, port: self.port })
    }

    /// What the collector printed.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Lets the host join the collector that runs.
    ///
    /// # Errors
    /// It may not.
    pub async fn join(&self) -> Result<()> {
        let path = self.folder.path().join("token");
        for _ in 0..400 {
            if path.exists() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        let token = std::fs::read_to_string(path).with_context(|| self.log())?;
        let joined = pantau_agent::join(&self.agent_folder(), &self.url(), &token).await?;
        ensure!(joined.host.as_str() == HOST, "joined as {}", joined.host);
        Ok(())
    }

    /// Looks into the store of a collector that has ended.
    ///
    /// # Errors
    /// The store's.
    pub fn held(&self) -> Result<Held> {
        let store = Store::open(&self.folder.path().join("data/pantau.db"), Clock::system().now())?;
        let host = HostId::parse(HOST)?;
        let record = store.read(|reader| reader.host(&host))?.context("the host is enrolled")?;
        Ok(Held { accepted: record.observations_accepted, lost: record.observations_lost })
    }
}

impl Serving {
    /// Process id.
    ///
    /// # Errors
    /// It has ended.
    pub fn pid(&self) -> Result<u32> {
        self.child.id().context("the collector has ended")
    }

    /// Where it listens on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// It cannot be killed.
    pub async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// A figure of its `/metrics`, as the line begins there.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn metric(&self, name: &str) -> Result<u64> {
        parse_metric(&format!("http://127.0.0.1:{}/metrics", self.port), name).await
    }
}
