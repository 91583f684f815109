//! The collector that is killed: one store, ingest, engine and outbox, driven by lines.
//!
//! | line | does | answers |
//! |---|---|---|
//! | `take AT BATCH` | receives a sealed batch, in base64 | `said ack SEQ`, after the commit |
//! | `step AT` | evaluates, then delivers what is due | `said step` and the tickets as [`Seen`], in JSON |
//! | `act AT NUMBER WHAT` | a person acts | `said act` |
//! | `end AT` | evaluates, delivers | `said end` and the [`super::outcome::Outcome`] without the desk's part |

use super::agents::public_key_of;
use super::outcome;
use super::script::{HOSTS, START_S, catalogue};
use crate::glpi;
use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pantau_collector::clock::Clock;
use pantau_collector::config::profile::bangka_2025;
use pantau_collector::config::receivers::{GlpiSettings, Receiver, ReceiverKind};
use pantau_collector::domain::profile::Profile;
use pantau_collector::domain::route::Routing;
use pantau_collector::domain::ticket::{Ticket, TicketAction, TicketNumber};
use pantau_collector::engine::deliver::Deliverer;
use pantau_collector::engine::{Engine, EngineOptions, EngineTask};
use pantau_collector::ingest::replies::ReplyKey;
use pantau_collector::ingest::{Ingest, IngestOptions};
use pantau_collector::outputs::receivers::Receivers;
use pantau_collector::store::Store;
use pantau_collector::store::records::{HostKey, JoinTokenRecord};
use pantau_collector::texts::{Language, Texts};
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::Notify;

const FOLDER: &str = "PANTAU_TEST_CHAOS_FOLDER";
const AT: &str = "PANTAU_TEST_CHAOS_AT";
const DESK: &str = "PANTAU_TEST_CHAOS_DESK";
/// The test that becomes the child.
pub(super) const NAME: &str = "chaos::collector";
/// What its lines begin with; the harness writes lines of its own.
pub(super) const SAID: &str = "said ";
const TARGET: &str = "meja";

/// Where and when a collector begins.
#[derive(Debug, Clone)]
pub(super) struct Birth {
    pub(super) folder: PathBuf,
    /// Milliseconds.
    pub(super) at: i64,
    pub(super) desk: String,
}

impl Birth {
    pub(super) fn from_environment() -> Result<Option<Self>> {
        let Some(folder) = std::env::var_os(FOLDER) else { return Ok(None) };
        let at = std::env::var(AT)?.parse()?;
        Ok(Some(Self { folder: folder.into(), at, desk: std::env::var(DESK)? }))
    }

    pub(super) fn environment(&self) -> [(&'static str, String); 3] {
        [(FOLDER, self.folder.display().to_string()), (AT, self.at.to_string()), (DESK, self.desk.clone())]
    }
}

/// What people see of a ticket.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Seen {
    pub(super) number: String,
    pub(super) state: String,
    /// Milliseconds, all of them.
    pub(super) onset: i64,
    pub(super) restored: Option<i64>,
    pub(super) responded: bool,
    pub(super) has_cause: bool,
}

impl Seen {
    fn of(ticket: &Ticket) -> Self {
        Self {
            number: ticket.number.to_string(),
            state: ticket.state.code().to_owned(),
            onset: ticket.onset_at.as_ms(),
            restored: ticket.restored_at.map(|at| at.as_ms()),
            responded: ticket.first_response_at.is_some(),
            has_cause: ticket.cause.is_some(),
        }
    }
}

struct Collector {
    store: Store,
    clock: Clock,
    profile: Arc<Profile>,
    task: EngineTask,
    ingest: Arc<Ingest>,
    deliverer: Deliverer<Arc<Receivers>>,
}

fn say(words: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{SAID}{words}")?;
    Ok(out.flush()?)
}

/// Lives until killed, or until nobody speaks to it any more.
pub(super) async fn live(birth: Birth) -> Result<()> {
    // The harness has begun a line of its own.
    writeln!(std::io::stdout())?;
    let mut collector = Collector::born(&birth).await?;
    say("ready")?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let mut words = line.split(' ');
        let (Some(word), Some(at)) = (words.next(), words.next()) else { bail!("no command: {line}") };
        collector.is_now(Timestamp::from_ms(at.parse()?));
        let rest: Vec<&str> = words.collect();
        match (word, rest.as_slice()) {
            ("take", [batch]) => collector.take(batch).await?,
            ("step", []) => collector.step().await?,
            ("act", [number, what]) => collector.act(number, what).await?,
            ("end", []) => collector.end().await?,
            _ => bail!("no such command: {line}"),
        }
    }
    Ok(())
}

