//! One kept HTTP/1.1 connection to the collector: post bytes, get a bounded reply. Knows nothing of batches.

use crate::tls::{Trust, client_config};
use bytes::{Bytes, BytesMut};
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use pantau_shared::limits::REPLY_BYTES_MAX;
use rustls::ClientConfig;
use rustls::pki_types::{InvalidDnsNameError, ServerName};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

/// Bound on resolving, connecting and the TLS handshake together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Bound on one request and its reply.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Why a post got no reply.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The URL is not `http://` or `https://` with a host.
    #[error("collector URL `{url}` is not http://HOST[:PORT] or https://HOST[:PORT]")]
    BadUrl {
        /// As given.
        url: String,
    },
    /// Plain HTTP to another machine.
    #[error("collector URL `{url}` is plain http to another machine: use https (plain http is for loopback only)")]
    PlainHttp {
        /// As given.
        url: String,
    },
    /// The host's name cannot stand in a certificate.
    #[error("host of collector URL `{url}` cannot be verified in a certificate")]
    BadName {
        /// As given.
        url: String,
        /// Why.
        source: InvalidDnsNameError,
    },
    /// Trust could not be set up.
    #[error("cannot set up TLS")]
    Tls(#[source] rustls::Error),
    /// No connection.
    #[error("cannot connect to {authority}")]
    Connect {
        /// Host and port.
        authority: String,
        /// Why.
        source: io::Error,
    },
    /// Not in time.
    #[error("no answer from {authority} within {seconds} s")]
    Timeout {
        /// Host and port.
        authority: String,
        /// The bound.
        seconds: u64,
    },
    /// The request could not be written or the reply not be read.
    #[error("cannot exchange a request with {authority}")]
    Exchange {
        /// Host and port.
        authority: String,
        /// Why.
        source: hyper::Error,
    },
    /// The reply passed its bound.
    #[error("reply of {authority} is larger than {REPLY_BYTES_MAX} bytes")]
    ReplyTooLarge {
        /// Host and port.
        authority: String,
    },
    /// The URL and path do not make a request.
    #[error("cannot build a request to {authority}")]
    Request {
        /// Host and port.
        authority: String,
        /// Why.
        source: http::Error,
    },
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
    /// The sender's clock, as it says (`Date`); nobody says through a broker.
    pub(crate) date: Option<String>,
}

/// What is asked.
struct Question<'a> {
    method: Method,
    path: &'a str,
    content_type: Option<&'a str>,
    body: Bytes,
}

/// A client of one collector.
#[derive(Debug)]
pub(crate) struct Client {
    host: String,
    port: u16,
    authority: String,
    base_path: String,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    connection: Option<SendRequest<Full<Bytes>>>,
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

impl Client {
    /// A client of the collector at `url`; over https it trusts `pin` alone, or the platform when there is none.
    pub(crate) fn new(url: &str, pin: Option<[u8; 32]>) -> Result<Self, ClientError> {
        let bad = || ClientError::BadUrl { url: url.to_owned() };
        let parsed = Url::parse(url).map_err(|_| bad())?;
        let host = parsed.host().ok_or_else(bad)?;
        let port = parsed.port_or_known_default().ok_or_else(bad)?;
        let bare = match &host {
            Host::Domain(name) => (*name).to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        let tls = match parsed.scheme() {
            "https" => {
                let trust = pin.map_or(Trust::Platform, Trust::Pin);
                let config = client_config(trust).map_err(ClientError::Tls)?;
                let name = ServerName::try_from(bare.clone())
                    .map_err(|source| ClientError::BadName { url: url.to_owned(), source })?;
                Some((config, name))
            }
            "http" if is_loopback(&host) => None,
            "http" => return Err(ClientError::PlainHttp { url: url.to_owned() }),
            _ => return Err(bad()),
        };
        let authority = format!("{host}:{port}");
        let base_path = parsed.path().trim_end_matches('/').to_owned();
        Ok(Self { host: bare, port, authority, base_path, tls, connection: None })
    }

    /// Posts `body` to `path`. A kept connection that turns out to be closed is replaced once: the collector knows
    /// repeats, so a request may arrive twice.
    pub(crate) async fn post(&mut self, path: &str, content_type: &str, body: Bytes) -> Result<Reply, ClientError> {
        self.ask(&Question { method: Method::POST, path, content_type: Some(content_type), body }).await
    }

    /// Gets `path`.
    pub(crate) async fn get(&mut self, path: &str) -> Result<Reply, ClientError> {
        self.ask(&Question { method: Method::GET, path, content_type: None, body: Bytes::new() }).await
    }

    /// Host and port of the collector.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    async fn ask(&mut self, question: &Question<'_>) -> Result<Reply, ClientError> {
        if let Some(mut kept) = self.connection.take()
            && kept.ready().await.is_ok()
        {
            match self.exchange(&mut kept, question).await {
                Ok(reply) => {
                    self.connection = Some(kept);
                    return Ok(reply);
                }
                Err(error @ (ClientError::Timeout { .. } | ClientError::ReplyTooLarge { .. })) => return Err(error),
                Err(error) => tracing::debug!(error = &error as &dyn std::error::Error, "kept connection is gone"),
            }
        }
        let mut fresh = self.connect().await?;
        let reply = self.exchange(&mut fresh, question).await?;
        self.connection = Some(fresh);
        Ok(reply)
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, ClientError> {
        let connecting = async {
            let failed = |source| ClientError::Connect { authority: self.authority.clone(), source };
            let tcp = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(failed)?;
            tcp.set_nodelay(true).map_err(failed)?;
            match &self.tls {
                None => self.start(TokioIo::new(tcp)).await,
                Some((config, name)) => {
                    let connector = TlsConnector::from(Arc::clone(config));
                    let stream = connector.connect(name.clone(), tcp).await.map_err(failed)?;
                    self.start(TokioIo::new(stream)).await
                }
            }
        };
        match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
            Ok(connected) => connected,
            Err(_) => Err(self.timed_out(CONNECT_TIMEOUT)),
        }
    }

