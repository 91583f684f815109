//! `mqtts://` to a mosquitto with certificates good and bad: only whom the agent trusts gets anything, and what nobody got
//! is still there.

use super::{check_both_ends, joined};
use anyhow::{Context, Result, ensure};
use pantau_agent::{BrokerSettings, RoadSettings};
use pantau_shared::topics::TOPIC_PREFIX;
use pantau_tests::certificates::{Certificates, Pair, make};
use pantau_tests::fleet::program::eventually;
use pantau_tests::free_port;
use pantau_tests::roads::agent::Agent;
use pantau_tests::roads::broker::Broker;
use std::path::Path;

/// The road over TLS; without an authority the platform's are trusted.
fn through(port: u16, authority: Option<&Path>) -> RoadSettings {
    RoadSettings::Broker(BrokerSettings {
        topic: TOPIC_PREFIX.to_owned(),
        ca_file: authority.map(Path::to_owned),
        ..BrokerSettings::new(format!("mqtts://localhost:{port}"))
    })
}

/// A broker that shows this certificate is not spoken to, and costs nothing but time: once it shows the good one, all that
/// waited arrives.
async fn is_refused(shown: &Pair, good: &Certificates, trusted: Option<&Path>, what: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (port, secured) = (free_port()?, free_port()?);
    let Some(broker) = Broker::start_secured(port, secured, folder.path(), shown).await? else { return Ok(()) };
    let (office, serving) = joined(Some((port, TOPIC_PREFIX))).await?;
    let agent = Agent::start(&office, through(secured, trusted))?;
    let failed = async || agent.metric("pantau_agent_send_failures_total").await.is_ok_and(|failures| failures > 0);
    eventually("the failure is counted", 60, failed).await.with_context(|| what.to_owned())?;
    ensure!(agent.acknowledged().await? == 0, "{what}: something was sent");
    ensure!(agent.metric("pantau_agent_spool_records").await? >= 3, "{what}: what waits is still here");
    agent.stop().await?;
    broker.kill().await?;
    let broker = Broker::start_secured(port, secured, folder.path(), &good.good).await?.context("it was there")?;
    let agent = Agent::start(&office, through(secured, Some(&good.authority)))?;
    agent.until_acknowledged(4, 60).await.with_context(|| office.log())?;
    check_both_ends(&office, agent, serving).await?;
    broker.kill().await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_of_another_name_gets_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let own = make(folder.path())?;
    is_refused(&own.wrong, &own, Some(&own.authority), "another name").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_whose_certificate_is_over_gets_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let own = make(folder.path())?;
    is_refused(&own.expired, &own, Some(&own.authority), "expired").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_of_an_authority_that_nobody_named_gets_nothing() -> Result<()> {
    let (folder, foreign) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let (own, other) = (make(folder.path())?, make(foreign.path())?);
    is_refused(&own.good, &own, Some(&other.authority), "another authority").await?;
    is_refused(&own.good, &own, None, "none of the platform's").await
}
