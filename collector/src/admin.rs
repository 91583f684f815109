//! Commands of this machine's administrator: join tokens, people, API access.
//!
//! The store belongs to one process. While the collector runs, a command travels to it over the Unix socket
//! `admin.sock` in the data folder (mode 0600: whoever may open it owns the data anyway); while it does not, the command
//! opens the store itself. Either way [`execute`] does the work, so there is one path.
//!
//! Protocol: the client sends one JSON line of at most [`LINE_BYTES_MAX`], the server answers one JSON line of at most
//! [`REPLY_BYTES_MAX`] and closes.

mod heartbeat;

use crate::auth::{self, ALERT_SCOPE, Role, password};
use crate::config::settings::Settings;
use crate::domain::profile::Profile;
use crate::engine::Engine;
use crate::explain;
use crate::replay;
use crate::report;
use crate::review;
use crate::revising;
use crate::shutdown::stopped;
use crate::store::records::{ApiTokenRecord, JoinTokenRecord, UserRecord};
use crate::store::{Store, StoreError};
use anyhow::{Context, Result, anyhow, bail, ensure};
use pantau_shared::ids::HostId;
use pantau_shared::join::JoinToken;
use pantau_shared::timestamp::Timestamp;
use ring::rand::SecureRandom;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};

pub use heartbeat::HeartbeatCommand;

/// Longest command: a catalogue of the largest size, as JSON.
const LINE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Longest answer: a report of ten thousand services, each below 1.5 kB.
const REPLY_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Commands at the same time.
const CONNECTIONS_MAX: usize = 8;
const DEADLINE: Duration = Duration::from_secs(30);

/// What an administrator asks for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Makes a single-use token with which `host` may join.
    JoinToken {
        /// For which host.
        host: String,
        /// Whether an enrolled host may get a new key.
        replace: bool,
        /// Valid this long.
        valid_seconds: u32,
    },
    /// Refuses everything of a host from now on.
    RevokeHost {
        /// Which.
        host: String,
    },
    /// The text of the catalogue in force.
    ExportCatalogue,
    /// Puts a catalogue in force, as a new revision.
    ApplyCatalogue {
        /// Its file, for what is said of it.
        file: String,
        /// Its text.
        text: String,
    },
    /// Lists enrolled hosts.
    ListHosts,
    /// Adds a person, or gives an existing one a new password or role. The password is generated when none is given.
    SaveUser {
        /// Login name.
        name: String,
        /// `admin`, `operator`, `viewer`; `None` keeps what is.
        role: Option<String>,
        /// New password.
        password: Option<String>,
    },
    /// A person can no longer log in.
    DisableUser {
        /// Login name.
        name: String,
    },
    /// The availability report of a period.
    ReportAvailability {
        /// Such as `2026-06`.
        period: String,
        /// Only this service.
        service: Option<String>,
        /// Its form.
        format: report::Format,
    },
    /// Why a service stood as it did, or why its figures are what they are.
    Explain {
        /// Which service.
        service: String,
        /// A time or a period; this instant without.
        when: Option<String>,
        /// Its form.
        format: explain::Format,
    },
    /// A part of a replay of a rule over the past, as JSON.
    ReplayRule {
        /// What is asked.
        asked: replay::command::Asked,
        /// So many hosts or services were judged before.
        skip: usize,
        /// The window ends there, in Unix seconds.
        at: i64,
    },
    /// The document of a period's report, as JSON: some services of it, so that a long one shows how far it is.
    ReportDocument {
        /// Such as `2026-06`.
        period: String,
        /// Only this service.
        service: Option<String>,
        /// So many services were told before.
        skip: usize,
        /// What was known then is counted, in Unix seconds; `None`: now.
        at: Option<i64>,
    },
    /// The review of disturbances of a period, as JSON.
    Review {
        /// Such as `2026-Q2`.
        period: String,
    },
    /// The public key of reports, as PEM with its identifier; with `rotate` a new one takes its place.
    ReportKey {
        /// Whether to make a new one.
        rotate: bool,
    },
    /// Keys of heartbeats.
    Heartbeat(HeartbeatCommand),
    /// Makes an API token.
    NewToken {
        /// For what.
        name: String,
        /// `read` or `write`.
        scope: String,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    Done(String),
    Failed(String),
}

