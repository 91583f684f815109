//! A host's failed units and its clock, as two cards of its page.

use super::markup::{Badge, Tone};
use crate::clock_board::ClockSeen;
use crate::domain::clock_skew::WARN_MS;
use crate::snapshot::HostView;
use crate::texts::Texts;
use pantau_shared::sample::{Sample, Timekeeping};
use std::collections::BTreeMap;

/// A failed unit.
#[derive(Debug)]
pub(crate) struct UnitRow {
    pub(crate) name: String,
    /// Since when, where it counts.
    pub(crate) since: String,
    /// Whether the office ignores it.
    pub(crate) ignored: bool,
}

/// One source of what is known of the clock.
#[derive(Debug)]
pub(crate) struct ClockRow {
    pub(crate) source: String,
    pub(crate) hint: String,
    pub(crate) badge: Badge,
    pub(crate) offset: String,
    /// Beside the offset; empty: nothing.
    pub(crate) note: String,
}

/// Both cards.
#[derive(Debug)]
pub(crate) struct WellbeingCards {
    /// What stands in the place of units: they are not told, or none has failed; empty where some have.
    pub(crate) no_units: String,
    pub(crate) units: Vec<UnitRow>,
    /// Failed units that the agent does not name; empty: none.
    pub(crate) more: String,
    pub(crate) clock: Vec<ClockRow>,
}

impl WellbeingCards {
    /// Of a host whose newest sample may be missing.
    pub(crate) fn new(texts: Texts, host: &HostView, sample: Option<&Sample>) -> Self {
        let failed = sample.and_then(|sample| sample.units.as_ref()?.failed);
        let named = sample.map_or(&[][..], |sample| &sample.failed_units);
        let counting: BTreeMap<&str, _> =
            host.wellbeing.failed_units.iter().map(|(name, since)| (name.as_str(), *since)).collect();
        let row = |name: &String| {
            let since = counting.get(name.as_str());
            UnitRow {
                name: name.clone(),
                since: since.map_or_else(|| "–".to_owned(), |since| texts.instant(*since)),
                ignored: since.is_none(),
            }
        };
        let units: Vec<UnitRow> = named.iter().map(row).collect();
        let unnamed = failed.unwrap_or(0).saturating_sub(u64::try_from(named.len()).unwrap_or(u64::MAX));
        Self {
            no_units: match failed {
                None => texts.get("units-untold"),
                Some(0) => texts.get("units-none"),
                Some(_) => String::new(),
            },
            units,
            more: if unnamed == 0 {
                String::new()
            } else {
                texts.text("units-more", &[("count", &texts.number(unnamed))])
            },
            clock: vec![own(texts, sample.and_then(|sample| sample.timekeeping)), receipt(texts, host)],
        }
    }
}

/// Microseconds: milliseconds below a second, seconds above.
fn micros(texts: Texts, us: u64) -> String {
    if us >= 1_000_000 { texts.duration(us / 1_000_000) } else { texts.milliseconds(us) }
}

fn own(texts: Texts, told: Option<Timekeeping>) -> ClockRow {
    let (tone, state) = match told.and_then(|told| told.synchronized) {
        Some(true) => (Tone::Good, "clock-synchronized"),
        Some(false) => (Tone::Warn, "clock-free"),
        None => (Tone::Unknown, "clock-untold"),
    };
    let offset = told.and_then(|told| told.offset_us);
    let error = told.and_then(|told| told.error_max_us);
    ClockRow {
        source: texts.get("clock-own"),
        hint: texts.get("clock-own-hint"),
        badge: Badge::new(tone, texts.get(state)),
        offset: offset.map_or_else(|| "–".to_owned(), |us| micros(texts, us)),
        note: error.map_or_else(String::new, |us| texts.text("clock-error", &[("error", &micros(texts, us))])),
    }
}

fn receipt(texts: Texts, host: &HostView) -> ClockRow {
    let (tone, state, offset) = match host.wellbeing.clock {
        _ if host.last_seen_at.is_none() || host.silent => (Tone::Unknown, "clock-untold", "–".to_owned()),
        Some(seen) if seen.is_off() => (Tone::Bad, "clock-off", skew(texts, seen)),
        Some(_) | None => {
            let limit = texts.duration(WARN_MS / 1000);
            (Tone::Good, "clock-right", texts.text("clock-within", &[("limit", &limit)]))
        }
    };
    ClockRow {
        source: texts.get("clock-receipt"),
        hint: texts.get("clock-receipt-hint"),
        badge: Badge::new(tone, texts.get(state)),
        offset,
        note: String::new(),
    }
}

fn skew(texts: Texts, seen: ClockSeen) -> String {
    let span = texts.duration(seen.skew_ms.unsigned_abs() / 1000);
    texts.text(if seen.skew_ms > 0 { "clock-ahead" } else { "clock-behind" }, &[("span", &span)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outputs::web::tests::site;
    use crate::texts::Language;

    fn cards(language: Language, host: usize) -> WellbeingCards {
        let site = site::snapshot();
        let host = &site.hosts[host];
        let sample = host.sample.as_ref().map(|(_, sample)| sample.as_ref());
        WellbeingCards::new(Texts::new(language, chrono_tz::Asia::Jakarta), host, sample)
    }

    #[test]
    fn failed_units_and_both_sources_of_the_clock_are_shown() {
        let shown = cards(Language::Id, 1);
        let units: Vec<_> = shown.units.iter().map(|unit| (unit.name.as_str(), unit.ignored)).collect();
        assert_eq!(units, [("certbot.service", false), ("snapd.service", true)]);
        assert_eq!((shown.no_units.as_str(), shown.more.as_str()), ("", "dan 1 lagi yang tidak disebut agen"));
        let clock: Vec<_> = shown.clock.iter().map(|row| (row.badge.label.as_str(), row.offset.as_str())).collect();
        assert_eq!(clock[0], ("Tanpa acuan", "1,2 ms"));
        assert_eq!(clock[1].0, "Meleset");
    }

    #[test]
    fn a_host_that_tells_of_neither_says_so() {
        let shown = cards(Language::En, 0);
        assert!(shown.units.is_empty() && shown.no_units.starts_with("This host does not tell of its units"));
        let badges: Vec<_> = shown.clock.iter().map(|row| row.badge.label.as_str()).collect();
        assert_eq!(badges, ["Unknown", "Right"]);
    }
}
