//! One command to see it all: a collector and an agent in one process, watching this very machine.
//!
//! Everything lives in one folder. The first start makes it: a starter catalogue whose first service is the collector's
//! own page, an administrator with a generated password (shown once, in [`welcome`]), and the agent's identity. A second
//! start finds everything again. Simulated data (`--demo`) has a folder of its own and never meets real data.

use crate::admin;
use crate::clock::Clock;
use crate::config::settings::{OwnBackupSettings, Settings};
use crate::demo;
use crate::opening::hostname;
use crate::run::Collector;
use anyhow::{Context, Result, ensure};
use pantau_shared::ids::HostId;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;

/// Login name of the generated administrator.
const ADMINISTRATOR: &str = "admin";
const TOKEN_SECONDS: u32 = 600;

/// What the person asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quickstart {
    /// Folder of everything.
    pub data_dir: PathBuf,
    /// Address of the pages.
    pub listen: SocketAddr,
    /// Whether the office is simulated.
    pub demo: bool,
}

impl Quickstart {
    /// With the default folders for what was not said.
    pub fn new(data_dir: Option<PathBuf>, listen: SocketAddr, demo: bool) -> Self {
        let default = if demo { "pantau-data-demo" } else { "pantau-data" };
        Self { data_dir: data_dir.unwrap_or_else(|| PathBuf::from(default)), listen, demo }
    }

    fn settings(&self) -> Settings {
        // What was simulated can be simulated again.
        let own_backup = OwnBackupSettings { enabled: !self.demo, ..OwnBackupSettings::default() };
        Settings {
            own_backup,
            listen: vec![self.listen],
            data_dir: self.data_dir.clone(),
            catalogue: self.data_dir.join("catalogue.toml"),
            ..Settings::default()
        }
    }

    fn url(&self) -> String {
        format!("http://{}", self.listen)
    }
}

/// This machine's name as a host of the catalogue.
fn host_id() -> HostId {
    let name = hostname().to_lowercase();
    let short = name.split('.').next().unwrap_or_default();
    let slug: String = short.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(63).collect();
    let slug = slug.trim_matches('-');
    HostId::parse(slug).unwrap_or_else(|_| HostId::parse("local").expect("a valid name"))
}

/// The catalogue of a first start, ready to be edited.
fn starter_catalogue(host: &HostId, url: &str) -> String {
    include_str!("../../config/catalogue.starter.toml").replace("@HOST@", host.as_str()).replace("@URL@", url)
}

/// Runs until `shutdown`.
///
/// # Errors
/// In words that name the remedy.
pub async fn run(options: Quickstart, clock: Clock, shutdown: watch::Receiver<bool>) -> Result<()> {
    ensure!(options.listen.ip().is_loopback(), "quickstart listens on loopback only; use `serve` for an office");
    let host = host_id();
    let settings = options.settings();
    make_folder(&options.data_dir)?;
    let text = if options.demo { demo::CATALOGUE.to_owned() } else { starter_catalogue(&host, &options.url()) };
    write_missing(&settings.catalogue, &text)?;
    let simulated_until = if options.demo {
        let profile = Arc::new(crate::opening::load_profile(&settings)?);
        Some(demo::prepare(&settings, &profile, clock.now(), demo::DAYS).await?)
    } else {
        None
    };
    let collector = Collector::start(settings, clock.clone(), options.demo).await?;
    let store = collector.app.store.clone();
    let folder = options.data_dir.display();
    ensure!(
        options.demo || !demo::is_simulated(&store)?,
        "`{folder}` holds simulated data; add --demo, or choose another folder"
    );
    let password = if store.read(|reader| reader.users_exist())? {
        None
    } else {
        let password = crate::auth::password::generate()?;
        let (name, role) = (ADMINISTRATOR.to_owned(), Some("admin".to_owned()));
        admin::save_user(&store, name, role, Some(password.clone())).await?;
        Some(password)
    };
    if let Some(end) = simulated_until {
        welcome(&options, password.as_deref());
        let app = collector.app.clone();
        return tokio::select! {
            ended = collector.run(shutdown) => ended,
            Err(error) = demo::live(app, end) => Err(error),
        };
    }
    let agent_dir = options.data_dir.join("agent");
    let token = admin::join_token(&store, None, host.as_str(), true, TOKEN_SECONDS, clock.now()).await?;
    welcome(&options, password.as_deref());
    let agent = watch_this_machine(agent_dir, options.url(), token, shutdown.clone());
    tokio::select! {
        ended = collector.run(shutdown) => ended,
        Err(error) = agent => Err(error),
    }
}

/// Joins at the first start, then runs the agent. Ends only with an error, or never.
async fn watch_this_machine(
    folder: PathBuf,
    url: String,
    token: String,
    shutdown: watch::Receiver<bool>,
) -> Result<()> {
    let identity = match pantau_agent::Identity::load(&folder)? {
        Some(identity) => identity,
        None => pantau_agent::join(&folder, &url, &token).await.context("this machine's agent cannot join")?,
    };
    let settings = pantau_agent::Settings::new(folder, identity);
    pantau_agent::run(settings, pantau_agent::clock::Clock::system(), shutdown).await?;
    // Stopped as asked; the collector is about to.
    std::future::pending().await
}

fn make_folder(folder: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("cannot make the folder `{}`; choose another with --data-dir", folder.display()))
}

fn write_missing(path: &Path, text: &str) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    std::fs::write(path, text)
        .with_context(|| format!("cannot write `{}`; choose another folder with --data-dir", path.display()))
}

/// Where to look, and with which password.
fn welcome(options: &Quickstart, password: Option<&str>) {
    let folder = options.data_dir.display();
    let login = password.map_or_else(
        || format!("  {ADMINISTRATOR}, with the password shown at the first start\n  (lost it? pantau-collector user password {ADMINISTRATOR})"),
        |password| format!("  {ADMINISTRATOR} / {password}      <- ditampilkan sekali, shown once"),
    );
    let simulated = if options.demo {
        "  DATA SIMULASI - simulated data; this machine itself is not watched in the demo\n\n"
    } else {
        ""
    };
    eprintln!(
        "\n  Pantau  {url}\n\n{login}\n\n{simulated}  Katalog layanan (catalogue): {folder}/catalogue.toml\n  Ubah lalu (edit, then): kill -HUP {pid}\n  Semua data (all data): {folder}/   Berhenti (stop): Ctrl-C\n",
        url = options.url(),
        pid = std::process::id(),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_starter_catalogue_is_valid_and_watches_the_own_page() {
        let host = HostId::parse("kantor").expect("valid");
        let text = starter_catalogue(&host, "http://127.0.0.1:8420");
        let catalogue =
            crate::config::catalogue::parse("catalogue.toml", &text, 1, &crate::config::profile::bangka_2025())
                .expect("valid");
        assert_eq!(catalogue.services.len(), 1);
        assert_eq!(catalogue.services[0].checks.len(), 1);
        assert_eq!(catalogue.services[0].hosts, [host]);
    }
}
