//! Planned maintenance on record: who proposed, announced and approved which windows, and what became of each.
//!
//! ```text
//!            approve            cancel (before it begins; of a repeating one: what has not begun)
//! proposed ──────────► approved ──────────► cancelled
//!     │                  │  per window: cancel before it begins; end early while it runs
//!     ├── reject ──► rejected
//!     └── cancel ──► cancelled
//! ```
//!
//! Nothing shortens or lengthens a window but an explicit end (*selesai lebih awal*): what overruns counts as it is seen.
//! Whether a window counts at all is judged per window, see [`super::notice`].

use super::recurrence::Recurrence;
use super::refusal::{RegisterRefusal, optional, written};
use crate::domain::availability::{MaintenanceStatus, MaintenanceWindow};
use crate::domain::catalogue::{Service, ServiceId};
use crate::domain::interval::Interval;
use chrono::NaiveDate;
use chrono_tz::Tz;
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;

/// Longest title, in characters.
pub const TITLE_MAX: usize = 200;
/// Longest reason, channel or evidence, in characters.
pub const TEXT_MAX: usize = 2_000;
/// A window lasts at most so long.
pub const WINDOW_DAYS_MAX: u32 = 31;
/// A window that repeats lasts at most so long, in seconds: so no two of one record overlap.
pub const REPEATED_S_MAX: u64 = 86_400;
/// It begins, and repeats, at most so many days ahead: three years.
pub const AHEAD_DAYS_MAX: i64 = 3 * 366;
/// Services and hosts that one record may name.
pub const SCOPE_MAX: usize = 200;

/// Who did something, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The person's name.
    pub by: String,
    /// When it was recorded.
    pub at: Timestamp,
}

/// A decision, with its reason where one is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// By whom.
    pub sign: Signature,
    /// Why; may be empty for an approval.
    pub reason: String,
}

/// That users were told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// When they were told.
    pub at: Timestamp,
    /// Through what: a letter, a group, a page.
    pub channel: String,
    /// Who recorded it. A window that had begun by then was not announced.
    pub sign: Signature,
}

/// What became of one window of an approved record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exception {
    /// It does not take place.
    Cancelled(Signature),
    /// It ended at the moment of the signature.
    EndedEarly(Signature),
}

/// What is proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaintenanceProposal {
    /// Services that are maintained as such.
    pub services: Vec<ServiceId>,
    /// Hosts that are maintained.
    pub hosts: Vec<HostId>,
    /// What is done, in a few words.
    pub title: String,
    /// Why.
    pub reason: String,
    /// A letter's number, an address, a plan; may be empty.
    pub evidence: String,
    /// The first window.
    pub planned: Interval,
    /// How it repeats.
    pub recurrence: Recurrence,
    /// The last local date on which it may begin; only where it repeats.
    pub until: Option<NaiveDate>,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaintenancePlan {
    /// Its number.
    pub number: u32,
    /// Services that are maintained as such.
    pub services: Vec<ServiceId>,
    /// Hosts that are maintained.
    pub hosts: Vec<HostId>,
    /// What is done, in a few words.
    pub title: String,
    /// Why.
    pub reason: String,
    /// A letter's number, an address, a plan; may be empty.
    pub evidence: String,
    /// The first window.
    pub planned: Interval,
    /// How it repeats.
    pub recurrence: Recurrence,
    /// The last local date on which it may begin.
    pub until: Option<NaiveDate>,
    /// How far it has come.
    pub state: MaintenanceStatus,
    /// By whom.
    pub proposed: Signature,
    /// The approval or the refusal.
    pub decided: Option<Decided>,
    /// That users were told.
    pub announced: Option<Announcement>,
    /// The cancellation of all that had not begun by then.
    pub cancelled: Option<Decided>,
    /// Single windows, by their begin.
    pub exceptions: BTreeMap<Timestamp, Exception>,
}

/// What a person does to a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MaintenanceAction {
    /// Users were told.
    Announce {
        /// When.
        at: Timestamp,
        /// Through what.
        channel: String,
    },
    /// Agreed, by a second person.
    Approve,
    /// What has not begun does not take place.
    Cancel {
        /// Why.
        reason: String,
    },
    /// One window does not take place.
    CancelWindow {
        /// Its begin.
        begins: Timestamp,
    },
    /// The running window is over (*selesai lebih awal*).
    EndEarly,
    /// Not agreed.
    Reject {
        /// Why.
        reason: String,
    },
}

