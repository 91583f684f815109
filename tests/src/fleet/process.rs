//! What another process costs, from the kernel's own accounting: processor time, proportional memory, size of its files.
//!
//! Processor time is the larger of two lower bounds: `/proc/PID/stat` counts threads that have ended, in steps of 10 ms; the
//! sum of `/proc/PID/task/*/schedstat` counts living threads in nanoseconds. Knows nothing of what the process does.

use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// Nanoseconds in one tick of the kernel's user-visible clock.
const TICK_NS: u64 = 10_000_000;

/// Processor time of a process since its start, all threads, user and system, in nanoseconds.
///
/// # Errors
/// When there is no such process.
pub fn read_cpu_ns(pid: u32) -> Result<u64> {
    let stat =
        fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| format!("read usage of process {pid}"))?;
    let ticks = parse_stat_ticks(&stat).with_context(|| format!("understand /proc/{pid}/stat"))?;
    let mut living = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))?.flatten() {
        // A thread may end between the listing and the reading.
        let text = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        living += text.split_ascii_whitespace().next().and_then(|ns| ns.parse::<u64>().ok()).unwrap_or(0);
    }
    Ok(living.max(ticks * TICK_NS))
}

/// User and system time in ticks. The name, in brackets, may itself hold blanks and brackets.
fn parse_stat_ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut words = rest.split_ascii_whitespace().skip(11);
    let user: u64 = words.next()?.parse().ok()?;
    let system: u64 = words.next()?.parse().ok()?;
    Some(user + system)
}

/// How often threads of a process have gone to sleep by themselves since they began: each time something woke them. And
/// how many threads there are.
///
/// # Errors
/// When there is no such process.
pub fn read_wakeups(pid: u32) -> Result<(u64, u64)> {
    let (mut wakeups, mut threads) = (0, 0);
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).with_context(|| format!("list threads of process {pid}"))?;
    for task in tasks.flatten() {
        let text = fs::read_to_string(task.path().join("status")).unwrap_or_default();
        wakeups += parse_wakeups(&text).unwrap_or(0);
        threads += 1;
    }
    Ok((wakeups, threads))
}

fn parse_wakeups(status: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?.trim().parse().ok()
}

/// Proportional memory (Pss) of a process now, in bytes.
///
/// # Errors
/// When there is no such process, or it belongs to somebody else.
pub fn read_pss_bytes(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    parse_pss_kib(&text).map(|kib| kib * 1024).with_context(|| format!("understand {path}"))
}

fn parse_pss_kib(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

/// Bytes of the store's file that hold something: its pages less its free list, from the file's header. Up to date
/// once the program that owns it has stopped; before, behind by what is still in the log beside it.
///
/// # Errors
/// When the file cannot be read or is no SQLite file.
pub fn read_store_bytes(path: &Path) -> Result<u64> {
    use std::io::Read;
    let mut header = [0; 100];
    fs::File::open(path)
        .and_then(|mut file| file.read_exact(&mut header))
        .with_context(|| format!("read the header of {}", path.display()))?;
    parse_used_bytes(&header).with_context(|| format!("{} is no SQLite file", path.display()))
}

/// Page size at 16, pages at 28, free pages at 36: the file format's documented header, big-endian.
fn parse_used_bytes(header: &[u8; 100]) -> Option<u64> {
    if !header.starts_with(b"SQLite format 3\0") {
        return None;
    }
    let number =
        |at: usize| u64::from(u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]));
    let page = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65_536,
        size => u64::from(size),
    };
    Some(number(28).checked_sub(number(36))? * page)
}

/// Bytes of all files below a folder; 0 when there is none.
pub fn read_folder_bytes(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(about) if about.is_dir() => read_folder_bytes(&entry.path()),
        Ok(about) => about.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

/// As many open files as the system lets this process and its children have: each agent keeps a connection.
pub fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let now = getrlimit(Resource::Nofile);
    // Refused is no harm: a run that needs more says so when it cannot connect.
    setrlimit(Resource::Nofile, Rlimit { current: now.maximum, maximum: now.maximum }).ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_kernel_texts() {
        let stat = "77 (a) b (c)) S 1 77 77 0 -1 4194560 100 0 0 0 12 30 0 0 20 0 9 0 5 1 2";
        assert_eq!(parse_stat_ticks(stat), Some(42));
        assert_eq!(parse_stat_ticks("77 (a) S 1"), None);
        assert_eq!(parse_pss_kib("x [rollup]\nRss:  9 kB\nPss:   1234 kB\nPss_Dirty: 5 kB\n"), Some(1234));
        assert_eq!(parse_pss_kib(""), None);
        assert_eq!(parse_wakeups("Name:\tx\nvoluntary_ctxt_switches:\t42\nnonvoluntary_ctxt_switches:\t7\n"), Some(42));
    }

    #[test]
    fn this_process_has_used_something() {
        let own = std::process::id();
        assert!(read_cpu_ns(own).expect("reads") > 0);
        assert!(read_pss_bytes(own).expect("reads") > 100_000);
        assert!(read_wakeups(own).expect("reads").1 >= 1);
    }

    #[test]
    fn free_pages_of_a_store_do_not_count() {
        let mut header = [0; 100];
        header[..16].copy_from_slice(b"SQLite format 3\0");
        header[16..18].copy_from_slice(&4096_u16.to_be_bytes());
        header[28..32].copy_from_slice(&10_u32.to_be_bytes());
        header[36..40].copy_from_slice(&4_u32.to_be_bytes());
        assert_eq!(parse_used_bytes(&header), Some(6 * 4096));
        assert_eq!(parse_used_bytes(&[0; 100]), None);
    }
}
