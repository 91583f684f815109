//! The error budget of a service now: what is left of the month, how fast it burns, when the month breaks.

use super::view::instant;
use crate::domain::burn::{Budget, Forecast, PairNow};
use chrono_tz::Tz;
use serde::Serialize;

/// Seconds; burn rates in thousandths of the pace at which the budget lasts exactly the month.
#[derive(Debug, Serialize)]
pub(super) struct BudgetBody {
    as_of: String,
    target_ppm: u32,
    month_budget_s: i64,
    month_budget_left_s: i64,
    /// Over the last day of counted time.
    burn_rate_milli: Option<u64>,
    /// `holds`, `breaks`, `broken`, `unknown`.
    forecast: &'static str,
    breaks_at: Option<String>,
    windows: Vec<WindowBody>,
}

#[derive(Debug, Serialize)]
struct WindowBody {
    long_s: u64,
    short_s: u64,
    factor_milli: u64,
    long_burn_milli: Option<u64>,
    short_burn_milli: Option<u64>,
    fires: bool,
    /// Not even a total outage could make it fire under this target.
    unfireable: bool,
}

impl BudgetBody {
    pub(super) fn new(zone: Tz, budget: &Budget) -> Self {
        let breaks_at = match budget.forecast {
            Forecast::BreaksAt(at) => Some(instant(zone, at)),
            Forecast::Broken | Forecast::Holds | Forecast::Unknown => None,
        };
        let window = |now: &PairNow| WindowBody {
            long_s: now.pair.long_s,
            short_s: now.pair.short_s,
            factor_milli: now.pair.factor_milli,
            long_burn_milli: now.burn.long_milli,
            short_burn_milli: now.burn.short_milli,
            fires: now.burn.fires,
            unfireable: now.unfireable,
        };
        Self {
            as_of: instant(zone, budget.as_of),
            target_ppm: budget.target_ppm,
            month_budget_s: budget.month_s,
            month_budget_left_s: budget.month_left_s,
            burn_rate_milli: budget.rate_milli,
            forecast: budget.forecast.code(),
            breaks_at,
            windows: budget.pairs.iter().map(window).collect(),
        }
    }
}
