//! The two roads a batch can take: HTTPS to the collector, or an MQTT broker between. Either way one batch goes out and
//! the collector's own answer to it comes back, as a status and a body; what it means is the sender's affair.

use super::broker::{BrokerError, Link};
use super::client::{Client, ClientError, Reply};
use bytes::Bytes;
use pantau_shared::topics;
use std::path::PathBuf;

/// How batches travel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RoadSettings {
    /// HTTPS to the collector that this host joined.
    #[default]
    Https,
    /// Through a broker.
    Broker(BrokerSettings),
}

/// An MQTT broker and how it is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerSettings {
    /// `mqtts://HOST[:PORT]`, or `mqtt://` on loopback.
    pub url: String,
    /// What topics begin with, as at the collector.
    pub topic: String,
    /// The authority of its certificate, PEM.
    pub ca_file: Option<PathBuf>,
    /// SHA-256 of a certificate in the broker's chain, instead of an authority.
    pub pin: Option<[u8; 32]>,
    /// Login.
    pub username: Option<String>,
    /// File with its password.
    pub password_file: Option<PathBuf>,
}

impl BrokerSettings {
    /// The broker at `url`, with the usual topics, the platform's trust and no login.
    pub fn new(url: impl Into<String>) -> Self {
        let topic = topics::TOPIC_PREFIX.to_owned();
        Self { url: url.into(), topic, ca_file: None, pin: None, username: None, password_file: None }
    }
}

/// Why a batch got no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RoadError {
    /// Over HTTPS.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Through the broker.
    #[error(transparent)]
    Broker(#[from] BrokerError),
}

/// One of the roads, ready to go.
pub(crate) enum Road {
    /// A kept connection to the collector.
    Https(Client),
    /// A kept connection to a broker.
    Broker(Box<Link>),
}

impl Road {
    /// Sends one sealed batch and waits for the collector's answer to it.
    pub(super) async fn exchange(&mut self, batch: Bytes) -> Result<Reply, RoadError> {
        match self {
            Self::Https(client) => Ok(client.post("/api/v1/ingest", "application/x-protobuf", batch).await?),
            Self::Broker(link) => Ok(link.exchange(batch).await?),
        }
    }
}
