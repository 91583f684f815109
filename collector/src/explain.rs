//! Why: from a figure to its outages, from an outage to the answers behind it, with phase and vantage, and to its ticket.
//!
//! ```text
//! period  ─► figures, formula, budget ─► outages ─┐
//! instant ─► state in the ledger ─► what it counts as, by which rule
//!                                └► scene: checks (quorum) ─► vantages (run of failures) ─► answers
//! ```
//!
//! Nothing is judged here: a state is told by the account of the very rules that made it (`domain/state`,
//! `domain/availability`), from the stored answers. One structure behind page, API and command line. What was deleted
//! by age (single answers, 35 days by default) can't be told any more, and that is said.

pub mod body;
pub mod instant;
pub mod period;
pub mod scene;
mod text;
pub mod words;

use crate::config::catalogue;
use crate::domain::calendar::period::Period;
use crate::domain::catalogue::{Service, ServiceId};
use crate::domain::profile::Profile;
use crate::rulebook::{self, Rulebook};
use crate::store::{Reader, Store, StoreError};
use crate::texts::{Language, Texts};
use anyhow::{Context, Result};
use chrono::{NaiveDateTime, TimeZone};
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

pub use instant::InstantAccount;
pub use period::PeriodAccount;

/// How an explanation is written on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// For people.
    Text,
    /// One JSON document, that of the API.
    Json,
}

/// What is to be explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The state at an instant.
    Instant(Timestamp),
    /// The figures of a period.
    Period(Period),
}

/// Text that is neither.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is neither a time (2026-06-14T10:15, 2026-06-14T10:15:00+07:00, now) nor a period (2026-06, 2026-06-14)"
)]
pub struct AskedError {
    /// What was given, shortened.
    pub text: String,
}

impl Asked {
    /// Reads a period, RFC 3339, a local time of `zone`, or `now`.
    ///
    /// # Errors
    /// [`AskedError`] for anything else.
    pub fn parse(text: &str, zone: Tz, now: Timestamp) -> Result<Self, AskedError> {
        if text == "now" || text == "sekarang" {
            return Ok(Self::Instant(now));
        }
        if let Ok(period) = Period::parse(text) {
            return Ok(Self::Period(period));
        }
        let shortened = || AskedError { text: text.chars().take(40).collect() };
        parse_instant(text, zone).map(Self::Instant).ok_or_else(shortened)
    }
}

/// An instant: RFC 3339, or a local time of `zone` with or without seconds.
pub fn parse_instant(text: &str, zone: Tz) -> Option<Timestamp> {
    if let Ok(at) = Timestamp::parse_rfc3339(text) {
        return Some(at);
    }
    let spaced = text.replacen('T', " ", 1);
    let forms = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"];
    let local = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(&spaced, form).ok())?;
    zone.from_local_datetime(&local).earliest().map(|at| Timestamp::from_ms(at.timestamp_millis()))
}

/// An explanation.
#[derive(Debug, Clone, PartialEq)]
pub enum Explanation {
    /// Of an instant.
    Instant(Box<InstantAccount>),
    /// Of a period.
    Period(Box<PeriodAccount>),
}

/// Explains what is known of `service` at `now`.
///
/// # Errors
/// What the store says.
pub fn load(
    reader: &Reader,
    rulebook: &Rulebook,
    service: &Service,
    asked: Asked,
    now: Timestamp,
) -> Result<Explanation, StoreError> {
    Ok(match asked {
        Asked::Instant(at) => Explanation::Instant(Box::new(instant::load(reader, rulebook, service, at, now)?)),
        Asked::Period(period) => Explanation::Period(Box::new(period::load(reader, rulebook, service, period, now)?)),
    })
}

/// The explanation for the command line, by the catalogue in force; without `when` of this instant.
///
/// # Errors
/// A service that is not in the catalogue, a time that is none, or the store.
pub fn command(
    store: &Store,
    profile: &Profile,
    service: &str,
    when: Option<&str>,
    format: Format,
    now: Timestamp,
) -> Result<String> {
    let zone = profile.time_zone;
    let asked = Asked::parse(when.unwrap_or("now"), zone, now)?;
    let kept = store.read(|reader| reader.catalogue())?.context("no catalogue has been applied yet")?;
    let catalogue = catalogue::parse("catalogue in force", &kept.text, kept.revision, profile)?;
    let found = ServiceId::parse(service).ok().and_then(|id| catalogue.service(&id));
    let found = found.with_context(|| {
        let ids: Vec<&str> = catalogue.services.iter().map(|service| service.id.as_str()).take(20).collect();
        format!("there is no service `{service}`; known: {}", ids.join(", "))
    })?;
    let explanation = store.read(|reader| {
        let rulebook = rulebook::load_whole(reader, profile, &catalogue, kept.applied_at)?;
        load(reader, &rulebook, found, asked, now)
    })?;
    let texts = Texts::new(Language::Id, zone);
    match format {
        Format::Text => Ok(text::render(texts, found, &explanation)),
        Format::Json => Ok(serde_json::to_string_pretty(&body::ExplanationBody::new(texts, &explanation))?),
    }
}

#[cfg(test)]
mod tests;
