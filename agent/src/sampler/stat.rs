//! `/proc/stat`: processor time by mode, and kernel-wide counters. Knows nothing of rates.

use super::source::SourceError;
use pantau_shared::limits::DEVICES_MAX;
use pantau_shared::sample::{CpuTimes, Kernel};

/// Milliseconds in one tick of the kernel's user-visible clock: `CLK_TCK` is 100 on every architecture Linux has.
const TICK_MS: u64 = 10;

/// What `/proc/stat` holds.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Stat {
    pub(crate) cpu_total: Option<CpuTimes>,
    pub(crate) cpus: Vec<CpuTimes>,
    /// Without uptime.
    pub(crate) kernel: Kernel,
}

/// Parses the file's text. An unknown line is passed over; a known one that cannot be read is an error.
pub(crate) fn parse_stat(text: &str) -> Result<Stat, SourceError> {
    let mut stat = Stat::default();
    for line in text.lines() {
        let Some((name, rest)) = line.split_once(' ') else {
            continue;
        };
        match name {
            "cpu" => stat.cpu_total = Some(parse_cpu(None, rest)?),
            "ctxt" => stat.kernel.context_switches = Some(number(rest)?),
            "intr" => stat.kernel.interrupts = Some(number(rest)?),
            "processes" => stat.kernel.forks = Some(number(rest)?),
            "procs_running" => stat.kernel.running = Some(number(rest)?),
            "procs_blocked" => stat.kernel.blocked = Some(number(rest)?),
            "btime" => stat.kernel.booted_at = i64::try_from(number(rest)?).ok(),
            _ => {
                if let Some(cpu) = name.strip_prefix("cpu")
                    && stat.cpus.len() < DEVICES_MAX
                {
                    let cpu = cpu.parse().map_err(|_| SourceError::malformed(line))?;
                    stat.cpus.push(parse_cpu(Some(cpu), rest)?);
                }
            }
        }
    }
    if stat.cpu_total.is_none() {
        return Err(SourceError::malformed("no cpu line"));
    }
    Ok(stat)
}

/// The first number of a line; `intr` has thousands behind it that nobody needs.
fn number(rest: &str) -> Result<u64, SourceError> {
    let word = rest.split_ascii_whitespace().next().unwrap_or("");
    word.parse().map_err(|_| SourceError::malformed(word))
}

fn parse_cpu(cpu: Option<u32>, rest: &str) -> Result<CpuTimes, SourceError> {
    let mut words = rest.split_ascii_whitespace();
    let mut next = || -> Result<Option<u64>, SourceError> {
        let Some(word) = words.next() else {
            return Ok(None);
        };
        let ticks: u64 = word.parse().map_err(|_| SourceError::malformed(word))?;
        Ok(Some(ticks.saturating_mul(TICK_MS)))
    };
    Ok(CpuTimes {
        cpu,
        user_ms: next()?,
        nice_ms: next()?,
        system_ms: next()?,
        idle_ms: next()?,
        iowait_ms: next()?,
        irq_ms: next()?,
        softirq_ms: next()?,
        steal_ms: next()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "cpu  10 1 20 300 4 0 5 6 0 0\ncpu0 5 1 10 150 2 0 3 3 0 0\ncpu3 5 0 10 150 2 0 2 3\n\
                        intr 987 0 1 2\nctxt 77\nbtime 1790000000\nprocesses 55\nprocs_running 2\nprocs_blocked 0\nsoftirq 9 9\n";

    #[test]
    fn reads_modes_in_milliseconds_and_counters() {
        let stat = parse_stat(TEXT).expect("parses");
        let total = stat.cpu_total.expect("total");
        assert_eq!((total.user_ms, total.idle_ms, total.steal_ms), (Some(100), Some(3000), Some(60)));
        assert_eq!(stat.cpus.iter().map(|cpu| cpu.cpu).collect::<Vec<_>>(), vec![Some(0), Some(3)]);
        assert_eq!(stat.kernel.interrupts, Some(987));
        assert_eq!(stat.kernel.booted_at, Some(1_790_000_000));
        assert_eq!(
            (stat.kernel.context_switches, stat.kernel.forks, stat.kernel.running),
            (Some(77), Some(55), Some(2))
        );
    }

    #[test]
    fn an_old_kernel_has_fewer_modes() {
        let stat = parse_stat("cpu 1 2 3 4\n").expect("parses");
        assert_eq!(stat.cpu_total.expect("total").iowait_ms, None);
    }

    #[test]
    fn garbage_is_an_error() {
        for text in ["", "cpu a b\n", "cpu 1 2 3 4\nctxt x\n", "cpu 1\ncpuX 1\n"] {
            assert!(parse_stat(text).is_err(), "{text}");
        }
    }
}
