//! The pages. Everything a person can open is in [`router`], line by line.
//!
//! A handler takes the snapshot, asks the store where a page shows history, and gives both to a pure `render`. Nothing
//! here changes state but by the engine's commands; logins go to the store through [`crate::auth`]. No page holds an
//! inline script or style or refers to another machine; the headers forbid it as well.

mod actions;
mod alone;
mod assets;
mod backup_actions;
mod backup_file;
mod backup_set;
mod backups;
mod budget;
mod calendars;
mod corrections;
mod day_bar;
mod delivery;
mod duty;
mod elsewhere;
mod evidence;
mod example_clock;
pub(crate) mod explain;
mod exposure_chart;
mod figures;
mod host;
mod host_wellbeing;
mod hosts;
mod late_backups;
mod login;
mod maintenance;
mod maintenance_form;
mod markup;
mod month;
mod overview;
mod page;
mod pages;
mod preferences;
mod problems;
mod registers;
mod report;
mod report_writes;
mod reports;
mod reviews;
mod rule;
mod rule_actions;
mod rules;
mod service;
mod system;
mod system_copies;
mod ticket;
mod ticket_parts;
mod tickets;
mod unasked;
mod vantages;
mod visit;

#[cfg(test)]
pub(crate) mod tests;

use crate::app::App;
use crate::auth::lockout::Lockout;
#[cfg(test)]
pub(crate) use page::Section;
pub(crate) use visit::{SESSION_COOKIE, cookie};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use http::{HeaderValue, header};
use std::sync::Arc;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;

/// Largest form taken, in bytes: the longest text of a ticket many times over.
const FORM_BYTES_MAX: usize = 64 * 1024;

const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What handlers share.
#[derive(Debug, Clone)]
struct WebState {
    app: App,
    lockout: Arc<Lockout>,
}

/// All pages. Holds the fallback (404) of the server; the address of a peer is read from axum's `ConnectInfo`.
pub fn router(app: App) -> Router {
    let state = WebState { app, lockout: Arc::default() };
    Router::new()
        .route("/", get(pages::overview))
        .route("/services/{id}", get(pages::service))
        .route("/services/{id}/explain", get(explain::show))
        .route("/hosts", get(pages::hosts))
        .route("/hosts/{id}", get(pages::host))
        .route("/tickets", get(pages::tickets))
        .route("/tickets/new", get(actions::new_ticket).post(actions::open_ticket))
        .route("/tickets/{number}", get(pages::ticket))
        .route("/tickets/{number}/actions", post(actions::act_on_ticket))
        .route("/maintenance", get(registers::maintenance_list))
        .route("/maintenance/new", get(registers::maintenance_new).post(registers::maintenance_propose))
        .route("/maintenance/{number}", get(registers::maintenance_one))
        .route("/maintenance/{number}/actions", post(registers::maintenance_act))
        .route("/corrections", get(registers::correction_list))
        .route("/corrections/new", get(registers::correction_new).post(registers::correction_propose))
        .route("/corrections/{number}", get(registers::correction_one))
        .route("/corrections/{number}/actions", post(registers::correction_act))
        .route("/backups", get(backup_actions::list))
        .route("/backups/{set}", get(backup_actions::one))
        .route("/backups/{set}/rpo.csv", get(backup_file::csv))
        .route("/backups/{set}/heartbeat", post(backup_actions::new_key))
        .route("/backups/{set}/verifications", post(backup_actions::verify))
        .route("/backups/{set}/recoveries", post(backup_actions::recover))
        .route("/delivery", get(delivery::show))
        .route("/delivery/receivers/{name}/test", post(delivery::test))
        .route("/delivery/compare", post(delivery::compare))
        .route("/delivery/messages/{id}", post(delivery::settle))
        .route("/delivery/notices/{id}", post(delivery::settle_notice))
        .route("/reports/availability", get(pages::report))
        .route("/calendars", get(pages::calendars))
        .route("/duty", get(duty::show))
        .route("/reports/availability/{file}", get(reports::draft))
        .route("/reports", get(reports::list))
        .route("/reports/{period}", get(reports::month))
        .route("/reports/{period}/freeze", post(report_writes::freeze))
        .route("/reports/{period}/notes", post(report_writes::note))
        .route("/reports/{period}/{file}", get(reports::file))
        .route("/rules", get(rule_actions::list))
        .route("/rules/{rule}", get(rule_actions::one))
        .route("/rules/{rule}/begin", post(rule_actions::begin))
        .route("/reviews", get(reviews::list))
        .route("/reviews/{period}", get(reviews::one))
        .route("/reviews/{period}/{file}", get(reviews::file))
        .route("/problems", post(problems::open))
        .route("/problems/{number}", get(problems::one).post(problems::edit))
        .route("/system", get(pages::system))
        .route("/login", get(login::show).post(login::enter))
        .route("/logout", post(login::leave))
        .route("/language", get(preferences::language))
        .route("/theme", get(preferences::theme))
        .route("/assets/{name}", get(assets::serve))
        .fallback(pages::not_found)
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(fixed(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed(header::REFERRER_POLICY, "same-origin"))
        .layer(fixed(header::X_FRAME_OPTIONS, "DENY"))
        .layer(CompressionLayer::new())
        .with_state(state)
}

fn fixed(name: header::HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}
