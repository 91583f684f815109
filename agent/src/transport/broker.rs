//! Batches through an MQTT 3.1.1 broker, which versions 5 brokers speak as well.
//!
//! ```text
//! batch ─► <topic>/<host>/up, QoS 1 ─► broker ─► collector: verify, commit
//! reply ◄─ <topic>/<host>/down, QoS 1 ◄─ broker ◄─ signed answer to this very batch
//! ```
//!
//! - **The broker is trusted with nothing.** Its acknowledgement is not looked at: only the collector's signed answer
//!   to the batch that is under way counts (`wire::reply`). Repeats, answers to earlier batches and forgeries are
//!   dropped; the first forgery is told in the log.
//! - **One batch under way.** The next is sealed when this one was answered, so that a broker that shuffles cannot bring
//!   the numbers of a stream out of order.
//! - **No memory at the broker.** The session is clean: the spool is the memory. A connection that is lost ends the
//!   exchange at once; the same observations go out again.
//! - **Away**: the collector's presence is a retained topic. While it says `offline` nothing is sent, so that the broker
//!   does not fill up. A broker can lie about it; that delays and loses nothing.
//! - **The collector's key** came over the pinned connection of joining (`identity`); a host that joined before asks
//!   for it once, the same way.
//!
//! Knows nothing of what a batch holds.

use super::backoff::{Failure, delay_ms};
use super::client::Reply;
use super::road::BrokerSettings;
use crate::identity::{Identity, IdentityError, learn_collector_key, load_collector_key};
use crate::tls::{Trust, client_config_of};
use bytes::Bytes;
use http::StatusCode;
use pantau_shared::ids::HostId;
use pantau_shared::topics;
use pantau_shared::wire::reply::{ReplyError, SIGNED_REPLY_BYTES_MAX, open_reply, request_digest};
use ring::rand::{SecureRandom, SystemRandom};
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, QoS, TlsConfiguration, Transport};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use url::{Host, Url};

/// Bound on being connected and subscribed, for one exchange.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Bound on one batch and its answer. Longer than over HTTPS: the answer may come when the collector is back.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Largest packet either way; the largest batch and the largest reply have the same bound.
const PACKET_BYTES_MAX: usize = SIGNED_REPLY_BYTES_MAX + 4096;

const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Requests that may wait inside the client: two subscriptions and a batch.
const QUEUE: usize = 8;

/// Answers that may wait to be looked at; a broker that repeats more loses them.
const ANSWERS: usize = 16;

/// Largest file of a password or an authority, in bytes.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// Why a batch got no answer through the broker.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// The URL is not `mqtts://` or `mqtt://` with a host.
    #[error("broker URL `{url}` is not mqtts://HOST[:PORT] or mqtt://HOST[:PORT]")]
    BadUrl {
        /// As given.
        url: String,
    },
    /// Plain MQTT to another machine.
    #[error("broker URL `{url}` is plain mqtt to another machine: use mqtts (plain mqtt is for loopback only)")]
    Plain {
        /// As given.
        url: String,
    },
    /// A file of the configuration cannot be read.
    #[error("cannot read {path}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Trust could not be set up.
    #[error("cannot set up TLS to the broker")]
    Tls(#[source] rustls::Error),
    /// The identity's folder does not give the collector's key.
    #[error("cannot read the collector's key")]
    Identity(#[from] IdentityError),
    /// The collector's key is not known and cannot be asked for.
    #[error(
        "cannot learn the collector's key, without which its answers through a broker mean nothing: it is asked once, over HTTPS at {url}"
    )]
    Key {
        /// Where it was asked.
        url: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Not connected.
    #[error("cannot reach the broker {address}: {reason}")]
    Away {
        /// Host and port.
        address: String,
        /// The newest error of the connection.
        reason: String,
    },
    /// The broker is there, the collector is not.
    #[error("the collector is not at the broker {address}")]
    CollectorAway {
        /// Host and port.
        address: String,
    },
    /// No answer in time.
    #[error("no answer of the collector through the broker {address} within {} s", ANSWER_TIMEOUT.as_secs())]
    Timeout {
        /// Host and port.
        address: String,
    },
}

impl BrokerError {
    pub(crate) fn key(url: &str, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Key { url: url.to_owned(), source: Box::new(source) }
    }
}

/// Where the connection stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Standing {
    /// Not connected, and why.
    Away(String),
    /// Connected and subscribed; the count tells connections apart.
    Connected(u64),
}

/// What the connection's task tells.
#[derive(Debug)]
struct News {
    standing: watch::Receiver<Standing>,
    collector_away: watch::Receiver<bool>,
    answers: mpsc::Receiver<Bytes>,
}

/// A kept connection to a broker.
pub(crate) struct Link {
    identity: Identity,
    data_dir: PathBuf,
    collector_key: Option<[u8; 32]>,
    address: String,
    up: String,
    client: AsyncClient,
    news: News,
    forged: u64,
    polling: JoinHandle<()>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.polling.abort();
    }
}

