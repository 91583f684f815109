//! When a file system will be full, by how its used space grew: robust against all that comes and goes.
//!
//! ```text
//! hourly lowest and highest use, four weeks back
//!   ├─ falls of at least 2 % of the size make teeth (log rotation, nightly dumps, clean-ups)
//!   ├─ three teeth or more: Theil–Sen over their valleys; full when the valley line plus the highest tooth reaches the size
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
const VALLEYS_MAX: usize = 28;

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
    /// Whether it is looked at at all.
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
    Between,
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
                left if left <= self.clear_s => Outlook::Between,
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

/// When a file system of `size` will be full by `hours`, in order of time.
pub fn forecast(hours: &[HourUsed], size: u64) -> Forecast {
    let (Some(newest), true) = (hours.last(), days(hours).len() >= DAYS.0) else { return Forecast::Unknown };
    let teeth = teeth(hours, size / TOOTH_SHARE);
    let fills = if teeth.valleys.len() >= TEETH_MIN {
        by_valleys(&teeth, newest.at)
    } else {
        teeth.rise(hours, size / TOOTH_SHARE).and_then(by_days)
    };
    let Some((per_day, level)) = fills else { return Forecast::Steady };
    let left_ms = i128::from(size.saturating_sub(level)) * i128::from(DAY_S) * 1000 / i128::from(per_day.max(1));
    let at = newest.at.plus_secs(3600).plus_ms(i64::try_from(left_ms).unwrap_or(i64::MAX / 4).min(i64::MAX / 4));
    Forecast::Full { at, per_day }
}

/// Lowest and highest use of each whole day back from the newest hour, oldest first; a day with gaps ends them.
fn days(hours: &[HourUsed]) -> Vec<(u64, u64)> {
    let Some(newest) = hours.last() else { return Vec::new() };
    let mut days = Vec::new();
    for back in 0..DAYS.1 {
        let shift = i64::try_from(back).unwrap_or(i64::MAX) * DAY_S;
        let (to, from) = (newest.at.plus_secs(3600 - shift), newest.at.plus_secs(3600 - shift - DAY_S));
        let inside = || hours.iter().filter(|hour| hour.at >= from && hour.at < to);
        if inside().count() < DAY_HOURS_MIN {
            break;
        }
        let (low, high) = (inside().map(|hour| hour.low).min(), inside().map(|hour| hour.high).max());
        days.extend(low.zip(high));
    }
    days.reverse();
    days
}

/// Growth a day and the highest use of the last day, where the days grew steadily up to the last.
fn by_days(hours: &[HourUsed]) -> Option<(u64, u64)> {
    let all = days(hours);
    let grown = |days: &[(u64, u64)]| {
        let points: Vec<(i64, u64)> = (0_i64..).map(|day| day * DAY_S).zip(days.iter().map(|(low, _)| *low)).collect();
        let per_day = slope_per_day(&points).filter(|slope| *slope > 0)?;
        let steps = || days.windows(2).map(|pair| i128::from(pair[1].0) - i128::from(pair[0].0));
        let rising = steps().filter(|step| *step * 4 >= i128::from(per_day)).count();
        let needed = (steps().count() * 2).div_ceil(3).max(3);
        let goes_on = steps().next_back().is_some_and(|step| step * 10 >= i128::from(per_day) * 3);
        (rising >= needed && goes_on).then_some(per_day)
    };
    let recent = all.get(all.len().saturating_sub(DAYS.0)..).filter(|days| days.len() == DAYS.0)?;
    let per_day = grown(&all).or_else(|| grown(recent))?;
    Some((u64::try_from(per_day).ok()?, all.last()?.1))
}

/// The zigzag of the use: falls and rises of at least a tooth.
#[derive(Debug, Default)]
struct Teeth {
    /// Where falls ended: instant and use.
    valleys: Vec<(Timestamp, u64)>,
    /// The use from which each of them fell.
    peaks: Vec<u64>,
    /// How long the rises before each fall lasted, in ms; the first one's begin is not known.
    rises: Vec<i64>,
}

