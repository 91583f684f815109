//! The catalogue's file: the regulation's eleven fields per service, its checks, backup sets, and the thresholds.
//!
//! ```toml
//! [pemantauan]                     # optional: periode_sampel = "10s", host_senyap_setelah = "90s"
//! [tickets]                        # optional: resolve_after_seconds = 300, reopen_window_seconds = 1800,
//!                                  # storm_hosts_min = 5, storm_share_percent = 5
//! [[ambang]]                       # optional: metrik, alarm_persen, pulih_persen, selama
//! [[host]]                         # optional: id, nama; when any is listed, only listed hosts may be named
//! [[layanan]]                      # id, nama, deskripsi, penyedia, …
//! [[layanan.pemeriksaan]]          # id, jenis (see `check_kinds`), …
//! [[layanan.cadangan]]             # id, host, pola, selang, …
//! ```
//!
//! What is wrong is a fault and refuses the file; what the regulation wants but the file may lack is a [`Finding`].

mod check_kinds;

use super::diagnostics::{Diagnostics, FileFaults, Placed, TableReader};
use crate::domain::catalogue::{
    AvailabilityTarget, BackupSet, Catalogue, Check, Finding, Service, ServiceClass, ServiceGroup, ServiceId,
    Threshold, ThresholdMetric, TicketPolicy,
};
use crate::domain::phrase::Phrase;
use crate::domain::storm::StormPolicy;
use pantau_shared::assignment::{BackupFiles, BackupSource};
use pantau_shared::ids::{BackupSetId, CheckId, HostId, IdError};
use std::collections::{BTreeMap, BTreeSet};

/// The longest text of a field, in characters.
const TEXT_MAX: usize = 500;
const DAY_MS: u64 = 86_400_000;
/// Product defaults of the thresholds (G46): metric, alarm and clearing in permille, hold in seconds.
const THRESHOLDS: [(ThresholdMetric, u32, u32, u32); 4] = [
    (ThresholdMetric::Cpu, 950, 850, 900),
    (ThresholdMetric::Memory, 950, 900, 900),
    (ThresholdMetric::Storage, 900, 850, 600),
    (ThresholdMetric::Bandwidth, 900, 800, 900),
];

/// Reads a catalogue.
///
/// # Errors
/// Every fault of the file at once.
pub fn parse(file: &str, text: &str, revision: u32) -> Result<Catalogue, FileFaults> {
    let mut d = Diagnostics::new(file, text);
    let Some((table, span)) = d.parse() else { return d.finish(None) };
    let root = TableReader::root(&table, span);
    let mut seen = Seen::default();
    let mut catalogue = Catalogue { revision, ..Catalogue::empty() };
    read_monitoring(&mut d, &root, &mut catalogue);
    catalogue.thresholds = read_thresholds(&mut d, &root);
    catalogue.host_names = read_hosts(&mut d, &root);
    seen.hosts = catalogue.host_names.keys().cloned().collect();
    for service in root.tables(&mut d, "layanan") {
        if let Some(service) = read_service(&mut d, &service, &mut seen) {
            catalogue.services.push(service);
        }
    }
    root.finish(&mut d);
    catalogue.findings = catalogue.services.iter().flat_map(findings).collect();
    d.finish(Some(catalogue))
}

/// What cross-references need.
#[derive(Default)]
struct Seen {
    hosts: BTreeSet<HostId>,
    ids: BTreeMap<(&'static str, String), usize>,
}

impl Seen {
    /// Notes an identifier; a second one of its kind is a fault.
    fn unique(&mut self, d: &mut Diagnostics<'_>, kind: &'static str, id: &Placed<String>) {
        let before = self.ids.insert((kind, id.value.clone()), id.span.start);
        if before.is_some() {
            d.add(id.span.clone(), &id.key, true, "is used twice", "give every one its own identifier");
        }
    }

