//! The dashboard and the alert rules of `config/` against a live collector: every metric they name is there.

use crate::eventually::eventually;
use crate::http_service::HttpService;
use crate::office::{Office, Plan};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::BTreeSet;
use tokio::process::Command;

const RULES: &str = include_str!("../../config/prometheus/pantau.rules.yml");
const DASHBOARD: &str = include_str!("../../config/grafana/pantau.json");

/// What a young collector has no value of: it is absent, never 0, and named by unit tests of the exposition.
const NOT_YET: [&str; 8] = [
    "pantau_outbox_oldest_age_seconds",
    // By receiver, and this collector has none.
    "pantau_delivery_oldest_pending_age_seconds",
    "pantau_delivery_refused_total",
    "pantau_backup_at_risk_timestamp_seconds",
    "pantau_backup_rpo_breach_timestamp_seconds",
    "pantau_backup_age_seconds",
    "pantau_service_error_budget_exhausted_timestamp_seconds",
    "pantau_store_backup_age_seconds",
];

/// The names of metrics of Pantau in a text.
fn names(text: &str) -> BTreeSet<String> {
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    text.split(word).filter(|word| word.starts_with("pantau_")).map(str::to_owned).collect()
}

/// The queries of a dashboard: of panels and of variables.
fn queries(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field.as_str().filter(|_| name == "expr" || name == "definition") {
                    Some(query) => found.push(query.to_owned()),
                    None => queries(field, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| queries(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

async fn promtool(arguments: &[&str]) -> Result<()> {
    let output =
        Command::new("promtool").args(arguments).current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).output().await;
    let output = output.context("promtool, of Debian's package prometheus")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "promtool {arguments:?}: {said}");
    Ok(())
}

#[tokio::test]
async fn alert_rules_are_sound_and_fire_when_they_should() -> Result<()> {
    promtool(&["check", "rules", "config/prometheus/pantau.rules.yml"]).await?;
    promtool(&["test", "rules", "tests/e2e/pantau.rules.test.yml"]).await
}

#[test]
fn every_panel_has_a_title_a_source_and_no_two_share_a_number() -> Result<()> {
    let dashboard: Value = serde_json::from_str(DASHBOARD)?;
    let panels = dashboard["panels"].as_array().context("panels")?;
    let mut numbers = BTreeSet::new();
    for panel in panels {
        let title = panel["title"].as_str().unwrap_or_default();
        ensure!(!title.is_empty() && numbers.insert(panel["id"].as_i64()), "a panel without title or number: {panel}");
        let is_row = panel["type"] == "row";
        ensure!(is_row || panel["datasource"]["uid"] == "${sumber}", "{title}: another source than the variable");
    }
    ensure!(panels.len() > 20, "the dashboard shows something");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_metric_of_dashboard_and_rules_is_there() -> Result<()> {
    let service = HttpService::start().await?;
    let catalogue = crate::prometheus::catalogue(&service.url())
        + "\n[[layanan.cadangan]]\nid = \"uji-dump\"\nhost = \"web-01\"\npola = \"/tidak/ada/*\"\nselang = \"2s\"\nrpo = \"1h\"\n\
           [[saksi]]\nid = \"gerbang\"\njenis = \"tcp\"\nalamat = \"192.0.2.1\"\nport = 9\ntenggat = \"1s\"\nselang = \"5s\"\ndari = [\"web-01\"]\n";
    let mut office = Office::new(&Plan { catalogue: &catalogue, webhook: None })?;
    let collector = office.start_collector().await?;
    office.join("web-01").await?;
    let agent = office.start_agent("web-01")?;
    let mut wanted = names(RULES);
    let mut found = Vec::new();
    queries(&serde_json::from_str(DASHBOARD)?, &mut found);
    ensure!(found.len() > 30, "the dashboard asks something: {found:?}");
    found.iter().for_each(|query| wanted.extend(names(query)));
    for name in NOT_YET {
        wanted.remove(name);
    }
    ensure!(wanted.len() > 20, "they name something: {wanted:?}");
    let seen = eventually("every metric has a value", 40, async || {
        let text = office.text("/metrics").await?;
        let there: BTreeSet<&str> = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split(['{', ' ']).next())
            .collect();
        let missing: Vec<&String> = wanted.iter().filter(|name| !there.contains(name.as_str())).collect();
        ensure!(missing.is_empty(), "not in the scrape: {missing:?}");
        Ok(Some(()))
    });
    seen.await.with_context(|| collector.log_tail())?;
    agent.stop().await?;
    collector.stop().await
}
