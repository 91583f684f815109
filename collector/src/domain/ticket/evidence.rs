//! What a ticket was opened on: a bounded excerpt of the observations around its onset, copied at opening because raw
//! samples do not live as long as a ticket.
//!
//! Holds observations and no judgement: which services of the public suffer and what to do first follows from catalogue
//! and class whenever it is shown.

use pantau_shared::timestamp::Timestamp;

/// The most points of one drawn reading.
pub const POINTS_MAX: usize = 60;
/// The most answers of checks.
pub const ANSWERS_MAX: usize = 12;
/// The most readings.
pub const READINGS_MAX: usize = 2;

/// One answer of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerSeen {
    /// When.
    pub at: Timestamp,
    /// Which check, for people.
    pub check: String,
    /// Who asked.
    pub host: String,
    /// `ok`, `degraded`, `failed`, `probe_error`.
    pub verdict: String,
    /// Where it ended, by its code; empty where it did not fail.
    pub phase: String,
    /// Why, as the agent said.
    pub reason: String,
    /// From start to verdict, in milliseconds, floored.
    pub duration_ms: u64,
}

/// A reading of a host over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadingSeen {
    /// `cpu`, `ram`, `storage`, `bandwidth`.
    pub metric: String,
    /// Of what on the host; empty for the host.
    pub part: String,
    /// The limit, in thousandths.
    pub limit_permille: u32,
    /// Values in thousandths, rising in time; at most [`POINTS_MAX`].
    pub points: Vec<(Timestamp, u32)>,
}

/// The excerpt.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evidence {
    /// Newest last; at most [`ANSWERS_MAX`].
    pub answers: Vec<AnswerSeen>,
    /// The last good answer before the onset.
    pub last_good: Option<AnswerSeen>,
    /// At most [`READINGS_MAX`].
    pub readings: Vec<ReadingSeen>,
    /// Hosts concerned that started within a day before, and when.
    pub booted: Vec<(String, Timestamp)>,
    /// The revision of the catalogue that was applied within a day before, and when.
    pub catalogue: Option<(u32, Timestamp)>,
}

impl Evidence {
    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Where the newest answer that was not good ended; empty: none is told.
    pub fn phase(&self) -> &str {
        let bad = self.answers.iter().rev().find(|answer| !answer.phase.is_empty());
        bad.map_or("", |answer| answer.phase.as_str())
    }
}

/// At most `max` of `points`: of several neighbours the highest stands for them, the last one always stays.
pub fn thinned(points: &[(Timestamp, u32)], max: usize) -> Vec<(Timestamp, u32)> {
    let Some((last, before)) = points.split_last().filter(|_| max > 1) else {
        return points.iter().take(max).copied().collect();
    };
    let group = before.len().div_ceil(max - 1).max(1);
    let mut kept: Vec<(Timestamp, u32)> =
        before.chunks(group).filter_map(|several| several.iter().max_by_key(|(_, value)| *value).copied()).collect();
    kept.push(*last);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_and_the_last_point_survive_thinning() {
        let points: Vec<(Timestamp, u32)> =
            (0..600_u32).map(|n| (Timestamp::from_secs(i64::from(n)), if n == 333 { 999 } else { n % 7 })).collect();
        let kept = thinned(&points, POINTS_MAX);
        assert!(kept.len() <= POINTS_MAX, "{}", kept.len());
        assert!(kept.contains(&points[333]) && kept.last() == points.last());
        assert!(kept.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(thinned(&points[..3], POINTS_MAX), points[..3]);
        assert_eq!(thinned(&[], POINTS_MAX), []);
        assert_eq!(thinned(&points, 1).len(), 1);
    }
}
