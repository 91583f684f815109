//! A folder to make backups in, commands with a time limit, and looks.

use pantau_agent::backups::Access;
use pantau_agent::clock::Clock;
use pantau_agent::look_at;
use pantau_shared::assignment::{BackupSource, BackupWatch};
use pantau_shared::backup::BackupObservation;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// Debian's user for those who own nothing.
pub(crate) const NOBODY: u32 = 65_534;

/// Where the set's backups and the agent's folders are.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    clock: Clock,
}

/// How a command ended.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) said: String,
}

/// Whether all of `programs` are here; says which is not.
pub(crate) fn are_here(programs: &[&str]) -> bool {
    let folders = ["/usr/bin", "/usr/sbin", "/bin", "/usr/local/bin"];
    let missing = programs.iter().find(|program| !folders.iter().any(|f| Path::new(f).join(program).exists()));
    if let Some(missing) = missing {
        eprintln!("skipped: {missing} is not installed on this machine; tests/run installs it");
    }
    missing.is_none()
}

/// Whether this test may become another user.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

impl Bench {
    /// An empty folder that anybody may enter.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("temporary directory");
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("opens");
        let bench = Self { folder, clock: Clock::system() };
        let runs = bench.path("runs");
        std::fs::create_dir(&runs).expect("creates");
        std::fs::set_permissions(&runs, PermissionsExt::from_mode(0o1733)).expect("opens");
        std::fs::create_dir(bench.path("cache")).expect("creates");
        let config = format!("[backups]\nruns_dir = \"{}\"\n", runs.display());
        std::fs::write(bench.path("agent.toml"), config).expect("writes");
        bench
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The same as text.
    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Unix ms.
    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.now().as_ms()
    }

    /// A folder of its own for a user.
    pub(crate) fn folder_of(&self, name: &str, user: u32) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir(&path).expect("creates");
        if is_root() {
            std::os::unix::fs::chown(&path, Some(user), None).expect("gives away");
        }
        path
    }

    /// Runs a command as `user` where this test may.
    pub(crate) async fn run_as(&self, user: u32, command: &[&str], environment: &[(&str, &str)]) -> Ran {
        let (program, arguments) = command.split_first().expect("a command");
        let mut command = Command::new(program);
        command.args(arguments).envs(environment.iter().copied()).env("TZ", "UTC").current_dir("/");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        if is_root() && user != 0 {
            command.uid(user);
        }
        let child = command.spawn().unwrap_or_else(|error| panic!("{program}: {error}"));
        let ended = tokio::time::timeout(Duration::from_secs(60), child.wait_with_output()).await;
        let output = ended.unwrap_or_else(|_| panic!("{program} takes too long")).expect("runs");
        let said = [output.stdout, output.stderr].concat();
        Ran { code: output.status.code().unwrap_or(-1), said: String::from_utf8_lossy(&said).into_owned() }
    }

    /// Runs a command that must succeed.
    pub(crate) async fn run(&self, command: &[&str], environment: &[(&str, &str)]) {
        let ran = self.run_as(0, command, environment).await;
        assert_eq!(ran.code, 0, "{command:?}: {}", ran.said);
    }

    /// Runs a command under the wrapper.
    pub(crate) async fn wrapped(&self, user: u32, command: &[&str], environment: &[(&str, &str)]) -> Ran {
        let config = self.text("agent.toml");
        let agent = self.text("pantau-agent");
        if !Path::new(&agent).exists() {
            // Where it was built others may not enter.
            std::fs::copy(env!("CARGO_BIN_EXE_pantau-agent"), &agent).expect("copies");
        }
        let wrapper = [agent.as_str(), "backup-run", "--set", "set", "--config", &config, "--"];
        self.run_as(user, &[&wrapper, command].concat(), environment).await
    }

    /// Looks at a source as the agent does.
    pub(crate) async fn look(&self, source: BackupSource) -> BackupObservation {
        let set = BackupWatch { id: "set".into(), interval_ms: 300_000, source: Some(source) };
        let access = Access { runs_dir: Some(self.path("runs")), tools: true, cache_dir: Some(self.path("cache")) };
        look_at(&set, &access, &self.clock).await
    }
}

/// Data to save: a few files that hardly compress.
pub(crate) fn write_data(folder: &Path) {
    std::fs::create_dir_all(folder).expect("creates");
    let mut state = 1_u32;
    let mut bytes = Vec::new();
    for _ in 0..100_000 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        bytes.extend(state.to_le_bytes());
    }
    for name in ["satu", "dua", "tiga"] {
        std::fs::write(folder.join(name), &bytes).expect("writes");
    }
}
