//! Can this schedule hold this RPO, and does this backup look like those before it (engines C.2, lint and plausibility).

use crate::domain::profile::Operator;

/// So many earlier backups make the measure.
pub const EARLIER: usize = 7;

/// Below this share of the median size a backup is suspicious, in ppm.
pub const SIZE_RATIO_PPM: u32 = 500_000;

/// Below this share of the median run time a backup is suspicious, in ppm.
pub const RUN_TIME_RATIO_PPM: u32 = 200_000;

/// The highest exposure a schedule leads to when everything goes well: one interval and the length of a run.
pub const fn worst_exposure_s(interval_s: u64, duration_s_max: u64) -> u64 {
    interval_s.saturating_add(duration_s_max)
}

/// Whether a schedule can hold an RPO at all.
pub const fn is_feasible(worst_exposure_s: u64, rpo_seconds: u32, operator: Operator) -> bool {
    match operator {
        Operator::Below => worst_exposure_s < rpo_seconds as u64,
        Operator::AtMost => worst_exposure_s <= rpo_seconds as u64,
    }
}

/// The median of the newest [`EARLIER`] values (newest last); the lower of the two in the middle of an even number.
pub fn median(values: &[u64]) -> Option<u64> {
    let mut newest = values.get(values.len().saturating_sub(EARLIER)..)?.to_vec();
    newest.sort_unstable();
    newest.get(newest.len().checked_sub(1)? / 2).copied()
}

/// Whether `value` lies below `ratio_ppm` of the median of those before it; never without any before it.
pub fn is_suspicious(earlier: &[u64], value: u64, ratio_ppm: u32) -> bool {
    median(earlier).is_some_and(|median| u128::from(value) * 1_000_000 < u128::from(median) * u128::from(ratio_ppm))
}
