//! The machine: what the sampler can read, whether the clock is kept, whether systemd starts the agent, and who has the
//! port of `/metrics`.

use super::Finding;
use crate::clock::Clock;
use crate::config::Config;
use crate::sampler::Sampler;
use pantau_shared::sample::Sample;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Bound on asking who has the port.
const ASK_TIMEOUT: Duration = Duration::from_secs(3);

/// Where systemd looks for units, its own and the administrator's.
const UNIT_FOLDERS: [&str; 3] = ["/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];

/// Largest clock error that is taken for kept, in microseconds: what a daemon that has lost its servers admits before
/// the kernel gives up.
const CLOCK_ERROR_MAX_US: u64 = 1_000_000;

pub(super) async fn look(config: &Config, clock: &Clock) -> Vec<Finding> {
    let sample = Sampler::new(config.roots.clone()).sample_whole(clock.boot_ms()).await;
    let mut findings = sources(&sample);
    findings.push(timekeeping(&sample));
    if config.roots.run_root.join("systemd/system").is_dir() {
        findings.push(unit(&UNIT_FOLDERS.map(Path::new)));
    }
    findings.extend(match config.metrics_listen {
        Some(address) => Some(metrics(address).await),
        None => None,
    });
    findings
}

/// What each source is for, and what it takes.
fn remedy(source: &str) -> &'static str {
    match source.split([' ', '/']).next().unwrap_or(source) {
        "adjtimex" => "let the unit's SystemCallFilter allow adjtimex and clock_adjtime, with ProtectClock=no",
        "statvfs" => {
            "the file system hangs or its folder is closed to this user: look with `df`; the others are sampled"
        }
        "units" => "see that the system bus runs and that this user may ask systemd (`systemctl --failed`)",
        "pressure" => "the kernel's text is not understood: please report it with the kernel's version",
        _ => {
            "see that /proc and /sys are mounted and open to this user (ProcSubset=all in the unit, host.proc_root here)"
        }
    }
}

fn sources(sample: &Sample) -> Vec<Finding> {
    let mut findings: Vec<Finding> = sample
        .failed_sources
        .iter()
        .map(|source| Finding::bad("sampler", format!("{source} cannot be read"), remedy(source)))
        .collect();
    if findings.is_empty() {
        let told = format!(
            "all sources are read: {} processors, {} file systems, {} disks, {} interfaces",
            sample.cpus.len(),
            sample.filesystems.len(),
            sample.disks.len(),
            sample.interfaces.len()
        );
        findings.push(Finding::good("sampler", told));
    }
    if sample.pressure.is_none() {
        let mend = "needs Linux 4.20; where it was built in but switched off, start the kernel with psi=1";
        findings.push(Finding::missing("pressure", "this kernel tells no pressure", mend));
    }
    match sample.units.and_then(|units| units.failed) {
        Some(0) => findings.push(Finding::good("systemd", "answers; no unit has failed")),
        Some(count) => {
            let names = sample.failed_units.join(", ");
            findings.push(Finding::good("systemd", format!("answers; {count} failed: {names}")));
        }
        None => {}
    }
    findings
}

fn timekeeping(sample: &Sample) -> Finding {
    let mend = "run chrony, systemd-timesyncd or ntpd and see that it reaches its servers; observations bear this clock's times";
    let Some(clock) = sample.timekeeping else {
        return Finding::missing("clock", "the kernel does not tell whether it is kept in step", mend);
    };
    let error_us = clock.error_max_us.unwrap_or(u64::MAX);
    if clock.synchronized != Some(true) {
        return Finding::missing("clock", "nothing keeps the clock in step with a reference", mend);
    }
    if error_us > CLOCK_ERROR_MAX_US {
        return Finding::missing("clock", format!("kept in step once, may be off by {} ms now", error_us / 1000), mend);
    }
    Finding::good("clock", format!("kept in step, off by less than {} ms", error_us / 1000 + 1))
}

fn unit(folders: &[&Path]) -> Finding {
    let installed = folders.iter().map(|folder| folder.join("pantau-agent.service")).find(|path| path.is_file());
    match installed {
        Some(path) => Finding::good("unit", format!("{} is there", path.display())),
        None => Finding::missing(
            "unit",
            "systemd knows no pantau-agent.service: the agent will not start with the machine",
            "copy systemd/pantau-agent.service to /etc/systemd/system, then `systemctl enable --now pantau-agent`",
        ),
    }
}

