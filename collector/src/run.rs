//! Wiring: from a checked configuration to a running collector, and back to nothing in order.
//!
//! Order of starting: listeners are bound (a taken port ends it before anything is touched), the store is opened and
//! migrated, the catalogue is applied, the engine rebuilds its state, then everything runs. Order of stopping: no new
//! requests, then engine, delivery and housekeeping, then the store.

use crate::admin::{self, AdminContext};
use crate::app::App;
use crate::clock::Clock;
use crate::closing;
use crate::config::settings::{Settings, TlsChoice};
use crate::domain::profile::Profile;
use crate::engine::deliver::Deliverer;
use crate::engine::{Engine, EngineOptions, EngineTask};
use crate::ingest::broker::{self, Broker};
use crate::ingest::front::Front;
use crate::ingest::replies::ReplyKey;
use crate::ingest::{Ingest, IngestOptions};
use crate::opening::{load_profile, open_tls, own_folder, read_catalogue};
use crate::outputs::receivers::{self, Receivers};
use crate::outputs::{api, health, metrics, ping, web};
use crate::own_backup::progress::Bar;
use crate::own_backup::{OwnBackup, schedule};
use crate::retention;
use crate::revising::{self, InForce};
use crate::self_stats::SelfStats;
use crate::server::{Listen, Server};
use crate::service_period;
use crate::shutdown::stopped;
use crate::space_watch;
use crate::store::Store;
use crate::texts::{Language, Texts};
use crate::tls::Tls;
use anyhow::{Context, Result};
use axum::Router;
use pantau_shared::timestamp::Timestamp;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How often systemd's watchdog is fed, while the loops are alive.
const WATCHDOG: Duration = Duration::from_secs(10);

/// A collector that is wired and bound, but not yet running.
#[derive(Debug)]
pub struct Collector {
    /// Its parts.
    pub app: App,
    /// What join tokens pin.
    pub pin: Option<[u8; 32]>,
    settings: Settings,
    server: Server,
    tls: Option<Tls>,
    ingest: Arc<Ingest>,
    broker: Option<Broker>,
    engine: EngineTask,
}

/// The catalogue in force once the configured file was looked at.
async fn take_catalogue(settings: &Settings, profile: &Profile, store: &Store, now: Timestamp) -> Result<InForce> {
    let text = read_catalogue(&settings.catalogue)?;
    revising::take_file(store, profile, &settings.catalogue.display().to_string(), &text, now).await
}

impl Collector {
    /// Binds, opens, migrates, rebuilds.
    ///
    /// # Errors
    /// In words that name the remedy.
    pub async fn start(settings: Settings, clock: Clock, demo: bool) -> Result<Self> {
        let tls_on = settings.tls != TlsChoice::Off;
        std::fs::create_dir_all(&settings.data_dir)
            .with_context(|| format!("cannot make the data folder `{}`", settings.data_dir.display()))?;
        own_folder(&settings.data_dir)?;
        let tls = open_tls(&settings, clock.now())?;
        let listen = |address: &SocketAddr| match &tls {
            None => Listen::Plain(*address),
            Some(tls) => Listen::Tls(*address, tls.config()),
        };
        let server = Server::bind(&settings.listen.iter().map(listen).collect::<Vec<_>>())?;
        let store = open_store(&settings, clock.now())?;
        let profile = Arc::new(load_profile(&settings)?);
        let InForce { catalogue, applied_at } = take_catalogue(&settings, &profile, &store, clock.now()).await?;
        let receivers = Arc::new(Receivers::new(&settings.receivers)?);
        let stats = Arc::new(SelfStats::default());
        let texts = Texts::new(Language::Id, profile.time_zone);
        let (engine, task) = Engine::start(EngineOptions {
            store: store.clone(),
            clock: clock.clone(),
            profile: Arc::clone(&profile),
            catalogue: Arc::new(catalogue),
            catalogue_applied_at: applied_at,
            routing: settings.routing.clone(),
            render: Arc::new(move |phrase| texts.phrase(phrase)),
            stats: Arc::clone(&stats),
            demo,
        })?;
        let own_backup = OwnBackup::default();
        let app = App { clock, store, engine, profile, stats, own_backup, receivers, tls: tls_on };
        let pin = tls.as_ref().map(Tls::pin);
        let broker = settings.broker.as_ref().map(Broker::new).transpose()?;
        let ingest = intake(&app, ReplyKey::of(&app.store).await?);
        Ok(Self { app, pin, settings, server, tls, ingest, broker, engine: task })
    }

