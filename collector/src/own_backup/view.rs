//! How the own backup stands: plain values for pages and metrics, and whether a copy is overdue. Reads nothing.

use pantau_shared::timestamp::Timestamp;
use std::path::PathBuf;

/// A copy in the folder of scheduled copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyView {
    /// Its file.
    pub path: PathBuf,
    /// When it was made.
    pub made_at: Timestamp,
    /// Its size.
    pub bytes: u64,
}

/// Why a scheduled copy was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyFailure {
    /// When it was tried.
    pub at: Timestamp,
    /// In words, with the remedy.
    pub reason: String,
}

/// What is known of the store's file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Integrity {
    /// The last stop was a clean one: no check was due.
    #[default]
    NotDue,
    /// The last stop was not clean; the check is under way.
    Checking {
        /// Pages looked at.
        done: u64,
        /// Of how many.
        total: u64,
    },
    /// The check found nothing.
    Whole {
        /// When it ended.
        at: Timestamp,
    },
    /// The check, or the work, met damage.
    Damaged {
        /// What, in words, with what it means.
        findings: Vec<String>,
    },
    /// The check could not be made.
    Unknown {
        /// Why.
        reason: String,
    },
}

impl Integrity {
    /// Every code of [`Integrity::code`].
    pub const CODES: [&'static str; 5] = ["not_due", "checking", "whole", "damaged", "unknown"];

    /// A word for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotDue => "not_due",
            Self::Checking { .. } => "checking",
            Self::Whole { .. } => "whole",
            Self::Damaged { .. } => "damaged",
            Self::Unknown { .. } => "unknown",
        }
    }
}

/// How copies and integrity stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnBackupView {
    /// Whether copies are made by themselves.
    pub enabled: bool,
    /// Where they are.
    pub folder: PathBuf,
    /// When the newest copy was made; also one of before the last start.
    pub last_success_at: Option<Timestamp>,
    /// Why the last try failed; none once one has succeeded.
    pub last_error: Option<CopyFailure>,
    /// Tries that failed since the start.
    pub failures: u64,
    /// When the next try is due.
    pub next_at: Option<Timestamp>,
    /// The copies there are, newest first.
    pub copies: Vec<CopyView>,
    /// What is known of the store's file.
    pub integrity: Integrity,
}

/// A try may be so late, in milliseconds, before the copies count as overdue.
const OVERDUE_AFTER_MS: i64 = 3_600_000;

impl OwnBackupView {
    /// Whether a copy should have been made by now and was not; never where none are planned.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.enabled && self.next_at.is_some_and(|due| now.ms_since(due) > OVERDUE_AFTER_MS)
    }
}
