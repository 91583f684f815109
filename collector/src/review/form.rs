//! A review in words: sections with facts and tables, in one language. Page, print, text and XLSX are made of this one
//! value, as those of the monitoring form are. Knows no markup.

use super::document::{ComplianceRow, ListedTicket, MeanRow, ProblemRow, Review, RuleRow};
use crate::report::form::{Form, Section, Table, at, percent};
use crate::texts::Texts;

/// Rows of a list by cause or component.
const BY_MAX: usize = 20;

/// The form of a review.
pub fn render(texts: Texts, review: &Review) -> Form {
    let running = review.made_at < review.to;
    let sections = vec![
        head(texts, review),
        measures(texts, review),
        compliance(texts, review),
        recurring(texts, review),
        problems(texts, review),
        rules(texts, review),
        by(texts, "review-by-cause", "review-cause", &review.figures.by_cause, "review-cause-missing"),
        by(texts, "review-by-component", "form-component", &review.figures.by_component, "review-component-missing"),
        attention(texts, review),
        order(texts, review),
        notes(texts, review),
    ];
    Form {
        title: texts.get("review-title"),
        lead: format!("{} · {}", period_name(texts, &review.period), review.legal_basis),
        status: texts.get(if running { "review-running" } else { "review-over" }),
        is_final: !running,
        sections,
    }
}

/// `Triwulan II 2026`, `Juni 2026`, else as it is written.
pub fn period_name(texts: Texts, period: &str) -> String {
    use crate::domain::calendar::period::{Period, PeriodKind};
    use chrono::Datelike;
    match Period::parse(period) {
        Ok(period) if period.kind() == PeriodKind::Month => texts.month(period.first_date()),
        Ok(period) if period.kind() == PeriodKind::Quarter => {
            let first = period.first_date();
            let numeral = ["I", "II", "III", "IV"].get(usize::try_from(first.month0() / 3).unwrap_or(0));
            let args = [("number", *numeral.unwrap_or(&"")), ("year", &first.year().to_string())];
            texts.text("review-quarter", &args)
        }
        Ok(_) | Err(_) => period.to_owned(),
    }
}

fn head(texts: Texts, review: &Review) -> Section {
    let fact = |id: &str, value: String| (texts.get(id), value);
    let facts = vec![
        fact("form-legal-basis", review.legal_basis.clone()),
        fact("form-period", format!("{} – {}", texts.instant(at(review.from)), texts.instant(at(review.to)))),
        fact("form-as-of", texts.instant(at(review.made_at))),
        fact("review-profile", review.profile.clone()),
    ];
    let lines = review.truncated.then(|| texts.get("review-truncated")).into_iter().collect();
    Section { title: texts.get("form-head"), facts, lines, ..Section::default() }
}

fn span(texts: Texts, seconds: Option<i64>) -> String {
    let span = |seconds: i64| {
        let sign = if seconds < 0 { "−" } else { "" };
        format!("{sign}{}", texts.duration(seconds.unsigned_abs()))
    };
    seconds.map_or_else(|| "–".to_owned(), span)
}

fn measures(texts: Texts, review: &Review) -> Section {
    let figures = &review.figures;
    let columns = [("review-measure", false), ("review-value", true), ("review-of", true), ("review-how", false)];
    let mut table = Table::new(texts, &columns, "form-none");
    let mean = |id: &str, mean: &MeanRow| {
        let how = texts.get(&format!("{id}-how"));
        vec![texts.get(id), span(texts, mean.seconds), mean.count.to_string(), how]
    };
    table.rows = vec![
        mean("review-mtta", &figures.mtta),
        mean("review-mttr", &figures.mttr),
        mean("review-mttc", &figures.mttc),
        vec![
            texts.get("review-mtbf"),
            span(texts, figures.mtbf_s),
            figures.counted.to_string(),
            texts.get("review-mtbf-how"),
        ],
    ];
    let facts = [
        ("review-counted", figures.counted),
        ("review-false-alarms", figures.false_alarms),
        ("review-unconfirmed", u32::try_from(review.unconfirmed.len()).unwrap_or(u32::MAX)),
        ("review-reopened", u32::try_from(review.reopened.len()).unwrap_or(u32::MAX)),
    ];
    // Only where the office has switched it on there is anything to count.
    let lapsed =
        u32::try_from(review.lapsed.len()).ok().filter(|count| *count > 0).map(|count| ("review-lapsed", count));
    let facts = facts.into_iter().chain(lapsed).map(|(id, count)| (texts.get(id), count.to_string())).collect();
    let lines = if figures.counted == 0 { vec![texts.get("review-none")] } else { Vec::new() };
    Section { title: texts.get("review-measures"), facts, tables: vec![table], lines, ..Section::default() }
}

