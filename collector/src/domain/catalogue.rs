//! The service catalogue: what is watched, for whom, against which target.
//!
//! Carries the eleven fields that the regulation asks for (2.1.1.2; product names in `regulation` terms at the rim)
//! and what monitoring needs: hosts, checks, backup sets. A catalogue is one revision of one file; it is immutable.
//! Knows nothing of the file's syntax.

pub mod agreement;
mod backup_set;
pub mod composition;
pub mod diff;
pub mod named_calendar;

pub use backup_set::{BackupRules, BackupSet, Look, SetSource, TOLERANCES};

use crate::domain::alert::mapping::AlertMapping;
use crate::domain::calendar::Calendar;
use crate::domain::certificate::CertificatePolicy;
use crate::domain::duty::Roster;
use crate::domain::failed_units::FailedUnitsPolicy;
use crate::domain::forecast::ForecastPolicy;
use crate::domain::own_clock::OwnClockPolicy;
use crate::domain::phrase::Phrase;
use crate::domain::reboot::RebootPolicy;
use crate::domain::rule::tuning::Tuning;
use crate::domain::storm::StormPolicy;
use crate::domain::ticket::escalation::EscalationPolicy;
use crate::domain::ticket::example_sla::Adoption;
use crate::domain::ticket::flap::FlapPolicy;
use crate::domain::ticket::runbook::RunbookEntry;
use chrono::NaiveDate;
use chrono_tz::Tz;
use pantau_shared::assignment::CheckKind;
use pantau_shared::ids::{BackupSetId, CheckId, HostId, IdError};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use agreement::{Agreement, Onset};
pub use composition::{CheckQuorum, Component, Composition, Dependency};
pub use named_calendar::NamedCalendar;

/// A service of the catalogue; same alphabet as a host's identifier.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceId(HostId);

impl ServiceId {
    /// Parses `text`.
    ///
    /// # Errors
    /// See [`IdError`].
    pub fn parse(text: &str) -> Result<Self, IdError> {
        HostId::parse(text).map(Self)
    }

    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Klasifikasi layanan (2.1.2.1). In the order of tolerance, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceClass {
    /// Must set RPO and RTO and must have a recovery plan (DRP).
    Kritis,
    /// May be delayed and done by hand for a time.
    Esensial,
    /// Can be done wholly by hand.
    Normal,
}

/// Kelompok layanan of Tabel 2 and 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceGroup {
    /// Layanan Publik.
    Publik,
    /// Layanan Administrasi Pemerintahan.
    AdministrasiPemerintahan,
}

impl ServiceClass {
    /// All, in order.
    pub const ALL: [Self; 3] = [Self::Kritis, Self::Esensial, Self::Normal];

    /// The code in files and the API.
    pub fn code(self) -> &'static str {
        match self {
            Self::Kritis => "kritis",
            Self::Esensial => "esensial",
            Self::Normal => "normal",
        }
    }

    /// Reads a code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.code() == code)
    }
}

impl ServiceGroup {
    /// All, in order.
    pub const ALL: [Self; 2] = [Self::Publik, Self::AdministrasiPemerintahan];

    /// The code in files and the API.
    pub fn code(self) -> &'static str {
        match self {
            Self::Publik => "publik",
            Self::AdministrasiPemerintahan => "administrasi_pemerintahan",
        }
    }

    /// Reads a code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.code() == code)
    }
}

/// One service with its eleven fields and what is watched for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Stable identifier.
    pub id: ServiceId,
    /// Field 1, `nama`.
    pub name: String,
    /// Field 2, `deskripsi`.
    pub description: String,
    /// Field 3, `penyedia`: the PD that owns it.
    pub provider: String,
    /// Field 4, `administrator_layanan`.
    pub service_administrators: Vec<String>,
    /// Field 5, `administrator_infrastruktur`.
    pub infrastructure_administrators: Vec<String>,
    /// Field 6, `cara_akses`: URL, counter, app.
    pub access: String,
    /// Field 7, `target_ketersediaan`; none gives figures without verdict (G22).
    pub target: Option<AvailabilityTarget>,
    /// Field 8, `kontak_bantuan`.
    pub support_contact: String,
    /// Field 9, `waktu_bantuan`: hours of the help desk, as text for people.
    pub support_hours: String,
    /// Field 10, `target_pelayanan`, is computed from the profile's Tabel 2 by group and class.
    pub group: ServiceGroup,
    /// See `group`.
    pub class: ServiceClass,
    /// Field 11, `jam_layanan`: name of the calendar in which it should be up (G23); `24x7` by default.
    pub service_hours: String,
    /// RPO in seconds, strict `<` (G28). Its absence on a kritis service is a finding.
    pub rpo_seconds: Option<u32>,
    /// RTO in seconds, strict `<` (G29).
    pub rto_seconds: Option<u32>,
    /// Reference of the recovery plan document.
    pub recovery_plan: Option<String>,
    /// Hosts it runs on: their trouble is its trouble.
    pub hosts: Vec<HostId>,
    /// Questions whose answers make its state.
    pub checks: Vec<Check>,
    /// Data that must be restorable.
    pub backups: Vec<BackupSet>,
    /// How its time is counted and judged.
    pub agreement: Agreement,
    /// How its state follows from its checks.
    pub composition: Composition,
    /// The catalogue's witnesses: while all that a vantage asks fail, its answers to network checks do not count; see
    /// [`crate::domain::isolation`].
    pub witnesses: Arc<[Check]>,
}

