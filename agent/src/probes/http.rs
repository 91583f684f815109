//! An HTTP or HTTPS request, phase by phase, and the judgement on its answer.
//!
//! Bounds: the check's timeout over everything (redirects included), [`BODY_BYTES_MAX`] of body, [`HEAD_BYTES_MAX`] of
//! head, `redirects_max` redirects. Every asking makes a connection of its own: what is measured is what a new visitor
//! meets. Knows no cookies and no credentials.

use super::connect::connect;
use super::{Judgement, Progress, Trouble};
use crate::clock::Clock;
use crate::tls::{Expiry, Trust, recording_config};
use ::http::{Method, Request, Response, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use pantau_shared::assignment::{CheckSpec, HttpCheck};
use pantau_shared::probe::ProbePhase;
use rustls::pki_types::ServerName;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

/// Most of a body that is read, in bytes; text to be found must stand within it.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Largest head of an answer, in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Most redirects followed, whatever the assignment says.
const REDIRECTS_MAX: u32 = 20;

/// What came back at the end of the redirects.
#[derive(Debug, Default, PartialEq, Eq)]
struct Answer {
    status: u16,
    body: Vec<u8>,
}

/// Asks and judges.
pub(super) async fn ask(
    spec: &CheckSpec,
    check: &HttpCheck,
    clock: &Clock,
    progress: &mut Progress,
) -> Result<Judgement, Trouble> {
    let bad = |what: &str| Trouble::Probe(format!("assignment: {what}"));
    let mut url = Url::parse(&check.url).map_err(|error| bad(&format!("`{}` is not a URL: {error}", check.url)))?;
    let method = if check.method.is_empty() { "GET" } else { check.method.as_str() };
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| bad(&format!("`{method}` is not a method")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(bad(&format!("`{}` is not an http or https URL", check.url)));
    }
    let redirects_max = check.redirects_max.min(REDIRECTS_MAX);
    let answer = loop {
        let response = request(spec, check, &method, &url, clock, progress).await?;
        let location = redirect_location(&response.0).filter(|_| check.redirects_max > 0);
        let Some(location) = location else {
            break read_answer(response, clock, progress).await?;
        };
        if progress.redirects >= redirects_max {
            return Err(Trouble::Failed(format!("redirected more than {redirects_max} times")));
        }
        progress.redirects += 1;
        url = follow(&url, &location)?;
    };
    progress.phase = Some(ProbePhase::Content);
    let expires_at = progress.expiry.as_ref().and_then(Expiry::get);
    Ok(evaluate(spec, check, &answer, expires_at, clock.now().as_secs()))
}

/// Judges an answer. Pure.
fn evaluate(spec: &CheckSpec, check: &HttpCheck, answer: &Answer, expires_at: Option<i64>, now: i64) -> Judgement {
    let status = u32::from(answer.status);
    let accepted = match check.accept_status.as_slice() {
        [] => (200..300).contains(&status),
        wanted => wanted.contains(&status),
    };
    if !accepted {
        return Judgement::failed(ProbePhase::Content, format!("answered with status {status}"));
    }
    let wanted = check.body_contains.as_bytes();
    if !wanted.is_empty() && !answer.body.windows(wanted.len()).any(|window| window == wanted) {
        let reason = format!("answer does not contain `{}`", check.body_contains);
        return Judgement::failed(ProbePhase::Content, reason);
    }
    let left = expires_at.map(|expires_at| expires_at.saturating_sub(now));
    match left {
        Some(left) if spec.certificate_warning_seconds > 0 && left < i64::from(spec.certificate_warning_seconds) => {
            let reason = if left <= 0 {
                "certificate has expired".to_owned()
            } else {
                format!("certificate expires in {left} s")
            };
            Judgement::degraded(ProbePhase::Tls, reason)
        }
        Some(_) | None => Judgement::ok(),
    }
}

fn redirect_location<B>(response: &Response<B>) -> Option<String> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    response.headers().get(header::LOCATION)?.to_str().ok().map(str::to_owned)
}

/// Where a redirect leads.
fn follow(url: &Url, location: &str) -> Result<Url, Trouble> {
    let next = url.join(location).map_err(|error| Trouble::Failed(format!("redirected to `{location}`: {error}")))?;
    if !matches!(next.scheme(), "http" | "https") || next.host().is_none() {
        return Err(Trouble::Failed(format!("redirected to `{location}`, which is not http or https")));
    }
    Ok(next)
}

