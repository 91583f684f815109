//! Every rule as it stands: its values in force with their origin, what it opened and what came of it, what it holds back,
//! which hosts it only watches. For page and API. Judges nothing.

use crate::domain::catalogue::Catalogue;
use crate::domain::rule::admission::{HeldCause, observed_until};
use crate::domain::rule::tuning::{RuleSetting, Subject, Target};
use crate::domain::rule::{Rule, ValueInForce};
use crate::snapshot::Snapshot;
use crate::store::{Reader, StoreError};
use pantau_shared::timestamp::Timestamp;

/// Figures are those of so many days.
pub(crate) const DAYS: i64 = 30;

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleStanding {
    pub(crate) rule: Rule,
    /// Where no exception holds.
    pub(crate) values: Vec<ValueInForce>,
    /// How long it only watches a new host, in seconds; 0: not at all.
    pub(crate) observe_seconds: u32,
    /// Tickets in an hour before the rest is folded; none: no bound.
    pub(crate) budget_per_hour: Option<u32>,
    /// Turned off for everything: why.
    pub(crate) off: Option<String>,
    /// Settings for some hosts or services.
    pub(crate) exceptions: usize,
    /// Tickets that it opened in [`DAYS`] days.
    pub(crate) tickets: u32,
    /// Of those, about how many a person did something.
    pub(crate) acted: u32,
    /// Of those, how many a person called a false alarm.
    pub(crate) false_alarms: u32,
    /// Tickets that would have opened while it only watched, in [`DAYS`] days.
    pub(crate) observed: u32,
    /// Conditions that were folded, in [`DAYS`] days.
    pub(crate) folded: u32,
    /// Hosts that it only watches now, and when the last of them is through.
    pub(crate) watched: (usize, Option<Timestamp>),
}

impl RuleStanding {
    /// Of its tickets, how many of a hundred a person acted on; none without tickets. Floored.
    pub(crate) fn acted_percent(&self) -> Option<u32> {
        (self.acted * 100).checked_div(self.tickets)
    }
}

/// The setting that turns a rule off for everything.
fn off(catalogue: &Catalogue, rule: Rule) -> Option<&RuleSetting> {
    let mut everywhere = catalogue.tuning.settings.iter().filter(|setting| {
        setting.rule == rule && setting.selector.target == Target::Everything && setting.selector.part.is_none()
    });
    everywhere.rfind(|setting| setting.enabled.is_some()).filter(|setting| setting.enabled == Some(false))
}

/// All rules, in their order.
///
/// # Errors
/// What the store says.
pub(crate) fn load(reader: &Reader, snapshot: &Snapshot, now: Timestamp) -> Result<Vec<RuleStanding>, StoreError> {
    let (catalogue, from) = (&snapshot.catalogue, now.plus_secs(-86_400 * DAYS));
    let (tickets, held) = (reader.rule_tickets(from, now)?, reader.held_back_counts(from)?);
    let begun = reader.rules_begun()?;
    let standing = |rule: Rule| {
        let of_rule = || tickets.iter().filter(|t| Rule::of(&t.scope, t.class, t.impact) == Some(rule));
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let held = |cause: HeldCause| held.get(&(rule, cause)).copied().unwrap_or(0);
        let until = snapshot.hosts.iter().filter_map(|host| {
            let seconds = catalogue.tuning.observe_seconds(catalogue, rule, Subject::Host(&host.id, ""));
            let until = observed_until(host.joined_at, seconds, begun.get(&rule).copied());
            until.filter(|until| now < *until)
        });
        let watched: Vec<Timestamp> = until.collect();
        let (thresholds, settings) = catalogue.tuning.exceptions(rule);
        let narrow = settings.iter().filter(|s| s.selector.target != Target::Everything || s.selector.part.is_some());
        RuleStanding {
            rule,
            values: rule.values(catalogue, None, ""),
            observe_seconds: if rule.is_observed() { catalogue.tuning.observe_seconds } else { 0 },
            budget_per_hour: catalogue.tuning.budget_per_hour(rule),
            off: off(catalogue, rule).map(|setting| setting.reason.clone().unwrap_or_default()),
            exceptions: thresholds.len() + narrow.count(),
            tickets: count(of_rule().count()),
            acted: count(of_rule().filter(|ticket| ticket.acted).count()),
            false_alarms: count(of_rule().filter(|ticket| ticket.false_alarm).count()),
            observed: held(HeldCause::Observed),
            folded: held(HeldCause::Folded),
            watched: (watched.len(), watched.iter().max().copied()),
        }
    };
    Ok(Rule::ALL.into_iter().map(standing).collect())
}
