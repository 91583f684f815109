//! A host: what it is, how full it is, how it went in the last hours.

use super::host_wellbeing::WellbeingCards;
use super::hosts;
use super::markup::{Badge, Gauge};
use super::page::Page;
use super::service::Fact;
use super::unasked::{self, UnaskedRow};
use super::vantages;
use crate::domain::catalogue::ThresholdMetric;
use crate::snapshot::{HostView, Snapshot};
use crate::texts::Texts;
use askama::Template;
use pantau_shared::ids::HostId;
use pantau_shared::sample::{Filesystem, Interface, Sample};
use pantau_shared::timestamp::Timestamp;

/// A stretch of time the charts can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Range {
    Hour,
    SixHours,
    Day,
    Week,
    Month,
    Year,
}

impl Range {
    const ALL: [Self; 6] = [Self::Hour, Self::SixHours, Self::Day, Self::Week, Self::Month, Self::Year];

    /// The code in the address.
    fn code(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::SixHours => "6h",
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Year => "13m",
        }
    }

    /// Reads a code; one hour for anything else.
    pub(crate) fn parse(code: &str) -> Self {
        Self::ALL.into_iter().find(|range| range.code() == code).unwrap_or(Self::Hour)
    }

    /// How long, and how wide one point is: about 340 points whatever the stretch.
    pub(crate) fn seconds_and_step(self) -> (i64, i64) {
        match self {
            Self::Hour => (3600, 10),
            Self::SixHours => (6 * 3600, 60),
            Self::Day => (86_400, 300),
            Self::Week => (7 * 86_400, 1800),
            Self::Month => (30 * 86_400, 7200),
            Self::Year => (396 * 86_400, 86_400),
        }
    }
}

/// A choice of range.
#[derive(Debug)]
pub(crate) struct RangeChoice {
    pub(crate) href: String,
    pub(crate) label: String,
    pub(crate) current: bool,
}

/// One chart.
#[derive(Debug)]
pub(crate) struct ChartView {
    pub(crate) title: String,
    /// Metrics of the API, apart by spaces.
    pub(crate) metrics: &'static str,
    /// Their names for people.
    pub(crate) keys: Vec<String>,
    pub(crate) now: String,
}

/// Lowest, mean and highest value of a metric over the range: what the page shows without script.
#[derive(Debug)]
pub(crate) struct SeriesRow {
    pub(crate) label: String,
    pub(crate) low: String,
    pub(crate) mean: String,
    pub(crate) high: String,
}

/// A mounted file system.
#[derive(Debug)]
pub(crate) struct FilesystemRow {
    pub(crate) mount: String,
    pub(crate) kind: String,
    pub(crate) gauge: Gauge,
    pub(crate) size: String,
    pub(crate) available: String,
    pub(crate) inodes: String,
    pub(crate) read_only: bool,
}

/// A network interface.
#[derive(Debug)]
pub(crate) struct InterfaceRow {
    pub(crate) device: String,
    pub(crate) link: String,
    pub(crate) received: String,
    pub(crate) sent: String,
    pub(crate) errors: String,
}

#[derive(Debug, Template)]
#[template(path = "host.html")]
struct HostPage {
    page: Page,
    id: String,
    badge: Badge,
    seen: String,
    ranges: Vec<RangeChoice>,
    charts: Vec<ChartView>,
    series: Vec<SeriesRow>,
    from: i64,
    to: i64,
    step: i64,
    zone: String,
    filesystems: Vec<FilesystemRow>,
    interfaces: Vec<InterfaceRow>,
    services: Vec<(String, String)>,
    wellbeing: WellbeingCards,
    unasked: Vec<UnaskedRow>,
    witnesses: Vec<vantages::WitnessRow>,
    facts: Vec<Fact>,
    lost: u64,
    lost_text: String,
    /// Up to when all is here while older data still come; none when all is here.
    catching_up: Option<String>,
}

/// The instants of a range that ends now.
pub(crate) fn window(range: Range, now: Timestamp) -> (Timestamp, Timestamp) {
    (now.plus_secs(-range.seconds_and_step().0), now)
}

