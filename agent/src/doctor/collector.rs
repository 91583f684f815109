//! The way to the collector, step by step, so that a broken one is told by its step: name, connection, certificate,
//! whether it is a collector, whether it knows this host.

use super::Finding;
use super::clock::compare;
use crate::clock::Clock;
use crate::config::Config;
use crate::facts::read_boot_id;
use crate::identity::{Identity, load_key, render_refusal};
use crate::transport::client::{Client, ClientError};
use bytes::Bytes;
use http::StatusCode;
use pantau_shared::envelope::{Batch, Observation};
use pantau_shared::wire;
use std::error::Error;
use std::io;
use std::time::Duration;
use url::Url;

/// Bound on looking up the collector's name.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(10);

/// What the collector calls a batch whose numbers do not rise.
const REFUSED_AS: &str = "out_of_order";

pub(super) async fn look(identity: &Identity, config: &Config, clock: &Clock) -> Vec<Finding> {
    let url = &identity.collector_url;
    let mut findings = vec![Finding::good("joined", format!("as {} to {url}", identity.host))];
    let mut client = match Client::new(url, identity.pin) {
        Ok(client) => client,
        Err(error) => {
            findings.push(Finding::bad("collector", render(&error), "set collector.url, or join again"));
            return findings;
        }
    };
    if let Some(found) = name(url).await {
        findings.push(found);
        return findings;
    }
    match load_key(&config.data_dir) {
        Err(error) => {
            findings.push(Finding::bad("key", render(&error), "run this as the agent's user, or join again"));
        }
        Ok(key) => {
            let batch = unacceptable_batch(read_boot_id(&config.roots.proc_root), clock.now().as_ms());
            let sealed = Bytes::from(wire::seal(&batch, &identity.host, &key));
            let asked = clock.now();
            match client.post("/api/v1/ingest", "application/x-protobuf", sealed).await {
                Ok(reply) => {
                    findings.push(judge_reply(url, reply.status, &reply.body));
                    findings.extend(compare(reply.date.as_deref(), asked, clock.now()));
                }
                Err(error) => findings.push(judge_error(url, identity.pin.is_some(), &error)),
            }
        }
    }
    findings
}

fn render(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    text
}

/// Signed as it should be, with two observations of one number: whoever knows this host refuses it after having looked
/// at the signature, and keeps nothing of it.
fn unacceptable_batch(boot_id: String, now_ms: i64) -> Batch {
    let observation = Observation { seq: 2, at_ms: now_ms, age_ms: None, body: None };
    Batch {
        boot_id,
        stream: vec![0; 16],
        sent_at_ms: now_ms,
        assignment_revision: 0,
        observations: vec![observation.clone(), observation],
        session_offer: Vec::new(),
    }
}

/// What is wrong with the collector's name, if it has one.
async fn name(url: &str) -> Option<Finding> {
    let parsed = Url::parse(url).ok()?;
    let host = parsed.domain()?.to_owned();
    let looking = async { Ok::<_, io::Error>(tokio::net::lookup_host((host.as_str(), 0)).await?.count()) };
    let told = match tokio::time::timeout(LOOKUP_TIMEOUT, looking).await {
        Ok(Ok(1..)) => return None,
        Ok(Ok(0)) => format!("{host} has no address"),
        Ok(Err(error)) => format!("{host} is not known: {error}"),
        Err(_) => format!("no answer about {host} within {} s", LOOKUP_TIMEOUT.as_secs()),
    };
    let mend = "see /etc/resolv.conf and /etc/hosts, or set collector.url to the new name";
    Some(Finding::bad("collector", told, mend))
}

