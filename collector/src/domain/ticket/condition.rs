//! What the monitoring sees of one key at an instant, and what that does to the ticket of the key.
//!
//! ```text
//! no ticket holds the key │ holds → open
//! open, not Pulih         │ holds, worse → updated;  good for `resolve_after` → Pulih, restored_at = first good moment
//! Pulih                   │ holds, begun within `reopen_window` of restored_at → recurred, the state it had before
//!                         │ holds, begun later → the ticket lets its key go (stays Pulih), another one is opened
//! open, with members      │ its own good time restores it only once every member is restored; see [`super::group`]
//! open, any               │ third start within the hour → flapping: told once, then only its end, after `stable` good time
//! any                     │ nobody sees → nothing: silence never resolves and never opens
//! ```
//!
//! A function of ticket, view and `now`: nothing is remembered between two evaluations, so a second one changes nothing
//! and a restart changes nothing.

use super::transition::Step;
use super::{Activity, ActivityText, Actor, Ticket, TicketKey, TicketState};
use crate::domain::catalogue::{ServiceId, TicketPolicy};
use crate::domain::phrase::Phrase;
use crate::domain::profile::{Impact, Priority, Profile};
use pantau_shared::timestamp::Timestamp;

/// Something that is wrong and asks for a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Its key.
    pub key: TicketKey,
    /// Dampak, automatic.
    pub impact: Impact,
    /// When it began.
    pub onset_at: Timestamp,
    /// In words.
    pub symptom: Phrase,
    /// Kategori, a code of the profile.
    pub category: String,
    /// Komponen konfigurasi.
    pub components: Vec<String>,
    /// Services that suffer.
    pub affected: Vec<ServiceId>,
    /// Its onset, if with it the disturbance flaps; see [`super::flap`].
    pub flapping_since: Option<Timestamp>,
}

/// What is seen of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum View {
    /// It is wrong.
    Holds(Condition),
    /// It is good, without a break since then.
    Clear {
        /// The key.
        key: TicketKey,
        /// First good moment.
        since: Timestamp,
    },
    /// It cannot be told.
    Unseen {
        /// The key.
        key: TicketKey,
    },
}

impl View {
    /// The key it is about.
    pub fn key(&self) -> &TicketKey {
        match self {
            Self::Holds(condition) => &condition.key,
            Self::Clear { key, .. } | Self::Unseen { key } => key,
        }
    }
}

/// What follows for the ticket that holds the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing.
    Nothing,
    /// A ticket is to be opened.
    Open,
    /// The ticket changed.
    Changed {
        /// As it is now.
        ticket: Box<Ticket>,
        /// Its entry.
        activity: Activity,
        /// `updated`, `restored`, `recurred`, `flapping`; none where nobody is told.
        event: Option<&'static str>,
    },
    /// The ticket lets its key go, silently, and another one is to be opened.
    Superseded(Box<Ticket>),
}

/// Judges one key. `priority_of` gives Tabel 3 for an impact and the condition's services.
pub fn judge(
    ticket: Option<&Ticket>,
    view: &View,
    policy: TicketPolicy,
    profile: &Profile,
    now: Timestamp,
    priority_of: impl Fn(Impact) -> Priority,
) -> Outcome {
    let Some(ticket) = ticket.filter(|t| t.holds_key) else {
        return if matches!(view, View::Holds(_)) { Outcome::Open } else { Outcome::Nothing };
    };
    match (view, ticket.state == TicketState::Pulih) {
        (View::Holds(condition), true) => recur(ticket, condition, policy, now),
        (View::Holds(condition), false) if condition.impact < ticket.impact => {
            worsen(ticket, condition, profile, now, priority_of(condition.impact))
        }
        (View::Holds(condition), false) if condition.onset_at > ticket.life.episode_at => again(ticket, condition, now),
        (View::Clear { since, .. }, false) => restore(ticket, *since, policy, now),
        (View::Holds(_), false) | (View::Clear { .. }, true) | (View::Unseen { .. }, _) => Outcome::Nothing,
    }
}

/// A member of a restored ticket is bad again.
pub fn recur_by_member(ticket: &Ticket, condition: &Condition, policy: TicketPolicy, now: Timestamp) -> Outcome {
    let mut outcome = recur(ticket, condition, policy, now);
    if let Outcome::Changed { ticket, .. } = &mut outcome {
        let member = ticket.members.iter_mut().find(|member| member.key == condition.key);
        member.into_iter().for_each(|member| member.restored_at = None);
    }
    outcome
}