fn compliance(texts: Texts, review: &Review) -> Section {
    let columns = [
        ("review-target", false),
        ("review-met", true),
        ("review-share", true),
        ("review-no-target", true),
        ("review-in-time", true),
    ];
    let mut table = Table::new(texts, &columns, "form-none");
    let row = |id: &str, row: &ComplianceRow| {
        let of = [("part", row.met.to_string()), ("whole", row.total.to_string())];
        let of = [("part", of[0].1.as_str()), ("whole", of[1].1.as_str())];
        vec![
            texts.get(id),
            texts.text("form-of", &of),
            percent(texts, row.met_ppm),
            row.without_target.to_string(),
            row.running.to_string(),
        ]
    };
    table.rows = vec![
        row("review-response", &review.figures.response),
        row("review-resolution", &review.figures.resolution),
        row("review-resolution-restored", &review.figures.resolution_restored),
    ];
    let lines = vec![texts.get("review-compliance-note")];
    Section { title: texts.get("review-compliance"), tables: vec![table], lines, ..Section::default() }
}

fn recurring(texts: Texts, review: &Review) -> Section {
    let columns = [
        ("column-service", false),
        ("review-cause", false),
        ("review-count", true),
        ("review-tickets", false),
        ("review-problem", false),
    ];
    let mut table = Table::new(texts, &columns, "review-recurring-none");
    for row in &review.recurring {
        let problem = row.problem.map(|number| texts.text("problem-number", &[("number", &number.to_string())]));
        table.rows.push(vec![
            row.service_name.clone(),
            row.cause.clone(),
            row.count.to_string(),
            row.tickets.join(", "),
            problem.unwrap_or_else(|| texts.get("review-problem-proposed")),
        ]);
    }
    let args = [("count", review.count_min.to_string()), ("days", review.window_days.to_string())];
    let lines = vec![texts.text("review-recurring-note", &[("count", &args[0].1), ("days", &args[1].1)])];
    Section { title: texts.get("review-recurring"), tables: vec![table], lines, ..Section::default() }
}

fn problems(texts: Texts, review: &Review) -> Section {
    let columns = [
        ("form-number", true),
        ("column-service", false),
        ("review-cause", false),
        ("problem-action", false),
        ("problem-owner", false),
        ("problem-due", false),
        ("form-status", false),
        ("review-again", true),
        ("problem-verification", false),
    ];
    let mut table = Table::new(texts, &columns, "review-problems-none");
    table.rows = review.problems.iter().map(|row| problem_cells(texts, row)).collect();
    let late = review.problems.iter().filter(|row| row.overdue).count();
    let carried = review.problems.iter().filter(|row| row.carried).count();
    let told = |id: &str, count: usize| (count > 0).then(|| texts.count(id, count));
    let lines = [told("review-problems-carried", carried), told("review-problems-late", late)];
    Section {
        title: texts.get("review-problems"),
        tables: vec![table],
        lines: lines.into_iter().flatten().collect(),
        ..Section::default()
    }
}