/// What commands need besides the store.
#[derive(Debug, Clone)]
pub struct AdminContext {
    /// The regulation in force.
    pub profile: Arc<Profile>,
    /// Pin of the collector's certificate, part of every join token; none on plain loopback.
    pub pin: Option<[u8; 32]>,
    /// The running engine; none where the command works on the store of a stopped collector.
    pub engine: Option<Engine>,
}

/// Carries out a command; the text that answers it.
///
/// # Errors
/// In words for the person who asked.
pub async fn execute(store: &Store, context: &AdminContext, command: Command, now: Timestamp) -> Result<String> {
    match command {
        Command::JoinToken { host, replace, valid_seconds } => {
            join_token(store, context.pin, &host, replace, valid_seconds, now).await
        }
        Command::RevokeHost { host } => {
            let id = HostId::parse(&host)?;
            let found = store.write(move |writer| writer.revoke_host(&id, now)).await?;
            ensure!(found, "there is no enrolled host `{host}`");
            Ok(format!("host `{host}` is revoked; nothing of it is taken any more"))
        }
        Command::ExportCatalogue => {
            let kept = store.read(|reader| reader.catalogue())?;
            Ok(kept.context("no catalogue has been applied yet")?.text)
        }
        Command::ApplyCatalogue { file, text } => {
            revising::apply(store, &context.profile, context.engine.as_ref(), (&file, &text), now).await
        }
        Command::ListHosts => list_hosts(store),
        Command::SaveUser { name, role, password } => save_user(store, name, role, password).await,
        Command::DisableUser { name } => disable_user(store, &name, now).await,
        Command::Heartbeat(command) => heartbeat::execute(store, context, command, now).await,
        Command::NewToken { name, scope } => new_token(store, name, scope, now).await,
        Command::Explain { service, when, format } => {
            let (store, profile) = (store.clone(), Arc::clone(&context.profile));
            let explain = move || explain::command(&store, &profile, &service, when.as_deref(), format, now);
            tokio::task::spawn_blocking(explain).await?
        }
        Command::ReportDocument { period, service, skip, at } => {
            let (store, profile) = (store.clone(), Arc::clone(&context.profile));
            let at = at.map_or(now, Timestamp::from_secs).min(now).floor_second();
            let part = move || report::document_part(&store, &profile, &period, service.as_deref(), skip, at);
            Ok(serde_json::to_string(&tokio::task::spawn_blocking(part).await??)?)
        }
        Command::ReplayRule { asked, skip, at } => {
            let (store, profile) = (store.clone(), Arc::clone(&context.profile));
            let at = Timestamp::from_secs(at).min(now);
            let part = move || replay::command::part(&store, &profile, &asked, skip, at);
            Ok(serde_json::to_string(&tokio::task::spawn_blocking(part).await??)?)
        }
        Command::Review { period } => {
            let (store, profile) = (store.clone(), Arc::clone(&context.profile));
            let load = move || review::load(&store, &profile, &period, now.floor_second());
            Ok(serde_json::to_string(&tokio::task::spawn_blocking(load).await??)?)
        }
        Command::ReportKey { rotate } => report_key(store, rotate, now).await,
        Command::ReportAvailability { period, service, format } => {
            // Reads a year, and counts what is not rolled up: on a thread that may block.
            let (store, profile) = (store.clone(), Arc::clone(&context.profile));
            let only = service;
            let report = move || report::availability(&store, &profile, &period, only.as_deref(), format, now);
            tokio::task::spawn_blocking(report).await?
        }
    }
}

