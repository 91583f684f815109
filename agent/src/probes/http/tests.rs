//! Judgements as data, and askings of small servers that answer well, badly, slowly or not at all.

use super::super::outcome_of;
use super::*;
use pantau_shared::assignment::kinds::{HeaderExpectation, JsonExpectation};
use pantau_shared::assignment::{CheckKind, CheckSpec};
use pantau_shared::probe::{ProbeOutcome, ProbeVerdict};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn judge(check: HttpCheck, status: u16, body: &str) -> (ProbeVerdict, String) {
    let mut headers = HeaderMap::new();
    headers.insert("server", HeaderValue::from_static("nginx/1.26"));
    let answer = Answer { status, headers, body: body.as_bytes().to_vec() };
    let expectations = Expectations::parse(&check).expect("good");
    let (judgement, _) = evaluate::evaluate(&check, &expectations, &answer);
    (judgement.verdict, judgement.reason)
}

#[test]
fn status_headers_text_patterns_and_json_are_judged_in_this_order() {
    let any = HttpCheck::default;
    assert_eq!(judge(any(), 204, ""), (ProbeVerdict::Ok, String::new()));
    assert_eq!(judge(any(), 301, "").1, "answered with status 301");
    let only = HttpCheck { accept_status: vec![401, 418, 3], ..any() };
    assert_eq!(judge(only.clone(), 418, "").0, ProbeVerdict::Ok);
    assert_eq!(judge(only.clone(), 308, "").0, ProbeVerdict::Ok);
    assert_eq!(judge(only, 200, "").0, ProbeVerdict::Failed);
    let header = |name: &str, pattern: &str| HttpCheck {
        answer_headers: vec![HeaderExpectation { name: name.into(), pattern: pattern.into() }],
        ..any()
    };
    assert_eq!(judge(header("Server", "^nginx"), 200, "").0, ProbeVerdict::Ok);
    assert_eq!(judge(header("server", "^apache"), 200, "").1, "header `server` does not match `^apache`");
    assert_eq!(judge(header("etag", ""), 200, "").1, "answer has no header `etag`");
    let contains = HttpCheck { body_contains: "halo".into(), ..any() };
    assert_eq!(judge(contains.clone(), 200, "apa halo?").0, ProbeVerdict::Ok);
    assert_eq!(judge(contains, 200, "hal").1, "answer does not contain `halo`");
    let pattern = HttpCheck { body_pattern: "v[0-9]+".into(), body_pattern_absent: "galat".into(), ..any() };
    assert_eq!(judge(pattern.clone(), 200, "v12").0, ProbeVerdict::Ok);
    assert_eq!(judge(pattern.clone(), 200, "v").1, "answer does not match `v[0-9]+`");
    assert_eq!(judge(pattern, 200, "v1 galat").1, "answer matches `galat`, which it must not");
    let json = |equals: &str| HttpCheck {
        json: vec![JsonExpectation { pointer: "/db/0".into(), equals: equals.into() }],
        ..any()
    };
    let body = "{\"db\": [\"up\"]}";
    assert_eq!(judge(json("\"up\""), 200, body).0, ProbeVerdict::Ok);
    assert_eq!(judge(json(""), 200, body).0, ProbeVerdict::Ok);
    assert_eq!(judge(json("1"), 200, body).1, "`/db/0` is \"up\", not 1");
    assert_eq!(judge(json(""), 200, "{}").1, "answer has nothing at `/db/0`");
    assert_eq!(judge(json(""), 200, "<html>").1, "answer is not JSON");
}

#[test]
fn expectations_that_cannot_be_understood_are_refused() {
    let pattern = HttpCheck { body_pattern: "(".into(), ..HttpCheck::default() };
    assert!(Expectations::parse(&pattern).is_err());
    let json = vec![JsonExpectation { pointer: String::new(), equals: "up".into() }];
    assert!(Expectations::parse(&HttpCheck { json, ..HttpCheck::default() }).is_err());
}

#[test]
fn a_secret_does_not_follow_to_another_place() {
    let mut secret = HeaderValue::from_static("Bearer x");
    secret.set_sensitive(true);
    let mut headers = HeaderMap::new();
    headers.insert("authorization", secret);
    headers.insert("x-plain", HeaderValue::from_static("y"));
    let mut question = Question { method: Method::POST, headers, body: Bytes::from_static(b"z") };
    question.follow(307, true);
    assert_eq!((question.headers.len(), question.method.as_str(), question.body.len()), (2, "POST", 1));
    question.follow(302, false);
    assert_eq!((question.headers.len(), question.method.as_str(), question.body.len()), (1, "GET", 0));
}

/// Answers every connection with `reply(request)`; an empty reply holds the connection open.
async fn serve(reply: fn(&str) -> String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let port = listener.local_addr().expect("address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut bytes = [0; 4096];
                let size = stream.read(&mut bytes).await.expect("reads");
                let text = reply(&String::from_utf8_lossy(&bytes[..size]));
                if text.is_empty() {
                    std::future::pending::<()>().await;
                }
                stream.write_all(text.as_bytes()).await.expect("writes");
            });
        }
    });
    port
}

