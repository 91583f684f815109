//! The agent's `/metrics` beside Debian's node_exporter and blackbox_exporter on the same machine: whoever has dashboards
//! for those finds the same names, labels, types and values here. `agent/COMPATIBILITY.md` is generated from the tables
//! that these tests prove; `PANTAU_BLESS=1` writes it anew.

mod blackbox;
mod dashboard;
mod dashboard_names;
mod families;
mod node;
mod text;

use crate::eventually::eventually;
use crate::office::{Office, Plan};
use crate::programs::Running;
use crate::prometheus::{catalogue, plain_get};
use anyhow::{Context, Result, ensure};
use pantau_tests::free_port;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use tokio::process::{Child, Command};

/// An agent of an office, sampling once a second.
struct Watched {
    office: Office,
    collector: Running,
    agent: Running,
}

impl Watched {
    /// Starts collector and agent; `checks` is the text of the host's own checks.
    async fn start(checks: &str) -> Result<Self> {
        let plan = Plan { catalogue: &catalogue("http://127.0.0.1:9/"), webhook: None };
        let mut office = Office::new(&plan)?;
        let collector = office.start_collector().await?;
        office.join("web-01").await?;
        let path = office.path("checks.toml");
        fs::write(&path, checks)?;
        let config = office.path("web-01.toml");
        let text = fs::read_to_string(&config)? + &format!("\n[probes]\nchecks_file = \"{}\"\n", path.display());
        fs::write(&config, text)?;
        let agent = office.start_agent("web-01")?;
        Ok(Self { office, collector, agent })
    }

    async fn scrape(&self) -> Result<text::Scrape> {
        let url = format!("http://{}/metrics", self.office.agent_metrics("web-01")?);
        text::parse(&plain_get(&url).await?)
    }

    /// Waits until a family is shown.
    async fn shows(&self, family: &str) -> Result<()> {
        let what = format!("the agent shows {family}");
        let shown =
            eventually(&what, 30, async || Ok(self.scrape().await?.families.contains_key(family).then_some(())));
        shown.await.with_context(|| self.agent.log_tail())
    }

    async fn stop(self) -> Result<()> {
        self.agent.stop().await?;
        self.collector.stop().await
    }
}

/// Starts one of Debian's exporters on a free port; `None`, with a word, where it is not installed.
async fn start_exporter(name: &str, arguments: &[String]) -> Result<Option<(Child, u16)>> {
    if !Path::new("/usr/bin").join(name).exists() {
        eprintln!("{name} is not installed: its comparison is skipped");
        return Ok(None);
    }
    let port = free_port()?;
    let child = Command::new(name)
        .args(arguments)
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("start {name}"))?;
    eventually("the exporter answers", 20, async || {
        Ok(plain_get(&format!("http://127.0.0.1:{port}/metrics")).await.ok().map(|_| ()))
    })
    .await?;
    Ok(Some((child, port)))
}

#[test]
fn the_page_of_compatibility_is_what_the_tables_say() -> Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../agent/COMPATIBILITY.md");
    let wanted = families::render_page();
    if std::env::var_os("PANTAU_BLESS").is_some() {
        fs::write(&path, &wanted)?;
    }
    let found = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    ensure!(found == wanted, "{} is stale: run this test with PANTAU_BLESS=1", path.display());
    Ok(())
}
