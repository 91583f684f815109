//! `pantau-agent backup-run`: runs a command and records when it began, when and how it ended.
//!
//! The command comes first: whatever cannot be recorded, it runs, its output goes where it would have gone, and its exit
//! code is this program's. Output is not touched; error output passes through, and its end is kept for the record. The
//! record goes through a folder (see [`crate::run_file`]), so neither the agent nor the collector needs to be there.

use crate::backups::tool::Tail;
use crate::clock::Clock;
use crate::run_file::{RunRecord, save_record};
use pantau_shared::ids::BackupSetId;
use pantau_shared::limits::TEXT_BYTES_MAX;
use ring::rand::{SecureRandom, SystemRandom};
use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStderr, Command};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How long error output is waited for after the command's end: what it started may hold the pipe open.
const REST_OF_OUTPUT: Duration = Duration::from_secs(2);

/// The shell's exit codes for a command that is not there, and one that cannot be started.
const NOT_FOUND: i32 = 127;
const NOT_STARTED: i32 = 126;

/// What to run, and as what.
#[derive(Debug, Clone)]
pub struct BackupRunOrder {
    /// The set it belongs to; none takes the program's name.
    pub set: Option<BackupSetId>,
    /// Whether it verifies backups and makes none.
    pub verifies: bool,
    /// Program and arguments; at least the program.
    pub command: Vec<OsString>,
    /// Where records go.
    pub folder: PathBuf,
}

/// Runs the command; gives its exit code. Complaints about recording go to standard error and change nothing.
pub async fn run_backup(order: &BackupRunOrder, clock: &Clock) -> i32 {
    let program = program_name(&order.command);
    let set = order.set.clone().or_else(|| set_of_program(&program));
    let complain = |what: &str, error: &dyn std::fmt::Display| {
        eprintln!("pantau-agent: {what} in {}: {error}; the command is not affected", order.folder.display());
    };
    let begun = clock.moment();
    let record = set
        .zip(run_name())
        .map(|(set, run)| RunRecord::begin(&set, &run, &program, &user_name(), order.verifies, begun.wall.as_ms()));
    // Held to the end: its lock says that this run is alive.
    let held = record.as_ref().map(|record| save_record(&order.folder, record));
    let reachable = match &held {
        Some(Ok(_)) => true,
        Some(Err(error)) => {
            complain("this run is not recorded", error);
            false
        }
        None => {
            complain("this run is not recorded", &format!("give --set: no set can be named after {program}"));
            false
        }
    };
    let (exit_code, tail) = run_command(&order.command).await;
    let ended = clock.moment();
    if let Some(record) = record.filter(|_| reachable) {
        let ended = RunRecord {
            // A clock that was set back meanwhile would make the record impossible.
            ended_at_ms: Some(ended.wall.as_ms().max(record.started_at_ms)),
            duration_ms: Some(ended.boot_ms.saturating_sub(begun.boot_ms)),
            exit_code,
            error_tail: tail,
            ..record
        };
        if let Err(error) = save_record(&order.folder, &ended) {
            complain("the end of this run is not recorded", &error);
        }
    }
    drop(held);
    exit_code.unwrap_or(NOT_STARTED)
}

/// Starts the command and waits for it, passing signals on. Gives its exit code and the last of its error output.
async fn run_command(command: &[OsString]) -> (Option<i32>, String) {
    let Some((program, arguments)) = command.split_first() else { return (None, "no command".to_owned()) };
    // Listened to before the start: a signal in between would end the wrapper alone.
    let mut signals = Signals::listen();
    let mut child = match Command::new(program).args(arguments).stderr(Stdio::piped()).spawn() {
        Ok(child) => child,
        Err(error) => {
            let said = format!("cannot start {}: {error}", program.to_string_lossy());
            eprintln!("pantau-agent: {said}");
            let missing = error.kind() == io::ErrorKind::NotFound;
            return (Some(if missing { NOT_FOUND } else { NOT_STARTED }), said);
        }
    };
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
    let tail = std::sync::Arc::new(std::sync::Mutex::new(Tail::new(TEXT_BYTES_MAX)));
    let passing = child.stderr.take().map(|errors| tokio::spawn(pass_on(errors, std::sync::Arc::clone(&tail))));
    let status = loop {
        tokio::select! {
            status = child.wait() => break status,
            signal = signals.next() => {
                if let Some(pid) = pid {
                    rustix::process::kill_process(pid, signal).ok();
                }
            }
        }
    };
    if let Some(passing) = passing {
        drop(tokio::time::timeout(REST_OF_OUTPUT, passing).await);
    }
    let tail = tail.lock().map(|tail| tail.render()).unwrap_or_default();
    match status {
        Ok(status) => (status.code().or_else(|| status.signal().map(|signal| 128 + signal)), tail),
        Err(error) => (None, format!("cannot wait for the command: {error}")),
    }
}

