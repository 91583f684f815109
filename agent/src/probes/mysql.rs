//! A MySQL or MariaDB server (protocol 10): greeting, login, COM_PING. The login is always tried, as a nobody when no user
//! is named: a server counts hung-up greetings and locks the host out after a hundred (`max_connect_errors`).

use super::conversation::{Conversation, open, render_bytes, required};
use super::{Asking, Judgement, Trouble};
use pantau_shared::assignment::kinds::{DatabaseCheck, Encryption};
use pantau_shared::probe::ProbePhase;

mod login;

use login::{Greeting, Scramble, parse_greeting, render_login, render_tls_request, scramble};

/// Who asks when nobody is named.
const NOBODY: &str = "pantau";

/// Largest packet of a greeting or login, in bytes.
const PACKET_BYTES_MAX: usize = 16 * 1024;

/// Most packets of one login.
const PACKETS_MAX: usize = 10;

const COM_QUIT: &[u8] = &[1];
const COM_PING: &[u8] = &[14];

/// Greets, logs in, pings.
pub(super) async fn ask(asking: &mut Asking<'_>, check: &DatabaseCheck) -> Result<Judgement, Trouble> {
    let endpoint = required(asking, check.endpoint.as_ref())?;
    let login = check.login.clone().unwrap_or_default();
    let secret = match login.secret.as_str() {
        "" => String::new(),
        name => asking.site.read_secret(&endpoint.host, name).await?,
    };
    let user = if login.user.is_empty() { NOBODY } else { &login.user };
    let mut conversation = open(asking, endpoint, (3306, 3306)).await?;
    let (mut sequence, packet) = read_packet(asking, &mut conversation).await?;
    let greeting = match parse_greeting(&packet) {
        Ok(greeting) => greeting,
        Err(reason) => return Ok(Judgement::failed(ProbePhase::FirstByte, reason)),
    };
    let mut encrypted = endpoint.encryption() == Encryption::Tls;
    if endpoint.encryption() == Encryption::StartTls {
        if !greeting.offers_tls {
            return Ok(Judgement::failed(ProbePhase::Tls, "server does not offer TLS".to_owned()));
        }
        sequence = sequence.wrapping_add(1);
        conversation.send(&render_packet(sequence, &render_tls_request(check))).await?;
        conversation.start_tls(asking).await?;
        encrypted = true;
    }
    asking.enter(ProbePhase::Handshake);
    sequence = sequence.wrapping_add(1);
    let packet = render_login(&greeting, user, &secret, check, encrypted);
    conversation.send(&render_packet(sequence, &packet)).await?;
    let last = follow_login(asking, &mut conversation, greeting, &secret, encrypted).await?;
    let judgement = judge_login(&last, !login.user.is_empty());
    if last.first() != Some(&0) {
        return Ok(judgement);
    }
    asking.enter(ProbePhase::Query);
    conversation.send(&render_packet(0, COM_PING)).await?;
    let (_, pong) = read_packet(asking, &mut conversation).await?;
    conversation.part(&render_packet(0, COM_QUIT)).await;
    Ok(judge_ping(&pong))
}

/// Answers what the server asks until it accepts or refuses; its last packet.
async fn follow_login(
    asking: &mut Asking<'_>,
    conversation: &mut Conversation,
    mut greeting: Greeting,
    secret: &str,
    encrypted: bool,
) -> Result<Vec<u8>, Trouble> {
    for _ in 0..PACKETS_MAX {
        let (sequence, packet) = read_packet(asking, conversation).await?;
        let answer = match packet.as_slice() {
            // Another method: its name and a new salt.
            [0xfe, rest @ ..] => {
                let mut parts = rest.splitn(2, |&byte| byte == 0);
                greeting.method =
                    parts.next().map(|name| String::from_utf8_lossy(name).into_owned()).unwrap_or_default();
                greeting.salt = parts.next().unwrap_or_default().iter().copied().take(20).collect();
                scramble(&greeting, secret, encrypted)
            }
            // caching_sha2_password: the server knows the password already.
            [1, 3] => continue,
            // It does not, and wants it in the clear.
            [1, 4] if encrypted => Scramble::Answer([secret.as_bytes(), &[0]].concat()),
            [1, 4] => Scramble::Unsafe,
            _ => return Ok(packet),
        };
        match answer {
            Scramble::Answer(answer) => conversation.send(&render_packet(sequence.wrapping_add(1), &answer)).await?,
            Scramble::Unsafe => {
                let reason = "server wants the password in the clear: set the encryption to start_tls";
                return Err(Trouble::Probe(reason.to_owned()));
            }
            Scramble::Unknown => {
                return Err(Trouble::Probe(format!("server wants a login by `{}`, not known here", greeting.method)));
            }
        }
    }
    Err(Trouble::Failed("login came to no end".to_owned()))
}

