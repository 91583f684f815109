//! The rules that open tickets: each with its code, what it looks at, what can be set of it, and where its values in force
//! come from.
//!
//! | rule | opens when | set by |
//! |---|---|---|
//! | `terhenti`, `menurun` | a service is down, or degraded | `gagal_berturut` of its checks |
//! | `cpu`, `ram`, `storage`, `bandwidth` | a reading is too high for too long (G46) | `[[ambang]]` |
//! | `agen_senyap`, `senyap_massal` | a host, or many together, are not heard | `host_senyap_setelah`, `storm_*` |
//! | `cadangan`, `cadangan_tak_terlihat`, `fungsi` | a backup breaks its RPO, nobody sees its source, a job went wrong | the set |
//! | `anggaran` | an error budget burns too fast | fixed windows |
//! | `sertifikat` | a certificate runs out | `[sertifikat]` |
//! | `perkiraan_penuh` | inodes of a file system will run out; its bytes are the early stage of `storage` | `[perkiraan_penuh]` |
//! | `nyala_ulang` | a host starts too often | `nyala_ulang_per_hari` |
//! | `jam_meleset` | a host's clock is off, by receipt or by its own timekeeping | `jam_selisih_maks`, `jam_tanpa_acuan_selama` |
//! | `unit_gagal` | a unit of systemd stays failed | `unit_gagal_selama`, `abaikan` |
//! | `alertmanager` | another program's alert | `[[alertmanager]]` |
//!
//! Which rule stands behind a ticket follows from its key and impact: nothing else is stored. A rule to come is a line in
//! [`Rule::ALL`] and one arm in each match here. Does not judge anything.

pub mod admission;
pub mod rehearsal;
pub mod tuning;

use crate::domain::catalogue::{Catalogue, ServiceId, ThresholdMetric};
use crate::domain::certificate::CertificatePolicy;
use crate::domain::failed_units::FailedUnitsPolicy;
use crate::domain::forecast::ForecastPolicy;
use crate::domain::own_clock::OwnClockPolicy;
use crate::domain::profile::Impact;
use crate::domain::reboot::RebootPolicy;
use crate::domain::ticket::{TicketClass, TicketScope};
use pantau_shared::ids::HostId;
use tuning::Origin;

/// A rule that opens tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// A service is down.
    Down,
    /// A service is degraded; it shares a ticket with *down*, which takes it over.
    Degraded,
    /// A reading of a host is too high for too long.
    Threshold(ThresholdMetric),
    /// One host is not heard.
    AgentSilent,
    /// Many hosts are not heard together.
    Storm,
    /// A backup set broke its RPO or has no usable backup.
    Backup,
    /// Nobody sees the source of a backup set any more.
    SourceUnseen,
    /// A job that does what nobody sees otherwise went wrong.
    Function,
    /// A service uses up its error budget too fast.
    Budget,
    /// The certificate of an endpoint runs out.
    Certificate,
    /// A file system will run out of inodes.
    Forecast,
    /// A host starts too often.
    Reboot,
    /// A host's clock is off.
    ClockOff,
    /// Units of systemd stay failed on a host.
    FailedUnits,
    /// Another program tells of an alert.
    Alert,
}

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Services.
    Services,
    /// Hosts.
    Hosts,
    /// The hosts of the site together.
    Site,
}

/// In what a parameter is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// How many.
    Count,
    /// Whole percent.
    Percent,
    /// Thousandths; written as a percentage.
    Permille,
    /// Seconds; written as a duration.
    Seconds,
}

/// Something that can be set of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its key in the catalogue's file.
    pub name: &'static str,
    /// What its value is counted in.
    pub unit: Unit,
    /// The product's value, where the file says nothing.
    pub default: u32,
}

/// A parameter's value in force, and who set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueInForce {
    /// Which.
    pub parameter: Parameter,
    /// Its value, in the parameter's unit.
    pub value: u32,
    /// Where it comes from.
    pub origin: Origin,
}

const fn parameter(name: &'static str, unit: Unit, default: u32) -> Parameter {
    Parameter { name, unit, default }
}

/// Milliseconds as whole seconds, as the file gives them.
fn whole_seconds(ms: u64) -> u32 {
    u32::try_from(ms / 1000).unwrap_or(u32::MAX)
}