impl Link {
    /// Reads the secrets and starts connecting, for ever.
    ///
    /// # Errors
    /// What cannot become right by waiting.
    pub(crate) fn start(settings: &BrokerSettings, identity: &Identity, data_dir: &Path) -> Result<Self, BrokerError> {
        let (options, address) = options(settings, &identity.host)?;
        let collector_key = load_collector_key(data_dir)?;
        let (client, events) = AsyncClient::new(options, QUEUE);
        let (standing, standing_seen) = watch::channel(Standing::Away("not connected yet".into()));
        let (collector_away, collector_seen) = watch::channel(false);
        let (answers, answers_seen) = mpsc::channel(ANSWERS);
        let down = topics::down(&settings.topic, &identity.host);
        let presence = topics::presence(&settings.topic);
        let polling = Polling { client: client.clone(), down, presence, standing, collector_away, answers };
        Ok(Self {
            identity: identity.clone(),
            data_dir: data_dir.to_owned(),
            collector_key,
            address,
            up: topics::up(&settings.topic, &identity.host),
            client,
            news: News { standing: standing_seen, collector_away: collector_seen, answers: answers_seen },
            forged: 0,
            polling: tokio::spawn(polling.run(events)),
        })
    }

    /// Publishes `batch` and waits for the collector's answer to it.
    pub(super) async fn exchange(&mut self, batch: Bytes) -> Result<Reply, BrokerError> {
        let key = self.key().await?;
        let connection = self.connected().await?;
        if *self.news.collector_away.borrow() {
            return Err(BrokerError::CollectorAway { address: self.address.clone() });
        }
        // What came since the last exchange answers nothing any more.
        while self.news.answers.try_recv().is_ok() {}
        let request = request_digest(&batch);
        if self.client.try_publish(&self.up, QoS::AtLeastOnce, false, batch).is_err() {
            return Err(self.away("its queue is full"));
        }
        let answering = tokio::time::timeout(ANSWER_TIMEOUT, self.answer(&request, &key, connection));
        match answering.await {
            Ok(answer) => answer,
            Err(_) => Err(BrokerError::Timeout { address: self.address.clone() }),
        }
    }

    async fn answer(&mut self, request: &[u8; 32], key: &[u8; 32], connection: u64) -> Result<Reply, BrokerError> {
        loop {
            let answer = tokio::select! {
                answer = self.news.answers.recv() => answer,
                _ = self.news.standing.wait_for(|now| *now != Standing::Connected(connection)) => None,
            };
            let Some(answer) = answer else {
                return Err(self.away("the connection was lost before the answer came"));
            };
            match open_reply(&answer, &self.identity.host, request, key) {
                Ok((status, body)) => match StatusCode::from_u16(status) {
                    Ok(status) => return Ok(Reply { status, body: Bytes::from(body), date: None }),
                    Err(_) => self.count_forged(ReplyError::Malformed),
                },
                // A repeat, or late: normal for a broker.
                Err(ReplyError::OtherRequest) => tracing::debug!("an answer to an earlier batch came again"),
                Err(error @ (ReplyError::BadSignature | ReplyError::Malformed)) => self.count_forged(error),
            }
        }
    }

    fn count_forged(&mut self, error: ReplyError) {
        if self.forged == 0 {
            let broker = &self.address;
            tracing::error!(%error, broker, "an answer that is not the collector's came through the broker: ignored");
        }
        self.forged += 1;
    }

    /// The collector's key, asked for once where joining did not bring it.
    async fn key(&mut self) -> Result<[u8; 32], BrokerError> {
        if let Some(key) = self.collector_key {
            return Ok(key);
        }
        let url = &self.identity.collector_url;
        let learnt = learn_collector_key(&self.data_dir, url, self.identity.pin).await;
        let key = learnt.map_err(|error| BrokerError::key(url, error))?;
        self.collector_key = Some(key);
        Ok(key)
    }

    /// Waits for the connection a while; its count.
    async fn connected(&mut self) -> Result<u64, BrokerError> {
        let waiting = self.news.standing.wait_for(|now| matches!(now, Standing::Connected(_)));
        let connected = match tokio::time::timeout(CONNECT_TIMEOUT, waiting).await {
            Ok(Ok(standing)) => match *standing {
                Standing::Connected(count) => Some(count),
                Standing::Away(_) => None,
            },
            Ok(Err(_)) | Err(_) => None,
        };
        connected.ok_or_else(|| {
            let reason = match &*self.news.standing.borrow() {
                Standing::Away(reason) => reason.clone(),
                Standing::Connected(_) => "the connection does not last".to_owned(),
            };
            self.away(&reason)
        })
    }

    fn away(&self, reason: &str) -> BrokerError {
        BrokerError::Away { address: self.address.clone(), reason: reason.to_owned() }
    }
}

/// The task that keeps the connection.
struct Polling {
    client: AsyncClient,
    down: String,
    presence: String,
    standing: watch::Sender<Standing>,
    collector_away: watch::Sender<bool>,
    answers: mpsc::Sender<Bytes>,
}

