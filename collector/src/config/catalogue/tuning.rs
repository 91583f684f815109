//! What is set of rules besides their values: `[[aturan]]`, and for whom (`host`, `layanan`, `bagian`).

use super::{DAY_MS, Known, TEXT_MAX, placed_id, threshold, to_u32};
use crate::config::diagnostics::{Diagnostics, TableReader};
use crate::domain::catalogue::{Catalogue, Finding, ServiceId};
use crate::domain::phrase::Phrase;
use crate::domain::rule::tuning::{Origin, RuleSetting, Selector, Target};
use crate::domain::rule::{About, Rule};
use glob::Pattern;

/// A hold shorter than so many sampling periods is a single odd reading.
const HOLD_PERIODS: u32 = 2;

/// Patterns of one list.
const IGNORED_MAX: usize = 64;

/// Reads `[[aturan]]` into the catalogue.
pub(super) fn read_settings(
    d: &mut Diagnostics<'_>,
    root: &TableReader<'_>,
    known: &Known<'_>,
    catalogue: &mut Catalogue,
) {
    let codes = Rule::ALL.map(Rule::code);
    for table in root.tables(d, "aturan") {
        let rule = table.choice(d, "kode", &codes, Rule::parse);
        if !table.has("kode") {
            table.missing(d, "kode", "say which rule");
        }
        let selector = read_selector(d, &table, known, rule);
        let enabled = table.boolean(d, "aktif");
        let reason = table.text(d, "alasan", TEXT_MAX).map(|p| p.value);
        let observe = table.duration_ms(d, "amati", 0..=30 * DAY_MS);
        let budget = table.integer(d, "anggaran_per_jam", 0..=10_000);
        let ignored_units = read_ignored(d, &table, rule);
        if enabled == Some(false) && !table.has("alasan") {
            table.missing(d, "alasan", "say why the rule is off: it is shown beside it");
        }
        if let (Some(observe), Some(rule)) = (&observe, rule)
            && !rule.is_observed()
        {
            let remedy = "leave it out: what is down, silent or without a backup is always told";
            d.add(observe.span.clone(), &observe.key, true, "is not for this rule", remedy);
        }
        let narrow = selector.as_ref().is_some_and(|selector| *selector != Selector::everything());
        if let Some(budget) = budget.as_ref().filter(|_| narrow) {
            let remedy = "set it in an entry without `host`, `layanan` and `bagian`";
            d.add(budget.span.clone(), &budget.key, true, "holds for the whole rule", remedy);
        }
        if enabled.is_none() && observe.is_none() && budget.is_none() && ignored_units.is_empty() {
            let remedy =
                "give one of `aktif`, `amati`, `anggaran_per_jam`, `abaikan`; values of thresholds stand in [[ambang]]";
            d.add(table.span(), &table.key(""), false, "sets nothing", remedy);
        }
        table.finish(d);
        let (Some(rule), Some(selector)) = (rule, selector) else { continue };
        catalogue.tuning.settings.push(RuleSetting {
            rule,
            selector,
            enabled,
            reason,
            observe_seconds: observe.map(|p| to_u32(p.value / 1000)),
            budget_per_hour: budget.map(|p| to_u32(p.value)),
            ignored_units,
        });
    }
}

/// `abaikan`: units that do not count.
fn read_ignored(d: &mut Diagnostics<'_>, table: &TableReader<'_>, rule: Option<Rule>) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    let given = table.texts(d, "abaikan", TEXT_MAX);
    if let Some(over) = given.get(IGNORED_MAX) {
        d.add(over.span.clone(), &over.key, true, "is one too many", "give at most 64 patterns in an entry");
    }
    for pattern in given.into_iter().take(IGNORED_MAX) {
        if rule.is_some_and(|rule| rule != Rule::FailedUnits) {
            d.add(
                pattern.span,
                &pattern.key,
                true,
                "is not for this rule",
                "leave it out; only \"unit_gagal\" has units",
            );
            continue;
        }
        match Pattern::new(&pattern.value) {
            Ok(pattern) => patterns.push(pattern),
            Err(_) => {
                d.add(pattern.span, &pattern.key, true, "is no pattern", "give a name, with `*` for any part of it")
            }
        }
    }
    patterns
}

