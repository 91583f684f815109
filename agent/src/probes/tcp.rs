//! A TCP connection that must be accepted, and what is then awaited and said.

use super::conversation::{open, render_bytes};
use super::pattern::{Pattern, parse_pattern};
use super::{Asking, Judgement, Trouble};
use pantau_shared::assignment::TcpCheck;
use pantau_shared::assignment::kinds::{Encryption, Endpoint};
use pantau_shared::probe::ProbePhase;

/// Most lines read over while one is awaited.
const LINES_MAX: usize = 100;

/// Connects, speaks, hangs up.
pub(super) async fn ask(asking: &mut Asking<'_>, check: &TcpCheck) -> Result<Judgement, Trouble> {
    if check.port == 0 {
        return Err(asking.refuse("0 is not a port"));
    }
    if check.encryption() == Encryption::StartTls {
        return Err(asking.refuse("TCP alone has no word to start TLS with"));
    }
    let patterns: Result<Vec<_>, _> = check.exchanges.iter().map(|exchange| parse_pattern(&exchange.expect)).collect();
    let patterns = patterns.map_err(|what| asking.refuse(&what))?;
    let endpoint = Endpoint {
        host: check.host.clone(),
        port: check.port,
        encryption: check.encryption,
        server_name: check.server_name.clone(),
        accept_any_certificate: check.accept_any_certificate,
    };
    let mut conversation = open(asking, &endpoint, (0, 0)).await?;
    for (exchange, pattern) in check.exchanges.iter().zip(&patterns) {
        let mut lines = Vec::new();
        while let Some(pattern) = pattern {
            if let Some(judgement) = judge(pattern, &lines) {
                asking.progress.detail.failed_by_pattern = true;
                return Ok(judgement);
            }
            let line = conversation.read_line(asking, &format!("a line like `{}`", pattern.as_str())).await?;
            asking.progress.phase = Some(ProbePhase::Query);
            if pattern.is_match(&String::from_utf8_lossy(&line)) {
                break;
            }
            lines.push(line);
        }
        conversation.send(exchange.send.as_bytes()).await?;
    }
    Ok(Judgement::ok())
}

/// Whether the lines that did not match are enough to give up.
fn judge(pattern: &Pattern, lines: &[Vec<u8>]) -> Option<Judgement> {
    let last = lines.last().filter(|_| lines.len() >= LINES_MAX)?;
    let reason =
        format!("no line like `{}` in {} lines, the last `{}`", pattern.as_str(), lines.len(), render_bytes(last));
    Some(Judgement::failed(ProbePhase::Query, reason))
}

#[cfg(test)]
mod tests {
    use super::super::outcome_of;
    use super::*;
    use pantau_shared::assignment::kinds::Exchange;
    use pantau_shared::assignment::{CheckKind, CheckSpec};
    use pantau_shared::probe::{ProbeOutcome, ProbePhase, ProbeVerdict};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    async fn outcome(host: &str, port: u32) -> ProbeOutcome {
        let kind = Some(CheckKind::Tcp(TcpCheck { host: host.into(), port, ..TcpCheck::default() }));
        let spec = CheckSpec { id: "db".into(), interval_ms: 5000, timeout_ms: 2000, kind, ..CheckSpec::default() };
        outcome_of(&spec).await
    }

    #[tokio::test]
    async fn accepted_is_ok_and_refused_is_failed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let port = u32::from(listener.local_addr().expect("address").port());
        let ok = outcome("127.0.0.1", port).await;
        assert_eq!((ok.verdict(), ok.reason.as_str()), (ProbeVerdict::Ok, ""));
        assert!(ok.connect_us.is_some() && ok.tls_us.is_none());
        drop(listener);
        let refused = outcome("127.0.0.1", port).await;
        assert_eq!((refused.verdict(), refused.phase()), (ProbeVerdict::Failed, ProbePhase::Connect));
        assert!(refused.reason.contains("refused"), "{}", refused.reason);
    }

    #[tokio::test]
    async fn bad_assignments_and_bad_names() {
        assert_eq!(outcome("127.0.0.1", 0).await.verdict(), ProbeVerdict::ProbeError);
        assert_eq!(outcome("127.0.0.1", 70_000).await.verdict(), ProbeVerdict::ProbeError);
        assert_eq!(outcome("", 80).await.verdict(), ProbeVerdict::ProbeError);
        let unknown = outcome("no such host.invalid", 80).await;
        assert_eq!((unknown.verdict(), unknown.phase()), (ProbeVerdict::Failed, ProbePhase::Resolve));
    }

    #[test]
    fn a_server_that_talks_past_the_point_is_given_up() {
        let pattern = parse_pattern("^220").expect("good").expect("some");
        let lines = vec![b"hello".to_vec(); LINES_MAX];
        assert_eq!(judge(&pattern, &lines[1..]), None);
        let judgement = judge(&pattern, &lines).expect("given up");
        assert_eq!((judgement.verdict, judgement.phase), (ProbeVerdict::Failed, ProbePhase::Query));
        assert!(judgement.reason.contains("the last `hello`"), "{}", judgement.reason);
    }

    #[tokio::test]
    async fn a_conversation_is_followed_to_its_end() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let port = u32::from(listener.local_addr().expect("address").port());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                stream.write_all(b"news\r\n220 ready\r\n").await.expect("writes");
                let mut bytes = [0; 6];
                if stream.read_exact(&mut bytes).await.is_ok() && &bytes == b"hello\n" {
                    stream.write_all(b"250 hello\r\n").await.expect("writes");
                }
            }
        });
        let talk = |last: &str| TcpCheck {
            host: "127.0.0.1".into(),
            port,
            exchanges: vec![
                Exchange { expect: "^220 ".into(), send: "hello\n".into() },
                Exchange { expect: last.into(), send: String::new() },
            ],
            ..TcpCheck::default()
        };
        let asked = async |check| {
            let kind = Some(CheckKind::Tcp(check));
            let spec = CheckSpec { id: "x".into(), interval_ms: 5000, timeout_ms: 2000, kind, ..CheckSpec::default() };
            outcome_of(&spec).await
        };
        let ok = asked(talk("^250")).await;
        assert_eq!((ok.verdict(), ok.reason.as_str()), (ProbeVerdict::Ok, ""));
        let failed = asked(talk("^354")).await;
        assert_eq!((failed.verdict(), failed.phase()), (ProbeVerdict::Failed, ProbePhase::Query));
        assert!(failed.reason.contains("connection closed while awaiting a line like"), "{}", failed.reason);
        assert!(asked(talk("(")).await.refused);
    }
}
