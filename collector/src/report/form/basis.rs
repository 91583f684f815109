//! What judged a service, in words: agreements with the dates on which they changed, their calendars, the target over its
//! own period, the budget that is left, and the records behind corrections.

use super::{Section, Table, at, percent, target, verdict};
use crate::report::document::{AgreementRow, BudgetRow, CorrectionRow, Head, ServiceReport, TargetPeriodRow};
use crate::texts::Texts;

/// The section; none for a report of an early version, which did not hold it.
pub(super) fn section(texts: Texts, head: &Head, service: &ServiceReport) -> Option<Section> {
    let last = service.agreements.last()?;
    let columns = [
        ("form-valid-from", false),
        ("form-catalogue-revision", true),
        ("column-target", true),
        ("form-target-period", false),
        ("form-class-only", false),
        ("form-hours", false),
    ];
    let mut table = Table::new(texts, &columns, "form-none");
    for row in &service.agreements {
        table.rows.push(vec![
            since(texts, row.valid_from),
            row.catalogue_revision.to_string(),
            target(texts, row.target_ppm),
            texts.get(&format!("target-period-{}", row.target_period)),
            texts.get(&format!("class-{}", row.class)),
            row.service_hours.clone(),
        ]);
    }
    let changes = service.agreements.windows(2);
    let mut lines: Vec<String> = changes.filter_map(|pair| Some(changed(texts, pair.first()?, pair.last()?))).collect();
    if service.agreements.len() > 1 {
        let args = [("target", target(texts, last.target_ppm)), ("end", texts.instant(at(head.to)))];
        lines.push(texts.text("form-judged-at-end", &[("target", &args[0].1), ("end", &args[1].1)]));
    }
    lines.extend(service.agreements.iter().flat_map(|row| calendar(texts, row)));
    lines.dedup();
    Some(Section { title: texts.get("form-judged-by"), tables: vec![table], lines, ..Section::default() })
}

fn since(texts: Texts, seconds: Option<i64>) -> String {
    seconds.map_or_else(|| texts.get("form-since-ever"), |seconds| texts.instant(at(seconds)))
}

/// What one agreement changed in the one before it, with its date and both values.
fn changed(texts: Texts, before: &AgreementRow, after: &AgreementRow) -> String {
    let class = |row: &AgreementRow| texts.get(&format!("class-{}", row.class));
    let period = |row: &AgreementRow| texts.get(&format!("target-period-{}", row.target_period));
    let pairs = [
        ("column-target", target(texts, before.target_ppm), target(texts, after.target_ppm)),
        ("form-target-period", period(before), period(after)),
        ("form-class-only", class(before), class(after)),
        ("form-hours", before.service_hours.clone(), after.service_hours.clone()),
    ];
    let moved = pairs.into_iter().filter(|(_, before, after)| before != after);
    let mut said: Vec<String> = moved
        .map(|(id, before, after)| {
            let args = [("what", texts.get(id)), ("before", before), ("after", after)];
            texts.text("form-changed", &[("what", &args[0].1), ("before", &args[1].1), ("after", &args[2].1)])
        })
        .collect();
    if before.service_hours == after.service_hours && before.calendar != after.calendar {
        said.push(texts.text("form-calendar-changed", &[("name", &after.service_hours)]));
    }
    let args = [("when", since(texts, after.valid_from)), ("what", said.join("; "))];
    texts.text("form-changed-on", &[("when", &args[0].1), ("what", &args[1].1)])
}

/// The hours behind a name, the days in other hours and the holidays of the period.
fn calendar(texts: Texts, row: &AgreementRow) -> Vec<String> {
    let calendar = &row.calendar;
    if calendar.week.is_empty() {
        return Vec::new();
    }
    let hours = |lines: &[String]| lines.iter().map(|line| day(texts, line)).collect::<Vec<_>>().join("; ");
    let args = [("name", row.service_hours.as_str()), ("zone", &calendar.zone), ("hours", &hours(&calendar.week))];
    let mut lines = vec![texts.text("form-calendar", &args)];
    for other in &calendar.other_hours {
        let (dates, week) = other.split_first().map_or(("", &[][..]), |(dates, week)| (dates.as_str(), week));
        lines
            .push(texts.text("form-calendar-other", &[("dates", &dates.replace('/', " – ")), ("hours", &hours(week))]));
    }
    if !calendar.holidays.is_empty() {
        let dates = calendar.holidays.iter().map(|date| date.parse().map_or_else(|_| date.clone(), |d| texts.date(d)));
        lines.push(texts.text("form-calendar-holidays", &[("dates", &dates.collect::<Vec<_>>().join(", "))]));
    }
    lines
}

