//! How much of each component a service used in a period: mean, p95, maximum and how much of the time has data
//! (regulation 3.6, field 3), from roll-ups. A year of a host is some rows.

use super::build::Site;
use super::document::UtilisationRow;
use crate::domain::catalogue::{Service, ThresholdMetric};
use crate::domain::improvement::Usage;
use crate::domain::interval::Interval;
use crate::host_series::{self, Metric, NoAnswer, Question};
use crate::store::{Reader, StoreError};
use pantau_shared::ids::HostId;

/// Wanted length of the steps behind p95, in seconds; longer where finer values are gone.
const STEP_S: i64 = 300;

/// What is measured: short name, whether it is a share, and the threshold it is near to.
const METRICS: [(&str, bool, Option<ThresholdMetric>); 5] = [
    ("cpu", true, Some(ThresholdMetric::Cpu)),
    ("memory", true, Some(ThresholdMetric::Memory)),
    ("storage", true, Some(ThresholdMetric::Storage)),
    ("network_in", false, None),
    ("network_out", false, None),
];

/// The rows of a service's hosts, and what of them may suggest something.
pub(super) fn load(
    reader: &Reader,
    site: &Site<'_>,
    service: &Service,
    window: Interval,
) -> Result<(Vec<UtilisationRow>, Vec<Usage>), StoreError> {
    let (mut rows, mut usage) = (Vec::new(), Vec::new());
    for host in &service.hosts {
        for (name, is_share, threshold) in METRICS {
            let Some(row) = row(reader, site, host, (name, is_share), window)? else { continue };
            let close = threshold.and_then(|metric| site.catalogue.threshold_of(host, metric, ""));
            if let (Some(close), Some(p95_permille)) = (close, row.p95) {
                let (host, metric) = (host.to_string(), format!("metric-{name}"));
                usage.push(Usage { host, metric, p95_permille, close_permille: close.clear_permille.into() });
            }
            rows.push(row);
        }
    }
    Ok((rows, usage))
}

/// One metric of one host; `None`: a host that never told it.
fn row(
    reader: &Reader,
    site: &Site<'_>,
    host: &HostId,
    (name, is_share): (&str, bool),
    window: Interval,
) -> Result<Option<UtilisationRow>, StoreError> {
    let Some(metric) = Metric::parse(name).filter(|_| !window.is_empty()) else { return Ok(None) };
    let question = Question {
        host: host.clone(),
        metric,
        from: window.from,
        to: window.to,
        step_seconds: STEP_S,
        period_ms: site.catalogue.sample_period_ms,
    };
    let answer = match host_series::load(reader, &question) {
        Ok(answer) => answer,
        Err(NoAnswer::Store(error)) => return Err(error),
        Err(NoAnswer::Unknown | NoAnswer::Several(_)) => return Ok(None),
    };
    // Rates of counters are told in thousandths.
    let whole = |value: u64| if answer.is_milli { value / 1000 } else { value };
    let step_s = u64::try_from(answer.step_seconds).unwrap_or(1).max(1);
    let steps = window.length_s().div_ceil(step_s).max(1);
    let known = u64::try_from(answer.steps.len()).unwrap_or(u64::MAX).min(steps);
    let coverage_ppm = u32::try_from(known.saturating_mul(1_000_000) / steps).unwrap_or(u32::MAX);
    let range = answer.range();
    Ok(Some(UtilisationRow {
        host: host.to_string(),
        metric: name.to_owned(),
        unit: if is_share { "permille" } else { "bytes_per_second" }.to_owned(),
        mean: range.map(|(_, mean, _)| whole(mean)),
        p95: percentile(answer.steps.iter().map(|step| whole(step.mean())).collect(), 95),
        max: range.map(|(_, _, max)| whole(max)),
        step_s,
        coverage_ppm,
    }))
}

/// The smallest value that at least `percent` of 100 values do not exceed (nearest rank).
fn percentile(mut values: Vec<u64>, percent: usize) -> Option<u64> {
    values.sort_unstable();
    let rank = (values.len() * percent).div_ceil(100);
    values.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_there() {
        assert_eq!(percentile(vec![], 95), None);
        assert_eq!(percentile(vec![7], 95), Some(7));
        assert_eq!(percentile((1..=100).rev().collect(), 95), Some(95));
        assert_eq!(percentile((1..=20).collect(), 95), Some(19));
        assert_eq!(percentile(vec![1, 9], 95), Some(9));
    }
}
