//! The instant: milliseconds since 1970-01-01T00:00:00Z, an integer. Zones exist only in calendars and at the rim.

use chrono::{DateTime, SecondsFormat, Utc};
use std::fmt;

/// A UTC instant in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the Unix epoch.
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// From whole seconds since the Unix epoch; saturates.
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_ms(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, floored.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The instant floored to a whole second: ledgers and figures count in whole seconds.
    #[must_use]
    pub const fn floor_second(self) -> Self {
        Self(self.0.div_euclid(1000) * 1000)
    }

    /// This instant moved by `ms`, which may be negative; saturates.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// This instant moved by whole seconds; saturates.
    #[must_use]
    pub const fn plus_secs(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// Milliseconds from `earlier` to this instant; negative when `earlier` is later.
    pub const fn ms_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Parses RFC 3339 with an offset.
    ///
    /// # Errors
    /// The parser's own message, when `text` is not RFC 3339.
    pub fn parse_rfc3339(text: &str) -> Result<Self, chrono::ParseError> {
        DateTime::parse_from_rfc3339(text).map(|t| Self(t.timestamp_millis()))
    }

    /// As a chrono instant; the two ends of chrono's range where it lies outside.
    pub fn to_utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or(if self.0 < 0 {
            DateTime::<Utc>::MIN_UTC
        } else {
            DateTime::<Utc>::MAX_UTC
        })
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC; milliseconds only where there are any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = if self.0.rem_euclid(1000) == 0 { SecondsFormat::Secs } else { SecondsFormat::Millis };
        f.write_str(&self.to_utc().to_rfc3339_opts(form, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_prints() {
        let t = Timestamp::parse_rfc3339("2026-06-01T00:00:00+07:00").expect("valid");
        assert_eq!(t.to_string(), "2026-05-31T17:00:00Z");
        assert_eq!(t.plus_ms(5).to_string(), "2026-05-31T17:00:00.005Z");
        assert_eq!(t.plus_ms(5).floor_second(), t);
        assert_eq!(Timestamp::from_ms(-1).as_secs(), -1);
        assert!(Timestamp::parse_rfc3339("2026-06-01").is_err());
    }
}
