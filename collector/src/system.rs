//! The collector's own figures, gathered once for the page, the API and `check-config`: how large the store is, how it
//! grows, what the site will need, and whether that fits the disk. Measures nothing itself and shows nothing.

use crate::app::App;
use crate::config::settings::Settings;
use crate::domain::catalogue::Catalogue;
use crate::domain::sizing::{self, Estimate, Keep, Kind, Load};
use crate::own_backup::view::OwnBackupView;
use crate::snapshot::Snapshot;
use crate::store::{Disk, Growth, Reader, SampleFigures, SpaceView, StoreError, StoreSize};
use pantau_shared::timestamp::Timestamp;
use std::fmt::Write as _;
use std::path::PathBuf;

/// After how many days the need of room is shown.
pub const SPANS: [u32; 4] = [1, 30, 365, sizing::LONG_DAYS];
/// What fits for fewer days is worth a warning.
const FIT_DAYS_MIN: u32 = 30;
/// Hosts whose newest samples tell how many series a host has.
const COUNTED_HOSTS_MAX: usize = 20;

/// The collector's own state at a moment.
#[derive(Debug, Clone)]
pub struct System {
    /// The moment.
    pub now: Timestamp,
    /// Disk and read-only state.
    pub space: SpaceView,
    /// How the file grew.
    pub growth: Growth,
    /// Requests that wait for the writer.
    pub queued: usize,
    /// Transactions, requests in them, and the time they took in microseconds, since the start.
    pub writer: (u64, u64, u64),
    /// The store's file.
    pub file: PathBuf,
    /// When the collector started.
    pub started_at: Timestamp,
    /// What the site produces now.
    pub load: Load,
    /// The way of samples into chunks.
    pub samples: SampleFigures,
    /// Copies of the store, and whether it is whole.
    pub own: OwnBackupView,
}

/// Whether a need of room fits the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// For as long as is looked ahead.
    Fits,
    /// The disk is full after so many days.
    FullAfter(u32),
    /// Nobody knows the disk.
    Unknown,
}

impl Fit {
    /// Whether somebody should do something.
    pub fn is_worrying(self) -> bool {
        matches!(self, Self::FullAfter(days) if days < FIT_DAYS_MIN)
    }
}

/// Reads what is on disk of it; blocks the calling thread.
///
/// # Errors
/// The store's.
pub fn load(app: &App, snapshot: &Snapshot) -> Result<System, StoreError> {
    let figures = app.store.writer_figures();
    let (file, started_at) = app.store.whereabouts();
    Ok(System {
        now: app.clock.now(),
        space: app.store.space(),
        growth: app.store.read(Reader::growth)?,
        queued: app.store.queued(),
        writer: (figures.commits.get(), figures.requests.get(), figures.busy_us.get()),
        file: file.to_owned(),
        started_at,
        load: Load::of(&snapshot.catalogue, snapshot.hosts.len(), series_of(snapshot)),
        samples: app.store.sample_figures(),
        own: app.own_backup.view(&app.store),
    })
}

impl System {
    /// The store's own size; nothing before the first look.
    pub fn size(&self) -> StoreSize {
        self.space.size.unwrap_or_default()
    }

    /// Growth over the last `hours` in bytes, with the hours it was seen over.
    pub fn grown(&self, hours: i64) -> Option<(i64, i64)> {
        self.space.size.and_then(|size| self.growth.over(hours, self.now, size.used_bytes()))
    }

    /// When the disk is down to its reserve at the pace of the last week.
    pub fn full_at(&self) -> Option<Timestamp> {
        let left = self.space.disk?.free_bytes.saturating_sub(self.space.reserve_bytes);
        let room = left.saturating_add(self.size().free_bytes);
        self.growth.full_at(self.now, self.space.size?.used_bytes(), room)
    }

