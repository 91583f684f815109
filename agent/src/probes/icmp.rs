//! Echo requests: loss and round-trip times. Through the kernel's unprivileged echo socket where
//! `net.ipv4.ping_group_range` lets the agent's group have one, else through a raw socket where it has `CAP_NET_RAW`.

use super::connect::{resolve, trouble};
use super::{Asking, Judgement, Trouble};
use pantau_shared::assignment::kinds::IcmpCheck;
use pantau_shared::probe::ProbePhase;
use ring::rand::{SecureRandom, SystemRandom};
use socket2::{Domain, Protocol, Socket, Type};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::UdpSocket;

mod packet;

use packet::{Reply, parse_reply, render_request};

/// Most echo requests of one asking.
const COUNT_MAX: u32 = 20;

/// The bounds of a check with its defaults filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bounds {
    count: u16,
    spacing: Duration,
    failed_percent: u32,
    degraded_percent: u32,
}

fn parse_bounds(check: &IcmpCheck) -> Option<Bounds> {
    let or = |value: u32, default: u32| if value == 0 { default } else { value };
    let count = or(check.count, 3);
    let spacing_ms = or(check.spacing_ms, 200);
    let bounds = Bounds {
        count: u16::try_from(count).ok()?,
        spacing: Duration::from_millis(u64::from(spacing_ms)),
        failed_percent: or(check.failed_loss_percent, 100),
        degraded_percent: check.degraded_loss_percent,
    };
    let good = count <= COUNT_MAX
        && (10..=1000).contains(&spacing_ms)
        && bounds.failed_percent <= 100
        && bounds.degraded_percent <= 100;
    good.then_some(bounds)
}

/// Sends the requests at their spacing and hears until all are answered or time is nearly up.
pub(super) async fn ask(asking: &mut Asking<'_>, check: &IcmpCheck) -> Result<Judgement, Trouble> {
    let bounds = parse_bounds(check).ok_or_else(|| asking.refuse("count, spacing or loss is out of its bounds"))?;
    let addresses = resolve(asking, &check.host, 0).await?;
    let Some(&address) = addresses.first() else {
        return Err(Trouble::Failed(format!("{} has no address", check.host)));
    };
    let from_us = asking.enter(ProbePhase::Connect);
    let (socket, is_raw) = open(address)?;
    asking.lap(|progress| &mut progress.connect_us, from_us);
    let mut ident = [0; 2];
    SystemRandom::new()
        .fill(&mut ident)
        .map_err(|_| Trouble::Probe("the system gives no random numbers".to_owned()))?;
    let echo = Echo { socket, is_raw, is_v6: address.is_ipv6(), ident: u16::from_be_bytes(ident) };
    asking.enter(ProbePhase::FirstByte);
    let round_trips = exchange(asking, &echo, bounds).await?;
    let heard: Vec<u64> = round_trips.iter().copied().flatten().collect();
    note(asking, &round_trips, &heard);
    Ok(judge(round_trips.len(), heard.len(), bounds, &check.host))
}

struct Echo {
    socket: UdpSocket,
    is_raw: bool,
    is_v6: bool,
    ident: u16,
}

/// A socket for echoes of one address, and whether it is raw. `UdpSocket` only sends and receives on it.
pub(super) fn open(address: SocketAddr) -> Result<(UdpSocket, bool), Trouble> {
    let (domain, protocol) = match address {
        SocketAddr::V4(_) => (Domain::IPV4, Protocol::ICMPV4),
        SocketAddr::V6(_) => (Domain::IPV6, Protocol::ICMPV6),
    };
    let made = match Socket::new(domain, Type::DGRAM, Some(protocol)) {
        Ok(socket) => Ok((socket, false)),
        Err(_) => Socket::new(domain, Type::RAW, Some(protocol)).map(|socket| (socket, true)),
    };
    let (socket, is_raw) = made.map_err(|error| {
        let remedy = "let the agent's group into net.ipv4.ping_group_range, or give the agent CAP_NET_RAW";
        Trouble::Probe(format!("may not send echo requests ({error}): {remedy}"))
    })?;
    let ready = socket.set_nonblocking(true).and_then(|()| socket.connect(&address.into()));
    ready.map_err(|error| trouble(&format!("cannot reach {}", address.ip()), &error))?;
    let socket = UdpSocket::from_std(socket.into());
    Ok((socket.map_err(|error| Trouble::Probe(format!("cannot use the socket: {error}")))?, is_raw))
}

