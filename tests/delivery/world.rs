//! A collector's engine, store and sender in this process, with a clock that is driven by hand.

use anyhow::Result;
use pantau_collector::app::App;
use pantau_collector::clock::Clock;
use pantau_collector::config::profile::bangka_2025;
use pantau_collector::config::receivers::Receiver;
use pantau_collector::domain::catalogue::ServiceId;
use pantau_collector::domain::profile::{Impact, Profile};
use pantau_collector::domain::route::Routing;
use pantau_collector::domain::ticket::{ActivityText, Actor, TicketAction, TicketNumber};
use pantau_collector::engine::deliver::Deliverer;
use pantau_collector::engine::{Engine, EngineOptions, HeardElsewhere, ManualTicket};
use pantau_collector::outputs::receivers::Receivers;
use pantau_collector::outputs::receivers::follow::{self, Cursor, FollowError};
use pantau_collector::outputs::receivers::reconcile::{self, Comparison};
use pantau_collector::store::Store;
use pantau_collector::texts::{Language, Texts};
use pantau_shared::timestamp::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// 24 Nov 2026 14.05 WIB.
const START: Timestamp = Timestamp::from_secs(1_795_503_900);
/// Rounds after which a message that is still there is stuck.
const ROUNDS_MAX: usize = 400;

const SERVICES: [&str; 3] = ["simpeg", "simda", "eoffice"];

pub(crate) struct World {
    pub(crate) store: Store,
    clock: Clock,
    engine: Engine,
    profile: Arc<Profile>,
    receivers: Arc<Receivers>,
    target: String,
    _folder: tempfile::TempDir,
    _stop: watch::Sender<bool>,
}

impl World {
    /// An office with three services and one receiver.
    pub(crate) fn new(receiver: Receiver) -> Result<Self> {
        Self::starting(START, receiver)
    }

    /// The same, beginning now: for receivers that look at a clock of their own.
    pub(crate) fn at_this_moment(receiver: Receiver) -> Result<Self> {
        Self::starting(Clock::system().now(), receiver)
    }

