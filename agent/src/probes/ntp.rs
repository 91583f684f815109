//! A question to a time server (RFC 5905, client mode): it must be synchronised, and its time near this host's.

use super::connect::{open_udp, trouble};
use super::conversation::port_of;
use super::{Asking, Judgement, Trouble};
use pantau_shared::assignment::kinds::NtpCheck;
use pantau_shared::probe::ProbePhase;
use ring::rand::{SecureRandom, SystemRandom};

const PACKET_BYTES: usize = 48;

/// From 1900, where NTP counts, to 1970, in seconds.
const EPOCH_SECONDS: i64 = 2_208_988_800;

/// Highest stratum of a synchronised server.
const STRATUM_MAX: u32 = 15;

/// Asks once and judges.
pub(super) async fn ask(asking: &mut Asking<'_>, check: &NtpCheck) -> Result<Judgement, Trouble> {
    let port = port_of(asking, check.port, 123)?;
    let socket = open_udp(asking, &check.host, port).await?;
    // The transmit time is a random number: only whoever saw it can answer (RFC 8915 names the habit), and it tells
    // the server nothing of this host's clock.
    let mut cookie = [0; 8];
    let random = SystemRandom::new().fill(&mut cookie);
    random.map_err(|_| Trouble::Probe("the system gives no random numbers".to_owned()))?;
    let from_us = asking.enter(ProbePhase::FirstByte);
    let asked_at_us = asking.clock.now().as_ms().saturating_mul(1000);
    socket.send(&render_request(cookie)).await.map_err(|error| trouble("cannot send", &error))?;
    let mut bytes = [0; 512];
    let answer = loop {
        let size = socket.recv(&mut bytes).await.map_err(|error| trouble("no answer", &error))?;
        let answer = bytes.get(..size.min(PACKET_BYTES)).unwrap_or_default();
        if answer.len() == PACKET_BYTES && answer[24..32] == cookie {
            break answer;
        }
    };
    asking.lap(|progress| &mut progress.first_byte_us, from_us);
    let rtt_us = i64::try_from(asking.progress.first_byte_us.unwrap_or(0)).unwrap_or(i64::MAX);
    let seen = parse(answer, asked_at_us, rtt_us);
    asking.note("offset", seen.offset_us as f64 / 1e6, "s");
    asking.note("stratum", f64::from(seen.stratum), "");
    Ok(judge(&seen, check))
}

fn render_request(cookie: [u8; 8]) -> [u8; PACKET_BYTES] {
    let mut packet = [0; PACKET_BYTES];
    // Leap 0, version 4, mode 3 (client).
    packet[0] = 0x23;
    packet[40..].copy_from_slice(&cookie);
    packet
}

/// What a server says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    leap: u8,
    mode: u8,
    stratum: u8,
    reference: [u8; 4],
    /// Server's time less this host's, in microseconds.
    offset_us: i64,
}

/// Reads an answer of [`PACKET_BYTES`]; what is shorter reads as zeros.
fn parse(answer: &[u8], asked_at_us: i64, rtt_us: i64) -> Seen {
    let byte = |at: usize| answer.get(at).copied().unwrap_or(0);
    let word = |at: usize| u32::from_be_bytes([byte(at), byte(at + 1), byte(at + 2), byte(at + 3)]);
    let time_us = |at: usize| {
        let seconds = i64::from(word(at)) - EPOCH_SECONDS;
        seconds * 1_000_000 + ((i64::from(word(at + 4)) * 1_000_000) >> 32)
    };
    let (received_us, sent_us) = (time_us(32), time_us(40));
    let ended_us = asked_at_us.saturating_add(rtt_us);
    Seen {
        leap: byte(0) >> 6,
        mode: byte(0) & 7,
        stratum: byte(1),
        reference: [byte(12), byte(13), byte(14), byte(15)],
        offset_us: ((received_us - asked_at_us) + (sent_us - ended_us)) / 2,
    }
}

