//! Calendars: weekly hours, holidays ahead, other hours by date, the next openings, and who uses them.

use super::markup::{Badge, Tone};
use super::page::Page;
use crate::config::WEEKDAYS;
use crate::domain::calendar::{Hours, zone};
use crate::domain::catalogue::NamedCalendar;
use crate::openings;
use crate::snapshot::Snapshot;
use crate::texts::Texts;
use askama::Template;

/// Holidays shown of each calendar.
const HOLIDAYS_MAX: usize = 30;

/// A weekday with its hours.
#[derive(Debug)]
struct DayRow {
    name: String,
    hours: String,
}

/// A calendar.
#[derive(Debug)]
struct CalendarCard {
    id: String,
    name: String,
    zone: String,
    badge: Badge,
    days: Vec<DayRow>,
    openings: Vec<String>,
    holidays: Vec<String>,
    ranges: Vec<String>,
    /// Identifier and name.
    services: Vec<(String, String)>,
}

#[derive(Debug, Template)]
#[template(path = "calendars.html")]
struct CalendarsPage {
    page: Page,
    calendars: Vec<CalendarCard>,
    always: Vec<(String, String)>,
}

/// The page as HTML.
pub(crate) fn render(page: Page, snapshot: &Snapshot) -> Result<String, askama::Error> {
    let used_by = |known: &dyn Fn(&str) -> bool| {
        let services = snapshot.catalogue.services.iter().filter(|service| known(&service.service_hours));
        services.map(|service| (service.id.to_string(), service.name.clone())).collect::<Vec<_>>()
    };
    let card = |named: &NamedCalendar| card(&page, named, used_by(&|id| id == named.id));
    let calendars = snapshot.catalogue.calendars.iter().map(card).collect();
    let always = used_by(&|id| snapshot.catalogue.calendar(id).is_none());
    CalendarsPage { calendars, always, page }.render()
}

fn card(page: &Page, named: &NamedCalendar, services: Vec<(String, String)>) -> CalendarCard {
    let calendar = &named.calendar;
    let texts = Texts::new(page.texts.language(), calendar.zone);
    let today = zone::local_date(calendar.zone, page.now);
    let (tone, confirmed) =
        if named.confirmed { (Tone::Good, "calendar-confirmed") } else { (Tone::Warn, "calendar-unconfirmed") };
    let ranges = calendar.overrides.iter().filter(|range| range.last >= today).map(|range| {
        let hours = WEEKDAYS.iter().map(|(key, day)| (key, hours_on(texts, &range.hours, *day)));
        let told = hours.map(|(key, hours)| format!("{} {hours}", texts.get(&format!("weekday-{key}"))));
        format!("{} – {}: {}", texts.date(range.first), texts.date(range.last), told.collect::<Vec<_>>().join("; "))
    });
    CalendarCard {
        id: named.id.clone(),
        name: named.name.clone(),
        zone: calendar.zone.name().to_owned(),
        badge: Badge::new(tone, texts.get(confirmed)),
        days: WEEKDAYS
            .iter()
            .map(|(key, day)| DayRow {
                name: texts.get(&format!("weekday-{key}")),
                hours: hours_on(texts, &calendar.hours, *day),
            })
            .collect(),
        openings: openings::next(calendar, page.now)
            .iter()
            .map(|open| format!("{} – {}", texts.instant(open.from), texts.instant(open.to)))
            .collect(),
        holidays: calendar.holidays.range(today..).take(HOLIDAYS_MAX).map(|date| texts.date(*date)).collect(),
        ranges: ranges.collect(),
        services,
    }
}

fn hours_on(texts: Texts, hours: &Hours, day: chrono::Weekday) -> String {
    match hours {
        Hours::Always => "00:00–24:00".to_owned(),
        Hours::Weekly(weekly) if weekly.on(day).is_empty() => texts.get("calendar-closed"),
        Hours::Weekly(weekly) => {
            weekly.on(day).iter().map(|(opens, closes)| format!("{opens}–{closes}")).collect::<Vec<_>>().join(", ")
        }
    }
}
