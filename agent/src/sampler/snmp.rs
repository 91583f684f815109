//! `/proc/net/snmp` and `/proc/net/netstat`: pairs of lines, names and then values, each begun by its protocol. Does not
//! know which of the counters matter to whom.
//!
//! ```text
//! Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens …
//! Tcp: 1 200 120000 -1 1234 …
//! ```

use super::source::SourceError;
use pantau_shared::sample::Sockets;

/// Calls `visit` with protocol, name and value of every counter; negative values mean "no bound" and are passed over.
pub(crate) fn parse_pairs<'a>(text: &'a str, mut visit: impl FnMut(&'a str, &'a str, u64)) -> Result<(), SourceError> {
    let mut lines = text.lines();
    while let Some(names) = lines.next() {
        let values = lines.next().ok_or_else(|| SourceError::malformed(names))?;
        let (Some((protocol, names)), Some((of, values))) = (names.split_once(':'), values.split_once(':')) else {
            return Err(SourceError::malformed(values));
        };
        if protocol != of {
            return Err(SourceError::malformed(of));
        }
        let mut values = values.split_ascii_whitespace();
        for name in names.split_ascii_whitespace() {
            let value = values.next().ok_or_else(|| SourceError::malformed(protocol))?;
            match value.parse::<u64>() {
                Ok(value) => visit(protocol, name, value),
                Err(_) if value.starts_with('-') => {}
                Err(_) => return Err(SourceError::malformed(value)),
            }
        }
    }
    Ok(())
}

/// The TCP counters of `/proc/net/snmp`.
pub(crate) fn parse_snmp(text: &str) -> Result<Sockets, SourceError> {
    let mut sockets = Sockets::default();
    parse_pairs(text, |protocol, name, value| {
        if protocol != "Tcp" {
            return;
        }
        let field = match name {
            "ActiveOpens" => &mut sockets.tcp_active_opens,
            "PassiveOpens" => &mut sockets.tcp_passive_opens,
            "AttemptFails" => &mut sockets.tcp_failed_opens,
            "EstabResets" => &mut sockets.tcp_resets,
            "CurrEstab" => &mut sockets.tcp_established,
            "InSegs" => &mut sockets.tcp_received_segments,
            "OutSegs" => &mut sockets.tcp_sent_segments,
            "RetransSegs" => &mut sockets.tcp_retransmitted_segments,
            "InErrs" => &mut sockets.tcp_receive_errors,
            _ => return,
        };
        *field = Some(value);
    })?;
    if sockets.tcp_established.is_none() {
        return Err(SourceError::malformed("no Tcp line"));
    }
    Ok(sockets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_tcp_counters_and_passes_over_what_is_unbounded() {
        let text = "Ip: Forwarding DefaultTTL\nIp: 1 64\n\
                    Tcp: RtoMin MaxConn ActiveOpens CurrEstab RetransSegs\nTcp: 200 -1 7 3 2\n";
        let sockets = parse_snmp(text).expect("parses");
        assert_eq!(
            (sockets.tcp_active_opens, sockets.tcp_established, sockets.tcp_retransmitted_segments),
            (Some(7), Some(3), Some(2))
        );
        let mut seen = 0;
        parse_pairs(text, |_, _, _| seen += 1).expect("parses");
        assert_eq!(seen, 6);
    }

    #[test]
    fn garbage_is_an_error() {
        for text in ["", "Tcp: A\n", "Tcp: A\nUdp: 1\n", "Tcp: CurrEstab\nTcp:\n", "Tcp: CurrEstab\nTcp: x\n", "a\nb\n"]
        {
            assert!(parse_snmp(text).is_err(), "{text}");
        }
    }
}
