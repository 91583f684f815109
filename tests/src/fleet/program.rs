//! A program under measurement as a process of its own: started with its output in a file, asked to stop, killed with
//! the bench. Knows nothing of what it measures.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

/// How long a program may take to stop.
const STOP_TIME_MAX: Duration = Duration::from_secs(120);

/// A program that runs; dropped, it is killed.
#[derive(Debug)]
pub struct Program {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Starts `program`; what it prints goes to `log`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(program: &Path, arguments: &[String], log: &Path) -> Result<Self> {
        let name = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
        let file = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
        let child = Command::new(program)
            .args(arguments)
            .env("PANTAU_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .kill_on_drop(true)
            // Ctrl-C is for the bench, which ends its programs in order.
            .process_group(0)
            .spawn()
            .with_context(|| format!("start {}", program.display()))?;
        Ok(Self { name, child, log: log.to_owned() })
    }

    /// Its process id.
    ///
    /// # Errors
    /// When it has ended.
    pub fn pid(&self) -> Result<u32> {
        self.child.id().with_context(|| format!("{} has ended\n{}", self.name, self.log_tail()))
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks it to stop and waits.
    ///
    /// # Errors
    /// When it does not stop in time, or says that it failed.
    pub async fn stop(mut self) -> Result<()> {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.pid()?)?).context("a process id is positive")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        let ended = tokio::time::timeout(STOP_TIME_MAX, self.child.wait()).await;
        let seconds = STOP_TIME_MAX.as_secs();
        let status = ended.with_context(|| format!("{} did not stop within {seconds} s", self.name))??;
        if !status.success() {
            bail!("{} stopped with {status}\n{}", self.name, self.log_tail());
        }
        Ok(())
    }

    /// The last lines of what it printed.
    pub fn log_tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

/// Asks `ready` twenty times a second until it says yes.
///
/// # Errors
/// When `what` is not so within `seconds`.
pub async fn eventually(what: &str, seconds: u64, mut ready: impl AsyncFnMut() -> bool) -> Result<()> {
    for _ in 0..seconds * 20 {
        if ready().await {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("{what} did not hold within {seconds} s")
}
