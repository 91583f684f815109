//! The two real programs as processes: where they are, started with a folder of their own, killed hard or asked to stop.

use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

/// The program's path beside this test's own executable, as `cargo build -p …` leaves it.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe().context("find this test's own path")?;
    let folder = own.parent().and_then(Path::parent).context("test lies in target/PROFILE/deps")?;
    let path = folder.join(name);
    ensure!(path.is_file(), "{} is not built; run `cargo build -p pantau-agent -p pantau-collector`", path.display());
    Ok(path)
}

/// Runs a program to its end; its exit code, standard output and standard error.
pub(crate) async fn run(name: &str, arguments: &[&str]) -> Result<(i32, String, String)> {
    let mut command = Command::new(program(name)?);
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(Duration::from_secs(30), command.output())
        .await
        .with_context(|| format!("{name} {arguments:?} did not end within 30 s"))??;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok((output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr)))
}

/// A program that keeps running, with its log in a file.
pub(crate) struct Running {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts a program; what it prints is appended to `log`. A write beyond a limit on file size is an error for it,
    /// not its end (`SIGXFSZ` is ignored).
    pub(crate) fn start(name: &str, arguments: &[&str], log: &Path) -> Result<Self> {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
        let child = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(program(name)?)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {name}"))?;
        Ok(Self { name: name.to_owned(), child, log: log.to_owned() })
    }

    /// Process id.
    pub(crate) fn pid(&self) -> Result<u32> {
        self.child.id().context("the process has ended")
    }

    /// `kill -9`, and waits until it is gone.
    pub(crate) async fn kill(mut self) -> Result<()> {
        self.child.kill().await.with_context(|| format!("kill {}", self.name))
    }

    /// Asks it to stop (SIGTERM); must end with code 0 in time.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let pid = i32::try_from(self.pid()?)?;
        let pid = rustix::process::Pid::from_raw(pid).context("a process id is positive")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        let status = tokio::time::timeout(Duration::from_secs(20), self.child.wait())
            .await
            .with_context(|| format!("{} did not stop within 20 s\n{}", self.name, self.log_tail()))??;
        if !status.success() {
            bail!("{} stopped with {status}\n{}", self.name, self.log_tail());
        }
        Ok(())
    }

    /// The last lines of its log, for messages.
    pub(crate) fn log_tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}