async fn asked(check: HttpCheck, timeout_ms: u32) -> ProbeOutcome {
    let kind = Some(CheckKind::Http(check));
    let spec = CheckSpec { id: "web".into(), interval_ms: 60_000, timeout_ms, kind, ..CheckSpec::default() };
    outcome_of(&spec).await
}

async fn get(url: String) -> ProbeOutcome {
    asked(HttpCheck { url, redirects_max: 3, ..HttpCheck::default() }, 5000).await
}

fn respond(request: &str) -> String {
    let path = request.split(' ').nth(1).unwrap_or("");
    match path {
        "/ok?a=b" => "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nhalo".into(),
        "/away/" => "HTTP/1.1 302 Found\r\nlocation: ../ok?a=b\r\ncontent-length: 0\r\n\r\n".into(),
        "/loop" => "HTTP/1.1 302 Found\r\nlocation: /loop\r\ncontent-length: 0\r\n\r\n".into(),
        "/file" => "HTTP/1.1 302 Found\r\nlocation: file:///etc/passwd\r\ncontent-length: 0\r\n\r\n".into(),
        "/large" => format!("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n{}", "x".repeat(1_000_000)),
        "/short" => "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalo".into(),
        "/nonsense" => "Not HTTP at all\r\n\r\n".into(),
        "/head" => format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(200_000)),
        _ => String::new(),
    }
}

#[tokio::test]
async fn askings_end_as_they_should() {
    let port = serve(respond).await;
    let at = |path: &str| format!("http://127.0.0.1:{port}{path}");
    let ok = get(at("/ok?a=b")).await;
    assert_eq!((ok.verdict(), ok.http_status, ok.body_bytes), (ProbeVerdict::Ok, Some(200), Some(4)));
    assert!(ok.resolve_us.is_some() && ok.first_byte_us.is_some() && ok.tls_us.is_none());
    let away = get(at("/away/")).await;
    assert_eq!((away.verdict(), away.redirects), (ProbeVerdict::Ok, 1));
    let cases = [
        ("/loop", ProbePhase::FirstByte, "redirected more than 3 times"),
        ("/file", ProbePhase::FirstByte, "not http or https"),
        ("/short", ProbePhase::Transfer, "answer broke off"),
        ("/nonsense", ProbePhase::FirstByte, "no answer"),
        ("/head", ProbePhase::FirstByte, "no answer"),
    ];
    for (path, phase, reason) in cases {
        let outcome = get(at(path)).await;
        assert_eq!((outcome.verdict(), outcome.phase()), (ProbeVerdict::Failed, phase), "{path}");
        assert!(outcome.reason.contains(reason), "{path}: {}", outcome.reason);
    }
    let large = get(at("/large")).await;
    assert_eq!((large.verdict(), large.body_bytes), (ProbeVerdict::Ok, Some(BODY_BYTES_DEFAULT as u64)));
    let silent = asked(HttpCheck { url: at("/silent"), ..HttpCheck::default() }, 100).await;
    assert_eq!((silent.verdict(), silent.phase()), (ProbeVerdict::Failed, ProbePhase::FirstByte));
    assert_eq!(silent.reason, "no answer within 100 ms");
}

#[tokio::test]
async fn without_redirects_the_redirect_itself_is_judged() {
    let port = serve(respond).await;
    let url = format!("http://127.0.0.1:{port}/away/");
    let check = HttpCheck { url, accept_status: vec![302], ..HttpCheck::default() };
    let outcome = asked(check, 5000).await;
    assert_eq!((outcome.verdict(), outcome.redirects), (ProbeVerdict::Ok, 0));
}

#[tokio::test]
async fn bad_assignments_are_probe_errors() {
    for (url, method) in [("nonsense", ""), ("ftp://x/", ""), ("http://x/", "GET IT"), ("http://", "")] {
        let check = HttpCheck { url: url.into(), method: method.into(), ..HttpCheck::default() };
        assert_eq!(asked(check, 1000).await.verdict(), ProbeVerdict::ProbeError, "{url} {method}");
    }
}

async fn serve_tls() -> u16 {
    let key = KeyPair::generate().expect("key");
    let certificate =
        CertificateParams::new(vec!["localhost".into()]).expect("params").self_signed(&key).expect("signs");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .expect("certificate");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let port = listener.local_addr().expect("address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut bytes = [0; 4096];
            assert!(stream.read(&mut bytes).await.expect("reads") > 0);
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.expect("writes");
            stream.shutdown().await.expect("shuts down");
        }
    });
    port
}

#[tokio::test]
async fn a_certificate_is_verified_unless_told_otherwise_and_its_expiry_is_told_either_way() {
    let port = serve_tls().await;
    let check = HttpCheck { url: format!("https://localhost:{port}/"), ..HttpCheck::default() };
    let refused = asked(check.clone(), 5000).await;
    assert_eq!((refused.verdict(), refused.phase()), (ProbeVerdict::Failed, ProbePhase::Tls), "{}", refused.reason);
    assert!(refused.certificate_expires_at > Some(1_800_000_000));
    let accepted = asked(HttpCheck { accept_any_certificate: true, ..check }, 5000).await;
    assert_eq!(accepted.verdict(), ProbeVerdict::Ok, "{}", accepted.reason);
    assert!(accepted.certificate_expires_at > Some(1_800_000_000) && accepted.tls_us.is_some());
}
