//! Debian's Alertmanager tells the collector of its alerts: one ticket per group, restored by `resolved` alone.

use crate::eventually::eventually;
use crate::office::{Office, Plan};
use crate::prometheus::catalogue;
use anyhow::{Context, Result, ensure};
use pantau_tests::free_port;
use serde_json::{Value, json};
use std::fs;
use tokio::process::Command;

/// Groups at once and tells again each second, so that repetitions come too.
fn config(office: &Office, token: &str) -> String {
    format!(
        "route:\n  receiver: pantau\n  group_by: [alertname]\n  group_wait: 0s\n  group_interval: 1s\n  repeat_interval: 1s\n\
         receivers:\n  - name: pantau\n    webhook_configs:\n      - url: '{}/api/v1/alertmanager'\n        \
         http_config:\n          authorization: {{ credentials: '{token}' }}\n          tls_config: {{ ca_file: '{}' }}\n",
        office.url(),
        office.ca().display()
    )
}

/// Tells the Alertmanager of two alerts, or that they ended.
async fn tell(client: &reqwest::Client, url: &str, ended: bool) -> Result<()> {
    let alert = |instance: &str| {
        let mut alert = json!({
            "labels": { "alertname": "DiskFull", "instance": instance, "pantau_service": "uji" },
            "annotations": { "summary": "Disk penuh" },
            "startsAt": "2026-01-01T00:00:00Z",
        });
        if ended {
            alert["endsAt"] = json!("2026-01-01T01:00:00Z");
        }
        alert
    };
    let alerts = json!([alert("web-01:9100"), alert("db-01:9100")]);
    let answer = client.post(format!("{url}/api/v2/alerts")).json(&alerts).send().await?;
    ensure!(answer.status().is_success(), "the Alertmanager takes alerts: {}", answer.status());
    Ok(())
}

async fn tickets(office: &Office) -> Result<Vec<Value>> {
    let body = office.get("/api/v1/tickets").await?;
    let items = body["items"].as_array().cloned().unwrap_or_default();
    Ok(items
        .into_iter()
        .filter(|ticket| ticket["kunci_dedup"].as_str().is_some_and(|k| k.starts_with("alert:")))
        .collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alerts_of_a_real_alertmanager_are_one_ticket_per_group() -> Result<()> {
    let soon = format!("[tickets]\nresolve_after_seconds = 1\n{}", catalogue("http://127.0.0.1:9/"));
    let mut office = Office::new(&Plan { catalogue: &soon, webhook: None })?;
    let collector = office.start_collector().await?;
    let token = office.collector(&["token", "new", "alertmanager", "--scope", "alert"]).await?;
    let port = free_port()?;
    fs::write(office.path("alertmanager.yml"), config(&office, &token))?;
    let log = fs::File::create(office.path("alertmanager.log"))?;
    let started = Command::new("prometheus-alertmanager")
        .arg(format!("--config.file={}", office.argument("alertmanager.yml")))
        .arg(format!("--storage.path={}", office.argument("am")))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .arg("--cluster.listen-address=")
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true)
        .spawn();
    let Ok(_alertmanager) = started else {
        eprintln!("skipped: prometheus-alertmanager cannot be started; tests/run installs it");
        return Ok(());
    };
    let (client, url) = (reqwest::Client::new(), format!("http://127.0.0.1:{port}"));
    eventually("the Alertmanager takes alerts", 20, async || Ok(tell(&client, &url, false).await.ok())).await?;
    let opened = eventually("a ticket is open", 20, async || Ok(tickets(&office).await?.pop())).await;
    let opened = opened.with_context(|| collector.log_tail())?;
    ensure!(opened["status"] == "baru" && opened["layanan_terdampak"] == json!(["uji"]), "{opened:#}");
    ensure!(opened["kelas"] == "fungsi" && opened["mulai_gangguan"] == "2026-01-01T07:00:00+07:00", "{opened:#}");
    // Repetitions come each second and change nothing.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let repeated = tickets(&office).await?;
    ensure!(repeated.len() == 1 && repeated[0]["versi"] == opened["versi"], "{repeated:#?}");
    tell(&client, &url, true).await?;
    let metrics = eventually("both alerts are told as resolved", 20, async || {
        let number = opened["nomor"].as_str().unwrap_or_default();
        let ticket = office.get(&format!("/api/v1/tickets/{number}")).await?;
        Ok((ticket["status"] == "pulih").then_some(office.text("/metrics").await?))
    })
    .await
    .with_context(|| collector.log_tail())?;
    ensure!(metrics.contains("pantau_alerts_total{outcome=\"malformed\"} 0"), "{metrics}");
    ensure!(tickets(&office).await?.len() == 1, "still one");
    Ok(())
}