    fn host(&self, d: &mut Diagnostics<'_>, name: &Placed<String>) -> Option<HostId> {
        let host = placed_id(d, name, HostId::parse)?;
        if !self.hosts.is_empty() && !self.hosts.contains(&host) {
            let remedy = "list it under [[host]], or correct the name";
            d.add(name.span.clone(), &name.key, true, "names a host that is not listed", remedy);
            return None;
        }
        Some(host)
    }
}

fn placed_id<T>(d: &mut Diagnostics<'_>, id: &Placed<String>, parse: impl Fn(&str) -> Result<T, IdError>) -> Option<T> {
    let read = parse(&id.value);
    if let Err(error) = &read {
        d.add(id.span.clone(), &id.key, true, &error.to_string(), "such as \"simpeg-web\"");
    }
    read.ok()
}

fn read_id<T>(
    d: &mut Diagnostics<'_>,
    table: &TableReader<'_>,
    kind: &'static str,
    seen: &mut Seen,
    parse: impl Fn(&str) -> Result<T, IdError>,
) -> Option<T> {
    let id = table.required_text(d, "id", TEXT_MAX)?;
    seen.unique(d, kind, &id);
    placed_id(d, &id, parse)
}

fn read_monitoring(d: &mut Diagnostics<'_>, root: &TableReader<'_>, catalogue: &mut Catalogue) {
    if let Some(table) = root.table(d, "pemantauan") {
        if let Some(period) = table.duration_ms(d, "periode_sampel", 1000..=3_600_000) {
            catalogue.sample_period_ms = to_u32(period.value);
        }
        if let Some(silent) = table.duration_ms(d, "host_senyap_setelah", 1000..=DAY_MS) {
            catalogue.host_silent_after_seconds = to_u32(silent.value / 1000);
            if silent.value < u64::from(catalogue.sample_period_ms) * 2 {
                let remedy = "give at least twice `periode_sampel`";
                d.add(silent.span, &silent.key, true, "is too short for the sampling period", remedy);
            }
        }
        table.finish(d);
    }
    if let Some(table) = root.table(d, "tickets") {
        let defaults = TicketPolicy::default();
        let resolve = table.integer(d, "resolve_after_seconds", 0..=86_400);
        let reopen = table.integer(d, "reopen_window_seconds", 0..=604_800);
        catalogue.tickets = TicketPolicy {
            resolve_after_seconds: resolve.map_or(defaults.resolve_after_seconds, |p| to_u32(p.value)),
            reopen_window_seconds: reopen.map_or(defaults.reopen_window_seconds, |p| to_u32(p.value)),
        };
        let (storm, hosts) = (StormPolicy::default(), table.integer(d, "storm_hosts_min", 2..=1_000_000));
        let share = table.integer(d, "storm_share_percent", 1..=100);
        catalogue.storm = StormPolicy {
            hosts_min: hosts.map_or(storm.hosts_min, |p| to_u32(p.value)),
            share_percent: share.map_or(storm.share_percent, |p| to_u32(p.value)),
        };
        table.finish(d);
    }
}

fn read_thresholds(d: &mut Diagnostics<'_>, root: &TableReader<'_>) -> Vec<Threshold> {
    let mut out: Vec<Threshold> = THRESHOLDS
        .iter()
        .map(|(metric, alarm, clear, hold)| Threshold {
            metric: *metric,
            alarm_permille: *alarm,
            clear_permille: *clear,
            hold_seconds: *hold,
        })
        .collect();
    let codes = ThresholdMetric::ALL.map(ThresholdMetric::code);
    for table in root.tables(d, "ambang") {
        let parse = |code: &str| ThresholdMetric::ALL.into_iter().find(|metric| metric.code() == code);
        let metric = table.choice(d, "metrik", &codes, parse);
        if !table.has("metrik") {
            table.missing(d, "metrik", "say which metric");
        }
        let alarm = table.percent_ppm(d, "alarm_persen").map(|ppm| ppm / 1000);
        let clear = table.percent_ppm(d, "pulih_persen").map(|ppm| ppm / 1000);
        let hold = table.duration_ms(d, "selama", 0..=7 * DAY_MS);
        table.finish(d);
        let Some(place) = out.iter_mut().find(|t| Some(t.metric) == metric) else { continue };
        place.alarm_permille = alarm.unwrap_or(place.alarm_permille);
        place.clear_permille = clear.unwrap_or(place.clear_permille.min(place.alarm_permille));
        place.hold_seconds = hold.map_or(place.hold_seconds, |p| to_u32(p.value / 1000));
        if place.clear_permille > place.alarm_permille {
            let remedy = "give a value at or below `alarm_persen`";
            d.add(table.span(), &table.key("pulih_persen"), false, "is above the alarm", remedy);
        }
    }
    out
}

fn read_hosts(d: &mut Diagnostics<'_>, root: &TableReader<'_>) -> BTreeMap<HostId, String> {
    let mut seen = Seen::default();
    let mut names = BTreeMap::new();
    for table in root.tables(d, "host") {
        let id = read_id(d, &table, "host", &mut seen, HostId::parse);
        let name = table.text(d, "nama", TEXT_MAX);
        table.finish(d);
        if let Some(id) = id {
            let name = name.map_or_else(|| id.to_string(), |name| name.value);
            names.insert(id, name);
        }
    }
    names
}

fn read_service(d: &mut Diagnostics<'_>, t: &TableReader<'_>, seen: &mut Seen) -> Option<Service> {
    let id = read_id(d, t, "layanan", seen, ServiceId::parse);
    let text = |d: &mut Diagnostics<'_>, key| t.required_text(d, key, TEXT_MAX).map(|p| p.value);
    let list = |d: &mut Diagnostics<'_>, key| {
        t.texts(d, key, TEXT_MAX).into_iter().map(|p: Placed<String>| p.value).collect::<Vec<_>>()
    };
    let (name, description, provider) = (text(d, "nama"), text(d, "deskripsi"), text(d, "penyedia"));
    let service_administrators = list(d, "administrator_layanan");
    let infrastructure_administrators = list(d, "administrator_infrastruktur");
    let access = text(d, "cara_akses");
    let target = t.percent_ppm(d, "target_ketersediaan").map(|ppm| AvailabilityTarget { ppm });
    let (support_contact, support_hours) = (text(d, "kontak_bantuan"), text(d, "waktu_bantuan"));
    for key in ["kelompok", "klasifikasi"] {
        if !t.has(key) {
            t.missing(d, key, "needed for Tabel 2 and 3");
        }
    }
    let group = t.choice(d, "kelompok", &ServiceGroup::ALL.map(ServiceGroup::code), ServiceGroup::parse);
    let class = t.choice(d, "klasifikasi", &ServiceClass::ALL.map(ServiceClass::code), ServiceClass::parse);
    let hours = t.choice(d, "jam_layanan", &["24x7"], |code| (code == "24x7").then(|| code.to_owned()));
    let rpo = t.duration_ms(d, "rpo", 1000..=366 * DAY_MS);
    let rto = t.duration_ms(d, "rto", 1000..=366 * DAY_MS);
    let recovery_plan = t.text(d, "drp", TEXT_MAX).map(|p| p.value);
    let hosts = t.texts(d, "host", TEXT_MAX).iter().filter_map(|host| seen.host(d, host)).collect::<Vec<_>>();
    let mut checks = Vec::new();
    for table in t.tables(d, "pemeriksaan") {
        checks.extend(read_check(d, &table, seen, &hosts));
    }
    let mut backups = Vec::new();
    for table in t.tables(d, "cadangan") {
        backups.extend(read_backup(d, &table, seen));
    }
    t.finish(d);
    Some(Service {
        id: id?,
        name: name?,
        description: description?,
        provider: provider?,
        service_administrators,
        infrastructure_administrators,
        access: access?,
        target,
        support_contact: support_contact?,
        support_hours: support_hours?,
        group: group?,
        class: class?,
        service_hours: hours.unwrap_or_else(|| "24x7".to_owned()),
        rpo_seconds: rpo.map(|p| to_u32(p.value / 1000)),
        rto_seconds: rto.map(|p| to_u32(p.value / 1000)),
        recovery_plan,
        hosts,
        checks,
        backups,
    })
}

