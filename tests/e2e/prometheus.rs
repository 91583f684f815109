//! Debian's Prometheus scrapes both programs: metrics are clean, targets are up, a query answers.

use crate::eventually::eventually;
use crate::http_service::HttpService;
use crate::office::{Office, Plan};
use anyhow::{Context, Result, ensure};
use pantau_tests::free_port;
use serde_json::Value;
use std::fs;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// What promtool says of node_exporter's own names too: dashboards ask for them as they are.
const KNOWN: [&str; 2] = ["metric names should be written in 'snake_case' not 'camelCase'", "use base unit"];

/// `promtool check metrics` over a text; fails on any finding but node_exporter's own spelling.
async fn check_metrics(what: &str, text: &str) -> Result<()> {
    ensure!(text.lines().count() > 20, "{what} says something: {text}");
    let mut child = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("promtool, of Debian's package prometheus")?;
    let mut stdin = child.stdin.take().context("a pipe")?;
    stdin.write_all(text.as_bytes()).await?;
    drop(stdin);
    let output = tokio::time::timeout(Duration::from_secs(20), child.wait_with_output()).await??;
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let known = |line: &&str| !(line.starts_with("node_") && KNOWN.iter().any(|known| line.contains(known)));
    let findings: Vec<&str> = said.lines().filter(known).filter(|line| !line.trim().is_empty()).collect();
    ensure!(findings.is_empty(), "{what}: {findings:#?}");
    ensure!(
        output.status.success() || KNOWN.iter().any(|known| said.contains(known)),
        "{what}: promtool ended with {}",
        output.status
    );
    Ok(())
}

pub(crate) fn catalogue(url: &str) -> String {
    format!(
        "[pemantauan]\nperiode_sampel = \"1s\"\n\n[[layanan]]\nid = \"uji\"\nnama = \"Uji\"\ndeskripsi = \"Uji\"\n\
         penyedia = \"Diskominfotik\"\nadministrator_layanan = [\"A\"]\nadministrator_infrastruktur = [\"B\"]\n\
         cara_akses = \"{url}\"\ntarget_ketersediaan = 99.0\nkontak_bantuan = \"x\"\nwaktu_bantuan = \"x\"\n\
         kelompok = \"publik\"\nklasifikasi = \"esensial\"\nhost = [\"web-01\"]\n\n\
         [[layanan.pemeriksaan]]\nid = \"uji-web\"\nnama = \"Depan\"\njenis = \"http\"\nurl = \"{url}\"\n\
         dari = [\"web-01\"]\nselang = \"2s\"\ntenggat = \"1s\"\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prometheus_scrapes_both_programs() -> Result<()> {
    let service = HttpService::start().await?;
    let mut office = Office::new(&Plan { catalogue: &catalogue(&service.url()), webhook: None })?;
    let collector = office.start_collector().await?;
    office.join("web-01").await?;
    let agent = office.start_agent("web-01")?;
    let agent_address = office.agent_metrics("web-01")?;
    eventually("the agent has probed", 20, async || {
        let text = plain_get(&format!("http://{agent_address}/metrics")).await?;
        Ok(text.contains("probe_success").then_some(()))
    })
    .await
    .with_context(|| agent.log_tail())?;
    eventually("the collector has judged", 20, async || {
        let text = office.text("/metrics").await?;
        Ok(text.contains("pantau_service_state{service=\"uji\",state=\"up\"} 1").then_some(()))
    })
    .await
    .with_context(|| collector.log_tail())?;
    check_metrics("agent", &plain_get(&format!("http://{agent_address}/metrics")).await?).await?;
    check_metrics("collector", &office.text("/metrics").await?).await?;

    let port = free_port()?;
    let config = format!(
        "global:\n  scrape_interval: 1s\nscrape_configs:\n  - job_name: pantau-agent\n    static_configs:\n      - targets: ['{agent_address}']\n  \
         - job_name: pantau-collector\n    scheme: https\n    tls_config:\n      ca_file: {}\n    static_configs:\n      - targets: ['127.0.0.1:{}']\n",
        office.ca().display(),
        office.port()
    );
    fs::write(office.path("prometheus.yml"), config)?;
    let log = fs::File::create(office.path("prometheus.log"))?;
    let _prometheus = Command::new("prometheus")
        .arg(format!("--config.file={}", office.argument("prometheus.yml")))
        .arg(format!("--storage.tsdb.path={}", office.argument("tsdb")))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .context("prometheus, of Debian's package")?;
    eventually("both targets are up and a query answers", 40, async || {
        let up = query(port, "sum(up)").await?;
        let cpu = query(port, "count(node_cpu_seconds_total{mode=\"idle\"})").await?;
        let state = query(port, "pantau_service_state{state=\"up\"}").await?;
        let probe = query(port, "probe_success").await?;
        ensure!(up == 2.0 && cpu >= 1.0 && state == 1.0 && probe == 1.0, "up {up} cpu {cpu} {state} {probe}");
        Ok(Some(()))
    })
    .await?;
    agent.stop().await?;
    collector.stop().await
}

pub(crate) async fn plain_get(url: &str) -> Result<String> {
    rustls::crypto::ring::default_provider().install_default().ok();
    let mut answer = reqwest::get(url).await?.error_for_status()?;
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        bytes.extend_from_slice(&chunk);
        ensure!(bytes.len() < 8 << 20, "the answer is larger than 8 MiB");
    }
    Ok(String::from_utf8(bytes)?)
}

pub(crate) async fn query(port: u16, expression: &str) -> Result<f64> {
    let encoded: String = expression
        .bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect();
    let text = plain_get(&format!("http://127.0.0.1:{port}/api/v1/query?query={encoded}")).await?;
    let json: Value = serde_json::from_str(&text)?;
    let value = json["data"]["result"][0]["value"][1].as_str();
    value.with_context(|| format!("`{expression}` has a value: {json}"))?.parse().context("a number")
}