fn teeth(hours: &[HourUsed], tooth: u64) -> Teeth {
    let tooth = tooth.max(1);
    let mut teeth = Teeth::default();
    let mut peak: Option<(Timestamp, u64)> = None;
    let mut valley: Option<(Timestamp, u64)> = None;
    for hour in hours {
        if let Some((at, low)) = valley {
            // In a fall: it goes on, or a rise of half a tooth ends it.
            if hour.low < low {
                valley = Some((hour.at, hour.low));
            } else if hour.high.saturating_sub(low) >= tooth / 2 {
                teeth.valleys.push((at, low));
                (valley, peak) = (None, Some((hour.at, hour.high)));
            }
            continue;
        }
        if peak.is_none_or(|(_, high)| hour.high >= high) {
            peak = Some((hour.at, hour.high));
        }
        if let Some((at, high)) = peak.filter(|(_, high)| high.saturating_sub(hour.low) >= tooth) {
            let began = teeth.valleys.last().map(|(valley, _)| *valley);
            teeth.rises.extend(began.map(|began| at.ms_since(began)));
            teeth.peaks.push(high);
            valley = Some((hour.at, hour.low));
        }
    }
    // A fall that still lasts has its valley where it stands.
    teeth.valleys.extend(valley);
    teeth
}

impl Teeth {
    /// The hours since the last valley, where their rise is more than another tooth.
    fn rise<'a>(&self, hours: &'a [HourUsed], tooth: u64) -> Option<&'a [HourUsed]> {
        let Some((begin, _)) = self.valleys.last() else { return Some(hours) };
        let since = hours.partition_point(|hour| hour.at < *begin);
        let rise = hours.get(since..)?;
        let highest = self.peaks.iter().max().copied().unwrap_or(0);
        let lasted = rise.last()?.at.ms_since(*begin);
        let longest = match (self.rises.iter().max(), hours.first()) {
            (Some(longest), _) => *longest,
            // Its begin lies before the history: it lasted as long as is known, at least.
            (None, Some(first)) => begin.ms_since(first.at),
            (None, None) => return None,
        };
        let higher = rise.last()?.low > highest.saturating_add(tooth / 2);
        (higher || lasted > longest.saturating_mul(3) / 2).then_some(rise)
    }
}

/// Growth a day of the valleys, and the use that the next tooth reaches.
fn by_valleys(teeth: &Teeth, now: Timestamp) -> Option<(u64, u64)> {
    let newest = teeth.valleys.len().saturating_sub(VALLEYS_MAX);
    let valleys = teeth.valleys.get(newest..)?;
    let (first, last) = (valleys.first()?, valleys.last()?);
    let points: Vec<(i64, u64)> = valleys.iter().map(|(at, low)| (at.ms_since(first.0) / 1000, *low)).collect();
    let per_day = slope_per_day(&points).filter(|slope| *slope > 0)?;
    let rising = valleys.windows(2).filter(|pair| pair[1].1 > pair[0].1).count();
    if rising * 3 < (valleys.len() - 1) * 2 || now.ms_since(first.0) < i64::try_from(DAYS.0).ok()? * DAY_S * 1000 / 2 {
        return None;
    }
    let height = teeth.peaks.iter().skip(1).zip(&teeth.valleys).map(|(peak, (_, low))| peak.saturating_sub(*low)).max();
    let since = i128::from(now.ms_since(last.0).max(0)) * i128::from(per_day) / i128::from(DAY_S * 1000);
    let line = last.1.saturating_add(u64::try_from(since).unwrap_or(u64::MAX));
    Some((u64::try_from(per_day).ok()?, line.saturating_add(height.unwrap_or(0))))
}

/// Theil–Sen: the lower median of the slopes of all pairs of (seconds, value), a day.
fn slope_per_day(points: &[(i64, u64)]) -> Option<i64> {
    let mut slopes: Vec<i128> = Vec::with_capacity(points.len() * points.len() / 2);
    for (place, (at, value)) in points.iter().enumerate() {
        for (later, after) in points.iter().skip(place + 1).filter(|(later, _)| later > at) {
            slopes.push((i128::from(*after) - i128::from(*value)) * i128::from(DAY_S) / i128::from(later - at));
        }
    }
    slopes.sort_unstable();
    let middle = slopes.len().checked_sub(1)? / 2;
    i64::try_from(*slopes.get(middle)?).ok()
}

#[cfg(test)]
mod tests;
