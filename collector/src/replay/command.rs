//! `rule replay` on the command line: asks the collector (or the store, when none runs) part by part, so that a long one
//! shows how far it is and ends when the person ends it.

use super::body::ReplayBody;
use super::{DAYS_MAX, Replay, Request, Site, Tried, load, text};
use crate::admin::{self, Command};
use crate::clock::{Clock, Stopwatch};
use crate::config::catalogue;
use crate::config::settings::Settings;
use crate::domain::catalogue::{Catalogue, ServiceId};
use crate::domain::interval::Interval;
use crate::domain::profile::Profile;
use crate::domain::rule::Rule;
use crate::rulebook;
use crate::store::Store;
use crate::texts::{Language, Texts};
use anyhow::{Context, Result, ensure};
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

/// After so long a part ends with the subject it is at, in microseconds.
const PART_US: u64 = 2_000_000;

/// How a replay is written on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON document, that of the API.
    Json,
}

/// What a person asks for, as written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The rule's code.
    pub rule: String,
    /// Days back from now.
    pub days: u32,
    /// Only this host.
    pub host: Option<String>,
    /// Only this service.
    pub service: Option<String>,
    /// Values to be tried, by name.
    pub set: Vec<(String, String)>,
}

impl Asked {
    /// Reads it; `now` ends the window.
    ///
    /// # Errors
    /// In words that name the remedy.
    pub fn read(&self, catalogue: &Catalogue, now: Timestamp) -> Result<Request> {
        let known = || Rule::ALL.map(Rule::code).join(", ");
        let rule = Rule::parse(&self.rule);
        let rule = rule.with_context(|| format!("there is no rule `{}`; known: {}", self.rule, known()))?;
        ensure!((1..=DAYS_MAX).contains(&self.days), "a replay goes over 1 to {DAYS_MAX} days");
        let service = self.service.as_ref().map(|id| {
            let found = ServiceId::parse(id).ok().filter(|id| catalogue.service(id).is_some());
            found.with_context(|| format!("there is no service `{id}`"))
        });
        let pairs = self.set.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Ok(Request {
            rule,
            window: Interval::new(now.plus_secs(-86_400 * i64::from(self.days)), now),
            host: self.host.as_deref().map(HostId::parse).transpose()?,
            service: service.transpose()?,
            tried: Tried::parse(rule, pairs)?,
        })
    }
}

/// One part: the subjects from `skip` on, for about two seconds; as JSON.
///
/// # Errors
/// What is asked is not there, or the store.
pub fn part(store: &Store, profile: &Profile, asked: &Asked, skip: usize, at: Timestamp) -> Result<Replay> {
    let kept = store.read(|reader| reader.catalogue())?.context("no catalogue has been applied yet")?;
    let catalogue = catalogue::parse("catalogue in force", &kept.text, kept.revision, profile)?;
    let request = asked.read(&catalogue, at)?;
    let (texts, since) = (Texts::new(Language::Id, profile.time_zone), Stopwatch::start());
    let replay = store.read(|reader| {
        let rulebook = rulebook::load_whole(reader, profile, &catalogue, kept.applied_at)?;
        let site = Site::load(reader, &catalogue, profile, &rulebook)?;
        load(reader, &site, &request, (skip, texts), &|between| between && since.elapsed_us() > PART_US)
    })?;
    Ok(replay)
}

/// The whole replay; what to tell the person.
///
/// # Errors
/// In words that name the remedy.
pub async fn run(settings: &Settings, asked: &Asked, format: Format, clock: &Clock) -> Result<String> {
    let at = clock.now().floor_second();
    let bar = indicatif::ProgressBar::new(0);
    if let Ok(style) = indicatif::ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed}") {
        bar.set_style(style);
    }
    let mut whole: Option<Replay> = None;
    loop {
        let skip = whole.as_ref().map_or(0, |replay| replay.done);
        let command = Command::ReplayRule { asked: asked.clone(), skip, at: at.as_secs() };
        let text = admin::request(settings, command, clock).await?;
        let next: Replay = serde_json::from_str(&text).context("the collector's answer is no replay")?;
        ensure!(next.done > skip || next.done >= next.subjects, "the replay does not go on; ask for fewer days");
        match &mut whole {
            Some(replay) => replay.join(next),
            None => whole = Some(next),
        }
        let Some(replay) = &whole else { continue };
        bar.set_length(replay.subjects.try_into().unwrap_or(u64::MAX));
        bar.set_position(replay.done.try_into().unwrap_or(u64::MAX));
        if replay.done >= replay.subjects {
            break;
        }
    }
    bar.finish_and_clear();
    let replay = whole.context("there is no answer")?;
    let profile = crate::opening::load_profile(settings)?;
    let texts = Texts::new(Language::Id, profile.time_zone);
    let rule = Rule::parse(&replay.rule).context("the collector's answer names no rule")?;
    match format {
        Format::Text => Ok(text::render(texts, rule, &replay)),
        Format::Json => Ok(serde_json::to_string_pretty(&ReplayBody::new(texts, &replay))?),
    }
}
