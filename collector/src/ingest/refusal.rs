//! What ingest answers when it does not take something: one table of status, code and text.
//!
//! An agent keeps what was not acknowledged. By the status it tells what to do: 400 and 413, something in the batch
//! is not acceptable; other 4xx, this host or program is not wanted as it is; 5xx and 429, later.

use crate::self_stats::SelfStats;
use crate::store::StoreError;
use crate::store::records::JoinRefusal;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pantau_shared::PROTOCOL_VERSION;
use pantau_shared::ids::HostId;
use pantau_shared::wire::WireError;
use serde_json::{Value, json};

/// Seconds after which it is worth to ask again.
const RETRY_AFTER_SECONDS: u32 = 5;

/// The same while the disk is full: somebody has to make room first.
const FULL_RETRY_AFTER_SECONDS: u32 = 30;

/// A refusal as it is sent.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    detail: Value,
    retry_after_seconds: Option<u32>,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), detail: Value::Null, retry_after_seconds: None }
    }

    fn with(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }

    fn later(mut self) -> Self {
        self.retry_after_seconds = Some(RETRY_AFTER_SECONDS);
        self
    }

    pub(super) fn of_wire(error: WireError) -> Self {
        let message = error.to_string();
        let bad = |code| Self::new(StatusCode::BAD_REQUEST, code, message.clone());
        match error {
            WireError::TooLarge { .. } => Self::new(StatusCode::PAYLOAD_TOO_LARGE, "batch_too_large", message),
            WireError::Malformed => bad("malformed"),
            WireError::NewerProtocol { got } => Self::new(StatusCode::UPGRADE_REQUIRED, "newer_protocol", message)
                .with(json!({ "got": got, "known": PROTOCOL_VERSION })),
            WireError::BadHost(error) => bad("bad_host").with(json!(error.to_string())),
            WireError::BadSignature { host } => {
                Self::new(StatusCode::UNAUTHORIZED, "bad_signature", message).with(json!({ "host": host.as_str() }))
            }
            WireError::SessionUnknown { host } => {
                Self::new(StatusCode::UNAUTHORIZED, "session_unknown", message).with(json!({ "host": host.as_str() }))
            }
            WireError::BadMac { host } => {
                Self::new(StatusCode::UNAUTHORIZED, "bad_mac", message).with(json!({ "host": host.as_str() }))
            }
            WireError::TooMany { .. } => bad("too_many_observations"),
            WireError::ObservationTooLarge { seq } => bad("observation_too_large").with(json!({ "seq": seq })),
            WireError::OutOfOrder { seq } => bad("out_of_order").with(json!({ "seq": seq })),
            WireError::BadStream => bad("bad_stream"),
        }
    }

    /// The cause goes to the log, not to the sender.
    pub(super) fn of_store(error: StoreError) -> Self {
        if let StoreError::Refused { what } = error {
            return Self::new(StatusCode::FORBIDDEN, "host_revoked", format!("the store refuses {what}"));
        }
        if let StoreError::ReadOnly { .. } = error {
            let message = "the collector's disk is full: it takes nothing now; keep it and send it again";
            let full = Self::new(StatusCode::SERVICE_UNAVAILABLE, "store_full", message);
            return Self { retry_after_seconds: Some(FULL_RETRY_AFTER_SECONDS), ..full };
        }
        tracing::error!(error = &error as &dyn std::error::Error, "the store does not take what came in");
        let message = "the store does not take anything now; keep it and send it again";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable", message).later()
    }

    pub(super) fn unknown_host(host: &HostId) -> Self {
        let message = format!("host `{host}` is not enrolled; let it join with a token");
        Self::new(StatusCode::UNAUTHORIZED, "unknown_host", message).with(json!({ "host": host.as_str() }))
    }

    pub(super) fn host_revoked(host: &HostId) -> Self {
        let message = format!("host `{host}` was revoked; let it join again with a token made with `--replace`");
        Self::new(StatusCode::FORBIDDEN, "host_revoked", message).with(json!({ "host": host.as_str() }))
    }

    pub(super) fn busy() -> Self {
        let message = "too many batches are being received; keep it and send it again";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message).later()
    }

    pub(super) fn slow_body() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "slow_body", "the body did not arrive in time")
    }

    pub(super) fn broken_body() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "broken_body", "the body ended before its end")
    }

    pub(super) fn too_large(max: usize) -> Self {
        let message = format!("the body is larger than {max} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "batch_too_large", message)
    }

    pub(super) fn bad_join(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_join_request", message)
    }

    pub(super) fn too_many_joins() -> Self {
        let message = "too many requests to join from this address; wait a minute";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_joins", message).later()
    }

    pub(super) fn of_join(refusal: JoinRefusal) -> Self {
        let (status, code) = match refusal {
            JoinRefusal::Unknown => (StatusCode::UNAUTHORIZED, "join_token_unknown"),
            JoinRefusal::Used => (StatusCode::UNAUTHORIZED, "join_token_used"),
            JoinRefusal::Expired => (StatusCode::UNAUTHORIZED, "join_token_expired"),
            JoinRefusal::Enrolled => (StatusCode::CONFLICT, "host_enrolled"),
        };
        Self::new(status, code, refusal.to_string())
    }

    /// Counts a batch that was refused.
    pub(super) fn count(&self, stats: &SelfStats) {
        let counter = match self.code {
            "batch_too_large" => &stats.batches_too_large,
            "newer_protocol" => &stats.batches_newer_protocol,
            "session_unknown" => &stats.batches_session_unknown,
            "unknown_host" | "host_revoked" | "bad_mac" | "bad_signature" => &stats.batches_unauthenticated,
            "store_unavailable" | "store_full" => &stats.batches_not_stored,
            "busy" | "slow_body" => &stats.batches_busy,
            _ => &stats.batches_malformed,
        };
        counter.increment();
    }
}

impl Refusal {
    /// As an HTTP status.
    pub(super) fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The error as it is sent, on any road.
    pub(super) fn body(&self) -> Value {
        json!({ "error": { "code": self.code, "message": self.message, "detail": self.detail } })
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