/// `host` or `layanan`, and `bagian`; `None` when one of them is faulty.
pub(super) fn read_selector(
    d: &mut Diagnostics<'_>,
    table: &TableReader<'_>,
    known: &Known<'_>,
    rule: Option<Rule>,
) -> Option<Selector> {
    let (host, service) = (table.text(d, "host", TEXT_MAX), table.text(d, "layanan", TEXT_MAX));
    let part = table.text(d, "bagian", TEXT_MAX);
    let about = rule.map(Rule::about);
    if let Some(part) = part.as_ref().filter(|_| rule.is_some_and(|rule| !rule.has_parts())) {
        let remedy = "leave it out; only \"storage\" and \"bandwidth\" have parts";
        d.add(part.span.clone(), &part.key, true, "is not for this rule", remedy);
        return None;
    }
    let target = match (host, service) {
        (Some(_), Some(service)) => {
            d.add(service.span, &service.key, true, "stands beside `host`", "give one of them");
            return None;
        }
        (Some(host), None) if about.is_some_and(|about| about != About::Hosts) => {
            d.add(host.span, &host.key, true, "is not for this rule", "give `layanan`, or leave it out");
            return None;
        }
        (None, Some(service)) if about == Some(About::Site) => {
            d.add(service.span, &service.key, true, "is not for this rule", "leave it out");
            return None;
        }
        (Some(host), None) => Target::Host(known.seen.host(d, &host)?),
        (None, Some(service)) => {
            let id = placed_id(d, &service, ServiceId::parse)?;
            if !known.services.iter().any(|s| s.id == id) {
                let remedy = "give the `id` of a [[layanan]]";
                d.add(service.span, &service.key, true, "names a service that is not listed", remedy);
                return None;
            }
            Target::Service(id)
        }
        (None, None) => Target::Everything,
    };
    Some(Selector { target, part: part.map(|p| p.value) })
}

/// What of the settings is valid and yet odd: shown to people.
pub(super) fn findings(catalogue: &Catalogue) -> Vec<Finding> {
    let period_s = catalogue.sample_period_ms.div_ceil(1000);
    let mut out = Vec::new();
    for (threshold, origin) in threshold::all(catalogue) {
        let place = |id: &str| Phrase::new(id).with("rule", threshold.metric.code()).with("subject", subject(&origin));
        if threshold.hold_seconds < period_s.saturating_mul(HOLD_PERIODS) {
            out.push(place("finding-rule-hold-short").with("seconds", threshold.hold_seconds));
        }
        if threshold.clear_permille == threshold.alarm_permille {
            out.push(place("finding-rule-no-hysteresis").with("percent", percent(threshold.alarm_permille)));
        }
    }
    for setting in catalogue.tuning.settings.iter().filter(|setting| setting.enabled == Some(false)) {
        let origin = match &setting.selector.target {
            Target::Everything => Origin::Catalogue,
            Target::Service(id) => Origin::Service(id.clone()),
            Target::Host(id) => Origin::Host(id.clone()),
        };
        let phrase =
            Phrase::new("finding-rule-off").with("rule", setting.rule.code()).with("subject", subject(&origin));
        out.push(phrase.with("reason", setting.reason.as_deref().unwrap_or_default()));
    }
    out.into_iter().map(|phrase| Finding { service: None, phrase }).collect()
}

/// Whom it is for, by identifier; `*` for everything.
fn subject(origin: &Origin) -> String {
    match origin {
        Origin::Default | Origin::Catalogue => "*".to_owned(),
        Origin::Service(id) => id.to_string(),
        Origin::Host(id) => id.to_string(),
    }
}

fn percent(permille: u32) -> String {
    format!("{}.{}", permille / 10, permille % 10)
}

#[cfg(test)]
mod tests;
