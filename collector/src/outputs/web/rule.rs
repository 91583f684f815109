//! One rule: values in force, exceptions, what it holds back, and a replay over the past with other values.

use super::markup::Badge;
use super::page::Page;
use super::rules::{badge, value_of};
use crate::domain::rule::Rule;
use crate::domain::rule::admission::{HeldBack, HeldCause};
use crate::domain::rule::tuning::{Selector, Target};
use crate::replay::{self, Line, Replay, Tried, TriedError, text};
use crate::rule_list::RuleStanding;
use crate::snapshot::Snapshot;
use crate::texts::Texts;
use askama::Template;
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;

/// Rows of each list.
pub(super) const ROWS_MAX: usize = 200;

/// A field of the replay's form.
#[derive(Debug)]
struct Field {
    name: &'static str,
    label: String,
    value: String,
    hint: String,
}

/// Something of the rule for some hosts or services.
#[derive(Debug)]
struct Exception {
    whom: String,
    sets: String,
}

/// A condition that got no ticket of its own.
#[derive(Debug)]
struct HeldRow {
    about: String,
    symptom: String,
    cause: String,
    begin: String,
    lasted: String,
}

/// A ticket of the replay.
#[derive(Debug)]
struct TicketRow {
    href: String,
    number: String,
    priority: u8,
    about: String,
    symptom: String,
    begin: String,
    lasted: String,
    folded: bool,
}

/// What a replay found.
#[derive(Debug)]
struct Found {
    summary: String,
    values: Vec<String>,
    notes: Vec<String>,
    would_open: Vec<TicketRow>,
    opened: Vec<TicketRow>,
    more: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "rule.html")]
struct RulePage {
    page: Page,
    rule: &'static str,
    badge: Badge,
    facts: Vec<(String, Vec<String>)>,
    exceptions: Vec<Exception>,
    watched: Option<String>,
    may_begin: bool,
    held: Vec<HeldRow>,
    replayable: bool,
    fields: Vec<Field>,
    found: Option<Found>,
    refused: Option<String>,
    begun: bool,
}

/// What the page is made of.
pub(super) struct RuleData<'a> {
    pub(super) standing: &'a RuleStanding,
    pub(super) held: &'a [HeldBack],
    /// What was asked of the replay, as written.
    pub(super) asked: &'a BTreeMap<String, String>,
    /// What it found, when it was asked for.
    pub(super) replay: Option<&'a Replay>,
    pub(super) refused: Option<String>,
    pub(super) begun: bool,
}

/// The page as HTML.
pub(super) fn render(page: Page, snapshot: &Snapshot, data: &RuleData<'_>) -> Result<String, askama::Error> {
    let (texts, standing) = (page.texts, data.standing);
    let watched = standing.watched.1.map(|until| {
        let (hosts, until) = (standing.watched.0.to_string(), texts.instant(until));
        texts.text("rule-watched", &[("hosts", &hosts), ("until", &until)])
    });
    RulePage {
        rule: standing.rule.code(),
        badge: badge(texts, standing),
        facts: facts(texts, standing),
        exceptions: exceptions(texts, snapshot, standing.rule),
        may_begin: watched.is_some() && page.may_approve(),
        watched,
        held: data.held.iter().map(|held| held_row(texts, snapshot, held)).collect(),
        replayable: replay::is_replayed(standing.rule),
        fields: fields(texts, standing, data.asked),
        found: data.replay.map(|replay| found(texts, standing.rule, replay)),
        refused: data.refused.clone(),
        begun: data.begun,
        page,
    }
    .render()
}

fn facts(texts: Texts, standing: &RuleStanding) -> Vec<(String, Vec<String>)> {
    let code = format!("rule-about-{}", standing.rule.code().replace('_', "-"));
    let values: Vec<String> = standing.values.iter().map(|value| value_of(texts, None, value)).collect();
    let observe = match standing.observe_seconds {
        0 => texts.get("rule-observe-none"),
        seconds => texts.text("rule-observe", &[("span", &texts.duration(seconds.into()))]),
    };
    let budget = standing.budget_per_hour.map_or_else(
        || texts.get("rule-budget-none"),
        |budget| texts.text("rule-budget", &[("count", &budget.to_string())]),
    );
    let figures = [
        ("tickets", standing.tickets.to_string()),
        ("acted", standing.acted.to_string()),
        ("false_alarms", standing.false_alarms.to_string()),
    ];
    let figures: Vec<(&str, &str)> = figures.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut out = vec![(texts.get("rule-fact-about"), vec![texts.get(&code)])];
    out.extend(standing.off.as_ref().map(|reason| (texts.get("rule-fact-off"), vec![reason.clone()])));
    if !values.is_empty() {
        out.push((texts.get("rule-fact-values"), values));
    }
    out.push((texts.get("rule-fact-observe"), vec![observe]));
    out.push((texts.get("rule-fact-budget"), vec![budget]));
    out.push((texts.get("rule-fact-figures"), vec![texts.text("rule-figures", &figures)]));
    out
}