async fn metrics(address: SocketAddr) -> Finding {
    match TcpListener::bind(address).await {
        Ok(_) => Finding::good("metrics", format!("{address} is free; no agent serves it now")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            match tokio::time::timeout(ASK_TIMEOUT, ask_root(address)).await {
                Ok(Ok(answer)) if answer.contains("pantau-agent") => {
                    Finding::good("metrics", format!("an agent answers on {address}"))
                }
                Ok(Ok(_) | Err(_)) | Err(_) => Finding::bad(
                    "metrics",
                    format!("another program has {address}"),
                    format!("see which with `ss -ltnp sport = :{}`, or set metrics.listen", address.port()),
                ),
            }
        }
        Err(error) => Finding::bad("metrics", format!("cannot listen on {address}: {error}"), "set metrics.listen"),
    }
}

/// The beginning of the answer to `GET /`.
async fn ask_root(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;
    use pantau_shared::sample::{Pressure, Timekeeping, Units};

    #[test]
    fn a_source_that_fails_comes_with_what_it_takes() {
        let sample = Sample {
            failed_sources: vec!["adjtimex".into(), "statvfs /mnt/old".into(), "units".into(), "meminfo".into()],
            ..Sample::default()
        };
        let findings = sources(&sample);
        let bad: Vec<_> = findings.iter().filter(|finding| finding.level == Level::Bad).collect();
        assert_eq!(bad.len(), 4);
        for (finding, word) in bad.iter().zip(["SystemCallFilter", "df", "system bus", "/proc"]) {
            assert!(finding.mend.as_ref().is_some_and(|mend| mend.contains(word)), "{finding:?}");
        }
        assert!(findings.iter().any(|finding| finding.subject == "pressure" && finding.level == Level::Missing));
        let well = Sample {
            pressure: Some(Pressure::default()),
            units: Some(Units { failed: Some(1) }),
            failed_units: vec!["nginx.service".into()],
            ..Sample::default()
        };
        let findings = sources(&well);
        assert!(findings.iter().all(|finding| finding.level == Level::Good), "{findings:?}");
        assert!(findings[1].told.contains("nginx.service"));
    }

    #[test]
    fn a_clock_is_told_by_how_far_it_may_be_off() {
        let timekeeping_of = |timekeeping| super::timekeeping(&Sample { timekeeping, ..Sample::default() });
        let told = |synchronized, error_max_us| {
            timekeeping_of(Some(Timekeeping { synchronized: Some(synchronized), offset_us: Some(0), error_max_us }))
        };
        assert_eq!(told(true, Some(900)).level, Level::Good);
        assert_eq!(told(true, Some(16_000_000)).level, Level::Missing);
        assert_eq!((told(false, Some(900)).level, timekeeping_of(None).level), (Level::Missing, Level::Missing));
    }

    #[test]
    fn a_unit_is_found_in_any_of_the_folders() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let folders = [Path::new("/no/such/folder"), folder.path()];
        assert_eq!(unit(&folders).level, Level::Missing);
        std::fs::write(folder.path().join("pantau-agent.service"), "").expect("writes");
        assert_eq!(unit(&folders).level, Level::Good);
    }

    #[tokio::test]
    async fn a_port_is_free_ours_or_anothers() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let address = listener.local_addr().expect("address");
        let serve = |answer: &'static str| async {
            let (mut stream, _) = listener.accept().await.expect("accepts");
            stream.write_all(answer.as_bytes()).await.expect("writes");
        };
        let (found, ()) = tokio::join!(metrics(address), serve("HTTP/1.1 200 OK\r\n\r\nsomething else"));
        assert!(found.level == Level::Bad && found.told.contains("another program"), "{found:?}");
        let (found, ()) = tokio::join!(metrics(address), serve("HTTP/1.1 200 OK\r\n\r\npantau-agent: see /metrics\n"));
        assert_eq!(found.level, Level::Good);
        drop(listener);
        assert!(metrics(address).await.told.contains("free"));
    }
}