impl MaintenanceAction {
    /// The code in the API and the audit trail.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Announce { .. } => "announce",
            Self::Approve => "approve",
            Self::Cancel { .. } => "cancel",
            Self::CancelWindow { .. } => "cancel_window",
            Self::EndEarly => "end_early",
            Self::Reject { .. } => "reject",
        }
    }

    /// The state after it; `None`: the state does not allow it.
    pub const fn leads_to(&self, from: MaintenanceStatus) -> Option<MaintenanceStatus> {
        use MaintenanceStatus as S;
        match (from, self) {
            (S::Proposed, Self::Approve) => Some(S::Approved),
            (S::Proposed, Self::Reject { .. }) => Some(S::Rejected),
            (S::Proposed | S::Approved, Self::Cancel { .. }) => Some(S::Cancelled),
            (S::Proposed | S::Approved, Self::Announce { .. }) => Some(from),
            // A repeating one that is cancelled may have a window that is still running.
            (S::Approved | S::Cancelled, Self::EndEarly) => Some(from),
            (S::Approved, Self::CancelWindow { .. }) => Some(from),
            (S::Proposed, Self::CancelWindow { .. } | Self::EndEarly)
            | (S::Approved, Self::Approve | Self::Reject { .. })
            | (
                S::Cancelled,
                Self::Announce { .. }
                | Self::Approve
                | Self::Cancel { .. }
                | Self::CancelWindow { .. }
                | Self::Reject { .. },
            )
            | (
                S::Rejected,
                Self::Announce { .. }
                | Self::Approve
                | Self::Cancel { .. }
                | Self::CancelWindow { .. }
                | Self::EndEarly
                | Self::Reject { .. },
            ) => None,
        }
    }
}

impl MaintenanceProposal {
    /// The record under `number`, checked.
    ///
    /// # Errors
    /// Absurd windows, empty texts, an empty scope.
    pub fn propose(self, number: u32, sign: Signature, zone: Tz) -> Result<MaintenancePlan, RegisterRefusal> {
        check_window(&self, sign.at, zone)?;
        let (mut services, mut hosts) = (self.services, self.hosts);
        services.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        services.dedup();
        hosts.sort();
        hosts.dedup();
        match services.len() + hosts.len() {
            0 => return Err(RegisterRefusal::EmptyScope),
            1..=SCOPE_MAX => {}
            _ => return Err(RegisterRefusal::BadText { field: "scope", max: SCOPE_MAX }),
        }
        Ok(MaintenancePlan {
            number,
            services,
            hosts,
            title: written("title", &self.title, TITLE_MAX)?,
            reason: written("reason", &self.reason, TEXT_MAX)?,
            evidence: optional("evidence", &self.evidence, TEXT_MAX)?,
            planned: self.planned,
            recurrence: self.recurrence,
            until: self.until,
            state: MaintenanceStatus::Proposed,
            proposed: sign,
            decided: None,
            announced: None,
            cancelled: None,
            exceptions: BTreeMap::new(),
        })
    }
}

fn check_window(proposal: &MaintenanceProposal, now: Timestamp, zone: Tz) -> Result<(), RegisterRefusal> {
    let Interval { from, to } = proposal.planned;
    let repeats = proposal.recurrence != Recurrence::Once;
    if to <= from {
        return Err(RegisterRefusal::EndsBeforeBegin);
    }
    if proposal.planned.length_s() > u64::from(WINDOW_DAYS_MAX) * 86_400 {
        return Err(RegisterRefusal::TooLong { max_days: WINDOW_DAYS_MAX });
    }
    let last = now.plus_secs(AHEAD_DAYS_MAX * 86_400);
    if from <= now || from > last {
        return Err(RegisterRefusal::TooFar);
    }
    if repeats && proposal.planned.length_s() > REPEATED_S_MAX {
        return Err(RegisterRefusal::RepeatsTooLong);
    }
    let begin = crate::domain::calendar::zone::local_date(zone, from);
    match proposal.until {
        Some(until) if repeats && until > crate::domain::calendar::zone::local_date(zone, last) => {
            Err(RegisterRefusal::TooFar)
        }
        Some(until) if repeats && until >= begin => match proposal.recurrence.holds_first(from, zone) {
            true => Ok(()),
            false => Err(RegisterRefusal::NoSuchOccurrence),
        },
        None if !repeats => Ok(()),
        Some(_) | None => Err(RegisterRefusal::UntilMissing),
    }
}

impl MaintenancePlan {
    /// Through what the record concerns `service`: names of components, or identifiers of all its hosts; nothing for the
    /// service as such. `None`: it does not concern it.
    pub fn parts_of(&self, service: &Service) -> Option<Vec<String>> {
        if self.services.contains(&service.id) {
            return Some(Vec::new());
        }
        let components = service.composition.components.iter().filter(|c| self.services.contains(&c.id));
        let components: Vec<String> = components.map(|component| component.name.clone()).collect();
        let whole = !service.hosts.is_empty() && service.hosts.iter().all(|host| self.hosts.contains(host));
        let hosts = service.hosts.iter().filter(|_| whole).map(ToString::to_string);
        Some(components.into_iter().chain(hosts).collect()).filter(|parts: &Vec<String>| !parts.is_empty())
    }