/// Whole seconds that a policy bounds far below the type's end.
fn seconds(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

impl Rule {
    /// How many there are.
    pub const COUNT: usize = 18;

    /// All, in the order in which they are listed.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Down,
        Self::Degraded,
        Self::Threshold(ThresholdMetric::Cpu),
        Self::Threshold(ThresholdMetric::Memory),
        Self::Threshold(ThresholdMetric::Storage),
        Self::Threshold(ThresholdMetric::Bandwidth),
        Self::AgentSilent,
        Self::Storm,
        Self::Backup,
        Self::SourceUnseen,
        Self::Function,
        Self::Budget,
        Self::Certificate,
        Self::Forecast,
        Self::Reboot,
        Self::ClockOff,
        Self::FailedUnits,
        Self::Alert,
    ];

    /// The code in files, keys and the API.
    pub fn code(self) -> &'static str {
        match self {
            Self::Down => "terhenti",
            Self::Degraded => "menurun",
            Self::Threshold(metric) => metric.code(),
            Self::AgentSilent => "agen_senyap",
            Self::Storm => "senyap_massal",
            Self::Backup => "cadangan",
            Self::SourceUnseen => "cadangan_tak_terlihat",
            Self::Function => "fungsi",
            Self::Budget => "anggaran",
            Self::Certificate => "sertifikat",
            Self::Forecast => "perkiraan_penuh",
            Self::Reboot => "nyala_ulang",
            Self::ClockOff => "jam_meleset",
            Self::FailedUnits => "unit_gagal",
            Self::Alert => "alertmanager",
        }
    }

    /// Reads a code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.code() == code)
    }

    /// Its place in [`Self::ALL`].
    pub fn place(self) -> usize {
        Self::ALL.iter().position(|rule| *rule == self).unwrap_or(0)
    }

    /// The class of the tickets it opens.
    pub fn class(self) -> TicketClass {
        match self {
            Self::Down | Self::Degraded => TicketClass::Access,
            Self::Threshold(ThresholdMetric::Storage) | Self::Forecast => TicketClass::Capacity,
            Self::Threshold(ThresholdMetric::Cpu | ThresholdMetric::Memory | ThresholdMetric::Bandwidth) => {
                TicketClass::Performance
            }
            Self::AgentSilent | Self::Storm | Self::SourceUnseen => TicketClass::MonitoringLost,
            Self::Backup => TicketClass::Backup,
            Self::Function | Self::Reboot | Self::ClockOff | Self::FailedUnits | Self::Alert => TicketClass::Function,
            Self::Certificate => TicketClass::Certificate,
            Self::Budget => TicketClass::Budget,
        }
    }

    /// The rule behind a ticket of that key and impact.
    pub fn of(scope: &TicketScope, class: TicketClass, impact: Impact) -> Option<Self> {
        match (class, scope) {
            (_, TicketScope::Rule(rule)) => Some(*rule),
            (_, TicketScope::Alert(_)) => Some(Self::Alert),
            (TicketClass::Certificate, _) => Some(Self::Certificate),
            (TicketClass::Capacity, TicketScope::Host(_, part)) if part.starts_with("inodes:") => Some(Self::Forecast),
            (TicketClass::Function, TicketScope::Host(_, part)) if part == "reboot" => Some(Self::Reboot),
            (TicketClass::Function, TicketScope::Host(_, part)) if part == "clock" => Some(Self::ClockOff),
            (TicketClass::Function, TicketScope::Host(_, part)) if part == "units" => Some(Self::FailedUnits),
            (TicketClass::Access, _) => Some(if impact == Impact::Mayor { Self::Down } else { Self::Degraded }),
            (TicketClass::Performance | TicketClass::Capacity, TicketScope::Host(_, part)) => {
                let code = part.split(':').next().unwrap_or_default();
                ThresholdMetric::ALL.into_iter().find(|metric| metric.code() == code).map(Self::Threshold)
            }
            (TicketClass::Performance | TicketClass::Capacity, _) => None,
            (TicketClass::Budget, _) => Some(Self::Budget),
            (TicketClass::Backup, _) => Some(Self::Backup),
            (TicketClass::Function, _) => Some(Self::Function),
            (TicketClass::MonitoringLost, TicketScope::Site) => Some(Self::Storm),
            (TicketClass::MonitoringLost, TicketScope::Host(..)) => Some(Self::AgentSilent),
            (TicketClass::MonitoringLost, TicketScope::Backup(_)) => Some(Self::SourceUnseen),
            (TicketClass::MonitoringLost, TicketScope::Service(_) | TicketScope::Check(_))
            | (TicketClass::Security, _) => None,
        }
    }

    /// What it is about.
    pub fn about(self) -> About {
        match self {
            Self::Down
            | Self::Degraded
            | Self::Backup
            | Self::SourceUnseen
            | Self::Function
            | Self::Budget
            | Self::Certificate => About::Services,
            Self::Threshold(_)
            | Self::AgentSilent
            | Self::Forecast
            | Self::Reboot
            | Self::ClockOff
            | Self::FailedUnits => About::Hosts,
            Self::Storm | Self::Alert => About::Site,
        }
    }

    /// Whether it only watches a new host for a while before it opens tickets for it. What is down, silent or without a
    /// backup is always told.
    pub fn is_observed(self) -> bool {
        match self {
            Self::Threshold(_) | Self::Forecast | Self::ClockOff | Self::FailedUnits => true,
            Self::Down
            | Self::Degraded
            | Self::AgentSilent
            | Self::Storm
            | Self::Backup
            | Self::SourceUnseen
            | Self::Function
            | Self::Budget
            | Self::Certificate
            | Self::Reboot
            | Self::Alert => false,
        }
    }

    /// Whether there are parts of a host (`/var`, `eth0`) that it looks at one by one.
    pub fn has_parts(self) -> bool {
        matches!(self, Self::Threshold(ThresholdMetric::Storage | ThresholdMetric::Bandwidth) | Self::Forecast)
    }

    /// What can be set of it, besides what holds for every rule.
    pub fn parameters(self) -> Vec<Parameter> {
        match self {
            Self::Down | Self::Degraded => vec![parameter("gagal_berturut", Unit::Count, 2)],
            Self::Threshold(metric) => {
                let default = tuning::default_threshold(metric);
                vec![
                    parameter("alarm_persen", Unit::Permille, default.alarm_permille),
                    parameter("pulih_persen", Unit::Permille, default.clear_permille),
                    parameter("selama", Unit::Seconds, default.hold_seconds),
                ]
            }
            Self::AgentSilent => vec![parameter("host_senyap_setelah", Unit::Seconds, 90)],
            Self::Storm => {
                vec![parameter("storm_hosts_min", Unit::Count, 5), parameter("storm_share_percent", Unit::Percent, 5)]
            }
            Self::Certificate => {
                let [first, second, third] = CertificatePolicy::default().stages_days;
                vec![
                    parameter("hari_pertama", Unit::Count, first),
                    parameter("hari_kedua", Unit::Count, second),
                    parameter("hari_ketiga", Unit::Count, third),
                ]
            }
            Self::Forecast => {
                let default = ForecastPolicy::default();
                vec![
                    parameter("dalam", Unit::Seconds, seconds(default.horizon_s)),
                    parameter("pulih", Unit::Seconds, seconds(default.clear_s)),
                    parameter("terpakai_min_persen", Unit::Permille, default.floor_permille),
                ]
            }
            Self::Reboot => vec![parameter("nyala_ulang_per_hari", Unit::Count, RebootPolicy::default().in_day)],
            Self::ClockOff => {
                let default = OwnClockPolicy::default();
                vec![
                    parameter("jam_selisih_maks", Unit::Seconds, whole_seconds(default.offset_ms)),
                    parameter("jam_tanpa_acuan_selama", Unit::Seconds, default.unsynchronized_seconds),
                ]
            }
            Self::FailedUnits => {
                vec![parameter("unit_gagal_selama", Unit::Seconds, FailedUnitsPolicy::default().hold_seconds)]
            }
            Self::Backup | Self::SourceUnseen | Self::Function | Self::Budget | Self::Alert => Vec::new(),
        }
    }

    /// The values in force for a host and part of it, or (without a host) where no exception holds.
    pub fn values(self, catalogue: &Catalogue, host: Option<&HostId>, part: &str) -> Vec<ValueInForce> {
        let parameters = self.parameters();
        let values: Vec<(u32, Option<Origin>)> = match self {
            Self::Threshold(metric) => {
                let base = catalogue.thresholds.iter().find(|threshold| threshold.metric == metric).copied();
                let base = base.unwrap_or_else(|| tuning::default_threshold(metric));
                let tuned = catalogue.tuning.threshold(base, host.map(|host| (catalogue, host)), part);
                vec![
                    (tuned.threshold.alarm_permille, tuned.alarm),
                    (tuned.threshold.clear_permille, tuned.clear),
                    (tuned.threshold.hold_seconds, tuned.hold),
                ]
            }
            Self::AgentSilent => vec![(catalogue.host_silent_after_seconds, None)],
            Self::Storm => vec![(catalogue.storm.hosts_min, None), (catalogue.storm.share_percent, None)],
            // Each check has its own; the product's stands for those that set none.
            Self::Down | Self::Degraded => parameters.iter().map(|p| (p.default, None)).collect(),
            Self::Certificate => catalogue.certificates.stages_days.map(|days| (days, None)).to_vec(),
            Self::Forecast => {
                let ahead = catalogue.forecast;
                vec![(seconds(ahead.horizon_s), None), (seconds(ahead.clear_s), None), (ahead.floor_permille, None)]
            }
            Self::Reboot => vec![(catalogue.reboots.in_day, None)],
            Self::ClockOff => {
                let clocks = catalogue.own_clocks;
                vec![(whole_seconds(clocks.offset_ms), None), (clocks.unsynchronized_seconds, None)]
            }
            Self::FailedUnits => vec![(catalogue.failed_units.hold_seconds, None)],
            Self::Backup | Self::SourceUnseen | Self::Function | Self::Budget | Self::Alert => Vec::new(),
        };
        let whose = |value: u32, default: u32| if value == default { Origin::Default } else { Origin::Catalogue };
        let in_force = parameters.into_iter().zip(values).map(|(parameter, (value, origin))| ValueInForce {
            origin: origin.unwrap_or_else(|| whose(value, parameter.default)),
            parameter,
            value,
        });
        in_force.collect()
    }
}