impl Polling {
    async fn run(self, mut events: EventLoop) {
        let (mut connections, mut failures) = (0, 0);
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => {
                    // What a broker remembers of the collector may be of another time.
                    self.collector_away.send_replace(false);
                    let both = [&self.down, &self.presence];
                    let asked = both.map(|topic| self.client.try_subscribe(topic, QoS::AtLeastOnce).is_ok());
                    if asked.contains(&false) {
                        self.standing.send_replace(Standing::Away("no room to subscribe".into()));
                    }
                }
                Ok(Event::Incoming(Packet::SubAck(_))) => {
                    // Presence follows its own subscription; the first answer comes with the first.
                    if !matches!(*self.standing.borrow(), Standing::Connected(_)) {
                        (connections, failures) = (connections + 1, 0);
                        self.standing.send_replace(Standing::Connected(connections));
                    }
                }
                Ok(Event::Incoming(Packet::Publish(publish))) if publish.topic == self.presence => {
                    self.collector_away.send_replace(publish.payload == topics::OFFLINE);
                }
                Ok(Event::Incoming(Packet::Publish(publish))) if publish.topic == self.down => {
                    // A full queue holds answers nobody waits for; the one that is waited for comes again.
                    drop(self.answers.try_send(publish.payload));
                }
                Ok(_) => {}
                Err(error) => {
                    self.standing.send_replace(Standing::Away(told(&error)));
                    failures += 1;
                    let pause = delay_ms(Failure::Ordinary, failures, random());
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
            }
        }
    }
}

fn random() -> u64 {
    let mut bytes = [0; 8];
    // Without randomness the pause is merely not spread.
    if SystemRandom::new().fill(&mut bytes).is_err() { 0 } else { u64::from_le_bytes(bytes) }
}

/// The error with what caused it.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Host and port of a broker's URL, and whether it is spoken to over TLS.
pub(crate) fn parse_url(url: &str) -> Result<(String, u16, bool), BrokerError> {
    let bad = || BrokerError::BadUrl { url: url.to_owned() };
    let parsed = Url::parse(url).map_err(|_| bad())?;
    // The scheme is none that the parser knows: it takes an address for a name.
    let host = parsed.host_str().filter(|host| !host.is_empty()).ok_or_else(bad)?;
    let bare = host.trim_matches(['[', ']']).to_owned();
    let loopback = match Host::parse(host) {
        Ok(Host::Domain(name)) => name == "localhost",
        Ok(Host::Ipv4(address)) => address.is_loopback(),
        Ok(Host::Ipv6(address)) => address.is_loopback(),
        Err(_) => return Err(bad()),
    };
    let plain_path = matches!(parsed.path(), "" | "/") && parsed.query().is_none() && parsed.fragment().is_none();
    let without_login = parsed.username().is_empty() && parsed.password().is_none();
    match parsed.scheme() {
        "mqtts" if plain_path && without_login => Ok((bare, parsed.port().unwrap_or(8883), true)),
        "mqtt" if !loopback => Err(BrokerError::Plain { url: url.to_owned() }),
        "mqtt" if plain_path && without_login => Ok((bare, parsed.port().unwrap_or(1883), false)),
        _ => Err(bad()),
    }
}

fn options(settings: &BrokerSettings, host: &HostId) -> Result<(MqttOptions, String), BrokerError> {
    let (server, port, tls) = parse_url(&settings.url)?;
    let address = format!("{server}:{port}");
    let mut options = MqttOptions::new(format!("pantau-agent-{host}"), server, port);
    options.set_keep_alive(KEEP_ALIVE);
    options.set_max_packet_size(PACKET_BYTES_MAX, PACKET_BYTES_MAX);
    options.set_clean_session(true);
    if tls {
        let trust = match (settings.pin, &settings.ca_file) {
            (Some(pin), _) => Trust::Pin(pin),
            (None, Some(_) | None) => Trust::Platform,
        };
        let authorities = settings.ca_file.as_deref().filter(|_| settings.pin.is_none()).map(read).transpose()?;
        let config = client_config_of(trust, authorities.as_deref()).map_err(BrokerError::Tls)?;
        options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(config)));
    }
    if let Some(user) = &settings.username {
        let password = settings.password_file.as_deref().map(read).transpose()?.unwrap_or_default();
        options.set_credentials(user.clone(), String::from_utf8_lossy(password.trim_ascii()).into_owned());
    }
    Ok((options, address))
}

fn read(path: &Path) -> Result<Vec<u8>, BrokerError> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes));
    read.map(|_| bytes).map_err(|source| BrokerError::File { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_checked_before_anything_is_sent() {
        assert!(matches!(parse_url("mqtt://127.0.0.1"), Ok((host, 1883, false)) if host == "127.0.0.1"));
        assert!(matches!(parse_url("mqtt://[::1]:1884/"), Ok((host, 1884, false)) if host == "::1"));
        assert!(matches!(parse_url("mqtts://broker.test"), Ok((host, 8883, true)) if host == "broker.test"));
        assert!(matches!(parse_url("mqtt://broker.test"), Err(BrokerError::Plain { .. })));
        for url in ["", "broker", "https://x", "mqtts://", "mqtts://x/topic", "mqtts://user:geheim@x", "mqtts://x?a=b"]
        {
            assert!(matches!(parse_url(url), Err(BrokerError::BadUrl { .. })), "{url}");
        }
    }
}