fn read_check(d: &mut Diagnostics<'_>, t: &TableReader<'_>, seen: &mut Seen, hosts: &[HostId]) -> Option<Check> {
    let id = read_id(d, t, "pemeriksaan", seen, CheckId::parse);
    let name = t.text(d, "nama", TEXT_MAX).map(|p| p.value);
    let named = t.texts(d, "dari", TEXT_MAX);
    let mut vantages: Vec<HostId> = named.iter().filter_map(|host| seen.host(d, host)).collect();
    if named.is_empty() {
        hosts.clone_into(&mut vantages);
        if hosts.is_empty() {
            t.missing(d, "dari", "list the hosts that ask, or give the service a `host`");
        }
    }
    let ms = |d: &mut Diagnostics<'_>, key, from, to, default| {
        t.duration_ms(d, key, from..=to).map_or(default, |p| to_u32(p.value))
    };
    let interval_ms = ms(d, "selang", 1000, DAY_MS, 30_000);
    let timeout_ms = ms(d, "tenggat", 100, 60_000, 5000.min(interval_ms));
    if timeout_ms > interval_ms {
        d.add(t.span(), &t.key("tenggat"), false, "is longer than `selang`", "give at most `selang`");
    }
    let retry_pause_ms = ms(d, "jeda_ulang", 0, 60_000, 1000);
    let degraded_after_ms = ms(d, "lambat_setelah", 0, 60_000, 0);
    let warning = t.duration_ms(d, "peringatan_sertifikat", 0..=366 * DAY_MS);
    let confirm = t.integer(d, "gagal_berturut", 1..=20).map_or(2, |p| to_u32(p.value));
    let kind = check_kinds::read_kind(d, t);
    let id = id?;
    Some(Check {
        name: name.unwrap_or_else(|| id.to_string()),
        id,
        vantages,
        interval_ms,
        timeout_ms,
        retry_pause_ms,
        degraded_after_ms,
        certificate_warning_seconds: warning.map_or(14 * 86_400, |p| to_u32(p.value / 1000)),
        confirm_failures: confirm,
        kind: kind?,
    })
}

