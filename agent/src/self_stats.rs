//! The agent's own figures: what every bound cost, and how long things took. Counters count from the start.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Most source names with a counter of their own; the rest is counted together as `other`.
const SOURCES_MAX: usize = 64;

/// Counters that any task may raise.
#[derive(Debug, Default)]
pub(crate) struct SelfStats {
    pub(crate) samples: Counter,
    pub(crate) sample_duration_us: Counter,
    pub(crate) sends: Counter,
    pub(crate) send_failures: Counter,
    pub(crate) sent_observations: Counter,
    pub(crate) rejected_observations: Counter,
    pub(crate) missed_ticks: Counter,
    pub(crate) probes: Counter,
    pub(crate) probe_errors: Counter,
    pub(crate) backup_looks: Counter,
    pub(crate) refused_scrapes: Counter,
    /// The newest sample's duration in microseconds.
    pub(crate) last_sample_us: Counter,
    /// Unix ms of the newest acknowledgement.
    pub(crate) last_ack_ms: Counter,
    failed_sources: Mutex<BTreeMap<String, u64>>,
}

/// One number that only grows, or that the newest value replaces.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Adds `by`.
    pub(crate) fn add(&self, by: u64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }

    /// Replaces the value.
    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// The value.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl SelfStats {
    /// Counts sources that failed in one cycle. `statvfs /data` counts as `statvfs`.
    pub(crate) fn count_failed_sources(&self, names: &[String]) {
        if names.is_empty() {
            return;
        }
        let mut counters = self.failed_sources.lock().unwrap_or_else(PoisonError::into_inner);
        for name in names {
            let name = name.split(' ').next().unwrap_or(name);
            let name = if counters.len() >= SOURCES_MAX && !counters.contains_key(name) { "other" } else { name };
            *counters.entry(name.to_owned()).or_default() += 1;
        }
    }

    /// Failures by source.
    pub(crate) fn failed_sources(&self) -> BTreeMap<String, u64> {
        self.failed_sources.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_sources_are_counted_by_name_within_a_bound() {
        let stats = SelfStats::default();
        stats.count_failed_sources(&["stat".into(), "statvfs /a".into(), "statvfs /b".into()]);
        assert_eq!(stats.failed_sources().into_iter().collect::<Vec<_>>(), [("stat".into(), 1), ("statvfs".into(), 2)]);
        let many: Vec<String> = (0..200).map(|number| format!("source{number}")).collect();
        stats.count_failed_sources(&many);
        assert_eq!(stats.failed_sources().len(), SOURCES_MAX + 1);
        assert_eq!(stats.failed_sources()["other"], 200 - (SOURCES_MAX as u64 - 2));
    }
}
