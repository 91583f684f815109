//! Probe by probe against blackbox_exporter: both ask the same service, over HTTP, TCP, ICMP and DNS.

use super::families::{PROBE_LEFT_OUT, PROBE_SHARED, is_among, is_left_out};
use super::text::{Labels, Scrape};
use super::{Watched, start_exporter, text};
use crate::http_service::HttpService;
use crate::prometheus::plain_get;
use anyhow::{Context, Result, ensure};
use std::fs;
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// Families whose values must be the same to the last digit.
const EXACT: &[&str] = &[
    "probe_success",
    "probe_http_status_code",
    "probe_http_redirects",
    "probe_http_ssl",
    "probe_http_version",
    "probe_http_uncompressed_body_length",
    "probe_http_content_length",
    "probe_failed_due_to_regex",
    "probe_ip_protocol",
    "probe_dns_answer_rrs",
    "probe_dns_authority_rrs",
    "probe_dns_additional_rrs",
    "probe_dns_query_succeeded",
];

const MODULES: &str = "modules:\n  http:\n    prober: http\n    http:\n      preferred_ip_protocol: ip4\n  tcp:\n    prober: tcp\n    \
                       tcp:\n      preferred_ip_protocol: ip4\n  icmp:\n    prober: icmp\n    icmp:\n      preferred_ip_protocol: ip4\n  dns:\n    \
                       prober: dns\n    dns:\n      query_name: uji.test\n      query_type: A\n      preferred_ip_protocol: ip4\n";

/// Answers every question with one address.
async fn name_server() -> Result<(JoinHandle<()>, u16)> {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).await?;
    let port = socket.local_addr()?.port();
    let task = tokio::spawn(async move {
        let mut question = [0; 512];
        while let Ok((size, from)) = socket.recv_from(&mut question).await {
            let Some(answer) = answer_to(&question[..size]) else { continue };
            socket.send_to(&answer, from).await.ok();
        }
    });
    Ok((task, port))
}

fn answer_to(question: &[u8]) -> Option<Vec<u8>> {
    let name = question.get(12..)?.iter().position(|byte| *byte == 0)?;
    let mut answer = question.get(..12 + name + 5)?.to_vec();
    // A response, authoritative, recursion available; one answer and nothing more.
    answer[2] |= 0x84;
    answer[3] = 0x80;
    answer[6..12].copy_from_slice(&[0, 1, 0, 0, 0, 0]);
    answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1]);
    Some(answer)
}

fn checks(http: &str, tcp: &str, dns: u16) -> String {
    let (host, port) = tcp.rsplit_once(':').unwrap_or((tcp, "0"));
    let kinds = [
        ("http", format!("url = \"{http}\"\n")),
        ("tcp", format!("host = \"{host}\"\nport = {port}\n")),
        ("icmp", "host = \"127.0.0.1\"\ncount = 1\n".to_owned()),
        ("dns", format!("server = \"127.0.0.1\"\nport = {dns}\nname = \"uji.test\"\nrecord_type = \"A\"\n")),
    ];
    let check = |(kind, keys): &(&str, String)| {
        format!("[[check]]\nid = \"{kind}\"\ninterval_ms = 1000\ntimeout_ms = 900\n[check.kind.{kind}]\n{keys}\n")
    };
    kinds.iter().map(check).collect()
}

/// Ours of one check, without the labels that only we have.
fn series_of(ours: &Scrape, family: &str, check: &str) -> Vec<(Labels, f64)> {
    let Some(family) = ours.families.get(family) else { return Vec::new() };
    let of_check = family.series.iter().filter(|(labels, _)| labels.get("check").is_some_and(|name| name == check));
    of_check
        .map(|(labels, value)| {
            let mut labels = labels.clone();
            labels.remove("check");
            labels.remove("kind");
            (labels, *value)
        })
        .collect()
}

fn differences(ours: &Scrape, theirs: &Scrape, check: &str) -> (usize, Vec<String>) {
    let mut found = Vec::new();
    let mut shared = 0;
    for (name, family) in theirs.families.iter().filter(|(name, _)| !is_left_out(name, PROBE_LEFT_OUT)) {
        let series = series_of(ours, name, check);
        let labels = |mut labels: Vec<Labels>| {
            labels.sort();
            labels
        };
        let here = labels(series.iter().map(|(labels, _)| labels.clone()).collect());
        let there = labels(family.series.keys().cloned().collect());
        if here != there {
            found.push(format!("{check}: {name} has {here:?} here, {there:?} there"));
            continue;
        }
        shared += 1;
        if ours.families[name].kind != family.kind || !is_among(name, PROBE_SHARED) {
            found.push(format!("{check}: {name} is of another type there, or in no table"));
        }
        for (labels, value) in series {
            let other = family.series[&labels];
            let fits = if EXACT.contains(&name.as_str()) { value == other } else { (0.0..256.0).contains(&value) };
            if !fits {
                found.push(format!("{check}: {name}{labels:?} is {value} here, {other} there"));
            }
        }
    }
    (shared, found)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probe_metrics_are_those_of_blackbox_exporter() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let modules = folder.path().join("blackbox.yml");
    fs::write(&modules, MODULES)?;
    let arguments = [format!("--config.file={}", modules.display())];
    let Some((mut exporter, port)) = start_exporter("prometheus-blackbox-exporter", &arguments).await? else {
        return Ok(());
    };
    let service = HttpService::start().await?;
    let (names, dns) = name_server().await?;
    let tcp = service.url().trim_start_matches("http://").trim_end_matches('/').to_owned();
    let watched = Watched::start(&checks(&service.url(), &tcp, dns)).await?;
    for family in ["probe_http_status_code", "probe_dns_answer_rrs", "probe_icmp_duration_seconds"] {
        watched.shows(family).await?;
    }
    let ours = watched.scrape().await?;
    let targets =
        [("http", service.url()), ("tcp", tcp), ("icmp", "127.0.0.1".into()), ("dns", format!("127.0.0.1:{dns}"))];
    let mut found = Vec::new();
    for (module, target) in targets {
        let theirs = plain_get(&format!("http://127.0.0.1:{port}/probe?module={module}&target={target}")).await?;
        let (shared, differing) = differences(&ours, &text::parse(&theirs)?, module);
        eprintln!("{module}: {shared} families shared with blackbox_exporter");
        found.extend(differing);
    }
    ensure!(found.is_empty(), "{} differences:\n{}", found.len(), found.join("\n"));
    names.abort();
    exporter.kill().await.context("end the exporter")?;
    watched.stop().await
}
