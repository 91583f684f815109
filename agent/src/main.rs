//! The program: arguments, configuration, logging, runtime, exit code. Everything else is in the library.

use anyhow::{Context, anyhow};
use clap::{Parser, Subcommand};
use pantau_agent::backup_run::{BackupRunOrder, run_backup};
use pantau_agent::clock::Clock;
use pantau_agent::config::{Config, DEFAULT_PATH};
use pantau_agent::{Identity, Liveness};
use pantau_shared::ids::BackupSetId;
use sd_notify::NotifyState;
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Longest silence of a loop before the watchdog is no longer fed, in milliseconds: the longest period and a sending.
const SILENCE_MAX_MS: u64 = 300_000 + 90_000;

/// How long threads that hang in the kernel are waited for at the end.
const END_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Parser)]
#[command(
    name = "pantau-agent",
    version,
    about = "Watches one server: samples its kernel, asks services, looks at backups, and sends what it saw to a pantau-collector",
    long_about = "Watches one server: samples its kernel, asks services, looks at backups, and sends what it saw to a pantau-collector.\n\n\
                  First run `pantau-collector host join-token` on the collector, then the `pantau-agent join` line it prints on this \
                  host, then `pantau-agent run` (or start the systemd unit). What is asked and looked at is set at the collector.",
    after_help = "Exit codes: 0 fine, 1 failed while running, 2 bad usage or configuration.\n\
                  Logging: to stderr, or to journald under systemd; PANTAU_LOG=debug shows more."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the agent until it is told to stop (SIGTERM, SIGINT)
    Run(ConfigArgument),
    /// Checks a configuration file and tells all its errors at once
    CheckConfig(ConfigArgument),
    /// Prints one sample, all assigned probes and all assigned backup sets as JSON; sends nothing
    Once(ConfigArgument),
    /// Tells what works on this host, what is missing and how to mend it
    #[command(
        after_help = "Run it as the agent's user (`sudo -u pantau-agent pantau-agent doctor`): rights are part of what is looked at. \
                      Works beside a running agent and on a host that has not joined; changes nothing.\n\n\
                      Exit codes: 0 the agent can do its work, 1 something keeps it from that, 2 bad usage or configuration."
    )]
    Doctor {
        /// Print the findings as JSON: {healthy, findings: [{subject, level, told, mend}]}
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        config: ConfigArgument,
    },
    /// Runs a backup command and records when it began and how it ended, for the agent to tell the collector
    #[command(
        after_help = "Examples:\n  pantau-agent backup-run --set simpeg-db -- pg_dump -Fc -f /backup/simpeg.dump simpeg\n  \
                      pantau-agent backup-run --set simpeg-files -- restic backup /srv/simpeg\n  \
                      pantau-agent backup-run --set simpeg-files --verify -- restic check --read-data-subset=5%\n\n\
                      The command's exit code is this one's; 127 when it is not found, 126 when it cannot be started, 128 + N \
                      when signal N ended it. Its output and input are untouched. What restic (3), borg (1, 100 to 127), tar (1) \
                      and rsync (23, 24) mean by their codes is known: such a backup is partial. Where a set looks at files or at a \
                      repository, the run tells when the data were taken and whether the backup is whole.\n\n\
                      Works while the agent is down, and as any user who may write to the folder of backups.runs_dir (default \
                      /var/spool/pantau-agent, mode 1733). What cannot be recorded is said on standard error and never stops the \
                      command."
    )]
    BackupRun {
        /// The backup set at the collector; without it the one that is named after the program
        #[arg(long, value_name = "ID", value_parser = BackupSetId::parse)]
        set: Option<BackupSetId>,
        /// The command verifies backups and makes none: what it finds good is shown as verified
        #[arg(long)]
        verify: bool,
        #[command(flatten)]
        config: ConfigArgument,
        /// The command and its arguments
        #[arg(required = true, trailing_var_arg = true, value_name = "CMD")]
        command: Vec<OsString>,
    },
    /// Joins this host to a collector with a single-use token
    #[command(after_help = "Example: pantau-agent join https://pantau.example.go.id:8420 pantau1.SECRET.PIN\n\
                            The token comes from `pantau-collector host join-token`. It pins the collector's certificate.")]
    Join {
        /// The collector: https://HOST:PORT, or http://127.0.0.1:PORT on the same machine
        url: String,
        /// The token as printed by `pantau-collector host join-token`
        token: String,
        #[command(flatten)]
        config: ConfigArgument,
        /// Where to keep key and identity, instead of the configuration's data_dir
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
    },
}

#[derive(clap::Args)]
struct ConfigArgument {
    /// Configuration file; without it /etc/pantau/agent.toml if it is there, else the defaults
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Command::BackupRun { set, verify, config, command } = arguments.command {
        return backup_run(set, verify, config.config.as_deref(), command);
    }
    let ConfigArgument { config } = match &arguments.command {
        Command::Run(argument) | Command::CheckConfig(argument) | Command::Once(argument) => argument,
        Command::Doctor { config, .. } | Command::Join { config, .. } | Command::BackupRun { config, .. } => config,
    };
    let loaded = match Config::load(config.as_deref()) {
        Ok(loaded) => loaded,
        Err(error) => {
            print_error(&anyhow!(error));
            return ExitCode::from(2);
        }
    };
    start_logging();
    let done = match arguments.command {
        Command::CheckConfig(ConfigArgument { config }) => {
            let path = config.unwrap_or_else(|| DEFAULT_PATH.into());
            let what = if path.exists() { "configuration is good" } else { "not there: the defaults apply" };
            print(&format!("{}: {what}\n", path.display()))
        }
        Command::Join { url, token, data_dir, .. } => join(&data_dir.unwrap_or(loaded.data_dir), &url, &token),
        Command::Doctor { json, .. } => return doctor(&loaded, json),
        Command::Once(_) => once(&loaded),
        Command::Run(_) => run(&loaded),
        // Done above, before the configuration could stand in its way.
        Command::BackupRun { .. } => Ok(()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&error);
            ExitCode::FAILURE
        }
    }
}

