//! Proving a report that somebody holds in hand: by its seal, by its own intervals, and against the ledger where one is
//! at hand. The first two need nothing but the file.

use super::canonical;
use super::document::{Change, Document};
use super::recount::{self, RecountError};
use super::seal::{self, Seal, SealError};
use serde_json::Value;

/// Largest file that is read, in bytes.
pub const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Why a report is not proved.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// No JSON, or not one report.
    #[error("this is no whole report: {0}")]
    File(String),
    /// Not frozen.
    #[error("the report is provisional: it carries no seal")]
    Provisional,
    /// The seal does not hold.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// It does not follow from its own intervals.
    #[error(transparent)]
    Recount(#[from] RecountError),
}

/// A report that holds by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    /// The report.
    pub report: Document,
    /// Its seal.
    pub seal: Seal,
}

/// Proves what the file alone can prove; with `key`, that this very key signed it.
///
/// # Errors
/// The first thing that does not hold.
pub fn check_file(text: &str, key: Option<&[u8; 32]>) -> Result<Proved, Refusal> {
    let no_report = |error: String| Refusal::File(error);
    let value = canonical::parse(text).map_err(|error| no_report(error.to_string()))?;
    let Value::Object(mut members) = value else { return Err(no_report("not an object".into())) };
    if members.contains_key("head") && !members.contains_key("seal") {
        return Err(Refusal::Provisional);
    }
    let (report, seal) = (members.remove("report"), members.remove("seal"));
    let (Some(report), Some(seal), true) = (report, seal, members.is_empty()) else {
        return Err(no_report("it holds something else than `report` and `seal`".into()));
    };
    let seal: Seal = serde_json::from_value(seal).map_err(|error| no_report(error.to_string()))?;
    if let Some(key) = key.map(|key| seal::key_id(key)).filter(|id| *id != seal.key_id) {
        return Err(SealError::OtherKey { found: seal.key_id, wanted: key }.into());
    }
    seal::check(&report, &seal)?;
    let report: Document = serde_json::from_value(report).map_err(|error| no_report(error.to_string()))?;
    recount::check(&report)?;
    Ok(Proved { report, seal })
}

/// The first difference between a report and what the ledger gives today, in words; `None`: the same.
pub fn first_difference(report: &Document, today: &Document) -> Option<String> {
    recount::all_differences(report, today).first().map(words)
}

fn words(change: &Change) -> String {
    let Change { service, field, before, after } = change;
    format!("service `{service}`: {field} is {before} in the report, {after} by the ledger today")
}
