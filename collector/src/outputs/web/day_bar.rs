//! The bar of the last 90 local days of a service: one cell per day.
//!
//! ```text
//!  ┌─┐  down     red, from the top, as high as its share of the day (at least a sixth: a short outage stays visible)
//!  │ │  unknown  hatched, below it
//!  │ │  planned  outlined
//!  └─┘  up       the rest; degraded days in another shade with a notch
//! ```
//!
//! So the height, not only the colour, says how bad a day was. Each cell carries its date and figures as its title; the
//! last one takes the keyboard focus and the arrow keys move it (script). Without script the table on the service's
//! page says the same.

use super::markup::Escaped;
use crate::domain::availability::ratio_ppm;
use crate::domain::catalogue::ServiceId;
use crate::snapshot::DayView;
use crate::texts::Texts;
use askama::filters::HtmlSafe;
use std::fmt;

/// Most days shown.
pub(crate) const DAYS_MAX: usize = 90;

const HEIGHT: i64 = 30;
const PITCH: usize = 8;
const WIDTH: usize = 6;
/// Least height of a part that has any seconds at all.
const PART_MIN: i64 = 5;

/// The date of the bar's leftmost cell: the bar is always [`DAYS_MAX`] days long, however young the service.
pub(crate) fn begins(days: &[DayView]) -> Option<chrono::NaiveDate> {
    let back = u64::try_from(DAYS_MAX - 1).unwrap_or(0);
    days.last().and_then(|today| today.date.checked_sub_days(chrono::Days::new(back)))
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Cell {
    title: String,
    /// Where the day is explained.
    href: Option<String>,
    down: i64,
    unknown: i64,
    excluded: i64,
    degraded: bool,
    empty: bool,
}

/// A bar ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DayBar {
    label: String,
    cells: Vec<Cell>,
}

/// Height of a part of a day; a part that exists is seen.
fn height(part_s: i64, whole_s: i64) -> i64 {
    if part_s <= 0 || whole_s <= 0 { 0 } else { (part_s * HEIGHT / whole_s).max(PART_MIN) }
}

/// Availability of a day over its known time, in ppm.
pub(crate) fn day_availability_ppm(day: &DayView) -> Option<u32> {
    let known = day.up_s.saturating_add(day.down_s);
    ratio_ppm(u64::try_from(day.up_s).unwrap_or(0), u64::try_from(known).unwrap_or(0))
}

/// What a cell says: date, availability, and what was lost to what.
pub(crate) fn day_title(texts: Texts, day: &DayView) -> String {
    let mut parts = vec![match day_availability_ppm(day) {
        Some(ppm) => texts.text("day-availability", &[("value", &texts.percent(ppm))]),
        None => texts.get("day-no-data"),
    }];
    for (id, seconds) in [
        ("day-down", day.down_s),
        ("day-degraded", day.degraded_s),
        ("day-unknown", day.unknown_s),
        ("day-excluded", day.excluded_s),
    ] {
        if seconds > 0 {
            let value = texts.duration(u64::try_from(seconds).unwrap_or(0));
            parts.push(texts.text(id, &[("value", &value)]));
        }
    }
    format!("{}: {}", texts.date(day.date), parts.join(" · "))
}

impl DayBar {
    /// The bar of `days`, oldest first; only the last [`DAYS_MAX`] are shown.
    pub(crate) fn new(texts: Texts, service: &str, days: &[DayView]) -> Self {
        let days = &days[days.len().saturating_sub(DAYS_MAX)..];
        let cells = days.iter().map(|day| cell(texts, day)).collect();
        let count = days.len().to_string();
        Self { label: texts.text("day-bar-label", &[("service", service), ("count", &count)]), cells }
    }

    /// The same, each cell leading to the explanation of its day; `days` are those it was made of.
    #[must_use]
    pub(crate) fn linked(mut self, service: &ServiceId, days: &[DayView]) -> Self {
        for (cell, day) in self.cells.iter_mut().rev().zip(days.iter().rev()) {
            cell.href = Some(format!("/services/{service}/explain?period={}", day.date));
        }
        self
    }
}

