//! Receivers of tickets: one file for each kind, one list of them all.
//!
//! | kind | creates | updates | ends | against doubles |
//! |---|---|---|---|---|
//! | [`webhook`] | one signed POST per event | the same | the same | `Idempotency-Key` |
//! | [`email`] | one mail per event | same thread | same thread | fixed Message-ID |
//! | [`telegram`] | a message | replies to it | replies to it | none: the Bot API cannot be searched |
//! | [`mqtt`] | QoS 1 message per event | the same | the same | number and version in it |
//! | [`alertmanager`] | an alert | sent again while open | `endsAt` | by its labels |
//! | [`glpi`] | search, then a ticket | follow-ups, each looked up first | solution, closed | search |
//! | [`zammad`] | search, then a ticket | articles, each looked up first | closed | search |
//! | [`osticket`] | a ticket | cannot | cannot: asks a person | what is uncertain asks a person |
//!
//! A sender decides nothing about tickets and holds no queue: the outbox tries again, in order. Every call is bounded in
//! time and size.

mod alertmanager;
mod email;
pub mod follow;
mod glpi;
mod http;
mod mqtt;
mod osticket;
pub mod reconcile;
mod secret;
mod telegram;
mod told;
mod trial;
mod webhook;
mod zammad;

use crate::app::App;
use crate::config::receivers::{Receiver, ReceiverKind};
use crate::domain::catalogue::Catalogue;
use crate::engine::deliver::{Sender, Sent};
use crate::store::records::DueMessage;
use pantau_shared::timestamp::Timestamp;
pub use secret::SecretError;
pub(crate) use secret::read as read_secret;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// One message may take so long in all, look-ups included.
const SEND_MAX: Duration = Duration::from_secs(45);

/// Why a receiver cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum ReceiverError {
    /// A secret's file.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// No HTTP client.
    #[error("cannot make an HTTP client")]
    Client(#[source] reqwest::Error),
    /// A template that does not compile.
    #[error("template of webhook `{name}` is damaged")]
    Template {
        /// Of which receiver.
        name: String,
        /// Why.
        #[source]
        source: Box<webhook::TemplateError>,
    },
    /// A mail server or address that cannot be used.
    #[error("receiver `{name}` cannot send mail")]
    Mail {
        /// Of which receiver.
        name: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Whether a webhook's template compiles and makes something of an example ticket.
pub(crate) fn try_template(text: &str) -> Result<(), webhook::TemplateError> {
    webhook::Body::parse(text.to_owned())?
        .render(&trial::message("uji", &Catalogue::empty(), Timestamp::from_secs(0)).row.message.payload)
        .map(drop)
}

/// Whether a mail server's authority can be read from this.
pub(crate) fn is_authority(pem: &[u8]) -> bool {
    email::authority(pem).is_ok()
}

/// One receiver, ready to be told.
enum Outlet {
    Alertmanager(alertmanager::Alertmanager),
    Email(Box<email::Email>),
    Glpi(glpi::Glpi),
    Mqtt(mqtt::Mqtt),
    Osticket(osticket::Osticket),
    Telegram(telegram::Telegram),
    Webhook(Box<webhook::Webhook>),
    Zammad(zammad::Zammad),
}

/// All enabled receivers.
#[derive(Default)]
pub struct Receivers {
    outlets: Vec<(String, Outlet)>,
    kinds: Vec<(String, &'static str)>,
    /// What the last comparison with help desks found.
    pub comparison: reconcile::LastComparison,
    wakes: follow::Wakes,
}

impl std::fmt::Debug for Receivers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.outlets.iter().map(|(name, _)| name)).finish()
    }
}

impl Receivers {
    /// Reads the secrets and makes the clients; connects nowhere.
    ///
    /// # Errors
    /// See [`ReceiverError`].
    pub fn new(receivers: &[Receiver]) -> Result<Self, ReceiverError> {
        let client = http::client().map_err(ReceiverError::Client)?;
        let outlet = |receiver: &Receiver| Ok((receiver.name.clone(), outlet(receiver, &client)?));
        Ok(Self {
            outlets: receivers.iter().map(outlet).collect::<Result<_, ReceiverError>>()?,
            kinds: receivers.iter().map(|receiver| (receiver.name.clone(), receiver.kind.code())).collect(),
            comparison: reconcile::LastComparison::default(),
            wakes: follow::Wakes::of(receivers),
        })
    }
}

