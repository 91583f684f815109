//! The one table of what may happen to a ticket in which state, and a person's actions through it.

use super::escalation::LEVEL_MAX;
use super::{Activity, ActivityText, Actor, Ticket, TicketAction, TicketRefusal, TicketState};
use crate::domain::phrase::Phrase;
use crate::domain::profile::Profile;
use pantau_shared::timestamp::Timestamp;

/// The longest text a person may write into a ticket, in characters.
pub const TEXT_MAX: usize = 4000;

/// Everything that can happen to a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// A person answers.
    Acknowledge,
    /// A person writes an entry.
    Comment,
    /// A person begins, with an expectation.
    Estimate,
    /// Handed upwards.
    Escalate,
    /// A person names the cause.
    Cause,
    /// A person confirms the solution.
    Confirm,
    /// A person closes.
    Close,
    /// A person cancels.
    Cancel,
    /// The engine: good for long enough.
    Restore,
    /// The engine: bad again, soon after.
    Recur,
    /// The engine: the impact rose.
    Worsen,
    /// The engine: a level of Tabel 14 is reached.
    Climb,
    /// The engine: something to know that changes no state.
    Note,
    /// The engine: what depends on it is disturbed too.
    Join,
    /// The engine: nobody watches any more what it is about.
    Withdraw,
    /// A person: into another ticket.
    Merge,
    /// A person: another ticket comes in.
    Absorb,
    /// A person: a part goes out.
    Split,
    /// A person: another priority. No answer to the reporter (G11), so nobody has responded by it.
    Prioritise,
    /// The engine: what somebody did at a help desk. In every state: what is over here may be taken up there.
    Hear,
    /// The engine, where the office has switched it on: nobody confirmed for long enough (G09).
    Lapse,
}

impl Step {
    /// All, in order.
    pub const ALL: [Self; 21] = [
        Self::Acknowledge,
        Self::Comment,
        Self::Estimate,
        Self::Escalate,
        Self::Cause,
        Self::Confirm,
        Self::Close,
        Self::Cancel,
        Self::Restore,
        Self::Recur,
        Self::Worsen,
        Self::Climb,
        Self::Note,
        Self::Join,
        Self::Withdraw,
        Self::Merge,
        Self::Absorb,
        Self::Split,
        Self::Prioritise,
        Self::Hear,
        Self::Lapse,
    ];

    /// Its name in refusals.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Comment => "comment",
            Self::Estimate => "estimate",
            Self::Escalate => "escalate",
            Self::Cause => "cause",
            Self::Confirm => "confirm",
            Self::Close => "close",
            Self::Cancel => "cancel",
            Self::Restore => "restore",
            Self::Recur => "recur",
            Self::Worsen => "worsen",
            Self::Climb => "climb",
            Self::Note => "note",
            Self::Join => "join",
            Self::Withdraw => "withdraw",
            Self::Merge => "merge",
            Self::Absorb => "absorb",
            Self::Split => "split",
            Self::Prioritise => "priority",
            Self::Hear => "hear",
            Self::Lapse => "lapse",
        }
    }
}

/// Where a step leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Into this state.
    To(TicketState),
    /// Nowhere: the state stays.
    Stay,
    /// Back to the state before `Pulih`.
    Back,
}

