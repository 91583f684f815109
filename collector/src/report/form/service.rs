//! One service of the monitoring form: the six fields of regulation 3.6, then maintenance, corrections, recovery.

use super::{Section, Table, at, basis, continuity, percent, target, verdict};
use crate::domain::phrase::Phrase;
use crate::report::document::{CountsRow, Head, MaintenanceRow, OutageRow, PhraseRow, ServiceReport, UtilisationRow};
use crate::texts::Texts;

/// The sections of a service, in the order of the form.
pub(super) fn sections(texts: Texts, head: &Head, service: &ServiceReport) -> Vec<Section> {
    let mut sections = vec![
        identity(texts, head, service),
        utilisation(texts, service),
        achievement(texts, service),
        trend(texts, service),
        opportunities(texts, service),
    ];
    sections.extend(basis::section(texts, head, service));
    sections.extend((!service.maintenance.is_empty()).then(|| maintenance(texts, service)));
    sections.extend((!service.corrections.is_empty()).then(|| corrections(texts, service)));
    sections.extend(continuity::pending(texts, service));
    let tells_recovery = !service.recovery.is_empty() || !service.continuity_changes.is_empty();
    sections.extend(tells_recovery.then(|| recovery(texts, service)));
    sections
}

/// Fields 1 and 2.
fn identity(texts: Texts, head: &Head, service: &ServiceReport) -> Section {
    let fact = |id: &str, value: String| (texts.get(id), value);
    let group = texts.get(&format!("group-{}", service.group.replace('_', "-")));
    let facts = vec![
        fact("form-field-name", service.name.clone()),
        fact("form-field-period", super::period_name(texts, head)),
        fact("form-provider", service.provider.clone()),
        fact("form-class", format!("{group} · {}", texts.get(&format!("class-{}", service.class)))),
        fact("form-hours", service.service_hours.clone()),
        fact(
            "form-counted",
            format!("{} – {}", texts.instant(at(service.counted_from)), texts.instant(at(service.counted_to))),
        ),
    ];
    Section { title: service.name.clone(), begins_service: true, facts, ..Section::default() }
}

/// Field 3.
fn utilisation(texts: Texts, service: &ServiceReport) -> Section {
    let columns = [
        ("form-component", false),
        ("form-metric", false),
        ("form-mean", true),
        ("form-p95", true),
        ("form-max", true),
        ("figure-coverage", true),
    ];
    let mut table = Table::new(texts, &columns, "form-no-utilisation");
    for row in &service.utilisation {
        table.rows.push(vec![
            row.host.clone(),
            texts.get(&format!("metric-{}", row.metric.replace('_', "-"))),
            measured(texts, row, row.mean),
            measured(texts, row, row.p95),
            measured(texts, row, row.max),
            texts.percent(row.coverage_ppm),
        ]);
    }
    let step = service.utilisation.iter().map(|row| row.step_s).max();
    let lines = step.map(|step| texts.text("form-p95-note", &[("step", &texts.duration(step))])).into_iter().collect();
    Section { title: texts.get("form-field-utilisation"), tables: vec![table], lines, ..Section::default() }
}

fn measured(texts: Texts, row: &UtilisationRow, value: Option<u64>) -> String {
    match (value, row.unit.as_str()) {
        (None, _) => "–".to_owned(),
        (Some(value), "permille") => texts.permille(u32::try_from(value).unwrap_or(u32::MAX)),
        (Some(value), _) => texts.bit_rate(value),
    }
}

