//! A bad broker, made of a good one: everything under one beginning of topics comes out under another, one to three
//! times, each after a delay of its own, so that it is repeated and out of order.

use anyhow::Result;
use pantau_shared::limits::REPLY_BYTES_MAX;
use pantau_shared::topics;
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, QoS};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Longest delay of a copy, in ms.
const DELAY_MAX_MS: u64 = 400;

/// A bridge that runs until it is dropped.
#[derive(Debug)]
pub struct Jumble {
    task: JoinHandle<()>,
    copies: Arc<AtomicU64>,
}

impl Drop for Jumble {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Jumble {
    /// Carries batches from `agents` to `collector` and answers back, at the broker on `port`. The same `seed` gives the
    /// same fates.
    pub fn start(port: u16, agents: &str, collector: &str, seed: u64) -> Self {
        let mut options = MqttOptions::new(format!("jumble-{agents}-{collector}"), "127.0.0.1", port);
        options.set_max_packet_size(2 * REPLY_BYTES_MAX, 2 * REPLY_BYTES_MAX);
        let (client, events) = AsyncClient::new(options, 1_000);
        let copies = Arc::new(AtomicU64::new(0));
        let carrying = Carrying { client, copies: Arc::clone(&copies), seed };
        let ways = [agents.to_owned(), collector.to_owned()];
        Self { task: tokio::spawn(carrying.run(events, ways)), copies }
    }

    /// Messages given out beyond the first copy of each.
    pub fn repeats(&self) -> u64 {
        self.copies.load(Ordering::Relaxed)
    }
}

struct Carrying {
    client: AsyncClient,
    copies: Arc<AtomicU64>,
    seed: u64,
}

impl Carrying {
    async fn run(mut self, mut events: EventLoop, [agents, collector]: [String; 2]) {
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => {
                    for topic in [topics::all_up(&agents), format!("{collector}/+/down"), topics::presence(&collector)]
                    {
                        drop(self.client.try_subscribe(topic, QoS::AtLeastOnce));
                    }
                }
                Ok(Event::Incoming(Packet::Publish(publish))) => {
                    let (from, to) =
                        if publish.topic.ends_with("/up") { (&agents, &collector) } else { (&collector, &agents) };
                    let topic = format!("{to}{}", publish.topic.strip_prefix(from.as_str()).unwrap_or_default());
                    // Presence is a state: the last word must stay the last.
                    if publish.topic == topics::presence(&collector) {
                        drop(self.client.try_publish(topic, QoS::AtLeastOnce, true, publish.payload));
                    } else {
                        self.copy(&topic, &publish.payload);
                    }
                }
                Ok(_) => {}
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    fn copy(&mut self, topic: &str, payload: &[u8]) {
        let copies = 1 + self.draw() % 3;
        self.copies.fetch_add(copies - 1, Ordering::Relaxed);
        for _ in 0..copies {
            let delay = Duration::from_millis(self.draw() % DELAY_MAX_MS);
            let (client, topic, payload) = (self.client.clone(), topic.to_owned(), payload.to_vec());
            tokio::spawn(async move {
                tokio::time::sleep(delay).await;
                drop(client.publish(topic, QoS::AtLeastOnce, false, payload).await);
            });
        }
    }

    /// xorshift64: fates need no better.
    fn draw(&mut self) -> u64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        self.seed
    }
}

/// Answers every batch of the one host as a collector would, but signed with a key of its own.
///
/// # Errors
/// No random numbers.
pub fn forge(port: u16, prefix: &str, answer: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> Result<JoinHandle<()>> {
    let (client, mut events) = AsyncClient::new(MqttOptions::new("forger", "127.0.0.1", port), 100);
    client.try_subscribe(topics::all_up(prefix), QoS::AtLeastOnce)?;
    Ok(tokio::spawn(async move {
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::Publish(publish))) => {
                    let topic = publish.topic.replace("/up", "/down");
                    drop(client.try_publish(topic, QoS::AtLeastOnce, false, answer(&publish.payload)));
                }
                Ok(_) => {}
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }))
}
