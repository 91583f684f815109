//! The regulation as data: Tabel 2, 3 and 4, escalation, labels. Another office writes another profile, no code.
//!
//! A cell that the regulation leaves empty stays `None` (G02): clocks run, nothing is judged. Reading the profile's
//! file is not done here.

use crate::domain::catalogue::{NamedCalendar, ServiceClass, ServiceGroup};

/// Dampak dari gangguan (Tabel 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Impact {
    /// The service fails as a whole.
    Mayor,
    /// The service runs, but slower or with a function missing.
    Minor,
}

impl Impact {
    /// All, in order.
    pub const ALL: [Self; 2] = [Self::Mayor, Self::Minor];

    /// The code in files and the API.
    pub fn code(self) -> &'static str {
        match self {
            Self::Mayor => "mayor",
            Self::Minor => "minor",
        }
    }
}

/// Prioritas penanganan, 1 (most urgent) to 6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(u8);

impl Priority {
    /// `None` outside 1 to 6.
    pub const fn new(number: u8) -> Option<Self> {
        if matches!(number, 1..=6) { Some(Self(number)) } else { None }
    }

    /// 1 to 6.
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// Whether a target is met only below its bound, or at it too (G06).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `<`: Tabel 2 and 4.
    Below,
    /// `<=`: Tabel 12 and 13.
    AtMost,
}

impl Operator {
    /// As it is written.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Below => "<",
            Self::AtMost => "<=",
        }
    }
}

/// A bound on a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeTarget {
    /// The bound in seconds.
    pub seconds: u32,
    /// How it is compared.
    pub operator: Operator,
}

impl TimeTarget {
    /// Whether `elapsed` whole seconds meet the target.
    pub fn is_met_by(self, elapsed_seconds: i64) -> bool {
        match self.operator {
            Operator::Below => elapsed_seconds < i64::from(self.seconds),
            Operator::AtMost => elapsed_seconds <= i64::from(self.seconds),
        }
    }
}

/// One office's regulation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Short name and version, copied into tickets as `sla_versi`.
    pub version: String,
    /// The legal ground as the office writes it (G01).
    pub legal_basis: String,
    /// IANA zone of all local dates (`Asia/Jakarta`).
    pub time_zone: chrono_tz::Tz,
    /// Tabel 2 by group and class; a cell may be empty (G02).
    pub resolution_targets: Vec<(ServiceGroup, ServiceClass, Option<TimeTarget>)>,
    /// Tabel 3 by impact, group and class; complete.
    pub priorities: Vec<(Impact, ServiceGroup, ServiceClass, Priority)>,
    /// Tabel 4 by priority; complete.
    pub response_targets: Vec<(Priority, TimeTarget)>,
    /// Kategori gangguan (G38), codes.
    pub categories: Vec<String>,
    /// Cara pelaporan and cara konfirmasi (G37), codes.
    pub reporting_methods: Vec<String>,
    /// Roles of Tabel 1: code and name.
    pub roles: Vec<(String, String)>,
    /// Tabel 14: who is asked at each level, first level first.
    pub escalation: Vec<String>,
    /// The roles that are asked at each level, codes of `roles`, first level first.
    pub escalation_roles: Vec<Vec<String>>,
    /// Gaps of the regulation that this profile fills by assumption: register number and note, printed in reports.
    pub assumptions: Vec<(String, String)>,
    /// Calendars that a catalogue may use or complete (G18).
    pub calendars: Vec<NamedCalendar>,
}

impl Profile {
    /// Tabel 3. The most urgent priority stands in where a profile lacks the cell (a profile file is refused then).
    pub fn priority(&self, impact: Impact, group: ServiceGroup, class: ServiceClass) -> Priority {
        let found = self.priorities.iter().find(|(i, g, c, _)| (*i, *g, *c) == (impact, group, class));
        found.map_or(Priority(1), |(_, _, _, priority)| *priority)
    }

    /// Tabel 2; `None` is "target belum ditetapkan".
    pub fn resolution_target(&self, group: ServiceGroup, class: ServiceClass) -> Option<TimeTarget> {
        self.resolution_targets.iter().find(|(g, c, _)| (*g, *c) == (group, class)).and_then(|(_, _, target)| *target)
    }

    /// Tabel 4.
    pub fn response_target(&self, priority: Priority) -> Option<TimeTarget> {
        self.response_targets.iter().find(|(p, _)| *p == priority).map(|(_, target)| *target)
    }
}