/// `Mon 07:30-12:00` with the day in the reader's language.
fn day(texts: Texts, line: &str) -> String {
    let (day, open) = line.split_once(' ').unwrap_or((line, ""));
    format!("{} {}", texts.get(&format!("weekday-{}", day.to_lowercase())), open.replace('-', "–"))
}

/// The judgement over the target's own period, beside the month's (G22).
pub(super) fn target_period(texts: Texts, row: &TargetPeriodRow) -> Vec<(String, String)> {
    let args = [("period", crate::review::form::period_name(texts, &row.period)), ("until", texts.instant(at(row.to)))];
    let name = texts.text("form-over-target-period", &[("period", &args[0].1), ("until", &args[1].1)]);
    let bounds = match (row.availability_min_ppm, row.availability_max_ppm) {
        (Some(min), Some(max)) if min != max => format!(" ({} – {})", texts.percent(min), texts.percent(max)),
        _ => String::new(),
    };
    let judged = format!("{}{bounds} · {}", percent(texts, row.availability_ppm), verdict(texts, &row.verdict));
    let left = row.budget_left_s.map_or_else(|| "–".to_owned(), |left| minutes(texts, left));
    vec![(name, judged), (texts.get("form-target-period-left"), left)]
}

/// Whole minutes that are left, floored; overspent with a minus.
pub(crate) fn minutes(texts: Texts, seconds: i64) -> String {
    let minutes = seconds.div_euclid(60);
    let sign = if minutes < 0 { "−" } else { "" };
    texts.text("form-minutes", &[("count", &format!("{sign}{}", texts.number(minutes.unsigned_abs())))])
}

/// What becomes of the period at the present rate.
pub(crate) fn forecast(texts: Texts, budget: &BudgetRow) -> String {
    match (budget.forecast.as_str(), budget.breaks_at) {
        ("breaks", Some(breaks_at)) => texts.text("budget-forecast-breaks", &[("time", &texts.instant(at(breaks_at)))]),
        (code, _) => texts.get(&format!("budget-forecast-{code}")),
    }
}

/// The record of a correction: who, why, with what evidence, and every month before and after.
pub(super) fn correction_lines(texts: Texts, row: &CorrectionRow) -> Vec<String> {
    let Some(record) = &row.record else { return Vec::new() };
    let proposer = record.proposed_by.clone().unwrap_or_else(|| texts.get("actor-system"));
    let or_dash = |text: &str| if text.is_empty() { "–".to_owned() } else { text.to_owned() };
    let decided = record.decided_by.clone().zip(record.decided_at);
    let decided = decided.map_or_else(|| "–".to_owned(), |(by, when)| format!("{by}, {}", texts.instant(at(when))));
    let args = [
        ("number", record.number.to_string()),
        ("reason", or_dash(&record.reason)),
        ("evidence", or_dash(&record.evidence)),
        ("proposed", format!("{proposer}, {}", texts.instant(at(record.proposed_at)))),
        ("decided", decided),
    ];
    let borrowed: Vec<(&str, &str)> = args.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut lines = vec![texts.text("form-correction-record", &borrowed)];
    for month in &record.months {
        let args = [
            ("number", record.number.to_string()),
            ("month", month.month.clone()),
            ("before", percent(texts, month.before.availability_ppm)),
            ("after", percent(texts, month.after.availability_ppm)),
            ("down_before", texts.number(month.before.down_s)),
            ("down_after", texts.number(month.after.down_s)),
        ];
        let borrowed: Vec<(&str, &str)> = args.iter().map(|(name, value)| (*name, value.as_str())).collect();
        lines.push(texts.text("form-correction-month", &borrowed));
    }
    lines.extend(record.rpo_months.iter().map(|month| super::continuity::rpo_month(texts, month)));
    lines
}
