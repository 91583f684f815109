//! Replay: "this rule over the last 30 days would have opened these 4 tickets", with the values in force or with others.
//!
//! | rule | judged from | values that may be tried |
//! |---|---|---|
//! | thresholds | samples as they came; where they are gone, 5-minute means | `alarm_persen`, `pulih_persen`, `selama` |
//! | `terhenti`, `menurun` | the ledger; with other values the stored answers | `gagal_berturut` |
//! | `agen_senyap` | the times of samples | `host_senyap_setelah` |
//! | `unit_gagal` | samples | `unit_gagal_selama` |
//! | `jam_meleset` | samples: the host's own timekeeping alone | `jam_selisih_maks`, `jam_tanpa_acuan_selama` |
//! | others | not replayed: what they opened is shown | – |
//!
//! The very rules that judge now judge the past ([`crate::domain::rule::rehearsal`]); maintenance and the ticket budget
//! hold as they do today. Reads by a connection of its own, one host or service at a time; whoever asks may stop between
//! two and go on later with the next one ([`load`] tells how far it came). Changes nothing.

mod ask;
pub mod body;
pub mod command;
mod opened;
mod service;
mod silence;
pub mod text;
mod threshold;
mod tried;
mod wellbeing;

use crate::domain::catalogue::{Catalogue, ServiceId, ThresholdMetric};
use crate::domain::interval::Interval;
use crate::domain::profile::Profile;
use crate::domain::rule::Rule;
use crate::domain::rule::rehearsal::{WouldBe, folded};
use crate::domain::state::State;
use crate::domain::ticket::TicketScope;
use crate::engine::maintenance_model::Windows;
use crate::rulebook::{self, Rulebook};
use crate::store::{Reader, StoreError};
use crate::texts::Texts;
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

pub(crate) use ask::ask;
pub use tried::{Tried, TriedError};

/// The longest window, in days.
pub const DAYS_MAX: u32 = 400;
/// The window without other word, in days.
pub const DAYS: u32 = 30;
/// Most tickets of either kind that are listed; all are counted.
pub const LISTED_MAX: usize = 500;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Which rule.
    pub rule: Rule,
    /// Over which time.
    pub window: Interval,
    /// Only this host.
    pub host: Option<HostId>,
    /// Only this service, or the hosts it runs on.
    pub service: Option<ServiceId>,
    /// Values in the place of those in force.
    pub tried: Tried,
}

/// A value in force and the one that was tried, in the parameter's unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValuePair {
    /// The parameter's key.
    pub name: String,
    /// In force where no exception holds.
    pub in_force: u32,
    /// Tried; none: the one in force, exceptions included.
    pub tried: Option<u32>,
}

/// A ticket, one that would have been opened or one that was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its number, of one that was.
    pub number: Option<String>,
    /// Its key.
    pub key: String,
    /// What it is about, for people.
    pub about: String,
    /// What was wrong, for people.
    pub symptom: String,
    /// When the disturbance began.
    pub onset_ms: i64,
    /// When the ticket opened.
    pub opened_ms: i64,
    /// First good moment; none: not yet.
    pub restored_ms: Option<i64>,
    /// How often it came back while it waited for confirmation.
    pub recurrences: u32,
    /// Tabel 3.
    pub priority: u8,
    /// Whether the ticket budget would have folded it.
    pub folded: bool,
}

/// What a replay found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// The rule's code.
    pub rule: String,
    /// Begin of the window.
    pub from_ms: i64,
    /// Its end.
    pub to_ms: i64,
    /// The rule's values.
    pub values: Vec<ValuePair>,
    /// Hosts or services there are to judge; 0 for a rule that is not replayed.
    pub subjects: usize,
    /// Of those, how many are judged, from the first on.
    pub done: usize,
    /// Tickets it would have opened, by time of opening.
    pub would_open: Vec<Line>,
    /// Tickets it really opened in the window, by time of opening.
    pub opened: Vec<Line>,
    /// Time in alarm of all subjects together, in seconds.
    pub alarm_s: u64,
    /// Tickets in an hour before the rest is folded.
    pub budget_per_hour: Option<u32>,
    /// What a reader should know of how it was judged: identifiers of messages.
    pub notes: BTreeSet<String>,
}

/// The site a replay is made of.
#[derive(Debug)]
pub struct Site<'a> {
    /// The catalogue in force.
    pub catalogue: &'a Catalogue,
    /// The regulation.
    pub profile: &'a Profile,
    /// Maintenance on record.
    windows: Windows,
    /// All hosts that are enrolled.
    hosts: Vec<HostId>,
}