    async fn start<S>(&self, io: S) -> Result<SendRequest<Full<Bytes>>, ClientError>
    where
        S: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    {
        let (sender, connection) = handshake(io).await.map_err(|source| self.exchange_failed(source))?;
        // Ends when the sender is dropped or the collector closes.
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection to the collector ended");
            }
        });
        Ok(sender)
    }

    async fn exchange(
        &self,
        sender: &mut SendRequest<Full<Bytes>>,
        question: &Question<'_>,
    ) -> Result<Reply, ClientError> {
        let mut request = Request::builder()
            .method(&question.method)
            .uri(format!("{}{}", self.base_path, question.path))
            .header(header::HOST, &self.authority)
            .header(header::USER_AGENT, concat!("pantau-agent/", env!("CARGO_PKG_VERSION")));
        if let Some(content_type) = question.content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        let request = request
            .body(Full::new(question.body.clone()))
            .map_err(|source| ClientError::Request { authority: self.authority.clone(), source })?;
        let exchanging = async {
            let response = sender.send_request(request).await.map_err(|source| self.exchange_failed(source))?;
            let (head, mut body) = response.into_parts();
            let mut bytes = BytesMut::new();
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|source| self.exchange_failed(source))?;
                if let Ok(data) = frame.into_data() {
                    if bytes.len() + data.len() > REPLY_BYTES_MAX {
                        return Err(ClientError::ReplyTooLarge { authority: self.authority.clone() });
                    }
                    bytes.extend_from_slice(&data);
                }
            }
            let date = head.headers.get(header::DATE).and_then(|date| Some(date.to_str().ok()?.to_owned()));
            Ok(Reply { status: head.status, body: bytes.freeze(), date })
        };
        match tokio::time::timeout(REQUEST_TIMEOUT, exchanging).await {
            Ok(reply) => reply,
            Err(_) => Err(self.timed_out(REQUEST_TIMEOUT)),
        }
    }

    fn exchange_failed(&self, source: hyper::Error) -> ClientError {
        ClientError::Exchange { authority: self.authority.clone(), source }
    }

    fn timed_out(&self, bound: Duration) -> ClientError {
        ClientError::Timeout { authority: self.authority.clone(), seconds: bound.as_secs() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_checked_before_anything_is_sent() {
        assert!(Client::new("http://127.0.0.1:8420", None).is_ok());
        assert!(Client::new("http://[::1]:8420/pantau/", None).is_ok_and(|client| client.base_path == "/pantau"));
        assert!(Client::new("https://collector.test", Some([1; 32])).is_ok_and(|client| client.port == 443));
        assert!(matches!(Client::new("http://collector.test", None), Err(ClientError::PlainHttp { .. })));
        for url in ["", "collector", "ftp://x", "https://"] {
            assert!(matches!(Client::new(url, None), Err(ClientError::BadUrl { .. })), "{url}");
        }
    }
}