    fn starting(start: Timestamp, receiver: Receiver) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let store = Store::open(&folder.path().join("pantau.db"), start)?;
        let (clock, profile) = (Clock::manual(start), Arc::new(bangka_2025()));
        let texts = Texts::new(Language::Id, profile.time_zone);
        let text: String = SERVICES
            .iter()
            .map(|id| {
                format!(
                    "[[layanan]]\nid = \"{id}\"\nnama = \"{id}\"\ndeskripsi = \"d\"\npenyedia = \"Diskominfo\"\ncara_akses = \"a\"\n\
                     kontak_bantuan = \"k\"\nwaktu_bantuan = \"w\"\nkelompok = \"publik\"\nklasifikasi = \"kritis\"\n"
                )
            })
            .collect();
        let catalogue = pantau_collector::config::catalogue::parse("uji", &text, 1, &bangka_2025())?;
        let (engine, task) = Engine::start(EngineOptions {
            store: store.clone(),
            clock: clock.clone(),
            profile: Arc::clone(&profile),
            catalogue: Arc::new(catalogue),
            catalogue_applied_at: start,
            routing: Routing::to_all(&[&receiver.name]),
            render: Arc::new(move |phrase| texts.phrase(phrase)),
            stats: Arc::default(),
            demo: false,
        })?;
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(task.run(stopped));
        let target = receiver.name.clone();
        let receivers = Arc::new(Receivers::new(&[receiver])?);
        Ok(Self { store, clock, engine, profile, receivers, target, _folder: folder, _stop: stop })
    }

    /// A person reports one for each service.
    pub(crate) async fn open_all(&self) -> Result<Vec<TicketNumber>> {
        let mut numbers = Vec::new();
        for id in SERVICES {
            let manual = ManualTicket {
                reporter: "Bagian Umum".into(),
                reporting_method: "telepon".into(),
                symptom: "Tidak dapat masuk".into(),
                impact: Impact::Mayor,
                service: ServiceId::parse(id)?,
                category: "aplikasi".into(),
                details: pantau_collector::engine::ReportDetails::default(),
            };
            numbers.push(self.engine.open_ticket(manual, "Sari".into()).await?.number);
        }
        Ok(numbers)
    }

    /// From the first answer to the closing.
    pub(crate) async fn end(&self, number: TicketNumber) -> Result<()> {
        let actions = [
            TicketAction::Acknowledge,
            TicketAction::Confirm { method: "telepon".into() },
            TicketAction::Cause { text: "Disk penuh".into(), category: None },
            TicketAction::Close,
        ];
        for action in actions {
            self.engine.act_on_ticket(number, action, "Sari".into()).await?;
        }
        Ok(())
    }

    /// A look at what others changed at the help desk; repeated while it fails, as the next look would be.
    pub(crate) async fn follow(&self, cursor: &mut Cursor) -> Result<HeardElsewhere> {
        let app = self.app();
        for _ in 0..ROUNDS_MAX {
            // What was told at this very moment cannot be told from what is heard.
            self.clock.advance_ms(1_000);
            match follow::follow(&app, &self.target, cursor).await {
                Ok(heard) if heard.busy == 0 => return Ok(heard),
                Ok(_) | Err(FollowError::Desk(_)) => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(error) => return Err(error.into()),
            }
        }
        anyhow::bail!("the help desk never answered")
    }

    /// A person does something.
    pub(crate) async fn act(&self, number: TicketNumber, action: TicketAction) -> Result<()> {
        self.engine.act_on_ticket(number, action, "Sari".into()).await?;
        Ok(())
    }

    /// What the log tells of help desks, in order, in words.
    pub(crate) fn elsewhere(&self, number: TicketNumber) -> Result<Vec<String>> {
        let texts = Texts::new(Language::Id, self.profile.time_zone);
        let entries = self.store.read(|reader| reader.activities(number))?;
        let heard = entries.into_iter().filter(|entry| entry.kind == "elsewhere");
        let words = heard.map(|entry| match (entry.actor, entry.text) {
            (Actor::System, ActivityText::Phrase(phrase)) => Ok(texts.phrase(&phrase)),
            (actor, text) => Err(anyhow::anyhow!("{actor:?} {text:?}")),
        });
        words.collect()
    }

    fn app(&self) -> App {
        App {
            clock: self.clock.clone(),
            store: self.store.clone(),
            engine: self.engine.clone(),
            profile: Arc::clone(&self.profile),
            stats: Arc::default(),
            own_backup: Default::default(),
            receivers: Arc::clone(&self.receivers),
            tls: false,
        }
    }

    /// Asks the help desk how every ticket stands there.
    pub(crate) async fn compare(&self) -> Result<Comparison> {
        let app = self.app();
        reconcile::compare(&app).await?;
        Ok(self.receivers.comparison.get())
    }

    /// One round of the sender; how many messages were taken.
    pub(crate) async fn deliver_once(&self) -> Result<usize> {
        Ok(self.deliverer().deliver_to(&self.target).await?)
    }

    fn deliverer(&self) -> Deliverer<Arc<Receivers>> {
        Deliverer {
            store: self.store.clone(),
            clock: self.clock.clone(),
            stats: Arc::default(),
            signal: Arc::new(Notify::new()),
            sender: Arc::clone(&self.receivers),
        }
    }

    /// Delivers until nothing waits. With `cut_ms`, every second round is killed after so many milliseconds of sending,
    /// between any two instructions.
    pub(crate) async fn deliver_all(&self, mut cut_ms: impl FnMut() -> u64) -> Result<()> {
        for round in 0..ROUNDS_MAX {
            let deliverer = self.deliverer();
            let work = deliverer.deliver_to(&self.target);
            if round % 2 == 1 {
                // A time-out drops the work where it is.
                drop(tokio::time::timeout(Duration::from_millis(cut_ms()), work).await);
            } else {
                work.await?;
            }
            if self.store.read(|reader| reader.outbox_view())?.pending == 0 {
                return Ok(());
            }
            // What the server still does for a client that has gone is done before the next try, as with real pauses.
            tokio::time::sleep(Duration::from_millis(40)).await;
            self.clock.advance_ms(if round == 0 { 0 } else { 400_000 });
        }
        anyhow::bail!("messages are stuck: {:?}", self.store.read(|reader| reader.outbox(None, 9))?)
    }
}
