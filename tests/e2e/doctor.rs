//! `pantau-agent doctor` against set-ups that are broken one way each, with the real programs.

use crate::office::{Office, Plan};
use crate::programs::run;
use crate::prometheus::catalogue;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::fs;

/// What the doctor says of `subject`: exit code, level, and what was seen with what to do.
async fn finding(office: &Office, subject: &str) -> Result<(i32, String, String)> {
    let config = office.argument("web-01.toml");
    let (code, out, err) = run("pantau-agent", &["doctor", "--json", "--config", &config]).await?;
    let told: Value = serde_json::from_str(&out).with_context(|| format!("JSON, not `{out}`\n{err}"))?;
    let findings = told["findings"].as_array().context("a list")?;
    let found = findings.iter().rev().find(|finding| finding["subject"] == subject);
    let found = found.with_context(|| format!("{subject} in {told:#}"))?;
    let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
    Ok((code, text("level"), format!("{} -> {}", text("told"), text("mend"))))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_tells_broken_set_ups_apart() -> Result<()> {
    let mut office = Office::new(&Plan { catalogue: &catalogue("http://127.0.0.1:9/"), webhook: None })?;
    let collector = office.start_collector().await?;
    office.join("web-01").await?;
    let (code, level, text) = finding(&office, "collector").await?;
    ensure!(code == 0 && level == "good" && text.contains("knows this host"), "well: {code} {level} {text}");
    let (_, level, text) = finding(&office, "clocks").await?;
    ensure!(level == "good" && text.contains("agree"), "one machine, one clock: {level} {text}");
    let hosts = office.get("/api/v1/hosts").await?;
    ensure!(!hosts.to_string().contains("\"state\":\"up\""), "nobody takes the question for a sign of life: {hosts}");

    let identity = office.path("web-01/identity.json");
    let kept = fs::read_to_string(&identity)?;
    let mut other: Value = serde_json::from_str(&kept)?;
    other["pin"] = Value::String("7".repeat(64));
    fs::write(&identity, other.to_string())?;
    let (code, level, text) = finding(&office, "collector").await?;
    ensure!(code == 1 && level == "bad" && text.contains("another certificate"), "pin: {code} {level} {text}");
    fs::write(&identity, "{")?;
    let (code, level, text) = finding(&office, "joined").await?;
    ensure!(code == 1 && level == "bad" && text.contains("damaged"), "damage: {code} {level} {text}");
    fs::write(&identity, &kept)?;

    fs::write(
        office.path("checks.toml"),
        "[[check]]\nid = \"db\"\ninterval_ms = 1000\ntimeout_ms = 500\n[check.kind.exec]\nplugin = \"check_x\"\n",
    )?;
    let config = office.path("web-01.toml");
    let plain = fs::read_to_string(&config)?;
    let checks = office.argument("checks.toml");
    fs::write(&config, format!("{plain}\n[probes]\nchecks_file = \"{checks}\"\n"))?;
    let (code, level, text) = finding(&office, "checks").await?;
    ensure!(code == 1 && level == "bad" && text.contains("probes.plugins_dir"), "plug-in: {code} {level} {text}");
    fs::write(&config, &plain)?;

    office.collector(&["host", "revoke", "web-01"]).await?;
    let (code, level, text) = finding(&office, "collector").await?;
    ensure!(code == 1 && level == "bad" && text.contains("join again"), "revoked: {code} {level} {text}");
    collector.stop().await?;
    let (code, level, text) = finding(&office, "collector").await?;
    ensure!(code == 1 && level == "bad" && text.contains("nothing listens"), "gone: {code} {level} {text}");
    let url = format!("{plain}\n[collector]\nurl = \"https://no-such-host.invalid\"\n");
    fs::write(&config, url)?;
    let (code, level, text) = finding(&office, "collector").await?;
    ensure!(code == 1 && level == "bad" && text.contains("resolv.conf"), "name: {code} {level} {text}");
    Ok(())
}
