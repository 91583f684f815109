//! The disturbance ticket (Formulir Penanganan Aduan, 15 fields) and the table of its states.
//!
//! ```text
//! Baru -> Ditanggapi -> Ditangani <-> Dieskalasi -> Pulih -> Selesai terkonfirmasi -> Ditutup
//!   \__________________________________________________/ (Dibatalkan from any before confirmation)
//! ```
//!
//! Only a person enters Ditanggapi, Selesai terkonfirmasi, Ditutup and Dibatalkan. The engine enters Baru, Dieskalasi
//! (by rule) and Pulih, and takes a ticket from Pulih back to the state it had; it cancels one only when nobody watches any
//! more what it is about, with that reason, and confirms one only where the office has switched that on (G09), in nobody's
//! name. Silence never resolves anything.
//! At most one ticket is open per key; the database enforces it.
//!
//! Order that always holds: onset <= recorded <= first response; onset <= restored <= confirmed <= closed.

pub mod clock;
pub mod condition;
pub mod elsewhere;
pub mod escalation;
pub mod evidence;
pub mod example_sla;
pub mod flap;
pub mod fold;
pub mod form_order;
pub mod group;
pub mod manual;
pub mod noise;
pub mod open;
pub mod priority;
pub mod regroup;
pub mod review;
pub mod runbook;
pub mod stage;
pub mod transition;

use crate::domain::catalogue::ServiceId;
use crate::domain::phrase::Phrase;
use crate::domain::profile::{Impact, Priority, TimeTarget};
use crate::domain::rule::Rule;
use pantau_shared::ids::{BackupSetId, CheckId, HostId};
use pantau_shared::timestamp::Timestamp;
use std::fmt;

/// `SPBE-GGN-<year>-<number>`: the correlation id in every outside system. The year is that of opening, local.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TicketNumber {
    /// Local year of opening.
    pub year: u16,
    /// Counts from 1 in its year.
    pub number: u32,
}

impl fmt::Display for TicketNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SPBE-GGN-{}-{:04}", self.year, self.number)
    }
}

impl TicketNumber {
    /// Reads the printed form.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, number) = text.strip_prefix("SPBE-GGN-")?.split_once('-')?;
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(year) || !digits(number) {
            return None;
        }
        let parsed = Self { year: year.parse().ok()?, number: number.parse().ok()? };
        (parsed.number > 0 && parsed.to_string() == text).then_some(parsed)
    }
}

/// Kelas gangguan: what kind of condition opened it. Part of the key, together with the scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TicketClass {
    /// A service is down, or degraded (they share a ticket).
    Access,
    /// A host's CPU, RAM or bandwidth is above its threshold for too long.
    Performance,
    /// A host's storage is above its threshold for too long.
    Capacity,
    /// A service uses up its error budget too fast, without being down now.
    Budget,
    /// A backup set passed its RPO or has no usable backup.
    Backup,
    /// A job that does what nobody sees otherwise went wrong; also what another program's alert says.
    Function,
    /// The certificate of an endpoint runs out.
    Certificate,
    /// Somebody may be where nobody should be; by another program's alert only.
    Security,
    /// Nobody watches: a silent host, a backup source that nobody reaches.
    MonitoringLost,
}

impl TicketClass {
    /// All, in order.
    pub const ALL: [Self; 9] = [
        Self::Access,
        Self::Performance,
        Self::Capacity,
        Self::Budget,
        Self::Backup,
        Self::Function,
        Self::Certificate,
        Self::Security,
        Self::MonitoringLost,
    ];

    /// The code in keys and the API.
    pub fn code(self) -> &'static str {
        match self {
            Self::Access => "akses",
            Self::Performance => "kinerja",
            Self::Capacity => "kapasitas",
            Self::Budget => "anggaran",
            Self::Backup => "cadangan",
            Self::Function => "fungsi",
            Self::Certificate => "sertifikat",
            Self::Security => "keamanan",
            Self::MonitoringLost => "kehilangan_pemantauan",
        }
    }

    /// Reads a code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.code() == code)
    }
}

/// What a ticket is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TicketScope {
    /// A service of the catalogue.
    Service(ServiceId),
    /// A host, and what on it (`cpu`, `storage:/var`; empty for the host itself).
    Host(HostId, String),
    /// A backup set.
    Backup(BackupSetId),
    /// The endpoint that a check asks.
    Check(CheckId),
    /// A group of alerts of another program, by the digest of its key.
    Alert(String),
    /// The hosts of the whole site together: a storm of silence.
    Site,
    /// What of a rule was too much for its ticket budget, together.
    Rule(Rule),
}

