//! The collector itself, for administrators: its disk, how it grows, how long things are kept, and a calculator of the
//! room a site needs.

use super::markup::{Badge, Tone};
use super::page::Page;
use super::system_copies::{self, Copies};
use crate::domain::sizing::{self, Keep, Kind, Load};
use crate::store::ReadOnlyCause;
use crate::system::{Fit, System, estimates};
use crate::texts::Texts;
use askama::Template;
use pantau_shared::timestamp::Timestamp;

/// What the calculator is asked; absent or unreadable is the office's own number, too much is the bound.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct NeedQuery {
    hosts: Option<String>,
    series: Option<String>,
    period: Option<String>,
    raw: Option<String>,
    five: Option<String>,
    hour: Option<String>,
}

/// A field of the calculator.
#[derive(Debug)]
struct Field {
    name: &'static str,
    label: String,
    value: u64,
    min: u64,
    max: u64,
}

/// A figure at the top.
#[derive(Debug)]
struct Tile {
    label: String,
    value: String,
    note: String,
    tone: Tone,
}

/// Bytes after a span: the span's name for narrow pages, and the bytes.
type Cell = (String, String);

/// A kind of data in the calculator's table.
#[derive(Debug)]
struct Row {
    label: String,
    kept: String,
    cells: Vec<Cell>,
}

#[derive(Debug, Template)]
#[template(path = "system.html")]
struct SystemPage {
    page: Page,
    tiles: Vec<Tile>,
    state: Badge,
    facts: Vec<(String, String)>,
    copies: Copies,
    fields: Vec<Field>,
    own: bool,
    asked: String,
    spans: Vec<String>,
    rows: Vec<Row>,
    total: Vec<Cell>,
    fit: Badge,
    notes: Vec<String>,
}

/// One per span of [`crate::system::SPANS`].
const SPAN_LABELS: [&str; 4] = ["system-span-day", "system-span-month", "system-span-year", "system-span-long"];
const HOSTS_MAX: u64 = 1_000_000;
const SERIES_MAX: u64 = 10_000;
const PERIOD_MAX_S: u64 = 3_600;
const DAYS_MAX: u64 = 3_650;

impl NeedQuery {
    /// The load and the keep that are asked for; whether they are the office's own.
    fn read(&self, load: Load, keep: Keep) -> (Load, Keep, bool) {
        let ask = |text: &Option<String>, own: u32, min: u64, max: u64| {
            let given = text.as_ref().and_then(|text| text.trim().parse::<u64>().ok());
            given.map_or(own, |given| u32::try_from(given.clamp(min, max)).unwrap_or(own))
        };
        let hosts = ask(&self.hosts, load.hosts, 0, HOSTS_MAX);
        let period_s = ask(&self.period, load.period_ms.div_ceil(1000), 1, PERIOD_MAX_S);
        // Services, checks and backup sets grow with the hosts.
        let scaled = |value: u64| value.saturating_mul(u64::from(hosts)) / u64::from(load.hosts.max(1));
        let asked = Load {
            hosts,
            series: ask(&self.series, load.series, 1, SERIES_MAX),
            period_ms: if period_s == load.period_ms.div_ceil(1000) { load.period_ms } else { period_s * 1000 },
            services: u32::try_from(scaled(u64::from(load.services))).unwrap_or(u32::MAX),
            answers_per_day: scaled(load.answers_per_day),
            looks_per_day: scaled(load.looks_per_day),
        };
        let kept = Keep {
            raw_days: ask(&self.raw, keep.raw_days, 1, DAYS_MAX),
            five_minute_days: ask(&self.five, keep.five_minute_days, 0, DAYS_MAX),
            one_hour_days: ask(&self.hour, keep.one_hour_days, 0, DAYS_MAX),
            bytes_max: keep.bytes_max,
        };
        let own = (asked.hosts, asked.series, asked.period_ms) == (load.hosts, load.series, load.period_ms);
        (if load.hosts == 0 { Load { services: load.services, ..asked } } else { asked }, kept, own && kept == keep)
    }
}

/// The page as HTML.
pub(super) fn render(page: Page, system: &System, query: &NeedQuery) -> Result<String, askama::Error> {
    let texts = page.texts;
    let (load, keep, own) = query.read(system.load, system.space.keep);
    let estimates = estimates(&load, &keep);
    let spans: Vec<String> = SPAN_LABELS.map(|id| texts.get(id)).into();
    let cells = |value: &dyn Fn(&sizing::Estimate) -> u64| {
        spans.iter().cloned().zip(estimates.iter().map(|estimate| texts.bytes(value(estimate)))).collect()
    };
    let rows = Kind::ALL.into_iter().map(|kind| Row {
        label: texts.get(kind_label(kind)),
        kept: kept(texts, kind, &keep),
        cells: cells(&|estimate| estimate.of(kind)),
    });
    let asked = texts.text(
        "system-need-asked",
        &[
            ("hosts", &texts.number(u64::from(load.hosts))),
            ("series", &texts.number(u64::from(load.series))),
            ("period", &texts.duration(u64::from(load.period_ms.div_ceil(1000)))),
            ("answers", &texts.number(load.answers_per_day)),
        ],
    );
    SystemPage {
        tiles: tiles(texts, system),
        state: state(texts, system),
        facts: facts(texts, system),
        copies: system_copies::card(texts, &system.own, system.now),
        fields: fields(texts, &load, &keep),
        own,
        asked,
        rows: rows.collect(),
        total: cells(&sizing::Estimate::total),
        spans: spans.clone(),
        fit: fit(texts, system, &load, &keep),
        notes: notes(texts, &load, &keep),
        page,
    }
    .render()
}

