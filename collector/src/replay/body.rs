//! A replay as JSON: the answer of the API and of `rule replay --format json`. Times are RFC 3339 with the offset of the
//! profile's zone, durations seconds, thresholds thousandths.

use super::{LISTED_MAX, Line, Replay, ValuePair};
use crate::texts::Texts;
use chrono::SecondsFormat;
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;
use serde::Serialize;

/// The document.
#[derive(Debug, Serialize)]
pub struct ReplayBody {
    rule: String,
    from: String,
    to: String,
    values: Vec<ValuePair>,
    /// Hosts or services that were to be judged, and that were.
    subjects: usize,
    judged: usize,
    /// Tickets of its own, the one of what would have been folded included.
    tickets: usize,
    folded: usize,
    opened: usize,
    alarm_seconds: u64,
    budget_per_hour: Option<u32>,
    /// How it was judged.
    notes: Vec<String>,
    would_open: Vec<LineBody>,
    really_opened: Vec<LineBody>,
}

#[derive(Debug, Serialize)]
struct LineBody {
    number: Option<String>,
    key: String,
    about: String,
    symptom: String,
    priority: u8,
    onset_at: String,
    opened_at: String,
    restored_at: Option<String>,
    duration_seconds: Option<i64>,
    recurrences: u32,
    folded: bool,
}

fn instant(zone: Tz, ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(ms)
        .map_or_else(String::new, |at| at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::AutoSi, false))
}

impl ReplayBody {
    /// Of `replay`; at most [`LISTED_MAX`] tickets of either kind are listed.
    pub fn new(texts: Texts, replay: &Replay) -> Self {
        let zone = texts.zone();
        let lines = |lines: &[Line]| lines.iter().take(LISTED_MAX).map(|line| line_body(zone, line)).collect();
        Self {
            rule: replay.rule.clone(),
            from: instant(zone, replay.from_ms),
            to: instant(zone, replay.to_ms),
            values: replay.values.clone(),
            subjects: replay.subjects,
            judged: replay.done,
            tickets: replay.tickets(),
            folded: replay.folded(),
            opened: replay.opened.len(),
            alarm_seconds: replay.alarm_s,
            budget_per_hour: replay.budget_per_hour,
            notes: replay.notes.iter().map(|id| texts.get(id)).collect(),
            would_open: lines(&replay.would_open),
            really_opened: lines(&replay.opened),
        }
    }
}

fn line_body(zone: Tz, line: &Line) -> LineBody {
    let lasted = |end: i64| Timestamp::from_ms(end).ms_since(Timestamp::from_ms(line.onset_ms)).div_euclid(1000);
    LineBody {
        number: line.number.clone(),
        key: line.key.clone(),
        about: line.about.clone(),
        symptom: line.symptom.clone(),
        priority: line.priority,
        onset_at: instant(zone, line.onset_ms),
        opened_at: instant(zone, line.opened_ms),
        restored_at: line.restored_ms.map(|at| instant(zone, at)),
        duration_seconds: line.restored_ms.map(lasted),
        recurrences: line.recurrences,
        folded: line.folded,
    }
}