fn recur(ticket: &Ticket, condition: &Condition, policy: TicketPolicy, now: Timestamp) -> Outcome {
    let restored = ticket.restored_at.unwrap_or(ticket.recorded_at);
    let mut after = ticket.clone();
    if condition.onset_at >= restored.plus_secs(i64::from(policy.reopen_window_seconds)) {
        after.holds_key = false;
        after.version = after.version.saturating_add(1);
        return Outcome::Superseded(Box::new(after));
    }
    after.restored_at = None;
    after.recurrences = after.recurrences.saturating_add(1);
    let event = begin_again(&mut after, condition, Some("recurred"));
    let text = Phrase::new("activity-recurred").with("since_at", condition.onset_at);
    changed(after, Step::Recur, "recurred", event, text, now)
}

/// It began again before it had been good for long enough.
fn again(ticket: &Ticket, condition: &Condition, now: Timestamp) -> Outcome {
    let mut after = ticket.clone();
    let event = begin_again(&mut after, condition, None);
    let text = Phrase::new("activity-recurred").with("since_at", condition.onset_at);
    changed(after, Step::Note, "recurred", event, text, now)
}

/// Notes the new episode; what is told of it, where otherwise `event` would be.
fn begin_again(after: &mut Ticket, condition: &Condition, event: Option<&'static str>) -> Option<&'static str> {
    after.life.episode_at = condition.onset_at;
    after.life.occurrences = after.life.occurrences.saturating_add(1);
    match (after.life.flapping_since, condition.flapping_since) {
        (Some(_), _) => None,
        (None, Some(since)) => {
            after.life.flapping_since = Some(since);
            Some("flapping")
        }
        (None, None) => event,
    }
}

fn worsen(ticket: &Ticket, condition: &Condition, profile: &Profile, now: Timestamp, priority: Priority) -> Outcome {
    let mut after = ticket.clone();
    after.impact = condition.impact;
    after.symptom = condition.symptom.clone();
    after.raise(priority, profile, now);
    let text =
        Phrase::new("activity-updated").with("impact", after.impact.code()).with("priority", after.priority.number());
    // Its beginning is noted with it, so that it does not count as another one.
    after.life.episode_at = after.life.episode_at.max(condition.onset_at);
    let event = after.life.flapping_since.is_none().then_some("updated");
    changed(after, Step::Worsen, "updated", event, text, now)
}

fn restore(ticket: &Ticket, since: Timestamp, policy: TicketPolicy, now: Timestamp) -> Outcome {
    // What a person reported while the monitoring saw nothing is not undone by the monitoring still seeing nothing.
    let unseen_by_us = ticket.reporter.is_some() && since < ticket.reported_at;
    if unseen_by_us || !ticket.members_restored() || now < since.plus_secs(i64::from(policy.good_seconds(ticket))) {
        return Outcome::Nothing;
    }
    let mut after = ticket.clone();
    after.life.flapping_since = None;
    let parts = ticket.members.iter().filter_map(|member| member.restored_at);
    let restored = parts.fold(since.max(ticket.onset_at), Ord::max);
    after.restored_at = Some(restored);
    let text = Phrase::new("activity-restored").with("restored_at", restored);
    changed(after, Step::Restore, "restored", Some("restored"), text, now)
}

impl TicketPolicy {
    /// Uninterrupted good time that restores `ticket`, in seconds.
    pub fn good_seconds(&self, ticket: &Ticket) -> u32 {
        match ticket.life.flapping_since {
            Some(_) => self.flap.stable_seconds.max(self.resolve_after_seconds),
            None => self.resolve_after_seconds,
        }
    }
}

fn changed(
    mut after: Ticket,
    step: Step,
    kind: &str,
    event: Option<&'static str>,
    text: Phrase,
    now: Timestamp,
) -> Outcome {
    if after.step(step).is_err() {
        return Outcome::Nothing;
    }
    let activity = Activity {
        at: now.max(after.recorded_at),
        actor: Actor::System,
        kind: kind.to_owned(),
        text: ActivityText::Phrase(text),
    };
    Outcome::Changed { ticket: Box::new(after), activity, event }
}
