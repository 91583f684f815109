//! The list of hosts: who reports, how full each is, and how another one joins.

use super::markup::{Badge, Gauge, Icon, Tone};
use super::page::Page;
use crate::domain::catalogue::ThresholdMetric;
use crate::snapshot::{HostView, Snapshot};
use crate::texts::Texts;
use askama::Template;
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;

/// A host in a list.
#[derive(Debug)]
pub(crate) struct HostRow {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) system: String,
    pub(crate) badge: Badge,
    pub(crate) seen: String,
    pub(crate) gauges: Vec<Gauge>,
    pub(crate) network_in: String,
    pub(crate) network_out: String,
}

#[derive(Debug, Template)]
#[template(path = "hosts.html")]
struct HostsPage {
    page: Page,
    hosts: Vec<HostRow>,
}

/// The page as HTML.
pub(crate) fn render(page: Page, snapshot: &Snapshot) -> Result<String, askama::Error> {
    let hosts = snapshot.hosts.iter().map(|host| row(page.texts, snapshot, host, page.now)).collect();
    HostsPage { page, hosts }.render()
}

/// A host as a row of any list.
pub(crate) fn row(texts: Texts, snapshot: &Snapshot, host: &HostView, now: Timestamp) -> HostRow {
    let rate = |bytes: Option<u64>| bytes.map_or_else(|| "–".to_owned(), |bytes| texts.bit_rate(bytes));
    HostRow {
        href: format!("/hosts/{}", host.id),
        name: host.name.clone(),
        system: host.started.as_ref().map(|started| started.os.clone()).unwrap_or_default(),
        badge: badge(texts, host),
        seen: host.last_seen_at.map_or_else(
            || texts.get("host-never-seen"),
            |seen| texts.text("ago", &[("span", &texts.between(seen, now))]),
        ),
        gauges: gauges(texts, snapshot, host),
        network_in: rate(host.rates.network_bytes_per_second.map(|(incoming, _)| incoming)),
        network_out: rate(host.rates.network_bytes_per_second.map(|(_, outgoing)| outgoing)),
    }
}

/// Whether a host reports.
pub(crate) fn badge(texts: Texts, host: &HostView) -> Badge {
    if host.last_seen_at.is_none() {
        return Badge::new(Tone::Neutral, texts.get("host-waiting"));
    }
    if host.silent {
        return Badge { tone: Tone::Unknown, icon: Icon("question"), label: texts.get("host-silent") };
    }
    Badge::new(Tone::Good, texts.get("host-reporting"))
}

/// CPU, RAM and the fullest file system against their thresholds.
pub(crate) fn gauges(texts: Texts, snapshot: &Snapshot, host: &HostView) -> Vec<Gauge> {
    let rates = &host.rates;
    let storage = rates.storage_permille.as_ref();
    let mount: &str = storage.map_or("", |(mount, _)| mount);
    let storage_label = storage
        .map_or_else(|| texts.get("metric-storage"), |(mount, _)| texts.text("metric-storage-of", &[("mount", mount)]));
    [
        (texts.get("metric-cpu"), ThresholdMetric::Cpu, "", rates.cpu_permille),
        (texts.get("metric-memory"), ThresholdMetric::Memory, "", rates.memory_permille),
        (storage_label, ThresholdMetric::Storage, mount, storage.map(|(_, permille)| *permille)),
    ]
    .into_iter()
    .map(|(label, metric, part, permille)| Gauge {
        label,
        value: permille.map_or_else(|| "–".to_owned(), |permille| texts.permille(permille)),
        permille,
        tone: if host.silent { Tone::Unknown } else { tone(snapshot, (&host.id, metric, part), permille) },
    })
    .collect()
}

/// Bad at the threshold that holds for that part of that host, a warning from 90 % of it.
pub(crate) fn tone(
    snapshot: &Snapshot,
    (host, metric, part): (&HostId, ThresholdMetric, &str),
    permille: Option<u32>,
) -> Tone {
    let alarm = snapshot.catalogue.threshold_of(host, metric, part).map(|threshold| threshold.alarm_permille);
    match (permille, alarm) {
        (Some(permille), Some(alarm)) if permille >= alarm => Tone::Bad,
        (Some(permille), Some(alarm)) if permille * 10 >= alarm * 9 => Tone::Warn,
        _ => Tone::Good,
    }
}