/// Makes a join token and keeps its hash.
///
/// # Errors
/// A host name that is none, or the store.
pub async fn join_token(
    store: &Store,
    pin: Option<[u8; 32]>,
    host: &str,
    replace: bool,
    valid_seconds: u32,
    now: Timestamp,
) -> Result<String> {
    let host = HostId::parse(host)?;
    let enrolled = store.read(|reader| reader.host(&host))?.is_some_and(|record| record.revoked_at.is_none());
    ensure!(replace || !enrolled, "host `{host}` is enrolled already; add --replace to give it a new key");
    let mut secret = [0; 32];
    ring::rand::SystemRandom::new().fill(&mut secret).map_err(|_| anyhow!("cannot draw a random secret"))?;
    let token = JoinToken { secret, pin };
    let record = JoinTokenRecord {
        secret_hash: token.secret_hash(),
        host,
        replace,
        created_at: now,
        expires_at: now.plus_secs(i64::from(valid_seconds)),
    };
    store.write(move |writer| writer.create_join_token(&record)).await?;
    Ok(token.render())
}

fn list_hosts(store: &Store) -> Result<String> {
    let hosts = store.read(|reader| reader.hosts())?;
    if hosts.is_empty() {
        return Ok("no host has joined yet; make a token with `pantau-collector host join-token HOST`".to_owned());
    }
    let mut lines = vec![format!("{:<28} {:<10} {:<24} {}", "HOST", "STATE", "LAST SEEN", "AGENT")];
    for host in hosts {
        let state = if host.revoked_at.is_some() { "revoked" } else { "enrolled" };
        let seen = host.last_seen_at.map_or_else(|| "never".to_owned(), |at| at.floor_second().to_string());
        let agent = host.started.map(|started| format!("{} on {}", started.agent_version, started.os));
        lines.push(format!("{:<28} {state:<10} {seen:<24} {}", host.id.as_str(), agent.unwrap_or_default()));
    }
    Ok(lines.join("\n"))
}

/// Adds or changes a person; see [`Command::SaveUser`].
///
/// # Errors
/// A bad name, role or password, or the store.
pub async fn save_user(store: &Store, name: String, role: Option<String>, given: Option<String>) -> Result<String> {
    ensure!(
        !name.is_empty() && name.len() <= 64 && !name.contains(char::is_control),
        "a login name has 1 to 64 characters"
    );
    let before = store.read(|reader| reader.user(&name))?;
    let role = match (role, &before) {
        (Some(role), _) => Role::parse(&role)
            .with_context(|| format!("`{role}` is no role: admin, operator, viewer"))?
            .code()
            .to_owned(),
        (None, Some(before)) => before.role.clone(),
        (None, None) => bail!("there is no `{name}`; add --role to make the account"),
    };
    let generated = given.is_none();
    let password = given.map_or_else(password::generate, Ok)?;
    ensure!(password.chars().count() >= 10, "a password has at least 10 characters");
    let hashing = password.clone();
    let password_hash = tokio::task::spawn_blocking(move || password::hash(&hashing)).await??;
    let user = UserRecord { name: name.clone(), password_hash, role: role.clone(), disabled_at: None };
    store.write(move |writer| writer.save_user(&user)).await?;
    let verb = if before.is_some() { "changed" } else { "added" };
    Ok(if generated {
        format!("{verb} `{name}` ({role}), password: {password}")
    } else {
        format!("{verb} `{name}` ({role})")
    })
}

async fn disable_user(store: &Store, name: &str, now: Timestamp) -> Result<String> {
    let user = store.read(|reader| reader.user(name))?.with_context(|| format!("there is no `{name}`"))?;
    let user = UserRecord { disabled_at: Some(now), ..user };
    store.write(move |writer| writer.save_user(&user)).await?;
    Ok(format!("`{name}` can no longer log in"))
}

async fn report_key(store: &Store, rotate: bool, now: Timestamp) -> Result<String> {
    let key = report::freeze::key_in_force(store, rotate, now.floor_second()).await?;
    let retired = store.read(|reader| reader.report_keys())?.len().saturating_sub(1);
    let mut text = format!("{}key_id {}", report::seal::render_pem(&key.public_key), key.key_id);
    if retired > 0 {
        text += &format!("\nearlier keys that reports are proved with: {retired}");
    }
    Ok(text)
}

