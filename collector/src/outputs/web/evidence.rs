//! What a ticket was opened on, as a card of its page: first step, last good answer, fresh starts and changes, the answers as
//! a table and the readings as drawings. Drawn here, without script: they print, and they follow the colours of the page.

use super::markup::Escaped;
use crate::domain::ticket::Ticket;
use crate::domain::ticket::evidence::{AnswerSeen, Evidence, ReadingSeen};
use crate::domain::ticket::runbook::{FirstStep, first_step};
use crate::snapshot::Snapshot;
use crate::texts::Texts;
use crate::ticket_evidence::public_services;
use askama::filters::HtmlSafe;
use pantau_shared::timestamp::Timestamp;
use std::fmt;

const WIDTH: u64 = 1000;
const HEIGHT: u64 = 160;

/// The card.
#[derive(Debug)]
pub(super) struct EvidenceCard {
    pub(super) step: String,
    pub(super) facts: Vec<(String, String)>,
    pub(super) charts: Vec<ReadingChart>,
    pub(super) answers: Vec<AnswerRow>,
    /// Whether there is nothing but the first step.
    pub(super) bare: bool,
}

/// An answer of a check.
#[derive(Debug)]
pub(super) struct AnswerRow {
    pub(super) at: String,
    pub(super) check: String,
    pub(super) host: String,
    pub(super) result: String,
    pub(super) reason: String,
    pub(super) took: String,
}

/// A reading over time with its limit and the onset.
#[derive(Debug)]
pub(super) struct ReadingChart {
    pub(super) caption: String,
    pub(super) from: String,
    pub(super) to: String,
    line: Vec<(u64, u64)>,
    limit: u64,
    onset: Option<u64>,
}

impl EvidenceCard {
    /// Of `ticket`, whose excerpt may be missing.
    pub(super) fn new(texts: Texts, snapshot: &Snapshot, ticket: &Ticket, evidence: Option<&Evidence>) -> Self {
        let phase = evidence.map_or("", Evidence::phase);
        let step = match first_step(&snapshot.catalogue.runbook, &ticket.key, phase) {
            FirstStep::Written(text) => text.to_owned(),
            FirstStep::Suggested(phrase) => texts.phrase(&phrase),
        };
        let mut facts = Vec::new();
        let mut fact = |id: &str, value: Option<String>| facts.extend(value.map(|value| (texts.get(id), value)));
        let good = evidence.and_then(|evidence| evidence.last_good.as_ref());
        fact("evidence-last-good", good.map(|answer| format!("{} · {}", texts.instant(answer.at), answer.check)));
        fact("evidence-phase", Some(phase).filter(|phase| !phase.is_empty()).map(|phase| phase_name(texts, phase)));
        let booted = evidence.map_or(&[][..], |evidence| &evidence.booted);
        let boots: Vec<String> = booted.iter().map(|(host, at)| format!("{host} · {}", texts.instant(*at))).collect();
        fact("evidence-booted", Some(boots.join("; ")).filter(|text| !text.is_empty()));
        let changed = evidence.and_then(|evidence| evidence.catalogue);
        let changed = changed.map(|(revision, at)| {
            texts
                .text("evidence-catalogue-revision", &[("revision", &revision.to_string()), ("at", &texts.instant(at))])
        });
        fact("evidence-catalogue", changed);
        let public = public_services(&snapshot.catalogue, ticket).join(", ");
        fact("evidence-public", Some(public).filter(|text| !text.is_empty()));
        let charts = evidence.map_or(&[][..], |evidence| &evidence.readings).iter();
        let charts: Vec<ReadingChart> = charts.filter_map(|seen| chart(texts, seen, ticket.onset_at)).collect();
        let answers = evidence.map_or(&[][..], |evidence| &evidence.answers).iter().rev();
        let answers: Vec<AnswerRow> = answers.map(|seen| row(texts, seen)).collect();
        let bare = facts.is_empty() && charts.is_empty() && answers.is_empty();
        Self { step, facts, charts, answers, bare }
    }
}

