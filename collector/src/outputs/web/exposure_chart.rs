//! Exposure over time as a drawing, and a set's days as a strip. Drawn here, without script: they print, and they follow the
//! colours of the page.

use super::markup::Escaped;
use crate::backup_period::Watched;
use crate::domain::calendar::zone;
use crate::domain::interval::Interval;
use crate::domain::rpo::exposure::Stretch;
use crate::domain::rpo::exposure_s;
use crate::texts::Texts;
use askama::filters::HtmlSafe;
use pantau_shared::timestamp::Timestamp;
use std::fmt;

/// Local days of a strip.
pub(crate) const DAYS: u32 = 30;
const WIDTH: u64 = 1000;
const HEIGHT: u64 = 200;
/// Stretches that are drawn; of more, the highest of several stands for them.
const STRETCHES_MAX: usize = 1000;

/// The saw of the exposure with the RPO above it.
#[derive(Debug)]
pub(crate) struct ExposureChart {
    label: String,
    /// Lines, each of points; a break is a time without any usable backup.
    lines: Vec<Vec<(u64, u64)>>,
    /// Begin and width of what was in breach or without a backup.
    bad: Vec<(u64, u64)>,
    /// Where the RPO lies.
    rpo: Option<u64>,
    /// What the top stands for, in seconds.
    pub(crate) top_s: u64,
}

impl ExposureChart {
    /// Of a set over `window`; none while nothing was watched in it.
    pub(crate) fn new(texts: Texts, watched: &Watched, window: Interval) -> Option<Self> {
        let figures = watched.over(window)?;
        let stretches = watched.stretches();
        let rpo_s = watched.policy().and_then(|policy| policy.breach_from_s());
        let top_s = figures.peak_exposure_s.max(rpo_s).unwrap_or(0).max(60).saturating_mul(11) / 10;
        let length = window.length_ms().max(1);
        let x = |at: Timestamp| u64::try_from(at.ms_since(window.from)).unwrap_or(0).min(length) * WIDTH / length;
        let y = |seconds: u64| HEIGHT.saturating_sub(seconds.min(top_s) * HEIGHT / top_s);
        let mut lines: Vec<Vec<(u64, u64)>> = vec![Vec::new()];
        for several in stretches.chunks(stretches.len().div_ceil(STRETCHES_MAX).max(1)) {
            let Some(stretch) = several.iter().max_by_key(|s| end_exposure(s)) else { continue };
            match (stretch.data_time, lines.last_mut()) {
                (Some(data), Some(line)) => {
                    let Interval { from, to } = stretch.interval;
                    line.extend([(x(from), y(exposure_s(data, from))), (x(to), y(exposure_s(data, to)))]);
                }
                (None, _) | (_, None) => lines.push(Vec::new()),
            }
        }
        lines.retain(|line| !line.is_empty());
        let bad = figures.breaches.iter().map(|b| (x(b.from), x(b.to).saturating_sub(x(b.from)).max(1)));
        let peak = figures.peak_exposure_s.map_or_else(|| "–".to_owned(), |peak| texts.duration(peak));
        Some(Self {
            label: texts.text("exposure-chart-label", &[("peak", &peak)]),
            lines,
            bad: bad.take(STRETCHES_MAX).collect(),
            rpo: rpo_s.map(y),
            top_s,
        })
    }
}

fn end_exposure(stretch: &Stretch) -> u64 {
    stretch.data_time.map_or(u64::MAX, |data| exposure_s(data, stretch.interval.to))
}

impl HtmlSafe for ExposureChart {}

impl fmt::Display for ExposureChart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = Escaped(&self.label);
        write!(
            f,
            r#"<svg class="saw" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" aria-label="{label}">"#
        )?;
        for (from, width) in &self.bad {
            write!(f, r#"<rect class="saw-bad" x="{from}" y="0" width="{width}" height="{HEIGHT}"/>"#)?;
        }
        if let Some(y) = self.rpo {
            write!(f, r#"<line class="saw-rpo" x1="0" y1="{y}" x2="{WIDTH}" y2="{y}"/>"#)?;
        }
        for line in &self.lines {
            f.write_str(r#"<polyline class="saw-line" points=""#)?;
            for (x, y) in line {
                write!(f, "{x},{y} ")?;
            }
            f.write_str(r#""/>"#)?;
        }
        f.write_str("</svg>")
    }
}

/// The last days of a set, one cell each.
#[derive(Debug)]
pub(crate) struct Strip {
    label: String,
    /// Class and title.
    cells: Vec<(&'static str, String)>,
}

impl Strip {
    /// Of a set up to `now`.
    pub(crate) fn new(texts: Texts, name: &str, watched: &Watched, now: Timestamp) -> Self {
        let cells = zone::last_days(texts.zone(), now, DAYS).into_iter().map(|(date, day)| {
            let (class, said) = match watched.over(day) {
                None => ("n", texts.get("strip-unwatched")),
                Some(figures) if figures.breach_s == 0 => ("u", texts.get("strip-kept")),
                Some(figures) => ("d", texts.text("strip-broken", &[("span", &texts.duration(figures.breach_s))])),
            };
            (class, format!("{}: {said}", texts.date(date)))
        });
        Self { label: texts.text("strip-label", &[("set", name)]), cells: cells.collect() }
    }
}

impl HtmlSafe for Strip {}

impl fmt::Display for Strip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = Escaped(&self.label);
        write!(
            f,
            r#"<svg class="days strip" viewBox="0 0 298 24" preserveAspectRatio="none" role="group" aria-label="{label}">"#
        )?;
        for (place, (class, title)) in self.cells.iter().enumerate() {
            let focus = if place + 1 == self.cells.len() { "0" } else { "-1" };
            write!(
                f,
                r#"<g class="day" tabindex="{focus}"><title>{}</title><rect class="{class}" x="{}" y="0" width="8" height="24"/></g>"#,
                Escaped(title),
                place * 10
            )?;
        }
        f.write_str("</svg>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rpo::{Backup, Policy};
    use crate::rulebook::backup_terms::SetTerms;
    use crate::texts::Language;

    #[test]
    fn a_breach_is_marked_and_a_time_without_a_backup_breaks_the_line() {
        let s = Timestamp::from_secs;
        let texts = Texts::new(Language::Id, chrono_tz::Asia::Jakarta);
        let policy = Policy { rpo_seconds: Some(100), ..Policy::default() };
        let gone = Backup { deleted_at: Some(s(400)), ..Backup::complete(s(100), s(110)) };
        let backups = vec![gone, Backup::complete(s(600), s(610))];
        let window = Interval::new(s(0), s(1000));
        let terms = vec![(Interval::ALL, SetTerms { policy, required: true, base: None })];
        let watched = Watched::new(window, terms, &backups);
        let chart = ExposureChart::new(texts, &watched, window).expect("watched");
        assert_eq!((chart.lines.len(), chart.top_s), (2, 440));
        assert_eq!(chart.bad, [(0, 110), (200, 410), (700, 300)]);
        assert!(chart.to_string().contains(r#"<polyline class="saw-line" points="110,"#), "{chart}");
        assert!(ExposureChart::new(texts, &watched, Interval::new(s(2000), s(3000))).is_none());
    }
}
