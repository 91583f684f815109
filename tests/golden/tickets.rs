//! Runners of the tables of the profile, of the clocks of a ticket, and of a rise of its priority.

use crate::case::{Case, GoldenFile, Instant};
use anyhow::{Context, bail};
use pantau_collector::config::profile::bangka_2025;
use pantau_collector::domain::catalogue::{Catalogue, ServiceClass, ServiceGroup, TicketPolicy};
use pantau_collector::domain::phrase::Phrase;
use pantau_collector::domain::profile::{Impact, Operator, Priority, TimeTarget};
use pantau_collector::domain::ticket::condition::{Condition, Outcome, View, judge};
use pantau_collector::domain::ticket::open::{Report, open};
use pantau_collector::domain::ticket::{TicketKey, TicketNumber};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The cases' short name of a group.
fn short(group: ServiceGroup) -> &'static str {
    match group {
        ServiceGroup::Publik => "publik",
        ServiceGroup::AdministrasiPemerintahan => "administrasi",
    }
}

/// Tabel 3.
pub(crate) fn priority_matrix(_: &GoldenFile, _: &Case) -> anyhow::Result<Value> {
    let (profile, mut out) = (bangka_2025(), Map::new());
    for impact in Impact::ALL {
        for group in ServiceGroup::ALL {
            for class in ServiceClass::ALL {
                let key = format!("{}|{}|{}", impact.code(), short(group), class.code());
                out.insert(key, json!(profile.priority(impact, group, class).number()));
            }
        }
    }
    Ok(Value::Object(out))
}

/// Tabel 4.
pub(crate) fn response_targets(_: &GoldenFile, _: &Case) -> anyhow::Result<Value> {
    let profile = bangka_2025();
    let target = |n: u8| Some((n.to_string(), json!(profile.response_target(Priority::new(n)?).map(|t| t.seconds))));
    Ok(Value::Object((1..=6).filter_map(target).collect()))
}

/// Tabel 2.
pub(crate) fn resolution_targets(_: &GoldenFile, _: &Case) -> anyhow::Result<Value> {
    let (profile, mut out) = (bangka_2025(), Map::new());
    for group in ServiceGroup::ALL {
        for class in ServiceClass::ALL {
            let target = profile.resolution_target(group, class).map(|t| t.seconds);
            out.insert(format!("{}|{}", short(group), class.code()), json!(target));
        }
    }
    Ok(Value::Object(out))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SlaGiven {
    start: Instant,
    end: Instant,
    target_s: Option<u32>,
    operator: String,
    clock: String,
}

/// A clock against its target.
pub(crate) fn sla(_: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: SlaGiven = case.given()?;
    if given.clock != "24x7" {
        bail!("clock `{}` is not known here", given.clock);
    }
    let operator = match given.operator.as_str() {
        "<" => Operator::Below,
        "<=" => Operator::AtMost,
        other => bail!("operator `{other}` is not known"),
    };
    let elapsed = given.end.0.ms_since(given.start.0).div_euclid(1000);
    let target = given.target_s.map(|seconds| TimeTarget { seconds, operator });
    let due = target.map(|t| given.start.0.plus_secs(i64::from(t.seconds)).to_string());
    Ok(json!({ "elapsed_s": elapsed, "met": target.map(|t| t.is_met_by(elapsed)), "due_at": due }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeGiven {
    reported_at: Instant,
    changed_at: Instant,
    old_priority: u8,
    new_priority: u8,
    responded: bool,
}

/// The impact rises, and the priority with it: when is a response late?
pub(crate) fn priority_change(_: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: ChangeGiven = case.given()?;
    let (profile, reported) = (bangka_2025(), given.reported_at.0);
    let condition = |impact| Condition {
        key: TicketKey::parse("service:x|akses").expect("a valid key"),
        impact,
        onset_at: reported,
        symptom: Phrase::new("symptom-service-down"),
        category: "aplikasi".to_owned(),
        components: Vec::new(),
        affected: Vec::new(),
        flapping_since: None,
    };
    let first = condition(Impact::Minor);
    let report = Report { reporter: None, condition: &first, related: None };
    let number = TicketNumber { year: 2026, number: 1 };
    let (mut ticket, _) = open(&report, number, &Catalogue::empty(), &profile, reported);
    ticket.priority = Priority::new(given.old_priority).context("old_priority")?;
    ticket.response_target = profile.response_target(ticket.priority);
    ticket.first_response_at = given.responded.then_some(reported);
    let new = Priority::new(given.new_priority).context("new_priority")?;
    let view = View::Holds(condition(Impact::Mayor));
    match judge(Some(&ticket), &view, TicketPolicy::default(), &profile, given.changed_at.0, |_| new) {
        Outcome::Changed { ticket, .. } => Ok(json!({ "due_at": ticket.response_due_at().map(|at| at.to_string()) })),
        other => bail!("not a change: {other:?}"),
    }
}