    /// Runs until `shutdown`, or until a part fails.
    ///
    /// # Errors
    /// The part that failed.
    pub async fn run(self, shutdown: watch::Receiver<bool>) -> Result<()> {
        let Self { app, pin, settings, server, tls, ingest, broker, engine } = self;
        let deliverer = Deliverer {
            store: app.store.clone(),
            clock: app.clock.clone(),
            stats: Arc::clone(&app.stats),
            signal: app.engine.outbox_signal(),
            sender: Arc::clone(&app.receivers),
        };
        // Parts behind the listeners stop after them: a request in flight still finds its engine.
        let (stop_inner, inner) = watch::channel(false);
        let mut parts: JoinSet<(&str, Result<()>)> = JoinSet::new();
        parts.spawn(endless("engine", engine.run(inner.clone())));
        parts.spawn(endless("delivery", deliverer.run(inner.clone())));
        for (name, watcher) in receivers::watchers(&app, &settings.receivers, &inner)? {
            parts.spawn(endless(name, watcher));
        }
        parts.spawn(endless("closing", closing::run(app.clone(), inner.clone())));
        parts.spawn(endless("retention", retention::run(app.clone(), settings.retention, inner.clone())));
        parts.spawn(endless("roll-ups", service_period::run(app.clone(), inner.clone())));
        parts.spawn(endless("disk", space_watch::run(app.clone(), settings.clone(), inner.clone())));
        parts.spawn(endless("watchdog", feed_watchdog(app.clone(), inner.clone())));
        parts.spawn(endless("own backup", schedule::run(app.clone(), settings.clone(), inner.clone())));
        parts.spawn(endless("store check", schedule::check_after_unclean_end(app.clone(), inner.clone())));
        if let Some(broker) = broker {
            parts.spawn(endless("broker", broker::run(Arc::clone(&ingest), broker, inner.clone())));
        }
        if let Some(tls) = tls {
            parts.spawn(endless("certificate", tls.run(app.clock.clone(), inner.clone())));
        }
        let context = AdminContext { profile: Arc::clone(&app.profile), pin, engine: Some(app.engine.clone()) };
        let socket = admin::serve(settings.clone(), app.store.clone(), context, app.clock.clone(), inner.clone());
        parts.spawn(async move { ("admin socket", socket.await) });
        let reloading = reload(app.clone(), settings, inner);
        parts.spawn(async move { ("reload", reloading.await) });
        let stats = Arc::clone(&app.stats);
        let serving = server.run(Front::new(Arc::clone(&ingest), router(app, &ingest)), stats, shutdown);
        tokio::pin!(serving);
        sd_notify::notify(&[sd_notify::NotifyState::Ready]).ok();
        let mut result = tokio::select! {
            ended = &mut serving => ended.map_err(Into::into),
            Some(ended) = parts.join_next() => Err(failure(ended)),
        };
        sd_notify::notify(&[sd_notify::NotifyState::Stopping]).ok();
        stop_inner.send_replace(true);
        while let Some(ended) = parts.join_next().await {
            let part = ended.map_err(anyhow::Error::from).and_then(|(name, ended)| ended.context(name));
            result = result.and(part);
        }
        result
    }
}

/// Opens it; on a terminal a bar tells of the copy that is made before an older schema is changed.
fn open_store(settings: &Settings, now: Timestamp) -> Result<Store> {
    let bar = Bar::new(["copying the store before its schema changes", "checking the copy", "hashing the copy"]);
    Ok(Store::open_telling(&settings.store_file(), now, &mut |progress| bar.tell(progress))?)
}

/// A part that cannot fail, with its name.
async fn endless(name: &'static str, part: impl Future<Output = ()>) -> (&'static str, Result<()>) {
    part.await;
    (name, Ok(()))
}

/// A part that ends before it is told to is a failure, whatever it says.
fn failure(ended: Result<(&str, Result<()>), tokio::task::JoinError>) -> anyhow::Error {
    match ended {
        Ok((name, Ok(()))) => anyhow::anyhow!("{name} ended by itself"),
        Ok((name, Err(error))) => error.context(format!("{name} failed")),
        Err(error) => anyhow::Error::from(error).context("a part panicked"),
    }
}

fn intake(app: &App, reply_key: ReplyKey) -> Arc<Ingest> {
    let (snapshots, nudged) = (app.engine.clone(), app.engine.clone());
    Ingest::new(IngestOptions {
        store: app.store.clone(),
        clock: app.clock.clone(),
        stats: Arc::clone(&app.stats),
        reply_key,
        catalogue: Box::new(move || Arc::clone(&snapshots.snapshot().catalogue)),
        nudge: Box::new(move || nudged.nudge()),
    })
}

/// Everything that answers.
fn router(app: App, ingest: &Arc<Ingest>) -> Router {
    Router::new()
        .merge(ingest.router())
        .merge(api::router(app.clone()))
        .merge(metrics::router(app.clone()))
        .merge(health::router(app.clone()))
        .merge(ping::router(app.clone()))
        .merge(web::router(app))
}

/// Tells systemd that the collector lives, as long as store and engine answer.
async fn feed_watchdog(app: App, mut stop: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(WATCHDOG);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = stopped(&mut stop) => return,
        }
        match health::alive(&app).await {
            Ok(()) => drop(sd_notify::notify(&[sd_notify::NotifyState::Watchdog])),
            // A new start mends no page: it would only come back here, again and again.
            Err(_) if app.store.damage().is_some() => drop(sd_notify::notify(&[sd_notify::NotifyState::Watchdog])),
            Err(reason) => tracing::warn!(%reason, "not ready: the watchdog is not fed"),
        }
    }
}

/// `SIGHUP` applies the catalogue's file again.
async fn reload(app: App, settings: Settings, mut stop: watch::Receiver<bool>) -> Result<()> {
    let mut hangup = signal(SignalKind::hangup()).context("cannot listen for SIGHUP")?;
    loop {
        tokio::select! {
            _ = hangup.recv() => match reapply(&app, &settings).await {
                Ok(revision) => tracing::info!(revision, "catalogue applied"),
                Err(error) => {
                    let error = format!("{error:#}");
                    tracing::error!(error, "catalogue refused; the one before stays in force");
                }
            },
            () = stopped(&mut stop) => return Ok(()),
        }
    }
}

async fn reapply(app: &App, settings: &Settings) -> Result<u32> {
    let InForce { catalogue, applied_at } = take_catalogue(settings, &app.profile, &app.store, app.clock.now()).await?;
    let revision = catalogue.revision;
    app.engine.apply_catalogue(Arc::new(catalogue), applied_at).await?;
    Ok(revision)
}
