//! When a file system will be full, by how its used space grew: robust against all that comes and goes.
//!
//! ```text
//! lowest and highest use of each day, four weeks back: what comes and goes within a day is gone
//!   ├─ falls of the lowest use of at least 2 % of the size make teeth (weekly rotation, clean-ups)
//!   ├─ three teeth or more: Theil–Sen over their newest valleys, each above the one before; full when their line plus the
//!   │                       highest tooth reaches the size
//!   ├─ one or two: the rise since the last valley counts once it is higher than any peak, or lasts half as long again as
//!   │              the longest rise before it
//!   └─ none: Theil–Sen over the lowest use of each of the last four to seven days
//! ```
//!
//! Nothing is told of a file system that is half empty, that has less than four days of history, that grew by a step and
//! stands still, or that did not grow in the last day. Integers throughout; days are 24 hours back from the newest hour.
//! Inodes are used space of another unit.

use pantau_shared::timestamp::Timestamp;

const DAY_S: i64 = 86_400;
/// History that is looked at, in seconds.
pub const HISTORY_S: i64 = 28 * DAY_S;
/// The fewest days that tell anything, and the most that are looked at without teeth.
const DAYS: (usize, usize) = (4, 7);
/// A day counts when so many of its hours are known.
const DAY_HOURS_MIN: usize = 12;
/// A fall of one in so many parts of the size is a tooth.
const TOOTH_SHARE: u64 = 50;
/// Teeth whose valleys make a line.
const TEETH_MIN: usize = 3;
/// Valleys that are looked at, the newest.
const VALLEYS_MAX: usize = 4;
/// So many days lie between the first and the last of them, at least.
const VALLEY_DAYS_MIN: i64 = 7;

/// One hour of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourUsed {
    /// Begin of the hour.
    pub at: Timestamp,
    /// Lowest use.
    pub low: u64,
    /// Highest use.
    pub high: u64,
}

/// When a forecast becomes a ticket, and when it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForecastPolicy {
    /// Full within so many seconds opens.
    pub horizon_s: i64,
    /// Full later than that, or never, is good again.
    pub clear_s: i64,
    /// Less used than this says nothing, in thousandths.
    pub floor_permille: u32,
    /// Whether it is looked at at all: the rule may be turned off for some hosts.
    pub enabled: bool,
}

impl Default for ForecastPolicy {
    /// A week to act, two to be at ease again.
    fn default() -> Self {
        Self { horizon_s: 7 * DAY_S, clear_s: 14 * DAY_S, floor_permille: 500, enabled: true }
    }
}

/// What the history says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forecast {
    /// Too little history.
    Unknown,
    /// It does not fill up.
    Steady,
    /// It fills up.
    Full {
        /// When.
        at: Timestamp,
        /// By how much it grows a day.
        per_day: u64,
    },
}

/// What follows from a forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// Cannot be told.
    Unknown,
    /// Nothing to warn of.
    Good,
    /// Neither near enough to warn nor far enough to be good again.
    Between {
        /// When it will be full.
        full_at: Timestamp,
    },
    /// Full soon.
    Warns {
        /// When.
        full_at: Timestamp,
        /// By how much it grows a day.
        per_day: u64,
        /// 1 within the horizon, 2 within three days, 3 within one.
        stage: u8,
    },
}

impl ForecastPolicy {
    /// What follows from the history of a file system of `size`.
    pub fn outlook(self, hours: &[HourUsed], size: u64) -> Outlook {
        if !self.enabled {
            return Outlook::Good;
        }
        let Some(newest) = hours.last() else { return Outlook::Unknown };
        let now = newest.at.plus_secs(3600);
        if u128::from(newest.high) * 1000 < u128::from(size) * u128::from(self.floor_permille) {
            return if days(hours).len() < DAYS.0 { Outlook::Unknown } else { Outlook::Good };
        }
        match forecast(hours, size) {
            Forecast::Unknown => Outlook::Unknown,
            Forecast::Steady => Outlook::Good,
            Forecast::Full { at, per_day } => match at.ms_since(now) / 1000 {
                left if left <= self.horizon_s => Outlook::Warns { full_at: at, per_day, stage: stage(left) },
                left if left <= self.clear_s => Outlook::Between { full_at: at },
                _ => Outlook::Good,
            },
        }
    }
}

