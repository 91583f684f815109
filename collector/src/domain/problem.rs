//! Masalah: what lies behind disturbances that come back (Tabel 7, G43). A record names the service and the cause, the
//! tickets that show it, what is done about it by whom until when, and how it was seen that it helped.
//!
//! ```text
//! diusulkan ──► diterima ──► dikerjakan ──► terverifikasi ──► ditutup
//!     │            │             │ ◄── it came back ──┘
//!     └────────────┴─────────────┴── closed with a reason ──► ditutup
//! ```
//!
//! At most one record of a service and cause is open; the database enforces it. Knows neither pages nor the store.

use crate::domain::catalogue::ServiceId;
use crate::domain::register::Signature;
use crate::domain::ticket::TicketNumber;
use chrono::NaiveDate;

/// Longest text of a field, in characters.
pub const TEXT_MAX: usize = 2_000;
/// Longest name of an owner, and longest cause, in characters.
pub const OWNER_MAX: usize = 200;
/// Tickets that are kept as evidence, the newest.
pub const EVIDENCE_MAX: usize = 100;

/// How far a record has come; codes are fixed, labels are in the message files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemState {
    /// Recorded; nobody has taken it up.
    Proposed,
    /// Somebody answers for it, until a date.
    Accepted,
    /// Being worked on.
    InWork,
    /// It was seen that the action helped.
    Verified,
    /// Over.
    Closed,
}

impl ProblemState {
    /// All, in order.
    pub const ALL: [Self; 5] = [Self::Proposed, Self::Accepted, Self::InWork, Self::Verified, Self::Closed];

    /// The code in the store, the API and forms.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Proposed => "diusulkan",
            Self::Accepted => "diterima",
            Self::InWork => "dikerjakan",
            Self::Verified => "terverifikasi",
            Self::Closed => "ditutup",
        }
    }

    /// Reads a code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Where it may go from here; staying is no step.
    pub const fn next(self) -> &'static [Self] {
        match self {
            Self::Proposed => &[Self::Accepted, Self::Closed],
            Self::Accepted => &[Self::InWork, Self::Closed],
            Self::InWork => &[Self::Verified, Self::Closed],
            Self::Verified => &[Self::InWork, Self::Closed],
            Self::Closed => &[],
        }
    }

    /// Whether it still asks for something.
    pub const fn is_open(self) -> bool {
        match self {
            Self::Proposed | Self::Accepted | Self::InWork | Self::Verified => true,
            Self::Closed => false,
        }
    }
}

/// A record of a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Counts from 1.
    pub number: u32,
    /// Which service is disturbed.
    pub service: ServiceId,
    /// By which cause, as people wrote it.
    pub cause: String,
    /// Tickets that show it, oldest first.
    pub evidence: Vec<TicketNumber>,
    /// What is done about it; empty while nobody has decided.
    pub action: String,
    /// Who answers for it; empty while nobody does.
    pub owner: String,
    /// Until when.
    pub due: Option<NaiveDate>,
    /// How far it has come.
    pub state: ProblemState,
    /// How it was seen that the action helped, or why it was closed without.
    pub verification: String,
    /// Who recorded it.
    pub opened: Signature,
    /// The last change.
    pub changed: Signature,
    /// Raised by each change.
    pub version: u32,
}

/// What a person writes into a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemEdit {
    /// See [`Problem::state`].
    pub state: ProblemState,
    /// See [`Problem::action`].
    pub action: String,
    /// See [`Problem::owner`].
    pub owner: String,
    /// See [`Problem::due`].
    pub due: Option<NaiveDate>,
    /// See [`Problem::verification`].
    pub verification: String,
}

/// Why a record cannot be so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProblemRefusal {
    /// An open record of the same service and cause is there.
    #[error("problem {0} of the same service and cause is still open")]
    AlreadyOpen(u32),
    /// Empty where something must be said, or too long.
    #[error("the text of `{field}` is empty or too long")]
    BadText {
        /// Which.
        field: &'static str,
    },
    /// Nothing shows it.
    #[error("a problem needs at least one ticket that affected its service")]
    NoEvidence,
    /// No such record.
    #[error("there is no such problem")]
    NoSuchProblem,
    /// Somebody else changed it meanwhile.
    #[error("the problem was changed meanwhile")]
    Outdated,
    /// No such step.
    #[error("a problem in state `{}` cannot become `{}`", from.code(), to.code())]
    IllegalStep {
        /// As it is.
        from: ProblemState,
        /// As was asked.
        to: ProblemState,
    },
}

impl ProblemRefusal {
    /// The code in the API and in message identifiers.
    pub const fn code(self) -> &'static str {
        match self {
            Self::AlreadyOpen(_) => "already_open",
            Self::BadText { .. } => "bad_text",
            Self::NoEvidence => "no_evidence",
            Self::NoSuchProblem => "not_found",
            Self::Outdated => "outdated",
            Self::IllegalStep { .. } => "illegal_transition",
        }
    }
}

fn bounded(field: &'static str, text: &str, wanted: bool, max: usize) -> Result<String, ProblemRefusal> {
    let text = text.trim();
    if (wanted && text.is_empty()) || text.chars().count() > max {
        return Err(ProblemRefusal::BadText { field });
    }
    Ok(text.to_owned())
}

