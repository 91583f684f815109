//! `/proc/net/dev`: counters of network interfaces; and from `/sys/class/net` link state and speed.

use super::source::{SourceError, read_source};
use pantau_shared::limits::DEVICES_MAX;
use pantau_shared::sample::Interface;
use std::path::Path;

/// State and speed of a link; they change rarely and cost two files for each interface.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) speed_bits: Option<u64>,
    pub(crate) up: Option<bool>,
}

/// Parses the file's text. Two header lines come first.
pub(crate) fn parse_netdev(text: &str) -> Result<Vec<Interface>, SourceError> {
    let mut interfaces = Vec::new();
    for line in text.lines().skip(2).take(DEVICES_MAX) {
        let (device, rest) = line.split_once(':').ok_or_else(|| SourceError::malformed(line))?;
        let mut counters = [0u64; 12];
        let mut words = rest.split_ascii_whitespace();
        for counter in &mut counters {
            let word = words.next().ok_or_else(|| SourceError::malformed(line))?;
            *counter = word.parse().map_err(|_| SourceError::malformed(line))?;
        }
        interfaces.push(Interface {
            device: device.trim().to_owned(),
            receive_bytes: Some(counters[0]),
            receive_packets: Some(counters[1]),
            receive_errors: Some(counters[2]),
            receive_drops: Some(counters[3]),
            transmit_bytes: Some(counters[8]),
            transmit_packets: Some(counters[9]),
            transmit_errors: Some(counters[10]),
            transmit_drops: Some(counters[11]),
            speed_bits: None,
            up: None,
        });
    }
    Ok(interfaces)
}

/// Parses `operstate` and `speed`. A link that is down, or virtual, tells -1 or nothing.
pub(crate) fn parse_link(operstate: Option<&str>, speed_megabits: Option<&str>) -> Link {
    let up = operstate.and_then(|text| match text.trim() {
        "unknown" => None,
        state => Some(state == "up"),
    });
    let speed = speed_megabits.and_then(|text| text.trim().parse::<u64>().ok());
    // Some drivers tell 2^32 - 1 for "unknown".
    let speed_bits =
        speed.filter(|&megabits| megabits > 0 && megabits < 10_000_000).map(|megabits| megabits * 1_000_000);
    Link { speed_bits, up }
}

/// Reads the link of `device` under `sys_root`. What is missing is unknown.
pub(crate) fn read_link(sys_root: &Path, device: &str, buffer: &mut Vec<u8>) -> Link {
    let read = |name: &str, buffer: &mut Vec<u8>| {
        read_source(sys_root, &format!("class/net/{device}/{name}"), buffer).ok().map(str::to_owned)
    };
    let operstate = read("operstate", buffer);
    let speed = read("speed", buffer);
    parse_link(operstate.as_deref(), speed.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Inter-|   Receive        |  Transmit\n face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier compressed\n\
                        \x20   lo:    3193      29    0    0    0     0          0         0     3193      29    0    0    0     0       0          0\n\
                        \x20 eth0: 304729740    9011    1    2    0     0          0         0   589229    5367    3    4    0     0       0          0\n";

    #[test]
    fn reads_both_directions() {
        let interfaces = parse_netdev(TEXT).expect("parses");
        assert_eq!(interfaces.len(), 2);
        let eth0 = &interfaces[1];
        assert_eq!(eth0.device, "eth0");
        assert_eq!(
            (eth0.receive_bytes, eth0.receive_errors, eth0.receive_drops),
            (Some(304_729_740), Some(1), Some(2))
        );
        assert_eq!((eth0.transmit_bytes, eth0.transmit_errors, eth0.transmit_drops), (Some(589_229), Some(3), Some(4)));
        assert!(parse_netdev("a\nb\neth0 1 2\n").is_err());
        assert!(parse_netdev("a\nb\neth0: 1 2\n").is_err());
    }

    #[test]
    fn links() {
        assert_eq!(parse_link(Some("up\n"), Some("1000\n")), Link { speed_bits: Some(1_000_000_000), up: Some(true) });
        assert_eq!(parse_link(Some("down"), Some("-1")), Link { speed_bits: None, up: Some(false) });
        assert_eq!(parse_link(Some("unknown"), Some("4294967295")), Link::default());
        assert_eq!(parse_link(None, None), Link::default());
    }
}