fn kind_label(kind: Kind) -> &'static str {
    match kind {
        Kind::Raw => "system-kind-raw",
        Kind::FiveMinutes => "system-kind-five-minutes",
        Kind::OneHour => "system-kind-one-hour",
        Kind::Waiting => "system-kind-waiting",
        Kind::Answers => "system-kind-answers",
        Kind::Forever => "system-kind-forever",
        Kind::Fixed => "system-kind-fixed",
    }
}

fn kept(texts: Texts, kind: Kind, keep: &Keep) -> String {
    let days = |days: u32| texts.text("unit-days", &[("count", &texts.number(u64::from(days)))]);
    match kind {
        Kind::Raw | Kind::Answers => days(keep.raw_days),
        Kind::FiveMinutes => days(keep.five_minute_days),
        Kind::OneHour => days(keep.one_hour_days),
        Kind::Waiting => texts.text("unit-hours", &[("count", &sizing::WAITING_HOURS.to_string())]),
        Kind::Forever => texts.get("system-kept-forever"),
        Kind::Fixed => texts.get("none"),
    }
}

fn fields(texts: Texts, load: &Load, keep: &Keep) -> Vec<Field> {
    [
        ("hosts", "system-field-hosts", load.hosts, 0, HOSTS_MAX),
        ("series", "system-field-series", load.series, 1, SERIES_MAX),
        ("period", "system-field-period", load.period_ms.div_ceil(1000), 1, PERIOD_MAX_S),
        ("raw", "system-field-raw", keep.raw_days, 1, DAYS_MAX),
        ("five", "system-field-five", keep.five_minute_days, 0, DAYS_MAX),
        ("hour", "system-field-hour", keep.one_hour_days, 0, DAYS_MAX),
    ]
    .into_iter()
    .map(|(name, label, value, min, max)| Field { name, label: texts.get(label), value: u64::from(value), min, max })
    .collect()
}

fn fit(texts: Texts, system: &System, load: &Load, keep: &Keep) -> Badge {
    let fit = system.fit(load, keep);
    match fit {
        Fit::Fits => Badge::new(Tone::Good, texts.get("system-fit-good")),
        Fit::FullAfter(days) => {
            let tone = if fit.is_worrying() { Tone::Bad } else { Tone::Warn };
            let span = texts.text("unit-days", &[("count", &texts.number(u64::from(days)))]);
            Badge::new(tone, texts.text("system-fit-full", &[("span", &span)]))
        }
        Fit::Unknown => Badge::new(Tone::Unknown, texts.get("system-fit-unknown")),
    }
}

fn notes(texts: Texts, load: &Load, keep: &Keep) -> Vec<String> {
    let cap = keep
        .bytes_max
        .map_or_else(|| texts.get("system-cap-none"), |max| texts.text("system-cap", &[("size", &texts.bytes(max))]));
    let cut = sizing::raw_days_under_cap(load, keep);
    let cut = cut.map(|days| texts.text("system-cap-cuts", &[("days", &texts.number(u64::from(days)))]));
    [Some(cap), cut, Some(texts.get("system-need-note"))].into_iter().flatten().collect()
}

fn state(texts: Texts, system: &System) -> Badge {
    match system.space.read_only.map(|read_only| read_only.cause) {
        None => Badge::new(Tone::Good, texts.get("system-state-open")),
        Some(ReadOnlyCause::LowSpace) => Badge::new(Tone::Bad, texts.get("system-state-low-space")),
        Some(ReadOnlyCause::WriteFailed) => Badge::new(Tone::Bad, texts.get("system-state-write-failed")),
    }
}

/// Bytes with a sign.
fn signed_bytes(texts: Texts, bytes: i64) -> String {
    let sign = if bytes < 0 { "−" } else { "+" };
    format!("{sign}{}", texts.bytes(bytes.unsigned_abs()))
}

