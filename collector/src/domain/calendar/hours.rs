//! Hours of a day and of a week, as they are written: `07:30`, `24:00`.

use chrono::Weekday;
use std::fmt;

/// A wall clock reading in whole minutes, `00:00` to `24:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MinuteOfDay(u16);

/// Why hours are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    /// Not a reading of a clock.
    #[error("time of day {text:?} is not HH:MM between 00:00 and 24:00")]
    Reading {
        /// What was given.
        text: String,
    },
    /// Closes before it opens.
    #[error("open interval {opens}-{closes} ends before it begins; an interval over midnight is written as two")]
    Backward {
        /// Opening time.
        opens: MinuteOfDay,
        /// Closing time.
        closes: MinuteOfDay,
    },
    /// Two intervals of one day share time.
    #[error("open interval {opens}-{closes} overlaps the one before it")]
    Overlap {
        /// Opening time.
        opens: MinuteOfDay,
        /// Closing time.
        closes: MinuteOfDay,
    },
}

impl MinuteOfDay {
    /// Parses `HH:MM`.
    ///
    /// # Errors
    /// [`HoursError::Reading`] for anything but two digits, a colon and two digits, up to `24:00`.
    pub fn parse(text: &str) -> Result<Self, HoursError> {
        let refused = || HoursError::Reading { text: text.chars().take(32).collect() };
        let (hour, minute) = text.split_once(':').ok_or_else(refused)?;
        let number = |digits: &str| match digits.as_bytes() {
            [a, b] if a.is_ascii_digit() && b.is_ascii_digit() => Ok(u16::from(a - b'0') * 10 + u16::from(b - b'0')),
            _ => Err(refused()),
        };
        let (hour, minute) = (number(hour)?, number(minute)?);
        match hour * 60 + minute {
            total if minute < 60 && total <= 1440 => Ok(Self(total)),
            _ => Err(refused()),
        }
    }

    /// Milliseconds since midnight on the wall clock.
    pub(crate) fn as_ms(self) -> i64 {
        i64::from(self.0) * 60_000
    }
}

impl fmt::Display for MinuteOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// The open intervals of each weekday, in order, without overlap; a day without any is closed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WeeklyHours {
    /// Monday first.
    days: [Vec<(MinuteOfDay, MinuteOfDay)>; 7],
}

impl WeeklyHours {
    /// Sets the open intervals of one weekday, in any order; intervals that touch are allowed.
    ///
    /// # Errors
    /// [`HoursError`] when one ends before it begins or two overlap.
    pub fn set(&mut self, day: Weekday, mut open: Vec<(MinuteOfDay, MinuteOfDay)>) -> Result<(), HoursError> {
        open.sort_unstable();
        let mut closed_until = MinuteOfDay(0);
        for &(opens, closes) in &open {
            if closes <= opens {
                return Err(HoursError::Backward { opens, closes });
            }
            if opens < closed_until {
                return Err(HoursError::Overlap { opens, closes });
            }
            closed_until = closes;
        }
        if let Some(slot) = self.days.get_mut(day.num_days_from_monday() as usize) {
            *slot = open;
        }
        Ok(())
    }

    /// The open intervals of a weekday, in order.
    pub fn on(&self, day: Weekday) -> &[(MinuteOfDay, MinuteOfDay)] {
        self.days.get(day.num_days_from_monday() as usize).map_or(&[], Vec::as_slice)
    }
}
