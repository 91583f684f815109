//! Escalation by Tabel 14: which levels a ticket has reached, when and why.
//!
//! ```text
//! level 1   at opening                                                    Administrator Layanan (with Infrastruktur)
//! level 2   the response target passed unanswered, or 75 % of the         Penanggung Jawab Penyedia Layanan
//!           resolution target is used up, whichever is first
//! level 3   the resolution target passed                                  Pimpinan PD
//! besides   the estimate passed: the infrastructure administrator is told (Tabel 6, G36)
//!           half of the RTO passed, Mayor, kritis: "kaji aktivasi DRP" (Tabel 6)
//! ```
//!
//! The regulation names the levels, not the moments: those are the product's proposal and a setting (G21). Each level is
//! reached once and never left. While a restored ticket waits for its confirmation no further level is reached; its
//! clocks run on, so a breach shows; people are reminded of it once a day. A reporter who never answers is covered by no
//! rule (G09): only where the office has set a time does the ticket then count as confirmed, automatically and in nobody's
//! name. Does not know who the people of a level are.

use super::transition::Step;
use super::{Activity, ActivityText, Actor, Ticket, TicketState};
use crate::domain::phrase::Phrase;
use crate::domain::profile::{Impact, Profile, TimeTarget};
use pantau_shared::timestamp::Timestamp;

/// The highest level of Tabel 14.
pub const LEVEL_MAX: u8 = 3;
/// A restored ticket that nobody confirms is brought up again each time that so many seconds have passed.
const REMIND_S: i64 = 86_400;
/// Field 13 of a ticket that was confirmed by nobody (G09); no method of the profile.
pub const LAPSED_METHOD: &str = "otomatis";

/// When the levels are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EscalationPolicy {
    /// Level 2 at this share of the resolution target, in percent.
    pub resolution_share_percent: u32,
    /// Considering the recovery plan is brought up at this share of the RTO, in percent.
    pub recovery_share_percent: u32,
    /// `konfirmasi_otomatis_setelah` (G09): so long after its restoration a ticket that nobody confirmed counts as
    /// confirmed automatically, in seconds. None: never.
    pub lapse_after_seconds: Option<u32>,
}

