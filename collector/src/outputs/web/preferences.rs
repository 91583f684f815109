//! Language and theme: kept in a cookie of the browser, changed by a link, for anyone.

use super::page::Theme;
use super::visit::{LANGUAGE_COOKIE, THEME_COOKIE, safe_back};
use crate::texts::Language;
use axum::extract::Query;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use http::header::SET_COOKIE;

const YEAR_SECONDS: u32 = 365 * 24 * 60 * 60;

/// What to change to, and where to come back.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Preference {
    #[serde(default)]
    to: String,
    #[serde(default)]
    back: String,
}

pub(super) async fn language(Query(preference): Query<Preference>) -> Response {
    let language = Language::parse(&preference.to).unwrap_or(Language::Id);
    keep(LANGUAGE_COOKIE, language.code(), &preference.back)
}

pub(super) async fn theme(Query(preference): Query<Preference>) -> Response {
    let theme = Theme::parse(&preference.to).unwrap_or(Theme::Auto);
    keep(THEME_COOKIE, theme.code(), &preference.back)
}

fn keep(name: &str, value: &str, back: &str) -> Response {
    let cookie = format!("{name}={value}; Path=/; Max-Age={YEAR_SECONDS}; SameSite=Lax");
    (AppendHeaders([(SET_COOKIE, cookie)]), Redirect::to(safe_back(back))).into_response()
}