impl TicketScope {
    /// The service it is about, if it is one.
    pub fn service(&self) -> Option<&ServiceId> {
        match self {
            Self::Service(id) => Some(id),
            Self::Host(..) | Self::Backup(_) | Self::Check(_) | Self::Alert(_) | Self::Site | Self::Rule(_) => None,
        }
    }
}

impl fmt::Display for TicketScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(id) => write!(f, "service:{id}"),
            Self::Host(id, part) if part.is_empty() => write!(f, "host:{id}"),
            Self::Host(id, part) => write!(f, "host:{id}:{part}"),
            Self::Backup(id) => write!(f, "backup:{id}"),
            Self::Check(id) => write!(f, "check:{id}"),
            Self::Alert(digest) => write!(f, "alert:{digest}"),
            Self::Site => f.write_str("site:hosts"),
            Self::Rule(rule) => write!(f, "rule:{}", rule.code()),
        }
    }
}

impl TicketScope {
    /// Reads the printed form.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        match kind {
            "service" => ServiceId::parse(rest).ok().map(Self::Service),
            "host" => {
                let (host, part) = rest.split_once(':').unwrap_or((rest, ""));
                HostId::parse(host).ok().map(|host| Self::Host(host, part.to_owned()))
            }
            "backup" => BackupSetId::parse(rest).ok().map(Self::Backup),
            "check" => CheckId::parse(rest).ok().map(Self::Check),
            "alert" => {
                (rest.len() == 16 && rest.bytes().all(|b| b.is_ascii_hexdigit())).then(|| Self::Alert(rest.into()))
            }
            "site" => (rest == "hosts").then_some(Self::Site),
            "rule" => Rule::parse(rest).map(Self::Rule),
            _ => None,
        }
    }
}

/// What is unique among open tickets: `scope|class`; no value, text, severity, time or vantage in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TicketKey {
    /// What it is about.
    pub scope: TicketScope,
    /// What kind of condition.
    pub class: TicketClass,
}

impl fmt::Display for TicketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|{}", self.scope, self.class.code())
    }
}

impl TicketKey {
    /// Reads the printed form.
    pub fn parse(text: &str) -> Option<Self> {
        let (scope, class) = text.rsplit_once('|')?;
        Some(Self { scope: TicketScope::parse(scope)?, class: TicketClass::parse(class)? })
    }
}

/// Status gangguan (G40); codes are fixed, labels are in the message files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TicketState {
    /// Opened, nobody has looked.
    Baru,
    /// A person has answered.
    Ditanggapi,
    /// Being worked on.
    Ditangani,
    /// Handed upwards.
    Dieskalasi,
    /// Technically restored, waits for a person's confirmation.
    Pulih,
    /// A person confirmed the solution.
    SelesaiTerkonfirmasi,
    /// Report closed.
    Ditutup,
    /// False alarm or duplicate.
    Dibatalkan,
}

impl TicketState {
    /// All, in order.
    pub const ALL: [Self; 8] = [
        Self::Baru,
        Self::Ditanggapi,
        Self::Ditangani,
        Self::Dieskalasi,
        Self::Pulih,
        Self::SelesaiTerkonfirmasi,
        Self::Ditutup,
        Self::Dibatalkan,
    ];

    /// The code in the store and the API.
    pub fn code(self) -> &'static str {
        match self {
            Self::Baru => "baru",
            Self::Ditanggapi => "ditanggapi",
            Self::Ditangani => "ditangani",
            Self::Dieskalasi => "dieskalasi",
            Self::Pulih => "pulih",
            Self::SelesaiTerkonfirmasi => "selesai_terkonfirmasi",
            Self::Ditutup => "ditutup",
            Self::Dibatalkan => "dibatalkan",
        }
    }

    /// Reads a code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Whether the disturbance still counts as open: nobody has confirmed, closed or cancelled it.
    pub fn is_open(self) -> bool {
        match self {
            Self::Baru | Self::Ditanggapi | Self::Ditangani | Self::Dieskalasi | Self::Pulih => true,
            Self::SelesaiTerkonfirmasi | Self::Ditutup | Self::Dibatalkan => false,
        }
    }
}

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// The engine; never counts as a response (G11).
    System,
    /// A person, by display name.
    Person(String),
}

/// What an entry of the log says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActivityText {
    /// By the system, in both languages.
    Phrase(Phrase),
    /// By a person, as written.
    Written(String),
}

/// Field 11, one entry of the append-only log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor: Actor,
    /// `opened`, `acknowledged`, `comment`, `estimate`, `escalated`, `cause`, `restored`, `recurred`, `confirmed`,
    /// `closed`, `cancelled`, `updated`, `joined`, `part_restored`, `part_recurred`, `part_withdrawn`, `merged`, `split`,
    /// `unconfirmed`, `priority`, `elsewhere`, `lapsed`.
    pub kind: String,
    /// What.
    pub text: ActivityText,
}