/// The whole chain on one line.
fn print_error(error: &anyhow::Error) {
    eprintln!("pantau-agent: {error:#}");
}

fn print(text: &str) -> anyhow::Result<()> {
    std::io::stdout().write_all(text.as_bytes()).context("cannot write to standard output")
}

fn start_logging() {
    // The larger `EnvFilter` also selects by spans, which there are none of here, and costs half a megabyte.
    let asked = std::env::var("PANTAU_LOG").ok().and_then(|asked| asked.parse::<Targets>().ok());
    let filter = asked.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    let journal = std::env::var_os("JOURNAL_STREAM").and_then(|_| tracing_journald::layer().ok());
    match journal {
        Some(journal) => tracing_subscriber::registry().with(filter).with(journal).init(),
        None => {
            let stderr = tracing_subscriber::fmt::layer()
                .with_writer(std::io::stderr)
                .with_ansi(std::io::stderr().is_terminal())
                .with_target(false);
            tracing_subscriber::registry().with(filter).with(stderr).init();
        }
    }
}

/// One thread for everything, and a few more for what may hang in the kernel.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(16)
        .thread_keep_alive(Duration::from_secs(60))
        .thread_stack_size(512 * 1024)
        .build()
        .context("cannot start the runtime")?;
    let done = runtime.block_on(work);
    runtime.shutdown_timeout(END_TIMEOUT);
    done
}

fn join(data_dir: &std::path::Path, url: &str, token: &str) -> anyhow::Result<()> {
    let identity = block_on(async { Ok(pantau_agent::join(data_dir, url, token).await?) })?;
    print(&format!("joined {} as {}; start with `pantau-agent run`\n", identity.collector_url, identity.host))
}

fn once(config: &Config) -> anyhow::Result<()> {
    let clock = Clock::system();
    let seen = block_on(async {
        let (access, local) = (config.backup_access(), &config.probes);
        Ok(pantau_agent::once(&config.data_dir, config.roots.clone(), &access, local, &clock).await)
    })?;
    print(&format!("{}\n", serde_json::to_string_pretty(&seen).context("cannot render JSON")?))
}

/// The exit code tells scripts what the page tells people.
fn doctor(config: &Config, json: bool) -> ExitCode {
    let diagnosed = block_on(async { Ok(pantau_agent::doctor::diagnose(config, &Clock::system()).await) });
    let told = diagnosed.and_then(|report| {
        let page = if json {
            format!("{}\n", serde_json::to_string_pretty(&report).context("cannot render JSON")?)
        } else {
            report.render()
        };
        print(&page)?;
        Ok(report.healthy)
    });
    match told {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            print_error(&error);
            ExitCode::FAILURE
        }
    }
}

/// A configuration that cannot be read must not keep a backup from being made.
fn backup_run(
    set: Option<BackupSetId>,
    verifies: bool,
    config: Option<&std::path::Path>,
    command: Vec<OsString>,
) -> ExitCode {
    let folder = match Config::load(config) {
        Ok(config) => config.runs_dir,
        Err(error) => {
            print_error(&anyhow!(error));
            pantau_agent::run_file::DEFAULT_FOLDER.into()
        }
    };
    let order = BackupRunOrder { set, verifies, command, folder };
    match block_on(async { Ok(run_backup(&order, &Clock::system()).await) }) {
        Ok(code) => ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)),
        Err(error) => {
            print_error(&error);
            ExitCode::from(126)
        }
    }
}

fn run(config: &Config) -> anyhow::Result<()> {
    let identity = Identity::load(&config.data_dir)?.ok_or_else(|| {
        anyhow!(
            "this host has not joined a collector (no identity in {}): run `pantau-collector host join-token` on the \
             collector, then here the `pantau-agent join URL TOKEN` line it prints",
            config.data_dir.display()
        )
    })?;
    let settings = config.settings(identity);
    block_on(async {
        let (stop, shutdown) = watch::channel(false);
        let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
        tokio::spawn(feed_watchdog(Arc::clone(&settings.liveness)));
        let agent = pantau_agent::run(settings, Clock::system(), shutdown);
        tokio::pin!(agent);
        tokio::select! {
            ended = &mut agent => return Ok(ended?),
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        notify(&[NotifyState::Stopping]);
        stop.send_replace(true);
        Ok(agent.await?)
    })
}

/// Tells systemd that the agent is ready once both loops live, and that it is alive as long as they do.
async fn feed_watchdog(liveness: Arc<Liveness>) {
    let clock = Clock::system();
    let mut ready = false;
    let interval = sd_notify::watchdog_enabled().map_or(Duration::from_secs(30), |limit| limit / 3);
    loop {
        let alive = liveness.is_alive(clock.boot_ms(), SILENCE_MAX_MS);
        if alive && !std::mem::replace(&mut ready, true) {
            notify(&[NotifyState::Ready]);
        }
        if alive {
            notify(&[NotifyState::Watchdog]);
        }
        tokio::time::sleep(if ready { interval } else { Duration::from_millis(50) }).await;
    }
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "systemd was not told");
    }
}
