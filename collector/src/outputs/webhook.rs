//! Signed webhooks: one POST per message.
//!
//! ```text
//! POST <url>
//! Content-Type: application/json
//! Idempotency-Key: SPBE-GGN-2026-0007.3.helpdesk         ticket, version, target
//! Pantau-Event: restored
//! Pantau-Signature: t=1767225600,v1=<hex HMAC-SHA256 of "t.body" under the target's secret>
//! ```
//!
//! A receiver checks the signature over the bytes as they came and refuses an old `t`. 2xx is taken; 408, 429, 5xx and
//! every fault of the network is tried again; any other answer is final.

use crate::engine::deliver::{Sender, Sent};
use crate::store::records::OutboxMessage;
use pantau_shared::timestamp::Timestamp;
use ring::hmac;
use std::path::{Path, PathBuf};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(10);
/// So much of a refusal's body is kept.
const REPLY_BYTES_MAX: usize = 500;
/// A secret must have as many bytes as the hash is strong.
const SECRET_BYTES_MIN: usize = 16;

/// A configured receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookTarget {
    /// Its name in the configuration and the outbox.
    pub name: String,
    /// Where to post.
    pub url: String,
    /// File that holds the secret; white space around it does not count.
    pub secret_file: PathBuf,
}

/// Why webhooks cannot be sent at all.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The secret cannot be read.
    #[error("cannot read the webhook secret `{}`", path.display())]
    Secret {
        /// Which file.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: std::io::Error,
    },
    /// The secret is too short.
    #[error("webhook secret `{}` has fewer than {SECRET_BYTES_MIN} bytes; make one with `openssl rand -hex 32`", path.display())]
    ShortSecret {
        /// Which file.
        path: PathBuf,
    },
    /// No HTTP client.
    #[error("cannot make an HTTP client")]
    Client(#[source] reqwest::Error),
}

struct Target {
    name: String,
    url: String,
    key: hmac::Key,
}

/// Posts messages to the configured receivers.
pub struct Webhooks {
    targets: Vec<Target>,
    client: reqwest::Client,
}

impl std::fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.targets.iter().map(|t| (&t.name, &t.url))).finish()
    }
}

impl Webhooks {
    /// Reads the secrets and makes the client.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub fn new(targets: &[WebhookTarget]) -> Result<Self, WebhookError> {
        // Fails only when a provider is installed already, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("pantau-collector/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(WebhookError::Client)?;
        let read = |target: &WebhookTarget| {
            let secret = read_secret(&target.secret_file)?;
            let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
            Ok(Target { name: target.name.clone(), url: target.url.clone(), key })
        };
        Ok(Self { targets: targets.iter().map(read).collect::<Result<_, WebhookError>>()?, client })
    }
}

fn read_secret(path: &Path) -> Result<Vec<u8>, WebhookError> {
    let text = std::fs::read(path).map_err(|source| WebhookError::Secret { path: path.to_owned(), source })?;
    let secret = text.trim_ascii();
    if secret.len() < SECRET_BYTES_MIN {
        return Err(WebhookError::ShortSecret { path: path.to_owned() });
    }
    Ok(secret.to_vec())
}

/// The value of `Pantau-Signature`.
fn signature(key: &hmac::Key, at: Timestamp, body: &str) -> String {
    let tag = hmac::sign(key, format!("{}.{body}", at.as_secs()).as_bytes());
    format!("t={},v1={}", at.as_secs(), hex::encode(tag))
}

/// What a status means for the message.
fn judge(status: u16) -> Option<bool> {
    match status {
        200..=299 => Some(true),
        408 | 429 => None,
        400..=499 => Some(false),
        _ => None,
    }
}

impl Sender for Webhooks {
    async fn send(&self, message: &OutboxMessage, now: Timestamp) -> Sent {
        let Some(target) = self.targets.iter().find(|t| t.name == message.target) else {
            return Sent::Later(format!("webhook `{}` is not configured", message.target));
        };
        let request = self
            .client
            .post(&target.url)
            .header("content-type", "application/json")
            .header("idempotency-key", format!("{}.{}.{}", message.ticket, message.version, message.target))
            .header("pantau-event", &message.event)
            .header("pantau-signature", signature(&target.key, now, &message.payload))
            .body(message.payload.clone());
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Sent::Later(error_chain(&error)),
        };
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while body.len() < REPLY_BYTES_MAX {
            match response.chunk().await {
                Ok(Some(chunk)) => {
                    body.extend_from_slice(chunk.get(..REPLY_BYTES_MAX.min(chunk.len())).unwrap_or(&chunk))
                }
                Ok(None) | Err(_) => break,
            }
        }
        body.truncate(REPLY_BYTES_MAX);
        let reason = format!("HTTP {status} {}", String::from_utf8_lossy(&body));
        match judge(status) {
            Some(true) => Sent::Taken,
            Some(false) => Sent::Refused(reason),
            None => Sent::Later(reason),
        }
    }
}

/// An error with its causes in one line; the address in it is our own configuration.
fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text.chars().take(REPLY_BYTES_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_hmac_over_time_and_body() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"0123456789abcdef");
        let text = signature(&key, Timestamp::from_secs(5), "{}");
        let (time, tag) = text.split_once(",v1=").expect("two parts");
        assert_eq!(time, "t=5");
        let tag = hex::decode(tag).expect("hex");
        assert!(hmac::verify(&key, b"5.{}", &tag).is_ok());
        assert!(hmac::verify(&key, b"6.{}", &tag).is_err());
    }

    #[tokio::test]
    async fn a_message_arrives_signed_and_a_missing_receiver_is_tried_again() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let folder = tempfile::tempdir().expect("a folder");
        let secret_file = folder.path().join("secret");
        std::fs::write(&secret_file, "0123456789abcdef\n").expect("writes");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let target = WebhookTarget { name: "meja".into(), url, secret_file };
        let hooks = Webhooks::new(&[target]).expect("makes");
        let message = OutboxMessage {
            ticket: crate::domain::ticket::TicketNumber { year: 2026, number: 7 },
            target: "meja".into(),
            version: 3,
            event: "restored".into(),
            payload: "{\"a\":1}".into(),
        };
        let serve = async {
            let (mut stream, _) = listener.accept().await.expect("accepts");
            let mut got = vec![0; 4096];
            let mut length = 0;
            while !got[..length].ends_with(b"{\"a\":1}") {
                length += stream.read(&mut got[length..]).await.expect("reads");
            }
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.expect("writes");
            String::from_utf8_lossy(&got[..length]).into_owned()
        };
        let (sent, request) = tokio::join!(hooks.send(&message, Timestamp::from_secs(5)), serve);
        assert_eq!(sent, Sent::Taken);
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"0123456789abcdef");
        let expected = signature(&key, Timestamp::from_secs(5), "{\"a\":1}");
        assert!(request.contains(&format!("pantau-signature: {expected}")), "{request}");
        assert!(request.contains("idempotency-key: SPBE-GGN-2026-0007.3.meja"), "{request}");
        drop(listener);
        assert!(matches!(hooks.send(&message, Timestamp::from_secs(5)).await, Sent::Later(_)));
    }

    #[test]
    fn only_a_final_refusal_is_final() {
        for (status, expected) in [
            (200, Some(true)),
            (204, Some(true)),
            (301, None),
            (400, Some(false)),
            (404, Some(false)),
            (408, None),
            (429, None),
            (503, None),
        ] {
            assert_eq!(judge(status), expected, "{status}");
        }
    }
}
