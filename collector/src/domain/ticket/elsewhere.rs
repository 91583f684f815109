//! A ticket of ours at a help desk: how it stands there, and which of its changes were made there by others.
//!
//! ```text
//! state     │ against what was known, or against what we ourselves set there since: only a difference to that is theirs
//! assignee  │ against what was known; we never set it
//! priority  │ as the state
//! entry     │ the newest public one that is not ours; its author and moment, never its text
//! ```
//!
//! What they changed is a fact in the log of our ticket and changes no state of ours: a service that is down is not up
//! because somebody closed a form (G40). Only for a ticket that is restored here, a person's solution there can stand for
//! the confirmation (G08, G43), where the office has switched that on; see [`confirmation`].
//!
//! An entry's text stays where it was written: it may hold what people tell of themselves, and whoever may read it there
//! follows the link. Names of those who acted are kept, as those of our own log are.
//!
//! Does not know how a help desk is asked.

use super::transition::Step;
use super::{Activity, ActivityText, Actor, Ticket, TicketState};
use crate::domain::phrase::Phrase;
use pantau_shared::timestamp::Timestamp;

/// How a ticket stands at a help desk; the kinds' own words are mapped to these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Nobody has taken it.
    New,
    /// Somebody works on it.
    InProgress,
    /// It waits for something.
    Pending,
    /// Said to be solved.
    Solved,
    /// Over.
    Closed,
}

impl Stage {
    /// All, in order.
    pub const ALL: [Self; 5] = [Self::New, Self::InProgress, Self::Pending, Self::Solved, Self::Closed];

    /// The code in the store and the API.
    pub const fn code(self) -> &'static str {
        match self {
            Self::New => "baru",
            Self::InProgress => "ditangani",
            Self::Pending => "tertunda",
            Self::Solved => "selesai",
            Self::Closed => "ditutup",
        }
    }

    /// Reads a code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.code() == code)
    }

    /// Whether nobody has anything to do there any more.
    pub const fn is_over(self) -> bool {
        match self {
            Self::Solved | Self::Closed => true,
            Self::New | Self::InProgress | Self::Pending => false,
        }
    }
}

/// Who did something there, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// By name, as the help desk tells it; `None` where it does not.
    pub by: Option<String>,
    /// When, by the help desk's clock.
    pub at: Timestamp,
}

/// A ticket as the help desk tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// How it stands.
    pub stage: Stage,
    /// Who is to work on it.
    pub assignee: Option<String>,
    /// Its urgency in the help desk's own words or numbers.
    pub priority: Option<String>,
    /// The last change of any kind.
    pub changed: Option<Deed>,
    /// Whether that was made by our own access.
    pub by_us: bool,
    /// The newest public entry that is not ours.
    pub entry: Option<Deed>,
    /// A solution that somebody else gave and nobody refused, where the help desk keeps those apart.
    pub solution: Option<Deed>,
}

/// What is known of a ticket there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// How it stood.
    pub stage: Stage,
    /// Who was to work on it.
    pub assignee: Option<String>,
    /// Its urgency there.
    pub priority: Option<String>,
    /// The last change.
    pub changed: Option<Deed>,
    /// The newest entry that is not ours.
    pub entry: Option<Deed>,
    /// Somebody there said that it is solved, and nobody took that back.
    pub solved: Option<Deed>,
    /// When this was asked.
    pub asked_at: Timestamp,
}

/// What we ourselves set there last, and when that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ours {
    /// The state.
    pub stage: (Timestamp, Stage),
    /// The urgency, in the help desk's terms; none where it makes something of its own of what we set.
    pub priority: (Timestamp, Option<String>),
}

/// What hearing of a ticket makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// What is known from now on.
    pub known: Known,
    /// What others did there, in the order in which it is told.
    pub facts: Vec<Phrase>,
}