impl Default for EscalationPolicy {
    fn default() -> Self {
        Self { resolution_share_percent: 75, recovery_share_percent: 50, lapse_after_seconds: None }
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
    /// Whether it was confirmed by nobody (G09).
    pub fn has_lapsed(&self) -> bool {
        self.confirmation_method.as_deref() == Some(LAPSED_METHOD)
    }

    /// When and why a level is reached, if nothing happens to the ticket meanwhile; `None`: never.
    pub fn escalation(&self, level: u8, policy: EscalationPolicy) -> Option<Escalation> {
        let response = self.response_target.map(|target| self.reported_at.plus_secs(target.missed_from_s()));
        // An answer that came too late does not undo that the target had passed.
        let unanswered = response.filter(|due| self.first_response_at.is_none_or(|answered| answered >= *due));
        let tightest = self.tightest_resolution();
        let resolution = tightest.map(|(from, target)| from.plus_secs(target.missed_from_s()));
        let percent = policy.resolution_share_percent;
        let share = tightest.map(|(from, target)| {
            let seconds = i64::from(target.seconds) * i64::from(percent);
            // Not before the share is used up: a part of a second counts as a whole one.
            from.plus_secs(seconds.div_euclid(100) + i64::from(seconds.rem_euclid(100) > 0))
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

    /// What passing of time alone next does to the ticket, and when.
    fn next_timed(&self, policy: EscalationPolicy, rto_seconds: Option<u32>) -> Option<(Timestamp, Timed)> {
        match self.state {
            TicketState::Baru | TicketState::Ditanggapi | TicketState::Ditangani | TicketState::Dieskalasi => {}
            TicketState::Pulih => {
                let restored = self.restored_at?;
                let since = self.life.reminded_at.map_or(restored, |at| at.max(restored));
                let remind = (since.plus_secs(REMIND_S), Timed::Unconfirmed);
                let lapse = policy.lapse_after_seconds;
                let lapse = lapse.map(|after_s| (restored.plus_secs(i64::from(after_s)), Timed::Lapsed { after_s }));
                return lapse.into_iter().chain([remind]).min_by_key(|(at, _)| *at);
            }
            TicketState::SelesaiTerkonfirmasi | TicketState::Ditutup | TicketState::Dibatalkan => {
                return None;
            }
        }
        // A level that was skipped, by a person or because the collector was down, is not made up for.
        let above = self.life.escalation_level.saturating_add(1)..=LEVEL_MAX;
        let level = above.filter_map(|level| self.escalation(level, policy)).map(|e| (e.at, Timed::Level(e)));
        let missed = self.estimated_at.filter(|at| self.life.estimate_missed_at != Some(*at));
        let estimate = missed.map(|at| (at, Timed::EstimateMissed(at)));
        let unprompted = self.impact == Impact::Mayor && self.life.recovery_prompted_at.is_none();
        let recovery = rto_seconds.filter(|_| unprompted).map(|rto| {
            let share_s = i64::from(rto) * i64::from(policy.recovery_share_percent) / 100;
            (self.onset_at.plus_secs(share_s), Timed::RecoveryPrompt { rto_seconds: rto })
        });
        level.chain(estimate).chain(recovery).min_by_key(|(at, _)| *at)
    }

    /// When passing of time alone next changes the ticket.
    pub fn next_timed_at(&self, policy: EscalationPolicy, rto_seconds: Option<u32>) -> Option<Timestamp> {
        self.next_timed(policy, rto_seconds).map(|(at, _)| at)
    }

    /// What passing of time has done to the ticket at `now`, one thing at a time: the ticket after it, its entry, and the
    /// event that is told. `rto_seconds` is the shortest RTO of the kritis services that suffer.
    pub fn after_time(
        &self,
        policy: EscalationPolicy,
        rto_seconds: Option<u32>,
        profile: &Profile,
        now: Timestamp,
    ) -> Option<(Self, Activity, &'static str)> {
        let (_, timed) = self.next_timed(policy, rto_seconds).filter(|(at, _)| *at <= now)?;
        let mut after = self.clone();
        let (step, event, text) = match timed {
            Timed::Level(escalation) => {
                after.life.escalation_level = escalation.level;
                (Step::Climb, "escalated", escalation.phrase(profile))
            }
            Timed::EstimateMissed(at) => {
                after.life.estimate_missed_at = Some(at);
                (Step::Climb, "escalated", Phrase::new("activity-estimate-missed").with("estimate_at", at))
            }
            Timed::Unconfirmed => {
                after.life.reminded_at = Some(now);
                let restored = self.restored_at.unwrap_or(now);
                (Step::Note, "unconfirmed", Phrase::new("activity-unconfirmed").with("restored_at", restored))
            }
            Timed::Lapsed { after_s } => {
                // When it is done, not when it could have been: a setting that is switched on backdates nothing.
                after.confirmed_at = Some(now.max(self.restored_at.unwrap_or(now)).max(self.recorded_at));
                after.confirmation_method = Some(LAPSED_METHOD.to_owned());
                (Step::Lapse, "lapsed", Phrase::new("activity-lapsed").with("after_s", after_s))
            }
            Timed::RecoveryPrompt { rto_seconds } => {
                after.life.recovery_prompted_at = Some(now);
                let text = Phrase::new("activity-recovery-prompt")
                    .with("percent", policy.recovery_share_percent)
                    .with("rto_s", rto_seconds);
                (Step::Note, "recovery_prompt", text)
            }
        };
        after.step(step).ok()?;
        let (at, kind) = (now.max(after.recorded_at), event.to_owned());
        Some((after, Activity { at, actor: Actor::System, kind, text: ActivityText::Phrase(text) }, event))
    }
}

/// What passing of time does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Timed {
    /// A level is reached.
    Level(Escalation),
    /// That estimate passed.
    EstimateMissed(Timestamp),
    /// Restored, and for a day nobody has confirmed it.
    Unconfirmed,
    /// Restored, and nobody has confirmed it for as long as the office waits.
    Lapsed { after_s: u32 },
    /// Half of the RTO passed.
    RecoveryPrompt { rto_seconds: u32 },
}

impl Escalation {
    /// The level, its people and the reason in words.
    fn phrase(self, profile: &Profile) -> Phrase {
        let people = usize::from(self.level).checked_sub(1).and_then(|place| profile.escalation.get(place));
        let id = match self.reason {
            EscalationReason::Opened => "activity-opened",
            EscalationReason::ResponsePassed => "activity-escalated-response",
            EscalationReason::ResolutionShare(_) => "activity-escalated-share",
            EscalationReason::ResolutionPassed => "activity-escalated-resolution",
        };
        let phrase = Phrase::new(id).with("level", self.level).with("people", people.map_or("", String::as_str));
        match self.reason {
            EscalationReason::ResolutionShare(percent) => phrase.with("percent", percent),
            EscalationReason::Opened | EscalationReason::ResponsePassed | EscalationReason::ResolutionPassed => phrase,
        }
    }
}

#[cfg(test)]
mod tests;
