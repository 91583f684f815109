//! Requests to the collector that anybody may send without logging in, broken in every way: each gets an answer or a closed
//! connection, never one that says the collector failed, and the collector goes on.

use super::joined;
use super::parsers::{Mutator, seed};
use anyhow::{Context, Result, ensure};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Requests sent.
const REQUESTS: u64 = 300;

/// Longest wait for the end of an answer: an unfinished request is answered when it is given up on.
const PATIENCE: Duration = Duration::from_millis(150);

fn corpus() -> Vec<Vec<u8>> {
    let key = "0123456789abcdef".repeat(4);
    let alert = r#"{"version":"4","groupKey":"{}:{alertname=\"Turun\"}","status":"firing","receiver":"pantau","groupLabels":{},
        "commonLabels":{},"commonAnnotations":{},"externalURL":"http://a.test","truncatedAlerts":0,"alerts":[{"status":"firing",
        "labels":{"alertname":"Turun"},"annotations":{},"startsAt":"2026-06-01T00:00:00Z","endsAt":"0001-01-01T00:00:00Z",
        "generatorURL":"","fingerprint":"c0ffee"}]}"#;
    let post = |path: &str, body: &str| {
        let length = body.len();
        let head = "Host: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n";
        format!("POST {path} HTTP/1.1\r\n{head}Content-Length: {length}\r\n\r\n{body}").into_bytes()
    };
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").into_bytes();
    vec![
        get(&format!("/ping/{key}")),
        get(&format!("/ping/{key}/start?rid=7f-1")),
        post(&format!("/ping/{key}/137?rid=%41"), "the last lines of a log"),
        post(&format!("/ping/{key}/log"), "42"),
        post("/api/v1/alertmanager", alert),
        post("/api/v1/join", r#"{"token":"pantau1.a.b","public_key":"AAAA"}"#),
    ]
}

async fn ask(port: u16, request: &[u8]) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    // It may have heard enough before the end.
    drop(stream.write_all(request).await);
    let mut answer = Vec::new();
    drop(tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await);
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_requests_are_answered_and_break_nothing() -> Result<()> {
    let (_office, serving) = joined(None).await?;
    let (corpus, seed) = (corpus(), seed()?);
    for whole in &corpus {
        let answer = ask(serving.port(), whole).await?;
        let status = answer.split(' ').nth(1).unwrap_or_default().to_owned();
        ensure!(
            ["400", "401", "404", "422"].contains(&status.as_str()),
            "{}: {answer}",
            String::from_utf8_lossy(whole)
        );
    }
    let (mut mutator, mut answered) = (Mutator::new(seed), 0);
    for _ in 0..REQUESTS {
        let request = mutator.wound(&corpus);
        let answer = ask(serving.port(), &request).await.with_context(|| format!("seed {seed}: nobody listens"))?;
        let failed = answer.starts_with("HTTP/1.1 5");
        ensure!(!failed, "seed {seed}: {answer} to {:?}", String::from_utf8_lossy(&request));
        answered += u64::from(answer.starts_with("HTTP/1.1 "));
    }
    eprintln!("requests     seed {seed}: {REQUESTS} sent, {answered} answered");
    ensure!(answered > REQUESTS / 4, "only {answered} were answered");
    ensure!(serving.metric("pantau_ingest_batches_total{outcome=\"accepted\"}").await? == 0, "it goes on, unharmed");
    serving.kill().await
}