/// Field 4: all figures, with maintenance and corrections taken out of account beside them (G26).
fn achievement(texts: Texts, service: &ServiceReport) -> Section {
    let figures = &service.figures;
    let fact = |id: &str, value: String| (texts.get(id), value);
    let changed =
        if figures.target_changed { format!(" · {}", texts.get("form-target-changed")) } else { String::new() };
    let spans = |value: Option<u64>| value.map_or_else(|| "–".to_owned(), |value| span(texts, value));
    let left = figures.budget_left_s.map_or_else(|| "–".to_owned(), |left| signed(texts, left));
    let mut facts = vec![
        fact("availability", percent(texts, figures.availability_ppm)),
        fact("column-target", target(texts, figures.target_ppm) + &changed),
        fact("column-verdict", verdict(texts, &figures.verdict)),
        fact(
            "form-bounds",
            format!(
                "{} – {}",
                percent(texts, figures.availability_min_ppm),
                percent(texts, figures.availability_max_ppm)
            ),
        ),
        fact("figure-coverage", percent(texts, figures.coverage_ppm)),
        fact("figure-agreed", span(texts, figures.agreed_s)),
        fact(
            "form-budget",
            format!("{} · {}", figures.budget_s.map_or_else(|| "–".into(), |s| signed(texts, s)), left),
        ),
        fact("figure-outages", texts.number(figures.outages)),
        fact("figure-mtrs", spans(figures.mtrs_s)),
        fact("figure-mtbf", spans(figures.mtbf_s)),
    ];
    if let Some(budget) = &service.budget {
        let (whole, left) = (basis::minutes(texts, budget.whole_s), basis::minutes(texts, budget.left_s));
        let args = [("left", left.as_str()), ("whole", whole.as_str())];
        facts.push(fact("form-budget-running", texts.text("form-budget-running-value", &args)));
        facts.push(fact("form-forecast", basis::forecast(texts, budget)));
    }
    let own_periods = service.target_period.iter().chain(&service.target_parts);
    facts.extend(own_periods.flat_map(|row| basis::target_period(texts, row)));
    let columns = [
        ("form-way", false),
        ("figure-up", true),
        ("figure-degraded", true),
        ("figure-down", true),
        ("figure-unknown", true),
        ("figure-excluded", true),
        ("availability", true),
    ];
    let mut table = Table::new(texts, &columns, "form-none");
    let counted = CountsRow {
        up_s: figures.up_s,
        degraded_s: figures.degraded_s,
        down_s: figures.down_s,
        unknown_s: figures.unknown_s,
        excluded_s: figures.excluded_s,
        availability_ppm: figures.availability_ppm,
        availability_min_ppm: figures.availability_min_ppm,
        availability_max_ppm: figures.availability_max_ppm,
    };
    table.rows.push(counts(texts, "form-as-judged", &counted));
    table.rows.push(counts(texts, "form-without-maintenance", &service.without_maintenance));
    table.rows.extend(service.without_corrections.as_ref().map(|row| counts(texts, "form-without-corrections", row)));
    let mut lines: Vec<String> = service.findings.iter().map(|finding| texts.phrase(&Phrase::from(finding))).collect();
    lines.extend(service.target_period.is_some().then(|| texts.get("form-target-period-note")));
    lines.extend((!service.target_parts.is_empty()).then(|| texts.get("form-target-parts-note")));
    Section { title: texts.get("form-field-achievement"), facts, tables: vec![table], lines, ..Section::default() }
}

fn counts(texts: Texts, id: &str, row: &CountsRow) -> Vec<String> {
    let seconds = [row.up_s, row.degraded_s, row.down_s, row.unknown_s, row.excluded_s].map(|s| texts.number(s));
    let mut cells = vec![texts.get(id)];
    cells.extend(seconds);
    cells.push(percent(texts, row.availability_ppm));
    cells
}

/// Seconds for the calculator, and in words.
fn span(texts: Texts, seconds: u64) -> String {
    let exact = texts.text("figure-seconds", &[("count", &texts.number(seconds))]);
    if seconds < 60 { exact } else { format!("{exact} ({})", texts.duration(seconds)) }
}

fn signed(texts: Texts, seconds: i64) -> String {
    let sign = if seconds < 0 { "−" } else { "" };
    format!("{sign}{}", span(texts, seconds.unsigned_abs()))
}

