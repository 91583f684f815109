//! An HTTP or HTTPS request, phase by phase, and the judgement on its answer.
//!
//! Bounds: the check's timeout over everything (redirects included), [`BODY_BYTES_MAX`] of body at most, [`HEAD_BYTES_MAX`] of
//! head, `redirects_max` redirects. Every asking makes a connection of its own: what is measured is what a new visitor
//! meets. Knows no cookies; a secret goes to the URL's own host and nowhere else.

use super::connect::connect;
use super::conversation::handshake;
use super::{Asking, Judgement, Trouble};
use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Version, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use pantau_shared::assignment::HttpCheck;
use pantau_shared::probe::ProbePhase;
use tokio::task::JoinHandle;
use url::{Host, Url};

mod evaluate;

use evaluate::{Answer, Expectations};

/// Most of a body that is read unless the check says otherwise, in bytes; what is to be found must stand within it.
const BODY_BYTES_DEFAULT: usize = 64 * 1024;

/// Most of a body that a check may ask to be read, in bytes.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Largest head of an answer, in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Most redirects followed, whatever the assignment says.
const REDIRECTS_MAX: u32 = 20;

/// Asks and judges.
pub(super) async fn ask(asking: &mut Asking<'_>, check: &HttpCheck) -> Result<Judgement, Trouble> {
    let expectations = Expectations::parse(check).map_err(|what| asking.refuse(&what))?;
    let url = Url::parse(&check.url);
    let mut url = url.map_err(|error| asking.refuse(&format!("`{}` is not a URL: {error}", check.url)))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(asking.refuse(&format!("`{}` is not an http or https URL", check.url)));
    }
    let mut question = Question::parse(asking, check, &url).await?;
    let redirects_max = check.redirects_max.min(REDIRECTS_MAX);
    let answer = loop {
        let response = request(asking, check, &question, &url).await?;
        let location = redirect_location(&response.0).filter(|_| check.redirects_max > 0);
        let Some(location) = location else {
            break read_answer(asking, check, response).await?;
        };
        if asking.progress.redirects >= redirects_max {
            return Err(Trouble::Failed(format!("redirected more than {redirects_max} times")));
        }
        asking.progress.redirects += 1;
        let next = follow(&url, &location)?;
        question.follow(response.0.status().as_u16(), url.origin() == next.origin());
        url = next;
    };
    asking.progress.phase = Some(ProbePhase::Content);
    let (judgement, by_pattern) = evaluate::evaluate(check, &expectations, &answer);
    asking.progress.detail.failed_by_pattern = by_pattern;
    Ok(judgement)
}

/// What is asked, at every stop of the redirects.
struct Question {
    method: Method,
    headers: HeaderMap,
    body: Bytes,
}

