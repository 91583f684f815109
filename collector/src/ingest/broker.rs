//! Batches through an MQTT 3.1.1 broker: the same road as over HTTPS from [`Ingest::take`] on, with a broker before it.
//!
//! ```text
//! <topic>/+/up ─► room? one of IN_HAND_MAX ─► Ingest::take (verify, commit) ─► <topic>/<host>/down, signed ─► PUBACK
//! ```
//!
//! - **Durable**: the broker's acknowledgements mean nothing to an agent; it waits for the collector's signed answer. In
//!   turn the broker is acknowledged only after the commit and the answer: what was under way when the collector was
//!   killed comes again in its persistent session, and repeats are known by their numbers.
//! - **Order and repeats**: an agent has one batch under way and seals the next when this one was answered. A broker
//!   that repeats, delays or shuffles delivers old batches a second time, nothing else.
//! - **Bounds**: [`IN_HAND_MAX`] batches at once, then the socket is not read; the bytes in flight are shared with HTTPS;
//!   packets have [`PACKET_BYTES_MAX`]. An answer that finds no room in the client is dropped and counted: the agent
//!   sends again.
//! - **Broker away**: connects again for ever, with pauses that double up to [`PAUSE_MAX`].
//! - **Presence**: retained `online`, and `offline` as last will, so that agents do not fill the broker's queue while
//!   nobody takes anything out.
//!
//! Does not know what a batch holds. Hosts join over HTTPS: a token must not pass a broker.

use super::Ingest;
use crate::config::broker::BrokerSettings;
use crate::outputs::receivers::read_secret;
use crate::shutdown::stopped;
use anyhow::{Context, Result};
use pantau_shared::limits::BATCH_BYTES_MAX;
use pantau_shared::topics;
use pantau_shared::wire::{self, reply};
use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, LastWill, MqttOptions, Packet, Publish, QoS, TlsConfiguration,
    Transport,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};

/// Batches being taken at the same moment: enough for one commit to serve many.
const IN_HAND_MAX: usize = 64;

/// Answers and acknowledgements that may wait inside the client.
const QUEUE: usize = 4 * IN_HAND_MAX;

/// Largest packet either way: a full batch, or a full answer, with its topic.
const PACKET_BYTES_MAX: usize = reply::SIGNED_REPLY_BYTES_MAX + 4096;
const _: () = assert!(PACKET_BYTES_MAX > BATCH_BYTES_MAX + 4096, "a full batch fits");

const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// First pause between two tries to connect.
const PAUSE_MIN: Duration = Duration::from_millis(500);

/// Longest pause between two tries to connect.
pub const PAUSE_MAX: Duration = Duration::from_secs(30);

/// A broker that is ready to be asked.
pub struct Broker {
    settings: BrokerSettings,
    options: MqttOptions,
}

impl std::fmt::Debug for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Broker").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Broker {
    /// Reads the secrets; connects to nothing yet.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn new(settings: &BrokerSettings) -> Result<Self> {
        let name = format!("pantau-collector-{}", settings.topic.replace('/', "-"));
        let mut options = MqttOptions::new(name, settings.server.clone(), settings.port);
        options.set_keep_alive(KEEP_ALIVE);
        options.set_max_packet_size(PACKET_BYTES_MAX, PACKET_BYTES_MAX);
        options.set_clean_session(false);
        options.set_manual_acks(true);
        let will = LastWill::new(topics::presence(&settings.topic), topics::OFFLINE, QoS::AtLeastOnce, true);
        options.set_last_will(will);
        if settings.tls {
            options.set_transport(transport(settings)?);
        }
        if let Some(user) = &settings.username {
            let password = settings.password_file.as_ref().map(|file| read_secret(file, 1)).transpose()?;
            options.set_credentials(user.clone(), password.unwrap_or_default());
        }
        Ok(Self { settings: settings.clone(), options })
    }

    fn address(&self) -> String {
        format!("{}:{}", self.settings.server, self.settings.port)
    }
}

fn transport(settings: &BrokerSettings) -> Result<Transport> {
    let Some(file) = &settings.ca_file else { return Ok(Transport::tls_with_default_config()) };
    let ca = std::fs::read(file).with_context(|| format!("cannot read the broker's CA `{}`", file.display()))?;
    Ok(Transport::tls_with_config(TlsConfiguration::Simple { ca, alpn: None, client_auth: None }))
}