fn read_backup(d: &mut Diagnostics<'_>, t: &TableReader<'_>, seen: &mut Seen) -> Option<BackupSet> {
    let id = read_id(d, t, "cadangan", seen, BackupSetId::parse);
    let name = t.text(d, "nama", TEXT_MAX).map(|p| p.value);
    let host = t.required_text(d, "host", TEXT_MAX).and_then(|host| seen.host(d, &host));
    let pattern = t.required_text(d, "pola", 1000);
    if let Some(pattern) = pattern.as_ref().filter(|p| !p.value.starts_with('/')) {
        let remedy = "begin with `/`, such as \"/var/backups/simpeg/*.sql.gz\"";
        d.add(pattern.span.clone(), &pattern.key, true, "is no absolute pattern", remedy);
    }
    let interval = t.duration_ms(d, "selang", 1000..=DAY_MS).map_or(300_000, |p| to_u32(p.value));
    let settle = t.duration_ms(d, "tunda_stabil", 0..=DAY_MS).map_or(60, |p| to_u32(p.value / 1000));
    let rpo = t.duration_ms(d, "rpo", 1000..=366 * DAY_MS).map(|p| to_u32(p.value / 1000));
    let size = t.integer(d, "ukuran_min", 1..=u64::MAX).map_or(1, |p| p.value);
    let required = t.boolean(d, "wajib").unwrap_or(true);
    t.finish(d);
    let id = id?;
    Some(BackupSet {
        name: name.unwrap_or_else(|| id.to_string()),
        id,
        host: host?,
        source: BackupSource::Files(BackupFiles { pattern: pattern?.value, settle_seconds: settle }),
        interval_ms: interval,
        rpo_seconds: rpo,
        size_bytes_min: size,
        required,
    })
}

/// What the regulation wants of a service and its entry lacks.
fn findings(service: &Service) -> Vec<Finding> {
    let critical = service.class == ServiceClass::Kritis;
    let uncovered = service.group == ServiceGroup::Publik && service.class == ServiceClass::Normal;
    [
        (critical && service.rpo_seconds.is_none(), "finding-critical-without-rpo"),
        (critical && service.rto_seconds.is_none(), "finding-critical-without-rto"),
        (critical && service.recovery_plan.is_none(), "finding-critical-without-recovery-plan"),
        (uncovered, "finding-no-resolution-target"),
        (service.target.is_none(), "finding-no-availability-target"),
    ]
    .into_iter()
    .filter(|(applies, _)| *applies)
    .map(|(_, id)| Finding { service: service.id.clone(), phrase: Phrase::new(id).with("service", &service.name) })
    .collect()
}

fn to_u32(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