/// The round-trip time of each request in microseconds, `None` for one that was not answered in time.
async fn exchange(asking: &mut Asking<'_>, echo: &Echo, bounds: Bounds) -> Result<Vec<Option<u64>>, Trouble> {
    let mut sent_us = Vec::with_capacity(usize::from(bounds.count));
    let mut round_trips = vec![None; usize::from(bounds.count)];
    // A little before the bound, so that some loss is a figure and not the end of the asking.
    let end = tokio::time::sleep(asking.bound().mul_f32(0.9));
    tokio::pin!(end);
    let mut ticks = tokio::time::interval(bounds.spacing);
    let mut bytes = [0; 2048];
    while round_trips.iter().any(Option::is_none) {
        tokio::select! {
            _ = ticks.tick(), if sent_us.len() < round_trips.len() => {
                let sequence = u16::try_from(sent_us.len()).unwrap_or(u16::MAX);
                sent_us.push(asking.clock.boot_us());
                let sent = echo.socket.send(&render_request(echo.is_v6, echo.ident, sequence)).await;
                sent.map_err(|error| trouble("cannot send", &error))?;
            }
            received = echo.socket.recv(&mut bytes) => {
                let size = received.map_err(|error| trouble("no answer", &error))?;
                let now_us = asking.clock.boot_us();
                let reply = parse_reply(bytes.get(..size).unwrap_or_default(), echo.is_v6, echo.is_raw);
                // The kernel puts its own ident on an unprivileged socket's requests and sorts the replies by it.
                let Some(reply) = reply.filter(|reply| !echo.is_raw || reply.ident == echo.ident) else { continue };
                take_reply(asking, reply, now_us, &sent_us, &mut round_trips);
            }
            () = &mut end => break,
        }
    }
    round_trips.truncate(sent_us.len());
    Ok(round_trips)
}

fn take_reply(asking: &mut Asking<'_>, reply: Reply, now_us: u64, sent_us: &[u64], round_trips: &mut [Option<u64>]) {
    let at = usize::from(reply.sequence);
    let (Some(&sent), Some(place)) = (sent_us.get(at), round_trips.get_mut(at)) else {
        return;
    };
    place.get_or_insert(now_us.saturating_sub(sent));
    asking.progress.first_byte_us.get_or_insert(now_us.saturating_sub(sent));
    asking.progress.detail.echo_us = asking.progress.first_byte_us;
    asking.progress.detail.hop_limit = reply.hop_limit;
}

fn note(asking: &mut Asking<'_>, round_trips: &[Option<u64>], heard: &[u64]) {
    let lost = round_trips.len() - heard.len();
    let ratio = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
    asking.note("loss", 100.0 * ratio(lost, round_trips.len()), "%");
    if let (Some(least), Some(most)) = (heard.iter().min(), heard.iter().max()) {
        let mean = ratio(usize::try_from(heard.iter().sum::<u64>()).unwrap_or(usize::MAX), heard.len());
        asking.note("rtt_min", *least as f64 / 1e6, "s");
        asking.note("rtt_mean", mean / 1e6, "s");
        asking.note("rtt_max", *most as f64 / 1e6, "s");
    }
}

fn judge(sent: usize, heard: usize, bounds: Bounds, host: &str) -> Judgement {
    let lost = sent.saturating_sub(heard);
    let lost_share = lost.saturating_mul(100);
    let reaches =
        |percent: u32| usize::try_from(percent).is_ok_and(|percent| lost_share >= percent.saturating_mul(sent));
    let reason = || format!("{lost} of {sent} echo requests to {host} not answered");
    if sent == 0 || reaches(bounds.failed_percent) {
        return Judgement::failed(ProbePhase::FirstByte, reason());
    }
    if lost > 0 && reaches(bounds.degraded_percent) {
        return Judgement::degraded(ProbePhase::FirstByte, reason());
    }
    Judgement::ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pantau_shared::probe::ProbeVerdict;

    #[test]
    fn loss_is_judged_against_both_bounds() {
        let bounds = |failed, degraded| {
            let check =
                IcmpCheck { failed_loss_percent: failed, degraded_loss_percent: degraded, ..IcmpCheck::default() };
            parse_bounds(&check).expect("good")
        };
        assert_eq!(judge(3, 3, bounds(0, 0), "x"), Judgement::ok());
        assert_eq!(judge(3, 2, bounds(0, 0), "x").verdict, ProbeVerdict::Degraded);
        assert_eq!(judge(3, 0, bounds(0, 0), "x").reason, "3 of 3 echo requests to x not answered");
        assert_eq!(judge(10, 9, bounds(50, 20), "x"), Judgement::ok());
        assert_eq!(judge(10, 8, bounds(50, 20), "x").verdict, ProbeVerdict::Degraded);
        assert_eq!(judge(10, 5, bounds(50, 20), "x").verdict, ProbeVerdict::Failed);
        assert_eq!(judge(0, 0, bounds(50, 20), "x").verdict, ProbeVerdict::Failed);
    }

    #[test]
    fn bounds_out_of_range_are_refused() {
        let check = |count, spacing_ms, failed_loss_percent| IcmpCheck {
            count,
            spacing_ms,
            failed_loss_percent,
            ..IcmpCheck::default()
        };
        assert!(parse_bounds(&check(20, 10, 100)).is_some());
        assert!(parse_bounds(&check(21, 0, 0)).is_none());
        assert!(parse_bounds(&check(0, 5, 0)).is_none());
        assert!(parse_bounds(&check(0, 0, 101)).is_none());
    }
}
