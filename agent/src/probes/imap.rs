//! An IMAP server's greeting (RFC 9051, 7.1), and STARTTLS when asked for.

use super::conversation::{open, render_bytes, required};
use super::{Asking, Judgement, Trouble};
use pantau_shared::assignment::kinds::{Encryption, MailCheck};
use pantau_shared::probe::{ProbePhase, ProbeVerdict};

/// Most lines read over while an answer is awaited.
const LINES_MAX: usize = 50;

/// Waits for the greeting, starts TLS when asked to, logs out.
pub(super) async fn ask(asking: &mut Asking<'_>, check: &MailCheck) -> Result<Judgement, Trouble> {
    let endpoint = required(asking, check.endpoint.as_ref())?;
    let mut conversation = open(asking, endpoint, (143, 993)).await?;
    let greeting = conversation.read_line(asking, "a greeting").await?;
    let judgement = judge_greeting(&greeting, check);
    if judgement.verdict == ProbeVerdict::Ok && endpoint.encryption() == Encryption::StartTls {
        asking.enter(ProbePhase::Handshake);
        conversation.send(b"p1 STARTTLS\r\n").await?;
        let mut line = Vec::new();
        for _ in 0..LINES_MAX {
            line = conversation.read_line(asking, "an answer to STARTTLS").await?;
            if line.starts_with(b"p1 ") {
                break;
            }
        }
        if !line.starts_with(b"p1 OK") {
            return Ok(Judgement::failed(ProbePhase::Tls, format!("STARTTLS answered with `{}`", render_bytes(&line))));
        }
        conversation.start_tls(asking).await?;
    }
    conversation.part(b"p2 LOGOUT\r\n").await;
    Ok(judgement)
}

fn judge_greeting(line: &[u8], check: &MailCheck) -> Judgement {
    let told = render_bytes(line);
    if line.starts_with(b"* BYE") {
        return Judgement::failed(ProbePhase::Content, format!("greeted with `{told}`"));
    }
    if !line.starts_with(b"* OK") && !line.starts_with(b"* PREAUTH") {
        return Judgement::failed(ProbePhase::FirstByte, format!("greeted with `{told}`, which is no IMAP"));
    }
    if !told.contains(&check.greeting_contains) {
        let reason = format!("greeting `{told}` does not contain `{}`", check.greeting_contains);
        return Judgement::failed(ProbePhase::Content, reason);
    }
    Judgement::ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greetings_as_servers_send_them() {
        let any = MailCheck::default();
        let dovecot = b"* OK [CAPABILITY IMAP4rev1 SASL-IR STARTTLS LOGINDISABLED] Dovecot (Debian) ready.";
        assert_eq!(judge_greeting(dovecot, &any), Judgement::ok());
        assert_eq!(judge_greeting(b"* PREAUTH hello", &any), Judgement::ok());
        assert_eq!(judge_greeting(b"* BYE overloaded", &any).phase, ProbePhase::Content);
        assert_eq!(judge_greeting(b"+OK POP3 ready", &any).phase, ProbePhase::FirstByte);
        let cyrus = MailCheck { greeting_contains: "Cyrus".into(), ..any };
        assert_eq!(judge_greeting(dovecot, &cyrus).phase, ProbePhase::Content);
    }
}