async fn read_packet(asking: &mut Asking<'_>, conversation: &mut Conversation) -> Result<(u8, Vec<u8>), Trouble> {
    let head = conversation.read_exact(asking, 4, "a MySQL packet").await?;
    let &[a, b, c, sequence] = head.as_slice() else {
        return Err(Trouble::Failed("no MySQL packet".to_owned()));
    };
    let length = usize::from(a) | usize::from(b) << 8 | usize::from(c) << 16;
    if length == 0 || length > PACKET_BYTES_MAX {
        return Err(Trouble::Failed(format!("answered with `{}`, which is no MySQL", render_bytes(&head))));
    }
    Ok((sequence, conversation.read_exact(asking, length, "a MySQL packet").await?))
}

fn render_packet(sequence: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(0).to_le_bytes();
    [&length[..3], &[sequence], body].concat()
}

/// Code and text of an error packet.
fn parse_error(packet: &[u8]) -> Option<(u16, String)> {
    let &[0xff, low, high, ref rest @ ..] = packet else { return None };
    // `#` and the five characters of the SQL state.
    let text = if rest.first() == Some(&b'#') { rest.get(6..).unwrap_or_default() } else { rest };
    Some((u16::from_le_bytes([low, high]), render_bytes(text)))
}

/// A nobody who is refused has been answered well (1045 access denied, 1044 database, 1049 no such database, 1698 socket
/// only, 3118 locked, 1130 not from this host).
fn judge_login(packet: &[u8], named: bool) -> Judgement {
    match (packet.first(), parse_error(packet)) {
        (Some(0), _) => Judgement::ok(),
        (_, Some((1044 | 1045 | 1049 | 1130 | 1698 | 3118, _))) if !named => Judgement::ok(),
        (_, Some((code, text))) => Judgement::failed(ProbePhase::Handshake, format!("{text} ({code})")),
        (_, None) => Judgement::failed(ProbePhase::Handshake, "login was not answered as agreed".to_owned()),
    }
}

fn judge_ping(packet: &[u8]) -> Judgement {
    match (packet.first(), parse_error(packet)) {
        (Some(0), _) => Judgement::ok(),
        (_, Some((code, text))) => Judgement::failed(ProbePhase::Query, format!("ping: {text} ({code})")),
        (_, None) => Judgement::failed(ProbePhase::Query, "ping was not answered as agreed".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DENIED: &[u8] = b"\xff\x15\x04#28000Access denied for user 'pantau'@'localhost' (using password: NO)";
    const FULL: &[u8] = b"\xff\x10\x04Too many connections";

    #[test]
    fn answers_as_servers_send_them() {
        assert_eq!(judge_login(&[0, 0, 0, 2, 0, 0, 0], true), Judgement::ok());
        assert_eq!(judge_login(DENIED, false), Judgement::ok());
        let denied = judge_login(DENIED, true);
        assert_eq!(denied.phase, ProbePhase::Handshake);
        assert!(denied.reason.ends_with("(using password: NO) (1045)"), "{}", denied.reason);
        assert_eq!(judge_login(FULL, false).reason, "Too many connections (1040)");
        assert_eq!(judge_login(b"", false).phase, ProbePhase::Handshake);
        assert_eq!(judge_ping(&[0]), Judgement::ok());
        assert_eq!(judge_ping(FULL).phase, ProbePhase::Query);
    }

    #[test]
    fn packets_have_their_length_in_front() {
        assert_eq!(render_packet(3, COM_PING), [1, 0, 0, 3, 14]);
    }
}