fn tiles(texts: Texts, system: &System) -> Vec<Tile> {
    let (size, dash) = (system.size(), || texts.get("none"));
    let known = system.space.size.is_some();
    let disk = system.space.disk;
    let reserve = texts.bytes(system.space.reserve_bytes);
    let tight = disk.is_some_and(|disk| disk.free_bytes < system.space.reserve_bytes.saturating_mul(4));
    let (day, week) = (system.grown(24), system.grown(168));
    let (commits, requests, _) = system.writer;
    vec![
        Tile {
            label: texts.get("system-tile-size"),
            value: if known { texts.bytes(size.file_bytes) } else { dash() },
            note: texts.text("system-tile-size-note", &[("free", &texts.bytes(size.free_bytes))]),
            tone: Tone::Neutral,
        },
        Tile {
            label: texts.get("system-tile-disk"),
            value: disk.map_or_else(dash, |disk| texts.bytes(disk.free_bytes)),
            note: texts.text("system-tile-disk-note", &[("reserve", &reserve)]),
            tone: match (system.space.read_only, disk) {
                (Some(_), _) => Tone::Bad,
                (None, None) => Tone::Unknown,
                (None, Some(_)) if tight => Tone::Warn,
                (None, Some(_)) => Tone::Good,
            },
        },
        Tile {
            label: texts.get("system-tile-growth"),
            value: day.map_or_else(dash, |(bytes, _)| signed_bytes(texts, bytes)),
            note: week.map_or_else(
                || texts.get("system-tile-growth-none"),
                |(bytes, hours)| {
                    let span = texts.duration(u64::try_from(hours).unwrap_or(0) * 3600);
                    texts.text("system-tile-growth-note", &[("size", &signed_bytes(texts, bytes)), ("span", &span)])
                },
            ),
            tone: Tone::Neutral,
        },
        Tile {
            label: texts.get("system-tile-queue"),
            value: texts.number(system.queued as u64),
            note: texts.text(
                "system-tile-queue-note",
                &[("group", &tenths(texts, requests, commits)), ("commits", &texts.number(commits))],
            ),
            tone: Tone::Neutral,
        },
    ]
}

/// A quotient with one place, floored; a dash for none.
fn tenths(texts: Texts, part: u64, whole: u64) -> String {
    let Some(tenths) = part.saturating_mul(10).checked_div(whole) else { return texts.get("none") };
    let mark = if texts.language() == crate::texts::Language::Id { ',' } else { '.' };
    format!("{}{mark}{}", texts.number(tenths / 10), tenths % 10)
}

fn facts(texts: Texts, system: &System) -> Vec<(String, String)> {
    let (commits, _, busy_us) = system.writer;
    let dash = || texts.get("none");
    let full = match (system.full_at(), system.grown(168)) {
        (Some(at), _) => texts.instant(at),
        (None, None) => texts.get("system-full-unknown"),
        (None, Some((_, hours))) if hours < 6 => texts.get("system-full-unknown"),
        (None, Some(_)) => texts.get("system-full-never"),
    };
    let uptime = |since: Timestamp| {
        let (at, span) = (texts.instant(since), texts.between(since, system.now));
        texts.text("system-started-value", &[("at", &at), ("span", &span)])
    };
    let commit = busy_us.checked_div(commits).map_or_else(dash, |us| texts.milliseconds(us));
    let fact = |id: &str, value: String| (texts.get(id), value);
    vec![
        fact("system-full", full),
        fact("system-disk", system.space.disk.map_or_else(dash, |disk| texts.bytes(disk.size_bytes))),
        fact("system-reserve", texts.bytes(system.space.reserve_bytes)),
        fact("system-log", texts.bytes(system.size().log_bytes)),
        fact("system-refused", texts.number(system.space.refused)),
        fact("system-commit", commit),
        fact("system-waiting", texts.number(system.samples.frames_waiting)),
        fact("system-closed", closed(texts, system)),
        fact("system-file", system.file.display().to_string()),
        fact("system-version", env!("CARGO_PKG_VERSION").to_owned()),
        fact("system-started", uptime(system.started_at)),
    ]
}

/// How far behind the oldest hour is whose samples wait for their chunk.
fn closed(texts: Texts, system: &System) -> String {
    match system.samples.oldest_hour_ended_at {
        Some(ended) if ended < system.now => {
            texts.text("system-closed-behind", &[("span", &texts.between(ended, system.now))])
        }
        Some(_) | None => texts.get("system-closed-all"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_read_leniently_and_bounded() {
        let load =
            Load { hosts: 10, series: 82, period_ms: 10_000, services: 4, answers_per_day: 1_000, looks_per_day: 6 };
        let keep = Keep::default();
        assert_eq!(NeedQuery::default().read(load, keep), (load, keep, true));
        let text = |text: &str| Some(text.to_owned());
        let query = NeedQuery { hosts: text(" 20 "), series: text("x"), raw: text("99999999"), ..NeedQuery::default() };
        let (asked, kept, own) = query.read(load, keep);
        assert_eq!((asked.hosts, asked.series, asked.services, asked.answers_per_day), (20, 82, 8, 2_000));
        assert_eq!((kept.raw_days, own), (3_650, false));
        let nobody = Load { hosts: 0, ..load };
        assert_eq!(NeedQuery { hosts: text("5"), ..NeedQuery::default() }.read(nobody, keep).0.services, 4);
    }
}
