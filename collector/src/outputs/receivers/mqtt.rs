//! MQTT 3.1.1 through a broker: ticket events, and the state of every service as retained messages.
//!
//! ```text
//! <topic>/tickets/<number>        QoS 1          the payload of the event; number and version tell doubles
//! <topic>/services/<id>/state     QoS 1 retained {"state","since","at"}
//! <topic>/status                  QoS 1 retained "online"; "offline" by last will
//! ```
//!
//! An event counts as taken when the broker has acknowledged it. Each event has a connection of its own: the outbox keeps
//! what was not acknowledged, so none is held here. States are sent by [`run`] over one lasting connection, all of them
//! after every connect and each when it changes.

use super::ReceiverError;
use super::secret;
use crate::app::App;
use crate::config::receivers::MqttSettings;
use crate::engine::deliver::Sent;
use crate::engine::notices::{AT_RISK, RISK_OVER};
use crate::shutdown::stopped;
use crate::snapshot::Snapshot;
use crate::store::records::DueMessage;
use crate::ticket_form::local_time;
use rumqttc::{AsyncClient, Event, EventLoop, LastWill, MqttOptions, Packet, QoS, Transport};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;

const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// One event, from connecting to its acknowledgement.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Largest packet; a ticket with long texts has some ten thousand bytes.
const PACKET_BYTES_MAX: usize = 256 * 1024;
/// Requests that may wait inside the client.
const QUEUE: usize = 64;
/// Between two tries to connect.
const PAUSE: Duration = Duration::from_secs(5);

/// A broker.
pub(super) struct Mqtt {
    settings: MqttSettings,
    password: Option<String>,
}

impl Mqtt {
    pub(super) fn new(settings: &MqttSettings) -> Result<Self, ReceiverError> {
        let password = settings.password_file.as_ref().map(|file| secret::read(file, 1)).transpose()?;
        Ok(Self { settings: settings.clone(), password })
    }

    fn options(&self, id: &str) -> MqttOptions {
        let mut options = MqttOptions::new(id, self.settings.server.clone(), self.settings.port);
        options.set_keep_alive(KEEP_ALIVE);
        options.set_max_packet_size(PACKET_BYTES_MAX, PACKET_BYTES_MAX);
        if self.settings.tls {
            options.set_transport(Transport::tls_with_default_config());
        }
        if let Some(user) = &self.settings.username {
            options.set_credentials(user.clone(), self.password.clone().unwrap_or_default());
        }
        options
    }

    pub(super) async fn send(&self, due: &DueMessage) -> Sent {
        let message = &due.row.message;
        let topic = match message.event.as_str() {
            AT_RISK | RISK_OVER => format!("{}/notices", self.settings.topic),
            _ => format!("{}/tickets/{}", self.settings.topic, message.ticket),
        };
        // One name per message: a broker closes an older connection of the same name.
        let (client, mut events) = AsyncClient::new(self.options(&format!("pantau-{}", due.row.id)), QUEUE);
        let payload = message.payload.clone();
        let taken = async {
            client.publish(topic, QoS::AtLeastOnce, false, payload).await.map_err(|error| error.to_string())?;
            loop {
                match events.poll().await {
                    Ok(Event::Incoming(Packet::PubAck(_))) => break,
                    Ok(_) => {}
                    Err(error) => return Err(super::http::chain(&error)),
                }
            }
            drop(client.try_disconnect());
            // The goodbye must leave; whatever it meets means nothing any more.
            drop(tokio::time::timeout(Duration::from_millis(200), events.poll()).await);
            Ok(())
        };
        match tokio::time::timeout(TIMEOUT, taken).await {
            Ok(Ok(())) => Sent::Delivered(None),
            Ok(Err(reason)) => Sent::later(reason),
            Err(_) => Sent::later("the broker did not acknowledge in time"),
        }
    }
}

/// Sends the states of services to one broker until `stop`.
pub(super) async fn run(app: App, name: String, mqtt: Mqtt, mut stop: watch::Receiver<bool>) {
    let status = format!("{}/status", mqtt.settings.topic);
    let mut options = mqtt.options(&format!("pantau-states-{name}"));
    options.set_last_will(LastWill::new(&status, "offline", QoS::AtLeastOnce, true));
    let (client, mut events) = AsyncClient::new(options, QUEUE);
    // Counts connects; `None` while the broker is away.
    let (connects, mut connected) = watch::channel(None::<u64>);
    let polling = async {
        let mut count = 0;
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => {
                    count += 1;
                    connects.send_replace(Some(count));
                }
                Ok(_) => {}
                Err(error) => {
                    if connects.send_replace(None).is_some() {
                        tracing::warn!(receiver = name, error = super::http::chain(&error), "the broker is away");
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    };
    let giving = async {
        let mut snapshots = app.engine.subscribe();
        // What the broker was given since the connect of that count.
        let (mut given, mut since) = (BTreeMap::new(), None);
        loop {
            let changed = tokio::select! {
                changed = connected.changed() => changed,
                changed = snapshots.changed() => changed,
            };
            if changed.is_err() {
                return;
            }
            let connect = *connected.borrow_and_update();
            if connect.is_none() {
                continue;
            }
            if connect != since {
                since = connect;
                given.clear();
                drop(client.try_publish(&status, QoS::AtLeastOnce, true, "online"));
            }
            let states = states(&snapshots.borrow_and_update(), &mqtt.settings.topic);
            give(&client, &mut given, states);
        }
    };
    // An endless part that ended has nothing left to follow: the collector is stopping.
    tokio::select! {
        () = polling => {}
        () = giving => {}
        () = stopped(&mut stop) => {}
    }
    leave(&client, &mut events, &status).await;
    stopped(&mut stop).await;
}

/// Topic and payload of every service.
fn states(snapshot: &Snapshot, topic: &str) -> BTreeMap<String, String> {
    let zone = snapshot.profile.time_zone;
    let one = |view: &std::sync::Arc<crate::snapshot::ServiceView>| {
        let since = view.since.map(|at| local_time(zone, at));
        let payload = json!({ "state": view.state.name(), "since": since });
        (format!("{topic}/services/{}/state", view.id), payload.to_string())
    };
    snapshot.services.iter().map(one).collect()
}

/// Queues what the broker does not have; what finds no room is tried at the next look. A service that is gone has its
/// retained message taken away.
fn give(client: &AsyncClient, given: &mut BTreeMap<String, String>, states: BTreeMap<String, String>) {
    let gone: Vec<String> = given.keys().filter(|topic| !states.contains_key(*topic)).cloned().collect();
    for topic in gone {
        if client.try_publish(&topic, QoS::AtLeastOnce, true, "").is_ok() {
            given.remove(&topic);
        }
    }
    for (topic, payload) in states {
        if given.get(&topic) != Some(&payload)
            && client.try_publish(&topic, QoS::AtLeastOnce, true, payload.clone()).is_ok()
        {
            given.insert(topic, payload);
        }
    }
}

/// Says goodbye: the last will speaks only when a connection is lost.
async fn leave(client: &AsyncClient, events: &mut EventLoop, status: &str) {
    drop(client.try_publish(status, QoS::AtLeastOnce, true, "offline"));
    drop(client.try_disconnect());
    let goodbye = async { while events.poll().await.is_ok() {} };
    drop(tokio::time::timeout(Duration::from_secs(1), goodbye).await);
}
