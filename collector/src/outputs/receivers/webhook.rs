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
//! The body is the ticket's payload, or what the receiver's own template (minijinja) makes of it. A template sees the
//! payload's fields by their names and `tojson` among its filters; it is bounded in work and size.
//!
//! A receiver checks the signature over the bytes as they came and refuses an old `t`. 2xx is taken; 408, 429, 5xx and
//! every fault of the network is tried again; any other answer is final.

use super::ReceiverError;
use super::http::call;
use super::secret;
use crate::config::receivers::WebhookSettings;
use crate::engine::deliver::Sent;
use crate::store::records::DueMessage;
use minijinja::{Environment, UndefinedBehavior};
use pantau_shared::timestamp::Timestamp;
use reqwest::Client;
use ring::hmac;

/// A secret must have as many bytes as can't be guessed.
pub(super) const SECRET_BYTES_MIN: usize = 16;
/// Work that one rendering may do.
const TEMPLATE_FUEL: u64 = 100_000;
/// Largest body that a template may make.
const BODY_BYTES_MAX: usize = 256 * 1024;
const TEMPLATE: &str = "badan";

/// What is wrong with a template.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// It cannot be read.
    #[error("cannot read the template")]
    Read(#[source] std::io::Error),
    /// It cannot be parsed or rendered.
    #[error("{0:#}")]
    Render(minijinja::Error),
    /// It makes too much.
    #[error("makes more than {BODY_BYTES_MAX} bytes")]
    TooLarge,
}

/// A template that compiles.
pub(crate) struct Body(Environment<'static>);

impl Body {
    /// Compiles; a field that is missing is an error, not an empty text.
    pub(crate) fn parse(text: String) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_fuel(Some(TEMPLATE_FUEL));
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.add_template_owned(TEMPLATE, text).map_err(TemplateError::Render)?;
        Ok(Self(environment))
    }

    /// The body for one payload.
    pub(crate) fn render(&self, payload: &str) -> Result<String, TemplateError> {
        let json = |error: serde_json::Error| {
            TemplateError::Render(minijinja::Error::new(minijinja::ErrorKind::BadSerialization, error.to_string()))
        };
        let value: serde_json::Value = serde_json::from_str(payload).map_err(json)?;
        let template = self.0.get_template(TEMPLATE).map_err(TemplateError::Render)?;
        let text = template.render(value).map_err(TemplateError::Render)?;
        if text.len() > BODY_BYTES_MAX { Err(TemplateError::TooLarge) } else { Ok(text) }
    }
}

/// A receiver of signed calls.
pub(super) struct Webhook {
    url: String,
    key: hmac::Key,
    body: Option<Body>,
    client: Client,
}

impl Webhook {
    pub(super) fn new(name: &str, settings: &WebhookSettings, client: Client) -> Result<Self, ReceiverError> {
        let secret = secret::read(&settings.secret_file, SECRET_BYTES_MIN)?;
        let damaged = |source| ReceiverError::Template { name: name.to_owned(), source: Box::new(source) };
        let text = settings.template_file.as_ref().map(std::fs::read_to_string).transpose();
        let text = text.map_err(|error| damaged(TemplateError::Read(error)))?;
        let body = text.map(Body::parse).transpose().map_err(damaged)?;
        Ok(Self { url: settings.url.clone(), key: hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), body, client })
    }

    pub(super) async fn send(&self, due: &DueMessage, now: Timestamp) -> Sent {
        let message = &due.row.message;
        let body = match self.body.as_ref().map(|body| body.render(&message.payload)).transpose() {
            Ok(body) => body.unwrap_or_else(|| message.payload.clone()),
            Err(error) => return Sent::Rejected(error.to_string()),
        };
        let request = self
            .client
            .post(&self.url)
            .header("content-type", "application/json")
            .header("idempotency-key", format!("{}.{}.{}", message.ticket, message.version, message.target))
            .header("pantau-event", &message.event)
            .header("pantau-signature", signature(&self.key, now, &body))
            .body(body);
        match call(request).await {
            Ok(reply) => match judge(reply.status) {
                Some(true) => Sent::Delivered(None),
                Some(false) => Sent::Rejected(reply.words()),
                None => match reply.refused() {
                    Sent::Rejected(reason) => Sent::later(reason),
                    other => other,
                },
            },
            Err(failed) => Sent::later(failed.reason),
        }
    }
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
        let settings = WebhookSettings { url, secret_file, template_file: None };
        let client = super::super::http::client().expect("a client");
        let hook = Webhook::new("meja", &settings, client).expect("makes");
        let mut message = super::super::told::tests::due("restored", 3, None);
        message.row.message.payload = "{\"a\":1}".into();
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
        let (sent, request) = tokio::join!(hook.send(&message, Timestamp::from_secs(5)), serve);
        assert_eq!(sent, Sent::Delivered(None));
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"0123456789abcdef");
        let expected = signature(&key, Timestamp::from_secs(5), "{\"a\":1}");
        assert!(request.contains(&format!("pantau-signature: {expected}")), "{request}");
        assert!(request.contains("idempotency-key: SPBE-GGN-2026-0007.3.meja"), "{request}");
        drop(listener);
        assert!(matches!(hook.send(&message, Timestamp::from_secs(5)).await, Sent::RetryLater { .. }));
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

    #[test]
    fn a_template_makes_the_body_and_a_wrong_one_is_refused() {
        let body = Body::parse("{\"text\": {{ (nomor ~ ' ' ~ gejala)|tojson }}}".into()).expect("compiles");
        let payload = super::super::told::tests::due("opened", 1, None).row.message.payload;
        let text = body.render(&payload).expect("renders");
        assert!(text.starts_with("{\"text\": \"SPBE-GGN-2026-0007 SIMPEG"), "{text}");
        assert!(Body::parse("{{ nomor ".into()).is_err());
        assert!(Body::parse("{{ tidak_ada }}".into()).expect("compiles").render(&payload).is_err());
        let endless = "{% for i in range(9999) %}{% for j in range(9999) %}x{% endfor %}{% endfor %}";
        assert!(Body::parse(endless.into()).expect("compiles").render(&payload).is_err());
    }
}