fn cell(texts: Texts, day: &DayView) -> Cell {
    let whole = day.up_s + day.down_s + day.unknown_s + day.excluded_s;
    let down = height(day.down_s, whole);
    let unknown = height(day.unknown_s, whole).min(HEIGHT - down);
    let excluded = height(day.excluded_s, whole).min(HEIGHT - down - unknown);
    let nothing_known = day.up_s + day.down_s + day.excluded_s == 0;
    Cell {
        title: day_title(texts, day),
        href: None,
        down,
        unknown: if nothing_known { HEIGHT } else { unknown },
        excluded,
        degraded: day.degraded_s > 0,
        empty: nothing_known,
    }
}

impl HtmlSafe for DayBar {}

impl fmt::Display for DayBar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = DAYS_MAX * PITCH - (PITCH - WIDTH);
        write!(
            f,
            r#"<svg class="days" viewBox="0 0 {width} {HEIGHT}" preserveAspectRatio="none" role="group" aria-label="{}">"#,
            Escaped(&self.label)
        )?;
        let skipped = DAYS_MAX - self.cells.len();
        for index in 0..skipped {
            write!(f, r#"<rect class="n" x="{}" y="0" width="{WIDTH}" height="{HEIGHT}"/>"#, index * PITCH)?;
        }
        for (index, cell) in self.cells.iter().enumerate() {
            let focus = if index + 1 == self.cells.len() { "0" } else { "-1" };
            write_cell(f, cell, (skipped + index) * PITCH, focus)?;
        }
        f.write_str("</svg>")
    }
}

fn write_cell(f: &mut fmt::Formatter<'_>, cell: &Cell, x: usize, focus: &str) -> fmt::Result {
    let title = Escaped(&cell.title);
    match &cell.href {
        Some(href) => write!(f, r#"<a class="day" href="{}" tabindex="{focus}" aria-label="{title}">"#, Escaped(href))?,
        None => write!(f, r#"<g class="day" role="img" tabindex="{focus}" aria-label="{title}">"#)?,
    }
    write!(f, "<title>{title}</title>")?;
    let mut part = |class: &str, y: i64, height: i64| {
        if height > 0 {
            write!(f, r#"<rect class="{class}" x="{x}" y="{y}" width="{WIDTH}" height="{height}"/>"#)
        } else {
            Ok(())
        }
    };
    let rest = HEIGHT - cell.down - cell.unknown - cell.excluded;
    part("d", 0, cell.down)?;
    part(if cell.empty { "k e" } else { "k" }, cell.down, cell.unknown)?;
    part("m", cell.down + cell.unknown, cell.excluded)?;
    let top = HEIGHT - rest;
    part(if cell.degraded { "g" } else { "u" }, top, rest)?;
    f.write_str(if cell.href.is_some() { "</a>" } else { "</g>" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Language;

    fn day(up_s: i64, down_s: i64, unknown_s: i64) -> DayView {
        let date = chrono::NaiveDate::from_ymd_opt(2026, 11, 24).expect("valid");
        DayView { date, up_s, degraded_s: 0, down_s, unknown_s, excluded_s: 0 }
    }

    #[test]
    fn a_minute_of_outage_is_seen_and_parts_fill_the_cell() {
        let texts = Texts::new(Language::Id, chrono_tz::Asia::Jakarta);
        let cell = cell(texts, &day(86_340, 60, 0));
        assert_eq!(cell.down, PART_MIN);
        assert!(cell.title.contains("99,93 %"), "{}", cell.title);
        let all_parts = super::cell(texts, &day(1, 86_000, 399));
        assert!(all_parts.down + all_parts.unknown + all_parts.excluded <= HEIGHT);
    }

    #[test]
    fn a_day_nobody_watched_is_not_a_good_day() {
        let texts = Texts::new(Language::En, chrono_tz::Asia::Jakarta);
        let bar = DayBar::new(texts, "SIMPEG", &[day(0, 0, 86_400)]).to_string();
        assert!(bar.contains(r#"class="k e""#), "{bar}");
        assert!(!bar.contains(r#"class="u""#), "{bar}");
        assert_eq!(bar.matches("<g ").count(), 1);
        assert_eq!(bar.matches(r#"class="n""#).count(), DAYS_MAX - 1);
    }
}