/// One disturbance for its whole life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Its number.
    pub number: TicketNumber,
    /// What is unique about it while it is open.
    pub key: TicketKey,
    /// Field 9.
    pub state: TicketState,
    /// State to go back to when it recurs while `Pulih`.
    pub state_before_restored: Option<TicketState>,
    /// When the disturbance began; drives availability only.
    pub onset_at: Timestamp,
    /// When it was reported; the clocks start here (G07).
    pub reported_at: Timestamp,
    /// Field 1, when it was recorded.
    pub recorded_at: Timestamp,
    /// First entry of a person (G11).
    pub first_response_at: Option<Timestamp>,
    /// When a person expects it solved.
    pub estimated_at: Option<Timestamp>,
    /// First good moment after the disturbance.
    pub restored_at: Option<Timestamp>,
    /// Field 14.
    pub confirmed_at: Option<Timestamp>,
    /// Field 14, who.
    pub confirmed_by: Option<String>,
    /// Field 15.
    pub closed_at: Option<Timestamp>,
    /// Field 2; `None` is the monitoring system.
    pub reporter: Option<String>,
    /// Field 3, a code (`sistem_pemantauan`, `telepon`, `surat`, `email`, …).
    pub reporting_method: String,
    /// Field 4, a code of the profile's list.
    pub category: String,
    /// Field 5.
    pub symptom: Phrase,
    /// Field 6, level.
    pub impact: Impact,
    /// Field 6, description by a person.
    pub impact_text: Option<String>,
    /// Field 7.
    pub priority: Priority,
    /// Field 8, by a person.
    pub cause: Option<String>,
    /// Field 10.
    pub components: Vec<String>,
    /// Services that suffer.
    pub affected_services: Vec<ServiceId>,
    /// Further disturbances that belong to it; see [`group`].
    pub members: Vec<group::Member>,
    /// Field 12.
    pub handlers: Vec<String>,
    /// Field 13, a code; [`escalation::LAPSED_METHOD`] where nobody answered (G09).
    pub confirmation_method: Option<String>,
    /// Tabel 4 as copied at opening.
    pub response_target: Option<TimeTarget>,
    /// Tabel 2 as copied at opening; none is never judged.
    pub resolution_target: Option<TimeTarget>,
    /// Profile version of the copied targets.
    pub sla_version: String,
    /// How often it came back while `Pulih`.
    pub recurrences: u32,
    /// What else it goes through.
    pub life: TicketLife,
    /// Cancelled as a false alarm.
    pub false_alarm: bool,
    /// Raised by each change; the outbox orders by it.
    pub version: u32,
    /// Whether no other ticket of the same key may be open beside it. False from confirmation, closing or
    /// cancelling on, and for a `Pulih` ticket whose condition came back after the reopen window.
    pub holds_key: bool,
}

/// What a ticket goes through besides its states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketLife {
    /// The highest level of Tabel 14 that was reached; it never falls.
    pub escalation_level: u8,
    /// The estimate that passed unsolved, if any did (G36).
    pub estimate_missed_at: Option<Timestamp>,
    /// When considering the recovery plan was brought up (Tabel 6).
    pub recovery_prompted_at: Option<Timestamp>,
    /// Since when it comes and goes too often.
    pub flapping_since: Option<Timestamp>,
    /// How often it began or was reported.
    pub occurrences: u32,
    /// When it began the last time.
    pub episode_at: Timestamp,
    /// An earlier ticket of the same key that was restored too long ago to be reopened.
    pub related: Option<TicketNumber>,
    /// When people were last reminded that it waits for its confirmation.
    pub reminded_at: Option<Timestamp>,
}

impl TicketLife {
    /// Of a new ticket.
    pub const fn new(onset_at: Timestamp) -> Self {
        Self {
            escalation_level: 1,
            estimate_missed_at: None,
            recovery_prompted_at: None,
            flapping_since: None,
            occurrences: 1,
            episode_at: onset_at,
            related: None,
            reminded_at: None,
        }
    }
}

impl Ticket {
    /// The instant at which a response becomes late.
    pub fn response_due_at(&self) -> Option<Timestamp> {
        self.response_target.map(|target| self.reported_at.plus_secs(i64::from(target.seconds)))
    }

    /// The instant at which the solution becomes late: of its parts the earliest.
    pub fn resolution_due_at(&self) -> Option<Timestamp> {
        self.tightest_resolution().map(|(from, target)| from.plus_secs(i64::from(target.seconds)))
    }
}