fn judge(seen: &Seen, check: &NtpCheck) -> Judgement {
    let failed = |reason: String| Judgement::failed(ProbePhase::Content, reason);
    if seen.mode != 4 {
        return Judgement::failed(ProbePhase::FirstByte, format!("answered in mode {}, not as a server", seen.mode));
    }
    if seen.stratum == 0 {
        // A kiss of death (RFC 5905, 7.4): the reference is a word.
        return failed(format!("server refuses with `{}`", String::from_utf8_lossy(&seen.reference)));
    }
    let stratum_max = if check.stratum_max == 0 { STRATUM_MAX } else { check.stratum_max };
    if seen.leap == 3 || u32::from(seen.stratum) > STRATUM_MAX {
        return failed("server says that it is not synchronised".to_owned());
    }
    if u32::from(seen.stratum) > stratum_max {
        return failed(format!("server is at stratum {}, above {stratum_max}", seen.stratum));
    }
    let offset_ms = seen.offset_us.unsigned_abs() / 1000;
    let beyond = |bound: u32| bound > 0 && offset_ms >= u64::from(bound);
    let reason = || format!("server and this host are {offset_ms} ms apart");
    if beyond(check.failed_offset_ms) {
        return failed(reason());
    }
    if beyond(check.degraded_offset_ms) {
        return Judgement::degraded(ProbePhase::Content, reason());
    }
    Judgement::ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pantau_shared::probe::ProbeVerdict;

    /// An answer of a chrony at stratum 2, its time at `at_us` after 1970.
    fn answer(first: u8, stratum: u8, at_us: i64) -> Vec<u8> {
        let mut packet = vec![0; PACKET_BYTES];
        packet[0] = first;
        packet[1] = stratum;
        packet[12..16].copy_from_slice(b"RATE");
        let seconds = u32::try_from(at_us / 1_000_000 + EPOCH_SECONDS).expect("before 2036");
        let fraction = u32::try_from(((at_us % 1_000_000) << 32) / 1_000_000).expect("below one");
        for at in [32, 40] {
            packet[at..at + 4].copy_from_slice(&seconds.to_be_bytes());
            packet[at + 4..at + 8].copy_from_slice(&fraction.to_be_bytes());
        }
        packet
    }

    const NOW_US: i64 = 1_760_000_000_000_000;

    #[test]
    fn the_offset_is_taken_at_the_middle_of_the_round_trip() {
        let seen = parse(&answer(0x24, 2, NOW_US + 5000), NOW_US, 10_000);
        assert!(seen.offset_us.abs() <= 1, "{}", seen.offset_us);
        let ahead = parse(&answer(0x24, 2, NOW_US + 2_000_000), NOW_US, 0);
        assert!((ahead.offset_us - 2_000_000).abs() <= 1, "{}", ahead.offset_us);
    }

    #[test]
    fn servers_are_judged_by_what_they_say() {
        let check = NtpCheck { degraded_offset_ms: 100, failed_offset_ms: 1000, stratum_max: 4, ..NtpCheck::default() };
        let judged =
            |first, stratum, offset_us| judge(&parse(&answer(first, stratum, NOW_US + offset_us), NOW_US, 0), &check);
        assert_eq!(judged(0x24, 2, 50_000), Judgement::ok());
        assert_eq!(judged(0x24, 2, 200_000).verdict, ProbeVerdict::Degraded);
        assert_eq!(judged(0x24, 2, -3_000_000).reason, "server and this host are 3000 ms apart");
        assert_eq!(judged(0xe4, 2, 0).reason, "server says that it is not synchronised");
        assert_eq!(judged(0x24, 16, 0).reason, "server says that it is not synchronised");
        assert_eq!(judged(0x24, 5, 0).reason, "server is at stratum 5, above 4");
        assert_eq!(judged(0x24, 0, 0).reason, "server refuses with `RATE`");
        assert_eq!(judged(0x23, 2, 0).phase, ProbePhase::FirstByte);
        assert_eq!(judge(&parse(&[], NOW_US, 0), &check).verdict, ProbeVerdict::Failed);
    }
}
