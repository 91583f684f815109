//! The help desk's side of the webhook: takes signed calls, remembers them, and can be away.

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use pantau_tests::free_port;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpSocket;

/// One call that was taken.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The value of `Pantau-Signature`.
    pub(crate) signature: String,
    /// The value of `Idempotency-Key`.
    pub(crate) key: String,
    /// The body as it came.
    pub(crate) body: String,
}

impl Call {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<serde_json::Value> {
        serde_json::from_str(&self.body).context("webhook body is JSON")
    }

    /// Checks `t=…,v1=hex(hmac-sha256(secret, t.body))`.
    pub(crate) fn verify(&self, secret: &[u8]) -> Result<()> {
        let part = |name: &str| self.signature.split(',').find_map(|part| part.trim().strip_prefix(name));
        let (at, mac) = (part("t=").context("signature has a time")?, part("v1=").context("signature has a MAC")?);
        let mac: Vec<u8> = (0..mac.len() / 2)
            .map(|i| u8::from_str_radix(mac.get(2 * i..2 * i + 2).unwrap_or("x"), 16).context("MAC is hex"))
            .collect::<Result<_>>()?;
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
        let signed = format!("{at}.{}", self.body);
        ensure!(ring::hmac::verify(&key, signed.as_bytes(), &mac).is_ok(), "signature does not fit the body");
        Ok(())
    }
}

type Calls = Arc<Mutex<Vec<Call>>>;

/// A receiver with a fixed address, away until it is opened.
pub(crate) struct WebhookReceiver {
    address: SocketAddr,
    calls: Calls,
}

impl WebhookReceiver {
    /// Chooses an address; nobody answers there yet.
    pub(crate) fn away() -> Result<Self> {
        let port = free_port()?;
        Ok(Self { address: SocketAddr::from(([127, 0, 0, 1], port)), calls: Calls::default() })
    }

    /// Where calls go.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Answers from now on.
    pub(crate) fn open(&self) -> Result<()> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(self.address)?;
        let listener = socket.listen(64)?;
        let app = Router::new().route("/hook", post(take)).with_state(self.calls.clone());
        tokio::spawn(async move {
            axum::serve(listener, app).await.ok();
        });
        Ok(())
    }

    /// What was taken so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn take(State(calls): State<Calls>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let call = Call {
        signature: header("pantau-signature"),
        key: header("idempotency-key"),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
    StatusCode::NO_CONTENT
}
