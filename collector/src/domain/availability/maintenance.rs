//! Maintenance windows: which of them count, and when.

use super::{Terms, policy_at};
use crate::domain::interval::{Interval, IntervalSet};
use pantau_shared::timestamp::Timestamp;

/// How far a window's approval has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaintenanceStatus {
    /// Agreed by an authorised person.
    Approved,
    /// Withdrawn.
    Cancelled,
    /// Waiting for a decision.
    Proposed,
    /// Refused.
    Rejected,
}

impl MaintenanceStatus {
    /// All, in declared order.
    pub const ALL: [Self; 4] = [Self::Approved, Self::Cancelled, Self::Proposed, Self::Rejected];

    /// The code in the API and the store.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Cancelled => "cancelled",
            Self::Proposed => "proposed",
            Self::Rejected => "rejected",
        }
    }

    /// Reads a code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }
}

/// One planned window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaintenanceWindow {
    /// As announced.
    pub interval: Interval,
    /// Only approved windows count.
    pub status: MaintenanceStatus,
    /// When users were told; `None`: never.
    pub announced_at: Option<Timestamp>,
    /// When it was approved, where that is recorded. After the window began it is a correction, not maintenance.
    pub approved_at: Option<Timestamp>,
    /// Explicitly ended early (*selesai lebih awal*). Nothing else shortens a window.
    pub ended_early_at: Option<Timestamp>,
}

impl MaintenanceWindow {
    /// The time that counts as maintenance with `min_notice_s` of notice; `None`: none does.
    pub fn counted(&self, min_notice_s: u64) -> Option<Interval> {
        match self.status {
            MaintenanceStatus::Approved => {}
            MaintenanceStatus::Cancelled | MaintenanceStatus::Proposed | MaintenanceStatus::Rejected => return None,
        }
        let notice_ms = i64::try_from(min_notice_s.saturating_mul(1000)).unwrap_or(i64::MAX);
        let announced = self.announced_at.is_some_and(|at| at.plus_ms(notice_ms) <= self.interval.from);
        let approved = self.approved_at.is_none_or(|at| at <= self.interval.from);
        let end = self.ended_early_at.map_or(self.interval.to, |early| early.min(self.interval.to));
        let counted = Interval::new(self.interval.from, end);
        (announced && approved && !counted.is_empty()).then_some(counted)
    }
}

/// The union of all windows that count, each by the notice asked for where it begins.
pub fn counted_windows(windows: &[MaintenanceWindow], terms: &[Terms<'_>]) -> IntervalSet {
    let counted = |window: &MaintenanceWindow| {
        let policy = policy_at(terms, window.interval.from)?;
        window.counted(policy.min_notice_s)
    };
    windows.iter().filter_map(counted).collect()
}