async fn new_token(store: &Store, name: String, scope: String, now: Timestamp) -> Result<String> {
    let known = ["read", "write", ALERT_SCOPE].contains(&scope.as_str());
    ensure!(known, "`{scope}` is no scope: read, write, alert");
    ensure!(!name.is_empty() && name.len() <= 64, "a token's name has 1 to 64 characters");
    let token = auth::random_token(32)?;
    let record =
        ApiTokenRecord { token_hash: auth::token_hash(&token), name, scope, created_at: now, revoked_at: None };
    store.write(move |writer| writer.save_api_token(&record)).await?;
    Ok(token)
}

/// Serves commands on the socket until shutdown.
///
/// # Errors
/// The socket cannot be made.
pub async fn serve(
    settings: Settings,
    store: Store,
    context: AdminContext,
    clock: crate::clock::Clock,
    mut shutdown: watch::Receiver<bool>,
) -> Result<()> {
    let path = settings.admin_socket();
    // Left by a killed process; the store's lock already proves that no other one runs.
    std::fs::remove_file(&path).ok();
    let listener = UnixListener::bind(&path).with_context(|| format!("cannot make the socket {}", path.display()))?;
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let slot = slots.clone().acquire_owned().await?;
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => { tracing::warn!(error = %error, "admin socket cannot accept"); continue; }
            },
            () = stopped(&mut shutdown) => break,
        };
        let (store, context, clock) = (store.clone(), context.clone(), clock.clone());
        tokio::spawn(async move {
            let _slot = slot;
            match tokio::time::timeout(DEADLINE, answer(stream, &store, &context, &clock)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(error = format!("{error:#}"), "admin command failed"),
                Err(_) => tracing::warn!("admin command took too long"),
            }
        });
    }
    std::fs::remove_file(&path).ok();
    Ok(())
}

async fn answer(
    mut stream: UnixStream,
    store: &Store,
    context: &AdminContext,
    clock: &crate::clock::Clock,
) -> Result<()> {
    let (reader, mut writer) = stream.split();
    let mut line = String::new();
    BufReader::new(reader.take(LINE_BYTES_MAX)).read_line(&mut line).await?;
    let command: Command = serde_json::from_str(&line)?;
    let reply = match execute(store, context, command, clock.now()).await {
        Ok(text) => Reply::Done(text),
        Err(error) => Reply::Failed(format!("{error:#}")),
    };
    writer.write_all(serde_json::to_string(&reply)?.as_bytes()).await?;
    writer.write_all(b"\n").await?;
    Ok(())
}

/// Carries out a command through the running collector, or on the store itself when none runs.
///
/// # Errors
/// In words for the person who asked.
pub async fn request(settings: &Settings, command: Command, clock: &crate::clock::Clock) -> Result<String> {
    if let Some(reply) = ask_running(&settings.admin_socket(), &command).await? {
        return match reply {
            Reply::Done(text) => Ok(text),
            Reply::Failed(text) => Err(anyhow!(text)),
        };
    }
    crate::opening::own_folder(&settings.data_dir)?;
    let store = open_store(settings, clock.now())?;
    let context = AdminContext {
        profile: Arc::new(crate::opening::load_profile(settings)?),
        pin: crate::opening::open_tls(settings, clock.now())?.map(|tls| tls.pin()),
        engine: None,
    };
    execute(&store, &context, command, clock.now()).await
}

fn open_store(settings: &Settings, now: Timestamp) -> Result<Store, StoreError> {
    Store::open(&settings.store_file(), now)
}

/// `None` when nobody listens there.
async fn ask_running(socket: &Path, command: &Command) -> Result<Option<Reply>> {
    let Ok(mut stream) = UnixStream::connect(socket).await else { return Ok(None) };
    let asked = async {
        let (reader, mut writer) = stream.split();
        writer.write_all(serde_json::to_string(command)?.as_bytes()).await?;
        writer.write_all(b"\n").await?;
        let mut line = String::new();
        BufReader::new(reader.take(REPLY_BYTES_MAX)).read_line(&mut line).await?;
        serde_json::from_str(&line).context("the running collector gave no answer")
    };
    tokio::time::timeout(DEADLINE, asked).await.context("the running collector did not answer in time")?.map(Some)
}