/// Copies error output through and keeps its end. Ends with the pipe.
async fn pass_on(mut errors: ChildStderr, tail: std::sync::Arc<std::sync::Mutex<Tail>>) {
    let mut own = tokio::io::stderr();
    let mut piece = vec![0; 8192];
    while let Ok(read @ 1..) = errors.read(&mut piece).await {
        if let Ok(mut tail) = tail.lock() {
            tail.push(&piece[..read]);
        }
        // Nobody may be listening any more; the command must not notice.
        drop(own.write_all(&piece[..read]).await);
        drop(own.flush().await);
    }
}

/// The signals that ask a command to end. From a terminal it gets them itself; from systemd or `kill` only we do.
struct Signals(Vec<(Signal, rustix::process::Signal)>);

impl Signals {
    fn listen() -> Self {
        use rustix::process::Signal as S;
        let kinds =
            [(SignalKind::terminate(), S::TERM), (SignalKind::interrupt(), S::INT), (SignalKind::hangup(), S::HUP)];
        Self(kinds.into_iter().filter_map(|(kind, passed)| Some((signal(kind).ok()?, passed))).collect())
    }

    async fn next(&mut self) -> rustix::process::Signal {
        std::future::poll_fn(|context| {
            for (signal, passed) in &mut self.0 {
                if signal.poll_recv(context).is_ready() {
                    return std::task::Poll::Ready(*passed);
                }
            }
            std::task::Poll::Pending
        })
        .await
    }
}

fn program_name(command: &[OsString]) -> String {
    let program = command.first().map(Path::new).and_then(Path::file_name);
    program.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// The set named after a program: `/usr/local/bin/Cadangan simpeg.sh` is `cadangan-simpeg.sh`.
pub(crate) fn set_of_program(program: &str) -> Option<BackupSetId> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let plain = |c: char| if allowed(c) { c.to_ascii_lowercase() } else { '-' };
    let name: String = program.chars().map(plain).collect();
    BackupSetId::parse(name.trim_start_matches(['-', '_', '.'])).ok()
}

fn run_name() -> Option<String> {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(hex::encode(bytes))
}

fn user_name() -> String {
    let named = ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok().filter(|name| !name.is_empty()));
    named.unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run_file::read_record;

    async fn run(command: &[&str], folder: &Path) -> i32 {
        let order = BackupRunOrder {
            set: Some(BackupSetId::parse("db").expect("valid")),
            verifies: false,
            command: command.iter().map(OsString::from).collect(),
            folder: folder.to_owned(),
        };
        run_backup(&order, &Clock::system()).await
    }

    fn only_record(folder: &Path) -> RunRecord {
        let mut names = std::fs::read_dir(folder).expect("lists").map(|entry| entry.expect("entry").file_name());
        let name = names.next().expect("a record").into_string().expect("text");
        assert_eq!(names.next(), None, "one record");
        read_record(folder, &name, Clock::system().now().as_ms()).expect("reads").record
    }

    #[tokio::test]
    async fn start_end_code_and_last_words_are_recorded() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let code = run(&["sh", "-c", "echo satu >&2; echo dua >&2; sleep 0.05; exit 3"], dir.path()).await;
        assert_eq!(code, 3);
        let record = only_record(dir.path());
        assert_eq!(
            (record.exit_code, record.error_tail.as_str(), record.program.as_str()),
            (Some(3), "satu; dua", "sh")
        );
        assert!(record.duration_ms.is_some_and(|ms| (50..10_000).contains(&ms)), "{record:?}");
        assert!(record.ended_at_ms.is_some_and(|end| end >= record.started_at_ms));
    }

    #[tokio::test]
    async fn signals_and_missing_commands_have_the_shells_codes() {
        let dir = tempfile::tempdir().expect("temporary directory");
        assert_eq!(run(&["sh", "-c", "kill -9 $$"], dir.path()).await, 137);
        assert_eq!(only_record(dir.path()).exit_code, Some(137));
        let dir = tempfile::tempdir().expect("temporary directory");
        assert_eq!(run(&["/no/such/command"], dir.path()).await, 127);
        assert!(only_record(dir.path()).error_tail.contains("cannot start"));
    }

    #[tokio::test]
    async fn without_a_folder_the_command_runs_all_the_same() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let made = dir.path().join("made");
        let code = run(&["touch", &made.display().to_string()], &dir.path().join("missing")).await;
        assert_eq!((code, made.exists()), (0, true));
    }

    #[tokio::test]
    async fn what_the_command_left_behind_does_not_hold_it_up() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let clock = Clock::system();
        let begun = clock.boot_ms();
        assert_eq!(run(&["sh", "-c", "sleep 4 >/dev/null & exit 0"], dir.path()).await, 0);
        assert!(clock.boot_ms() - begun < 10_000);
    }

    #[test]
    fn a_set_can_be_named_after_the_program() {
        let named = |program| set_of_program(program).map(|set| set.as_str().to_owned());
        assert_eq!(named("Cadangan simpeg.sh").as_deref(), Some("cadangan-simpeg.sh"));
        assert_eq!(named("..."), None);
    }
}
