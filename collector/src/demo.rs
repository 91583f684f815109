//! A simulated office: sixty days of a regency's services, made by the same rules that judge real data.
//!
//! ```text
//! scenario (pure) -> observations -> the store's one way in -> engine with a driven clock -> ledger, tickets
//!                                    people (pure) act on tickets ----^
//! ```
//!
//! No ledger row, ticket or figure is written by hand. The past is walked in small steps where something happens and in
//! large ones elsewhere. The setting [`MARK`] says whether a folder holds simulated data, and since when they are whole:
//! a half-made office is made anew, real data are never touched. While the program runs, the hosts keep living.

mod continuity;
mod people;
mod readings;
mod scenario;

use crate::app::App;
use crate::clock::Clock;
use crate::config::catalogue;
use crate::config::settings::Settings;
use crate::domain::catalogue::Catalogue;
use crate::domain::interval::Interval;
use crate::domain::profile::Profile;
use crate::domain::ticket::{Ticket, TicketNumber, TicketState};
use crate::engine::{BackupCommand, CommandError, Engine, EngineOptions, EngineTask};
use crate::self_stats::SelfStats;
use crate::store::records::{HostKey, JoinTokenRecord, ReceivedBatch};
use crate::store::{Store, StoreError};
use crate::texts::{Language, Texts};
use anyhow::{Context, Result, bail};
use pantau_shared::envelope::{Observation, ObservationBody};
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;
use readings::Machine;
use scenario::{Scenario, Trouble, draw};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The demo's catalogue, written into its folder at the first start.
pub(crate) const CATALOGUE: &str = include_str!("../../config/catalogue.demo.toml");
/// The setting that marks a store of simulated data: `making`, then the end of the past in Unix milliseconds.
const MARK: &str = "demo";
const MAKING: &str = "making";
const SEED: u64 = 21;
/// How much past is made.
pub(crate) const DAYS: u32 = 60;

const PROBE_MS: i64 = 120_000;
const SAMPLE_MS: i64 = 300_000;
const LOOK_MS: i64 = 3_600_000;
/// Steps of the past where something happens, and elsewhere; both are multiples of [`PROBE_MS`].
const FINE_MS: i64 = 240_000;
const COARSE_MS: i64 = 3_600_000;
/// The hosts of the running demo are heard this often.
const LIVE: Duration = Duration::from_secs(15);

/// Whether the store holds simulated data, whole or half-made.
///
/// # Errors
/// The store's.
pub fn is_simulated(store: &Store) -> Result<bool, StoreError> {
    Ok(store.read(|reader| reader.setting(MARK))?.is_some())
}

/// The simulated agents and what is known of each.
#[derive(Debug)]
struct Office {
    scenario: Scenario,
    catalogue: Arc<Catalogue>,
    agents: Vec<Agent>,
}

#[derive(Debug)]
struct Agent {
    machine: Machine,
    stream: Vec<u8>,
    seq: u64,
}

impl Office {
    fn new(scenario: Scenario, catalogue: Arc<Catalogue>, begun: Timestamp) -> Self {
        let hosts = (0_u64..).zip(catalogue.host_names.keys().cloned());
        let agents = hosts
            .map(|(index, host)| {
                // A stream of its own per start, as a new spool has.
                let half = |part| draw(SEED, &[index, begun.as_ms().unsigned_abs(), part]).to_be_bytes();
                Agent { machine: Machine::new(index, host), stream: [half(0), half(1)].concat(), seq: 0 }
            })
            .collect();
        Self { scenario, catalogue, agents }
    }

