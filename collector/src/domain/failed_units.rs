//! Units of systemd that have failed and stay so.
//!
//! ```text
//! failed in a reading ──► failing(since) ── in every reading for `hold` ──► told, as one disturbance of the host
//!                            │ not in a reading: forgotten; a unit that restarts by itself is never told
//! no unit in a reading ──► good since that reading; some unit, not yet for long enough: nobody knows
//! ```
//!
//! Units that the office ignores are left out before they come here. Readings arrive in order of time; an older one is
//! ignored. A pause longer than the gap bound restarts the hold of what was not yet told. An agent names at most
//! [`NAMES_MAX`] units: where more have failed and none of the named counts, nobody knows.

use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;

/// Units of a host that are remembered; an agent names no more.
pub const NAMES_MAX: usize = 64;
/// Units that a sentence names; it says how many more there are.
const SHOWN_MAX: usize = 8;

/// When failed units are a disturbance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailedUnitsPolicy {
    /// A unit must stay failed for so long, in seconds.
    pub hold_seconds: u32,
}

impl Default for FailedUnitsPolicy {
    /// Longer than the usual restarts of a unit and than an agent's minute between two looks.
    fn default() -> Self {
        Self { hold_seconds: 300 }
    }
}

/// What is known of a host's units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnitsView<'a> {
    /// Some stay failed.
    Failing {
        /// All that are failed now, by name.
        names: Vec<&'a str>,
        /// The first of those that stay failed, since then.
        since: Timestamp,
    },
    /// None is failed, without a break since then.
    Good(Timestamp),
    /// No reading lately, or a unit that is failed and not yet for long enough.
    Unseen,
}

/// The carried state of one host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FailedUnits {
    last: Option<Timestamp>,
    /// Each failed unit with the first of its unbroken readings.
    failed: BTreeMap<String, Timestamp>,
    good_since: Option<Timestamp>,
}

/// See [`FailedUnits::parts`].
pub type UnitsParts = (Option<Timestamp>, BTreeMap<String, Timestamp>, Option<Timestamp>);

impl FailedUnits {
    /// Takes a reading: the units that are failed at `at` and count, and whether there are failed ones without a name.
    /// Whether a judgement may follow.
    pub fn feed<'a>(
        &mut self,
        policy: FailedUnitsPolicy,
        gap_ms: i64,
        at: Timestamp,
        names: impl Iterator<Item = &'a str>,
        unnamed: bool,
    ) -> bool {
        if self.last.is_some_and(|last| at <= last) {
            return false;
        }
        let before = std::mem::take(&mut self.failed);
        let kept = |since: Timestamp, last: Timestamp| {
            // What was told once stays told over a pause.
            at.ms_since(last) <= gap_ms || held(policy, since, last)
        };
        for name in names.take(NAMES_MAX) {
            let since = before.get(name).copied().zip(self.last);
            let since = since.filter(|(since, last)| kept(*since, *last)).map_or(at, |(since, _)| since);
            self.failed.insert(name.to_owned(), since);
        }
        let was_bad = !before.is_empty();
        self.last = Some(at);
        if self.failed.is_empty() && !unnamed {
            self.good_since.get_or_insert(at);
        } else {
            self.good_since = None;
        }
        was_bad || self.failed.values().any(|since| held(policy, *since, at))
    }

    /// What is known at `now`.
    pub fn view(&self, policy: FailedUnitsPolicy, gap_ms: i64, now: Timestamp) -> UnitsView<'_> {
        let Some(last) = self.last.filter(|last| now.ms_since(*last) <= gap_ms) else { return UnitsView::Unseen };
        let told = self.failed.values().copied().filter(|since| held(policy, *since, last)).min();
        match (told, self.good_since) {
            (Some(since), _) => UnitsView::Failing { names: self.failed.keys().map(String::as_str).collect(), since },
            (None, Some(since)) => UnitsView::Good(since),
            (None, None) => UnitsView::Unseen,
        }
    }

    /// Whether any unit that counts is failed.
    pub fn any(&self) -> bool {
        !self.failed.is_empty()
    }

    /// The failed units that count, by name, each with the first of its unbroken readings.
    pub fn list(&self) -> Vec<(String, Timestamp)> {
        self.failed.iter().map(|(name, since)| (name.clone(), *since)).collect()
    }

    /// Since when none is failed.
    pub fn good_since(&self) -> Option<Timestamp> {
        self.good_since
    }

    /// The carried state as plain values, for a checkpoint: newest reading, failed units, good since.
    pub fn parts(&self) -> UnitsParts {
        (self.last, self.failed.clone(), self.good_since)
    }

    /// The state that had these values; see [`Self::parts`].
    pub fn from_parts((last, failed, good_since): UnitsParts) -> Self {
        Self { last, failed, good_since }
    }
}

fn held(policy: FailedUnitsPolicy, since: Timestamp, last: Timestamp) -> bool {
    last.ms_since(since) >= i64::from(policy.hold_seconds) * 1000
}

/// The names in a sentence: the first few, and how many more there are.
pub fn render_names(names: &[&str]) -> String {
    let shown = names.get(..SHOWN_MAX).unwrap_or(names).join(", ");
    match names.len().saturating_sub(SHOWN_MAX) {
        0 => shown,
        more => format!("{shown} (+{more})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    /// Readings every 10 s: `.` none failed, `-` no reading, letters the failed units; hold 30 s, gap 30 s.
    #[track_caller]
    fn check(readings: &str, expected: UnitsView<'_>) {
        let (policy, mut units) = (FailedUnitsPolicy { hold_seconds: 30 }, FailedUnits::default());
        let mut now = s(0);
        for (index, reading) in (0_i64..).zip(readings.split_whitespace()) {
            now = s(index * 10);
            let names: Vec<&str> = if reading == "." { vec![] } else { reading.split("").collect() };
            if reading != "-" {
                let names = || names.iter().copied().filter(|name| !name.is_empty() && *name != "?");
                units.feed(policy, 30_000, now, names(), reading.contains('?'));
                units.feed(policy, 30_000, now, [].into_iter(), false); // a duplicate changes nothing
            }
        }
        assert_eq!(units.view(policy, 30_000, now), expected, "{readings}");
    }

    #[test]
    fn a_unit_that_stays_failed_is_told_and_one_that_restarts_is_not() {
        let failing = |names: &[&'static str], since| UnitsView::Failing { names: names.to_vec(), since: s(since) };
        check(". . .", UnitsView::Good(s(0)));
        check(". a a a", UnitsView::Unseen);
        check(". a a a a", failing(&["a"], 10));
        // Each for itself: three that take turns are no disturbance of half a minute.
        check("a a b b c c a a", UnitsView::Unseen);
        check("a ab ab ab b b", failing(&["b"], 10));
        check("a a a ab", failing(&["a", "b"], 0));
        check("a a a a .", UnitsView::Good(s(40)));
        check("a a a a b", UnitsView::Unseen);
    }

    #[test]
    fn silence_and_units_without_a_name_tell_nothing() {
        check("a a a a - - - -", UnitsView::Unseen);
        check("a a - - - - a a", UnitsView::Unseen);
        check("a a a a - - - - a", UnitsView::Failing { names: vec!["a"], since: s(0) });
        check(". . ?", UnitsView::Unseen);
        check("? ? . .", UnitsView::Good(s(20)));
    }

    #[test]
    fn a_sentence_names_a_few() {
        assert_eq!(render_names(&["a.service", "b.timer"]), "a.service, b.timer");
        assert_eq!(render_names(&["u"; 11]), "u, u, u, u, u, u, u, u (+3)");
    }
}
