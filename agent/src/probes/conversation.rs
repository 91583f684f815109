//! A connection over which a protocol is spoken: in the clear or under TLS, with bounds on what is read.

use super::connect::{connect, trouble};
use super::{Asking, Trouble};
use crate::tls::{Trust, recording_config};
use pantau_shared::assignment::kinds::{Encryption, Endpoint};
use pantau_shared::probe::ProbePhase;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Most bytes read in one conversation: a server that talks without end is no greeting.
const READ_BYTES_MAX: usize = 64 * 1024;

/// A stream in either direction, whatever is below it.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A conversation with one server.
pub(super) struct Conversation {
    stream: Box<dyn Stream>,
    /// Read and not yet taken.
    buffer: Vec<u8>,
    read_bytes: usize,
    /// What the server must prove to be, for TLS now or later.
    server_name: String,
    accept_any_certificate: bool,
    /// When the first byte began to be awaited.
    awaited_from_us: Option<u64>,
}

/// The port of an endpoint, or the protocol's own.
pub(super) fn port_of(asking: &Asking<'_>, port: u32, default: u16) -> Result<u16, Trouble> {
    match port {
        0 => Ok(default),
        port => u16::try_from(port).map_err(|_| asking.refuse(&format!("{port} is not a port"))),
    }
}

/// The endpoint that an assignment must name.
pub(super) fn required<'a>(asking: &Asking<'_>, endpoint: Option<&'a Endpoint>) -> Result<&'a Endpoint, Trouble> {
    endpoint.ok_or_else(|| asking.refuse("no endpoint to connect to"))
}

/// Connects, and makes TLS when it is there from the first byte. `ports` are the protocol's own, in the clear and
/// under TLS.
pub(super) async fn open(
    asking: &mut Asking<'_>,
    endpoint: &Endpoint,
    ports: (u16, u16),
) -> Result<Conversation, Trouble> {
    let encryption = endpoint.encryption();
    let port = port_of(asking, endpoint.port, if encryption == Encryption::Tls { ports.1 } else { ports.0 })?;
    let server_name = if endpoint.server_name.is_empty() { &endpoint.host } else { &endpoint.server_name };
    let stream = connect(asking, &endpoint.host, port).await?;
    let mut conversation = Conversation {
        stream: Box::new(stream),
        buffer: Vec::new(),
        read_bytes: 0,
        server_name: server_name.clone(),
        accept_any_certificate: endpoint.accept_any_certificate,
        awaited_from_us: None,
    };
    if encryption == Encryption::Tls {
        conversation.start_tls(asking).await?;
    }
    conversation.awaited_from_us = Some(asking.enter(ProbePhase::FirstByte));
    Ok(conversation)
}

/// The handshake over any stream: records the certificates, the version and the suite.
pub(super) async fn handshake<S: Stream>(
    asking: &mut Asking<'_>,
    stream: S,
    server_name: &str,
    accept_any: bool,
    protocols: &[&[u8]],
) -> Result<TlsStream<S>, Trouble> {
    let trust = if accept_any { Trust::Any } else { Trust::Platform };
    let made = recording_config(trust, protocols);
    let (config, shown) = made.map_err(|error| Trouble::Probe(format!("cannot set up TLS: {error}")))?;
    let name = ServerName::try_from(server_name.to_owned())
        .map_err(|error| Trouble::Failed(format!("`{server_name}` cannot be verified in a certificate: {error}")))?;
    let from_us = asking.enter(ProbePhase::Tls);
    asking.progress.shown = Some(shown);
    let stream = TlsConnector::from(config).connect(name, stream).await;
    asking.lap(|progress| &mut progress.tls_us, from_us);
    let stream = stream.map_err(|error| Trouble::Failed(format!("TLS handshake failed: {error}")))?;
    let (_, connection) = stream.get_ref();
    asking.progress.tls_version = connection.protocol_version().map(|version| u32::from(u16::from(version)));
    asking.progress.detail.tls_cipher = connection.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str());
    Ok(stream)
}

impl Conversation {
    /// Goes on under TLS, with the protocol's word for it already said.
    pub(super) async fn start_tls(&mut self, asking: &mut Asking<'_>) -> Result<(), Trouble> {
        if !self.buffer.is_empty() {
            return Err(Trouble::Failed("server spoke on in the clear after agreeing to TLS".to_owned()));
        }
        let below = std::mem::replace(&mut self.stream, Box::new(tokio::io::empty()));
        let made = handshake(asking, below, &self.server_name, self.accept_any_certificate, &[]).await?;
        self.stream = Box::new(made);
        Ok(())
    }

    /// Says `bytes`.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        let mut sent = self.stream.write_all(bytes).await;
        if sent.is_ok() {
            sent = self.stream.flush().await;
        }
        sent.map_err(|error| trouble("cannot send", &error))
    }

    /// Says a last word, which may not arrive: the judgement is made by then.
    pub(super) async fn part(mut self, bytes: &[u8]) {
        if let Err(Trouble::Failed(reason) | Trouble::Probe(reason) | Trouble::Refused(reason)) = self.send(bytes).await
        {
            tracing::trace!(reason, "last word of a probe did not arrive");
        }
    }

    /// Reads what is there into the buffer.
    async fn fill(&mut self, asking: &mut Asking<'_>, awaited: &str) -> Result<(), Trouble> {
        if self.read_bytes >= READ_BYTES_MAX {
            return Err(Trouble::Failed(format!("no {awaited} within {READ_BYTES_MAX} bytes")));
        }
        let mut bytes = [0; 4096];
        let size = self.stream.read(&mut bytes).await;
        let size = size.map_err(|error| trouble(&format!("connection broke while awaiting {awaited}"), &error))?;
        if size == 0 {
            return Err(Trouble::Failed(format!("connection closed while awaiting {awaited}")));
        }
        if let Some(from_us) = self.awaited_from_us.take() {
            asking.lap(|progress| &mut progress.first_byte_us, from_us);
        }
        self.read_bytes += size;
        self.buffer.extend_from_slice(&bytes[..size]);
        Ok(())
    }

    /// The next line without its end.
    pub(super) async fn read_line(&mut self, asking: &mut Asking<'_>, awaited: &str) -> Result<Vec<u8>, Trouble> {
        loop {
            if let Some(end) = self.buffer.iter().position(|&byte| byte == b'\n') {
                let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
                while matches!(line.last(), Some(b'\n' | b'\r')) {
                    line.pop();
                }
                return Ok(line);
            }
            self.fill(asking, awaited).await?;
        }
    }

    /// The next `size` bytes.
    pub(super) async fn read_exact(
        &mut self,
        asking: &mut Asking<'_>,
        size: usize,
        awaited: &str,
    ) -> Result<Vec<u8>, Trouble> {
        if size > READ_BYTES_MAX {
            return Err(Trouble::Failed(format!("{awaited} of {size} bytes is longer than {READ_BYTES_MAX}")));
        }
        while self.buffer.len() < size {
            self.fill(asking, awaited).await?;
        }
        Ok(self.buffer.drain(..size).collect())
    }
}

/// Received bytes as text for a reason: one line, bounded.
pub(super) fn render_bytes(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}