fn exceptions(texts: Texts, snapshot: &Snapshot, rule: Rule) -> Vec<Exception> {
    let (thresholds, settings) = snapshot.catalogue.tuning.exceptions(rule);
    let whom = |selector: &Selector| {
        let target = match &selector.target {
            Target::Everything => texts.get("rule-whom-everything"),
            Target::Service(id) => snapshot.catalogue.service(id).map_or_else(|| id.to_string(), |s| s.name.clone()),
            Target::Host(id) => id.to_string(),
        };
        selector.part.as_ref().map_or(target.clone(), |part| format!("{target} · {part}"))
    };
    let of_values = thresholds.into_iter().map(|tuning| {
        let sets = [
            tuning.alarm_permille.map(|value| format!("alarm_persen = {}", texts.permille(value))),
            tuning.clear_permille.map(|value| format!("pulih_persen = {}", texts.permille(value))),
            tuning.hold_seconds.map(|value| format!("selama = {}", texts.duration(value.into()))),
        ];
        let sets: Vec<String> = sets.into_iter().flatten().collect();
        Exception { whom: whom(&tuning.selector), sets: sets.join(", ") }
    });
    let of_settings = settings.into_iter().map(|setting| {
        let reason = setting.reason.as_deref().unwrap_or_default();
        let sets = [
            setting.enabled.map(|on| match on {
                true => texts.get("rule-set-on"),
                false => texts.text("rule-set-off", &[("reason", reason)]),
            }),
            setting.observe_seconds.map(|value| format!("amati = {}", texts.duration(value.into()))),
            setting.budget_per_hour.map(|value| format!("anggaran_per_jam = {value}")),
            (!setting.ignored_units.is_empty()).then(|| format!("abaikan = {}", setting.ignored())),
        ];
        let sets: Vec<String> = sets.into_iter().flatten().collect();
        Exception { whom: whom(&setting.selector), sets: sets.join(", ") }
    });
    of_values.chain(of_settings).collect()
}

fn held_row(texts: Texts, snapshot: &Snapshot, held: &HeldBack) -> HeldRow {
    HeldRow {
        about: super::tickets::about(texts, snapshot, &held.key.scope),
        symptom: texts.phrase(&held.symptom),
        cause: texts.get(match held.cause {
            HeldCause::Observed => "held-observed",
            HeldCause::Folded => "held-folded",
        }),
        begin: texts.instant(held.onset_at),
        lasted: match held.ended_at {
            Some(end) => texts.between(held.onset_at, end),
            None => texts.get("replay-goes-on"),
        },
    }
}

/// Host, service and days, then the rule's values: empty is as in force.
fn fields(texts: Texts, standing: &RuleStanding, asked: &BTreeMap<String, String>) -> Vec<Field> {
    let typed = |name: &str| asked.get(name).cloned().unwrap_or_default();
    let plain = |name: &'static str, label: &str, value: String, hint: String| Field {
        name,
        label: texts.get(label),
        value,
        hint,
    };
    let days = Some(typed("days")).filter(|days| !days.is_empty()).unwrap_or_else(|| replay::DAYS.to_string());
    let mut out = vec![plain("days", "replay-field-days", days, String::new())];
    if standing.rule.about() == crate::domain::rule::About::Hosts {
        out.push(plain("host", "replay-field-host", typed("host"), texts.get("replay-field-all")));
    }
    out.push(plain("service", "replay-field-service", typed("service"), texts.get("replay-field-all")));
    for name in Tried::names(standing.rule) {
        let value = standing.values.iter().find(|value| value.parameter.name == name);
        let hint = match value {
            Some(value) => text::value(texts, value.parameter.unit, value.value),
            None => standing.budget_per_hour.unwrap_or(0).to_string(),
        };
        out.push(Field { name, label: name.to_owned(), value: typed(name), hint });
    }
    out
}

fn found(texts: Texts, rule: Rule, replay: &Replay) -> Found {
    let rows = |lines: &[Line]| lines.iter().take(ROWS_MAX).map(|line| ticket_row(texts, line)).collect();
    let left = replay.would_open.len().max(replay.opened.len()).saturating_sub(ROWS_MAX);
    Found {
        summary: text::summary(texts, replay),
        values: replay.values.iter().map(|pair| text::pair(texts, rule, pair)).collect(),
        notes: replay.notes.iter().map(|id| texts.get(id)).collect(),
        would_open: rows(&replay.would_open),
        opened: rows(&replay.opened),
        more: (left > 0).then(|| texts.text("replay-more", &[("count", &left.to_string())])),
    }
}

fn ticket_row(texts: Texts, line: &Line) -> TicketRow {
    TicketRow {
        href: line.number.as_ref().map(|number| format!("/tickets/{number}")).unwrap_or_default(),
        number: line.number.clone().unwrap_or_default(),
        priority: line.priority,
        about: line.about.clone(),
        symptom: line.symptom.clone(),
        begin: texts.instant(Timestamp::from_ms(line.onset_ms)),
        lasted: text::lasted(texts, line),
        folded: line.folded,
    }
}

/// Why a value cannot be tried, in words.
pub(super) fn refusal(texts: Texts, error: &TriedError) -> String {
    match error {
        TriedError::Unknown { name, .. } => texts.text("replay-unknown-value", &[("name", name)]),
        TriedError::Bad { name, value, .. } => texts.text("replay-bad-value", &[("name", name), ("value", value)]),
        TriedError::ClearAboveAlarm => texts.get("replay-clear-above-alarm"),
    }
}
