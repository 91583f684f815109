//! A small office on loopback for one test: a folder, a collector over TLS, agents, a way to ask the API.

use crate::eventually::eventually;
use crate::programs::{Running, run};
use anyhow::{Context, Result, ensure};
use pantau_tests::free_port;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

/// The webhook's secret in tests.
pub(crate) const WEBHOOK_SECRET: &str = "rahasia-meja-bantuan-uji";

/// Files and addresses of one office; processes are started and killed by the test.
pub(crate) struct Office {
    folder: tempfile::TempDir,
    port: u16,
    token: Option<String>,
    client: Option<reqwest::Client>,
}

/// What the office's collector is configured with.
pub(crate) struct Plan<'a> {
    /// Text of `catalogue.toml`.
    pub(crate) catalogue: &'a str,
    /// Where tickets are told, if anywhere.
    pub(crate) webhook: Option<String>,
}

impl Office {
    /// Writes the configuration.
    pub(crate) fn new(plan: &Plan<'_>) -> Result<Self> {
        let office = Self { folder: tempfile::tempdir()?, port: free_port()?, token: None, client: None };
        fs::write(office.path("catalogue.toml"), plan.catalogue)?;
        fs::write(office.path("secret"), WEBHOOK_SECRET)?;
        let mut config = format!(
            "listen = [\"127.0.0.1:{}\"]\ndata_dir = \"{}\"\ncatalogue = \"{}\"\n\n[tls]\nenabled = true\n",
            office.port,
            office.path("collector").display(),
            office.path("catalogue.toml").display(),
        );
        if let Some(url) = &plan.webhook {
            let secret = office.path("secret");
            config += &format!(
                "\n[[webhook]]\nname = \"meja-bantuan\"\nurl = \"{url}\"\nsecret_file = \"{}\"\n",
                secret.display()
            );
        }
        fs::write(office.path("collector.toml"), config)?;
        Ok(office)
    }

    /// Adds to the collector's configuration, before it is started.
    pub(crate) fn add_to_config(&self, text: &str) -> Result<()> {
        let path = self.path("collector.toml");
        let config = fs::read_to_string(&path)? + text;
        Ok(fs::write(path, config)?)
    }

    /// A path in the office's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A path as an argument.
    pub(crate) fn argument(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// The collector's address.
    pub(crate) fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// Starts the collector and waits until it is ready.
    pub(crate) async fn start_collector(&mut self) -> Result<Running> {
        let config = self.argument("collector.toml");
        let running = Running::start("pantau-collector", &["serve", "--config", &config], &self.path("collector.log"))?;
        let ready = eventually("the collector is ready", 20, async || {
            let client = self.client_from_disk()?;
            let answer = client.get(format!("{}/readyz", self.url())).send().await?;
            Ok(answer.status().is_success().then_some(client))
        })
        .await;
        self.client = Some(ready.with_context(|| running.log_tail())?);
        if self.token.is_none() {
            self.token = Some(self.collector(&["token", "new", "uji", "--scope", "write"]).await?);
        }
        Ok(running)
    }

    /// Runs a command of the collector against this office; what it printed, trimmed.
    pub(crate) async fn collector(&self, arguments: &[&str]) -> Result<String> {
        let config = self.argument("collector.toml");
        let mut all: Vec<&str> = arguments.to_vec();
        all.extend(["--config", &config]);
        let (code, out, err) = run("pantau-collector", &all).await?;
        ensure!(code == 0, "pantau-collector {arguments:?} ended with {code}\n{out}\n{err}");
        Ok(out.trim().to_owned())
    }

    /// Makes a join token for `host` and joins with it.
    pub(crate) async fn join(&self, host: &str) -> Result<()> {
        let printed = self.collector(&["host", "join-token", host]).await?;
        let token = printed
            .split_whitespace()
            .find(|word| word.starts_with("pantau1."))
            .with_context(|| format!("a token in `{printed}`"))?;
        let config = self.write_agent_config(host)?;
        let (code, out, err) = run("pantau-agent", &["join", &self.url(), token, "--config", &config]).await?;
        ensure!(code == 0, "join ended with {code}\n{out}\n{err}");
        Ok(())
    }

    /// Starts the agent of a joined host.
    pub(crate) fn start_agent(&self, host: &str) -> Result<Running> {
        let config = self.argument(&format!("{host}.toml"));
        Running::start("pantau-agent", &["run", "--config", &config], &self.path(&format!("{host}.log")))
    }

    fn write_agent_config(&self, host: &str) -> Result<String> {
        let data = self.path(host);
        let text = format!(
            "data_dir = \"{}\"\nsample_period = \"1s\"\n\n[metrics]\nlisten = \"127.0.0.1:{}\"\n",
            data.display(),
            free_port()?
        );
        fs::write(self.path(&format!("{host}.toml")), text)?;
        Ok(self.argument(&format!("{host}.toml")))
    }

    /// The own CA lies beside the store; a client that trusts nothing else.
    fn client_from_disk(&self) -> Result<reqwest::Client> {
        let pem = fs::read(self.path("collector/ca.pem")).context("the collector's own CA")?;
        trusting_client(&pem)
    }

    /// `GET` of the API as JSON.
    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        let client = self.client.as_ref().context("the collector was started")?;
        let token = self.token.as_deref().unwrap_or_default();
        let answer = client.get(format!("{}{path}", self.url())).bearer_auth(token).send().await?;
        let status = answer.status();
        let text = body(answer).await?;
        ensure!(status.is_success(), "GET {path}: {status}: {text}");
        serde_json::from_str(&text).with_context(|| format!("GET {path} answers JSON, not `{text}`"))
    }

    /// `GET` as text.
    pub(crate) async fn text(&self, path: &str) -> Result<String> {
        let client = self.client.as_ref().context("the collector was started")?;
        body(client.get(format!("{}{path}", self.url())).send().await?).await
    }

    /// `POST` of bytes; status and body.
    pub(crate) async fn post(&self, path: &str, bytes: Vec<u8>) -> Result<(u16, String)> {
        let client = self.client.as_ref().context("the collector was started")?;
        let answer = client.post(format!("{}{path}", self.url())).body(bytes).send().await?;
        Ok((answer.status().as_u16(), body(answer).await?))
    }

    /// Address of an agent's `/metrics`.
    pub(crate) fn agent_metrics(&self, host: &str) -> Result<String> {
        let text = fs::read_to_string(self.path(&format!("{host}.toml")))?;
        let address = text.split("listen = \"").nth(1).and_then(|rest| rest.split('"').next());
        address.map(str::to_owned).context("the agent's configuration has a metrics address")
    }

    /// The collector's port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The own CA's file.
    pub(crate) fn ca(&self) -> PathBuf {
        self.path("collector/ca.pem")
    }
}

/// A client that trusts one CA only.
fn trusting_client(pem: &[u8]) -> Result<reqwest::Client> {
    // A second installation in the same process is refused and means nothing.
    rustls::crypto::ring::default_provider().install_default().ok();
    let ca = reqwest::Certificate::from_pem(pem)?;
    Ok(reqwest::Client::builder().tls_certs_only([ca]).timeout(std::time::Duration::from_secs(10)).build()?)
}

/// A body up to a bound.
async fn body(mut answer: reqwest::Response) -> Result<String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        bytes.extend_from_slice(&chunk);
        ensure!(bytes.len() < 8 << 20, "the answer is larger than 8 MiB");
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
