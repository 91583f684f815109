//! How fast the error budget is being used up.
//!
//! Burn = share of known time that was down / (1 − target): at 1 the budget lasts exactly the period. A pair of windows
//! fires when **both** burn strictly above its factor: the long one says it matters, the short one that it still goes on.
//! Unknown time is left out; a window known for less than half of its counted time does not fire (loss of monitoring is
//! a condition of its own). A factor that not even a total outage exceeds can never fire and is refused when configured.

pub mod budget;

pub use budget::{Budget, Forecast, PairNow};

const PPM: u128 = 1_000_000;

/// The standard windows for a budget of 30 days (SRE workbook): see [`Pair`].
pub const STANDARD_30_DAYS: [Pair; 4] = [
    Pair { long_s: 3_600, short_s: 300, factor_milli: 14_400 },
    Pair { long_s: 21_600, short_s: 1_800, factor_milli: 6_000 },
    Pair { long_s: 86_400, short_s: 7_200, factor_milli: 3_000 },
    Pair { long_s: 259_200, short_s: 21_600, factor_milli: 1_000 },
];

/// Two windows and the factor above which both have to burn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// Length of the long window, in seconds of counted time.
    pub long_s: u64,
    /// Length of the short window, in seconds of counted time.
    pub short_s: u64,
    /// In thousandths.
    pub factor_milli: u64,
}

/// What a window holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Seconds down.
    pub down_s: u64,
    /// Seconds up or down.
    pub known_s: u64,
    /// Counted seconds of which nothing is known.
    pub unknown_s: u64,
}

impl Window {
    /// The burn in thousandths, floored; no value where nothing is known or the target leaves no budget.
    pub fn burn_milli(&self, target_ppm: u32) -> Option<u64> {
        let milli =
            (u128::from(self.down_s) * PPM * 1000).checked_div(u128::from(self.known_s) * budget(target_ppm))?;
        Some(u64::try_from(milli).unwrap_or(u64::MAX))
    }

    /// Whether it burns strictly above `factor_milli` and enough of it is known to say so.
    fn exceeds(&self, factor_milli: u64, target_ppm: u32) -> bool {
        let allowed = u128::from(factor_milli).saturating_mul(u128::from(self.known_s) * budget(target_ppm));
        self.known_s >= self.unknown_s && u128::from(self.down_s) * PPM * 1000 > allowed
    }
}

/// The judgement of one pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Burn {
    /// Burn over the long window, in thousandths.
    pub long_milli: Option<u64>,
    /// Burn over the short window, in thousandths.
    pub short_milli: Option<u64>,
    /// Whether the alert is on.
    pub fires: bool,
}

/// Judges one pair of windows.
pub fn evaluate(target_ppm: u32, factor_milli: u64, long: &Window, short: &Window) -> Burn {
    Burn {
        long_milli: long.burn_milli(target_ppm),
        short_milli: short.burn_milli(target_ppm),
        fires: long.exceeds(factor_milli, target_ppm) && short.exceeds(factor_milli, target_ppm),
    }
}

/// Whether not even a total outage burns above this factor: such a configuration is refused.
pub fn is_unfireable(target_ppm: u32, factor_milli: u64) -> bool {
    u128::from(factor_milli).saturating_mul(budget(target_ppm)) >= PPM * 1000
}

/// 1 − target, in ppm.
fn budget(target_ppm: u32) -> u128 {
    PPM.saturating_sub(u128::from(target_ppm))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(down_s: u64, known_s: u64, unknown_s: u64) -> Window {
        Window { down_s, known_s, unknown_s }
    }

    #[test]
    fn both_windows_strictly_above() {
        let fires = |long, short| evaluate(999_000, 14_400, &long, &short).fires;
        assert!(fires(window(72, 3600, 0), window(30, 300, 0)));
        assert!(!fires(window(72, 3600, 0), window(0, 300, 0)));
        assert!(!fires(window(10, 3600, 0), window(30, 300, 0)));
        // 14.4 × 0.1 % of 2500 s is 36 s: exactly there, and one second more.
        assert!(!fires(window(36, 2500, 0), window(300, 300, 0)));
        assert!(fires(window(37, 2500, 0), window(300, 300, 0)));
    }

    #[test]
    fn unknown_time_is_left_out_and_mutes_when_it_is_most() {
        let fires = |long, short| evaluate(999_000, 14_400, &long, &short).fires;
        assert!(fires(window(1800, 1800, 1800), window(150, 150, 150)));
        assert!(!fires(window(1799, 1799, 1801), window(150, 150, 150)));
        assert!(!fires(window(1800, 1800, 1800), window(149, 149, 151)));
        assert_eq!(window(0, 0, 300).burn_milli(999_000), None);
        assert!(!fires(window(0, 0, 0), window(0, 0, 0)));
    }

    #[test]
    fn a_factor_above_total_outage_is_refused() {
        // 14.4 × 7 % is just above 1, 14.4 × 5 % is not.
        assert!(is_unfireable(930_000, 14_400));
        assert!(!is_unfireable(950_000, 14_400));
        // Exactly total outage can not be exceeded.
        assert!(is_unfireable(900_000, 10_000));
        assert!(STANDARD_30_DAYS.iter().all(|pair| !is_unfireable(999_000, pair.factor_milli)));
        assert!(!evaluate(900_000, 10_000, &window(60, 60, 0), &window(60, 60, 0)).fires);
    }

    #[test]
    fn no_budget_at_all_has_no_burn_and_fires_on_any_downtime() {
        let burn = evaluate(1_000_000, 14_400, &window(1, 3600, 0), &window(1, 300, 0));
        assert_eq!((burn.long_milli, burn.fires), (None, true));
        assert!(!evaluate(1_000_000, 14_400, &window(0, 3600, 0), &window(0, 300, 0)).fires);
    }
}
