//! Escalation by Tabel 14: which levels a ticket has reached, when and why.
//!
//! ```text
//! level 1   at opening                                                    Administrator Layanan (with Infrastruktur)
//! level 2   the response target passed unanswered, or 75 % of the         Penanggung Jawab Penyedia Layanan
//!           resolution target is used up, whichever is first
//! level 3   the resolution target passed                                  Pimpinan PD
//! ```
//!
//! The regulation names the levels, not the moments: those are the product's proposal and a setting (G21). Each level is
//! reached once and never left. While a restored ticket waits for its confirmation no further level is reached; its
//! clocks run on, so a breach shows. Does not know who the people of a level are.

use super::Ticket;
use crate::domain::profile::TimeTarget;
use pantau_shared::timestamp::Timestamp;

/// The highest level of Tabel 14.
pub const LEVEL_MAX: u8 = 3;

/// When the levels are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EscalationPolicy {
    /// Level 2 at this share of the resolution target, in percent.
    pub resolution_share_percent: u32,
}

impl Default for EscalationPolicy {
    fn default() -> Self {
        Self { resolution_share_percent: 75 }
    }
}

/// Why a level is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EscalationReason {
    /// The ticket was opened.
    Opened,
    /// Nobody answered within Tabel 4.
    ResponsePassed,
    /// That share of Tabel 2 is used up, in percent.
    ResolutionShare(u32),
    /// Tabel 2 has passed.
    ResolutionPassed,
}

/// A level that is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Escalation {
    /// 1 to [`LEVEL_MAX`].
    pub level: u8,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: EscalationReason,
}

impl TimeTarget {
    /// The first whole second after the start at which the target is missed.
    pub fn missed_from_s(self) -> i64 {
        i64::from(self.seconds) + i64::from(self.is_met_by(i64::from(self.seconds)))
    }
}

impl Ticket {
    /// When and why a level is reached, if nothing happens to the ticket meanwhile; `None`: never.
    pub fn escalation(&self, level: u8, policy: EscalationPolicy) -> Option<Escalation> {
        let response = self.response_target.map(|target| self.reported_at.plus_secs(target.missed_from_s()));
        // An answer that came too late does not undo that the target had passed.
        let unanswered = response.filter(|due| self.first_response_at.is_none_or(|answered| answered >= *due));
        let resolution = self.resolution_target.map(|target| self.reported_at.plus_secs(target.missed_from_s()));
        let percent = policy.resolution_share_percent;
        let share = self.resolution_target.map(|target| {
            let seconds = i64::from(target.seconds) * i64::from(percent);
            // Not before the share is used up: a part of a second counts as a whole one.
            self.reported_at.plus_secs(seconds.div_euclid(100) + i64::from(seconds.rem_euclid(100) > 0))
        });
        let (at, reason) = match level {
            1 => (self.recorded_at, EscalationReason::Opened),
            2 => {
                let unanswered = unanswered.map(|at| (at, EscalationReason::ResponsePassed));
                let share = share.map(|at| (at, EscalationReason::ResolutionShare(percent)));
                unanswered.into_iter().chain(share).min_by_key(|(at, _)| *at)?
            }
            3 => (resolution?, EscalationReason::ResolutionPassed),
            _ => return None,
        };
        let waits = [self.restored_at, self.confirmed_at].into_iter().flatten().min();
        waits.is_none_or(|since| at < since).then_some(Escalation { level, at, reason })
    }

    /// The levels reached up to `as_of`, lowest first.
    pub fn escalations(&self, policy: EscalationPolicy, as_of: Timestamp) -> Vec<Escalation> {
        let reached = (1..=LEVEL_MAX).filter_map(|level| self.escalation(level, policy));
        reached.filter(|escalation| escalation.at <= as_of).collect()
    }
}
