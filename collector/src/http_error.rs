//! The one shape of an error over HTTP: `{"error":{"code","message","detail"}}`. Outward only what helps the caller; the
//! chain of causes goes to the log, once.

use crate::store::StoreError;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;

/// An error that a caller gets to see.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpError {
    status: StatusCode,
    code: &'static str,
    message: String,
    detail: Value,
    retry_after_seconds: Option<u32>,
}

#[derive(Serialize)]
struct Body<'a> {
    error: Inner<'a>,
}

#[derive(Serialize)]
struct Inner<'a> {
    code: &'a str,
    message: &'a str,
    detail: &'a Value,
}

impl HttpError {
    /// `status` is read as 500 when it is no error at all.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let error = status.is_client_error() || status.is_server_error();
        let status = if error { status } else { StatusCode::INTERNAL_SERVER_ERROR };
        Self { status, code, message: message.into(), detail: Value::Null, retry_after_seconds: None }
    }

    /// Facts for a program.
    #[must_use]
    pub fn with_detail(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }

    /// Tells the caller when to come again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// Something failed here: logged with its causes, told without them.
    ///
    /// A store whose disk is full is no secret: 503 `store_full`, and when to come again.
    pub fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        if StoreError::is_read_only(error) {
            let message = "the collector's disk is full: nothing can be written until there is room";
            return Self::new(StatusCode::SERVICE_UNAVAILABLE, "store_full", message).retry_after(30);
        }
        tracing::error!(error = %Chain(error), "request failed");
        let message = "the collector could not do this; its log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }

    /// The status that goes out.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The code that goes out.
    pub fn code(&self) -> &'static str {
        self.code
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let inner = Inner { code: self.code, message: &self.message, detail: &self.detail };
        let mut response = (self.status, Json(Body { error: inner })).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// An error with its causes on one line.
pub struct Chain<'a>(pub &'a (dyn std::error::Error + 'static));

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
