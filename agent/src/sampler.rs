//! Reads all kernel sources into one [`Sample`]. A source that fails is a missing field, a name in `failed_sources`
//! and a count; it never costs the other sources. One that this kernel does not have (pressure, before Linux 4.20 or
//! switched off) is a missing field only, logged once. Counters stay counters: this module knows no rate.

mod bus;
mod diskstats;
mod loadavg;
mod meminfo;
mod mounts;
mod netdev;
mod pressure;
mod slow;
mod snmp;
mod sockstat;
mod source;
mod stat;
mod timekeeping;
mod uptime;

pub(crate) use diskstats::is_whole_device;
use netdev::Link;
use pantau_shared::limits::{DEVICES_MAX, cut_text};
use pantau_shared::sample::{Pressure, Sample, Sockets, Units};
use slow::{FailedUnits, SlowFacts};
pub(crate) use snmp::parse_pairs;
use source::SourceError;
pub(crate) use source::read_source;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
pub(crate) use timekeeping::{KernelClock, read_clock};

/// How long link state and speed are believed, in milliseconds.
const LINK_AGE_MAX_MS: u64 = 60_000;

/// Where the kernel's files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roots {
    /// `/proc`.
    pub proc_root: PathBuf,
    /// `/sys`.
    pub sys_root: PathBuf,
    /// `/run`: where the system bus is.
    pub run_root: PathBuf,
}

impl Default for Roots {
    fn default() -> Self {
        Self { proc_root: "/proc".into(), sys_root: "/sys".into(), run_root: "/run".into() }
    }
}

/// Takes samples; keeps buffers and slow facts from one to the next.
#[derive(Debug)]
pub(crate) struct Sampler {
    roots: Roots,
    buffer: Vec<u8>,
    links: BTreeMap<String, Link>,
    links_read_ms: Option<u64>,
    space: mounts::SpaceReader,
    slow: SlowFacts,
    /// Sources whose failure was logged already: each is logged once until it works again.
    failing: Vec<String>,
    /// Sources that this kernel does not have; each was logged once.
    absent: Vec<&'static str>,
}

impl Sampler {
    /// A sampler of the machine whose files are under `roots`.
    pub(crate) fn new(roots: Roots) -> Self {
        let (buffer, links, failing) = (Vec::new(), BTreeMap::new(), Vec::new());
        let space = mounts::SpaceReader::default();
        let slow = SlowFacts::default();
        Self { roots, buffer, links, links_read_ms: None, space, slow, failing, absent: Vec::new() }
    }

    /// Takes one sample for whoever looks once: waits for the slow facts, which a round of sampling does not.
    pub(crate) async fn sample_whole(&mut self, now_ms: u64) -> Sample {
        self.slow.refresh(now_ms, &self.roots.proc_root, &self.roots.run_root).await;
        self.slow.settle().await;
        self.sample(now_ms).await
    }

    /// Takes one sample; `now_ms` is the time since boot.
    pub(crate) async fn sample(&mut self, now_ms: u64) -> Sample {
        let mut sample = Sample::default();
        let mut failed = Vec::new();
        let proc_root = self.roots.proc_root.clone();
        match self.read(&proc_root, "stat", stat::parse_stat, &mut failed) {
            Some(read) => {
                sample.cpu_total = read.cpu_total;
                sample.cpus = read.cpus;
                sample.kernel = Some(read.kernel);
            }
            None => sample.kernel = None,
        }
        if let Some(uptime_ms) = self.read(&proc_root, "uptime", uptime::parse_uptime, &mut failed) {
            sample.kernel.get_or_insert_default().uptime_ms = Some(uptime_ms);
        }
        if let Some((load, threads)) = self.read(&proc_root, "loadavg", loadavg::parse_loadavg, &mut failed) {
            sample.load = Some(load);
            sample.kernel.get_or_insert_default().threads = threads;
        }
        sample.memory = self.read(&proc_root, "meminfo", meminfo::parse_meminfo, &mut failed);
        sample.disks = self.read(&proc_root, "diskstats", diskstats::parse_diskstats, &mut failed).unwrap_or_default();
        sample.interfaces = self.read(&proc_root, "net/dev", netdev::parse_netdev, &mut failed).unwrap_or_default();
        self.fill_links(&mut sample, now_ms);
        sample.pressure = self.read_pressure(&proc_root, &mut failed);
        sample.sockets = self.read_sockets(&proc_root, &mut failed);
        match read_clock() {
            Ok(clock) => sample.timekeeping = Some(clock.reading()),
            Err(error) => self.note_failure("adjtimex", &error, &mut failed),
        }
        self.fill_slow(&mut sample, now_ms, &mut failed).await;
        let mounted = self.read(&proc_root, "self/mountinfo", mounts::parse_mountinfo, &mut failed);
        if let Some(mut filesystems) = mounted {
            let silent = self.space.fill(&mut filesystems, mounts::read_space).await;
            failed.extend(silent.into_iter().map(|mount_point| format!("statvfs {mount_point}")));
            sample.filesystems = filesystems;
        }
        failed.truncate(DEVICES_MAX);
        self.failing.clone_from(&failed);
        sample.failed_sources = failed;
        sample
    }

