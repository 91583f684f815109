//! What changes slowly or costs more than a sample should: the number of processes and the failed units of systemd. Read
//! once in [`PERIOD_MS`], told with every sample. Units are asked for beside the sampling, which never waits for them; an
//! asking has [`DEADLINE`], so that at most one is under way.

use super::bus;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::task::JoinHandle;

/// From one reading to the next.
const PERIOD_MS: u64 = 60_000;

/// How long the bus may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// Most names kept; the count is always the whole one.
pub(crate) const UNITS_MAX: usize = 64;

/// What is known of the failed units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum FailedUnits {
    /// No systemd or no bus here, or nothing heard yet.
    #[default]
    Unknown,
    /// Asking failed.
    Unreadable(String),
    /// How many, and the first of their names.
    Known { count: u64, names: Vec<String> },
}

/// Keeps slow facts from one sample to the next.
#[derive(Debug, Default)]
pub(crate) struct SlowFacts {
    read_ms: Option<u64>,
    asking: Option<JoinHandle<io::Result<Vec<String>>>>,
    pub(crate) processes: Option<u64>,
    pub(crate) units: FailedUnits,
}

impl SlowFacts {
    /// Begins what is due at `now_ms` and takes in what has ended.
    pub(crate) async fn refresh(&mut self, now_ms: u64, proc_root: &Path, run_root: &Path) {
        if self.asking.as_ref().is_some_and(JoinHandle::is_finished) {
            self.settle().await;
        }
        if self.read_ms.is_some_and(|read_ms| now_ms.saturating_sub(read_ms) < PERIOD_MS) {
            return;
        }
        self.read_ms = Some(now_ms);
        self.processes = count_processes(proc_root);
        if self.asking.is_some() {
            return;
        }
        match find_bus(run_root) {
            Some(socket) => {
                self.asking = Some(tokio::spawn(async move {
                    let asked = tokio::time::timeout(DEADLINE, bus::ask_failed_units(&socket)).await;
                    asked.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut)))
                }));
            }
            None => self.units = FailedUnits::Unknown,
        }
    }

    /// Waits for what is under way; for whoever looks once.
    pub(crate) async fn settle(&mut self) {
        let Some(asking) = self.asking.take() else { return };
        self.units = match asking.await {
            Ok(Ok(mut names)) => {
                let count = u64::try_from(names.len()).unwrap_or(u64::MAX);
                names.truncate(UNITS_MAX);
                FailedUnits::Known { count, names }
            }
            Ok(Err(error)) => FailedUnits::Unreadable(error.to_string()),
            Err(error) => FailedUnits::Unreadable(error.to_string()),
        };
    }
}

/// The system bus, where this machine was started by systemd.
pub(crate) fn find_bus(run_root: &Path) -> Option<PathBuf> {
    let socket = run_root.join("dbus/system_bus_socket");
    (run_root.join("systemd/system").is_dir() && socket.exists()).then_some(socket)
}

/// Counts processes. Where the first one is hidden (`hidepid`), others are as well: then nobody knows.
fn count_processes(proc_root: &Path) -> Option<u64> {
    let (mut count, mut sees_first) = (0, false);
    for entry in std::fs::read_dir(proc_root).ok()? {
        let name = entry.ok()?.file_name();
        let name = name.as_encoded_bytes();
        if name.iter().all(u8::is_ascii_digit) {
            count += 1;
            sees_first |= name == b"1";
        }
    }
    sees_first.then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::bus::tests::{failed, serve};
    use tokio::net::UnixListener;

    #[tokio::test]
    async fn units_are_asked_for_once_a_minute_and_never_waited_for() {
        let root = tempfile::tempdir().expect("temporary directory");
        let run = root.path();
        let mut slow = SlowFacts::default();
        slow.refresh(0, run, run).await;
        assert_eq!((slow.units.clone(), slow.asking.is_none()), (FailedUnits::Unknown, true), "no systemd here");
        for folder in ["systemd/system", "dbus", "1", "27", "sys"] {
            std::fs::create_dir_all(run.join(folder)).expect("makes");
        }
        let listener = UnixListener::bind(run.join("dbus/system_bus_socket")).expect("binds");
        slow.refresh(59_999, run, run).await;
        assert!(slow.asking.is_none(), "not yet");
        let many: Vec<String> = (0..100).map(|number| format!("u{number}.service")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let bus = tokio::spawn(serve(listener, "OK 0\r\n", failed(&many)));
        slow.refresh(60_000, run, run).await;
        assert_eq!((slow.units.clone(), slow.processes), (FailedUnits::Unknown, Some(2)));
        slow.settle().await;
        bus.await.expect("asked once");
        let FailedUnits::Known { count, names } = &slow.units else { panic!("{:?}", slow.units) };
        assert_eq!((*count, names.len(), names[0].as_str()), (100, UNITS_MAX, "u0.service"));
        std::fs::remove_dir(run.join("1")).expect("removes");
        assert_eq!(count_processes(run), None, "the first process is hidden");
    }

    #[tokio::test]
    async fn a_bus_that_does_not_answer_costs_no_sample_and_is_asked_once_at_a_time() {
        let root = tempfile::tempdir().expect("temporary directory");
        for folder in ["systemd/system", "dbus"] {
            std::fs::create_dir_all(root.path().join(folder)).expect("makes");
        }
        let listener = UnixListener::bind(root.path().join("dbus/system_bus_socket")).expect("binds");
        let mut slow = SlowFacts::default();
        for minute in 0..5 {
            slow.refresh(minute * PERIOD_MS, root.path(), root.path()).await;
            assert!(slow.asking.is_some() && slow.units == FailedUnits::Unknown);
        }
        let (stream, _) = listener.accept().await.expect("asked");
        drop(stream);
        slow.settle().await;
        assert!(matches!(slow.units, FailedUnits::Unreadable(_)), "{:?}", slow.units);
    }
}
