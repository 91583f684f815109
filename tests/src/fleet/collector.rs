//! The collector under measurement: one that the bench starts in a folder of its own, or one that runs already.
//!
//! Its own process, so that processor time, memory and file are the collector's alone. Hosts are enrolled as a person
//! would enrol them: a token for each over the admin socket, then the join request; what differs is only that each host comes
//! from an address of its own on loopback, so that the limit on joining does not slow the bench. Knows nothing of traces.

use super::agents::Agent;
use super::connection::{Connection, Target};
use super::process;
use super::program::{Program, eventually};
use crate::free_port;
use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use pantau_collector::admin::{self, Command};
use pantau_collector::clock::Clock;
use pantau_collector::config::settings::Settings;
use pantau_shared::join::{JoinRequest, JoinToken};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::task::JoinSet;

/// Hosts that join at the same time; the admin socket serves eight.
const JOINS_AT_ONCE: usize = 8;

/// A collector that is ready.
#[derive(Debug)]
pub struct Collector {
    url: String,
    data_dir: PathBuf,
    pid: Option<u32>,
    pin: Option<[u8; 32]>,
    own: Option<Own>,
}

/// What the bench started itself.
#[derive(Debug)]
struct Own {
    folder: tempfile::TempDir,
    binary: PathBuf,
    program: Program,
}

/// What a collector of the bench's own is made for.
#[derive(Debug, Clone, Copy)]
pub struct Office<'a> {
    /// The program.
    pub binary: &'a Path,
    /// TLS, or plain HTTP on loopback.
    pub tls: bool,
    /// Hosts that will join.
    pub hosts: usize,
    /// Services with an http check each.
    pub services: usize,
    /// Sampling period, in ms.
    pub interval_ms: i64,
    /// The URL that every check asks; without it one of a name that nobody has.
    pub asks: Option<&'a str>,
}

/// Counters of a collector's `/metrics` at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Counted {
    /// Batches accepted.
    pub batches: u64,
    /// Observations stored.
    pub observations: u64,
    /// Frames that are not in a closed chunk yet; `None` when the collector does not tell.
    pub frames_waiting: Option<u64>,
    /// Bytes of chunks made; `None` when it does not tell.
    pub chunk_bytes: Option<u64>,
    /// Bytes of the roll-ups made with them; `None` when it does not tell.
    pub rollup_bytes: Option<u64>,
}

impl Collector {
    /// Starts one on loopback, in a temporary folder, with a catalogue for the fleet.
    ///
    /// # Errors
    /// When it does not become ready; with the end of its log.
    pub async fn start(office: Office<'_>) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("pantau-fleet-").tempdir()?;
        let port = free_port()?;
        let data_dir = folder.path().join("data");
        let config = format!(
            "listen = [\"127.0.0.1:{port}\"]\ndata_dir = \"{}\"\ncatalogue = \"{}\"\n\n[tls]\nenabled = {}\n",
            data_dir.display(),
            folder.path().join("catalogue.toml").display(),
            office.tls
        );
        std::fs::write(folder.path().join("collector.toml"), config)?;
        std::fs::write(folder.path().join("catalogue.toml"), catalogue(office))?;
        let program = serve(folder.path(), office.binary)?;
        let url = format!("{}://127.0.0.1:{port}", if office.tls { "https" } else { "http" });
        let own = Own { folder, binary: office.binary.to_owned(), program };
        let mut collector = Self { url, data_dir, pid: None, pin: None, own: Some(own) };
        collector.become_ready().await?;
        Ok(collector)
    }

    /// One that runs already, with its data folder on this machine, and its process id where it is to be measured.
    ///
    /// # Errors
    /// When it cannot be asked for a token or does not answer.
    pub async fn attach(url: &str, data_dir: &Path, pid: Option<u32>) -> Result<Self> {
        let mut collector = Self { url: url.to_owned(), data_dir: data_dir.to_owned(), pid, pin: None, own: None };
        collector.become_ready().await?;
        Ok(collector)
    }

    /// Stops and starts an own collector: what it wrote is in its file then, and its memory holds nothing of the enrolling.
    /// Gives the bytes in its store at the moment between; those of the running store for one that is not ours.
    ///
    /// # Errors
    /// When it does not stop or start.
    pub async fn restart(&mut self) -> Result<u64> {
        let Some(own) = self.own.take() else { return self.store_bytes() };
        own.program.stop().await?;
        let bytes = self.store_bytes()?;
        let program = serve(own.folder.path(), &own.binary)?;
        self.own = Some(Own { program, ..own });
        self.become_ready().await?;
        Ok(bytes)
    }

