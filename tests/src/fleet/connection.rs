//! One kept HTTP/1.1 connection, plain or TLS, from a source address of its own where that is wanted. Sends what an agent
//! sends, verifies as an agent verifies, and as an agent replaces a kept connection once that turns out to be closed. Does not
//! try again otherwise: who uses it decides what a failure means.

use anyhow::{Context, Result, bail, ensure};
use bytes::{Bytes, BytesMut};
use http::{Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpSocket;
use tokio_rustls::TlsConnector;

/// Bound on connecting with the TLS handshake, and on one exchange. Thousands connect at once on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Largest reply, in bytes.
const REPLY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Where to, and whom to trust there.
#[derive(Debug, Clone)]
pub struct Target {
    address: SocketAddr,
    authority: String,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
}

impl Target {
    /// A plain address.
    pub fn plain(address: SocketAddr) -> Self {
        Self { address, authority: address.to_string(), tls: None }
    }

    /// `http://HOST:PORT` or `https://HOST:PORT`; over https it trusts the pinned certificate alone, as an agent does.
    ///
    /// # Errors
    /// A URL that is none, a name that does not resolve, https without a pin.
    pub async fn of_url(url: &str, pin: Option<[u8; 32]>) -> Result<Self> {
        let parsed = reqwest::Url::parse(url).with_context(|| format!("`{url}` is no URL of a collector"))?;
        let host = parsed.host_str().with_context(|| format!("`{url}` names no host"))?;
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = parsed.port_or_known_default().with_context(|| format!("`{url}` names no port"))?;
        let found = tokio::net::lookup_host((bare.as_str(), port)).await;
        let address = found.with_context(|| format!("find {bare}"))?.next();
        let address = address.with_context(|| format!("{bare} has no address"))?;
        let tls = match (parsed.scheme(), pin) {
            ("http", _) => None,
            ("https", Some(pin)) => {
                let config = pantau_agent::client_config(pantau_agent::Trust::Pin(pin))?;
                Some((config, ServerName::try_from(bare)?))
            }
            ("https", None) => bail!("the collector's join tokens pin no certificate: is `{url}` really served by it?"),
            (scheme, _) => bail!("`{url}` is {scheme}; give http:// or https://"),
        };
        Ok(Self { address, authority: format!("{host}:{port}"), tls })
    }

    /// Whether it is on this very machine.
    pub fn is_loopback(&self) -> bool {
        self.address.ip().is_loopback()
    }
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// At most 16 MiB.
    pub body: Bytes,
}

impl Reply {
    /// The beginning of the body, for messages.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body[..self.body.len().min(300)]).into_owned()
    }
}

/// A connection that is made when it is first needed.
#[derive(Debug)]
pub struct Connection {
    target: Target,
    source: Option<IpAddr>,
    kept: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    /// Not connected yet; `source` is the address it will come from.
    pub fn new(target: Target, source: Option<IpAddr>) -> Self {
        Self { target, source, kept: None }
    }

    /// Posts `body` with the given headers beside those of every agent.
    ///
    /// # Errors
    /// No connection, no reply in time, or one too large. The next call connects anew.
    pub async fn post(&mut self, path: &str, headers: &[(&str, &str)], body: Bytes) -> Result<Reply> {
        self.ask(Method::POST, path, headers, body).await
    }

    /// Gets `path`.
    ///
    /// # Errors
    /// As [`Self::post`].
    pub async fn get(&mut self, path: &str) -> Result<Reply> {
        self.ask(Method::GET, path, &[], Bytes::new()).await
    }

    async fn ask(&mut self, method: Method, path: &str, headers: &[(&str, &str)], body: Bytes) -> Result<Reply> {
        let authority = self.target.authority.clone();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &authority)
            .header(header::USER_AGENT, concat!("pantau-agent/", env!("CARGO_PKG_VERSION")));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body))?;
        let exchanged = tokio::time::timeout(TIMEOUT, self.on_kept_or_fresh(request)).await;
        let seconds = TIMEOUT.as_secs();
        exchanged.with_context(|| format!("no answer from {authority} within {seconds} s"))?
    }

    async fn on_kept_or_fresh(&mut self, request: Request<Full<Bytes>>) -> Result<Reply> {
        if let Some(mut kept) = self.kept.take()
            && kept.ready().await.is_ok()
            && let Ok(reply) = exchange(&mut kept, request.clone()).await
        {
            self.kept = Some(kept);
            return Ok(reply);
        }
        let connected = self.connect().await;
        let mut fresh = connected.with_context(|| format!("connect to {}", self.target.authority))?;
        let reply = exchange(&mut fresh, request).await?;
        self.kept = Some(fresh);
        Ok(reply)
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>> {
        let socket = if self.target.address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        if let Some(source) = self.source {
            socket.bind(SocketAddr::new(source, 0))?;
        }
        let tcp = socket.connect(self.target.address).await?;
        tcp.set_nodelay(true)?;
        match &self.target.tls {
            None => start(TokioIo::new(tcp)).await,
            Some((config, name)) => {
                start(TokioIo::new(TlsConnector::from(Arc::clone(config)).connect(name.clone(), tcp).await?)).await
            }
        }
    }
}

async fn exchange(sender: &mut SendRequest<Full<Bytes>>, request: Request<Full<Bytes>>) -> Result<Reply> {
    let (head, mut body) = sender.send_request(request).await?.into_parts();
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            ensure!(bytes.len() + data.len() <= REPLY_BYTES_MAX, "the reply is larger than {REPLY_BYTES_MAX} bytes");
            bytes.extend_from_slice(&data);
        }
    }
    Ok(Reply { status: head.status.as_u16(), body: bytes.freeze() })
}

async fn start<S>(io: S) -> Result<SendRequest<Full<Bytes>>>
where
    S: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let (sender, connection) = handshake(io).await?;
    // Ends when the sender is dropped or the other side closes; the sender is told.
    tokio::spawn(async move { connection.await.ok() });
    Ok(sender)
}
