//! What happens in the simulated office: a pure function of the seed and of the moment at which "now" is.
//!
//! The last days are composed, so that every page has something to show; the days before are drawn from the seed.

use crate::domain::interval::Interval;
use pantau_shared::timestamp::Timestamp;

const MINUTE_MS: i64 = 60_000;
/// Everything older than this many days is drawn.
const COMPOSED_DAYS: i64 = 6;
/// Disturbances drawn per service.
const DRAWN: u64 = 5;
/// One answer of so many is a lone failure, which confirms nothing.
const BLIP_ONE_OF: u64 = 400;
/// While the demo runs, one service is down for the first minutes of each such period.
const LIVE_PERIOD_MS: i64 = 20 * MINUTE_MS;
const LIVE_DOWN_MS: i64 = 4 * MINUTE_MS;

/// Services of the demo's catalogue.
pub(super) const SERVICES: [&str; 7] = ["simpeg", "sipd", "e-office", "perizinan", "ppid", "website", "absensi"];

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The service does not answer.
    Down,
    /// It answers slowly.
    Slow,
    /// The agent of the host is away: nothing is observed.
    Away,
}

/// One piece of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Incident {
    /// A service; a host when the agent is away.
    pub(super) subject: &'static str,
    /// What.
    pub(super) trouble: Trouble,
    /// When.
    pub(super) span: Interval,
}

/// The whole office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scenario {
    seed: u64,
    /// First simulated moment.
    pub(super) start: Timestamp,
    /// End of the generated past.
    pub(super) end: Timestamp,
    incidents: Vec<Incident>,
}

/// A number drawn from `seed` and `place`: the finishing steps of SplitMix64 (Steele, Lea, Flood 2014).
pub(super) fn draw(seed: u64, place: &[u64]) -> u64 {
    let mix = |state: u64| {
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    };
    place.iter().fold(mix(seed.wrapping_add(0x9E37_79B9_7F4A_7C15)), |state, part| {
        mix((state ^ part).wrapping_add(0x9E37_79B9_7F4A_7C15))
    })
}

/// Subject, what, minutes before the end, minutes of duration.
const COMPOSED: [(&str, Trouble, i64, i64); 10] = [
    ("perizinan", Trouble::Down, 47, 82),
    ("absensi", Trouble::Slow, 13, 30),
    ("e-office", Trouble::Down, 4 * 60 + 10, 70),
    ("sipd", Trouble::Slow, 20 * 60, 50),
    ("ppid", Trouble::Down, 41 * 60, 25),
    ("website", Trouble::Down, 54 * 60, 35),
    ("simpeg", Trouble::Slow, 77 * 60, 80),
    ("absensi", Trouble::Slow, 90 * 60, 25),
    ("mpp-01", Trouble::Away, 100 * 60, 140),
    ("pantau-01", Trouble::Away, 106 * 60, 55),
];

impl Scenario {
    /// The office over the `days` before `end`.
    pub(super) fn new(seed: u64, end: Timestamp, days: u32) -> Self {
        let start = end.plus_secs(-86_400 * i64::from(days));
        let span = |before: i64, minutes: i64| {
            let from = end.plus_ms(-before * MINUTE_MS);
            Interval::new(from, from.plus_ms(minutes * MINUTE_MS))
        };
        let composed = COMPOSED.iter().map(|(subject, trouble, before, minutes)| Incident {
            subject,
            trouble: *trouble,
            span: span(*before, *minutes),
        });
        let mut incidents: Vec<Incident> = composed.collect();
        let drawn_days = (i64::from(days) - COMPOSED_DAYS).max(0);
        for (index, subject) in (0_u64..).zip(SERVICES).take(if drawn_days > 0 { SERVICES.len() } else { 0 }) {
            for number in 0..DRAWN {
                let pick = |what: u64, of: u64| draw(seed, &[index, number, what]) % of.max(1);
                let minute = i64::try_from(pick(0, drawn_days.unsigned_abs() * 1440)).unwrap_or(0);
                let minutes = [6, 9, 14, 25, 40, 65, 110, 190].get(pick(1, 8) as usize).copied().unwrap_or(14);
                let trouble = if pick(2, 5) < 3 { Trouble::Down } else { Trouble::Slow };
                incidents.push(Incident { subject, trouble, span: span(COMPOSED_DAYS * 1440 + minute, minutes) });
            }
        }
        for number in 0..2 {
            let minute = draw(seed, &[99, number]) % (drawn_days.unsigned_abs() * 1440).max(1);
            let before = COMPOSED_DAYS * 1440 + i64::try_from(minute).unwrap_or(0);
            incidents.push(Incident { subject: "pantau-01", trouble: Trouble::Away, span: span(before, 160) });
        }
        incidents.retain(|i| i.span.from > start);
        Self { seed, start, end, incidents }
    }

    /// What is wrong with a service or a host's agent at `at`.
    pub(super) fn trouble(&self, subject: &str, at: Timestamp) -> Option<Trouble> {
        let since_end = at.ms_since(self.end);
        let live = subject == "absensi" && since_end >= LIVE_PERIOD_MS * 2;
        if live && since_end.rem_euclid(LIVE_PERIOD_MS) < LIVE_DOWN_MS {
            return Some(Trouble::Down);
        }
        self.incidents.iter().find(|i| i.subject == subject && i.span.contains(at)).map(|i| i.trouble)
    }

    /// Whether something happens in `window` or has just ended, so that time is to be walked in small steps.
    pub(super) fn is_busy(&self, window: Interval) -> bool {
        const MARGIN_MS: i64 = 20 * MINUTE_MS;
        self.incidents.iter().any(|i| i.span.from < window.to && window.from < i.span.to.plus_ms(MARGIN_MS))
    }

    /// A number below `below`, always the same for the same place.
    pub(super) fn noise(&self, place: &[u64], below: u64) -> u64 {
        draw(self.seed, place) % below.max(1)
    }

    /// Whether the answer of `at` is a lone failure.
    pub(super) fn is_blip(&self, service: u64, at: Timestamp) -> bool {
        at < self.end && self.noise(&[7, service, at.as_ms().unsigned_abs()], BLIP_ONE_OF) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_decides_and_nothing_lies_before_the_start() {
        let end = Timestamp::from_secs(1_790_000_000);
        assert_eq!(Scenario::new(1, end, 60), Scenario::new(1, end, 60));
        assert_ne!(Scenario::new(1, end, 60).incidents, Scenario::new(2, end, 60).incidents);
        for days in [1, 5, 60] {
            let scenario = Scenario::new(1, end, days);
            assert!(scenario.incidents.iter().all(|i| i.span.from > scenario.start));
        }
        assert_eq!(Scenario::new(1, end, 5).trouble("perizinan", end), Some(Trouble::Down));
        assert_eq!(Scenario::new(1, end, 5).trouble("simpeg", end), None);
    }
}