    fn read<T>(
        &mut self,
        root: &Path,
        path: &str,
        parse: fn(&str) -> Result<T, SourceError>,
        failed: &mut Vec<String>,
    ) -> Option<T> {
        let read = read_source(root, path, &mut self.buffer).and_then(parse);
        read.map_err(|error| self.note_failure(path, &error, failed)).ok()
    }

    fn note_failure(&self, path: &str, error: &(dyn std::error::Error + 'static), failed: &mut Vec<String>) {
        let name = match path {
            // `/proc/net/dev` is `netdev` to everybody.
            "net/dev" => "netdev",
            // Its files are named for resources.
            path if path.starts_with("pressure/") => path,
            path => path.rsplit('/').next().unwrap_or(path),
        };
        if !self.failing.iter().any(|failing| failing == name) {
            tracing::warn!(error, source = name, "source cannot be read");
        }
        failed.push(name.to_owned());
    }

    /// Two files; the second has no field of the first.
    fn read_sockets(&mut self, root: &Path, failed: &mut Vec<String>) -> Option<Sockets> {
        let sockets = self.read(root, "net/sockstat", sockstat::parse_sockstat, failed);
        let Some(counters) = self.read(root, "net/snmp", snmp::parse_snmp, failed) else {
            return sockets;
        };
        let now = sockets.unwrap_or_default();
        Some(Sockets {
            tcp_in_use: now.tcp_in_use,
            tcp_time_wait: now.tcp_time_wait,
            tcp_orphaned: now.tcp_orphaned,
            tcp_allocated: now.tcp_allocated,
            ..counters
        })
    }

    async fn fill_slow(&mut self, sample: &mut Sample, now_ms: u64, failed: &mut Vec<String>) {
        self.slow.refresh(now_ms, &self.roots.proc_root, &self.roots.run_root).await;
        if let Some(processes) = self.slow.processes {
            sample.kernel.get_or_insert_default().processes = Some(processes);
        }
        match &self.slow.units {
            FailedUnits::Unknown => {}
            FailedUnits::Unreadable(reason) => {
                self.note_failure("units", &std::io::Error::other(reason.clone()), failed);
            }
            FailedUnits::Known { count, names } => {
                sample.units = Some(Units { failed: Some(*count) });
                sample.failed_units = names.iter().map(|name| cut_text(name)).collect();
            }
        }
    }

    /// Three files, of which any may be missing; nothing when all are.
    fn read_pressure(&mut self, root: &Path, failed: &mut Vec<String>) -> Option<Pressure> {
        let mut read = |path: &'static str| {
            match read_source(root, path, &mut self.buffer).and_then(pressure::parse_pressure) {
                Ok(stalled) => return stalled,
                Err(error) if error.is_absence() => {
                    if !self.absent.contains(&path) {
                        tracing::info!(source = path, "this kernel does not have the source; its fields stay empty");
                        self.absent.push(path);
                    }
                }
                Err(error) => self.note_failure(path, &error, failed),
            }
            pressure::Stalled::default()
        };
        let [cpu, memory, io] = [read("pressure/cpu"), read("pressure/memory"), read("pressure/io")];
        let pressure = Pressure {
            cpu_some_us: cpu.some_us,
            cpu_full_us: cpu.full_us,
            memory_some_us: memory.some_us,
            memory_full_us: memory.full_us,
            io_some_us: io.some_us,
            io_full_us: io.full_us,
        };
        (pressure != Pressure::default()).then_some(pressure)
    }

