//! Who asks: a person with a session, or a program with a token. And what they may do.
//!
//! A token is looked for first. A person's write needs the session's form token in `X-CSRF-Token` as well, because a
//! browser sends the cookie by itself; a program's token is never sent by itself.

use super::ApiState;
use super::store_read::read;
use crate::auth::{self, Role};
use crate::http_error::HttpError;
use crate::outputs::web::session_cookie;
use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};

const CSRF_HEADER: &str = "x-csrf-token";

/// Someone who may read.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    name: String,
    may_write: bool,
    /// What a write must carry; none for a program.
    csrf: Option<String>,
}

/// Someone who may write.
#[derive(Debug, Clone)]
pub(super) struct Author {
    /// For the ticket's log.
    pub(super) name: String,
}

impl Caller {
    async fn identify(headers: &HeaderMap, state: &ApiState) -> Result<Option<Self>, HttpError> {
        let now = state.app.clock.now();
        if let Some(authorization) = headers.get(header::AUTHORIZATION) {
            let text = authorization.to_str().unwrap_or_default().to_owned();
            let store = state.app.store.clone();
            let checked = tokio::task::spawn_blocking(move || auth::check_api_token(&store, &text, now)).await;
            let token = checked.map_err(|e| HttpError::internal(&e))?.map_err(|e| HttpError::internal(&e))?;
            return Ok(token.map(|token| Self { name: token.name, may_write: token.scope == "write", csrf: None }));
        }
        let Some(cookie) = session_cookie(headers) else { return Ok(None) };
        let hash = auth::token_hash(cookie);
        let session = read(&state.app, move |reader| reader.session(&hash, now)).await?;
        Ok(session.filter(|session| now < session.expires_at).and_then(|session| {
            let may_write = Role::parse(&session.role)?.may_act();
            Some(Self { name: session.user, may_write, csrf: Some(session.csrf) })
        }))
    }
}

impl FromRequestParts<ApiState> for Caller {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, HttpError> {
        Self::identify(&parts.headers, state).await?.ok_or_else(|| {
            let message = "log in, or send an API token as `Authorization: Bearer …`";
            HttpError::new(StatusCode::UNAUTHORIZED, "unauthenticated", message)
        })
    }
}

impl FromRequestParts<ApiState> for Author {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, HttpError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        if !caller.may_write {
            let message = "this needs a token of scope `write`, or the role operator or admin";
            return Err(HttpError::new(StatusCode::FORBIDDEN, "forbidden", message));
        }
        if let Some(expected) = &caller.csrf {
            let given = parts.headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
            if !auth::same_secret(given, expected) {
                let message = "a write with a session needs its form token in the header X-CSRF-Token";
                return Err(HttpError::new(StatusCode::FORBIDDEN, "csrf", message));
            }
        }
        Ok(Self { name: caller.name })
    }
}
