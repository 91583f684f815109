//! Values that are tried in a replay, written as in the catalogue's file: `alarm_persen=90`, `selama=10m`.

use super::ValuePair;
use crate::domain::catalogue::{Catalogue, Threshold};
use crate::domain::rule::{Rule, Unit};

/// Most failures in a row, as in the catalogue.
const COUNT_MAX: u32 = 20;
/// Longest duration, in seconds.
const SECONDS_MAX: u64 = 7 * 86_400;

/// Values in the place of those in force; `None`: as in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tried {
    /// In thousandths.
    pub alarm_permille: Option<u32>,
    /// In thousandths.
    pub clear_permille: Option<u32>,
    /// In seconds.
    pub hold_seconds: Option<u32>,
    /// Failures in a row.
    pub confirm_failures: Option<u32>,
    /// In seconds.
    pub silent_after_seconds: Option<u32>,
    /// In seconds.
    pub units_hold_seconds: Option<u32>,
    /// In seconds.
    pub clock_offset_seconds: Option<u32>,
    /// In seconds.
    pub clock_free_seconds: Option<u32>,
    /// Tickets in an hour; 0: no bound.
    pub budget_per_hour: Option<u32>,
}

/// A value that cannot be tried.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TriedError {
    /// The rule has no such parameter.
    #[error("`{name}` is not a value of rule `{rule}`; known: {known}")]
    Unknown {
        /// What was given.
        name: String,
        /// Which rule.
        rule: &'static str,
        /// Its parameters.
        known: String,
    },
    /// Not in the parameter's unit, or out of range.
    #[error("`{name}` cannot be `{value}`; give {expected}")]
    Bad {
        /// Which.
        name: String,
        /// What was given.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
    /// Clearing above the alarm: it would never be good again.
    #[error("`pulih_persen` is above `alarm_persen`; give a value at or below it")]
    ClearAboveAlarm,
}

/// The parameter that every rule has besides its own.
const BUDGET: &str = "anggaran_per_jam";

impl Tried {
    /// The names that may be given for a rule.
    pub fn names(rule: Rule) -> Vec<&'static str> {
        rule.parameters().into_iter().map(|parameter| parameter.name).chain([BUDGET]).collect()
    }

    /// Reads names and values; an empty value is as in force.
    ///
    /// # Errors
    /// [`TriedError`].
    pub fn parse<'a>(rule: Rule, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, TriedError> {
        let mut tried = Self::default();
        for (name, value) in pairs {
            let value = value.trim();
            let parameter = rule.parameters().into_iter().find(|parameter| parameter.name == name);
            let unit = match (parameter, name) {
                (Some(parameter), _) => parameter.unit,
                (None, BUDGET) => Unit::Count,
                (None, _) => {
                    let known = Self::names(rule).join(", ");
                    return Err(TriedError::Unknown {
                        name: name.chars().take(40).collect(),
                        rule: rule.code(),
                        known,
                    });
                }
            };
            if value.is_empty() {
                continue;
            }
            let read = Some(parse_value(unit, name, value)?);
            match name {
                "alarm_persen" => tried.alarm_permille = read,
                "pulih_persen" => tried.clear_permille = read,
                "selama" => tried.hold_seconds = read,
                "gagal_berturut" => tried.confirm_failures = read,
                "host_senyap_setelah" => tried.silent_after_seconds = read,
                "unit_gagal_selama" => tried.units_hold_seconds = read,
                "jam_selisih_maks" => tried.clock_offset_seconds = read,
                "jam_tanpa_acuan_selama" => tried.clock_free_seconds = read,
                BUDGET => tried.budget_per_hour = read,
                // Of a rule that is not replayed.
                _ => {}
            }
        }
        if tried.alarm_permille.zip(tried.clear_permille).is_some_and(|(alarm, clear)| clear > alarm) {
            return Err(TriedError::ClearAboveAlarm);
        }
        Ok(tried)
    }

    /// Whether anything differs from what is in force.
    pub fn is_anything(&self) -> bool {
        *self != Self::default()
    }

    /// The threshold that is tried where `threshold` is in force.
    pub(super) fn over(&self, threshold: Threshold) -> Threshold {
        let alarm_permille = self.alarm_permille.unwrap_or(threshold.alarm_permille);
        Threshold {
            metric: threshold.metric,
            alarm_permille,
            clear_permille: self.clear_permille.unwrap_or(threshold.clear_permille).min(alarm_permille),
            hold_seconds: self.hold_seconds.unwrap_or(threshold.hold_seconds),
        }
    }

    /// The value that is tried of a parameter.
    fn of(&self, name: &str) -> Option<u32> {
        match name {
            "alarm_persen" => self.alarm_permille,
            "pulih_persen" => self.clear_permille,
            "selama" => self.hold_seconds,
            "gagal_berturut" => self.confirm_failures,
            "host_senyap_setelah" => self.silent_after_seconds,
            "unit_gagal_selama" => self.units_hold_seconds,
            "jam_selisih_maks" => self.clock_offset_seconds,
            "jam_tanpa_acuan_selama" => self.clock_free_seconds,
            _ => None,
        }
    }

    /// The rule's values in force with those that are tried beside them.
    pub(super) fn beside(&self, rule: Rule, catalogue: &Catalogue) -> Vec<ValuePair> {
        let of_rule = rule.values(catalogue, None, "").into_iter().map(|value| {
            let name = value.parameter.name;
            // A lower alarm takes the clearing with it.
            let dragged = self.alarm_permille.filter(|alarm| name == "pulih_persen" && *alarm < value.value);
            ValuePair { name: name.to_owned(), in_force: value.value, tried: self.of(name).or(dragged) }
        });
        let budget = ValuePair {
            name: BUDGET.to_owned(),
            in_force: catalogue.tuning.budget_per_hour(rule).unwrap_or(0),
            tried: self.budget_per_hour,
        };
        of_rule.chain([budget]).collect()
    }
}