fn judge_reply(url: &str, status: StatusCode, body: &[u8]) -> Finding {
    let message = render_refusal(body);
    let code = serde_json::from_slice::<serde_json::Value>(body).ok();
    let code = code.as_ref().and_then(|value| value.pointer("/error/code")).and_then(|code| code.as_str());
    match (status.as_u16(), code) {
        (400, Some(REFUSED_AS)) => Finding::good("collector", format!("{url} answers and knows this host")),
        (401 | 403, Some(_)) => Finding::bad(
            "collector",
            format!("{url} answers but does not take this host: {message}"),
            "the host was revoked, replaced or removed there: join again with a new token (`pantau-collector host join-token`)",
        ),
        (426, _) => {
            Finding::bad("collector", format!("{url} is of an older version: {message}"), "upgrade the collector first")
        }
        (429 | 500..=599, _) => Finding::bad(
            "collector",
            format!("{url} answers {status}: {message}"),
            "nothing is lost, observations wait in the spool; see the collector's own log and /readyz",
        ),
        _ => Finding::bad(
            "collector",
            format!("{url} answers {status}, as no pantau-collector does: {message}"),
            "see that the address leads to the collector and not to another program or a proxy's own page",
        ),
    }
}

fn judge_error(url: &str, pinned: bool, error: &ClientError) -> Finding {
    let told = format!("{url}: {}", render(error));
    if let ClientError::Connect { source, .. } = error {
        let is_tls = source.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
        let mend = match source.kind() {
            _ if is_tls && pinned => {
                "it shows another certificate than the one this host joined with: if the collector was made anew, join \
                 again with a new token; else somebody stands in between"
            }
            _ if is_tls => "its certificate does not verify: see its name, its dates and this host's clock",
            io::ErrorKind::ConnectionRefused => "nothing listens there: see that the collector runs, and its `listen`",
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                "no route: see cable, addresses and routes of this host"
            }
            _ => "see network, firewalls and proxies between here and the collector",
        };
        return Finding::bad("collector", told, mend);
    }
    let mend = match error {
        ClientError::Timeout { .. } => {
            "a firewall that drops, or a collector under load: try `curl -v` to the same address"
        }
        ClientError::Exchange { .. } | ClientError::ReplyTooLarge { .. } => {
            "what answers there does not speak HTTP as a collector does: https and http may be mixed up"
        }
        ClientError::BadUrl { .. }
        | ClientError::PlainHttp { .. }
        | ClientError::BadName { .. }
        | ClientError::Tls(_)
        | ClientError::Connect { .. }
        | ClientError::Request { .. } => "set collector.url, or join again",
    };
    Finding::bad("collector", told, mend)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    fn reply(status: u16, body: &str) -> Finding {
        judge_reply("https://c.test", StatusCode::from_u16(status).expect("status"), body.as_bytes())
    }

    #[test]
    fn a_refusal_is_told_by_whom_and_why() {
        let body = |code: &str| format!(r#"{{"error":{{"code":"{code}","message":"because"}}}}"#);
        assert_eq!(reply(400, &body("out_of_order")).level, Level::Good);
        for (status, body, word) in [
            (401, body("unknown_host"), "join again"),
            (401, body("bad_signature"), "join again"),
            (403, body("host_revoked"), "join again"),
            (401, "<html>login</html>".to_owned(), "proxy"),
            (404, "not found".to_owned(), "proxy"),
            (200, String::new(), "proxy"),
            (503, body("busy"), "spool"),
            (426, body("newer_protocol"), "upgrade"),
        ] {
            let found = reply(status, &body);
            assert_eq!(found.level, Level::Bad);
            assert!(found.mend.as_ref().is_some_and(|mend| mend.contains(word)), "{status}: {found:?}");
        }
    }

    #[tokio::test]
    async fn each_step_of_the_way_is_told_apart() {
        assert!(name("https://no-such-host.invalid").await.is_some_and(|found| found.told.contains("no-such-host")));
        assert_eq!(name("https://127.0.0.1:1").await, None);
        let failed = |source: io::Error| {
            let error = ClientError::Connect { authority: "c.test:443".into(), source };
            judge_error("https://c.test", true, &error).mend.unwrap_or_default()
        };
        assert!(failed(io::ErrorKind::ConnectionRefused.into()).contains("nothing listens"));
        let shown = rustls::Error::InvalidCertificate(rustls::CertificateError::ApplicationVerificationFailure);
        assert!(failed(io::Error::other(shown)).contains("another certificate"));
        assert!(failed(io::ErrorKind::HostUnreachable.into()).contains("route"));
        let late = ClientError::Timeout { authority: "c.test:443".into(), seconds: 10 };
        assert!(judge_error("https://c.test", false, &late).mend.is_some_and(|mend| mend.contains("firewall")));
    }
}
