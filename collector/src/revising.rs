//! A new revision of the catalogue: what it changes, from when, and whether it may be taken.
//!
//! Two ways lead here: the configured file, which is taken when it changes, and `catalogue apply`. What was applied last
//! is in force, until the file changes again.

use crate::config::catalogue;
use crate::domain::catalogue::diff::{self, Change};
use crate::domain::catalogue::{Catalogue, Onset};
use crate::domain::profile::Profile;
use crate::engine::Engine;
use crate::store::Store;
use crate::store::records::CatalogueRevision;
use anyhow::{Context, Result, bail};
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;
use std::fmt::Write as _;
use std::sync::Arc;

/// The setting that tells which content of the configured file was taken last: its SHA-256.
const FILE_MARK: &str = "catalogue_file";
/// Changes told one by one.
const CHANGES_TOLD: usize = 200;

/// A catalogue in force, and since when.
#[derive(Debug)]
pub struct InForce {
    /// The catalogue.
    pub catalogue: Catalogue,
    /// When it was applied.
    pub applied_at: Timestamp,
}

/// The catalogue in force once the configured file was looked at: the file is taken when its content is another than
/// that which was taken last.
///
/// # Errors
/// All faults of the file, an onset in a closed month, or the store.
pub async fn take_file(store: &Store, profile: &Profile, file: &str, text: &str, now: Timestamp) -> Result<InForce> {
    let mark: String = ring::digest::digest(&ring::digest::SHA256, text.as_bytes()).as_ref().iter().fold(
        String::new(),
        |mut hex, byte| {
            let _written = write!(hex, "{byte:02x}");
            hex
        },
    );
    let (newest, taken) = store.read(|reader| Ok((reader.catalogue()?, reader.setting(FILE_MARK)?)))?;
    if let Some(newest) = newest.filter(|_| taken.as_deref() == Some(mark.as_str())) {
        if newest.text != text {
            tracing::info!(
                revision = newest.revision,
                file,
                "a catalogue applied by command is in force, not the file"
            );
        }
        return in_force(&newest, profile);
    }
    let taken = take(store, profile, file, text, now).await?;
    store.write(move |writer| writer.save_setting(FILE_MARK, &mark)).await?;
    Ok(taken)
}

/// Takes `text` as the newest revision, when it is another than the one in force.
///
/// # Errors
/// All its faults, an onset in a closed month, or the store.
pub async fn take(store: &Store, profile: &Profile, file: &str, text: &str, now: Timestamp) -> Result<InForce> {
    let parsed = catalogue::parse(file, text, 0, profile)?;
    let newest = store.read(|reader| reader.catalogue())?;
    if let Some(same) = newest.as_ref().filter(|newest| newest.text == text) {
        return in_force(same, profile);
    }
    if let (Some(_), Onset::Closed(open)) = (&newest, Onset::of(parsed.effective_from, profile.time_zone, now)) {
        bail!("berlaku_sejak lies in a month that is closed: what was reported there stays; give {open} or later");
    }
    let kept = text.to_owned();
    store.write(move |writer| writer.save_catalogue(&kept, now)).await?;
    in_force(&store.read(|reader| reader.catalogue())?.context("the revision is not there")?, profile)
}

/// `catalogue apply`: takes the text, tells the engine if one runs, and says what changed.
///
/// # Errors
/// See [`take`].
pub async fn apply(
    store: &Store,
    profile: &Profile,
    engine: Option<&Engine>,
    (file, text): (&str, &str),
    now: Timestamp,
) -> Result<String> {
    let before = store.read(|reader| reader.catalogue())?;
    let after = take(store, profile, file, text, now).await?;
    let revision = after.catalogue.revision;
    if before.as_ref().is_some_and(|before| before.revision == revision) {
        return Ok(format!("revision {revision} is in force already; nothing changes"));
    }
    let old = before.and_then(|before| catalogue::parse("", &before.text, before.revision, profile).ok());
    let told = describe(&old.unwrap_or_else(Catalogue::empty), &after.catalogue, profile.time_zone, now);
    if let Some(engine) = engine {
        engine.apply_catalogue(Arc::new(after.catalogue), after.applied_at).await?;
    }
    Ok(format!("revision {revision} is in force\n{told}"))
}

/// What `new` changes in `old`, in words: every field, then what happens to figures and from when.
pub fn describe(old: &Catalogue, new: &Catalogue, zone: Tz, now: Timestamp) -> String {
    let changes = diff::changes(old, new);
    if changes.is_empty() {
        return "no differences".to_owned();
    }
    let mut lines: Vec<String> = changes.iter().take(CHANGES_TOLD).map(line).collect();
    if changes.len() > CHANGES_TOLD {
        lines.push(format!("and {} more", changes.len() - CHANGES_TOLD));
    }
    let onset = Onset::of(new.effective_from, zone, now);
    lines.push(if changes.iter().any(|change| change.terms) {
        let at = |instant: Timestamp| instant.to_utc().with_timezone(&zone).format("%Y-%m-%d %H:%M %:z").to_string();
        match onset {
            Onset::Now => {
                "* figures follow the new terms from the moment of applying on; earlier time keeps its terms".to_owned()
            }
            Onset::Later(from) => {
                format!("* figures follow the new terms from {} on; until then the old ones", at(from))
            }
            Onset::Earlier(from) => format!(
                "* warning: figures from {} on are judged anew by the new terms, also those already shown",
                at(from)
            ),
            Onset::Closed(open) => {
                format!("* apply refuses this: berlaku_sejak lies in a closed month; give {open} or later")
            }
        }
    } else {
        "no figure changes".to_owned()
    });
    lines.join("\n")
}

fn line(change: &Change) -> String {
    let mark = if change.terms { '*' } else { ' ' };
    let place = match (change.place.is_empty(), change.key.is_empty()) {
        (true, _) => change.key.clone(),
        (false, true) => change.place.clone(),
        (false, false) => format!("{}.{}", change.place, change.key),
    };
    match (&change.old, &change.new) {
        (None, Some(new)) => format!("{mark} {place}: + {new}"),
        (Some(old), None) => format!("{mark} {place}: - {old}"),
        (old, new) => {
            let text = |value: &Option<String>| value.clone().unwrap_or_default();
            format!("{mark} {place}: {} → {}", text(old), text(new))
        }
    }
}

fn in_force(kept: &CatalogueRevision, profile: &Profile) -> Result<InForce> {
    let file = format!("catalogue revision {}", kept.revision);
    let catalogue = catalogue::parse(&file, &kept.text, kept.revision, profile)?;
    Ok(InForce { catalogue, applied_at: kept.applied_at })
}