/// Target ketersediaan: operator `>=`, calendar month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AvailabilityTarget {
    /// Parts per million: 99.9 % is 999,000.
    pub ppm: u32,
}

/// A configured question about a service.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Unique in the catalogue.
    pub id: CheckId,
    /// For people.
    pub name: String,
    /// Which hosts ask it.
    pub vantages: Vec<HostId>,
    /// From one asking to the next, in milliseconds.
    pub interval_ms: u32,
    /// Bound on one asking, in milliseconds.
    pub timeout_ms: u32,
    /// Pause before the immediate repetition of a failed asking, in milliseconds.
    pub retry_pause_ms: u32,
    /// Slower is degraded, in milliseconds; 0 is never.
    pub degraded_after_ms: u32,
    /// A certificate that expires within this many seconds is degraded; 0 is never.
    pub certificate_warning_seconds: u32,
    /// Consecutive failures that make it down (A.2, default 2).
    pub confirm_failures: u32,
    /// How its vantages make one state.
    pub quorum: CheckQuorum,
    /// What is asked.
    pub kind: CheckKind,
}

/// When a host's reading is too high for too long (product defaults, G46).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold {
    /// What is looked at.
    pub metric: ThresholdMetric,
    /// Raised at or above, in thousandths of the whole (950 is 95.0 %).
    pub alarm_permille: u32,
    /// Cleared below, in thousandths; at most `alarm_permille`.
    pub clear_permille: u32,
    /// Must hold this long without a break, in seconds.
    pub hold_seconds: u32,
}

/// What a threshold looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ThresholdMetric {
    /// Busy share of all processors.
    Cpu,
    /// Share of memory that is not available.
    Memory,
    /// Used share of one file system.
    Storage,
    /// Busier direction of one interface against its link speed.
    Bandwidth,
}

impl ThresholdMetric {
    /// All, in order.
    pub const ALL: [Self; 4] = [Self::Cpu, Self::Memory, Self::Storage, Self::Bandwidth];

    /// The code in files, keys and the API.
    pub fn code(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "ram",
            Self::Storage => "storage",
            Self::Bandwidth => "bandwidth",
        }
    }
}

/// One revision of the catalogue.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalogue {
    /// Counts from 1; 0 is the empty catalogue before the first one is applied.
    pub revision: u32,
    /// Services in the file's order.
    pub services: Vec<Service>,
    /// Thresholds for every host.
    pub thresholds: Vec<Threshold>,
    /// What is set of rules, for everything and for some hosts and services.
    pub tuning: Tuning,
    /// A host is silent after this many seconds without a batch.
    pub host_silent_after_seconds: u32,
    /// Sampling period of the hosts, in milliseconds.
    pub sample_period_ms: u32,
    /// What is missing or odd although the file is valid (a kritis service without RPO): shown to people.
    pub findings: Vec<Finding>,
    /// Labels of hosts by identifier, for people; hosts that joined need not be listed.
    pub host_names: BTreeMap<HostId, String>,
    /// When tickets are restored and when they come back.
    pub tickets: TicketPolicy,
    /// When many silent hosts are one disturbance.
    pub storm: StormPolicy,
    /// Checks that tell whether who asks is cut off; each service holds the same list.
    pub witnesses: Arc<[Check]>,
    /// Whether maintenance and corrections are approved by somebody else than who proposed them (engines A.2).
    pub two_persons: bool,
    /// What holds for all backups.
    pub backups: BackupRules,
    /// When certificates that run out are warned of.
    pub certificates: CertificatePolicy,
    /// When a file system that fills up is warned of.
    pub forecast: ForecastPolicy,
    /// When starts of a host are too many.
    pub reboots: RebootPolicy,
    /// Who has adopted the example SLA (Tabel 12).
    pub example_sla: Option<Adoption>,
    /// When failed units are a disturbance.
    pub failed_units: FailedUnitsPolicy,
    /// When a host's own timekeeping is one.
    pub own_clocks: OwnClockPolicy,
    /// Whom alerts of other programs concern.
    pub alerts: Vec<AlertMapping>,
    /// First steps as the office wants them.
    pub runbook: Vec<RunbookEntry>,
    /// Calendars that services may name, the profile's templates among them; `24x7` is built in.
    pub calendars: Vec<NamedCalendar>,
    /// People with roles, their duty and absence.
    pub roster: Roster,
    /// From which local date its terms (targets, hours, policies) hold; `None`: from when it was applied.
    pub effective_from: Option<NaiveDate>,
}

