//! The whole road: a service dies and comes back, while collector and agent are killed in the middle and the help desk
//! is away.

use crate::eventually::eventually;
use crate::http_service::HttpService;
use crate::office::{Office, Plan, WEBHOOK_SECRET};
use crate::webhook_receiver::WebhookReceiver;
use anyhow::{Context, Result, ensure};
use chrono::{DateTime, FixedOffset, Utc};
use serde_json::Value;

const INTERVAL_S: i64 = 5;

fn catalogue(url: &str) -> String {
    format!(
        r#"
[pemantauan]
periode_sampel = "1s"

[tickets]
resolve_after_seconds = 6
reopen_window_seconds = 1800

[[layanan]]
id = "uji"
nama = "Layanan uji"
deskripsi = "Layanan untuk pengujian"
penyedia = "Diskominfotik"
administrator_layanan = ["Admin Layanan"]
administrator_infrastruktur = ["Admin Infrastruktur"]
cara_akses = "{url}"
target_ketersediaan = 99.5
kontak_bantuan = "bantuan@contoh.go.id"
waktu_bantuan = "24 jam"
kelompok = "publik"
klasifikasi = "kritis"
rpo = "24h"
rto = "24h"
drp = "DRP-UJI"
host = ["web-01"]

[[layanan.pemeriksaan]]
id = "uji-web"
nama = "Halaman depan"
jenis = "http"
url = "{url}"
dari = ["web-01"]
selang = "{INTERVAL_S}s"
tenggat = "2s"
"#
    )
}

fn instant(value: &Value) -> Result<DateTime<FixedOffset>> {
    let text = value.as_str().with_context(|| format!("an instant, not {value}"))?;
    DateTime::parse_from_rfc3339(text).with_context(|| format!("RFC 3339, not `{text}`"))
}

async fn service_state(office: &Office) -> Result<String> {
    let service = office.get("/api/v1/services/uji").await?;
    Ok(service["state"].as_str().unwrap_or_default().to_owned())
}

async fn wait_for_state(office: &Office, state: &str, seconds: u64) -> Result<()> {
    eventually(&format!("the service is {state}"), seconds, async || {
        let now = service_state(office).await?;
        ensure!(now == state, "it is `{now}`");
        Ok(Some(()))
    })
    .await
}

async fn only_ticket(office: &Office) -> Result<Option<Value>> {
    let tickets = office.get("/api/v1/tickets").await?;
    let items = tickets["items"].as_array().context("a list of tickets")?;
    ensure!(items.len() <= 1, "one disturbance, one ticket: {items:#?}");
    Ok(items.first().cloned())
}

/// Ledger rows of one state as (from, to).
async fn ledger(office: &Office, from: DateTime<Utc>) -> Result<Vec<Value>> {
    let (from, to) = (from.timestamp(), from.timestamp() + 600);
    let rfc = |t: i64| DateTime::from_timestamp(t, 0).unwrap_or_default().format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let ledger = office.get(&format!("/api/v1/services/uji/ledger?from={}&to={}", rfc(from), rfc(to))).await?;
    Ok(ledger["intervals"].as_array().context("a list of intervals")?.clone())
}

#[expect(clippy::disallowed_methods, reason = "an end-to-end test lives in real time")]
fn wall() -> DateTime<Utc> {
    Utc::now()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn service_dies_and_returns() -> Result<()> {
    let mut service = HttpService::start().await?;
    let desk = WebhookReceiver::away()?;
    let mut office = Office::new(&Plan { catalogue: &catalogue(&service.url()), webhook: Some(desk.url()) })?;
    let began = wall();
    let collector = office.start_collector().await?;
    office.join("web-01").await?;
    let agent = office.start_agent("web-01")?;
    wait_for_state(&office, "up", 20).await.with_context(|| agent.log_tail())?;

    // It dies: a ticket within 15 s, dated to the first failed probe.
    let died = wall();
    service.die().await;
    let ticket = eventually("a ticket is open", 15, async || only_ticket(&office).await).await?;
    let onset = instant(&ticket["mulai_gangguan"])?;
    ensure!(onset >= died - chrono::Duration::seconds(1), "onset {onset} lies before the death at {died}");
    ensure!(onset <= died + chrono::Duration::seconds(INTERVAL_S + 2), "onset {onset} is not the first failure");
    ensure!(ticket["status"] == "baru", "{ticket:#}");
    ensure!(ticket["prioritas"] == 1, "mayor, publik, kritis is priority 1: {ticket:#}");

    // Both programs are killed while it is down; the agent first, so that it has something to say to nobody.
    agent.kill().await?;
    let agent = office.start_agent("web-01")?;
    collector.kill().await?;
    tokio::time::sleep(std::time::Duration::from_secs(7)).await;
    let collector = office.start_collector().await?;
    wait_for_state(&office, "down", 20).await?;
    let same = only_ticket(&office).await?.context("the ticket is still there")?;
    ensure!(same["nomor"] == ticket["nomor"] && same["mulai_gangguan"] == ticket["mulai_gangguan"], "{same:#}");

    // It comes back: `Pulih`, and the ledger is down for exactly that interval.
    let returned = wall();
    service.come_back()?;
    let restored = eventually("the ticket is restored", 30, async || {
        Ok(only_ticket(&office).await?.filter(|ticket| ticket["status"] == "pulih"))
    })
    .await
    .with_context(|| agent.log_tail())?;
    let pulih = instant(&restored["pulih_pada"])?;
    ensure!(pulih >= returned - chrono::Duration::seconds(1), "restored {pulih} before the return at {returned}");
    let rows = ledger(&office, began).await?;
    let down: Vec<&Value> = rows.iter().filter(|row| row["state"] == "down").collect();
    ensure!(down.len() == 1, "one outage, nothing unknown inside it: {rows:#?}");
    ensure!(instant(&down[0]["from"])? == onset && instant(&down[0]["to"])? == pulih, "{down:#?} {restored:#}");
    let first_seen = rows.iter().position(|row| row["state"] != "unknown").context("it was seen")?;
    let watched = &rows[first_seen..];
    let last_known = watched.iter().rposition(|row| row["state"] != "unknown").unwrap_or_default();
    let gaps = watched[..=last_known].iter().filter(|row| row["state"] == "unknown").count();
    ensure!(gaps == 0, "somebody watched all the time: {rows:#?}");

    // The help desk comes back and hears of it once each, in order.
    desk.open()?;
    let calls = eventually("the help desk has heard both", 60, async || {
        let calls = desk.calls();
        Ok((calls.len() >= 2).then_some(calls))
    })
    .await
    .with_context(|| collector.log_tail())?;
    for call in &calls {
        call.verify(WEBHOOK_SECRET.as_bytes())?;
    }
    let events = calls.iter().map(|call| Ok(call.json()?["event"].as_str().unwrap_or_default().to_owned()));
    let events: Vec<String> = events.collect::<Result<_>>()?;
    ensure!(events == ["opened", "restored"], "{events:?}");
    ensure!(calls[0].key != calls[1].key, "each message has its own key");
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    ensure!(desk.calls().len() == 2, "nothing is told twice");

    agent.stop().await?;
    collector.stop().await
}
