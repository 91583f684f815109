//! When a reading is too high for too long: `[[ambang]]`, for everything or for some hosts.

use super::tuning::read_selector;
use super::{DAY_MS, Known, to_u32};
use crate::config::diagnostics::{Diagnostics, TableReader};
use crate::domain::catalogue::{Catalogue, Threshold, ThresholdMetric};
use crate::domain::rule::Rule;
use crate::domain::rule::tuning::{Origin, Target, ThresholdTuning, default_threshold};

/// Reads all of them into the catalogue.
pub(super) fn read_thresholds(
    d: &mut Diagnostics<'_>,
    root: &TableReader<'_>,
    known: &Known<'_>,
    catalogue: &mut Catalogue,
) {
    catalogue.thresholds = ThresholdMetric::ALL.map(default_threshold).into();
    let codes = ThresholdMetric::ALL.map(ThresholdMetric::code);
    for table in root.tables(d, "ambang") {
        let parse = |code: &str| ThresholdMetric::ALL.into_iter().find(|metric| metric.code() == code);
        let metric = table.choice(d, "metrik", &codes, parse);
        if !table.has("metrik") {
            table.missing(d, "metrik", "say which metric");
        }
        let alarm = table.percent_ppm(d, "alarm_persen").map(|ppm| ppm / 1000);
        let clear = table.percent_ppm(d, "pulih_persen").map(|ppm| ppm / 1000);
        let hold = table.duration_ms(d, "selama", 0..=7 * DAY_MS).map(|p| to_u32(p.value / 1000));
        let selector = read_selector(d, &table, known, metric.map(Rule::Threshold));
        table.finish(d);
        let (Some(metric), Some(selector)) = (metric, selector) else { continue };
        let stands = if selector.target == Target::Everything && selector.part.is_none() {
            let Some(place) = catalogue.thresholds.iter_mut().find(|t| t.metric == metric) else { continue };
            put(place, alarm, clear, hold);
            *place
        } else {
            let base = catalogue.thresholds.iter().find(|t| t.metric == metric).copied();
            let mut stands = base.unwrap_or_else(|| default_threshold(metric));
            put(&mut stands, alarm, clear, hold);
            catalogue.tuning.thresholds.push(ThresholdTuning {
                metric,
                selector,
                alarm_permille: alarm,
                clear_permille: clear,
                hold_seconds: hold,
            });
            stands
        };
        if stands.clear_permille > stands.alarm_permille {
            let remedy = "give a value at or below `alarm_persen`";
            d.add(table.span(), &table.key("pulih_persen"), false, "is above the alarm", remedy);
        }
    }
}

/// Puts what is given in the place of what stands; a lower alarm takes the clearing with it.
fn put(place: &mut Threshold, alarm: Option<u32>, clear: Option<u32>, hold: Option<u32>) {
    place.alarm_permille = alarm.unwrap_or(place.alarm_permille);
    place.clear_permille = clear.unwrap_or(place.clear_permille.min(place.alarm_permille));
    place.hold_seconds = hold.unwrap_or(place.hold_seconds);
}

/// Every threshold that is set, with whom it is for.
pub(super) fn all(catalogue: &Catalogue) -> Vec<(Threshold, Origin)> {
    let everywhere = catalogue.thresholds.iter().map(|threshold| (*threshold, Origin::Catalogue));
    let exceptions = catalogue.tuning.thresholds.iter().filter_map(|tuning| {
        let mut threshold = catalogue.thresholds.iter().find(|t| t.metric == tuning.metric).copied()?;
        put(&mut threshold, tuning.alarm_permille, tuning.clear_permille, tuning.hold_seconds);
        let origin = match &tuning.selector.target {
            Target::Everything => Origin::Catalogue,
            Target::Service(id) => Origin::Service(id.clone()),
            Target::Host(id) => Origin::Host(id.clone()),
        };
        Some((threshold, origin))
    });
    everywhere.chain(exceptions).collect()
}
