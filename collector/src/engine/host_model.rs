//! One host in memory: its newest samples, its thresholds, and since when it is heard.

use crate::domain::catalogue::{Catalogue, Threshold, ThresholdMetric};
use crate::domain::rate;
use crate::domain::threshold::{GAP_PERIODS, ThresholdTrack};
use crate::snapshot::HostRates;
use crate::store::records::HostRecord;
use pantau_shared::sample::Sample;
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most readings of one host that are judged; more file systems and interfaces than that are left out.
const TRACKS_MAX: usize = 256;

/// One host in memory.
#[derive(Debug, Clone)]
pub(crate) struct HostModel {
    pub(crate) record: HostRecord,
    pub(crate) newest: Option<(Timestamp, Arc<Sample>)>,
    pub(crate) rates: HostRates,
    pub(crate) tracks: BTreeMap<(ThresholdMetric, String), ThresholdTrack>,
    /// Since when it is heard without a silence.
    pub(crate) heard_since: Timestamp,
}

/// So long without a sample is a gap.
pub(crate) fn gap_ms(catalogue: &Catalogue) -> i64 {
    i64::from(catalogue.sample_period_ms) * GAP_PERIODS
}

impl HostModel {
    /// As it is in the store.
    pub(crate) fn new(record: HostRecord) -> Self {
        let heard_since = record.last_seen_at.unwrap_or(record.joined_at);
        Self { record, newest: None, rates: HostRates::default(), tracks: BTreeMap::new(), heard_since }
    }

    /// When it was last heard; joining counts.
    pub(crate) fn last_seen(&self) -> Timestamp {
        self.record.last_seen_at.unwrap_or(self.record.joined_at)
    }

    /// Takes its record as it is now.
    pub(crate) fn refresh(&mut self, record: HostRecord, silent_after_s: u32) {
        let before = self.last_seen();
        self.record = record;
        if self.last_seen().ms_since(before) >= i64::from(silent_after_s) * 1000 {
            self.heard_since = self.last_seen();
        }
    }

    /// Takes a sample; an older one than the newest is history and judged nowhere.
    pub(crate) fn feed(&mut self, catalogue: &Catalogue, at: Timestamp, sample: &Sample) {
        if self.newest.as_ref().is_some_and(|(newest, _)| at <= *newest) {
            return;
        }
        let gap = gap_ms(catalogue);
        let before = self.newest.take().filter(|(earlier, _)| at.ms_since(*earlier) <= gap);
        let readings = readings(before.as_ref().map(|(t, s)| (at.ms_since(*t), s.as_ref())), sample);
        self.rates = rates(before.as_ref().map(|(t, s)| (at.ms_since(*t), s.as_ref())), sample, &readings);
        for (metric, part, permille) in readings {
            let Some(threshold) = catalogue.thresholds.iter().find(|t: &&Threshold| t.metric == metric) else {
                continue;
            };
            if self.tracks.len() < TRACKS_MAX || self.tracks.contains_key(&(metric, part.clone())) {
                self.tracks.entry((metric, part)).or_default().feed(threshold, gap, at, permille);
            }
        }
        self.newest = Some((at, Arc::new(sample.clone())));
    }
}

/// Every reading that has a threshold: metric, part (`/var`, `eth0`; empty for the host), thousandths.
fn readings(before: Option<(i64, &Sample)>, after: &Sample) -> Vec<(ThresholdMetric, String, u32)> {
    let mut out = Vec::new();
    if let Some((elapsed_ms, before)) = before {
        let cpu = before.cpu_total.as_ref().zip(after.cpu_total.as_ref());
        let busy = cpu.and_then(|(b, a)| rate::cpu_busy_permille(b, a));
        out.extend(busy.map(|permille| (ThresholdMetric::Cpu, String::new(), permille)));
        for a in &after.interfaces {
            let b = before.interfaces.iter().find(|b| b.device == a.device);
            let busy = b.and_then(|b| rate::bandwidth_permille(b, a, elapsed_ms));
            out.extend(busy.map(|permille| (ThresholdMetric::Bandwidth, a.device.clone(), permille)));
        }
    }
    let memory = after.memory.as_ref().and_then(rate::memory_permille);
    out.extend(memory.map(|permille| (ThresholdMetric::Memory, String::new(), permille)));
    for filesystem in after.filesystems.iter().filter(|f| f.read_only != Some(true)) {
        let used = rate::storage_permille(filesystem);
        out.extend(used.map(|permille| (ThresholdMetric::Storage, filesystem.mount_point.clone(), permille)));
    }
    out
}

fn rates(before: Option<(i64, &Sample)>, after: &Sample, readings: &[(ThresholdMetric, String, u32)]) -> HostRates {
    let of = |metric| readings.iter().filter(move |(m, _, _)| *m == metric);
    HostRates {
        cpu_permille: of(ThresholdMetric::Cpu).map(|(_, _, p)| *p).next(),
        memory_permille: of(ThresholdMetric::Memory).map(|(_, _, p)| *p).next(),
        storage_permille: of(ThresholdMetric::Storage).max_by_key(|(_, _, p)| *p).map(|(_, m, p)| (m.clone(), *p)),
        network_bytes_per_second: before.and_then(|(ms, b)| rate::network_bytes_per_second(b, after, ms)),
    }
}