fn stage(left_s: i64) -> u8 {
    match left_s {
        left if left <= DAY_S => 3,
        left if left <= 3 * DAY_S => 2,
        _ => 1,
    }
}

/// One day of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct DayUsed {
    /// Counts from the oldest.
    number: i64,
    low: u64,
    high: u64,
}

/// When a file system of `size` will be full by `hours`, in order of time.
pub fn forecast(hours: &[HourUsed], size: u64) -> Forecast {
    let days = days(hours);
    let (Some(newest), true) = (hours.last(), days.len() >= DAYS.0) else { return Forecast::Unknown };
    let tooth = (size / TOOTH_SHARE).max(1);
    let teeth = teeth(&days, tooth);
    let fills = if teeth.valleys.len() >= TEETH_MIN {
        by_valleys(&teeth, &days, tooth)
    } else {
        teeth.rise(&days, tooth).and_then(by_days)
    };
    let Some((per_day, level)) = fills else { return Forecast::Steady };
    let left_ms = i128::from(size.saturating_sub(level)) * i128::from(DAY_S) * 1000 / i128::from(per_day.max(1));
    let at = newest.at.plus_secs(3600).plus_ms(i64::try_from(left_ms).unwrap_or(i64::MAX / 4).min(i64::MAX / 4));
    Forecast::Full { at, per_day }
}

/// Lowest and highest use of each whole day back from the newest hour, oldest first; a day with gaps ends them.
fn days(hours: &[HourUsed]) -> Vec<DayUsed> {
    let Some(newest) = hours.last() else { return Vec::new() };
    let end = newest.at.plus_secs(3600);
    let mut days = Vec::new();
    let mut rest = hours;
    for back in 1..=HISTORY_S / DAY_S {
        let (before, day) = rest.split_at(rest.partition_point(|hour| hour.at < end.plus_secs(-back * DAY_S)));
        if day.len() < DAY_HOURS_MIN {
            break;
        }
        let (low, high) = (day.iter().map(|hour| hour.low).min(), day.iter().map(|hour| hour.high).max());
        days.extend(low.zip(high));
        rest = before;
    }
    (0..).zip(days.into_iter().rev()).map(|(number, (low, high))| DayUsed { number, low, high }).collect()
}

/// Growth a day and the highest use of the last day, where the newest days grew steadily up to the last.
fn by_days(days: &[DayUsed]) -> Option<(u64, u64)> {
    let grown = |days: &[DayUsed]| {
        let points: Vec<(i64, u64)> = days.iter().map(|day| (day.number, day.low)).collect();
        let per_day = slope(&points).filter(|slope| *slope > 0)?;
        let steps = || days.windows(2).map(|pair| i128::from(pair[1].low) - i128::from(pair[0].low));
        let rising = steps().filter(|step| *step * 4 >= i128::from(per_day)).count();
        let needed = (steps().count() * 2).div_ceil(3).max(3);
        let goes_on = steps().next_back().is_some_and(|step| step * 10 >= i128::from(per_day) * 3);
        (rising >= needed && goes_on).then_some(per_day)
    };
    let newest = |count: usize| days.get(days.len().saturating_sub(count)..).unwrap_or(days);
    let recent = Some(newest(DAYS.0)).filter(|days| days.len() == DAYS.0)?;
    let per_day = grown(newest(DAYS.1)).or_else(|| grown(recent))?;
    Some((u64::try_from(per_day).ok()?, days.last()?.high))
}

/// The zigzag of the lowest use of days: falls and rises of at least a tooth.
#[derive(Debug, Default)]
struct Teeth {
    /// The days on which falls ended.
    valleys: Vec<DayUsed>,
    /// The highest use before each of them.
    peaks: Vec<u64>,
    /// How many days the rises between them lasted; the first one's begin is not known.
    rises: Vec<i64>,
}

