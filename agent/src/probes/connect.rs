//! From a name to a TCP connection, phase by phase: what every connecting probe begins with.

use super::resolver::look_up;
use super::{Asking, Trouble};
use pantau_shared::probe::ProbePhase;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpStream, UdpSocket};

/// Most addresses of one name that are tried, in the resolver's order.
const ADDRESSES_MAX: usize = 4;

/// The addresses of `host`, at least one.
pub(super) async fn resolve(asking: &mut Asking<'_>, host: &str, port: u16) -> Result<Vec<SocketAddr>, Trouble> {
    if host.is_empty() {
        return Err(asking.refuse("no host to ask"));
    }
    let from_us = asking.enter(ProbePhase::Resolve);
    let resolved = look_up(host, port).await;
    asking.lap(|progress| &mut progress.resolve_us, from_us);
    match resolved {
        Ok(addresses) => {
            let addresses: Vec<_> = addresses.into_iter().take(ADDRESSES_MAX).collect();
            asking.progress.detail.is_v6 = addresses.first().map(SocketAddr::is_ipv6);
            if addresses.is_empty() {
                return Err(Trouble::Failed(format!("{host} has no address")));
            }
            Ok(addresses)
        }
        Err(error) => Err(trouble(&format!("cannot resolve {host}"), &error)),
    }
}

/// Resolves `host` and connects to the first of its addresses that accepts. The check's bound is shared among the
/// addresses, so that one that does not answer leaves time for the next.
pub(super) async fn connect(asking: &mut Asking<'_>, host: &str, port: u16) -> Result<TcpStream, Trouble> {
    let addresses = resolve(asking, host, port).await?;
    let from_us = asking.enter(ProbePhase::Connect);
    let connected = connect_any(host, &addresses, asking.bound()).await;
    asking.lap(|progress| &mut progress.connect_us, from_us);
    connected
}

/// Resolves `host` and gives a socket that talks to its first address only.
pub(super) async fn open_udp(asking: &mut Asking<'_>, host: &str, port: u16) -> Result<UdpSocket, Trouble> {
    let addresses = resolve(asking, host, port).await?;
    let Some(address) = addresses.first() else {
        return Err(Trouble::Failed(format!("{host} has no address")));
    };
    asking.enter(ProbePhase::Connect);
    let any: SocketAddr =
        if address.is_ipv6() { (std::net::Ipv6Addr::UNSPECIFIED, 0).into() } else { ([0, 0, 0, 0], 0).into() };
    let socket =
        UdpSocket::bind(any).await.map_err(|error| Trouble::Probe(format!("cannot open a socket: {error}")))?;
    socket.connect(address).await.map_err(|error| trouble(&format!("cannot reach {address}"), &error))?;
    Ok(socket)
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
