//! The error budget of the month in words: what is left, how fast it burns, when it breaks.

use super::markup::{Badge, Tone};
use crate::domain::burn::{Budget, Forecast, PairNow};
use crate::explain::words;
use crate::texts::Texts;

/// One pair of windows.
#[derive(Debug)]
pub(crate) struct PairRow {
    pub(crate) windows: String,
    pub(crate) factor: String,
    pub(crate) long: String,
    pub(crate) short: String,
    pub(crate) badge: Badge,
}

/// The card of a service's page.
#[derive(Debug)]
pub(crate) struct BudgetCard {
    pub(crate) left: String,
    pub(crate) tone: Tone,
    pub(crate) whole: String,
    pub(crate) rate: String,
    pub(crate) forecast: Badge,
    pub(crate) pairs: Vec<PairRow>,
}

impl BudgetCard {
    /// From the budget as it was judged.
    pub(crate) fn new(texts: Texts, budget: &Budget) -> Self {
        let (tone, label) = match budget.forecast {
            Forecast::Broken => (Tone::Bad, texts.get("budget-forecast-broken")),
            Forecast::BreaksAt(at) => {
                (Tone::Warn, texts.text("budget-forecast-breaks", &[("time", &texts.instant(at))]))
            }
            Forecast::Holds => (Tone::Good, texts.get("budget-forecast-holds")),
            Forecast::Unknown => (Tone::Unknown, texts.get("budget-forecast-unknown")),
        };
        Self {
            left: words::seconds(texts, budget.month_left_s),
            tone,
            whole: words::seconds(texts, budget.month_s),
            rate: times(texts, budget.rate_milli),
            forecast: Badge::new(tone, label),
            pairs: budget.pairs.iter().map(|now| pair_row(texts, now)).collect(),
        }
    }
}

fn times(texts: Texts, milli: Option<u64>) -> String {
    milli.map_or_else(|| "–".to_owned(), |milli| texts.times(milli))
}

fn pair_row(texts: Texts, now: &PairNow) -> PairRow {
    let (long, short) = (texts.duration(now.pair.long_s), texts.duration(now.pair.short_s));
    let (tone, id) = match (now.unfireable, now.burn.fires) {
        (true, _) => (Tone::Neutral, "budget-pair-unfireable"),
        (false, true) => (Tone::Bad, "budget-pair-fires"),
        (false, false) => (Tone::Good, "budget-pair-quiet"),
    };
    PairRow {
        windows: texts.text("budget-windows", &[("long", &long), ("short", &short)]),
        factor: texts.times(now.pair.factor_milli),
        long: times(texts, now.burn.long_milli),
        short: times(texts, now.burn.short_milli),
        badge: Badge::new(tone, texts.get(id)),
    }
}
