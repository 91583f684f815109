//! One request: who asks, in which language, when. And what goes wrong with it.

use super::WebState;
use super::alone;
use super::page::{Page, ReadOnlyNotice, Reader, Section, Theme, backup_at_risk};
use crate::auth::{self, Role};
use crate::engine::CommandError;
use crate::snapshot::Snapshot;
use crate::store::StoreError;
use crate::texts::{Language, Texts};
use axum::extract::FromRequestParts;
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use pantau_shared::timestamp::Timestamp;
use std::sync::Arc;

/// The session's cookie.
pub(crate) const SESSION_COOKIE: &str = "pantau_session";
/// The language's cookie.
pub(super) const LANGUAGE_COOKIE: &str = "pantau_language";
/// The theme's cookie.
pub(super) const THEME_COOKIE: &str = "pantau_theme";

/// A request by anyone.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    pub(super) texts: Texts,
    pub(super) theme: Theme,
    pub(super) reader: Option<Reader>,
    /// Path and query.
    pub(super) path: String,
    pub(super) now: Timestamp,
    pub(super) snapshot: Arc<Snapshot>,
    /// Whether the store takes nothing from agents: every page says so.
    pub(super) read_only: Option<ReadOnlyNotice>,
}

/// A request by someone who is logged in; anyone else is led to the login page and back.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) visit: Visit,
    pub(super) reader: Reader,
}

/// The value of a cookie.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(found, value)| (found == name).then_some(value))
}

/// A path on this very site, or `/`: never another site, whatever a link says.
pub(super) fn safe_back(back: &str) -> &str {
    let local = back.starts_with('/') && !back.starts_with("//") && !back.starts_with("/\\");
    if local && back.bytes().all(|byte| (0x21..0x7f).contains(&byte) && byte != b'\\') { back } else { "/" }
}

impl FromRequestParts<WebState> for Visit {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, Self::Rejection> {
        let app = &state.app;
        let now = app.clock.now();
        let language = cookie(&parts.headers, LANGUAGE_COOKIE).and_then(Language::parse).unwrap_or(Language::Id);
        let theme = cookie(&parts.headers, THEME_COOKIE).and_then(Theme::parse).unwrap_or(Theme::Auto);
        let mut visit = Self {
            texts: Texts::new(language, app.profile.time_zone),
            theme,
            reader: None,
            path: parts.uri.path_and_query().map_or_else(|| "/".to_owned(), |path| path.as_str().to_owned()),
            now,
            snapshot: app.engine.snapshot(),
            read_only: ReadOnlyNotice::of(app.store.space()),
        };
        if let Some(token) = cookie(&parts.headers, SESSION_COOKIE) {
            let hash = auth::token_hash(token);
            let session = app.store.session(&hash, now);
            let session = session.map_err(|error| visit.failed(&error))?;
            visit.reader = session.filter(|session| now < session.expires_at).and_then(|session| {
                let role = Role::parse(&session.role)?;
                Some(Reader { name: session.user, role, csrf: session.csrf })
            });
        }
        Ok(visit)
    }
}

impl FromRequestParts<WebState> for Known {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, Self::Rejection> {
        let visit = Visit::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        match visit.reader.clone() {
            Some(reader) => Ok(Self { visit, reader }),
            None => {
                let back: String = form_encoded(&visit.path);
                Err(Redirect::to(&format!("/login?back={back}")).into_response())
            }
        }
    }
}

/// Everything but letters, digits and `/` as `%XX`.
fn form_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

impl Visit {
    /// The frame of a page.
    pub(super) fn page(&self, section: Section, title: String) -> Page {
        Page {
            texts: self.texts,
            theme: self.theme,
            reader: self.reader.clone(),
            section,
            title,
            path: self.path.clone(),
            now: self.now,
            demo: self.snapshot.demo,
            read_only: self.read_only,
            open_tickets: self.snapshot.tickets.len(),
            proposed: self.snapshot.register.proposed(),
            backups_at_risk: self.snapshot.backups.iter().filter(|backup| backup_at_risk(backup.state)).count(),
        }
    }

    /// An error page of that status.
    pub(super) fn refuse(&self, status: StatusCode) -> Failure {
        Failure { status, page: Box::new(self.page(Section::None, String::new())) }
    }

    /// The error page for a failure of ours, which is logged here and told to nobody else.
    pub(super) fn failed(&self, error: &(dyn std::error::Error + 'static)) -> Failure {
        if StoreError::is_read_only(error) {
            return self.refuse(StatusCode::SERVICE_UNAVAILABLE);
        }
        tracing::error!(path = self.path, error, "request failed");
        self.refuse(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// A rendered page, or the error page.
    pub(super) fn html(&self, page: Result<String, askama::Error>) -> Result<Response, Failure> {
        let html = page.map_err(|error| self.failed(&error))?;
        Ok(([(header::CACHE_CONTROL, "no-store")], Html(html)).into_response())
    }

    /// What a command of the engine could not do, beyond what the rules refuse.
    pub(super) fn command_failed(&self, error: &CommandError) -> Failure {
        match error {
            CommandError::NoSuchTicket(_)
            | CommandError::NoSuchService(_)
            | CommandError::NoSuchMaintenance(_)
            | CommandError::NoSuchCorrection(_)
            | CommandError::NoSuchSet(_) => self.refuse(StatusCode::NOT_FOUND),
            CommandError::NotRecorded(_) | CommandError::EntryRefused(_) | CommandError::Refused(_) => {
                self.refuse(StatusCode::CONFLICT)
            }
            CommandError::Store(_) | CommandError::Stopped | CommandError::TooManyAlerts | CommandError::NotNow => {
                self.failed(error)
            }
        }
    }
}

/// A request that gets an error page.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    page: Box<Page>,
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match alone::render_error(*self.page, self.status) {
            Ok(html) => (self.status, [(header::CACHE_CONTROL, "no-store")], Html(html)).into_response(),
            Err(_) => self.status.into_response(),
        }
    }
}

/// Reads from the store on a blocking thread: history may be long.
pub(super) async fn read<T: Send + 'static>(
    visit: &Visit,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(read) => read.map_err(|error| visit.failed(&error)),
        Err(error) => Err(visit.failed(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_site_are_gone_back_to() {
        for good in ["/", "/tickets?state=all&sort=due", "/services/simpeg"] {
            assert_eq!(safe_back(good), good);
        }
        for bad in
            ["", "x", "//evil.example", "/\\evil.example", "https://evil.example/", "/a\r\nSet-Cookie: x", "/a b"]
        {
            assert_eq!(safe_back(bad), "/", "{bad:?}");
        }
    }

    #[test]
    fn cookies_are_found_by_their_whole_name() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "xpantau_theme=a; pantau_theme=dark; other".parse().expect("valid"));
        assert_eq!(cookie(&headers, THEME_COOKIE), Some("dark"));
        assert_eq!(cookie(&headers, SESSION_COOKIE), None);
    }

    #[test]
    fn addresses_to_come_back_to_survive_the_login_page() {
        assert_eq!(form_encoded("/tickets?state=all&x=%2F"), "/tickets%3Fstate%3Dall%26x%3D%252F");
    }
}
