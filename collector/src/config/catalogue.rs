//! The catalogue's file: the regulation's eleven fields per service, its checks, backup sets, and the thresholds.
//!
//! ```toml
//! berlaku_sejak = "2026-07-01"     # optional: from when on targets, hours and policies hold
//! [pemantauan]                     # optional: periode_sampel = "10s", host_senyap_setelah = "90s",
//!                                  # nyala_ulang_per_hari = 3, unit_gagal_selama = "5m", jam_selisih_maks = "1s",
//!                                  # jam_tanpa_acuan_selama = "30m"
//! [tickets]                        # optional: resolve_after_seconds = 300, reopen_window_seconds = 1800,
//!                                  # group_wait_seconds = 60,
//!                                  # flap_starts_min = 3, flap_window_seconds = 3600, flap_stable_seconds = 1800,
//!                                  # escalation_resolution_percent = 75, recovery_prompt_rto_percent = 50,
//!                                  # storm_hosts_min = 5, storm_share_percent = 5,
//!                                  # observe_seconds = 86400, budget_per_hour = 10
//! [register]                       # optional: dua_orang = true (who proposes does not approve)
//! [sertifikat]                     # optional: hari_pertama = 30, hari_kedua = 14, hari_ketiga = 7
//! [perkiraan_penuh]                # optional: dalam = "7days", pulih = "14days", terpakai_min_persen = 50
//! [sla_contoh]                     # optional: layanan, kalender, hitung, sebelum_buka, batas_hari; see `example_sla`
//! [[alertmanager]]                 # optional: label, nilai, layanan, host, kelas, dampak
//! [[panduan]]                      # optional: kelas, fase, langkah
//! [[ambang]]                       # optional: metrik, alarm_persen, pulih_persen, selama; for some: host or layanan, bagian
//! [[aturan]]                       # optional: kode, aktif, alasan, amati, anggaran_per_jam, abaikan; for some: host or layanan, bagian
//! [[kalender]]                     # optional: id, templat, senin … minggu, libur, cuti_bersama, rentang, …
//! [[host]]                         # optional: id, nama, luar; when any is listed, only listed hosts may be named
//! [[layanan]]                      # id, nama, deskripsi, penyedia, …, susunan, bergantung_pada
//! [[layanan.pemeriksaan]]          # id, jenis (see `check_kinds`), …, vantage_min, seri, penentu
//! [[layanan.komponen]]             # id, nama, pemeriksaan, target_ketersediaan
//! [[layanan.cadangan]]             # id, host, selang, …; see `backups` and `backup_source`
//! [[petugas]]                      # id, nama, peran, piket, penerima, jam_tenang, [[petugas.tidak_hadir]]; see `duty`
//! [[saksi]]                        # optional: as a check; while all that a host asks fail, the host is cut off; see `witness`
//! [cadangan]                       # optional: bacaan_posisi_kemarin, verifikasi_tiap, uji_pulih_berlaku
//! ```
//!
//! What is wrong is a fault and refuses the file; what the regulation wants but the file may lack is a
//! [`Finding`].

mod agreement;
mod backup_source;
mod backups;
mod causes;
mod check;
mod check_kinds;
mod composition;
mod duty;
mod example_sla;
mod findings;
mod host;
mod monitoring;
mod service;
mod threshold;
mod tuning;
mod witness;

