//! The list of rules: what each looks at, by which values, what it opened in 30 days and what came of it, and whether it is
//! on, off, or only watches.

use super::markup::{Badge, Icon, Tone};
use super::page::Page;
use crate::domain::rule::ValueInForce;
use crate::domain::rule::tuning::Origin;
use crate::replay::text;
use crate::rule_list::RuleStanding;
use crate::snapshot::Snapshot;
use crate::texts::Texts;
use askama::Template;

/// A rule in the list.
#[derive(Debug)]
struct Row {
    href: String,
    name: String,
    code: &'static str,
    badge: Badge,
    values: Vec<String>,
    exceptions: String,
    tickets: u32,
    acted: String,
    false_alarms: u32,
    held: Vec<String>,
}

#[derive(Debug, Template)]
#[template(path = "rules.html")]
struct RulesPage {
    page: Page,
    rows: Vec<Row>,
    watched: Option<String>,
}

/// The page as HTML.
pub(crate) fn render(page: Page, standings: &[RuleStanding]) -> Result<String, askama::Error> {
    let texts = page.texts;
    let rows = standings.iter().map(|standing| row(texts, standing)).collect();
    let watched = standings.iter().map(|standing| standing.watched.0).max().filter(|hosts| *hosts > 0);
    let watched = watched.map(|hosts| texts.text("rules-watching", &[("hosts", &hosts.to_string())]));
    RulesPage { rows, watched, page }.render()
}

fn row(texts: Texts, standing: &RuleStanding) -> Row {
    let told = |id: &str, count: u32| texts.text(id, &[("count", &count.to_string())]);
    let exceptions = standing.exceptions;
    Row {
        href: format!("/rules/{}", standing.rule.code()),
        name: text::name(texts, standing.rule),
        code: standing.rule.code(),
        badge: badge(texts, standing),
        values: standing.values.iter().map(|value| value_of(texts, None, value)).collect(),
        exceptions: if exceptions > 0 {
            told("rules-exceptions", u32::try_from(exceptions).unwrap_or(u32::MAX))
        } else {
            String::new()
        },
        tickets: standing.tickets,
        acted: match standing.acted_percent() {
            Some(percent) => {
                texts.text("rules-acted", &[("acted", &standing.acted.to_string()), ("percent", &percent.to_string())])
            }
            None => "–".to_owned(),
        },
        false_alarms: standing.false_alarms,
        held: [("rules-observed", standing.observed), ("rules-folded", standing.folded)]
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(id, count)| told(id, count))
            .collect(),
    }
}

/// On, off, or only watching.
pub(super) fn badge(texts: Texts, standing: &RuleStanding) -> Badge {
    if standing.off.is_some() {
        return Badge { tone: Tone::Neutral, icon: Icon("cancel"), label: texts.get("rule-off") };
    }
    if standing.watched.0 > 0 {
        let hosts = standing.watched.0.to_string();
        let label = texts.text("rule-watching", &[("hosts", &hosts)]);
        return Badge { tone: Tone::Info, icon: Icon("eye"), label };
    }
    Badge::new(Tone::Good, texts.get("rule-on"))
}

/// A value in force with whose it is.
pub(super) fn value_of(texts: Texts, snapshot: Option<&Snapshot>, value: &ValueInForce) -> String {
    let shown = text::value(texts, value.parameter.unit, value.value);
    let origin = match &value.origin {
        Origin::Default => texts.get("rule-origin-default"),
        Origin::Catalogue => texts.get("rule-origin-catalogue"),
        Origin::Service(id) => {
            let name = snapshot.and_then(|snapshot| snapshot.catalogue.service(id)).map(|service| service.name.clone());
            texts.text("rule-origin-service", &[("name", &name.unwrap_or_else(|| id.to_string()))])
        }
        Origin::Host(id) => texts.text("rule-origin-host", &[("name", id.as_str())]),
    };
    format!("{} = {shown} ({origin})", value.parameter.name)
}
