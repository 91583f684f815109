//! Calendars: `[[kalender]]` of a catalogue and of a profile, read by one reader.
//!
//! A calendar has its own hours by weekday, or takes those of a template of the profile (`templat`), which then stays
//! unconfirmed until the file says `dikonfirmasi = true` (G18).

use super::diagnostics::{Diagnostics, Placed, TableReader};
use crate::domain::calendar::{
    CLOSED_DAYS_MAX, Calendar, CalendarOverride, Hours, HoursError, MinuteOfDay, WeeklyHours, zone,
};
use crate::domain::catalogue::NamedCalendar;
use crate::domain::catalogue::named_calendar::ALWAYS;
use crate::domain::interval::{Interval, IntervalSet};
use chrono::{Datelike, Days, NaiveDate, Weekday};
use chrono_tz::Tz;
use pantau_shared::ids::HostId;

const CALENDARS_MAX: usize = 100;
const DATES_MAX: usize = 1000;
const RANGES_MAX: usize = 100;
const TEXT_MAX: usize = 200;
/// The weekdays as they are written, Monday first.
pub(crate) const WEEKDAYS: [(&str, Weekday); 7] = [
    ("senin", Weekday::Mon),
    ("selasa", Weekday::Tue),
    ("rabu", Weekday::Wed),
    ("kamis", Weekday::Thu),
    ("jumat", Weekday::Fri),
    ("sabtu", Weekday::Sat),
    ("minggu", Weekday::Sun),
];

/// Reads all calendars of a file; `zone` is that of calendars that name none.
pub(super) fn read_calendars(
    d: &mut Diagnostics<'_>,
    root: &TableReader<'_>,
    zone: Tz,
    templates: &[NamedCalendar],
) -> Vec<NamedCalendar> {
    let mut calendars: Vec<NamedCalendar> = Vec::new();
    for table in root.tables(d, "kalender").into_iter().take(CALENDARS_MAX) {
        let Some(calendar) = read_calendar(d, &table, zone, templates) else { continue };
        if calendars.iter().any(|other| other.id == calendar.id) {
            d.add(table.span(), &table.key("id"), false, "is used twice", "give every one its own identifier");
        }
        calendars.push(calendar);
    }
    calendars
}

/// Reads the name of a calendar; one that is not known is a fault.
pub(super) fn read_name(
    d: &mut Diagnostics<'_>,
    table: &TableReader<'_>,
    key: &'static str,
    known: &[NamedCalendar],
) -> Option<String> {
    let names: Vec<&str> = std::iter::once(ALWAYS).chain(known.iter().map(|calendar| calendar.id.as_str())).collect();
    table.choice(d, key, &names, |name| names.contains(&name).then(|| name.to_owned()))
}

fn read_calendar(
    d: &mut Diagnostics<'_>,
    t: &TableReader<'_>,
    default_zone: Tz,
    templates: &[NamedCalendar],
) -> Option<NamedCalendar> {
    let id = t.required_text(d, "id", 63);
    if let Some(id) = &id
        && (id.value == ALWAYS || HostId::parse(&id.value).is_err())
    {
        let remedy = "a-z, 0-9, '-', '_', '.'; `24x7` is built in";
        d.add(id.span.clone(), &id.key, true, "is no name of a calendar", remedy);
    }
    let name = t.text(d, "nama", TEXT_MAX).map(|name| name.value);
    let zone = t.text(d, "zona", 60).map_or(Some(default_zone), |zone| {
        let read = zone.value.parse::<Tz>().ok();
        if read.is_none() {
            d.add(zone.span, &zone.key, true, "is no IANA time zone", "such as \"Asia/Makassar\"");
        }
        read
    });
    let (hours, template) = read_hours(d, t, templates);
    let mut holidays = t.dates(d, "libur", DATES_MAX);
    holidays.extend(t.dates(d, "cuti_bersama", DATES_MAX));
    let holidays_open = t.boolean(d, "libur_buka").unwrap_or(false);
    let mut overrides = Vec::new();
    for range in t.tables(d, "rentang").into_iter().take(RANGES_MAX) {
        overrides.extend(read_range(d, &range, templates));
    }
    let confirmed = t.boolean(d, "dikonfirmasi").unwrap_or(template.is_none());
    t.finish(d);
    let calendar = Calendar {
        zone: zone?,
        hours: hours?,
        overrides,
        holidays: holidays.into_iter().map(|date| date.value).collect(),
        holidays_open,
    };
    refuse_closed(d, t, &calendar);
    let id = id?.value;
    let name = name.or_else(|| template.map(|template| template.name.clone())).unwrap_or_else(|| id.clone());
    Some(NamedCalendar { id, name, calendar, confirmed })
}

