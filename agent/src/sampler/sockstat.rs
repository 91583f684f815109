//! `/proc/net/sockstat`: TCP sockets in use, in TIME-WAIT, orphaned, allocated. Does not know to whom they belong.

use super::source::SourceError;
use pantau_shared::sample::Sockets;

/// Parses the file's text: `TCP: inuse 3 orphan 0 tw 5 alloc 7 mem 1`, names and values by turns.
pub(crate) fn parse_sockstat(text: &str) -> Result<Sockets, SourceError> {
    let line = text.lines().find_map(|line| line.strip_prefix("TCP:"));
    let line = line.ok_or_else(|| SourceError::malformed("no TCP line"))?;
    let mut sockets = Sockets::default();
    let mut words = line.split_ascii_whitespace();
    while let Some(name) = words.next() {
        let value = words.next().and_then(|value| value.parse().ok());
        let value: u64 = value.ok_or_else(|| SourceError::malformed(line))?;
        match name {
            "inuse" => sockets.tcp_in_use = Some(value),
            "orphan" => sockets.tcp_orphaned = Some(value),
            "alloc" => sockets.tcp_allocated = Some(value),
            "tw" => sockets.tcp_time_wait = Some(value),
            _ => {}
        }
    }
    Ok(sockets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_tcp_line_only() {
        let text = "sockets: used 300\nTCP: inuse 31 orphan 0 tw 5 alloc 7 mem 1\nUDP: inuse 9 mem 2\n";
        let expected = Sockets {
            tcp_in_use: Some(31),
            tcp_time_wait: Some(5),
            tcp_orphaned: Some(0),
            tcp_allocated: Some(7),
            ..Sockets::default()
        };
        assert_eq!(parse_sockstat(text).expect("parses"), expected);
    }

    #[test]
    fn garbage_is_an_error() {
        for text in ["", "UDP: inuse 1\n", "TCP: inuse\n", "TCP: inuse x tw 1\n"] {
            assert!(parse_sockstat(text).is_err(), "{text}");
        }
    }
}
