//! When a reading is too high for too long: `[[ambang]]`.

use super::{DAY_MS, to_u32};
use crate::config::diagnostics::{Diagnostics, TableReader};
use crate::domain::catalogue::{Threshold, ThresholdMetric};

/// Product defaults of the thresholds (G46): metric, alarm and clearing in permille, hold in seconds.
const THRESHOLDS: [(ThresholdMetric, u32, u32, u32); 4] = [
    (ThresholdMetric::Cpu, 950, 850, 900),
    (ThresholdMetric::Memory, 950, 900, 900),
    (ThresholdMetric::Storage, 900, 850, 600),
    (ThresholdMetric::Bandwidth, 900, 800, 900),
];

pub(super) fn read_thresholds(d: &mut Diagnostics<'_>, root: &TableReader<'_>) -> Vec<Threshold> {
    let mut out: Vec<Threshold> = THRESHOLDS
        .iter()
        .map(|(metric, alarm, clear, hold)| Threshold {
            metric: *metric,
            alarm_permille: *alarm,
            clear_permille: *clear,
            hold_seconds: *hold,
        })
        .collect();
    let codes = ThresholdMetric::ALL.map(ThresholdMetric::code);
    for table in root.tables(d, "ambang") {
        let parse = |code: &str| ThresholdMetric::ALL.into_iter().find(|metric| metric.code() == code);
        let metric = table.choice(d, "metrik", &codes, parse);
        if !table.has("metrik") {
            table.missing(d, "metrik", "say which metric");
        }
        let alarm = table.percent_ppm(d, "alarm_persen").map(|ppm| ppm / 1000);
        let clear = table.percent_ppm(d, "pulih_persen").map(|ppm| ppm / 1000);
        let hold = table.duration_ms(d, "selama", 0..=7 * DAY_MS);
        table.finish(d);
        let Some(place) = out.iter_mut().find(|t| Some(t.metric) == metric) else { continue };
        place.alarm_permille = alarm.unwrap_or(place.alarm_permille);
        place.clear_permille = clear.unwrap_or(place.clear_permille.min(place.alarm_permille));
        place.hold_seconds = hold.map_or(place.hold_seconds, |p| to_u32(p.value / 1000));
        if place.clear_permille > place.alarm_permille {
            let remedy = "give a value at or below `alarm_persen`";
            d.add(table.span(), &table.key("pulih_persen"), false, "is above the alarm", remedy);
        }
    }
    out
}
