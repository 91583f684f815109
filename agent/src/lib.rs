//! Watches one server: samples its kernel, asks services, looks at backups; keeps what it saw in a spool and sends it to
//! the collector. The agent observes, the collector judges: no target, calendar or opinion is in here, and nothing the
//! collector sends is ever run.
//!
//! ```text
//! schedule → sampler / probes / backups → spool → transport ⇄ collector
//!                    └→ newest readings → /metrics           └→ assignment → schedule
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`clock`] | the only reader of the clock, and one that tests drive |
//! | [`config`] | the configuration file: all its errors at once, its generated reference |
//! | `identity` | this host's key, and joining |
//! | `facts` | what this machine is, told once |
//! | `schedule` | pure: when the next asking is due |
//! | `rounds` | the loops that observe |
//! | `sampler` | kernel files → one sample |
//! | `probes` | asking a service once, a file for each kind |
//! | [`doctor`] | `doctor`: what works here, what is missing, how to mend it |
//! | `local_checks` | checks of this host's own file |
//! | [`backups`] | looking at a backup set |
//! | [`backup_run`] | `backup-run`: running a command and recording when and how it ended |
//! | [`run_file`] | that record on its way to the agent |
//! | `spool` | the durable queue between observing and sending |
//! | `transport` | signed batches to the collector over HTTPS or a broker, acknowledgements and assignments back |
//! | `tls` | whom a connection trusts |
//! | `assignment_file` | the assignment kept for a start without collector |
//! | `metrics` | `/metrics` on loopback: the newest readings under the field's usual names |
//! | `self_stats` | the agent's own counters |
//! | `state` | what the loops share |
//!
//! Invariants: every observation goes through the spool; what was acknowledged is never sent again under another number;
//! no loop waits for another; nothing here needs privileges.
//!
#![doc = include_str!("../FOOTPRINT.md")]

mod assignment_file;
pub mod backup_run;
pub mod backups;
pub mod clock;
pub mod config;
pub mod doctor;
mod facts;
mod identity;
mod local_checks;
mod metrics;
mod probes;
mod rounds;
pub mod run_file;
mod sampler;
mod schedule;
mod self_stats;
mod spool;
mod state;
mod tls;
mod transport;

pub use identity::{Identity, IdentityError, JoinError, join};
pub use local_checks::LocalProbes;
pub use probes::ProbeSite;
pub use sampler::Roots;
pub use spool::SpoolError;
pub use state::Liveness;
pub use tls::{Trust, client_config};
pub use transport::broker::BrokerError;
pub use transport::client::ClientError;
pub use transport::road::{BrokerSettings, RoadSettings};

use backups::{Access, Looker};
use clock::Clock;
use pantau_shared::assignment::BackupWatch;
use pantau_shared::backup::BackupObservation;
use pantau_shared::envelope::{AgentStarted, ObservationBody};
use pantau_shared::probe::ProbeOutcome;
use pantau_shared::sample::Sample;
use ring::rand::{SecureRandom, SystemRandom};
use serde::Serialize;
use spool::Limits;
use spool::lanes::Lanes;
use state::State;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use transport::broker::Link;
use transport::client::Client;
use transport::road::Road;

/// Default cap of the spool: 256 MiB, more than a month of samples.
pub const SPOOL_BYTES_DEFAULT: u64 = 256 * 1024 * 1024;

/// Default age cap of the spool: 30 days.
pub const SPOOL_AGE_DEFAULT: Duration = Duration::from_secs(30 * 24 * 3600);

/// Default sampling period: 10 s. An assignment may set another.
pub const SAMPLE_PERIOD_DEFAULT: Duration = Duration::from_secs(10);