/// A value in its unit, or what would be right.
fn parse_value(unit: Unit, name: &str, value: &str) -> Result<u32, TriedError> {
    let (read, expected) = match unit {
        Unit::Count => (
            value.parse().ok().filter(|n| (1..=COUNT_MAX).contains(n) || (name == BUDGET && *n <= 10_000)),
            if name == BUDGET { "a whole number from 0 to 10000" } else { "a whole number from 1 to 20" },
        ),
        Unit::Percent => (value.parse().ok().filter(|n| *n <= 100), "a whole number from 0 to 100"),
        Unit::Permille => (parse_permille(value), "0 to 100 with at most one decimal, such as 92.5"),
        Unit::Seconds => {
            let read = humantime::parse_duration(value).ok().map(|d| d.as_secs()).filter(|s| *s <= SECONDS_MAX);
            (read.and_then(|s| u32::try_from(s).ok()), "a duration with a unit up to 7days: \"30s\", \"10m\"")
        }
    };
    let bad = || TriedError::Bad { name: name.to_owned(), value: value.chars().take(40).collect(), expected };
    read.ok_or_else(bad)
}

/// A percentage with at most one decimal, in thousandths.
fn parse_permille(text: &str) -> Option<u32> {
    let (whole, tenth) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let digits = |part: &str, max: usize| (1..=max).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole, 3) || !digits(tenth, 1) {
        return None;
    }
    let permille = whole.parse::<u32>().ok()? * 10 + tenth.parse::<u32>().ok()?;
    (permille <= 1000).then_some(permille)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalogue::ThresholdMetric;

    #[test]
    fn values_are_read_as_in_the_file() {
        let cpu = Rule::Threshold(ThresholdMetric::Cpu);
        let read = |pairs: &[(&'static str, &'static str)]| Tried::parse(cpu, pairs.iter().copied());
        let tried =
            read(&[("alarm_persen", "92.5"), ("selama", "10m"), ("pulih_persen", ""), ("anggaran_per_jam", "0")]);
        let expected =
            Tried { alarm_permille: Some(925), hold_seconds: Some(600), budget_per_hour: Some(0), ..Tried::default() };
        assert_eq!(tried, Ok(expected));
        let words = |pairs: &[(&'static str, &'static str)]| read(pairs).expect_err("bad").to_string();
        assert_eq!(
            words(&[("gagal_berturut", "2")]),
            "`gagal_berturut` is not a value of rule `cpu`; known: alarm_persen, pulih_persen, selama, anggaran_per_jam"
        );
        assert_eq!(
            words(&[("alarm_persen", "101")]),
            "`alarm_persen` cannot be `101`; give 0 to 100 with at most one decimal, such as 92.5"
        );
        assert!(words(&[("selama", "10")]).contains("with a unit"));
        assert_eq!(read(&[("alarm_persen", "80"), ("pulih_persen", "90")]), Err(TriedError::ClearAboveAlarm));
    }
}