    /// Everything the agents observe in `window`, each as one batch received at its end. `live`: checks and
    /// readings once, at its end.
    fn batches(&mut self, window: Interval, live: bool) -> Vec<ReceivedBatch> {
        let (scenario, catalogue) = (&self.scenario, &self.catalogue);
        let mut out = Vec::new();
        for agent in &mut self.agents {
            let host = agent.machine.host.clone();
            let mut seen: Vec<(Timestamp, ObservationBody)> = Vec::new();
            let is_away = |at| scenario.trouble(host.as_str(), at) == Some(Trouble::Away);
            for at in moments(window, PROBE_MS, live).filter(|at| !is_away(*at)) {
                seen.extend(readings::probes(scenario, catalogue, &host, at).into_iter().map(|body| (at, body)));
            }
            for at in moments(window, SAMPLE_MS, live).filter(|at| !is_away(*at)) {
                seen.push((at, agent.machine.sample(scenario, at)));
            }
            for at in moments(window, LOOK_MS, false).filter(|at| !is_away(*at)) {
                seen.extend(readings::looks(scenario, catalogue, &host, at).into_iter().map(|body| (at, body)));
            }
            if seen.is_empty() {
                continue;
            }
            let observations = seen.into_iter().map(|(at, body)| {
                agent.seq += 1;
                (at, Observation { seq: agent.seq, at_ms: at.as_ms(), age_ms: None, body: Some(body) })
            });
            out.push(ReceivedBatch {
                host,
                stream: agent.stream.clone(),
                boot_id: "simulasi".to_owned(),
                received_at: window.to,
                observations: observations.collect(),
            });
        }
        out
    }
}

/// The multiples of `every` in `(from, to]`; when live, only the end.
fn moments(window: Interval, every: i64, live: bool) -> impl Iterator<Item = Timestamp> {
    let (from, to) = (window.from.as_ms(), window.to.as_ms());
    let first = if live { to } else { (from.div_euclid(every) + 1) * every };
    (first..=to).step_by(usize::try_from(every).unwrap_or(usize::MAX)).map(Timestamp::from_ms)
}

/// Makes an office with `days` of past in the folder of `settings` if it is not there; gives the end of its past.
///
/// # Errors
/// The folder holds real data; files; the store.
pub async fn prepare(settings: &Settings, profile: &Arc<Profile>, now: Timestamp, days: u32) -> Result<Timestamp> {
    let path = settings.store_file();
    if path.exists() {
        let store = Store::open(&path, now)?;
        let mark = store.read(|reader| reader.setting(MARK))?;
        match mark.as_deref().map(str::parse::<i64>) {
            Some(Ok(end)) => return Ok(Timestamp::from_ms(end)),
            Some(Err(_)) => {}
            None if store.read(|reader| Ok(reader.hosts()?.is_empty() && !reader.users_exist()?))? => {}
            None => bail!("`{}` holds real data; choose another folder with --data-dir", path.display()),
        }
        drop(store);
        for ending in ["db", "db-wal", "db-shm"] {
            let file = path.with_extension(ending);
            if file.exists() {
                std::fs::remove_file(&file).with_context(|| format!("cannot remove `{}`", file.display()))?;
            }
        }
    }
    let store = Store::open(&path, now)?;
    store.write(|writer| writer.save_setting(MARK, MAKING)).await?;
    let bar = indicatif::ProgressBar::new(u64::from(days));
    if let Ok(style) = indicatif::ProgressStyle::with_template("  {msg} [{bar:30}] {pos}/{len} hari") {
        bar.set_style(style);
    }
    bar.set_message("Membuat kantor simulasi (simulating an office)");
    let end = generate(&store, profile, SEED, now, days, |day| bar.set_position(day)).await?;
    bar.finish_and_clear();
    store.write(move |writer| writer.save_setting(MARK, &end.as_ms().to_string())).await?;
    Ok(end)
}

