//! Pages that stand alone: login and errors.

use super::page::Page;
use askama::Template;
use http::StatusCode;

#[derive(Debug, Template)]
#[template(path = "login.html")]
struct LoginPage {
    page: Page,
    csrf: String,
    back: String,
    name: String,
    error: Option<String>,
}

/// The login page. `csrf` is also in a cookie: a form from elsewhere lacks it.
pub(crate) fn render_login(
    page: Page,
    csrf: String,
    back: String,
    name: String,
    error: Option<String>,
) -> Result<String, askama::Error> {
    LoginPage { page, csrf, back, name, error }.render()
}

#[derive(Debug, Template)]
#[template(path = "error.html")]
struct ErrorPage {
    page: Page,
    code: u16,
    text: String,
}

/// The messages that say what went wrong.
pub(crate) fn error_messages(status: StatusCode) -> (&'static str, &'static str) {
    match status {
        StatusCode::NOT_FOUND => ("error-404", "error-404-text"),
        StatusCode::FORBIDDEN => ("error-403", "error-403-text"),
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY | StatusCode::PAYLOAD_TOO_LARGE => {
            ("error-400", "error-400-text")
        }
        StatusCode::SERVICE_UNAVAILABLE => ("error-503", "error-503-text"),
        _ => ("error-500", "error-500-text"),
    }
}

/// An error page.
pub(crate) fn render_error(mut page: Page, status: StatusCode) -> Result<String, askama::Error> {
    let (title, text) = error_messages(status);
    page.title = page.tr(title);
    let text = page.tr(text);
    ErrorPage { page, code: status.as_u16(), text }.render()
}
