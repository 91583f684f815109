//! Between a condition and its ticket: rules that are off, new hosts that are only observed, and the ticket budget of each
//! rule. The bridge to the rules of `domain/rule/admission.rs` and `domain/ticket/fold.rs`.
//!
//! What is held back is remembered by key and kept in the store with the decision that held it back; what was opened in
//! the last hour is known from the tickets. So a restart folds nothing anew. Like everything in the model this moves on
//! only when a decision was committed.

use super::deadlines::Subject;
use super::group_model::Round;
use super::model::{Model, Plan, PlannedChange};
use crate::domain::catalogue::ServiceId;
use crate::domain::phrase::Phrase;
use crate::domain::profile::Impact;
use crate::domain::rule::Rule;
use crate::domain::rule::admission::{Admission, Asking, HeldBack, HeldCause, admit, observed_until};
use crate::domain::rule::tuning;
use crate::domain::ticket::condition::{Condition, View};
use crate::domain::ticket::fold::{self, Openings, WINDOW_SECONDS};
use crate::domain::ticket::open::priority_of;
use crate::domain::ticket::{Ticket, TicketKey, TicketNumber, TicketScope, TicketState};
use crate::store::{Reader, StoreError};
use pantau_shared::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Folded conditions named in a symptom.
const EXAMPLES_MAX: usize = 5;
/// Folded conditions listed as components; the page of the rule lists them all.
const COMPONENTS_MAX: usize = 20;
/// Services listed as affected, most urgent first.
const AFFECTED_MAX: usize = 50;

/// What was held back and opened.
#[derive(Debug, Clone, Default)]
pub(crate) struct AdmissionModel {
    /// By key: what goes on, and what ended lately.
    held: BTreeMap<TicketKey, HeldBack>,
    openings: BTreeMap<Rule, Openings>,
    /// Until when people let rules begin for the hosts there were.
    begun: BTreeMap<Rule, Timestamp>,
    /// Held back, of a host or service that is no longer there: ends with the next decision.
    gone: Vec<HeldBack>,
}

/// What a plan holds back and lets through.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Admitted {
    /// Held back, as they are after it.
    pub(crate) held: Vec<HeldBack>,
    /// Tickets that it opens, by rule.
    opened: BTreeMap<Rule, u32>,
    /// Conditions that it folds, by rule.
    pub(crate) folded: BTreeMap<Rule, u32>,
}

/// The key of a rule's own ticket.
fn key_of(rule: Rule) -> TicketKey {
    TicketKey { scope: TicketScope::Rule(rule), class: rule.class() }
}

/// What follows for the ticket of a rule's fold.
enum Fold {
    /// It is judged as any other.
    Seen(View),
    /// More of it was folded into the open one.
    Joined(PlannedChange),
}

impl Model {
    /// Takes what the store knows of it, after hosts and open tickets.
    pub(crate) fn load_admission(&mut self, reader: &Reader, now: Timestamp) -> Result<(), StoreError> {
        let lately = now.plus_secs(-i64::from(self.catalogue.tickets.reopen_window_seconds));
        self.admission = AdmissionModel { begun: reader.rules_begun()?, ..AdmissionModel::default() };
        for (scope, class, impact, at) in reader.opened_since(now.plus_secs(-WINDOW_SECONDS))? {
            self.note_opened(&scope, Rule::of(&scope, class, impact), at);
        }
        for held in reader.held_back_lately(lately)? {
            if held.is_active() && !self.is_here(&held.key) {
                self.admission.gone.push(held.ended(now));
            } else {
                self.put_held(held);
            }
        }
        Ok(())
    }

    /// Whether the key's subject is still watched.
    fn is_here(&self, key: &TicketKey) -> bool {
        match &key.scope {
            TicketScope::Service(id) => self.index.service(id).is_some(),
            TicketScope::Backup(id) => self.index.set_of(id).is_some(),
            TicketScope::Host(id, _) => {
                self.hosts.place(id).is_some_and(|place| self.hosts[place].record.revoked_at.is_none())
            }
            TicketScope::Check(id) => self.catalogue.check(id).is_some(),
            TicketScope::Site | TicketScope::Alert(_) | TicketScope::Rule(_) => true,
        }
    }

    /// A ticket of a rule was opened; the rule's own does not count.
    pub(super) fn note_opened(&mut self, scope: &TicketScope, rule: Option<Rule>, at: Timestamp) {
        if let (Some(rule), false) = (rule, matches!(scope, TicketScope::Rule(_))) {
            let per_hour = self.catalogue.tuning.budget_per_hour(rule).unwrap_or(0);
            self.admission.openings.entry(rule).or_default().note(at, per_hour);
        }
    }

    /// A rule begins for all hosts there are now; they are no longer only observed.
    pub(crate) fn begin_rule(&mut self, rule: Rule, at: Timestamp) {
        self.admission.begun.insert(rule, at);
        self.touch_everything();
    }

