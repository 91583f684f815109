//! From counters and readings to rates and shares. A counter that went back was reset (or wrapped): there is no rate
//! over that pair, never a spike. Nor is there one over a reboot, whatever the counters say: a counter that began anew
//! may have passed its old value already.

use pantau_shared::sample::{CpuTimes, Filesystem, Interface, Memory, Sample};

/// What a counter grew by; `None` when it is missing or went back.
pub fn growth(before: Option<u64>, after: Option<u64>) -> Option<u64> {
    after?.checked_sub(before?)
}

/// Growth per second, floored; `None` without time.
pub fn per_second(before: Option<u64>, after: Option<u64>, elapsed_ms: i64) -> Option<u64> {
    let elapsed = u128::try_from(elapsed_ms).ok().filter(|ms| *ms > 0)?;
    u64::try_from(u128::from(growth(before, after)?) * 1000 / elapsed).ok()
}

/// How much less than the time between two samples an uptime may be before the machine was started in between, in ms:
/// both are read within one cycle, by clocks that differ a little.
const BOOT_SLACK_MS: u64 = 2_000;

/// Whether the machine was started anew between two samples `elapsed_ms` apart; unknown is no.
pub fn rebooted(before: &Sample, after: &Sample, elapsed_ms: i64) -> bool {
    let uptime = |sample: &Sample| sample.kernel.as_ref()?.uptime_ms;
    let (Some(before), Some(after)) = (uptime(before), uptime(after)) else { return false };
    let elapsed = u64::try_from(elapsed_ms).unwrap_or(0);
    after < before || after.saturating_add(BOOT_SLACK_MS) < elapsed
}

/// `part` of `whole` in thousandths, floored, at most 1000; `None` of nothing.
pub fn permille(part: u64, whole: u64) -> Option<u32> {
    let share = (u128::from(part) * 1000).checked_div(u128::from(whole))?;
    u32::try_from(share.min(1000)).ok()
}

/// Busy share of the processors between two readings: everything but idle and waiting for I/O.
pub fn cpu_busy_permille(before: &CpuTimes, after: &CpuTimes) -> Option<u32> {
    let fields =
        |t: &CpuTimes| [t.user_ms, t.nice_ms, t.system_ms, t.irq_ms, t.softirq_ms, t.steal_ms, t.idle_ms, t.iowait_ms];
    let mut grown = [0_u64; 8];
    for ((place, b), a) in grown.iter_mut().zip(fields(before)).zip(fields(after)) {
        // iowait may go back by a little on real kernels; that is no reset of the rest.
        *place = match (b, a) {
            (None, None) => 0,
            (b, a) => a?.saturating_sub(b?),
        };
    }
    growth(before.idle_ms, after.idle_ms)?;
    let idle = grown[6].saturating_add(grown[7]);
    let whole = grown.iter().fold(0_u64, |sum, ms| sum.saturating_add(*ms));
    permille(whole.saturating_sub(idle), whole)
}

/// Share of memory that is not available.
pub fn memory_permille(memory: &Memory) -> Option<u32> {
    let total = memory.total_bytes?;
    permille(total.saturating_sub(memory.available_bytes?), total)
}

/// Used share of a file system as `df` counts it: what the superuser's reserve holds is not free for others.
pub fn storage_permille(filesystem: &Filesystem) -> Option<u32> {
    let used = filesystem.size_bytes?.checked_sub(filesystem.free_bytes.or(filesystem.available_bytes)?)?;
    let available = filesystem.available_bytes.or(filesystem.free_bytes)?;
    permille(used, used.saturating_add(available))
}

/// Busier direction of an interface against its link speed.
pub fn bandwidth_permille(before: &Interface, after: &Interface, elapsed_ms: i64) -> Option<u32> {
    let speed = after.speed_bits.filter(|bits| *bits > 0)?;
    let rate = |b, a| per_second(b, a, elapsed_ms);
    let received = rate(before.receive_bytes, after.receive_bytes)?;
    let sent = rate(before.transmit_bytes, after.transmit_bytes)?;
    permille(received.max(sent).saturating_mul(8), speed)
}

/// Names of interfaces that carry no traffic of their own to the outside: loopback, and the virtual ends and bridges
/// whose bytes pass a physical interface again and would count twice.
const INNER_INTERFACES: [&str; 11] =
    ["lo", "br-", "bridge", "cali", "cni", "docker", "dummy", "flannel", "ifb", "veth", "virbr"];

/// Whether an interface's bytes count as the host's traffic.
pub fn carries_traffic(device: &str) -> bool {
    device != "lo" && !INNER_INTERFACES.iter().skip(1).any(|name| device.starts_with(name))
}

