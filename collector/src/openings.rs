//! The next openings and closings of calendars, in words: so that a person sees at once whether hours, holidays and
//! Ramadan were meant as they were read.

use crate::domain::calendar::Calendar;
use crate::domain::catalogue::Catalogue;
use crate::domain::interval::Interval;
use crate::texts::Texts;
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeSet;

/// So many openings are told.
pub const OPENINGS: usize = 5;
/// They are looked for in so many days: longer than any calendar may be closed.
const AHEAD_S: i64 = 90 * 86_400;

/// The next open intervals of `calendar`, the running one first; at most [`OPENINGS`]. Empty for one that never closes.
pub fn next(calendar: &Calendar, now: Timestamp) -> Vec<Interval> {
    let window = Interval::new(now, now.plus_secs(AHEAD_S));
    let open = calendar.open_in(window);
    let never_closes = open.iter().next().is_some_and(|first| *first == window);
    if never_closes { Vec::new() } else { open.iter().take(OPENINGS).copied().collect() }
}

/// A line for each calendar that a service names, then its openings.
pub fn lines(texts: Texts, catalogue: &Catalogue, now: Timestamp) -> Vec<String> {
    let used: BTreeSet<&str> = catalogue.services.iter().map(|service| service.service_hours.as_str()).collect();
    let mut lines = Vec::new();
    for named in used.into_iter().filter_map(|id| catalogue.calendar(id)) {
        let local = Texts::new(texts.language(), named.calendar.zone);
        let id = if named.confirmed { "openings-of" } else { "openings-of-unconfirmed" };
        lines.push(texts.text(id, &[("name", &named.name), ("id", &named.id)]));
        for open in next(&named.calendar, now) {
            let (from, to) = (local.instant(open.from), local.instant(open.to));
            lines.push(format!("  {from} – {to}"));
        }
    }
    lines
}