/// Metrics of the table beneath the charts, by the API's names, with the messages that name them.
pub(crate) const TABLE: [(&str, &str); 3] =
    [("cpu", "metric-cpu"), ("memory", "metric-memory"), ("storage", "metric-storage-fullest")];

/// Lowest, mean and highest value of each of [`TABLE`], in permille; none without a value.
pub(crate) type RangeFigures = [Option<(u64, u64, u64)>; 3];

/// The page as HTML. `figures` are those of the range.
pub(crate) fn render(
    page: Page,
    snapshot: &Snapshot,
    host: &HostView,
    range: Range,
    figures: &RangeFigures,
) -> Result<String, askama::Error> {
    let texts = page.texts;
    let now = page.now;
    let (seconds, step) = range.seconds_and_step();
    let row = hosts::row(texts, snapshot, host, now);
    let sample = host.sample.as_ref().map(|(_, sample)| sample.as_ref());
    HostPage {
        id: host.id.to_string(),
        badge: row.badge,
        seen: row.seen,
        ranges: Range::ALL
            .into_iter()
            .map(|choice| RangeChoice {
                href: format!("/hosts/{}?range={}", host.id, choice.code()),
                label: texts.get(&format!("range-{}", choice.code())),
                current: choice == range,
            })
            .collect(),
        charts: charts(texts, host),
        series: series_rows(texts, figures),
        from: now.as_secs() - seconds,
        to: now.as_secs(),
        step,
        zone: texts.zone().name().to_owned(),
        filesystems: sample
            .map(|s| s.filesystems.iter().map(|f| filesystem(texts, snapshot, &host.id, f)).collect())
            .unwrap_or_default(),
        interfaces: sample.map(|s| s.interfaces.iter().map(|i| interface(texts, i)).collect()).unwrap_or_default(),
        services: snapshot
            .catalogue
            .services_on(&host.id)
            .map(|service| (format!("/services/{}", service.id), service.name.clone()))
            .collect(),
        facts: facts(texts, host, sample),
        wellbeing: WellbeingCards::new(texts, host, sample),
        unasked: unasked::rows(&page, snapshot, &host.id),
        witnesses: vantages::witnesses(texts, snapshot, &host.id),
        lost: host.lost_observations,
        lost_text: texts.text("host-lost", &[("number", &texts.number(host.lost_observations))]),
        catching_up: sample.and_then(|sample| catching_up(texts, sample, now)),
        page,
    }
    .render()
}

/// What the host says of the backlog that comes behind its newest data.
fn catching_up(texts: Texts, sample: &Sample, now: Timestamp) -> Option<String> {
    let to = Timestamp::from_secs(sample.agent?.caught_up_to?);
    (to < now).then(|| texts.text("host-catching-up", &[("time", &texts.instant(to))]))
}

fn charts(texts: Texts, host: &HostView) -> Vec<ChartView> {
    let rates = &host.rates;
    let permille = |value: Option<u32>| value.map_or_else(|| "–".to_owned(), |value| texts.permille(value));
    let keys = vec![texts.get("network-in"), texts.get("network-out")];
    let network = rates.network_bytes_per_second.map_or_else(
        || "–".to_owned(),
        |(incoming, outgoing)| {
            let (incoming, outgoing) = (texts.bit_rate(incoming), texts.bit_rate(outgoing));
            texts.text("network-now", &[("in", &incoming), ("out", &outgoing)])
        },
    );
    let chart = |id: &str, metrics, now| {
        let title = texts.get(id);
        ChartView { keys: vec![title.clone()], title, metrics, now }
    };
    vec![
        chart("metric-cpu", "cpu", permille(rates.cpu_permille)),
        chart("metric-memory", "memory", permille(rates.memory_permille)),
        chart("metric-storage-fullest", "storage", permille(rates.storage_permille.as_ref().map(|(_, p)| *p))),
        ChartView { title: texts.get("metric-network"), metrics: "network_in network_out", keys, now: network },
    ]
}

/// Used share in thousandths of what others than root can use.
fn used_permille(filesystem: &Filesystem) -> Option<u32> {
    let (size, free, available) = (filesystem.size_bytes?, filesystem.free_bytes?, filesystem.available_bytes?);
    let used = size.saturating_sub(free);
    let whole = used.saturating_add(available);
    let permille = (u128::from(used) * 1000).checked_div(u128::from(whole))?;
    u32::try_from(permille).ok()
}