/// Bytes per second in and out, summed over the interfaces that carry the host's traffic and that both samples have.
pub fn network_bytes_per_second(before: &Sample, after: &Sample, elapsed_ms: i64) -> Option<(u64, u64)> {
    let mut sum: Option<(u64, u64)> = None;
    for a in after.interfaces.iter().filter(|interface| carries_traffic(&interface.device)) {
        let Some(b) = before.interfaces.iter().find(|b| b.device == a.device) else { continue };
        let received = per_second(b.receive_bytes, a.receive_bytes, elapsed_ms);
        let sent = per_second(b.transmit_bytes, a.transmit_bytes, elapsed_ms);
        if let (Some(received), Some(sent)) = (received, sent) {
            let (r, s) = sum.unwrap_or_default();
            sum = Some((r.saturating_add(received), s.saturating_add(sent)));
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_that_goes_back_gives_no_rate() {
        assert_eq!(per_second(Some(100), Some(300), 2000), Some(100));
        assert_eq!(per_second(Some(300), Some(100), 2000), None);
        assert_eq!(per_second(Some(u64::MAX), Some(5), 1000), None);
        assert_eq!(per_second(Some(0), Some(u64::MAX), 1), None);
        assert_eq!(per_second(Some(1), Some(2), 0), None);
        assert_eq!(permille(5, 0), None);
        assert_eq!(permille(u64::MAX, u64::MAX), Some(1000));
    }

    fn interface(device: &str, received: u64, sent: u64) -> Interface {
        Interface {
            device: device.into(),
            receive_bytes: Some(received),
            transmit_bytes: Some(sent),
            speed_bits: Some(1_000_000_000),
            ..Interface::default()
        }
    }

    fn network(before: &[Interface], after: &[Interface]) -> Option<(u64, u64)> {
        let sample = |interfaces: &[Interface]| Sample { interfaces: interfaces.to_vec(), ..Sample::default() };
        network_bytes_per_second(&sample(before), &sample(after), 10_000)
    }

    #[test]
    fn what_begins_anew_is_never_a_spike() {
        let eth0 = |received, sent| interface("eth0", received, sent);
        let steady = Some((10, 10));
        // (before, after, rate): resets, wraps of 32 and 64 bits in either direction, an interface made anew or new.
        let cases = [
            (vec![eth0(100, 100)], vec![eth0(200, 200)], steady),
            (vec![eth0(1 << 40, 100)], vec![eth0(500, 200)], None),
            (vec![eth0(u64::from(u32::MAX) - 10, 100)], vec![eth0(90, 200)], None),
            (vec![eth0(100, u64::MAX)], vec![eth0(200, 5)], None),
            (vec![eth0(100, 100), interface("wg0", 1 << 50, 9)], vec![eth0(200, 200), interface("wg0", 7, 9)], steady),
            (vec![eth0(100, 100)], vec![eth0(200, 200), interface("wg0", 1 << 50, 1 << 50)], steady),
            (vec![eth0(100, 100), interface("wg0", 1 << 50, 9)], vec![eth0(200, 200)], steady),
        ];
        for (before, after, rate) in cases {
            assert_eq!(network(&before, &after), rate, "{before:?} {after:?}");
        }
        assert_eq!(bandwidth_permille(&eth0(1 << 40, 0), &eth0(5, 0), 10_000), None);
    }

    #[test]
    fn a_reboot_is_seen_by_the_uptime_alone() {
        let sample = |uptime_ms| {
            let kernel = pantau_shared::sample::Kernel { uptime_ms, ..Default::default() };
            Sample { kernel: Some(kernel), ..Sample::default() }
        };
        let seen = |before, after, elapsed_ms| rebooted(&sample(before), &sample(after), elapsed_ms);
        assert!(!seen(Some(5_000), Some(15_000), 10_000));
        assert!(seen(Some(900_000), Some(5_000), 60_000));
        assert!(seen(Some(30_000), Some(500_000), 600_000), "up for longer than before, yet started in between");
        assert!(!seen(Some(0), Some(9_000), 10_500), "clocks differ a little");
        assert!(!seen(None, Some(1), 600_000) && !seen(Some(1), None, 600_000), "nobody knows");
    }

    #[test]
    fn loopback_and_virtual_ends_are_not_the_hosts_traffic() {
        for device in ["lo", "veth12ab", "docker0", "br-4f", "ifb0", "virbr0"] {
            assert!(!carries_traffic(device), "{device}");
        }
        for device in ["eth0", "enp3s0", "br0", "bond0", "wlan0", "lo2wan"] {
            assert!(carries_traffic(device), "{device}");
        }
    }

    #[test]
    fn the_busy_share_leaves_out_idle_and_waiting() {
        let at = |user, idle, wait| CpuTimes {
            user_ms: Some(user),
            idle_ms: Some(idle),
            iowait_ms: Some(wait),
            ..CpuTimes::default()
        };
        assert_eq!(cpu_busy_permille(&at(0, 0, 0), &at(900, 50, 50)), Some(900));
        assert_eq!(cpu_busy_permille(&at(900, 50, 50), &at(10, 0, 0)), None);
        assert_eq!(cpu_busy_permille(&at(0, 0, 50), &at(500, 500, 40)), Some(500));
    }
}
