//! A disturbance that is told of ahead gets nearer: its symptom carries a `stage`, and each higher one is told once.
//!
//! The ticket itself remembers the stage that was told, in its symptom: nothing is kept beside it, and a restart tells
//! nothing twice. A stage that falls is not told; the end of the disturbance is.

use super::condition::Condition;
use super::transition::Step;
use super::{Activity, ActivityText, Actor, Ticket, TicketState};
use crate::domain::phrase::Phrase;
use pantau_shared::timestamp::Timestamp;

/// The argument of a symptom that carries the stage: a whole number that rises.
pub const ARGUMENT: &str = "stage";

fn stage_of(symptom: &Phrase) -> Option<u8> {
    symptom.args.iter().find(|(name, _)| name == ARGUMENT).and_then(|(_, value)| value.parse().ok())
}

/// The ticket with what is seen now, where that is a higher stage.
pub fn rise(ticket: &Ticket, condition: &Condition, now: Timestamp) -> Option<(Ticket, Activity)> {
    let (before, after) = (stage_of(&ticket.symptom)?, stage_of(&condition.symptom)?);
    if ticket.key != condition.key || after <= before || ticket.state == TicketState::Pulih {
        return None;
    }
    let (mut risen, activity) = note(ticket, condition.symptom.clone(), now)?;
    risen.symptom = condition.symptom.clone();
    Some((risen, activity))
}

/// The ticket with a further fact in its log; none in a state that takes nothing any more.
pub fn note(ticket: &Ticket, text: Phrase, now: Timestamp) -> Option<(Ticket, Activity)> {
    let mut noted = ticket.clone();
    noted.step(Step::Note).ok()?;
    let activity = Activity {
        at: now.max(noted.recorded_at),
        actor: Actor::System,
        kind: "updated".to_owned(),
        text: ActivityText::Phrase(text),
    };
    Some((noted, activity))
}