/// Everything an agent needs to run. Build with [`Settings::new`] and change what differs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Key, identity, assignment and spool live here.
    pub data_dir: PathBuf,
    /// Whose observations these are, and where they go.
    pub identity: Identity,
    /// How they get there.
    pub road: RoadSettings,
    /// Sampling period until an assignment names one; 1 to 300 s.
    pub sample_period: Duration,
    /// Where `/metrics` is served; `None` serves none.
    pub metrics_listen: Option<SocketAddr>,
    /// Most bytes the spool may take; at least 1 MiB is sensible.
    pub spool_bytes_max: u64,
    /// Oldest observation kept in the spool.
    pub spool_age_max: Duration,
    /// Where the kernel's files are.
    pub roots: Roots,
    /// What may be done to look at backups.
    pub backups: Access,
    /// Checks of this host's own, and what its owner permits all of them.
    pub probes: LocalProbes,
    /// Signs of life; keep a clone to feed a watchdog.
    pub liveness: Arc<Liveness>,
}

impl Settings {
    /// Settings with the defaults: 10 s, 256 MiB, 30 days, no `/metrics`.
    pub fn new(data_dir: impl Into<PathBuf>, identity: Identity) -> Self {
        let data_dir = data_dir.into();
        Self {
            backups: Access::below(&data_dir),
            data_dir,
            identity,
            road: RoadSettings::Https,
            sample_period: SAMPLE_PERIOD_DEFAULT,
            metrics_listen: None,
            spool_bytes_max: SPOOL_BYTES_DEFAULT,
            spool_age_max: SPOOL_AGE_DEFAULT,
            roots: Roots::default(),
            probes: LocalProbes::default(),
            liveness: Arc::default(),
        }
    }
}

