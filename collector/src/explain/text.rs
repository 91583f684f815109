//! An explanation for a terminal.

use super::scene::{AnswerLine, CheckAccount, Scene, VantageAccount};
use super::{Explanation, InstantAccount, PeriodAccount, words};
use crate::domain::catalogue::Service;
use crate::domain::ticket::Ticket;
use crate::texts::Texts;

/// The lines of an explanation.
pub(super) fn render(texts: Texts, service: &Service, explanation: &Explanation) -> String {
    let lines = match explanation {
        Explanation::Instant(account) => instant(texts, account),
        Explanation::Period(account) => period(texts, service, account),
    };
    lines.join("\n")
}

fn state(texts: Texts, state: crate::domain::state::State) -> String {
    texts.get(&format!("state-{}", state.name()))
}

fn period(texts: Texts, service: &Service, account: &PeriodAccount) -> Vec<String> {
    let figures = &account.availability.figures;
    let verdict = texts.get(&format!("verdict-{}", figures.verdict.code().replace('_', "-")));
    let target = figures.target_ppm.map_or_else(
        || texts.get("target-none"),
        |ppm| texts.text("target-value", &[("value", &texts.percent_exact(ppm))]),
    );
    let mut out = vec![
        format!("{} · {}", account.name, account.period),
        format!("{verdict} · {target} · {}: {}", texts.get("field-availability"), service.service_hours),
        String::new(),
    ];
    let counts = &figures.counts;
    for (letter, label, value) in [
        ("U", "figure-up", counts.up_s),
        ("D", "figure-down", counts.down_s),
        ("K", "figure-unknown", counts.unknown_s),
        ("E", "figure-excluded", counts.excluded_s),
    ] {
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        out.push(format!("  {letter}  {:<24} {}", texts.get(label), words::seconds(texts, value)));
    }
    out.push(String::new());
    for formula in words::formulas(texts, figures) {
        out.push(format!("  {} = {}", formula.label, formula.letters));
        out.push(format!("    = {} = {}", formula.numbers, formula.result));
    }
    out.extend([String::new(), texts.get("outages-title")]);
    if account.outages.is_empty() {
        out.push(format!("  {}", texts.get("explain-outages-none")));
    }
    for listed in &account.outages {
        let outage = &listed.outage;
        let to = outage.to.map_or_else(|| texts.get("outage-running"), |to| texts.instant_seconds(to));
        let counted = texts.duration(outage.counted_s);
        let tickets: Vec<String> = listed.tickets.iter().map(|ticket| ticket.number.to_string()).collect();
        out.push(format!("  {} – {to} · {counted} · {}", texts.instant_seconds(outage.from), tickets.join(", ")));
        out.extend(listed.reason.as_ref().map(|reason| format!("    {}", texts.phrase(reason))));
    }
    let more = account.availability.outages.len().saturating_sub(account.outages.len());
    if more > 0 {
        out.push(format!("  {}", texts.count("explain-outages-more", more)));
    }
    out
}

fn instant(texts: Texts, account: &InstantAccount) -> Vec<String> {
    let stretch = &account.stretch;
    let to = if account.ended { words::rim(texts, stretch.interval.to) } else { texts.get("outage-running") };
    let mut out = vec![
        format!("{} · {}", account.name, texts.instant_seconds(account.at)),
        format!("{}: {} – {to}", state(texts, stretch.state), words::rim(texts, stretch.interval.from)),
    ];
    out.extend(account.reason.as_ref().map(|reason| texts.phrase(reason)));
    out.extend([String::new(), texts.get("explain-counted-title")]);
    out.extend(words::counted(texts, &account.service_hours, &account.count).iter().map(|s| format!("  {s}")));
    if account.answers_gone {
        out.extend([String::new(), texts.get("explain-answers-gone")]);
    }
    for scene in &account.scenes {
        out.push(String::new());
        out.extend(scene_lines(texts, scene));
    }
    out.extend([String::new(), texts.get("explain-tickets-title")]);
    if account.tickets.is_empty() {
        out.push(format!("  {}", texts.get("explain-tickets-none")));
    }
    out.extend(account.tickets.iter().map(|ticket| ticket_line(texts, ticket)));
    out
}

fn ticket_line(texts: Texts, ticket: &Ticket) -> String {
    let state = texts.get(&format!("ticket-state-{}", ticket.state.code().replace('_', "-")));
    format!("  {} · P{} · {state} · {}", ticket.number, ticket.priority.number(), texts.phrase(&ticket.symptom))
}

fn scene_lines(texts: Texts, scene: &Scene) -> Vec<String> {
    let title = texts.get(&format!("explain-moment-{}", scene.moment.code()));
    let mut out = vec![format!("{title} · {}", texts.instant_seconds(scene.at))];
    out.push(format!("  {}", words::formula(texts, scene)));
    for check in &scene.checks {
        out.push(format!("  {} = {}", check.name, state(texts, check.decision.state)));
        if words::decision_says_more(check) {
            out.push(format!("    {}", words::decision(texts, &check.decision)));
        }
        for vantage in &check.vantages {
            out.extend(vantage_lines(texts, check, vantage));
        }
    }
    out
}

fn vantage_lines(texts: Texts, check: &CheckAccount, vantage: &VantageAccount) -> Vec<String> {
    let decisive = if vantage.decisive { texts.get("explain-decisive") } else { String::new() };
    let mut out =
        vec![format!("    {} = {} {decisive}", vantage.host, state(texts, vantage.state)).trim_end().to_owned()];
    out.extend(words::vantage_note(texts, vantage).map(|note| format!("      {note}")));
    out.extend(words::witnesses(texts, vantage).iter().map(|line| format!("      {line}")));
    out.extend(vantage.answers.iter().map(|line| answer_line(texts, check, line)));
    out
}

fn answer_line(texts: Texts, check: &CheckAccount, line: &AnswerLine) -> String {
    let mark = if line.holds { '►' } else { ' ' };
    let verdict = texts.get(&format!("probe-{}", line.outcome.verdict().name().replace('_', "-")));
    let mut parts = vec![
        texts.milliseconds(line.outcome.duration_us),
        words::phase(texts, &line.outcome),
        line.outcome.reason.clone(),
        words::role(texts, line, check),
    ];
    parts.extend(words::marks(texts, line));
    parts.retain(|part| !part.is_empty());
    format!("    {mark} {}  {verdict:<12} {}", texts.clock_seconds(line.account.result.at), parts.join(" · "))
}
