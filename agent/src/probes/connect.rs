//! From a name to a TCP connection, phase by phase: what every connecting probe begins with.

use super::{Progress, Trouble};
use crate::clock::Clock;
use pantau_shared::probe::ProbePhase;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};

/// Most addresses of one name that are tried, in the resolver's order.
const ADDRESSES_MAX: usize = 4;

/// Resolves `host` and connects to the first of its addresses that accepts. `bound` is shared among the addresses, so
/// that one that does not answer leaves time for the next.
pub(super) async fn connect(
    host: &str,
    port: u16,
    bound: Duration,
    clock: &Clock,
    progress: &mut Progress,
) -> Result<TcpStream, Trouble> {
    let from_us = progress.enter(ProbePhase::Resolve, clock);
    let resolved = lookup_host((host, port)).await;
    Progress::lap(&mut progress.resolve_us, from_us, clock);
    let addresses: Vec<SocketAddr> = match resolved {
        Ok(addresses) => addresses.take(ADDRESSES_MAX).collect(),
        Err(error) => return Err(trouble(&format!("cannot resolve {host}"), &error)),
    };
    let from_us = progress.enter(ProbePhase::Connect, clock);
    let connected = connect_any(host, &addresses, bound).await;
    Progress::lap(&mut progress.connect_us, from_us, clock);
    connected
}

async fn connect_any(host: &str, addresses: &[SocketAddr], bound: Duration) -> Result<TcpStream, Trouble> {
    let mut last = Trouble::Failed(format!("{host} has no address"));
    let each = bound / u32::try_from(addresses.len().max(1)).unwrap_or(1);
    for address in addresses {
        match tokio::time::timeout(each, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = trouble(&format!("cannot connect to {address}"), &error),
            Err(_) => last = Trouble::Failed(format!("no answer from {address} within {} ms", each.as_millis())),
        }
    }
    Err(last)
}

/// Tells the machine's own lack of something from the service's failure.
pub(super) fn trouble(what: &str, error: &io::Error) -> Trouble {
    use rustix::io::Errno;
    let own =
        [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::NOBUFS, Errno::ACCESS, Errno::PERM, Errno::ADDRNOTAVAIL];
    let reason = format!("{what}: {error}");
    let is_own = error.raw_os_error().is_some_and(|code| own.iter().any(|errno| errno.raw_os_error() == code));
    if is_own { Trouble::Probe(reason) } else { Trouble::Failed(reason) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_lack_is_not_the_services_failure() {
        let of = |errno: rustix::io::Errno| trouble("x", &io::Error::from_raw_os_error(errno.raw_os_error()));
        assert!(matches!(of(rustix::io::Errno::MFILE), Trouble::Probe(_)));
        assert!(matches!(of(rustix::io::Errno::CONNREFUSED), Trouble::Failed(_)));
        assert!(matches!(of(rustix::io::Errno::HOSTUNREACH), Trouble::Failed(_)));
    }
}