/// The table. `None`: not possible.
#[expect(clippy::too_many_lines, reason = "one closed table, read as a whole")]
pub const fn next(from: TicketState, step: Step) -> Option<Next> {
    use Next::{Back, Stay, To};
    use TicketState as S;
    match from {
        S::Baru => match step {
            Step::Acknowledge | Step::Comment | Step::Cause | Step::Absorb | Step::Split => Some(To(S::Ditanggapi)),
            Step::Estimate => Some(To(S::Ditangani)),
            Step::Escalate | Step::Climb => Some(To(S::Dieskalasi)),
            Step::Worsen | Step::Note | Step::Join | Step::Prioritise | Step::Hear => Some(Stay),
            Step::Cancel | Step::Merge | Step::Withdraw => Some(To(S::Dibatalkan)),
            Step::Restore => Some(To(S::Pulih)),
            Step::Confirm | Step::Close | Step::Recur | Step::Lapse => None,
        },
        S::Ditanggapi | S::Ditangani => match step {
            Step::Comment
            | Step::Cause
            | Step::Worsen
            | Step::Note
            | Step::Join
            | Step::Absorb
            | Step::Split
            | Step::Prioritise
            | Step::Hear => Some(Stay),
            Step::Estimate => Some(To(S::Ditangani)),
            Step::Escalate | Step::Climb => Some(To(S::Dieskalasi)),
            Step::Cancel | Step::Merge | Step::Withdraw => Some(To(S::Dibatalkan)),
            Step::Restore => Some(To(S::Pulih)),
            Step::Acknowledge | Step::Confirm | Step::Close | Step::Recur | Step::Lapse => None,
        },
        S::Dieskalasi => match step {
            // Nobody may have answered yet when it climbed by itself.
            Step::Acknowledge
            | Step::Comment
            | Step::Cause
            | Step::Worsen
            | Step::Climb
            | Step::Note
            | Step::Join
            | Step::Absorb
            | Step::Split
            | Step::Prioritise
            | Step::Hear => Some(Stay),
            Step::Estimate => Some(To(S::Ditangani)),
            Step::Cancel | Step::Merge | Step::Withdraw => Some(To(S::Dibatalkan)),
            Step::Restore => Some(To(S::Pulih)),
            Step::Escalate | Step::Confirm | Step::Close | Step::Recur | Step::Lapse => None,
        },
        S::Pulih => match step {
            Step::Acknowledge
            | Step::Comment
            | Step::Cause
            | Step::Note
            | Step::Absorb
            | Step::Split
            | Step::Hear => Some(Stay),
            Step::Confirm | Step::Lapse => Some(To(S::SelesaiTerkonfirmasi)),
            Step::Cancel | Step::Merge => Some(To(S::Dibatalkan)),
            Step::Recur => Some(Back),
            Step::Estimate
            | Step::Escalate
            | Step::Close
            | Step::Restore
            | Step::Worsen
            | Step::Climb
            | Step::Join
            | Step::Prioritise
            // It has ended; a person confirms that, whatever became of its subject.
            | Step::Withdraw => None,
        },
        S::SelesaiTerkonfirmasi => match step {
            Step::Comment | Step::Cause | Step::Hear => Some(Stay),
            Step::Close => Some(To(S::Ditutup)),
            Step::Acknowledge
            | Step::Estimate
            | Step::Escalate
            | Step::Confirm
            | Step::Cancel
            | Step::Restore
            | Step::Recur
            | Step::Worsen
            | Step::Climb
            | Step::Note
            | Step::Join
            | Step::Withdraw
            | Step::Merge
            | Step::Absorb
            | Step::Split
            | Step::Prioritise
            | Step::Lapse => None,
        },
        S::Ditutup | S::Dibatalkan => match step {
            Step::Hear => Some(Stay),
            Step::Acknowledge
            | Step::Comment
            | Step::Estimate
            | Step::Escalate
            | Step::Cause
            | Step::Confirm
            | Step::Close
            | Step::Cancel
            | Step::Restore
            | Step::Recur
            | Step::Worsen
            | Step::Climb
            | Step::Note
            | Step::Join
            | Step::Withdraw
            | Step::Merge
            | Step::Absorb
            | Step::Split
            | Step::Prioritise
            | Step::Lapse => None,
        },
    }
}

impl Ticket {
    /// Takes the step's state change and raises the version.
    pub(super) fn step(&mut self, step: Step) -> Result<(), TicketRefusal> {
        let refusal = TicketRefusal::IllegalTransition { from: self.state, action: step.name() };
        match next(self.state, step).ok_or(refusal)? {
            Next::To(TicketState::Pulih) => {
                self.state_before_restored = Some(self.state);
                self.state = TicketState::Pulih;
            }
            Next::To(state) => self.state = state,
            Next::Stay => {}
            Next::Back => self.state = self.state_before_restored.take().unwrap_or(TicketState::Baru),
        }
        self.holds_key &= self.state.is_open();
        self.version = self.version.saturating_add(1);
        Ok(())
    }
}

