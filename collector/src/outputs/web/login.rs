//! Coming in and going out.

use super::WebState;
use super::alone;
use super::page::Section;
use super::visit::{Failure, SESSION_COOKIE, Visit, cookie, safe_back};
use crate::auth;
use axum::Form;
use axum::extract::{ConnectInfo, Query, State};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use http::header::SET_COOKIE;
use http::{Extensions, HeaderMap, StatusCode};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Holds the login form's own token until somebody is logged in.
const LOGIN_COOKIE: &str = "pantau_login";

/// Where to go after the login.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct BackQuery {
    #[serde(default)]
    back: String,
}

/// What the login form holds.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct LoginForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    back: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
}

/// What the logout form holds.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct LogoutForm {
    #[serde(default)]
    csrf: String,
}

pub(super) async fn show(
    visit: Visit,
    State(state): State<WebState>,
    Query(query): Query<BackQuery>,
) -> Result<Response, Failure> {
    let back = safe_back(&query.back);
    if visit.reader.is_some() {
        return Ok(Redirect::to(back).into_response());
    }
    form(&visit, &state, back, "", None, StatusCode::OK)
}

/// The form with a fresh token, also in a cookie: only a page of ours can hold both.
fn form(
    visit: &Visit,
    state: &WebState,
    back: &str,
    name: &str,
    error: Option<String>,
    status: StatusCode,
) -> Result<Response, Failure> {
    let csrf = auth::random_token(16).map_err(|error| visit.failed(&error))?;
    let kept = set_cookie(state, LOGIN_COOKIE, &csrf, 3600);
    let page = visit.page(Section::None, visit.texts.get("login-title"));
    let html = visit.html(alone::render_login(page, csrf, back.to_owned(), name.to_owned(), error))?;
    Ok((status, AppendHeaders([(SET_COOKIE, kept)]), html).into_response())
}

fn set_cookie(state: &WebState, name: &str, value: &str, seconds: i64) -> String {
    let secure = if state.app.tls { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}

/// The peer's address as the server knows it. Without one (in tests) all share the loopback's count.
fn peer(extensions: &Extensions) -> IpAddr {
    let known = extensions.get::<ConnectInfo<SocketAddr>>();
    known.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |info| info.0.ip())
}

pub(super) async fn enter(
    visit: Visit,
    State(state): State<WebState>,
    headers: HeaderMap,
    extensions: Extensions,
    Form(given): Form<LoginForm>,
) -> Result<Response, Failure> {
    let texts = visit.texts;
    let back = safe_back(&given.back);
    let again = |error, status| form(&visit, &state, back, &given.name, Some(error), status);
    let expected = cookie(&headers, LOGIN_COOKIE).unwrap_or_default();
    if expected.is_empty() || !auth::same_secret(&given.csrf, expected) {
        return again(texts.get("refused-csrf"), StatusCode::FORBIDDEN);
    }
    let address = peer(&extensions);
    if let Err(wait) = state.lockout.take_try(&given.name, address, visit.now) {
        state.app.stats.logins_refused.increment();
        let span = texts.duration(wait);
        return again(texts.text("login-wait", &[("span", &span)]), StatusCode::TOO_MANY_REQUESTS);
    }
    let checked = auth::check_login(&state.app.store, &given.name, &given.password, visit.now).await;
    let Some(user) = checked.map_err(|error| visit.failed(&error))? else {
        state.app.stats.logins_refused.increment();
        return again(texts.get("login-wrong"), StatusCode::UNAUTHORIZED);
    };
    state.lockout.clear(&given.name, address);
    let session = auth::begin_session(&user, visit.now).map_err(|error| visit.failed(&error))?;
    let record = session.record;
    let saved = state.app.store.save_session(record).await;
    saved.map_err(|error| visit.failed(&error))?;
    tracing::info!(user = user.name, "logged in");
    let cookies = [
        (SET_COOKIE, set_cookie(&state, SESSION_COOKIE, &session.token, auth::SESSION_SECONDS)),
        (SET_COOKIE, set_cookie(&state, LOGIN_COOKIE, "", 0)),
    ];
    Ok((AppendHeaders(cookies), Redirect::to(back)).into_response())
}

pub(super) async fn leave(
    visit: Visit,
    State(state): State<WebState>,
    headers: HeaderMap,
    Form(given): Form<LogoutForm>,
) -> Result<Response, Failure> {
    if let Some((reader, token)) = visit.reader.as_ref().zip(cookie(&headers, SESSION_COOKIE)) {
        if !auth::same_secret(&given.csrf, &reader.csrf) {
            return Err(visit.refuse(StatusCode::FORBIDDEN));
        }
        let deleted = state.app.store.delete_session(auth::token_hash(token)).await;
        deleted.map_err(|error| visit.failed(&error))?;
    }
    let gone = set_cookie(&state, SESSION_COOKIE, "", 0);
    Ok((AppendHeaders([(SET_COOKIE, gone)]), Redirect::to("/login")).into_response())
}