    /// Whether what a site needs from its first day on fits: the disk's free bytes without the reserve, and what the
    /// store holds already.
    pub fn fit(&self, load: &Load, keep: &Keep) -> Fit {
        fit(load, keep, self.space.disk, self.space.reserve_bytes, self.size().file_bytes)
    }
}

fn fit(load: &Load, keep: &Keep, disk: Option<Disk>, reserve_bytes: u64, held_bytes: u64) -> Fit {
    let Some(disk) = disk else { return Fit::Unknown };
    let room = disk.free_bytes.saturating_sub(reserve_bytes).saturating_add(held_bytes);
    sizing::full_after_days(load, keep, room).map_or(Fit::Fits, Fit::FullAfter)
}

/// The estimates shown, one per span.
pub fn estimates(load: &Load, keep: &Keep) -> [Estimate; 4] {
    SPANS.map(|days| sizing::estimate(load, keep, days))
}

/// How long things are kept by the configuration.
pub fn keep_of(settings: &Settings) -> Keep {
    let days = |seconds: u64| u32::try_from(seconds.div_ceil(86_400)).unwrap_or(u32::MAX);
    let kept = settings.retention;
    Keep {
        raw_days: days(kept.raw_s),
        five_minute_days: days(kept.five_minutes_s),
        one_hour_days: days(kept.one_hour_s),
        bytes_max: kept.size_max,
    }
}

/// Readings of one host: the mean of what some of them told last, or the recorded trace's.
fn series_of(snapshot: &Snapshot) -> u32 {
    let samples = snapshot.hosts.iter().filter_map(|host| host.sample.as_ref());
    let counts: Vec<usize> = samples
        .take(COUNTED_HOSTS_MAX)
        .filter_map(|(_, sample)| serde_json::to_value(sample.as_ref()).ok())
        .map(|value| readings(&value))
        .collect();
    let mean = counts.iter().sum::<usize>().checked_div(counts.len());
    mean.and_then(|mean| u32::try_from(mean).ok()).unwrap_or(sizing::SERIES_PER_HOST)
}

/// Numbers in a sample: each is a series.
fn readings(value: &serde_json::Value) -> usize {
    use serde_json::Value;
    match value {
        Value::Number(_) | Value::Bool(_) => 1,
        Value::Array(items) => items.iter().map(readings).sum(),
        Value::Object(fields) => fields.values().map(readings).sum(),
        Value::Null | Value::String(_) => 0,
    }
}

/// What `check-config` says of the need of room: the table, then warnings.
pub fn render_need(
    settings: &Settings,
    catalogue: &Catalogue,
    disk: Option<Disk>,
    held_bytes: u64,
) -> (String, Vec<String>) {
    let load = Load::of(catalogue, 0, sizing::SERIES_PER_HOST);
    let keep = keep_of(settings);
    let table = render_table(&load, &keep);
    let folder = settings.data_dir.display();
    let reserve = settings.reserve_bytes;
    let mut text = table;
    match disk {
        Some(disk) => {
            let (free, reserve) = (bytes(disk.free_bytes), bytes(reserve));
            let _written = writeln!(text, "  free on the disk of {folder}: {free}, of which {reserve} are the reserve");
        }
        None => {
            let _written = writeln!(text, "  {folder} is not there yet: what its disk has free cannot be told");
        }
    }
    let cap = keep.bytes_max.map_or_else(
        || "  cap on the store's size: none, only age counts".to_owned(),
        |max| format!("  cap on the store's size: {}", bytes(max)),
    );
    text.push_str(&cap);
    (text, warnings(&load, &keep, fit(&load, &keep, disk, reserve, held_bytes)))
}