/// When a ticket is restored, and how long it may come back (engines B.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketPolicy {
    /// So much uninterrupted good time makes a ticket `Pulih`, in seconds.
    pub resolve_after_seconds: u32,
    /// A recurrence that begins within so many seconds of the restoration is the same ticket.
    pub reopen_window_seconds: u32,
    /// So long a dependant waits for what it needs before it opens a ticket of its own, in seconds.
    pub group_wait_seconds: u32,
    /// When it comes and goes too often.
    pub flap: FlapPolicy,
    /// When it climbs (Tabel 14).
    pub escalation: EscalationPolicy,
    /// `konfirmasi_dari_helpdesk`: what a named person solved at a help desk counts as that person's confirmation of a
    /// ticket that is restored here (G08); otherwise it is only offered.
    pub desk_confirms: bool,
}

impl Default for TicketPolicy {
    fn default() -> Self {
        Self {
            resolve_after_seconds: 300,
            reopen_window_seconds: 1800,
            group_wait_seconds: 60,
            flap: FlapPolicy::default(),
            escalation: EscalationPolicy::default(),
            desk_confirms: false,
        }
    }
}

/// Something a person should mend in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where; `None`: the catalogue as a whole.
    pub service: Option<ServiceId>,
    /// What.
    pub phrase: Phrase,
}

impl Catalogue {
    /// Revision 0: nothing is watched yet.
    pub fn empty() -> Self {
        Self {
            revision: 0,
            services: Vec::new(),
            thresholds: Vec::new(),
            tuning: Tuning::default(),
            host_silent_after_seconds: 90,
            sample_period_ms: 10_000,
            findings: Vec::new(),
            host_names: BTreeMap::new(),
            tickets: TicketPolicy::default(),
            storm: StormPolicy::default(),
            witnesses: Arc::default(),
            two_persons: true,
            backups: BackupRules::default(),
            certificates: CertificatePolicy::default(),
            forecast: ForecastPolicy::default(),
            reboots: RebootPolicy::default(),
            example_sla: None,
            failed_units: FailedUnitsPolicy::default(),
            own_clocks: OwnClockPolicy::default(),
            alerts: Vec::new(),
            runbook: Vec::new(),
            calendars: Vec::new(),
            roster: Roster::default(),
            effective_from: None,
        }
    }

    /// The check with this identifier, and its service.
    pub fn check(&self, id: &CheckId) -> Option<(&Service, &Check)> {
        let pairs = self.services.iter().flat_map(|service| service.checks.iter().map(move |check| (service, check)));
        pairs.into_iter().find(|(_, check)| check.id == *id)
    }

    /// The service with this identifier.
    pub fn service(&self, id: &ServiceId) -> Option<&Service> {
        self.services.iter().find(|service| service.id == *id)
    }

    /// The service that `id` names, or whose component it names: the two share one space of names.
    pub fn named(&self, id: &ServiceId) -> Option<&Service> {
        self.services.iter().find(|service| service.id == *id || service.component(id.as_str()).is_some())
    }

    /// What `id` is called for people; a component with its service.
    pub fn scope_name(&self, id: &ServiceId) -> String {
        let Some(service) = self.named(id) else { return id.to_string() };
        match service.component(id.as_str()) {
            Some(component) => format!("{} › {}", service.name, component.name),
            None => service.name.clone(),
        }
    }

    /// A backup set with its service.
    pub fn backup_set(&self, id: &BackupSetId) -> Option<(&Service, &BackupSet)> {
        let pairs = self.services.iter().flat_map(|service| service.backups.iter().map(move |set| (service, set)));
        pairs.into_iter().find(|(_, set)| set.id == *id)
    }

    /// The calendar of that name; `None` for `24x7` and for a name that is not known.
    pub fn calendar(&self, id: &str) -> Option<&NamedCalendar> {
        self.calendars.iter().find(|calendar| calendar.id == id)
    }

    /// The service time of `service`; `24x7` is laid out in `zone`.
    pub fn service_time(&self, service: &Service, zone: Tz) -> Calendar {
        self.calendar(&service.service_hours).map_or_else(|| Calendar::always(zone), |named| named.calendar.clone())
    }

    /// Services that run on `host`, in catalogue order.
    pub fn services_on<'a>(&'a self, host: &'a HostId) -> impl Iterator<Item = &'a Service> {
        self.services.iter().filter(move |service| service.hosts.contains(host))
    }
}