/// Field 5.
fn trend(texts: Texts, service: &ServiceReport) -> Section {
    let columns = [
        ("form-period", false),
        ("column-target", true),
        ("availability", true),
        ("figure-coverage", true),
        ("figure-down", true),
        ("figure-outages", true),
        ("column-verdict", false),
    ];
    let mut periods = Table::new(texts, &columns, "form-none");
    periods.caption = texts.get("form-trend-caption");
    for row in service.trend.iter().filter(|row| row.coverage_ppm.is_some()) {
        periods.rows.push(vec![
            row.period.clone(),
            target(texts, row.target_ppm),
            percent(texts, row.availability_ppm),
            percent(texts, row.coverage_ppm),
            texts.duration(row.down_s),
            texts.number(row.outages),
            verdict(texts, &row.verdict),
        ]);
    }
    periods.empty = texts.get("form-no-trend");
    let columns = [
        ("form-number", true),
        ("form-begin", false),
        ("form-end", false),
        ("form-counted-seconds", true),
        ("form-cause", false),
    ];
    let mut outages = Table::new(texts, &columns, "form-no-outages");
    outages.caption = texts.get("form-outages-caption");
    outages.rows = service.outages.iter().map(|outage| outage_cells(texts, outage)).collect();
    Section { title: texts.get("form-field-trend"), tables: vec![periods, outages], ..Section::default() }
}

fn outage_cells(texts: Texts, outage: &OutageRow) -> Vec<String> {
    let before = if outage.started_in_period { "" } else { "form-began-before" };
    let begin = texts.instant(at(outage.from));
    let cause = |ticket: &crate::report::document::TicketRow| {
        let cause = ticket.cause.clone().unwrap_or_else(|| texts.get("form-cause-missing"));
        format!("{cause} ({})", ticket.number)
    };
    let causes: Vec<String> = outage.tickets.iter().map(cause).collect();
    vec![
        outage.number.to_string(),
        if before.is_empty() { begin } else { format!("{begin} · {}", texts.get(before)) },
        outage.to.map_or_else(|| texts.get("form-open"), |to| texts.instant(at(to))),
        texts.number(outage.counted_s),
        if causes.is_empty() { texts.get("form-no-ticket") } else { causes.join("; ") },
    ]
}

/// Field 6.
fn opportunities(texts: Texts, service: &ServiceReport) -> Section {
    let mut lines: Vec<String> = service.opportunities.iter().map(|row| opportunity(texts, row)).collect();
    if let Some(note) = &service.note {
        lines.push(format!("{} — {}, {}", note.text, note.author, texts.instant(at(note.at))));
    }
    if lines.is_empty() {
        lines.push(texts.get("form-no-opportunities"));
    }
    Section { title: texts.get("form-field-opportunities"), lines, ..Section::default() }
}

/// Arguments that are messages or seconds are laid out first.
fn opportunity(texts: Texts, row: &PhraseRow) -> String {
    let laid_out = |(name, value): &(String, String)| {
        let shown = match (name.as_str(), value.parse::<u64>()) {
            ("longest" | "unknown", Ok(seconds)) => texts.duration(seconds),
            ("metric", _) => texts.get(&value.replace('_', "-")),
            _ => value.clone(),
        };
        (name.clone(), shown)
    };
    let args: Vec<(String, String)> = row.args.iter().map(laid_out).collect();
    let borrowed: Vec<(&str, &str)> = args.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    texts.text(&row.id, &borrowed)
}

fn maintenance(texts: Texts, service: &ServiceReport) -> Section {
    let columns = [
        ("form-begin", false),
        ("form-end", false),
        ("form-status", false),
        ("form-announced", false),
        ("form-notice", true),
        ("form-counts", false),
        ("form-record", false),
    ];
    let mut table = Table::new(texts, &columns, "form-none");
    for row in &service.maintenance {
        table.rows.push(vec![
            texts.instant(at(row.from)),
            texts.instant(at(row.ended_early_at.map_or(row.to, |early| early.min(row.to)))),
            texts.get(&format!("maintenance-state-{}", row.status)),
            row.announced_at.map_or_else(|| "–".to_owned(), |told| texts.instant(at(told))),
            notice(texts, row),
            texts.get(if row.counts { "form-yes" } else { "form-no" }),
            record_of(row),
        ]);
    }
    Section { title: texts.get("form-maintenance"), tables: vec![table], ..Section::default() }
}