impl Receivers {
    /// Names and kinds, in the file's order.
    pub fn kinds(&self) -> &[(String, &'static str)] {
        &self.kinds
    }

    /// Tries a receiver with a message that says it is a trial; nothing waits and nothing is kept. `None`: no such
    /// receiver.
    pub async fn try_out(&self, name: &str, now: Timestamp) -> Option<Sent> {
        self.outlets.iter().find(|(known, _)| known == name)?;
        Some(self.tell(&trial::message(name, &Catalogue::empty(), now), now).await)
    }
}

fn outlet(receiver: &Receiver, client: &reqwest::Client) -> Result<Outlet, ReceiverError> {
    let (name, client) = (&receiver.name, client.clone());
    Ok(match &receiver.kind {
        ReceiverKind::Alertmanager(settings) => Outlet::Alertmanager(alertmanager::Alertmanager::new(settings, client)),
        ReceiverKind::Email(settings) => Outlet::Email(Box::new(email::Email::new(name, settings)?)),
        ReceiverKind::Glpi(settings) => Outlet::Glpi(glpi::Glpi::new(settings, client)?),
        ReceiverKind::Mqtt(settings) => Outlet::Mqtt(mqtt::Mqtt::new(settings)?),
        ReceiverKind::Osticket(settings) => Outlet::Osticket(osticket::Osticket::new(settings, client)?),
        ReceiverKind::Telegram(settings) => Outlet::Telegram(telegram::Telegram::new(settings, client)?),
        ReceiverKind::Webhook(settings) => Outlet::Webhook(Box::new(webhook::Webhook::new(name, settings, client)?)),
        ReceiverKind::Zammad(settings) => Outlet::Zammad(zammad::Zammad::new(settings, client)?),
    })
}

/// A part that runs beside the outbox: what a receiver is told of the state that is, not of what happened.
type Watcher = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The parts for the configured receivers, each with its name.
///
/// # Errors
/// A secret.
pub(crate) fn watchers(
    app: &App,
    receivers: &[Receiver],
    stop: &watch::Receiver<bool>,
) -> Result<Vec<(&'static str, Watcher)>, ReceiverError> {
    let nightly: Watcher = Box::pin(reconcile::run(app.clone(), stop.clone()));
    let mut watchers = vec![("comparison", nightly)];
    for receiver in receivers {
        match &receiver.kind {
            ReceiverKind::Alertmanager(settings) => {
                let client = http::client().map_err(ReceiverError::Client)?;
                let target = alertmanager::Alertmanager::new(settings, client);
                let run = alertmanager::run(app.clone(), receiver.name.clone(), target, stop.clone());
                watchers.push(("alertmanager", Box::pin(run)));
            }
            ReceiverKind::Mqtt(settings) => {
                let broker = mqtt::Mqtt::new(settings)?;
                let run = mqtt::run(app.clone(), receiver.name.clone(), broker, stop.clone());
                watchers.push(("mqtt states", Box::pin(run)));
            }
            ReceiverKind::Glpi(_) | ReceiverKind::Zammad(_) => {
                watchers.extend(follow::watcher(app, receiver, stop).map(|watcher| ("help desk", watcher)));
            }
            ReceiverKind::Email(_)
            | ReceiverKind::Osticket(_)
            | ReceiverKind::Telegram(_)
            | ReceiverKind::Webhook(_) => {}
        }
    }
    Ok(watchers)
}

impl Sender for Arc<Receivers> {
    fn targets(&self) -> Vec<String> {
        self.outlets.iter().map(|(name, _)| name.clone()).collect()
    }

    async fn send(&self, due: &DueMessage, now: Timestamp) -> Sent {
        self.tell(due, now).await
    }
}

impl Receivers {
    async fn tell(&self, due: &DueMessage, now: Timestamp) -> Sent {
        let target = &due.row.message.target;
        let Some((_, outlet)) = self.outlets.iter().find(|(name, _)| name == target) else {
            return Sent::later(format!("receiver `{target}` is not configured"));
        };
        let sending = async {
            match outlet {
                Outlet::Alertmanager(to) => to.send(due, now).await,
                Outlet::Email(to) => to.send(due, now).await,
                Outlet::Glpi(to) => to.send(due).await,
                Outlet::Mqtt(to) => to.send(due).await,
                Outlet::Osticket(to) => to.send(due).await,
                Outlet::Telegram(to) => to.send(due).await,
                Outlet::Webhook(to) => to.send(due, now).await,
                Outlet::Zammad(to) => to.send(due).await,
            }
        };
        let bounded = tokio::time::timeout(SEND_MAX, sending).await;
        bounded.unwrap_or_else(|_| Sent::later(format!("no answer within {} s", SEND_MAX.as_secs())))
    }
}
