//! Whether users were told of a window early enough for it to count, and what is to be said of it before and after.

use super::maintenance::MaintenancePlan;
use crate::domain::interval::Interval;
use pantau_shared::timestamp::Timestamp;

/// How the announcement of a window stands against the notice that the policy asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// Nobody was told, and it is too late to count.
    Missed,
    /// Nobody was told yet; announced by then it counts.
    Open {
        /// The last moment.
        by: Timestamp,
    },
    /// Too short: it does not count as maintenance.
    Short {
        /// Seconds between announcement and begin; 0 where it was told afterwards.
        ahead_s: u64,
    },
    /// Early enough.
    Told {
        /// Seconds between announcement and begin.
        ahead_s: u64,
    },
}

impl Notice {
    /// That of one window of `plan` at `now`, where the policy asks for `min_notice_s`.
    pub fn of(plan: &MaintenancePlan, window: Interval, min_notice_s: u64, now: Timestamp) -> Self {
        Self::evaluate(plan.window(window).announced_at, window.from, min_notice_s, now)
    }

    /// That of a window that begins at `begins`, announced at `announced`.
    pub fn evaluate(announced: Option<Timestamp>, begins: Timestamp, min_notice_s: u64, now: Timestamp) -> Self {
        let Some(at) = announced else {
            let by = begins.plus_secs(-i64::try_from(min_notice_s).unwrap_or(i64::MAX / 2000));
            return if now <= by { Self::Open { by } } else { Self::Missed };
        };
        let ahead_ms = u64::try_from(begins.ms_since(at)).unwrap_or(0);
        let ahead_s = ahead_ms / 1000;
        if ahead_ms >= min_notice_s.saturating_mul(1000) && at <= begins {
            Self::Told { ahead_s }
        } else {
            Self::Short { ahead_s }
        }
    }

    /// Whether the window counts as far as notice decides it now.
    pub const fn counts(self) -> bool {
        match self {
            Self::Told { .. } => true,
            Self::Missed | Self::Open { .. } | Self::Short { .. } => false,
        }
    }
}
