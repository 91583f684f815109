//! The ticket's two clocks (Tabel 2 and 4) as seen at an instant.

use super::Ticket;
use super::group::Member;
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

/// What ends the resolution clock of a ticket that the monitoring opened (G08). Reports print both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EndBasis {
    /// A person's confirmation: the literal reading.
    #[default]
    Confirmed,
    /// The first good moment.
    Restored,
}

impl EndBasis {
    /// Both, the default first.
    pub const ALL: [Self; 2] = [Self::Confirmed, Self::Restored];

    /// The value of `basis_selesai_tiket_otomatis`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Confirmed => "konfirmasi",
            Self::Restored => "pulih",
        }
    }
}

impl Ticket {
    /// Reported to its end by `basis`, or to `now`, in whole seconds.
    pub fn resolution_elapsed_s(&self, basis: EndBasis, now: Timestamp) -> i64 {
        self.ended_at(basis).unwrap_or(now).ms_since(self.reported_at).div_euclid(1000)
    }

    /// Its end by `basis`. What a person reported ends by confirmation only.
    pub fn ended_at(&self, basis: EndBasis) -> Option<Timestamp> {
        match basis {
            EndBasis::Restored if self.reporter.is_none() => self.restored_at,
            EndBasis::Confirmed | EndBasis::Restored => self.confirmed_at,
        }
    }

    /// Reported to its end by `basis`, against Tabel 2: part by part, and met only if all are.
    pub fn resolution_verdict_by(&self, basis: EndBasis, now: Timestamp) -> ClockVerdict {
        let own = verdict(self.resolution_target, self.reported_at, self.ended_at(basis), now);
        let parts = self.members.iter().map(|member| self.member_verdict_by(member, basis, now));
        parts.fold(own, worse)
    }

    /// A part's clock, from its own detection on. Where the restoration ends clocks, its own does.
    pub fn member_verdict_by(&self, member: &Member, basis: EndBasis, now: Timestamp) -> ClockVerdict {
        let end = match basis {
            EndBasis::Restored if self.reporter.is_none() => member.restored_at,
            EndBasis::Confirmed | EndBasis::Restored => self.confirmed_at,
        };
        verdict(member.resolution_target, member.detected_at, end, now)
    }

    /// Start and target of the part whose solution becomes late first.
    pub fn tightest_resolution(&self) -> Option<(Timestamp, TimeTarget)> {
        let own = self.resolution_target.map(|target| (self.reported_at, target));
        let parts = self.members.iter().filter_map(|m| m.resolution_target.map(|target| (m.detected_at, target)));
        own.into_iter().chain(parts).min_by_key(|(from, target)| from.plus_secs(target.missed_from_s()))
    }

    /// Reported to first response, against Tabel 4.
    pub fn response_verdict(&self, now: Timestamp) -> ClockVerdict {
        verdict(self.response_target, self.reported_at, self.first_response_at, now)
    }

    /// Reported to confirmation, against Tabel 2.
    pub fn resolution_verdict(&self, now: Timestamp) -> ClockVerdict {
        self.resolution_verdict_by(EndBasis::Confirmed, now)
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

/// Late if one is late; running while one runs; met only if all that are judged are.
fn worse(a: ClockVerdict, b: ClockVerdict) -> ClockVerdict {
    let rank = |verdict| match verdict {
        ClockVerdict::NotJudged => 0,
        ClockVerdict::Met => 1,
        ClockVerdict::Running => 2,
        ClockVerdict::Breached => 3,
    };
    if rank(b) > rank(a) { b } else { a }
}