impl Question {
    async fn parse(asking: &Asking<'_>, check: &HttpCheck, url: &Url) -> Result<Self, Trouble> {
        let method = if check.method.is_empty() { "GET" } else { check.method.as_str() };
        let bad_method = |_| asking.refuse(&format!("`{method}` is not a method"));
        let method = Method::from_bytes(method.as_bytes()).map_err(bad_method)?;
        let mut headers = HeaderMap::new();
        for header in &check.headers {
            let bad = || asking.refuse(&format!("`{}` is not a header or has no such value", header.name));
            let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| bad())?;
            let mut text = header.value.clone();
            if !header.secret.is_empty() {
                let host = url.host_str().unwrap_or("").trim_matches(['[', ']']);
                text.push_str(&asking.site.read_secret(host, &header.secret).await?);
            }
            let mut value = HeaderValue::from_str(&text).map_err(|_| bad())?;
            value.set_sensitive(!header.secret.is_empty());
            headers.append(name, value);
        }
        Ok(Self { method, headers, body: Bytes::copy_from_slice(check.body.as_bytes()) })
    }

    /// Secrets stay with the place they are for; what was posted is not posted again (RFC 9110, 15.4).
    fn follow(&mut self, status: u16, same_origin: bool) {
        if !same_origin {
            let kept = self.headers.iter().filter(|(_, value)| !value.is_sensitive());
            let kept: HeaderMap = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
            self.headers = kept;
        }
        let becomes_get = status == 303 || (matches!(status, 301 | 302) && self.method == Method::POST);
        if becomes_get && self.method != Method::HEAD {
            self.method = Method::GET;
            self.body = Bytes::new();
        }
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
    asking: &mut Asking<'_>,
    check: &HttpCheck,
    question: &Question,
    url: &Url,
) -> Result<(Response<Incoming>, Connection), Trouble> {
    let host = match url.host() {
        Some(Host::Domain(name)) => name.to_owned(),
        Some(Host::Ipv4(address)) => address.to_string(),
        Some(Host::Ipv6(address)) => address.to_string(),
        None => return Err(Trouble::Failed("no host in URL".to_owned())),
    };
    let port = url.port_or_known_default().unwrap_or(80);
    let tcp = connect(asking, &host, port).await?;
    let is_tls = url.scheme() == "https";
    asking.progress.detail.is_http_tls = Some(is_tls);
    let (mut sender, connection) = if is_tls {
        let stream = handshake(asking, tcp, &host, check.accept_any_certificate, &[b"http/1.1"]).await?;
        start(TokioIo::new(stream)).await?
    } else {
        start(TokioIo::new(tcp)).await?
    };
    let from_us = asking.enter(ProbePhase::FirstByte);
    let response = sender.send_request(build(question, url)?).await;
    asking.lap(|progress| &mut progress.first_byte_us, from_us);
    let response = response.map_err(|error| Trouble::Failed(format!("no answer: {}", render_chain(&error))))?;
    asking.progress.http_status = Some(response.status().as_u16());
    asking.progress.detail.http_version = match response.version() {
        Version::HTTP_10 => Some(10),
        Version::HTTP_11 => Some(11),
        _ => None,
    };
    let length = response.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    asking.progress.detail.content_length = length.and_then(|text| text.parse().ok());
    Ok((response, connection))
}

async fn start<S>(io: S) -> Result<(SendRequest<Full<Bytes>>, Connection), Trouble>
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

fn build(question: &Question, url: &Url) -> Result<Request<Full<Bytes>>, Trouble> {
    let authority = match (url.host(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_string(),
        (None, _) => String::new(),
    };
    let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let mut request = Request::new(Full::new(question.body.clone()));
    *request.method_mut() = question.method.clone();
    let uri = target.parse();
    *request.uri_mut() = uri.map_err(|error| Trouble::Probe(format!("cannot build the request: {error}")))?;
    let headers = request.headers_mut();
    let agent = concat!("pantau-agent/", env!("CARGO_PKG_VERSION"));
    let host = HeaderValue::from_str(&authority);
    headers.insert(header::HOST, host.map_err(|error| Trouble::Probe(format!("cannot build the request: {error}")))?);
    headers.insert(header::USER_AGENT, HeaderValue::from_static(agent));
    headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    // The check's own headers stand in the place of ours.
    for name in question.headers.keys() {
        headers.remove(name);
    }
    for (name, value) in &question.headers {
        headers.append(name.clone(), value.clone());
    }
    Ok(request)
}

async fn read_answer(
    asking: &mut Asking<'_>,
    check: &HttpCheck,
    (response, connection): (Response<Incoming>, Connection),
) -> Result<Answer, Trouble> {
    let bytes_max = match usize::try_from(check.body_bytes_max) {
        Ok(0) | Err(_) => BODY_BYTES_DEFAULT,
        Ok(bytes) => bytes.min(BODY_BYTES_MAX),
    };
    let from_us = asking.enter(ProbePhase::Transfer);
    let (head, mut incoming) = response.into_parts();
    let mut body = Vec::new();
    while body.len() < bytes_max {
        let Some(frame) = incoming.frame().await else {
            break;
        };
        let frame = frame.map_err(|error| Trouble::Failed(format!("answer broke off: {}", render_chain(&error))))?;
        if let Ok(data) = frame.into_data() {
            body.extend_from_slice(&data[..data.len().min(bytes_max - body.len())]);
            asking.progress.body_bytes = Some(body.len() as u64);
        }
    }
    asking.lap(|progress| &mut progress.transfer_us, from_us);
    asking.progress.body_bytes = Some(body.len() as u64);
    drop(connection);
    Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
}

/// hyper's own text says little; the cause says what happened.
fn render_chain(error: &hyper::Error) -> String {
    let cause = std::error::Error::source(error);
    cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

#[cfg(test)]
mod tests;