fn series_rows(texts: Texts, figures: &RangeFigures) -> Vec<SeriesRow> {
    let show = |permille: u64| texts.permille(u32::try_from(permille).unwrap_or(1000));
    let mut rows = Vec::new();
    for ((_, id), figures) in TABLE.iter().zip(figures) {
        let Some((low, mean, high)) = *figures else { continue };
        rows.push(SeriesRow { label: texts.get(id), low: show(low), mean: show(mean), high: show(high) });
    }
    rows
}

fn filesystem(texts: Texts, snapshot: &Snapshot, host: &HostId, filesystem: &Filesystem) -> FilesystemRow {
    let bytes = |bytes: Option<u64>| bytes.map_or_else(|| "–".to_owned(), |bytes| texts.bytes(bytes));
    let permille = used_permille(filesystem);
    let inodes = filesystem.inodes.zip(filesystem.inodes_free).and_then(|(all, free)| {
        let used = (u128::from(all.saturating_sub(free)) * 1000).checked_div(u128::from(all))?;
        u32::try_from(used).ok()
    });
    let tone = hosts::tone(snapshot, (host, ThresholdMetric::Storage, &filesystem.mount_point), permille);
    FilesystemRow {
        mount: filesystem.mount_point.clone(),
        kind: format!("{} · {}", filesystem.device, filesystem.kind),
        gauge: Gauge {
            label: String::new(),
            value: permille.map_or_else(|| "–".to_owned(), |permille| texts.permille(permille)),
            permille,
            tone,
        },
        size: bytes(filesystem.size_bytes),
        available: bytes(filesystem.available_bytes),
        inodes: inodes.map_or_else(|| "–".to_owned(), |permille| texts.permille(permille)),
        read_only: filesystem.read_only == Some(true),
    }
}

fn interface(texts: Texts, interface: &Interface) -> InterfaceRow {
    let bytes = |bytes: Option<u64>| bytes.map_or_else(|| "–".to_owned(), |bytes| texts.bytes(bytes));
    let link = match interface.up {
        Some(true) => texts.get("link-up"),
        Some(false) => texts.get("link-down"),
        None => "–".to_owned(),
    };
    let speed = interface.speed_bits.map(|bits| texts.bit_rate(bits / 8));
    let trouble =
        [interface.receive_errors, interface.transmit_errors, interface.receive_drops, interface.transmit_drops];
    InterfaceRow {
        device: interface.device.clone(),
        link: [Some(link), speed].into_iter().flatten().collect::<Vec<_>>().join(" · "),
        received: bytes(interface.receive_bytes),
        sent: bytes(interface.transmit_bytes),
        errors: texts.number(trouble.into_iter().flatten().fold(0, u64::saturating_add)),
    }
}

fn facts(texts: Texts, host: &HostView, sample: Option<&Sample>) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut fact = |id: &str, value: String| {
        facts.push(Fact { number: String::new(), label: texts.get(id), value });
    };
    if let Some(started) = &host.started {
        fact("fact-hostname", started.hostname.clone());
        fact("fact-system", format!("{} · {} · {}", started.os, started.kernel, started.architecture));
        fact("fact-processors", started.cpus.to_string());
        fact("fact-agent", started.agent_version.clone());
    }
    let memory = sample.and_then(|sample| sample.memory).and_then(|memory| memory.total_bytes);
    if let Some(total) = memory {
        fact("fact-memory", texts.bytes(total));
    }
    let uptime = sample.and_then(|sample| sample.kernel).and_then(|kernel| kernel.uptime_ms);
    if let Some(uptime) = uptime {
        fact("fact-uptime", texts.duration(uptime / 1000));
    }
    if let Some(load) = sample.and_then(|sample| sample.load) {
        let shown = [load.one_centi, load.five_centi, load.fifteen_centi];
        let shown: Vec<String> = shown.into_iter().flatten().map(|c| format!("{}.{:02}", c / 100, c % 100)).collect();
        fact("fact-load", shown.join(" · "));
    }
    fact("fact-joined", texts.instant(host.joined_at));
    fact("fact-accepted", texts.number(host.observations_accepted));
    facts
}