    /// The planned windows, whatever became of them, in order of time.
    pub fn occurrences(&self, zone: Tz) -> Vec<Interval> {
        self.recurrence.occurrences(self.planned, self.until, zone)
    }

    /// Its windows as they are counted, in order of time.
    pub fn windows(&self, zone: Tz) -> Vec<MaintenanceWindow> {
        self.occurrences(zone).into_iter().map(|planned| self.window(planned)).collect()
    }

    /// One of its windows as it is counted.
    pub fn window(&self, planned: Interval) -> MaintenanceWindow {
        let approved_at = self.decided.as_ref().map(|decided| decided.sign.at);
        let exception = self.exceptions.get(&planned.from);
        let status = match (self.state, exception) {
            (MaintenanceStatus::Approved, Some(Exception::Cancelled(_))) => MaintenanceStatus::Cancelled,
            (MaintenanceStatus::Cancelled, _) if approved_at.is_some() && self.began_before_cancel(planned.from) => {
                match exception {
                    Some(Exception::Cancelled(_)) => MaintenanceStatus::Cancelled,
                    Some(Exception::EndedEarly(_)) | None => MaintenanceStatus::Approved,
                }
            }
            (state, _) => state,
        };
        let told = self.announced.as_ref().filter(|told| told.sign.at <= planned.from);
        MaintenanceWindow {
            interval: planned,
            status,
            announced_at: told.map(|told| told.at),
            approved_at,
            ended_early_at: match exception {
                Some(Exception::EndedEarly(sign)) => Some(sign.at),
                Some(Exception::Cancelled(_)) | None => None,
            },
        }
    }

    fn began_before_cancel(&self, begins: Timestamp) -> bool {
        self.cancelled.as_ref().is_some_and(|cancelled| begins <= cancelled.sign.at)
    }

    /// The approved window that runs at `now`.
    pub fn running(&self, zone: Tz, now: Timestamp) -> Option<Interval> {
        let windows = self.windows(zone).into_iter().filter(|window| window.status == MaintenanceStatus::Approved);
        let mut running = windows.filter_map(|window| {
            let end = window.ended_early_at.unwrap_or(window.interval.to).min(window.interval.to);
            Interval::new(window.interval.from, end).contains(now).then_some(window.interval)
        });
        running.next()
    }

    /// Carries out `action`; the record as it is then. `two_persons`: who proposed may not approve.
    ///
    /// # Errors
    /// What the state, the time or the second person refuses.
    pub fn act(
        &self,
        action: &MaintenanceAction,
        sign: Signature,
        zone: Tz,
        two_persons: bool,
    ) -> Result<Self, RegisterRefusal> {
        let refused = || RegisterRefusal::MaintenanceState { from: self.state, step: action.code() };
        let mut after = Self { state: action.leads_to(self.state).ok_or_else(refused)?, ..self.clone() };
        let now = sign.at;
        match action {
            MaintenanceAction::Announce { at, channel } => {
                if self.announced.is_some() {
                    return Err(RegisterRefusal::AlreadyAnnounced);
                }
                if *at > now {
                    return Err(RegisterRefusal::AnnouncedInFuture);
                }
                if self.occurrences(zone).last().is_none_or(|last| last.from <= now) {
                    return Err(RegisterRefusal::AlreadyStarted);
                }
                let channel = written("channel", channel, TITLE_MAX)?;
                after.announced = Some(Announcement { at: *at, channel, sign });
            }
            MaintenanceAction::Approve => {
                if two_persons && self.proposed.by == sign.by {
                    return Err(RegisterRefusal::SamePerson);
                }
                if self.planned.from <= now {
                    return Err(RegisterRefusal::AlreadyStarted);
                }
                after.decided = Some(Decided { sign, reason: String::new() });
            }
            MaintenanceAction::Cancel { reason } => {
                let over = self.occurrences(zone).last().is_none_or(|last| last.from <= now);
                if over && self.state == MaintenanceStatus::Approved {
                    return Err(RegisterRefusal::AlreadyStarted);
                }
                after.cancelled = Some(Decided { sign, reason: written("reason", reason, TEXT_MAX)? });
            }
            MaintenanceAction::CancelWindow { begins } => {
                let known = self.occurrences(zone).iter().any(|window| window.from == *begins);
                if !known || self.exceptions.contains_key(begins) {
                    return Err(RegisterRefusal::NoSuchOccurrence);
                }
                if *begins <= now {
                    return Err(RegisterRefusal::AlreadyStarted);
                }
                after.exceptions.insert(*begins, Exception::Cancelled(sign));
            }
            MaintenanceAction::EndEarly => {
                let running = self.running(zone, now).ok_or(RegisterRefusal::NotRunning)?;
                after.exceptions.insert(running.from, Exception::EndedEarly(sign));
            }
            MaintenanceAction::Reject { reason } => {
                after.decided = Some(Decided { sign, reason: written("reason", reason, TEXT_MAX)? });
            }
        }
        Ok(after)
    }
}
