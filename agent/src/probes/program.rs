//! Running a program of this host: no shell, an empty environment, a bound on what it says, and an end with the asking.

use super::Trouble;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

/// Most of either output that is kept, in bytes; the rest is read and forgotten, so that the program can end.
const OUTPUT_BYTES_MAX: usize = 64 * 1024;

/// How a program ended and what it said.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

/// Ends a program's whole group when the asking ends before it.
struct Group(Option<rustix::process::Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0.take()
            && let Err(error) = rustix::process::kill_process_group(group, rustix::process::Signal::KILL)
        {
            tracing::debug!(%error, "a probe's program could not be ended");
        }
    }
}

/// Runs `path` with `arguments` to its end.
pub(super) async fn run(path: &Path, arguments: &[String]) -> Result<Ended, Trouble> {
    let name = path.display();
    let spawned = Command::new(path)
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn();
    let mut child = spawned.map_err(|error| Trouble::Probe(format!("cannot run {name}: {error}")))?;
    let id = child.id().and_then(|id| i32::try_from(id).ok());
    let mut group = Group(id.and_then(rustix::process::Pid::from_raw));
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr) = tokio::join!(read_bounded(stdout), read_bounded(stderr));
    let status = child.wait().await.map_err(|error| Trouble::Probe(format!("cannot wait for {name}: {error}")))?;
    // Its number is free for others from here on.
    group.0 = None;
    Ok(Ended { status, stdout, stderr })
}

async fn read_bounded(from: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut kept = Vec::new();
    let Some(mut from) = from else {
        return kept;
    };
    let mut bytes = [0; 4096];
    while let Ok(size @ 1..) = from.read(&mut bytes).await {
        let room = OUTPUT_BYTES_MAX.saturating_sub(kept.len()).min(size);
        kept.extend_from_slice(&bytes[..room]);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        vec!["-c".to_owned(), text.to_owned()]
    }

    #[tokio::test]
    async fn output_is_bounded_and_the_environment_is_empty() {
        let sh = Path::new("/bin/sh");
        let ended = run(sh, &words("head -c 1000000 /dev/zero; echo $HOME >&2; exit 3")).await.expect("runs");
        assert_eq!((ended.status.code(), ended.stdout.len()), (Some(3), OUTPUT_BYTES_MAX));
        assert_eq!(ended.stderr, b"\n");
        assert!(matches!(run(Path::new("/no/such"), &[]).await, Err(Trouble::Probe(_))));
    }

    #[tokio::test]
    async fn what_it_started_ends_with_the_asking() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let pid_file = folder.path().join("pid");
        let script = format!("sleep 60 & echo $! > {}; wait", pid_file.display());
        let words = words(&script);
        let cut = tokio::time::timeout(std::time::Duration::from_secs(1), run(Path::new("/bin/sh"), &words));
        assert!(cut.await.is_err());
        let pid: i32 = std::fs::read_to_string(&pid_file).expect("started").trim().parse().expect("a number");
        // Killed is enough: whoever adopts it may reap it late.
        let mut gone = false;
        for _ in 0..50 {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            gone = stat.is_empty() || stat.contains(") Z ");
            if gone {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert!(gone);
    }
}
