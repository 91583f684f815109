//! Calendars as the files write them.

use anyhow::Context;
use chrono::{NaiveDate, Weekday};
use pantau_collector::domain::calendar::{Calendar, CalendarOverride, DEFAULT_ZONE, Hours, MinuteOfDay, WeeklyHours};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Other hours for a range of dates.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OverrideGiven {
    from: NaiveDate,
    to: NaiveDate,
    calendar: String,
}

/// The calendar of a case: a named one (none: `24x7`) with the case's own overrides and holidays.
pub(crate) fn resolve(
    named: &Map<String, Value>,
    name: Option<&str>,
    zone: Option<&str>,
    overrides: &[OverrideGiven],
    holidays: &[NaiveDate],
    holidays_open: bool,
) -> anyhow::Result<Calendar> {
    let zone = zone.map_or(Ok(DEFAULT_ZONE), |name| name.parse().with_context(|| format!("zone {name:?}")))?;
    let overrides: anyhow::Result<Vec<_>> = overrides
        .iter()
        .map(|o| Ok(CalendarOverride { first: o.from, last: o.to, hours: hours(named, &o.calendar)? }))
        .collect();
    Ok(Calendar {
        zone,
        hours: hours(named, name.unwrap_or("24x7"))?,
        overrides: overrides?,
        holidays: holidays.iter().copied().collect(),
        holidays_open,
    })
}

fn hours(named: &Map<String, Value>, name: &str) -> anyhow::Result<Hours> {
    let given = named.get(name).with_context(|| format!("calendar {name:?} is not in the file"))?;
    let Some(by_day) = Option::<BTreeMap<String, Vec<(String, String)>>>::deserialize(given)? else {
        return Ok(Hours::Always);
    };
    let mut weekly = WeeklyHours::default();
    for (day, open) in by_day {
        let day: Weekday = day.parse().ok().with_context(|| format!("weekday {day:?}"))?;
        let open: anyhow::Result<Vec<_>> =
            open.iter().map(|(from, to)| Ok((MinuteOfDay::parse(from)?, MinuteOfDay::parse(to)?))).collect();
        weekly.set(day, open?)?;
    }
    Ok(Hours::Weekly(weekly))
}