    /// Stops an own collector and gives the bytes in its store; leaves another one running.
    ///
    /// # Errors
    /// When it does not stop.
    pub async fn finish(mut self) -> Result<u64> {
        let Some(own) = self.own.take() else { return self.store_bytes() };
        own.program.stop().await?;
        let bytes = self.store_bytes();
        own.folder.close()?;
        bytes
    }

    /// Where agents connect to.
    ///
    /// # Errors
    /// See [`Target::of_url`].
    pub async fn target(&self) -> Result<Target> {
        Target::of_url(&self.url, self.pin).await
    }

    /// Its address, as it is joined.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its process, where it is measured.
    pub fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// Enrols a host and gives its connection, which is open then.
    ///
    /// # Errors
    /// When no token is made or joining is refused.
    async fn enrol(&self, agent: &Agent, target: &Target, source: Option<IpAddr>) -> Result<Connection> {
        let token = self.join_token(agent.host.as_str()).await?;
        let request = JoinRequest {
            token,
            public_key: URL_SAFE_NO_PAD.encode(agent.public_key()),
            machine_id_hash: agent.machine_id_hash(),
            hostname: agent.host.to_string(),
        };
        let body = Bytes::from(serde_json::to_vec(&request)?);
        let mut connection = Connection::new(target.clone(), source);
        loop {
            let reply = connection.post("/api/v1/join", &[("content-type", "application/json")], body.clone()).await?;
            match reply.status {
                200 => return Ok(connection),
                // Only where all hosts come from one address.
                429 => tokio::time::sleep(Duration::from_secs(1)).await,
                status => anyhow::bail!("host {} cannot join: {status} {}", agent.host, reply.text()),
            }
        }
    }

    /// Enrols all hosts, some at a time, in their order.
    ///
    /// # Errors
    /// The first that fails.
    pub async fn enrol_all(
        self: &std::sync::Arc<Self>,
        agents: Vec<Agent>,
        told: impl Fn(),
    ) -> Result<Vec<(Agent, Connection)>> {
        let target = self.target().await?;
        let (mut enrolled, mut waiting) = (Vec::with_capacity(agents.len()), JoinSet::new());
        for (number, agent) in agents.into_iter().enumerate() {
            if waiting.len() >= JOINS_AT_ONCE
                && let Some(done) = waiting.join_next().await
            {
                enrolled.push(done??);
                told();
            }
            let (collector, target) = (std::sync::Arc::clone(self), target.clone());
            let source = target.is_loopback().then(|| source_of(number));
            waiting.spawn(async move {
                let connection = collector.enrol(&agent, &target, source).await?;
                anyhow::Ok((number, agent, connection))
            });
        }
        while let Some(done) = waiting.join_next().await {
            enrolled.push(done??);
            told();
        }
        enrolled.sort_by_key(|(number, _, _)| *number);
        Ok(enrolled.into_iter().map(|(_, agent, connection)| (agent, connection)).collect())
    }

    /// Its counters now.
    ///
    /// # Errors
    /// When `/metrics` does not answer.
    pub async fn counted(&self) -> Result<Counted> {
        let reply = Connection::new(self.target().await?, None).get("/metrics").await?;
        ensure!(reply.status == 200, "/metrics of the collector answers {}", reply.status);
        Ok(parse_counted(&String::from_utf8_lossy(&reply.body)))
    }

    /// A token that joins `host`.
    ///
    /// # Errors
    /// When the admin socket does not answer.
    pub async fn join_token(&self, host: &str) -> Result<String> {
        let settings = Settings { data_dir: self.data_dir.clone(), ..Settings::default() };
        let command = Command::JoinToken { host: host.to_owned(), replace: true, valid_seconds: 3600 };
        let clock = Clock::system();
        admin::request(&settings, command, &clock).await.with_context(|| format!("make a join token for {host}"))
    }

    /// Waits until it answers; learns what its tokens pin, from a token that nobody uses.
    async fn become_ready(&mut self) -> Result<()> {
        let socket = Settings { data_dir: self.data_dir.clone(), ..Settings::default() }.admin_socket();
        let mut dead = false;
        let waited = eventually("the collector serves its admin socket", 60, async || {
            dead = self.own.as_mut().is_some_and(|own| !own.program.runs());
            dead || tokio::net::UnixStream::connect(&socket).await.is_ok()
        })
        .await;
        let log = || self.own.as_ref().map_or_else(String::new, |own| own.program.log_tail());
        waited.with_context(log)?;
        ensure!(!dead, "the collector ended at once\n{}", log());
        if let Some(own) = &self.own {
            self.pid = Some(own.program.pid()?);
        }
        self.pin = JoinToken::parse(&self.join_token("fleet-unused").await?)?.pin;
        let target = self.target().await?;
        eventually("the collector is ready", 60, async || {
            let reply = Connection::new(target.clone(), None).get("/readyz").await;
            reply.is_ok_and(|reply| reply.status == 200)
        })
        .await
    }