fn phase_name(texts: Texts, phase: &str) -> String {
    let id = format!("phase-{}", phase.replace('_', "-"));
    let name = texts.get(&id);
    if name == id { phase.to_owned() } else { name }
}

fn row(texts: Texts, seen: &AnswerSeen) -> AnswerRow {
    let verdict = texts.get(&format!("evidence-verdict-{}", seen.verdict.replace('_', "-")));
    let result =
        if seen.phase.is_empty() { verdict } else { format!("{verdict} · {}", phase_name(texts, &seen.phase)) };
    AnswerRow {
        at: texts.instant(seen.at),
        check: seen.check.clone(),
        host: seen.host.clone(),
        result,
        reason: seen.reason.clone(),
        took: texts.text("evidence-ms", &[("ms", &seen.duration_ms.to_string())]),
    }
}

/// A drawing of two points at least.
fn chart(texts: Texts, seen: &ReadingSeen, onset_at: Timestamp) -> Option<ReadingChart> {
    let ((from, _), (to, last)) = (seen.points.first()?, seen.points.last()?);
    let length = u64::try_from(to.ms_since(*from)).ok().filter(|length| *length > 0)?;
    let x = |at: Timestamp| u64::try_from(at.ms_since(*from)).unwrap_or(0).min(length) * WIDTH / length;
    let y = |permille: u32| HEIGHT - u64::from(permille.min(1000)) * HEIGHT / 1000;
    let name = texts.get(&format!("evidence-metric-{}", seen.metric));
    let name = if seen.part.is_empty() { name } else { format!("{name} {}", seen.part) };
    let percent = |permille: u32| (permille / 10).to_string();
    let caption = texts.text(
        "evidence-chart",
        &[("name", &name), ("last", &percent(*last)), ("limit", &percent(seen.limit_permille))],
    );
    Some(ReadingChart {
        caption,
        from: texts.instant(*from),
        to: texts.instant(*to),
        line: seen.points.iter().map(|(at, value)| (x(*at), y(*value))).collect(),
        limit: y(seen.limit_permille),
        onset: (onset_at >= *from && onset_at <= *to).then(|| x(onset_at)),
    })
}

impl HtmlSafe for ReadingChart {}

impl fmt::Display for ReadingChart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = Escaped(&self.caption);
        write!(
            f,
            r#"<svg class="saw reading" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" aria-label="{label}">"#
        )?;
        if let Some(x) = self.onset {
            write!(f, r#"<rect class="saw-bad" x="{x}" y="0" width="{}" height="{HEIGHT}"/>"#, WIDTH - x)?;
        }
        let y = self.limit;
        write!(
            f,
            r#"<line class="saw-rpo" x1="0" y1="{y}" x2="{WIDTH}" y2="{y}"/><polyline class="saw-line" points=""#
        )?;
        for (x, y) in &self.line {
            write!(f, "{x},{y} ")?;
        }
        f.write_str(r#""/></svg>"#)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Language;

    #[test]
    fn a_reading_is_drawn_with_its_limit_and_from_its_onset_on() {
        let (s, texts) = (Timestamp::from_secs, Texts::new(Language::Id, chrono_tz::Asia::Jakarta));
        let seen = ReadingSeen {
            metric: "storage".into(),
            part: "/var <x>".into(),
            limit_permille: 900,
            points: vec![(s(0), 500), (s(100), 950)],
        };
        let drawn = chart(texts, &seen, s(50)).expect("two points").to_string();
        assert!(drawn.contains(r#"points="0,80 1000,8 ""#), "{drawn}");
        assert!(drawn.contains(r#"x="500" y="0" width="500""#) && drawn.contains("/var &lt;x&gt;"), "{drawn}");
        assert!(chart(texts, &ReadingSeen { points: vec![(s(0), 1)], ..seen }, s(0)).is_none());
    }
}
