//! A PostgreSQL server (protocol 3): startup, login when a user is named, `SELECT 1`. postgres-protocol writes the messages
//! and knows the logins (SCRAM, MD5); the stream is ours, so that every phase has its time.

use super::conversation::{Conversation, open, render_bytes, required};
use super::{Asking, Judgement, Trouble};
use bytes::BytesMut;
use pantau_shared::assignment::kinds::{DatabaseCheck, Encryption};
use pantau_shared::probe::ProbePhase;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::frontend;

/// Who asks when nobody is named: the server refuses him, and has answered by it.
const NOBODY: &str = "pantau";

/// Most messages read while one is awaited.
const MESSAGES_MAX: usize = 200;

/// A message of the server: its tag and what follows the length.
type Frame = (u8, Vec<u8>);

/// Greets, logs in, asks `SELECT 1`.
pub(super) async fn ask(asking: &mut Asking<'_>, check: &DatabaseCheck) -> Result<Judgement, Trouble> {
    let endpoint = required(asking, check.endpoint.as_ref())?;
    let login = check.login.clone().unwrap_or_default();
    let secret = match login.secret.as_str() {
        "" => String::new(),
        name => asking.site.read_secret(&endpoint.host, name).await?,
    };
    let mut conversation = open(asking, endpoint, (5432, 5432)).await?;
    let mut out = BytesMut::new();
    if endpoint.encryption() == Encryption::StartTls {
        frontend::ssl_request(&mut out);
        conversation.send(&out.split()).await?;
        if conversation.read_exact(asking, 1, "an answer about TLS").await? != b"S" {
            return Ok(Judgement::failed(ProbePhase::Tls, "server does not offer TLS".to_owned()));
        }
        conversation.start_tls(asking).await?;
    }
    asking.enter(ProbePhase::Handshake);
    let user = if login.user.is_empty() { NOBODY } else { &login.user };
    let mut parameters = vec![("user", user), ("application_name", "pantau")];
    if !check.database.is_empty() {
        parameters.push(("database", &check.database));
    }
    frontend::startup_message(parameters, &mut out).map_err(|error| cannot_write(asking, &error))?;
    conversation.send(&out.split()).await?;
    if login.user.is_empty() {
        let frame = read_frame(asking, &mut conversation).await?;
        return Ok(judge_first(&frame));
    }
    if let Some(judgement) = log_in(asking, &mut conversation, user, &secret).await? {
        return Ok(judgement);
    }
    asking.enter(ProbePhase::Query);
    frontend::query("SELECT 1", &mut out).map_err(|error| cannot_write(asking, &error))?;
    conversation.send(&out.split()).await?;
    let judgement = await_ready(asking, &mut conversation, ProbePhase::Query).await?;
    frontend::terminate(&mut out);
    conversation.part(&out).await;
    Ok(judgement.unwrap_or_else(Judgement::ok))
}

fn cannot_write(asking: &Asking<'_>, error: &std::io::Error) -> Trouble {
    asking.refuse(&format!("user, password or database cannot be sent: {error}"))
}

async fn read_frame(asking: &mut Asking<'_>, conversation: &mut Conversation) -> Result<Frame, Trouble> {
    let head = conversation.read_exact(asking, 5, "a PostgreSQL message").await?;
    let (tag, length) = parse_head(&head)
        .ok_or_else(|| Trouble::Failed(format!("answered with `{}`, which is no PostgreSQL", render_bytes(&head))))?;
    Ok((tag, conversation.read_exact(asking, length, "a PostgreSQL message").await?))
}

/// Tag and length of what follows; a length that no login's message has is no PostgreSQL.
fn parse_head(head: &[u8]) -> Option<(u8, usize)> {
    let &[tag, a, b, c, d] = head else { return None };
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()?.checked_sub(4)?;
    (tag.is_ascii_alphabetic() && length <= 32 * 1024).then_some((tag, length))
}

/// Which login the server wants: the code of an authentication message.
fn login_code(body: &[u8]) -> Option<u32> {
    body.first_chunk().map(|code| u32::from_be_bytes(*code))
}

