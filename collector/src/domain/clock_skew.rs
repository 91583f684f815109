//! When an observation was really made, by the collector's clock.
//!
//! An agent's wall clock may be wrong; the time that passed on it since the observation is not. So, in order:
//!
//! 1. the agent told the observation's monotonic age: observed = received − age (`age`);
//! 2. no age, and the agent's clock is off by more than the tolerance: shifted by received − sent (`offset`);
//! 3. else as the agent said (`as_sent`).
//!
//! The result is never later than its receipt and never before the agent started; where that mattered the method ends
//! in `_clamped`. Knows no time of flight: it is part of the error and far below the tolerance.

use pantau_shared::timestamp::Timestamp;

/// An offset up to this is taken for time of flight and ordinary drift.
pub const TOLERANCE_MS: u64 = 5_000;

/// A skew beyond this opens a warning.
pub const WARN_MS: u64 = 60_000;

/// What is known of an observation's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamps {
    /// When the collector received it, by the collector's clock.
    pub received: Timestamp,
    /// When the agent sent it, by the agent's clock.
    pub sent: Timestamp,
    /// When it was observed, by the agent's clock.
    pub observed: Timestamp,
    /// How old it was when sent, by a clock that only runs forward, in milliseconds.
    pub age_ms: Option<u64>,
    /// When the agent started, by the collector's clock, where known.
    pub agent_started: Option<Timestamp>,
}

/// Which rule told the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// From the monotonic age.
    Age,
    /// As the agent said.
    AsSent,
    /// Shifted by the offset of the agent's clock.
    Offset,
}

/// The time of an observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observed {
    /// When, by the collector's clock.
    pub at: Timestamp,
    /// By which rule.
    pub method: Method,
    /// Whether it had to be moved to the receipt or the agent's start.
    pub clamped: bool,
    /// How far the agent's clock is ahead of the collector's, in milliseconds; negative when behind.
    pub skew_ms: i64,
}

impl Observed {
    /// The rule's name in the API and in explanations.
    pub const fn method_name(&self) -> &'static str {
        match (self.method, self.clamped) {
            (Method::Age, false) => "age",
            (Method::Age, true) => "age_clamped",
            (Method::AsSent, false) => "as_sent",
            (Method::AsSent, true) => "as_sent_clamped",
            (Method::Offset, false) => "offset",
            (Method::Offset, true) => "offset_clamped",
        }
    }

    /// Whether the agent's clock is off by more than [`WARN_MS`].
    pub const fn warns(&self) -> bool {
        self.skew_ms.unsigned_abs() > WARN_MS
    }
}

/// Tells the time of an observation; `tolerance_ms` is [`TOLERANCE_MS`] unless configured.
pub fn evaluate(stamps: &Stamps, tolerance_ms: u64) -> Observed {
    let offset_ms = stamps.received.ms_since(stamps.sent);
    let (told, method) = match stamps.age_ms {
        Some(age_ms) => {
            (stamps.received.plus_ms(i64::try_from(age_ms).unwrap_or(i64::MAX).saturating_neg()), Method::Age)
        }
        None if offset_ms.unsigned_abs() > tolerance_ms => (stamps.observed.plus_ms(offset_ms), Method::Offset),
        None => (stamps.observed, Method::AsSent),
    };
    let started = stamps.agent_started.map_or(told, |started| told.max(started));
    let at = started.min(stamps.received);
    Observed { at, method, clamped: at != told, skew_ms: offset_ms.saturating_neg() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All in seconds after an arbitrary instant.
    fn check(sent: i64, observed: i64, age: Option<u64>, started: Option<i64>, expected: (i64, &str, bool)) {
        let at = |s: i64| Timestamp::from_secs(1_780_000_000 + s);
        let stamps = Stamps {
            received: at(0),
            sent: at(sent),
            observed: at(observed),
            age_ms: age.map(|s| s * 1000),
            agent_started: started.map(at),
        };
        let told = evaluate(&stamps, TOLERANCE_MS);
        assert_eq!((told.at, told.method_name(), told.warns()), (at(expected.0), expected.1, expected.2), "{stamps:?}");
    }

    #[test]
    fn rules_in_their_order() {
        // The age beats any wall clock; a skewed clock still warns.
        check(600, 570, Some(30), None, (-30, "age", true));
        check(0, 0, Some(0), None, (0, "age", false));
        // Exactly the tolerance is tolerated, one second more is not.
        check(5, -10, None, None, (-10, "as_sent", false));
        check(-5, -10, None, None, (-10, "as_sent", false));
        check(6, -10, None, None, (-16, "offset", false));
        check(-6, -10, None, None, (-4, "offset", false));
        // Warned of only beyond a minute.
        check(60, 55, None, None, (-5, "offset", false));
        check(61, 56, None, None, (-5, "offset", true));
        // Never later than the receipt, never before the start.
        check(2, 2, None, None, (0, "as_sent_clamped", false));
        check(-20, -10, None, None, (0, "offset_clamped", false));
        check(0, 0, Some(500), Some(-100), (-100, "age_clamped", false));
        check(0, -500, None, Some(-100), (-100, "as_sent_clamped", false));
        // An impossible start does not push anything past the receipt.
        check(0, 0, Some(10), Some(100), (0, "age_clamped", false));
    }

    #[test]
    fn absurd_numbers_saturate() {
        let at = Timestamp::from_secs(1_780_000_000);
        let absurd = Timestamp::from_ms(i64::MIN);
        let stamps =
            Stamps { received: at, sent: absurd, observed: absurd, age_ms: Some(u64::MAX), agent_started: None };
        assert!(evaluate(&stamps, TOLERANCE_MS).at < at);
        assert!(evaluate(&Stamps { age_ms: None, ..stamps }, TOLERANCE_MS).at <= at);
    }
}
