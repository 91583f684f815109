//! Whether a condition that asks for a ticket gets one.
//!
//! ```text
//! its rule is off for it                   → nothing, now and later
//! its host is new and the rule observes    → held back: noted as a ticket that would have opened
//! it is folded already                     → stays so
//! the rule's ticket budget is spent        → held back: folded into the rule's own ticket
//! else                                     → a ticket
//! ```
//!
//! A function of what is set, of the host's age and of what was opened: asked twice, it answers the same. What is held
//! back is kept ([`HeldBack`]) until it is good, so that a restart folds nothing anew and forgets nothing.

use super::Rule;
use crate::domain::phrase::Phrase;
use crate::domain::ticket::TicketKey;
use pantau_shared::timestamp::Timestamp;

/// Why there is no ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HeldCause {
    /// The rule only watches this host for now.
    Observed,
    /// The rule's ticket budget was spent.
    Folded,
}

impl HeldCause {
    /// All, in order.
    pub const ALL: [Self; 2] = [Self::Observed, Self::Folded];

    /// The code in the store and the API.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Folded => "folded",
        }
    }

    /// Reads a code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.code() == code)
    }
}

/// A condition that got no ticket of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBack {
    /// The key its ticket would have had.
    pub key: TicketKey,
    /// Its rule.
    pub rule: Rule,
    /// Why.
    pub cause: HeldCause,
    /// When it began.
    pub onset_at: Timestamp,
    /// When it asked for a ticket; with the key this names it.
    pub noted_at: Timestamp,
    /// First good moment, or when it got its ticket after all; `None`: it goes on.
    pub ended_at: Option<Timestamp>,
    /// How often it began.
    pub occurrences: u32,
    /// What was wrong.
    pub symptom: Phrase,
}

/// What is known when a condition asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asking {
    /// Whether its rule is on for it.
    pub enabled: bool,
    /// Until when the rule only watches; `None`: it does not, or no more.
    pub observed_until: Option<Timestamp>,
    /// Whether it is folded already.
    pub folded: bool,
    /// Whether the rule's ticket budget is spent.
    pub spent: bool,
}

/// What the asking comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// A ticket.
    Open,
    /// None, and it is noted why.
    Hold(HeldCause),
    /// None: the rule is off.
    Off,
}

/// Decides; see the top of the file.
pub fn admit(asking: Asking, now: Timestamp) -> Admission {
    if !asking.enabled {
        return Admission::Off;
    }
    if asking.observed_until.is_some_and(|until| now < until) {
        return Admission::Hold(HeldCause::Observed);
    }
    if asking.folded || asking.spent { Admission::Hold(HeldCause::Folded) } else { Admission::Open }
}

/// Until when a rule only watches a host that joined at `joined`: `observe_seconds` after that. Where a person let the
/// rule begin for all hosts of before `begun`, it does not.
pub fn observed_until(joined: Timestamp, observe_seconds: u32, begun: Option<Timestamp>) -> Option<Timestamp> {
    let until = joined.plus_secs(i64::from(observe_seconds));
    (observe_seconds > 0 && begun.is_none_or(|begun| joined > begun)).then_some(until)
}

impl HeldBack {
    /// Whether it goes on.
    pub fn is_active(&self) -> bool {
        self.ended_at.is_none()
    }

    /// The same, ended.
    #[must_use]
    pub fn ended(&self, at: Timestamp) -> Self {
        Self { ended_at: Some(at.max(self.onset_at)), ..self.clone() }
    }

    /// The same, begun again.
    #[must_use]
    pub fn again(&self) -> Self {
        Self { ended_at: None, occurrences: self.occurrences.saturating_add(1), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn off_then_observed_then_folded() {
        let s = Timestamp::from_secs;
        let asking = Asking { enabled: true, observed_until: Some(s(100)), folded: false, spent: true };
        assert_eq!(admit(Asking { enabled: false, ..asking }, s(0)), Admission::Off);
        assert_eq!(admit(asking, s(99)), Admission::Hold(HeldCause::Observed));
        assert_eq!(admit(asking, s(100)), Admission::Hold(HeldCause::Folded));
        assert_eq!(admit(Asking { spent: false, ..asking }, s(100)), Admission::Open);
        let folded = Asking { spent: false, folded: true, ..asking };
        assert_eq!(admit(folded, s(100)), Admission::Hold(HeldCause::Folded), "room again: it is told already");
    }

    #[test]
    fn observation_ends_by_itself_or_by_a_person() {
        let s = Timestamp::from_secs;
        assert_eq!(observed_until(s(10), 60, None), Some(s(70)));
        assert_eq!(observed_until(s(10), 0, None), None);
        assert_eq!(observed_until(s(10), 60, Some(s(10))), None, "the host was there when it was let begin");
        assert_eq!(observed_until(s(11), 60, Some(s(10))), Some(s(71)), "a newer host is watched all the same");
    }
}