impl Problem {
    /// A new record, proposed.
    ///
    /// # Errors
    /// A cause that is empty or too long, no evidence.
    pub fn propose(
        number: u32,
        service: ServiceId,
        cause: &str,
        mut evidence: Vec<TicketNumber>,
        sign: Signature,
    ) -> Result<Self, ProblemRefusal> {
        evidence.sort_unstable();
        evidence.dedup();
        let surplus = evidence.len().saturating_sub(EVIDENCE_MAX);
        evidence.drain(..surplus);
        if evidence.is_empty() {
            return Err(ProblemRefusal::NoEvidence);
        }
        Ok(Self {
            number,
            service,
            cause: bounded("cause", cause, true, TEXT_MAX)?,
            evidence,
            action: String::new(),
            owner: String::new(),
            due: None,
            state: ProblemState::Proposed,
            verification: String::new(),
            opened: sign.clone(),
            changed: sign,
            version: 1,
        })
    }

    /// The record as `edit` makes it. Accepted needs an owner and a date, work needs an action, verified and closed need
    /// a word on what was seen.
    ///
    /// # Errors
    /// A step that is none, a text that is missing or too long.
    pub fn edited(&self, edit: &ProblemEdit, sign: Signature) -> Result<Self, ProblemRefusal> {
        use ProblemState as S;
        if edit.state == S::Closed && self.state == S::Closed
            || edit.state != self.state && !self.state.next().contains(&edit.state)
        {
            return Err(ProblemRefusal::IllegalStep { from: self.state, to: edit.state });
        }
        // One that is closed early was perhaps never taken up.
        let (taken_up, worked, seen) = match edit.state {
            S::Proposed => (false, false, false),
            S::Accepted => (true, false, false),
            S::InWork => (true, true, false),
            S::Verified => (true, true, true),
            S::Closed => (false, false, true),
        };
        if taken_up && edit.due.is_none() {
            return Err(ProblemRefusal::BadText { field: "due" });
        }
        Ok(Self {
            action: bounded("action", &edit.action, worked, TEXT_MAX)?,
            owner: bounded("owner", &edit.owner, taken_up, OWNER_MAX)?,
            verification: bounded("verification", &edit.verification, seen, TEXT_MAX)?,
            due: edit.due,
            state: edit.state,
            changed: sign,
            version: self.version.saturating_add(1),
            ..self.clone()
        })
    }

    /// Whether its date has passed and it is not verified.
    pub fn is_overdue(&self, today: NaiveDate) -> bool {
        let waits = match self.state {
            ProblemState::Proposed | ProblemState::Accepted | ProblemState::InWork => true,
            ProblemState::Verified | ProblemState::Closed => false,
        };
        waits && self.due.is_some_and(|due| due < today)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pantau_shared::timestamp::Timestamp;

    fn sign() -> Signature {
        Signature { by: "sari".into(), at: Timestamp::from_secs(9) }
    }

    fn ticket(number: u32) -> TicketNumber {
        TicketNumber { year: 2026, number }
    }

    fn proposed() -> Problem {
        let service = ServiceId::parse("simpeg").expect("valid");
        Problem::propose(1, service, " Disk penuh ", vec![ticket(3), ticket(1), ticket(3)], sign()).expect("sound")
    }

    fn edit(state: ProblemState) -> ProblemEdit {
        ProblemEdit {
            state,
            action: "tambah disk".into(),
            owner: "Budi".into(),
            due: NaiveDate::from_ymd_opt(2026, 7, 31),
            verification: "tidak kambuh 30 hari".into(),
        }
    }

    #[test]
    fn a_record_walks_its_states_and_no_others() {
        use ProblemState as S;
        let legal = [
            (S::Proposed, S::Accepted),
            (S::Proposed, S::Closed),
            (S::Accepted, S::InWork),
            (S::Accepted, S::Closed),
            (S::InWork, S::Verified),
            (S::InWork, S::Closed),
            (S::Verified, S::InWork),
            (S::Verified, S::Closed),
        ];
        for from in S::ALL {
            for to in S::ALL {
                let problem = Problem { state: from, ..proposed() };
                let stays = from == to && from.is_open();
                let expected = stays || legal.contains(&(from, to));
                assert_eq!(problem.edited(&edit(to), sign()).is_ok(), expected, "{from:?} to {to:?}");
            }
        }
    }

    #[test]
    fn each_state_needs_what_it_says() {
        use ProblemState as S;
        assert_eq!(proposed().evidence, [ticket(1), ticket(3)]);
        assert_eq!(proposed().cause, "Disk penuh");
        let refused = |from, edit: ProblemEdit| {
            Problem { state: from, ..proposed() }.edited(&edit, sign()).expect_err("refused").code()
        };
        assert_eq!(refused(S::Proposed, ProblemEdit { owner: " ".into(), ..edit(S::Accepted) }), "bad_text");
        assert_eq!(refused(S::Proposed, ProblemEdit { due: None, ..edit(S::Accepted) }), "bad_text");
        assert_eq!(refused(S::Accepted, ProblemEdit { action: String::new(), ..edit(S::InWork) }), "bad_text");
        assert_eq!(refused(S::InWork, ProblemEdit { verification: String::new(), ..edit(S::Verified) }), "bad_text");
        let long = ProblemEdit { action: "x".repeat(TEXT_MAX + 1), ..edit(S::Proposed) };
        assert_eq!(refused(S::Proposed, long), "bad_text");
        let none = Problem::propose(1, proposed().service, "x", Vec::new(), sign());
        assert_eq!(none, Err(ProblemRefusal::NoEvidence));
    }

    #[test]
    fn it_is_late_after_its_date_until_it_is_verified() {
        let day = |day| NaiveDate::from_ymd_opt(2026, 7, day).expect("a date");
        let accepted = proposed().edited(&edit(ProblemState::Accepted), sign()).expect("legal");
        assert_eq!(accepted.version, 2);
        assert!(!accepted.is_overdue(day(31)) && accepted.is_overdue(day(31).succ_opt().expect("a date")));
        let verified = Problem { state: ProblemState::Verified, ..accepted };
        assert!(!verified.is_overdue(NaiveDate::MAX));
    }
}