/// A person's action: the ticket after it and its entry in the log.
///
/// # Errors
/// [`TicketRefusal`]; nothing is changed then.
pub fn act(
    ticket: &Ticket,
    action: &TicketAction,
    actor: &str,
    now: Timestamp,
    profile: &Profile,
) -> Result<(Ticket, Activity), TicketRefusal> {
    let mut after = ticket.clone();
    // A clock that was set back must not put an entry before what is recorded already.
    let known_times = [Some(ticket.recorded_at), ticket.restored_at, ticket.confirmed_at];
    let now = known_times.into_iter().flatten().fold(now, Ord::max);
    let (step, kind, text) = match action {
        TicketAction::Acknowledge => (Step::Acknowledge, "acknowledged", phrase("activity-acknowledged")),
        TicketAction::Comment(text) => (Step::Comment, "comment", written("comment", text)?),
        TicketAction::Estimate(at) => {
            if *at <= now {
                return Err(TicketRefusal::EstimateInPast);
            }
            after.estimated_at = Some(*at);
            let text = ActivityText::Phrase(Phrase::new("activity-estimate").with("estimate_at", at));
            (Step::Estimate, "estimate", text)
        }
        TicketAction::Escalate(text) => {
            after.life.escalation_level = after.life.escalation_level.saturating_add(1).min(LEVEL_MAX);
            (Step::Escalate, "escalated", written("reason", text)?)
        }
        TicketAction::Cause { text, category } => {
            if let Some(category) = category {
                known("category", category, &profile.categories)?;
                after.category.clone_from(category);
            }
            let entry = written("cause", text)?;
            after.cause = Some(text.trim().to_owned());
            (Step::Cause, "cause", entry)
        }
        TicketAction::Confirm { method } => {
            known("method", method, &profile.reporting_methods)?;
            after.confirmed_at = Some(now);
            after.confirmed_by = Some(actor.to_owned());
            after.confirmation_method = Some(method.clone());
            let text = ActivityText::Phrase(Phrase::new("activity-confirmed").with("method", method));
            (Step::Confirm, "confirmed", text)
        }
        TicketAction::Close => {
            after.closed_at = Some(now);
            (Step::Close, "closed", phrase("activity-closed"))
        }
        TicketAction::Cancel { reason, false_alarm } => {
            after.false_alarm = *false_alarm;
            (Step::Cancel, "cancelled", written("reason", reason)?)
        }
        TicketAction::Prioritise { priority, reason } => {
            let text = after.prioritise(*priority, reason, profile, now)?;
            (Step::Prioritise, "priority", ActivityText::Phrase(text))
        }
    };
    // What a person reported and nobody monitors has no recovery to be seen: its confirmation is its restoration.
    let answered = matches!(after.state, TicketState::Ditanggapi | TicketState::Ditangani | TicketState::Dieskalasi);
    if step == Step::Confirm && answered && after.reporter.is_some() {
        after.step(Step::Restore)?;
        after.restored_at = Some(now);
    }
    after.step(step)?;
    if step == Step::Close && after.cause.is_none() {
        return Err(TicketRefusal::CauseMissing);
    }
    if step != Step::Prioritise {
        after.first_response_at.get_or_insert(now);
    }
    Ok((after, Activity { at: now, actor: Actor::Person(actor.to_owned()), kind: kind.to_owned(), text }))
}

fn phrase(id: &str) -> ActivityText {
    ActivityText::Phrase(Phrase::new(id))
}

/// A text that a person wrote, within its bound.
pub(crate) fn written(field: &'static str, text: &str) -> Result<ActivityText, TicketRefusal> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > TEXT_MAX {
        return Err(TicketRefusal::BadText { field, max: TEXT_MAX });
    }
    Ok(ActivityText::Written(text.to_owned()))
}

/// A text that need not be there, within its bound.
pub(crate) fn optional(field: &'static str, text: &str) -> Result<(), TicketRefusal> {
    if text.trim().is_empty() { Ok(()) } else { written(field, text).map(drop) }
}

/// A code of the profile.
pub(crate) fn known(field: &'static str, value: &str, codes: &[String]) -> Result<(), TicketRefusal> {
    if codes.iter().any(|code| code == value) {
        Ok(())
    } else {
        Err(TicketRefusal::UnknownCode { field, value: value.to_owned() })
    }
}