/// What was found of one subject.
#[derive(Debug, Default)]
pub(crate) struct Found {
    tickets: Vec<WouldBe>,
    alarm_s: u64,
    notes: BTreeSet<&'static str>,
}

impl<'a> Site<'a> {
    /// As it is now.
    ///
    /// # Errors
    /// What the store says.
    pub fn load(
        reader: &Reader,
        catalogue: &'a Catalogue,
        profile: &'a Profile,
        rulebook: &Rulebook,
    ) -> Result<Self, StoreError> {
        let register = reader.register()?;
        let parts = rulebook::parts_of_all(reader, rulebook, &register, catalogue)?;
        let of = |service: &ServiceId| parts.get(service).map(Vec::as_slice).unwrap_or_default();
        let windows = Windows::new(&register, catalogue, rulebook, &of);
        let hosts = reader.hosts()?.into_iter().filter(|host| host.revoked_at.is_none()).map(|host| host.id);
        Ok(Self { catalogue, profile, windows, hosts: hosts.collect() })
    }

    fn host_name(&self, id: &HostId) -> String {
        self.catalogue.host_names.get(id).cloned().unwrap_or_else(|| id.to_string())
    }

    /// The hosts that are asked for.
    fn hosts_of(&self, request: &Request) -> Vec<HostId> {
        let of_service = |host: &HostId| {
            let asked = request.service.as_ref();
            asked.is_none_or(|id| self.catalogue.service(id).is_some_and(|service| service.hosts.contains(host)))
        };
        let asked = |host: &&HostId| request.host.as_ref().is_none_or(|id| id == *host) && of_service(host);
        self.hosts.iter().filter(asked).cloned().collect()
    }

    /// Places of the services that are asked for.
    fn services_of(&self, request: &Request) -> Vec<usize> {
        let all = self.catalogue.services.iter().enumerate();
        let asked = all.filter(|(_, service)| request.service.as_ref().is_none_or(|id| *id == service.id));
        asked.map(|(place, _)| place).collect()
    }

    fn about(&self, scope: &TicketScope) -> String {
        match scope {
            TicketScope::Service(id) => {
                self.catalogue.service(id).map_or_else(|| id.to_string(), |service| service.name.clone())
            }
            TicketScope::Host(id, part) if part.is_empty() => self.host_name(id),
            TicketScope::Host(id, part) => format!("{} · {part}", self.host_name(id)),
            TicketScope::Backup(id) => id.to_string(),
            TicketScope::Check(_) | TicketScope::Alert(_) | TicketScope::Site | TicketScope::Rule(_) => {
                scope.to_string()
            }
        }
    }
}

/// What the past is judged by.
#[derive(Debug, Clone, Copy)]
enum Past {
    /// Samples of hosts.
    Readings(ThresholdMetric),
    /// When hosts were heard.
    Silence,
    /// Ledgers of services: stretches of that state.
    Ledger(State),
    /// What samples say of a host's units or clock.
    Wellbeing(wellbeing::Part),
}

fn past_of(rule: Rule) -> Option<Past> {
    match rule {
        Rule::Down => Some(Past::Ledger(State::Down)),
        Rule::Degraded => Some(Past::Ledger(State::Degraded)),
        Rule::Threshold(metric) => Some(Past::Readings(metric)),
        Rule::AgentSilent => Some(Past::Silence),
        Rule::ClockOff => Some(Past::Wellbeing(wellbeing::Part::Clock)),
        Rule::FailedUnits => Some(Past::Wellbeing(wellbeing::Part::Units)),
        Rule::Storm
        | Rule::Backup
        | Rule::SourceUnseen
        | Rule::Function
        | Rule::Budget
        | Rule::Certificate
        | Rule::Forecast
        | Rule::Reboot
        | Rule::Alert => None,
    }
}

/// Whether the past can be judged by the rule.
pub fn is_replayed(rule: Rule) -> bool {
    past_of(rule).is_some()
}

