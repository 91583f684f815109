//! The program: arguments, logging, runtime, exit code. Everything else is in the library.
//!
//! Exit codes: 0 fine, 1 failed while running, 2 bad usage or configuration, 3 a store that this program cannot use.

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use pantau_collector::admin::{self, Command, HeartbeatCommand};
use pantau_collector::clock::Clock;
use pantau_collector::config::catalogue;
use pantau_collector::config::settings::Settings;
use pantau_collector::domain::catalogue::Catalogue;
use pantau_collector::domain::profile::Profile;
use pantau_collector::explain;
use pantau_collector::opening;
use pantau_collector::openings;
use pantau_collector::own_backup::command::{self, RestoreOptions};
use pantau_collector::quickstart::{self, Quickstart};
use pantau_collector::replay::{self, command::Asked};
use pantau_collector::report;
use pantau_collector::report::command::{self as command_of_reports, FormFormat, ReportOptions};
use pantau_collector::revising;
use pantau_collector::run::Collector;
use pantau_collector::store::StoreError;
use pantau_collector::texts::{Language, Texts};
use pantau_collector::{space_watch, system};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Work that takes longer shows that it goes on.
const PATIENCE: Duration = Duration::from_secs(1);

/// Pantau collector: receives what the agents see, judges availability, opens tickets, watches backups.
#[derive(Debug, Parser)]
#[command(version, about, long_about = None, after_help = "First time? Run `pantau-collector quickstart`: it watches this very machine and prints an address and a password.\nExit codes: 0 fine, 1 failed while running, 2 bad usage or configuration, 3 a store that this program cannot use (damaged, newer, not ours, no room for the copy before a new schema).")]
struct Cli {
    #[command(subcommand)]
    command: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run the collector (this is what the systemd unit starts)
    Serve(ConfigFile),
    /// Try it out: a collector and an agent watching this machine, one command, one folder
    Quickstart {
        /// Folder for everything; delete it and all is gone
        #[arg(long)]
        data_dir: Option<PathBuf>,
        /// Address of the pages; loopback only
        #[arg(long, default_value = "127.0.0.1:8420")]
        listen: SocketAddr,
        /// A simulated office of 60 days instead of an empty one, in a folder of its own
        #[arg(long)]
        demo: bool,
    },
    /// Check a configuration with its catalogue and profile; all faults at once
    CheckConfig {
        /// The file; /etc/pantau/collector.toml when not given
        file: Option<PathBuf>,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// The service catalogue
    #[command(subcommand)]
    Catalogue(CatalogueAction),
    /// Hosts and their agents
    #[command(subcommand)]
    Host(HostAction),
    /// People who may log in
    #[command(subcommand)]
    User(UserAction),
    /// Addresses at which jobs tell of themselves: that they began, ended, failed
    #[command(subcommand)]
    Heartbeat(HeartbeatAction),
    /// Access of other programs to the API
    #[command(subcommand)]
    Token(TokenAction),
    /// Reports
    #[command(subcommand)]
    Report(ReportAction),
    /// The rules that open tickets
    #[command(subcommand)]
    Rule(RuleAction),
    /// Why a service stood as it did at a time, or why its figures of a period are what they are
    Explain {
        /// Which service, by its identifier
        service: String,
        /// 2026-06-14T10:15 (local), RFC 3339, `now`; or a period: 2026-06, 2026-06-14, 2026-W24. Without: now
        when: Option<String>,
        /// Form of the output
        #[arg(long, value_enum, default_value_t = explain::Format::Text)]
        format: explain::Format,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Copy everything the collector knows into one file, while it runs
    Backup {
        /// The file to make, or a folder to make one in
        to: PathBuf,
        /// Replace a file that is there
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Put a copy in the place of the store; the collector must be stopped
    Restore {
        /// A file made by `backup`, or a store that was set aside
        from: PathBuf,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Put configuration, catalogue and keys back also where there are some; those of before are set aside
        #[arg(long)]
        files: bool,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Rewrite a store made by an early version, so that its file shrinks by itself; the collector must be stopped
    Compact(ConfigFile),
    /// Check the store's file, also while the collector runs; or prove a report: exit code 1 when it is damaged or refused
    Verify {
        /// A frozen report (JSON): its seal, its figures, and the ledger where there is a store
        report: Option<PathBuf>,
        /// The public key that must have signed it: a PEM file, or 64 hexadecimal digits
        #[arg(long, requires = "report")]
        key: Option<PathBuf>,
        /// Only the pages, not every row against every index
        #[arg(long)]
        quick: bool,
        #[command(flatten)]
        config: ConfigFile,
    },
}

#[derive(Debug, Args)]
struct ConfigFile {
    /// Configuration file; /etc/pantau/collector.toml when not given
    #[arg(long)]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum CatalogueAction {
    /// Check a catalogue file; all faults at once, then what the regulation still asks for
    Check {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Say what a file would change, field by field, and from when figures would follow it
    Diff {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Put a file in force as a new revision, also while the collector runs; the same content changes nothing
    Apply {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Print the catalogue in force, as it was applied
    Export(ConfigFile),
}

#[derive(Debug, Subcommand)]
enum RuleAction {
    /// Which tickets a rule would have opened over the past, with the values in force or with others
    Replay {
        /// Which rule: terhenti, menurun, cpu, ram, storage, bandwidth, agen_senyap; others only list what they opened
        rule: String,
        /// Days back from now
        #[arg(long, default_value_t = replay::DAYS)]
        days: u32,
        /// Only this host
        #[arg(long, conflicts_with = "service")]
        host: Option<String>,
        /// Only this service, or the hosts it runs on
        #[arg(long)]
        service: Option<String>,
        /// A value in the place of the one in force: alarm_persen=90, selama=10m; may be given several times
        #[arg(long = "set", value_name = "NAME=VALUE", value_parser = name_and_value)]
        set: Vec<(String, String)>,
        /// Form of the output
        #[arg(long, value_enum, default_value_t = replay::command::Format::Text)]
        format: replay::command::Format,
        #[command(flatten)]
        config: ConfigFile,
    },
}

/// Reads `NAME=VALUE`.
fn name_and_value(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

#[derive(Debug, Subcommand)]
enum HostAction {
    /// Make a single-use token; on the host run `pantau-agent join URL TOKEN`
    JoinToken {
        /// Name the host will have: a-z, 0-9, '-', '_', '.'
        host: String,
        /// Give an enrolled host a new key
        #[arg(long)]
        replace: bool,
        /// How long the token may be used, in hours
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=720))]
        valid_hours: u32,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// List enrolled hosts
    List(ConfigFile),
    /// Take nothing from a host any more
    Revoke {
        /// Which host
        host: String,
        #[command(flatten)]
        config: ConfigFile,
    },
}

#[derive(Debug, Subcommand)]
enum UserAction {
    /// Add a person; prints a generated password
    Add {
        /// Login name
        name: String,
        /// admin, operator (handles tickets) or viewer (only looks)
        #[arg(long, default_value = "operator")]
        role: String,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Give a person a new generated password
    Password {
        /// Login name
        name: String,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Let a person log in no more
    Disable {
        /// Login name
        name: String,
        #[command(flatten)]
        config: ConfigFile,
    },
}

/// What the help of `heartbeat new` ends with.
const HEARTBEAT_EXAMPLE: &str = "Example, a crontab on the server that makes the backup:
  PING=https://pantau.example.go.id/ping/KEY
  0 1 * * * curl -fsS -m 10 --retry 5 -o /dev/null $PING/start; /usr/local/bin/cadangkan; curl -fsS -m 10 --retry 5 -o /dev/null $PING/$?
Whoever knows the key may signal and can do nothing else. At most 30 signals a minute of one set (429 beyond); of what is posted the first 10 kB are kept. `?rid=RUN` tells runs apart that overlap.";

#[derive(Debug, Subcommand)]
enum HeartbeatAction {
    /// Make the key of a set; printed once. The one before is void at once
    #[command(after_help = HEARTBEAT_EXAMPLE)]
    New {
        /// Backup set of the catalogue, by its identifier
        set: String,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// List the sets with a key, and those that need one
    List(ConfigFile),
    /// Take nothing under a set's key any more, and expect no signal
    Revoke {
        /// Backup set, by its identifier
        set: String,
        #[command(flatten)]
        config: ConfigFile,
    },
}

#[derive(Debug, Subcommand)]
enum TokenAction {
    /// Make an API token; printed once
    New {
        /// What it is for
        name: String,
        /// read, write, or alert (hands in alerts of an Alertmanager and does nothing else)
        #[arg(long, default_value = "read")]
        scope: String,
        #[command(flatten)]
        config: ConfigFile,
    },
}

#[derive(Debug, Subcommand)]
enum ReportAction {
    /// The monthly monitoring form with every figure's calculation
    Monitoring {
        /// 2026-06, 2026-Q2, 2026, 2026-W24 or 2026-06-14
        #[arg(long)]
        period: String,
        /// Only this service
        #[arg(long)]
        service: Option<String>,
        /// Form of the output
        #[arg(long, value_enum, default_value_t = FormFormat::Text)]
        format: FormFormat,
        /// File to write; pantau-PERIOD.pdf or .xlsx when not given, else standard output
        #[arg(long)]
        output: Option<PathBuf>,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// The periodic review of disturbances: what recurs, how fast it was answered and solved, problems and their follow-up
    Review {
        /// 2026-Q2, 2026-06 or 2026
        #[arg(long)]
        period: String,
        /// Form of the output
        #[arg(long, value_enum, default_value_t = FormFormat::Text)]
        format: FormFormat,
        /// File to write; pantau-reviu-PERIOD.pdf or .xlsx when not given, else standard output
        #[arg(long)]
        output: Option<PathBuf>,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Print the public key that signs frozen reports
    Key {
        /// Let a new key sign from now on; reports of before stay provable
        #[arg(long)]
        rotate: bool,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Availability of all services against their targets
    Availability {
        /// 2026-06, 2026-Q2, 2026, 2026-W24 or 2026-06-14
        #[arg(long)]
        period: String,
        /// Only this service
        #[arg(long)]
        service: Option<String>,
        /// Form of the output
        #[arg(long, value_enum, default_value_t = FormFormat::Text)]
        format: FormFormat,
        /// File to write; pantau-ketersediaan-PERIOD.pdf or .xlsx when not given, else standard output
        #[arg(long)]
        output: Option<PathBuf>,
        #[command(flatten)]
        config: ConfigFile,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    start_logging();
    match act(cli.command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("pantau-collector: {error:#}");
            ExitCode::from(if needs_a_person(&error) { 3 } else { 1 })
        }
    }
}

/// Whether starting again would end the same way until somebody does something about the store.
fn needs_a_person(error: &anyhow::Error) -> bool {
    let unusable = |error: &StoreError| {
        matches!(
            error,
            StoreError::Corrupt { .. }
                | StoreError::Foreign { .. }
                | StoreError::NewerSchema { .. }
                | StoreError::NoCopy { .. }
        )
    };
    error.chain().any(|cause| cause.downcast_ref::<StoreError>().is_some_and(unusable))
}

/// To the journal where systemd gave us one, else to standard error.
fn start_logging() {
    let filter = EnvFilter::try_from_env("PANTAU_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let journal = std::env::var_os("JOURNAL_STREAM").and_then(|_| tracing_journald::layer().ok());
    let registry = tracing_subscriber::registry().with(filter);
    match journal {
        Some(journal) => registry.with(journal).init(),
        None => registry.with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr)).init(),
    }
}

/// Prints what a person or a pipe asked for; a closed pipe is no failure.
fn say(text: &str) {
    drop(writeln!(std::io::stdout().lock(), "{text}"));
}

fn act(action: Action) -> Result<ExitCode> {
    match action {
        Action::Serve(config) => with_settings(config, |settings| block_on(serve(settings))),
        Action::Quickstart { data_dir, listen, demo } => {
            let options = Quickstart::new(data_dir, listen, demo);
            block_on(async { quickstart::run(options, Clock::system(), until_asked()?).await })?;
            Ok(ExitCode::SUCCESS)
        }
        Action::CheckConfig { file, config } => {
            with_settings(ConfigFile { config: file.or(config.config) }, |settings| Ok(check(&settings)))
        }
        Action::Catalogue(action) => catalogue_action(action),
        Action::Host(action) => host(action),
        Action::User(action) => user(action),
        Action::Heartbeat(action) => heartbeat(action),
        Action::Token(TokenAction::New { name, scope, config }) => ask(config, Command::NewToken { name, scope }),
        Action::Report(ReportAction::Key { rotate, config }) => ask(config, Command::ReportKey { rotate }),
        Action::Report(ReportAction::Monitoring { period, service, format, output, config }) => {
            let options = ReportOptions { period, service, format, output };
            with_settings(config, |settings| {
                say(&block_on(command_of_reports::monitoring(&settings, &options, &Clock::system()))?);
                Ok(ExitCode::SUCCESS)
            })
        }
        Action::Report(ReportAction::Review { period, format, output, config }) => {
            let options = ReportOptions { period, service: None, format, output };
            with_settings(config, |settings| {
                say(&block_on(command_of_reports::review(&settings, &options, &Clock::system()))?);
                Ok(ExitCode::SUCCESS)
            })
        }
        Action::Report(ReportAction::Availability { period, service, format, output, config }) => {
            let options = ReportOptions { period, service, format, output };
            with_settings(config, |settings| {
                say(&block_on(command_of_reports::availability(&settings, &options, &Clock::system()))?);
                Ok(ExitCode::SUCCESS)
            })
        }
        Action::Rule(RuleAction::Replay { rule, days, host, service, set, format, config }) => {
            let asked = Asked { rule, days, host, service, set };
            with_settings(config, |settings| {
                say(&block_on(replay::command::run(&settings, &asked, format, &Clock::system()))?);
                Ok(ExitCode::SUCCESS)
            })
        }
        Action::Explain { service, when, format, config } => ask(config, Command::Explain { service, when, format }),
        Action::Backup { to, force, config } => with_settings(config, |settings| {
            say(&command::backup(&settings, &to, force, Clock::system().now())?);
            Ok(ExitCode::SUCCESS)
        }),
        Action::Restore { from, yes, files, config } => {
            let options = RestoreOptions { from, config: config.config, yes, files };
            say(&command::restore(&options, Clock::system().now())?);
            Ok(ExitCode::SUCCESS)
        }
        Action::Compact(config) => with_settings(config, |settings| {
            say(&command::compact(&settings, Clock::system().now())?);
            Ok(ExitCode::SUCCESS)
        }),
        Action::Verify { report: Some(file), key, config, .. } => verify_report(&file, key.as_deref(), config),
        Action::Verify { report: None, quick, config, .. } => with_settings(config, |settings| {
            let verified = command::verify(&settings, quick)?;
            say(&verified.text);
            Ok(if verified.whole { ExitCode::SUCCESS } else { ExitCode::from(1) })
        }),
    }
}

fn catalogue_action(action: CatalogueAction) -> Result<ExitCode> {
    match action {
        CatalogueAction::Check { file, config } => {
            with_settings(config, |settings| check_catalogue(&file, &opening::load_profile(&settings)?))
        }
        CatalogueAction::Export(config) => ask(config, Command::ExportCatalogue),
        CatalogueAction::Diff { file, config } => with_settings(config, |settings| {
            let profile = opening::load_profile(&settings)?;
            with_catalogue(&file, &profile, |_, new| {
                let clock = Clock::system();
                let text = block_on(admin::request(&settings, Command::ExportCatalogue, &clock))?;
                let old = catalogue::parse("catalogue in force", &text, 0, &profile)?;
                say(&revising::describe(&old, new, profile.time_zone, clock.now()));
                Ok(ExitCode::SUCCESS)
            })
        }),
        CatalogueAction::Apply { file, config } => with_settings(config, |settings| {
            let profile = opening::load_profile(&settings)?;
            with_catalogue(&file, &profile, |text, _| {
                let command = Command::ApplyCatalogue { file: file.display().to_string(), text: text.to_owned() };
                say(&block_on(with_spinner(admin::request(&settings, command, &Clock::system())))?);
                Ok(ExitCode::SUCCESS)
            })
        }),
    }
}

/// A faulty catalogue is exit code 2, with all its faults.
fn with_catalogue(
    file: &Path,
    profile: &Profile,
    then: impl FnOnce(&str, &Catalogue) -> Result<ExitCode>,
) -> Result<ExitCode> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    match catalogue::parse(&file.display().to_string(), &text, 0, profile) {
        Ok(catalogue) => then(&text, &catalogue),
        Err(faults) => {
            eprintln!("{faults}");
            Ok(ExitCode::from(2))
        }
    }
}

/// Proves a report's file; a file or key that cannot be read is bad usage.
fn verify_report(file: &Path, key: Option<&Path>, config: ConfigFile) -> Result<ExitCode> {
    let (text, key) = match command_of_reports::read(file, key) {
        Ok(read) => read,
        Err(error) => {
            eprintln!("pantau-collector: {error:#}");
            return Ok(ExitCode::from(2));
        }
    };
    // A file is proved anywhere; the ledger is asked where a configuration is named, or is where it always is.
    let settings = match Settings::read(config.config.as_deref()) {
        Ok(settings) => Some(settings).filter(|settings| settings.store_file().exists()),
        Err(error) if config.config.is_some() => {
            eprintln!("{:#}", anyhow::Error::from(error));
            return Ok(ExitCode::from(2));
        }
        Err(_) => None,
    };
    let verified =
        block_on(async { Ok(command_of_reports::verify(&text, key, settings.as_ref(), &Clock::system()).await) })?;
    say(&verified.text);
    Ok(ExitCode::from(verified.code))
}

fn host(action: HostAction) -> Result<ExitCode> {
    match action {
        HostAction::JoinToken { host, replace, valid_hours, config } => {
            ask(config, Command::JoinToken { host, replace, valid_seconds: valid_hours * 3600 })
        }
        HostAction::List(config) => ask(config, Command::ListHosts),
        HostAction::Revoke { host, config } => ask(config, Command::RevokeHost { host }),
    }
}

fn heartbeat(action: HeartbeatAction) -> Result<ExitCode> {
    let (config, command) = match action {
        HeartbeatAction::New { set, config } => (config, HeartbeatCommand::New { set }),
        HeartbeatAction::List(config) => (config, HeartbeatCommand::List),
        HeartbeatAction::Revoke { set, config } => (config, HeartbeatCommand::Revoke { set }),
    };
    ask(config, Command::Heartbeat(command))
}

fn user(action: UserAction) -> Result<ExitCode> {
    match action {
        UserAction::Add { name, role, config } => {
            ask(config, Command::SaveUser { name, role: Some(role), password: None })
        }
        UserAction::Password { name, config } => ask(config, Command::SaveUser { name, role: None, password: None }),
        UserAction::Disable { name, config } => ask(config, Command::DisableUser { name }),
    }
}

fn ask(config: ConfigFile, command: Command) -> Result<ExitCode> {
    with_settings(config, |settings| {
        say(&block_on(with_spinner(admin::request(&settings, command, &Clock::system())))?);
        Ok(ExitCode::SUCCESS)
    })
}

/// Shows on a terminal that work goes on and since when, once it takes long.
async fn with_spinner<T>(work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    tokio::select! {
        done = &mut work => return done,
        () = tokio::time::sleep(PATIENCE) => {}
    }
    let spinner = indicatif::ProgressBar::new_spinner();
    if let Ok(style) = indicatif::ProgressStyle::with_template("{spinner} {elapsed}") {
        spinner.set_style(style);
    }
    spinner.enable_steady_tick(PATIENCE / 8);
    let done = work.await;
    spinner.finish_and_clear();
    done
}

/// A bad configuration is exit code 2, with all its faults.
fn with_settings(config: ConfigFile, then: impl FnOnce(Settings) -> Result<ExitCode>) -> Result<ExitCode> {
    match Settings::read(config.config.as_deref()) {
        Ok(settings) => then(settings),
        Err(error) => {
            eprintln!("{:#}", anyhow::Error::from(error));
            Ok(ExitCode::from(2))
        }
    }
}

fn check(settings: &Settings) -> ExitCode {
    let profile = opening::load_profile(settings);
    // With a faulty profile the catalogue's own faults are told by the built-in one.
    let regulation = profile.as_ref().map_or_else(|_| pantau_collector::config::profile::bangka_2025(), Clone::clone);
    let catalogue = opening::read_catalogue(&settings.catalogue).and_then(|text| {
        let parsed = catalogue::parse(&settings.catalogue.display().to_string(), &text, 0, &regulation);
        parsed.map_err(anyhow::Error::from)
    });
    let mut code = ExitCode::SUCCESS;
    for error in [catalogue.as_ref().err(), profile.as_ref().err()].into_iter().flatten() {
        eprintln!("{error:#}");
        code = ExitCode::from(2);
    }
    if let (Ok(catalogue), Ok(profile)) = (&catalogue, &profile) {
        let services = catalogue.services.len();
        say(&format!("configuration is good: {services} services, {} findings", catalogue.findings.len()));
        say_openings(catalogue, profile);
        say_need(settings, catalogue);
    }
    code
}

/// The next openings of every calendar that a service names: a misread holiday is seen before it counts.
fn say_openings(catalogue: &Catalogue, profile: &Profile) {
    let texts = Texts::new(Language::Id, profile.time_zone);
    for line in openings::lines(texts, catalogue, Clock::system().now()) {
        say(&line);
    }
}

/// What the configured site will need of its disk; what does not fit is a warning, no fault.
fn say_need(settings: &Settings, catalogue: &Catalogue) {
    let disk = space_watch::disk_of(&settings.data_dir).ok();
    let held_bytes = std::fs::metadata(settings.store_file()).map_or(0, |file| file.len());
    let (need, warnings) = system::render_need(settings, catalogue, disk, held_bytes);
    say(&need);
    for warning in warnings {
        eprintln!("{warning}");
    }
}

fn check_catalogue(file: &Path, profile: &Profile) -> Result<ExitCode> {
    with_catalogue(file, profile, |_, catalogue| {
        let services = catalogue.services.len();
        say(&format!("catalogue is good: {services} services, {} findings", catalogue.findings.len()));
        for finding in &catalogue.findings {
            say(&report::finding(finding));
        }
        say_openings(catalogue, profile);
        Ok(ExitCode::SUCCESS)
    })
}

async fn serve(settings: Settings) -> Result<ExitCode> {
    let collector = Collector::start(settings, Clock::system(), false).await?;
    collector.run(until_asked()?).await?;
    Ok(ExitCode::SUCCESS)
}

fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let threads = std::thread::available_parallelism().map_or(2, |n| n.get().clamp(2, 8));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    runtime.block_on(work)
}

/// Becomes true at SIGINT or SIGTERM.
fn until_asked() -> Result<watch::Receiver<bool>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (sender, receiver) = watch::channel(false);
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping");
        sender.send_replace(true);
        // Kept so that the receivers never see a sender that is gone.
        std::future::pending::<()>().await;
    });
    Ok(receiver)
}