fn problem_cells(texts: Texts, row: &ProblemRow) -> Vec<String> {
    let or_dash = |text: &str| if text.is_empty() { "–".to_owned() } else { text.to_owned() };
    let due = row.due.as_ref().and_then(|due| due.parse().ok()).map(|date| texts.date(date));
    let state = texts.get(&format!("problem-state-{}", row.state));
    vec![
        row.number.to_string(),
        row.service_name.clone(),
        row.cause.clone(),
        or_dash(&row.action),
        or_dash(&row.owner),
        due.unwrap_or_else(|| "–".to_owned()),
        if row.overdue { format!("{state} · {}", texts.get("problem-overdue")) } else { state },
        row.tickets_in_period.to_string(),
        or_dash(&row.verification),
    ]
}

fn rule_name(texts: Texts, row: &RuleRow) -> String {
    texts.get(&format!("rule-{}", row.rule.replace('_', "-")))
}

fn rules(texts: Texts, review: &Review) -> Section {
    let columns = [
        ("review-rule", false),
        ("review-count", true),
        ("review-acted", true),
        ("review-share", true),
        ("review-false-alarms", true),
        ("review-recurrences", true),
    ];
    let mut table = Table::new(texts, &columns, "review-none");
    for row in &review.rules {
        table.rows.push(vec![
            rule_name(texts, row),
            row.tickets.to_string(),
            row.acted.to_string(),
            texts.percent(row.acted_ppm),
            row.false_alarms.to_string(),
            row.recurrences.to_string(),
        ]);
    }
    let lines = vec![texts.get("review-rules-note")];
    Section { title: texts.get("review-rules"), tables: vec![table], lines, ..Section::default() }
}

fn by(texts: Texts, title: &str, column: &str, rows: &[(String, u32)], missing: &str) -> Section {
    let mut table = Table::new(texts, &[(column, false), ("review-count", true)], missing);
    for (name, count) in rows.iter().take(BY_MAX) {
        let name = if name.is_empty() { texts.get(missing) } else { name.clone() };
        table.rows.push(vec![name, count.to_string()]);
    }
    Section { title: texts.get(title), tables: vec![table], ..Section::default() }
}

fn attention(texts: Texts, review: &Review) -> Section {
    let list = |id: &str, tickets: &[ListedTicket]| {
        let columns =
            [("review-ticket", false), ("form-status", false), ("review-recorded", false), ("column-service", false)];
        let mut table = Table::new(texts, &columns, "form-none");
        table.caption = texts.get(id);
        let row = |ticket: &ListedTicket| {
            vec![
                ticket.number.clone(),
                texts.get(&format!("ticket-state-{}", ticket.state.replace('_', "-"))),
                texts.instant(at(ticket.recorded_at)),
                ticket.services.join(", "),
            ]
        };
        table.rows = tickets.iter().map(row).collect();
        table
    };
    let lapsed = Some(&review.lapsed).filter(|lapsed| !lapsed.is_empty());
    let mut tables: Vec<Table> = lapsed.map(|lapsed| list("review-lapsed", lapsed)).into_iter().collect();
    tables.extend([
        list("review-unconfirmed", &review.unconfirmed),
        list("review-reopened", &review.reopened),
        list("review-without-target", &review.without_target),
        list("review-false-alarms", &review.false_alarms),
    ]);
    Section { title: texts.get("review-attention"), tables, ..Section::default() }
}

/// A broken rule of the form's order in words.
pub fn order_fault(texts: Texts, code: &str) -> String {
    texts.get(&format!("order-{}", code.replace(['<', ' ', '_'], "-")))
}

fn order(texts: Texts, review: &Review) -> Section {
    let columns = [("review-ticket", false), ("review-order-fault", false)];
    let mut table = Table::new(texts, &columns, "review-order-none");
    for row in &review.order_faults {
        let faults: Vec<String> = row.faults.iter().map(|code| order_fault(texts, code)).collect();
        table.rows.push(vec![row.ticket.clone(), faults.join("; ")]);
    }
    Section { title: texts.get("review-order"), tables: vec![table], ..Section::default() }
}

fn notes(texts: Texts, review: &Review) -> Section {
    let notes = ["review-note-period", "review-note-false", "review-note-confirm"];
    let lines = notes.into_iter().map(|id| texts.text(id, &[("days", &review.window_days.to_string())])).collect();
    Section { title: texts.get("report-notes"), lines, ..Section::default() }
}
