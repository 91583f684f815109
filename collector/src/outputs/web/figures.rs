//! The figures of a period in words: what a service's page and the report show.

use super::markup::Tone;
use super::overview::percent_or_dash;
use crate::domain::availability::Figures;
use crate::texts::Texts;

/// One figure.
#[derive(Debug)]
pub(crate) struct FigureView {
    pub(crate) label: String,
    pub(crate) value: String,
    pub(crate) note: String,
    pub(crate) tone: Tone,
}

/// All figures of engines A, seconds beside their share.
pub(crate) fn figure_views(texts: Texts, figures: &Figures) -> Vec<FigureView> {
    let counts = &figures.counts;
    let seconds = |seconds: u64| texts.text("figure-seconds", &[("count", &texts.number(seconds))]);
    let duration = |id: &str, value: u64, tone| FigureView {
        label: texts.get(id),
        value: texts.duration(value),
        note: seconds(value),
        tone,
    };
    let mean = |id: &str, value: Option<u64>| FigureView {
        label: texts.get(id),
        value: value.map_or_else(|| "–".to_owned(), |value| texts.duration(value)),
        note: value.map(seconds).unwrap_or_default(),
        tone: Tone::Neutral,
    };
    let share = |id: &str, ppm| FigureView {
        label: texts.get(id),
        value: percent_or_dash(texts, ppm),
        note: String::new(),
        tone: Tone::Neutral,
    };
    let pick = |value: u64, tone| if value > 0 { tone } else { Tone::Neutral };
    vec![
        duration("figure-agreed", figures.agreed_s, Tone::Neutral),
        duration("figure-up", counts.up_s, Tone::Neutral),
        duration("figure-degraded", counts.degraded_s, pick(counts.degraded_s, Tone::Warn)),
        duration("figure-down", counts.down_s, pick(counts.down_s, Tone::Bad)),
        duration("figure-unknown", counts.unknown_s, pick(counts.unknown_s, Tone::Unknown)),
        duration("figure-excluded", counts.excluded_s, Tone::Neutral),
        share("figure-min", figures.availability_min_ppm),
        share("figure-max", figures.availability_max_ppm),
        share("figure-coverage", figures.coverage_ppm),
        FigureView {
            label: texts.get("figure-outages"),
            value: texts.number(figures.outages),
            note: texts.text("figure-longest", &[("span", &texts.duration(figures.longest_outage_s))]),
            tone: pick(figures.outages, Tone::Bad),
        },
        mean("figure-mtrs", figures.mtrs_s),
        mean("figure-mtbf", figures.mtbf_s),
    ]
}
