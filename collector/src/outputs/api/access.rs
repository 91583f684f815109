//! Who calls: a program with `Authorization: Bearer <token>`, or a person's browser with the session of the pages.
//!
//! A `read` token reads, an `alert` token hands in alerts and does nothing else, a `write` token also writes. A session writes where its role may act on tickets, and only with
//! the session's form token in `x-csrf-token`, so that another site's page cannot write in its name. Approving what is on a
//! register is for people: a program could stand for the second person who was never asked.

use crate::app::App;
use crate::auth::{self, ALERT_SCOPE, Role};
use crate::http_error::HttpError;
use crate::outputs::web::{SESSION_COOKIE, cookie};
use axum::http::{HeaderMap, StatusCode, header};

/// Header with the session's form token.
const CSRF_HEADER: &str = "x-csrf-token";

/// Someone who may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Name for the ticket's log.
    pub(super) name: String,
    may_write: bool,
    administers: bool,
    may_approve: bool,
    /// The form token a write must carry; a program needs none.
    csrf: Option<String>,
}

impl Caller {
    /// Whether it may change anything: addresses of heartbeats are told to nobody else.
    pub(super) fn may_write(&self) -> bool {
        self.may_write
    }
}

/// Who calls.
///
/// # Errors
/// 401 for nobody known; 500 when the store fails.
pub(crate) fn caller(app: &App, headers: &HeaderMap) -> Result<Caller, HttpError> {
    let now = app.clock.now();
    if let Some(authorization) = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) {
        let token = auth::check_api_token(&app.store, authorization, now);
        let token = token.map_err(|error| HttpError::internal(&error))?;
        return token
            .filter(|token| token.scope != ALERT_SCOPE)
            .map(|token| Caller {
                name: token.name,
                may_write: token.scope == "write",
                administers: true,
                may_approve: false,
                csrf: None,
            })
            .ok_or_else(|| unauthenticated("the API token is not known here or was revoked"));
    }
    let session = cookie(headers, SESSION_COOKIE).map(auth::token_hash);
    let session = session.map(|hash| app.store.session(&hash, now));
    let session = session.transpose().map_err(|error| HttpError::internal(&error))?.flatten();
    session
        .filter(|session| now < session.expires_at)
        .and_then(|session| {
            let role = Role::parse(&session.role)?;
            let administers = role == Role::Admin;
            Some(Caller {
                name: session.user,
                may_write: role.may_act(),
                administers,
                may_approve: role.may_approve(),
                csrf: Some(session.csrf),
            })
        })
        .ok_or_else(|| unauthenticated("log in, or send `Authorization: Bearer <API token>`"))
}

/// Refuses whoever may not hand in alerts: that takes a token of scope `alert` or `write`.
///
/// # Errors
/// 401 for nobody known, 403 for another scope; 500 when the store fails.
pub(super) fn alerts(app: &App, headers: &HeaderMap) -> Result<(), HttpError> {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = authorization.map(|text| auth::check_api_token(&app.store, text, app.clock.now())).transpose();
    let token = token.map_err(|error| HttpError::internal(&error))?.flatten();
    let token = token.ok_or_else(|| unauthenticated("send `Authorization: Bearer <API token>` of scope `alert`"))?;
    if token.scope == ALERT_SCOPE || token.scope == "write" {
        return Ok(());
    }
    Err(HttpError::new(StatusCode::FORBIDDEN, "wrong_scope", "this takes a token of scope `alert` or `write`"))
}

/// Who calls and may see the collector itself: a program, or an administrator.
///
/// # Errors
/// 401 and 500 as [`caller`]; 403 for anybody else.
pub(super) fn administrator(app: &App, headers: &HeaderMap) -> Result<Caller, HttpError> {
    let caller = caller(app, headers)?;
    if caller.administers {
        return Ok(caller);
    }
    Err(HttpError::new(StatusCode::FORBIDDEN, "administrators_only", "only administrators see the collector itself"))
}

/// Who calls and may write.
///
/// # Errors
/// 401 and 500 as [`caller`]; 403 for one who only reads, or a session without its form token.
pub(super) fn writer(app: &App, headers: &HeaderMap) -> Result<Caller, HttpError> {
    let caller = caller(app, headers)?;
    let refuse = |code, message: &str| Err(HttpError::new(StatusCode::FORBIDDEN, code, message));
    if !caller.may_write {
        return refuse("read_only", "this access may only read");
    }
    if let Some(expected) = &caller.csrf {
        let given = headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !auth::same_secret(given, expected) {
            return refuse("csrf", "a session writes only with its form token in `x-csrf-token`");
        }
    }
    Ok(caller)
}

/// Refuses a caller who may not take responsibility: for what others propose, or for a report.
///
/// # Errors
/// 403.
pub(super) fn approves(caller: &Caller) -> Result<(), HttpError> {
    if caller.may_approve {
        return Ok(());
    }
    let message =
        "only a person who is responsible may do this, not an operator and not a program: log in as an administrator";
    Err(HttpError::new(StatusCode::FORBIDDEN, "approvers_only", message))
}

fn unauthenticated(message: &str) -> HttpError {
    HttpError::new(StatusCode::UNAUTHORIZED, "unauthenticated", message)
}