    fn fill_links(&mut self, sample: &mut Sample, now_ms: u64) {
        let fresh = self.links_read_ms.is_some_and(|read_ms| now_ms.saturating_sub(read_ms) < LINK_AGE_MAX_MS);
        if !fresh {
            self.links.clear();
            self.links_read_ms = Some(now_ms);
        }
        for interface in &mut sample.interfaces {
            let link = match self.links.get(&interface.device) {
                Some(link) => *link,
                None => {
                    let link = netdev::read_link(&self.roots.sys_root, &interface.device, &mut self.buffer);
                    self.links.insert(interface.device.clone(), link);
                    link
                }
            };
            interface.speed_bits = link.speed_bits;
            interface.up = link.up;
        }
    }
}

#[cfg(test)]
mod kernels_tests;

#[cfg(test)]
mod tests {
    use super::*;
    use pantau_shared::sample::Kernel;

    /// A machine whose files are all under one folder.
    fn roots(root: &Path) -> Roots {
        Roots { proc_root: root.into(), sys_root: root.into(), run_root: root.into() }
    }

    #[tokio::test]
    async fn samples_this_machine() {
        let sample = Sampler::new(Roots::default()).sample(0).await;
        assert!(sample.cpu_total.is_some_and(|cpu| cpu.idle_ms.is_some()));
        assert!(!sample.cpus.is_empty() && sample.load.is_some());
        assert!(sample.memory.is_some_and(|memory| memory.total_bytes > Some(0)));
        assert!(sample.kernel.is_some_and(|kernel| kernel.uptime_ms > Some(0) && kernel.booted_at > Some(0)));
        assert_eq!(sample.failed_sources, Vec::<String>::new());
    }

    #[tokio::test]
    async fn a_missing_source_is_a_missing_field_and_costs_no_other() {
        let root = tempfile::tempdir().expect("temporary directory");
        std::fs::write(root.path().join("loadavg"), "0.10 0.20 0.30 1/2 3\n").expect("writes");
        std::fs::write(root.path().join("meminfo"), "MemTotal: nonsense\n").expect("writes");
        let sample = Sampler::new(roots(root.path())).sample(0).await;
        assert_eq!(sample.load.and_then(|load| load.five_centi), Some(20));
        assert_eq!((sample.memory, sample.cpu_total, sample.sockets, sample.units), (None, None, None, None));
        assert_eq!(sample.kernel, Some(Kernel { threads: Some(2), ..Kernel::default() }));
        assert_eq!(
            sample.failed_sources,
            ["stat", "uptime", "meminfo", "diskstats", "netdev", "sockstat", "snmp", "mountinfo"]
        );
    }

    #[tokio::test]
    async fn a_kernel_without_pressure_is_no_failure_and_one_that_garbles_it_is() {
        let root = tempfile::tempdir().expect("temporary directory");
        let mut sampler = Sampler::new(roots(root.path()));
        for _ in 0..2 {
            let sample = sampler.sample(0).await;
            assert_eq!(sample.pressure, None);
            assert!(!sample.failed_sources.iter().any(|name| name.contains("pressure")), "{:?}", sample.failed_sources);
        }
        assert_eq!(sampler.absent, ["pressure/cpu", "pressure/memory", "pressure/io"], "each was logged once");
        std::fs::create_dir(root.path().join("pressure")).expect("makes");
        std::fs::write(root.path().join("pressure/io"), "some total=9\nfull total=4\n").expect("writes");
        std::fs::write(root.path().join("pressure/cpu"), "some total=nonsense\n").expect("writes");
        let sample = sampler.sample(0).await;
        let expected = Pressure { io_some_us: Some(9), io_full_us: Some(4), ..Pressure::default() };
        assert_eq!(sample.pressure, Some(expected));
        assert!(sample.failed_sources.contains(&"pressure/cpu".to_owned()));
    }
}
