//! A Redis server: AUTH when a login is named, then PING (RESP 2).

use super::conversation::{Conversation, open, render_bytes, required};
use super::{Asking, Judgement, Trouble};
use pantau_shared::assignment::kinds::DatabaseCheck;
use pantau_shared::probe::{ProbePhase, ProbeVerdict};

/// Logs in when asked to, pings, quits.
pub(super) async fn ask(asking: &mut Asking<'_>, check: &DatabaseCheck) -> Result<Judgement, Trouble> {
    let endpoint = required(asking, check.endpoint.as_ref())?;
    let login = check.login.clone().unwrap_or_default();
    let secret = match login.secret.as_str() {
        "" => None,
        name => Some(asking.site.read_secret(&endpoint.host, name).await?),
    };
    let mut conversation = open(asking, endpoint, (6379, 6379)).await?;
    if let Some(secret) = &secret {
        let words = if login.user.is_empty() { vec!["AUTH", secret] } else { vec!["AUTH", &login.user, secret] };
        let answer = say(asking, &mut conversation, &words, ProbePhase::Handshake).await?;
        if !answer.starts_with(b"+OK") {
            let reason = format!("login answered with `{}`", render_bytes(&answer));
            return Ok(Judgement::failed(ProbePhase::Handshake, reason));
        }
    }
    let answer = say(asking, &mut conversation, &["PING"], ProbePhase::Query).await?;
    let judgement = judge_ping(&answer, secret.is_some());
    if judgement.verdict == ProbeVerdict::Ok {
        conversation.part(b"*1\r\n$4\r\nQUIT\r\n").await;
    }
    Ok(judgement)
}

async fn say(
    asking: &mut Asking<'_>,
    conversation: &mut Conversation,
    words: &[&str],
    phase: ProbePhase,
) -> Result<Vec<u8>, Trouble> {
    asking.enter(phase);
    conversation.send(&render_command(words)).await?;
    conversation.read_line(asking, "an answer").await
}

fn render_command(words: &[&str]) -> Vec<u8> {
    let mut out = format!("*{}\r\n", words.len());
    for word in words {
        out.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    out.into_bytes()
}

/// A server that wants a login it was not given has answered well.
fn judge_ping(answer: &[u8], logged_in: bool) -> Judgement {
    if answer == b"+PONG" || (!logged_in && answer.starts_with(b"-NOAUTH")) {
        return Judgement::ok();
    }
    let told = render_bytes(answer);
    if answer.starts_with(b"-") {
        return Judgement::failed(ProbePhase::Query, format!("PING answered with `{told}`"));
    }
    Judgement::failed(ProbePhase::Query, format!("PING answered with `{told}`, which is no Redis"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_as_servers_send_them() {
        assert_eq!(judge_ping(b"+PONG", true), Judgement::ok());
        assert_eq!(judge_ping(b"-NOAUTH Authentication required.", false), Judgement::ok());
        for (answer, logged_in) in [
            (&b"-NOAUTH Authentication required."[..], true),
            (b"-LOADING Redis is loading the dataset in memory", false),
            (b"-MASTERDOWN Link with MASTER is down", false),
            (b"HTTP/1.1 400 Bad Request", false),
            (b"", false),
        ] {
            assert_eq!(judge_ping(answer, logged_in).verdict, ProbeVerdict::Failed);
        }
        assert_eq!(render_command(&["AUTH", "a b"]), b"*2\r\n$4\r\nAUTH\r\n$3\r\na b\r\n");
    }
}
