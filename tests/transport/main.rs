//! The transport against real brokers and deaths at both ends: what was acknowledged is there once, counted at both ends.

mod parsers;
mod requests;
mod secured;

use anyhow::{Context, Result, ensure};
use pantau_agent::RoadSettings;
use pantau_shared::envelope::{Acknowledgement, Batch};
use pantau_shared::topics::TOPIC_PREFIX;
use pantau_shared::wire;
use pantau_shared::wire::reply::seal_reply;
use pantau_tests::free_port;
use pantau_tests::roads::agent::{Agent, through};
use pantau_tests::roads::broker::Broker;
use pantau_tests::roads::history::fill;
use pantau_tests::roads::jumble::{Jumble, forge};
use pantau_tests::roads::office::{Held, Office, Serving, serve_as_child};
use prost::Message;
use ring::signature::Ed25519KeyPair;
use std::time::Duration;

const CHILD: [&str; 3] = ["--exact", "be_the_collector", "--nocapture"];

/// What a test starts as its collector; alone it has nothing to be.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn be_the_collector() -> Result<()> {
    serve_as_child().await.map(drop)
}

async fn joined(broker: Option<(u16, &str)>) -> Result<(Office, Serving)> {
    let office = Office::new(broker, &CHILD)?;
    let serving = office.serve().await?;
    office.join().await?;
    Ok((office, serving))
}

/// Both ends stop; what the agent was told is what the store holds.
async fn check_both_ends(office: &Office, agent: Agent, serving: Serving) -> Result<u64> {
    let acknowledged = agent.until_empty(40).await.with_context(|| office.log())?;
    let given_up = agent.metric("pantau_agent_rejected_observations_total").await?;
    agent.stop().await?;
    serving.kill().await?;
    let held = office.held()?;
    // One more may have been sampled and taken while the agent stopped.
    ensure!((held.accepted, held.lost, given_up).0 >= acknowledged, "{held:?}, acknowledged {acknowledged}");
    ensure!(held.accepted <= acknowledged + 1 && held.lost == 0 && given_up == 0, "{held:?}, told {acknowledged}");
    Ok(held.accepted)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_dies_and_comes_back_loses_nothing() -> Result<()> {
    let Some(broker) = Broker::start(free_port()?).await? else { return Ok(()) };
    let port = broker.port;
    let (office, serving) = joined(Some((port, TOPIC_PREFIX))).await?;
    let agent = Agent::start(&office, through(port, TOPIC_PREFIX))?;
    let before = agent.until_acknowledged(3, 30).await.with_context(|| office.log())?;
    broker.kill().await?;
    agent.until_waiting(60).await?;
    let _broker = Broker::start(port).await?.context("it was there before")?;
    agent.until_acknowledged(before + 4, 60).await.with_context(|| office.log())?;
    ensure!(serving.metric("pantau_ingest_broker_connections_total").await? >= 2, "the collector came back by itself");
    check_both_ends(&office, agent, serving).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_repeats_and_shuffles_changes_nothing() -> Result<()> {
    let Some(broker) = Broker::start(free_port()?).await? else { return Ok(()) };
    let jumble = Jumble::start(broker.port, "kantor/agen", "kantor/pusat", 0x5eed_0001);
    let (office, serving) = joined(Some((broker.port, "kantor/pusat"))).await?;
    let waiting = fill(&office, 100).await?;
    let agent = Agent::start(&office, through(broker.port, "kantor/agen"))?;
    agent.until_acknowledged(waiting + 6, 60).await.with_context(|| office.log())?;
    let repeated = serving.metric("pantau_ingest_observations_total{outcome=\"duplicate\"}").await?;
    ensure!(jumble.repeats() > 0 && repeated > 0, "the bridge repeated nothing: {} {repeated}", jumble.repeats());
    check_both_ends(&office, agent, serving).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_killed_in_mid_stream_holds_what_it_acknowledged() -> Result<()> {
    let Some(broker) = Broker::start(free_port()?).await? else { return Ok(()) };
    let (office, mut serving) = joined(Some((broker.port, TOPIC_PREFIX))).await?;
    let agent = Agent::start(&office, through(broker.port, TOPIC_PREFIX))?;
    for life in 1..=3 {
        let acknowledged = agent.until_acknowledged(life * 3, 60).await.with_context(|| office.log())?;
        serving.kill().await?;
        let Held { accepted, lost } = office.held()?;
        ensure!(accepted >= acknowledged && lost == 0, "life {life}: told {acknowledged}, holds {accepted}");
        serving = office.serve().await?;
    }
    check_both_ends(&office, agent, serving).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_acknowledgement_is_worth_nothing() -> Result<()> {
    let Some(broker) = Broker::start(free_port()?).await? else { return Ok(()) };
    let (office, serving) = joined(None).await?;
    let forger = forge(broker.port, TOPIC_PREFIX, |request| {
        let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("32 bytes");
        let (host, signed) = wire::parse_signed(request).expect("a batch");
        let batch = Batch::decode(signed.body.as_slice()).expect("a batch");
        let acknowledged_seq = batch.observations.last().map_or(0, |observation| observation.seq);
        let body = Acknowledgement { acknowledged_seq, ..Acknowledgement::default() }.encode_to_vec();
        seal_reply(&host, request, 200, body, &key)
    })?;
    let agent = Agent::start(&office, through(broker.port, TOPIC_PREFIX))?;
    tokio::time::sleep(Duration::from_secs(4)).await;
    ensure!(agent.acknowledged().await? == 0, "the agent believed a forger");
    ensure!(agent.metric("pantau_agent_spool_records").await? >= 3, "everything is still here");
    forger.abort();
    agent.stop().await?;
    serving.kill().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backlog_comes_whole_over_either_road_while_live_data_flow() -> Result<()> {
    for through_broker in [false, true] {
        let Some(broker) = Broker::start(free_port()?).await? else { return Ok(()) };
        let (office, serving) = joined(Some((broker.port, TOPIC_PREFIX))).await?;
        let waiting = fill(&office, 120).await?;
        ensure!(waiting > 60, "{waiting} wait: no backlog");
        let road = if through_broker { through(broker.port, TOPIC_PREFIX) } else { RoadSettings::Https };
        let agent = Agent::start(&office, road)?;
        agent.until_acknowledged(waiting + 3, 60).await.with_context(|| office.log())?;
        let repeated = serving.metric("pantau_ingest_observations_total{outcome=\"duplicate\"}").await?;
        ensure!(repeated == 0, "{repeated} came twice");
        check_both_ends(&office, agent, serving).await?;
    }
    Ok(())
}
