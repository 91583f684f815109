//! Shapes of used space, in thousandths of the size times a million, an hour a point.

use super::*;

const UNIT: i64 = 1_000_000;
const SIZE: u64 = 1_000_000_000;

/// `hours` of history by a function of the hour; noise of two thousandths.
fn history(hours: i64, used: impl Fn(i64) -> i64) -> Vec<HourUsed> {
    (0..hours)
        .map(|hour| {
            let noise = hour.wrapping_mul(7919).rem_euclid(2001) - 1000;
            let value =
                u64::try_from((used(hour) * UNIT + noise * UNIT / 1000).clamp(0, 1000 * UNIT)).expect("positive");
            HourUsed { at: Timestamp::from_secs(hour * 3600), low: value, high: value + 500_000 }
        })
        .collect()
}

/// The outlook in words, with the days left.
fn outlook(hours: &[HourUsed]) -> String {
    let now = hours.last().map_or(Timestamp::from_secs(0), |hour| hour.at.plus_secs(3600));
    match ForecastPolicy::default().outlook(hours, SIZE) {
        Outlook::Unknown => "unknown".into(),
        Outlook::Good => "good".into(),
        Outlook::Between { .. } => "between".into(),
        Outlook::Warns { full_at, stage, .. } => {
            format!("warns {} days, stage {stage}", full_at.ms_since(now) / 86_400_000)
        }
    }
}

#[test]
fn steady_growth_is_foretold_by_stages_and_only_with_enough_history() {
    // 20 thousandths a day.
    let grows = |from: i64| move |hour: i64| from + hour * 20 / 24;
    assert_eq!(outlook(&history(3 * 24, grows(850))), "unknown");
    assert_eq!(outlook(&history(5 * 24, grows(780))), "warns 5 days, stage 1");
    assert_eq!(outlook(&history(7 * 24, grows(800))), "warns 2 days, stage 2");
    assert_eq!(outlook(&history(7 * 24, grows(840))), "warns 0 days, stage 3");
    assert_eq!(outlook(&history(10 * 24, grows(600))), "between");
    assert_eq!(outlook(&history(10 * 24, grows(400))), "good");
}

#[test]
fn what_stands_still_or_grew_by_a_step_is_good() {
    assert_eq!(outlook(&history(20 * 24, |_| 930)), "good");
    for day in [0, 1, 2, 3, 6] {
        let step = history(20 * 24, |hour| if hour >= (20 - day) * 24 { 900 } else { 600 });
        assert_eq!(outlook(&step), "good", "a step {day} days ago");
    }
    // A migration of two days that is over.
    let moved = history(20 * 24, |hour| 600 + (hour - 17 * 24).clamp(0, 48) * 6);
    assert_eq!(outlook(&moved), "good");
}

#[test]
fn saw_teeth_and_rotations_open_nothing() {
    // Weekly rotation of a log that fills 300 thousandths; at every hour of the week.
    for phase in 0..7 * 24 {
        let weekly = history(28 * 24, |hour| 600 + (hour + phase).rem_euclid(7 * 24) * 300 / (7 * 24));
        assert_eq!(outlook(&weekly), "good", "phase {phase}");
    }
    // A dump each night, deleted in the morning; a daily cycle; an hourly temporary file.
    let nightly = history(20 * 24, |hour| if hour.rem_euclid(24) < 5 { 950 } else { 700 });
    assert_eq!(outlook(&nightly), "good");
    let daily = history(20 * 24, |hour| 700 + (hour.rem_euclid(24) - 12).abs() * 15);
    assert_eq!(outlook(&daily), "good");
    let flicker = history(20 * 24, |hour| if hour % 2 == 0 { 900 } else { 700 });
    assert_eq!(outlook(&flicker), "good");
}

#[test]
fn growth_under_the_teeth_is_foretold_by_its_peaks() {
    // Nightly dumps of 150 thousandths over a base that grows by 20 a day: the dump fills it first.
    let under = history(10 * 24, |hour| 550 + hour * 20 / 24 + if hour.rem_euclid(24) < 5 { 150 } else { 0 });
    let told = outlook(&under);
    assert!(told.starts_with("warns 4 days") || told.starts_with("warns 5 days"), "{told}");
}

#[test]
fn after_a_clean_up_a_leak_counts_once_it_goes_beyond_what_was() {
    // Rises for three days, is cleaned, and rises longer than before.
    let leak = |days: i64| history(days * 24, |hour| if hour < 72 { 600 + hour * 2 } else { 560 + (hour - 72) * 2 });
    assert_eq!(outlook(&leak(6)), "good");
    assert!(outlook(&leak(10)).starts_with("warns"), "{}", outlook(&leak(10)));
}

#[test]
fn little_use_and_gaps_say_nothing() {
    assert_eq!(outlook(&history(20 * 24, |hour| 100 + hour / 2)), "good");
    let mut gap = history(20 * 24, |hour| 400 + hour);
    gap.retain(|hour| hour.at < Timestamp::from_secs(17 * 86_400) || hour.at > Timestamp::from_secs(19 * 86_400));
    assert_eq!(outlook(&gap), "unknown");
    assert_eq!(outlook(&[]), "unknown");
    let off = ForecastPolicy { enabled: false, ..ForecastPolicy::default() };
    assert_eq!(off.outlook(&history(7 * 24, |hour| 800 + hour), SIZE), Outlook::Good);
}
