//! The ticket's two clocks (Tabel 2 and 4) as seen at an instant.

use super::Ticket;
use crate::domain::profile::TimeTarget;
use pantau_shared::timestamp::Timestamp;

/// How a clock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockVerdict {
    /// Still running, in time.
    Running,
    /// Stopped in time.
    Met,
    /// Late, stopped or not.
    Breached,
    /// There is no target: it is never judged (G02).
    NotJudged,
}

impl Ticket {
    /// Reported to first response, against Tabel 4.
    pub fn response_verdict(&self, now: Timestamp) -> ClockVerdict {
        verdict(self.response_target, self.reported_at, self.first_response_at, now)
    }

    /// Reported to confirmation, against Tabel 2.
    pub fn resolution_verdict(&self, now: Timestamp) -> ClockVerdict {
        verdict(self.resolution_target, self.reported_at, self.confirmed_at, now)
    }
}

fn verdict(target: Option<TimeTarget>, from: Timestamp, end: Option<Timestamp>, now: Timestamp) -> ClockVerdict {
    let Some(target) = target else { return ClockVerdict::NotJudged };
    // Whole seconds, as the operators are defined on them.
    let elapsed = end.unwrap_or(now).ms_since(from).div_euclid(1000);
    match (target.is_met_by(elapsed), end) {
        (true, Some(_)) => ClockVerdict::Met,
        (true, None) => ClockVerdict::Running,
        (false, Some(_) | None) => ClockVerdict::Breached,
    }
}
