//! One call to a receiver over HTTP: bounded in time and size, with its answer sorted into *taken*, *later*, *never*.

use crate::engine::deliver::Sent;
use reqwest::{Client, RequestBuilder};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// One call takes at most so long.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Largest answer read.
const REPLY_BYTES_MAX: usize = 1 << 20;
/// So many characters of an answer are told to people.
const TOLD_MAX: usize = 300;

/// A client for all receivers: no redirects, since a token must not follow one.
pub(super) fn client() -> Result<Client, reqwest::Error> {
    // Fails only when a provider is installed already, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    Client::builder()
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("pantau-collector/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// A whole answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// `Retry-After` in seconds.
    retry_after_s: Option<i64>,
    body: Vec<u8>,
}

/// Whether the receiver can have acted on a call that failed.
#[derive(Debug)]
pub(super) struct CallFailed {
    pub(super) reason: String,
    /// It was never reached: nothing can have happened there.
    pub(super) never_sent: bool,
}

/// Sends and reads the answer.
pub(super) async fn call(request: RequestBuilder) -> Result<Reply, CallFailed> {
    let failed = |error: &reqwest::Error| CallFailed { reason: chain(error), never_sent: error.is_connect() };
    let mut response = request.send().await.map_err(|error| failed(&error))?;
    let status = response.status().as_u16();
    let header = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
    let retry_after_s = header.and_then(|text| text.parse().ok());
    let mut body = Vec::new();
    while body.len() < REPLY_BYTES_MAX {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(chunk.get(..REPLY_BYTES_MAX.min(chunk.len())).unwrap_or(&chunk)),
            Ok(None) => break,
            Err(error) => return Err(CallFailed { reason: chain(&error), never_sent: false }),
        }
    }
    body.truncate(REPLY_BYTES_MAX);
    Ok(Reply { status, retry_after_s, body })
}

/// As [`call`]; anything but 2xx ends the sending with what that means for the message.
pub(super) async fn ask(request: RequestBuilder) -> Result<Reply, Sent> {
    let reply = call(request).await.map_err(|failed| Sent::later(failed.reason))?;
    if (200..300).contains(&reply.status) { Ok(reply) } else { Err(reply.refused()) }
}

impl Reply {
    /// What an answer other than 2xx means: only *this content will never do* is final. A wrong token or address is put
    /// right in the configuration, and the message waits for that.
    pub(super) fn refused(&self) -> Sent {
        match self.status {
            400 | 405..=407 | 409..=417 | 422 => Sent::Rejected(self.words()),
            _ => {
                Sent::RetryLater { reason: self.words(), after_ms: self.retry_after_s.map(|s| s.saturating_mul(1000)) }
            }
        }
    }

    /// Status and the beginning of the body.
    pub(super) fn words(&self) -> String {
        let text: String = String::from_utf8_lossy(&self.body).chars().take(TOLD_MAX).collect();
        format!("HTTP {} {}", self.status, text.trim())
    }

    /// The body as text.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; one that is none is asked again, since it is likelier a proxy's page than the receiver.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Sent> {
        serde_json::from_slice(&self.body).map_err(|error| Sent::later(format!("{}: {error}", self.words())))
    }
}

/// An error with its causes in one line, without the address: it may hold a token.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = match error.source() {
        Some(_) => String::new(),
        None => error.to_string(),
    };
    let mut source = error.source();
    while let Some(cause) = source {
        let separator = if text.is_empty() { "" } else { ": " };
        text = format!("{text}{separator}{cause}");
        source = cause.source();
    }
    text.chars().take(TOLD_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_content_that_will_never_do_is_refused_for_good() {
        let refused = |status, after| Reply { status, retry_after_s: after, body: b" nope ".to_vec() }.refused();
        for status in [400, 413, 422] {
            assert_eq!(refused(status, None), Sent::Rejected(format!("HTTP {status} nope")));
        }
        for status in [301, 401, 403, 404, 408, 500, 503] {
            assert_eq!(refused(status, None), Sent::later(format!("HTTP {status} nope")));
        }
        let patience = Sent::RetryLater { reason: "HTTP 429 nope".into(), after_ms: Some(7_000) };
        assert_eq!(refused(429, Some(7)), patience);
    }
}
