//! Reviu berkala gangguan layanan (Tabel 7, G42, G43): what the tickets of a period say together, and the records of
//! problems that follow from it and are carried from one review to the next.
//!
//! | module | holds |
//! |---|---|
//! | [`document`] | the review as data: one structure behind all outputs |
//! | [`build`] | that structure from the store |
//! | [`form`] | the structure in words, laid out by the same means as the monitoring form |
//! | [`problems`] | opening and changing a record of a problem |

pub mod build;
pub mod document;
pub mod form;
pub mod problems;
#[cfg(test)]
mod tests;

use crate::config::catalogue;
use crate::domain::calendar::period::Period;
use crate::domain::profile::Profile;
use crate::store::Store;
use anyhow::{Context, Result};
use pantau_shared::timestamp::Timestamp;

/// The review of `period` with the catalogue in force, for the command line.
///
/// # Errors
/// A period that is none, no catalogue yet, or the store.
pub fn load(store: &Store, profile: &Profile, period: &str, now: Timestamp) -> Result<document::Review> {
    let period = Period::parse(period)?;
    let kept = store.read(|reader| reader.catalogue())?.context("no catalogue has been applied yet")?;
    let catalogue = catalogue::parse("catalogue in force", &kept.text, kept.revision, profile)?;
    Ok(store.read(|reader| build::load(reader, &build::Site { profile, catalogue: &catalogue, period, now }))?)
}

/// The review's measures as CSV: part, name, value, of how many.
pub fn write_csv(review: &document::Review) -> String {
    let mut out = String::from("part,name,value,of\n");
    for row in review.measures() {
        let value = row.value.map(|value| value.to_string()).unwrap_or_default();
        let of = row.of.map(|of| of.to_string()).unwrap_or_default();
        out += &format!("{},{},{value},{of}\n", row.part, crate::report::quoted(&row.name));
    }
    out
}