/// Judges the subjects from `skip` on until all are done or `stop` says so; at least one, unless `stop` says so before it
/// is done. What was really opened is told with the first.
///
/// # Errors
/// What the store says.
pub fn load(
    reader: &Reader,
    site: &Site<'_>,
    request: &Request,
    (skip, texts): (usize, Texts),
    stop: &dyn Fn(bool) -> bool,
) -> Result<Replay, StoreError> {
    let past = past_of(request.rule);
    let (hosts, services) = match past {
        None => (Vec::new(), Vec::new()),
        Some(Past::Readings(_) | Past::Silence | Past::Wellbeing(_)) => (site.hosts_of(request), Vec::new()),
        Some(Past::Ledger(_)) => (Vec::new(), site.services_of(request)),
    };
    let budget = request.tried.budget_per_hour.map_or_else(
        || site.catalogue.tuning.budget_per_hour(request.rule),
        |tried| Some(tried).filter(|budget| *budget > 0),
    );
    let mut replay = Replay {
        rule: request.rule.code().to_owned(),
        from_ms: request.window.from.as_ms(),
        to_ms: request.window.to.as_ms(),
        values: request.tried.beside(request.rule, site.catalogue),
        subjects: hosts.len().max(services.len()),
        done: skip,
        would_open: Vec::new(),
        opened: if skip == 0 { opened::load(reader, site, request, texts)? } else { Vec::new() },
        alarm_s: 0,
        budget_per_hour: budget,
        notes: BTreeSet::new(),
    };
    if past.is_none() {
        replay.notes.insert("replay-note-not-replayed".to_owned());
    }
    while replay.done < replay.subjects && (replay.done == skip || !stop(true)) {
        let (host, service) = (hosts.get(replay.done), services.get(replay.done));
        let found = match past {
            Some(Past::Readings(metric)) => match host {
                Some(host) => threshold::of_host(reader, site, request, (host, metric), stop)?,
                None => None,
            },
            Some(Past::Wellbeing(part)) => match host {
                Some(host) => wellbeing::of_host(reader, site, request, (host, part), stop)?,
                None => None,
            },
            Some(Past::Silence) => host.map(|host| silence::of_host(reader, site, request, host)).transpose()?,
            Some(Past::Ledger(state)) => {
                service.map(|place| service::of_service(reader, site, request, (*place, state))).transpose()?
            }
            None => None,
        };
        // Stopped in the middle of one.
        let Some(found) = found else { break };
        replay.alarm_s = replay.alarm_s.saturating_add(found.alarm_s);
        replay.notes.extend(found.notes.into_iter().map(str::to_owned));
        let of_rule = found.tickets.iter().filter(|ticket| ticket.rule == request.rule);
        replay.would_open.extend(of_rule.map(|ticket| would_be(site, ticket, texts)));
        replay.done += 1;
    }
    replay.settle();
    Ok(replay)
}

impl Replay {
    /// Puts tickets in order and tells which the ticket budget would have folded.
    fn settle(&mut self) {
        self.would_open.sort_by(|a, b| (a.opened_ms, &a.key).cmp(&(b.opened_ms, &b.key)));
        let opened: Vec<Timestamp> = self.would_open.iter().map(|line| Timestamp::from_ms(line.opened_ms)).collect();
        let marks = folded(&opened, self.budget_per_hour);
        self.would_open.iter_mut().zip(marks).for_each(|(line, folded)| line.folded = folded);
    }

    /// Takes the part that begins where this one ended.
    pub fn join(&mut self, next: Self) {
        self.done = next.done;
        self.alarm_s = self.alarm_s.saturating_add(next.alarm_s);
        self.would_open.extend(next.would_open);
        self.notes.extend(next.notes);
        self.settle();
    }

    /// Tickets of its own that it would have opened: the folded ones are one more together.
    pub fn tickets(&self) -> usize {
        let folded = self.folded();
        self.would_open.len() - folded + usize::from(folded > 0)
    }

    /// Of those, how many the ticket budget would have folded.
    pub fn folded(&self) -> usize {
        self.would_open.iter().filter(|line| line.folded).count()
    }
}

fn would_be(site: &Site<'_>, ticket: &WouldBe, texts: Texts) -> Line {
    Line {
        number: None,
        about: site.about(&ticket.key.scope),
        key: ticket.key.to_string(),
        symptom: texts.phrase(&ticket.symptom),
        onset_ms: ticket.onset_at.as_ms(),
        opened_ms: ticket.opened_at.as_ms(),
        restored_ms: ticket.restored_at.map(Timestamp::as_ms),
        recurrences: ticket.recurrences,
        priority: ticket.priority.number(),
        folded: false,
    }
}

#[cfg(test)]
mod tests;