/// Tells what others did from what we did: `desk` is the receiver's name, `asked_at` when the answer was asked for.
pub fn evaluate(known: Option<&Known>, ours: &Ours, seen: &Standing, desk: &str, asked_at: Timestamp) -> Heard {
    // What was taken at the very moment of asking is not in what was told then.
    let since = |at: Timestamp| known.is_none_or(|known| at >= known.asked_at);
    let stage_before = known.filter(|_| !since(ours.stage.0)).map_or(ours.stage.1, |known| known.stage);
    let priority_before = match since(ours.priority.0) {
        true => ours.priority.1.clone(),
        false => known.and_then(|known| known.priority.clone()),
    };
    let deed = seen.changed.clone().filter(|_| !seen.by_us);
    let mut facts = Vec::new();
    let mut solved = known.and_then(|known| known.solved.clone()).filter(|_| seen.stage.is_over());
    let by_them = seen.solution.clone().filter(|_| seen.stage.is_over());
    // An entry of ours moves a new ticket on by itself.
    let moved_by_entry = seen.by_us && (stage_before, seen.stage) == (Stage::New, Stage::InProgress);
    if seen.stage != stage_before && !moved_by_entry {
        let who = by_them.as_ref().or(deed.as_ref());
        facts.push(told(stage_fact(stage_before, seen.stage), desk, who));
        if seen.stage.is_over() {
            solved = Some(who.cloned().unwrap_or(Deed { by: None, at: asked_at }));
        }
    } else if let (Some(solution), None) = (by_them, &solved) {
        // Solved there, and by us at the same time: both count.
        facts.push(told("elsewhere-solved", desk, Some(&solution)));
        solved = Some(solution);
    }
    if seen.assignee != known.and_then(|known| known.assignee.clone()) {
        facts.push(match &seen.assignee {
            Some(name) => told("elsewhere-assigned", desk, deed.as_ref()).with("assignee", name),
            None => told("elsewhere-unassigned", desk, deed.as_ref()),
        });
    }
    if let (Some(now), Some(before)) = (&seen.priority, &priority_before)
        && now != before
    {
        facts.push(told("elsewhere-priority", desk, deed.as_ref()).with("from", before).with("to", now));
    }
    let heard_entry = known.and_then(|known| known.entry.as_ref()).map(|entry| entry.at);
    if let Some(entry) = seen.entry.as_ref().filter(|entry| heard_entry.is_none_or(|at| entry.at > at)) {
        facts.push(told("elsewhere-entry", desk, Some(entry)));
    }
    let known = Known {
        stage: seen.stage,
        assignee: seen.assignee.clone(),
        priority: seen.priority.clone(),
        changed: seen.changed.clone(),
        entry: seen.entry.clone().or_else(|| known.and_then(|known| known.entry.clone())),
        solved,
        asked_at,
    };
    Heard { known, facts }
}

fn stage_fact(before: Stage, now: Stage) -> &'static str {
    match now {
        Stage::Solved => "elsewhere-solved",
        Stage::Closed => "elsewhere-closed",
        Stage::New | Stage::InProgress | Stage::Pending if before.is_over() => "elsewhere-reopened",
        Stage::New => "elsewhere-untaken",
        Stage::InProgress => "elsewhere-in-progress",
        Stage::Pending => "elsewhere-pending",
    }
}

/// A fact with the desk, and who did it and when as far as that is told.
fn told(id: &str, desk: &str, deed: Option<&Deed>) -> Phrase {
    let by = deed.and_then(|deed| deed.by.as_deref());
    let named = |told: bool| if told { "yes" } else { "no" };
    let phrase = Phrase::new(id).with("desk", desk).with("named", named(by.is_some())).with("by", by.unwrap_or("–"));
    let phrase = phrase.with("timed", named(deed.is_some()));
    match deed {
        Some(deed) => phrase.with("done_at", deed.at),
        None => phrase.with("done_at", "–"),
    }
}

/// Our ticket with what others did at a help desk in its log; nothing where there is nothing to tell. A step without a
/// state: it also reaches tickets that are over here.
pub fn note(ticket: &Ticket, facts: Vec<Phrase>, now: Timestamp) -> Option<(Ticket, Vec<Activity>)> {
    if facts.is_empty() {
        return None;
    }
    let mut noted = ticket.clone();
    noted.step(Step::Hear).ok()?;
    let at = now.max(noted.recorded_at);
    let entry =
        |text| Activity { at, actor: Actor::System, kind: "elsewhere".to_owned(), text: ActivityText::Phrase(text) };
    Some((noted, facts.into_iter().map(entry).collect()))
}

/// A person's solution at a help desk that can stand for the confirmation of a ticket that is restored here: who, and
/// when. Nobody's solution confirms nothing.
pub fn confirmation<'k>(ticket: &Ticket, known: &'k Known) -> Option<(&'k str, Timestamp)> {
    let solved = known.solved.as_ref().filter(|_| ticket.state == TicketState::Pulih)?;
    Some((solved.by.as_deref()?, solved.at))
}

#[cfg(test)]
mod tests;