    fn store_bytes(&self) -> Result<u64> {
        process::read_store_bytes(&self.data_dir.join("pantau.db"))
    }
}

fn serve(folder: &Path, binary: &Path) -> Result<Program> {
    let config = folder.join("collector.toml").display().to_string();
    Program::start(binary, &["serve".into(), "--config".into(), config], &folder.join("collector.log"))
}

/// An address of loopback for each host.
fn source_of(number: usize) -> IpAddr {
    let part = |number: usize| u8::try_from(number % 250 + 1).unwrap_or(1);
    IpAddr::V4(Ipv4Addr::new(127, part(number / 62_500 + 1), part(number / 250), part(number)))
}

/// Every service has one http check, asked by one host; hosts are spread over the services.
fn catalogue(office: Office<'_>) -> String {
    let silent_ms = (office.interval_ms * 3).max(90_000);
    let mut text = format!(
        "[pemantauan]\nperiode_sampel = \"{}ms\"\nhost_senyap_setelah = \"{silent_ms}ms\"\n",
        office.interval_ms
    );
    for service in 0..office.services {
        let host = service * office.hosts / office.services.max(1);
        let nobody = format!("https://layanan-{service}.test/");
        let url = office.asks.unwrap_or(&nobody);
        text += &format!(
            "\n[[layanan]]\nid = \"layanan-{service}\"\nnama = \"Layanan {service}\"\ndeskripsi = \"Beban uji\"\n\
             penyedia = \"Uji\"\nadministrator_layanan = [\"A\"]\nadministrator_infrastruktur = [\"B\"]\n\
             cara_akses = \"https://layanan-{service}.test\"\ntarget_ketersediaan = 99.0\nkontak_bantuan = \"x\"\n\
             waktu_bantuan = \"x\"\nkelompok = \"publik\"\nklasifikasi = \"esensial\"\nrpo = \"26h\"\nhost = [\"fleet-{host:05}\"]\n\n\
             [[layanan.pemeriksaan]]\nid = \"layanan-{service}-web\"\nnama = \"Depan\"\njenis = \"http\"\n\
             url = \"{url}\"\ndari = [\"fleet-{host:05}\"]\nselang = \"30s\"\ntenggat = \"5s\"\n"
        );
    }
    text
}

fn parse_counted(text: &str) -> Counted {
    let value = |name: &str| -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
        let number: f64 = line.trim().parse().ok()?;
        // Counts, exact in a double up to 2^53.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count that the text holds as a double"
        )]
        let count = number as u64;
        Some(count)
    };
    Counted {
        batches: value("pantau_ingest_batches_total{outcome=\"accepted\"}").unwrap_or(0),
        observations: value("pantau_ingest_observations_total{outcome=\"stored\"}").unwrap_or(0),
        frames_waiting: value("pantau_store_frames_waiting"),
        chunk_bytes: value("pantau_store_chunk_bytes_total"),
        rollup_bytes: value("pantau_store_rollup_bytes_total"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_read_from_the_exposition() {
        let text = "# HELP x y\npantau_ingest_batches_total{outcome=\"accepted\"} 12\n\
                    pantau_ingest_observations_total{outcome=\"stored\"} 1.5e3\npantau_store_frames_waiting 0\npantau_store_chunk_bytes_total 7\n";
        let counted = Counted {
            batches: 12,
            observations: 1500,
            frames_waiting: Some(0),
            chunk_bytes: Some(7),
            rollup_bytes: None,
        };
        assert_eq!(parse_counted(text), counted);
        assert_eq!(parse_counted("pantau_store_frames_waiting_total 5\n"), Counted::default());
    }

    #[test]
    fn the_catalogue_of_the_fleet_is_a_good_one() {
        let office =
            Office { binary: Path::new(""), tls: true, hosts: 40, services: 4, interval_ms: 10_000, asks: None };
        let parsed = pantau_collector::config::catalogue::parse(
            "fleet",
            &catalogue(office),
            1,
            &pantau_collector::config::profile::bangka_2025(),
        )
        .expect("parses");
        assert_eq!((parsed.services.len(), parsed.sample_period_ms), (4, 10_000));
        assert_eq!(parsed.services[3].checks[0].vantages[0].as_str(), "fleet-00030");
    }

    #[test]
    fn every_host_comes_from_an_address_of_its_own() {
        let all: std::collections::BTreeSet<IpAddr> = (0..100_000).map(source_of).collect();
        assert_eq!(all.len(), 100_000);
        assert!(all.iter().all(IpAddr::is_loopback) && !all.contains(&IpAddr::V4(Ipv4Addr::LOCALHOST)));
    }
}