/// Walks the past up to `now`, cut to the period of the checks; gives its end. `tell` hears of every day.
async fn generate(
    store: &Store,
    profile: &Arc<Profile>,
    seed: u64,
    now: Timestamp,
    days: u32,
    tell: impl Fn(u64),
) -> Result<Timestamp> {
    let end = Timestamp::from_ms(now.as_ms().div_euclid(PROBE_MS) * PROBE_MS);
    let scenario = Scenario::new(seed, end, days);
    let start = scenario.start;
    let revision = store.write(move |writer| writer.save_catalogue(CATALOGUE, start)).await?;
    let catalogue = Arc::new(catalogue::parse("catalogue.toml", CATALOGUE, revision, profile)?);
    for (index, host) in (0_u8..).zip(catalogue.host_names.keys().cloned()) {
        enrol(store, index, host, start).await?;
    }
    let clock = Clock::manual(start);
    let texts = Texts::new(Language::Id, profile.time_zone);
    let (_engine, mut task) = Engine::start(EngineOptions {
        store: store.clone(),
        clock: clock.clone(),
        profile: Arc::clone(profile),
        catalogue: Arc::clone(&catalogue),
        catalogue_applied_at: start,
        routing: crate::domain::route::Routing::default(),
        render: Arc::new(move |phrase| texts.phrase(phrase)),
        stats: Arc::new(SelfStats::default()),
        demo: true,
    })?;
    let mut office = Office::new(scenario, catalogue, start);
    let (job, key) = (continuity::job()?, crate::auth::random_token(16)?);
    task.backup_command(BackupCommand::Key { set: job.clone(), key, actor: "dian".to_owned() }).await?;
    let mut desk = BTreeMap::new();
    let mut at = start;
    while at < end {
        let coarse = Interval::new(at, at.plus_ms(COARSE_MS));
        let lively = desk.values().any(|ticket| people::is_lively(ticket, end));
        let step = if lively || office.scenario.is_busy(coarse) { FINE_MS } else { COARSE_MS };
        let next = at.plus_ms(step).min(end);
        accept(store, office.batches(Interval::new(at, next), false)).await?;
        clock.advance_ms(next.ms_since(at));
        for signal in continuity::signals(Interval::new(at, next)) {
            task.backup_command(BackupCommand::Signal { set: job.clone(), signal }).await?;
        }
        task.evaluate().await?;
        work(store, &mut task, &mut desk, next, end).await?;
        at = next;
        tell(at.ms_since(start).unsigned_abs() / 86_400_000);
    }
    let entry = Box::new(continuity::drill(end)?);
    task.backup_command(BackupCommand::Recover { entry }).await?;
    Ok(end)
}

/// Binds a generated key to a host, by a join token as a real host does.
async fn enrol(store: &Store, index: u8, host: HostId, now: Timestamp) -> Result<()> {
    let secret_hash = [index; 32];
    let pair = ring::signature::Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new())
        .ok()
        .and_then(|document| ring::signature::Ed25519KeyPair::from_pkcs8(document.as_ref()).ok())
        .context("cannot make a key for a simulated host")?;
    let public_key = ring::signature::KeyPair::public_key(&pair).as_ref().to_vec();
    let key = HostKey { public_key, machine_id_hash: format!("simulasi-{host}") };
    let token = JoinTokenRecord { secret_hash, host, replace: false, created_at: now, expires_at: now.plus_secs(60) };
    store
        .write(move |writer| {
            writer.create_join_token(&token)?;
            writer.redeem_join_token(&secret_hash, &key, now)
        })
        .await??;
    Ok(())
}

async fn accept(store: &Store, batches: Vec<ReceivedBatch>) -> Result<(), StoreError> {
    store.write(move |writer| batches.into_iter().try_for_each(|batch| writer.accept_batch(batch).map(drop))).await
}

/// People look at their tickets and do what is due.
async fn work(
    store: &Store,
    task: &mut EngineTask,
    desk: &mut BTreeMap<TicketNumber, Ticket>,
    now: Timestamp,
    end: Timestamp,
) -> Result<()> {
    desk.extend(store.read(|reader| reader.open_tickets())?.into_iter().map(|ticket| (ticket.number, ticket)));
    for ticket in desk.values_mut() {
        if let Some(action) = people::next_action(ticket, now, end) {
            match task.act(ticket.number, action, people::handler(ticket)).await {
                Ok(after) => *ticket = after,
                Err(CommandError::Refused(refusal)) => {
                    tracing::debug!(ticket = %ticket.number, %refusal, "a simulated person was refused");
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    desk.retain(|_, ticket| !matches!(ticket.state, TicketState::Ditutup | TicketState::Dibatalkan));
    Ok(())
}

/// Keeps the simulated hosts alive. Ends only with an error.
///
/// # Errors
/// The store's.
pub async fn live(app: App, end: Timestamp) -> Result<()> {
    let catalogue = Arc::new(catalogue::parse("catalogue.toml", CATALOGUE, 0, &app.profile)?);
    let begun = app.clock.now();
    let mut office = Office::new(Scenario::new(SEED, end, DAYS), catalogue, begun);
    let mut before = begun;
    let mut tick = tokio::time::interval(LIVE);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let now = app.clock.now();
        accept(&app.store, office.batches(Interval::new(before, now), true)).await?;
        for signal in continuity::signals(Interval::new(before, now)) {
            app.engine.signal(continuity::job()?, signal).await?;
        }
        before = now;
        app.engine.nudge();
    }
}

#[cfg(test)]
mod tests;