use super::calendar::read_calendars;
use super::diagnostics::{Diagnostics, FileFaults, Placed, TableReader};
use crate::domain::catalogue::{Catalogue, Finding, NamedCalendar, Service};
use crate::domain::profile::Profile;
use pantau_shared::ids::{HostId, IdError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The longest text of a field, in characters.
const TEXT_MAX: usize = 500;
const DAY_MS: u64 = 86_400_000;
/// Reads a catalogue of an office whose regulation is `profile`: calendars without a zone have the profile's, and its
/// templates may be named.
///
/// # Errors
/// Every fault of the file at once.
pub fn parse(file: &str, text: &str, revision: u32, profile: &Profile) -> Result<Catalogue, FileFaults> {
    let mut d = Diagnostics::new(file, text);
    let Some((table, span)) = d.parse() else { return d.finish(None) };
    let root = TableReader::root(&table, span);
    let mut seen = Seen::default();
    let mut catalogue = Catalogue { revision, ..Catalogue::empty() };
    catalogue.effective_from = root.date(&mut d, "berlaku_sejak").map(|date| date.value);
    catalogue.calendars = with_templates(read_calendars(&mut d, &root, profile.time_zone, &profile.calendars), profile);
    monitoring::read_monitoring(&mut d, &root, &mut catalogue);
    catalogue.backups = backups::read_rules(&mut d, &root);
    catalogue.certificates = causes::read_certificates(&mut d, &root);
    catalogue.forecast = causes::read_forecast(&mut d, &root);
    catalogue.runbook = causes::read_runbook(&mut d, &root);
    let (names, outside) = host::read_hosts(&mut d, &root);
    (catalogue.host_names, seen.outside) = (names, outside);
    seen.hosts = catalogue.host_names.keys().cloned().collect();
    let mut dependencies = Vec::new();
    for service in root.tables(&mut d, "layanan") {
        if let Some((service, named)) = service::read_service(&mut d, &service, &mut seen, &catalogue.calendars) {
            dependencies.push((service.id.clone(), named));
            catalogue.services.push(service);
        }
    }
    let (alerts, named) = causes::read_alerts(&mut d, &root, &seen);
    catalogue.alerts = alerts;
    causes::check_alerts(&mut d, &catalogue, &named);
    composition::resolve(&mut d, &mut catalogue.services, &dependencies);
    catalogue.example_sla = example_sla::read_example_sla(&mut d, &root, &catalogue);
    catalogue.roster = duty::read_roster(&mut d, &root, profile, &catalogue);
    read_rules(&mut d, &root, &seen, &mut catalogue);
    catalogue.witnesses = witness::read_witnesses(&mut d, &root, &mut seen, &catalogue.services).into();
    for service in &mut catalogue.services {
        service.witnesses = Arc::clone(&catalogue.witnesses);
    }
    root.finish(&mut d);
    let findings = |service: &Service| findings::findings(service, &catalogue);
    let of_services: Vec<Finding> = catalogue.services.iter().flat_map(findings).collect();
    catalogue.findings = of_services.into_iter().chain(tuning::findings(&catalogue)).collect();
    catalogue.findings.extend(duty::findings(profile, &catalogue));
    d.finish(Some(catalogue))
}

/// `[[ambang]]` and `[[aturan]]`: they may name hosts and services.
fn read_rules(d: &mut Diagnostics<'_>, root: &TableReader<'_>, seen: &Seen, catalogue: &mut Catalogue) {
    let services = std::mem::take(&mut catalogue.services);
    let known = Known { seen, services: &services };
    threshold::read_thresholds(d, root, &known, catalogue);
    tuning::read_settings(d, root, &known, catalogue);
    catalogue.services = services;
}

/// The file's calendars and those templates of the profile that it does not complete under the same name.
fn with_templates(mut calendars: Vec<NamedCalendar>, profile: &Profile) -> Vec<NamedCalendar> {
    let named = |id: &str, calendars: &[NamedCalendar]| calendars.iter().any(|calendar| calendar.id == id);
    for template in &profile.calendars {
        if !named(&template.id, &calendars) {
            calendars.push(template.clone());
        }
    }
    calendars
}

/// What entries for some hosts or services may name.
struct Known<'a> {
    seen: &'a Seen,
    services: &'a [Service],
}

/// What cross-references need.
#[derive(Default)]
struct Seen {
    hosts: BTreeSet<HostId>,
    /// Hosts that look from outside.
    outside: BTreeSet<HostId>,
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

fn to_u32(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