/// Takes batches from the broker until `stop`.
pub async fn run(ingest: Arc<Ingest>, broker: Broker, mut stop: watch::Receiver<bool>) {
    let (client, mut events) = AsyncClient::new(broker.options.clone(), QUEUE);
    let (presence, address) = (topics::presence(&broker.settings.topic), broker.address());
    let taking = Taking { ingest, client: client.clone(), topic: broker.settings.topic.clone(), hands: hands() };
    tokio::select! {
        () = poll(&taking, &mut events, &address) => {}
        () = stopped(&mut stop) => {}
    }
    taking.ingest.stats.broker_connected.set(0);
    leave(&client, &mut events, &presence).await;
}

fn hands() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(IN_HAND_MAX))
}

/// What a batch in hand needs.
#[derive(Clone)]
struct Taking {
    ingest: Arc<Ingest>,
    client: AsyncClient,
    topic: String,
    hands: Arc<Semaphore>,
}

async fn poll(taking: &Taking, events: &mut EventLoop, address: &str) {
    let stats = Arc::clone(&taking.ingest.stats);
    let mut pause = PAUSE_MIN;
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                tracing::info!(broker = address, topic = taking.topic, "taking batches from the broker");
                pause = PAUSE_MIN;
                stats.broker_connections.increment();
                stats.broker_connected.set(1);
                taking.greet();
            }
            Ok(Event::Incoming(Packet::Publish(publish))) => taking.take(publish).await,
            Ok(_) => {}
            Err(error) => {
                if stats.broker_connected.get() == 1 || pause == PAUSE_MIN {
                    tracing::warn!(broker = address, error = told(&error), "no batches from the broker");
                }
                stats.broker_connected.set(0);
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
        }
    }
}

/// The error with what caused it.
fn told(error: &ConnectionError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

impl Taking {
    /// Subscribes, and tells that somebody is here. The queue of a fresh connection has room for both.
    fn greet(&self) {
        let subscribed = self.client.try_subscribe(topics::all_up(&self.topic), QoS::AtLeastOnce);
        let told = self.client.try_publish(topics::presence(&self.topic), QoS::AtLeastOnce, true, topics::ONLINE);
        if subscribed.and(told).is_err() {
            tracing::error!("the broker's client has no room for a subscription");
        }
    }

    /// Waits for a free hand, then takes the batch beside others.
    async fn take(&self, publish: Publish) {
        let Ok(hand) = Arc::clone(&self.hands).acquire_owned().await else { return };
        let taking = self.clone();
        tokio::spawn(async move {
            taking.answer(&publish).await;
            // Only now: a collector that dies before gets it again.
            if taking.client.try_ack(&publish).is_err() {
                tracing::debug!("an acknowledgement to the broker found no room: it will repeat the batch");
            }
            drop(hand);
        });
    }

    async fn answer(&self, publish: &Publish) {
        let stats = &self.ingest.stats;
        let Ok((host, _)) = wire::parse_signed(&publish.payload) else {
            // Nobody to answer: whoever sends this has no name here.
            return stats.batches_malformed.increment();
        };
        if publish.topic != topics::up(&self.topic, &host) {
            return stats.batches_malformed.increment();
        }
        let taken = self.ingest.take_delivered(&publish.payload).await;
        if let Err(refusal) = &taken {
            refusal.count(stats);
        }
        let answer = self.ingest.reply_key.seal(&host, &publish.payload, &taken);
        if self.client.try_publish(topics::down(&self.topic, &host), QoS::AtLeastOnce, false, answer).is_err() {
            stats.broker_answers_dropped.increment();
        }
    }
}

/// Says goodbye: the last will speaks only when a connection is lost.
async fn leave(client: &AsyncClient, events: &mut EventLoop, presence: &str) {
    drop(client.try_publish(presence, QoS::AtLeastOnce, true, topics::OFFLINE));
    drop(client.try_disconnect());
    let goodbye = async { while events.poll().await.is_ok() {} };
    drop(tokio::time::timeout(Duration::from_secs(1), goodbye).await);
}