/// Services on whose behalf something may be set for a host.
pub(crate) fn services_of<'a>(catalogue: &'a Catalogue, host: &'a HostId) -> impl Iterator<Item = &'a ServiceId> {
    catalogue.services_on(host).map(|service| &service.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_survive_printing() {
        for rule in Rule::ALL {
            assert_eq!(Rule::parse(rule.code()), Some(rule));
            assert_eq!(Rule::ALL.get(rule.place()), Some(&rule));
        }
        assert_eq!(Rule::parse("x"), None);
    }

    /// The rule behind a ticket is told by what is kept of it.
    #[test]
    fn a_ticket_tells_its_rule() {
        let host = HostId::parse("a").expect("valid");
        let scope = |rule: Rule| match (rule.about(), rule) {
            (_, Rule::Backup | Rule::SourceUnseen) => {
                TicketScope::Backup(pantau_shared::ids::BackupSetId::parse("b").expect("valid"))
            }
            (_, Rule::Alert) => TicketScope::Alert("0123456789abcdef".into()),
            (_, Rule::Certificate) => TicketScope::Check(pantau_shared::ids::CheckId::parse("c").expect("valid")),
            (_, Rule::Forecast) => TicketScope::Host(host.clone(), "inodes:/var".into()),
            (_, Rule::Reboot) => TicketScope::Host(host.clone(), "reboot".into()),
            (_, Rule::ClockOff) => TicketScope::Host(host.clone(), "clock".into()),
            (_, Rule::FailedUnits) => TicketScope::Host(host.clone(), "units".into()),
            (About::Services, _) => TicketScope::Service(ServiceId::parse("s").expect("valid")),
            (About::Site, _) => TicketScope::Site,
            (About::Hosts, Rule::AgentSilent) => TicketScope::Host(host.clone(), String::new()),
            (About::Hosts, _) => TicketScope::Host(host.clone(), format!("{}:/var", rule.code())),
        };
        for rule in Rule::ALL {
            let impact = if rule == Rule::Down { Impact::Mayor } else { Impact::Minor };
            assert_eq!(Rule::of(&scope(rule), rule.class(), impact), Some(rule));
            assert_eq!(Rule::of(&TicketScope::Rule(rule), rule.class(), Impact::Minor), Some(rule));
        }
    }
}