/// Ends a connection's task with the asking.
struct Connection(JoinHandle<()>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Connects to the URL's host, sends the request, and waits for the head of the answer.
async fn request(
    spec: &CheckSpec,
    check: &HttpCheck,
    method: &Method,
    url: &Url,
    clock: &Clock,
    progress: &mut Progress,
) -> Result<(Response<Incoming>, Connection), Trouble> {
    let host = match url.host() {
        Some(Host::Domain(name)) => name.to_owned(),
        Some(Host::Ipv4(address)) => address.to_string(),
        Some(Host::Ipv6(address)) => address.to_string(),
        None => return Err(Trouble::Failed("no host in URL".to_owned())),
    };
    let port = url.port_or_known_default().unwrap_or(80);
    let bound = Duration::from_millis(u64::from(spec.timeout_ms));
    let tcp = connect(&host, port, bound, clock, progress).await?;
    let (mut sender, connection) = if url.scheme() == "https" {
        let stream = handshake_tls(&host, tcp, check.accept_any_certificate, clock, progress).await?;
        start(TokioIo::new(stream)).await?
    } else {
        start(TokioIo::new(tcp)).await?
    };
    let from_us = progress.enter(ProbePhase::FirstByte, clock);
    let response = sender.send_request(build(method, url)?).await;
    Progress::lap(&mut progress.first_byte_us, from_us, clock);
    let response = response.map_err(|error| Trouble::Failed(format!("no answer: {}", render_chain(&error))))?;
    progress.http_status = Some(response.status().as_u16());
    Ok((response, connection))
}

async fn handshake_tls(
    host: &str,
    tcp: TcpStream,
    accept_any: bool,
    clock: &Clock,
    progress: &mut Progress,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Trouble> {
    let trust = if accept_any { Trust::Any } else { Trust::Platform };
    let made = recording_config(trust).map_err(|error| Trouble::Probe(format!("cannot set up TLS: {error}")))?;
    let (config, expiry) = made;
    let name = ServerName::try_from(host.to_owned())
        .map_err(|error| Trouble::Failed(format!("`{host}` cannot be verified in a certificate: {error}")))?;
    let from_us = progress.enter(ProbePhase::Tls, clock);
    progress.expiry = Some(expiry);
    let stream = TlsConnector::from(config).connect(name, tcp).await;
    Progress::lap(&mut progress.tls_us, from_us, clock);
    stream.map_err(|error| Trouble::Failed(format!("TLS handshake failed: {error}")))
}

async fn start<S>(io: S) -> Result<(SendRequest<Empty<Bytes>>, Connection), Trouble>
where
    S: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let (sender, connection) = Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .handshake(io)
        .await
        .map_err(|error| Trouble::Failed(format!("connection failed: {}", render_chain(&error))))?;
    let task = tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::trace!(%error, "probed connection ended");
        }
    });
    Ok((sender, Connection(task)))
}

fn build(method: &Method, url: &Url) -> Result<Request<Empty<Bytes>>, Trouble> {
    let authority = match (url.host(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_string(),
        (None, _) => String::new(),
    };
    let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    Request::builder()
        .method(method)
        .uri(target)
        .header(header::HOST, authority)
        .header(header::USER_AGENT, concat!("pantau-agent/", env!("CARGO_PKG_VERSION")))
        .header(header::ACCEPT, "*/*")
        .header(header::CONNECTION, "close")
        .body(Empty::new())
        .map_err(|error| Trouble::Probe(format!("cannot build the request: {error}")))
}

async fn read_answer(
    (response, connection): (Response<Incoming>, Connection),
    clock: &Clock,
    progress: &mut Progress,
) -> Result<Answer, Trouble> {
    let from_us = progress.enter(ProbePhase::Transfer, clock);
    let (head, mut incoming) = response.into_parts();
    let mut body = Vec::new();
    while body.len() < BODY_BYTES_MAX {
        let Some(frame) = incoming.frame().await else {
            break;
        };
        let frame = frame.map_err(|error| Trouble::Failed(format!("answer broke off: {}", render_chain(&error))))?;
        if let Ok(data) = frame.into_data() {
            body.extend_from_slice(&data[..data.len().min(BODY_BYTES_MAX - body.len())]);
            progress.body_bytes = Some(body.len() as u64);
        }
    }
    Progress::lap(&mut progress.transfer_us, from_us, clock);
    progress.body_bytes = Some(body.len() as u64);
    drop(connection);
    Ok(Answer { status: head.status.as_u16(), body })
}

/// hyper's own text says little; the cause says what happened.
fn render_chain(error: &hyper::Error) -> String {
    let cause = std::error::Error::source(error);
    cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

#[cfg(test)]
mod tests;
