//! An SMTP server's greeting (RFC 5321, 3.1), and STARTTLS (RFC 3207) when asked for.

use super::conversation::{Conversation, open, render_bytes, required};
use super::{Asking, Judgement, Trouble};
use pantau_shared::assignment::kinds::{Encryption, MailCheck};
use pantau_shared::probe::{ProbePhase, ProbeVerdict};

/// Most lines of one reply.
const LINES_MAX: usize = 50;

/// Waits for the greeting, starts TLS when asked to, says good-bye.
pub(super) async fn ask(asking: &mut Asking<'_>, check: &MailCheck) -> Result<Judgement, Trouble> {
    let endpoint = required(asking, check.endpoint.as_ref())?;
    let mut conversation = open(asking, endpoint, (25, 465)).await?;
    let greeting = read_reply(asking, &mut conversation, "a greeting").await?;
    let judgement = judge_greeting(&greeting, check);
    if judgement.verdict == ProbeVerdict::Ok && endpoint.encryption() == Encryption::StartTls {
        asking.enter(ProbePhase::Handshake);
        conversation.send(b"EHLO pantau-probe\r\n").await?;
        let offered = read_reply(asking, &mut conversation, "an answer to EHLO").await?;
        let judgement = judge_offer(&offered);
        if judgement.verdict != ProbeVerdict::Ok {
            return Ok(judgement);
        }
        conversation.send(b"STARTTLS\r\n").await?;
        let agreed = read_reply(asking, &mut conversation, "an answer to STARTTLS").await?;
        if code(&agreed) != Some(220) {
            return Ok(Judgement::failed(ProbePhase::Tls, format!("STARTTLS answered with `{}`", told(&agreed))));
        }
        conversation.start_tls(asking).await?;
    }
    conversation.part(b"QUIT\r\n").await;
    Ok(judgement)
}

/// The lines of one reply: all but the last have a hyphen behind their code.
async fn read_reply(
    asking: &mut Asking<'_>,
    conversation: &mut Conversation,
    awaited: &str,
) -> Result<Vec<Vec<u8>>, Trouble> {
    let mut lines = Vec::new();
    loop {
        let line = conversation.read_line(asking, awaited).await?;
        let goes_on = line.get(3) == Some(&b'-');
        lines.push(line);
        if !goes_on || lines.len() >= LINES_MAX {
            return Ok(lines);
        }
    }
}

/// The code of a reply's last line.
fn code(lines: &[Vec<u8>]) -> Option<u16> {
    let digits = lines.last()?.get(..3)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn told(lines: &[Vec<u8>]) -> String {
    render_bytes(&lines.join(&b' '))
}

fn judge_greeting(lines: &[Vec<u8>], check: &MailCheck) -> Judgement {
    match code(lines) {
        Some(220) if told(lines).contains(&check.greeting_contains) => Judgement::ok(),
        Some(220) => {
            let reason = format!("greeting `{}` does not contain `{}`", told(lines), check.greeting_contains);
            Judgement::failed(ProbePhase::Content, reason)
        }
        Some(_) => Judgement::failed(ProbePhase::Content, format!("greeted with `{}`", told(lines))),
        None => Judgement::failed(ProbePhase::FirstByte, format!("greeted with `{}`, which is no SMTP", told(lines))),
    }
}

fn judge_offer(lines: &[Vec<u8>]) -> Judgement {
    if code(lines) != Some(250) {
        return Judgement::failed(ProbePhase::Handshake, format!("EHLO answered with `{}`", told(lines)));
    }
    let offers = |line: &Vec<u8>| line.get(4..).is_some_and(|word| word.eq_ignore_ascii_case(b"STARTTLS"));
    if lines.iter().any(offers) {
        Judgement::ok()
    } else {
        Judgement::failed(ProbePhase::Tls, "server does not offer STARTTLS".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Vec<u8>> {
        text.split('|').map(|line| line.as_bytes().to_vec()).collect()
    }

    #[test]
    fn greetings_as_servers_send_them() {
        let any = MailCheck::default();
        assert_eq!(judge_greeting(&lines("220 mx.go.id ESMTP OpenSMTPD"), &any), Judgement::ok());
        assert_eq!(judge_greeting(&lines("220-mx.go.id|220 ready"), &any), Judgement::ok());
        let busy = judge_greeting(&lines("421 too many connections"), &any);
        assert_eq!(
            (busy.phase, busy.reason.as_str()),
            (ProbePhase::Content, "greeted with `421 too many connections`")
        );
        assert_eq!(judge_greeting(&lines("SSH-2.0-OpenSSH"), &any).phase, ProbePhase::FirstByte);
        assert_eq!(judge_greeting(&lines(""), &any).phase, ProbePhase::FirstByte);
        let postfix = MailCheck { greeting_contains: "Postfix".into(), ..any };
        assert_eq!(judge_greeting(&lines("220 mx ESMTP OpenSMTPD"), &postfix).phase, ProbePhase::Content);
    }

    #[test]
    fn starttls_must_be_offered() {
        assert_eq!(judge_offer(&lines("250-mx|250-SIZE 100|250 starttls")), Judgement::ok());
        assert_eq!(judge_offer(&lines("250-mx|250 SIZE 100")).phase, ProbePhase::Tls);
        assert_eq!(judge_offer(&lines("502 what")).phase, ProbePhase::Handshake);
    }
}