/// What a person does to a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TicketAction {
    /// First answer: Baru -> Ditanggapi.
    Acknowledge,
    /// An entry in the log; counts as a response.
    Comment(String),
    /// Work begins, with an expectation: -> Ditangani.
    Estimate(Timestamp),
    /// -> Dieskalasi, with a reason.
    Escalate(String),
    /// Sets field 8, and field 4 when given.
    Cause {
        /// Penyebab.
        text: String,
        /// Kategori, a code of the profile.
        category: Option<String>,
    },
    /// Pulih -> Selesai terkonfirmasi, on behalf of the reporter; the method is field 13.
    Confirm {
        /// `telepon`, `surat`, `email`, …
        method: String,
    },
    /// Selesai terkonfirmasi -> Ditutup; needs a cause.
    Close,
    /// -> Dibatalkan with a reason; a false alarm or a duplicate.
    Cancel {
        /// Why.
        reason: String,
        /// Left out of the means when true.
        false_alarm: bool,
    },
    /// Another priority than Tabel 3 gives, with a reason; see [`priority`].
    Prioritise {
        /// Field 7 from now on.
        priority: Priority,
        /// Why.
        reason: String,
    },
}

/// What a person does to two tickets, or to one that becomes two; see [`regroup`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Regrouping {
    /// Into another ticket.
    Merge {
        /// Which takes it in.
        into: TicketNumber,
        /// Why.
        reason: String,
    },
    /// Parts leave into a new ticket.
    Split {
        /// Keys of members, or services of theirs.
        parts: Vec<String>,
        /// Why.
        reason: String,
    },
}

/// Why an action is not possible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TicketRefusal {
    /// The state table has no such step.
    #[error("ticket in state `{}` cannot take the action `{action}`", from.code())]
    IllegalTransition {
        /// State now.
        from: TicketState,
        /// Name of the action.
        action: &'static str,
    },
    /// Closing without a cause (field 8).
    #[error("a cause is required before closing")]
    CauseMissing,
    /// A text that must say something is empty or above its bound.
    #[error("the text of `{field}` must have 1 to {max} characters")]
    BadText {
        /// Which.
        field: &'static str,
        /// Bound.
        max: usize,
    },
    /// Into itself, into one that waits for confirmation while this one goes on, or too many parts.
    #[error("the two tickets cannot be merged")]
    BadMerge,
    /// Nothing to take out, or not a part of the ticket.
    #[error("only parts that joined the ticket can be split off")]
    BadSplit,
    /// The priority that it has already.
    #[error("the ticket has this priority already")]
    SamePriority,
    /// An estimate that is not in the future.
    #[error("the estimate must lie after now")]
    EstimateInPast,
    /// Begin, report and record of a disturbance out of order, in the future or too long ago.
    #[error("a disturbance begins at or before its report, within the last 90 days and not in the future")]
    BadTimes,
    /// Not a category or method of the profile.
    #[error("`{value}` is not a known {field}")]
    UnknownCode {
        /// Which field.
        field: &'static str,
        /// What was given.
        value: String,
    },
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod text_tests {
    use super::*;

    #[test]
    fn numbers_keys_and_codes_survive_printing() {
        let number = TicketNumber { year: 2026, number: 7 };
        assert_eq!(number.to_string(), "SPBE-GGN-2026-0007");
        assert_eq!(TicketNumber::parse("SPBE-GGN-2026-0007"), Some(number));
        for bad in ["SPBE-GGN-2026-7", "SPBE-GGN-2026-+007", "SPBE-GGN-2026-0000", "X"] {
            assert_eq!(TicketNumber::parse(bad), None, "{bad}");
        }
        let host = HostId::parse("db-01").expect("valid");
        for scope in [
            TicketScope::Service(ServiceId::parse("simpeg").expect("valid")),
            TicketScope::Host(host.clone(), String::new()),
            TicketScope::Host(host, "storage:/var|x".into()),
            TicketScope::Backup(BackupSetId::parse("simpeg-db").expect("valid")),
            TicketScope::Check(CheckId::parse("simpeg-http").expect("valid")),
            TicketScope::Alert("0123456789abcdef".into()),
            TicketScope::Site,
            TicketScope::Rule(Rule::AgentSilent),
        ] {
            for class in TicketClass::ALL {
                let key = TicketKey { scope: scope.clone(), class };
                assert_eq!(TicketKey::parse(&key.to_string()), Some(key));
            }
        }
        for state in TicketState::ALL {
            assert_eq!(TicketState::parse(state.code()), Some(state));
        }
    }
}
