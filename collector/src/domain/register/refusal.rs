//! Why an entry of a register is refused. Said in words of a reader's language at the rim, by [`RegisterRefusal::code`].

use super::correction::CorrectionStatus;
use crate::domain::availability::MaintenanceStatus;

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegisterRefusal {
    /// An announcement is recorded once.
    #[error("it was announced already; the first announcement stands")]
    AlreadyAnnounced,
    /// It has begun: what is said afterwards about the past is a correction.
    #[error("it has begun already; what is approved afterwards is a correction, propose that instead")]
    AlreadyStarted,
    /// An announcement lies in the past.
    #[error("an announcement cannot be in the future")]
    AnnouncedInFuture,
    /// A text is missing or too long.
    #[error("`{field}` must have 1 to {max} characters")]
    BadText {
        /// Which.
        field: &'static str,
        /// Longest text taken, in characters.
        max: usize,
    },
    /// The correction's state does not allow it.
    #[error("a correction that is {} does not take `{step}`", .from.code())]
    CorrectionState {
        /// Its state.
        from: CorrectionStatus,
        /// What was tried.
        step: &'static str,
    },
    /// It ends before it begins.
    #[error("it ends before it begins")]
    EndsBeforeBegin,
    /// It concerns nothing.
    #[error("it names neither a service nor a host")]
    EmptyScope,
    /// The maintenance's state does not allow it.
    #[error("maintenance that is {} does not take `{step}`", .from.code())]
    MaintenanceState {
        /// Its state.
        from: MaintenanceStatus,
        /// What was tried.
        step: &'static str,
    },
    /// No window begins then, or it is cancelled.
    #[error("no window of it begins then")]
    NoSuchOccurrence,
    /// Only the past can be corrected.
    #[error("only what has passed can be corrected")]
    NotYetPast,
    /// Only a running window can be ended.
    #[error("that window is not running now")]
    NotRunning,
    /// A window that repeats must be shorter than its spacing.
    #[error("a window that repeats lasts at most 24 hours")]
    RepeatsTooLong,
    /// Who proposed does not approve.
    #[error("who proposed it cannot approve it; a second person has to")]
    SamePerson,
    /// Begins or repeats too far from now.
    #[error("it begins in the past, or more than three years ahead")]
    TooFar,
    /// Longer than is believable.
    #[error("it lasts longer than {max_days} days")]
    TooLong {
        /// Most days.
        max_days: u32,
    },
    /// Not in the catalogue, or not enrolled.
    #[error("there is no `{0}`")]
    UnknownScope(String),
    /// What is to be withdrawn is not an approved correction of that service.
    #[error("correction {0} is not one of that service that can be withdrawn")]
    Unwithdrawable(u32),
    /// A repetition without an end, or an end without a repetition.
    #[error("a window that repeats needs the date of its last repetition, and only such a window")]
    UntilMissing,
}

impl RegisterRefusal {
    /// The code in the API; the message for people is `refused-register-` with it, `_` as `-`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AlreadyAnnounced => "already_announced",
            Self::AlreadyStarted => "already_started",
            Self::AnnouncedInFuture => "announced_in_future",
            Self::BadText { .. } => "bad_text",
            Self::CorrectionState { .. } | Self::MaintenanceState { .. } => "illegal_transition",
            Self::EndsBeforeBegin => "ends_before_begin",
            Self::EmptyScope => "empty_scope",
            Self::NoSuchOccurrence => "no_such_occurrence",
            Self::NotYetPast => "not_yet_past",
            Self::NotRunning => "not_running",
            Self::RepeatsTooLong => "repeats_too_long",
            Self::SamePerson => "same_person",
            Self::TooFar => "too_far",
            Self::TooLong { .. } => "too_long",
            Self::UnknownScope(_) => "unknown_scope",
            Self::Unwithdrawable(_) => "unwithdrawable",
            Self::UntilMissing => "until_missing",
        }
    }

    /// All codes: both languages hold a message for each (a test).
    pub const CODES: [&'static str; 17] = [
        "already_announced",
        "already_started",
        "announced_in_future",
        "bad_text",
        "illegal_transition",
        "ends_before_begin",
        "empty_scope",
        "no_such_occurrence",
        "not_yet_past",
        "not_running",
        "repeats_too_long",
        "same_person",
        "too_far",
        "too_long",
        "unknown_scope",
        "unwithdrawable",
        "until_missing",
    ];
}

/// Trims a text that must say something.
pub(super) fn written(field: &'static str, text: &str, max: usize) -> Result<String, RegisterRefusal> {
    let text = optional(field, text, max)?;
    if text.is_empty() { Err(RegisterRefusal::BadText { field, max }) } else { Ok(text) }
}

/// Trims a text that may be empty.
pub(super) fn optional(field: &'static str, text: &str, max: usize) -> Result<String, RegisterRefusal> {
    let text = text.trim();
    if text.chars().count() > max { Err(RegisterRefusal::BadText { field, max }) } else { Ok(text.to_owned()) }
}