/// Why an agent cannot run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Key or identity cannot be read.
    #[error("cannot use the identity of this host")]
    Identity(#[from] IdentityError),
    /// The collector's URL or trust cannot be used.
    #[error("cannot talk to the collector")]
    Client(#[from] ClientError),
    /// The broker's URL, trust or login cannot be used.
    #[error("cannot talk to the broker")]
    Broker(#[from] BrokerError),
    /// The spool cannot be opened.
    #[error("cannot open the spool")]
    Spool(#[from] SpoolError),
    /// The system gives no random numbers.
    #[error("cannot name the spool: the system gives no random numbers")]
    Random,
    /// `/metrics` cannot listen.
    #[error(
        "cannot listen on {address} for /metrics (is another agent running? set metrics.listen or metrics.enabled = false)"
    )]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// A loop ended that should run until shutdown.
    #[error("the {name} loop ended unexpectedly")]
    LoopEnded {
        /// Which.
        name: &'static str,
    },
    /// A loop broke off.
    #[error("a loop of the agent broke off")]
    LoopBroke(#[source] tokio::task::JoinError),
}

/// Runs an agent until `shutdown` turns true. Works on any tokio runtime with time and I/O.
///
/// # Errors
/// When it cannot start, or a loop ends by itself. A collector that does not answer is no error.
pub async fn run(settings: Settings, clock: Clock, shutdown: watch::Receiver<bool>) -> Result<(), RunError> {
    let key = identity::load_key(&settings.data_dir)?;
    let boot_id = facts::read_boot_id(&settings.roots.proc_root);
    let spool = open_spool(&settings, &boot_id)?;
    let listener = match settings.metrics_listen {
        Some(address) => Some(metrics::bind(address).await?),
        None => None,
    };
    let looker = Looker::new(&settings.backups, clock.clone());
    backups::prepare(&settings.backups);
    let assignment = assignment_file::load(&settings.data_dir).unwrap_or_default();
    let liveness = Arc::clone(&settings.liveness);
    let road = open_road(&settings)?;
    let state = Arc::new(State::new(clock, settings.data_dir.clone(), boot_id, spool, liveness, assignment));
    let facts = facts::read_facts();
    state.record(ObservationBody::Started(facts.clone()));
    tracing::info!(host = %settings.identity.host, collector = settings.identity.collector_url, "agent started");

    let period_ms = u32::try_from(settings.sample_period.as_millis()).unwrap_or(u32::MAX).clamp(1000, 300_000);
    let sampler = sampler::Sampler::new(settings.roots.clone());
    let mut loops = JoinSet::new();
    let sampling = rounds::run_sampling(Arc::clone(&state), sampler, period_ms, shutdown.clone());
    loops.spawn(named("sampling", sampling));
    loops.spawn(named("check", rounds::run_checks(Arc::clone(&state), settings.probes.clone(), shutdown.clone())));
    loops.spawn(named("backup", rounds::run_backups(Arc::clone(&state), looker, shutdown.clone())));
    let sending = transport::run(Arc::clone(&state), settings.identity.clone(), key, road, shutdown.clone());
    loops.spawn(named("transport", sending));
    if let Some(listener) = listener {
        let machine = metrics::Machine { facts, roots: settings.roots.clone() };
        loops.spawn(named("metrics", metrics::run(Arc::clone(&state), machine, listener, shutdown.clone())));
    }
    let ended = join_loops(loops, &shutdown).await;
    tracing::info!("agent stopped");
    ended
}

async fn named(name: &'static str, work: impl Future<Output = ()>) -> &'static str {
    work.await;
    name
}

/// Waits for all loops. The first that ends before shutdown ends the others.
async fn join_loops(mut loops: JoinSet<&'static str>, shutdown: &watch::Receiver<bool>) -> Result<(), RunError> {
    while let Some(ended) = loops.join_next().await {
        // A dropped sender asks for an end as well.
        let asked = *shutdown.borrow() || shutdown.has_changed().is_err();
        let name = ended.map_err(RunError::LoopBroke)?;
        if !asked {
            return Err(RunError::LoopEnded { name });
        }
    }
    Ok(())
}

fn open_road(settings: &Settings) -> Result<Road, RunError> {
    let identity = &settings.identity;
    Ok(match &settings.road {
        RoadSettings::Https => Road::Https(Client::new(&identity.collector_url, identity.pin)?),
        RoadSettings::Broker(broker) => Road::Broker(Box::new(Link::start(broker, identity, &settings.data_dir)?)),
    })
}

fn open_spool(settings: &Settings, boot_id: &str) -> Result<Lanes, RunError> {
    let mut streams = [[0; 16]; 2];
    for stream in &mut streams {
        SystemRandom::new().fill(stream).map_err(|_| RunError::Random)?;
    }
    let age_max_ms = u64::try_from(settings.spool_age_max.as_millis()).unwrap_or(u64::MAX);
    let limits = Limits { bytes_max: settings.spool_bytes_max, age_max_ms };
    Ok(Lanes::open(&settings.data_dir.join("spool"), limits, boot_id, streams)?)
}

/// What one look at everything shows.
#[derive(Debug, Serialize)]
pub struct Once {
    /// The machine.
    pub host: AgentStarted,
    /// One sample.
    pub sample: Sample,
    /// Every assigned check, asked once.
    pub probes: Vec<ProbeOutcome>,
    /// Every assigned backup set, looked at once.
    pub backups: Vec<BackupObservation>,
}

/// Looks at one backup set once, as far as `access` goes. Sends nothing.
pub async fn look_at(set: &BackupWatch, access: &Access, clock: &Clock) -> BackupObservation {
    Looker::new(access, clock.clone()).inspect(set).await
}

/// Looks at everything once: a sample, all checks and backup sets of the assignment kept in `data_dir`, and
/// the checks of this host's own file. Sends nothing
/// and writes nothing; works beside a running agent and on a host that has not joined.
pub async fn once(data_dir: &Path, roots: Roots, access: &Access, local: &LocalProbes, clock: &Clock) -> Once {
    let assignment = assignment_file::load(data_dir).unwrap_or_default();
    let sample = sampler::Sampler::new(roots).sample_whole(clock.boot_ms()).await;
    let probes = rounds::probe_all(clock, local, &assignment).await;
    let mut looks = Vec::with_capacity(assignment.backups.len());
    // Another user's cache would be in the running agent's way.
    let access = Access { cache_dir: None, ..access.clone() };
    for set in &assignment.backups {
        looks.push(look_at(set, &access, clock).await);
    }
    Once { host: facts::read_facts(), sample, probes, backups: looks }
}