    /// About what a setting of the rule is asked for a key.
    fn asked_of(key: &TicketKey) -> Option<tuning::Subject<'_>> {
        match &key.scope {
            TicketScope::Host(id, part) => {
                Some(tuning::Subject::Host(id, part.split_once(':').map_or("", |(_, part)| part)))
            }
            TicketScope::Service(id) => Some(tuning::Subject::Service(id)),
            TicketScope::Site | TicketScope::Alert(_) => Some(tuning::Subject::Site),
            // Of a set and an endpoint the service is asked; a rule's own ticket is never held back.
            TicketScope::Backup(_) | TicketScope::Check(_) | TicketScope::Rule(_) => None,
        }
    }

    /// About what a setting of the rule is asked for a key; of a backup set or an endpoint that is its service.
    fn set_for<'a>(&'a self, key: &'a TicketKey) -> Option<tuning::Subject<'a>> {
        match &key.scope {
            TicketScope::Backup(id) => {
                self.catalogue.backup_set(id).map(|(service, _)| tuning::Subject::Service(&service.id))
            }
            TicketScope::Check(id) => {
                self.catalogue.check(id).map(|(service, _)| tuning::Subject::Service(&service.id))
            }
            TicketScope::Host(..)
            | TicketScope::Service(_)
            | TicketScope::Site
            | TicketScope::Alert(_)
            | TicketScope::Rule(_) => Self::asked_of(key),
        }
    }

    /// Whether the rule behind a ticket of that key and impact is turned off for what it is about.
    pub(super) fn is_turned_off(&self, key: &TicketKey, impact: Impact) -> bool {
        let rule = Rule::of(&key.scope, key.class, impact).filter(|_| !matches!(key.scope, TicketScope::Rule(_)));
        rule.zip(self.set_for(key))
            .is_some_and(|(rule, subject)| self.catalogue.tuning.turned_off(&self.catalogue, rule, subject).is_some())
    }

    /// Until when the rule only watches the host of a key.
    fn observed_until(&self, rule: Rule, key: &TicketKey) -> Option<Timestamp> {
        let TicketScope::Host(id, _) = &key.scope else { return None };
        let (place, subject) = (self.hosts.place(id)?, Self::asked_of(key)?);
        let seconds = self.catalogue.tuning.observe_seconds(&self.catalogue, rule, subject);
        observed_until(self.hosts[place].record.joined_at, seconds, self.admission.begun.get(&rule).copied())
    }

    /// When the observation of what is held back of a host ends.
    pub(super) fn observation_ends(&self, host: usize) -> Option<Timestamp> {
        let id = &self.hosts[host].record.id;
        let first = TicketKey { scope: TicketScope::Host(id.clone(), String::new()), class: Rule::Down.class() };
        let held = self
            .admission
            .held
            .range(first..)
            .take_while(|(key, _)| matches!(&key.scope, TicketScope::Host(of, _) if of == id));
        let observed = held.filter(|(_, held)| held.is_active() && held.cause == HeldCause::Observed);
        observed.filter_map(|(key, held)| self.observed_until(held.rule, key)).min()
    }

    /// Lets a condition have its ticket, or holds it back.
    pub(super) fn admit(&self, condition: Condition, related: Option<TicketNumber>, now: Timestamp, plan: &mut Plan) {
        let rule = Rule::of(&condition.key.scope, condition.key.class, condition.impact);
        let Some(rule) = rule.filter(|_| !matches!(condition.key.scope, TicketScope::Rule(_))) else {
            plan.changes.push(PlannedChange::Open(condition, related));
            return;
        };
        let tuning = &self.catalogue.tuning;
        let subject = self.set_for(&condition.key);
        let before = self.admission.held.get(&condition.key);
        let active = before.filter(|held| held.is_active());
        let (per_hour, more) = (tuning.budget_per_hour(rule), plan.admitted.opened.get(&rule).copied().unwrap_or(0));
        let asking = Asking {
            enabled: subject.is_none_or(|subject| tuning.turned_off(&self.catalogue, rule, subject).is_none()),
            observed_until: self.observed_until(rule, &condition.key),
            folded: active.is_some_and(|held| held.cause == HeldCause::Folded),
            spent: self
                .admission
                .openings
                .get(&rule)
                .map_or(per_hour.is_some_and(|n| more >= n), |openings| openings.is_spent(per_hour, more, now)),
        };
        let cause = match admit(asking, now) {
            Admission::Off => {
                plan.admitted.held.extend(active.map(|held| held.ended(now)));
                return;
            }
            Admission::Open => {
                plan.admitted.held.extend(active.map(|held| held.ended(now)));
                *plan.admitted.opened.entry(rule).or_default() += 1;
                plan.changes.push(PlannedChange::Open(condition, related));
                return;
            }
            Admission::Hold(cause) => cause,
        };
        if active.is_some_and(|held| held.cause == cause) {
            return;
        }
        plan.admitted.held.extend(active.map(|held| held.ended(now)));
        if cause == HeldCause::Folded {
            *plan.admitted.folded.entry(rule).or_default() += 1;
        }
        // Within the time in which a ticket would have come back it is the same one.
        let window = i64::from(self.catalogue.tickets.reopen_window_seconds);
        let again = before.filter(|held| {
            held.cause == cause && held.ended_at.is_some_and(|ended| condition.onset_at < ended.plus_secs(window))
        });
        plan.admitted.held.push(again.map_or_else(
            || HeldBack {
                key: condition.key.clone(),
                rule,
                cause,
                onset_at: condition.onset_at,
                noted_at: now,
                ended_at: None,
                occurrences: 1,
                symptom: condition.symptom.clone(),
            },
            HeldBack::again,
        ));
    }

    /// What is good again is held back no longer.
    pub(super) fn release_held(&self, view: &View, plan: &mut Plan) {
        let View::Clear { key, since } = view else { return };
        let active = self.admission.held.get(key).filter(|held| held.is_active());
        plan.admitted.held.extend(active.map(|held| held.ended(*since)));
    }

    /// Takes what was held back as it was committed.
    pub(crate) fn committed_held(&mut self, held: Vec<HeldBack>, now: Timestamp) {
        if held.is_empty() {
            return;
        }
        self.admission.gone.retain(|gone| !held.contains(gone));
        held.into_iter().for_each(|held| self.put_held(held));
        let window = i64::from(self.catalogue.tickets.reopen_window_seconds);
        let lately = now.plus_secs(-window);
        self.admission.held.retain(|_, held| held.ended_at.is_none_or(|ended| ended > lately));
    }

    fn put_held(&mut self, held: HeldBack) {
        let active = held.is_active();
        let (key, rule) = (held.key.clone(), held.rule);
        let folded = active && held.cause == HeldCause::Folded;
        let told = folded || self.holder(&key).is_some_and(|ticket| ticket.state != TicketState::Pulih);
        let was = self.admission.held.insert(key.clone(), held).is_some_and(|before| before.is_active());
        self.touched.insert(Subject::Rule(rule));
        let subject = match &key.scope {
            TicketScope::Service(id) => self.index.service(id).map(Subject::Service),
            TicketScope::Backup(id) => self.index.set_of(id).map(Subject::Backup),
            TicketScope::Host(id, part) => self.hosts.place(id).map(|place| {
                let host = &mut self.hosts[place];
                host.held = host.held.saturating_add(u32::from(active)).saturating_sub(u32::from(was));
                if part.is_empty() {
                    // Folded is told: it is no part of a storm any more.
                    host.silence_ticket = told;
                    self.touched.insert(Subject::Storm);
                }
                Subject::Host(place)
            }),
            TicketScope::Check(id) => {
                self.catalogue.check(id).and_then(|(service, _)| self.index.service(&service.id)).map(Subject::Service)
            }
            TicketScope::Alert(digest) => self.alerts.place(digest).map(Subject::Alert),
            TicketScope::Site | TicketScope::Rule(_) => None,
        };
        self.touched.extend(subject);
    }

    /// Judges the rules' own tickets: of rules that are `due`, and of those that the plan folds or releases something of.
    pub(super) fn judge_folds(&mut self, due: &BTreeSet<Subject>, now: Timestamp, plan: &mut Plan, round: &mut Round) {
        plan.admitted.held.extend(self.admission.gone.iter().cloned());
        let touched = due.iter().filter_map(|subject| match subject {
            Subject::Rule(rule) => Some(*rule),
            Subject::Service(_)
            | Subject::Storm
            | Subject::Host(_)
            | Subject::Backup(_)
            | Subject::Alert(_)
            | Subject::Ticket(_) => None,
        });
        let changed = plan.admitted.held.iter().filter(|held| held.cause == HeldCause::Folded).map(|held| held.rule);
        let rules: BTreeSet<Rule> = touched.chain(changed).collect();
        for rule in rules {
            match self.fold_of(rule, now, plan) {
                Some(Fold::Seen(view)) => self.judge(view, now, plan, round),
                Some(Fold::Joined(change)) => plan.changes.push(change),
                None => {}
            }
        }
    }

    /// What follows for the ticket of a rule's fold; `None`: there is neither.
    fn fold_of(&self, rule: Rule, now: Timestamp, plan: &Plan) -> Option<Fold> {
        let key = key_of(rule);
        let ticket = self.holder(&key).filter(|ticket| ticket.state != TicketState::Pulih);
        let mut folded: BTreeMap<&TicketKey, &HeldBack> = BTreeMap::new();
        // What the plan changes stands above what is.
        let all = self.admission.held.values().chain(&plan.admitted.held);
        for held in all.filter(|held| held.rule == rule && held.cause == HeldCause::Folded) {
            folded.insert(&held.key, held);
        }
        if folded.is_empty() && self.holder(&key).is_none() {
            return None;
        }
        let active: Vec<&HeldBack> = folded.values().copied().filter(|held| held.is_active()).collect();
        if active.is_empty() {
            let ended = folded.values().filter_map(|held| held.ended_at).max();
            let since = ended.unwrap_or(self.listening_since);
            return Some(Fold::Seen(View::Clear { key, since }));
        }
        let condition = self.fold_condition(rule, key, &active, ticket.map(AsRef::as_ref));
        match (ticket, plan.admitted.folded.get(&rule).copied()) {
            (Some(ticket), Some(more)) => fold::join(ticket, &condition, more, now).map(|(ticket, activity)| {
                Fold::Joined(PlannedChange::Change { ticket: Box::new(ticket), activity, event: None })
            }),
            (Some(_), None) | (None, _) => Some(Fold::Seen(View::Holds(condition))),
        }
    }

    fn fold_condition(&self, rule: Rule, key: TicketKey, active: &[&HeldBack], ticket: Option<&Ticket>) -> Condition {
        let first = active.iter().map(|held| held.onset_at).min().unwrap_or(self.listening_since);
        let of = |held: &&&HeldBack| self.name_of(&held.key.scope);
        let mut examples: Vec<String> = active.iter().take(EXAMPLES_MAX).map(|held| of(&held)).collect();
        examples.dedup();
        let impact = if rule == Rule::Down { Impact::Mayor } else { Impact::Minor };
        let affected: BTreeSet<ServiceId> = active.iter().flat_map(|held| self.suffering(&held.key.scope)).collect();
        let mut affected: Vec<ServiceId> = affected.into_iter().collect();
        affected.sort_by_key(|id| priority_of(&self.catalogue, &self.profile, std::slice::from_ref(id), impact));
        affected.truncate(AFFECTED_MAX);
        Condition {
            key,
            impact,
            // It goes on since it began: that older ones of it ended is no new beginning.
            onset_at: ticket.map_or(first, |ticket| first.min(ticket.life.episode_at)),
            symptom: Phrase::new("symptom-folded")
                .with("rule", rule.code())
                .with("count", active.len())
                .with("budget", self.catalogue.tuning.budget_per_hour(rule).unwrap_or(0))
                .with("examples", examples.join(", "))
                .with("since_at", first),
            category: match rule.about() {
                crate::domain::rule::About::Services => "aplikasi",
                crate::domain::rule::About::Hosts | crate::domain::rule::About::Site => "pemantauan",
            }
            .to_owned(),
            components: active.iter().take(COMPONENTS_MAX).map(|held| held.key.scope.to_string()).collect(),
            affected,
            flapping_since: None,
        }
    }

    /// A scope's name for people.
    fn name_of(&self, scope: &TicketScope) -> String {
        match scope {
            TicketScope::Service(id) => self.service_name(id),
            TicketScope::Host(id, _) => self.host_name(id),
            TicketScope::Check(_)
            | TicketScope::Alert(_)
            | TicketScope::Backup(_)
            | TicketScope::Site
            | TicketScope::Rule(_) => scope.to_string(),
        }
    }

    /// The services that suffer from trouble of a scope.
    fn suffering(&self, scope: &TicketScope) -> Vec<ServiceId> {
        match scope {
            TicketScope::Service(id) => vec![id.clone()],
            TicketScope::Host(id, _) => {
                let places = self.index.running_on(id).iter();
                places.filter_map(|place| self.services.get(*place)).map(|s| s.service.id.clone()).collect()
            }
            TicketScope::Backup(id) => {
                self.catalogue.backup_set(id).map(|(service, _)| service.id.clone()).into_iter().collect()
            }
            TicketScope::Check(id) => {
                self.catalogue.check(id).map(|(service, _)| service.id.clone()).into_iter().collect()
            }
            TicketScope::Site | TicketScope::Alert(_) | TicketScope::Rule(_) => Vec::new(),
        }
    }

    /// When the ticket of a rule whose folded conditions are all good is to be looked at again.
    pub(super) fn next_fold_look(&self, rule: Rule) -> Option<Timestamp> {
        self.holder(&key_of(rule))?;
        let folded = self.admission.held.values().filter(|h| h.rule == rule && h.cause == HeldCause::Folded);
        let mut last = self.listening_since;
        for held in folded {
            last = last.max(held.ended_at?);
        }
        Some(last.plus_secs(i64::from(self.catalogue.tickets.resolve_after_seconds)))
    }
}

#[cfg(test)]
mod tests;