fn receiver(folder: &Path, desk: &str) -> Result<Receiver> {
    let user_token_file = folder.join("rahasia");
    std::fs::write(&user_token_file, glpi::USER_TOKEN)?;
    let settings =
        GlpiSettings { url: format!("{desk}/apirest.php"), app_token_file: None, user_token_file, poll_s: 0 };
    Ok(Receiver { name: TARGET.into(), kind: ReceiverKind::Glpi(settings) })
}

/// Catalogue and hosts, once in the life of the store.
async fn found(store: &Store) -> Result<()> {
    if store.read(|reader| reader.catalogue())?.is_some() {
        return Ok(());
    }
    let start = Timestamp::from_secs(START_S);
    for (place, host) in HOSTS.iter().enumerate() {
        let secret_hash = [u8::try_from(place)?; 32];
        let key = HostKey { public_key: public_key_of(place)?, machine_id_hash: format!("mesin-{place}") };
        let expires_at = start.plus_secs(60);
        let host = HostId::parse(host)?;
        let token = JoinTokenRecord { secret_hash, host, replace: false, created_at: start, expires_at };
        store
            .write(move |writer| {
                if writer.create_join_token(&token).is_ok() {
                    writer.redeem_join_token(&secret_hash, &key, start).map(drop)
                } else {
                    Ok(())
                }
            })
            .await?;
    }
    store.write(move |writer| writer.save_catalogue(&catalogue(), start)).await?;
    Ok(())
}

impl Collector {
    async fn born(birth: &Birth) -> Result<Self> {
        let now = Timestamp::from_ms(birth.at);
        let store = Store::open(&birth.folder.join("pantau.db"), now)?;
        found(&store).await?;
        let (clock, profile) = (Clock::manual(now), Arc::new(bangka_2025()));
        let texts = Texts::new(Language::Id, profile.time_zone);
        let kept = store.read(|reader| reader.catalogue())?.context("no catalogue")?;
        let parsed = pantau_collector::config::catalogue::parse("uji", &kept.text, kept.revision, &profile)?;
        let (engine, task) = Engine::start(EngineOptions {
            store: store.clone(),
            clock: clock.clone(),
            profile: Arc::clone(&profile),
            catalogue: Arc::new(parsed),
            catalogue_applied_at: kept.applied_at,
            routing: Routing::to_all(&[TARGET]),
            render: Arc::new(move |phrase| texts.phrase(phrase)),
            stats: Arc::default(),
            demo: false,
        })?;
        let ingest = Ingest::new(IngestOptions {
            store: store.clone(),
            clock: clock.clone(),
            stats: Arc::default(),
            catalogue: Box::new(move || Arc::clone(&engine.snapshot().catalogue)),
            nudge: Box::new(|| {}),
            reply_key: ReplyKey::generate()?,
        });
        let deliverer = Deliverer {
            store: store.clone(),
            clock: clock.clone(),
            stats: Arc::default(),
            signal: Arc::new(Notify::new()),
            sender: Arc::new(Receivers::new(&[receiver(&birth.folder, &birth.desk)?])?),
        };
        Ok(Self { store, clock, profile, task, ingest, deliverer })
    }

    fn is_now(&self, now: Timestamp) {
        self.clock.advance_ms(now.ms_since(self.clock.now()));
    }

    async fn take(&self, batch: &str) -> Result<()> {
        let acknowledged = self.ingest.take(&STANDARD.decode(batch)?).await;
        let acknowledged = acknowledged.map_err(|refusal| anyhow::anyhow!("refused: {refusal:?}"))?;
        say(&format!("ack {}", acknowledged.acknowledged_seq))
    }

    async fn step(&mut self) -> Result<()> {
        self.task.evaluate().await?;
        self.deliverer.deliver_to(TARGET).await?;
        let tickets: Vec<Seen> = self.store.read(|reader| reader.open_tickets())?.iter().map(Seen::of).collect();
        // What is confirmed is no longer open, and still to be closed.
        let confirmed = outcome::confirmed(&self.store)?;
        let all: Vec<Seen> = tickets.into_iter().chain(confirmed.iter().map(Seen::of)).collect();
        say(&format!("step {}", serde_json::to_string(&all)?))
    }

    async fn act(&mut self, number: &str, what: &str) -> Result<()> {
        let number = TicketNumber::parse(number).context("a ticket's number")?;
        let action = match what {
            "acknowledge" => TicketAction::Acknowledge,
            "cause" => TicketAction::Cause { text: "Disk penuh".into(), category: None },
            "confirm" => TicketAction::Confirm { method: "telepon".into() },
            "close" => TicketAction::Close,
            _ => bail!("no such action: {what}"),
        };
        self.task.act(number, action, "Sari").await?;
        say("act")
    }

    async fn end(&mut self) -> Result<()> {
        self.task.evaluate().await?;
        self.deliverer.deliver_to(TARGET).await?;
        let outcome = outcome::read(&self.store, &self.profile, self.clock.now())?;
        say(&format!("end {}", serde_json::to_string(&outcome)?))
    }
}
