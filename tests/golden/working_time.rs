//! Runners of the kinds `work_add` and `work_between`: arithmetic in working time.

use crate::calendars::{self, OverrideGiven};
use crate::case::{Case, GoldenFile, Instant};
use chrono::NaiveDate;
use pantau_collector::domain::calendar::Calendar;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    start: Instant,
    end: Option<Instant>,
    duration_s: Option<u64>,
    calendar: Option<String>,
    #[serde(default)]
    holidays: Vec<NaiveDate>,
    #[serde(default)]
    holidays_open: bool,
    #[serde(default)]
    calendar_overrides: Vec<OverrideGiven>,
}

impl Given {
    fn calendar(&self, file: &GoldenFile) -> anyhow::Result<Calendar> {
        let name = self.calendar.as_deref();
        calendars::resolve(&file.calendars, name, None, &self.calendar_overrides, &self.holidays, self.holidays_open)
    }
}

/// `start` + `duration_s` of open time.
pub(crate) fn add(file: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: Given = case.given()?;
    let duration_s = given.duration_s.ok_or_else(|| anyhow::anyhow!("no duration_s"))?;
    let due = given.calendar(file)?.add_open(given.start.0, duration_s)?;
    Ok(json!({ "due_at": due.to_string() }))
}

/// Open time from `start` to `end`.
pub(crate) fn between(file: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: Given = case.given()?;
    let end = given.end.ok_or_else(|| anyhow::anyhow!("no end"))?;
    Ok(json!({ "elapsed_s": given.calendar(file)?.open_between(given.start.0, end.0) }))
}
