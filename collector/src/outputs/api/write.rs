//! A write as it arrives: who calls is known and may write, no parameter stands in the address, the body is within its
//! bound. What it asks is read by the handler; carried out it is once for its key.

use super::idempotency::Answer;
use super::parameters::Parameters;
use super::{ApiState, BODY_BYTES_MAX, access};
use crate::http_error::HttpError;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::de::DeserializeOwned;

/// The last argument of every handler that changes something.
pub(super) struct Write {
    /// Who calls.
    pub(super) caller: access::Caller,
    /// What handlers share.
    pub(super) state: ApiState,
    headers: HeaderMap,
    path: String,
    bytes: Bytes,
}

impl FromRequest<ApiState> for Write {
    type Rejection = HttpError;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, HttpError> {
        let (headers, uri) = (request.headers().clone(), request.uri().clone());
        let caller = access::writer(&state.app, &headers)?;
        Parameters::read(&uri, &[])?;
        let bytes = received(Bytes::from_request(request, state).await)?;
        Ok(Self { caller, state: state.clone(), headers, path: uri.path().to_owned(), bytes })
    }
}

impl Write {
    /// The caller's name, to be put on record.
    pub(super) fn actor(&self) -> String {
        self.caller.name.clone()
    }

    /// The body.
    ///
    /// # Errors
    /// 400 for one that is not right.
    pub(super) fn parsed<T: DeserializeOwned>(&self) -> Result<T, HttpError> {
        serde_json::from_slice(&self.bytes).map_err(|error| {
            HttpError::new(StatusCode::BAD_REQUEST, "bad_body", format!("the body is not right: {error}"))
        })
    }

    /// Carries out `write`, or gives the answer that the same request got before.
    ///
    /// # Errors
    /// As [`super::idempotency::Answers::once`].
    pub(super) async fn once(
        self,
        write: impl Future<Output = Answer> + Send + 'static,
    ) -> Result<Response, HttpError> {
        self.state.answers.once(&self.caller, &self.headers, &self.path, &self.bytes, write).await
    }
}

fn received(bytes: Result<Bytes, BytesRejection>) -> Result<Bytes, HttpError> {
    bytes.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let message = format!("the body is larger than {BODY_BYTES_MAX} bytes");
            HttpError::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
        }
        _ => HttpError::new(StatusCode::BAD_REQUEST, "bad_body", "the body could not be read"),
    })
}