/// Number and title of the record, and what of the service it was planned for where that is not all of it.
fn record_of(row: &MaintenanceRow) -> String {
    let Some(record) = &row.record else { return "–".to_owned() };
    match row.parts.as_slice() {
        [] => format!("{}. {}", record.number, record.title),
        parts => format!("{}. {} ({})", record.number, record.title, parts.join(", ")),
    }
}

/// Notice given of notice needed.
fn notice(texts: Texts, row: &MaintenanceRow) -> String {
    let Some(record) = &row.record else { return "–".to_owned() };
    let given = record.notice_s.map(|given| u64::try_from(given).unwrap_or(0));
    let given = given.map_or_else(|| "–".to_owned(), |given| texts.duration(given));
    texts.text("form-of", &[("part", &given), ("whole", &texts.duration(record.min_notice_s))])
}

fn corrections(texts: Texts, service: &ServiceReport) -> Section {
    let columns = [
        ("form-number", true),
        ("form-begin", false),
        ("form-end", false),
        ("form-effect", false),
        ("form-status", false),
    ];
    let mut table = Table::new(texts, &columns, "form-none");
    for row in &service.corrections {
        let time = |seconds: Option<i64>| seconds.map_or_else(|| "–".to_owned(), |seconds| texts.instant(at(seconds)));
        let effect = match (&row.state, row.withdraws) {
            (Some(state), _) => texts.get(&format!("state-{state}")),
            (None, Some(seq)) => texts.text("correction-withdraws", &[("seq", &seq.to_string())]),
            (None, None) if row.effect == "backups" => {
                let set = row.record.as_ref().and_then(|record| record.set.clone()).unwrap_or_default();
                texts.text("claim-backups", &[("set", &set)])
            }
            (None, None) => texts.get("class-excluded"),
        };
        let kept = row.record.as_ref().map(|record| record.status.as_str());
        let status = kept.unwrap_or(if row.approved { "approved" } else { "proposed" });
        let status = texts.get(&format!("correction-state-{status}"));
        table.rows.push(vec![row.seq.to_string(), time(row.from), time(row.to), effect, status]);
    }
    let lines = service.corrections.iter().flat_map(|row| basis::correction_lines(texts, row)).collect();
    Section { title: texts.get("form-corrections"), tables: vec![table], lines, ..Section::default() }
}

fn recovery(texts: Texts, service: &ServiceReport) -> Section {
    let columns = [
        ("form-set", false),
        ("form-required", false),
        ("form-rpo", true),
        ("form-exposure", true),
        ("form-breach-s", true),
        ("form-counted-s", true),
        ("form-compliant", true),
    ];
    let mut table = Table::new(texts, &columns, "form-none");
    for row in &service.recovery {
        let spans = |seconds: Option<u64>| seconds.map_or_else(|| "–".to_owned(), |seconds| texts.duration(seconds));
        let whole = |seconds: Option<u64>| seconds.map_or_else(|| "–".to_owned(), |seconds| texts.number(seconds));
        table.rows.push(vec![
            row.name.clone(),
            texts.get(if row.required { "form-yes" } else { "form-no" }),
            spans(row.rpo_s),
            spans(row.worst_exposure_s),
            whole(row.breach_s),
            whole(row.counted_s),
            percent(texts, row.compliant_ppm),
        ]);
    }
    let mut lines = continuity::changes(texts, service);
    lines
        .extend(service.recovery.iter().any(|row| row.counted_s.is_some()).then(|| texts.get("form-recovery-formula")));
    Section { title: texts.get("form-recovery"), tables: vec![table], lines, ..Section::default() }
}