fn teeth(days: &[DayUsed], tooth: u64) -> Teeth {
    let mut teeth = Teeth::default();
    // The top of a rise with the day's highest use; or the valley of a fall that lasts.
    let mut top: Option<(DayUsed, u64)> = None;
    let mut valley: Option<DayUsed> = None;
    for day in days {
        if let Some(lowest) = valley {
            if day.low < lowest.low {
                valley = Some(*day);
            } else if day.low.saturating_sub(lowest.low) >= tooth / 2 {
                teeth.valleys.push(lowest);
                (valley, top) = (None, Some((*day, day.high)));
            }
            continue;
        }
        let high = top.map_or(day.high, |(_, high)| high.max(day.high));
        top = Some((top.map_or(*day, |(known, _)| if day.low >= known.low { *day } else { known }), high));
        if let Some((known, high)) = top.filter(|(known, _)| known.low.saturating_sub(day.low) >= tooth) {
            teeth.rises.extend(teeth.valleys.last().map(|valley| known.number - valley.number));
            teeth.peaks.push(high);
            valley = Some(*day);
        }
    }
    // A fall that still lasts has its valley where it stands.
    teeth.valleys.extend(valley);
    teeth
}

impl Teeth {
    /// The days since the last valley, where their rise is more than another tooth.
    fn rise<'a>(&self, days: &'a [DayUsed], tooth: u64) -> Option<&'a [DayUsed]> {
        let Some(begin) = self.valleys.last() else { return Some(days) };
        let rise = days.get(days.partition_point(|day| day.number < begin.number)..)?;
        let highest = self.peaks.iter().max().copied().unwrap_or(0);
        let last = rise.last()?;
        // The first rise began before the history, or with it: it lasted as long as is known, at least.
        let first = self.valleys.first().map_or(0, |valley| valley.number);
        let longest = self.rises.iter().copied().max().unwrap_or(0).max(first);
        let higher = last.low > highest.saturating_add(tooth / 2);
        (higher || (last.number - begin.number) * 2 > longest * 3).then_some(rise)
    }
}

/// Growth a day of the newest valleys where each lies above the one before, and the use that the next tooth reaches.
fn by_valleys(teeth: &Teeth, days: &[DayUsed], tooth: u64) -> Option<(u64, u64)> {
    let valleys = teeth.valleys.get(teeth.valleys.len().saturating_sub(VALLEYS_MAX)..)?;
    let (first, last, now) = (valleys.first()?, valleys.last()?, days.last()?);
    let rises = valleys.windows(2).all(|pair| pair[1].low > pair[0].low.saturating_add(tooth / 4));
    if !rises || last.number - first.number < VALLEY_DAYS_MIN {
        return None;
    }
    let points: Vec<(i64, u64)> = valleys.iter().map(|day| (day.number, day.low)).collect();
    let per_day = u64::try_from(slope(&points)?).ok().filter(|slope| *slope > 0)?;
    let heights = teeth.peaks.iter().skip(1).zip(&teeth.valleys).map(|(peak, valley)| peak.saturating_sub(valley.low));
    let since = per_day.saturating_mul(u64::try_from(now.number - last.number).unwrap_or(0));
    let line = last.low.saturating_add(since);
    Some((per_day, line.saturating_add(heights.max().unwrap_or(0)).max(now.high)))
}

/// Theil–Sen: the lower median of the slopes of all pairs of (day, value), a day.
fn slope(points: &[(i64, u64)]) -> Option<i64> {
    let mut slopes: Vec<i128> = Vec::with_capacity(points.len() * points.len() / 2);
    for (place, (at, value)) in points.iter().enumerate() {
        for (later, after) in points.iter().skip(place + 1).filter(|(later, _)| later > at) {
            slopes.push((i128::from(*after) - i128::from(*value)) / i128::from(later - at));
        }
    }
    slopes.sort_unstable();
    let middle = slopes.len().checked_sub(1)? / 2;
    i64::try_from(*slopes.get(middle)?).ok()
}

#[cfg(test)]
mod tests;