/// Logs in and waits until the server is ready; a judgement when it does not come to that.
async fn log_in(
    asking: &mut Asking<'_>,
    conversation: &mut Conversation,
    user: &str,
    secret: &str,
) -> Result<Option<Judgement>, Trouble> {
    let mut out = BytesMut::new();
    let mut scram: Option<ScramSha256> = None;
    for _ in 0..MESSAGES_MAX {
        let (tag, body) = read_frame(asking, conversation).await?;
        let (code, data) = match (tag, login_code(&body)) {
            (b'R', Some(code)) => (code, body.get(4..).unwrap_or_default()),
            (b'E', _) => return Ok(Some(judge_error(&body, ProbePhase::Handshake))),
            (b'N' | b'v', _) => continue,
            (tag, _) => return Err(Trouble::Failed(format!("message `{}` in the middle of a login", char::from(tag)))),
        };
        let wrong = |error: std::io::Error| Trouble::Failed(format!("login failed: {error}"));
        match (code, &mut scram) {
            (0, _) => return await_ready(asking, conversation, ProbePhase::Handshake).await,
            (3, _) => frontend::password_message(secret.as_bytes(), &mut out).map_err(wrong)?,
            (5, _) => {
                let salt = data.first_chunk().copied().unwrap_or_default();
                let hash = md5_hash(user.as_bytes(), secret.as_bytes(), salt);
                frontend::password_message(hash.as_bytes(), &mut out).map_err(wrong)?;
            }
            (10, _) if data.split(|&byte| byte == 0).any(|name| name == SCRAM_SHA_256.as_bytes()) => {
                let made = ScramSha256::new(secret.as_bytes(), ChannelBinding::unsupported());
                frontend::sasl_initial_response(SCRAM_SHA_256, made.message(), &mut out).map_err(wrong)?;
                scram = Some(made);
            }
            (11, Some(scram)) => {
                scram.update(data).map_err(wrong)?;
                frontend::sasl_response(scram.message(), &mut out).map_err(wrong)?;
            }
            (12, Some(scram)) => scram.finish(data).map_err(wrong)?,
            (code, _) => return Err(Trouble::Probe(format!("server wants a login of kind {code}, not known here"))),
        }
        if !out.is_empty() {
            conversation.send(&out.split()).await?;
        }
    }
    Err(Trouble::Failed("login came to no end".to_owned()))
}

/// Reads until the server is ready for a question; a judgement when it complains.
async fn await_ready(
    asking: &mut Asking<'_>,
    conversation: &mut Conversation,
    phase: ProbePhase,
) -> Result<Option<Judgement>, Trouble> {
    for _ in 0..MESSAGES_MAX {
        match read_frame(asking, conversation).await? {
            (b'Z', _) => return Ok(None),
            (b'E', body) => return Ok(Some(judge_error(&body, phase))),
            _ => {}
        }
    }
    Err(Trouble::Failed("server does not become ready".to_owned()))
}

/// A field of an error: `S` severity, `C` code, `M` message.
fn error_field(body: &[u8], wanted: u8) -> String {
    let field = body.split(|&byte| byte == 0).find(|field| field.first() == Some(&wanted));
    field.map(|field| render_bytes(&field[1..])).unwrap_or_default()
}

fn judge_error(body: &[u8], phase: ProbePhase) -> Judgement {
    let told = format!("{} ({})", error_field(body, b'M'), error_field(body, b'C'));
    Judgement::failed(phase, told)
}

/// Without a user: whoever asks for a login, or refuses nobody by name, works. What refuses everybody does not.
fn judge_first((tag, body): &Frame) -> Judgement {
    match tag {
        b'R' | b'v' => Judgement::ok(),
        b'E' => match error_field(body, b'C').as_str() {
            // Class 28: no such login; 3D000: no such database.
            "3D000" => Judgement::ok(),
            code if code.starts_with("28") => Judgement::ok(),
            _ => judge_error(body, ProbePhase::Handshake),
        },
        _ => Judgement::failed(ProbePhase::FirstByte, "answered with something that is no PostgreSQL".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: &[u8] = b"SFATAL\0VFATAL\0C28000\0Mno pg_hba.conf entry for host\0\0";
    const STARTING: &[u8] = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0";
    const FULL: &[u8] = b"SFATAL\0VFATAL\0C53300\0Msorry, too many clients already\0\0";

    #[test]
    fn first_answers_as_servers_send_them() {
        assert_eq!(judge_first(&(b'R', vec![0, 0, 0, 10])), Judgement::ok());
        assert_eq!(judge_first(&(b'E', REFUSED.to_vec())), Judgement::ok());
        let starting = judge_first(&(b'E', STARTING.to_vec()));
        assert_eq!(
            (starting.phase, starting.reason.as_str()),
            (ProbePhase::Handshake, "the database system is starting up (57P03)")
        );
        assert_eq!(judge_first(&(b'E', FULL.to_vec())).reason, "sorry, too many clients already (53300)");
        assert_eq!(judge_first(&(b'X', vec![])).phase, ProbePhase::FirstByte);
    }

    #[test]
    fn heads_of_other_protocols_are_refused() {
        assert_eq!(parse_head(b"R\0\0\0\x08"), Some((b'R', 4)));
        assert_eq!(parse_head(b"HTTP/"), None);
        assert_eq!(parse_head(b"R\0\0\0\x03"), None);
        assert_eq!(parse_head(b"R"), None);
    }
}
