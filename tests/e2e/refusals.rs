//! Bad input meets a clear error, a counter, and nobody else's data.

use crate::eventually::eventually;
use crate::office::{Office, Plan};
use crate::programs::run;
use anyhow::{Context, Result, ensure};
use pantau_shared::PROTOCOL_VERSION;
use pantau_shared::envelope::{Batch, SignedBatch};
use pantau_shared::ids::HostId;
use pantau_shared::limits::BATCH_BYTES_MAX;
use pantau_shared::wire;
use prost::Message;
use ring::signature::Ed25519KeyPair;
use serde_json::Value;
use std::fs;

fn sealed(host: &str, seed: u8) -> Result<Vec<u8>> {
    let key = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).ok().context("32 bytes make a key")?;
    let batch = Batch { stream: vec![1; 16], boot_id: "b".into(), ..Batch::default() };
    Ok(wire::seal(&batch, &HostId::parse(host)?, &key))
}

/// Posts a batch; its status and error code.
async fn refused(office: &Office, bytes: Vec<u8>) -> Result<(u16, String)> {
    let (status, text) = office.post("/api/v1/ingest", bytes).await?;
    let json: Value = serde_json::from_str(&text).with_context(|| format!("an error as JSON, not `{text}`"))?;
    ensure!(json["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{json}");
    Ok((status, json["error"]["code"].as_str().unwrap_or_default().to_owned()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_batches_are_refused_by_name() -> Result<()> {
    let mut office = Office::new(&Plan { catalogue: "", webhook: None })?;
    let collector = office.start_collector().await?;
    office.join("web-01").await?;

    ensure!(refused(&office, sealed("web-01", 9)?).await? == (401, "bad_signature".into()));
    ensure!(refused(&office, sealed("tak-dikenal", 9)?).await? == (401, "unknown_host".into()));
    let mut unsigned = SignedBatch::decode(sealed("web-01", 9)?.as_slice())?;
    unsigned.signature.clear();
    ensure!(refused(&office, unsigned.encode_to_vec()).await? == (401, "bad_signature".into()));
    let mut newer = SignedBatch::decode(sealed("web-01", 9)?.as_slice())?;
    newer.protocol = PROTOCOL_VERSION + 1;
    let (status, code) = refused(&office, newer.encode_to_vec()).await?;
    ensure!((400..500).contains(&status) && code == "newer_protocol", "{status} {code}");
    ensure!(refused(&office, vec![0xff; 64]).await? == (400, "malformed".into()));
    // The refusal may come before the body is through; a client that is still writing then sees the end of the
    // connection instead. Either way it was not taken, and counted.
    if let Ok(answer) = refused(&office, vec![0; BATCH_BYTES_MAX + 1]).await {
        ensure!(answer == (413, "batch_too_large".into()), "{answer:?}");
    }

    // The connection of the batch that was cut off may be closed under the next request.
    let metrics = eventually("the metrics answer", 10, async || Ok(Some(office.text("/metrics").await?))).await?;
    let counted: f64 = metrics
        .lines()
        .filter(|line| line.starts_with("pantau_ingest_batches_total{") && !line.contains("accepted"))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum();
    let too_large = metrics.lines().any(|line| {
        line.starts_with("pantau_ingest_batches_total{") && line.contains("too_large") && line.ends_with(" 1")
    });
    ensure!(too_large, "{metrics}");
    ensure!(counted >= 6.0, "each refusal is counted: {counted}\n{metrics}");
    collector.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_join_token_works_once_and_only_as_printed() -> Result<()> {
    let mut office = Office::new(&Plan { catalogue: "", webhook: None })?;
    let collector = office.start_collector().await?;
    let printed = office.collector(&["host", "join-token", "web-01"]).await?;
    let token = printed.split_whitespace().find(|word| word.starts_with("pantau1.")).context("a token")?.to_owned();

    let join = async |token: &str, folder: &str| {
        run("pantau-agent", &["join", &office.url(), token, "--data-dir", &office.argument(folder)]).await
    };
    let (secret, pin) = token.rsplit_once('.').context("a token has a pin")?;
    let other_secret = format!("{}.{pin}", secret.chars().rev().collect::<String>());
    let (code, _, message) = join(&other_secret, "a").await?;
    ensure!(code != 0 && message.contains("token"), "{code} {message}");
    let (code, _, message) = join(&format!("{secret}.{}", "A".repeat(43)), "b").await?;
    ensure!(code != 0 && message.to_lowercase().contains("certificate"), "{code} {message}");
    let (code, _, message) = join(&token, "c").await?;
    ensure!(code == 0, "{message}");
    let (code, _, message) = join(&token, "d").await?;
    ensure!(code != 0 && message.contains("used"), "{code} {message}");
    collector.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_cannot_start_says_why() -> Result<()> {
    let mut office = Office::new(&Plan { catalogue: "", webhook: None })?;
    let config = office.argument("collector.toml");

    let held = std::net::TcpListener::bind(("127.0.0.1", office.port()))?;
    let (code, _, message) = run("pantau-collector", &["serve", "--config", &config]).await?;
    ensure!(code == 1 && message.contains(&office.port().to_string()), "{code} {message}");
    drop(held);

    fs::write(office.path("broken.toml"), "listen = 5\nwarna = \"biru\"\n[[webhook]]\nname = \"x\"\n")?;
    let broken = office.argument("broken.toml");
    let (code, out, err) = run("pantau-collector", &["check-config", "--config", &broken]).await?;
    let said = format!("{out}{err}");
    ensure!(code == 2, "{code} {said}");
    for expected in ["broken.toml:1", "broken.toml:2", "warna", "url"] {
        ensure!(said.contains(expected), "`{expected}` in {said}");
    }

    office.start_collector().await?.stop().await?;
    let newer = [("PRAGMA user_version=999;", "newer")];
    for (sql, word) in newer {
        let python = format!(
            "import sqlite3;c=sqlite3.connect({:?});c.executescript({sql:?});c.close()",
            office.argument("collector/pantau.db")
        );
        let changed = tokio::process::Command::new("python3").args(["-c", &python]).kill_on_drop(true).output();
        ensure!(tokio::time::timeout(std::time::Duration::from_secs(10), changed).await??.status.success());
        let (code, _, message) = run("pantau-collector", &["serve", "--config", &config]).await?;
        ensure!(code == 3 && message.contains("999") && message.contains(word), "{code} {message}");
    }
    Ok(())
}