fn read_range(d: &mut Diagnostics<'_>, t: &TableReader<'_>, templates: &[NamedCalendar]) -> Option<CalendarOverride> {
    for key in ["dari", "sampai"] {
        if !t.has(key) {
            t.missing(d, key, "give the first and the last date, both included");
        }
    }
    let (first, last) = (t.date(d, "dari"), t.date(d, "sampai"));
    let (hours, _) = read_hours(d, t, templates);
    t.finish(d);
    let (first, last) = (first?, last?);
    if last.value < first.value {
        d.add(last.span, &last.key, true, "is before `dari`", "give the last date of the range");
    }
    Some(CalendarOverride { first: first.value, last: last.value, hours: hours? })
}

/// The hours of a week: those of `templat`, each weekday that is written overruling it.
fn read_hours<'p>(
    d: &mut Diagnostics<'_>,
    t: &TableReader<'_>,
    templates: &'p [NamedCalendar],
) -> (Option<Hours>, Option<&'p NamedCalendar>) {
    let names: Vec<&str> = templates.iter().map(|template| template.id.as_str()).collect();
    let template = t.choice(d, "templat", &names, |name| templates.iter().find(|template| template.id == name));
    let mut weekly = match template.map(|template| &template.calendar.hours) {
        Some(Hours::Weekly(weekly)) => weekly.clone(),
        Some(Hours::Always) | None => WeeklyHours::default(),
    };
    let mut good = true;
    for (key, day) in WEEKDAYS {
        if t.has(key) {
            good &= read_day(d, t, key, day, &mut weekly);
        }
    }
    (good.then_some(Hours::Weekly(weekly)), template)
}

/// `["07:30-12:00", "13:00-16:00"]`; an empty list is a closed day. Whether it is good.
fn read_day(
    d: &mut Diagnostics<'_>,
    t: &TableReader<'_>,
    key: &'static str,
    day: Weekday,
    weekly: &mut WeeklyHours,
) -> bool {
    let mut open: Vec<(Placed<String>, (MinuteOfDay, MinuteOfDay))> = Vec::new();
    let mut good = true;
    for text in t.texts(d, key, 11) {
        let parts = text.value.split_once('-');
        let read = parts.and_then(|(a, b)| Some((MinuteOfDay::parse(a).ok()?, MinuteOfDay::parse(b).ok()?)));
        match read {
            Some(read) => open.push((text, read)),
            None => {
                good = false;
                d.add(text.span, &text.key, true, "are no hours", "give HH:MM-HH:MM, such as \"07:30-12:00\"");
            }
        }
    }
    let set = weekly.set(day, open.iter().map(|(_, hours)| *hours).collect());
    if let Err(error) = &set {
        let faulty = match error {
            HoursError::Backward { opens, closes } | HoursError::Overlap { opens, closes } => Some((*opens, *closes)),
            HoursError::Reading { .. } => None,
        };
        let place = open.iter().rfind(|(_, hours)| Some(*hours) == faulty).map(|(text, _)| text.clone());
        if let Some(text) = place {
            let remedy = "give intervals that begin before they end and do not overlap";
            d.add(text.span, &text.key, true, &error.to_string(), remedy);
        }
    }
    good && set.is_ok()
}

/// A calendar that is closed for too long is refused: nothing could be due in it.
fn refuse_closed(d: &mut Diagnostics<'_>, t: &TableReader<'_>, calendar: &Calendar) {
    let ranges = calendar.overrides.iter().flat_map(|range| [range.first, range.last]);
    let mut dates: Vec<NaiveDate> = calendar.holidays.iter().copied().chain(ranges).collect();
    dates.extend(NaiveDate::from_ymd_opt(2026, 1, 1));
    let pad = Days::new(u64::try_from(CLOSED_DAYS_MAX).unwrap_or(60) + 2);
    let first = dates.iter().min().and_then(|date| date.checked_sub_days(pad));
    let last = dates.iter().max().and_then(|date| date.checked_add_days(pad));
    let Some((first, last)) = first.zip(last) else { return };
    let start = |date| zone::day_start(calendar.zone, date);
    let whole = Interval::new(start(first), start(last));
    let closed = IntervalSet::from(whole).difference(&calendar.open_in(whole));
    let limit_s = u64::try_from(CLOSED_DAYS_MAX * 86_400).unwrap_or(u64::MAX);
    if let Some(gap) = closed.iter().find(|gap| gap.length_s() > limit_s) {
        let date = zone::local_date(calendar.zone, gap.from);
        let problem = if gap.length_s() == whole.length_s() {
            "has no open time".to_owned()
        } else {
            format!("has no open time in {CLOSED_DAYS_MAX} days from {date} ({})", date.weekday())
        };
        let remedy = "give hours by weekday, such as senin = [\"07:30-16:00\"]; `24x7` is built in";
        d.add(t.span(), &t.key(""), false, &problem, remedy);
    }
}

#[cfg(test)]
mod tests;