fn warnings(load: &Load, keep: &Keep, fit: Fit) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Fit::FullAfter(days) = fit {
        let soon = if fit.is_worrying() { "; the store becomes read-only then" } else { "" };
        let after = if days <= 1 { "within a day".to_owned() } else { format!("after about {days} days") };
        warnings.push(format!(
            "warning: this load fills the disk {after}{soon}; keep raw samples shorter under [retention], sample less often, or give the data folder a larger disk"
        ));
    }
    if let Some(days) = sizing::raw_days_under_cap(load, keep) {
        warnings.push(format!(
            "warning: the cap leaves about {days} of {} days of raw samples; raise the cap, or keep fewer days",
            keep.raw_days
        ));
    }
    warnings
}

fn render_table(load: &Load, keep: &Keep) -> String {
    let mut text = format!(
        "need of room: {} hosts, {} readings each, every {}, {} probe answers a day\n",
        load.hosts,
        load.series,
        humantime::format_duration(std::time::Duration::from_millis(u64::from(load.period_ms))),
        load.answers_per_day,
    );
    let estimates = estimates(load, keep);
    let mut row = |name: &str, kept: &str, values: [String; 4]| {
        let [a, b, c, d] = values;
        let _written = writeln!(text, "  {name:<17}{kept:>10}{a:>12}{b:>12}{c:>12}{d:>12}");
    };
    row("", "kept", ["1 day", "30 days", "1 year", "5 years"].map(str::to_owned));
    for kind in Kind::ALL {
        let (name, kept) = match kind {
            Kind::Raw => ("raw samples", format!("{} days", keep.raw_days)),
            Kind::FiveMinutes => ("5-minute points", format!("{} days", keep.five_minute_days)),
            Kind::OneHour => ("1-hour points", format!("{} days", keep.one_hour_days)),
            Kind::Waiting => ("waiting frames", format!("{} hours", sizing::WAITING_HOURS)),
            Kind::Answers => ("probe answers", format!("{} days", keep.raw_days)),
            Kind::Forever => ("ledger, tickets", "for ever".to_owned()),
            Kind::Fixed => ("empty store, log", String::new()),
        };
        row(name, &kept, estimates.map(|estimate| bytes(estimate.of(kind))));
    }
    row("total", "", estimates.map(|estimate| bytes(estimate.total())));
    text
}

/// One place, binary units, floored.
fn bytes(bytes: u64) -> String {
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let (mut unit, mut tenths) = (0, u128::from(bytes) * 10);
    while tenths >= 10_240 && unit + 1 < units.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outputs::web::tests::site;

    fn need(free_bytes: Option<u64>) -> (String, Vec<String>) {
        let disk = free_bytes.map(|free_bytes| Disk { free_bytes, size_bytes: 1 << 40 });
        render_need(&Settings::default(), &site::catalogue(), disk, 0)
    }

    #[test]
    fn check_config_shows_the_need_of_room() {
        let (text, warnings) = need(Some(100 << 30));
        insta::assert_snapshot!(text);
        assert_eq!(warnings, Vec::<String>::new());
    }

    #[test]
    fn what_does_not_fit_is_a_warning_with_its_day() {
        let (_, warnings) = need(Some(350 << 20));
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].starts_with("warning: this load fills the disk after about "), "{warnings:?}");
        let (text, warnings) = need(None);
        assert!(text.contains("is not there yet") && warnings.is_empty(), "{text} {warnings:?}");
    }

    #[test]
    fn a_cap_that_cuts_is_told() {
        let load = Load::of(&site::catalogue(), 200, 82);
        let keep = Keep { bytes_max: Some(8 << 30), ..Keep::default() };
        let told = warnings(&load, &keep, Fit::Fits);
        assert!(told.len() == 1 && told[0].contains("of 35 days of raw samples"), "{told:?}");
    }

    #[test]
    fn readings_of_a_host_are_counted_from_what_it_sent() {
        let site = site::snapshot();
        let series = series_of(&site);
        assert!((1..500).contains(&series), "{series}");
        let nobody = Snapshot { hosts: std::sync::Arc::default(), ..site };
        assert_eq!(series_of(&nobody), sizing::SERIES_PER_HOST);
    }
}
